"""The report folder: contents of the files, and that no foreign file is ever touched."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import math
import os
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formcheck.core.errors import OutputError
from formcheck.core.poses import PoseSequence
from formcheck.storage import report_folder
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.storage.report_folder import (
    LOCK,
    MARKER,
    PARTIAL_PREFIX,
    ReportFolder,
    default_folder_name,
    open_report_folder,
    report_json,
    reps_csv,
    safe_name,
    signals_csv,
)
from tests.helpers.make_reports import make_finding, make_poses, make_rep, make_report, nothing_to_judge

POSES = make_poses(frames=4)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("set.mp4").write_bytes(b"a video")


def write(out: str | None = None, source: str = "set.mp4", text: str = "{}", name: str = "report.json") -> Path:
    with open_report_folder(Path(source), None if out is None else Path(out), [name]) as folder:
        put(folder, name, text)
    return folder.path


def put(folder: ReportFolder, name: str, text: str) -> None:
    def make(path: Path) -> None:
        path.write_text(text, encoding="utf-8")

    folder.write(name, make)


def put_poses(folder: ReportFolder, poses: PoseSequence) -> None:
    folder.write("poses.npz", lambda path: save_poses(poses, path))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- contents ------------------------------------------------------------------------------------------------------


def test_report_json_is_strict_and_keeps_missing_numbers_as_null() -> None:
    report = make_report(POSES, reps=(make_rep(back_rounding_deg=math.nan),))
    content = json.loads(report_json(report), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert content == report.to_dict()
    assert content["reps"][0]["measures"]["back_rounding_deg"] is None


def test_reps_csv_has_a_row_a_rep_and_a_column_a_measure() -> None:
    reps = (
        make_rep(1, (make_finding(), make_finding("depth", "ok"))),
        make_rep(2, (make_finding(verdict="watch"),), back_rounding_deg=math.nan, shin_deg=-3.25),
    )
    first, second = rows_of(reps_csv(reps))
    assert first["rep"] == "1"
    assert float(first["start_s"]) == pytest.approx(reps[0].start_s)
    assert first["back_rounding_deg"] == "34"
    assert first["shin_deg"] == ""
    assert (first["back-rounding_verdict"], first["depth_verdict"]) == ("fault", "ok")
    assert first["findings"] == "Back rounding (fault)"
    assert first["cues"] == "Chest proud, squeeze your armpits."
    assert (second["back_rounding_deg"], second["shin_deg"], second["depth_verdict"]) == ("", "-3.25", "")


def test_reps_csv_of_no_reps_is_a_header_only() -> None:
    assert reps_csv(()).startswith("rep,start_s,")
    assert rows_of(reps_csv(())) == []


@pytest.mark.parametrize("cue", ['say "up"', "a,b", "two\nlines", "žluťoučký – 硬拉 💪", "semi;colon"])
def test_text_in_csv_survives_reading(cue: str) -> None:
    (row,) = rows_of(reps_csv((make_rep(findings=(make_finding(cue=cue),)),)))
    assert row["cues"] == cue


@pytest.mark.parametrize("cue", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_text_in_csv_is_no_formula(cue: str) -> None:
    (row,) = rows_of(reps_csv((make_rep(findings=(make_finding(cue=cue),)),)))
    assert row["cues"] == "'" + cue


def test_csv_lines_end_as_the_standard_says() -> None:
    for text in (reps_csv((make_rep(),)), signals_csv(make_report(POSES).signals, POSES.time_s)):
        assert text.endswith("\r\n")
        assert text.count("\n") == text.count("\r\n")


def test_signals_csv_has_a_row_a_frame_and_every_signal() -> None:
    signals = make_report(POSES, 12.345).signals
    assert signals is not None
    rows = rows_of(signals_csv(signals, POSES.time_s))
    assert list(rows[0]) == list(signals.columns())
    assert [float(row["time_s"]) for row in rows] == pytest.approx(POSES.time_s.tolist())
    assert {row["back_rounding_deg"] for row in rows} == {"12.345"}
    assert {row["hip_height"] for row in rows} == {""}


def test_signals_csv_without_a_lifter_still_has_the_times() -> None:
    report = nothing_to_judge(POSES)
    assert [row["time_s"] for row in rows_of(signals_csv(report.signals, POSES.time_s))] == [
        "0",
        "0.04",
        "0.08",
        "0.12",
    ]


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("squat 5x100", "squat 5x100"),
        ("Übung 硬拉", "Übung 硬拉"),
        ("a/b\\c:d*e?", "a-b-c-d-e"),
        ("..", "video"),
        ("", "video"),
        ("\x1b[31m", "31m"),
        ("con", "con-"),
        ("COM1.old", "COM1.old-"),
        ("console", "console"),
        ("ends with. ", "ends with"),
        ("\udcff", "video"),
    ],
)
def test_names_become_safe_folder_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_every_name_becomes_a_usable_folder_name(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 110
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\:*?"<>|\0')
    assert safe_name(safe) == safe


def test_a_plain_poses_file_is_named_after_its_video() -> None:
    assert default_folder_name(Path("x/poses.npz"), "C:/clips/my set.mp4") == "my set"
    assert default_folder_name(Path("x/tuesday.npz"), "set.mp4") == "tuesday"
    assert default_folder_name(Path("x/tuesday.mp4")) == "tuesday"


# --- whose files ---------------------------------------------------------------------------------------------------


def test_the_default_folder_is_used_again_for_the_same_input() -> None:
    assert write(text="old") == write(text="new") == Path("formcheck-reports/set")
    assert Path("formcheck-reports/set/report.json").read_text() == "new"


def test_another_input_of_the_same_name_gets_its_own_folder() -> None:
    Path("other").mkdir()
    Path("other/set.mp4").write_bytes(b"another video")
    assert write(text="first") == Path("formcheck-reports/set")
    assert write(text="second", source="other/set.mp4") == Path("formcheck-reports/set-2")
    assert Path("formcheck-reports/set/report.json").read_text() == "first"


@pytest.mark.parametrize("name", ["report.json", "annotated.mp4", "notes.txt"])
def test_a_default_folder_of_somebody_else_is_left_alone(name: str) -> None:
    foreign = Path("formcheck-reports/set") / name
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    assert write() == Path("formcheck-reports/set-2")
    assert foreign.read_text() == "mine"
    assert list(foreign.parent.iterdir()) == [foreign]


def test_a_foreign_file_in_a_given_folder_is_an_error() -> None:
    Path("out").mkdir()
    Path("out/report.json").write_text('{"schema": 1}')
    with pytest.raises(OutputError, match=r"out/report\.json exists and was not written by FormCheck"):
        write("out")
    assert os.listdir("out") == ["report.json"]
    assert Path("out/report.json").read_text() == '{"schema": 1}'


def test_other_files_in_a_given_folder_do_no_harm() -> None:
    Path("out").mkdir()
    Path("out/notes.txt").write_text("mine")
    assert write("out") == Path("out")
    assert Path("out/notes.txt").read_text() == "mine"


def test_a_file_that_was_changed_since_counts_as_foreign() -> None:
    write("out", text="ours")
    Path("out/report.json").write_text("edited by hand")
    with pytest.raises(OutputError, match="not written by FormCheck"):
        write("out")
    assert Path("out/report.json").read_text() == "edited by hand"


def test_a_foreign_file_that_appears_during_the_work_is_left_alone() -> None:
    with open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]) as folder:
        Path("out/report.json").write_text("mine")
        with pytest.raises(OutputError, match="not written"):
            put(folder, "report.json", "ours")
    assert Path("out/report.json").read_text() == "mine"


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link"])
def test_folders_and_links_with_such_names_are_foreign(kind: str) -> None:
    Path("out").mkdir()
    target = Path("out/report.json")
    if kind == "folder":
        target.mkdir()
    else:
        target.symlink_to("../set.mp4" if kind == "link" else "nowhere")
    with pytest.raises(OutputError, match=r"report\.json"):
        write("out")
    assert Path("set.mp4").read_bytes() == b"a video"


def test_a_spoilt_marker_owns_nothing() -> None:
    write("out")
    Path("out", MARKER).write_text("[]")
    with pytest.raises(OutputError, match="not written by FormCheck"):
        write("out")


def test_the_input_is_never_written_over() -> None:
    Path("out").mkdir()
    Path("out/annotated.mp4").write_bytes(b"input")
    with pytest.raises(OutputError, match="is the input itself"):
        write("out", source="out/annotated.mp4", name="annotated.mp4")
    assert Path("out/annotated.mp4").read_bytes() == b"input"


def test_poses_given_as_input_stay_what_they_are() -> None:
    with open_report_folder(Path("set.mp4"), Path("out"), ["poses.npz"]) as folder:
        put_poses(folder, POSES)
    before = Path("out/poses.npz").read_bytes()
    with open_report_folder(Path("out/poses.npz"), Path("out"), ["poses.npz"]) as folder:
        put_poses(folder, replace(POSES, image_px=POSES.image_px + 1))
    assert Path("out/poses.npz").read_bytes() == before
    assert folder.written == []


def test_files_of_an_earlier_run_that_were_not_renewed_are_named() -> None:
    write("out", name="annotated.mp4")
    with open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]) as folder:
        put(folder, "report.json", "{}")
        assert folder.left_over == (Path("out/annotated.mp4"),)


# --- when things go wrong ------------------------------------------------------------------------------------------


def test_poses_are_saved_whole_and_readable_like_other_files() -> None:
    with open_report_folder(Path("set.mp4"), None, ["poses.npz"]) as folder:
        put_poses(folder, POSES)
    loaded = load_poses(folder.path / "poses.npz")
    np.testing.assert_allclose(loaded.image_px, POSES.image_px, atol=0.01)
    assert (folder.path / "poses.npz").stat().st_mode == (folder.path / MARKER).stat().st_mode


def test_a_folder_that_cannot_be_made_is_an_error() -> None:
    Path("file").write_text("in the way")
    for out in ("file", "file/below"):
        with pytest.raises(OutputError, match=r"^file.*--out"):
            write(out)


def test_a_full_disk_is_one_readable_line_and_leaves_no_half_file() -> None:
    def fill(path: Path) -> None:
        path.write_bytes(b"half of")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_report_folder(Path("set.mp4"), Path("out"), ["report.json", "annotated.mp4"]) as folder:
        put(folder, "report.json", "{}")
        with pytest.raises(OutputError, match=r"^out/annotated\.mp4 cannot be written \(No space left on device\)"):
            folder.write("annotated.mp4", fill)
    assert sorted(os.listdir("out")) == [MARKER, "report.json"]


def test_messages_name_the_final_file_not_the_temporary_one() -> None:
    def refuse(path: Path) -> None:
        raise OutputError(f"The video {path} cannot be written: no.")

    with open_report_folder(Path("set.mp4"), Path("out"), ["annotated.mp4"]) as folder, pytest.raises(OutputError) as e:
        folder.write("annotated.mp4", refuse)
    assert str(e.value) == "The video out/annotated.mp4 cannot be written: no."


def test_a_failed_replacement_keeps_the_earlier_file() -> None:
    write("out", text="earlier")

    def stop(path: Path) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]) as folder:
        folder.write("report.json", stop)
    assert Path("out/report.json").read_text() == "earlier"
    assert write("out", text="later") == Path("out")


def test_work_that_fails_before_the_first_file_leaves_no_folder() -> None:
    with pytest.raises(ZeroDivisionError), open_report_folder(Path("set.mp4"), None, ["report.json"]):
        raise ZeroDivisionError
    assert os.listdir() == ["set.mp4"]


def test_a_folder_that_was_there_before_stays_after_a_failure() -> None:
    Path("out").mkdir()
    with pytest.raises(ZeroDivisionError), open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]):
        raise ZeroDivisionError
    assert Path("out").is_dir()


def test_leftovers_of_a_killed_run_are_removed_once_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where a folder cannot be locked, another analysis may be at work in it.
    monkeypatch.setattr(report_folder, "_taken", lambda _: contextlib.nullcontext(False))
    old, new = Path("out", f"{PARTIAL_PREFIX}old"), Path("out", f"{PARTIAL_PREFIX}new")
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    write("out")
    assert not old.exists()
    assert new.exists()


def test_a_very_long_file_name_works() -> None:
    long = Path("x" * 240 + ".mp4")
    long.write_bytes(b"")
    path = write(source=str(long))
    assert (path / "report.json").is_file()


class Msvcrt(types.ModuleType):
    """The locks of Windows, played by those of POSIX: as there, one file opened twice in a process is told apart."""

    LK_NBLCK = 2

    @staticmethod
    def locking(handle: int, mode: int, size: int) -> None:
        import fcntl

        assert (mode, size) == (Msvcrt.LK_NBLCK, 1)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None


@pytest.fixture(params=["folder", "file"])
def _either_lock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is locked itself, or as on Windows by a file in it."""
    if request.param == "folder":
        if not report_folder.CAN_LOCK_FOLDERS:
            pytest.skip("folders cannot be locked here")
    elif report_folder.CAN_LOCK_FOLDERS:
        monkeypatch.setattr(report_folder, "CAN_LOCK_FOLDERS", False)
        monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt("msvcrt"))


