"""What only a whole set shows: tempo, velocity and its loss, drift, the bar's path, best and worst repetition.

Lengths are in body heights (1.0 = the lifter's stature), velocities in body heights per second; in metres as well
where the lifter's height is known. Nothing here is judged right or wrong: it is told beside the findings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH, DriftVerdict
from formcheck.exercises.framework.check import Check, Finding
from formcheck.exercises.framework.cycle_features import median
from formcheck.exercises.framework.exercise import Exercise, Rep, TrackedPoint
from formcheck.motion.cleaning import LONGEST_BRIDGED_GAP_S, smooth
from formcheck.motion.plate import PlateTrack
from formcheck.motion.signals import Signals
from formcheck.motion.theil_sen import theil_sen
from formcheck.motion.velocity import Stroke, stroke_down, stroke_up, whole_way

SHOULDERS_IN_BODY_HEIGHTS = 0.76
"""Height of the shoulders above the ankles as a share of stature: 0.818 - 0.039 up to the acromion (Drillis and
Contini; Winter 2009), and the joint that the model shows lies a little lower; 0.757 +- 0.014 in rendered lifters."""

HANDS, SHOULDERS = TrackedPoint.HANDS, TrackedPoint.SHOULDERS
HEIGHT_SCALE, PLATE_SCALE = "the lifter's height", "a plate of 450 mm"

POINT_CUTOFF_HZ = 5.0
"""Landmarks come filtered at 6 Hz; velocity doubles what noise is left of it."""

BEYOND_S = 0.2
"""The ends of a way lie within this time of those found from the shoulders, or where the point comes to rest later."""

ARM_SPREAD_MAX = 0.15
"""Arms that hold a bar keep their length in a side view. Hands whose distance from the shoulders varies by more than
this share (10th to 90th percentile) on the way up are hidden by a plate and guessed; the shoulders are followed
instead, which a bar on long arms follows as well."""

SWUNG_MAX_YAW_DEG = 35.0
"""Hands that swing far out come towards a camera that sees the lifter at a larger angle."""

PATH_MAX_YAW_DEG = 25.0
"""Beyond this yaw forward and backward can no longer be told from the picture."""

PATH_POINTS = 60
"""A path is given at this many times, evenly spaced: enough to draw it."""

WHOLE_WAY_DOWN = 0.6
"""A way down of less than this share of the way up was not seen to its end, or the bar was dropped."""

REPS_FOR_LOSS = 3
"""Velocity loss and consistency need this many repetitions."""

REPS_FOR_DRIFT = 4
"""Of fewer repetitions no trend is told from chance."""


@dataclass(frozen=True)
class _Drifting:
    """A quantity that may drift: name, unit, whether growing is bad, the change over a set that is worth a word."""

    name: str
    unit: str
    more_is_worse: bool
    worth: float


DRIFTING = (
    _Drifting("back_rounding", "deg", True, 6.0),
    _Drifting("range_of_motion", "%", False, 8.0),
    _Drifting("concentric_time", "%", True, 15.0),
    _Drifting("mean_velocity", "%", False, 15.0),
)
"""Shares are of the mean over the set. Changes worth a word are provisional: about twice the scatter of repetitions
that differ in nothing."""


@dataclass(frozen=True)
class BarPath:
    """Way of the tracked point (hands or shoulders) over one repetition, (P,) each.

    ``forward_heights`` is in front of the mid-foot, ``up_heights`` above the ankles, both in body heights.
    ``drift_heights`` is how much further forward (positive) the way up ends than it began, ``peak_deviation_heights``
    the furthest that it strays from the vertical line through its beginning, forward positive.
    """

    time_s: FloatArray = field(compare=False)
    forward_heights: FloatArray = field(compare=False)
    up_heights: FloatArray = field(compare=False)
    drift_heights: float
    peak_deviation_heights: float


@dataclass(frozen=True)
class PlatePath:
    """Way of the near plate's centre over one repetition in metres, (P,) each; otherwise as `BarPath`."""

    time_s: FloatArray = field(compare=False)
    forward_m: FloatArray = field(compare=False)
    up_m: FloatArray = field(compare=False)
    drift_m: float
    peak_deviation_m: float


