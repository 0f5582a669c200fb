"""Loads as people tell and read them: in kilograms or pounds."""

from __future__ import annotations

from formcheck.core.words import number

LOAD_UNITS = ("kg", "lb")
KG_PER_LB = 0.45359237
HEAVIEST_LOAD_KG = 1000.0
"""More than that nobody lifts."""


def in_load_unit(load_kg: float, unit: str) -> float:
    """A load, or a sum of loads, in one of `LOAD_UNITS`."""
    return load_kg / KG_PER_LB if unit == "lb" else load_kg


LOAD_STEPS_KG = {"kg": 2.5, "lb": 5.0 * KG_PER_LB}
"""Lighter sets are rounded to what can be loaded, by the unit of the plates."""


def load_words(load_kg: float, unit: str = LOAD_UNITS[0], *, digits: int = 1, signed: bool = False) -> str:
    """A load as people write it in that unit, such as "102.5 kg" or "225 lb"; ``digits`` after the point at most."""
    amount = number(float(in_load_unit(load_kg, unit)), f"{'+' if signed else ''}.{digits}f")
    amount = amount.removesuffix(".0").removesuffix(",0").replace("-", "−")
    return f"{amount} {unit}"
