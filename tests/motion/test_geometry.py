from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formcheck.motion.geometry import distance, joint_flexion_deg, midpoint

JOINT = np.array([3.0, -2.0])


def _at(angle_deg: float, length: float = 1.0) -> np.ndarray:
    return JOINT + length * np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])


@pytest.mark.parametrize("flexion_deg", [0.0, 1.0, 45.0, 90.0, 135.0, 180.0])
@pytest.mark.parametrize("turn_deg", [0.0, 77.0, -160.0])
def test_flexion_is_zero_for_a_straight_limb_and_grows_as_it_bends(flexion_deg: float, turn_deg: float) -> None:
    flexion = joint_flexion_deg(_at(turn_deg), JOINT, _at(turn_deg + 180.0 - flexion_deg, 2.5))
    assert flexion == pytest.approx(flexion_deg, abs=1e-4)


def test_flexion_works_on_stacks_and_in_space() -> None:
    proximal = np.array([[[0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]]])
    distal = np.array([[[0.0, 0.0, -2.0]], [[0.0, 0.0, -2.0]]])
    flexion = joint_flexion_deg(proximal, np.zeros((2, 1, 3)), distal)
    assert flexion.shape == (2, 1)
    assert flexion[:, 0] == pytest.approx([0.0, 90.0])


@pytest.mark.filterwarnings("error")
def test_flexion_is_missing_where_a_point_is_missing_or_two_coincide() -> None:
    missing = np.full(2, np.nan)
    assert np.isnan(joint_flexion_deg(missing, JOINT, _at(0.0)))
    assert np.isnan(joint_flexion_deg(_at(0.0), JOINT, missing))
    assert np.isnan(joint_flexion_deg(JOINT, JOINT, _at(0.0)))


@given(st.floats(-180, 180), st.floats(-180, 180), st.floats(0.01, 1e4), st.floats(0.01, 1e4))
def test_flexion_does_not_depend_on_limb_lengths_or_direction(a: float, b: float, near: float, far: float) -> None:
    one = joint_flexion_deg(_at(a, near), JOINT, _at(b, far))
    other = joint_flexion_deg(_at(b, far), JOINT, _at(a, near))
    assert 0.0 <= one <= 180.0
    assert one == pytest.approx(other, abs=1e-4)
    assert one == pytest.approx(180.0 - abs((a - b + 180.0) % 360.0 - 180.0), abs=1e-2)


def test_distance_and_midpoint() -> None:
    a, b = np.array([[0.0, 0.0], [np.nan, 0.0]]), np.array([[3.0, 4.0], [1.0, 1.0]])
    assert distance(a, b)[0] == 5.0
    assert np.isnan(distance(a, b)[1])
    assert midpoint(a, b)[0].tolist() == [1.5, 2.0]
