"""How long a lifter waits for the app: the real one on localhost, driven by Chromium, beside the command line.

    python -m benchmarks.bench_app [--rounds 5] [--clip FILE]

Command and app take turns on the same video, so that a busy machine slows both: what counts is the ratio, round by
round. Each round has a new server, whose first page is opened by a browser that has kept nothing of it. A page stays
open for a while, as it does while somebody looks for a video; then the video is dropped, the button pressed as soon as
it can be, and the clock stops when the verdict is seen. Afterwards the set is judged again with a preset. Processor
time is that of the app and all that it starts, without the browser. The table goes to the terminal and to
benchmarks/results/app.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.scores import markdown_table, median
from formcheck.core.words import ENGLISH
from tests.helpers.app_server import CHROMIUM, PATIENCE_MS, ROOT, Server, calm, launched

RESULTS = Path(__file__).resolve().parent / "results" / "app.md"
CLIP = ROOT / "sample_videos" / "deadlift-good.mp4"

PRESET = "Earlier warnings about the back"

VERDICT_AIM = 1.5
"""From the drop to the verdict, as many times the command's time at most."""
FIRST_PAGE_AIM_S = 3.0
STARTING_AIM_S = 2.0
AGAIN_AIM_S = 2.0

NOTE_PROGRESS = """
(() => {
  const seen = window.fcProgress = [];
  let told = "";
  new MutationObserver(() => {
    const words = document.querySelector("[data-testid=stProgress]")?.textContent ?? "";
    if (words !== told) { told = words; seen.push([Date.now(), words]); }
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""
"""Runs in the page: notes when the words beside the bar change, in milliseconds of the machine's clock."""

STILL_S = 0.6
"""A process that took no processor time for so long has loaded its libraries."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of the processor (all cores together)."""

    wall_s: float
    cpu_s: float


@dataclass
class Found:
    """What was measured, round by round."""

    command: list[Cost] = field(default_factory=list)
    verdict: list[Cost] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)
    """From the drop until the button can be pressed."""
    begun_s: list[float] = field(default_factory=list)
    """From the press until the page says that it has begun."""
    starting_s: list[float] = field(default_factory=list)
    """How long it says no more than "Starting"; 0 where it never does."""
    again: list[Cost] = field(default_factory=list)
    server_s: list[float] = field(default_factory=list)
    page: list[Cost] = field(default_factory=list)
    second_page_s: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clip", type=Path, default=CLIP, help="another video, and no file is written")
    told = parser.parse_args(arguments)
    if not CHROMIUM:
        print("No Chromium here: apt-get install chromium, or name it in FORMCHECK_CHROMIUM", file=sys.stderr)
        return 2
    found = measured(told.clip, told.rounds)
    page = page_of(found, told.clip)
    print(page)
    if told.clip == CLIP:
        RESULTS.write_text(page, encoding="utf-8")
    return 0


# --- measuring -----------------------------------------------------------------------------------------------------


def measured(clip: Path, rounds: int) -> Found:
    """Command and app in turns; every round with a server and a page of its own."""
    found = Found()
    with launched() as browser, tempfile.TemporaryDirectory(prefix="formcheck-bench-app-") as home:
        for number in range(rounds):
            print(f"[{number + 1}/{rounds}] command, then app ...", file=sys.stderr, flush=True)
            folder = Path(home) / f"round-{number}"
            (folder / "app").mkdir(parents=True)
            found.command.append(command(clip, folder))
            # The settings and models of whoever measures stay where they are; the language is that of this file.
            server = Server(folder / "app", LANGUAGE="en", FORMCHECK_LANGUAGE=ENGLISH)
            started = time.perf_counter()
            with server:
                found.server_s.append(time.perf_counter() - started)
                one_round(browser, server, clip, found)
    return found


def one_round(browser: Any, server: Server, clip: Path, found: Found) -> None:
    """First page, upload, verdict, and judging again."""
    assert server.process is not None
    app = psutil.Process(server.process.pid)
    with costs(app, found.page):
        page = opened(browser, server)
    page.context.close()
    started = time.perf_counter()
    page = opened(browser, server, NOTE_PROGRESS)
    found.second_page_s.append(time.perf_counter() - started)
    calm(page)
    rest(app)
    with costs(app, found.verdict):
        dropped = time.perf_counter()
        page.locator("input[type=file]").first.set_input_files(str(clip))
        button = page.get_by_role("button", name="Check my lift")
        page.wait_for_function(
            "() => [...document.querySelectorAll('button')].some(b => b.innerText.includes('Check my lift') "
            "&& !b.disabled)"
        )
        found.ready_s.append(time.perf_counter() - dropped)
        pressed_ms = page.evaluate("Date.now()")
        button.click()
        page.locator(".fc-hero h2").first.wait_for()
    said = page.evaluate("fcProgress")
    begun_ms = next(at_ms for at_ms, words in said if words)
    left_ms = next((at_ms for at_ms, words in said if words and not words.startswith("Starting")), begun_ms)
    found.begun_s.append((begun_ms - pressed_ms) / 1000.0)
    found.starting_s.append((left_ms - begun_ms) / 1000.0)
    # The video is drawn, and the next worker waits.
    page.get_by_role("tab", name="Judge again").wait_for()
    rest(app)
    judge_again(page, app, found)
    page.context.close()


