"""Whether the hips hinge, or the knees do the work instead."""

from __future__ import annotations

from dataclasses import replace

from formcheck.core.words import N_
from formcheck.exercises.framework.check import SIDE_OR_OBLIQUE, Check, Measurement, Skill, missing
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import angle_uncertainty_deg, difference, typical
from formcheck.motion.signals import Signals

KNEES_HIDDEN = N_("the knees are hidden by a plate")


KNEE_BEND_GAIN_DEG = Measure(
    "knee_bend_gain_deg",
    "Knee flexion from top to bottom",
    "deg",
    "Bend of the knee at the bottom minus that at the top.",
)


def knee_bend_gain(signals: Signals, rep: Rep) -> Measurement:
    """Knee flexion at the bottom beyond that at the top, degrees."""
    bottom = typical(signals, signals.knee_flexion_deg, rep.cycle.bottom_from, rep.cycle.bottom_to)
    top = typical(signals, signals.knee_flexion_deg, rep.lockout, rep.top_to)
    if bottom.reason or top.reason:
        return missing(KNEES_HIDDEN)
    gained = difference(bottom, top, angle_uncertainty_deg(signals, rep.bottom, rep.bottom))
    return replace(gained, at_s=float(signals.time_s[rep.bottom]))


KNEES_TAKE_OVER = Check(
    id="knees-take-over",
    title="Knees bending instead of the hips hinging",
    measure=KNEE_BEND_GAIN_DEG,
    watch=25,
    fault=35,
    views=SIDE_OR_OBLIQUE,
    cue="Soft knees that stay where they are; hips back.",
    why="A hinge loads the hamstrings only while the knees stay put.",
    source="Fault catalogue, 5 deg wider for the error of the knee; no clip of it was at hand",
    confidence="low",
    trains=Skill.HINGE,
)
