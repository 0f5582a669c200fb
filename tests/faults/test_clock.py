"""The clock is set back, or was wrong before: nothing that is kept is lost, and nothing has a negative age."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app
from formcheck.guidance.load import load_advice
from formcheck.guidance.progress import standings
from formcheck.guidance.tables import READY
from formcheck.guidance.todays_answers import keep_answers, stops_of_today
from formcheck.storage import clock
from formcheck.storage.history import backups, open_history
from formcheck.storage.history.exchange import export_history, import_history
from formcheck.storage.report_folder import PARTIAL_PREFIX, REPORT_JSON, open_report_folder
from tests.helpers.saved_sets import recording, report

SetClock = Callable[[datetime], None]

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
BACK = timedelta(days=400)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_to(NOON)
    return set_to


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    return tmp_path / "history" / "history.sqlite3"


def save(number: int, lifter: str = "Ada") -> int:
    with open_history() as history:
        return history.save_set(report(), recording(number), lifter=lifter).id


def listed() -> list[int]:
    with open_history() as history:
        return [each.id for each in history.summaries()]


# --- sets ----------------------------------------------------------------------------------------------------------


def test_sets_of_a_later_day_stay_and_are_listed(path: Path, set_clock: SetClock) -> None:
    for number in range(3):
        set_clock(NOON + timedelta(hours=number))
        save(number)
    set_clock(NOON - BACK)
    assert save(3) == 4
    assert listed() == [3, 2, 1, 4]
    done = CliRunner().invoke(app, ["history"])
    assert done.exit_code == 0, done.stderr
    for command in (["compare", "1", "4"], ["train"]):
        assert CliRunner().invoke(app, command).exit_code == 0
    # And when it is right again.
    set_clock(NOON + timedelta(days=1))
    save(4)
    assert listed() == [5, 3, 2, 1, 4]


def test_nobody_has_been_away_for_a_negative_time(path: Path, set_clock: SetClock) -> None:
    for number in range(3):
        save(number)
    then = NOON - BACK
    with open_history() as history:
        (found,) = standings(history.summaries(), then.date())
        assert found.recent_sets == 3, "they are not older than the days that are looked at"
        assert not any("Nothing for" in reason for reason in found.reasons)
        advice = load_advice(history.sets(), now=then)
        assert not any("-" in line.partition(" day")[0] for each in advice for line in each.evidence if " day" in line)


def test_a_set_that_is_changed_after_the_clock_was_set_back_is_the_later_version(
    path: Path, set_clock: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import takes the version that was saved later: that of the wrong clock must not bring back the old one."""
    number = save(1)
    with open_history() as history:
        export_history(history, tmp_path / "first.zip")
    set_clock(NOON - BACK)
    with open_history() as history:
        history.change_set(number, notes="after the clock was set back")
        assert history.set(number).saved_at > NOON
        export_history(history, tmp_path / "second.zip")
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "elsewhere"))
    with open_history() as history:
        import_history(history, tmp_path / "first.zip")
        assert import_history(history, tmp_path / "second.zip").renewed == 1
        assert import_history(history, tmp_path / "first.zip").renewed == 0
        (saved,) = history.sets()
        assert saved.notes == "after the clock was set back"


@pytest.mark.parametrize(
    "far", [datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)]
)
def test_the_ends_of_the_calendar_are_moments_as_well(far: datetime, path: Path, set_clock: SetClock) -> None:
    set_clock(far)
    number = save(1)
    set_clock(NOON)
    with open_history() as history:
        history.change_set(number, notes="later")
        history.change_set(number, notes="and later")
        assert history.set(number).notes == "and later"
    assert CliRunner().invoke(app, ["history"]).exit_code == 0


# --- backups -------------------------------------------------------------------------------------------------------


def weekly(path: Path) -> list[datetime]:
    return [made for made, kind, _ in backups.backups(path.parent) if kind == "weekly"]


def test_backups_go_on_and_are_rotated_after_the_clock_was_set_back(path: Path, set_clock: SetClock) -> None:
    moment = NOON
    for number in range(1 + backups.KEPT):
        set_clock(moment)
        save(number)
        moment += timedelta(days=8)
    assert len(weekly(path)) == backups.KEPT
    moment -= BACK
    made = []
    for week in range(backups.KEPT + 2):
        for day in (0, 1, 6):
            set_clock(moment + timedelta(days=8 * week + day))
            save(100 + 10 * week + day)
        made.append(moment + timedelta(days=8 * week))
        # One a week, it stays, and those of the wrong clock go first.
        assert [each for each in weekly(path) if each <= clock.now()] == made[-backups.KEPT :]
        assert len(weekly(path)) == backups.KEPT
    with open_history(backups.backups(path.parent)[-1][2]) as copy:
        assert copy.count() == 1 + backups.KEPT + 3 * (backups.KEPT + 1)


def test_a_clock_that_goes_back_by_seconds_costs_one_copy_at_most(path: Path, set_clock: SetClock) -> None:
    save(1)
    save(2)
    for number in range(3, 8):
        set_clock(NOON - timedelta(seconds=5) + timedelta(milliseconds=number))
        save(number)
    assert len(weekly(path)) == 2


# --- warnings of the day, folders, locks ---------------------------------------------------------------------------


def test_warnings_of_the_day_stand_and_can_be_answered_again(path: Path) -> None:
    stop = {"pain": "nerve", "earlier": "none", "rest": "fresh"}
    keep_answers(READY, stop, NOON.date())
    for back in (1, 400, 4000):
        assert stops_of_today(NOON.date() - timedelta(days=back))
    keep_answers(READY, stop | {"pain": "none"}, (NOON - BACK).date())
    assert not stops_of_today((NOON - BACK).date())


@pytest.mark.parametrize("later_s", [-400 * 86400.0, 0.0, 3600.0, 400 * 86400.0])
def test_what_a_killed_analysis_left_is_removed_whatever_its_date(later_s: float, tmp_path: Path) -> None:
    left = tmp_path / "out" / f"{PARTIAL_PREFIX}left"
    left.mkdir(parents=True)
    (left / "half.html").write_text("half", encoding="utf-8")
    os.utime(left, (time.time() + later_s,) * 2)
    with open_report_folder(Path("set.mp4"), tmp_path / "out", [REPORT_JSON]):
        assert not left.exists()
