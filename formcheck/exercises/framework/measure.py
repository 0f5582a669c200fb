"""What is measured on a repetition: one record for each measure, defined beside the code that measures it."""

from __future__ import annotations

from dataclasses import dataclass

from formcheck.core.words import translated

DEG = "deg"


@translated("title", "unit", "how", "column")
@dataclass(frozen=True)
class Measure:
    """One thing that is measured on a repetition.

    Attributes
    ----------
    name : stable name, as in report.json and reps.csv; ends in its unit.
    title : a few words for people.
    unit : "deg", or words that read well behind a number; "" for a plain ratio.
    how : how it is measured and which sign it has, one or two sentences for a coach.
    column : heading in the short table of repetitions; empty = it is not in there.
    signed : True where both signs occur and mean something, so that a plus is written as well.
    """

    name: str
    title: str
    unit: str
    how: str
    column: str = ""
    signed: bool = False


def unknown_measure(name: str) -> Measure:
    """A measure that no lift has declared: shown by its name, without a unit."""
    return Measure(name, name.replace("_", " ").capitalize(), "", "")
