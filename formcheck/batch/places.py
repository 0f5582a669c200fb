"""Where clips come from and results go: folders of this machine, or whatever fsspec knows by URL (s3, sftp, ...)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from formcheck.batch.outcome import OUTCOME_JSON, Outcome
from formcheck.core.errors import InputError, OutputError, UsageError
from formcheck.core.words import _
from formcheck.storage.atomic import write_bytes

CLIPS = "clips"
"""Folder of the results, one folder in it for each clip."""

MARKER = ".formcheck-batch"
"""A file that says that a folder is the output of a batch."""

PARTIAL = ".partial"
"""Folder of results that are not complete; what is in it may be removed when nothing runs."""


def is_url(where: str) -> bool:
    """Whether it is a URL for fsspec rather than a path."""
    return "://" in where


class Place(Protocol):
    """The output of a batch."""

    def prepare(self) -> None:
        """Make it, and see whether it takes anything; `OutputError` where it does not or is somebody else's."""

    def outcomes(self) -> Iterator[Outcome]:
        """What became of all clips, as far as it is written."""

    def outcome(self, name: str) -> Outcome | None:
        """What became of the clip of that folder; None where nothing is written."""

    def scratch(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """An empty folder of this machine for a clip's results, gone after the block."""

    def publish(self, name: str, made: Path, outcome: Outcome) -> None:
        """Put the files of a scratch folder into the clip's folder, whole ones only, and the outcome last."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file beside the clips' folders, whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where it is missing."""


def place_at(where: str) -> Place:
    """The output at a path or URL; `UsageError` where a library for that kind of URL is missing."""
    where = where.removeprefix("file://")
    return RemotePlace(where) if is_url(where) else LocalPlace(Path(where))


class LocalPlace:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make it, and see whether it takes anything; `OutputError` where it does not or is somebody else's."""
        with self._errors():
            if self.path.is_dir() and not (self.path / MARKER).exists() and any(self.path.iterdir()):
                raise OutputError(_("{path} holds something else: choose an empty folder with --out.", path=self.path))
            (self.path / CLIPS).mkdir(parents=True, exist_ok=True)
            write_bytes(self.path / MARKER, b"Written by formcheck batch.\n")

    def outcomes(self) -> Iterator[Outcome]:
        """What became of all clips, as far as it is written."""
        for path in sorted((self.path / CLIPS).glob(f"*/{OUTCOME_JSON}")):
            found = self.outcome(path.parent.name)
            if found is not None:
                yield found

    def outcome(self, name: str) -> Outcome | None:
        """What became of the clip of that folder; None where nothing is written."""
        content = self.read(f"{CLIPS}/{name}/{OUTCOME_JSON}")
        return None if content is None else Outcome.from_json(content)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """An empty folder on the same disk, gone after the block."""
        # Two processes may have the same clip, when one was thought to be lost: each has its own folder.
        path = self.path / PARTIAL / f"{name}-{os.urandom(4).hex()}"
        with self._errors():
            path.mkdir(parents=True)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def publish(self, name: str, made: Path, outcome: Outcome) -> None:
        """Put the files of a scratch folder into the clip's folder, whole ones only, and the outcome last."""
        folder = self.path / CLIPS / name
        with self._errors():
            folder.mkdir(parents=True, exist_ok=True)
            # While files are exchanged, nothing says that they belong together.
            (folder / OUTCOME_JSON).unlink(missing_ok=True)
            names = [path.name for path in _files(made)]
            for each in names:
                os.replace(made / each, folder / each)
            for path in _files(folder):
                if path.name not in (*names, OUTCOME_JSON) and not path.name.endswith(".part"):
                    path.unlink(missing_ok=True)  # of an earlier analysis, with other formats
            write_bytes(folder / OUTCOME_JSON, outcome.to_json().encode())

    def write(self, name: str, content: bytes) -> None:
        """Write a file beside the clips' folders, whole or not at all."""
        with self._errors():
            write_bytes(self.path / name, content)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where it is missing."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(
                _("{path} cannot be read ({error}).", path=self.path / name, error=error.strerror or error)
            ) from error

    def clear_partial(self) -> None:
        """Remove what runs have left that were ended by force."""
        shutil.rmtree(self.path / PARTIAL, ignore_errors=True)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
            raise OutputError(
                _(
                    "{path} cannot be written ({reason}): make room or choose another folder with --out.",
                    path=self.path,
                    reason=reason,
                )
            ) from error


