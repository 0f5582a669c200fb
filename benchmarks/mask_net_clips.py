"""Does the network on masks read whole clips better than the weighted sum of the contour? Real and rendered ones.

    python -m benchmarks.mask_crops real
    python -m benchmarks.mask_crops rendered
    python -m benchmarks.mask_crops samples
    python -m benchmarks.mask_net_clips [CLIPS]

Each share of the network beside the weighted sum is put in the place of the product's reading: gates, phases, neutral
and checks stay as they are, and clips that are read from the lower half keep it. What lifters in general show moves by
what each share reads more or less in the labelled neutral clips, those of the source that is judged left out.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import bench_accuracy as accuracy
from benchmarks.bench_spine import NEUTRAL, ROUNDED, ROUNDING, Reading, reading_of
from benchmarks.labelled import LabelledClip, folder_of
from benchmarks.mask_crops import kept_crops, labelled_side_views, sample_side_views
from benchmarks.rendered_set import SetClip, make_set
from benchmarks.scores import markdown_table, number, separation, source_of
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.exercises import exercise_named
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.motion.calibration import DEFAULT, PopulationNorms
from formcheck.motion.cleaning import clean
from formcheck.motion.geometry import midpoint
from formcheck.motion.mask_net import MaskNet
from formcheck.motion.mask_net_weights import NETWORK
from formcheck.motion.neutral import SEAT_THIGH_DEG
from formcheck.motion.reps import find_cycles
from formcheck.motion.spine import DorsalBend, dorsal_bend
from formcheck.motion.spine_method import LOWER_HALF, SpineMethod
from formcheck.vision.models.store import find_model

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the network beside the weighted sum."""

NEAREST_LOOK_S = 0.15
"""Between two frames that were looked at, readings are interpolated; further from both there is none."""

MORE_STANDING_DEG = 15.0
"""The network reads people who stand by so much higher than the weighted sum, and so does what is believed of them."""

MILD = "mild"


@dataclass(frozen=True)
class Masks:
    """The masks of one clip: when each was seen (N,), its crop (N, 64, 48)."""

    time_s: FloatArray
    crops: NDArray[np.uint8]


def reader(net: MaskNet, masks: Masks, share: float) -> Callable[[PoseSequence, FloatArray], DorsalBend]:
    """A way of reading the spine for `SpineMethod`: the weighted sum with ``share`` of the network."""

    def read(poses: PoseSequence, forward: FloatArray) -> DorsalBend:
        summed = dorsal_bend(poses, forward)
        if not share:
            return summed
        found = _between(masks.time_s, net.read(masks.crops, _lean_at(masks.time_s, poses, forward)), poses.time_s)
        lower = (1.0 - share) * summed.lower_deg + share * found[:, 0]
        upper = (1.0 - share) * summed.upper_deg + share * found[:, 1]
        return replace(summed, bend_deg=lower + upper, lower_deg=lower, upper_deg=upper)

    return read


def _lean_at(time_s: FloatArray, poses: PoseSequence, forward: FloatArray) -> FloatArray:
    """Lean of the trunk at other times (N,), degrees forwards."""
    hip = midpoint(poses.image_px[:, Landmark.LEFT_HIP, :2], poses.image_px[:, Landmark.RIGHT_HIP, :2])
    shoulder = midpoint(poses.image_px[:, Landmark.LEFT_SHOULDER, :2], poses.image_px[:, Landmark.RIGHT_SHOULDER, :2])
    trunk = shoulder - hip
    lean = np.degrees(np.arctan2(forward * trunk[:, 0], -trunk[:, 1]))
    known = np.isfinite(lean)
    return np.interp(time_s, poses.time_s[known], lean[known]) if known.any() else np.zeros(len(time_s))


def _between(seen_s: FloatArray, values: FloatArray, time_s: FloatArray) -> FloatArray:
    """Values (N, 2) at other times (T, 2); NaN far from all that was seen."""
    if not len(seen_s):
        return np.full((len(time_s), 2), np.nan)
    found = np.stack([np.interp(time_s, seen_s, column) for column in values.T], axis=1)
    after = np.clip(np.searchsorted(seen_s, time_s), 0, len(seen_s) - 1)
    near = np.minimum(np.abs(seen_s[after] - time_s), np.abs(seen_s[np.maximum(after - 1, 0)] - time_s))
    found[near > NEAREST_LOOK_S] = np.nan
    return found


