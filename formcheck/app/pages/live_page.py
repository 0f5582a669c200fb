"""Live: the camera's picture, the set-up coach, the count and the cues in large letters and aloud."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import streamlit as st

from formcheck.app import components
from formcheck.app.pages import result
from formcheck.app.session import session
from formcheck.core.words import N_, WordTable, _, pgettext
from formcheck.live.session import Event, SessionOptions, Snapshot, State
from formcheck.live.warm_up import drill_names
from formcheck.service.lifter_options import options_of_lifter
from formcheck.service.pipeline import AnalysisRequest, settings_of
from formcheck.storage.history import open_history
from formcheck.storage.pose_files import save_poses
from formcheck.storage.settings_files import load_settings
from formcheck.vision.models.store import find_model

if TYPE_CHECKING:
    from streamlit_webrtc.config import Translations

    from formcheck.live.browser import BrowserSession, View
    from formcheck.live.session import FinishedSet

PATH = "live"
SESSIONS = "live-sessions"
"""In the session state: one `Started` for each time that Start was pressed, in order."""

CAMERA = "live-camera"
TEXT_EVERY_S = 0.2

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

STATE_WORDS = WordTable(
    {
        State.LOOKING: N_("Looking for you"),
        State.SETTING_UP: N_("Setting up"),
        State.READY: N_("Ready"),
        State.IN_SET: N_("In the set"),
        State.RESTING: N_("Resting"),
        State.DONE: N_("Set over"),
    }
)

CONSTRAINTS: dict[str, Any] = {
    # Without "none" a browser cuts the picture to the wished shape, such as the feet off one that is upright.
    "video": {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 15}, "resizeMode": "none"},
    "audio": False,
}
"""Wishes for the camera: more frames or pixels make the pose no better and the picture later. What the camera cannot do
as wished comes as it is, upright or across, but always whole."""

DEVELOPER = "developer"
"""In the address: shows frames a second and delay, as in /live?developer."""

BUTTONS: Translations = {"start": "Start", "stop": "Stop", "select_device": "Choose the camera"}

NO_SERVERS: dict[str, Any] = {"iceServers": []}
"""No outside server is asked for the way; both None and {} would ask a public server."""

ADDRESS_HELP = N_(
    "Browsers give their camera only to pages on this computer itself or over https. Open FormCheck "
    "on the computer it runs on, as http://localhost, or put it behind https."
)
CAMERA_TEXTS = WordTable(
    {
        "insecure": ADDRESS_HELP,
        "denied": N_(
            "The camera is not allowed here. Click the camera or lock beside the address, allow it, reload the page."
        ),
        "missing": N_("There is no camera. Connect one, or switch it on; on a laptop look for a slider over the lens."),
        "busy": N_("The camera does not start. Close other programs and tabs that use it, then press Start again."),
        "gone": N_("The camera was disconnected. Connect it again, then press Stop and Start."),
    }
)
"""What the page says when there is no picture, by reason."""

SILENT_CAMERA = N_(
    "No picture comes from the camera any more. What was seen of the set is kept and judged below; "
    "connect the camera, then press Stop and Start."
)

MOVED = N_(
    "You began another live session, in another tab or on another device, so this one has ended: an "
    "account has one at a time. To go on here, press Stop and Start."
)

NOTHING_HAPPENS = N_("Nothing happens? Try another browser, or film the set and use Check a lift instead.")


def camera_help() -> str:
    """What to try when there is no picture, as a list."""
    lines = [*(CAMERA_TEXTS[name] for name in ("denied", "missing", "busy")), _(NOTHING_HAPPENS)]
    return "".join(f"- {line}\n" for line in lines)


GAUGE_FULL_DEG = 60.0
CUE_SHOWN_S = 4.0


@dataclass(frozen=True)
class Form:
    """What the user chose before Start."""

    options: SessionOptions
    model: str
    lifter: str | None
    presets: tuple[str, ...]
    keep_video: bool


@dataclass(frozen=True)
class Started:
    """A session that was started, with what was chosen for it."""

    live: BrowserSession
    form: Form


def show() -> None:
    """The page."""
    st.title(_("Live"))
    if importlib.util.find_spec("streamlit_webrtc") is None:
        st.error(_("The live page needs one more library: pip install streamlit-webrtc, then start FormCheck again."))
        return
    st.html(f"<style>{components.asset('live.css')}</style>")
    problem = address_problem(str(st.context.url or ""))
    if problem:
        st.warning(problem, icon=":material/lock_open:")
    connected = _connected(st.session_state.get(CAMERA))
    left, right = st.columns([6, 5], gap="large")
    with left:
        # Hidden rather than left out while a session runs: boxes that are not there forget what was chosen.
        with st.container(key="live-form-away" if connected else "live-form"):
            form = _form()
        _camera_texts({} if problem else dict(CAMERA_TEXTS.items()))
        connected = _camera(form)
        if not connected:
            with st.expander(_("Trouble with the camera?")):
                st.markdown(camera_help())
    with right:
        live = _started()[-1].live if _started() else None
        under_way = connected or (live is not None and not live.view().ended)
        components.redrawn(_state, TEXT_EVERY_S if under_way else None)
        _after()


def address_problem(url: str) -> str:
    """Why a browser would not give this page a camera; "" when it would."""
    address = urlsplit(url)
    if not address.hostname or address.scheme == "https" or address.hostname in LOCAL_HOSTS:
        return ""
    return _(ADDRESS_HELP).replace("http://localhost", f"http://localhost:{address.port or 80}")


def _started() -> list[Started]:
    found: list[Started] = st.session_state.setdefault(SESSIONS, [])
    return found


def _connected(camera: Any) -> bool:
    return camera is not None and (camera.state.playing or camera.state.signalling)


def _form() -> Form:
    """What the user tells about the set."""
    settings = load_settings()
    unit = settings.unit_of_loads
    with open_history() as history:
        lifters = {lifter.name: lifter for lifter in history.lifters()}
    exercise = components.lift_choice("live-lift", _("Naming it makes the first cue faster."))
    one, two, three = st.columns(3)
    lifter = one.selectbox(
        _("Lifter"), list(lifters), index=None, accept_new_options=True, placeholder=_("Optional"), key="live-lifter"
    )
    load = components.load_field(two, _("Load in {unit}", unit=unit), unit, "live-load", placeholder=_("Optional"))
    reps = three.number_input(
        _("Reps in the set"),
        1,
        100,
        None,
        placeholder=_("Any"),
        key="live-reps",
        help=_("The set ends after this many reps."),
    )
    with st.expander(_("More")):
        variant = result.variant_choice(exercise, "auto", f"live-variant-{exercise}")
        presets = result.preset_choice((), "live-presets")
        model = st.selectbox(_("Pose model"), ["full", "lite"], key="live-model", help=_("lite for slow computers"))
        warm_up = st.toggle(
            _("Begin with the warm-up: {drills}, then ramp sets", drills=", ".join(drill_names())), key="live-warm-up"
        )
        keep = st.toggle(
            _("Keep the video"),
            key="live-keep",
            help=_("For the report, and for the history if you save the set. Otherwise no picture is stored anywhere."),
        )
    told = options_of_lifter(lifters.get(lifter or ""), settings_of(AnalysisRequest(presets=tuple(presets))))
    options = SessionOptions(
        exercise=exercise,
        variant=variant,
        load_kg=components.kilograms(load, unit) if load else None,
        file="camera",
        model=model or "full",
        target_reps=reps,
        warm_up=warm_up,
        **told,
    )
    return Form(options, model or "full", lifter or None, tuple(presets), keep)


def _camera_texts(texts: dict[str, str]) -> None:
    """Where reasons for a missing picture appear."""
    component = st.components.v2.component(
        "formcheck_camera",
        html='<div class="root" role="alert" hidden></div>',
        css=components.asset("camera.css"),
        js=components.asset("camera.js"),
    )
    component(key="live-camera-texts", data={"texts": texts})


def _camera(form: Form) -> bool:
    """The camera's picture; True while it is connected."""
    # Imported late: OpenCV may lack system libraries, and the other pages do without it.
    from streamlit_webrtc import WebRtcMode, webrtc_streamer

    from formcheck.app.live_video import Eye
    from formcheck.live.browser import BrowserSession
    from formcheck.live.frame_analyser import FrameAnalyser

    # Fetched here, where an error can be shown, and not in the thread of the video.
    file = find_model(form.model)
    # Taken for the next connection; the one that runs keeps its own.
    eye = Eye(BrowserSession(form.options, lambda: FrameAnalyser(file), keep_video=form.keep_video), session().account)
    context = webrtc_streamer(
        key=CAMERA,
        mode=WebRtcMode.SENDRECV,
        rtc_configuration=NO_SERVERS,
        media_stream_constraints=CONSTRAINTS,
        translations=BUTTONS,
        sink_video_track=eye,
        source_video_track=eye.canvas,
    )
    running = getattr(context, "sink_video_track", None)
    started = _started()
    if running is not None and all(each.live is not running.session for each in started):
        started.append(Started(running.session, form))
    return _connected(context)


