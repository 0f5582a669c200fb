"""Poses of a video, found once and kept: finding them takes minutes, judging them takes milliseconds."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

import formcheck
from formcheck.core.poses import PoseSequence
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.vision.backend import PoseBackend
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.models.store import ModelFile
from formcheck.vision.pose_estimation import estimate_poses

FOLDER = Path(__file__).resolve().parent / "cache"

PACKAGE = Path(formcheck.__file__).parent

POSE_STAGE = ("vision.pose_estimation", "storage.pose_files")
"""Modules that decide, with all of FormCheck that they import, what the poses are..."""

NO_MATTER = ("core.errors", "vision.models.store", "vision.system_libraries")
"""...but for those that word messages and find model files; the model itself is in the key."""

SAME_POSES = {
    "vision.video_parts": ("675864c46edb29cf", "a3502cd9f958ac0922e7f895937296263871e706c09c18209e0b0a2fd192336e"),
}
"""Modules that were changed in their words, or in what they tell meanwhile, and find the same poses: how the
fingerprint of today begins, and that of the code under which the poses are kept. Where a module is changed in what it
finds, its line goes."""

FindPoses = Callable[[Path, ModelFile], PoseSequence]


def cached_poses(
    path: Path,
    model: ModelFile,
    folder: Path = FOLDER,
    find: FindPoses = estimate_poses,
    backend: PoseBackend | None = None,
    every_frame: bool = False,
) -> tuple[PoseSequence, bool]:
    """Poses of a video, and whether they came from the cache; another video, model, backend or code finds them again.

    Poses of a backend that is named, or of every frame, are kept in a folder of their own, so that all can be there.
    """
    if backend is not None or every_frame:
        find = partial(estimate_poses, backend=backend, every_frame=every_frame)
        folder = cache_folder(folder, backend, every_frame)
    kept = cached_file(path, model, folder, backend)
    if kept.is_file():
        return load_poses(kept), True
    poses = find(path, model)
    folder.mkdir(parents=True, exist_ok=True)
    for outdated in folder.glob(f"{path.stem}-{'[0-9a-f]' * 16}.npz"):
        outdated.unlink()
    save_poses(poses, kept)
    # What is kept is rounded to single precision: the first run must see the same numbers as the ones after it.
    return load_poses(kept), False


def cache_folder(folder: Path, backend: PoseBackend | None, every_frame: bool) -> Path:
    """Where poses of a backend and of every frame, or of as many as needed, are kept."""
    kind = [backend.name] if backend else []
    return folder / "-".join([*kind, *(["every-frame"] if every_frame else [])])


def cached_file(path: Path, model: ModelFile, folder: Path, backend: PoseBackend | None) -> Path:
    """The file that the poses of a video are kept in, in this folder."""
    return folder / f"{path.stem}-{cache_key(path, model, backend.name if backend else None)}.npz"


def cache_key(path: Path, model: ModelFile, backend: str | None = None) -> str:
    """Sixteen hexadecimal digits that stand for the video, the model, the backend and the code that finds poses.

    ``backend`` is its name, None = that of the default one.
    """
    backend = backend or default_backend(model).name
    with path.open("rb") as stream:
        video = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashlib.sha256("\n".join([video, model.sha256, backend, *CODE]).encode()).hexdigest()[:16]


def pose_stage_modules() -> tuple[str, ...]:
    """Names below ``formcheck`` of all modules that the poses depend on, sorted."""
    reached, to_visit = set(), list(POSE_STAGE)
    while to_visit:
        name = to_visit.pop()
        if name not in reached:
            reached.add(name)
            to_visit += [other for other in _imports(_source(name)) if other not in NO_MATTER]
    return tuple(sorted(reached))


def _source(name: str) -> str:
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")


def _imports(source: str) -> list[str]:
    modules = [node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return [module.removeprefix("formcheck.") for module in modules if module.startswith("formcheck.")]


def code_fingerprint(source: str) -> str:
    """SHA-256 of what a module does: comments, docstrings and line breaks leave it unchanged."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [line for line in body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]
            node.body = kept  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _stands_for(name: str, fingerprint: str) -> str:
    """The fingerprint under which poses of this module are kept."""
    today, kept = SAME_POSES.get(name, ("", ""))
    return kept if today and fingerprint.startswith(today) else fingerprint


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


CODE = (
    *(_stands_for(name, code_fingerprint(_source(name))) for name in pose_stage_modules()),
    *(_version(name) for name in ("mediapipe", "openvino", "av")),
)
"""What finds poses in this process; taken now, since files may be edited while a long benchmark runs."""
