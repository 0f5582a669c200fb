"""The commands about the history, as people use them."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from formcheck.cli import history as history_cli
from formcheck.cli.main import app
from formcheck.core.poses import PoseSequence
from formcheck.judging import analysis
from formcheck.judging.report import Report
from formcheck.storage.history import Lifter, SavedSet, open_history
from formcheck.storage.pose_files import save_poses
from tests.helpers.make_reports import make_finding, make_poses, make_rep, make_report, nothing_to_judge
from tests.helpers.saved_sets import recording, report

ROOT = Path(__file__).resolve().parent.parent.parent

POSES = make_poses(frames=6)


@pytest.fixture(autouse=True)
def _own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str, answer: str = "") -> Any:
    return CliRunner().invoke(app, list(arguments), input=answer)


def words(text: str) -> str:
    return " ".join(text.split())


def save(number: int, rounding_deg: float = 12.0, **told: Any) -> SavedSet:
    """A set of two reps filmed on the day of that number."""
    reps = tuple(make_rep(n, (make_finding(verdict="ok"),), back_rounding_deg=rounding_deg) for n in (1, 2))
    values = {"reps": reps, "load_kg": told.pop("load_kg", 100.0)} | told.pop("report", {})
    made = make_report(POSES, **values)
    poses = replace(POSES, image_px=POSES.image_px + number)
    with open_history() as history:
        filmed_at = datetime(2026, 3, number, 12, tzinfo=UTC)
        return history.save_set(made.to_dict(), poses, filmed_at=filmed_at, **({"lifter": "Anna"} | told))


def count() -> int:
    with open_history() as history:
        return len(history.sets())


# --- history -------------------------------------------------------------------------------------------------------


def test_an_empty_history_says_how_to_fill_it() -> None:
    result = run("history")
    assert result.exit_code == 0
    assert "formcheck analyze set.mp4 --save" in result.stdout


def test_sets_are_listed_with_what_matters() -> None:
    save(1, 12.0)
    save(2, -7.0, lifter="[bold]Ben\x1b[31m", load_kg=None)
    result = run("history")
    assert result.exit_code == 0
    newest, oldest = (line for line in result.stdout.splitlines() if "set.mp4" in line)
    assert words(oldest).startswith("1 2026-03-01")
    assert words(oldest).endswith("Anna deadlift 100 kg 2 +12° fault set.mp4")
    assert words(newest).startswith("2 2026-03-02")
    assert words(newest).endswith("[bold]Ben [31m deadlift – 2 −7° fault set.mp4")


def test_a_pipe_gets_every_column_unbroken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    save(1, report={"video": replace(POSES.video, file="a-long-name-" * 8 + ".mp4"), "variant": "conventional"})
    rows = run("history").stdout.splitlines()
    assert any(
        words(row).endswith(f"Anna deadlift, conventional 100 kg 2 +12° fault {'a-long-name-' * 8}.mp4") for row in rows
    )


@pytest.mark.parametrize(
    ("width", "shown", "left_out"),
    [
        ("105", "1 2026-03-01", ""),
        ("80", "Anna deadlift, 100.5 kg 2 +12° fault", "Left out, as the window is narrow: video."),
        ("58", "1 2026-03-01 deadlift, 100.5 kg +12° fault", "narrow: video, time, reps, lifter."),
    ],
)
def test_a_narrow_terminal_leaves_columns_out_instead_of_breaking_words(
    width: str, shown: str, left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_cli, "_table_console", lambda: Console(force_terminal=True, width=int(width)))
    save(
        1,
        report={"video": replace(POSES.video, file="deadlift-morning.mp4"), "variant": "conventional"},
        load_kg=100.5,
    )
    text = re.sub(r"\x1b\[[\d;]*m", "", run("history").stdout)
    assert shown in words(text)
    assert left_out in words(text)
    assert ("Left out" in text) == bool(left_out)
    assert "conventional" in text


def test_the_list_can_be_narrowed() -> None:
    save(1)
    save(2, lifter="Ben")
    only = run("history", "--lifter", "BEN", "--exercise", "deadlift")
    assert [line.split()[0] for line in only.stdout.splitlines() if "set.mp4" in line] == ["2"]
    assert "No saved set matches" in run("history", "--exercise", "squat").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lifter", "Nobody"], "There is no lifter 'Nobody' in the history: it has no lifters yet."),
        (["--exercise", "curl"], "There is no exercise 'curl': choose one of"),
    ],
)
def test_unknown_names_are_one_line(arguments: list[str], message: str) -> None:
    result = run("history", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_sessions_of_one_lifter_show_their_trend() -> None:
    for number, rounding_deg in ((1, 30.0), (8, 20.0), (15, 10.0)):
        save(number, rounding_deg, load_kg=100.0 + number)
    text = words(run("history", "--lifter", "Anna").stdout)
    assert "Over 3 sessions" in text
    assert "Back rounding: 30° -> 10° Ascent" in text, "three days are not a trend"
    assert "Estimated tonnage (load x reps): 202 kg -> 230 kg" in text
    save(22, 0.0)
    save(29, -10.0)
    text = words(run("history", "--lifter", "Anna").stdout)
    assert "Back rounding: 30° -> −10°, −10° a week" in text
    save(16, lifter="Ben")
    assert "Over" not in run("history").stdout


def test_a_damaged_history_is_one_line() -> None:
    Path("history").mkdir()
    Path("history/history.sqlite3").write_text("nonsense " * 500)
    result = run("history")
    assert result.exit_code == 2
    assert "is damaged or is not a FormCheck history" in result.stderr
    assert result.stderr.count("\n") == 1


# --- delete --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 2), ("", 2)])
def test_deleting_asks_first(answer: str, left: int) -> None:
    save(1)
    save(2)
    result = run("history", "delete", "1", answer=answer)
    assert "2026-03-01" in result.stdout
    assert (result.exit_code, count()) == (0 if left == 1 else 2, left)


def test_deleting_several_without_being_asked() -> None:
    for number in (1, 2, 3):
        save(number)
    result = run("history", "delete", "3", "1", "3", "--yes")
    assert (result.exit_code, result.stdout.strip()) == (0, "Deleted 2 sets.")
    assert count() == 1


def test_a_wrong_number_deletes_nothing() -> None:
    save(1)
    result = run("history", "delete", "1", "9", "--yes")
    assert result.exit_code == 2
    assert "There is no set 9" in result.stderr
    assert count() == 1


# --- compare -------------------------------------------------------------------------------------------------------


def test_two_sets_are_compared_side_by_side() -> None:
    save(1, 32.0, load_kg=100.0)
    one_rep = (make_rep(1, (make_finding(verdict="watch"),), back_rounding_deg=20.0, depth_thighs=0.25),)
    save(2, load_kg=110.0, report={"reps": one_rep, "findings": (make_finding(verdict="ok", value=20.0),)})
    result = run("compare", "1", "2")
    assert result.exit_code == 0, result.stderr
    text = words(result.stdout)
    assert "Back rounding, worst rep 32° 20° −12° better" in text
    assert "Load 100 kg 110 kg +10 kg" in text
    assert "Estimated tonnage 200 kg 110 kg −90 kg" in text
    assert "Back rounding fault (34°) ok (20°)" in text
    assert "1 ok +32° – 0.04 s watch +20° 0.25 0.04 s" in text
    assert "2 ok +32° – 0.04 s" in text
    assert "Ascent, mean 0.04 s 0.04 s same" in text


def test_two_backs_that_are_fine_are_only_compared_in_numbers() -> None:
    save(1, -2.0)
    save(2, -20.4, load_kg=102.5)
    text = words(run("compare", "1", "2").stdout)
    assert "Back rounding, worst rep −2° −20° −18°" in text
    assert "better" not in text
    assert "Load 100 kg 102.5 kg +2.5 kg" in text


def test_pounds_are_shown_where_the_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "settings.toml").write_text('[lifter]\nload_unit = "lb"\n')
    save(1, load_kg=102.058)
    save(8, load_kg=104.326)
    text = words(run("history").stdout)
    assert "225 lb 2 +12°" in text
    assert "Estimated tonnage (load x reps): 450 lb -> 460 lb" in text
    text = words(run("compare", "1", "2").stdout)
    assert "Load 225 lb 230 lb +5 lb" in text
    assert "Estimated tonnage 450 lb 460 lb +10 lb" in text
    assert " kg" not in text


def test_different_lifts_are_compared_with_a_warning() -> None:
    save(1)
    squat = make_report(POSES)
    save(2, report={"exercise": replace(squat.exercise, name="squat")})
    assert "different lifts" in run("compare", "1", "2").stdout


def test_comparing_with_a_set_that_is_not_there_is_one_line() -> None:
    save(1)
    result = run("compare", "1", "5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no set 5" in result.stderr


# --- export and import ---------------------------------------------------------------------------------------------


def test_export_and_import_carry_the_history_over(monkeypatch: pytest.MonkeyPatch) -> None:
    save(1)
    save(2)
    assert run("export", "mine.zip").stdout.strip() == "2 sets in mine.zip"
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", "elsewhere")
    assert run("import", "mine.zip").stdout.strip() == "2 new sets, 0 renewed, 0 here already; 1 new lifter."
    assert run("import", "mine.zip").stdout.startswith("0 new sets, 0 renewed, 2 here already")
    assert count() == 2


def test_export_and_import_fail_in_one_line() -> None:
    Path("there.zip").write_text("mine")
    for arguments in (["export", "there.zip"], ["import", "there.zip"], ["import", "gone.zip"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert arguments[1] in result.stderr
        assert result.stderr.count("\n") == 1
    assert Path("there.zip").read_text() == "mine"


# --- analyze --save ------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the analysis was asked; it answers with a report made by hand."""
    calls: list[dict[str, Any]] = []

    def analyze(poses: PoseSequence, exercise: str = "auto", **told: Any) -> Report:
        calls.append(told)
        return make_report(poses, load_kg=told.get("load_kg"))

    monkeypatch.setattr(analysis, "analyze", analyze)
    save_poses(POSES, "set.npz")
    return calls


