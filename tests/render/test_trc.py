"""The TRC export: header, units, axes, times, gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.landmarks import LANDMARK_COUNT, Landmark
from formcheck.core.poses import PoseSequence
from formcheck.render.trc import MARKERS, trc_text
from tests.helpers.make_reports import make_poses


def posed(**world_m: tuple[float, float, float]) -> PoseSequence:
    """Ten frames with all landmarks between the ankles except those that are named."""
    poses = make_poses(10)
    world = np.zeros_like(poses.world_m)
    for name, place in world_m.items():
        world[:, Landmark[name]] = place
    return replace(poses, world_m=world)


def table(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def marker(text: str, name: str, frame: int = 0) -> list[float]:
    rows = table(text)
    column = rows[3].index(name)
    return [float(cell) for cell in rows[6 + frame][column : column + 3]]


def test_the_header_counts_what_follows() -> None:
    rows = table(trc_text(posed(), "set.trc"))
    assert rows[0] == ["PathFileType", "4", "(X/Y/Z)", "set.trc"]
    facts = dict(zip(rows[1], rows[2], strict=True))
    assert facts["NumFrames"] == facts["OrigNumFrames"] == "10"
    assert facts["NumMarkers"] == str(LANDMARK_COUNT)
    assert facts["Units"] == "mm"
    assert facts["DataRate"] == "25.00"
    assert len(rows) == 6 + 10
    assert rows[4][2:5] == ["X1", "Y1", "Z1"]
    assert rows[4][-1] == f"Z{LANDMARK_COUNT}"
    assert all(len(row) == 2 + 3 * LANDMARK_COUNT for row in [rows[3], rows[4], *rows[6:]])


def test_markers_are_named_after_the_lifters_own_sides() -> None:
    assert len(set(MARKERS)) == LANDMARK_COUNT
    assert {"left_hip", "right_foot_index", "nose"} <= set(MARKERS)


def test_positions_are_millimetres_up_forward_and_right() -> None:
    # In the model's axes y points down and z away from the camera.
    text = trc_text(posed(RIGHT_HIP=(0.1, -0.8, -0.2)))
    assert marker(text, "right_hip") == [100.0, 800.0, 200.0]


def test_a_lifter_who_faces_left_is_turned_round() -> None:
    text = trc_text(posed(RIGHT_HIP=(0.1, -0.8, -0.2)), forward=-1)
    assert marker(text, "right_hip") == [-100.0, 800.0, -200.0]


def test_the_ankles_stand_still() -> None:
    feet = posed(LEFT_ANKLE=(0.0, 0.7, 0.1), RIGHT_ANKLE=(0.2, 0.9, -0.1))
    text = trc_text(feet)
    middle = np.mean([marker(text, "left_ankle"), marker(text, "right_ankle")], axis=0)
    assert middle == pytest.approx([0.0, 0.0, 0.0])


def test_times_come_from_the_frames_and_not_from_the_rate() -> None:
    poses = posed()
    time_s = poses.time_s.copy()
    time_s[7:] += 0.5
    rows = table(trc_text(replace(poses, time_s=time_s)))
    assert [float(row[1]) for row in rows[6:]] == pytest.approx(list(time_s), abs=1e-6)
    assert rows[2][0] == "25.00"


def test_what_was_not_seen_is_an_empty_cell() -> None:
    poses = posed()
    world = poses.world_m.copy()
    world[3, Landmark.NOSE] = np.nan
    rows = table(trc_text(replace(poses, world_m=world)))
    column = rows[3].index("nose")
    assert rows[6 + 3][column : column + 3] == ["", "", ""]
    assert "nan" not in "\n".join("\t".join(row) for row in rows)


def test_a_name_cannot_break_the_header() -> None:
    assert table(trc_text(posed(), "a\tb\nc.trc"))[0] == ["PathFileType", "4", "(X/Y/Z)", "a b c.trc"]
