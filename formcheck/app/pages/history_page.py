"""History: saved sets, how they go over time, two of them side by side, and all of it as a file."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from formcheck.app import components
from formcheck.app.downloads import FILE_NAME, export_link
from formcheck.app.session import Session, session
from formcheck.app.stick_figures import Figure, figure
from formcheck.core.errors import FormCheckError, HistoryError, UsageError
from formcheck.core.loads import LOAD_UNITS, in_load_unit
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import NOT_MEASURED, VariantSource
from formcheck.exercises import EXERCISES
from formcheck.guidance.texts import text
from formcheck.judging.report import Report, RepReport
from formcheck.judging.settings import Settings
from formcheck.render.html.report import FINDING_WORDS
from formcheck.render.terminal import degrees
from formcheck.service.own_neutral import use_as_neutral
from formcheck.service.pipeline import AnalysisRequest, judge
from formcheck.storage.access import accounts_needed
from formcheck.storage.history import History, SavedSet, SetSummary, import_history, open_history
from formcheck.storage.history.numbers import SetNumbers
from formcheck.storage.history.records import LONGEST_NOTES, AnySet, clock_words, day_words
from formcheck.storage.history.store import NOBODY as NO_LIFTER
from formcheck.storage.history.trends import QUANTITIES, Comparison, compare, rep_numbers, sessions, trend
from formcheck.storage.pose_files import save_poses
from formcheck.storage.report_folder import POSES_NPZ
from formcheck.storage.settings_files import list_presets, settings_toml

# No name of a lifter has such a space, so nobody can be called like one of these.
EVERYBODY, NOBODY = "All\N{NO-BREAK SPACE}lifters", text("page.train.nobody")
ALL_LIFTS = "All lifts"
SETS_AT_ONCE = 20
COMPARED = 200
"""Sets to choose two from: thousands would be sent to the browser twice at every click."""

LEAST_DEG = 10.0
"""Charts of angles span at least that much: less is mostly noise."""

TRENDS = (
    ("rounding_deg", "Back rounding", "degrees against your own neutral, typical rep", LEAST_DEG),
    ("depth_thighs", "Depth", "hips above knees in thigh lengths; lower is deeper", 0.2),
    ("velocity_heights_per_s", "Concentric velocity", "body heights a second", 0.1),
    ("tonnage_kg", "Estimated tonnage", "load times reps", 100.0),
)
"""Number of a session, its title, what it is, and the least that its chart spans: less than that is noise."""


REP_ROWS = (
    ("Back rounding", "rounding_deg", "deg"),
    ("Depth, hips above knees", "depth_thighs", "thigh lengths"),
    ("Ascent", "concentric_s", "s"),
)
"""Title, name and unit of what is compared of two reps."""

LONGEST_BESIDE = 3
"""A longer unit stands below the title of its row instead."""


@dataclass(frozen=True)
class Chosen:
    """Which sets are shown: of whom (None = everybody, `NO_LIFTER` = nobody) and of which lift (None = all)."""

    lifter: str | None
    exercise: str | None
    kinds: tuple[tuple[str | None, str], ...]

    def summaries(self, history: History, limit: int | None = None) -> tuple[SetSummary, ...]:
        """The sets in short, the newest first."""
        return history.summaries(lifter=self.lifter, exercise=self.exercise, limit=limit)

    def count(self, history: History) -> int:
        """How many there are."""
        return history.count(lifter=self.lifter, exercise=self.exercise)


def show() -> None:
    """The page."""
    st.title("History")
    with open_history() as history:
        kinds = history.kinds()
        lifters = [lifter.name for lifter in history.lifters()]
    if not kinds:
        st.html(f'<p class="fc-lead">Sets that you check are kept here, on {components.here()} only.</p>')
        _backup()
        return
    left, right, _ = st.columns([1, 1, 2])
    nobody = [NOBODY] if any(name is None for name, _ in kinds) else []
    who: str = left.selectbox("Lifter", [EVERYBODY, *lifters, *nobody], key="who")
    here = {exercise for _, exercise in kinds}
    names = [name for name in components.exercise_names() if name in here]
    lift: str = right.selectbox("Lift", [ALL_LIFTS, *names], format_func=components.exercise_title, key="which")
    lifter = None if who == EVERYBODY else NO_LIFTER if who == NOBODY else who
    exercise = None if lift == ALL_LIFTS else lift
    wanted = tuple(
        (name, each)
        for name, each in kinds
        if who == EVERYBODY or (name or NOBODY).casefold() == who.casefold()
        if exercise in (None, each)
    )
    chosen = Chosen(lifter, exercise, wanted)
    first, second, third, fourth = st.tabs(["Sets", "Trend", "Compare", "Backup"])
    with first:
        components.guarded(_sets)(chosen)
    with second:
        components.guarded(_trends)(chosen)
    with third:
        components.guarded(_compare)(chosen)
    with fourth:
        components.guarded(_backup)()


# --- sets ----------------------------------------------------------------------------------------------------------


def _sets(chosen: Chosen) -> None:
    unit = components.usable_settings().unit_of_loads
    shown = st.session_state.get("sets-shown", SETS_AT_ONCE)
    with open_history() as history:
        sets, count = chosen.summaries(history, limit=shown), chosen.count(history)
    for saved in sets:
        with st.container(border=True, key=f"card-set-{saved.id}"):
            _set(saved, unit)
    if count > shown and st.button(f"Show more of {count:,}"):
        st.session_state["sets-shown"] = shown + SETS_AT_ONCE
        st.rerun()
    if not sets:
        st.markdown("No saved set matches.")


def _set(saved: SetSummary, unit: str) -> None:
    st.html(
        f'<div class="fc-set">{components.tag(saved.verdict)}'
        f"<strong>{components.escaped(title_of(saved, unit))}</strong>"
        f"<small>{components.escaped(about(saved))}</small></div>"
        f'<p class="fc-small" style="margin:.4rem 0 0">{components.escaped(saved.summary)}</p>'
    )
    if saved.damage:
        st.caption(f"Damaged ({', '.join(saved.damage)}): formcheck history repair saves what can be read.")
    with st.container(horizontal=True, gap="small"):
        # With their numbers, or every card would have buttons of the same names.
        tip = "Rep by rep, video, notes"
        if st.button(f"Open set {saved.id}", key=f"open-{saved.id}", icon=":material/open_in_full:", help=tip):
            _details(saved.id)
        with st.popover(f"Delete set {saved.id}", icon=":material/delete:", key=f"pop-{saved.id}"):
            st.markdown("Report, poses and kept video are deleted for good.")
            if st.button("Delete for good", type="primary", key=f"delete-{saved.id}"):
                with open_history() as history:
                    history.delete_set(saved.id)
                st.rerun()


def title_of(saved: AnySet, unit: str = LOAD_UNITS[0]) -> str:
    """Lift, load and reps of a set."""
    reps = saved.rep_count
    words = [
        components.exercise_title(saved.exercise, saved.variant),
        components.load_words(saved.load_kg, unit),
        f"{reps} {'rep' if reps == 1 else 'reps'}",
    ]
    return " · ".join(filter(None, words))


def about(saved: AnySet) -> str:
    """Time, lifter and file of a set."""
    return " · ".join(filter(None, [when_words(saved), saved.lifter or "", saved.video_file]))


def when_words(saved: AnySet) -> str:
    """Day and time of a set; midnight stands for a day whose time nobody told."""
    day, clock = day_words(saved.when), clock_words(saved.when)
    return day if clock in ("00:00", "–") else f"{day} {clock}"


@st.dialog("Saved set", width="large")
@components.guarded
def _details(set_id: int) -> None:
    unit = components.usable_settings().unit_of_loads
    with open_history() as history:
        saved, video = history.set(set_id), history.video(set_id)
        names = [lifter.name for lifter in history.lifters()]
    st.html(f'<p class="fc-small">{components.escaped(f"Set {saved.id} · {about(saved)}")}</p>')
    st.html(components.hero(saved.report, saved.lifter, unit))
    player = f"kept-{saved.id}"
    if video is not None:
        with st.container(key=player):
            st.video(str(video))
    components.reel(saved.report, player, video is not None, key=f"reel-{player}")
    with st.expander("Lifter and notes"):
        lifter = st.selectbox(
            "Lifter",
            names,
            index=names.index(saved.lifter) if saved.lifter in names else None,
            accept_new_options=True,
            placeholder="Name",
        )
        notes = st.text_area("Notes", saved.notes, max_chars=LONGEST_NOTES)
        if st.button("Save changes"):
            with open_history() as history:
                history.change_set(set_id, lifter=lifter or None, notes=notes)
            st.rerun()
    if saved.has_poses and saved.report.reps:
        _offer_neutral(saved)
    if saved.has_poses and st.button("Plots and judge again", icon=":material/insights:", type="primary"):
        open_again(saved, session())
        st.session_state[components.GO] = "check"
        st.rerun()


def _offer_neutral(saved: SavedSet) -> None:
    """Make this set what its lifter's back is compared with."""
    about = "Good reps are a better zero than standing. From then on, this lift is compared with them."
    if st.button("Use as my neutral", icon=":material/accessibility:", help=about, key=f"neutral-{saved.id}"):
        try:
            with open_history() as history:
                kept, lift, _ = use_as_neutral(history, saved.id)
        except UsageError as error:
            st.warning(components.plain(str(error)))
            return
        noun = components.exercise_title(lift).lower()
        st.success(f"Kept. From now on every {noun} of {components.plain(kept.name)} is compared with this back.")


