"""Clips on a Dask cluster: the same tasks as on this machine, on as many machines as there are.

Dask brings what a cluster needs: workers that come and go, tasks of lost workers given to others, memory limits, and
an end for a task that takes one worker after the other down. What it does not keep is results when its scheduler dies;
here every clip's outcome is on disk or in the object store before its task counts as done, so a new scheduler is asked
only for what is missing. A clip may be begun twice, when a worker is lost or believed to be; it is in the results once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from formcheck.batch.clip import Analyse
from formcheck.batch.outcome import ClipTask, Outcome
from formcheck.batch.places import is_url
from formcheck.batch.processes import Finished, Step
from formcheck.batch.run import analyse_with_one_thread
from formcheck.core.errors import Cancelled, ClusterError, FormCheckError, UsageError
from formcheck.core.words import _

AT_ONCE = 2000
"""Tasks that the scheduler is given at a time: enough for any cluster to be busy, little enough to be remembered."""

RETRIES = 2
"""How often a task is tried again whose function failed, as opposed to whose worker died."""

LOOKED_EVERY_S = 0.2
REFILLED_EVERY_S = 2.0
CONNECTED_WITHIN_S = 5.0

PATIENCE_S = 120.0
"""How long a scheduler is waited for that is gone: it may be started again."""


class DaskWorkers:
    """A Dask cluster.

    Parameters
    ----------
    scheduler : its address, such as tcp://10.0.0.1:8786; None = a cluster of this machine, for the time of the run.
    jobs : workers of the cluster of this machine.
    analyse : does the work; None = the analysis. Importable where the workers are.
    patience_s : how long a scheduler is waited for that is gone.
    """

    def __init__(
        self,
        scheduler: str | None,
        jobs: int,
        analyse: Analyse | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise UsageError(
                _("A cluster needs Dask, which is not installed: pip install 'formcheck[cluster]'")
            ) from error
        self.scheduler, self.jobs, self.analyse, self.patience_s = scheduler, jobs, analyse, patience_s

    def run(
        self, tasks: Sequence[ClipTask], out: str, stopped: Callable[[], bool]
    ) -> Iterator[Finished[ClipTask, Outcome] | Step[ClipTask]]:
        """Analyse each clip on some worker; each ends once.

        Raises
        ------
        Cancelled : ``stopped`` said so. ClusterError : there is no scheduler any more, or none in the first place.
        FormCheckError : what would be the same with every clip, such as results that cannot be written.
        """
        left = {task.name: task for task in tasks}
        with self._address() as address:
            while left:
                try:
                    with self._client(address, stopped, len(left)) as client:
                        for name, outcome, died in _results(client, left, _absolute(out), self.analyse, stopped):
                            task = left.pop(name)
                            if outcome is not None:
                                outcome = dataclasses.replace(outcome, source=task.source)
                            yield Finished(task, outcome, died)
                except _SchedulerGone:
                    continue

    @contextlib.contextmanager
    def _address(self) -> Iterator[str]:
        """The scheduler's address; starts a cluster where none is named."""
        if self.scheduler is not None:
            yield self.scheduler
            return
        import logging

        from distributed import LocalCluster

        with LocalCluster(
            n_workers=self.jobs, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as cluster:
            over = threading.Event()

            def refill() -> None:
                # A worker that dies while it starts, as one does that is handed a deadly clip at once, is given up.
                while not over.wait(REFILLED_EVERY_S):
                    cluster.scale(self.jobs)

            threading.Thread(target=refill, daemon=True).start()
            try:
                yield cluster.scheduler_address
            finally:
                over.set()

    @contextlib.contextmanager
    def _client(self, address: str, stopped: Callable[[], bool], left: int) -> Iterator[Any]:
        """A connection to the scheduler, as soon as there is one."""
        import logging

        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        end_s = time.monotonic() + self.patience_s
        while True:
            if stopped():
                raise Cancelled(_("Stopped."))
            try:
                client = Client(address, timeout=CONNECTED_WITHIN_S, set_as_default=False)
                break
            except (OSError, ValueError) as error:  # of both are the kinds of what a connection can run into
                if time.monotonic() > end_s:
                    raise ClusterError(
                        _(
                            "There is no scheduler at {address} ({left} clips are left): start it, then the same "
                            "command goes on.",
                            address=address,
                            left=left,
                        )
                    ) from error
                time.sleep(LOOKED_EVERY_S)
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=CONNECTED_WITHIN_S)


class _SchedulerGone(Exception):
    """The scheduler is gone; what it knew is lost."""


def analyse_on_worker(task: ClipTask, out: str, analyse: Analyse | None) -> Outcome:
    """What a task is, where the worker is."""
    import cv2

    cv2.setNumThreads(1)
    return analyse_with_one_thread(task, _no_steps, out, analyse)


def _no_steps(*_: object) -> None:
    """Workers tell nothing before the end."""


def _results(
    client: Any, tasks: dict[str, ClipTask], out: str, analyse: Analyse | None, stopped: Callable[[], bool]
) -> Iterator[tuple[str, Outcome | None, str]]:
    """Name of each clip with its outcome, or with the reason why there is none.

    A worker that dies casts suspicion on the clip that it analysed and on those that only waited at it. So a clip that
    Dask gives up is tried once more in the end, when no other is about.
    """
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    waiting, suspects = deque(tasks.values()), deque[ClipTask]()
    ended: queue.Queue[Any] = queue.Queue()
    names: dict[Any, str] = {}
    attempt, at_once = os.urandom(4).hex(), AT_ONCE
    while True:
        if not names and not waiting and suspects:
            waiting, suspects, at_once, attempt = suspects, deque(), 1, os.urandom(4).hex()
        while waiting and len(names) < at_once:
            task = waiting.popleft()
            far = dataclasses.replace(task, source=_absolute(task.source))
            future = client.submit(
                analyse_on_worker, far, out, analyse, key=f"{task.name}-{attempt}", retries=RETRIES, pure=False
            )
            names[future] = task.name
            future.add_done_callback(ended.put)
        if not names:
            return
        try:
            future = ended.get(timeout=LOOKED_EVERY_S)
        except queue.Empty:
            future = None
        if stopped():
            client.cancel(list(names), force=True)
            raise Cancelled(_("Stopped."))
        if future is None:
            if client.status != "running":
                raise _SchedulerGone
            continue
        if future.status in ("cancelled", "lost"):
            raise _SchedulerGone
        name = names.pop(future)
        try:
            # Of a finished one too: a result that is lost with its worker is made again, and that may kill another.
            outcome, died = future.result(), ""
        except KilledWorker:
            if at_once > 1:
                suspects.append(tasks[name])
                continue
            outcome, died = None, "Every worker that had this clip died, perhaps because memory ran out."
        except FormCheckError:
            raise
        except FutureCancelledError as error:
            raise _SchedulerGone from error
        except Exception as error:
            outcome, died = None, f"The analysis failed ({type(error).__name__}: {error})."
        finally:
            future.release()
        yield name, outcome, died


def _absolute(where: str) -> str:
    """Workers stand elsewhere."""
    return where if is_url(where) else os.path.abspath(where)
