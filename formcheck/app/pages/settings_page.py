"""Settings: lifters, limits, units, pose models."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from formcheck.app import components, limits
from formcheck.core.loads import LOAD_UNITS
from formcheck.core.words import LANGUAGES, N_, WordTable, _, in_sentence
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

NEW = N_("New\N{NO-BREAK SPACE}lifter")
"""No name of a lifter has such a space, so nobody can be called like this."""
DEPTH_WORDS = WordTable(
    {
        "below-parallel": N_("Below parallel"),
        "parallel": N_("Parallel"),
        "high": N_("A quarter of a thigh above"),
    }
)
UNIT_WORDS = WordTable({"kg": N_("Kilograms"), "lb": N_("Pounds")})


def show() -> None:
    """The page."""
    st.title(_("Settings"))
    first, second, third, fourth = st.tabs([_("Lifters"), _("Limits"), _("Units and language"), _("Pose model")])
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


def _profile_words(name: str) -> str:
    return _(NEW) if name == NEW else name


def _lifters() -> None:
    with open_history() as history:
        lifters = {lifter.name: lifter for lifter in history.lifters()}
    served = accounts_needed()
    if served and not lifters:
        st.markdown(_("This account is not a lifter here and coaches nobody yet."))
        return
    # On a server, who there is and what they are called is said by whoever runs it.
    chosen = st.selectbox(
        _("Profile"), [*lifters, *([] if served else [NEW])], format_func=_profile_words, key="profile"
    )
    lifter = lifters.get(chosen)
    with st.form(f"lifter-{chosen}", border=True):
        name = st.text_input(_("Name"), "" if lifter is None else lifter.name, max_chars=LONGEST_NAME, disabled=served)
        left, right = st.columns(2)
        known_cm = lifter.height_cm if lifter else None
        unit = components.usable_settings().unit_of_loads
        height = _height_in_feet(left, known_cm) if unit == "lb" else _height_in_cm(left, known_cm)
        now = None if lifter is None else lifter.depth_target_thighs
        targets = depth_targets(now)
        depth = right.selectbox(_("Squat depth target"), list(targets), list(targets).index(now), targets.__getitem__)
        injury = st.checkbox(
            _("Earlier back injury"),
            lifter.back_injury if lifter else False,
            help=_("Warns earlier about the back, and words it more carefully."),
        )
        if st.form_submit_button(_("Save"), type="primary"):
            profile = Lifter(name, height, injury, depth, lifter.neutral_back if lifter else {})
            with open_history() as history:
                if lifter is not None and profile.name != lifter.name:
                    history.rename_lifter(lifter.name, profile.name)
                history.save_lifter(profile)
            st.toast(_("Saved."))
            st.rerun()
    if lifter is None:
        return
    _neutral_back(lifter)
    if served:
        return
    with st.popover(_("Delete this lifter"), icon=":material/delete:"):
        with_sets = st.checkbox(_("Delete the saved sets, too"))
        if st.button(_("Delete for good"), type="primary"):
            with open_history() as history:
                history.delete_lifter(lifter.name, with_sets=with_sets)
            st.rerun()


def _height_in_cm(place: DeltaGenerator, known_cm: float | None) -> float | None:
    """A box for a body height; None while it is empty."""
    height: float | None = place.number_input(
        _("Height in cm"), *HEIGHT_RANGE_CM, known_cm, 1.0, format="%g", placeholder=_("For velocity in m/s")
    )
    return height


def _height_in_feet(place: DeltaGenerator, known_cm: float | None) -> float | None:
    """Boxes for a body height in feet and inches, for those who lift pounds; the height in cm."""
    low, high = (int(each // INCHES_PER_FOOT) for each in (edge / CM_PER_INCH for edge in HEIGHT_RANGE_CM))
    known = (None, None) if known_cm is None else feet_and_inches(known_cm)
    one, two = place.columns(2)
    feet: int | None = one.number_input(_("Height, feet"), low, high, known[0], 1, placeholder=_("For velocity"))
    inches: float | None = two.number_input(_("Height, inches"), 0.0, 11.5, known[1], 0.5, format="%g")
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
        lift = in_sentence(components.exercise_title(name))
        if own.day:
            st.markdown(_("**Own neutral back, {lift}:** good reps of {day}", lift=lift, day=own.day))
        else:
            st.markdown(_("**Own neutral back, {lift}:** good reps", lift=lift))
    standing = standing_of(lifter.neutral_back)
    if standing is not None:
        st.markdown(
            _(
                "**Own neutral back, standing:** lower {lower:.0f}°, upper {upper:.0f}°",
                lower=standing.lower_deg,
                upper=standing.upper_deg,
            )
        )
    if not lifter.neutral_back:
        st.caption(
            _(
                "Own neutral back: not recorded. A saved set of good reps offers to be it (History), and so "
                "does the result of a set that shows you standing."
            )
        )
    elif st.button(_("Forget the neutral back")):
        with open_history() as history:
            history.save_lifter(replace(lifter, neutral_back={}))
        st.rerun()


def depth_targets(now: float | None) -> dict[float | None, str]:
    """Depth targets to choose from, in words; ``now`` is one of them even where it has no name."""
    targets: dict[float | None, str] = {None: _("Usual")}
    targets |= {DEPTH_TARGETS[name]: words for name, words in DEPTH_WORDS.items()}
    if now not in targets and now is not None:
        if now > 0:
            targets[now] = _("Hips {thighs:.2g} thigh lengths above the knees", thighs=now)
        else:
            targets[now] = _("Hips {thighs:.2g} thigh lengths below the knees", thighs=-now)
    return targets


# --- limits, units -------------------------------------------------------------------------------------------------


def _limits() -> None:
    if accounts_needed():
        st.markdown(_("These settings apply to every analysis of this account."))
    else:
        st.markdown(_("These settings apply to every analysis from now on, here and on the command line."))
    own = own_settings()
    names = [lift.name for lift in EXERCISES]
    name = st.segmented_control(
        _("Lift"), names, default=names[0], required=True, format_func=components.exercise_title, key="limits-lift"
    )
    lift = exercise_named(name or names[0])
    assert lift is not None
    version = st.session_state.get("limits-version", 0)
    edited = limits.editor(lift, own, f"limits-{lift.name}-{version}")
    others = {key: value for key, value in own.checks.items() if not key.startswith(f"{lift.name}/")}
    with st.container(horizontal=True):
        if st.button(_("Save limits"), type="primary"):
            save_settings(replace(own, checks=others | dict(edited.checks)))
            st.toast(_("Saved."))
        if st.button(_("Reset to defaults")):
            save_settings(replace(own, checks=others))
            st.session_state["limits-version"] = version + 1
            st.rerun()
    if accounts_needed():
        return  # where a server keeps its files is nobody's business
    st.caption(
        _(
            "Kept in {path}; comments in that file are not kept. `formcheck explain` says where a limit comes from.",
            path=components.plain(str(default_settings_path())),
        )
    )


def _units() -> None:
    own = own_settings()
    now = own.unit_of_loads
    unit = st.radio(_("Load"), LOAD_UNITS, LOAD_UNITS.index(now), format_func=UNIT_WORDS.__getitem__, horizontal=True)
    if unit != now:
        save_settings(replace(own, load_unit=unit))
        st.rerun()
    spoken = st.radio(
        _("Language"),
        [None, *LANGUAGES],
        [None, *LANGUAGES].index(own.language),
        format_func=lambda name: _("As the browser") if name is None else LANGUAGES[name],
        horizontal=True,
    )
    if spoken != own.language:
        save_settings(replace(own, language=spoken))
        st.rerun()


# --- pose models ---------------------------------------------------------------------------------------------------


def _models() -> None:
    st.markdown(
        _("They find the joints. **full** is the default; lite is quicker, heavy is slower and a little steadier.")
    )
    for status in list_models():
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"card-{status.name}"):
            here = status.path is not None and status.hash_ok
            state = _("here") if here else status.problem or _("not here yet")
            st.markdown(f"**{status.name}** · {status.size_bytes / 1e6:.1f} MB · {components.plain(state)}")
            if not here and st.button(_("Fetch"), key=f"fetch-{status.name}", icon=":material/download:"):
                _fetch(status.name)


def _fetch(name: str) -> None:
    bar = st.progress(0.0, _("Fetching"))

    def progress(done: int, total: int | None) -> None:
        bar.progress(min(1.0, done / total) if total else 0.0, _("Fetching"))

    fetch_model(name, progress)
    st.rerun()
