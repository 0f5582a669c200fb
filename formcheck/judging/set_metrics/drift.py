"""How quantities change from repetition to repetition, and how much they scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import DriftVerdict
from formcheck.core.words import _
from formcheck.judging.set_metrics.records import Drift, RepMotion
from formcheck.judging.set_metrics.velocity import REPS_FOR_LOSS
from formcheck.motion.theil_sen import theil_sen

REPS_FOR_DRIFT = 4
"""With fewer repetitions a trend cannot be told from chance."""


@dataclass(frozen=True)
class Drifting:
    """A quantity that may drift: name, unit, whether growing is bad, the change over a set that is worth a word."""

    name: str
    unit: str
    more_is_worse: bool
    worth: float


DRIFTING = (
    Drifting("back_rounding", "deg", True, 6.0),
    Drifting("range_of_motion", "%", False, 8.0),
    Drifting("concentric_time", "%", True, 15.0),
    Drifting("mean_velocity", "%", False, 15.0),
)
"""Shares are of the mean over the set. Changes worth a word are provisional: about twice the scatter of repetitions
that differ in nothing."""


def drifts_of(reps: Sequence[RepMotion], back_rounding_deg: Sequence[float]) -> tuple[Drift, ...]:
    """The drift of every quantity of `DRIFTING` over whole repetitions."""
    values = {
        "back_rounding": np.array(back_rounding_deg, dtype=float),
        "range_of_motion": _percent([rep.range_heights for rep in reps]),
        "concentric_time": _percent([rep.concentric_s for rep in reps]),
        "mean_velocity": _percent([rep.mean_velocity_heights_per_s for rep in reps]),
    }
    at = np.array([rep.index for rep in reps], dtype=float)
    return tuple(drift_of(drifting, at, values[drifting.name]) for drifting in DRIFTING)


def drift_of(drifting: Drifting, at: FloatArray, values: FloatArray) -> Drift:
    """The drift of values (R,) over the indices ``at`` of their repetitions; NaN = not measured."""
    known = np.isfinite(values)
    if known.sum() < REPS_FOR_DRIFT:
        reason = _(
            "needs {needed} repetitions, {measured} could be measured",
            needed=REPS_FOR_DRIFT,
            measured=int(known.sum()),
        )
        return Drift(drifting.name, drifting.unit, DriftVerdict.NOT_MEASURED, reason=reason)
    trend = theil_sen(at, values)
    change = trend.slope * float(np.ptp(at[known]))
    if abs(change) < drifting.worth:
        verdict = DriftVerdict.STEADY
    elif not trend.sure:
        verdict = DriftVerdict.UNCLEAR
    else:
        verdict = DriftVerdict.WORSE if (change > 0) == drifting.more_is_worse else DriftVerdict.BETTER
    return Drift(drifting.name, drifting.unit, verdict, trend.slope, trend.low, trend.high, change)


def _percent(values: Sequence[float]) -> FloatArray:
    """Values in per cent of their mean."""
    array = np.array(values, dtype=float)
    known = array[np.isfinite(array)]
    return 100.0 * array / known.mean() if len(known) else array


def consistency_of(reps: Sequence[RepMotion]) -> dict[str, float]:
    """Coefficients of variation by name."""
    return {
        "range_of_motion": _variation([motion.range_heights for motion in reps]),
        "concentric_time": _variation([motion.concentric_s for motion in reps]),
        "mean_velocity": _variation([motion.mean_velocity_heights_per_s for motion in reps]),
    }


def _variation(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    if len(known) < REPS_FOR_LOSS:
        return math.nan
    return float(np.std(known, ddof=1) / np.mean(known))
