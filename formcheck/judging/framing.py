"""Whether the film shows a lifter that can be judged at all, and what to do where it does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.words import N_, _

ACROSS_DEG, UPSIDE_DOWN_DEG = (60.0, 120.0), 150.0
"""Directions from ankles to shoulders, off upright: on its side, and upside down."""

MOST_OF_THE_TIME = 0.75
"""A picture is turned when this share of the poses is: bodies that bend or lie down for a while are not."""

SMALL_PX, TOO_SMALL_PX = 120.0, 75.0
"""Ankle to shoulder of a standing lifter, in pixels. Below the first a note is due: the floor around the feet is too
coarse to show whether a load was lifted, and a straight back reads up to 6 deg round. Below the second repetitions are
counted and nothing is judged: in samples made smaller a straight back read 12 deg rounder at 64 pixels, and at 46 knees
were 20 deg off and the bar "away from the body"."""

TOO_SMALL = N_("the lifter is too small in the picture")

FILM_FROM_NEARER = N_("Film from nearer, so that your body fills half the height of the picture.")

NOBODY_SEEN = N_(
    "Nobody was found in the picture, so nothing was judged: film the whole body in good light, "
    "close enough that it fills half the height of the picture."
)
ONE_FRAME = N_("The video holds a single picture, so nothing was judged: film the whole set.")


def why_nothing_can_be_judged(poses: PoseSequence) -> str:
    """One sentence that says what is wrong with the film and what to do about it; empty where nothing is.

    Only for films in which no repetition was found: lying down is not a fault of the camera.
    """
    if len(poses) == 1:
        return _(ONE_FRAME)
    if not poses.seen.any():
        return _(NOBODY_SEEN)
    up = _shoulders_from_ankles(poses)
    turned_deg = np.degrees(np.arctan2(up[:, 0], -up[:, 1]))
    if _mostly(np.abs(turned_deg) >= UPSIDE_DOWN_DEG):
        return _("The picture is upside down, so nothing was judged: turn it by 180 degrees and analyse it again.")
    if _mostly((turned_deg >= ACROSS_DEG[0]) & (turned_deg <= ACROSS_DEG[1])):
        return _(
            "The body lies across the picture, so nothing was judged: if the picture is on its side, turn it "
            "by 90 degrees counter-clockwise and analyse it again."
        )
    if _mostly((-turned_deg >= ACROSS_DEG[0]) & (-turned_deg <= ACROSS_DEG[1])):
        return _(
            "The body lies across the picture, so nothing was judged: if the picture is on its side, turn it "
            "by 90 degrees clockwise and analyse it again."
        )
    return small_lifter_note(poses)


def small_lifter_note(poses: PoseSequence) -> str:
    """That the lifter is too small in the picture, and what to do; empty where the lifter is not."""
    tall_px = _standing_px(poses)
    if not tall_px < SMALL_PX:
        return ""
    if tall_px < TOO_SMALL_PX:
        return _(
            "The lifter is too small in the picture ({tall_px:.0f} pixels from ankles to shoulders) for "
            "joints and back to be judged: film from closer, so that the body fills half the height of the "
            "picture.",
            tall_px=tall_px,
        )
    return _(
        "The lifter is small in the picture ({tall_px:.0f} pixels from ankles to shoulders), so joints "
        "and back are hard to see: film from closer, so that the body fills half the height of the "
        "picture.",
        tall_px=tall_px,
    )


def is_too_small(poses: PoseSequence) -> bool:
    """True where repetitions can be counted, but nothing of them judged."""
    return _standing_px(poses) < TOO_SMALL_PX


def _standing_px(poses: PoseSequence) -> float:
    """Ankle to shoulder of the standing lifter in pixels; NaN where nobody was seen."""
    if not poses.seen.any():
        return float("nan")
    return float(np.percentile(np.linalg.norm(_shoulders_from_ankles(poses), axis=1), 90))


def _shoulders_from_ankles(poses: PoseSequence) -> FloatArray:
    """(N, 2) from mid-ankle to mid-shoulder in pixels, where the lifter was seen."""
    image = poses.image_px[poses.seen][:, :, :2].astype(np.float64)
    shoulder, ankle = (image[:, list(left_right(joint))].mean(axis=1) for joint in ("SHOULDER", "ANKLE"))
    return np.asarray(shoulder - ankle)


def _mostly(where: NDArray[np.bool_]) -> bool:
    return bool(np.mean(where) >= MOST_OF_THE_TIME)
