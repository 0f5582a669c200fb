"""Render one clip: script, poses, pictures, encoding, truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from . import deadlift, motion, posing, scene
from .body import Body, build_body
from .lifts import script_for
from .meshes import Mesh, bar_stand, barbell, kettlebell
from .motion import Moment, Script
from .posing import Pose
from .rotations import about_z
from .spec import ClipSpec, random_body
from .truth import clip_truth

Array = NDArray[np.float64]


def frame_times(clip: ClipSpec, script: Script) -> Array:
    """Instants of the frames, seconds."""
    return np.arange(int(np.floor(script.duration_s * clip.scene.fps))) / clip.scene.fps


def load_mesh(clip: ClipSpec, kind: str) -> Mesh | None:
    """The load at its own origin."""
    near = 1.0 if clip.scene.facing == "left" else -1.0
    if kind == "kettlebell":
        return kettlebell()
    if kind == "barbell":
        return barbell(clip.plates, clip.plate_diameter_m, near, clip.load)
    return None


def render_frames(clip: ClipSpec, times: Array | None = None) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield (time, picture (H, W, 3) uint8) for the instants given, or for the whole clip."""
    script = script_for(build_body(clip.body), clip)
    if times is None:
        times = frame_times(clip, script)
    blur = max(1, clip.scene.blur)
    offsets = (np.arange(blur) - (blur - 1) / 2) / blur * 0.5 / clip.scene.fps
    moment = script.at((times[:, None] + offsets).ravel())
    for time_s, picture in zip(times, render_moment(clip, moment), strict=True):
        yield float(time_s), picture


