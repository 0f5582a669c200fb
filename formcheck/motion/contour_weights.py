"""Weights by which the dorsal contour tells the bend of the spine.

Written by `python -m benchmarks.fit_contour --write` from 154 rendered clips; not to be edited.
"""

WEIGHT_FROM, WEIGHT_TO = -0.1, 1.05
"""Stretch of the hip-shoulder line that the contour is read on, in its lengths above the hip."""

LOWER_WEIGHTS = (
    -2797,
    -2013,
    -1239,
    -501,
    152,
    667,
    1010,
    1170,
    1169,
    1064,
    912,
    755,
    612,
    489,
    379,
    259,
    113,
    -59,
    -240,
    -407,
    -542,
    -646,
    -732,
    -813,
)
UPPER_WEIGHTS = (
    -764,
    -510,
    -272,
    -81,
    38,
    72,
    24,
    -76,
    -172,
    -204,
    -134,
    45,
    304,
    591,
    839,
    989,
    995,
    843,
    548,
    144,
    -326,
    -833,
    -1353,
    -1873,
)
"""Lumbar and thoracic flexion in degrees for each hip-shoulder length that the contour is further out, at equal steps
over that stretch; the bend is the mean of weight times distance."""

HINGE_DRIFT_DEG = (-3.6, 0.2)
SEAT_DRIFT_DEG = (9.8, 2.3)
"""What the lumbar and the thoracic bend gain in a hinge, and when the thighs come up to level, although the spine keeps
its shape: buttocks stretch and the model's hip drifts."""
