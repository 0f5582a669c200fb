"""Options that several commands share, and what people may write in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from formcheck.core.errors import UsageError
from formcheck.core.words import _

CM_PER_FOOT, CM_PER_INCH = 30.48, 2.54


AUTO = "auto"

ExerciseOption = Annotated[
    str,
    typer.Option(
        "--exercise",
        "-e",
        metavar="EXERCISE",
        help="The lift, by its name in formcheck checks; auto recognises it.",
    ),
]
"""Which lift a video or a camera shows; `lift_or_auto` takes what it gives."""

OnlyExerciseOption = Annotated[str | None, typer.Option("--exercise", "-e", metavar="EXERCISE", help="Only this lift.")]
"""Which lift's sets are meant; None = those of all lifts. `lift_name` takes what it gives."""

TodaysExerciseOption = Annotated[
    str | None,
    typer.Option(
        "--exercise", "-e", "--lift", metavar="EXERCISE", help="Today's lift, by its name in formcheck checks."
    ),
]
"""Which lift is prepared for; None = the first one that is registered. `lift_name` takes what it gives."""

VariantOption = Annotated[
    str,
    typer.Option(
        "--variant",
        metavar="NAME",
        help="Variant of the lift, such as sumo, romanian, overhead, front; auto recognises it.",
    ),
]
LoadOption = Annotated[
    str | None, typer.Option("--load", metavar="WEIGHT", help="The weight on the bar, such as 100kg or 225lb.")
]
NotesOption = Annotated[str, typer.Option("--notes", metavar="TEXT", help="Notes for report and history.")]
SettingsOption = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Your own limits and preferences, in TOML.")
]
PresetOption = Annotated[
    list[str] | None, typer.Option("--preset", metavar="NAME", help="Use a preset; can be repeated.")
]
HeightOption = Annotated[
    str | None,
    typer.Option("--height", metavar="HEIGHT", help="The lifter's height, such as 178cm, for velocity in m/s."),
]
ExportOption = Annotated[
    list[str] | None,
    typer.Option("--export", metavar="FORMAT", help="Write this format too, such as trc; can be repeated."),
]
ModelOption = Annotated[
    str, typer.Option("--model", "-m", metavar="MODEL", help="Pose model: lite, full, heavy or a .task file.")
]
BackendOption = Annotated[
    str,
    typer.Option("--backend", metavar="NAME", help="What runs the pose model: auto, openvino (faster) or mediapipe."),
]
EveryFrameOption = Annotated[
    bool, typer.Option("--every-frame", help="Look at every frame, not only at as many as the movement needs.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def chosen_exports(also: Sequence[str] | None, *, video: bool) -> tuple[str, ...]:
    """Names of the formats to write: the usual ones and ``also``, the annotated video only where it is wanted.

    Raises
    ------
    UsageError : there is no such format.
    """
    from formcheck.render.exports import find_exports, usual_exports

    named = [name.strip().lower() for name in also or ()]
    return tuple(each.name for each in find_exports([*usual_exports(), *named]) if video or not each.from_video)


INCHES = (50.0, 90.0)
"""A bare number in here is a height in inches rather than in centimetres."""


def parse_height_cm(text: str | None) -> float | None:
    """Centimetres from what people write: 178, 178cm, 1.78m, 5'10. `UsageError` for anything else."""
    if text is None:
        return None
    from formcheck.judging.settings import HEIGHT_RANGE_CM

    number = r"(\d+(?:[.,]\d+)?)"
    if match := re.fullmatch(rf"\s*{number}\s*(cm|m)?\s*", text, re.IGNORECASE):
        height_cm = float(match[1].replace(",", ".")) * (100.0 if (match[2] or "").lower() == "m" else 1.0)
        if match[2] is None and INCHES[0] <= height_cm <= INCHES[1]:
            raise UsageError(
                _(
                    "--height {height!r} looks like inches: write it like 5'10, or with its unit like 178cm.",
                    height=text,
                )
            )
    elif match := re.fullmatch(rf"""\s*(\d)\s*(?:'|ft)\s*(?:{number}\s*(?:"|''|in)?)?\s*""", text, re.IGNORECASE):
        height_cm = int(match[1]) * CM_PER_FOOT + float((match[2] or "0").replace(",", ".")) * CM_PER_INCH
    else:
        raise UsageError(_("--height {height!r} is not a height: write it like 178cm, 1.78m or 5'10.", height=text))
    lowest, highest = HEIGHT_RANGE_CM
    if not lowest <= height_cm <= highest:
        raise UsageError(
            _(
                "--height {height!r} must be between {lowest:g} and {highest:g} cm.",
                height=text,
                lowest=lowest,
                highest=highest,
            )
        )
    return round(height_cm, 1)


def lift_or_auto(name: str) -> str:
    """The name of a lift as it is registered, or "auto"; `UsageError` for any other."""
    return AUTO if name.strip().lower() == AUTO else lift_name(name)


def lift_name(name: str) -> str:
    """The name of a lift as it is registered, however it was capitalised; `UsageError` for any other."""
    # Not at the top: lifts load numerical libraries, which ``formcheck --help`` does without.
    from formcheck.exercises import known_exercise

    return known_exercise(name.strip().lower()).name


def known_variant(exercise: str, name: str) -> str:
    """A variant's name as FormCheck writes it.

    Raises
    ------
    UsageError : the lift has no such variant.
    """
    name = name.strip().lower()
    if name != "auto":
        from formcheck.judging.analysis import exercise_of_variant

        exercise_of_variant(exercise, name)
    return name


def known_person(name: str) -> str:
    """The person to follow, by the name that an option gave.

    Raises
    ------
    UsageError : there is no such choice.
    """
    from formcheck.vision.tracking import person_named

    return person_named(name).value
