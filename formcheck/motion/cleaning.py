"""Clean landmarks: cut the sequence at scene changes, drop impossible frames, bridge short gaps, filter without lag."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from formcheck.core.landmarks import Landmark, left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.geometry import distance, midpoint
from formcheck.motion.runs import running_median, runs_of

CUTOFF_HZ = 6.0
"""Low-pass of landmark positions; lifts hold next to nothing above it (Winter 2009; Sports2D uses the same)."""

LONGEST_BRIDGED_GAP_S = 0.2
"""Gaps up to this length are interpolated; longer ones stay missing."""

CUT_PICTURE_CHANGE = 0.12
"""A thumbnail that changes by more than this from one frame to the next, far above its surroundings, is a cut."""

CUT_CONTRAST = 6.0
"""How many times the typical change of its surroundings a cut must stand out."""

LONGEST_TIME_STEP_S = 5.0
"""A pause between two frames longer than this is a cut as well. A shorter one is a gap in what was seen: frames that a
phone drops, or a variable rate."""

LEAP_MIN, LEAP_CONTRAST, LEAP_NEIGHBOURS = 0.15, 3.0, 3
"""Shoulders or hips that leap by this share of the standing height from one frame to the next, and by this many times
more than over this many frames before and after: a cut that the picture hides. Real cuts leap by 0.16 to 0.5; the
largest leap of a tracker that keeps its person is 0.13 over the labelled clips."""

MOVING_STEPS, TELLS_MOVEMENT, LEAP_SHOWS = (0.02, 0.1), 2.0, 2.0
"""Where the picture changes twice as much while the body moves by so much a frame, in standing heights, as when it is
quietest, a body that really is somewhere else changes it at least twice as much as movement mostly does. In three real
cuts it was 8 times and more; in six leaps by which the pose model mended its own error, at most 1.0 times."""

JOINED_PICTURE_CHANGE, JOINED_LEAP = 0.01, 0.08
"""A picture that changes by this much, far above its surroundings, while the body leaps by this share of the standing
height, is a cut within one scene."""

FREEZE_S, SAME_PICTURE, NEARLY_SAME_PICTURE, OF_MOVING_PICTURE = 0.3, 5e-5, 5e-4, 0.15
"""A picture that stands still for so long: thumbnails change by less than the third number, and by less than that share
of what they change by while things move, mostly by less than the second. Scenes filmed with a still camera stay above
it while somebody moves; the share sees to that where the lifter is small."""

STOPS_FROM_PER_S, SLOWING_TO, SLOWING_S, MOVING_FROM, FREEZE_LEAP = 0.25, 0.7, 0.13, 0.3, 0.08
"""Nobody stops within a frame. A still picture is a frozen one, rather than somebody who keeps still, when just before
it the body moved at this many standing heights a second and had not slowed down to that share of its speed within that
time, while the picture changed by this share of what it does when things move; or when just after it the body is the
last share of a standing height away."""

LENGTH_FACTOR_MAX = 1.5
"""A limb longer in the picture than this many times its usual length is a tracking error."""

FOOT_LIFT_MAX = 0.75
"""Feet never rise above their usual place by more than this many trunk lengths in the lifts that are judged here."""

DOUBTFUL_AROUND_S = 0.1
"""Landmarks drift before they are lost, so this much time around a long loss is not trusted either."""

SHORTEST_SEGMENT_S = 0.4
"""Anything shorter between two cuts cannot be filtered or judged."""


@dataclass(frozen=True)
class CleanPoses:
    """Filtered poses and the uninterrupted stretches they consist of.

    Attributes
    ----------
    poses : as given, with filtered coordinates; NaN where the lifter was not credibly seen.
    segments : half-open index ranges without a cut inside, in order of time.
    rejected : (T,) True where landmarks were given but were not credible.
    frozen : (T,) True where the picture stands still while the lifter does not.
    """

    poses: PoseSequence
    segments: tuple[slice, ...]
    rejected: NDArray[np.bool_]
    frozen: NDArray[np.bool_]


def clean(poses: PoseSequence) -> CleanPoses:
    """Gate, bridge and filter all landmarks of a sequence."""
    image, world = poses.image_px.astype(np.float64), poses.world_m.astype(np.float64)
    frozen = frozen_frames(poses)
    segments = _segments(poses, frozen)
    rejected = frozen & poses.seen
    image[frozen] = np.nan
    for part in segments:
        rejected[part] |= implausible_frames(image[part])
    rejected = (rejected | _around_long_losses(rejected | ~poses.seen, poses.time_s)) & poses.seen
    image[rejected], world[rejected] = np.nan, np.nan
    smooth_image, smooth_world = np.full_like(image, np.nan), np.full_like(world, np.nan)
    for part in segments:
        time_s = poses.time_s[part]
        smooth_image[part] = smooth(time_s, image[part])
        smooth_world[part] = smooth(time_s, world[part])
    return CleanPoses(replace(poses, image_px=smooth_image, world_m=smooth_world), segments, rejected, frozen)


def find_segments(poses: PoseSequence) -> tuple[slice, ...]:
    """Stretches between cuts that are long enough to analyse."""
    return _segments(poses, frozen_frames(poses))


def _segments(poses: PoseSequence, frozen: NDArray[np.bool_]) -> tuple[slice, ...]:
    frames = len(poses)
    if frames == 0:
        return ()
    starts = [0, *np.flatnonzero(_is_cut(poses, frozen)).tolist(), frames]
    parts = [slice(a, b) for a, b in itertools.pairwise(starts)]
    return tuple(
        part
        for part in parts
        if part.stop - part.start >= 4 and poses.time_s[part.stop - 1] - poses.time_s[part.start] >= SHORTEST_SEGMENT_S
    )


def _is_cut(poses: PoseSequence, frozen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(T,) True for the first frame after a cut."""
    steps = _steps(poses)
    change = np.nan_to_num(poses.picture_change)
    usual = signal.medfilt(change, 15) if len(change) >= 15 else np.full_like(change, np.median(change))
    stands_out = change > CUT_CONTRAST * usual
    cut = (change > CUT_PICTURE_CHANGE) & stands_out
    cut |= (change > JOINED_PICTURE_CHANGE) & stands_out & (np.nan_to_num(steps) >= JOINED_LEAP)
    cut[1:] |= np.diff(poses.time_s) > LONGEST_TIME_STEP_S
    cut |= _leaps(steps) & ~_without_movement(steps, change)
    # A frozen picture that goes on is a gap in what was seen.
    cut &= ~_just_after(frozen)
    cut[0] = False
    return cut


