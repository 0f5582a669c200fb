"""The live page in a real browser, with Chromium's fake camera: a set from Start to its report, and what may go wrong.

The film in the camera is a rendered set with somebody standing before it, over and over; each of its frames carries its
number, so that a test knows which moment of which repetition the camera showed when the page said something.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench_live_browser import (
    CAMERA_FLAGS,
    CUE,
    FPS,
    Film,
    make_film,
    page_script,
    press_start,
    press_stop,
    seen_in,
    start_live,
)
from benchmarks.labelled import folder_of
from formcheck.app.pages.live_page import CAMERA_TEXTS
from formcheck.storage.history import open_history
from tests.helpers import app_server
from tests.helpers.app_server import (
    CHROMIUM,
    SAMPLE,
    Server,
    calm,
    needs_chromium,
    needs_model,
    new_page,
    playwright_api,
)

pytestmark = [pytest.mark.model, pytest.mark.real_time, needs_chromium, needs_model]

REAL_CLIP = "bichraix__bad005.mp4"
IN_SET = "document.querySelector('.fc-live .state')?.textContent.startsWith('In the set')"
COUNT = "Number(document.querySelector('.fc-live .count')?.textContent || -1)"


server = app_server.server


@pytest.fixture(scope="module")
def player() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playing:
        yield playing


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(SAMPLE, tmp_path_factory.mktemp("camera") / "set.y4m")


def launch(player: Any, *flags: str) -> Any:
    return player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])


@pytest.fixture(scope="module")
def browser(player: Any, film: Film) -> Iterator[Any]:
    chromium = launch(player, *CAMERA_FLAGS, f"--use-file-for-fake-video-capture={film.path}")
    yield chromium
    chromium.close()


def live_page(browser: Any, server: Server, *scripts: str, width: int = 1280) -> Any:
    """The live page, with scripts that run before its own."""
    return new_page(browser, server, "live", width, scripts)


def state_of(page: Any) -> str:
    return str(page.locator(".fc-live .state").inner_text())


def film_s(seen: dict[str, list[list[Any]]], at_ms: float, film: Film) -> float:
    """Where in the sample the camera was then; negative in the standing before it."""
    return [int(each[1]) for each in seen["local"] if each[0] <= at_ms][-1] / FPS - film.sample_s


def reps_of_the_sample() -> list[dict[str, Any]]:
    return list(json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))["reps"])


def ready_before_the_set(page: Any, film: Film) -> bool:
    """Whether the coach was content before the film's first repetition: the first start loads the model meanwhile."""
    seen = seen_in(page)
    ready_ms = [words[0] for words in seen["said"] if words[1].startswith("Ready")]
    return bool(ready_ms) and film_s(seen, ready_ms[0], film) < reps_of_the_sample()[0]["start_s"]


@pytest.fixture(scope="module")
def live(browser: Any, server: Server, film: Film) -> Iterator[Any]:
    """A page that watches deadlifts and keeps their video, started once more if the coach was not in time."""
    page = live_page(browser, server, page_script())
    page.get_by_text("More", exact=True).click()
    calm(page)  # while it opens a click may miss what moves
    page.get_by_text("Keep the video", exact=True).click()
    playwright_api.expect(page.get_by_role("switch", name="Keep the video")).to_be_checked()
    calm(page)
    for _ in range(3):
        start_live(page)
        # Either the coach is content, or the set has begun before that on a slow machine.
        page.locator(".fc-live .state").filter(has_text="Ready").or_(
            page.locator(".fc-live .state").filter(has_text="In the set")
        ).wait_for()
        if ready_before_the_set(page, film):
            break
        press_stop(page)
        page.evaluate("fcSeen.said.length = fcSeen.spoken.length = 0")
    yield page
    page.context.close()


def test_the_coach_comes_to_ready_and_the_reps_are_counted(live: Any) -> None:
    live.wait_for_function(f"{IN_SET} && {COUNT} >= 2")
    states = [words[1] for words in seen_in(live)["said"]]
    assert any(state.startswith("Ready") for state in states)
    assert state_of(live).startswith("In the set")
    # What is said after "Ready" is not a countdown any more.
    live.wait_for_function(
        """() => { const words = fcSeen.spoken.map((each) => each[1]);
        const ready = words.findLastIndex((each) => each.startsWith("Ready"));
        return ready >= 0 && words.includes("2", ready); }"""
    )


