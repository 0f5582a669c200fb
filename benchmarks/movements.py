"""Stick figures that do lifts and other things, for training the recognition: random bodies, styles, cameras, errors.

Unlike the lifter of the tests, left and right leg and arm move on their own, so that lunges, steps, rows with one hand
and golf swings can be told from lifts. Nothing here is exact: it shows how movements differ, from everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from formcheck.core.landmarks import LANDMARK_COUNT, Landmark
from formcheck.core.poses import FloatArray, PoseSequence, VideoInfo, expected_shapes

Rng = np.random.Generator
Values = dict[str, float]
Stops = list[tuple[float, Values]]

OTHER = "none"

STANDING: Values = {
    "trunk": 0.0,
    "thigh_l": 1.0,
    "thigh_r": 1.0,
    "shank_l": 1.0,
    "shank_r": 1.0,
    "arm_l": 0.0,
    "arm_r": 0.0,
    "elbow_l": 8.0,
    "elbow_r": 8.0,
    "out_l": 5.0,
    "out_r": 5.0,
    "hands": 1.0,
    "lift": 0.0,
    "travel": 0.0,
    "twist": 0.0,
    "roll": 0.0,
}
"""Channels of a posture: trunk lean, thighs leaning back and shanks leaning forward from the vertical, arms from
hanging (90 = straight ahead), elbows, arms out to the sides, all in degrees; hands apart in shoulder widths, feet off
the floor and the body's way in metres; the trunk's turn and the hands' way to the side in degrees."""

SHANK, THIGH, TRUNK, UPPER_ARM, FOREARM, NECK = 0.246, 0.245, 0.288, 0.186, 0.146, 0.10


def both(**values: float) -> Values:
    """A posture that is the same left and right: ``thigh``, ``shank``, ``arm``, ``elbow``, ``out`` stand for both."""
    posture = dict(STANDING)
    for name, value in values.items():
        for key in (f"{name}_l", f"{name}_r") if f"{name}_l" in STANDING else (name,):
            posture[key] = value
    return posture


@dataclass(frozen=True)
class Example:
    """One clip: what it is for the recognition, what it is in words, and its poses."""

    label: str
    kind: str
    poses: PoseSequence


# ------------------------------------------------------------------------------------------------------------ motions


def repeated(
    rng: Rng,
    top: Values,
    bottom: Values,
    *,
    down_s: float,
    up_s: float,
    bottom_rest_s: float = 0.1,
    top_rest_s: float = 0.4,
    through_up: Sequence[tuple[float, Values]] = (),
    through_down: Sequence[tuple[float, Values]] = (),
    reps: int | None = None,
    starts: Values | None = None,
) -> Stops:
    """From the top to the bottom and up again, with postures passed at shares of the ascent or descent."""
    reps = reps or int(rng.integers(1, 6))
    if rng.random() < 0.25 and starts is None:
        stops: Stops = [(0.0, bottom)]
    else:
        start_s = float(rng.uniform(0.2, 1.5))
        stops = [(0.0, starts or top), (start_s, top)]
    for index in range(reps):
        drift = {name: float(rng.normal(0, 2.0)) if name not in NOT_DEGREES else 0.0 for name in STANDING}
        low = {name: value + drift[name] * (abs(value) > 15) for name, value in bottom.items()}
        at_s = stops[-1][0]
        if index or len(stops) > 1:
            pace = float(rng.uniform(0.9, 1.1)) * down_s
            stops += [(at_s + share * pace, middle) for share, middle in through_down]
            stops.append((at_s + pace, low))
        at_s = stops[-1][0] + max(0.04, bottom_rest_s)
        stops.append((at_s, low))
        pace = float(rng.uniform(0.9, 1.1)) * up_s
        stops += [(at_s + share * pace, middle) for share, middle in through_up]
        stops += [(at_s + pace, top), (at_s + pace + max(0.04, top_rest_s), top)]
    stops.append((stops[-1][0] + 0.3, top))
    return stops


NOT_DEGREES = ("hands", "lift", "travel")


def _pace(rng: Rng, slow: float = 1.0) -> float:
    return float(np.exp(rng.normal(np.log(slow), 0.3)))


SQUAT_ARMS = ("back", "front", "goblet", "ahead", "reach", "crossed", "hanging", "overhead", "prisoner", "suitcase")


