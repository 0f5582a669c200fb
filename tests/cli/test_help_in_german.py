"""The help of every command is in the catalogue, and ``--language`` is taken wherever it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from formcheck.cli.language import OF_THE_LIBRARY, take_language, translate
from formcheck.cli.main import app
from formcheck.core import words
from formcheck.core.errors import UsageError
from formcheck.storage.config_folder import default_settings_path
from tests.helpers.pseudo_language import pseudo_language, unmarked


def texts(command: Any, name: str = "formcheck") -> Iterator[tuple[str, str]]:
    for kind in ("help", "epilog"):
        if text := getattr(command, kind, None):
            yield name, text
    for parameter in command.params:
        if text := getattr(parameter, "help", None):
            yield f"{name} {parameter.name}", text
    for each, below in getattr(command, "commands", {}).items():
        yield from texts(below, f"{name} {each}")


def test_no_help_is_left_in_english() -> None:
    command = typer.main.get_command(app)
    with pseudo_language():
        translate(command)
    told = dict(texts(command))
    assert len(told) > 150
    assert {name: left for name, text in told.items() if (left := unmarked(text))} == {}


def test_what_the_library_says_is_in_the_catalogue() -> None:
    with words.speaking("de"):
        assert [each for each in OF_THE_LIBRARY if words._(each) == each] == []


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--language", "de", "checks"], ["checks"]),
        (["checks", "--language=de", "squat"], ["checks", "squat"]),
        (["analyze", "--language", "DE-at", "--", "--language"], ["analyze", "--", "--language"]),
    ],
)
def test_the_option_counts_wherever_it_stands(arguments: list[str], left: list[str]) -> None:
    assert take_language(arguments) == left
    assert words.language() == "de"
    assert os.environ[words.VARIABLE] == "de"


def test_the_option_beats_the_environment_and_that_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    default_settings_path().parent.mkdir(parents=True, exist_ok=True)
    default_settings_path().write_text('[lifter]\nlanguage = "de"\n', encoding="utf-8")
    take_language(["checks"])
    assert words.language() == "de"
    monkeypatch.setenv(words.VARIABLE, "en")
    take_language(["checks"])
    assert words.language() == "en"
    take_language(["--language", "de"])
    assert words.language() == "de"


def test_a_language_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'xx'.*de \(Deutsch\)"):
        take_language(["--language", "xx"])
    with pytest.raises(UsageError, match="needs a language"):
        take_language(["--language"])
