"""Key frames for report.html: the worst and the best repetition at the moment that tells them apart, drawn on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.core.words import _
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import Finding
from formcheck.judging.report import Report
from formcheck.motion.signals import Signals
from formcheck.render.overlay import OverlayPlan, draw_overlay, plan_overlay
from formcheck.render.skeleton_drawing import smooth_line
from formcheck.render.terminal import amount, clock, degrees
from formcheck.vision.video import Frame, read_frames_at

PICTURE_HEIGHT = 760
"""Pixels of a key picture: sharp on a phone's screen, and some 60 kB each."""

JPEG_QUALITY = 80
SMALLEST_ARC_DEG = 15.0
"""The arc of a joint that is straighter than this would be a smudge."""

LABEL_GAP, LABEL_LINE = 0.05, 0.085
"""Distance of an angle's label from its arc, and height of its line, in widths of the picture."""

LABEL_ROOM = {"start": (0.02, 0.56), "middle": (0.22, 0.78), "end": (0.44, 0.98)}
"""Where a label may be anchored so that all of it stays inside: on a phone it takes up to 42 % of the width."""

NEUTRAL_WITHIN_DEG, SAME_LEAN_DEG, NEUTRAL_FRAMES_MIN = 8.0, 20.0, 5
"""The neutral back that is laid over a rounded one is taken from at least this many frames, within this rounding and at
this trunk lean around that of the picture."""

PICTURE_MARGIN = 0.16
"""Room left around the lifter, as a share of the lifter's size."""

PICTURE_ASPECT = (0.62, 1.15)
"""Width over height of a key picture stays within this."""


@dataclass(frozen=True)
class Arc:
    """An angle drawn on a picture, in its pixels: SVG path of the arc, dashed line it is measured from, its label."""

    path: str
    line: tuple[float, float, float, float]
    x: float
    y: float
    anchor: str
    text: str


@dataclass(frozen=True)
class KeyPicture:
    """One frame that shows something: JPEG bytes, its size in pixels, and what it shows, in words.

    ``verdict`` is that of the finding it shows, "not-measured" when it shows none. ``ghost`` is the lifter's own
    neutral back as an SVG path, empty where the back is neutral anyway or was never seen so.
    """

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    title: str
    words: str
    verdict: Verdict
    arcs: tuple[Arc, ...] = ()
    ghost: str = ""


@dataclass(frozen=True)
class _Box:
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class _Moment:
    at_s: float
    title: str
    words: str
    verdict: Verdict


def key_pictures(video_path: str | Path, poses: PoseSequence, report: Report) -> tuple[KeyPicture, ...]:
    """Worst and best repetition at the moment that tells them apart; bottom and top where there is only one.

    Only the frames that are shown are decoded; none without a repetition. `VideoError` when the video cannot be read.
    """
    moments = _moments(report)
    if not moments:
        return ()
    frames = read_frames_at(video_path, [moment.at_s for moment in moments], max_side=1920)
    times_s = [frame.time_s for frame in frames]
    height, width = frames[0].rgb.shape[:2]
    small = plan_overlay(poses, report, width, height)
    left, top, right, bottom = _crop(small, times_s, width, height)
    # Drawn at the size at which it is shown, so that lines are sharp even on a small clip.
    scale = PICTURE_HEIGHT / max(bottom - top, right - left)
    plan = plan_overlay(poses, report, round(width * scale), round(height * scale))
    box = _Box(*(round(edge * scale) for edge in (left, top, right, bottom)))
    return tuple(
        _picture(frame, plan, report.signals, moment, box) for frame, moment in zip(frames, moments, strict=True)
    )


