"""Shared libraries that the wheels expect from the system, and hints instead of import errors.

The OpenCV and MediaPipe wheels bring most of their shared libraries along but expect a few from the system, which a
bare Linux (a server, a container) does not have. OpenCV asks for its libraries when ``cv2`` is imported; MediaPipe asks
for its own only when the first landmarker or image is made. `helpful_import_errors` covers both:

    with helpful_import_errors():
        import cv2
        landmarker = PoseLandmarker.create_from_options(options)
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from formcheck.core.errors import SystemLibraryError


@dataclass(frozen=True)
class SystemLibrary:
    """A shared library that a wheel expects from the system, and the package of each distribution that holds it."""

    file: str
    used_by: str
    debian: str
    fedora: str
    arch: str


# Read off the wheels with readelf: every library that cv2, what is beside it, and libmediapipe need and do not bring
# along, without those of the C library. (The Qt plug-in for windows needs some more, but FormCheck opens no windows.)
# On newer Debian and Ubuntu libglib2.0-0 is called libglib2.0-0t64; apt knows it by the older name too.
SYSTEM_LIBRARIES = (
    SystemLibrary("libGL.so.1", "OpenCV", "libgl1", "libglvnd-glx", "libglvnd"),
    SystemLibrary("libEGL.so.1", "MediaPipe", "libegl1", "libglvnd-egl", "libglvnd"),
    SystemLibrary("libGLESv2.so.2", "MediaPipe", "libgles2", "libglvnd-gles", "libglvnd"),
    SystemLibrary("libglib-2.0.so.0", "OpenCV", "libglib2.0-0", "glib2", "glib2"),
    SystemLibrary("libgthread-2.0.so.0", "OpenCV", "libglib2.0-0", "glib2", "glib2"),
    SystemLibrary("libxcb.so.1", "OpenCV", "libxcb1", "libxcb", "libxcb"),
    SystemLibrary("libz.so.1", "OpenCV", "zlib1g", "zlib", "zlib"),
    SystemLibrary("libstdc++.so.6", "OpenCV", "libstdc++6", "libstdc++", "gcc-libs"),
    SystemLibrary("libgcc_s.so.1", "OpenCV", "libgcc-s1", "libgcc", "gcc-libs"),
)

INSTALL_COMMANDS = {
    # A container has no package lists to begin with, so that apt-get install alone would find nothing.
    "debian": ("apt-get update", "apt-get install"),
    "fedora": ("dnf install",),
    "arch": ("pacman -S --needed",),
}
"""How packages are installed on each family of distributions, one step after the other."""

Loads = Callable[[str], bool]
"""Whether a shared library of that file name can be loaded here."""


def library_loads(file: str) -> bool:
    """Whether the loader of this system finds and accepts the shared library."""
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


def missing_libraries(loads: Loads = library_loads) -> tuple[SystemLibrary, ...]:
    """The system libraries that the wheels need and this Linux does not have; empty on other systems."""
    if sys.platform != "linux":
        return ()
    return tuple(library for library in SYSTEM_LIBRARIES if not loads(library.file))


def linux_family(os_release: Mapping[str, str] | None = None) -> str | None:
    """ "debian", "fedora" or "arch" for a distribution of that family, else None; reads /etc/os-release by default."""
    if os_release is None:
        try:
            os_release = platform.freedesktop_os_release()
        except OSError:
            return None
    names = f"{os_release.get('ID', '')} {os_release.get('ID_LIKE', '')}".split()
    relatives = {"ubuntu": "debian", "rhel": "fedora", "centos": "fedora"}
    return next((family for name in names if (family := relatives.get(name, name)) in INSTALL_COMMANDS), None)


def install_command(libraries: Iterable[SystemLibrary], family: str | None, as_root: bool) -> str:
    """What to do about missing libraries, as one line that can be pasted into a terminal where the family is known."""
    libraries = tuple(libraries)
    if family is None:
        return "install the packages that provide " + ", ".join(library.file for library in libraries)
    packages = dict.fromkeys(str(getattr(library, family)) for library in libraries)
    steps = (step if as_root else f"sudo {step}" for step in INSTALL_COMMANDS[family])
    return " && ".join(steps) + " " + " ".join(packages)


def install_here(libraries: Iterable[SystemLibrary]) -> str:
    """The install command for this distribution and user."""
    return install_command(libraries, linux_family(), hasattr(os, "geteuid") and os.geteuid() == 0)


def system_library_hint(error: BaseException, loads: Loads = library_loads) -> SystemLibraryError | None:
    """The same failure as a one-line hint, if a shared library is behind it, else None.

    The loader names only the first library that it misses; the hint names all of them, so that one command is enough.
    """
    if not isinstance(error, ImportError | OSError) or isinstance(error, ModuleNotFoundError):
        return None
    text = " ".join(str(error).split())
    match = re.search(r"([\w.+-]+\.so[.\d]*): cannot open shared object file", text)
    if match:
        file = match[1]
        if file not in {library.file for library in SYSTEM_LIBRARIES}:
            return SystemLibraryError(
                f"The library {file} is missing: install the system package that provides it, or {reinstall()}"
            )
        missing = missing_libraries(loads) or tuple(library for library in SYSTEM_LIBRARIES if library.file == file)
        names = ", ".join(dict.fromkeys([file, *(library.file for library in missing)]))
        return SystemLibraryError(f"OpenCV and MediaPipe need system libraries ({names}): {install_here(missing)}")
    if "DLL load failed" in text or "(or one of its dependencies)" in text:
        return SystemLibraryError(
            "Windows cannot load a library of OpenCV or MediaPipe: install the Microsoft Visual C++ Redistributable "
            f"(x64), and on Windows N the Media Feature Pack ({text})"
        )
    return None


def reinstall(packages: str = "mediapipe opencv-contrib-python") -> str:
    """The command that installs damaged packages again."""
    return f"{sys.executable} -m pip install --force-reinstall {packages}"


@contextmanager
def helpful_import_errors() -> Iterator[None]:
    """Turn an error about a missing shared library inside the block into a `SystemLibraryError` with the remedy."""
    try:
        yield
    except (ImportError, OSError) as error:
        hint = system_library_hint(error)
        if hint is None:
            raise
        raise hint from error
