"""The catalogue of checks as text: what is judged, by which limits, how it is measured, where the numbers come from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from formcheck.core.errors import UsageError
from formcheck.core.verdicts import FAULT, ViewName
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
from formcheck.judging.settings import did_you_mean

Entry = tuple[Exercise, Check]

MARKDOWN_WIDTH = 120

VIEW_WORDS = {
    SIDE: "side",
    SIDE_OR_OBLIQUE: "side or at an angle",
    FRONT_OR_REAR: "front or rear",
    frozenset({ViewName.FRONT}): "front",
    frozenset({ViewName.REAR}): "rear",
    ANY_VIEW: "any",
}

HOW_MEASURED = {
    "back_rounding_deg": (
        "The turning of the back's outline between hip and shoulder, from the mask of the lifter, against the lifter's "
        "own neutral: positive is rounded, negative hollow."
    ),
    "back_rounding_growth_deg": (
        "Back rounding when the hands pass the knees minus that in the last moments before lift-off; the neutral drops "
        "out of the difference."
    ),
    "butt_wink_deg": (
        "Back rounding at the bottom minus that before the last fifth of the way down. A hollow back that only becomes "
        "flat does not count."
    ),
    "hip_flexion_top_deg": "Bend of the hip (shoulder, hip, knee) at its straightest at the top; 0 is straight.",
    "knee_flexion_top_deg": "Bend of the knee (hip, knee, ankle) at its straightest at the top; 0 is straight.",
    "elbow_flexion_max_deg": (
        "Bend of the elbow (shoulder, elbow, wrist) on the way up, held for a tenth of a second; 0 is straight."
    ),
    "hip_flexion_at_arm_lift_deg": (
        "Bend of the hips at the moment when the arms have come 20° away from where they were closest to the trunk."
    ),
    "hip_to_knee_rom_ratio": "How far the hips open from bottom to top, divided by how far the knees do.",
    "depth_thighs": (
        "Height of the hips above the knees at the bottom, in lengths of the lifter's own thigh; 0 is parallel, "
        "negative below."
    ),
    "lean_over_shank_deg": "Lean of the trunk minus lean of the shin, both from the vertical, at the bottom.",
    "trunk_lean_gain_deg": (
        "How much further the trunk leans early on the way up than when the way up began: hips that rise before the "
        "chest tip it forward."
    ),
    "set_up_hips_thighs": (
        "Height of the hips above the knees just before the shoulders rise, in lengths of a usual thigh; 0 is level."
    ),
    "knee_bend_gain_deg": "Bend of the knee at the bottom minus that at the top.",
    "bar_ahead_foot_lengths": (
        "How far the hands, for the bar, are in front of the middle of the foot between floor and knees, in lengths of "
        "a usual foot."
    ),
    "knee_rebend_deg": "How far the knees bend again between the moment when the hands pass them and the lockout.",
    "bar_drop_heights": (
        "How far the hands sink again above the knees before the lockout, as a share of the standing height from "
        "ankles to shoulders."
    ),
    "heel_rise_foot_lengths": (
        "How far the heel leaves the floor for at least 0.15 s, against where it is at the top, in lengths of a usual "
        "foot."
    ),
    "shoulder_tilt_change_deg": "How much the line of the shoulders tilts on the way up against standing.",
    "hip_shift_hip_widths": (
        "How far the hips move sideways over the feet on the way up against standing, in distances of the hip joints."
    ),
    "wrists_below_knees_thighs": "How far the wrists pass below the knees in the backswing, in lengths of a thigh.",
    "shoulders_below_hips_thighs": "How far the shoulders drop below the hips in the backswing, in lengths of a thigh.",
    "hip_flexion_at_fall_deg": "Bend of the hips while the arms are still falling and far from the body.",
    "knee_flexion_bottom_deg": "Bend of the knee (hip, knee, ankle) at the bottom; 0 is straight.",
    "knee_flexion_backswing_deg": "Bend of the knee (hip, knee, ankle) in the backswing; 0 is straight.",
    "knees_ahead_shanks": "How far the knees are in front of the ankles, in lengths of a shin.",
    "hands_above_eyes_heights": (
        "How far the hands rise above the eyes, as a share of the standing height from ankles to shoulders."
    ),
    "bar_off_mid_foot_foot_lengths": (
        "How far the shoulders, for the bar on them, move away from over the middle of the foot, in lengths of a usual "
        "foot."
    ),
    "knee_gap_lost": (
        "Share of the distance between the knees, against that of the ankles, that is lost from standing to the bottom."
    ),
}
"""By measure; a check that says more about itself has its own ``how``."""


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
        raise UsageError(f"There is no exercise '{exercise}'{meant or '.'}")
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
        raise UsageError(f"There is no check '{name}'{meant or '.'} See formcheck checks.")
    return found


def full_name(lift: Exercise, check: Check) -> str:
    """The name by which a check is unique, such as ``deadlift/back-rounding``."""
    return f"{lift.name}/{check.id}"


def how_measured(check: Check) -> str:
    """How a check is measured; empty where nothing is written down about it."""
    return check.how or HOW_MEASURED.get(check.measure, "")


def view_words(check: Check) -> str:
    """From where it must be filmed."""
    return VIEW_WORDS.get(check.views) or ", ".join(sorted(check.views))


def limit_words(check: Check) -> tuple[str, str]:
    """From which value on it is "watch" and "fault"; "never" for what is at worst something to watch."""
    sign = "above" if check.more_is_worse else "below"
    watch = f"{sign} {number(check.watch, check.unit)}"
    return watch, f"{sign} {number(check.fault, check.unit)}" if check.worst == FAULT else "never"


def number(value: float, unit: str) -> str:
    """A limit as people write it."""
    text = f"{value:.3g}".replace("-", "−")
    return f"{text}°" if unit == "deg" else f"{text} {unit}".rstrip()


def explanation(lift: Exercise, check: Check) -> list[tuple[str, str]]:
    """Everything that a coach wants to know about a check, as (heading, text)."""
    watch, fault = limit_words(check)
    parts = [
        ("Why it matters", check.why),
        ("How it is measured", how_measured(check)),
        ("Watch", watch),
        ("Fault", "never: no more than a hint" if fault == "never" else fault),
        ("Variants", variant_words(lift, check)),
        ("Film from", view_words(check)),
        ("What to try", check.cue),
        ("Where the limits come from", check.source),
        ("Confidence in them", check.confidence),
        ("Change them", f"[checks.{lift.name}.{check.id}] in a settings file, see docs/settings.md"),
    ]
    return [(heading, text) for heading, text in parts if text]


def variant_words(lift: Exercise, check: Check) -> str:
    """Where a variant of the lift is judged otherwise; empty when none is."""
    words = []
    for variant in lift.variants:
        if check.id in variant.leaves_out:
            words.append(f"{variant.title}: not judged")
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
        f"- **Fault**: it exceeds its fault limit by more than {FAULT_MARGIN:g} times its own standard error. For the "
        f"whole set that takes {REPS_FOR_SET_FAULT} repetitions, or the only one of a single.",
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
