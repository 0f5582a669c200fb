"""Pieces that pages share: verdicts, the list of findings beside a video, words and numbers."""

from __future__ import annotations

import functools
import html
import math
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, ParamSpec

import streamlit as st

from formcheck.app.sharing import is_shared
from formcheck.core import loads
from formcheck.core.errors import FormCheckError
from formcheck.core.verdicts import FAULT, FLAGGED, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.core.words import N_, _, ngettext
from formcheck.exercises import EXERCISES, column_measures
from formcheck.exercises.framework.check import Finding, limit_words
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.shared.back import ROUNDING_FAULT_MARGIN
from formcheck.judging.effective_checks import stated_rounding_limits_deg
from formcheck.judging.report import Report, RepReport
from formcheck.judging.settings import DEFAULTS, Settings
from formcheck.render.html.report import SYMBOLS, VERDICT_WORDS
from formcheck.render.terminal import (
    FINDING_WORDS,
    VIEW_WORDS,
    amount,
    clock,
    degrees,
    finding_limit,
    measured,
    rep_outcome,
)
from formcheck.render.terminal import exercise_title as exercise_title
from formcheck.storage.access import accounts_needed
from formcheck.storage.settings_files import load_settings

RECOGNISE_IT = N_("Recognise it")
"""The choice "auto" in words, for a lift and for a variant."""

GO = "go"
"""In the session state: the address of the page to show next."""


Told = ParamSpec("Told")


def guarded(show: Callable[Told, None]) -> Callable[Told, None]:
    """A page, or a part of one, with errors raised on purpose as one line instead of a traceback.

    Parts that are drawn by themselves, such as dialogs and fragments, need it as pages do.
    """

    @functools.wraps(show)
    def shown(*told: Told.args, **named: Told.kwargs) -> None:
        try:
            show(*told, **named)
        except FormCheckError as error:
            st.error(plain(str(error)), icon=":material/error:")

    return shown


def here() -> str:
    """Where everything stays, in words."""
    if is_shared():
        return _("your computer")
    return _("this server") if accounts_needed() else _("this computer")


def usable_settings(presets: Sequence[str] = ()) -> Settings:
    """The user's settings with these presets; as FormCheck comes where they cannot be used, which `main` tells of."""
    try:
        return load_settings(presets=presets)
    except FormCheckError:
        return DEFAULTS


def redrawn(draw: Callable[[], None], every_s: float | None) -> None:
    """A part of the page that is drawn again by itself every so often, with None only as the page is.

    It has a container of its own. Where a run of the page meets the part's own timer, Streamlit can take the part away
    and put it back over what follows: with nothing beside it, nothing is lost.
    """
    with st.container():
        st.fragment(guarded(draw), run_every=every_s)()


def asset_path(name: str) -> str:
    """Path of a file that comes with the app."""
    return str(Path(__file__).parent / "assets" / name)


@functools.cache
def asset(name: str) -> str:
    """Text of a file that comes with the app."""
    return resources.files("formcheck.app").joinpath("assets", name).read_text(encoding="utf-8")


