"""Rendered lifters with exactly known angles: how far off is FormCheck, and does every check find what it is for?

    python -m benchmarks.bench_accuracy [--split test] [--full] [--only PART] [--cached] [--no-write]

The set is described in `rendered_set`, which renders it into benchmarks/cache/. The tables go to the terminal and to
benchmarks/results/accuracy.md (accuracy-tune.md for the split "tune"). Limits and corrections may be tuned on "tune"
only; "test" has other bodies.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.rendered_set import DIALLED, PRODUCT_NAME, SPLITS, SetClip, checks_of, clip_set, make_set
from benchmarks.scores import Counts, count_reps, markdown_table, median, number, pair_up, percent, percentile
from formcheck.core.errors import FormCheckError
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH
from formcheck.exercises.framework.check import Check
from formcheck.exercises.shared.back import since_standing_error_deg
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report, RepReport
from formcheck.motion.view import FRONT_MIN_DEG, SIDE_MAX_DEG
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs
from rendered_lifter.assets import AssetError

Array = NDArray[np.float64]
Truth = dict[str, Any]

RESULTS = Path(__file__).resolve().parent / "results"

TOLERANCE_S = 0.3
"""A repetition is found when both its instants are this close to the truth."""

AIM_S = 0.1
"""How close instants should be."""

PRESENT = 1.3
"""A fault is there when the rig shows this many times the check's fault limit: dials vary from rep to rep. It is absent
when the rig stays within the watch limit; what is between counts for neither."""

BENT_DEG = 30.0
"""Trunk lean from which the back is called bent forward."""

STILL_BENT = 0.05
"""Hips count as open when this share of their way is left."""

LEVELS_APART_DEG = 10.0
"""Rounding must differ this much for a slope to mean anything."""

BENT_ALONE_DEG = 45.0
"""Lumbar-only and thoracic-only bends are read on clips that are dialled to this."""

INTERVAL_Z = 1.2816
"""An interval of this many standard errors on both sides holds 80 %."""

FAR_OFF_DEG = 15.0
"""An angle that is further off than this is wrong rather than inexact."""

SIDE_YAW_DEG = 10.0

AIM, PLATES, OBLIQUE, FRONT = "side, hip free", "side, plates on both ends", "oblique", "front or rear"
GROUPS = (AIM, OBLIQUE, FRONT, PLATES)

FLEXION = "spine, since standing"

ANGLES = {
    "hip": ("hip_flexion_deg", "hip_flexion_sagittal_deg"),
    "hip, in 3-D": ("hip_flexion_deg", "hip_flexion_deg"),
    "knee": ("knee_flexion_deg", "knee_flexion_deg"),
    "elbow": ("elbow_flexion_deg", "elbow_flexion_deg"),
    "trunk lean": ("trunk_lean_deg", "trunk_lean_deg"),
    FLEXION: ("spine_flexion_deg", "spine_flexion_deg"),
}
"""FormCheck's signal and the column of the truth that it is compared with."""

ROUNDING, CONTOUR, DOUBT = "back_rounding_deg", "dorsal_bend_deg", "back_rounding_uncertainty_deg"
MASK = "mask_flexion_deg"
SINCE_STANDING = "spine_flexion_deg"

STANDING_DEG = 10.0
"""True trunk lean below which a lifter stands."""

TRUE_MEASURES = {
    "back-rounding-growth": "rounding_growth_deg",
    "over-extension": "trunk_lean_top_deg",
    "head-down": "neck_flexion_bottom_deg",
    "hips-shoot-up": "trunk_lean_gain_deg",
    "squatted-start": "hip_above_knee_bottom_tl",
    "bar-drift": "load_ahead_of_mid_foot_max_fl",
    "heel-rise": "heel_rise_max_fl",
    "uneven-shoulders": "shoulder_tilt_left_bottom_deg",
    "sideways-shift": "hip_shift_left_bottom",
    "knees-in": "knee_gap_lost",
    "early-fold": "hip_flexion_at_fold_arm_45_deg",
    "bell-too-low": "wrist_below_knee_bottom_tl",
    "deep-knees": "knee_flexion_bottom_deg",
    "bar-over-foot": "shoulder_ahead_of_mid_foot_max_fl",
    "arm-pull": "elbow_flexion_pull_deg",
    "soft-lockout-hips": "hip_flexion_top_deg",
    "soft-lockout-knees": "knee_flexion_top_deg",
    "arm-lift": "hip_flexion_left_at_arm_30_deg",
    "bent-arms": "elbow_flexion_up_deg",
    "squatting-the-swing": "hip_to_knee_range",
    "no-plank-hips": "hip_flexion_top_deg",
    "butt-wink": "butt_wink_deg",
    "depth": "hip_above_knee_bottom_tl",
    "forward-lean": "trunk_minus_shank_bottom_deg",
}
"""Check -> what the rig measures of the same thing in one repetition. Back rounding is read off the frames."""

PRESENT_CLASS, BETWEEN_CLASS, ABSENT_CLASS = "present", "between", "absent"


# --- truth -----------------------------------------------------------------------------------------------------------


def rounding_window(lift: str, rep: Truth) -> tuple[float, float]:
    """The seconds over which a rep's back is judged: set-up to knee, the squat's bottom, around the backswing."""
    if lift == "deadlift":
        return rep["lift_off_s"] - 0.5, rep["knee_passing_s"]
    if lift == "squat":
        return rep["bottom_hold_start_s"], rep["ascent_s"]
    return rep["bottom_s"] - 0.15, rep["bottom_s"] + 0.15