# --- what lifters in general show ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """What one clip shows without a neutral, (lumbar, thoracic) each, NaN where it does not: standing with empty hands,
    and over its repetitions while the back is judged."""

    source: str
    lifter: str
    spine: str
    exercise: str
    standing_deg: tuple[float, float]
    reps_deg: tuple[tuple[float, float], ...]


def level_of(clip: LabelledClip, poses: PoseSequence, report: Report, seat_drift_deg: tuple[float, float]) -> Level:
    """The readings of one clip, freed of what level thighs do to them and of nothing else."""
    standing = (math.nan, math.nan)
    if report.back is not None and report.back.source == "standing":
        standing = report.back.standing_deg
    parts = [
        bare_by_rep(poses, report, part, drift_deg)
        for part, drift_deg in zip(("lower_bend_deg", "upper_bend_deg"), seat_drift_deg, strict=True)
    ]
    reps = tuple(zip(*parts, strict=True))
    return Level(source_of(clip.name), clip.lifter, clip.spine or "", report.exercise.name, standing, reps)


def bare_by_rep(
    poses: PoseSequence, report: Report, signal: str = "dorsal_bend_deg", seat_drift_deg: float = 0.0
) -> list[float]:
    """The reading of each repetition without any neutral, taken over the phase and frames of back rounding."""
    lift = exercise_named(report.exercise.name)
    if lift is None or report.signals is None:
        return [math.nan for _ in report.reps]
    by_instants = {}
    for segment in clean(poses).segments:
        signals = report.signals.part(segment)
        thigh_deg = signals.hip_flexion_deg - signals.trunk_lean_deg
        seated = np.clip((thigh_deg - SEAT_THIGH_DEG[0]) / np.ptp(SEAT_THIGH_DEG), 0.0, 1.0)
        reading = getattr(signals, signal) - seat_drift_deg * np.nan_to_num(seated)
        bare = replace(signals, back_rounding_deg=np.where(np.isfinite(signals.back_rounding_deg), reading, np.nan))
        for cycle in find_cycles(signals.time_s, signals.shoulder_height):
            rep = lift.rep(signals, cycle)
            instants = float(signals.time_s[rep.bottom]), float(signals.time_s[rep.top])
            by_instants[instants] = lift.measure(bare, rep)[ROUNDING].value
    return [by_instants.get((rep.bottom_s, rep.top_s), math.nan) for rep in report.reps]


def drifts(share: float, net: MaskNet) -> PopulationNorms:
    """The norms in use with the drifts of that share: the network's in a hinge is that on rendered bodies that it was
    not fitted to, and level thighs do not move it."""
    known = DEFAULT.contour_norms
    return replace(
        known,
        hinge_drift_deg=_mixed(known.hinge_drift_deg, np.array(net.drift_deg), share),
        seat_drift_deg=_mixed(known.seat_drift_deg, np.zeros(2), share),
        standing_range_deg=(known.standing_range_deg[0], known.standing_range_deg[1] + MORE_STANDING_DEG * share),
    )


def _mixed(usual: tuple[float, float], other: FloatArray, share: float) -> tuple[float, float]:
    lower, upper = ((1.0 - share) * a + share * float(b) for a, b in zip(usual, other, strict=True))
    return lower, upper


def norms_from(usual: Iterable[Level], other: Iterable[Level], drifted: PopulationNorms) -> PopulationNorms:
    """The norms in use, moved by how much further the other reading bends in the same neutral clips (mean of lifters);
    ``usual`` and ``other`` are levels of the same clips. Spreads stay as they are."""
    pairs = [(a, b) for a, b in zip(usual, other, strict=True) if a.spine == NEUTRAL]
    standing = _by_lifter((a.lifter, _minus(b.standing_deg, a.standing_deg)) for a, b in pairs)
    hinge = _by_lifter(
        (a.lifter, _minus(*reps))
        for a, b in pairs
        if a.exercise != "squat" and len(a.reps_deg) == len(b.reps_deg)
        for reps in zip(b.reps_deg, a.reps_deg, strict=True)
    )
    known = DEFAULT.contour_norms
    stand, bent = (np.mean(list(each.values()), axis=0) if each else np.zeros(2) for each in (standing, hinge))
    drift = np.subtract(drifted.hinge_drift_deg, known.hinge_drift_deg)
    return replace(
        drifted,
        standing_deg=_plus(known.standing_deg, stand),
        hinge_deg=_plus(known.hinge_deg, bent),
        release_deg=_plus(known.release_deg, bent - stand - drift),
    )


def _minus(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] - other[0], one[1] - other[1]


def _plus(one: tuple[float, float], other: FloatArray) -> tuple[float, float]:
    return one[0] + float(other[0]), one[1] + float(other[1])


def _by_lifter(pairs: Iterable[tuple[str, tuple[float, float]]]) -> dict[str, FloatArray]:
    by_lifter: dict[str, list[tuple[float, float]]] = {}
    for lifter, pair in pairs:
        if np.isfinite(pair).all():
            by_lifter.setdefault(lifter, []).append(pair)
    return {lifter: np.median(np.array(some), axis=0) for lifter, some in by_lifter.items()}


# --- real clips ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Real:
    """A labelled clip with its masks, and what the product says of it."""

    clip: LabelledClip
    poses: PoseSequence
    masks: Masks
    report: Report

    @property
    def partial(self) -> bool:
        """Read from the lower half, which the network does not replace."""
        return self.report.back is not None and self.report.back.method == LOWER_HALF

    def read(self, net: MaskNet, share: float, norms: PopulationNorms) -> Report:
        """The report with another way of reading."""
        if self.partial:
            return self.report
        return analyze(self.poses, spine=SpineMethod("mask network", reader(net, self.masks, share), norms))


def real_clips(folder: Path) -> list[Real]:
    """The labelled side views whose crops are there."""
    found = []
    for clip in labelled_side_views(folder):
        kept = kept_crops("real", clip.path.stem)
        if kept is not None:
            poses, frames, crops = kept
            found.append(Real(clip, poses, Masks(poses.time_s[frames], crops), analyze(poses)))
    return found


def areas(values: Sequence[tuple[str, Sequence[float]]], positive: Sequence[str]) -> tuple[float, float, float]:
    """Areas under the ROC curve by clip median, by its worst repetition and by repetition, against neutral ones."""
    known = [(group, [value for value in reps if not math.isnan(value)]) for group, reps in values]
    known = [(group, reps) for group, reps in known if reps]

    def area(of: Callable[[list[float]], list[float]]) -> float:
        above = [value for group, reps in known if group in positive for value in of(reps)]
        below = [value for group, reps in known if group == NEUTRAL for value in of(reps)]
        return separation(above, below)

    return area(lambda reps: [float(np.median(reps))]), area(lambda reps: [max(reps)]), area(lambda reps: reps)


def levels_of(clips: Sequence[Real], reports: Sequence[Report], norms: PopulationNorms) -> list[Level]:
    """The levels of all clips under one way of reading."""
    return [
        level_of(one.clip, one.poses, report, norms.seat_drift_deg) for one, report in zip(clips, reports, strict=True)
    ]


def real_line(
    net: MaskNet, clips: Sequence[Real], share: float, usual: Sequence[Level], wide: bool = False
) -> tuple[list[str], PopulationNorms]:
    """One row: bare readings and the product's figures with that share of the network; and the norms by all clips."""
    drifted = drifts(share, net)
    first = [one.read(net, share, drifted) for one in clips]
    levels = levels_of(clips, first, drifted)
    bare, readings = [], []
    for one, report in zip(clips, first, strict=True):
        group, source = one.clip.spine or "", source_of(one.clip.name)
        if not one.partial:
            bare.append((group, bare_by_rep(one.poses, report)))
        others = [at for at, level in enumerate(levels) if level.source != source]
        norms = norms_from([usual[at] for at in others], [levels[at] for at in others], drifted)
        judged = one.read(net, share, norms)
        readings.append(reading_of(one.clip.name, one.clip.lifter, group, one.poses, judged, None, False))
    held = [(one.group, [rep.value_deg for rep in one.reps if rep.judged]) for one in readings]
    clip_deg = {group: sorted(one.score() for one in readings if one.group == group and one.judged) for group in GROUPS}
    if wide:
        for each in sorted(readings, key=lambda each: (each.group, each.name)):
            values = " ".join(number(rep.value_deg) for rep in each.reps)
            print(f"{each.group:8} {each.name:36} {each.verdict:12} {values}")
    flagged = {group: _flags(readings, group) for group in GROUPS}
    line = [
        f"{share:.2f}",
        *_cells(areas(bare, (ROUNDED,))),
        number(areas(bare, (ROUNDED, MILD))[2], 3),
        *_cells(areas(held, (ROUNDED,))),
        *_cells(areas(held, (ROUNDED, MILD))),
        number(clip_deg[ROUNDED][0], 1),
        number(clip_deg[NEUTRAL][-1], 1),
        number(min(v for g, reps in held if g == ROUNDED for v in reps), 1),
        number(max(v for g, reps in held if g == NEUTRAL for v in reps), 1),
        f"{flagged[ROUNDED]}, {flagged[MILD]}, {flagged[NEUTRAL]}",
        str(sum(rep.verdict in (WATCH, FAULT) for one in readings if one.group == NEUTRAL for rep in one.reps)),
    ]
    return line, norms_from(usual, levels, drifted)


