"""Do all pose backends and models see the same lifts, and how long does each of them take?

    python -m benchmarks.bench_backends [--clips FOLDER] [--only PART] [--cached] [--no-speed] [--no-agreement]
        [--no-write]

Agreement: MediaPipe with the model "full" looks at every frame of all labelled clips and the sample videos; beside it
OpenVINO looks at every frame, and at as many as the movement needs, which is the default. How far are their landmarks
apart, and what differs in what is made of them: repetitions, instants and verdicts? Every difference is listed.
With --cached only videos whose poses are all in the cache are compared.
Speed: on the sample videos every backend and model looks at each frame in turn, so that a busy machine slows all of
them alike; what counts are the ratios. The page goes to the terminal and to benchmarks/results/backends.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.labelled import folder_of, read_clips
from benchmarks.pose_cache import FOLDER, cache_folder, cached_file, cached_poses
from benchmarks.scores import Instants, markdown_table, pair_up
from formcheck.core.errors import FormCheckError
from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.judging.analysis import AUTO, analyze
from formcheck.judging.report import Report, RepReport
from formcheck.vision.backend import PoseBackend
from formcheck.vision.mediapipe_backend import MediaPipeBackend
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.openvino_backend import OpenVinoBackend, is_installed
from formcheck.vision.person_finder import PersonFinder
from formcheck.vision.tracking import Detection
from formcheck.vision.video import VideoReader
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "backends.md"
SAMPLES = ROOT / "sample_videos"
MODELS = ("lite", "full", "heavy")
Kind = tuple[PoseBackend, bool]
"""A backend, and whether it looks at every frame."""

COMPARED: tuple[tuple[str, Kind, Kind], ...] = (
    ("OpenVINO beside MediaPipe, both every frame", (MediaPipeBackend(), True), (OpenVinoBackend(), True)),
    ("OpenVINO as often as needed beside every frame", (OpenVinoBackend(), True), (OpenVinoBackend(), False)),
    (
        "OpenVINO as often as needed beside MediaPipe every frame",
        (MediaPipeBackend(), True),
        (OpenVinoBackend(), False),
    ),
)

BACKENDS: tuple[PoseBackend, ...] = (MediaPipeBackend(), OpenVinoBackend())
REFERENCE = ("mediapipe", "full")

MEDIAN_AIM_PX, VERDICTS_AIM, INSTANT_S = 2.0, 0.98, 0.05
"""Landmarks in the median no further apart, this share of the verdicts the same; instants further apart are listed."""

SPEED_FRAMES = 50
"""Frames of each sample video that the speed is measured on."""

MAIN_JOINTS = ("SHOULDER", "HIP", "KNEE", "ANKLE")


@dataclass
class Agreement:
    """How two backends agree on one video; distances in pixels of the picture that is analysed."""

    name: str
    is_lift: bool
    distances_px: FloatArray
    reps: tuple[int, int]
    verdicts: int = 0
    same_verdicts: int = 0
    instants_s: list[float] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def compare(name: str, one: PoseSequence, other: PoseSequence, exercise: str) -> Agreement:
    """Compare the poses of two backends, and what is made of them when the lift is named."""
    both = one.seen & other.seen
    scale = min(1.0, ANALYSIS_MAX_SIDE / max(one.video.width, one.video.height))
    distances = np.linalg.norm(one.image_px[both, :, :2] - other.image_px[both, :, :2], axis=2) * scale
    reports = analyze(one, exercise), analyze(other, exercise)
    found = Agreement(name, exercise != AUTO, distances, (len(reports[0].reps), len(reports[1].reps)))
    unseen = int((one.seen != other.seen).sum())
    if unseen:
        found.differences.append(f"{unseen} of {len(both)} frames in which only one of them sees the lifter")
    if reports[0].exercise.name != reports[1].exercise.name:
        found.differences.append(f"taken for {reports[0].exercise.name} and {reports[1].exercise.name}")
    _compare_reps(found, *reports)
    return found


def _compare_reps(found: Agreement, one: Report, other: Report) -> None:
    pairs = pair_up([_instants(rep) for rep in one.reps], [_instants(rep) for rep in other.reps])
    if len(one.reps) != len(other.reps):
        found.differences.append(f"{len(one.reps)} repetitions and {len(other.reps)}")
    for i, k in pairs:
        rep, twin = one.reps[i], other.reps[k]
        for instant in ("bottom_s", "top_s", "lift_off_s", "lockout_s"):
            apart_s = getattr(twin, instant) - getattr(rep, instant)
            found.instants_s.append(abs(apart_s))
            if abs(apart_s) > INSTANT_S:
                found.differences.append(f"rep {rep.index}: {instant.removesuffix('_s')} {apart_s:+.2f} s")
        twins = {finding.check: finding for finding in twin.findings}
        for finding in rep.findings:
            if finding.check not in twins:
                continue
            theirs = twins[finding.check]
            found.verdicts += 1
            found.same_verdicts += finding.verdict == theirs.verdict
            if finding.verdict != theirs.verdict:
                found.differences.append(
                    f"rep {rep.index}: {finding.check} {finding.verdict} ({finding.value:.1f}) and {theirs.verdict} "
                    f"({theirs.value:.1f})"
                )


def _instants(rep: RepReport) -> Instants:
    return rep.bottom_s, rep.top_s


def agreement_page(title: str, found: Sequence[Agreement]) -> str:
    """What came out of the comparison, with every difference."""
    if not found:
        return f"{title}: no video has both in the cache."
    distances = np.concatenate([each.distances_px.ravel() for each in found])
    medians = {lift: [_median(each) for each in found if each.is_lift == lift] for lift in (True, False)}
    verdicts, same = sum(each.verdicts for each in found), sum(each.same_verdicts for each in found)
    instants = np.array([value for each in found for value in each.instants_s])
    rows = [
        ("videos", f"{len(found)}"),
        ("frames in which both see the lifter", f"{sum(len(each.distances_px) for each in found)}"),
        ("landmarks apart, median and 95th percentile", f"{_both(distances)} px"),
        (
            "median of the lift that is worst",
            f"{max(medians[True], default=0.0):.1f} px (aim: {MEDIAN_AIM_PX:g} px at most)",
        ),
        ("median of the other movement that is worst", f"{max(medians[False], default=0.0):.1f} px"),
        ("videos with the same number of repetitions", f"{sum(each.reps[0] == each.reps[1] for each in found)}"),
        ("instants apart, median and 95th percentile", f"{_both(instants, 3)} s"),
        (
            "verdicts on repetitions that are the same",
            f"{same} of {verdicts}, {same / max(verdicts, 1):.1%} (aim: {VERDICTS_AIM:.0%})",
        ),
    ]
    lines = [markdown_table((title, ""), rows), "", "Every difference:", ""]
    lines += [f"- {each.name}: {'; '.join(each.differences)}" for each in found if each.differences]
    return "\n".join(lines)


def _median(found: Agreement) -> float:
    return float(np.median(found.distances_px)) if found.distances_px.size else 0.0


def _both(values: FloatArray, digits: int = 1) -> str:
    if not len(values):
        return "-"
    return f"{np.median(values):.{digits}f} and {np.percentile(values, 95):.{digits}f}"


# -------------------------------------------------------------------------------------------------------------- speed


@dataclass
class Cost:
    """What one backend and model took on all frames together, and how far its landmarks are from the reference's."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    frames: int = 0
    distances_px: list[FloatArray] = field(default_factory=list)
    main_px: list[FloatArray] = field(default_factory=list)


