"""The browser's front: one session a tab, errors that do not freeze it, and the page around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from live_frames import filmed, looks
from synthetic_lifter import deadlift, squat

from benchmarks.bench_live import code_of, delays, truth_of, with_code
from formcheck.live.browser import BrowserSession, drawn
from formcheck.live.engine import DONE, Asked
from formcheck.live.recording import Seen

ROOT = Path(__file__).resolve().parent.parent
PICTURE = np.full((96, 54, 3), 120, np.uint8)


class FakeWatcher:
    """Gives prepared looks instead of using a pose model; breaks at the frame numbers in ``breaks``."""

    made: int = 0

    def __init__(self, seen: Iterator[Seen], breaks: tuple[int, ...] = ()) -> None:
        FakeWatcher.made += 1
        self._seen, self._breaks = seen, breaks
        self.closed = False

    def look(self, rgb: Any, time_s: float, *, count_people: bool = False) -> Seen:
        found = next(self._seen)
        if round(found.time_s * 20) in self._breaks:
            raise RuntimeError("the model fell over")
        return Seen(time_s, found.person, found.width, found.height)

    def close(self) -> None:
        self.closed = True


def browsed(poses: Any, breaks: tuple[int, ...] = (), frames: int | None = None) -> tuple[BrowserSession, list[str]]:
    """A session that was shown these poses, and the problem after each frame."""
    source = looks(poses)
    session = BrowserSession(Asked(exercise="squat"), lambda: FakeWatcher(source, breaks))
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
    assert ended.state == DONE


def test_an_error_is_shown_and_the_next_frame_goes_on_with_a_new_model() -> None:
    made = FakeWatcher.made
    session, problems = browsed(filmed(squat(1)), breaks=(30,))
    assert [index for index, problem in enumerate(problems) if problem] == [30]
    assert "the model fell over" in problems[30]
    assert FakeWatcher.made - made == 2
    view = session.view()
    assert view.frames == len(problems)
    assert view.now is not None
    assert view.now.reps == 1


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
    nobody = Seen(0.0, None, seen.width, seen.height)
    assert drawn(picture, nobody, now) is picture


# ----------------------------------------------------------------------------------------------------------- the page


def test_the_page_says_where_browsers_give_no_camera() -> None:
    page = pytest.importorskip("formcheck.app.live_page", reason="Streamlit is not installed")
    assert page.address_problem("http://localhost:8501/live") == ""
    assert page.address_problem("http://127.0.0.1:8501/live") == ""
    assert page.address_problem("https://example.org/live") == ""
    assert page.address_problem("") == ""
    assert "http://localhost:8501" in page.address_problem("http://192.168.1.20:8501/live")


def test_the_page_shows_count_and_gauge_and_escapes_what_it_is_given() -> None:
    page = pytest.importorskip("formcheck.app.live_page", reason="Streamlit is not installed")
    assert "Press Start" in page.state_html(None)
    session, _ = browsed(filmed(squat(1)))
    view = session.view()
    assert view.now is not None
    text = page.state_html(view)
    assert '<div class="count">1</div>' in text
    assert "Depth" in text
    from dataclasses import replace

    odd = replace(view, now=replace(view.now, message="<script>"))
    assert "<script>" not in page.state_html(odd)


def test_the_page_opens_without_a_camera(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    testing = pytest.importorskip("streamlit.testing.v1", reason="Streamlit is not installed")
    webrtc = pytest.importorskip("streamlit_webrtc", reason="streamlit-webrtc is not installed")
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path))
    asked: dict[str, Any] = {}

    def streamer(**given: Any) -> Any:
        asked.update(given)
        return SimpleNamespace(video_processor=None, state=SimpleNamespace(playing=False))

    monkeypatch.setattr(webrtc, "webrtc_streamer", streamer)
    from formcheck.app import live_page

    monkeypatch.setattr(live_page, "find_model", lambda name: name)

    def script() -> None:
        from formcheck.app import live_page

        live_page.show()

    test = testing.AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    assert asked["rtc_configuration"] == {"iceServers": []}
    assert asked["async_processing"] is True
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


def test_the_benchmarks_sample_has_rounded_reps() -> None:
    length_s, lockouts, crossings = truth_of(ROOT / "sample_videos" / "deadlift-rounded.mp4")
    assert length_s == pytest.approx(10.7)
    assert len(lockouts) == 3
    assert len(crossings) == 2
