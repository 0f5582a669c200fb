"""A saved set as its lifter's neutral back, by every way of choosing it."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app
from formcheck.core.errors import HistoryError, UsageError
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.live.save_set import save_baseline
from formcheck.motion.neutral import OWN_REPS, Baseline
from formcheck.render.terminal import neutral_words
from formcheck.service.api import analyze_video
from formcheck.service.lifter_options import options_of_lifter
from formcheck.service.own_neutral import (
    own_reps_of,
    standing_of,
    use_as_neutral,
    with_standing,
    without_own_reps,
)
from formcheck.storage.history import Lifter, export_history, import_history, open_history
from formcheck.storage.pose_files import save_poses
from tests.helpers.synthetic_lifter import LIFTS, film, measured

OWN_LEVEL_DEG = 14.0
DAY = datetime(2026, 3, 31, 12)


@pytest.fixture(autouse=True)
def _own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path / "config"))


@functools.cache
def _set(lift: str, rounding_deg: float) -> tuple[Any, Report]:
    poses = film(LIFTS[lift](3, rounding_deg=rounding_deg))
    # Two sets with the same landmarks at the same times are one recording to the history.
    poses = replace(poses, time_s=poses.time_s * (1.0 + 1e-4 * rounding_deg))
    return poses, analyze(poses, lift)


def _save(rounding_deg: float = OWN_LEVEL_DEG, lift: str = "deadlift", lifter: str | None = "Anna") -> int:
    poses, report = _set(lift, rounding_deg)
    with open_history() as history:
        return history.save_set(report.to_dict(), poses, lifter=lifter, filmed_at=DAY).id


def _anna() -> Lifter:
    with open_history() as history:
        return history.lifter("Anna")


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, " ".join((result.stdout + result.stderr).split())


def test_a_set_named_on_the_command_line_is_what_the_next_one_is_compared_with() -> None:
    number = _save()
    code, said = _run("neutral", str(number))
    assert (code, said) == (0, f"From now on every deadlift of Anna is compared with the back in set {number}.")
    poses, before = _set("deadlift", OWN_LEVEL_DEG)
    assert measured(before, "back_rounding_deg").min() > OWN_LEVEL_DEG - 4.0
    save_poses(poses, Path("next.npz"))
    now = analyze_video("next.npz", exercise="deadlift", lifter="anna")
    assert now.back is not None
    assert (now.back.source, now.back.day) == (OWN_REPS, "2026-03-31")
    assert neutral_words(now) == "your own good reps of 2026-03-31"
    assert measured(now, "back_rounding_deg") == pytest.approx([0.0, 0.0, 0.0], abs=1.0)
    # Another lift of hers, and a lifter who chose nothing, are compared as before.
    squat, usual = _set("squat", 0.0)
    save_poses(squat, Path("squat.npz"))
    report = analyze_video("squat.npz", exercise="squat", lifter="Anna")
    assert report.back is not None
    assert usual.back is not None
    assert report.back.source == "standing"
    assert report.back.hinge_deg == pytest.approx(usual.back.hinge_deg, abs=1e-3)


def test_every_lift_keeps_a_neutral_of_its_own() -> None:
    for lift in LIFTS:
        assert _run("neutral", str(_save(0.0, lift)))[0] == 0
    assert own_reps_of(_anna().neutral_back).keys() == set(LIFTS)
    assert {each.day for each in own_reps_of(_anna().neutral_back).values()} == {"2026-03-31"}
    _, said = _run("neutral")
    for lift in LIFTS:
        assert f"Anna: {lift}, good reps of 2026-03-31" in said
    assert "squat" not in _run("neutral", "--exercise", "deadlift")[1]


def test_a_set_with_a_fault_of_the_back_is_refused_and_nothing_changes() -> None:
    number = _save(60.0)
    code, said = _run("neutral", str(number))
    assert code != 0
    assert f"Set {number} cannot be the neutral: its own back is at fault: back rounding in rep 1." in said
    assert "Choose a set with a neutral back." in said
    assert not _anna().neutral_back


def test_a_wrong_choice_does_not_stand_in_the_way_of_the_right_one() -> None:
    hollow, neutral = _save(-18.0), _save(0.0)
    assert _run("neutral", str(hollow))[0] == 0
    before = own_reps_of(_anna().neutral_back)["deadlift"]
    # Against the hollow back the neutral one is rounded; it is judged by how she stands all the same.
    assert _run("neutral", str(neutral))[0] == 0
    after = own_reps_of(_anna().neutral_back)["deadlift"]
    assert after.lower_deg + after.upper_deg == pytest.approx(before.lower_deg + before.upper_deg + 18.0, abs=2.0)


def test_a_set_of_nobody_needs_a_name_and_then_is_theirs() -> None:
    number = _save(lifter=None)
    with open_history() as history:
        with pytest.raises(UsageError, match="nobody's"):
            use_as_neutral(history, number)
        use_as_neutral(history, number, "Ben")
        assert history.set(number).lifter == "Ben"
        assert own_reps_of(history.lifter("Ben").neutral_back)
        with pytest.raises(UsageError, match="one of Ben, not of Anna"):
            use_as_neutral(history, number, "Anna")


def test_what_was_not_kept_or_is_no_lift_cannot_be_a_neutral() -> None:
    poses, report = _set("deadlift", 0.0)
    with open_history() as history:
        bare = history.save_set(report.to_dict(), lifter="Anna").id
        with pytest.raises(HistoryError, match="were not kept"):
            use_as_neutral(history, bare)
        data = report.to_dict()
        unknown = history.save_set({**data, "exercise": {**data["exercise"], "name": "none"}}, poses, lifter="Anna").id
        with pytest.raises(UsageError, match="no lift was recognised"):
            use_as_neutral(history, unknown)
        with pytest.raises(HistoryError, match="no set 99"):
            use_as_neutral(history, 99)


def test_only_the_part_that_was_judged_counts() -> None:
    poses, report = _set("deadlift", 0.0)
    with open_history() as history:
        one_rep = {"end_s": report.reps[0].end_s + 0.05}
        number = history.save_set(report.to_dict(), poses, lifter="Anna", settings=one_rep).id
        with pytest.raises(UsageError, match="judged in 1 of 1 reps"):
            use_as_neutral(history, number)


def test_forgetting_one_lift_or_all_leaves_the_standing_posture() -> None:
    save_baseline("Anna", Baseline(-12.0, -4.5, 5.0))
    for lift in ("deadlift", "squat"):
        assert _run("neutral", str(_save(0.0, lift)))[0] == 0
    assert _run("neutral", "--forget", "--lifter", "anna", "--exercise", "squat")[0] == 0
    assert own_reps_of(_anna().neutral_back).keys() == {"deadlift"}
    assert _run("neutral", "--forget", "--lifter", "Anna")[0] == 0
    assert not own_reps_of(_anna().neutral_back)
    assert standing_of(_anna().neutral_back) == Baseline(-12.0, -4.5, 5.0)
    assert "No set is used" in _run("neutral")[1]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--forget"], "Say whose neutral"),
        (["1", "--forget", "--lifter", "Anna"], "Say whose neutral"),
        (["1", "--exercise", "squat"], "its own lift"),
        (["7"], "no set 7"),
        (["--lifter", "Nobody"], "no lifter 'Nobody'"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], why: str) -> None:
    code, said = _run("neutral", *arguments)
    assert code != 0
    assert why in said


def test_a_standing_posture_that_is_kept_later_leaves_the_neutrals_of_lifts() -> None:
    assert _run("neutral", str(_save(0.0)))[0] == 0
    own = own_reps_of(_anna().neutral_back)
    save_baseline("Anna", Baseline(-12.0, -4.5, 5.0))
    told = options_of_lifter(_anna(), None)
    assert (told["own_reps"], told["baseline"]) == (own, Baseline(-12.0, -4.5, 5.0))
    assert own_reps_of(with_standing(_anna(), {}).neutral_back) == own
    assert standing_of(with_standing(_anna(), {}).neutral_back) is None


def test_a_neutral_travels_with_an_exported_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run("neutral", str(_save()))[0] == 0
    own, path = own_reps_of(_anna().neutral_back), tmp_path / "all.zip"
    with open_history() as history:
        export_history(history, path)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "elsewhere"))
    with open_history() as history:
        import_history(history, path)
    assert own_reps_of(_anna().neutral_back) == own


def test_half_a_neutral_or_a_strange_day_is_read_as_far_as_it_makes_sense() -> None:
    levels = {"deadlift_lower_deg": 1.0, "deadlift_upper_deg": 2.0}
    assert own_reps_of(levels) == {}
    whole = Lifter("A", neutral_back=levels | {"deadlift_uncertainty_deg": 5.0, "deadlift_day": -3.0})
    assert own_reps_of(whole.neutral_back)["deadlift"].day == ""
    assert without_own_reps(whole).neutral_back == {}