GROUPS = (ROUNDED, MILD, NEUTRAL)


def _flags(readings: Iterable[Reading], group: str) -> int:
    return sum(one.flagged for one in readings if one.group == group)


def _cells(values: Iterable[float]) -> list[str]:
    return [" / ".join(number(value, 3) for value in values)]


REAL_HEADER = (
    "share of the network",
    "bare: AUC by clip / worst rep / rep",
    "bare, with mild ones, by rep",
    "with neutral",
    "with mild ones",
    "lowest rounded clip",
    "highest neutral clip",
    "lowest rounded rep",
    "highest neutral rep",
    "flagged: rounded, mild, neutral clips",
    "neutral reps flagged",
)


# --- rendered clips --------------------------------------------------------------------------------------------------


def rendered_clips() -> list[tuple[SetClip, dict[str, Any], PoseSequence, Masks]]:
    """The rendered side views of "tune" whose crops are there."""
    found = []
    for clip, truth, _ in make_set("tune", False, find_model("full"), cached=True):
        kept = kept_crops("rendered", clip.name) if accuracy.group_of(truth) == accuracy.AIM else None
        if kept is not None:
            poses, frames, crops = kept
            found.append((clip, truth, poses, Masks(poses.time_s[frames], crops)))
    return found


def sample_line(net: MaskNet, share: float, norms: PopulationNorms) -> list[str]:
    """One row: mean error of flexion since standing over the frames of repetitions of each sample video."""
    cells = [f"{share:.2f}"]
    for video in sample_side_views():
        kept = kept_crops("samples", video.stem)
        if kept is None:
            cells.append("-")
            continue
        poses, frames, crops = kept
        report = _read_with(poses, Masks(poses.time_s[frames], crops), net, share, norms)
        truth = json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))
        signals = report.signals
        assert signals is not None
        true_deg = np.interp(signals.time_s, truth["frames"]["time_s"], truth["frames"]["spine_flexion_deg"])
        lifting = np.zeros(len(signals), dtype=bool)
        for rep in truth["reps"]:
            lifting |= (signals.time_s >= rep["start_s"]) & (signals.time_s <= rep["end_s"])
        off = (signals.spine_flexion_deg - true_deg)[lifting]
        cells.append(number(float(np.nanmean(np.abs(off))) if np.isfinite(off).any() else math.nan, 1))
    return cells


