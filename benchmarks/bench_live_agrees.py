"""Does live say what an upload says? Each labelled clip goes before the live engine as a camera, frame by frame.

    python -m benchmarks.bench_live_agrees [NAME ...]

Compared are the report after the set and the one of the same video uploaded: repetitions, verdict and every check.
Frames are looked at as fast as they come, so that what differs is what live does differently, not what it misses.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.labelled import LabelledClip, folder_of, read_clips
from benchmarks.pose_cache import cached_poses
from formcheck.judging.analysis import NONE, analyze
from formcheck.judging.report import Report
from formcheck.live.capture import file_frames
from formcheck.live.engine import LiveEngine
from formcheck.live.frame_analyser import FrameAnalyser
from formcheck.vision.models.store import ModelFile, find_model

RESULT = Path(__file__).parent / "results" / "live_agrees.md"


@dataclass(frozen=True)
class Pair:
    """Reports on one clip: of the upload, and of the sets that live made of it; ``counted`` while they went on."""

    name: str
    uploaded: Report
    live: tuple[Report, ...]
    counted: int


def watched(path: Path, model: ModelFile) -> tuple[tuple[Report, ...], int]:
    """What live makes of a video: the report of each set, and the repetitions announced during them."""
    engine = LiveEngine(clock=lambda: 0.0)
    counted = 0
    with FrameAnalyser(model) as analyser:
        for frame in file_frames(path, paced=False):
            now = engine.add(analyser.analyse(frame.rgb, frame.time_s, count_people=engine.counts_people))
            counted += sum(event.kind == "rep" for event in now.events)
    return tuple(done.report for done in engine.finish()), counted


def pair_of(clip: LabelledClip, model: ModelFile) -> Pair:
    """Both ways of looking at one clip."""
    poses, _ = cached_poses(clip.path, model)
    return Pair(clip.name, analyze(poses), *watched(clip.path, model))


def reps_of(reports: Sequence[Report]) -> int:
    """Repetitions of all sets together."""
    return sum(len(report.reps) for report in reports)


def differences(pair: Pair) -> list[str]:
    """What the two say differently, in words; a clip that live made several sets of is compared by count alone."""
    found = []
    if reps_of(pair.live) != len(pair.uploaded.reps):
        found.append(f"reps {len(pair.uploaded.reps)} uploaded, {reps_of(pair.live)} live")
    if pair.counted != len(pair.uploaded.reps):
        found.append(f"reps {len(pair.uploaded.reps)} uploaded, {pair.counted} announced during the set")
    if len(pair.live) > 1:
        found.append(f"{len(pair.live)} sets live")
    if len(pair.live) != 1 or not pair.uploaded.reps:
        return found
    (live,) = pair.live
    if live.exercise.name != pair.uploaded.exercise.name:
        return [*found, f"lift {pair.uploaded.exercise.name} uploaded, {live.exercise.name} live"]
    verdicts = {finding.check: finding.verdict for finding in live.findings}
    found += [
        f"{finding.check}: {finding.verdict} uploaded, {verdicts[finding.check]} live"
        for finding in pair.uploaded.findings
        if finding.check in verdicts and verdicts[finding.check] != finding.verdict
    ]
    if live.verdict != pair.uploaded.verdict:
        found.append(f"verdict {pair.uploaded.verdict} uploaded, {live.verdict} live")
    return found


def text_of(pairs: Sequence[Pair]) -> str:
    """The result as Markdown."""
    lifts = [pair for pair in pairs if pair.uploaded.exercise.name != NONE]
    same_count = sum(reps_of(pair.live) == len(pair.uploaded.reps) for pair in pairs)
    while_on = sum(pair.counted == len(pair.uploaded.reps) for pair in pairs)
    same_verdict = sum(len(pair.live) == 1 and pair.live[0].verdict == pair.uploaded.verdict for pair in lifts)
    checks = sum(len(pair.uploaded.findings) for pair in lifts)
    listed = [(pair.name, differences(pair)) for pair in pairs]
    other = sum(":" in words for _, found in listed for words in found)
    rows = [
        ("clips", str(len(pairs))),
        ("report after the set has as many reps as that of the upload", f"{same_count} of {len(pairs)}"),
        ("as many reps announced while the set went on", f"{while_on} of {len(pairs)}"),
        ("same verdict, clips with a lift", f"{same_verdict} of {len(lifts)}"),
        ("same verdict of a check", f"{checks - other} of {checks}"),
    ]
    lines = ["# Live against upload", "", "`make bench-live-agrees`: labelled clips, the full model, every frame.", ""]
    lines += ["| measure | |", "|---|---:|", *(f"| {title} | {value} |" for title, value in rows), ""]
    lines += ["## Every difference", ""]
    lines += [f"- `{name}`: {'; '.join(found)}" for name, found in listed if found] or ["None."]
    return "\n".join(lines) + "\n"


def main(names: Sequence[str]) -> None:
    """Compare all clips, or those named, and write the result when it is about all."""
    folder = folder_of("clips")
    clips = [clip for clip in read_clips(folder) if not names or clip.name in names]
    if not clips:
        print(f"Skipped: there are no labelled clips in {folder}; name a folder with them in FORMCHECK_CLIPS.")
        return
    model = find_model("full")
    pairs = []
    for number, clip in enumerate(clips, 1):
        print(f"\r{number}/{len(clips)} {clip.name:<50}", end="", file=sys.stderr, flush=True)
        pairs.append(pair_of(clip, model))
    print(f"\r{'':<60}\r", end="", file=sys.stderr)
    text = text_of(pairs)
    if not names:
        RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
