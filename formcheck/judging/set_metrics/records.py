"""What is told about the set as a whole: plain frozen values, NaN = not measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import DriftVerdict
from formcheck.core.words import N_
from formcheck.exercises.framework.exercise import TrackedPoint

HEIGHT_SCALE, PLATE_SCALE = N_("the lifter's height"), N_("a plate of 450 mm")
"""What metres come from."""


@dataclass(frozen=True)
class BarPath:
    """Way of the tracked point (hands or shoulders) over one repetition, (P,) each.

    ``forward_heights`` is in front of the mid-foot, ``up_heights`` above the ankles, both in body heights.
    ``drift_heights`` is how much further forward (positive) the ascent ends than it began, ``peak_deviation_heights``
    the furthest that it strays from the vertical line through its beginning, forward positive.
    """

    time_s: FloatArray = field(compare=False)
    forward_heights: FloatArray = field(compare=False)
    up_heights: FloatArray = field(compare=False)
    drift_heights: float
    peak_deviation_heights: float


@dataclass(frozen=True)
class PlatePath:
    """Way of the near plate's centre over one repetition in metres, (P,) each; otherwise as `BarPath`."""

    time_s: FloatArray = field(compare=False)
    forward_m: FloatArray = field(compare=False)
    up_m: FloatArray = field(compare=False)
    drift_m: float
    peak_deviation_m: float


@dataclass(frozen=True)
class RepMotion:
    """Tempo and velocity of one repetition; NaN = not measured.

    ``eccentric_s`` is the descent, ``concentric_s`` the ascent, each within 4 % of its ends; the pauses are between
    them. ``range_heights`` is the height between the ends. ``velocity_loss`` is (best - this) / best of the set's mean
    concentric velocities, 0..1; NaN for a partial repetition, which counts for no best either.
    """

    index: int
    eccentric_s: float = math.nan
    bottom_pause_s: float = math.nan
    concentric_s: float = math.nan
    top_pause_s: float = math.nan
    range_heights: float = math.nan
    mean_velocity_heights_per_s: float = math.nan
    peak_velocity_heights_per_s: float = math.nan
    mean_velocity_m_per_s: float = math.nan
    peak_velocity_m_per_s: float = math.nan
    velocity_loss: float = math.nan
    path: BarPath | None = None
    plate_path: PlatePath | None = None


@dataclass(frozen=True)
class Drift:
    """Change of a quantity from repetition to repetition.

    ``slope`` per repetition with its 95 % interval ``low``..``high``, ``change`` over the whole set, all in ``unit``.
    ``verdict`` is "worse", "better", "steady", "unclear" or, with the ``reason``, "not-measured".
    """

    quantity: str
    unit: str
    verdict: DriftVerdict
    slope: float = math.nan
    low: float = math.nan
    high: float = math.nan
    change: float = math.nan
    reason: str = ""


@dataclass(frozen=True)
class SetLevel:
    """The set as a whole.

    Attributes
    ----------
    point : what was followed, "hands" or "shoulders".
    body_height_m : stature in metres, NaN when unknown.
    scale : what metres come from, "the lifter's height" or "a plate of 450 mm"; "" when there are none.
    reps : tempo and velocity, one for each repetition of the report.
    tempo_s : medians in the order eccentric, bottom pause, concentric, top pause.
    velocity_loss : of the last repetition against the best one, 0..1.
    drifts : back rounding, range of motion, concentric time, mean velocity.
    consistency : coefficient of variation (standard deviation / mean) by name, NaN for fewer than three repetitions.
    best_rep, worst_rep : index of the repetition with the least and the most to say about; None when none stands out.
    """

    point: TrackedPoint
    body_height_m: float
    scale: str
    reps: tuple[RepMotion, ...]
    tempo_s: tuple[float, float, float, float]
    velocity_loss: float
    drifts: tuple[Drift, ...]
    consistency: Mapping[str, float] = field(default_factory=dict)
    best_rep: int | None = None
    worst_rep: int | None = None

    def drift(self, quantity: str) -> Drift:
        """The drift of that name; `KeyError` for another one."""
        for each in self.drifts:
            if each.quantity == quantity:
                return each
        raise KeyError(quantity)
