"""Check a lift: choose videos, wait for them with a real progress bar, see what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import streamlit as st

import formcheck
from formcheck.app import components
from formcheck.app.pages import file_table, history_page, result
from formcheck.app.session import KEY, RESULT, SET, Session, Upload, others_at_work, session
from formcheck.app.sharing import is_shared
from formcheck.core.words import N_, WordTable, _, ngettext
from formcheck.exercises import EXERCISES, listed
from formcheck.render.terminal import clock
from formcheck.service.pipeline import AnalysisRequest, AnalysisStage
from formcheck.service.worker import Phase, State
from formcheck.storage.history import open_history
from formcheck.storage.history.records import LONGEST_NOTES
from formcheck.vision.models.store import list_models

FILE_TYPES = ["mp4", "mov", "m4v", "webm", "mkv", "avi", "gif", "mpg", "mpeg", "3gp", "npz"]

SAMPLES = (
    ("deadlift-rounded.mp4", N_("Deadlift, back rounds")),
    ("deadlift-good.mp4", N_("Deadlift, sound")),
    ("squat-shallow.mp4", N_("Squat, shallow")),
    ("swing-arm-lift.mp4", N_("Swing, arms lift")),
)

PHASE_WORDS = WordTable(
    {
        Phase.WAITING: N_("Waiting"),
        Phase.RUNNING: N_("Running"),
        Phase.DONE: N_("Done"),
        Phase.FAILED: N_("Failed"),
        Phase.CANCELLED: N_("Cancelled"),
    }
)

STAGE_WORDS = WordTable(
    {
        "": N_("Starting"),
        AnalysisStage.MODEL: N_("Getting the pose model"),
        AnalysisStage.WATCH: N_("Watching your lift"),
        AnalysisStage.JUDGE: N_("Judging the reps"),
        AnalysisStage.PLATE: N_("Following the plate"),
        AnalysisStage.DRAW: N_("Drawing the video"),
    }
)

FRAME_STAGES = (AnalysisStage.WATCH, AnalysisStage.DRAW)
"""Stages that go through the video frame by frame."""

PROGRESS_EVERY_S = 0.5

FILM_ADVICE = (
    N_("Phone upright at hip height, straight to your side"),
    N_("Whole body and bar in the picture, from the first rep to the last"),
    N_("Stand still for a second before the first rep"),
)


FORM_KEYS = (
    *("lift", "load", "lifter", "presets", "notes", "filmed", "from", "to", "person", "slow-motion", "plate", "model"),
    *("save", "keep"),
    *(f"variant-{lift.name}" for lift in EXERCISES),
)
"""Keys of the form's boxes, whose values stay while another page, the progress or a result is shown."""

KEPT: Literal["session"] = "session"


def show() -> None:
    """The page, in one of its three states."""
    mine = session()
    if not mine.arrived:
        mine.arrived = True
        if mine.batch is None and not mine.results:
            _open_named(mine)
    if mine.batch is not None or mine.results:
        # The address leads back here after a reload, and to the saved set after a restart.
        st.query_params.from_dict({RESULT: mine.token} | _saved_in_address(mine))
    else:
        st.query_params.clear()
    if mine.batch is not None and not mine.opens_one_by_one:
        components.title_of_page(_("Looking at your lift"))
        st.title(_("Looking at your lift"))
        if mine.resumed:
            st.info(
                _("FormCheck was stopped in the middle of this, and has begun it again."), icon=":material/refresh:"
            )
        components.redrawn(_progress, PROGRESS_EVERY_S)
    elif mine.results:
        _results(mine)
    else:
        _choose(mine)


def _saved_in_address(mine: Session) -> dict[str, str]:
    shown = mine.results[min(mine.shown, len(mine.results) - 1)] if mine.results else None
    return {} if shown is None or shown.job.set_id is None else {SET: str(shown.job.set_id)}


def _open_named(mine: Session) -> None:
    """Where the address names a result that is gone with the app's last run: the saved set, or what became of it."""
    if (RESULT not in st.query_params and SET not in st.query_params) or is_shared():
        return
    told = st.query_params.get(SET, "")
    with open_history() as history:
        saved = history.find_set(int(told)) if told.isdecimal() and len(told) < 10 else None
    if saved is None:
        st.info(
            _("The result at this address is no longer here. Saved sets are in History."), icon=":material/history:"
        )
    elif saved.has_poses:
        history_page.open_again(saved, mine)