def squat_arms(rng: Rng, style: str) -> tuple[Values, Values]:
    """Arms at the top and at the bottom of a squat."""
    if style == "back":
        held = {"arm": rng.uniform(-25, 35), "elbow": rng.uniform(110, 155), "hands": rng.uniform(1.2, 2.6)}
        return held, held
    if style == "front":
        held = {"arm": rng.uniform(40, 95), "elbow": rng.uniform(120, 160), "hands": rng.uniform(0.6, 1.3)}
        return held, held
    if style == "goblet":
        held = {"arm": rng.uniform(5, 50), "elbow": rng.uniform(90, 145), "hands": rng.uniform(0.2, 0.5)}
        return held, held
    if style == "ahead":
        held = {"arm": rng.uniform(70, 105), "elbow": rng.uniform(0, 30), "hands": rng.uniform(0.2, 1.1)}
        return held, {**held, "arm": held["arm"] + rng.uniform(-20, 10)}
    if style == "reach":
        return {"arm": rng.uniform(-5, 20), "elbow": 10.0}, {"arm": rng.uniform(45, 100), "elbow": rng.uniform(0, 90)}
    if style == "crossed":
        held = {"arm": rng.uniform(10, 60), "elbow": rng.uniform(80, 130), "hands": rng.uniform(0.1, 0.6)}
        return held, held
    if style == "hanging":
        return {"arm": 0.0}, {"arm": rng.uniform(-5, 25), "elbow": rng.uniform(5, 40)}
    if style == "suitcase":
        return {"arm": 0.0, "hands": 1.3}, {"arm": rng.uniform(-5, 5), "hands": 1.3}
    if style == "overhead":
        held = {"arm": rng.uniform(160, 185), "elbow": rng.uniform(0, 30), "hands": rng.uniform(1.2, 3.0)}
        return held, held
    held = {"arm": rng.uniform(120, 170), "elbow": rng.uniform(110, 150), "hands": rng.uniform(0.3, 1.2)}
    return held, held


def squat_bottom(rng: Rng, *, deep: bool = False) -> Values:
    thigh = rng.uniform(75, 112) if deep or rng.random() < 0.75 else rng.uniform(48, 75)
    shank = rng.uniform(12, 42) * min(1.0, thigh / 80)
    trunk = rng.uniform(8, 62) * min(1.0, thigh / 75)
    return {"thigh": thigh, "shank": shank, "trunk": trunk}


def squat(rng: Rng) -> Stops:
    style = SQUAT_ARMS[int(rng.integers(len(SQUAT_ARMS) - 1))] if rng.random() < 0.97 else "suitcase"
    above, below = squat_arms(rng, style)
    slow = _pace(rng)
    return repeated(
        rng,
        both(**above, trunk=rng.uniform(-4, 12)),
        both(**{**squat_bottom(rng), **below}),
        down_s=1.1 * slow,
        up_s=1.0 * slow,
        bottom_rest_s=float(rng.choice([0.05, 0.2, 0.8])),
        top_rest_s=float(rng.choice([0.05, 0.4, 1.2])),
    )


def deadlift(rng: Rng) -> Stops:
    kind = rng.choice(["conventional", "sumo", "romanian", "kettlebell", "squatted"], p=[0.4, 0.12, 0.2, 0.2, 0.08])
    trunk, thigh, shank, hands = {
        "conventional": (rng.uniform(45, 85), rng.uniform(28, 68), rng.uniform(0, 18), rng.uniform(0.9, 1.5)),
        "sumo": (rng.uniform(30, 65), rng.uniform(45, 85), rng.uniform(0, 15), rng.uniform(0.5, 1.0)),
        "romanian": (rng.uniform(50, 88), rng.uniform(8, 28), rng.uniform(-6, 10), rng.uniform(0.9, 1.5)),
        "kettlebell": (rng.uniform(35, 75), rng.uniform(40, 80), rng.uniform(0, 20), rng.uniform(0.15, 0.5)),
        "squatted": (rng.uniform(25, 45), rng.uniform(75, 98), rng.uniform(5, 30), rng.uniform(0.15, 1.2)),
    }[str(kind)]
    slow = _pace(rng, 1.1)
    low = both(trunk=trunk, thigh=thigh, shank=shank, arm=rng.uniform(-14, 6), hands=hands, elbow=rng.uniform(2, 25))
    knee = both(trunk=0.75 * trunk, thigh=0.42 * thigh, shank=0.3 * shank, arm=rng.uniform(-20, 0), hands=hands)
    # The load stays at the body at the top; its plates or the bell keep the hands a little in front.
    top = both(trunk=rng.uniform(-8, 14), arm=rng.uniform(0, 14), hands=hands, elbow=rng.uniform(2, 25))
    return repeated(
        rng,
        top,
        low,
        down_s=1.1 * slow,
        up_s=1.1 * slow,
        bottom_rest_s=float(rng.choice([0.05, 0.3, 1.2])) if kind != "romanian" else 0.05,
        top_rest_s=float(rng.choice([0.1, 0.5, 1.2])),
        through_up=[(0.55, knee)] if kind != "squatted" else (),
        starts=None if rng.random() < 0.6 else both(),
    )


def swing_arms(rng: Rng, highest: float) -> tuple[str, Callable[[float], Values]]:
    """How the bell is held, and the arms with the holding one at an angle."""
    hold = str(rng.choice(["two", "one", "double"], p=[0.55, 0.3, 0.15]))
    side, free = ("l", "r") if rng.random() < 0.5 else ("r", "l")
    elbow, hands = rng.uniform(2, 35), {"two": rng.uniform(0.15, 0.5), "one": 1.0, "double": 0.9}[hold]
    follows = rng.uniform(-0.3, 0.9)

    def arms(angle: float) -> Values:
        if hold != "one":
            return {"arm_l": angle, "arm_r": angle, "elbow_l": elbow, "elbow_r": elbow, "hands": hands}
        other = follows * angle if angle > 0 else -1.5 * angle * abs(follows)
        return {f"arm_{side}": angle, f"elbow_{side}": elbow, f"arm_{free}": other, f"elbow_{free}": 20.0, "hands": 1.0}

    return hold, arms