def _moments(report: Report) -> list[_Moment]:
    if not report.reps:
        return []
    check = leading_check(report)
    shown = [(rep, each) for rep in report.reps for each in rep.findings if each.check == check and _shows(each)]
    if len(shown) < 2:
        rep = shown[0][0] if shown else report.reps[0]
        bottom = shown[0][1] if shown else None
        at_bottom = rep.bottom_s if bottom is None else bottom.at_s
        moments = [_moment(bottom, at_bottom, _("Rep {rep}, bottom", rep=rep.index))]
        # Where plates hide hips and knees at the top, the picture would show a skeleton that nobody has.
        seen_at_top = math.isfinite(rep.measures.get("hip_flexion_top_deg", math.nan))
        if seen_at_top and rep.lockout_s - at_bottom > 0.2:
            moments.append(_moment(None, rep.top_s, _("Rep {rep}, top", rep=rep.index)))
        return moments
    order = {OK: 0, WATCH: 1, FAULT: 2}
    sign = _sign(report.exercise.name, check)
    worst = max(shown, key=lambda pair: (order[pair[1].verdict], sign * pair[1].value))
    best = min(shown, key=lambda pair: (order[pair[1].verdict], sign * pair[1].value))
    return [
        _moment(finding, finding.at_s, _("{which}: rep {rep}", which=name, rep=rep.index))
        for name, (rep, finding) in ((_("Worst"), worst), (_("Best"), best))
    ]


def leading_check(report: Report) -> str:
    """The check that a picture should show: the first fault, else the first watch, else the first that was measured."""
    for verdict in (FAULT, WATCH, OK):
        for finding in report.findings:
            if finding.verdict == verdict:
                return finding.check
    return ""


def _shows(finding: Finding) -> bool:
    return finding.verdict != NOT_MEASURED and math.isfinite(finding.at_s) and math.isfinite(finding.value)


def _sign(exercise: str, check_id: str) -> float:
    """+1 where more is worse, -1 where less is."""
    lift = exercise_named(exercise)
    checks = () if lift is None else lift.checks
    return next((1.0 if check.more_is_worse else -1.0 for check in checks if check.id == check_id), 1.0)


def _moment(finding: Finding | None, at_s: float, title: str) -> _Moment:
    if finding is None:
        return _Moment(at_s, title, _("at {time}", time=clock(at_s, tenths=True)), NOT_MEASURED)
    words = _(
        "{finding} {value}, at {time}",
        finding=finding.title,
        value=amount(finding.value, finding.unit),
        time=clock(at_s, tenths=True),
    )
    return _Moment(at_s, title, words, finding.verdict)


