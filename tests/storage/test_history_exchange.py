"""Exporting and importing the history, also what somebody tampered with."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formcheck.core.errors import HistoryError, OutputError
from formcheck.storage.history import Exported, Imported, Lifter, export_history, import_history, open_history
from tests.helpers.saved_sets import POSES, recording, report

ANNA = Lifter("Anna", 168.0, True, 0.05, {"standing_deg": -17.5})


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Two sets of Anna's, one of nobody's without poses."""
    with open_history(tmp_path / "old.sqlite3") as history:
        history.save_lifter(ANNA)
        filmed_at = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
        history.save_set(report(load_kg=60.0), recording(1), lifter="Anna", notes="first", filmed_at=filmed_at)
        history.save_set(
            report("squat"), recording(2), lifter="Anna", settings={"model": "full"}, video_path="/secret/x"
        )
        history.save_set(report())
        assert export_history(history, tmp_path / "out.zip") == Exported(3)
    return tmp_path / "out.zip"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new.sqlite3"


def tampered(path: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Path:
    """The zip with its entries and its manifest changed."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["history.json"])
    before = json.dumps(manifest)
    change(entries, manifest)
    if json.dumps(manifest) != before:
        entries["history.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def import_into(path: Path, source: Path) -> Imported:
    with open_history(path) as history:
        return import_history(history, source)


def test_everything_comes_back(exported: Path, new: Path) -> None:
    assert import_into(new, exported) == Imported(added=3, renewed=0, known=0, new_lifters=1)
    with open_history(exported.parent / "old.sqlite3") as old, open_history(new) as history:
        assert history.lifters() == old.lifters() == (ANNA,)
        theirs = {saved.uid: saved for saved in old.sets()}
        for saved in history.sets():
            assert saved == replace(theirs[saved.uid], id=saved.id, video_path="")
            assert history.npz(saved.id) == old.npz(theirs[saved.uid].id)
        assert len(history.poses(next(saved.id for saved in history.sets() if saved.has_poses))) == len(POSES)


def test_an_export_names_no_place_on_this_machine(exported: Path) -> None:
    with zipfile.ZipFile(exported) as archive:
        manifest = archive.read("history.json").decode()
    assert "/secret" not in manifest
    assert str(exported.parent) not in manifest


def test_importing_twice_adds_nothing(exported: Path, new: Path) -> None:
    import_into(new, exported)
    assert import_into(new, exported) == Imported(added=0, renewed=0, known=3, new_lifters=0)
    with open_history(new) as history:
        assert len(history.sets()) == 3


def test_the_version_saved_later_wins(exported: Path, new: Path) -> None:
    import_into(new, exported)
    with open_history(new) as history:
        first = next(saved for saved in history.sets() if saved.notes == "first")
        history.change_set(first.id, notes="changed here")
    assert import_into(new, exported).known == 3
    with open_history(new) as history:
        assert history.set(first.id).notes == "changed here"
        export_history(history, exported.parent / "back.zip")
    assert import_into(exported.parent / "old.sqlite3", exported.parent / "back.zip").renewed == 1
    with open_history(exported.parent / "old.sqlite3") as history:
        assert "changed here" in {saved.notes for saved in history.sets()}


def test_the_same_recording_saved_on_two_machines_is_one_set(exported: Path, new: Path) -> None:
    with open_history(new) as history:
        history.save_set(report(), recording(1), notes="saved here, later")
    assert import_into(new, exported) == Imported(added=2, renewed=0, known=1, new_lifters=1)


def test_what_is_known_of_a_lifter_is_only_added_to(exported: Path, new: Path) -> None:
    with open_history(new) as history:
        history.save_lifter(Lifter("ANNA", height_cm=170.0))
    assert import_into(new, exported).new_lifters == 0
    with open_history(new) as history:
        assert history.lifters() == (replace(ANNA, name="ANNA", height_cm=170.0),)


def test_an_export_replaces_no_file(exported: Path) -> None:
    before = exported.read_bytes()
    with open_history(exported.parent / "old.sqlite3") as history, pytest.raises(OutputError, match="exists already"):
        export_history(history, exported)
    assert exported.read_bytes() == before


def test_an_export_that_cannot_be_written_leaves_nothing(exported: Path) -> None:
    folder = exported.parent
    before = sorted(os.listdir(folder))
    with open_history(folder / "old.sqlite3") as history, pytest.raises(OutputError, match="cannot be written"):
        export_history(history, folder / "nowhere" / "x.zip")
    assert sorted(os.listdir(folder)) == before


def _npz_of_nothing() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, schema=np.array(1))
    return buffer.getvalue()


def first_poses(entries: dict[str, bytes]) -> str:
    return next(name for name in entries if name.startswith("poses/"))


TAMPERINGS: dict[str, Callable[[dict[str, bytes], dict[str, Any]], Any]] = {
    "uid that leads elsewhere": lambda _, manifest: manifest["sets"][0].update(uid="../../../../etc/passwd"),
    "poses missing": lambda entries, _: entries.pop(first_poses(entries)),
    "poses damaged": lambda entries, _: entries.update({first_poses(entries): b"PK nothing"}),
    "poses of nothing": lambda entries, _: entries.update({first_poses(entries): _npz_of_nothing()}),
    "no json": lambda entries, _: entries.update({"history.json": b"{"}),
    "a list": lambda entries, _: entries.update({"history.json": b"[]"}),
    "deep json": lambda entries, _: entries.update({"history.json": b"[" * 100_000}),
    "NaN": lambda entries, _: entries.update(
        {"history.json": entries["history.json"].replace(b'"load_kg": 60.0', b'"load_kg": NaN')}
    ),
    "lone surrogate": lambda _, manifest: manifest["sets"][0].update(video_file="\ud800"),
    "load": lambda _, manifest: manifest["sets"][0].update(load_kg=1e300),
    "time without zone": lambda _, manifest: manifest["sets"][0].update(saved_at="2026-01-01T00:00:00"),
    "time of year 99999": lambda _, manifest: manifest["sets"][0].update(saved_at="99999-01-01"),
    "unknown lifter": lambda _, manifest: manifest["sets"][0].update(lifter="Nobody"),
    "set twice": lambda _, manifest: manifest["sets"].append(manifest["sets"][0]),
    "no reps": lambda _, manifest: manifest["sets"][0]["report"].pop("reps"),
    "text for a number": lambda _, manifest: manifest["sets"][0]["report"]["reps"][0]["measures"].update(x="<script>"),
    "text for a verdict": lambda _, manifest: manifest["sets"][0]["report"].update(verdict=["good"]),
    "number for notes": lambda _, manifest: manifest["sets"][0].update(notes=3),
    "height": lambda _, manifest: manifest["lifters"][0].update(height_cm="tall"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_tampered_with_is_not_imported_at_all(name: str, exported: Path, new: Path) -> None:
    tampered(exported, TAMPERINGS[name])
    folder_before = sorted(os.listdir(exported.parent))
    with pytest.raises(HistoryError, match=r"out\.zip cannot be imported: it is damaged") as error:
        import_into(new, exported)
    assert "\n" not in str(error.value)
    with open_history(new) as history:
        assert (history.sets(), history.lifters()) == ((), ())
    assert {name for name in os.listdir(exported.parent) if not name.startswith("new.")} == set(folder_before)


@pytest.mark.parametrize("what", ["export", "report"])
def test_an_export_of_a_newer_version_is_refused(what: str, exported: Path, new: Path) -> None:
    def change(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
        if what == "export":
            manifest["formcheck_history"] = 2
        else:
            manifest["sets"][1]["report"]["schema"] = 99

    tampered(exported, change)
    with pytest.raises(HistoryError, match="newer FormCheck: update"):
        import_into(new, exported)


def test_names_in_the_zip_are_never_used_as_paths(exported: Path, new: Path) -> None:
    absolute = exported.parent / "absolute" / "evil.txt"
    absolute.parent.mkdir()
    tampered(exported, lambda entries, _: entries.update({"../evil.txt": b"x", str(absolute): b"x"}))
    assert import_into(new, exported).added == 3
    assert not (exported.parent.parent / "evil.txt").exists()
    assert not absolute.exists()


def test_a_zip_that_unpacks_to_far_too_much_is_refused(
    exported: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formcheck.storage.history.exchange.LARGEST_POSES_BYTES", 1000)
    with pytest.raises(HistoryError, match="cannot be imported"):
        import_into(new, exported)


@pytest.mark.parametrize("content", [None, b"", b"no zip at all"])
def test_a_file_that_is_no_export_is_one_line(content: bytes | None, new: Path) -> None:
    path = new.parent / "x.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"x\.zip (does not exist|is not an exported FormCheck history)"):
        import_into(new, path)


def test_a_zip_of_something_else_is_one_line(new: Path) -> None:
    path = new.parent / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.txt", "sun")
    with pytest.raises(HistoryError, match="not an exported FormCheck history"):
        import_into(new, path)
