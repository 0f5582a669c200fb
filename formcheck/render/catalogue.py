"""The catalogue of checks as text: what is judged, by which limits, how it is measured, where the numbers come from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from formcheck.core import words
from formcheck.core.errors import UsageError
from formcheck.core.verdicts import FAULT, ViewName
from formcheck.core.words import N_, WordTable, _
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.exercises.framework.check import (
    ANY_VIEW,
    FAULT_MARGIN,
    FRONT_OR_REAR,
    REPS_FOR_SET_FAULT,
    SIDE,
    SIDE_OR_OBLIQUE,
    WATCH_MARGIN,
    Check,
)
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.shared.back import ROUNDING_FAULT_MARGIN
from formcheck.judging.settings import did_you_mean

Entry = tuple[Exercise, Check]

MARKDOWN_WIDTH = 120

NEVER = N_("never")

VIEW_WORDS = WordTable(
    {
        SIDE: N_("side"),
        SIDE_OR_OBLIQUE: N_("side or at an angle"),
        FRONT_OR_REAR: N_("front or rear"),
        frozenset({ViewName.FRONT}): N_("front"),
        frozenset({ViewName.REAR}): N_("rear"),
        ANY_VIEW: N_("any"),
    }
)


def checks_of(exercise: str | None = None) -> list[Entry]:
    """All checks of a lift, or of all lifts.

    Raises
    ------
    UsageError : there is no such lift.
    """
    if exercise is None:
        return [(lift, check) for lift in EXERCISES for check in lift.checks]
    lift = exercise_named(exercise)
    if lift is None:
        meant = did_you_mean(exercise, [known.name for known in EXERCISES])
        raise UsageError(_("There is no exercise '{exercise}'", exercise=exercise) + (meant or "."))
    return [(lift, check) for check in lift.checks]


def find_checks(name: str) -> list[Entry]:
    """Checks of that name: ``deadlift/back-rounding``, or ``back-rounding`` in every lift that has it.

    Raises
    ------
    UsageError : there is none.
    """
    found = [(lift, check) for lift, check in checks_of() if name in (check.id, full_name(lift, check))]
    if not found:
        entries = checks_of()
        known = [check.id for _, check in entries] if "/" not in name else [full_name(*entry) for entry in entries]
        meant = did_you_mean(name, dict.fromkeys(known))
        raise UsageError(_("There is no check '{name}'{meant} See formcheck checks.", name=name, meant=meant or "."))
    return found


def full_name(lift: Exercise, check: Check) -> str:
    """The name by which a check is unique, such as ``deadlift/back-rounding``."""
    return f"{lift.name}/{check.id}"


def how_measured(check: Check) -> str:
    """How a check is measured; empty where nothing is written down about it."""
    return check.how or check.measure.how


def view_words(check: Check) -> str:
    """From where it must be filmed."""
    return VIEW_WORDS.get(check.views) or ", ".join(sorted(check.views))


def limit_words(check: Check) -> tuple[str, str]:
    """From which value on it is "watch" and "fault"; "never" for what is at worst something to watch."""
    watch, fault = (
        _("above {limit}", limit=number(limit, check.unit))
        if check.more_is_worse
        else _("below {limit}", limit=number(limit, check.unit))
        for limit in (check.watch, check.fault)
    )
    return watch, fault if check.worst == FAULT else _(NEVER)


def number(value: float, unit: str) -> str:
    """A limit as people write it."""
    text = words.number(value, ".3g").replace("-", "−")
    return f"{text}°" if unit == "deg" else f"{text} {unit}".rstrip()


def explanation(lift: Exercise, check: Check) -> list[tuple[str, str]]:
    """Everything that a coach wants to know about a check, as (heading, text)."""
    watch, fault = limit_words(check)
    parts = [
        (_("Why it matters"), check.why),
        (_("How it is measured"), how_measured(check)),
        (_("Watch"), watch),
        (_("Fault"), _("never: no more than a hint") if fault == _(NEVER) else fault),
        (_("Variants"), variant_words(lift, check)),
        (_("Film from"), view_words(check)),
        (_("What to try"), check.cue),
        (_("Where the limits come from"), check.source),
        (_("Confidence in them"), check.confidence),
        (_("Change them"), _("[{key}] in a settings file, see docs/settings.md", key=f"checks.{lift.name}.{check.id}")),
    ]
    return [(heading, text) for heading, text in parts if text]


def variant_words(lift: Exercise, check: Check) -> str:
    """Where a variant of the lift is judged otherwise; empty when none is."""
    words = []
    for variant in lift.variants:
        if check.id in variant.leaves_out:
            words.append(_("{variant}: not judged", variant=variant.title))
        elif check.id in variant.limits:
            watch, fault = (number(limit, check.unit) for limit in variant.limits[check.id])
            words.append(f"{variant.title}: {watch} / {fault}")
    return "; ".join(words)


# --- docs/checks.md ------------------------------------------------------------------------------------------------


def checks_markdown() -> str:
    """The text of docs/checks.md."""
    lines = [
        "<!-- Made by `make checks-doc` from the checks themselves: change them, not this file. -->",
        "# What FormCheck checks",
        "",
        "Every check compares one measured value of each repetition with two limits. Most limits are provisional: the "
        "literature describes faults in words and rarely gives numbers. `formcheck checks` lists this on the terminal, "
        "`formcheck explain back-rounding` shows one check, and a [settings file](settings.md) changes limits or "
        "switches checks off.",
        "",
        f"- **Watch**: the value exceeds its watch limit by more than {WATCH_MARGIN:g} times its own standard error.",
        f"- **Fault**: it exceeds its fault limit by more than {FAULT_MARGIN:g} times its own standard error, of the "
        f"back by more than {ROUNDING_FAULT_MARGIN:g} times. For the whole set that takes {REPS_FOR_SET_FAULT} "
        "repetitions, or the only one of a single.",
        "- **Not measured**: filmed from elsewhere, hidden, or not seen clearly; the report gives the reason.",
    ]
    for lift in EXERCISES:
        lines += ["", f"## {lift.title}", "", *_table(lift)]
        if lift.variants:
            lines += ["", "Variants, and how they are recognised; `--variant` names one:", ""]
            lines += [f"- {each.title} (`{each.name}`): {each.recognised_by}" for each in lift.variants]
        for check in lift.checks:
            lines += ["", f"### {check.title}", "", f"`{full_name(lift, check)}`: {check.why}", ""]
            told = dict(explanation(lift, check))
            shown = ("How it is measured", "Variants", "What to try", "Where the limits come from")
            lines += [f"- {heading}: {told[heading]}" for heading in shown if heading in told]
    return "\n".join(_wrapped(line) for line in lines) + "\n"


def _wrapped(line: str) -> str:
    """Paragraphs and list items in lines that can be read in the source as well."""
    if line.startswith(("|", "#", "<!--")):
        return line
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, MARKDOWN_WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _table(lift: Exercise) -> list[str]:
    rows = [("Check", "Watch", "Fault", "Film from", "Confidence")]
    rows += [(check.title, *limit_words(check), view_words(check), check.confidence) for check in lift.checks]
    return markdown_table(rows)


def markdown_table(rows: Sequence[Iterable[str]]) -> list[str]:
    """A table whose columns line up in the source as well; the first row holds the headings."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

    return [line(cells[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, cells[1:])]
