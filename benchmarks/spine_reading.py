"""How single pictures differ from tracked video, and how long it takes to read a back.

    python -m benchmarks.spine_reading

The bodies that spine methods are fitted to are single pictures (`benchmarks.spine_frames`), which the pose model looks
at without tracking; what is judged is video. Every sixth frame of the sample videos is looked at in both ways: how far
landmarks lie apart, and how far the bend of the back. Then the time that each way of reading takes for one frame.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.pose_cache import cached_poses
from benchmarks.spine_frames import Looker
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence, contour_stations
from formcheck.motion.cleaning import clean
from formcheck.motion.geometry import midpoint
from formcheck.motion.network_calibration import WITH_NETWORKS
from formcheck.motion.signals import compute_signals
from formcheck.motion.spine import (
    MEASURED,
    back_stations,
    dorsal_bend,
    dorsal_distances,
    lower_half_bend,
    read_contour,
    with_networks,
)
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.video import VideoReader

SAMPLES = Path(__file__).resolve().parent.parent / "sample_videos"
EVERY, SAME_FRAME_S = 6, 0.02
REPEATS = 5


def differences(video: Path, poses: PoseSequence, looker: Looker) -> FloatArray:
    """One row a frame: bend in the picture minus bend in the track (NaN where either was not measured), and how far the
    middles of hips and of shoulders lie apart, in hip-shoulder lengths."""
    tracked = clean(poses).poses
    forward = np.full(len(tracked), np.sign(np.nanmedian(compute_signals(tracked).forward)))
    bend = dorsal_bend(tracked, forward)
    inside = np.isin(contour_stations(), back_stations())
    rows = []
    with VideoReader(video, max_side=None) as reader:
        for number, frame in enumerate(reader):
            near = int(np.argmin(np.abs(tracked.time_s - frame.time_s)))
            if number % EVERY or abs(tracked.time_s[near] - frame.time_s) > SAME_FRAME_S:
                continue
            seen = looker.look(frame.rgb if forward[0] > 0 else frame.rgb[:, ::-1])
            if seen is None:
                continue
            alone = seen["image_px"].astype(np.float64)
            if forward[0] < 0:  # back into the picture as it was filmed
                alone[:, 0] = frame.rgb.shape[1] - alone[:, 0]
            hip, shoulder = (_middle(alone, joint) for joint in ("HIP", "SHOULDER"))
            length = np.linalg.norm(shoulder - hip)
            apart = [
                np.linalg.norm(here - _middle(tracked.image_px[near], joint)) / length
                for here, joint in ((hip, "HIP"), (shoulder, "SHOULDER"))
            ]
            away, sharpness = _edge(seen)
            read = read_contour(away[:, inside], sharpness[:, inside], WITH_NETWORKS)
            both = read.gate[0] == MEASURED and bend.gate[near] == MEASURED
            rows.append([read.bend_deg[0] - bend.bend_deg[near] if both else np.nan, *apart])
    return np.array(rows)


def _middle(image_px: FloatArray, joint: str) -> FloatArray:
    return midpoint(image_px[Landmark[f"LEFT_{joint}"], :2], image_px[Landmark[f"RIGHT_{joint}"], :2])


def _edge(seen: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Distances of the dorsal edge (1, S) and its sharpness of somebody who faces image-right."""
    hip, shoulder = (_middle(seen["image_px"], joint) for joint in ("HIP", "SHOULDER"))
    trunk = shoulder - hip
    to_back = np.array([trunk[1], -trunk[0]]) / (trunk @ trunk)
    return ((seen["contour_px"][0] - hip) @ to_back)[None], seen["sharpness"][:1].astype(np.float64)


def timings_ms(poses: PoseSequence) -> dict[str, float]:
    """Milliseconds a frame for every way of reading; the least of some repeats."""
    forward = np.ones(len(poses))

    def networks() -> None:
        assert WITH_NETWORKS.networks is not None
        away, sharpness = dorsal_distances(poses, forward)
        inside = np.isin(contour_stations(), back_stations())
        read = read_contour(away[:, inside], sharpness[:, inside], WITH_NETWORKS)
        with_networks(WITH_NETWORKS.networks, read, away)

    ways = {
        "weighted sum (in use)": lambda: dorsal_bend(poses, forward),
        "lower half (in use under a bar)": lambda: lower_half_bend(poses, forward),
        "mean of sum and networks (candidate)": networks,
    }
    found = {}
    for name, work in ways.items():
        spent_s = []
        for _ in range(REPEATS):
            started = time.process_time()
            work()
            spent_s.append(time.process_time() - started)
        found[name] = 1000.0 * min(spent_s) / len(poses)
    return found


def main() -> int:
    """Measure and print; returns the exit code."""
    model: ModelFile = find_model("full")
    rows = []
    with quiet_native_logs():
        looker = Looker(model)
        for video in sorted(SAMPLES.glob("*.mp4")):
            if "oblique" not in video.name:
                poses, _ = cached_poses(video, model)
                rows.append(differences(video, poses, looker))
                print(f"{video.name}: {_words(rows[-1])}", flush=True)
        looker.close()
    print(f"all: {_words(np.concatenate(rows))}")
    for name, spent_ms in timings_ms(poses).items():
        print(f"{name}: {spent_ms:.3f} ms a frame")
    return 0


def _words(rows: FloatArray) -> str:
    off = rows[np.isfinite(rows[:, 0]), 0]
    hip, shoulder = np.median(rows[:, 1:], axis=0)
    if not len(off):
        return "never measured in both ways"
    return (
        f"{len(off)} frames, bend {off.mean():+.1f} deg (standard deviation {off.std():.1f}, mean size "
        f"{np.abs(off).mean():.1f}, p90 {np.percentile(np.abs(off), 90):.1f}), hips {hip:.3f} and shoulders "
        f"{shoulder:.3f} hip-shoulder lengths apart"
    )


if __name__ == "__main__":
    sys.exit(main())
