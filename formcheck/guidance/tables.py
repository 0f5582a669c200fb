"""The reviewed tables of the guidance: questions, rules, outcomes, moves, routines, what to train, limits, sources.

Everything that a clinician or a coach may want to check or change is in this file; the functions beside it only look
things up. Texts are in `formcheck.guidance.texts`, whose keys follow from the ids here.

A rule holds when every question in ``when`` was answered with one of its choices. The highest level of all rules that
hold is the answer's level, so no rule can hide one of a higher level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from formcheck.core.words import translated
from formcheck.exercises import check_ids
from formcheck.exercises.framework.check import Skill
from formcheck.exercises.framework.exercise import Pattern

OK, EASY, REST_DAY, STOP, EMERGENCY = "ok", "easy", "rest-day", "stop", "emergency"
NORMAL, WATCH, PROFESSIONAL = "normal", "watch", "professional"

LOOKOUT = ("lookout.saddle", "lookout.bladder", "lookout.both-legs", "lookout.fever")

# --- what a decision table is made of ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A question and its choices by id. ``many``: any number of choices may be true, all but ``none`` beside others."""

    id: str
    choices: tuple[str, ...]
    many: bool = False


@dataclass(frozen=True)
class Rule:
    """What speaks for a level: for every question in ``when`` one of these choices was given."""

    id: str
    level: str
    when: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Outcome:
    """What is said at a level, as keys of texts; the headline is the text of table and level, as in ``ready.easy``.

    ``lookout``: signs with which to get help at once. ``whom_first``: whom to see comes before anything else.
    ``may_lift``: nothing answered speaks against lifting.
    """

    level: str
    do: tuple[str, ...]
    cannot_know: str
    sources: tuple[str, ...]
    whom: tuple[str, ...] = ()
    lookout: tuple[str, ...] = LOOKOUT
    whom_first: bool = False
    may_lift: bool = False


@dataclass(frozen=True)
class DecisionTable:
    """Questions, rules, and outcomes from the mildest to the gravest; ``nothing`` is the reason where no rule holds."""

    id: str
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    outcomes: tuple[Outcome, ...]
    nothing: str


def _rule(rule_id: str, level: str, **when: str | tuple[str, ...]) -> Rule:
    given = {name: frozenset((choices,) if isinstance(choices, str) else choices) for name, choices in when.items()}
    return Rule(rule_id, level, given)


NO_YES = ("no", "yes")
EMERGENCY_SIGNS = ("saddle", "bladder", "both-legs", "trauma", "fever")

EMERGENCY_OUTCOME = Outcome(
    level=EMERGENCY,
    do=("emergency.do",),
    whom=("emergency.whom",),
    lookout=(),
    cannot_know="emergency.cannot-know",
    sources=("back-pain", "red-flags"),
    whom_first=True,
)
"""Whatever was asked, an emergency gets the same answer below the headline."""

# --- before the set ------------------------------------------------------------------------------------------------

READY = DecisionTable(
    id="ready",
    questions=(
        Question("pain", ("none", "mild", "sharp", "nerve", "emergency")),
        Question("earlier", ("none", "healed", "recent")),
        Question("rest", ("fresh", "tired", "worn")),
    ),
    rules=(
        _rule("emergency", EMERGENCY, pain="emergency"),
        _rule("nerve", STOP, pain="nerve"),
        _rule("sharp", STOP, pain="sharp"),
        _rule("recent", STOP, earlier="recent"),
        _rule("pile-up", REST_DAY, earlier="healed", pain="mild", rest="worn"),
        _rule("healed", EASY, earlier="healed"),
        _rule("mild", EASY, pain="mild"),
        _rule("worn", EASY, rest="worn"),
        _rule("tired", EASY, rest="tired"),
    ),
    outcomes=(
        Outcome(
            level=OK,
            do=("ready.ok.do",),
            cannot_know="ready.cannot-know",
            sources=("warm-up", "red-flags"),
            may_lift=True,
        ),
        Outcome(
            level=EASY,
            do=("ready.easy.lighter", "ready.easy.stop", "ready.easy.rest"),
            cannot_know="ready.cannot-know",
            sources=("warm-up", "red-flags"),
            may_lift=True,
        ),
        Outcome(
            level=REST_DAY,
            do=("ready.stop.do", "ready.easy.rest"),
            whom=("ready.rest-day.whom",),
            cannot_know="ready.cannot-know",
            sources=("red-flags",),
        ),
        Outcome(
            level=STOP,
            do=("ready.stop.do", "ready.stop.sore"),
            whom=("ready.stop.whom",),
            cannot_know="ready.cannot-know",
            sources=("back-pain", "red-flags"),
            whom_first=True,
        ),
        EMERGENCY_OUTCOME,
    ),
    nothing="ready.why.nothing",
)