def _crop(plan: OverlayPlan, times_s: Sequence[float], width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a window around the lifter, the same for all the pictures."""
    known = [index for index in map(plan.index_at, times_s) if index is not None]
    points = np.concatenate([plan.joints_px[known].reshape(-1, 2), plan.contour_px[known].reshape(-1, 2)])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return 0, 0, width, height
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(high - low)
    # Heads and plates reach further than landmarks do.
    low, high = low - PICTURE_MARGIN * size, high + PICTURE_MARGIN * size
    middle, span = (low + high) / 2.0, high - low
    span = np.array([max(span[0], PICTURE_ASPECT[0] * span[1]), max(span[1], span[0] / PICTURE_ASPECT[1])])
    span = np.minimum(span, [width, height])
    middle = np.clip(middle, span / 2.0, np.array([width, height]) - span / 2.0)
    left, top = np.floor(middle - span / 2.0).astype(int)
    right, bottom = np.ceil(middle + span / 2.0).astype(int)
    return max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom))


def _picture(frame: Frame, plan: OverlayPlan, signals: Signals | None, moment: _Moment, box: _Box) -> KeyPicture:
    grown = frame.rgb.shape[0] < plan.height
    method = cv2.INTER_CUBIC if grown else cv2.INTER_AREA
    sized = cv2.resize(frame.rgb, (plan.width, plan.height), interpolation=method)
    drawn = draw_overlay(sized, plan, frame.time_s, words=False)[box.top : box.bottom, box.left : box.right]
    height, width = drawn.shape[:2]
    return KeyPicture(
        jpeg=_jpeg(drawn),
        width=width,
        height=height,
        title=moment.title,
        words=moment.words,
        verdict=moment.verdict,
        arcs=_arcs(plan, signals, frame.time_s, np.array([box.left, box.top]), (width, height)),
        ghost=_ghost(plan, signals, frame.time_s, np.array([box.left, box.top])),
    )


def _jpeg(rgb: NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(encoded.tobytes())


def _ghost(plan: OverlayPlan, signals: Signals | None, time_s: float, origin: FloatArray) -> str:
    """The outline of this lifter's back while it was neutral at about the same lean, laid over the present one."""
    index = plan.index_at(time_s)
    if index is None or signals is None or len(signals) != len(plan.time_s):
        return ""
    if not plan.rounding_deg[index] > plan.limits_deg[0]:
        return ""
    hip, shoulder = (
        (plan.joints_px[:, Landmark[f"LEFT_{name}"]] + plan.joints_px[:, Landmark[f"RIGHT_{name}"]]) / 2.0
        for name in ("HIP", "SHOULDER")
    )
    along = shoulder - hip
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    # In shares of the hip-shoulder line and its normal, so that it fits a trunk that leans or is elsewhere.
    place = plan.contour_px - hip[:, None]
    length2 = (along**2).sum(axis=1)[:, None]
    t, d = ((place * axis[:, None]).sum(axis=2) / length2 for axis in (along, across))
    neutral = (
        (np.abs(plan.rounding_deg) <= NEUTRAL_WITHIN_DEG)
        & (np.abs(signals.trunk_lean_deg - signals.trunk_lean_deg[index]) <= SAME_LEAN_DEG)
        & np.isfinite(t + d).all(axis=1)
    )
    if neutral.sum() < NEUTRAL_FRAMES_MIN:
        return ""
    t, d = np.median(t[neutral], axis=0), np.median(d[neutral], axis=0)
    line = hip[index] + t[:, None] * along[index] + d[:, None] * across[index] - origin
    points = smooth_line(line)[::2]
    points = points[np.isfinite(points).all(axis=1)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if len(points) > 1 else ""


def _arcs(
    plan: OverlayPlan, signals: Signals | None, time_s: float, origin: FloatArray, size: tuple[int, int]
) -> tuple[Arc, ...]:
    """Hip and knee flexion of the near side: each is the turn from the straight line through the joint."""
    index = plan.index_at(time_s)
    if index is None or signals is None or plan.both_sides or len(signals) != len(plan.time_s):
        return ()
    side = "RIGHT" if plan.near_right[index] else "LEFT"
    joint = {
        name: plan.joints_px[index][Landmark[f"{side}_{name}"]] - origin
        for name in ("SHOULDER", "HIP", "KNEE", "ANKLE")
    }
    arcs: list[Arc] = []
    for a, b, c, title, flexion_deg in (
        ("SHOULDER", "HIP", "KNEE", _("hip"), float(signals.hip_flexion_deg[index])),
        ("HIP", "KNEE", "ANKLE", _("knee"), float(signals.knee_flexion_deg[index])),
    ):
        if flexion_deg >= SMALLEST_ARC_DEG:
            arcs += _arc(joint[a], joint[b], joint[c], f"{title} {degrees(flexion_deg)}", size, arcs)
    return tuple(arcs)


def _arc(
    a: FloatArray, b: FloatArray, c: FloatArray, text: str, size: tuple[int, int], others: Sequence[Arc]
) -> list[Arc]:
    """The arc at joint ``b`` between its neighbours, or nothing where one of them was not seen."""
    before, after = b - a, c - b
    lengths = float(np.linalg.norm(before)), float(np.linalg.norm(after))
    if not all(math.isfinite(length) and length >= 1.0 for length in lengths):
        return []
    before, after = before / lengths[0], after / lengths[1]
    radius = 0.42 * min(lengths)
    start, end = b + radius * before, b + radius * after
    sweep = 1 if before[0] * after[1] - before[1] * after[0] > 0 else 0
    path = f"M{start[0]:.1f} {start[1]:.1f}A{radius:.1f} {radius:.1f} 0 0 {sweep} {end[0]:.1f} {end[1]:.1f}"
    towards = before + after
    towards = towards / max(float(np.linalg.norm(towards)), 1e-6)
    x, y = b + (radius + LABEL_GAP * size[0]) * towards
    anchor = "start" if towards[0] > 0.3 else "end" if towards[0] < -0.3 else "middle"
    x = float(np.clip(x, LABEL_ROOM[anchor][0] * size[0], LABEL_ROOM[anchor][1] * size[0]))
    y = float(np.clip(y + 0.3 * LABEL_LINE * size[0], LABEL_LINE * size[0], size[1] - 0.03 * size[0]))
    while any(abs(y - other.y) < LABEL_LINE * size[0] and abs(x - other.x) < 0.6 * size[0] for other in others):
        y += 0.5 * LABEL_LINE * size[0]
    tip = b + 1.15 * radius * before
    return [Arc(path, (float(b[0]), float(b[1]), float(tip[0]), float(tip[1])), x, y, anchor, text)]