def speed(videos: Sequence[Path], kinds: Sequence[tuple[PoseBackend, ModelFile]]) -> dict[tuple[str, str], Cost]:
    """Let every backend and model look at every frame in turn."""
    costs = {(backend.name, model.name): Cost() for backend, model in kinds}
    joints = [index for joint in MAIN_JOINTS for index in left_right(joint)]
    for video in videos:
        with ExitStack() as stack:
            finders = {
                (backend.name, model.name): stack.enter_context(PersonFinder(model, 1, True, backend=backend))
                for backend, model in kinds
            }
            reader = stack.enter_context(VideoReader(video, max_side=ANALYSIS_MAX_SIDE))
            for index, frame in enumerate(islice(reader, SPEED_FRAMES)):
                seen: dict[tuple[str, str], list[Detection]] = {}
                for kind, finder in finders.items():
                    started_s, started_cpu_s = time.perf_counter(), time.process_time()
                    seen[kind] = finder.find(frame.rgb, index, round(frame.time_s * 1000))
                    costs[kind].wall_s += time.perf_counter() - started_s
                    costs[kind].cpu_s += time.process_time() - started_cpu_s
                    costs[kind].frames += 1
                for kind, people in seen.items():
                    if people and seen[REFERENCE]:
                        apart = np.linalg.norm((people[0].image_px - seen[REFERENCE][0].image_px)[:, :2], axis=1)
                        costs[kind].distances_px.append(apart)
                        costs[kind].main_px.append(apart[joints])
    return costs


