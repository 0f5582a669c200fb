"""How much faster FormCheck is than a bare MediaPipe loop, and whether its memory stays flat over a long video.

    python -m benchmarks.bench_speed [--clip VIDEO] [--rounds 2] [--model full] [--no-memory] [--profile] [--no-write]

Bare is a loop that decodes with PyAV and asks the Pose Landmarker for landmarks and masks, at the video's own size.
Beside it runs all that `formcheck analyze` does, without and with the annotated video. All load the model each time,
and they take turns so that a busy machine slows all alike. The videos are a sample, the sample enlarged to 1080p with
60 frames a second, and to 4K with 60. On the clock only an idle machine says something: the page tells how busy it was.
The table goes to the terminal and to benchmarks/results/speed.md.
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
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.scores import markdown_table, median
from formcheck.core.errors import FormCheckError
from formcheck.judging.analysis import analyze
from formcheck.render.annotated_video import write_annotated_video
from formcheck.storage import report_folder
from formcheck.storage.pose_files import save_poses
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "speed.md"
CLIP = ROOT / "sample_videos" / "deadlift-good.mp4"

AIMS = {"sample": (3.0, 2.0), "1080p60": (7.0, 5.0)}
"""How many times faster than the bare loop FormCheck should be, without and with the annotated video."""

ENLARGED = {"1080p60": (1080, 1920, 8.0), "4K60": (2160, 3840, 3.0)}
"""Videos made from the sample: width, height, and length in seconds; 60 frames a second."""

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


def whole_analysis(clip: Path, model: ModelFile, folder: Path, draw: bool = False) -> int:
    """What `formcheck analyze` does once it runs; returns the number of frames. ``draw`` includes the video."""
    poses = estimate_poses(clip, model)
    report = analyze(poses)
    (folder / report_folder.REPORT_JSON).write_text(report_folder.report_json(report), encoding="utf-8")
    (folder / report_folder.REPS_CSV).write_text(report_folder.reps_csv(report.reps), encoding="utf-8")
    (folder / report_folder.SIGNALS_CSV).write_text(
        report_folder.signals_csv(report.signals, poses.time_s), encoding="utf-8"
    )
    save_poses(poses, folder / report_folder.POSES_NPZ)
    if draw:
        write_annotated_video(clip, poses, report, folder / report_folder.ANNOTATED_MP4)
    return len(poses)


@dataclass(frozen=True)
class Comparison:
    """Costs on one video, round by round: the bare loop, FormCheck without the annotated video, and with it."""

    name: str
    size: str
    frames: int
    bare: list[Cost]
    plain: list[Cost]
    drawn: list[Cost]


def compare(name: str, clip: Path, model: ModelFile, rounds: int) -> Comparison:
    """Costs of the bare loop and of the analysis, taking turns."""
    with av.open(str(clip)) as container:
        context = container.streams.video[0].codec_context
        size = f"{context.width}x{context.height}"
    found = Comparison(name, size, 0, [], [], [])
    frames: list[int] = []
    with tempfile.TemporaryDirectory() as folder, quiet_native_logs():
        for index in range(rounds):
            print(f"{name} [{index + 1}/{rounds}]: bare loop, then FormCheck ...", file=sys.stderr, flush=True)
            found.bare.append(cost_of(lambda: frames.append(bare_loop(clip, model))))
            found.plain.append(cost_of(lambda: whole_analysis(clip, model, Path(folder))))
            found.drawn.append(cost_of(lambda: whole_analysis(clip, model, Path(folder), draw=True)))
    return replace(found, frames=frames[0])


def enlarged(clip: Path, path: Path, width: int, height: int, duration_s: float) -> None:
    """Write the clip in that size with 60 frames a second: between two of its frames comes one that is half of each."""
    with av.open(str(clip)) as source:
        pictures = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    if (pictures[0].shape[0] > pictures[0].shape[1]) != (height > width):
        width, height = height, width
    with av.open(str(path), "w") as container:
        out = container.add_stream("libx264", rate=60, options={"preset": "ultrafast", "crf": "23"})
        out.width, out.height, out.pix_fmt = width, height, "yuv420p"
        for index in range(min(round(60 * duration_s), 2 * len(pictures) - 1)):
            first, second = pictures[index // 2], pictures[(index + 1) // 2]
            mixed = cv2.addWeighted(first, 0.5, second, 0.5, 0.0)
            large = cv2.resize(mixed, (width, height), interpolation=cv2.INTER_CUBIC)
            container.mux(out.encode(av.VideoFrame.from_ndarray(np.asarray(large, dtype=np.uint8), format="rgb24")))
        container.mux(out.encode(None))


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


def speed_document(found: Sequence[Comparison], model: str) -> str:
    """A row for each video: what the bare loop takes, and how many times faster FormCheck is."""
    rows = []
    for each in found:
        row = [each.name, each.size, f"{each.frames}"]
        for costs in (each.bare, each.plain, each.drawn):
            cpu_s, wall_s = median(cost.cpu_s for cost in costs), median(cost.wall_s for cost in costs)
            row.append(f"{1000 * cpu_s / each.frames:.1f} / {1000 * wall_s / each.frames:.1f}")
        aims = AIMS.get(each.name)
        for number, costs in enumerate((each.plain, each.drawn)):
            cpu_ratio, wall_ratio = ratios(costs, each.bare)
            aim = "" if aims is None else f" (aim {aims[number]:g})"
            row.append(f"{cpu_ratio:.1f} / {wall_ratio:.1f}{aim}")
        rows.append(row)
    head = (
        "video",
        "size",
        "frames",
        "bare loop",
        "FormCheck",
        "with video",
        "times faster",
        "with video, times faster",
    )
    busy = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    cores = f"{os.cpu_count()} cores"
    return (
        "# Speed and memory\n\n"
        "Made by `make bench-speed`. Milliseconds a frame: of the processor (all cores together) / on the clock;\n"
        "medians, loading the model included, which shows most in the short videos. The clock only counts on an idle\n"
        f"machine: here {busy} processes wanted the {cores} at the end.\n\n"
        f"Pose model {model}; {len(found[0].bare)} rounds, taking turns; {cores} ({platform.machine()}).\n\n"
        f"{markdown_table(head, rows)}\n"
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
        with tempfile.TemporaryDirectory() as folder:
            videos = {"sample": options.clip}
            for name, (width, height, duration_s) in ENLARGED.items():
                videos[name] = Path(folder) / f"{name}.mp4"
                enlarged(options.clip, videos[name], width, height, duration_s)
            with quiet_native_logs():  # the first run pays for loading libraries
                whole_analysis(options.clip, model, Path(folder), draw=True)
            found = [compare(name, video, model, options.rounds) for name, video in videos.items()]
        text = speed_document(found, model.name)
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
    parser.add_argument("--rounds", type=int, default=2, help="how many times each is run")
    parser.add_argument("--model", default="full", help="pose model")
    parser.add_argument("--no-memory", action="store_true", help="leave memory out; the result is not written then")
    parser.add_argument("--profile", action="store_true", help="only show which functions take FormCheck's time")
    parser.add_argument("--no-write", action="store_true", help="leave results/speed.md as it is")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
