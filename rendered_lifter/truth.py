"""Truth of a clip, from the rig, the mesh and the script of the motion alone."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from . import posing, scene
from .body import BONE, SPINE, Body
from .lifts import script_for
from .motion import Moment, Script
from .posing import LUMBAR_SHARES, THORACIC_SHARES, Pose, flexion
from .spec import ClipSpec

Array = NDArray[np.float64]

SCHEMA = 1
JOINTS = tuple(
    f"{name}.{side}"
    for name in ("ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "toe")
    for side in ("L", "R")
)
DENSE_HZ = 240.0


def joint_places(body: Body, pose: Pose) -> dict[str, Array]:
    """World places (F, 3) of the joints and surface points in JOINTS."""
    return {name: pose.point(body, name) for name in JOINTS}


def _lean(a: Array, b: Array) -> Array:
    """Lean of the line from a to b from vertical in the sagittal plane, degrees, forward positive."""
    return np.asarray(np.degrees(np.arctan2(b[:, 0] - a[:, 0], b[:, 2] - a[:, 2])))


def _pitch(turn: Array) -> Array:
    """Sagittal turning of bones (..., 3, 3) from rest, degrees, forward positive."""
    return np.asarray(np.degrees(np.arctan2(turn[..., 0, 2], turn[..., 2, 2])))


def angles(body: Body, pose: Pose, joints: dict[str, Array]) -> dict[str, Array]:
    """Joint angles per instant, degrees; one column (F,) for each side where sides differ."""
    out: dict[str, Array] = {}
    flat = {k: v * [1.0, 0.0, 1.0] for k, v in joints.items()}
    for side in ("L", "R"):
        hip, knee, ankle = (joints[f"{n}.{side}"] for n in ("hip", "knee", "ankle"))
        shoulder, elbow, wrist = (joints[f"{n}.{side}"] for n in ("shoulder", "elbow", "wrist"))
        out[f"hip_flexion_deg.{side}"] = flexion(shoulder, hip, knee)
        out[f"hip_flexion_sagittal_deg.{side}"] = flexion(
            flat[f"shoulder.{side}"], flat[f"hip.{side}"], flat[f"knee.{side}"]
        )
        out[f"knee_flexion_deg.{side}"] = flexion(hip, knee, ankle)
        out[f"elbow_flexion_deg.{side}"] = flexion(shoulder, elbow, wrist)
    hips = 0.5 * (joints["hip.L"] + joints["hip.R"])
    shoulders = 0.5 * (joints["shoulder.L"] + joints["shoulder.R"])
    wrists = 0.5 * (joints["wrist.L"] + joints["wrist.R"])
    knees = 0.5 * (joints["knee.L"] + joints["knee.R"])
    ankles = 0.5 * (joints["ankle.L"] + joints["ankle.R"])
    ears = 0.5 * (joints["ear.L"] + joints["ear.R"])
    out["trunk_lean_deg"] = _lean(hips, shoulders)
    out["shank_lean_deg"] = _lean(ankles, knees)
    out["arm_trunk_deg"] = np.degrees(
        np.arctan2(wrists[:, 0] - shoulders[:, 0], shoulders[:, 2] - wrists[:, 2])
    ) + _lean(hips, shoulders)
    out["ear_shoulder_lean_deg"] = _lean(shoulders, ears)
    return out


def spine(body: Body, pose: Pose, released_deg: Array) -> dict[str, Array]:
    """Sagittal pitch of the spine's bones (F, 7) from the pelvis up and the bends between them, degrees.

    Rounding is what they bend beyond the lifter's own neutral, which gives up ``released_deg`` (F,) of standing.
    """
    bones = ["root", *SPINE]
    pitch = np.unwrap(_pitch(pose.turn[:, [BONE[b] for b in bones]]), axis=1, period=360.0)
    joint = np.diff(pitch, axis=1)
    lumbar = joint[:, [k for k, b in enumerate(SPINE) if b in LUMBAR_SHARES]].sum(axis=1)
    thoracic = joint[:, [k for k, b in enumerate(SPINE) if b in THORACIC_SHARES]].sum(axis=1)
    head = _pitch(pose.turn[:, BONE["head"]]) - _pitch(pose.turn[:, BONE["spine01b"]])
    return {
        "bone_pitch_deg": pitch,
        "lumbar_bend_deg": lumbar,
        "thoracic_bend_deg": thoracic,
        "spine_flexion_deg": lumbar + thoracic,
        "back_rounding_deg": lumbar + thoracic - released_deg,
        "neck_flexion_deg": head,
    }


def dorsal_turning(body: Body, pose: Pose) -> Array:
    """Turning of the tangent of the back's midline skin from hip to shoulder level against standing, degrees (F,)."""
    rest = _dorsal_turn(body.vertices[body.dorsal][None])[0]
    vertices = body.vertices[body.dorsal]
    weights = body.weights[body.dorsal].astype(np.float64)
    shift = pose.head - np.einsum("fbij,bj->fbi", pose.turn, body.heads)
    moved = np.einsum("vb,fbij,vj->fvi", weights, pose.turn, vertices) + np.einsum("vb,fbi->fvi", weights, shift)
    return np.asarray(_dorsal_turn(moved) - rest)


