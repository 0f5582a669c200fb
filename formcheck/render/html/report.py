"""report.html: the report as one page that needs nothing but itself, for phones, desktops and paper.

`key_pictures` takes the two frames that show most from the video, `html_report` makes the page of report and pictures.
Whatever comes from outside (file names, notes) reaches the page only through the template's escaping, and the page's
own policy forbids it to load anything or to run any script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from markupsafe import Markup

from formcheck.core.loads import load_words
from formcheck.core.verdicts import FAULT, GOOD, NOT_JUDGED, NOT_MEASURED, OK, WATCH, DriftVerdict
from formcheck.core.words import N_, WordTable, _, language, number
from formcheck.exercises import column_measures, measure_named, measures
from formcheck.exercises.framework.check import Check, limit_words
from formcheck.exercises.framework.measure import Measure
from formcheck.judging.effective_checks import judged_checks, rounding_limits_sentence
from formcheck.judging.report import Report, RepReport, version
from formcheck.judging.set_metrics import SetLevel
from formcheck.motion.neutral import OWN_REPS
from formcheck.render.html.page import asset, template
from formcheck.render.html.pictures import KeyPicture, key_pictures
from formcheck.render.html.plots import (
    TimePlot,
    bar_charts,
    path_plot,
    plot_times,
    rep_spans,
    time_plots,
    time_ticks,
)
from formcheck.render.terminal import (
    FINDING_WORDS,
    VIEW_WORDS,
    amount,
    clock,
    degrees,
    exercise_title,
    lift_title,
    measured,
    neutral_words,
    rep_outcome,
    short_facts,
)

VERDICT_WORDS = WordTable(
    {GOOD: N_("Good"), WATCH: N_("Worth watching"), FAULT: N_("Fault"), NOT_JUDGED: N_("Not judged")}
)
SYMBOLS = {GOOD: "✓", OK: "✓", WATCH: "!", FAULT: "✕", NOT_JUDGED: "?", NOT_MEASURED: "?"}

NEUTRAL_WORDS = WordTable(
    {
        OWN_REPS: N_("your own, from good reps that you chose"),
        "standing": N_("your own, from standing in this video"),
        "baseline": N_("your own, from another day"),
        "population": N_("that of most lifters: you were not seen standing, so verdicts are softer"),
    }
)
"""Where the neutral back is from that the back was compared with."""

__all__ = ["KeyPicture", "html_report", "key_pictures"]


# --- words ---------------------------------------------------------------------------------------------------------


def facts_of(report: Report, lifter: str) -> list[str]:
    """What was looked at, in a few words each."""
    lift = exercise_title(report.exercise.name, report.variant)
    return [*([lifter] if lifter else []), lift, *short_facts(report)]


def rep_rows(report: Report) -> list[dict[str, Any]]:
    """The table of repetitions: index, time, verdict in a word, what was found, a cell for each of `rep_columns`."""
    return [_rep_row(rep, rep_columns(report)) for rep in report.reps]


def _rep_row(rep: RepReport, columns: Sequence[Measure]) -> dict[str, Any]:
    outcome = rep_outcome(rep)
    found = [_("partial rep")] if rep.partial else []
    found += dict.fromkeys(each.title for each in rep.findings if each.verdict.is_flagged)
    return {
        "index": rep.index,
        "time": clock(rep.start_s, tenths=True),
        "verdict": outcome.verdict,
        "words": outcome.words,
        "found": [*found, outcome.remark] if outcome.remark else found,
        "cells": [measured(rep.measures.get(each.name, math.nan), each) for each in columns],
    }


def rep_columns(report: Report) -> list[Measure]:
    """Measures that the table of repetitions shows: those that were measured in at least one."""
    return [
        each
        for each in column_measures()
        if any(math.isfinite(rep.measures.get(each.name, math.nan)) for rep in report.reps)
    ]


def _all_measures(report: Report) -> list[tuple[str, str, list[str]]]:
    """Title and unit of each measure, and its value in each repetition."""
    names = list(dict.fromkeys(name for rep in report.reps for name in rep.measures))
    rows = []
    for name in names:
        values = [rep.measures.get(name, math.nan) for rep in report.reps]
        if any(math.isfinite(value) for value in values):
            about = measure_named(name)
            unit = about.unit
            # Longer units stand once, behind the title: beside every number they would not fit on a phone or on paper.
            beside, behind = (unit, "") if unit == "deg" else ("", unit)
            cells = [amount(value, beside) if math.isfinite(value) else "–" for value in values]
            rows.append((about.title, behind, cells))
    return rows


def _check_rows(report: Report) -> list[dict[str, str]]:
    checks = {check.id: check for check in judged_checks(report)}
    rows = []
    for finding in report.findings:
        if finding.verdict == NOT_MEASURED:
            continue
        check = checks.get(finding.check)
        rows.append(
            {
                "title": finding.title,
                "verdict": finding.verdict,
                "value": amount(finding.value, finding.unit),
                "where": _("rep {rep}", rep=finding.rep) if finding.rep is not None else "",
                "limits": "" if check is None else _limits(check),
                "why": "" if check is None else check.why,
                "source": ""
                if check is None
                else _("{source}. Confidence: {confidence}.", source=check.source, confidence=check.confidence),
            }
        )
    return rows


def _limits(check: Check) -> str:
    """From which value on it is "watch" and "fault"; what is no more than a hint is never a fault."""
    limits = ((WATCH, check.watch), (FAULT, check.fault))[: 2 if check.worst == FAULT else 1]
    words = [
        limit_words(verdict, _plain(limit, check.unit), check.more_is_worse, check.fault_margin)
        for verdict, limit in limits
    ]
    return "; ".join(words)


def _plain(value: float, unit: str) -> str:
    return degrees(value) if unit == "deg" else number(value, "g").replace("-", "−")


def _set_facts(report: Report) -> list[tuple[str, str]]:
    """The set as a whole in a few lines; only what was measured."""
    facts = []
    if report.load_kg is not None and report.reps:
        whole = sum(not rep.partial for rep in report.reps)
        tonnage = load_words(report.load_kg * whole, report.settings.unit_of_loads)
        facts.append((_("Estimated tonnage"), tonnage))
    return facts if report.set_level is None else facts + _facts_over_the_set(report.set_level)


DRIFT_WORDS = WordTable(
    {
        DriftVerdict.WORSE: N_("worse over the set"),
        DriftVerdict.BETTER: N_("better over the set"),
        DriftVerdict.STEADY: N_("steady"),
    }
)


QUANTITIES = WordTable(
    {
        "back_rounding": N_("Back rounding"),
        "range_of_motion": N_("Range of motion"),
        "concentric_time": N_("Concentric time"),
        "mean_velocity": N_("Mean velocity"),
    }
)
"""What may drift over a set."""


def _facts_over_the_set(level: SetLevel) -> list[tuple[str, str]]:
    facts = []
    if np.isfinite(level.tempo_s).any():
        facts.append((_("Tempo: down, pause, up, pause"), " – ".join(map(_seconds, level.tempo_s)) + " s"))
    if math.isfinite(level.velocity_loss):
        facts.append((_("Velocity loss, last rep"), f"{100 * level.velocity_loss:.0f} %"))
    for drift in level.drifts:
        words = DRIFT_WORDS.get(drift.verdict)
        if words is not None:
            much = f", {drift.change:+.0f} {_(drift.unit)}".replace(" deg", "°").replace("-", "−")
            tells = math.isfinite(drift.change) and drift.verdict != DriftVerdict.STEADY
            facts.append(
                (
                    QUANTITIES.get(drift.quantity, drift.quantity.replace("_", " ").capitalize()),
                    words + (much if tells else ""),
                )
            )
    return facts


def _seconds(value: float) -> str:
    return number(value, ".1f") if math.isfinite(value) else "?"


def _about(report: Report, settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    video = report.video
    exercise = lift_title(report.exercise.name)
    chosen = (
        _("chosen by you")
        if report.exercise.chosen_by == "user"
        else _("recognised, {share:.0%}", share=report.exercise.confidence)
    )
    facts = [
        (
            _("Video"),
            _(
                "{file}, {length}, {width} × {height}, {frames} frames",
                file=video.file,
                length=clock(video.duration_s),
                width=video.width,
                height=video.height,
                frames=video.frames,
            ),
        ),
        (_("Lift"), f"{exercise} ({chosen})"),
        (_("Camera"), f"{VIEW_WORDS.get(report.view.name, _('direction unknown'))}{_yaw(report.view.yaw_deg)}"),
        (
            _("Lifter seen"),
            _(
                "in {frames} frames, quality {quality:.0%}",
                frames=report.tracking.frames_with_pose,
                quality=report.tracking.quality,
            ),
        ),
        (_("Pose model"), report.model or _("unknown")),
        ("FormCheck", version()),
    ]
    if report.back is not None:
        day = f", {report.back.day}" if report.back.day else ""
        facts.append((_("Neutral back"), NEUTRAL_WORDS[report.back.source] + day))
    told = _told(report.settings.to_dict())
    if told:
        facts.append((_("Settings of your own"), told))
    asked = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())
    return facts + ([(_("Asked for"), asked)] if asked else [])


def _told(settings: Any, name: str = "") -> str:
    """Settings in one line, whatever they hold."""
    if isinstance(settings, Mapping):
        return "; ".join(filter(None, (_told(value, f"{name} {key}".strip()) for key, value in settings.items())))
    if isinstance(settings, list | tuple):
        settings = ", ".join(map(str, settings))
    return "" if settings in (None, "") else f"{name.replace('_', ' ')}: {settings}"


def _yaw(yaw_deg: float) -> str:
    return _(", {angle} off", angle=degrees(abs(yaw_deg))) if math.isfinite(yaw_deg) else ""


def _not_judged(report: Report) -> list[tuple[str, str]]:
    found = [(each.title, each.reason) for each in report.findings if each.verdict == NOT_MEASURED]
    if not report.reps:
        found.append((_("The whole set"), _("there was no repetition to judge")))
    return found


# --- the page ------------------------------------------------------------------------------------------------------


def html_report(
    report: Report,
    pictures: Sequence[KeyPicture] = (),
    *,
    lifter: str = "",
    notes: str = "",
    settings: Mapping[str, Any] | None = None,
    day: date | None = None,
) -> str:
    """The whole page as text.

    Parameters
    ----------
    pictures : from `key_pictures`; none where there is no video.
    lifter, notes : as told by the user.
    settings : what the analysis was told, by name.
    day : printed on the page; None = today.
    """
    script = asset("report.js")
    checks, rows = _check_rows(report), rep_rows(report)
    plots = time_plots(report)
    shown = {name for rep in report.reps for name, value in rep.measures.items() if math.isfinite(value)}
    page: str = template("report.html").render(
        report=report,
        lifter=lifter,
        notes=notes.strip(),
        day=(day or date.today()).isoformat(),
        facts=facts_of(report, lifter),
        verdict_words=VERDICT_WORDS,
        finding_words=FINDING_WORDS,
        symbols=SYMBOLS,
        language=language(),
        praise=[_(each) for each in report.praise],
        neutral=neutral_words(report),
        pictures=[(each, base64.b64encode(each.jpeg).decode()) for each in pictures],
        rep_columns=[(each.name, each.column) for each in rep_columns(report)],
        rep_rows=rows,
        anything_found=any(row["found"] for row in rows),
        all_measures=_all_measures(report),
        plots=plots,
        spans=rep_spans(report),
        time_ticks=time_ticks(report),
        plot_data=_plot_data(report, plots),
        bar_charts=bar_charts(report),
        limits_note=rounding_limits_sentence(report),
        path_plot=path_plot(report),
        set_facts=_set_facts(report),
        not_judged=_not_judged(report),
        worth_rows=[row for row in checks if row["verdict"] != OK],
        fine_rows=[row for row in checks if row["verdict"] == OK],
        methods=[(each.title, each.how) for each in measures() if each.name in shown],
        about=_about(report, settings or {}),
        style=Markup(asset("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return page


def _plot_data(report: Report, plots: Sequence[TimePlot]) -> dict[str, Any]:
    """What the page's script needs for the read-outs."""
    return {
        "times": plot_times(report),
        "words": {
            "not_measured": _("not measured"),
            "during": _("{time}, rep {rep}"),
        },
        "reps": [
            {"index": rep.index, "start": rep.start_s, "end": rep.end_s}
            for rep in report.reps
            if math.isfinite(rep.start_s) and math.isfinite(rep.end_s)
        ],
        "plots": [
            {
                "name": plot.name,
                "title": plot.title,
                "low": plot.low,
                "high": plot.high,
                "lines": [{"name": line.name, "values": line.values} for line in plot.lines],
            }
            for plot in plots
        ],
    }
