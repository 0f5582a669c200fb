"""Options of the test run.

``pytest tests/judging/test_golden.py --regenerate-golden`` writes the golden reports anew. Look at their difference in
version control before keeping it: every changed number is a change of what lifters are told.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "judging" / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/judging/golden/*.json anew")


@pytest.fixture(autouse=True)
def no_settings_of_ones_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have changed limits for their own lifts."""
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-settings"))


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
