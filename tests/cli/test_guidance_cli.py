"""The commands around the lift, as people use them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from formcheck.cli import guidance as guidance_cli
from formcheck.cli.main import app
from formcheck.guidance.tables import READY, SORE, TABLES
from formcheck.guidance.texts import text
from formcheck.storage.history import Lifter, open_history
from tests.helpers.make_reports import make_finding, make_poses, make_rep, make_report

POSES = make_poses(frames=6)
FINE = ("--pain", "none", "--earlier", "none", "--rest", "fresh")
MILD = (
    *("--sign", "none", "--where", "wide", "--began", "later", "--feels", "dull", "--lasted", "days"),
    *("--spreading", "no", "--numb", "no", "--weak", "no", "--night", "no", "--moving", "freely", "--earlier", "no"),
)


@pytest.fixture(autouse=True)
def _own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guidance_cli, "_somebody_is_there", lambda: True)


def run(*arguments: str, typed: str = "") -> Any:
    return CliRunner().invoke(app, list(arguments), input=typed)


def words(said: str) -> str:
    return " ".join(said.split())


def save(number: int, verdict: str = "fault", lifter: str | None = "Anna", days_ago: int = 0) -> None:
    finding = make_finding(verdict=verdict)
    made = make_report(
        POSES, reps=(make_rep(1, (finding,)), make_rep(2, (finding,))), findings=(finding,), load_kg=100.0
    )
    poses = replace(POSES, image_px=POSES.image_px + number)
    with open_history() as history:
        filmed_at = datetime.now(UTC) - timedelta(days=days_ago, minutes=60 - number)
        history.save_set(made.to_dict(), poses, filmed_at=filmed_at, lifter=lifter)


# --- ready ---------------------------------------------------------------------------------------------------------


def test_ready_shows_the_warm_up_with_counts() -> None:
    result = run("ready", *FINE, "--lift", "squat", "--load", "80kg")
    assert result.exit_code == 0
    said = words(result.stdout)
    assert said.startswith(text("ready.ok"))
    assert "Cat and cow, 10 times." in said
    assert "5 reps with 32.5 kg" in said
    assert said.index("Hinge drill") > said.index("Squat without weight")
    assert said.endswith(text("disclaimer"))


def test_pounds_of_the_settings_are_read_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "settings.toml").write_text('[lifter]\nload_unit = "lb"\n')
    said = words(run("ready", *FINE, "--load", "225").stdout)
    assert "5 reps with 90 lb" in said
    assert "3 reps with 135 lb" in said
    save(1)
    assert "with 220.5 lb" in words(run("train").stdout)


def test_an_emergency_is_told_even_where_the_settings_are_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "settings.toml").write_text("nonsense")
    assert words(run("ready", "--pain", "emergency").stdout).startswith(text("ready.emergency"))
    assert run("ready", *FINE).exit_code == 2


def test_no_sets_of_a_lift_are_not_called_no_sets_at_all() -> None:
    assert text("train.empty") in words(run("train").stdout)
    save(1)
    said = words(run("train", "--exercise", "squat").stdout)
    assert text("train.other-lifts") in said
    assert text("train.empty") not in said


def test_ready_says_not_to_lift_before_anything_else() -> None:
    result = run("ready", "--pain", "nerve", "--earlier", "none", "--rest", "fresh")
    assert result.exit_code == 0
    said = words(result.stdout)
    assert said.startswith(f"{text('ready.stop')} Whom to see • {text('ready.stop.whom')}")
    assert "Warm-up" not in said


@pytest.mark.parametrize("more", [(), ("--lift", "press"), ("--load", "heavy"), ("--timer",), ("--rest", "nonsense")])
def test_an_emergency_is_told_whatever_else_is_wrong(more: tuple[str, ...]) -> None:
    result = run("ready", "--pain", "emergency", *more)
    assert result.exit_code == 0
    assert words(result.stdout).startswith(f"{text('ready.emergency')} Whom to see • {text('emergency.whom')}")


def test_ready_as_json() -> None:
    result = run("ready", *FINE, "--json")
    told = json.loads(result.stdout)
    assert (told["schema"], told["level"], told["may_lift"]) == (1, "ok", True)
    assert told["warm_up"]["drills"][-1]["move"] == "hinge"
    assert told["sections"][-1]["id"] == "cannot-know"
    assert told["disclaimer"] == text("disclaimer")
    assert set(told["sources"]) <= set(told["citations"])
    stopped = json.loads(run("ready", "--pain", "sharp", "--earlier", "none", "--rest", "fresh", "--json").stdout)
    assert (stopped["level"], stopped["warm_up"]) == ("stop", None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ready",), "answer with options instead: --pain none|mild|sharp|nerve|emergency, --earlier"),
        (
            ("ready", "--pain", "none"),
            "answer with options instead: --earlier none|healed|recent, --rest fresh|tired|worn.",
        ),
        (("sore",), "answer with options instead: --sign saddle|"),
        (("ready", *FINE, "--timer"), "--timer needs a terminal"),
        (("ready", *FINE, "--lift", "press"), "There is no exercise 'press'"),
        (("ready", *FINE, "--rest", "great"), "'great' is not an answer to 'rest'"),
        (("sore", *MILD, "--numb", "maybe"), "'maybe' is not an answer to 'numb': choose no or yes."),
        (("sore", "--sign", "fevr", *MILD[2:]), "'fevr' is not an answer to 'signs'"),
        (("train", "--timer"), "--timer goes with --cool-down"),
        (("train", "--exercise", "press"), "There is no exercise 'press'"),
        (("train", "--lifter", "Zoe"), "There is no lifter 'Zoe'"),
        (("train", "--hide", "rest"), "There is no advice 'rest' to hide: there is none now."),
    ],
)
def test_wrong_usage_is_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in words(result.stderr)
    assert result.stdout == ""


@pytest.mark.usefixtures("_somebody")
def test_three_taps_before_a_set() -> None:
    result = run("ready", typed="2\n1\n3\n")
    assert result.exit_code == 0
    assert words(result.stdout).startswith(text("ready.easy"))
    asked = [result.stderr.index(text(f"ready.{question.id}")) for question in READY.questions]
    assert asked == sorted(asked)


@pytest.mark.usefixtures("_somebody")
def test_only_what_was_not_told_is_asked() -> None:
    result = run("ready", "--earlier", "none", "--rest", "fresh", typed="1\n")
    assert result.exit_code == 0
    assert text("ready.pain") in result.stderr
    assert text("ready.rest") not in result.stderr


@pytest.mark.usefixtures("_somebody")
def test_what_is_no_answer_is_asked_again() -> None:
    result = run("ready", typed="\n0\n6\n1 2\n²\nmild\n1\n1\n")
    assert result.exit_code == 0
    assert result.stderr.count("a number from 1 to 5") == 5
    assert words(result.stdout).startswith(text("ready.easy"))


@pytest.mark.usefixtures("_somebody")
def test_questions_and_answers_do_not_mix_with_json() -> None:
    assert json.loads(run("ready", "--json", typed="1\n1\n1\n").stdout)["level"] == "ok"


@pytest.mark.usefixtures("_somebody")
def test_whoever_leaves_is_let_go() -> None:
    result = run("ready", typed="1\n")
    assert result.exit_code == 130
    assert "Stopped." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("_somebody")
def test_ctrl_c_ends_politely(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(guidance_cli, "_read_line", interrupted)
    result = run("sore")
    assert result.exit_code == 130
    assert "Stopped." in result.stderr


# --- sore ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_somebody")
def test_an_emergency_sign_ends_the_questions() -> None:
    result = run("sore", typed="1, 5\n")
    assert result.exit_code == 0
    assert words(result.stdout).startswith(f"{text('sore.emergency')} Whom to see • {text('emergency.whom')}")
    assert text("sore.where") not in result.stderr


@pytest.mark.usefixtures("_somebody")
def test_all_questions_after_a_set() -> None:
    result = run("sore", typed="6\n" + "1\n" * (len(SORE.questions) - 1))
    assert result.exit_code == 0
    assert words(result.stdout).startswith(text("sore.normal"))


def test_sore_by_options() -> None:
    assert words(run("sore", *MILD).stdout).startswith(text("sore.normal"))
    told = json.loads(run("sore", *MILD, "--night", "yes", "--json").stdout)
    assert told["level"] == "professional"
    said = words(run("sore", *MILD, "--sign", "bladder").stdout)
    assert said.startswith(text("sore.emergency"))


def test_every_answer_can_be_given_as_an_option() -> None:
    for table in TABLES:
        for question in table.questions:
            option = "--sign" if question.many else f"--{question.id}"
            for choice in question.choices:
                base = FINE if table is READY else MILD
                result = run(table.id, *base, option, choice)
                assert result.exit_code == 0, f"{table.id} {option} {choice}"
                assert text(f"heading.{'cannot-know'}") in result.stdout


# --- train ---------------------------------------------------------------------------------------------------------


def test_train_without_a_history_says_how_to_fill_it() -> None:
    result = run("train")
    assert result.exit_code == 0
    said = words(result.stdout)
    assert "formcheck analyze set.mp4 --save" in said
    assert "Plank, 3 sets: 20 seconds." in said
    assert said.endswith(text("disclaimer"))


def test_train_shows_load_advice_and_drills_with_their_evidence() -> None:
    save(1)
    save(2)
    result = run("train", "--lifter", "anna")
    assert result.exit_code == 0
    said = words(result.stdout)
    assert said.startswith(text("heading.load"))
    assert text("load.too-heavy.text") in said
    assert re.search(r"Set 1 on \S+: back rounding, 34° with 100 kg\.", said)
    assert "Back rounding: in 2 of your last 2 sets" in said
    assert "Bird dog, 2 sets: 6 times on each side." in said


def test_i_know_hide_it() -> None:
    save(1)
    save(2)
    advice_id = json.loads(run("train", "--json").stdout)["load"][0]["id"]
    result = run("train", "--hide", advice_id)
    assert result.exit_code == 0
    said = words(result.stdout)
    assert text("hidden.one") in said
    assert text("hidden.some", count=1) in said
    assert text("load.too-heavy.title") not in said
    assert json.loads(run("train", "--json").stdout)["hidden"] == 1
    assert text("load.too-heavy.title") in run("train", "--show-hidden").stdout


def test_sets_of_several_people_do_not_mix() -> None:
    save(1, lifter="Anna")
    save(2, lifter="Ben")
    result = run("train")
    assert result.exit_code == 2
    assert "--lifter (Anna, Ben)" in words(result.stderr)
    assert json.loads(run("train", "--lifter", "Ben", "--json").stdout)["load"][0]["id"].startswith("lighter/")


def test_an_earlier_injury_in_the_profile_warns_earlier() -> None:
    save(1, "watch")
    assert json.loads(run("train", "--json").stdout)["load"] == []
    with open_history() as history:
        history.save_lifter(Lifter("Anna", back_injury=True))
    assert json.loads(run("train", "--json").stdout)["load"][0]["id"].startswith("lighter/")


# --- timers --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_somebody")
def test_timers_run_through_every_side(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(guidance_cli, "_now", lambda: clock[0])
    monkeypatch.setattr(guidance_cli, "_sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    result = run("train", "--cool-down", "--timer", typed="\n\n\n")
    assert result.exit_code == 0
    assert clock[0] == pytest.approx(30 + 2 * 25 + 30)
    assert result.stderr.count(text("timer.change")) == 1
    assert text("timer.done") in result.stderr
    assert "Child's pose, 30 seconds." in words(result.stdout)


@pytest.mark.usefixtures("_somebody")
def test_the_warm_up_can_be_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(guidance_cli, "_now", lambda: clock[0])
    monkeypatch.setattr(guidance_cli, "_sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    result = run("ready", *FINE, "--timer", typed="\n" * 5)
    assert result.exit_code == 0
    assert clock[0] == pytest.approx(150)
    assert text("timer.other-way") in result.stderr


@pytest.mark.usefixtures("_somebody")
def test_there_is_no_timer_where_the_answer_is_not_to_lift() -> None:
    result = run("ready", "--pain", "sharp", "--earlier", "none", "--rest", "fresh", "--timer")
    assert result.exit_code == 0
    assert text("timer.start") not in result.stderr


def test_cool_down_as_json() -> None:
    told = json.loads(run("train", "--cool-down", "--json").stdout)
    assert [drill["timer_s"] for drill in told["drills"]] == [30.0, 25.0, 30.0]


@pytest.mark.parametrize("command", [("analyze", "missing.mp4"), ("live", "--camera", "missing.mp4")])
def test_what_stops_today_is_said_before_a_set_is_judged(command: tuple[str, ...]) -> None:
    assert "Told today" not in run(*command).stderr
    assert run("sore", "--sign", "saddle").exit_code == 0
    assert words(run(*command).stderr).startswith(f"Told today: {text('sore.emergency')}")
    assert run("sore", *MILD).exit_code == 0
    assert "Told today" not in run(*command).stderr
