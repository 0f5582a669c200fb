"""What an hour of video, and 4K with 60 frames a second, take: memory, and whether the time left is told rightly.

    python -m benchmarks.bench_long [--minutes 6 60] [--fps 10] [--4k-seconds 60] [--ways app command] [--clip VIDEO]
        [--no-write]

The hour is a sample repeated, with fewer frames a second to keep it short: memory grows with frames, not with hours.
Each video goes through `formcheck analyze` and through the app's worker, with the annotated video and all other files
that they make by themselves. Memory is the largest resident size of any one process of them, looked up every tenth of a
second. The time left is the worker's, as the app shows it, asked every quarter of a second: how far off the end of the
job that it means is at worst, in parts of what the job took, once a tenth of the frames is watched. A machine that does
other things as well is slow at times, which nobody can foretell: so the same is asked with the worker's processor time
in place of the clock on the wall. The table goes to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import psutil

from benchmarks.bench_speed import CLIP, ROOT, enlarged, repeat_video
from benchmarks.scores import markdown_table
from formcheck.service.pipeline import AnalysisRequest, AnalysisStage
from formcheck.service.time_left import COUNTED, TimeLeft
from formcheck.service.worker import Batch, Phase, State, stages_of
from tests.fuzz.reliability import write_part

FROM_SHARE = 0.1
WITHIN = 0.2
"""The aim: from a tenth on, the end that is told is right within a fifth of the whole time."""

ASKED_EVERY_S, LOOKED_EVERY_S = 0.25, 0.1


@dataclass(frozen=True)
class Run:
    """An analysis: largest resident memory of a process in MiB, and how far off the time left was, on the clock and in
    processor time; None: not told."""

    way: str
    video: str
    frames: int
    took_s: float
    peak_mib: float
    off: float | None = None
    cpu_off: float | None = None


class MemoryWatch:
    """Looks at the memory of all processes that this one started, until the block ends."""

    def __init__(self) -> None:
        self.peak_mib = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(LOOKED_EVERY_S):
            with contextlib.suppress(psutil.Error):
                for each in psutil.Process().children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        self.peak_mib = max(self.peak_mib, each.memory_info().rss / 2**20)


def thinned(clip: Path, path: Path, fps: int) -> None:
    """Write the clip with fewer frames a second."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        out = target.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": "23"})
        out.width, out.height, out.pix_fmt = stream.width, stream.height, "yuv420p"
        out.time_base = Fraction(1, fps)
        number = 0
        for frame in source.decode(video=0):
            if frame.time * fps >= number:
                frame.pts, frame.time_base = number, Fraction(1, fps)
                target.mux(out.encode(frame))
                number += 1
        target.mux(out.encode(None))


def frames_of(path: Path) -> int:
    """How many frames a video has, by its packets."""
    with av.open(str(path)) as source:
        return sum(packet.size > 0 for packet in source.demux(video=0))


def through_command(name: str, video: Path, folder: Path) -> Run:
    """`formcheck analyze`, as it is typed."""
    line = [sys.executable, "-m", "formcheck", "analyze", str(video), "--out", str(folder)]
    start_s = time.monotonic()
    with MemoryWatch() as memory:
        done = subprocess.run(line, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    took_s = time.monotonic() - start_s
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr.strip()[-500:]}")
    return Run("command", name, frames_of(video), took_s, memory.peak_mib)


