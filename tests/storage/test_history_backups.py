"""Copies of the history that are made by themselves, and repairing a damaged file."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from formcheck.core.errors import HistoryError
from formcheck.storage.history import Lifter, SavedSet, backups, open_history, teams
from formcheck.storage.history.backups import STAMP
from formcheck.storage.history.repair import repair_history
from formcheck.storage.history.tables import HEAD
from tests.helpers.old_histories import OLD_VERSIONS, make_old_history
from tests.helpers.saved_sets import POSES, recording, report


def kinds_of(path: Path) -> list[str]:
    return [kind for _, kind, _ in backups.backups(path.parent)]


def save(path: Path, number: int, **told: str) -> int:
    with open_history(path) as history:
        return history.save_set(report(), recording(number), **told).id  # type: ignore[arg-type]


def aged(path: Path, days: float) -> None:
    """Let all backups be older by that much."""
    for made, kind, file in backups.backups(path.parent):
        file.rename(file.with_name(f"history-{made - timedelta(days=days):{STAMP}}-{kind}.sqlite3"))


# --- by themselves -------------------------------------------------------------------------------------------------


def test_once_a_week_the_history_is_copied_before_something_is_saved(path: Path) -> None:
    save(path, 1)
    assert kinds_of(path) == [], "of nothing there is no copy"
    save(path, 2)
    save(path, 3)
    ((_, _, first),) = backups.backups(path.parent)
    with open_history(first) as copy:
        assert [saved.id for saved in copy.sets()] == [1]
        assert len(copy.poses(1)) == len(POSES)
    aged(path, 6.9)
    save(path, 4)
    assert kinds_of(path) == ["weekly"]
    aged(path, 0.2)
    save(path, 5)
    assert kinds_of(path) == ["weekly"] * 2


def test_listing_and_reading_make_no_copy(path: Path) -> None:
    save(path, 1)
    with open_history(path) as history:
        assert history.summaries()
        assert history.sets()
    assert kinds_of(path) == []


def test_the_newest_three_stay(path: Path) -> None:
    save(path, 0)
    for number in range(1, 6):
        save(path, number)
        aged(path, 8)
    assert kinds_of(path) == ["weekly"] * backups.KEPT
    with open_history(backups.backups(path.parent)[-1][2]) as newest:
        assert newest.count() == 5


def test_a_clock_that_was_set_back_does_not_end_the_copies(path: Path) -> None:
    save(path, 1)
    save(path, 2)
    aged(path, -400)
    save(path, 3)
    assert len(kinds_of(path)) == 2


def test_a_large_history_is_copied_without_its_poses(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "LARGE_BYTES", 1)
    save(path, 1, lifter="Anna", notes="heavy")
    save(path, 2)
    with open_history(path) as history:
        history.delete_set(2)
    save(path, 3)
    aged(path, 8)
    save(path, 4)
    with open_history(backups.backups(path.parent)[-1][2]) as copy:
        assert [(saved.id, saved.has_poses) for saved in copy.summaries()] == [(3, False), (1, False)]
        assert copy.set(1).report_data == report()
        assert copy.set(1).lifter == "Anna"
        assert copy.save_set(report()).id == 4, "numbers go on where they were"


def test_a_copy_that_cannot_be_made_keeps_nobody_from_saving(path: Path) -> None:
    save(path, 1)
    (path.parent / "backups").write_text("in the way")
    assert save(path, 2) == 2


def test_what_is_deleted_is_deleted_from_the_copies(path: Path) -> None:
    save(path, 1, notes="stays here")
    save(path, 2, lifter="Secretname", notes="secret words " * 50)
    aged(path, 8)
    save(path, 3)
    assert len(kinds_of(path)) == 2
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert any(b"secret words" in file.read_bytes() for file in files if "backups" in file.parts)
    with open_history(path) as history:
        history.delete_set(2)
        history.delete_lifter("secretname")
    for file in (file for file in path.parent.rglob("*") if file.is_file()):
        assert b"secret words" not in file.read_bytes()
        assert b"Secretname" not in file.read_bytes()
    with open_history(backups.backups(path.parent)[-1][2]) as copy:
        assert [saved.notes for saved in copy.sets()] == ["stays here"]


def test_a_copy_from_which_nothing_can_be_deleted_is_named(path: Path) -> None:
    save(path, 1)
    save(path, 2)
    ((_, _, copy),) = backups.backups(path.parent)
    copy.write_bytes(b"no database, but long enough to be one" * 100)
    with open_history(path) as history, pytest.raises(HistoryError, match=rf"not from the backup {copy}"):
        history.delete_set(1)


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_before_its_tables_change_a_history_is_copied(version: str, path: Path) -> None:
    make_old_history(path, version)
    with open_history(path) as history:
        assert history.count() == 3
    ((_, kind, copy),) = backups.backups(path.parent)
    assert kind == f"before-{HEAD}"
    with contextlib.closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT count(*) FROM sets WHERE report <> ''").fetchone() == (3,)
    # It can take its place.
    path.write_bytes(copy.read_bytes())
    with open_history(path) as history:
        assert history.count() == 3


# --- repairing -----------------------------------------------------------------------------------------------------


def harm(path: Path, *statements: str) -> None:
    with open_history(path) as history, history.writing() as connection:
        for sql in statements:
            connection.exec_driver_sql(sql)


def four(path: Path) -> None:
    with open_history(path) as history:
        history.save_lifter(Lifter("Anna", 168.0, True, 0.1, {"lower_deg": -10.0}))
        for number in range(1, 5):
            history.save_set(report(load_kg=60.0), recording(number), lifter="Anna", notes=f"note {number}")
        history.delete_set(history.save_set(report(), recording(9)).id)


def test_what_can_be_read_is_saved_and_the_rest_is_named(path: Path) -> None:
    four(path)
    before = {saved.id: saved for saved in _sets(path)}
    harm(
        path,
        "UPDATE reports SET report = '{' WHERE set_id = 1",
        "UPDATE poses SET npz = x'00' WHERE set_id = 2",
        "UPDATE sets SET saved_at = '', notes = x'00' WHERE id = 3",
    )
    done = repair_history(path)
    assert (done.sets, done.lifters) == (4, 1)
    assert done.problems == (
        "The report of set 1 is lost: judge the set again",
        "The poses of set 2 are lost: it cannot be judged again",
        "Of set 3 this is lost: date",
        "Of set 3 this is lost: notes",
    )
    with open_history(path) as history:
        now = {saved.id: saved for saved in history.sets()}
        assert history.lifters() == (Lifter("Anna", 168.0, True, 0.1, {"lower_deg": -10.0}),)
        assert now[4] == before[4]
        assert (now[1].uid, now[1].lifter, now[1].load_kg, now[1].notes) == (before[1].uid, "Anna", 60.0, "note 1")
        assert not now[1].unreadable
        assert "Judge the set again" in now[1].summary
        assert len(history.poses(1)) == len(POSES)
        assert [saved.has_poses for saved in history.summaries()].count(False) == 1
        assert all(saved.damage == () for saved in history.summaries())
        assert abs(now[3].saved_at - before[3].saved_at) < timedelta(seconds=1), "it is known from the order"
        assert history.save_set(report()).id == 6, "the number of a deleted set stays taken"
    assert done.kept is not None
    with open_history(done.kept) as kept:
        assert kept.set(1).damage == ("report",)
    assert repair_history(path).kept is None


def _sets(path: Path) -> tuple[SavedSet, ...]:
    with open_history(path) as history:
        return history.sets()


def test_a_sound_history_is_left_as_it_is(path: Path) -> None:
    four(path)
    before = path.read_bytes()
    done = repair_history(path)
    assert (done.sets, done.problems, done.kept) == (4, (), None)
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.iterdir()} <= {path.name, "backups"}


def page_of(path: Path, needle: bytes) -> int:
    """Where the page that holds these bytes begins."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        size = int(file.execute("PRAGMA page_size").fetchone()[0])
    return path.read_bytes().index(needle) // size * size


