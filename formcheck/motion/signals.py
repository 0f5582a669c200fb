"""Named signals over time, computed from clean poses: joint angles, leans, heights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import PAIRED_JOINTS, Landmark, left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.calibration import Calibration, calibration_of
from formcheck.motion.cleaning import smooth
from formcheck.motion.frontal_measures import (
    FOOT_JOINTS,
    above_standing,
    ankle_stagger,
    foot_shown,
    gap,
    height_difference,
    hip_shift,
    knee_difference_deg,
)
from formcheck.motion.geometry import joint_flexion_deg
from formcheck.motion.spine import HIP_WRONG, MEASURED, UNSTEADY, DorsalBend, dorsal_bend, steady, view_gate
from formcheck.motion.view import smoothed_axis, yaw_of

BoolArray = NDArray[np.bool_]
SpineReader = Callable[[PoseSequence, FloatArray], DorsalBend]

PICTURE_ANGLES_MAX_YAW_DEG = 25.0
"""Up to this yaw angles come from the picture, beyond it from the model's own 3-D guess, which is noisier."""

STANDING_PERCENTILE = 97
"""Standing height is this percentile of shoulder height: robust against a jump or a mis-detection."""

SAME_PLACE_TRUNKS = 0.15
"""Height is taken where the feet are this near to their usual place, in trunk lengths: apparent height grows as the
lifter approaches."""

SAME_PLACE_SHARE_MIN = 0.3
"""If they are there for this share of the time; otherwise it is taken everywhere."""

THIGH_TO_TRUNK = (0.58, 1.1)
HIP_THIGH_TO_TRUNK = (0.5, 1.1)
SHANK_TO_TRUNK = (0.55, 1.15)
THIGH_TO_SHANK = (0.72, 1.4)
UPPER_ARM_TO_TRUNK = (0.38, 0.85)
FOREARM_TO_UPPER_ARM = (0.5, 1.25)
"""Proportions in side views outside which a limb's landmarks are wrong, whatever their visibility says: plates hide
knees and wrists, and the model then guesses. Clean clips of several lifters stay within 0.66-0.90, 0.63-0.97,
0.84-1.3, 0.48-0.72 and 0.6-1.1; trunk length is the clip's upper quartile, as a rounded trunk is shorter. A thigh
that is only a little too short mostly has a hidden knee: the hip, and the back with it, is doubted later."""

ROUNDING_CUTOFF_HZ = 3.0
"""The back bends slowly; what is faster in the contour is the mask's flicker."""


