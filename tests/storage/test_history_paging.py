"""Large histories: pages by what comes before them, read from an index, without any report."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from formcheck.core.errors import HistoryError
from formcheck.core.verdicts import Verdict
from formcheck.storage.history import History, SavedSet, SetSummary, open_history
from formcheck.storage.history.store import NOBODY
from tests.helpers import postgres
from tests.helpers.saved_sets import recording, report

COUNT = 60
START = datetime(2026, 1, 1, tzinfo=UTC)


def saved_sets(history: History) -> History:
    """Sixty sets of three lifters and of nobody, two lifts, pairs of which were filmed at the same moment."""
    for number in range(COUNT):
        lifter = ("Anna", "Ben", "Carl", None)[number % 4]
        exercise = ("squat", "deadlift", "deadlift")[number % 3]
        when = START + timedelta(hours=number // 2)
        history.save_set(report(exercise), recording(number), lifter=lifter, filmed_at=when)
    return history


@contextlib.contextmanager
def large_history(request: pytest.FixtureRequest, folder: Path) -> Iterator[History]:
    """The sixty sets in a database of the fixture's kind, made once for all tests of the module."""
    with contextlib.ExitStack() as stack:
        place: Path | str = folder / "history.sqlite3"
        if request.param == "postgresql":
            place = stack.enter_context(postgres.database(request.getfixturevalue("postgres_server")))
        yield saved_sets(stack.enter_context(open_history(place)))


KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="module", params=KINDS)
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Only read."""
    with large_history(request, tmp_path_factory.mktemp("read")) as history:
        yield history


def pages(history: History, limit: int, **told: Any) -> list[int]:
    """Numbers of the sets, read page by page."""
    found: list[int] = []
    last = None
    while page := history.summaries(before=last, limit=limit, **told):
        assert len(page) <= limit
        found += [saved.id for saved in page]
        last = page[-1]
    return found


@pytest.mark.parametrize(
    "told", [{}, {"lifter": "anna"}, {"exercise": "squat"}, {"lifter": NOBODY, "exercise": "squat"}]
)
@pytest.mark.parametrize("limit", [1, 7, 60, 100])
def test_pages_are_the_list_in_parts(told: dict[str, Any], limit: int, history: History) -> None:
    whole = list(history.summaries(**told))
    assert pages(history, limit, **told) == [saved.id for saved in whole]
    assert len(whole) == history.count(**told) > 0
    assert [saved.when for saved in whole] == sorted((saved.when for saved in whole), reverse=True)


def test_sets_are_found_by_their_tags_and_verdicts(history: History) -> None:
    notes = {
        1: "Good day. #meet",
        2: "#Meet\n#belt",
        3: "#meet-prep",
        4: "a#meet and #1 and 50 % #_x",
        5: "set #belt_2",
    }
    for number, words in notes.items():
        history.change_set(number, notes=words)
    assert history.tags() == ("1", "belt", "belt_2", "meet", "meet-prep")
    assert {each.id for each in history.summaries(tag="meet")} == {1, 2}
    assert {each.id for each in history.summaries(tag="belt")} == {2}
    assert history.count(tag="meet") == 2
    assert history.count(tag="meet", lifter="Anna") + history.count(tag="meet", lifter="Ben") <= 2
    assert history.summaries(tag="nothing") == ()
    assert history.set(2).tags == ("meet", "belt")
    verdicts = [each.verdict for each in history.summaries()]
    for verdict in Verdict:
        assert history.count(verdict=verdict) == len(history.summaries(verdict=verdict)) == verdicts.count(verdict)


def test_summaries_say_what_the_whole_sets_say(history: History) -> None:
    def told(saved: SetSummary | SavedSet) -> tuple[object, ...]:
        facts = (saved.id, saved.uid, saved.when, saved.lifter, saved.exercise, saved.load_kg, saved.has_poses)
        return (*facts, saved.verdict, saved.summary, saved.rep_count, str(saved.numbers))

    assert [told(saved) for saved in history.summaries()] == [told(saved) for saved in history.sets()]
    assert [saved.id for saved in history.sets(limit=3)] == [saved.id for saved in history.summaries(limit=3)]
    assert [saved.id for saved in history.each_set()] == [saved.id for saved in history.summaries()]


def test_since_a_moment(history: History) -> None:
    since = START + timedelta(hours=20)
    assert {saved.id for saved in history.summaries(since=since)} == set(range(41, COUNT + 1))
    assert history.count(since=since, lifter="Anna") == 5


def test_who_lifted_what(history: History) -> None:
    assert set(history.kinds()) == {
        (who, lift) for who in ("Anna", "Ben", "Carl", None) for lift in ("squat", "deadlift")
    }
    assert history.kinds(lifter="ben") == (("Ben", "deadlift"), ("Ben", "squat"))
    with pytest.raises(HistoryError, match="no lifter 'Nobody'"):
        history.summaries(lifter="Nobody")


# --- how the database finds them -----------------------------------------------------------------------------------


def watched(history: History) -> list[tuple[str, str]]:
    """Statements that are run from now on, each with the plan of the database for it."""
    found: list[tuple[str, str]] = []
    with history.writing() as connection:
        if connection.dialect.name == "postgresql":
            # So few rows it would rather read in a row: the question is whether it can do otherwise.
            connection.exec_driver_sql(
                "INSERT INTO sets (uid, saved_at, lifter_id, video_file, exercise, time_ms) "
                "SELECT 'x' || k, '', CASE mod(k, 90) WHEN 0 THEN 1 END, '', "
                "CASE mod(k, 70) WHEN 0 THEN 'squat' ELSE 'row' END, k "
                "FROM generate_series(1, 20000) AS k"
            )
    with history.writing() as connection:
        connection.exec_driver_sql("ANALYZE")

        def note(_: Any, cursor: Any, statement: str, values: Any, *more: Any) -> None:
            if statement.startswith("SELECT") and "FROM sets" in statement:
                ask = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
                cursor.execute(f"{ask} {statement}", values)
                found.append((statement, "\n".join(str(row[-1]) for row in cursor.fetchall())))

        sa.event.listen(connection.engine, "before_cursor_execute", note)
    return found


Planned = tuple[History, list[tuple[str, str]]]


@pytest.fixture(scope="module", params=KINDS)
def planned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    """A history of its own, as it gets more rows, and what `watched` finds in it."""
    with large_history(request, tmp_path_factory.mktemp("planned")) as history:
        yield history, watched(history)


ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "all": ({}, "sets_by_time"),
    "a lifter's": ({"lifter": "Anna"}, "sets_by_lifter"),
    "a lift's": ({"exercise": "squat"}, "sets_by_exercise"),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("deep", [False, True])
def test_a_page_comes_from_an_index_and_is_not_sorted(name: str, deep: bool, planned: Planned) -> None:
    history, plans = planned
    told, index = ASKED[name]
    last = history.summaries(**told, limit=5)[-1] if deep else None
    plans.clear()
    assert history.summaries(**told, before=last, limit=5)
    ((statement, plan),) = plans
    assert "reports" not in statement
    assert index in plan, plan
    assert re.search(r"SCAN sets(?! USING)|Seq Scan on sets|TEMP B-TREE|Sort\b", plan) is None, plan


def test_the_same_recording_is_found_by_an_index(place: Path | str) -> None:
    with open_history(place) as history:
        plans = watched(saved_sets(history))
        history.save_set(report(), recording(5), lifter="Ben")
        assert any("sets_by_fingerprint" in plan for _, plan in plans)
        assert not any(re.search(r"SCAN sets(?! USING)|Seq Scan on sets", plan) for _, plan in plans)
