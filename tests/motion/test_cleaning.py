from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import PoseSequence
from formcheck.motion.cleaning import (
    CUTOFF_HZ,
    DOUBTFUL_AROUND_S,
    LONGEST_BRIDGED_GAP_S,
    LONGEST_TIME_STEP_S,
    SHORTEST_SEGMENT_S,
    bridged_stretches,
    clean,
    find_segments,
    implausible_frames,
    low_pass,
    smooth,
)
from tests.helpers.synthetic_lifter import (
    deadlift,
    empty_poses,
    film,
    frame_times,
    joined,
    kettlebell_swing,
    squat,
    standing_still,
    without,
)

EVEN_S = frame_times(4.0, 60.0)


def _sine(time_s: np.ndarray, hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * time_s)[:, None]


# ------------------------------------------------------------------------------------------------------ the filter


def test_slow_movement_passes_without_lag_or_loss() -> None:
    np.testing.assert_allclose(low_pass(EVEN_S, _sine(EVEN_S, 0.5), CUTOFF_HZ), _sine(EVEN_S, 0.5), atol=0.01)


def test_fast_noise_is_removed_and_the_cutoff_halves_the_amplitude() -> None:
    middle = slice(60, -60)
    assert np.abs(low_pass(EVEN_S, _sine(EVEN_S, 20.0), CUTOFF_HZ))[middle].max() < 0.01
    # Both passes together leave 1/2 at the cut-off of one pass.
    assert np.abs(low_pass(EVEN_S, _sine(EVEN_S, CUTOFF_HZ), CUTOFF_HZ))[middle].max() == pytest.approx(0.5, abs=0.05)


def test_constants_and_straight_lines_stay_as_they_are() -> None:
    values = np.stack([np.full_like(EVEN_S, 7.0), 3.0 * EVEN_S - 2.0], axis=1)
    np.testing.assert_allclose(low_pass(EVEN_S, values, CUTOFF_HZ), values, atol=1e-3)


def test_uneven_times_give_nearly_what_even_ones_do() -> None:
    uneven_s = frame_times(4.0, 60.0, uneven=0.4, seed=3)
    smoothed = low_pass(uneven_s, _sine(uneven_s, 1.0), CUTOFF_HZ)
    np.testing.assert_allclose(smoothed, _sine(uneven_s, 1.0), atol=0.02)


@pytest.mark.parametrize("samples", [0, 1, 2, 3])
def test_too_few_samples_are_left_as_they_are(samples: int) -> None:
    values = np.arange(samples, dtype=float)[:, None]
    np.testing.assert_array_equal(low_pass(EVEN_S[:samples], values, CUTOFF_HZ), values)


def test_too_slow_a_rate_is_left_as_it_is() -> None:
    time_s = frame_times(4.0, 8.0)
    np.testing.assert_array_equal(low_pass(time_s, _sine(time_s, 3.0), CUTOFF_HZ), _sine(time_s, 3.0))


@given(st.integers(4, 40), st.floats(10, 240))
@settings(deadline=None, max_examples=40)
def test_any_length_and_rate_keeps_shape_and_stays_finite(samples: int, fps: float) -> None:
    time_s = np.arange(samples) / fps
    smoothed = low_pass(time_s, _sine(time_s, 2.0), CUTOFF_HZ)
    assert smoothed.shape == (samples, 1)
    assert np.isfinite(smoothed).all()
    assert np.abs(smoothed).max() < 2.0


# -------------------------------------------------------------------------------------------------------- the gaps


def test_short_gaps_are_bridged_and_long_ones_stay() -> None:
    values = np.stack([EVEN_S, EVEN_S**2], axis=1)
    short = (EVEN_S > 1.0) & (EVEN_S < 1.0 + LONGEST_BRIDGED_GAP_S - 0.02)
    long = (EVEN_S > 2.0) & (EVEN_S < 2.0 + LONGEST_BRIDGED_GAP_S + 0.04)
    given_values = values.copy()
    given_values[short | long] = np.nan
    smoothed = smooth(EVEN_S, given_values)
    assert (np.isnan(smoothed).all(axis=1) == long).all()
    np.testing.assert_allclose(smoothed[~long], values[~long], atol=0.03)


