"""Single frames of thousands of rendered lifters with a known spine, as the pose model sees them: what spine methods
are fitted to and judged by.

    python -m benchmarks.spine_frames --split train [--bodies 2000] [--first 0] [--workers 2] [--minutes 60]

Every body stands in `STANDING` frames, in the first as the body model has it and then in postures of its own, and lifts
in `LIFTING` more, each with a lumbar and a thoracic flexion of its own.
A picture goes through a codec and then through the pose model alone, without tracking, which costs a tenth of a clip.
Bodies differ as far as the body model goes, and so do clothes, loads, rooms, light, views and sizes. A split and a
number make a body and everything around it, so that no body can be in two splits:

    train        fitted to
    calibration  what methods are chosen by and intervals are widened with
    exam         opened once, for the numbers in docs/spine.md

The frames of `SHARD` bodies at a time are kept in benchmarks/cache/spine/SPLIT/NUMBER.npz, whole or not at all, so that
the command can be stopped and started again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.pose_cache import FOLDER
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, contour_stations
from formcheck.motion.mask_net import CROP_SHAPE
from formcheck.vision.mask_flexion import trunk_crop
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.silhouette import trace_silhouette
from rendered_lifter import ClipSpec, SceneSpec, random_spec
from rendered_lifter.assets import load as load_body
from rendered_lifter.body import build_body
from rendered_lifter.clip import render_moment
from rendered_lifter.lifts import script_for
from rendered_lifter.motion import Moment, Script
from rendered_lifter.posing import Controls, solve
from rendered_lifter.scene import camera_for
from rendered_lifter.spec import random_body, with_overrides

SPLITS = ("train", "calibration", "exam")
STANDING, LIFTING = 2, 6
SHARD = 10

LIFTS = ("deadlift", "deadlift", "squat", "swing")
LOADS = {
    "deadlift": ("barbell", "barbell", "kettlebell", "pvc"),
    "squat": ("barbell", "goblet", "goblet", "none", "none"),
    "swing": ("kettlebell",),
}

FIGURE_PX = ((80.0, 400.0, 0.94), (400.0, 700.0, 0.06))
"""Height of a standing figure in the picture, from, to and how often; the model looks at 256 x 256 pixels, so that
large figures cost much and teach little."""

KINDS = (("none", 0.12), ("lumbar", 0.2), ("thoracic", 0.2), ("mixed", 0.48))
LUMBAR_DEG, THORACIC_DEG = (-15.0, 60.0), (-10.0, 45.0)
"""What is bent in a frame, how often, and how far; negative is hollow."""

POSTURE_SPREAD_DEG = (9.0, 7.0)
"""Standard deviation of lumbar and thoracic posture between people who stand, and so between frames of one body."""

OFF_SCRIPT = 0.35
"""Share of frames whose spine bends without regard to how deep the lifter is."""

PROFILE_REACH, PROFILE_STEPS = 0.06, 25
"""Around every edge the strength of the picture's own edges is kept that far in and out, hip-shoulder lengths."""


@dataclass(frozen=True)
class Frames:
    """Frames of one body as the pose model sees them; F frames, arrays in the order of `fields`.

    All lifters face image-right. ``standing`` (F,) marks frames of standing at ease. ``truth_deg`` (F, 2) is lumbar and
    thoracic flexion against the body model's own posture, ``joints_px`` (F, 2, 2) the true middles of hips and of
    shoulders. ``crop`` (F, 64, 48) is the mask with the shoulders up and the back to the left, 0..255, and ``profile``
    (F, S, 25) the strength of the picture's edges across the dorsal edge of the mask, from inside to outside. The rest
    is as in `PoseSequence`; NaN where nobody was found.
    """

    body: NDArray[np.int32]
    standing: NDArray[np.bool_]
    truth_deg: NDArray[np.float32]
    joints_px: NDArray[np.float32]
    image_px: NDArray[np.float32]
    world_m: NDArray[np.float32]
    visibility: NDArray[np.float32]
    contour_px: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    crop: NDArray[np.uint8]
    profile: NDArray[np.uint8]
    about: NDArray[np.str_]