def opened(browser: Any, server: Server, script: str = "") -> Any:
    """The app's page in a browser that has kept nothing of it, as far as its heading and the box for files."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(script)
    page.goto(server.url, wait_until="commit")
    page.locator("h1").first.wait_for()
    page.locator("[data-testid=stFileUploader]").first.wait_for()
    return page


def judge_again(page: Any, app: psutil.Process, found: Found) -> None:
    """Choose a preset, and judge the set again with it."""
    page.get_by_role("tab", name="Judge again").click()
    calm(page)
    page.get_by_label("Presets").fill(PRESET[:15])
    page.get_by_role("option", name=PRESET).click()
    page.keyboard.press("Tab")
    page.get_by_test_id("stMultiSelect").get_by_text(PRESET).wait_for()
    calm(page)
    rest(app)
    button = page.get_by_role("button", name="Judge again")
    with costs(app, found.again):
        button.click()
        page.get_by_text("Looking at your lift").wait_for()
        page.locator(".fc-hero h2").first.wait_for()
    page.get_by_role("tab", name="Judge again").wait_for()


def command(clip: Path, folder: Path) -> Cost:
    """What the command line takes for the same video."""
    own = {"FORMCHECK_HISTORY_DIR": str(folder / "history"), "FORMCHECK_CONFIG_DIR": str(folder / "settings")}
    line = [sys.executable, "-m", "formcheck", "analyze", str(clip), "--no-video", "--out", str(folder / "out")]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(line, env=os.environ | own, check=True, capture_output=True, cwd=ROOT)
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@contextlib.contextmanager
def costs(app: psutil.Process, into: list[Cost]) -> Iterator[None]:
    """Add what happens meanwhile costs, on the clock and of the app's processor time."""
    cpu_s, started = spent_s(app), time.perf_counter()
    yield
    wall_s = time.perf_counter() - started
    into.append(Cost(wall_s, spent_s(app) - cpu_s))


def spent_s(app: psutil.Process) -> float:
    """Processor time of the app and of all that it started so far."""
    total = 0.0
    for process in [app, *app.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # Those that have ended are with the process that started them.
            total += times.user + times.system + times.children_user + times.children_system
    return total


def rest(app: psutil.Process) -> None:
    """Wait until the app has nothing to do: pages drawn, and the process for the next analysis ready."""
    still_s, before_s = 0.0, spent_s(app)
    while still_s < STILL_S:
        time.sleep(0.1)
        now_s = spent_s(app)
        # An app that waits looks around now and then.
        still_s = still_s + 0.1 if now_s - before_s <= 0.02 else 0.0
        before_s = now_s


# --- telling -------------------------------------------------------------------------------------------------------


def page_of(found: Found, clip: Path) -> str:
    """The result as a page."""
    pairs = list(zip(found.command, found.verdict, strict=True))
    ratio = median(app.wall_s / shell.wall_s for shell, app in pairs)
    cpu_ratio = median(app.cpu_s / shell.cpu_s for shell, app in pairs)
    rows = [
        ["the command, start to end", *_both(found.command), "1", ""],
        ["drop to verdict in the app", *_both(found.verdict), f"{ratio:.2f} ({cpu_ratio:.2f})", f"{VERDICT_AIM} x"],
        ["drop until the button can be pressed", *_seconds(found.ready_s)],
        ["press until it says “Starting”, or what is beyond", *_seconds(found.begun_s), f"{STARTING_AIM_S:.0f} s"],
        ["it says no more than “Starting”", *_seconds(found.starting_s), f"{STARTING_AIM_S:.0f} s"],
        ["judging again with a preset", *_both(found.again), _share(found.again, found), f"{AGAIN_AIM_S:.0f} s"],
        ["start of the server until it answers", *_seconds(found.server_s)],
        [
            "its first page, in a new browser",
            *_both(found.page),
            _share(found.page, found),
            f"{FIRST_PAGE_AIM_S:.0f} s",
        ],
        ["the next page", *_seconds(found.second_page_s)],
    ]
    rows = [[*row, *[""] * (5 - len(row))] for row in rows]
    table = markdown_table(["what", "seconds", "of a processor", "times the command", "aim"], rows, left=1)
    busy = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "an unknown number of"
    return (
        "# How long a lifter waits for the app\n\n"
        f"`make bench-app`: {clip.name} through the real app in Chromium, and through `formcheck analyze --no-video`, "
        f"in turns; medians of {len(pairs)} rounds. {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{busy} processes wanted them at the end; the browser, which has no graphics card here, shares them.\n\n"
        f"{table}\n\n"
        "The ratio is the median of the rounds' own, on the clock and (in brackets) of the processor. The page had "
        "been open until the process that waits for an analysis had loaded its libraries, as it has while somebody "
        "looks for a video; the command loads them each time. The app's processor time is without the browser's, and "
        "with what it draws of the video until the verdict is seen.\n"
    )


def _both(costs_: Sequence[Cost]) -> list[str]:
    return [f"{median(each.wall_s for each in costs_):.1f}", f"{median(each.cpu_s for each in costs_):.1f}"]


def _seconds(times_s: Sequence[float]) -> list[str]:
    return [f"{median(times_s):.1f}", "", ""]


def _share(costs_: Sequence[Cost], found: Found) -> str:
    return f"{median(each.wall_s / shell.wall_s for each, shell in zip(costs_, found.command, strict=True)):.2f}"


if __name__ == "__main__":
    sys.exit(main())
