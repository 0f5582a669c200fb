"""The command line as people use it; poses and a report made by hand stand for the pose model and the analysis."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import formcheck
from formcheck.cli.main import app
from formcheck.core.errors import Cancelled, ModelError, OutputError, UsageError
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import NOT_JUDGED
from formcheck.judging import analysis
from formcheck.judging.report import Report
from formcheck.render import annotated_video, overlay
from formcheck.service import doctor
from formcheck.service.doctor import CheckResult
from formcheck.service.user_values import parse_load_kg
from formcheck.storage.pose_files import save_poses
from formcheck.vision import pose_estimation
from formcheck.vision.models import store
from formcheck.vision.models.store import ModelFile, ModelStatus
from formcheck.vision.native_logs import quiet_native_logs
from tests.helpers.make_reports import make_clip, make_poses, make_report, nothing_to_judge

ALL_FILES = [".formcheck.json", "annotated.mp4", "poses.npz", "report.html", "report.json", "reps.csv", "signals.csv"]
WITHOUT_VIDEO = [name for name in ALL_FILES if name != "annotated.mp4"]


@dataclass
class Pipeline:
    """What stands for the pose model and the analysis, and what they were asked."""

    poses: PoseSequence = field(default_factory=make_poses)
    report: Callable[[PoseSequence], Report] = make_report
    during_poses: Callable[[Callable[[], bool]], None] = lambda cancelled: None
    asked: list[dict[str, Any]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    looked: list[tuple[str | None, bool, int | None]] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    slowed: list[float] = field(default_factory=list)

    def estimate_poses(
        self,
        path: Path,
        model: ModelFile,
        *,
        progress: Any,
        cancelled: Any,
        backend: Any,
        every_frame: bool,
        jobs: int | None,
        person: Any,
        saw: Any,
    ) -> PoseSequence:
        self.models.append(model.name)
        self.looked.append((backend and backend.name, every_frame, jobs))
        self.followed.append(str(person))
        for done in (1, 2):
            progress(done, 2)
        self.during_poses(cancelled)
        return replace(self.poses, video=replace(self.poses.video, file=Path(path).name))

    def analyze(
        self,
        poses: PoseSequence,
        exercise: str = "auto",
        *,
        load_kg: float | None = None,
        slow_motion: float = 1.0,
    ) -> Report:
        self.asked.append({"exercise": exercise, "load_kg": load_kg})
        self.slowed.append(slow_motion)
        return replace(self.report(poses), load_kg=load_kg)


@pytest.fixture(autouse=True)
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.chdir(tmp_path)
    fake = Pipeline()
    monkeypatch.setattr(pose_estimation, "estimate_poses", fake.estimate_poses)
    monkeypatch.setattr(analysis, "analyze", fake.analyze)
    monkeypatch.setattr(
        store, "find_model", lambda name, *, progress=None: ModelFile(Path("x.task"), str(name), "official", "")
    )
    make_clip(Path("set.mp4"))
    return fake


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def one_line(text: str) -> str:
    """The only line of an error message; fails if there are more."""
    (line,) = (line for line in text.splitlines() if not line.endswith(" ..."))
    return line


# --- what is written and said --------------------------------------------------------------------------------------


def test_a_video_becomes_a_summary_and_a_folder() -> None:
    result = run("analyze", "set.mp4")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.lstrip().startswith("FAULT")
    assert "formcheck-reports/set" in result.stdout
    assert sorted(os.listdir("formcheck-reports/set")) == ALL_FILES
    report = json.loads(Path("formcheck-reports/set/report.json").read_text())
    assert (report["schema"], report["exercise"]["name"]) == (1, "deadlift")


def test_backend_and_number_of_looks_reach_the_pose_model(pipeline: Pipeline) -> None:
    assert run("analyze", "set.mp4", "--no-video").exit_code == 0
    assert (
        run("analyze", "set.mp4", "--no-video", "--backend", "mediapipe", "--every-frame", "--jobs", "3").exit_code == 0
    )
    assert pipeline.looked == [(None, False, None), ("mediapipe", True, 3)]


def test_an_unknown_backend_is_an_error_before_any_work(pipeline: Pipeline) -> None:
    result = run("analyze", "set.mp4", "--backend", "tensorflow")
    assert result.exit_code == 2
    assert "auto, openvino, mediapipe" in one_line(result.stderr)
    assert pipeline.models == []


@pytest.mark.parametrize("person", ["auto", "left", "right", "nearest"])
def test_the_person_to_follow_reaches_the_pose_model(person: str, pipeline: Pipeline) -> None:
    assert run("analyze", "set.mp4", "--no-video", "--person", person).exit_code == 0
    assert pipeline.followed == [person]
    assert (f"person {person}" in page_text()) is (person != "auto")


@pytest.mark.parametrize(("told", "times"), [((), 1.0), (("--slow-motion", "4"), 4.0), (("--slow-motion", ".5"), 0.5)])
def test_slow_motion_reaches_the_analysis(told: tuple[str, ...], times: float, pipeline: Pipeline) -> None:
    assert run("analyze", "set.mp4", "--no-video", *told).exit_code == 0
    assert pipeline.slowed == [times]
    assert ("slow motion" in page_text()) is bool(told)


def page_text() -> str:
    return Path("formcheck-reports/set/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("person", ["middle", "", "LEFT"])
def test_an_unknown_person_is_an_error_before_any_work(person: str, pipeline: Pipeline) -> None:
    result = run("analyze", "set.mp4", "--person", person)
    assert result.exit_code == 2
    assert "auto, left, right, nearest" in one_line(result.stderr)
    assert pipeline.models == []


@pytest.mark.parametrize("times", ["0", "-2", "0.05", "100", "nan", "inf"])
def test_a_slow_motion_that_no_camera_makes_is_an_error_before_any_work(times: str, pipeline: Pipeline) -> None:
    result = run("analyze", "set.mp4", "--slow-motion", times)
    assert result.exit_code == 2
    assert "such as 4" in one_line(result.stderr)
    assert result.stdout == ""
    assert pipeline.models == []
    assert not Path("formcheck-reports").exists()


def test_a_slow_motion_that_is_not_a_number_is_wrong_usage(pipeline: Pipeline) -> None:
    result = run("analyze", "set.mp4", "--slow-motion", "very")
    assert result.exit_code == 2
    assert "--slow-motion" in result.stderr
    assert "number" in result.stderr
    assert pipeline.models == []


def test_options_reach_the_analysis(pipeline: Pipeline) -> None:
    result = run("analyze", "set.mp4", "--exercise", "squat", "--load", "225lb", "--model", "lite", "--no-video")
    assert result.exit_code == 0
    assert pipeline.asked == [{"exercise": "squat", "load_kg": pytest.approx(102.058, abs=0.001)}]
    assert pipeline.models == ["lite"]
    assert sorted(os.listdir("formcheck-reports/set")) == WITHOUT_VIDEO
    assert "102.1 kg" in result.stdout


def test_json_is_all_that_standard_output_holds() -> None:
    result = run("analyze", "set.mp4", "--json", "--out", "out")
    assert result.exit_code == 0
    assert result.stdout_bytes == Path("out/report.json").read_bytes()
    assert "out" in result.stderr


def test_progress_bars_stay_off_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("analyze", "set.mp4", "--json")
    assert json.loads(result.stdout)["schema"] == 1
    assert "Drawing annotated.mp4" in result.stderr


def test_nothing_to_judge_is_exit_code_3_with_the_report_written(pipeline: Pipeline) -> None:
    pipeline.report = nothing_to_judge
    pipeline.poses = make_poses(seen=False)
    result = run("analyze", "set.mp4")
    assert result.exit_code == 3
    assert "NOT JUDGED" in result.stdout
    assert sorted(os.listdir("formcheck-reports/set")) == ALL_FILES


def test_a_known_lift_without_reps_is_exit_code_3_too(pipeline: Pipeline) -> None:
    pipeline.report = lambda poses: make_report(poses, reps=(), verdict=NOT_JUDGED)
    assert run("analyze", "set.mp4", "--no-video").exit_code == 3


def test_a_second_run_replaces_the_first_and_mentions_what_is_left_of_it() -> None:
    run("analyze", "set.mp4")
    result = run("analyze", "set.mp4", "--no-video")
    assert result.exit_code == 0
    assert "annotated.mp4 there is from an earlier analysis" in result.stdout
    assert os.listdir("formcheck-reports") == ["set"]


@pytest.mark.parametrize(
    "name", ["硬拉 Übung #1.mp4", "x" * 230 + ".mp4", "-dash.mp4", "[red]markup[bold].mp4", "a\nb.mp4"]
)
def test_unusual_file_names_work(name: str) -> None:
    os.rename("set.mp4", name)
    result = run("analyze", f"./{name}", "--no-video")
    assert result.exit_code == 0, result.stderr
    (folder,) = Path("formcheck-reports").iterdir()
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["video"]["file"] == name


def test_the_page_has_pictures_wherever_the_video_can_be_read(pipeline: Pipeline) -> None:
    run("analyze", "set.mp4", "--no-video")
    assert "data:image/jpeg;base64," in Path("formcheck-reports/set/report.html").read_text(encoding="utf-8")
    Path("elsewhere").mkdir()
    save_poses(pipeline.poses, "elsewhere/poses.npz")
    assert run("analyze", "elsewhere/poses.npz", "--out", "out").exit_code == 0
    assert "data:image" not in Path("out/report.html").read_text(encoding="utf-8")


def test_notes_reach_the_page_as_words() -> None:
    run("analyze", "set.mp4", "--no-video", "--notes", "<b>heavy</b>")
    assert "&lt;b&gt;heavy" in Path("formcheck-reports/set/report.html").read_text(encoding="utf-8")


# --- poses as input ------------------------------------------------------------------------------------------------


def test_saved_poses_are_analysed_without_the_video(pipeline: Pipeline) -> None:
    Path("elsewhere").mkdir()
    save_poses(pipeline.poses, "elsewhere/poses.npz")
    before = Path("elsewhere/poses.npz").read_bytes()
    result = run("analyze", "elsewhere/poses.npz", "--out", "elsewhere")
    assert result.exit_code == 0
    assert "annotated.mp4 needs the video" in " ".join(result.stdout.split())
    assert pipeline.models == []
    assert sorted(os.listdir("elsewhere")) == WITHOUT_VIDEO
    assert Path("elsewhere/poses.npz").read_bytes() == before


def test_saved_poses_beside_their_video_get_an_annotated_one(pipeline: Pipeline) -> None:
    save_poses(pipeline.poses, "poses.npz")
    assert run("analyze", "poses.npz").exit_code == 0
    assert sorted(os.listdir("formcheck-reports/set")) == ALL_FILES


def test_another_video_of_that_name_is_not_drawn_on(pipeline: Pipeline) -> None:
    save_poses(pipeline.poses, "poses.npz")
    make_clip(Path("set.mp4"), width=64, height=48)
    result = run("analyze", "poses.npz")
    assert "needs the video" in " ".join(result.stdout.split())
    assert sorted(os.listdir("formcheck-reports/set")) == WITHOUT_VIDEO


def test_a_pose_file_cannot_point_at_files_elsewhere(pipeline: Pipeline) -> None:
    Path("below").mkdir()
    save_poses(replace(pipeline.poses, video=replace(pipeline.poses.video, file="../set.mp4")), "below/poses.npz")
    result = run("analyze", "below/poses.npz", "--out", "out")
    assert result.exit_code == 0
    assert sorted(os.listdir("out")) == WITHOUT_VIDEO


# --- wrong input and usage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gone.mp4", "folder", "text.mp4", "empty.mp4", "gone.npz", "text.npz"])
def test_unreadable_input_is_one_line_and_leaves_nothing(name: str, pipeline: Pipeline) -> None:
    Path("folder").mkdir()
    for text in ("text.mp4", "text.npz"):
        Path(text).write_text("no video at all")
    Path("empty.mp4").touch()
    result = run("analyze", name)
    assert result.exit_code == 2
    assert name in one_line(result.stderr)
    assert result.stdout == ""
    assert pipeline.models == []
    assert not Path("formcheck-reports").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze"],
        ["analyze", "set.mp4", "--exercise", "curl"],
        ["analyze", "set.mp4", "--load", "heavy"],
        ["analyze", "set.mp4", "--nonsense"],
        ["nonsense"],
        ["models", "fetch", "huge"],
    ],
)
def test_wrong_usage_is_exit_code_2_and_says_what_is_wrong(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert arguments[-1] in result.stderr or "INPUT" in result.stderr


@pytest.mark.parametrize(
    ("text", "load_kg"),
    [("100", 100.0), ("100kg", 100.0), ("100 kg", 100.0), ("62,5KG", 62.5), (" 225lb ", 102.058), ("45 lbs", 20.412)],
)
def test_loads_are_understood(text: str, load_kg: float) -> None:
    assert parse_load_kg(text) == pytest.approx(load_kg, abs=0.001)


@pytest.mark.parametrize("text", ["", "kg", "-5", "0", "1,000", "1e3", "100 stone", "nan", "5000kg", "10 20"])
def test_nonsense_loads_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--load"):
        parse_load_kg(text)


def test_no_load_is_no_load() -> None:
    assert parse_load_kg(None) is None


def test_a_model_that_cannot_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_model(*_: object, **__: object) -> None:
        raise ModelError("There is no pose model named 'x': choose lite.")

    monkeypatch.setattr(store, "find_model", no_model)
    result = run("analyze", "set.mp4")
    assert result.exit_code == 2
    assert one_line(result.stderr) == "There is no pose model named 'x': choose lite."
    assert not Path("formcheck-reports").exists()


def test_a_missing_system_library_is_a_hint_instead_of_a_traceback(pipeline: Pipeline) -> None:
    def fail(_: object) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    pipeline.during_poses = fail
    result = run("analyze", "set.mp4")
    assert result.exit_code == 2
    assert "libGL.so.1" in one_line(result.stderr)
    assert "formcheck doctor" in result.stderr


# --- where it is written -------------------------------------------------------------------------------------------


def test_a_foreign_file_in_the_way_is_found_out_before_the_work(pipeline: Pipeline) -> None:
    Path("out").mkdir()
    Path("out/annotated.mp4").write_text("mine")
    result = run("analyze", "set.mp4", "--out", "out")
    assert result.exit_code == 2
    assert "out/annotated.mp4" in one_line(result.stderr)
    assert pipeline.models == []
    assert Path("out/annotated.mp4").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_found_out_before_the_work(pipeline: Pipeline) -> None:
    result = run("analyze", "set.mp4", "--out", "set.mp4/below")
    assert result.exit_code == 2
    assert "set.mp4/below" in one_line(result.stderr)
    assert pipeline.models == []


def test_a_disk_that_is_full_for_the_video_still_leaves_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **_: Any) -> None:
        raise OutputError(f"The video {arguments[3]} cannot be written: No space left on device.")

    monkeypatch.setattr(annotated_video, "write_annotated_video", full)
    result = run("analyze", "set.mp4")
    assert result.exit_code == 2
    assert result.stdout.lstrip().startswith("FAULT")
    assert one_line(result.stderr) == (
        "The video formcheck-reports/set/annotated.mp4 cannot be written: No space left on device."
    )
    assert sorted(os.listdir("formcheck-reports/set")) == WITHOUT_VIDEO


# --- stopping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_during_the_poses_leaves_nothing(number: int, code: int, pipeline: Pipeline) -> None:
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    pipeline.during_poses = lambda _: os.kill(os.getpid(), number)
    result = run("analyze", "set.mp4")
    assert result.exit_code == code
    assert one_line(result.stderr) == "Stopped."
    assert os.listdir() == ["set.mp4"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_stopping_works_where_native_code_swallows_the_interrupt(pipeline: Pipeline) -> None:
    def swallow(cancelled: Callable[[], bool]) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        if cancelled():
            raise Cancelled("Stopped half-way.")

    pipeline.during_poses = swallow
    result = run("analyze", "set.mp4")
    assert result.exit_code == 130
    assert one_line(result.stderr) == "Stopped."
    assert os.listdir() == ["set.mp4"]


def test_stopping_during_the_video_keeps_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    real = overlay.draw_overlay

    def stop_at_tenth(*arguments: Any, **told: Any) -> Any:
        if arguments[2] >= 0.4:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments, **told)

    monkeypatch.setattr(annotated_video, "draw_overlay", stop_at_tenth)
    result = run("analyze", "set.mp4")
    assert result.exit_code == 130
    assert one_line(result.stderr) == "Stopped. The report without the video is in formcheck-reports/set"
    assert result.stdout == ""
    assert sorted(os.listdir("formcheck-reports/set")) == WITHOUT_VIDEO


# --- native libraries' chatter -------------------------------------------------------------------------------------


def test_native_chatter_is_dropped_and_errors_are_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_native_logs():
        os.write(2, b"W0000 00:00:1795366388.595407    6445 inference_feedback_manager.cc:121] Feedback manager\n")
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nE0000 00:00:17.5 1 x.cc:1] broken\n")
        os.write(2, b"INFO: [environment.cc:36] Creating LiteRT environment with options\n")
        os.write(2, b"WARNING: [model_load.cc:402] Sparsity tensors may not yet be fully supported.\n")
        os.write(2, b"ERROR: [model_load.cc:17] no such model\n")
        os.write(2, b"WARNING: the disk is on fire\nlast words without a line break")
    os.write(2, b"\nI0000 00:00:1.1 1 a.cc:1] afterwards\n")
    assert capfd.readouterr().err.splitlines() == [
        "E0000 00:00:17.5 1 x.cc:1] broken",
        "ERROR: [model_load.cc:17] no such model",
        "WARNING: the disk is on fire",
        "last words without a line break",
        "I0000 00:00:1.1 1 a.cc:1] afterwards",
    ]


def test_what_python_writes_goes_past_the_filter() -> None:
    code = """
