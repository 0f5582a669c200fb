from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.mask_net import MASK_SHARE
from formcheck.motion.mask_net_weights import MASK_HINGE_DRIFT_DEG
from formcheck.motion.neutral import (
    HANGING_HANDS_MAX,
    HINGE_LEAN_DEG,
    SEAT_THIGH_DEG,
    STANDING_ARMS_MAX_DEG,
    STANDING_FRAMES_MIN,
    STANDING_LEAN_DEG,
    Baseline,
    Neutral,
    find_neutral,
    with_back_rounding,
)
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals, no_signals
from formcheck.motion.standing import UPRIGHT

NORMS = BLAZEPOSE.contour_norms
LEANS = np.array([-5.0, 0.0, 30.0, 60.0, 90.0])
HANGING = np.zeros(1)
"""Thighs of a lifter who does not sit down."""

LUMBAR = 0.7
"""Share of the bend of the contour that is lumbar in these tests."""


def _signals(
    bend_deg: Sequence[float], *, height: float = 1.0, lean_deg: float = 0.0, hand_height: float = 0.5
) -> Signals:
    """Frames of somebody who stands there with this bend of the contour."""
    frames = len(bend_deg)
    bend = np.array(bend_deg, dtype=float)
    return replace(
        no_signals(np.arange(frames) / 30),
        dorsal_bend_deg=bend,
        lower_bend_deg=LUMBAR * bend,
        upper_bend_deg=(1.0 - LUMBAR) * bend,
        bend_uncertainty_deg=np.full(frames, 2.0),
        shoulder_height=np.full(frames, height),
        trunk_lean_deg=np.full(frames, lean_deg),
        hip_flexion_deg=np.full(frames, lean_deg),
        hand_height=np.full(frames, hand_height),
    )


def _stand(bend_deg: float) -> Neutral:
    return find_neutral(_signals([bend_deg] * STANDING_FRAMES_MIN), ())


def _whole(neutral: Neutral, lean_deg: np.ndarray, thigh_deg: np.ndarray = HANGING) -> np.ndarray:
    return np.asarray(np.sum(neutral.at(lean_deg, thigh_deg), axis=0))


def _cycle(start: int, stop: int) -> Cycle:
    """A repetition whose bottom is at the first sample and that lasts to the second."""
    return Cycle(start, start, start, start, start, start, stop, stop, 0.3, 0.3)


def test_the_neutral_is_read_from_standing_frames_only() -> None:
    signals = _signals([-20.0] * STANDING_FRAMES_MIN + [15.0] * 20)
    low, bent = signals.shoulder_height.copy(), signals.trunk_lean_deg.copy()
    low[STANDING_FRAMES_MIN:] = UPRIGHT - 0.01
    bent[STANDING_FRAMES_MIN:] = STANDING_LEAN_DEG + 1.0
    assert _stand(-20.0).source == "standing"
    assert find_neutral(replace(signals, shoulder_height=low), ()) == _stand(-20.0)
    assert find_neutral(replace(signals, trunk_lean_deg=bent), ()) == _stand(-20.0)
    assert find_neutral(signals, ()) != _stand(-20.0)


def test_standing_with_a_load_in_the_hands_says_nothing() -> None:
    signals = _signals([-20.0] * STANDING_FRAMES_MIN + [-45.0] * 20)
    assert find_neutral(signals, [_cycle(STANDING_FRAMES_MIN, len(signals) - 1)]) == _stand(-20.0)
    assert find_neutral(signals, [_cycle(0, len(signals) - 1)]).source == "population"


def test_hands_held_high_carry_no_load_that_hides_the_hips() -> None:
    signals = _signals([-20.0] * 10, hand_height=HANGING_HANDS_MAX + 0.01)
    assert find_neutral(signals, [_cycle(0, 9)]).source == "standing"
    hangs = replace(signals, hand_height=np.full(10, HANGING_HANDS_MAX))
    assert find_neutral(hangs, [_cycle(0, 9)]).source == "population"
    unseen = replace(signals, hand_height=np.full(10, np.nan))
    assert find_neutral(unseen, [_cycle(0, 9)]).source == "standing"


