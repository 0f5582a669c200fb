"""The browser's front: one session a tab, errors that do not freeze it, and the page around it."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.bench_live import code_of, delays, truth_of, with_code
from benchmarks.bench_live_browser import FPS as FILM_FPS
from benchmarks.bench_live_browser import Film, counts_of, latencies, truth_times
from formcheck.core.poses import contour_stations
from formcheck.exercises import EXERCISES
from formcheck.live.browser import BACK_COLOUR, PROBLEM_SHOWN_S, BrowserSession, FrameWorker, drawn
from formcheck.live.cues import spoken
from formcheck.live.recording import Observation
from formcheck.live.session import Event, SessionOptions, State
from formcheck.vision.video import VideoReader
from tests.helpers import app_server
from tests.helpers.app_server import needs_chromium
from tests.helpers.live_frames import filmed, looks
from tests.helpers.synthetic_lifter import deadlift, mirrored, squat

browser = app_server.browser

ROOT = Path(__file__).resolve().parent.parent.parent
FPS = 20.0
PICTURE = np.full((96, 54, 3), 120, np.uint8)


class FakeAnalyser:
    """Gives prepared looks instead of using a pose model; breaks at the frame numbers in ``breaks``."""

    made: int = 0

    def __init__(self, seen: Iterator[Observation], breaks: tuple[int, ...] = ()) -> None:
        FakeAnalyser.made += 1
        self._seen, self._breaks = seen, breaks
        self.closed = False

    def analyse(self, rgb: Any, time_s: float, *, count_people: bool = False) -> Observation:
        found = next(self._seen)
        if round(found.time_s * 20) in self._breaks:
            raise RuntimeError("the model fell over")
        return Observation(time_s, found.person, found.width, found.height)

    def close(self) -> None:
        self.closed = True


def browsed(
    poses: Any, breaks: tuple[int, ...] = (), frames: int | None = None, **how: Any
) -> tuple[BrowserSession, list[str]]:
    """A session that was shown these poses, and the problem after each frame."""
    source = looks(poses)
    session = BrowserSession(SessionOptions(exercise="squat"), lambda: FakeAnalyser(source, breaks), **how)
    problems = []
    for time_s in poses.time_s[:frames]:
        session.receive(PICTURE, 1000.0 + float(time_s))
        problems.append(session.view().problem)
    return session, problems


def test_a_session_counts_and_ends_with_a_finished_set() -> None:
    session, problems = browsed(filmed(squat(2)))
    assert not any(problems)
    view = session.view()
    assert view.now is not None
    assert view.now.reps == 2
    assert [event.text for _, event in view.events if event.kind == "rep"] == ["1", "2"]
    numbers = [number for number, _ in view.events]
    assert numbers == sorted(set(numbers))
    session.end()
    session.end()
    (done,) = session.finished()
    assert len(done.report.reps) == 2
    ended = session.view().now
    assert ended is not None
    assert ended.state == State.DONE


def test_an_error_is_shown_for_a_while_and_frames_go_on_with_a_new_model() -> None:
    made = FakeAnalyser.made
    session, problems = browsed(filmed(squat(2)), breaks=(10,))
    told = [index for index, problem in enumerate(problems) if problem]
    # Long enough to be read, and no longer.
    assert told == list(range(10, 10 + len(told)))
    assert len(told) == pytest.approx(PROBLEM_SHOWN_S * FPS, abs=1)
    assert "the model fell over" in problems[10]
    assert FakeAnalyser.made - made == 2, "not a new model with every frame"
    view = session.view()
    assert view.frames == len(problems)
    assert view.now is not None
    assert view.now.reps >= 1


def test_the_user_ends_a_set_and_hears_of_it_once() -> None:
    poses = filmed(squat(2))
    frames = len(poses) - 3
    session, _ = browsed(poses, frames=frames)
    session.end_set()
    view = session.view()
    assert view.now is not None
    assert (view.now.state, view.now.reps) == (State.DONE, 2)
    assert len(session.finished()) == 1
    session.end_set()
    for time_s in poses.time_s[frames:]:
        session.receive(PICTURE, 1000.0 + float(time_s))
    told = [event for _, event in session.view().events if event.kind == "set-over"]
    assert [event.speak for event in told] == [True]


def test_frames_of_another_size_become_alike() -> None:
    sizes = []

    class Measuring(FakeAnalyser):
        def analyse(self, rgb: Any, time_s: float, *, count_people: bool = False) -> Observation:
            sizes.append(rgb.shape)
            return super().analyse(rgb, time_s)

    source = looks(filmed(squat(1)))
    session = BrowserSession(SessionOptions(exercise="squat"), lambda: Measuring(source))
    for number, size in enumerate(((480, 640), (240, 320), (720, 960))):
        session.receive(np.zeros((*size, 3), np.uint8), 10.0 + number / FPS)
    assert sizes == [(480, 640, 3)] * 3


def test_the_video_is_kept_only_when_asked_for_and_shows_what_was_judged() -> None:
    poses = filmed(squat(2))
    without, _ = browsed(poses)
    without.end()
    assert len(without.finished()) == 1
    assert without.set_video(1) is None
    session, _ = browsed(poses, keep_video=True)
    session.end()
    (done,) = session.finished()
    path = session.set_video(1)
    assert path is not None
    with VideoReader(path) as reader:
        times = [frame.time_s for frame in reader]
    assert times == pytest.approx(done.poses.time_s.tolist(), abs=0.002)
    session.discard()
    assert not path.parent.exists()
    assert session.set_video(1) is None


def test_nobody_waits_for_the_worker_and_the_newest_frame_wins() -> None:
    busy, free = threading.Event(), threading.Event()
    read: list[int] = []
    shown: list[Any] = []

    class Slow(FakeAnalyser):
        def analyse(self, rgb: Any, time_s: float, *, count_people: bool = False) -> Observation:
            busy.set()
            assert free.wait(60)
            return super().analyse(rgb, time_s)

    source = looks(filmed(squat(1)))
    session = BrowserSession(SessionOptions(exercise="squat"), lambda: Slow(source))
    worker = FrameWorker(session, shown.append)

    def frame(number: int) -> Callable[[], Any]:
        def pixels() -> Any:
            read.append(number)
            return PICTURE

        return pixels

    worker.offer(frame(0), 1.0)
    assert busy.wait(60)
    for number in range(1, 5):
        worker.offer(frame(number), 1.0 + number)
    free.set()
    wait_until(lambda: len(shown) == 2)
    worker.stop()
    worker.join(60)
    assert read == [0, 4]
    view = session.view()
    assert (view.frames, view.dropped, view.dropped_share, view.ended) == (2, 3, 0.6, True)


def test_a_frame_that_cannot_be_read_does_not_stop_the_worker() -> None:
    shown: list[Any] = []
    source = looks(filmed(squat(1)))
    session = BrowserSession(SessionOptions(exercise="squat"), lambda: FakeAnalyser(source))
    worker = FrameWorker(session, shown.append)

    def broken() -> Any:
        raise ValueError("no pixels in it")

    worker.offer(broken, time.monotonic())
    wait_until(lambda: "no pixels in it" in session.view().problem)
    worker.offer(lambda: PICTURE, time.monotonic())
    wait_until(lambda: len(shown) == 1)
    worker.stop()
    worker.join(60)


def test_a_camera_that_is_pulled_out_in_mid_set_leaves_a_finished_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formcheck.live.browser.SILENT_CAMERA_S", 0.3)
    poses = filmed(squat(3))
    until = int(0.8 * len(poses.time_s))
    source = looks(poses)
    session = BrowserSession(SessionOptions(exercise="squat"), lambda: FakeAnalyser(source))
    for time_s in poses.time_s[:until]:
        session.receive(PICTURE, 1000.0 + float(time_s))
    assert session.finished() == ()
    worker = FrameWorker(session, lambda _: None)
    wait_until(lambda: session.view().silent)
    wait_until(lambda: len(session.finished()) == 1)
    (done,) = session.finished()
    assert len(done.report.reps) == 2
    assert not session.view().ended
    # The camera comes back: the next set is another one.
    worker.offer(lambda: PICTURE, 1000.0 + float(poses.time_s[until]))
    wait_until(lambda: not session.view().silent)
    worker.stop()
    worker.join(60)
    assert len(session.finished()) == 1


def test_a_silent_camera_says_nothing_before_the_first_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formcheck.live.browser.SILENT_CAMERA_S", 0.05)
    session = BrowserSession(SessionOptions(exercise="squat"), lambda: FakeAnalyser(iter(())))
    session.camera_is_silent()
    assert not session.view().silent


def wait_until(true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60.0
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.002)


def test_two_sessions_know_nothing_of_each_other() -> None:
    one, _ = browsed(filmed(squat(1)))
    two, _ = browsed(filmed(deadlift(1)), frames=10)
    first, second = one.view().now, two.view().now
    assert first is not None
    assert second is not None
    assert (first.reps, second.reps) == (1, 0)


def test_the_body_is_drawn_into_the_picture() -> None:
    session, _ = browsed(filmed(squat(1)), frames=5)
    now = session.view().now
    assert now is not None
    seen = next(looks(filmed(squat(1), fps=5.0)))
    picture = np.full((seen.height, seen.width, 3), 120, np.uint8)
    assert (drawn(picture, seen, now) != picture).any()
    nobody = Observation(0.0, None, seen.width, seen.height)
    assert drawn(picture, nobody, now) is picture


@pytest.mark.parametrize("mirror", [False, True])
def test_the_line_of_the_back_is_on_the_back(mirror: bool) -> None:
    poses = mirrored(filmed(squat(2))) if mirror else filmed(squat(2))
    session, _ = browsed(poses, frames=60)
    now = session.view().now
    assert now is not None
    assert math.isfinite(now.reading.back_rounding_deg)
    seen = list(looks(poses))[59]
    assert seen.person is not None
    picture = np.full((seen.height, seen.width, 3), 120, np.uint8)
    stations = contour_stations()
    line = seen.person.contour_px[1 if mirror else 0][(stations >= 0.1) & (stations <= 0.9)]
    line = line[np.isfinite(line).all(axis=1)].round().astype(int)
    teal = (drawn(picture, seen, now) == BACK_COLOUR).all(axis=2)
    assert teal[line[:, 1], line[:, 0]].mean() > 0.9
    unknown = replace(now, reading=replace(now.reading, back_rounding_deg=math.nan))
    assert not (drawn(picture, seen, unknown) == BACK_COLOUR).all(axis=2)[line[:, 1], line[:, 0]].any()


# ----------------------------------------------------------------------------------------------------------- the page


def test_the_page_says_where_browsers_give_no_camera() -> None:
    page = pytest.importorskip("formcheck.app.pages.live_page", reason="Streamlit is not installed")
    assert page.address_problem("http://localhost:8501/live") == ""
    assert page.address_problem("http://127.0.0.1:8501/live") == ""
    assert page.address_problem("https://example.org/live") == ""
    assert page.address_problem("") == ""
    assert "http://localhost:8501" in page.address_problem("http://192.168.1.20:8501/live")


def test_the_page_shows_count_and_gauge_and_escapes_what_it_is_given() -> None:
    page = pytest.importorskip("formcheck.app.pages.live_page", reason="Streamlit is not installed")
    assert "Press Start" in page.state_html(None)
    session, _ = browsed(filmed(squat(1)))
    view = session.view()
    assert view.now is not None
    text = page.state_html(view)
    assert '<div class="count">1</div>' in text
    assert "Depth" in text
    odd = replace(view, now=replace(view.now, message="<script>"))
    assert "<script>" not in page.state_html(odd)
    # Numbers of the video are for developers.
    assert "frames/s" not in text
    assert "25% dropped" in page.state_html(replace(view, dropped_share=0.25), rates=True)


def test_a_cue_is_shown_for_a_moment_and_not_into_the_next_set() -> None:
    page = pytest.importorskip("formcheck.app.pages.live_page", reason="Streamlit is not installed")
    session, _ = browsed(filmed(squat(1)), frames=20)
    view = session.view()
    assert view.now is not None
    time_s = view.now.time_s
    now = replace(view.now, message="")

    def shown(*events: Event) -> bool:
        return "Chest proud" in page.state_html(replace(view, now=now, events=tuple(enumerate(events))))

    cue = Event("cue", "Chest proud", time_s - 1.0, urgent=True)
    assert shown(cue)
    assert shown(cue, Event("rep", "2", time_s))
    assert not shown(replace(cue, time_s=time_s - page.CUE_SHOWN_S - 0.1))
    assert not shown(cue, Event("set-over", "Set over", time_s))
    assert not shown(cue, Event("set", "Set 2", time_s))


MM_PER_PX, CAPITALS = 25.4 / 96.0, 0.7
"""Of a screen that shows CSS pixels in their nominal size; and the height of capitals, as part of the font size."""

READABLE_MM = 3000.0 * math.tan(math.radians(16.0 / 60.0))
"""Capitals of 16 minutes of arc from three metres, the least that ISO 9241-303 allows for reading."""


@needs_chromium
@pytest.mark.parametrize("width", [1280, 1440])
def test_count_and_cue_can_be_read_from_three_metres(browser: Any, width: int) -> None:
    from formcheck.app import components
    from formcheck.app.pages.live_page import state_html

    session, _ = browsed(filmed(squat(2, rounding_deg=60)), frames=140)
    view = session.view()
    page = browser.new_page(viewport={"width": width, "height": 900})
    for cue in sorted({spoken(check.cue) for exercise in EXERCISES for check in exercise.checks}):
        assert view.now is not None
        html = state_html(replace(view, now=replace(view.now, message=cue)))
        page.set_content(f"<style>{components.asset('live.css')}</style><div style='width: 560px'>{html}</div>")
        for name in ("count", "say"):
            size = page.evaluate(f"parseFloat(getComputedStyle(document.querySelector('.fc-live .{name}')).fontSize)")
            assert size * CAPITALS * MM_PER_PX >= READABLE_MM, (name, size)
        assert page.evaluate("document.querySelector('.fc-live').scrollHeight") < 850, cue
        assert page.inner_text(".say").replace("\n", " ") == cue
    page.close()


def test_every_reason_for_a_missing_picture_has_its_words() -> None:
    page = pytest.importorskip("formcheck.app.pages.live_page", reason="Streamlit is not installed")
    script = (ROOT / "formcheck" / "app" / "assets" / "camera.js").read_text(encoding="utf-8")
    named = re.findall(r'Error: "(\w+)"|tell\("(\w+)"\)', script)
    assert {name for pair in named for name in pair if name} == set(page.CAMERA_TEXTS)


def test_the_page_opens_without_a_camera(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    testing = pytest.importorskip("streamlit.testing.v1", reason="Streamlit is not installed")
    webrtc = pytest.importorskip("streamlit_webrtc", reason="streamlit-webrtc is not installed")
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path))
    asked: dict[str, Any] = {}

    def streamer(**given: Any) -> Any:
        asked.update(given)
        return SimpleNamespace(sink_video_track=None, state=SimpleNamespace(playing=False, signalling=False))

    monkeypatch.setattr(webrtc, "webrtc_streamer", streamer)
    from formcheck.app.pages import live_page

    monkeypatch.setattr(live_page, "find_model", lambda name: name)

    def script() -> None:
        from formcheck.app.pages import live_page

        live_page.show()

    test = testing.AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    assert asked["rtc_configuration"] == {"iceServers": []}
    # Frames go straight to the session's own thread; no function is called on the server's event loop.
    assert asked["sink_video_track"].session is not None
    assert asked["source_video_track"] is asked["sink_video_track"].canvas
    assert not any(name.startswith("video_") for name in asked)
    assert asked["media_stream_constraints"]["audio"] is False
    assert any("Press Start" in str(each.proto.body) for each in test.get("html"))


# ------------------------------------------------------------------------------------------------------ the benchmark


def test_the_frame_code_survives_the_picture() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (60, 200, 3), dtype=np.uint8)
    for number in (0, 1, 2, 12345, 2**20 - 1):
        assert code_of(with_code(picture, number)) == number


def test_delays_belong_to_the_nearest_instant_and_are_used_once() -> None:
    assert delays([1.0, 5.0], [1.3, 5.1, 30.0]) == pytest.approx([0.3, 0.1])
    assert delays([1.0, 1.2], [1.3]) == pytest.approx([0.3])


def test_latency_is_counted_from_the_last_time_the_camera_showed_that_picture() -> None:
    sent = [(1000.0, 7), (1066.0, 8), (1133.0, 9), (9000.0, 7)]
    came = [(1250.0, 7), (1300.0, 100), (1400.0, 9), (9300.0, 7)]
    found = latencies(sent, came)
    assert [at_s for at_s, _ in found] == pytest.approx([1.25, 1.4, 9.3])
    assert [delay_s for _, delay_s in found] == pytest.approx([0.25, 0.267, 0.3])
    # A picture that the browser did not show itself came between its neighbours.
    assert latencies([(1000.0, 7), (1200.0, 9)], [(1400.0, 8)]) == [pytest.approx((1.4, 0.3))]


def test_an_instant_that_the_camera_skipped_is_still_known() -> None:
    film = Film(Path("film"), 100, sample_s=2.0)
    instant_s = 40 / FILM_FPS - film.sample_s
    local = [(1000.0, 39), (1100.0, 40), (5000.0, 99), (6000.0, 0), (7000.0, 38), (7200.0, 42), (9000.0, 3)]
    assert truth_times(local, film, [instant_s]) == pytest.approx([1.1, 7.1])


def test_counts_are_read_from_what_the_page_showed() -> None:
    shown = (
        ("Setting up · set 1", "3"),
        *(("In the set · set 1", count) for count in "012234"),
        ("In the set · set 2", "0"),
    )
    said = [(1000.0 * at_s, state, count, "") for at_s, (state, count) in enumerate(shown)]
    assert counts_of(said) == [2.0, 3.0, 5.0, 6.0]


def test_the_benchmarks_sample_has_rounded_reps() -> None:
    truth = truth_of(ROOT / "sample_videos" / "deadlift-rounded.mp4")
    assert truth.length_s == pytest.approx(10.7)
    assert len(truth.lockouts) == 3
    assert len(truth.crossings) == 2
    # At the bottom of the rounded reps, in the second round of the loop too, and not while standing.
    assert all(truth.is_round(at_s + 0.1) for at_s in truth.crossings)
    assert truth.is_round(truth.length_s + truth.crossings[0] + 0.1)
    assert not truth.is_round(0.5)
