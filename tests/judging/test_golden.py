"""Whole reports against stored ones; see conftest.py for how to write them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from formcheck.judging.analysis import analyze
from tests.helpers.golden import GOLDEN, LAST_DIGIT, TOLERANCES, differences, tolerance, unit_of
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
    assert list(differences(result, golden(name, result), name)) == []


# --- the comparison can fail -------------------------------------------------------------------------------------


def _stored(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return kept


def _numbers(node: Any) -> Iterator[tuple[Any, Any, float]]:
    """Every number in a report: the dict or list that holds it, its key or index there, and itself."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, (dict, list)):
            yield from _numbers(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield node, key, value


def _passes_with(changed: Any, kept: Any, holder: Any, key: Any, number: float) -> bool:
    """Whether the comparison lets the report pass with this one number in it."""
    before = holder[key]
    holder[key] = number
    passed = next(differences(changed, kept), None) is None
    holder[key] = before
    return passed


@pytest.mark.parametrize("name", SETS)
def test_no_number_may_turn_to_zero(name: str) -> None:
    kept, changed = _stored(name), _stored(name)
    numbers = [
        (holder, key, value) for holder, key, value in _numbers(changed) if abs(value) > max(LAST_DIGIT.values())
    ]
    assert len(numbers) > 500
    unnoticed = [(key, value) for holder, key, value in numbers if _passes_with(changed, kept, holder, key, 0.0)]
    assert unnoticed == []


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_every_number_is_compared_within_the_tolerance_of_its_unit(name: str, sign: float) -> None:
    kept, changed = _stored(name), _stored(name)
    widest = 1.01 * max(TOLERANCES.values())
    unnoticed = [
        (key, value)
        for holder, key, value in _numbers(changed)
        if _passes_with(changed, kept, holder, key, value + sign * widest)
    ]
    assert unnoticed == []


def test_every_number_counts_among_two_thousand() -> None:
    assert sum(len(list(_numbers(_stored(name)))) for name in SETS) > 2000


@pytest.mark.parametrize("name", SETS)
def test_the_stored_report_itself_passes(name: str) -> None:
    assert list(differences(_stored(name), _stored(name))) == []


@pytest.mark.parametrize(
    ("field", "symbol", "unit"),
    [
        ("back_rounding_deg", None, "deg"),
        ("start_s", None, "s"),
        ("tempo_s", None, "s"),
        ("mean_velocity_heights_per_s", None, "ratio"),
        ("depth_thighs", None, "ratio"),
        ("velocity_loss", None, "ratio"),
        ("value", "°", "deg"),
        ("value", "deg", "deg"),
        ("value", "thigh lengths", "ratio"),
        ("value", "", "ratio"),
    ],
)
def test_units_come_from_the_name_or_the_symbol(field: str, symbol: str | None, unit: str) -> None:
    assert unit_of(field, symbol) == unit


def test_a_tolerance_is_never_wider_than_half_of_the_number() -> None:
    assert tolerance(50.0, "deg") == 0.25
    assert tolerance(-0.4, "deg") == 0.2
    assert tolerance(0.0001, "ratio") == LAST_DIGIT["ratio"]
    assert tolerance(0.0, "s") == TOLERANCES["s"]


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"b": 2, "a": 1}, {"a": 1, "b": 2}),
        ({"a": [1.0]}, {"a": [1.0, 2.0]}),
        ({"a": None}, {"a": 1.0}),
        ({"a": 1.0}, {"a": None}),
        ({"a": True}, {"a": 1.0}),
        ({"a": "fine"}, {"a": "fault"}),
        ({"a": 2}, {"a": 1}),
        ({"limit": 20.1}, {"limit": 20.0}),
        ({"a": float("nan")}, {"a": 1.0}),
        ({"a": 1.0}, {"a": [1.0]}),
    ],
)
def test_anything_else_must_be_the_same(result: object, kept: object) -> None:
    assert list(differences(result, kept))