def test_a_baseline_from_another_day_counts_where_nobody_stands_and_is_trusted_less() -> None:
    baseline = Baseline(-12.0, -6.0, uncertainty_deg=5.0)
    never_stands = _signals([-10.0] * 9, height=UPRIGHT - 0.1)
    brought = find_neutral(never_stands, (), baseline)
    seen = find_neutral(
        replace(_signals([-18.0] * 9), lower_bend_deg=np.full(9, -12.0), upper_bend_deg=np.full(9, -6.0)), ()
    )
    assert (brought.source, seen.source) == ("baseline", "standing")
    assert brought.standing_deg == seen.standing_deg == (-12.0, -6.0)
    population = find_neutral(never_stands, ())
    assert seen.uncertainty_deg < brought.uncertainty_deg < population.uncertainty_deg
    # What is seen today counts before what was seen another day.
    assert find_neutral(_signals([-18.0] * 9), (), baseline) == find_neutral(_signals([-18.0] * 9), ())


@pytest.mark.parametrize("bend_deg", [-40.0, -18.0, -5.0])
def test_standing_the_neutral_is_the_lifters_own_stand(bend_deg: float) -> None:
    assert _whole(_stand(bend_deg), np.array([0.0, HINGE_LEAN_DEG[0]])) == pytest.approx(bend_deg)


def test_a_hinge_takes_the_hollow_out_of_the_neutral() -> None:
    neutral = _stand(-18.0)
    along = _whole(neutral, LEANS)
    assert (np.diff(along) >= 0).all()
    assert along[0] < along[-1]
    assert _whole(neutral, np.array([HINGE_LEAN_DEG[1], 90.0])) == pytest.approx(sum(neutral.hinge_deg))
    assert np.isnan(neutral.at(np.array([np.nan]), HANGING)).all()


def test_the_hinge_of_a_known_stand_lies_between_its_own_release_and_the_usual_hinge() -> None:
    for bend_deg in (-45.0, -10.0):
        neutral = _stand(bend_deg)
        released = bend_deg + sum(NORMS.release_deg) + sum(NORMS.hinge_drift_deg)
        low, high = sorted((released, sum(NORMS.hinge_deg)))
        assert low < sum(neutral.hinge_deg) < high
        # Two sources together are surer than the surer one.
        assert neutral.uncertainty_deg < NORMS.hinge_spread_deg


def test_thighs_that_come_up_to_level_bend_the_contour() -> None:
    thighs = np.array([-30.0, 0.0, SEAT_THIGH_DEG[0], np.mean(SEAT_THIGH_DEG), SEAT_THIGH_DEG[1], 110.0])
    along = _whole(_stand(-18.0), np.zeros(1), thighs)
    assert along[:3] == pytest.approx(-18.0)
    assert along[3] == pytest.approx(-18.0 + sum(NORMS.seat_drift_deg) / 2)
    assert along[4] == along[5] == pytest.approx(-18.0 + sum(NORMS.seat_drift_deg))
    # Thighs that were not seen are not held against the back.
    assert _whole(_stand(-18.0), np.zeros(1), np.array([np.nan])) == pytest.approx(-18.0)


def test_who_stands_hollower_never_has_a_rounder_neutral() -> None:
    levels = [_whole(_stand(bend_deg), LEANS) for bend_deg in (-55.0, -40.0, -15.0, 0.0)]
    for hollow, flat in itertools.pairwise(levels):
        assert (hollow < flat).all()


@settings(max_examples=50, deadline=None)
@given(st.floats(-50, 60), st.floats(-10, 100), st.floats(-50, 10))
def test_rounding_is_zero_at_the_neutral_and_grows_with_the_bend(more: float, lean: float, level: float) -> None:
    neutral = _stand(level)
    lower, upper = (float(part[0]) for part in neutral.at(np.array([lean]), HANGING))
    signals = replace(
        _signals([lower + upper, lower + upper + more], lean_deg=lean),
        lower_bend_deg=np.array([lower, lower + more]),
        upper_bend_deg=np.array([upper, upper]),
    )
    found = with_back_rounding(signals, neutral)
    assert found.back_rounding_deg == pytest.approx([0.0, more], abs=1e-9)
    assert found.lower_rounding_deg == pytest.approx([0.0, more], abs=1e-9)
    assert found.upper_rounding_deg == pytest.approx([0.0, 0.0], abs=1e-9)
    assert (found.back_rounding_uncertainty_deg >= neutral.uncertainty_deg).all()


def test_flexion_counts_from_standing_and_is_missing_where_standing_is_not_known() -> None:
    signals = _signals([-18.0, 22.0])
    flexion = with_back_rounding(signals, _stand(-18.0)).spine_flexion_deg
    assert flexion == pytest.approx([0.0, 40.0])
    hinged = with_back_rounding(replace(signals, trunk_lean_deg=np.full(2, 80.0)), _stand(-18.0)).spine_flexion_deg
    assert hinged == pytest.approx(flexion - sum(NORMS.hinge_drift_deg) * np.ones(2))
    assert np.isnan(with_back_rounding(signals, find_neutral(no_signals(np.arange(3.0)), ())).spine_flexion_deg).all()


