"""From a clip's settings to its motion, whatever the lift."""

from __future__ import annotations

import numpy as np

from . import deadlift, squat, swing
from .body import Body
from .motion import Script
from .spec import ClipSpec


def script_for(body: Body, clip: ClipSpec) -> Script:
    """The motion of a clip."""
    rng = np.random.default_rng([clip.seed, 5])
    maker = {"deadlift": deadlift.script, "swing": swing.script, "squat": squat.script}
    return maker[clip.exercise](body, clip, rng)