def swing(rng: Rng, highest: tuple[float, float] = (55.0, 125.0)) -> Stops:
    peak = rng.uniform(*highest)
    _, arms = swing_arms(rng, peak)
    squatty = rng.random() < 0.3
    trunk = rng.uniform(18, 45) if squatty else rng.uniform(35, 80)
    thigh = rng.uniform(38, 72) if squatty else rng.uniform(8, 42)
    low = {**both(trunk=trunk, thigh=thigh, shank=rng.uniform(-6, 18)), **arms(rng.uniform(-35, -2))}
    period = 1.55 * _pace(rng)
    open_hips = {**both(trunk=rng.uniform(-8, 8)), **arms(rng.uniform(10, 50))}
    falling = {**both(trunk=rng.uniform(0, 10)), **arms(rng.uniform(20, 60))}
    top = {**both(trunk=rng.uniform(-12, 6)), **arms(peak)}
    begins = both(trunk=70.0, thigh=50.0, shank=5.0, arm=5.0) if rng.random() < 0.2 else None
    return repeated(
        rng,
        top,
        low,
        down_s=0.5 * period,
        up_s=0.46 * period,
        bottom_rest_s=0.04,
        top_rest_s=0.04,
        through_up=[(0.5, open_hips)],
        through_down=[(0.4, falling)],
        reps=int(rng.choice([1, 2, 3, 5, 8])),
        starts=begins,
    )


def lunge(rng: Rng) -> Stops:
    """Forward, reverse, split or walking: one knee in front, the other behind."""
    front, rear = ("l", "r") if rng.random() < 0.5 else ("r", "l")
    depth = rng.uniform(0.6, 1.05)
    low = both(trunk=rng.uniform(-5, 30), arm=rng.uniform(-10, 40), elbow=rng.uniform(5, 120))
    low |= {f"thigh_{front}": 82 * depth, f"shank_{front}": rng.uniform(-5, 25)}
    low |= {f"thigh_{rear}": rng.uniform(-25, 15), f"shank_{rear}": rng.uniform(55, 85) * depth}
    arms = {name: low[name] for name in ("arm_l", "arm_r", "elbow_l", "elbow_r")}
    kind = rng.choice(["step", "split", "walking"])
    top = {**both(), **arms}
    if kind == "split":
        apart = rng.uniform(12, 28)
        top |= {f"thigh_{front}": apart, f"shank_{front}": -apart / 2, f"thigh_{rear}": -apart, f"shank_{rear}": apart}
    slow = _pace(rng, 1.1)
    stops = repeated(rng, top, low, down_s=slow, up_s=slow, top_rest_s=float(rng.choice([0.05, 0.5])))
    if kind != "split" and rng.random() < 0.6:
        swapped: list[tuple[float, Values, bool]] = []
        deep = 0
        for at_s, values in stops:
            is_low = abs(values["thigh_l"] - values["thigh_r"]) > 30
            deep += int(is_low and bool(swapped) and not swapped[-1][2])
            other = {**values}
            if deep % 2 == 0:
                for joint in ("thigh", "shank"):
                    other[f"{joint}_l"], other[f"{joint}_r"] = values[f"{joint}_r"], values[f"{joint}_l"]
            swapped.append((at_s, other, is_low))
        stops = [(at_s, values) for at_s, values, _ in swapped]
    if kind == "walking":
        stops = [(at_s, {**values, "travel": 0.5 * at_s}) for at_s, values in stops]
    return stops


def good_morning(rng: Rng) -> Stops:
    above, _ = squat_arms(rng, str(rng.choice(["back", "prisoner", "crossed"])))
    thigh = rng.uniform(5, 50)
    trunk = rng.uniform(42, 92) if thigh < 30 else rng.uniform(34, 75)
    low = both(**above, trunk=trunk, thigh=thigh, shank=rng.uniform(-8, 12))
    slow = _pace(rng, 1.2)
    return repeated(rng, both(**above), low, down_s=slow, up_s=slow)


def forward_bend(rng: Rng) -> Stops:
    low = both(trunk=rng.uniform(88, 130), thigh=rng.uniform(-5, 8), arm=rng.uniform(-10, 20))
    top = both(arm=rng.uniform(0, 180))
    return repeated(rng, top, low, down_s=2.0 * _pace(rng), up_s=1.8 * _pace(rng), bottom_rest_s=1.0)


