"""A batch from its inputs to its summary, whatever does the work."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from formcheck.batch.clip import Analyse, Tell, analyse_clip, publish_failure
from formcheck.batch.inputs import WantedClip, wanted_clips
from formcheck.batch.outcome import DONE, ClipTask, Outcome
from formcheck.batch.places import LocalPlace, place_at
from formcheck.batch.plan import plan_batch
from formcheck.batch.processes import Finished, Step, run_each
from formcheck.batch.saving import check_history, save_outcome
from formcheck.batch.summary import write_summary
from formcheck.core.errors import Cancelled, InputError
from formcheck.service.pipeline import AnalysisRequest, settings_of

SETTLED_S = 3.0
"""A file in a watched folder that has not changed for this long has been copied completely."""

FIRST_ESTIMATE_AFTER = 2
"""Clips that must be done before the time left is estimated."""


@dataclass(frozen=True)
class BatchRequest:
    """Many clips to analyse.

    Attributes
    ----------
    inputs : as of `formcheck.batch.inputs.wanted_clips`.
    out : path or URL of the output.
    request : what is wanted of every clip.
    jobs : clips at a time.
    save : save the sets to the history, with the lifter, load, date and notes of the manifest.
    """

    inputs: tuple[str, ...]
    out: str
    request: AnalysisRequest
    jobs: int
    save: bool = False


@dataclass
class Progress:
    """How far a batch is.

    Attributes
    ----------
    total, skipped : all clips, and those that were done before.
    done, failed : by this run.
    left_bytes, done_bytes : of the files.
    running : how far each clip is that is being analysed, 0..1 of the stage of that name, by its folder.
    last : the clip that ended last.
    """

    total: int
    skipped: int
    left_bytes: int
    done: int = 0
    failed: int = 0
    done_bytes: int = 0
    running: dict[str, tuple[str, float]] = field(default_factory=dict)
    last: Outcome | None = None
    began_s: float = field(default_factory=time.monotonic)

    @property
    def ended(self) -> int:
        """Clips that nothing more is to be done about."""
        return self.skipped + self.done + self.failed

    @property
    def per_minute(self) -> float:
        """Clips that this run ends a minute."""
        return 60.0 * (self.done + self.failed) / max(time.monotonic() - self.began_s, 1e-3)

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, from the size of the files; None while it is too early to say."""
        if self.done + self.failed < FIRST_ESTIMATE_AFTER or not self.done_bytes:
            return None
        return (time.monotonic() - self.began_s) * self.left_bytes / self.done_bytes

    def step(self, step: Step[ClipTask]) -> None:
        """A clip went on."""
        share = min(1.0, step.done / step.total) if step.total else 0.0
        self.running[step.task.name] = step.stage, share

    def end(self, task: ClipTask, outcome: Outcome) -> None:
        """A clip came to its end."""
        self.running.pop(task.name, None)
        self.done += outcome.status == DONE
        self.failed += outcome.status != DONE
        self.done_bytes += task.size_bytes
        self.left_bytes -= task.size_bytes
        self.last = outcome


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch.

    Attributes
    ----------
    outcomes : of all clips that were wanted, each once, in their order.
    skipped : how many of them were done before.
    written : files of the summary.
    stopped : the work was stopped, so that clips are missing.
    saved : numbers of the sets that this run has saved to the history.
    """

    outcomes: tuple[Outcome, ...]
    skipped: int
    written: tuple[str, ...]
    stopped: bool = False
    saved: tuple[int, ...] = ()

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Those that could not be analysed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status != DONE)


class Workers(Protocol):
    """What analyses clips."""

    def run(
        self, tasks: Sequence[ClipTask], out: str, stopped: Callable[[], bool]
    ) -> Iterator[Finished[ClipTask, Outcome] | Step[ClipTask]]:
        """Analyse; each task ends once. `Cancelled` when ``stopped`` says so."""


class ProcessWorkers:
    """Processes of this machine.

    ``analyse`` does the work in each of them; tests put something quicker in its place, by its name in a module.
    """

    def __init__(self, jobs: int, analyse: Analyse | None = None) -> None:
        self.jobs, self.analyse = jobs, analyse

    def run(
        self, tasks: Sequence[ClipTask], out: str, stopped: Callable[[], bool]
    ) -> Iterator[Finished[ClipTask, Outcome] | Step[ClipTask]]:
        """Analyse each clip in a process of its own."""
        if self.analyse is None:
            _fetch_models(tasks)
        yield from run_each(partial(analyse_with_one_thread, out=out, analyse=self.analyse), tasks, self.jobs, stopped)


def run_batch(
    batch: BatchRequest,
    workers: Workers,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    leave_out: frozenset[tuple[str, str]] = frozenset(),
) -> BatchResult:
    """Analyse all clips that are not done yet, and write the summary of everything that the output holds.

    Parameters
    ----------
    progress : told whenever something happens.
    stopped : asked several times a second; True ends the work, with a summary of what is done.
    leave_out : sources with fingerprints that are not to be tried.

    Raises
    ------
    FormCheckError : nothing can be analysed at all.
    """
    unit = settings_of(batch.request).unit_of_loads
    clips = wanted_clips(batch.inputs, unit, batch.out)
    return _run(batch, clips, workers, progress, stopped, leave_out)


def watch_folder(
    batch: BatchRequest,
    folder: str,
    workers: Workers,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    wait: Callable[[float], object] = time.sleep,
    found: Callable[[BatchResult], None] = lambda _: None,
) -> BatchResult:
    """Analyse whatever is in a folder or is put there, until it is stopped; ``found`` is told after every round.

    A folder is looked at every few seconds: that works on network shares too, where nobody tells of new files.
    """
    from formcheck.batch.inputs import videos_in
    from formcheck.batch.places import fingerprint

    before: dict[str, str] = {}
    tried: set[tuple[str, str]] = set()
    result = BatchResult((), 0, (), stopped=True)
    while not stopped():
        now: dict[str, str] = {}
        for source in videos_in(folder, batch.out):
            try:
                now[source], _ = fingerprint(source)
            except InputError:
                continue  # taken away again
        settled = [source for source, known in now.items() if before.get(source) == known]
        if any((source, now[source]) not in tried for source in settled):
            clips = [WantedClip(source) for source in settled]
            if batch.inputs:
                # A manifest may say whose clips they are.
                unit = settings_of(batch.request).unit_of_loads
                told = {clip.source: clip for clip in wanted_clips(batch.inputs, unit, batch.out)}
                clips = [told.get(clip.source, clip) for clip in clips]
            result = _run(batch, clips, workers, progress, stopped, frozenset(tried))
            tried |= {(source, now[source]) for source in settled}
            found(result)
        before = now
        wait(SETTLED_S)
    return dataclasses.replace(result, stopped=True)


def _run(
    batch: BatchRequest,
    clips: Sequence[WantedClip],
    workers: Workers,
    progress: Callable[[Progress], None],
    stopped: Callable[[], bool],
    leave_out: frozenset[tuple[str, str]],
) -> BatchResult:
    place = place_at(batch.out)
    place.prepare()
    if isinstance(place, LocalPlace):
        place.clear_partial()
    if batch.save:
        check_history()
    plan = plan_batch(clips, batch.request, place)
    tasks = [task for task in plan.tasks if (task.source, task.fingerprint) not in leave_out]
    ended = {outcome.name: outcome for outcome in plan.done}
    state = Progress(len(clips), len(plan.done), sum(task.size_bytes for task in tasks))
    for outcome in plan.unreadable:
        ended[outcome.name] = outcome
        state.failed, state.last = state.failed + 1, outcome
        progress(state)
    was_stopped, saved = False, list[int]()
    progress(state)
    try:
        if batch.save:
            # An earlier run was not to save, or was ended before it could.
            for each in plan.done:
                saved += save_outcome(place, each, plan.requests[each.name])
        for event in workers.run(tasks, batch.out, stopped) if tasks else ():
            if isinstance(event, Step):
                state.step(event)
            else:
                outcome = event.result or publish_failure(event.task, batch.out, event.died)
                ended[outcome.name] = outcome
                if batch.save:
                    saved += save_outcome(place, outcome, event.task.request)
                state.end(event.task, outcome)
            progress(state)
    except (Cancelled, KeyboardInterrupt):
        was_stopped = True
    if isinstance(place, LocalPlace):
        place.clear_partial()
    # What earlier runs left in the output belongs into its summary too.
    everything = {outcome.name: outcome for outcome in place.outcomes()} | ended
    written = write_summary(place, list(everything.values()))
    order = {clip.source: number for number, clip in enumerate(clips)}
    outcomes = sorted(ended.values(), key=lambda outcome: order[outcome.source])
    return BatchResult(tuple(outcomes), len(plan.done), tuple(written), was_stopped, tuple(saved))


def analyse_with_one_thread(task: ClipTask, tell: Tell, out: str, analyse: Analyse | None = None) -> Outcome:
    """Analyse a clip as one of several at a time: every core has its own, and needs no more threads."""
    request = dataclasses.replace(task.request, jobs=task.request.jobs or 1)
    return analyse_clip(dataclasses.replace(task, request=request), out, tell, analyse)


def _fetch_models(tasks: Sequence[ClipTask]) -> None:
    """Fetched once, before many processes want it at the same time."""
    from formcheck.vision.models.store import find_model

    for name in sorted({task.request.model for task in tasks}):
        find_model(name)
