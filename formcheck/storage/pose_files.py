"""Saved poses (`.npz`): analysis can be repeated without the video."""

from __future__ import annotations

import dataclasses
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from formcheck.core.errors import OutputError, PoseFileError
from formcheck.core.limits import Limits, most
from formcheck.core.poses import ARRAY_FIELDS, FloatArray, PoseSequence, VideoInfo, expected_shapes
from formcheck.core.words import _
from formcheck.storage.atomic import PendingFile
from formcheck.storage.limits_in_force import limits_in_force
from formcheck.storage.ordinary_files import check_ordinary

SCHEMA = 1
"""Version of the file's layout; raised when an older FormCheck could not read it any more."""

SINCE_SCHEMA_1 = ("mask_flexion_deg",)
"""What files of this layout may lack, because it came later; it is not known then."""

A_POSE_FILE = "a pose file"

PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy packs; other packings can ask for gigabytes before they give the first byte."""

LARGEST_ABOUT_BYTES = 4_000_000
LONGEST_TEXT, MOST_NOTES = 1_000, 100
"""Letters of a note or a name, and notes: nobody would read more, and whoever prints them pays for each letter."""

LARGEST_SIDE_PX = 100_000
LARGEST_VALUES = {"image_px": 1e7, "contour_px": 1e7, "world_m": 1e4, "mask_flexion_deg": 1e4}
"""Places of a body beyond these are damage: they are hundreds of pictures away."""


def save_poses(poses: PoseSequence, path: str | Path) -> None:
    """Write poses to a compressed `.npz`; the file appears under its name only when it is complete.

    Raises
    ------
    OutputError : the file cannot be written.
    """
    path = Path(path)
    about = {
        "video": dataclasses.asdict(poses.video),
        "model": poses.model,
        "notes": list(poses.notes),
    }
    # Single precision keeps a hundredth of a pixel and halves the file; time keeps full precision.
    arrays = {
        name: getattr(poses, name).astype(np.float64 if name == "time_s" else np.float32, copy=False)
        for name in ARRAY_FIELDS
    }
    try:
        with PendingFile(path) as partial, partial.open("wb") as stream:
            np.savez_compressed(stream, schema=np.array(SCHEMA), about=np.array(json.dumps(about)), **arrays)
    except OSError as error:
        raise OutputError(_("Cannot write {path}: {reason}.", path=path, reason=error.strerror or error)) from error


def load_poses(path: str | Path) -> PoseSequence:
    """Read poses written by `save_poses`.

    What the file claims is compared with `formcheck.core.limits` before anything large is unpacked.

    Raises
    ------
    PoseFileError : missing, not a pose file, damaged, beyond the limits, or written by a newer FormCheck.
    """
    path, limits = Path(path), limits_in_force()
    try:
        check_ordinary(path, PoseFileError, limits.frames * _frame_bytes(), A_POSE_FILE)
        with zipfile.ZipFile(path) as archive:
            schema = int(_member(archive, "schema", "iu", (), 8))
            if schema > SCHEMA:
                raise PoseFileError(
                    _(
                        "{path} was written by a newer FormCheck (layout {schema}): update FormCheck.",
                        path=path,
                        schema=schema,
                    )
                )
            about = json.loads(str(_member(archive, "about", "U", (), LARGEST_ABOUT_BYTES)))
            video, model, notes = _facts(about)
            time_s = _times(archive, path, limits)
            arrays = {"time_s": time_s}
            there = archive.namelist()
            for name, shape in expected_shapes(len(time_s)).items():
                if name != "time_s" and not (name in SINCE_SCHEMA_1 and f"{name}.npy" not in there):
                    arrays[name] = _numbers(archive, name, shape)
        return PoseSequence(**arrays, video=video, model=model, notes=notes)
    except FileNotFoundError as error:
        raise PoseFileError(_("{path} does not exist: check the name.", path=path)) from error
    except PermissionError as error:
        raise PoseFileError(_("{path} cannot be read: permission denied.", path=path)) from error
    except PoseFileError:
        raise
    except Exception as error:  # whatever a damaged archive makes of zipfile, zlib, tokenize or json
        raise PoseFileError(
            _("{path} is not a FormCheck pose file, or it is damaged: analyse the video again.", path=path)
        ) from error


def _frame_bytes() -> int:
    """What one frame takes unpacked, in double precision."""
    return 8 * sum(math.prod(shape) for shape in expected_shapes(1).values())


def _times(archive: zipfile.ZipFile, path: Path, limits: Limits) -> FloatArray:
    """(T,) the time axis, from which the size of everything else follows."""
    with archive.open(_entry(archive, "time_s")) as stream:
        (frames,), *_more = _header(stream)
    if frames > limits.frames:
        raise PoseFileError(
            _(
                "{path} has {frames:,} frames, and the most is {most}.",
                path=path,
                frames=frames,
                most=most(limits, "frames"),
            )
        )
    time_s = _numbers(archive, "time_s", (frames,))
    if frames and not time_s[-1] - time_s[0] <= limits.duration_s:
        raise PoseFileError(
            _(
                "{path} lasts longer than the most, {most}, or has wrong times.",
                path=path,
                most=most(limits, "duration_s"),
            )
        )
    return time_s


def _numbers(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> FloatArray:
    """An array of that shape in single or double precision, without impossible values."""
    array = _member(archive, name, "f", shape, 8)
    if array.itemsize < 4:
        array = array.astype(np.float32)
    largest = np.nanmax(np.abs(array)) if array.size and not np.isnan(array).all() else 0.0
    if not largest <= LARGEST_VALUES.get(name, np.finfo(np.float32).max):
        raise ValueError(f"{name} has impossible values")
    return array


def _member(
    archive: zipfile.ZipFile, name: str, kinds: str, shape: tuple[int, ...], largest_item_bytes: int
) -> np.ndarray[Any, Any]:
    """An array of the archive, unpacked only if it is what it should be."""
    with archive.open(_entry(archive, name)) as stream:
        found, fortran, dtype = _header(stream)
        if dtype.kind not in kinds or dtype.itemsize > largest_item_bytes:
            raise PoseFileError(_("These poses cannot be analysed: {name} is not of the right type.", name=name))
        if found != shape:
            raise PoseFileError(
                _(
                    "These poses cannot be analysed: {name} has the shape {found}, expected {shape}.",
                    name=name,
                    found=found,
                    shape=shape,
                )
            )
        array = np.empty(math.prod(shape), dtype)
        content = array.view(np.uint8).data if array.nbytes else memoryview(b"")
        done = 0
        while done < array.nbytes:
            read = stream.readinto(content[done:])  # type: ignore[attr-defined]
            if not read:
                raise EOFError(name)
            done += read
        if stream.read(1):  # reading to the end also compares the checksum
            raise ValueError(f"{name} is longer than it says")
    ordered = array.reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(ordered).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type not in PACKINGS:
        raise ValueError(f"{name} is packed in another way")
    return entry


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of the array that begins here."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    return tuple(int(side) for side in shape), bool(fortran), dtype


def _facts(about: Mapping[str, Any]) -> tuple[VideoInfo, str, tuple[str, ...]]:
    """Facts of the video, name of the model and notes; `ValueError` or the like where they cannot be true."""
    video = VideoInfo(**about["video"])
    whole = (video.width, video.height, video.frames, video.rotation_deg)
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in whole):
        raise TypeError("facts of the video are not whole numbers")
    if not (0 < video.width <= LARGEST_SIDE_PX and 0 < video.height <= LARGEST_SIDE_PX):
        raise ValueError("the picture has no sensible size")
    if isinstance(video.duration_s, bool) or not 0 <= video.duration_s < math.inf:
        raise ValueError("the length is not a number")
    if video.frames < 0 or video.rotation_deg not in (0, 90, 180, 270) or not isinstance(video.complete, bool):
        raise ValueError("facts of the video cannot be true")
    model, notes = about["model"], about["notes"]
    if not isinstance(notes, list) or len(notes) > MOST_NOTES:
        raise ValueError("these are not notes")
    if not all(isinstance(words, str) and len(words) <= LONGEST_TEXT for words in (video.file, model, *notes)):
        raise ValueError("names or notes are not text, or far too long")
    return video, model, tuple(notes)
