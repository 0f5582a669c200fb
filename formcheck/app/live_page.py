"""Live: the camera's picture, the set-up coach, the count and the cues in large letters and aloud."""

from __future__ import annotations

import importlib.util
import math
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import streamlit as st

from formcheck.app import parts, result
from formcheck.app.session import session
from formcheck.catalogue_cli import analysis_settings
from formcheck.exercises import EXERCISES
from formcheck.history import open_history
from formcheck.history_cli import told_of_lifter
from formcheck.live.engine import DONE, IN_SET, LOOKING, READY, RESTING, SETTING_UP, Asked, Snapshot
from formcheck.pose_files import save_poses
from formcheck.pose_models import find_model
from formcheck.worker import Job

if TYPE_CHECKING:
    from formcheck.live.browser import BrowserSession, View

PATH = "live"
KEY = "live"

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

STATE_WORDS = {
    LOOKING: "Looking for you",
    SETTING_UP: "Setting up",
    READY: "Ready",
    IN_SET: "In the set",
    RESTING: "Resting",
    DONE: "Set over",
}

CONSTRAINTS: dict[str, Any] = {
    "video": {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 15, "max": 15}},
    "audio": False,
}
"""More frames or pixels make the pose no better and the picture later."""

NO_SERVERS: dict[str, Any] = {"iceServers": []}
"""Nobody outside is asked for the way; both None and {} would ask a public server."""

CAMERA_HELP = """
- **Asked and refused?** Click the camera or lock beside the address, allow the camera, reload the page.
- **No camera found?** Connect one, or check that it is switched on; on a laptop look for a slider over the lens.
- **In use?** Close other programs and tabs that show a camera picture, then press Start again.
- **Nothing happens?** Try another browser, or film the set and use Check a lift instead.
"""

GAUGE_FULL_DEG = 60.0
CUE_SHOWN_S = 4.0


def show() -> None:
    """The page."""
    st.title("Live")
    if importlib.util.find_spec("streamlit_webrtc") is None:
        st.error("The live page needs one more library: pip install streamlit-webrtc, then start FormCheck again.")
        return
    st.html(f"<style>{parts.asset('live.css')}</style>")
    problem = address_problem(str(st.context.url or ""))
    if problem:
        st.warning(problem, icon=":material/lock_open:")
    left, right = st.columns([6, 5], gap="large")
    with left:
        asked, model, keep_lifter = _form()
        _camera(asked, model)
        with st.expander("Trouble with the camera?"):
            st.markdown(CAMERA_HELP)
    with right:
        _state()
        _after(keep_lifter)


def address_problem(url: str) -> str:
    """Why a browser would not give this page a camera; "" when it would."""
    address = urlsplit(url)
    if not address.hostname or address.scheme == "https" or address.hostname in LOCAL_HOSTS:
        return ""
    return (
        "Browsers give their camera only to pages on this computer itself or over https. Open FormCheck on the "
        f"computer it runs on, as http://localhost:{address.port or 80}, or put it behind https."
    )


def _form() -> tuple[Asked, str, str | None]:
    with open_history() as history:
        lifters = {lifter.name: lifter for lifter in history.lifters()}
    lifts = ["auto", *(lift.name for lift in EXERCISES)]
    exercise = st.segmented_control(
        "Lift",
        lifts,
        default="auto",
        required=True,
        format_func=lambda name: "Recognise it" if name == "auto" else parts.exercise_title(name),
        key="live-lift",
        help="Naming it makes the first cue faster.",
    )
    one, two, three = st.columns(3)
    lifter = one.selectbox(
        "Lifter", list(lifters), index=None, accept_new_options=True, placeholder="Optional", key="live-lifter"
    )
    model = two.selectbox("Pose model", ["full", "lite"], key="live-model", help="lite for slow computers")
    reps = three.number_input("Reps in the set", 1, 100, None, placeholder="Any", key="live-reps")
    variant = result.variant_choice(exercise or "auto", "auto", f"live-variant-{exercise}")
    warm_up = st.toggle("Begin with the warm-up: hinge, squat, light swing, then ramp sets", key="live-warm-up")
    told = told_of_lifter(lifters.get(lifter or ""), analysis_settings(None, [], None))
    asked = Asked(
        exercise=exercise or "auto",
        variant=variant,
        file="camera",
        model=model or "full",
        target_reps=reps,
        warm_up=warm_up,
        **told,
    )
    return asked, model or "full", lifter or None


def _camera(asked: Asked, model: str) -> None:
    # Imported late: OpenCV may lack system libraries, and the other pages do without it.
    from streamlit_webrtc import VideoProcessorBase, WebRtcMode, webrtc_streamer

    from formcheck.live.browser import BrowserSession
    from formcheck.live.watcher import Watcher

    # Fetched here, where an error can be shown, and not in the thread of the video.
    file = find_model(model)

    class Processor(VideoProcessorBase):
        """Frames of one connection."""

        def __init__(self) -> None:
            self.live = BrowserSession(asked, lambda: Watcher(file))

        def recv(self, frame: Any) -> Any:
            arrived_s = time.monotonic()
            out = type(frame).from_ndarray(
                self.live.receive(frame.to_ndarray(format="rgb24"), arrived_s), format="rgb24"
            )
            out.pts, out.time_base = frame.pts, frame.time_base
            return out

        def on_ended(self) -> None:
            self.live.end()

    context = webrtc_streamer(
        key="live-camera",
        mode=WebRtcMode.SENDRECV,
        rtc_configuration=NO_SERVERS,
        media_stream_constraints=CONSTRAINTS,
        video_processor_factory=Processor,
        async_processing=True,
    )
    processor = getattr(context, "video_processor", None)
    if processor is not None:
        st.session_state[KEY] = processor.live
    live = st.session_state.get(KEY)
    if live is not None and not context.state.playing and live.view().frames:
        live.end()


