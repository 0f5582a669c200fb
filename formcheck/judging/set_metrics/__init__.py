"""What only a whole set shows: tempo, velocity and its loss, drift, the bar's path, best and worst repetition.

    tracked_point   what is followed: hands or shoulders
    tempo           eccentric, pauses and concentric of each repetition
    path            the way of the load over one repetition
    velocity        its loss over the set, and metres per second
    drift           changes from repetition to repetition, and their scatter
    ranking         best and worst repetition
    whole_set       all of it -> `SetLevel`

Lengths are in statures (1.0 = the lifter's height; ``_heights`` in the names), velocities in statures per second; in
metres as well where the lifter's height or the plate is known. Nothing here is judged right or wrong: it is told
beside the findings.
"""

from formcheck.judging.set_metrics.records import BarPath, Drift, PlatePath, RepMotion, SetLevel
from formcheck.judging.set_metrics.whole_set import set_level

__all__ = ["BarPath", "Drift", "PlatePath", "RepMotion", "SetLevel", "set_level"]
