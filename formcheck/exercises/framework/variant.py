"""Variants of a lift: which checks apply to each, and how the picture tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from formcheck.core.words import translated
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.exercises.framework.load_kind import LoadKind

UNKNOWN = "unknown"
"""Name of the variant of a set that nobody has named and the picture does not tell."""

SHARE_NEEDED = 2 / 3
"""A variant is recognised when at least this share of the repetitions looks like it."""

TURNED_MIN_DEG = 30.0
"""From this yaw on, the distances between feet and between hands can be told; from the side they are a guess."""


def never(_: CycleFeatures) -> bool:
    """For variants that one camera does not tell apart for sure."""
    return False


@translated("title", "recognised_by")
@dataclass(frozen=True)
class Variant:
    """One way of doing a lift.

    Attributes
    ----------
    name, title : stable name, unique within the exercise, and a few words for people.
    looks_like : True when a cycle can only be this variant; False whenever that is not sure.
    recognised_by : in words, by what the picture shows.
    leaves_out : ids of checks that do not apply to it.
    limits : (watch, fault) of checks that are judged by other limits, by id.
    ruled_out : True when a cycle cannot be this variant.
    load : its kind of load where that differs from the lift's own.
    """

    name: str
    title: str
    looks_like: Callable[[CycleFeatures], bool]
    recognised_by: str
    leaves_out: frozenset[str] = frozenset()
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    ruled_out: Callable[[CycleFeatures], bool] = never
    load: LoadKind | None = None


def recognise_variant(cycle_features: Sequence[CycleFeatures], variants: Iterable[Variant]) -> Variant | None:
    """The variant that enough of the repetitions look like; None when there is none."""
    if not cycle_features:
        return None
    for variant in variants:
        if sum(variant.looks_like(features) for features in cycle_features) >= SHARE_NEEDED * len(cycle_features):
            return variant
    return None


def checks_of_variant(checks: Sequence[Check], variant: Variant) -> tuple[Check, ...]:
    """The checks that apply to a variant, with its own limits."""
    return tuple(
        replace(check, watch=variant.limits[check.id][0], fault=variant.limits[check.id][1])
        if check.id in variant.limits
        else check
        for check in checks
        if check.id not in variant.leaves_out
    )


def possible_variants(cycle_features: Sequence[CycleFeatures], variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """The variants that the repetitions do not rule out; all of them when none is left."""

    def possible(variant: Variant) -> bool:
        return sum(variant.ruled_out(features) for features in cycle_features) < SHARE_NEEDED * max(
            1, len(cycle_features)
        )

    return tuple(filter(possible, variants)) or tuple(variants)


def checks_whatever(checks: Sequence[Check], possible: Sequence[Variant]) -> tuple[tuple[Check, ...], frozenset[str]]:
    """What to judge by when several variants are possible.

    Returns
    -------
    The checks that apply to any of them, with the most lenient limits; and the ids of those that do not apply to all,
    which therefore cannot be judged.
    """

    def lenient(check: Check) -> Check:
        pick = max if check.more_is_worse else min
        limits = [variant.limits.get(check.id, (check.watch, check.fault)) for variant in possible]
        return replace(check, watch=pick(watch for watch, _ in limits), fault=pick(fault for _, fault in limits))

    if not possible:
        return tuple(checks), frozenset()
    by_all = frozenset.intersection(*(variant.leaves_out for variant in possible))
    by_some = frozenset.union(*(variant.leaves_out for variant in possible))
    return tuple(lenient(check) for check in checks if check.id not in by_all), by_some - by_all
