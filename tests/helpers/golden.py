"""How far a report may be from its stored one: exact words and counts, numbers within a tolerance of their unit.

Filters of another library version, or another processor, change the last digits of a number and now and then move an
instant by a frame. They never turn a measure into nothing, so no tolerance is as wide as half of the stored value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

GOLDEN = Path(__file__).parent.parent / "judging" / "golden"
"""The stored reports."""

FRAME_S = 0.035
"""Synthetic lifters are filmed at 30 frames a second: an instant may move by one frame (and be rounded)."""

TOLERANCES: Mapping[str, float] = {"deg": 0.25, "s": FRAME_S, "ratio": 0.005}
"""By unit. A ratio is any length in body parts, speed in heights a second, share or score between 0 and 1."""

LAST_DIGIT: Mapping[str, float] = {"deg": 0.002, "s": 0.002, "ratio": 0.0002}
"""Reports are rounded: a stored number so small is no more than rounding."""

EXACT = ("limit", "fps")
"""Settings, not measurements."""

UNIT_OF_SYMBOL = {"°": "deg", "deg": "deg", "s": "s"}


def unit_of(name: str, symbol: str | None = None) -> str:
    """deg, s or ratio, from the name of a field (``back_rounding_deg``) or the symbol that stands beside its value."""
    if symbol is not None:
        return UNIT_OF_SYMBOL.get(symbol, "ratio")
    suffix = name.rpartition("_")[2]
    # Velocities end in per_s.
    return suffix if suffix in ("deg", "s") and not name.endswith("_per_s") else "ratio"


def tolerance(kept: float, unit: str) -> float:
    """How far a number may be from the stored one."""
    slack = TOLERANCES[unit]
    return slack if kept == 0.0 else max(min(slack, abs(kept) / 2.0), LAST_DIGIT[unit])


def differences(result: object, kept: object, where: str = "report") -> Iterator[str]:
    """Every place where a report is not the stored one within tolerance, as ``report.reps[0].start_s: ...``."""
    yield from _differences(result, kept, where, "", None)


def _differences(result: object, kept: object, where: str, name: str, symbol: str | None) -> Iterator[str]:
    if isinstance(kept, dict) and isinstance(result, dict):
        if list(result) != list(kept):
            yield f"{where}: {list(result)} instead of {list(kept)}"
            return
        unit = kept.get("unit")
        for key in kept:
            beside = unit if key == "value" and isinstance(unit, str) else None
            yield from _differences(result[key], kept[key], f"{where}.{key}", key, beside)
    elif isinstance(kept, list) and isinstance(result, list):
        if len(result) != len(kept):
            yield f"{where}: {len(result)} entries instead of {len(kept)}"
            return
        for index, (one, other) in enumerate(zip(result, kept, strict=True)):
            yield from _differences(one, other, f"{where}[{index}]", name, symbol)
    elif isinstance(kept, float) and isinstance(result, (int, float)) and not isinstance(result, bool):
        slack = 0.0 if name in EXACT else tolerance(kept, unit_of(name, symbol))
        if not math.isclose(result, kept, rel_tol=0.0, abs_tol=slack):
            yield f"{where}: {result} instead of {kept}, and may differ by {slack:g}"
    elif type(result) is not type(kept) or result != kept:
        yield f"{where}: {result!r} instead of {kept!r}"