def test_columns_with_different_gaps_do_not_disturb_each_other() -> None:
    values = np.stack([np.sin(EVEN_S), np.cos(EVEN_S), np.sin(EVEN_S)], axis=1)
    values[100:160, 1] = np.nan
    together = smooth(EVEN_S, values)
    for column in range(3):
        np.testing.assert_array_equal(together[:, column], smooth(EVEN_S, values[:, column]))


def test_nothing_is_invented_before_the_first_and_after_the_last_sample() -> None:
    values = EVEN_S.copy()
    values[:20] = values[-7:] = np.nan
    assert (np.isnan(smooth(EVEN_S, values)) == np.isnan(values)).all()


@pytest.mark.filterwarnings("error")
def test_nothing_known_stays_nothing() -> None:
    assert np.isnan(smooth(EVEN_S, np.full((len(EVEN_S), 2, 3), np.nan))).all()


def test_no_samples_stay_no_samples() -> None:
    assert smooth(EVEN_S[:0], np.zeros((0, 2))).shape == (0, 2)


@given(st.lists(st.booleans(), max_size=60), st.floats(0.01, 0.3))
def test_bridged_stretches_hold_all_known_samples_and_no_long_gap(known: list[bool], step_s: float) -> None:
    flags = np.array(known, dtype=bool)
    time_s = np.arange(len(flags), dtype=np.float64) * step_s
    stretches = bridged_stretches(time_s, flags)
    covered = [i for start, stop in stretches for i in range(start, stop)]
    assert covered == sorted(set(covered))
    assert set(np.flatnonzero(flags)) <= set(covered)
    for start, stop in stretches:
        assert flags[start]
        assert flags[stop - 1]
        gaps = np.diff(np.flatnonzero(flags[start:stop]))
        assert ((gaps == 1) | (gaps * step_s <= LONGEST_BRIDGED_GAP_S + 1e-9)).all()


# -------------------------------------------------------------------------------------------------------- the cuts


def test_a_video_without_cuts_is_one_segment() -> None:
    poses = film(squat(2))
    assert find_segments(poses) == (slice(0, len(poses)),)


def test_a_cut_starts_a_segment_with_its_first_frame() -> None:
    poses = film(squat(2), cuts_s=[2.0, 5.0])
    edges = [part.start for part in find_segments(poses)] + [len(poses)]
    assert [round(float(poses.time_s[edge]), 2) for edge in edges[:-1]] == [0.0, 2.0, 5.0]
    assert [part.stop for part in find_segments(poses)] == edges[1:]


def test_a_lively_picture_is_no_cut() -> None:
    poses = film(squat(2))
    rng = np.random.default_rng(0)
    lively = replace(poses, picture_change=rng.uniform(0.08, 0.3, len(poses)))
    assert find_segments(lively) == (slice(0, len(poses)),)


def test_a_pause_in_the_frames_is_a_cut() -> None:
    times = frame_times(6.0)
    paused = np.where(times > 3.0, times + LONGEST_TIME_STEP_S, times)
    assert len(find_segments(film(standing_still(), time_s=paused))) == 2
    assert len(find_segments(film(standing_still(), time_s=times))) == 1


def test_snippets_between_cuts_are_left_out() -> None:
    poses = film(standing_still(), cuts_s=[2.0, 2.0 + SHORTEST_SEGMENT_S / 2, 4.0])
    starts = [round(float(poses.time_s[part.start]), 1) for part in find_segments(poses)]
    assert starts == [0.0, round(2.0 + SHORTEST_SEGMENT_S / 2, 1), 4.0]


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_too_few_frames_have_no_segment(frames: int) -> None:
    assert find_segments(empty_poses(frames)) == ()


# ------------------------------------------------------------------------------------------------------- the gates


@pytest.mark.parametrize("motion", [deadlift(), kettlebell_swing(), squat()], ids=["deadlift", "swing", "squat"])
def test_lifts_are_plausible(motion: object) -> None:
    poses = film(motion, noise_px=2.0)  # type: ignore[arg-type]
    assert not implausible_frames(poses.image_px).any()
    assert not clean(poses).rejected.any()


def _spoilt(frames: slice, landmarks: list[Landmark], by_px: tuple[float, float]) -> PoseSequence:
    poses = film(squat(2))
    image = poses.image_px.copy()
    for landmark in landmarks:
        image[frames, landmark, :2] += by_px
    return replace(poses, image_px=image)


BODY = list(Landmark)


