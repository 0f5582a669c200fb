from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.core.landmarks import left_right
from formcheck.core.poses import CONTOUR_STATIONS, PoseSequence, contour_stations
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.spine import (
    BLURRED,
    BULGING,
    COVERED,
    EDGES_NEEDED,
    FRONT,
    FRONT_YAW_MAX_DEG,
    JUMP_MAX_DEG,
    JUMP_WITHIN_S,
    MEASURED,
    NO_EDGE,
    NOT_SEEN,
    QUALITY_MIN,
    RAGGED,
    REAR,
    REAR_YAW_MAX_DEG,
    REASONS,
    UPPER_HOLLOW_MAX_DEG,
    UPPER_THICKNESS_MAX,
    DorsalBend,
    back_can_be_seen,
    back_stations,
    dorsal_bend,
    dorsal_distances,
    station_weights,
    steady,
    view_gate,
)
from tests.helpers.synthetic_lifter import (
    ARC_FROM,
    ARC_TO,
    BACK_DEPTH,
    FRONT_DEPTH,
    Camera,
    arc_profile,
    bent_profile,
    contour_of,
    empty_poses,
    film,
    standing_still,
    through,
)
from tests.helpers.synthetic_lifter import Posture as P

STATIONS = contour_stations()
INSIDE = np.isin(STATIONS, back_stations())


def _with_back(profile: np.ndarray, *, forward: int = 1, trunk_deg: float = 50.0, frames: int = 5) -> PoseSequence:
    """A lifter whose dorsal edge is at the given distances (S,), in hip-shoulder lengths."""
    hinge = P(trunk_deg=trunk_deg, hip_deg=trunk_deg + 20.0, knee_deg=25.0)
    poses = film(through([(0.0, hinge), (frames / 30, hinge)]), Camera(forward=forward))
    back, front = (np.tile(values, (len(poses), 1)) for values in (profile, np.full(CONTOUR_STATIONS, FRONT_DEPTH)))
    middle = {joint: poses.image_px[:, list(left_right(joint)), :2].mean(axis=1) for joint in ("HIP", "SHOULDER")}
    sides = (back, front) if forward > 0 else (front, back)
    return replace(poses, contour_px=contour_of(middle["HIP"], middle["SHOULDER"], *sides))


def _bend(poses: PoseSequence, forward: int = 1) -> DorsalBend:
    return dorsal_bend(poses, np.full(len(poses), float(forward)))


@pytest.mark.parametrize("forward", [1, -1])
@pytest.mark.parametrize("trunk_deg", [-10.0, 0.0, 45.0, 90.0, 120.0])
def test_the_dorsal_edge_is_found_on_the_side_of_the_back(forward: int, trunk_deg: float) -> None:
    profile = BACK_DEPTH + 0.1 * np.sin(3 * STATIONS)
    poses = _with_back(profile, forward=forward, trunk_deg=trunk_deg)
    away, sharpness = dorsal_distances(poses, np.full(len(poses), float(forward)))
    np.testing.assert_allclose(away, np.tile(profile, (len(poses), 1)), atol=1e-9)
    assert sharpness.shape == away.shape
    belly, _ = dorsal_distances(poses, np.full(len(poses), -float(forward)))
    np.testing.assert_allclose(belly, FRONT_DEPTH, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(-30, 40), st.floats(-15, 30), st.sampled_from([1, -1]), st.floats(-20, 110))
def test_lumbar_and_thoracic_bend_are_read_from_the_contour_whoever_faces_where(
    lower_deg: float, upper_deg: float, forward: int, trunk_deg: float
) -> None:
    profile = 0.15 + bent_profile(np.array([[lower_deg, upper_deg]]))[0]
    bend = _bend(_with_back(profile, forward=forward, trunk_deg=trunk_deg), forward)
    assert bend.lower_deg == pytest.approx(lower_deg, abs=1e-4)
    assert bend.upper_deg == pytest.approx(upper_deg, abs=1e-4)
    assert bend.bend_deg == pytest.approx(lower_deg + upper_deg, abs=1e-4)
    assert bend.uncertainty_deg == pytest.approx(0.0, abs=1e-3)
    assert (bend.gate == MEASURED).all()


def test_the_bend_is_the_weighted_sum_of_the_distances() -> None:
    profile = BACK_DEPTH + arc_profile(25.0)
    by_hand = [float(weights @ profile[INSIDE]) for weights in station_weights(BLAZEPOSE)]
    bend = _bend(_with_back(profile))
    assert bend.lower_deg == pytest.approx(by_hand[0])
    assert bend.upper_deg == pytest.approx(by_hand[1])


