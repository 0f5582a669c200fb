"""Trends over days, worked out by hand; and that trend, drills and load advice never say opposite things."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import theilslopes

from formcheck.guidance.load import load_advice
from formcheck.guidance.progress import (
    FOLLOWED,
    Course,
    Direction,
    course_of,
    courses,
    standings,
    strength_of,
    weeks_of,
)
from formcheck.guidance.training import train
from formcheck.storage.history import SavedSet
from formcheck.storage.history.trends import local_day

NOON = datetime(2026, 5, 4, 12).astimezone()  # a Monday
LIMITS = 12.0, 20.0
ROUNDING = next(each for each in FOLLOWED if each.name == "rounding_deg")


def verdict_of(rounding_deg: float) -> str:
    return "fault" if rounding_deg > LIMITS[1] else "watch" if rounding_deg > LIMITS[0] else "ok"


def saved(number: int, rounding_deg: float | None, day: float, **changes: Any) -> SavedSet:
    """A set whose three repetitions have that rounding, judged by the usual limits."""
    verdict = "not-measured" if rounding_deg is None else verdict_of(rounding_deg)
    finding = {
        "check": "back-rounding",
        "title": "Back rounding",
        "verdict": verdict,
        "value": rounding_deg,
        "unit": "deg",
    }
    reps = [
        {
            "index": index,
            "lift_off_s": 10.0,
            "lockout_s": 11.0,
            "partial": False,
            "measures": {"back_rounding_deg": rounding_deg},
            "findings": [finding | {"rep": index}],
        }
        for index in range(1, changes.pop("reps", 3) + 1)
    ]
    report = {
        "exercise": {"name": changes.get("exercise", "deadlift"), "chosen_by": "user", "confidence": 1.0},
        "verdict": "good" if verdict == "ok" else verdict if rounding_deg is not None else "not-judged",
        "summary": "",
        "reps": reps,
        "findings": [finding],
        **changes.pop("report", {}),
    }
    values: dict[str, Any] = {
        "id": number,
        "uid": f"{number:032x}",
        "saved_at": NOON + timedelta(days=400),
        "filmed_at": NOON + timedelta(days=day),
        "lifter": "Anna",
        "video_file": "set.mp4",
        "video_path": "",
        "exercise": "deadlift",
        "variant": "",
        "load_kg": 100.0,
        "notes": "",
        "settings": {},
        "report_data": report,
        "has_poses": False,
    }
    return SavedSet(**values | changes)


def rounding(values: list[float | None], every: float = 7.0) -> list[SavedSet]:
    return [saved(number, value, every * number) for number, value in enumerate(values)]


def course(values: list[float | None], every: float = 7.0) -> Course:
    return course_of(ROUNDING, rounding(values, every))


def test_a_steady_fall_has_its_slope_and_is_better() -> None:
    found = course([30.0, 28.0, 26.0, 24.0, 22.0, 20.0])
    assert found.direction == Direction.BETTER
    assert (found.per_week, found.low, found.high) == pytest.approx((-2.0, -2.0, -2.0))
    assert found.line == pytest.approx((30.0, 20.0))
    assert found.limits == LIMITS
    assert [point.verdict for point in found.points] == ["fault"] * 5 + ["watch"]
    assert course([20.0, 22.0, 24.0, 26.0, 28.0, 30.0]).direction == Direction.WORSE


def test_one_wild_day_neither_bends_the_line_nor_goes_unmarked() -> None:
    found = course([30.0, 28.0, 26.0, 90.0, 22.0, 20.0, 18.0])
    assert found.direction == Direction.BETTER
    assert found.per_week == pytest.approx(-2.0)
    assert [point.outlier for point in found.points] == [False] * 3 + [True] + [False] * 3


def test_measuring_alone_makes_no_day_stand_out() -> None:
    found = course([20.0, 20.0, 20.0, 24.0, 20.0, 20.0])
    assert not any(point.outlier for point in found.points)


def test_what_went_nowhere_is_not_a_trend() -> None:
    # This was once shown as "+16 a week".
    assert course([-11.0, -9.0], every=1.0).direction == Direction.TOO_FEW
    assert math.isnan(course([-11.0, -9.0], every=1.0).per_week)
    assert course([5.0, 9.0, 4.0, 8.0, 5.0, 7.0]).direction == Direction.UNCLEAR


@pytest.mark.parametrize(
    ("days", "every", "enough"), [(4, 7.0, False), (5, 7.0, True), (6, 2.0, False), (8, 2.0, True)]
)
def test_a_trend_needs_days_and_time(days: int, every: float, enough: bool) -> None:
    found = course([30.0 - number for number in range(days)], every)
    assert (found.direction != Direction.TOO_FEW) == enough


def test_slope_and_interval_are_those_of_scipy() -> None:
    values = [30.0, 27.0, 29.0, 22.0, 25.0, 19.0, 24.0, 16.0, 18.0, 12.0]
    found = course(list(values))
    slope, _, low, high = theilslopes(np.array(values), np.arange(10.0), alpha=0.95)
    assert found.per_week == pytest.approx(slope)
    # Ranks are rounded outwards here and to the nearest there.
    assert found.low == pytest.approx(low, abs=0.35)
    assert found.high == pytest.approx(high, abs=0.35)
    assert found.low <= low + 1e-9
    assert found.high >= high - 1e-9


def test_days_without_a_number_are_no_points() -> None:
    assert [point.value for point in course([10.0, None, 12.0]).points] == [10.0, 12.0]
    assert course([]).points == ()


def test_velocity_is_shown_in_metres_where_these_are_known() -> None:
    def level(metres: float | None) -> dict[str, Any]:
        motion = {"index": 1, "mean_velocity_heights_per_s": 0.3, "mean_velocity_m_per_s": metres}
        return {"report": {"set_level": {"reps": [motion], "body_height_m": 1.8}}}

    known = [saved(1, 5.0, 0, **level(0.5)), saved(2, 5.0, 7, **level(0.6))]
    unknown = [saved(1, 5.0, 0, **level(None)), saved(2, 5.0, 7, **level(None))]
    assert [each.followed.name for each in courses(known)] == ["rounding_deg", "one_rm_kg", "velocity_m_per_s"]
    assert "velocity_heights_per_s" in [each.followed.name for each in courses(unknown)]


def test_the_bar_path_is_told_in_centimetres() -> None:
    path = {"time_s": [0.0], "forward_heights": [0.0], "up_heights": [0.0], "drift_heights": 0.0}
    motion = {"index": 1, "path": path | {"peak_deviation_heights": -0.05}}
    plate = {"time_s": [0.0], "forward_m": [0.0], "up_m": [0.0], "drift_m": 0.0, "peak_deviation_m": 0.03}
    stray = next(each for each in FOLLOWED if each.name == "stray_cm")

    def of(level: dict[str, Any], **changes: Any) -> list[float]:
        return [
            point.value for point in course_of(stray, [saved(1, 5.0, 0, report={"set_level": level}, **changes)]).points
        ]

    assert of({"reps": [motion], "body_height_m": 1.8}) == pytest.approx([9.0])
    assert of({"reps": [motion | {"plate_path": plate}], "body_height_m": 1.8}) == pytest.approx([3.0])
    assert of({"reps": [motion]}) == []
    assert of({"reps": [motion], "body_height_m": 1.8}, exercise="kettlebell-swing") == [], "a bell flies on an arc"


def test_the_highest_estimate_of_the_last_weeks_counts() -> None:
    sets = [
        saved(1, 5.0, 0, load_kg=200.0),  # too long ago
        saved(2, 5.0, 80, load_kg=100.0, reps=5),
        saved(3, 5.0, 90, load_kg=110.0, reps=1),
        saved(4, 5.0, 91, load_kg=None),
    ]
    found = strength_of(sets)
    assert found.of_set is sets[1]
    assert found.by_reps.kg == pytest.approx((100 * 35 / 30 + 100 * 36 / 32) / 2)
    assert math.isnan(found.by_velocity.kg)
    assert strength_of([saved(1, 5.0, 0, exercise="kettlebell-swing")]).of_set is None, "no swing is tested by one rep"


def test_work_is_summed_by_week_and_weeks_without_any_are_kept() -> None:
    sets = [saved(1, 5.0, 0), saved(2, 5.0, 6.4, load_kg=50.0), saved(3, 5.0, 21, load_kg=None)]
    weeks = weeks_of(sets)
    assert [week.monday for week in weeks] == [date(2026, 5, 4) + timedelta(weeks=number) for number in range(4)]
    assert [(week.tonnage_kg, week.reps, week.sets) for week in weeks] == [
        (450.0, 6, 2),
        (0, 0, 0),
        (0, 0, 0),
        (0, 3, 1),
    ]
    assert weeks_of([]) == ()


# --- never opposite ------------------------------------------------------------------------------------------------

COURSES: dict[str, list[float | None]] = {
    "put right": [34.0, 32.0, 30.0, 28.0, 26.0, 22.0, 5.0],
    "getting worse": [2.0, 4.0, 8.0, 14.0, 20.0, 26.0, 30.0],
    "always a fault": [30.0, 31.0, 29.0, 30.0, 31.0, 29.0, 30.0],
    "always fine": [3.0, 4.0, 2.0, 3.0, 4.0, 2.0, 3.0],
    "fault once": [3.0, 4.0, 2.0, 30.0, 4.0, 2.0, 3.0],
    "better and still a fault": [60.0, 55.0, 50.0, 45.0, 40.0, 35.0, 30.0],
}


@pytest.mark.parametrize("name", list(COURSES))
def test_trend_drills_and_load_advice_agree(name: str) -> None:
    sets = rounding(COURSES[name], every=3.0)
    newest_first = sets[::-1]
    latest = course_of(ROUNDING, sets).latest
    training = train([each.report for each in newest_first], [local_day(each.when) for each in newest_first])
    drilled = "back" in [topic.id for topic in training.topics]
    advised = [each.id.split("/")[0] for each in load_advice(sets, now=sets[-1].when)]
    lighter = {"too-heavy", "lighter"} & set(advised)
    if latest == "ok":
        assert not drilled
        assert not lighter
    else:
        assert latest == "fault"
        assert drilled
        assert lighter
    assert (training.put_right == ("Back rounding",)) == (name == "put right")


def test_a_back_that_is_fine_in_one_lift_is_not_put_right_in_another() -> None:
    bad = [saved(number, 30.0, number) for number in range(3)]
    squats = [saved(9, 2.0, 9, exercise="squat")]
    sets = [*bad, *squats][::-1]
    training = train([each.report for each in sets], [local_day(each.when) for each in sets])
    assert training.put_right == ()
    assert "back" in [topic.id for topic in training.topics]


def test_several_sets_of_the_newest_day_all_count() -> None:
    sets = [saved(1, 30.0, 0), saved(2, 30.0, 7), saved(3, 2.0, 7.1)]
    newest_first = sets[::-1]
    assert course_of(ROUNDING, sets).latest == "fault"
    training = train([each.report for each in newest_first], [local_day(each.when) for each in newest_first])
    assert "back" in [topic.id for topic in training.topics]


# --- who needs a look ----------------------------------------------------------------------------------------------


def test_who_needs_a_look_comes_first_and_why() -> None:
    sets = [
        saved(1, 3.0, 20, lifter="Fine"),
        saved(2, 30.0, 19, lifter="Faulty"),
        saved(3, 3.0, 19.1, lifter="Faulty"),
        saved(4, 15.0, 20, lifter="Watched"),
        saved(5, 3.0, -10, lifter="Quiet"),
        saved(6, 3.0, 20, lifter="Tired", report={"set_level": {"velocity_loss": 0.31}}),
        saved(7, 30.0, 1, lifter="Better"),
        saved(8, 3.0, 18, lifter="Better"),
    ]
    found = standings(sets, date(2026, 5, 25))
    assert [each.lifter for each in found] == ["Faulty", "Watched", "Tired", "Quiet", "Fine", "Better"]
    faulty = found[0]
    assert faulty.reasons == ("Fault in 1 of 2 sets on 2026-05-23",)
    assert (faulty.verdict, faulty.recent_sets) == ("fault", 2)
    assert found[2].reasons == ("The last rep was 31 % slower than the fastest",)
    assert found[3].reasons == ("Nothing for 31 days",)
    assert all(not each.reasons for each in found[4:])
    assert found[5].recent_sets == 1


def test_a_lifter_has_a_line_for_each_lift() -> None:
    found = standings([saved(1, 3.0, 0), saved(2, 3.0, 1, exercise="squat")], date(2026, 5, 6))
    assert {each.exercise for each in found} == {"deadlift", "squat"}
