"""Tempo, velocity, drift and path of a synthetic lifter whose movement is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, DriftVerdict, Verdict
from formcheck.exercises.framework.check import Finding
from formcheck.judging.analysis import analyze
from formcheck.judging.set_metrics import SetLevel
from formcheck.judging.set_metrics.drift import Drifting, drift_of
from formcheck.judging.set_metrics.ranking import best_and_worst
from formcheck.judging.set_metrics.tempo import STATURES_PER_SHOULDER_HEIGHT
from formcheck.motion.velocity import Stroke, stroke_up
from tests.helpers.synthetic_lifter import (
    SIDE_CAMERA,
    STANDING,
    STANDING_SHOULDER_M,
    STATURE_M,
    Camera,
    Motion,
    Posture,
    body_m,
    deadlift,
    film,
    joined,
    kettlebell_swing,
    mirrored,
    scaled,
    squat,
    standing_still,
    through,
)

HEIGHT_CM = 100 * STATURE_M


def level_of(poses: PoseSequence, exercise: str = "deadlift", height_cm: float | None = HEIGHT_CM) -> SetLevel:
    level = analyze(poses, exercise, height_cm=height_cm).set_level
    assert level is not None
    return level


def true_height(motion: Motion, joint: str) -> tuple[FloatArray, FloatArray]:
    """Height of a joint in body heights as FormCheck counts them, a thousand times a second."""
    time_s = np.arange(0.0, motion.duration_s, 0.001)
    up_m = body_m(motion.at(time_s))[:, list(left_right(joint)), 1].mean(axis=1)
    return time_s, up_m / STANDING_SHOULDER_M * STATURES_PER_SHOULDER_HEIGHT


def true_ways_up(motion: Motion, joint: str) -> list[Stroke]:
    time_s, height = true_height(motion, joint)
    ways = []
    for bottom_s, top_s in zip(motion.bottoms_s, motion.tops_s, strict=True):
        stroke = stroke_up(time_s, height, int(1000 * bottom_s), int(1000 * top_s))
        assert stroke is not None
        ways.append(stroke)
    return ways


def slowing(motion: Motion, per_s: float) -> Motion:
    """The same movement, slower and slower: its clock runs 1 + 2 * per_s * t times as long at time t."""

    def later(times: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(at + per_s * at**2 for at in times)

    keys = {name: (later(times), values) for name, (times, values) in motion.keys.items()}
    return Motion(keys, later(motion.bottoms_s), later(motion.tops_s))


LIFTS = {
    "deadlift": (deadlift(4), "WRIST"),
    "squat": (squat(4), "SHOULDER"),
    "kettlebell-swing": (kettlebell_swing(5), "WRIST"),
}


@pytest.mark.parametrize("lift", LIFTS)
@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_velocity_and_range_are_those_of_the_movement_at_any_frame_rate(lift: str, fps: float) -> None:
    motion, joint = LIFTS[lift]
    level = level_of(film(motion, fps=fps), lift)
    truth = true_ways_up(motion, joint)
    assert len(level.reps) == len(truth)
    # The low-pass rounds off the bottom of a swing, which is over within a quarter of a second.
    rel = 0.1 if lift == "kettlebell-swing" else 0.04
    for rep, way in zip(level.reps, truth, strict=True):
        assert rep.range_heights == pytest.approx(way.travel, rel=0.03)
        assert rep.mean_velocity_heights_per_s == pytest.approx(way.mean_velocity, rel=rel)
        assert rep.peak_velocity_heights_per_s == pytest.approx(way.peak_velocity, rel=rel)
        assert rep.concentric_s == pytest.approx(way.duration_s, abs=0.06)


def test_metres_are_body_heights_times_the_height() -> None:
    level = level_of(film(deadlift(2)), height_cm=200.0)
    assert (level.body_height_m, level.scale) == (2.0, "the lifter's height")
    for rep in level.reps:
        assert rep.mean_velocity_m_per_s == pytest.approx(2.0 * rep.mean_velocity_heights_per_s)


def test_without_a_height_there_are_no_metres() -> None:
    level = level_of(film(deadlift(2)), height_cm=None)
    assert math.isnan(level.reps[0].mean_velocity_m_per_s)
    assert level.reps[0].mean_velocity_heights_per_s > 0
    assert level.scale == ""


def test_tempo_of_a_squat_begins_with_the_way_down() -> None:
    level = level_of(film(squat(4, bottom_rest_s=1.0, top_rest_s=1.5)), "squat")
    down_s, pause_s, up_s, top_s = level.tempo_s
    # Ways are alike; of a smooth one, both ends belong to the rests. All four together are one period.
    assert down_s == pytest.approx(up_s, abs=0.05)
    assert pause_s > 1.0
    assert top_s > 1.5
    assert sum(level.tempo_s) == pytest.approx(2.6 + 1.0 + 1.5, abs=0.05)
    assert math.isnan(level.reps[-1].top_pause_s), "nobody knows how long the last rest would have been"


def test_tempo_of_a_deadlift_begins_with_the_way_up() -> None:
    level = level_of(film(deadlift(4, floor_rest_s=1.2, top_rest_s=0.8)))
    down_s, pause_s, up_s, top_s = level.tempo_s
    assert up_s == pytest.approx(true_ways_up(deadlift(1), "WRIST")[0].duration_s, abs=0.05)
    assert down_s < up_s, "this lifter lowers the bar in 1.2 s and lifts it in 1.5 s"
    assert pause_s > 1.2
    assert top_s > 0.8
    assert sum(level.tempo_s) == pytest.approx(1.2 + 1.5 + 0.8 + 1.2, abs=0.05)
    assert math.isnan(level.reps[0].bottom_pause_s), "the first repetition has no descent before it"


def test_a_mirrored_video_says_the_same() -> None:
    poses = film(deadlift(4), noise_px=1.0)
    one, other = level_of(poses), level_of(mirrored(poses))
    assert one.tempo_s == pytest.approx(other.tempo_s, abs=0.01)
    for first, second in zip(one.reps, other.reps, strict=True):
        assert first.mean_velocity_m_per_s == pytest.approx(second.mean_velocity_m_per_s, rel=0.01)
        assert first.path is not None
        assert second.path is not None
        assert first.path.forward_heights == pytest.approx(second.path.forward_heights, abs=0.003)


def test_a_smaller_video_says_the_same() -> None:
    poses = film(squat(3))
    one, other = level_of(poses, "squat"), level_of(scaled(poses, 0.4), "squat")
    for first, second in zip(one.reps, other.reps, strict=True):
        assert first.mean_velocity_m_per_s == pytest.approx(second.mean_velocity_m_per_s, rel=1e-6)


def test_a_set_that_slows_down_loses_velocity_and_drifts() -> None:
    motion = slowing(deadlift(6), 0.015)
    level = level_of(film(motion, noise_px=1.0))
    truth = [way.mean_velocity for way in true_ways_up(motion, "WRIST")]
    assert level.velocity_loss == pytest.approx((max(truth) - truth[-1]) / max(truth), abs=0.05)
    assert level.velocity_loss > 0.2
    assert level.drift("mean_velocity").verdict == DriftVerdict.WORSE
    assert level.drift("concentric_time").verdict == DriftVerdict.WORSE
    assert level.drift("range_of_motion").verdict == DriftVerdict.STEADY
    assert level.drift("back_rounding").verdict == DriftVerdict.STEADY
    drift = level.drift("mean_velocity")
    assert drift.low <= drift.slope <= drift.high < 0
    assert drift.change == pytest.approx(5 * drift.slope)


def test_a_set_that_stays_the_same_does_not_drift() -> None:
    level = level_of(film(squat(8), noise_px=2.0), "squat")
    assert {drift.verdict for drift in level.drifts} <= {DriftVerdict.STEADY, DriftVerdict.UNCLEAR, NOT_MEASURED}
    assert level.drift("mean_velocity").verdict == DriftVerdict.STEADY
    assert level.velocity_loss < 0.1
    assert level.consistency["mean_velocity"] < 0.06


def test_three_repetitions_are_too_few_for_a_drift() -> None:
    level = level_of(film(slowing(deadlift(3), 0.05)))
    for drift in level.drifts:
        assert drift.verdict == NOT_MEASURED
        assert "4 repetitions" in drift.reason


def test_two_repetitions_have_no_loss_and_no_consistency() -> None:
    level = level_of(film(deadlift(2)))
    assert math.isnan(level.velocity_loss)
    assert all(math.isnan(value) for value in level.consistency.values())


ROUNDING = Drifting("back_rounding", "deg", True, 6.0)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0, 3, 6, 9, 12], DriftVerdict.WORSE),
        ([12, 9, 6, 3, 0], DriftVerdict.BETTER),
        ([0, 1, 2, 3, 4], DriftVerdict.STEADY),
        ([0, 9, 1, 3, 9], DriftVerdict.UNCLEAR),
        ([0, 9, math.nan, math.nan, 9], NOT_MEASURED),
    ],
)
def test_drift_is_told_from_chance(values: list[float], verdict: str) -> None:
    assert drift_of(ROUNDING, np.arange(5.0), np.array(values, dtype=float)).verdict == verdict


def test_the_path_is_that_of_the_hands() -> None:
    motion = deadlift(2)
    poses = film(motion)
    path = level_of(poses).reps[0].path
    assert path is not None
    wrists = body_m(motion.at(path.time_s))[:, list(left_right("WRIST")), :2].mean(axis=1)
    unit_m = STANDING_SHOULDER_M / STATURES_PER_SHOULDER_HEIGHT
    # The mid-foot is half-way between heel and toes, 0.07 m in front of the ankles; heights are above these.
    assert path.forward_heights * unit_m == pytest.approx(wrists[:, 0] - 0.07, abs=0.015)
    assert path.up_heights * unit_m == pytest.approx(wrists[:, 1] - 0.07, abs=0.015)


def test_drift_and_deviation_come_from_the_path_of_the_way_up() -> None:
    motion = deadlift(2)
    path = level_of(film(motion)).reps[0].path
    way = true_ways_up(motion, "WRIST")[0]
    assert path is not None
    time_s = np.linspace(way.from_s, way.to_s, 200)
    forward_m = body_m(motion.at(time_s))[:, list(left_right("WRIST")), 0].mean(axis=1)
    strayed = (forward_m - forward_m[0]) / STANDING_SHOULDER_M * STATURES_PER_SHOULDER_HEIGHT
    assert path.drift_heights == pytest.approx(strayed[-1], abs=0.01)
    assert path.peak_deviation_heights == pytest.approx(strayed[np.abs(strayed).argmax()], abs=0.01)


@pytest.mark.parametrize("yaw_deg", [60.0, 90.0, -90.0])
def test_there_is_no_path_off_the_side_view(yaw_deg: float) -> None:
    level = level_of(film(deadlift(3), Camera(yaw_deg=yaw_deg)))
    assert len(level.reps) == 3
    assert all(rep.path is None for rep in level.reps)
    assert all(rep.mean_velocity_heights_per_s > 0 for rep in level.reps), "height can be told from everywhere"


def test_swinging_hands_are_not_measured_from_the_front() -> None:
    level = level_of(film(kettlebell_swing(5), Camera(yaw_deg=80.0)), "kettlebell-swing")
    assert len(level.reps) == 5
    assert all(math.isnan(rep.mean_velocity_heights_per_s) for rep in level.reps)
    assert math.isnan(level.velocity_loss)


def test_hands_that_a_plate_hides_are_left_for_the_shoulders() -> None:
    motion = deadlift(3)
    poses = film(motion)
    image = poses.image_px.copy()
    # The model guesses: the hands wander along the arm by half its length during each ascent.
    wander = 0.5 * np.sin(2 * np.pi * poses.time_s / 0.9)[:, None] ** 2
    for wrist, shoulder in zip(left_right("WRIST"), left_right("SHOULDER"), strict=True):
        image[:, wrist, :2] += wander * (image[:, shoulder, :2] - image[:, wrist, :2])
    level = level_of(replace(poses, image_px=image))
    assert level.point == "shoulders"
    for rep, way in zip(level.reps, true_ways_up(motion, "SHOULDER"), strict=True):
        assert rep.mean_velocity_heights_per_s == pytest.approx(way.mean_velocity, rel=0.05)
        assert rep.path is None


def test_pauses_do_not_reach_over_a_cut() -> None:
    poses = joined(film(squat(2)), film(squat(2)))
    level = level_of(poses, "squat")
    assert len(level.reps) == 4
    assert math.isnan(level.reps[1].top_pause_s)
    assert level.reps[2].concentric_s == pytest.approx(level.reps[0].concentric_s, abs=0.03)


def test_a_quick_partial_repetition_is_not_the_fastest() -> None:
    floor = Posture(hip_deg=119.0, knee_deg=65.0, trunk_deg=66.0, arm_deg=-10.0, hands_apart=1.2)
    knee = Posture(hip_deg=65.0, knee_deg=30.0, trunk_deg=40.0, load_m=0.3, hands_apart=1.2)
    top = replace(STANDING, load_m=0.5, hands_apart=1.2)
    stops = [(0.0, STANDING), (1.0, STANDING), (2.0, floor)]
    for whole in (True, False, True, True):
        start = stops[-1][0] + 0.8
        if whole:
            ways = [(0.0, floor), (1.5, top), (2.1, top), (3.3, floor)]
        else:
            ways = [(0.0, floor), (0.25, knee), (0.7, knee), (1.6, floor)]
        stops += [(start + after_s, posture) for after_s, posture in ways]
    report = analyze(film(through(stops)))
    assert [rep.partial for rep in report.reps] == [False, True, False, False]
    level = report.set_level
    assert level is not None
    speeds = [rep.mean_velocity_heights_per_s for rep in level.reps]
    assert speeds[1] > 1.5 * speeds[0]
    assert math.isnan(level.reps[1].velocity_loss)
    assert level.velocity_loss < 0.05


@pytest.mark.parametrize("lift", LIFTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
@pytest.mark.filterwarnings("error")
def test_unknown_directions_are_no_trouble(lift: str, value: float) -> None:
    poses = film(LIFTS[lift][0])
    level = level_of(replace(poses, world_m=np.full_like(poses.world_m, value)), lift)
    assert len(level.reps) >= 4
    assert all(rep.path is None for rep in level.reps)


def findings(*verdicts: Verdict, rounding_deg: float = 0.0) -> tuple[Finding, ...]:
    ids = ("back-rounding", "back-rounding-growth", "arm-pull")
    return tuple(
        Finding(name, name, verdict, rounding_deg, 20.0, "deg", 0.0, "", "")
        for name, verdict in zip(ids, verdicts, strict=False)
    )


@pytest.mark.parametrize(
    ("reps", "expected"),
    [
        ([findings(OK), findings(FAULT), findings(WATCH)], (1, 2)),
        ([findings(FAULT, rounding_deg=30), findings(FAULT, rounding_deg=50)], (1, 2)),
        ([findings(OK, WATCH), findings(OK, OK), findings(OK, FAULT)], (2, 3)),
        ([findings(OK, rounding_deg=-5), findings(OK, rounding_deg=5)], (None, None)),
        ([findings(NOT_MEASURED), findings(OK), findings(WATCH)], (2, 3)),
        ([findings(FAULT)], (None, None)),
        ([], (None, None)),
    ],
)
def test_best_and_worst_repetition(reps: list[tuple[Finding, ...]], expected: tuple[int | None, int | None]) -> None:
    from formcheck.exercises.deadlift import CHECKS

    assert best_and_worst(CHECKS, reps, [False] * len(reps)) == expected


def test_a_given_up_repetition_is_neither_best_nor_worst() -> None:
    from formcheck.exercises.deadlift import CHECKS

    reps = [findings(FAULT), findings(OK), findings(WATCH)]
    assert best_and_worst(CHECKS, reps, [True, False, False]) == (2, 3)


def test_a_rounded_repetition_is_the_one_to_look_at() -> None:
    poses = joined(film(deadlift(2)), film(deadlift(1, rounding_deg=60.0)))
    level = level_of(poses)
    assert level.worst_rep == 3
    # The other two are equally good.
    assert level.best_rep is None


def test_nobody_lifts_no_set_level() -> None:
    assert analyze(film(standing_still()), "deadlift").set_level is None


def test_it_is_plain_data_in_the_report() -> None:
    report = analyze(film(deadlift(4), SIDE_CAMERA), height_cm=180)
    level = json.loads(json.dumps(report.to_dict(), allow_nan=False))["set_level"]
    assert level["body_height_m"] == 1.8
    assert [rep["index"] for rep in level["reps"]] == [1, 2, 3, 4]
    assert len(level["reps"][0]["path"]["time_s"]) == len(level["reps"][0]["path"]["up_heights"])
    assert level["reps"][0]["bottom_pause_s"] is None
    assert {drift["quantity"] for drift in level["drifts"]} == {
        "back_rounding",
        "range_of_motion",
        "concentric_time",
        "mean_velocity",
    }
