"""One lifter's body in a resting pose: shape, skeleton, skinning weights and clothes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from . import assets
from .rotations import about_axis
from .spec import BodySpec

Array = NDArray[np.float64]

# Bones that the renderer poses, parents first. `spine02b` and `spine01b` split MakeHuman's two long upper spine bones,
# so that a rounded back bends at six levels and not at four.
BONES: tuple[tuple[str, str | None], ...] = (
    ("root", None),
    ("spine04", "root"),
    ("spine03", "spine04"),
    ("spine02", "spine03"),
    ("spine02b", "spine02"),
    ("spine01", "spine02b"),
    ("spine01b", "spine01"),
    ("neck01", "spine01b"),
    ("neck02", "neck01"),
    ("neck03", "neck02"),
    ("head", "neck03"),
    *(
        (f"{bone}.{side}", f"{parent}.{side}" if parent not in ("root", "spine01b") else parent)
        for side in ("L", "R")
        for bone, parent in (
            ("clavicle", "spine01b"),
            ("shoulder01", "clavicle"),
            ("upperarm01", "shoulder01"),
            ("lowerarm01", "upperarm01"),
            ("lowerarm02", "lowerarm01"),
            ("wrist", "lowerarm02"),
            ("upperleg01", "root"),
            ("lowerleg01", "upperleg01"),
            ("foot", "lowerleg01"),
            ("toes", "foot"),
        )
    ),
)
BONE = {name: i for i, (name, _) in enumerate(BONES)}
PARENT = tuple(-1 if parent is None else BONE[parent] for _, parent in BONES)
SPINE = ("spine04", "spine03", "spine02", "spine02b", "spine01", "spine01b")

BELT_HALF_HEIGHT_M, BELT_THICK_M = 0.05, 0.013
BELT_RGB = (0.10, 0.07, 0.05)

_FINGER_CURL_DEG = (62.0, 75.0, 40.0)
_THUMB_CURL_DEG = (10.0, 30.0, 35.0)


@dataclass(frozen=True)
class Garments:
    """Signed fields in metres, one value per vertex, positive inside the garment, and colours of what is below."""

    shirt: Array
    legwear: Array
    shoes: Array
    hair: Array
    belt: Array
    skin_rgb: Array


@dataclass(frozen=True)
class Body:
    """A lifter in metres; x forward, y to the lifter's left, z up, soles on z = 0, arms held off the body.

    `heads` (B, 3) are the joints of BONES. `points` maps a landmark to its bone and resting place. `dorsal` indexes the
    vertices of the back's midline from hip level up to shoulder level.
    """

    spec: BodySpec
    vertices: Array
    triangles: NDArray[np.int64]
    weights: NDArray[np.float32]
    heads: Array
    points: dict[str, tuple[int, Array]]
    hand_axes: dict[str, tuple[Array, Array]]
    dorsal: NDArray[np.int64]
    garments: Garments
    foot_length_m: float
    thigh_m: float
    shank_m: float
    upper_arm_m: float
    forearm_m: float
    thigh_front_m: float
    grip_m: float

    def joint(self, bone: str) -> Array:
        """Resting place of a bone's head, (3,)."""
        return np.asarray(self.heads[BONE[bone]])


def _blend(value: float, low: str, mid: str, high: str) -> list[tuple[str, float]]:
    if value <= 0.5:
        return [(low, 1 - 2 * value), (mid, 2 * value)]
    return [(mid, 2 - 2 * value), (high, 2 * value - 1)]


def _morph(raw: assets.Assets, spec: BodySpec) -> Array:
    mix: dict[str, float] = {}
    sexes = [("male", spec.male), ("female", 1 - spec.male)]
    ages = [("old", spec.old), ("young", 1 - spec.old)]
    races = list(zip(("african", "asian", "caucasian"), np.array(spec.ancestry) / sum(spec.ancestry), strict=True))
    for (race, a), (sex, b), (age, c) in product(races, sexes, ages):
        mix[f"macrodetails/{race}-{sex}-{age}"] = a * b * c
    muscles = _blend(spec.muscle, "minmuscle", "averagemuscle", "maxmuscle")
    weights = _blend(spec.weight, "minweight", "averageweight", "maxweight")
    average_m = 1.78 * spec.male + 1.66 * (1 - spec.male)
    tall = float(np.clip((spec.height_m - average_m) / 0.35, -0.6, 0.6))
    for (sex, a), (age, b), (muscle, c), (weight, d) in product(sexes, ages, muscles, weights):
        part = a * b * c * d
        mix[f"macrodetails/universal-{sex}-{age}-{muscle}-{weight}"] = part
        mix[f"macrodetails/height/{sex}-{age}-{muscle}-{weight}-{'max' if tall > 0 else 'min'}height"] = part * abs(
            tall
        )
    for name, value in (
        ("legs/upperlegs-height", spec.thigh_scale),
        ("legs/lowerlegs-height", spec.shank_scale),
        ("torso/torso-scale-vert", spec.torso_scale),
    ):
        mix[f"{name}-{'incr' if value > 0 else 'decr'}"] = abs(value)
    vertices = raw.vertices.astype(np.float64)
    for name, amount in mix.items():
        if amount:
            vertices += amount * raw.deltas[raw.targets[name]]
    return vertices