# --- after the set -------------------------------------------------------------------------------------------------

SORE = DecisionTable(
    id="sore",
    questions=(
        Question("signs", (*EMERGENCY_SIGNS, "none"), many=True),
        Question("where", ("wide", "side", "spot")),
        Question("began", ("later", "during", "sudden", "unlinked")),
        Question("feels", ("dull", "strong", "sharp")),
        Question("lasted", ("days", "easing", "staying", "week")),
        Question("spreading", NO_YES),
        Question("numb", NO_YES),
        Question("weak", NO_YES),
        Question("night", NO_YES),
        Question("moving", ("freely", "limited")),
        Question("earlier", NO_YES),
    ),
    rules=(
        *(_rule(sign, EMERGENCY, signs=sign) for sign in EMERGENCY_SIGNS),
        _rule("weak", PROFESSIONAL, weak="yes"),
        _rule("numb", PROFESSIONAL, numb="yes"),
        _rule("spreading", PROFESSIONAL, spreading="yes"),
        _rule("sharp", PROFESSIONAL, feels="sharp"),
        _rule("sudden", PROFESSIONAL, began="sudden"),
        _rule("spot", PROFESSIONAL, where="spot"),
        _rule("staying", PROFESSIONAL, lasted="staying"),
        _rule("week", PROFESSIONAL, lasted="week"),
        _rule("night", PROFESSIONAL, night="yes"),
        _rule("limited", PROFESSIONAL, moving="limited"),
        _rule("strong", WATCH, feels="strong"),
        _rule("during", WATCH, began="during"),
        _rule("unlinked", WATCH, began="unlinked"),
        _rule("side", WATCH, where="side"),
        _rule("earlier", WATCH, earlier="yes"),
    ),
    outcomes=(
        Outcome(
            level=NORMAL,
            do=("sore.normal.time", "sore.normal.move", "sore.normal.next"),
            whom=("sore.normal.whom",),
            cannot_know="sore.cannot-know",
            sources=("soreness", "back-pain", "red-flags"),
            may_lift=True,
        ),
        Outcome(
            level=WATCH,
            do=("sore.watch.rest", "sore.watch.warm", "sore.watch.core", "sore.watch.ask"),
            whom=("sore.watch.whom",),
            cannot_know="sore.cannot-know",
            sources=("soreness", "back-pain", "red-flags"),
        ),
        Outcome(
            level=PROFESSIONAL,
            do=("sore.professional.stop", "sore.professional.move", "sore.professional.note"),
            whom=("sore.professional.whom",),
            cannot_know="sore.cannot-know",
            sources=("back-pain", "red-flags"),
            whom_first=True,
        ),
        EMERGENCY_OUTCOME,
    ),
    nothing="sore.why.usual",
)

TABLES = (READY, SORE)

# --- moves and routines --------------------------------------------------------------------------------------------

SIDES, WAYS = "side", "way"


@dataclass(frozen=True)
class Step:
    """How much of a move: ``reps`` of it, or ``hold_s`` seconds; ``each`` side or way where it has two.

    ``seconds_per_rep`` is a calm pace, for timers.
    """

    move: str
    reps: int = 0
    hold_s: int = 0
    each: str = ""
    sets: int = 1
    seconds_per_rep: float = 3.0

    @property
    def rounds(self) -> int:
        """How often the timer runs in a set: twice where there are two sides or ways."""
        return 2 if self.each else 1

    @property
    def round_s(self) -> float:
        """How long one side or way of one set lasts, in seconds."""
        return float(self.hold_s) if self.hold_s else self.reps * self.seconds_per_rep

    @property
    def total_s(self) -> float:
        """How long all of it lasts, in seconds, without rests."""
        return self.sets * self.rounds * self.round_s


