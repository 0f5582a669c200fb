"""Sets of a batch into the history, by the process that runs the batch: workers need not reach it.

A set is saved from the files of its clip, so that clips which an earlier run has done are saved as well. A note in the
clip's folder says which set it became: what was saved is not saved twice, and not again after somebody has deleted it.
A run that ends between the two saves again on its next go, which the history knows for the same recording.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from formcheck.batch.outcome import DONE, Outcome
from formcheck.batch.places import CLIPS, Place, is_url
from formcheck.core.errors import OutputError
from formcheck.core.words import _
from formcheck.service.pipeline import AnalysisRequest, settings_to_save
from formcheck.storage.history import open_history
from formcheck.storage.report_folder import POSES_NPZ, REPORT_JSON

SAVED_JSON = "saved.json"
"""The note in a clip's folder."""


def check_history() -> None:
    """Raise `HistoryError` where nothing can be saved: before the work rather than after it."""
    with open_history() as history:
        history.check_writable()


def save_outcome(place: Place, outcome: Outcome, request: AnalysisRequest) -> tuple[int, ...]:
    """Save the set of a clip that is done, unless that has happened; returns its number, where it was saved.

    Parameters
    ----------
    request : what was asked for, with lifter, load, notes and day.

    Raises
    ------
    HistoryError : it cannot be saved. OutputError : its files are not there any more.
    """
    if outcome.status != DONE or outcome.summary is None or not outcome.summary.reps + outcome.summary.partial_reps:
        return ()
    folder = f"{CLIPS}/{outcome.name}"
    with open_history() as history:
        told = {"key": outcome.key, "day": request.filmed_at, "history": history.where}
        if _noted(place.read(f"{folder}/{SAVED_JSON}")) == told:
            return ()
        report, npz = place.read(f"{folder}/{REPORT_JSON}"), place.read(f"{folder}/{POSES_NPZ}")
        if report is None or npz is None:
            raise OutputError(
                _(
                    "{folder} lacks {report} or {poses}: delete that folder, and it is made again.",
                    folder=folder,
                    report=REPORT_JSON,
                    poses=POSES_NPZ,
                )
            )
        from formcheck.storage.history.recordings import poses_of

        saved = history.save_set(
            json.loads(report),
            poses_of(npz),
            lifter=request.lifter,
            notes=request.notes,
            filmed_at=datetime.fromisoformat(request.filmed_at) if request.filmed_at else None,
            video_path="" if is_url(outcome.source) else Path(outcome.source).resolve(),
            settings=settings_to_save(request),
        )
    place.write(f"{folder}/{SAVED_JSON}", json.dumps({**told, "uid": saved.uid}).encode())
    return (saved.id,)


def _noted(note: bytes | None) -> dict[str, str] | None:
    """What a note says of the saved set, apart from which one it is."""
    try:
        told = json.loads(note or b"null")
        return {name: told[name] for name in ("key", "day", "history")}
    except (ValueError, LookupError, TypeError):
        return None