@dataclass(frozen=True)
class RepMotion:
    """Tempo and velocity of one repetition; NaN = not measured.

    ``eccentric_s`` is the way down, ``concentric_s`` the way up, each within 4 % of its ends; the pauses lie between
    them. ``range_heights`` is the height between the ends. ``velocity_loss`` is (best - this) / best of the set's mean
    concentric velocities, 0..1; NaN for a partial repetition, which counts for no best either.
    """

    index: int
    eccentric_s: float = math.nan
    bottom_pause_s: float = math.nan
    concentric_s: float = math.nan
    top_pause_s: float = math.nan
    range_heights: float = math.nan
    mean_velocity_heights_per_s: float = math.nan
    peak_velocity_heights_per_s: float = math.nan
    mean_velocity_m_per_s: float = math.nan
    peak_velocity_m_per_s: float = math.nan
    velocity_loss: float = math.nan
    path: BarPath | None = None
    plate_path: PlatePath | None = None


@dataclass(frozen=True)
class Drift:
    """Change of a quantity from repetition to repetition.

    ``slope`` per repetition with its 95 % interval ``low``..``high``, ``change`` over the whole set, all in ``unit``.
    ``verdict`` is "worse", "better", "steady", "unclear" or, with the ``reason``, "not-measured".
    """

    quantity: str
    unit: str
    verdict: DriftVerdict
    slope: float = math.nan
    low: float = math.nan
    high: float = math.nan
    change: float = math.nan
    reason: str = ""


@dataclass(frozen=True)
class SetLevel:
    """The set as a whole.

    Attributes
    ----------
    point : what was followed, "hands" or "shoulders".
    body_height_m : stature in metres, NaN when unknown.
    scale : what metres come from, "the lifter's height" or "a plate of 450 mm"; "" when there are none.
    reps : tempo and velocity, one for each repetition of the report.
    tempo_s : medians in the order eccentric, bottom pause, concentric, top pause.
    velocity_loss : of the last repetition against the best one, 0..1.
    drifts : back rounding, range of motion, concentric time, mean velocity.
    consistency : coefficient of variation (standard deviation / mean) by name, NaN for fewer than three repetitions.
    best_rep, worst_rep : index of the repetition with the least and the most to say about; None when none stands out.
    """

    point: TrackedPoint
    body_height_m: float
    scale: str
    reps: tuple[RepMotion, ...]
    tempo_s: tuple[float, float, float, float]
    velocity_loss: float
    drifts: tuple[Drift, ...]
    consistency: Mapping[str, float] = field(default_factory=dict)
    best_rep: int | None = None
    worst_rep: int | None = None

    def drift(self, quantity: str) -> Drift:
        """The drift of that name; `KeyError` for another one."""
        for each in self.drifts:
            if each.quantity == quantity:
                return each
        raise KeyError(quantity)