# --- choosing ------------------------------------------------------------------------------------------------------


def _choose(mine: Session) -> None:
    st.title(_("How was your lift?"))
    lifts = listed(lift.noun for lift in EXERCISES)
    st.html(
        '<p class="fc-lead">'
        + _(
            "Drop a video of a {lifts}. You get an honest look at your back, rep by rep, and one thing to "
            "try next. It never leaves {place}.",
            lifts=lifts,
            place=components.here(),
        )
        + "</p>"
    )
    _problems(mine)
    _elsewhere(mine)
    settings = components.usable_settings()
    unit = settings.unit_of_loads
    several = len(mine.uploads) > 1
    # Every one of several files has a row of its own, across the page.
    left, right = (st.container(), None) if several else st.columns([3, 2], gap="large")
    with left:
        _box(mine)
        with open_history() as history:
            names = [lifter.name for lifter in history.lifters()]
            file_table.guess_all(mine, history)
        if several:
            rows = file_table.show(mine, names, unit)
        elif mine.uploads:
            _only_file(mine, unit)
        told = _form(names, unit, several)
        wrong = told["start_s"] is not None and told["end_s"] is not None and told["start_s"] >= told["end_s"]
        if wrong:
            st.error(_("“From second” must be less than “To second”."), icon=":material/error:")
        if st.button(
            _("Check {n} lifts", n=len(mine.uploads)) if several else _("Check my lift"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=not mine.uploads or wrong,
            width="stretch",
        ):
            mine.start(
                [_job(mine, upload, told | (rows[n] if several else {})) for n, upload in enumerate(mine.uploads)]
            )
            st.rerun()
    if right is None:
        return
    with right:
        _samples(mine)
        with st.container(border=True, key="card-film"):
            components.drawing("film.svg")
            tips = "".join(f"<li>{_(line)}</li>" for line in FILM_ADVICE)
            st.html(f'<ul class="fc-tips">{tips}</ul>')


def _box(mine: Session) -> None:
    """The box for files. What is put into it is kept at once, and the box is empty again."""
    given = st.file_uploader(
        _("Videos of your sets"), FILE_TYPES, accept_multiple_files=True, key=f"upload-{mine.boxes}", width="stretch"
    )
    for file in given:
        mine.keep_upload(file.name, file)
    if given:
        mine.boxes += 1
        st.rerun()


def _only_file(mine: Session, unit: str) -> None:
    """The one file that was chosen, what was guessed of it, and a way to take it out again."""
    (upload,) = mine.uploads
    found = mine.guesses[upload]
    file_table.fill_form(upload, found, unit)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="chosen-file"):
        st.markdown(f"**{components.plain(upload.name)}**", width="content")
        file_table.remove_button(mine, upload)
    if words := file_table.words_of(found, unit):
        st.caption(components.plain(words))


def _job(mine: Session, upload: Upload, told: dict[str, Any]) -> AnalysisRequest:
    """The analysis of a chosen file."""
    is_poses = upload.path.suffix == ".npz"
    video, poses = (None, str(upload.path)) if is_poses else (str(upload.path), None)
    found = mine.guesses.get(upload)
    if found is not None and found.filmed_at and not told["filmed_at"]:
        told = told | {"filmed_at": found.filmed_at}
    return AnalysisRequest(video=video, poses=poses, title=upload.name, folder=str(mine.new_folder()), **told)


def _elsewhere(mine: Session) -> None:
    """What is analysed without being seen, as by a tab that was closed, or waits after the app was stopped."""
    for other in others_at_work(mine):
        jobs = other.interrupted or other.jobs
        titles = ", ".join(components.plain(job.title) for job in jobs)
        key = other.token
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"card-work-{key}"):
            if not other.interrupted:
                st.markdown(
                    _(
                        "Still looking at {titles}, started in another tab or before FormCheck was started again.",
                        titles=titles,
                    )
                )
                if st.button(_("Show it here"), key=f"adopt-{key}"):
                    _adopt(other)
                continue
            st.markdown(_("FormCheck was stopped more than once while it looked at {titles}.", titles=titles))
            if st.button(_("Try once more"), key=f"retry-{key}"):
                other.start(other.interrupted)
                _adopt(other)
            if st.button(_("Discard"), key=f"discard-{key}"):
                other.discard()
                st.rerun()


