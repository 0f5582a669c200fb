"""Velocity of the concentric phase: its loss over the set, and in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from formcheck.judging.set_metrics.records import RepMotion

REPS_FOR_LOSS = 3
"""Velocity loss and consistency need this many repetitions."""


def with_velocity_loss(motions: Sequence[RepMotion], partial: Sequence[bool]) -> list[RepMotion]:
    """Every motion with how much slower it was than the fastest one.

    An ascent that ends early leaves out the slow end of it, so a partial repetition compares with no other.
    """
    speeds = [math.nan if short else m.mean_velocity_heights_per_s for m, short in zip(motions, partial, strict=True)]
    best = max((speed for speed in speeds if speed > 0), default=math.nan)
    return [replace(m, velocity_loss=(best - speed) / best) for m, speed in zip(motions, speeds, strict=True)]


def in_metres(motion: RepMotion, body_height_m: float) -> RepMotion:
    """The same motion with velocities in metres per second; NaN where the stature is not known."""
    return replace(
        motion,
        mean_velocity_m_per_s=motion.mean_velocity_heights_per_s * body_height_m,
        peak_velocity_m_per_s=motion.peak_velocity_heights_per_s * body_height_m,
    )


def velocity_loss_of(reps: Sequence[RepMotion]) -> float:
    """That of the last whole repetition against the best one, 0..1; NaN for too few repetitions."""
    losses = [motion.velocity_loss for motion in reps if math.isfinite(motion.velocity_loss)]
    return losses[-1] if len(losses) >= REPS_FOR_LOSS else math.nan
