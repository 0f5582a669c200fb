"""Poses as the history keeps them: recognised by their landmarks, and packed into one value."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np

from formcheck.core.poses import PoseSequence
from formcheck.storage.pose_files import load_poses, save_poses


def fingerprint(poses: PoseSequence) -> str:
    """Recognises a recording by its landmarks, before and after they were saved with single precision."""
    digest = hashlib.sha256(np.ascontiguousarray(poses.time_s, dtype="<f8").tobytes())
    # -0.0 and every kind of NaN must look alike.
    landmarks = np.ascontiguousarray(np.nan_to_num(poses.image_px.astype("<f4"), nan=-1e9)) + np.float32(0.0)
    digest.update(landmarks.tobytes())
    return digest.hexdigest()


def npz_of(poses: PoseSequence) -> bytes:
    """Poses as the contents of an `.npz` file."""
    with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
        path = Path(folder) / "poses.npz"
        save_poses(poses, path)
        return path.read_bytes()


def poses_of(npz: bytes) -> PoseSequence:
    """The poses in the contents of an `.npz` file; `PoseFileError` when there are none."""
    with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
        path = Path(folder) / "poses.npz"
        path.write_bytes(npz)
        return load_poses(path)
