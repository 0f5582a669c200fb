"""Repetitions as moving stick figures with the line of the back, drawn from poses: what is compared without videos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.core.landmarks import Landmark, left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.words import _
from formcheck.judging.report import Report
from formcheck.render.overlay import (
    FAR_SEGMENTS,
    THIN_SEGMENTS,
    OverlayPlan,
    plan_overlay,
    rounding_level,
    rounding_word,
)
from formcheck.render.skeleton_drawing import smooth_line
from formcheck.render.terminal import degrees

FRAMES_PER_S = 25.0
"""More are not seen, and would only make the page heavier."""

MARGIN = 8.0
"""Room around the figures, in percent of the lifter's height."""
BACK_STATIONS_STEP = 3


@dataclass(frozen=True)
class Moment:
    """One frame of a figure: SVG paths in percent of the lifter's height, feet at (0, 0), down is positive.

    ``head`` is its centre, None where it was not seen; ``level`` is that of the back, as a verdict.
    """

    near: str
    far: str
    thin: str
    back: str
    head: tuple[float, float] | None
    level: str
    words: str


@dataclass(frozen=True)
class Figure:
    """One repetition: times of its moments in seconds, and the box that holds all of them (left, top, right, bottom).

    Every figure faces right and is as tall as every other, so that two lifters filmed from two sides can be compared.
    """

    time_s: tuple[float, ...]
    moments: tuple[Moment, ...]
    box: tuple[float, float, float, float]


def figure(poses: PoseSequence, report: Report, start_s: float, end_s: float) -> Figure | None:
    """The part of a set from ``start_s`` to ``end_s``; None where the lifter was not seen well enough to be drawn.

    Parameters
    ----------
    report : what `analyze` says about exactly these poses.
    """
    plan = plan_overlay(poses, report, poses.video.width, poses.video.height)
    frames = _frames(plan.time_s, start_s, end_s)
    joints, contour = _standing_alike(plan, frames, report.view.forward)
    if joints is None or contour is None:
        return None
    near = "RIGHT" if np.mean(plan.near_right[frames]) >= 0.5 else "LEFT"
    moments = tuple(_moment(joints[n], contour[n], near, frame, plan) for n, frame in enumerate(frames))
    points = joints.reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    (left, top), (right, bottom) = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    times = tuple(round(float(plan.time_s[frame]), 3) for frame in frames)
    return Figure(times, moments, (float(left), float(top), float(right), float(bottom)))


def _frames(time_s: FloatArray, start_s: float, end_s: float) -> list[int]:
    """Frames of that part, at most `FRAMES_PER_S`."""
    frames: list[int] = []
    last_s = -math.inf
    for frame in np.flatnonzero((time_s >= start_s) & (time_s <= end_s)):
        if time_s[frame] - last_s > 0.9 / FRAMES_PER_S:
            frames.append(int(frame))
            last_s = float(time_s[frame])
    return frames


def _standing_alike(
    plan: OverlayPlan, frames: list[int], forward: float
) -> tuple[FloatArray | None, FloatArray | None]:
    """Joints and back in percent of the lifter's height, feet at (0, 0), facing right; None where that is not known."""
    feet = plan.joints_px[:, [*left_right("ANKLE"), *left_right("HEEL")]]
    head = plan.joints_px[:, list(left_right("EAR"))].mean(axis=1)
    known = np.isfinite(feet).all(axis=(1, 2)) & np.isfinite(head).all(axis=1)
    here = [frame for frame in frames if known[frame]]
    if len(here) < 2:
        return None, None
    # The tallest that this lifter is seen in the whole set: a repetition alone may not stand up.
    height = float(np.percentile(feet[known, :, 1].max(axis=1) - head[known, 1], 95))
    if not height > 0:
        return None, None
    origin = np.array([np.median(feet[here, :2, 0]), np.median(feet[here, :, 1].max(axis=1))])
    scale = 100.0 / height * np.array([-1.0 if forward < 0 else 1.0, 1.0])
    return (plan.joints_px[frames] - origin) * scale, (plan.contour_px[frames] - origin) * scale


def _moment(joints: FloatArray, contour: FloatArray, near: str, frame: int, plan: OverlayPlan) -> Moment:
    rounding_deg = float(plan.rounding_deg[frame])
    shown, guessed = plan.limbs(frame)
    far = "LEFT" if near == "RIGHT" else "RIGHT"
    across = "".join(_line(joints[list(left_right(joint))]) for joint in ("SHOULDER", "HIP"))
    sides = (near, far) if plan.both_sides else (near,)
    head = joints[list(left_right("EAR"))].mean(axis=0)
    back = smooth_line(contour)[::BACK_STATIONS_STEP]
    measured = math.isfinite(rounding_deg)
    said = f"{degrees(rounding_deg, signed=True)}, {rounding_word(rounding_deg, plan.limits_deg)}"
    return Moment(
        near="".join(_segments(joints, side, shown) for side in sides),
        far=_segments(joints, near, guessed)
        + ("" if plan.both_sides else _segments(joints, far, FAR_SEGMENTS) + across),
        thin="".join(_segments(joints, side, THIN_SEGMENTS[:1]) for side in sides)
        + (across if plan.both_sides else ""),
        back=_line(back[np.isfinite(back).all(axis=1)]),
        head=(round(float(head[0]), 1), round(float(head[1]), 1)) if np.isfinite(head).all() else None,
        level=rounding_level(rounding_deg, plan.limits_deg),
        words=said if measured else _("not judged"),
    )


def _segments(joints: FloatArray, side: str, segments: Sequence[tuple[str, str]]) -> str:
    return "".join(_line(joints[[Landmark[f"{side}_{a}"], Landmark[f"{side}_{b}"]]]) for a, b in segments)


def _line(points: FloatArray) -> str:
    """SVG path through the points; empty where one is missing."""
    if len(points) < 2 or not np.isfinite(points).all():
        return ""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
