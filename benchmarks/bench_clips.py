"""Real clips with labels: is the right lift named, are the repetitions and the faults those that people saw?

    python -m benchmarks.bench_clips [CLIPS] [--tracks TRACKS] [--only PART] [--model full] [--no-write]

Clips and labels are read from ../shared/clips (or CLIPS, or $FORMCHECK_CLIPS); they are not part of the project. The
table goes to the terminal and to benchmarks/results/clips.md. Poses are kept in benchmarks/cache/.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.against_eye import (
    NOT_LOOKED_AT,
    Judged,
    abstentions_list,
    abstentions_table,
    disagreement_list,
    disagreements,
    fault_totals,
    faults_table,
    good_from_bad,
    judged,
    list_item,
    paragraph,
)
from benchmarks.labelled import CLIPS_VARIABLE, TRACKS, LabelledClip, folder_of, read_clips, read_track
from benchmarks.pose_cache import cached_poses
from benchmarks.reviewed import COUNTS, LABELLED_GOOD, REPS, RESTING, SEEN_FAULTS, Cause
from benchmarks.scores import (
    Counts,
    Instants,
    count_reps,
    instant_errors,
    is_within,
    markdown_table,
    mean_over_groups,
    median,
    number,
    pair_up,
    percent,
    percentile,
    separation,
    source_of,
)
from formcheck.core.errors import FormCheckError
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.exercises.framework.recognition_trees import Trees, load_trees, other_trees
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report, RepReport
from formcheck.motion.reps import REST_BAND
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs

RESULTS = Path(__file__).resolve().parent / "results" / "clips.md"

GROUP_TREES = Path(__file__).resolve().parent / "cache" / "recognition_groups"
"""Trees that have not learnt from some sources, as `benchmarks.bench_recognition` leaves them."""

TOLERANCE_S = 0.3
"""Labels are good to 0.2 s; a repetition counts as found within a little more than that."""

LIFTS = ("deadlift", "kettlebell-swing", "squat")
ALL_LIFTS = "all lifts"
FOUND_AS = (*LIFTS, "none")


@dataclass(frozen=True)
class Row:
    """What FormCheck said about one clip, beside its labels."""

    clip: LabelledClip
    seen_share: float
    report: Report
    named: Report | None = None
    """With the lift named as labelled; None for other movements."""

    @property
    def found(self) -> list[tuple[float, float]]:
        return [(rep.bottom_s, rep.top_s) for rep in self.report.reps]

    @property
    def exercise_right(self) -> bool:
        return self.report.exercise.name == self.clip.exercise

    @property
    def counts(self) -> Counts:
        """A repetition of another lift than the labelled one is not a hit."""
        if not self.exercise_right:
            return Counts(0, len(self.found), len(self.clip.reps))
        return count_reps(self.found, self.clip.reps, TOLERANCE_S)

    @property
    def rounding_deg(self) -> float:
        """Median over the repetitions that could be measured; NaN when none could."""
        values = [rep.measures.get("back_rounding_deg", math.nan) for rep in self.report.reps]
        return median(value for value in values if not math.isnan(value))


def row_of(clip: LabelledClip, poses: PoseSequence, groups: Sequence[Group] = ()) -> Row:
    """What is said of a clip with trees that have not learnt from its source, where ``groups`` has such."""
    unseen = next((group.trees for group in groups if source_of(clip.name) in group.sources), None)
    with other_trees(unseen) if unseen else contextlib.nullcontext():
        named = analyze(poses, clip.exercise) if clip.role == "lift" else None
        return Row(clip, float(poses.seen.mean()), analyze(poses), named)


# --- by source -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Sources that were left out when these trees were trained, see `benchmarks.bench_recognition`."""

    sources: frozenset[str]
    trees: Trees


def read_groups(folder: Path = GROUP_TREES) -> list[Group]:
    """What `benchmarks.bench_recognition` has left in the cache; empty where it has not run."""
    return [
        Group(frozenset(path.with_suffix(".txt").read_text(encoding="utf-8").split("\n")), load_trees(path))
        for path in sorted(folder.glob("*.npz"))
    ]


