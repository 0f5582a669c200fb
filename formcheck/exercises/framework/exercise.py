"""What an exercise is: how it is recognised, where its instants are, what is measured and judged, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from formcheck.core.words import ENGLISH, N_, in_sentence, language, translated
from formcheck.exercises.framework.check import Check, Measurement
from formcheck.exercises.framework.cycle_features import CycleFeatures, least
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.variant import Variant
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals
from formcheck.motion.standing import CAME_UP

VOWELS = "aeiou"

BENT_DEG = 45.0
"""Hips and knees that are both still bent by this much at the top: nobody stands like that."""

STRAIGHT_KNEES_DEG, STRAIGHT_HIPS_DEG, UPRIGHT_DEG = 20.0, 25.0, 15.0
"""Hips, knees and trunk of somebody who stands."""


@dataclass(frozen=True)
class Rep:
    """One repetition with its named instants, as sample indices into the signals.

    ``start`` <= ``bottom`` <= ``top`` <= ``end``. ``lift_off`` is the last sample before the ascent and
    ``lockout`` the first one at the top. ``partial`` is True when the ascent ends clearly short of standing.
    """

    cycle: Cycle
    start: int
    bottom: int
    lift_off: int
    lockout: int
    top: int
    end: int
    partial: bool = False

    @property
    def top_to(self) -> int:
        """Last sample of the rest at the top within this repetition, ``lockout`` at least."""
        return max(self.lockout, min(self.cycle.top_to, self.end))


def ends_short(signals: Signals, cycle: Cycle) -> bool:
    """True when the lifter does not come up to standing, or was not seen on the way there: a partial repetition.

    Standing is a body that is straight, whatever its height in the picture, as a hand-held camera moves that. Where the
    joints were not seen straight the shoulders must reach `CAME_UP` of their standing height.
    """
    top = slice(cycle.top_from, cycle.top_to + 1)
    knees, hips = least(signals.knee_flexion_deg[top]), least(signals.hip_flexion_deg[top])
    lean = least(np.abs(signals.trunk_lean_deg[top]))
    straight = knees <= STRAIGHT_KNEES_DEG and hips <= STRAIGHT_HIPS_DEG and lean <= UPRIGHT_DEG
    return cycle.half_seen or (bool(signals.shoulder_height[cycle.top] < CAME_UP) and not straight)


def stays_bent(signals: Signals, cycle: Cycle) -> bool:
    """True when hips and knees are both still bent at the top: of pulses, at whose top the lifter does not stand.

    Means something only where no plate hides the legs.
    """
    top = slice(cycle.top_from, cycle.top_to + 1)
    return least(signals.knee_flexion_deg[top]) >= BENT_DEG and least(signals.hip_flexion_deg[top]) >= BENT_DEG


def no_instants(signals: Signals, rep: Rep) -> dict[str, int]:
    """A lift without instants of its own."""
    return {}


class TrackedPoint(StrEnum):
    """The joints that are followed for velocity and path because they carry the load."""

    HANDS = "hands"
    SHOULDERS = "shoulders"


def around_the_bottom(signals: Signals, rep: Rep) -> tuple[int, int]:
    """First and last sample of the rest at the bottom."""
    return rep.cycle.bottom_from, rep.cycle.bottom_to


@dataclass(frozen=True)
class TrackedPath:
    """What is followed for velocity and path, and how it should travel.

    Attributes
    ----------
    point : the joints that carry the load.
    is_vertical : True where the load should go straight up and down, so that straying from the vertical is worth a
        word; False where it travels on an arc.
    is_thrown : True where it flies up at the end of each repetition: one in which it stays down fetches it or puts
        it away.
    has_plate : True where the near plate of a bar on long arms can be followed in the picture (``--plate``).
    """

    point: TrackedPoint
    is_vertical: bool = True
    is_thrown: bool = False
    has_plate: bool = False


BAR_IN_HANDS = TrackedPath(TrackedPoint.HANDS, has_plate=True)
BAR_ON_SHOULDERS = TrackedPath(TrackedPoint.SHOULDERS)
SWUNG_BELL = TrackedPath(TrackedPoint.HANDS, is_vertical=False, is_thrown=True)


class Pattern(StrEnum):
    """The movement pattern of a lift: it says which unloaded moves prepare for it."""

    HINGE = "hinge"
    SQUAT = "squat"
    SWING = "swing"
    OTHER = "other"
    """None of these: the warm-up is a general one."""


@dataclass(frozen=True)
class RampSet:
    """A lighter set before the work sets; ``percent`` of today's load, 0 = a light weight of any kind."""

    percent: int
    reps: int


BAR_RAMP = (RampSet(40, 5), RampSet(60, 3), RampSet(80, 2))
BELL_RAMP = (RampSet(0, 10),)

RAMPS: dict[LoadKind, tuple[RampSet, ...]] = {LoadKind.BAR: BAR_RAMP, LoadKind.BELL: BELL_RAMP, LoadKind.NONE: ()}
"""By kind of load, for lifts that do not say otherwise."""


@dataclass(frozen=True)
class WarmUp:
    """How a lifter prepares for a lift.

    Attributes
    ----------
    pattern : which unloaded moves come first; `formcheck.guidance.tables` knows them.
    ramp : the lighter sets that follow; None = those usual for the kind of load.
    """

    pattern: Pattern = Pattern.OTHER
    ramp: tuple[RampSet, ...] | None = None


