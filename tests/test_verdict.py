"""What a coach would say: one sentence, at most three things, praise, and the load only when a fault repeats."""

from __future__ import annotations

import math

import pytest
from make_reports import make_finding, make_rep
from synthetic_lifter import deadlift, film, kettlebell_swing, squat

from formcheck.analysis import analyze
from formcheck.exercises import EXERCISES
from formcheck.exercises.checks import FAULT, NOT_MEASURED, OK, WATCH
from formcheck.report import RepReport
from formcheck.verdict import (
    ADVICE_MAX,
    FILM_FROM_THE_SIDE,
    LOAD_CHECKS,
    MANY_REPS,
    PRAISE_MAX,
    advice_on,
    load_advice_on,
    praise_of,
    verdict_on,
)

BACK = "back-rounding"


def _reps(*verdicts: str, check: str = BACK) -> list[RepReport]:
    return [make_rep(n, (make_finding(check, verdict),)) for n, verdict in enumerate(verdicts, 1)]


def _set(verdict: str, check: str = BACK):
    return [make_finding(check, verdict, title="Back rounding")]


@pytest.mark.parametrize("load_kg", [None, 100.0])
def test_one_faulty_repetition_says_nothing_about_the_load(load_kg: float | None) -> None:
    assert load_advice_on(_set(WATCH), _reps(FAULT, OK, OK), load_kg) == ""
    assert load_advice_on(_set(FAULT), _reps(FAULT), load_kg) == ""
    assert load_advice_on(_set(WATCH), _reps(WATCH, WATCH, WATCH), load_kg) == ""


def test_a_fault_that_repeats_lowers_the_load() -> None:
    reps = _reps(OK, FAULT, FAULT)
    assert load_advice_on(_set(FAULT), reps, None) == (
        "Back rounding came back in 2 of 3 reps: end the set here, next set 5 to 10 % lighter."
    )
    assert load_advice_on(_set(FAULT), reps, 100.0).endswith("next set 90 to 95 kg.")
    always = _reps(*[FAULT] * MANY_REPS)
    assert load_advice_on(_set(FAULT), always, None).endswith("next set 10 to 20 % lighter.")
    assert load_advice_on(_set(FAULT), always, 100.0).endswith("next set 80 to 90 kg.")
    # A kettlebell cannot be made 5 % lighter in plates; a share says enough.
    assert "%" in load_advice_on(_set(FAULT), reps, 8.0)


def test_the_load_is_never_named_heavier_than_it_was() -> None:
    for load_kg in (10.0, 12.5, 17.5, 22.5, 61.0, 300.0):
        words = load_advice_on(_set(FAULT), _reps(FAULT, FAULT), load_kg).removesuffix(" kg.").split()
        numbers = [float(word) for word in words if word.replace(".", "", 1).isdigit()]
        assert numbers[-1] < load_kg


def test_other_faults_say_nothing_about_the_load() -> None:
    assert "bar-drift" not in LOAD_CHECKS
    assert load_advice_on(_set(FAULT, "bar-drift"), _reps(FAULT, FAULT, check="bar-drift"), 100.0) == ""
    assert {check.id for lift in EXERCISES for check in lift.checks} >= LOAD_CHECKS


def test_praise_is_for_what_was_seen_and_right() -> None:
    checks = EXERCISES[0].checks
    words = next(check.praise for check in checks if check.id == BACK)
    assert praise_of(checks, _set(OK), _reps(OK, OK)) == (words,)
    assert praise_of(checks, _set(OK), _reps(OK, NOT_MEASURED, NOT_MEASURED)) == ()
    for verdict in (WATCH, FAULT, NOT_MEASURED):
        assert praise_of(checks, _set(verdict), _reps(verdict)) == ()


@pytest.mark.parametrize("motion", [deadlift(3), kettlebell_swing(3), squat(3)])
def test_a_good_set_is_praised_and_a_rounded_one_not_for_its_back(motion) -> None:
    good = analyze(film(motion))
    assert 1 <= len(good.praise) <= PRAISE_MAX
    assert "back" in good.praise[0]
    assert good.load_advice == ""
    bad = analyze(film(deadlift(3, rounding_deg=60.0)), load_kg=100.0)
    assert not any("back" in one.lower() for one in bad.praise)
    assert "90 to 95 kg" in bad.load_advice
    assert bad.to_dict()["load_advice"] == bad.load_advice


def test_advice_puts_faults_first_and_ends_at_three() -> None:
    findings = [make_finding(f"c{n}", WATCH, cue=f"watch {n}") for n in range(3)]
    findings += [make_finding(f"f{n}", FAULT, cue=f"fault {n}") for n in range(2)]
    assert advice_on(findings, _reps(FAULT), True) == ("fault 0", "fault 1", "watch 0")
    assert len(advice_on(findings, _reps(FAULT), False)) == ADVICE_MAX
    assert advice_on([], _reps(OK), False) == (FILM_FROM_THE_SIDE,)
    assert advice_on([], [], False) == ()


def test_a_set_whose_back_was_not_seen_is_not_called_good() -> None:
    other = make_finding("arm-pull", OK)
    assert verdict_on(_reps(OK), [*_set(OK), other]) == "good"
    assert verdict_on(_reps(OK), [*_set(NOT_MEASURED), other]) == "not-judged"
    assert verdict_on([], _set(OK)) == "not-judged"


@pytest.mark.parametrize(
    ("motion", "names"),
    [
        (deadlift(2), ["set_up_s", "lift_off_s", "knee_passing_s", "lockout_s", "lowering_s", "floor_s"]),
        (kettlebell_swing(3), ["backswing_s", "hip_snap_s", "hips_open_s", "float_s"]),
        (squat(2), ["descent_s", "bottom_s", "ascent_s", "lockout_s"]),
    ],
)
def test_named_instants_come_in_the_order_of_the_lift(motion, names: list[str]) -> None:
    reps = analyze(film(motion)).reps
    assert reps
    for rep in reps:
        known = rep.instants | {"lift_off_s": rep.lift_off_s, "lockout_s": rep.lockout_s, "bottom_s": rep.bottom_s}
        times = [known[name] for name in names]
        assert not any(math.isnan(time_s) for time_s in times)
        assert times == sorted(times), dict(zip(names, times, strict=True))