MOVES = (
    "cat-cow",
    "shoulder-rolls",
    "arm-circles",
    "side-bends",
    "leg-swings",
    "hinge",
    "squat",
    "bird-dog",
    "dead-bug",
    "bridge",
    "plank",
    "pelvic-tilt",
    "superman",
    "russian-twist",
    "single-leg-hinge",
    "split-squat",
    "childs-pose",
    "thread-needle",
    "forward-fold",
)

_CAT_COW = Step("cat-cow", reps=10)
_SHOULDER_ROLLS = Step("shoulder-rolls", reps=10, each=WAYS, seconds_per_rep=1.5)
_ARM_CIRCLES = Step("arm-circles", reps=10, each=WAYS, seconds_per_rep=1.5)
_SIDE_BENDS = Step("side-bends", reps=6, each=SIDES, seconds_per_rep=2.5)
_LEG_SWINGS = Step("leg-swings", reps=10, each=SIDES, seconds_per_rep=1.5)
_SQUAT = Step("squat", reps=10)
_HINGE = Step("hinge", reps=10)

WARM_UPS: Mapping[Pattern, tuple[Step, ...]] = {
    # The hinge drill comes last in each: it is the pattern that the first set begins with.
    Pattern.HINGE: (_CAT_COW, _SHOULDER_ROLLS, _SIDE_BENDS, _LEG_SWINGS, _HINGE),
    Pattern.SWING: (_CAT_COW, _ARM_CIRCLES, _SHOULDER_ROLLS, _LEG_SWINGS, _HINGE),
    Pattern.SQUAT: (_CAT_COW, _ARM_CIRCLES, _LEG_SWINGS, _SQUAT, _HINGE),
    Pattern.OTHER: (_CAT_COW, _ARM_CIRCLES, _SHOULDER_ROLLS, _LEG_SWINGS, _SQUAT, _HINGE),
}
"""Unloaded moves by the movement pattern of the lift that they prepare for; `Pattern.OTHER` prepares all joints."""

COOL_DOWN: tuple[Step, ...] = (
    Step("childs-pose", hold_s=30),
    Step("thread-needle", hold_s=25, each=SIDES),
    Step("forward-fold", hold_s=30),
)

# --- what to train -------------------------------------------------------------------------------------------------

_BIRD_DOG = Step("bird-dog", reps=6, each=SIDES, sets=2)
_DEAD_BUG = Step("dead-bug", reps=6, each=SIDES, sets=2)
_PLANK = Step("plank", hold_s=20, sets=3)
_BRIDGE = Step("bridge", reps=10, sets=2)


@dataclass(frozen=True)
class Topic:
    """Something to train, and its drills. Its id is a `Skill`, which the checks that speak for it name."""

    id: str
    drills: tuple[Step, ...]
    sources: tuple[str, ...]

    @property
    def checks(self) -> frozenset[str]:
        """Ids of the checks that speak for it, over all lifts."""
        return check_ids(lambda check: check.trains == self.id)


TOPICS = (
    Topic(
        Skill.BACK,
        (_HINGE, _BIRD_DOG, _DEAD_BUG),
        ("core", "bending"),
    ),
    Topic(
        Skill.HINGE,
        (_HINGE, _BRIDGE),
        ("coaching",),
    ),
    Topic(
        Skill.SQUAT,
        (_SQUAT, _HINGE, Step("split-squat", reps=8, each=SIDES, sets=2)),
        ("coaching",),
    ),
    Topic(
        Skill.TALL,
        (_PLANK, _BRIDGE, Step("pelvic-tilt", reps=10)),
        ("core", "coaching"),
    ),
    Topic(
        Skill.SIDES,
        (
            Step("single-leg-hinge", reps=8, each=SIDES, sets=2),
            Step("split-squat", reps=8, each=SIDES, sets=2),
            _BIRD_DOG,
        ),
        ("coaching",),
    ),
    Topic(
        Skill.HANDS,
        (_HINGE, _PLANK, _BIRD_DOG),
        ("coaching",),
    ),
)