def counted_exactly(clip: LabelledClip, report: Report) -> bool:
    """The right lift and as many repetitions as labelled; partial ones may be left out of the label or be in it."""
    whole = sum(not rep.partial for rep in report.reps)
    return report.exercise.name == clip.exercise and len(clip.reps) in (whole, len(report.reps))


def falsely_faulted(row: Row) -> bool:
    """A fault in a set whose maker calls it good."""
    return row.clip.name in LABELLED_GOOD and any(finding.verdict == FAULT for finding in row.report.findings)


def sources_table(rows: Sequence[Row]) -> str:
    """What the product is measured by, over sources: one counts as right when all of its clips are."""
    lifts = [row for row in rows if row.clip.role == "lift"]
    lines = [
        ("exact count under `auto`", lifts, lambda row: counted_exactly(row.clip, row.report), 0.95),
        ("exact count, lift named", lifts, lambda row: counted_exactly(row.clip, row.named or row.report), 0.98),
        (
            "other movements: nothing counted",
            [row for row in rows if row.clip.role != "lift"],
            lambda row: not row.report.reps,
            0.95,
        ),
        (
            "labelled good: no fault",
            [row for row in lifts if row.clip.name in LABELLED_GOOD],
            lambda row: not falsely_faulted(row),
            1.0,
        ),
        ("view as labelled", [row for row in lifts if views_of(row.clip.view)], view_right, None),
        ("slow motion noticed", [row for row in rows if row.clip.slow_motion], told_slow_or_fast, None),
        (
            "own speed: neither called slow nor fast",
            [row for row in rows if not row.clip.slow_motion],
            lambda row: not told_slow_or_fast(row),
            None,
        ),
    ]
    return markdown_table(
        ("measure", "clips", "sources", "aim"),
        [[title, *_by_source(of, right), "" if aim is None else percent(aim)] for title, of, right, aim in lines],
    )


def views_of(label: str) -> frozenset[str]:
    """The kinds of view that a label names: side, oblique, front, rear; it may leave two open. Empty where none."""
    words = label.split("(")[0].split(":")[0].lower()
    if "oblique" in words:
        return frozenset({"oblique", "side"} if "side/" in words else {"oblique"})
    return frozenset(kind for kind in ("side", "front", "rear") if kind in words)


def view_right(row: Row) -> bool:
    """Whether the view of the set, with the lift named, is of the labelled kind."""
    name = (row.named or row.report).view.name
    return name.split("-")[0] in views_of(row.clip.view)


def view_disagreements(rows: Sequence[Row]) -> str:
    """Every lift whose view is told otherwise than labelled."""
    wrong = [row for row in rows if row.clip.role == "lift" and views_of(row.clip.view) and not view_right(row)]
    views = [(row, (row.named or row.report).view) for row in wrong]
    return "\n".join(
        list_item(f"`{row.clip.name}`: {view.name}, {number(view.yaw_deg)} deg; labelled {row.clip.view}.")
        for row, view in views
    )


def playback_disagreements(rows: Sequence[Row]) -> str:
    """Every clip whose speed is told otherwise than labelled."""
    missed = [row.clip.name for row in rows if row.clip.slow_motion and not told_slow_or_fast(row)]
    called = [row.clip.name for row in rows if not row.clip.slow_motion and told_slow_or_fast(row)]
    lines = (("Slow motion by label, not noticed", missed), ("Own speed by label, called slow or fast", called))
    return "\n".join(
        list_item(f"{what}: {', '.join(f'`{name}`' for name in names)}.") for what, names in lines if names
    )


def told_slow_or_fast(row: Row) -> bool:
    """Whether a note says that the film seems to be slowed down or sped up."""
    return any("slow motion" in note for note in row.report.tracking.notes)


def _by_source(rows: Sequence[Row], right: Callable[[Row], bool]) -> list[str]:
    found = [(source_of(row.clip.name), right(row)) for row in rows]
    sources = sorted({source for source, _ in found})
    whole = sum(all(ok for of, ok in found if of == source) for source in sources)
    return [
        f"{sum(ok for _, ok in found)} of {len(found)}",
        f"{whole} of {len(sources)} ({percent(whole / len(sources) if sources else math.nan)})",
    ]


