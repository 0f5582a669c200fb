"""Batches: throughput for each core, memory over many clips, killed processes, a stop and its sequel, a long queue.

    python -m benchmarks.bench_batch [PART ...] [--clips N] [--many N] [--queued N] [--no-write]

The parts are:

throughput  the same clips in one process, then as a batch of one and of two at a time. A busy machine slows the clock,
            so processor time is told beside it. One process analyses clip after clip in a loop, which has nothing to
            load but once: no batch can do better for each core. All use one thread for the pose model.
memory      ``--many`` short clips, each through the whole pipeline: what the batch itself holds, and the most that the
            process of a clip held.
faults      a clip's process is killed in the middle, then the whole command is stopped with Ctrl-C and run again.
queue       ``--queued`` tasks with a stand-in for the analysis on a Dask cluster of this machine: is every clip in the
            summary once, how many tasks a second, and how much memory do scheduler and batch take?

Each part goes to the terminal and into its section of benchmarks/results/batch.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.labelled import folder_of
from benchmarks.scores import markdown_table
from formcheck.batch.outcome import DONE
from formcheck.batch.run import BatchRequest, ProcessWorkers, Progress, run_batch
from formcheck.service.pipeline import AnalysisRequest, run_analysis
from formcheck.vision.native_logs import quiet_native_logs

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "batch.md"
EXPORTS = ("html", "json", "reps", "signals", "poses")

RATIO_AIM = 0.9
"""Throughput of a batch for each core, as a share of that of one process."""

PARTS = ("throughput", "memory", "faults", "queue")
SAMPLED_EVERY_S = 0.2


def chosen_clips(number: int) -> list[Path]:
    """The samples, then labelled real clips where there are any."""
    labelled = folder_of("clips")
    more = sorted(labelled.glob("*.mp4")) if labelled.is_dir() else []
    return [*sorted((ROOT / "sample_videos").glob("*.mp4")), *more][:number]


@dataclass
class Watch:
    """Memory of this process and of those that it started, looked at several times a second while a block runs."""

    own_mb: list[float] = field(default_factory=list)
    largest_child_mb: float = 0.0
    scheduler_mb: float = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[Watch]:
        ended = threading.Event()

        def look() -> None:
            me = psutil.Process()
            while not ended.wait(SAMPLED_EVERY_S):
                self.own_mb.append(me.memory_info().rss / 1e6)
                for child in me.children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        self.largest_child_mb = max(self.largest_child_mb, child.memory_info().rss / 1e6)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()


# --- throughput ----------------------------------------------------------------------------------------------------


def processor_s() -> float:
    """Processor seconds of this process and of all its processes that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def one_process(clips: Sequence[Path], folder: Path) -> None:
    """What a loop over the clips costs; run in a process of its own, which prints it."""
    begun_s, used_s = time.perf_counter(), processor_s()
    with quiet_native_logs():
        for clip in clips:
            run_analysis(AnalysisRequest(video=str(clip), exports=EXPORTS, folder=str(folder / clip.stem), jobs=1))
    print(time.perf_counter() - begun_s, processor_s() - used_s)


def measured_batch(clips: Sequence[Path], folder: Path, jobs: int) -> None:
    """What a batch costs; run in a process of its own, which prints it."""
    batch = BatchRequest(tuple(map(str, clips)), str(folder / f"jobs-{jobs}"), AnalysisRequest(exports=EXPORTS), jobs)
    begun_s = time.perf_counter()
    result = run_batch(batch, ProcessWorkers(jobs))
    wall_s = time.perf_counter() - begun_s
    # The fork server's processes are not children of this one: what they used is what the clips say.
    assert not result.failures, result.failures
    print(wall_s, sum(outcome.took_s for outcome in result.outcomes), children_processor_s())


def children_processor_s() -> float:
    """Processor seconds of the fork server and of its ended processes."""
    total = 0.0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            times = child.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total + processor_s()


