"""How much faster FormCheck is than a bare MediaPipe loop, what each stage costs, and how much memory it takes.

    python -m benchmarks.bench_speed [--clip VIDEO] [--rounds 2] [--model full] [--minutes 1 5]
        [--parts stages ratios memory] [--guard] [--profile] [--no-write]

Bare is a loop that decodes with PyAV and asks the Pose Landmarker for landmarks and masks, at the video's own size.
Beside it runs all that `formcheck analyze` does, without and with the annotated video. All load the model each time,
and they take turns so that a busy machine slows all alike. The videos are a sample, the sample enlarged to 1080p with
60 frames a second, and to 4K with 60. On the clock only an idle machine says something: the page tells how busy it was.
Memory is that of fresh processes, over the sample repeated to so many minutes. The tables go to the terminal and to
docs/performance.md, between the marks there. ``--guard`` only compares the sample with the bare loop, in one round, and
fails when FormCheck takes more of the processor than `GUARD` allows: for CI.
"""

from __future__ import annotations

import argparse
import cProfile
import math
import os
import platform
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.scores import markdown_table, median
from benchmarks.speed_stages import Stage, judging_ms, stage_table, stages_of, start_up_s
from formcheck.core.errors import FormCheckError
from formcheck.core.poses import PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.render.annotated_video import write_annotated_video
from formcheck.storage import report_folder
from formcheck.storage.pose_files import save_poses
from formcheck.vision.backend import DetectedPerson, PoseBackend, PoseDetector, RgbImage
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
CLIP = ROOT / "sample_videos" / "deadlift-good.mp4"

AIMS = {"sample": (3.0, 2.0), "1080p60": (7.0, 5.0)}
"""How many times faster than the bare loop FormCheck should be, without and with the annotated video."""

ENLARGED = {"1080p60": (1080, 1920, 8.0), "4K60": (2160, 3840, 3.0)}
"""Videos made from the sample: width, height, and length in seconds; 60 frames a second."""

GUARD = 1.6, 2.4
"""How many times the processor time of the bare loop FormCheck may take on the sample, without and with the annotated
video, before CI says that something has become slow. It takes about 1.0 and 1.3 times; the rest is for noise."""

PARTS = ("stages", "ratios", "memory")

MINUTES = 1.0, 5.0

MEMORY_AIM_MIB = 450.0


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


def estimated(clip: Path, model: ModelFile) -> tuple[PoseSequence, float]:
    """Poses of a video, and the share of its frames that the model looked at."""
    backend = CountingBackend(default_backend(model))
    with quiet_native_logs():
        poses = estimate_poses(clip, model, backend=backend, jobs=1)
    return poses, backend.looks / len(poses)


class CountingBackend:
    """A backend that counts how many pictures its tracking detectors look at."""

    def __init__(self, backend: PoseBackend) -> None:
        self.name, self._backend, self.looks = backend.name, backend, 0

    def sharing(self, detectors: int, threads: int) -> CountingBackend:
        self._backend = self._backend.sharing(detectors, threads)
        return self

    def open(self, model: ModelFile, *, people: int, track: bool) -> PoseDetector:
        detector = self._backend.open(model, people=people, track=track)
        return _Counting(detector, self) if track else detector


class _Counting:
    def __init__(self, detector: PoseDetector, counts: CountingBackend) -> None:
        self._detector, self._counts = detector, counts
        self.close = detector.close

    def detect(self, rgb: RgbImage, time_ms: int) -> Sequence[DetectedPerson]:
        self._counts.looks += 1
        return self._detector.detect(rgb, time_ms)


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
    """Write a video of that length at least: the clip again and again, as it is stored."""
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.size]
        time_base = stream.time_base
        assert time_base is not None
        stamps = [(packet.pts or 0, packet.dts or 0) for packet in packets]
        shown = np.sort([pts for pts, _ in stamps])
        length = int(shown[-1] - shown[0] + np.median(np.diff(shown)))
        with av.open(str(path), "w") as container:
            out = container.add_stream_from_template(stream)
            for number in range(math.ceil(duration_s / float(length * time_base))):
                for packet, (pts, dts) in zip(packets, stamps, strict=True):
                    packet.stream, packet.time_base = out, time_base
                    packet.pts, packet.dts = pts + number * length, dts + number * length
                    container.mux(packet)


@dataclass(frozen=True)
class Peak:
    """Largest resident memory of a process that analysed a video, in MiB, and milliseconds of the processor a frame."""

    name: str
    frames: int
    memory_mib: float
    frame_ms: float


def peak_of(name: str, clip: Path, model: ModelFile, *, draw: bool = False) -> Peak:
    """What a fresh process takes to analyse the clip."""
    print(f"Memory: {name} ...", file=sys.stderr, flush=True)
    program = [sys.executable, "-m", "benchmarks.bench_speed", "--peak", *(["--draw"] if draw else [])]
    command = [*program, "--clip", str(clip), "--model", str(model.path)]
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise FormCheckError(f"Measuring memory on {clip.name} failed: {result.stderr.strip().splitlines()[-1:]}")
    frames, memory_mib, frame_ms = result.stdout.split()[-3:]
    return Peak(name, int(frames), float(memory_mib), float(frame_ms))


def own_peak_mib() -> float:
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


def speed_table(found: Sequence[Comparison], model: str) -> str:
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
    busy = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "an unknown number of"
    return (
        "Milliseconds a frame: of the processor (all cores together) / on the clock; medians, loading the model\n"
        "included, which shows most in the short videos. The clock only counts on an idle machine: here "
        f"{busy} processes\nwanted the {os.cpu_count()} cores at the end. Pose model {model}; rounds: "
        f"{len(found[0].bare)}, taking turns ({platform.machine()}).\n\n{markdown_table(head, rows)}"
    )


