"""Build wheel and sdist, look whether they are complete, and use the wheel in an empty environment.

    python -m scripts.check_packages [--built-only]

What is built goes to a temporary folder. The last part needs a package index, once without the app's libraries and once
with them, and the pose model.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_videos" / "deadlift-rounded.mp4"

ADDED_BY_SETUPTOOLS = ("PKG-INFO", "setup.cfg", "formcheck.egg-info/")
"""What an sdist has and git does not know."""

PATIENCE_S = 120.0


class PackageError(Exception):
    """A package is not as it should be; the message says how."""


def run(*words: str | Path, cwd: Path = ROOT) -> str:
    """Standard output of a command; raises `PackageError` with what it said where it fails."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"{' '.join(map(str, words))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def compare(kind: str, packed: Iterable[str], wanted: Iterable[str]) -> None:
    """Raises `PackageError` where a package lacks a file, or has one too many."""
    packed, wanted = set(packed), set(wanted)
    if packed != wanted:
        missing, extra = sorted(wanted - packed), sorted(packed - wanted)
        raise PackageError(
            f"The {kind} lacks {missing or 'nothing'} and has beyond what it should {extra or 'nothing'}"
        )


def tracked(*folders: str) -> list[str]:
    """The files that git knows."""
    return run("git", "ls-files", *folders).splitlines()


def files_of_sdist(path: Path) -> list[str]:
    """Its files, without those that setuptools adds."""
    with tarfile.open(path) as archive:
        names = [member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()]
    return [name for name in names if not name.startswith(ADDED_BY_SETUPTOOLS)]


def files_of_wheel(path: Path) -> list[str]:
    """Its files, without its own records."""
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if ".dist-info/" not in name]


def build(folder: Path) -> Path:
    """Build both, check them, and give the wheel."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    compare("sdist", files_of_sdist(sdist), tracked())
    compare("wheel", files_of_wheel(wheel), tracked("formcheck"))
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    return wheel


def use(wheel: Path, folder: Path) -> None:
    """Install the wheel in an empty environment and use it from an empty folder: analyze, live, the app."""
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip, formcheck = (programs / name for name in ("pip", "formcheck"))
    here = folder / "elsewhere"
    here.mkdir()
    run(pip, "install", "--quiet", "--disable-pip-version-check", wheel)
    report = json.loads(run(formcheck, "analyze", SAMPLE, "--no-video", "--json", cwd=here))
    if report["exercise"]["name"] != "deadlift" or len(report["reps"]) != 3:
        raise PackageError(f"The wheel sees {len(report['reps'])} reps of {report['exercise']['name']} in the sample")
    lines = run(formcheck, "live", "--camera", SAMPLE, "--no-window", "--jsonl", cwd=here).splitlines()
    if not lines or json.loads(lines[-1])["reps"] + json.loads(lines[-1])["set"] == 0:
        raise PackageError(f"The wheel counts nothing live in the sample: {lines[-1:]}")
    run(pip, "install", "--quiet", "--disable-pip-version-check", f"{wheel}[app]")
    serve(formcheck, here)


def serve(formcheck: Path, here: Path) -> None:
    """Raises `PackageError` where the app does not come up."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    log = here / "app.log"
    with log.open("wb") as out:
        words: list[str | Path] = [formcheck, "app", "--no-browser", "--port", str(port)]
        app = subprocess.Popen(words, cwd=here, stdout=out, stderr=out)
    try:
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s and app.poll() is None:
            try:
                with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.5)
        raise PackageError(f"The app of the wheel does not start:\n{log.read_text(encoding='utf-8')}")
    finally:
        app.terminate()
        app.wait(30)


def main(arguments: list[str] | None = None) -> int:
    """Do all of it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.check_packages", description="Check wheel and sdist.")
    parser.add_argument("--built-only", action="store_true", help="do not install the wheel anywhere")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            wheel = build(folder / "dist")
            if not options.built_only:
                use(wheel, folder)
        except PackageError as error:
            print(error, file=sys.stderr)
            return 1
    print("Wheel and sdist are complete" + ("." if options.built_only else ", and the wheel works."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
