"""What was not tested, in words, as the last lines of a test run: many tests in few groups, each with its reason.

Registered by conftest.py. With xdist the workers tell the main process what they skipped while collecting, which it
would not learn otherwise.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

GROUPS: Mapping[str, str] = {
    r"chromium": "Chromium is missing: apt-get install chromium, or name it in FORMCHECK_CHROMIUM",
    r"playwright": "Playwright is missing: pip install 'formcheck[dev]'",
    r"streamlit|aiortc": "the app's libraries are missing: pip install 'formcheck[app]'",
    r"pose model": "the pose model is missing: formcheck models fetch",
    r"Dask|moto|s3fs|boto3": "the cluster's libraries are missing: pip install 'formcheck[cluster,dev]'",
    r"\bbody\b": "the rendered lifter's body is missing: python -m rendered_lifter fetch, or FORMCHECK_FETCH_BODY=1",
    r"\bclips?\b|FORMCHECK_CLIPS": "the labelled real clips are missing: name their folder in FORMCHECK_CLIPS",
    r"PostgreSQL": "PostgreSQL is missing: apt-get install postgresql, and pip install 'formcheck[server]'",
    r"FORMCHECK_TEST_WHEEL": "no mediapipe wheel is named in FORMCHECK_TEST_WHEEL",
}
"""Pattern in the reason of a skip -> what is said about all of its kind. Any other reason stands for itself."""


class Skip(NamedTuple):
    """One test, or one file that was skipped as a whole (then ``tests`` counts its functions)."""

    where: str
    reason: str
    tests: int


def group_of(reason: str) -> str:
    """What is said about a skip."""
    words = next((words for pattern, words in GROUPS.items() if re.search(pattern, reason, re.IGNORECASE)), reason)
    return words.strip().rstrip(".")


def skipped_lines(skips: Iterable[Skip]) -> list[str]:
    """The report: a heading with the total and a line for each group, the largest first."""
    counts: defaultdict[str, int] = defaultdict(int)
    for skip in set(skips):
        counts[group_of(skip.reason)] += skip.tests
    if not counts:
        return ["Nothing was skipped."]
    total = sum(counts.values())
    lines = [f"  {number:4}  {words}" for words, number in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
    return [f"Not tested here: {total} test{'' if total == 1 else 's'}.", *lines]


def skip_of(report: pytest.TestReport | pytest.CollectReport) -> Skip:
    """The skip that a report of pytest tells of."""
    told: Any = report.longrepr
    reason = told[2] if isinstance(told, (tuple, list)) else str(told)
    return Skip(report.nodeid, reason.removeprefix("Skipped: "), _tests_in(report))


def _tests_in(report: pytest.TestReport | pytest.CollectReport) -> int:
    path = Path(report.nodeid)
    if isinstance(report, pytest.TestReport) or not path.is_file():
        return 1
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return max(1, sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in nodes))


class SkipReport:
    """The plugin."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.skips: list[Skip] = []
        self.collected: list[Skip] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.collected.append(skip_of(report))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # An expected failure counts as skipped too, but that test did run.
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skips.append(skip_of(report))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        told: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if told is not None:
            told["skipped_files"] = [list(skip) for skip in self.collected]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.collected += [Skip(*skip) for skip in getattr(node, "workeroutput", {}).get("skipped_files", ())]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        skips = [*self.collected, *self.skips]
        file: Path | None = self.config.getoption("--skipped-file")
        if file is not None:
            before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
            skips += [Skip(*skip) for skip in before]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(skips), encoding="utf-8")
        terminalreporter.ensure_newline()
        for line in skipped_lines(skips):
            terminalreporter.write_line(line)
