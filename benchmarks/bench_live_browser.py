"""How live is live in the browser: a fake camera plays a coded sample, the page's own script reads the codes back.

    python -m benchmarks.bench_live --browser [--minutes 10] [--models lite,full]

Chromium's fake camera loops a rendered sample with somebody standing before it; every frame carries its number as black
and white squares. A script in the page reads that number from the camera's picture and from the picture that comes back
from the app: the latency is the time between showing the one and showing the other. It also notes when the count and
the cues on the page change. App and browser share the machine, as they do at home.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from av.video.frame import VideoFrame

from benchmarks.bench_live import SAMPLE, Run, delays, truth_of
from formcheck.vision.video import VideoReader

WIDTH, HEIGHT, FPS = 640, 480, 15
"""The fake camera's picture and rate: what the page asks a real one for."""

BITS, SQUARE = 9, 15
"""The code: one square a bit in the top left corner, large enough to survive a slow line's compression."""

STANDING_S = 9.0
"""How long somebody stands before the set in every round: long enough for the coach to say "ready"."""

SHOWN_S = 1.0
"""A cue on the page is about the back of this much earlier: the picture's way, the analysis, the page's own rhythm."""

CUE = "Chest proud"
"""How the cue for a rounding back begins."""

PATIENCE_MS = 120_000

