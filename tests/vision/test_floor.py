from __future__ import annotations

import numpy as np
import pytest

from formcheck.core.landmarks import LANDMARK_COUNT, Landmark, left_right
from formcheck.core.poses import FLOOR_SHAPE
from formcheck.vision.floor import (
    ABOVE,
    BELOW,
    LEFT_RIGHT,
    PLACES_MAX,
    SAME_PLACE,
    SETTLED_AWAY,
    SETTLED_LOOKS,
    FloorWatch,
)

HEIGHT, WIDTH = 480, 640
TRUNK = 100.0
FLOOR = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def _person(x: float, y: float = 380.0, *, trunk: float = TRUNK, lean_deg: float = 0.0) -> np.ndarray:
    """Somebody with the feet at this point of the picture; nothing but ankles, hips and shoulders is looked at."""
    image = np.full((LANDMARK_COUNT, 3), np.nan)
    up = np.array([np.sin(np.radians(lean_deg)), -np.cos(np.radians(lean_deg))])
    hip = np.array([x, y - 1.6 * trunk])
    for joint, point in (("ANKLE", np.array([x, y])), ("HIP", hip), ("SHOULDER", hip + trunk * up)):
        for landmark, sign in zip(left_right(joint), (1, -1), strict=True):
            image[landmark] = [point[0] + sign * 8.0, point[1], 0.0]
    return image


def _places(watch: FloorWatch, *persons: np.ndarray) -> list[float]:
    return [watch.look(FLOOR, person)[1] for person in persons]


def test_the_floor_around_the_feet_is_seen_in_grey() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[380 - int(ABOVE * TRUNK) : 380 + int(BELOW * TRUNK), 320 - int(LEFT_RIGHT * TRUNK) : 320] = 255
    floor, place = FloorWatch().look(picture, _person(320))
    assert floor.shape == FLOOR_SHAPE
    assert floor.dtype == np.float32
    assert place == 0.0
    middle = FLOOR_SHAPE[1] // 2
    assert floor[:, : middle - 1] == pytest.approx(1.0, abs=0.01)
    assert floor[:, middle + 1 :] == pytest.approx(0.0, abs=0.01)


def test_a_place_is_kept_while_the_feet_stay_whatever_the_body_does() -> None:
    watch = FloorWatch()
    rng = np.random.default_rng(1)
    first, _ = watch.look(FLOOR, _person(320))
    for lean_deg in np.linspace(0.0, 80.0, 3 * SETTLED_LOOKS):
        x, y = np.array([320.0, 380.0]) + rng.uniform(-0.9, 0.9, 2) * SETTLED_AWAY * TRUNK
        floor, place = watch.look(FLOOR, _person(x, y, lean_deg=lean_deg, trunk=TRUNK * rng.uniform(0.7, 1.1)))
        assert place == 0.0
        np.testing.assert_array_equal(floor, first)


def test_a_load_that_goes_away_is_the_only_difference_between_two_looks() -> None:
    watch = FloorWatch()
    loaded = FLOOR.copy()
    loaded[360:400, 380:420] = 0
    there, one = watch.look(loaded, _person(320))
    gone, other = watch.look(FLOOR, _person(325))
    assert one == other
    changed = np.argwhere(np.abs(there - gone) > 0.05)
    row, column = (changed.min(axis=0) + changed.max(axis=0) + 1) / 2 / FLOOR_SHAPE
    assert row == pytest.approx((380 - (380 - ABOVE * TRUNK)) / ((ABOVE + BELOW) * TRUNK), abs=0.08)
    assert column == pytest.approx((400 - (320 - LEFT_RIGHT * TRUNK)) / (2 * LEFT_RIGHT * TRUNK), abs=0.05)
    assert len(changed) < 0.2 * there.size


def test_who_walks_away_stands_at_a_new_place_and_comes_back_to_the_old_one() -> None:
    away = 320 + 1.5 * SAME_PLACE * TRUNK
    assert _places(FloorWatch(), _person(320), _person(away), _person(away + 5), _person(322)) == [0, 1, 1, 0]


def test_between_two_places_the_last_one_is_kept() -> None:
    second = 320 + 1.1 * SAME_PLACE * TRUNK
    between = 320 + 0.5 * SAME_PLACE * TRUNK
    assert _places(FloorWatch(), _person(320), _person(between), _person(second), _person(between)) == [0, 0, 1, 1]


def test_a_trunk_that_leans_towards_the_camera_makes_no_step_longer() -> None:
    small_step = 320 + 0.6 * SAME_PLACE * TRUNK
    assert _places(FloorWatch(), _person(320), _person(small_step, trunk=0.4 * TRUNK)) == [0, 0]


