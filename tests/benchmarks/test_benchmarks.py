"""The benchmarks' own arithmetic, and that they say so when there is nothing to measure."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench_clips, bench_speed, bench_windows, pose_cache
from benchmarks.against_eye import (
    NOT_LOOKED_AT,
    abstentions_list,
    abstentions_table,
    agreement,
    disagreement_list,
    disagreements,
    fault_totals,
    good_from_bad,
    judged,
    outcome,
)
from benchmarks.labelled import LabelledClip, exercise_name, folder_of, lifter_of, read_clips, read_track
from benchmarks.pose_cache import SAME_POSES, cache_key, cached_poses, code_fingerprint, pose_stage_modules
from benchmarks.reviewed import CAUSES, CLEAR, DOUBTFUL, FLAGGED, LABELLED_GOOD, MISSED, REPS, SEEN_FAULTS, SeenFault
from benchmarks.scores import (
    Counts,
    count_reps,
    instant_errors,
    is_within,
    labelled_reps,
    markdown_table,
    mean_over_groups,
    median,
    pair_up,
    percentile,
    separation,
)
from benchmarks.speed_stages import Stage, a_minute_of, stage_table
from benchmarks.train_recognition import write
from formcheck.core.landmarks import LANDMARK_COUNT, Landmark
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.exercises import EXERCISES
from formcheck.exercises.framework.check import Finding
from formcheck.exercises.framework.recognition_trees import trees
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.vision.fake_backend import FakeBackend
from formcheck.vision.models.store import ModelFile
from formcheck.vision.video import VideoReader
from tests.helpers.make_videos import upright_picture, write_video
from tests.helpers.synthetic_lifter import deadlift, film, squat

LABELLED = [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]

LABEL = {
    "file": "someone__set.mp4",
    "role": "lift",
    "exercise": "back squat (barbell)",
    "view": "side",
    "bottoms_s": [1.0, 3.0],
    "tops_s": [0.0, 2.0, 4.0],
    "spine": "neutral",
    "faults_by_eye": ["shallow"],
}


# --- scores --------------------------------------------------------------------------------------------------------


def test_found_reps_are_paired_with_the_labels_they_lie_closest_to() -> None:
    assert pair_up([(1.1, 2.2), (4.9, 6.1)], LABELLED) == [(0, 0), (1, 2)]


def test_a_label_is_used_only_once() -> None:
    assert pair_up([(1.0, 2.0), (1.3, 2.1)], LABELLED) == [(0, 0)]


def test_reps_that_do_not_overlap_are_never_the_same() -> None:
    assert pair_up([(2.1, 2.9)], LABELLED) == []


def test_a_rep_is_a_hit_only_when_both_instants_are_close() -> None:
    found = [(1.1, 2.1), (3.0, 4.5), (5.3, 6.0)]
    assert count_reps(found, LABELLED, 0.3) == Counts(hits=2, found=3, labelled=3)


def test_an_instant_at_the_very_tolerance_is_within_it_however_its_label_is_rounded() -> None:
    assert 12.9 - 12.6 > 0.3
    assert is_within(12.9, 12.6, 0.3)
    assert not is_within(12.91, 12.6, 0.3)


def test_f1_counts_misses_and_false_alarms_alike() -> None:
    assert Counts(hits=2, found=4, labelled=2).f1 == Counts(hits=2, found=2, labelled=4).f1 == pytest.approx(2 / 3)
    assert Counts(hits=0, found=3, labelled=0).f1 == 0.0
    assert math.isnan(Counts(0, 0, 0).f1)


def test_instant_errors_are_found_minus_labelled() -> None:
    bottoms, tops = instant_errors([(1.2, 1.9)], LABELLED)
    assert bottoms == [pytest.approx(0.2)]
    assert tops == [pytest.approx(-0.1)]


def test_a_labelled_rep_is_a_bottom_and_the_top_after_it() -> None:
    # The first top has no bottom before it, the last bottom no top after it, and 4.0 is followed by another bottom.
    assert labelled_reps([1.0, 4.0, 5.0, 7.0], [0.0, 2.0, 6.0]) == [(1.0, 2.0), (5.0, 6.0)]


def test_separation_is_the_share_of_pairs_in_the_right_order() -> None:
    assert separation([3.0, 4.0], [1.0, 2.0]) == 1.0
    assert separation([1.0, 3.0], [1.0, 2.0]) == pytest.approx(2.5 / 4)
    assert math.isnan(separation([], [1.0]))


def test_a_lifter_with_many_clips_counts_once() -> None:
    values = [("ann", 1.0), ("ann", 1.0), ("ann", 1.0), ("bob", 0.0), ("bob", math.nan)]
    assert mean_over_groups(values) == 0.5
    assert math.isnan(mean_over_groups([("ann", math.nan)]))


def test_median_and_percentile() -> None:
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert percentile(range(1, 101), 0.95) == 95
    assert math.isnan(median([]))
    assert math.isnan(percentile([], 0.5))


def test_a_table_has_a_rule_below_its_header_and_cells_of_one_width() -> None:
    lines = markdown_table(("name", "n"), [("a", "1"), ("longer", "10")]).splitlines()
    assert lines == ["| name   |  n |", "|--------|---:|", "| a      |  1 |", "| longer | 10 |"]


# --- labels and tracks ---------------------------------------------------------------------------------------------


def test_labels_become_clips(tmp_path: Path) -> None:
    other = LABEL | {"file": "someone__lunge.mp4", "role": "hard-negative", "exercise": "lunge", "faults_by_eye": []}
    absent = LABEL | {"file": "someone__gone.mp4"}
    (tmp_path / "labels.json").write_text(json.dumps([LABEL, other, absent]), encoding="utf-8")
    for label in (LABEL, other):
        (tmp_path / str(label["file"])).touch()
    squat, lunge = read_clips(tmp_path)
    assert (squat.exercise, squat.reps) == ("squat", ((1.0, 2.0), (3.0, 4.0)))
    assert (squat.faults, lunge.faults) == (("shallow",), ())
    assert (lunge.exercise, lunge.reps) == ("none", ())


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("side: right side to camera (faces image-right)", {"side"}),
        ("front-oblique ~45 deg", {"oblique"}),
        ("rear-oblique (back to camera)", {"oblique"}),
        ("side/oblique", {"side", "oblique"}),
        ("front", {"front"}),
        ("rear", {"rear"}),
        ("-", set()),
        ("", set()),
    ],
)
def test_a_label_in_words_names_a_kind_of_view(label: str, kinds: set[str]) -> None:
    assert bench_clips.views_of(label) == kinds


def test_exercise_names_come_from_the_words_before_the_bracket() -> None:
    assert exercise_name("deadlift (kettlebell, between feet, squat-like)") == "deadlift"
    assert exercise_name("kettlebell swing (two-hand, Russian)") == "kettlebell-swing"
    assert exercise_name("goblet squat (kettlebell)") == "squat"
    with pytest.raises(ValueError, match="lunge"):
        exercise_name("lunge")


def test_clips_of_one_lifter_share_a_group() -> None:
    assert lifter_of("tby66__0016c_1.mp4") == lifter_of("tby66__0016h_2.mp4")
    assert lifter_of("bichraix__bad005.mp4") != lifter_of("bichraix__bad010.mp4")


def test_the_folder_is_the_argument_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_CLIPS", str(tmp_path / "mine"))
    assert folder_of("clips") == tmp_path / "mine"
    assert folder_of("clips", tmp_path / "given") == tmp_path / "given"


@pytest.mark.parametrize(("depth_unit", "depth_px"), [(1.0, 80.0), (400.0, 80.0)])
def test_tracks_are_read_with_depth_in_pixels_whatever_their_unit(
    tmp_path: Path, depth_unit: float, depth_px: float
) -> None:
    # The left side is nearer by 80 pixels; one kind of track gives depth in pixels, the other in widths of the crop.
    points = [{"x": 100.0, "y": 50.0, "z": -depth_px / depth_unit, "score": 0.9} for _ in range(LANDMARK_COUNT)]
    for side in ("LEFT", "RIGHT"):
        points[Landmark[f"{side}_HIP"]]["y"] = 150.0
    frames = [
        {"videoTime": 0.0, "keypoints": []},
        {"videoTime": 0.04, "keypoints": points},
    ]
    about = {"model": "blazepose", "videoWidth": 640, "videoHeight": 480, "cropRegion": {"width": depth_unit}}
    path = tmp_path / "set.posetrack.json"
    path.write_text(json.dumps({"metadata": about, "frames": frames}), encoding="utf-8")
    poses = read_track(path)
    assert poses.seen.tolist() == [False, True]
    assert poses.image_px[1, Landmark.LEFT_KNEE, 2] == pytest.approx(-depth_px)
    trunk_m = poses.world_m[1, Landmark.LEFT_HIP] - poses.world_m[1, Landmark.LEFT_SHOULDER]
    np.testing.assert_allclose(trunk_m, [0.0, 0.5, 0.0], atol=1e-12)


# --- against what people saw ---------------------------------------------------------------------------------------


def finding(check: str, verdict: str, reason: str = "") -> Finding:
    return Finding(check, check.title(), Verdict(verdict), 2.0, 1.0, "deg", 0.5, reason, "Cue.")


def report_with(*findings: Finding) -> Report:
    return replace(analyze(film(deadlift(1))), findings=findings)


ROUNDED = SeenFault("rounded", ("back-rounding", "upper-back"))


@pytest.mark.parametrize(
    ("verdicts", "result"),
    [
        ((OK, FAULT), "fault"),
        ((WATCH, FAULT), "fault"),
        ((NOT_MEASURED, WATCH), "watch"),
        ((NOT_MEASURED, OK), "missed"),
        ((NOT_MEASURED, NOT_MEASURED), "not measured"),
    ],
)
def test_a_fault_is_found_when_any_check_that_names_it_flags(verdicts: tuple[str, str], result: str) -> None:
    findings = {check: finding(check, verdict) for check, verdict in zip(ROUNDED.checks, verdicts, strict=True)}
    assert outcome(ROUNDED, findings) == result


def test_a_fault_without_a_check_is_told_from_one_that_was_missed() -> None:
    assert outcome(SeenFault("looks aside", ()), {}) == "no check"


def test_misses_and_flags_beyond_the_label_are_disagreements_and_carry_their_causes() -> None:
    # bad013 is labelled as leaning back, which is missed here; the drifting bar is in nobody's label.
    clip = judged("bichraix__bad013", report_with(finding("over-extension", OK), finding("bar-drift", WATCH)))
    assert agreement(clip) == "leans back at lockout: missed; bar-drift not in the label"
    missed, flagged = disagreements([clip])
    assert missed.cause == MISSED["bichraix__bad013", "leans back at lockout"]
    assert flagged.cause == NOT_LOOKED_AT
    text = disagreement_list([missed, flagged])
    assert text.startswith("not looked at yet: 1; ")
    assert "over-extension 2, limit 1 deg, at 0.5 s" in text


def test_a_doubtful_fault_is_held_against_nobody() -> None:
    for verdict in (OK, WATCH):
        clip = judged("rohanx01__squat", report_with(finding("depth", verdict)))
        assert agreement(clip) == "yes"
        assert disagreements([clip]) == []


def test_fault_totals_and_good_from_bad_count_clips_once() -> None:
    flagged_bad = judged("bichraix__bad010", report_with(finding("squatted-start", FAULT)))
    passed_bad = judged("bichraix__bad013", report_with(finding("over-extension", OK)))
    flagged_good = judged("bichraix__good004", report_with(finding("heel-rise", WATCH)))
    unlabelled = judged("somebody__set", report_with(finding("heel-rise", OK)))
    clips = [flagged_bad, passed_bad, flagged_good, unlabelled]
    assert good_from_bad(clips) == (1, 3)
    cells = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in fault_totals(clips).splitlines()}
    assert cells["Clearly labelled faults that a check looks for: found"] == "1 of 2"
    assert cells["... measured and called ok"] == "1 of 2"
    assert cells["Clips labelled good: flagged at all"] == "1 of 1"
    assert cells["Clips labelled good: called a fault"] == "0 of 1"
    assert cells["Clips without any word on faults: flagged at all"] == "0 of 1"


def test_abstentions_are_counted_by_reason_without_the_advice() -> None:
    side = "needs a view from the side; this was filmed from the front: put the phone elsewhere"
    one = report_with(finding("back-rounding", NOT_MEASURED, side), finding("depth", OK))
    two = report_with(finding("back-rounding", NOT_MEASURED, side), finding("heel-rise", NOT_MEASURED, side))
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in abstentions_table({"a": one, "b": two}).splitlines()
    ]
    assert table[2] == ["needs a view from the side", "back-rounding 2, heel-rise 1", "3", "2"]
    assert table[-1] == ["all reasons", "", "3 of 4", "2"]
    assert "`a`: 1 of 2 checks measured. needs a view from the side: back-rounding" in abstentions_list({"a": one})


def test_reviewed_labels_name_checks_that_their_lift_may_have() -> None:
    known = {check.id for lift in EXERCISES for check in lift.checks}
    named = {check for faults in SEEN_FAULTS.values() for fault in faults for check in fault.checks}
    assert named <= known
    assert {check for _, check in FLAGGED} <= known


def test_reviewed_causes_belong_to_labels_as_they_are() -> None:
    assert all(words in {fault.words for fault in SEEN_FAULTS[clip]} for clip, words in MISSED)
    assert not any(check in fault.checks for clip, check in FLAGGED for fault in SEEN_FAULTS.get(clip, ()))
    assert {cause.kind for causes in (MISSED, FLAGGED, REPS) for cause in causes.values()} <= set(CAUSES)
    assert {fault.sure for faults in SEEN_FAULTS.values() for fault in faults} <= {CLEAR, DOUBTFUL}
    assert LABELLED_GOOD.isdisjoint(SEEN_FAULTS)


def test_every_fault_in_the_labels_has_been_translated() -> None:
    folder = folder_of("clips")
    if not (folder / "labels.json").is_file():
        pytest.skip(f"no labelled clips in {folder}")
    lifts = [clip for clip in read_clips(folder) if clip.role == "lift"]
    assert [clip.name for clip in lifts if bool(clip.faults) != (clip.name in SEEN_FAULTS)] == []


# --- instants and rests --------------------------------------------------------------------------------------------


def test_a_rest_is_the_unbroken_run_around_an_instant() -> None:
    time_s = np.arange(8) / 10.0
    resting = np.array([True, True, False, True, True, True, False, True])
    assert bench_clips.rest_around(time_s, resting, 0.4) == pytest.approx((0.3, 0.5))
    assert bench_clips.rest_around(time_s, resting, 0.0) == pytest.approx((0.0, 0.1))
    assert bench_clips.rest_around(time_s, resting, 0.7) == pytest.approx((0.7, 0.7))
    assert bench_clips.rest_around(time_s, resting, 0.2) == (0.2, 0.2)


def row_labelled(bottoms_and_tops: list[tuple[float, float]]) -> bench_clips.Row:
    report = analyze(film(deadlift(2)))
    assert report.exercise.name == "deadlift"
    clip = LabelledClip(Path("a.mp4"), "a", "lift", "deadlift", tuple(bottoms_and_tops), None, "side")
    return bench_clips.Row(clip, 1.0, report)


def test_a_label_elsewhere_in_a_rest_is_no_hit_but_is_told_apart() -> None:
    found = row_labelled([]).found
    (pair, _) = bench_clips.paired_reps([row_labelled(found)])
    assert pair.is_hit
    last = pair.rests[bench_clips.TOP][1]
    (late, _) = bench_clips.paired_reps([row_labelled([(found[0][0], last), found[1]])])
    assert late.label_rests(bench_clips.TOP)
    (gone, _) = bench_clips.paired_reps([row_labelled([(found[0][0], last + 0.05), found[1]])])
    assert not gone.label_rests(bench_clips.TOP)


def test_missed_reps_are_listed_with_what_is_off_and_hits_are_not() -> None:
    found = row_labelled([]).found
    moved = (found[0][0] - 0.5, found[0][1])
    text = bench_clips.missed_reps_list(bench_clips.paired_reps([row_labelled([moved, found[1]])]))
    assert text.startswith("- `a` rep 1: bottom +0.50 s")
    assert "top" not in text
    assert "rep 2" not in text
    assert bench_clips.missed_reps_list(bench_clips.paired_reps([row_labelled(found)])) == "None."


def test_the_confusion_table_counts_other_movements_apart() -> None:
    lift = row_labelled([])
    other = replace(lift, clip=replace(lift.clip, role="hard-negative", exercise="none"))
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in bench_clips.confusion_table([lift, other]).splitlines()
    ]
    assert lines[2] == ["deadlift (lift)", "1", "1", "0", "0", "0"]
    assert lines[5] == ["other, looks like a lift", "1", "1", "0", "0", "0"]
    assert f"0 of 1 (0 %) | {len(other.found):>12}" in bench_clips.negatives_table([lift, other])


def test_the_whole_document_is_made_without_clips_of_every_kind() -> None:
    text = bench_clips.document([row_labelled([])], "", "full")
    assert "### Every disagreement" in text
    assert "nan" not in text


# --- pose cache ----------------------------------------------------------------------------------------------------


def test_comments_and_docstrings_leave_a_fingerprint_alone_and_code_does_not() -> None:
    plain = "X = 1\ndef double(x):\n    return 2 * x\n"
    commented = '"""A module."""\nX = 1  # one\n\ndef double(x):\n    """Twice."""\n    return 2 * x\n'
    assert code_fingerprint(plain) == code_fingerprint(commented)
    assert code_fingerprint(plain) != code_fingerprint(plain.replace("2 * x", "3 * x"))


def test_the_pose_stage_reaches_what_poses_are_made_of_and_nothing_after_it() -> None:
    modules = pose_stage_modules()
    assert {"vision.pose_estimation", "vision.silhouette", "vision.video", "core.poses"} <= set(modules)
    assert not {"judging.analysis", "vision.models.store", "core.errors"} & set(modules)


@pytest.mark.parametrize("name", SAME_POSES)
def test_what_is_said_to_find_the_same_poses_is_the_code_of_today(name: str) -> None:
    source = (pose_cache.PACKAGE / Path(*name.split("."))).with_suffix(".py").read_text(encoding="utf-8")
    today, kept = SAME_POSES[name]
    assert code_fingerprint(source).startswith(today), "a line for older code does nothing: look at what was changed"
    assert kept in pose_cache.CODE


def test_poses_are_found_once_for_a_video_and_a_model(tmp_path: Path) -> None:
    video, model = tmp_path / "set.mp4", _model("1" * 64)
    video.write_bytes(b"one")
    asked: list[Path] = []

    def find(path: Path, _model: ModelFile) -> object:
        asked.append(path)
        return film(squat(1))

    folder = tmp_path / "cache"
    first, from_cache = cached_poses(video, model, folder, find)  # type: ignore[arg-type]
    assert not from_cache
    second, from_cache = cached_poses(video, model, folder, find)  # type: ignore[arg-type]
    assert from_cache
    assert len(asked) == 1
    np.testing.assert_array_equal(first.image_px, second.image_px)
    video.write_bytes(b"two")
    cached_poses(video, model, folder, find)  # type: ignore[arg-type]
    assert len(asked) == 2
    assert len(list(folder.iterdir())) == 1, "poses of the earlier video are of no use any more"


def test_another_model_has_another_key(tmp_path: Path) -> None:
    video = tmp_path / "set.mp4"
    video.touch()
    assert cache_key(video, _model("1" * 64)) != cache_key(video, _model("2" * 64))


def _model(sha256: str) -> ModelFile:
    return ModelFile(Path("unused.task"), "full", "custom", sha256)


# --- the programs --------------------------------------------------------------------------------------------------


def test_without_clips_bench_clips_says_so_and_is_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_clips.main([str(tmp_path)]) == 0
    assert "No labelled clips" in capsys.readouterr().out


def test_the_page_on_speed_says_how_many_times_faster_each_is() -> None:
    bare, plain, drawn = bench_speed.Cost(20.0, 10.0), bench_speed.Cost(5.0, 2.5), bench_speed.Cost(10.0, 4.0)
    found = [bench_speed.Comparison(name, "480x640", 100, [bare], [plain], [drawn]) for name in ("sample", "4K60")]
    page = bench_speed.speed_table(found, "full")
    for words in ("200.0 / 100.0", "50.0 / 25.0", "4.0 / 4.0 (aim 3)", "2.0 / 2.5 (aim 2)"):
        assert words in page
    assert page.count("aim") == 2


def test_an_enlarged_video_has_the_size_and_twice_the_frames(tmp_path: Path) -> None:
    pictures = [np.full((32, 48, 3), value, np.uint8) for value in (40, 80, 120)]
    write_video(tmp_path / "small.mp4", pictures)
    bench_speed.enlarged(tmp_path / "small.mp4", tmp_path / "large.mp4", 64, 96, 1.0)
    with VideoReader(tmp_path / "large.mp4") as reader:
        frames = list(reader)
    assert {frame.rgb.shape for frame in frames} == {(64, 96, 3)}
    assert [round(float(frame.rgb.mean())) for frame in frames] == pytest.approx([40, 60, 80, 100, 120], abs=4)
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(1 / 60, abs=1e-3)


def test_without_a_video_bench_speed_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_speed.main(["--clip", str(tmp_path / "none.mp4")]) == 2
    assert "--clip" in capsys.readouterr().err


def test_ratios_compare_runs_of_the_same_round() -> None:
    bare = [bench_speed.Cost(1.0, 1.0), bench_speed.Cost(10.0, 2.0), bench_speed.Cost(1.0, 1.0)]
    whole = [bench_speed.Cost(1.2, 1.1), bench_speed.Cost(12.0, 2.2), bench_speed.Cost(3.0, 1.1)]
    assert bench_speed.ratios(bare, whole) == (pytest.approx(1.2), pytest.approx(1.1))


def test_a_repeated_video_has_the_length_asked_for(tmp_path: Path) -> None:
    from formcheck.vision.video import VideoReader

    write_video(tmp_path / "short.mp4", [upright_picture()] * 5, [index / 10 for index in range(5)])
    bench_speed.repeat_video(tmp_path / "short.mp4", tmp_path / "long.mp4", 3.0)
    with VideoReader(tmp_path / "long.mp4", max_side=None) as reader:
        times_s = [frame.time_s for frame in reader]
    assert np.diff(times_s) == pytest.approx(0.1, abs=1e-3)
    assert times_s[-1] == pytest.approx(3.0, abs=0.15)


def test_tables_are_written_between_their_marks_and_nothing_else_changes() -> None:
    one, two = "<!-- bench-speed: one -->", "<!-- bench-speed: two -->"
    before = f"# Speed\n\n{one}\nold\n<!-- end -->\n\nProse.\n\n{two}\n<!-- end -->\n"
    after = bench_speed.written_between(before, {"one": "new", "two": "| a |"})
    assert after == f"# Speed\n\n{one}\n\nnew\n\n<!-- end -->\n\nProse.\n\n{two}\n\n| a |\n\n<!-- end -->\n"
    assert bench_speed.written_between(after, {"one": "new", "two": "| a |"}) == after
    with pytest.raises(ValueError, match="three"):
        bench_speed.written_between(before, {"three": "new"})


def test_the_document_on_speed_has_every_mark() -> None:
    document = bench_speed.DOCUMENT.read_text(encoding="utf-8")
    bench_speed.written_between(document, {"stages": "", "ratios": "", "memory": ""})


@pytest.mark.parametrize(("plain", "drawn", "code"), [(1.5, 2.3, 0), (1.7, 2.3, 1), (1.5, 2.5, 1)])
def test_the_guard_fails_when_either_takes_too_much_of_the_processor(
    monkeypatch: pytest.MonkeyPatch, plain: float, drawn: float, code: int
) -> None:
    costs = [[bench_speed.Cost(cpu_s, 9.0)] for cpu_s in (10.0, 10.0 * plain, 10.0 * drawn)]
    monkeypatch.setattr(bench_speed, "whole_analysis", lambda *_, **__: 1)
    monkeypatch.setattr(bench_speed, "compare", lambda *_: bench_speed.Comparison("sample", "480x640", 1, *costs))
    assert bench_speed.guard(Path("unused.mp4"), _model("1" * 64)) == code


def test_stages_add_up_to_the_cost_of_a_frame() -> None:
    stages = [Stage("decoding", 2.0, 1.0), Stage("a look of the model", 18.0, 0.5)]
    table = stage_table({"sample": stages})
    assert "18.0 x 0.50 = 9.0" in table
    assert table.splitlines()[-1].split("|")[-2].strip() == "11.0"


def test_a_minute_of_a_shorter_set_is_that_set_again_and_again() -> None:
    poses = film(deadlift(2))
    minute = a_minute_of(poses)
    assert float(minute.time_s[-1]) == pytest.approx(60.0, abs=float(poses.time_s[-1]))
    assert (np.diff(minute.time_s) > 0).all()
    np.testing.assert_array_equal(minute.image_px[-len(poses) :], poses.image_px)


def test_looks_are_counted_where_people_are_followed() -> None:
    backend = bench_speed.CountingBackend(FakeBackend.playing(film(deadlift(1))))
    picture = np.zeros((8, 8, 3), np.uint8)
    for track in (False, True, True):
        backend.sharing(1, 1).open(_model("1" * 64), people=1, track=track).detect(picture, 0)
    assert backend.looks == 2


# --- clips cut anywhere --------------------------------------------------------------------------------------------


def test_stretches_of_a_clip_are_held_against_the_repetitions_that_lie_in_them() -> None:
    motion = squat(3)
    reps = tuple(zip(motion.bottoms_s, motion.tops_s, strict=True))
    clip = LabelledClip(Path("a.mp4"), "a", "lift", "squat", reps, "neutral", "side")
    tally = bench_windows.Tally()
    for from_s, to_s in ((0.0, 99.0), (0.0, reps[1][1] + 0.5), (reps[0][1] - 0.2, 99.0)):
        bench_windows.look(clip, film(motion), from_s, to_s, tally)
    assert (tally.lifts, tally.neutral, tally.wrong, tally.flagged) == (3, 3, [], [])
    bench_windows.look(replace(clip, reps=(*reps, (11.0, 11.5))), film(motion), 0.0, 99.0, tally)
    bench_windows.look(replace(clip, exercise="none", reps=()), film(motion), 0.0, 99.0, tally)
    bench_windows.look(clip, film(squat(3, rounding_deg=60.0)), 0.0, 99.0, tally)
    assert (len(tally.wrong), len(tally.counted), len(tally.flagged)) == (1, 1, 1)
    page = bench_windows.page_of(tally)
    assert "| stretches of lifts counted right | 4 of 5 |" in page
    assert "`a` 0.0 to 99.0 s: 3 reps of squat, labelled 4 and 0 that are cut, squat" in page


# --- by source -----------------------------------------------------------------------------------------------------


def named_row(name: str, labelled: int, *, role: str = "lift") -> bench_clips.Row:
    """A clip of two deadlifts that is labelled with another number of them, or as another movement."""
    row = row_labelled([(2.0 + 4 * index, 4.0 + 4 * index) for index in range(labelled)])
    exercise = "deadlift" if role == "lift" else "none"
    clip = replace(row.clip, path=Path(f"{name}.mp4"), role=role, exercise=exercise, kind="good morning")
    return replace(row, clip=clip, named=row.report if role == "lift" else None)


def test_a_source_is_right_when_all_of_its_clips_are() -> None:
    rows = [named_row("anna__1", 2), named_row("anna__2", 3), named_row("bert__1", 2)]
    line = next(one for one in bench_clips.sources_table(rows).split("\n") if "`auto`" in one)
    assert "2 of 3" in line
    assert "1 of 2" in line


def test_every_clip_counted_otherwise_than_labelled_is_listed_with_its_cause() -> None:
    rows = [named_row("anna__1", 2), named_row("bert__1", 3), named_row("carl__1", 0, role="hard-negative")]
    listed = bench_clips.count_disagreements(rows)
    assert "anna__1" not in listed
    assert "2 deadlift `auto`, 2 deadlift named; labelled 3 deadlift" in " ".join(listed.split())
    assert "good morning: 2 deadlift under `auto`, none labelled" in " ".join(listed.split())
    assert bench_clips.count_disagreements(rows[:1]) == "None."


def test_partial_repetitions_may_be_in_the_label_or_not() -> None:
    row = named_row("anna__1", 2)
    first, second = row.report.reps
    cut = replace(row.report, reps=(first, replace(second, partial=True)))
    assert bench_clips.counted_exactly(row.clip, cut)
    assert bench_clips.counted_exactly(named_row("anna__1", 1).clip, cut)
    assert not bench_clips.counted_exactly(named_row("anna__1", 3).clip, cut)


def test_trees_of_the_group_that_holds_the_source_are_used(tmp_path: Path) -> None:
    write(trees(), tmp_path / "0.npz")
    (tmp_path / "0.txt").write_text("anna\nbert", encoding="utf-8")
    groups = bench_clips.read_groups(tmp_path)
    assert [group.sources for group in groups] == [frozenset({"anna", "bert"})]
    assert groups[0].trees.classes == trees().classes
    assert bench_clips.read_groups(tmp_path / "none") == []
