"""What is declared and what is used are the same: libraries, versions, Pythons, files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from typer.testing import CliRunner

import formcheck
from formcheck.cli.main import app
from formcheck.judging.report import version
from scripts import make_constraints, set_up

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

BROUGHT = {"cv2": "mediapipe"}
"""Modules that another distribution brings: a second OpenCV wheel would break mediapipe's."""


def declared(*extras: str) -> dict[str, Requirement]:
    requirements = map(Requirement, make_constraints.declared(*extras))
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file with each module that it imports by its full name."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield path, node.module or ""


OWN = {"formcheck", "tests", "benchmarks", "rendered_lifter", "scripts"}


PLACES = {
    "app": ("app", "cli/share.py"),
    "fast": ("vision/openvino_backend.py",),
    "cluster": ("batch",),
}
"""Extra -> where in the package its libraries are imported."""


def extras_of(path: Path) -> tuple[str, ...]:
    """The extras that a module of the package may count on: it is only imported where they are installed."""
    return tuple(
        extra
        for extra, places in PLACES.items()
        if any(path.is_relative_to(ROOT / "formcheck" / place) for place in places)
    )


BY_HAND = {("torch", ROOT / "benchmarks" / name) for name in ("fit_contour_net.py", "fit_mask_net.py")}
"""Libraries too large to install for everybody, and the one script that needs each and says how to install it."""


def test_what_is_installed_by_hand_is_asked_for() -> None:
    for library, script in BY_HAND:
        assert f"pip install {library}" in (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "")


@pytest.mark.parametrize("folder", sorted(OWN))
def test_every_library_that_is_imported_is_declared(folder: str) -> None:
    known = metadata.packages_distributions()
    undeclared = []
    for path, name in imported(ROOT / folder):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in OWN or (top, path) in BY_HAND:
            continue
        optional = tuple(PROJECT["optional-dependencies"])
        extras = extras_of(path) if folder == "formcheck" else optional
        homes = {BROUGHT[top]} if top in BROUGHT else {canonicalize_name(home) for home in known.get(top, ())}
        # A top-level package of several distributions is declared by any of them.
        if not homes & declared(*extras).keys():
            undeclared.append(f"{path.relative_to(ROOT)}: {top}")
    assert undeclared == []


def test_what_replaces_an_inner_class_is_bound_from_above() -> None:
    assert any(clause.operator == "<" for clause in declared("app")["aiortc"].specifier)


def test_no_second_opencv_is_asked_for() -> None:
    assert not [name for name in declared("app", "dev") if name.startswith("opencv")]


@pytest.mark.parametrize("name", sorted(declared("app", "dev")))
def test_what_is_installed_is_what_is_declared(name: str) -> None:
    requirement = declared("app", "dev")[name]
    assert requirement.specifier.contains(metadata.version(name), prereleases=True)


# --- versions ------------------------------------------------------------------------------------------------------


def test_there_is_one_version() -> None:
    assert str(Version(formcheck.__version__)) == formcheck.__version__
    assert version() == formcheck.__version__
    assert CliRunner().invoke(app, ["--version"]).stdout == f"formcheck {formcheck.__version__}\n"
    assert f"## {formcheck.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def workflow() -> dict[Any, Any]:
    told: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    return told


def pythons() -> list[str]:
    return [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", line)]


def test_ci_runs_the_pythons_and_systems_that_are_promised() -> None:
    matrix = workflow()["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == pythons()
    assert {system.partition("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}
    systems = {"ubuntu": "POSIX :: Linux", "macos": "MacOS", "windows": "Microsoft :: Windows"}
    for system in systems.values():
        assert f"Operating System :: {system}" in PROJECT["classifiers"]


def test_the_oldest_python_is_the_same_everywhere() -> None:
    oldest = pythons()[0]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert PROJECT["requires-python"] == f">={oldest}"
    assert settings["mypy"]["python_version"] == oldest
    assert settings["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert ".".join(map(str, set_up.OLDEST)) == oldest


def test_ci_names_only_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    steps = [step.get("run", "") for job in workflow()["jobs"].values() for step in job["steps"]]
    named = {target for run in steps for target in re.findall(r"\bmake ([a-z-]+)", run)}
    assert named <= targets
    assert any("pytest" in run for run in steps)


def test_pre_commit_runs_what_lint_runs_and_fetches_nothing() -> None:
    told = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in told["repos"]] == ["local"]
    entries = [hook["entry"] for hook in told["repos"][0]["hooks"]]
    for program in ("ruff check", "ruff format", "mypy", "lint-imports", "check-manifest"):
        assert any(program in entry for entry in entries), program


# --- pinned versions -----------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_everything_declared_is_pinned_within_its_bounds() -> None:
    pinned = pins()
    for name, requirement in declared("app", "dev").items():
        if name not in make_constraints.NOT_PINNED:
            assert name in pinned, f"{name} is new: make constraints"
            assert requirement.specifier.contains(pinned[name], prereleases=True), name


def test_pins_name_versions_and_nothing_else() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert text.startswith(make_constraints.header((3, 11)))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9a-z.!]+", line)] == []


def test_pins_are_made_of_what_is_needed_here() -> None:
    found = dict(make_constraints.needed(make_constraints.declared("app")))
    assert {"numpy", "streamlit", "flatbuffers"} <= found.keys()
    assert "click" in found, "what others need is needed too"
    assert "mypy" not in found
    assert found["numpy"] == metadata.version("numpy")


@pytest.mark.parametrize(("made_for", "used"), [("# Python 3.11", True), ("# Python 3.12", False), ("numpy==2", False)])
def test_set_up_takes_pins_of_its_own_python_only(made_for: str, used: bool, tmp_path: Path) -> None:
    path = tmp_path / "constraints.txt"
    path.write_text(f"{made_for}\nnumpy==2.4\n", encoding="utf-8")
    assert set_up.fitting_constraints(str(path), (3, 11)) == (["--constraint", str(path)] if used else [])
    assert set_up.fitting_constraints(str(tmp_path / "none.txt"), (3, 11)) == []
    assert set_up.version_of(sys.executable) == sys.version_info[:2]


# --- files ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_file_in_the_package_is_shipped() -> None:
    """`make packages` builds and compares; here only what setuptools is told is compared with what is there."""
    listed = subprocess.run(["git", "ls-files", "formcheck"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a checkout of git")
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    patterns = told["formcheck"]
    data = [Path(line).relative_to("formcheck") for line in listed.stdout.splitlines() if not line.endswith(".py")]
    assert data
    assert [str(path) for path in data if not any(path.match(pattern) for pattern in patterns)] == []
