"""Copies of videos with one thing changed, and the poses in them: what a measure should not care about.

    python -m benchmarks.perturb real rendered [--only PART] [--clips CLIPS]

fills benchmarks/cache/perturbed/ and measures nothing; it takes up where it was stopped. A copy lives in a temporary
folder only as long as its poses are being found. "real" are the labelled side views with a judged spine, "rendered"
the side views with free hips of the split "test".
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from benchmarks.labelled import LabelledClip, folder_of, read_clips
from benchmarks.pose_cache import FOLDER, FindPoses, cache_key
from benchmarks.rendered_set import SetClip, clip_set, folder_name, render
from formcheck.core.errors import FormCheckError, OutputError
from formcheck.core.poses import PoseSequence
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.native_logs import quiet_native_logs
from formcheck.vision.pose_estimation import estimate_poses
from formcheck.vision.video import Frame, RgbImage, VideoReader
from rendered_lifter.assets import AssetError

PERTURBED = FOLDER / "perturbed"

LONGEST_S = 14.0
"""Only this much of the beginning of a longer clip is used."""

JUDGED_SPINES = ("rounded", "neutral", "hollow", "mild")

SIDE_YAW_DEG = 10.0
"""Rendered views within this yaw are side views."""

TIME_BASE = Fraction(1, 90_000)


@dataclass(frozen=True)
class Perturbation:
    """One change of a video; a copy with nothing changed but newly encoded is one as well.

    Attributes
    ----------
    name : as tables show it, unique.
    crop : share of width and height that is cut off at each of the four sides.
    scale : factor on both sides of the picture.
    gamma : exponent on values 0..1; above 1 is darker.
    crf : constant rate factor of the H.264 encoder, 16 = hardly visible loss.
    mirror : left and right swapped.
    fps : constant frame rate, each frame the nearest of the original; 0 = as filmed.
    """

    name: str
    crop: float = 0.0
    scale: float = 1.0
    gamma: float = 1.0
    crf: int = 16
    mirror: bool = False
    fps: float = 0.0


PERTURBATIONS = (
    Perturbation("newly encoded only"),
    Perturbation("mirrored", mirror=True),
    Perturbation("scaled to 60 %", scale=0.6),
    Perturbation("cropped by 6 % a side", crop=0.06),
    Perturbation("darker (gamma 1.8)", gamma=1.8),
    Perturbation("brighter (gamma 0.55)", gamma=0.55),
    Perturbation("compressed (crf 40)", crf=40),
    Perturbation("24 fps", fps=24.0),
    Perturbation("60 fps", fps=60.0),
)


def changed(rgb: RgbImage, perturbation: Perturbation) -> RgbImage:
    """A picture (H, W, 3) with all of a perturbation but compression and frame rate; both sides come out even."""
    height, width = rgb.shape[:2]
    top, left = round(height * perturbation.crop), round(width * perturbation.crop)
    rgb = rgb[top : height - top, left : width - left]
    if perturbation.mirror:
        rgb = rgb[:, ::-1]
    if perturbation.gamma != 1.0:
        table = np.round(255.0 * (np.arange(256) / 255.0) ** perturbation.gamma).astype(np.uint8)
        rgb = table[rgb]
    height, width = (max(2, round(side * perturbation.scale) // 2 * 2) for side in rgb.shape[:2])
    if perturbation.scale != 1.0:
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        scaled = VideoReformatter().reformat(frame, width=width, height=height, interpolation=Interpolation.AREA)
        rgb = scaled.to_ndarray()  # type: ignore[assignment]  # rgb24 is 8 bit
    return np.ascontiguousarray(rgb[:height, :width])


def resampled(frames: Iterable[Frame], fps: float) -> Iterator[Frame]:
    """Frames at a constant rate, each showing the nearest of the original ones; as they come when ``fps`` is 0."""
    if not fps:
        yield from frames
        return
    count = 0
    before: Frame | None = None
    for frame in frames:
        while count / fps <= frame.time_s:
            at_s = count / fps
            near = before if before and at_s - before.time_s < frame.time_s - at_s else frame
            yield Frame(at_s, near.rgb)
            count += 1
        before = frame


def write_perturbed(source: Path, target: Path, perturbation: Perturbation, longest_s: float = LONGEST_S) -> None:
    """Write the beginning of a video with a perturbation as an H.264 mp4.

    Raises
    ------
    VideoError : the source cannot be read. OutputError : PyAV comes without the encoder x264.
    """
    with VideoReader(source) as reader:
        frames = resampled(_beginning(reader, longest_s), perturbation.fps)
        write_frames((Frame(each.time_s, changed(each.rgb, perturbation)) for each in frames), target, perturbation.crf)


def write_frames(frames: Iterable[Frame], target: Path, crf: int = 16) -> None:
    """Write pictures with even sides at their own instants as an H.264 mp4, ``crf`` being the constant rate factor.

    Raises
    ------
    OutputError : PyAV comes without the encoder x264.
    """
    if "libx264" not in av.codecs_available:
        raise OutputError("Perturbed copies cannot be encoded: this PyAV comes without x264; install it with pip.")
    with av.open(f"file:{target.absolute()}", "w", format="mp4") as container:
        stream: VideoStream | None = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=30)
                stream.width, stream.height, stream.pix_fmt = frame.rgb.shape[1], frame.rgb.shape[0], "yuv420p"
                context = stream.codec_context
                context.time_base = stream.time_base = TIME_BASE
                context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, 1, 1, 1
                context.options = {"preset": "veryfast", "crf": str(crf)}
            picture = VideoFrame.from_ndarray(frame.rgb, format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
            )
            picture.pts, picture.time_base = round(frame.time_s / TIME_BASE), TIME_BASE
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode(None))


def _beginning(frames: Iterable[Frame], longest_s: float) -> Iterator[Frame]:
    for frame in frames:
        if frame.time_s > longest_s:
            return
        yield frame


def beginning(poses: PoseSequence, longest_s: float = LONGEST_S) -> PoseSequence:
    """Poses of the part of a video that perturbed copies show."""
    return poses.part(poses.time_s <= longest_s)


def perturbed_poses(
    source: Path,
    perturbation: Perturbation,
    model: ModelFile,
    folder: Path = PERTURBED,
    find: FindPoses = estimate_poses,
) -> tuple[PoseSequence, bool]:
    """Poses of a perturbed copy, and whether they came from the cache.

    Another video, model, perturbation or other code that finds poses finds them again.
    """
    kept = folder / f"{_stem(source, perturbation)}-{_key(source, perturbation, model)}.npz"
    if kept.is_file():
        return load_poses(kept), True
    with tempfile.TemporaryDirectory(prefix="formcheck-perturbed-") as temporary:
        copy = Path(temporary) / f"{source.stem}.mp4"
        write_perturbed(source, copy, perturbation)
        poses = find(copy, model)
    folder.mkdir(parents=True, exist_ok=True)
    for outdated in _kept(source, perturbation, folder):
        outdated.unlink()
    # A run that is stopped while it writes must not leave half a file under the name that counts.
    partial = kept.with_name(f".{kept.name}.part.npz")
    save_poses(poses, partial)
    partial.replace(kept)
    return load_poses(kept), False


def kept_poses(source: Path, perturbation: Perturbation, folder: Path = PERTURBED) -> PoseSequence | None:
    """What the cache holds of a perturbed copy, even if the code would now find it again; None when nothing."""
    kept = _kept(source, perturbation, folder)
    return load_poses(kept[-1]) if kept else None


def _kept(source: Path, perturbation: Perturbation, folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_stem(source, perturbation)}-{'[0-9a-f]' * 16}.npz"))


def _stem(source: Path, perturbation: Perturbation) -> str:
    words = "".join(sign if sign.isalnum() else " " for sign in perturbation.name).split()
    return f"{source.stem}.{'-'.join(words)}"


def _key(source: Path, perturbation: Perturbation, model: ModelFile) -> str:
    parts = [cache_key(source, model), repr(perturbation), str(LONGEST_S)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def judged_clips(folder: Path) -> list[LabelledClip]:
    """Labelled side views of lifts whose spine somebody judged."""
    return [
        clip
        for clip in read_clips(folder)
        if clip.role == "lift" and clip.spine in JUDGED_SPINES and clip.view.startswith("side")
    ]


def rendered_side_clips(split: str = "test") -> list[SetClip]:
    """Side views with free hips of a split that show a faultless lift or a rounded back."""
    return [
        clip
        for clip in clip_set(split)
        if not clip.check and abs(clip.spec.scene.yaw_deg) <= SIDE_YAW_DEG and clip.spec.plates != "both"
    ]


def rendered_video(clip: SetClip, split: str = "test") -> Path:
    """The video of a rendered clip; the one in the cache is taken as it is, a missing one is rendered."""
    folder = folder_name(split, full=False)
    video = FOLDER / "rendered" / folder / f"{clip.name}.mp4"
    return video if video.is_file() else render(clip, folder)[0]


SETS: dict[str, Callable[[Path], list[Path]]] = {
    "real": lambda folder: [clip.path for clip in judged_clips(folder)],
    "rendered": lambda folder: [rendered_video(clip) for clip in rendered_side_clips()],
}


def main(arguments: list[str] | None = None) -> int:
    """Fill the cache; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.perturb", description="Find poses in changed copies.")
    parser.add_argument("sets", nargs="+", choices=tuple(SETS), help="which clips")
    parser.add_argument("--only", default="", metavar="PART", help="only perturbations whose name contains this")
    parser.add_argument("--clips", type=Path, help="folder with clips and labels.json")
    parser.add_argument("--model", default="full", help="lite, full, heavy or a file")
    options = parser.parse_args(arguments)
    try:
        model = find_model(options.model)
        for name in options.sets:
            sources = SETS[name](folder_of("clips", options.clips))
            for perturbation in (one for one in PERTURBATIONS if options.only in one.name):
                for number, source in enumerate(sources, 1):
                    with quiet_native_logs():
                        poses, from_cache = perturbed_poses(source, perturbation, model)
                    how = "kept" if from_cache else f"{len(poses)} frames"
                    print(f"{name}, {perturbation.name}, {number}/{len(sources)} {source.stem}: {how}", flush=True)
    except (FormCheckError, AssetError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    # Ended from outside, it must still delete the copy that it is working on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
