"""Samples edited as people and apps edit films, with the real pose model: what happened is neither lost nor invented.

`tests/test_hostile_edits.py` has the same and more on the poses of the synthetic lifter, which cost nothing.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from formcheck import analyze, analyze_video
from formcheck.core.errors import ModelError
from formcheck.core.verdicts import NOT_MEASURED
from formcheck.judging.report import Report
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.pose_estimation import estimate_poses
from tests.helpers.edited_films import FPS, SAMPLES, Picture, film, from_afar, panel_over, pictures_of
from tests.helpers.make_videos import as_a_browser_records

pytestmark = pytest.mark.model

FIRST_TOP, SECOND_TOP = 91, 164
"""Frames of the first two lockouts of the deadlift sample."""


@functools.cache
def model() -> ModelFile:
    try:
        return find_model()
    except ModelError as error:
        pytest.skip(f"there is no pose model here and none can be fetched: {error}")


def judged(path: Path, exercise: str = "auto", **told: float | str) -> Report:
    return analyze_video(path, exercise, model=model().path, **told)  # type: ignore[arg-type]


@functools.cache
def truth(sample: str) -> tuple[dict[str, float], ...]:
    return tuple(json.loads((SAMPLES / f"{sample}.json").read_text(encoding="utf-8"))["reps"])


def partial_reps(report: Report) -> list[int]:
    return [rep.index for rep in report.reps if rep.partial]


def nothing_is_said_of(report: Report, rep: int) -> bool:
    return all(finding.verdict == NOT_MEASURED for finding in report.reps[rep - 1].findings)


def said(report: Report, word: str) -> bool:
    return any(word in note for note in report.tracking.notes)


def test_a_panel_over_the_lifter_at_the_top_hides_no_rep(tmp_path: Path) -> None:
    deadlift = pictures_of("deadlift-rounded")
    slide, hidden = 8, 72
    covers = slide + hidden + slide

    def change(index: int, picture: Picture) -> Picture:
        since = index - FIRST_TOP
        share = min(since / slide, (covers - since) / slide, 1.0)
        return panel_over(picture, share) if share > 0 else picture

    stands_on = [deadlift[FIRST_TOP]] * covers
    whole = [*deadlift[:FIRST_TOP], *stands_on, *deadlift[FIRST_TOP : SECOND_TOP + 20]]
    report = judged(film(tmp_path / "panel.mp4", whole, change=change))
    assert report.exercise.name == "deadlift"
    assert not partial_reps(report)
    known = truth("deadlift-rounded")
    tops_s = [known[0]["top_s"], known[1]["top_s"] + covers / FPS]
    # With the panel over it the end of the first rest is not seen.
    assert [rep.bottom_s for rep in report.reps] == pytest.approx(
        [known[0]["bottom_s"], known[1]["bottom_s"] + covers / FPS], abs=0.5
    )
    assert report.reps[1].top_s == pytest.approx(tops_s[1], abs=0.4)
    assert [f.verdict for f in report.reps[1].findings if f.check == "back-rounding"] == ["fault"]


def test_missing_frames_leave_one_partial_rep_and_a_note(tmp_path: Path) -> None:
    deadlift = pictures_of("deadlift-rounded")[:250]
    kept = [frame for frame in range(len(deadlift)) if not 120 <= frame <= 148]
    path = film(tmp_path / "gap.mp4", [deadlift[frame] for frame in kept], times_s=[frame / FPS for frame in kept])
    report = judged(path)
    assert len(report.reps) == 3
    assert partial_reps(report) == [2]
    assert nothing_is_said_of(report, 2)
    assert said(report, "Frames are missing from the video (1.0 s at 4.0 s)")


def test_a_picture_that_freezes_in_mid_rep_is_not_judged(tmp_path: Path) -> None:
    deadlift = pictures_of("deadlift-rounded")[:250]
    shown = [114 if 114 < frame <= 143 else frame for frame in range(len(deadlift))]
    report = judged(film(tmp_path / "frozen.mp4", [deadlift[frame] for frame in shown]))
    assert len(report.reps) == 3
    assert partial_reps(report) == [2]
    assert nothing_is_said_of(report, 2)
    (note,) = [note for note in report.tracking.notes if "frozen" in note]
    from_s, to_s = map(float, re.findall(r"\d+\.\d", note))
    assert (from_s, to_s) == pytest.approx((115 / FPS, 143 / FPS), abs=0.25)


def test_a_jump_cut_that_the_picture_hides_is_a_cut(tmp_path: Path) -> None:
    squat = pictures_of("squat-shallow")
    bottom, top = (round(FPS * truth("squat-shallow")[1][at]) for at in ("bottom_s", "top_s"))
    report = judged(film(tmp_path / "jump.mp4", [*squat[:bottom], *squat[top + 8 :]]))
    assert said(report, "The video was cut: its 2 parts")
    assert len(report.reps) == 2
    assert not partial_reps(report)


def test_slow_motion_is_noticed_and_judged_by_the_clock_of_life_once_it_is_named(tmp_path: Path) -> None:
    squat = pictures_of("squat-good")[:84]
    # As "setpts=4*PTS" at 15 frames a second makes it: half of the pictures are shown twice, and late.
    path = film(tmp_path / "slow.mp4", np.repeat(squat, 2, axis=0), times_s=np.arange(2 * len(squat)) / 15)
    poses = estimate_poses(path, model())
    (note,) = [note for note in analyze(poses).tracking.notes if "slow motion" in note]
    assert 3.0 <= float(re.findall(r"slow motion (\d+)", note)[0]) <= 5.0
    named = analyze(poses, slow_motion=4.0)
    assert not said(named, "slow motion")
    (rep,) = named.reps
    known = truth("squat-good")[0]
    assert rep.bottom_s == pytest.approx(4 * known["bottom_s"], abs=0.6)
    assert named.concentric_s(rep) == pytest.approx(known["top_s"] - known["bottom_s"], abs=0.3)


def test_a_film_that_is_sped_up_is_noticed(tmp_path: Path) -> None:
    report = judged(film(tmp_path / "fast.mp4", pictures_of("squat-good")[::5]), "squat")
    assert said(report, "sped up")


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (cv2.ROTATE_90_CLOCKWISE, "turn it by 90 degrees counter-clockwise"),
        (cv2.ROTATE_90_COUNTERCLOCKWISE, "turn it by 90 degrees clockwise"),
        (cv2.ROTATE_180, "upside down"),
    ],
)
def test_a_picture_that_is_turned_is_named_with_what_to_do(tmp_path: Path, turn: int, words: str) -> None:
    squat = pictures_of("squat-good")[10:80:4]
    report = judged(film(tmp_path / "turned.mp4", squat, change=lambda _, picture: cv2.rotate(picture, turn)))
    assert not report.reps
    assert words in report.summary


def test_of_a_lifter_too_small_the_reps_are_counted_and_nothing_is_judged(tmp_path: Path) -> None:
    deadlift = pictures_of("deadlift-rounded")[:128]
    path = film(tmp_path / "small.mp4", deadlift, change=lambda _, picture: from_afar(picture, 0.19))
    report = judged(path, "deadlift")
    assert said(report, "too small in the picture")
    assert len(report.reps) == 1
    assert nothing_is_said_of(report, 1)
    assert report.verdict == "not-judged"
    assert "too small" in report.summary
    assert report.advice == ("Film from nearer, so that your body fills half the height of the picture.",)


def test_one_picture_is_named_with_what_to_do(tmp_path: Path) -> None:
    report = judged(film(tmp_path / "one.mp4", pictures_of("squat-good")[:1]))
    assert "single picture" in report.summary
    assert "film the whole set" in report.summary


def test_nobody_is_named_with_what_to_do(tmp_path: Path) -> None:
    picture = pictures_of("squat-good")[0]
    empty = np.repeat(picture[:, :60], 8, axis=1)
    report = judged(film(tmp_path / "nobody.mp4", [empty] * 20))
    assert "Nobody was found" in report.summary
    assert "film the whole body" in report.summary


def test_a_recording_that_states_no_duration_gives_the_same_report(tmp_path: Path) -> None:
    path = film(tmp_path / "set.mp4", pictures_of("squat-shallow")[:80])
    recorded = as_a_browser_records(path, tmp_path / "recorded.mkv")
    one, other = judged(path), judged(recorded)
    assert len(one.reps) == 1
    assert other.to_dict()["reps"] == one.to_dict()["reps"]
    assert (other.verdict, other.summary, other.tracking) == (one.verdict, one.summary, one.tracking)


def test_of_two_lifters_the_one_who_was_named_is_judged(tmp_path: Path) -> None:
    squat, deadlift = pictures_of("squat-shallow"), pictures_of("deadlift-rounded")
    pairs = [np.hstack([deadlift[frame + 45], squat[frame]]) for frame in range(80)]
    path = film(tmp_path / "two.mp4", pairs)
    left, right = (judged(path, person=person) for person in ("left", "right"))
    assert (left.exercise.name, len(left.reps)) == ("deadlift", 1)
    assert (right.exercise.name, len(right.reps)) == ("squat", 1)
    assert said(left, "the one on the left")
    assert said(right, "the one on the right")
    assert said(left, "To judge another one, choose the person: left, right, nearest.")