def shot_list(split: str, number: int) -> tuple[ClipSpec, np.random.Generator]:
    """One body, its clothes, load, room and camera, and the generator that draws the rest."""
    rng = np.random.default_rng([31, SPLITS.index(split), number])
    lift = LIFTS[number % len(LIFTS)]

    def pick(options: Iterable[Any]) -> Any:
        listed = list(options)
        return listed[int(rng.integers(len(listed)))]

    drawn = random_body(rng)
    male = float(rng.choice([0.0, 1.0, rng.uniform()], p=[0.45, 0.45, 0.1]))
    usual_m = 1.66 + 0.12 * male
    body = replace(
        drawn,
        male=round(male, 3),
        old=round(float(rng.choice([0.0, rng.uniform(0, 1)], p=[0.4, 0.6])), 3),
        muscle=round(float(rng.uniform(0, 1)), 3),
        weight=round(float(rng.uniform(0, 1)), 3),
        height_m=round(float(usual_m + rng.uniform(-0.21, 0.21)), 3),
        thigh_scale=round(float(rng.uniform(-1, 1)), 3),
        shank_scale=round(float(rng.uniform(-1, 1)), 3),
        torso_scale=round(float(rng.uniform(-1, 1)), 3),
        hair=pick(("short", "bun", "none", "bun")),
        shirt=pick(("tight", "loose", "loose", "tank")),
        legwear=pick(("shorts", "leggings")),
        belt=bool(rng.random() < 0.12),
        hinge_release_deg=0.0,
    )
    smallest, largest, _ = FIGURE_PX[int(rng.random() > FIGURE_PX[0][2])]
    figure_px = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    frame_height_m = float(rng.uniform(1.15, 1.6) * body.height_m)
    height = min(960, round(figure_px * frame_height_m / body.height_m))
    scene = SceneSpec(
        facing=pick(("right", "left")),
        yaw_deg=round(float(rng.uniform(-20, 20)), 2),
        pitch_deg=round(float(rng.uniform(-4, 12)), 2),
        camera_height_m=round(float(rng.uniform(0.4, 1.6)), 3),
        distance_m=round(float(rng.uniform(2.2, 6.5)), 2),
        frame_height_m=round(frame_height_m, 3),
        width=max(64, 2 * round(height * float(rng.uniform(0.75, 1.2)) / 2)),
        height=max(96, 2 * round(height / 2)),
        background=pick(("gym", "plain", "clutter")),
        light_azimuth_deg=round(float(rng.uniform(-90, 90)), 1),
        light_elevation_deg=round(float(rng.uniform(25, 80)), 1),
        exposure=round(float(rng.uniform(0.55, 1.3)), 3),
    )
    load = pick(LOADS[lift])
    base = random_spec(0, lift, "tune")
    clip = replace(
        base,
        seed=int(rng.integers(1 << 30)),
        reps=1,
        tempo=1.0,
        load=load,
        plates=str(rng.choice(["none", "far", "both"], p=[0.6, 0.25, 0.15])) if load == "barbell" else "none",
        plate_diameter_m=float(pick((0.23, 0.35, 0.45))),
        rest_before_s=1.0,
        rest_after_s=0.5,
        body=body,
        scene=scene,
        split=split,
    )
    return clip, rng


def dial(rng: np.random.Generator) -> tuple[float, float]:
    """Lumbar and thoracic flexion of a frame, degrees."""
    kind = str(rng.choice([name for name, _ in KINDS], p=[share for _, share in KINDS]))
    lumbar = float(rng.uniform(*LUMBAR_DEG)) if kind in ("lumbar", "mixed") else 0.0
    thoracic = float(rng.uniform(*THORACIC_DEG)) if kind in ("thoracic", "mixed") else 0.0
    return lumbar, thoracic


