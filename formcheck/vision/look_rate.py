"""How often the pose model must look: seldom while little moves, often in fast phases and where a movement begins,
turns or ends, decided while it looks.

Landmarks are low-passed at 6 Hz before anything is measured, so 15 looks a second carry a squat or a deadlift, and 30 a
swing. The frames between two looks get what is on a smooth curve through the looks around them, so that every frame
of the video keeps its time and its poses; `docs/performance.md` says what that costs in accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray
from formcheck.vision.tracking import Detection

SLOW_HZ, FAST_HZ = 15.0, 30.0
"""Looks a second, at the least, while little moves, and while something is fast."""

FAST_FROM = 1.0
"""Anything that moves by this many body sizes a second is fast."""

TURNING = 0.06, 0.3
"""Shoulders that rise or sink at a speed between these, in body sizes a second, are about to turn round, to leave a
rest or to come to one. The instants of a repetition are there, so the model looks as often as at fast movement."""

FAST_FOR_S = 0.15
"""After fast movement, and after a turn, the model keeps looking often for this long."""

SUDDEN_CHANGE, SUDDEN_CONTRAST, USUAL_SHARE = 0.01, 3.0, 0.2
"""A thumbnail that changes by more than the first number, and by this many times more than usual, may be a cut: the
model looks at once. Each frame has the last number as its share in what is usual."""

GROUP_ROUNDING = 0.1
"""29.97 frames a second count as 30, and so do 28.5: headers are not exact about films of changing rates."""

LEAP = 0.08
"""Shoulders or hips that move by this many body sizes from look to look have leapt, as in a cut that the picture hides:
nothing is filled in that would smooth this."""

BRIDGED_MAX_S = 0.11
"""Between looks further apart than this nothing is filled in."""

CURVE_MAX_S = 0.25
"""Looks used for the curve's slope are no further apart than this."""

JOINTS = ("SHOULDER", "HIP", "KNEE", "WRIST")
"""Whose movement counts."""

BODY = ("SHOULDER", "HIP", "KNEE", "ANKLE")
"""Joints that the size of a body is measured between."""

FRAMES_AT_ONCE = 1024

CURVED = ("image_px", "world_m")
STRAIGHT = ("visibility", "contour_px", "contour_sharpness", "mask_flexion_deg")
NEAREST = ("floor", "floor_place")
"""How the arrays of `Detection` are filled in: on a smooth curve, on a straight line, or as seen last or next."""


class LookRate:
    """Says frame by frame whether the pose model should look; told what it saw, it decides what is needed next.

    Parameters
    ----------
    nominal_fps : frames a second by the file's header. At a steady rate every second, third, ... frame since the start
        of the video is looked at, wherever watching begins, so that parts of a video are looked at like the whole.
        None = not known: from one look to the next.
    """

    def __init__(self, nominal_fps: float | None = None) -> None:
        self._fps = nominal_fps
        self._looked_s = -np.inf
        self._fast_until_s = -np.inf
        self._before_s = -np.inf
        self._last: list[Detection] = []
        self._usual_change = 0.0
        self.looks: list[int] = []
        """Frames that were looked at, by the number of calls of `wants` before."""
        self.sudden: list[bool] = []
        """For each of them whether the picture had changed suddenly."""
        self._frame, self._is_sudden = -1, False

    def wants(self, time_s: float, picture_change: float) -> bool:
        """Whether to look at the frame of this time, which follows the last one that was asked about."""
        step_s = time_s - self._before_s
        self._before_s = time_s
        self._frame += 1
        self._is_sudden = picture_change > max(SUDDEN_CHANGE, SUDDEN_CONTRAST * self._usual_change)
        self._usual_change += USUAL_SHARE * (picture_change - self._usual_change)
        if not np.isfinite(step_s):
            return True
        rate_hz = FAST_HZ if time_s < self._fast_until_s else SLOW_HZ
        # Waiting for the next frame would be too late.
        return (
            self._is_sudden or self._is_due(time_s, rate_hz) or time_s + step_s > self._looked_s + 1.0 / rate_hz + 1e-3
        )

    def _is_due(self, time_s: float, rate_hz: float) -> bool:
        """Whether this frame is the first of the next group, counted from the start of the video."""
        if self._fps is None or not np.isfinite(self._looked_s):
            return False
        group = max(1, int(self._fps / rate_hz + GROUP_ROUNDING))
        return round(time_s * self._fps) // group * group > round(self._looked_s * self._fps)

    def saw(self, time_s: float, people: Sequence[Detection]) -> None:
        """Take note of what was seen at a look."""
        self.looks.append(self._frame)
        self.sudden.append(self._is_sudden)
        passed_s = time_s - self._looked_s
        if not people or not self._last or any(_needs_many(person, self._last, passed_s) for person in people):
            self._fast_until_s = time_s + FAST_FOR_S
        self._looked_s, self._last = time_s, list(people)