def memory_table(peaks: Sequence[Peak]) -> str:
    """A row for each video that a process of its own analysed."""
    rows = [[each.name, f"{each.frames}", f"{each.memory_mib:.0f}", f"{each.frame_ms:.1f}"] for each in peaks]
    table = markdown_table(("video", "frames", "peak, MiB", "processor, ms a frame"), rows)
    return f"Peak of resident memory (aim: at most {MEMORY_AIM_MIB:.0f} MiB), each in a process of its own.\n\n{table}"


def measured_peaks(folder: Path, videos: Mapping[str, Path], minutes: Sequence[float], model: ModelFile) -> list[Peak]:
    """Peaks over each of the videos, drawn as well, and over the first of them repeated to so many minutes."""
    peaks = [peak_of(name, video, model) for name, video in videos.items()]
    peaks += [peak_of(f"{name}, with annotated video", video, model, draw=True) for name, video in videos.items()]
    for each in minutes:
        video = folder / f"{each:g}-minutes.mp4"
        repeat_video(next(iter(videos.values())), video, 60 * each)
        peaks.append(peak_of(f"sample repeated to {each:g} min", video, model))
    return peaks


def profile_table(videos: Mapping[str, Path], model: ModelFile) -> str:
    """What the stages cost on each video, and what does not depend on it."""
    found: dict[str, list[Stage]] = {}
    for name, video in videos.items():
        print(f"Stages: {name} ...", file=sys.stderr, flush=True)
        poses, looks = estimated(video, model)
        found[name] = stages_of(video, model, poses, looks)
        if name == next(iter(videos)):
            judging = judging_ms(poses)
    help_s, look_s = start_up_s(next(iter(videos.values())), model)
    return (
        "Milliseconds of the processor each time x times a frame = milliseconds for each frame of the film.\n\n"
        f"{stage_table(found)}\n\nJudging a minute of the sample's landmarks: {judging:.0f} ms. Until "
        f"`formcheck --help` has answered: {help_s:.2f} s;\nuntil the first frame was looked at, libraries and model "
        f"loaded: {look_s:.1f} s of the processor."
    )


def written_between(document: str, parts: Mapping[str, str]) -> str:
    """The document with the text between the marks of each name replaced.

    Raises
    ------
    ValueError : a mark is missing.
    """
    for name, text in parts.items():
        begin, end = f"<!-- bench-speed: {name} -->", "<!-- end -->"
        before, found, rest = document.partition(begin)
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise ValueError(f"There is no {begin} ... {end} in the document.")
        document = f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"
    return document


def guard(clip: Path, model: ModelFile) -> int:
    """Compare the sample with the bare loop; 1 when FormCheck takes too much of the processor."""
    with tempfile.TemporaryDirectory() as folder, quiet_native_logs():  # the first run pays for loading libraries
        whole_analysis(clip, model, Path(folder), draw=True)
    found = compare("sample", clip, model, 1)
    shares = [ratios(found.bare, costs)[0] for costs in (found.plain, found.drawn)]
    for words, share, most in zip(("without", "with"), shares, GUARD, strict=True):
        print(f"{words} the annotated video: {share:.2f} times the bare loop's processor time (at most {most:g})")
    return int(any(share > most for share, most in zip(shares, GUARD, strict=True)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code: 2 when the clip or the model cannot be used, 1 when the guard fails."""
    options = _parser().parse_args(arguments)
    if not options.clip.is_file():
        print(f"{options.clip} does not exist: name a video with --clip.", file=sys.stderr)
        return 2
    try:
        model = find_model(options.model)
        if options.peak:
            frames: list[int] = []
            with tempfile.TemporaryDirectory() as folder, quiet_native_logs():
                cost = cost_of(lambda: frames.append(whole_analysis(options.clip, model, Path(folder), options.draw)))
            print(frames[0], own_peak_mib(), 1000 * cost.cpu_s / frames[0])
            return 0
        if options.profile:
            profile(options.clip, model)
            return 0
        if options.guard:
            return guard(options.clip, model)
        with tempfile.TemporaryDirectory() as folder:
            videos = {"sample": options.clip}
            for name, (width, height, duration_s) in ENLARGED.items():
                videos[name] = Path(folder) / f"{name}.mp4"
                enlarged(options.clip, videos[name], width, height, duration_s)
            parts = {}
            if "stages" in options.parts:
                parts["stages"] = profile_table(videos, model)
            if "ratios" in options.parts:
                found = [compare(name, video, model, options.rounds) for name, video in videos.items()]
                parts["ratios"] = speed_table(found, model.name)
            if "memory" in options.parts:
                parts["memory"] = memory_table(measured_peaks(Path(folder), videos, options.minutes, model))
    except FormCheckError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n\n".join(parts.values()))
    if not options.no_write and options.clip == CLIP:
        DOCUMENT.write_text(written_between(DOCUMENT.read_text(encoding="utf-8"), parts), encoding="utf-8")
        print(f"Written to {DOCUMENT.parent.name}/{DOCUMENT.name}.", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, default=CLIP, help="another video; the result is not written then")
    parser.add_argument("--rounds", type=int, default=2, help="how many times each is run")
    parser.add_argument("--model", default="full", help="pose model")
    parser.add_argument("--minutes", type=float, nargs="*", default=MINUTES, help="lengths that memory is measured on")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured")
    parser.add_argument("--guard", action="store_true", help="only fail where FormCheck has become slow")
    parser.add_argument("--profile", action="store_true", help="only show which functions take FormCheck's time")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md as it is")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