def row(rng: Rng) -> Stops:
    """Bent over, pulling; the trunk heaves a little."""
    lean, heave = rng.uniform(40, 85), rng.uniform(4, 22)
    legs = {"thigh": rng.uniform(10, 35), "shank": rng.uniform(0, 12)}
    low = both(trunk=lean, arm=0.0, **legs)
    high = both(trunk=lean - heave, arm=rng.uniform(-60, -20), elbow=rng.uniform(70, 120), **legs)
    if rng.random() < 0.4:
        high |= {"arm_l": 10.0, "elbow_l": 10.0}
    return repeated(rng, high, low, down_s=0.8 * _pace(rng), up_s=0.7 * _pace(rng))


def jump(rng: Rng) -> Stops:
    bottom = squat_bottom(rng)
    arms = rng.uniform(-60, 110)
    low = both(**bottom, arm=arms, elbow=rng.uniform(5, 100))
    top = both(arm=rng.uniform(0, 180) if rng.random() < 0.5 else arms, elbow=rng.uniform(5, 100))
    air = {**top, "lift": rng.uniform(0.12, 0.5)}
    land = both(thigh=rng.uniform(25, 60), shank=rng.uniform(10, 25), trunk=rng.uniform(5, 35))
    slow = _pace(rng, 0.9)
    stops: Stops = [(0.0, top), (0.5, top)]
    for _ in range(int(rng.integers(1, 6))):
        at_s = stops[-1][0]
        stops += [(at_s + 0.7 * slow, low), (at_s + 0.95 * slow, {**top, "lift": 0.02}), (at_s + 1.15 * slow, air)]
        stops += [(at_s + 1.4 * slow, {**top, "lift": 0.02}), (at_s + 1.6 * slow, land), (at_s + 2.0 * slow, top)]
        if rng.random() < 0.6:
            stops.append((stops[-1][0] + rng.uniform(0.05, 0.8), top))
    return stops


def squat_to_press(rng: Rng) -> Stops:
    """Thruster, wall ball, squat to press, with one or two hands."""
    held, _ = squat_arms(rng, str(rng.choice(["front", "goblet"])))
    low = both(**squat_bottom(rng, deep=True), **held)
    up = both(arm=rng.uniform(150, 182), elbow=rng.uniform(0, 30), hands=held["hands"])
    if rng.random() < 0.2:
        up |= {"arm_l": held["arm"], "elbow_l": held["elbow"]}
    racked = both(**held)
    slow = _pace(rng)
    return repeated(
        rng,
        up,
        low,
        down_s=1.4 * slow,
        up_s=1.3 * slow,
        top_rest_s=float(rng.choice([0.05, 0.3])),
        through_up=[(0.6, racked)],
        through_down=[(0.35, racked)],
    )


def snatch(rng: Rng) -> Stops:
    """From the backswing or the floor overhead: snatch, overhead swing, clean and press."""
    _, arms = swing_arms(rng, 175.0)
    low = {**both(trunk=rng.uniform(30, 75), thigh=rng.uniform(15, 60), shank=5.0), **arms(rng.uniform(-25, 5))}
    top = {**both(), **arms(rng.uniform(148, 182))}
    slow = _pace(rng)
    passing = {**both(), **arms(rng.uniform(30, 90))}
    return repeated(
        rng,
        top,
        low,
        down_s=0.9 * slow,
        up_s=0.8 * slow,
        bottom_rest_s=0.04,
        top_rest_s=float(rng.choice([0.04, 0.6])),
        through_up=[(0.5, passing)],
        through_down=[(0.5, passing)],
    )


def clean(rng: Rng) -> Stops:
    """From the floor or from hanging to the shoulders; also a kettlebell fetched to the chest."""
    hands = rng.uniform(0.2, 1.4)
    low = both(trunk=rng.uniform(35, 80), thigh=rng.uniform(20, 80), shank=rng.uniform(0, 18), arm=0.0, hands=hands)
    caught = both(arm=rng.uniform(20, 90), elbow=rng.uniform(110, 155), hands=hands)
    slow = _pace(rng)
    middle = both(arm=5.0, hands=hands)
    return repeated(
        rng, caught, low, down_s=slow, up_s=0.9 * slow, through_up=[(0.6, middle)], through_down=[(0.4, middle)]
    )


def high_pull(rng: Rng) -> Stops:
    hands = rng.uniform(0.2, 1.0)
    low = both(trunk=rng.uniform(15, 60), thigh=rng.uniform(20, 70), shank=rng.uniform(0, 15), hands=hands)
    high = both(arm=rng.uniform(15, 60), elbow=rng.uniform(100, 140), out=rng.uniform(30, 75), hands=hands)
    slow = _pace(rng)
    return repeated(rng, high, low, down_s=0.8 * slow, up_s=0.7 * slow, through_up=[(0.55, both(hands=hands))])


