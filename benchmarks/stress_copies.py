"""Rendered clean lifts made harder and harder to see, and the poses in each copy.

    python -m benchmarks.stress_copies [--only PART]

fills benchmarks/cache/stress/ and judges nothing; it takes up where it was stopped. The lifts are drawn from the series
"tune" with seeds that `rendered_set` does not use, so that a gate may be chosen by what is seen here.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import signal
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.perturb import resampled, write_frames
from benchmarks.pose_cache import CODE, FOLDER
from formcheck.core.errors import FormCheckError
from formcheck.core.poses import PoseSequence
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.vision.backend import PoseBackend
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses
from formcheck.vision.video import Frame, RgbImage, VideoReader
from rendered_lifter import ClipSpec, random_spec, render_clip
from rendered_lifter import scene as scenery
from rendered_lifter.assets import AssetError
from rendered_lifter.body import build_body
from rendered_lifter.clip import load_mesh, truth_for
from rendered_lifter.lifts import script_for
from rendered_lifter.posing import skin, solve
from rendered_lifter.rotations import about_z
from rendered_lifter.spec import random_body, with_overrides

Floats = NDArray[np.float32]

STRESS = FOLDER / "stress"

BODIES = {"squat": 6, "swing": 2, "deadlift": 3}
FIRST_SEED = 700
"""Bodies of each lift, most of that with the shortest repetition; and the seed of the first, as `rendered_set` uses
seeds below 500 for this series."""

TEMPO = {"deadlift": 1.8, "squat": 1.45, "swing": 1.2}
"""Brisk, as long clips cost time and show nothing more."""

SIDE_PX = 480
FIGURE_PX = 400
"""Side of the square picture, and how high the standing lifter is in it."""

RENDERED_FPS, FILMED_FPS = 60.0, 30.0
"""Lifts are rendered at the first; copies show the second unless they say otherwise."""

WALK_FROM_S, WALK_CYCLE_S = 0.75, 1.04
"""A walking lifter of the renderer takes two steps in the second; from the first on it walks steadily."""


@dataclass(frozen=True)
class Change:
    """One way to spoil a video, at one level.

    Attributes
    ----------
    kind : what is done, a key of `KINDS`.
    level : how much, in the unit of the kind; higher or lower may be worse, `KINDS` lists them from mild to bad.
    """

    kind: str
    level: float

    @property
    def words(self) -> str:
        """As tables show it."""
        return KINDS[self.kind].words.format(self.level)


@dataclass(frozen=True)
class Kind:
    """A way to spoil a video: its title, how a level is worded, and the levels from mild to bad."""

    title: str
    words: str
    levels: tuple[float, ...]


KINDS = {
    "none": Kind("newly encoded only", "as filmed", (0,)),
    "noise": Kind("noise", "standard deviation {:g} of 255", (10, 20, 40, 60, 90)),
    "blur": Kind("out of focus", "blurred by {:g} px", (2, 4, 7, 11, 16)),
    "dark": Kind("darkness", "{:g} % of the light", (50, 25, 12, 6, 3)),
    "compressed": Kind("compression", "H.264 at crf {:g}", (35, 42, 47, 51)),
    "dropped": Kind("dropped frames", "{:g} % lost at random", (20, 40, 60, 80)),
    "fps": Kind("frame rate", "{:g} frames a second", (60, 20, 15, 10)),
    "height": Kind("small figure", "{:g} px high", (300, 200, 140, 110, 80)),
    "below": Kind("hidden from below", "{:g} % of the height", (10, 20, 30, 40, 50, 60)),
    "post": Kind("hidden by a post", "{:g} % of the width", (10, 20, 30, 40, 50, 60)),
    "crossing": Kind("a bystander crosses", "{0:.0f}", (0, 1)),
}

CROSSINGS = ("behind the lifter", "in front of the lifter")
"""By level of "crossing"."""


def changes() -> Iterator[Change]:
    """All of them, from mild to bad."""
    for name, kind in KINDS.items():
        for level in kind.levels:
            yield Change(name, level)


def level_words(change: Change) -> str:
    """A level as tables show it."""
    return CROSSINGS[int(change.level)] if change.kind == "crossing" else change.words


@dataclass(frozen=True)
class Source:
    """A clean lift: its name and what is rendered."""

    name: str
    spec: ClipSpec


def sources() -> tuple[Source, ...]:
    """Clean lifts seen from the side, each of somebody else."""
    # Spread evenly, so that a run that is stopped has some of each lift.
    order = sorted((number / bodies, lift, number) for lift, bodies in BODIES.items() for number in range(bodies))
    return tuple(_source(lift, number) for _, lift, number in order)


def _source(lift: str, number: int) -> Source:
    spec = random_spec(FIRST_SEED + number, lift, "tune")
    settings = {
        "reps": 2 if lift == "swing" else 1,
        "tempo": TEMPO[lift],
        "rest_before_s": 0.35,
        "rest_after_s": 0.35,
        "width": SIDE_PX,
        "height": SIDE_PX,
        "frame_height_m": round(spec.body.height_m * SIDE_PX / FIGURE_PX, 3),
        "fps": RENDERED_FPS,
        "crf": 12,
    }
    return Source(f"{lift}-{number + 1}", with_overrides(spec, **settings))


def source_video(source: Source, folder: Path = STRESS) -> Path:
    """The rendered lift; rendered where the cache lacks it."""
    key = hashlib.sha256(repr(source.spec).encode()).hexdigest()[:16]
    video = folder / f"{source.name}-{key}.mp4"
    if not video.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial_video = video.with_name(f".{video.stem}.part.mp4")
        render_clip(source.spec, str(partial_video))
        partial_video.with_suffix(".json").unlink()
        partial_video.replace(video)
    return video


# --- what is done to pictures ----------------------------------------------------------------------------------------


def write_copy(source: Source, video: Path, change: Change, target: Path) -> None:
    """Write the spoilt copy of a lift."""
    fps = change.level if change.kind == "fps" else FILMED_FPS
    with VideoReader(video) as reader:
        frames: Iterable[Frame] = resampled(reader, fps)
        if change.kind == "dropped":
            frames = _dropped(frames, change.level / 100.0, _chance(source, change))
        spoil = spoiler(source, change)
        spoilt = (Frame(frame.time_s, spoil(frame)) for frame in frames)
        write_frames(spoilt, target, int(change.level) if change.kind == "compressed" else 18)


def _chance(source: Source, change: Change) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(f"{source.name} {change}".encode())])


def _dropped(frames: Iterable[Frame], share: float, chance: np.random.Generator) -> Iterator[Frame]:
    """The first frame and a random choice of the others."""
    for number, frame in enumerate(frames):
        if number == 0 or chance.random() >= share:
            yield frame


def spoiler(source: Source, change: Change) -> Callable[[Frame], RgbImage]:
    """What a change does to each picture; changes of time and of encoding leave them alone."""
    chance = _chance(source, change)
    match change.kind:
        case "noise":
            return lambda frame: noisy(frame.rgb, change.level, chance)
        case "blur":
            return lambda frame: _image(cv2.GaussianBlur(frame.rgb, (0, 0), change.level))
        case "dark":
            # A camera in the dark adds noise: what it lacks in light is not all that is lost.
            return lambda frame: noisy(darkened(frame.rgb, change.level / 100.0), 3.0, chance)
        case "height":
            return lambda frame: smaller(frame.rgb, change.level / FIGURE_PX)
        case "below" | "post":
            area = hidden_area(source, change)
            return lambda frame: boarded(frame.rgb, area)
        case "crossing":
            return _Crossing(source, in_front=bool(change.level)).picture
        case _:
            return lambda frame: frame.rgb


def _image(values: NDArray[np.generic]) -> RgbImage:
    return np.ascontiguousarray(values, dtype=np.uint8)


def noisy(rgb: RgbImage, deviation: float, chance: np.random.Generator) -> RgbImage:
    """With noise of this standard deviation, drawn for each pixel and colour."""
    noise = chance.standard_normal(rgb.shape, dtype=np.float32) * np.float32(deviation)
    return _image(np.clip(rgb + noise, 0, 255))


def darkened(rgb: RgbImage, light: float) -> RgbImage:
    """With this share of the light; pictures store about the 2.2th root of it."""
    return _image(np.round(rgb * np.float32(light ** (1.0 / 2.2))))


def smaller(rgb: RgbImage, scale: float) -> RgbImage:
    """The picture from further away: as large as before, with its edges drawn out around it."""
    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    rest = height - small.shape[0] - top, width - small.shape[1] - left
    return _image(cv2.copyMakeBorder(small, top, rest[0], left, rest[1], cv2.BORDER_REPLICATE))


def hidden_area(source: Source, change: Change) -> tuple[slice, slice]:
    """Rows and columns of a board that hides a share of the lifter's box over the whole lift, joint to joint."""
    frames = truth_for(source.spec)["frames"]
    assert isinstance(frames, dict)
    points = np.concatenate([np.array(track, dtype=float) for track in frames["joints_px"].values()])
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    share = change.level / 100.0
    if change.kind == "below":
        return slice(round(high[1] - share * (high[1] - low[1])), SIDE_PX), slice(0, SIDE_PX)
    middle, half = (low[0] + high[0]) / 2, share * (high[0] - low[0]) / 2
    return slice(0, SIDE_PX), slice(max(0, round(middle - half)), min(SIDE_PX, round(middle + half)))


