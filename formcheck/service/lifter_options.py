"""What an analysis takes from a lifter's profile: height, depth target, an earlier injury and the neutral back."""

from __future__ import annotations

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
    if {"lower_deg", "upper_deg"} <= lifter.neutral_back.keys():
        known = {field.name for field in fields(Baseline)}
        told["baseline"] = Baseline(**{name: value for name, value in lifter.neutral_back.items() if name in known})
    return told