def burpee(rng: Rng) -> Stops:
    top = both(arm=rng.uniform(0, 170))
    crouch = both(trunk=rng.uniform(50, 75), thigh=rng.uniform(80, 110), shank=rng.uniform(20, 40), arm=10.0)
    plank = both(trunk=rng.uniform(70, 84), thigh=rng.uniform(-80, -65), shank=rng.uniform(65, 80), arm=-5.0)
    slow = _pace(rng, 1.2)
    return repeated(
        rng, top, plank, down_s=1.5 * slow, up_s=1.5 * slow, bottom_rest_s=0.4,
        through_up=[(0.5, crouch)], through_down=[(0.5, crouch)],
    )  # fmt: skip


def pulses(rng: Rng) -> Stops:
    """Bouncing at the bottom of a squat or a lunge without ever standing."""
    _, below = squat_arms(rng, str(rng.choice(SQUAT_ARMS[:7])))
    bottom = squat_bottom(rng, deep=True)
    low = both(**{**bottom, **below})
    share = rng.uniform(0.45, 0.72)
    high = both(**{name: share * value for name, value in bottom.items()}, **below)
    slow = _pace(rng, 0.6)
    return repeated(rng, high, low, down_s=slow, up_s=slow, top_rest_s=0.05, reps=int(rng.integers(3, 8)))


def duck_walk(rng: Rng) -> Stops:
    stops: Stops = []
    thigh, trunk = rng.uniform(60, 95), rng.uniform(10, 40)
    arm, elbow = rng.uniform(0, 90), rng.uniform(5, 120)
    step_s = rng.uniform(0.4, 0.9)
    for index in range(int(rng.integers(6, 14))):
        values = both(thigh=thigh, shank=25.0, trunk=trunk + rng.normal(0, 4), arm=arm, elbow=elbow)
        fore, aft = ("l", "r") if index % 2 else ("r", "l")
        bob = rng.uniform(0, 22)
        values |= {f"thigh_{fore}": thigh + 8 - bob, f"thigh_{aft}": thigh - 20 - bob, f"shank_{aft}": 60.0}
        stops.append((index * step_s, {**values, "travel": 0.25 * index}))
    if rng.random() < 0.5:
        stops.append((stops[-1][0] + 1.0, {**both(arm=arm, elbow=elbow), "travel": 0.25 * len(stops)}))
    return stops


def battle_ropes(rng: Rng) -> Stops:
    lean, thigh = rng.uniform(25, 60), rng.uniform(20, 60)
    body = {"thigh": thigh, "shank": rng.uniform(0, 20)}
    high = both(trunk=lean - rng.uniform(4, 18), arm=rng.uniform(70, 130), elbow=rng.uniform(5, 60), **body)
    low = both(trunk=lean, arm=rng.uniform(20, 50), elbow=rng.uniform(5, 60), **body)
    if rng.random() < 0.4:
        high |= {"arm_l": low["arm_l"], "elbow_l": low["elbow_l"]}
    beat_s = rng.uniform(0.15, 0.4)
    return repeated(rng, high, low, down_s=beat_s, up_s=beat_s, bottom_rest_s=0.04, top_rest_s=0.04, reps=8)


def golf(rng: Rng) -> Stops:
    """Bent a little, hands swing from one side to the other."""
    lean, thigh = rng.uniform(22, 45), rng.uniform(10, 25)
    body = {"thigh": thigh, "shank": 8.0, "hands": 0.15}
    address = both(trunk=lean, arm=rng.uniform(5, 20), **body)
    back = {
        **both(trunk=lean - 5, arm=rng.uniform(90, 150), elbow=rng.uniform(20, 90), **body),
        "roll": 60.0,
        "twist": 50.0,
    }
    through = {**both(trunk=rng.uniform(0, 15), arm=rng.uniform(110, 160), hands=0.15), "roll": -60.0, "twist": -60.0}
    slow = _pace(rng)
    stops: Stops = [(0.0, address), (1.0, address)]
    for _ in range(int(rng.integers(1, 4))):
        at_s = stops[-1][0]
        stops += [(at_s + 0.9 * slow, back), (at_s + 1.3 * slow, address), (at_s + 1.7 * slow, through)]
        stops += [(at_s + 2.6 * slow, through), (at_s + 3.6 * slow, address)]
    return stops


def walking(rng: Rng) -> Stops:
    """Walking, running on the spot, stepping up: one leg after the other."""
    knee, bob = rng.uniform(15, 90), rng.uniform(0.0, 0.06)
    step_s = rng.uniform(0.25, 0.6)
    on = rng.uniform(0.0, 0.6) if rng.random() < 0.6 else 0.0
    stops: Stops = []
    swing_deg = rng.uniform(5, 40)
    crouch = rng.uniform(0, 15)
    for index in range(int(rng.integers(8, 20))):
        values = both(trunk=rng.uniform(0, 12) + crouch, thigh=crouch, shank=crouch, elbow=rng.uniform(5, 90))
        fore, aft = ("l", "r") if index % 2 else ("r", "l")
        values |= {f"thigh_{fore}": knee / 2, f"shank_{fore}": knee / 2, f"thigh_{aft}": -5.0}
        values |= {f"arm_{fore}": -swing_deg, f"arm_{aft}": swing_deg}
        stops.append((index * step_s, {**values, "travel": on * index, "lift": bob}))
    return stops


