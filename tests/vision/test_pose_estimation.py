from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from formcheck.core.errors import Cancelled, VideoError
from formcheck.core.poses import ARRAY_FIELDS
from formcheck.vision.backend import DetectedPerson
from formcheck.vision.fake_backend import FakeBackend, person_of
from formcheck.vision.models.store import ModelFile
from formcheck.vision.pose_estimation import (
    BAR_LEVEL,
    BAR_MIN,
    PEOPLE_MAX,
    PICTURE_MIN,
    PREVIEW_FRAMES,
    _without_bars,
    estimate_poses,
)
from formcheck.vision.tracking import Person
from formcheck.vision.video import VideoReader, read_duration_s
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE
from tests.helpers.make_videos import as_a_browser_records, write_video
from tests.helpers.synthetic_lifter import Camera, film, standing_still

MODEL = ModelFile(Path("some.task"), "some", "custom", "")
FAST = {"preset": "ultrafast", "crf": "10"}
BODY = person_of(film(standing_still(0.1), Camera(px_per_m=20.0, feet_px=(0.0, 0.0))), 0)
"""Somebody who stands at the corner of the picture, 35 pixels tall; to be moved."""


def _person_at(middle_px: np.ndarray) -> DetectedPerson:
    image, contour = BODY.image_px.copy(), BODY.contour_px + middle_px
    image[:, :2] += middle_px
    return replace(BODY, image_px=image, contour_px=contour)


