"""The result of an analysis, and its form as a dictionary (report.json, schema 1)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from cattrs import Converter
from cattrs.errors import BaseValidationError

from formcheck.core.errors import ReportError
from formcheck.core.poses import VideoInfo
from formcheck.core.verdicts import NOT_JUDGED, VariantSource, Verdict, ViewName
from formcheck.core.version import VERSION
from formcheck.core.words import ENGLISH, _, speaking
from formcheck.exercises.framework.check import Finding
from formcheck.exercises.framework.exercise import TrackedPoint
from formcheck.judging.plain_data import Layout, mapping_of, must_be, plain_converter, problems_of
from formcheck.judging.set_metrics import BarPath, Drift, PlatePath, SetLevel
from formcheck.judging.settings import DEFAULTS, Override, Settings
from formcheck.motion.signals import Signals
from formcheck.motion.view import UNKNOWN_VIEW, View

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

    ``method`` names how the spine was read, ``source`` where the neutral is from: "own-reps" (good repetitions of the
    lifter's own, of that ``day``), "standing" (this video), "baseline" (another day) or "population".
    ``uncertainty_deg`` is the standard error of the neutral in a hinge.
    """

    method: str
    source: str
    standing_deg: tuple[float, float]
    hinge_deg: tuple[float, float]
    uncertainty_deg: float
    day: str = ""


