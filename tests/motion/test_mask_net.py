"""The network that reads flexion from masks: run by numpy, and what it has a say in."""

from dataclasses import replace

import numpy as np
import pytest

from formcheck.judging.analysis import analyze
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.cleaning import clean
from formcheck.motion.mask_net import CROP_SHAPE, MASK_SHARE, MaskNet
from formcheck.motion.mask_net_weights import NETWORK
from formcheck.motion.signals import compute_signals, with_mask
from formcheck.motion.spine_method import contour_method
from tests.helpers.synthetic_lifter import deadlift, film, mirrored, verdicts

RNG = np.random.default_rng(3)


def one_layer(kernel: np.ndarray, last: np.ndarray) -> MaskNet:
    """A network with one convolution, an inner layer that adds everything up, and these weights at its end."""
    inner = np.full((1, 6), 0.01)
    return MaskNet((kernel, inner, last), (np.zeros(1), np.zeros(1), np.zeros(2)), (0.0, 0.0))


def test_a_convolution_is_what_it_says() -> None:
    crop = RNG.integers(0, 256, (1, 4, 4)).astype(np.uint8)
    kernel = RNG.uniform(0.0, 1.0, (1, 1, 3, 3))
    padded = np.pad(crop[0] / 255.0, 1)
    by_hand = [(padded[y : y + 3, x : x + 3] * kernel[0, 0]).sum() for y in (0, 2) for x in (0, 2)]
    found = one_layer(kernel, np.array([[1.0], [10.0]])).read(crop, np.array([30.0]))
    level = np.tanh(0.01 * (sum(by_hand) + np.sin(np.pi / 6) + np.cos(np.pi / 6)))
    assert found == pytest.approx(np.array([[level, 10 * level]]), abs=1e-5)


def test_what_is_below_zero_does_not_count() -> None:
    net = one_layer(-np.ones((1, 1, 3, 3)), np.array([[1.0], [1.0]]))
    dark, bright = (net.read(np.full((1, 4, 4), grey, np.uint8), np.zeros(1)) for grey in (0, 255))
    assert dark == pytest.approx(bright)


def test_the_network_in_use_is_small_and_reads_the_same_one_by_one() -> None:
    crops, lean = RNG.integers(0, 256, (3, *CROP_SHAPE)).astype(np.uint8), np.array([0.0, 40.0, np.nan])
    together = NETWORK.read(crops, lean)
    alone = np.concatenate([NETWORK.read(crops[n : n + 1], lean[n : n + 1]) for n in range(3)])
    assert together == pytest.approx(alone, abs=1e-3)
    assert sum(each.size for each in (*NETWORK.weights, *NETWORK.biases)) < 50_000


LIFT = film(deadlift(2))
SHOWN = replace(LIFT, mask_flexion_deg=np.tile([[5.0, 5.0], [np.nan, np.nan]], (len(LIFT), 1, 1)))
"""Somebody facing image-right: the back is to the left, and the other side says nothing."""


@pytest.mark.parametrize("turned", [False, True])
def test_the_side_of_the_back_is_read_wherever_the_bend_is(turned: bool) -> None:
    poses = clean(mirrored(SHOWN) if turned else SHOWN).poses
    signals = compute_signals(poses)
    found = with_mask(signals, poses)
    assert np.isfinite(found.mask_flexion_deg).tolist() == np.isfinite(signals.dorsal_bend_deg).tolist()
    assert found.mask_flexion_deg[np.isfinite(found.mask_flexion_deg)] == pytest.approx(10.0)
    assert np.isnan(with_mask(signals, clean(LIFT).poses).mask_flexion_deg).all()


def test_a_mask_that_jumps_is_left_out_there() -> None:
    poses = clean(SHOWN).poses
    signals = compute_signals(poses)
    at = int(np.flatnonzero(np.isfinite(signals.dorsal_bend_deg))[40])
    jumpy = poses.mask_flexion_deg.copy()
    jumpy[at] += 60.0
    found = with_mask(signals, replace(poses, mask_flexion_deg=jumpy))
    assert np.isnan(found.mask_flexion_deg[at])
    assert found.mask_flexion_deg[np.isfinite(found.mask_flexion_deg)] == pytest.approx(10.0)


def test_masks_move_flexion_since_standing_and_no_verdict() -> None:
    plain, masked = analyze(LIFT), analyze(SHOWN)
    assert verdicts(masked) == verdicts(plain)
    for before, after in zip(plain.reps, masked.reps, strict=True):
        assert after.measures["back_rounding_deg"] == before.measures["back_rounding_deg"]
        # The mask says that nothing has bent.
        drift_deg = sum(NETWORK.drift_deg) * MASK_SHARE
        expected = (1 - MASK_SHARE) * before.measures["spine_flexion_deg"] - drift_deg
        assert after.measures["spine_flexion_deg"] == pytest.approx(expected, abs=0.5)


def test_another_way_of_reading_the_spine_has_no_mask_in_it() -> None:
    other = replace(contour_method(BLAZEPOSE), with_mask=False)
    found, plain = analyze(SHOWN, spine=other), analyze(LIFT)
    assert [rep.measures["spine_flexion_deg"] for rep in found.reps] == [
        rep.measures["spine_flexion_deg"] for rep in plain.reps
    ]
