"""Scores of the accuracy benchmark and its list of clips; nothing is rendered here."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import bench_accuracy as bench
from benchmarks import rendered_set
from benchmarks.fit_contour import CLIPS, training_clips
from benchmarks.rendered_set import DIALLED, DIALS, NO_DIAL, SPLITS, checks_of, clip_set, dialled, render, rounding
from benchmarks.scores import Counts
from formcheck.core.poses import VideoInfo
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict, ViewName
from formcheck.exercises.framework.check import Check, Finding
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.shared.back import since_standing_error_deg
from formcheck.judging.report import ExerciseChoice, Report, RepReport, Tracking
from formcheck.motion.signals import no_signals
from formcheck.motion.view import View
from rendered_lifter.spec import ClipSpec, Faults, field_name

MORE = Check("arm-pull", "t", Measure("m", "M", "deg", ""), 20, 40, frozenset(), "", "", "", "low")
LESS = Check("squatting-the-swing", "t", Measure("m", "M", "x", ""), 1.4, 1.1, frozenset(), "", "", "", "low")
HINT = dataclasses.replace(MORE, worst=WATCH)


def finding(check: Check, verdict: str, value: float = 0.0) -> Finding:
    return Finding(check.id, "t", Verdict(verdict), value, 0.0, "deg", 0.0, "", "")


def rep_report(lift_off_s: float, top_s: float, *findings: Finding, rounding_deg: float = math.nan) -> RepReport:
    measures = {"back_rounding_deg": rounding_deg}
    return RepReport(
        1, lift_off_s - 0.5, lift_off_s - 0.2, top_s, top_s, lift_off_s, top_s - 0.2, False, measures, findings
    )


def deadlift_truth(**changes: Any) -> dict[str, Any]:
    """A two-second clip at 10 frames a second with one repetition from 0.5 to 1.8 s."""
    time_s = [round(0.1 * frame, 1) for frame in range(21)]
    steady = dict.fromkeys(("hip_flexion_deg", "hip_flexion_sagittal_deg", "knee_flexion_deg"), [50.0] * 21)
    rep = {
        "start_s": 0.5,
        "lift_off_s": 0.6,
        "knee_passing_s": 0.9,
        "lockout_s": 1.1,
        "top_s": 1.3,
        "end_s": 1.8,
        "faults": {},
        "measures": {"elbow_flexion_pull_deg": 60.0},
    }
    truth: dict[str, Any] = {
        "exercise": "deadlift",
        "clip": {"plates": "none", "load": "barbell"},
        "view": {"yaw_deg": 4.0, "facing": "right"},
        "body": {"male": 1.0, "old": 0.1, "weight": 0.5, "height_m": 1.75},
        "faults": {},
        "reps": [rep],
        "frames": {
            "time_s": time_s,
            **steady,
            "elbow_flexion_deg": [0.0] * 21,
            "trunk_lean_deg": [40.0] * 21,
            "spine_flexion_deg": [40.0] * 21,
            "back_rounding_deg": [0.0 if t < 0.35 else 30.0 for t in time_s],
            "dorsal_turning_deg": [25.0] * 21,
        },
    }
    return truth | changes


def report(*reps: RepReport, exercise: str = "deadlift", findings: tuple[Finding, ...] = (), **signals: Any) -> Report:
    time_s = np.linspace(0.0, 2.0, 21, dtype=np.float64)
    columns = no_signals(time_s)
    columns = dataclasses.replace(columns, **{name: np.full(21, value) for name, value in signals.items()})
    return Report(
        video=VideoInfo("x.mp4", 360, 480, 21, 2.0),
        exercise=ExerciseChoice(exercise, "auto", 1.0),
        view=View(ViewName.SIDE_RIGHT, 6.0, 1),
        sagittal_ok=True,
        tracking=Tracking(21, 1.0, ()),
        reps=reps,
        findings=findings,
        verdict=Verdict.GOOD,
        summary="",
        advice=(),
        signals=columns,
    )


# --- the list of clips


@pytest.mark.parametrize("full", [False, True])
def test_splits_share_neither_bodies_nor_seeds_and_names_are_unique(full: bool) -> None:
    tune, test = (clip_set(split, full) for split in SPLITS)
    for clips in (tune, test):
        assert len({clip.name for clip in clips}) == len(clips)
    # Every kind of clip for testing is in the split for tuning too, there in three series.
    assert [clip.name for clip in tune][: len(test)] == [clip.name for clip in test]
    assert len(tune) == 3 * len(test)
    assert not {clip.spec.body for clip in tune} & {clip.spec.body for clip in test}
    assert not {build_of(clip.spec) for clip in tune} & {build_of(clip.spec) for clip in test}
    assert not {clip.spec.seed for clip in tune} & {clip.spec.seed for clip in test}
    assert {clip.spec.split for clip in tune} == {"tune", "tune-2", "tune-3"}
    assert {clip.spec.split for clip in test} == {"test"}


def build_of(spec: ClipSpec) -> object:
    """What nothing but the draw decides about a body: clothes and whatever a clip fixes are left out."""
    return spec.body.ancestry, spec.body.shank_scale, spec.body.torso_scale


def test_the_backs_weights_are_fitted_to_bodies_of_no_test_clip() -> None:
    fitted = {build_of(clip.spec) for clip in training_clips(CLIPS)}
    assert len(fitted) == CLIPS
    assert not fitted & {build_of(clip.spec) for clip in clip_set("test", full=True)}


def test_the_list_of_clips_is_the_same_every_time() -> None:
    assert clip_set("test") == clip_set("test")


def test_clips_of_earlier_test_splits_cannot_be_taken_for_those_of_the_present_one() -> None:
    assert rendered_set.folder_name("test", full=False) == "test-3"
    assert rendered_set.folder_name("test", full=True) == "test-3-full"
    assert rendered_set.folder_name("tune", full=True) == "tune-full"


def test_the_full_set_is_four_times_as_long_with_larger_pictures() -> None:
    small, full = clip_set("tune"), clip_set("tune", full=True)
    assert len(full) == 4 * len(small)
    assert {clip.spec.scene.height for clip in small} == {480, 360}
    assert {clip.spec.scene.height for clip in full} == {640, 480}


@pytest.mark.parametrize("split", SPLITS)
def test_the_set_has_all_lifts_views_loads_and_bodies(split: str) -> None:
    specs = [clip.spec for clip in clip_set(split)]
    for lift in ("deadlift", "swing", "squat"):
        yaws = [spec.scene.yaw_deg for spec in specs if spec.exercise == lift]
        assert min(yaws) < -80
        assert max(yaws) > 80
        assert any(20 <= abs(yaw) <= 45 for yaw in yaws)
        assert sum(abs(yaw) <= 10 for yaw in yaws) >= 6
    assert {spec.scene.facing for spec in specs} == {"left", "right"}
    assert {spec.plates for spec in specs if spec.exercise == "deadlift"} == {"none", "far", "both"}
    assert {spec.load for spec in specs if spec.exercise == "squat"} == {"barbell", "goblet", "none"}
    assert "kettlebell" in {spec.load for spec in specs if spec.exercise == "deadlift"}
    assert any(spec.body.male == 0 for spec in specs)
    assert any(spec.body.weight > 0.8 for spec in specs)
    assert any(spec.body.old > 0.6 for spec in specs)
    assert any(spec.body.height_m > 1.9 for spec in specs)


def test_every_check_but_back_rounding_has_a_dial_and_a_clip() -> None:
    dialled_checks = {(clip.spec.exercise, clip.check) for clip in clip_set("test") if clip.check}
    for lift in ("deadlift", "swing", "squat"):
        for check in checks_of(lift):
            if check.id != "back-rounding" and (lift, check.id) not in NO_DIAL:
                assert (lift, check.id) in dialled_checks
                assert check.id in bench.TRUE_MEASURES


def test_dials_are_faults_of_the_rendered_lifter() -> None:
    for dial in DIALS.values():
        assert field_name(Faults, dial.fault) == dial.fault


def test_a_dial_is_set_beyond_the_limit_in_the_direction_that_is_worse() -> None:
    assert dialled("deadlift", MORE) == {"arm_bend_deg": 40 * DIALLED}
    harmless = dialled("swing", dataclasses.replace(LESS, fault=2.0))["squatted_swing_deg"]
    assert dialled("swing", LESS)["squatted_swing_deg"] > harmless
    assert dialled("squat", LESS) == {}


def test_rounding_is_shared_out_between_lumbar_and_thoracic() -> None:
    assert rounding(32) == pytest.approx({"lumbar_rounding_deg": 20, "thoracic_rounding_deg": 12})
    assert rounding(30, "lumbar") == {"lumbar_rounding_deg": 30, "thoracic_rounding_deg": 0}
    assert rounding(30, "thoracic") == {"lumbar_rounding_deg": 0, "thoracic_rounding_deg": 30}


def test_a_clip_is_rendered_again_only_when_its_setting_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []

    def stand_in(spec: ClipSpec, path: str) -> dict[str, object]:
        rendered.append(path)
        Path(path).write_bytes(b"video")
        Path(path).with_suffix(".json").write_text("{}")
        return {"seed": spec.seed}

    monkeypatch.setattr(rendered_set, "render_clip", stand_in)
    clip = clip_set("tune")[0]
    video, truth = render(clip, "tune", tmp_path)
    assert truth == {"seed": clip.spec.seed, "video": video.name}
    assert render(clip, "tune", tmp_path) == (video, truth)
    assert len(rendered) == 1
    render(dataclasses.replace(clip, spec=dataclasses.replace(clip.spec, reps=5)), "tune", tmp_path)
    assert len(rendered) == 2
    assert sorted(path.suffix for path in video.parent.iterdir()) == [".json", ".key", ".mp4"]


# --- truth


def test_a_fault_is_present_absent_or_between_by_the_rigs_own_measure() -> None:
    for value, wanted in ((60.0, "present"), (52, "present"), (45, "between"), (21, "between"), (20, "absent")):
        assert bench.true_class(value, MORE) == wanted
    for value, wanted in ((0.7, "present"), (0.84, "present"), (1.0, "between"), (1.4, "absent"), (3.0, "absent")):
        assert bench.true_class(value, LESS) == wanted
    assert bench.true_class(math.nan, MORE) == ""


def test_true_rounding_is_what_is_held_from_set_up_to_knee() -> None:
    truth = deadlift_truth()
    # Judged from 0.1 to 0.9 s: three frames flat, six rounded.
    assert bench.true_value(truth, truth["reps"][0], "back-rounding") == 30.0
    assert bench.true_value(truth, truth["reps"][0], "arm-pull") == 60.0
    assert math.isnan(bench.true_value(truth, truth["reps"][0], "unheard-of"))


@pytest.mark.parametrize(
    ("yaw_deg", "plates", "group", "name"),
    [
        (-9, "far", bench.AIM, "side-left"),
        (9, "both", bench.PLATES, "side-left"),
        (-18, "none", bench.OBLIQUE, "side-left"),
        (40, "both", bench.OBLIQUE, "oblique"),
        (88, "none", bench.FRONT, "front"),
        (-86, "none", bench.FRONT, "rear"),
    ],
)
def test_clips_are_grouped_by_view_and_plates(yaw_deg: float, plates: str, group: str, name: str) -> None:
    truth = deadlift_truth(view={"yaw_deg": yaw_deg, "facing": "left"}, clip={"plates": plates, "load": "barbell"})
    assert bench.group_of(truth) == group
    assert bench.true_view(yaw_deg, "left") == name


# --- one clip


def row(found: Report, **changes: Any) -> bench.Row:
    return bench.row_of(clip_set("test")[0], deadlift_truth(**changes), found)


def test_angles_are_compared_over_the_frames_of_the_true_repetitions() -> None:
    found = row(report(rep_report(0.65, 1.25), hip_flexion_deg=46.0, knee_flexion_deg=np.nan))
    stats = bench.error_stats(found.angles["hip"])
    assert (stats.n, stats.wanted, stats.mae, stats.bias) == (14, 14, 4.0, -4.0)
    assert bench.error_stats(found.angles["knee"]).n == 0


def test_a_clip_without_any_signals_measures_nothing() -> None:
    nobody = dataclasses.replace(report(exercise="none"), signals=None)
    found = row(nobody)
    assert bench.error_stats(found.angles["hip"]).n == 0
    assert found.counts == Counts(0, 0, 1)
    assert all(one.verdict == NOT_MEASURED for one in found.outcomes)


def test_a_repetition_of_another_lift_is_no_hit() -> None:
    assert row(report(rep_report(0.65, 1.25))).counts == Counts(1, 1, 1)
    other = row(report(rep_report(0.65, 1.25), exercise="squat"))
    assert other.counts == Counts(0, 1, 1)
    assert other.instant_errors() == {}
    assert len(other.rep_rounding) == 0


def test_instants_are_compared_with_those_of_the_same_meaning() -> None:
    errors = row(report(rep_report(0.65, 1.25))).instant_errors()
    assert errors["lift_off_s"] == pytest.approx([0.05])
    assert errors["top_s"] == pytest.approx([-0.05])
    assert errors["lockout_s"] == pytest.approx([-0.05])


def test_a_swings_hips_are_open_when_all_but_a_twentieth_of_their_way_is_done() -> None:
    frames = deadlift_truth()["frames"] | {"hip_flexion_sagittal_deg": [90.0] * 5 + [60.0, 30.0, 4.0, 0.0] + [0.0] * 12}
    swing = {"bottom_s": 0.4, "top_s": 1.0, "fold_start_s": 1.2}
    found = bench.true_instants(deadlift_truth(exercise="swing", reps=[swing], frames=frames))
    assert found == {"bottom_s": [0.4], "top_s": [1.0], "lockout_s": [0.7]}


def test_rounding_is_paired_rep_by_rep() -> None:
    found = row(report(rep_report(0.65, 1.25, rounding_deg=22.0), back_rounding_deg=28.0))
    assert found.rep_rounding[0, :4].tolist() == [22.0, 30.0, 28.0, 30.0]
    assert math.isnan(found.rep_rounding[0, 4])


def test_the_contours_turning_counts_from_standing() -> None:
    frames = deadlift_truth()["frames"] | {"trunk_lean_deg": [0.0] * 3 + [40.0] * 18}
    bend = np.array([-20.0] * 3 + [7.0] * 18)
    assert row(report(rep_report(0.65, 1.25), dorsal_bend_deg=bend), frames=frames).rep_rounding[0, 4] == 27.0


def flexion_row(body: int, pairs: list[list[float]], doubt_deg: float = 1.0, **faults: float) -> bench.Row:
    """A clip of a body with found and true flexion since standing of its reps."""
    found = row(report(rep_report(0.65, 1.25)), faults=faults)
    bodies = list(dict.fromkeys(one.spec.body for one in clip_set("test")))
    clip = next(one for one in clip_set("test") if one.spec.body == bodies[body])
    doubt = np.full(len(pairs), doubt_deg)
    return dataclasses.replace(found, clip=clip, rep_flexion=np.array(pairs), rep_doubt=doubt)


def test_flexion_since_standing_counts_what_is_given_up_on_both_sides() -> None:
    rep = dataclasses.replace(rep_report(0.65, 1.25), measures={"spine_flexion_deg": 37.0})
    found = row(report(rep, back_rounding_uncertainty_deg=8.0))
    assert found.rep_flexion.tolist() == [[37.0, 40.0]]
    assert found.rep_doubt.tolist() == [since_standing_error_deg(8.0, with_mask=False)]
    masked = row(report(rep, back_rounding_uncertainty_deg=8.0, mask_flexion_deg=5.0))
    assert masked.rep_doubt.tolist() == [since_standing_error_deg(8.0, with_mask=True)]
    assert np.isnan(row(report(rep_report(0.65, 1.25))).rep_flexion[0, 0])


def test_a_bodys_slope_needs_three_reps_that_differ() -> None:
    steep = flexion_row(0, [[10.0, 5.0], [30.0, 15.0], [50.0, 25.0]])
    few, alike = flexion_row(1, [[10.0, 5.0], [50.0, 25.0]]), flexion_row(2, [[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
    slopes = [slope for _, slope in bench.flexion_lines([steep, few, alike])]
    assert slopes[0] == pytest.approx(2.0)
    assert all(math.isnan(slope) for slope in slopes[1:])


def test_the_interval_holds_what_is_within_it_and_no_more() -> None:
    edge = bench.INTERVAL_Z * 6.0
    pairs = [[40.0 + edge - 0.1, 40.0], [40.0 - edge - 0.1, 40.0], [np.nan, 40.0]]
    assert bench.interval_share([flexion_row(0, pairs, 6.0)]) == 0.5
    assert math.isnan(bench.interval_share([]))


def test_bends_of_one_part_are_an_aim_of_their_own() -> None:
    rows = [
        flexion_row(0, [[60.0, 70.0]], thoracic_rounding_deg=45.0),
        flexion_row(0, [[50.0, 70.0]], lumbar_rounding_deg=45.0),
        flexion_row(0, [[0.0, 70.0]], lumbar_rounding_deg=30.0),
        flexion_row(0, [[0.0, 70.0]], lumbar_rounding_deg=28.0, thoracic_rounding_deg=17.0),
    ]
    assert [one.bent for one in rows] == ["thoracic", "lumbar", "lumbar", "mixed"]
    lines = {line.split("|")[1].strip(): line for line in bench.aims_table(rows).splitlines()}
    found = {
        part: lines[f"Spine flexion since standing, {part} bends of 45 deg, bias"] for part in ("thoracic", "lumbar")
    }
    assert "-10.0 deg" in found["thoracic"]
    assert found["thoracic"].endswith("yes |")
    assert "-20.0 deg" in found["lumbar"]
    assert found["lumbar"].endswith(" no |")


def test_a_hint_counts_as_flagged_when_it_says_watch() -> None:
    truth = deadlift_truth()
    said = {
        verdict: report(rep_report(0.6, 1.3, finding(MORE, verdict)), findings=(finding(MORE, verdict, 33.0),))
        for verdict in (FAULT, WATCH, OK, NOT_MEASURED)
    }
    assert [bench.outcome_of(MORE, truth, one).flagged for one in said.values()] == [True, False, False, False]
    assert [bench.outcome_of(HINT, truth, one).flagged for one in said.values()] == [True, True, False, False]
    assert [bench.outcome_of(MORE, truth, one).reps_abstained for one in said.values()] == [0, 0, 0, 1]
    outcome = bench.outcome_of(MORE, truth, said[FAULT])
    assert (outcome.value, outcome.true_value, outcome.true_class) == (33.0, 60.0, "present")


# --- scores


def test_error_statistics_leave_out_what_was_not_measured() -> None:
    pairs = np.array([[10.0, 12.0], [20.0, 16.0], [np.nan, 5.0], [40.0, 20.0]])
    stats = bench.error_stats(pairs)
    assert (stats.n, stats.wanted) == (3, 4)
    assert stats.mae == pytest.approx(26 / 3)
    assert stats.bias == pytest.approx(22 / 3)
    assert stats.far_off == pytest.approx(1 / 3)
    assert math.isnan(bench.error_stats(np.zeros((0, 2))).mae)


def test_correlations_see_order_and_line() -> None:
    true = np.arange(6.0)
    spearman, pearson = bench.correlations(np.stack([true**3, true], axis=1))
    assert spearman == pytest.approx(1.0)
    assert 0.8 < pearson < 1.0
    assert bench.correlations(np.stack([-2 * true, true], axis=1)) == pytest.approx((-1.0, -1.0))
    assert all(math.isnan(value) for value in bench.correlations(np.stack([true, true * 0], axis=1)))
    assert all(math.isnan(value) for value in bench.correlations(np.array([[np.nan, 1.0], [2.0, 2.0], [3.0, 3.0]])))


def outcome(true_class: str, verdict: str) -> bench.Outcome:
    return bench.Outcome(MORE, 0.0, true_class, 0.0, verdict, verdict == FAULT, 0, 1)


def test_precision_and_recall_leave_out_what_lies_between() -> None:
    said = [("present", FAULT)] * 3 + [("present", WATCH)] + [("between", FAULT)] * 5
    said += [("absent", FAULT)] + [("absent", OK)] * 7 + [("", FAULT)] * 9
    score = bench.check_score(outcome(*one) for one in said)
    assert score.recall == pytest.approx(3 / 4)
    assert score.precision == pytest.approx(3 / 4)
    assert score.table["absent", OK] == 7
    assert math.isnan(bench.check_score([]).recall)


def test_silence_is_not_confidently_wrong() -> None:
    said = [("absent", FAULT), ("absent", NOT_MEASURED), ("present", OK), ("present", NOT_MEASURED), ("present", FAULT)]
    assert bench.confidently_wrong(outcome(*one) for one in said) == (2, 3)


def test_the_document_names_split_command_clips_and_bodies() -> None:
    rows = [row(report(rep_report(0.65, 1.25), hip_flexion_deg=46.0))] * 2
    text = bench.document(rows, "test", False, "full")
    assert "`make bench-accuracy`" in text
    assert f"Split **test**: only 2 of its {len(clip_set('test'))} clips, of 1 rendered bodies" in text
    assert "| Hip flexion, MAE" in text
    assert "4.0 deg" in text
    assert "`make bench-accuracy SPLIT=tune FULL=1`" in bench.document(rows, "tune", True, "full")
