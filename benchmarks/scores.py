"""Scores of a benchmark: pairing found with labelled repetitions, F1, separation of two groups, Markdown tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Instants = tuple[float, float]
"""Bottom and top of one repetition, seconds."""


@dataclass(frozen=True)
class Counts:
    """Hits, false alarms and misses."""

    hits: int
    found: int
    labelled: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.found + other.found, self.labelled + other.labelled)

    @property
    def f1(self) -> float:
        """2 hits / (found + labelled); NaN where there was nothing to find and nothing was found."""
        total = self.found + self.labelled
        return 2.0 * self.hits / total if total else math.nan


def pair_up(found: Sequence[Instants], labelled: Sequence[Instants]) -> list[tuple[int, int]]:
    """Index pairs (found, labelled) that are closest together, each used once.

    Two repetitions can be the same one when each one's bottom comes before the other's top.
    """
    candidates = sorted(
        (abs(f[0] - w[0]) + abs(f[1] - w[1]), i, k)
        for i, f in enumerate(found)
        for k, w in enumerate(labelled)
        if f[0] < w[1] and w[0] < f[1]
    )
    pairs: list[tuple[int, int]] = []
    for _, i, k in candidates:
        if all(i != one and k != other for one, other in pairs):
            pairs.append((i, k))
    return sorted(pairs)


def count_reps(found: Sequence[Instants], labelled: Sequence[Instants], tolerance_s: float) -> Counts:
    """A hit is a repetition whose bottom and top both are within the tolerance of its label."""
    hits = sum(
        all(is_within(a, b, tolerance_s) for a, b in zip(found[i], labelled[k], strict=True))
        for i, k in pair_up(found, labelled)
    )
    return Counts(hits, len(found), len(labelled))


def is_within(found_s: float, labelled_s: float, tolerance_s: float) -> bool:
    """Whether two instants differ by no more than the tolerance; the rounding of decimal labels does not count."""
    return abs(found_s - labelled_s) <= tolerance_s + 1e-6


def source_of(name: str) -> str:
    """Who a clip is from: its name before the first two underscores."""
    return name.split("__")[0]


def instant_errors(found: Sequence[Instants], labelled: Sequence[Instants]) -> tuple[list[float], list[float]]:
    """Found minus labelled, seconds: bottoms and tops of the repetitions that could be paired."""
    pairs = pair_up(found, labelled)
    return [found[i][0] - labelled[k][0] for i, k in pairs], [found[i][1] - labelled[k][1] for i, k in pairs]


def labelled_reps(bottoms_s: Iterable[float], tops_s: Iterable[float]) -> list[Instants]:
    """Every bottom that is followed by a top before the next bottom."""
    marks = sorted([(time_s, False) for time_s in bottoms_s] + [(time_s, True) for time_s in tops_s])
    return [(bottom, top) for (bottom, first), (top, second) in itertools.pairwise(marks) if not first and second]


def separation(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Area under the ROC curve: how often a value of the first group exceeds one of the second; ties count half."""
    if not higher or not lower:
        return math.nan
    wins = sum((a > b) + 0.5 * (a == b) for a in higher for b in lower)
    return wins / (len(higher) * len(lower))


def mean_over_groups(values: Iterable[tuple[str, float]]) -> float:
    """Mean of the groups' means, NaN left out: a lifter with many clips counts once."""
    groups: dict[str, list[float]] = {}
    for group, value in values:
        if not math.isnan(value):
            groups.setdefault(group, []).append(value)
    if not groups:
        return math.nan
    return sum(sum(members) / len(members) for members in groups.values()) / len(groups)


def median(values: Iterable[float]) -> float:
    """Median; NaN when there are no values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share (0..1) of the values do not exceed; NaN when there are none."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def number(value: float, digits: int = 0, unit: str = "") -> str:
    """A number for a table; a dash for NaN."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}{unit}"


def percent(share: float) -> str:
    """A share 0..1 as a percentage; a dash for NaN."""
    return number(100.0 * share, 0, " %")


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table whose first ``left`` columns are aligned to the left, the others to the right; readable as text too."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def text(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join(
        "-" * (width + 2) if column < left else "-" * (width + 1) + ":" for column, width in enumerate(widths)
    )
    return "\n".join([text(lines[0]), rule + "|", *(text(line) for line in lines[1:])])
