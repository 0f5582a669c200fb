from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from formcheck.exercises import EXERCISES, exercise_named
from formcheck.motion.floor_evidence import UNKNOWN_FLOORS, Floors, came_along, empty_handed, tells_apart
from formcheck.motion.reps import LONGEST_UNSEEN_S, RISE_SHARE, SMALLEST_DESCENT, Cycle, find_cycles, sticking_region
from formcheck.motion.signals import compute_signals
from tests.helpers.synthetic_lifter import Motion, deadlift, film, frame_times, kettlebell_swing, squat

T = frame_times(20.0)


def _height(keys: list[tuple[float, float]], time_s: np.ndarray = T) -> np.ndarray:
    """Shoulder height through key points (seconds, height), smooth in between."""
    times, heights = zip(*keys, strict=True)
    share = np.interp(time_s, times, np.arange(len(times)))
    index = np.minimum(share.astype(int), len(times) - 2)
    part = share - index
    eased = (1 - np.cos(np.pi * part)) / 2
    values = np.array(heights)
    return np.asarray(values[index] + eased * (values[index + 1] - values[index]))


def _dips(count: int, depth: float = 0.3, *, every_s: float = 3.0) -> np.ndarray:
    keys = [(0.0, 1.0), (1.0, 1.0)]
    for index in range(count):
        start = 1.0 + every_s * index
        keys += [(start + 1.0, 1.0 - depth), (start + 2.0, 1.0), (start + every_s, 1.0)]
    return _height(keys)


def _in_order(cycle: Cycle) -> bool:
    order = [cycle.bottom_from, cycle.bottom, cycle.bottom_to, cycle.top_from, cycle.top, cycle.top_to]
    return order == sorted(order) and cycle.before <= cycle.bottom and cycle.after >= cycle.top


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
def test_every_dip_is_one_cycle_at_its_time(count: int) -> None:
    cycles = find_cycles(T, _dips(count))
    assert [float(T[cycle.bottom]) for cycle in cycles] == pytest.approx(
        [2.0 + 3.0 * i for i in range(count)], abs=0.05
    )
    for cycle in cycles:
        assert cycle.descent == pytest.approx(0.3, abs=0.01)
        assert cycle.rise == pytest.approx(0.3, abs=0.01)


def test_the_instants_of_a_cycle_follow_one_another() -> None:
    cycles = find_cycles(T, _dips(3))
    assert len(cycles) == 3
    for cycle in cycles:
        assert _in_order(cycle)
        start_s = T[cycle.bottom] - 1.0
        assert start_s < T[cycle.before] < start_s + 0.4
        assert T[cycle.bottom] < T[cycle.bottom_to] < T[cycle.bottom] + 0.4
        assert T[cycle.bottom] + 0.6 < T[cycle.top_from] < T[cycle.bottom] + 1.0


def test_a_dip_smaller_than_the_smallest_is_none() -> None:
    assert find_cycles(T, _dips(3, 0.8 * SMALLEST_DESCENT)) == ()
    assert len(find_cycles(T, _dips(3, 1.2 * SMALLEST_DESCENT))) == 3


def test_a_rest_at_the_bottom_or_at_the_top_belongs_to_its_cycle() -> None:
    height = _height([(0, 1), (2, 1), (3, 0.6), (7, 0.6), (8, 1), (13, 1), (14, 0.6), (15, 1), (20, 1)])
    first, second = find_cycles(T, height)
    assert (T[first.bottom_from], T[first.bottom_to]) == pytest.approx((3.0, 7.0), abs=0.3)
    assert (T[first.top_from], T[first.top_to]) == pytest.approx((8.0, 13.0), abs=0.3)
    assert T[second.bottom] == pytest.approx(14.0, abs=0.05)


def test_bobbing_at_the_bottom_is_no_extra_cycle() -> None:
    bob = 0.4 * 0.4
    height = _height([(0, 1), (2, 1), (3, 0.6), (4, 0.6 + bob), (5, 0.59), (6, 0.6 + bob), (7, 0.6), (8, 1), (20, 1)])
    cycles = find_cycles(T, height)
    assert len(cycles) == 1
    assert T[cycles[0].bottom] == pytest.approx(5.0, abs=0.1)