def open_again(saved: SavedSet, mine: Session) -> None:
    """Judge the saved poses again, to be shown on the first page."""
    folder = mine.new_folder()
    folder.mkdir()
    with open_history() as history:
        save_poses(history.poses(saved.id), folder / POSES_NPZ)
    mine.start([replace(job_of(saved), folder=str(mine.new_folder()), poses=str(folder / POSES_NPZ))])


def job_of(saved: SavedSet) -> AnalysisRequest:
    """The analysis of a saved set as it was asked for, without folder and poses."""
    start_s, end_s = (components.number(saved.settings.get(name)) for name in ("start_s", "end_s"))
    return AnalysisRequest(
        title=saved.video_file,
        exercise=saved.exercise if saved.exercise in components.exercise_names() else "auto",
        variant=saved.variant if saved.report.variant_source == VariantSource.CHOSEN else "auto",
        load_kg=saved.load_kg,
        lifter=saved.lifter,
        notes=saved.notes,
        start_s=start_s if math.isfinite(start_s) else None,
        end_s=end_s if math.isfinite(end_s) else None,
        person=str(saved.settings.get("person", "auto")),
        slow_motion=saved.report.slow_motion,
        settings_toml=settings_toml(known_settings(saved.report.settings)),
        presets=known_presets(saved.report.settings),
        set_id=saved.id,
    )