def set_level(
    lift: Exercise,
    reps: Sequence[tuple[Signals, Rep]],
    back_rounding_deg: Sequence[float],
    findings: Sequence[Sequence[Finding]],
    *,
    height_cm: float | None = None,
    plate: PlateTrack | None = None,
) -> SetLevel | None:
    """The set from its repetitions.

    Parameters
    ----------
    lift : which lift; says what is followed and whether the way down comes first.
    reps : signals and instants of each repetition, in order.
    back_rounding_deg : back rounding of each repetition, NaN = not measured.
    findings : findings of each repetition.
    height_cm : the lifter's height; None when unknown.
    plate : the near plate of the bar, where it was followed: metres and path come from it.

    Returns
    -------
    None when there is no repetition.
    """
    if not reps:
        return None
    point = _point(lift, reps)
    motions = _with_velocity_loss(_rep_motions(lift, reps, point), [rep.partial for _, rep in reps])
    body_height_m = math.nan if height_cm is None else height_cm / 100.0
    motions = [_in_metres(motion, body_height_m) for motion in motions]
    scale = "" if height_cm is None else HEIGHT_SCALE
    if plate is not None and not plate.reason:
        followed = [_with_plate(motion, *pair, plate) for motion, pair in zip(motions, reps, strict=True)]
        # All or none: hands and plate are seen at different distances, and would not compare.
        if all(motion.plate_path is not None for motion in followed):
            motions, scale = followed, PLATE_SCALE
    whole = [motion for motion, (_, rep) in zip(motions, reps, strict=True) if not rep.partial]
    rounding = [deg for deg, (_, rep) in zip(back_rounding_deg, reps, strict=True) if not rep.partial]
    losses = [motion.velocity_loss for motion in whole if math.isfinite(motion.velocity_loss)]
    best, worst = _best_and_worst(lift.checks, findings, [rep.partial for _, rep in reps])
    return SetLevel(
        point=point,
        body_height_m=body_height_m,
        scale=scale,
        reps=tuple(motions),
        tempo_s=(
            median(np.array([motion.eccentric_s for motion in whole])),
            median(np.array([motion.bottom_pause_s for motion in whole])),
            median(np.array([motion.concentric_s for motion in whole])),
            median(np.array([motion.top_pause_s for motion in whole])),
        ),
        velocity_loss=losses[-1] if len(losses) >= REPS_FOR_LOSS else math.nan,
        drifts=_drifts(whole, rounding),
        consistency={
            "range_of_motion": _variation([motion.range_heights for motion in whole]),
            "concentric_time": _variation([motion.concentric_s for motion in whole]),
            "mean_velocity": _variation([motion.mean_velocity_heights_per_s for motion in whole]),
        },
        best_rep=best,
        worst_rep=worst,
    )


# --- tempo and velocity --------------------------------------------------------------------------------------------


def _rep_motions(lift: Exercise, reps: Sequence[tuple[Signals, Rep]], point: TrackedPoint) -> list[RepMotion]:
    heights = {key: _height(signals, point) for key, signals in {id(signals): signals for signals, _ in reps}.items()}
    ups = [
        _way_up(signals, rep, heights[id(signals)])
        if _in_plane(lift, signals, rep, point) and not rep.cycle.half_seen
        else None
        for signals, rep in reps
    ]
    downs = [_way_down(lift, reps, index, heights[id(reps[index][0])], up) for index, up in enumerate(ups)]
    motions = []
    for index, (signals, _) in enumerate(reps):
        up, down = ups[index], downs[index]
        next_down = _at(downs, index + 1) if lift.lowers_first and _follow(reps, index) else None
        last_down = _at(downs, index - 1) if not lift.lowers_first and _follow(reps, index - 1) else None
        before, after = (down, next_down) if lift.lowers_first else (last_down, down)
        motions.append(
            RepMotion(
                index=index + 1,
                eccentric_s=down.duration_s if down else math.nan,
                bottom_pause_s=_pause_s(before, up),
                concentric_s=up.duration_s if up else math.nan,
                top_pause_s=_pause_s(up, after),
                range_heights=_body_heights(up.travel) if up else math.nan,
                mean_velocity_heights_per_s=_body_heights(up.mean_velocity) if up else math.nan,
                peak_velocity_heights_per_s=_body_heights(up.peak_velocity) if up else math.nan,
                # The shoulders' path is not the bar's where the hands hold it.
                path=_path(signals, point, heights[id(signals)], up, down) if point == lift.path.point else None,
            )
        )
    return motions


