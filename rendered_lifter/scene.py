"""Camera, room, light and the drawing of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from . import raster
from .body import BELT_RGB, Body, vertex_normals
from .meshes import Mesh, ball, box, lathe
from .rotations import about_z
from .spec import SceneSpec

Array = NDArray[np.float64]
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. `axes` has rows right, down and forward; `centre` is the image point of the optical axis."""

    place: Array
    axes: Array
    focal_px: float
    centre: tuple[float, float]

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (..., 3) to pixels (..., 2) and depth (...,)."""
        seen = (points - self.place) @ self.axes.T
        depth = np.maximum(seen[..., 2], 0.05)
        return seen[..., :2] / depth[..., None] * self.focal_px + np.array(self.centre), depth


def camera_for(spec: SceneSpec) -> Camera:
    """The lifter's mid-foot is the world's origin and is a tenth of the picture above its lower edge."""
    yaw = np.deg2rad(spec.yaw_deg)
    side = 1.0 if spec.facing == "left" else -1.0
    away = np.array([np.sin(yaw), side * np.cos(yaw), 0.0])
    pitch = np.deg2rad(spec.pitch_deg)
    forward = -away * np.cos(pitch) + np.array([0.0, 0.0, -np.sin(pitch)])
    right = np.cross(-away, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward])
    place = away * spec.distance_m + np.array([0.0, 0.0, spec.camera_height_m])
    focal = spec.height / spec.frame_height_m * spec.distance_m
    level = Camera(place, axes, focal, (spec.width / 2, 0.0))
    foot, _ = level.project(np.zeros(3))
    return Camera(place, axes, focal, (spec.width / 2, 0.90 * spec.height - float(foot[1])))


def view_name(spec: SceneSpec) -> str:
    """side-left, side-right, oblique, front or rear."""
    if abs(spec.yaw_deg) <= 20:
        return "side-left" if spec.facing == "left" else "side-right"
    if spec.yaw_deg > 65:
        return "front"
    return "rear" if spec.yaw_deg < -65 else "oblique"


# --- the room --------------------------------------------------------------------------------------------------------


def _noise(u: Array, v: Array, seed: int) -> Array:
    """Smooth value noise in [0, 1] with cells of size one, (N,) from (N,) and (N,)."""
    table = np.random.default_rng(seed).random((64, 64))
    iu, iv = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    fu, fv = u - iu, v - iv
    fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
    a, b, c, d = iu & 63, iv & 63, (iu + 1) & 63, (iv + 1) & 63
    low = table[a, b] * (1 - fu) + table[c, b] * fu
    return np.asarray(low * (1 - fv) + (table[a, d] * (1 - fu) + table[c, d] * fu) * fv)


@dataclass(frozen=True)
class Solid:
    """Something to draw: placed vertices (V, 3), triangles (T, 3), unit normals, colours, gloss; dressed or not."""

    vertices: Array
    triangles: NDArray[np.int64]
    normals: Array
    rgb: Array
    gloss: Array
    body: Body | None = None

    def attributes(self) -> F32:
        """Normal (3), garment fields (5), colour (3) and gloss (1) of every vertex, (V, 12)."""
        out = np.full((len(self.vertices), 12), -1.0, dtype=np.float32)
        out[:, :3], out[:, 8:11], out[:, 11] = self.normals, self.rgb, self.gloss
        if self.body is not None:
            g = self.body.garments
            out[:, 3:8] = np.stack([g.shoes, g.shirt, g.legwear, g.hair, g.belt], axis=1)
        return out


def solid_mesh(mesh: Mesh) -> Solid:
    """A mesh where it is."""
    return Solid(mesh.vertices, mesh.triangles, mesh.normals, mesh.rgb, mesh.gloss)


def solid_body(body: Body, placed: Array) -> Solid:
    """A body with its skin at `placed` (V, 3)."""
    normals = vertex_normals(placed, body.triangles)
    return Solid(placed, body.triangles, normals, body.garments.skin_rgb, np.full(len(placed), 0.25), body)


@dataclass(frozen=True)
class Room:
    """What does not move, drawn once at twice the picture's size: colour, depth, and which pixels are bare floor."""

    rgb: F32
    depth: F32
    floor: F32