def test_touch_and_go_reps_that_come_up_most_of_the_way_count() -> None:
    height = _height([(0, 1), (1, 1), (2, 0.6), (3, 0.9), (4, 0.6), (5, 0.9), (6, 0.6), (7, 1), (20, 1)])
    assert len(find_cycles(T, height)) == 3


def test_a_video_that_starts_or_ends_at_the_bottom() -> None:
    starts_low = _height([(0, 0.6), (1, 0.6), (2, 1), (4, 1), (5, 0.6), (6, 1), (20, 1)])
    assert [round(float(T[c.bottom]), 1) for c in find_cycles(T, starts_low)][-1] == 5.0
    assert len(find_cycles(T, starts_low)) == 2
    ends_low = _height([(0, 1), (1, 1), (2, 0.6), (3, 1), (18, 1), (19, 0.6), (20, 0.6)])
    assert [round(float(T[c.bottom]), 1) for c in find_cycles(T, ends_low)] == [2.0]


@pytest.mark.parametrize(("share", "count"), [(0.8 * RISE_SHARE, 0), (1.3 * RISE_SHARE, 1)])
def test_an_attempt_that_hardly_rises_is_no_repetition(share: float, count: int) -> None:
    height = _height([(0, 1), (2, 1), (3, 0.5), (4, 0.5 + 0.5 * share), (20, 0.5 + 0.5 * share)])
    assert len(find_cycles(T, height)) == count


def test_the_last_cycle_reaches_to_the_last_sample_seen() -> None:
    last = find_cycles(T, _dips(3))[-1]
    assert last.after >= last.top_to


def test_a_leap_in_a_single_frame_is_no_repetition() -> None:
    height = np.where(T < 5.0, 0.6, 1.0)
    assert find_cycles(T, height) == ()


@pytest.mark.parametrize(("gap_s", "count"), [(0.6 * LONGEST_UNSEEN_S, 1), (1.4 * LONGEST_UNSEEN_S, 0)])
def test_no_movement_is_assumed_across_a_long_gap(gap_s: float, count: int) -> None:
    height = _height([(0, 1), (5, 1), (6, 0.6), (10, 1), (20, 1)])
    height[np.abs(T - 7.0 - gap_s / 2) < gap_s / 2] = np.nan
    assert len(find_cycles(T, height)) == count


def test_nothing_measured_is_no_cycle() -> None:
    assert find_cycles(T, np.full(len(T), np.nan)) == ()
    assert find_cycles(T[:3], np.ones(3)) == ()


def test_no_sample_is_no_cycle() -> None:
    assert find_cycles(np.zeros(0), np.zeros(0)) == ()


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(np.float64, st.integers(1, 120), elements=st.one_of(st.floats(0.2, 1.1), st.just(np.nan), st.just(0.5))),
    st.sampled_from([5.0, 15.0, 30.0]),
)
def test_whatever_the_signal_cycles_are_in_order(height: np.ndarray, fps: float) -> None:
    cycles = find_cycles(np.arange(len(height)) / fps, height)
    for cycle in cycles:
        assert _in_order(cycle)
        assert cycle.before >= 0
        assert max(cycle.top_to, cycle.after) < len(height)
        assert cycle.rise >= SMALLEST_DESCENT
    for one, following in itertools.pairwise(cycles):
        assert one.bottom < one.top <= following.bottom


# ------------------------------------------------------------------------------------------ instants of the exercises