@dataclass(frozen=True)
class RepReport:
    """One repetition: instants in seconds since the first frame, measures by name (NaN = not measured), findings.

    ``bottom_s`` and ``top_s`` are in the middle of a short rest there; ``lift_off_s`` is when the ascent begins and
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


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that an analysis says about a set, in the order of report.json.

    ``formcheck`` is the version that made it.
    ``summary`` is the verdict in one sentence, ``advice`` at most three things to try, most important first,
    ``praise`` at most two that were right, ``load_advice`` what to do about the load (empty = nothing).
    ``variant`` names a variant of the lift, or is "unknown"; ``variant_source`` is "chosen", "recognised" or "unknown".
    ``set_level`` is None when there is no repetition. ``settings`` are those it was judged by.
    ``back`` says what the back was compared with, and is None when no lifter was seen at all.
    ``slow_motion`` is how many times slower than life the film runs, as the user said; 1 = as in life.
    ``signals`` cover all frames of the video (NaN between cuts) and are None when no lifter was seen at all.
    """

    formcheck: str = field(default_factory=lambda: version())
    model: str = ""
    video: VideoInfo
    exercise: ExerciseChoice
    variant: str = "unknown"
    variant_source: VariantSource = VariantSource.UNKNOWN
    load_kg: float | None = None
    view: View
    sagittal_ok: bool
    tracking: Tracking
    reps: tuple[RepReport, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    summary: str
    advice: tuple[str, ...]
    praise: tuple[str, ...] = ()
    load_advice: str = ""
    set_level: SetLevel | None = None
    settings: Settings = DEFAULTS
    back: BackReference | None = None
    slow_motion: float = 1.0
    signals: Signals | None = field(default=None, repr=False, compare=False)

    def concentric_s(self, rep: RepReport) -> float:
        """How long the way up took, from lift-off to lockout and by the clock of life; NaN where it was not seen."""
        span_s = (rep.lockout_s - rep.lift_off_s) / self.slow_motion
        return span_s if span_s > 0 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """As plain data for report.json; missing numbers become None."""
        # Titles of checks, units and cues are those of the code, whoever reads them later.
        with speaking(ENGLISH):
            return dict(_CONVERTER.unstructure(self, Report))

    @classmethod
    def from_dict(cls, data: object, source: str = "The report") -> Report:
        """A report of schema 1 from plain data, as `to_dict` makes it; its ``signals`` are not in there.

        What older reports leave out was not measured or not said, and what newer ones add is ignored.

        Parameters
        ----------
        source : where the data come from, for messages.

        Raises
        ------
        ReportError : something in the data has a wrong type, or they are from a newer FormCheck; names the place.
        """
        _refuse_newer(data, source)
        try:
            return _CONVERTER.structure(data, cls)
        except BaseValidationError as error:
            problems = problems_of(error)
            more = _(" (and {problems} more)", problems=len(problems) - 1) if len(problems) > 1 else ""
            raise ReportError(
                _(
                    "{source} is not a FormCheck report: {problems}{more}.",
                    source=source,
                    problems=problems[0],
                    more=more,
                )
            ) from error
        except ValueError as error:
            raise ReportError(
                _("{source} is not a FormCheck report: it {error}.", source=source, error=error)
            ) from error

    @classmethod
    def from_json(cls, text: str, source: str = "The report") -> Report:
        """A report from the text of report.json; as `from_dict`.

        Raises
        ------
        ReportError : the text is not JSON, or not that of a report.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ReportError(
                _("{source} is not a FormCheck report: it is not JSON ({error}).", source=source, error=error)
            ) from error
        return cls.from_dict(data, source)


def version() -> str:
    """Version of this FormCheck."""
    return VERSION


# --- as plain data -------------------------------------------------------------------------------------------------

_TIMES_AND_PLACES = 3, 4
"""Decimals of the times and of the coordinates of a path."""


def _path(*lengths: str) -> Layout:
    times, places = _TIMES_AND_PLACES
    return Layout(digits={"time_s": times, **dict.fromkeys(lengths, places)})


LAYOUTS: dict[type, Layout] = {
    VideoInfo: Layout(
        order=("file", "duration_s", "width", "height", "frames", "rotation_deg", "complete"),
        if_missing={"width": 0, "height": 0, "frames": 0},
    ),
    # Which way the lifter faces is not written.
    View: Layout(left_out=("forward",), if_missing={"name": UNKNOWN_VIEW.name.value}),
    Tracking: Layout(if_missing={"frames_with_pose": 0}),
    BackReference: Layout(
        keys={"source": "neutral"}, if_missing=dict.fromkeys(("standing_deg", "hinge_deg"), (None, None))
    ),
    RepReport: Layout(
        order=(
            "index",
            "start_s",
            "bottom_s",
            "top_s",
            "end_s",
            "lift_off_s",
            "lockout_s",
            "instants",
            "partial",
            "measures",
            "findings",
        )
    ),
    Report: Layout(
        digits={"load_kg": None},
        left_out=("signals",),
        if_missing={
            "video": {},
            "exercise": {},
            "view": {},
            "tracking": {},
            "verdict": NOT_JUDGED.value,
        },
    ),
    Override: Layout(left_out=("off", "source")),
    SetLevel: Layout(if_missing={"point": TrackedPoint.HANDS.value, "tempo_s": (None,) * 4}),
    Drift: Layout(keys={"slope": "slope_per_rep"}),
    BarPath: _path("forward_heights", "up_heights"),
    PlatePath: _path("forward_m", "up_m"),
}
"""How report.json differs from the dataclasses."""


def _converter() -> Converter:
    """Numbers of the report have three decimals; those of the set as a whole, which are small, have four."""
    converter, of_set = plain_converter(3, LAYOUTS), plain_converter(4, LAYOUTS)
    converter.register_unstructure_hook(SetLevel, lambda level: of_set.unstructure(level, SetLevel))
    converter.register_unstructure_hook(Settings, Settings.to_dict)
    converter.register_structure_hook(Settings, lambda data, _: _read_settings(data, converter))
    converter.register_structure_hook(Override, partial(_read_override, converter.get_structure_hook(Override)))
    converter.register_structure_hook(View, partial(_read_view, converter.get_structure_hook(View)))
    converter.register_structure_hook(RepReport, partial(_read_rep, converter.get_structure_hook(RepReport)))
    converter.register_unstructure_hook(RepReport, partial(_write_rep, converter.get_unstructure_hook(RepReport)))
    converter.register_structure_hook(Report, partial(_read_report, converter.get_structure_hook(Report)))
    converter.register_unstructure_hook(Report, partial(_write_report, converter.get_unstructure_hook(Report)))
    return converter


def _write_report(write: Callable[[Report], dict[str, Any]], report: Report) -> dict[str, Any]:
    data = write(report)
    data["view"]["sagittal_ok"] = data.pop("sagittal_ok")
    return {"schema": SCHEMA, **data}


def _read_report(read: Callable[[Any, type], Report], data: object, kind: type) -> Report:
    data = mapping_of(data)
    view = data.get("view")
    told = {"sagittal_ok": view["sagittal_ok"]} if isinstance(view, Mapping) and "sagittal_ok" in view else {}
    return read({**data, **told}, kind)


def _read_view(read: Callable[[Any, type], View], data: object, kind: type) -> View:
    view = read(data, kind)
    return replace(view, forward=-1) if view.name == ViewName.SIDE_LEFT else view


def _write_rep(write: Callable[[RepReport], dict[str, Any]], rep: RepReport) -> dict[str, Any]:
    """Findings inside of a repetition need not say which one it is."""
    data = write(rep)
    return data | {"findings": [{k: v for k, v in each.items() if k != "rep"} for each in data["findings"]]}


def _read_rep(read: Callable[[Any, type], RepReport], data: object, kind: type) -> RepReport:
    rep = read(data, kind)
    return replace(rep, findings=tuple(replace(each, rep=rep.index) for each in rep.findings))


@dataclass(frozen=True)
class _Lifter:
    height_cm: float | None = None
    earlier_back_injury: bool | None = None
    depth_target: float | None = None
    load_unit: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class _Settings:
    """Settings as `Settings.to_dict` lays them out."""

    presets: tuple[str, ...] = ()
    lifter: _Lifter = _Lifter()
    variants: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Override] = field(default_factory=dict)


def _read_settings(data: object, converter: Converter) -> Settings:
    saved = converter.structure(data, _Settings)
    return Settings(presets=saved.presets, variants=saved.variants, checks=saved.checks, **asdict(saved.lifter))


def _read_override(read: Callable[[Any, type], Override], data: object, kind: type) -> Override:
    """False is a check that was switched off."""
    return Override(off=True) if data is False else read(data, kind)


def _refuse_newer(data: object, source: str) -> None:
    schema = data.get("schema", SCHEMA) if isinstance(data, Mapping) else SCHEMA
    if isinstance(schema, bool) or not isinstance(schema, int):
        raise ReportError(
            _(
                "{source} is not a FormCheck report: schema: {must_be}.",
                source=source,
                must_be=must_be("a whole number", schema),
            )
        )
    if schema > SCHEMA:
        raise ReportError(_("{source} was written by a newer FormCheck: update FormCheck to read it.", source=source))


_CONVERTER = _converter()