def throughput(number: int) -> str:
    """Clips a core-hour alone and in batches."""
    clips = chosen_clips(number)
    rows, alone = [], (0.0, 0.0)
    for name, call in (
        ("one process, in a loop", "one_process(clips, folder)"),
        ("batch, one at a time", "measured_batch(clips, folder, 1)"),
        ("batch, two at a time", "measured_batch(clips, folder, 2)"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            script = (
                "from pathlib import Path\nfrom benchmarks.bench_batch import *\n"
                f"if __name__ == '__main__':\n    clips, folder = {[str(clip) for clip in clips]!r}, Path({folder!r})\n"
                f"    clips = list(map(Path, clips))\n    {call}\n"
            )
            program = Path(folder) / "part.py"
            program.write_text(script, encoding="utf-8")
            environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            told = subprocess.run(
                [sys.executable, str(program)], env=environment, capture_output=True, text=True, check=True
            ).stdout.split()
        wall_s, used_s = float(told[0]), float(told[-1])
        alone = alone if alone[0] else (wall_s, used_s)
        rows.append(
            [
                name,
                f"{wall_s:.0f} s",
                f"{used_s:.0f} s",
                f"{3600 * len(clips) / used_s:.0f}",
                f"{alone[1] / used_s:.2f}",
                f"{alone[0] / wall_s:.2f}",
            ]
        )
        print(rows[-1], flush=True)
    head = ["", "clock", "processor", "clips a core-hour", "for each core, of the loop", "speed-up"]
    seconds = f"{len(clips)} clips; aim for each core: at least {RATIO_AIM:g} of the loop, by processor time.\n\n"
    return seconds + markdown_table(head, rows)


# --- memory --------------------------------------------------------------------------------------------------------


def memory(number: int) -> str:
    """What a batch of many clips holds."""
    from tests.helpers.make_videos import write_video

    with tempfile.TemporaryDirectory() as folder:
        films = Path(folder) / "films"
        films.mkdir()
        generator = np.random.default_rng(1)
        for index in range(number):
            grey = np.full((144, 144, 3), 40 + index % 150, np.uint8)
            grey[:8, :8] = generator.integers(0, 255, (8, 8, 3))
            write_video(films / f"short-{index:04}.mp4", [grey] * 25)
        batch = BatchRequest((str(films),), str(Path(folder) / "out"), AnalysisRequest(exports=EXPORTS), 2)
        marks: dict[int, float] = {}

        def note(state: Progress) -> None:
            ended = state.done + state.failed
            if ended in (number // 10, number):
                marks.setdefault(ended, psutil.Process().memory_info().rss / 1e6)

        with Watch().running() as watch:
            result = run_batch(batch, ProcessWorkers(2), progress=note)
        first, last = marks[number // 10], marks[number]
        rows = [
            [f"the batch after {number // 10} clips", f"{first:.0f} MB"],
            [f"the batch after {number} clips", f"{last:.0f} MB"],
            ["the largest process of a clip", f"{watch.largest_child_mb:.0f} MB"],
        ]
        told = f"{sum(outcome.status == DONE for outcome in result.outcomes)} of {number} clips done.\n\n"
        return told + markdown_table(["held by", "memory"], rows)


# --- faults --------------------------------------------------------------------------------------------------------


def faults(number: int) -> str:
    """A killed process, then Ctrl-C and the same command again."""
    clips = chosen_clips(number)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "formcheck", "batch", *map(str, clips), "--out", str(out), "--jobs", "2"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stderr is not None
        killed = 0
        for line in process.stderr:
            ended = re.match(r"\[(\d+)/", line)
            if ended and not killed:
                killed = _kill_one_clip(process.pid)
            if ended and int(ended[1]) >= number // 2:
                os.killpg(process.pid, signal.SIGINT)
                break
        process.stderr.read()
        stopped = process.wait()
        before = _done_in(out)
        again = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        after = _done_in(out)
    rows = [
        ["processes of clips killed", str(killed)],
        ["exit code after Ctrl-C", str(stopped)],
        ["clips done by then", f"{before} of {number}"],
        ["the same command again", again.stdout.partition(".")[0]],
        ["exit code", str(again.returncode)],
        ["clips done, each once", f"{after} of {number}"],
    ]
    return markdown_table(["", ""], rows)


def _kill_one_clip(pid: int) -> int:
    for server in psutil.Process(pid).children():
        for one in server.children():
            one.kill()
            return 1
    return 0


def _done_in(out: Path) -> int:
    return sum('"status": "done"' in path.read_text(encoding="utf-8") for path in out.glob("clips/*/outcome.json"))


# --- a long queue --------------------------------------------------------------------------------------------------


def queue(number: int) -> str:
    """Very many tasks on a Dask cluster of this machine."""
    from formcheck.batch.cluster import DaskWorkers
    from tests.helpers.batch_stub import instant_analysis

    with tempfile.TemporaryDirectory() as folder:
        films = Path(folder) / "films"
        for index in range(number):
            path = films / f"{index // 1000:03}" / f"clip-{index:06}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"ok {index}", encoding="utf-8")
        batch = BatchRequest((str(films),), str(Path(folder) / "out"), AnalysisRequest(), 2)
        marks: dict[int, tuple[float, float, float]] = {}
        begun_s = time.perf_counter()

        def note(state: Progress) -> None:
            ended = state.done + state.failed
            if ended == 1 or (ended and ended % (number // 5) == 0):
                memory_mb = psutil.Process().memory_info().rss / 1e6
                marks.setdefault(ended, (time.perf_counter() - begun_s, time.process_time(), memory_mb))

        with Watch().running() as watch:
            result = run_batch(batch, DaskWorkers(None, 2, instant_analysis), progress=note)
        all_s = time.perf_counter() - begun_s
        names = [outcome.name for outcome in result.outcomes if outcome.status == DONE]
        again_s = time.perf_counter()
        again = run_batch(batch, DaskWorkers(None, 2, instant_analysis))
        again_s = time.perf_counter() - again_s
        page_mb = (Path(folder) / "out" / "index.html").stat().st_size / 1e6
    rows = [[f"after {ended} tasks", f"{at_s:.0f} s", f"{mb:.0f} MB"] for ended, (at_s, _, mb) in sorted(marks.items())]
    each_ms = 1e3 * (marks[max(marks)][1] - marks[1][1]) / (max(marks) - 1)
    rows += [
        ["with the summary", f"{all_s:.0f} s", f"{watch.own_mb[-1]:.0f} MB"],
        ["the same command again, nothing to do", f"{again_s:.0f} s", ""],
    ]
    told = (
        f"{number} tasks with a stand-in for the analysis, scheduler and batch in one process, two workers: "
        f"{len(set(names))} clips done, {len(names)} in the result, {again.skipped} known as done by the next run; "
        f"scheduler and batch together used {each_ms:.2f} ms of processor time a task; the largest worker held "
        f"{watch.largest_child_mb:.0f} MB, the page has {page_mb:.1f} MB.\n\n"
    )
    return told + markdown_table(["", "clock", "scheduler and batch"], rows)


# --- results -------------------------------------------------------------------------------------------------------

TITLES = {
    "throughput": "Throughput",
    "memory": "Memory",
    "faults": "A killed process, Ctrl-C, and again",
    "queue": "A long queue",
}
HEAD = "# Batches\n\nMade by `make bench-batch`; what it means is in [docs/scaling.md](../../docs/scaling.md).\n"


def with_section(text: str, title: str, section: str) -> str:
    """The document with a section replaced or added; sections are in the order of `TITLES`."""
    found = dict(re.findall(r"^## ([^\n]+)\n\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    found[title] = section.strip() + "\n\n"
    parts = [f"## {each}\n\n{found[each].strip()}\n" for each in TITLES.values() if each in found]
    return "\n".join([HEAD, *parts])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--many", type=int, default=500)
    parser.add_argument("--queued", type=int, default=50_000)
    parser.add_argument("--no-write", action="store_true")
    told = parser.parse_args()
    numbers = {"throughput": told.clips, "memory": told.many, "faults": told.clips, "queue": told.queued}
    measure = {"throughput": throughput, "memory": memory, "faults": faults, "queue": queue}
    for part in told.parts:
        section = measure[part](numbers[part])
        print(f"\n{TITLES[part]}\n\n{section}", flush=True)
        if not told.no_write:
            before = RESULTS.read_text(encoding="utf-8") if RESULTS.is_file() else ""
            RESULTS.write_text(with_section(before, TITLES[part], section), encoding="utf-8")


if __name__ == "__main__":
    main()
