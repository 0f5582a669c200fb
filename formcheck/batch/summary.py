"""The summary of a batch: one row a set, as CSV for spreadsheets, as Parquet for programs, as a page for people."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Mapping, Sequence
from typing import Any

from formcheck.batch.outcome import DONE, THUMBNAIL_JPG, Outcome
from formcheck.batch.places import CLIPS, Place, file_name
from formcheck.storage.report_folder import REPORT_HTML

SUMMARY_CSV, SUMMARY_PARQUET, INDEX_HTML, FAILURES_CSV = (
    "summary.csv",
    "summary.parquet",
    "index.html",
    "failures.csv",
)

TEXT, WHOLE, NUMBER = "text", "whole", "number"

COLUMNS: Mapping[str, str] = {
    "clip": TEXT,
    "file": TEXT,
    "status": TEXT,
    "reason": TEXT,
    "lifter": TEXT,
    "date": TEXT,
    "exercise": TEXT,
    "variant": TEXT,
    "load_kg": NUMBER,
    "verdict": TEXT,
    "reps": WHOLE,
    "partial_reps": WHOLE,
    "flagged_reps": WHOLE,
    "worst_rep": WHOLE,
    "worst_rep_verdict": TEXT,
    "worst_check": TEXT,
    "worst_value": NUMBER,
    "worst_unit": TEXT,
    "rounding_deg": NUMBER,
    "worst_rounding_deg": NUMBER,
    "depth_thighs": NUMBER,
    "concentric_s": NUMBER,
    "headline": TEXT,
    "advice": TEXT,
    "view": TEXT,
    "tracking_quality": NUMBER,
    "duration_s": NUMBER,
    "notes": TEXT,
    "remarks": TEXT,
    "formcheck": TEXT,
    "content_sha256": TEXT,
}
"""Columns of the summary with the kind of their values."""

MOST_PICTURES = 1000
"""Thumbnails that the page holds; more would make it too large to open."""


def row_of(outcome: Outcome) -> dict[str, Any]:
    """A clip as a row of the summary; None = not measured or not told."""
    found = {} if outcome.summary is None else outcome.summary.to_dict()
    told = {
        "clip": outcome.name,
        "file": outcome.source,
        "status": outcome.status,
        "reason": outcome.reason,
        "lifter": outcome.lifter,
        "date": outcome.day,
        "load_kg": outcome.load_kg,
        "notes": outcome.notes,
        "remarks": "; ".join(outcome.remarks),
        "formcheck": outcome.version,
        "content_sha256": outcome.content_sha256,
    }
    return {name: told.get(name, found.get(name)) for name in COLUMNS}


def write_summary(place: Place, outcomes: Sequence[Outcome]) -> list[str]:
    """Write summary, page and list of failures; returns the names of the files.

    Raises
    ------
    OutputError : a file cannot be written.
    """
    outcomes = sorted(outcomes, key=lambda each: (each.day, each.lifter.casefold(), each.name))
    rows = [row_of(outcome) for outcome in outcomes]
    written = [SUMMARY_CSV]
    place.write(SUMMARY_CSV, csv_bytes(rows, list(COLUMNS)))
    if importlib.util.find_spec("pyarrow") is not None:
        place.write(SUMMARY_PARQUET, parquet_bytes(rows))
        written.append(SUMMARY_PARQUET)
    failures = [row for row in rows if row["status"] != DONE]
    place.write(FAILURES_CSV, csv_bytes(failures, ["clip", "file", "lifter", "date", "reason"]))
    place.write(INDEX_HTML, index_page(place, outcomes).encode("utf-8", "replace"))
    return [*written, FAILURES_CSV, INDEX_HTML]


def csv_bytes(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Rows as CSV; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def parquet_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as Parquet, every column with its type also where all its values are missing."""
    import pyarrow
    import pyarrow.parquet

    kinds = {TEXT: pyarrow.string(), WHOLE: pyarrow.int64(), NUMBER: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows], schema), sink)
    return sink.getvalue()


def index_page(place: Place, outcomes: Sequence[Outcome]) -> str:
    """The page with a row for each set, its pictures in it."""
    from formcheck.render.html.index import SetEntry, html_index

    entries = []
    for number, outcome in enumerate(reversed(outcomes)):
        folder = f"{CLIPS}/{outcome.name}"
        picture = None
        if outcome.status == DONE and number < MOST_PICTURES:
            picture = place.read(f"{folder}/{THUMBNAIL_JPG}")
        entries.append(
            SetEntry(
                file=file_name(outcome.source),
                lifter=outcome.lifter,
                day=outcome.day,
                load_kg=outcome.load_kg,
                notes=outcome.notes,
                summary=outcome.summary,
                reason=outcome.reason,
                report=f"{folder}/{REPORT_HTML}" if outcome.status == DONE else "",
                picture=picture,
            )
        )
    return html_index(entries)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
    return str(value) if isinstance(value, int) else f"{value:.7g}"