def _leaps(steps: FloatArray) -> NDArray[np.bool_]:
    """(T,) True where a body that is seen all the time is somewhere else than in the frame before; see `_steps`."""
    leap = np.nan_to_num(steps) >= LEAP_MIN
    for frame in np.flatnonzero(leap):
        around = np.r_[steps[max(0, frame - LEAP_NEIGHBOURS) : frame], steps[frame + 1 : frame + 1 + LEAP_NEIGHBOURS]]
        known = np.isfinite(around)
        leap[frame] = known.sum() >= LEAP_NEIGHBOURS and steps[frame] > LEAP_CONTRAST * around[known].max()
    return leap


def _without_movement(steps: FloatArray, picture_change: FloatArray) -> NDArray[np.bool_]:
    """(T,) True where the picture rules out that a body leapt: the pose model thought better of where it is."""
    moving = (steps > MOVING_STEPS[0]) & (steps < MOVING_STEPS[1])
    if not moving.any():
        return np.zeros(len(steps), dtype=bool)
    usual, much = np.percentile(picture_change[moving], (50, 75))
    if usual < TELLS_MOVEMENT * np.percentile(picture_change, 10):
        return np.zeros(len(steps), dtype=bool)
    return np.asarray(picture_change < LEAP_SHOWS * much)


