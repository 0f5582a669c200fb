"""Batches on Dask: the same results, and every clip once, whichever workers and schedulers are killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from formcheck.batch.outcome import DONE
from formcheck.batch.run import BatchRequest, BatchResult, ProcessWorkers, Progress, run_batch
from formcheck.core.errors import ClusterError, OutputError
from formcheck.service.pipeline import AnalysisRequest
from tests.helpers.batch_stub import executions, stub, write_clips

distributed = pytest.importorskip("distributed", reason="Dask is missing: pip install 'formcheck[cluster]'")
dask = pytest.importorskip("dask")

from formcheck.batch.cluster import DaskWorkers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LOG = Path("log.txt")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Cluster:
    """A scheduler and workers, each a process of its own, as on several machines; they can be killed."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        what = [self.address, "--nthreads", "1", "--no-dashboard", "--death-timeout", "60"]
        if name == "scheduler":
            what = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        module = "scheduler" if name == "scheduler" else "worker"
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + module, *what],
            env=os.environ | {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, name: str) -> None:
        """As when the power goes: the process with all that it started."""
        process = self.processes.pop(name)
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in psutil.Process(process.pid).children(recursive=True):
                one.kill()
        process.kill()
        process.wait()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        for name in ("scheduler", "one", "two"):
            cluster.start(name)
        yield cluster
    finally:
        for name in list(cluster.processes):
            cluster.kill(name)


def run(workers: Any, progress: Callable[[Progress], None] = lambda _: None, out: str = "out") -> BatchResult:
    return run_batch(BatchRequest(("films",), out, AnalysisRequest(), 2), workers, progress=progress)


def on(cluster: Cluster, **more: Any) -> DaskWorkers:
    return DaskWorkers(cluster.address, 2, stub(LOG.absolute()), **more)


def once_each(result: BatchResult, number: int) -> bool:
    """Whether every clip is in the result once, and done."""
    names = [outcome.name for outcome in result.outcomes if outcome.status == DONE]
    return sorted(names) == [f"clip-{index:03}" for index in range(number)]


def test_a_cluster_of_this_machine_does_what_processes_do() -> None:
    write_clips(Path("films"), ["ok", "bad", "ok"])
    here = run(ProcessWorkers(2, stub(LOG.absolute())), out="here")
    there = run(DaskWorkers(None, 2, stub(LOG.absolute())), out="there")
    for one, two in zip(here.outcomes, there.outcomes, strict=True):
        assert (one.name, one.source, one.status, one.reason, one.key) == (
            two.name,
            two.source,
            two.status,
            two.reason,
            two.key,
        )
    for name in ("clip-000", "clip-002"):
        paths = [Path(out) / "clips" / name / "report.html" for out in ("here", "there")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
    # What one has done the other need not do again.
    again = run(ProcessWorkers(1, stub(LOG.absolute())), out="there")
    assert again.skipped == 2


def test_a_clip_that_takes_workers_down_is_one_failure() -> None:
    write_clips(Path("films"), ["ok", "crash", "ok", "ok"])
    # With one worker the clips beside it wait at the worker that it takes down, again and again.
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):  # fewer deaths than by default, for the clock
        result = run(DaskWorkers(None, 1, stub(LOG.absolute())))
    [failure] = result.failures
    assert failure.name == "clip-001"
    assert "worker" in failure.reason
    assert len(result.outcomes) == 4


def test_a_killed_worker_loses_nothing(cluster: Cluster) -> None:
    write_clips(Path("films"), ["slow"] * 8)
    killed = False

    def kill(state: Progress) -> None:
        nonlocal killed
        if state.done >= 2 and not killed:
            killed = True
            cluster.kill("one")

    assert once_each(run(on(cluster), kill), 8)
    assert killed
    assert sum(executions(LOG).values()) >= 8


