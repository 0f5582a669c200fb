"""The set-up coach: looks at how the lifter stands before the camera and names the one thing to change."""

from __future__ import annotations

import math
from dataclasses import dataclass

from formcheck.core.landmarks import Landmark, left_right
from formcheck.core.poses import PoseSequence
from formcheck.core.words import _
from formcheck.live.recording import Observation
from formcheck.motion.view import SIDE_MAX_DEG, view_of

BODY_SHARE_MIN, BODY_SHARE_MAX = 0.40, 0.92
"""Height of the body in the picture: below it the contour of the back has too few pixels, above it a step or arms
overhead leave the picture."""

HIPS_FROM_TOP = (0.32, 0.72)
"""A level camera at hip height shows the hips near the middle of the picture."""

BRIGHTNESS_MIN = 0.13
"""Mean grey level of the lifter's surroundings; below it the mask's edge drowns in noise."""

PROBLEM_AFTER_S = 0.4
"""A problem counts once it has lasted this long: landmarks flicker."""

MESSAGE_HOLD_S = 1.5
"""Nobody can follow advice that changes faster."""

SAID_AGAIN_S = 8.0
"""The same advice is not said aloud again before this has passed; then twice as long, as it did not help."""

COUNTDOWN_S = 3.0

NEARLY_SIDE_DEG = 45.0

LOOK_S = 1.0
"""The direction is taken over this much time."""

NOBODY = "nobody"


@dataclass(frozen=True)
class Advice:
    """One thing to change: a stable name, what is shown, and what is said."""

    name: str
    text: str


@dataclass(frozen=True)
class Look:
    """How the lifter stands before the camera.

    Attributes
    ----------
    found : somebody is in the picture.
    missing_parts : as `formcheck.live.recording.Observation.missing_parts`.
    people : how many were counted.
    body_share : standing body, nose to feet, over the picture's height; NaN = not known.
    hips_from_top : place of the hips in the picture, 0 = top, 1 = bottom; NaN = not known.
    yaw_deg : 0 = side view, +90 = front, -90 = rear; NaN = not known.
    brightness : 0..1.
    """

    found: bool
    missing_parts: tuple[str, ...] = ()
    people: int = 1
    body_share: float = math.nan
    hips_from_top: float = math.nan
    yaw_deg: float = 0.0
    brightness: float = 0.5


def look_of(seen: Observation, recent: PoseSequence) -> Look:
    """The look at one frame; the direction comes from the ``recent`` poses, whose times reach up to it."""
    if seen.person is None:
        return Look(False, people=0, brightness=seen.brightness)
    points = seen.person.image_px[:, :2].astype(float)
    feet = points[[*left_right("HEEL"), *left_right("FOOT_INDEX")], 1].max()
    last = recent.part(recent.time_s > seen.time_s - LOOK_S)
    view = view_of(last)
    return Look(
        True,
        seen.missing_parts,
        seen.people,
        float(feet - points[Landmark.NOSE, 1]) / seen.height,
        float(points[list(left_right("HIP")), 1].mean()) / seen.height,
        view.yaw_deg,
        seen.brightness,
    )


def advise(look: Look) -> Advice | None:
    """The first thing to change, None when all is well; in the order in which changing them helps."""
    dark = look.brightness < BRIGHTNESS_MIN
    light = Advice("light", _("More light, please: turn on a lamp or face the window"))
    if not look.found:
        return light if dark else Advice(NOBODY, _("Step into the picture"))
    if look.missing_parts:
        return _into_the_picture(look.missing_parts)
    if look.body_share > BODY_SHARE_MAX:
        return Advice("too-near", _("Step back a little, or move the camera back"))
    if look.body_share < BODY_SHARE_MIN:
        return Advice("too-far", _("Come closer, or move the camera closer"))
    if look.hips_from_top < HIPS_FROM_TOP[0]:
        return Advice("too-low", _("Raise the camera to hip height, and hold it level"))
    if look.hips_from_top > HIPS_FROM_TOP[1]:
        return Advice("too-high", _("Lower the camera to hip height, and hold it level"))
    if not abs(look.yaw_deg) <= SIDE_MAX_DEG:
        little = abs(look.yaw_deg) < NEARLY_SIDE_DEG
        return Advice("side-on", _("Turn a little more side-on") if little else _("Turn your side to the camera"))
    if dark:
        return light
    if look.people > 1:
        return Advice("people", _("Only one person in the picture, please"))
    return None


def _into_the_picture(parts: tuple[str, ...]) -> Advice:
    if {"head", "feet"} <= set(parts) or {"left", "right"} <= set(parts):
        return Advice("too-near", _("Step back: your whole body must be in the picture"))
    if "feet" in parts:
        return Advice("feet", _("I cannot see your feet: tilt the camera down or step back"))
    if "head" in parts:
        return Advice("head", _("I cannot see your head: tilt the camera up or step back"))
    return Advice("middle", _("Move towards the middle of the picture"))


@dataclass(frozen=True)
class Step:
    """What the coach says now: the thing to change, the seconds left to count (0 = none), and whether all is ready."""

    advice: Advice | None
    countdown: int
    ready: bool


class Coach:
    """Turns looks into calm advice: one thing at a time, then a countdown, then ready."""

    def __init__(self) -> None:
        self.start_again()

    def start_again(self) -> None:
        """Forget everything, as for somebody new."""
        self._advice: Advice | None = None
        self._since_s = -math.inf
        self._shown: Advice | None = None
        self._shown_s = -math.inf
        self._fine_s: float | None = None

    def step(self, time_s: float, look: Look) -> Step:
        """What to say at ``time_s``, which must rise from call to call."""
        advice = advise(look)
        if _name(advice) != _name(self._advice):
            self._advice, self._since_s = advice, time_s
        # The first look of all is taken at its word; later ones must last.
        first = self._shown is None and self._fine_s is None
        if first or time_s - self._since_s >= PROBLEM_AFTER_S:
            self._take(time_s, advice)
        if self._fine_s is None:
            return Step(self._shown, 0, False)
        left_s = COUNTDOWN_S - (time_s - self._fine_s)
        return Step(None, max(0, math.ceil(left_s)), left_s <= 0)

    def _take(self, time_s: float, advice: Advice | None) -> None:
        if advice is None:
            self._shown = None
            self._fine_s = time_s if self._fine_s is None else self._fine_s
            return
        self._fine_s = None
        if self._shown is None or (self._shown.name != advice.name and time_s - self._shown_s >= MESSAGE_HOLD_S):
            self._shown, self._shown_s = advice, time_s


def _name(advice: Advice | None) -> str:
    return "" if advice is None else advice.name


class Repeats:
    """Keeps advice that does not help from being said over and over."""

    def __init__(self) -> None:
        self._next_s: dict[str, float] = {}
        self._pause_s: dict[str, float] = {}

    def may_say(self, name: str, time_s: float) -> bool:
        """Whether the advice of that name is to be said aloud now; True counts as said."""
        if time_s < self._next_s.get(name, -math.inf):
            return False
        pause_s = self._pause_s.get(name, SAID_AGAIN_S)
        self._next_s[name], self._pause_s[name] = time_s + pause_s, 2.0 * pause_s
        return True