def _inside(value: Array, low: float, high: float) -> Array:
    return np.asarray((value >= low) & (value < high))


def _paint(rgb: Array, where: Array, colour: tuple[float, float, float]) -> None:
    rgb[where] = colour


def build_room(spec: SceneSpec, camera: Camera, seed: int, extra: list[Solid]) -> Room:
    """Trace floor and wall, and draw the standing things in front of them."""
    rng = np.random.default_rng([seed, 77])
    h, w = 2 * spec.height, 2 * spec.width
    column, row = np.meshgrid((np.arange(w) + 0.5) / 2, (np.arange(h) + 0.5) / 2)
    ray = (
        (column - camera.centre[0])[..., None] / camera.focal_px * camera.axes[0]
        + (row - camera.centre[1])[..., None] / camera.focal_px * camera.axes[1]
        + camera.axes[2]
    )
    flat = np.array([camera.axes[2, 0], camera.axes[2, 1], 0.0])
    flat /= np.linalg.norm(flat)
    along = camera.axes[0]
    wall_m = float(rng.uniform(1.7, 2.6))
    with np.errstate(divide="ignore", invalid="ignore"):
        to_floor = np.where(ray[..., 2] < -1e-9, -camera.place[2] / ray[..., 2], np.inf)
        to_wall = (wall_m - camera.place @ flat) / (ray @ flat)
    floor = to_floor < to_wall
    depth = np.where(floor, to_floor, to_wall)
    point = camera.place + ray * depth[..., None]
    across, back, z = point @ along, point @ flat, point[..., 2]
    rgb = np.zeros((h, w, 3))
    style = spec.background
    wall_tone = {"gym": 0.62, "plain": 0.78, "clutter": 0.66}[style] * float(rng.uniform(0.85, 1.1))
    tint = 1 + rng.uniform(-0.05, 0.05, 3)
    floor_tone = {"gym": 0.22, "plain": 0.52, "clutter": 0.40}[style] * float(rng.uniform(0.85, 1.15))
    wall = ~floor
    rgb[wall] = wall_tone * tint
    if style == "gym":
        joints = (np.abs((z / 0.24) % 1 - 0.5) > 0.47) | (
            np.abs((across / 0.5 + 0.5 * (np.floor(z / 0.24) % 2)) % 1 - 0.5) > 0.485
        )
        rgb[wall & joints] *= 0.93
        band = tuple(rng.uniform(0.15, 0.5, 3))
        _paint(rgb, wall & _inside(z, 0.0, 0.12), (0.15, 0.15, 0.16))
        _paint(rgb, wall & _inside(z, 1.45, 1.62), (band[0], band[1], band[2]))
        rgb[floor] = (
            floor_tone * (0.93 + 0.14 * _noise(point[floor][:, 0] * 60, point[floor][:, 1] * 60, seed))[:, None]
        )
        mat = floor & (np.abs(point[..., 0] - 0.1) < 0.95) & (np.abs(point[..., 1]) < 1.25)
        u, v = point[mat][:, 0], point[mat][:, 1]
        planks = 0.94 + 0.10 * _noise(u * 1.5, np.floor(v / 0.11) * 7.3, seed + 1)
        grain = 0.97 + 0.05 * _noise(u * 5, v * 90, seed + 2)
        rgb[mat] = np.array([0.55, 0.42, 0.28]) * (planks * grain)[:, None]
        edge = mat & (
            (np.abs(np.abs(point[..., 0] - 0.1) - 0.93) < 0.02) | (np.abs(np.abs(point[..., 1]) - 1.23) < 0.02)
        )
        _paint(rgb, edge, (0.16, 0.16, 0.17))
    elif style == "plain":
        rgb[floor] = floor_tone * np.array([1.02, 1.0, 0.97])
        _paint(rgb, wall & _inside(z, 0.0, 0.08), (0.85, 0.85, 0.84))
    else:
        boards = 0.92 + 0.13 * _noise(np.floor(across[floor] / 0.16) * 5.1, back[floor] * 1.2, seed)
        rgb[floor] = (floor_tone * np.array([1.15, 0.98, 0.80])) * boards[:, None]
        _paint(rgb, wall & _inside(z, 0.0, 0.10), (0.80, 0.79, 0.77))
        for _ in range(3):
            a, b = rng.uniform(-2.2, 2.0), rng.uniform(1.2, 1.7)
            frame = wall & _inside(across, a, a + 0.5) & _inside(z, b, b + 0.4)
            _paint(rgb, frame, (0.25, 0.20, 0.16))
            picture = wall & _inside(across, a + 0.04, a + 0.46) & _inside(z, b + 0.04, b + 0.36)
            rgb[picture] = rng.uniform(0.3, 0.8, 3)
    glow = 0.86 + 0.22 * np.exp(-(((across - 0.6) / 2.4) ** 2) - ((z - 1.7) / 1.6) ** 2)
    rgb[wall] *= glow[wall][:, None]
    rgb[floor] *= (1.06 - 0.25 * np.clip(np.abs(back) / 3.0, 0, 1))[floor][:, None]
    corner = np.where(floor, wall_m - back, z)
    rgb *= (1 - 0.35 * np.exp(-np.clip(corner, 0, None) / 0.10))[..., None]
    rgb *= spec.exposure
    room = Room(rgb.astype(np.float32), depth.astype(np.float32), floor.astype(np.float32))
    things = [solid_mesh(m) for m in _furniture(style, rng, wall_m, flat, along)] + extra
    if things:
        draw = Drawing(spec, camera)
        rgb32, depth32 = room.rgb.copy(), room.depth.copy()
        draw.shadow(rgb32, room.floor, things, 2, (0, 0))
        draw.solids(rgb32, depth32, things, 2, (0, 0), (0.0, 0.0))
        room = Room(rgb32, depth32, room.floor * (depth32 == room.depth))
    return room