def count_disagreements(rows: Sequence[Row]) -> str:
    """Every clip whose repetitions are not those labelled, and why."""
    items = []
    for row in rows:
        if row.clip.role != "lift":
            if row.report.reps:
                items.append(_count_item(row, f"{row.clip.kind}: {_counted(row.report)} under `auto`, none labelled"))
            continue
        modes = (("`auto`", row.report), ("named", row.named or row.report))
        wrong = [f"{_counted(report)} {mode}" for mode, report in modes if not counted_exactly(row.clip, report)]
        if wrong:
            items.append(_count_item(row, f"{', '.join(wrong)}; labelled {len(row.clip.reps)} {row.clip.exercise}"))
    return "\n".join(items) or "None."


def _counted(report: Report) -> str:
    partial = sum(rep.partial for rep in report.reps)
    return f"{len(report.reps)} {report.exercise.name}" + (f" ({partial} partial)" if partial else "")


def _count_item(row: Row, what: str) -> str:
    cause = COUNTS.get(row.clip.name, NOT_LOOKED_AT)
    return list_item(f"`{row.clip.name}`: {what}. **{cause.kind}**: {cause.frames}")


def clip_table(rows: Iterable[Row]) -> str:
    """One line a clip."""
    header = (
        "clip",
        "lift labelled",
        "lift found",
        "seen",
        "reps labelled",
        "reps found",
        "F1",
        "bottoms off",
        "tops off",
        "view",
        "verdict",
        "spine by eye",
        "back rounding",
    )
    return markdown_table(header, [_cells(row) for row in rows], left=3)


def _cells(row: Row) -> list[str]:
    bottoms, tops = instant_errors(row.found, row.clip.reps)
    right = "" if row.exercise_right else " (!)"
    return [
        row.clip.name,
        row.clip.exercise,
        row.report.exercise.name + right,
        percent(row.seen_share),
        str(len(row.clip.reps)),
        str(len(row.found)),
        number(row.counts.f1, 2),
        number(median(abs(error) for error in bottoms), 2, " s"),
        number(median(abs(error) for error in tops), 2, " s"),
        row.report.view.name,
        row.report.verdict,
        row.clip.spine or "-",
        number(row.rounding_deg, 0, " deg"),
    ]


def totals_table(rows: Sequence[Row]) -> str:
    """The same numbers over all clips, once with every clip counting once, once with every lifter."""
    lifts = [row for row in rows if row.clip.role == "lift"]
    others = [row for row in rows if row.clip.role != "lift"]
    reps = sum((row.counts for row in lifts), Counts(0, 0, 0))
    lines = [
        _line("Lifts: frames in which the lifter was found", lifts, lambda row: row.seen_share),
        _line("Lifts: the right lift named", lifts, lambda row: row.exercise_right),
        _line(
            "Lifts: the right lift and the exact number of reps",
            lifts,
            lambda row: row.exercise_right and len(row.found) == len(row.clip.reps),
        ),
        _line(f"Lifts: rep F1, bottom and top within {TOLERANCE_S} s", lifts, lambda row: row.counts.f1),
        [f"Lifts: the same over all {reps.labelled} reps together", str(len(lifts)), percent(reps.f1), "", ""],
        _line("Other movements: nothing counted", others, lambda row: not row.found),
    ]
    return markdown_table(("measure", "clips", "mean over clips", "lifters", "mean over lifters"), lines)


def _line(title: str, rows: Sequence[Row], value: object) -> list[str]:
    values = [float(value(row)) for row in rows]  # type: ignore[operator]
    known = [one for one in values if not math.isnan(one)]
    over_clips = sum(known) / len(known) if known else math.nan
    over_lifters = mean_over_groups((row.clip.lifter, one) for row, one in zip(rows, values, strict=True))
    lifters = {row.clip.lifter for row in rows}
    return [title, str(len(rows)), percent(over_clips), str(len(lifters)), percent(over_lifters)]


