"""Parts of a video that are watched at the same time: what they find is what one pass finds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formcheck.core.errors import Cancelled, ModelError
from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.vision import pose_estimation, video_parts
from formcheck.vision.backend import DetectedPerson, PoseBackend
from formcheck.vision.fake_backend import FakeBackend, person_of
from formcheck.vision.machine import usable_cores
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.openvino_backend import OpenVinoBackend, is_installed
from formcheck.vision.pose_estimation import estimate_poses
from formcheck.vision.prefetch import prefetched
from formcheck.vision.video import DecodedFrame
from formcheck.vision.video_parts import (
    LEAD_S,
    MOST_JOBS,
    PLACES_AFTER_S,
    SHORTEST_PART_S,
    jobs_or_default,
    joined,
    part_starts,
)
from tests.helpers.make_videos import as_a_browser_records, write_video
from tests.helpers.synthetic_lifter import Camera, deadlift, film

MODEL = ModelFile(Path("some.task"), "some", "custom", "")
FAST = {"preset": "ultrafast", "crf": "10"}
SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
WIDTH, HEIGHT, FPS = 320, 240, 20.0
CAMERA = Camera(px_per_m=110.0, feet_px=(150.0, 225.0), width=WIDTH, height=HEIGHT)
LIFTS = film(deadlift(4), CAMERA, fps=FPS)
WALKS_IN = film(deadlift(4), CAMERA, fps=FPS, walk_in_s=0.4 * LIFTS.time_s[-1])


def _pictures(frames: int) -> list[np.ndarray]:
    """A coarse pattern that changes a little from frame to frame, so that no two pictures of the floor are alike."""
    rng = np.random.default_rng(7)
    still, moving = rng.uniform(60, 160, (2, 24, 32, 3))
    shown = [still + 40 * np.sin(frame / 9) * moving / 160 for frame in range(frames)]
    return [np.kron(each, np.ones((10, 10, 1))).clip(0, 255).astype(np.uint8) for each in shown]


def _video(path: Path, poses: PoseSequence) -> Path:
    return write_video(path, _pictures(len(poses)), list(poses.time_s), options=FAST, gop_size=15)


def _assert_same(one: PoseSequence, other: PoseSequence) -> None:
    for name in ARRAY_FIELDS:
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name), err_msg=name)
    assert (other.video, other.notes) == (one.video, one.notes)


def _watched_both_ways(path: Path, poses: PoseSequence, jobs: int) -> tuple[PoseSequence, PoseSequence, FakeBackend]:
    one = estimate_poses(path, MODEL, backend=FakeBackend.playing(poses), jobs=1)
    backend = FakeBackend.playing(poses)
    return one, estimate_poses(path, MODEL, backend=backend, jobs=jobs), backend


def _parts_watched(backend: FakeBackend) -> int:
    return sum(each.track for each in backend.opened)


# ------------------------------------------------------------------------------------------------------- how many


@pytest.mark.parametrize(
    ("duration_s", "jobs", "parts"),
    [
        (2 * SHORTEST_PART_S - 0.1, 4, 1),
        (2 * SHORTEST_PART_S + 0.1, 4, 2),
        (60.0, 1, 1),
        (60.0, 2, 2),
        (60.0, 4, 4),
        (0.0, 4, 1),
    ],
)
def test_a_video_is_watched_in_as_many_parts_as_are_long_enough(duration_s: float, jobs: int, parts: int) -> None:
    starts = part_starts(duration_s, jobs)
    assert len(starts) == parts
    assert starts[0] == 0.0
    # Each part has as much to look at: the first waits for nobody, the others lead in after its first second.
    work = np.diff([*starts, duration_s])
    work[1:] += LEAD_S + PLACES_AFTER_S
    assert np.ptp(work) == pytest.approx(0.0, abs=1e-9)


def test_jobs_are_as_asked_for_and_else_one_a_core() -> None:
    assert jobs_or_default(None) == min(usable_cores(), MOST_JOBS)
    assert [jobs_or_default(jobs) for jobs in (0, 1, 7)] == [1, 1, 7]


# --------------------------------------------------------------------------------------------------- joined as one


@pytest.mark.parametrize("jobs", [2, 3])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_parts_find_what_one_pass_finds(tmp_path: Path, suffix: str, jobs: int) -> None:
    path = tmp_path / f"clip.{suffix}"
    if suffix == "webm":
        write_video(path, _pictures(len(LIFTS)), list(LIFTS.time_s), codec="libvpx", gop_size=30)
    else:
        _video(path, LIFTS)
    one, other, backend = _watched_both_ways(path, LIFTS, jobs)
    _assert_same(one, other)
    assert one.seen.all()
    assert _parts_watched(backend) == jobs


def test_a_file_that_cannot_seek_is_watched_in_parts_all_the_same(tmp_path: Path) -> None:
    path = as_a_browser_records(_video(tmp_path / "clip.mp4", LIFTS), tmp_path / "recorded.webm")
    one, other, _ = _watched_both_ways(path, LIFTS, 2)
    _assert_same(one, other)


def test_times_that_follow_from_the_order_of_the_frames_stay(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", _pictures(200), [i / 25 for i in range(200)], options={"bf": "2"})
    one, other, _ = _watched_both_ways(path, LIFTS, 2)
    _assert_same(one, other)


def test_frames_with_wrong_times_are_watched_in_one_go(tmp_path: Path) -> None:
    times_s = [each + (30.0 if 60 <= index < 62 else 0.0) for index, each in enumerate(LIFTS.time_s)]
    path = tmp_path / "clip.mkv"
    write_video(path, _pictures(len(LIFTS)), sorted(times_s), options=FAST, gop_size=15)
    one, other, _ = _watched_both_ways(path, LIFTS, 2)
    _assert_same(one, other)


def test_the_floor_is_looked_at_where_one_pass_looks(tmp_path: Path) -> None:
    """Somebody who walks in stands at a place that the second part has to learn from the first."""
    path = _video(tmp_path / "clip.mp4", WALKS_IN)
    one, other, backend = _watched_both_ways(path, WALKS_IN, 2)
    assert len(set(one.floor_place[np.isfinite(one.floor_place)])) > 1
    _assert_same(one, other)
    assert _parts_watched(backend) == 2


def test_the_floor_of_somebody_who_faces_left(tmp_path: Path) -> None:
    left = film(deadlift(4), replace(CAMERA, forward=-1), fps=FPS, walk_in_s=0.4 * LIFTS.time_s[-1])

    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        # The model is shown the mirror image; somebody who stands elsewhere in it is good enough here.
        return [person_of(left, int(np.abs(left.time_s - time_ms / 1000).argmin()))]

    path = _video(tmp_path / "clip.mp4", left)
    one, other = (estimate_poses(path, MODEL, backend=FakeBackend(handler), jobs=jobs) for jobs in (1, 2))
    _assert_same(one, other)


def test_several_people_are_watched_in_one_go(tmp_path: Path) -> None:
    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        person = person_of(LIFTS, int(np.abs(LIFTS.time_s - time_ms / 1000).argmin()))
        return [person, replace(person, image_px=person.image_px - [110.0, 0.0, 0.0])]

    backend = FakeBackend(handler)
    estimate_poses(_video(tmp_path / "clip.mp4", LIFTS), MODEL, backend=backend, jobs=2)
    assert _parts_watched(backend) == 1


@pytest.mark.parametrize(("limit_px", "parts"), [(WIDTH * HEIGHT, 2), (WIDTH * HEIGHT - 1, 1)])
def test_large_pictures_are_watched_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit_px: int, parts: int
) -> None:
    waiting: list[int] = []

    def seen(items: Iterable[DecodedFrame], ahead: int) -> Generator[DecodedFrame, None, None]:
        waiting.append(ahead)
        return prefetched(items, ahead)

    monkeypatch.setattr(pose_estimation, "LARGE_PICTURE_PX", limit_px)
    monkeypatch.setattr(video_parts, "LARGE_PICTURE_PX", limit_px)
    monkeypatch.setattr(video_parts, "prefetched", seen)
    backend = FakeBackend.playing(LIFTS)
    estimate_poses(_video(tmp_path / "clip.mp4", LIFTS), MODEL, backend=backend, jobs=2)
    assert _parts_watched(backend) == parts
    # Two parts have a thread each, and a single one decodes ahead.
    assert waiting == ([] if parts == 2 else [video_parts.LARGE_DECODED_AHEAD])


def test_parts_that_do_not_meet_are_not_joined() -> None:
    task = video_parts.Assignment("clip.mp4", MODEL, slice(0, 1), slice(0, 1), starts=(0.0, 1.0))

    def parts(next_s: float | None, begins_s: float | None, exact: bool = True) -> list[video_parts.Watched]:
        first = video_parts.Watched(time_s=[0.0, 0.5], picture_change=[0.0, 0.0], next_s=next_s, exact_times=exact)
        times = [] if begins_s is None else [begins_s]
        return [first, video_parts.Watched(time_s=times, picture_change=[0.0] * len(times))]

    whole = joined(task, parts(1.0, 1.0))
    assert whole is not None
    assert whole.time_s == [0.0, 0.5, 1.0]
    assert joined(task, parts(None, None)) is not None
    for case in (parts(1.0, 1.1), parts(None, 1.0), parts(1.0, None), parts(1.0, 1.0, exact=False)):
        assert joined(task, case) is None


# ---------------------------------------------------------------------------------------------- stopped and failed


def test_progress_counts_the_frames_of_all_parts(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    estimate_poses(
        _video(tmp_path / "clip.mp4", LIFTS),
        MODEL,
        backend=FakeBackend.playing(LIFTS),
        jobs=2,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (len(LIFTS), len(LIFTS))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("after", [0, 5, 100])
def test_all_parts_stop_when_the_work_is_cancelled(tmp_path: Path, after: int) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    path, backend = _video(tmp_path / "clip.mp4", LIFTS), FakeBackend.playing(LIFTS)
    with pytest.raises(Cancelled):
        estimate_poses(path, MODEL, backend=backend, jobs=2, cancelled=cancelled)
    assert all(each.closed for each in backend.opened)
    assert not [each for each in threading.enumerate() if each.name.startswith("part-")]


def _in_later_parts(fault: Callable[[], None]) -> FakeBackend:
    playing = FakeBackend.playing(LIFTS)

    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        if threading.current_thread().name.startswith("part-"):
            fault()
        return list(playing.handler(rgb, time_ms))

    return FakeBackend(handler)


def test_what_goes_wrong_in_a_later_part_is_raised(tmp_path: Path) -> None:
    def fault() -> None:
        raise ZeroDivisionError("at work")

    with pytest.raises(ZeroDivisionError):
        estimate_poses(_video(tmp_path / "clip.mp4", LIFTS), MODEL, backend=_in_later_parts(fault), jobs=2)


def test_a_part_that_cannot_be_watched_by_itself_is_watched_in_one_go(tmp_path: Path) -> None:
    def fault() -> None:
        raise ModelError("not in this thread")

    path = _video(tmp_path / "clip.mp4", LIFTS)
    one = estimate_poses(path, MODEL, backend=FakeBackend.playing(LIFTS), jobs=1)
    _assert_same(one, estimate_poses(path, MODEL, backend=_in_later_parts(fault), jobs=2))


# ------------------------------------------------------------------------------------------------- the real model


@pytest.mark.model
@pytest.mark.skipif(not is_installed(), reason="OpenVINO is not installed")
def test_with_the_real_model_nearly_all_landmarks_are_the_same() -> None:
    try:
        model = find_model("full")
    except ModelError as error:
        pytest.skip(str(error))
    path, backend = SAMPLES / "squat-good.mp4", OpenVinoBackend()
    one, other = (estimate_poses(path, model, backend=backend, jobs=jobs) for jobs in (1, 2))
    assert len(part_starts(one.video.duration_s, 2)) == 2
    np.testing.assert_array_equal(other.time_s, one.time_s)
    off_px = np.abs(other.image_px - one.image_px)[..., :2].max(axis=(1, 2))
    # Just after the seam the smoothing still remembers where the part began to look.
    assert off_px.max() < 3.0
    assert np.percentile(off_px, 90) < 0.1
    np.testing.assert_array_equal(other.floor_place, one.floor_place)


def test_every_backend_can_be_shared() -> None:
    backends: list[PoseBackend] = [FakeBackend.playing(LIFTS), OpenVinoBackend(2)]
    for backend in backends:
        assert backend.sharing(2, 2).name == backend.name
    assert backends[1].sharing(1, 2) is backends[1]
