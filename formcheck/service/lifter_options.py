"""What an analysis takes from a lifter's profile: height, depth target, an earlier injury and the neutral back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from formcheck.judging.settings import Settings, merge
from formcheck.motion.neutral import Baseline
from formcheck.storage.history import Lifter


def options_of_lifter(lifter: Lifter | None, form: Settings | None) -> dict[str, Any]:
    """What the analysis is told of a lifter's profile, as arguments of `analyze`; the user's settings come first."""
    form = form or Settings()
    if lifter is None:
        return {"settings": form} if form.to_dict() else {}
    profile = Settings(
        height_cm=lifter.height_cm,
        earlier_back_injury=True if lifter.back_injury else None,
        depth_target=lifter.depth_target_thighs,
    )
    told: dict[str, Any] = {"settings": merge(profile, form)}
    if is_neutral(lifter.neutral_back):
        told["baseline"] = neutral_of(lifter.neutral_back)
    return told


def is_neutral(values: Mapping[str, float]) -> bool:
    """Whether a neutral back was kept."""
    return {"lower_deg", "upper_deg"} <= values.keys()


def neutral_of(values: Mapping[str, float]) -> Baseline:
    """The neutral back of another day from what the history keeps of it."""
    known = {field.name for field in fields(Baseline)}
    return Baseline(**{name: value for name, value in values.items() if name in known})
