"""The rendered lifter's truth, checked against closed forms and against itself, and the committed sample clips."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import os
from itertools import combinations
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from rendered_lifter import assets, motion, posing, raster, scene, swing, truth
from rendered_lifter.body import BONE
from rendered_lifter.clip import frame_times, pose_at, render_frames, truth_for
from rendered_lifter.lifts import script_for
from rendered_lifter.rotations import about_y, about_z, align
from rendered_lifter.samples import FOLDER, MAX_BYTES, sample_specs
from rendered_lifter.spec import (
    EXERCISES,
    SEED_MAX,
    SERIES,
    ClipSpec,
    Faults,
    SceneSpec,
    clip_seed,
    random_spec,
    with_overrides,
)

LOADS = {"deadlift": "barbell", "swing": "kettlebell", "squat": "barbell"}
SAMPLES = sorted(sample_specs())


@pytest.fixture(scope="module")
def body_data() -> None:
    """MakeHuman's body from the cache; tests download it only when they are told to."""
    if not assets.available():
        if os.environ.get("FORMCHECK_FETCH_BODY") != "1":
            pytest.skip(
                "no body in rendered_lifter/cache; run `python -m rendered_lifter fetch` or set FORMCHECK_FETCH_BODY=1"
            )
        try:
            assets.fetch()
        except assets.AssetError as error:
            pytest.skip(f"the body cannot be fetched: {error}")


def clip_of(exercise: str, **settings: Any) -> ClipSpec:
    base = ClipSpec(exercise=exercise, load=LOADS[exercise], reps=1, variation=0.0)
    return with_overrides(base, **settings)


def first_rep(exercise: str, **settings: Any) -> dict[str, float]:
    measures: dict[str, float] = truth_for(clip_of(exercise, **settings))["reps"][0]["measures"]  # type: ignore[index]
    return measures


# --- without a body --------------------------------------------------------------------------------------------------


