"""Whole reports against stored ones; see conftest.py for how to write them anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from formcheck.judging.analysis import analyze
from tests.helpers.synthetic_lifter import Motion, deadlift, film, kettlebell_swing, squat

SETS = {
    "deadlift": deadlift(2, rounding_deg=50.0),
    "kettlebell-swing": kettlebell_swing(3, arm_bend_deg=60.0),
    "squat": squat(2, shallow_deg=30.0),
}


@pytest.mark.parametrize(("name", "motion"), SETS.items())
def test_a_report_stays_what_it_was(
    name: str, motion: Motion, golden: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> None:
    result = json.loads(json.dumps(analyze(film(motion, noise_px=1.0, seed=1)).to_dict()))
    del result["formcheck"]
    _assert_close(result, golden(name, result), name)


def _assert_close(result: object, kept: object, where: str) -> None:
    if isinstance(kept, dict):
        assert isinstance(result, dict)
        assert list(result) == list(kept), where
        for key in kept:
            _assert_close(result[key], kept[key], f"{where}.{key}")
    elif isinstance(kept, list):
        assert isinstance(result, list)
        assert len(result) == len(kept), where
        for index, (one, other) in enumerate(zip(result, kept, strict=True)):
            _assert_close(one, other, f"{where}[{index}]")
    elif isinstance(kept, float):
        # Filters and random numbers of other library versions may differ a little; a frame is 0.033 s.
        slack = 0.05 if where.endswith("_s") else 0.5
        assert result == pytest.approx(kept, rel=0.02, abs=slack), where
    else:
        assert result == kept, where