def test_a_thicker_body_or_shirt_reads_the_same() -> None:
    assert len(BLAZEPOSE.lower_weights) == len(BLAZEPOSE.upper_weights)
    for weights in station_weights(BLAZEPOSE):
        assert weights.sum() == pytest.approx(0.0, abs=1e-9)
        assert np.abs(weights).max() > 1.0
    for bend_deg in (-20.0, 0.0, 30.0):
        thin, thick = (_bend(_with_back(depth + arc_profile(bend_deg))).bend_deg for depth in (0.1, 0.25))
        assert thin == pytest.approx(thick, abs=1e-6)


@pytest.mark.parametrize("depth", [0.1, 0.25])
def test_the_rounder_the_back_the_higher_it_reads(depth: float) -> None:
    levels = [float(_bend(_with_back(depth + arc_profile(turn))).bend_deg[0]) for turn in (-40, -20, 0, 20, 40, 60)]
    assert levels == sorted(levels)
    # An arc between hip and shoulder turns by about what the spine under it bends.
    assert np.diff(levels) == pytest.approx(20.0, rel=0.6)


def test_a_bulge_low_and_a_bulge_high_are_told_apart() -> None:
    def bulge(at: float) -> DorsalBend:
        return _bend(_with_back(BACK_DEPTH + 0.06 * np.exp(-0.5 * ((STATIONS - at) / 0.18) ** 2)))

    low, high = bulge(0.2), bulge(0.72)
    assert (low.lower_deg - low.upper_deg > 5.0).all()
    assert (high.upper_deg - high.lower_deg > 5.0).all()


def test_what_lies_outside_the_back_does_not_matter() -> None:
    clean = BACK_DEPTH + arc_profile(20.0)
    spoilt = np.where(INSIDE, clean, 0.9)
    assert _bend(_with_back(spoilt)).bend_deg == pytest.approx(_bend(_with_back(clean)).bend_deg)
    hidden = np.where(INSIDE, clean, np.nan)
    assert _bend(_with_back(hidden)).bend_deg == pytest.approx(_bend(_with_back(clean)).bend_deg)


def test_noise_on_the_edge_shows_in_uncertainty_and_quality() -> None:
    rng = np.random.default_rng(0)
    clean = BACK_DEPTH + arc_profile(20.0)
    true_deg = float(_bend(_with_back(clean)).bend_deg[0])
    uncertainties, qualities, errors = [], [], []
    for noise in (0.0, 0.01, 0.04, 0.1):
        bends = [_bend(_with_back(clean + rng.normal(0, noise, CONTOUR_STATIONS), frames=1)) for _ in range(20)]
        uncertainties.append(float(np.mean([bend.uncertainty_deg[0] for bend in bends])))
        qualities.append(float(np.mean([bend.quality[0] for bend in bends])))
        errors.append(float(np.mean([abs(bend.bend_deg[0] - true_deg) for bend in bends])))
    assert uncertainties == sorted(uncertainties)
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[0] == pytest.approx(1.0)
    assert qualities[-1] < QUALITY_MIN
    assert errors[1] < 2 * uncertainties[1]


def _gate(profile: np.ndarray, sharpness: float = 0.5, missing: int = 0) -> int:
    poses = _with_back(profile)
    contour = poses.contour_px.copy()
    contour[:, 0, np.flatnonzero(INSIDE)[:missing]] = np.nan
    changed = replace(poses, contour_px=contour, contour_sharpness=np.full_like(poses.contour_sharpness, sharpness))
    bend = _bend(changed)
    assert ((bend.quality >= QUALITY_MIN) == (bend.gate == MEASURED)).all()
    return int(bend.gate[0])


CLEAN = BACK_DEPTH + arc_profile(20.0)


def test_a_blurred_edge_is_not_measured() -> None:
    none, good = BLAZEPOSE.sharpness_none, BLAZEPOSE.sharpness_good
    limit = none + QUALITY_MIN * (good - none)
    assert _gate(CLEAN, sharpness=limit + 0.005) == MEASURED
    assert _gate(CLEAN, sharpness=limit - 0.005) == BLURRED


def test_a_back_that_is_mostly_hidden_is_not_measured() -> None:
    allowed = int((1 - EDGES_NEEDED) * INSIDE.sum())
    assert _gate(CLEAN, missing=allowed) == MEASURED
    assert _gate(CLEAN, missing=allowed + 1) == NO_EDGE
    assert _gate(CLEAN, missing=int(INSIDE.sum())) == NOT_SEEN


def test_what_stands_off_behind_the_shoulders_covers_the_back() -> None:
    within, beyond = (UPPER_THICKNESS_MAX + off + 0.0 * STATIONS for off in (-0.02, 0.02))
    assert _gate(within) == MEASURED
    assert _gate(beyond) == COVERED
    assert _gate(np.where(STATIONS > 0.9, UPPER_THICKNESS_MAX + 0.02, BACK_DEPTH)) == COVERED


