"""Hints about missing shared libraries, with machines made up for the test."""

from __future__ import annotations

import pytest

from formcheck.core.errors import SystemLibraryError
from formcheck.vision import system_libraries
from formcheck.vision.system_libraries import (
    helpful_import_errors,
    install_command,
    library_loads,
    linux_family,
    missing_libraries,
    system_library_hint,
)
from tests.helpers.libraries import lacking, libraries, linux_only


@linux_only
def test_library_loads_tells_real_from_unreal() -> None:
    assert library_loads("libc.so.6")
    assert not library_loads("libformcheck-does-not-exist.so.1")


@linux_only
def test_missing_libraries_asks_for_each() -> None:
    missing = missing_libraries(lacking("libGL.so.1", "libxcb.so.1"))
    assert [library.file for library in missing] == ["libGL.so.1", "libxcb.so.1"]
    assert missing_libraries(lambda file: True) == ()


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
    monkeypatch.setattr(system_libraries, "linux_family", lambda: "debian")
    hint = system_library_hint(error, lacking("libGL.so.1", "libEGL.so.1"))
    assert isinstance(hint, SystemLibraryError)
    assert "(libGL.so.1, libEGL.so.1)" in str(hint)
    assert str(hint).endswith("apt-get install libgl1 libegl1")
    assert "\n" not in str(hint)


@linux_only
def test_hint_stays_with_the_named_library_when_nothing_seems_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "linux_family", lambda: "debian")
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