def through_worker(name: str, video: Path, folder: Path) -> Run:
    """The app's worker, with what it says of the time left."""
    job = AnalysisRequest(video=str(video), folder=str(folder))
    clock = TimeLeft(stages_of(job))
    told: list[Told] = []
    cpu_told: list[Told] = []
    start_s, cpu_s = time.monotonic(), 0.0
    with MemoryWatch() as memory:
        batch = Batch([job])
        while batch.running:
            state = batch.states[0]
            told.append(Told(time.monotonic() - start_s, state, state.left_s))
            cpu_s = max(cpu_s, processor_s())
            if state.stage:
                left_s = clock.at(AnalysisStage(state.stage), state.done, state.total, cpu_s)[1]
                cpu_told.append(Told(cpu_s, state, left_s))
            batch.wait(ASKED_EVERY_S)
    took_s = time.monotonic() - start_s
    state = batch.states[0]
    if state.phase != Phase.DONE:
        raise SystemExit(f"{name}: {state.message}")
    for each in cpu_told[:: max(1, len(cpu_told) // 20)]:
        left = "not told" if each.left_s is None else f"{each.left_s:.0f} s left"
        words = f"{each.state.stage} {each.state.done} of {each.state.total}, {left}"
        print(f"  after {each.at_s:.0f} s of the processor: {words}", file=sys.stderr)
    peak_mib = memory.peak_mib
    return Run("app", name, frames_of(video), took_s, peak_mib, worst_off(told, took_s), worst_off(cpu_told, cpu_s))


WAYS: Mapping[str, Callable[[str, Path, Path], Run]] = {"app": through_worker, "command": through_command}


def processor_s() -> float:
    """Processor time of all processes that this one started and that are still there."""
    total_s = 0.0
    with contextlib.suppress(psutil.Error):
        for each in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                spent = each.cpu_times()
                total_s += spent.user + spent.system
    return total_s


@dataclass(frozen=True)
class Told:
    """What was said at a moment, on any clock."""

    at_s: float
    state: State
    left_s: float | None


def worst_off(told: Sequence[Told], took_s: float) -> float | None:
    """How far off the told end was at worst, as a share of the time that all took, from a tenth of the frames on."""
    late = False
    worst: float | None = None
    for each in told:
        state = each.state
        if state.stage in COUNTED and state.total and state.done >= FROM_SHARE * state.total:
            late = True
        if late and state.phase == Phase.RUNNING:
            off = abs(each.at_s + each.left_s - took_s) / took_s if each.left_s is not None else 1.0
            worst = off if worst is None else max(worst, off)
    return worst


def measured(arguments: argparse.Namespace, folder: Path) -> Iterator[Run]:
    """Every video both ways, the shortest first."""
    thin = folder / "thin.mp4"
    thinned(arguments.clip, thin, arguments.fps)
    videos: list[tuple[str, Path]] = []
    for minutes in arguments.minutes:
        path = folder / f"{minutes:g}-minutes.mp4"
        repeat_video(thin, path, 60.0 * minutes)
        videos.append((f"{minutes:g} min, {arguments.fps} frames a second", path))
    if arguments.seconds_4k:
        short, path = folder / "short-4k.mp4", folder / "4k60.mp4"
        enlarged(arguments.clip, short, 3840, 2160, min(10.0, arguments.seconds_4k))
        repeat_video(short, path, arguments.seconds_4k)
        videos.insert(0, (f"{arguments.seconds_4k:g} s of 4K, 60 frames a second", path))
    for number, (name, video) in enumerate(videos):
        for through in (WAYS[way] for way in arguments.ways):
            print(f"{name}: {through.__name__} ...", file=sys.stderr, flush=True)
            run = through(name, video, folder / f"{number}-{through.__name__}")
            print(run, file=sys.stderr, flush=True)
            yield run


def table_of(runs: Sequence[Run]) -> list[str]:
    """A row a run."""
    rows = [
        [
            each.video,
            each.way,
            f"{each.frames:,}",
            f"{each.peak_mib:,.0f}",
            f"{each.took_s / 60:.1f}",
            *("-" if off is None else f"{100 * off:.0f} %" for off in (each.off, each.cpu_off)),
        ]
        for each in runs
    ]
    heads = ("video", "through", "frames", "peak, MiB", "minutes", "end off by, on the clock", "in processor time")
    return markdown_table(heads, rows).splitlines()


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--minutes", type=float, nargs="*", default=[6.0, 60.0])
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--4k-seconds", dest="seconds_4k", type=float, default=60.0, help="0 = without")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="formcheck-long-") as folder:
        os.environ["FORMCHECK_HISTORY_DIR"] = f"{folder}/history"
        os.environ["FORMCHECK_CONFIG_DIR"] = f"{folder}/settings"
        runs: list[Run] = []
        for run in measured(arguments, Path(folder)):
            runs.append(run)
            if not arguments.no_write:  # what there is, should the rest be stopped
                write_part("long", table_of(runs))
    print("\n".join(table_of(runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