def known_settings(judged_by: Settings) -> Settings:
    """The settings that a report was judged by, without presets and without what this version does not know."""
    lifts = {lift.name: lift for lift in EXERCISES}
    checks = {f"{lift.name}/{check.id}" for lift in EXERCISES for check in lift.checks}
    return replace(
        judged_by,
        presets=(),
        load_unit=judged_by.load_unit if judged_by.load_unit in LOAD_UNITS else None,
        variants={
            name: variant
            for name, variant in judged_by.variants.items()
            if name in lifts and lifts[name].variant_named(variant) is not None
        },
        checks={key: override for key, override in judged_by.checks.items() if key in checks},
    )


def known_presets(judged_by: Settings) -> tuple[str, ...]:
    """The presets that a report was judged by, as far as they are still here."""
    here = {preset.name for preset in list_presets()}
    return tuple(name for name in judged_by.presets if name in here)


# --- trend ---------------------------------------------------------------------------------------------------------


def _trends(chosen: Chosen) -> None:
    if len(chosen.kinds) > 1:
        st.markdown("Choose one lifter and one lift above: different ones do not make a trend.")
        return
    with open_history() as history:
        course = sessions(chosen.summaries(history))
    if len({each.day for each in course}) < 2:
        st.markdown("From the second day on, your trend appears here.")
        return
    unit = components.usable_settings().unit_of_loads
    left, right = st.columns(2, gap="large")
    drawn = 0
    for name, title, words, least in TRENDS:
        found = trend(course, name)
        if len(found.points) < 2:
            continue
        points, per_week = found.points, found.per_week
        if name.endswith("_kg"):
            points = tuple((day, in_load_unit(value, unit)) for day, value in points)
            per_week, words = in_load_unit(per_week, unit), f"{words}, {unit}"
        known = math.isfinite(per_week) and abs(per_week) > 1e-6
        pace = f", {per_week:+.2g} a week" if known else ""
        first, last = points[0][1], points[-1][1]
        with (left, right)[drawn % 2]:
            st.markdown(f"**{title}**  \n:small[{words}: {first:.3g} → {last:.3g}{pace}]".replace("-", "−"))
            st.altair_chart(_course(points, least), width="stretch")
        drawn += 1


