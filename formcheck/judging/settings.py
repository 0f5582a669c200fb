"""What a lifter or coach changes: limits, checks switched off, variants, facts about the lifter. Text in, settings out.

A settings file is TOML; every key is optional:

    presets = ["low-bar"]            # start from these, in this order

    [lifter]
    height_cm = 178                  # gives velocities in m/s
    earlier_back_injury = true       # earlier warnings for the back
    depth_target = "parallel"        # or "below-parallel", "high", or thigh lengths above parallel
    load_unit = "lb"                 # of --load without a unit, and of loads that are shown
    language = "de"                  # of everything that is said

    [variants]
    deadlift = "sumo"

    [checks.deadlift.back-rounding]  # or checks.all.back-rounding for every lift that has it
    watch = 15
    fault = 22

    [checks.squat]
    butt-wink = false                # switched off

    [limits]                         # of this machine, in settings.toml only: how much is read, see core/limits.py
    minutes = 240
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from formcheck.core.errors import UsageError
from formcheck.core.limits import KEYS, VARIABLES, is_limit
from formcheck.core.loads import LOAD_UNITS
from formcheck.core.words import LANGUAGES, N_, _
from formcheck.exercises import EXERCISES, OR
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise

T = TypeVar("T")

ALL = "all"
"""Stands for every lift in ``[checks.all]``."""

EARLIER_WARNING = 0.75
"""With an earlier back injury, "watch" for the back begins at this share of its usual limit."""

GENTLER_CUE = N_("Go lighter first, and stop if it hurts.")

DEPTH_CHECK = "depth"
DEPTH_TARGETS = {"below-parallel": -0.10, "parallel": 0.0, "high": 0.25}
"""Height of the hips above the knees by name, in thigh lengths."""

DEPTH_TARGET_RANGE = (-1.0, 1.5)
"""Thigh lengths: 1 is standing up, -1 thighs that point down; beyond standing there is room for what measuring adds."""

HEIGHT_RANGE_CM = (50.0, 280.0)
"""Around the shortest and the tallest adults on record (55 and 272 cm). The one range for settings, lifters and
options: what was saved once can be judged again."""

LARGEST_NUMBER = 1e9
"""Beyond this, and where a number is none, a limit is a slip of the keyboard."""

LONGEST_QUOTE = 80
"""Letters of a wrong value in a message."""

MOST_UNKNOWN_KEYS = 20
"""A file with more of them is not a settings file, and looking for similar names takes time."""


@dataclass(frozen=True)
class Override:
    """What is changed about one check; None = as it was. ``source`` is the file or preset that says so."""

    watch: float | None = None
    fault: float | None = None
    off: bool | None = None
    source: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything that differs from how FormCheck comes; None and empty = as it comes.

    Attributes
    ----------
    presets : names of the presets that went into it.
    height_cm : the lifter's height.
    earlier_back_injury : warn earlier about the back, and word it more gently.
    depth_target : height of the hips above the knees to reach in a squat, in thigh lengths.
    load_unit : "kg" or "lb"; ``unit_of_loads`` has the usual one where nothing is said.
    language : in which everything is said; None = as whoever asks says otherwise, else English.
    variants : variant by lift, for sets whose variant is not named otherwise.
    checks : overrides by "lift/check".
    limits : how much is read, by the names of `formcheck.core.limits.KEYS`; of a file, and not of an analysis: what is
        merged has none (`formcheck.storage.limits_in_force` reads them).
    """

    presets: tuple[str, ...] = ()
    height_cm: float | None = None
    earlier_back_injury: bool | None = None
    depth_target: float | None = None
    load_unit: str | None = None
    language: str | None = None
    variants: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Override] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def unit_of_loads(self) -> str:
        """The unit in which loads are read and shown."""
        return self.load_unit or LOAD_UNITS[0]

    def to_dict(self) -> dict[str, Any]:
        """Only what differs from how FormCheck comes, as plain data for report.json."""
        lifter = {
            name: value
            for name in ("height_cm", "earlier_back_injury", "depth_target", "load_unit", "language")
            if (value := getattr(self, name)) is not None
        }
        checks = {
            key: False
            if override.off
            else {name: value for name in ("watch", "fault") if (value := getattr(override, name)) is not None}
            for key, override in self.checks.items()
        }
        parts = {
            "presets": list(self.presets),
            "lifter": lifter,
            "variants": dict(self.variants),
            "checks": checks,
            "limits": dict(self.limits),
        }
        return {name: part for name, part in parts.items() if part}


