"""What the doctor finds, with machines made up for the test."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

from formcheck.service import doctor
from formcheck.service.doctor import (
    DECODERS,
    ENCODER,
    MINIMUM_VERSIONS,
    OPENCV_WHEELS,
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
)
from formcheck.vision import system_libraries
from formcheck.vision.models.store import ModelStatus, Setup
from formcheck.vision.system_libraries import (
    SYSTEM_LIBRARIES,
    missing_libraries,
)
from tests.helpers.libraries import lacking, libraries, linux_only


@linux_only
@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
def test_the_table_names_all_that_the_installed_wheels_need() -> None:
    """Follow the NEEDED entries from cv2 and libmediapipe through the libraries that the wheels bring along."""
    brought: dict[str, Path] = {}
    for wheel in distributions():
        if wheel.name in (*OPENCV_WHEELS, "mediapipe"):
            brought |= {file.name: Path(str(file.locate())) for file in wheel.files or () if ".so" in file.name}
    to_do = [name for name in brought if re.fullmatch(r"cv2\..*so|libmediapipe\.so", name)]
    assert len(to_do) == 2
    seen, expected_of_system = set(to_do), set[str]()
    while to_do:
        out = subprocess.run(["readelf", "-d", brought[to_do.pop()]], capture_output=True, text=True, check=True).stdout
        for name in set(re.findall(r"NEEDED.*\[(.+)\]", out)) - seen:
            seen.add(name)
            (to_do.append if name in brought else expected_of_system.add)(name)
    of_the_c_library = r"(lib(c|m|dl|rt|pthread)|ld-linux.*)\.so\.\d"
    expected_of_system = {name for name in expected_of_system if not re.fullmatch(of_the_c_library, name)}
    assert expected_of_system <= {library.file for library in SYSTEM_LIBRARIES}
    assert {"libEGL.so.1", "libGLESv2.so.2"} <= expected_of_system


def test_other_systems_have_no_list_of_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert missing_libraries(lambda file: False) == ()
    assert check_libraries(lambda file: False) == ()


@linux_only
def test_library_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "linux_family", lambda: "fedora")
    (bad,) = check_libraries(lacking("libEGL.so.1"))
    assert (bad.ok, bad.detail) == (False, "missing: libEGL.so.1 (for MediaPipe)")
    assert bad.remedy.endswith("dnf install libglvnd-egl")
    (good,) = check_libraries(lambda file: True)
    assert (good.ok, good.remedy) == (True, "")


def test_probe_of_code_that_works() -> None:
    assert check_loads("X", "import math") == CheckResult("X loads", True, "yes")


@linux_only
def test_probe_gives_the_remedy_for_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_libraries", lambda loads: tuple(libraries("libEGL.so.1")))
    monkeypatch.setattr(system_libraries, "linux_family", lambda: "arch")
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


@pytest.mark.parametrize(
    ("version", "bits", "ok"),
    [((3, 11, 0), 64, True), ((3, 14, 1), 64, True), ((3, 10, 9), 64, False), ((3, 12, 0), 32, False)],
)
def test_python(version: tuple[int, ...], bits: int, ok: bool) -> None:
    result = check_python(version, bits)
    assert result.ok is ok
    assert bool(result.remedy) is not ok


def test_minimum_versions_are_those_of_pyproject() -> None:
    project = tomllib.loads((Path(__file__).parent.parent.parent / "pyproject.toml").read_text())["project"]
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


@linux_only
def test_missing_libraries_are_only_a_note_where_everything_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = CheckResult("System libraries", False, "missing: libGL.so.1")
    monkeypatch.setattr(doctor, "check_libraries", lambda: (library,))
    for code, expected in (("pass", None), ("raise ImportError('no')", False)):
        monkeypatch.setattr(doctor, "PROBES", {"OpenCV": code})
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
