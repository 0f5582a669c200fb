"""Every message has a translation, and what is covered says nothing that is not in the catalogue."""

import re

import pytest
from babel.messages.catalog import Message

from formcheck.core.words import ENGLISH, LANGUAGES
from scripts import translations

OTHERS = sorted(set(LANGUAGES) - {ENGLISH})

PLACEHOLDER = re.compile(r"\{[^{}]*\}")


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
