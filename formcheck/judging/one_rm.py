"""The load that could be lifted once, estimated from sets of several repetitions and from their velocity.

Both are estimates. Formulas from repetitions hold for sets that went close to the last possible repetition: from easier
sets they come out too low, never too high. Velocity needs metres, several loads, and full effort in every ascent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_REPS = 10
"""Beyond it both formulas drift apart and away from what was lifted (LeSuer and others 1997, J Strength Cond Res 11(4):
211-213)."""

LEAST_LOADS = 3
"""Different loads that a line needs: two always fit."""

LEAST_SPREAD = 0.15
"""How far apart the lightest and the heaviest load must be, as a share of the heaviest: closer ones give no slope."""

FARTHEST = 1.6
"""A line is not followed beyond this multiple of the heaviest load that was lifted."""

FORMULAS = "Epley (1985) and Brzycki (1993, JOPERD 64(1): 88-90)"


def epley_kg(load_kg: float, reps: int) -> float:
    """Epley's estimate (1985, Poundage Chart): load x (1 + reps / 30); one repetition is what it is.

    NaN for no repetition or more than `MOST_REPS`.
    """
    if not 1 <= reps <= MOST_REPS:
        return math.nan
    return load_kg if reps == 1 else load_kg * (1.0 + reps / 30.0)


def brzycki_kg(load_kg: float, reps: int) -> float:
    """Brzycki's estimate (1993, JOPERD 64(1): 88-90): load x 36 / (37 - reps). NaN as for `epley_kg`."""
    if not 1 <= reps <= MOST_REPS:
        return math.nan
    return load_kg * 36.0 / (37.0 - reps)


@dataclass(frozen=True)
class OneRepMax:
    """An estimate in kilograms with what the ways to it differ by; NaN = no estimate."""

    kg: float
    low_kg: float
    high_kg: float


NO_ESTIMATE = OneRepMax(math.nan, math.nan, math.nan)


def from_reps(load_kg: float, reps: int) -> OneRepMax:
    """The mean of both formulas, and both as its ends."""
    both = epley_kg(load_kg, reps), brzycki_kg(load_kg, reps)
    return OneRepMax(sum(both) / 2.0, min(both), max(both))


@dataclass(frozen=True)
class LoadVelocity:
    """Velocity against load: ``at_no_load_m_per_s`` + ``per_kg`` x load, by least squares; ``per_kg`` is negative.

    ``scatter_m_per_s`` is the standard deviation of the points around it, ``loads_kg`` and ``velocities_m_per_s`` (N,)
    are the points, ``heaviest_kg`` the heaviest load.
    """

    at_no_load_m_per_s: float
    per_kg: float
    scatter_m_per_s: float
    loads_kg: tuple[float, ...]
    velocities_m_per_s: tuple[float, ...]

    @property
    def heaviest_kg(self) -> float:
        """The heaviest load that was lifted."""
        return max(self.loads_kg)

    def velocity_at(self, load_kg: float) -> float:
        """What the line says for a load, in metres per second."""
        return self.at_no_load_m_per_s + self.per_kg * load_kg

    def load_at(self, velocity_m_per_s: float) -> float:
        """The load that is lifted at that velocity, in kilograms."""
        return (velocity_m_per_s - self.at_no_load_m_per_s) / self.per_kg


def load_velocity(loads_kg: Sequence[float], velocities_m_per_s: Sequence[float]) -> LoadVelocity | None:
    """The line through pairs of load and mean concentric velocity (the fastest repetition of each set).

    None with too few different loads, with loads too close to each other, or where heavier was not slower: then there
    is no line to speak of (González-Badillo and Sánchez-Medina 2010, Int J Sports Med 31(5): 347-352, on such lines).
    """
    known = [
        (load, velocity)
        for load, velocity in zip(loads_kg, velocities_m_per_s, strict=True)
        if math.isfinite(load + velocity) and load > 0
    ]
    loads = np.array([load for load, _ in known])
    velocities = np.array([velocity for _, velocity in known])
    if len(set(loads.tolist())) < LEAST_LOADS or np.ptp(loads) < LEAST_SPREAD * loads.max():
        return None
    per_kg, at_no_load = np.polyfit(loads, velocities, 1)
    if per_kg >= 0:
        return None
    off = velocities - (at_no_load + per_kg * loads)
    # Two of the points are used up by the line itself.
    scatter = math.sqrt(float((off**2).sum()) / (len(off) - 2))
    return LoadVelocity(
        float(at_no_load), float(per_kg), scatter, tuple(map(float, loads)), tuple(map(float, velocities))
    )


def from_velocity(line: LoadVelocity, at_1rm_m_per_s: tuple[float, float]) -> OneRepMax:
    """Where the line reaches the velocity of a single repetition at most effort.

    Parameters
    ----------
    at_1rm_m_per_s : that velocity and its standard deviation between lifters.

    Returns
    -------
    No estimate where the line would have to be followed beyond `FARTHEST` times the heaviest load.
    """
    mean, deviation = at_1rm_m_per_s
    # How much lifters differ and how much the points scatter are independent of each other.
    doubt = math.hypot(deviation, line.scatter_m_per_s)
    kg, low, high = (line.load_at(velocity) for velocity in (mean, mean + doubt, mean - doubt))
    if not line.heaviest_kg <= kg * 1.02 or kg > FARTHEST * line.heaviest_kg:
        return NO_ESTIMATE
    return OneRepMax(kg, max(low, line.heaviest_kg), high)
