"""The floors of the house: the contracts of pyproject.toml hold, and they would notice a breach."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("cv2", "mediapipe", "av", "typer", "rich", "streamlit", "scipy")

pytest.importorskip("importlinter", reason="import-linter is not installed")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the copy of the house in that folder."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package and of its contracts, to be damaged."""
    shutil.copytree(ROOT / "formcheck", tmp_path / "formcheck", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_floor_imports_only_floors_below() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("motion/reps.py", "from formcheck.judging.report import Report"),
        ("exercises/squat.py", "from formcheck.exercises import deadlift"),
        ("judging/analysis.py", "import cv2"),
    ],
)
def test_a_breach_is_noticed(house: Path, module: str, line: str) -> None:
    path = house / "formcheck" / module
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\ndef late() -> None:\n    {line}\n", encoding="utf-8")
    done = lint_imports(house)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def test_a_folder_without_a_floor_is_noticed(house: Path) -> None:
    (house / "formcheck" / "attic").mkdir()
    (house / "formcheck" / "attic" / "__init__.py").write_text("", encoding="utf-8")
    assert lint_imports(house).returncode == 1


def test_tests_mirror_the_house() -> None:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        floors = tomllib.load(stream)["tool"]["importlinter"]["contracts"][0]["layers"]
    assert {floor for floor in floors if not list((ROOT / "tests" / floor).glob("test_*.py"))} == set()


def test_importing_formcheck_loads_no_heavy_library() -> None:
    script = f"import sys, formcheck; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert result.stdout.strip() == "[]"
