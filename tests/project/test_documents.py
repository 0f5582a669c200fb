"""The documents say what is true: floors, names, commands, the Python API; and the site can be built of them."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import formcheck
from scripts import make_commands_doc, make_site

ROOT = Path(__file__).resolve().parent.parent.parent
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


# --- architecture --------------------------------------------------------------------------------------------------


def floors() -> list[str]:
    """The floors from below, as the contract has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers: list[str] = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return layers[::-1]


def libraries_of(floor: str) -> set[str]:
    """Top-level names of the libraries that a floor imports."""
    found = set()
    for path in (ROOT / "formcheck" / floor).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"formcheck"}


def test_the_floors_are_those_of_the_contract_each_with_its_paragraph() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", ARCHITECTURE, re.MULTILINE)
    assert [floor for floor, _ in rows] == floors()
    assert re.findall(r"^### (\w+)\n(?=\S)", ARCHITECTURE, re.MULTILINE) == floors()


@pytest.mark.parametrize("floor", floors())
def test_the_libraries_of_a_floor_are_those_that_it_imports(floor: str) -> None:
    row = re.search(rf"^\| `{floor}` \| (.+) \|$", ARCHITECTURE, re.MULTILINE)
    assert row is not None
    said = set() if row[1] == "none" else set(row[1].split(", "))
    assert said == libraries_of(floor)


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md", "docs/api.md"])
def test_files_and_names_in_the_documents_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:formcheck|tests|scripts|benchmarks|docs)/[^`*\s]*)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    names = {*re.findall(r"`(formcheck(?:\.\w+)+)`", text), *re.findall(r"^::: (\S+)$", text, re.MULTILINE)}
    assert paths or names
    for name in sorted(names):
        assert exists(name), name


def exists(name: str) -> bool:
    """Whether a dotted name is a module or something in one."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, inner = name.rpartition(".")
        return hasattr(importlib.import_module(module), inner)
    return True


def test_names_that_do_not_exist_are_noticed() -> None:
    assert exists("formcheck.core.errors")
    assert exists("formcheck.core.errors.FormCheckError")
    assert not exists("formcheck.core.errors.NoSuchError")


# --- the Python API ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in formcheck.__all__ if not name.startswith("__")])
def test_every_public_name_is_in_the_reference(name: str) -> None:
    thing = getattr(formcheck, name)
    shown = re.findall(r"^::: (\S+)$", API, re.MULTILINE)
    assert {f"{thing.__module__}.{thing.__qualname__}", thing.__module__} & set(shown)
    assert (thing.__doc__ or "").strip()


# --- commands ------------------------------------------------------------------------------------------------------

COMMANDS = [pytest.param(*each, id=" ".join(each[0]) or "formcheck") for each in make_commands_doc.commands()]


def test_the_document_is_what_the_commands_say() -> None:
    kept = make_commands_doc.DOCUMENT.read_text(encoding="utf-8")
    assert kept == make_commands_doc.document(), "docs/commands.md is stale: make commands-doc"


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_every_command_and_option_is_explained(path: tuple[str, ...], command: Any) -> None:
    assert (command.help or "").strip().endswith((".", "?")), "say in a sentence what the command does"
    section = make_commands_doc.section(path, command)
    for parameter in make_commands_doc.parameters(command):
        assert (parameter.help or "").strip(), f"{parameter.name}: give it a help text"
        for name in make_commands_doc.options_of(parameter):
            assert name in section


def test_there_are_commands_in_groups_too() -> None:
    paths = [path for path, _ in make_commands_doc.commands()]
    assert ("analyze",) in paths
    assert any(len(path) == 2 for path in paths)


# --- the site ------------------------------------------------------------------------------------------------------


def pages(nav: Any) -> list[str]:
    """Files in the navigation."""
    if isinstance(nav, str):
        return [nav]
    return [page for one in (nav.values() if isinstance(nav, dict) else nav) for page in pages(one)]


def test_every_document_has_its_place_on_the_site() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    documents = {path.relative_to(ROOT).as_posix() for path in make_site.documents()}
    # Results are linked from benchmarks/README.md.
    wanted = {name for name in documents if not name.startswith("benchmarks/results/")}
    assert set(pages(settings["nav"])) == wanted, "name the document in mkdocs.yml"


def test_the_site_needs_no_network() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert settings["theme"]["font"] is False
    assert settings["strict"] is True


def test_documents_are_collected_with_what_they_link_to(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name, text in {
        "README.md": "[a](docs/a.md) [l](LICENSE) [w](https://example.org/x.png) [gone](gone.txt)",
        "docs/a.md": "![p](images/p.png) [up](../LICENSE)",
        "docs/images/p.png": "p",
        "LICENSE": "l",
        "secret.txt": "s",
        "benchmarks/cache/x.md": "made here",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    make_site.collect(tmp_path / "site", root)
    found = {
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*") if path.is_file()
    }
    assert found == {"README.md", "docs/a.md", "docs/images/p.png", "LICENSE"}


# --- examples in docstrings ----------------------------------------------------------------------------------------


def modules_with_examples() -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "formcheck").rglob("*.py"))
        if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
    assert result.attempted > 0


def test_there_are_examples() -> None:
    assert "formcheck" in modules_with_examples()
