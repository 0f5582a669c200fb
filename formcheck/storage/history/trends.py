"""Numbers over saved sets: one set, two side by side, sessions over time. Pure functions; no database, no files.

What an older or newer report leaves out is NaN.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from formcheck.core.verdicts import NOT_MEASURED, Verdict, worst
from formcheck.exercises.framework.check import Finding
from formcheck.judging.report import Report, RepReport
from formcheck.motion.theil_sen import theil_sen
from formcheck.storage.history.records import SavedSet

ROUNDING, DEPTH = "back_rounding_deg", "depth_thighs"


@dataclass(frozen=True)
class Quantity:
    """A number that is followed over sets: its unit, and whether more of it is better, worse, or neither (None).

    ``check`` is the check that judges it, by its id.
    """

    name: str
    title: str
    unit: str
    more_is_better: bool | None
    check: str = ""


QUANTITIES = (
    Quantity("reps", "Reps", "", None),
    Quantity("load_kg", "Load", "kg", None),
    Quantity("tonnage_kg", "Estimated tonnage", "kg", None),
    Quantity("rounding_deg", "Back rounding, typical rep", "deg", False, "back-rounding"),
    Quantity("worst_rounding_deg", "Back rounding, worst rep", "deg", False, "back-rounding"),
    Quantity("depth_thighs", "Depth, hips above knees", "thigh lengths", False, "depth"),
    Quantity("concentric_s", "Ascent, mean", "s", None),
    Quantity("velocity_heights_per_s", "Concentric velocity, mean", "body heights/s", None),
    Quantity("slowdown_percent", "Last rep slower than the fastest", "%", None),
)


@dataclass(frozen=True)
class SetNumbers:
    """A set in numbers; NaN = not measured or not told.

    Attributes
    ----------
    reps : repetitions that came up all the way.
    tonnage_kg : load times ``reps``: an estimate of the work done.
    rounding_deg, worst_rounding_deg : median and highest of the repetitions; positive = rounded.
    depth_thighs : median of the repetitions, hips above the knees; negative = below parallel.
    concentric_s : mean duration of the ascent, from lift-off to lockout.
    velocity_heights_per_s : mean over the repetitions of the mean velocity during the ascent, in body heights per
    second. slowdown_percent : the report's velocity loss: how much slower the last ascent was than the fastest.
    """

    reps: int
    load_kg: float
    tonnage_kg: float
    rounding_deg: float
    worst_rounding_deg: float
    depth_thighs: float
    concentric_s: float
    velocity_heights_per_s: float
    slowdown_percent: float


@dataclass(frozen=True)
class RepNumbers:
    """A repetition in numbers, as in `SetNumbers`, and its verdict ("ok", "watch", "fault", "not-measured")."""

    index: int
    verdict: Verdict
    rounding_deg: float
    depth_thighs: float
    concentric_s: float


@dataclass(frozen=True)
class CheckPair:
    """One check in two sets; the verdict of a set that does not know the check is "not-measured"."""

    check: str
    title: str
    unit: str
    verdicts: tuple[Verdict, Verdict]
    values: tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """Two sets side by side; pairs are (first, second), a shorter set has None for repetitions that it lacks.

    ``fine_up_to`` is the highest value that was fine in each set, by the check of each quantity; NaN = not known.
    """

    numbers: tuple[SetNumbers, SetNumbers]
    checks: tuple[CheckPair, ...]
    reps: tuple[tuple[RepNumbers | None, RepNumbers | None], ...]
    fine_up_to: Mapping[str, tuple[float, float]]

    def judged(self, quantity: Quantity) -> str:
        """ "better" or "worse" when the second set is that, "" where there is nothing to judge: both may be fine."""
        one, two = (float(getattr(numbers, quantity.name)) for numbers in self.numbers)
        limits = self.fine_up_to.get(quantity.check, (math.nan, math.nan))
        if quantity.more_is_better is None or one == two or not math.isfinite(two - one):
            return ""
        if not (one > limits[0] or two > limits[1]):
            return ""
        return "better" if (two > one) == quantity.more_is_better else "worse"


@dataclass(frozen=True)
class Session:
    """All sets of one exercise and one lifter on one day (local date), the earliest first.

    ``tonnage_kg`` is the sum over sets whose load is known (NaN = none is), ``top_load_kg`` the heaviest load,
    ``rounding_deg`` the median over the sets and ``worst_rounding_deg`` the highest, ``depth_thighs`` and
    ``concentric_s`` and ``velocity_heights_per_s`` medians over the sets.
    """

    day: date
    lifter: str | None
    exercise: str
    sets: tuple[SavedSet, ...]
    reps: int
    tonnage_kg: float
    top_load_kg: float
    rounding_deg: float
    worst_rounding_deg: float
    depth_thighs: float
    concentric_s: float
    velocity_heights_per_s: float


@dataclass(frozen=True)
class Trend:
    """A number over sessions: its points in order of time, and its robust slope (Theil-Sen) in units per week.

    The slope is NaN with fewer than three days.
    """

    name: str
    points: tuple[tuple[date, float], ...]
    per_week: float


def set_numbers(saved: SavedSet) -> SetNumbers:
    """A saved set in numbers."""
    reps = [rep for rep in saved.report.reps if not rep.partial]
    load_kg = math.nan if saved.load_kg is None else saved.load_kg
    level = saved.report.set_level
    rounding = [rep.measures.get(ROUNDING, math.nan) for rep in reps]
    up = [_concentric_s(rep) for rep in reps]
    return SetNumbers(
        reps=len(reps),
        load_kg=load_kg,
        tonnage_kg=load_kg * len(reps),
        rounding_deg=_median(rounding),
        worst_rounding_deg=max(_measured(rounding), default=math.nan),
        depth_thighs=_median(rep.measures.get(DEPTH, math.nan) for rep in reps),
        concentric_s=_mean(up),
        velocity_heights_per_s=_mean(_velocities(saved.report, {rep.index for rep in reps})),
        slowdown_percent=math.nan if level is None else 100.0 * level.velocity_loss,
    )


def rep_numbers(saved: SavedSet) -> tuple[RepNumbers, ...]:
    """Every repetition of a saved set in numbers, partial ones too."""
    return tuple(
        RepNumbers(
            index=rep.index,
            verdict=worst(finding.verdict for finding in rep.findings),
            rounding_deg=rep.measures.get(ROUNDING, math.nan),
            depth_thighs=rep.measures.get(DEPTH, math.nan),
            concentric_s=_concentric_s(rep),
        )
        for rep in saved.report.reps
    )


def compare(first: SavedSet, second: SavedSet) -> Comparison:
    """Two sets side by side."""
    found = [{each.check: each for each in saved.report.findings} for saved in (first, second)]
    checks = [_check_pair(found[0].get(check), found[1].get(check)) for check in dict.fromkeys([*found[0], *found[1]])]
    reps = rep_numbers(first), rep_numbers(second)
    longest = max(len(reps[0]), len(reps[1]))
    padded = [[*each, *[None] * (longest - len(each))] for each in reps]
    return Comparison(
        numbers=(set_numbers(first), set_numbers(second)),
        checks=tuple(checks),
        reps=tuple(zip(padded[0], padded[1], strict=True)),
        fine_up_to={
            each.check: (_fine_up_to(first.report, each.check), _fine_up_to(second.report, each.check))
            for each in QUANTITIES
            if each.check
        },
    )


def sessions(sets: Iterable[SavedSet]) -> tuple[Session, ...]:
    """Sets grouped by day, lifter and exercise, the earliest first. Sets without any repetition are left out."""
    groups: dict[tuple[date, str, str], list[SavedSet]] = defaultdict(list)
    for saved in sets:
        if saved.report.reps:
            groups[local_day(saved.when), (saved.lifter or "").casefold(), saved.exercise].append(saved)
    return tuple(_session(day, group) for (day, _, _), group in sorted(groups.items(), key=lambda item: item[0]))


def trend(course: Sequence[Session], name: str) -> Trend:
    """One number of the sessions over time, such as "rounding_deg"; several on one day count as their median."""
    by_day: dict[date, list[float]] = defaultdict(list)
    for session in course:
        value = float(getattr(session, name))
        if math.isfinite(value):
            by_day[session.day].append(value)
    points = tuple((day, statistics.median(values)) for day, values in sorted(by_day.items()))
    if len(points) < 3:
        return Trend(name, points, math.nan)
    days = np.array([(day - points[0][0]).days for day, _ in points], dtype=float)
    return Trend(name, points, 7.0 * theil_sen(days, np.array([value for _, value in points])).slope)


def local_day(moment: datetime) -> date:
    """The day on which it was, where the computer is."""
    return moment.astimezone().date()


def _session(day: date, group: list[SavedSet]) -> Session:
    ordered = tuple(sorted(group, key=lambda saved: (saved.when, saved.id)))
    numbers = [set_numbers(saved) for saved in ordered]
    tonnage = _measured(each.tonnage_kg for each in numbers)
    return Session(
        day=day,
        lifter=ordered[0].lifter,
        exercise=ordered[0].exercise,
        sets=ordered,
        reps=sum(each.reps for each in numbers),
        tonnage_kg=sum(tonnage) if tonnage else math.nan,
        top_load_kg=max(_measured(each.load_kg for each in numbers), default=math.nan),
        rounding_deg=_median(each.rounding_deg for each in numbers),
        worst_rounding_deg=max(_measured(each.worst_rounding_deg for each in numbers), default=math.nan),
        depth_thighs=_median(each.depth_thighs for each in numbers),
        concentric_s=_median(each.concentric_s for each in numbers),
        velocity_heights_per_s=_median(each.velocity_heights_per_s for each in numbers),
    )


def _check_pair(one: Finding | None, two: Finding | None) -> CheckPair:
    """The findings of one check in two sets, of which one at least has it."""
    about = one or two
    assert about is not None
    verdicts = [NOT_MEASURED if each is None else each.verdict for each in (one, two)]
    values = [math.nan if each is None else each.value for each in (one, two)]
    return CheckPair(about.check, about.title, about.unit, (verdicts[0], verdicts[1]), (values[0], values[1]))


def _fine_up_to(report: Report, check: str) -> float:
    """The "watch" limit of a check of which more is worse; findings name what counted, a fault a higher one."""
    findings = [*report.findings, *(each for rep in report.reps for each in rep.findings)]
    return min(_measured(each.limit for each in findings if each.check == check), default=math.nan)


def _concentric_s(rep: RepReport) -> float:
    """From lift-off to lockout; NaN where one of them is not known."""
    span_s = rep.lockout_s - rep.lift_off_s
    return span_s if span_s > 0 else math.nan


def _velocities(report: Report, whole: set[int]) -> list[float]:
    """Mean velocity during the ascent of those repetitions."""
    motions = () if report.set_level is None else report.set_level.reps
    return [each.mean_velocity_heights_per_s for each in motions if each.index in whole]


def _measured(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _median(values: Iterable[float]) -> float:
    known = _measured(values)
    return statistics.median(known) if known else math.nan


def _mean(values: Iterable[float]) -> float:
    known = _measured(values)
    return statistics.fmean(known) if known else math.nan
