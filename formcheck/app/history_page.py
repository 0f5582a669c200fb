"""History: saved sets, how they go over time, two of them side by side, and all of it as a file."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from formcheck import analysis
from formcheck.app import parts
from formcheck.app.session import session
from formcheck.history import SavedSet, export_history, import_history, open_history
from formcheck.history.records import LONGEST_NOTES
from formcheck.history.trends import QUANTITIES, Comparison, SetNumbers, compare, sessions, trend
from formcheck.html_report import FINDING_WORDS
from formcheck.outputs import POSES_NPZ
from formcheck.pose_files import save_poses
from formcheck.settings_files import load_settings
from formcheck.worker import Job

EVERYBODY, ALL_LIFTS = "Everybody", "All lifts"
SETS_AT_ONCE = 20

TRENDS = (
    ("rounding_deg", "Back rounding", "degrees against your own neutral, typical rep"),
    ("depth_thighs", "Depth", "hips above knees in thigh lengths; lower is deeper"),
    ("velocity_heights_per_s", "Velocity on the way up", "body heights a second"),
    ("tonnage_kg", "Estimated tonnage", "load times reps"),
)
"""Number of a session, its title, and what it is."""


def show() -> None:
    """The page."""
    st.title("History")
    with open_history() as history:
        sets = history.sets()
        lifters = [lifter.name for lifter in history.lifters()]
    if not sets:
        st.html('<p class="fc-lead">Sets that you check are kept here, on this computer only.</p>')
        _backup()
        return
    left, right, _ = st.columns([1, 1, 2])
    who: str = left.selectbox("Lifter", [EVERYBODY, *lifters], key="who")
    names = [name for name in parts.exercise_names() if any(saved.exercise == name for saved in sets)]
    lift: str = right.selectbox("Lift", [ALL_LIFTS, *names], format_func=parts.exercise_title, key="which")
    chosen = [
        saved
        for saved in sets
        if (who == EVERYBODY or (saved.lifter or "").casefold() == who.casefold())
        and (lift in (ALL_LIFTS, saved.exercise))
    ]
    first, second, third, fourth = st.tabs(["Sets", "Trend", "Compare", "Backup"])
    with first:
        _sets(chosen)
    with second:
        _trends(chosen)
    with third:
        _compare(chosen)
    with fourth:
        _backup()


# --- sets ----------------------------------------------------------------------------------------------------------


def _sets(sets: Sequence[SavedSet]) -> None:
    unit = load_settings().load_unit or "kg"
    shown = st.session_state.get("sets-shown", SETS_AT_ONCE)
    for saved in sets[:shown]:
        with st.container(border=True, key=f"card-set-{saved.id}"):
            _set(saved, unit)
    if len(sets) > shown and st.button(f"Show more of {len(sets)}"):
        st.session_state["sets-shown"] = shown + SETS_AT_ONCE
        st.rerun()
    if not sets:
        st.markdown("No saved set matches.")


def _set(saved: SavedSet, unit: str) -> None:
    st.html(
        f'<div class="fc-set">{parts.tag(saved.verdict)}<strong>{parts.escaped(title_of(saved, unit))}</strong>'
        f"<small>{parts.escaped(about(saved))}</small></div>"
        f'<p class="fc-small" style="margin:.4rem 0 0">{parts.escaped(saved.summary)}</p>'
    )
    with st.container(horizontal=True, gap="small"):
        if st.button("Open", key=f"open-{saved.id}", icon=":material/open_in_full:", help="Rep by rep, video, notes"):
            _details(saved.id)
        with st.popover("Delete", icon=":material/delete:", key=f"pop-{saved.id}"):
            st.markdown("Report, poses and kept video are deleted for good.")
            if st.button("Delete for good", type="primary", key=f"delete-{saved.id}"):
                with open_history() as history:
                    history.delete_set(saved.id)
                st.rerun()


def title_of(saved: SavedSet, unit: str = "kg") -> str:
    """Lift, load and reps of a set."""
    reps = len(saved.report.get("reps", []))
    words = [
        parts.exercise_title(saved.exercise, saved.variant),
        parts.load_words(saved.load_kg, unit),
        f"{reps} {'rep' if reps == 1 else 'reps'}",
    ]
    return " · ".join(filter(None, words))


def about(saved: SavedSet) -> str:
    """Day, lifter and file of a set."""
    when = saved.when.astimezone()
    return " · ".join(filter(None, [f"{when:%Y-%m-%d}", saved.lifter or "", saved.video_file]))


@st.dialog("Saved set", width="large")
def _details(set_id: int) -> None:
    unit = load_settings().load_unit or "kg"
    with open_history() as history:
        saved, video = history.set(set_id), history.video(set_id)
        names = [lifter.name for lifter in history.lifters()]
    st.html(parts.hero(saved.report, saved.lifter, unit))
    player = f"kept-{saved.id}"
    if video is not None:
        with st.container(key=player):
            st.video(str(video))
    parts.reel(saved.report, player, video is not None, key=f"reel-{player}")
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
    if saved.has_poses and st.button(
        "Plots and judge again", icon=":material/insights:", type="primary", on_click=_open_again, args=(saved,)
    ):
        st.rerun()


def _open_again(saved: SavedSet) -> None:
    """Analyse the saved poses, and show that on the first page."""
    mine = session()
    folder = mine.new_folder()
    folder.mkdir()
    with open_history() as history:
        save_poses(history.poses(saved.id), folder / POSES_NPZ)
    job = Job(
        str(mine.new_folder()),
        poses=str(folder / POSES_NPZ),
        title=saved.video_file,
        exercise=saved.exercise if saved.exercise in parts.exercise_names() else "auto",
        variant=saved.variant or "auto",
        load_kg=saved.load_kg,
        lifter=saved.lifter,
        notes=saved.notes,
        set_id=saved.id,
    )
    mine.start([job])
    st.session_state[parts.GO] = "check"


# --- trend ---------------------------------------------------------------------------------------------------------


def _trends(sets: Sequence[SavedSet]) -> None:
    course = sessions(sets)
    kinds = {((each.lifter or "").casefold(), each.exercise) for each in course}
    if len(kinds) > 1:
        st.markdown("Choose one lifter and one lift above: different ones do not make a trend.")
        return
    if len({each.day for each in course}) < 2:
        st.markdown("From the second day on you see here how it goes.")
        return
    left, right = st.columns(2, gap="large")
    drawn = 0
    for name, title, words in TRENDS:
        found = trend(course, name)
        if len(found.points) < 2:
            continue
        known = math.isfinite(found.per_week) and abs(found.per_week) > 1e-6
        pace = f", {found.per_week:+.2g} a week" if known else ""
        first, last = found.points[0][1], found.points[-1][1]
        with (left, right)[drawn % 2]:
            st.markdown(f"**{title}**  \n:small[{words}: {first:.3g} → {last:.3g}{pace}]".replace("-", "−"))
            st.altair_chart(_course(found.points), width="stretch")
        drawn += 1


def _course(points: Sequence[tuple[date, float]]) -> alt.Chart:
    frame = pd.DataFrame({"Day": [pd.Timestamp(day) for day, _ in points], "Value": [value for _, value in points]})
    chart: alt.Chart = (
        alt.Chart(frame, height=190)
        .mark_line(point=alt.OverlayMarkDef(size=70, filled=True), strokeWidth=2.5)
        .encode(
            x=alt.X("Day:T", title=None, axis=alt.Axis(format="%d %b", grid=False, tickCount=min(6, len(points)))),
            y=alt.Y("Value:Q", title=None, scale=alt.Scale(zero=False, padding=14)),
            tooltip=[alt.Tooltip("Day:T", format="%Y-%m-%d"), alt.Tooltip("Value:Q", format=".3g")],
        )
    )
    return chart


# --- compare -------------------------------------------------------------------------------------------------------


def _compare(sets: Sequence[SavedSet]) -> None:
    by_id = {saved.id: saved for saved in sets}
    if len(by_id) < 2:
        st.markdown("Two saved sets are needed for this.")
        return
    unit = load_settings().load_unit or "kg"
    ids = list(by_id)
    columns = st.columns(2, gap="medium")
    chosen: list[tuple[SavedSet, int]] = []
    for place, (column, name) in enumerate(zip(columns, ("First", "Second"), strict=True)):
        with column:
            saved = by_id[
                st.selectbox(
                    f"{name} set",
                    ids,
                    index=1 - place,  # the older one first
                    format_func=lambda each: (
                        f"{by_id[each].when.astimezone():%Y-%m-%d} · {title_of(by_id[each], unit)}"
                    ),
                    key=f"compare-{place}",
                )
            ]
            reps = [rep["index"] for rep in saved.report.get("reps", [])]
            rep = st.selectbox(f"{name} rep", reps, format_func=lambda n: f"Rep {n}", key=f"rep-{place}-{saved.id}")
            st.html(
                f'<div class="fc-set">{parts.tag(saved.verdict)}<small>{parts.escaped(saved.summary)}</small></div>'
            )
            chosen.append((saved, rep or 1))
    (first, rep_a), (second, rep_b) = chosen
    _together((first, rep_a), (second, rep_b))
    compared = compare(first, second)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Numbers")
        st.html(numbers_table(compared))
    with right:
        st.subheader("Checks")
        st.html(checks_table(compared))


def _together(first: tuple[SavedSet, int], second: tuple[SavedSet, int]) -> None:
    """Both reps at once: as videos where these were kept, and as curves."""
    with open_history() as history:
        videos = [history.video(saved.id) for saved, _ in (first, second)]
    told = [
        next((each for each in saved.report["reps"] if each["index"] == rep), None) for saved, rep in (first, second)
    ]
    if all(videos) and all(told):
        _side_by_side([str(video) for video in videos], [each for each in told if each is not None])
    else:
        st.caption("Two videos run side by side here when both were kept with their sets.")
    curves = [
        _curve(saved, rep, f"{name} set, rep {rep}") for (saved, rep), name in ((first, "First"), (second, "Second"))
    ]
    known = [curve for curve in curves if curve is not None and curve["Back rounding"].notna().any()]
    if known:
        st.subheader("Back rounding from lift-off")
        st.altair_chart(_curves(pd.concat(known)), width="stretch")


def _side_by_side(videos: Sequence[str], reps: Sequence[Mapping[str, Any]]) -> None:
    """Two videos with one slider; lift-off is at the same place of it in both."""
    names = ("side-first", "side-second")
    with st.container(key="side-by-side"):
        for column, name, video in zip(st.columns(2), names, videos, strict=True):
            with column, st.container(key=name):
                st.video(video)
    # Aligned at lift-off, so that a longer way down does not put them out of step.
    moments = [parts.number(rep["lift_off_s"]) for rep in reps]
    before = max(0.0, min(moment - rep["start_s"] for moment, rep in zip(moments, reps, strict=True)))
    after = max(rep["end_s"] - moment for moment, rep in zip(moments, reps, strict=True))
    data = {"players": names, "starts": [moment - before for moment in moments], "length": round(before + after, 2)}
    component = st.components.v2.component(
        "formcheck_together", html=parts.asset("together.html"), js=parts.asset("together.js")
    )
    component(key="together", data=data)


@st.cache_data(show_spinner=False, max_entries=32)
def _signals(set_id: int, saved_at: str, exercise: str) -> pd.DataFrame:
    """Time and back rounding of a saved set; ``saved_at`` tells versions of it apart."""
    with open_history() as history:
        poses = history.poses(set_id)
    signals = analysis.analyze(poses, exercise).signals
    if signals is None:
        return pd.DataFrame({"time_s": [], "rounding_deg": []})
    return pd.DataFrame({"time_s": signals.time_s, "rounding_deg": signals.back_rounding_deg})


def _curve(saved: SavedSet, rep: int, name: str) -> pd.DataFrame | None:
    told = next((each for each in saved.report.get("reps", []) if each["index"] == rep), None)
    if told is None or not saved.has_poses or saved.exercise not in parts.exercise_names():
        return None
    found = _signals(saved.id, saved.saved_at.isoformat(), saved.exercise)
    found = found[(found.time_s >= told["start_s"]) & (found.time_s <= told["end_s"])]
    zero_s = told["lift_off_s"] if told["lift_off_s"] is not None else told["bottom_s"]
    return pd.DataFrame({"Seconds": found.time_s - zero_s, "Back rounding": found.rounding_deg, "Rep": name})


def _curves(frame: pd.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(frame, height=240)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("Seconds:Q", title="Seconds from lift-off"),
            y=alt.Y("Back rounding:Q", title="Degrees; positive is rounded"),
            color=alt.Color("Rep:N", title=None, legend=alt.Legend(orient="top")),
            strokeDash=alt.StrokeDash("Rep:N", title=None),
        )
    )
    return chart


def numbers_table(compared: Comparison) -> str:
    """Numbers of two sets with their difference, as HTML."""
    rows = []
    for quantity in QUANTITIES:
        one, two = (_of(numbers, quantity.name) for numbers in compared.numbers)
        if not (math.isfinite(one) or math.isfinite(two)):
            continue
        change = two - one
        words = f"{change:+.3g}" if math.isfinite(change) and abs(change) > 1e-9 else ""
        if words and quantity.more_is_better is not None:
            words += " better" if (change > 0) == quantity.more_is_better else " worse"
        unit = {"deg": "°", "": ""}.get(quantity.unit, f" {quantity.unit}")
        name = parts.escaped(quantity.title) + (f"<br><small>{parts.escaped(unit)}</small>" if len(unit) > 3 else "")
        unit = "" if len(unit) > 3 else unit
        rows.append([name, _amount(one, unit), _amount(two, unit), words.replace("-", "−")])
    return parts.table(["", "First", "Second", "Change"], rows, (1, 2, 3))


def checks_table(compared: Comparison) -> str:
    """Verdicts of two sets, as HTML; checks that neither could judge are left out."""
    rows = [
        [
            parts.escaped(check.title),
            *(parts.tag(verdict, FINDING_WORDS.get(verdict, verdict)) for verdict in check.verdicts),
        ]
        for check in compared.checks
        if set(check.verdicts) != {"not-measured"}
    ]
    return parts.table(["Check", "First", "Second"], rows)


def _of(numbers: SetNumbers, name: str) -> float:
    return float(getattr(numbers, name))


def _amount(value: float, unit: str) -> str:
    return f"{value:.3g}{unit}".replace("-", "−") if math.isfinite(value) else "–"


# --- backup --------------------------------------------------------------------------------------------------------


def _backup() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Export")
        st.markdown("All sets, reports, poses and lifters in one zip file. Kept videos stay here.")
        st.download_button(
            "Export everything",
            _exported,
            file_name="formcheck-history.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
    with right:
        st.subheader("Import")
        upload = st.file_uploader("A zip file that was exported here or elsewhere", ["zip"], key="import-file")
        if upload is not None and st.button("Import", type="primary"):
            with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
                path = Path(folder) / "history.zip"
                path.write_bytes(upload.getbuffer())
                with open_history() as history:
                    done = import_history(history, path)
            st.success(f"{done.added} new sets, {done.renewed} renewed, {done.known} here already.")


def _exported() -> bytes:
    with tempfile.TemporaryDirectory(prefix="formcheck-") as folder, open_history() as history:
        path = Path(folder) / "history.zip"
        export_history(history, path)
        return path.read_bytes()