def true_rounding_deg(truth: Truth, rep: Truth) -> float:
    """Back rounding that a rep holds while it is judged."""
    start_s, end_s = rounding_window(truth["exercise"], rep)
    time_s = np.array(truth["frames"]["time_s"])
    held = (time_s >= start_s - 0.02) & (time_s <= end_s + 0.02)
    return float(np.median(np.array(truth["frames"][ROUNDING])[held])) if held.any() else math.nan


def true_value(truth: Truth, rep: Truth, check: str) -> float:
    """What a check should have measured in a rep; NaN where the truth has no such measure."""
    if check == "back-rounding":
        return true_rounding_deg(truth, rep)
    value = float(rep["measures"].get(TRUE_MEASURES.get(check, ""), math.nan))
    return -value if check == "over-extension" else value  # the rig counts leans forward


def true_class(value: float, check: Check) -> str:
    """Whether a fault of this size is present, absent, or too close to the limits to say; "" when unknown."""
    if math.isnan(value):
        return ""
    limit = check.fault * PRESENT if check.more_is_worse else check.fault / PRESENT
    sign = 1.0 if check.more_is_worse else -1.0
    if sign * (value - limit) >= 0:
        return PRESENT_CLASS
    return ABSENT_CLASS if sign * (value - check.watch) <= 0 else BETWEEN_CLASS


def true_instants(truth: Truth) -> dict[str, list[float]]:
    """Instants of every rep by the name that FormCheck's report gives them, seconds.

    Where the truth has no counterpart there is no name: the deadlift's bottom and the squat's top are in the middle of
    a rest of any length.
    """
    reps = truth["reps"]
    lift = truth["exercise"]
    names = {
        "deadlift": {"lift_off_s": "lift_off_s", "lockout_s": "lockout_s", "top_s": "top_s"},
        "squat": {"bottom_s": "bottom_s", "lift_off_s": "ascent_s", "lockout_s": "top_s"},
        "swing": {"bottom_s": "bottom_s", "top_s": "top_s"},
    }[lift]
    found = {ours: [float(rep[theirs]) for rep in reps] for ours, theirs in names.items()}
    if lift == "swing":
        found["lockout_s"] = [_hips_open_s(truth, rep) for rep in reps]
    return found


def _hips_open_s(truth: Truth, rep: Truth) -> float:
    """When a swing's hips have done all but `STILL_BENT` of their way; the script's own end of it is not to be seen."""
    time_s, hip = np.array(truth["frames"]["time_s"]), np.array(truth["frames"]["hip_flexion_sagittal_deg"])
    ascent = (time_s >= rep["bottom_s"]) & (time_s <= rep["fold_start_s"])
    time_s, hip = time_s[ascent], hip[ascent]
    return float(time_s[np.argmax(hip <= hip.min() + STILL_BENT * np.ptp(hip))])


def main_instants(lift: str) -> tuple[str, str]:
    """The low and the high instant by which reps are matched."""
    return {
        "deadlift": ("lift_off_s", "top_s"),
        "squat": ("bottom_s", "lockout_s"),
        "swing": ("bottom_s", "top_s"),
    }[lift]


def true_view(yaw_deg: float, facing: str) -> str:
    """The name FormCheck should give to a view."""
    if abs(yaw_deg) <= SIDE_MAX_DEG:
        return f"side-{facing}"
    if abs(yaw_deg) < FRONT_MIN_DEG:
        return "oblique"
    return "front" if yaw_deg > 0 else "rear"


def group_of(truth: Truth) -> str:
    """Which of `GROUPS` a clip belongs to."""
    yaw = abs(truth["view"]["yaw_deg"])
    if yaw <= SIDE_YAW_DEG:
        return PLATES if truth["clip"]["plates"] == "both" else AIM
    return FRONT if yaw >= FRONT_MIN_DEG else OBLIQUE


def body_kinds(truth: Truth) -> list[str]:
    """Words for a body; more than one may fit."""
    body = truth["body"]
    kinds = ["male" if body["male"] >= 0.5 else "female"]
    kinds += ["old"] if body["old"] >= 0.5 else []
    kinds += ["heavy"] if body["weight"] >= 0.7 else []
    kinds += ["light"] if body["weight"] <= 0.35 else []
    kinds += ["tall"] if body["height_m"] >= 1.88 else []
    kinds += ["short"] if body["height_m"] <= 1.6 else []
    return kinds


# --- one clip --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What one check said about one clip. ``flagged`` is True for its worst verdict: fault, or watch for mere hints."""

    check: Check
    true_value: float
    true_class: str
    value: float
    verdict: str
    flagged: bool
    reps_abstained: int
    reps: int


