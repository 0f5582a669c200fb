"""The README says nothing that is not so: commands exist, options exist, snippets run, links lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import formcheck
from formcheck.cli.main import app
from tests.helpers.synthetic_lifter import deadlift, film

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "benchmarks/README.md",
    "models/README.md",
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))),
)

USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
"""What all wrong usage raises; typer does not export it under a name."""

OTHER_PROGRAMS = ("git", "cd", "py", "python3", "sudo")
"""Beginnings of lines in shell blocks that are not FormCheck's own."""


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


TEXT = text_of("README.md")


def code_blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(document), re.MULTILINE | re.DOTALL)


def shell_lines(document: str) -> Iterator[str]:
    """Commands of the shell blocks, without comments and prompts."""
    for language in ("sh", "powershell"):
        for block in code_blocks(document, language):
            for line in block.splitlines():
                command = line.split(" #")[0].strip()
                if command and not command.startswith("#"):
                    yield command


def named_commands(document: str, program: str) -> set[str]:
    """Commands that the text names in `backticks`, fenced or indented blocks."""
    text = text_of(document)
    quoted = re.findall(rf"`({program} [^`\n]+)`", text)
    indented = re.findall(rf"^    ({program} .+?)(?:\s+#.*)?$", text, re.MULTILINE)
    return {*quoted, *indented, *(line for line in shell_lines(document) if line.startswith(f"{program} "))}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def refuses(words: list[str]) -> bool:
    """Whether the command line turns the words down when it reads them, before anything is done."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    if words and hasattr(command, "commands") and not words[0].startswith("-"):
        return True
    try:
        command.make_context("formcheck", list(words))
    except USAGE_ERROR:
        return True
    except typer.Exit:
        return False
    return False


@pytest.mark.parametrize("words", [["analyse", "set.mp4"], ["analyze", "set.mp4", "--exercize", "squat"], ["analyze"]])
def test_the_parser_of_these_tests_refuses_what_the_program_refuses(words: list[str]) -> None:
    assert refuses(words)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_formcheck_command_in_the_documents_is_understood(document: str) -> None:
    commands = named_commands(document, "formcheck")
    # Usage lines with capitals or brackets stand for something else; everything else must work as it is written.
    literal = [command for command in commands if not re.search(r"[\[\]|<>]|\.\.\.|…", command)]
    refused = [command for command in literal if all(map(refuses, _readings(shlex.split(command)[1:])))]
    assert not refused


def _readings(words: list[str]) -> list[list[str]]:
    """As it stands, and with a video: prose speaks of `formcheck analyze --no-video` without naming one."""
    return [words, [*words, "set.mp4"]] if words[0] == "analyze" else [words]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_in_the_documents_exists(document: str) -> None:
    named = {command.split()[1] for command in named_commands(document, "make")}
    assert named <= make_targets()


def test_the_readme_shows_the_commands_that_matter() -> None:
    commands = " ; ".join(named_commands("README.md", "formcheck") | named_commands("README.md", "make"))
    for command in ("make demo", "make test", "formcheck analyze", "formcheck models", "formcheck doctor"):
        assert command in commands


def test_shell_blocks_hold_nothing_but_known_programs() -> None:
    own = ("make", "formcheck", r".venv\Scripts")
    unknown = [line for line in shell_lines("README.md") if not line.startswith((*own, *OTHER_PROGRAMS))]
    assert not unknown


def test_formcheck_commands_for_windows_are_understood_too() -> None:
    prefix = ".venv\\Scripts\\formcheck "
    commands = [line.removeprefix(prefix) for line in shell_lines("README.md") if line.startswith(prefix)]
    assert commands
    assert not [command for command in commands if refuses(command.replace("\\", "/").split())]


def test_options_that_the_readme_names_exist() -> None:
    root: Any = typer.main.get_command(app)
    known = {name for parameter in root.commands["analyze"].params for name in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)", TEXT))
    assert named
    assert named <= known


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_that_exist(document: str) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(document))
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [target for target in local if not ((ROOT / document).parent / target).exists()]
    assert not missing


def test_files_that_the_readme_names_exist() -> None:
    folders = "formcheck|benchmarks|models|sample_videos|rendered_lifter|scripts|tests"
    named = re.findall(rf"`((?:{folders})/[^`*\s]*)`", TEXT)
    words = [word for line in shell_lines("README.md") for word in line.replace("\\", "/").split()]
    named += [word for word in words if word.startswith("sample_videos/")]
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("snippet", code_blocks("README.md", "python"))
def test_python_snippets_use_names_that_exist(snippet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Run on a synthetic lifter: a snippet in the README must not need a video or a model to be tested.
    poses = film(deadlift(2))
    report = formcheck.analyze(poses)
    monkeypatch.setattr(formcheck, "analyze_video", _checked(formcheck.analyze_video, report))
    monkeypatch.setattr(formcheck, "load_poses", _checked(formcheck.load_poses, poses))
    exec(compile(snippet, "README.md", "exec"), {})


def _checked(function: Callable[..., object], result: object) -> Callable[..., object]:
    """Takes the same arguments as the function, and gives the result without doing the work."""

    def stand_in(*arguments: object, **named: object) -> object:
        inspect.signature(function).bind(*arguments, **named)
        return result

    return stand_in


def test_the_readme_has_a_python_snippet() -> None:
    assert code_blocks("README.md", "python")


def test_the_house_in_the_readme_is_the_house() -> None:
    layout = next(block for block in code_blocks("README.md", "text") if "formcheck/" in block)
    named = re.findall(r"^  (\w+)/ ", layout, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert named == project["tool"]["importlinter"]["contracts"][0]["layers"][::-1]
    inner = {(ROOT / "formcheck" / folder / name) for folder, name in re.findall(r"(?m)^  (\w+)/.*?; (\w+)/: ", layout)}
    assert inner
    assert all(folder.is_dir() for folder in inner)


def test_accuracy_in_the_readme_is_what_the_benchmark_printed() -> None:
    printed = text_of("benchmarks/results/clips.md")
    marker = "<!-- from benchmarks/results/clips.md -->"
    tables = re.findall(r"(?:^\|.*\n)+", TEXT.partition(marker)[2].partition("\n#")[0], re.MULTILINE)
    assert len(tables) == 2
    stale = [table for table in tables if table not in printed]
    assert not stale, "make bench-clips gave other numbers: copy its tables into README.md"


def test_the_readme_says_what_formcheck_is_not() -> None:
    assert "not a medical device" in TEXT


def test_set_up_starts_on_old_pythons() -> None:
    # An older Python must get as far as being told that it is too old.
    ast.parse((ROOT / "scripts" / "set_up.py").read_text(encoding="utf-8"), feature_version=(3, 6))
