"""The thresholds of standing keep their order, which the modules that use them count on."""

from __future__ import annotations

from formcheck.motion.standing import CAME_UP, FEET_FLAT, LEFT_STANDING, LEVEL, UPRIGHT


def test_a_set_begins_lower_than_it_takes_to_stand_and_the_neutral_is_the_strictest() -> None:
    assert LEFT_STANDING < CAME_UP < FEET_FLAT < LEVEL < UPRIGHT < 1.0
