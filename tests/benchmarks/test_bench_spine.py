"""Arithmetic of the spine benchmark, its perturbations, and that both say so when something is missing."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks import bench_spine as bench
from benchmarks import perturb
from benchmarks.perturb import PERTURBATIONS, Perturbation, changed, kept_poses, perturbed_poses, resampled
from benchmarks.scores import separation
from formcheck.core.landmarks import LANDMARK_COUNT, Landmark
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH
from formcheck.judging.analysis import analyze
from formcheck.vision.models.store import ModelFile
from formcheck.vision.video import Frame, VideoReader
from tests.helpers.make_videos import numbered_picture, write_video
from tests.helpers.synthetic_lifter import Camera, deadlift, film, kettlebell_swing, squat

MODEL = ModelFile(Path("unused.task"), "full", "custom", "1" * 64)
needs_x264 = pytest.mark.skipif("libx264" not in av.codecs_available, reason="this PyAV comes without x264")
EMPTY = bench.Material((), (), (), {})


def rep(value_deg: float, bottom_s: float = 0.0, verdict: str = OK, true_deg: float = math.nan) -> bench.RepValue:
    scores = {bench.MEASURE: value_deg, **dict.fromkeys(bench.BASELINES, 0.0)}
    return bench.RepValue((bottom_s, bottom_s + 1.0), scores, verdict, true_deg)


def reading(name: str, group: str, *values_deg: float, lifter: str = "", verdict: str = OK) -> bench.Reading:
    reps = tuple(rep(value, 2.0 * index, verdict) for index, value in enumerate(values_deg))
    judged = any(not math.isnan(value) for value in values_deg)
    return bench.Reading(
        name, lifter or name, group, reps, "side-left", verdict if judged else NOT_MEASURED, "" if judged else "hidden"
    )


# --- reading clips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", [deadlift(2), squat(2), kettlebell_swing(3)])
def test_baselines_are_taken_where_the_back_is(motion: object, monkeypatch: pytest.MonkeyPatch) -> None:
    poses = film(motion)  # type: ignore[arg-type]
    report = analyze(poses)
    assert report.reps
    assert report.signals is not None
    # A "baseline" that is the back itself must come out as the product's own value.
    back = dict.fromkeys(bench.BASELINES, report.signals.back_rounding_deg)
    monkeypatch.setattr(bench, "baseline_signals", lambda *_: back)
    scores = bench.baseline_scores(poses, report)
    ours = [one.measures["back_rounding_deg"] for one in report.reps]
    assert not any(math.isnan(value) for value in ours)
    assert [one[bench.CHORD] for one in scores] == ours


def test_baselines_grow_as_the_body_folds_and_the_chord_shrinks() -> None:
    image_px = np.zeros((3, LANDMARK_COUNT, 2))
    # Lying along the picture's x axis: straight; then the hip folded to a right angle; then a chord of half the length.
    for joint, x in (("EAR", -80.0), ("SHOULDER", -60.0), ("HIP", 0.0), ("KNEE", 40.0)):
        for side in ("LEFT", "RIGHT"):
            image_px[:, Landmark[f"{side}_{joint}"], 0] = x
    image_px[1, [Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE]] = (0.0, 40.0)
    image_px[2, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]] = (-30.0, 0.0)
    found = bench.baseline_signals(image_px, np.ones(3))
    np.testing.assert_allclose(found[bench.HIP_ANGLE], [0.0, 90.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(found[bench.NECK_ANGLE], 0.0, atol=1e-6)
    np.testing.assert_allclose(found[bench.CHORD], [0.0, 0.0, 50.0], atol=1e-6)


def test_baselines_look_at_the_side_that_the_camera_sees() -> None:
    image_px = np.zeros((1, LANDMARK_COUNT, 2))
    for side, knee in (("LEFT", (0.0, 40.0)), ("RIGHT", (40.0, 0.0))):
        image_px[0, Landmark[f"{side}_SHOULDER"]] = (-60.0, 0.0)
        image_px[0, Landmark[f"{side}_KNEE"]] = knee
    folded = [bench.baseline_signals(image_px, np.array([forward]))[bench.HIP_ANGLE][0] for forward in (1.0, -1.0)]
    assert folded == pytest.approx([0.0, 90.0])


def test_a_front_view_gives_no_value_even_if_a_number_is_there() -> None:
    side = bench.read_clip("side", "ann", "neutral", film(squat(2)))
    front = bench.read_clip("front", "ann", "neutral", film(squat(2), Camera(yaw_deg=85.0)))
    assert side.judged
    assert len(front.reps) == 2
    assert not front.judged
    assert front.verdict == NOT_MEASURED
    assert "front" in front.reason


def test_a_clip_has_the_median_of_its_judged_reps() -> None:
    assert reading("a", "rounded", 10.0, math.nan, 40.0, 20.0).score() == 20.0
    assert math.isnan(reading("a", "rounded", math.nan).score())


# --- scores --------------------------------------------------------------------------------------------------------


def test_clips_reps_and_lifters_are_scored_apart() -> None:
    readings = [
        reading("a1", "rounded", 30.0, 30.0, lifter="ann"),
        reading("a2", "rounded", 5.0, lifter="ann"),
        reading("b", "neutral", 10.0),
        reading("silent", "neutral", math.nan),
        reading("other", "mild", 99.0),
    ]
    found = bench.separation_of(readings, "rounded", "neutral")
    assert found.clips == 0.5
    assert found.reps == pytest.approx(2 / 3)
    assert found.lifters == 1.0, "ann's mean is 17.5"


def test_the_bootstrap_draws_whole_lifters_and_always_the_same_ones() -> None:
    above = [("ann", 30.0), ("ann", 31.0), ("bob", 0.0)]
    below = [("cid", 10.0), ("dan", 12.0)]
    low, high = bench.bootstrap_interval(above, below)
    assert (low, high) == (0.0, 1.0), "draws with bob alone and with ann alone are both common"
    assert bench.bootstrap_interval(above[:2], below) == (1.0, 1.0)
    assert (low, high) == bench.bootstrap_interval(above, below)
    assert all(map(math.isnan, bench.bootstrap_interval([], below)))


def test_roc_curves_run_from_corner_to_corner_and_enclose_the_area() -> None:
    above, below = [3.0, 5.0, 1.0], [1.0, 2.0]
    false_rate, true_rate = bench.roc_curve(above, below)
    assert (false_rate[0], true_rate[0]) == (0.0, 0.0)
    assert (false_rate[-1], true_rate[-1]) == (1.0, 1.0)
    assert np.trapezoid(true_rate, false_rate) == pytest.approx(separation(above, below))


def test_changes_are_copy_minus_original_with_lost_and_gained_reps() -> None:
    original = reading("a", "rounded", 10.0, 20.0, math.nan)
    copy = reading("a", "rounded", 7.0, math.nan, 5.0)
    found = bench.change_of([(original, copy)])
    assert found.changes_deg == ((-3.0, "a"),)
    assert (found.lost, found.gained) == (1, 1)
    assert found.sizes_deg == [3.0]


@pytest.mark.parametrize(
    ("known_deg", "group"),
    [(25.0, bench.TRULY_ROUNDED), (24.9, bench.TRULY_BETWEEN), (10.0, bench.TRULY_BETWEEN), (9.9, bench.TRULY_NEUTRAL)],
)
def test_classes_of_rendered_lifters(known_deg: float, group: str) -> None:
    assert bench.true_group(known_deg) == group


# --- tables --------------------------------------------------------------------------------------------------------


def test_the_trio_is_said_to_be_in_order_only_when_it_is() -> None:
    rounded, neutral, hollow = bench.TRIO
    right = [reading(rounded, "rounded", 50.0), reading(neutral, "neutral", 0.0), reading(hollow, "hollow", -20.0)]
    assert "come out in this order" in bench.trio_text(right)
    wrong = [*right[:2], reading(hollow, "hollow", 10.0)]
    assert "NOT in this order" in bench.trio_text(wrong)
    assert "NOT in this order" in bench.trio_text([*right[:2], reading(hollow, "hollow", math.nan)])
    assert "Not all" in bench.trio_text(right[:2])


def test_abstentions_are_counted_and_named() -> None:
    text = bench.abstention_text([reading("a", "rounded", 10.0), reading("b", "neutral", math.nan)])
    assert "1 of 2 (50 %) clips" in text
    assert "- b (neutral): hidden" in text
    assert "- a" not in text


def test_a_judged_front_view_is_marked() -> None:
    text = bench.oblique_table([reading("good", "front", math.nan), reading("bad", "front", 3.0)])
    assert "ok (!)" in text
    assert text.count("(!)") == 1


def test_flags_are_counted_per_class() -> None:
    readings = [
        reading("a", "rounded", 30.0, verdict=FAULT),
        reading("b", "rounded", 22.0, verdict=WATCH),
        reading("c", "rounded", 15.0),
        reading("d", "neutral", 1.0),
    ]
    rounded, neutral = bench.class_table(readings, ("rounded", "neutral")).splitlines()[2:]
    assert "2 of 3 (67 %)" in rounded
    assert "0 of 1 (0 %)" in neutral


def test_a_document_says_what_was_not_there() -> None:
    text = bench.document(None, EMPTY, "full")
    assert "No labelled clips" in text
    assert "No rendered clips" in text


def test_a_document_holds_every_part_and_no_date_or_folder() -> None:
    side = tuple(reading(name, "rounded", 30.0 + index) for index, name in enumerate(bench.TRIO))
    side += (reading("b", "neutral", 1.0),)
    copies = {"mirrored": [dataclasses.replace(side[-1], reps=(rep(4.0),))]}
    text = bench.document(bench.Material(side, (reading("c", "front", math.nan),), side, copies), EMPTY, "full", True)
    for words in ("three backs", "mirrored", "chord", "--cached", "not-measured"):
        assert words in text
    line = next(line for line in text.splitlines() if "mirrored" in line)
    assert "3.0" in line


def test_a_plot_is_drawn_with_classes_missing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    readings = [reading("a", "rounded", 30.0), reading("b", "neutral", 1.0), reading("c", "neutral", math.nan)]
    bench.draw_plot(readings, [reading("d", bench.TRULY_NEUTRAL, 1.0)], tmp_path / "plots" / "spine.png")
    assert (tmp_path / "plots" / "spine.png").read_bytes().startswith(b"\x89PNG")


def test_without_clips_the_benchmark_says_so_and_measures_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "find_model", lambda _name: MODEL)
    monkeypatch.setattr(bench, "read_rendered", lambda *_: EMPTY)
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results" / "spine.md")
    assert bench.main([str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "No labelled clips in" in captured.err
    assert "No rendered clips were there" in captured.out
    assert not (tmp_path / "results").exists(), "half a result must not replace a whole one"


# --- perturbations -------------------------------------------------------------------------------------------------


def picture(width: int = 40, height: int = 30) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_mirroring_twice_gives_the_picture_back() -> None:
    mirror = Perturbation("m", mirror=True)
    rgb = picture()
    assert not np.array_equal(changed(rgb, mirror), rgb)
    np.testing.assert_array_equal(changed(changed(rgb, mirror), mirror), rgb)


def test_crop_and_scale_leave_even_sides() -> None:
    rgb = picture(101, 77)
    assert changed(rgb, Perturbation("c", crop=0.06)).shape == (66, 88, 3)
    assert changed(rgb, Perturbation("s", scale=0.6)).shape == (46, 60, 3)
    assert changed(rgb, Perturbation("n")).shape == (76, 100, 3)
    np.testing.assert_array_equal(changed(rgb, Perturbation("c", crop=0.06)), rgb[5:71, 6:94])


def test_gamma_above_one_darkens_and_keeps_black_and_white() -> None:
    rgb = np.array([[[0, 128, 255]] * 2] * 2, dtype=np.uint8)
    dark, bright = (changed(rgb, Perturbation("g", gamma=gamma))[0, 0] for gamma in (1.8, 0.55))
    assert (dark[0], dark[2], bright[0], bright[2]) == (0, 255, 0, 255)
    assert dark[1] < 128 < bright[1]


@pytest.mark.parametrize(("fps", "shown"), [(10.0, [0, 3, 6, 9]), (60.0, None), (0.0, list(range(11)))])
def test_another_frame_rate_shows_the_nearest_frames(fps: float, shown: list[int] | None) -> None:
    frames = [Frame(index / 30, np.full((2, 2, 3), index, dtype=np.uint8)) for index in range(11)]
    found = list(resampled(iter(frames), fps))
    if shown is not None:
        assert [int(frame.rgb[0, 0, 0]) for frame in found] == shown
    for index, frame in enumerate(found):
        assert frame.time_s == pytest.approx(index / (fps or 30.0))
        assert abs(int(frame.rgb[0, 0, 0]) / 30 - frame.time_s) <= 0.5 / 30 + 1e-9
    assert found[-1].time_s == pytest.approx(10 / 30, abs=1 / 30 + 1e-9)


@needs_x264
def test_a_copy_shows_the_beginning_at_the_same_times(tmp_path: Path) -> None:
    times_s = [0.0, 0.1, 0.25, 0.3, 0.5]
    write_video(tmp_path / "set.mp4", [numbered_picture(index) for index in range(5)], times_s)
    perturb.write_perturbed(tmp_path / "set.mp4", tmp_path / "copy.mp4", Perturbation("n"), longest_s=0.4)
    with VideoReader(tmp_path / "copy.mp4") as reader:
        found = list(reader)
    assert [frame.time_s for frame in found] == pytest.approx(times_s[:4], abs=1e-3)
    assert found[0].rgb.shape == numbered_picture(0).shape


@needs_x264
def test_strong_compression_makes_a_smaller_file_of_the_same_size(tmp_path: Path) -> None:
    write_video(tmp_path / "set.mp4", [picture(64, 48)] * 6, [index / 30 for index in range(6)])
    sizes = {}
    for crf in (16, 40):
        perturb.write_perturbed(tmp_path / "set.mp4", tmp_path / f"{crf}.mp4", Perturbation("c", crf=crf))
        sizes[crf] = (tmp_path / f"{crf}.mp4").stat().st_size
    assert sizes[40] < 0.7 * sizes[16]


@needs_x264
def test_poses_of_a_copy_are_found_once_and_the_copy_is_gone(tmp_path: Path) -> None:
    video, folder = tmp_path / "set.mp4", tmp_path / "cache"
    write_video(video, [numbered_picture(index) for index in range(3)], [0.0, 0.1, 0.2])
    asked: list[Path] = []

    def find(path: Path, _model: ModelFile) -> PoseSequence:
        assert path.is_file()
        asked.append(path)
        return film(squat(1))

    mirror, darker = (next(one for one in PERTURBATIONS if word in one.name) for word in ("mirror", "darker"))
    assert kept_poses(video, mirror, folder) is None
    _, from_cache = perturbed_poses(video, mirror, MODEL, folder, find)
    assert not from_cache
    _, from_cache = perturbed_poses(video, mirror, MODEL, folder, find)
    assert from_cache
    perturbed_poses(video, darker, MODEL, folder, find)
    assert len(asked) == 2
    assert not any(path.exists() for path in asked)
    perturbed_poses(video, dataclasses.replace(mirror, crf=20), MODEL, folder, find)
    assert len(asked) == 3, "another perturbation under the same name is another one"
    assert kept_poses(video, mirror, folder) is not None
    assert len(list(folder.iterdir())) == 2, "poses of the earlier one are of no use any more"


def test_names_of_perturbations_differ_in_the_cache_too() -> None:
    stems = {perturb._stem(Path("set.mp4"), one) for one in PERTURBATIONS}
    assert len(stems) == len({one.name for one in PERTURBATIONS}) == len(PERTURBATIONS)


def test_rendered_clips_that_are_perturbed_are_side_views_without_dialled_faults() -> None:
    clips = perturb.rendered_side_clips()
    assert len(clips) >= 20
    assert all(abs(clip.spec.scene.yaw_deg) <= perturb.SIDE_YAW_DEG and not clip.check for clip in clips)


def test_only_side_views_with_a_judged_spine_are_perturbed(tmp_path: Path) -> None:
    label: dict[str, object] = {
        "role": "lift",
        "exercise": "squat (back)",
        "bottoms_s": [],
        "tops_s": [],
        "spine": "neutral",
    }
    cases: dict[str, dict[str, object]] = {
        "used.mp4": {"view": "side: left"},
        "front.mp4": {"view": "front"},
        "unjudged.mp4": {"view": "side: left", "spine": None},
        "other.mp4": {"view": "side: left", "role": "negative", "exercise": "rowing"},
    }
    entries = [{"file": file, **label, **changes} for file, changes in cases.items()]
    (tmp_path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    for file in cases:
        (tmp_path / file).touch()
    assert [clip.name for clip in perturb.judged_clips(tmp_path)] == ["used"]
