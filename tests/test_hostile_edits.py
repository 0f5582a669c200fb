"""What happened is neither lost nor invented, whatever a phone, an editor or a passer-by does to the film.

Every kind is made from a lifter whose repetitions are known, so that a test says what must be counted, what must be
left alone, and what must be said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.errors import UsageError
from formcheck.core.landmarks import left_right
from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.core.verdicts import NOT_MEASURED
from formcheck.judging.analysis import analyze
from formcheck.judging.framing import FILM_FROM_NEARER
from formcheck.judging.report import Report
from tests.helpers.synthetic_lifter import (
    LIFTS,
    STANDING,
    Motion,
    deadlift,
    film,
    squat,
    through,
)

FPS = 30.0
LONG_TOPS: dict[str, Callable[..., Motion]] = {
    "deadlift": lambda: deadlift(3, top_rest_s=4.0),
    "squat": lambda: squat(3, top_rest_s=4.0),
}


def frames_of(
    poses: PoseSequence, frames: Sequence[int] | np.ndarray, time_s: np.ndarray | None = None
) -> PoseSequence:
    """These frames one after the other, at the frame rate or at given times."""
    order = np.asarray(frames)
    arrays = {name: getattr(poses, name)[order] for name in ARRAY_FIELDS}
    arrays["time_s"] = np.arange(len(order)) / FPS if time_s is None else time_s
    video = replace(poses.video, frames=len(order), duration_s=float(arrays["time_s"][-1]))
    return replace(poses, video=video, **arrays)


def frame_at(poses: PoseSequence, time_s: float) -> int:
    return int(np.argmin(np.abs(poses.time_s - time_s)))


def partial_reps(report: Report) -> list[int]:
    return [rep.index for rep in report.reps if rep.partial]


def judged_checks(report: Report, rep: int) -> set[str]:
    """Checks that say something of one repetition."""
    return {finding.check for finding in report.reps[rep - 1].findings if finding.verdict != NOT_MEASURED}


def said(report: Report, word: str) -> bool:
    return any(word in note for note in report.tracking.notes)


# --------------------------------------------------------------------------------------------------- hidden at the top


@pytest.mark.parametrize("name", LONG_TOPS)
@pytest.mark.parametrize("hidden_s", [2.3, 2.6, 3.4])
@pytest.mark.parametrize("exercise", ["auto", "named"])
def test_a_lifter_hidden_while_standing_between_reps_keeps_all_of_them(
    name: str, hidden_s: float, exercise: str
) -> None:
    motion = LONG_TOPS[name]()
    panel = [(top_s - hidden_s / 2, top_s + hidden_s / 2) for top_s in motion.tops_s[:2]]
    report = analyze(film(motion, noise_px=1.0, lost_s=panel), name if exercise == "named" else "auto")
    assert [rep.bottom_s for rep in report.reps] == pytest.approx(motion.bottoms_s, abs=0.4)
    assert not partial_reps(report)


# -------------------------------------------------------------------------------- missing, frozen and jumping pictures


def _second_bottom(motion: Motion, poses: PoseSequence) -> tuple[int, int]:
    return _bottom_of(1, motion, poses)


def _bottom_of(rep: int, motion: Motion, poses: PoseSequence) -> tuple[int, int]:
    """From half-descent into the bottom of a repetition, counted from 0, to shortly before the end of the ascent."""
    bottom_s, top_s = motion.bottoms_s[rep], motion.tops_s[rep]
    return frame_at(poses, bottom_s - 0.35), frame_at(poses, (bottom_s + 3 * top_s) / 4)


HALF_SEEN = {"deadlift": lambda: deadlift(3), "squat": lambda: squat(3)}


@pytest.mark.parametrize("name", HALF_SEEN)
def test_a_gap_in_time_leaves_one_partial_rep_and_a_note(name: str) -> None:
    motion = HALF_SEEN[name]()
    whole = film(motion, noise_px=1.0)
    start, stop = _second_bottom(motion, whole)
    report = analyze(whole.part(np.r_[0:start, stop : len(whole)]))
    assert len(report.reps) == 3
    assert partial_reps(report) == [2]
    assert not judged_checks(report, 2)
    assert said(report, "Frames are missing")
    assert said(report, "Rep 2 was seen only in part")


@pytest.mark.parametrize("name", LIFTS)
def test_an_uneven_frame_rate_changes_nothing(name: str) -> None:
    motion = LIFTS[name](3)
    # Phones slow down in bad light: from 30 frames a second to 12 and back.
    steps = np.tile(np.r_[np.full(40, 1 / 30), np.full(12, 1 / 12)], 20)
    times = np.concatenate([[0.0], np.cumsum(steps)])
    one, other = analyze(film(motion, noise_px=1.0)), analyze(film(motion, time_s=times[times <= motion.duration_s]))
    assert len(other.reps) == len(one.reps) == 3
    assert not partial_reps(other)
    assert other.verdict == one.verdict


@pytest.mark.parametrize("name", HALF_SEEN)
def test_a_frozen_picture_is_not_judged(name: str) -> None:
    motion = HALF_SEEN[name]()
    whole = film(motion, noise_px=1.0)
    start, stop = _second_bottom(motion, whole)
    order = np.arange(len(whole))
    order[start:stop] = start - 1
    frozen = frames_of(whole, order)
    frozen.picture_change[start:stop] = 0.0
    report = analyze(frozen)
    assert len(report.reps) == 3
    assert partial_reps(report) == [2]
    assert not judged_checks(report, 2)
    assert said(report, "frozen")


def test_somebody_who_stands_still_before_a_still_camera_is_not_frozen() -> None:
    # The picture moves only with the lifter: nothing else in it does.
    exact = film(squat(3, top_rest_s=2.0))
    moves_px = np.abs(np.diff(exact.image_px[:, 11:29, :2], axis=0, prepend=exact.image_px[:1, 11:29, :2])).max(
        axis=(1, 2)
    )
    assert (moves_px < 0.1).sum() > 100
    report = analyze(replace(exact, picture_change=1e-3 * moves_px))
    assert len(report.reps) == 3
    assert not partial_reps(report)
    assert not said(report, "frozen")


@pytest.mark.parametrize("name", HALF_SEEN)
@pytest.mark.parametrize("change", [0.005, 0.03])
def test_a_jump_cut_out_of_the_bottom_loses_that_rep_and_no_other(name: str, change: float) -> None:
    motion = HALF_SEEN[name]()
    poses = film(motion, noise_px=1.0)
    start, stop = frame_at(poses, motion.bottoms_s[1]), frame_at(poses, motion.tops_s[1])
    jumping = frames_of(poses, np.r_[0:start, stop : len(poses)])
    jumping.picture_change[start] = change
    report = analyze(jumping)
    assert len(report.reps) == 2
    assert not partial_reps(report)
    assert said(report, "cut")


@pytest.mark.parametrize(("share", "cut"), [(0.9, False), (4.0, True)])
def test_a_body_that_leaps_in_a_picture_that_does_not_is_the_models_own_mistake(share: float, cut: bool) -> None:
    # Until the first descent shoulders and hips are seen a fifth of a standing height too low.
    motion = squat(3)
    poses = film(motion, noise_px=1.0)
    at = frame_at(poses, motion.bottoms_s[0] - 0.5)
    image_px = poses.image_px.copy()
    image_px[:at, [*left_right("SHOULDER"), *left_right("HIP")], 1] += 200.0
    moves_px = np.abs(np.diff(poses.image_px[:, 11:29, :2], axis=0, prepend=poses.image_px[:1, 11:29, :2])).max(
        axis=(1, 2)
    )
    change = 1e-4 * moves_px
    change[at] = share * float(np.percentile(change[moves_px > 10.0], 75))
    report = analyze(replace(poses, image_px=image_px, picture_change=change), "squat")
    assert said(report, "cut") is cut
    assert len(report.reps) == 3


@pytest.mark.parametrize("name", HALF_SEEN)
def test_a_jump_cut_into_the_bottom_loses_none(name: str) -> None:
    motion = HALF_SEEN[name]()
    poses = film(motion, noise_px=1.0)
    start, stop = frame_at(poses, motion.tops_s[0]), frame_at(poses, motion.bottoms_s[1])
    report = analyze(frames_of(poses, np.r_[0:start, stop : len(poses)]))
    assert len(report.reps) == 3
    assert said(report, "cut")


@pytest.mark.parametrize("fps", [10.0, 15.0, 30.0, 60.0])
@pytest.mark.parametrize("name", LIFTS)
def test_a_fast_lift_at_a_low_frame_rate_is_no_jump(name: str, fps: float) -> None:
    report = analyze(film(LIFTS[name](3), fps=fps, noise_px=1.0), name)
    assert not said(report, "cut")


# -------------------------------------------------------------------------------------- where the film begins and ends


def _deadlift_from(start_s: float, reps: int = 1) -> PoseSequence:
    """A deadlift set that ends with standing up empty-handed, from some time on."""
    poses = film(deadlift(reps, stands_last=True), noise_px=1.0)
    first = frame_at(poses, start_s)
    return frames_of(poses, np.arange(first, len(poses)))


def test_a_clip_that_begins_with_the_bar_in_the_hands_drops_no_rep_and_judges_no_empty_stand() -> None:
    motion = deadlift(2, stands_last=True)
    # The first lockout is where the clip begins: one rep is left, and the stand without the bar.
    report = analyze(_deadlift_from(motion.tops_s[0], 2))
    assert len(report.reps) == 1
    assert report.reps[0].top_s == pytest.approx(motion.tops_s[1] - motion.tops_s[0], abs=0.3)


def test_a_clip_that_begins_in_mid_rep_counts_it_as_partial() -> None:
    motion = deadlift(3, stands_last=True)
    under_way_s = motion.tops_s[0] - 0.3 - 0.55
    report = analyze(_deadlift_from(under_way_s, 3))
    assert len(report.reps) == 3
    assert partial_reps(report) == [1]
    assert not judged_checks(report, 1)


def test_a_clip_that_begins_with_the_load_on_the_floor_counts_its_first_rep_in_full() -> None:
    motion = deadlift(3, stands_last=True)
    report = analyze(_deadlift_from(motion.bottoms_s[0], 3))
    assert len(report.reps) == 3
    assert not partial_reps(report)


def test_standing_up_without_the_bar_after_a_gap_is_no_rep() -> None:
    motion = deadlift(2, stands_last=True)
    poses = film(motion, noise_px=1.0)
    start = frame_at(poses, motion.tops_s[1] + 0.3)
    gap = frames_of(poses, np.r_[0:start, start + 12 : len(poses)])
    gap.picture_change[start] = 0.4
    report = analyze(gap)
    assert said(report, "cut")
    assert len(report.reps) == 2


@pytest.mark.parametrize("darkest", [0.7, 0.3, 0.1])
def test_standing_up_without_the_bar_in_a_fade_out_is_no_rep(darkest: float) -> None:
    motion = deadlift(2, stands_last=True)
    poses = film(motion, noise_px=1.0)
    fade = np.interp(poses.time_s, [motion.duration_s - 2.5, motion.duration_s], [1.0, darkest])
    report = analyze(replace(poses, floor=poses.floor * fade[:, None, None]))
    assert len(report.reps) == 2


def test_the_last_rep_at_the_end_of_the_clip_counts_under_auto_as_when_named() -> None:
    for name, make in LIFTS.items():
        motion = make(3)
        poses = film(motion, noise_px=1.0)
        ends = poses.part(slice(0, frame_at(poses, motion.tops_s[-1]) + 1))
        assert len(analyze(ends).reps) == len(analyze(ends, name).reps) == 3, name


# ------------------------------------------------------------------------------------------------------ partial or not


def _pulses() -> PoseSequence:
    """Squat pulses between the bottom and half-way through the ascent."""
    motion = squat(1)
    deep_s, up_s = motion.bottoms_s[0], motion.bottoms_s[0] + 0.95
    at = motion.at(np.array([deep_s, up_s]))
    deep, half = (replace(STANDING, **{name: float(values[i]) for name, values in at.items()}) for i in (0, 1))
    stops = [(0.0, half)]
    for index in range(4):
        stops += [(0.8 + 1.6 * index, deep), (1.6 + 1.6 * index, half)]
    return film(through(stops), noise_px=1.0)


def test_pulses_that_never_stand_are_partial() -> None:
    report = analyze(_pulses(), "squat")
    assert report.reps
    assert partial_reps(report) == [rep.index for rep in report.reps]


@pytest.mark.parametrize("name", LIFTS)
def test_a_hand_held_camera_does_not_make_full_reps_partial(name: str) -> None:
    poses = film(LIFTS[name](4), noise_px=1.0)
    # It sinks by a fifth of the lifter over the set, and sways.
    drift = 120.0 * poses.time_s / poses.time_s[-1] + 12.0 * np.sin(1.7 * poses.time_s)
    image, contour = poses.image_px.copy(), poses.contour_px.copy()
    image[..., 1] += drift[:, None]
    contour[..., 1] += drift[:, None, None]
    report = analyze(replace(poses, image_px=image, contour_px=contour), name)
    assert len(report.reps) == 4
    assert not partial_reps(report)


# ------------------------------------------------------------------------------------------ slow motion, and sped up


def _slowed(poses: PoseSequence, times: float, *, repeat: int = 1) -> PoseSequence:
    """The film on a slower clock; ``repeat`` shows every frame this often, as converting to a higher rate does."""
    order = np.repeat(np.arange(len(poses)), repeat)
    stamps = np.repeat(poses.time_s * times, repeat) + np.tile(np.arange(repeat), len(poses)) * times / FPS / repeat
    return frames_of(poses, order, stamps)


@pytest.mark.parametrize("name", LIFTS)
@pytest.mark.parametrize("repeat", [1, 2])
def test_slow_motion_is_noticed_and_said(name: str, repeat: int) -> None:
    report = analyze(_slowed(film(LIFTS[name](3), noise_px=0.5), 4.0, repeat=repeat), name)
    assert said(report, "slow motion")


@pytest.mark.parametrize("name", LIFTS)
def test_a_film_at_its_own_speed_is_not_called_slow_or_fast(name: str) -> None:
    report = analyze(film(LIFTS[name](3), noise_px=1.0))
    assert not said(report, "slow motion")


def test_a_slow_tempo_on_the_way_down_is_no_slow_motion() -> None:
    # Five seconds down, as quickly up as ever.
    motion = squat(3)
    poses = film(motion, noise_px=0.5)
    stretch = np.ones(len(poses))
    for bottom_s in motion.bottoms_s:
        stretch[frame_at(poses, bottom_s - 1.4) : frame_at(poses, bottom_s)] = 4.0
    slow_down = frames_of(poses, np.arange(len(poses)), np.concatenate([[0.0], np.cumsum(stretch[1:])]) / FPS)
    report = analyze(slow_down)
    assert len(report.reps) == 3
    assert not said(report, "slow motion")


def test_a_film_that_is_sped_up_is_noticed_and_said() -> None:
    report = analyze(_slowed(film(squat(3), noise_px=0.5), 1 / 4), "squat")
    assert said(report, "sped up")


@pytest.mark.parametrize("name", LIFTS)
@pytest.mark.parametrize("times", [0.5, 4.0])
def test_slow_motion_that_is_named_is_judged_by_the_clock_of_life(name: str, times: float) -> None:
    poses = film(LIFTS[name](3), noise_px=0.5)
    real, slowed = analyze(poses), analyze(_slowed(poses, times), slow_motion=times)
    assert not said(slowed, "slow motion")
    assert slowed.exercise.name == name
    assert (slowed.verdict, slowed.summary, slowed.advice) == (real.verdict, real.summary, real.advice)
    assert slowed.slow_motion == times
    for one, other in zip(real.reps, slowed.reps, strict=True):
        assert other.measures == pytest.approx(one.measures, abs=1e-6, nan_ok=True)
        for at in ("start_s", "bottom_s", "top_s", "end_s", "lift_off_s", "lockout_s"):
            assert getattr(other, at) == pytest.approx(times * getattr(one, at))
        assert [f.at_s for f in other.findings] == pytest.approx([times * f.at_s for f in one.findings], nan_ok=True)
    assert real.set_level is not None
    assert slowed.set_level is not None
    assert slowed.set_level.tempo_s == pytest.approx(real.set_level.tempo_s, nan_ok=True)
    assert slowed.signals is not None
    np.testing.assert_allclose(slowed.signals.time_s, times * poses.time_s)
    for way, slow_way in zip(real.set_level.reps, slowed.set_level.reps, strict=True):
        if way.path is not None:
            assert slow_way.path is not None
            np.testing.assert_allclose(slow_way.path.time_s, times * way.path.time_s)


def _slow_lifter_with_a_gap(times: float) -> Report:
    """A deadlift slowed down, with frames missing in the second bottom and the picture frozen in the third."""
    motion = deadlift(4)
    whole = film(motion, noise_px=0.5)
    start, stop = _bottom_of(1, motion, whole)
    still, moves_again = _bottom_of(2, motion, whole)
    order = np.arange(len(whole))
    order[still:moves_again] = still - 1
    frozen = frames_of(whole, order)
    frozen.picture_change[still:moves_again] = 0.0
    return analyze(_slowed(frozen.part(np.r_[0:start, stop : len(whole)]), times), "deadlift", slow_motion=times)


def test_notes_and_instants_of_a_slow_film_are_on_one_clock() -> None:
    real, slowed = _slow_lifter_with_a_gap(1.0), _slow_lifter_with_a_gap(4.0)
    assert [rep.top_s for rep in slowed.reps] == pytest.approx([4.0 * rep.top_s for rep in real.reps])
    assert len(slowed.tracking.notes) == len(real.tracking.notes) >= 3
    seconds = r"(\d+\.\d) s"
    for one, other in zip(real.tracking.notes, slowed.tracking.notes, strict=True):
        at_s, later_s = (np.array(re.findall(r"\d+\.\d", note), dtype=float) for note in (one, other))
        assert later_s == pytest.approx(4.0 * at_s, abs=0.21)
    gap = next(note for note in slowed.tracking.notes if "missing" in note)
    gap_at_s = float(re.findall(seconds, gap)[1])
    assert slowed.reps[1].start_s < gap_at_s < slowed.reps[1].end_s


def test_how_long_a_rep_took_is_said_by_the_clock_of_life() -> None:
    poses = film(deadlift(3), noise_px=0.5)
    real, slowed = analyze(poses), analyze(_slowed(poses, 4.0), slow_motion=4.0)
    for one, other in zip(real.reps, slowed.reps, strict=True):
        assert slowed.concentric_s(other) == pytest.approx(real.concentric_s(one))
        assert 0.5 < real.concentric_s(one) < 3.0


@pytest.mark.parametrize("name", LIFTS)
def test_slow_motion_that_was_named_too_low_is_said_with_what_fits_better(name: str) -> None:
    report = analyze(_slowed(film(LIFTS[name](3), noise_px=0.5), 8.0), name, slow_motion=2.0)
    (note,) = [note for note in report.tracking.notes if "slow motion of 2" in note]
    fits = float(re.findall(r": ([\d.]+) fits", note)[0])
    assert 4.0 <= fits <= 16.0


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.05, 100.0, float("nan")])
def test_a_slow_motion_that_no_camera_makes_is_refused(factor: float) -> None:
    with pytest.raises(UsageError, match="such as 4"):
        analyze(film(squat(1)), slow_motion=factor)


# ------------------------------------------------------------------------------------------------- how large the lifter


def _tall(poses: PoseSequence, tall_px: float) -> PoseSequence:
    """The film with the lifter so many pixels from ankles to shoulders."""
    times = tall_px / (np.linalg.norm(poses.image_px[0, 11, :2] - poses.image_px[0, 27, :2]))
    image = poses.image_px.copy()
    image[..., :2] *= times
    return replace(poses, image_px=image, contour_px=poses.contour_px * times)


@pytest.mark.parametrize(("tall_px", "note", "judged"), [(70.0, "too small", False), (85.0, "is small", True)])
def test_a_small_lifter_is_judged_as_far_as_can_be_seen(tall_px: float, note: str, judged: bool) -> None:
    report = analyze(_tall(film(deadlift(3), noise_px=0.0), tall_px), "deadlift")
    assert said(report, note)
    assert len(report.reps) == 3
    assert any(judged_checks(report, rep.index) for rep in report.reps) is judged
    assert (report.advice == (FILM_FROM_NEARER,)) is not judged
    assert ("too small" in report.summary) is not judged


def test_a_lifter_large_enough_gets_no_note() -> None:
    assert not said(analyze(_tall(film(deadlift(3)), 130.0), "deadlift"), "small")
