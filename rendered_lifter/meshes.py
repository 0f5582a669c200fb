"""Simple solids: bars, plates, bells, boxes. Flat arrays that the scene draws together with the lifter."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .body import vertex_normals

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mesh:
    """Vertices (V, 3), triangles (T, 3) facing outwards, unit normals (V, 3), colour (V, 3) from 0 to 1, gloss (V,)."""

    vertices: Array
    triangles: NDArray[np.int64]
    normals: Array
    rgb: Array
    gloss: Array

    def moved(self, turn: Array, shift: Array) -> Mesh:
        """The mesh turned by a rotation (3, 3), then shifted by (3,)."""
        return Mesh(self.vertices @ turn.T + shift, self.triangles, self.normals @ turn.T, self.rgb, self.gloss)


def join(meshes: list[Mesh]) -> Mesh:
    """One mesh of many."""
    offset = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.triangles + o for m, o in zip(meshes, offset, strict=True)]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.rgb for m in meshes]),
        np.concatenate([m.gloss for m in meshes]),
    )


def _solid(
    vertices: Array, triangles: NDArray[np.int64], rgb: tuple[float, ...] | Array, gloss: float, sharp: bool
) -> Mesh:
    if sharp:
        vertices = vertices[triangles.ravel()]
        triangles = np.arange(len(vertices)).reshape(-1, 3)
    normals = vertex_normals(vertices, triangles)
    colour = np.broadcast_to(np.asarray(rgb, dtype=np.float64), (len(vertices), 3)).copy()
    return Mesh(vertices, triangles, normals, colour, np.full(len(vertices), gloss))


def box(centre: tuple[float, float, float], size: tuple[float, float, float], rgb: tuple[float, ...]) -> Mesh:
    """An axis-aligned box."""
    corner = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return _solid(corner * size + np.array(centre), triangles, rgb, 0.1, sharp=True)


def lathe(profile: list[tuple[float, float]], rgb: tuple[float, ...], gloss: float = 0.3, sides: int = 40) -> Mesh:
    """A solid turned about the y axis from (radius, y) points listed towards +y; ends at radius 0 are closed."""
    rings = []
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    meshes = []
    for (r0, y0), (r1, y1) in pairwise(profile):
        rings = [
            np.stack([r * np.sin(angle), np.full(sides, y), r * np.cos(angle)], axis=1) for r, y in ((r0, y0), (r1, y1))
        ]
        i = np.arange(sides)
        j = (i + 1) % sides
        triangles = np.concatenate([np.stack([i, j, sides + j], 1), np.stack([i, sides + j, sides + i], 1)])
        meshes.append(_solid(np.concatenate(rings), triangles, rgb, gloss, sharp=False))
    return join(meshes)


def tube(path: Array, radius: float, rgb: tuple[float, ...], gloss: float = 0.3, sides: int = 12) -> Mesh:
    """A round tube along the points of `path` (N, 3)."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    helper = np.array([0.31, 0.17, 0.93])
    side = np.cross(tangent, helper)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * other[:, None]
    vertices = (path[:, None] + radius * ring).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(len(path) - 1), np.arange(sides), indexing="ij")
    a, b = i * sides + j, i * sides + (j + 1) % sides
    triangles = np.concatenate(
        [np.stack([a, b, b + sides], -1).reshape(-1, 3), np.stack([a, b + sides, a + sides], -1).reshape(-1, 3)]
    )
    return _solid(vertices, triangles, rgb, gloss, sharp=False)


