"""index.html of a batch: a row for each set, with filters, sorting and trends by lifter, as a page that needs nothing.

Like report.html (`formcheck.render.html.report`): what comes from outside reaches the page only through the template's
escaping, and the page's own policy forbids it to load anything or to run any script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from formcheck.core.loads import load_words
from formcheck.core.verdicts import FAULT, GOOD, NOT_JUDGED, WATCH, Verdict
from formcheck.core.words import _, in_sentence, language
from formcheck.judging.set_summary import SetSummary
from formcheck.render.html.page import asset, template
from formcheck.render.html.report import SYMBOLS, VERDICT_WORDS
from formcheck.render.terminal import amount, lift_title

MOST_ROWS = 5000
"""Sets that the page shows, the latest first; more would make it slow to open."""

MOST_TRENDS = 60
"""Lifters' lifts whose trends are drawn."""

CHART_WIDTH, CHART_HEIGHT, CHART_MARGIN = 320.0, 84.0, 9.0

LEAST_SPAN = 10.0
"""Degrees that the axis of a chart covers at least."""

MOST_OPEN = 6
"""Trends and failures that are shown before somebody asks for them."""

SEVERITY = {FAULT.value: 3, WATCH.value: 2, GOOD.value: 1, NOT_JUDGED.value: 0}


@dataclass(frozen=True)
class SetEntry:
    """One clip of a batch.

    Attributes
    ----------
    file : its name. lifter, day, load_kg, notes : as told; empty and None where they were not.
    summary : the set in one row; None when it could not be analysed, and then ``reason`` says why.
    report : where its report is, relative to the page.
    picture : JPEG of the repetition to look at first.
    """

    file: str
    lifter: str = ""
    day: str = ""
    load_kg: float | None = None
    notes: str = ""
    summary: SetSummary | None = None
    reason: str = ""
    report: str = ""
    picture: bytes | None = None


@dataclass(frozen=True)
class TrendPoint:
    """A day in a chart: its place in the drawing, its words, and the gravest verdict of its sets."""

    x: float
    y: float
    words: str
    verdict: str


@dataclass(frozen=True)
class TrendChart:
    """One number of a lifter's lift, day by day; ``path`` joins the points."""

    title: str
    words: str
    points: tuple[TrendPoint, ...]
    path: str
    low: str
    high: str


@dataclass(frozen=True)
class LifterTrend:
    """A lifter's lift over time."""

    lifter: str
    lift: str
    days: str
    charts: tuple[TrendChart, ...]


