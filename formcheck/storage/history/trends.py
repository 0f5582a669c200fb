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
from typing import TYPE_CHECKING

import numpy as np

from formcheck.core.verdicts import NOT_MEASURED, Verdict, worst
from formcheck.core.words import N_
from formcheck.motion.theil_sen import theil_sen
from formcheck.storage.history.numbers import DEPTH, ROUNDING, SetNumbers, measured, median
from formcheck.storage.history.records import AnySet, SavedSet, local_time

if TYPE_CHECKING:
    from formcheck.exercises.framework.check import Finding
    from formcheck.judging.report import Report


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
    Quantity("reps", N_("Reps"), "", None),
    Quantity("load_kg", N_("Load"), "kg", None),
    Quantity("tonnage_kg", N_("Estimated tonnage"), "kg", None),
    Quantity("rounding_deg", N_("Back rounding, typical rep"), "deg", False, "back-rounding"),
    Quantity("worst_rounding_deg", N_("Back rounding, worst rep"), "deg", False, "back-rounding"),
    Quantity("depth_thighs", N_("Depth, hips above knees"), N_("thigh lengths"), False, "depth"),
    Quantity("concentric_s", N_("Ascent, mean"), "s", None),
    Quantity("velocity_heights_per_s", N_("Concentric velocity, mean"), N_("body heights/s"), None),
    Quantity("slowdown_percent", N_("Last rep slower than the fastest"), "%", None),
)


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
    sets: tuple[AnySet, ...]
    reps: int
    tonnage_kg: float
    top_load_kg: float
    rounding_deg: float
    worst_rounding_deg: float
    depth_thighs: float
    concentric_s: float
    velocity_heights_per_s: float


LEAST_DAYS, LEAST_SPAN_DAYS = 5, 14
"""Fewer days, or days closer together, are not called a trend: with four, chance alone orders them in one of twelve."""


@dataclass(frozen=True)
class Trend:
    """A number over sessions: its points in order of time, and its robust slope (Theil-Sen) in units per week.

    ``low`` and ``high`` are the ends of the slope's 95 % interval. All three are NaN with fewer than `LEAST_DAYS` days
    or within less than `LEAST_SPAN_DAYS`.
    """

    name: str
    points: tuple[tuple[date, float], ...]
    per_week: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """True where the interval leaves out zero."""
        return self.low > 0.0 or self.high < 0.0


def set_numbers(saved: AnySet) -> SetNumbers:
    """A saved set in numbers."""
    return saved.numbers


def rep_numbers(saved: SavedSet) -> tuple[RepNumbers, ...]:
    """Every repetition of a saved set in numbers, partial ones too."""
    return tuple(
        RepNumbers(
            index=rep.index,
            verdict=worst(finding.verdict for finding in rep.findings),
            rounding_deg=rep.measures.get(ROUNDING, math.nan),
            depth_thighs=rep.measures.get(DEPTH, math.nan),
            concentric_s=saved.report.concentric_s(rep),
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


def sessions(sets: Iterable[AnySet]) -> tuple[Session, ...]:
    """Sets grouped by day, lifter and exercise, the earliest first. Sets without any repetition are left out."""
    groups: dict[tuple[date, str, str], list[AnySet]] = defaultdict(list)
    for saved in sets:
        if saved.rep_count:
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
    return Trend(name, points, *slope_per_week(points))


def slope_per_week(points: Sequence[tuple[date, float]]) -> tuple[float, float, float]:
    """Robust slope through (day, value) in order of time, and both ends of its interval; NaN as in `Trend`."""
    if len(points) < LEAST_DAYS or (points[-1][0] - points[0][0]).days < LEAST_SPAN_DAYS:
        return math.nan, math.nan, math.nan
    days = np.array([(day - points[0][0]).days for day, _ in points], dtype=float)
    found = theil_sen(days, np.array([value for _, value in points]))
    return 7.0 * found.slope, 7.0 * found.low, 7.0 * found.high


def local_day(moment: datetime) -> date:
    """The day on which it was, where the computer is."""
    return local_time(moment).date()


def _session(day: date, group: list[AnySet]) -> Session:
    ordered = tuple(sorted(group, key=lambda saved: (saved.when, saved.id)))
    numbers = [set_numbers(saved) for saved in ordered]
    tonnage = measured(each.tonnage_kg for each in numbers)
    return Session(
        day=day,
        lifter=ordered[0].lifter,
        exercise=ordered[0].exercise,
        sets=ordered,
        reps=sum(each.reps for each in numbers),
        tonnage_kg=sum(tonnage) if tonnage else math.nan,
        top_load_kg=max(measured(each.load_kg for each in numbers), default=math.nan),
        rounding_deg=median(each.rounding_deg for each in numbers),
        worst_rounding_deg=max(measured(each.worst_rounding_deg for each in numbers), default=math.nan),
        depth_thighs=median(each.depth_thighs for each in numbers),
        concentric_s=median(each.concentric_s for each in numbers),
        velocity_heights_per_s=median(each.velocity_heights_per_s for each in numbers),
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
    return min(measured(each.limit for each in findings if each.check == check), default=math.nan)