BALANCE = Topic(
    "balance",
    (
        _PLANK,
        _BIRD_DOG,
        Step("superman", reps=8, sets=2),
        Step("russian-twist", reps=8, each=SIDES, sets=2, seconds_per_rep=2.0),
    ),
    ("core",),
)
"""For whom nothing comes back: front, back and sides of the trunk."""

# --- limits --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoadLimits:
    """From where on load advice speaks. Provisional where no source gives a number.

    Attributes
    ----------
    recent_sets : as many judged sets of one lift, at most ``recent_days`` old, are looked at.
    repeated : in as many of them a fault must be seen to speak of "several sets".
    load_jump : share above the heaviest load of ``weeks_before`` weeks; 0.10 is the top of the usual 2 to 10 % step.
    volume_jump : share above the mean week before; smaller changes are ordinary.
    speed_lost : of the last repetition against the fastest; 0.3 is between the 20 and 40 % that were compared.
    days_in_row : of lifting, from which on a rest day is named.
    """

    recent_sets: int = 6
    recent_days: int = 14
    repeated: int = 2
    load_jump: float = 0.10
    volume_jump: float = 0.50
    weeks_before: int = 4
    speed_lost: float = 0.30
    days_in_row: int = 3


LOAD_LIMITS = LoadLimits()

TRAIN_RECENT_SETS = 10
"""As many of the newest judged sets are looked at for what to train."""

TRAIN_REPEATED = 2
"""A check counts as coming back when it was noticed in as many of them, or in the only one."""

TOPICS_MAX = 3
"""More than that nobody trains."""

# --- sources -------------------------------------------------------------------------------------------------------


@translated("citation")
@dataclass(frozen=True)
class Source:
    """Where something comes from. Citations are not translated."""

    id: str
    citation: str
    url: str = ""


SOURCES = {
    source.id: source
    for source in (
        Source("back-pain", "NHS: Back pain", "https://www.nhs.uk/conditions/back-pain/"),
        Source(
            "red-flags",
            "Finucane and others 2020, international framework for red flags, J Orthop Sports Phys Ther 50(7)",
            "https://doi.org/10.2519/jospt.2020.9971",
        ),
        Source(
            "soreness",
            "Cheung and others 2003, delayed onset muscle soreness, Sports Medicine 33(2)",
            "https://doi.org/10.2165/00007256-200333020-00005",
        ),
        Source(
            "warm-up",
            "Fradkin and others 2010, warming-up and performance, J Strength Cond Res 24(1)",
            "https://doi.org/10.1519/JSC.0b013e3181c643a0",
        ),
        Source(
            "cool-down",
            "Van Hooren and Peake 2018, do we need a cool-down after exercise?, Sports Medicine 48(7)",
            "https://doi.org/10.1007/s40279-018-0916-2",
        ),
        Source(
            "progress",
            "American College of Sports Medicine 2009, progression models in resistance training",
            "https://doi.org/10.1249/MSS.0b013e3181915670",
        ),
        Source(
            "velocity-loss",
            "Pareja-Blanco and others 2017, velocity loss in resistance training, Scand J Med Sci Sports 27(7)",
            "https://doi.org/10.1111/sms.12678",
        ),
        Source(
            "core",
            "McGill 2010, core training, Strength and Conditioning Journal 32(3)",
            "https://doi.org/10.1519/SSC.0b013e3181df4521",
        ),
        Source(
            "bending",
            "Saraceni and others 2020, to flex or not to flex?, J Orthop Sports Phys Ther 50(3): bending the lower "
            "back while lifting is not shown to be a risk factor",
            "https://doi.org/10.2519/jospt.2020.9218",
        ),
        Source("coaching", "Common coaching practice; no study behind the exact numbers"),
    )
}