def test_nothing_is_saved_unless_asked_for(asked: list[dict[str, Any]]) -> None:
    assert run("analyze", "set.npz").exit_code == 0
    assert not Path("history").exists()


def test_a_set_is_saved_when_asked_for(asked: list[dict[str, Any]]) -> None:
    result = run("analyze", "set.npz", "--save", "--load", "80kg", "--notes", "felt easy")
    assert result.exit_code == 0, result.stderr
    assert "Saved to the history as set 1" in words(result.stdout)
    with open_history() as history:
        (saved,) = history.sets()
        assert (saved.lifter, saved.load_kg, saved.notes, saved.has_poses) == (None, 80.0, "felt easy", True)
        assert saved.settings == {"exercise": "auto", "model": "full"}


def test_naming_the_lifter_saves_and_uses_what_is_known_of_them(asked: list[dict[str, Any]]) -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna", 168.0, True, 0.1, {"lower_deg": -20.0, "upper_deg": 5.0}))
    assert "set 1 of Anna" in words(run("analyze", "set.npz", "--lifter", "anna").stdout)
    copied = words(run("analyze", "set.npz", "--lifter", "New").stdout)
    assert "set 2 of New" in copied
    assert "the same recording is set 1 of Anna" in copied
    moved = words(run("analyze", "set.npz", "--lifter", "Third", "--move").stdout)
    assert "set 2 of Third" in moved
    assert "Set 2 was New's until now" in moved
    settings, baseline = asked[0]["settings"], asked[0]["baseline"]
    assert (settings.height_cm, settings.earlier_back_injury, settings.depth_target) == (168.0, True, 0.1)
    assert (baseline.lower_deg, baseline.upper_deg) == (-20.0, 5.0)
    assert asked[1] == {"load_kg": None, "slow_motion": 1.0}
    assert count() == 2


