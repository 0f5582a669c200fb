"""A candidate record for the model ``full`` that reads the back with networks: loaded to compare, not in use."""

from __future__ import annotations

from dataclasses import replace

from formcheck.motion.calibration import BLAZEPOSE, PopulationNorms
from formcheck.motion.contour_net_weights import NETWORKS

NETWORK_NORMS = PopulationNorms(
    # Nine clips that show somebody standing with empty hands, spread 15.
    standing_deg=(-9.0, -3.0),
    # Twelve lifters whose hinge in a deadlift or swing was judged neutral, spread 12 with what the reading adds.
    hinge_deg=(13.5, 0.0),
    hinge_spread_deg=9.5,
    # Six lifters who are seen standing and in a neutral hinge or squat.
    release_deg=(19.0, -1.5),
    release_spread_deg=9.0,
    # On rendered bodies that were not fitted, `python -m benchmarks.fit_contour_net`.
    hinge_drift_deg=(3.1, 1.0),
    # Half of that of the weighted sum: the networks, which see the seat, show none.
    seat_drift_deg=(4.9, 1.2),
    shape_spread_deg=6.0,
    standing_range_deg=(-50.0, 18.0),
)
"""What the mean of weighted sum and networks shows of lifters in general."""

WITH_NETWORKS = replace(BLAZEPOSE, name="BlazePose full with networks", networks=NETWORKS, contour_norms=NETWORK_NORMS)
"""A candidate for the model ``full``, whose masks the networks learned. It reads rendered bodies better, but brings
rounded and neutral backs of labelled real clips closer together, so it is not in use: see docs/spine.md."""
