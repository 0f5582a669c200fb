"""What a live session takes and gives: options in, events, snapshots and finished sets out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from formcheck.core.poses import PoseSequence
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.measurement import DEPTH
from formcheck.judging.analysis import AUTO
from formcheck.judging.report import Report
from formcheck.judging.settings import DEFAULTS, Settings
from formcheck.live.gauge import Reading
from formcheck.live.warm_up import DrillResult
from formcheck.motion.neutral import Baseline, OwnReps


class State(StrEnum):
    """Where a session stands; the values are shown to people and written to ``--jsonl``."""

    LOOKING = "looking"
    SETTING_UP = "setting up"
    READY = "ready"
    IN_SET = "in set"
    RESTING = "resting"
    DONE = "done"


@dataclass(frozen=True)
class SessionOptions:
    """What the user chose: arguments of `analyze`, and how the session goes.

    ``file`` and ``model`` go into reports. ``target_reps`` ends a set at that many repetitions. ``warm_up`` puts drills
    and ramp sets in front.
    """

    exercise: str = AUTO
    variant: str = AUTO
    load_kg: float | None = None
    baseline: Baseline | None = None
    own_reps: Mapping[str, OwnReps] = field(default_factory=dict)
    settings: Settings = DEFAULTS
    file: str = "camera"
    model: str = ""
    target_reps: int | None = None
    warm_up: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened: for the ear when ``speak`` is set, before all else when it is ``urgent``.

    ``kind`` is one of "coach", "countdown", "ready", "left", "set", "rep", "cue", "set-over", "target", "drill".
    """

    kind: str
    text: str
    time_s: float
    speak: bool = True
    urgent: bool = False


@dataclass(frozen=True)
class Snapshot:
    """The state after one frame; missing numbers are NaN.

    Attributes
    ----------
    time_s : capture time of the frame.
    state : where the session stands.
    set_number, reps : the set under way, or the last one, counted from 1, and its repetitions so far.
    exercise : as named or recognised, "none" as long as neither.
    reading : gauge; its numbers are missing while the body is not wholly in the picture.
    back_watch_deg, back_fault_deg : limits of back rounding.
    message : what to show: advice of the coach, where the drill stands; "" = nothing.
    countdown : seconds left to count before "ready", else 0.
    in_frame : the body is in the picture.
    cue : what is called out with this very frame, "" = nothing.
    last_cue : the last thing called out in this set.
    events : what happened with this frame.
    drill : stage of the warm-up and where it stands; None outside it.
    """

    time_s: float
    state: State
    set_number: int
    reps: int
    exercise: str
    reading: Reading
    back_watch_deg: float
    back_fault_deg: float
    message: str
    countdown: int
    in_frame: bool
    cue: str
    last_cue: str
    events: tuple[Event, ...]
    drill: DrillResult | None = None

    @property
    def shows_depth(self) -> bool:
        """True where the reading has a depth, and the lift is judged by it."""
        lift = exercise_named(self.exercise)
        return lift is not None and lift.judges(DEPTH) and math.isfinite(self.reading.depth_thighs)


@dataclass(frozen=True)
class FinishedSet:
    """A set that is over: its poses as of an upload, when it began in capture time, and the report on all of it."""

    number: int
    start_s: float
    poses: PoseSequence
    report: Report
