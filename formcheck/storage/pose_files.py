"""Saved poses (`.npz`): analysis can be repeated without the video."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

from formcheck.core.errors import OutputError, PoseFileError
from formcheck.core.poses import ARRAY_FIELDS, PoseSequence, VideoInfo
from formcheck.storage.atomic import PendingFile

SCHEMA = 1
"""Version of the file's layout; raised when an older FormCheck could not read it any more."""


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
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error


def load_poses(path: str | Path) -> PoseSequence:
    """Read poses written by `save_poses`.

    Raises
    ------
    PoseFileError : missing, not a pose file, damaged, or written by a newer FormCheck.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            schema = int(archive["schema"])
            if schema > SCHEMA:
                raise PoseFileError(f"{path} was written by a newer FormCheck (layout {schema}): update FormCheck.")
            about = json.loads(str(archive["about"]))
            arrays = {name: archive[name] for name in ARRAY_FIELDS}
        video = VideoInfo(**about["video"])
        return PoseSequence(**arrays, video=video, model=str(about["model"]), notes=tuple(about["notes"]))
    except FileNotFoundError as error:
        raise PoseFileError(f"{path} does not exist: check the name.") from error
    except PermissionError as error:
        raise PoseFileError(f"{path} cannot be read: permission denied.") from error
    except PoseFileError:
        raise
    except Exception as error:  # whatever a damaged archive makes of zipfile, zlib, tokenize or json
        raise PoseFileError(
            f"{path} is not a FormCheck pose file, or it is damaged: analyse the video again."
        ) from error