def _merge_weights(raw: assets.Assets, curled: Array, heads: Array) -> NDArray[np.float32]:
    """Collapse MakeHuman's 163 bones on the ones that are posed, and split the two long spine bones."""
    weights = np.zeros((raw.n_skin, len(BONES)), dtype=np.float64)
    alias = {"spine05": "root", "pelvis.L": "root", "pelvis.R": "root", "breast.L": "spine02", "breast.R": "spine02"}
    for side in ("L", "R"):
        alias[f"upperarm02.{side}"] = f"upperarm01.{side}"
        alias[f"upperleg02.{side}"] = f"upperleg01.{side}"
        alias[f"lowerleg02.{side}"] = f"lowerleg01.{side}"
    for column, bone in enumerate(raw.bones):
        at, name = column, bone
        while True:
            name = alias.get(name, name)
            if name.startswith("toe"):
                name = "toes" + name[-2:]
            if name in BONE:
                break
            at = raw.parents[at]
            name = raw.bones[at]
        weights[:, BONE[name]] += raw.weights[:, column]
    z = curled[: raw.n_skin, 2]
    for low, high in (("spine02", "spine02b"), ("spine01", "spine01b")):
        level = heads[BONE[high], 2]
        upper = np.clip((z - level) / 0.07 + 0.5, 0.0, 1.0)
        upper = upper * upper * (3 - 2 * upper)
        weights[:, BONE[high]] = weights[:, BONE[low]] * upper
        weights[:, BONE[low]] *= 1 - upper
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _curl_fingers(raw: assets.Assets, vertices: Array, heads: dict[str, Array], tails: dict[str, Array]) -> Array:
    """Bake a grip into the resting pose: the hand is one rigid bone from there on."""
    out = vertices.copy()
    for side in ("L", "R"):
        across = heads[f"finger5-1.{side}"] - heads[f"finger2-1.{side}"]
        for finger in range(1, 6):
            turn, shift = np.eye(3), np.zeros(3)
            curls = _THUMB_CURL_DEG if finger == 1 else _FINGER_CURL_DEG
            for segment, curl in enumerate(curls, start=1):
                bone = f"finger{finger}-{segment}.{side}"
                along = tails[bone] - heads[bone]
                axis = across - along * (across @ along) / (along @ along)
                if finger == 1:
                    axis = np.cross(along, heads[f"finger2-1.{side}"] - heads[bone])
                sign = 1.0 if finger == 1 else (-1.0 if side == "R" else 1.0)
                pivot = turn @ heads[bone] + shift
                spin = about_axis(turn @ axis / np.linalg.norm(axis), np.deg2rad(sign * curl))
                turn, shift = spin @ turn, spin @ (shift - pivot) + pivot
                weight = raw.weights[:, raw.bones.index(bone)][:, None].astype(np.float64)
                moved = vertices[: raw.n_skin] @ turn.T + shift
                out[: raw.n_skin] += weight * (moved - vertices[: raw.n_skin])
    return out


def _smooth(vertices: Array, edges: NDArray[np.int64], mask: Array, rounds: int) -> Array:
    """Laplacian smoothing of the vertices where `mask` (V,) is above zero, in proportion to it."""
    out = vertices.copy()
    count = np.bincount(edges[:, 0], minlength=len(out))[:, None].clip(1)
    for _ in range(rounds):
        mean = np.stack([np.bincount(edges[:, 0], out[edges[:, 1], k], minlength=len(out)) for k in range(3)], axis=1)
        out += mask[:, None] * (mean / count - out)
    return out


