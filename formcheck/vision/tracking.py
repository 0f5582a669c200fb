"""Which of the people in the picture is the lifter: follow each of them, then pick the one who goes down and up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import UsageError
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray
from formcheck.core.words import N_, _

Float32Array = NDArray[np.float32]

LONGEST_ABSENCE_S = 3.0
"""Someone who comes back after a longer time is followed as somebody new."""

JUMP_MAX = 0.6
"""From one detection to the next the middle of the body moves by no more than this share of its size..."""

SPEED_MAX = 1.5
"""...plus this many sizes a second: more is somebody else."""

TRAVEL_ENOUGH = 0.25
"""Vertical travel of the shoulders, in body sizes, beyond which more of it says nothing about who lifts."""

TRAVEL_FLOOR = 0.04
"""Travel that everybody shows; keeps the largest person ahead when nobody lifts."""

SAME_PLACE = 1.2
"""A second track belongs to the lifter when it is within this many body sizes of the first..."""

SAME_SIZE = 1.6
"""...and is neither larger nor smaller than by this factor."""

SHORTEST_TRACK_SHARE = 0.05
"""People who are seen in less than this share of the frames are passers-by not worth a remark."""

FAR_BEHIND = 0.5
"""People smaller than this share of the largest are in the background."""

SEVERAL_PEOPLE = N_("Several people are in the picture")
"""How the remark begins that says which of them was followed."""

TORSO = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER, Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
LEGS = (Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE, Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE)


@dataclass(frozen=True)
class Detection:
    """One person in one frame; arrays as one row of those in `formcheck.core.poses.PoseSequence`."""

    frame: int
    image_px: Float32Array
    world_m: Float32Array
    visibility: Float32Array
    contour_px: Float32Array
    contour_sharpness: Float32Array
    mask_flexion_deg: Float32Array
    floor: Float32Array
    floor_place: float

    @cached_property
    def middle_px(self) -> FloatArray:
        """(2,) centre of shoulders and hips."""
        return np.asarray(self.image_px[list(TORSO), :2].mean(axis=0))

    @cached_property
    def size_px(self) -> float:
        """Length of trunk, thigh and shank together: does not change as the body folds."""
        points = self.image_px[:, :2]
        shoulder, hip = points[list(TORSO[:2])].mean(axis=0), points[list(TORSO[2:])].mean(axis=0)
        knee, ankle = points[list(LEGS[:2])].mean(axis=0), points[list(LEGS[2:])].mean(axis=0)
        parts = ((shoulder, hip), (hip, knee), (knee, ankle))
        return max(1.0, float(sum(np.hypot(*(a - b)) for a, b in parts)))

    def distance_to(self, other: Detection) -> float:
        """Distance of the middles in sizes of the larger of the two."""
        return float(np.hypot(*(self.middle_px - other.middle_px))) / max(self.size_px, other.size_px)


@dataclass
class _Track:
    detections: list[Detection] = field(default_factory=list)

    @property
    def last(self) -> Detection:
        return self.detections[-1]

    @property
    def size_px(self) -> float:
        return float(np.median([detection.size_px for detection in self.detections]))

    @property
    def middle_px(self) -> FloatArray:
        return np.asarray(np.median([detection.middle_px for detection in self.detections], axis=0))

    @property
    def frames(self) -> set[int]:
        return {detection.frame for detection in self.detections}

    def travel(self) -> float:
        """Vertical travel of the shoulders against the feet, in body sizes."""
        rise = [
            detection.image_px[list(LEGS[2:]), 1].mean() - detection.image_px[list(TORSO[:2]), 1].mean()
            for detection in self.detections
        ]
        low, high = np.percentile(rise, [5, 95])
        return float(high - low) / self.size_px


class Person(StrEnum):
    """Whom to follow where several people are in the picture; left and right are the picture's."""

    AUTO = "auto"
    LEFT = "left"
    RIGHT = "right"
    NEAREST = "nearest"


def person_named(name: str) -> Person:
    """The choice of that name.

    Raises
    ------
    UsageError : there is no such choice.
    """
    if name not in list(Person):
        raise UsageError(f"There is no person '{name}' to follow: choose one of {', '.join(Person)}.")
    return Person(name)