def _in_white_squares(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
    """A person in every white square, the largest first."""
    white = (rgb.min(axis=2) > 180).astype(np.uint8)
    count, _, facts, middles = cv2.connectedComponentsWithStats(white)
    squares = sorted((i for i in range(1, count) if facts[i][4] >= 16), key=lambda i: -facts[i][4])
    return [_person_at(middles[i]) for i in squares]


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(_in_white_squares)


def _opened(backend: FakeBackend) -> list[tuple[str, int, bool]]:
    """Model, number of people and tracking of each detector."""
    return [(one.model.name, one.people, one.track) for one in backend.opened]


def _pictures(backend: FakeBackend) -> list[tuple[int, ...]]:
    """Shapes of the pictures that were shown for tracking."""
    return [shape for one in backend.opened if one.track for shape in one.shapes]


def _picture(width: int, height: int, *squares: tuple[int, int], size: int = 16, grey: int = 110) -> np.ndarray:
    """A grey picture with white squares that have their middles at these points."""
    picture = np.full((height, width, 3), grey, np.uint8)
    for x, y in squares:
        picture[y - size // 2 : y + size // 2, x - size // 2 : x + size // 2] = 255
    return picture


def _with_bars(picture: np.ndarray, *, rows: int = 0, columns: int = 0) -> np.ndarray:
    """The picture with black bars of this size on both sides, within its own size."""
    barred = np.zeros_like(picture)
    height, width = picture.shape[:2]
    inner = slice(rows, height - rows), slice(columns, width - columns)
    barred[inner] = picture[inner]
    return barred


def _video(tmp_path: Path, *pictures: np.ndarray, frames: int = 12, fps: float = 25.0) -> Path:
    shown = [pictures[i * len(pictures) // frames] for i in range(frames)]
    return write_video(tmp_path / "clip.mp4", shown, [i / fps for i in range(frames)], options=FAST, gop_size=2)


def _middle(width: int, height: int) -> tuple[int, int]:
    return width // 2, height // 2


# --------------------------------------------------------------------------------------------------------- estimate


def test_poses_are_those_found_in_every_frame(backend: FakeBackend, tmp_path: Path) -> None:
    poses = estimate_poses(_video(tmp_path, _picture(160, 120, (40, 60))), MODEL, backend=backend)
    assert len(poses) == 12
    assert poses.seen.all()
    assert np.abs(poses.image_px - BODY.image_px - [39.5, 59.5, 0.0]).max() < 0.5
    assert np.abs(poses.contour_px - BODY.contour_px - [39.5, 59.5]).max() < 0.5
    np.testing.assert_array_equal(poses.world_m[5], BODY.world_m.astype(np.float32))
    assert poses.time_s == pytest.approx(np.arange(12) / 25, abs=1e-3)
    assert (poses.video.file, poses.video.width, poses.video.height, poses.video.frames) == ("clip.mp4", 160, 120, 12)
    assert poses.video.duration_s == pytest.approx(12 / 25, abs=0.01)
    assert poses.video.complete
    assert (poses.model, poses.notes) == ("some", ())
    assert {getattr(poses, name).dtype for name in ARRAY_FIELDS} <= {np.dtype(np.float32), np.dtype(np.float64)}
    assert all(one.closed for one in backend.opened)


def test_nobody_in_the_video_is_nobody_in_the_poses(backend: FakeBackend, tmp_path: Path) -> None:
    poses = estimate_poses(_video(tmp_path, _picture(160, 120)), MODEL, backend=backend)
    assert len(poses) == 12
    assert not poses.seen.any()
    assert poses.notes == ()
    assert _opened(backend)[-1] == ("some", 1, True)


def test_frames_without_the_lifter_are_missing(backend: FakeBackend, tmp_path: Path) -> None:
    there, gone = _picture(160, 120, (40, 60)), _picture(160, 120)
    poses = estimate_poses(_video(tmp_path, there, gone, there), MODEL, backend=backend)
    assert poses.seen.tolist() == [True] * 4 + [False] * 4 + [True] * 4
    for name in set(ARRAY_FIELDS) - {"time_s", "picture_change"}:
        assert np.isnan(getattr(poses, name)[4:8]).all(), name


def test_progress_is_told_after_every_frame(backend: FakeBackend, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    estimate_poses(
        _video(tmp_path, _picture(160, 120)),
        MODEL,
        progress=lambda done, expected: told.append((done, expected)),
        backend=backend,
    )
    assert told == [(done, 12) for done in range(1, 13)]


@pytest.mark.parametrize("after", [0, 5])
def test_work_stops_when_it_is_cancelled(backend: FakeBackend, tmp_path: Path, after: int) -> None:
    done: list[int] = []

    def cancelled() -> bool:
        return len(done) >= after

    with pytest.raises(Cancelled):
        estimate_poses(
            _video(tmp_path, _picture(160, 120)),
            MODEL,
            progress=lambda count, _: done.append(count),
            cancelled=cancelled,
            backend=backend,
        )
    assert len(_pictures(backend)) == after
    assert all(one.closed for one in backend.opened)


def test_a_video_that_cannot_be_read_is_a_video_error(backend: FakeBackend, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"absent\.mp4"):
        estimate_poses(tmp_path / "absent.mp4", MODEL, backend=backend)
    assert _opened(backend) == []


def test_a_change_of_scene_shows_in_the_picture_change(backend: FakeBackend, tmp_path: Path) -> None:
    poses = estimate_poses(
        _video(tmp_path, _picture(160, 120, grey=60), _picture(160, 120, grey=160)), MODEL, backend=backend
    )
    assert poses.picture_change[0] == 0.0
    assert poses.picture_change[6] == pytest.approx(100 / 255, abs=0.03)
    assert np.delete(poses.picture_change, 6).max() < 0.02


def test_frames_that_follow_within_a_millisecond_keep_rising_times(backend: FakeBackend, tmp_path: Path) -> None:
    path = tmp_path / "fast.mp4"
    times_s = [index / 2000 for index in range(8)]
    write_video(path, [_picture(64, 48)] * 8, times_s, options=FAST, time_base=Fraction(1, 20000))
    poses = estimate_poses(path, MODEL, backend=backend)
    assert len(poses) == 8
    assert (np.diff(poses.time_s) > 0).all()
    assert (np.diff(backend.opened[-1].times_ms) > 0).all()


# ------------------------------------------------------------------------------------------------- as often as needed


def _sliding_video(tmp_path: Path, speed_px_per_s: float, frames: int = 60, fps: float = 60.0) -> Path:
    """A square that moves right at even speed; `BODY` is about 35 pixels tall."""
    pictures = [_picture(160, 120, (40 + round(speed_px_per_s * i / fps), 60)) for i in range(frames)]
    return _video(tmp_path, *pictures, frames=frames, fps=fps)


@pytest.mark.parametrize(("every_frame", "looks"), [(False, 17), (True, 60)])
def test_the_model_looks_as_often_as_needed_and_every_frame_has_poses(
    backend: FakeBackend, tmp_path: Path, every_frame: bool, looks: int
) -> None:
    # A pixel is a large step for a body this small, so it stands still.
    poses = estimate_poses(_sliding_video(tmp_path, 0.0), MODEL, backend=backend, every_frame=every_frame)
    assert len(_pictures(backend)) == pytest.approx(looks, abs=3)
    assert poses.seen.all()
    assert poses.time_s == pytest.approx(np.arange(60) / 60, abs=1e-3)


def test_fast_movement_is_looked_at_more_often_and_filled_in_between(backend: FakeBackend, tmp_path: Path) -> None:
    poses = estimate_poses(_sliding_video(tmp_path, 60.0), MODEL, backend=backend)
    assert len(_pictures(backend)) == pytest.approx(31, abs=3)
    x = poses.image_px[..., 0].mean(axis=1) - BODY.image_px[:, 0].mean()
    assert np.abs(x - (39.5 + 60.0 * poses.time_s)).max() < 1.5


# ----------------------------------------------------------------------------------------------- the look beforehand


@pytest.mark.parametrize(
    ("squares", "people"), [([], 1), ([(30, 60)], 1), ([(30, 60), (120, 60)], 2), ([(30, 60), (75, 60), (120, 60)], 3)]
)
def test_as_many_people_are_followed_as_the_preview_shows(
    backend: FakeBackend, tmp_path: Path, squares: list[tuple[int, int]], people: int
) -> None:
    poses = estimate_poses(_video(tmp_path, _picture(160, 120, *squares)), MODEL, backend=backend)
    assert _opened(backend) == [("some", PEOPLE_MAX, False), ("some", people, True)]
    assert len(poses.notes) == (people > 1)
    # The squares are equally large, and nobody moves: any of them may be taken for the lifter, but only one.
    if squares:
        feet = poses.image_px[:, :, 0].mean(axis=1) - BODY.image_px[:, 0].mean()
        assert np.ptp(feet) < 1.0
        assert min(abs(feet[0] + 0.5 - x) for x, _ in squares) < 1.0


def test_somebody_who_comes_in_later_is_noticed(backend: FakeBackend, tmp_path: Path) -> None:
    alone, together = _picture(160, 120, (30, 60)), _picture(160, 120, (30, 60), (120, 60))
    estimate_poses(_video(tmp_path, alone, alone, together, fps=4.0), MODEL, backend=backend)
    assert _opened(backend)[-1] == ("some", 2, True)


def _turned_round(person: DetectedPerson) -> DetectedPerson:
    return replace(person, world_m=person.world_m * [1.0, 1.0, -1.0])


@pytest.mark.parametrize("faces_left", [False, True])
def test_the_model_is_shown_every_lifter_facing_one_way(tmp_path: Path, faces_left: bool) -> None:
    shown: list[float] = []

    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        (person,) = _in_white_squares(rgb, time_ms)
        shown.append(person.image_px[:, 0].mean() - BODY.image_px[:, 0].mean())
        return [_turned_round(person) if faces_left else person]

    backend = FakeBackend(handler)
    poses = estimate_poses(_video(tmp_path, _picture(160, 120, (40, 60))), MODEL, backend=backend)
    previewed = len(backend.opened[0].shapes)
    assert shown[:previewed] == pytest.approx([39.5] * previewed, abs=0.5)
    assert shown[previewed:] == pytest.approx([160 - 39.5 if faces_left else 39.5] * len(poses), abs=1.0)
    # What is found is given for the picture as it is.
    assert np.abs(poses.image_px[..., 0].mean(axis=1) - BODY.image_px[:, 0].mean() - 39.5).max() < 1.5


def test_who_faces_the_camera_is_not_mirrored(tmp_path: Path) -> None:
    shown: list[float] = []

    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        (person,) = _in_white_squares(rgb, time_ms)
        shown.append(float(person.image_px[:, 0].mean()))
        return [replace(person, world_m=person.world_m * [1.0, 1.0, 0.0])]

    estimate_poses(_video(tmp_path, _picture(160, 120, (40, 60))), MODEL, backend=FakeBackend(handler))
    assert np.ptp(shown) < 1.0


@pytest.mark.parametrize(("rows", "columns"), [(40, 0), (0, 50), (40, 50)])
def test_black_bars_are_cut_off_and_poses_stay_where_they_are(
    backend: FakeBackend, tmp_path: Path, rows: int, columns: int
) -> None:
    plain = _picture(240, 200, _middle(240, 200))
    barred = _with_bars(plain, rows=rows, columns=columns)
    poses = estimate_poses(_video(tmp_path, barred), MODEL, backend=backend)
    assert set(_pictures(backend)) == {(200 - 2 * rows, 240 - 2 * columns, 3)}
    assert np.abs(poses.image_px - BODY.image_px - [119.5, 99.5, 0.0]).max() < 0.5
    assert np.abs(poses.contour_px - BODY.contour_px - [119.5, 99.5]).max() < 0.5
    assert (poses.video.width, poses.video.height) == (240, 200)


@pytest.mark.parametrize("rows", [0, 120])
def test_poses_of_a_large_video_are_in_its_own_pixels(backend: FakeBackend, tmp_path: Path, rows: int) -> None:
    width, height = ANALYSIS_MAX_SIDE * 3 // 2, 600
    plain = _picture(width, height, (300, 300), size=30)
    poses = estimate_poses(_video(tmp_path, _with_bars(plain, rows=rows), frames=6), MODEL, backend=backend)
    assert set(_pictures(backend)) == {((height - 2 * rows) * 2 // 3, ANALYSIS_MAX_SIDE, 3)}
    assert (poses.video.width, poses.video.height) == (width, height)
    # Depth is scaled like the picture, but does not start at its corner.
    assert np.abs(poses.image_px - 1.5 * BODY.image_px - [300.0, 300.0, 0.0]).max() < 2.0
    assert np.abs(poses.contour_px - 1.5 * BODY.contour_px - 300.0).max() < 2.0
    # Metres stay metres.
    np.testing.assert_array_equal(poses.world_m[0], BODY.world_m.astype(np.float32))


def test_a_file_that_does_not_state_its_length_gives_what_the_same_pictures_in_another_give(tmp_path: Path) -> None:
    # Black bars, a second person who comes late, and somebody who faces left: all that a look beforehand must find.
    alone = _with_bars(_picture(160, 120, (40, 60)), rows=20)
    together = _with_bars(_picture(160, 120, (40, 60), (120, 60)), rows=20)
    shown = [alone if index < 60 else together for index in range(100)]
    stated = write_video(tmp_path / "stated.mp4", shown, options=FAST, gop_size=25)
    recorded = as_a_browser_records(stated, tmp_path / "recorded.mkv")
    with VideoReader(recorded) as reader:
        assert reader.info.duration_s is None
    assert read_duration_s(recorded) == pytest.approx(4.0, abs=0.05)
    results = []
    for path in (stated, recorded):
        pictures: list[bytes] = []

        def handler(rgb: np.ndarray, time_ms: int, pictures: list[bytes] = pictures) -> list[DetectedPerson]:
            pictures.append(rgb.tobytes())
            return [_turned_round(person) for person in _in_white_squares(rgb, time_ms)]

        backend = FakeBackend(handler)
        poses = estimate_poses(path, MODEL, backend=backend)
        results.append((_opened(backend), pictures, poses.image_px.tobytes(), len(poses)))
    assert results[0][0][1] == ("some", 2, True)
    assert results[0] == results[1]


@pytest.mark.parametrize("person", Person)
def test_the_user_chooses_whom_to_follow(backend: FakeBackend, tmp_path: Path, person: Person) -> None:
    picture = _picture(200, 120, (100, 60), size=20)
    for x, size in ((40, 16), (160, 14)):
        picture[60 - size // 2 : 60 + size // 2, x - size // 2 : x + size // 2] = 255
    poses = estimate_poses(_video(tmp_path, picture), MODEL, backend=backend, person=person)
    across = float(poses.image_px[..., 0].mean() - BODY.image_px[:, 0].mean())
    expected = {Person.LEFT: 39.5, Person.RIGHT: 159.5}
    if person in expected:
        assert across == pytest.approx(expected[person], abs=1.0)
    assert "Several people" in " ".join(poses.notes)


# --------------------------------------------------------------------------------------------------------- the bars


def _parts(*pictures: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = _without_bars(pictures)
    return rows.start, rows.stop, columns.start, columns.stop


@pytest.mark.parametrize("at", [lambda i: (0, 0), lambda i: (10 * i, 5 * i)], ids=["still", "moving"])
def test_without_bars_the_picture_is_whole(at: Callable[[int], tuple[int, int]]) -> None:
    pictures = [_picture(160, 120, (20 + at(i)[0], 20 + at(i)[1])) for i in range(PREVIEW_FRAMES)]
    assert _parts(*pictures) == (0, 120, 0, 160)


def test_bars_are_found_at_each_side_for_itself() -> None:
    picture = _picture(160, 120)
    picture[:30] = 0
    picture[:, 140:] = 0
    assert _parts(picture) == (30, 120, 0, 140)


def test_what_is_bright_in_one_preview_frame_is_picture() -> None:
    plain = _picture(160, 120)
    later = _with_bars(plain, columns=20)
    later[:, :20] = 90
    assert _parts(_with_bars(plain, rows=30, columns=20), later) == (0, 120, 0, 140)
    assert _parts(_with_bars(plain, rows=30, columns=20)) == (30, 90, 20, 140)


def test_narrow_bars_are_left_alone() -> None:
    narrow, wide = int(BAR_MIN * 200) - 1, int(BAR_MIN * 200) + 1
    assert _parts(_with_bars(_picture(200, 200), rows=narrow, columns=narrow)) == (0, 200, 0, 200)
    assert _parts(_with_bars(_picture(200, 200), rows=wide, columns=narrow)) == (wide, 200 - wide, 0, 200)


def test_a_dark_picture_is_not_cut() -> None:
    assert _parts(_picture(160, 120, grey=0)) == (0, 120, 0, 160)
    assert _parts(_picture(160, 120, grey=BAR_LEVEL)) == (0, 120, 0, 160)
    lamp = _with_bars(_picture(160, 120), rows=int(60 - PICTURE_MIN * 60 + 2))
    assert _parts(lamp) == (0, 120, 0, 160)


def test_specks_of_compression_in_a_bar_do_not_make_it_picture() -> None:
    barred = _with_bars(_picture(400, 300), rows=60)
    barred[20, 100:103] = 60
    barred[280, 5] = 255
    assert _parts(barred) == (60, 240, 0, 400)