@dataclass(frozen=True)
class Row:
    """One clip beside its truth.

    ``angles`` holds arrays (N, 2) of found and true values over the frames of the true reps, NaN = not measured;
    ``back`` the same for back rounding with the true trunk lean and the skin's turning: (N, 4). ``rep_rounding``
    (R, 5) has found and true rounding held while it is judged, found and true maximum, and the turning of the contour
    against standing, held while the back is judged, of each matched rep. That last one knows nothing of FormCheck's
    idea of a neutral hinge, and so tells what the contour can do from what the neutral makes of it. ``rep_flexion``
    (R, 2) is found and true flexion of the spine since standing, held while the back is judged, which counts what
    the lifter gives up of the lordosis on both sides; ``rep_doubt`` (R,) is the standard error of the flexion found.
    """

    clip: SetClip
    truth: Truth
    report: Report
    angles: dict[str, Array]
    back: Array
    rep_rounding: Array
    rep_flexion: Array
    rep_doubt: Array
    outcomes: tuple[Outcome, ...]

    @property
    def lift(self) -> str:
        return str(self.truth["exercise"])

    @property
    def group(self) -> str:
        return group_of(self.truth)

    @property
    def exercise_right(self) -> bool:
        return self.report.exercise.name == PRODUCT_NAME[self.lift]

    @property
    def level_deg(self) -> float:
        """Rounding dialled, lumbar and thoracic together."""
        faults = self.truth["faults"]
        return float(faults.get("lumbar_rounding_deg", 0.0) + faults.get("thoracic_rounding_deg", 0.0))

    @property
    def bent(self) -> str:
        """Which part of the back is dialled to bend: none, lumbar, thoracic or mixed."""
        faults = self.truth["faults"]
        if self.level_deg == 0:
            return "none"
        if "thoracic_rounding_deg" not in faults:
            return "lumbar"
        return "mixed" if "lumbar_rounding_deg" in faults else "thoracic"

    @property
    def counts(self) -> Counts:
        """Reps found within `TOLERANCE_S`; those of another lift are not hits."""
        if not self.exercise_right:
            return Counts(0, len(self.report.reps), len(self.truth["reps"]))
        return count_reps(*_main_pairs(self.truth, self.report), TOLERANCE_S)

    def instant_errors(self) -> dict[str, list[float]]:
        """Found minus true, seconds, of all matched reps by instant."""
        if not self.exercise_right:
            return {}
        pairs = pair_up(*_main_pairs(self.truth, self.report))
        return {
            name: [getattr(self.report.reps[i], name) - true_s[k] for i, k in pairs]
            for name, true_s in true_instants(self.truth).items()
        }


def _main_pairs(truth: Truth, report: Report) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    low, high = main_instants(truth["exercise"])
    true_s = true_instants(truth)
    found = [(getattr(rep, low), getattr(rep, high)) for rep in report.reps]
    return found, list(zip(true_s[low], true_s[high], strict=True))


def row_of(clip: SetClip, truth: Truth, report: Report) -> Row:
    """Put what FormCheck said about a clip beside its truth."""
    columns = {name: np.array(values) for name, values in truth["frames"].items() if name in _COLUMNS}
    time_s = columns["time_s"]
    found = _on_frames(report, time_s)
    during = np.zeros(len(time_s), dtype=bool)
    for rep in truth["reps"]:
        during |= (time_s >= rep["start_s"]) & (time_s <= rep["end_s"])
    angles = {name: np.stack([found[ours], columns[theirs]], axis=1)[during] for name, (ours, theirs) in ANGLES.items()}
    back = np.stack(
        [found[ROUNDING], columns[ROUNDING], columns["trunk_lean_deg"], columns["dorsal_turning_deg"]], axis=1
    )[during]
    matched = pair_up(*_main_pairs(truth, report)) if report.exercise.name == PRODUCT_NAME[truth["exercise"]] else []
    upright = np.abs(columns["trunk_lean_deg"]) < STANDING_DEG
    turned = found[CONTOUR] - _median(found[CONTOUR][upright])
    rep_rounding = [
        _rep_rounding(report.reps[i], truth, truth["reps"][k], time_s, found[ROUNDING], columns[ROUNDING], turned)
        for i, k in matched
    ]
    held = [_held(report.reps[i], truth, truth["reps"][k], time_s, found) for i, k in matched]
    rep_flexion, rep_doubt = np.split(np.array(held, dtype=float).reshape(-1, 3), [2], axis=1)
    return Row(
        clip,
        truth,
        report,
        angles,
        back,
        np.array(rep_rounding, dtype=float).reshape(-1, 5),
        rep_flexion,
        rep_doubt[:, 0],
        tuple(outcome_of(check, truth, report) for check in checks_of(truth["exercise"])),
    )


_COLUMNS = {"time_s", "trunk_lean_deg", ROUNDING, "dorsal_turning_deg", *(theirs for _, theirs in ANGLES.values())}


def _on_frames(report: Report, time_s: Array) -> dict[str, Array]:
    """FormCheck's signals at the truth's frames, NaN where it has none."""
    names = {ROUNDING, CONTOUR, DOUBT, MASK, *(ours for ours, _ in ANGLES.values())}
    if report.signals is None:
        return {name: np.full(len(time_s), np.nan) for name in names}
    have_s = report.signals.time_s
    nearest = np.abs(have_s[None, :] - time_s[:, None]).argmin(axis=1)
    close = np.abs(have_s[nearest] - time_s) <= 0.01
    return {name: np.where(close, getattr(report.signals, name)[nearest], np.nan) for name in names}


def _rep_rounding(
    rep: RepReport, truth: Truth, true_rep: Truth, time_s: Array, found: Array, true: Array, turned: Array
) -> tuple[float, float, float, float, float]:
    during = (time_s >= true_rep["start_s"]) & (time_s <= true_rep["end_s"]) & np.isfinite(found)
    maxima = (float(found[during].max()), float(true[during].max())) if during.any() else (math.nan, math.nan)
    start_s, end_s = rounding_window(truth["exercise"], true_rep)
    held = _median(turned[(time_s >= start_s) & (time_s <= end_s)])
    return rep.measures.get(ROUNDING, math.nan), true_rounding_deg(truth, true_rep), *maxima, held


def _held(
    rep: RepReport, truth: Truth, true_rep: Truth, time_s: Array, found: dict[str, Array]
) -> tuple[float, float, float]:
    """Found and true flexion since standing, and the standard error of the first, while the back is judged."""
    start_s, end_s = rounding_window(truth["exercise"], true_rep)
    during = (time_s >= start_s - 0.02) & (time_s <= end_s + 0.02)
    true_deg = np.array(truth["frames"][SINCE_STANDING], dtype=float)
    with_mask = bool(np.isfinite(found[MASK][during]).any())
    error_deg = since_standing_error_deg(_median(found[DOUBT][during]), with_mask)
    return rep.measures.get(SINCE_STANDING, math.nan), _median(true_deg[during]), error_deg


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


