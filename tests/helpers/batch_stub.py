"""A stand-in for the analysis in batches: quick, and it does what the clip says, in whatever process.

A clip is a text file: ``ok``, ``slow`` (takes a second), ``bad`` (cannot be decoded), ``crash`` (its process dies),
``crash-once`` (only the first time). What it did is counted in a file.
"""

from __future__ import annotations

import functools
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from formcheck.batch.clip import Analyse, Tell
from formcheck.core.errors import VideoError
from formcheck.judging.set_summary import SetSummary
from formcheck.service.pipeline import AnalysisRequest

SUMMARY = SetSummary(
    exercise="deadlift",
    variant="conventional",
    verdict="fault",
    reps=3,
    partial_reps=0,
    flagged_reps=1,
    worst_rep=2,
    worst_rep_verdict="fault",
    worst_check="Back rounding",
    worst_value=31.5,
    worst_unit="deg",
    rounding_deg=12.0,
    worst_rounding_deg=31.5,
    depth_thighs=None,
    concentric_s=0.9,
    headline="3 deadlift reps: back rounding in 1 of 3 reps.",
    advice="Chest proud.",
    view="side-right",
    tracking_quality=0.98,
    duration_s=9.5,
)


def stub(log: Path) -> Analyse:
    """The stand-in, which counts what it did in that file."""
    return functools.partial(stub_analysis, log=log)


def stub_analysis(request: AnalysisRequest, tell: Tell, log: Path) -> tuple[SetSummary, tuple[str, ...]]:
    """Do what the clip says; leaves a report whose content depends on the clip and on what was asked for."""
    video = Path(request.video or "")
    word, _, rest = video.read_text(encoding="utf-8").partition(" ")
    before = executions(log)[request.title]
    with log.open("a", encoding="utf-8") as file:
        file.write(request.title + "\n")
    tell("watch", 1, 2)
    if word == "slow":
        time.sleep(1.0)
    if word == "quick":
        time.sleep(0.02)
    if word == "bad":
        raise VideoError(f"{request.title} is not a video that can be decoded: choose another file.")
    if word == "crash" or (word == "crash-once" and not before):
        os.kill(os.getpid(), signal.SIGKILL)
    told = f"{word} {rest} {request.exercise} {request.settings_toml}"
    (Path(request.folder or "") / "report.html").write_text(told, encoding="utf-8")
    return replace(SUMMARY, headline=f"3 deadlift reps of {request.title}."), ()


def executions(log: Path) -> Counter[str]:
    """How often each clip was analysed, by the name of its file."""
    return Counter(log.read_text(encoding="utf-8").split()) if log.is_file() else Counter()


def write_clips(folder: Path, words: Sequence[str], suffix: str = ".mp4") -> list[Path]:
    """One clip for each word, each with a content of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"clip-{number:03}{suffix}" for number in range(len(words))]
    for number, (path, word) in enumerate(zip(paths, words, strict=True)):
        path.write_text(f"{word} {number}", encoding="utf-8")
    return paths


def instant_analysis(request: AnalysisRequest, tell: Tell) -> tuple[SetSummary, tuple[str, ...]]:
    """Nothing but a report of one word: what is left is what the batch itself costs."""
    (Path(request.folder or "") / "report.html").write_text("ok", encoding="utf-8")
    return SUMMARY, ()