def html_index(entries: Sequence[SetEntry], *, day: date | None = None) -> str:
    """The whole page as text.

    Parameters
    ----------
    entries : every clip, the latest first.
    day : printed on the page; None = today.
    """
    script = asset("index.js")
    analysed = [each for each in entries if each.summary is not None]
    rows = [_row(each) for each in analysed[:MOST_ROWS]]
    page: str = template("index.html").render(
        day=(day or date.today()).isoformat(),
        rows=rows,
        language=language(),
        total=len(analysed),
        failures=[each for each in entries if each.summary is None],
        tallies=_tallies(analysed),
        lifters=sorted({row["lifter"] for row in rows if row["lifter"]}, key=str.casefold),
        lifts=sorted({row["lift"] for row in rows}),
        verdicts=[
            (verdict, VERDICT_WORDS[verdict]) for verdict in VERDICT_WORDS if any(r["verdict"] == verdict for r in rows)
        ],
        verdict_words=VERDICT_WORDS,
        symbols=SYMBOLS,
        trends=lifter_trends(analysed)[:MOST_TRENDS],
        most_open=MOST_OPEN,
        any_loads=any(row["load"] for row in rows),
        style=Markup(asset("report.css") + asset("index.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
    )
    return page


def _row(entry: SetEntry) -> dict[str, Any]:
    summary = entry.summary
    assert summary is not None
    worst, value = "", ""
    if summary.worst_rep is not None:
        if summary.worst_value is not None:
            value = amount(summary.worst_value, _(summary.worst_unit))
        worst = _("Rep {rep}: {finding}", rep=summary.worst_rep, finding=in_sentence(_(summary.worst_check)))
    variant = "" if summary.variant == "unknown" else summary.variant
    return {
        "file": entry.file,
        # A folder's name may hold what has a meaning in addresses.
        "report": quote(entry.report),
        "lifter": entry.lifter,
        "day": entry.day,
        "notes": entry.notes,
        "lift": lift_title(summary.exercise),
        "variant": variant,
        "load": "" if entry.load_kg is None else load_words(entry.load_kg, "kg"),
        "load_kg": entry.load_kg if entry.load_kg is not None else -1,
        "reps": summary.reps,
        "flagged": summary.flagged_reps,
        "verdict": summary.verdict,
        "severity": SEVERITY.get(summary.verdict, 0),
        "worst": worst,
        "value": value,
        "headline": summary.headline,
        "picture": None if entry.picture is None else base64.b64encode(entry.picture).decode(),
    }


def _tallies(entries: Sequence[SetEntry]) -> list[tuple[str, str, int]]:
    """Verdict, words and number of sets."""
    counts: dict[str, int] = defaultdict(int)
    for each in entries:
        assert each.summary is not None
        counts[each.summary.verdict] += 1
    return [(verdict.value, VERDICT_WORDS[verdict], counts[verdict]) for verdict in (GOOD, WATCH, FAULT, NOT_JUDGED)]


# --- trends --------------------------------------------------------------------------------------------------------


def lifter_trends(entries: Sequence[SetEntry]) -> list[LifterTrend]:
    """How each lifter's lifts went from day to day, where there are two days or more."""
    groups: dict[tuple[str, str], dict[date, list[SetEntry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        day = _day(entry.day)
        if entry.lifter and day is not None and entry.summary is not None and entry.summary.reps:
            groups[entry.lifter, entry.summary.exercise][day].append(entry)
    trends = []
    for (lifter, exercise), days in sorted(groups.items(), key=lambda each: (each[0][0].casefold(), each[0][1])):
        if len(days) < 2:
            continue
        charts = [
            _chart(
                _("Reps with nothing to correct"), days, _right_percent, lambda value: f"{value:.0f} %", (0.0, 100.0)
            ),
            _chart(_("Back rounding, worst rep"), days, _worst_rounding_deg, lambda value: amount(value, "deg")),
        ]
        first, last = min(days), max(days)
        words = _(
            "{sets} sets on {days} days, {first} to {last}",
            sets=sum(map(len, days.values())),
            days=len(days),
            first=first,
            last=last,
        )
        trends.append(LifterTrend(lifter, lift_title(exercise), words, tuple(each for each in charts if each)))
    return trends


def _chart(
    title: str,
    days: dict[date, list[SetEntry]],
    value_of: Callable[[Sequence[SetEntry]], float],
    say: Callable[[float], str],
    span: tuple[float, float] | None = None,
) -> TrendChart | None:
    values = [(day, value_of(entries), _gravest(entries)) for day, entries in sorted(days.items())]
    values = [each for each in values if math.isfinite(each[1])]
    if len(values) < 2:
        return None
    numbers = [value for _, value, _ in values]
    low, high = span or _span(numbers)
    begin, length = values[0][0], max((values[-1][0] - values[0][0]).days, 1)
    points = tuple(
        TrendPoint(
            x=CHART_MARGIN + (CHART_WIDTH - 2 * CHART_MARGIN) * (day - begin).days / length,
            y=CHART_HEIGHT
            - CHART_MARGIN
            - (CHART_HEIGHT - 2 * CHART_MARGIN) * ((value - low) / (high - low) if high > low else 0.5),
            words=f"{day}: {say(value)}, {in_sentence(VERDICT_WORDS.get(Verdict(verdict), verdict))}",
            verdict=verdict,
        )
        for day, value, verdict in values
    )
    path = "M" + "L".join(f"{point.x:.1f} {point.y:.1f}" for point in points)
    return TrendChart(title, f"{say(numbers[0])} → {say(numbers[-1])}", points, path, say(low), say(high))


def _span(numbers: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest value of an axis that makes no mountain of a few degrees."""
    low, high = min(numbers), max(numbers)
    more = max(0.0, LEAST_SPAN - (high - low)) / 2
    return low - more, high + more


def _right_percent(entries: Sequence[SetEntry]) -> float:
    found = [each.summary for each in entries if each.summary is not None]
    # What could not be judged is not right for that.
    found = [each for each in found if each.verdict != NOT_JUDGED]
    reps = sum(each.reps for each in found)
    return 100.0 * (1.0 - sum(each.flagged_reps for each in found) / reps) if reps else math.nan


def _worst_rounding_deg(entries: Sequence[SetEntry]) -> float:
    known = [each.summary.worst_rounding_deg for each in entries if each.summary is not None]
    return max((value for value in known if value is not None), default=math.nan)


def _gravest(entries: Sequence[SetEntry]) -> str:
    verdicts = [each.summary.verdict for each in entries if each.summary is not None]
    return max(verdicts, key=lambda verdict: SEVERITY.get(verdict, 0), default=NOT_JUDGED.value)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