def plain(text: str) -> str:
    """Text from outside for Streamlit's Markdown, shown as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()<>#+-.!|~$:^=" else letter for letter in text)


def title_of_page(title: str) -> None:
    """What the browser calls this page, in its tab and its list of bookmarks."""
    st.set_page_config(page_title=f"{title} · FormCheck")


def escaped(text: object) -> str:
    """Text from outside for HTML."""
    return html.escape(str(text))


def number(value: float | None) -> float:
    """A number of a report, NaN where it is missing."""
    return math.nan if value is None else float(value)


# --- words ---------------------------------------------------------------------------------------------------------


def exercise_names() -> list[str]:
    """Names of all lifts."""
    return [lift.name for lift in EXERCISES]


def lift_choice(key: str, tip: str | None = None) -> str:
    """Which lift it is, "auto" to have it recognised."""
    titles = {"auto": _(RECOGNISE_IT)} | {lift.name: lift.short_title for lift in EXERCISES}
    # In the state, where a guess may have been put before: a default beside it would be one value too many.
    if key not in st.session_state:
        st.session_state[key] = "auto"
    chosen: str | None = st.segmented_control(
        _("Lift"),
        list(titles),
        required=True,
        format_func=titles.__getitem__,
        key=key,
        help=tip,
        persist_state="session",
    )
    return chosen or "auto"


def load_field(place: Any, label: str, unit: str, key: str, *, lowest: float = 0.0, **more: Any) -> float | None:
    """A box for a load in that unit, in steps of what can be loaded; None while it is empty.

    ``more`` goes to Streamlit's `number_input`.
    """
    highest = float(math.floor(loads.in_load_unit(loads.HEAVIEST_LOAD_KG, unit)))
    step = round(loads.in_load_unit(loads.LOAD_STEPS_KG[unit], unit), 3)
    load: float | None = place.number_input(label, lowest, highest, None, step, key=key, **more)
    return load


def load_words(load_kg: float | None, unit: str) -> str:
    """A load as people of that unit write it, "" when there is none."""
    return "" if load_kg is None or not math.isfinite(load_kg) else loads.load_words(load_kg, unit)


def kilograms(load: float, unit: str) -> float:
    """A load that was typed in that unit, to the gram."""
    return round(load * (loads.KG_PER_LB if unit == "lb" else 1.0), 3)


def tag(verdict: Verdict, words: str = "") -> str:
    """A verdict in colour, symbol and words, as HTML."""
    words = words or VERDICT_WORDS.get(verdict) or FINDING_WORDS[verdict]
    symbol = SYMBOLS[verdict]
    return f'<span class="fc-tag {escaped(verdict)}"><span aria-hidden="true">{symbol}</span> {escaped(words)}</span>'


def facts(report: Report, lifter: str | None, unit: str) -> list[str]:
    """What was looked at, in a few words each."""
    reps, view = len(report.reps), report.view.name
    found = [
        exercise_title(report.exercise.name, report.variant),
        ngettext("{n} rep", "{n} reps", reps) if reps else "",
        load_words(report.load_kg, unit),
        lifter or "",
        _("filmed {view}", view=VIEW_WORDS[view]) if view in VIEW_WORDS else "",
        report.video.file,
    ]
    return [each for each in found if each]


def hero(report: Report, lifter: str | None, unit: str) -> str:
    """Verdict and cue, as HTML."""
    verdict = report.verdict
    kicker = "".join(f"<span>{escaped(each)}</span>" for each in facts(report, lifter, unit))
    advice = [escaped(_(each)) for each in report.advice]
    more = "".join(f"<li>{each}</li>" for each in advice[1:])
    # Sets that were saved by an older version have neither praise nor a word about the load.
    load = escaped(report.load_advice)
    cue = (
        f'<div class="fc-cue"><strong>{escaped(_("Try next"))}</strong><p>{advice[0]}</p>'
        + (f'<ol start="2">{more}</ol>' if more else "")
        + (f'<p class="fc-load">{load}</p>' if load else "")
        + "</div>"
        if advice
        else ""
    )
    good = "".join(f"<li>✓ {escaped(_(each))}</li>" for each in report.praise)
    went_well, verdict_label = escaped(_("What went well")), escaped(_("Verdict"))
    praise = f'<ul class="fc-praise" aria-label="{went_well}">{good}</ul>' if good else ""
    return (
        f'<section class="fc-hero {escaped(verdict)}" aria-label="{verdict_label}">'
        f'<div class="fc-facts">{kicker}</div>'
        f"{tag(verdict)}<h2>{escaped(report.summary)}</h2>{cue}{praise}</section>"
    )


def table(
    label: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (), kind: str = ""
) -> str:
    """A table as HTML; cells are HTML already, ``numbers`` are the columns of numbers, ``kind`` is for the style.

    The roles are those that the elements have anyway, but lose where the style lays them out again for a phone.
    """

    def cell(place: int, text: str, name: str, role: str) -> str:
        kind = ' class="number"' if place in numbers else ""
        return f'<{name} role="{role}"{kind}>{text}</{name}>'

    top = "".join(cell(place, escaped(text), "th", "columnheader") for place, text in enumerate(head))
    lines = [
        cell(0, row[0], "th", "rowheader") + "".join(cell(n, text, "td", "cell") for n, text in enumerate(row[1:], 1))
        for row in rows
    ]
    body = "".join(f'<tr role="row">{line}</tr>' for line in lines)
    return (
        f'<div class="fc-scroll" tabindex="0" role="region" aria-label="{escaped(label)}">'
        f'<table class="fc {kind}" role="table" aria-label="{escaped(label)}">'
        f'<thead role="rowgroup"><tr role="row">{top}</tr></thead><tbody role="rowgroup">{body}</tbody></table></div>'
    )


SCRIPT_WORDS = {
    "compare": (
        N_("Lay over each other"),
        N_("Play both"),
        N_("Both reps"),
        N_("Pause"),
        N_("Back {words}"),
        N_("{title}: stick figure with the line of the back"),
    ),
    "reel": (
        N_("Annotated video of the set"),
        N_("Speed {speed}"),
        N_("One frame back"),
        N_("One frame on"),
        N_("‹ Frame"),
        N_("Frame ›"),
        N_("Loop rep"),
        N_("Overlay"),
        N_("Loading …"),
        N_("Watching"),
        N_("Keys: , and . step"),
        N_("< and > speed"),
        N_("L loops the rep"),
        N_("O overlay"),
        N_("Reps along the video"),
        N_("Rep {index}, {words}: play from there"),
        N_("Line along the back"),
        N_("What to look at"),
        N_("Rep"),
        N_("Start"),
        N_("Verdict"),
        N_("Found"),
        N_("Go to rep {index} at {time}"),
        N_("Reps"),
        N_("Rep by rep"),
    ),
}
"""What the scripts of parts of a page say, by part: they get it in the language of the reader."""


def drawing(name: str) -> None:
    """A drawing that comes with the app, in the colours of the theme."""
    style = "<style>svg{width:100%;max-width:24rem;display:block;margin:auto;color:var(--st-text-color)}</style>"
    st.components.v2.component(f"formcheck_{name.partition('.')[0]}", html=style + asset(name))(key=f"drawing-{name}")


def component(name: str, key: str, data: Mapping[str, Any], **states: Any) -> Any:
    """A part of a page that ``name``.js builds with `make` from ``data`` and ``name``.css styles.

    ``states`` are what it may set, each ``on_NAME_change`` with what is then called; the result has them by name.
    """
    css, js = asset(f"{name}.css"), asset("dom.js") + asset(f"{name}.js")
    part = st.components.v2.component(f"formcheck_{name}", html='<div class="root"></div>', css=css, js=js)
    words = {each: _(each) for each in SCRIPT_WORDS.get(name, ())}
    return part(key=key, data={**data, "said": words}, **states)


def invisible_component(name: str, key: str, data: Mapping[str, Any]) -> None:
    """Something that ``name``.js does with ``data``; it shows nothing and takes no room."""
    with st.container(key=f"behind-{key}"):
        part = st.components.v2.component(f"formcheck_{name}", html='<div class="root"></div>', js=asset(f"{name}.js"))
        part(key=key, data=data)


def page(text: str, title: str, key: str) -> None:
    """A whole HTML page of FormCheck's own inside this one, in its full height."""
    frame = '<iframe style="width:100%;height:40rem;border:0;display:block"></iframe>'
    part = st.components.v2.component("formcheck_page", html=frame, js=asset("page.js"))
    part(key=key, data={"page": text, "title": title})


