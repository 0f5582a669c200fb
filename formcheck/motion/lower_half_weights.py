"""Weights by which the lower half of the dorsal contour tells the bend of the spine.

Written by `python -m benchmarks.fit_lower_half --write` from single frames of 1320 rendered bodies;
not to be edited.
"""

LOWER_HALF_WEIGHTS = (
    -89,
    -75,
    -58,
    -43,
    -33,
    -29,
    -26,
    -25,
    -24,
    -21,
    -16,
    -9,
    -1,
    6,
    12,
    16,
    18,
    18,
    17,
    19,
    24,
    33,
    47,
    63,
    81,
    94,
)
"""Degrees for each hip-shoulder length that the edge lies further out, for each station."""