@translated("name", "instruction")
@dataclass(frozen=True)
class LiveDrill:
    """The lift without load, or with next to none, as a drill of the live warm-up.

    Attributes
    ----------
    stage : its stable name among the stages of the warm-up.
    name : in a list of the drills, such as "light swing".
    instruction : what is called out when it begins.
    reps_needed : this many good repetitions in a row pass it.
    """

    stage: str
    name: str
    instruction: str
    reps_needed: int = 3


@translated("short_title", "noun", "plural", "reps", "concentric_from", "concentric_to")
@dataclass(frozen=True)
class Words:
    """What a lift and its phases are called in sentences; what is left empty follows from the lift's title.

    Attributes
    ----------
    short_title : where all lifts stand side by side, such as "Swing".
    noun, plural : in the middle of a sentence: "kettlebell swing", "kettlebell swings".
    reps : several repetitions of it: "reps", "swings".
    concentric_from, concentric_to : the instants between which the load goes up, as on a plot of its duration.
    """

    short_title: str = ""
    noun: str = ""
    plural: str = ""
    reps: str = N_("reps")
    concentric_from: str = N_("the bottom")
    concentric_to: str = N_("the top")


@translated("source")
@dataclass(frozen=True)
class VelocityAtMax:
    """Mean concentric velocity of a single repetition at most effort: its mean and standard deviation over lifters."""

    m_per_s: tuple[float, float]
    source: str


@translated("title")
@dataclass(frozen=True)
class Exercise:
    """A lift: everything that FormCheck knows about it, registered once in `formcheck.exercises`.

    Attributes
    ----------
    name, title : stable name, as in reports and on the command line, and a few words for people.
    similarity : how much a cycle looks like a repetition of this lift, 0..1.
    rep : the repetition that a cycle is.
    measure : everything measured on one repetition, by name; names end in the unit.
    measures : what is measured beside the measures of the checks.
    checks : what is judged, most important first; the back leads.
    from_floor : True when the load lies on the floor before and after, so that a lifter may stand up without it.
    path : what is followed for velocity and path, and how it should travel.
    lowers_first : True when a repetition begins at the top and the descent belongs before the ascent.
    load : what kind of load it is; a variant may say otherwise.
    variants : ways of doing it that are judged differently; see `formcheck.exercises.framework.variant`.
    instants : samples of the instants of a repetition that only this lift has, by name ending in "_s".
    warm_up : how a lifter prepares for it.
    live_drill : the lift as a drill of the live warm-up; None = it is not one.
    words : what it is called in sentences.
    back_phase : first and last sample of the phase in which the back is judged.
    velocity_at_1rm : of a lift that is tested by a single repetition; None = it is not, and has no estimated 1RM.
    """

    name: str
    title: str
    similarity: Callable[[CycleFeatures], float]
    rep: Callable[[Signals, Cycle], Rep]
    measure: Callable[[Signals, Rep], dict[str, Measurement]]
    checks: tuple[Check, ...]
    from_floor: bool = False
    path: TrackedPath = BAR_IN_HANDS
    lowers_first: bool = False
    load: LoadKind = LoadKind.BAR
    variants: tuple[Variant, ...] = ()
    instants: Callable[[Signals, Rep], dict[str, int]] = no_instants
    measures: tuple[Measure, ...] = ()
    warm_up: WarmUp = WarmUp()
    live_drill: LiveDrill | None = None
    words: Words = Words()
    back_phase: Callable[[Signals, Rep], tuple[int, int]] = around_the_bottom
    velocity_at_1rm: VelocityAtMax | None = None

    @property
    def short_title(self) -> str:
        """The title where all lifts stand side by side."""
        return self.words.short_title or self.title

    @property
    def noun(self) -> str:
        """The lift in the middle of a sentence."""
        return self.words.noun or in_sentence(self.title)

    @property
    def a_noun(self) -> str:
        """The lift in the middle of a sentence, with its article in English; others have cases, and word it without."""
        if language() != ENGLISH:
            return self.noun
        return f"{'an' if self.noun[0].lower() in VOWELS else 'a'} {self.noun}"

    @property
    def plural(self) -> str:
        """Several sets of the lift in the middle of a sentence."""
        return self.words.plural or (f"{self.noun}s" if language() == ENGLISH else self.noun)

    @property
    def ramp(self) -> tuple[RampSet, ...]:
        """The lighter sets before the work sets."""
        return RAMPS[self.load] if self.warm_up.ramp is None else self.warm_up.ramp

    @property
    def all_measures(self) -> tuple[Measure, ...]:
        """Everything that is measured, each once."""
        return tuple(dict.fromkeys([*self.measures, *(check.measure for check in self.checks)]))

    def judges(self, measure: str) -> bool:
        """True when one of the checks judges that measure."""
        return any(check.measure.name == measure for check in self.checks)

    def variant_named(self, name: str) -> Variant | None:
        """The variant of that name, None when the lift has no such variant."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def load_of(self, variant: str) -> LoadKind:
        """The kind of load in that variant, which may be unknown."""
        known = self.variant_named(variant)
        return self.load if known is None or known.load is None else known.load