def _adopt(other: Session) -> None:
    st.session_state[KEY] = other
    st.rerun()


def _form(names: Sequence[str], unit: str, several: bool) -> dict[str, Any]:
    """What the user tells about the set, as arguments of `AnalysisRequest`; of ``several`` what they have in common."""
    own = {} if several else _lift_load_and_lifter(names, unit)
    with st.expander(_("More, for all of them") if several else _("More")):
        if not several:
            own["variant"] = result.variant_choice(own["exercise"], "auto", f"variant-{own['exercise']}", KEPT)
        own["presets"] = tuple(result.preset_choice((), "presets", KEPT))
        if not several:
            notes = st.text_area(_("Notes"), key="notes", persist_state=KEPT, max_chars=LONGEST_NOTES, height=80)
            own["notes"] = notes or ""
        own |= _day_and_part()
        own["person"] = result.person_choice("person", KEPT)
        own["slow_motion"] = result.slow_motion_choice(1.0, "slow-motion", KEPT)
        own["model"] = _model()
        own["plate"] = st.toggle(
            _("Follow the plate"),
            False,
            key="plate",
            persist_state=KEPT,
            help=_("Deadlifts with full-size plates (450 mm) in view: bar path and velocity in metres. Takes longer."),
        )
        own["save"] = st.toggle(_("Save to the history"), True, key="save", persist_state=KEPT)
        keep = st.toggle(
            _("Keep the annotated video with it"), False, key="keep", persist_state=KEPT, disabled=not own["save"]
        )
        own["keep_video"] = own["save"] and keep
    return own


def _lift_load_and_lifter(names: Sequence[str], unit: str) -> dict[str, Any]:
    exercise = components.lift_choice("lift")
    left, right = st.columns(2)
    load = components.load_field(
        left, _("Load in {unit}", unit=unit), unit, "load", placeholder=_("Optional"), persist_state=KEPT
    )
    lifter = right.selectbox(
        _("Lifter"),
        names,
        index=None,
        accept_new_options=True,
        placeholder=_("Name, optional"),
        key="lifter",
        persist_state=KEPT,
    )
    load_kg = components.kilograms(load, unit) if load else None
    return {"exercise": exercise, "load_kg": load_kg, "lifter": lifter or None}


def _day_and_part() -> dict[str, Any]:
    """When it was filmed, and from where to where it is judged."""
    first, second, third = st.columns(3)
    filmed = first.date_input(
        _("Filmed on"), "today", max_value="today", key="filmed", persist_state=KEPT, format="YYYY-MM-DD"
    )
    start_s = second.number_input(
        _("From second"), 0.0, None, None, 1.0, placeholder=_("Start"), key="from", persist_state=KEPT
    )
    end_s = third.number_input(_("To second"), 0.0, None, None, 1.0, placeholder=_("End"), key="to", persist_state=KEPT)
    return {
        "filmed_at": filmed.isoformat() if isinstance(filmed, date) and filmed != date.today() else "",
        "start_s": start_s or None,
        "end_s": end_s or None,
    }


def _model() -> str:
    models = [status.name for status in list_models() if status.path is not None and status.hash_ok]
    models = models if "full" in models else ["full", *models]
    return st.selectbox(
        _("Pose model"),
        models,
        index=models.index("full"),
        key="model",
        persist_state=KEPT,
        help=_("Settings can fetch others."),
    )


def samples_folder() -> Path | None:
    """Where the sample videos are; None where FormCheck came without them."""
    folder = Path(formcheck.__file__).resolve().parent.parent / "sample_videos"
    return folder if (folder / SAMPLES[0][0]).is_file() else None


def _samples(mine: Session) -> None:
    folder = samples_folder()
    if folder is None:
        return
    st.markdown(_("**No video yet?** Try a sample:"))
    with st.container(horizontal=True, gap="small"):
        for file, title in SAMPLES:
            if (folder / file).is_file() and st.button(_(title), key=f"sample-{file}"):
                mine.start([AnalysisRequest(video=str(folder / file), title=file, folder=str(mine.new_folder()))])
                st.rerun()


