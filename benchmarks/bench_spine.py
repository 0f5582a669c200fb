"""Back rounding: does it tell rounded from neutral, does it say nothing where it cannot, and what can shake it?

    python -m benchmarks.bench_spine [CLIPS] [--cached] [--quick] [--no-write] [--model full]

Real clips with a spine judged by eye (../shared/clips, or CLIPS, or $FORMCHECK_CLIPS), rendered lifters with a known
spine (split "test" of `rendered_set`), and both with changed copies of their videos (`perturb`). The tables go to the
terminal and to benchmarks/results/spine.md, the plot to docs/images/spine-separation.png. Poses are kept in
benchmarks/cache/: with --cached nothing is made that is not there, with --quick changed copies are left out. Neither
is written, as the cache may hold clips and poses that different versions of the code have made.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.bench_accuracy import AIM, FRONT, OBLIQUE, group_of, main_instants, true_instants, true_rounding_deg
from benchmarks.labelled import CLIPS_VARIABLE, LabelledClip, folder_of, read_clips
from benchmarks.perturb import (
    JUDGED_SPINES,
    LONGEST_S,
    PERTURBATIONS,
    Perturbation,
    beginning,
    kept_poses,
    perturbed_poses,
    rendered_side_clips,
    rendered_video,
)
from benchmarks.pose_cache import FOLDER, cached_poses
from benchmarks.rendered_set import PRODUCT_NAME, make_set
from benchmarks.scores import markdown_table, median, number, pair_up, percent, percentile, separation
from formcheck.core.errors import FormCheckError
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH
from formcheck.exercises import exercise_named
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report, RepReport
from formcheck.motion.cleaning import clean
from formcheck.motion.geometry import joint_flexion_deg, midpoint
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import Signals
from formcheck.storage.pose_files import load_poses
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from rendered_lifter.assets import AssetError

RESULTS = Path(__file__).resolve().parent / "results" / "spine.md"
PLOT = Path(__file__).resolve().parent.parent / "docs" / "images" / "spine-separation.png"

ROUNDING, CHECK = "back_rounding_deg", "back-rounding"

ROUNDED, NEUTRAL = "rounded", "neutral"
TRULY_ROUNDED_DEG, TRULY_NEUTRAL_DEG = 25.0, 10.0
"""Rendered lifters rounded by at least the first count as rounded, by less than the second as neutral."""
TRULY_ROUNDED, TRULY_BETWEEN, TRULY_NEUTRAL = "true 25 deg or more", "true 10 to 25 deg", "true below 10 deg"

RULE_BELOW_DEG = 170.0
"""A rule in use elsewhere: a shoulder-hip-knee angle below this is called a rounded back."""

MEASURE = "FormCheck's back rounding"
HIP_ANGLE, NECK_ANGLE, CHORD = "shoulder-hip-knee angle", "ear-shoulder-hip angle", "hip-shoulder chord shortening"
BASELINES = (HIP_ANGLE, NECK_ANGLE, CHORD)
CHORD_PERCENTILE = 95

TRIO = ("bichraix__bad005", "bichraix__good004", "bichraix__bad006")
"""One lifter, one camera: rounded, neutral, hollow."""

STRONG_YAW_DEG = 28.0
"""Rendered views turned further than this from the side are strongly oblique."""

DRAWS, SEED, INTERVAL = 4000, 4, 0.9
"""The bootstrap over lifters: how many draws, its seed, and the share of them that an interval holds."""

AIM_CHANGE_DEG = 2.0
"""A mirrored or scaled video should change no value by more."""


# --- one clip --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RepValue:
    """One repetition. ``scores`` holds FormCheck's value and the baselines, each higher when it says "more rounded";
    NaN where FormCheck does not judge the back, so that all are compared on the same repetitions and frames."""

    instants: tuple[float, float]
    scores: dict[str, float]
    verdict: str
    true_deg: float = math.nan

    @property
    def value_deg(self) -> float:
        return self.scores[MEASURE]

    @property
    def judged(self) -> bool:
        return not math.isnan(self.value_deg)


@dataclass(frozen=True)
class Reading:
    """What was read from one clip; ``lifter`` groups clips, ``group`` is the class that it is known to belong to."""

    name: str
    lifter: str
    group: str
    reps: tuple[RepValue, ...]
    view: str
    verdict: str
    reason: str

    def score(self, measure: str = MEASURE) -> float:
        """Median over the repetitions that were judged; NaN when none was."""
        return median(rep.scores[measure] for rep in self.reps if rep.judged)

    @property
    def judged(self) -> bool:
        return not math.isnan(self.score())

    @property
    def flagged(self) -> bool:
        return self.verdict in (WATCH, FAULT)


def read_clip(
    name: str, lifter: str, group: str, poses: PoseSequence, truth: dict[str, Any] | None = None, baselines: bool = True
) -> Reading:
    """Analyse one clip; with a rendered clip's truth each repetition gets the true rounding it holds."""
    return reading_of(name, lifter, group, poses, analyze(poses), truth, baselines)


