"""docs/adding-an-exercise.md does what it says: its steps are carried out on a copy that is then used."""

from __future__ import annotations

import ast
import difflib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from formcheck.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-an-exercise.md"
COPIED = ("formcheck", "tests", "sample_videos", "docs", "scripts")

REGISTRATION = "formcheck/exercises/__init__.py"
MOTIONS = "tests/helpers/synthetic_lifter.py"


def steps() -> dict[str, str]:
    """The page's code blocks by the file that they are meant for, in order."""
    blocks = re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(dict(blocks)) == len(blocks)
    return dict(blocks)


def with_statement(source: str, block: str) -> str:
    """A file in which the statement that assigns a name is the one of the block."""
    name = re.match(r"\w+", block)
    assert name is not None
    old = re.findall(rf"^{name[0]}\b.*? = [({{]\n.*?^[)}}]\n", source, re.M | re.S)
    assert len(old) == 1, name[0]
    return source.replace(old[0], block)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the steps of the page were carried out."""
    folder = tmp_path_factory.mktemp("project")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.mp4"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, block in steps().items():
        path = folder / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(with_statement(old, block) if old else block, encoding="utf-8")
    return folder


def run(project: Path, *arguments: str) -> str:
    """Output of Python in that copy; fails with what it said where it failed."""
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(project),
            "PYTHONUTF8": "1",
            "FORMCHECK_CONFIG_DIR": str(project / "config"),
            "FORMCHECK_HISTORY_DIR": str(project / "history"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def added(name: str) -> list[str]:
    """Lines that a step adds to a file that exists; fails where it takes one away."""
    old = (ROOT / name).read_text(encoding="utf-8")
    changes = list(difflib.ndiff(old.splitlines(), with_statement(old, steps()[name]).splitlines()))
    assert not [line for line in changes if line.startswith("- ")]
    return [line[2:].strip() for line in changes if line.startswith("+ ")]


def test_a_lift_is_one_file_and_one_line() -> None:
    assert [name for name in steps() if name.startswith("formcheck/")] == [
        "formcheck/exercises/good_morning.py",
        REGISTRATION,
    ]
    assert added(REGISTRATION) == ['"good_morning",']
    assert added(MOTIONS) == ['"good-morning": good_morning,']
    assert not (ROOT / "formcheck" / "exercises" / "good_morning.py").exists(), "it does not ship"


def test_the_new_lift_passes_its_own_test_and_those_of_every_lift(project: Path) -> None:
    named = "complete or unique or registered or judges_a_measure or looks_like_itself or recognised_from or patterns"
    named += " or test_good_morning or every_check_leads or one_name_says or catalogue_has"
    places = ["exercises/test_good_morning.py", "exercises/test_check.py", "exercises/test_recognition.py"]
    places += ["guidance/test_guidance.py"]
    files = [f"tests/{place}" for place in places]
    said = run(project, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", named, "-rA", *files)
    for test in ("test_good_morning.py", "complete[good-morning]", "itself_and_not_like_the_others[good-morning]"):
        assert test in said


def test_python_and_the_command_line_know_the_new_lift(project: Path) -> None:
    poses = project / "poses.npz"
    script = f"""