def test_a_bar_on_the_shoulders_makes_an_upper_back_that_nobody_has() -> None:
    for upper_deg, expected in ((UPPER_HOLLOW_MAX_DEG + 1.0, MEASURED), (UPPER_HOLLOW_MAX_DEG - 1.0, COVERED)):
        assert _gate(BACK_DEPTH + bent_profile(np.array([[-10.0, upper_deg]]))[0]) == expected


def test_a_zigzag_is_too_ragged_and_a_hump_bulges() -> None:
    zigzag = CLEAN + 0.08 * np.sign(np.sin(40 * STATIONS))
    assert _gate(zigzag) == RAGGED
    assert _gate(CLEAN + 0.35 * ((STATIONS > 0.35) & (STATIONS < 0.55))) == BULGING


def test_a_narrow_fold_is_left_out_and_hardly_moves_the_reading() -> None:
    fold = CLEAN + 0.08 * ((STATIONS > 0.4) & (STATIONS < 0.46))
    assert _gate(fold) == MEASURED
    assert _bend(_with_back(fold)).bend_deg == pytest.approx(_bend(_with_back(CLEAN)).bend_deg, abs=3.0)


def test_every_gate_has_a_reason_in_words() -> None:
    assert sorted(REASONS) == list(range(1, len(REASONS) + 1))
    assert len(set(REASONS.values())) == len(REASONS)


@given(st.lists(st.tuples(st.sampled_from([0.013, 0.04, 0.11, 0.6]), st.sampled_from([0.0, 9.0, 30.0, np.nan]))))
def test_a_bend_is_compared_with_its_own_third_of_a_second(samples: list[tuple[float, float]]) -> None:
    time_s = np.cumsum([step_s for step_s, _ in samples])
    bend_deg = np.array([value for _, value in samples])
    for frame, found in enumerate(steady(time_s, bend_deg)):
        near = bend_deg[np.abs(time_s - time_s[frame]) <= JUMP_WITHIN_S / 2]
        near = near[np.isfinite(near)]
        off = len(near) > 0 and abs(bend_deg[frame] - np.median(near)) > JUMP_MAX_DEG
        assert bool(found) is not off


def test_a_jump_from_frame_to_frame_is_unsteady() -> None:
    time_s = np.arange(30) / 30
    bend_deg = np.linspace(0.0, 30.0, 30)
    assert steady(time_s, bend_deg).all()
    jumped = bend_deg.copy()
    jumped[10] += JUMP_MAX_DEG + 2.0
    assert np.flatnonzero(~steady(time_s, jumped)).tolist() == [10]
    assert steady(time_s, np.where(np.arange(30) == 10, np.nan, bend_deg)).all()
    # A back that moves as a whole is one that moves.
    assert steady(time_s, np.where(time_s > 0.5 * JUMP_WITHIN_S, 60.0, 0.0)).sum() >= 28


@pytest.mark.filterwarnings("error")
def test_frames_without_a_back_are_missing_and_do_not_disturb_the_others() -> None:
    poses = _with_back(BACK_DEPTH + arc_profile(20.0), frames=6)
    contour = poses.contour_px.copy()
    contour[2:4] = np.nan
    bend = _bend(replace(poses, contour_px=contour))
    assert np.flatnonzero(np.isnan(bend.bend_deg)).tolist() == [2, 3]
    assert bend.quality[[2, 3]].tolist() == [0, 0]
    assert bend.bend_deg[[0, 1, 4, 5]] == pytest.approx(_bend(poses).bend_deg[0])
    nobody = _bend(empty_poses(3))
    assert np.isnan(nobody.bend_deg).all()
    assert (nobody.quality == 0).all()


def test_the_back_can_be_seen_between_both_limits() -> None:
    yaw = np.array([REAR_YAW_MAX_DEG - 0.1, REAR_YAW_MAX_DEG, 0.0, FRONT_YAW_MAX_DEG, FRONT_YAW_MAX_DEG + 0.1, np.nan])
    assert view_gate(yaw).tolist() == [REAR, MEASURED, MEASURED, MEASURED, FRONT, NOT_SEEN]
    assert back_can_be_seen(yaw).tolist() == [False, True, True, True, False, False]


def test_the_synthetic_arc_turns_by_what_it_says() -> None:
    fine = np.linspace(ARC_FROM, ARC_TO, 20001)
    for turn_deg in (-40.0, 10.0, 60.0):
        slope_deg = np.degrees(np.arctan(np.gradient(arc_profile(turn_deg, fine), fine)))
        assert slope_deg[1] - slope_deg[-2] == pytest.approx(turn_deg, abs=0.02)
    assert (arc_profile(0.0) == 0).all()
    assert film(standing_still(0.1)).contour_px.shape[1:] == (2, CONTOUR_STATIONS, 2)
