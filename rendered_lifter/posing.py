"""From control curves to the turning and place of every bone: spine by angles, limbs by inverse kinematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body import BONE, BONES, PARENT, SPINE, Body
from .rotations import about_axis, about_x, about_y, about_z, align, partial, unit

Array = NDArray[np.float64]

# How the bend of each part of the spine is shared out over its levels, from below.
LUMBAR_SHARES = {"spine04": 0.30, "spine03": 0.40, "spine02": 0.30}
THORACIC_SHARES = {"spine02b": 0.35, "spine01": 0.40, "spine01b": 0.25}
NECK_SHARES = {"neck01": 0.25, "neck02": 0.25, "neck03": 0.2, "head": 0.3}
SIDES = ("L", "R")


@dataclass(frozen=True)
class Controls:
    """What a motion script says about F instants; angles in radians, lengths in metres, sides in the order left, right.

    hip_mid (F, 3): midpoint of the hip joints. lean (F,): hip-shoulder line against vertical, forward positive.
    lumbar, thoracic (F,): flexion against standing. neck (F,): flexion of the head against the upper trunk.
    side_bend (F,): of the trunk to the left. ankle (F, 2, 3): ankle joint of a flat foot. foot_yaw (F, 2): toes to
    the left positive. heel_pitch (F, 2): turning of the foot about its ball, heel up positive. knee_yaw (F, 2):
    direction in which the knee points. grip (F, 2, 3): where the hand holds. elbow_hint (F, 2, 3): where the elbow
    points. palm (F, 2, 3): direction from index to little finger. heading (F,): turning of the whole lifter about z.
    """

    hip_mid: Array
    lean: Array
    lumbar: Array
    thoracic: Array
    neck: Array
    side_bend: Array
    ankle: Array
    foot_yaw: Array
    heel_pitch: Array
    knee_yaw: Array
    grip: Array
    elbow_hint: Array
    palm: Array


@dataclass(frozen=True)
class Pose:
    """World rotation (F, B, 3, 3) of every bone and place (F, B, 3) of its head."""

    turn: Array
    head: Array

    def point(self, body: Body, name: str) -> Array:
        """World place (F, 3) of a landmark of the body."""
        bone, rest = body.points[name]
        return np.asarray(self.head[:, bone] + self.turn[:, bone] @ (rest - body.heads[bone]))


def spine_pitches(lumbar: Array, thoracic: Array) -> dict[str, Array]:
    """Pitch of every spine bone against the pelvis, radians, flexion positive."""
    total = np.zeros_like(lumbar)
    out = {}
    for bone in SPINE:
        total = total + LUMBAR_SHARES.get(bone, 0.0) * lumbar + THORACIC_SHARES.get(bone, 0.0) * thoracic
        out[bone] = total
    return out


def trunk_chord(body: Body, lumbar: Array, thoracic: Array) -> tuple[Array, Array]:
    """Length (F,) of the line from mid-hip to mid-shoulder, and its lean in the pelvis' own frame, radians."""
    lumbar = np.atleast_1d(np.asarray(lumbar, dtype=np.float64))
    thoracic = np.atleast_1d(np.asarray(thoracic, dtype=np.float64))
    pitches = spine_pitches(lumbar, thoracic)
    place = np.broadcast_to(body.joint(SPINE[0]) - body.joint("root"), (len(lumbar), 3))
    shoulder = 0.5 * (body.joint("upperarm01.L") + body.joint("upperarm01.R"))
    for bone, following in zip(SPINE, [*SPINE[1:], None], strict=True):
        target = shoulder if following is None else body.joint(following)
        place = place + about_y(pitches[bone]) @ (target - body.joint(bone))
    return np.hypot(place[:, 0], place[:, 2]), np.arctan2(place[:, 0], place[:, 2])


def two_link(root: Array, end: Array, first_m: float, second_m: float, hint: Array) -> tuple[Array, Array]:
    """Middle joint of a two-bone chain and the end it really reaches; the joint moves towards `hint`. All (F, 3)."""
    line = end - root
    distance = np.linalg.norm(line, axis=-1)
    reach = np.clip(distance, abs(first_m - second_m) + 1e-4, first_m + second_m - 1e-5)
    axis = unit(line)
    along = (first_m**2 - second_m**2 + reach**2) / (2 * reach)
    off = np.sqrt(np.maximum(first_m**2 - along**2, 0.0))
    side = unit(hint - axis * np.sum(hint * axis, axis=-1, keepdims=True))
    return root + axis * along[:, None] + side * off[:, None], root + axis * reach[:, None]


def reach_m(first_m: float, second_m: float, flexion: Array) -> Array:
    """Length of a two-bone chain bent by `flexion` radians."""
    return np.asarray(np.sqrt(first_m**2 + second_m**2 + 2 * first_m * second_m * np.cos(flexion)))


