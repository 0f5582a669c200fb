"""How one lifter goes in one lift: numbers over days with their limits, strength, and the work of each week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import altair as alt
import pandas as pd
import streamlit as st

from formcheck.app import components
from formcheck.core.loads import in_load_unit, load_words
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.core.words import _, in_sentence, ngettext, number
from formcheck.exercises import AND
from formcheck.guidance.load import load_advice
from formcheck.guidance.progress import (
    STRENGTH_WEEKS,
    Course,
    Direction,
    Strength,
    Week,
    courses,
    strength_of,
    weeks_of,
)
from formcheck.judging.one_rm import FORMULAS, MOST_REPS, OneRepMax
from formcheck.render.terminal import FINDING_WORDS, degrees
from formcheck.storage.history import SavedSet
from formcheck.storage.history.trends import LEAST_DAYS, LEAST_SPAN_DAYS

LOOKED_BACK = 150
"""Newest sets that a trend is made of: months of training, and no more than is read in a second."""

COLOURS: dict[Verdict, str] = {OK: "#1d8a45", WATCH: "#c27a00", FAULT: "#d12f3d", NOT_MEASURED: "#7f8b87"}
"""Dark and light enough for a light page and for a dark one."""

SHAPES: dict[Verdict, str] = {OK: "circle", WATCH: "triangle-up", FAULT: "cross", NOT_MEASURED: "square"}
LINE, ACCENT = "#7f8b87", "#178578"
HEAVIER_ADVICE = ("too-heavy", "lighter", "lockout")
"""Kinds of load advice that speak against a heavier load."""


def show(sets: Sequence[SavedSet], unit: str, earlier_back_injury: bool) -> None:
    """The trends of these sets, which are of one lifter and one lift.

    ``unit`` is that of loads.
    """
    found = courses(sets)
    if not found:
        st.markdown(_("From the second day on, your trend appears here."))
    columns = st.columns(2, gap="large")
    for place, course in enumerate(found):
        with columns[place % 2]:
            _course(course, unit)
    advice = load_advice(sets, earlier_back_injury=earlier_back_injury, unit=unit)
    lighter = next((each for each in advice if each.id.split("/")[0] in HEAVIER_ADVICE), None)
    _strength(strength_of(sets), unit, "" if lighter is None else lighter.title)
    _weeks(weeks_of(sets), unit)


# --- one number over days ------------------------------------------------------------------------------------------


def _course(course: Course, unit: str) -> None:
    title = f"{course.followed.title}, {_unit(course, unit)}"
    st.html(
        f'<h2 class="fc-h3">{components.escaped(title)}</h2>'
        f'<p class="fc-trend">{components.tag(course.latest) if course.latest != NOT_MEASURED else ""}'
        f" {components.escaped(trend_words(course, unit))}</p>"
    )
    st.altair_chart(chart(course, unit), width="stretch")
    with st.expander(_("{title} in numbers", title=course.followed.title)):
        rows = [
            [
                point.day.isoformat(),
                amount(course, point.value, unit),
                (components.tag(point.verdict) if point.verdict != NOT_MEASURED else "")
                + (_(" stands out") if point.outlier else ""),
            ]
            for point in reversed(course.points)
        ]
        st.html(components.table(title, [_("Day"), _("Value"), _("Verdict")], rows, (1,)))


def trend_words(course: Course, unit: str) -> str:
    """What may be said of a course, in a sentence or two."""
    first, last = (amount(course, point.value, unit) for point in (course.points[0], course.points[-1]))
    days = len(course.points)
    span_days = (course.points[-1].day - course.points[0].day).days
    outliers = [point.day.isoformat() for point in course.points if point.outlier]
    beside = (
        ngettext(" {days} stands out.", " {days} stand out.", len(outliers), days=f" {_(AND)} ".join(outliers))
        if outliers
        else ""
    )
    if course.direction == Direction.TOO_FEW:
        return _(
            "{first} → {last} over {days} days. A trend needs {least} days across {least_span}; these span {span}.",
            first=first,
            last=last,
            days=days,
            least=LEAST_DAYS,
            least_span=LEAST_SPAN_DAYS,
            span=span_days,
        )
    pace, low, high = (amount(course, value, unit, signed=True) for value in (course.per_week, course.low, course.high))
    doubt = _("95 % interval {low} to {high}", low=low, high=high)
    if course.direction == Direction.UNCLEAR:
        return _(
            "No clear trend over {days} days: {pace} a week ({doubt}).{beside}",
            days=days,
            pace=pace,
            doubt=doubt,
            beside=beside,
        )
    words = {
        Direction.BETTER: _("Getting better"),
        Direction.WORSE: _("Getting worse"),
        Direction.RISING: _("Rising"),
        Direction.FALLING: _("Falling"),
    }[course.direction]
    flagged = course.latest.is_flagged
    but = ""
    if course.direction == Direction.BETTER and flagged:
        but = _(" The last day is still outside its limit.")
    if course.direction == Direction.WORSE and course.latest == OK:
        but = _(" The last day is within its limit.")
    return _(
        "{direction}: {pace} a week ({doubt}) over {days} days.{but}{beside}",
        direction=words,
        pace=pace,
        doubt=doubt,
        days=days,
        but=but,
        beside=beside,
    )


def _unit(course: Course, unit: str) -> str:
    return {"deg": _("degrees"), "kg": unit}.get(course.followed.unit, course.followed.unit)


def _shown(course: Course, value: float, unit: str) -> float:
    return in_load_unit(value, unit) if course.followed.unit == "kg" else value


def amount(course: Course, value: float, unit: str, signed: bool = False) -> str:
    """A value of a course in its unit, with as many digits as can be told apart."""
    if not math.isfinite(value):
        return "–"
    if course.followed.unit == "deg":
        return _degrees(value, signed)
    shown = _shown(course, value, unit)
    digits = {"kg": 0, "cm": 1}.get(course.followed.unit, 2) + (1 if signed and course.followed.unit == "kg" else 0)
    words = number(round(shown, digits) + 0.0, f"{'+' if signed else ''}.{digits}f").replace("-", "−")
    beside = {"kg": unit, "cm": "cm", "m/s": "m/s"}.get(course.followed.unit, "")
    return f"{words} {beside}".rstrip()


def _degrees(value: float, signed: bool) -> str:
    # Slopes are small: a whole degree a week is a lot.
    return f"{number(value, '+.1f')}°".replace("-", "−") if signed else degrees(value)


def chart(course: Course, unit: str) -> alt.LayerChart | alt.FacetChart:
    """The days with their verdicts, the limits, and the robust line where there is one."""
    values = [_shown(course, point.value, unit) for point in course.points]
    days = pd.DataFrame(
        {
            "Day": [pd.Timestamp(point.day) for point in course.points],
            "Value": values,
            "Verdict": [FINDING_WORDS[point.verdict] for point in course.points],
            "Stands out": ["yes" if point.outlier else "no" for point in course.points],
        }
    )
    limits = _limits(course, unit)
    low, high = span([*values, *list(limits.values())[:1]], _shown(course, course.followed.noise, unit))
    # A limit far away says nothing that its absence does not.
    near = 0.3 * (high - low)
    limits = {verdict: limit for verdict, limit in limits.items() if low - near <= limit <= high + near}
    domain = min([low, *limits.values()]), max([high, *limits.values()])
    ticks = min(6, len(course.points))
    x = alt.X("Day:T", title=None, axis=alt.Axis(format="%d %b", grid=False, tickCount=ticks))
    y = alt.Y("Value:Q", title=None, scale=alt.Scale(domain=domain, zero=False, padding=14))
    layers = [_limit_rule(verdict, limit).encode(y=y) for verdict, limit in limits.items()]
    if math.isfinite(course.line[0]):
        layers.append(_robust_line(course, unit).encode(x=x, y=y))
    layers.append(alt.Chart(days).mark_line(color=LINE, strokeWidth=1, opacity=0.6).encode(x=x, y=y))
    layers.append(_points(days, judged=course.latest != NOT_MEASURED).encode(x=x, y=y))
    outliers = days[days["Stands out"] == "yes"]
    if len(outliers):
        ring = alt.Chart(outliers).mark_point(size=260, filled=False, strokeWidth=1.8, color=LINE)
        layers.append(ring.encode(x=x, y=y))
    description = _(
        "{title} from {first} to {last}: ",
        title=course.followed.title,
        first=course.points[0].day,
        last=course.points[-1].day,
    ) + trend_words(course, unit)
    return alt.layer(*layers).properties(height=200, description=description)


def _limits(course: Course, unit: str) -> dict[Verdict, float]:
    """Where watch and fault begin, for as far as there are limits."""
    pairs = zip((WATCH, FAULT), course.limits, strict=True)
    return {verdict: _shown(course, limit, unit) for verdict, limit in pairs if math.isfinite(limit)}


def _limit_rule(verdict: Verdict, limit: float) -> alt.Chart:
    rule: alt.Chart = alt.Chart(pd.DataFrame({"Value": [limit]})).mark_rule(
        color=COLOURS[verdict], strokeWidth=1.5, strokeDash=[6, 4] if verdict == WATCH else [1, 0]
    )
    return rule


def _robust_line(course: Course, unit: str) -> alt.Chart:
    """From the first day to the last, thin and dashed where its direction is in doubt."""
    ends = [_shown(course, value, unit) for value in course.line]
    days = [pd.Timestamp(course.points[index].day) for index in (0, -1)]
    clear = course.direction != Direction.UNCLEAR
    line: alt.Chart = alt.Chart(pd.DataFrame({"Day": days, "Value": ends})).mark_line(
        color=ACCENT if clear else LINE, strokeWidth=3 if clear else 1.5, strokeDash=[1, 0] if clear else [3, 4]
    )
    return line


def _points(days: pd.DataFrame, *, judged: bool) -> alt.Chart:
    """A mark a day with its values as a tooltip, and colour and shape of its verdict where there is one."""
    tooltip = [
        alt.Tooltip("Day:T", format="%Y-%m-%d"),
        alt.Tooltip("Value:Q", format=".3g"),
        "Verdict:N",
        "Stands out:N",
    ]
    points: alt.Chart = (
        alt.Chart(days).mark_point(size=85, filled=True, opacity=1, color=ACCENT).encode(tooltip=tooltip)
    )
    if not judged:
        return points
    words = [FINDING_WORDS[verdict] for verdict in COLOURS]
    colours = alt.Scale(domain=words, range=list(COLOURS.values()))
    shapes = alt.Scale(domain=words, range=[SHAPES[verdict] for verdict in COLOURS])
    points = points.encode(
        color=alt.Color("Verdict:N", scale=colours, legend=None),
        shape=alt.Shape("Verdict:N", scale=shapes, legend=None),
    )
    return points


def span(values: Sequence[float], least: float) -> tuple[float, float]:
    """From where to where a chart of these values goes: they are in the middle of at least that much."""
    low, high = min(values), max(values)
    more = max(0.0, least - (high - low)) / 2.0
    return low - more, high + more


# --- strength ------------------------------------------------------------------------------------------------------


def _strength(found: Strength, unit: str, lighter: str) -> None:
    if found.of_set is None and not math.isfinite(found.by_velocity.kg):
        return
    st.html('<h2 class="fc-h3">' + _("Estimated 1RM") + "</h2>")
    tiles = []
    if found.of_set is not None:
        saved = found.of_set
        reps = sum(not rep.partial for rep in saved.report.reps)
        load = components.load_words(saved.load_kg, unit)
        words = _(
            "Set {id}: {load} × {reps}. {formulas}; up to {n} reps.",
            id=saved.id,
            load=load,
            reps=reps,
            formulas=_(FORMULAS),
            n=MOST_REPS,
        )
        tiles.append(_tile(_("By reps"), found.by_reps, words, unit))
    if found.line is not None and math.isfinite(found.by_velocity.kg):
        loads = len(set(found.line.loads_kg))
        words = _(
            "A line through {loads} loads, to the velocity at 1RM. {source}.", loads=loads, source=found.velocity_source
        )
        tiles.append(_tile(_("By velocity"), found.by_velocity, words, unit))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.html(f'<div class="fc-tiles">{"".join(tiles)}</div>')
        words = _(
            "From sets of the last {n} weeks. Easy sets give too low an estimate. Not a load to try.", n=STRENGTH_WEEKS
        )
        st.caption(
            words + " " + _("Load advice now: {advice}.", advice=components.plain(in_sentence(lighter)))
            if lighter
            else words
        )
    if found.line is not None:
        with right:
            st.altair_chart(_load_velocity(found, unit), width="stretch")


def _tile(title: str, found: OneRepMax, words: str, unit: str) -> str:
    low, high = load_words(found.low_kg, unit, digits=0), load_words(found.high_kg, unit, digits=0)
    between = _("{least} to {most}", least=low.removesuffix(f" {unit}"), most=high)
    return (
        f"<div><span>{title}</span><strong>{components.escaped(load_words(found.kg, unit, digits=0))}</strong>"
        f"<span>{components.escaped(between)}</span><small>{components.escaped(words)}</small></div>"
    )


def _load_velocity(found: Strength, unit: str) -> alt.LayerChart | alt.FacetChart:
    line = found.line
    assert line is not None
    reach = max(line.heaviest_kg, found.by_velocity.kg if math.isfinite(found.by_velocity.kg) else 0.0)
    ends = [min(line.loads_kg), reach]
    load, velocity = _("Load, {unit}", unit=unit), _("Velocity, m/s")
    points = pd.DataFrame(
        {load: [in_load_unit(each, unit) for each in line.loads_kg], velocity: list(line.velocities_m_per_s)}
    )
    drawn = pd.DataFrame(
        {load: [in_load_unit(each, unit) for each in ends], velocity: [line.velocity_at(each) for each in ends]}
    )
    x = alt.X(f"{load}:Q", scale=alt.Scale(zero=False, padding=14))
    y = alt.Y(f"{velocity}:Q", scale=alt.Scale(zero=True))
    words = _(
        "Load and velocity: {first:.2f} m/s at {light}, {last:.2f} m/s at {heavy}",
        first=line.velocity_at(ends[0]),
        light=load_words(ends[0], unit),
        last=line.velocity_at(ends[1]),
        heavy=load_words(ends[1], unit, digits=0),
    )
    return alt.layer(
        alt.Chart(drawn).mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=y),
        alt.Chart(points)
        .mark_point(size=70, filled=True, color=ACCENT, opacity=1)
        .encode(x=x, y=y, tooltip=[alt.Tooltip(f"{load}:Q", format=".1f"), alt.Tooltip(f"{velocity}:Q", format=".2f")]),
    ).properties(height=190, description=words)


# --- weeks ---------------------------------------------------------------------------------------------------------


def _weeks(weeks: Sequence[Week], unit: str) -> None:
    if len(weeks) < 2:
        return
    known = any(week.tonnage_kg for week in weeks)
    title = _("Estimated tonnage by week, {unit}", unit=unit) if known else _("Reps by week")
    st.html(f'<h2 class="fc-h3">{components.escaped(title)}</h2>')

    def amount_of(week: Week) -> float:
        return in_load_unit(week.tonnage_kg, unit) if known else float(week.reps)

    frame = pd.DataFrame(
        {
            "Week": [_week_words(week.monday) for week in weeks],
            "Amount": [amount_of(week) for week in weeks],
            "Reps": [week.reps for week in weeks],
            "Sets": [week.sets for week in weeks],
        }
    )
    words = f"{title}: " + ", ".join(f"{_week_words(week.monday)} {amount_of(week):,.0f}" for week in weeks[-12:])
    bars = (
        alt.Chart(frame, height=190)
        .mark_bar(color=ACCENT, cornerRadiusEnd=3)
        .encode(
            x=alt.X("Week:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("Amount:Q", title=None),
            tooltip=["Week:N", alt.Tooltip("Amount:Q", format=",.0f"), "Reps:Q", "Sets:Q"],
        )
        .properties(description=words)
    )
    st.altair_chart(bars, width="stretch")
    with st.expander(_("Weeks in numbers")):
        rows = [
            [_week_words(week.monday), f"{in_load_unit(week.tonnage_kg, unit):,.0f}", str(week.reps), str(week.sets)]
            for week in reversed(weeks)
        ]
        st.html(
            components.table(
                title, [_("Week of"), _("Tonnage, {unit}", unit=unit), _("Reps"), _("Sets")], rows, (1, 2, 3)
            )
        )


def _week_words(monday: date) -> str:
    return f"{monday.day} {monday:%b}"