DEFAULTS = Settings()


def merge(first: Settings, then: Settings) -> Settings:
    """Both together; where they disagree the second one holds."""
    checks = dict(first.checks)
    for key, override in then.checks.items():
        before = checks.get(key, Override())
        # Limits that are given for a check mean that it is wanted.
        has_limits = override.watch is not None or override.fault is not None
        checks[key] = Override(
            watch=_later(before.watch, override.watch),
            fault=_later(before.fault, override.fault),
            off=None if has_limits and override.off is None else _later(before.off, override.off),
            source=override.source,
        )
    return Settings(
        presets=tuple(dict.fromkeys([*first.presets, *then.presets])),
        height_cm=_later(first.height_cm, then.height_cm),
        earlier_back_injury=_later(first.earlier_back_injury, then.earlier_back_injury),
        depth_target=_later(first.depth_target, then.depth_target),
        load_unit=_later(first.load_unit, then.load_unit),
        language=_later(first.language, then.language),
        variants={**first.variants, **then.variants},
        checks=checks,
    )


def apply(lift: Exercise, settings: Settings) -> Exercise:
    """The lift with the limits that the settings ask for, without the checks that they switch off."""

    def changed(check: Check) -> Check | None:
        override = settings.checks.get(f"{lift.name}/{check.id}", Override())
        if override.off:
            return None
        watch, fault, cue = check.watch, check.fault, check.cue
        if settings.depth_target is not None and check.id == DEPTH_CHECK:
            watch, fault = watch + settings.depth_target, fault + settings.depth_target
        if settings.earlier_back_injury and check.earlier_after_injury:
            # Towards the neutral back; a limit at zero or beyond is as early as it can be.
            watch = EARLIER_WARNING * watch if watch > 0 and check.more_is_worse else watch
            cue = f"{cue} {_(GENTLER_CUE)}"
        # A number that somebody wrote down is meant as it stands.
        watch = watch if override.watch is None else override.watch
        fault = fault if override.fault is None else override.fault
        return replace(check, watch=watch, fault=fault, cue=cue)

    def changed_limits(limits: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        by_id = {check.id: check for check in lift.checks}
        found = {
            name: changed(replace(by_id[name], watch=watch, fault=fault)) for name, (watch, fault) in limits.items()
        }
        return {name: (check.watch, check.fault) for name, check in found.items() if check is not None}

    return replace(
        lift,
        checks=tuple(check for check in map(changed, lift.checks) if check is not None),
        variants=tuple(replace(variant, limits=changed_limits(variant.limits)) for variant in lift.variants),
    )


def check_limits(settings: Settings) -> None:
    """Refuse limits that contradict each other once everything is merged.

    Raises
    ------
    UsageError : names every check whose "watch" is beyond its "fault".
    """
    problems = []
    for lift in EXERCISES:
        for check in lift.checks:
            override = settings.checks.get(f"{lift.name}/{check.id}", Override())
            if override.off or (override.watch is None and override.fault is None):
                continue
            watch = check.watch if override.watch is None else override.watch
            fault = check.fault if override.fault is None else override.fault
            if (watch > fault) if check.more_is_worse else (watch < fault):
                numbers = {"check": f"checks.{lift.name}.{check.id}", "watch": watch, "fault": fault}
                if check.more_is_worse:
                    told = _(
                        "{check}: watch {watch:g} is above fault {fault:g}, so it would never warn; set both "
                        "({source})",
                        **numbers,
                        source=override.source,
                    )
                else:
                    told = _(
                        "{check}: watch {watch:g} is below fault {fault:g}, so it would never warn; set both "
                        "({source})",
                        **numbers,
                        source=override.source,
                    )
                problems.append(told)
    if problems:
        raise UsageError(_in_one_line(_("These settings contradict each other"), problems))


# --- reading -------------------------------------------------------------------------------------------------------


def parse_settings(text: str, source: str, *, presets_allowed: bool = True) -> Settings:
    """Settings from TOML text.

    Parameters
    ----------
    source : name of the file or preset, for messages.
    presets_allowed : False for a preset, which cannot start from others.

    Raises
    ------
    UsageError : the text is not TOML, or says something that FormCheck does not know; names every such place at once.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_("{source} is not valid TOML: {error}.", source=source, error=error)) from error
    except RecursionError as error:
        raise UsageError(_("{source} cannot be used: its brackets are nested too deep.", source=source)) from error
    except ValueError as error:  # Python reads whole numbers of up to 4,300 digits
        raise UsageError(_("{source} cannot be used: a number in it has too many digits.", source=source)) from error
    reader = _Reader(source)
    settings = reader.settings(table, presets_allowed)
    if reader.problems:
        raise UsageError(_in_one_line(_("{source} cannot be used", source=source), reader.problems))
    return settings


class _Reader:
    """Reads a table and collects everything that is wrong with it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []

    def settings(self, table: Mapping[str, Any], presets_allowed: bool) -> Settings:
        known = ["lifter", "variants", "checks", *(["presets", "limits"] if presets_allowed else [])]
        if "presets" in table and not presets_allowed:
            self.problems.append(_("presets: a preset cannot start from others"))
        if "limits" in table and not presets_allowed:
            self.problems.append(_("limits: a preset cannot change how much is read"))
        if not presets_allowed:
            table = {key: value for key, value in table.items() if key not in ("presets", "limits")}
        self.known_keys("", table, known)
        lifter = self.table("lifter", table.get("lifter", {}))
        self.known_keys(
            "lifter.", lifter, ["height_cm", "earlier_back_injury", "depth_target", "load_unit", "language"]
        )
        return Settings(
            presets=self.names("presets", table.get("presets", [])),
            height_cm=self.number("lifter.height_cm", lifter.get("height_cm"), HEIGHT_RANGE_CM),
            earlier_back_injury=self.flag("lifter.earlier_back_injury", lifter.get("earlier_back_injury")),
            depth_target=self.depth("lifter.depth_target", lifter.get("depth_target")),
            load_unit=self.choice("lifter.load_unit", lifter.get("load_unit"), LOAD_UNITS),
            language=self.choice("lifter.language", lifter.get("language"), LANGUAGES),
            variants=self.variants(self.table("variants", table.get("variants", {}))),
            checks=self.checks(self.table("checks", table.get("checks", {}))),
            limits=self.limits(self.table("limits", table.get("limits", {}))),
        )

    def known_keys(self, where: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        unknown = [key for key in table if key not in known]
        for key in unknown[:MOST_UNKNOWN_KEYS]:
            name = key if len(key) <= LONGEST_QUOTE else f"{key[:LONGEST_QUOTE]}…"
            self.problems.append(f"{where}{name}: unknown{did_you_mean(key, known)}")
        if len(unknown) > MOST_UNKNOWN_KEYS:
            self.problems.append(_("{n} more are unknown", n=len(unknown) - MOST_UNKNOWN_KEYS))

    def table(self, where: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.problems.append(_("{where}: must be a table, [{where}]", where=where))
        return {}

    def names(self, where: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return tuple(value)
        self.problems.append(_('{where}: must be a list of names, such as ["low-bar"]', where=where))
        return ()

    def number(self, where: str, value: Any, within: tuple[float, float] = (-math.inf, math.inf)) -> float | None:
        if value is None:
            return None
        # bool is a kind of int in Python, but not for people; whole numbers here can be larger than any float.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            self.problems.append(_("{where}: must be a number, not {quoted}", where=where, quoted=quoted(value)))
            return None
        if not within[0] <= value <= within[1]:
            self.problems.append(
                _(
                    "{where}: must be between {low:g} and {high:g}, not {value:g}",
                    where=where,
                    low=within[0],
                    high=within[1],
                    value=value,
                )
            )
            return None
        return float(value)

    def flag(self, where: str, value: Any) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        self.problems.append(_("{where}: must be true or false, not {quoted}", where=where, quoted=quoted(value)))
        return None

    def choice(self, where: str, value: Any, choices: Iterable[str]) -> str | None:
        choices = list(choices)
        if value is None or (isinstance(value, str) and value in choices):
            return value
        self.problems.append(
            _(
                "{where}: must be {choices}, not {quoted}{did_you_mean}",
                where=where,
                choices=f" {_(OR)} ".join(choices),
                quoted=quoted(value),
                did_you_mean=did_you_mean(value, choices),
            )
        )
        return None

    def depth(self, where: str, value: Any) -> float | None:
        if isinstance(value, str):
            name = self.choice(where, value, DEPTH_TARGETS)
            return None if name is None else DEPTH_TARGETS[name]
        return self.number(where, value, DEPTH_TARGET_RANGE)

    def variants(self, table: Mapping[str, Any]) -> dict[str, str]:
        lifts = {lift.name: lift for lift in EXERCISES}
        self.known_keys("variants.", table, list(lifts))
        chosen = {
            name: self.choice(f"variants.{name}", value, [variant.name for variant in lifts[name].variants])
            for name, value in table.items()
            if name in lifts
        }
        return {name: variant for name, variant in chosen.items() if variant is not None}

    def limits(self, table: Mapping[str, Any]) -> dict[str, float]:
        self.known_keys("limits.", table, list(KEYS))
        known = {key: value for key, value in table.items() if key in KEYS}
        self.problems += [
            f"limits.{key}: must be a number of {VARIABLES[KEYS[key]].unit} above zero, not {quoted(value)}"
            for key, value in known.items()
            if not is_limit(value)
        ]
        return {key: float(value) for key, value in known.items() if is_limit(value)}

    def checks(self, table: Mapping[str, Any]) -> dict[str, Override]:
        lifts = {lift.name: {check.id for check in lift.checks} for lift in EXERCISES}
        every = {ALL: set().union(*lifts.values())}
        self.known_keys("checks.", table, [*lifts, ALL])
        found: dict[str, Override] = {}
        # "all" first, so that what is said about one lift holds for it.
        for name, ids in (every | lifts).items():
            where = f"checks.{name}"
            part = self.table(where, table.get(name, {}))
            self.known_keys(f"{where}.", part, sorted(ids))
            for check, value in part.items():
                if check in ids:
                    override = self.override(f"{where}.{check}", value)
                    for lift in lifts if name == ALL else [name]:
                        if check in lifts[lift]:
                            found[f"{lift}/{check}"] = override
        return found

    def override(self, where: str, value: Any) -> Override:
        if isinstance(value, bool):
            return Override(off=not value, source=self.source)
        if not isinstance(value, dict):
            self.problems.append(
                _("{where}: must be false (switched off) or a table with watch and fault", where=where)
            )
            return Override()
        self.known_keys(f"{where}.", value, ["watch", "fault"])
        return Override(
            watch=self.number(f"{where}.watch", value.get("watch")),
            fault=self.number(f"{where}.fault", value.get("fault")),
            source=self.source,
        )


def quoted(value: object) -> str:
    """A wrong value as messages show it: its beginning."""
    try:
        words = repr(value)
    except (ValueError, RecursionError):  # thousands of digits or brackets
        return _("what is there")
    return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: what may have been meant, else what there is."""
    known = list(known)
    close = difflib.get_close_matches(str(word)[:LONGEST_QUOTE], known, n=1, cutoff=0.6)
    if close:
        return _("; did you mean {word}?", word=close[0])
    return _(" (there is {known})", known=", ".join(known)) if 0 < len(known) <= 12 else ""


def _in_one_line(what: str, problems: Sequence[str]) -> str:
    return f"{what}: " + "; ".join(problems) + "."


def _later(first: T | None, then: T | None) -> T | None:
    return first if then is None else then
