"""The history: what is kept, through crashes, other processes, older and newer versions."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import sqlalchemy as sa

from formcheck.core.errors import HistoryError, UsageError
from formcheck.storage.history import History, Lifter, database, default_path, open_history, upgrade
from formcheck.storage.history.tables import OLD_STEPS, OLD_STEPS_TABLE
from tests.helpers.make_reports import make_rep, make_report
from tests.helpers.old_histories import FILMED_AT, MOMENTS, OLD_VERSIONS, make_old_history
from tests.helpers.saved_sets import POSES, recording, report

ROOT = Path(__file__).resolve().parent.parent.parent


Place: TypeAlias = Path | str


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.rglob("*")) if file.is_file())


# --- sets ----------------------------------------------------------------------------------------------------------


def test_a_set_comes_back_as_it_was_saved(place: Place) -> None:
    filmed_at = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    with open_history(place) as history:
        history.save_set(
            report(load_kg=102.5),
            POSES,
            lifter="Anna",
            notes="  belt\r\non ",
            filmed_at=filmed_at,
            video_path="/videos/set.mp4",
            settings={"exercise": "auto"},
        )
    with open_history(place) as history:
        (saved,) = history.sets()
        poses = history.poses(saved.id)
    assert (saved.lifter, saved.exercise, saved.load_kg, saved.notes) == ("Anna", "deadlift", 102.5, "belt\non")
    assert (saved.video_file, saved.video_path, saved.settings) == ("set.mp4", "/videos/set.mp4", {"exercise": "auto"})
    assert saved.report_data == saved.report.to_dict() == report(load_kg=102.5)
    assert saved.filmed_at == saved.when == filmed_at
    assert (saved.verdict, saved.summary) == ("fault", "1 deadlift rep: back rounding.")
    np.testing.assert_allclose(poses.image_px, POSES.image_px, atol=0.01)
    with pytest.raises(FrozenInstanceError):
        saved.notes = "changed"  # type: ignore[misc]


def test_the_same_recording_is_saved_once_and_keeps_what_was_told_before(place: Place) -> None:
    with open_history(place) as history:
        first = history.save_set(report(load_kg=100.0), POSES, lifter="Anna", notes="heavy")
        again = history.save_set(report(exercise="squat"), history.poses(first.id))
        assert len(history.sets()) == 1
    assert (again.id, again.uid) == (first.id, first.uid)
    assert again.exercise == "squat"
    assert (again.lifter, again.load_kg, again.notes) == ("Anna", 100.0, "heavy")


def test_different_recordings_are_different_sets(place: Place) -> None:
    with open_history(place) as history:
        for number in range(3):
            history.save_set(report(), recording(number))
        history.save_set(report())
        history.save_set(report())
        assert [saved.has_poses for saved in history.sets()] == [False, False, True, True, True]


def test_sets_are_listed_newest_first_by_lifter_and_exercise(place: Place) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with open_history(place) as history:
        for day, (lifter, exercise) in enumerate([("Anna", "squat"), ("Ben", "squat"), ("anna", "deadlift")]):
            filmed_at = start - timedelta(days=day)
            history.save_set(report(exercise), recording(day), lifter=lifter, filmed_at=filmed_at)
        assert [saved.id for saved in history.sets()] == [1, 2, 3]
        assert [saved.id for saved in history.sets(lifter="ANNA")] == [1, 3]
        assert [saved.id for saved in history.sets(lifter="anna", exercise="deadlift")] == [3]
        with pytest.raises(HistoryError, match="no lifter 'Carl' in the history, only: Anna, Ben"):
            history.sets(lifter="Carl")


def test_a_set_can_be_changed_and_judged_again(place: Place) -> None:
    with open_history(place) as history:
        saved = history.save_set(report(), POSES)
        changed = history.change_set(saved.id, lifter="Anna", notes="", load_kg=60, report=report("squat"))
        same = history.change_set(saved.id)
    assert (changed.lifter, changed.load_kg, changed.exercise, changed.has_poses) == ("Anna", 60.0, "squat", True)
    assert same == changed


def test_poses_that_were_not_kept_are_said_to_be_missing(place: Place) -> None:
    with open_history(place) as history:
        saved = history.save_set(report())
        with pytest.raises(HistoryError, match="were not kept"):
            history.poses(saved.id)
        with pytest.raises(HistoryError, match="no set 7 in the history"):
            history.poses(7)


@pytest.mark.parametrize("load_kg", [-1.0, 1001.0, float("nan")])
def test_impossible_loads_are_refused(load_kg: float, place: Place) -> None:
    with open_history(place) as history:
        with pytest.raises(UsageError, match="load must be"):
            history.save_set(report(load_kg=load_kg))
        assert history.sets() == ()


def test_names_from_strange_file_systems_are_kept_readable(place: Place) -> None:
    with open_history(place) as history:
        content = report()
        content["video"]["file"] = "a\udcff'); DROP TABLE sets; --.mp4"
        saved = history.save_set(content, video_path="/x/\udcff", notes="\x1b[31mred")
    assert saved.video_file == "a?'); DROP TABLE sets; --.mp4"
    assert saved.notes == "[31mred"


# --- deletion ------------------------------------------------------------------------------------------------------


def test_what_is_deleted_is_gone_from_the_disk(path: Path) -> None:
    with open_history(path) as history:
        kept = history.save_set(report(), recording(1), notes="stays here")
        noise = np.random.default_rng(7).normal(size=POSES.world_m.shape)
        secret = history.save_set(
            report(), replace(recording(2), world_m=noise), lifter="Secretname", notes="secret words " * 200
        )
        npz = history.npz(secret.id) or b""
        noise_from = npz.index(b"world_m.npy") + 300
        pieces = [npz[place : place + 64] for place in range(noise_from, noise_from + 1280, 64)]
        # Where a page ends a piece may be in two parts.
        assert sum(piece in bytes_on_disk(path) for piece in pieces) > 15
        assert b"secret words" in bytes_on_disk(path)
        history.delete_set(secret.id)
        history.delete_lifter("secretname")
        # Also while the history is still open, where a log could hold the old pages.
        on_disk = bytes_on_disk(path)
        assert [saved.id for saved in history.sets()] == [kept.id]
    assert b"stays here" in on_disk
    for trace in (b"secret words", b"Secretname", *pieces):
        assert trace not in on_disk


def test_numbers_of_deleted_sets_are_not_used_again(place: Place) -> None:
    with open_history(place) as history:
        history.delete_set(history.save_set(report(), recording(1)).id)
        assert history.save_set(report(), recording(2)).id == 2
        with pytest.raises(HistoryError, match="no set 1"):
            history.delete_set(1)


@pytest.mark.parametrize(("with_sets", "left"), [(True, []), (False, [None])])
def test_a_lifter_is_deleted_with_or_without_the_sets(with_sets: bool, left: list[None], place: Place) -> None:
    with open_history(place) as history:
        history.save_set(report(), POSES, lifter="Anna")
        history.delete_lifter("ANNA", with_sets=with_sets)
        assert history.lifters() == ()
        assert [saved.lifter for saved in history.sets()] == left


def kept_video(history: History, set_id: int, folder: Path) -> Path:
    (folder / "drawn.mp4").write_bytes(b"video")
    return history.keep_video(set_id, folder / "drawn.mp4")


def test_a_set_that_cannot_be_deleted_keeps_its_video(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with open_history(place) as history:
        saved = history.save_set(report(), POSES, lifter="Anna")
        video = kept_video(history, saved.id, tmp_path)
        with open_history(place) as other, other.writing():
            with pytest.raises(HistoryError, match="in use by another program"):
                history.delete_set(saved.id)
            with pytest.raises(HistoryError, match="in use by another program"):
                history.delete_lifter("Anna", with_sets=True)
        assert history.video(saved.id) == video
        history.delete_set(saved.id)
    assert not video.exists()


def test_a_video_that_cannot_be_deleted_is_told_of_and_tried_again(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_history(place) as history:
        first, second = (history.save_set(report(), recording(number)) for number in (1, 2))
        video = kept_video(history, first.id, tmp_path)
        foreign = video.with_name("mine.mp4")
        foreign.touch()

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", refuse)
            with pytest.raises(HistoryError, match=rf"deleted, but its video {video} is not \(Permission denied\)"):
                history.delete_set(first.id)
        assert [saved.id for saved in history.sets()] == [second.id]
        assert video.exists()
        kept = kept_video(history, second.id, tmp_path)
        third = history.save_set(report(), recording(3))
        history.delete_set(third.id)
    assert not video.exists()
    # What another set or somebody else keeps there stays.
    assert kept.exists()
    assert foreign.exists()


# --- lifters -------------------------------------------------------------------------------------------------------


def test_lifters_are_kept_with_all_that_is_known(place: Place) -> None:
    anna = Lifter(" Anna \n Müller", 168.0, True, -0.1, {"standing_deg": -17.5})
    assert anna.name == "Anna Müller"
    with open_history(place) as history:
        assert history.save_lifter(anna) == anna
        assert history.save_lifter(replace(anna, name="ANNA MÜLLER", height_cm=169.0)).height_cm == 169.0
        assert len(history.lifters()) == 1
        history.save_set(report(), POSES, lifter="anna müller")
        assert history.rename_lifter("Anna Müller", "Anna M").neutral_back == {"standing_deg": -17.5}
        assert history.sets()[0].lifter == "Anna M"
        known = history.known_lifter("anna m")
        assert known is not None
        assert known.height_cm == 169.0
        assert history.known_lifter("Nobody") is history.known_lifter(None) is None


def test_a_name_that_is_taken_is_not_given_again(place: Place) -> None:
    with open_history(place) as history:
        history.save_lifter(Lifter("Anna"))
        history.save_lifter(Lifter("Ben"))
        with pytest.raises(HistoryError, match="'ben' already"):
            history.rename_lifter("Anna", "ben")
        assert history.rename_lifter("Anna", "ANNA").name == "ANNA"


@pytest.mark.parametrize(
    "values",
    [
        {"name": "  "},
        {"name": "x" * 81},
        {"name": "A", "height_cm": 12.0},
        {"name": "A", "depth_target_thighs": 9.0},
        {"name": "A", "neutral_back": {"standing_deg": float("nan")}},
    ],
)
def test_impossible_lifters_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Lifter(**values)


# --- the file ------------------------------------------------------------------------------------------------------


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "mine"))
    with open_history() as history:
        assert history.path == default_path() == tmp_path / "mine" / "history.sqlite3"
    monkeypatch.delenv("FORMCHECK_HISTORY_DIR")
    assert default_path().name == "history.sqlite3"
    assert default_path().parent.name == "formcheck"


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_only_the_owner_can_read_the_history(path: Path) -> None:
    with open_history(path) as history:
        history.save_set(report(), POSES)
        assert {file.stat().st_mode & 0o077 for file in [path.parent, *path.parent.iterdir()]} == {0}


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_an_older_history_is_brought_up_to_date_without_loss(version: str, path: Path) -> None:
    make_old_history(path, version)
    newer = version == OLD_VERSIONS[1]
    with open_history(path) as history:
        listed = history.summaries()
        assert [saved.id for saved in listed] == [7, 4, 5], "by when they were filmed, or saved"
        assert {(saved.verdict, saved.rep_count, saved.damage) for saved in listed} == {("fault", 1, ())}
        assert all(saved.numbers == history.set(saved.id).numbers for saved in listed)
        saved = history.set(5)
        assert (saved.uid, saved.lifter, saved.exercise, saved.variant) == (f"{5:032x}", "Anna", "squat", "low-bar")
        assert (saved.load_kg, saved.notes, saved.video_file) == (85.0, "from before 5", "old-5.mp4")
        assert saved.video_path == ("/videos/old.mp4" if newer else "")
        assert (saved.saved_at, saved.filmed_at) == tuple(map(datetime.fromisoformat, (MOMENTS[1], FILMED_AT)))
        assert saved.report_data == report("squat", load_kg=80.0)
        assert saved.settings == {"model": "full"}
        assert [saved.has_poses for saved in listed] == [False, True, True]
        np.testing.assert_allclose(history.poses(5).image_px, recording(5).image_px, atol=0.01)
        target, neutral = (0.1, {"lower_deg": -12.5}) if newer else (None, {})
        assert history.lifters() == (Lifter("Anna", 168.0, True, target, neutral),)
        assert history.save_set(report(), recording(5)).id == 5, "the recording is known"
        assert history.save_set(report(), POSES).id == 10, "the number of the deleted set stays taken"
        history.delete_set(4)
        assert history.npz(4) is None
        assert history.save_set(report(), recording(5), lifter="Ben").id == 11
        assert history.set_of_another(recording(5), "Ben") is None


def test_an_older_formcheck_refuses_a_history_of_today(path: Path) -> None:
    with open_history(path) as history:
        history.save_set(report())
    with contextlib.closing(sqlite3.connect(path)) as file:
        names = {row[0] for row in file.execute(f"SELECT name FROM {OLD_STEPS_TABLE}")}
    assert names - OLD_STEPS.keys(), "a step that it does not know makes it ask for an update"


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_a_report_that_was_damaged_already_does_not_stop_the_update(version: str, path: Path) -> None:
    make_old_history(path, version)
    with contextlib.closing(sqlite3.connect(path)) as old, old:
        old.execute("UPDATE sets SET report = '{' WHERE id = 5")
        old.execute("UPDATE sets SET saved_at = 'then' WHERE id = 7")
    with open_history(path) as history:
        assert {saved.id: saved.damage for saved in history.summaries()} == {7: ("date",), 4: (), 5: ("report",)}


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old_history(path, OLD_VERSIONS[0])

    def fail(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DROP TABLE lifters")
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "_summarise", fail)
        with pytest.raises(HistoryError, match="nowhere"), open_history(path):
            pass
    with open_history(path) as history:
        assert next(saved.notes for saved in history.sets()) == "from before 7"
        assert len(history.lifters()) == 1


def test_a_newer_history_is_refused_and_left_as_it_is(place: Place) -> None:
    with open_history(place) as history:
        history.save_set(report(), POSES)
        with history.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = place.read_bytes() if isinstance(place, Path) else b""
    with pytest.raises(HistoryError, match=r"was written by a newer FormCheck: update"), open_history(place):
        pass
    assert (place.read_bytes() if isinstance(place, Path) else b"") == before


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 50, None])
def test_a_file_that_is_no_history_is_refused_and_left_as_it_is(content: bytes | None, path: Path) -> None:
    path.parent.mkdir()
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE sets (mine TEXT)")
        connection.commit()
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="move it away"), open_history(path):
        pass
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match="cannot be used"), open_history(tmp_path / "file" / "history.sqlite3"):
        pass


# --- crashes and other processes -----------------------------------------------------------------------------------

SAVE_SETS = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from formcheck.storage.history import open_history
from tests.helpers.saved_sets import recording, report
for number in range({first}, {first} + 12):
    with open_history(place if "://" in (place := {place!r}) else Path(place)) as history:
        history.save_set(report(), recording(number), lifter=f"Lifter {{number % 3}}")
"""