def _point(lift: Exercise, reps: Sequence[tuple[Signals, Rep]]) -> TrackedPoint:
    """What can be followed over the set: the lift's own point, or the shoulders where plates hide the hands."""
    if lift.path.point == HANDS and lift.from_floor:
        spreads = [_arm_spread(signals, rep) for signals, rep in reps]
        if np.median(spreads) > ARM_SPREAD_MAX:
            return SHOULDERS
    return lift.path.point


def _in_plane(lift: Exercise, signals: Signals, rep: Rep, point: TrackedPoint) -> bool:
    """False where hands move towards or away from the camera."""
    if point != HANDS or lift.from_floor:
        return True
    return median(np.abs(signals.yaw_deg[rep.start : rep.end + 1])) <= SWUNG_MAX_YAW_DEG


def _arm_spread(signals: Signals, rep: Rep) -> float:
    """How much the distance from shoulders to hands varies on the way up, as a share of itself; 0 off the side view."""
    way = slice(rep.lift_off, rep.lockout + 1)
    arm = np.hypot(
        signals.shoulder_height[way] - signals.hand_height[way],
        signals.shoulder_forward[way] - signals.hand_forward[way],
    )
    if not np.isfinite(arm).any():
        return math.inf
    if not median(np.abs(signals.yaw_deg[way])) <= PATH_MAX_YAW_DEG:
        return 0.0
    short, usual, long = np.nanpercentile(arm, [10, 50, 90])
    return float((long - short) / usual)


def _height(signals: Signals, point: TrackedPoint) -> FloatArray:
    values = signals.hand_height if point == HANDS else signals.shoulder_height
    return smooth(signals.time_s, values, POINT_CUTOFF_HZ)


def _forward(signals: Signals, point: TrackedPoint) -> FloatArray:
    values = signals.hand_forward if point == HANDS else signals.shoulder_forward
    return smooth(signals.time_s, values, POINT_CUTOFF_HZ)


def _way_up(signals: Signals, rep: Rep, height: FloatArray) -> Stroke | None:
    # Not the whole rests: hands that grip and regrip there would pass for the beginning or the end of the way.
    start, stop = whole_way(signals.time_s, height, rep.lift_off, rep.lockout, 1.0, BEYOND_S)
    return stroke_up(signals.time_s, height, start, stop)


def _way_down(
    lift: Exercise, reps: Sequence[tuple[Signals, Rep]], index: int, height: FloatArray, up: Stroke | None
) -> Stroke | None:
    """The way down that belongs to a repetition: before the way up where the lift begins at the top, else after it."""
    signals, rep = reps[index]
    cycle = rep.cycle
    ends = (cycle.before, cycle.bottom_from) if lift.lowers_first else (cycle.top_to, cycle.after)
    start, stop = whole_way(signals.time_s, height, *ends, -1.0, BEYOND_S)
    down = stroke_down(signals.time_s, height, start, stop)
    if down is None or up is None or down.travel < WHOLE_WAY_DOWN * up.travel:
        return None
    return down


def _follow(reps: Sequence[tuple[Signals, Rep]], index: int) -> bool:
    """True when a repetition is followed at once by the next one of the same stretch."""
    if not 0 <= index < len(reps) - 1:
        return False
    (signals, rep), (next_signals, next_rep) = reps[index], reps[index + 1]
    return signals is next_signals and next_rep.cycle.bottom_from <= max(rep.cycle.after, rep.cycle.top_to) + 1


def _at(strokes: Sequence[Stroke | None], index: int) -> Stroke | None:
    return strokes[index] if 0 <= index < len(strokes) else None


def _pause_s(before: Stroke | None, after: Stroke | None) -> float:
    return math.nan if before is None or after is None else max(0.0, after.from_s - before.to_s)


def _body_heights(standing_heights: float) -> float:
    return standing_heights * SHOULDERS_IN_BODY_HEIGHTS


