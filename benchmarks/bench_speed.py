"""What FormCheck costs on top of bare MediaPipe, and whether its memory stays flat over a long video.

    python -m benchmarks.bench_speed [--clip VIDEO] [--rounds 3] [--model full] [--no-memory] [--profile] [--no-write]

Bare is a loop that decodes with PyAV and asks the Pose Landmarker for landmarks and masks, at the video's own size.
Beside it runs all that `formcheck analyze --no-video` does: poses, analysis, and writing every file but the video. Both
load the model again each time, and they take turns so that a busy machine slows both. The table goes to the terminal
and to benchmarks/results/speed.md.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import os
import platform
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from benchmarks.scores import markdown_table, median
from formcheck.core.errors import FormCheckError
from formcheck.judging.analysis import analyze
from formcheck.storage import report_folder
from formcheck.storage.pose_files import save_poses
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "speed.md"
CLIP = ROOT / "sample_videos" / "deadlift-good.mp4"

RATIO_AIM = 1.3
"""FormCheck should cost no more than this many times the bare loop."""

SHORT_S, LONG_S = 10.0, 120.0

MEMORY_GROWTH_AIM_MB = 40.0
"""Poses themselves take about 10 kB a frame; anything much above that would be pictures piling up."""


@dataclass(frozen=True)
class Cost:
    """Seconds that one run took: of the processor (all cores together) and on the clock."""

    cpu_s: float
    wall_s: float


def cost_of(run: Callable[[], object]) -> Cost:
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    run()
    return Cost(time.process_time() - cpu_s, time.perf_counter() - wall_s)


def bare_loop(clip: Path, model: ModelFile) -> int:
    """Decode every frame, find landmarks and mask, keep nothing; returns the number of frames."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model.path)),
        running_mode=vision.RunningMode.VIDEO,
        output_segmentation_masks=True,
    )
    frames = 0
    with av.open(str(clip)) as container, vision.PoseLandmarker.create_from_options(options) as landmarker:
        # The decoder may use threads as it does in FormCheck, or the comparison would be unfair.
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.to_ndarray(format="rgb24"))
            landmarker.detect_for_video(picture, round(frame.time * 1000))
            frames += 1
    return frames


def whole_analysis(clip: Path, model: ModelFile, folder: Path) -> int:
    """What `formcheck analyze --no-video` does once it runs; returns the number of frames."""
    poses = estimate_poses(clip, model)
    report = analyze(poses)
    (folder / report_folder.REPORT_JSON).write_text(report_folder.report_json(report), encoding="utf-8")
    (folder / report_folder.REPS_CSV).write_text(report_folder.reps_csv(report.reps), encoding="utf-8")
    (folder / report_folder.SIGNALS_CSV).write_text(
        report_folder.signals_csv(report.signals, poses.time_s), encoding="utf-8"
    )
    save_poses(poses, folder / report_folder.POSES_NPZ)
    return len(poses)


def compare(clip: Path, model: ModelFile, rounds: int) -> tuple[list[Cost], list[Cost], int]:
    """Costs of the bare loop and of the analysis, taking turns, and the number of frames."""
    bare, whole = [], []
    with tempfile.TemporaryDirectory() as folder, quiet_native_logs():
        frames = bare_loop(clip, model)  # the first run pays for loading libraries
        whole_analysis(clip, model, Path(folder))
        for index in range(rounds):
            print(f"[{index + 1}/{rounds}] bare loop, then FormCheck ...", file=sys.stderr, flush=True)
            bare.append(cost_of(lambda: bare_loop(clip, model)))
            whole.append(cost_of(lambda: whole_analysis(clip, model, Path(folder))))
    return bare, whole, frames


def ratios(bare: Sequence[Cost], whole: Sequence[Cost]) -> tuple[float, float]:
    """Median over the rounds of FormCheck's cost over that of the bare loop beside it: CPU, wall."""
    pairs = list(zip(bare, whole, strict=True))
    return median(w.cpu_s / b.cpu_s for b, w in pairs), median(w.wall_s / b.wall_s for b, w in pairs)


def repeat_video(clip: Path, path: Path, duration_s: float) -> None:
    """Write a video of that length: the clip forwards, backwards, forwards and so on, so that it has no cuts."""
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        rate = Fraction(stream.average_rate or 30)
        pictures = [frame.reformat(format="yuv420p").to_ndarray() for frame in source.decode(video=0)]
        width, height = stream.codec_context.width, stream.codec_context.height
    there_and_back = itertools.cycle([*pictures, *pictures[-2:0:-1]])
    with av.open(str(path), "w") as container:
        out = container.add_stream("libx264", rate=rate, options={"preset": "veryfast"})
        out.width, out.height, out.pix_fmt = width, height, "yuv420p"
        for picture in itertools.islice(there_and_back, round(duration_s * rate)):
            container.mux(
                out.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture, dtype=np.uint8), format="yuv420p"))
            )
        container.mux(out.encode(None))


