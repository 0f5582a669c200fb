"""How live is live: frames a second, latency from the picture itself, and how late counts and cues come.

    python -m benchmarks.bench_live [--minutes 10] [--models lite,full] [--browser]

A rendered sample is looped in real time with a frame-counter code drawn into its corner, and goes through the same
capture thread, analyser and engine as the terminal's. Latency is read back from the code in the picture that was looked
at: the time between the instant at which that frame was due and the instant at which its state was ready. With
``--browser`` it goes through the app's live page and Chromium instead: see `benchmarks.bench_live_browser`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from formcheck.core.errors import ModelError
from formcheck.live.capture import Captured, NewestFrame
from formcheck.live.engine import LiveEngine
from formcheck.live.frame_analyser import FrameAnalyser
from formcheck.live.session import SessionOptions
from formcheck.vision.models.store import find_model
from formcheck.vision.video import VideoReader

SAMPLE = Path(__file__).parent.parent / "sample_videos" / "deadlift-rounded.mp4"
RESULTS = Path(__file__).parent / "results"

BITS, SQUARE = 20, 6
"""The code: one square a bit, white or black, in the top left corner."""

ROUND_DEG = 29.0
"""True rounding at which the fault limit (20) is exceeded by the usual standard error (9)."""

JUST_S = 0.25
"""A cue is about the back of so much before it."""

NEAR_S = 2.0
"""A cue or a count further than this from its instant belongs to another one."""


def with_code(rgb: np.ndarray, number: int) -> np.ndarray:
    """The frame with its number drawn into the corner."""
    coded = rgb.copy()
    for bit in range(BITS):
        coded[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 255 * (number >> bit & 1)
    return coded


def code_of(rgb: np.ndarray) -> int:
    """The number that is drawn into a frame's corner."""
    middle = SQUARE // 2
    return sum(1 << bit for bit in range(BITS) if rgb[middle, bit * SQUARE + middle].mean() > 127)


@dataclass
class Run:
    """What one run measured; times in seconds."""

    model: str
    seconds: float = 0.0
    captured: int = 0
    dropped: int = 0
    at_s: list[float] = field(default_factory=list)
    latency_s: list[float] = field(default_factory=list)
    count_delays_s: list[float] = field(default_factory=list)
    cue_delays_s: list[float] = field(default_factory=list)
    reps_true: int = 0
    cues_true: int = 0
    false_counts: int = 0
    needless_cues: int = 0
    wrong_cues: int = 0
    analysed_share: float = 0.0


@dataclass(frozen=True)
class Truth:
    """What is known of a sample; times in seconds.

    ``crossings`` are the instants at which a back that lifts rounds beyond the limit, ``round_at`` the frames at which
    it is beyond it, lifting or not.
    """

    length_s: float
    lockouts: tuple[float, ...]
    crossings: tuple[float, ...]
    time_s: np.ndarray
    round_at: np.ndarray

    def is_round(self, at_s: float) -> bool:
        """Whether the back was beyond the limit in the quarter of a second before that time of an endless loop."""
        now = (self.time_s <= at_s % self.length_s) & (self.time_s > at_s % self.length_s - JUST_S)
        return bool(self.round_at[now].any())


def truth_of(path: Path) -> Truth:
    """The truth of a rendered sample."""
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    time_s = np.array(truth["frames"]["time_s"])
    rounding_deg = np.array(truth["frames"]["back_rounding_deg"], dtype=float)
    crossings = []
    for rep in truth["reps"]:
        beyond = (time_s >= rep["start_s"]) & (time_s <= rep["lockout_s"]) & (rounding_deg > ROUND_DEG)
        if beyond.any():
            crossings.append(float(time_s[np.flatnonzero(beyond)[0]]))
    lockouts = tuple(rep["lockout_s"] for rep in truth["reps"])
    length_s = truth["n_frames"] / truth["fps"]
    return Truth(length_s, lockouts, tuple(crossings), time_s, rounding_deg > ROUND_DEG)


def run(model_name: str, minutes: float) -> Run:
    """One session of that length."""
    with VideoReader(SAMPLE) as reader:
        frames = [frame.rgb for frame in reader]
    truth = truth_of(SAMPLE)
    length_s = truth.length_s
    fps = len(frames) / length_s
    total = int(60 * minutes * fps)
    result = Run(Path(model_name).stem)
    loops = [k * length_s for k in range(int(total / fps / length_s) + 1)]
    ends_s = total / fps
    true_counts = [k + t for k in loops for t in truth.lockouts if k + t < ends_s]
    true_cues = [k + t for k in loops for t in truth.crossings if k + t < ends_s]
    counts: list[float] = []
    cues: list[float] = []
    started: list[float] = []

    def source() -> Iterator[Captured]:
        started.append(time.monotonic())
        for number, rgb in zip(range(total), itertools.cycle(frames), strict=False):
            due_s = started[0] + number / fps
            time.sleep(max(0.0, due_s - time.monotonic()))
            result.captured += 1
            yield Captured(with_code(rgb, number), number / fps, due_s)

    engine = LiveEngine(SessionOptions(exercise="deadlift", file=SAMPLE.name, model=model_name))
    with FrameAnalyser(find_model(model_name)) as analyser:
        analyser.analyse(frames[0], -1.0)  # the first look loads the network
        with NewestFrame(source()) as newest:
            for frame in newest:
                number = code_of(frame.rgb)
                seen = analyser.analyse(frame.rgb, frame.time_s, count_people=engine.counts_people)
                now = engine.add(seen)
                ready_s = time.monotonic() - started[0]
                result.at_s.append(ready_s)
                result.latency_s.append(ready_s - number / fps)
                counts += [ready_s for event in now.events if event.kind == "rep"]
                cues += [ready_s for event in now.events if event.kind == "cue" and "Chest" in event.text]
            result.dropped = newest.dropped
    result.seconds = result.at_s[-1]
    result.reps_true, result.cues_true = len(true_counts), len(true_cues)
    result.count_delays_s = delays(true_counts, counts)
    result.false_counts = len(counts) - len(result.count_delays_s)
    result.cue_delays_s = delays(true_cues, cues)
    result.wrong_cues = sum(not truth.is_round(cue) for cue in cues)
    result.needless_cues = len(cues) - len(result.cue_delays_s) - result.wrong_cues
    result.analysed_share = engine.analysed_frames / max(1, len(result.at_s))
    return result


