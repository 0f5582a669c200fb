"""Weights by which the dorsal contour tells the bend of the spine.

Written by `python -m benchmarks.fit_contour --write` from 155 rendered clips; not to be edited.
"""

WEIGHT_FROM, WEIGHT_TO = -0.1, 1.05
"""Stretch of the hip-shoulder line that the contour is read on, in its lengths above the hip."""

LOWER_WEIGHTS = (
    -2826, -2017, -1216, -454, 211, 721, 1045, 1182, 1169, 1065, 917, 761,
    612, 478, 353, 222, 72, -96, -266, -418, -545, -649, -742, -832,
)
UPPER_WEIGHTS = (
    -687, -462, -254, -91, 6, 27, -19, -102, -173, -178, -87, 103,
    357, 620, 828, 930, 896, 723, 433, 66, -344, -773, -1208, -1641,
)
"""Lumbar and thoracic flexion in degrees for each hip-shoulder length that the contour lies further out, at equal steps
over that stretch; the bend is the mean of weight times distance."""

HINGE_DRIFT_DEG = (-2.5, 0.6)
SEAT_DRIFT_DEG = (9.9, 2.1)
"""What the lumbar and the thoracic bend gain in a hinge, and when the thighs come up to level, although the spine keeps
its shape: buttocks stretch and the model's hip drifts."""