def ball(centre: tuple[float, float, float], radius: float, rgb: tuple[float, ...]) -> Mesh:
    """A sphere."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 15)
    profile = [(float(radius * np.cos(t)), float(radius * np.sin(t))) for t in a]
    return lathe(profile, rgb, 0.3, 28).moved(np.eye(3), np.array(centre))


def plate(diameter_m: float, y_m: float, rgb: tuple[float, ...]) -> Mesh:
    """A bumper plate about the y axis, centred on `y_m`, with a rim, a groove and a steel hub."""
    r, h = diameter_m / 2, 0.015 + 0.02 * diameter_m
    disc = lathe(
        [(0.05, -h * 0.5), (0.80 * r, -h * 0.5), (0.86 * r, -h), (0.98 * r, -h), (r, -h * 0.7), (r, h * 0.7),
         (0.98 * r, h), (0.86 * r, h), (0.80 * r, h * 0.5), (0.05, h * 0.5)], rgb, 0.1, 56,
    )  # fmt: skip
    hub = lathe([(0.0, -h * 0.8), (0.05, -h * 0.8), (0.05, h * 0.8), (0.0, h * 0.8)], (0.62, 0.63, 0.65), 0.3, 28)
    return join([disc, hub]).moved(np.eye(3), np.array([0.0, y_m, 0.0]))


def barbell(plates: str, diameter_m: float, near_y: float, kind: str) -> Mesh:
    """A bar along y through the origin. `near_y` is +1 or -1: the side that faces the camera."""
    if kind == "pvc":
        return lathe([(0.0, -0.9), (0.016, -0.9), (0.016, 0.9), (0.0, 0.9)], (0.93, 0.93, 0.90), 0.2, 14)
    steel = (0.55, 0.56, 0.58)
    bar = lathe(
        [(0.0, -1.1), (0.025, -1.1), (0.025, -0.67), (0.034, -0.67), (0.034, -0.655), (0.014, -0.655), (0.014, 0.655),
         (0.034, 0.655), (0.034, 0.67), (0.025, 0.67), (0.025, 1.1), (0.0, 1.1)], steel, 0.6, 18,
    )  # fmt: skip
    parts = [bar]
    colour = {0.45: (0.62, 0.10, 0.12), 0.35: (0.12, 0.25, 0.55), 0.23: (0.15, 0.15, 0.16)}.get(
        round(diameter_m, 2), (0.16, 0.16, 0.17)
    )
    if plates in ("far", "both"):
        parts.append(plate(diameter_m, -near_y * 0.71, colour))
    if plates == "both":
        parts.append(plate(diameter_m, near_y * 0.71, colour))
    return join(parts)


def bar_stand(x_m: float, y_m: float, height_m: float) -> Mesh:
    """A slim stand whose fork carries a bar's sleeve."""
    dark = (0.16, 0.16, 0.17)
    return join(
        [
            box((x_m, y_m, 0.01), (0.22, 0.12, 0.02), dark),
            box((x_m, y_m, height_m / 2), (0.035, 0.05, height_m), dark),
            box((x_m - 0.036, y_m, height_m + 0.015), (0.012, 0.05, 0.06), dark),
            box((x_m + 0.036, y_m, height_m + 0.015), (0.012, 0.05, 0.06), dark),
            box((x_m, y_m, height_m - 0.01), (0.084, 0.05, 0.02), dark),
        ]
    )


KETTLEBELL_DROP_M = 0.155  # from the middle of the handle to the middle of the ball


def kettlebell() -> Mesh:
    """A bell that hangs below the origin, which is the middle of its handle; the handle is along y."""
    r = 0.098
    a = np.linspace(-np.pi / 2, np.pi / 2, 17)
    body = lathe([(float(r * np.cos(t)), float(r * np.sin(t))) for t in a], (0.13, 0.13, 0.14), 0.35, 30)
    body = body.moved(np.eye(3), np.array([0.0, 0.0, -KETTLEBELL_DROP_M]))
    t = np.linspace(-0.25, np.pi + 0.25, 25)
    handle = np.stack([np.zeros_like(t), 0.075 * np.cos(t), -0.075 + 0.075 * np.minimum(np.sin(t) * 1.3, 1.0)], axis=1)
    return join([body, tube(handle, 0.016, (0.20, 0.20, 0.21), 0.4)])
