"""A back that gives way during the set, whatever its level."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH
from formcheck.exercises.framework.check import FAULT_MARGIN, WATCH_MARGIN, Measurement, missing
from formcheck.exercises.shared.back import (
    BACK_ROUNDING_CHANGE_DEG,
    BACK_ROUNDING_DEG,
    CHANGE_OVER_SET,
    CHANGE_UNCERTAINTY_DEG,
    REPS_FOR_CHANGE,
    with_change_over_set,
)
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from tests.helpers.synthetic_lifter import LIFTS, deadlift, film, joined, measured, rounding_by_rep

WATCHED_ABOVE_DEG = CHANGE_OVER_SET.watch + WATCH_MARGIN * CHANGE_UNCERTAINTY_DEG
FAULT_ABOVE_DEG = CHANGE_OVER_SET.fault + FAULT_MARGIN * CHANGE_UNCERTAINTY_DEG

FALSE_ALARM_DEG = 5.5 * 2.2
"""Ten repetitions that scatter by 2.2 deg, the most with any source left out, differ by more in one set of 200 (range
of ten normal deviates)."""


def _report(lift: str, level_deg: float, changes_deg: Sequence[float]) -> Report:
    motion = rounding_by_rep(LIFTS[lift](len(changes_deg)), [level_deg + each for each in changes_deg])
    return analyze(film(motion), lift)


def _verdicts(report: Report) -> list[str]:
    return [each.verdict for rep in report.reps for each in rep.findings if each.check == CHANGE_OVER_SET.id]


def _on_the_set(report: Report) -> str:
    (found,) = (each.verdict for each in report.findings if each.check == CHANGE_OVER_SET.id)
    return found


@pytest.mark.parametrize("level_deg", [-20.0, 0.0, 10.0])
@pytest.mark.parametrize("lift", LIFTS)
def test_a_back_that_goes_in_the_last_reps_is_a_finding_whatever_the_level(lift: str, level_deg: float) -> None:
    changes = [0.0, 2.0, 1.0, 0.0, FAULT_ABOVE_DEG + 2.0, FAULT_ABOVE_DEG + 2.0]
    report = _report(lift, level_deg, changes)
    assert measured(report, BACK_ROUNDING_CHANGE_DEG.name) == pytest.approx(np.array(changes), abs=1.0)
    assert _verdicts(report) == [OK] * 4 + [FAULT] * 2
    assert _on_the_set(report) == FAULT
    # At a low level nothing else would have said so.
    if level_deg == -20.0:
        assert [each.verdict for each in report.findings if each.check == "back-rounding"] == [OK]


@pytest.mark.parametrize(
    ("change_deg", "verdict"),
    [
        (WATCHED_ABOVE_DEG - 1.0, OK),
        (WATCHED_ABOVE_DEG + 1.0, WATCH),
        (FAULT_ABOVE_DEG - 1.0, WATCH),
        (FAULT_ABOVE_DEG + 1.0, FAULT),
    ],
)
def test_one_rep_counts_from_its_limit_and_its_doubt_on(change_deg: float, verdict: str) -> None:
    report = _report("deadlift", 0.0, [0.0, 0.0, change_deg, 0.0])
    assert _verdicts(report) == [OK, OK, verdict, OK]
    # One faulty repetition among others is something to watch.
    assert _on_the_set(report) == (WATCH if verdict == FAULT else verdict)


def test_the_limit_lies_beyond_what_chance_makes_of_ten_reps() -> None:
    assert FALSE_ALARM_DEG - 0.5 < WATCHED_ABOVE_DEG < FALSE_ALARM_DEG + 3.0
    rng = np.random.default_rng(5)
    ranges = np.ptp(rng.normal(0.0, 2.2, (4000, 10)), axis=1)
    assert (ranges > WATCHED_ABOVE_DEG).mean() < 0.01
    assert (ranges > FAULT_ABOVE_DEG).mean() < 0.0005


def test_a_back_that_gets_better_is_no_fault_of_the_last_reps() -> None:
    report = _report("deadlift", 0.0, [FAULT_ABOVE_DEG + 2.0, 0.0, 0.0])
    assert _verdicts(report) == [FAULT, OK, OK]


def test_two_reps_cannot_tell_which_is_the_odd_one() -> None:
    assert _verdicts(_report("deadlift", 0.0, [0.0, 30.0])) == [NOT_MEASURED] * 2
    assert _verdicts(_report("deadlift", 0.0, [0.0, 30.0, 30.0])) == [OK, FAULT, FAULT]


def test_reps_are_compared_up_to_a_cut_only() -> None:
    """Behind a cut the camera may stand elsewhere."""
    first = film(rounding_by_rep(deadlift(3), [0.0] * 3))
    second = film(rounding_by_rep(deadlift(3), [30.0] * 3))
    both = joined(first, second)
    both.picture_change[len(first)] = 0.4
    report = analyze(both, "deadlift")
    assert len(report.reps) == 6
    assert _verdicts(report) == [OK] * 6


def test_reps_without_a_value_are_left_out_and_say_why() -> None:
    def rep(one: Measurement) -> dict[str, Measurement]:
        return {BACK_ROUNDING_DEG.name: one, "other": Measurement(1.0, seen=1.0)}

    values = [
        Measurement(5.0, 1.0, 8.0, seen=1.0),
        missing("hidden"),
        Measurement(9.0, 3.0, 8.0, seen=1.0),
        Measurement(4.0, 4.0, 8.0, seen=1.0),
    ]
    found = with_change_over_set([rep(one) for one in values])
    changes = [each[BACK_ROUNDING_CHANGE_DEG.name] for each in found]
    assert [each.value for each in changes if not each.reason] == [1.0, 5.0, 0.0]
    assert changes[1].reason == "hidden"
    assert (changes[2].at_s, changes[2].uncertainty) == (3.0, CHANGE_UNCERTAINTY_DEG)
    assert all(each["other"].value == 1.0 for each in found)
    too_few = with_change_over_set([rep(one) for one in values[:REPS_FOR_CHANGE]])
    assert all(math.isnan(each[BACK_ROUNDING_CHANGE_DEG.name].value) for each in too_few)
    assert "needs 3 reps" in too_few[0][BACK_ROUNDING_CHANGE_DEG.name].reason
    assert with_change_over_set([]) == []