import os, sys
from formcheck.vision.native_logs import quiet_native_logs
with quiet_native_logs():
    os.write(2, b"W0000 00:00:1.1 1 a.cc:1] native\\n")
    print("W0000 00:00:1.1 from Python", file=sys.stderr)
print("afterwards", file=sys.stderr)
"""
    root = str(Path(formcheck.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert result.stderr.splitlines() == ["W0000 00:00:1.1 from Python", "afterwards"]


def test_standard_error_works_as_before_after_an_exception(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), quiet_native_logs():
        raise ZeroDivisionError
    os.write(2, b"W0000 00:00:1.1 1 a.cc:1] shown again\n")
    assert "shown again" in capfd.readouterr().err


# --- the other commands --------------------------------------------------------------------------------------------


def test_models_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [
        ModelStatus("lite", 5_777_746),
        ModelStatus("full", 9_398_198, Path("/m/full.task"), "official", True),
        ModelStatus("heavy", 30_664_242, Path("/m/heavy.task"), "official", False, "/m/heavy.task is damaged."),
    ]
    monkeypatch.setattr(store, "list_models", lambda: states)
    result = run("models")
    assert result.exit_code == 0
    lite, full, heavy = result.stdout.splitlines()
    assert "not here yet" in lite
    assert "/m/full.task" in full
    assert "damaged" in heavy


@pytest.mark.parametrize(
    ("choice", "fetched"), [("lite", ["lite"]), ("all", ["lite", "full", "heavy"]), (None, ["full"])]
)
def test_models_are_fetched(choice: str | None, fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def fetch_model(name: str, progress: Callable[[int, int | None], None]) -> ModelFile:
        progress(1, 2)
        progress(3, None)
        names.append(name)
        return ModelFile(Path(f"/m/{name}.task"), name, "official", "")

    monkeypatch.setattr(store, "fetch_model", fetch_model)
    result = run("models", "fetch", *([choice] if choice else []))
    assert result.exit_code == 0
    assert names == fetched
    assert all(f"/m/{name}.task" in result.stdout for name in fetched)


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (None, 0), (False, 2)])
def test_doctor_says_what_is_wrong_and_what_to_do(ok: bool | None, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    results = (
        CheckResult("Python", True, "3.12"),
        CheckResult("Libraries", ok, "libGL", "" if ok else "apt-get " * 30),
    )
    monkeypatch.setattr(doctor, "check_system", lambda: results)
    result = run("doctor")
    assert result.exit_code == code
    assert ("-> " + ("apt-get " * 30).strip() in result.stdout) is (not ok), "a command must stay in one line"


def as_a_process(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    start = f"sys.argv = ['formcheck', *{list(arguments)!r}]\nmain()"
    code = f"import sys\n{before}\nfrom formcheck.cli.main import main\n{start}"
    root = str(Path(formcheck.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_help_needs_none_of_the_heavy_libraries() -> None:
    # A name that is None in sys.modules cannot be imported.
    result = as_a_process("--help", before="for name in ('cv2', 'mediapipe', 'av'): sys.modules[name] = None")
    assert result.returncode == 0, result.stderr
    assert "analyze" in result.stdout


def test_a_library_that_is_not_installed_is_one_line() -> None:
    result = as_a_process("analyze", "set.mp4", before="sys.modules['av'] = None")
    assert result.returncode == 2
    assert "not completely installed" in one_line(result.stderr)


def test_formcheck_alone_prints_help() -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(formcheck.__file__).parent.parent), *sys.path]),
    }
    result = subprocess.run(
        [sys.executable, "-m", "formcheck"], capture_output=True, text=True, env=environment, check=False
    )
    assert result.returncode == 0
    assert "Usage: formcheck" in result.stdout


def test_version_is_said_in_both_ways() -> None:
    said = {run("version").stdout, run("--version").stdout}
    assert len(said) == 1
    assert said.pop().startswith("formcheck ")


def test_ctrl_c_in_a_real_process_is_exit_code_130_without_a_traceback() -> None:
    interrupted = """
import os, signal
from formcheck.vision import pose_estimation
from formcheck.vision.models import store
store.find_model = lambda name, progress=None: None
def estimate_poses(*_, **__):
    os.write(2, b"W0000 00:00:1.1 1 a.cc:1] chatter\\n")
    os.kill(os.getpid(), signal.SIGINT)
pose_estimation.estimate_poses = estimate_poses
"""
    result = as_a_process("analyze", "set.mp4", before=interrupted)
    assert result.returncode == 130
    assert one_line(result.stderr) == "Stopped."
    assert os.listdir() == ["set.mp4"]
