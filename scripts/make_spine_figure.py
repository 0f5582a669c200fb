"""Make docs/images/spine-method.png: how the bend of the back is read, on a rendered sample video.

python scripts/make_spine_figure.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import PoseSequence, contour_stations
from formcheck.judging.analysis import analyze
from formcheck.motion.calibration import calibration_of
from formcheck.motion.geometry import midpoint
from formcheck.motion.spine import back_stations, dorsal_distances, mended_contour, station_weights
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses
from formcheck.vision.video import read_frames_at

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "sample_videos" / "deadlift-rounded.mp4"
OUT = ROOT / "docs" / "images" / "spine-method.png"

FLAT, ROUND, INK, PALE = "#0f766e", "#c2410c", "#1f2937", "#94a3b8"


def main() -> int:
    """Draw and save; returns the exit code."""
    with quiet_native_logs():
        poses = estimate_poses(CLIP, find_model("full"))
    report = analyze(poses)
    if report.signals is None or len(report.reps) < 2:
        print("The sample shows no two repetitions: nothing drawn.", file=sys.stderr)
        return 1
    frames = [int(np.argmin(np.abs(poses.time_s - rep.lift_off_s))) for rep in report.reps[:2]]
    pictures = [frame.rgb for frame in read_frames_at(CLIP, [float(poses.time_s[i]) for i in frames])]
    away, _ = dorsal_distances(poses, report.signals.forward)
    mended, _, _ = mended_contour(away[:, np.isin(contour_stations(), back_stations())])

    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "text.color": INK})
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.9), width_ratios=[1, 1, 1.1, 1.1], layout="constrained")
    for axis, frame, picture, colour, name in zip(
        axes, frames, pictures, (FLAT, ROUND), ("rep 1", "rep 2"), strict=False
    ):
        rounding_deg = float(report.signals.back_rounding_deg[frame])
        _show(axis, poses, frame, picture, colour, report.signals.forward[frame] > 0)
        axis.set_title(f"{name}: {rounding_deg:+.0f}° against neutral", color=colour, fontsize=11)
    stations = back_stations()
    for frame, colour, name in zip(frames, (FLAT, ROUND), ("rep 1", "rep 2"), strict=True):
        axes[2].plot(stations, mended[frame], color=colour, lw=2.2, label=name)
    axes[2].set_title("distance of the edge from the line", fontsize=11)
    axes[2].set_xlabel("along the line: hip 0, shoulder 1")
    axes[2].set_ylabel("distance, in lengths of the line")
    axes[2].legend(frameon=False)
    lower, upper = station_weights(calibration_of(poses.model))
    axes[3].axhline(0, color=PALE, lw=0.8)
    axes[3].fill_between(stations, lower + upper, color=PALE, alpha=0.35, label="whole back")
    axes[3].plot(stations, lower, color="#1d4ed8", lw=1.8, label="lumbar")
    axes[3].plot(stations, upper, color="#9333ea", lw=1.8, label="thoracic")
    axes[3].set_title("weights of the distances", fontsize=11)
    axes[3].set_xlabel("along the line: hip 0, shoulder 1")
    axes[3].set_ylabel("degrees for each length")
    axes[3].legend(frameon=False)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(OUT, dpi=110, metadata={"Software": None})
    print(f"Wrote {OUT.relative_to(ROOT)}.")
    return 0


def _show(axis: Axes, poses: PoseSequence, frame: int, picture: np.ndarray, colour: str, faces_right: bool) -> None:
    """The frame around the trunk with the hip-shoulder line and the back's edge."""
    image = poses.image_px[frame, :, :2]
    hip = midpoint(image[Landmark.LEFT_HIP], image[Landmark.RIGHT_HIP])
    shoulder = midpoint(image[Landmark.LEFT_SHOULDER], image[Landmark.RIGHT_SHOULDER])
    edge = poses.contour_px[frame, 0 if faces_right else 1][np.isin(contour_stations(), back_stations())]
    axis.imshow(picture)
    stations = hip + back_stations()[::4, None] * (shoulder - hip)
    for station, point in zip(stations, edge[::4], strict=True):
        axis.plot([station[0], point[0]], [station[1], point[1]], color="white", lw=0.9, alpha=0.9)
    axis.plot(*np.stack([hip, shoulder]).T, color="white", lw=2, marker="o", ms=5)
    axis.plot(edge[:, 0], edge[:, 1], color=colour, lw=3)
    middle, half = (hip + shoulder) / 2, 1.15 * float(np.linalg.norm(shoulder - hip))
    axis.set_xlim(middle[0] - half, middle[0] + half)
    axis.set_ylim(middle[1] + half, middle[1] - half)
    axis.set_axis_off()


if __name__ == "__main__":
    sys.exit(main())
