"""The result of an analysis, and its form as a dictionary (report.json, schema 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from formcheck.core.poses import VideoInfo
from formcheck.core.verdicts import VariantSource, Verdict
from formcheck.exercises.framework.check import Finding
from formcheck.judging.set_metrics import SetLevel
from formcheck.judging.settings import AS_IT_COMES, Settings
from formcheck.motion.signals import Signals
from formcheck.motion.view import View

SCHEMA = 1
"""Version of report.json. Additions keep it; renaming or removing a name raises it."""


@dataclass(frozen=True)
class ExerciseChoice:
    """Which lift was analysed: name (or "none"), "user" or "auto", and 0..1 how sure the recognition is."""

    name: str
    chosen_by: str
    confidence: float


@dataclass(frozen=True)
class Tracking:
    """How well the lifter was seen: frames with a lifter, quality 0..1, remarks in plain words."""

    frames_with_pose: int
    quality: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class BackReference:
    """What the back was compared with; pairs are (lumbar, thoracic) in degrees.

    ``method`` names how the spine was read, ``source`` where the neutral is from: "standing" (this video), "baseline"
    (another day) or "population". ``uncertainty_deg`` is the standard error of the neutral in a hinge.
    """

    method: str
    source: str
    standing_deg: tuple[float, float]
    hinge_deg: tuple[float, float]
    uncertainty_deg: float

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "method": self.method,
            "neutral": self.source,
            "standing_deg": [_number(value) for value in self.standing_deg],
            "hinge_deg": [_number(value) for value in self.hinge_deg],
            "uncertainty_deg": _number(self.uncertainty_deg),
        }


@dataclass(frozen=True)
class RepReport:
    """One repetition: instants in seconds since the first frame, measures by name (NaN = not measured), findings.

    ``bottom_s`` and ``top_s`` lie in the middle of a short rest there; ``lift_off_s`` is when the way up begins and
    ``lockout_s`` when it ends. ``instants`` are those that only this lift has, by name.
    """

    index: int
    start_s: float
    bottom_s: float
    top_s: float
    end_s: float
    lift_off_s: float
    lockout_s: float
    partial: bool
    measures: dict[str, float]
    findings: tuple[Finding, ...]
    instants: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything that an analysis says about a set.

    ``summary`` is the verdict in one sentence, ``advice`` at most three things to try, most important first,
    ``praise`` at most two that were right, ``load_advice`` what to do about the load (empty = nothing).
    ``variant`` names a variant of the lift, or is "unknown"; ``variant_source`` is "chosen", "recognised" or "unknown".
    ``set_level`` is None when there is no repetition. ``settings`` are those it was judged by.
    ``back`` says what the back was compared with, and is None when no lifter was seen at all.
    ``signals`` cover all frames of the video (NaN between cuts) and are None when no lifter was seen at all.
    """

    video: VideoInfo
    exercise: ExerciseChoice
    view: View
    sagittal_ok: bool
    tracking: Tracking
    reps: tuple[RepReport, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    summary: str
    advice: tuple[str, ...]
    model: str = ""
    praise: tuple[str, ...] = ()
    load_advice: str = ""
    load_kg: float | None = None
    variant: str = "unknown"
    variant_source: VariantSource = VariantSource.UNKNOWN
    set_level: SetLevel | None = None
    settings: Settings = AS_IT_COMES
    back: BackReference | None = None
    signals: Signals | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for report.json; missing numbers become None."""
        return {
            "schema": SCHEMA,
            "formcheck": version(),
            "model": self.model,
            "video": {
                "file": self.video.file,
                "duration_s": _number(self.video.duration_s),
                "width": self.video.width,
                "height": self.video.height,
                "frames": self.video.frames,
                "rotation_deg": self.video.rotation_deg,
                "complete": self.video.complete,
            },
            "exercise": {
                "name": self.exercise.name,
                "chosen_by": self.exercise.chosen_by,
                "confidence": _number(self.exercise.confidence),
            },
            "variant": self.variant,
            "variant_source": self.variant_source,
            "load_kg": self.load_kg,
            "view": {
                "name": self.view.name,
                "yaw_deg": _number(self.view.yaw_deg),
                "sagittal_ok": self.sagittal_ok,
            },
            "tracking": {
                "frames_with_pose": self.tracking.frames_with_pose,
                "quality": _number(self.tracking.quality),
                "notes": list(self.tracking.notes),
            },
            "reps": [
                {
                    "index": rep.index,
                    "start_s": _number(rep.start_s),
                    "bottom_s": _number(rep.bottom_s),
                    "top_s": _number(rep.top_s),
                    "end_s": _number(rep.end_s),
                    "lift_off_s": _number(rep.lift_off_s),
                    "lockout_s": _number(rep.lockout_s),
                    "instants": {name: _number(time_s) for name, time_s in rep.instants.items()},
                    "partial": rep.partial,
                    "measures": {name: _number(value) for name, value in rep.measures.items()},
                    "findings": [_finding(finding) for finding in rep.findings],
                }
                for rep in self.reps
            ],
            "findings": [_finding(finding) | {"rep": finding.rep} for finding in self.findings],
            "verdict": self.verdict,
            "summary": self.summary,
            "advice": list(self.advice),
            "praise": list(self.praise),
            "load_advice": self.load_advice,
            "set_level": None if self.set_level is None else self.set_level.to_dict(),
            "settings": self.settings.to_dict(),
            "back": None if self.back is None else self.back.to_dict(),
        }


def version() -> str:
    """Version of the installed FormCheck, "unknown" when it runs from a bare source tree."""
    try:
        return metadata.version("formcheck")
    except metadata.PackageNotFoundError:
        return "unknown"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "title": finding.title,
        "verdict": finding.verdict,
        "value": _number(finding.value),
        "limit": _number(finding.limit),
        "unit": finding.unit,
        "at_s": _number(finding.at_s),
        "reason": finding.reason,
        "cue": finding.cue,
    }


def _number(value: float) -> float | None:
    """Rounded so that reports are readable and comparable; None for what was not measured."""
    return None if not math.isfinite(value) else round(float(value), 3)