CRASH = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from formcheck.storage.history import open_history
from tests.helpers.saved_sets import recording, report
with open_history(place if "://" in (place := {place!r}) else Path(place)) as history:
    history.save_set(report(), recording(1), notes="before the crash")
    with history.writing() as connection:
        connection.exec_driver_sql("UPDATE sets SET notes = 'half'")
        connection.exec_driver_sql("DELETE FROM poses")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def start(script: str, **values: object) -> subprocess.Popen[str]:
    code = script.format(tests=str(ROOT / "tests"), **values)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)


def test_a_crash_in_the_middle_of_writing_loses_nothing(place: Place) -> None:
    process = start(CRASH, place=str(place))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with open_history(place) as history:
        (saved,) = history.sets()
        assert saved.notes == "before the crash"
        assert len(history.poses(saved.id)) == len(POSES)


def test_two_processes_write_into_a_new_history_at_once(place: Place) -> None:
    processes = [start(SAVE_SETS, place=str(place), first=first) for first in (0, 100)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert errors == ["", ""]
    with open_history(place) as history:
        assert len(history.sets()) == 24
        assert len(history.lifters()) == 3
        assert all(saved.has_poses for saved in history.sets())


def test_waiting_for_another_program_ends_in_a_message(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_history(place) as history:
        history.save_set(report(), recording(1))
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with open_history(place) as other, open_history(place) as history:
        with other.writing():
            assert len(history.sets()) == 1
            with pytest.raises(HistoryError, match="in use by another program"):
                history.save_set(report(), recording(2))
        assert len(history.sets()) == 1
        history.save_set(report(), recording(2))
        assert len(history.sets()) == 2


def test_an_error_inside_a_transaction_takes_all_of_it_back(place: Place) -> None:
    with open_history(place) as history:
        saved = history.save_set(report(), POSES, notes="as it was")

        def fail(history: History) -> None:
            with history.writing():
                history.update(saved.id, {"notes": "half"})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail(history)
        assert history.set(saved.id).notes == "as it was"


def test_only_plain_data_is_saved(place: Place) -> None:
    with open_history(place) as history, pytest.raises(UsageError, match="plain data"):
        history.save_set(make_report(POSES, reps=(make_rep(),)).to_dict(), settings={"at": object()})