@st.fragment(run_every=0.3)
def _state() -> None:
    live: BrowserSession | None = st.session_state.get(KEY)
    sound = st.toggle("Speak", True, key="live-sound", help="Count, cues and set-up advice through the browser's voice")
    view = None if live is None else live.view()
    st.html(state_html(view))
    if view is None:
        return
    if view.problem:
        st.error(f"A frame could not be looked at; trying on. {parts.plain(view.problem)}", icon=":material/error:")
    _speak(view, sound)
    if view.now is not None and view.now.state in (IN_SET, RESTING) and st.button("Set over", key="live-over"):
        assert live is not None
        live.end_set()
    if live is not None and len(live.finished()) != st.session_state.get(f"{KEY}-shown", 0):
        st.session_state[f"{KEY}-shown"] = len(live.finished())
        st.rerun()


def state_html(view: View | None) -> str:
    """Count, state, cue and gauge as HTML; everything from outside is escaped."""
    if view is None or view.now is None:
        words = "Press Start, then step back until your whole body is in the picture, side to the camera."
        return f'<div class="fc-live"><div class="say">{words}</div></div>'
    now = view.now
    count = now.countdown or now.reps
    called = [event for _, event in view.events if event.kind == "cue" and event.time_s > now.time_s - CUE_SHOWN_S]
    cue = now.message or (called[-1].text if called else "")
    level = ("fault" if called[-1].urgent else "watch") if called and not now.message else ""
    frames = f"{view.frames_per_s:.0f} frames/s · {view.delay_ms:.0f} ms"
    state = f"{STATE_WORDS[now.state]} · set {now.set_number}"
    return (
        f'<div class="fc-live" aria-live="polite"><div class="state">{state}</div>'
        f'<div class="count">{count}</div><div class="say {level}">{parts.escaped(cue)}</div>{_gauge(now)}'
        f'<div class="angles">{_angle("Back", now.reading.back_rounding_deg, signed=True)}'
        f"{_angle('Hip', now.reading.hip_flexion_deg)}{_angle('Knee', now.reading.knee_flexion_deg)}{_depth(now)}</div>"
        f'<div class="fc-small">{frames}</div></div>'
    )


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


def _angle(title: str, value: float, signed: bool = False) -> str:
    words = "–" if not math.isfinite(value) else f"{value:+.0f}°" if signed else f"{value:.0f}°"
    return f"<span>{title} <strong>{words.replace('-', '−')}</strong></span>"


def _depth(now: Snapshot) -> str:
    depth = now.reading.depth_thighs
    if now.exercise != "squat" or not math.isfinite(depth):
        return ""
    return f"<span>Depth <strong>{'below' if depth < 0 else 'above'} parallel</strong></span>"


def _speak(view: View, sound: bool) -> None:
    spoken = [
        {"number": number, "text": event.text, "urgent": event.urgent} for number, event in view.events if event.speak
    ]
    last = view.events[-1][0] if view.events else 0
    component = st.components.v2.component(
        "formcheck_speech", html='<div class="root"></div>', js=parts.asset("speech.js")
    )
    component(key="live-speech", data={"events": spoken, "last": last, "on": sound})


def _after(lifter: str | None) -> None:
    live: BrowserSession | None = st.session_state.get(KEY)
    if live is None:
        return
    if lifter and live.baseline is not None and st.button("Keep this standing back as my neutral", key="live-neutral"):
        from formcheck.live.outcome import save_baseline

        save_baseline(lifter, live.baseline)
        st.success(f"Kept with {parts.plain(lifter)}.")
    for done in reversed(live.finished()):
        with st.container(border=True):
            summary = parts.escaped(done.report.summary)
            st.html(f"{parts.tag(done.report.verdict)} <strong>Set {done.number}</strong> {summary}")
            one, two = st.columns(2)
            for column, save, words in ((one, False, "Report"), (two, True, "Save, then report")):
                if column.button(words, key=f"live-{done.number}-{save}", width="stretch"):
                    mine = session()
                    poses = mine.new_folder().with_suffix(".npz")
                    save_poses(done.poses, poses)
                    lift = done.report.exercise
                    job = Job(
                        str(mine.new_folder()),
                        poses=str(poses),
                        title=f"Live set {done.number}",
                        exercise=lift.name if lift.chosen_by == "user" else "auto",
                        lifter=lifter,
                        save=save,
                    )
                    mine.start([job])
                    st.session_state[parts.GO] = "check"
                    st.rerun()
