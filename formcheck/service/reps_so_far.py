"""How many repetitions there are in what was looked at so far, for whoever waits for an analysis.

They are counted by the analysis itself, over what the model has seen up to now. The report may say another number:
it knows what follows, and of a film that is watched in two parts at once only the first is counted here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import FormCheckError
from formcheck.core.poses import PoseSequence, VideoInfo

if TYPE_CHECKING:
    from formcheck.service.pipeline import AnalysisRequest
    from formcheck.vision.tracking import Detection

EVERY_S = 1.5
"""They are counted no more often than that ..."""

SHARE_OF_TIME = 0.03
"""... and so that counting takes no more than this share of the time, however long the film is."""

SOONEST_S = 2.0
"""Of a shorter film nothing is counted."""

LONGEST_S = 180.0
"""Of a longer film no number is told: what was seen would have to be kept a second time."""


class RepsSoFar:
    """Shown every frame that is looked at, tells the number of finished repetitions whenever it changes.

    Parameters
    ----------
    request : which lift it is, whom to follow, and which part of the film counts.
    tell : gets the number, None for none any more.
    clock : any steady one.
    """

    def __init__(
        self, request: AnalysisRequest, tell: Callable[[int | None], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._request, self._tell, self._clock = request, tell, clock
        self._time_s: list[float] = []
        self._people: list[Sequence[Detection]] = []
        self._next_s = -math.inf
        self._told: int | None = None
        self._given_up = False

    def __call__(self, rgb: NDArray[np.uint8], people: Sequence[Detection], time_s: float) -> None:
        """A frame (H, W, 3) was looked at, and these people are in it."""
        if self._given_up or not (self._request.start_s or 0.0) <= time_s <= (self._request.end_s or math.inf):
            return
        if self._time_s and time_s <= self._time_s[-1]:
            # Begun again, as with a file whose parts do not fit together.
            self._time_s.clear()
            self._people.clear()
        self._time_s.append(time_s)
        self._people.append(people)
        if time_s - self._time_s[0] > LONGEST_S:
            self._give_up()
            return
        began_s = self._clock()
        if began_s < self._next_s or time_s - self._time_s[0] < SOONEST_S:
            return
        try:
            number = self._count(rgb.shape[1], rgb.shape[0])
        except FormCheckError:
            number = None  # the analysis itself says what is wrong
        took_s = self._clock() - began_s
        self._next_s = began_s + max(EVERY_S, took_s / SHARE_OF_TIME)
        if number is not None and number != self._told:
            self._told = number
            self._tell(number)

    def _give_up(self) -> None:
        self._given_up = True
        self._time_s.clear()
        self._people.clear()
        if self._told is not None:
            self._tell(None)

    def _count(self, width: int, height: int) -> int | None:
        """Finished repetitions; None while the lift is not known."""
        from formcheck.judging.analysis import analyze
        from formcheck.judging.finished_reps import finished_reps

        poses = self._poses(width, height)
        report = analyze(poses, self._request.exercise, slow_motion=self._request.slow_motion)
        if report.exercise.name == "none":
            return None
        return len(finished_reps(report, float(poses.time_s[-1])))

    def _poses(self, width: int, height: int) -> PoseSequence:
        """What was seen of the lifter, look by look."""
        from formcheck.vision.person_finder import nothing_seen
        from formcheck.vision.tracking import choose_lifter, person_named

        time_s = np.array(self._time_s)
        everybody = [replace(each, frame=look) for look, people in enumerate(self._people) for each in people]
        chosen, _ = choose_lifter(everybody, time_s, person_named(self._request.person))
        seen = nothing_seen(len(time_s))
        for detection in chosen:
            for name, values in seen.items():
                values[detection.frame] = getattr(detection, name)
        video = VideoInfo("", width, height, len(time_s), float(time_s[-1] - time_s[0]))
        return PoseSequence(
            time_s=time_s, picture_change=np.zeros(len(time_s)), video=video, model="", notes=(), **seen
        )
