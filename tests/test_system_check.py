"""The doctor's checks and the hints about missing shared libraries, with machines made up for the test."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest

from formcheck import system_check
from formcheck.errors import SystemLibraryError
from formcheck.pose_models import ModelStatus, Setup
from formcheck.system_check import (
    DECODERS,
    ENCODER,
    MINIMUM_VERSIONS,
    OPENCV_WHEELS,
    SYSTEM_LIBRARIES,
    CheckResult,
    check_camera,
    check_codecs,
    check_display,
    check_libraries,
    check_loads,
    check_model,
    check_opencv_wheels,
    check_package,
    check_python,
    check_system,
    helpful_import_errors,
    install_command,
    library_loads,
    linux_family,
    missing_libraries,
    system_library_hint,
)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="about the shared libraries of Linux")


def lacking(*files: str) -> Callable[[str], bool]:
    return lambda file: file not in files


def libraries(*files: str) -> list[system_check.SystemLibrary]:
    return [library for library in SYSTEM_LIBRARIES if library.file in files]


# --- shared libraries


@linux_only
@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
def test_the_table_names_all_that_the_installed_wheels_need() -> None:
    """Follow the NEEDED entries from cv2 and libmediapipe through the libraries that the wheels bring along."""
    brought = {}
    for wheel in distributions():
        if wheel.name in (*OPENCV_WHEELS, "mediapipe"):
            brought |= {file.name: Path(str(file.locate())) for file in wheel.files or () if ".so" in file.name}
    to_do = [name for name in brought if re.fullmatch(r"cv2\..*so|libmediapipe\.so", name)]
    assert len(to_do) == 2
    seen, expected_of_system = set(to_do), set()
    while to_do:
        out = subprocess.run(["readelf", "-d", brought[to_do.pop()]], capture_output=True, text=True, check=True).stdout
        for name in set(re.findall(r"NEEDED.*\[(.+)\]", out)) - seen:
            seen.add(name)
            (to_do.append if name in brought else expected_of_system.add)(name)
    of_the_c_library = r"(lib(c|m|dl|rt|pthread)|ld-linux.*)\.so\.\d"
    expected_of_system = {name for name in expected_of_system if not re.fullmatch(of_the_c_library, name)}
    assert expected_of_system <= {library.file for library in SYSTEM_LIBRARIES}
    assert {"libEGL.so.1", "libGLESv2.so.2"} <= expected_of_system


@linux_only
def test_library_loads_tells_real_from_unreal() -> None:
    assert library_loads("libc.so.6")
    assert not library_loads("libformcheck-does-not-exist.so.1")


@linux_only
def test_missing_libraries_asks_for_each() -> None:
    missing = missing_libraries(lacking("libGL.so.1", "libxcb.so.1"))
    assert [library.file for library in missing] == ["libGL.so.1", "libxcb.so.1"]
    assert missing_libraries(lambda file: True) == ()


def test_other_systems_have_no_list_of_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert missing_libraries(lambda file: False) == ()
    assert check_libraries(lambda file: False) == ()


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ({"ID": "debian"}, "debian"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "debian"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "debian"),
        ({"ID": "fedora"}, "fedora"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "fedora"),
        ({"ID": "manjaro", "ID_LIKE": "arch"}, "arch"),
        ({"ID": "nixos"}, None),
        ({}, None),
    ],
)
def test_linux_family(release: dict[str, str], family: str | None) -> None:
    assert linux_family(release) == family


@pytest.mark.parametrize(
    ("family", "command"),
    [
        ("debian", "sudo apt-get update && sudo apt-get install libgl1 libegl1 libgles2 libglib2.0-0 libxcb1"),
        ("fedora", "sudo dnf install libglvnd-glx libglvnd-egl libglvnd-gles glib2 libxcb"),
        ("arch", "sudo pacman -S --needed libglvnd glib2 libxcb"),
    ],
)
def test_one_command_installs_all_and_names_each_package_once(family: str, command: str) -> None:
    bare = libraries(
        "libGL.so.1", "libEGL.so.1", "libGLESv2.so.2", "libglib-2.0.so.0", "libgthread-2.0.so.0", "libxcb.so.1"
    )
    assert install_command(bare, family, as_root=False) == command
    assert install_command(bare, family, as_root=True) == command.replace("sudo ", "")


def test_an_unknown_linux_is_told_the_files() -> None:
    text = install_command(libraries("libGL.so.1", "libxcb.so.1"), None, as_root=False)
    assert text == "install the packages that provide libGL.so.1, libxcb.so.1"


@linux_only
@pytest.mark.parametrize(
    "error",
    [
        ImportError("libGL.so.1: cannot open shared object file: No such file or directory"),
        OSError("libGL.so.1: cannot open shared object file: No such file or directory"),
    ],
)
def test_hint_names_every_missing_library_in_one_line(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_check, "linux_family", lambda: "debian")
    hint = system_library_hint(error, lacking("libGL.so.1", "libEGL.so.1"))
    assert isinstance(hint, SystemLibraryError)
    assert "(libGL.so.1, libEGL.so.1)" in str(hint)
    assert str(hint).endswith("apt-get install libgl1 libegl1")
    assert "\n" not in str(hint)


@linux_only
def test_hint_stays_with_the_named_library_when_nothing_seems_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_check, "linux_family", lambda: "debian")
    error = ImportError("libxcb.so.1: cannot open shared object file: No such file or directory")
    assert str(system_library_hint(error, lambda file: True)).endswith("apt-get install libxcb1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("libfoo.so.3: cannot open shared object file: No such file or directory", "libfoo.so.3"),
        ("libQt5Gui-afbd4980.so.5.15.19: cannot open shared object file: No such file", "--force-reinstall"),
        ("/x/mediapipe/tasks/c/libmediapipe.so: cannot open shared object file: No such file", "--force-reinstall"),
        ("DLL load failed while importing cv2: The specified module could not be found.", "Visual C++"),
        ("Could not find module 'C:\\x\\libmediapipe.dll' (or one of its dependencies).", "Visual C++"),
    ],
)
def test_hint_for_other_loader_errors(text: str, says: str) -> None:
    assert says in str(system_library_hint(OSError(text), lambda file: True))


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'cv2'"),
        ImportError("cannot import name 'vision' from 'mediapipe'"),
        FileNotFoundError(2, "No such file or directory", "lift.mp4"),
        OSError(28, "No space left on device"),
        ValueError("libGL.so.1: cannot open shared object file"),
    ],
)
def test_other_errors_get_no_hint_and_pass_through(error: Exception) -> None:
    assert system_library_hint(error) is None
    with pytest.raises(type(error)) as caught, helpful_import_errors():
        raise error
    assert caught.value is error


@linux_only
def test_helpful_import_errors_turns_a_real_loader_error_into_a_hint() -> None:
    import ctypes

    with pytest.raises(SystemLibraryError, match=r"libformcheck-does-not-exist\.so\.1"), helpful_import_errors():
        ctypes.CDLL("libformcheck-does-not-exist.so.1")


@linux_only
def test_library_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_check, "linux_family", lambda: "fedora")
    (bad,) = check_libraries(lacking("libEGL.so.1"))
    assert (bad.ok, bad.detail) == (False, "missing: libEGL.so.1 (for MediaPipe)")
    assert bad.remedy.endswith("dnf install libglvnd-egl")
    (good,) = check_libraries(lambda file: True)
    assert (good.ok, good.remedy) == (True, "")


# --- loading in a process of its own


def test_probe_of_code_that_works() -> None:
    assert check_loads("X", "import math") == CheckResult("X loads", True, "yes")


@linux_only
def test_probe_gives_the_remedy_for_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_check, "missing_libraries", lambda loads: tuple(libraries("libEGL.so.1")))
    monkeypatch.setattr(system_check, "linux_family", lambda: "arch")
    code = "raise ImportError('libEGL.so.1: cannot open shared object file: No such file or directory')"
    result = check_loads("X", code)
    assert result.ok is False
    assert result.detail.startswith("libEGL.so.1: cannot open")
    assert result.remedy.endswith("pacman -S --needed libglvnd")


def test_probe_of_a_missing_module_says_reinstall() -> None:
    result = check_loads("X", "import formcheck_does_not_exist")
    assert result.ok is False
    assert "formcheck_does_not_exist" in result.detail
    assert "pip install" in result.remedy


def test_probe_of_other_errors_shows_the_last_line_only() -> None:
    result = check_loads("X", "raise RuntimeError('first')")
    assert (result.ok, result.detail) == (False, "RuntimeError: first")


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by signal on POSIX only")
def test_probe_survives_code_that_kills_its_process() -> None:
    result = check_loads("X", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert result.ok is False
    assert "processor" in result.detail


def test_probe_that_hangs_is_given_up() -> None:
    result = check_loads("X", "import threading; threading.Event().wait()", limit_s=0.2)
    assert (result.ok, result.detail) == (False, "no answer within 0.2 s")


# --- Python and packages


@pytest.mark.parametrize(
    ("version", "bits", "ok"),
    [((3, 11, 0), 64, True), ((3, 14, 1), 64, True), ((3, 10, 9), 64, False), ((3, 12, 0), 32, False)],
)
def test_python(version: tuple[int, ...], bits: int, ok: bool) -> None:
    result = check_python(version, bits)
    assert result.ok is ok
    assert bool(result.remedy) is not ok


def test_minimum_versions_are_those_of_pyproject() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    wanted = dict(line.split(">=") for line in project["dependencies"])
    for name, version in MINIMUM_VERSIONS.items():
        assert wanted[name] == ".".join(map(str, version))


@pytest.mark.parametrize(
    ("version", "ok"),
    [("1.2.2", True), ("1.2", True), ("1.10.0", True), ("2.0rc1", True), ("0.10.21", False), (None, False)],
)
def test_package(version: str | None, ok: bool) -> None:
    result = check_package("mediapipe", version)
    assert result.ok is ok
    assert ("mediapipe>=1.2" in result.remedy) is not ok


def test_opencv_wheels() -> None:
    assert check_opencv_wheels({}).ok is False
    assert check_opencv_wheels({"opencv-contrib-python": "5.0"}).ok is True
    two = check_opencv_wheels({"opencv-contrib-python": "5.0", "opencv-python": "4.9"})
    assert two.ok is None
    assert "opencv-contrib-python 5.0, opencv-python 4.9" in two.detail
    assert "uninstall -y opencv-contrib-python opencv-python" in two.remedy


# --- codecs, models, camera, display


ALL_CODECS = {choices[0] for choices in DECODERS.values()} | {ENCODER}


def test_codecs_all_here() -> None:
    assert [result.ok for result in check_codecs(ALL_CODECS)] == [True, True]


def test_a_missing_decoder_and_encoder_are_named() -> None:
    read, write = check_codecs(ALL_CODECS - {"hevc", ENCODER})
    assert (read.ok, read.detail) == (False, "missing: HEVC")
    assert write.ok is False
    assert ENCODER in write.detail


def test_av1_through_hardware_only_does_not_count() -> None:
    read, _ = check_codecs(ALL_CODECS - {"libdav1d"} | {"av1"})
    assert read.detail == "missing: AV1"


def test_models() -> None:
    path = Path("models") / "pose_landmarker_full.task"
    assert check_model(ModelStatus("full", 9_398_198)).ok is None
    good = check_model(ModelStatus("full", 9_398_198, path, "official", True))
    assert (good.ok, good.detail) == (True, f"official, 9.4 MB, {path}")
    bad = check_model(ModelStatus("full", 3, path, "official", False, "it is damaged"))
    assert (bad.ok, bad.detail, bad.remedy) == (False, "it is damaged", f"delete {path}")


def test_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_camera(tmp_path, "linux").ok is None
    (tmp_path / "video0").touch()
    assert check_camera(tmp_path, "linux") == CheckResult("Camera", True, str(tmp_path / "video0"))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    barred = check_camera(tmp_path, "linux")
    assert (barred.ok, "video" in barred.remedy) == (None, True)
    assert check_camera(tmp_path, "darwin").ok is None


def test_display() -> None:
    assert check_display({"DISPLAY": ":0"}, "linux") == CheckResult("Display", True, "DISPLAY=:0")
    assert check_display({"DISPLAY": ""}, "linux").ok is None
    assert check_display({}, "win32").ok is None


# --- all together


@linux_only
def test_missing_libraries_are_only_a_note_where_everything_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = CheckResult("System libraries", False, "missing: libGL.so.1")
    monkeypatch.setattr(system_check, "check_libraries", lambda: (library,))
    for code, expected in (("pass", None), ("raise ImportError('no')", False)):
        monkeypatch.setattr(system_check, "PROBES", {"OpenCV": code})
        (found,) = (result for result in check_system(Setup(data_folder=tmp_path)) if result.name == library.name)
        assert found.ok is expected


def test_check_system_finds_this_environment_fit_for_work(tmp_path: Path) -> None:
    results = check_system(Setup(data_folder=tmp_path))
    names = [result.name for result in results]
    assert len(set(names)) == len(names)
    assert [result for result in results if result.ok is False] == []
    assert {"Python", "OpenCV loads", "MediaPipe loads", "Video decoders", "Pose model full", "Camera"} <= set(names)
    assert not any("\n" in result.detail + result.remedy for result in results)
    assert list(tmp_path.iterdir()) == []