@dataclass(frozen=True)
class Signals:
    """One value a frame for each named quantity; all arrays (T,), NaN = not measured.

    Flexion is 0 when standing straight and grows as the joint bends. Leans are from the vertical, forward positive.
    Heights are above the ankles and distances forward of the mid-foot, both in standing body heights measured from
    ankle to shoulder (1.0 = shoulder height when standing).

    Attributes
    ----------
    time_s : seconds since the first decoded frame.
    forward : +1 where the lifter faces image-right, -1 image-left.
    yaw_deg : 0 = side view, +90 = front, -90 = rear.
    hip_flexion_deg, knee_flexion_deg, elbow_flexion_deg : joints of the near side (mean of both in front/rear views).
    trunk_lean_deg, shank_lean_deg : hip -> shoulder and ankle -> knee.
    arm_angle_deg : arm (shoulder -> wrist) away from the trunk line (shoulder -> hip), 0 = hanging along the trunk,
        positive = raised forward.
    upper_arm_angle_deg : the same for shoulder -> elbow.
    neck_flexion_deg : shoulder -> ear line against the trunk line, forward positive.
    hip_height, knee_height, shoulder_height, hand_height, eye_height : above the ankles.
    hand_forward, shoulder_forward : in front of the usual place of the mid-foot.
    mid_foot_forward : the mid-foot itself against that place; NaN where the near foot is hidden.
    foot_lift : ankles above their usual height (jumps, steps, and plates that hide them).
    heel_height : near heel above its place when standing; NaN where the near foot is hidden. Side views only.
    toe_height : near toes above their place when standing; NaN where the heel's is.
    foot_visibility : the model's own score for the near foot, the lowest of ankle, heel and toes.
    knee_visibility : the same for the near knee.
    shoulder_shown : 1 where the near shoulder is in plain sight, 0 where the plate of a bar on the back hides elbow and
        wrist, and the shoulder with them, whatever its own score; NaN where the lifter was not seen.
    knee_ankle_ratio : distance between the knees over the distance between the ankles (front and rear views).
    foot_gap, hand_gap : between the ankles and between the wrists, in shoulder widths; a guess in side views.
    knee_difference_deg : flexion of the left knee less that of the right, from the model's 3-D guess.
    ankle_stagger : the left ankle in front of the right one (lunges, steps).
    foot_difference, hand_difference : the left ankle, or wrist, above the right one in the picture.
    foot_travel : mid-ankle from its usual place along the picture, either way (walking).
    hip_shift : mid-hip to the lifter's left of the mid-ankle, in hip-joint distances (front and rear views).
    shoulder_tilt_deg, hip_tilt_deg : left side higher is positive (front and rear views).
    dorsal_bend_deg, lower_bend_deg, upper_bend_deg, bend_uncertainty_deg, back_quality, back_gate : see
        `formcheck.motion.spine.DorsalBend`; side views only. The lifter's neutral is not taken off.
    spine_flexion_deg : flexion of the spine since standing; NaN where the lifter was not seen standing.
    back_rounding_deg, lower_rounding_deg, upper_rounding_deg, back_rounding_uncertainty_deg : bend of the whole back,
        its lumbar and its thoracic part against the lifter's neutral, positive = rounded. These and the flexion are
        missing until `formcheck.motion.neutral` fills them in, as it needs the repetitions.
    mask_flexion_deg : flexion of the spine as the lifter's mask shows it, lumbar and thoracic together; only its change
        means something. NaN where the bend is, or where no mask was read or had a say in ``spine_flexion_deg``.
    back_judged : 1 in the phases of repetitions by which the back was judged, 0 elsewhere; set by the analysis.
    """

    time_s: FloatArray
    forward: FloatArray
    yaw_deg: FloatArray
    hip_flexion_deg: FloatArray
    knee_flexion_deg: FloatArray
    elbow_flexion_deg: FloatArray
    trunk_lean_deg: FloatArray
    shank_lean_deg: FloatArray
    arm_angle_deg: FloatArray
    upper_arm_angle_deg: FloatArray
    neck_flexion_deg: FloatArray
    hip_height: FloatArray
    knee_height: FloatArray
    shoulder_height: FloatArray
    hand_height: FloatArray
    eye_height: FloatArray
    hand_forward: FloatArray
    shoulder_forward: FloatArray
    mid_foot_forward: FloatArray
    foot_lift: FloatArray
    heel_height: FloatArray
    toe_height: FloatArray
    foot_visibility: FloatArray
    knee_visibility: FloatArray
    shoulder_shown: FloatArray
    knee_ankle_ratio: FloatArray
    foot_gap: FloatArray
    hand_gap: FloatArray
    knee_difference_deg: FloatArray
    ankle_stagger: FloatArray
    foot_difference: FloatArray
    hand_difference: FloatArray
    foot_travel: FloatArray
    hip_shift: FloatArray
    shoulder_tilt_deg: FloatArray
    hip_tilt_deg: FloatArray
    dorsal_bend_deg: FloatArray
    lower_bend_deg: FloatArray
    upper_bend_deg: FloatArray
    bend_uncertainty_deg: FloatArray
    back_quality: FloatArray
    back_gate: FloatArray
    spine_flexion_deg: FloatArray
    back_rounding_deg: FloatArray
    lower_rounding_deg: FloatArray
    upper_rounding_deg: FloatArray
    back_rounding_uncertainty_deg: FloatArray
    back_judged: FloatArray
    mask_flexion_deg: FloatArray

    def __len__(self) -> int:
        return len(self.time_s)

    def columns(self) -> dict[str, FloatArray]:
        """All signals by name, time first."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def part(self, keep: slice) -> Signals:
        """The same signals over some of their samples."""
        return Signals(**{name: values[keep] for name, values in self.columns().items()})


def compute_signals(poses: PoseSequence, read_spine: SpineReader = dorsal_bend) -> Signals:
    """Signals of one uninterrupted stretch of clean poses (see `formcheck.motion.cleaning`).

    ``read_spine`` gives the bend of the back; see `formcheck.motion.spine_method`.
    """
    signals, hip_ok = signals_but_spine(poses)
    return with_spine(signals, hip_ok, poses, read_spine)


def signals_but_spine(poses: PoseSequence) -> tuple[Signals, BoolArray]:
    """All signals but the bend of the back, which is NaN, and where the hip is credible (T,), for `with_spine`."""
    calibration = calibration_of(poses.model)
    axis = smoothed_axis(poses)
    forward = np.where(axis[:, 1] >= 0, 1.0, -1.0)
    yaw_deg = yaw_of(axis, calibration)
    scale_px, floor_px = _standing_scale(poses)
    joints = _sagittal_joints(poses, axis, forward, yaw_deg)
    height = {joint: (floor_px - _middle_px(poses, joint)[:, 1]) / scale_px for joint in PAIRED_JOINTS}
    eye = (floor_px - _middle_px(poses, "EYE")[:, 1]) / scale_px
    hip_to_shoulder = joints["SHOULDER"] - joints["HIP"]
    trunk_lean = _lean_deg(hip_to_shoulder)
    from_picture = np.abs(yaw_deg) <= PICTURE_ANGLES_MAX_YAW_DEG
    hip_flexion, knee_flexion = _hip_and_knee_flexion_deg(joints, from_picture, calibration)
    hip_ok, thigh_ok, shank_ok, arm_ok = _believable_limbs(joints, from_picture)
    wrist_shown = _near_visibility(poses, forward, ("WRIST",)) >= calibration.arm_visibility_min
    elbow_score = _near_visibility(poses, forward, ("ELBOW",))
    arm_ok &= wrist_shown & (elbow_score >= calibration.arm_visibility_min)
    shoulder_shown = wrist_shown | (elbow_score >= calibration.elbow_visibility_min)
    ahead = {
        joint: forward * (_middle_px(poses, joint)[:, 0] - _mid_foot_px(poses)) / scale_px
        for joint in ("WRIST", "SHOULDER")
    }
    foot_visibility = _near_visibility(poses, forward, FOOT_JOINTS)
    foot_ok = (foot_visibility >= calibration.foot_visibility_min) & foot_shown(poses, forward < 0, scale_px) & shank_ok
    heel, toes = (_near_height_px(poses, forward, joint) / scale_px for joint in ("HEEL", "FOOT_INDEX"))
    signals = replace(
        _sides_compared(poses, axis, forward, from_picture, scale_px),
        forward=forward,
        yaw_deg=yaw_deg,
        hip_flexion_deg=_only(thigh_ok, hip_flexion),
        knee_flexion_deg=_only(thigh_ok & shank_ok, knee_flexion),
        elbow_flexion_deg=_only(arm_ok, joint_flexion_deg(joints["SHOULDER"], joints["ELBOW"], joints["WRIST"])),
        trunk_lean_deg=trunk_lean,
        shank_lean_deg=_only(shank_ok, _lean_deg(joints["KNEE"] - joints["ANKLE"])),
        arm_angle_deg=_signed_deg(-hip_to_shoulder, joints["WRIST"] - joints["SHOULDER"]),
        upper_arm_angle_deg=_only(arm_ok, _signed_deg(-hip_to_shoulder, joints["ELBOW"] - joints["SHOULDER"])),
        neck_flexion_deg=-_signed_deg(hip_to_shoulder, joints["EAR"] - joints["SHOULDER"]),
        hip_height=height["HIP"],
        knee_height=height["KNEE"],
        shoulder_height=height["SHOULDER"],
        hand_height=height["WRIST"],
        eye_height=eye,
        hand_forward=ahead["WRIST"],
        shoulder_forward=ahead["SHOULDER"],
        mid_foot_forward=_only(foot_ok, forward * (_foot_px(poses) - _mid_foot_px(poses)) / scale_px),
        foot_lift=height["ANKLE"],
        heel_height=above_standing(heel, height["SHOULDER"], foot_ok),
        toe_height=above_standing(toes, height["SHOULDER"], foot_ok),
        foot_visibility=_only(np.isfinite(trunk_lean), foot_visibility),
        knee_visibility=_only(np.isfinite(trunk_lean), _near_visibility(poses, forward, ("KNEE",))),
        shoulder_shown=_only(np.isfinite(trunk_lean), shoulder_shown.astype(np.float64)),
        back_judged=np.zeros(len(poses)),
    )
    return signals, hip_ok


def _sides_compared(
    poses: PoseSequence, axis: FloatArray, forward: FloatArray, from_picture: BoolArray, scale_px: float
) -> Signals:
    """Signals that set the left side against the right one or see where the feet go, and NaN in all others."""
    ankle_x = _middle_px(poses, "ANKLE")[:, 0]
    return replace(
        no_signals(poses.time_s),
        knee_ankle_ratio=_separation_ratio(poses),
        foot_gap=gap(poses, "ANKLE"),
        hand_gap=gap(poses, "WRIST"),
        knee_difference_deg=knee_difference_deg(poses),
        ankle_stagger=ankle_stagger(poses, axis, forward, from_picture, scale_px),
        foot_difference=height_difference(poses, "ANKLE", scale_px),
        hand_difference=height_difference(poses, "WRIST", scale_px),
        foot_travel=np.abs(ankle_x - _usual(ankle_x)) / scale_px,
        hip_shift=hip_shift(poses),
        shoulder_tilt_deg=_tilt_deg(poses, "SHOULDER"),
        hip_tilt_deg=_tilt_deg(poses, "HIP"),
    )


def with_spine(signals: Signals, hip_ok: BoolArray, poses: PoseSequence, read_spine: SpineReader) -> Signals:
    """Signals of these poses with the bend of the back as that reader sees it, and all else as it is."""
    bend = _gated_bend(poses, read_spine(poses, signals.forward), signals.yaw_deg, hip_ok)
    return replace(
        signals,
        dorsal_bend_deg=bend.bend_deg,
        lower_bend_deg=bend.lower_deg,
        upper_bend_deg=bend.upper_deg,
        bend_uncertainty_deg=bend.uncertainty_deg,
        back_quality=bend.quality,
        back_gate=bend.gate.astype(np.float64),
    )


def with_mask(signals: Signals, poses: PoseSequence) -> Signals:
    """Signals of these poses with what the mask shows of the spine, where the bend of the back is known."""
    side = np.where(signals.forward > 0, 0, 1)
    found_deg = poses.mask_flexion_deg[np.arange(len(poses)), side].sum(axis=1, dtype=np.float64)
    known = np.isfinite(found_deg) & np.isfinite(signals.dorsal_bend_deg)
    known &= steady(poses.time_s, _only(known, found_deg))
    smoothed = smooth(poses.time_s, _only(known, found_deg)[:, None], ROUNDING_CUTOFF_HZ)[:, 0]
    return replace(signals, mask_flexion_deg=_only(known, smoothed))


def _middle_px(poses: PoseSequence, joint: str) -> FloatArray:
    left, right = left_right(joint)
    return (poses.image_px[:, left, :2] + poses.image_px[:, right, :2]) / 2.0


def _foot_px(poses: PoseSequence) -> FloatArray:
    """(T,) horizontal position half-way between heels and toes."""
    return np.asarray((_middle_px(poses, "HEEL")[:, 0] + _middle_px(poses, "FOOT_INDEX")[:, 0]) / 2.0)


def _mid_foot_px(poses: PoseSequence) -> FloatArray:
    """(T,) the median of that over the clip, as feet stay put and plates hide them."""
    return _usual(_foot_px(poses))


def _near_height_px(poses: PoseSequence, forward: FloatArray, joint: str) -> FloatArray:
    """(T,) height of the near joint in the picture, upwards."""
    left, right = left_right(joint)
    return np.asarray(-poses.image_px[np.arange(len(poses)), np.where(forward > 0, int(right), int(left)), 1])


def _standing_scale(poses: PoseSequence) -> tuple[float, float]:
    """Ankle-to-shoulder height when standing, and the ankles' vertical position, in pixels."""
    shoulder_px, ankle_px = _middle_px(poses, "SHOULDER"), _middle_px(poses, "ANKLE")
    floor_px = _usual_value(ankle_px[:, 1])
    away_px = np.abs(ankle_px - [_usual_value(ankle_px[:, axis]) for axis in range(2)]).max(axis=1)
    trunk_px = _usual_value(np.linalg.norm(shoulder_px - _middle_px(poses, "HIP"), axis=1))
    rise = floor_px - shoulder_px[:, 1]
    known = np.isfinite(rise)
    there = known & (away_px <= SAME_PLACE_TRUNKS * trunk_px)
    # Somebody who lifts at two places, or never stands still, has no usual one.
    rise = rise[there if there.sum() >= SAME_PLACE_SHARE_MIN * known.sum() else known]
    tallest = np.percentile(rise, STANDING_PERCENTILE) if len(rise) else np.nan
    return (float(tallest) if tallest > 0 else np.nan), floor_px