def test_it_imports_nothing_from_the_product() -> None:
    for file in Path(assets.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(n.split(".")[0] == "formcheck" for n in names), file.name


def test_turning_about_left_leans_forward_and_about_up_turns_left() -> None:
    np.testing.assert_allclose(about_y(np.pi / 2) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(about_z(np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_align_carries_the_bone_and_its_side() -> None:
    turn = align(np.array([0, 0, -1.0]), np.array([0, 1.0, 0]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]))
    np.testing.assert_allclose(turn @ [0, 0, -1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(turn @ [0, 1, 0], [0, 0, 1], atol=1e-12)


@pytest.mark.parametrize("bend_deg", [0.0, 30.0, 90.0, 140.0])
def test_flexion_of_a_chain_bent_by_hand(bend_deg: float) -> None:
    bend = np.deg2rad(bend_deg)
    end = np.array([[np.sin(bend), 0.0, -1.0 - np.cos(bend)]])
    found = posing.flexion(np.zeros((1, 3)), np.array([[0.0, 0.0, -1.0]]), end)
    assert found[0] == pytest.approx(bend_deg, abs=1e-5)


def test_two_link_keeps_bone_lengths_and_reaches_what_it_can() -> None:
    rng = np.random.default_rng(0)
    root, hint = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    direction = rng.normal(size=(50, 3))
    distance = rng.uniform(0.3, 1.2, size=(50, 1))
    goal = root + direction / np.linalg.norm(direction, axis=1, keepdims=True) * distance
    middle, end = posing.two_link(root, goal, 0.4, 0.45, hint)
    np.testing.assert_allclose(np.linalg.norm(middle - root, axis=1), 0.4, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(end - middle, axis=1), 0.45, atol=1e-6)
    near = distance[:, 0] < 0.84
    np.testing.assert_allclose(end[near], goal[near], atol=1e-9)
    assert near.any()
    assert (~near).any()


def test_the_fall_of_the_bell_keeps_its_energy() -> None:
    time, angle = swing.fall(0.8, np.deg2rad(90.0), np.deg2rad(20.0))
    rate = (angle[-2] - angle[-1]) / (time[-1] - time[-2])
    assert rate == pytest.approx(np.sqrt(2 * 9.81 / 0.8 * np.cos(np.deg2rad(20.0))), rel=0.01)


def test_a_step_of_ease_is_smooth_and_clipped() -> None:
    s = motion.ease(np.array([-1.0, 0.0, 0.5, 1.0, 3.0]))
    np.testing.assert_allclose(s, [0, 0, 0.5, 1, 1])


def test_spans_hit_the_pixels_whose_centre_is_inside() -> None:
    rng = np.random.default_rng(1)
    triangles = rng.uniform(-4, 24, size=(40, 3, 2))
    hit_triangle, column, row = raster.spans(triangles, 20, 16)
    found = set(zip(hit_triangle.tolist(), column.tolist(), row.tolist(), strict=True))
    expected = set()
    for t, (a, b, c) in enumerate(triangles):
        for y in range(16):
            for x in range(20):
                p = np.array([x + 0.5, y + 0.5])
                cross = [u[0] * v[1] - u[1] * v[0] for u, v in ((b - a, p - a), (c - b, p - b), (a - c, p - c))]
                if all(v > 0 for v in cross) or all(v < 0 for v in cross):
                    expected.add((t, x, y))
    assert found == expected


def test_the_nearer_triangle_wins() -> None:
    big = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]])
    px = np.stack([big, big])
    depth = np.array([[3.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    pixel, triangle, weight = raster.visible(px, depth, np.full((8, 8), 100.0, dtype=np.float32))
    assert len(pixel) == 64
    assert set(triangle.tolist()) == {1}
    np.testing.assert_allclose(weight.sum(axis=1), 1.0)


@pytest.mark.parametrize(("facing", "sign"), [("left", -1), ("right", 1)])
def test_the_lifter_faces_where_the_scene_says(facing: str, sign: int) -> None:
    camera = scene.camera_for(SceneSpec(facing=facing))
    ahead, foot = camera.project(np.array([[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]))[0]
    assert np.sign(ahead[0] - foot[0]) == sign
    assert foot == pytest.approx([240.0, 0.9 * 640])
    head = camera.project(np.array([0.0, 0.0, 1.8]))[0]
    assert head[1] < foot[1]


def test_positive_yaw_turns_the_front_to_the_camera() -> None:
    camera = scene.camera_for(SceneSpec(yaw_deg=40.0))
    _, depth = camera.project(np.array([[0.3, 0.0, 1.0], [-0.3, 0.0, 1.0]]))
    assert depth[0] < depth[1]


def test_random_specs_repeat_by_seed_and_splits_never_meet() -> None:
    assert random_spec(4, "squat", "test") == random_spec(4, "squat", "test")
    drawn = {series: [random_spec(s, e, series) for s in range(40) for e in LOADS] for series in SERIES}
    for one, other in combinations(drawn.values(), 2):
        assert not {c.seed for c in one} & {c.seed for c in other}
        assert not {c.body for c in one} & {c.body for c in other}
    assert all(not c.faults.present() for clips in drawn.values() for c in clips)


def test_seeds_of_the_series_are_far_apart() -> None:
    seeds = {clip_seed(seed, series) for seed in (0, 1, SEED_MAX - 1, SEED_MAX) for series in SERIES}
    assert len(seeds) == 4 * len(SERIES)
    assert clip_seed(SEED_MAX, "tune-2") < clip_seed(0, "tune-3")
    assert clip_seed(SEED_MAX, "tune-3") < clip_seed(0, "test")
    assert clip_seed(5, "tune") % 2 == 0
    assert clip_seed(5, "tune-2") % 2 == 1
    for seed in (-1, SEED_MAX + 1):
        with pytest.raises(ValueError, match="the seed must be between 0 and 999999"):
            random_spec(seed, "squat", "test")


DRAWS = {
    "tune": "40a790f0a0c615d2a7975d6da262537402bf60f6475755efded4143e8e903f04",
    "tune-2": "245af89c562c5be7410ad2e7bf01e755237b6bd7be09b3f4cd47344c07952644",
    "tune-3": "1815340f2f6fe4d6a9f554294599a66f05628bd536519dba2063fdd3b0bbfa9f",
    "test": "d341c8c1fcc79c8760db118d1ae4c2b90e03f6d174d6f17c8655c087bd238054",
}
"""SHA-256 of the specs of seeds 0 to 19. A new field of the spec changes them; the numbers drawn must never change."""


@pytest.mark.parametrize("series", SERIES)
def test_a_series_stays_what_it_was(series: str) -> None:
    drawn = [dataclasses.asdict(random_spec(seed, exercise, series)) for seed in range(20) for exercise in EXERCISES]
    for one in drawn:
        del one["split"]
    assert hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest() == DRAWS[series]


def test_settings_are_found_by_name_with_and_without_unit() -> None:
    clip = random_spec(1, "deadlift", yaw=33, lumbar_rounding=20, height_m=1.9, plates="both")
    assert (clip.scene.yaw_deg, clip.faults.lumbar_rounding_deg, clip.body.height_m) == (33, 20.0, 1.9)
    assert clip.plates == "both"
    with pytest.raises(ValueError, match="no setting is called 'wings'"):
        random_spec(1, "deadlift", wings=2)
    with pytest.raises(ValueError, match="unknown exercise"):
        random_spec(1, "curl")
    with pytest.raises(ValueError, match="unknown split"):
        random_spec(1, "squat", split="both")


# --- with a body -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("body_data")
@pytest.mark.parametrize("exercise", list(LOADS))
def test_without_faults_the_spine_keeps_its_standing_shape(exercise: str) -> None:
    frames: Any = truth_for(clip_of(exercise))["frames"]
    for column in ("lumbar_bend_deg", "thoracic_bend_deg", "back_rounding_deg"):
        assert np.abs(frames[column]).max() == 0.0
    # Skin over the hips moves a little even when no bone of the spine bends.
    assert np.abs(frames["dorsal_turning_deg"]).max() < 8.0


@pytest.mark.usefixtures("body_data")
@pytest.mark.parametrize("exercise", list(LOADS))
@pytest.mark.parametrize("size_deg", [10.0, 30.0, 50.0])
def test_dialled_rounding_is_in_the_bones_at_the_bottom_and_gone_standing(exercise: str, size_deg: float) -> None:
    found: Any = truth_for(clip_of(exercise, lumbar_rounding=size_deg, thoracic_rounding=0.5 * size_deg))
    seen = found["reps"][0]["measures"]
    assert seen["lumbar_bend_bottom_deg"] == pytest.approx(size_deg, abs=0.1)
    assert seen["thoracic_bend_bottom_deg"] == pytest.approx(0.5 * size_deg, abs=0.1)
    assert seen["back_rounding_max_deg"] == pytest.approx(1.5 * size_deg, abs=0.2)
    assert found["frames"]["back_rounding_deg"][0] == 0.0


@pytest.mark.usefixtures("body_data")
def test_the_skin_of_the_back_turns_with_the_bones_below_it() -> None:
    def turning(size_deg: float) -> float:
        clip = clip_of("deadlift", lumbar_rounding=0.6 * size_deg, thoracic_rounding=0.4 * size_deg)
        frames: Any = truth_for(clip)["frames"]
        return float(np.max(frames["dorsal_turning_deg"]))

    seen = np.array([turning(d) for d in (0.0, 20.0, 40.0, 60.0)])
    gain = np.diff(seen) / 20.0
    assert (gain > 0.6).all()
    assert (gain < 1.2).all()


DIALS = [
    ("deadlift", "rounding_growth_deg", 20.0, "rounding_growth_deg", 1.5),
    ("deadlift", "hips_shoot_up_deg", 15.0, "trunk_lean_gain_deg", 2.0),
    ("deadlift", "arm_bend_deg", 30.0, "elbow_flexion_pull_deg", 5.0),
    ("deadlift", "soft_lockout_hip_deg", 30.0, "hip_flexion_top_deg", 1.0),
    ("deadlift", "soft_lockout_knee_deg", 30.0, "knee_flexion_top_deg", 1.0),
    ("deadlift", "over_extension_deg", 20.0, "trunk_lean_top_deg", 1.0),
    ("deadlift", "bar_drift_fl", 0.8, "load_ahead_of_mid_foot_max_fl", 0.15),
    ("swing", "arm_lift_deg", 50.0, "hip_flexion_left_at_arm_30_deg", 1.0),
    ("swing", "early_fold_deg", 35.0, "hip_flexion_at_fold_arm_45_deg", 3.0),
    ("swing", "arm_bend_deg", 40.0, "elbow_flexion_up_deg", 5.0),
    ("swing", "over_extension_deg", 20.0, "trunk_lean_top_deg", 1.0),
    ("squat", "heel_rise_fl", 0.25, "heel_rise_max_fl", 0.01),
    ("squat", "butt_wink_deg", 25.0, "butt_wink_deg", 1.0),
    ("squat", "hips_shoot_up_deg", 15.0, "trunk_lean_gain_deg", 1.0),
    ("squat", "soft_lockout_knee_deg", 30.0, "knee_flexion_top_deg", 1.0),
    ("squat", "knees_in", 0.3, "knee_gap_lost", 0.05),
    ("squat", "shift_left", 0.3, "hip_shift_left_bottom", 0.02),
]


@pytest.mark.usefixtures("body_data")
@pytest.mark.parametrize(("exercise", "fault", "size", "measure", "tolerance"), DIALS)
def test_a_dialled_fault_shows_in_the_rig(
    exercise: str, fault: str, size: float, measure: str, tolerance: float
) -> None:
    wanted = -size if fault == "over_extension_deg" else size
    assert first_rep(exercise, **{fault: size})[measure] == pytest.approx(wanted, abs=tolerance)
    assert abs(first_rep(exercise)[measure] - wanted) > 3 * tolerance


@pytest.mark.usefixtures("body_data")
def test_dials_that_shift_a_good_value_shift_it_by_their_size() -> None:
    def gain(exercise: str, measure: str, **fault: float) -> float:
        return first_rep(exercise, **fault)[measure] - first_rep(exercise)[measure]

    assert gain("squat", "hip_above_knee_bottom_tl", shallow_squat=0.3) == pytest.approx(0.3, abs=0.03)
    assert gain("squat", "trunk_minus_shank_bottom_deg", forward_lean=25.0) == pytest.approx(25.0, abs=3.0)
    assert gain("swing", "knee_flexion_bottom_deg", squatted_swing=40.0) == pytest.approx(40.0, abs=0.5)
    assert gain("deadlift", "neck_flexion_bottom_deg", neck=-40.0) == pytest.approx(-40.0, abs=0.5)
    assert gain("deadlift", "hip_above_knee_bottom_tl", squatted_start=0.3) == pytest.approx(-0.3, abs=0.03)
    assert gain("squat", "shoulder_tilt_left_bottom_deg", tilt_left=12.0) == pytest.approx(12.0, abs=4.0)


@pytest.mark.usefixtures("body_data")
@pytest.mark.parametrize("exercise", list(LOADS))
def test_feet_stand_still_and_bones_keep_their_length(exercise: str) -> None:
    clip = clip_of(exercise, variation=1.0, reps=2, lumbar_rounding=25.0)
    script = script_for(pose_at(clip, np.zeros(1))[0], clip)
    body, _, pose = pose_at(clip, np.linspace(0, script.duration_s, 120))
    joints = truth.joint_places(body, pose)
    for name in ("heel.L", "heel.R", "toe.L", "toe.R", "ankle.L", "ankle.R"):
        assert np.ptp(joints[name], axis=0).max() < 1e-3, name
    for a, b, length in (
        ("hip.L", "knee.L", body.thigh_m),
        ("knee.R", "ankle.R", body.shank_m),
        ("shoulder.L", "elbow.L", body.upper_arm_m),
        ("elbow.R", "wrist.R", body.forearm_m),
    ):
        np.testing.assert_allclose(np.linalg.norm(joints[a] - joints[b], axis=1), length, atol=1e-4)


@pytest.mark.usefixtures("body_data")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_bar_goes_up_over_mid_foot_in_long_arms(seed: int) -> None:
    clip = random_spec(seed, "deadlift", reps=1)
    event: Any = truth_for(clip)["reps"][0]  # type: ignore[index]
    body, moment, pose = pose_at(clip, np.linspace(event["lift_off_s"], event["lockout_s"], 60))
    joints = truth.joint_places(body, pose)
    bar = moment.load_place
    assert (np.diff(bar[:, 2]) > 0).all()
    assert np.abs(bar[:, 0]).max() < 0.25 * body.foot_length_m
    for side, sign in (("L", 1.0), ("R", -1.0)):
        hold = bar + np.array([0.0, sign * (body.joint("upperarm01.L")[1] + 0.07), 0.0])
        np.testing.assert_allclose(np.linalg.norm(joints[f"wrist.{side}"] - hold, axis=1), body.grip_m, atol=2e-3)
        bend = posing.flexion(joints[f"shoulder.{side}"], joints[f"elbow.{side}"], joints[f"wrist.{side}"])
        assert bend.max() < 8.0


@pytest.mark.usefixtures("body_data")
def test_in_a_good_swing_the_hips_open_before_the_arms_rise() -> None:
    good, lifted = first_rep("swing"), first_rep("swing", arm_lift=50.0)
    assert good["hip_flexion_left_at_arm_30_deg"] < 15.0
    assert good["hip_to_knee_range"] > 2.0
    assert good["wrist_below_knee_bottom_tl"] < 0.0
    assert lifted["hip_flexion_left_at_arm_30_deg"] > 45.0


@pytest.mark.usefixtures("body_data")
@pytest.mark.parametrize("exercise", list(LOADS))
def test_truth_repeats_by_seed_and_instants_are_in_order(exercise: str) -> None:
    clip = random_spec(5, exercise, reps=2)
    first: Any = truth_for(clip)
    assert first == truth_for(clip)
    assert first["frames"] != truth_for(random_spec(6, exercise, reps=2))["frames"]
    reps = first["reps"]
    assert len(reps) == 2
    for rep in reps:
        assert rep["start_s"] < rep["top_s"] <= rep["end_s"] < first["n_frames"] / first["fps"]
    assert reps[0]["end_s"] <= reps[1]["start_s"]


@pytest.mark.usefixtures("body_data")
def test_faults_can_be_kept_to_some_reps() -> None:
    reps: Any = truth_for(clip_of("deadlift", reps=3, lumbar_rounding=30.0, faulty_reps=(1,)))["reps"]
    assert [r["measures"]["lumbar_bend_bottom_deg"] for r in reps] == pytest.approx([0.0, 30.0, 0.0], abs=0.1)
    assert [bool(r["faults"]) for r in reps] == [False, True, False]


@pytest.mark.usefixtures("body_data")
def test_walking_in_delays_the_reps_and_ends_in_the_same_motion() -> None:
    plain, walked = clip_of("deadlift"), clip_of("deadlift", walk_in=True)
    one: Any = truth_for(plain)["reps"][0]  # type: ignore[index]
    two: Any = truth_for(walked)["reps"][0]  # type: ignore[index]
    delay = two["start_s"] - one["start_s"]
    assert delay > 2.0
    assert two["measures"] == pytest.approx(one["measures"], abs=0.02)
    body, _, pose = pose_at(walked, np.array([0.0, delay]))
    hip = pose.point(body, "hip.L")
    assert hip[0, 0] < hip[1, 0] - 1.0


@pytest.mark.usefixtures("body_data")
def test_pictures_repeat_and_show_the_lifter_where_the_truth_says() -> None:
    clip = clip_of("swing", width=160, height=208, background="plain", seed=3)
    rep: Any = truth_for(clip)["reps"][0]  # type: ignore[index]
    times = np.array([rep["fold_start_s"], rep["top_s"]])  # the arms are off the trunk
    pictures = [p for _, p in render_frames(clip, times)]
    again = [p for _, p in render_frames(clip, times)]
    assert all(np.array_equal(a, b) for a, b in zip(pictures, again, strict=True))
    assert pictures[0].shape == (208, 160, 3)
    _, _, pose = pose_at(clip, times)
    camera = scene.camera_for(clip.scene)
    shirt = np.array(clip.body.shirt_rgb)
    for i, picture in enumerate(pictures):
        waist = pose.head[i, BONE["spine02"]]
        x, y = camera.project(waist)[0].astype(int)
        seen = picture[y, x] / 255.0
        # The colour of the shirt up to its shading.
        assert seen @ shirt / np.linalg.norm(seen) / np.linalg.norm(shirt) > 0.99


@pytest.mark.usefixtures("body_data")
def test_motion_blur_smears_the_bell_and_leaves_the_feet_sharp() -> None:
    sharp = clip_of("swing", width=160, height=208, background="plain")
    blurred = dataclasses.replace(sharp, scene=dataclasses.replace(sharp.scene, blur=4, fps=24.0))
    rep: Any = truth_for(sharp)["reps"][0]  # type: ignore[index]
    t = np.array([0.6 * rep["start_s"] + 0.4 * rep["top_s"]])
    a, b = (next(render_frames(c, t))[1].astype(int) for c in (sharp, blurred))
    change = np.abs(a - b).max(axis=2)
    _, moment, _ = pose_at(sharp, t)
    x, y = scene.camera_for(sharp.scene).project(moment.load_place[0])[0].astype(int)
    assert change[y - 8 : y + 20, x - 10 : x + 14].max() > 40
    assert np.median(change[-40:]) <= 2


@pytest.mark.usefixtures("body_data")
def test_every_fault_at_once_still_gives_finite_truth() -> None:
    faults = {
        f.name: 0.3 if f.name.endswith(("_fl", "_tl", "_in", "_left")) else 30.0 for f in dataclasses.fields(Faults)
    }
    for exercise in LOADS:
        frames: Any = truth_for(clip_of(exercise, **faults))["frames"]
        for name, column in frames.items():
            values = (
                np.concatenate([np.ravel(v) for v in column.values()]) if isinstance(column, dict) else np.ravel(column)
            )
            assert np.isfinite(values).all(), (exercise, name)


@pytest.mark.usefixtures("body_data")
def test_frames_are_spaced_by_the_frame_rate() -> None:
    clip = clip_of("squat", fps=24.0)
    body, _, _ = pose_at(clip, np.zeros(1))
    times = frame_times(clip, script_for(body, clip))
    np.testing.assert_allclose(np.diff(times), 1 / 24.0)


# --- the committed samples -------------------------------------------------------------------------------------------


def load_sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def test_every_sample_is_there_and_described() -> None:
    assert sorted(p.stem for p in FOLDER.glob("*.mp4")) == SAMPLES
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, (what, _) in sample_specs().items():
        assert f"| `{name}.mp4` | {what} |" in text


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_small_and_its_truth_has_its_frames(name: str) -> None:
    video = FOLDER / f"{name}.mp4"
    assert video.stat().st_size <= MAX_BYTES
    assert (FOLDER / f"{name}.json").stat().st_size <= 150 * 1024
    told = load_sample(name)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [stream.width, stream.height] == told["video_size_px"]
        times = [float(packet.pts * packet.time_base) for packet in container.demux(stream) if packet.pts is not None]
    assert len(times) == told["n_frames"] == len(told["frames"]["time_s"])
    np.testing.assert_allclose(sorted(times), told["frames"]["time_s"], atol=1e-3)
    assert 6.0 <= len(times) / told["fps"] <= 12.0
    assert told["video"] == video.name


@pytest.mark.parametrize("name", SAMPLES)
def test_a_samples_angles_follow_from_its_joints(name: str) -> None:
    told = load_sample(name)
    frames, side = told["frames"], told["view"]["near_side"]
    joint = {k.split(".")[0]: np.array(v) for k, v in frames["joints_m"].items() if k.endswith(side)}
    knee = posing.flexion(joint["hip"], joint["knee"], joint["ankle"])
    hip = posing.flexion(joint["shoulder"], joint["hip"], joint["knee"])
    np.testing.assert_allclose(knee, frames["knee_flexion_deg"], atol=1.2)
    np.testing.assert_allclose(hip, frames["hip_flexion_deg"], atol=1.2)
    lumbar, thoracic = np.array(frames["lumbar_bend_deg"]), np.array(frames["thoracic_bend_deg"])
    np.testing.assert_allclose(lumbar + thoracic, frames["spine_flexion_deg"], atol=0.16)
    # A neutral hinge gives up as much of standing as this lifter's does, and rounding counts from there.
    released = np.array(frames["spine_flexion_deg"]) - np.array(frames["back_rounding_deg"])
    assert released.min() >= -0.2
    assert released.max() == pytest.approx(told["body"]["hinge_release_deg"], abs=1.0)


def test_the_rounded_sample_is_sound_in_its_first_rep_only() -> None:
    rounding = [r["measures"]["back_rounding_max_deg"] for r in load_sample("deadlift-rounded")["reps"]]
    assert rounding[0] == 0.0
    assert min(rounding[1:]) > 40.0
