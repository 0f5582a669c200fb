"""Warm-up and cool-down: moves in order, with counts or seconds. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from formcheck.core.loads import LOAD_STEPS_KG, LOAD_UNITS, load_words
from formcheck.exercises import known_exercise
from formcheck.exercises.framework.exercise import Exercise, RampSet
from formcheck.guidance.tables import COOL_DOWN, WARM_UPS, Step
from formcheck.guidance.texts import text


@dataclass(frozen=True)
class Drill:
    """A move with how much of it, in words and as numbers for a timer.

    Attributes
    ----------
    move : its id, by which `formcheck.guidance.figures.picture` draws it.
    name, how, count : in words.
    step : the numbers.
    """

    move: str
    name: str
    how: str
    count: str
    step: Step

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "move": self.move,
            "name": self.name,
            "how": self.how,
            "count": self.count,
            "reps": self.step.reps or None,
            "hold_s": self.step.hold_s or None,
            "each": self.step.each or None,
            "sets": self.step.sets,
            "timer_s": self.step.round_s,
        }


@dataclass(frozen=True)
class Routine:
    """Drills in order; ``then`` are the lighter sets before the work sets, in words. ``total_s`` is without rests."""

    title: str
    drills: tuple[Drill, ...]
    total_s: float
    then: tuple[str, ...] = ()
    note: str = ""
    sources: tuple[str, ...] = ()

    @property
    def duration(self) -> str:
        """How long it takes, in words."""
        return text("count.minutes", minutes=max(1, math.ceil(self.total_s / 60)))

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "title": self.title,
            "total_s": self.total_s,
            "drills": [drill.to_dict() for drill in self.drills],
            "then": list(self.then),
            "note": self.note,
            "sources": list(self.sources),
        }


def warm_up(lift: str, load_kg: float | None = None, unit: str = LOAD_UNITS[0]) -> Routine:
    """The warm-up for a lift; its last drill is the hinge without weight, and lighter sets in that unit follow.

    Raises
    ------
    UsageError : there is no such lift.
    """
    known = known_exercise(lift)
    ramp = tuple(_ramp_words(known, step, load_kg, unit) for step in known.ramp)
    note = text("ramp.how") if ramp else ""
    return _routine(text("heading.warm-up"), WARM_UPS[known.warm_up.pattern], ramp, note, ("warm-up",))


def cool_down() -> Routine:
    """Three quiet positions after the last set."""
    return _routine(text("heading.cool-down"), COOL_DOWN, (), text("cool-down.how"), ("cool-down",))


def drill(step: Step) -> Drill:
    """A step in words."""
    return Drill(step.move, text(f"move.{step.move}.name"), text(f"move.{step.move}.how"), count_words(step), step)


def count_words(step: Step) -> str:
    """How much of a move, such as "10 times each way"."""
    kind = "hold" if step.hold_s else "reps"
    each = f"-{step.each}" if step.each else ""
    count = text(f"count.{kind}{each}", reps=step.reps, seconds=step.hold_s)
    return text("count.sets", sets=step.sets, count=count) if step.sets > 1 else count


def _routine(title: str, steps: Iterable[Step], then: tuple[str, ...], note: str, sources: tuple[str, ...]) -> Routine:
    drills = tuple(drill(step) for step in steps)
    return Routine(title, drills, sum(each.step.total_s for each in drills), then, note, sources)


def _ramp_words(lift: Exercise, step: RampSet, load_kg: float | None, unit: str) -> str:
    if not step.percent:
        return text(f"ramp.light-{lift.load}", reps=step.reps, name=lift.words.reps)
    if load_kg is None:
        return text("ramp.step", reps=step.reps, percent=step.percent)
    plates_kg = LOAD_STEPS_KG[unit]
    lighter_kg = plates_kg * max(1, round(load_kg * step.percent / 100 / plates_kg))
    return text("ramp.step-load", reps=step.reps, load=load_words(lighter_kg, unit))
