"""Pose files and settings that somebody made to harm, or that broke on the way: one line says so, at once and cheaply.

Every case here once ended in a traceback, in minutes of work or in gigabytes.
"""

from __future__ import annotations

import json
import os
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formcheck.core.errors import FormCheckError, InputError, PoseFileError, UsageError
from formcheck.core.limits import DEFAULT_LIMITS, VARIABLES, limits_from, most
from formcheck.judging.settings import parse_settings
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.storage.report_folder import safe_name
from formcheck.storage.settings_files import read_settings
from tests.helpers.synthetic_lifter import film, standing_still

SHORT = film(standing_still(0.2))
BOMB_BYTES = 200_000_000
"""Unpacked; the file itself has a thousandth of that."""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "poses.npz"
    save_poses(SHORT, path)
    return path


def rewrite(path: Path, **changes: Any) -> None:
    with np.load(path) as archive:
        members: dict[str, Any] = {**archive, **{name: np.asarray(value) for name, value in changes.items()}}
    np.savez_compressed(path, **members)


def change_facts(path: Path, **changes: Any) -> None:
    with np.load(path) as archive:
        about = json.loads(str(archive["about"]))
    for name, value in changes.items():
        (about if name in about else about["video"])[name] = value
    rewrite(path, about=np.array(json.dumps(about)))


# --- poses ---------------------------------------------------------------------------------------------------------