@pytest.mark.parametrize(
    ("name", "make"),
    [("deadlift", deadlift), ("kettlebell-swing", kettlebell_swing), ("squat", squat)],
)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_repetitions_are_found_at_their_instants(name: str, make: Callable[..., Motion], count: int) -> None:
    motion = make(count)
    poses = film(motion, noise_px=1.0)
    signals = compute_signals(poses)
    lift = exercise_named(name)
    assert lift is not None
    reps = [lift.rep(signals, cycle) for cycle in find_cycles(signals.time_s, signals.shoulder_height)]
    assert len(reps) == count
    bottoms_s, tops_s = ([float(signals.time_s[getattr(rep, at)]) for rep in reps] for at in ("bottom", "top"))
    assert bottoms_s == pytest.approx(motion.bottoms_s, abs=0.15)
    # The last swing's bell goes down to the floor, not into another backswing.
    assert tops_s[: count - 1 or 1] == pytest.approx(motion.tops_s[: count - 1 or 1], abs=0.35)
    for rep in reps:
        assert rep.start <= rep.bottom <= rep.lift_off <= rep.lockout <= rep.top <= rep.end
        assert not rep.partial


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, 60, elements=st.one_of(st.floats(0.2, 1.1), st.just(np.nan))))
def test_instants_are_in_order_for_every_exercise_and_signal(height: np.ndarray) -> None:
    signals = compute_signals(film(squat(1), time_s=np.arange(60) / 15))
    signals = type(signals)(**{**signals.columns(), "shoulder_height": height, "hand_height": height[::-1].copy()})
    for cycle in find_cycles(signals.time_s, height):
        for exercise in EXERCISES:
            rep = exercise.rep(signals, cycle)
            order = [rep.start, rep.bottom, rep.top, rep.end]
            assert order == sorted(order), exercise.name
            assert rep.start >= 0
            assert rep.end < len(signals)
            exercise.measure(signals, rep)


# ----------------------------------------------------------------------------------------------- standing up unloaded