def _needs_many(person: Detection, before: Sequence[Detection], passed_s: float) -> bool:
    """Whether a joint is fast, or the shoulders are about to turn; somebody new counts as fast."""
    twin = min(before, key=person.distance_to)
    moved = (_joints(person) - _joints(twin)) / person.size_px / passed_s
    low, high = TURNING
    rising = abs(float(moved[JOINTS.index("SHOULDER"), 1]))
    return bool(np.linalg.norm(moved, axis=1).max() > FAST_FROM or low < rising < high)


def _leapt(image_px: FloatArray, before: NDArray[np.int_], after: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Whether shoulders or hips are somewhere else in one frame than in another, for pairs of frames."""
    shoulder, hip, knee, ankle = (image_px[:, list(left_right(joint))].mean(axis=1) for joint in BODY)
    size = sum(np.linalg.norm(a - b, axis=1) for a, b in ((shoulder, hip), (hip, knee), (knee, ankle)))
    moved = np.max([np.linalg.norm(point[after] - point[before], axis=1) for point in (shoulder, hip)], axis=0)
    return np.asarray(moved >= LEAP * np.asarray(size)[before])


def _joints(person: Detection) -> FloatArray:
    points = [person.image_px[list(left_right(joint)), :2].mean(axis=0) for joint in JOINTS]
    return np.asarray(points, dtype=np.float64)


def fill_between(
    time_s: FloatArray,
    looks: Sequence[int],
    sudden: Sequence[bool],
    arrays: Mapping[str, NDArray[np.float32]],
) -> None:
    """Fill in, in place, the frames between two looks that both saw the lifter.

    Before a sudden change of the picture or a leap of the body the earlier look is kept as it was, so that the change
    stays one from one frame to the next.

    Parameters
    ----------
    time_s : (T,) of every frame.
    looks, sudden : the frames that were looked at, rising, and whether the picture changed suddenly there.
    arrays : those of `Detection` by name, (T, ...), NaN where nothing was seen.
    """
    at, breaks = np.array(looks, dtype=int), np.array(sudden, dtype=bool)
    image = arrays["image_px"][:, :, :2]
    seen: NDArray[np.bool_] = np.asarray(np.isfinite(image).all(axis=(1, 2)))
    frames = np.setdiff1d(np.arange(len(time_s)), at)
    after = np.searchsorted(at, frames)
    between: NDArray[np.bool_] = np.asarray((after > 0) & (after < len(at)))
    frames, after = frames[between], after[between]
    first, second = at[after - 1], at[after]
    kept: NDArray[np.bool_] = seen[first] & seen[second] & (time_s[second] - time_s[first] <= BRIDGED_MAX_S)
    frames, after, first, second = frames[kept], after[kept], first[kept], second[kept]
    if len(frames) == 0:
        return
    earlier, later = at[np.maximum(after - 2, 0)], at[np.minimum(after + 1, len(at) - 1)]
    share = (time_s[frames] - time_s[first]) / (time_s[second] - time_s[first])
    share[breaks[after] | _leapt(image, first, second)] = 0.0
    bent: NDArray[np.bool_] = seen[earlier] & seen[later] & (earlier < first) & (later > second)
    bent &= (time_s[second] - time_s[earlier] <= CURVE_MAX_S) & (time_s[later] - time_s[first] <= CURVE_MAX_S)
    bent &= ~(breaks[after - 1] | breaks[np.minimum(after + 1, len(at) - 1)])
    bent &= ~(_leapt(image, earlier, first) | _leapt(image, second, later))
    # In blocks, so that a long video does not need many times the memory of what is filled in.
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        block = slice(start, start + FRAMES_AT_ONCE)
        looked = earlier[block], first[block], second[block], later[block]
        for name in (*CURVED, *STRAIGHT):
            values = arrays[name]
            part = share[block].reshape(-1, *[1] * (values.ndim - 1))
            line = values[first[block]] * (1 - part) + values[second[block]] * part
            if name in CURVED:
                curve = _hermite(values, time_s, looked, part)
                line = np.where(bent[block].reshape(part.shape), curve, line)
            values[frames[block]] = line
    for name in NEAREST:
        arrays[name][frames] = arrays[name][np.where(share < 0.5, first, second)]


def _hermite(
    values: FloatArray, time_s: FloatArray, looks: tuple[NDArray[np.int_], ...], part: FloatArray
) -> FloatArray:
    """Cubic through the two middle looks, with the slopes that their neighbours give."""
    earlier, first, second, later = looks

    def slope(a: NDArray[np.int_], b: NDArray[np.int_]) -> FloatArray:
        passed = np.maximum(time_s[b] - time_s[a], 1e-9).reshape(part.shape)
        return np.asarray((values[b] - values[a]) / passed)

    step = (time_s[second] - time_s[first]).reshape(part.shape)
    start, end = slope(earlier, second) * step, slope(first, later) * step
    square, cube = part**2, part**3
    return np.asarray(
        (2 * cube - 3 * square + 1) * values[first]
        + (cube - 2 * square + part) * start
        + (3 * square - 2 * cube) * values[second]
        + (cube - square) * end
    )