def test_the_picture_that_comes_back_moves_and_carries_the_body(live: Any) -> None:
    frame = next(each for each in live.frames if "streamlit_webrtc" in each.url)
    pixels = """() => { const video = document.querySelector("video"), c = document.createElement("canvas");
        [c.width, c.height] = [64, 48]; const d = c.getContext("2d"); d.drawImage(video, 0, 0, 64, 48);
        return [...d.getImageData(16, 8, 32, 40).data]; }"""
    before = frame.evaluate(pixels)
    difference = f"({pixels})().reduce((sum, value, at) => sum + Math.abs(value - before[at]), 0)"
    frame.wait_for_function(f"before => {difference} > 9000", arg=before)
    # The lines along limbs and trunk are of a colour that nothing in the film has.
    drawn = """() => { const video = document.querySelector("video"), c = document.createElement("canvas");
        [c.width, c.height] = [video.videoWidth, video.videoHeight];
        const d = c.getContext("2d"); d.drawImage(video, 0, 0);
        const p = d.getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 0; i < p.length; i += 4) if (p[i + 1] - p[i] > 90 && p[i + 2] - p[i] > 60) n++; return n > 30; }"""
    frame.wait_for_function(drawn)


def test_a_rounding_back_is_called_in_the_rep_that_rounds_and_in_no_other(live: Any, film: Film) -> None:
    live.get_by_text(CUE).first.wait_for()
    live.wait_for_function(f"fcSeen.spoken.some((each) => each[1].startsWith('{CUE}'))")
    seen, reps = seen_in(live), reps_of_the_sample()
    rounded = [rep for rep in reps if rep["faults"]]
    assert rounded
    assert not reps[0]["faults"]
    # Until the next rep begins: on a busy machine a cue may come late, but not for another rep.
    first_ms = next(words[0] for words in seen["said"] if words[3].startswith(CUE))
    assert rounded[0]["start_s"] <= film_s(seen, first_ms, film) <= rounded[0]["end_s"] + 0.5
    for at_ms in [words[0] for words in seen["spoken"] if words[1].startswith(CUE)]:
        assert not reps[0]["start_s"] <= film_s(seen, at_ms, film) <= rounded[0]["start_s"]


def test_the_set_is_ended_reported_with_its_video_and_saved(live: Any, server: Server) -> None:
    live.wait_for_function(f"{IN_SET} && {COUNT} >= 3")
    live.get_by_role("button", name="Set over").click()
    card = live.locator(".st-key-card-live-1")
    card.wait_for()
    told = card.inner_text()
    assert "back rounding" in told
    counted = int(told.split("deadlift reps")[0].split()[-1])
    calm_enough(live)
    card.get_by_role("button", name="Save, then report").click()
    live.get_by_role("tab", name="Files").wait_for()
    assert f"{counted} deadlift reps" in live.locator(".fc-hero h2").inner_text()
    live.wait_for_function("document.querySelector('video')?.readyState >= 2")
    with open_history(server.folder / "history" / "history.sqlite3") as history:
        (saved,) = history.sets()
        assert len(saved.report.reps) == counted
        assert history.video(saved.id) is not None


def calm_enough(page: Any) -> None:
    """While a session runs parts of the page are drawn again all the time, so it is never calm for long."""
    page.get_by_role("button", name="Save, then report").first.wait_for()
    page.wait_for_timeout(500)


def test_stop_and_start_begin_again_and_earlier_sets_stay(live: Any) -> None:
    live.get_by_role("link", name="Live").click()
    live.locator(".st-key-card-live-1").wait_for()
    start_live(live)
    live.locator(".fc-live .state").filter(has_text="set 1").wait_for()
    live.wait_for_function(f"{IN_SET} && {COUNT} >= 1")
    press_stop(live)
    live.locator(".fc-live .state").filter(has_text="Set over").wait_for()
    live.locator(".st-key-card-live-2").wait_for()
    assert live.locator(".st-key-card-live-1").count() == 1


