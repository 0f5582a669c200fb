"""Make the README's picture: two moments of the annotated video of a sample (`make picture`).

Only rendered samples are used, never a real person's video.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.verdicts import FAULT, WATCH
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.render.annotated_video import write_annotated_video
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses
from formcheck.vision.video import read_frames_at

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "sample_videos" / "deadlift-rounded.mp4"
PICTURE = ROOT / "docs" / "images" / "deadlift-rounded.png"

HEIGHT_PX = 560
GAP_PX = 8


def moments_s(report: Report) -> tuple[float, float]:
    """A moment that is fine and one that is not: the same instant of the first and of the worst repetition."""
    worst = next(
        (one for verdict in (FAULT, WATCH) for one in report.findings if one.verdict == verdict and one.rep), None
    )
    if worst is None or worst.rep is None:
        sys.exit(f"{CLIP.name} shows nothing to worry about: a picture of it would say nothing.")
    first, rep = report.reps[0], report.reps[worst.rep - 1]
    return first.bottom_s, worst.at_s if rep.start_s <= worst.at_s <= rep.end_s else rep.bottom_s


def side_by_side(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of one height in a row, with a white gap between them."""
    scaled = []
    for picture in pictures:
        width = round(picture.shape[1] * HEIGHT_PX / picture.shape[0])
        scaled += [
            cv2.resize(picture, (width, HEIGHT_PX), interpolation=cv2.INTER_AREA),
            np.full((HEIGHT_PX, GAP_PX, 3), 255, np.uint8),
        ]
    return np.hstack(scaled[:-1])


def main() -> None:
    """Analyse the sample and write the picture."""
    with tempfile.TemporaryDirectory() as folder, quiet_native_logs():
        poses = estimate_poses(CLIP, find_model())
        report = analyze(poses)
        annotated = Path(folder) / "annotated.mp4"
        write_annotated_video(CLIP, poses, report, annotated)
        frames = [frame.rgb for frame in read_frames_at(annotated, moments_s(report), max_side=None)]
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(PICTURE),
        cv2.cvtColor(side_by_side(frames), cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_PNG_COMPRESSION, 9],
    )
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1024:.0f} KiB. {report.summary}")


if __name__ == "__main__":
    main()
