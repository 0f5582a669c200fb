"""What was answered today about readiness and soreness: it stands until the day is over, even if a page is closed.

"Do not lift today" must outlive a reload, another tab and a restart, so the answers lie in one small file beside the
history, for their owner only. It holds one day; the next day's first question finds nothing, and what is kept then
takes its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from formcheck.core.errors import HistoryError, UsageError
from formcheck.core.words import _
from formcheck.guidance.decisions import Answer, Answers, decide, next_question
from formcheck.guidance.tables import EMERGENCY, READY, SORE, DecisionTable
from formcheck.storage.access import own_folder
from formcheck.storage.atomic import write_text
from formcheck.storage.history import default_path
from formcheck.storage.ordinary_files import read_ordinary

FILE_NAME = "answers-today.json"
LARGEST_BYTES = 100_000
TABLES = {table.id: table for table in (READY, SORE)}


def answers_path() -> Path:
    """Where the file is, on a server that of the account that asks; it may not exist."""
    return own_folder(default_path().parent) / FILE_NAME


def keep_answers(table: DecisionTable, answers: Answers, today: date | None = None) -> None:
    """Keep the answers to all questions of a table for this day; `HistoryError` when that cannot be done."""
    path, today = answers_path(), today or date.today()
    try:
        kept = {name: _plain(told) for name, told in _read(path, today).items()}
    except HistoryError:
        kept = {}  # what cannot be read is replaced
    kept[table.id] = _plain(answers)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_text(path, json.dumps({"day": today.isoformat(), "answers": kept}, indent=1), private=True)
    except OSError as error:
        raise HistoryError(
            _(
                "{path} cannot be written ({strerror}), so what you answered today will be forgotten: make "
                "room, or check who may write.",
                path=path,
                strerror=error.strerror,
            )
        ) from error


def answers_of_today(table: DecisionTable, today: date | None = None) -> dict[str, Any]:
    """What was answered today, empty when nothing was; `HistoryError` when the file cannot be read.

    Answers of a later day stay too: it is the clock that was set back.
    """
    return _read(answers_path(), today or date.today()).get(table.id, {})


def stops_of_today(today: date | None = None) -> tuple[Answer, ...]:
    """The answers of today that speak against lifting, the gravest first; `HistoryError` as above."""
    kept = _read(answers_path(), today or date.today())
    found = [decide(TABLES[name], told) for name, told in kept.items()]
    return tuple(sorted((each for each in found if not each.may_lift), key=lambda each: each.level != EMERGENCY))


def _plain(answers: Answers) -> dict[str, str | list[str]]:
    return {name: said if isinstance(said, str) else sorted(said) for name, said in answers.items()}


def _read(path: Path, today: date) -> dict[str, dict[str, Any]]:
    damaged = _("{path} is damaged, so what you answered today is not known: delete it, and answer again.", path=path)
    if not os.path.lexists(path):
        return {}
    try:
        content = json.loads(read_ordinary(path, HistoryError, LARGEST_BYTES, _("what was answered today")))
        if date.fromisoformat(content["day"]) < today:
            return {}
        return {name: _complete(TABLES[name], told) for name, told in content["answers"].items()}
    except OSError as error:
        raise HistoryError(
            _("{path} cannot be read ({strerror}): check who may read it.", path=path, strerror=error.strerror)
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, UsageError) as error:
        raise HistoryError(damaged) from error


def _complete(table: DecisionTable, told: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, when they are answers to all that is asked."""
    answers = {name: said if isinstance(said, str) else _choices(said) for name, said in told.items()}
    if next_question(table, answers) is not None:
        raise ValueError("something was not answered")
    decide(table, answers)
    return answers


def _choices(said: Collection[str]) -> frozenset[str]:
    if not isinstance(said, list) or not all(isinstance(choice, str) for choice in said):
        raise TypeError("not choices")
    return frozenset(said)
