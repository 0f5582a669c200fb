from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formcheck.core.poses import PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.motion import calibration
from formcheck.motion.calibration import BLAZEPOSE, CALIBRATIONS, DEFAULT, calibration_of
from formcheck.motion.network_calibration import WITH_NETWORKS
from formcheck.motion.signals import Signals, compute_signals
from formcheck.motion.view import view_of
from tests.helpers.synthetic_lifter import Camera, deadlift, film, standing_still

OTHER = "another model"


def _made_by_another(monkeypatch: pytest.MonkeyPatch, poses: PoseSequence, **habits: Any) -> PoseSequence:
    """The same poses as if a model with these habits had made them."""
    record = replace(BLAZEPOSE, **habits)
    monkeypatch.setattr(calibration, "CALIBRATIONS", {**CALIBRATIONS, OTHER: record})
    return replace(poses, model=OTHER)


def _signals(poses: PoseSequence) -> Signals:
    return compute_signals(poses)


def test_the_record_is_that_of_the_model_or_the_default() -> None:
    assert calibration_of("full") is BLAZEPOSE
    assert WITH_NETWORKS not in CALIBRATIONS.values()
    for unknown in ("", "my-own.task", "synthetic"):
        assert calibration_of(unknown) is DEFAULT


def test_poses_of_a_model_without_a_record_are_read_as_by_default() -> None:
    poses = film(deadlift(1))
    known, own = (_signals(replace(poses, model=name)).columns() for name in ("synthetic", "my-own.task"))
    for name, values in known.items():
        np.testing.assert_array_equal(own[name], values, err_msg=name)


def test_the_yaw_bias_of_the_model_is_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    poses = film(standing_still(1.0), Camera(12.0))
    for bias_deg in (0.0, 5.0):
        own = _made_by_another(monkeypatch, poses, yaw_bias_deg=bias_deg)
        expected = 12.0 - bias_deg * np.cos(np.radians(12.0))
        assert view_of(own).yaw_deg == pytest.approx(expected, abs=1e-6)
        assert _signals(own).yaw_deg == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("joint", ["hip", "knee"])
def test_flexion_grows_by_the_gain_of_the_model(monkeypatch: pytest.MonkeyPatch, joint: str) -> None:
    poses = film(deadlift(1))
    gain, column = f"{joint}_flexion_gain", f"{joint}_flexion_deg"
    expected = _signals(poses).columns()[column] / getattr(BLAZEPOSE, gain)
    found = _signals(_made_by_another(monkeypatch, poses, **{gain: 1.0})).columns()[column]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("limit", "column"),
    [("arm_visibility_min", "elbow_flexion_deg"), ("foot_visibility_min", "heel_height")],
)
def test_a_limb_is_measured_from_the_visibility_on_that_the_model_asks_for(
    monkeypatch: pytest.MonkeyPatch, limit: str, column: str
) -> None:
    poses = film(deadlift(1))
    score = float(poses.visibility[0, 0])
    for needed, measured in ((score - 0.01, True), (score + 0.01, False)):
        values = _signals(_made_by_another(monkeypatch, poses, **{limit: needed})).columns()[column]
        assert bool(np.isfinite(values).any()) is measured


def test_the_contour_is_read_with_the_weights_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    poses = film(deadlift(1, rounding_deg=25.0))
    doubled = tuple(2.0 * weight for weight in BLAZEPOSE.lower_weights)
    own = _signals(_made_by_another(monkeypatch, poses, lower_weights=doubled))
    once = _signals(poses)
    measured = np.isfinite(once.lower_bend_deg) & np.isfinite(own.lower_bend_deg)
    assert measured.any()
    np.testing.assert_allclose(own.lower_bend_deg[measured], 2.0 * once.lower_bend_deg[measured], atol=1e-6)


def test_an_edge_is_as_sharp_as_the_model_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    poses = film(deadlift(1))
    sharpness = float(poses.contour_sharpness[0, 0, 40])
    soft = _made_by_another(monkeypatch, poses, sharpness_none=sharpness + 0.01, sharpness_good=sharpness + 0.1)
    assert np.isfinite(_signals(poses).dorsal_bend_deg).any()
    assert not np.isfinite(_signals(soft).dorsal_bend_deg).any()


def test_lifters_who_never_stand_are_compared_with_the_norms_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = replace(BLAZEPOSE.contour_norms, standing_deg=(-1.0, -2.0), hinge_deg=(3.0, 4.0))
    poses = film(deadlift(1))
    hinged = poses.part(slice(len(poses) // 3, len(poses) // 2))
    back = analyze(_made_by_another(monkeypatch, hinged, contour_norms=norms), "deadlift").back
    assert back is not None
    assert (back.source, back.standing_deg, back.hinge_deg) == ("population", (-1.0, -2.0), (3.0, 4.0))


def test_networks_that_are_not_in_use_are_not_loaded() -> None:
    code = "import sys, formcheck.service.api, formcheck.judging.analysis; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "formcheck.motion.spine" in done.stdout.split()
    assert "formcheck.motion.contour_net_weights" not in done.stdout.split()