def confusion_table(rows: Sequence[Row]) -> str:
    """Labelled lift, or kind of other movement, against the lift found under ``auto``; clips."""
    kinds = [(f"{name} (lift)", [row for row in rows if row.clip.exercise == name]) for name in LIFTS]
    for role, title in (("hard-negative", "other, looks like a lift"), ("negative", "other")):
        kinds.append((title, [row for row in rows if row.clip.role == role]))
    lines = [
        [title, str(len(clips)), *(str(sum(row.report.exercise.name == name for row in clips)) for name in FOUND_AS)]
        for title, clips in kinds
    ]
    return markdown_table(("labelled", "clips", *(f"found: {name}" for name in FOUND_AS)), lines)


def negatives_table(rows: Sequence[Row]) -> str:
    """What is said about other movements, which should be nothing."""
    lines = []
    for role, title in (("hard-negative", "other, looks like a lift"), ("negative", "other")):
        clips = [row for row in rows if row.clip.role == role]
        rejected = sum(row.report.exercise.name == "none" for row in clips)
        flags = sum(finding.verdict in (WATCH, FAULT) for row in clips for finding in row.report.findings)
        share = _share([row.report.exercise.name == "none" for row in clips])
        reps = sum(len(row.found) for row in clips)
        lines.append([title, f"{rejected} of {len(clips)} ({share})", str(reps), str(flags)])
    return markdown_table(("movement", "rejected under auto", "reps counted", "watch and fault"), lines)


def instants_table(rows: Sequence[Row]) -> str:
    """How far found bottoms and tops are from the labels, which are themselves good to 0.2 s."""
    lines = []
    for name in (*LIFTS, ALL_LIFTS):
        errors = [instant_errors(row.found, row.clip.reps) for row in rows if name in (row.clip.exercise, ALL_LIFTS)]
        for what, column in (("bottoms", 0), ("tops", 1)):
            lines.append([name, what, *_error_cells([error for pair in errors for error in pair[column]])])
    return markdown_table(("lift", "instant", *ERROR_COLUMNS), lines, left=2)


ERROR_COLUMNS = (
    "pairs",
    "median of found - labelled, s",
    "median size, s",
    "90th percentile, s",
    f"within {TOLERANCE_S} s",
)


def _error_cells(errors: Sequence[float]) -> list[str]:
    sizes = [abs(error) for error in errors]
    return [
        str(len(errors)),
        number(median(errors), 2),
        number(median(sizes), 2),
        number(percentile(sizes, 0.9), 2),
        _share([_near(error, 0.0) for error in errors]),
    ]


def _near(found_s: float, labelled_s: float) -> bool:
    return is_within(found_s, labelled_s, TOLERANCE_S)


def _share(hits: Sequence[bool]) -> str:
    return percent(sum(hits) / len(hits) if hits else math.nan)


# --- which instant people mark -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PairedRep:
    """A labelled repetition and the found one that is the same.

    ``rests`` are the spans (from, to) in seconds around bottom and top in which the shoulders stay within `REST_BAND`
    of the repetition's travel.
    """

    row: Row
    label_number: int
    labelled: Instants
    rep: RepReport
    rests: tuple[Instants, Instants]

    @property
    def found(self) -> Instants:
        return self.rep.bottom_s, self.rep.top_s

    @property
    def is_hit(self) -> bool:
        return self.is_near(BOTTOM) and self.is_near(TOP)

    def is_near(self, which: int) -> bool:
        return _near(self.found[which], self.labelled[which])

    def label_rests(self, which: int) -> bool:
        return self.rests[which][0] <= self.labelled[which] <= self.rests[which][1]


def paired_reps(rows: Iterable[Row]) -> list[PairedRep]:
    """All labelled repetitions that were found, with the rests that bottom and top are in."""
    pairs = []
    for row in rows:
        signals = row.report.signals
        if signals is None or not row.exercise_right:
            continue
        height = signals.shoulder_height
        for found, labelled in pair_up(row.found, row.clip.reps):
            rep = row.report.reps[found]
            of_rep = height[(signals.time_s >= rep.bottom_s) & (signals.time_s <= rep.top_s)]
            low, high = np.nanmin(of_rep), np.nanmax(of_rep)
            band = REST_BAND * (high - low)
            bottom_rest = rest_around(signals.time_s, height <= low + band, rep.bottom_s)
            top_rest = rest_around(signals.time_s, height >= high - band, rep.top_s)
            pairs.append(PairedRep(row, labelled + 1, row.clip.reps[labelled], rep, (bottom_rest, top_rest)))
    return pairs


