"""What the annotated video shows: skeleton, back line coloured by rounding, rep counter, findings as they happen.

`plan_overlay` prepares once what belongs to the whole set, `draw_overlay` then turns one frame into an annotated frame.
Both know only arrays: no files, no video. Text uses the scalable fonts that OpenCV 5 carries inside; with an older
OpenCV it falls back to the plain stroke font.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence, contour_stations
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict, ViewName, word_of
from formcheck.core.words import N_, WordTable, _, in_quotes
from formcheck.exercises.framework.check import SIDE_OR_OBLIQUE, Finding
from formcheck.exercises.shared.feet import FOOT_LIFT_MAX
from formcheck.judging.effective_checks import (
    judged_rounding_deg,
    rounding_limits_deg,
    stated_rounding_limits_deg,
)
from formcheck.judging.report import Report, RepReport
from formcheck.motion.cleaning import clean
from formcheck.motion.runs import runs_of
from formcheck.motion.spine import LOWER_HALF_TO
from formcheck.motion.spine_method import LOWER_HALF
from formcheck.render.safe_text import safe_text
from formcheck.render.skeleton_drawing import smooth_line
from formcheck.render.terminal import amount

RgbImage = NDArray[np.uint8]
Rgb = tuple[int, int, int]

LEVEL_COLOURS: dict[Verdict, Rgb] = {
    OK: (45, 212, 191),
    WATCH: (255, 190, 40),
    FAULT: (235, 50, 70),
    NOT_MEASURED: (168, 174, 182),
}
"""Teal, amber and red differ in hue and in lightness, so that they are told apart without full colour vision too."""

LEVEL_WORDS = WordTable(
    {OK: N_("neutral"), WATCH: N_("rounding"), FAULT: N_("rounded"), NOT_MEASURED: N_("not judged")}
)
LEVEL_SYMBOLS = {WATCH: "!", FAULT: "×"}

CAPTION_S = 1.5
"""How long a finding stays in the picture."""

MOST_CAPTIONS = 2
SMALLEST_SIDE_FOR_TEXT = 160

PHONE_PX = 358, 625
"""Room for a picture on a phone that is 390 wide and 844 high, with the page's edges left out."""

TEXT_ON_PHONE_PX, LEGEND_ON_PHONE_PX = 12.0, 11.0
"""Height of letters there: smaller ones are not read."""

WHITE, LIGHT, DARK, FAR_SIDE = (255, 255, 255), (208, 214, 222), (14, 18, 24), (150, 158, 168)
PANEL_OPACITY, CAPTION_OPACITY = 0.62, 0.74
SUBPIXEL_BITS = 4

NEAR_SEGMENTS = {
    ("SHOULDER", "ELBOW"): "elbow_flexion_deg",
    ("ELBOW", "WRIST"): "elbow_flexion_deg",
    ("HIP", "KNEE"): "hip_flexion_deg",
    ("KNEE", "ANKLE"): "shank_lean_deg",
    ("ANKLE", "HEEL"): "shank_lean_deg",
    ("HEEL", "FOOT_INDEX"): "shank_lean_deg",
    ("ANKLE", "FOOT_INDEX"): "shank_lean_deg",
}
"""Limbs of the near side, and the signal that is missing where a limb is hidden and its landmarks are guessed."""

FAR_SEGMENTS = tuple(NEAR_SEGMENTS)[:4]
THIN_SEGMENTS = (("SHOULDER", "HIP"), ("EAR", "SHOULDER"))
NEAR_JOINTS = ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")


@dataclass(frozen=True)
class Caption:
    """Words shown from ``from_s`` to ``to_s``: what was found, and what to try."""

    from_s: float
    to_s: float
    verdict: Verdict
    heading: str
    cue: str