def scripted(clip: ClipSpec, rng: np.random.Generator) -> Moment:
    """The instants of one body, standing first."""
    body = build_body(clip.body)
    moments = []
    for frame in range(STANDING + LIFTING):
        lumbar, thoracic = dial(rng) if frame >= STANDING else (0.0, 0.0)
        neck = float(rng.choice([0.0, rng.uniform(-35, 45)], p=[0.4, 0.6])) if frame >= STANDING else 0.0
        posed = with_overrides(
            clip, lumbar_rounding_deg=lumbar, thoracic_rounding_deg=thoracic, neck_deg=neck, seed=clip.seed + frame
        )
        if clip.exercise == "squat":
            posed = with_overrides(posed, shallow_squat_tl=float(rng.uniform(0, 0.5)))
        if clip.exercise == "swing":
            posed = with_overrides(posed, squatted_swing_deg=float(rng.choice([0.0, rng.uniform(0, 60)])))
        script = script_for(body, posed)
        moment = script.at(np.array([_instant(script, frame, rng)]))
        # A load that is on the trunk is placed for the spine as it was scripted.
        free = clip.exercise != "squat" or clip.load == "none"
        if 0 < frame < STANDING:
            moment = _bent(moment, rng.normal(0.0, POSTURE_SPREAD_DEG))
        elif frame and free and rng.random() < OFF_SCRIPT:
            moment = _bent(moment, dial(rng))
        moments.append(moment)
    controls = {f.name: np.concatenate([getattr(m.controls, f.name) for m in moments]) for f in fields(Controls)}
    return Moment(
        Controls(**controls),
        moments[0].load_kind,
        np.concatenate([m.load_place for m in moments]),
        np.concatenate([m.load_turn for m in moments]),
        np.concatenate([m.load_lifted for m in moments]),
    )


def _bent(moment: Moment, angles_deg: Sequence[float] | FloatArray) -> Moment:
    """One instant with another lumbar and thoracic flexion."""
    lumbar, thoracic = np.deg2rad(angles_deg)
    return replace(moment, controls=replace(moment.controls, lumbar=np.array([lumbar]), thoracic=np.array([thoracic])))


def _instant(script: Script, frame: int, rng: np.random.Generator) -> float:
    """When a frame is taken: in the rest beforehand, or anywhere in the repetition and the way to and from it."""
    if frame < STANDING:
        return float(rng.uniform(0.0, 0.9))
    mark = script.marks[0]
    start, end = min(mark.values()), max(mark.values())
    if frame % 3 == 0:  # the bottom is what is judged
        low = mark.get("bottom_start_s", mark.get("pull_start_s", mark.get("bottom_s", start)))
        return float(low + rng.uniform(0.0, 0.25))
    return float(rng.uniform(start - 0.6, end))


def disturbed(pictures: list[NDArray[np.uint8]], rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """The pictures as a telephone might keep them: light, noise, motion blur and a codec."""
    gamma = float(np.exp(rng.uniform(np.log(0.55), np.log(1.8))))
    noise = float(rng.choice([0.0, rng.uniform(1, 9)]))
    soft = float(rng.choice([0.0, rng.uniform(0.3, 1.2)]))
    table = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    out = []
    for picture in pictures:
        changed = table[picture]
        if soft:
            changed = np.asarray(cv2.GaussianBlur(changed, (0, 0), soft), dtype=np.uint8)
        if rng.random() < 0.15:
            changed = _smeared(changed, rng)
        if noise:
            grain = rng.normal(0, noise, changed.shape[:2])[..., None]
            changed = np.clip(changed + grain, 0, 255).astype(np.uint8)
        out.append(changed)
    if rng.random() < 0.15:
        return out
    return _encoded(out, crf=int(rng.integers(18, 42)))


def _smeared(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    length = max(2, round(float(rng.uniform(0.004, 0.02)) * picture.shape[0]))
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((2 * length + 1, 2 * length + 1), dtype=np.float32)
    steps = np.linspace(-length / 2, length / 2, 4 * length)
    kernel[
        np.round(length + steps * np.sin(angle)).astype(int), np.round(length + steps * np.cos(angle)).astype(int)
    ] = 1
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), dtype=np.uint8)