def test_the_mask_has_its_share_in_flexion_and_in_nothing_else() -> None:
    """Whoever stands reads 7 in the mask and -18 in the contour, and then 47 and 2."""
    stood = replace(
        _signals([-18.0] * STANDING_FRAMES_MIN), mask_flexion_deg=np.array([7.0] * (STANDING_FRAMES_MIN - 1) + [np.nan])
    )
    few = find_neutral(stood, ())
    enough = find_neutral(replace(stood, mask_flexion_deg=np.full(STANDING_FRAMES_MIN, 7.0)), ())
    assert few == _stand(-18.0)
    bent = replace(_signals([2.0, 2.0, 2.0]), mask_flexion_deg=np.array([47.0, 7.0, np.nan]))
    with_mask, without = (with_back_rounding(bent, neutral) for neutral in (enough, few))
    by_mask = np.array([40.0, 0.0, np.nan])
    assert with_mask.spine_flexion_deg == pytest.approx((1 - MASK_SHARE) * 20.0 + MASK_SHARE * by_mask, nan_ok=True)
    assert without.spine_flexion_deg == pytest.approx([20.0, 20.0, 20.0])
    assert with_mask.back_rounding_deg.tolist() == without.back_rounding_deg.tolist()
    assert np.isfinite(with_mask.mask_flexion_deg).tolist() == [True, True, False]
    assert np.isnan(without.mask_flexion_deg).all()


def test_what_the_network_gains_in_a_hinge_is_taken_off() -> None:
    neutral = find_neutral(
        replace(_signals([-18.0] * STANDING_FRAMES_MIN), mask_flexion_deg=np.full(STANDING_FRAMES_MIN, 7.0)), ()
    )
    upright = replace(_signals([-18.0]), mask_flexion_deg=np.array([7.0]))
    hinged = replace(upright, trunk_lean_deg=np.full(1, 80.0))
    drift_deg = (1 - MASK_SHARE) * sum(NORMS.hinge_drift_deg) + MASK_SHARE * sum(MASK_HINGE_DRIFT_DEG)
    assert with_back_rounding(upright, neutral).spine_flexion_deg == pytest.approx([0.0])
    assert with_back_rounding(hinged, neutral).spine_flexion_deg == pytest.approx([-drift_deg])


def test_where_the_bend_is_missing_rounding_and_its_uncertainty_are() -> None:
    signals = with_back_rounding(_signals([-18.0, np.nan, -18.0]), _stand(-18.0))
    assert np.isnan(signals.back_rounding_deg).tolist() == [False, True, False]
    assert np.isnan(signals.spine_flexion_deg).tolist() == [False, True, False]
    assert np.isnan(signals.back_rounding_uncertainty_deg).tolist() == [False, True, False]


def test_one_wild_frame_does_not_move_the_neutral() -> None:
    assert find_neutral(_signals([-12.0] * 8 + [90.0]), ()) == find_neutral(_signals([-12.0] * 9), ())


def test_a_stand_with_raised_arms_is_no_neutral() -> None:
    """Arms that are stretched overhead hollow the back."""
    signals = _signals([-37.0] * 20 + [-12.0] * 9)
    arms = np.where(np.arange(len(signals)) < 20, STANDING_ARMS_MAX_DEG + 1.0, STANDING_ARMS_MAX_DEG - 1.0)
    assert find_neutral(replace(signals, upper_arm_angle_deg=arms), ()) == _stand(-12.0)
    only_raised = replace(signals, upper_arm_angle_deg=np.full(len(signals), 170.0))
    assert find_neutral(only_raised, ()).source == "population"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "signals",
    [
        no_signals(np.zeros(0)),
        no_signals(np.arange(9.0)),
        _signals([-10.0] * 9, height=UPRIGHT - 0.1),
        _signals([-10.0] * (STANDING_FRAMES_MIN - 1) + [np.nan] * 9),
        _signals([BLAZEPOSE.contour_norms.standing_range_deg[0] - 1.0] * 9),
        _signals([BLAZEPOSE.contour_norms.standing_range_deg[1] + 1.0] * 9),
    ],
    ids=["no frames", "not measured", "never stands", "too few", "no such hollow", "no such hump"],
)
def test_without_a_stand_the_population_speaks_with_more_doubt(signals: Signals) -> None:
    neutral = find_neutral(signals, ())
    assert neutral.source == "population"
    assert neutral.standing_deg == NORMS.standing_deg
    assert neutral.uncertainty_deg > _stand(-10.0).uncertainty_deg
