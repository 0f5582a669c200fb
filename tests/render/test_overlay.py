"""What is drawn on a frame: the right things in the right colours at the right places, whatever the frame's size."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formcheck.core.errors import Cancelled, VideoError
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict, ViewName
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import Measurement, judge
from formcheck.judging.analysis import analyze
from formcheck.judging.effective_checks import rounding_limits_deg
from formcheck.judging.settings import Override, Settings
from formcheck.motion.view import View
from formcheck.render import overlay
from formcheck.render.annotated_video import ANNOTATED_MAX_FPS, FrameChoice, write_annotated_video
from formcheck.render.overlay import (
    LEVEL_COLOURS,
    _legend_entries,
    back_text,
    draw_overlay,
    plan_overlay,
    rep_text,
    rounding_level,
)
from formcheck.render.skeleton_drawing import smooth_line
from formcheck.vision.video import VideoReader, VideoWriter
from tests.helpers.make_reports import (
    BACK_X,
    FPS,
    HEIGHT,
    JOINTS,
    WIDTH,
    make_clip,
    make_finding,
    make_poses,
    make_rep,
    make_report,
    nothing_to_judge,
)
from tests.helpers.synthetic_lifter import deadlift, film, kettlebell_swing, squat

MIDDLE_OF_BACK = BACK_X, (JOINTS["HIP"][1] + JOINTS["SHOULDER"][1]) / 2


def grey_frame(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def pixel(frame: np.ndarray, place: tuple[float, float]) -> tuple[int, ...]:
    return tuple(frame[round(place[1] * frame.shape[0]), round(place[0] * frame.shape[1])].tolist())


def drawn(
    rounding_deg: float, width: int = WIDTH, height: int = HEIGHT, time_s: float = 0.2, **changes: object
) -> np.ndarray:
    poses = make_poses()
    report = make_report(poses, rounding_deg, **changes)
    return draw_overlay(grey_frame(width, height), plan_overlay(poses, report, width, height), time_s)


@pytest.mark.parametrize(
    ("rounding_deg", "level"),
    [(0.0, OK), (-30.0, OK), (16.0, WATCH), (34.0, FAULT), (math.nan, NOT_MEASURED)],
)
def test_the_back_line_has_the_colour_of_the_rounding(rounding_deg: float, level: Verdict) -> None:
    assert pixel(drawn(rounding_deg), MIDDLE_OF_BACK) == LEVEL_COLOURS[level]


@pytest.mark.parametrize(("width", "height"), [(480, 360), (240, 180), (1280, 960), (1920, 1440)])
def test_the_back_line_scales_with_the_frame(width: int, height: int) -> None:
    frame = drawn(0.0, width, height)
    assert pixel(frame, MIDDLE_OF_BACK) == LEVEL_COLOURS[OK]
    assert pixel(frame, (BACK_X - 0.05, MIDDLE_OF_BACK[1])) == (90, 90, 90)


def test_the_back_line_runs_from_the_hip_to_the_shoulder_only() -> None:
    column = drawn(0.0)[:, round(BACK_X * WIDTH)]
    rows = np.flatnonzero(np.all(column == LEVEL_COLOURS[OK], axis=1)) / HEIGHT
    assert rows.min() == pytest.approx(JOINTS["SHOULDER"][1], abs=0.02)
    assert rows.max() == pytest.approx(JOINTS["HIP"][1], abs=0.02)


def test_a_lifter_who_faces_left_has_the_back_on_the_right() -> None:
    poses = make_poses()
    report = make_report(poses, 0.0, view=View(ViewName.SIDE_LEFT, 0.0, -1))
    assert report.signals is not None
    report = replace(report, signals=replace(report.signals, forward=-np.ones(len(poses))))
    frame = draw_overlay(grey_frame(), plan_overlay(poses, report, WIDTH, HEIGHT), 0.2)
    assert pixel(frame, (BACK_X + 0.2, MIDDLE_OF_BACK[1])) == LEVEL_COLOURS[OK]
    assert pixel(frame, MIDDLE_OF_BACK) == (90, 90, 90)


@pytest.mark.parametrize("view", [ViewName.FRONT, ViewName.REAR])
def test_from_the_front_there_is_no_back_line_and_the_panel_says_why(view: ViewName) -> None:
    poses = make_poses()
    report = make_report(poses, 34.0, view=View(view, 90.0, 1), sagittal_ok=False)
    plan = plan_overlay(poses, report, WIDTH, HEIGHT)
    assert pixel(draw_overlay(grey_frame(), plan, 0.2), MIDDLE_OF_BACK) == (90, 90, 90)
    assert "from the side" in back_text(plan, math.nan, seen=True)[0]


def test_joints_are_marked_where_they_are() -> None:
    frame = drawn(0.0)
    for joint in ("SHOULDER", "HIP", "KNEE", "ANKLE", "WRIST"):
        assert pixel(frame, JOINTS[joint]) == overlay.WHITE


@pytest.mark.parametrize(
    ("signal", "hidden", "seen"),
    [
        ("elbow_flexion_deg", ("ELBOW", "WRIST"), ("SHOULDER", "HIP", "KNEE", "ANKLE")),
        ("hip_flexion_deg", (), ("SHOULDER", "HIP", "KNEE", "ANKLE", "WRIST")),
        ("shank_lean_deg", ("ANKLE",), ("SHOULDER", "HIP", "KNEE", "WRIST")),
    ],
)
def test_a_limb_that_is_not_measured_is_not_drawn_as_if_it_were(
    signal: str, hidden: tuple[str, ...], seen: tuple[str, ...]
) -> None:
    poses = make_poses()
    report = make_report(poses)
    assert report.signals is not None
    unknown = replace(report, signals=replace(report.signals, **{signal: np.full(len(poses), math.nan)}))
    whole, part = (draw_overlay(grey_frame(), plan_overlay(poses, r, WIDTH, HEIGHT), 0.2) for r in (report, unknown))
    for joint in seen:
        assert pixel(part, JOINTS[joint]) == overlay.WHITE
    for joint in hidden:
        assert pixel(whole, JOINTS[joint]) == overlay.WHITE
        assert pixel(part, JOINTS[joint]) != overlay.WHITE
    a, b = next(ends for ends, name in overlay.NEAR_SEGMENTS.items() if name == signal)
    middle = (JOINTS[a][0] + JOINTS[b][0]) / 2, (JOINTS[a][1] + JOINTS[b][1]) / 2
    assert pixel(whole, middle) == overlay.WHITE
    assert pixel(part, middle) not in (overlay.WHITE, (90, 90, 90)), "it is there, but faint"


def test_feet_that_fly_are_hidden_by_plates_and_so_is_the_leg() -> None:
    poses = make_poses()
    report = make_report(poses)
    assert report.signals is not None
    for lift, shown in ((0.0, True), (0.07, True), (0.09, False)):
        risen = replace(report, signals=replace(report.signals, foot_lift=np.full(len(poses), lift)))
        frame = draw_overlay(grey_frame(), plan_overlay(poses, risen, WIDTH, HEIGHT), 0.2)
        assert (pixel(frame, JOINTS["KNEE"]) == overlay.WHITE) is shown
        assert pixel(frame, JOINTS["WRIST"]) == overlay.WHITE


def test_the_given_frame_is_left_as_it_is_and_may_be_read_only() -> None:
    poses = make_poses()
    frame = grey_frame()
    frame.setflags(write=False)
    annotated = draw_overlay(frame, plan_overlay(poses, make_report(poses), WIDTH, HEIGHT), 0.2)
    assert (frame == 90).all()
    assert annotated.shape == frame.shape
    assert annotated.dtype == np.uint8


def test_a_finding_is_shown_from_its_time_on_for_a_while() -> None:
    poses = make_poses(frames=100)
    loud, quiet = make_report(poses, 0.0), make_report(poses, 0.0, reps=(make_rep(findings=()),))

    def differs(time_s: float) -> bool:
        one, other = (draw_overlay(grey_frame(), plan_overlay(poses, r, WIDTH, HEIGHT), time_s) for r in (loud, quiet))
        return not np.array_equal(one, other)

    at_s = make_finding().at_s
    assert [differs(at_s - 0.04), differs(at_s), differs(at_s + 1.4), differs(at_s + 1.6)] == [False, True, True, False]


def test_captions_leave_out_what_is_fine_not_measured_or_has_no_time() -> None:
    findings = (
        make_finding("a", "ok"),
        make_finding("b", "not-measured", value=math.nan, at_s=math.nan),
        make_finding("c", "fault", at_s=math.nan),
        make_finding("d", "watch", value=0.31, unit="foot lengths", title="Bar drift"),
    )
    (caption,) = overlay.plan_captions((make_rep(findings=findings),))
    assert caption.heading == "Rep 1 · Bar drift 0.31 foot lengths"


def test_the_rep_counter_follows_the_reps() -> None:
    reps = (make_rep(1), make_rep(2))
    times_s = (0.0, reps[0].start_s, reps[1].start_s, 9.0)
    assert [rep_text(reps, time_s) for time_s in times_s] == ["Rep 0/2", "Rep 1/2", "Rep 2/2", "Rep 2/2"]
    assert rep_text((), 1.0) == "No reps"


def test_the_panel_says_the_number_and_a_word() -> None:
    poses = make_poses()
    plan = plan_overlay(poses, make_report(poses), WIDTH, HEIGHT)
    assert back_text(plan, 34.4, seen=True) == ("Back 34° rounded", "fault")
    assert back_text(plan, -2.6, seen=True) == ("Back −3° neutral", "ok")
    assert back_text(plan, -0.2, seen=True) == ("Back 0° neutral", "ok")
    assert back_text(plan, -35.0, seen=True) == ("Back −35° arched", "ok")
    assert back_text(plan, math.nan, seen=True) == ("Back: not judged here", "not-measured")
    assert back_text(plan, math.nan, seen=False) == ("Lifter not seen clearly", "not-measured")


def test_colours_change_exactly_where_the_checks_do() -> None:
    motions = {"deadlift": deadlift(2), "kettlebell-swing": kettlebell_swing(2), "squat": squat(2)}
    for exercise, motion in motions.items():
        report = analyze(film(motion), exercise)
        known = exercise_named(exercise)
        assert known is not None
        assert report.signals is not None
        (check,) = (one for one in known.checks if one.measure.name == "back_rounding_deg")
        judged = report.signals.back_judged > 0
        doubt_deg = float(np.nanmedian(report.signals.back_rounding_uncertainty_deg[judged]))
        limits = rounding_limits_deg(report)
        for value in (limit + off for limit in limits for off in (-0.01, 0.01)):
            expected = judge(check, Measurement(value, 0.0, doubt_deg, seen=1.0), report.view.name).verdict
            assert rounding_level(value, limits) == expected
        lowered = Settings(checks={f"{exercise}/back-rounding": Override(watch=5.0, fault=9.0)})
        assert rounding_limits_deg(replace(report, settings=lowered))[0] == pytest.approx(limits[0] - check.watch + 5.0)


def test_the_back_is_grey_where_it_was_not_judged() -> None:
    poses = make_poses()
    report = make_report(poses)
    assert report.signals is not None
    elsewhere = replace(report.signals, back_judged=(poses.time_s >= 0.5).astype(float))
    plan = plan_overlay(poses, replace(report, signals=elsewhere), WIDTH, HEIGHT)
    early, late = (draw_overlay(grey_frame(), plan, time_s) for time_s in (0.2, 0.8))
    assert pixel(early, MIDDLE_OF_BACK) == LEVEL_COLOURS[NOT_MEASURED]
    assert pixel(late, MIDDLE_OF_BACK) == LEVEL_COLOURS[FAULT]
    assert plan.back_note == ""
    nowhere = replace(report.signals, back_judged=np.zeros(len(poses)))
    assert plan_overlay(poses, replace(report, signals=nowhere), WIDTH, HEIGHT).back_note == "not judged"


def test_the_legend_states_the_limits_as_the_report_does() -> None:
    poses = make_poses()
    plan = plan_overlay(poses, make_report(poses), WIDTH, HEIGHT)
    words = [words for _, words in _legend_entries(plan)]
    assert words == [
        "neutral",
        "not judged",
        "watch above 12°",
        "fault above 20°",
    ]


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (480, 640), (1280, 960), (608, 1080)])
def test_the_legend_is_legible_on_a_phone(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[str, int] = {}
    write = overlay._text

    def noted(canvas: overlay.RgbImage, text: str, x: float, baseline: float, size: int, *style: Any) -> None:
        sizes[text] = size
        assert x >= 0
        assert x + overlay._text_width(text, size, style[1]) <= width
        assert 0 < baseline <= height
        write(canvas, text, x, baseline, size, *style)

    monkeypatch.setattr(overlay, "_text", noted)
    drawn(34.0, width, height)
    shown = min(358 / width, 625 / height)  # a phone of 390 x 844, edges of the page and its bar left out
    assert {"neutral", "not judged", "watch above 12°", "fault above 20°"} <= set(sizes)
    assert min(sizes.values()) * shown >= 10.5


def test_without_a_lifter_the_picture_itself_stays_untouched() -> None:
    poses = make_poses(seen=False)
    frame = draw_overlay(grey_frame(), plan_overlay(poses, nothing_to_judge(poses), WIDTH, HEIGHT), 0.2)
    assert (frame[: HEIGHT // 2] == 90).all()
    assert (frame != 90).any(), "the panel still says that there is nothing"


def test_times_without_a_pose_draw_no_old_pose() -> None:
    assert pixel(drawn(0.0, time_s=30.0), JOINTS["HIP"]) == (90, 90, 90)


def test_outside_of_the_analysed_part_the_picture_itself_stays_untouched() -> None:
    poses = make_poses()
    part = poses.part(poses.time_s >= 0.3)
    plan = plan_overlay(part, make_report(part), WIDTH, HEIGHT)
    assert np.array_equal(draw_overlay(grey_frame(), plan, 0.1), grey_frame())
    assert not np.array_equal(draw_overlay(grey_frame(), plan, 0.3), grey_frame())


def test_the_panel_keeps_away_from_the_body() -> None:
    poses = make_poses()
    high, low = poses.image_px.copy(), poses.image_px.copy()
    high[:, :, 1] -= 0.1 * HEIGHT
    low[:, :, 1] += 0.08 * HEIGHT
    plans = [
        plan_overlay(replace(poses, image_px=px), make_report(poses), WIDTH, HEIGHT).panel_at_top for px in (high, low)
    ]
    assert plans == [False, True]


@pytest.mark.parametrize(("width", "height"), [(2, 2), (48, 64), (160, 160), (360, 640), (3840, 2160)])
def test_every_size_of_frame_can_be_drawn_on(width: int, height: int) -> None:
    assert drawn(34.0, width, height, time_s=0.4).shape == (height, width, 3)


def test_an_older_opencv_without_scalable_fonts_still_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    overlay._text_width.cache_clear()
    overlay._wrapped.cache_clear()
    monkeypatch.setattr(overlay, "_font", lambda: None)
    try:
        frame = drawn(34.0, time_s=0.4)
    finally:
        overlay._text_width.cache_clear()
        overlay._wrapped.cache_clear()
    panel_text = (frame[: HEIGHT // 5] == overlay.WHITE).all(axis=2) | (frame[-HEIGHT // 5 :] == overlay.WHITE).all(
        axis=2
    )
    assert panel_text.any()


def test_smoothing_keeps_a_straight_line_and_drops_a_spike() -> None:
    line = np.stack([np.linspace(10, 60, 51), np.linspace(5, 200, 51)], axis=1)
    spoilt = line.copy()
    spoilt[25, 0] += 40
    spoilt[40:43] = np.nan
    smooth = smooth_line(spoilt)
    known = np.isfinite(spoilt).all(axis=1)
    assert np.isnan(smooth[~known]).all()
    assert np.abs(smooth - line)[known].max() < 1.0


def test_a_contour_without_points_is_not_drawn() -> None:
    assert np.isnan(smooth_line(np.full((51, 2), np.nan))).all()


# --- the whole video -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [None, 1, 2])
def test_the_annotated_video_keeps_times_and_shows_the_back(tmp_path: Path, jobs: int | None) -> None:
    poses = make_poses()
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "annotated.mp4"
    clip = make_clip(tmp_path / "clip.mp4")
    write_annotated_video(clip, poses, make_report(poses), target, jobs=jobs, progress=lambda *x: seen.append(x))
    with VideoReader(target) as reader:
        frames = list(reader)
    assert [frame.time_s for frame in frames] == pytest.approx(poses.time_s.tolist(), abs=0.001)
    assert pixel(frames[5].rgb, MIDDLE_OF_BACK) == pytest.approx(LEVEL_COLOURS[FAULT], abs=40)
    assert seen == [(done, len(poses)) for done in range(1, len(poses) + 1)]


def film_of(path: Path, fps: float, size: tuple[int, int] = (96, 64), duration_s: float = 1.0) -> Path:
    with VideoWriter(path) as writer:
        for index in range(round(fps * duration_s)):
            writer.write(np.full((size[1], size[0], 3), 60, np.uint8), index / fps)
    return path


@pytest.mark.parametrize(
    ("fps", "every"), [(24, 1), (30, 1), (33, 1), (50, 2), (59.94, 2), (60, 2), (120, 4), (240, 8)]
)
def test_even_steps_are_drawn_thirty_times_a_second_at_most(fps: float, every: int) -> None:
    times = np.arange(round(4 * fps)) / fps
    choice = FrameChoice(fps, ANNOTATED_MAX_FPS)
    assert [index for index, time_s in enumerate(times) if choice.wants(time_s)] == list(range(0, len(times), every))
    everything = FrameChoice(fps, None)
    assert all(everything.wants(time_s) for time_s in times)


def test_of_an_uneven_film_no_more_is_drawn_and_after_a_pause_it_goes_on() -> None:
    random = np.random.default_rng(5)
    times = np.cumsum(random.uniform(0.002, 0.02, 600))
    times[300:] += 3.0
    for nominal in (None, 90.0):
        choice = FrameChoice(nominal, ANNOTATED_MAX_FPS)
        drawn = np.array([time_s for time_s in times if choice.wants(time_s)])
        assert times[0] == drawn[0]
        assert times[300] in drawn
        watched_s = times[-1] - times[0] - (times[300] - times[299])
        assert 0.9 * ANNOTATED_MAX_FPS <= len(drawn) / watched_s <= ANNOTATED_MAX_FPS + 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_annotated_video_of_a_fast_film_has_thirty_frames_a_second(tmp_path: Path, jobs: int) -> None:
    poses = make_poses()
    report, clip = make_report(poses), film_of(tmp_path / "fast.mp4", 60.0)
    seen: list[int] = []
    limits: list[dict[str, None]] = [{}, {"max_fps": None, "max_side": None}]
    for number, told in enumerate(limits):
        target = tmp_path / f"annotated-{number}.mp4"
        write_annotated_video(
            clip, poses, report, target, jobs=jobs, progress=lambda done, _: seen.append(done), **told
        )
        with VideoReader(target) as reader:
            times = [frame.time_s for frame in reader.decoded()]
        assert times == pytest.approx((np.arange(60)[:: 2 - number] / 60).tolist(), abs=0.001)
    assert seen == 2 * list(range(1, 61))


def test_an_overlay_is_the_same_on_a_copy_and_in_place() -> None:
    poses = make_poses()
    plan = plan_overlay(poses, make_report(poses), 320, 240)
    picture = np.random.default_rng(1).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    before = picture.copy()
    copy = draw_overlay(picture, plan, 0.5)
    np.testing.assert_array_equal(picture, before)
    assert draw_overlay(picture, plan, 0.5, in_place=True) is picture
    np.testing.assert_array_equal(picture, copy)


def test_the_annotated_video_is_scaled_down(tmp_path: Path) -> None:
    poses = make_poses(frames=12)
    target = tmp_path / "annotated.mp4"
    write_annotated_video(make_clip(tmp_path / "clip.mp4", 12), poses, make_report(poses), target, max_side=240)
    with VideoReader(target) as reader:
        assert (reader.info.width, reader.info.height) == (240, 180)
        assert pixel(next(iter(reader)).rgb, MIDDLE_OF_BACK) == pytest.approx(LEVEL_COLOURS[FAULT], abs=60)


def test_stopping_half_way_leaves_nothing(tmp_path: Path) -> None:
    poses = make_poses()
    clip = make_clip(tmp_path / "clip.mp4")
    answers = iter([False] * 5 + [True] * FPS)
    with pytest.raises(Cancelled):
        write_annotated_video(
            clip, poses, make_report(poses), tmp_path / "annotated.mp4", cancelled=lambda: next(answers)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_video_that_is_gone_leaves_nothing(tmp_path: Path) -> None:
    poses = make_poses()
    with pytest.raises(VideoError):
        write_annotated_video(tmp_path / "gone.mp4", poses, make_report(poses), tmp_path / "annotated.mp4")
    assert list(tmp_path.iterdir()) == []
