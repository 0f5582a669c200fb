"""No English is left in the guidance when another language is spoken."""

from __future__ import annotations

import re

import pytest

from formcheck.core import words
from formcheck.core.errors import UsageError
from formcheck.exercises import EXERCISES
from formcheck.guidance.decisions import readiness
from formcheck.guidance.progress import FOLLOWED
from formcheck.guidance.routines import warm_up
from formcheck.guidance.tables import SOURCES
from formcheck.guidance.texts import TEXTS, text
from tests.helpers.pseudo_language import pseudo_language, unmarked


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_in_the_catalogue(key: str) -> None:
    values = dict.fromkeys(re.findall(r"\{(\w+)", TEXTS[key]), "1")
    with pseudo_language():
        assert unmarked(text(key, **values)) == []


def test_records_are_read_in_the_language_of_the_reader() -> None:
    with pseudo_language():
        told = [f"{each.title} {each.unit}" for each in FOLLOWED] + [source.citation for source in SOURCES.values()]
    assert [left for each in told if (left := unmarked(each, r"\b(deg|kg|cm|m/s)\b"))] == []


def test_a_warm_up_and_an_error() -> None:
    with pseudo_language():
        for lift in EXERCISES:
            routine = warm_up(lift.name, 100)
            told = [routine.title, routine.note, routine.duration, *routine.then]
            told += [part for drill in routine.drills for part in (drill.name, drill.how, drill.count)]
            assert [left for each in told if (left := unmarked(each, r"\bkg\b"))] == []
        with pytest.raises(UsageError) as error:
            readiness({"pain": "what?"}, "deadlift")
    assert unmarked(str(error.value)) == []


def test_german_has_the_same_answers() -> None:
    answers = {"earlier": "none", "pain": "none", "rest": "fresh"}
    with words.speaking("de"):
        german = readiness(answers, "squat", 102.5)
    assert german.routine is not None
    assert german.routine.title == "Aufwärmen"
    assert german.answer.level == readiness(answers, "squat", 102.5).answer.level