def names_in(folder: str) -> list[str]:
    """All but the file that is locked."""
    return sorted(path.name for path in Path(folder).iterdir() if path.name != LOCK)


@pytest.mark.usefixtures("_either_lock")
def test_of_two_analyses_into_one_folder_the_second_is_told_and_the_first_goes_on() -> None:
    with open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]) as first:
        for source in ("set.mp4", "other.mp4"):
            with (
                pytest.raises(OutputError, match="out is being written to by another analysis"),
                open_report_folder(Path(source), Path("out"), ["report.json"]),
            ):
                pass
        put(first, "report.json", "{}")
    assert names_in("out") == [MARKER, "report.json"]
    assert write("out") == Path("out")


@pytest.mark.usefixtures("_either_lock")
def test_a_file_that_another_analysis_is_just_writing_is_not_called_foreign() -> None:
    with open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]):
        Path("out", "report.json").write_text("just moved here")
        with (
            pytest.raises(OutputError, match="another analysis"),
            open_report_folder(Path("set.mp4"), Path("out"), ["report.json"]),
        ):
            pass
    with pytest.raises(OutputError, match="not written by FormCheck"):
        write("out")


@pytest.mark.usefixtures("_either_lock")
def test_no_lock_is_left_where_nothing_was_written() -> None:
    Path("foreign").mkdir()
    Path("foreign", "report.json").write_text("somebody's own")
    with pytest.raises(OutputError, match="not written by FormCheck"):
        write("foreign")
    with pytest.raises(ZeroDivisionError), open_report_folder(Path("set.mp4"), Path("new"), ["report.json"]):
        raise ZeroDivisionError
    assert os.listdir("foreign") == ["report.json"]
    assert not Path("new").exists()


def test_a_disk_that_knows_no_locks_is_written_to_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    windows = Msvcrt("msvcrt")
    monkeypatch.setattr(windows, "locking", refused, raising=False)
    monkeypatch.setattr(report_folder, "CAN_LOCK_FOLDERS", False)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    assert write("out") == Path("out")


@pytest.mark.usefixtures("_either_lock")
def test_what_a_killed_analysis_left_is_removed_by_the_next_one() -> None:
    write("out")
    Path("out", f"{PARTIAL_PREFIX}left").mkdir()
    Path("out", f"{PARTIAL_PREFIX}left", "report.html").write_text("half")
    Path("out", f".{MARKER}.c092189cc6cf.part").write_text("{")
    write("out")
    assert names_in("out") == [MARKER, "report.json"]
