"""Landmarks as a TRC file, the marker format that OpenSim reads."""

from __future__ import annotations

import numpy as np

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import PoseSequence

MM_PER_M = 1000.0

MARKERS = tuple(landmark.name.lower() for landmark in Landmark)
"""Marker names, in the order of `Landmark`: "nose", "left_hip", "right_foot_index", ..."""


def trc_text(poses: PoseSequence, name: str = "landmarks.trc", *, forward: int = 1) -> str:
    """The text of a TRC file: one row a frame, three columns a marker, in millimetres.

    Axes are those of OpenSim: x to the front of the lifter, y up, z to the lifter's right. The origin is between the
    ankles, which stand still in the lifts that FormCheck knows. Cells of markers that were not seen are empty.

    Parameters
    ----------
    name : file name, for the first line.
    forward : +1 when the lifter faces image right, -1 for image left (`View.forward`).
    """
    # The model's axes are x right, y down, z away from the camera; both turns keep them right-handed.
    axes = np.array([1.0, -1.0, -1.0]) if forward >= 0 else np.array([-1.0, -1.0, 1.0])
    ankles = poses.world_m[:, [Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE]].mean(axis=1, keepdims=True)
    place_mm = MM_PER_M * axes * (poses.world_m - ankles)
    frames, markers = place_mm.shape[:2]
    steps_s = np.diff(poses.time_s)
    rate_hz = f"{1.0 / float(np.median(steps_s)):.2f}" if len(steps_s) else "0.00"
    head = [
        ["PathFileType", "4", "(X/Y/Z)", _one_line(name)],
        [
            "DataRate",
            "CameraRate",
            "NumFrames",
            "NumMarkers",
            "Units",
            "OrigDataRate",
            "OrigDataStartFrame",
            "OrigNumFrames",
        ],
        [rate_hz, rate_hz, str(frames), str(markers), "mm", rate_hz, "1", str(frames)],
        ["Frame#", "Time", *(cell for marker in MARKERS for cell in (marker, "", ""))],
        ["", "", *(f"{axis}{number}" for number in range(1, markers + 1) for axis in "XYZ")],
        [],
    ]
    rows = [
        [str(number), f"{time_s:.6f}", *("" if value != value else f"{value:.2f}" for value in values)]
        for number, (time_s, values) in enumerate(
            zip(poses.time_s.tolist(), place_mm.reshape(frames, -1).tolist(), strict=True), start=1
        )
    ]
    return "".join("\t".join(row) + "\n" for row in [*head, *rows])


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