def test_a_set_without_reps_is_not_saved(asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "analyze", lambda poses, *_, **__: nothing_to_judge(poses))
    result = run("analyze", "set.npz", "--save")
    assert result.exit_code == 3
    assert "Nothing was saved" in words(result.stdout)
    assert count() == 0


def test_a_history_that_cannot_be_used_is_found_out_before_the_work(asked: list[dict[str, Any]]) -> None:
    Path("history").touch()
    result = run("analyze", "set.npz", "--save")
    assert result.exit_code == 2
    assert "history" in result.stderr
    assert asked == []
    assert "formcheck-reports" not in os.listdir()


def test_a_lifter_without_a_name_is_found_out_before_the_work(asked: list[dict[str, Any]]) -> None:
    result = run("analyze", "set.npz", "--lifter", " ")
    assert (result.exit_code, result.stderr.strip()) == (2, "A lifter needs a name.")
    assert asked == []


# --- large histories, damage ----------------------------------------------------------------------------------------


def test_the_last_twenty_are_listed_unless_told_otherwise() -> None:
    with open_history() as history:
        for number in range(1, 24):
            history.save_set(report(), recording(number), filmed_at=datetime(2026, 3, number, 12, tzinfo=UTC))

    def listed(*words: str) -> list[int]:
        found = run("history", *words)
        assert found.exit_code == 0, found.stderr
        return [int(line.split()[0]) for line in found.stdout.splitlines() if line.strip()[:1].isdigit()]

    assert listed() == list(range(23, 3, -1))
    assert "The last 20 of 23 sets: --last N shows more of them, --all every one." in words(run("history").stdout)
    assert listed("--last", "2") == [23, 22]
    assert listed("--all") == list(range(23, 0, -1))
    assert listed("--since", "2026-03-02") == list(range(23, 1, -1))
    assert listed("--since", "2026-03-02", "-n", "3") == [23, 22, 21]
    assert run("history", "--since", "soon").exit_code == 2
    assert "leave out one of them" in run("history", "--all", "--last", "3").stderr


