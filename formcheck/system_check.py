"""What this machine has and lacks: the checks behind ``formcheck doctor``, and hints instead of import errors.

The OpenCV and MediaPipe wheels bring most of their shared libraries along but expect a few from the system, which a
bare Linux (a server, a container) does not have. OpenCV asks for its libraries when ``cv2`` is imported; MediaPipe asks
for its own only when the first landmarker or image is made. `helpful_import_errors` covers both:

    with helpful_import_errors():
        import cv2
        landmarker = PoseLandmarker.create_from_options(options)
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from formcheck.errors import SystemLibraryError
from formcheck.pose_models import ModelStatus, Setup, default_setup, list_models


@dataclass(frozen=True)
class CheckResult:
    """One line of the doctor's report. ``ok`` is None for a note: nothing is wrong, or only for some uses."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class SystemLibrary:
    """A shared library that a wheel expects from the system, and the package of each distribution that holds it."""

    file: str
    used_by: str
    debian: str
    fedora: str
    arch: str


# Read off the wheels with readelf: every library that cv2, what lies beside it, and libmediapipe need and do not bring
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

MINIMUM_VERSIONS = {"mediapipe": (1, 2), "numpy": (2,), "scipy": (1, 14), "av": (18,)}
OPENCV_WHEELS = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
DECODERS = {
    "H.264": ("h264",),
    "HEVC": ("hevc",),
    "VP9": ("vp9", "libvpx-vp9"),
    # The decoder named just "av1" works only with the help of some graphics cards.
    "AV1": ("libdav1d", "libaom-av1"),
    "MJPEG": ("mjpeg",),
    "GIF": ("gif",),
}
ENCODER = "libx264"
PROBE_LIMIT_S = 60.0
PROBES = {
    "OpenCV": "import cv2",
    "MediaPipe": "import numpy, mediapipe as mp; "
    "mp.Image(image_format=mp.ImageFormat.SRGB, data=numpy.zeros((2, 2, 3), numpy.uint8))",
}

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


def _install_here(libraries: Iterable[SystemLibrary]) -> str:
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
                f"The library {file} is missing: install the system package that provides it, or {_reinstall()}"
            )
        missing = missing_libraries(loads) or tuple(library for library in SYSTEM_LIBRARIES if library.file == file)
        names = ", ".join(dict.fromkeys([file, *(library.file for library in missing)]))
        return SystemLibraryError(f"OpenCV and MediaPipe need system libraries ({names}): {_install_here(missing)}")
    if "DLL load failed" in text or "(or one of its dependencies)" in text:
        return SystemLibraryError(
            "Windows cannot load a library of OpenCV or MediaPipe: install the Microsoft Visual C++ Redistributable "
            f"(x64), and on Windows N the Media Feature Pack ({text})"
        )
    return None


def _reinstall(packages: str = "mediapipe opencv-contrib-python") -> str:
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


def check_system(setup: Setup | None = None) -> tuple[CheckResult, ...]:
    """Look at everything FormCheck needs, in the order in which it is worth repairing.

    Takes a few seconds, never hangs, fetches nothing. ``setup`` says where model files are looked for.
    """
    loading = tuple(check_loads(name, code) for name, code in PROBES.items())
    libraries = check_libraries()
    if all(result.ok for result in loading):
        # Other builds of the wheels may need fewer libraries, or find them in a place of their own.
        libraries = tuple(replace(result, ok=result.ok or None) for result in libraries)
    return (
        check_python(sys.version_info[:3], struct.calcsize("P") * 8),
        *(check_package(name, _installed_version(name)) for name in MINIMUM_VERSIONS),
        check_opencv_wheels({name: version for name in OPENCV_WHEELS if (version := _installed_version(name))}),
        *libraries,
        *loading,
        *check_codecs(),
        *map(check_model, list_models(setup or default_setup())),
        check_camera(),
        check_display(),
    )


def check_python(version: tuple[int, ...], bits: int) -> CheckResult:
    """Python itself: at least 3.11 and 64 bit, for which the wheels are built."""
    detail = f"{'.'.join(map(str, version))}, {bits} bit, {platform.system()} {platform.machine()}, {sys.executable}"
    ok = version >= (3, 11) and bits == 64
    return CheckResult("Python", ok, detail, "" if ok else "install a 64-bit Python, 3.11 or newer")


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_package(name: str, version: str | None) -> CheckResult:
    """A package against `MINIMUM_VERSIONS`; ``version`` is None where it is not installed."""
    least = MINIMUM_VERSIONS[name]
    wanted = f"{name}>={'.'.join(map(str, least))}"
    remedy = f'{sys.executable} -m pip install "{wanted}"'
    if version is None:
        return CheckResult(name, False, "not installed", remedy)
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < least:
        return CheckResult(name, False, f"{version}, too old: {wanted} is needed", remedy)
    return CheckResult(name, True, version)


