"""Files appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest

import formcheck
from formcheck.storage.atomic import PendingFile, write_bytes, write_text


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text("before")
    return path


def test_nothing_is_seen_before_the_end(target: Path) -> None:
    with PendingFile(target) as partial:
        partial.write_text("after")
        assert target.read_text() == "before"
    assert target.read_text() == "after"
    assert os.listdir(target.parent) == ["report.json"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_error_leaves_what_was_there(error: BaseException, target: Path) -> None:
    def write() -> None:
        with PendingFile(target) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert target.read_text() == "before"
    assert os.listdir(target.parent) == ["report.json"]


def test_a_name_that_cannot_be_given_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError), PendingFile(tmp_path / "taken") as partial:  # noqa: PT011
        partial.write_text("content")
    assert os.listdir(tmp_path) == ["taken"]


def test_a_folder_that_is_not_there_is_found_out_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PendingFile(tmp_path / "nowhere" / "file")


@pytest.mark.parametrize("can_link", [True, False])
def test_a_new_file_never_replaces_another(can_link: bool, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("links are not supported")

    if not can_link:
        monkeypatch.setattr(os, "link", fails)
    for path in (target, target.with_name("new.zip")):
        pending = PendingFile(path)
        pending.partial.write_text("after")
        if path == target:
            with pytest.raises(FileExistsError):
                pending.commit_new()
        else:
            pending.commit_new()
    assert target.read_text() == "before"
    assert sorted(os.listdir(target.parent)) == ["new.zip", "report.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o640)])
def test_only_what_is_private_is_for_its_owner_only(private: bool, mode: int, target: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_text(target, "after", private=private)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize("name", ["-dash", "硬" * 80, "file:x", "a b#?.mp4"])
def test_unusual_names_work(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes(name, b"content")
    assert Path(name).read_bytes() == b"content"


def test_text_is_written_as_it_is(target: Path) -> None:
    write_text(target, "Übung\r\nzwei\n")
    assert target.read_bytes() == "Übung\r\nzwei\n".encode()


def test_no_other_module_writes_in_such_a_way() -> None:
    package = Path(formcheck.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"os\.replace|mkstemp|NamedTemporaryFile", path.read_text(encoding="utf-8"))
    }
    # A download that broke off is taken up again under its name of before; a repaired history and the finished files of
    # a clip are moved to where they belong as a whole: none of these writes.
    moves = {"vision/models/download.py", "storage/history/repair.py", "batch/places.py"}
    assert found == {"storage/atomic.py"} | moves
