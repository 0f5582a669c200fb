"""The live engine, its coach, its cues and its warm-up, on synthetic lifters: no camera, no model, no clock."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.exercises.framework.check import Finding
from formcheck.judging import finished_reps
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report, RepReport
from formcheck.live import analysis_schedule, coach, engine, presence, rep_counter, warm_up
from formcheck.live.coach import Coach, Look, Repeats, advise, look_of
from formcheck.live.cues import Cues, Rise, spoken
from formcheck.live.engine import LiveEngine
from formcheck.live.gauge import back_check, heights_of, read, scale_of
from formcheck.live.recording import Observation, Recording
from formcheck.live.session import Snapshot, State
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.neutral import OwnReps, population_neutral
from formcheck.motion.view import SIDE_MAX_DEG
from tests.helpers.live_frames import LIVE_CAMERA, after, engine_for, events, filmed, looks, played
from tests.helpers.synthetic_lifter import (
    Camera,
    Posture,
    deadlift,
    film,
    kettlebell_swing,
    squat,
    standing_still,
    through,
    without,
)

SETS = {
    "deadlift": ("deadlift", deadlift(2)),
    "rounded deadlift": ("deadlift", deadlift(2, rounding_deg=45)),
    "a single": ("deadlift", deadlift(1)),
    "shallow squat": ("squat", squat(2, shallow_deg=30)),
    "swing with bent arms": ("kettlebell-swing", kettlebell_swing(3, arm_bend_deg=50)),
}


@functools.cache
def session(name: str) -> tuple[LiveEngine, PoseSequence, list[Snapshot]]:
    """One of these sets, played once for all tests."""
    exercise, motion = SETS[name]
    live, poses = engine_for(exercise), filmed(motion)
    snapshots = played(poses, live)
    live.finish()
    return live, poses, snapshots


POPULATION = population_neutral(BLAZEPOSE.contour_norms)


# ------------------------------------------------------------------------------------------------------ the recording


def test_a_recording_gives_back_what_it_was_given() -> None:
    poses = filmed(squat(2))
    recording = Recording(poses.video.file)
    for seen in looks(poses):
        recording.append(seen)
    kept = recording.poses()
    for name in ARRAY_FIELDS:
        np.testing.assert_allclose(getattr(kept, name), getattr(poses, name), rtol=1e-5, atol=1e-3, err_msg=name)


def test_a_recording_that_drops_its_front_stays_small() -> None:
    recording = Recording()
    for frame in range(20_000):
        recording.append(Observation(frame / 20, None, 640, 480))
        recording.drop_before(frame / 20 - 10.0)
    assert len(recording) == 201
    assert len(recording._arrays["time_s"]) <= 2 * 512
    assert recording.poses(990.0).time_s[0] == pytest.approx(990.0)


def test_a_recording_can_start_at_zero_as_an_upload_does() -> None:
    recording = Recording()
    for frame in range(10):
        recording.append(Observation(100 + frame / 20, None, 640, 480, picture_change=0.3))
    poses = recording.poses(100.2, from_zero=True)
    assert poses.time_s[0] == 0.0
    assert poses.picture_change[0] == 0.0
    assert poses.video.frames == len(poses) == 6
    assert recording.time_s[0] == 100.0, "what is recorded keeps its times"


# ------------------------------------------------------------------------------------- the same as for an upload


@pytest.mark.parametrize("name", SETS)
def test_the_report_after_the_set_is_that_of_an_upload(name: str) -> None:
    live, poses, _ = session(name)
    uploaded = analyze(poses, SETS[name][0])
    (done,) = live.finished
    assert len(done.report.reps) == len(uploaded.reps) > 0
    assert {f.check: f.verdict for f in done.report.findings} == {f.check: f.verdict for f in uploaded.findings}
    assert done.report.verdict == uploaded.verdict


@pytest.mark.parametrize("name", SETS)
def test_every_rep_is_counted_once_and_soon_after_its_lockout(name: str) -> None:
    live, _, snapshots = session(name)
    said, reps = events(snapshots, "rep"), live.finished[0].report.reps
    assert [event.text for event in said] == [str(number + 1) for number in range(len(reps))]
    for event, rep in zip(said, reps, strict=True):
        assert abs(event.time_s - rep.lockout_s) <= 0.5


@pytest.mark.parametrize("name", SETS)
def test_the_end_of_a_way_up_is_looked_at_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_schedule, "ANALYSE_EVERY_S", 2.0)
    exercise, motion = SETS[name]
    live = engine_for(exercise)
    said = events(played(filmed(motion), live), "rep")
    (done,) = live.finish()
    assert len(said) == len(done.report.reps)
    for event, rep in zip(said, done.report.reps, strict=True):
        assert event.time_s - rep.lockout_s <= 0.35


def test_shoulders_rise_while_they_are_faster_than_a_creep() -> None:
    rise = Rise()
    speed = finished_reps.TOP_RISING_PER_S
    assert not rise.follow(0.0, 0.5)
    assert rise.follow(0.1, 0.5 + 0.11 * speed)
    # The frame before the last is within reach, the first is not any more.
    assert not rise.follow(0.2, 0.5 + 0.2 * speed)
    assert not rise.follow(0.3, 0.4)
    assert rise.follow(0.4, 0.5)
    rise.lose()
    assert not rise.follow(0.45, 0.9)


def test_a_lift_that_nobody_named_is_recognised() -> None:
    live = engine_for("auto")
    snapshots = played(filmed(squat(1)), live)
    assert snapshots[-1].exercise == "squat"
    assert snapshots[-1].reps == 1


def test_standing_still_is_no_set() -> None:
    live = engine_for("auto")
    snapshots = played(filmed(standing_still(12.0)), live)
    assert not events(snapshots, "rep")
    assert {now.state for now in snapshots} <= {State.SETTING_UP, State.READY}
    finished = live.finish()
    assert [len(done.report.reps) for done in finished] == [0], "a report without repetitions says why"


def test_a_session_without_a_frame_has_no_report() -> None:
    assert engine_for().finish() == ()


def test_a_long_set_costs_no_more_a_second_than_a_short_one_and_no_rep_is_lost() -> None:
    def frames_per_second(reps: int) -> float:
        poses = filmed(squat(reps), fps=15.0)
        live = engine_for("squat")
        assert played(poses, live)[-1].reps == reps
        return live.analysed_frames / float(poses.time_s[-1])

    long = frames_per_second(10)
    assert long <= 15 * rep_counter.WINDOW_MAX_S / analysis_schedule.ANALYSE_EVERY_S
    # Analysed again from its start each time, a set of twice the length would cost nearly twice as much a second.
    assert long <= 1.4 * frames_per_second(5)


def test_standing_up_without_the_bar_between_reps_is_no_rep_however_long_the_set() -> None:
    singles = filmed(deadlift(1, stands_last=True))
    poses = singles
    for _ in range(5):
        poses = after(poses, singles)
    live = engine_for()
    snapshots = played(poses, live)
    # The window of the analysis has moved on from the first rep more than once by then.
    assert poses.time_s[-1] > 2 * rep_counter.WINDOW_MAX_S
    assert [event.text for event in events(snapshots, "rep")] == ["1", "2", "3", "4", "5", "6"]
    (done,) = live.finish()
    assert len(done.report.reps) == 6


def test_a_stand_whose_floor_is_not_clear_at_once_is_not_counted_and_taken_back() -> None:
    single = filmed(deadlift(1, stands_last=True))
    height = heights_of(single.image_px, scale_of(single.image_px))  # type: ignore[arg-type]
    up = np.flatnonzero((height[:-1] < 0.95) & (height[1:] >= 0.95))[-1]
    floor = single.floor.copy()
    lies, lifted = floor[up], floor[np.argmax(floor.mean(axis=(1, 2)))]
    assert not np.array_equal(lies, lifted)
    # Arms and legs still move through it.
    floor[up : up + 6] = lies + 0.4 * (lifted - lies)
    poses = single = replace(single, floor=floor)
    for _ in range(3):
        poses = after(poses, single)
    snapshots = played(poses, engine_for())
    assert [event.text for event in events(snapshots, "rep")] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("away_s", [1.2, 2.4])
def test_a_set_that_is_cut_for_its_length_while_the_lifter_stands_goes_on_from_that_very_stand(
    away_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LONGEST_SET_S", 15.0)
    poses = singles = filmed(deadlift(1, stands_last=True))
    for _ in range(7):
        poses = after(poses, singles)
    live, snapshots, cut_s = engine_for(), [], -math.inf
    for seen in looks(poses):
        # Analysing a long set takes a while, and no frame then: the lifter is at the bottom at the latest when it is
        # done. Of a longer look away the ascent would not be seen, and what was not seen is not counted.
        if seen.time_s - cut_s < away_s:
            continue
        snapshots.append(live.add(seen))
        if events(snapshots[-1:], "set-over") and not math.isfinite(cut_s):
            cut_s = seen.time_s
    first, *others = live.finish()
    assert cut_s - engine.BETWEEN_REPS_S < others[0].start_s < cut_s - 0.5
    assert len(events(snapshots, "rep")) == 8
    assert sum(len(each.report.reps) for each in (first, *others)) == 8


def counting(monkeypatch: pytest.MonkeyPatch, lockouts_s: list[list[float]]) -> list[str]:
    """What is said of repetitions when the analyses of a set find them with these lockouts, one after the other."""
    live, said = engine_for(), []
    report, found = session("deadlift")[0].finished[0].report, iter(lockouts_s)

    def judged(poses: PoseSequence, *_: object, **__: object) -> Report:
        reps = tuple(rep_with(lockout_s=each) for each in next(found, lockouts_s[-1]))
        return replace(report, reps=reps, back=None, signals=None)

    monkeypatch.setattr(engine, "analyze", judged)
    monkeypatch.setattr(finished_reps, "is_finished", lambda *_: True)
    for snapshot in played(filmed(deadlift(2)), live):
        said += [event.text for event in snapshot.events if event.kind == "rep"]
    return said


def test_a_number_that_was_taken_back_is_said_again_for_another_rep(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counting(monkeypatch, [[], [1.0], [1.0, 1.8], [1.0], [1.0], [1.0, 4.0]]) == ["1", "2", "2"]


def test_a_rep_that_flickers_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counting(monkeypatch, [[], [1.0], [1.0, 1.8], [1.0], [1.0], [1.0, 1.9]]) == ["1", "2"]
    assert counting(monkeypatch, [[], [1.0], [1.0, 1.8], [1.0], [1.0, 1.8]]) == ["1", "2"]


def test_two_sets_are_two_reports() -> None:
    pause = filmed(standing_still(engine.SET_OVER_S + 6.0))
    first = after(filmed(squat(2)), pause)
    both = after(first, filmed(squat(1)))
    live = engine_for("squat")
    snapshots = played(both, live)
    finished = live.finish()
    assert [len(done.report.reps) for done in finished] == [2, 1]
    assert [done.number for done in finished] == [1, 2]
    assert len(live._recording) == 0, "finished sets have left the recording"
    assert finished[1].poses.time_s[0] == 0.0
    assert finished[1].start_s > 10.0
    states = [now.state for now in snapshots]
    assert State.RESTING in states
    assert State.DONE in states
    assert states.index(State.RESTING) < states.index(State.DONE)
    assert len(events(snapshots, "set-over")) == 1


def test_the_target_ends_the_set() -> None:
    live = engine_for("squat", target_reps=2)
    snapshots = played(filmed(squat(2)), live)
    assert [event.text for event in events(snapshots, "target")] == ["That's 2: set over"]
    assert snapshots[-1].state == State.DONE
    assert snapshots[-1].reps == 2


def test_the_user_can_end_a_set() -> None:
    live = engine_for("squat")
    played(filmed(squat(1)), live)
    done = live.end_set()
    assert done is not None
    assert len(done.report.reps) == 1
    assert live.end_set() is None


def test_the_end_of_a_set_that_the_user_called_is_told_with_the_next_frame() -> None:
    poses = filmed(squat(2))
    live = engine_for("squat")
    half = int(np.searchsorted(poses.time_s, squat(2).tops_s[0] + 0.3))
    seen = list(looks(poses))
    for each in seen[:half]:
        live.add(each)
    live.end_set()
    told = [event.kind for event in live.add(seen[half]).events]
    assert told.count("set-over") == 1
    assert "set-over" not in [event.kind for event in live.add(seen[half + 1]).events]


def test_coming_up_from_a_set_that_was_ended_at_the_bottom_is_no_rep_of_the_next_one() -> None:
    motion = deadlift(2, stands_last=True)
    poses = filmed(motion)
    live = engine_for()
    seen = list(looks(poses))
    # On the floor with the bar, after the second rep: all that is left is to stand up.
    down = int(np.searchsorted(poses.time_s, poses.time_s[-1] - 2.2))
    for each in seen[:down]:
        live.add(each)
    assert live.end_set() is not None
    rest = [live.add(each) for each in seen[down:]]
    assert not events(rest, "rep")
    # The next set is one as any other.
    again = filmed(deadlift(3))
    again = replace(again, time_s=again.time_s + poses.time_s[-1] + 0.05)
    assert [event.text for event in events(played(again, live), "rep")] == ["1", "2", "3"]
    assert [len(done.report.reps) for done in live.finish()] == [2, 3]


# --------------------------------------------------------------------------------------------------------------- cues


def test_there_is_at_most_one_cue_for_each_rep_and_the_back_comes_first() -> None:
    live = engine_for("deadlift")
    snapshots = played(filmed(deadlift(3, rounding_deg=50, soft_hips_deg=40, stands_last=True)), live)
    said = [(now.reps, now.cue) for now in snapshots if now.cue]
    assert len(said) >= 3
    assert {text for _, text in said} == {"Chest proud, squeeze your armpits"}
    assert len({reps for reps, _ in said}) == len(said), "never two between two repetitions"


def test_a_good_set_has_no_cue() -> None:
    assert not events(session("deadlift")[2], "cue")


def test_a_fault_that_is_not_the_backs_is_called_after_the_rep() -> None:
    said = events(session("shallow squat")[2], "cue")
    assert said
    assert "Sit between your heels" in said[0].text


@pytest.mark.parametrize("exercise", ["deadlift", "auto"])
def test_a_back_that_rounds_is_called_within_half_a_second(exercise: str) -> None:
    motion = deadlift(1, growth_deg=70)
    live = engine_for(exercise)
    poses = filmed(motion)
    said = events(played(poses, live), "cue")
    uncertainty = float(np.nanmedian(analyze(poses, "deadlift").signals.back_rounding_uncertainty_deg))  # type: ignore[union-attr]
    rounding = motion.at(poses.time_s)["rounding_deg"]
    limit = back_check(None).fault + uncertainty  # type: ignore[union-attr]
    crossed_s = poses.time_s[int(np.flatnonzero(rounding > limit)[0])]
    assert -0.1 <= said[0].time_s - crossed_s <= 0.5
    assert said[0].urgent


def finding(check: str, verdict: str) -> Finding:
    return Finding(check, check, Verdict(verdict), 1.0, 1.0, "deg", 0.0, "", f"{check} cue. More words.", 1)


def rep_with(*findings: Finding, partial: bool = False, lockout_s: float = 2.0) -> RepReport:
    return RepReport(1, 0, 1, 2, 3, 1, lockout_s, partial, {}, findings)


def test_a_fault_comes_before_something_to_watch_and_the_first_check_before_the_others() -> None:
    cue = Cues().after(rep_with(finding("a", WATCH), finding("b", FAULT), finding("c", FAULT)), 1)
    assert cue is not None
    assert (cue.check, cue.text, cue.urgent) == ("b", "b cue", True)


def test_a_rep_with_a_cue_gets_no_second_one() -> None:
    cues, check = Cues(), back_check(None)
    assert cues.during(1.0, 0, check, FAULT) is None, "it must last"
    assert cues.during(1.2, 0, check, FAULT) is not None
    assert cues.during(1.4, 0, check, FAULT) is None
    assert cues.after(rep_with(finding("a", FAULT)), 1) is None
    assert cues.after(rep_with(finding("a", FAULT)), 2) is not None


def test_a_back_that_was_round_for_a_moment_only_is_not_called() -> None:
    cues, check = Cues(), back_check(None)
    assert [cues.during(t, 0, check, v) for t, v in ((1.0, FAULT), (1.1, OK), (1.2, FAULT), (1.25, FAULT))] == [
        None
    ] * 4


def called(cues: Cues, verdicts: Sequence[Verdict]) -> list[int]:
    """In which repetitions a cue is called when these are what each of them gets."""
    # An analysis comes with all repetitions of its window, so every one is seen several times.
    said = set()
    for number in range(1, len(verdicts) + 1):
        for seen in range(1, number + 1):
            if cues.after(rep_with(finding("a", verdicts[seen - 1])), seen) is not None:
                said.add(seen)
    return sorted(said)


def test_a_cue_that_does_not_help_is_called_more_and_more_seldom() -> None:
    assert called(Cues(), [FAULT] * 16) == [1, 2, 4, 8, 16]
    assert called(Cues(), [WATCH] * 11) == [1, 4, 10]


def test_a_cue_that_has_helped_is_called_at_once_when_it_is_due_again() -> None:
    assert called(Cues(), [FAULT, FAULT, OK, FAULT, FAULT, FAULT]) == [1, 2, 4, 5]


def test_a_rep_that_was_not_measured_is_no_sign_that_a_cue_has_helped() -> None:
    assert called(Cues(), [FAULT, FAULT, NOT_MEASURED, FAULT, FAULT]) == [1, 2, 4]
    assert called(Cues(), [FAULT, NOT_MEASURED, NOT_MEASURED, FAULT, FAULT, FAULT]) == [1, 4, 6]


def test_nothing_less_important_is_called_while_a_fault_that_was_called_goes_on() -> None:
    cues = Cues()
    reps = [rep_with(finding("a", FAULT), finding("b", FAULT), finding("c", WATCH))] * 4
    said = [cues.after(rep, number) for number, rep in enumerate(reps, start=1)]
    assert [cue.check if cue else "" for cue in said] == ["a", "a", "", "a"]


def test_the_back_is_called_in_mid_rep_more_and_more_seldom_too() -> None:
    cues, check = Cues(), back_check(None)
    said = []
    for rep in range(1, 9):
        cues.during(10.0 * rep, rep - 1, check, OK)
        cues.during(10.0 * rep + 0.1, rep - 1, check, FAULT)
        if cues.during(10.0 * rep + 0.3, rep - 1, check, FAULT) is not None:
            said.append(rep)
    assert said == [1, 2, 4, 8]


def test_a_rep_is_over_when_the_lifter_has_come_up() -> None:
    rep = rep_with(lockout_s=2.0)
    assert not finished_reps.is_finished(rep, True, 2.0, rising_per_s=1.0)
    assert finished_reps.is_finished(rep, True, 2.0, rising_per_s=0.1)
    assert finished_reps.is_finished(rep, True, 2.1, rising_per_s=1.0)
    assert finished_reps.is_finished(rep, False, 2.0, rising_per_s=1.0)
    short = rep_with(partial=True)
    assert not finished_reps.is_finished(short, True, 2.9, rising_per_s=0.0)
    assert finished_reps.is_finished(short, True, 3.1, rising_per_s=0.0)


def test_only_the_first_sentence_is_spoken() -> None:
    assert spoken("Chest tall. Brace!") == "Chest tall"
    assert (
        spoken("Push the floor away; hips and chest rise together.")
        == "Push the floor away; hips and chest rise together"
    )


# -------------------------------------------------------------------------------------------------- leaving the frame


def test_feedback_stops_when_the_body_leaves_and_says_so() -> None:
    poses = filmed(squat(3, rounding_deg=60))
    gone = (poses.time_s > 5.0) & (poses.time_s < 8.0)
    live = engine_for("squat")
    snapshots = played(without(poses, gone), live)
    away = [now for now in snapshots if 5.0 < now.time_s < 8.0]
    assert all(math.isnan(now.reading.back_rounding_deg) and not now.in_frame for now in away)
    assert not any(now.cue for now in away)
    later = [now for now in snapshots if now.time_s >= 8.0]
    assert any(math.isfinite(now.reading.back_rounding_deg) for now in later)


@pytest.mark.parametrize(
    ("from_s", "wait_s"),
    [
        pytest.param(4.0, presence.LOST_S, id="standing between two repetitions"),
        pytest.param(5.6, presence.IN_REP_S, id="at the bottom"),
    ],
)
def test_nobody_is_told_to_step_back_in_the_middle_of_a_rep(from_s: float, wait_s: float) -> None:
    poses = filmed(squat(3))
    snapshots = played(without(poses, (poses.time_s > from_s) & (poses.time_s < from_s + 5.0)), engine_for("squat"))
    left, *_ = events(snapshots, "left")
    assert "out of the picture" in left.text
    assert left.urgent
    assert from_s + wait_s - 0.1 <= left.time_s <= from_s + wait_s + 0.1
    assert all(not now.message for now in snapshots if from_s < now.time_s < left.time_s)


def test_feet_that_leave_the_picture_stop_feedback_as_well() -> None:
    poses = filmed(squat(2))
    live = engine_for("squat")
    cut = [
        replace(seen, height=1600) if seen.time_s > 3.0 else seen  # the picture ends above the feet
        for seen in looks(poses)
    ]
    snapshots = [live.add(seen) for seen in cut]
    assert [event.text for event in events(snapshots, "left")] == ["Your feet are out of the picture: step back"]
    assert all(math.isnan(now.reading.hip_flexion_deg) for now in snapshots if now.time_s > 3.0)


def test_a_lifter_who_goes_away_for_good_ends_the_set() -> None:
    poses = after(filmed(squat(2)), filmed(standing_still(12.0)))
    gone = poses.time_s > filmed(squat(2)).time_s[-1] + 1.0
    live = engine_for("squat")
    snapshots = played(without(poses, gone), live)
    assert [len(done.report.reps) for done in live.finished] == [2]
    assert snapshots[-1].state == State.LOOKING


def test_every_state_has_a_known_name() -> None:
    poses = after(filmed(squat(2)), filmed(standing_still(engine.SET_OVER_S + 3.0)))
    nobody = without(filmed(standing_still(1.0)), np.ones(21, dtype=bool))
    snapshots = played(after(nobody, after(filmed(standing_still(5.0)), poses)), engine_for("squat"))
    assert {now.state for now in snapshots} == set(State)
    order = list(dict.fromkeys(now.state for now in snapshots))
    assert order == [State.LOOKING, State.SETTING_UP, State.READY, State.IN_SET, State.RESTING, State.DONE]


# ---------------------------------------------------------------------------------------------------------- the coach

FINE = Look(found=True, body_share=0.7, hips_from_top=0.5, yaw_deg=0.0, brightness=0.5)


def name_of(look: Look) -> str:
    advice = advise(look)
    return "" if advice is None else advice.name


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, ""),
        ({"found": False}, coach.NOBODY),
        ({"found": False, "brightness": 0.05}, "light"),
        ({"missing_parts": ("feet",)}, "feet"),
        ({"missing_parts": ("head",)}, "head"),
        ({"missing_parts": ("left",)}, "middle"),
        ({"missing_parts": ("head", "feet")}, "too-near"),
        ({"body_share": coach.BODY_SHARE_MAX}, ""),
        ({"body_share": coach.BODY_SHARE_MAX + 0.01}, "too-near"),
        ({"body_share": coach.BODY_SHARE_MIN}, ""),
        ({"body_share": coach.BODY_SHARE_MIN - 0.01}, "too-far"),
        ({"hips_from_top": coach.HIPS_FROM_TOP[0]}, ""),
        ({"hips_from_top": coach.HIPS_FROM_TOP[0] - 0.01}, "too-low"),
        ({"hips_from_top": coach.HIPS_FROM_TOP[1]}, ""),
        ({"hips_from_top": coach.HIPS_FROM_TOP[1] + 0.01}, "too-high"),
        ({"yaw_deg": SIDE_MAX_DEG}, ""),
        ({"yaw_deg": SIDE_MAX_DEG + 1}, "side-on"),
        ({"yaw_deg": -SIDE_MAX_DEG}, ""),
        ({"yaw_deg": -SIDE_MAX_DEG - 1}, "side-on"),
        ({"yaw_deg": math.nan}, "side-on"),
        ({"brightness": coach.BRIGHTNESS_MIN}, ""),
        ({"brightness": coach.BRIGHTNESS_MIN - 0.01}, "light"),
        ({"people": 2}, "people"),
    ],
)
def test_the_coach_names_what_is_wrong_and_nothing_else(change: dict[str, object], name: str) -> None:
    assert name_of(replace(FINE, **change)) == name  # type: ignore[arg-type]


def test_the_coach_goes_through_the_problems_in_order() -> None:
    look = Look(True, ("feet",), 2, 0.2, 0.9, 60.0, 0.01)
    fixes: list[dict[str, object]] = [
        {"missing_parts": ()},
        {"body_share": 0.7},
        {"hips_from_top": 0.5},
        {"yaw_deg": 0.0},
        {"brightness": 0.5},
        {"people": 1},
    ]
    named = [name_of(look)]
    for fix in fixes:
        look = replace(look, **fix)  # type: ignore[arg-type]
        named.append(name_of(look))
    assert named == ["feet", "too-far", "too-high", "side-on", "light", "people", ""]


def test_the_coach_counts_down_to_ready() -> None:
    steps = [(t / 10, Coach_.step(t / 10, FINE)) for Coach_ in [Coach()] for t in range(40)]
    assert [s.countdown for t, s in steps if t in (0.0, 0.9, 1.1, 1.9, 2.1, 2.9, 3.0)] == [3, 3, 2, 2, 1, 1, 0]
    assert [s.ready for t, s in steps if t in (2.9, 3.0, 3.9)] == [False, True, True]


def test_a_problem_that_lasts_stops_the_countdown_and_a_flicker_does_not() -> None:
    mine = Coach()
    for t in range(10):
        mine.step(t / 10, FINE)
    assert mine.step(1.0, replace(FINE, people=2)).advice is None
    assert mine.step(1.1, FINE).countdown > 0
    advice = None
    for t in range(12, 20):
        advice = mine.step(t / 10, replace(FINE, people=2)).advice
    assert advice is not None
    assert advice.name == "people"
    assert mine.step(2.0, FINE).advice is not None, "not taken back at once either"
    later = [mine.step(2.0 + t / 10, FINE) for t in range(1, 12)]
    assert later[-1].advice is None
    assert later[-1].countdown == 3, "counted from the start"


def test_advice_that_does_not_help_is_said_less_and_less() -> None:
    mine = Repeats()
    said = [t for t in range(100) if mine.may_say("feet", float(t))]
    assert said == [0, 8, 24, 56]
    # Another advice has a pause of its own.
    assert mine.may_say("light", 57.0)


def test_advice_does_not_change_faster_than_people_can_follow() -> None:
    mine = Coach()
    shown = []
    for t in range(30):
        look = replace(FINE, people=2) if t < 5 else replace(FINE, body_share=0.2)
        advice = mine.step(t / 10, look).advice
        shown.append((t / 10, advice.name if advice else ""))
    changed_s = next(t for t, name in shown if name == "too-far")
    assert changed_s >= coach.MESSAGE_HOLD_S


def test_the_look_at_a_real_body_knows_where_it_stands() -> None:
    poses = film(standing_still(2.0), replace(LIVE_CAMERA, yaw_deg=0.0), fps=20)
    seen = list(looks(poses))[-1]
    look = look_of(seen, poses)
    assert look.found
    assert look.missing_parts == ()
    assert 0.5 < look.body_share < 0.75
    assert abs(look.yaw_deg) < 15
    assert advise(look) is None
    turned = film(standing_still(2.0), replace(LIVE_CAMERA, yaw_deg=60.0), fps=20)
    assert name_of(look_of(list(looks(turned))[-1], turned)) == "side-on"
    far = film(standing_still(2.0), Camera(px_per_m=300.0), fps=20)
    assert name_of(look_of(list(looks(far))[-1], far)) == "too-far"


def test_the_engine_shows_and_says_one_thing_at_a_time() -> None:
    far = film(standing_still(4.0), Camera(px_per_m=300.0), fps=20)
    snapshots = played(far, engine_for())
    said = events(snapshots, "coach")
    assert [event.text for event in said] == ["Come closer, or move the camera closer"]
    assert {now.state for now in snapshots} == {State.SETTING_UP}
    assert snapshots[-1].message == said[0].text


def test_a_second_person_is_asked_to_leave() -> None:
    snapshots = played(filmed(standing_still(3.0)), engine_for(), people=2)
    assert events(snapshots, "coach")[0].text == "Only one person in the picture, please"
    assert all(now.state == State.SETTING_UP for now in snapshots)


# ---------------------------------------------------------------------------------------------------------- the gauge


def test_the_gauge_shows_what_the_analysis_measures() -> None:
    poses = filmed(squat(2))
    report = analyze(poses, "squat")
    assert report.signals is not None
    bottom_s = report.reps[0].bottom_s
    window = poses.part((poses.time_s > bottom_s - 1.4) & (poses.time_s <= bottom_s + 0.1))
    scale = scale_of(poses.image_px)
    assert scale is not None
    reading = read(window, POPULATION, scale, None, back_check(None))
    at = int(np.argmin(np.abs(report.signals.time_s - bottom_s)))
    assert reading.hip_flexion_deg == pytest.approx(report.signals.hip_flexion_deg[at], abs=4)
    assert reading.knee_flexion_deg == pytest.approx(report.signals.knee_flexion_deg[at], abs=4)
    assert reading.depth_thighs == pytest.approx(report.reps[0].measures["depth_thighs"], abs=0.1)
    assert reading.in_phase


def test_a_standing_back_is_not_judged() -> None:
    poses = filmed(standing_still(2.0))
    scale = scale_of(poses.image_px)
    assert scale is not None
    reading = read(poses, POPULATION, scale, None, back_check(None))
    assert not reading.in_phase
    assert reading.verdict == "not-measured"
    assert math.isfinite(reading.back_rounding_deg)


def test_nobody_has_no_scale() -> None:
    assert scale_of(np.full((5, 33, 3), np.nan)) is None


# -------------------------------------------------------------------------------------------------------- the warm-up


def hinges(reps: int, *, hips_first: bool = True, rounding_deg: float = 0.0, knee_deg: float = 20.0) -> object:
    """Unloaded hinges; ``hips_first`` False bows with the hips over the ankles until late."""
    stand = Posture()
    shank = 0.0
    deep = Posture(hip_deg=70 + knee_deg - shank, knee_deg=knee_deg, trunk_deg=70, rounding_deg=rounding_deg)
    early = (
        Posture(hip_deg=15 + knee_deg, knee_deg=knee_deg, trunk_deg=15)
        if hips_first
        else Posture(hip_deg=45, knee_deg=0.0, trunk_deg=45)
    )
    stops: list[tuple[float, Posture]] = [(0.0, stand), (4.5, stand)]
    for rep in range(reps):
        t = 4.5 + 3.0 * rep
        stops += [(t + 0.5, early), (t + 1.2, deep), (t + 1.5, deep), (t + 2.4, stand), (t + 3.0, stand)]
    return through([*stops, (stops[-1][0] + 1.0, stand)])


def hinge_verdicts(motion: object) -> list[dict[str, str]]:
    report = analyze(filmed(motion))  # type: ignore[arg-type]
    return [{each.check: each.verdict for each in found} for found in warm_up.hinge_findings(report)]


def test_a_good_hinge_passes_every_check() -> None:
    for verdicts in hinge_verdicts(hinges(3)):
        assert set(verdicts.values()) == {OK}, verdicts


@pytest.mark.parametrize(
    ("motion", "check"),
    [
        (hinges(2, hips_first=False), "hinge-hips-first"),
        (hinges(2, rounding_deg=50), "hinge-back"),
        (hinges(2, knee_deg=85), "hinge-knees-soft"),
        (hinges(2, knee_deg=0), "hinge-knees-locked"),
    ],
)
def test_a_hinge_with_one_fault_is_told_of_it(motion: object, check: str) -> None:
    found = hinge_verdicts(motion)
    assert len(found) == 2
    assert all(verdicts[check] in (FAULT, WATCH) for verdicts in found)


def test_the_warm_up_goes_from_standing_through_the_drills_to_the_ramp_sets() -> None:
    live = engine_for("auto", warm_up=True)
    motions = (standing_still(6.0), hinges(3), squat(3), kettlebell_swing(6))
    poses = filmed(motions[0])
    for motion in motions[1:]:
        poses = after(poses, filmed(motion))  # type: ignore[arg-type]
    snapshots = played(poses, live)
    stages = list(dict.fromkeys(now.drill.stage for now in snapshots if now.drill is not None))
    assert stages == list(warm_up.STAGES) == ["stand", "hinge", "squat", "swing", "ramp"]
    assert live.baseline is not None
    kept = warm_up.neutral_back(live.baseline)
    assert set(kept) == {"lower_deg", "upper_deg", "uncertainty_deg"}
    assert kept["lower_deg"] == pytest.approx(BLAZEPOSE.contour_norms.standing_deg[0], abs=3)
    said = [event.text for event in events(snapshots, "drill")]
    assert said[0].startswith("Got your neutral back")
    assert [text.split(".")[0] for text in said[1:]] == ["Pass"] * 3


def test_own_good_reps_are_what_a_live_set_is_compared_with_but_not_its_drills() -> None:
    own = {"deadlift": OwnReps(0.0, 0.0, 5.0, "2026-03-31"), "squat": OwnReps(0.0, 0.0)}
    live = engine_for("deadlift", own_reps=own)
    played(filmed(deadlift(3, stands_last=True)), live)
    (done,) = live.finish()
    assert done.report.back is not None
    assert (done.report.back.source, done.report.back.day) == ("own-reps", "2026-03-31")
    drilled = engine_for("auto", warm_up=True, own_reps=own)
    played(filmed(standing_still(6.0)), drilled)
    assert drilled.baseline is not None


def test_a_drill_with_a_round_back_is_not_yet_passed() -> None:
    live = engine_for("auto", warm_up=True)
    snapshots = played(after(filmed(standing_still(6.0)), filmed(hinges(4, rounding_deg=50))), live)  # type: ignore[arg-type]
    last = snapshots[-1].drill
    assert last is not None
    assert last.stage == warm_up.HINGE
    assert not last.passed
    assert last.cue == "Long back: chest proud, eyes on the floor ahead"
    assert "not yet" in snapshots[-1].message


def test_one_bad_rep_starts_the_count_of_good_ones_again() -> None:
    good = analyze(filmed(squat(2)), "squat")
    bad = analyze(filmed(squat(1, rounding_deg=60)), "squat")
    mixed = replace(good, reps=(*good.reps, *bad.reps, good.reps[0]))
    result = warm_up.judge_drill("squat", mixed, now_s=99.0)
    assert (result.reps, result.good, result.passed) == (4, 1, False)


def test_ramp_sets_go_up_only_with_a_sound_back() -> None:
    good = analyze(filmed(squat(2)), "squat")
    bad = analyze(filmed(squat(2, rounding_deg=60)), "squat")
    assert "add some load" in warm_up.after_ramp_set(good, 1)
    assert warm_up.after_ramp_set(bad, 1).startswith("Stay at this load")
    assert "ready for your work sets" in warm_up.after_ramp_set(good, warm_up.RAMP_SETS)


def test_the_engine_needs_no_arguments() -> None:
    live = LiveEngine()
    assert live.add(Observation(0.0, None, 640, 480)).state == State.LOOKING
