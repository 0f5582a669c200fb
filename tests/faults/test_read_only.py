"""A history in a folder that cannot be written to: a stick with its switch on, a backup, another user's folder."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app
from formcheck.core.errors import HistoryError
from formcheck.storage.history import exchange, open_history
from formcheck.storage.pose_files import save_poses
from tests.helpers.saved_sets import recording, report
from tests.helpers.synthetic_lifter import deadlift, film

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="folders are read-only by their mode on POSIX only")

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may look into: pytest's own are for their owner alone."""
    made = Path(tempfile.mkdtemp(prefix="formcheck-test-"))
    made.chmod(0o755)
    yield made
    for each in [made, *made.rglob("*")]:
        if each.is_dir():
            each.chmod(0o755)
    shutil.rmtree(made)


@pytest.fixture
def history(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history with two sets, which nobody can write to any more."""
    place = folder / "history"
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(place))
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(folder / "settings"))
    with open_history() as kept:
        for number in range(2):
            kept.save_set(report(), recording(number), lifter="Anna")
    seal(place)
    return place


def seal(place: Path) -> None:
    for each in place.rglob("*"):
        each.chmod(0o555 if each.is_dir() else 0o444)
    place.chmod(0o555)


def unseal(place: Path) -> None:
    for each in [place, *place.rglob("*")]:
        each.chmod(0o755 if each.is_dir() else 0o644)


def as_nobody(work: Callable[[], Any]) -> Any:
    """What the work returns, done without root's rights: root may write everywhere."""
    read_end, write_end = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            answer = work()
        except BaseException:
            answer = traceback.format_exc()
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pickle.loads(pipe.read())
    os.waitpid(process, 0)
    return answer


def command(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_it_is_listed(history: Path) -> None:
    code, out, err = as_nobody(lambda: command("history"))
    assert code == 0, err
    assert out.count("Anna") >= 2


def test_a_set_is_shown_and_compared(history: Path) -> None:
    code, _, err = as_nobody(lambda: command("compare", "1", "2"))
    assert code == 0, err


def test_it_is_exported_elsewhere(history: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    code, _, err = as_nobody(lambda: command("export", str(elsewhere / "all.zip")))
    assert code == 0, err
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "new"))
    with open_history() as new:
        exchange.import_history(new, elsewhere / "all.zip")
        assert len(new.sets()) == 2


def test_saving_is_refused_in_one_line_before_the_work(history: Path, folder: Path, tmp_path: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    save_poses(film(deadlift(2)), elsewhere / "set.npz")
    (elsewhere / "set.npz").chmod(0o644)
    words = ["analyze", str(elsewhere / "set.npz"), "--out", str(elsewhere / "out"), "--save", "--exercise", "deadlift"]
    # Modules that are imported when they are needed cannot be read without root's rights if Python is in root's home.
    assert command(*words[:2], "--out", str(tmp_path / "before"))[0] == 0
    code, _, err = as_nobody(lambda: command(*words))
    assert code == 2
    assert "Traceback" not in err
    assert "can only be read here" in err
    assert len(err.strip().splitlines()) == 1
    assert not (elsewhere / "out").exists()
    with open_history() as kept:
        assert len(kept.sets()) == 2


def test_changes_that_a_killed_program_left_in_the_helper_file_are_seen(folder: Path, history: Path) -> None:
    """The last set is in the file of SQLite's changes only, as after a kill."""
    unseal(history)
    left = folder / "left"
    left.mkdir()
    with open_history() as kept:
        kept.save_set(report(), recording(7), lifter="Ben")
        for each in history.iterdir():
            if each.is_file() and not each.name.endswith("-shm"):
                shutil.copyfile(each, left / each.name)
    assert (left / "history.sqlite3-wal").stat().st_size > 0
    seal(left)
    found = as_nobody(lambda: _lifters(left / "history.sqlite3"))
    assert sorted(found) == ["Anna", "Anna", "Ben"]


def _lifters(path: Path) -> list[str | None]:
    with open_history(path) as kept:
        return [each.lifter for each in kept.summaries()]


def test_nothing_is_changed_in_it(history: Path) -> None:
    def save() -> str:
        with open_history() as kept, pytest.raises(HistoryError) as refused:
            kept.save_set(report(), recording(9))
        with open_history() as kept, pytest.raises(HistoryError):
            kept.delete_set(1)
        return str(refused.value)

    before = {path.name: path.read_bytes() for path in history.iterdir() if path.is_file()}
    assert "can only be read here" in as_nobody(save)
    assert {path.name: path.read_bytes() for path in history.iterdir() if path.is_file()} == before


def test_a_folder_that_holds_no_history_yet_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder / "empty"
    place.mkdir()
    place.chmod(0o555)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(place))
    code, _, err = as_nobody(lambda: command("history"))
    assert code in (0, 2)
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= 1
