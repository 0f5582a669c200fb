"""What became of one clip: a small file in the clip's folder, written last, that says it is done and what was found.

A clip counts as done when its outcome is there and its key is the one that is wanted. The key is made of everything
that decides the result: the content of the video, what was asked for, and FormCheck's version. So a run that was
interrupted, on whatever machines, goes on where it was, and a changed limit or a new version analyses again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from formcheck.core.version import VERSION
from formcheck.judging.set_summary import SetSummary
from formcheck.service.pipeline import AnalysisRequest

OUTCOME_JSON = "outcome.json"
THUMBNAIL_JPG = "thumbnail.jpg"

DONE, FAILED = "done", "failed"

SCHEMA = 1
"""Version of the file; raised when old ones no longer tell what is needed, so that their clips are analysed again."""

NOT_DECIDING = ("video", "poses", "folder", "source", "title", "filmed_at", "jobs", "account")
"""Fields of a request that say where things are, when it was, and how much at the same time, not what is wanted."""


@dataclass(frozen=True)
class ClipTask:
    """One clip to analyse: all that a process anywhere needs to know, and nothing that only this machine has.

    Attributes
    ----------
    source : path or URL of the video.
    name : of the clip's folder in the output.
    request : what is wanted, without places.
    fingerprint : changes when the file does (size and time, or what the storage says), without its being read.
    size_bytes : of the file; 0 = not known.
    content_sha256 : of the file, where it is known from an earlier run already.
    """

    source: str
    name: str
    request: AnalysisRequest
    fingerprint: str = ""
    size_bytes: int = 0
    content_sha256: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a clip.

    Attributes
    ----------
    name, source, fingerprint, size_bytes, content_sha256 : as of the task.
    status : "done" or "failed"; ``reason`` says why.
    key : of what was asked for, from `result_key`; "" when it failed before that was known.
    lifter, day, load_kg, notes : as told.
    summary : the set in one row; None when it failed.
    remarks : what the user should know.
    took_s : how long the analysis ran.
    stored_bytes : what the clip's folder holds.
    """

    name: str
    source: str
    status: str
    reason: str = ""
    key: str = ""
    fingerprint: str = ""
    size_bytes: int = 0
    content_sha256: str = ""
    lifter: str = ""
    day: str = ""
    load_kg: float | None = None
    notes: str = ""
    summary: SetSummary | None = None
    remarks: tuple[str, ...] = ()
    took_s: float = 0.0
    stored_bytes: int = 0
    version: str = field(default=VERSION)

    def to_json(self) -> str:
        """The text of `OUTCOME_JSON`."""
        told = {"schema": SCHEMA, **dataclasses.asdict(self)}
        return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Outcome | None:
        """The outcome that `to_json` wrote; None for anything else, such as one of another schema."""
        try:
            told: dict[str, Any] = json.loads(text)
            if told.pop("schema") != SCHEMA:
                return None
            summary = told.pop("summary")
            told["remarks"] = tuple(told["remarks"])
            return cls(**told, summary=None if summary is None else SetSummary.from_dict(summary))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def result_key(content_sha256: str, request: AnalysisRequest) -> str:
    """What decides the result, as one short text: content, request and version."""
    asked = {name: value for name, value in request.to_dict().items() if name not in NOT_DECIDING}
    told = json.dumps([content_sha256, asked, VERSION], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def failed(task: ClipTask, reason: str, **more: Any) -> Outcome:
    """The outcome of a clip that could not be analysed."""
    return _told(task, FAILED, reason=reason, **more)


def done(task: ClipTask, **more: Any) -> Outcome:
    """The outcome of a clip that was analysed."""
    return _told(task, DONE, **more)


def _told(task: ClipTask, status: str, **more: Any) -> Outcome:
    request = task.request
    told: dict[str, Any] = {
        "name": task.name,
        "source": task.source,
        "status": status,
        "fingerprint": task.fingerprint,
        "size_bytes": task.size_bytes,
        "content_sha256": task.content_sha256,
        "lifter": request.lifter or "",
        "day": request.filmed_at[:10],
        "load_kg": request.load_kg,
        "notes": request.notes,
    }
    return Outcome(**(told | more))
