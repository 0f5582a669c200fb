"""What holds for every test run: nothing of the developer's own is touched, and what is skipped is said in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from formcheck.storage.history.records import Lifter
from formcheck.storage.history.store import default_path, open_history
from formcheck.storage.settings_files import config_folder
from tests.helpers.skips import GROUPS, Skip, group_of, skipped_lines

ROOT = Path(__file__).resolve().parent.parent.parent


# --- nothing of the developer's own ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history_of_a_wide_fixture() -> Path:
    """Fixtures that live longer than one test are set up before that test's own folders are."""
    return default_path()


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


def test_history_and_settings_are_in_a_temporary_folder(history_of_a_wide_fixture: Path, temporary: Path) -> None:
    assert default_path().is_relative_to(temporary)
    assert config_folder().is_relative_to(temporary)
    assert history_of_a_wide_fixture.is_relative_to(temporary)
    assert history_of_a_wide_fixture != default_path()


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are those of Linux")
def test_they_are_even_where_a_test_removes_the_variables(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    monkeypatch.delenv("FORMCHECK_HISTORY_DIR")
    monkeypatch.delenv("FORMCHECK_CONFIG_DIR")
    assert default_path().is_relative_to(temporary)
    assert config_folder().is_relative_to(temporary)


def test_a_program_started_by_a_test_saves_there_too(temporary: Path) -> None:
    code = "from formcheck.storage.history.store import default_path; print(default_path())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert Path(said.stdout.strip()).is_relative_to(temporary)


@pytest.mark.parametrize("turn", [1, 2])
def test_no_test_sees_what_another_one_saved(turn: int) -> None:
    assert not default_path().exists()
    with open_history() as history:
        history.save_lifter(Lifter("Anna"))
    assert default_path().exists()


# --- what was skipped ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("there is no Chromium here", "Chromium is missing"),
        ("no Chromium here: apt-get install chromium, or name it in FORMCHECK_CHROMIUM", "Chromium is missing"),
        ("Playwright is not installed: pip install playwright", "Playwright is missing"),
        ("Streamlit is not installed: pip install 'formcheck[app]'", "the app's libraries are missing"),
        ("the live page's library, streamlit-webrtc, is not installed", "the app's libraries are missing"),
        ("the pose model is not here: formcheck models fetch", "the pose model is missing"),
        ("there is no pose model here and none can be fetched: no network", "the pose model is missing"),
        ("the body cannot be fetched: no network", "the rendered lifter's body is missing"),
        ("no labelled clips in somewhere", "the labelled real clips are missing"),
        (
            "one.mp4 is not here: name its folder in FORMCHECK_CLIPS",
            "the labelled real clips are missing",
        ),
        ("root may read everything.", "root may read everything"),
    ],
)
def test_a_reason_is_put_into_words(reason: str, words: str) -> None:
    assert group_of(reason).startswith(words)


def test_skips_are_grouped_and_counted_once() -> None:
    skips = [
        Skip("a", "no Chromium here", 1),
        Skip("b", "there is no Chromium here", 12),
        Skip("a", "no Chromium here", 1),
        Skip("c", "root may read everything", 1),
    ]
    assert skipped_lines(skips) == [
        "Not tested here: 14 tests.",
        f"    13  {GROUPS['chromium']}",
        "     1  root may read everything",
    ]
    assert skipped_lines([]) == ["Nothing was skipped."]


TESTS = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="there is no Chromium here")
def test_one(): pass

@pytest.mark.parametrize("number", [1, 2])
def test_two(number): pytest.skip("the pose model is not here")

@pytest.mark.xfail(reason="known")
def test_fails(): assert False
"""
FILE_WITHOUT_LIBRARY = """
import pytest

pytest.importorskip("there_is_no_such_library", reason="Streamlit is not installed")

def test_three(): pass

def test_four(): pass
"""


def _lines_of_a_run(folder: Path, *arguments: str) -> list[str]:
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini", "-p", "no:cacheprovider", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    # 5: all that was found was skipped.
    assert said.returncode in (0, 5), said.stdout + said.stderr
    return said.stdout.splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "test_library.py").write_text(FILE_WITHOUT_LIBRARY, encoding="utf-8")
    return tmp_path


SAID = [
    "Not tested here: 5 tests.",
    f"     2  {GROUPS['streamlit|aiortc']}",
    f"     2  {GROUPS['pose model']}",
    f"     1  {GROUPS['chromium']}",
]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_ends_with_what_was_skipped(project: Path, workers: str) -> None:
    lines = _lines_of_a_run(project, "-n", workers)
    start = lines.index(SAID[0])
    assert lines[start : start + len(SAID)] == SAID
    assert len(lines) - start <= len(SAID) + 2


def test_a_run_in_parts_ends_with_all_of_it(project: Path) -> None:
    _lines_of_a_run(project, "--skipped-file=kept/skipped.json", "test_library.py", "-n", "2")
    lines = _lines_of_a_run(project, "--skipped-file=kept/skipped.json", "test_some.py", "-k", "not library")
    assert [line for line in SAID if line in lines] == SAID


def test_a_run_without_skips_says_so(project: Path) -> None:
    assert "Nothing was skipped." in _lines_of_a_run(project, "test_some.py", "-k", "test_runs")
