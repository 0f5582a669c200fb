"""Values into the columns of a set, and out of them again: a damaged one never keeps the others from being read."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from formcheck.core.errors import UsageError
from formcheck.core.verdicts import NOT_JUDGED, Verdict
from formcheck.core.words import _
from formcheck.storage.history.numbers import SetNumbers, numbers_of
from formcheck.storage.history.records import UNKNOWN_TIME, SavedSet, SetSummary
from formcheck.storage.history.tables import NUMBER_COLUMNS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

UNREADABLE = "The report of this set cannot be read."


# --- in ------------------------------------------------------------------------------------------------------------


def report_columns(report: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of ``sets`` that a report fills; `ReportError` where it is not one."""
    from formcheck.exercises.framework.variant import UNKNOWN
    from formcheck.judging.report import Report

    found = Report.from_dict(report)
    numbers = numbers_of(found, None)
    return {
        "exercise": found.exercise.name,
        "variant": "" if found.variant == UNKNOWN else found.variant,
        "load_kg": found.load_kg,
        "summarised": 1,
        "verdict": str(found.verdict),
        "summary": clean_text(found.summary),
        "reps": len(found.reps),
        "whole_reps": numbers.reps,
        **{name: _number_or_none(getattr(numbers, name)) for name in NUMBER_COLUMNS},
    }


def text_of(moment: datetime) -> str:
    """In UTC and of one length; a moment without zone is local time."""
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError, OSError):  # the first and the last day of the calendar
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")


def later_than(saved_at: str, before: object) -> str:
    """When a set is saved that was saved ``before``: later than that, even if the clock was set back meanwhile.

    Of two versions of a set an import takes the one that was saved later.
    """
    last = moment_of(before)
    if last is None:
        return saved_at
    try:
        return max(saved_at, text_of(last + timedelta(milliseconds=1)))
    except OverflowError:  # the last moment of the calendar
        return text_of(last)


def time_ms_of(saved_at: object, filmed_at: object) -> int:
    """What lists are ordered by: milliseconds since 1970 of when it was filmed, or saved; 0 when both are damaged."""
    moment = moment_of(filmed_at) or moment_of(saved_at)
    return 0 if moment is None else (moment - EPOCH) // timedelta(milliseconds=1)


def clean_text(text: str) -> str:
    """Without what databases do not take: bytes of a file name that are not text, and the letter of number 0."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def json_of(content: Mapping[str, Any]) -> str:
    """Plain data as JSON; `UsageError` for anything else."""
    try:
        text = json.dumps(dict(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise UsageError(_("Only plain data with finite numbers can be saved in the history.")) from error
    return text.encode("utf-8", "replace").decode()


def _number_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


# --- out -----------------------------------------------------------------------------------------------------------


def summary_of(row: Mapping[str, Any]) -> SetSummary:
    """A set in short, from its row with the name of its lifter."""
    reader = _Reader(row)
    facts = reader.facts()
    load_kg = facts["load_kg"]
    numbers = {name: reader.number(name, "report") for name in NUMBER_COLUMNS}
    whole = reader.count("whole_reps")
    load = math.nan if load_kg is None else load_kg
    verdict, summary = NOT_JUDGED, UNREADABLE
    try:
        verdict, summary = Verdict(row["verdict"]), reader.text("summary", "report")
    except ValueError:
        reader.note("report")
    return SetSummary(
        **facts,
        verdict=verdict,
        summary=summary,
        rep_count=reader.count("reps"),
        numbers=SetNumbers(
            reps=whole,
            load_kg=load,
            tonnage_kg=load * whole,
            **{name: math.nan if value is None else value for name, value in numbers.items()},
        ),
        damage=tuple(reader.damage),
    )


def saved_set_of(row: Mapping[str, Any]) -> SavedSet:
    """A whole set, from its row with the name of its lifter, its report and its settings."""
    reader = _Reader(row)
    facts = reader.facts()
    settings, report = reader.data("settings"), reader.data("report")
    return SavedSet(**facts, settings=settings, report_data=report, damage=tuple(reader.damage))


def moment_of(value: object) -> datetime | None:
    """The moment that a column holds; None when that is damaged."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        found = datetime.fromisoformat(value)  # type: ignore[arg-type]  # whatever is in there
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return None


class _Reader:
    """Reads a row; remembers what of it is damaged."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row
        self.damage: list[str] = []

    def note(self, part: str) -> None:
        if part not in self.damage:
            self.damage.append(part)

    def facts(self) -> dict[str, Any]:
        """The fields of a `SetRecord` but its damage."""
        filmed_at, saved_at = (self.moment(name) for name in ("filmed_at", "saved_at"))
        if saved_at is None:
            self.note("date")
        return {
            "id": int(self.row["id"]),
            "uid": self.text("uid", "uid"),
            "saved_at": saved_at or filmed_at or UNKNOWN_TIME,
            "filmed_at": filmed_at,
            "lifter": self.row["lifter"],
            "video_file": self.text("video_file", "video"),
            "video_path": self.text("video_path", "video"),
            "exercise": self.text("exercise", "exercise"),
            "variant": self.text("variant", "exercise"),
            "load_kg": self.number("load_kg", "load"),
            "notes": self.text("notes", "notes"),
            "has_poses": bool(self.row["has_poses"]),
        }

    def text(self, name: str, part: str) -> str:
        value = self.row[name]
        if isinstance(value, str):
            return value
        self.note(part)
        return ""

    def number(self, name: str, part: str) -> float | None:
        value = self.row[name]
        if value is None:
            return None
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
        self.note(part)
        return None

    def count(self, name: str) -> int:
        value = self.row[name]
        if isinstance(value, int) and value >= 0:
            return value
        self.note("report")
        return 0

    def moment(self, name: str) -> datetime | None:
        value = self.row[name]
        found = moment_of(value)
        if found is None and value is not None:
            self.note("date")
        return found

    def data(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self.row[name])
            if isinstance(found, dict):
                return found
        except (ValueError, TypeError, RecursionError):
            pass
        self.note(name)
        return {}
