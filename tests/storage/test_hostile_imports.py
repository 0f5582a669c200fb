"""Exports of a history that somebody made to harm: what an import costs grows with the file, not with its claims."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formcheck.core.errors import HistoryError
from formcheck.storage.history import open_history
from formcheck.storage.history.exchange import MANIFEST, export_history, import_history
from tests.helpers.saved_sets import recording, report


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    with open_history(tmp_path / "from.sqlite3") as history:
        history.save_set(report(), recording(1), lifter="Ada")
        export_history(history, tmp_path / "export.zip")
    return tmp_path / "export.zip"


def pack(path: Path, entries: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refuses(tmp_path: Path, path: Path) -> str:
    with open_history(tmp_path / "to.sqlite3") as history:
        with pytest.raises(HistoryError) as caught:
            import_history(history, path)
        assert history.sets() == ()
    return str(caught.value)


def test_what_was_exported_is_imported(exported: Path, tmp_path: Path) -> None:
    with open_history(tmp_path / "to.sqlite3") as history:
        assert import_history(history, exported).added == 1


def test_a_manifest_of_spaces_is_never_unpacked(exported: Path, tmp_path: Path) -> None:
    entries = entries_of(exported)
    pack(exported, {**entries, MANIFEST: entries[MANIFEST] + b" " * 50_000_000})
    assert exported.stat().st_size < 200_000
    tracemalloc.start()
    assert "cannot be imported" in refuses(tmp_path, exported)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_poses_that_unpack_to_far_more_than_they_take_are_refused(exported: Path, tmp_path: Path) -> None:
    entries = entries_of(exported)
    name = next(each for each in entries if each.endswith(".npz"))
    with np.load(io.BytesIO(entries[name])) as archive:
        members: dict[str, Any] = dict(archive)
    packed = io.BytesIO()
    np.savez_compressed(packed, **{**members, "world_m": np.zeros(25_000_000, np.float32)})
    pack(exported, {**entries, name: packed.getvalue()})
    assert "cannot be imported" in refuses(tmp_path, exported)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_an_export_does_not_use_is_refused(exported: Path, tmp_path: Path, packing: int) -> None:
    assert "cannot be imported" in refuses(tmp_path, pack(exported, entries_of(exported), packing))


def test_thousands_of_brackets_are_refused(exported: Path, tmp_path: Path) -> None:
    pack(exported, {MANIFEST: b"[" * 100_000 + b"]" * 100_000})
    assert "cannot be imported" in refuses(tmp_path, exported)


def test_numbers_of_thousands_of_digits_are_refused(exported: Path, tmp_path: Path) -> None:
    manifest = json.loads(entries_of(exported)[MANIFEST])
    manifest["sets"][0]["load_kg"] = 7
    text = json.dumps(manifest).replace('"load_kg": 7,', f'"load_kg": {"7" * 5_000},')
    assert "7" * 5_000 in text
    assert "cannot be imported" in refuses(tmp_path, pack(exported, {MANIFEST: text.encode()}))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "export.zip")
    assert "not an ordinary file" in refuses(tmp_path, tmp_path / "export.zip")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_device_is_refused_instead_of_read_for_ever(tmp_path: Path) -> None:
    assert "not an ordinary file" in refuses(tmp_path, Path("/dev/zero"))
