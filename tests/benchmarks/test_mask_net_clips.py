"""How readings of the network on masks are put in the place of those of the contour."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.mask_net_clips import Level, Masks, areas, drifts, norms_from, reader
from formcheck.motion.calibration import DEFAULT
from formcheck.motion.cleaning import clean
from formcheck.motion.mask_net import MaskNet
from formcheck.motion.spine import dorsal_bend
from tests.helpers.synthetic_lifter import film, squat

NOT_SEEN = (float("nan"), float("nan"))


def constant(lower: float, upper: float) -> MaskNet:
    """A network that says the same of every mask."""
    return MaskNet(
        (np.zeros((1, 1, 3, 3)), np.zeros((1, 6)), np.zeros((2, 1))),
        (np.zeros(1), np.zeros(1), np.array([lower, upper])),
        (1.0, 2.0),
    )


def test_a_share_of_the_network_takes_the_place_of_the_sum_and_gates_stay() -> None:
    poses = clean(film(squat(1))).poses
    forward = np.ones(len(poses))
    masks = Masks(poses.time_s[:10], np.zeros((10, 4, 4), np.uint8))
    summed, half = dorsal_bend(poses, forward), reader(constant(8.0, 4.0), masks, 0.5)(poses, forward)
    near = poses.time_s <= poses.time_s[9]
    assert half.lower_deg[near] == pytest.approx(0.5 * summed.lower_deg[near] + 4.0, nan_ok=True)
    assert half.bend_deg[near] == pytest.approx(0.5 * summed.bend_deg[near] + 6.0, nan_ok=True)
    assert np.isnan(half.bend_deg[poses.time_s > poses.time_s[9] + 0.2]).all()
    assert (half.gate == summed.gate).all()
    assert reader(constant(8.0, 4.0), masks, 0.0)(poses, forward).bend_deg == pytest.approx(
        summed.bend_deg, nan_ok=True
    )


def test_the_usual_levels_move_with_the_reading() -> None:
    net = constant(0.0, 0.0)
    usual = Level("ann", "ann", "neutral", "deadlift", (-14.0, -3.0), ((7.0, 2.0), (9.0, 2.0)))
    other = replace(usual, standing_deg=(-10.0, -3.0), reps_deg=((12.0, 2.0), (14.0, 2.0)))
    far = replace(other, reps_deg=((99.0, 99.0),) * 2)
    drifted = drifts(0.0, net)
    rounded, squatted = replace(usual, spine="rounded", standing_deg=NOT_SEEN), replace(usual, exercise="squat")
    norms = norms_from([usual, rounded, squatted], [other, far, far], drifted)
    known = DEFAULT.contour_norms
    assert drifted == known
    assert norms.hinge_deg == pytest.approx((known.hinge_deg[0] + 5.0, known.hinge_deg[1]))
    assert norms.standing_deg == pytest.approx((known.standing_deg[0] + 4.0, known.standing_deg[1]))
    assert norms.release_deg == pytest.approx((known.release_deg[0] + 1.0, known.release_deg[1]))


def test_areas_are_by_clip_by_worst_rep_and_by_rep() -> None:
    clips = [("rounded", [20.0, 22.0]), ("neutral", [1.0, 2.0, 21.0]), ("mild", [0.0]), ("neutral", [float("nan")])]
    assert areas(clips, ("rounded",)) == pytest.approx((1.0, 1.0, 5 / 6))
    assert areas(clips, ("rounded", "mild"))[0] == pytest.approx(0.5)
