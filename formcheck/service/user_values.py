"""Values as people write them, on the command line and in the cells of a manifest: weights and days."""

from __future__ import annotations

import re
from datetime import date

from formcheck.core.errors import UsageError
from formcheck.core.words import _


def parse_load_kg(text: str | None, unit: str = "kg", what: str = "--load") -> float | None:
    """Kilograms from what people write: 100, 100kg, 102.5 kg, 225lb; ``unit`` is that of a bare number.

    ``what`` is where it was written, for messages.

    Raises
    ------
    UsageError : it is not a weight.
    """
    if text is None:
        return None
    from formcheck.core.loads import HEAVIEST_LOAD_KG, KG_PER_LB

    match = re.fullmatch(r"\s*(\d+(?:[.,]\d{1,2})?)\s*(kgs?|lbs?)?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(_("{what} {text!r} is not a weight: write it like 100kg or 225lb.", what=what, text=text))
    load_kg = float(match[1].replace(",", "."))
    if (match[2] or unit).lower().startswith("lb"):
        load_kg *= KG_PER_LB
    if not 0 < load_kg <= HEAVIEST_LOAD_KG:
        raise UsageError(
            _("{what} {text!r} is not a weight that anybody lifts: write it like 100kg or 225lb.", what=what, text=text)
        )
    return round(load_kg, 3)


def parse_day(text: str | None, what: str = "--date") -> str:
    """A day in ISO form as people write it, empty for None. `UsageError` for anything else, and for days to come."""
    if text is None:
        return ""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(_("{what} {text!r} is not a day: write it like 2026-03-31.", what=what, text=text)) from error
    if day > date.today():
        raise UsageError(_("{what} {text!r} is still to come.", what=what, text=text))
    return day.isoformat()
