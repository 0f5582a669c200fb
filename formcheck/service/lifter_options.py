"""What an analysis takes from a lifter's profile: height, depth target, an earlier injury and the neutral back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formcheck.judging.settings import Settings, merge
from formcheck.service.own_neutral import own_reps_of, standing_of
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
    return {"settings": merge(profile, form), **options_of_neutral(lifter.neutral_back)}


def options_of_neutral(neutral_back: Mapping[str, float]) -> dict[str, Any]:
    """A neutral back, as the history keeps it with the lifter, as arguments of `analyze`."""
    standing, own = standing_of(neutral_back), own_reps_of(neutral_back)
    told: dict[str, Any] = {} if standing is None else {"baseline": standing}
    return {**told, "own_reps": own} if own else told