def _encoded(pictures: list[NDArray[np.uint8]], crf: int) -> list[NDArray[np.uint8]]:
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=Fraction(5))
        stream.width, stream.height, stream.pix_fmt = pictures[0].shape[1], pictures[0].shape[0], "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        for picture in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer, "r") as film:
        return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in film.decode(video=0)]


class Looker:
    """The pose model on single pictures, with its mask."""

    def __init__(self, model: ModelFile) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        self._landmarker = vision.PoseLandmarker.create_from_options(
            vision.PoseLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(model.path)),
                running_mode=vision.RunningMode.IMAGE,
                num_poses=1,
                output_segmentation_masks=True,
            )
        )

    def close(self) -> None:
        """Free the model."""
        self._landmarker.close()

    def look(self, rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]] | None:
        """What is kept of one picture of somebody who faces image-right; None where nobody is seen."""
        picture = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        result = self._landmarker.detect(picture)
        if not result.pose_landmarks:
            return None
        height, width = rgb.shape[:2]
        points = result.pose_landmarks[0]
        image = np.array([[p.x * width, p.y * height, p.z * width] for p in points])
        mask = result.segmentation_masks[0].numpy_view().squeeze()
        hip, shoulder = (
            image[[Landmark[f"LEFT_{joint}"], Landmark[f"RIGHT_{joint}"]], :2].mean(axis=0)
            for joint in ("HIP", "SHOULDER")
        )
        contour, sharpness = trace_silhouette(mask, hip, shoulder)
        return {
            "image_px": image,
            "world_m": np.array([[p.x, p.y, p.z] for p in result.pose_world_landmarks[0]]),
            "visibility": np.array([p.visibility for p in points]),
            "contour_px": contour,
            "sharpness": sharpness,
            "crop": trunk_crop(mask, hip, shoulder),
            "profile": edge_profile(rgb, contour[0], hip, shoulder),
        }