def outcome_of(check: Check, truth: Truth, report: Report) -> Outcome:
    """A check's verdict on the set beside the rig's own measure, the median over reps."""
    known = [value for rep in truth["reps"] if not math.isnan(value := true_value(truth, rep, check.id))]
    value = median(known)
    right_lift = report.exercise.name == PRODUCT_NAME[truth["exercise"]]
    finding = next((f for f in report.findings if f.check == check.id and right_lift), None)
    per_rep = [f.verdict for rep in report.reps for f in rep.findings if f.check == check.id and right_lift]
    verdict = finding.verdict if finding else NOT_MEASURED
    return Outcome(
        check,
        value,
        true_class(value, check),
        finding.value if finding else math.nan,
        verdict,
        verdict == FAULT or (verdict == WATCH and check.worst == WATCH),
        sum(one == NOT_MEASURED for one in per_rep),
        len(per_rep),
    )


# --- scores ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ErrorStats:
    """Errors of ``n`` measured values out of ``wanted``; degrees. ``p95`` is of their sizes."""

    n: int
    wanted: int
    mae: float
    bias: float
    p95: float
    far_off: float

    @property
    def cells(self) -> list[str]:
        share = percent(self.n / self.wanted) if self.wanted else "-"
        return [
            str(self.wanted),
            share,
            *(number(v, 1) for v in (self.mae, self.bias, self.p95)),
            percent(self.far_off),
        ]


STATS_HEADER = ("frames", "measured", "MAE", "bias", "p95", f"> {FAR_OFF_DEG:.0f} deg off")


def error_stats(found_and_true: Array) -> ErrorStats:
    """Statistics of found minus true over an array (N, 2 or more), NaN = not measured."""
    errors = found_and_true[:, 0] - found_and_true[:, 1]
    errors = errors[np.isfinite(errors)]
    if len(errors) == 0:
        return ErrorStats(0, len(found_and_true), *[math.nan] * 4)
    sizes = np.abs(errors)
    return ErrorStats(
        len(errors),
        len(found_and_true),
        float(sizes.mean()),
        float(errors.mean()),
        float(np.percentile(sizes, 95)),
        float((sizes > FAR_OFF_DEG).mean()),
    )


def correlations(found_and_true: Array) -> tuple[float, float]:
    """Spearman and Pearson of the measured pairs; NaN below three or when either does not vary."""
    pairs = found_and_true[np.isfinite(found_and_true[:, :2]).all(axis=1), :2]
    if len(pairs) < 3 or len(np.unique(pairs[:, 0])) < 2 or len(np.unique(pairs[:, 1])) < 2:
        return math.nan, math.nan
    return float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic), float(np.asarray(np.corrcoef(pairs.T))[0, 1])


@dataclass(frozen=True)
class CheckScore:
    """Confusion of one check: (true class, verdict) -> clips, and how many of each class were flagged."""

    table: dict[tuple[str, str], int]
    flagged: dict[str, int]

    def total(self, true: str) -> int:
        return sum(count for (one, _), count in self.table.items() if one == true)

    @property
    def recall(self) -> float:
        return _share(self.flagged[PRESENT_CLASS], self.total(PRESENT_CLASS))

    @property
    def precision(self) -> float:
        return _share(self.flagged[PRESENT_CLASS], self.flagged[PRESENT_CLASS] + self.flagged[ABSENT_CLASS])


def check_score(outcomes: Iterable[Outcome]) -> CheckScore:
    """Add up the outcomes of one check, or of several."""
    table: dict[tuple[str, str], int] = {}
    flagged = dict.fromkeys((PRESENT_CLASS, BETWEEN_CLASS, ABSENT_CLASS), 0)
    for one in outcomes:
        if one.true_class:
            table[one.true_class, one.verdict] = table.get((one.true_class, one.verdict), 0) + 1
            flagged[one.true_class] += one.flagged
    return CheckScore(table, flagged)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _stack(arrays: Iterable[Array], columns: int) -> Array:
    return np.concatenate([np.zeros((0, columns)), *arrays])


def _angle(rows: Iterable[Row], name: str) -> Array:
    return _stack((row.angles[name] for row in rows), 2)


def _back(rows: Iterable[Row]) -> Array:
    return _stack((row.back for row in rows), 4)


def _reps(rows: Iterable[Row]) -> Array:
    return _stack((row.rep_rounding for row in rows), 5)


def _flexion(rows: Iterable[Row]) -> Array:
    return _stack((row.rep_flexion for row in rows), 2)


def _in(rows: Iterable[Row], group: str) -> list[Row]:
    return [row for row in rows if row.group == group]


# --- tables ----------------------------------------------------------------------------------------------------------