def test_damage_is_said_where_it_is_and_repaired(tmp_path: Path) -> None:
    with open_history() as history:
        for number in (1, 2, 3):
            history.save_set(report(), recording(number), lifter="Anna")
        with history.writing() as connection:
            connection.exec_driver_sql("UPDATE reports SET report = '{' WHERE set_id = 2")
            connection.exec_driver_sql("UPDATE sets SET verdict = '', saved_at = '?' WHERE id = 2")
    shown = words(run("history").stdout)
    assert "Set 2 is damaged (date, report): formcheck history repair saves what can be read." in shown
    failed = run("compare", "1", "2")
    assert failed.exit_code != 0
    assert "Set 2 cannot be compared: its report cannot be read." in failed.stderr
    assert run("compare", "1", "3").exit_code == 0
    exported = words(run("export", str(tmp_path / "all.zip")).stdout)
    assert "2 sets in" in exported
    assert "Set 2 was left out, as it is damaged." in exported
    repaired = words(run("history", "repair").stdout)
    assert "The report of set 2 is lost: judge the set again." in repaired
    assert "3 sets and 1 lifter are in" in repaired
    assert "The file as it was is kept:" in repaired
    assert "Nothing is damaged in" in words(run("history", "repair").stdout)
    assert run("compare", "1", "2").exit_code == 0


DAMAGED = {
    "report": ("UPDATE reports SET report = '{' WHERE set_id = 2", ""),
    "settings": ("UPDATE reports SET settings = 'off' WHERE set_id = 2", ""),
    "date": ("UPDATE sets SET saved_at = 'yesterday', filmed_at = 'soon', verdict = '' WHERE id = 2", "date"),
    "poses": ("UPDATE poses SET npz = '' WHERE set_id = 2", ""),
    "year 1": ("UPDATE sets SET filmed_at = '0001-01-01T00:00:00.000+00:00' WHERE id = 2", ""),
    "year 9999": ("UPDATE sets SET filmed_at = '9999-12-31T23:59:59.999+00:00' WHERE id = 2", ""),
}
"""What is wrong with one row, and what the list says of it: it looks at neither reports, poses nor settings."""


