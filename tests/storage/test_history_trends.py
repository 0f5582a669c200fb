"""Numbers over saved sets, worked out by hand."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from formcheck.storage.history import SavedSet
from formcheck.storage.history.trends import QUANTITIES, compare, rep_numbers, sessions, set_numbers, trend

NOON = datetime(2026, 5, 4, 12).astimezone()
NAN = pytest.approx(math.nan, nan_ok=True)


def rep(index: int, rounding: float | None, up_s: float | None = 1.0, **changes: Any) -> dict[str, Any]:
    return {
        "index": index,
        "lift_off_s": 10.0,
        "lockout_s": None if up_s is None else 10.0 + up_s,
        "partial": False,
        "measures": {"back_rounding_deg": rounding, "depth_thighs": -0.1 * index},
        "findings": [{"check": "back-rounding", "title": "Back rounding", "verdict": "ok"}],
    } | changes


def saved(number: int = 1, reps: list[dict[str, Any]] | None = None, *, days: float = 0.0, **changes: Any) -> SavedSet:
    report = {
        "verdict": "good",
        "summary": "fine",
        "reps": [rep(1, 10.0)] if reps is None else reps,
        "findings": changes.pop("findings", []),
        **changes.pop("report", {}),
    }
    values: dict[str, Any] = {
        "id": number,
        "uid": f"{number:032x}",
        "saved_at": NOON + timedelta(days=400),
        "filmed_at": NOON + timedelta(days=days),
        "lifter": "Anna",
        "video_file": "set.mp4",
        "video_path": "",
        "exercise": "squat",
        "variant": "",
        "load_kg": 60.0,
        "notes": "",
        "settings": {},
        "report_data": report,
        "has_poses": False,
    }
    return SavedSet(**values | changes)


def test_a_set_in_numbers() -> None:
    reps = [rep(1, 10.0, 1.0), rep(2, None, 0.8), rep(3, 30.0, 1.2), rep(4, 90.0, 9.0, partial=True)]
    numbers = set_numbers(saved(reps=reps, report={"set_level": {"velocity_loss": 0.104}}))
    assert (numbers.reps, numbers.load_kg, numbers.tonnage_kg) == (3, 60.0, 180.0)
    assert (numbers.rounding_deg, numbers.worst_rounding_deg) == (20.0, 30.0)
    assert numbers.depth_thighs == pytest.approx(-0.2)
    assert numbers.concentric_s == pytest.approx(1.0)
    assert numbers.slowdown_percent == pytest.approx(10.4), "as the report says it, not by the duration of the ascent"


def test_velocity_is_taken_from_whole_reps_where_a_report_has_it() -> None:
    motions = [{"index": n, "mean_velocity_heights_per_s": v} for n, v in ((1, 0.4), (2, 0.6), (3, 9.0))]
    reps = [rep(1, 1.0), rep(2, 1.0), rep(3, 1.0, partial=True)]
    assert set_numbers(saved(reps=reps, report={"set_level": {"reps": motions}})).velocity_heights_per_s == 0.5
    assert set_numbers(saved(reps=reps, report={"set_level": None})).velocity_heights_per_s == NAN


def test_what_was_not_measured_stays_unknown() -> None:
    numbers = set_numbers(saved(reps=[rep(1, None, None)], load_kg=None))
    assert (numbers.load_kg, numbers.tonnage_kg, numbers.rounding_deg, numbers.worst_rounding_deg) == (NAN,) * 4
    assert (numbers.concentric_s, numbers.slowdown_percent) == (NAN, NAN)
    assert set_numbers(saved(reps=[])).tonnage_kg == 0.0


def test_a_rep_in_numbers_has_its_worst_verdict() -> None:
    found = [{"check": str(n), "title": "", "verdict": verdict} for n, verdict in enumerate(("ok", "fault", "watch"))]
    (one, two) = rep_numbers(saved(reps=[rep(1, 5.0, findings=found), rep(2, None, findings=[])]))
    assert (one.verdict, one.rounding_deg, one.concentric_s) == ("fault", 5.0, pytest.approx(1.0))
    assert (two.verdict, two.rounding_deg) == ("not-measured", NAN)


def test_two_sets_side_by_side() -> None:
    def finding(check: str, verdict: str, value: float | None) -> dict[str, Any]:
        return {"check": check, "title": check.title(), "verdict": verdict, "value": value, "unit": "deg"}

    first = saved(
        1, [rep(1, 10.0), rep(2, 20.0)], findings=[finding("back", "fault", 31.0), finding("arms", "ok", 3.0)]
    )
    second = saved(2, [rep(1, 12.0)], findings=[finding("back", "ok", 12.0), finding("depth", "not-measured", None)])
    compared = compare(first, second)
    assert [check.check for check in compared.checks] == ["back", "arms", "depth"]
    assert [check.verdicts for check in compared.checks] == [
        ("fault", "ok"),
        ("ok", "not-measured"),
        ("not-measured", "not-measured"),
    ]
    assert compared.checks[0].values == (31.0, 12.0)
    assert list(compared.checks[1].values) == [3.0, NAN]
    (one, other), (two, none) = compared.reps
    assert one is not None
    assert other is not None
    assert two is not None
    assert (one.rounding_deg, other.rounding_deg, two.rounding_deg, none) == (10.0, 12.0, 20.0, None)
    assert [numbers.reps for numbers in compared.numbers] == [2, 1]


def judged(name: str, one: float, two: float, limit: float | None = 12.0) -> str:
    """The word on two sets whose every repetition has that rounding and that depth, judged by that limit."""
    check = "depth" if name == "depth_thighs" else "back-rounding"
    found = {"check": check, "title": "", "limit": limit, "unit": ""}
    # A fault names its own, higher limit.
    fault = found | {"limit": None if limit is None else limit + 8.0, "verdict": "fault"}
    sets = []
    for value in (one, two):
        measures = {"back_rounding_deg": value, "depth_thighs": value}
        reps = [rep(1, value, measures=measures, findings=[found | {"verdict": "ok"}])]
        sets.append(saved(reps=reps, findings=[fault], report={"set_level": {"velocity_loss": value}}))
    quantity = next(each for each in QUANTITIES if each.name == name)
    return compare(*sets).judged(quantity)


@pytest.mark.parametrize("name", ["rounding_deg", "worst_rounding_deg", "depth_thighs"])
def test_only_what_lies_outside_its_limit_gets_better_or_worse(name: str) -> None:
    assert judged(name, -2.0, -20.0) == ""
    assert judged(name, 12.0, 3.0) == ""
    assert judged(name, 14.0, 3.0) == "better"
    assert judged(name, 3.0, 14.0) == "worse"
    assert judged(name, 30.0, 40.0) == "worse"
    assert judged(name, 14.0, 14.0) == ""
    assert judged(name, math.nan, 14.0) == ""
    assert judged(name, 14.0, 3.0, limit=None) == "", "an old report names no limit"


@pytest.mark.parametrize("name", ["reps", "load_kg", "slowdown_percent"])
def test_what_no_check_judges_is_neither_better_nor_worse(name: str) -> None:
    assert judged(name, 14.0, 3.0) == ""


def test_sets_of_one_day_are_a_session() -> None:
    sets = [
        saved(1, [rep(1, 10.0), rep(2, 10.0)], load_kg=60.0),
        saved(2, [rep(1, 20.0)], load_kg=80.0, days=1 / 24),
        saved(3, [rep(1, 50.0)], load_kg=None, days=2 / 24),
        saved(4, [rep(1, 5.0)], days=7),
        saved(5, [rep(1, 5.0)], exercise="deadlift"),
        saved(6, [rep(1, 5.0)], lifter=None),
        saved(7, []),
    ]
    found = sessions(reversed(sets))
    assert [[each.id for each in session.sets] for session in found] == [[6], [5], [1, 2, 3], [4]]
    session = found[2]
    assert (session.day, session.lifter, session.exercise) == (date(2026, 5, 4), "Anna", "squat")
    assert (session.reps, session.tonnage_kg, session.top_load_kg) == (4, 200.0, 80.0)
    assert (session.rounding_deg, session.worst_rounding_deg) == (20.0, 50.0)


def test_the_trend_is_a_robust_slope_per_week() -> None:
    # 2 degrees less every week; one session is far off and must not matter.
    values = [30.0, 28.0, 26.0, 90.0, 22.0, 20.0]
    course = sessions(saved(n, [rep(1, value)], days=7 * n) for n, value in enumerate(values))
    found = trend(course, "rounding_deg")
    assert found.per_week == pytest.approx(-2.0)
    assert not found.clear, "with one of six days far off it may be chance"
    assert found.points[0] == (date(2026, 5, 4), 30.0)
    assert [value for _, value in found.points] == values


@pytest.mark.parametrize("days", [[], [0], [0, 7], [0, 0.01, 0.02, 7], [0, 7, 14, 21], [0, 2, 4, 6, 8, 10]])
def test_few_days_make_no_trend(days: list[float]) -> None:
    course = sessions(saved(n, days=day) for n, day in enumerate(days))
    assert trend(course, "rounding_deg").per_week == NAN


def test_what_is_missing_is_no_point_of_a_trend() -> None:
    course = sessions(saved(n, [rep(1, value)], days=n) for n, value in enumerate([10.0, None, 12.0]))
    assert [value for _, value in trend(course, "rounding_deg").points] == [10.0, 12.0]