def aims_table(rows: Sequence[Row]) -> str:
    """The aims, what was measured, and whether they are met."""
    best = _in(rows, AIM)
    lines = []

    def aim(what: str, wanted: str, value: float, met: bool, shown: str) -> None:
        lines.append([what, wanted, shown, "-" if math.isnan(value) else "yes" if met else "no"])

    back, per_rep = error_stats(_back(best)), error_stats(_reps(best))
    aim("Back rounding, MAE over frames of reps", "<= 6 deg", back.mae, back.mae <= 6, number(back.mae, 1, " deg"))
    aim("Back rounding, MAE over reps", "<= 6 deg", per_rep.mae, per_rep.mae <= 6, number(per_rep.mae, 1, " deg"))
    bend = error_stats(_angle(best, FLEXION))
    aim("Spine flexion since standing, MAE", "<= 3.5 deg", bend.mae, bend.mae <= 3.5, number(bend.mae, 1, " deg"))
    aim("Spine flexion since standing, p95", "<= 9 deg", bend.p95, bend.p95 <= 9, number(bend.p95, 1, " deg"))
    rho, _ = correlations(_flexion(best))
    aim("Spine flexion since standing, Spearman over reps", ">= 0.85", rho, rho >= 0.85, number(rho, 2))
    slopes = [slope for _, slope in flexion_lines(best) if not math.isnan(slope)]
    straight = sum(SLOPES[0] <= slope <= SLOPES[1] for slope in slopes)
    what = f"Spine flexion since standing, bodies with slopes of {SLOPES[0]} to {SLOPES[1]}"
    shown = f"{straight} of {len(slopes)}"
    aim(what, "all", 0.0 if slopes else math.nan, straight == len(slopes), shown)
    for part in ("lumbar", "thoracic"):
        alone = [row for row in best if row.bent == part and row.level_deg == BENT_ALONE_DEG]
        off = error_stats(_flexion(alone)).bias
        what = f"Spine flexion since standing, {part} bends of {BENT_ALONE_DEG:.0f} deg, bias"
        aim(what, "within 12 deg", off, abs(off) <= 12, number(off, 1, " deg"))
    inside = interval_share(best)
    what = "Spine flexion since standing, share of reps in the 80 % interval"
    aim(what, "75 to 85 %", inside, 0.75 <= inside <= 0.85, percent(inside))
    for what, pairs in (("rounding held", _reps(best)), ("greatest rounding", _reps(best)[:, 2:4])):
        rho, _ = correlations(pairs)
        aim(f"Back rounding, Spearman over reps, {what}", ">= 0.95", rho, rho >= 0.95, number(rho, 2))
    for name in ("hip", "knee"):
        stats = error_stats(_angle(best, name))
        aim(f"{name.capitalize()} flexion, MAE", "<= 5 deg", stats.mae, stats.mae <= 5, number(stats.mae, 1, " deg"))
    f1 = sum((row.counts for row in best), Counts(0, 0, 0)).f1
    aim(f"Reps, F1 ({TOLERANCE_S} s)", "1.00", f1, f1 == 1, number(f1, 3))
    for what, names in (
        ("Bottoms and tops", ("bottom_s", "top_s")),
        ("Lift-offs and lockouts", ("lift_off_s", "lockout_s")),
    ):
        offs = [abs(one) for row in best for name in names for one in row.instant_errors().get(name, ())]
        close = _share(sum(off <= AIM_S for off in offs), len(offs))
        aim(f"{what} within {AIM_S} s", "100 %", close, close == 1, percent(close))
    score = check_score(one for row in best for one in row.outcomes)
    hit, there = score.flagged[PRESENT_CLASS], score.total(PRESENT_CLASS)
    aim(
        f"Faults at {DIALLED} x their limit flagged", ">= 95 %", score.recall, score.recall >= 0.95, f"{hit} of {there}"
    )
    wrong, absent = score.flagged[ABSENT_CLASS], score.total(ABSENT_CLASS)
    aim("Checks flagged without their fault", "0", 0.0 if absent else math.nan, wrong == 0, f"{wrong} of {absent}")
    plates = _in(rows, PLATES)
    mistaken, judged = confidently_wrong(one for row in plates for one in row.outcomes)
    shown = f"{mistaken} of {judged}"
    aim("Both plates: verdicts wrong where given", "0", 0.0 if plates else math.nan, mistaken == 0, shown)
    far = [error_stats(_angle(plates, name)).far_off for name in ("hip", "knee")]
    far.append(error_stats(_back(plates)).far_off)
    shown = ", ".join(percent(value) for value in far)
    what = f"Both plates: hip, knee, back > {FAR_OFF_DEG:.0f} deg off where measured"
    aim(what, "0 %", max(far), max(far) == 0, shown)
    return markdown_table(("aim", "wanted", "measured", "met"), lines, left=1)


SLOPES = (0.85, 1.15)
"""What slopes of found over true flexion should be."""


def flexion_lines(rows: Sequence[Row]) -> list[tuple[list[Row], float]]:
    """Clips of each body, and its slope of found over true flexion since standing over its reps.

    NaN where fewer than three were measured or they differ by less than `LEVELS_APART_DEG`.
    """
    lines = []
    for body in dict.fromkeys(row.clip.spec.body for row in rows):
        some = [row for row in rows if row.clip.spec.body == body]
        pairs = _flexion(some)
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        apart = len(pairs) >= 3 and np.ptp(pairs[:, 1]) >= LEVELS_APART_DEG
        lines.append((some, float(np.polyfit(pairs[:, 1], pairs[:, 0], 1)[0]) if apart else math.nan))
    return lines


def interval_share(rows: Iterable[Row]) -> float:
    """Share of the measured reps whose true flexion since standing is in the 80 % interval around what was found."""
    listed = list(rows)
    pairs, doubt = _flexion(listed), _stack((row.rep_doubt[:, None] for row in listed), 1)[:, 0]
    sizes = np.abs(pairs[:, 0] - pairs[:, 1]) / doubt
    sizes = sizes[np.isfinite(sizes)]
    return float((sizes <= INTERVAL_Z).mean()) if len(sizes) else math.nan


