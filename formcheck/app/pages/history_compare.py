"""Two repetitions side by side or one over the other: of saved sets, one's own best, or the good one of the samples."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from formcheck.app import components
from formcheck.app.pages.history_trend import span
from formcheck.app.pages.saved_set_words import job_of, title_of, when_words
from formcheck.app.references import Reference, reference_of
from formcheck.app.stick_figures import Figure, figure
from formcheck.core.errors import FormCheckError
from formcheck.core.loads import LOAD_UNITS, in_load_unit
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import NOT_MEASURED, ViewName
from formcheck.core.words import N_, _
from formcheck.core.words import number as written
from formcheck.guidance.progress import best_before
from formcheck.judging.phase_alignment import phase_instants
from formcheck.judging.report import Report, RepReport
from formcheck.render.terminal import FINDING_WORDS, VIEW_WORDS, degrees
from formcheck.service.pipeline import AnalysisRequest, judge
from formcheck.storage.history import SavedSet, open_history
from formcheck.storage.history.numbers import SetNumbers
from formcheck.storage.history.records import AnySet
from formcheck.storage.history.store import NOBODY as NO_LIFTER
from formcheck.storage.history.trends import QUANTITIES, Comparison, Quantity, compare, rep_numbers

LEAST_DEG = 10.0
"""Charts of angles span at least that much: less is mostly noise."""

REP_ROWS = (
    (N_("Back rounding"), "rounding_deg", "deg", N_("less is better")),
    (N_("Depth, hips above knees"), "depth_thighs", N_("thigh lengths"), N_("less is deeper")),
    (N_("Ascent"), "concentric_s", "s", ""),
)
"""Title, name and unit of what is compared of two reps, and which way is the better one."""

OTHER, OWN_BEST, SAMPLE = N_("Another set"), N_("Own best rep"), N_("Good lift")


@dataclass(frozen=True)
class _Which:
    """One of the two that are compared, in words."""

    set_of: str
    rep_of: str
    title: str


FIRST = _Which(N_("First set"), N_("First rep"), N_("First set, rep {rep}"))
SECOND = _Which(N_("Second set"), N_("Second rep"), N_("Second set, rep {rep}"))
YOURS = _Which(N_("Your set"), N_("Your rep"), N_("Your set, rep {rep}"))

SIDES = (ViewName.SIDE_LEFT, ViewName.SIDE_RIGHT)
"""Both show the same, as figures are drawn facing right."""

BEST_OF = 500
"""Newest sets among which the best is looked for."""

LONGEST_BESIDE = 3
"""A longer unit stands below the title of its row instead."""


@dataclass(frozen=True)
class _Shown:
    """One of the two reps: where it is from, its instants, its poses with their analysis, and its numbers."""

    title: str
    told: RepReport
    exercise: str
    view: str
    judged: tuple[PoseSequence, Report] | None = None
    saved: SavedSet | None = None
    sample: Reference | None = None

    @property
    def zero_s(self) -> float:
        """Lift-off: what the two are laid over each other by; the bottom where it is not known."""
        return self.told.lift_off_s if math.isfinite(self.told.lift_off_s) else self.told.bottom_s

    def number(self, name: str) -> float:
        """One of `REP_ROWS`; NaN where it was not measured."""
        if self.sample is not None:
            return components.number(getattr(self.sample, name))
        if self.saved is None:
            return math.nan
        each = next((each for each in rep_numbers(self.saved) if each.index == self.told.index), None)
        return math.nan if each is None else float(getattr(each, name))


def show(sets: Sequence[AnySet], unit: str) -> None:
    """Choose two repetitions of these sets (the newest first) and compare them; ``unit`` is that of loads."""
    by_id = {saved.id: saved for saved in sets}
    if not by_id:
        st.markdown(_("A saved set is needed for this."))
        return
    ways = [OTHER, OWN_BEST, SAMPLE] if len(by_id) > 1 else [OWN_BEST, SAMPLE]
    way = (
        st.segmented_control(_("Compare with"), ways, default=ways[0], required=True, format_func=_, key="compare-way")
        or ways[0]
    )
    usual = pair_of(sets) if len(by_id) > 1 else (sets[0], sets[0])
    left, right = st.columns(2, gap="medium")
    with right:
        second = _choose(by_id, usual[1].id, SECOND if way == OTHER else YOURS, 1, unit)
    with left:
        if way == OTHER:
            first = _choose(by_id, usual[0].id, FIRST, 0, unit)
        elif way == OWN_BEST:
            first = None if second is None else _own_best(sets, second)
        else:
            first = None if second is None else _sample(second)
    if first is None or second is None:
        return
    _warn(first, second)
    _side_by_side(first, second)
    st.header(_("These two reps"))
    st.html(reps_table(first, second))
    if first.saved is None or second.saved is None or way != OTHER:
        return
    compared = compare(first.saved, second.saved)
    left, right = st.columns(2, gap="large")
    with left:
        st.header(_("Whole sets"))
        st.html(numbers_table(compared, unit))
    with right:
        st.header(_("Checks"))
        st.html(checks_table(compared))


def pair_of(sets: Sequence[AnySet]) -> tuple[AnySet, AnySet]:
    """The newest set, behind the one before it of the same lifter and lift; behind any other where there is none."""
    second, *others = sets
    alike = [each for each in others if (each.exercise, each.lifter) == (second.exercise, second.lifter)]
    return (alike or others)[0], second


# --- what is compared ----------------------------------------------------------------------------------------------


def _choose(by_id: dict[int, AnySet], usual: int, which: _Which, place: int, unit: str) -> _Shown | None:
    ids = list(by_id)
    number = st.selectbox(
        _(which.set_of),
        ids,
        index=ids.index(usual),
        format_func=lambda each: " · ".join(
            (_("Set {id}", id=each), when_words(by_id[each]), title_of(by_id[each], unit))
        ),
        key=f"compare-{place}",
    )
    with open_history() as history:
        saved = history.set(number)
    reps = [rep.index for rep in saved.report.reps]
    rep = st.selectbox(
        _(which.rep_of), reps, format_func=lambda n: _("Rep {rep}", rep=n), key=f"rep-{place}-{saved.id}"
    )
    _about(saved)
    return _shown(saved, rep or 1, _(which.title, rep=rep or 1))


def _about(saved: SavedSet) -> None:
    summary = components.escaped(_(saved.summary))
    st.html(f'<div class="fc-set">{components.tag(saved.verdict)}<small>{summary}</small></div>')


def _shown(saved: SavedSet, rep: int, title: str) -> _Shown | None:
    told = next((each for each in saved.report.reps if each.index == rep), None)
    if told is None:
        return None
    return _Shown(title, told, saved.exercise, saved.report.view.name, _judged(saved), saved)


def _own_best(sets: Sequence[AnySet], second: _Shown) -> _Shown | None:
    assert second.saved is not None
    with open_history() as history:
        mine = history.summaries(lifter=second.saved.lifter or NO_LIFTER, exercise=second.exercise, limit=BEST_OF)
        found = best_before(mine, second.saved.id)
        saved = None if found is None else history.set(found.id)
    level = None if saved is None else saved.report.set_level
    reps = [] if saved is None else [rep for rep in saved.report.reps if not rep.partial]
    if saved is None or not reps:
        st.markdown(_("There is no other set of this lifter and lift that was judged."))
        return None
    best = None if level is None else level.best_rep
    rep = best or min(reps, key=lambda each: max(finding.verdict.severity for finding in each.findings)).index
    words = _(
        "**Set {id}, rep {rep}**, {when}: of the fewest and smallest faults.",
        id=saved.id,
        rep=rep,
        when=when_words(saved),
    )
    st.markdown(words)
    _about(saved)
    return _shown(saved, rep, _("Own best, set {id}, rep {rep}", id=saved.id, rep=rep))


def _sample(second: _Shown) -> _Shown | None:
    found = reference_of(second.exercise)
    if found is None:
        st.markdown(_("There is no sample of this lift."))
        return None
    st.markdown(
        _(
            "**{lift}, a good rep** of a drawn lifter. Builds differ: compare how the trunk and "
            "hips move, not where each joint is.",
            lift=components.exercise_title(found.exercise),
        )
    )
    return _Shown(_("Good lift, sample"), found.rep, found.exercise, found.view, sample=found)


def _judged(saved: SavedSet) -> tuple[PoseSequence, Report] | None:
    """The poses of a saved set, analysed as it was; None where that cannot be done any more."""
    if not saved.has_poses or saved.exercise not in components.exercise_names():
        return None
    try:
        return _analysed(saved.id, saved.saved_at.isoformat(), job_of(saved))
    except FormCheckError:
        return None


@st.cache_data(show_spinner=False, max_entries=8)
def _analysed(set_id: int, saved_at: str, _job: AnalysisRequest) -> tuple[PoseSequence, Report]:
    """``saved_at`` tells versions of a set apart."""
    with open_history() as history:
        poses = history.poses(set_id)
    return judge(_job, poses)


def _warn(first: _Shown, second: _Shown) -> None:
    """What makes two repetitions hard to compare."""
    for words in warnings(first.exercise, second.exercise, first.view, second.view):
        st.warning(words, icon=":material/warning:")


def warnings(one_lift: str, other_lift: str, one_view: str, other_view: str) -> list[str]:
    """Sentences about lifts and views that differ; the two sides are one view, as figures are turned."""
    found = []
    if one_lift != other_lift:
        lifts = [components.exercise_title(each).lower() for each in (one_lift, other_lift)]
        found.append(
            _(
                "These are different lifts, {one} and {other}: their numbers do not compare.",
                one=lifts[0],
                other=lifts[1],
            )
        )
    if one_view != other_view and not {one_view, other_view} <= set(SIDES):
        views = [VIEW_WORDS.get(ViewName(each), _("from an unknown direction")) for each in (one_view, other_view)]
        found.append(
            _(
                "Filmed {one} and {other}: angles look different from there. Compare films from one direction.",
                one=views[0],
                other=views[1],
            )
        )
    return found


# --- both at once --------------------------------------------------------------------------------------------------


def _side_by_side(first: _Shown, second: _Shown) -> None:
    """Two reps with one slider, side by side or one over the other; and their backs as curves."""
    shown = (first, second)
    with open_history() as history:
        found = [None if each.saved is None else history.video(each.saved.id) for each in shown]
    videos = [str(each) for each in found if each is not None]
    videos = videos if len(videos) == 2 else []
    names = [f"side-{place}" for place in range(len(videos))]
    if videos:
        with st.container(key="side-by-side"):
            for column, name, video, each in zip(st.columns(2), names, videos, shown, strict=True):
                with column, st.container(key=name):
                    st.caption(each.title)
                    st.video(video)
    drawn = [_figure(each) for each in shown]
    figures = [each for each in drawn if each is not None]
    figures = figures if len(figures) == 2 else []
    if not videos and not figures:
        st.caption(
            _("These two cannot be shown side by side: neither the video nor the poses of one of them were kept.")
        )
        return
    # Aligned at lift-off, so that a longer descent does not put them out of step.
    before = max(0.0, min(each.zero_s - each.told.start_s for each in shown))
    after = max(each.told.end_s - each.zero_s for each in shown)
    ones, twos = phase_instants(first.told, second.told)
    data = {
        "players": names,
        "titles": [each.title for each in shown],
        "starts": [each.zero_s - before for each in shown],
        "before": before,
        "length": round(before + after, 2),
        "phases": [list(ones), list(twos)],
        "figures": [
            {"title": each.title, "times": figure.time_s, "moments": [asdict(moment) for moment in figure.moments]}
            for each, figure in zip(shown, figures, strict=False)
        ],
        "box": _around([figure.box for figure in figures]),
    }
    components.component("compare", key="compare", data=data)
    curves = [curve for each in shown if (curve := _curve(each)) is not None]
    if curves:
        st.header(_("Back rounding from lift-off"))
        st.altair_chart(_curves(pd.concat(curves)), width="stretch")


def _figure(shown: _Shown) -> Figure | None:
    if shown.sample is not None:
        return shown.sample.figure
    if shown.judged is None:
        return None
    poses, report = shown.judged
    return figure(poses, report, shown.told.start_s, shown.told.end_s)


def _around(boxes: Sequence[tuple[float, float, float, float]]) -> list[float]:
    """One box for all, so that they are drawn alike."""
    if not boxes:
        return []
    left, top, right, bottom = zip(*boxes, strict=True)
    return [min(left), min(top), max(right), max(bottom)]


def _curve(shown: _Shown) -> pd.DataFrame | None:
    signals = None if shown.judged is None else shown.judged[1].signals  # a sample has none
    if signals is None:
        return None
    here = (signals.time_s >= shown.told.start_s) & (signals.time_s <= shown.told.end_s)
    # The curve of a repetition whose back was not judged says nothing.
    if not signals.back_judged[here].any():
        return None
    rounding_deg = signals.back_rounding_deg[here]
    if not np.isfinite(rounding_deg).any():
        return None
    seconds = signals.time_s[here] - shown.zero_s
    return pd.DataFrame({"Seconds": seconds, "Back rounding": rounding_deg, "Rep": shown.title})


def _curves(frame: pd.DataFrame) -> alt.Chart:
    domain = span(frame["Back rounding"].dropna().tolist(), LEAST_DEG)
    most = frame.groupby("Rep", sort=False)["Back rounding"].agg(["min", "max"])
    words = "; ".join(
        _("{name} from {low} to {high}", name=name, low=degrees(low), high=degrees(high))
        for name, low, high in most.itertuples()
    )
    chart: alt.Chart = (
        alt.Chart(frame, height=240, description=_("Back rounding from lift-off: {words}", words=words))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("Seconds:Q", title=_("Seconds from lift-off")),
            y=alt.Y("Back rounding:Q", title=_("Degrees; positive is rounded"), scale=alt.Scale(domain=domain)),
            color=alt.Color("Rep:N", title=None, legend=alt.Legend(orient="top")),
            strokeDash=alt.StrokeDash("Rep:N", title=None),
        )
    )
    return chart


def reps_table(first: _Shown, second: _Shown) -> str:
    """The numbers of one rep of each, as HTML."""
    rows = []
    for title, name, unit, better in REP_ROWS:
        one, two = first.number(name), second.number(name)
        if math.isfinite(one) or math.isfinite(two):
            signed = unit == "deg"
            cells = [amount(value, unit, signed=signed) for value in (one, two)]
            rows.append(
                [_titled(_(title), _(unit), _(better)), *cells, amount(change_of(one, two, unit), unit, signed=True)]
            )
    head = [_("Measure"), first.title, second.title, _("Change")]
    return components.table(_("These two reps"), head, rows, (1, 2, 3))


def numbers_table(compared: Comparison, load_unit: str = LOAD_UNITS[0]) -> str:
    """Numbers of two sets with their difference, as HTML."""
    rows = []
    for quantity in QUANTITIES:
        one, two = (_of(numbers, quantity.name) for numbers in compared.numbers)
        unit = quantity.unit
        if unit == "kg":
            one, two, unit = in_load_unit(one, load_unit), in_load_unit(two, load_unit), load_unit
        if not (math.isfinite(one) or math.isfinite(two)):
            continue
        change = change_of(one, two, unit)
        words = amount(change, unit, signed=True) if math.isfinite(change) else ""
        # What does not show in the number is neither better nor worse.
        words = f"{words} {_(compared.judged(quantity))}".rstrip() if re.search(r"[1-9]", words) else ""
        rows.append(
            [_titled(_(quantity.title), _(unit), _better(quantity)), amount(one, unit), amount(two, unit), words]
        )
    return components.table(_("Whole sets"), [_("Measure"), _("First"), _("Second"), _("Change")], rows, (1, 2, 3))


def _titled(title: str, unit: str, better: str = "") -> str:
    """The title of a row with which way is better, and with a unit too long to stand beside its numbers, as HTML."""
    below = ", ".join(filter(None, [unit if len(unit) > LONGEST_BESIDE else "", better]))
    return components.escaped(title) + (f"<br><small>{components.escaped(below)}</small>" if below else "")


def _better(quantity: Quantity) -> str:
    if quantity.more_is_better is None:
        return ""
    return _("more is better") if quantity.more_is_better else _("less is better")


def change_of(one: float, two: float, unit: str) -> float:
    """How much the second number is more than the first, as both are shown: 11 and 13 differ by 2."""
    if not math.isfinite(two - one):
        return math.nan
    digits = digits_of(unit)
    return round(round(two, digits) - round(one, digits), digits)


def digits_of(unit: str) -> int:
    """Digits after the point that are shown."""
    return {"": 0, "%": 0, "deg": 0, "kg": 1, "lb": 1}.get(unit, 2)


def checks_table(compared: Comparison) -> str:
    """Verdicts of two sets, as HTML; checks that neither could judge are left out."""
    rows = [
        [
            components.escaped(check.title),
            *(components.tag(verdict, FINDING_WORDS[verdict]) for verdict in check.verdicts),
        ]
        for check in compared.checks
        if set(check.verdicts) != {NOT_MEASURED}
    ]
    return components.table(_("Checks"), [_("Check"), _("First"), _("Second")], rows, kind="checks")


def _of(numbers: SetNumbers, name: str) -> float:
    return float(getattr(numbers, name))


def amount(value: float, unit: str, signed: bool = False) -> str:
    """A number with its unit, rounded to what can be told apart; "–" for NaN."""
    if unit == "deg":
        return degrees(value, signed=signed)
    if not math.isfinite(value):
        return "–"
    digits = digits_of(unit)
    rounded = round(value, digits) + 0.0  # without the sign of -0
    words = written(rounded, f"{'+' if signed and rounded else ''}.{digits}f")
    if digits == 1:
        words = words.removesuffix(".0").removesuffix(",0")
    beside = f" {unit}" if unit and len(unit) <= LONGEST_BESIDE else ""
    return f"{words.replace('-', '−')}{beside}"