def test_an_array_of_zeros_that_unpacks_to_more_than_it_should_is_never_unpacked(saved: Path) -> None:
    rewrite(saved, world_m=np.zeros(BOMB_BYTES // 4, np.float32))
    assert saved.stat().st_size < BOMB_BYTES / 500
    tracemalloc.start()
    with pytest.raises(PoseFileError, match="world_m has the shape"):
        load_poses(saved)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_header_that_promises_more_than_the_file_holds_is_refused(saved: Path) -> None:
    frames = len(SHORT)
    with np.load(saved) as archive:
        members = dict(archive)
    with zipfile.ZipFile(saved, "w") as archive:
        for name, values in members.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(values))
                stream.write(values.tobytes()[: -4 if name == "floor" else None])
    assert frames
    with pytest.raises(PoseFileError, match="not a FormCheck pose file"):
        load_poses(saved)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_numpy_does_not_use_is_refused(saved: Path, packing: int) -> None:
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w", packing) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(PoseFileError, match="not a FormCheck pose file"):
        load_poses(saved)


@pytest.mark.parametrize("last_s", [1e9, 1e30, DEFAULT_LIMITS.duration_s * 1.01])
def test_a_time_axis_of_years_is_refused(saved: Path, last_s: float) -> None:
    rewrite(saved, time_s=np.append(SHORT.time_s[:-1], last_s))
    with pytest.raises(
        PoseFileError, match=r"120 minutes \(limits.minutes in settings.toml, or FORMCHECK_MAX_MINUTES, changes that\)"
    ):
        load_poses(saved)


def test_a_time_axis_within_the_limit_is_read_and_the_limit_can_be_changed(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(saved, time_s=np.append(SHORT.time_s[:-1], 90.0))
    assert load_poses(saved).time_s[-1] == 90.0
    monkeypatch.setenv("FORMCHECK_MAX_MINUTES", "1")
    with pytest.raises(PoseFileError, match="1 minutes"):
        load_poses(saved)


def test_more_frames_than_the_limit_are_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_MAX_FRAMES", str(len(SHORT)))
    assert len(load_poses(saved)) == len(SHORT)
    monkeypatch.setenv("FORMCHECK_MAX_FRAMES", str(len(SHORT) - 1))
    with pytest.raises(PoseFileError, match="frames"):
        load_poses(saved)


@pytest.mark.parametrize("kind", [np.longdouble, np.complex64, np.int64, np.bool_, "U8", "S8"])
def test_times_of_another_type_are_refused(saved: Path, kind: Any) -> None:
    rewrite(saved, time_s=np.arange(len(SHORT)).astype(kind))
    with pytest.raises(PoseFileError):
        load_poses(saved)


def test_half_precision_and_the_other_byte_order_are_read(saved: Path) -> None:
    rewrite(saved, floor=SHORT.floor.astype(np.float16), time_s=SHORT.time_s.astype(">f8"))
    loaded = load_poses(saved)
    np.testing.assert_array_equal(loaded.time_s, SHORT.time_s)
    np.testing.assert_allclose(loaded.floor, SHORT.floor, atol=1e-3)
    assert loaded.floor.dtype == np.float32


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e8])
@pytest.mark.parametrize("name", ["image_px", "world_m", "contour_px"])
def test_a_body_at_an_impossible_place_is_refused(saved: Path, name: str, value: float) -> None:
    array = getattr(SHORT, name).copy()
    array[0, 0, 0] = value
    rewrite(saved, **{name: array})
    with pytest.raises(PoseFileError):
        load_poses(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": "wide"},
        {"width": 1e3},
        {"width": True},
        {"height": 10**9},
        {"frames": None},
        {"frames": -1},
        {"duration_s": float("nan")},
        {"duration_s": float("inf")},
        {"duration_s": "long"},
        {"rotation_deg": 45},
        {"rotation_deg": [90]},
        {"complete": "yes"},
        {"file": 7},
        {"file": "a" * 100_000},
        {"model": {"name": "full"}},
        {"notes": [1, 2]},
        {"notes": "one note"},
        {"notes": ["a" * 4_000_000]},
        {"notes": ["a"] * 10_000},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_facts_that_cannot_be_true_are_refused(saved: Path, changes: dict[str, Any]) -> None:
    change_facts(saved, **changes)
    with pytest.raises(PoseFileError) as caught:
        load_poses(saved)
    assert len(str(caught.value)) < 1_000


def test_a_name_of_a_hundred_thousand_letters_becomes_a_folder_name_at_once() -> None:
    assert safe_name("a" + " " * 100_000 + "b").startswith("a")
    assert safe_name("-" * 100_000) == "video"


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 5_000 + "]" * 5_000, "nested too deep"),
        ("a = " + "{b = " * 5_000 + "1" + "}" * 5_000, "nested too deep"),
        ("[lifter]\nheight_cm = " + "1" * 5_000, "too many digits"),
        ("[lifter]\nheight_cm = " + "1" * 400, "must be a number"),
        ("[lifter]\nheight_cm = 0x" + "f" * 5_000, "must be a number"),
        ("[lifter]\nheight_cm = inf", "must be a number"),
        ("[lifter]\nheight_cm = 1e300", "must be a number"),
        ("[checks.squat]\ndepth = {watch = 1e300, fault = 1}", "must be a number"),
        ('[lifter]\nload_unit = "' + "k" * 100_000 + '"', "must be kg or lb"),
        ("\n".join(f"key{number} = 1" for number in range(5_000)), "more are unknown"),
        (f"{'k' * 100_000} = 1", "unknown"),
    ],
    ids=lambda text: text[:30],
)
def test_settings_beyond_sense_are_one_short_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse_settings(text, "settings.toml")
    assert len(str(caught.value)) < 5_000
    assert "\n" not in str(caught.value)


# --- what is not a file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [load_poses, read_settings])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_is_refused_instead_of_waited_for(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    told: list[BaseException] = []

    def work() -> None:
        try:
            read(path)
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert isinstance(told[0], FormCheckError)
    assert "not an ordinary file" in str(told[0])


@pytest.mark.parametrize("read", [load_poses, read_settings])
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_device_is_refused_instead_of_read_for_ever(read: Callable[[Path], object]) -> None:
    with pytest.raises(InputError, match="not an ordinary file"):
        read(Path("/dev/zero"))


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", VARIABLES)
def test_every_limit_can_be_changed_and_says_how(field: str) -> None:
    variable = VARIABLES[field]
    changed = limits_from({variable.name: "2.5"})
    assert getattr(changed, field) == 2.5 * variable.size
    ways = f"limits.{variable.key} in settings.toml, or {variable.name}, changes that"
    assert most(changed, field) == f"2.5 {variable.unit} ({ways})"
    assert limits_from({variable.name: " "}) == limits_from({}) == DEFAULT_LIMITS


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "many", "1e999"])
def test_a_limit_that_is_not_a_number_above_zero_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="FORMCHECK_MAX_MINUTES must be a number"):
        limits_from({"FORMCHECK_MAX_MINUTES": text})