def _floor(loaded: np.ndarray, place: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    picture = np.full((len(T), 4, 4), 0.6)
    picture[~loaded, :2] = 0.1
    return picture, np.zeros(len(T)) if place is None else place


def _three_cycles() -> tuple[Cycle, ...]:
    return find_cycles(T, _dips(3))


@pytest.mark.parametrize(
    ("lifted", "expected"),
    [
        ((True, True, True), (False, False, False)),
        ((True, True, False), (False, False, True)),
        ((False, True, True), (True, False, False)),
        ((False, True, False), (True, False, True)),
        ((True, False, True), (False, True, False)),
    ],
)
def test_standing_up_without_the_load_is_noticed(lifted: tuple[bool, ...], expected: tuple[bool, ...]) -> None:
    cycles = _three_cycles()
    loaded = np.zeros(len(T), dtype=bool)
    for cycle, up in zip(cycles, lifted, strict=True):
        loaded[cycle.bottom_to : cycle.top_to] = up
    assert empty_handed(T, *_floor(loaded), cycles) == expected


def test_in_a_video_that_begins_with_the_load_in_the_hands_the_bottoms_tell_which_are_the_stands() -> None:
    cycles = find_cycles(T, _dips(4))
    loaded = np.ones(len(T), dtype=bool)
    for cycle in cycles:
        loaded[cycle.bottom_from : cycle.bottom_to + 1] = False
    # Three repetitions from the top, then up without the load: before the first descent it was lifted.
    loaded[cycles[3].bottom_from :] = False
    assert empty_handed(T, *_floor(loaded), cycles) == (False, False, False, True)


def test_a_video_that_begins_with_the_load_in_the_hands_loses_no_rep_where_the_bottoms_do_not_tell() -> None:
    cycles = find_cycles(T, _dips(4))
    loaded = np.ones(len(T), dtype=bool)
    loaded[cycles[3].bottom_to :] = False
    assert empty_handed(T, *_floor(loaded), cycles) == (False, False, False, False)


@pytest.mark.parametrize("lifted", [(True, False), (False, True)])
def test_of_two_cycles_the_floor_at_the_bottoms_tells_the_stand(lifted: tuple[bool, bool]) -> None:
    cycles = find_cycles(T, _dips(2))
    # The video begins with the load in the hands, and fades out.
    loaded = np.ones(len(T), dtype=bool)
    for cycle, up in zip(cycles, lifted, strict=True):
        loaded[cycle.bottom_from : cycle.top_to + 1] = up
        loaded[cycle.bottom_from : cycle.bottom_to + 1] = False
    picture, place = _floor(loaded)
    fading = picture * np.linspace(1.0, 0.4, len(T))[:, None, None]
    assert empty_handed(T, fading, place, cycles) == tuple(not up for up in lifted)


def test_stands_in_a_row_are_another_scene_and_no_stands() -> None:
    cycles = find_cycles(T, _dips(4))
    loaded = np.zeros(len(T), dtype=bool)
    for cycle in cycles[2:]:
        loaded[cycle.top_from : cycle.top_to + 1] = True
    place = np.zeros(len(T))
    place[: cycles[0].bottom] = np.nan
    assert empty_handed(T, _floor(loaded)[0], place, cycles) == (False, False, False, False)


def test_a_floor_that_looks_the_same_at_the_top_tells_nothing() -> None:
    lies, lifted = np.full((4, 4), 0.1), np.full((4, 4), 0.6)
    assert tells_apart(Floors(0.0, lies, (lifted, lifted)))
    assert not tells_apart(Floors(0.0, lifted, (lifted, lifted)))
    assert not tells_apart(Floors(0.0, lifted, (lifted, lifted, lies)))
    assert not tells_apart(Floors(0.0, lies, ()))


@pytest.mark.parametrize(("share", "came"), [(0.0, False), (0.4, False), (0.6, True), (1.0, True)])
def test_a_top_that_has_just_begun_shows_whether_the_load_came_along(share: float, came: bool) -> None:
    lies, lifted = np.full((4, 4), 0.1), np.full((4, 4), 0.6)
    known = Floors(0.0, lies, (lifted,))
    floor, place = np.repeat((lies + share * (lifted - lies))[None], len(T), axis=0), np.zeros(len(T))
    assert came_along(known, T, floor, place, 1.0, 1.0) is came
    assert came_along(known, T, floor, place, 1.0, 1.3) is came
    assert came_along(known, T, floor, place + 1, 1.0, 1.3), "seen from another place"
    assert came_along(Floors(0.0, lies, ()), T, floor, place, 1.0, 1.3), "nothing to compare with"
    assert came_along(UNKNOWN_FLOORS, T, floor, place, 1.0, 1.3)


def test_in_the_midst_of_a_set_the_floor_is_known_from_before() -> None:
    cycles = _three_cycles()
    loaded = np.ones(len(T), dtype=bool)
    loaded[cycles[1].bottom_to : cycles[1].top_to] = False
    floor, place = _floor(loaded)
    lies, lifted = floor[cycles[1].top_from], floor[0]
    # All that is seen is a lifted load: taken for the floor as it was before, the stand would be the only repetition.
    assert empty_handed(T, floor, place, cycles, Floors(0.0, lies, (lifted,))) == (False, True, False)
    assert empty_handed(T, floor, place, cycles[1:2], Floors(0.0, lies, (lifted,))) == (True,)
    assert empty_handed(T, floor, place, cycles[:1], Floors(0.0, lies, (lifted,))) == (False,)
    assert empty_handed(T, floor, place, cycles, Floors(1.0, lies, (lifted,))) == (False, False, False)
    assert empty_handed(T, floor, place, cycles, UNKNOWN_FLOORS) == (False, False, False)


def test_without_a_look_at_the_floor_every_cycle_counts() -> None:
    cycles = _three_cycles()
    blind = np.full((len(T), 4, 4), np.nan), np.full(len(T), np.nan)
    assert empty_handed(T, *blind, cycles) == (False, False, False)
    unchanged = _floor(np.ones(len(T), dtype=bool))
    assert empty_handed(T, *unchanged, cycles) == (False, False, False)
    assert empty_handed(T, *unchanged, ()) == ()


@pytest.mark.parametrize(("dip", "sticks"), [(0.0, False), (0.1, False), (0.4, True), (0.8, True)])
def test_a_way_up_that_slows_down_has_a_sticking_region(dip: float, sticks: bool) -> None:
    time_s = np.arange(61) / 30
    phase = time_s / time_s[-1]
    # Two pushes with a slower middle: the speed falls by about the dip at the half.
    speed = np.sin(np.pi * phase) * (1.0 - dip * np.exp(-0.5 * ((phase - 0.5) / 0.1) ** 2))
    height = 0.5 + 0.5 * np.cumsum(speed) / speed.sum()
    found = sticking_region(time_s, height, 0, 60)
    assert (found is not None) == sticks
    if found is not None:
        start, stop = found
        assert phase[start] < 0.5
        assert phase[stop] == pytest.approx(0.5, abs=0.06)
    assert sticking_region(time_s, np.where(phase > 0.4, np.nan, height), 0, 60) is None
