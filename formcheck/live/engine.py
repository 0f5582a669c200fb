"""The live engine: what was seen in each frame goes in, state and events come out.

The set under way is recorded as arrays and analysed again and again by the very analysis of an upload, at most four
times a second and over a bounded window, so that the cost stays the same for ten minutes. Once a set is over, all of
it is analysed as a whole: that report is the one that counts.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from formcheck.core.poses import PoseSequence
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.measurement import DEPTH
from formcheck.judging.analysis import AUTO, NONE, analyze
from formcheck.judging.report import Report, RepReport
from formcheck.judging.settings import AS_IT_COMES, Settings
from formcheck.live import warm_up
from formcheck.live.coach import Coach, look_of
from formcheck.live.cues import Cues, Rise, is_finished, rising_per_s
from formcheck.live.gauge import STANDING_SHARE, WINDOW_S, Reading, Scale, back_check, heights_of, read, scale_of
from formcheck.live.recording import Recording, Seen
from formcheck.live.warm_up import DrillResult, after_ramp_set, baseline_of, judge_drill
from formcheck.motion.calibration import calibration_of
from formcheck.motion.floor_evidence import UNKNOWN_FLOORS, Floors, came_along, floors_of, tells_apart
from formcheck.motion.neutral import Baseline, Neutral, population_neutral

LOOKING, SETTING_UP, READY, IN_SET, RESTING, DONE = "looking", "setting up", "ready", "in set", "resting", "done"
STATES = (LOOKING, SETTING_UP, READY, IN_SET, RESTING, DONE)

GAUGE_EVERY_S = 0.1
ANALYSE_EVERY_S, ANALYSE_IDLE_S = 0.25, 1.0
"""How often at most the gauge is read, and the set analysed while something moves and while nothing does."""

GAUGE_SHARE_MAX, ANALYSE_SHARE_MAX = 0.2, 0.3
"""They may take these shares of the time: on a slow machine they come less often, and frames go on."""

TOP_EVERY_S, TOP_SHARE_MAX, TOP_WITHIN_S = 0.1, 0.8, 0.5
"""How often the set is analysed, and with what share of the time, when a way up has just ended and its number is not
told yet: for so long at most."""

WINDOW_MAX_S, WINDOW_KEPT_S = 14.0, 7.0
"""A window of the set longer than the first is cut down to about the second at the top of a repetition; the
repetitions before that stand as they were judged."""

PREROLL_S = 30.0
"""So much from before a set belongs to it: the lifter stood there, which is where the neutral back is read."""

SHORTEST_WINDOW_S = 0.8
LOST_S = 0.25
"""The body has left the picture when it was not wholly seen for this long."""

STARTED_HEIGHT, STARTED_S = 0.85, 0.15
"""A set begins when the shoulders of a lifter who is wholly in the picture stay below this height for this long."""

MOVED, MOVED_WITHIN_S = 0.05, 2.0
"""Shoulders that went up or down by this share of the standing height within this time are doing something."""

FALSE_START_S, REST_S, SET_OVER_S, GONE_S = 6.0, 4.0, 20.0, 6.0
"""Without movement: a set without repetitions was none; the lifter rests; the set is over. And out of the picture."""

LONGEST_SET_S, BETWEEN_REPS_S, STAND_KEPT_S = 300.0, 1.0, 0.6
"""A set that lasts longer than the first is ended when the lifter stands for the second, rather than under the load.
What follows is a set of its own, which begins with the third, the last part of that stand."""

EMPTY_HANDED_S = 0.3
"""Somebody may have stood up without the load: where the floor looks like that, a number waits this long after lockout,
by when the analysis knows."""

SAME_REP_S = 0.5
"""A repetition that is taken back and found again with its lockout this near is told of once."""

REP_SETTLED_S = 0.25
"""What is said of a repetition waits this much longer than its lockout: its top must have been seen."""

TARGET_STANDING_S = 0.5

UPRIGHT_LEAN_DEG, UPRIGHT_KNEE_DEG = 25.0, 45.0
"""Somebody with less lean of the trunk and less bend of the knees stands."""


@dataclass(frozen=True)
class Asked:
    """What the user told: arguments of `analyze`, and how the session goes.

    ``file`` and ``model`` go into reports. ``target_reps`` ends a set at that many repetitions. ``warm_up`` puts drills
    and ramp sets in front.
    """

    exercise: str = AUTO
    variant: str = AUTO
    load_kg: float | None = None
    baseline: Baseline | None = None
    settings: Settings = AS_IT_COMES
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
    state : one of `STATES`.
    set_number, reps : the set under way, or the last one, counted from 1, and its repetitions so far.
    exercise : as told or recognised, "none" as long as neither.
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
    state: str
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


@dataclass
class _Set:
    """The set under way."""

    cues: Cues = field(default_factory=Cues)
    settled: list[RepReport] = field(default_factory=list)
    count: int = 0
    announced: int = 0
    announced_s: float = -math.inf
    fewer_seen: bool = False
    last_cue: str = ""
    started: bool = False
    started_s: float = -math.inf
    stood_s: float = -math.inf
    active_s: float = -math.inf
    floors: Floors | None = None
    target_said: bool = False


class LiveEngine:
    """One live session.

    Parameters
    ----------
    asked : what the user told.
    clock : seconds, for measuring what an analysis costs; a constant one makes the engine depend on its input alone.
    """

    def __init__(self, asked: Asked | None = None, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.asked = asked or Asked()
        self._clock = clock
        self.finished: list[FinishedSet] = []
        self.baseline: Baseline | None = None
        """The lifter's standing back as seen in this session."""
        self.analysed_frames = 0
        """How many frames all analyses of windows have looked at together: what a session costs."""
        self._recording = Recording(self.asked.file, self.asked.model)
        self._coach = Coach()
        self._state = LOOKING
        self._set = _Set()
        self._set_number = 1
        self._window_from_s = -math.inf
        self._analysed_s = self._gauged_s = -math.inf
        self._cost_s = self._gauge_cost_s = 0.0
        self._whole_s = self._seen_s = -math.inf
        self._left_said = False
        self._low_since_s: float | None = None
        self._standing_since_s: float | None = None
        self._heights: deque[tuple[float, float]] = deque()
        self._scale: Scale | None = None
        self._rise = Rise()
        self._rose_s, self._rose_count = -math.inf, 0
        self._reading = Reading(-math.inf)
        self._neutral = population_neutral(calibration_of(self.asked.model).contour_norms)
        self._exercise = self.asked.exercise
        self._last_reps: tuple[RepReport, ...] = ()
        self._quiet_before_s = -math.inf
        self._message, self._countdown = "", 0
        self._message_said, self._counted = "", 0
        self._stage = warm_up.STAND if self.asked.warm_up else ""
        self._drill: DrillResult | None = None
        self._ramp_set = 0
        self._events: list[Event] = []
        self._unsaid: list[Event] = []
        self._must_stand = False
        self._now_s = -math.inf

    # --- frames in -------------------------------------------------------------------------------------------------

    @property
    def counts_people(self) -> bool:
        """True while it matters whether somebody else is in the picture."""
        return self._state in (LOOKING, SETTING_UP, READY)

    def add(self, seen: Seen) -> Snapshot:
        """Take in the next frame, whose capture time lies after the last one's."""
        self._events, self._unsaid, self._now_s = self._unsaid, [], seen.time_s
        self._recording.append(seen)
        self._watch_presence(seen)
        self._read_gauge(seen)
        self._watch_rise(seen)
        before_set = not self._set.started
        if before_set:
            self._recording.drop_before(seen.time_s - PREROLL_S)
        if before_set or self._drilling:
            self._set_up(seen)
        if self._analysis_due():
            self._analyse()
        if self._drilling:
            self._state = IN_SET if self._state == READY else self._state
        else:
            self._follow_set(seen)
            self._call_back()
        return self._snapshot(seen)

    def end_set(self) -> FinishedSet | None:
        """The user says that the set is over; None when it had no repetition. The next frame tells of it."""
        self._events = self._unsaid
        return self._finish_set()

    def finish(self) -> tuple[FinishedSet, ...]:
        """The stream has ended. Where no set was found at all, one without repetitions says why."""
        if not self._drilling:
            self._finish_set()
        if not self.finished and len(self._recording):
            poses = self._recording.poses(from_zero=True)
            self.finished.append(
                FinishedSet(1, float(self._recording.time_s[0]), poses, self._judge(poses, self.asked.baseline))
            )
        return tuple(self.finished)

    def final_snapshot(self) -> Snapshot:
        """The state after `finish`, with the repetitions as the whole analysis counts them."""
        last = self.finished[-1] if self.finished else None
        reps, name = (len(last.report.reps), last.report.exercise.name) if last else (0, NONE)
        return Snapshot(
            self._now_s, DONE, last.number if last else 1, reps, name, Reading(self._now_s), *self._limits(), "", 0,
            False, "", self._set.last_cue, (), self._drill_shown(),
        )  # fmt: skip

    # --- where the lifter is ---------------------------------------------------------------------------------------

    def _watch_presence(self, seen: Seen) -> None:
        now = seen.time_s
        if seen.person is not None:
            self._seen_s = now
        if seen.in_frame:
            if self._left_said:
                self._left_said = False
                self._say("left", "I see you again", speak=False)
            self._whole_s = now
        elif not self._left_said and self._whole_s > -math.inf and now - self._whole_s > LOST_S:
            self._left_said = True
            self._say("left", self._left_text(seen), urgent=True)

    def _left_text(self, seen: Seen) -> str:
        if seen.person is None:
            return "You are out of the picture: step back in"
        if "feet" in seen.missing_parts:
            return "Your feet are out of the picture: step back"
        return "You are partly out of the picture: step back in"

    def _read_gauge(self, seen: Seen) -> None:
        if not seen.in_frame:
            self._reading = Reading(seen.time_s)
            return
        if seen.time_s - self._gauged_s < max(GAUGE_EVERY_S, self._gauge_cost_s / GAUGE_SHARE_MAX):
            return
        self._gauged_s, started_s = seen.time_s, self._clock()
        self._scale = scale = scale_of(self._recording.image_px(max(self._window_from_s, seen.time_s - WINDOW_MAX_S)))
        window = self._recording.poses(seen.time_s - WINDOW_S)
        if scale is None or len(window) < 4:
            self._reading = Reading(seen.time_s)
            return
        self._reading = read(window, self._neutral, scale, self._lift(), self._check())
        self._gauge_cost_s = self._clock() - started_s
        if math.isfinite(self._reading.height):
            self._heights.append((seen.time_s, self._reading.height))
        while self._heights and self._heights[0][0] < seen.time_s - MOVED_WITHIN_S:
            self._heights.popleft()

    def _moving(self) -> bool:
        heights = [height for _, height in self._heights]
        return bool(heights) and max(heights) - min(heights) > MOVED

    def _watch_rise(self, seen: Seen) -> None:
        """With every frame: the gauge comes too seldom to tell when a way up ends."""
        if not seen.in_frame or seen.person is None or self._scale is None:
            self._rise.lose()
        elif self._rise.follow(seen.time_s, float(heights_of(seen.person.image_px, self._scale))):
            self._rose_s, self._rose_count = seen.time_s, self._set.count

    def _topping(self) -> bool:
        """The shoulders rose until a moment ago, and no repetition was counted since."""
        return 0.0 < self._now_s - self._rose_s < TOP_WITHIN_S and self._set.count == self._rose_count

    def _upright(self) -> bool:
        """Standing, whatever the distance: after a set nothing else may be known of the lifter's height."""
        reading = self._reading
        return abs(reading.trunk_lean_deg) < UPRIGHT_LEAN_DEG and reading.knee_flexion_deg < UPRIGHT_KNEE_DEG

    # --- before the set --------------------------------------------------------------------------------------------

    def _set_up(self, seen: Seen) -> None:
        now = seen.time_s
        self._countdown, self._message = 0, ""
        if seen.person is None and now - self._seen_s > LOST_S:
            self._coach.start_again()
            self._state = LOOKING
            self._message = "Step into the picture"
            return
        if self._state == DONE and seen.in_frame:
            return
        if self._drilling and self._state == IN_SET and seen.in_frame:
            self._message = self._drill_text()
            return
        if self._moving() and self._state == READY:
            return  # somebody who starts to lift is not to be told to stand otherwise
        recent = self._recording.poses(now - 1.5)
        step = self._coach.step(now, look_of(seen, recent))
        if step.advice is not None:
            # "Looking" until the coach is sure of somebody.
            self._state = LOOKING if seen.person is None else SETTING_UP
            if step.advice.text != self._message_said:
                self._say("coach", step.advice.text)
                self._message_said = step.advice.text
            self._message = step.advice.text
            return
        self._message_said = ""
        if step.ready:
            if self._state not in (READY, IN_SET):
                self._state = READY
                self._say("ready", self._drill_text() if self._drilling else "Ready: lift when you like")
            self._message = self._drill_text()
            return
        self._state = SETTING_UP
        if step.countdown and step.countdown != self._counted:
            self._say("countdown", str(step.countdown))
        self._counted = self._countdown = step.countdown
        self._message = "Stand still"

    # --- the analysis ----------------------------------------------------------------------------------------------

    def _analysis_due(self) -> bool:
        busy = self._drilling or (self._set.started and self._now_s - self._set.active_s < MOVED_WITHIN_S)
        every_s, share_max = ANALYSE_EVERY_S if busy or self._moving() else ANALYSE_IDLE_S, ANALYSE_SHARE_MAX
        if self._topping():
            every_s, share_max = TOP_EVERY_S, TOP_SHARE_MAX
        return self._now_s - self._analysed_s >= max(every_s, self._cost_s / share_max)

    def _analyse(self) -> None:
        now = self._analysed_s = self._now_s
        if not self._set.started or self._drilling:
            self._window_from_s = max(self._window_from_s, now - WINDOW_MAX_S)
        elif now - max(self._window_from_s, float(self._recording.time_s[0])) > WINDOW_MAX_S:
            self._shorten_window()
        poses = self._recording.poses(self._window_from_s)
        if len(poses) < 4 or poses.time_s[-1] - poses.time_s[0] < SHORTEST_WINDOW_S or not poses.seen.any():
            return
        started_s = self._clock()
        report = self._judge(poses, self.baseline or self.asked.baseline, self._set.floors)
        self._cost_s = self._clock() - started_s
        self.analysed_frames += len(poses)
        self._take_neutral(report)
        if self._drilling:
            self._take_drill(report)
        else:
            self._last_reps = report.reps
            self._count(report, poses)

    def _judge(self, poses: PoseSequence, baseline: Baseline | None, floors: Floors | None = None) -> Report:
        asked = self.asked
        drill = warm_up.LIFT_OF_STAGE.get(self._stage)
        return analyze(
            poses,
            drill or asked.exercise,
            variant=AUTO if drill else asked.variant,
            load_kg=asked.load_kg,
            baseline=baseline,
            settings=asked.settings,
            floors=floors,
        )

    def _shorten_window(self) -> None:
        """Let go of the front of the set's window, at the top of a repetition or where there is none."""
        now = self._now_s
        if self._set.floors is None:
            self._set.floors = self._floors(self._recording.poses(self._window_from_s), self._last_reps)
        tops = [rep for rep in self._last_reps if rep.top_s <= now - WINDOW_KEPT_S and not rep.partial]
        later = [rep for rep in self._last_reps if rep.start_s > now - WINDOW_KEPT_S or rep.top_s > now - WINDOW_KEPT_S]
        if tops:
            cut_s = tops[-1].top_s
        elif later:
            # One slow repetition: it stays whole, up to what may be analysed at most.
            cut_s = max(min(rep.start_s for rep in later) - 1.0, now - WINDOW_MAX_S)
        else:
            cut_s = now - WINDOW_KEPT_S
        self._set.settled += [rep for rep in self._last_reps if rep.top_s <= cut_s]
        self._last_reps = tuple(rep for rep in self._last_reps if rep.top_s > cut_s)
        self._window_from_s = cut_s

    def _floors(self, poses: PoseSequence, reps: Sequence[RepReport]) -> Floors:
        """The floor before this set and at the top of repetitions: the window soon will not show it any more."""
        places = [np.searchsorted(poses.time_s, (rep.lockout_s, rep.top_s)) for rep in reps]
        stood_to = int(np.searchsorted(poses.time_s, self._set.stood_s))
        tops = [(int(first), int(last)) for first, last in places]
        found = floors_of(poses.time_s, poses.floor, poses.floor_place, stood_to, tops)
        # A set may have begun with the load in the hands.
        return found if found is not None and tells_apart(found) else UNKNOWN_FLOORS

    def _take_neutral(self, report: Report) -> None:
        if report.back is None:
            return
        back = report.back
        self._neutral = Neutral(
            back.standing_deg, back.hinge_deg, back.uncertainty_deg, back.source, self._neutral.norms
        )
        found = baseline_of(report)
        if found is not None:
            # Of this very session, so it is as good as what stands in the window.
            self.baseline = replace(found, uncertainty_deg=0.0)

    def _lifted(self, reps: Sequence[RepReport], poses: PoseSequence) -> bool:
        """Whether the load came along in the last of these repetitions, as far as the first look at its top tells."""
        lift, rep = self._lift(), reps[-1]
        if lift is None or not lift.from_floor or self._now_s - rep.lockout_s >= EMPTY_HANDED_S:
            return True
        floors = self._set.floors or self._floors(poses, reps[:-1])
        return came_along(floors, poses.time_s, poses.floor, poses.floor_place, rep.lockout_s, rep.top_s)

    def _count(self, report: Report, poses: PoseSequence) -> None:
        """Compare the analysis with what was counted so far; say what is new."""
        mine = self._set
        if report.exercise.name != NONE:
            self._exercise = report.exercise.name
        rising = rising_per_s(report.signals)
        reps = [rep for rep in report.reps if is_finished(rep, rep is report.reps[-1], self._now_s, rising)]
        if reps and len(mine.settled) + len(reps) > mine.count and not self._lifted(reps, poses):
            reps.pop()
        count = len(mine.settled) + len(reps)
        if count > 0 and not mine.started:
            self._start_set()
        if count < mine.count and not mine.fewer_seen:
            # Once may be a flicker at the edge of a repetition.
            mine.fewer_seen = True
            return
        mine.fewer_seen = False
        if count > mine.count:
            mine.active_s = max(mine.active_s, reps[-1].lockout_s if reps else self._now_s)
        mine.count = count
        mine.announced = min(mine.announced, count)
        if count > mine.announced:
            lockout_s = reps[-1].lockout_s if reps else self._now_s
            if lockout_s > mine.announced_s + SAME_REP_S:
                self._say("rep", str(count))
            mine.announced, mine.announced_s = count, lockout_s
        for place, rep in enumerate(reps, start=len(mine.settled) + 1):
            if self._now_s - rep.lockout_s >= REP_SETTLED_S and rep.lockout_s >= self._quiet_before_s:
                self._cue_after(rep, place)

    def _cue_after(self, rep: RepReport, number: int) -> None:
        if self._left_said or self._now_s - rep.lockout_s > REST_S:
            return
        cue = self._set.cues.after(rep, number)
        if cue is not None:
            self._set.last_cue = cue.text
            self._say("cue", cue.text, urgent=cue.urgent)

    # --- the set ---------------------------------------------------------------------------------------------------

    def _follow_set(self, seen: Seen) -> None:
        now, mine, height = seen.time_s, self._set, self._reading.height
        low = math.isfinite(height) and height < STARTED_HEIGHT
        self._low_since_s = (self._low_since_s if self._low_since_s is not None else now) if low else None
        up = math.isfinite(height) and height >= STANDING_SHARE
        self._standing_since_s = (self._standing_since_s if self._standing_since_s is not None else now) if up else None
        if self._must_stand:
            # Coming up from the last set is no repetition of the next one.
            self._must_stand = seen.in_frame and not self._upright()
            # The gauge looks back over its window to see the lifter stand.
            self._recording.drop_before(now - WINDOW_S if self._must_stand else now)
            self._window_from_s = now
            return
        if not mine.started:
            mine.stood_s = now if up else mine.stood_s
            if self._low_since_s is not None and now - self._low_since_s >= STARTED_S and self._moving():
                self._start_set()
            return
        if self._moving():
            mine.active_s = now
        idle_s = now - max(mine.active_s, mine.started_s)
        gone = now - self._seen_s > GONE_S
        if mine.count == 0:
            if idle_s > FALSE_START_S or gone:
                self._set = _Set()
                self._state = LOOKING if gone else SETTING_UP
            return
        standing_s = 0.0 if self._standing_since_s is None else now - self._standing_since_s
        too_long_s = now - mine.started_s - LONGEST_SET_S
        too_long = too_long_s > 0.0 and (standing_s > BETWEEN_REPS_S or too_long_s > WINDOW_MAX_S)
        over = idle_s > SET_OVER_S or gone or too_long
        if too_long and standing_s > BETWEEN_REPS_S:
            # The next set goes on from this stand, which shows the floor before it: nobody sees more of it, as looking
            # at so long a set takes seconds. Coming up into the stand is over by then.
            self._finish_set(now - STAND_KEPT_S)
            self._window_from_s, self._set.stood_s = now - STAND_KEPT_S, now
            self._set.floors = mine.floors
        elif over or self._at_target():
            self._finish_set()
        else:
            self._state = RESTING if idle_s > REST_S and not low else IN_SET
            self._message = "" if not self._left_said else self._left_text(seen)

    def _at_target(self) -> bool:
        target, mine = self.asked.target_reps, self._set
        if self._stage == warm_up.RAMP:
            target = target or warm_up.RAMP_REPS
        if target is None or mine.count < target:
            return False
        if not mine.target_said:
            mine.target_said = True
            self._say("target", f"That's {target}: set over")
        standing_s = 0.0 if self._standing_since_s is None else self._now_s - self._standing_since_s
        return standing_s >= TARGET_STANDING_S

    def _start_set(self) -> None:
        self._set.started, self._set.started_s = True, self._now_s
        self._set.active_s = self._now_s
        self._set_number = len(self.finished) + 1
        self._message, self._countdown = "", 0
        self._state = IN_SET
        self._say("set", f"Set {self._set_number}", speak=False)

    def _finish_set(self, keep_from_s: float = math.inf) -> FinishedSet | None:
        """End the set under way; what was seen from ``keep_from_s`` on belongs to the next one as well."""
        if not self._set.started or not len(self._recording):
            return None
        poses = self._recording.poses(from_zero=True)
        # As of an upload: what this session showed before the set's own pictures is left out.
        report = self._judge(poses, self.asked.baseline)
        self._start_over()
        if not report.reps:
            return None
        if report.exercise.name != NONE:
            self._exercise = report.exercise.name
        done = FinishedSet(self._set_number, float(self._recording.time_s[0]), poses, report)
        self.finished.append(done)
        self._recording.drop_before(keep_from_s)
        self._must_stand = not math.isfinite(keep_from_s)
        self._state = DONE
        self._message = report.summary
        if self._stage == warm_up.RAMP:
            self._ramp_set += 1
            self._message = after_ramp_set(report, self._ramp_set)
        self._say("set-over", self._message)
        return done

    def _start_over(self) -> None:
        last_cue = self._set.last_cue
        self._set = _Set(last_cue=last_cue)
        self._last_reps = ()
        self._window_from_s = self._quiet_before_s = self._now_s
        self._low_since_s = self._standing_since_s = None
        self._heights.clear()

    def _call_back(self) -> None:
        """A back that rounds right now."""
        check = self._check()
        if check is None or self._left_said or not (self._set.started or self._state == READY):
            return
        cue = self._set.cues.during(self._now_s, self._set.count, check, self._reading.verdict)
        if cue is not None:
            self._set.last_cue = cue.text
            self._say("cue", cue.text, urgent=True)

    # --- the warm-up -----------------------------------------------------------------------------------------------

    @property
    def _drilling(self) -> bool:
        return self._stage not in ("", warm_up.RAMP)

    def _take_drill(self, report: Report) -> None:
        if self._state not in (READY, IN_SET):
            return
        if self._stage == warm_up.STAND:
            found = baseline_of(report)
            if found is not None and not self._moving():
                self.baseline = replace(found, uncertainty_deg=0.0)
                self._next_stage("Got your neutral back")
            return
        before = self._drill
        self._drill = judge_drill(self._stage, report, self._now_s)
        if self._drill.passed:
            self._next_stage("Pass")
        elif before is not None and self._drill.reps > before.reps:
            if self._drill.cue:
                self._set.last_cue = self._drill.cue
                self._say("cue", self._drill.cue)
            else:
                self._say("rep", str(self._drill.good))

    def _next_stage(self, said: str) -> None:
        stages = warm_up.STAGES
        self._stage = stages[stages.index(self._stage) + 1]
        self._drill = None
        self._start_over()
        self._recording.drop_before(self._now_s)
        told = warm_up.TOLD.get(self._stage, f"Now {warm_up.RAMP_SETS} ramp sets: start light")
        self._say("drill", f"{said}. {told}")

    def _drill_text(self) -> str:
        if not self._drilling:
            return ""
        told = warm_up.TOLD[self._stage]
        if self._drill is None:
            return told
        stands = (
            f"not yet: {self._drill.cue}" if self._drill.cue else f"{self._drill.good} of {self._drill.needed} good"
        )
        return f"{told} ({stands})" if self._drill.reps else told

    def _drill_shown(self) -> DrillResult | None:
        if not self._stage:
            return None
        return self._drill or DrillResult(self._stage, needed=warm_up.NEEDED.get(self._stage, 0))

    # --- out -------------------------------------------------------------------------------------------------------

    def _lift(self) -> Exercise | None:
        return exercise_named(warm_up.LIFT_OF_STAGE.get(self._stage, self._exercise))

    def _check(self) -> Check | None:
        return back_check(self._lift(), self.asked.settings)

    def _limits(self) -> tuple[float, float]:
        check = self._check()
        return (math.nan, math.nan) if check is None else (check.watch, check.fault)

    def _say(self, kind: str, text: str, *, speak: bool = True, urgent: bool = False) -> None:
        self._events.append(Event(kind, text, self._now_s, speak, urgent))

    def _snapshot(self, seen: Seen) -> Snapshot:
        cue = next((event.text for event in self._events if event.kind == "cue"), "")
        reps = self._drill.reps if self._drill is not None else self._set.count
        if self._state == DONE and self.finished:
            reps = len(self.finished[-1].report.reps)
        return Snapshot(
            seen.time_s,
            self._state,
            self._set_number,
            reps,
            NONE if self._exercise == AUTO else self._exercise,
            self._reading,
            *self._limits(),
            self._message,
            self._countdown,
            seen.in_frame,
            cue,
            self._set.last_cue,
            tuple(self._events),
            self._drill_shown(),
        )