@pytest.mark.parametrize("what", DAMAGED)
def test_one_damaged_row_of_any_kind_leaves_the_rest_and_is_repaired(what: str, tmp_path: Path) -> None:
    sql, listed = DAMAGED[what]
    with open_history() as history:
        for number in (1, 2, 3):
            history.save_set(report(), recording(number), lifter="Anna")
        with history.writing() as connection:
            connection.exec_driver_sql(sql)
    shown = run("history")
    assert shown.exit_code == 0, shown.stderr
    assert {int(line.split()[0]) for line in shown.stdout.splitlines() if line.strip()[:1].isdigit()} == {1, 2, 3}
    if listed:
        assert f"Set 2 is damaged ({listed}" in words(shown.stdout)
        assert "formcheck history repair saves what can be read" in words(shown.stdout)
    for command in (["compare", "1", "3"], ["train"], ["export", str(tmp_path / "all.zip")], ["compare", "1", "2"]):
        done = run(*command)
        assert done.exit_code == (2 if what == "report" and command[-1] == "2" else 0), (command, done.stderr)
        assert "Traceback" not in done.stderr
        if done.exit_code == 2:
            assert "Set 2 cannot be compared: its report cannot be read. formcheck history repair" in words(done.stderr)
    before = Path(os.environ["FORMCHECK_HISTORY_DIR"], "history.sqlite3").read_bytes()
    done = run("history", "repair")
    assert done.exit_code == 0, done.stderr
    assert run("compare", "1", "3").exit_code == 0
    with open_history() as history:
        assert sorted(saved.id for saved in history.sets()) == [1, 2, 3]
        assert len(history.poses(1)) == len(history.poses(3)) == len(recording(1))
    if "The file as it was is kept" in words(done.stdout):
        kept = list(Path(os.environ["FORMCHECK_HISTORY_DIR"]).glob("history-damaged-*.sqlite3"))
        assert [len(path.read_bytes()) for path in kept] == [len(before)]
    else:
        assert what.startswith("year")


def test_a_list_needs_neither_the_analysis_nor_the_migrations() -> None:
    with open_history() as history:
        history.save_set(report(), recording(1), lifter="Anna")
        history.save_set(report("squat"), recording(2), lifter="Anna")
    code = (
        "import sys; sys.argv = ['formcheck', 'history']\n"
        "from formcheck.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('imported', *({'numpy', 'scipy', 'cattrs', 'alembic', 'formcheck.exercises'} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "Anna" in said.stdout
    assert said.stdout.splitlines()[-1] == "imported"


def test_a_list_that_has_room_is_drawn_as_the_table_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "encoding", "utf-8")
    names = history_cli.HISTORY_COLUMNS
    cells = [
        ["1", "2026-01-01", "18:30", "Anna", "deadlift, sumo", "100 kg", "5", "+3°", "fault", "set.mp4"],
        ["23", "2026-01-02", "–", "Ünal 漢字", "squat", "–", "12", "−13°", "ok", "a\tb\n\x1b[31m.mp4"],
    ]
    rows = [dict(zip(names, row, strict=True)) for row in cells]
    drawn = Console(file=io.StringIO(), width=200)
    table = history_cli._table(names, right=history_cli.RIGHT_COLUMNS)
    for row in cells:
        history_cli._row(table, row)
    drawn.print(table)
    lines = history_cli.plain_table(names, history_cli.RIGHT_COLUMNS, rows, 200)
    assert [line.plain for line in lines] == drawn.file.getvalue().splitlines()  # type: ignore[attr-defined]
    width = max(line.cell_len for line in lines)
    assert history_cli.plain_table(names, history_cli.RIGHT_COLUMNS, rows, width)
    assert history_cli.plain_table(names, history_cli.RIGHT_COLUMNS, rows, width - 1) == []
    monkeypatch.setattr(Console, "encoding", "ascii")
    assert history_cli.plain_table(names, history_cli.RIGHT_COLUMNS, rows, 200) == []
