"""Pictures of the moves, drawn from joint angles: a calm figure in two key positions with arrows. Pure functions.

Angles are directions of segments in the picture in degrees: 0 to the right, 90 up, growing counter-clockwise. Lengths
are shares of stature, x grows to the right and y up from the floor. Side views face right; a lying figure has its head
on the left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from formcheck.guidance.texts import text

Point = tuple[float, float]

LOWER_TRUNK, UPPER_TRUNK, NECK, HEAD_RADIUS = 0.14, 0.155, 0.12, 0.062
ARM = (0.165, 0.14, 0.05)
LEG = (0.235, 0.235, 0.095)
HALF_SHOULDERS, HALF_HIPS = 0.075, 0.05
"""Half the breadth of shoulders and hips, for figures seen from the front."""

TRUNK_WIDTH, NECK_WIDTH, ARM_WIDTH, LEG_WIDTH = 0.092, 0.05, 0.04, 0.058

TRUNK_COLOR, NEAR_COLOR, FAR_COLOR = "#5f9c92", "#35786d", "#a8c9c3"
ARROW_COLOR, FLOOR_COLOR = "#de7c33", "#b5c0bc"
"""Legible on white and on dark pages."""

PICTURE_WIDTH, PANEL_WIDTH, MARGIN = 424, 200.0, 12.0
HIGHEST_SCALE, TALLEST = 172.0, 172.0
"""Picture units for one stature, and for the height of a figure."""

ABOVE_HEAD, LOWEST_PICTURE = 0.1, 0.46
"""Room for arrows and for the clock, in statures."""

SHORTEST_ARROW = 0.12


@dataclass(frozen=True)
class Pose:
    """A position as directions of segments, in degrees.

    ``lower`` is the trunk from hip to waist, ``upper`` from waist to shoulders, ``head`` from shoulders to head; arms
    are (upper arm, forearm, hand), legs (thigh, shank, foot). ``shrug`` lifts the shoulders; ``front`` is a front view.
    """

    lower: float
    upper: float
    head: float
    near_arm: tuple[float, float, float]
    far_arm: tuple[float, float, float]
    near_leg: tuple[float, float, float]
    far_leg: tuple[float, float, float]
    shrug: float = 0.0
    front: bool = False


@dataclass(frozen=True)
class Arrow:
    """The way of a joint to its place in the other position, bulging to the left of it by that share of its length.

    ``beside`` moves it away from the body; without it, it runs along the side of its bulge. ``turn`` draws three
    quarters of a circle around the joint instead, with that radius, clockwise.
    """

    joint: str
    bulge: float = 0.25
    beside: Point = (0.0, 0.0)
    turn: float = 0.0


@dataclass(frozen=True)
class Picture:
    """Two positions, arrows between them, the joint that stays where it is; ``hold``: the second one is held."""

    first: Pose
    second: Pose
    arrows: tuple[Arrow, ...]
    anchor: str
    hold: bool = False
    post: bool = False


def joints(pose: Pose) -> dict[str, Point]:
    """Joints of a figure that stands on the floor, by name.

    Names are hip, waist, shoulder, head, and with ``near_`` or ``far_``: shoulder, elbow, wrist, hand, hip, knee,
    ankle, toe.
    """
    found: dict[str, Point] = {"hip": (0.0, 0.0)}
    found["waist"] = _from(found["hip"], pose.lower, LOWER_TRUNK)
    found["shoulder"] = _from(found["waist"], pose.upper, UPPER_TRUNK)
    found["head"] = _from(found["shoulder"], pose.head, NECK)
    for side, sign, arm, leg in (("near", -1, pose.near_arm, pose.near_leg), ("far", 1, pose.far_arm, pose.far_leg)):
        width = sign * pose.front
        shoulder = _from(found["shoulder"], pose.upper, pose.shrug - 0.02)
        found[f"{side}_shoulder"] = _from(shoulder, pose.upper + 90, width * HALF_SHOULDERS)
        found[f"{side}_hip"] = _from(found["hip"], pose.lower + 90, width * HALF_HIPS)
        chains = (("shoulder", ("elbow", "wrist", "hand"), arm, ARM), ("hip", ("knee", "ankle", "toe"), leg, LEG))
        for start, names, angles, lengths in chains:
            place = found[f"{side}_{start}"]
            for name, angle, length in zip(names, angles, lengths, strict=True):
                place = found[f"{side}_{name}"] = _from(
                    place, angle, length * (0.5 if pose.front and name == "toe" else 1)
                )
    floor = min(y - _radius(name) for name, (_, y) in found.items())
    return {name: (x, y - floor) for name, (x, y) in found.items()}


def picture(move: str) -> str:
    """A move as SVG on a transparent background; `KeyError` for a move without a picture.

    All are equally wide and as high as their figures need.
    """
    drawn = PICTURES[move]
    first, second = joints(drawn.first), joints(drawn.second)
    # What stays in its place must do so in the picture, or the arrows would be wrong.
    shift = first[drawn.anchor][0] - second[drawn.anchor][0]
    second = {name: (x + shift, y) for name, (x, y) in second.items()}
    places = [*first.values(), *second.values()]
    left, right = min(x for x, _ in places) - 0.07, max(x for x, _ in places) + 0.07
    top = max(LOWEST_PICTURE, max(y for _, y in places) + ABOVE_HEAD)
    scale = min(HIGHEST_SCALE, (PANEL_WIDTH - 2 * MARGIN) / (right - left), TALLEST / top)
    floor_y = MARGIN + scale * top
    name = escape(text(f"move.{move}.name"))
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 '
        f'{PICTURE_WIDTH} {floor_y + MARGIN:.0f}" role="img" aria-label="{name}" fill="none" stroke-linecap="round" '
        f'stroke-linejoin="round"><title>{name}</title>'
    ]
    for panel, (pose, here, there) in enumerate(((drawn.first, first, second), (drawn.second, second, first))):
        middle = MARGIN + PANEL_WIDTH * (panel + 0.5)
        canvas = _Canvas(middle - scale * (left + right) / 2, floor_y, scale)
        parts.append(f'<path d="M{middle - 90:.0f} {floor_y:.0f}h180" stroke="{FLOOR_COLOR}" stroke-width="2"/>')
        if drawn.post:
            post_x = canvas.place((here["far_hand"][0] + 0.02, 0))[0]
            parts.append(
                f'<path d="M{post_x:.1f} {floor_y:.0f}v{-0.85 * scale:.0f}" stroke="{FLOOR_COLOR}" stroke-width="5"/>'
            )
        parts += _figure(canvas, pose, here)
        if panel and drawn.hold:
            parts.append(_hold_mark(middle + 82))
        else:
            parts += [_arrow(canvas, arrow, here, there, mirrored=bool(panel)) for arrow in drawn.arrows]
    return "".join(parts) + "</svg>"


# --- drawing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Canvas:
    """From shares of stature above the floor to units of the picture, whose y grows downwards."""

    left: float
    floor: float
    scale: float

    def place(self, point: Point) -> Point:
        return self.left + self.scale * point[0], self.floor - self.scale * point[1]

    def width(self, share: float) -> str:
        return f"{share * self.scale:.1f}"

    def path(self, points: Sequence[Point]) -> str:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(self.place, points))


def _figure(canvas: _Canvas, pose: Pose, at: Mapping[str, Point]) -> list[str]:
    far = NEAR_COLOR if pose.front else FAR_COLOR

    def limb(side: str, names: Sequence[str], width: float, color: str) -> str:
        way = canvas.path([at[f"{side}_{name}"] for name in names])
        return f'<path d="{way}" stroke="{color}" stroke-width="{canvas.width(width)}"/>'

    arm, leg = ("shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "toe")
    hip, waist, shoulder = (canvas.place(at[name]) for name in ("hip", "waist", "shoulder"))
    # The curve passes through the waist.
    bend = tuple(2 * w - (h + s) / 2 for h, w, s in zip(hip, waist, shoulder, strict=True))
    trunk_width = TRUNK_WIDTH * (1.35 if pose.front else 1.0)
    head = canvas.place(at["head"])
    parts = [limb("far", leg, LEG_WIDTH, far)]
    if not pose.front:
        parts.append(limb("far", arm, ARM_WIDTH, far))
    parts += [
        f'<path d="{canvas.path([at["shoulder"], at["head"]])}" stroke="{TRUNK_COLOR}" '
        f'stroke-width="{canvas.width(NECK_WIDTH)}"/>',
        limb("near", leg, LEG_WIDTH, NEAR_COLOR),
        f'<path d="M{hip[0]:.1f} {hip[1]:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {shoulder[0]:.1f} {shoulder[1]:.1f}" '
        f'stroke="{TRUNK_COLOR}" stroke-width="{canvas.width(trunk_width)}"/>',
        f'<circle cx="{head[0]:.1f}" cy="{head[1]:.1f}" r="{canvas.width(HEAD_RADIUS)}" fill="{TRUNK_COLOR}"/>',
    ]
    if pose.front:
        parts.append(limb("far", arm, ARM_WIDTH, far))
    else:
        nose = canvas.place(_from(at["head"], pose.head - 90, HEAD_RADIUS))
        parts.append(f'<circle cx="{nose[0]:.1f}" cy="{nose[1]:.1f}" r="{canvas.width(0.014)}" fill="{TRUNK_COLOR}"/>')
    return [*parts, limb("near", arm, ARM_WIDTH, NEAR_COLOR)]


def _arrow(canvas: _Canvas, arrow: Arrow, here: Mapping[str, Point], there: Mapping[str, Point], mirrored: bool) -> str:
    """In the second position the arrow leads back, on the other side of the way."""
    start = here[arrow.joint]
    if arrow.turn:
        first, last = 150.0, -120.0
        begin, end = (canvas.place(_from(start, angle, arrow.turn)) for angle in (first, last))
        radius = canvas.width(arrow.turn)
        curve = f"M{begin[0]:.1f} {begin[1]:.1f}A{radius} {radius} 0 1 1 {end[0]:.1f} {end[1]:.1f}"
        return _with_tip(curve, end, math.radians(90 - last))
    way = there[arrow.joint][0] - start[0], there[arrow.joint][1] - start[1]
    length = math.hypot(*way)
    if length < SHORTEST_ARROW:
        way = tuple(SHORTEST_ARROW / length * each for each in way)  # type: ignore[assignment]
    if mirrored and any(arrow.beside):
        # It comes from there, and so stays off the body.
        start = start[0] - way[0], start[1] - way[1]
    bulge = -arrow.bulge if mirrored else arrow.bulge
    side = -way[1] * math.copysign(1, bulge), way[0] * math.copysign(1, bulge)
    away = 0.0 if any(arrow.beside) else 0.075 / math.hypot(*way)

    def place(share: float, over: float) -> Point:
        x, y = (p + b + share * w + over * s for p, b, w, s in zip(start, arrow.beside, way, side, strict=True))
        return canvas.place((x, y))

    # Beside the limb rather than on it, and ending before the place that it points to.
    (x0, y0), (x1, y1), (x2, y2) = place(0.08, away), place(0.47, away + abs(bulge)), place(0.85, away)
    return _with_tip(f"M{x0:.1f} {y0:.1f}Q{x1:.1f} {y1:.1f} {x2:.1f} {y2:.1f}", (x2, y2), math.atan2(y2 - y1, x2 - x1))


def _with_tip(curve: str, end: Point, heading: float) -> str:
    """A curve with an arrow head that points along ``heading``, in radians of the picture."""
    back = [(end[0] - 9 * math.cos(heading + turn), end[1] - 9 * math.sin(heading + turn)) for turn in (0.55, -0.55)]
    tip = f"M{back[0][0]:.1f} {back[0][1]:.1f}L{end[0]:.1f} {end[1]:.1f}L{back[1][0]:.1f} {back[1][1]:.1f}"
    return f'<path d="{curve}{tip}" stroke="{ARROW_COLOR}" stroke-width="3.2"/>'


def _hold_mark(x: float) -> str:
    """A small clock: this position is held."""
    return (
        f'<g stroke="{ARROW_COLOR}" stroke-width="2.6"><circle cx="{x:.0f}" cy="26" r="10"/>'
        f'<path d="M{x:.0f} 20v6l4 3"/></g>'
    )


def _from(start: Point, angle_deg: float, length: float) -> Point:
    angle = math.radians(angle_deg)
    return start[0] + length * math.cos(angle), start[1] + length * math.sin(angle)


def _radius(name: str) -> float:
    """How thick the body is around a joint."""
    part = name.split("_")[-1]
    if part == "head":
        return HEAD_RADIUS
    if part in ("elbow", "wrist", "hand"):
        return ARM_WIDTH / 2
    return LEG_WIDTH / 2 if part in ("knee", "ankle", "toe") else TRUNK_WIDTH / 2


# --- positions -----------------------------------------------------------------------------------------------------

HANGING, HANDS_ON_HIPS, AHEAD = (-96.0, -84.0, -84.0), (242.0, 298.0, 300.0), (0.0, 3.0, 3.0)
BEHIND_HEAD = (136.0, 204.0, 190.0)
STRAIGHT_LEG, OTHER_STRAIGHT_LEG = (-90.0, -91.0, -4.0), (-85.0, -93.0, -4.0)
KNEELING_LEG, SUPINE_LEG = (-90.0, 182.0, 182.0), (52.0, -76.0, -4.0)
PROP = (-90.0, -90.0, 0.0)

STANDING = Pose(90, 90, 88, HANGING, HANGING, STRAIGHT_LEG, OTHER_STRAIGHT_LEG)
ALL_FOURS = Pose(16, 13, 4, PROP, PROP, KNEELING_LEG, KNEELING_LEG)
LYING = Pose(180, 180, 176, (0, 0, 0), (0, 0, 0), SUPINE_LEG, (57, -72, -4))
FACING_US = Pose(90, 90, 90, (-78, -84, -84), (-102, -96, -96), (-80, -84, -50), (-100, -96, -130), front=True)
LEANING_BACK = Pose(122, 116, 108, (-25, 12, 12), (-28, 14, 14), (46, -50, 60), (50, -47, 60))

PICTURES: Mapping[str, Picture] = {
    "cat-cow": Picture(
        replace(ALL_FOURS, lower=46, upper=-8, head=-62),
        replace(ALL_FOURS, lower=-10, upper=38, head=62),
        (Arrow("head", -0.35), Arrow("waist", 0.0, beside=(0, 0.2))),
        "near_knee",
    ),
    "shoulder-rolls": Picture(
        STANDING,
        replace(STANDING, shrug=0.035, near_arm=(-112, -82, -82), far_arm=(-108, -82, -82)),
        (Arrow("near_shoulder", turn=0.13),),
        "near_ankle",
    ),
    "arm-circles": Picture(
        replace(STANDING, near_arm=AHEAD, far_arm=(4, 6, 6)),
        replace(STANDING, near_arm=(100, 98, 98), far_arm=(94, 92, 92)),
        (Arrow("near_hand", -0.22),),
        "near_ankle",
    ),
    "side-bends": Picture(
        FACING_US,
        replace(FACING_US, lower=82, upper=56, head=48, far_arm=(72, 34, 30), near_arm=(-88, -92, -92)),
        (Arrow("far_hand", 0.6),),
        "near_ankle",
    ),
    "leg-swings": Picture(
        replace(STANDING, far_arm=(-28, 20, 20), near_leg=(-52, -62, 20), far_leg=STRAIGHT_LEG),
        replace(STANDING, far_arm=(-28, 20, 20), near_leg=(-116, -132, -70), far_leg=STRAIGHT_LEG),
        (Arrow("near_ankle", -0.16),),
        "far_ankle",
        post=True,
    ),
    "hinge": Picture(
        replace(STANDING, near_arm=HANDS_ON_HIPS, far_arm=HANDS_ON_HIPS),
        Pose(34, 34, 34, (188, 242, 244), (188, 242, 244), (-68, -95, -4), (-63, -97, -4)),
        (Arrow("hip", 0.0, beside=(-0.09, 0)), Arrow("head", 0.25)),
        "near_ankle",
    ),
    "squat": Picture(
        replace(STANDING, near_arm=AHEAD, far_arm=(4, 6, 6)),
        Pose(58, 64, 78, (2, 4, 4), (6, 8, 8), (-6, -112, -4), (-1, -114, -4)),
        (Arrow("hip", 0.1, beside=(-0.08, 0)),),
        "near_ankle",
    ),
    "bird-dog": Picture(
        ALL_FOURS,
        replace(ALL_FOURS, near_arm=(8, 6, 6), far_leg=(176, 178, 190)),
        (Arrow("near_hand", -0.15), Arrow("far_ankle", 0.15)),
        "near_knee",
    ),
    "dead-bug": Picture(
        replace(LYING, near_arm=(88, 92, 92), far_arm=(80, 84, 84), near_leg=(88, 0, 70), far_leg=(82, 4, 74)),
        replace(LYING, near_arm=(160, 166, 166), far_arm=(80, 84, 84), near_leg=(88, 0, 70), far_leg=(14, 10, 74)),
        (Arrow("near_hand", 0.2), Arrow("far_ankle", 0.2)),
        "hip",
    ),
    "bridge": Picture(
        LYING,
        Pose(204, 206, 172, (0, 0, 0), (0, 0, 0), (18, -90, -4), (21, -86, -4)),
        (Arrow("hip", 0.0, beside=(-0.02, 0.1)),),
        "shoulder",
    ),
    "plank": Picture(
        Pose(6, 6, 2, (-90, 0, 0), (-90, 0, 0), (211, 178, 182), (211, 178, 182)),
        Pose(5, 5, 2, (-90, 0, 0), (-90, 0, 0), (185, 185, -78), (186, 185, -78)),
        (Arrow("near_knee", 0.0, beside=(0, 0.08)),),
        "near_elbow",
        hold=True,
    ),
    "pelvic-tilt": Picture(
        replace(LYING, lower=158, upper=199, near_arm=BEHIND_HEAD, far_arm=BEHIND_HEAD),
        replace(LYING, near_arm=BEHIND_HEAD, far_arm=BEHIND_HEAD),
        (Arrow("waist", 0.0, beside=(0, 0.2)),),
        "near_ankle",
    ),
    "superman": Picture(
        Pose(0, 0, 4, (-2, 0, 0), (2, 2, 2), (180, 180, 180), (180, 180, 180)),
        Pose(4, 24, 26, (20, 20, 20), (26, 26, 26), (168, 164, 164), (172, 170, 170)),
        (Arrow("near_hand", 0.0, beside=(-0.02, 0.09)), Arrow("near_ankle", 0.0, beside=(0.02, 0.09))),
        "hip",
    ),
    "russian-twist": Picture(
        LEANING_BACK,
        replace(LEANING_BACK, near_arm=(-84, -52, -52), far_arm=(-70, -62, -62)),
        (Arrow("near_hand", 0.35),),
        "hip",
    ),
    "single-leg-hinge": Picture(
        STANDING,
        Pose(14, 14, 12, (-88, -88, -88), (-84, -84, -84), (-78, -94, -4), (188, 186, 262)),
        (Arrow("far_ankle", 0.2), Arrow("head", 0.25)),
        "near_ankle",
    ),
    "split-squat": Picture(
        Pose(90, 90, 88, HANDS_ON_HIPS, HANDS_ON_HIPS, (-58, -88, -4), (-118, -136, -52)),
        Pose(90, 90, 88, HANDS_ON_HIPS, HANDS_ON_HIPS, (-20, -100, -4), (-100, 178, -66)),
        (Arrow("head", 0.0, beside=(0.13, 0)),),
        "near_ankle",
    ),
    "childs-pose": Picture(
        ALL_FOURS,
        Pose(6, -14, -20, (-14, -10, 0), (-14, -10, 0), (-26, 182, 182), (-26, 182, 182)),
        (Arrow("hip", 0.2),),
        "near_knee",
        hold=True,
    ),
    "thread-needle": Picture(
        ALL_FOURS,
        Pose(-24, -56, 2, (188, 182, 180), (-6, 0, 0), KNEELING_LEG, KNEELING_LEG),
        (Arrow("near_hand", -0.25),),
        "near_knee",
        hold=True,
    ),
    "forward-fold": Picture(
        STANDING,
        Pose(8, -56, -82, (-92, -88, -88), (-88, -84, -84), (-80, -93, -4), (-76, -96, -4)),
        (Arrow("head", 0.3),),
        "near_ankle",
        hold=True,
    ),
}