def _usual_value(values: FloatArray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")


def _usual(values: FloatArray) -> FloatArray:
    return np.full(len(values), _usual_value(values))


def _sagittal_joints(
    poses: PoseSequence, axis: FloatArray, forward: FloatArray, yaw_deg: FloatArray
) -> dict[str, FloatArray]:
    """Joints in the lifter's sagittal plane, (T, 2) each: forward and up.

    Side views use the picture and the near side. Other views use the model's 3-D guess turned into the lifter's own
    plane; from the front or the rear both sides are equally well seen and are averaged.
    """
    from_picture = np.abs(yaw_deg) <= PICTURE_ANGLES_MAX_YAW_DEG
    both_sides = np.abs(yaw_deg) >= 90.0 - PICTURE_ANGLES_MAX_YAW_DEG
    direction = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    # The left-right axis turned by a quarter in the floor plane: from the camera's right/away to the lifter's front.
    ahead = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    result = {}
    for joint in PAIRED_JOINTS:
        left, right = left_right(joint)
        near = np.where(forward > 0, int(right), int(left))
        picked_px = poses.image_px[np.arange(len(poses)), near, :2]
        picture = np.stack([forward * picked_px[:, 0], -picked_px[:, 1]], axis=1)
        near_m = poses.world_m[np.arange(len(poses)), near]
        mean_m = (poses.world_m[:, left] + poses.world_m[:, right]) / 2.0
        point = np.where(both_sides[:, None], mean_m, near_m)
        world = np.stack([(point[:, [0, 2]] * ahead).sum(axis=1), -point[:, 1]], axis=1)
        result[joint] = np.where(from_picture[:, None], picture, world)
    return result


def _hip_and_knee_flexion_deg(
    joints: dict[str, FloatArray], from_picture: BoolArray, calibration: Calibration
) -> tuple[FloatArray, FloatArray]:
    """(T,) each, corrected for the model's bias where they come from the picture."""
    hip_gain = np.where(from_picture, calibration.hip_flexion_gain, 1.0)
    knee_gain = np.where(from_picture, calibration.knee_flexion_gain, 1.0)
    hip = joint_flexion_deg(joints["SHOULDER"], joints["HIP"], joints["KNEE"])
    knee = joint_flexion_deg(joints["HIP"], joints["KNEE"], joints["ANKLE"])
    return np.minimum(180.0, hip_gain * hip), np.minimum(180.0, knee_gain * knee)


def _believable_limbs(joints: dict[str, FloatArray], side_view: BoolArray) -> tuple[BoolArray, ...]:
    """(T,) each for hip, thigh, shank and arm: False where a side view shows it in proportions that no body has."""

    def length(a: str, b: str) -> FloatArray:
        return np.asarray(np.linalg.norm(joints[a] - joints[b], axis=1))

    def within(part: FloatArray, whole: FloatArray | float, limits: tuple[float, float]) -> BoolArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = part / whole
            return np.asarray(~side_view | ((ratio >= limits[0]) & (ratio <= limits[1])))

    trunk_lengths = length("HIP", "SHOULDER")[side_view]
    trunk = float(np.nanpercentile(trunk_lengths, 75)) if np.isfinite(trunk_lengths).any() else float("nan")
    thigh, shank = length("HIP", "KNEE"), length("KNEE", "ANKLE")
    upper_arm, forearm = length("SHOULDER", "ELBOW"), length("ELBOW", "WRIST")
    leg = within(thigh, shank, THIGH_TO_SHANK)
    return (
        within(thigh, trunk, HIP_THIGH_TO_TRUNK),
        within(thigh, trunk, THIGH_TO_TRUNK),
        within(shank, trunk, SHANK_TO_TRUNK) & leg,
        within(upper_arm, trunk, UPPER_ARM_TO_TRUNK) & within(forearm, upper_arm, FOREARM_TO_UPPER_ARM),
    )


def _near_visibility(poses: PoseSequence, forward: FloatArray, names: tuple[str, ...]) -> FloatArray:
    """(T,) lowest visibility of these joints of the near side."""
    frames = np.arange(len(poses))
    scores = []
    for name in names:
        left, right = left_right(name)
        scores.append(poses.visibility[frames, np.where(forward > 0, int(right), int(left))])
    return np.asarray(np.min(scores, axis=0))


def _only(where: BoolArray, values: FloatArray) -> FloatArray:
    return np.where(where, values, np.nan)


def _lean_deg(line: FloatArray) -> FloatArray:
    return np.degrees(np.arctan2(line[:, 0], line[:, 1]))


def _signed_deg(from_line: FloatArray, to_line: FloatArray) -> FloatArray:
    """Angle between lines in the sagittal plane (forward, up), positive when the second is turned forward and up."""
    cross = from_line[:, 0] * to_line[:, 1] - from_line[:, 1] * to_line[:, 0]
    return np.asarray(np.degrees(np.arctan2(cross, (from_line * to_line).sum(axis=1))))


def _tilt_deg(poses: PoseSequence, joint: str) -> FloatArray:
    """Slope of the left-right line in the picture, the lifter's left side higher is positive."""
    left, right = left_right(joint)
    across = poses.image_px[:, left, :2] - poses.image_px[:, right, :2]
    return np.degrees(np.arctan2(-across[:, 1], np.abs(across[:, 0])))


def _separation_ratio(poses: PoseSequence) -> FloatArray:
    knees = poses.image_px[:, Landmark.LEFT_KNEE, 0] - poses.image_px[:, Landmark.RIGHT_KNEE, 0]
    ankles = poses.image_px[:, Landmark.LEFT_ANKLE, 0] - poses.image_px[:, Landmark.RIGHT_ANKLE, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = knees / ankles
    return np.where(np.isfinite(ratio), ratio, np.nan)


def _gated_bend(poses: PoseSequence, raw: DorsalBend, yaw_deg: FloatArray, hip_ok: BoolArray) -> DorsalBend:
    """Bend of the back where it can be trusted, smoothed; NaN and the reason elsewhere."""
    gate = raw.gate
    # A thigh in impossible proportions means a hip that is somewhere else, and the back is measured from the hip.
    gate = np.where((gate == MEASURED) & ~hip_ok, HIP_WRONG, gate)
    seen_from = view_gate(yaw_deg)
    gate = np.where((seen_from != MEASURED) & poses.seen, seen_from, gate)
    gate = np.where((gate == MEASURED) & ~steady(poses.time_s, _only(gate == MEASURED, raw.bend_deg)), UNSTEADY, gate)
    measured = gate == MEASURED
    columns = np.stack([raw.lower_deg, raw.upper_deg, raw.uncertainty_deg], axis=1)
    lower, upper, uncertainty = smooth(poses.time_s, np.where(measured[:, None], columns, np.nan), ROUNDING_CUTOFF_HZ).T
    lower, upper = _only(measured, lower), _only(measured, upper)
    return DorsalBend(lower + upper, lower, upper, np.abs(uncertainty), raw.quality, gate)


def no_signals(time_s: FloatArray) -> Signals:
    """Signals of frames in which nothing was measured: NaN everywhere but for the time."""
    columns = {field.name: np.full(len(time_s), np.nan) for field in fields(Signals)}
    return Signals(**(columns | {"time_s": time_s.copy()}))
