"""The layering: which part may import which; see the table below."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "formcheck"

FLOOR_0 = {"formcheck.errors", "formcheck.landmarks", "formcheck.poses"}
FLOOR_3 = {f"formcheck.{name}" for name in ("analysis", "judged", "report", "set_level", "settings", "verdict")}
MAY_IMPORT = {
    # Each floor: what it may import beside the standard library. A name allows everything below it.
    "floor 0": {"numpy"} | FLOOR_0,
    "floor 1": {"numpy", "scipy", "formcheck.motion"} | FLOOR_0,
    "floor 2": {"numpy", "formcheck.motion", "formcheck.exercises"} | FLOOR_0,
    "floor 3": {"numpy", "formcheck.motion", "formcheck.exercises"} | FLOOR_3 | FLOOR_0,
    "pure doors": {"numpy"} | FLOOR_0,
}
FLOORS = {
    "floor 0": ["errors.py", "landmarks.py", "poses.py"],
    "floor 1": [f"motion/{path.name}" for path in sorted((PACKAGE / "motion").glob("*.py"))],
    "floor 2": [f"exercises/{path.name}" for path in sorted((PACKAGE / "exercises").glob("*.py"))],
    "floor 3": ["analysis.py", "judged.py", "report.py", "set_level.py", "settings.py", "verdict.py"],
    "pure doors": ["lifter.py", "pose_files.py"],
}
MODULES = [pytest.param(floor, name, id=name) for floor, names in FLOORS.items() for name in names]
HEAVY = ("cv2", "mediapipe", "av", "typer", "rich", "streamlit")


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            assert node.module is not None
            found.add(node.module)
            if node.module == "formcheck":
                found |= {f"formcheck.{alias.name}" for alias in node.names}
    return found


def _allowed(module: str, allowed: set[str]) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names or any(
        module == name or module.startswith(f"{name}.") for name in allowed
    )


@pytest.mark.parametrize(("floor", "name"), MODULES)
def test_every_floor_imports_only_what_lies_below(floor: str, name: str) -> None:
    wrong = {module for module in imported_modules(PACKAGE / name) if not _allowed(module, MAY_IMPORT[floor])}
    assert not wrong


def test_the_floors_hold_something() -> None:
    assert len(FLOORS["floor 1"]) >= 6
    assert len(FLOORS["floor 2"]) >= 6


def test_no_exercise_knows_another() -> None:
    lifts = {"deadlift", "kettlebell_swing", "squat"}
    for lift in lifts:
        known = imported_modules(PACKAGE / "exercises" / f"{lift}.py")
        assert not known & {f"formcheck.exercises.{other}" for other in lifts - {lift}}


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text("import os\ndef late():\n    from cv2 import remap\n    import formcheck.video\n", encoding="utf-8")
    wrong = {module for module in imported_modules(path) if not _allowed(module, MAY_IMPORT["floor 1"])}
    assert wrong == {"cv2", "formcheck.video"}


def test_importing_formcheck_loads_no_heavy_library() -> None:
    script = f"import sys, formcheck; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PACKAGE.parent, timeout=60
    )
    assert result.stdout.strip() == "[]"
