"""Which repetition was the best, and which the worst."""

from __future__ import annotations

from collections.abc import Sequence

from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH
from formcheck.exercises.framework.check import Check, Finding


def best_and_worst(
    checks: Sequence[Check], findings: Sequence[Sequence[Finding]], partial: Sequence[bool]
) -> tuple[int | None, int | None]:
    """Repetitions with the least and the most to say about: faults first, then watches, then the first check's value.

    The first check (the back) must have been judged in both: a repetition that could not be seen is not praised. None
    where several are equally good or bad, and no worst one where nothing was found in any.
    """
    if not checks:
        return None, None
    first = checks[0]
    sign = 1.0 if first.more_is_worse else -1.0
    ranks: list[tuple[tuple[int, int, float], int]] = []
    for index, found in enumerate(findings, start=1):
        main = next((each for each in found if each.check == first.id and each.verdict != NOT_MEASURED), None)
        if main is not None and not partial[index - 1]:
            verdicts = [each.verdict for each in found]
            # What is on the good side of the limit is equally good.
            beyond = max(sign * (main.value - first.watch), 0.0)
            ranks.append(((verdicts.count(FAULT), verdicts.count(WATCH), beyond), index))
    if len(ranks) < 2:
        return None, None
    least, most = min(ranks)[0], max(ranks)[0]
    best, worst = ([index for rank, index in ranks if rank == end] for end in (least, most))
    if least == most or most[:2] == (0, 0):
        return None, None
    return best[0] if len(best) == 1 else None, worst[0] if len(worst) == 1 else None
