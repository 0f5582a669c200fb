"""A small regressor from the shape of the dorsal contour to the flexion of the spine, in plain numpy.

A weighted sum of the contour's distances (`formcheck.motion.contour_weights`) gives every body the same gain and cannot
tell a back that rounds from one that is merely deep. These networks see the smooth shape of the edge from the seat to
the neck. They are fitted to single frames of rendered lifters (`benchmarks.fit_contour_net`), by which the difference
between two frames of one body is to be the difference of its spine's flexion, and several are averaged. What they see
is the shape alone: how far out the contour is as a whole does not matter.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray, contour_stations

SHAPE_FROM, SHAPE_TO, SHAPE_NODES = -0.3, 1.2, 36
"""The edge is taken at this many equal steps along the hip-shoulder line, from the seat to the neck."""

SHAPE_DEGREE = 9
"""The shape is told by the Legendre polynomials of degree 1 to this over that stretch: without the first, how far out
the edge is as a whole does not matter, and beyond the last there are folds of a shirt and the mask's own steps. Fewer
(7) read rendered bodies worse, and the edge as it is reads real lifters worse (docs/spine.md)."""

NEAREST, FURTHEST = -0.3, 0.9
"""Distances beyond these (hip-shoulder lengths) are taken for these: they are not the back's."""

INPUT_MAX = 5.0
"""Inputs further off than this many standard deviations are taken for this."""

DEG = 10.0
"""Degrees to a unit of the networks' outputs."""

LOG_ERROR_RANGE = (-3.0, 2.0)
"""Natural logarithm of the standard error, in those units."""

OUTPUTS = 4
"""Lumbar flexion, thoracic flexion, and the logarithms of the standard error of their sum: as one side of a difference
between two frames of a body, and alone."""


@dataclass(frozen=True)
class ContourReading:
    """What the networks say of F frames, (F,) each in degrees; NaN where there is no contour.

    Attributes
    ----------
    lower_deg, upper_deg : lumbar and thoracic flexion since standing as most people stand; rounded is positive.
    change_error_deg : standard error of the sum in a difference to another frame, as far as this frame causes it.
    error_deg : standard error of the sum by itself, without a frame to compare with.
    """

    lower_deg: FloatArray
    upper_deg: FloatArray
    change_error_deg: FloatArray
    error_deg: FloatArray


@dataclass(frozen=True)
class ContourNet:
    """Networks with two hidden layers of hyperbolic tangents, whose outputs are averaged; M networks, D inputs.

    Attributes
    ----------
    centre, spread : (D,) mean and standard deviation of the inputs.
    weights : of the three layers, (M, D, H), (M, H, K) and (M, K, `OUTPUTS`).
    biases : of the three layers, (M, H), (M, K) and (M, `OUTPUTS`).
    error_scale : by which standard errors are multiplied so that they hold on bodies that were not fitted.
    """

    centre: FloatArray
    spread: FloatArray
    weights: tuple[FloatArray, FloatArray, FloatArray]
    biases: tuple[FloatArray, FloatArray, FloatArray]
    error_scale: float = 1.0

    def read(self, shape: FloatArray) -> ContourReading:
        """Read the spine from the `contour_shape` of F frames, (F, D)."""
        known = np.asarray(np.isfinite(shape).all(axis=1))
        scaled = np.clip((np.where(known[:, None], shape, 0.0) - self.centre) / self.spread, -INPUT_MAX, INPUT_MAX)
        layer = np.broadcast_to(scaled, (len(self.weights[0]), *scaled.shape))
        for number, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            layer = layer @ weights + biases[:, None]
            if number < len(self.weights) - 1:
                layer = np.tanh(layer)
        found = np.where(known[:, None], layer.mean(axis=0), np.nan)
        errors = DEG * self.error_scale * np.exp(np.clip(found[:, 2:], *LOG_ERROR_RANGE))
        return ContourReading(DEG * found[:, 0], DEG * found[:, 1], errors[:, 0], errors[:, 1])


def contour_shape(away: FloatArray) -> FloatArray:
    """The shape of the dorsal edge that the networks see, (F, `SHAPE_DEGREE`), in hip-shoulder lengths.

    Parameters
    ----------
    away : (F, S) distance of the edge from the hip-shoulder line at each of `contour_stations`, positive towards the
        back, NaN where there is no edge; see `formcheck.motion.spine.dorsal_distances`.

    Returns
    -------
    Coefficients of the Legendre polynomials that follow the mean distances around the nodes. Gaps are bridged by
    straight lines; a frame without any edge is NaN.
    """
    stations = contour_stations()
    filled = np.clip(away, NEAREST, FURTHEST)
    for row in filled:
        known = np.isfinite(row)
        if known.any() and not known.all():
            row[~known] = np.interp(stations[~known], stations[known], row[known])
    nodes = np.linspace(SHAPE_FROM, SHAPE_TO, SHAPE_NODES)
    share = np.stack([np.interp(stations, nodes, unit, left=0.0, right=0.0) for unit in np.eye(SHAPE_NODES)], axis=1)
    powers = np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, SHAPE_NODES), SHAPE_DEGREE)
    return np.asarray(filled @ (share / share.sum(axis=0)) @ np.linalg.pinv(powers)[1:].T)


def packed(values: FloatArray) -> str:
    """Numbers in half precision as text, for a module that holds them."""
    return base64.b85encode(np.asarray(values, dtype="<f2").tobytes()).decode()


def unpacked(text: str, *shape: int) -> FloatArray:
    """The numbers in a text from `packed`, in single precision and of that shape."""
    return np.frombuffer(base64.b85decode(text), dtype="<f2").astype(np.float32).reshape(shape)
