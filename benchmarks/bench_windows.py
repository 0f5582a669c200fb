"""Real clips cut anywhere: are the repetitions counted and the backs judged as in the whole clip?

    python -m benchmarks.bench_windows [--draws 3]

People film and trim as they like, so a set may begin in the middle of a repetition. Each labelled clip is cut at random
into stretches of its poses; nothing is tuned on them. A stretch is counted right when it has all repetitions that are
wholly in it, and no more than those that it cuts besides. Ends as results/windows.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.labelled import LabelledClip, folder_of, read_clips
from benchmarks.pose_cache import cached_poses
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.judging.analysis import analyze
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs

RESULTS = Path(__file__).parent / "results"

WINDOWS, SHORTEST_S, LONGEST_S = 5, 3.5, 16.0
"""How many stretches of each clip a draw has, and how long they are."""

WHOLE_S = 0.35
"""A repetition is wholly in a stretch when it ends this far from its edges: labels are good to 0.2 s."""


@dataclass
class Tally:
    """What all stretches gave."""

    lifts: int = 0
    others: int = 0
    neutral: int = 0
    wrong: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    flagged: list[str] = field(default_factory=list)


def look(clip: LabelledClip, poses: PoseSequence, from_s: float, to_s: float, tally: Tally) -> None:
    """Analyse one stretch of a clip and note what came out."""
    first, stop = np.searchsorted(poses.time_s, (from_s, to_s))
    part = poses.part(slice(int(first), int(stop)))
    if len(part) < 4:
        return
    report = analyze(replace(part, time_s=part.time_s - part.time_s[0]))
    found = f"`{clip.name}` {from_s:.1f} to {to_s:.1f} s: {len(report.reps)} reps of {report.exercise.name}"
    if clip.exercise == "none":
        tally.others += 1
        if report.reps:
            tally.counted.append(found)
        return
    whole = sum(from_s + WHOLE_S < bottom_s and top_s < to_s - WHOLE_S for bottom_s, top_s in clip.reps)
    partly = sum(top_s > from_s - WHOLE_S and bottom_s < to_s + WHOLE_S for bottom_s, top_s in clip.reps)
    if not whole:
        return
    tally.lifts += 1
    if report.exercise.name != clip.exercise or not whole <= len(report.reps) <= partly:
        tally.wrong.append(f"{found}, labelled {whole} and {partly - whole} that are cut, {clip.exercise}")
    if clip.spine == "neutral":
        tally.neutral += 1
        back = [finding.verdict for finding in report.findings if finding.check == "back-rounding"]
        if back and back[0] in (WATCH, FAULT):
            tally.flagged.append(found)


def page_of(tally: Tally) -> str:
    """The result as a page."""
    rows = [
        ("stretches of lifts counted right", tally.lifts - len(tally.wrong), tally.lifts),
        ("stretches of other movements in which nothing was counted", tally.others - len(tally.counted), tally.others),
        ("stretches with a neutral back that was not flagged", tally.neutral - len(tally.flagged), tally.neutral),
    ]
    lines = ["# Real clips, cut anywhere", "", "`make bench-windows`", ""]
    lines += ["| measure | |", "|---|---:|", *(f"| {words} | {good} of {of} |" for words, good, of in rows), ""]
    lines += [f"- {each}" for each in (*tally.wrong, *tally.counted, *tally.flagged)]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Run it and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=3, help="how many times each clip is cut")
    draws = parser.parse_args().draws
    clips = read_clips(folder_of("clips"))
    if not clips:
        print(f"There are no labelled clips in {folder_of('clips')}: name their folder in FORMCHECK_CLIPS.")
        return
    rng, tally = np.random.default_rng(1), Tally()
    with quiet_native_logs():
        model = find_model()
        for clip in clips:
            poses, _ = cached_poses(clip.path, model)
            end_s = float(poses.time_s[-1])
            for _ in range(WINDOWS * draws):
                length_s = min(end_s, float(rng.uniform(SHORTEST_S, LONGEST_S)))
                from_s = float(rng.uniform(0.0, end_s - length_s))
                look(clip, poses, from_s, from_s + length_s, tally)
    page = page_of(tally)
    (RESULTS / "windows.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
