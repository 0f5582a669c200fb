"""Real clips with labels: is the lifter found, is the lift named, are the repetitions where people saw them?

    python -m benchmarks.bench_clips [CLIPS] [--tracks TRACKS] [--only PART] [--model full] [--no-write]

Clips and labels are read from ../shared/clips (or CLIPS, or $FORMCHECK_CLIPS); they are not part of the project. The
table goes to the terminal and to benchmarks/results/clips.md. Poses are kept in benchmarks/cache/.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.labelled import CLIPS_VARIABLE, TRACKS, LabelledClip, folder_of, read_clips, read_track
from benchmarks.pose_cache import cached_poses
from benchmarks.scores import (
    Counts,
    count_reps,
    instant_errors,
    markdown_table,
    mean_over_groups,
    median,
    number,
    percent,
    percentile,
    separation,
)
from formcheck.analysis import analyze
from formcheck.errors import FormCheckError
from formcheck.native_logs import quiet_native_logs
from formcheck.pose_models import find_model
from formcheck.poses import PoseSequence
from formcheck.report import Report

RESULTS = Path(__file__).resolve().parent / "results" / "clips.md"

TOLERANCE_S = 0.3
"""Labels are good to 0.2 s; a repetition counts as found within a little more than that."""


@dataclass(frozen=True)
class Row:
    """What FormCheck said about one clip, beside its labels."""

    clip: LabelledClip
    seen_share: float
    report: Report

    @property
    def found(self) -> list[tuple[float, float]]:
        return [(rep.bottom_s, rep.top_s) for rep in self.report.reps]

    @property
    def exercise_right(self) -> bool:
        return self.report.exercise.name == self.clip.exercise

    @property
    def counts(self) -> Counts:
        """A repetition of another lift than the labelled one is no hit."""
        if not self.exercise_right:
            return Counts(0, len(self.found), len(self.clip.reps))
        return count_reps(self.found, self.clip.reps, TOLERANCE_S)

    @property
    def rounding_deg(self) -> float:
        """Median over the repetitions that could be measured; NaN when none could."""
        values = [rep.measures.get("back_rounding_deg", math.nan) for rep in self.report.reps]
        return median(value for value in values if not math.isnan(value))


def row_of(clip: LabelledClip, poses: PoseSequence) -> Row:
    return Row(clip, float(poses.seen.mean()), analyze(poses))


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


def instants_table(rows: Sequence[Row]) -> str:
    """How far found bottoms and tops lie from the labels, which are themselves good to 0.2 s."""
    lines = []
    for name in ("deadlift", "kettlebell-swing", "squat"):
        errors = [instant_errors(row.found, row.clip.reps) for row in rows if row.clip.exercise == name]
        for what, column in (("bottoms", 0), ("tops", 1)):
            offs = [error for pair in errors for error in pair[column]]
            sizes = [abs(error) for error in offs]
            lines.append(
                [
                    name,
                    what,
                    str(len(offs)),
                    number(median(offs), 2),
                    number(median(sizes), 2),
                    number(percentile(sizes, 0.95), 2),
                ]
            )
    header = ("lift", "instant", "pairs", "median of found - labelled, s", "median size, s", "95th percentile, s")
    return markdown_table(header, lines, left=2)


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


def document(rows: Sequence[Row], tracks: str, model: str) -> str:
    """The whole result as Markdown, without dates so that it changes only when results do."""
    parts = [
        "# Real clips\n",
        "Made by `make bench-clips`. The clips are other people's videos with labels by eye; they may not be passed\n"
        "on and are not part of this project.\n\n"
        "**All of them have been looked at while FormCheck was written, so they count as tuning material: expect\n"
        "worse on other clips.**\n",
        f"Pose model {model}; exercise `auto`; {len(rows)} clips. Labels are good to 0.2 s. One lifter can have\n"
        "several clips, so totals are also given with every lifter counting once.\n",
        "## Totals\n",
        totals_table(rows) + "\n",
        "## Instants\n",
        instants_table(rows) + "\n",
        "## Back rounding against what people saw\n",
        spine_table(rows) + "\n",
        "A clip seen as rounded reads higher than one seen as neutral or hollow in\n"
        f"{percent(spine_separation(rows))} of all pairs (area under the ROC curve).\n"
        '"Flagged" means that the set got watch or fault for back rounding.\n',
        "## Clip by clip\n",
        '(!) marks another lift than the labelled one. "off" is the median distance to the labels.\n',
        clip_table(rows) + "\n",
    ]
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
    for index, clip in enumerate(clips, 1):
        try:
            with quiet_native_logs():
                poses, from_cache = cached_poses(clip.path, model)
            rows.append(row_of(clip, poses))
        except FormCheckError as error:
            failed.append(f"{clip.name}: {error}")
            continue
        kept = " (poses from cache)" if from_cache else ""
        print(f"[{index}/{len(clips)}] {clip.name}: {rows[-1].report.summary}{kept}", file=sys.stderr, flush=True)
    text = document(rows, tracks_table(folder_of("tracks", options.tracks)), model.name)
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