def boarded(rgb: RgbImage, area: tuple[slice, slice]) -> RgbImage:
    """With a grey board over this part."""
    covered = rgb.copy()
    covered[area] = (118, 112, 104)
    return covered


class _Crossing:
    """A bystander who walks through the picture once while somebody lifts."""

    def __init__(self, source: Source, in_front: bool) -> None:
        spec = source.spec
        chance = _chance(source, Change("crossing", float(in_front)))
        self._spec, self._in_front = spec, in_front
        self._camera = scenery.camera_for(spec.scene)
        self._drawing = scenery.Drawing(spec.scene, self._camera)
        self._lifter = build_body(spec.body)
        self._lift = script_for(self._lifter, spec)
        self._walker = build_body(random_body(chance))
        walk = ClipSpec(exercise="squat", load="none", walk_in=True, body=random_body(chance), reps=1)
        walk = with_overrides(walk, rest_before_s=0.2, rest_after_s=0.2)
        self._walk = script_for(self._walker, walk)
        self._rightward = chance.random() < 0.5

    def picture(self, frame: Frame) -> RgbImage:
        """One picture with the bystander in it."""
        rgb, alpha = self._matte([self._bystander(frame.time_s)])
        if not self._in_front:
            alpha = alpha * (1.0 - self._matte(self._lifter_and_load(frame.time_s))[1])
        return _image(np.round(frame.rgb * (1.0 - alpha) + rgb * alpha))

    def _matte(self, solids: list[scenery.Solid]) -> tuple[Floats, Floats]:
        """Colours 0..255 (H, W, 3) of what is drawn alone, and how much of each pixel it covers (H, W, 1)."""
        side = 2 * SIDE_PX
        rgb = np.zeros((side, side, 3), dtype=np.float32)
        depth = np.full((side, side), np.inf, dtype=np.float32)
        self._drawing.solids(rgb, depth, solids, 2, (0, 0), (0.0, 0.0))
        cover = np.repeat(np.isfinite(depth)[:, :, None], 3, axis=2).astype(np.float32)
        alpha = scenery.downsample(cover)[:, :, :1]
        # Pixels that are covered in part hold that part of the colour.
        colour = scenery.downsample(rgb) / np.maximum(alpha, np.float32(1e-3))
        return scenery.to_bytes(colour.astype(np.float32)).astype(np.float32), alpha

    def _lifter_and_load(self, time_s: float) -> list[scenery.Solid]:
        moment = self._lift.at(np.array([time_s]))
        pose = solve(self._lifter, moment.controls)
        solids = [scenery.solid_body(self._lifter, skin(self._lifter, pose.turn[0], pose.head[0]))]
        mesh = load_mesh(self._spec, moment.load_kind)
        if mesh is not None:
            solids.append(scenery.solid_mesh(mesh.moved(moment.load_turn[0], moment.load_place[0])))
        return solids

    def _bystander(self, time_s: float) -> scenery.Solid:
        walked_s = WALK_FROM_S + time_s % WALK_CYCLE_S
        controls = self._walk.at(np.array([walked_s])).controls
        pose = solve(self._walker, controls)
        placed = skin(self._walker, pose.turn[0], pose.head[0]) - controls.hip_mid[0] * [1, 1, 0]
        right, ahead = self._camera.axes[0], self._camera.axes[2] * [1, 1, 0]
        ahead = ahead / np.linalg.norm(ahead)
        towards = right if self._rightward else -right
        placed = placed @ about_z(math.atan2(towards[1], towards[0])).T
        scene = self._spec.scene
        away_m = -0.9 if self._in_front else 1.0
        half_m = scene.frame_height_m / 2 * (scene.distance_m + away_m) / scene.distance_m + 0.4
        across_m = (2.0 * time_s / self._lift.duration_s - 1.0) * half_m
        return scenery.solid_body(self._walker, placed + towards * across_m + ahead * away_m)