class RemotePlace:
    """A folder behind a URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._fs, self._root = file_system(self.url)

    def prepare(self) -> None:
        """See whether it takes anything; `OutputError` where it does not."""
        self.write(MARKER, b"Written by formcheck batch.\n")

    def outcomes(self) -> Iterator[Outcome]:
        """What became of all clips, as far as it is written."""
        with self._errors():
            self._fs.invalidate_cache()
            paths = sorted(self._fs.glob(f"{self._root}/{CLIPS}/*/{OUTCOME_JSON}"))
            # Many at once: one by one, thousands of small files take an hour.
            contents = self._fs.cat(paths) if paths else {}
            if isinstance(contents, bytes):
                contents = {paths[0]: contents}
        for path in paths:
            found = Outcome.from_json(contents[path])
            if found is not None:
                yield found

    def outcome(self, name: str) -> Outcome | None:
        """What became of the clip of that folder; None where nothing is written."""
        content = self.read(f"{CLIPS}/{name}/{OUTCOME_JSON}")
        return None if content is None else Outcome.from_json(content)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """An empty folder of this machine, gone after the block."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="formcheck-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / name
            path.mkdir()
            yield path

    def publish(self, name: str, made: Path, outcome: Outcome) -> None:
        """Put the files of a scratch folder behind the URL, and the outcome last."""
        with contextlib.suppress(FileNotFoundError), self._errors():
            self._fs.rm_file(f"{self._root}/{CLIPS}/{name}/{OUTCOME_JSON}")
        for path in _files(made):
            with self._errors():
                self._put(path, f"{CLIPS}/{name}/{path.name}")
        self.write(f"{CLIPS}/{name}/{OUTCOME_JSON}", outcome.to_json().encode())

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all where the storage works so, as object stores do."""
        with self._errors():
            target = f"{self._root}/{name}"
            self._fs.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
            self._fs.pipe_file(target, content)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where it is missing."""
        try:
            with self._errors():
                content: bytes = self._fs.cat_file(f"{self._root}/{name}")
                return content
        except FileNotFoundError:
            return None

    def _put(self, path: Path, name: str) -> None:
        target = f"{self._root}/{name}"
        self._fs.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
        self._fs.put_file(str(path), target)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # every kind of storage has errors of its own
            raise OutputError(_("{url} cannot be used ({reason}).", url=self.url, reason=_reason(error))) from error


# --- clips ---------------------------------------------------------------------------------------------------------


def file_system(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path in it; `UsageError` where a library for it is missing."""
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(
            _("{url} needs fsspec, which is not installed: pip install 'formcheck[cluster]'", url=url)
        ) from error
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise UsageError(_("{url} needs one more library: {error}", url=url, error=error)) from error
    except ValueError as error:
        raise UsageError(_("{url} is not a place that can be read: {error}", url=url, error=error)) from error
    return system, str(path).rstrip("/")


def fingerprint(source: str) -> tuple[str, int]:
    """What changes when a file does, without reading it, and its size in bytes.

    Raises
    ------
    InputError : it is missing or cannot be read.
    """
    if not is_url(source):
        try:
            status = os.stat(source)
        except OSError as error:
            raise InputError(
                _("{path} cannot be read ({error}).", path=source, error=error.strerror or error)
            ) from error
        return f"{status.st_size}-{status.st_mtime_ns}", status.st_size
    system, path = file_system(source)
    try:
        about = system.info(path)
        return str(system.ukey(path)), int(about.get("size") or 0)
    except Exception as error:
        raise InputError(_("{path} cannot be read ({error}).", path=source, error=_reason(error))) from error


@contextlib.contextmanager
def local_file(source: str) -> Iterator[Path]:
    """The clip as a file of this machine, fetched for the block where it is a URL.

    Raises
    ------
    InputError : it is missing or cannot be read.
    """
    if not is_url(source):
        yield Path(source)
        return
    import tempfile

    system, path = file_system(source)
    with tempfile.TemporaryDirectory(prefix="formcheck-", ignore_cleanup_errors=True) as folder:
        fetched = Path(folder) / (file_name(source) or "video")
        try:
            system.get_file(path, str(fetched))
        except Exception as error:
            raise InputError(_("{path} cannot be read ({error}).", path=source, error=_reason(error))) from error
        yield fetched


def file_name(source: str) -> str:
    """Last part of a path or URL."""
    return PurePosixPath(source.partition("?")[0]).name if is_url(source) else Path(source).name


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content; `InputError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(_("{path} cannot be read ({error}).", path=path, error=error.strerror or error)) from error


def _files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