def test_a_killed_scheduler_loses_nothing(cluster: Cluster) -> None:
    write_clips(Path("films"), ["slow"] * 8)
    killed = False

    def kill(state: Progress) -> None:
        nonlocal killed
        if state.done >= 2 and not killed:
            killed = True
            for name in ("scheduler", "one", "two"):
                cluster.kill(name)
            for name in ("scheduler", "one", "two"):
                threading.Timer(1.0, cluster.start, [name]).start()

    assert once_each(run(on(cluster), kill), 8)
    assert killed


def test_without_a_scheduler_the_next_run_goes_on(cluster: Cluster) -> None:
    write_clips(Path("films"), ["slow"] * 4)

    def kill(state: Progress) -> None:
        if state.done == 1 and "scheduler" in cluster.processes:
            cluster.kill("scheduler")

    with pytest.raises(ClusterError, match="the same command goes on"):
        run(on(cluster, patience_s=5.0), kill)
    result = run(ProcessWorkers(2, stub(LOG.absolute())))
    assert result.skipped >= 1
    assert once_each(result, 4)


def test_what_concerns_every_clip_ends_the_run(cluster: Cluster) -> None:
    write_clips(Path("films"), ["ok"] * 2)
    Path("out/clips").mkdir(parents=True)
    Path("out/.formcheck-batch").touch()
    Path("out/clips/clip-000").write_text("in the way")
    with pytest.raises(OutputError, match="out"):
        run(on(cluster))


# --- object stores -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    """A server that speaks S3, on this machine, with a bucket."""
    server_module = pytest.importorskip("moto.server", reason="moto is missing: pip install 'formcheck[dev]'")
    boto3 = pytest.importorskip("boto3", reason="boto3 is missing: pip install 'formcheck[dev]'")
    pytest.importorskip("s3fs", reason="s3fs is missing: pip install 'formcheck[cluster]'")
    with pytest.MonkeyPatch.context() as patch:
        server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="gym")
        yield client
        server.stop()


def test_clips_and_results_in_an_object_store(store: Any) -> None:
    write_clips(Path("films"), ["ok", "bad", "ok"])
    for path in Path("films").iterdir():
        store.upload_file(str(path), "gym", f"day/{path.name}")
    batch = BatchRequest(("s3://gym/day",), "s3://gym/results", AnalysisRequest(), 2)
    result = run_batch(batch, DaskWorkers(None, 2, stub(LOG.absolute())))
    assert [outcome.status for outcome in result.outcomes] == ["done", "failed", "done"]
    assert content(store, "results/clips/clip-000/report.html").startswith(b"ok 0")
    for name in ("summary.csv", "summary.parquet", "index.html", "failures.csv"):
        assert content(store, f"results/{name}")
    # Known as done without being fetched.
    again = run_batch(batch, ProcessWorkers(1, stub(LOG.absolute())))
    assert again.skipped == 2
    assert executions(LOG) == {"clip-000.mp4": 1, "clip-001.mp4": 2, "clip-002.mp4": 1}
    store.put_object(Bucket="gym", Key="day/clip-000.mp4", Body=b"ok other")
    assert run_batch(batch, ProcessWorkers(1, stub(LOG.absolute()))).skipped == 1
    assert content(store, "results/clips/clip-000/report.html").startswith(b"ok other")


def test_a_manifest_in_an_object_store(store: Any) -> None:
    store.put_object(Bucket="gym", Key="m/sets.csv", Body=b"file,lifter\nset.mp4,Anna\n")
    store.put_object(Bucket="gym", Key="m/set.mp4", Body=b"ok")
    batch = BatchRequest(("s3://gym/m/sets.csv",), "out", AnalysisRequest(), 1)
    [outcome] = run_batch(batch, ProcessWorkers(1, stub(LOG.absolute()))).outcomes
    assert (outcome.lifter, outcome.source, outcome.status) == ("Anna", "s3://gym/m/set.mp4", "done")


def content(store: Any, key: str) -> bytes:
    body: bytes = store.get_object(Bucket="gym", Key=key)["Body"].read()
    return body