def confidently_wrong(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Flagged without the fault or passed as ok with it, of all verdicts given."""
    given = [one for one in outcomes if one.verdict != NOT_MEASURED and one.true_class]
    wrong = sum(
        (one.true_class == ABSENT_CLASS and one.flagged) or (one.true_class == PRESENT_CLASS and one.verdict == OK)
        for one in given
    )
    return wrong, len(given)


def angles_table(rows: Sequence[Row]) -> str:
    """Errors of joint angles by view, and within the good view by lift."""
    lines = [
        [group, "all", name, *error_stats(_angle(_in(rows, group), name)).cells] for group in GROUPS for name in ANGLES
    ]
    for lift in PRODUCT_NAME:
        for name in ("hip", "knee", "elbow", "trunk lean"):
            some = [row for row in _in(rows, AIM) if row.lift == lift]
            lines.append([AIM, lift, name, *error_stats(_angle(some, name)).cells])
    return markdown_table(("view", "lift", "angle", *STATS_HEADER), lines, left=3)


def bias_table(rows: Sequence[Row]) -> str:
    """Bias of hip and knee by true flexion: what a correction would have to take away."""
    edges = (0, 15, 30, 50, 70, 90, 110, 180)
    lines = []
    for lift in PRODUCT_NAME:
        some = [row for row in _in(rows, AIM) if row.lift == lift]
        for name in ("hip", "knee"):
            pairs = _angle(some, name)
            cells = []
            for low, high in itertools.pairwise(edges):
                stats = error_stats(pairs[(pairs[:, 1] >= low) & (pairs[:, 1] < high)])
                cells.append(number(stats.bias, 0) if stats.n >= 10 else "-")
            lines.append([lift, name, *cells])
    header = ("lift", "bias of", *(f"{a}-{b}" for a, b in itertools.pairwise(edges)))
    return markdown_table(header, lines, left=2)


def rounding_table(rows: Sequence[Row]) -> str:
    """Errors of back rounding over frames and over reps."""
    best = _in(rows, AIM)
    bent = _back(best)
    bent = bent[bent[:, 2] >= BENT_DEG]
    lines = [
        ("frames of reps", _back(best)),
        (f"frames with trunk lean >= {BENT_DEG:.0f} deg", bent),
        ("the same against the turning of the skin", bent[:, [0, 3]]),
        ("reps, held while judged", _reps(best)),
        ("reps, greatest", _reps(best)[:, 2:4]),
        ("reps, the contour's turning against standing", _reps(best)[:, [4, 1]]),
        ("reps, flexion since standing on both sides", _flexion(best)),
    ]
    lines += [
        (f"reps, flexion since standing, {lift}", _flexion(row for row in best if row.lift == lift))
        for lift in PRODUCT_NAME
    ]
    lines += [(f"reps, held, {lift}", _reps(row for row in best if row.lift == lift)) for lift in PRODUCT_NAME]
    lines += [(f"reps, held, {group}", _reps(_in(rows, group))) for group in GROUPS[1:]]
    cells = []
    for what, pairs in lines:
        rho, pearson = correlations(pairs)
        cells.append([what, *error_stats(pairs).cells, number(rho, 2), number(pearson, 2)])
    return markdown_table(("over", "values", *STATS_HEADER[1:], "Spearman", "Pearson"), cells)


def level_table(rows: Sequence[Row]) -> str:
    """Rounding held, by what was dialled."""
    lines = []
    best = _in(rows, AIM)
    for level in sorted({row.level_deg for row in best}):
        for name in ("none", "mixed", "lumbar", "thoracic"):
            some = [row for row in best if row.level_deg == level and row.bent == name]
            if not some:
                continue
            pairs = _reps(some)
            found = pairs[np.isfinite(pairs[:, 0]), 0]
            stats = error_stats(pairs)
            lines.append(
                [
                    f"{level:.0f} deg {name}",
                    str(len(some)),
                    str(stats.wanted),
                    percent(_share(stats.n, stats.wanted)),
                    number(float(np.mean(pairs[:, 1])) if len(pairs) else math.nan, 1),
                    *(number(float(f(found)) if len(found) else math.nan, 1) for f in (np.mean, np.min, np.max)),
                    number(stats.mae, 1),
                ]
            )
    header = ("dialled", "clips", "reps", "measured", "true", "found, mean", "lowest", "highest", "MAE")
    return markdown_table(header, lines)


def neutral_table(rows: Sequence[Row]) -> str:
    """Level and slope of rounding against the truth for every body that shows several levels."""
    lines = []
    for some, flexion_slope in flexion_lines(_in(rows, AIM)):
        pairs = _reps(some)
        if np.ptp(pairs[:, 1]) < LEVELS_APART_DEG if len(pairs) else True:
            continue
        cells = []
        for column in (0, 4):
            known = np.isfinite(pairs[:, column])
            apart = known.sum() >= 3 and np.ptp(pairs[known, 1]) >= LEVELS_APART_DEG
            slope, level = np.polyfit(pairs[known, 1], pairs[known, column], 1) if apart else (math.nan, math.nan)
            cells += [number(float(level), 0), number(float(slope), 2)]
        cells.append(number(flexion_slope, 2))
        lines.append([some[0].lift, " ".join(body_kinds(some[0].truth)), str(len(some)), *cells])
    header = ("lift", "body", "clips", "rounding at 0", "slope", "contour at 0", "slope", "flexion, slope")
    return markdown_table(header, lines, left=2)


def reps_table(rows: Sequence[Row]) -> str:
    """Counts and F1 of repetitions by lift, and of all in the good view."""
    lines = []
    for what, some in [
        *((lift, [row for row in rows if row.lift == lift]) for lift in PRODUCT_NAME),
        *((group, _in(rows, group)) for group in GROUPS),
    ]:
        total = sum((row.counts for row in some), Counts(0, 0, 0))
        exact = sum(row.exercise_right and len(row.report.reps) == len(row.truth["reps"]) for row in some)
        lines.append([what, str(len(some)), f"{exact} of {len(some)}", str(total.labelled), number(total.f1, 3)])
    return markdown_table(("clips", "clips", "exact count", "reps", "F1"), lines)


def instants_table(rows: Sequence[Row]) -> str:
    """Errors of instants by lift, in the good view."""
    lines = []
    for lift in PRODUCT_NAME:
        gathered: dict[str, list[float]] = {}
        for row in _in(rows, AIM):
            if row.lift == lift:
                for name, errors in row.instant_errors().items():
                    gathered.setdefault(name, []).extend(errors)
        for name, errors in gathered.items():
            sizes = [abs(error) for error in errors]
            lines.append(
                [
                    lift,
                    name.removesuffix("_s").replace("_", "-"),
                    str(len(errors)),
                    number(median(errors), 3),
                    number(median(sizes), 3),
                    number(percentile(sizes, 0.95), 3),
                    percent(_share(sum(size <= AIM_S for size in sizes), len(sizes))),
                ]
            )
    header = ("lift", "instant", "reps", "median of found - true, s", "median size, s", "p95, s", f"within {AIM_S} s")
    return markdown_table(header, lines, left=2)


def _confusion(rows: Sequence[Row], true: Callable[[Row], str], found: Callable[[Row], str], corner: str) -> str:
    names = sorted({found(row) for row in rows})
    lines = [
        [one, *(str(sum(true(row) == one and found(row) == name for row in rows)) for name in names)]
        for one in sorted({true(row) for row in rows})
    ]
    return markdown_table((corner, *names), lines)


def recognition_table(rows: Sequence[Row]) -> str:
    """Lift rendered against lift recognised."""
    return _confusion(
        rows, lambda row: PRODUCT_NAME[row.lift], lambda row: row.report.exercise.name, "rendered \\ found"
    )


def view_table(rows: Sequence[Row]) -> str:
    """View rendered against view named."""

    def true(row: Row) -> str:
        view = row.truth["view"]
        return true_view(view["yaw_deg"], view["facing"])

    return _confusion(rows, true, lambda row: row.report.view.name, "rendered \\ found")


def yaw_table(rows: Sequence[Row]) -> str:
    """Error of the camera's yaw by view."""
    lines = []
    for group in GROUPS:
        pairs = [(row.report.view.yaw_deg, row.truth["view"]["yaw_deg"]) for row in _in(rows, group)]
        lines.append([group, *error_stats(np.array(pairs, dtype=float).reshape(-1, 2)).cells])
    return markdown_table(("view", "clips", *STATS_HEADER[1:]), lines)


def checks_table(rows: Sequence[Row], groups: Sequence[str]) -> str:
    """Each check's confusion table in one line."""
    some = [row for row in rows if row.group in groups]
    lines = []
    for lift in PRODUCT_NAME:
        for check in checks_of(lift):
            score = check_score(
                one for row in some if row.lift == lift for one in row.outcomes if one.check.id == check.id
            )
            cells = [
                " / ".join(str(score.table.get((true, verdict), 0)) for verdict in (FAULT, WATCH, OK, NOT_MEASURED))
                for true in (PRESENT_CLASS, BETWEEN_CLASS, ABSENT_CLASS)
            ]
            name = check.id + (" *" if check.worst == WATCH else "")
            lines.append([lift, name, *cells, percent(score.precision), percent(score.recall)])
    header = ("lift", "check", "present", "between", "absent", "precision", "recall")
    return markdown_table(header, lines, left=2)


def abstention_table(rows: Sequence[Row]) -> str:
    """How often nothing is said about a rep, by view: about the back, and over all checks."""
    lines = []
    for group in GROUPS:
        found = [one for row in _in(rows, group) for one in row.outcomes]
        back = [one for one in found if one.check.id == "back-rounding"]
        others = [one for one in found if one.check.id != "back-rounding"]
        lines.append(
            [
                group,
                *(
                    f"{percent(_share(sum(o.reps_abstained for o in part), sum(o.reps for o in part)))}"
                    for part in (back, others)
                ),
            ]
        )
    return markdown_table(("view", "back rounding not measured", "other checks not measured"), lines)


def bodies_table(rows: Sequence[Row]) -> str:
    """The main errors by kind of body, facing and load, in the good view."""
    best = _in(rows, AIM)

    def kinds(row: Row) -> list[str]:
        clip = row.truth["clip"]
        load = clip["load"] if clip["plates"] == "none" else f"{clip['load']}, far plate"
        return [*body_kinds(row.truth), f"facing {row.truth['view']['facing']}", load]

    lines = []
    for kind in sorted({kind for row in best for kind in kinds(row)}):
        some = [row for row in best if kind in kinds(row)]
        stats = [error_stats(pairs) for pairs in (_angle(some, "hip"), _angle(some, "knee"), _reps(some))]
        cells = [cell for one in stats for cell in (number(one.mae, 1), number(one.bias, 1))]
        bodies = len({row.clip.spec.body for row in some})
        lines.append([kind, str(len(some)), str(bodies), *cells])
    header = ("body, load", "clips", "bodies", "hip MAE", "bias", "knee MAE", "bias", "rounding MAE", "bias")
    return markdown_table(header, lines)


def clip_table(rows: Iterable[Row]) -> str:
    """One line a clip."""
    lines = []
    for row in rows:
        held = row.rep_rounding
        wrong = [
            f"{one.check.id} {number(one.value, 2)} for {number(one.true_value, 2)}: {one.verdict}"
            for one in row.outcomes
            if (one.true_class == ABSENT_CLASS and one.flagged) or (one.true_class == PRESENT_CLASS and not one.flagged)
        ]
        lines.append(
            [
                row.clip.name,
                row.report.view.name,
                "; ".join(wrong) or "-",
                row.report.exercise.name + ("" if row.exercise_right else " (!)"),
                f"{len(row.report.reps)} / {len(row.truth['reps'])}",
                number(error_stats(row.angles["hip"]).mae, 1),
                number(error_stats(row.angles["knee"]).mae, 1),
                number(float(np.median(held[:, 1])) if len(held) else math.nan, 0),
                number(float(np.nanmedian(held[:, 0])) if np.isfinite(held[:, 0]).any() else math.nan, 0),
            ]
        )
    header = ("clip", "view", "wrong verdicts", "lift", "reps", "hip MAE", "knee MAE", "true rounding", "found")
    return markdown_table(header, lines, left=3)


def document(rows: Sequence[Row], split: str, full: bool, model: str) -> str:
    """The whole result as Markdown, without dates so that it changes only when results do."""
    command = "make bench-accuracy" + (f" SPLIT={split}" if split != "test" else "") + (" FULL=1" if full else "")
    bodies = len({row.clip.spec.body for row in rows})
    tuned = (
        "Nothing may be tuned on these clips."
        if split == "test"
        else "**These clips may be used for tuning: see the split `test` for what to expect of others.**"
    )
    best = len(_in(rows, AIM))
    whole = len(clip_set(split, full))
    shown = f"{len(rows)} clips" if len(rows) == whole else f"only {len(rows)} of its {whole} clips,"
    parts = [
        "# Rendered lifters\n",
        f"Made by `{command}`.\n",
        f"Split **{split}**{' (full set)' if full else ''}: {shown} of {bodies} rendered bodies. {tuned}\n"
        f'Pose model {model}, exercise `auto`. "{AIM}" means a yaw within {SIDE_YAW_DEG:.0f} deg and no plates on the\n'
        f"near end ({best} clips). Angles in degrees; errors are found minus true.\n",
        "## Aims\n",
        f"All but the last two rows: {AIM}.\n",
        aims_table(rows) + "\n",
        "## Joint angles\n",
        "Over the frames of the true repetitions. The hip is compared in the lifter's sagittal plane, and once with\n"
        "the angle in space.\n",
        angles_table(rows) + "\n",
        f"Bias by true flexion, {AIM}:\n",
        bias_table(rows) + "\n",
        "## Back rounding\n",
        f"{AIM}, where nothing else is said.\n",
        rounding_table(rows) + "\n",
        level_table(rows) + "\n",
        "Straight lines of found over true rounding for every body, and of the contour's turning against standing,\n"
        "which knows nothing of a neutral hinge; last the slope of found over true flexion since standing:\n",
        neutral_table(rows) + "\n",
        "## Repetitions\n",
        f"A hit has the right lift and both instants (deadlift: lift-off, top; squat: bottom, lockout; swing: bottom,\n"
        f"top) within {TOLERANCE_S} s.\n",
        reps_table(rows) + "\n",
        instants_table(rows) + "\n",
        "## Recognition\n",
        recognition_table(rows) + "\n",
        "## Checks\n",
        f"Clips by verdict on the set: fault / watch / ok / not measured. A fault is present when the rig shows at\n"
        f"least {PRESENT} times the fault limit (most are dialled to {DIALLED}), absent when it stays within the\n"
        "watch limit. "
        "Precision and recall leave out what is between. A check with * may say no\n"
        f'more than "watch", which then counts as flagged. {AIM.capitalize()}:\n',
        checks_table(rows, (AIM,)) + "\n",
        "All other views, and plates on both ends:\n",
        checks_table(rows, GROUPS[1:]) + "\n",
        "Repetitions about which nothing was said:\n",
        abstention_table(rows) + "\n",
        "## View\n",
        view_table(rows) + "\n",
        yaw_table(rows) + "\n",
        "## Bodies and loads\n",
        f"{AIM.capitalize()}. Rounding over repetitions, held while judged.\n",
        bodies_table(rows) + "\n",
        "## Clip by clip\n",
        "Wrong verdicts: found for true. Reps: found / true.\n",
        clip_table(rows) + "\n",
    ]
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        model = find_model(options.model)
        with quiet_native_logs():
            made = make_set(options.split, options.full, model, options.only, options.cached)
            rows = [row_of(clip, truth, analyze(poses)) for clip, truth, poses in made]
    except (FormCheckError, AssetError) as error:
        print(error, file=sys.stderr)
        return 2
    if not rows:
        print("There is no such clip; nothing was measured.", file=sys.stderr)
        return 2
    text = document(rows, options.split, options.full, model.name)
    print(text)
    if not (options.only or options.cached or options.no_write):
        path = RESULTS / ("accuracy.md" if options.split == "test" else f"accuracy-{options.split}.md")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"Written to {RESULTS.name}/{path.name}.", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_accuracy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--split", choices=SPLITS, default="test", help="bodies and seeds to measure on")
    parser.add_argument("--full", action="store_true", help="four times as many clips, and larger pictures")
    parser.add_argument("--only", default="", metavar="PART", help="only clips whose name contains this; not written")
    parser.add_argument("--cached", action="store_true", help="only what the cache holds, as it is; not written")
    parser.add_argument("--model", default="full", help="pose model")
    parser.add_argument("--no-write", action="store_true", help="leave the results as they are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