def _read_with(poses: PoseSequence, masks: Masks, net: MaskNet, share: float, norms: PopulationNorms) -> Report:
    report = analyze(poses)
    if report.back is not None and report.back.method == LOWER_HALF:
        return report
    return analyze(poses, spine=SpineMethod("mask network", reader(net, masks, share), norms))


def rendered_line(
    net: MaskNet,
    clips: Sequence[tuple[SetClip, dict[str, Any], PoseSequence, Masks]],
    share: float,
    norms: PopulationNorms,
) -> list[str]:
    """One row: flexion since standing and rounding against the truth."""
    rows = []
    for clip, truth, poses, masks in clips:
        rows.append(accuracy.row_of(clip, truth, _read_with(poses, masks, net, share, norms)))
    frames = accuracy.error_stats(np.concatenate([row.angles[accuracy.FLEXION] for row in rows]))
    by_rep, rounding_by_rep = (
        np.concatenate([getattr(row, name)[:, :2] for row in rows]) for name in ("rep_flexion", "rep_rounding")
    )
    reps, rounding = accuracy.error_stats(by_rep), accuracy.error_stats(rounding_by_rep)
    slopes = [slope for _, slope in accuracy.flexion_lines(rows) if not math.isnan(slope)]
    inside = sum(accuracy.SLOPES[0] <= slope <= accuracy.SLOPES[1] for slope in slopes)
    score = accuracy.check_score(one for row in rows for one in row.outcomes if one.check.id == "back-rounding")
    return [
        f"{share:.2f}",
        number(frames.mae, 1),
        number(frames.p95, 1),
        number(frames.bias, 1),
        number(reps.mae, 1),
        number(accuracy.correlations(by_rep)[0], 2),
        f"{inside} of {len(slopes)}",
        number(rounding.mae, 1),
        number(accuracy.correlations(rounding_by_rep)[0], 2),
        f"{score.flagged['present']} of {score.total('present')}, {score.flagged['absent']} of {score.total('absent')}",
    ]