def _state() -> None:
    started = _started()
    live = started[-1].live if started else None
    view = None if live is None else live.view()
    st.html(state_html(view, rates=DEVELOPER in st.query_params))
    if view is not None and view.problem:
        st.error(
            _("A frame could not be analysed; still trying. {problem}", problem=components.plain(view.problem)),
            icon=":material/error:",
        )
    if view is not None and view.silent and not view.ended:
        st.warning(_(SILENT_CAMERA), icon=":material/videocam_off:")
    if live is not None and live.moved:
        st.info(_(MOVED), icon=":material/devices:")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        in_set = view is not None and view.now is not None and view.now.state in (State.IN_SET, State.RESTING)
        if in_set and live is not None and st.button(_("Set over"), key="live-over", icon=":material/flag:"):
            live.end_set()
        sound = st.toggle(
            _("Speak"), True, key="live-sound", help=_("Count, cues and advice through the browser's voice")
        )
    if live is None or view is None:
        return
    _speak(view, sound)
    shown = (len(started), len(live.finished()), live.view().ended)
    if shown != st.session_state.get(f"{SESSIONS}-shown"):
        st.session_state[f"{SESSIONS}-shown"] = shown
        st.rerun()


def state_html(view: View | None, *, rates: bool = False) -> str:
    """Count, state, cue and gauge as HTML; everything from outside is escaped. ``rates``: with numbers of the video."""
    if view is None or view.now is None:
        words = _("Press Start, then step back until your whole body is in the picture, side to the camera.")
        if view is not None and not view.ended:
            words = _("One moment: the pose model is loading.")
        return f'<div class="fc-live"><div class="say begin">{words}</div></div>'
    now = view.now
    cue = _cue(view, now)
    words = now.message or (cue.text if cue is not None else "")
    level = ("fault" if cue.urgent else "watch") if cue is not None and not now.message else ""
    # What is said of a whole set is read from near by.
    head, rest = (words, "") if now.state == State.DONE else _first_clause(words)
    size = "near" if now.state == State.DONE else "far"
    speed = _(
        "{rate:.0f} frames/s · {delay:.0f} ms · {dropped:.0%} dropped",
        rate=view.frames_per_s,
        delay=view.delay_ms,
        dropped=view.dropped_share,
    )
    small = f'<div class="fc-small">{speed}</div>' if rates else ""
    state = _("{state} · set {id}", state=STATE_WORDS[now.state], id=now.set_number)
    return (
        f'<div class="fc-live" aria-live="polite"><div class="state">{state}</div>'
        f'<div class="count">{now.countdown or now.reps}</div>'
        f'<div class="say {size} {level}">{components.escaped(head)}'
        f"<small>{components.escaped(rest)}</small></div>{_gauge(now)}"
        f'<div class="angles">{_angles(now)}{_depth(now)}</div>{small}</div>'
    )


