"""Make the good repetitions that come with the app (`python -m scripts.make_references`), from the rendered samples.

Each is the best repetition of a sample as a moving stick figure with its instants and numbers, so that nobody needs a
video or a model to compare with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from formcheck.app.references import REFERENCES, Reference, path_of
from formcheck.app.stick_figures import figure
from formcheck.service.pipeline import AnalysisRequest, run_analysis

SAMPLES = Path(__file__).resolve().parent.parent / "sample_videos"


def made(lift: str) -> Reference:
    """The best repetition of the good sample of a lift."""
    video = SAMPLES / f"{lift.rpartition('-')[2]}-good.mp4"
    result = run_analysis(AnalysisRequest(video=str(video), exercise=lift, exports=()))
    report, level = result.report, result.report.set_level
    best = None if level is None else level.best_rep
    rep = next((each for each in report.reps if each.index == best), report.reps[len(report.reps) // 2])
    drawn = figure(result.poses, report, rep.start_s, rep.end_s)
    assert drawn is not None
    return Reference.of(report, rep, drawn)


def main() -> None:
    """Write all of them."""
    for lift in REFERENCES:
        text = json.dumps(asdict(made(lift)), ensure_ascii=False, separators=(",", ":"))
        Path(path_of(lift)).write_text(text + "\n", encoding="utf-8")
        print(f"{path_of(lift)}: {len(text) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
