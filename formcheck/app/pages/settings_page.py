"""Settings: lifters, limits, units, pose models."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from formcheck.app import components, limits
from formcheck.core.loads import LOAD_UNITS
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.judging.settings import DEFAULTS, DEPTH_TARGETS, HEIGHT_RANGE_CM, Settings
from formcheck.service.own_neutral import own_reps_of, standing_of
from formcheck.storage.access import accounts_needed
from formcheck.storage.history import Lifter, open_history
from formcheck.storage.history.records import LONGEST_NAME
from formcheck.storage.settings_files import default_settings_path, read_settings, save_settings
from formcheck.vision.models.store import fetch_model, list_models

CM_PER_INCH = 2.54
INCHES_PER_FOOT = 12

NEW = "New\N{NO-BREAK SPACE}lifter"
"""No name of a lifter has such a space, so nobody can be called like this."""
DEPTH_WORDS = {"below-parallel": "Below parallel", "parallel": "Parallel", "high": "A quarter of a thigh above"}
UNIT_WORDS = {"kg": "Kilograms", "lb": "Pounds"}


def show() -> None:
    """The page."""
    st.title("Settings")
    first, second, third, fourth = st.tabs(["Lifters", "Limits", "Units", "Pose model"])
    with first:
        components.guarded(_lifters)()
    with second:
        components.guarded(_limits)()
    with third:
        components.guarded(_units)()
    with fourth:
        components.guarded(_models)()


def own_settings() -> Settings:
    """What the user's settings file says by itself."""
    path = default_settings_path()
    return read_settings(path) if path.is_file() else DEFAULTS


# --- lifters -------------------------------------------------------------------------------------------------------


def _lifters() -> None:
    with open_history() as history:
        lifters = {lifter.name: lifter for lifter in history.lifters()}
    served = accounts_needed()
    if served and not lifters:
        st.markdown("This account is not a lifter here and coaches nobody yet.")
        return
    # On a server, who there is and what they are called is said by whoever runs it.
    chosen = st.selectbox("Profile", [*lifters, *([] if served else [NEW])], key="profile")
    lifter = lifters.get(chosen)
    with st.form(f"lifter-{chosen}", border=True):
        name = st.text_input("Name", "" if lifter is None else lifter.name, max_chars=LONGEST_NAME, disabled=served)
        left, right = st.columns(2)
        known_cm = lifter.height_cm if lifter else None
        unit = components.usable_settings().unit_of_loads
        height = _height_in_feet(left, known_cm) if unit == "lb" else _height_in_cm(left, known_cm)
        now = None if lifter is None else lifter.depth_target_thighs
        targets = depth_targets(now)
        depth = right.selectbox("Squat depth target", list(targets), list(targets).index(now), targets.__getitem__)
        injury = st.checkbox(
            "Earlier back injury",
            lifter.back_injury if lifter else False,
            help="Warns earlier about the back, and words it more carefully.",
        )
        if st.form_submit_button("Save", type="primary"):
            profile = Lifter(name, height, injury, depth, lifter.neutral_back if lifter else {})
            with open_history() as history:
                if lifter is not None and profile.name != lifter.name:
                    history.rename_lifter(lifter.name, profile.name)
                history.save_lifter(profile)
            st.toast("Saved.")
            st.rerun()
    if lifter is None:
        return
    _neutral_back(lifter)
    if served:
        return
    with st.popover("Delete this lifter", icon=":material/delete:"):
        with_sets = st.checkbox("Delete the saved sets, too")
        if st.button("Delete for good", type="primary"):
            with open_history() as history:
                history.delete_lifter(lifter.name, with_sets=with_sets)
            st.rerun()


def _height_in_cm(place: DeltaGenerator, known_cm: float | None) -> float | None:
    """A box for a body height; None while it is empty."""
    height: float | None = place.number_input(
        "Height in cm", *HEIGHT_RANGE_CM, known_cm, 1.0, format="%g", placeholder="For velocity in m/s"
    )
    return height


