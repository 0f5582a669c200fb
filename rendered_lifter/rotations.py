"""Rotation matrices. The lifter's frame has x forward, y left and z up, so turning about +y leans forward."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def about_axis(axis: Array, angle_rad: ArrayLike) -> Array:
    """Rotation about unit `axis` (3,) or (F, 3) by `angle_rad` () or (F,): (3, 3) or (F, 3, 3)."""
    axis = np.asarray(axis, dtype=np.float64)
    angle = np.asarray(angle_rad, dtype=np.float64)
    x, y, z = axis[..., 0], axis[..., 1], axis[..., 2]
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*axis.shape[:-1], 3, 3)
    s, c = np.sin(angle)[..., None, None], np.cos(angle)[..., None, None]
    outer = axis[..., :, None] * axis[..., None, :]
    return np.asarray(c * np.eye(3) + s * cross + (1 - c) * outer)


def about_x(angle_rad: ArrayLike) -> Array:
    """Rotation about forward: positive lowers the left side... of a vector pointing left, raises it."""
    return about_axis(np.array([1.0, 0.0, 0.0]), angle_rad)


def about_y(angle_rad: ArrayLike) -> Array:
    """Rotation about left: positive leans what points up towards the front."""
    return about_axis(np.array([0.0, 1.0, 0.0]), angle_rad)


def about_z(angle_rad: ArrayLike) -> Array:
    """Rotation about up: positive turns what points forward towards the left."""
    return about_axis(np.array([0.0, 0.0, 1.0]), angle_rad)


def unit(v: Array) -> Array:
    """Vectors of length one; a zero vector stays zero."""
    return np.asarray(v / np.linalg.norm(v, axis=-1, keepdims=True).clip(1e-12))


def frame(along: Array, side: Array) -> Array:
    """Orthonormal frames (..., 3, 3) whose first column is `along` and whose second is `side` made square to it."""
    a = unit(along)
    s = unit(side - a * np.sum(side * a, axis=-1, keepdims=True))
    return np.stack([a, s, np.cross(a, s)], axis=-1)


def align(along_rest: Array, side_rest: Array, along_now: Array, side_now: Array) -> Array:
    """Rotation that carries the resting frame of a bone to its present one, (..., 3, 3)."""
    return np.asarray(frame(along_now, side_now) @ np.swapaxes(frame(along_rest, side_rest), -1, -2))


def partial(rotation: Array, axis: Array, share: float) -> Array:
    """The `share` of the twist about `axis` that `rotation` (F, 3, 3) holds, as a rotation."""
    # Swing-twist split: the quaternion's vector part along the axis is the twist.
    w = np.sqrt(np.maximum(0.0, 1 + np.trace(rotation, axis1=-2, axis2=-1))) / 2
    v = np.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        axis=-1,
    ) / (4 * w[..., None]).clip(1e-6)
    angle = 2 * np.arctan2(np.sum(v * axis, axis=-1), w)
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    return about_axis(np.broadcast_to(axis, v.shape), share * angle)