def solve(body: Body, c: Controls) -> Pose:
    """Pose every bone for every instant."""
    n = len(c.lean)
    turn = np.broadcast_to(np.eye(3), (n, len(BONES), 3, 3)).copy()
    head = np.zeros((n, len(BONES), 3))

    def place(bone: str) -> None:
        i = BONE[bone]
        p = PARENT[i]
        head[:, i] = head[:, p] + turn[:, p] @ (body.heads[i] - body.heads[p])

    _, own_lean = trunk_chord(body, c.lumbar, c.thoracic)
    pelvis_pitch = c.lean - own_lean
    turn[:, 0], head[:, 0] = about_y(pelvis_pitch), c.hip_mid
    pitches = spine_pitches(c.lumbar, c.thoracic)
    for level, bone in enumerate(SPINE, start=1):
        place(bone)
        turn[:, BONE[bone]] = (
            about_y(pelvis_pitch) @ about_x(-c.side_bend * level / len(SPINE)) @ about_y(pitches[bone])
        )
    top = turn[:, BONE["spine01b"]]
    nod = np.zeros(n)
    for bone, share in NECK_SHARES.items():
        place(bone)
        nod = nod + share * c.neck
        turn[:, BONE[bone]] = top @ about_y(nod)
    for k, side in enumerate(SIDES):
        for bone in ("clavicle", "shoulder01", "upperarm01"):
            place(f"{bone}.{side}")
            turn[:, BONE[f"{bone}.{side}"]] = top
        _solve_arm(body, c, turn, head, k, side)
        place(f"upperleg01.{side}")
        _solve_leg(body, c, turn, head, k, side)
    return Pose(turn, head)


def _solve_arm(body: Body, c: Controls, turn: Array, head: Array, k: int, side: str) -> None:
    names = [f"{b}.{side}" for b in ("upperarm01", "lowerarm01", "lowerarm02", "wrist")]
    upper, lower, twist, wrist = (BONE[b] for b in names)
    rest = [body.heads[i] for i in (upper, lower, wrist)]
    shoulder = head[:, upper]
    # The hand continues the forearm, so the wrist stands one grip length short of what is held.
    target = c.grip[:, k]
    held = unit(target - shoulder)
    for _ in range(3):
        elbow, hand = two_link(
            shoulder, target - held * body.grip_m, body.upper_arm_m, body.forearm_m, c.elbow_hint[:, k]
        )
        held = unit(hand - elbow)
    # The arm hangs a little bent at rest; its own bend gives the axis of the elbow.
    hinge_rest = np.cross(rest[1] - rest[0], rest[2] - rest[1])
    across = unit(hand - shoulder)
    hinge = np.cross(c.elbow_hint[:, k], across)
    turn[:, upper] = align(rest[1] - rest[0], hinge_rest, elbow - shoulder, hinge)
    head[:, lower] = elbow
    turn[:, lower] = align(rest[2] - rest[1], hinge_rest, hand - elbow, hinge)
    along, little = body.hand_axes[side]
    turn[:, wrist] = align(along, little, hand - elbow, c.palm[:, k])
    head[:, wrist] = hand
    # Half of the forearm's turn is in its far half.
    rest_axis = unit(rest[2] - rest[1])
    local = np.swapaxes(turn[:, lower], -1, -2) @ turn[:, wrist]
    turn[:, twist] = turn[:, lower] @ partial(local, rest_axis, 0.6)
    head[:, twist] = head[:, lower] + turn[:, lower] @ (body.heads[twist] - body.heads[lower])


def _solve_leg(body: Body, c: Controls, turn: Array, head: Array, k: int, side: str) -> None:
    upper, lower, foot, toes = (BONE[f"{b}.{side}"] for b in ("upperleg01", "lowerleg01", "foot", "toes"))
    yaw = about_z(c.foot_yaw[:, k])
    ball = c.ankle[:, k] + yaw @ (body.heads[toes] - body.heads[foot])
    turn[:, foot] = yaw @ about_y(c.heel_pitch[:, k])
    turn[:, toes] = yaw
    ankle = ball + turn[:, foot] @ (body.heads[foot] - body.heads[toes])
    hint = about_z(c.knee_yaw[:, k]) @ np.array([1.0, 0.0, 0.0])
    hip = head[:, upper]
    knee, ankle = two_link(hip, ankle, body.thigh_m, body.shank_m, hint)
    hinge = np.cross(hint, unit(ankle - hip))
    lateral = np.array([0.0, 1.0, 0.0])
    turn[:, upper] = align(body.heads[lower] - body.heads[upper], lateral, knee - hip, hinge)
    turn[:, lower] = align(body.heads[foot] - body.heads[lower], lateral, ankle - knee, hinge)
    head[:, lower], head[:, foot] = knee, ankle
    head[:, toes] = ankle + turn[:, foot] @ (body.heads[toes] - body.heads[foot])


def flexion(a: Array, b: Array, c: Array) -> Array:
    """180 minus the angle at b between a and c, degrees; (F,) from (F, 3) or (F, 2)."""
    cos = np.sum(unit(a - b) * unit(c - b), axis=-1)
    return np.asarray(180.0 - np.degrees(np.arccos(np.clip(cos, -1, 1))))


def skin(body: Body, turn: Array, head: Array) -> Array:
    """Linear blend skinning of one instant: turn (B, 3, 3), head (B, 3) to vertices (V, 3)."""
    shift = head - np.einsum("bij,bj->bi", turn, body.heads)
    packed = np.concatenate([turn, shift[:, :, None]], axis=2).reshape(len(turn), 12).astype(np.float32)
    blended = (body.weights @ packed).reshape(-1, 3, 4)
    v = body.vertices.astype(np.float32)
    return np.asarray(np.einsum("vij,vj->vi", blended[:, :, :3], v) + blended[:, :, 3], dtype=np.float64)


__all__ = ["Controls", "Pose", "about_axis", "flexion", "reach_m", "skin", "solve", "spine_pitches", "trunk_chord"]