def rest_around(time_s: FloatArray, resting: NDArray[np.bool_], at_s: float) -> Instants:
    """First and last time of the unbroken run of ``resting`` (T,) samples around ``at_s``; only that, outside one."""
    here = min(int(np.searchsorted(time_s, at_s)), len(time_s) - 1)
    if not resting[here]:
        return at_s, at_s
    moving = np.flatnonzero(~resting)
    before, after = moving[moving < here], moving[moving > here]
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(after[0]) - 1 if len(after) else len(time_s) - 1
    return float(time_s[first]), float(time_s[last])


BOTTOM, TOP = 0, 1

SAME_REST = Cause(RESTING, "by the signals the shoulders rest from the one moment to the other.")

CANDIDATES: tuple[dict[str, Callable[[PairedRep], float]], ...] = (
    {
        "bottom_s": lambda pair: pair.rep.bottom_s,
        "lift_off_s": lambda pair: pair.rep.lift_off_s,
        "start of the rest": lambda pair: pair.rests[BOTTOM][0],
    },
    {
        "top_s": lambda pair: pair.rep.top_s,
        "lockout_s": lambda pair: pair.rep.lockout_s,
        "end of the rest": lambda pair: pair.rests[TOP][1],
    },
)
"""What the product could call bottom and top."""


def marked_table(pairs: Sequence[PairedRep]) -> str:
    """Every instant that the product could call bottom or top against what people marked."""
    lines = []
    for name in (*LIFTS, ALL_LIFTS):
        of_lift = [pair for pair in pairs if name in (pair.row.clip.exercise, ALL_LIFTS)]
        for which, label in ((BOTTOM, "bottom"), (TOP, "top")):
            for title, instant in CANDIDATES[which].items():
                errors = [instant(pair) - pair.labelled[which] for pair in of_lift]
                lines.append([name, label, title, *_error_cells(errors)])
            length = number(median(to_s - from_s for from_s, to_s in (pair.rests[which] for pair in of_lift)), 1, " s")
            hits = [pair.is_near(which) or pair.label_rests(which) for pair in of_lift]
            title = f"{label}_s, or label in the same rest (half of them longer than {length})"
            lines.append([name, label, title, str(len(hits)), "", "", "", _share(hits)])
    return markdown_table(("lift", "label", "found", *ERROR_COLUMNS), lines, left=3)


def marked_f1_table(rows: Sequence[Row], pairs: Sequence[PairedRep]) -> str:
    """Rep F1 over all repetitions, by what is called bottom and top; the first is the one in the totals."""
    found = sum(len(row.found) for row in rows)
    labelled = sum(len(row.clip.reps) for row in rows)
    lines = []
    for bottom, top in (("bottom_s", "top_s"), ("bottom_s", "lockout_s"), ("lift_off_s", "lockout_s")):
        instants = CANDIDATES[BOTTOM][bottom], CANDIDATES[TOP][top]
        hits = sum(
            all(_near(instant(pair), label) for instant, label in zip(instants, pair.labelled, strict=True))
            for pair in pairs
        )
        lines.append([bottom, top, str(hits), percent(Counts(hits, found, labelled).f1)])
    hits = sum(all(pair.is_near(which) or pair.label_rests(which) for which in (BOTTOM, TOP)) for pair in pairs)
    f1 = percent(Counts(hits, found, labelled).f1)
    lines.append(["bottom_s, or label in the same rest", "top_s, or label in the same rest", str(hits), f1])
    return markdown_table(("bottom", "top", f"hits of {labelled}", "rep F1"), lines, left=2)