def curl_or_press(rng: Rng) -> Stops:
    """Only arms work; the knees give a little."""
    dip = {"thigh": rng.uniform(0, 18), "shank": rng.uniform(0, 14), "trunk": rng.uniform(-10, 20)}
    low = both(arm=rng.uniform(0, 80), elbow=rng.uniform(5, 150), **dip)
    high = both(arm=rng.uniform(20, 180), elbow=rng.uniform(5, 140))
    return repeated(rng, high, low, down_s=0.9 * _pace(rng), up_s=0.8 * _pace(rng))


def jumping_jack(rng: Rng) -> Stops:
    closed = both(out=8.0)
    wide = {**both(out=rng.uniform(120, 170), thigh=4.0), "hands": 0.5}
    dip = both(thigh=rng.uniform(10, 25), shank=rng.uniform(5, 15), out=rng.uniform(30, 90))
    step_s = rng.uniform(0.25, 0.5)
    stops: Stops = [(0.0, closed)]
    for _ in range(int(rng.integers(3, 8))):
        at_s = stops[-1][0]
        stops += [(at_s + 0.4 * step_s, dip), (at_s + 0.7 * step_s, {**closed, "lift": 0.1}), (at_s + step_s, wide)]
        stops += [(at_s + 1.4 * step_s, dip), (at_s + 1.7 * step_s, {**wide, "lift": 0.1}), (at_s + 2 * step_s, closed)]
    return stops


def push_up(rng: Rng) -> Stops:
    plank = both(trunk=rng.uniform(70, 80), thigh=-75.0, shank=75.0, arm=0.0)
    low = both(trunk=rng.uniform(82, 90), thigh=-85.0, shank=85.0, arm=20.0, elbow=90.0)
    return repeated(rng, plank, low, down_s=0.8 * _pace(rng), up_s=0.8 * _pace(rng))


def step_or_pistol(rng: Rng) -> Stops:
    """All on one leg: pistol, step-up, single-leg deadlift, side lunge."""
    stand, free = ("l", "r") if rng.random() < 0.5 else ("r", "l")
    kind = rng.choice(["pistol", "single-leg hinge", "side"])
    if kind == "pistol":
        low = both(trunk=rng.uniform(20, 50), arm=rng.uniform(40, 95))
        low |= {f"thigh_{stand}": rng.uniform(80, 115), f"shank_{stand}": rng.uniform(15, 40)}
        low |= {f"thigh_{free}": rng.uniform(70, 100), f"shank_{free}": rng.uniform(-100, -70)}
    elif kind == "single-leg hinge":
        low = both(trunk=rng.uniform(50, 85), arm=rng.uniform(-15, 10))
        low |= {f"thigh_{stand}": 15.0, f"thigh_{free}": rng.uniform(-80, -40), f"shank_{free}": rng.uniform(40, 90)}
    else:
        low = both(trunk=rng.uniform(20, 55), arm=rng.uniform(10, 80), elbow=rng.uniform(5, 100))
        low |= {f"thigh_{stand}": rng.uniform(60, 95), f"shank_{stand}": 20.0}
        low |= {f"thigh_{free}": rng.uniform(15, 35), f"shank_{free}": -20.0}
    slow = _pace(rng, 1.1)
    return repeated(rng, both(arm=low["arm_l"] if rng.random() < 0.5 else 0.0), low, down_s=slow, up_s=slow)


def tire_flip(rng: Rng) -> Stops:
    low = both(trunk=rng.uniform(45, 75), thigh=rng.uniform(60, 100), shank=rng.uniform(5, 30), arm=rng.uniform(0, 20))
    push = both(trunk=rng.uniform(15, 45), arm=rng.uniform(60, 110), elbow=rng.uniform(10, 90), thigh=20.0, shank=10.0)
    top = both(arm=rng.uniform(0, 60))
    slow = _pace(rng, 1.1)
    stops = repeated(rng, top, low, down_s=slow, up_s=1.4 * slow, through_up=[(0.6, push)])
    return [(at_s, {**values, "travel": 0.3 * at_s}) for at_s, values in stops]


MOVEMENTS: dict[str, tuple[str, Callable[[Rng], Stops], float]] = {
    "squat": ("squat", squat, 5.0),
    "deadlift": ("deadlift", deadlift, 5.0),
    "swing": ("kettlebell-swing", swing, 5.0),
    **{
        function.__name__: (OTHER, function, weight)
        for function, weight in (
            (lunge, 2.5),
            (good_morning, 1.0),
            (forward_bend, 0.5),
            (row, 1.0),
            (jump, 1.5),
            (squat_to_press, 1.5),
            (snatch, 1.2),
            (clean, 1.0),
            (high_pull, 0.8),
            (burpee, 0.5),
            (pulses, 0.8),
            (duck_walk, 0.8),
            (battle_ropes, 0.8),
            (golf, 0.8),
            (walking, 0.8),
            (curl_or_press, 0.5),
            (jumping_jack, 0.4),
            (push_up, 0.3),
            (step_or_pistol, 1.2),
            (tire_flip, 0.4),
        )
    },
}
"""By name: what it is for the recognition, the motion, and how often it is drawn."""