def reading_of(
    name: str,
    lifter: str,
    group: str,
    poses: PoseSequence,
    report: Report,
    truth: dict[str, Any] | None = None,
    baselines: bool = True,
) -> Reading:
    """As `read_clip`, of a report that was made already."""
    by_rep = baseline_scores(poses, report) if baselines else [{} for _ in report.reps]
    found = next((one for one in report.findings if one.check == CHECK), None)
    true_deg = _true_by_rep(report, truth) if truth else [math.nan] * len(report.reps)
    reps = tuple(
        RepValue((rep.bottom_s, rep.top_s), {MEASURE: _judged_deg(rep), **scores}, _verdict(rep), known_deg)
        for rep, scores, known_deg in zip(report.reps, by_rep, true_deg, strict=True)
    )
    reason = found.reason if found else report.summary
    return Reading(name, lifter, group, reps, report.view.name, found.verdict if found else NOT_MEASURED, reason)


def _verdict(rep: RepReport) -> str:
    return next((one.verdict for one in rep.findings if one.check == CHECK), NOT_MEASURED)


def _judged_deg(rep: RepReport) -> float:
    """The measure, unless the check abstains: a value that no lifter gets to see is not scored."""
    return math.nan if _verdict(rep) == NOT_MEASURED else rep.measures.get(ROUNDING, math.nan)


def _true_by_rep(report: Report, truth: dict[str, Any]) -> list[float]:
    """True rounding of each repetition of the report, NaN where it matches none."""
    values = [math.nan] * len(report.reps)
    if report.exercise.name == PRODUCT_NAME[truth["exercise"]]:
        low, high = main_instants(truth["exercise"])
        known_s = true_instants(truth)
        found = [(getattr(rep, low), getattr(rep, high)) for rep in report.reps]
        for ours, theirs in pair_up(found, list(zip(known_s[low], known_s[high], strict=True))):
            values[ours] = true_rounding_deg(truth, truth["reps"][theirs])
    return values


def baseline_signals(image_px: FloatArray, forward: FloatArray) -> dict[str, FloatArray]:
    """What others take for a rounded back, per frame, each higher when it says "more rounded".

    Parameters
    ----------
    image_px : (T, K, 2) landmarks in the picture.
    forward : (T,) +1 where the lifter faces image-right; the side that the camera sees is then the right one.

    Returns
    -------
    (T,) each: the two angles as 180 degrees minus the angle, the shortening in per cent of the chord's 95th percentile.
    """
    right = (forward > 0)[:, None]

    def near(joint: str) -> FloatArray:
        return np.where(right, image_px[:, Landmark[f"RIGHT_{joint}"]], image_px[:, Landmark[f"LEFT_{joint}"]])

    ear, shoulder, hip, knee = (near(joint) for joint in ("EAR", "SHOULDER", "HIP", "KNEE"))
    shoulders, hips = (
        midpoint(image_px[:, Landmark[f"LEFT_{joint}"]], image_px[:, Landmark[f"RIGHT_{joint}"]])
        for joint in ("SHOULDER", "HIP")
    )
    chord_px = np.linalg.norm(shoulders - hips, axis=1)
    known = chord_px[np.isfinite(chord_px)]
    full_px = float(np.percentile(known, CHORD_PERCENTILE)) if len(known) else math.nan
    return {
        HIP_ANGLE: joint_flexion_deg(shoulder, hip, knee),
        NECK_ANGLE: joint_flexion_deg(ear, shoulder, hip),
        CHORD: 100.0 * (1.0 - chord_px / full_px),
    }


def baseline_scores(poses: PoseSequence, report: Report) -> list[dict[str, float]]:
    """The baselines of every repetition, taken as FormCheck takes its own value: same phase, same frames."""
    lift = exercise_named(report.exercise.name)
    if lift is None or report.signals is None:
        return [{} for _ in report.reps]
    cleaned = clean(poses)
    frames = baseline_signals(cleaned.poses.image_px[:, :, :2], report.signals.forward)
    by_instants: dict[tuple[float, float], dict[str, float]] = {}
    for segment in cleaned.segments:
        signals = report.signals.part(segment)
        for cycle in find_cycles(signals.time_s, signals.shoulder_height):
            rep = lift.rep(signals, cycle)
            instants = float(signals.time_s[rep.bottom]), float(signals.time_s[rep.top])
            by_instants[instants] = {
                name: lift.measure(_in_place_of_rounding(signals, values[segment]), rep)[ROUNDING].value
                for name, values in frames.items()
            }
    nothing = dict.fromkeys(BASELINES, math.nan)
    return [by_instants.get((rep.bottom_s, rep.top_s), nothing) for rep in report.reps]