# --- poses -----------------------------------------------------------------------------------------------------------


def copy_poses(source: Source, change: Change, model: ModelFile, backend: PoseBackend) -> PoseSequence:
    """Poses of a spoilt copy, found unless the cache has them."""
    kept = kept_file(source, change, model, backend)
    if not kept.is_file():
        video = source_video(source)
        with tempfile.TemporaryDirectory(prefix="formcheck-stress-") as folder:
            spoilt = Path(folder) / f"{source.name}.mp4"
            write_copy(source, video, change, spoilt)
            poses = estimate_poses(spoilt, model, backend=backend, jobs=1)
        # A run that is stopped while it writes must not leave half a file under the name that counts.
        partial_file = kept.with_name(f".{kept.name}.part.npz")
        save_poses(poses, partial_file)
        partial_file.replace(kept)
    return load_poses(kept)


def kept_file(source: Source, change: Change, model: ModelFile, backend: PoseBackend) -> Path:
    """Where the poses of a copy are kept: other lifts, levels, models or code have another name."""
    parts = [repr(source.spec), repr(change), model.sha256, backend.name, *CODE]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return STRESS / f"{source.name}.{change.kind}-{change.level:g}-{key}.npz"


def loaded_once(model: ModelFile) -> PoseBackend:
    """The usual backend for one job at a time: all copies share one loaded model."""
    return default_backend(model).sharing(1, 1)


def fill(model: ModelFile, only: str = "") -> None:
    """Find the poses of all copies, lift by lift."""
    backend = loaded_once(model)
    say = partial(print, flush=True)
    for source in sources():
        for change in changes():
            if only in f"{source.name} {change.kind}":
                poses = copy_poses(source, change, model, backend)
                say(f"{source.name}, {KINDS[change.kind].title}, {level_words(change)}: {len(poses)} frames")


def main(arguments: list[str] | None = None) -> int:
    """Fill the cache; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress_copies", description="Find poses in copies.")
    parser.add_argument("--only", default="", metavar="PART", help="only lifts and changes whose name contains this")
    parser.add_argument("--model", default="full", help="lite, full, heavy or a file")
    options = parser.parse_args(arguments)
    try:
        with quiet_native_logs():
            fill(find_model(options.model), options.only)
    except (FormCheckError, AssetError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
