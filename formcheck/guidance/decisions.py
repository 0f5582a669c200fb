"""Answers to the questions before and after a set: looked up in the decision tables. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formcheck.core.errors import UsageError
from formcheck.core.loads import LOAD_UNITS
from formcheck.core.words import _
from formcheck.exercises import OR
from formcheck.guidance.routines import Routine, warm_up
from formcheck.guidance.tables import EMERGENCY, READY, SORE, DecisionTable, Outcome, Question, Rule
from formcheck.guidance.texts import text

Answers = Mapping[str, "str | Collection[str]"]
"""Choice by question; a question with many choices has a collection of them."""

WHY, WHOM, DO, LOOKOUT, CANNOT_KNOW = "why", "whom", "do", "lookout", "cannot-know"
"""Ids of sections."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, one sentence or more to a line."""

    id: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What is said to somebody, in the order in which it must be read.

    Attributes
    ----------
    level : "ok", "easy", "rest-day", "stop" or "emergency" before a set; "normal", "watch", "professional" or
        "emergency" after one.
    headline : the answer in one line; nothing may stand above it.
    sections : the last one says what FormCheck cannot know.
    may_lift : False where form scores and advice on lifting have no place above or beside it.
    sources : ids of `formcheck.guidance.tables.SOURCES`.
    """

    level: str
    headline: str
    sections: tuple[Section, ...]
    may_lift: bool
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "level": self.level,
            "headline": self.headline,
            "may_lift": self.may_lift,
            "sections": [
                {"id": section.id, "title": section.title, "lines": list(section.lines)} for section in self.sections
            ],
            "sources": list(self.sources),
        }


@dataclass(frozen=True)
class Readiness:
    """The answer before a set, and the warm-up for the lift; there is none where the answer is not to lift."""

    answer: Answer
    routine: Routine | None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**self.answer.to_dict(), "warm_up": None if self.routine is None else self.routine.to_dict()}


def readiness(answers: Answers, lift: str, load_kg: float | None = None, unit: str = LOAD_UNITS[0]) -> Readiness:
    """May this lifter lift now, and with what warm-up?

    Parameters
    ----------
    answers : choices of the table ``READY`` by question; an emergency needs no other answer beside it.
    lift : the name of a lift in `formcheck.exercises.EXERCISES`.
    load_kg : today's load, for the lighter sets before it; None when unknown.
    unit : of the loads of those sets.

    Raises
    ------
    UsageError : an answer is missing or is not one of the choices, or there is no such lift.
    """
    answer = decide(READY, answers)
    return Readiness(answer, warm_up(lift, load_kg, unit) if answer.may_lift else None)


def soreness(answers: Answers) -> Answer:
    """Normal soreness, something to watch, something for a professional, or an emergency?

    Parameters
    ----------
    answers : choices of the table ``SORE`` by question, ``signs`` as a collection; an emergency sign needs no other
        answer beside it.

    Raises
    ------
    UsageError : an answer is missing or is not one of the choices.
    """
    return decide(SORE, answers)


def decide(table: DecisionTable, answers: Answers) -> Answer:
    """What a decision table says to these answers; `UsageError` when one is missing or not one of the choices.

    An emergency is told even if other answers are missing or make no sense.
    """
    given = _given(answers)
    holding = [rule for rule in table.rules if _holds(rule, given)]
    if not any(rule.level == EMERGENCY for rule in holding):
        _check(table, given)
    ranks = {outcome.level: rank for rank, outcome in enumerate(table.outcomes)}
    # A stable sort: reasons of one level keep the order of the table.
    holding.sort(key=lambda rule: -ranks[rule.level])
    outcome = table.outcomes[ranks[holding[0].level]] if holding else table.outcomes[0]
    return _answer(table, outcome, holding)


def next_question(table: DecisionTable, answers: Answers) -> Question | None:
    """The question to ask next; None when all is told, or an emergency already is."""
    if is_emergency(table, answers):
        return None
    return next((question for question in table.questions if question.id not in answers), None)


def is_emergency(table: DecisionTable, answers: Answers) -> bool:
    """Whether these answers, all or some, name an emergency; nothing else matters then."""
    given = _given(answers)
    return any(rule.level == EMERGENCY and _holds(rule, given) for rule in table.rules)


def _given(answers: Answers) -> dict[str, frozenset[str]]:
    return {question: frozenset((said,) if isinstance(said, str) else said) for question, said in answers.items()}


def _holds(rule: Rule, given: Mapping[str, frozenset[str]]) -> bool:
    return all(question in given and not choices.isdisjoint(given[question]) for question, choices in rule.when.items())


def _answer(table: DecisionTable, outcome: Outcome, holding: Sequence[Rule]) -> Answer:
    why = [f"{table.id}.why.{rule.id}" for rule in holding] or [table.nothing]
    whom, reasons = (WHOM, outcome.whom), ((WHY, why), (DO, outcome.do))
    parts = (
        *((whom, *reasons) if outcome.whom_first else (*reasons, whom)),
        (LOOKOUT, outcome.lookout),
        (CANNOT_KNOW, (outcome.cannot_know,)),
    )
    sections = tuple(Section(name, text(f"heading.{name}"), tuple(map(text, keys))) for name, keys in parts if keys)
    return Answer(outcome.level, text(f"{table.id}.{outcome.level}"), sections, outcome.may_lift, outcome.sources)


def _check(table: DecisionTable, given: Mapping[str, frozenset[str]]) -> None:
    questions = {question.id: question for question in table.questions}
    for name, said in given.items():
        if name not in questions:
            raise UsageError(
                _(
                    "There is no question {name!r}: the questions are {questions}.",
                    name=name,
                    questions=", ".join(questions),
                )
            )
        question = questions[name]
        wrong = sorted(said - set(question.choices))
        if wrong:
            raise UsageError(
                _(
                    "{wrong!r} is not an answer to {name!r}: choose {listed}.",
                    wrong=wrong[0],
                    name=name,
                    listed=_listed(question.choices),
                )
            )
        if not question.many and len(said) > 1:
            raise UsageError(
                _("{name!r} has one answer only: choose {listed}.", name=name, listed=_listed(question.choices))
            )
    missing = [name for name in questions if not given.get(name)]
    if missing:
        first = questions[missing[0]]
        raise UsageError(
            _(
                "There is no answer yet to {questions}: for {first!r} choose {listed}.",
                questions=", ".join(map(repr, missing)),
                first=first.id,
                listed=_listed(first.choices),
            )
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" {_(OR)} {names[-1]}"
