"""Videos that claim or hold too much: told at once where the header tells, and never paid for with the machine."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from formcheck.core.errors import VideoError
from formcheck.core.limits import VARIABLES
from formcheck.vision.process_memory import limited_memory
from formcheck.vision.video import Frame, VideoReader, read_duration_s, read_frames_at
from tests.helpers.make_videos import as_a_browser_records, numbered_picture, write_video

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts all memory of a process")

PEAK_OF_READING = r"""
import re, sys
from formcheck.core.errors import VideoError
from formcheck.vision.video import VideoReader
try:
    with VideoReader(sys.argv[1]) as reader:
        print(sum(1 for _ in reader), "frames")
except VideoError as error:
    print(error)
# Not ru_maxrss, which begins with what the process that started this one had.
print(int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Twelve frames, 25 a second."""
    return write_video(tmp_path / "film.mp4", [numbered_picture(index) for index in range(12)])


def claim_samples(path: Path, count: int) -> Path:
    """Let the header of an mp4 claim samples of one byte, in tables that take no room in the file."""
    data = bytearray(path.read_bytes())
    for table, at, claim in (("stsz", 8, (1, count)), ("stts", 12, (count,)), ("stsc", 16, (count,))):
        place = data.index(table.encode()) + at
        data[place : place + 4 * len(claim)] = struct.pack(f">{len(claim)}I", *claim)
    path.write_bytes(data)
    return path


def in_own_process(program: str, *words: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
        timeout=240,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@linux_only
def test_a_small_header_that_claims_fifty_million_samples_costs_little(film: Path) -> None:
    told, peak_mb = in_own_process(PEAK_OF_READING, str(claim_samples(film, 50_000_000)))
    assert "film.mp4" in told
    assert int(peak_mb) < 1_500


@linux_only
def test_in_the_block_memory_is_limited_and_afterwards_as_before() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limited_memory(1 << 28):
        with pytest.raises(MemoryError):
            bytearray(1 << 29)
        assert len(bytearray(1 << 24)) == 1 << 24
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(1 << 29)) == 1 << 29


@linux_only
def test_a_process_can_be_limited_for_good() -> None:
    program = (
        "from formcheck.vision.process_memory import limit_memory\nlimit_memory(1 << 29)\n"
        "try:\n    bytearray(1 << 30)\nexcept MemoryError:\n    print('held')"
    )
    assert in_own_process(program) == ["held"]


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_gigabytes_of_nothing_after_the_last_picture_end_in_one_line(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_video(tmp_path / f"film.{suffix}", [numbered_picture(index) for index in range(12)])
    os.truncate(path, 4 << 30)
    monkeypatch.setenv("FORMCHECK_MAX_GAP_MIB", "8")
    words = f"film.{suffix} goes on without a picture for more than 8 MiB"
    with pytest.raises(VideoError, match=words), VideoReader(path) as reader:
        list(reader)
    assert capfd.readouterr().err == ""


def test_a_long_gap_that_has_its_picture_in_the_end_is_read_when_the_limit_allows(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMCHECK_MAX_GAP_MIB", "0.000001")
    with pytest.raises(VideoError):
        VideoReader(film)
    monkeypatch.setenv("FORMCHECK_MAX_GAP_MIB", "1")
    with VideoReader(film) as reader:
        assert len(list(reader)) == 12


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FORMCHECK_MAX_FILE_GIB", "0.000001", "GiB, and the most is"),
        ("FORMCHECK_MAX_MINUTES", "0.001", "minutes, and the most is 0.001 minutes"),
        ("FORMCHECK_MAX_FRAMES", "11", "has 12 frames, and the most is 11 frames"),
        ("FORMCHECK_MAX_MEGAPIXELS", "0.003", "picture of 64 x 48 pixels, and the most is 0.003 million pixels"),
    ],
)
def test_what_the_header_tells_is_refused_before_anything_is_decoded(
    variable: str, value: str, words: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with VideoReader(film) as reader:
        assert len(list(reader)) == 12
    monkeypatch.setenv(variable, value)
    for read in (VideoReader, read_duration_s, lambda path: read_frames_at(path, [0.0])):
        with pytest.raises(VideoError, match=words) as caught:
            read(film)
        assert variable in str(caught.value)


@pytest.mark.parametrize(("variable", "value"), [("FORMCHECK_MAX_MINUTES", "0.004"), ("FORMCHECK_MAX_FRAMES", "7")])
def test_what_the_header_does_not_tell_ends_where_the_limit_is_passed(
    variable: str, value: str, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_a_browser_records(film, tmp_path / "browser.webm")
    monkeypatch.setenv(variable, value)
    read: list[Frame] = []
    with VideoReader(path) as reader, pytest.raises(VideoError, match=r"browser\.webm goes on for more than"):
        read.extend(reader)
    assert len(read) == 7


WAYS = ("environment", "settings.toml")


def limit(way: str, field: str, value: float, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that this much is accepted, in the limit's unit."""
    variable = VARIABLES[field]
    if way == "environment":
        monkeypatch.setenv(variable.name, repr(value))
    else:
        monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(folder))
        (folder / "settings.toml").write_text(f"[limits]\n{variable.key} = {value!r}\n", encoding="utf-8")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", ["file_bytes", "duration_s", "pixels", "frames"])
def test_each_limit_has_two_sides(
    field: str, way: str, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as the limit is read; a thousandth less is refused, by the header, before anything is decoded."""
    there = {
        "file_bytes": film.stat().st_size,
        "duration_s": read_duration_s(film),
        "pixels": 64 * 48,
        "frames": 12,
    }[field]
    number = there / VARIABLES[field].size
    limit(way, field, number * 1.000001, tmp_path, monkeypatch)
    with VideoReader(film) as reader:
        assert len(list(reader)) == 12
    limit(way, field, number * 0.999, tmp_path, monkeypatch)
    with pytest.raises(VideoError, match=f"limits.{VARIABLES[field].key} in settings.toml"):
        VideoReader(film)


def test_a_film_at_the_limits_is_read(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_MAX_FRAMES", "12")
    monkeypatch.setenv("FORMCHECK_MAX_MEGAPIXELS", str(64 * 48 / 1e6))
    with VideoReader(film) as reader:
        frames = list(reader)
    assert len(frames) == 12
    assert isinstance(frames[0].rgb, np.ndarray)
