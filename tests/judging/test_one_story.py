"""Rows, findings, headline, advice and praise of one report tell one story, whatever the lifter does."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable

import pytest

from formcheck.core.verdicts import FAULT, GOOD, NOT_JUDGED, NOT_MEASURED, OK, WATCH, worst
from formcheck.exercises import exercise_named
from formcheck.judging.analysis import analyze
from formcheck.judging.coaching import FILM_FROM_THE_SIDE, KEEP_BACK_IN_SIGHT, reps_showing
from formcheck.judging.report import Report
from formcheck.render.terminal import finding_text, neutral_words
from tests.helpers.synthetic_lifter import (
    Camera,
    Motion,
    Posture,
    curls,
    deadlift,
    empty_poses,
    film,
    kettlebell_swing,
    romanian_deadlift,
    squat,
    standing_still,
    through,
)


def _joined(*motions: Motion) -> Motion:
    """One set after the other."""
    stops: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {}
    start = 0.0
    for motion in motions:
        for name, (times, values) in motion.keys.items():
            before = stops.get(name, ((), ()))
            first = 1 if before[0] else 0
            stops[name] = (before[0] + tuple(start + at for at in times[first:]), before[1] + values[first:])
        start += motion.duration_s
    return Motion(stops)


def _faulty(make: Callable[..., Motion], faults: dict[str, float], camera: Camera) -> Report:
    return analyze(film(make(3, **faults), camera, noise_px=1.0))


LOW = Posture(hip_deg=110.0, knee_deg=110.0, trunk_deg=35.0)
HIGH = Posture(hip_deg=70.0, knee_deg=70.0, trunk_deg=25.0)

CASES: dict[str, Callable[[], Report]] = {
    **{
        f"{name} {fault or 'good'} {camera.yaw_deg:.0f}": functools.partial(
            _faulty, make, {fault: value} if fault else {}, camera
        )
        for name, make, faults in (
            (
                "deadlift",
                deadlift,
                {"": 0.0, "rounding_deg": 50.0, "growth_deg": 30.0, "arm_bend_deg": 60.0, "hips_first_deg": 20.0},
            ),
            ("swing", kettlebell_swing, {"": 0.0, "rounding_deg": 45.0, "arm_bend_deg": 60.0, "squatted_deg": 40.0}),
            ("squat", squat, {"": 0.0, "rounding_deg": 45.0, "wink_deg": 35.0, "shallow_deg": 30.0, "lean_deg": 25.0}),
        )
        for fault, value in faults.items()
        for camera in (Camera(0.0), Camera(50.0), Camera(85.0))
    },
    "one bad squat of three": lambda: analyze(film(_joined(squat(2), squat(1, rounding_deg=50.0)), noise_px=1.0)),
    "two bad squats of four": lambda: analyze(film(_joined(squat(2), squat(2, shallow_deg=40.0)), noise_px=1.0)),
    "one bad deadlift of three": lambda: analyze(
        film(_joined(deadlift(1, rounding_deg=50.0), deadlift(2, stands_first=True)), noise_px=1.0)
    ),
    "romanian": lambda: analyze(film(romanian_deadlift(3, knees_deg=40.0))),
    "curls called squats": lambda: analyze(film(curls()), "squat"),
    "nobody": lambda: analyze(empty_poses(60), "deadlift"),
    "somebody who stands": lambda: analyze(film(standing_still()), "squat"),
    "never stands": lambda: analyze(
        film(through([(0.0, LOW), (1.0, HIGH), (2.0, LOW), (3.0, HIGH), (4.0, LOW)])), "squat"
    ),
}


@pytest.fixture(params=CASES)
def report(request: pytest.FixtureRequest) -> Report:
    return CASES[request.param]()


def test_every_part_of_a_report_tells_one_story(report: Report) -> None:
    _verdicts_agree(report)
    _counts_agree(report)
    _nothing_is_said_of_what_was_not_judged(report)
    _praise_contradicts_nothing(report)
    _best_and_worst_stand_out(report)
    if report.back is not None:
        assert ("own" in neutral_words(report)) == (report.back.source != "population")


def _verdicts_agree(report: Report) -> None:
    on_set = worst(finding.verdict for finding in report.findings)
    if report.verdict in (FAULT, WATCH):
        assert report.verdict == on_set
    else:
        assert on_set in (OK, NOT_MEASURED)
    assert report.reps or report.verdict == NOT_JUDGED
    for finding in report.findings:
        rows = [row.verdict for rep in report.reps for row in rep.findings if row.check == finding.check]
        of_rows = worst(rows)
        if finding.verdict != of_rows:
            # One fault among several repetitions is something to watch, and the headline says that it was a fault.
            assert (finding.verdict, of_rows) == (WATCH, FAULT)
            assert rows.count(FAULT) == 1
            assert len(rows) > 1
            if finding.title.lower() in report.summary:
                assert "a fault in rep" in report.summary


def _counts_agree(report: Report) -> None:
    head = report.summary.split(":")[0]
    if report.reps:
        assert head.startswith(f"{len(report.reps)} ")
        assert ("partial" in head) == any(rep.partial for rep in report.reps)
    flagged = [finding for finding in report.findings if finding.verdict.is_flagged]
    for finding in flagged:
        showing = reps_showing(finding, report.reps)
        counted = re.search(r"noticed in (\d+) of (\d+) reps", finding_text(finding, report.reps))
        if counted:
            assert (int(counted[1]), int(counted[2])) == (len(showing), len(report.reps))
        if finding.title.lower() in report.summary and "of" in report.summary.split(finding.title.lower())[1][:20]:
            assert f"in {len(showing)} of {len(report.reps)} reps" in report.summary
        if finding.title.lower() in report.load_advice.lower():
            assert f"in {len(showing)} of {len(report.reps)} reps" in report.load_advice


def _nothing_is_said_of_what_was_not_judged(report: Report) -> None:
    flagged_cues = {finding.cue for finding in report.findings if finding.verdict.is_flagged}
    allowed = flagged_cues | {FILM_FROM_THE_SIDE, KEEP_BACK_IN_SIGHT}
    assert set(report.advice) <= allowed
    if not report.reps:
        assert report.advice == report.praise == ()
        assert report.load_advice == ""
    for rep in report.reps:
        for row in rep.findings:
            assert (row.verdict == NOT_MEASURED) == math.isnan(row.value)
            assert (row.reason != "") == (row.verdict == NOT_MEASURED)
        if math.isnan(rep.measures.get("knee_flexion_bottom_deg", math.nan)):
            assert math.isnan(rep.measures.get("depth_thighs", math.nan))
    if report.verdict == GOOD:
        assert "nothing to correct" in report.summary


def _praise_contradicts_nothing(report: Report) -> None:
    lift = exercise_named(report.exercise.name)
    if lift is None:
        return
    flagged = {finding.check for finding in report.findings if finding.verdict.is_flagged}
    for check in lift.checks:
        if check.praise in report.praise and check.praise:
            assert check.id not in flagged
            assert not check.praise_unless & flagged


def _best_and_worst_stand_out(report: Report) -> None:
    level = report.set_level
    if level is None:
        return
    flags = {rep.index: sum(row.verdict.is_flagged for row in rep.findings) for rep in report.reps}
    if level.worst_rep is not None:
        assert flags[level.worst_rep] > 0
        assert level.worst_rep != level.best_rep
    if level.best_rep is not None:
        assert flags[level.best_rep] < max(flags.values()) or level.worst_rep is not None


def test_every_praise_names_checks_that_exist() -> None:
    for name in ("deadlift", "kettlebell-swing", "squat"):
        lift = exercise_named(name)
        assert lift is not None
        known = {check.id for check in lift.checks}
        for check in lift.checks:
            assert check.praise_unless <= known, check.id
            assert not check.praise_unless or check.praise, check.id