def speed_page(costs: dict[tuple[str, str], Cost]) -> str:
    """A row for each backend and model."""
    reference = costs[REFERENCE]
    rows = []
    for (backend, model), cost in costs.items():
        apart, main = (np.concatenate(values) for values in (cost.distances_px, cost.main_px))
        is_reference = (backend, model) == REFERENCE
        rows.append(
            (
                backend,
                model,
                f"{1000 * cost.cpu_s / cost.frames:.0f}",
                f"{cost.cpu_s / reference.cpu_s:.2f}",
                f"{cost.wall_s / reference.wall_s:.2f}",
                "" if is_reference else _both(apart),
                "" if is_reference else _both(main),
            )
        )
    measured = ("CPU ms a frame", "of MediaPipe full", "on the clock", "landmarks apart, px", "main joints, px")
    return markdown_table(("backend", "model", *measured), rows)


# --------------------------------------------------------------------------------------------------------------- main


def videos_of(folder: Path, only: str) -> Iterator[tuple[Path, str]]:
    """Sample videos and labelled clips, each with the lift to name."""
    for path in sorted(SAMPLES.glob("*.mp4")):
        if only in path.stem:
            yield path, {"swing": "kettlebell-swing"}.get(path.stem.split("-")[0], path.stem.split("-")[0])
    for clip in read_clips(folder):
        if only in clip.name:
            yield clip.path, AUTO if clip.exercise == "none" else clip.exercise


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench_backends", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder with clips and labels.json")
    parser.add_argument("--only", default="", metavar="PART", help="only videos whose name contains this; not written")
    parser.add_argument("--cached", action="store_true", help="only videos whose poses are in the cache")
    parser.add_argument("--no-speed", action="store_true", help="leave the speed out")
    parser.add_argument("--no-agreement", action="store_true", help="leave the agreement out")
    parser.add_argument("--no-write", action="store_true", help="leave results/backends.md as it is")
    options = parser.parse_args(arguments)
    if not is_installed():
        print("OpenVINO is not installed: pip install 'formcheck[fast]'. Nothing was measured.")
        return 0
    pages = ["# Pose backends and models", "`make bench-backends`"]
    with quiet_native_logs():
        if not options.no_agreement:
            videos = list(videos_of(folder_of("clips", options.clips), options.only))
            for title, *kinds in COMPARED:
                pages.append(agreement_page(title, _agreements(videos, kinds, options.cached)))
        if not options.no_speed:
            opened = [(backend, find_model(name)) for name in MODELS for backend in BACKENDS]
            pages.append(speed_page(speed(sorted(SAMPLES.glob("*.mp4")), opened)))
    page = "\n\n".join(pages) + "\n"
    print(page)
    if not (options.only or options.no_write or options.no_speed or options.no_agreement):
        RESULTS.write_text(page, encoding="utf-8")
    return 0


def _agreements(videos: Sequence[tuple[Path, str]], kinds: Sequence[Kind], cached_only: bool) -> list[Agreement]:
    model = find_model("full")
    found = []
    for path, exercise in videos:
        files = [cached_file(path, model, cache_folder(FOLDER, *kind), kind[0]) for kind in kinds]
        if cached_only and not all(file.is_file() for file in files):
            continue
        try:
            one, other = (cached_poses(path, model, backend=each, every_frame=every)[0] for each, every in kinds)
            found.append(compare(path.name, one, other, exercise))
        except FormCheckError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        print(f"{path.name}: {len(found[-1].differences)} differences", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