def missed_reps_list(pairs: Iterable[PairedRep]) -> str:
    """Every paired repetition that is not a hit: which instant, by how much, and why."""
    items = []
    for pair in pairs:
        if pair.is_hit:
            continue
        off = [
            f"{label} {pair.found[which] - pair.labelled[which]:+.2f} s"
            + (" (label in the same rest)" if pair.label_rests(which) else "")
            for which, label in ((BOTTOM, "bottom"), (TOP, "top"))
            if not pair.is_near(which)
        ]
        in_rests = all(pair.label_rests(which) for which in (BOTTOM, TOP) if not pair.is_near(which))
        cause = REPS.get((pair.row.clip.name, pair.label_number), SAME_REST if in_rests else NOT_LOOKED_AT)
        where = f"`{pair.row.clip.name}` rep {pair.label_number}"
        items.append(list_item(f"{where}: {', '.join(off)}. **{cause.kind}**: {cause.frames}"))
    return "\n".join(items) or "None."


def spine_table(rows: Sequence[Row]) -> str:
    """Measured back rounding by what people saw, in side views only."""
    lines = []
    for label in ("rounded", "mild", "neutral", "hollow"):
        labelled = [row for row in rows if row.clip.spine == label]
        measured = [row for row in labelled if not math.isnan(row.rounding_deg)]
        values = [row.rounding_deg for row in measured]
        flagged = [row for row in measured if _back_verdict(row.report) in ("watch", "fault")]
        lines.append(
            [
                label,
                f"{len(labelled)} ({len({row.clip.lifter for row in labelled})})",
                str(len(measured)),
                number(min(values, default=math.nan)),
                number(median(values)),
                number(max(values, default=math.nan)),
                f"{len(flagged)} of {len(measured)}",
            ]
        )
    header = ("spine by eye", "clips (lifters)", "measured", "lowest, deg", "median, deg", "highest, deg", "flagged")
    return markdown_table(header, lines)


def spine_separation(rows: Sequence[Row]) -> float:
    """How often a clip seen as rounded reads higher than one seen as neutral or hollow."""
    measured = [row for row in rows if not math.isnan(row.rounding_deg)]
    return separation(
        [row.rounding_deg for row in measured if row.clip.spine == "rounded"],
        [row.rounding_deg for row in measured if row.clip.spine in ("neutral", "hollow")],
    )


def _back_verdict(report: Report) -> str:
    return next((one.verdict for one in report.findings if one.check == "back-rounding"), "not-measured")


def tracks_table(folder: Path) -> str:
    """Recorded landmark tracks, judged without a video; empty when none is there."""
    lines = []
    for track in TRACKS:
        path = folder / f"{track.file}.posetrack.json"
        if not path.is_file():
            continue
        poses = read_track(path)
        report = analyze(poses)
        bottoms = _nearest([rep.bottom_s for rep in report.reps], track.bottoms_s)
        tops = _nearest([rep.top_s for rep in report.reps], track.tops_s)
        lines.append(
            [
                track.file,
                track.exercise,
                report.exercise.name + ("" if report.exercise.name == track.exercise else " (!)"),
                str(track.count),
                str(len(report.reps)),
                number(median(bottoms), 2, " s"),
                number(median(tops), 2, " s"),
                report.view.name,
                report.verdict,
            ]
        )
    if not lines:
        return ""
    header = ("track", "lift", "found", "reps", "found", "bottoms off", "tops off", "view", "verdict")
    return markdown_table(header, lines, left=3)


def _nearest(found_s: Sequence[float], known_s: Sequence[float]) -> list[float]:
    return [min(abs(one - other) for other in found_s) for one in known_s] if found_s else []


PEERS = (
    ("repetitions of barbell lifts counted", "Metric VBT, phone app following the bar", "94.3 %, F1 0.971", "counted"),
    ("repetitions of barbell lifts counted", "GymAware, cable on the bar", "99.5 %, F1 0.997", "counted"),
    ("repetitions in side views of barbell squats", "Exercise-Correction", "0 of 3", "squats"),
    ("repetitions in side views of barbell squats", "LearnOpenCV trainer", "0 correct, 11 called incorrect", "squats"),
    ("repetitions on the two swing tracks below", "swing-analyzer", "4 of 4 and 9 of 9", "tracks"),
    ("good swings told that they are squats", "swing-analyzer", "18 of 18", ""),
    ("deadlift clips told good from faulty", "AI-Deadlift-Analysis", "75 %", "told"),
    ("items of technique on which coaches agree", "coaches", "64-100 %", ""),
)
"""What is known of others: what was measured, whose, the figure; which of FormCheck's figures stands beside it."""


