"""A saved set in words, and as the analysis that it came from: what the pages of the history share."""

from __future__ import annotations

import math
from dataclasses import replace

from formcheck.app import components
from formcheck.core.loads import LOAD_UNITS
from formcheck.core.verdicts import VariantSource
from formcheck.core.words import ngettext
from formcheck.exercises import EXERCISES
from formcheck.judging.settings import Settings
from formcheck.service.pipeline import AnalysisRequest
from formcheck.storage.history import SavedSet
from formcheck.storage.history.records import AnySet, clock_words, day_words
from formcheck.storage.settings_files import list_presets, settings_toml


def title_of(saved: AnySet, unit: str = LOAD_UNITS[0]) -> str:
    """Lift, load and reps of a set."""
    reps = saved.rep_count
    words = [
        components.exercise_title(saved.exercise, saved.variant),
        components.load_words(saved.load_kg, unit),
        ngettext("{n} rep", "{n} reps", reps),
    ]
    return " · ".join(filter(None, words))


def about(saved: AnySet) -> str:
    """Time, lifter and file of a set."""
    return " · ".join(filter(None, [when_words(saved), saved.lifter or "", saved.video_file]))


def when_words(saved: AnySet) -> str:
    """Day and time of a set; midnight stands for a day whose time nobody told."""
    day, clock = day_words(saved.when), clock_words(saved.when)
    return day if clock in ("00:00", "–") else f"{day} {clock}"


def job_of(saved: SavedSet) -> AnalysisRequest:
    """The analysis of a saved set as it was asked for, without folder and poses."""
    start_s, end_s = (components.number(saved.settings.get(name)) for name in ("start_s", "end_s"))
    return AnalysisRequest(
        title=saved.video_file,
        exercise=saved.exercise if saved.exercise in components.exercise_names() else "auto",
        variant=saved.variant if saved.report.variant_source == VariantSource.CHOSEN else "auto",
        load_kg=saved.load_kg,
        lifter=saved.lifter,
        notes=saved.notes,
        start_s=start_s if math.isfinite(start_s) else None,
        end_s=end_s if math.isfinite(end_s) else None,
        person=str(saved.settings.get("person", "auto")),
        slow_motion=saved.report.slow_motion,
        settings_toml=settings_toml(known_settings(saved.report.settings)),
        presets=known_presets(saved.report.settings),
        set_id=saved.id,
    )


def known_settings(judged_by: Settings) -> Settings:
    """The settings that a report was judged by, without presets and without what this version does not know."""
    lifts = {lift.name: lift for lift in EXERCISES}
    checks = {f"{lift.name}/{check.id}" for lift in EXERCISES for check in lift.checks}
    return replace(
        judged_by,
        presets=(),
        load_unit=judged_by.load_unit if judged_by.load_unit in LOAD_UNITS else None,
        variants={
            name: variant
            for name, variant in judged_by.variants.items()
            if name in lifts and lifts[name].variant_named(variant) is not None
        },
        checks={key: override for key, override in judged_by.checks.items() if key in checks},
    )


def known_presets(judged_by: Settings) -> tuple[str, ...]:
    """The presets that a report was judged by, as far as they are still here."""
    here = {preset.name for preset in list_presets()}
    return tuple(name for name in judged_by.presets if name in here)