# --- findings and reps beside the video ----------------------------------------------------------------------------


def reel(report: Report, player: str, can_seek: bool, key: str, *, can_bare: bool = False) -> bool:
    """Findings and reps; a click on one goes there in the video inside the container with the key ``player``.

    With ``can_bare`` the overlay can be switched off. Returns whether somebody wants that: from then on the page holds
    the video as it was filmed in a container with the key ``{player}-bare``, out of sight.
    """
    data = reel_data(report, player, can_seek) | {"bare": f"{player}-bare" if can_bare else ""}
    return bool(getattr(component("reel", key, data, on_bare_change=lambda: None), "bare", False))


def reel_data(report: Report, player: str, can_seek: bool) -> dict[str, Any]:
    """What the list of findings and reps shows, all of it plain text and numbers."""
    reps = report.reps
    columns = [
        each for each in column_measures() if any(math.isfinite(rep.measures.get(each.name, math.nan)) for rep in reps)
    ]
    return {
        "player": player,
        "can_seek": can_seek,
        "duration": max(report.video.duration_s, 0.1) if math.isfinite(report.video.duration_s) else 0.1,
        "frames_per_s": frames_per_s(report),
        "legend": legend(report),
        "columns": [each.column for each in columns],
        "findings": [_finding(each) for each in worth_knowing(report.findings)],
        "reps": [_rep(rep, columns) for rep in reps],
    }