def frozen_frames(poses: PoseSequence) -> NDArray[np.bool_]:
    """(T,) True where the picture repeats the one before although the lifter was moving; not for the first of them."""
    frozen = np.zeros(len(poses), dtype=bool)
    change = np.nan_to_num(poses.picture_change)
    moving = change[change > SAME_PICTURE]
    usual = float(np.percentile(moving, 90)) if len(moving) else np.inf
    still = change < min(NEARLY_SAME_PICTURE, OF_MOVING_PICTURE * usual)
    still[:1] = False
    runs = runs_of(still)
    if not runs:
        return frozen
    steps = _steps(poses)
    passed_s = np.diff(poses.time_s, prepend=poses.time_s[:1])
    with np.errstate(invalid="ignore", divide="ignore"):
        speed = steps / passed_s
    for start, stop in runs:
        if poses.time_s[stop - 1] - poses.time_s[start - 1] < FREEZE_S or np.median(change[start:stop]) > SAME_PICTURE:
            continue
        since = int(np.searchsorted(poses.time_s, poses.time_s[start - 1] - SLOWING_S))
        before = np.nan_to_num(speed[since:start])
        stops_dead = bool(before[-1] >= max(STOPS_FROM_PER_S, SLOWING_TO * before.max()))
        # Poses may leap about while the picture hardly changes, as when a small lifter has just been found.
        stops_dead &= bool(np.median(change[since:start]) >= MOVING_FROM * usual)
        leaps = stop < len(poses) and bool(np.nan_to_num(steps[stop]) >= FREEZE_LEAP)
        frozen[start:stop] = stops_dead or leaps
    return frozen


