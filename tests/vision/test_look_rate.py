"""When the model looks, and what the frames in between get; closed-form where a curve has one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.poses import PoseSequence
from formcheck.vision import look_rate
from formcheck.vision.look_rate import (
    BRIDGED_MAX_S,
    FAST_FOR_S,
    FAST_FROM,
    FAST_HZ,
    LEAP,
    SLOW_HZ,
    SUDDEN_CHANGE,
    SUDDEN_CONTRAST,
    TURNING,
    LookRate,
    fill_between,
)
from formcheck.vision.person_finder import nothing_seen
from formcheck.vision.tracking import Detection
from tests.helpers.synthetic_lifter import deadlift, detection_of, film, kettlebell_swing, standing_still

STILL = detection_of(film(standing_still(0.1)), 0)


def _moved(person: Detection, sizes: float) -> Detection:
    """The same person that many body sizes further right."""
    image = person.image_px.copy()
    image[:, 0] += sizes * person.size_px
    return replace(person, image_px=image)


def _looks(fps: float, speed: float, *, seconds: float = 3.0, change: float = 0.001) -> list[float]:
    """When the model looks at somebody who moves that many body sizes a second."""
    rate, found = LookRate(), []
    for frame in range(round(seconds * fps)):
        time_s = frame / fps
        if rate.wants(time_s, 0.0 if frame == 0 else change):
            rate.saw(time_s, [_moved(STILL, speed * time_s)])
            found.append(time_s)
    return found


@pytest.mark.parametrize(
    ("fps", "speed", "hz"),
    [
        (60.0, 0.5 * FAST_FROM, 15.0),
        (60.0, 2.0 * FAST_FROM, 30.0),
        (30.0, 0.5 * FAST_FROM, 15.0),
        (30.0, 2.0 * FAST_FROM, 30.0),
        (25.0, 0.5 * FAST_FROM, 25.0),
        (120.0, 0.5 * FAST_FROM, 15.0),
        (10.0, 0.0, 10.0),
    ],
)
def test_the_model_looks_as_often_as_the_movement_needs(fps: float, speed: float, hz: float) -> None:
    steps = np.diff(_looks(fps, speed))[10:]
    assert np.median(1.0 / steps) == pytest.approx(hz)
    assert (1.0 / steps).min() >= min(fps, SLOW_HZ if speed < FAST_FROM else FAST_HZ) - 1e-6


@pytest.mark.parametrize(
    ("speed", "hz"),
    [
        (0.9 * TURNING[0], SLOW_HZ),
        (1.1 * TURNING[0], FAST_HZ),
        (0.9 * TURNING[1], FAST_HZ),
        (1.1 * TURNING[1], SLOW_HZ),
    ],
)
def test_where_shoulders_are_about_to_turn_the_model_looks_often(speed: float, hz: float) -> None:
    rate, looks = LookRate(60.0), []
    for frame in range(120):
        time_s = frame / 60
        if rate.wants(time_s, 0.001):
            image = STILL.image_px.copy()
            image[:, 1] -= speed * time_s * STILL.size_px
            rate.saw(time_s, [replace(STILL, image_px=image)])
            looks.append(time_s)
    assert np.median(1.0 / np.diff(looks)[10:]) == pytest.approx(hz)


def test_after_fast_movement_the_model_keeps_looking_often_for_a_while() -> None:
    rate, looks = LookRate(), []
    for frame in range(180):
        time_s = frame / 60
        if rate.wants(time_s, 0.0):
            fast = 1.0 < time_s < 1.5
            rate.saw(time_s, [_moved(STILL, 2.0 * FAST_FROM * (np.clip(time_s, 1.0, 1.5)))])
            looks.append((time_s, fast))
    often = [time_s for (before, _), (time_s, _) in itertools.pairwise(looks) if time_s - before < 0.05]
    # At the beginning the model must look twice before it knows how fast somebody is.
    later = [time_s for time_s in often if time_s > 0.5]
    assert 1.0 < min(later) < 1.2
    assert 1.5 + FAST_FOR_S - 0.04 < max(later) < 1.5 + FAST_FOR_S + 0.1


def test_who_is_not_seen_is_looked_for_often() -> None:
    rate = LookRate()
    times = []
    for frame in range(60):
        if rate.wants(frame / 60, 0.0):
            rate.saw(frame / 60, [])
            times.append(frame / 60)
    assert np.median(np.diff(times)) == pytest.approx(1 / FAST_HZ)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_sudden_change_of_the_picture_is_looked_at_at_once(off: int) -> None:
    usual = 0.004
    limit = max(SUDDEN_CHANGE, SUDDEN_CONTRAST * usual)
    rate, looked = LookRate(), []
    for frame in range(61):
        if rate.wants(frame / 60, limit * (1 + 0.1 * off) if frame == 57 else usual):
            rate.saw(frame / 60, [STILL])
            looked.append(frame)
    assert (57 in looked) is (off > 0)
    assert rate.looks == looked
    assert [frame for frame, sudden in zip(rate.looks, rate.sudden, strict=True) if sudden] == ([57] if off > 0 else [])


@pytest.mark.parametrize("fps", [24.0, 29.97, 30.0, 50.0, 59.94, 60.0, 120.0])
@pytest.mark.parametrize("speed", [0.3 * FAST_FROM, 2.0 * FAST_FROM])
def test_wherever_watching_begins_the_same_frames_are_looked_at(fps: float, speed: float) -> None:
    def looks(first: int) -> set[int]:
        rate = LookRate(fps)
        for frame in range(first, round(4 * fps)):
            time_s = round(frame / fps, 3)
            if rate.wants(time_s, 0.001):
                rate.saw(time_s, [_moved(STILL, speed * time_s)])
        return {look + first for look in rate.looks}

    whole = looks(0)
    for first in range(round(fps), round(fps) + 5):
        settled = first + round(0.7 * fps)
        assert {each for each in looks(first) if each >= settled} == {each for each in whole if each >= settled}
    steps_s = np.diff(sorted(whole))[5:] / fps
    assert steps_s.max() <= 1.0 / min(fps, SLOW_HZ if speed < FAST_FROM else FAST_HZ) + 1.5e-3


# --------------------------------------------------------------------------------------------------- what is filled in


def _arrays(poses: PoseSequence, looks: list[int]) -> dict[str, np.ndarray]:
    arrays = nothing_seen(len(poses))
    for name, values in arrays.items():
        values[looks] = getattr(poses, name)[looks]
    return arrays


def _filled(poses: PoseSequence, looks: list[int], sudden: list[int] | None = None) -> dict[str, np.ndarray]:
    arrays = _arrays(poses, looks)
    fill_between(poses.time_s, looks, [look in (sudden or []) for look in looks], arrays)
    return arrays


def _sliding(frames: int, speed: float = 0.5, fps: float = 60.0, bend: float = 0.0) -> PoseSequence:
    """Somebody who slides right at that many body sizes a second, and faster by ``bend`` each second."""
    poses = film(standing_still(), time_s=np.arange(frames) / fps)
    away = (speed * poses.time_s + bend / 2 * poses.time_s**2) * STILL.size_px
    shift = np.stack([away, np.zeros(frames)], axis=1)
    image, contour = poses.image_px.copy(), poses.contour_px + shift[:, None, None]
    image[..., :2] += shift[:, None]
    return replace(poses, image_px=image, contour_px=contour)


def test_even_movement_is_filled_in_exactly() -> None:
    poses = _sliding(17)
    found = _filled(poses, [0, 4, 8, 12, 16])
    for name, values in found.items():
        expected = getattr(poses, name)
        np.testing.assert_allclose(values, expected, atol=2e-3, err_msg=name)


def test_between_inner_looks_the_curve_follows_even_acceleration() -> None:
    poses = _sliding(17, bend=3.0)
    found = _filled(poses, [0, 4, 8, 12, 16])["image_px"]
    np.testing.assert_allclose(found[5:12], poses.image_px[5:12], atol=5e-3)
    # At the ends there is no slope to go by, and a straight line is what is left.
    half = (poses.image_px[0] + poses.image_px[4]) / 2
    np.testing.assert_allclose(found[2], half, atol=5e-3)


@pytest.mark.parametrize("motion", [deadlift(2), kettlebell_swing(3)], ids=["deadlift", "swing"])
def test_lifts_lose_nearly_nothing(motion: object) -> None:
    poses = film(motion, fps=60.0)  # type: ignore[arg-type]
    rate, arrays = LookRate(), nothing_seen(len(poses))
    for frame, time_s in enumerate(poses.time_s.tolist()):
        if rate.wants(time_s, 0.0):
            person = detection_of(poses, frame)
            rate.saw(time_s, [person])
            for name, values in arrays.items():
                values[frame] = getattr(person, name)
    fill_between(poses.time_s, rate.looks, rate.sudden, arrays)
    assert len(rate.looks) < 0.6 * len(poses)
    last = rate.looks[-1]
    off = np.linalg.norm(arrays["image_px"][:last, :, :2] - poses.image_px[:last, :, :2], axis=2)
    assert np.percentile(off, 99) < 0.006 * STILL.size_px


def test_nothing_is_filled_in_where_a_look_saw_nobody_or_looks_are_too_far_apart() -> None:
    poses = _sliding(17)
    arrays = _arrays(poses, [0, 4, 12, 16])
    fill_between(poses.time_s, [0, 4, 8, 12, 16], [False] * 5, arrays)
    assert np.isnan(arrays["image_px"][5:12]).all()
    assert np.isfinite(arrays["image_px"][:5]).all()
    for fps, filled in ((1.9 / BRIDGED_MAX_S, False), (2.1 / BRIDGED_MAX_S, True)):
        found = _filled(_sliding(3, fps=fps, speed=0.1), [0, 2])
        assert bool(np.isfinite(found["image_px"][1]).all()) is filled


def test_frames_after_the_last_look_stay_empty() -> None:
    found = _filled(_sliding(8), [0, 4])
    assert np.isnan(found["image_px"][5:]).all()
    assert np.isnan(found["floor_place"][5:]).all()


def test_before_a_sudden_change_of_the_picture_everything_stays_as_it_was() -> None:
    poses = _sliding(17)
    found = _filled(poses, [0, 4, 8, 12, 16], sudden=[8])
    for name in ("image_px", "contour_px", "visibility"):
        np.testing.assert_allclose(found[name][5:8], np.repeat(getattr(poses, name)[4:5], 3, axis=0), atol=1e-3)
    # On the other side of it no slope reaches over.
    np.testing.assert_allclose(found["image_px"][9:12], poses.image_px[9:12], atol=5e-3)


@pytest.mark.parametrize(("sizes", "leaps"), [(1.1 * LEAP, True), (0.9 * LEAP, False)])
def test_a_leap_stays_one_from_one_frame_to_the_next(sizes: float, leaps: bool) -> None:
    poses = _sliding(13, speed=0.0)
    image = poses.image_px.copy()
    image[8:, :, 0] += sizes * STILL.size_px
    found = _filled(replace(poses, image_px=image), [0, 4, 8, 12])["image_px"]
    step = np.linalg.norm(np.diff(found[:, 11, :2], axis=0), axis=1).max() / STILL.size_px
    assert step == pytest.approx(sizes, rel=1e-3) if leaps else step < 0.6 * sizes


def test_with_every_frame_looked_at_nothing_changes() -> None:
    poses = _sliding(9, bend=2.0)
    found = _filled(poses, list(range(9)))
    for name, values in found.items():
        np.testing.assert_array_equal(values, np.asarray(getattr(poses, name), np.float32), err_msg=name)


def test_in_blocks_the_same_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    poses, looks = _sliding(41, bend=2.0), list(range(0, 41, 4))
    whole = _filled(poses, looks)
    monkeypatch.setattr(look_rate, "FRAMES_AT_ONCE", 7)
    for name, values in _filled(poses, looks).items():
        np.testing.assert_array_equal(values, whole[name], err_msg=name)
