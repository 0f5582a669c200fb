"""Where a warm-up stands: which drill, how many of its repetitions were good, which ramp set."""

from __future__ import annotations

from dataclasses import dataclass, replace

from formcheck.core.words import _
from formcheck.judging.report import Report
from formcheck.live import warm_up
from formcheck.live.warm_up import DrillResult, after_ramp_set, baseline_of, judge_drill
from formcheck.motion.neutral import Baseline


@dataclass(frozen=True)
class DrillStep:
    """What an analysis brought: the drill is passed, with these words; or a cue or a number to call out."""

    passed: str = ""
    cue: str = ""
    count: str = ""
    baseline: Baseline | None = None


class WarmUpProgress:
    """Goes through the stages of `warm_up.STAGES`; without a warm-up it has no stage and never drills."""

    def __init__(self, wanted: bool) -> None:
        self._stage = warm_up.STAND if wanted else ""
        self._result: DrillResult | None = None
        self._ramp_set = 0

    @property
    def drilling(self) -> bool:
        """A drill is under way, not a set."""
        return self._stage not in ("", warm_up.RAMP)

    @property
    def ramping(self) -> bool:
        """The sets are ramp sets."""
        return self._stage == warm_up.RAMP

    @property
    def lift(self) -> str | None:
        """The lift that this drill is judged as, None where it is none or no drill is under way."""
        return warm_up.LIFT_OF_STAGE.get(self._stage)

    @property
    def reps(self) -> int | None:
        """Repetitions in this drill, None before its first analysis."""
        return None if self._result is None else self._result.reps

    @property
    def shown(self) -> DrillResult | None:
        """Stage and result for the page, None outside a warm-up."""
        if not self._stage:
            return None
        return self._result or DrillResult(self._stage, needed=warm_up.NEEDED.get(self._stage, 0))

    @property
    def text(self) -> str:
        """The drill in words and where it stands; "" outside drills."""
        if not self.drilling:
            return ""
        task, result = _(warm_up.TOLD[self._stage]), self._result
        if result is None or not result.reps:
            return task
        stands = (
            _("not yet: {cue}", cue=result.cue)
            if result.cue
            else _("{good} of {needed} good", good=result.good, needed=result.needed)
        )
        return f"{task} ({stands})"

    def take(self, report: Report, now_s: float, *, moving: bool) -> DrillStep:
        """Judge the drill from the analysis of what was seen of it so far."""
        if self._stage == warm_up.STAND:
            found = baseline_of(report)
            if found is None or moving:
                return DrillStep()
            return DrillStep(passed=_("Got your neutral back"), baseline=replace(found, uncertainty_deg=0.0))
        before = self._result
        self._result = judge_drill(self._stage, report, now_s)
        if self._result.passed:
            return DrillStep(passed=_("Pass"))
        if before is not None and self._result.reps > before.reps:
            return DrillStep(cue=self._result.cue) if self._result.cue else DrillStep(count=str(self._result.good))
        return DrillStep()

    def next_stage(self) -> str:
        """Go on to the next stage; returns what to do in it."""
        stages = warm_up.STAGES
        self._stage = stages[stages.index(self._stage) + 1]
        self._result = None
        if self._stage in warm_up.TOLD:
            return _(warm_up.TOLD[self._stage])
        return _("Now {n} ramp sets: start light", n=warm_up.RAMP_SETS)

    def ramp_set_done(self, report: Report) -> str:
        """One more ramp set is over; returns what to do next."""
        self._ramp_set += 1
        return after_ramp_set(report, self._ramp_set)