def peak_memory_mb(clip: Path, model: ModelFile) -> float:
    """Largest resident memory of a fresh process that analyses the clip."""
    program = [sys.executable, "-m", "benchmarks.bench_speed", "--peak"]
    command = [*program, "--clip", str(clip), "--model", str(model.path)]
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise FormCheckError(f"Measuring memory on {clip.name} failed: {result.stderr.strip().splitlines()[-1:]}")
    return float(result.stdout.split()[-1])


def own_peak_mb() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Linux hands the figure of getrusage down from the process that started this one.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def profile(clip: Path, model: ModelFile) -> str:
    """Where FormCheck's own time goes: functions by the time spent in them, without what they call."""
    profiler = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder, quiet_native_logs():
        whole_analysis(clip, model, Path(folder))
        profiler.runcall(whole_analysis, clip, model, Path(folder))
    pstats.Stats(profiler, stream=sys.stderr).strip_dirs().sort_stats("tottime").print_stats(25)
    return ""


def speed_document(clip: Path, bare: Sequence[Cost], whole: Sequence[Cost], frames: int, model: str) -> str:
    cpu_ratio, wall_ratio = ratios(bare, whole)

    def line(title: str, costs: Sequence[Cost]) -> list[str]:
        cpu_s, wall_s = median(cost.cpu_s for cost in costs), median(cost.wall_s for cost in costs)
        per_frame = [f"{1000.0 * seconds / frames:.1f}" for seconds in (cpu_s, wall_s)]
        return [title, f"{cpu_s:.2f}", f"{wall_s:.2f}", *per_frame]

    table = markdown_table(
        ("medians", "CPU, s", "wall, s", "CPU a frame, ms", "wall a frame, ms"),
        [
            line("bare loop: PyAV + Pose Landmarker with masks", bare),
            line("FormCheck: poses, analysis, files", whole),
            ["FormCheck / bare, median of the rounds", f"{cpu_ratio:.2f}", f"{wall_ratio:.2f}", "", ""],
        ],
    )
    with av.open(str(clip)) as container:
        context = container.streams.video[0].codec_context
        size = f"{context.width}x{context.height}"
    return (
        "# Speed and memory\n\n"
        "Made by `make bench-speed`; numbers depend on the machine, the ratios much less. The aim is a ratio of at\n"
        f"most {RATIO_AIM}.\n\n"
        f"{clip.name}: {frames} frames of {size}; pose model {model}; {len(bare)} rounds, taking turns; "
        f"{os.cpu_count()} cores ({platform.machine()}).\n\n"
        f"{table}\n"
    )


def memory_document(clip: Path, model: ModelFile) -> str:
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for duration_s in (SHORT_S, LONG_S):
            print(f"Memory over {duration_s:.0f} s of video ...", file=sys.stderr, flush=True)
            video = Path(folder) / f"{duration_s:.0f}s.mp4"
            repeat_video(clip, video, duration_s)
            peaks.append(peak_memory_mb(video, model))
    short_mb, long_mb = peaks
    table = markdown_table(
        ("the same clip, repeated to", "peak resident memory, MB"),
        [[f"{SHORT_S:.0f} s", f"{short_mb:.0f}"], [f"{LONG_S:.0f} s", f"{long_mb:.0f}"]],
    )
    return (
        f"\n## Memory\n\n{table}\n\nFrames are not kept; what grows is the poses. Growth: {long_mb - short_mb:.0f} MB "
        f"(aim: at most {MEMORY_GROWTH_AIM_MB:.0f} MB).\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code: 2 when the clip or the model cannot be used."""
    options = _parser().parse_args(arguments)
    if not options.clip.is_file():
        print(f"{options.clip} does not exist: name a video with --clip.", file=sys.stderr)
        return 2
    try:
        model = find_model(options.model)
        if options.peak:
            with tempfile.TemporaryDirectory() as folder, quiet_native_logs():
                whole_analysis(options.clip, model, Path(folder))
            print(own_peak_mb())
            return 0
        if options.profile:
            profile(options.clip, model)
            return 0
        text = speed_document(options.clip, *compare(options.clip, model, options.rounds), model.name)
        if not options.no_memory:
            text += memory_document(options.clip, model)
    except FormCheckError as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    if not options.no_write and not options.no_memory and options.clip == CLIP:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")
        print(f"Written to {RESULTS.parent.name}/{RESULTS.name}.", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, default=CLIP, help="another video; the result is not written then")
    parser.add_argument("--rounds", type=int, default=3, help="how many times both are run")
    parser.add_argument("--model", default="full", help="pose model")
    parser.add_argument("--no-memory", action="store_true", help="leave memory out; the result is not written then")
    parser.add_argument("--profile", action="store_true", help="only show which functions take FormCheck's time")
    parser.add_argument("--no-write", action="store_true", help="leave results/speed.md as it is")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