def _first_clause(words: str) -> tuple[str, str]:
    """What can be read from afar, and what is left: "Stand tall: hips through" begins with "Stand tall"."""
    head, mark, rest = re.match(r"([^,:;]*)([,:;]?)\s*(.*)", words, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{head}{mark}", rest


def _cue(view: View, now: Snapshot) -> Event | None:
    """The cue to show: called a moment ago, in the set that is under way."""
    for _number, event in reversed(view.events):
        if event.kind in ("set", "set-over") or event.time_s < now.time_s - CUE_SHOWN_S:
            return None
        if event.kind == "cue":
            return event
    return None


def _gauge(now: Snapshot) -> str:
    rounding, fault = now.reading.back_rounding_deg, now.back_fault_deg
    width = 0.0 if not math.isfinite(rounding) else 100.0 * min(max(rounding, 0.0), GAUGE_FULL_DEG) / GAUGE_FULL_DEG
    level = now.reading.verdict if now.reading.verdict in ("watch", "fault") else ""
    marks = "".join(
        f'<b style="left:{100.0 * limit / GAUGE_FULL_DEG:.0f}%"></b>'
        for limit in (now.back_watch_deg, fault)
        if math.isfinite(limit)
    )
    return f'<div class="gauge" aria-hidden="true"><i class="{level}" style="width:{width:.0f}%"></i>{marks}</div>'


def _angles(now: Snapshot) -> str:
    back = _angle(pgettext("part of the body", "Back"), now.reading.back_rounding_deg, signed=True)
    hip = _angle(pgettext("part of the body", "Hip"), now.reading.hip_flexion_deg)
    return back + hip + _angle(pgettext("part of the body", "Knee"), now.reading.knee_flexion_deg)


def _angle(title: str, value: float, signed: bool = False) -> str:
    # Whole degrees first: nobody has a back of -0 degrees.
    words = "–" if not math.isfinite(value) else f"{round(value):{'+' if signed else ''}d}°"
    return f"<span>{title} <strong>{words.replace('-', '−')}</strong></span>"


def _depth(now: Snapshot) -> str:
    depth = now.reading.depth_thighs
    if not now.shows_depth:
        return ""
    where = _("below parallel") if depth < 0 else _("above parallel")
    return f"<span>{_('Depth')} <strong>{where}</strong></span>"


def _speak(view: View, sound: bool) -> None:
    spoken = [
        {"number": number, "text": event.text, "urgent": event.urgent} for number, event in view.events if event.speak
    ]
    last = view.events[-1][0] if view.events else 0
    component = st.components.v2.component(
        "formcheck_speech", html='<div class="root"></div>', js=components.asset("speech.js")
    )
    component(key="live-speech", data={"events": spoken, "last": last, "on": sound})


def _after() -> None:
    """All sets of all sessions, the last one first."""
    started = _started()
    if not started:
        return
    last = started[-1]
    lifter, baseline = last.form.lifter, last.live.baseline
    if lifter and baseline is not None and st.button(_("Keep this standing back as my neutral"), key="live-neutral"):
        from formcheck.live.save_set import save_baseline

        save_baseline(lifter, baseline)
        st.success(_("Kept with {name}.", name=components.plain(lifter)))
    sets = [(each, done) for each in started for done in each.live.finished()]
    for number, (each, done) in reversed(list(enumerate(sets, start=1))):
        with st.container(border=True, key=f"card-live-{number}"):
            summary = components.escaped(done.report.summary)
            st.html(f"{components.tag(done.report.verdict)} <strong>Set {number}</strong> {summary}")
            one, two = st.columns(2)
            for column, save, words in ((one, False, _("Report")), (two, True, _("Save, then report"))):
                if column.button(words, key=f"live-{number}-{save}", width="stretch"):
                    _report(each, done, number, save)


def _report(started: Started, done: FinishedSet, number: int, save: bool) -> None:
    """Make the report of a set, as of an upload, and go there."""
    mine, options = session(), started.form.options
    poses = mine.new_folder().with_suffix(".npz")
    save_poses(done.poses, poses)
    with st.spinner(_("Cutting the video ...")) if started.form.keep_video else contextlib.nullcontext():
        video = started.live.set_video(done.number)
    job = AnalysisRequest(
        folder=str(mine.new_folder()),
        video=None if video is None else str(video),
        poses=str(poses),
        title=_("Live set {id}", id=number),
        exercise=options.exercise,
        variant=options.variant,
        load_kg=options.load_kg,
        lifter=started.form.lifter,
        presets=started.form.presets,
        model=started.form.model,
        save=save,
        keep_video=save and video is not None,
        filmed_at=date.today().isoformat(),
    )
    mine.start([job])
    st.session_state[components.GO] = "check"
    st.rerun()
