"""What was answered today stands until the day is over: on disk, for its owner only, and never half of it."""

from __future__ import annotations

import json
import os
import stat
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from formcheck.core.errors import HistoryError
from formcheck.guidance.tables import READY, SORE
from formcheck.guidance.todays_answers import answers_of_today, answers_path, keep_answers, stops_of_today

TODAY = date(2026, 3, 31)
STOP: dict[str, Any] = {"pain": "nerve", "earlier": "none", "rest": "fresh"}
FINE: dict[str, Any] = {"pain": "none", "earlier": "none", "rest": "fresh"}
EMERGENCY: dict[str, Any] = {"signs": frozenset({"saddle"})}


def test_answers_are_found_again_the_same_day() -> None:
    assert answers_of_today(READY, TODAY) == {}
    keep_answers(READY, STOP, TODAY)
    keep_answers(SORE, EMERGENCY, TODAY)
    assert answers_of_today(READY, TODAY) == STOP
    assert answers_of_today(SORE, TODAY) == EMERGENCY
    assert [answer.level for answer in stops_of_today(TODAY)] == ["emergency", "stop"]


def test_new_answers_take_the_place_of_old_ones() -> None:
    keep_answers(READY, STOP, TODAY)
    keep_answers(READY, FINE, TODAY)
    assert stops_of_today(TODAY) == ()


def test_the_next_day_begins_with_nothing_and_keeps_nothing_of_the_day_before() -> None:
    keep_answers(READY, STOP, TODAY)
    tomorrow = TODAY + timedelta(days=1)
    assert answers_of_today(READY, tomorrow) == {}
    assert stops_of_today(tomorrow) == ()
    keep_answers(SORE, EMERGENCY, tomorrow)
    assert "nerve" not in answers_path().read_text(encoding="utf-8")


def test_a_clock_that_is_set_back_lifts_no_warning() -> None:
    keep_answers(READY, STOP, TODAY)
    assert [answer.level for answer in stops_of_today(TODAY - timedelta(days=400))] == ["stop"]


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_only_their_owner_reads_them() -> None:
    keep_answers(READY, STOP, TODAY)
    assert stat.S_IMODE(answers_path().stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "7", '{"day": "2026-03-31"}', '{"day": 7, "answers": {}}', "[" * 20_000),
        *('{"day": "soon", "answers": {}}', '{"day": "2026-03-31", "answers": {"other": {}}}'),
        *('{"day": "2026-03-31", "answers": {"ready": {}}}', '{"day": "2026-03-31", "answers": {"ready": 7}}'),
        '{"day": "2026-03-31", "answers": {"ready": {"pain": "none", "earlier": "none", "rest": "maybe"}}}',
        '{"day": "2026-03-31", "answers": {"sore": {"signs": [7]}}}',
        '{"day": "2026-03-31", "answers": {"sore": {"signs": {"saddle": 1}}}}',
    ],
)
def test_a_damaged_file_is_told_and_replaced_by_the_next_answers(content: str) -> None:
    answers_path().parent.mkdir(parents=True, exist_ok=True)
    answers_path().write_text(content, encoding="utf-8")
    for read in (lambda: answers_of_today(READY, TODAY), lambda: stops_of_today(TODAY)):
        with pytest.raises(HistoryError, match="is damaged"):
            read()
    keep_answers(READY, STOP, TODAY)
    assert answers_of_today(READY, TODAY) == STOP


def test_answers_that_cannot_be_kept_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "file"))
    with pytest.raises(HistoryError):
        keep_answers(READY, STOP, TODAY)


def test_the_file_says_no_more_than_day_and_answers() -> None:
    keep_answers(READY, STOP, TODAY)
    assert json.loads(answers_path().read_text(encoding="utf-8")) == {
        "day": "2026-03-31",
        "answers": {"ready": STOP},
    }