@pytest.mark.parametrize(("x", "y"), [(320.0, 320.0), (220.0, 380.0)], ids=["away from the camera", "to the side"])
def test_a_step_in_any_direction_counts(x: float, y: float) -> None:
    step = np.array([x - 320.0, y - 380.0])
    further = np.array([320.0, 380.0]) + step / np.abs(step).max() * 1.1 * SAME_PLACE * TRUNK
    assert _places(FloorWatch(), _person(320), _person(*further)) == [0, 1]


def test_who_stops_half_a_step_away_stands_at_a_new_place_as_soon_as_the_feet_rest() -> None:
    half = 320 + (SETTLED_AWAY + SAME_PLACE) / 2 * TRUNK
    places = _places(FloorWatch(), _person(320), *[_person(half)] * (2 * SETTLED_LOOKS))
    assert places[: SETTLED_LOOKS - 1] == [0] * (SETTLED_LOOKS - 1)
    assert places[-SETTLED_LOOKS:] == [1] * SETTLED_LOOKS
    assert places == sorted(places)


@pytest.mark.parametrize(("x", "y"), [(10.0, 380.0), (WIDTH - 10.0, 380.0), (320.0, HEIGHT - 5.0), (5.0, HEIGHT - 5.0)])
def test_at_the_border_the_part_in_the_picture_is_seen(x: float, y: float) -> None:
    watch = FloorWatch()
    floor, place = watch.look(FLOOR, _person(x, y))
    again, same = watch.look(FLOOR, _person(x, y))
    assert floor.shape == FLOOR_SHAPE
    assert np.isfinite(floor).all()
    assert (place, same) == (0.0, 0.0)
    np.testing.assert_array_equal(floor, again)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "person",
    [
        _person(320, HEIGHT + ABOVE * TRUNK),
        _person(320, HEIGHT + 10 * TRUNK),
        _person(-2 * LEFT_RIGHT * TRUNK),
        _person(WIDTH + LEFT_RIGHT * TRUNK),
        _person(320, trunk=FLOOR_SHAPE[1] / 2 - 1),
        np.full((LANDMARK_COUNT, 3), np.nan),
    ],
    ids=["below the picture", "far below", "left of it", "right of it", "too small", "nowhere"],
)
def test_without_a_floor_there_is_no_place(person: np.ndarray) -> None:
    watch = FloorWatch()
    floor, place = watch.look(FLOOR, person)
    assert floor.shape == FLOOR_SHAPE
    assert np.isnan(floor).all()
    assert np.isnan(place)
    assert watch.look(FLOOR, _person(320))[1] == 0.0


def test_who_walks_about_without_end_fills_no_memory() -> None:
    small = FLOOR_SHAPE[1] / 2
    apart = 1.1 * SAME_PLACE * small
    spots = [(100 + apart * (i % 30), 100 + apart * (i // 30)) for i in range(PLACES_MAX + 5)]
    watch = FloorWatch()
    places = _places(watch, *[_person(x, y, trunk=small) for x, y in spots])
    assert places[:PLACES_MAX] == list(range(PLACES_MAX))
    assert np.isnan(places[PLACES_MAX:]).all()
    assert _places(watch, _person(*spots[3], trunk=small)) == [3]


def test_only_the_feet_say_where_somebody_stands() -> None:
    person = _person(320)
    person[Landmark.LEFT_SHOULDER, 0] += 30.0
    person[Landmark.RIGHT_SHOULDER, 0] += 30.0
    assert _places(FloorWatch(), _person(320), person) == [0, 0]


def test_a_watch_follows_what_another_was_asked_as_if_it_had_been_asked_itself() -> None:
    steps = [150.0, 155.0, 400.0, 400.0, 160.0, 500.0, 402.0]
    whole = FloorWatch()
    wanted = [whole.look(FLOOR, _person(x)) for x in steps]
    first = FloorWatch(remembers=True)
    for x in steps[:2]:
        first.look(FLOOR, _person(x))
    # It knows the place of the first look, and is asked about one step too early.
    second = FloorWatch(known=first, remembers=True)
    seen = [second.look(FLOOR, _person(x)) for x in steps[1:]]
    assert second.remembered == len(steps) - 1
    followed = first.follow(second, 1)
    for (number, same), (floor, place), (here, _) in zip(followed, wanted[2:], seen[1:], strict=True):
        assert number == place
        again, _ = first.picture(FLOOR, number)
        np.testing.assert_array_equal(again, floor)
        assert same == np.array_equal(here, floor)
    assert {same for _, same in followed} == {True}


def test_a_watch_that_knew_another_place_has_to_look_again() -> None:
    first, second = FloorWatch(remembers=True), FloorWatch(remembers=True)
    first.look(FLOOR, _person(200.0))
    second.look(FLOOR, _person(230.0))
    assert first.follow(second, 0) == [(0, False)]


def test_nothing_is_remembered_unless_it_is_asked_for() -> None:
    watch = FloorWatch()
    watch.look(FLOOR, _person(200.0))
    assert watch.remembered == 0
