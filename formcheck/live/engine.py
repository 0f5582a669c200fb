"""The live engine: what was seen in each frame goes in, state and events come out.

The set under way is recorded as arrays and analysed again and again by the very analysis of an upload, at most four
times a second and over a bounded window, so that the cost stays the same for ten minutes. Once a set is over, all of
it is analysed as a whole: that report is the one that counts.

The duties are apart: `presence` knows whether the lifter is in the picture, `gauge_reader` what the last second shows,
`analysis_schedule` when to analyse, `rep_counter` how many repetitions the set has, `warm_up_progress` where the drills
stand. The engine passes frames on and decides when a set begins and ends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from formcheck.core.poses import PoseSequence
from formcheck.core.words import _
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise
from formcheck.judging.analysis import AUTO, NONE, analyze
from formcheck.judging.report import Report, RepReport
from formcheck.live import warm_up
from formcheck.live.analysis_schedule import AnalysisSchedule
from formcheck.live.coach import Coach, Repeats, look_of
from formcheck.live.cues import Cues
from formcheck.live.gauge import WINDOW_S, Reading, back_check
from formcheck.live.gauge_reader import MOVED_WITHIN_S, GaugeReader
from formcheck.live.presence import Presence, step_back
from formcheck.live.recording import Observation, Recording
from formcheck.live.rep_counter import WINDOW_MAX_S, RepCounter
from formcheck.live.session import Event, FinishedSet, SessionOptions, Snapshot, State
from formcheck.live.warm_up import baseline_of
from formcheck.live.warm_up_progress import WarmUpProgress
from formcheck.motion.calibration import calibration_of
from formcheck.motion.floor_evidence import Floors
from formcheck.motion.neutral import Baseline, Neutral, population_neutral
from formcheck.motion.spine_method import CONTOUR
from formcheck.motion.standing import CAME_UP, LEFT_STANDING

PREROLL_S = 30.0
"""This much from before a set belongs to it: the lifter stood there, which is where the neutral back is read."""

SHORTEST_WINDOW_S, FEWEST_FRAMES = 0.8, 4
"""A shorter window, or one with fewer frames, is not analysed."""

COACH_LOOKS_BACK_S = 1.5

STARTED_S = 0.15
"""A set begins when the shoulders of a lifter who is wholly in the picture stay below `LEFT_STANDING` for this long."""

REST_S = 4.0
"""After this long without movement the lifter rests."""

FALSE_START_S = 6.0
"""After this long without movement a set without repetitions was not one."""

SET_OVER_S = 20.0
"""After this long without movement the set is over."""

LONGEST_SET_S = 300.0
"""A set that lasts longer is ended when the lifter stands for `BETWEEN_REPS_S`, rather than under the load."""

BETWEEN_REPS_S = 1.0

STAND_KEPT_S = 0.6
"""What follows such a set is a set of its own, which begins with this last part of that stand."""

REP_SETTLED_S = 0.25
"""What is said of a repetition waits this much longer than its lockout: its top must have been seen."""

TARGET_STANDING_S = 0.5


@dataclass
class _Set:
    """The set under way."""

    counter: RepCounter = field(default_factory=RepCounter)
    cues: Cues = field(default_factory=Cues)
    last_cue: str = ""
    started: bool = False
    started_s: float = -math.inf
    stood_s: float = -math.inf
    active_s: float = -math.inf
    in_rep: bool = False
    """When last seen, the lifter did not stand."""
    target_said: bool = False


class _Held:
    """Since when something has been true without a break."""

    def __init__(self) -> None:
        self._since_s: float | None = None

    def update(self, now_s: float, true: bool) -> None:
        self._since_s = (now_s if self._since_s is None else self._since_s) if true else None

    def for_s(self, now_s: float) -> float:
        return 0.0 if self._since_s is None else now_s - self._since_s

    def __bool__(self) -> bool:
        return self._since_s is not None


class LiveEngine:
    """One live session.

    Parameters
    ----------
    options : what the user chose.
    clock : seconds, for measuring what an analysis costs; a constant one makes the engine depend on its input alone.
    """

    def __init__(
        self, options: SessionOptions | None = None, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.options = options or SessionOptions()
        self.finished: list[FinishedSet] = []
        self.baseline: Baseline | None = None
        """The lifter's standing back as seen in this session."""
        self.analysed_frames = 0
        """How many frames all analyses of windows have looked at together: what a session costs."""
        self._recording = Recording(self.options.file, self.options.model)
        self._presence = Presence()
        self._gauge = GaugeReader(self._recording, clock)
        self._schedule = AnalysisSchedule(clock)
        self._warm_up = WarmUpProgress(self.options.warm_up)
        self._coach = Coach()
        self._state = State.LOOKING
        self._set = _Set()
        self._set_number = 1
        self._window_from_s = -math.inf
        self._low, self._standing = _Held(), _Held()
        self._neutral = population_neutral(calibration_of(self.options.model).contour_norms)
        self._exercise = self.options.exercise
        self._quiet_before_s = -math.inf
        self._message, self._countdown = "", 0
        self._message_said, self._counted = "", 0
        self._repeats = Repeats()
        self._events: list[Event] = []
        self._unsaid: list[Event] = []
        self._must_stand = False
        self._now_s = -math.inf

    # --- frames in -------------------------------------------------------------------------------------------------

    @property
    def counts_people(self) -> bool:
        """True while it matters whether somebody else is in the picture."""
        return self._state in (State.LOOKING, State.SETTING_UP, State.READY)

    def add(self, seen: Observation) -> Snapshot:
        """Take in the next frame, whose capture time is later than the last one's."""
        self._events, self._unsaid, self._now_s = self._unsaid, [], seen.time_s
        self._recording.append(seen)
        change = self._presence.watch(seen, in_rep=self._set.in_rep)
        if change is not None:
            self._events.append(change)
        scale_from_s = max(self._window_from_s, seen.time_s - WINDOW_MAX_S)
        self._gauge.read(seen, scale_from_s, self._neutral, self._lift(), self._check())
        self._gauge.watch_rise(seen, self._set.counter.count)
        before_set = not self._set.started
        if before_set:
            self._recording.drop_before(seen.time_s - PREROLL_S)
        if before_set or self._warm_up.drilling:
            self._set_up(seen)
        if self._analysis_due():
            self._analyse()
        if self._warm_up.drilling:
            self._state = State.IN_SET if self._state == State.READY else self._state
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
        if not self._warm_up.drilling:
            self._finish_set()
        if not self.finished and len(self._recording):
            poses = self._recording.poses(from_zero=True)
            report = self._judge(poses, self.options.baseline)
            self.finished.append(FinishedSet(1, float(self._recording.time_s[0]), poses, report))
        return tuple(self.finished)

    def final_snapshot(self) -> Snapshot:
        """The state after `finish`, with the repetitions as the whole analysis counts them."""
        last = self.finished[-1] if self.finished else None
        reps, name = (len(last.report.reps), last.report.exercise.name) if last else (0, NONE)
        return Snapshot(
            self._now_s, State.DONE, last.number if last else 1, reps, name, Reading(self._now_s), *self._limits(), "",
            0, False, "", self._set.last_cue, (), self._warm_up.shown,
        )  # fmt: skip

    # --- before the set --------------------------------------------------------------------------------------------

    def _set_up(self, seen: Observation) -> None:
        now = seen.time_s
        self._countdown, self._message = 0, ""
        if seen.person is None and self._presence.lost(now):
            self._coach.start_again()
            self._state = State.LOOKING
            self._message = _("Step into the picture")
            return
        if self._state == State.DONE and seen.in_frame:
            return
        if self._warm_up.drilling and self._state == State.IN_SET and seen.in_frame:
            self._message = self._warm_up.text
            return
        if self._gauge.moving and self._state == State.READY:
            return  # somebody who starts to lift is not to be told to stand otherwise
        step = self._coach.step(now, look_of(seen, self._recording.poses(now - COACH_LOOKS_BACK_S)))
        if step.advice is not None:
            # "Looking" until the coach is sure of somebody.
            self._state = State.LOOKING if seen.person is None else State.SETTING_UP
            # Nothing is said in mid-movement, which may be a repetition that is not counted yet.
            if step.advice.text != self._message_said and not self._gauge.moving:
                self._say("coach", step.advice.text, speak=self._repeats.may_say(step.advice.name, now))
                self._message_said = step.advice.text
            self._message = step.advice.text
            return
        self._message_said = ""
        if step.ready:
            if self._state not in (State.READY, State.IN_SET):
                self._state = State.READY
                self._say("ready", self._warm_up.text or _("Ready: lift when you like"))
            self._message = self._warm_up.text
            return
        self._state = State.SETTING_UP
        if step.countdown and step.countdown != self._counted:
            self._say("countdown", str(step.countdown))
        self._counted = self._countdown = step.countdown
        self._message = _("Stand still")

    # --- the analysis ----------------------------------------------------------------------------------------------

    def _analysis_due(self) -> bool:
        lifting = self._set.started and self._now_s - self._set.active_s < MOVED_WITHIN_S
        return self._schedule.due(
            self._now_s,
            busy=self._warm_up.drilling or lifting or self._gauge.moving,
            topping=self._gauge.topping(self._now_s, self._set.counter.count),
        )

    def _analyse(self) -> None:
        now = self._now_s
        self._schedule.begin(now)
        if not self._set.started or self._warm_up.drilling:
            self._window_from_s = max(self._window_from_s, now - WINDOW_MAX_S)
        elif now - max(self._window_from_s, float(self._recording.time_s[0])) > WINDOW_MAX_S:
            window = self._recording.poses(self._window_from_s)
            self._window_from_s = self._set.counter.shorten(window, now, self._set.stood_s)
        poses = self._recording.poses(self._window_from_s)
        if len(poses) < FEWEST_FRAMES or poses.time_s[-1] - poses.time_s[0] < SHORTEST_WINDOW_S:
            return
        if not poses.seen.any():
            return
        with self._schedule.measured():
            report = self._judge(poses, self.baseline or self.options.baseline, self._set.counter.floors)
        self.analysed_frames += len(poses)
        self._take_neutral(report)
        if self._warm_up.drilling:
            self._take_drill(report)
        else:
            self._count(report, poses)

    def _judge(self, poses: PoseSequence, baseline: Baseline | None, floors: Floors | None = None) -> Report:
        options, drill = self.options, self._warm_up.lift
        return analyze(
            poses,
            drill or options.exercise,
            variant=AUTO if drill else options.variant,
            load_kg=options.load_kg,
            baseline=baseline,
            own_reps=None if self._warm_up.drilling else options.own_reps,
            settings=options.settings,
            floors=floors,
        )

    def _take_neutral(self, report: Report) -> None:
        # What another way of reading the spine is compared with says nothing to the gauge.
        if report.back is None or report.back.method != CONTOUR:
            return
        back = report.back
        self._neutral = Neutral(
            back.standing_deg, back.hinge_deg, back.uncertainty_deg, back.source, self._neutral.norms
        )
        found = baseline_of(report)
        if found is not None:
            # It was seen in this very session, so it counts as one in the window does.
            self.baseline = replace(found, uncertainty_deg=0.0)

    def _take_drill(self, report: Report) -> None:
        if self._state not in (State.READY, State.IN_SET):
            return
        step = self._warm_up.take(report, self._now_s, moving=self._gauge.moving)
        if step.baseline is not None:
            self.baseline = step.baseline
        if step.passed:
            task = self._warm_up.next_stage()
            self._start_over()
            self._recording.drop_before(self._now_s)
            self._say("drill", f"{step.passed}. {task}")
        elif step.cue:
            self._set.last_cue = step.cue
            self._say("cue", step.cue)
        elif step.count:
            self._say("rep", step.count)

    def _count(self, report: Report, poses: PoseSequence) -> None:
        """Compare the analysis with what was counted so far; say what is new."""
        mine, counter = self._set, self._set.counter
        if report.exercise.name != NONE:
            self._exercise = report.exercise.name
        reps = counter.finished(report, poses, self._now_s, self._lift(), mine.stood_s)
        if counter.total(reps) > 0 and not mine.started:
            self._start_set()
        counted = counter.take(reps, self._now_s)
        if counted is None:
            return
        if counted.newest_lockout_s is not None:
            mine.active_s = max(mine.active_s, counted.newest_lockout_s)
        if counted.announce is not None:
            self._say("rep", str(counted.announce))
        for number, rep in counter.numbered(reps):
            if self._now_s - rep.lockout_s >= REP_SETTLED_S and rep.lockout_s >= self._quiet_before_s:
                self._cue_after(rep, number)

    def _cue_after(self, rep: RepReport, number: int) -> None:
        if self._presence.left or self._now_s - rep.lockout_s > REST_S:
            return
        cue = self._set.cues.after(rep, number)
        if cue is not None:
            self._set.last_cue = cue.text
            self._say("cue", cue.text, urgent=cue.urgent)

    def _call_back(self) -> None:
        """A back that rounds right now."""
        check = self._check()
        if check is None or self._presence.left or not (self._set.started or self._state == State.READY):
            return
        cue = self._set.cues.during(self._now_s, self._set.counter.count, check, self._gauge.reading.verdict)
        if cue is not None:
            self._set.last_cue = cue.text
            self._say("cue", cue.text, urgent=True)

    # --- the set ---------------------------------------------------------------------------------------------------

    def _follow_set(self, seen: Observation) -> None:
        now, height = seen.time_s, self._gauge.reading.height
        self._low.update(now, math.isfinite(height) and height < LEFT_STANDING)
        self._standing.update(now, math.isfinite(height) and height >= CAME_UP)
        if math.isfinite(height):
            self._set.in_rep = self._set.started and height < LEFT_STANDING
        if self._must_stand:
            self._wait_for_stand(seen)
        elif self._set.started:
            self._follow_started_set(seen)
        else:
            self._set.stood_s = now if self._standing else self._set.stood_s
            if self._low and self._low.for_s(now) >= STARTED_S and self._gauge.moving:
                self._start_set()

    def _wait_for_stand(self, seen: Observation) -> None:
        """Coming up from the last set is not a repetition of the next one."""
        self._must_stand = seen.in_frame and not self._gauge.upright
        # The gauge looks back over its window to see the lifter stand.
        self._recording.drop_before(seen.time_s - WINDOW_S if self._must_stand else seen.time_s)
        self._window_from_s = seen.time_s

    def _follow_started_set(self, seen: Observation) -> None:
        now, mine = seen.time_s, self._set
        if self._gauge.moving:
            mine.active_s = now
        idle_s = now - max(mine.active_s, mine.started_s)
        gone = self._presence.gone(now)
        if mine.counter.count == 0:
            if idle_s > FALSE_START_S or gone:
                self._set = _Set()
                self._state = State.LOOKING if gone else State.SETTING_UP
            return
        between_reps = self._standing.for_s(now) > BETWEEN_REPS_S
        too_long_s = now - mine.started_s - LONGEST_SET_S
        if too_long_s > 0.0 and between_reps:
            # The next set goes on from this stand, which shows the floor before it: nobody sees more of it, as looking
            # at so long a set takes seconds. Coming up into the stand is over by then.
            self._finish_set(now - STAND_KEPT_S)
            self._window_from_s, self._set.stood_s = now - STAND_KEPT_S, now
            self._set.counter.floors = mine.counter.floors
        elif idle_s > SET_OVER_S or gone or too_long_s > WINDOW_MAX_S or self._at_target():
            self._finish_set()
        else:
            self._state = State.RESTING if idle_s > REST_S and not self._low else State.IN_SET
            self._message = step_back(seen) if self._presence.left else ""

    def _at_target(self) -> bool:
        target, mine = self.options.target_reps, self._set
        if self._warm_up.ramping:
            target = target or warm_up.RAMP_REPS
        if target is None or mine.counter.count < target:
            return False
        if not mine.target_said:
            mine.target_said = True
            self._say("target", _("That's {n}: set over", n=target))
        return self._standing.for_s(self._now_s) >= TARGET_STANDING_S

    def _start_set(self) -> None:
        self._set.started, self._set.started_s = True, self._now_s
        self._set.active_s = self._now_s
        self._set_number = len(self.finished) + 1
        self._message, self._countdown = "", 0
        self._state = State.IN_SET
        self._say("set", _("Set {id}", id=self._set_number), speak=False)

    def _finish_set(self, keep_from_s: float = math.inf) -> FinishedSet | None:
        """End the set under way; what was seen from ``keep_from_s`` on belongs to the next one as well."""
        if not self._set.started or not len(self._recording):
            return None
        poses = self._recording.poses(from_zero=True)
        # As of an upload: what this session showed before the set's own pictures is left out.
        report = self._judge(poses, self.options.baseline)
        self._start_over()
        if not report.reps:
            return None
        if report.exercise.name != NONE:
            self._exercise = report.exercise.name
        done = FinishedSet(self._set_number, float(self._recording.time_s[0]), poses, report)
        self.finished.append(done)
        self._recording.drop_before(keep_from_s)
        self._must_stand = not math.isfinite(keep_from_s)
        self._state = State.DONE
        self._message = self._warm_up.ramp_set_done(report) if self._warm_up.ramping else report.summary
        self._say("set-over", self._message)
        return done

    def _start_over(self) -> None:
        self._set = _Set(last_cue=self._set.last_cue)
        self._window_from_s = self._quiet_before_s = self._now_s
        self._low, self._standing = _Held(), _Held()
        self._gauge.forget()

    # --- out -------------------------------------------------------------------------------------------------------

    def _lift(self) -> Exercise | None:
        return exercise_named(self._warm_up.lift or self._exercise)

    def _check(self) -> Check | None:
        return back_check(self._lift(), self.options.settings)

    def _limits(self) -> tuple[float, float]:
        check = self._check()
        return (math.nan, math.nan) if check is None else (check.watch, check.fault)

    def _say(self, kind: str, text: str, *, speak: bool = True, urgent: bool = False) -> None:
        self._events.append(Event(kind, text, self._now_s, speak, urgent))

    def _snapshot(self, seen: Observation) -> Snapshot:
        cue = next((event.text for event in self._events if event.kind == "cue"), "")
        drill_reps = self._warm_up.reps
        reps = self._set.counter.count if drill_reps is None else drill_reps
        if self._state == State.DONE and self.finished:
            reps = len(self.finished[-1].report.reps)
        return Snapshot(
            seen.time_s,
            self._state,
            self._set_number,
            reps,
            NONE if self._exercise == AUTO else self._exercise,
            self._gauge.reading,
            *self._limits(),
            self._message,
            self._countdown,
            seen.in_frame,
            cue,
            self._set.last_cue,
            tuple(self._events),
            self._warm_up.shown,
        )