def _with_velocity_loss(motions: Sequence[RepMotion], partial: Sequence[bool]) -> list[RepMotion]:
    """A way up that ends early leaves out the slow end of it, so a partial repetition compares with no other."""
    speeds = [math.nan if short else m.mean_velocity_heights_per_s for m, short in zip(motions, partial, strict=True)]
    best = max((speed for speed in speeds if speed > 0), default=math.nan)
    return [replace(m, velocity_loss=(best - speed) / best) for m, speed in zip(motions, speeds, strict=True)]


def _in_metres(motion: RepMotion, body_height_m: float) -> RepMotion:
    return replace(
        motion,
        mean_velocity_m_per_s=motion.mean_velocity_heights_per_s * body_height_m,
        peak_velocity_m_per_s=motion.peak_velocity_heights_per_s * body_height_m,
    )


# --- the path ------------------------------------------------------------------------------------------------------


def _path(
    signals: Signals, point: TrackedPoint, height: FloatArray, up: Stroke | None, down: Stroke | None
) -> BarPath | None:
    """None where the point was not followed all the way, or forward cannot be told from the picture."""
    if up is None:
        return None
    strokes = [stroke for stroke in (up, down) if stroke is not None]
    from_s, to_s = min(stroke.from_s for stroke in strokes), max(stroke.to_s for stroke in strokes)
    inside = (signals.time_s >= from_s) & (signals.time_s <= to_s)
    yaw = signals.yaw_deg[inside]
    if not np.isfinite(yaw).any() or abs(float(np.nanmedian(yaw))) > PATH_MAX_YAW_DEG:
        return None
    forward = _forward(signals, point)
    known = inside & np.isfinite(forward) & np.isfinite(height)
    times = signals.time_s[known]
    if len(times) < 3 or float(np.diff(times).max()) > LONGEST_BRIDGED_GAP_S:
        return None

    def at(when: FloatArray, values: FloatArray) -> FloatArray:
        return SHOULDERS_IN_BODY_HEIGHTS * np.asarray(np.interp(when, times, values[known]))

    shown_s = np.linspace(times[0], times[-1], PATH_POINTS)
    going_up = at(np.linspace(up.from_s, up.to_s, PATH_POINTS), forward)
    strayed = going_up - going_up[0]
    return BarPath(
        time_s=shown_s,
        forward_heights=at(shown_s, forward),
        up_heights=at(shown_s, height),
        drift_heights=float(strayed[-1]),
        peak_deviation_heights=float(strayed[int(np.abs(strayed).argmax())]),
    )


def _with_plate(motion: RepMotion, signals: Signals, rep: Rep, plate: PlateTrack) -> RepMotion:
    """The motion with metres and path from the plate; as it is where that was not seen all the way up."""
    seen = np.isfinite(plate.up_m)
    # A way down may run past the end of the repetition, and a way up begin before it.
    around = (signals.time_s >= signals.time_s[rep.start] - 1.0) & (signals.time_s <= signals.time_s[rep.end] + 1.0)
    time_s = signals.time_s[around]
    if seen.sum() < 3 or len(time_s) < 3:
        return motion
    up_m, forward_m = (
        smooth(time_s, _between(time_s, plate.time_s[seen], values[seen]), POINT_CUTOFF_HZ)
        for values in (plate.up_m, plate.forward_m)
    )
    first = int(np.flatnonzero(around)[0])
    start, stop = whole_way(time_s, up_m, rep.lift_off - first, rep.lockout - first, 1.0, BEYOND_S)
    way = stroke_up(time_s, up_m, start, stop)
    if way is None:
        return motion
    shown_s = np.linspace(way.from_s, way.to_s, PATH_POINTS)
    known = np.isfinite(up_m) & np.isfinite(forward_m)
    forward = np.interp(shown_s, time_s[known], forward_m[known])
    strayed = forward - forward[0]
    path = PlatePath(
        time_s=shown_s,
        forward_m=forward,
        up_m=np.interp(shown_s, time_s[known], up_m[known]),
        drift_m=float(strayed[-1]),
        peak_deviation_m=float(strayed[int(np.abs(strayed).argmax())]),
    )
    return replace(
        motion,
        mean_velocity_m_per_s=way.mean_velocity,
        peak_velocity_m_per_s=way.peak_velocity,
        plate_path=path,
    )


