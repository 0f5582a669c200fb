from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from formcheck.vision.tracking import LONGEST_ABSENCE_S, SHORTEST_TRACK_SHARE, Detection, Person, choose_lifter
from tests.helpers.synthetic_lifter import (
    Camera,
    deadlift,
    detection_of,
    film,
    frame_times,
    kettlebell_swing,
    squat,
    standing_still,
)

TIMES = frame_times(8.0, 15.0)
HEIGHT_PX = 1920


def _person(
    motion: object, x_px: float, *, px_per_m: float = 400.0, frames: Iterable[int] | None = None, yaw_deg: float = 0.0
) -> list[Detection]:
    camera = Camera(yaw_deg, px_per_m=px_per_m, feet_px=(x_px, 1500.0))
    poses = film(motion, camera, time_s=TIMES)  # type: ignore[arg-type]
    return [detection_of(poses, frame) for frame in (range(len(TIMES)) if frames is None else frames)]


def _scene(*people: list[Detection]) -> list[Detection]:
    return sorted((s for person in people for s in person), key=lambda s: s.frame)


def _is(chosen: tuple[Detection, ...], person: list[Detection]) -> bool:
    return [id(s) for s in chosen] == [id(s) for s in person]


def test_nobody() -> None:
    assert choose_lifter([], TIMES) == ((), ())


def test_one_person_is_followed_without_a_remark() -> None:
    lifter = _person(squat(2), 540)
    chosen, notes = choose_lifter(lifter, TIMES)
    assert _is(chosen, lifter)
    assert notes == ()


@pytest.mark.parametrize("motion", [squat(2), deadlift(2), kettlebell_swing(4)], ids=["squat", "deadlift", "swing"])
@pytest.mark.parametrize("first", [True, False])
def test_the_one_who_lifts_is_followed_not_a_larger_bystander(motion: object, first: bool) -> None:
    lifter = _person(motion, 400)
    bystander = _person(standing_still(), 1000, px_per_m=600.0)
    chosen, _ = choose_lifter(_scene(*((lifter, bystander) if first else (bystander, lifter))), TIMES)
    assert _is(chosen, lifter)


def test_a_bystander_is_worth_a_remark() -> None:
    _, notes = choose_lifter(_scene(_person(squat(2), 400), _person(standing_still(), 1000)), TIMES)
    assert len(notes) == 1
    assert "Several people" in notes[0]


@pytest.mark.parametrize(("lifter_px", "where"), [(300, "on the left"), (1000, "on the right")])
def test_the_remark_says_who_was_followed_and_how_to_choose_another(lifter_px: int, where: str) -> None:
    _, (note,) = choose_lifter(_scene(_person(squat(2), lifter_px), _person(standing_still(), 650)), TIMES)
    assert where in note
    assert "left, right, nearest" in note


def test_a_lifter_between_two_others_is_in_the_middle() -> None:
    people = _person(squat(2), 600), _person(standing_still(), 200), _person(standing_still(), 1000)
    _, (note,) = choose_lifter(_scene(*people), TIMES)
    assert "in the middle" in note


@pytest.mark.parametrize(("person", "followed"), [(Person.LEFT, 0), (Person.RIGHT, 2), (Person.NEAREST, 1)])
def test_the_user_may_name_the_person(person: Person, followed: int) -> None:
    people = [
        _person(standing_still(), 200, px_per_m=300.0),
        _person(standing_still(), 600, px_per_m=450.0),
        _person(squat(2), 1000, px_per_m=400.0),
    ]
    far_behind = _person(standing_still(), 50, px_per_m=100.0)
    chosen, (note,) = choose_lifter(_scene(*people, far_behind), TIMES, person)
    assert _is(chosen, people[followed])
    assert "who goes down and up most" not in note


def test_naming_a_person_where_there_is_only_one_changes_nothing() -> None:
    lifter = _person(squat(2), 540)
    for person in Person:
        chosen, notes = choose_lifter(lifter, TIMES, person)
        assert _is(chosen, lifter)
        assert notes == ()


def test_of_two_who_lift_the_nearer_one_is_followed() -> None:
    near, far = _person(squat(2), 300, px_per_m=500.0), _person(squat(2), 1000, px_per_m=200.0)
    chosen, _ = choose_lifter(_scene(near, far), TIMES)
    assert _is(chosen, near)


def test_of_two_who_stand_the_larger_one_is_followed() -> None:
    near, far = _person(standing_still(), 300, px_per_m=500.0), _person(standing_still(), 1000, px_per_m=300.0)
    chosen, _ = choose_lifter(_scene(near, far), TIMES)
    assert _is(chosen, near)


def test_the_lifter_is_followed_over_a_short_absence() -> None:
    away = [frame for frame, at in enumerate(TIMES) if not 3.0 < at < 3.0 + 0.6 * LONGEST_ABSENCE_S]
    lifter = _person(squat(2), 540, frames=away)
    chosen, notes = choose_lifter(lifter, TIMES)
    assert _is(chosen, lifter)
    assert notes == ()


def test_a_lifter_who_comes_back_to_the_place_after_long_is_the_same() -> None:
    away = [frame for frame, at in enumerate(TIMES) if not 3.0 < at < 3.5 + LONGEST_ABSENCE_S]
    lifter = _person(squat(2), 540, frames=away)
    chosen, notes = choose_lifter(lifter, TIMES)
    assert _is(chosen, lifter)
    assert notes == ()


def test_a_bystander_does_not_steal_the_track_while_the_lifter_is_lost() -> None:
    away = [frame for frame, at in enumerate(TIMES) if not 3.0 < at < 4.0]
    lifter, bystander = _person(squat(2), 400, frames=away), _person(standing_still(), 1100)
    chosen, _ = choose_lifter(_scene(lifter, bystander), TIMES)
    assert _is(chosen, lifter)


def test_somebody_who_passes_close_in_front_does_not_take_over() -> None:
    lifter = _person(squat(2), 540)
    passer: list[Detection] = []
    for frame in range(45, 75):
        passer += _person(standing_still(), -200 + 50 * (frame - 45), px_per_m=520.0, frames=[frame])
    chosen, _ = choose_lifter(_scene(lifter, passer), TIMES)
    assert _is(chosen, lifter)


def test_a_brief_passer_by_is_not_worth_a_remark() -> None:
    few = range(10, 10 + int(SHORTEST_TRACK_SHARE * len(TIMES)) - 1)
    lifter, passer = _person(squat(2), 400), _person(standing_still(), 1100, frames=few)
    chosen, notes = choose_lifter(_scene(lifter, passer), TIMES)
    assert _is(chosen, lifter)
    assert notes == ()


def test_there_is_one_sighting_a_frame_in_order() -> None:
    people = [_person(squat(2), 300), _person(standing_still(), 700), _person(kettlebell_swing(3), 1100)]
    chosen, _ = choose_lifter(_scene(*people), TIMES)
    frames = [detection.frame for detection in chosen]
    assert frames == sorted(set(frames))


def test_size_does_not_change_as_the_body_folds() -> None:
    sizes = [detection.size_px for detection in _person(squat(2), 540)]
    assert max(sizes) / min(sizes) < 1.01


def test_distance_is_measured_in_sizes_of_the_larger() -> None:
    one, other = _person(standing_still(), 300, frames=[0])[0], _person(standing_still(), 800, frames=[0])[0]
    assert one.distance_to(one) == 0.0
    assert one.distance_to(other) == pytest.approx(other.distance_to(one))
    assert one.distance_to(other) == pytest.approx(500.0 / one.size_px, rel=1e-6)
    assert np.isfinite(one.middle_px).all()