def test_pages_that_are_overwritten_cost_only_what_was_on_them(path: Path) -> None:
    with open_history(path) as history:
        for number in range(1, 120):
            history.save_set(report(), recording(number), lifter="Anna", notes=f"note {number} " + "x" * 200)
    content = bytearray(path.read_bytes())
    start = page_of(path, b"note 60 ")
    content[start : start + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with open_history(path) as history, pytest.raises(HistoryError, match="formcheck history repair saves"):
        history.sets()
    done = repair_history(path)
    assert 80 <= done.sets < 119
    assert any(said.startswith("Set 60 is lost") for said in done.problems)
    with open_history(path) as history:
        assert len(history.sets()) == done.sets
        assert history.set(1).lifter == "Anna"
        assert len(history.poses(1)) == len(POSES)


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_an_older_history_is_repaired_as_well(version: str, path: Path) -> None:
    make_old_history(path, version)
    with contextlib.closing(sqlite3.connect(path)) as old, old:
        old.execute("UPDATE sets SET settings = 'off' WHERE id = 4")
    done = repair_history(path)
    assert (done.sets, done.lifters) == (3, 1)
    assert "Of set 4 this is lost: settings" in done.problems


def test_what_cannot_be_repaired_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HistoryError, match="There is no history at"):
        repair_history(path)
    save(path, 1)
    save(path, 2)
    ((_, _, copy),) = backups.backups(path.parent)
    path.write_bytes(b"no database, but long enough to be one" * 100)
    with pytest.raises(HistoryError, match=rf"Nothing of .* the newest backup is {copy}"):
        repair_history(path)
    monkeypatch.setenv("FORMCHECK_HISTORY_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(HistoryError, match="on a server is repaired there"):
        repair_history()


def test_accounts_and_teams_outlive_a_repair(path: Path) -> None:
    with open_history(path) as history:
        history.save_set(report(), recording(1), lifter="Anna")
        history.save_set(report(), recording(2), lifter="Ben")
        history.delete_lifter("Anna", with_sets=True)  # the rows of lifters are numbered otherwise after a repair
        teams.save_account(history, "ben@gym.example", "Ben")
        teams.add_to_team(history, "Mornings", ["Ben"], ["coach@gym.example"])
        teams.add_to_team(history, "Evenings", coaches=["ben@gym.example"])
        before = teams.accounts(history), teams.teams(history)
        with history.writing() as connection:
            connection.exec_driver_sql("UPDATE sets SET saved_at = 'yesterday'")
    assert repair_history(path).kept is not None
    with open_history(path) as history:
        assert (teams.accounts(history), teams.teams(history)) == before