def _between(time_s: FloatArray, seen_s: FloatArray, values: FloatArray) -> FloatArray:
    """Values at other times, NaN in gaps too long to bridge and beyond the ends."""
    after = np.searchsorted(seen_s, time_s).clip(1, len(seen_s) - 1)
    bridged = seen_s[after] - seen_s[after - 1] <= LONGEST_BRIDGED_GAP_S
    inside = (time_s >= seen_s[0]) & (time_s <= seen_s[-1])
    return np.where(bridged & inside, np.interp(time_s, seen_s, values), np.nan)


# --- over the set --------------------------------------------------------------------------------------------------


def _drifts(reps: Sequence[RepMotion], back_rounding_deg: Sequence[float]) -> tuple[Drift, ...]:
    values = {
        "back_rounding": np.array(back_rounding_deg, dtype=float),
        "range_of_motion": _percent([rep.range_heights for rep in reps]),
        "concentric_time": _percent([rep.concentric_s for rep in reps]),
        "mean_velocity": _percent([rep.mean_velocity_heights_per_s for rep in reps]),
    }
    at = np.array([rep.index for rep in reps], dtype=float)
    return tuple(_drift(drifting, at, values[drifting.name]) for drifting in DRIFTING)


def _drift(drifting: _Drifting, at: FloatArray, values: FloatArray) -> Drift:
    known = np.isfinite(values)
    if known.sum() < REPS_FOR_DRIFT:
        reason = f"needs {REPS_FOR_DRIFT} repetitions, {int(known.sum())} could be measured"
        return Drift(drifting.name, drifting.unit, DriftVerdict.NOT_MEASURED, reason=reason)
    trend = theil_sen(at, values)
    change = trend.slope * float(np.ptp(at[known]))
    if abs(change) < drifting.worth:
        verdict = DriftVerdict.STEADY
    elif not trend.sure:
        verdict = DriftVerdict.UNCLEAR
    else:
        verdict = DriftVerdict.WORSE if (change > 0) == drifting.more_is_worse else DriftVerdict.BETTER
    return Drift(drifting.name, drifting.unit, verdict, trend.slope, trend.low, trend.high, change)


def _percent(values: Sequence[float]) -> FloatArray:
    """Values in per cent of their mean."""
    array = np.array(values, dtype=float)
    known = array[np.isfinite(array)]
    return 100.0 * array / known.mean() if len(known) else array


def _variation(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    if len(known) < REPS_FOR_LOSS:
        return math.nan
    return float(np.std(known, ddof=1) / np.mean(known))


def _best_and_worst(
    checks: Sequence[Check], findings: Sequence[Sequence[Finding]], partial: Sequence[bool]
) -> tuple[int | None, int | None]:
    """Repetitions with the least and the most to say about: faults first, then watches, then the first check's value.

    The first check (the back) must have been judged in both: a repetition that could not be seen is not praised.
    """
    if not checks:
        return None, None
    first = checks[0]
    sign = 1.0 if first.more_is_worse else -1.0
    ranks: list[tuple[tuple[int, int, float], int]] = []
    for index, found in enumerate(findings, start=1):
        main = next((each for each in found if each.check == first.id and each.verdict != NOT_MEASURED), None)
        if main is not None and not partial[index - 1]:
            verdicts = [each.verdict for each in found]
            # What lies on the good side of the limit is equally good.
            beyond = max(sign * (main.value - first.watch), 0.0)
            ranks.append(((verdicts.count(FAULT), verdicts.count(WATCH), beyond), index))
    if len(ranks) < 2 or min(ranks)[0] == max(ranks)[0]:
        return None, None
    return min(ranks)[1], max(ranks)[1]