CHROMIUM = os.environ.get("FORMCHECK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
CAMERA_FRAME = "iframe[title^='streamlit_webrtc']"
CAMERA_FLAGS = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")

READ_CODES = """
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = window.fcSeen = { local: [], remote: [], said: [], spoken: [] };
  // A browser without a screen has no voice: what it is given to say is noted instead.
  if (window.speechSynthesis) speechSynthesis.speak = (words) => seen.spoken.push([now(), words.text]);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [BITS * 5, 5];
  const draw = canvas.getContext("2d", { willReadFrequently: true });
  function watch(video, list) {
    const each = () => {
      video.requestVideoFrameCallback(each);
      if (!video.videoWidth) return;
      const square = SQUARE * video.videoWidth / WIDTH;
      draw.drawImage(video, 0, 0, BITS * square, square, 0, 0, canvas.width, canvas.height);
      const pixels = draw.getImageData(0, 2, canvas.width, 1).data;
      let code = 0;
      for (let bit = 0; bit < BITS; bit++) if (pixels[4 * (5 * bit + 2) + 1] > 127) code |= 1 << bit;
      if (!list.length || list[list.length - 1][1] !== code) list.push([now(), code]);
    };
    video.requestVideoFrameCallback(each);
  }
  const devices = navigator.mediaDevices;
  if (devices && devices.getUserMedia) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      const video = document.createElement("video");
      [video.muted, video.srcObject] = [true, stream];
      video.play();
      watch(video, seen.local);
      return stream;
    };
  }
  let told = "", watched = null;
  setInterval(() => {
    const video = document.querySelector("video");
    if (video && video !== watched) { watched = video; watch(video, seen.remote); }
  }, 100);
  new MutationObserver(() => {
    const words = [".state", ".count", ".say"].map((name) => document.querySelector(".fc-live " + name)?.textContent);
    if (words[0] !== undefined && words.join() !== told) { told = words.join(); seen.said.push([now(), ...words]); }
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""
"""Runs in the page and in the frame with the video. Times are milliseconds of the machine's clock."""


def page_script() -> str:
    """The script that reads codes and notes what the page says."""
    numbers = {"BITS": BITS, "SQUARE": SQUARE, "WIDTH": WIDTH}
    text = READ_CODES
    for name, number in numbers.items():
        text = text.replace(name, str(number))
    return text


@dataclass(frozen=True)
class Film:
    """A file for the fake camera: its path, frames in one round, and at which second of a round the sample begins."""

    path: Path
    frames: int
    sample_s: float

    @property
    def length_s(self) -> float:
        """How long one round takes."""
        return self.frames / FPS


def make_film(sample: Path, path: Path, standing_s: float = STANDING_S) -> Film:
    """Write a sample as Y4M for Chromium's fake camera: the sample's first frame for a while, then all of it."""
    with VideoReader(sample, max_side=HEIGHT) as reader:
        found = [(frame.time_s, frame.rgb) for frame in reader]
    first_s, last_s = found[0][0], found[-1][0]
    still = round(standing_s * FPS)
    moving = int((last_s - first_s) * FPS) + 1
    if still + moving >= 1 << BITS:
        raise ValueError(f"{sample.name} has more frames than the code has numbers")
    times = np.array([time_s for time_s, _ in found])
    with path.open("wb") as stream:
        stream.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(still + moving):
            at_s = first_s + max(0, number - still) / FPS
            rgb = _wide(found[int(np.argmin(np.abs(times - at_s)))][1])
            for bit in range(BITS):
                rgb[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 255 * (number >> bit & 1)
            yuv = VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p").to_ndarray()
            stream.write(b"FRAME\n" + yuv.tobytes())
    return Film(path, still + moving, still / FPS)


def _wide(rgb: np.ndarray) -> np.ndarray:
    """An upright or wide picture in the middle of the camera's, its edges drawn out to the sides."""
    scale = min(WIDTH / rgb.shape[1], HEIGHT / rgb.shape[0])
    small = cv2.resize(rgb, (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    left, top = (WIDTH - small.shape[1]) // 2, (HEIGHT - small.shape[0]) // 2
    right, bottom = WIDTH - small.shape[1] - left, HEIGHT - small.shape[0] - top
    return np.asarray(cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE))


@contextlib.contextmanager
def running_app(folder: Path) -> Iterator[str]:
    """The app as its users start it, with folders of its own; its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    own = {"FORMCHECK_HISTORY_DIR": str(folder / "history"), "FORMCHECK_CONFIG_DIR": str(folder / "settings")}
    line = [sys.executable, "-m", "formcheck", "app", "--no-browser", "--port", str(port)]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log, env=os.environ | own, start_new_session=True)
    try:
        url, end_s = f"http://localhost:{port}", time.monotonic() + 90.0
        while time.monotonic() < end_s:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    yield url
                    return
            time.sleep(0.2)
        raise RuntimeError(f"the app did not start: {(folder / 'log.txt').read_text(encoding='utf-8')}")
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def start_live(page: Any, model: str = "full") -> None:
    """Choose the deadlift and the model on the live page, and begin."""
    page.get_by_role("radio", name="Deadlift").or_(page.get_by_role("button", name="Deadlift")).first.click()
    calm(page)
    if model != "full":
        page.get_by_text("More", exact=True).click()
        page.get_by_label("Pose model").click()
        page.get_by_role("option", name=model).click()
        calm(page)
    press_start(page)


def press_start(page: Any) -> None:
    """Begin a session as the page is set."""
    page.frame_locator(CAMERA_FRAME).get_by_role("button", name="Start").click()


def press_stop(page: Any) -> None:
    """End the session."""
    page.frame_locator(CAMERA_FRAME).get_by_role("button", name="Stop").click()
    page.frame_locator(CAMERA_FRAME).get_by_role("button", name="Start").wait_for()


def calm(page: Any) -> None:
    """Wait until the page is not being drawn again: a click in the middle of that may be lost."""
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def seen_in(page: Any) -> dict[str, list[list[Any]]]:
    """What the scripts of the page and of its frames have noted so far."""
    found: dict[str, list[list[Any]]] = {"local": [], "remote": [], "said": [], "spoken": []}
    for frame in page.frames:
        noted = frame.evaluate("window.fcSeen || {}")
        for name in found:
            found[name] += noted.get(name, [])
    return found


def latencies(local: Sequence[Sequence[float]], remote: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Instant and latency, in seconds, of every coded picture that came back; pictures never sent are left out.

    A busy browser skips pictures of the camera when it shows them: they get times between those of their neighbours.
    """
    result: list[tuple[float, float]] = []
    sent: dict[int, float] = {}
    place = 0
    for at_ms, code in remote:
        while place < len(local) and local[place][0] <= at_ms:
            shown_ms, last = local[place][0], int(local[place][1])
            before_ms, first = (local[place - 1][0], int(local[place - 1][1])) if place else (shown_ms, last)
            for each in range(min(first + 1, last), last + 1):
                share = (each - first) / (last - first) if last > first else 1.0
                sent[each] = before_ms + share * (shown_ms - before_ms)
            place += 1
        if int(code) in sent:
            result.append((at_ms / 1000.0, (at_ms - sent[int(code)]) / 1000.0))
    return result


def truth_times(local: Sequence[Sequence[float]], film: Film, instants_s: Sequence[float]) -> list[float]:
    """When the camera showed those instants of the sample, for every round, in seconds.

    A busy browser skips pictures: an instant in between gets a time between those of its neighbours.
    """
    codes = [round((film.sample_s + instant) * FPS) for instant in instants_s]
    times = []
    for (before_ms, first), (at_ms, last) in itertools.pairwise(local):
        for code in codes:
            if first < code <= last:
                share = (code - first) / (last - first)
                times.append((before_ms + share * (at_ms - before_ms)) / 1000.0)
    return sorted(times)


def counts_of(said: Sequence[Sequence[Any]]) -> list[float]:
    """When the count on the page went up in a set, in seconds."""
    counts, reps = [], 0
    for at_ms, state, count, _ in said:
        if state.startswith("In the set"):
            if int(count) > reps:
                counts.append(at_ms / 1000.0)
            reps = int(count)
    return counts


def run(model_name: str, minutes: float) -> Run:
    """One session of that length in the browser."""
    from playwright.sync_api import sync_playwright

    result = Run(model_name)
    truth = truth_of(SAMPLE)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="formcheck-bench-")))
        film = make_film(SAMPLE, folder / "camera.y4m")
        url = stack.enter_context(running_app(folder))
        player = stack.enter_context(sync_playwright())
        flags = ["--no-sandbox", *CAMERA_FLAGS, f"--use-file-for-fake-video-capture={film.path}"]
        browser = player.chromium.launch(executable_path=CHROMIUM, args=flags)
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(page_script())
        page.goto(f"{url}/live")
        page.locator("h1").first.wait_for()
        calm(page)
        start_live(page, model_name)
        # The first start loads the model while the film goes on. In the second somebody stands there before the set.
        page.locator(".fc-live .count").wait_for()
        press_stop(page)
        press_start(page)
        page.locator(".fc-live .state").filter(has_text="Ready").wait_for()
        begun_s = time.time()
        page.wait_for_timeout(60_000 * minutes)
        seen = seen_in(page)
    since = {name: [each for each in found if each[0] / 1000.0 >= begun_s] for name, found in seen.items()}
    came = latencies(seen["local"], since["remote"])
    result.seconds = came[-1][0] - begun_s
    result.captured = len(since["local"])
    result.dropped = result.captured - len(came)
    result.at_s = [at_s - begun_s for at_s, _ in came]
    result.latency_s = [delay for _, delay in came]
    counts = counts_of(since["said"])
    # Spoken ones: on the page the same words for the next repetition change nothing.
    cues = [at_ms / 1000.0 for at_ms, words in since["spoken"] if words.startswith(CUE)]
    # What the page says of the last second may not be there yet.
    last_s = came[-1][0] - 1.0
    true_counts = [at_s for at_s in truth_times(since["local"], film, truth.lockouts) if at_s < last_s]
    true_cues = [at_s for at_s in truth_times(since["local"], film, truth.crossings) if at_s < last_s]
    result.reps_true, result.cues_true = len(true_counts), len(true_cues)
    result.count_delays_s, result.cue_delays_s = delays(true_counts, counts), delays(true_cues, cues)
    result.false_counts = len([at_s for at_s in counts if at_s < last_s]) - len(result.count_delays_s)
    round_s = [at_ms / 1000.0 for at_ms, code in since["local"] if truth.is_round(int(code) / FPS - film.sample_s)]
    result.wrong_cues = sum(not any(0.0 <= cue - at_s <= SHOWN_S for at_s in round_s) for cue in cues)
    result.needless_cues = len(cues) - len(result.cue_delays_s) - result.wrong_cues
    return result


def page_of(table: str, about: str) -> str:
    """The result as a page."""
    return (
        "# Live in the browser, measured\n\n"
        f"`make bench-live BROWSER=1`: {SAMPLE.name} in Chromium's fake camera, {WIDTH} x {HEIGHT} pixels, {FPS} "
        f"frames a second, with somebody standing there for {STANDING_S:.0f} s before each round; app and browser on "
        f"one machine. {about} (the run itself is about 2, as the browser has no graphics card to draw with; more "
        "means that others used the machine).\n\n"
        f"{table}\n\n"
        "Latency: from the instant at which the browser shows a frame of the camera to the instant at which it shows "
        "the same frame as it comes back from the app with the body drawn in. Dropped: frames of the camera that did "
        "not come back. Counts: when the page's number changes; cues: when they are spoken; against the instant at "
        "which the camera showed the lockout, or the true rounding going beyond the limit.\n"
    )
