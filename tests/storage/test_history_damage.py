"""A damaged row, or a date at the end of the calendar, leaves every other set usable and is named itself."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from formcheck.core.errors import HistoryError
from formcheck.storage.history import Exported, History, Lifter, export_history, import_history, open_history
from formcheck.storage.history.records import UNKNOWN_TIME, clock_words, day_words, local_time
from formcheck.storage.history.trends import local_day, sessions
from tests.helpers.saved_sets import recording, report

DAMAGES = {
    "report": "UPDATE reports SET report = '{' WHERE set_id = 2",
    "report that is a list": "UPDATE reports SET report = '[]' WHERE set_id = 2",
    "report with text for a number": """UPDATE reports SET report = '{"reps": [{"index": "x"}]}' WHERE set_id = 2""",
    "no report at all": "DELETE FROM reports WHERE set_id = 2",
    "settings": "UPDATE reports SET settings = 'off' WHERE set_id = 2",
    "saved_at": "UPDATE sets SET saved_at = 'yesterday' WHERE id = 2",
    "filmed_at": "UPDATE sets SET filmed_at = '2026-13-45' WHERE id = 2",
    "poses": "UPDATE poses SET npz = '' WHERE set_id = 2",
    "verdict": "UPDATE sets SET verdict = 'splendid' WHERE id = 2",
    "lifter": "UPDATE lifters SET neutral_back = '{', height_cm = 1e9",
}

ONLY_SQLITE = {
    "text for a load": "UPDATE sets SET load_kg = 'heavy' WHERE id = 2",
    "bytes for notes": "UPDATE sets SET notes = x'ff00' WHERE id = 2",
    "bytes that are not text": "UPDATE sets SET notes = CAST(x'ff41' AS TEXT) WHERE id = 2",
    "text for a count": "UPDATE sets SET reps = 'many' WHERE id = 2",
    "an infinite number": "UPDATE sets SET rounding_deg = 9e999 WHERE id = 2",
    "bytes for a report": "UPDATE reports SET report = x'ff00' WHERE set_id = 2",
    "text for poses": "UPDATE poses SET npz = 'text' WHERE set_id = 2",
}
"""What a column of a server cannot hold, whoever writes there."""


@pytest.fixture
def three(place: Path | str) -> Path | str:
    """Three sets of Anna's."""
    with open_history(place) as history:
        for number in (1, 2, 3):
            history.save_set(report(load_kg=60.0), recording(number), lifter="Anna")
    return place


def damage(history: History, sql: str) -> None:
    with history.writing() as connection:
        connection.exec_driver_sql(sql)


@pytest.mark.parametrize("name", [*DAMAGES, *ONLY_SQLITE])
def test_the_others_stay_usable(name: str, three: Path | str, tmp_path: Path) -> None:
    if name in ONLY_SQLITE and not isinstance(three, Path):
        return
    with open_history(three) as history:
        damage(history, {**DAMAGES, **ONLY_SQLITE}[name])
    with open_history(three) as history:
        assert sorted(saved.id for saved in history.summaries()) == [1, 2, 3]
        assert sorted(saved.id for saved in history.sets()) == [1, 2, 3]
        assert [saved.name for saved in history.lifters()] == ["Anna"]
        assert all(math.isfinite(saved.numbers.tonnage_kg) for saved in history.summaries() if saved.id != 2)
        assert sessions(history.summaries())
        assert history.set(1).numbers.reps == 1
        done = export_history(history, tmp_path / "out.zip")
        assert done.sets >= 2
    with open_history(tmp_path / "new.sqlite3") as new:
        assert import_history(new, tmp_path / "out.zip").added == done.sets
        assert len(new.poses(new.sets()[-1].id)) > 0


def test_damage_is_named(three: Path | str, tmp_path: Path) -> None:
    with open_history(three) as history:
        damage(history, "UPDATE sets SET verdict = '', saved_at = '?' WHERE id = 1")
        damage(history, "UPDATE reports SET report = '{', settings = '' WHERE set_id = 2")
        damage(history, "UPDATE poses SET npz = '' WHERE set_id = 3")
        assert {saved.id: saved.damage for saved in history.summaries()} == {1: ("date", "report"), 2: (), 3: ()}
        assert history.set(2).damage == ("settings", "report")
        assert "The report of set 2" in history.set(2).unreadable
        assert history.set(3).unreadable == ""
        with pytest.raises(HistoryError, match="poses of set 3 are damaged"):
            history.poses(3)
        assert export_history(history, tmp_path / "out.zip") == Exported(
            2,
            (
                "The poses of set 3 were left out, as they are damaged",
                "Set 2 was left out, as it is damaged",
            ),
        )


def test_a_set_without_any_date_is_listed_last_and_has_none(three: Path | str) -> None:
    with open_history(three) as history:
        damage(history, "UPDATE sets SET saved_at = '', time_ms = 0 WHERE id = 2")
        *_, last = history.summaries()
    assert (last.id, last.when) == (2, UNKNOWN_TIME)
    assert (day_words(last.when), clock_words(last.when)) == ("–", "–")


# --- dates of any year ---------------------------------------------------------------------------------------------

ENDS = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


@pytest.fixture(params=["Pacific/Honolulu", "Pacific/Kiritimati"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place west or east of Greenwich."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(os.name != "posix", reason="time zones of POSIX")
@pytest.mark.usefixtures("zone")
def test_the_ends_of_the_calendar_break_nothing(place: Path | str, tmp_path: Path) -> None:
    far = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
    moments = [*ENDS, *(moment.replace(tzinfo=None) for moment in ENDS), ENDS[0].replace(tzinfo=far[0])]
    moments.append(ENDS[1].replace(tzinfo=far[1]))
    with open_history(place) as history:
        for number, moment in enumerate(moments):
            history.save_set(report(), recording(number), lifter="Anna", filmed_at=moment)
        history.save_set(report(), recording(99), lifter="Anna")
        listed = history.summaries()
        assert [saved.when.year in (9998, 9999) for saved in listed] == [True] * 3 + [False] * 4
        assert listed[3].when.year == datetime.now(UTC).year
        assert {len(day_words(saved.when)) for saved in listed} == {10}
        assert all(local_time(saved.when).date() == local_day(saved.when) for saved in listed)
        assert sum(len(each.sets) for each in sessions(listed)) == 7
        assert export_history(history, tmp_path / "out.zip") == Exported(7)
    with open_history(tmp_path / "new.sqlite3") as new:
        assert import_history(new, tmp_path / "out.zip").added == 7
        assert [saved.when for saved in new.summaries()] == [saved.when for saved in listed]


# --- lifters -------------------------------------------------------------------------------------------------------


def test_of_a_damaged_lifter_stays_what_can_be_read(place: Path | str) -> None:
    with open_history(place) as history:
        history.save_lifter(Lifter("Anna", 168.0, True, 0.1, {"lower_deg": -10.0}))
        damage(history, "UPDATE lifters SET neutral_back = '{', height_cm = 3")
        assert history.lifter("Anna") == Lifter("Anna", None, True, 0.1, {})