# ------------------------------------------------------------------------------------------------ bodies and cameras


def _body_m(rng: Rng, values: dict[str, FloatArray]) -> FloatArray:
    """(T, K, 3) forward, up and left in metres, the lowest ankle on the floor, of a random body."""
    stature = rng.uniform(1.55, 1.95)
    lengths = {
        name: stature * share * float(np.clip(rng.normal(1.0, 0.05), 0.88, 1.12))
        for name, share in {
            "shank": SHANK, "thigh": THIGH, "trunk": TRUNK, "upper": UPPER_ARM, "fore": FOREARM, "neck": NECK,
        }.items()
    }  # fmt: skip
    half = {"SHOULDER": 0.105 * stature, "HIP": 0.058 * stature, "EAR": 0.04, "EYE": 0.03}
    stance, toes = rng.uniform(0.07, 0.32), rng.uniform(0.0, 0.7)
    rad = {name: np.radians(column) for name, column in values.items()}
    frames = len(values["trunk"])
    body = np.zeros((frames, LANDMARK_COUNT, 3))

    def line(length: float, lean: FloatArray) -> FloatArray:
        return length * np.stack([np.sin(lean), np.cos(lean), np.zeros_like(lean)], axis=1)

    chest = line(lengths["trunk"], rad["trunk"])
    twist = rad["twist"]
    for side, sign in (("LEFT", 1.0), ("RIGHT", -1.0)):
        s = side[0].lower()
        across = np.stack([np.zeros(frames), np.zeros(frames), np.full(frames, sign)], axis=1)
        turned = np.stack([-np.sin(twist) * sign, np.zeros(frames), np.cos(twist) * sign], axis=1)
        hip = half["HIP"] * across
        knee = hip - line(lengths["thigh"], -rad[f"thigh_{s}"])
        # Knees go out over the toes as they bend.
        bend = np.sin(np.clip(rad[f"thigh_{s}"], 0.0, np.pi / 2))
        knee[:, 2] += sign * (0.35 * toes * lengths["thigh"] * bend + 0.5 * (stance - half["HIP"]))
        ankle = knee - line(lengths["shank"], rad[f"shank_{s}"])
        ankle[:, 2] = sign * stance
        shoulder = chest + half["SHOULDER"] * turned
        arm, elbow_bend = rad[f"arm_{s}"], rad[f"elbow_{s}"]
        behind = np.arctan2(
            lengths["fore"] * np.sin(elbow_bend), lengths["upper"] + lengths["fore"] * np.cos(elbow_bend)
        )
        upper = -line(lengths["upper"], behind - arm)
        fore = -line(lengths["fore"], behind - arm - elbow_bend)
        out = rad[f"out_{s}"]
        for part in (upper, fore):
            side_way = -part[:, 1] * np.sin(out) * sign
            part[:, 1] *= np.cos(out)
            part[:, 2] += side_way
            roll = rad["roll"]
            part[:, 2] += np.linalg.norm(part, axis=1) * np.sin(roll) * 0.8
        elbow = shoulder + upper
        wrist = elbow + fore
        near = np.clip(values["hands"], 0.0, None)
        middle = chest + shoulder * 0.0
        wrist[:, 2] = np.where(
            out < 0.35, middle[:, 2] + (wrist[:, 2] - shoulder[:, 2]) + sign * half["SHOULDER"] * near, wrist[:, 2]
        )
        ear = chest + line(lengths["neck"], rad["trunk"]) + half["EAR"] * turned
        eye = ear + 0.08 * np.stack([np.cos(rad["trunk"]), -np.sin(rad["trunk"]), np.zeros(frames)], axis=1)
        points = {
            "HIP": hip, "KNEE": knee, "ANKLE": ankle, "SHOULDER": shoulder, "ELBOW": elbow, "WRIST": wrist, "EAR": ear,
            "EYE": eye, "EYE_INNER": eye, "EYE_OUTER": eye, "PINKY": wrist, "INDEX": wrist, "THUMB": wrist,
            "HEEL": ankle + np.array([-0.05, -0.04, 0.0]), "FOOT_INDEX": ankle + np.array([0.17, -0.05, 0.05 * sign]),
        }  # fmt: skip
        for joint, point in points.items():
            body[:, Landmark[f"{side}_{joint}"]] = point
        body[:, Landmark[f"MOUTH_{side}"]] = eye - [0.0, 0.06, 0.0]
    body[:, Landmark.NOSE] = body[:, [Landmark.LEFT_EYE, Landmark.RIGHT_EYE]].mean(axis=1) - [0.0, 0.03, 0.0]
    ankles = body[:, [Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE]]
    planted = ankles[:, :, 0].mean(axis=1)
    if rng.random() < 0.5:
        planted = ankles[:, int(rng.integers(2)), 0]
    body[:, :, 0] += (values["travel"] - planted)[:, None]
    body[:, :, 1] += (values["lift"] - ankles[:, :, 1].min(axis=1))[:, None]
    return body


