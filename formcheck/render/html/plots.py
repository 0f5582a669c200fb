"""Plots for report.html as data: paths, marks and places in percent, which the page's template turns into SVG and HTML.

Plots over time are drawn in a box of 1000 x 1000 that the page stretches to its own size; text and strokes are not
stretched with it, so that they stay legible on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH, Verdict, word_of, worst
from formcheck.core.words import N_, WordTable, _, begun, number
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import limit_words
from formcheck.exercises.framework.exercise import TrackedPoint, Words
from formcheck.exercises.shared.back import ROUNDING_FAULT_MARGIN
from formcheck.judging.effective_checks import (
    judged_checks,
    judged_rounding_deg,
    stated_rounding_limits_deg,
)
from formcheck.judging.report import Report, RepReport
from formcheck.judging.set_metrics import RepMotion
from formcheck.motion.runs import runs_of
from formcheck.motion.signals import Signals
from formcheck.render.terminal import clock, degrees, neutral_words, rep_outcome

PLOT_POINTS_MAX = 900
"""More points than this cannot be told apart on a screen."""

PLOT_PAD_DEG = 5.0


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its place in percent of the plot, from the left or from the bottom, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class PlotLine:
    """A line in a plot: SVG path in a 1000 x 1000 box, and its values for the read-out."""

    name: str
    style: str
    path: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Limit:
    """A limit in a plot, or a mark on a bar: its name beside the line, and in words when it is crossed.

    ``path`` is the SVG path of those stretches where it applies.
    """

    at: float
    label: str
    meaning: str
    style: str
    path: str = ""


@dataclass(frozen=True)
class Span:
    """A shaded repetition in a plot over time, in percent of its width."""

    index: int
    left: float
    width: float
    verdict: Verdict


@dataclass(frozen=True)
class TimePlot:
    """Values over time. ``band`` is an SVG path of the uncertainty, empty where there is none."""

    name: str
    title: str
    description: str
    lines: tuple[PlotLine, ...]
    band: str
    limits: tuple[Limit, ...]
    ticks: tuple[Tick, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """One repetition in a bar chart, in percent of the room; ``text`` is its value in words, ``verdict`` what
    colours it: a `Verdict`, or "main" where nothing is judged.
    """

    index: int
    left: float
    width: float
    text: str
    verdict: str


@dataclass(frozen=True)
class BarChart:
    """A value per repetition; ``zero`` is where its zero is, in percent."""

    title: str
    note: str
    bars: tuple[Bar, ...]
    limits: tuple[Limit, ...]
    zero: float


@dataclass(frozen=True)
class Path2d:
    """The way of the hands in one repetition: SVG path, and what to say about it."""

    index: int
    path: str
    words: str


@dataclass(frozen=True)
class PathPlot:
    """Ways of the hands of all repetitions in one box of ``width`` x ``height``; mid-foot is at ``middle``."""

    title: str
    description: str
    width: float
    height: float
    middle: float
    ways: tuple[Path2d, ...]
    shown: int


def time_plots(report: Report) -> tuple[TimePlot, ...]:
    """Back rounding and joint angles over time; only what was measured."""
    signals = report.signals
    if signals is None or len(signals) < 2:
        return ()
    keep = _shown_samples(signals)
    time_s = signals.time_s[keep]
    fault = stated_rounding_limits_deg(report)[1]
    rounding, spread = signals.back_rounding_deg[keep], signals.back_rounding_uncertainty_deg[keep]
    judged = judged_rounding_deg(report)[keep]
    elsewhere = np.where(np.isfinite(judged), np.nan, rounding)
    plots = []
    if np.isfinite(rounding).any():
        low, high = _range([rounding], [0.0, fault + PLOT_PAD_DEG])
        plots.append(
            TimePlot(
                name="back",
                title=_("Back rounding"),
                description=_described(_("Back rounding"), rounding)
                + ("" if np.isfinite(judged).any() else _(" It was not judged.")),
                lines=(
                    _line(_("Back rounding"), "main", time_s, judged, low, high),
                    _line(_("Back rounding, not judged"), "faint", time_s, elsewhere, low, high),
                ),
                band=_band(time_s, judged, spread, low, high),
                limits=_limits_where_judged(report, time_s, np.isfinite(judged), low, high),
                ticks=_ticks(low, high),
                low=low,
                high=high,
            )
        )
    angles = [
        (_("Hip flexion"), "main", signals.hip_flexion_deg[keep]),
        (_("Knee flexion"), "second", signals.knee_flexion_deg[keep]),
        (_("Trunk lean"), "third", signals.trunk_lean_deg[keep]),
    ]
    measured = [each for each in angles if np.isfinite(each[2]).any()]
    if measured:
        low, high = _range([values for _, _, values in measured], [0.0, 90.0])
        plots.append(
            TimePlot(
                name="angles",
                title=_("Joint angles"),
                description=" ".join(_described(name, values) for name, _, values in measured),
                lines=tuple(_line(name, style, time_s, values, low, high) for name, style, values in measured),
                band="",
                limits=(),
                ticks=_ticks(low, high),
                low=low,
                high=high,
            )
        )
    return tuple(plots)


def plot_times(report: Report) -> tuple[float, ...]:
    """Times of the points in `time_plots`, in seconds."""
    if report.signals is None or len(report.signals) < 2:
        return ()
    return tuple(round(float(time_s), 3) for time_s in report.signals.time_s[_shown_samples(report.signals)])


def _shown_samples(signals: Signals) -> NDArray[np.intp]:
    """At most `PLOT_POINTS_MAX` samples, evenly spread."""
    return np.unique(np.linspace(0, len(signals) - 1, min(len(signals), PLOT_POINTS_MAX)).round().astype(np.intp))


def rep_spans(report: Report) -> tuple[Span, ...]:
    """Where the repetitions are in a plot over time."""
    times = plot_times(report)
    if not times or times[-1] <= times[0]:
        return ()
    length = times[-1] - times[0]
    return tuple(
        Span(
            rep.index,
            100.0 * (max(rep.start_s, times[0]) - times[0]) / length,
            100.0 * max(0.0, min(rep.end_s, times[-1]) - max(rep.start_s, times[0])) / length,
            rep_outcome(rep).verdict,
        )
        for rep in report.reps
        if math.isfinite(rep.start_s) and math.isfinite(rep.end_s)
    )


def time_ticks(report: Report) -> tuple[Tick, ...]:
    """Marks on the axis of time."""
    times = plot_times(report)
    if not times or times[-1] <= times[0]:
        return ()
    step = _nice_step((times[-1] - times[0]) / 5.0, (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600))
    first = math.ceil(times[0] / step) * step
    marks = np.arange(first, times[-1] + 1e-6, step)
    return tuple(Tick(_percent(float(at_s), times[0], times[-1]), clock(float(at_s), step < 1)) for at_s in marks)


def bar_charts(report: Report) -> tuple[BarChart, ...]:
    """Back rounding and speed of the ascent, repetition by repetition."""
    charts = []
    fault = stated_rounding_limits_deg(report)[1]
    rounding = [rep.measures.get("back_rounding_deg", math.nan) for rep in report.reps]
    if np.isfinite(rounding).any():
        low, high = _range([np.array(rounding)], [0.0, fault + PLOT_PAD_DEG])
        texts = [degrees(value, signed=True) if math.isfinite(value) else _("not measured") for value in rounding]
        levels = [_verdict_on(rep, "back_rounding_deg", report) for rep in report.reps]
        charts.append(
            BarChart(
                _("Back rounding"),
                _("Against {neutral}; positive is rounded, negative is hollow.", neutral=neutral_words(report)),
                _bars(report.reps, rounding, texts, levels, low, high),
                _rounding_limits(report, low, high),
                _percent(0.0, low, high),
            )
        )
    title, unit, note, speeds = _speeds(report)
    if np.isfinite(speeds).any():
        high = 1.08 * float(np.nanmax(speeds))
        texts = [
            f"{number(value, '.2f')} {unit}".rstrip() if math.isfinite(value) else _("not measured") for value in speeds
        ]
        charts.append(
            BarChart(title, note, _bars(report.reps, speeds, texts, ["main"] * len(speeds), 0.0, high), (), 0.0)
        )
    return tuple(charts)


def _rounding_limits(report: Report, low: float, high: float) -> tuple[Limit, ...]:
    return tuple(
        Limit(_percent(value, low, high), f"{word_of(name)} {value:.0f}°", _limit_words(name, value), name)
        for name, value in zip((WATCH, FAULT), stated_rounding_limits_deg(report), strict=True)
    )


def _limit_words(verdict: Verdict, value_deg: float) -> str:
    return limit_words(verdict, f"{value_deg:.0f}°", fault_margin=ROUNDING_FAULT_MARGIN)


def _limits_where_judged(
    report: Report, time_s: FloatArray, judged: NDArray[np.bool_], low: float, high: float
) -> tuple[Limit, ...]:
    """The limits of back rounding over the phases that were judged by them; none where nothing was."""
    x = 1000.0 * (time_s - time_s[0]) / (time_s[-1] - time_s[0])
    runs = _runs(judged)
    limits = _rounding_limits(report, low, high) if runs else ()
    return tuple(
        replace(limit, path="".join(f"M{x[run][0]:.1f} {y:.1f}H{x[run][-1]:.1f}" for run in runs))
        for limit, y in ((limit, 1000.0 - 10.0 * limit.at) for limit in limits)
    )


PATHS = WordTable({TrackedPoint.HANDS: N_("Path of the hands"), TrackedPoint.SHOULDERS: N_("Path of the shoulders")})


def path_plot(report: Report) -> PathPlot | None:
    """The way of what carries the load, hands or shoulders, from the side; None where it was not measured."""
    ways = _ways(report)
    if not ways:
        return None
    forward = np.concatenate([way[1] for way in ways])
    up = np.concatenate([way[2] for way in ways])
    low = np.array([np.nanmin(forward), np.nanmin(up)])
    high = np.array([np.nanmax(forward), np.nanmax(up)])
    margin = 0.06 * max(high - low)
    low, high = low - margin, high + margin
    # Narrow ways get room beside them, or the picture would be a mere slit.
    wanted = max(high[0] - low[0], 0.55 * (high[1] - low[1]))
    extra = (wanted - (high[0] - low[0])) / 2.0
    low[0], high[0] = low[0] - extra, high[0] + extra
    scale = 1000.0 / (high[1] - low[1])
    level = report.set_level
    worst_rep = None if level is None else level.worst_rep
    shown = worst_rep or max(report.reps, key=_severity).index
    known = {index for index, *_ in ways}
    point = TrackedPoint.HANDS if level is None else level.point
    lift = exercise_named(report.exercise.name)
    return PathPlot(
        title=_("Bar path") if lift is not None and lift.path.is_vertical else PATHS[point],
        description=_("Seen from the side, front to the right. The dashed line is the mid-foot."),
        width=float((high[0] - low[0]) * scale),
        height=1000.0,
        middle=float(np.clip((0.0 - low[0]) * scale, -10, (high[0] - low[0]) * scale + 10)),
        ways=tuple(
            Path2d(index, _path_of((x - low[0]) * scale, (high[1] - y) * scale), words) for index, x, y, words in ways
        ),
        shown=shown if shown in known else ways[0][0],
    )


def _ways(report: Report) -> list[tuple[int, FloatArray, FloatArray, str]]:
    found = []
    lift = exercise_named(report.exercise.name)
    for motion in _motions(report).values():
        path = motion.path
        if path is not None:
            forward, up = path.forward_heights, path.up_heights
            stray = path.peak_deviation_heights
            # Straying from the vertical says nothing about a load that travels on an arc.
            upright = lift is not None and lift.path.is_vertical and math.isfinite(stray)
            words = _("strays {distance} from the vertical", distance=_stray_words(report, motion)) if upright else ""
            found.append((motion.index, forward, up, words))
    if not found and report.signals is not None and report.sagittal_ok:
        signals = report.signals
        for rep in report.reps:
            during = (signals.time_s >= rep.start_s) & (signals.time_s <= rep.end_s)
            found.append((rep.index, signals.hand_forward[during], signals.hand_height[during], ""))
    return [way for way in found if np.isfinite(way[1] + way[2]).sum() > 3]


def _stray_words(report: Report, motion: RepMotion) -> str:
    """How far a path strays, in centimetres where plate or stature tell them, as lifters think in these."""
    assert motion.path is not None
    heights = abs(motion.path.peak_deviation_heights)
    if motion.plate_path is not None and math.isfinite(motion.plate_path.peak_deviation_m):
        return f"{100.0 * abs(motion.plate_path.peak_deviation_m):.0f} cm"
    stature_m = math.nan if report.set_level is None else report.set_level.body_height_m
    return (
        f"{100.0 * heights * stature_m:.0f} cm"
        if math.isfinite(stature_m)
        else _("{heights:.2f} body heights", heights=heights)
    )


def _speeds(report: Report) -> tuple[str, str, str, FloatArray]:
    """Velocity of each repetition where it was measured, else how long its ascent took."""
    motions = _motions(report)
    for name, unit in (("mean_velocity_m_per_s", "m/s"), ("mean_velocity_heights_per_s", _("body heights/s"))):
        values = np.array([getattr(motions.get(rep.index), name, math.nan) for rep in report.reps])
        if np.isfinite(values).any():
            return (
                _("Concentric velocity"),
                "",
                _("Mean of the ascent, in {unit}; slower at the end is fatigue.", unit=unit),
                values,
            )
    seconds = np.array([report.concentric_s(rep) for rep in report.reps])
    lift = exercise_named(report.exercise.name)
    words = Words() if lift is None else lift.words
    return (
        _("Duration of the ascent"),
        "s",
        begun(_("From {start} to {end}.", start=words.concentric_from, end=words.concentric_to)),
        seconds,
    )


def _bars(
    reps: Sequence[RepReport],
    values: Sequence[float] | FloatArray,
    texts: Sequence[str],
    levels: Sequence[str],
    low: float,
    high: float,
) -> tuple[Bar, ...]:
    zero = _percent(0.0, low, high)
    bars = []
    for rep, value, text, level in zip(reps, values, texts, levels, strict=True):
        at = _percent(float(value), low, high) if math.isfinite(value) else zero
        bars.append(Bar(rep.index, min(at, zero), abs(at - zero), text, level))
    return tuple(bars)


def _line(name: str, style: str, time_s: FloatArray, values: FloatArray, low: float, high: float) -> PlotLine:
    x = 1000.0 * (time_s - time_s[0]) / (time_s[-1] - time_s[0])
    y = 1000.0 * (high - np.clip(values, low, high)) / (high - low)
    shown = tuple(None if math.isnan(value) else round(float(value), 1) for value in values)
    return PlotLine(name, style, _path_of(x, y), shown)


def _band(time_s: FloatArray, values: FloatArray, spread: FloatArray, low: float, high: float) -> str:
    """A closed path around each run of values, one standard error to both sides."""
    x = 1000.0 * (time_s - time_s[0]) / (time_s[-1] - time_s[0])
    upper = 1000.0 * (high - np.clip(values + spread, low, high)) / (high - low)
    lower = 1000.0 * (high - np.clip(values - spread, low, high)) / (high - low)
    parts = []
    for run in _runs(np.isfinite(upper) & np.isfinite(lower)):
        there = [f"{a:.0f} {b:.0f}" for a, b in zip(x[run], upper[run], strict=True)]
        back = [f"{a:.0f} {b:.0f}" for a, b in zip(x[run][::-1], lower[run][::-1], strict=True)]
        parts.append("M" + "L".join(there + back) + "Z")
    return "".join(parts)


def _path_of(x: FloatArray, y: FloatArray) -> str:
    """SVG path through the points, broken where one is missing."""
    runs = _runs(np.isfinite(x) & np.isfinite(y))
    points = [[f"{a:.1f} {b:.1f}" for a, b in zip(x[run], y[run], strict=True)] for run in runs]
    return "".join("M" + "L".join(run) for run in points)


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    return [slice(a, b) for a, b in runs_of(known) if b - a >= 2]


def _range(values: Sequence[FloatArray], also: Sequence[float]) -> tuple[float, float]:
    """A range in round tens that holds the values and those that are always shown."""
    known = np.concatenate([each[np.isfinite(each)] for each in values])
    low = min([*also, *np.percentile(known, [0.5])]) if len(known) else min(also)
    high = max([*also, *np.percentile(known, [99.5])]) if len(known) else max(also)
    return 10.0 * math.floor(low / 10.0), 10.0 * math.ceil(high / 10.0)


def _ticks(low: float, high: float) -> tuple[Tick, ...]:
    step = _nice_step((high - low) / 4.0, (10, 20, 30, 45, 60, 90))
    first = math.ceil(low / step) * step
    return tuple(
        Tick(_percent(float(value), low, high), degrees(float(value))) for value in np.arange(first, high + 1e-6, step)
    )


def _nice_step(at_least: float, steps: Iterable[float]) -> float:
    """The first of the steps that is large enough; beyond the last one, a whole number of it."""
    steps = tuple(steps)
    return float(next((step for step in steps if step >= at_least), steps[-1] * math.ceil(at_least / steps[-1])))


def _percent(value: float, low: float, high: float) -> float:
    return round(float(np.clip(100.0 * (value - low) / (high - low), 0.0, 100.0)), 2)


def _described(name: str, values: FloatArray) -> str:
    low, high = np.nanpercentile(values, [1, 99])
    return _("{name} between {low} and {high}.", name=name, low=degrees(float(low)), high=degrees(float(high)))


def _severity(rep: RepReport) -> int:
    return worst(finding.verdict for finding in rep.findings).severity


def _verdict_on(rep: RepReport, measure: str, report: Report) -> Verdict:
    """The verdict on one measure of a repetition."""
    checks = {check.id for check in judged_checks(report) if check.measure.name == measure}
    return next((finding.verdict for finding in rep.findings if finding.check in checks), NOT_MEASURED)


def _motions(report: Report) -> dict[int, RepMotion]:
    """Tempo, velocity and path by the index of the repetition; none where the set as a whole was not measured."""
    return {} if report.set_level is None else {motion.index: motion for motion in report.set_level.reps}
