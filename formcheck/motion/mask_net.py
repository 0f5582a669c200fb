"""A small convolutional network that reads the flexion of the spine from the mask around the trunk, in plain numpy.

The edge of the back tells how one lifter's back compares with another's. How far *one* back has bent since its owner
stood, the whole mask tells better: `formcheck.motion.neutral` uses it for that and for nothing else (docs/spine.md).
The network is fitted to single frames of rendered lifters (`benchmarks.fit_mask_net`), by which the difference between
two frames of one body is to be the difference of its spine's flexion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray

CROP_FROM, CROP_TO, CROP_SIDE = -0.45, 1.3, 0.75
"""Stretch of the hip-shoulder line that the crop of the mask shows, and how far to the back and to the front."""
CROP_SHAPE = (64, 48)
"""Rows and columns of the crop: shoulders up, back to the left."""

MASK_SHARE = 0.75
"""Of the network in flexion since standing; the rest is the weighted sum of the contour. On the third series of the
rendered split "tune", and on the samples, more and less are further off."""

STRIDE = 2
BLOCK = 256
"""Masks that are read together."""


@dataclass(frozen=True)
class MaskNet:
    """Layers in their order: convolutions, a hidden layer, and the one that gives lumbar and thoracic flexion.

    Attributes
    ----------
    weights, biases : of convolutions (out, in, height, width), of the others (out, in); single precision.
    drift_deg : (2,) what the reading gains in a hinge although the spine keeps its shape.
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    drift_deg: tuple[float, float]

    def read(self, crops: NDArray[np.uint8], lean_deg: FloatArray) -> FloatArray:
        """Lumbar and thoracic flexion (N, 2) in degrees of crops (N, 64, 48), 0..255, and the trunks' lean (N,)."""
        found = np.zeros((len(crops), 2))
        for start in range(0, len(crops), BLOCK):
            part = slice(start, start + BLOCK)
            found[part] = self._read(crops[part], lean_deg[part])
        return found

    def _read(self, crops: NDArray[np.uint8], lean_deg: FloatArray) -> FloatArray:
        values: NDArray[np.floating] = np.asarray(crops, dtype=np.float32)[:, None] / np.float32(255.0)
        layers = list(zip(self.weights, self.biases, strict=True))
        for weights, bias in layers[:-2]:
            values = np.maximum(_convolved(values, weights, bias), 0.0)
        lean = np.radians(np.nan_to_num(lean_deg))
        flat = np.concatenate([values.reshape(len(values), -1), np.stack([np.sin(lean), np.cos(lean)], axis=1)], axis=1)
        (inner, inner_bias), (last, last_bias) = layers[-2:]
        return np.asarray(np.tanh(flat @ inner.T + inner_bias) @ last.T + last_bias)


def _convolved(values: FloatArray, weights: FloatArray, bias: FloatArray) -> FloatArray:
    """Maps (N, I, H, W) under a convolution with stride 2 and half its size of padding: (N, O, H / 2, W / 2)."""
    size = weights.shape[2]
    around = size // 2
    padded = np.pad(values, ((0, 0), (0, 0), (around, around), (around, around)))
    windows = sliding_window_view(padded, (size, size), axis=(2, 3))[:, :, ::STRIDE, ::STRIDE]
    count, _, height, width = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(count * height * width, -1)
    out = columns @ weights.reshape(len(weights), -1).T + bias
    return np.asarray(out.reshape(count, height, width, -1).transpose(0, 3, 1, 2))