RENDERED_HEADER = (
    "share of the network",
    "flexion over frames, mean error",
    "p95",
    "bias",
    "over reps",
    "rank",
    "slopes within",
    "rounding by rep",
    "rank",
    "back faults found, false",
)


def cost_ms(net: MaskNet, masks: Masks) -> float:
    """Processor time to read one mask, milliseconds; the least of some repeats."""
    spent = []
    for _ in range(5):
        started = time.process_time()
        net.read(masks.crops, np.zeros(len(masks.crops)))
        spent.append(time.process_time() - started)
    return 1e3 * min(spent) / len(masks.crops)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read and show; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mask_net_clips", description="Judge the mask network.")
    parser.add_argument("clips", type=Path, nargs="?", help="folder of the labelled clips")
    parser.add_argument("--each", action="store_true", help="also every clip")
    options = parser.parse_args(arguments)
    net = NETWORK
    clips = real_clips(folder_of("clips", options.clips))
    if not clips:
        print("no crops of labelled clips; python -m benchmarks.mask_crops real", file=sys.stderr)
        return 2
    print(f"{len(clips)} labelled side views; {cost_ms(net, clips[0].masks):.2f} ms a mask with numpy.\n")
    usual = levels_of(clips, [one.report for one in clips], DEFAULT.contour_norms)
    found = [real_line(net, clips, share, usual, options.each) for share in SHARES]
    print(markdown_table(REAL_HEADER, [line for line, _ in found]), flush=True)
    rendered = rendered_clips()
    if rendered:
        lines = [rendered_line(net, rendered, share, norms) for share, (_, norms) in zip(SHARES, found, strict=True)]
        print(f"\n{len(rendered)} rendered side views:\n\n{markdown_table(RENDERED_HEADER, lines)}", flush=True)
    header = ("share of the network", *(video.stem for video in sample_side_views()))
    lines = [sample_line(net, share, norms) for share, (_, norms) in zip(SHARES, found, strict=True)]
    print(f"\nFlexion since standing in the sample videos, mean error:\n\n{markdown_table(header, lines)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