def test_two_sessions_know_nothing_of_each_other(browser: Any, server: Server) -> None:
    one, two = (live_page(browser, server, page_script()) for _ in range(2))
    start_live(one)
    one.wait_for_function(f"{IN_SET} && {COUNT} >= 1")
    start_live(two)
    two.locator(".fc-live .state").wait_for()
    first = next(words for words in seen_in(two)["said"] if words[1])
    assert "set 1" in first[1]
    assert not first[1].startswith("In the set") or first[2] == "0", "the second session begins at the beginning"
    press_stop(two)
    # The first one goes on as if nothing had been.
    reps = one.evaluate(COUNT)
    one.wait_for_function(f"{IN_SET} && {COUNT} > {reps}")
    for page in (one, two):
        page.context.close()


REFUSED = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotReadableError'); };"
UNSAFE = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined });"


def told(page: Any, reason: str) -> None:
    page.get_by_role("alert").get_by_text(CAMERA_TEXTS[reason]).wait_for()


def test_a_denied_camera_is_told_of(player: Any, server: Server) -> None:
    chromium = launch(player, "--use-fake-device-for-media-stream", "--deny-permission-prompts")
    page = live_page(chromium, server)
    press_start(page)
    told(page, "denied")
    chromium.close()


def test_no_camera_is_told_of_before_start(player: Any, server: Server) -> None:
    chromium = launch(player, "--use-fake-ui-for-media-stream")
    page = live_page(chromium, server)
    told(page, "missing")
    chromium.close()


def test_a_busy_camera_is_told_of_and_goes_once_it_is_free(browser: Any, server: Server) -> None:
    page = live_page(browser, server, REFUSED)
    press_start(page)
    told(page, "busy")
    page.context.close()


def test_a_page_without_a_safe_address_says_so_before_start(browser: Any, server: Server) -> None:
    page = live_page(browser, server, UNSAFE)
    told(page, "insecure")
    page.context.close()


FALLING_OVER = """
from pathlib import Path

from formcheck.live import frame_analyser


class FallingOver(frame_analyser.FrameAnalyser):
    def analyse(self, *told, **more):
        if Path({flag!r}).exists():
            raise RuntimeError("the model fell <b>over</b>")
        return super().analyse(*told, **more)


frame_analyser.FrameAnalyser = FallingOver

from formcheck.app.main import main

main()
"""


@pytest.fixture
def falling(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """The app with a pose model that falls over as long as the file is there."""
    flag, script = tmp_path / "fall over", tmp_path / "stand_in.py"
    script.write_text(FALLING_OVER.format(flag=str(flag)), encoding="utf-8")
    running = Server(tmp_path)
    quiet = ["--server.headless=true", "--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    here = ["--server.address=localhost", f"--server.port={running.port}"]
    running.line = [sys.executable, "-m", "streamlit", "run", str(script), *here, *quiet]
    with running:
        yield running, flag


def test_an_error_in_the_midst_is_shown_and_the_session_goes_on(browser: Any, falling: tuple[Server, Path]) -> None:
    server, flag = falling
    page = live_page(browser, server, page_script())
    start_live(page)
    page.locator(".fc-live .count").wait_for()
    flag.touch()
    problem = page.get_by_text("the model fell <b>over</b>")
    problem.wait_for()
    came = len(seen_in(page)["remote"])
    frame = next(each for each in page.frames if "streamlit_webrtc" in each.url)
    # The camera's own picture goes on meanwhile.
    frame.wait_for_function("came => window.fcSeen.remote.length > came + 5", arg=came)
    flag.unlink()
    problem.wait_for(state="detached")
    reps = page.evaluate(COUNT) if state_of(page).startswith("In the set") else 0
    page.wait_for_function(f"reps => {IN_SET} && {COUNT} > reps", arg=reps)
    page.context.close()


def test_a_real_clip_is_counted_and_its_rounded_back_called(player: Any, server: Server, tmp_path: Path) -> None:
    clip = folder_of("clips") / REAL_CLIP
    if not clip.is_file():
        pytest.skip(f"{REAL_CLIP} is not here: name the folder of real clips in FORMCHECK_CLIPS")
    film = make_film(clip, tmp_path / "real.y4m", standing_s=3.0)
    chromium = launch(player, *CAMERA_FLAGS, f"--use-file-for-fake-video-capture={film.path}")
    page = live_page(chromium, server, page_script())
    start_live(page)
    page.wait_for_function(f"{IN_SET} && {COUNT} >= 2")
    page.get_by_text(CUE).first.wait_for()
    chromium.close()
