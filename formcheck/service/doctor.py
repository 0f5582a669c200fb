"""What this machine has and lacks: the checks behind ``formcheck doctor``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from formcheck.core.words import _
from formcheck.vision.models.store import ModelStatus, Setup, default_setup, list_models
from formcheck.vision.system_libraries import (
    SYSTEM_LIBRARIES,
    Loads,
    install_here,
    library_loads,
    missing_libraries,
    reinstall,
    system_library_hint,
)


@dataclass(frozen=True)
class CheckResult:
    """One line of the doctor's report. ``ok`` is None for a note: nothing is wrong, or only for some uses."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


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
    return CheckResult("Python", ok, detail, "" if ok else _("install a 64-bit Python, 3.11 or newer"))


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
        return CheckResult(name, False, _("not installed"), remedy)
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < least:
        return CheckResult(
            name, False, _("{version}, too old: {wanted} is needed", version=version, wanted=wanted), remedy
        )
    return CheckResult(name, True, version)


def check_opencv_wheels(installed: Mapping[str, str]) -> CheckResult:
    """Which wheel provides cv2; two of them write over each other's files. ``installed`` maps wheels to versions."""
    detail = ", ".join(f"{name} {version}" for name, version in installed.items())
    if not installed:
        return CheckResult(_("OpenCV wheel"), False, _("not installed"), f"{sys.executable} -m pip install mediapipe")
    if len(installed) == 1:
        return CheckResult(_("OpenCV wheel"), True, detail)
    keep = "opencv-contrib-python"
    remedy = f"{sys.executable} -m pip uninstall -y {' '.join(installed)} && {sys.executable} -m pip install {keep}"
    return CheckResult(
        _("OpenCV wheel"), None, _("{wheels}: they overwrite each other's files, keep one", wheels=detail), remedy
    )


def check_libraries(loads: Loads = library_loads) -> tuple[CheckResult, ...]:
    """The system libraries on Linux, in one result; nothing on other systems."""
    if sys.platform != "linux":
        return ()
    missing = missing_libraries(loads)
    if not missing:
        detail = _("all found: {names}", names=", ".join(library.file for library in SYSTEM_LIBRARIES))
        return (CheckResult(_("System libraries"), True, detail),)
    detail = _(
        "missing: {names}",
        names=", ".join(_("{file} (for {program})", file=library.file, program=library.used_by) for library in missing),
    )
    return (CheckResult(_("System libraries"), False, detail, install_here(missing)),)


def check_loads(name: str, code: str, limit_s: float = PROBE_LIMIT_S) -> CheckResult:
    """Whether Python code that loads a native library runs.

    It runs in a process of its own: a wheel built for a newer processor does not raise an error but ends its process.
    """
    guarded = (
        f"try:\n    {code}\nexcept (ImportError, OSError) as error:\n    print(error, end='')\n    raise SystemExit(3)"
    )
    title = _("{library} loads", library=name)
    try:
        done = subprocess.run(
            [sys.executable, "-c", guarded],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return CheckResult(title, False, _("no answer within {limit:g} s", limit=limit_s), reinstall())
    except OSError as error:
        return CheckResult(title, None, _("cannot be tried: {error}", error=error))
    if done.returncode == 0:
        return CheckResult(title, True, _("yes"))
    if done.returncode == 3:
        text = " ".join(done.stdout.decode(errors="replace").split())
        hint = system_library_hint(OSError(text))
        return CheckResult(title, False, text, str(hint).partition(": ")[2] if hint else reinstall())
    if done.returncode < 0 or done.returncode > 0x7FFFFFFF:
        detail = _(
            "the system ended its process ({code}): this processor may lack what the wheel needs", code=done.returncode
        )
        return CheckResult(title, False, detail, _("run FormCheck on another machine or an x86-64 processor with AVX"))
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return CheckResult(title, False, last or _("exit code {code}", code=done.returncode), reinstall())


def check_codecs(available: Iterable[str] | None = None) -> tuple[CheckResult, ...]:
    """Decoders for what phones record, and the encoder for the annotated video. ``available`` names FFmpeg's codecs."""
    if available is None:
        try:
            import av
        except (ImportError, OSError) as error:
            hint = system_library_hint(error)
            remedy = str(hint) if hint else reinstall("av")
            return (CheckResult(_("Codecs"), False, _("PyAV does not load: {error}", error=error), remedy),)
        available = av.codecs_available
    names = set(available)
    lacking = [label for label, choices in DECODERS.items() if names.isdisjoint(choices)]
    decoders = CheckResult(_("Video decoders"), True, ", ".join(DECODERS))
    if lacking:
        decoders = CheckResult(
            _("Video decoders"), False, _("missing: {names}", names=", ".join(lacking)), reinstall("av")
        )
    encoder = CheckResult(_("Video encoder"), True, ENCODER)
    if ENCODER not in names:
        encoder = CheckResult(
            _("Video encoder"), False, _("missing: {encoder}, for annotated.mp4", encoder=ENCODER), reinstall("av")
        )
    return decoders, encoder


def check_model(status: ModelStatus) -> CheckResult:
    """A pose model: here and good, damaged, or not here yet."""
    title = _("Pose model {name}", name=status.name)
    size = f"{status.size_bytes / 1e6:.1f} MB"
    if status.path is None:
        return CheckResult(title, None, _("not here yet ({size}), fetched when it is first used", size=size))
    if status.hash_ok:
        return CheckResult(title, True, f"{status.origin}, {size}, {status.path}")
    return CheckResult(title, False, status.problem, _("delete {path}", path=status.path))


def check_camera(devices: Path = Path("/dev"), system: str = sys.platform) -> CheckResult:
    """Whether a camera is there, without opening one: a light would go on, and a driver may hang."""
    if system != "linux":
        return CheckResult(_("Camera"), None, _("not checked on this system; only the live check needs one"))
    cameras = sorted(devices.glob("video*"))
    if not cameras:
        return CheckResult(_("Camera"), None, _("none found; only the live check needs one"))
    usable = [camera for camera in cameras if os.access(camera, os.R_OK | os.W_OK)]
    if not usable:
        names = ", ".join(map(str, cameras))
        return CheckResult(
            _("Camera"),
            None,
            _("{names}: no permission", names=names),
            _("sudo usermod -aG video $USER, then log in again"),
        )
    return CheckResult(_("Camera"), True, ", ".join(map(str, usable)))


def check_display(environment: Mapping[str, str] | None = None, system: str = sys.platform) -> CheckResult:
    """Whether windows can be shown. FormCheck itself writes files and web pages and needs none."""
    environment = os.environ if environment is None else environment
    if system != "linux":
        return CheckResult(_("Display"), None, _("not looked for on this system"))
    shown = next(
        (f"{name}={environment[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if environment.get(name)), ""
    )
    return CheckResult(
        _("Display"), True if shown else None, shown or _("none; reports and web pages work without one")
    )