CONSTANT_ERROR_M, SLOW_ERROR_M, HIDDEN_ERROR_M = 0.012, 0.008, 0.06
"""How a pose model errs: constant and slow errors of every joint, and larger ones of what is hidden."""


def film(rng: Rng, stops: Stops) -> PoseSequence:
    """The motion seen by a random camera through a pose model that errs."""
    times = np.array([at_s for at_s, _ in stops])
    keep = np.concatenate([[True], np.diff(times) > 1e-3])
    table = np.array([[values[name] for name in STANDING] for _, values in stops])[keep]
    curves = PchipInterpolator(times[keep], table)
    fps = float(rng.choice([12.5, 25.0, 30.0]))
    time_s = np.arange(0.0, times[keep][-1], 1.0 / fps)
    columns = curves(time_s)
    body = _body_m(rng, {name: columns[:, index] for index, name in enumerate(STANDING)})
    around = rng.choice(["side", "oblique", "front", "rear"], p=[0.45, 0.28, 0.2, 0.07])
    low, high = {"side": (-20, 20), "oblique": (20, 65), "front": (65, 100), "rear": (-115, -40)}[str(around)]
    yaw = np.radians(rng.uniform(low, high)) * (1.0 if around != "oblique" or rng.random() < 0.75 else -1.0)
    forward = 1.0 if rng.random() < 0.5 else -1.0
    left = np.array([np.sin(yaw), forward * np.cos(yaw)])
    ahead = np.array([left[1], -left[0]])
    space = np.empty_like(body)
    space[..., [0, 2]] = body[..., :1] * ahead + body[..., 2:] * left
    space[..., 1] = -body[..., 1]
    tilt = np.radians(rng.uniform(-5, 18))
    across, down, away = space[..., 0], space[..., 1], space[..., 2]
    space = np.stack(
        [across, down * np.cos(tilt) - away * np.sin(tilt), away * np.cos(tilt) + down * np.sin(tilt)], axis=-1
    )
    wobble = rng.normal(0.0, 1.0, space.shape)
    wobble = gaussian_filter1d(wobble, sigma=0.25 * fps, axis=0) * np.sqrt(2 * np.sqrt(np.pi) * 0.25 * fps)
    space = space + rng.normal(0.0, CONSTANT_ERROR_M, (1, LANDMARK_COUNT, 3)) + SLOW_ERROR_M * wobble
    if rng.random() < 0.2:
        hidden = [Landmark[f"{side}_{joint}"] for side in ("LEFT", "RIGHT") for joint in _hidden_joints(rng)]
        space[:, hidden] += HIDDEN_ERROR_M * (rng.normal(0.0, 1.0, (1, len(hidden), 3)) + 0.5 * wobble[:, hidden])
    middle = space[:, [Landmark.LEFT_HIP, Landmark.RIGHT_HIP]].mean(axis=1, keepdims=True)
    world = space - middle
    world[..., 2] *= rng.uniform(0.55, 1.1)
    if rng.random() < 0.12:
        # Feet out of the picture: the model shortens the shanks and sees hardly any bend of the knees.
        knees, feet = (
            [Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE],
            [Landmark[f"{side}_{joint}"] for side in ("LEFT", "RIGHT") for joint in ("ANKLE", "HEEL", "FOOT_INDEX")],
        )
        world[:, knees, 2] *= rng.uniform(0.0, 0.4)
        world[:, feet, 2] *= rng.uniform(0.0, 0.4)
    px_per_m = 300.0
    image = space * px_per_m + np.array([540.0, 900.0, 0.0])
    shape = expected_shapes(len(time_s))
    arrays = {name: np.full(size, np.nan) for name, size in shape.items()} | {
        "time_s": time_s,
        "image_px": image,
        "world_m": world,
        "visibility": np.full(shape["visibility"], 0.97),
        "picture_change": np.zeros(len(time_s)),
    }
    return PoseSequence(**arrays, video=VideoInfo("drawn", 1080, 1200, len(time_s), float(time_s[-1])), model="drawn")


def _hidden_joints(rng: Rng) -> tuple[str, ...]:
    options = (("WRIST", "ELBOW"), ("SHOULDER", "ELBOW"), ("ANKLE", "HEEL", "FOOT_INDEX"), ("KNEE", "ANKLE"))
    return options[int(rng.integers(len(options)))]


def examples(count: int, seed: int) -> list[Example]:
    """Random clips of all movements."""
    rng = np.random.default_rng(seed)
    names = list(MOVEMENTS)
    weights = np.array([MOVEMENTS[name][2] for name in names])
    drawn = rng.choice(len(names), size=count, p=weights / weights.sum())
    made = []
    for index in drawn.tolist():
        label, motion, _ = MOVEMENTS[names[index]]
        made.append(Example(label, names[index], film(rng, motion(rng))))
    return made