def _problems(mine: Session) -> None:
    if mine.problems:
        # In one box: on a phone several would push the verdict off the screen.
        st.error("  \n".join(map(components.plain, mine.problems)), icon=":material/error:")


# --- waiting -------------------------------------------------------------------------------------------------------


def _progress() -> None:
    mine = session()
    if mine.collect() or mine.batch is None:
        st.rerun()
    for state in mine.batch.states:
        if state.phase != Phase.DONE or not mine.opens_one_by_one:
            _progress_of(state)
    if st.button(_("Cancel"), icon=":material/close:", key="cancel"):
        mine.batch.cancel()
        mine.batch.wait(10.0)
    st.caption(_("You can open another page meanwhile; the analysis continues."))


def _progress_of(state: State) -> None:
    words = progress_words(state)
    share = min(max(state.share, 0.0), 1.0)
    if state.phase == Phase.FAILED:
        st.error(components.plain(_(state.message)), icon=":material/error:")
        return
    with st.container(border=True, key=f"card-{Path(state.job.folder or '').name}"):
        st.markdown(f"**{components.plain(state.job.title)}**")
        st.progress(share, words)
        if state.picture and state.phase == Phase.RUNNING and state.report is None:
            words = components.escaped(_("The frame that is looked at, with the skeleton that was found in it"))
            source = f"data:image/jpeg;base64,{components.escaped(state.picture)}"
            st.html(f'<img class="fc-preview" alt="{words}" src="{source}">')
        if state.report is not None and state.phase == Phase.RUNNING and not session().opens_one_by_one:
            # What was found does not wait for the video to be drawn.
            unit = components.usable_settings().unit_of_loads
            st.html(components.hero(state.report, state.job.lifter, unit))


def progress_words(state: State) -> str:
    """What is done with a file now, which frame it is at, the repetitions so far, and how long it takes still."""
    if state.phase == Phase.WAITING and state.message:
        return _(state.message)
    if state.phase != Phase.RUNNING:
        return PHASE_WORDS[state.phase]
    words = str(STAGE_WORDS.get(state.stage, ""))
    if state.stage in FRAME_STAGES and state.done > 0:
        words += " · "
        if state.total:
            words += _("frame {done:,} of {total:,}", done=state.done, total=state.total)
        else:
            words += _("frame {done:,}", done=state.done)
    if state.stage == AnalysisStage.WATCH and state.reps:
        words += " · " + ngettext("{n} repetition so far", "{n} repetitions so far", state.reps)
    if state.left_s is not None:
        words += " · " + _("about {time} left", time=left_words(state.left_s))
    return words


def left_words(left_s: float) -> str:
    """A time to wait as people say it."""
    if left_s < 60:
        return f"{max(5, 5 * round(left_s / 5))} s"
    return _("{time} min", time=clock(left_s))


# --- results -------------------------------------------------------------------------------------------------------


def _results(mine: Session) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(f'<h1 class="fc-title">{_("Your lift")}</h1>')
        if mine.batch is None and st.button(_("Check another lift"), icon=":material/add:", key="another"):
            mine.clear()
            for key in FORM_KEYS:
                st.session_state.pop(key, None)
            st.rerun()
    _problems(mine)
    if mine.batch is not None:
        components.redrawn(_progress, PROGRESS_EVERY_S)
    if len(mine.results) > 1:
        chosen = st.pills(
            _("Sets"),
            range(len(mine.results)),
            default=min(mine.shown, len(mine.results) - 1),
            required=True,
            format_func=lambda place: components.plain(result.file_title(mine.results[place].job.title)),
            key=f"shown-{len(mine.results)}-{mine.shown}",
        )
        mine.shown = chosen if chosen is not None else 0
    now = mine.results[min(mine.shown, len(mine.results) - 1)]
    components.title_of_page(result.file_title(now.job.title))
    # With the number of the set that is shown now.
    st.query_params.from_dict({RESULT: mine.token} | _saved_in_address(mine))
    result.show(now, mine)