def span(values: Sequence[float], least: float) -> tuple[float, float]:
    """From where to where a chart of these values goes: they are in the middle of at least that much."""
    low, high = min(values), max(values)
    more = max(0.0, least - (high - low)) / 2.0
    return low - more, high + more


def _course(points: Sequence[tuple[date, float]], least: float) -> alt.Chart:
    domain = span([value for _, value in points], least)
    frame = pd.DataFrame({"Day": [pd.Timestamp(day) for day, _ in points], "Value": [value for _, value in points]})
    chart: alt.Chart = (
        alt.Chart(frame, height=190)
        .mark_line(point=alt.OverlayMarkDef(size=70, filled=True), strokeWidth=2.5)
        .encode(
            x=alt.X("Day:T", title=None, axis=alt.Axis(format="%d %b", grid=False, tickCount=min(6, len(points)))),
            y=alt.Y("Value:Q", title=None, scale=alt.Scale(domain=domain, zero=False, padding=14)),
            tooltip=[alt.Tooltip("Day:T", format="%Y-%m-%d"), alt.Tooltip("Value:Q", format=".3g")],
        )
    )
    return chart


# --- compare -------------------------------------------------------------------------------------------------------


def _compare(chosen_sets: Chosen) -> None:
    with open_history() as history:
        sets = [saved for saved in chosen_sets.summaries(history, COMPARED) if "report" not in saved.damage]
        count = chosen_sets.count(history)
    by_id = {saved.id: saved for saved in sets}
    if len(by_id) < 2:
        st.markdown("Two saved sets are needed for this.")
        return
    if count > COMPARED:
        st.caption(
            f"The last {COMPARED} of {count:,} sets: a lifter and a lift chosen above go further back, "
            "and formcheck compare takes any two."
        )
    unit = components.usable_settings().unit_of_loads
    ids = list(by_id)
    usual = pair_of(sets)
    columns = st.columns(2, gap="medium")
    chosen: list[tuple[SavedSet, int]] = []
    for place, (column, name) in enumerate(zip(columns, ("First", "Second"), strict=True)):
        with column:
            number = st.selectbox(
                f"{name} set",
                ids,
                index=ids.index(usual[place].id),
                format_func=lambda each: f"Set {each} · {when_words(by_id[each])} · {title_of(by_id[each], unit)}",
                key=f"compare-{place}",
            )
            with open_history() as history:
                saved = history.set(number)
            reps = [rep.index for rep in saved.report.reps]
            rep = st.selectbox(f"{name} rep", reps, format_func=lambda n: f"Rep {n}", key=f"rep-{place}-{saved.id}")
            st.html(
                f'<div class="fc-set">{components.tag(saved.verdict)}'
                f"<small>{components.escaped(saved.summary)}</small></div>"
            )
            chosen.append((saved, rep or 1))
    (first, rep_a), (second, rep_b) = chosen
    _compared((first, rep_a), (second, rep_b))
    compared = compare(first, second)
    st.subheader("These two reps")
    st.html(reps_table((first, rep_a), (second, rep_b)))
    if first.exercise != second.exercise:
        st.caption("These are different lifts: compare their numbers with care.")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Whole sets")
        st.html(numbers_table(compared, unit))
    with right:
        st.subheader("Checks")
        st.html(checks_table(compared))