def _height_in_feet(place: DeltaGenerator, known_cm: float | None) -> float | None:
    """Boxes for a body height in feet and inches, for those who lift pounds; the height in cm."""
    low, high = (int(each // INCHES_PER_FOOT) for each in (edge / CM_PER_INCH for edge in HEIGHT_RANGE_CM))
    known = (None, None) if known_cm is None else feet_and_inches(known_cm)
    one, two = place.columns(2)
    feet: int | None = one.number_input("Height, feet", low, high, known[0], 1, placeholder="For velocity")
    inches: float | None = two.number_input("Height, inches", 0.0, 11.5, known[1], 0.5, format="%g")
    if feet is None:
        return None
    # A height that was told in centimetres is not rounded by looking at it.
    if (feet, inches or 0.0) == known:
        return known_cm
    return round((feet * INCHES_PER_FOOT + (inches or 0.0)) * CM_PER_INCH, 1)


def feet_and_inches(height_cm: float) -> tuple[int, float]:
    """A body height in feet and inches, to half an inch."""
    halves = round(2.0 * height_cm / CM_PER_INCH)
    return halves // (2 * INCHES_PER_FOOT), halves % (2 * INCHES_PER_FOOT) / 2.0


def _neutral_back(lifter: Lifter) -> None:
    """What this lifter's back is compared with, and how to forget it."""
    chosen = own_reps_of(lifter.neutral_back)
    for name, own in chosen.items():
        day = f" of {own.day}" if own.day else ""
        st.markdown(f"**Own neutral back, {components.exercise_title(name).lower()}:** good reps{day}")
    standing = standing_of(lifter.neutral_back)
    if standing is not None:
        st.markdown(f"**Own neutral back, standing:** lower {standing.lower_deg:.0f}°, upper {standing.upper_deg:.0f}°")
    if not lifter.neutral_back:
        st.caption(
            "Own neutral back: not recorded. A saved set of good reps offers to be it (History), "
            "and so does the result of a set that shows you standing."
        )
    elif st.button("Forget the neutral back"):
        with open_history() as history:
            history.save_lifter(replace(lifter, neutral_back={}))
        st.rerun()


def depth_targets(now: float | None) -> dict[float | None, str]:
    """Depth targets to choose from, in words; ``now`` is one of them even where it has no name."""
    targets: dict[float | None, str] = {None: "Usual"}
    targets |= {DEPTH_TARGETS[name]: words for name, words in DEPTH_WORDS.items()}
    if now not in targets and now is not None:
        place = "above" if now > 0 else "below"
        targets[now] = f"Hips {abs(now):.2g} thigh lengths {place} the knees"
    return targets


# --- limits, units -------------------------------------------------------------------------------------------------


def _limits() -> None:
    where = "of this account" if accounts_needed() else "from now on, here and on the command line"
    st.markdown(f"These settings apply to every analysis {where}.")
    own = own_settings()
    names = [lift.name for lift in EXERCISES]
    name = st.segmented_control(
        "Lift", names, default=names[0], required=True, format_func=components.exercise_title, key="limits-lift"
    )
    lift = exercise_named(name or names[0])
    assert lift is not None
    version = st.session_state.get("limits-version", 0)
    edited = limits.editor(lift, own, f"limits-{lift.name}-{version}")
    others = {key: value for key, value in own.checks.items() if not key.startswith(f"{lift.name}/")}
    with st.container(horizontal=True):
        if st.button("Save limits", type="primary"):
            save_settings(replace(own, checks=others | dict(edited.checks)))
            st.toast("Saved.")
        if st.button("Reset to defaults"):
            save_settings(replace(own, checks=others))
            st.session_state["limits-version"] = version + 1
            st.rerun()
    if accounts_needed():
        return  # where a server keeps its files is nobody's business
    st.caption(
        f"Kept in {components.plain(str(default_settings_path()))}; comments in that file are not kept. "
        "`formcheck explain` says where a limit comes from."
    )


def _units() -> None:
    own = own_settings()
    now = own.unit_of_loads
    unit = st.radio("Load", LOAD_UNITS, LOAD_UNITS.index(now), format_func=UNIT_WORDS.__getitem__, horizontal=True)
    if unit != now:
        save_settings(replace(own, load_unit=unit))
        st.rerun()


# --- pose models ---------------------------------------------------------------------------------------------------


def _models() -> None:
    st.markdown(
        "They find the joints. **full** is the default; lite is quicker, heavy is slower and a little steadier."
    )
    for status in list_models():
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"card-{status.name}"):
            here = status.path is not None and status.hash_ok
            state = "here" if here else status.problem or "not here yet"
            st.markdown(f"**{status.name}** · {status.size_bytes / 1e6:.1f} MB · {components.plain(state)}")
            if not here and st.button("Fetch", key=f"fetch-{status.name}", icon=":material/download:"):
                _fetch(status.name)


def _fetch(name: str) -> None:
    bar = st.progress(0.0, "Fetching")

    def progress(done: int, total: int | None) -> None:
        bar.progress(min(1.0, done / total) if total else 0.0, "Fetching")

    fetch_model(name, progress)
    st.rerun()
