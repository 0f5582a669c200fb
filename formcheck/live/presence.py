"""Whether the lifter is in the picture, and what to say when part of the body has left it."""

from __future__ import annotations

import math

from formcheck.core.words import _
from formcheck.live.recording import Observation
from formcheck.live.session import Event

LOST_S = 0.25
"""The body has left the picture when it was not wholly seen for this long."""

IN_REP_S = 4.0
"""In the middle of a repetition nothing is said about it before the body has been away for this long, by when the
repetition must be over: nobody steps back under a load."""

GONE_S = 6.0
"""A lifter who has not been seen for this long has gone."""


class Presence:
    """Follows, frame by frame, when somebody was last seen and when the whole body was."""

    def __init__(self) -> None:
        self.left = False
        """The body, once seen, is not wholly in the picture, and that has been said."""
        self._seen_s = self._whole_s = -math.inf

    def watch(self, seen: Observation, *, in_rep: bool = False) -> Event | None:
        """Take in a frame; the event is that the body left the picture or came back.

        ``in_rep``: when last seen the lifter was in the middle of a repetition.
        """
        now = seen.time_s
        if seen.person is not None:
            self._seen_s = now
        if seen.in_frame:
            came_back, self.left = self.left, False
            self._whole_s = now
            return Event("left", _("I see you again"), now, speak=False) if came_back else None
        if not self.left and self._whole_s > -math.inf and now - self._whole_s > (IN_REP_S if in_rep else LOST_S):
            self.left = True
            return Event("left", step_back(seen), now, urgent=True)
        return None

    def lost(self, now_s: float) -> bool:
        """Nobody has been seen for longer than a flicker of the detector."""
        return now_s - self._seen_s > LOST_S

    def gone(self, now_s: float) -> bool:
        """Nobody has been seen for `GONE_S`: the lifter must have walked away."""
        return now_s - self._seen_s > GONE_S


def step_back(seen: Observation) -> str:
    """What a lifter who is not wholly in the picture should do."""
    if seen.person is None:
        return _("You are out of the picture: step back in")
    if "feet" in seen.missing_parts:
        return _("Your feet are out of the picture: step back")
    return _("You are partly out of the picture: step back in")