import formcheck
from formcheck.judging.analysis import analyze
from formcheck.storage.pose_files import save_poses
from tests.helpers.synthetic_lifter import film, good_morning, standing_still
assert formcheck.__file__.startswith({str(project)!r}), formcheck.__file__
poses = film(good_morning(3, rounding_deg=60.0))
save_poses(poses, {str(poses)!r})
report = analyze(poses, load_kg=60.0)
print(report.exercise.name, report.exercise.chosen_by, len(report.reps), report.set_level.point)
print(report.summary)
print(report.load_advice)
print(analyze(film(standing_still())).summary)
"""
    lines = run(project, "-c", script).splitlines()
    assert lines == [
        "good-morning auto 3 shoulders",
        "3 good morning reps: back rounding in every rep.",
        "Back rounding came back in 3 of 3 reps: end the set here, next set 52.5 to 55 kg.",
        "No deadlift, kettlebell swing, squat or good morning was recognised, so nothing was judged.",
    ]
    words = ("--exercise", "good-morning", "--load", "60kg", "--no-video", "--out", "report")
    said = run(project, "-m", "formcheck", "analyze", str(poses), *words)
    assert "Good morning" in said
    page = (project / "report" / "report.html").read_text(encoding="utf-8")
    assert "Good morning" in page
    assert "Bar pulled into your back" in page
    assert "Path of the shoulders" in page
    assert not re.search(r"strays [\d.]+ (body heights|cm) from the vertical", page), "its bar travels on an arc"
    ready = run(
        project, "-m", "formcheck", "ready", "--exercise", "good-morning", "--load", "60kg",
        "--pain", "none", "--earlier", "none", "--rest", "fresh",
    )  # fmt: skip
    assert "Hinge drill without weight" in ready
    assert "5 reps with 25 kg" in ready
    checks = run(project, "-m", "formcheck", "checks", "good-morning")
    assert "Hinge too shallow" in checks
    assert "Lean of the trunk" in run(project, "-m", "formcheck", "explain", "good-morning/shallow-hinge")


APP_SCRIPT = """
from pathlib import Path

import formcheck
from formcheck.app import components
from formcheck.guidance.tables import READY
from streamlit.testing.v1 import AppTest

START = Path(formcheck.__file__).parent / "app" / "server" / "start.py"


def opened(page, **state):
    at = AppTest.from_file(str(START), default_timeout=120)
    at.session_state[components.GO] = page
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception, at.exception
    return at


def texts(at, words):
    return [each.proto.body for each in at.main if each.type == "html" and words in each.proto.body]


check = opened("check")
print("check", *check.segmented_control(key="lift").options, sep="|")
print("lead", *texts(check, "Drop a"), sep="|")
check.segmented_control(key="lift").set_value("good-morning").run()
assert not check.exception, check.exception
settings = opened("settings")
print("settings", *settings.segmented_control(key="limits-lift").options, sep="|")

told = {"pain": "none", "earlier": "none", "rest": "fresh"}
ready = opened("ready", **{f"told-{READY.id}": told})
print("ready", *ready.pills(key="ready-lift").options, sep="|")
ready.pills(key="ready-lift").set_value("good-morning").run()
assert not ready.exception, ready.exception
print("ramp", *texts(ready, "of today"), sep="|")
"""


def test_the_app_offers_the_new_lift(project: Path) -> None:
    pytest.importorskip("streamlit", reason="the app is not installed")
    lines = [line.partition("|") for line in run(project, "-c", APP_SCRIPT).splitlines()]
    said = {name: rest for name, _, rest in lines}
    for menu in ("check", "settings", "ready"):
        assert "Good morning" in said[menu].split("|")
    assert "Deadlift" in said["check"].split("|")
    assert "40 %" in said["ramp"]
    assert "a deadlift, kettlebell swing, squat or good morning" in said["lead"]


def test_no_code_outside_the_lifts_asks_for_one_by_its_name() -> None:
    names = {lift.name for lift in EXERCISES}
    asked = []
    for path in (ROOT / "formcheck").rglob("*.py"):
        if path.parent.name == "exercises":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            tested = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            words = {each.value for part in tested for each in ast.walk(part) if isinstance(each, ast.Constant)}
            if words & names:
                asked.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}")
    assert asked == []


def test_the_page_is_linked_and_counts_the_files_that_it_names() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "adding-an-exercise.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| add an exercise \|.*\| (\d+), (\d+) with tests \|", text, re.M)
    program = [name for name in steps() if name.startswith("formcheck/")]
    assert tuple(map(int, row)) == (len(program), len(steps()))