def _dorsal_turn(line: Array) -> Array:
    """Sagittal angle between the lowest and the highest quarter of a chain of points (F, N, 3), degrees."""
    xz = line[..., [0, 2]]
    n = max(3, xz.shape[1] // 4)

    def direction(part: Array) -> Array:
        centred = part - part.mean(axis=1, keepdims=True)
        _, _, v = np.linalg.svd(centred, full_matrices=False)
        along = v[:, 0]
        return np.asarray(along * np.sign(np.sum(along * (part[:, -1] - part[:, 0]), axis=1))[:, None])

    low, high = direction(xz[:, :n]), direction(xz[:, -n:])
    turn = np.degrees(np.arctan2(high[:, 0], high[:, 1]) - np.arctan2(low[:, 0], low[:, 1]))
    return np.asarray((turn + 180) % 360 - 180)


def _first(where: NDArray[np.bool_], time_s: Array, fallback: float) -> float:
    return float(time_s[np.argmax(where)]) if where.any() else fallback


def released(body: Body, clip: ClipSpec, script: Script, t: Array) -> Array:
    """What the lifter's neutral gives up of standing at some instants, degrees (F,): the script with and without it."""
    if clip.body.hinge_release_deg == 0.0:
        return np.zeros(len(t))
    kept = dataclasses.replace(clip, body=dataclasses.replace(clip.body, hinge_release_deg=0.0))
    with_it, without = script.at(t).controls, script_for(body, kept).at(t).controls
    return np.degrees(with_it.lumbar + with_it.thoracic - without.lumbar - without.thoracic)


def events(body: Body, clip: ClipSpec, script: Script) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Instants (seconds) and measures of every rep, found on a dense resampling of the scripted motion."""
    out = []
    for mark in script.marks:
        start, end = min(mark.values()), max(mark.values())
        t = np.arange(start - 0.02, end + 0.02, 1 / DENSE_HZ)
        moment = script.at(t)
        pose = posing.solve(body, moment.controls)
        joints = joint_places(body, pose)
        maker = {"deadlift": _deadlift_events, "squat": _squat_events, "swing": _swing_events}[clip.exercise]
        event = maker(t, moment, joints, mark)
        back = spine(body, pose, released(body, clip, script, t))
        seen = measures(body, clip, t, moment, joints, angles(body, pose, joints), back, event)
        out.append((event, seen))
    return out


def measures(
    body: Body,
    clip: ClipSpec,
    t: Array,
    moment: Moment,
    joints: dict[str, Array],
    found: dict[str, Array],
    back: dict[str, Array],
    event: dict[str, float],
) -> dict[str, float]:
    """What the rig did in one rep in the terms of the faults: the dials as they came out."""

    def at(column: Array, name: str) -> float:
        return float(np.interp(event[name], t, column))

    def both(name: str) -> Array:
        return np.asarray(0.5 * (found[f"{name}.L"] + found[f"{name}.R"]))

    def middle(name: str) -> Array:
        return np.asarray(0.5 * (joints[f"{name}.L"] + joints[f"{name}.R"]))

    during = (t >= event["start_s"]) & (t <= event["end_s"])
    # Signed, unlike the joint angle: over-extension counts below zero.
    hip = found["trunk_lean_deg"] - _lean(middle("knee"), middle("hip"))
    knee = both("knee_flexion_deg")
    rounding, lean, shank = back["back_rounding_deg"], found["trunk_lean_deg"], found["shank_lean_deg"]
    flat_heel = body.points["heel.L"][1][2]
    gap = np.abs(joints["knee.L"] - joints["knee.R"])[:, 1]
    foot = 0.5 * (middle("heel") + middle("toe"))
    low, high = (
        int(np.argmin(np.abs(t - event["bottom_s"]))),
        int(np.argmin(np.abs(t - event["end_s" if clip.exercise == "squat" else "top_s"]))),
    )
    tilt = np.degrees(
        np.arctan2(
            joints["shoulder.R"][:, 2] - joints["shoulder.L"][:, 2],
            joints["shoulder.L"][:, 1] - joints["shoulder.R"][:, 1],
        )
    )
    out = {
        "back_rounding_bottom_deg": rounding[low],
        "lumbar_bend_bottom_deg": back["lumbar_bend_deg"][low],
        "thoracic_bend_bottom_deg": back["thoracic_bend_deg"][low],
        "back_rounding_max_deg": rounding[during].max(),
        "hip_flexion_top_deg": hip[high],
        "knee_flexion_top_deg": knee[high],
        "trunk_lean_top_deg": lean[high],
        "hip_flexion_bottom_deg": hip[low],
        "knee_flexion_bottom_deg": knee[low],
        "trunk_lean_bottom_deg": lean[low],
        "trunk_minus_shank_bottom_deg": lean[low] - shank[low],
        "hip_above_knee_bottom_tl": (middle("hip") - middle("knee"))[low, 2] / body.thigh_m,
        "heel_rise_max_fl": (middle("heel")[during, 2].max() - flat_heel) / body.foot_length_m,
        "neck_flexion_bottom_deg": back["neck_flexion_deg"][low],
        "elbow_flexion_max_deg": both("elbow_flexion_deg")[during].max(),
        "knee_gap_lost": 1 - gap[during].min() / gap[high],
        "hip_shift_left_bottom": middle("hip")[low, 1] / (2 * body.joint("upperleg01.L")[1]),
        "shoulder_tilt_left_bottom_deg": tilt[low],
        "shoulder_ahead_of_mid_foot_max_fl": np.abs(middle("shoulder") - foot)[during, 0].max() / body.foot_length_m,
        "wrist_ahead_of_mid_foot_max_fl": np.abs(middle("wrist") - foot)[during, 0].max() / body.foot_length_m,
        "load_ahead_of_mid_foot_max_fl": np.abs(moment.load_place - foot)[during, 0].max() / body.foot_length_m,
    }
    if clip.exercise == "deadlift":
        pulled = (t >= event["lift_off_s"]) & (t <= event["knee_passing_s"])
        hip_z, shoulder_z = middle("hip")[:, 2], middle("shoulder")[:, 2]
        rise = at(shoulder_z, "knee_passing_s") - at(shoulder_z, "lift_off_s")
        out |= {
            "rounding_growth_deg": rounding[pulled].max() - at(rounding, "start_s"),
            "trunk_lean_gain_deg": lean[pulled].max() - at(lean, "start_s"),
            "hip_to_shoulder_rise": (at(hip_z, "knee_passing_s") - at(hip_z, "lift_off_s")) / max(rise, 1e-3),
            "elbow_flexion_pull_deg": both("elbow_flexion_deg")[pulled].max(),
        }
    if clip.exercise == "squat":
        hip_z, shoulder_z = middle("hip")[:, 2], middle("shoulder")[:, 2]
        top = at(hip_z, "top_s")
        start = int(np.argmin(np.abs(t - event["ascent_s"])))
        third = start + int(np.argmax(hip_z[start:] > hip_z[low] + (top - hip_z[low]) / 3))
        rise = shoulder_z[third] - shoulder_z[start]
        down = (t >= event["start_s"]) & (t <= event["bottom_s"])
        fifth = int(np.argmax(down & (hip_z < hip_z[low] + 0.2 * (top - hip_z[low]))))
        out |= {
            "hip_to_shoulder_rise": (hip_z[third] - hip_z[start]) / max(rise, 1e-3),
            "trunk_lean_gain_deg": lean[start:third].max() - lean[start],
            "butt_wink_deg": rounding[low] - rounding[fifth],
        }
    if clip.exercise == "swing":
        up, down = (t >= event["bottom_s"]) & (t <= event["top_s"]), (t >= event["top_s"]) & (t <= event["end_s"])
        arm = found["arm_trunk_deg"]
        hang = arm - lean
        before = np.flatnonzero(up & (arm < 30))
        passing = min(before[-1] + 1, len(t) - 1) if len(before) else low
        falling = int(np.argmax(down & (hang < 45)))
        out |= {
            "hip_flexion_left_at_arm_30_deg": hip[passing],
            "hip_flexion_at_fold_arm_45_deg": hip[falling],
            "elbow_flexion_up_deg": both("elbow_flexion_deg")[up].max(),
            "arm_top_deg": hang[high],
            "wrist_below_knee_bottom_tl": (middle("knee") - middle("wrist"))[low, 2] / body.thigh_m,
            "hip_to_knee_range": (hip[up].max() - hip[high]) / max(knee[up].max() - knee[high], 1.0),
        }
    return {k: float(v) for k, v in out.items()}


def _deadlift_events(t: Array, moment: Moment, joints: dict[str, Array], mark: dict[str, float]) -> dict[str, float]:
    z = moment.load_place[:, 2]
    top = z[(t >= mark["pull_end_s"]) & (t <= mark["lower_start_s"])].max()
    rising, falling = t <= mark["pull_end_s"], t >= mark["lower_start_s"]
    knee = 0.5 * (joints["knee.L"] + joints["knee.R"])[:, 2]
    floor = z.min()
    return {
        "start_s": mark["pull_start_s"],
        "bottom_s": mark["pull_start_s"],
        "lift_off_s": _first(rising & (z > floor + 0.01), t, mark["pull_start_s"]),
        "knee_passing_s": _first(rising & (z > knee), t, mark["pull_start_s"]),
        "lockout_s": _first(rising & (z > top - 0.01), t, mark["pull_end_s"]),
        "top_s": 0.5 * (mark["pull_end_s"] + mark["lower_start_s"]),
        "lower_start_s": _first(falling & (z < top - 0.01), t, mark["lower_start_s"]),
        "knee_passing_down_s": _first(falling & (z < knee), t, mark["lower_end_s"]),
        "floor_s": _first(falling & (z < floor + 0.01), t, mark["lower_end_s"]),
        "end_s": mark["lower_end_s"],
    }


def _squat_events(t: Array, moment: Moment, joints: dict[str, Array], mark: dict[str, float]) -> dict[str, float]:
    hip = 0.5 * (joints["hip.L"] + joints["hip.R"])[:, 2]
    low, high = hip.min(), hip.max()
    within = 0.03 * (high - low)
    bottom = 0.5 * (mark["bottom_start_s"] + mark["bottom_end_s"])
    before, after = t <= bottom, t >= bottom
    return {
        "start_s": mark["down_start_s"],
        "descent_s": _first(before & (hip < high - within), t, mark["down_start_s"]),
        "bottom_s": bottom,
        "bottom_hold_start_s": mark["bottom_start_s"],
        "ascent_s": mark["bottom_end_s"],
        "top_s": _first(after & (hip > high - within), t, mark["up_end_s"]),
        "end_s": mark["up_end_s"],
    }


def _swing_events(t: Array, moment: Moment, joints: dict[str, Array], mark: dict[str, float]) -> dict[str, float]:
    return {
        "start_s": mark["bottom_s"],
        "bottom_s": mark["bottom_s"],
        "hips_extended_s": mark["hips_extended_s"],
        "top_s": mark["top_s"],
        "fold_start_s": mark["fold_start_s"],
        "end_s": mark["next_bottom_s"],
    }


def _round(value: Array, digits: int) -> list[object]:
    rounded = np.round(value, digits)
    out: list[object] = (rounded.astype(int) if digits == 0 else rounded + 0.0).tolist()
    return out


def clip_truth(body: Body, clip: ClipSpec, script: Script, time_s: Array, compact: bool = False) -> dict[str, object]:
    """Everything known about a clip; the schema is in this folder's README.

    Compact truth rounds angles to 0.1 deg and pixels to whole ones, and leaves out the spine's single bones, the far
    side's angles, and all joints in metres but the six main ones of the near side.
    """
    moment = script.at(time_s)
    pose = posing.solve(body, moment.controls)
    joints = joint_places(body, pose)
    found = angles(body, pose, joints)
    back = spine(body, pose, released(body, clip, script, time_s))
    camera = scene.camera_for(clip.scene)
    near = "L" if clip.scene.facing == "left" else "R"
    far = "R" if near == "L" else "L"
    px = {name: camera.project(places)[0] for name, places in joints.items()}
    load_px = camera.project(moment.load_place)[0]
    digits = 1 if compact else 2
    frames: dict[str, object] = {"time_s": _round(time_s, 4)}
    for name in ("hip_flexion_deg", "hip_flexion_sagittal_deg", "knee_flexion_deg", "elbow_flexion_deg"):
        frames[name] = _round(found[f"{name}.{near}"], digits)
        if not compact:
            frames[name.replace("_deg", "_far_deg")] = _round(found[f"{name}.{far}"], digits)
    for name in ("trunk_lean_deg", "shank_lean_deg", "arm_trunk_deg", "ear_shoulder_lean_deg"):
        frames[name] = _round(found[name], digits)
    for name, column in back.items():
        if not (compact and name == "bone_pitch_deg"):
            frames[name] = _round(column, digits)
    frames["dorsal_turning_deg"] = _round(dorsal_turning(body, pose), digits)
    main = [f"{n}.{near}" for n in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")]
    frames["joints_px"] = {n: _round(v, 0 if compact else 1) for n, v in px.items()}
    frames["joints_m"] = {n: _round(joints[n], 3) for n in (main if compact else JOINTS)}
    frames["load_px"] = _round(load_px, 0 if compact else 1)
    frames["load_m"] = _round(moment.load_place, 3)
    reps = [
        {k: round(v, 3) for k, v in e.items()}
        | {
            "faults": {k: round(v, 3) for k, v in r.faults.present().items()},
            "measures": {k: round(v, 3) for k, v in seen.items()},
        }
        for (e, seen), r in zip(events(body, clip, script), script.plan, strict=True)
    ]
    settings = dataclasses.asdict(clip)
    for part in ("body", "scene", "faults"):
        settings.pop(part)
    return {
        "schema": SCHEMA,
        "exercise": clip.exercise,
        "seed": clip.seed,
        "split": clip.split,
        "clip": settings,
        "body": dataclasses.asdict(clip.body)
        | {
            "foot_length_m": round(body.foot_length_m, 4),
            "thigh_m": round(body.thigh_m, 4),
            "shank_m": round(body.shank_m, 4),
            "upper_arm_m": round(body.upper_arm_m, 4),
            "forearm_m": round(body.forearm_m, 4),
        },
        "scene": dataclasses.asdict(clip.scene),
        "faults": clip.faults.present(),
        "view": {
            "name": scene.view_name(clip.scene),
            "yaw_deg": clip.scene.yaw_deg,
            "facing": clip.scene.facing,
            "near_side": near,
        },
        "video_size_px": [clip.scene.width, clip.scene.height],
        "fps": clip.scene.fps,
        "n_frames": len(time_s),
        "reps": reps,
        "frames": frames,
    }