def render_moment(clip: ClipSpec, moment: Moment) -> Iterator[NDArray[np.uint8]]:
    """Yield one picture (H, W, 3) uint8 for each instant of a moment, or for each group of them if there is blur."""
    body = build_body(clip.body)
    camera = scene.camera_for(clip.scene)
    things = standing_by(clip, camera) + bar_stands(clip)
    room = scene.build_room(clip.scene, camera, clip.seed, things)
    draw = scene.Drawing(clip.scene, camera)
    blur = max(1, clip.scene.blur)
    pose = posing.solve(body, moment.controls)
    mesh = load_mesh(clip, moment.load_kind)
    still = scene.downsample(room.rgb)
    # One instant: every pixel is sampled on a two by two grid. Several: each instant samples another place in it.
    if blur == 1:
        base, depth, floor, scale = room.rgb, room.depth, room.floor, 2
    else:
        base, depth, floor, scale = still, room.depth[::2, ::2], room.floor[::2, ::2], 1
    background = scene.to_bytes(still)
    for f in range(len(moment.load_place) // blur):
        shots = []
        for i in range(f * blur, (f + 1) * blur):
            solids = [scene.solid_body(body, posing.skin(body, pose.turn[i], pose.head[i]))]
            if mesh is not None:
                solids.append(scene.solid_mesh(mesh.moved(moment.load_turn[i], moment.load_place[i])))
            shots.append(solids)
        boxes = np.array([draw.window(s, scale, depth.shape) for s in shots])
        top, left = boxes[:, 0].min(), boxes[:, 2].min()
        part = (slice(top, boxes[:, 1].max()), slice(left, boxes[:, 3].max()))
        total = np.zeros_like(base[part])
        for k, solids in enumerate(shots):
            rgb, far = base[part].copy(), depth[part].copy()
            draw.shadow(rgb, floor[part], solids, scale, (top, left))
            jitter = (0.0, 0.0) if blur == 1 else ((k * 0.618) % 1 - 0.5, (k + 0.5) / blur - 0.5)
            draw.solids(rgb, far, solids, scale, (top, left), jitter)
            total += rgb
        drawn = scene.to_bytes(scene.downsample(total) if blur == 1 else total / np.float32(blur))
        picture = background.copy()
        top, left = top // scale, left // scale
        picture[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
        yield picture


def bar_stands(clip: ClipSpec) -> list[scene.Solid]:
    """Stands below the sleeves of a deadlift's bar wherever no 45 cm plate carries it."""
    if clip.exercise != "deadlift" or clip.load == "kettlebell":
        return []
    near = 1.0 if clip.scene.facing == "left" else -1.0
    full = round(clip.plate_diameter_m, 2) >= 0.45 and clip.load == "barbell"
    bare = [y for y, laden in ((near, clip.plates == "both"), (-near, clip.plates != "none")) if not (laden and full)]
    below = deadlift.START_HEIGHT_M - (0.016 if clip.load == "pvc" else 0.025)
    place = 0.85 if clip.load == "pvc" else 0.95
    return [scene.solid_mesh(bar_stand(deadlift.START_X_M, y * place, below)) for y in bare]


def standing_by(clip: ClipSpec, camera: scene.Camera) -> list[scene.Solid]:
    """A bystander behind the lifter, standing still, if the clip has one."""
    if not clip.scene.bystander:
        return []
    rng = np.random.default_rng([clip.seed, 9])
    other = build_body(random_body(rng))
    n = np.zeros(1)
    stance = motion.stance_for(other, 1.2 * other.joint("upperleg01.L")[1], 12.0)
    p = motion.still({"lean": 0.02})(n)
    shoulder = motion.shoulders(other, motion.hips_from_legs(other, stance, p), p)
    grip = motion.hanging(other, shoulder, n, n + 0.25, other.joint("upperarm01.L")[1] + 0.08)
    hint, palm = np.array([[-0.8, 0.6, 0], [-0.8, -0.6, 0]]), np.array([[-1.0, 0.3, 0], [-1.0, -0.3, 0]])
    pose = posing.solve(other, motion.controls(other, stance, p, grip, hint, palm))
    placed = posing.skin(other, pose.turn[0], pose.head[0]) @ about_z(rng.uniform(0, 2 * np.pi)).T
    right, ahead = camera.axes[0], camera.axes[2] * [1, 1, 0]
    ahead = ahead / np.linalg.norm(ahead)
    width_m = clip.scene.frame_height_m * clip.scene.width / clip.scene.height
    side = float(rng.choice([-1.0, 1.0])) * rng.uniform(0.33, 0.42) * width_m * 1.25
    return [scene.solid_body(other, placed + right * side + ahead * rng.uniform(1.0, 1.3))]


def truth_for(clip: ClipSpec, compact: bool = False) -> dict[str, object]:
    """The truth of a clip without rendering it."""
    body = build_body(clip.body)
    script = script_for(body, clip)
    return clip_truth(body, clip, script, frame_times(clip, script), compact)


def render_clip(clip: ClipSpec, path: str | Path, compact: bool = False) -> dict[str, object]:
    """Render to an H.264 file and write the truth beside it; see the package's `render_clip`."""
    path = Path(path)
    truth = write_truth(clip, path, compact)
    rate = Fraction(clip.scene.fps).limit_denominator(1001)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = clip.scene.width, clip.scene.height, "yuv420p"
        stream.options = {"crf": str(clip.scene.crf), "preset": "slow"}
        for _, picture in render_frames(clip):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return truth


def write_truth(clip: ClipSpec, path: str | Path, compact: bool = False) -> dict[str, object]:
    """Write the truth of a clip as the .json beside `path`, without rendering, and return it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    truth = truth_for(clip, compact)
    truth["video"] = path.name
    path.with_suffix(".json").write_text(json.dumps(truth, separators=(",", ":")), encoding="utf-8")
    return truth


def pose_at(clip: ClipSpec, times: Array) -> tuple[Body, Moment, Pose]:
    """Body, moment and pose at any instants, for tests and close looks."""
    body = build_body(clip.body)
    moment = script_for(body, clip).at(times)
    return body, moment, posing.solve(body, moment.controls)
