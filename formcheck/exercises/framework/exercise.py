"""What an exercise is: how it is recognised, where its instants lie, what is measured and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from formcheck.exercises.framework.check import Check, Measurement
from formcheck.exercises.framework.cycle_features import CycleShape
from formcheck.exercises.framework.variant import Variant
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals

STANDING_SHARE = 0.9
"""Shoulders that do not get this high, in standing heights, have not come up from the repetition."""


@dataclass(frozen=True)
class Rep:
    """One repetition with its named instants, as sample indices into the signals.

    ``start`` <= ``bottom`` <= ``top`` <= ``end``. ``lift_off`` is the last sample before the way up and
    ``lockout`` the first one at the top. ``partial`` is True when the way up ends clearly short of standing.
    """

    cycle: Cycle
    start: int
    bottom: int
    lift_off: int
    lockout: int
    top: int
    end: int
    partial: bool = False

    @property
    def top_to(self) -> int:
        """Last sample of the rest at the top within this repetition, ``lockout`` at least."""
        return max(self.lockout, min(self.cycle.top_to, self.end))


def ends_short(signals: Signals, cycle: Cycle) -> bool:
    """True when the shoulders stay below `STANDING_SHARE` of their standing height: given up, or the video ends."""
    return bool(signals.shoulder_height[cycle.top] < STANDING_SHARE)


def no_instants(signals: Signals, rep: Rep) -> dict[str, int]:
    """A lift without instants of its own."""
    return {}


@dataclass(frozen=True)
class Exercise:
    """A lift: its name and title, and the functions that know it.

    Attributes
    ----------
    resemblance : how much a cycle looks like a repetition of this lift, 0..1.
    rep : the repetition that a cycle is.
    measure : everything measured on one repetition, by name; names end in the unit.
    checks : what is judged, most important first.
    from_floor : True when the load lies on the floor before and after, so that a lifter may stand up without it.
    point : what is followed for velocity and path: "hands" or "shoulders".
    lowers_first : True when a repetition begins at the top and the way down belongs before the way up.
    variants : ways of doing it that are judged differently; see `formcheck.exercises.framework.variant`.
    instants : samples of the instants of a repetition that only this lift has, by name ending in "_s".
    """

    name: str
    title: str
    resemblance: Callable[[CycleShape], float]
    rep: Callable[[Signals, Cycle], Rep]
    measure: Callable[[Signals, Rep], dict[str, Measurement]]
    checks: tuple[Check, ...]
    from_floor: bool = False
    point: str = "hands"
    lowers_first: bool = False
    variants: tuple[Variant, ...] = ()
    instants: Callable[[Signals, Rep], dict[str, int]] = no_instants