def _just_after(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.concatenate([[False], where[:-1]]) & ~where if len(where) else where


def _steps(poses: PoseSequence) -> FloatArray:
    """(T,) how far shoulders or hips moved since the frame before, in standing heights; NaN where either is not seen.

    NaN as well after a gap in time, as somebody who moves on while nothing is recorded has not leapt, and where the
    trunk is longer than any.
    """
    image = poses.image_px[:, :, :2].astype(np.float64)
    shoulder, hip, ankle = (image[:, list(left_right(joint))].mean(axis=1) for joint in ("SHOULDER", "HIP", "ANKLE"))
    rise = ankle[:, 1] - shoulder[:, 1]
    tall = float(np.nanpercentile(rise, 97)) if np.isfinite(rise).any() else float("nan")
    steps = np.full(len(poses), np.nan)
    if len(poses) > 1 and tall > 0:
        steps[1:] = np.max([np.linalg.norm(np.diff(point, axis=0), axis=1) for point in (shoulder, hip)], axis=0) / tall
        trunk = distance(shoulder, hip)
        spoilt = ~(trunk <= LENGTH_FACTOR_MAX * np.nanpercentile(trunk, 75))
        steps[1:][(np.diff(poses.time_s) > SHORTEST_SEGMENT_S) | spoilt[1:] | spoilt[:-1]] = np.nan
    return steps


def implausible_frames(image_px: FloatArray) -> NDArray[np.bool_]:
    """(T,) True where a body cannot look like this: upside down, a limb far too long, or a jump that nobody can do."""
    hips = midpoint(image_px[:, Landmark.LEFT_HIP, :2], image_px[:, Landmark.RIGHT_HIP, :2])
    shoulders = midpoint(image_px[:, Landmark.LEFT_SHOULDER, :2], image_px[:, Landmark.RIGHT_SHOULDER, :2])
    ankles = midpoint(image_px[:, Landmark.LEFT_ANKLE, :2], image_px[:, Landmark.RIGHT_ANKLE, :2])
    trunk = distance(hips, shoulders)
    if not np.isfinite(trunk).any():
        return np.zeros(len(image_px), dtype=bool)
    scale = np.nanpercentile(trunk, 75)
    floor = np.nanpercentile(ankles[:, 1], 75)
    with np.errstate(invalid="ignore"):
        bad = ankles[:, 1] < hips[:, 1] - 0.3 * scale
        bad |= shoulders[:, 1] > hips[:, 1] + 0.6 * scale
        bad |= ankles[:, 1] < floor - FOOT_LIFT_MAX * scale
        bad |= trunk > LENGTH_FACTOR_MAX * scale
        for side in ("LEFT", "RIGHT"):
            for a, b in (("HIP", "KNEE"), ("KNEE", "ANKLE")):
                length = distance(image_px[:, Landmark[f"{side}_{a}"], :2], image_px[:, Landmark[f"{side}_{b}"], :2])
                bad |= length > LENGTH_FACTOR_MAX * max(np.nanpercentile(length, 75), 0.6 * scale)
        # One frame that leaps away and back is a mis-detection; the neighbours' median shows where the body was.
        centre = midpoint(hips, shoulders)
        usual = np.stack([running_median(centre[:, axis], 7) for axis in range(2)], axis=1)
        bad |= distance(centre, usual) > 0.6 * scale
    return bad


def _around_long_losses(lost: NDArray[np.bool_], time_s: FloatArray) -> NDArray[np.bool_]:
    """(T,) True within `DOUBTFUL_AROUND_S` of a stretch without credible landmarks that is too long to bridge."""
    around = np.zeros(len(lost), dtype=bool)
    for start, stop in runs_of(lost):
        first_s, last_s = time_s[start], time_s[stop - 1]
        if last_s - first_s > LONGEST_BRIDGED_GAP_S:
            around |= (time_s >= first_s - DOUBTFUL_AROUND_S) & (time_s <= last_s + DOUBTFUL_AROUND_S)
    return around


def smooth(time_s: FloatArray, values: FloatArray, cutoff_hz: float = CUTOFF_HZ) -> FloatArray:
    """Bridge short gaps and low-pass without lag (Butterworth, 4th order after both passes).

    Parameters
    ----------
    time_s : (T,) strictly rising, may be unevenly spaced.
    values : (T, ...) with NaN where missing.

    Returns
    -------
    Same shape. Gaps longer than `LONGEST_BRIDGED_GAP_S` stay NaN; stretches too short to filter are left as they are.
    """
    if len(values) == 0:
        return values.copy()
    flat = values.reshape(len(values), -1)
    result = np.full_like(flat, np.nan)
    patterns = np.isfinite(flat)
    # Landmarks are mostly missing together, so columns are grouped by what they miss and filtered at once.
    keys = [column.tobytes() for column in patterns.T]
    for key in dict.fromkeys(keys):
        columns = [index for index, other in enumerate(keys) if other == key]
        known = patterns[:, columns[0]]
        for start, stop in bridged_stretches(time_s, known):
            filled = flat[start:stop, columns]
            if not known[start:stop].all():
                inside = np.arange(start, stop)
                have = inside[known[start:stop]]
                filled = _interpolate(time_s[inside], time_s[have], flat[have][:, columns])
            result[start:stop, columns] = low_pass(time_s[start:stop], filled, cutoff_hz)
    return result.reshape(values.shape)


def bridged_stretches(time_s: FloatArray, known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open ranges of known samples, joined over gaps short enough to bridge."""
    have = np.flatnonzero(known)
    if len(have) == 0:
        return []
    consecutive = np.diff(have) == 1
    breaks = np.flatnonzero(~consecutive & (np.diff(time_s[have]) > LONGEST_BRIDGED_GAP_S))
    starts = have[np.concatenate([[0], breaks + 1])]
    stops = have[np.concatenate([breaks, [len(have) - 1]])] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def low_pass(time_s: FloatArray, values: FloatArray, cutoff_hz: float) -> FloatArray:
    """Zero-lag Butterworth along the first axis of gap-free values; uneven times are resampled to even ones and back.

    Values are returned as they are where there are too few of them, or where they come too slowly for the cut-off to
    mean anything.
    """
    if len(time_s) < 4:
        return values
    step_s = float(np.median(np.diff(time_s)))
    # Padding of three cut-off periods lets the filter settle; a stretch shorter than that is mostly padding.
    rate_hz = 1.0 / step_s
    if cutoff_hz >= 0.45 * rate_hz:
        return values
    even_s = np.linspace(time_s[0], time_s[-1], max(4, round((time_s[-1] - time_s[0]) / step_s) + 1))
    is_even = len(even_s) == len(time_s) and np.allclose(even_s, time_s, atol=0.05 * step_s)
    even = values if is_even else _interpolate(even_s, time_s, values)
    sections = _butterworth(cutoff_hz, float(1.0 / (even_s[1] - even_s[0])))
    padding = min(len(even_s) - 1, max(9, round(rate_hz / cutoff_hz)))
    filtered = signal.sosfiltfilt(sections, even, axis=0, padtype="odd", padlen=padding)
    return np.asarray(filtered if is_even else _interpolate(time_s, even_s, filtered))


@functools.lru_cache(maxsize=64)
def _butterworth(cutoff_hz: float, rate_hz: float) -> FloatArray:
    """Sections of the second-order filter, not to be changed: designing it takes longer than a short stretch does."""
    return np.asarray(signal.butter(2, cutoff_hz, fs=rate_hz, output="sos"))


def _interpolate(at_s: FloatArray, time_s: FloatArray, values: FloatArray) -> FloatArray:
    return np.stack([np.interp(at_s, time_s, column) for column in values.T], axis=1)
