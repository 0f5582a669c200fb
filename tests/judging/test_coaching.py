"""What a coach would say: one sentence, at most three things, praise, and the load only when a fault repeats."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.loads import KG_PER_LB
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import FAULT, GOOD, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.exercises import EXERCISES
from formcheck.exercises.framework.check import Finding
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.recognition import Recognition
from formcheck.judging.analysis import analyze
from formcheck.judging.coaching import (
    ADVICE_MAX,
    ASPECTS,
    BELLS_KG,
    FILM_FROM_THE_SIDE,
    KEEP_BACK_IN_SIGHT,
    LOAD_CHECKS,
    MANY_REPS,
    PRAISE_MAX,
    advice_on,
    load_advice_on,
    praise_of,
    reps_showing,
    summary_of,
    verdict_on,
)
from formcheck.judging.report import RepReport
from formcheck.judging.settings import Settings
from formcheck.render.terminal import finding_text
from tests.helpers.make_reports import make_finding, make_rep
from tests.helpers.synthetic_lifter import Camera, Motion, deadlift, film, joined, kettlebell_swing, squat

BACK = "back-rounding"


def _reps(*verdicts: str, check: str = BACK) -> list[RepReport]:
    return [make_rep(n, (make_finding(check, verdict),)) for n, verdict in enumerate(verdicts, 1)]


def _set(verdict: str, check: str = BACK) -> list[Finding]:
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


def test_loads_are_named_in_the_units_that_were_asked_for() -> None:
    reps = _reps(OK, FAULT, FAULT)
    words = load_advice_on(_set(FAULT), reps, 225 * KG_PER_LB, unit="lb")
    assert words.endswith("next set 200 to 210 lb.")
    assert load_advice_on(_set(FAULT), reps, 200 * KG_PER_LB, unit="lb").endswith("next set 180 to 190 lb.")
    assert load_advice_on(_set(FAULT), reps, 16.0, LoadKind.BELL, unit="lb").endswith("with a 31 lb bell.")
    told = analyze(film(deadlift(3, rounding_deg=50.0)), load_kg=100.0, settings=Settings(load_unit="lb"))
    assert "lb" in told.load_advice
    assert "kg" not in told.load_advice


def test_the_load_is_never_named_heavier_than_it_was() -> None:
    for load_kg in (10.0, 12.5, 17.5, 22.5, 61.0, 300.0):
        words = load_advice_on(_set(FAULT), _reps(FAULT, FAULT), load_kg).removesuffix(" kg.").split()
        numbers = [float(word) for word in words if word.replace(".", "", 1).isdigit()]
        assert numbers[-1] < load_kg


def test_other_faults_say_nothing_about_the_load() -> None:
    assert "bar-drift" not in LOAD_CHECKS
    assert load_advice_on(_set(FAULT, "bar-drift"), _reps(FAULT, FAULT, check="bar-drift"), 100.0) == ""
    checks = [check for lift in EXERCISES for check in lift.checks if check.id in LOAD_CHECKS]
    assert {check.id for check in checks} == LOAD_CHECKS
    assert all(check.worst == FAULT for check in checks), "what is only a hint never repeats as a fault"


@pytest.mark.parametrize(
    ("load_kg", "words"),
    [
        (None, "with the next lighter bell"),
        (4.0, "with the next lighter bell"),
        (12.0, "with a 10 kg bell"),
        (16.0, "with a 14 kg bell"),
        (15.9, "with a 14 kg bell"),
        (17.0, "with a 16 kg bell"),
        (20.0, "with a 16 kg bell"),
        (24.0, "with a 20 kg bell"),
        (48.0, "with a 44 kg bell"),
    ],
)
def test_a_kettlebell_is_changed_for_a_lighter_one(load_kg: float | None, words: str) -> None:
    reps = _reps(OK, FAULT, FAULT)
    said = load_advice_on(_set(FAULT), reps, load_kg, LoadKind.BELL)
    assert said.endswith(f"end the set here, next set {words}.")


@pytest.mark.parametrize("bell_kg", BELLS_KG[1:])
@pytest.mark.parametrize("reps", [2, MANY_REPS])
def test_the_bell_is_never_named_heavier_than_it_was(bell_kg: int, reps: int) -> None:
    words = load_advice_on(_set(FAULT), _reps(*[FAULT] * reps), bell_kg, LoadKind.BELL).split()
    assert int(words[-3]) < bell_kg
    assert int(words[-3]) in BELLS_KG


def test_the_lift_and_its_variant_say_what_the_load_is() -> None:
    assert "20 kg bell" in analyze(film(kettlebell_swing(3, rounding_deg=50.0)), load_kg=24.0).load_advice
    poses = film(deadlift(3, rounding_deg=60.0))
    assert "20 kg bell" in analyze(poses, variant="kettlebell", load_kg=24.0).load_advice
    assert "bell" not in analyze(poses, load_kg=24.0).load_advice


def test_nobody_is_told_to_take_off_what_is_not_there() -> None:
    reps = _reps(FAULT, FAULT)
    for said in (
        load_advice_on(_set(FAULT), reps, None, LoadKind.NONE),
        load_advice_on(_set(FAULT), reps, 0.0),
        analyze(film(squat(4, rounding_deg=50.0)), variant="bodyweight").load_advice,
    ):
        assert said.endswith("next set fewer reps, and only as deep as the back keeps its shape.")
    assert "kg" in load_advice_on(_set(FAULT), reps, 20.0, LoadKind.NONE), "a vest is a load"


def test_praise_is_for_what_was_seen_and_right() -> None:
    checks = EXERCISES[0].checks
    words = next(check.praise for check in checks if check.id == BACK)
    assert praise_of(checks, _set(OK), _reps(OK, OK)) == (words,)
    assert praise_of(checks, _set(OK), _reps(OK, NOT_MEASURED, NOT_MEASURED)) == ()
    for verdict in (WATCH, FAULT, NOT_MEASURED):
        assert praise_of(checks, _set(verdict), _reps(verdict)) == ()


@pytest.mark.parametrize("motion", [deadlift(3), kettlebell_swing(3), squat(3)])
def test_a_good_set_is_praised_and_a_rounded_one_not_for_its_back(motion: Motion) -> None:
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
    assert verdict_on(_reps(NOT_MEASURED), [*_set(NOT_MEASURED), other]) == "not-judged"
    assert verdict_on([], _set(OK)) == "not-judged"


REST_FINE = "lockout, heels and arms were fine; "


def test_what_was_right_is_named_first_where_the_back_was_not_judged() -> None:
    known = {check.id for lift in EXERCISES for check in lift.checks}
    assert set().union(*(checks for _, checks in ASPECTS)) <= known
    hidden = film(squat(3))
    hidden = replace(hidden, contour_px=np.full_like(hidden.contour_px, np.nan))
    summary = analyze(hidden, "squat").summary
    assert summary.startswith("3 squat reps: depth, lockout and heels were fine; the back could not be judged (")
    # From the front the knees are seen, and hardly anything else.
    front = analyze(film(squat(3), Camera(90.0)), "squat").summary
    assert front.startswith("3 squat reps: knees were fine; the back could not be judged (")
    # A fault comes before all that is fine.
    shallow = film(squat(3, shallow_deg=40.0))
    shallow = replace(shallow, contour_px=np.full_like(shallow.contour_px, np.nan))
    told = analyze(shallow, "squat").summary
    assert "not deep enough" in told
    assert "fine" not in told


def _back_hidden_after(motion: Motion, reps: int) -> PoseSequence:
    """The outline of the back is lost after that many repetitions."""
    poses = film(motion)
    contour = poses.contour_px.copy()
    contour[poses.time_s > (motion.tops_s[reps - 1] if reps else 0.0) - 1e-6] = np.nan
    return replace(poses, contour_px=contour)


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (6, "good", "6 deadlift reps: nothing to correct."),
        (3, "good", "6 deadlift reps: nothing to correct; the back was judged in 3 of 6."),
        (2, "not-judged", f"6 deadlift reps: {REST_FINE}the back was judged in only 2 of 6 ("),
        (1, "not-judged", f"6 deadlift reps: {REST_FINE}the back was judged in only 1 of 6 ("),
        (0, "not-judged", f"6 deadlift reps: {REST_FINE}the back could not be judged ("),
    ],
)
def test_a_set_is_good_only_when_the_back_was_judged_in_half_of_it(seen: int, verdict: str, words: str) -> None:
    report = analyze(_back_hidden_after(deadlift(6), seen))
    assert (report.verdict, report.summary[: len(words)]) == (verdict, words)
    assert report.advice == (() if verdict == "good" else (KEEP_BACK_IN_SIGHT,))


def test_a_fault_elsewhere_does_not_hide_that_the_back_was_not_judged() -> None:
    for seen, words in ((0, "not judged"), (1, "judged in 1 of 4")):
        report = analyze(_back_hidden_after(deadlift(4, arm_bend_deg=60.0), seen))
        assert report.summary == f"4 deadlift reps: pulling with the arms in every rep; the back was {words}."
        assert report.advice[1:] == (KEEP_BACK_IN_SIGHT,)


@pytest.mark.parametrize(
    ("partial", "words"),
    [
        ((False, False), "2 deadlift reps: "),
        ((False, True), "2 deadlift reps, 1 of them partial: "),
        ((True, True), "2 deadlift reps, all partial: "),
        ((True,), "1 deadlift rep, partial: "),
    ],
)
def test_partial_repetitions_are_named(partial: tuple[bool, ...], words: str) -> None:
    reps = [replace(rep, partial=each) for rep, each in zip(_reps(*[OK] * len(partial)), partial, strict=True)]
    said = summary_of(GOOD, EXERCISES[0], reps, _set(OK), Recognition(EXERCISES[0], 1.0))
    assert said == f"{words}nothing to correct."


@pytest.mark.parametrize(
    ("verdict", "verdicts", "showing"),
    [(FAULT, (FAULT, FAULT, WATCH, OK), [1, 2, 3]), (WATCH, (FAULT, WATCH, OK, OK), [1, 2])],
)
def test_one_set_has_one_count(verdict: Verdict, verdicts: tuple[Verdict, ...], showing: list[int]) -> None:
    reps, findings = _reps(*verdicts), _set(verdict)
    assert reps_showing(findings[0], reps) == showing
    count = f"in {len(showing)} of 4 reps"
    assert count in summary_of(verdict, EXERCISES[0], reps, findings, Recognition(EXERCISES[0], 1.0))
    assert f"noticed {count}" in finding_text(findings[0], reps)
    if verdict == FAULT:
        assert count in load_advice_on(findings, reps, None)


ONE_LIFT = "trim the video to one lift, or say which lift to judge"

ANOTHER = {"deadlift": "a deadlift", "kettlebell-swing": "a kettlebell swing", "squat": "a squat"}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (deadlift(6), squat(3)),
        (squat(6), deadlift(2)),
        (kettlebell_swing(8), squat(2)),
        (squat(6), kettlebell_swing(3)),
    ],
)
def test_another_lift_in_the_video_is_named(first: Motion, then: Motion) -> None:
    alone, report = analyze(film(first)), analyze(joined(film(first), film(then)))
    other = analyze(film(then)).exercise.name
    assert (report.exercise.name, len(report.reps)) == (alone.exercise.name, len(alone.reps))
    assert report.summary == alone.summary
    note = f"What looks like {ANOTHER[other]} was seen as well and was not judged: {ONE_LIFT}."
    assert report.tracking.notes[-1] == note
    assert alone.tracking.notes == ()
    told = analyze(joined(film(first), film(then)), alone.exercise.name)
    assert note not in told.tracking.notes, "who names the lift knows"


def test_two_lifts_of_which_none_was_seen_most_are_named() -> None:
    both = joined(film(deadlift(3)), film(squat(3)))
    report = analyze(both)
    assert report.verdict == "not-judged"
    assert report.summary == f"More than one lift was seen (a deadlift and a squat), so nothing was judged: {ONE_LIFT}."
    assert [len(analyze(both, name).reps) for name in ("deadlift", "squat")] == [3, 3]


@pytest.mark.parametrize(
    ("motion", "names"),
    [
        (deadlift(2), ["set_up_s", "lift_off_s", "knee_passing_s", "lockout_s", "lowering_s", "floor_s"]),
        (kettlebell_swing(3), ["backswing_s", "hip_snap_s", "hips_open_s", "float_s"]),
        (squat(2), ["descent_s", "bottom_s", "ascent_s", "lockout_s"]),
    ],
)
def test_named_instants_come_in_the_order_of_the_lift(motion: Motion, names: list[str]) -> None:
    reps = analyze(film(motion)).reps
    assert reps
    for rep in reps:
        known = rep.instants | {"lift_off_s": rep.lift_off_s, "lockout_s": rep.lockout_s, "bottom_s": rep.bottom_s}
        times = [known[name] for name in names]
        assert not any(math.isnan(time_s) for time_s in times)
        assert times == sorted(times), dict(zip(names, times, strict=True))