def _in_place_of_rounding(signals: Signals, values: FloatArray) -> Signals:
    return replace(signals, back_rounding_deg=np.where(np.isfinite(signals.back_rounding_deg), values, np.nan))


# --- scores ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Separation:
    """Areas under the ROC curve of one measure; ``low`` to ``high`` is the interval of ``clips`` over lifters."""

    clips: float
    reps: float
    lifters: float
    low: float
    high: float


def separation_of(readings: Sequence[Reading], positive: str, negative: str, measure: str = MEASURE) -> Separation:
    """How well a measure puts the clips of one class above those of another."""
    judged = [one for one in readings if one.judged and one.group in (positive, negative)]
    above, below = ([one for one in judged if one.group == group] for group in (positive, negative))
    low, high = bootstrap_interval(
        [(one.lifter, one.score(measure)) for one in above], [(one.lifter, one.score(measure)) for one in below]
    )
    return Separation(
        separation([one.score(measure) for one in above], [one.score(measure) for one in below]),
        separation(rep_scores(above, measure), rep_scores(below, measure)),
        separation(lifter_means(above, measure), lifter_means(below, measure)),
        low,
        high,
    )


def rep_scores(readings: Iterable[Reading], measure: str = MEASURE) -> list[float]:
    """Values of all repetitions that were judged."""
    return [rep.scores[measure] for one in readings for rep in one.reps if rep.judged]


def lifter_means(readings: Iterable[Reading], measure: str = MEASURE) -> list[float]:
    """One value a lifter: the mean over the lifter's clips."""
    by_lifter: dict[str, list[float]] = {}
    for one in readings:
        by_lifter.setdefault(one.lifter, []).append(one.score(measure))
    return [sum(values) / len(values) for values in by_lifter.values()]


def bootstrap_interval(above: Sequence[tuple[str, float]], below: Sequence[tuple[str, float]]) -> tuple[float, float]:
    """Interval of the area under the ROC curve when other lifters might have come: (lifter, value) of both classes.

    Lifters are drawn with replacement, each with all of his clips; draws without both classes are left out.
    """
    lifters = sorted({lifter for lifter, _ in [*above, *below]})
    if not above or not below:
        return math.nan, math.nan
    place = {lifter: index for index, lifter in enumerate(lifters)}
    wins = np.array([[(a > b) + 0.5 * (a == b) for _, b in below] for _, a in above])
    draws = np.random.default_rng(SEED).multinomial(len(lifters), np.full(len(lifters), 1.0 / len(lifters)), DRAWS)
    of_above, of_below = (draws[:, [place[lifter] for lifter, _ in group]] for group in (above, below))
    pairs = of_above.sum(axis=1) * of_below.sum(axis=1)
    areas = np.einsum("da,ab,db->d", of_above, wins, of_below)[pairs > 0] / pairs[pairs > 0]
    low, high = np.quantile(areas, [(1.0 - INTERVAL) / 2.0, (1.0 + INTERVAL) / 2.0])
    return float(low), float(high)