def _furniture(style: str, rng: np.random.Generator, wall_m: float, flat: Array, along: Array) -> list[Mesh]:
    turn = np.stack([along, flat, [0.0, 0.0, 1.0]], axis=1)
    things: list[Mesh] = []
    if style == "gym":
        x = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.9, 1.5))
        for level in (0.35, 0.75):
            things.append(box((x, wall_m - 0.25, level), (1.1, 0.35, 0.04), (0.13, 0.13, 0.14)))
            for k in range(4):
                size = 0.055 + 0.012 * k
                bell = lathe([(0.0, -0.11), (size, -0.11), (size, -0.03), (0.015, -0.03), (0.015, 0.03), (size, 0.03),
                              (size, 0.11), (0.0, 0.11)], (0.10, 0.10, 0.11), 0.2, 8)  # fmt: skip
                things.append(
                    bell.moved(np.eye(3), np.array([x - 0.39 + 0.26 * k, wall_m - 0.26, level + 0.02 + size]))
                )
        things += [box((x + dx, wall_m - 0.25, 0.42), (0.05, 0.35, 0.84), (0.13, 0.13, 0.14)) for dx in (-0.56, 0.56)]
        things += [box((-x + dx, wall_m - 0.4, 1.15), (0.07, 0.07, 2.3), (0.45, 0.10, 0.10)) for dx in (-0.6, 0.6)]
        things.append(box((-x, wall_m - 0.4, 2.26), (1.2, 0.07, 0.07), (0.45, 0.10, 0.10)))
        things.append(ball((0.2 * x, wall_m - 0.3, 0.27), 0.27, tuple(rng.uniform(0.25, 0.6, 3))))
    elif style == "clutter":
        things.append(box((-1.1, wall_m - 0.2, 0.45), (0.9, 0.35, 0.9), (0.50, 0.36, 0.22)))
        for k in range(5):
            tall = float(rng.uniform(0.12, 0.3))
            things.append(
                box(
                    (-1.45 + 0.17 * k, wall_m - 0.2, 0.9 + tall / 2),
                    (0.12, 0.2, tall),
                    tuple(rng.uniform(0.15, 0.8, 3)),
                )
            )
        things.append(box((0.9, wall_m - 0.35, 0.22), (1.1, 0.6, 0.44), tuple(rng.uniform(0.2, 0.6, 3))))
        things.append(box((0.9, wall_m - 0.1, 0.6), (1.1, 0.15, 0.5), tuple(rng.uniform(0.2, 0.6, 3))))
        things.append(ball((0.05, wall_m - 0.4, 0.12), 0.12, tuple(rng.uniform(0.2, 0.9, 3))))
        things.append(
            lathe([(0.0, 0.0), (0.13, 0.0), (0.16, 0.3), (0.0, 0.3)], (0.75, 0.7, 0.62)).moved(
                np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]), np.array([1.8, wall_m - 0.3, 0.0])
            )
        )
        for _ in range(24):
            a, t = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.75)
            leaf = lathe([(0.0, 0.0), (0.04, 0.2), (0.0, 0.45)], (0.16, 0.36, 0.18), 0.1, 5)
            tilt = np.array([[np.cos(t), np.sin(t), 0], [0, 0, 1.0], [-np.sin(t), np.cos(t), 0]])
            things.append(leaf.moved(about_z(a) @ tilt, np.array([1.8, wall_m - 0.3, 0.3])))
    return [t.moved(turn, np.zeros(3)) for t in things]


