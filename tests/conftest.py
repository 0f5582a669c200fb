"""What holds for every test: nothing of the developer's own is read or written, and skipped tests are said in words.

``pytest tests/judging/test_golden.py --regenerate-golden`` writes the golden reports again. Look at their difference in
version control before keeping it: every changed number is a change of what lifters are told.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from formcheck.core import words
from formcheck.service.warm_worker import WarmWorkers
from formcheck.vision.models.store import default_setup
from tests.helpers.golden import GOLDEN
from tests.helpers.skips import SkipReport


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/judging/golden/*.json again")
    parser.addoption(
        "--skipped-file",
        metavar="FILE",
        type=Path,
        help="add what is skipped to FILE, and say at the end what is in it: for a run of tests in several parts",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipReport(config), "skip-report")


@pytest.fixture(scope="session", autouse=True)
def nothing_of_ones_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The person who runs the tests may have saved sets and changed limits; no test or fixture finds or touches them.

    Models, which are fetched once, are the exception. The XDG folders are for tests that take FormCheck's own variables
    away, and for whatever the libraries keep.
    """
    own = tmp_path_factory.mktemp("session")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORMCHECK_MODEL_DIR", str(default_setup().data_folder))
        patch.setenv("FORMCHECK_HISTORY_DIR", str(own / "history"))
        patch.setenv("FORMCHECK_CONFIG_DIR", str(own / "settings"))
        patch.delenv("FORMCHECK_HISTORY_URL", raising=False)
        patch.setenv("XDG_DATA_HOME", str(own / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(own / "config"))
        yield


@pytest.fixture(autouse=True)
def nothing_of_other_tests(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees what another one has saved, speaks its language, or takes a page that Streamlit ran for the program
    that was started."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    # Pages that are run in here would start a process each.
    monkeypatch.setattr(WarmWorkers, "keep", lambda *_: None)
    folder = tmp_path_factory.getbasetemp() / "own" / str(next(_numbers))
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(folder / "history"))
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(folder / "settings"))
    for name in (words.VARIABLE, "LANGUAGE"):
        # Set first, as what is only deleted where it is not there is not deleted afterwards.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    yield
    words.speak(words.ENGLISH)


_numbers = itertools.count(1)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """``golden(name, result)`` gives the stored result of that name, after storing ``result`` when asked to."""

    def stored(name: str, result: dict[str, Any]) -> dict[str, Any]:
        path = GOLDEN / f"{name}.json"
        if request.config.getoption("--regenerate-golden"):
            path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept

    return stored
