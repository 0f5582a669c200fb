"""The limits by which variants are told apart, from both sides: most of them rest on one clip or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formcheck.exercises import deadlift, squat
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.variant import TURNED_MIN_DEG, possible_variants, recognise_variant

PLAIN = CycleFeatures(
    descent=0.35,
    rise=0.35,
    hip_share=0.6,
    hip_above_knee=0.2,
    trunk_lean_deg=50.0,
    hip_flexion_deg=100.0,
    knee_flexion_deg=70.0,
    hand_height=0.15,
    hand_below_shoulder=0.45,
    elbow_flexion_deg=10.0,
    top_lean_deg=0.0,
    top_hand_height=0.57,
    arm_reach_deg=10.0,
    hand_reach=0.57,
    foot_lift=0.0,
    rise_s=1.0,
    yaw_deg=TURNED_MIN_DEG + 5.0,
    bottom_rest_s=1.0,
    foot_gap=1.0,
    hand_gap=1.6,
    top_hand_gap=1.6,
    top_elbow_flexion_deg=10.0,
    top_upper_arm_deg=0.0,
    hands_ahead=0.1,
    shoulders_ahead=0.1,
)
"""A deadlift seen at an angle: hands well outside a narrow stance."""

BAR_AT_SHOULDERS = replace(
    PLAIN,
    hand_height=0.6,
    hand_below_shoulder=0.0,
    top_hand_height=1.0,
    top_hand_gap=1.8,
    top_elbow_flexion_deg=130.0,
    top_upper_arm_deg=10.0,
)
"""A squat with a bar on the back."""


def named(lift: Exercise, features: CycleFeatures) -> str:
    found = recognise_variant([features], lift.variants)
    return "" if found is None else found.name


@pytest.mark.parametrize(("beyond", "variant"), [(0.02, "conventional"), (-0.02, "")])
def test_hands_outside_the_legs_make_a_deadlift_conventional(beyond: float, variant: str) -> None:
    gap = (deadlift.HANDS_OUTSIDE_MIN + beyond) * PLAIN.foot_gap
    assert named(deadlift.EXERCISE, replace(PLAIN, hand_gap=gap)) == variant


@pytest.mark.parametrize(("beyond", "variant"), [(0.02, ""), (-0.02, "conventional")])
def test_a_stance_that_is_not_narrow_is_not_conventional(beyond: float, variant: str) -> None:
    features = replace(PLAIN, foot_gap=deadlift.NARROW_STANCE_MAX + beyond, hand_gap=2.5)
    assert named(deadlift.EXERCISE, features) == variant


@pytest.mark.parametrize(("beyond", "variant"), [(0.02, "sumo"), (-0.02, "")])
def test_a_wide_stance_with_the_hands_inside_is_sumo(beyond: float, variant: str) -> None:
    features = replace(PLAIN, foot_gap=deadlift.SUMO_STANCE_MIN + beyond, hand_gap=1.0)
    assert named(deadlift.EXERCISE, features) == variant


@pytest.mark.parametrize(("beyond", "variant"), [(0.02, ""), (-0.02, "kettlebell")])
def test_hands_together_at_the_floor_hold_a_kettlebell(beyond: float, variant: str) -> None:
    assert (
        named(deadlift.EXERCISE, replace(PLAIN, hand_gap=deadlift.HANDS_TOGETHER_MAX + beyond, foot_gap=1.4)) == variant
    )


@pytest.mark.parametrize(("beyond", "variant"), [(0.01, "romanian"), (-0.01, "")])
def test_hands_that_turn_round_above_the_floor_make_it_romanian(beyond: float, variant: str) -> None:
    features = replace(PLAIN, hand_height=deadlift.HANDS_HANGING_MIN + beyond, bottom_rest_s=0.2, knee_flexion_deg=30.0)
    assert named(deadlift.EXERCISE, features) == variant


@pytest.mark.parametrize(
    ("rest_s", "knees_deg", "variant"),
    [
        (deadlift.TURN_ROUND_S - 0.05, deadlift.ROMANIAN_KNEES_MAX_DEG - 1.0, "romanian"),
        (deadlift.TURN_ROUND_S + 0.05, deadlift.ROMANIAN_KNEES_MAX_DEG - 1.0, ""),
        (deadlift.TURN_ROUND_S - 0.05, deadlift.ROMANIAN_KNEES_MAX_DEG + 1.0, ""),
    ],
)
def test_a_rest_or_bent_knees_are_not_romanian(rest_s: float, knees_deg: float, variant: str) -> None:
    features = replace(PLAIN, hand_height=0.35, bottom_rest_s=rest_s, knee_flexion_deg=knees_deg)
    assert named(deadlift.EXERCISE, features) == variant


@pytest.mark.parametrize(("beyond_deg", "variant"), [(1.0, ""), (-1.0, "back")])
def test_upper_arms_that_come_forward_do_not_hold_a_bar_on_the_back(beyond_deg: float, variant: str) -> None:
    features = replace(BAR_AT_SHOULDERS, top_upper_arm_deg=squat.UPPER_ARM_BACK_MAX_DEG + beyond_deg)
    assert named(squat.EXERCISE, features) == variant


@pytest.mark.parametrize(
    ("upper_arm_deg", "variant"),
    [
        (squat.UPPER_ARM_FRONT_DEG[0] - 1.0, ""),
        (squat.UPPER_ARM_FRONT_DEG[0] + 1.0, "front"),
        (squat.UPPER_ARM_FRONT_DEG[1] - 1.0, "front"),
        (squat.UPPER_ARM_FRONT_DEG[1] + 1.0, ""),
    ],
)
def test_upper_arms_of_a_front_rack(upper_arm_deg: float, variant: str) -> None:
    features = replace(BAR_AT_SHOULDERS, top_hand_gap=1.1, top_upper_arm_deg=upper_arm_deg)
    assert named(squat.EXERCISE, features) == variant


@pytest.mark.parametrize(("beyond", "variant"), [(0.02, "back"), (-0.02, "")])
def test_hands_far_apart_at_the_shoulders_hold_a_bar_on_the_back(beyond: float, variant: str) -> None:
    assert named(squat.EXERCISE, replace(BAR_AT_SHOULDERS, top_hand_gap=squat.HANDS_APART_MIN + beyond)) == variant


@pytest.mark.parametrize(("beyond", "ruled_out"), [(0.02, False), (-0.02, True)])
def test_hands_together_rule_a_bar_on_the_back_out(beyond: float, ruled_out: bool) -> None:
    features = replace(BAR_AT_SHOULDERS, top_hand_gap=squat.HANDS_TOGETHER_MAX + beyond)
    possible = {variant.name for variant in possible_variants([features], squat.EXERCISE.variants)}
    assert ("back" not in possible) == ruled_out