# --- drawing ---------------------------------------------------------------------------------------------------------


class Drawing:
    """Light and camera of one clip, and the drawing of lifter and load on the room."""

    def __init__(self, spec: SceneSpec, camera: Camera) -> None:
        self.spec = spec
        self.camera = camera
        azimuth, elevation = np.deg2rad(spec.light_azimuth_deg), np.deg2rad(spec.light_elevation_deg)
        # The light stands on the camera's side, swung by the azimuth.
        to_camera = -camera.axes[2] * [1, 1, 0]
        to_camera /= np.linalg.norm(to_camera)
        self.light = about_z(azimuth) @ to_camera * np.cos(elevation) + np.array([0.0, 0.0, np.sin(elevation)])
        self.half = (self.light - camera.axes[2]) / np.linalg.norm(self.light - camera.axes[2])

    def shade(self, rgb: F32, normal: F32, gloss: F32) -> F32:
        """Lambert with a sky, a bounce from the floor, a soft terminator and a highlight."""
        normal = normal / np.sqrt(np.einsum("ij,ij->i", normal, normal)).clip(1e-6)[:, None]
        facing = normal @ self.light.astype(np.float32)
        direct = np.clip((facing + 0.25) / 1.25, 0, 1)
        sky = 0.5 + 0.5 * normal[:, 2]
        front = np.clip(-(normal @ self.camera.axes[2].astype(np.float32)), 0, 1)
        level = 0.16 + 0.30 * sky + 0.56 * direct + 0.14 * front
        out = rgb * level[:, None]
        out[:, 0] += rgb[:, 0] * 0.05 * (1 - sky)
        shine = np.clip(normal @ self.half.astype(np.float32), 0, 1) ** 24
        return np.asarray((out + (0.35 * gloss * shine)[:, None]) * np.float32(self.spec.exposure), dtype=np.float32)

    def window(self, solids: list[Solid], scale: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, bottom, left and right (even numbers) of what the solids and their shadows may touch."""
        height, width = size
        points = np.concatenate([s.vertices for s in solids])
        on_floor = points - self.light / self.light[2] * points[:, 2:]
        px, _ = self.camera.project(np.concatenate([points, on_floor]))
        px = px * scale
        margin = 24 * scale
        low, high = px.min(axis=0) - margin, px.max(axis=0) + margin
        left, right = (int(np.clip(v, 0, width)) // 2 * 2 for v in (low[0], high[0] + 1))
        top, bottom = (int(np.clip(v, 0, height)) // 2 * 2 for v in (low[1], high[1] + 1))
        return top, max(bottom, top + 2), left, max(right, left + 2)

    def solids(
        self,
        rgb: F32,
        depth: F32,
        solids: list[Solid],
        scale: int,
        corner: tuple[int, int],
        jitter: tuple[float, float],
    ) -> None:
        """Draw on `rgb` and `depth` in place; their first pixel is the picture's row and column `corner`."""
        offset = np.array([jitter[0] - corner[1], jitter[1] - corner[0]])
        faces, corners, fars, count = [], [], [], 0
        for solid in solids:
            px, far = self.camera.project(solid.vertices)
            px = px * scale + offset
            p = px[solid.triangles]
            e1, e2 = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
            # Outward faces run counter-clockwise, which a downward y axis turns to a negative area.
            front = (e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]) < 0
            front &= far[solid.triangles].min(axis=1) > 0.3
            faces.append(solid.triangles[front] + count)
            corners.append(p[front])
            fars.append(far[solid.triangles[front]])
            count += len(solid.vertices)
        face, far = np.concatenate(faces), np.concatenate(fars)
        pixel, triangle, weight = raster.visible(np.concatenate(corners), far, depth)
        attributes = np.concatenate([s.attributes() for s in solids])
        w32 = weight.astype(np.float32)
        corner_of = face[triangle]
        value = attributes[corner_of[:, 0]] * w32[:, :1]
        value += attributes[corner_of[:, 1]] * w32[:, 1:2]
        value += attributes[corner_of[:, 2]] * w32[:, 2:3]
        albedo, shine = value[:, 8:11].copy(), value[:, 11].copy()
        first = 0
        for solid in solids:
            if solid.body is not None:
                own = np.flatnonzero((corner_of[:, 0] >= first) & (corner_of[:, 0] < first + len(solid.vertices)))
                dressed, gloss = albedo[own], shine[own]
                self._clothe(solid.body, value[own, 3:8], dressed, gloss)
                albedo[own], shine[own] = dressed, gloss
            first += len(solid.vertices)
        rgb.reshape(-1, 3)[pixel] = self.shade(albedo, value[:, :3], shine)
        depth.reshape(-1)[pixel] = np.einsum("ij,ij->i", w32, far[triangle].astype(np.float32))

    @staticmethod
    def _clothe(body: Body, field: F32, albedo: F32, shine: F32) -> None:
        spec = body.spec
        shoes, shirt, legs, hair, belt = field.T
        worn = (
            (hair > 0, spec.hair_rgb),
            (legs > 0, spec.legwear_rgb),
            (shirt > 0, spec.shirt_rgb),
            (belt > 0, BELT_RGB),
        )
        for inside, colour in worn:
            albedo[inside] = colour
            shine[inside] = 0.05
        # A seam along each border reads as cloth.
        for edge in (shirt, legs):
            seam = (edge > 0) & (edge < 0.008)
            albedo[seam] *= 0.82
        albedo[shoes > 0] = spec.shoes_rgb
        sole = shoes > 0.078
        albedo[sole] = 0.55 * np.array(spec.shoes_rgb, dtype=np.float32) + 0.4
        shine[shoes > 0] = 0.1

    def shadow(self, rgb: F32, floor: F32, solids: list[Solid], scale: int, corner: tuple[int, int]) -> None:
        """Darken the bare floor where the light is kept off it, and below what touches it."""
        height, width = floor.shape
        small = 2 * scale
        h, w = -(-height // small), -(-width // small)
        dark = np.zeros((h, w), dtype=np.float32)
        size = self.spec.height / 320
        for slant, strength, blur in ((1.0, 0.42, 2.2), (0.0, 0.38, 1.6)):
            hit = np.zeros((h, w), dtype=bool)
            for solid in solids:
                points, faces = solid.vertices, solid.triangles
                on_floor = points - self.light / self.light[2] * points[:, 2:] * slant
                on_floor[:, 2] = 0.0
                if slant == 0.0:
                    faces = faces[points[faces[:, 0], 2] < 0.22]
                px, _ = self.camera.project(on_floor)
                hit |= raster.mask((px[faces] * scale - [corner[1], corner[0]]) / small, w, h)
            radius = 2 * round(blur * size) + 1
            soft = ndimage.uniform_filter(ndimage.uniform_filter(hit.astype(np.float32), radius), radius)
            dark = np.maximum(dark, strength * soft)
        # The shadow is far softer than these blocks, so they need no interpolation.
        big = np.repeat(np.repeat(dark, small, axis=0), small, axis=1)[:height, :width]
        rgb *= (1 - big * floor)[..., None]


def downsample(image: F32) -> F32:
    """Mean of two by two pixels of an image with even sides."""
    rows = image[0::2] + image[1::2]
    return np.asarray((rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25))


def to_bytes(image: F32) -> NDArray[np.uint8]:
    """Soft-clip and quantise."""
    bright = np.where(image > 0.8, 0.8 + 0.2 * np.tanh((image - 0.8) / 0.2), image)
    return np.asarray(np.clip(bright * 255 + 0.5, 0, 255), dtype=np.uint8)