def roc_curve(above: Sequence[float], below: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rate while a limit falls from above all values to below all of them."""
    limits = np.array([math.inf, *sorted({*above, *below}, reverse=True)])
    false_rate, true_rate = (np.mean(np.array(values) >= limits[:, None], axis=1) for values in (below, above))
    return np.asarray(false_rate), np.asarray(true_rate)


@dataclass(frozen=True)
class Change:
    """What a perturbation did to the repetitions of some clips. ``changes_deg`` are changed minus original, with the
    clip that each comes from; lost repetitions were judged in the original only, gained ones in the copy only."""

    changes_deg: tuple[tuple[float, str], ...]
    lost: int
    gained: int

    @property
    def sizes_deg(self) -> list[float]:
        return [abs(change) for change, _ in self.changes_deg]


def change_of(pairs: Iterable[tuple[Reading, Reading]]) -> Change:
    """Compare originals with changed copies, repetition by repetition."""
    changes: list[tuple[float, str]] = []
    lost = gained = 0
    for original, copy in pairs:
        before, after = ([rep for rep in one.reps if rep.judged] for one in (original, copy))
        matched = pair_up([rep.instants for rep in after], [rep.instants for rep in before])
        changes += [(after[i].value_deg - before[k].value_deg, original.name) for i, k in matched]
        lost += len(before) - len(matched)
        gained += len(after) - len(matched)
    return Change(tuple(changes), lost, gained)


# --- tables ----------------------------------------------------------------------------------------------------------


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({percent(part / whole)})" if whole else "")


def separation_table(readings: Sequence[Reading], positive: str, negative: str) -> str:
    """FormCheck beside the baselines, on the same repetitions and frames."""
    lines = []
    for measure in (MEASURE, *BASELINES):
        found = separation_of(readings, positive, negative, measure)
        flagged = ["-", "-"]
        if measure in (MEASURE, HIP_ANGLE):
            flagged = [_flagged(readings, group, measure) for group in (positive, negative)]
        lines.append(
            [
                measure + (f" (rule: < {RULE_BELOW_DEG:.0f} deg)" if measure == HIP_ANGLE else ""),
                *(number(area, 3) for area in (found.clips, found.reps, found.lifters)),
                f"{number(found.low, 2)} to {number(found.high, 2)}",
                *flagged,
            ]
        )
    header = (
        "measure",
        "AUC, clips",
        "AUC, reps",
        "AUC, lifters",
        "90 % interval",
        f"flagged, {positive}",
        f"flagged, {negative}",
    )
    return markdown_table(header, lines)


def _flagged(readings: Sequence[Reading], group: str, measure: str) -> str:
    some = [one for one in readings if one.group == group and one.judged]
    if measure == MEASURE:
        return _share(sum(one.flagged for one in some), len(some))
    return _share(sum(180.0 - one.score(measure) < RULE_BELOW_DEG for one in some), len(some))


def class_table(readings: Sequence[Reading], groups: Sequence[str]) -> str:
    """Values of each class and how much of it is flagged."""
    lines = []
    for group in groups:
        some = [one for one in readings if one.group == group]
        values = [one.score() for one in some if one.judged]
        reps = [rep for one in some for rep in one.reps if rep.judged]
        lines.append(
            [
                group,
                f"{len(some)} ({len({one.lifter for one in some})})",
                str(len(values)),
                *(number(value, 1) for value in (min(values, default=math.nan), median(values))),
                number(max(values, default=math.nan), 1),
                _share(sum(one.flagged for one in some if one.judged), len(values)),
                _share(sum(rep.verdict in (WATCH, FAULT) for rep in reps), len(reps)),
            ]
        )
    header = (
        "class",
        "clips (lifters)",
        "measured",
        "lowest, deg",
        "median, deg",
        "highest, deg",
        "clips flagged",
        "reps flagged",
    )
    return markdown_table(header, lines)


def abstention_text(readings: Sequence[Reading]) -> str:
    """How many clips got no value, and the reason that each was given."""
    silent = [one for one in readings if not one.judged]
    reps = [rep for one in readings for rep in one.reps]
    lines = [
        f"Without a value: {_share(len(silent), len(readings))} clips, "
        f"{_share(sum(not rep.judged for rep in reps), len(reps))} repetitions."
    ]
    return "\n".join(
        [*lines, *([""] if silent else []), *(f"- {one.name} ({one.group}): {one.reason}" for one in silent)]
    )


def oblique_table(readings: Sequence[Reading]) -> str:
    """Clips that show no side of the lifter; ``group`` is the view by eye or of the rendered camera."""
    lines = [
        [
            one.name,
            one.group,
            one.view,
            str(len(one.reps)),
            one.verdict + ("" if one.verdict == NOT_MEASURED else " (!)"),
            one.reason or "-",
        ]
        for one in readings
    ]
    return markdown_table(("clip", "view", "view found", "reps", "back", "reason"), lines, left=6)


def trio_text(readings: Sequence[Reading]) -> str:
    """Three versions of one lifter, which should fall in this order; empty where they are not all there."""
    by_name = {one.name: one for one in readings}
    if any(name not in by_name for name in TRIO):
        return "Not all of its three clips are there."
    values = [by_name[name].score() for name in TRIO]
    rows = [
        [name, by_name[name].group, number(value, 1), number(value - after, 1) if index < 2 else ""]
        for index, (name, value, after) in enumerate(zip(TRIO, values, [*values[1:], math.nan], strict=True))
    ]
    order = "in this order" if values[0] > values[1] > values[2] else "NOT in this order"
    header = ("clip", "spine by eye", "back rounding, deg", "above the next, deg")
    return markdown_table(header, rows, left=2) + f"\n\nThey come out {order}."


def perturbation_table(
    original: Sequence[Reading],
    changed: Mapping[str, Sequence[Reading]],
    positive: str,
    negative: str,
) -> str:
    """What each perturbation does; ``changed`` holds the readings of the copies that are there, by perturbation."""
    by_name = {one.name: one for one in original}
    lines = [_perturbation_line("as filmed", str(len(original)), original, None, positive, negative)]
    for name, copies in changed.items():
        found = change_of((by_name[copy.name], copy) for copy in copies)
        count = str(len(copies)) if len(copies) == len(original) else f"only {len(copies)} of {len(original)}"
        lines.append(_perturbation_line(name, count, copies, found, positive, negative))
    header = (
        "copy",
        "clips",
        "AUC, clips",
        "without a value",
        "reps compared",
        "median change, deg",
        "median size",
        "p90",
        "largest",
        f"within {AIM_CHANGE_DEG:.0f} deg",
        "reps lost",
        "gained",
        "largest in",
    )
    return markdown_table(header, lines)


def _perturbation_line(
    name: str, count: str, readings: Sequence[Reading], found: Change | None, positive: str, negative: str
) -> list[str]:
    line = [
        name,
        count,
        number(separation_of(readings, positive, negative).clips, 3),
        _share(sum(not one.judged for one in readings), len(readings)),
    ]
    if found is None:
        return [*line, str(sum(rep.judged for one in readings for rep in one.reps)), *[""] * 8]
    sizes = found.sizes_deg
    worst = max(found.changes_deg, key=lambda change: abs(change[0]), default=(math.nan, "-"))
    return [
        *line,
        str(len(sizes)),
        number(median(change for change, _ in found.changes_deg), 1),
        *(number(size, 1) for size in (median(sizes), percentile(sizes, 0.9), max(sizes, default=math.nan))),
        percent(sum(size <= AIM_CHANGE_DEG for size in sizes) / len(sizes) if sizes else math.nan),
        str(found.lost),
        str(found.gained),
        worst[1],
    ]


def truth_text(readings: Sequence[Reading]) -> str:
    """Rank correlation with the true rounding of rendered lifters."""
    reps = [(rep.value_deg, rep.true_deg) for one in readings for rep in one.reps if rep.judged]
    known = [(found, true) for found, true in reps if not math.isnan(true)]
    if len(known) < 3:
        return "Too few repetitions to correlate with the truth."
    found, true = np.array(known).T
    rho = float(spearmanr(found, true).statistic)
    slope, level = np.polyfit(true, found, 1)
    return (
        f"Over {len(known)} repetitions: Spearman {rho:.2f} against the truth, mean error "
        f"{np.abs(found - true).mean():.1f} deg, found = {slope:.2f} x true {level:+.1f} deg."
    )


def clip_table(readings: Iterable[Reading]) -> str:
    """One line a clip, FormCheck's value beside the baselines as they are usually given."""
    lines = []
    for one in readings:
        judged = [rep for rep in one.reps if rep.judged]
        spread = (
            f"{min(rep.value_deg for rep in judged):.0f} to {max(rep.value_deg for rep in judged):.0f}"
            if judged
            else "-"
        )
        lines.append(
            [
                one.name,
                one.group,
                f"{len(judged)} of {len(one.reps)}",
                number(one.score(), 1),
                spread,
                one.verdict,
                number(180.0 - one.score(HIP_ANGLE)) if judged else "-",
                number(180.0 - one.score(NECK_ANGLE)) if judged else "-",
                number(one.score(CHORD), 0, " %") if judged else "-",
            ]
        )
    header = (
        "clip",
        "class",
        "reps judged",
        "rounding, deg",
        "over reps",
        "verdict",
        "shoulder-hip-knee",
        "ear-shoulder-hip",
        "chord shorter by",
    )
    return markdown_table(header, lines, left=2)


# --- plot ------------------------------------------------------------------------------------------------------------

COLOURS = {MEASURE: "#1f5f8b", HIP_ANGLE: "#c98b3c", NECK_ANGLE: "#7a9a6b", CHORD: "#a58aa8"}
SHORT = {MEASURE: "FormCheck", HIP_ANGLE: "shoulder-hip-knee", NECK_ANGLE: "ear-shoulder-hip", CHORD: "chord"}
LIFTER_COLOURS = ("#c1664d", "#3f7f6e", "#7b6aa6", "#c79a3a", "#5a8bb5")
GREY, INK = "#8a9199", "#333a40"


def draw_plot(real: Sequence[Reading], rendered: Sequence[Reading], path: Path) -> None:
    """Values by class without any limit, and ROC curves beside them; a row for each set that is not empty."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    style: Any = {
        "font.size": 9,
        "axes.edgecolor": GREY,
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(("axes.labelcolor", "text.color", "xtick.color", "ytick.color"), INK),
    }
    judged = [group for group in JUDGED_ORDER if any(one.group == group for one in real)]
    known = [TRULY_ROUNDED, TRULY_BETWEEN, TRULY_NEUTRAL]
    both = [
        ("Real clips, spine judged by eye", real, judged, ROUNDED, NEUTRAL),
        ("Rendered lifters, spine known", rendered, known, TRULY_ROUNDED, TRULY_NEUTRAL),
    ]
    sets = [one for one in both if one[1]]
    with plt.rc_context(style):
        figure, axes = plt.subplots(
            len(sets), 2, figsize=(10.5, 4.1 * len(sets)), width_ratios=(1.45, 1), layout="constrained", squeeze=False
        )
        for (strip, curves), (title, readings, groups, positive, negative) in zip(axes, sets, strict=True):
            _strip(strip, readings, groups, several=readings is real)
            strip.set_title(f"{title}: one dot a clip", loc="left", fontsize=10)
            _curves(curves, readings, positive, negative)
            if strip.get_legend_handles_labels()[0]:
                strip.legend(loc="upper right", fontsize=7.5, frameon=False, title="one lifter, several clips")
        axes[0, 1].set_title("Hits and false alarms; area under the curve", loc="left", fontsize=10)
        heights = [one.score() for one in [*real, *rendered] if one.judged]
        for strip in axes[:, 0]:
            strip.set_ylim(min(heights, default=0.0) - 5.0, max(heights, default=0.0) + 5.0)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without the library's version, so that the file changes only when results do.
        figure.savefig(path, dpi=130, metadata={"Software": None})
        plt.close(figure)


JUDGED_ORDER = (ROUNDED, "mild", NEUTRAL, "hollow")


def _strip(axis: Any, readings: Sequence[Reading], groups: Sequence[str], several: bool = True) -> None:
    judged = [one for one in readings if one.judged and one.group in groups]
    places = {}
    for column, group in enumerate(groups):
        some = sorted((one for one in judged if one.group == group), key=lambda one: one.score())
        # Side by side in turn, so that neighbours in height do not hide each other.
        for index, one in enumerate(some):
            places[one.name] = column + 0.11 * (index % 3 - 1) * (len(some) > 1), one.score()
    counts = Counter(one.lifter for one in judged)
    joined = [lifter for lifter, count in counts.items() if count > 1] if several else []
    for lifter, colour in zip(joined, LIFTER_COLOURS * len(joined), strict=False):
        points = [places[one.name] for one in judged if one.lifter == lifter]
        across, up = zip(*sorted(points), strict=True)
        axis.plot(across, up, color=colour, linewidth=0.9, alpha=0.5, zorder=2)
        axis.scatter(across, up, s=34, color=colour, edgecolor="white", linewidth=0.6, zorder=3, label=lifter)
    others = [places[one.name] for one in judged if one.lifter not in joined]
    if others:
        colour = GREY if several else COLOURS[MEASURE]
        axis.scatter(*zip(*others, strict=True), s=34, color=colour, edgecolor="white", linewidth=0.6, zorder=3)
    for column, group in enumerate(groups):
        values = [one.score() for one in judged if one.group == group]
        if values:
            axis.hlines(median(values), column - 0.26, column + 0.26, color=INK, linewidth=1.1, zorder=1)
    axis.axhline(0.0, color=GREY, linewidth=0.6, linestyle=(0, (4, 4)), zorder=0)
    measured, silent = (Counter(one.group for one in readings if one.judged == known) for known in (True, False))
    axis.set_xticks(
        range(len(groups)),
        [f"{group}\n{_clips(measured[group])}" + _silent(silent[group]) for group in groups],
    )
    axis.set_xlim(-0.5, len(groups) - 0.5)
    axis.set_ylabel("back rounding, degrees (median over reps)")


def _clips(count: int) -> str:
    return f"{count} clip" + ("" if count == 1 else "s")


def _silent(count: int) -> str:
    return f"\n{count} not measured" if count else ""


def _curves(axis: Any, readings: Sequence[Reading], positive: str, negative: str) -> None:
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=(0, (4, 4)))
    judged = [one for one in readings if one.judged]
    above, below = ([one for one in judged if one.group == group] for group in (positive, negative))
    if above and below:
        for measure in (*reversed(BASELINES), MEASURE):
            scores = [[one.score(measure) for one in group] for group in (above, below)]
            false_rate, true_rate = roc_curve(*scores)
            axis.plot(
                false_rate,
                true_rate,
                color=COLOURS[measure],
                linewidth=2.4 if measure == MEASURE else 1.3,
                label=f"{SHORT[measure]}: {separation(*scores):.2f}",
                clip_on=False,
            )
        handles, labels = axis.get_legend_handles_labels()
        below_axis = {"loc": "upper left", "bbox_to_anchor": (-0.02, -0.13), "ncols": 2, "columnspacing": 1.5}
        axis.legend(handles[::-1], labels[::-1], fontsize=7.5, frameon=False, **below_axis)
    axis.set(xlim=(0, 1), ylim=(0, 1.01))
    axis.set_xlabel(f"false alarms, share of clips ({negative})")
    axis.set_ylabel(f"hits, share of clips ({positive})")
    axis.set_aspect("equal")


# --- what is measured ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Material:
    """Readings of one set: side views with a known spine, other views, and the side views' beginnings and copies."""

    side: tuple[Reading, ...]
    oblique: tuple[Reading, ...]
    beginnings: tuple[Reading, ...]
    copies: Mapping[str, Sequence[Reading]]


def shows_no_side(clip: LabelledClip) -> bool:
    """True for lifts that people saw from the front, the rear, or clearly at an angle."""
    return clip.role == "lift" and clip.view.startswith(("front", "rear"))


def read_real(clips: Sequence[LabelledClip], model: ModelFile, cached: bool, quick: bool) -> Material:
    """Measure the labelled clips."""
    side, oblique, beginnings = [], [], []
    copies: dict[str, list[Reading]] = {}
    for clip in clips:
        judged = clip.role == "lift" and clip.spine in JUDGED_SPINES and clip.view.startswith("side")
        poses = _real_poses(clip, model, cached) if judged or shows_no_side(clip) else None
        if poses is None:
            continue
        if not judged:
            oblique.append(read_clip(clip.name, clip.lifter, clip.view, poses, baselines=False))
            continue
        group = clip.spine or ""
        side.append(read_clip(clip.name, clip.lifter, group, poses))
        if not quick:
            part = beginning(poses)
            short = side[-1] if len(part) == len(poses) else read_clip(clip.name, clip.lifter, group, part, None, False)
            beginnings.append(short)
            _add_copies(copies, clip.path, short, model, cached)
    return Material(tuple(side), tuple(oblique), tuple(beginnings), _in_order(copies))


def _real_poses(clip: LabelledClip, model: ModelFile, cached: bool) -> PoseSequence | None:
    if not cached:
        with quiet_native_logs():
            return cached_poses(clip.path, model)[0]
    kept = sorted(FOLDER.glob(f"{clip.path.stem}-{'[0-9a-f]' * 16}.npz"))
    return load_poses(kept[-1]) if kept else None


def read_rendered(model: ModelFile, cached: bool, quick: bool) -> Material:
    """Measure the rendered clips of the split "test"."""
    perturbed = {clip.name: clip for clip in rendered_side_clips()}
    side, oblique, beginnings = [], [], []
    copies: dict[str, list[Reading]] = {}
    with quiet_native_logs():
        for clip, truth, poses in make_set("test", False, model, cached=cached):
            lifter = str(clip.spec.body)
            yaw_deg = truth["view"]["yaw_deg"]
            if group_of(truth) in (OBLIQUE, FRONT) and abs(yaw_deg) >= STRONG_YAW_DEG:
                oblique.append(read_clip(clip.name, lifter, f"{yaw_deg:+.0f} deg", poses, baselines=False))
            if group_of(truth) != AIM:
                continue
            known_deg = median(true_rounding_deg(truth, rep) for rep in truth["reps"])
            side.append(read_clip(clip.name, lifter, true_group(known_deg), poses, truth))
            if clip.name in perturbed and not quick:
                beginnings.append(side[-1])
                _add_copies(copies, rendered_video(clip), side[-1], model, cached)
    return Material(tuple(side), tuple(oblique), tuple(beginnings), _in_order(copies))


def true_group(known_deg: float) -> str:
    """Class of a rendered lifter whose back is rounded by so much while it is judged."""
    if known_deg >= TRULY_ROUNDED_DEG:
        return TRULY_ROUNDED
    return TRULY_NEUTRAL if known_deg < TRULY_NEUTRAL_DEG else TRULY_BETWEEN


def _add_copies(
    copies: dict[str, list[Reading]], video: Path, original: Reading, model: ModelFile, cached: bool
) -> None:
    for perturbation in PERTURBATIONS:
        poses = _copy_poses(video, perturbation, model, cached)
        if poses is not None:
            copy = read_clip(original.name, original.lifter, original.group, poses, None, False)
            copies.setdefault(perturbation.name, []).append(copy)


def _copy_poses(video: Path, perturbation: Perturbation, model: ModelFile, cached: bool) -> PoseSequence | None:
    if cached:
        return kept_poses(video, perturbation)
    print(f"\r{video.stem}, {perturbation.name}".ljust(78), end="", file=sys.stderr, flush=True)
    with quiet_native_logs():
        return perturbed_poses(video, perturbation, model)[0]


def _in_order(copies: dict[str, list[Reading]]) -> dict[str, Sequence[Reading]]:
    return {one.name: copies[one.name] for one in PERTURBATIONS if one.name in copies}


# --- the whole -------------------------------------------------------------------------------------------------------


def document(real: Material | None, rendered: Material | None, model: str, cached: bool = False) -> str:
    """The whole result as Markdown, without dates so that it changes only when results do."""
    parts = [
        "# Back rounding\n",
        f"Made by `make bench-spine`. Pose model {model}; exercise `auto`. A value is what the check `{CHECK}` judges\n"
        "in one repetition; a clip's value is the median over its repetitions. AUC is the area under the ROC curve:\n"
        "how often a rounded back reads higher than a neutral one; no limit is involved. Flagged means watch or\n"
        "fault, with the limits that the product has; nothing was tuned for this table. Baselines are taken over the\n"
        "very frames that FormCheck's value comes from.\n",
    ]
    if cached:
        parts.append("Poses were taken from the cache as they were (`--cached`), whatever code made them.\n")
    parts += (
        _real_parts(real) if real and real.side else ["No labelled clips were there; real clips were not measured.\n"]
    )
    if rendered and rendered.side:
        parts += _rendered_parts(rendered)
    else:
        parts.append("No rendered clips were there; they were not measured.\n")
    return "\n".join(parts)


def _real_parts(real: Material) -> list[str]:
    judged = [one for one in real.oblique if one.verdict != NOT_MEASURED]
    return [
        "## Real clips, seen from the side\n",
        "Spines were judged by eye; clips seen as only slightly rounded (mild) count for neither class. The interval\n"
        "comes from drawing lifters again; few have a clip seen as rounded, so it is on the narrow side.\n"
        "**All clips have been looked at while FormCheck was written.**\n",
        separation_table(real.side, ROUNDED, NEUTRAL) + "\n",
        class_table(real.side, JUDGED_ORDER) + "\n",
        abstention_text(real.side) + "\n",
        "### One lifter, three backs\n",
        trio_text(real.side) + "\n",
        "### Seen from the front or at an angle\n",
        f"Judged although it cannot be: {_share(len(judged), len(real.oblique))}.\n",
        oblique_table(real.oblique) + "\n",
        *_perturbation_parts(real, ROUNDED, NEUTRAL),
        "### Clip by clip\n",
        "Angles in degrees; a straight line is 180.\n",
        clip_table(real.side) + "\n",
    ]


def _rendered_parts(rendered: Material) -> list[str]:
    judged = [one for one in rendered.oblique if one.verdict != NOT_MEASURED]
    return [
        "## Rendered lifters, seen from the side with free hips\n",
        'Split "test" of the rendered set. Classes go by the true rounding that the back holds while it is judged; a\n'
        "lifter is a body.\n",
        separation_table(rendered.side, TRULY_ROUNDED, TRULY_NEUTRAL) + "\n",
        class_table(rendered.side, (TRULY_ROUNDED, TRULY_BETWEEN, TRULY_NEUTRAL)) + "\n",
        truth_text(rendered.side) + "\n",
        abstention_text(rendered.side) + "\n",
        f"### Turned by {STRONG_YAW_DEG:.0f} deg or more\n",
        f"Judged although it cannot be: {_share(len(judged), len(rendered.oblique))}.\n",
        oblique_table(rendered.oblique) + "\n",
        *_perturbation_parts(rendered, TRULY_ROUNDED, TRULY_NEUTRAL),
        "### Rendered clip by clip\n",
        clip_table(rendered.side) + "\n",
    ]


def _perturbation_parts(material: Material, positive: str, negative: str) -> list[str]:
    if not material.copies:
        return []
    return [
        f"### Changed copies ({'real' if positive == ROUNDED else 'rendered'})\n",
        f"Copies of at most the first {LONGEST_S:.0f} s, encoded again; changes are copy minus original over the same\n"
        "stretch, in degrees, repetition by repetition.\n",
        perturbation_table(material.beginnings, material.copies, positive, negative) + "\n",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code: 1 when something failed, 2 without a model, 0 otherwise."""
    options = _parser().parse_args(arguments)
    folder = folder_of("clips", options.clips)
    try:
        model = find_model(options.model)
    except FormCheckError as error:
        print(error, file=sys.stderr)
        return 2
    clips = read_clips(folder)
    if not clips:
        print(
            f"No labelled clips in {folder}: name their folder, with labels.json in it, as an argument or in "
            f"{CLIPS_VARIABLE}. Only rendered clips are measured.",
            file=sys.stderr,
        )
    real = rendered = None
    failed = False
    for name, read in _tasks(clips, model, options.cached, options.quick):
        try:
            material = read()
        except (FormCheckError, AssetError) as error:
            print(f"The {name} clips were not measured: {error}", file=sys.stderr)
            failed = True
            continue
        real, rendered = (material, rendered) if name == "real" else (real, material)
    text = document(real, rendered, model.name, options.cached)
    print(text)
    measured = [one for one in (real, rendered) if one and one.side]
    if len(measured) < 2 or failed:
        print("Results are not written: something was missing.", file=sys.stderr)
    elif real and rendered and not (options.no_write or options.quick or options.cached):
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")
        draw_plot(real.side, rendered.side, PLOT)
        print(f"Written to {RESULTS.parent.name}/{RESULTS.name} and {PLOT.name}.", file=sys.stderr)
    return 1 if failed else 0


def _tasks(
    clips: Sequence[LabelledClip], model: ModelFile, cached: bool, quick: bool
) -> Iterator[tuple[str, Callable[[], Material]]]:
    if clips:
        yield "real", lambda: read_real(clips, model, cached, quick)
    yield "rendered", lambda: read_rendered(model, cached, quick)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_spine", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="?", type=Path, help="folder with clips and labels.json")
    parser.add_argument("--cached", action="store_true", help="only what the cache holds, as it is; not written")
    parser.add_argument("--quick", action="store_true", help="without changed copies; not written")
    parser.add_argument("--model", default="full", help="pose model")
    parser.add_argument("--no-write", action="store_true", help="leave results and plot as they are")
    return parser


if __name__ == "__main__":
    # Ended from outside, it must still delete the copy that it is working on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