IMPOSSIBLE = {
    "thigh too long": ([Landmark.LEFT_KNEE], (600.0, 0.0)),
    "shank too long": ([Landmark.RIGHT_ANKLE], (0.0, 700.0)),
    "feet in the air": ([Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE], (0.0, -700.0)),
    "head down": ([Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], (0.0, 700.0)),
    "trunk too long": ([Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], (0.0, -500.0)),
    "leap": (BODY, (400.0, 0.0)),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_an_impossible_body_for_a_moment_is_rejected_and_bridged(what: str) -> None:
    poses = _spoilt(slice(100, 102), *IMPOSSIBLE[what])
    cleaned = clean(poses)
    assert np.flatnonzero(cleaned.rejected).tolist() == [100, 101]
    truth = film(squat(2)).image_px
    np.testing.assert_allclose(cleaned.poses.image_px[95:107], truth[95:107], atol=10.0)


@pytest.mark.parametrize("what", [what for what in IMPOSSIBLE if what != "leap"])
def test_an_impossible_body_for_long_is_missing_with_its_surroundings(what: str) -> None:
    poses = _spoilt(slice(100, 115), *IMPOSSIBLE[what])
    cleaned = clean(poses)
    around = np.abs(poses.time_s - poses.time_s[107]) <= 7 / 30 + DOUBTFUL_AROUND_S + 1e-6
    assert (
        set(range(100, 115)) <= set(np.flatnonzero(cleaned.rejected).tolist()) <= set(np.flatnonzero(around).tolist())
    )
    assert cleaned.rejected[[99, 115]].all()
    for array in (cleaned.poses.image_px, cleaned.poses.world_m):
        assert (np.isnan(array).all(axis=(1, 2)) == cleaned.rejected).all()


def test_cleaning_takes_noise_away_and_keeps_the_movement() -> None:
    truth, noisy = film(deadlift(2)), film(deadlift(2), noise_px=6.0)
    cleaned = clean(noisy).poses
    before = np.abs(noisy.image_px - truth.image_px).mean()
    after = np.abs(cleaned.image_px - truth.image_px).mean()
    assert after < 0.75 * before
    assert np.abs(clean(truth).poses.image_px - truth.image_px).max() < 0.02 * 1.75 * 400


def test_a_long_loss_stays_missing_and_its_brinks_are_not_trusted() -> None:
    poses = film(squat(1), lost_s=[(1.0, 2.0)])
    cleaned = clean(poses)
    assert not (cleaned.rejected & ~poses.seen).any()
    brink_s = poses.time_s[cleaned.rejected]
    assert len(brink_s) > 0
    assert (
        (np.abs(brink_s - 1.0) <= DOUBTFUL_AROUND_S + 1e-6) | (np.abs(brink_s - 2.0) <= DOUBTFUL_AROUND_S + 1e-6)
    ).all()
    assert (np.isnan(cleaned.poses.image_px).all(axis=(1, 2)) == (cleaned.rejected | ~poses.seen)).all()


def test_a_short_loss_is_bridged_and_rejects_nothing() -> None:
    cleaned = clean(film(squat(1), lost_s=[(1.5, 1.6)]))
    assert not cleaned.rejected.any()
    assert np.isfinite(cleaned.poses.image_px).all()


def test_a_cut_is_not_smoothed_over() -> None:
    low, high = film(standing_still(1.0)), film(squat(1).__class__(squat(1).keys), time_s=frame_times(1.0) + 1.8)
    cleaned = clean(joined(low, high))
    seam = len(low)
    assert len(cleaned.segments) == 2
    step_px = np.abs(cleaned.poses.image_px[seam] - cleaned.poses.image_px[seam - 1]).max()
    assert step_px > 50.0
    np.testing.assert_allclose(cleaned.poses.image_px[:seam], low.image_px, atol=1e-3)


def test_what_was_given_is_not_changed() -> None:
    poses = film(squat(1), noise_px=1.0)
    before = poses.image_px.copy()
    clean(poses)
    np.testing.assert_array_equal(poses.image_px, before)


@pytest.mark.filterwarnings("error")
def test_nobody_in_the_picture() -> None:
    for poses in (empty_poses(0), empty_poses(1), empty_poses(90)):
        cleaned = clean(poses)
        assert len(cleaned.poses) == len(poses)
        assert not cleaned.rejected.any()
    everywhere = np.ones(61, dtype=bool)
    everywhere[[3, 30]] = False
    assert clean(without(film(standing_still(2.0)), everywhere)).segments