def choose_lifter(
    detections: Sequence[Detection], time_s: FloatArray, person: Person = Person.AUTO, looks: int | None = None
) -> tuple[tuple[Detection, ...], tuple[str, ...]]:
    """The lifter's detections, one a frame at most, and remarks for the report.

    Parameters
    ----------
    detections : of all people, by rising frame.
    time_s : (T,) time of each frame.
    looks : how many of the frames were looked at; None = all.
    person : whom to follow. "auto" is the one who goes down and up, is large and long in view.
    """
    looks = len(time_s) if looks is None else looks
    tracks = _follow(detections, time_s)
    if not tracks:
        return (), ()
    candidates = [track for track in tracks if _worth_a_remark(track, looks)] or tracks
    lifter = max(tracks, key=_score) if person is Person.AUTO else _named(person, candidates)
    chosen = {detection.frame: detection for detection in lifter.detections}
    lifters_own = [lifter]
    for other in sorted(tracks, key=lambda track: -len(track.detections)):
        if other is not lifter and _continues(other, lifter) and not other.frames & chosen.keys():
            chosen |= {detection.frame: detection for detection in other.detections}
            lifters_own.append(other)
    others = [
        track for track in tracks if not any(track is own for own in lifters_own) and _worth_a_remark(track, looks)
    ]
    together = [track for track in others if track.frames & chosen.keys()]
    notes = (_whom(lifter, together, person),) if together else ()
    return tuple(chosen[frame] for frame in sorted(chosen)), notes


def tells_of_several(notes: Iterable[str]) -> bool:
    """True if one of a report's remarks says that several people are in the picture."""
    return any(note.startswith((SEVERAL_PEOPLE, _(SEVERAL_PEOPLE))) for note in notes)


def _worth_a_remark(track: _Track, looks: int) -> bool:
    return len(track.detections) >= SHORTEST_TRACK_SHARE * looks


def _named(person: Person, tracks: Sequence[_Track]) -> _Track:
    """The person whom the user named; posters and people far behind are left or right of nobody."""
    largest = max(track.size_px for track in tracks)
    near = [track for track in tracks if track.size_px >= FAR_BEHIND * largest]
    if person is Person.NEAREST:
        return max(near, key=lambda track: track.size_px)
    across = min if person is Person.LEFT else max
    return across(near, key=lambda track: float(track.middle_px[0]))


def _whom(lifter: _Track, others: Sequence[_Track], asked: Person) -> str:
    """Which of the people was followed, and how to have another one judged."""
    place = float(lifter.middle_px[0])
    beside = [float(other.middle_px[0]) for other in others]
    if place < min(beside):
        who = _("the one on the left")
    else:
        who = _("the one on the right") if place > max(beside) else _("the one in the middle")
    facts = []
    if lifter.size_px > max(other.size_px for other in others):
        facts.append(_("the nearest"))
    if asked is Person.AUTO and lifter.travel() >= TRAVEL_ENOUGH / 2:
        facts.append(_("who goes down and up most"))
    who += f" ({', '.join(facts)})" if facts else ""
    choices = ", ".join(choice for choice in Person if choice is not Person.AUTO)
    followed = _("{who} was followed. To judge another one, choose the person: {choices}.", who=who, choices=choices)
    return f"{_(SEVERAL_PEOPLE)}: {followed}"


def _follow(detections: Sequence[Detection], time_s: FloatArray) -> list[_Track]:
    tracks: list[_Track] = []
    for frame, group in groupby(detections, key=lambda detection: detection.frame):
        new = list(group)
        pairs = sorted(
            (
                (detection.distance_to(track.last), i, k)
                for i, detection in enumerate(new)
                for k, track in enumerate(tracks)
                if _may_be(detection, track.last, float(time_s[frame] - time_s[track.last.frame]))
            ),
        )
        taken_new: set[int] = set()
        taken_old: set[int] = set()
        for _distance, i, k in pairs:
            if i not in taken_new and k not in taken_old:
                tracks[k].detections.append(new[i])
                taken_new.add(i)
                taken_old.add(k)
        tracks += [_Track([detection]) for i, detection in enumerate(new) if i not in taken_new]
    return tracks


def _may_be(detection: Detection, last: Detection, passed_s: float) -> bool:
    if passed_s > LONGEST_ABSENCE_S:
        return False
    return detection.distance_to(last) <= JUMP_MAX + SPEED_MAX * min(passed_s, 0.5)


def _score(track: _Track) -> float:
    """Large, long in view, and going down and up."""
    travel = min(track.travel(), TRAVEL_ENOUGH) + TRAVEL_FLOOR
    return float(len(track.detections) * track.size_px * travel)


def _continues(other: _Track, lifter: _Track) -> bool:
    ratio = other.size_px / lifter.size_px
    apart = float(np.hypot(*(other.middle_px - lifter.middle_px))) / lifter.size_px
    return 1 / SAME_SIZE <= ratio <= SAME_SIZE and apart <= SAME_PLACE
