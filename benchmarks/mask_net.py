"""A small convolutional network that reads the flexion of the spine from the aligned mask, run by numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks.pose_cache import FOLDER
from formcheck.core.poses import FloatArray

KEPT = FOLDER / "mask-net.npz"

STRIDE = 2
BLOCK = 256
"""Masks that are read together."""


@dataclass(frozen=True)
class MaskNet:
    """What `benchmarks.fit_mask_net` has fitted.

    Attributes
    ----------
    weights, biases : of each layer in their order; those of convolutions are (out, in, height, width), the others
        (out, in). The last layer gives lumbar and thoracic flexion in degrees.
    drift_deg : (2,) what the reading gains in a hinge although the spine keeps its shape.
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    drift_deg: FloatArray

    def read(self, crops: NDArray[np.uint8], lean_deg: FloatArray) -> FloatArray:
        """Lumbar and thoracic flexion (N, 2) in degrees of crops (N, H, W) and the lean of their trunks (N,)."""
        found = np.zeros((len(crops), 2))
        for start in range(0, len(crops), BLOCK):
            part = slice(start, start + BLOCK)
            found[part] = self._read(crops[part], lean_deg[part])
        return found

    def _read(self, crops: NDArray[np.uint8], lean_deg: FloatArray) -> FloatArray:
        values = np.asarray(crops, dtype=np.float32)[:, None] / np.float32(255.0)
        layers = list(zip(self.weights, self.biases, strict=True))
        for weights, bias in layers[:-2]:
            values = np.maximum(_convolved(values, weights.astype(np.float32), bias.astype(np.float32)), 0.0)
        lean = np.radians(np.nan_to_num(lean_deg))
        flat = np.concatenate([values.reshape(len(values), -1), np.stack([np.sin(lean), np.cos(lean)], axis=1)], axis=1)
        (inner, inner_bias), (last, last_bias) = layers[-2:]
        return np.asarray(np.tanh(flat @ inner.T + inner_bias) @ last.T + last_bias)

    def save(self, path: Path) -> None:
        """Keep the network in half precision, which changes its readings by hundredths of a degree."""
        arrays = {f"weights_{n}": each.astype(np.float16) for n, each in enumerate(self.weights)}
        arrays |= {f"biases_{n}": each.astype(np.float32) for n, each in enumerate(self.biases)}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, allow_pickle=False, drift_deg=self.drift_deg, **arrays)


def load_mask_net(path: Path = KEPT) -> MaskNet:
    """The network that was kept. Raises FileNotFoundError where none was."""
    with np.load(path, allow_pickle=False) as kept:
        count = sum(name.startswith("weights_") for name in kept.files)
        return MaskNet(
            tuple(kept[f"weights_{n}"].astype(np.float64) for n in range(count)),
            tuple(kept[f"biases_{n}"].astype(np.float64) for n in range(count)),
            kept["drift_deg"],
        )


def _convolved(values: NDArray[np.float32], weights: NDArray[np.float32], bias: NDArray[np.float32]) -> FloatArray:
    """Maps (N, I, H, W) under a convolution with stride 2 and half its size of padding: (N, O, H / 2, W / 2)."""
    size = weights.shape[2]
    around = size // 2
    padded = np.pad(values, ((0, 0), (0, 0), (around, around), (around, around)))
    windows = sliding_window_view(padded, (size, size), axis=(2, 3))[:, :, ::STRIDE, ::STRIDE]
    count, _, height, width = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(count * height * width, -1)
    out = columns @ weights.reshape(len(weights), -1).T + bias
    return np.asarray(out.reshape(count, height, width, -1).transpose(0, 3, 1, 2))