def edge_profile(
    rgb: NDArray[np.uint8], edge_px: FloatArray, hip: FloatArray, shoulder: FloatArray
) -> NDArray[np.uint8]:
    """Strength of the picture's own edges across the dorsal edge, (S, PROFILE_STEPS) from inside to outside."""
    trunk = shoulder - hip
    to_back = np.array([trunk[1], -trunk[0]])
    steps = np.linspace(-PROFILE_REACH, PROFILE_REACH, PROFILE_STEPS + 1)
    known = np.asarray(np.isfinite(edge_px).all(axis=1))
    grid = np.where(known[:, None], edge_px, 0.0)[:, None] + steps[None, :, None] * to_back
    soft = cv2.GaussianBlur(rgb, (0, 0), max(0.5, 0.006 * float(np.hypot(*trunk)))).astype(np.float32)
    colours = cv2.remap(
        soft,
        grid[..., 0].astype(np.float32),
        grid[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    strength = np.linalg.norm(np.diff(colours, axis=1), axis=2)
    strength[~known] = 0.0
    return np.asarray(np.clip(4.0 * strength, 0, 255), dtype=np.uint8)


NOTHING: dict[str, tuple[tuple[int, ...], Any]] = {
    "image_px": ((33, 3), np.float32),
    "world_m": ((33, 3), np.float32),
    "visibility": ((33,), np.float32),
    "contour_px": ((2, len(contour_stations()), 2), np.float32),
    "sharpness": ((2, len(contour_stations())), np.float32),
    "crop": (CROP_SHAPE, np.uint8),
    "profile": ((len(contour_stations()), PROFILE_STEPS), np.uint8),
}


def frames_of(split: str, number: int, looker: Looker) -> Frames:
    """Render one body and look at it."""
    clip, rng = shot_list(split, number)
    moment = scripted(clip, rng)
    body = build_body(clip.body)
    pose = solve(body, moment.controls)
    camera = camera_for(clip.scene)
    middles = [0.5 * (pose.point(body, f"{joint}.L") + pose.point(body, f"{joint}.R")) for joint in ("hip", "shoulder")]
    joints_px = np.stack([camera.project(middle)[0] for middle in middles], axis=1)
    pictures = disturbed(list(render_moment(clip, moment)), rng)
    if clip.scene.facing == "left":
        pictures = [picture[:, ::-1] for picture in pictures]
        joints_px[..., 0] = clip.scene.width - joints_px[..., 0]
    seen: dict[str, list[NDArray[Any]]] = {name: [] for name in NOTHING}
    for picture in pictures:
        found = looker.look(picture)
        for name, (shape, kind) in NOTHING.items():
            empty = np.zeros(shape, kind) if kind is np.uint8 else np.full(shape, np.nan, kind)
            seen[name].append(empty if found is None else found[name].astype(kind))
    count = len(pictures)
    about = (
        f"{clip.exercise} {clip.load} {clip.plates} yaw {clip.scene.yaw_deg} male {clip.body.male} old {clip.body.old}"
        f" weight {clip.body.weight} muscle {clip.body.muscle} shirt {clip.body.shirt} belt {int(clip.body.belt)}"
        f" height {clip.body.height_m} px {clip.scene.height * clip.body.height_m / clip.scene.frame_height_m:.0f}"
    )
    return Frames(
        body=np.full(count, number, dtype=np.int32),
        standing=np.arange(count) < STANDING,
        truth_deg=np.degrees(np.stack([moment.controls.lumbar, moment.controls.thoracic], axis=1)).astype(np.float32),
        joints_px=joints_px.astype(np.float32),
        about=np.array([about] * count),
        **{name: np.stack(values) for name, values in seen.items()},
    )


def joined(parts: Iterable[Frames]) -> Frames:
    """Frames of several bodies."""
    listed = list(parts)
    return Frames(**{f.name: np.concatenate([getattr(part, f.name) for part in listed]) for f in fields(Frames)})


def shard_path(split: str, shard: int) -> Path:
    """Where the frames of `SHARD` bodies are kept."""
    return FOLDER / "spine" / split / f"{shard:05d}.npz"


def load_frames(split: str, limit: int | None = None) -> Frames:
    """All frames of a split that have been made, or those of the first shards. Raises FileNotFoundError if none."""
    paths = sorted((FOLDER / "spine" / split).glob("*.npz"))[:limit]
    if not paths:
        raise FileNotFoundError(f"no frames of the split {split}; python -m benchmarks.spine_frames --split {split}")
    parts = []
    for path in paths:
        with np.load(path, allow_pickle=False) as kept:
            parts.append(Frames(**{f.name: kept[f.name] for f in fields(Frames)}))
    return joined(parts)


_LOOKER: list[Looker] = []


def _start(model: ModelFile) -> None:
    cv2.setNumThreads(1)
    _LOOKER.append(Looker(model))


def make_shard(split: str, shard: int) -> str:
    """Render and look at the bodies of one shard; returns a line for the log."""
    path = shard_path(split, shard)
    if path.is_file():
        return f"{path.name} kept"
    parts, failed = [], 0
    for number in range(shard * SHARD, (shard + 1) * SHARD):
        try:
            parts.append(frames_of(split, number, _LOOKER[0]))
        except ValueError:  # a posture that this body cannot take
            failed += 1
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.part.npz")
    made = joined(parts)
    np.savez_compressed(partial, **{f.name: getattr(made, f.name) for f in fields(Frames)})
    partial.replace(path)
    return f"{path.name} {len(made.body)} frames, {failed} bodies failed"


def main(arguments: list[str] | None = None) -> int:
    """Make a split; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.spine_frames", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--bodies", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after this long")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    load_body()
    shards = range(-(-options.bodies // SHARD))
    with (
        quiet_native_logs(),
        ProcessPoolExecutor(
            options.workers, multiprocessing.get_context("spawn"), _start, (find_model("full"),)
        ) as pool,
    ):
        coming = {pool.submit(make_shard, options.split, shard): shard for shard in shards}
        for number, done in enumerate(as_completed(coming), 1):
            spent = time.monotonic() - started
            print(f"{number}/{len(shards)} {done.result()} {spent:.0f} s", file=sys.stderr, flush=True)
            if spent > 60 * options.minutes:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
