"""Every message has a translation, and what is covered says nothing that is not in the catalogue."""

import ast
import builtins
import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message

from formcheck.core.words import ENGLISH, LANGUAGES
from scripts import translations

OTHERS = sorted(set(LANGUAGES) - {ENGLISH})

PLACEHOLDER = re.compile(r"\{[^{}]*\}")


RAISED_IN = ("app", "batch", "cli", "guidance", "live", "render", "service", "storage")
"""The folders of formcheck/ whose errors reach people as they are raised."""

STAYS_ENGLISH = frozenset({"storage/limits_in_force.py", "storage/ordinary_files.py"})
"""Kept poses depend on these (benchmarks/pose_cache.py): every change of them means to find all of them again."""


def entries(language: str) -> list[Message]:
    return [message for message in translations.read(language) if message.id]


def forms(of: object) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else tuple(of)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_is_complete_and_made_from_the_code(language: str) -> None:
    assert translations.problems(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_are_those_of_the_message(language: str) -> None:
    for message in entries(language):
        wanted = set(PLACEHOLDER.findall("".join(forms(message.id))))
        for form in forms(message.string):
            assert set(PLACEHOLDER.findall(form)) == wanted, message.id


@pytest.mark.parametrize("language", OTHERS)
def test_pieces_that_are_put_together_keep_their_spaces(language: str) -> None:
    for message in entries(language):
        for said, meant in zip(forms(message.string), forms(message.id), strict=True):
            assert said.startswith(" ") == meant.startswith(" "), message.id
            assert said.endswith(" ") == meant.endswith(" "), message.id


def test_german_says_du_and_uses_german_quotation_marks() -> None:
    formal = re.compile(r"\b(Ihnen|Ihre[nmrs]?|[a-zäöü]\S* Sie (?!zähl))\b")
    for message in entries("de"):
        for said in forms(message.string):
            assert not formal.search(said), said
            assert "”" not in said, said


def test_a_message_that_changes_in_the_code_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = translations.messages()
    monkeypatch.setattr(translations, "messages", lambda: found | {(None, "Nobody ever said this"): ["x.py"]})
    assert any("not up to date" in problem for problem in translations.problems("de"))


def raised_english(source: str) -> Iterator[str]:
    """Errors of our own whose message holds words that no catalogue has; those of Python are for programmers."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        kind = ast.unparse(node.exc.func)
        for told in node.exc.args[:1]:
            marked = {id(part) for call in ast.walk(told) if isinstance(call, ast.Call) for part in ast.walk(call)}
            words = [
                part.value
                for part in ast.walk(told)
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in marked
            ]
            if not hasattr(builtins, kind) and any(re.search(r"[A-Za-z]{2}", each) for each in words):
                yield f"{node.lineno}: {ast.unparse(told)}"


def test_no_error_is_raised_in_english_only() -> None:
    found = [
        f"{path.relative_to(translations.PACKAGE)}:{each}"
        for folder in RAISED_IN
        for path in sorted((translations.PACKAGE / folder).rglob("*.py"))
        if path.relative_to(translations.PACKAGE).as_posix() not in STAYS_ENGLISH
        for each in raised_english(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_english"),
    [
        ('raise UsageError("Nothing is there.")', True),
        ('raise UsageError(f"{path} is not there.") from error', True),
        ('raise UsageError(_("Nothing is there."))', False),
        ('raise UsageError(f"{where}: {problem}")', False),
        ('raise ValueError("a mistake of the programmer")', False),
    ],
)
def test_an_error_in_english_only_is_found(line: str, is_english: bool) -> None:
    assert bool(list(raised_english(line))) == is_english