def pair_of(sets: Sequence[AnySet]) -> tuple[AnySet, AnySet]:
    """The newest set, behind the one before it of the same lifter and lift; behind any other where there is none."""
    second, *others = sets
    alike = [each for each in others if (each.exercise, each.lifter) == (second.exercise, second.lifter)]
    return (alike or others)[0], second


def _compared(first: tuple[SavedSet, int], second: tuple[SavedSet, int]) -> None:
    """Both reps at once: as videos where these were kept, else as stick figures; and as curves."""
    with open_history() as history:
        videos = [str(found) for saved, _ in (first, second) if (found := history.video(saved.id)) is not None]
    shown = [
        _Shown(f"{name} set, rep {rep}", told, _judged(saved))
        for (saved, rep), name in ((first, "First"), (second, "Second"))
        if (told := _rep(saved, rep)) is not None
    ]
    if len(shown) == 2:
        _side_by_side(shown, videos if len(videos) == 2 else [])
    curves = [curve for each in shown if (curve := _curve(each)) is not None]
    if curves:
        st.subheader("Back rounding from lift-off")
        st.altair_chart(_curves(pd.concat(curves)), width="stretch")


@dataclass(frozen=True)
class _Shown:
    """One of the two reps: its title, what the saved report says of it, and its poses with their analysis."""

    title: str
    told: RepReport
    judged: tuple[PoseSequence, Report] | None

    @property
    def zero_s(self) -> float:
        """Lift-off: what the two are laid over each other by; the bottom where it is not known."""
        return self.told.lift_off_s if math.isfinite(self.told.lift_off_s) else self.told.bottom_s


def _rep(saved: SavedSet, rep: int) -> RepReport | None:
    return next((each for each in saved.report.reps if each.index == rep), None)


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


def _side_by_side(shown: Sequence[_Shown], videos: Sequence[str]) -> None:
    """Two reps with one slider; lift-off is at the same place of it in both."""
    names = [f"side-{place}" for place in range(len(videos))]
    if videos:
        with st.container(key="side-by-side"):
            for column, name, video, each in zip(st.columns(2), names, videos, shown, strict=True):
                with column, st.container(key=name):
                    st.caption(each.title)
                    st.video(video)
    found = [] if videos else [_figure(each) for each in shown]
    figures = [each for each in found if each is not None]
    if not videos and len(figures) < 2:
        st.caption("These two cannot be shown side by side: neither the video nor the poses of one of them were kept.")
        return
    # Aligned at lift-off, so that a longer descent does not put them out of step.
    before = max(0.0, min(each.zero_s - each.told.start_s for each in shown))
    after = max(each.told.end_s - each.zero_s for each in shown)
    data = {
        "players": names,
        "titles": [each.title for each in shown],
        "starts": [each.zero_s - before for each in shown],
        "before": before,
        "length": round(before + after, 2),
        "figures": [
            {"title": each.title, "times": figure.time_s, "moments": [asdict(moment) for moment in figure.moments]}
            for each, figure in zip(shown, figures, strict=False)
        ],
        "box": _around([figure.box for figure in figures]),
    }
    components.component("compare", key="compare", data=data)


