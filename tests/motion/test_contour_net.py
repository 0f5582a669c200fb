"""The networks that read the spine from the shape of the dorsal contour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.poses import FloatArray, contour_stations
from formcheck.motion import calibration
from formcheck.motion.contour_net import (
    DEG,
    NEAREST,
    OUTPUTS,
    SHAPE_DEGREE,
    SHAPE_FROM,
    SHAPE_TO,
    ContourNet,
    contour_shape,
    packed,
    unpacked,
)
from formcheck.motion.contour_net_weights import NETWORKS
from formcheck.motion.network_calibration import WITH_NETWORKS
from formcheck.motion.spine import MEASURED, dorsal_bend, dorsal_distances
from tests.helpers.synthetic_lifter import deadlift, film

STATIONS = contour_stations()


def _bulge(size: float, middle: float = 0.45) -> FloatArray:
    """A back (1, S) that stands out by so much (hip-shoulder lengths) in its middle."""
    return np.asarray(0.2 + size * np.clip(1.0 - ((STATIONS - middle) / 0.55) ** 2, 0.0, 1.0))[None]


def _one_member() -> ContourNet:
    """A network of one member with weights that can be followed by hand."""
    rng = np.random.default_rng(0)
    shapes = ((SHAPE_DEGREE, 3), (3, 2), (2, OUTPUTS))
    weights = tuple(rng.normal(size=(1, *shape)) for shape in shapes)
    biases = tuple(rng.normal(size=(1, shape[1])) for shape in shapes)
    return ContourNet(np.zeros(SHAPE_DEGREE), np.ones(SHAPE_DEGREE), weights, biases)  # type: ignore[arg-type]


def test_a_network_is_two_layers_of_tangents_and_a_sum() -> None:
    net = _one_member()
    shape = np.linspace(-1, 1, SHAPE_DEGREE)[None]
    (first, second, last), (a, b, c) = ([each[0] for each in group] for group in (net.weights, net.biases))
    expected = np.tanh(np.tanh(shape @ first + a) @ second + b) @ last + c
    found = net.read(shape)
    assert found.lower_deg[0] == pytest.approx(DEG * expected[0, 0])
    assert found.upper_deg[0] == pytest.approx(DEG * expected[0, 1])
    assert found.change_error_deg[0] == pytest.approx(DEG * np.exp(np.clip(expected[0, 2], -3, 2)))
    assert found.error_deg[0] == pytest.approx(DEG * np.exp(np.clip(expected[0, 3], -3, 2)))


def test_members_are_averaged() -> None:
    net = _one_member()
    weights, biases = (tuple(np.concatenate([each, 0 * each]) for each in part) for part in (net.weights, net.biases))
    both = ContourNet(net.centre, net.spread, weights, biases)  # type: ignore[arg-type]
    shape = np.full((1, SHAPE_DEGREE), 0.3)
    assert both.read(shape).lower_deg[0] == pytest.approx(net.read(shape).lower_deg[0] / 2)


def test_errors_are_scaled_and_bends_are_not() -> None:
    net, shape = _one_member(), np.full((1, SHAPE_DEGREE), 0.3)
    twice = replace(net, error_scale=2.0).read(shape)
    assert twice.error_deg[0] == pytest.approx(2 * net.read(shape).error_deg[0])
    assert twice.lower_deg[0] == net.read(shape).lower_deg[0]


def test_a_polynomial_is_told_by_its_own_coefficients() -> None:
    nodes = (STATIONS - SHAPE_FROM) / (SHAPE_TO - SHAPE_FROM) * 2.0 - 1.0
    edge = 0.2 + 0.07 * np.clip(nodes, -1, 1)
    expected = np.zeros(SHAPE_DEGREE)
    expected[0] = 0.07
    np.testing.assert_allclose(contour_shape(edge[None])[0], expected, atol=3e-3)


def test_how_far_out_the_edge_lies_does_not_matter() -> None:
    np.testing.assert_allclose(contour_shape(_bulge(0.1) + 0.15), contour_shape(_bulge(0.1)), atol=1e-9)


def test_gaps_are_bridged_and_a_frame_without_an_edge_is_not_measured() -> None:
    holes = np.repeat(_bulge(0.1), 2, axis=0)
    holes[0, 40:44] = np.nan
    holes[1] = np.nan
    shape = contour_shape(holes)
    np.testing.assert_allclose(shape[0], contour_shape(_bulge(0.1))[0], atol=2e-3)
    assert np.isnan(shape[1]).all()
    found = NETWORKS.read(shape)
    assert np.isfinite(found.lower_deg).tolist() == [True, False]
    assert np.isnan(found.error_deg[1])
    assert np.isfinite(holes[0]).sum() == len(STATIONS) - 4, "the distances themselves are left as they are"


def test_what_is_no_back_counts_as_its_limit() -> None:
    far, limit = _bulge(0.1), _bulge(0.1)
    far[0, 30], limit[0, 30] = -5.0, NEAREST
    np.testing.assert_array_equal(contour_shape(far), contour_shape(limit))


def test_a_back_that_bulges_more_reads_rounder() -> None:
    shapes = np.concatenate([contour_shape(_bulge(size)) for size in np.linspace(0.0, 0.12, 7)])
    found = NETWORKS.read(shapes)
    assert (np.diff(found.lower_deg + found.upper_deg) > 0).all()


def test_a_back_that_bulges_higher_is_rounder_above() -> None:
    low, high = (NETWORKS.read(contour_shape(_bulge(0.1, middle))) for middle in (0.35, 0.65))
    assert high.upper_deg[0] - high.lower_deg[0] > low.upper_deg[0] - low.lower_deg[0]


def test_numbers_come_back_from_text_in_half_precision() -> None:
    values = np.linspace(-3, 3, 12).reshape(3, 4)
    np.testing.assert_allclose(unpacked(packed(values), 3, 4), values, rtol=1e-3)


def test_with_networks_the_bend_is_the_mean_of_both_readings_and_the_gates_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration, "CALIBRATIONS", {"full": WITH_NETWORKS})
    poses = film(deadlift(1, rounding_deg=20.0))
    forward = np.ones(len(poses))
    weighted, both = (dorsal_bend(replace(poses, model=name), forward) for name in ("synthetic", "full"))
    assert WITH_NETWORKS.networks is NETWORKS
    alone = NETWORKS.read(contour_shape(dorsal_distances(poses, forward)[0]))
    np.testing.assert_allclose(both.lower_deg, (weighted.lower_deg + alone.lower_deg) / 2)
    np.testing.assert_allclose(both.upper_deg, (weighted.upper_deg + alone.upper_deg) / 2)
    np.testing.assert_allclose(both.bend_deg, both.lower_deg + both.upper_deg)
    np.testing.assert_array_equal(both.gate, weighted.gate)
    assert (both.gate == MEASURED).all()
