"""A lifter's own good repetitions as the neutral that the back is compared with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.errors import UsageError
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK
from formcheck.judging.analysis import analyze
from formcheck.judging.own_neutral import REPS_SPREAD_MAX_DEG, own_reps_from
from formcheck.judging.report import Report
from formcheck.motion.neutral import OWN_REPS, OWN_REPS_DAY_DEG, OwnReps
from formcheck.motion.signals import Signals
from tests.helpers.synthetic_lifter import LIFTS, LUMBAR_SHARE, deadlift, film, measured, verdicts

OWN_LEVEL_DEG = 14.0
"""So much rounder than others this lifter is with a neutral back: below what is worth watching, so it can be chosen."""


def _report(lift: str, rounding_deg: float, own: OwnReps | None = None) -> Report:
    return analyze(film(LIFTS[lift](3, rounding_deg=rounding_deg)), lift, own_reps={lift: own} if own else None)


@pytest.mark.parametrize("lift", LIFTS)
def test_good_reps_read_zero_and_what_comes_on_top_of_them_counts_in_full(lift: str) -> None:
    own = own_reps_from(_report(lift, OWN_LEVEL_DEG), "2026-03-31")
    assert own.lower_deg + own.upper_deg == pytest.approx(OWN_LEVEL_DEG, abs=2.0)
    assert own.lower_deg == pytest.approx(LUMBAR_SHARE * OWN_LEVEL_DEG, abs=2.0)
    again, rounder = _report(lift, OWN_LEVEL_DEG, own), _report(lift, OWN_LEVEL_DEG + 40.0, own)
    assert measured(again, "back_rounding_deg") == pytest.approx(np.zeros(3), abs=1.0)
    on_top = measured(_report(lift, 40.0), "back_rounding_deg")
    assert measured(rounder, "back_rounding_deg") == pytest.approx(on_top, abs=2.0)
    assert verdicts(again)["back-rounding"] == OK
    assert verdicts(rounder)["back-rounding"] == FAULT


def test_the_report_says_what_it_stands_against_and_is_surer() -> None:
    own = own_reps_from(_report("deadlift", 0.0), "2026-03-31")
    usual, now = _report("deadlift", 0.0), _report("deadlift", 0.0, own)
    assert now.back is not None
    assert usual.back is not None
    assert (usual.back.source, usual.back.day) == ("standing", "")
    assert (now.back.source, now.back.day) == (OWN_REPS, "2026-03-31")
    assert now.back.uncertainty_deg < usual.back.uncertainty_deg
    assert now.back.uncertainty_deg == pytest.approx(own.uncertainty_deg)
    assert own.uncertainty_deg == pytest.approx(OWN_REPS_DAY_DEG, abs=0.2)


def test_flexion_still_counts_from_standing() -> None:
    own = own_reps_from(_report("deadlift", OWN_LEVEL_DEG))
    flexions = [measured(_report("deadlift", 30.0, each), "spine_flexion_deg") for each in (None, own)]
    assert flexions[0] == pytest.approx(flexions[1])
    never_stands = analyze(film(deadlift(3, stands_first=False)), "deadlift", own_reps={"deadlift": own})
    assert np.isnan(measured(never_stands, "spine_flexion_deg")).all()


def test_a_neutral_holds_in_its_own_lift_only() -> None:
    own = own_reps_from(_report("squat", 0.0))
    report = analyze(film(deadlift(3)), "deadlift", own_reps={"squat": own})
    assert report.back is not None
    assert report.back.source == "standing"
    assert measured(report, "back_rounding_deg") == pytest.approx(
        measured(_report("deadlift", 0.0), "back_rounding_deg")
    )


def test_the_lift_may_be_recognised_first() -> None:
    own = own_reps_from(_report("deadlift", 0.0))
    report = analyze(film(deadlift(3)), own_reps={"deadlift": own})
    assert report.back is not None
    assert report.back.source == OWN_REPS


@pytest.mark.parametrize(
    ("rounding_deg", "why"), [(60.0, "its own back is at fault: back rounding in rep 1"), (-45.0, "hollow")]
)
def test_a_set_whose_back_is_not_neutral_is_refused(rounding_deg: float, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        own_reps_from(_report("deadlift", rounding_deg))
    # The same as far from neutral as a neutral back may be.
    own_reps_from(_report("deadlift", np.sign(rounding_deg) * 10.0))


def test_one_rep_is_too_few_and_no_rep_is_none() -> None:
    with pytest.raises(UsageError, match="judged in 1 of 1 reps"):
        own_reps_from(analyze(film(deadlift(1)), "deadlift"))
    with pytest.raises(UsageError, match="no repetition"):
        own_reps_from(replace(_report("deadlift", 0.0), reps=()))


def test_a_back_that_was_not_judged_is_no_neutral() -> None:
    report = _report("deadlift", 0.0)
    hidden = replace(
        report,
        reps=tuple(
            replace(rep, findings=tuple(replace(f, verdict=NOT_MEASURED) for f in rep.findings)) for rep in report.reps
        ),
    )
    with pytest.raises(UsageError, match="judged in 0 of 3 reps"):
        own_reps_from(hidden)


@pytest.mark.parametrize(("share", "taken"), [(0.9, True), (1.1, False)])
def test_reps_that_differ_much_show_no_one_neutral(share: float, taken: bool) -> None:
    report = _report("deadlift", 0.0)
    assert report.signals is not None
    signals, shift = report.signals, np.zeros(len(report.signals))
    # Three repetitions at -d, 0 and +d have a standard deviation of d.
    for rep, level in zip(report.reps, (-1.0, 0.0, 1.0), strict=True):
        shift[(signals.time_s >= rep.start_s) & (signals.time_s <= rep.end_s)] = level * share * REPS_SPREAD_MAX_DEG
    changed: Signals = replace(signals, lower_bend_deg=signals.lower_bend_deg + shift)
    if taken:
        assert own_reps_from(replace(report, signals=changed)).uncertainty_deg > OWN_REPS_DAY_DEG + 0.5
    else:
        with pytest.raises(UsageError, match="from rep to rep"):
            own_reps_from(replace(report, signals=changed))