def vertex_normals(vertices: Array, triangles: NDArray[np.int64]) -> Array:
    """Area-weighted unit normals, (V, 3)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for axis in range(3):
        for corner in range(3):
            normals[:, axis] += np.bincount(triangles[:, corner], face[:, axis], minlength=len(vertices))
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12))


def _dress(
    spec: BodySpec, vertices: Array, weights: NDArray[np.float32], heads: Array, eyes: NDArray[np.int64], nose: Array
) -> Garments:
    """Garment fields from the resting pose; every border is measured from a joint, so it fits every body."""

    def joint(name: str) -> Array:
        return np.asarray(heads[BONE[name]])

    def share(*bones: str) -> Array:
        columns = [i for n, i in BONE.items() if n.split(".")[0] in bones]
        return np.asarray(weights[:, columns].sum(axis=1), dtype=np.float64)

    x, y, z = vertices.T
    arm = share("upperarm01", "lowerarm01", "lowerarm02", "wrist")
    head = share("head", "neck03")
    left = y > 0
    upper = np.where(left[:, None], joint("upperarm01.L"), joint("upperarm01.R"))
    elbow = np.where(left[:, None], joint("lowerarm01.L"), joint("lowerarm01.R"))
    along = np.einsum("ij,ij->i", vertices - upper, elbow - upper) / np.linalg.norm(elbow - upper, axis=1)
    arm_m = float(np.linalg.norm(joint("lowerarm01.L") - joint("upperarm01.L")))
    hip_z, knee_z = joint("upperleg01.L")[2], joint("lowerleg01.L")[2]
    ankle_z, neck = joint("foot.L")[2], joint("neck01")
    sleeve_end = {"tight": 0.42, "loose": 0.60, "tank": -0.06}[spec.shirt] * arm_m
    sleeve = np.where(arm > 0.3, sleeve_end - along, 1.0)
    if spec.shirt == "tank":
        sleeve = np.minimum(sleeve, joint("upperarm01.L")[1] * 0.86 - np.abs(y) + 2 * np.clip(neck[2] - 0.17 - z, 0, 1))
    neckline = neck[2] + 0.02 - 0.55 * np.clip(x - neck[0], -0.05, 1) - z
    hem = z - (hip_z + (0.0 if spec.shirt == "loose" else 0.03))
    shirt = np.minimum(np.minimum(sleeve, neckline), hem)
    thigh_end = knee_z + 0.35 * (hip_z - knee_z) if spec.legwear == "shorts" else ankle_z + 0.05
    legwear = np.minimum(hip_z + 0.10 - z, z - thigh_end)
    legwear = np.where(arm > 0.3, -1.0, legwear)
    shoes = np.where(arm > 0.3, -1.0, ankle_z - 0.005 - z)
    eye = vertices[eyes].mean(axis=0)
    skull = vertices[head > 0.9]
    back_x, front_x = skull[:, 0].min(), skull[:, 0].max()
    s = np.clip((x - back_x) / (front_x - back_x), 0, 1)
    line = eye[2] + np.interp(s, [0.0, 0.35, 0.52, 0.60, 0.72, 0.85], [-0.085, -0.07, 0.0, 0.012, 0.055, 0.062])
    hair = np.where(head > 0.5, z - line, -1.0)
    if spec.hair == "none":
        hair = np.full_like(hair, -1.0)
    # Ears stick out of the hair.
    ear = (np.abs(y) > np.percentile(np.abs(skull[:, 1]), 98.2)) & (head > 0.5) & (z < eye[2] + 0.035)
    hair = np.where(ear, -0.01, hair)
    waist_z = joint("spine04")[2] + 0.35 * (joint("spine02")[2] - joint("spine04")[2])
    belt = np.where(arm > 0.3, -1.0, BELT_HALF_HEIGHT_M - np.abs(z - waist_z))
    if not spec.belt:
        belt = np.full_like(belt, -1.0)
    skin = np.tile(np.array(spec.skin_rgb), (len(vertices), 1))
    mouth = np.array([nose[0], 0.0, nose[2] - 0.037])
    lips = (np.abs(z - mouth[2]) < 0.007) & (np.abs(y) < 0.024) & (x > nose[0] - 0.035)
    skin[lips] *= (0.85, 0.62, 0.62)
    brow = (np.abs(z - eye[2] - 0.021) < 0.0055) & (np.abs(np.abs(y) - abs(eye[1]) * 0 - 0.034) < 0.020)
    skin[brow & (x > eye[0] - 0.01) & (head > 0.5)] = 0.5 * np.array(spec.hair_rgb) + 0.25 * np.array(spec.skin_rgb)
    centre_y = np.abs(vertices[eyes][:, 1]).mean()
    front = vertices[eyes][:, 0].max()
    ball = vertices[eyes]
    off = np.hypot(np.abs(ball[:, 1]) - centre_y, ball[:, 2] - eye[2])
    skin[eyes] = np.where(
        ((off < 0.0065) & (ball[:, 0] > front - 0.012))[:, None], (0.08, 0.06, 0.05), (0.85, 0.84, 0.82)
    )
    cheek = np.exp(-(((np.abs(y) - 0.045) / 0.02) ** 2) - ((z - eye[2] + 0.035) / 0.02) ** 2) * (x > eye[0] - 0.03)
    skin *= 1 - 0.10 * cheek[:, None] * np.array([0.0, 1.0, 1.0])
    return Garments(shirt=shirt, legwear=legwear, shoes=shoes, hair=hair, belt=belt, skin_rgb=skin)


@lru_cache(maxsize=8)
def build_body(spec: BodySpec) -> Body:
    """Shape, clothe and measure one lifter. Raises assets.AssetError if MakeHuman's data cannot be had."""
    raw = assets.load()
    vertices = _morph(raw, spec)
    skin = vertices[: raw.n_skin]
    low, high = skin[:, 2].min(), skin[:, 2].max()
    scale = spec.height_m / (high - low)
    vertices = (vertices - [0.0, 0.0, low]) * scale

    head_of = {b: vertices[raw.heads[i]].mean(axis=0) for i, b in enumerate(raw.bones)}
    tail_of = {b: vertices[raw.tails[i]].mean(axis=0) for i, b in enumerate(raw.bones)}
    head_of["spine02b"] = 0.5 * (head_of["spine02"] + head_of["spine01"])
    head_of["spine01b"] = head_of["spine01"] + (tail_of["spine01"] - head_of["spine01"]) / 3
    for side in ("L", "R"):
        head_of[f"toes.{side}"] = np.mean([head_of[f"toe{k}-1.{side}"] for k in (1, 2, 3)], axis=0)
    head_of["root"] = 0.5 * (head_of["upperleg01.L"] + head_of["upperleg01.R"])
    heads = np.array([head_of[name] for name, _ in BONES])

    curled = _curl_fingers(raw, vertices, head_of, tail_of)
    weights = _merge_weights(raw, curled, heads)
    vertices = curled[: raw.n_skin].copy()
    quads = raw.quads.astype(np.int64)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    eyes = np.arange(raw.n_skin - 144, raw.n_skin)

    head_skin = np.flatnonzero(weights[:, BONE["head"]] > 0.9)
    head_skin = head_skin[head_skin < raw.n_skin - 144]
    nose = vertices[head_skin[np.argmax(vertices[head_skin, 0])]]
    garments = _dress(spec, vertices, weights, heads, eyes, nose)

    points: dict[str, tuple[int, Array]] = {"nose": (BONE["head"], nose)}
    eye_z = vertices[eyes, 2].mean()
    for side, sign in (("L", 1.0), ("R", -1.0)):
        for name, bone in (
            ("hip", "upperleg01"),
            ("knee", "lowerleg01"),
            ("ankle", "foot"),
            ("shoulder", "upperarm01"),
            ("elbow", "lowerarm01"),
            ("wrist", "wrist"),
        ):
            points[f"{name}.{side}"] = (BONE[f"{bone}.{side}"], head_of[f"{bone}.{side}"])
        ears = head_skin[np.argsort(-sign * vertices[head_skin, 1] + 10 * (vertices[head_skin, 2] < eye_z - 0.06))[:40]]
        points[f"ear.{side}"] = (BONE["head"], vertices[ears].mean(axis=0))
        foot = np.flatnonzero(weights[:, BONE[f"foot.{side}"]] + weights[:, BONE[f"toes.{side}"]] > 0.6)
        foot = foot[vertices[foot, 2] < 0.05]
        heel = vertices[foot[np.argmin(vertices[foot, 0])]].copy()
        toe = vertices[foot[np.argmax(vertices[foot, 0])]].copy()
        heel[2] = toe[2] = 0.01
        points[f"heel.{side}"] = (BONE[f"foot.{side}"], heel)
        points[f"toe.{side}"] = (BONE[f"toes.{side}"], toe)
    foot_length = float(points["toe.L"][1][0] - points["heel.L"][1][0])

    hand_axes = {}
    for side in ("L", "R"):
        across = head_of[f"finger5-1.{side}"] - head_of[f"finger2-1.{side}"]
        along = 0.5 * (head_of[f"finger3-1.{side}"] + head_of[f"finger4-1.{side}"]) - head_of[f"wrist.{side}"]
        hand_axes[side] = (along / np.linalg.norm(along), across / np.linalg.norm(across))
    knuckle = 0.5 * (head_of["finger3-1.L"] + head_of["finger4-1.L"])

    # The bare back, before clothes: sorted up the midline, nearest to x minimal on each level.
    behind = (np.abs(vertices[:, 1]) < 0.002) & (vertices[:, 0] < heads[BONE["spine03"], 0])
    level = (vertices[:, 2] > head_of["upperleg01.L"][2]) & (vertices[:, 2] < head_of["upperarm01.L"][2])
    torso = weights[:, [BONE[b] for b in ("root", *SPINE)]].sum(axis=1) > 0.9
    dorsal = np.flatnonzero(behind & level & torso)
    dorsal = dorsal[np.argsort(vertices[dorsal, 2])]

    vertices = _wear(spec, vertices, triangles, quads, garments)
    triangles = _close_shoes(vertices, triangles, garments.shoes, foot_length)
    thigh = (weights[:, [BONE["upperleg01.L"], BONE["upperleg01.R"], BONE["root"]]].sum(axis=1) > 0.6) & (
        np.abs(vertices[:, 2] - heads[0, 2] + 0.06) < 0.09
    )
    return Body(
        spec=spec,
        vertices=vertices,
        triangles=triangles,
        weights=weights,
        heads=heads,
        points=points,
        hand_axes=hand_axes,
        dorsal=dorsal,
        garments=garments,
        foot_length_m=foot_length,
        thigh_m=float(np.linalg.norm(head_of["upperleg01.L"] - head_of["lowerleg01.L"])),
        shank_m=float(np.linalg.norm(head_of["lowerleg01.L"] - head_of["foot.L"])),
        upper_arm_m=float(np.linalg.norm(head_of["upperarm01.L"] - head_of["lowerarm01.L"])),
        forearm_m=float(np.linalg.norm(head_of["lowerarm01.L"] - head_of["wrist.L"])),
        thigh_front_m=float(vertices[thigh, 0].max() - heads[0, 0]),
        grip_m=float(np.linalg.norm(knuckle - head_of["wrist.L"])),
    )


