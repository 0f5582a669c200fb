"""Poses of a video, found once and kept: finding them takes minutes, judging them takes milliseconds."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import formcheck
from formcheck.pose_estimation import estimate_poses
from formcheck.pose_files import load_poses, save_poses
from formcheck.pose_models import ModelFile
from formcheck.poses import PoseSequence

FOLDER = Path(__file__).resolve().parent / "cache"

POSE_STAGE = ("landmarks", "poses", "pose_files", "video", "silhouette", "lifter", "pose_estimation")
"""Modules whose code decides what the poses are."""


def cached_poses(
    path: Path, model: ModelFile, folder: Path = FOLDER, find: Callable[[Path, ModelFile], PoseSequence] = estimate_poses
) -> tuple[PoseSequence, bool]:
    """Poses of a video, and whether they came from the cache; another video, model or code finds them anew."""
    kept = folder / f"{path.stem}-{cache_key(path, model)}.npz"
    if kept.is_file():
        return load_poses(kept), True
    poses = find(path, model)
    folder.mkdir(parents=True, exist_ok=True)
    for outdated in folder.glob(f"{path.stem}-{'[0-9a-f]' * 16}.npz"):
        outdated.unlink()
    save_poses(poses, kept)
    # What is kept is rounded to single precision: the first run must see the same numbers as the ones after it.
    return load_poses(kept), False


def cache_key(path: Path, model: ModelFile) -> str:
    """Sixteen hexadecimal digits that stand for the video, the model and the code that finds poses."""
    with path.open("rb") as stream:
        video = hashlib.file_digest(stream, "sha256").hexdigest()
    package = Path(formcheck.__file__).parent
    code = [code_fingerprint((package / f"{name}.py").read_text(encoding="utf-8")) for name in POSE_STAGE]
    libraries = [metadata.version(name) for name in ("mediapipe", "av")]
    return hashlib.sha256("\n".join([video, model.sha256, *code, *libraries]).encode()).hexdigest()[:16]


def code_fingerprint(source: str) -> str:
    """SHA-256 of what a module does: comments, docstrings and line breaks leave it unchanged."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [line for line in body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]
            node.body = kept  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
