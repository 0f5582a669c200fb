"""Crops of the masks around the trunk of labelled and rendered clips: pose files keep the mask's edge, not the mask.

    python -m benchmarks.mask_crops real [CLIPS]    # the labelled side views, some minutes
    python -m benchmarks.mask_crops rendered        # the rendered side views of the split "tune" that are there
    python -m benchmarks.mask_crops samples         # the side views among the sample videos

Every clip goes through the product's pose stage, on OpenVINO and in one go, and a crop as `mask_flexion.trunk_crop`
cuts it out is kept of each frame that was looked at, in benchmarks/cache/crops/, together with the poses found
meanwhile. `benchmarks.mask_net_clips` reads them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_accuracy import AIM, group_of
from benchmarks.labelled import LabelledClip, folder_of, read_clips
from benchmarks.perturb import JUDGED_SPINES
from benchmarks.pose_cache import FOLDER
from benchmarks.rendered_set import make_set
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.vision.backend import DetectedPerson, RgbImage
from formcheck.vision.blazepose import LANDMARKS_SIDE, Region
from formcheck.vision.mask_flexion import trunk_crop
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.openvino_backend import OpenVinoBackend, OpenVinoDetector
from formcheck.vision.pose_estimation import estimate_poses
from formcheck.vision.silhouette import trunk_ends

CROPS = FOLDER / "crops"
SAMPLES = Path(__file__).resolve().parent.parent / "sample_videos"

Seen = dict[int, list[tuple[FloatArray, NDArray[np.uint8]]]]
"""By the time of a frame in milliseconds: what tells people in it apart, and the crop of each."""


class CroppingBackend:
    """OpenVINO that keeps a crop of every mask that it finds in a video; see `formcheck.vision.backend.PoseBackend`."""

    name = OpenVinoBackend.name

    def __init__(self, inner: OpenVinoBackend | None = None, seen: Seen | None = None) -> None:
        self._inner = inner or OpenVinoBackend(threads=1)
        self.seen: Seen = {} if seen is None else seen

    def sharing(self, detectors: int, threads: int) -> CroppingBackend:
        """The same, keeping crops in the same place."""
        return CroppingBackend(self._inner.sharing(detectors, threads), self.seen)

    def open(self, model: ModelFile, *, people: int, track: bool) -> OpenVinoDetector:
        """Load a bundle."""
        detector = self._inner.open(model, people=people, track=track)
        return _Cropping(detector, self.seen) if track else detector


class _Cropping(OpenVinoDetector):
    """A detector that was opened already, which keeps what it sees."""

    def __init__(self, opened: OpenVinoDetector, seen: Seen) -> None:
        self.__dict__.update(opened.__dict__)
        self._seen = seen

    def _person(
        self, rgb: RgbImage, region: Region, outputs: dict[str, Any], time_s: float
    ) -> tuple[DetectedPerson, Region]:
        person, ahead = super()._person(rgb, region, outputs, time_s)
        to_mask = cv2.invertAffineTransform(region.to_picture_matrix(LANDMARKS_SIDE))
        hip, shoulder = (to_mask[:, :2] @ end + to_mask[:, 2] for end in trunk_ends(person.image_px))
        mask = np.asarray(1.0 / (1.0 + cv2.exp(-outputs["mask"])), dtype=np.float32)
        kept = self._seen.setdefault(round(time_s * 1000), [])
        kept.append((_mark(person.visibility), trunk_crop(mask, hip, shoulder)))
        return person, ahead


def _mark(visibility: FloatArray) -> FloatArray:
    """What stays of a detection when it is moved, scaled and mirrored."""
    return np.sort(np.asarray(visibility, dtype=np.float32))


def crops_of(video: Path, model: ModelFile) -> tuple[PoseSequence, NDArray[np.int_], NDArray[np.uint8]]:
    """Poses of a video, the frames whose mask is known (N,), and the crops of these masks (N, 64, 48)."""
    backend = CroppingBackend()
    poses = estimate_poses(video, model, backend=backend, jobs=1)
    frames, crops = [], []
    before = -1
    for frame, time_s in enumerate(poses.time_s):
        before = max(before + 1, round(float(time_s) * 1000))
        mark = _mark(poses.visibility[frame])
        for other, crop in backend.seen.get(before, []):
            if np.allclose(mark, other, atol=1e-6):
                frames.append(frame)
                crops.append(crop)
                break
    return poses, np.array(frames, dtype=int), np.stack(crops) if crops else np.zeros((0, 64, 48), np.uint8)


def keep(video: Path, folder: str, model: ModelFile) -> str:
    """Find the crops of a video unless they are there; returns a line for the log."""
    file = CROPS / folder / f"{video.stem}.npz"
    if file.is_file():
        return f"{video.stem} kept"
    poses, frames, crops = crops_of(video, model)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_poses(poses, file.with_name(f"{video.stem}.poses.npz"))
    partial = file.with_name(f".{video.stem}.part.npz")
    np.savez_compressed(partial, frames=frames, crops=crops)
    partial.replace(file)
    return f"{video.stem} {len(frames)} of {len(poses)} frames"


def kept_crops(folder: str, stem: str) -> tuple[PoseSequence, NDArray[np.int_], NDArray[np.uint8]] | None:
    """What `crops_of` found in a video, None where it is not there."""
    file = CROPS / folder / f"{stem}.npz"
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as kept:
        return load_poses(file.with_name(f"{stem}.poses.npz")), kept["frames"], kept["crops"]


def labelled_side_views(folder: Path) -> list[LabelledClip]:
    """The clips whose spine people judged from the side."""
    return [
        clip
        for clip in read_clips(folder)
        if clip.role == "lift" and clip.spine in JUDGED_SPINES and clip.view.startswith("side")
    ]


def rendered_side_views(model: ModelFile) -> Iterator[Path]:
    """The rendered clips of the split "tune" that are in the cache and filmed from the side."""
    for clip, truth, _ in make_set("tune", False, model, cached=True):
        video = FOLDER / "rendered" / "tune" / f"{clip.name}.mp4"
        if group_of(truth) == AIM and video.is_file():
            yield video


def sample_side_views() -> list[Path]:
    """The sample videos that show a lifter from the side."""
    return [video for video in sorted(SAMPLES.glob("*.mp4")) if "oblique" not in video.name]


def main(arguments: Sequence[str] | None = None) -> int:
    """Find crops; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mask_crops", description="Keep crops of masks.")
    parser.add_argument("kind", choices=("real", "rendered", "samples"))
    parser.add_argument("clips", type=Path, nargs="?", help="folder of the labelled clips")
    options = parser.parse_args(arguments)
    model = find_model("full")
    if options.kind == "real":
        videos = [clip.path for clip in labelled_side_views(folder_of("clips", options.clips))]
    else:
        videos = list(rendered_side_views(model)) if options.kind == "rendered" else sample_side_views()
    if not videos:
        print("no clips are there", file=sys.stderr)
        return 2
    with quiet_native_logs():
        for video in videos:
            print(keep(video, options.kind, model), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