def _wear(
    spec: BodySpec, vertices: Array, triangles: NDArray[np.int64], quads: NDArray[np.int64], garments: Garments
) -> Array:
    """Move the skin out to where the cloth hangs; loose cloth also bridges hollows."""
    pairs = np.concatenate([quads[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))])
    edges = np.concatenate([pairs, pairs[:, ::-1]])
    normals = vertex_normals(vertices, triangles)
    out = vertices.copy()

    def ramp(field: Array, width_m: float) -> Array:
        return np.asarray(np.clip(field / width_m, 0.0, 1.0))

    shoe = ramp(garments.shoes, 0.012)
    out = _smooth(out, edges, 0.7 * shoe, 10)
    out += (0.011 * shoe)[:, None] * normals
    shirt = ramp(garments.shirt, 0.015)
    thick = {"tight": 0.005, "loose": 0.018, "tank": 0.005}[spec.shirt]
    out = _smooth(out, edges, 0.8 * shirt, {"tight": 3, "loose": 25, "tank": 3}[spec.shirt])
    out += (thick * shirt)[:, None] * normals
    legs = ramp(garments.legwear, 0.015) * (garments.shirt < 0)
    out += ((0.012 if spec.legwear == "shorts" else 0.003) * legs)[:, None] * normals
    hair = ramp(garments.hair, 0.02)
    out += (0.012 * hair)[:, None] * normals
    belt = ramp(garments.belt, 0.012)
    out = _smooth(out, edges, 0.8 * belt, 12)
    out += (BELT_THICK_M * belt)[:, None] * normals
    if spec.hair == "bun":
        haired = np.flatnonzero(garments.hair > 0.02)
        back = vertices[haired[np.argmin(vertices[haired, 0])]]
        near = 1 / (1 + (np.linalg.norm(vertices - back, axis=1) / 0.034) ** 6)
        out += (0.034 * hair * near)[:, None] * np.array([-0.95, 0.0, 0.3])
    low = garments.shoes > 0
    out[low, 2] = np.where(out[low, 2] < 0.018, 0.0, out[low, 2])
    return out


def _close_shoes(
    vertices: Array, triangles: NDArray[np.int64], shoes: Array, foot_length_m: float
) -> NDArray[np.int64]:
    """Give each shoe one convex toe box in place of five toes; its corners stay the foot's own vertices."""
    for sign in (1.0, -1.0):
        mine = (shoes > 0.012) & (sign * vertices[:, 1] > 0)
        front = mine & (vertices[:, 0] > vertices[mine, 0].max() - 0.42 * foot_length_m)
        index = np.flatnonzero(front)
        hull = ConvexHull(vertices[index])
        faces = index[hull.simplices]
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        outward = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) > 0
        faces[~outward] = faces[~outward][:, ::-1]
        inside = front[triangles].all(axis=1)
        triangles = np.concatenate([triangles[~inside], faces])
    return triangles