@dataclass(frozen=True)
class OverlayPlan:
    """What `draw_overlay` needs beside the frame; T frames of the pose sequence, all positions in frame pixels.

    Attributes
    ----------
    width, height : size of the frames to draw on.
    time_s : (T,) times of the frames.
    joints_px : (T, K, 2) filtered landmarks; NaN where the lifter was not credibly seen.
    guessed : (T, N) True where this one of the `NEAR_SEGMENTS` is hidden, so that nothing was measured there.
    contour_px : (T, S, 2) dorsal edge from the hip (0) to the shoulder (1); NaN where none was found, or all NaN where
        the view shows no back.
    outward : (T,) +1 where the back is to the image right, -1 to the image left.
    near_right : (T,) True where the lifter's right side is near.
    both_sides : both sides are equally near (front and rear views).
    rounding_deg : (T,) back rounding; NaN = not judged.
    limits_deg : watch and fault limit of back rounding plus what doubt adds to them.
    stated_limits_deg : the limits themselves, as they are stated everywhere.
    reps, captions : in order of time.
    panel_at_top, captions_at_left : where the body leaves most room.
    caption_room : widest caption, in pixels.
    back_note : why there is no number for the back anywhere; empty where there is one.
    """

    width: int
    height: int
    time_s: FloatArray
    joints_px: FloatArray
    guessed: NDArray[np.bool_]
    contour_px: FloatArray
    outward: FloatArray
    near_right: NDArray[np.bool_]
    both_sides: bool
    rounding_deg: FloatArray
    limits_deg: tuple[float, float]
    stated_limits_deg: tuple[float, float]
    reps: tuple[RepReport, ...]
    captions: tuple[Caption, ...]
    panel_at_top: bool
    captions_at_left: bool
    caption_room: float
    back_note: str

    def index_at(self, time_s: float) -> int | None:
        """The frame of the pose sequence shown at that time, None where it holds none."""
        if len(self.time_s) == 0:
            return None
        after = int(np.searchsorted(self.time_s, time_s))
        near = [index for index in (after - 1, after) if 0 <= index < len(self.time_s)]
        best = min(near, key=lambda index: abs(self.time_s[index] - time_s))
        return best if abs(self.time_s[best] - time_s) <= 0.02 else None

    def limbs(self, index: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Those of the `NEAR_SEGMENTS` that are seen in a frame, and those that are guessed."""
        both: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
        for segment, guessed in zip(NEAR_SEGMENTS, self.guessed[index], strict=True):
            both[int(guessed)].append(segment)
        return both


def plan_overlay(poses: PoseSequence, report: Report, width: int, height: int) -> OverlayPlan:
    """Prepare the drawing of a whole set for frames of that size (pixels), which may differ from the poses' own."""
    scale = np.array([width / poses.video.width, height / poses.video.height])
    joints_px = clean(poses).poses.image_px[:, :, :2] * scale
    frames = len(poses)
    signals = report.signals if report.signals is not None and len(report.signals) == frames else None
    usual = float(report.view.forward)
    facing = signals.forward if signals is not None else np.full(frames, np.nan)
    forward = np.where(np.isfinite(facing), np.sign(facing), usual)
    shows_back = report.view.name in SIDE_OR_OBLIQUE
    # Where the back was not judged its line is grey and has no number, whatever was read there.
    rounding_deg = judged_rounding_deg(report) if signals is not None else np.full(frames, np.nan)
    lower_half_only = report.back is not None and report.back.method == LOWER_HALF
    contour_px = _dorsal_contour(poses, forward, LOWER_HALF_TO if lower_half_only else 1.0) * scale
    if not shows_back:
        contour_px, rounding_deg = np.full_like(contour_px, np.nan), np.full(frames, np.nan)
    guessed = np.zeros((frames, len(NEAR_SEGMENTS)), dtype=bool)
    if signals is not None:
        guessed = np.stack([np.isnan(getattr(signals, name)) for name in NEAR_SEGMENTS.values()], axis=1)
        legs = np.array([name != "elbow_flexion_deg" for name in NEAR_SEGMENTS.values()])
        guessed |= legs & (signals.foot_lift > FOOT_LIFT_MAX)[:, None]
    panel_at_top, captions_at_left, caption_room = _free_places(joints_px, width, height)
    return OverlayPlan(
        width=width,
        height=height,
        time_s=poses.time_s,
        joints_px=joints_px,
        guessed=guessed,
        contour_px=contour_px,
        outward=-forward,
        near_right=forward > 0,
        both_sides=report.view.name in (ViewName.FRONT, ViewName.REAR),
        rounding_deg=rounding_deg,
        limits_deg=rounding_limits_deg(report),
        stated_limits_deg=stated_rounding_limits_deg(report),
        reps=report.reps,
        captions=plan_captions(report.reps),
        panel_at_top=panel_at_top,
        captions_at_left=captions_at_left,
        caption_room=caption_room,
        back_note="" if np.isfinite(rounding_deg).any() else _back_note(report),
    )


def rounding_level(rounding_deg: float, limits_deg: tuple[float, float]) -> Verdict:
    """The verdict for one value of back rounding."""
    if math.isnan(rounding_deg):
        return NOT_MEASURED
    watch, fault = limits_deg
    return FAULT if rounding_deg > fault else WATCH if rounding_deg > watch else OK


def rounding_word(rounding_deg: float, limits_deg: tuple[float, float]) -> str:
    """One word for one value of back rounding."""
    if rounding_deg < -limits_deg[0]:
        return _("arched")
    return LEVEL_WORDS[rounding_level(rounding_deg, limits_deg)]


def plan_captions(reps: Sequence[RepReport]) -> tuple[Caption, ...]:
    """Captions for everything that was found in the repetitions, in order of time."""
    captions = [
        Caption(
            finding.at_s,
            finding.at_s + CAPTION_S,
            finding.verdict,
            _(
                "Rep {rep} · {finding} {value}", rep=rep.index, finding=finding.title, value=value_text(finding)
            ).rstrip(),
            finding.cue,
        )
        for rep in reps
        for finding in rep.findings
        if finding.verdict.is_flagged and math.isfinite(finding.at_s)
    ]
    return tuple(sorted(captions, key=lambda caption: caption.from_s))


def value_text(finding: Finding) -> str:
    """The value of a finding with its unit, empty where there is none."""
    return amount(finding.value, finding.unit) if math.isfinite(finding.value) else ""


def _back_note(report: Report) -> str:
    if report.exercise.name == "none" or not report.reps:
        return _("nothing to judge")
    return _("not judged") if report.sagittal_ok else _("needs a view from the side")


def _dorsal_contour(poses: PoseSequence, forward: FloatArray, upto: float) -> FloatArray:
    """The edge that was read, from the hip (0) up to there; above it are a bar and arms."""
    stations = contour_stations()
    on_the_back = (stations >= 0.0) & (stations <= upto + 1e-6)
    side = np.where(forward > 0, 0, 1)
    contour: FloatArray = poses.contour_px[np.arange(len(poses)), side][:, on_the_back]
    return contour


def _free_places(joints_px: FloatArray, width: int, height: int) -> tuple[bool, bool, float]:
    """Whether there is more room above than below the body, more to its left than to its right, and for captions."""
    widest = 0.96 * width if height >= width else 0.46 * width
    seen = np.asarray(np.isfinite(joints_px).all(axis=(1, 2)))
    if not seen.any():
        return False, True, widest
    lowest, highest = joints_px[seen].min(axis=1), joints_px[seen].max(axis=1)
    left, top = np.percentile(lowest, 5, axis=0)
    right, bottom = np.percentile(highest, 95, axis=0)
    beside = float(max(left, width - right))
    room = widest if height >= width else min(widest, max(beside, 0.3 * width))
    # Above the eyes there is still a forehead, and faces deserve more room than feet.
    return bool(top - 0.08 * height > height - bottom), bool(left > width - right), room


# --- drawing -------------------------------------------------------------------------------------------------------


def draw_overlay(
    rgb: RgbImage, plan: OverlayPlan, time_s: float, *, words: bool = True, in_place: bool = False
) -> RgbImage:
    """The frame shown at ``time_s`` (seconds since the first frame) with everything drawn on it.

    Parameters
    ----------
    rgb : (plan.height, plan.width, 3) 8 bit, C-contiguous where it is drawn on ``in_place``; else left as it is.
    words : False for skeleton and back only, where the words stand beside the picture.
    """
    canvas = rgb if in_place else np.array(rgb, dtype=np.uint8, order="C")
    if len(plan.time_s) and not plan.time_s[0] - 0.02 <= time_s <= plan.time_s[-1] + 0.02:
        return canvas  # outside of the part that was analysed there is nothing to say
    index = plan.index_at(time_s)
    stroke = max(1.5, 0.006 * min(plan.width, plan.height))
    rounding_deg = math.nan
    seen = False
    if index is not None:
        rounding_deg = float(plan.rounding_deg[index])
        seen = bool(np.isfinite(plan.joints_px[index]).all(axis=1).any())
        if seen:
            _draw_skeleton(canvas, plan, index, stroke)
            _draw_back(canvas, plan, index, stroke, tag=words)
    if words and min(plan.width, plan.height) >= SMALLEST_SIDE_FOR_TEXT:
        panel = _draw_panel(canvas, plan, time_s, rounding_deg, seen)
        _draw_captions(canvas, plan, time_s, panel)
    return canvas


def _draw_skeleton(canvas: RgbImage, plan: OverlayPlan, index: int, stroke: float) -> None:
    joints = plan.joints_px[index]
    near = "RIGHT" if plan.near_right[index] else "LEFT"
    far = "LEFT" if near == "RIGHT" else "RIGHT"

    def lines(side: str, segments: Sequence[tuple[str, str]]) -> list[list[Landmark]]:
        return [[Landmark[f"{side}_{a}"], Landmark[f"{side}_{b}"]] for a, b in segments]

    across = [[Landmark[f"LEFT_{joint}"], Landmark[f"RIGHT_{joint}"]] for joint in ("SHOULDER", "HIP")]
    shown, guessed = plan.limbs(index)
    faint = lines(near, guessed)
    if plan.both_sides:
        thick = lines(far, shown) + lines(near, shown)
        thin = lines(far, THIN_SEGMENTS[:1]) + lines(near, THIN_SEGMENTS[:1]) + across
    else:
        thick, thin = lines(near, shown), lines(near, THIN_SEGMENTS)
        faint += lines(far, FAR_SEGMENTS) + across
    _segments(canvas, _ends(joints, faint), FAR_SIDE, 0.6 * stroke)
    _segments(canvas, joints[thin], DARK, 1.7 * stroke)
    _segments(canvas, joints[thin], LIGHT, 0.7 * stroke)
    _segments(canvas, _ends(joints, thick), DARK, 2.0 * stroke)
    _segments(canvas, _ends(joints, thick), WHITE, 1.1 * stroke)
    drawn = {joint for segment in (*shown, *THIN_SEGMENTS) for joint in segment}
    for side in (far, near) if plan.both_sides else (near,):
        for joint in NEAR_JOINTS:
            if joint in drawn:
                _dot(canvas, joints[Landmark[f"{side}_{joint}"]], 1.5 * stroke, WHITE, 0.6 * stroke)


def _ends(joints: FloatArray, lines: Sequence[Sequence[Landmark]]) -> FloatArray:
    ends: FloatArray = joints[np.array(lines, dtype=int).reshape(-1, 2)]
    return ends


def _draw_back(canvas: RgbImage, plan: OverlayPlan, index: int, stroke: float, tag: bool) -> None:
    value = float(plan.rounding_deg[index])
    level = rounding_level(value, plan.limits_deg)
    # Very short pieces would show as beads on a thick line.
    line = smooth_line(plan.contour_px[index])[::3]
    if not np.isfinite(line).any():
        return
    # A fault is also thicker, so that colour is not its only sign.
    width = {OK: 1.8, WATCH: 2.2, FAULT: 2.7}.get(level, 1.4) * stroke
    _stroke(canvas, line, LEVEL_COLOURS[level], width, casing=0.5 * stroke)
    if tag and level.is_flagged:
        _tag_at_back(canvas, plan, index, line, f"{value:.0f}°", LEVEL_COLOURS[level], width)


def _tag_at_back(
    canvas: RgbImage, plan: OverlayPlan, index: int, line: FloatArray, text: str, colour: Rgb, width: float
) -> None:
    """The number beside the middle of the back, on the side away from the body."""
    if min(plan.width, plan.height) < SMALLEST_SIDE_FOR_TEXT:
        return
    known = line[np.isfinite(line).all(axis=1)]
    middle = known[len(known) // 2]
    along = known[-1] - known[0]
    length = float(np.hypot(*along))
    if length < 1.0:
        return
    # Turned by a quarter towards the back; contours run from the hip up to the shoulder.
    away = plan.outward[index] * np.array([-along[1], along[0]]) / length
    size = round(1.25 * _text_size(plan))
    text_width, text_height = _text_width(text, size, 700), 0.72 * size
    reach = width + 0.5 * size + abs(away[0]) * text_width / 2 + abs(away[1]) * text_height / 2
    centre = middle + away * reach
    x = float(np.clip(centre[0] - text_width / 2, 2, plan.width - text_width - 2))
    y = float(np.clip(centre[1] + text_height / 2, size, plan.height - 4))
    pad = 0.28 * size
    _panel(canvas, x - pad, y - text_height - pad, x + text_width + pad, y + pad, CAPTION_OPACITY)
    _text(canvas, text, x, y, size, colour, 700)


def _draw_panel(
    canvas: RgbImage, plan: OverlayPlan, time_s: float, rounding_deg: float, seen: bool
) -> tuple[float, float]:
    """The strip with rep counter and back rounding; returns its upper and lower edge."""
    size = _text_size(plan)
    pad = 0.5 * size
    small = max(9, _legible(plan, LEGEND_ON_PHONE_PX))
    entries = () if plan.back_note else _legend_entries(plan)
    # A wide picture has room beside the lifter, a narrow one above or below.
    beside = plan.width > plan.height
    lines = [entries] if _legend_width(entries, small) <= plan.width - 2 * pad else [entries[:2], entries[2:]]
    panel_height = 1.15 * size + (0.0 if beside or not entries else 1.75 * small * len(lines)) + 2 * pad
    top = 0.0 if plan.panel_at_top else plan.height - panel_height
    _panel(canvas, 0, top, plan.width, top + panel_height, PANEL_OPACITY)
    baseline = top + pad + 0.95 * size
    counter = rep_text(plan.reps, time_s)
    _text(canvas, counter, pad, baseline, size, WHITE, 700)
    words, level = back_text(plan, rounding_deg, seen)
    room = plan.width - 3 * pad - _text_width(counter, size, 700)
    fitted = _fitting_size(words, size, 600, room)
    _text(
        canvas, words, plan.width - pad - _text_width(words, fitted, 600), baseline, fitted, LEVEL_COLOURS[level], 600
    )
    if entries and beside:
        _draw_legend_in_corner(canvas, plan, entries, small)
    elif entries:
        fits = small
        while fits > 8 and max(_legend_width(line, fits) for line in lines) > plan.width - 2 * pad:
            fits -= 1
        for number, line in enumerate(lines, start=1):
            _draw_legend(canvas, line, pad, baseline + 1.75 * small * number, fits)
    return top, top + panel_height


def _draw_legend_in_corner(
    canvas: RgbImage, plan: OverlayPlan, entries: Sequence[tuple[Verdict, str]], size: int
) -> None:
    """The legend in lines below each other, in the corner away from the panel and from the captions."""
    pad = 0.5 * size
    height = 1.45 * size * len(entries) + 2 * pad
    width = max(_legend_width([entry], size) for entry in entries) + pad
    if height > 0.5 * plan.height:
        return
    left = plan.width - width if plan.captions_at_left else 0.0
    top = plan.height - height if plan.panel_at_top else 0.0
    _panel(canvas, left, top, left + width, top + height, PANEL_OPACITY)
    for number, entry in enumerate(entries):
        _draw_legend(canvas, [entry], left + pad, top + pad + (1.05 + 1.45 * number) * size, size)


def back_text(plan: OverlayPlan, rounding_deg: float, seen: bool) -> tuple[str, Verdict]:
    """What the panel says about the back in one frame, and the level that gives it its colour."""
    if plan.back_note:
        return _("Back: {note}", note=plan.back_note), NOT_MEASURED
    if not seen:
        return _("Lifter not seen clearly"), NOT_MEASURED
    level = rounding_level(rounding_deg, plan.limits_deg)
    if level == NOT_MEASURED:
        return _("Back: not judged here"), NOT_MEASURED
    return _(
        "Back {angle}° {word}", angle=_signed(rounding_deg), word=rounding_word(rounding_deg, plan.limits_deg)
    ), level


def _legend_entries(plan: OverlayPlan) -> tuple[tuple[Verdict, str], ...]:
    watch, fault = plan.stated_limits_deg
    return (
        (OK, _("neutral")),
        (NOT_MEASURED, _("not judged")),
        (WATCH, _("{verdict} above {limit:.0f}°", verdict=word_of(WATCH), limit=watch)),
        (FAULT, _("{verdict} above {limit:.0f}°", verdict=word_of(FAULT), limit=fault)),
    )


def _legend_width(entries: Sequence[tuple[Verdict, str]], size: int) -> float:
    return sum(2.6 * size + _text_width(words, size, 450) for _, words in entries)


def _draw_legend(
    canvas: RgbImage, entries: Sequence[tuple[Verdict, str]], x: float, baseline: float, size: int
) -> None:
    for level, words in entries:
        middle = baseline - 0.34 * size
        mark = np.array([[x, middle], [x + 1.1 * size, middle]])
        _stroke(canvas, mark, LEVEL_COLOURS[level], max(2.0, 0.32 * size))
        _text(canvas, words, x + 1.6 * size, baseline, size, LIGHT, 450)
        x += 2.6 * size + _text_width(words, size, 450)


def rep_text(reps: Sequence[RepReport], time_s: float) -> str:
    """The rep counter's words at a time."""
    if not reps:
        return _("No reps")
    started = [rep for rep in reps if rep.start_s <= time_s]
    current = started[-1].index if started else 0
    return _("Rep {rep}/{reps}", rep=current, reps=len(reps))


def _draw_captions(canvas: RgbImage, plan: OverlayPlan, time_s: float, panel: tuple[float, float]) -> None:
    current = [caption for caption in plan.captions if caption.from_s <= time_s < caption.to_s]
    if not current:
        return
    current.sort(key=lambda caption: caption.verdict != FAULT)
    size = max(11, round(0.85 * _text_size(plan)))
    gap = 0.5 * size
    room = plan.caption_room - 2 * gap
    y = panel[1] + gap if plan.panel_at_top else panel[0] - gap
    for caption in current[:MOST_CAPTIONS]:
        symbol = LEVEL_SYMBOLS[caption.verdict]
        lines = [(line, 650, WHITE) for line in _wrapped(f"{symbol} {caption.heading}", size, 650, room - 2.2 * size)]
        if caption.cue:
            cue = in_quotes(caption.cue)
            lines += [(line, 500, LIGHT) for line in _wrapped(cue, size, 500, room - 2.2 * size)]
        box_width = max(_text_width(line, size, weight) for line, weight, _ in lines) + 1.9 * size
        box_height = 1.3 * size * len(lines) + 0.7 * size
        top = y if plan.panel_at_top else y - box_height
        left = gap if plan.captions_at_left else plan.width - gap - box_width
        _panel(canvas, left, top, left + box_width, top + box_height, CAPTION_OPACITY)
        bar = left + 0.25 * size
        _stroke(
            canvas,
            np.array([[bar, top + 0.3 * size], [bar, top + box_height - 0.3 * size]]),
            LEVEL_COLOURS[caption.verdict],
            0.32 * size,
        )
        for number, (line, weight, colour) in enumerate(lines):
            _text(canvas, line, left + 0.95 * size, top + (1.2 + 1.3 * number) * size, size, colour, weight)
        y = top + box_height + gap if plan.panel_at_top else top - gap


def _signed(value: float) -> str:
    rounded = round(value)
    return f"−{-rounded}" if rounded < 0 else f"{rounded}"


# --- brushes -------------------------------------------------------------------------------------------------------


def _stroke(canvas: RgbImage, points: FloatArray, colour: Rgb, width: float, casing: float = 0.0) -> None:
    """An open line through points (N, 2), broken where one is missing; ``casing`` adds a dark rim of that width."""
    fixed = np.where(np.isfinite(points), np.clip(points, -1e5, 1e5), np.nan)
    known = np.asarray(np.isfinite(fixed).all(axis=1))
    runs = [
        np.round(fixed[a:b] * (1 << SUBPIXEL_BITS)).astype(np.int32)[:, None, :]
        for a, b in runs_of(known)
        if b - a >= 2
    ]
    if not runs:
        return
    if casing:
        cv2.polylines(canvas, runs, False, DARK, max(1, round(width + 2 * casing)), cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.polylines(canvas, runs, False, colour, max(1, round(width)), cv2.LINE_AA, SUBPIXEL_BITS)


def _segments(canvas: RgbImage, ends: FloatArray, colour: Rgb, width: float) -> None:
    """Separate straight lines (N, 2 ends, 2), all in one go; those with a missing end are left out."""
    known = ends[np.isfinite(ends).all(axis=(1, 2))]
    if len(known):
        fixed = np.round(np.clip(known, -1e5, 1e5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(canvas, list(fixed), False, colour, max(1, round(width)), cv2.LINE_AA, SUBPIXEL_BITS)


def _dot(canvas: RgbImage, point: FloatArray, radius: float, colour: Rgb, rim: float) -> None:
    if not np.isfinite(point).all() or np.abs(point).max() > 1e5:
        return
    unit = 1 << SUBPIXEL_BITS
    centre = (round(point[0] * unit), round(point[1] * unit))
    cv2.circle(canvas, centre, round((radius + rim) * unit), DARK, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.circle(canvas, centre, round(radius * unit), colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)


def _panel(canvas: RgbImage, left: float, top: float, right: float, bottom: float, opacity: float) -> None:
    """Darken a rectangle."""
    height, width = canvas.shape[:2]
    rows = slice(max(0, round(top)), min(height, round(bottom)))
    columns = slice(max(0, round(left)), min(width, round(right)))
    part = canvas[rows, columns]
    if part.size:
        canvas[rows, columns] = cv2.LUT(part, _darkening(opacity))


@functools.cache
def _darkening(opacity: float) -> NDArray[np.uint8]:
    """Look-up table (1, 256, 3) from a colour to the same behind a dark pane."""
    values = np.arange(256)[None, :, None] * (1.0 - opacity) + np.array(DARK) * opacity
    return np.round(values).astype(np.uint8)


def _text_size(plan: OverlayPlan) -> int:
    """Height of the main text in pixels: legible on a phone and not loud on a desktop."""
    usual = min(max(0.036 * min(plan.width, plan.height), 14.0), 40.0)
    return max(round(usual), _legible(plan, TEXT_ON_PHONE_PX))


def _legible(plan: OverlayPlan, shown_px: float) -> int:
    """Pixels of the picture that are ``shown_px`` high where a phone shows the whole picture."""
    width, height = PHONE_PX
    # Pictures of a few pixels are not for reading.
    return min(round(shown_px * max(plan.width / width, plan.height / height)), round(0.12 * plan.height))


@functools.cache
def _font() -> Any:
    """The sans-serif font inside OpenCV 5, None in an older OpenCV."""
    return cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None


def _ascii(text: str) -> str:
    return safe_text(text, symbols=False)


def _stroke_font(size: int, weight: int) -> tuple[float, int]:
    thickness = 2 if weight >= 600 and size >= 16 else 1
    return cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, max(6, round(0.7 * size)), thickness), thickness


@functools.lru_cache(maxsize=512)
def _text_width(text: str, size: int, weight: int) -> float:
    if _font() is None:
        scale, thickness = _stroke_font(size, weight)
        return float(cv2.getTextSize(_ascii(text), cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)[0][0])
    # The box of the ink leaves out spaces at the end, which wrapping and right alignment never have.
    return float(cv2.getTextSize((1 << 14, 1 << 8), text, (0, 0), _font(), size, weight)[2])


def _text(canvas: RgbImage, text: str, x: float, baseline: float, size: int, colour: Rgb, weight: int) -> None:
    place = round(x), round(baseline)
    if _font() is None:
        scale, thickness = _stroke_font(size, weight)
        cv2.putText(canvas, _ascii(text), place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)
    else:
        cv2.putText(canvas, text, place, colour, _font(), size, weight)


def _fitting_size(text: str, size: int, weight: int, room: float) -> int:
    while size > 8 and _text_width(text, size, weight) > room:
        size -= 1
    return size


@functools.lru_cache(maxsize=128)
def _wrapped(text: str, size: int, weight: int, room: float) -> tuple[str, ...]:
    """The text in lines that fit into ``room`` pixels."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_width(longer, size, weight) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(lines)
