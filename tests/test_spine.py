from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_lifter import (
    BACK_DEPTH,
    FRONT_DEPTH,
    Camera,
    arc_profile,
    contour_of,
    empty_poses,
    film,
    standing_still,
    through,
)
from synthetic_lifter import Posture as P

from formcheck.landmarks import left_right
from formcheck.motion.spine import (
    EDGES_NEEDED,
    FIT_FROM,
    FIT_TO,
    FRONT_YAW_MAX_DEG,
    QUALITY_MIN,
    REAR_YAW_MAX_DEG,
    DorsalBend,
    back_can_be_seen,
    dorsal_bend,
    dorsal_distances,
)
from formcheck.poses import CONTOUR_STATIONS, PoseSequence, contour_stations

STATIONS = contour_stations()
INSIDE = (STATIONS >= FIT_FROM) & (STATIONS <= FIT_TO)


def _with_back(profile: np.ndarray, *, forward: int = 1, trunk_deg: float = 50.0, frames: int = 5) -> PoseSequence:
    """A lifter whose dorsal edge lies at the given distances (S,), in hip-shoulder lengths."""
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
@given(
    st.tuples(*(st.floats(-limit, limit) for limit in (0.3, 0.5, 0.6, 0.5))),
    st.sampled_from([1, -1]),
    st.floats(-20, 110),
)
def test_the_bend_of_a_cubic_is_exact(
    coefficients: tuple[float, float, float, float], forward: int, trunk_deg: float
) -> None:
    curve = np.polynomial.Polynomial(coefficients)
    # How far the edge is from the line does not matter, as long as it can be a back's.
    curve -= max(0.0, float(curve(STATIONS[INSIDE]).max()) - 0.4)
    bend = _bend(_with_back(curve(STATIONS), forward=forward, trunk_deg=trunk_deg), forward)
    tangent = np.degrees(np.arctan(curve.deriv()(np.array([FIT_FROM, (FIT_FROM + FIT_TO) / 2, FIT_TO]))))
    assert bend.lower_deg == pytest.approx(tangent[0] - tangent[1], abs=1e-4)
    assert bend.upper_deg == pytest.approx(tangent[1] - tangent[2], abs=1e-4)
    assert bend.bend_deg == pytest.approx(tangent[0] - tangent[2], abs=1e-4)
    assert bend.uncertainty_deg == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("turn_deg", [-50.0, -25.0, -5.0, 0.0, 5.0, 25.0, 50.0])
def test_an_arc_reads_its_own_turning(turn_deg: float) -> None:
    bend = _bend(_with_back(BACK_DEPTH + arc_profile(turn_deg)))
    # A cubic cannot follow the ends of a deep arc quite.
    assert bend.bend_deg == pytest.approx(turn_deg, rel=0.08, abs=0.1)
    assert bend.lower_deg == pytest.approx(bend.upper_deg, abs=0.5)


def test_rounded_is_positive_and_hollow_negative_and_depth_does_not_matter() -> None:
    for depth in (0.1, 0.3):
        assert (_bend(_with_back(depth + arc_profile(30.0))).bend_deg > 25).all()
        assert (_bend(_with_back(depth + arc_profile(-30.0))).bend_deg < -25).all()
        assert _bend(_with_back(np.full(CONTOUR_STATIONS, depth))).bend_deg == pytest.approx(0.0, abs=1e-6)


def test_a_sloping_back_is_not_a_bent_one() -> None:
    # A straight edge that is not parallel to the hip-shoulder line: broad hips, narrow shoulders.
    assert _bend(_with_back(0.3 - 0.15 * STATIONS)).bend_deg == pytest.approx(0.0, abs=1e-6)


def test_bend_low_and_bend_high_are_told_apart() -> None:
    middle = (FIT_FROM + FIT_TO) / 2
    low = _bend(_with_back(BACK_DEPTH - 0.4 * np.maximum(middle - STATIONS, 0.0) ** 2))
    high = _bend(_with_back(BACK_DEPTH - 0.4 * np.maximum(STATIONS - middle, 0.0) ** 2))
    assert (low.lower_deg > 3 * np.abs(low.upper_deg)).all()
    assert (high.upper_deg > 3 * np.abs(high.lower_deg)).all()


def test_what_lies_outside_the_back_does_not_matter() -> None:
    clean = BACK_DEPTH + arc_profile(20.0)
    spoilt = np.where(INSIDE, clean, 0.9)
    assert _bend(_with_back(spoilt)).bend_deg == pytest.approx(_bend(_with_back(clean)).bend_deg)
    hidden = np.where(INSIDE, clean, np.nan)
    assert _bend(_with_back(hidden)).bend_deg == pytest.approx(_bend(_with_back(clean)).bend_deg)


def test_noise_on_the_edge_shows_in_uncertainty_and_quality() -> None:
    rng = np.random.default_rng(0)
    uncertainties, qualities, errors = [], [], []
    for noise in (0.0, 0.01, 0.04, 0.1):
        bends = [
            _bend(_with_back(BACK_DEPTH + arc_profile(20.0) + rng.normal(0, noise, CONTOUR_STATIONS), frames=1))
            for _ in range(20)
        ]
        uncertainties.append(float(np.mean([bend.uncertainty_deg[0] for bend in bends])))
        qualities.append(float(np.mean([bend.quality[0] for bend in bends])))
        errors.append(float(np.mean([abs(bend.bend_deg[0] - 20.0) for bend in bends])))
    assert uncertainties == sorted(uncertainties)
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[0] == pytest.approx(1.0)
    assert qualities[-1] < QUALITY_MIN
    assert errors[1] < 3 * uncertainties[1]


def _quality(sharpness: float, missing: int = 0) -> float:
    poses = _with_back(BACK_DEPTH + arc_profile(20.0))
    contour = poses.contour_px.copy()
    contour[:, 0, np.flatnonzero(INSIDE)[:missing]] = np.nan
    changed = replace(poses, contour_px=contour, contour_sharpness=np.full_like(poses.contour_sharpness, sharpness))
    return float(_bend(changed).quality[0])


def test_a_blurred_edge_has_little_quality() -> None:
    assert _quality(0.5) > QUALITY_MIN > _quality(0.005)
    assert _quality(0.0) == 0.0


def test_a_back_that_is_mostly_hidden_is_not_measured() -> None:
    count = int(INSIDE.sum())
    allowed = int((1 - EDGES_NEEDED) * count)
    assert _quality(0.5, missing=allowed) > QUALITY_MIN
    assert _quality(0.5, missing=allowed + 1) == 0.0
    assert _quality(0.5, missing=count) == 0.0


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
    assert back_can_be_seen(yaw).tolist() == [False, True, True, True, False, False]


def test_the_synthetic_arc_turns_by_what_it_says() -> None:
    fine = np.linspace(FIT_FROM, FIT_TO, 20001)
    for turn_deg in (-40.0, 10.0, 60.0):
        slope_deg = np.degrees(np.arctan(np.gradient(arc_profile(turn_deg, fine), fine)))
        assert slope_deg[1] - slope_deg[-2] == pytest.approx(turn_deg, abs=0.02)
    assert (arc_profile(0.0) == 0).all()
    assert film(standing_still(0.1)).contour_px.shape[1:] == (2, CONTOUR_STATIONS, 2)