def peers_table(rows: Sequence[Row], pairs: Sequence[PairedRep], faults: Sequence[Judged]) -> str:
    """Figures of others beside FormCheck's own on these clips, where there is one to compare."""
    deadlifts = {row.clip.name for row in rows if row.clip.exercise == "deadlift"}
    squats = [row for row in rows if row.clip.exercise == "squat" and row.report.view.name.startswith("side")]
    told, of = good_from_bad([one for one in faults if one.clip in deadlifts])
    counts = Counts(len(pairs), sum(len(row.found) for row in rows), sum(len(row.clip.reps) for row in rows))
    squat_counts = sum(len(row.found) for row in squats), sum(len(row.clip.reps) for row in squats)
    ours = {
        "counted": f"{counts.hits} of {counts.labelled}, F1 {number(counts.f1, 3)} (all lifts, by overlap)",
        "squats": f"{squat_counts[0]} of {squat_counts[1]} (some without a bar)",
        "tracks": "in the last table",
        "told": f"{told} of {of} ({percent(told / of if of else math.nan)})",
    }
    lines = [[what, who, figure, ours.get(beside, "-")] for what, who, figure, beside in PEERS]
    return markdown_table(("what", "who", "figure", "FormCheck here"), lines, left=4)


def document(rows: Sequence[Row], tracks: str, model: str, held_out: bool = False) -> str:
    """The whole result as Markdown, without dates so that it changes only when results do."""
    lifts = [row for row in rows if row.clip.role == "lift"]
    pairs = paired_reps(lifts)
    faults = [judged(row.clip.name, row.report) for row in lifts]
    reports = {row.clip.name: row.report for row in lifts}
    unread = [row.clip.name for row in lifts if row.clip.faults and row.clip.name not in SEEN_FAULTS]
    parts = [
        "# Real clips\n",
        "Made by `make bench-clips`. The clips are other people's videos with labels by eye; they may not be passed\n"
        "on and are not part of this project.\n\n"
        "**All of them have been looked at while FormCheck was written, so they count as tuning material: expect\n"
        "worse on other clips.**\n",
        f"Pose model {model}; exercise `auto`; {len(rows)} clips. Labels are good to 0.2 s. One lifter can have\n"
        "several clips, so totals are also given with every lifter counting once.\n",
        "## By source\n",
        paragraph(
            "A source is who published the clips (the file name before `__`), and is right when all of its clips are. "
            + (
                "The lift is recognised by trees that have not learnt from the clip's source (`make bench-recognition` "
                "makes them)."
                if held_out
                else "The lift is recognised by the trees that ship, which **have** learnt from these clips: run `make "
                "bench-recognition` first to measure without."
            )
        )
        + "\n",
        sources_table(rows) + "\n",
        "### Every clip that is counted otherwise than labelled\n",
        count_disagreements(rows) + "\n",
        "### Every view and speed told otherwise than labelled\n",
        paragraph(
            "Labels say in words from where a set was filmed. Yaw 0 is the side, 90 the front; a side view ends at 20 "
            "deg and a front view begins at 65. Neither these limits nor those for slow motion were chosen with "
            "sources left out: this is how they do by source, not how they would do on others."
        )
        + "\n",
        view_disagreements(rows) + "\n" + playback_disagreements(rows) + "\n",
        "## Totals\n",
        totals_table(rows) + "\n",
        "## Which lift\n",
        confusion_table(rows) + "\n",
        negatives_table(rows) + "\n",
        "## Instants\n",
        instants_table(rows) + "\n",
        "### Which instant people mark\n",
        paragraph(
            "Where a lifter rests, people put bottom and top anywhere in the rest, and every such moment is right. The "
            "last line of each block therefore also takes a label that is in the same rest as the found instant: an "
            f"unbroken stretch in which the shoulders stay within {percent(REST_BAND)} of their travel. The totals "
            "above do not."
        )
        + "\n",
        marked_table(pairs) + "\n",
        marked_f1_table(lifts, pairs) + "\n",
        f"### Repetitions further than {TOLERANCE_S} s from their label\n",
        "Found minus labelled; every one was looked at frame by frame.\n",
        missed_reps_list(pairs) + "\n",
        "## Faults against what people saw\n",
        paragraph(
            "Labels in words were translated into checks by hand (`benchmarks/reviewed.py`); any check of a list names "
            "the fault. A doubtful fault counts neither way. Clips labelled good were called so by whoever published "
            "them."
        )
        + "\n",
        fault_totals(faults) + "\n",
        faults_table(faults) + "\n",
        "### Every disagreement\n",
        disagreement_list(disagreements(faults)) + "\n",
        "## Back rounding against what people saw\n",
        spine_table(rows) + "\n",
        "A clip seen as rounded reads higher than one seen as neutral or hollow in\n"
        f"{percent(spine_separation(rows))} of all pairs (area under the ROC curve).\n"
        '"Flagged" means that the set got watch or fault for back rounding.\n',
        "## What was not measured, and why\n",
        "Checks of whole sets, lift clips only.\n",
        abstentions_table(reports) + "\n",
        abstentions_list(reports) + "\n",
        "## Beside others\n",
        paragraph(
            "Figures of others come from their own pages or from running them, mostly on other material: they give a "
            "scale, no ranking."
        )
        + "\n",
        peers_table(lifts, pairs, faults) + "\n",
        "## Clip by clip\n",
        '(!) marks another lift than the labelled one. "off" is the median distance to the labels.\n',
        clip_table(rows) + "\n",
    ]
    if unread:
        parts.insert(parts.index("### Every disagreement\n"), f"Labels not translated yet: {', '.join(unread)}.\n")
    if tracks:
        parts += [
            "## Recorded landmark tracks\n",
            "Landmarks recorded by another program: no mask, so nothing can be said about the back. They hold no\n"
            "landmarks in metres either; scaled pixels with the model's depth stand in for them.\n",
            tracks + "\n",
        ]
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code: 1 when a clip made FormCheck fail, 0 otherwise."""
    options = _parser().parse_args(arguments)
    clips = [clip for clip in read_clips(folder_of("clips", options.clips)) if options.only in clip.name]
    if not clips:
        print(
            f"No labelled clips in {folder_of('clips', options.clips)}: name their folder, with labels.json in it, "
            f"as an argument or in {CLIPS_VARIABLE}. Nothing was measured."
        )
        return 0
    model = find_model(options.model)
    rows, failed = [], []
    groups = read_groups()
    for index, clip in enumerate(clips, 1):
        try:
            with quiet_native_logs():
                poses, from_cache = cached_poses(clip.path, model)
            rows.append(row_of(clip, poses, groups))
        except FormCheckError as error:
            failed.append(f"{clip.name}: {error}")
            continue
        kept = " (poses from cache)" if from_cache else ""
        print(f"[{index}/{len(clips)}] {clip.name}: {rows[-1].report.summary}{kept}", file=sys.stderr, flush=True)
    text = document(rows, tracks_table(folder_of("tracks", options.tracks)), model.name, bool(groups))
    print(text)
    if failed:
        print("FormCheck failed on:\n" + "\n".join(failed), file=sys.stderr)
    elif not options.only and not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")
        print(f"Written to {RESULTS.parent.name}/{RESULTS.name}.", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_clips", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="?", type=Path, help="folder with clips and labels.json")
    parser.add_argument("--tracks", type=Path, help="folder with recorded landmark tracks")
    parser.add_argument("--only", default="", metavar="PART", help="only clips whose name contains this; not written")
    parser.add_argument("--model", default="full", help="pose model")
    parser.add_argument("--no-write", action="store_true", help="leave results/clips.md as it is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