def _figure(shown: _Shown) -> Figure | None:
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
    signals = None if shown.judged is None else shown.judged[1].signals
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
    chart: alt.Chart = (
        alt.Chart(frame, height=240)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("Seconds:Q", title="Seconds from lift-off"),
            y=alt.Y("Back rounding:Q", title="Degrees; positive is rounded", scale=alt.Scale(domain=domain)),
            color=alt.Color("Rep:N", title=None, legend=alt.Legend(orient="top")),
            strokeDash=alt.StrokeDash("Rep:N", title=None),
        )
    )
    return chart


def reps_table(first: tuple[SavedSet, int], second: tuple[SavedSet, int]) -> str:
    """The numbers of one rep of each, as HTML."""
    pair = [next((each for each in rep_numbers(saved) if each.index == rep), None) for saved, rep in (first, second)]
    rows = [["Verdict", *("–" if each is None else components.tag(each.verdict) for each in pair)]]
    for title, name, unit in REP_ROWS:
        values = [math.nan if each is None else float(getattr(each, name)) for each in pair]
        if any(map(math.isfinite, values)):
            rows.append([_titled(title, unit), *(amount(value, unit, signed=unit == "deg") for value in values)])
    head = [f"{name} set, rep {rep}" for name, (_, rep) in (("First", first), ("Second", second))]
    return components.table("These two reps", ["", *head], rows)


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
        change = two - one
        words = amount(change, unit, signed=True) if math.isfinite(change) else ""
        # What does not show in the number is neither better nor worse.
        words = f"{words} {compared.judged(quantity)}".rstrip() if re.search(r"[1-9]", words) else ""
        rows.append([_titled(quantity.title, unit), amount(one, unit), amount(two, unit), words])
    return components.table("Whole sets", ["", "First", "Second", "Change"], rows, (1, 2, 3))


def _titled(title: str, unit: str) -> str:
    """The title of a row, with a unit that is too long to stand beside its numbers, as HTML."""
    return components.escaped(title) + (
        f"<br><small>{components.escaped(unit)}</small>" if len(unit) > LONGEST_BESIDE else ""
    )


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
    return components.table("Checks", ["Check", "First", "Second"], rows, kind="checks")


def _of(numbers: SetNumbers, name: str) -> float:
    return float(getattr(numbers, name))


def amount(value: float, unit: str, signed: bool = False) -> str:
    """A number with its unit, rounded to what can be told apart; "–" for NaN."""
    if unit == "deg":
        return degrees(value, signed=signed)
    if not math.isfinite(value):
        return "–"
    digits = {"": 0, "%": 0, "kg": 1, "lb": 1}.get(unit, 2)
    rounded = round(value, digits) + 0.0  # without the sign of -0
    words = f"{rounded:{'+' if signed and rounded else ''}.{digits}f}"
    if digits == 1:
        words = words.removesuffix(".0")
    beside = f" {unit}" if unit and len(unit) <= LONGEST_BESIDE else ""
    return f"{words.replace('-', '−')}{beside}"


# --- backup --------------------------------------------------------------------------------------------------------


def _backup() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Export")
        st.markdown("All sets, reports, poses and lifters in one zip file. Kept videos stay here.")
        # A link, as Streamlit would hold the whole file in memory.
        st.html(
            f'<a class="fc-download" href="{export_link()}" download="{FILE_NAME}" target="_self">Export everything</a>'
        )
    if accounts_needed():
        return  # an import says whose its sets are: for whoever runs the server
    with right:
        st.subheader("Import")
        upload = st.file_uploader("A zip file that was exported here or elsewhere", ["zip"], key="import-file")
        if upload is not None and st.button("Import", type="primary"):
            with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
                path = Path(folder) / "history.zip"
                path.write_bytes(upload.getbuffer())
                try:
                    with open_history() as history:
                        done = import_history(history, path)
                except HistoryError as error:
                    # The file is under a name of ours; people know it by theirs.
                    raise HistoryError(str(error).replace(str(path), upload.name)) from error
            st.toast(f"{done.added} new sets, {done.renewed} renewed, {done.known} here already.")
            st.rerun()
