"""A saved set as its lifter's neutral back: chosen, kept with the lifter, looked up, forgotten.

The neutral of each lift stands in `Lifter.neutral_back` beside the standing posture, under names that begin with that
of the lift, so that it goes wherever the lifter's profile goes: exports, imports, other computers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from math import inf
from typing import TYPE_CHECKING

from formcheck.core.errors import UsageError
from formcheck.core.verdicts import VariantSource
from formcheck.core.words import _
from formcheck.exercises import EXERCISES, known_exercise
from formcheck.motion.neutral import Baseline, OwnReps
from formcheck.storage.history import Lifter

if TYPE_CHECKING:
    from formcheck.judging.report import Report
    from formcheck.storage.history import History, SavedSet

STANDING = ("lower_deg", "upper_deg", "uncertainty_deg")
"""Names in `Lifter.neutral_back` of the standing posture."""


def own_reps_of(neutral_back: Mapping[str, float]) -> dict[str, OwnReps]:
    """The lifter's own neutral by the name of the lift; empty where none was chosen."""
    found = {}
    for lift in EXERCISES:
        kept = {name: neutral_back.get(key, math.nan) for name, key in _keys(lift.name).items()}
        if math.isfinite(kept["lower_deg"] + kept["upper_deg"] + kept["uncertainty_deg"]):
            levels = {name: value for name, value in kept.items() if name != "day"}
            found[lift.name] = OwnReps(**levels, day=_day(kept["day"]))
    return found


def standing_of(neutral_back: Mapping[str, float]) -> Baseline | None:
    """The lifter's standing posture from another day, None where none was kept."""
    kept = {name: neutral_back[name] for name in STANDING if name in neutral_back}
    return Baseline(**kept) if {"lower_deg", "upper_deg"} <= kept.keys() else None


def with_standing(lifter: Lifter, standing: Mapping[str, float]) -> Lifter:
    """The lifter with another standing posture; empty = with none. The neutrals of lifts stay."""
    others = {name: value for name, value in lifter.neutral_back.items() if name not in STANDING}
    return replace(lifter, neutral_back=others | dict(standing))


def without_own_reps(lifter: Lifter, exercise: str | None = None) -> Lifter:
    """The lifter without the neutral of a lift, or of all lifts; the standing posture stays."""
    names = [lift.name for lift in EXERCISES] if exercise is None else [known_exercise(exercise).name]
    gone = {key for name in names for key in _keys(name).values()}
    kept = {name: value for name, value in lifter.neutral_back.items() if name not in gone}
    return replace(lifter, neutral_back=kept)


def use_as_neutral(history: History, set_id: int, lifter: str | None = None) -> tuple[Lifter, str, OwnReps]:
    """Make a saved set the neutral of its lifter in its lift, in place of what was chosen before.

    The set is judged again without an earlier choice, so that a wrong one does not stand in the way of the right one.

    Parameters
    ----------
    lifter : whose set it is, for a set that is nobody's yet; the set becomes theirs.

    Returns
    -------
    The lifter as kept now, the name of the lift, and its neutral.

    Raises
    ------
    HistoryError : there is no such set, or its poses were not kept.
    UsageError : the set is nobody's or somebody else's, or shows no neutral back; nothing was changed.
    """
    from formcheck.judging.own_neutral import own_reps_from

    saved = history.set(set_id)
    name = _whose(saved, lifter)
    known = history.known_lifter(name) or Lifter(name)
    try:
        own = own_reps_from(_judged_again(history, saved, known), saved.when.astimezone().date().isoformat())
    except UsageError as error:
        raise UsageError(
            _("Set {id} cannot be the neutral: {error}. Choose a set with a neutral back.", id=set_id, error=error)
        ) from error
    if saved.lifter is None:
        history.change_set(set_id, lifter=name)
    kept = history.save_lifter(replace(known, neutral_back={**known.neutral_back, **_values(saved.exercise, own)}))
    return kept, saved.exercise, own


def _whose(saved: SavedSet, lifter: str | None) -> str:
    if saved.lifter is None and lifter is None:
        raise UsageError(_("Set {id} is nobody's: say first whose it is (--lifter NAME, or in the app).", id=saved.id))
    if saved.lifter is not None and lifter is not None and saved.lifter.casefold() != lifter.strip().casefold():
        raise UsageError(
            _("Set {id} is one of {lifter}, not of {other}.", id=saved.id, lifter=saved.lifter, other=lifter)
        )
    return saved.lifter or lifter or ""


def _judged_again(history: History, saved: SavedSet, lifter: Lifter) -> Report:
    """The report of the set by the usual limits, whatever it was judged by before; with its signals."""
    from formcheck.judging.analysis import analyze

    if saved.exercise not in {lift.name for lift in EXERCISES}:
        raise UsageError(_("no lift was recognised in it"))
    poses = history.poses(saved.id)
    start_s, end_s = (_number(saved.settings.get(name), usual) for name, usual in (("start_s", -inf), ("end_s", inf)))
    baseline = standing_of(lifter.neutral_back)
    variant = saved.variant if saved.report.variant_source == VariantSource.CHOSEN else "auto"
    part = poses.part((poses.time_s >= start_s) & (poses.time_s <= end_s))
    slow_motion = saved.report.slow_motion
    return analyze(part, saved.exercise, variant=variant, baseline=baseline, slow_motion=slow_motion)


def _number(told: object, usual: float) -> float:
    return float(told) if isinstance(told, int | float) else usual


def _keys(lift: str) -> dict[str, str]:
    """Names in `Lifter.neutral_back` for the neutral of a lift."""
    return {name: f"{lift}_{name}" for name in (*STANDING, "day")}


def _values(lift: str, own: OwnReps) -> dict[str, float]:
    values = {name: float(getattr(own, name)) for name in STANDING}
    if own.day:  # a profile keeps numbers only
        values["day"] = float(date.fromisoformat(own.day).toordinal())
    return {_keys(lift)[name]: value for name, value in values.items()}


def _day(ordinal: float) -> str:
    try:
        return date.fromordinal(int(ordinal)).isoformat()
    except (ValueError, OverflowError):
        return ""