def delays(true_s: Sequence[float], found_s: Sequence[float]) -> list[float]:
    """For each true instant how much later the first thing found near it came; each thing is used once."""
    left = sorted(found_s)
    result = []
    for instant in true_s:
        near = [t for t in left if -0.5 <= t - instant <= NEAR_S]
        if near:
            result.append(near[0] - instant)
            left.remove(near[0])
    return result


def table(runs: Sequence[Run]) -> str:
    """The result as a Markdown table."""

    def ms(values: Sequence[float], share: float) -> str:
        return f"{1000 * float(np.percentile(values, share)):.0f} ms" if values else "-"

    def minute(each: Run, last: bool) -> list[float]:
        edge = max(0.0, each.seconds - 60.0) if last else 60.0
        return [
            delay for at, delay in zip(each.at_s, each.latency_s, strict=True) if (at >= edge if last else at <= edge)
        ]

    rows: list[tuple[str, Any]] = [
        ("minutes", lambda r: f"{r.seconds / 60:.1f}"),
        ("frames looked at, a second", lambda r: f"{len(r.at_s) / r.seconds:.1f}"),
        ("share of frames dropped", lambda r: f"{r.dropped / max(1, r.captured):.0%}"),
        ("latency, median", lambda r: ms(r.latency_s, 50)),
        ("latency, 95 %", lambda r: ms(r.latency_s, 95)),
        ("latency, median of the first minute", lambda r: ms(minute(r, False), 50)),
        ("latency, median of the last minute", lambda r: ms(minute(r, True), 50)),
        ("reps counted", lambda r: f"{len(r.count_delays_s)} of {r.reps_true}"),
        ("counted, and no rep", lambda r: str(r.false_counts)),
        ("count after lockout, median", lambda r: ms(r.count_delays_s, 50)),
        ("count after lockout, 95 %", lambda r: ms(r.count_delays_s, 95)),
        ("rounding backs called", lambda r: f"{len(r.cue_delays_s)} of {r.cues_true}"),
        ("cue after the limit was crossed, median", lambda r: ms(r.cue_delays_s, 50)),
        ("cue after the limit was crossed, 95 %", lambda r: ms(r.cue_delays_s, 95)),
        ("called while putting the bar down with a round back", lambda r: str(r.needless_cues)),
        ("called while the back was not round", lambda r: str(r.wrong_cues)),
    ]
    if any(each.analysed_share for each in runs):
        rows.append(("frames analysed for each one looked at", lambda r: f"{r.analysed_share:.0f}"))
    head = ["measure", *(each.model for each in runs)]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' + '---:|' * len(runs)}"]
    lines += [f"| {title} | {' | '.join(value(each) for each in runs)} |" for title, value in rows]
    return "\n".join(lines)


def main() -> None:
    """Run it and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--models", default="lite,full", help="names or .task files, with commas between them")
    parser.add_argument("--browser", action="store_true", help="through the app and Chromium")
    told = parser.parse_args()
    measure = run
    if told.browser:
        from benchmarks import bench_live_browser

        measure = bench_live_browser.run
    runs, remarks = [], []
    for name in told.models.split(","):
        try:
            find_model(name)
        except ModelError:
            remarks.append(f"The {name} model could not be had on this machine, so it was not measured.\n")
            continue
        runs.append(measure(name, told.minutes))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    about = f"{os.cpu_count()} cores, load average at the end {load:.1f}"
    if told.browser:
        text = bench_live_browser.page_of(table(runs), about)
    else:
        text = (
            "# Live, measured\n\n"
            f"`make bench-live`: {SAMPLE.name} in real time, 30 frames a second, with a frame code in its corner. "
            f"{about} (the run itself is about 1; more means that others used the machine).\n\n"
            f"{table(runs)}\n\n"
            "Latency: from the instant at which the frame with that code was due to the instant at which its state was "
            "ready. Truth: lockouts of the rendered reps; the first instant from the bottom to lockout at which the "
            f"true rounding exceeds {ROUND_DEG:.0f} deg. The loop cuts from the last frame to the first one.\n"
        )
    text += "".join(remarks)
    (RESULTS / ("live-browser.md" if told.browser else "live.md")).write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