def legend(report: Report) -> list[dict[str, str]]:
    """What the colours of the line along the back mean, for the overlay's own legend is small on a phone."""
    watch, fault = stated_rounding_limits_deg(report)
    words = {
        OK: _("neutral"),
        WATCH: limit_words(WATCH, degrees(watch)),
        FAULT: limit_words(FAULT, degrees(fault), fault_margin=ROUNDING_FAULT_MARGIN),
        NOT_MEASURED: _("not judged"),
    }
    judged = any(math.isfinite(rep.measures.get("back_rounding_deg", math.nan)) for rep in report.reps)
    return [{"verdict": verdict, "words": each} for verdict, each in words.items()] if judged else []


def frames_per_s(report: Report) -> float:
    """How many frames of the video are a second, on average; 30 where that is not known."""
    video = report.video
    return video.frames / video.duration_s if video.frames > 0 and video.duration_s > 0 else 30.0


def worth_knowing(findings: Sequence[Finding]) -> list[Finding]:
    """Faults, then what is to be watched."""
    return [each for verdict in FLAGGED for each in findings if each.verdict == verdict]


def _finding(finding: Finding) -> dict[str, Any]:
    at_s, value, unit = finding.at_s, finding.value, finding.unit
    where = _(" in rep {rep}", rep=finding.rep) if finding.rep is not None else ""
    much = f"{amount(value, unit)}{where}; {finding_limit(finding)}"
    return {
        "verdict": finding.verdict,
        "tag": f"{SYMBOLS[finding.verdict]} {FINDING_WORDS[finding.verdict]}",
        "title": finding.title,
        "words": much if math.isfinite(value) else "",
        "at": known(at_s),
        "at_words": clock(at_s, tenths=True) if math.isfinite(at_s) else "",
    }


def _rep(rep: RepReport, columns: Sequence[Measure]) -> dict[str, Any]:
    outcome = rep_outcome(rep)
    found = [each.title for each in worth_knowing(rep.findings)] + ([_("partial rep")] if rep.partial else [])
    found += [outcome.remark] if outcome.remark else []
    return {
        "index": rep.index,
        "start": known(rep.start_s),
        "end": known(rep.end_s),
        "at_words": clock(rep.start_s, tenths=True),
        "verdict": outcome.verdict,
        "words": f"{SYMBOLS[outcome.verdict]} {outcome.words}",
        "found": " · ".join(dict.fromkeys(found)),
        "cells": [measured(rep.measures.get(each.name, math.nan), each) for each in columns],
    }


def known(value: float) -> float | None:
    """The value for JSON, None for NaN."""
    return value if math.isfinite(value) else None
