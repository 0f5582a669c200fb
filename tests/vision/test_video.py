"""`vision.video`: every kind of file is read upright and on time, or refused with one of FormCheck's errors."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import stat
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formcheck.core.errors import OutputError, VideoError
from formcheck.vision import video
from formcheck.vision.video import VideoReader, VideoWriter, read_frames_at
from tests.helpers.make_videos import (
    BLUE,
    CLOCKWISE_MATRIX,
    GREEN,
    GREY,
    RED,
    frame_number,
    numbered_picture,
    set_display_matrix,
    upright_picture,
    write_sound_only,
    write_video,
)

CODECS = {
    "H.264 mp4": ("mp4", "libx264", "yuv420p"),
    "H.264 10 bit mov": ("mov", "libx264", "yuv420p10le"),
    "H.264 avi": ("avi", "libx264", "yuv420p"),
    "H.264 ts": ("ts", "libx264", "yuv420p"),
    "HEVC mp4": ("mp4", "libx265", "yuv420p"),
    "HEVC 10 bit mp4": ("mp4", "libx265", "yuv420p10le"),
    "VP8 webm": ("webm", "libvpx", "yuv420p"),
    "VP9 webm": ("webm", "libvpx-vp9", "yuv420p"),
    "AV1 mkv": ("mkv", "libsvtav1", "yuv420p"),
    "MJPEG avi": ("avi", "mjpeg", "yuvj420p"),
    "MPEG-4 mp4": ("mp4", "mpeg4", "yuv420p"),
    "ProRes mov": ("mov", "prores_ks", "yuv422p10le"),
    "FFV1 mkv": ("mkv", "ffv1", "yuv420p"),
    "GIF": ("gif", "gif", "rgb8"),
}
QUIET = {"libx265": {"x265-params": "log-level=none"}, "libsvtav1": {"preset": "12"}}


def read(
    path: Path, max_side: int | None = video.DEFAULT_MAX_SIDE, *, for_show: bool = False
) -> tuple[list[video.Frame], VideoReader]:
    with VideoReader(path, max_side=max_side, for_show=for_show) as reader:
        return list(reader), reader


def numbered(count: int) -> list[np.ndarray]:
    return [numbered_picture(index) for index in range(count)]


def colours_seen(rgb: np.ndarray) -> list[tuple[int, int, int]]:
    """Nearest named colour in the middle of each quadrant, row by row."""
    height, width = rgb.shape[:2]
    names = np.array([RED, GREEN, BLUE, GREY])
    seen = []
    for y, x in ((1, 1), (1, 3), (3, 1), (3, 3)):
        patch = rgb[y * height // 4 - 2 : y * height // 4 + 2, x * width // 4 - 2 : x * width // 4 + 2].mean(
            axis=(0, 1)
        )
        seen.append(tuple(names[np.abs(names - patch).sum(axis=1).argmin()].tolist()))
    return seen


# ---- what can be read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CODECS)
def test_codecs_and_containers_give_all_frames_upright_on_time_in_true_colours(kind: str, tmp_path: Path) -> None:
    suffix, codec, pixel_format = CODECS[kind]
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot encode with {codec}")
    path = write_video(
        tmp_path / f"clip.{suffix}",
        [upright_picture()] * 8,
        codec=codec,
        pixel_format=pixel_format,
        options=QUIET.get(codec),
    )

    frames, reader = read(path)

    assert [frame.time_s for frame in frames] == pytest.approx([index / 25 for index in range(8)], abs=0.0011)
    assert reader.complete
    assert reader.notes == ()
    assert (reader.info.width, reader.info.height, reader.info.rotation_deg) == (64, 48, 0)
    assert frames[3].rgb.dtype == np.uint8
    assert frames[3].rgb.flags.c_contiguous
    tolerance = 45 if kind == "GIF" else 14  # GIF: a fixed palette of 3-3-2 bits
    assert np.abs(frames[3].rgb[4:20, 4:28].mean(axis=(0, 1)) - RED).max() < tolerance
    assert colours_seen(frames[3].rgb) == [RED, GREEN, BLUE, GREY]


def test_facts_come_from_the_header(tmp_path: Path) -> None:
    with VideoReader(write_video(tmp_path / "a.mp4", numbered(10))) as reader:
        assert reader.info.codec == "h264"
        assert reader.info.frames == 10
        assert reader.info.nominal_fps == pytest.approx(25)
        assert reader.info.duration_s == pytest.approx(0.4, abs=0.05)


def test_variable_frame_rate_keeps_the_real_times_in_order_despite_b_frames(tmp_path: Path) -> None:
    times_s = [0.0, 0.033, 0.05, 0.2, 0.233, 0.7, 0.71, 1.9]
    path = write_video(tmp_path / "vfr.mp4", numbered(8), times_s, options={"bf": "3"})

    frames, reader = read(path)

    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=0.0011)
    assert [frame_number(frame.rgb) for frame in frames] == list(range(8))
    assert reader.complete


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_time_starts_at_zero_however_late_the_file_starts(suffix: str, tmp_path: Path) -> None:
    times_s = [7.5 + index / 25 for index in range(6)]

    frames, reader = read(write_video(tmp_path / f"late.{suffix}", numbered(6), times_s))

    assert [frame.time_s for frame in frames] == pytest.approx([index / 25 for index in range(6)], abs=0.0011)
    assert reader.complete


def test_gif_delays_become_times(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.gif", numbered(3), [0.0, 0.1, 0.4], codec="gif", pixel_format="rgb8", time_base=Fraction(1, 100)
    )
    assert [frame.time_s for frame in read(path)[0]] == pytest.approx([0.0, 0.1, 0.4])


def test_transparent_pixels_become_white(tmp_path: Path) -> None:
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[:, :32] = (*BLUE, 255)
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba")
    path = write_video(tmp_path / "a.mkv", [frame], codec="ffv1", pixel_format="bgra")

    (read_back,), _ = read(path)

    assert read_back.rgb[20, 10].tolist() == list(BLUE)
    assert read_back.rgb[20, 50].tolist() == [255, 255, 255]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(64, 48), (48, 64)])
def test_rotation_metadata_is_applied_clockwise(degrees: int, size: tuple[int, int], tmp_path: Path) -> None:
    # A player that turns the stored picture clockwise must end up with the upright one.
    stored = np.ascontiguousarray(np.rot90(upright_picture(*size), degrees // 90))
    path = set_display_matrix(write_video(tmp_path / "turned.mp4", [stored] * 3), CLOCKWISE_MATRIX[degrees])

    frames, reader = read(path)

    assert reader.info.rotation_deg == degrees
    assert (reader.info.width, reader.info.height) == size
    assert len(frames) == 3
    for frame in frames:
        assert frame.rgb.shape == (size[1], size[0], 3)
        assert colours_seen(frame.rgb) == [RED, GREEN, BLUE, GREY]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_our_turn_is_the_opposite_of_ffmpegs_counterclockwise_angle(degrees: int, tmp_path: Path) -> None:
    path = set_display_matrix(write_video(tmp_path / "turned.mp4", numbered(1)), CLOCKWISE_MATRIX[degrees])
    with av.open(str(path)) as container:
        ffmpeg_angle = next(container.decode(video=0)).rotation
    with VideoReader(path) as reader:
        assert reader.info.rotation_deg == -ffmpeg_angle % 360


def test_mirrored_display_matrix_is_mirrored(tmp_path: Path) -> None:
    stored = np.ascontiguousarray(upright_picture()[:, ::-1])
    path = set_display_matrix(write_video(tmp_path / "selfie.mp4", [stored]), (-1, 0, 0, 1))
    assert colours_seen(read(path)[0][0].rgb) == [RED, GREEN, BLUE, GREY]


@pytest.mark.parametrize("size", [(65, 49), (63, 48), (50, 81)])
def test_odd_sizes_keep_every_pixel(size: tuple[int, int], tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mkv", [upright_picture(*size)] * 2, codec="ffv1", pixel_format="yuv444p")

    frames, reader = read(path)

    assert (reader.info.width, reader.info.height) == size
    assert frames[1].rgb.shape == (size[1], size[0], 3)
    assert colours_seen(frames[1].rgb) == [RED, GREEN, BLUE, GREY]


@pytest.mark.parametrize(("aspect", "expected"), [(Fraction(4, 3), (85, 48)), (Fraction(1, 2), (64, 96))])
def test_pixels_become_square(aspect: Fraction, expected: tuple[int, int], tmp_path: Path) -> None:
    frames, reader = read(write_video(tmp_path / "wide.mp4", [upright_picture()], sample_aspect=aspect))
    assert (reader.info.width, reader.info.height) == expected
    assert frames[0].rgb.shape == (expected[1], expected[0], 3)


@pytest.mark.parametrize(("degrees", "expected"), [(0, (40, 30)), (90, (30, 40))])
def test_max_side_scales_down_but_never_up(degrees: int, expected: tuple[int, int], tmp_path: Path) -> None:
    path = set_display_matrix(write_video(tmp_path / "a.mp4", [upright_picture(64, 48)] * 2), CLOCKWISE_MATRIX[degrees])

    frames, reader = read(path, max_side=40)

    assert (reader.info.width, reader.info.height) == expected
    assert all(frame.rgb.shape == (expected[1], expected[0], 3) for frame in frames)
    assert read(path, max_side=1000)[1].info.width in (64, 48)


@pytest.mark.parametrize("color_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 5], ids=["BT.709", "BT.601"])
def test_colour_matrix_and_range_are_honoured(color_range: int, matrix: int, tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.mp4", [upright_picture()], color_range=color_range, colorspace=matrix, options={"qp": "4"}
    )
    rgb = read(path)[0][0].rgb
    assert np.abs(rgb[4:20, 4:28].mean(axis=(0, 1)) - RED).max() < 5
    assert np.abs(rgb[4:20, 36:60].mean(axis=(0, 1)) - GREEN).max() < 5


@pytest.mark.parametrize("color_range", [0, 1, 2], ids=["unnamed", "limited", "full"])
@pytest.mark.parametrize("matrix", [1, None, 5], ids=["BT.709", "unnamed", "BT.601"])
@pytest.mark.parametrize("size", [(64, 48), (1280, 960)])
@pytest.mark.parametrize("degrees", [0, 90])
def test_pictures_for_show_have_the_same_colours(
    color_range: int, matrix: int | None, size: tuple[int, int], degrees: int, tmp_path: Path
) -> None:
    colour: dict[str, Any] = {} if matrix is None else {"color_range": color_range, "colorspace": matrix}
    path = write_video(tmp_path / "a.mp4", [upright_picture(*size)], options={"qp": "4"}, **colour)
    set_display_matrix(path, CLOCKWISE_MATRIX[degrees])
    shown, usual = (read(path, max_side=40, for_show=for_show)[0][0].rgb.astype(int) for for_show in (True, False))
    assert shown.shape == usual.shape
    # Edges between colours may differ; the wrong matrix or range would move whole areas by 15 and more.
    assert np.median(np.abs(shown - usual)) <= 3
    assert np.percentile(np.abs(shown - usual), 80) <= 6


def pq_signal(nits: float) -> float:
    light = (nits / 10_000) ** (2610 / 16384)
    return float(((3424 / 4096 + 2413 / 128 * light) / (1 + 2392 / 128 * light)) ** (2523 / 32))


def hlg_signal(nits: float) -> float:
    scene = (nits / 1000) ** (1 / 1.2)
    return math.sqrt(3 * scene) if scene <= 1 / 12 else 0.17883277 * math.log(12 * scene - 0.28466892) + 0.55991073


@pytest.mark.parametrize(("transfer", "signal"), [(16, pq_signal), (18, hlg_signal)], ids=["PQ", "HLG"])
@pytest.mark.parametrize("degrees", [0, 90])
def test_hdr_gets_ordinary_contrast(
    transfer: int, signal: Callable[[float], float], degrees: int, tmp_path: Path
) -> None:
    # 203 cd/m2 is a white shirt; 18 % of it is the grey card that an ordinary video stores as about 118.
    nits = [0.1, 0.18 * 203, 203, 900]
    planes = np.full((72, 64), 512, np.uint16)
    for index, value in enumerate(nits):
        planes[:48, index * 16 : (index + 1) * 16] = round(64 + 876 * signal(value))
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p10le")
    path = write_video(
        tmp_path / "hdr.mp4",
        [frame],
        codec="libx264",
        pixel_format="yuv420p10le",
        options={"qp": "1"},
        color_range=1,
        colorspace=9,
        color_primaries=9,
        color_trc=transfer,
    )
    set_display_matrix(path, CLOCKWISE_MATRIX[degrees])

    rgb = read(path)[0][0].rgb

    upright = rgb if degrees == 0 else np.rot90(rgb)
    black, card, white, highlight = (int(upright[24, index * 16 + 8, 1]) for index in range(4))
    assert black < 12
    assert card == pytest.approx(118, abs=4)
    assert 225 < white < 245
    assert 250 < highlight <= 255
    assert np.ptp(upright[24, 24].astype(int)) <= 2  # grey stays grey


def test_hdr_colours_are_brought_to_the_screens_primaries(tmp_path: Path) -> None:
    # BT.709 red of 100 cd/m2, written in BT.2020 primaries (ITU-R BT.2087) and PQ.
    signal = np.array([pq_signal(100 * part) for part in (0.6274, 0.0691, 0.0164)])
    luma = float(signal @ (0.2627, 0.6780, 0.0593))
    planes = np.empty((72, 64), np.uint16)
    planes[:48] = round(64 + 876 * luma)
    planes[48:60] = round(512 + 896 * (signal[2] - luma) / 1.8814)
    planes[60:] = round(512 + 896 * (signal[0] - luma) / 1.4746)
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p10le")
    path = write_video(
        tmp_path / "red.mp4",
        [frame],
        pixel_format="yuv420p10le",
        options={"qp": "1"},
        color_range=1,
        colorspace=9,
        color_primaries=9,
        color_trc=16,
    )
    red, green, blue = read(path)[0][0].rgb[24, 32].tolist()
    assert red == pytest.approx(186, abs=6)  # sRGB of 100/203
    assert max(green, blue) < 40


def test_cover_picture_is_not_taken_for_the_video(tmp_path: Path) -> None:
    path = tmp_path / "cover.mp4"
    with av.open(str(path), "w") as output:
        cover = output.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 240, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        picture = av.VideoFrame.from_ndarray(upright_picture(320, 240), format="rgb24").reformat(format="yuvj420p")
        output.mux(cover.encode(picture))
        output.mux(cover.encode(None))
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(numbered_picture(index), format="rgb24").reformat(format="yuv420p")
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    frames, reader = read(path)

    assert (reader.info.width, reader.info.height) == (64, 48)
    assert [frame_number(frame.rgb) for frame in frames] == list(range(5))


def test_sound_beside_the_picture_does_not_matter(tmp_path: Path) -> None:
    frames, reader = read(write_video(tmp_path / "a.mkv", numbered(5), with_sound=True))
    assert len(frames) == 5
    assert reader.complete


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    frames, reader = read(write_video(tmp_path / "one.mp4", numbered(1)))
    assert [frame.time_s for frame in frames] == [0.0]
    assert reader.complete


# ---- time stamps that cannot be -------------------------------------------------------------------------------------


def retimed(path: Path, target: Path, stamps: list[int]) -> Path:
    """Copy the packets of a one-stream video with the given time stamps, in ms, into nut, which takes what it gets."""
    with av.open(str(path)) as source, av.open(str(target), "w", format="nut") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet, stamp in zip((packet for packet in source.demux(video=0) if packet.size), stamps, strict=True):
            packet.stream = stream
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = stamp
            packet.duration = 0
            output.mux(packet)
    return target


def test_a_jump_of_an_hour_is_not_believed(tmp_path: Path) -> None:
    plain = write_video(tmp_path / "a.mkv", numbered(12), codec="ffv1", pixel_format="yuv444p")
    stamps = [index * 40 if index < 4 else 3_600_000 + index * 40 for index in range(12)]

    frames, reader = read(retimed(plain, tmp_path / "jump.nut", stamps))

    assert [frame_number(frame.rgb) for frame in frames] == [0, 1, 2, 3, 7, 8, 9, 10, 11]
    assert frames[-1].time_s == pytest.approx(8 * 0.04, abs=0.01)
    assert any("time stamp" in note for note in reader.notes)


class StampedFrames:
    """Stands in for a source: its frames are their own time stamps."""

    fps = 25.0

    @staticmethod
    def raw_time_s(frame: float | None) -> float | None:
        return frame


def clock_times(stamps: list[float | None]) -> list[float]:
    clock = video._Clock(StampedFrames())  # type: ignore[arg-type]
    return [time_s for stamp in stamps if (time_s := clock.seconds(stamp)) is not None]  # type: ignore[arg-type]


def test_missing_time_stamps_follow_the_frame_rate() -> None:
    assert clock_times([2.0, None, None, 2.12]) == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert clock_times([None] * 3) == pytest.approx([0.0, 0.04, 0.08])


def test_repeated_time_stamps_are_left_out() -> None:
    assert clock_times([0.0, 0.04, 0.04, 0.03, 0.08]) == pytest.approx([0.0, 0.04, 0.08])


def test_a_clock_set_back_goes_on_from_where_it_was() -> None:
    times_s = clock_times([5.0, 5.04, 5.08, 0.0, 0.04, 0.08, 0.12, 0.16, 0.2])
    assert times_s == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16, 0.20])


@given(st.lists(st.none() | st.floats(-1e6, 1e6)))
def test_time_rises_strictly_whatever_the_file_says(stamps: list[float | None]) -> None:
    times_s = clock_times(stamps)
    assert all(later - earlier > 0.0004 for earlier, later in pairwise(times_s))


# ---- bad input ------------------------------------------------------------------------------------------------------


def refusal(path: Path | str) -> str:
    with pytest.raises(VideoError) as caught:
        VideoReader(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_missing_file(tmp_path: Path) -> None:
    assert "no file" in refusal(tmp_path / "nowhere.mp4")


def test_directory(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refusal(tmp_path / "empty.mp4")


def test_text_with_the_name_of_a_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("Dear diary, today I lifted. " * 500)
    assert "text.mp4 is not a video" in refusal(tmp_path / "text.mp4")


def test_picture_file_is_not_a_video(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", [upright_picture()], codec="png", pixel_format="rgb24", container="image2")
    assert "not a video" in refusal(tmp_path / "a.mkv")


def test_sound_only(tmp_path: Path) -> None:
    assert "holds no picture" in refusal(write_sound_only(tmp_path / "sound.mp4"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not an ordinary file" in refusal(tmp_path / "pipe.mp4")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # chmod would not stop a test that runs as root.
    path = write_video(tmp_path / "a.mp4", numbered(1))

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(video, "open", denied, raising=False)
    assert "permissions" in refusal(path)


def test_impossible_name() -> None:
    assert "cannot be opened" in refusal("a\0b.mp4")


def test_index_missing_at_the_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(10))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    assert "index is missing" in refusal(path)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_cut_off_file_gives_what_can_be_read_and_says_so(suffix: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (50, 48, 64, 3), dtype=np.uint8)
    front = {"movflags": "+faststart"} if suffix == "mp4" else None
    path = write_video(tmp_path / f"cut.{suffix}", list(noise), container_options=front)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])

    frames, reader = read(path)

    assert 15 < len(frames) < 45
    assert not reader.complete
    assert reader.notes


def test_damaged_middle_is_skipped_and_said(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (30, 48, 64, 3), dtype=np.uint8)
    path = write_video(tmp_path / "bad.mp4", list(noise), gop_size=5, container_options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 1500] = b"\xaa" * 1500
    path.write_bytes(data)

    frames, reader = read(path)

    assert 20 < len(frames) <= 30
    assert not reader.complete
    assert any("damaged" in note for note in reader.notes)


def test_absurd_size_in_the_header_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "huge.gif", numbered(2), codec="gif", pixel_format="rgb8")
    data = bytearray(path.read_bytes())
    data[6:10] = b"\xff\xff\xff\xff"  # logical screen size
    path.write_bytes(data)
    assert "no picture that can be decoded" in refusal(path)


@pytest.mark.parametrize(
    "name", ["-i.mp4", "ünï cödé ☃.mp4", "http:x.mp4", "concat:a|b.mp4", "%03d.mp4", "pipe:0", "a#b?.mp4"]
)
def test_odd_names_are_plain_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32" and set(name) & set(':|?%"'):
        pytest.skip("not a file name on Windows")
    made = write_video(tmp_path / "plain.mp4", numbered(2))
    monkeypatch.chdir(tmp_path)
    made.rename(tmp_path / name)

    assert len(read(Path(name))[0]) == 2
    with VideoWriter(name) as writer:
        writer.write(numbered_picture(0), 0.0)
    assert len(read(Path(name))[0]) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a.mp4", "concat:a.mp4|b.mp4", "pipe:0", "lavfi:testsrc", "data:,x"]
)
def test_urls_and_protocols_are_only_missing_files(url: str) -> None:
    assert "no file" in refusal(url)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile secret.ts\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period></Period></MPD>',
    ],
    ids=["HLS", "concat", "SDP", "DASH"],
)
def test_playlists_open_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "secret.ts", numbered(3))
    monkeypatch.chdir(tmp_path)
    for name in ("list.m3u8", "list.mp4"):
        (tmp_path / name).write_text(text)
        assert "not a video" in refusal(tmp_path / name)


@pytest.fixture(scope="module")
def small_videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("fuzz")
    noise = list(np.random.default_rng(2).integers(0, 255, (6, 32, 48, 3), dtype=np.uint8))
    made = {
        "mp4": write_video(folder / "a.mp4", noise),
        "mkv": write_video(folder / "a.mkv", noise, codec="mpeg4"),
        "avi": write_video(folder / "a.avi", noise, codec="mjpeg", pixel_format="yuvj420p"),
        "gif": write_video(folder / "a.gif", noise, codec="gif", pixel_format="rgb8"),
    }
    return {kind: path.read_bytes() for kind, path in made.items()}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["mp4", "mkv", "avi", "gif"]))
def test_any_damage_gives_frames_or_a_video_error(
    data: st.DataObject, kind: str, small_videos: dict[str, bytes], tmp_path: Path
) -> None:
    damaged = bytearray(small_videos[kind])
    head = st.integers(0, min(1500, len(damaged) - 1))  # headers are where damage hurts
    anywhere = st.integers(0, len(damaged) - 1)
    for at, value in data.draw(st.lists(st.tuples(head | anywhere, st.integers(0, 255)), max_size=12)):
        damaged[at] = value
    path = tmp_path / f"fuzz.{kind}"
    path.write_bytes(damaged[: data.draw(st.just(len(damaged)) | anywhere)])

    try:
        frames, reader = read(path)
    except VideoError:
        return
    assert all(frame.rgb.shape == (reader.info.height, reader.info.width, 3) for frame in frames)
    times_s = [frame.time_s for frame in frames]
    assert times_s == sorted(set(times_s))
    try:
        assert len(read_frames_at(path, [0.1, 0.0])) == 2
    except VideoError:
        return


# ---- memory and closing ---------------------------------------------------------------------------------------------


def test_the_reader_lets_go_of_the_frames_it_has_given(tmp_path: Path) -> None:
    given_out: list[weakref.ref[np.ndarray]] = []
    with VideoReader(write_video(tmp_path / "a.mp4", [upright_picture(128, 96)] * 40)) as reader:
        for frame in reader:
            given_out.append(weakref.ref(frame.rgb))
            del frame
        gc.collect()
        assert len(given_out) == 40
        assert not any(reference() is not None for reference in given_out)


def test_python_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def peak_bytes(frames: int) -> int:
        path = write_video(tmp_path / f"{frames}.mp4", [upright_picture(160, 120)] * frames)
        tracemalloc.start()
        try:
            with VideoReader(path) as reader:
                for _ in reader:
                    pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_bytes(5)  # first use fills caches
    assert peak_bytes(200) < peak_bytes(20) + 100_000


def test_reading_may_stop_anywhere_and_the_file_is_closed(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(10))
    with VideoReader(path) as reader:
        next(iter(reader))
    assert list(reader) == []
    reader.close()
    path.unlink()  # Windows refuses this for an open file


def test_nothing_is_printed_over_a_damaged_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(10))
    capfd.readouterr()
    data = bytearray(path.read_bytes())
    data[100:900] = b"\x55" * 800
    path.write_bytes(data)
    with contextlib.suppress(VideoError):
        read(path)
    assert capfd.readouterr() == ("", "")


# ---- frames at given times ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_frames_at_times_are_the_nearest_in_the_order_asked_for(suffix: str, tmp_path: Path) -> None:
    # Ten frames a second, a key frame every five, and a late start where the container can have one.
    start_s = 0.0 if suffix == "avi" else 3.0
    times_s = [start_s + index / 10 for index in range(18)]
    path = write_video(tmp_path / f"a.{suffix}", numbered(18), times_s, gop_size=5, options={"bf": "2"})

    frames = read_frames_at(path, [1.21, 0.0, 0.68, 99.0, -1.0, 1.21])

    assert [frame_number(frame.rgb) for frame in frames] == [12, 0, 7, 17, 0, 12]
    assert [frame.time_s for frame in frames] == pytest.approx([1.2, 0.0, 0.7, 1.7, 0.0, 1.2], abs=0.0011)


def test_a_quick_look_takes_key_frames(tmp_path: Path) -> None:
    times_s = [float(index) for index in range(18)]
    path = write_video(tmp_path / "a.mp4", numbered(18), times_s, gop_size=6, options={"sc_threshold": "0"})
    frames = read_frames_at(path, [0.0, 7.0, 11.0, 17.0], exact=False)
    assert [frame_number(frame.rgb) for frame in frames] == [0, 6, 6, 12]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 6, 6, 12])


def test_a_file_without_an_index_is_decoded_from_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "a.mkv", numbered(18), [index / 10 for index in range(18)])
    monkeypatch.setattr(video._Source, "seek", lambda self, time_s: None)
    frames = read_frames_at(path, [1.4, 0.2, 0.9])
    assert [frame_number(frame.rgb) for frame in frames] == [14, 2, 9]


def test_frames_at_times_of_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(VideoError):
        read_frames_at(tmp_path / "nowhere.mp4", [0.0])


# ---- from a time on, and before conversion --------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such priorities")
def test_no_encoder_changes_the_priority_of_the_tests(tmp_path: Path) -> None:
    def priority() -> tuple[int, int]:
        return os.sched_getscheduler(0), os.sched_getparam(0).sched_priority

    before = priority()
    for kind, (suffix, codec, pixel_format) in CODECS.items():
        if codec in av.codecs_available:
            options = QUIET.get(codec)
            write_video(
                tmp_path / f"a.{suffix}",
                [upright_picture()] * 8,
                codec=codec,
                pixel_format=pixel_format,
                options=options,
            )
            assert priority() == before, kind


@pytest.mark.parametrize("kind", CODECS)
@pytest.mark.parametrize("start_s", [0.4, 0.95, 5.0])
def test_reading_from_a_time_on_gives_the_same_frames_at_the_same_times(
    kind: str, start_s: float, tmp_path: Path
) -> None:
    suffix, codec, pixel_format = CODECS[kind]
    path = tmp_path / f"clip.{suffix}"
    times_s = [index / 10 for index in range(18)]
    options = QUIET.get(codec, {})
    write_video(path, numbered(18), times_s, codec=codec, pixel_format=pixel_format, gop_size=5, options=options)
    whole, _ = read(path)
    with VideoReader(path, start_s=start_s, threads=1) as reader:
        part = list(reader)
        assert reader.exact_times
        assert reader.complete
    expected = [frame for frame in whole if frame.time_s >= start_s - 1e-3]
    assert [frame.time_s for frame in part] == [frame.time_s for frame in expected]
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(part, expected, strict=True))


@pytest.mark.parametrize("landed_s", [None, -1.0, 1.2])
def test_a_seek_that_leads_astray_is_done_without(
    landed_s: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mkv", numbered(18), [index / 10 for index in range(18)], gop_size=5)

    def astray(self: video._Source, time_s: float) -> av.VideoFrame | None:
        if landed_s is None:
            return None
        frame = next(self.frames())
        frame.pts = round(landed_s / float(frame.time_base or 1))
        return frame

    monkeypatch.setattr(video._Source, "seek", astray)
    with VideoReader(path, start_s=0.7) as reader:
        assert [frame_number(frame.rgb) for frame in reader] == list(range(7, 18))


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_thumbnail_is_the_upright_picture_made_small(turn: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    picture = np.kron(rng.uniform(20, 230, (12, 16, 1)), np.ones((8, 8, 3))).astype(np.uint8)
    path = write_video(tmp_path / "a.mp4", [picture], options={"crf": "4"})
    set_display_matrix(path, CLOCKWISE_MATRIX[turn])
    with VideoReader(path) as reader:
        (decoded,) = reader.decoded()
        rgb, small = decoded.rgb(), decoded.thumbnail(8, 6)
    assert rgb is not None
    assert small is not None
    grey = cv2.cvtColor(cv2.resize(rgb, (8, 6), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    assert small.shape == (6, 8)
    assert np.abs(small - grey / 255).max() < 0.03
    assert small.std() > 0.05


def test_a_picture_that_cannot_be_converted_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(3))
    with VideoReader(path) as reader:
        decoded = next(reader.decoded())

        def fail(*_: object) -> None:
            raise ValueError("damaged")

        monkeypatch.setattr(video._Picture, "_reformat", fail)
        assert decoded.rgb() is None
        assert decoded.thumbnail(8, 6) is None
        assert not reader.complete


# ---- writing --------------------------------------------------------------------------------------------------------


def test_what_is_written_reads_back_with_its_times_and_colours(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    times_s = [0.0, 0.0333, 0.0667, 0.3, 0.301, 2.5]
    with VideoWriter(path) as writer:
        for time_s in times_s:
            writer.write(upright_picture(), time_s)
        assert not path.exists()

    frames, reader = read(path)

    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=1e-4)
    assert np.abs(frames[2].rgb[4:20, 4:28].mean(axis=(0, 1)) - RED).max() < 8
    assert np.abs(frames[2].rgb[4:20, 36:60].mean(axis=(0, 1)) - GREEN).max() < 8
    assert reader.complete
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_last_frame_lasts_as_long_as_the_one_before(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4") as writer:
        for index in range(10):
            writer.write(numbered_picture(index), index / 20)
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert reader.info.duration_s == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize(("size", "written"), [((65, 49), (64, 48)), ((64, 49), (64, 48)), ((1, 1), (2, 2))])
def test_odd_sizes_are_cut_to_even(size: tuple[int, int], written: tuple[int, int], tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4") as writer:
        writer.write(upright_picture(*size), 0.0)
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert (reader.info.width, reader.info.height) == written


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_file_leaves_nothing_and_the_old_one_stays(
    interruption: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "out.mp4"
    path.write_text("older")

    def interrupted() -> None:
        with VideoWriter(path) as writer:
            writer.write(upright_picture(), 0.0)
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]
    assert path.read_text() == "older"


def test_ctrl_c_while_finishing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    writer = VideoWriter(tmp_path / "out.mp4")
    writer.write(upright_picture(), 0.0)
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_written_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no picture"), VideoWriter(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_missing_or_a_target_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        VideoWriter(tmp_path / "nowhere" / "out.mp4")
    with pytest.raises(OutputError, match="folder"):
        VideoWriter(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_unwritable_folder(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(OutputError, match="cannot be written"):
            VideoWriter(tmp_path / "out.mp4")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("limit", [4_000, 60_000, 150_000])
def test_full_disk(limit: int, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # a limit on file size fails like a full disk, on POSIX systems
    noise = np.random.default_rng(3).integers(0, 255, (20, 120, 160, 3), dtype=np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write() -> None:
        with VideoWriter(tmp_path / "out.mp4") as writer:
            for index, picture in enumerate(noise):
                writer.write(picture, index / 25)

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_times_must_rise_and_sizes_stay(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4") as writer:
        writer.write(upright_picture(), 0.5)
        with pytest.raises(ValueError, match="increase"):
            writer.write(upright_picture(), 0.5)
        with pytest.raises(ValueError, match="size"):
            writer.write(upright_picture(32, 32), 0.6)
