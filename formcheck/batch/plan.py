"""What is to be done and what is done already: from the clips that are wanted to tasks that run anywhere."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from formcheck.batch.inputs import WantedClip, folder_names
from formcheck.batch.outcome import DONE, OUTCOME_JSON, ClipTask, Outcome, failed, result_key
from formcheck.batch.places import CLIPS, Place, fingerprint, is_url, sha256_of
from formcheck.core.errors import InputError
from formcheck.service.pipeline import AnalysisRequest, filmed_at, settings_of


@dataclass(frozen=True)
class Plan:
    """What a run of a batch has to do.

    Attributes
    ----------
    tasks : to be done.
    done : outcomes that are there already and are what is wanted.
    unreadable : outcomes of clips that cannot even be looked at.
    requests : what is asked of each clip, by the name of its folder.
    """

    tasks: tuple[ClipTask, ...]
    done: tuple[Outcome, ...]
    unreadable: tuple[Outcome, ...]
    requests: Mapping[str, AnalysisRequest]


def plan_batch(clips: Sequence[WantedClip], request: AnalysisRequest, place: Place) -> Plan:
    """Which clips are to be analysed, and which are done.

    Parameters
    ----------
    request : what is wanted of every clip, where nothing else is said of it. Settings of the user and what the history
        knows of lifters go into the tasks, so that processes on other machines need neither.

    Raises
    ------
    FormCheckError : the settings, the history or the output cannot be used.
    """
    asked = _Requests(request)
    before = list(place.outcomes())
    by_source = {outcome.source: outcome for outcome in before}
    by_key = {outcome.key: outcome for outcome in before if outcome.status == DONE}
    sizes = {outcome.size_bytes for outcome in by_key.values()}
    new = [clip.source for clip in clips if clip.source not in by_source]
    names = {outcome.source: outcome.name for outcome in before}
    names |= dict(zip(new, folder_names(new, [outcome.name for outcome in before]), strict=True))
    tasks, done, unreadable = [], [], []
    claimed: set[str] = set()
    requests: dict[str, AnalysisRequest] = {}
    for clip in clips:
        task = ClipTask(clip.source, names[clip.source], asked.of(clip))
        try:
            known, size = fingerprint(clip.source)
        except InputError as error:
            unreadable.append(failed(task, str(error)))
            continue
        task = dataclasses.replace(task, fingerprint=known, size_bytes=size)
        found = _done_already(task, by_source.get(clip.source), by_key if size in sizes else {}, claimed)
        requests[task.name if found is None else found.name] = task.request
        if found is None:
            tasks.append(task)
            continue
        claimed.add(found.name)
        told = dataclasses.replace(found, source=clip.source, fingerprint=known, day=task.request.filmed_at[:10])
        if told != found:
            place.write(f"{CLIPS}/{found.name}/{OUTCOME_JSON}", told.to_json().encode())
        done.append(told)
    return Plan(tuple(tasks), tuple(done), tuple(unreadable), requests)


def _done_already(
    task: ClipTask, before: Outcome | None, by_key: dict[str, Outcome], claimed: set[str]
) -> Outcome | None:
    """The outcome that is what is wanted, where there is one."""
    if before is not None and before.status == DONE and before.fingerprint == task.fingerprint:
        # As with make: a file of the same size and time is the same, without its being read.
        return before if before.key == result_key(before.content_sha256, task.request) else None
    if not by_key or is_url(task.source):
        return None  # of another size than all that are done, or to be looked at by the process that fetches it
    with contextlib.suppress(InputError):
        found = by_key.get(result_key(sha256_of(Path(task.source)), task.request))
        # A file that was moved or touched is still done; two files of the same content have a folder each.
        if found is not None and found.name not in claimed and (before is None or before.name == found.name):
            return found
    return None


class _Requests:
    """Requests of clips; settings and lifters are looked up once."""

    def __init__(self, request: AnalysisRequest) -> None:
        self._request = request
        self._settings = settings_of(request)
        self._lifters: dict[str, AnalysisRequest] = {}

    def of(self, clip: WantedClip) -> AnalysisRequest:
        lifter = clip.lifter or self._request.lifter
        base = self._of_lifter(lifter or "")
        exercise = clip.exercise or base.exercise
        return dataclasses.replace(
            base,
            lifter=lifter,
            exercise=exercise,
            variant=clip.variant or (base.variant if not clip.exercise else "auto"),
            load_kg=base.load_kg if clip.load_kg is None else clip.load_kg,
            notes=clip.notes or base.notes,
            filmed_at=clip.day or base.filmed_at or ("" if is_url(clip.source) else filmed_at(Path(clip.source))),
        )

    def _of_lifter(self, name: str) -> AnalysisRequest:
        if name not in self._lifters:
            self._lifters[name] = self._made_for(name)
        return self._lifters[name]

    def _made_for(self, name: str) -> AnalysisRequest:
        from formcheck.service.lifter_options import options_of_lifter
        from formcheck.storage.settings_files import settings_toml

        settings, neutral = self._settings, None
        if name and self._request.own_history:
            from formcheck.storage.history import open_history

            with open_history() as history:
                lifter = history.known_lifter(name)
            if lifter is not None:
                settings = options_of_lifter(lifter, settings)["settings"]
                neutral = dict(lifter.neutral_back) or None
        return dataclasses.replace(
            self._request,
            own_settings=False,
            own_history=False,
            presets=(),
            settings_file=None,
            settings_toml=settings_toml(settings),
            height_cm=None,
            neutral_back=neutral,
        )
