"""How a lifter goes over weeks: a number over days with its limits, a robust slope with its doubt, and where it stands.

Pure functions over saved sets. The newest judged day decides where a lifter stands, here as in `load` and `training`:
what is fine there is not called a problem anywhere, however it was before.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH, Verdict, worst
from formcheck.core.words import _, translated
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import Check
from formcheck.judging.effective_checks import judged_checks
from formcheck.judging.one_rm import NO_ESTIMATE, LoadVelocity, OneRepMax, from_reps, from_velocity, load_velocity
from formcheck.storage.history.numbers import measured, numbers_of
from formcheck.storage.history.records import AnySet, SavedSet
from formcheck.storage.history.trends import local_day, slope_per_week

OUTLIER_DEVIATIONS = 3.5
"""A day this many robust standard deviations off the line stands out (Iglewicz and Hoaglin 1993)."""

DEVIATIONS_PER_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

DAYS_A_WEEK = 7


class Direction(StrEnum):
    """Where a number goes."""

    BETTER = "better"
    WORSE = "worse"
    RISING = "rising"
    FALLING = "falling"
    UNCLEAR = "unclear"
    TOO_FEW = "too-few"


@translated("title", "unit")
@dataclass(frozen=True)
class Followed:
    """A number that is followed over days.

    Attributes
    ----------
    name, title, unit : ``unit`` as in checks; "kg" is shown in the user's unit of loads.
    check : id of the check that judges it; empty = nothing does.
    more_is_better : None = neither.
    noise : changes within it are those of measuring, and the least that a chart spans.
    """

    name: str
    title: str
    unit: str
    check: str
    more_is_better: bool | None
    noise: float


FOLLOWED = (
    Followed("rounding_deg", "Back rounding, typical rep", "deg", "back-rounding", False, 10.0),
    Followed("depth_thighs", "Depth, hips above knees", "thigh lengths", "depth", False, 0.2),
    Followed("one_rm_kg", "Estimated 1RM", "kg", "", True, 5.0),
    Followed("velocity_m_per_s", "Concentric velocity, fastest rep", "m/s", "", None, 0.1),
    Followed("velocity_heights_per_s", "Concentric velocity, mean", "body heights/s", "", None, 0.1),
    Followed("stray_cm", "Bar path, furthest from the vertical", "cm", "", None, 2.0),
)


@dataclass(frozen=True)
class DayPoint:
    """The number on one day (median over its sets), the verdict of its check that day, and whether it stands out."""

    day: date
    value: float
    verdict: Verdict
    outlier: bool = False


@dataclass(frozen=True)
class Course:
    """A number over days.

    Attributes
    ----------
    points : in order of time.
    direction : what may be said of it; ``BETTER`` and ``WORSE`` only where more or less is better.
    per_week, low, high : robust slope (Theil-Sen) with its 95 % interval, in units a week; NaN where it is `TOO_FEW`.
    line : value of the robust line at the first and at the last day; NaN without a slope.
    limits : from where on it is watch and fault; NaN where nothing judges it. ``more_is_worse`` says on which side.
    """

    followed: Followed
    points: tuple[DayPoint, ...]
    direction: Direction
    per_week: float = math.nan
    low: float = math.nan
    high: float = math.nan
    line: tuple[float, float] = (math.nan, math.nan)
    limits: tuple[float, float] = (math.nan, math.nan)
    more_is_worse: bool = True

    @property
    def latest(self) -> Verdict:
        """The verdict of the newest day on which it was judged; "not-measured" where it never was."""
        return next((each.verdict for each in reversed(self.points) if each.verdict != NOT_MEASURED), NOT_MEASURED)


def courses(sets: Sequence[SavedSet]) -> tuple[Course, ...]:
    """All that is followed and was measured on two days at least; ``sets`` are of one lifter and one lift."""
    found = (course_of(each, sets) for each in FOLLOWED)
    shown = {course.followed.name: course for course in found if len(course.points) >= 2}
    if "velocity_m_per_s" in shown:
        shown.pop("velocity_heights_per_s", None)  # the same in a unit that fewer people know
    return tuple(shown.values())


def course_of(followed: Followed, sets: Sequence[SavedSet]) -> Course:
    """One number over the days of these sets."""
    values: dict[date, list[float]] = defaultdict(list)
    verdicts: dict[date, list[Verdict]] = defaultdict(list)
    for saved in sets:
        value = value_of(followed.name, saved)
        if math.isfinite(value):
            values[local_day(saved.when)].append(value)
        verdicts[local_day(saved.when)] += [
            each.verdict for each in saved.report.findings if each.check == followed.check
        ]
    days = sorted(values)
    points = [DayPoint(day, statistics.median(values[day]), worst(verdicts[day])) for day in days]
    check = _check(followed, sets)
    limits = (math.nan, math.nan) if check is None else (check.watch, check.fault)
    more_is_worse = check is None or check.more_is_worse
    per_week, low, high = slope_per_week([(point.day, point.value) for point in points])
    if math.isnan(per_week):
        return Course(followed, tuple(points), Direction.TOO_FEW, limits=limits, more_is_worse=more_is_worse)
    weeks = np.array([(day - days[0]).days / DAYS_A_WEEK for day in days])
    known = np.array([point.value for point in points])
    start = float(np.median(known - per_week * weeks))
    off = np.abs(known - start - per_week * weeks)
    scale = DEVIATIONS_PER_MAD * float(np.median(off))
    # Where days agree to the digit, measuring alone must not make one of them stand out.
    outlying = off > max(OUTLIER_DEVIATIONS * scale, followed.noise)
    return Course(
        followed,
        tuple(replace(point, outlier=bool(out)) for point, out in zip(points, outlying, strict=True)),
        _direction(followed, low, high),
        per_week,
        low,
        high,
        (start, start + per_week * float(weeks[-1])),
        limits,
        more_is_worse,
    )


def _direction(followed: Followed, low: float, high: float) -> Direction:
    if low <= 0.0 <= high:
        return Direction.UNCLEAR
    if followed.more_is_better is None:
        return Direction.RISING if low > 0 else Direction.FALLING
    return Direction.BETTER if (low > 0) == followed.more_is_better else Direction.WORSE


def _check(followed: Followed, sets: Sequence[SavedSet]) -> Check | None:
    """The check by which the newest set was judged: limits that changed since are shown as they are now."""
    newest = max(sets, key=lambda saved: saved.when, default=None)
    checks = () if newest is None else judged_checks(newest.report)
    return next((check for check in checks if check.id == followed.check), None)


def value_of(name: str, saved: SavedSet) -> float:
    """A number of `FOLLOWED` in one set; NaN where it was not measured."""
    level = saved.report.set_level
    whole = {rep.index for rep in saved.report.reps if not rep.partial}
    motions = [] if level is None else [each for each in level.reps if each.index in whole]
    if name == "one_rm_kg":
        return one_rm_of(saved).kg
    if name == "velocity_m_per_s":
        return max(measured(each.mean_velocity_m_per_s for each in motions), default=math.nan)
    if name == "stray_cm":
        strays = [100.0 * abs(each.plate_path.peak_deviation_m) for each in motions if each.plate_path is not None] or [
            100.0 * abs(each.path.peak_deviation_heights) * level.body_height_m
            for each in motions
            if level is not None and each.path is not None
        ]
        lift = exercise_named(saved.exercise)
        known = measured(strays)
        return statistics.median(known) if known and lift is not None and lift.path.is_vertical else math.nan
    return float(getattr(numbers_of(saved.report, saved.load_kg), name))


# --- strength ------------------------------------------------------------------------------------------------------


def one_rm_of(saved: SavedSet) -> OneRepMax:
    """From load and whole repetitions; none for a lift that is not done for one repetition at most effort."""
    lift = exercise_named(saved.exercise)
    if lift is None or lift.velocity_at_1rm is None or not saved.load_kg:
        return NO_ESTIMATE
    return from_reps(saved.load_kg, sum(not rep.partial for rep in saved.report.reps))


@dataclass(frozen=True)
class Strength:
    """Estimated 1RM of the last weeks: the highest by repetitions with its set, and by velocity with its line.

    ``velocity_source`` says where the velocity of a single repetition at most effort is from.
    """

    by_reps: OneRepMax
    of_set: SavedSet | None
    by_velocity: OneRepMax
    line: LoadVelocity | None
    velocity_source: str


STRENGTH_WEEKS = 8
"""Older sets are those of another lifter, in a way."""


def strength_of(sets: Sequence[SavedSet]) -> Strength:
    """What the sets of one lifter and one lift say of a single repetition; the newest `STRENGTH_WEEKS` weeks count."""
    newest = max((local_day(saved.when) for saved in sets), default=None)
    recent = [
        saved
        for saved in sets
        if newest is not None and local_day(saved.when) > newest - timedelta(weeks=STRENGTH_WEEKS)
    ]
    rated = [(one_rm_of(saved), saved) for saved in recent]
    rated = [(found, saved) for found, saved in rated if math.isfinite(found.kg)]
    best, of_set = max(rated, key=lambda pair: pair[0].kg, default=(NO_ESTIMATE, None))
    lift = exercise_named(recent[0].exercise) if recent else None
    at_1rm = None if lift is None else lift.velocity_at_1rm
    line = None
    if at_1rm is not None:
        line = load_velocity(
            [saved.load_kg or math.nan for saved in recent], [value_of("velocity_m_per_s", saved) for saved in recent]
        )
    by_velocity = NO_ESTIMATE if line is None or at_1rm is None else from_velocity(line, at_1rm.m_per_s)
    return Strength(best, of_set, by_velocity, line, "" if at_1rm is None else at_1rm.source)


# --- weeks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Week:
    """What was done in a week that begins on ``monday``; ``tonnage_kg`` counts sets whose load is known."""

    monday: date
    tonnage_kg: float
    reps: int
    sets: int


def weeks_of(sets: Sequence[AnySet]) -> tuple[Week, ...]:
    """Every week from the first set to the last, weeks without any too."""
    found: dict[date, list[AnySet]] = defaultdict(list)
    for saved in sets:
        day = local_day(saved.when)
        found[day - timedelta(days=day.weekday())].append(saved)
    if not found:
        return ()
    first, last = min(found), max(found)
    mondays = [first + timedelta(weeks=number) for number in range((last - first).days // DAYS_A_WEEK + 1)]
    return tuple(
        Week(
            monday,
            sum(measured(saved.numbers.tonnage_kg for saved in found[monday])),
            sum(saved.numbers.reps for saved in found[monday]),
            len(found[monday]),
        )
        for monday in mondays
    )


def best_before(sets: Sequence[AnySet], than: int) -> AnySet | None:
    """The set of one lifter and one lift with the mildest verdict, of these the one whose worst back is roundest least.

    Not the set with the number ``than``, and none that was not judged; the newest of those that are alike.
    """
    judged = [saved for saved in sets if saved.id != than and saved.verdict.severity]

    def rank(saved: AnySet) -> tuple[int, float, float]:
        worst_deg = saved.numbers.worst_rounding_deg
        # A hollow back is not better than a straight one, and what was not measured is not good.
        off_deg = max(worst_deg, 0.0) if math.isfinite(worst_deg) else math.inf
        return saved.verdict.severity, round(off_deg), -saved.when.timestamp()

    return min(judged, key=rank, default=None)


# --- who needs a look ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """One lifter in one lift, for somebody who looks after several: newest set, sets of two weeks, what needs a look.

    ``verdict`` is the worst of the newest day. ``reasons`` are in words, the gravest first; empty = nothing does.
    """

    lifter: str | None
    exercise: str
    newest: AnySet
    recent_sets: int
    verdict: Verdict
    reasons: tuple[str, ...]


LOOKED_BACK_DAYS = 14
QUIET_DAYS = 21
"""Who filmed nothing for so long may have stopped, or only stopped filming."""

TIRED_PERCENT = 30.0
"""As in the load advice: the last repetition so much slower than the fastest."""


def standings(sets: Sequence[AnySet], today: date) -> tuple[Standing, ...]:
    """Who needs a look, those who do first; ``sets`` of any lifters and lifts, in any order."""
    groups: dict[tuple[str, str], list[AnySet]] = defaultdict(list)
    for saved in sets:
        if saved.rep_count:
            groups[(saved.lifter or "").casefold(), saved.exercise].append(saved)
    found = [_standing(sorted(group, key=lambda saved: (saved.when, saved.id)), today) for group in groups.values()]
    newest_first = sorted(found, key=lambda each: each.newest.when, reverse=True)
    return tuple(sorted(newest_first, key=lambda each: (not each.reasons, -each.verdict.severity)))


def _standing(ordered: Sequence[AnySet], today: date) -> Standing:
    newest = ordered[-1]
    day = local_day(newest.when)
    that_day = [saved for saved in ordered if local_day(saved.when) == day]
    verdict = worst(saved.verdict for saved in that_day)
    reasons = []
    faulty, of = sum(saved.verdict == FAULT for saved in that_day), len(that_day)
    if faulty and of == 1:
        reasons.append(_("Fault in the only set on {day}", day=day))
    elif faulty:
        reasons.append(_("Fault in {count} of {sets} sets on {day}", count=faulty, sets=of, day=day))
    watched = sum(saved.verdict == WATCH for saved in that_day)
    if watched and not faulty and of == 1:
        reasons.append(_("Worth watching in the only set on {day}", day=day))
    elif watched and not faulty:
        reasons.append(_("Worth watching in {count} of {sets} sets on {day}", count=watched, sets=of, day=day))
    slow = max(measured(saved.numbers.slowdown_percent for saved in that_day), default=0.0)
    if slow >= TIRED_PERCENT:
        reasons.append(_("The last rep was {percent:.0f} % slower than the fastest", percent=slow))
    quiet = (today - day).days
    if quiet > QUIET_DAYS:
        reasons.append(_("Nothing for {n} days", n=quiet))
    return Standing(
        newest.lifter,
        newest.exercise,
        newest,
        # Also what is dated later: the clock was set back.
        sum((today - local_day(saved.when)).days < LOOKED_BACK_DAYS for saved in ordered),
        verdict,
        tuple(reasons),
    )