def check_opencv_wheels(installed: Mapping[str, str]) -> CheckResult:
    """Which wheel provides cv2; two of them write over each other's files. ``installed`` maps wheels to versions."""
    detail = ", ".join(f"{name} {version}" for name, version in installed.items())
    if not installed:
        return CheckResult("OpenCV wheel", False, "not installed", f"{sys.executable} -m pip install mediapipe")
    if len(installed) == 1:
        return CheckResult("OpenCV wheel", True, detail)
    keep = "opencv-contrib-python"
    remedy = f"{sys.executable} -m pip uninstall -y {' '.join(installed)} && {sys.executable} -m pip install {keep}"
    return CheckResult("OpenCV wheel", None, f"{detail}: they write over each other's files, keep one", remedy)


def check_libraries(loads: Loads = library_loads) -> tuple[CheckResult, ...]:
    """The system libraries on Linux, in one result; nothing on other systems."""
    if sys.platform != "linux":
        return ()
    missing = missing_libraries(loads)
    if not missing:
        detail = "all found: " + ", ".join(library.file for library in SYSTEM_LIBRARIES)
        return (CheckResult("System libraries", True, detail),)
    detail = "missing: " + ", ".join(f"{library.file} (for {library.used_by})" for library in missing)
    return (CheckResult("System libraries", False, detail, _install_here(missing)),)


def check_loads(name: str, code: str, limit_s: float = PROBE_LIMIT_S) -> CheckResult:
    """Whether Python code that loads a native library runs.

    It runs in a process of its own: a wheel built for a newer processor does not raise an error but ends its process.
    """
    guarded = (
        f"try:\n    {code}\nexcept (ImportError, OSError) as error:\n    print(error, end='')\n    raise SystemExit(3)"
    )
    title = f"{name} loads"
    try:
        done = subprocess.run(
            [sys.executable, "-c", guarded],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return CheckResult(title, False, f"no answer within {limit_s:g} s", _reinstall())
    except OSError as error:
        return CheckResult(title, None, f"cannot be tried: {error}")
    if done.returncode == 0:
        return CheckResult(title, True, "yes")
    if done.returncode == 3:
        text = " ".join(done.stdout.decode(errors="replace").split())
        hint = system_library_hint(OSError(text))
        return CheckResult(title, False, text, str(hint).partition(": ")[2] if hint else _reinstall())
    if done.returncode < 0 or done.returncode > 0x7FFFFFFF:
        detail = f"the system ended its process ({done.returncode}): this processor may lack what the wheel needs"
        return CheckResult(title, False, detail, "run FormCheck on another machine or an x86-64 processor with AVX")
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return CheckResult(title, False, last or f"exit code {done.returncode}", _reinstall())


def check_codecs(available: Iterable[str] | None = None) -> tuple[CheckResult, ...]:
    """Decoders for what phones record, and the encoder for the annotated video. ``available`` names FFmpeg's codecs."""
    if available is None:
        try:
            import av
        except (ImportError, OSError) as error:
            hint = system_library_hint(error)
            remedy = str(hint) if hint else _reinstall("av")
            return (CheckResult("Codecs", False, f"PyAV does not load: {error}", remedy),)
        available = av.codecs_available
    names = set(available)
    lacking = [label for label, choices in DECODERS.items() if names.isdisjoint(choices)]
    decoders = CheckResult("Video decoders", True, ", ".join(DECODERS))
    if lacking:
        decoders = CheckResult("Video decoders", False, "missing: " + ", ".join(lacking), _reinstall("av"))
    encoder = CheckResult("Video encoder", True, ENCODER)
    if ENCODER not in names:
        encoder = CheckResult("Video encoder", False, f"missing: {ENCODER}, for annotated.mp4", _reinstall("av"))
    return decoders, encoder


def check_model(status: ModelStatus) -> CheckResult:
    """A pose model: here and good, damaged, or not here yet."""
    title = f"Pose model {status.name}"
    size = f"{status.size_bytes / 1e6:.1f} MB"
    if status.path is None:
        return CheckResult(title, None, f"not here yet ({size}), fetched when it is first used")
    if status.hash_ok:
        return CheckResult(title, True, f"{status.origin}, {size}, {status.path}")
    return CheckResult(title, False, status.problem, f"delete {status.path}")


def check_camera(devices: Path = Path("/dev"), system: str = sys.platform) -> CheckResult:
    """Whether a camera is there, without opening one: a light would go on, and a driver may hang."""
    if system != "linux":
        return CheckResult("Camera", None, "not looked for on this system; only the live check needs one")
    cameras = sorted(devices.glob("video*"))
    if not cameras:
        return CheckResult("Camera", None, "none found; only the live check needs one")
    usable = [camera for camera in cameras if os.access(camera, os.R_OK | os.W_OK)]
    if not usable:
        names = ", ".join(map(str, cameras))
        return CheckResult("Camera", None, f"{names}: no permission", "sudo usermod -aG video $USER, then log in anew")
    return CheckResult("Camera", True, ", ".join(map(str, usable)))


def check_display(environment: Mapping[str, str] | None = None, system: str = sys.platform) -> CheckResult:
    """Whether windows can be shown. FormCheck itself writes files and web pages and needs none."""
    environment = os.environ if environment is None else environment
    if system != "linux":
        return CheckResult("Display", None, "not looked for on this system")
    shown = next(
        (f"{name}={environment[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if environment.get(name)), ""
    )
    return CheckResult("Display", True if shown else None, shown or "none; reports and web pages work without")
