"""The one door: every front reaches every feature through it, and what goes wrong is told where it went wrong."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import formcheck
from formcheck.cli.main import app
from formcheck.core.errors import Cancelled, FormCheckError, HistoryError, OutputError, UsageError
from formcheck.core.poses import PoseSequence
from formcheck.judging import analysis
from formcheck.judging.settings import Override, Settings
from formcheck.live.save_set import save_set
from formcheck.live.session import FinishedSet
from formcheck.motion.plate import PlateTrack
from formcheck.render import annotated_video, exports
from formcheck.render.exports import EXPORTS, Analysed, Export, all_exports, find_exports, usual_exports
from formcheck.service import pipeline, worker
from formcheck.service.api import analyze_video
from formcheck.service.pipeline import AnalysisRequest, AnalysisResult, run_analysis
from formcheck.storage.history import History, Lifter, SavedSet, open_history
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.storage.report_folder import MARKER
from formcheck.vision import plate_detection, pose_estimation
from formcheck.vision.models import store
from formcheck.vision.models.store import ModelFile
from tests.helpers.make_videos import write_video
from tests.helpers.synthetic_lifter import deadlift, film

POSES = film(deadlift(2))
REPORT = analysis.analyze(POSES, "deadlift")
USUAL = {"report.html", "report.json", "reps.csv", "signals.csv", "poses.npz"}
AFTER_FIRST_REP_S = REPORT.reps[0].end_s + 0.05


@pytest.fixture(autouse=True)
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A grey video whose poses are known; returns the videos in which a plate was followed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path / "config"))
    picture = np.full((144, 144, 3), 128, np.uint8)
    write_video(Path("set.mp4"), [picture] * len(POSES), POSES.time_s.tolist())

    def estimate_poses(path: Path, model: ModelFile, *, progress: Any, cancelled: Any, **_: Any) -> PoseSequence:
        progress(1, 1)
        return replace(POSES, video=replace(POSES.video, file=Path(path).name), model=model.name)

    videos: list[Path] = []

    def watch_plate(path: Path, poses: PoseSequence, *_: object, **__: object) -> PlateTrack:
        videos.append(path)
        nothing = np.full(len(poses), np.nan)
        return PlateTrack(poses.time_s, nothing, nothing, float("nan"), 0.0, "nothing round was seen")

    monkeypatch.setattr(pose_estimation, "estimate_poses", estimate_poses)
    monkeypatch.setattr(
        store, "find_model", lambda name, *, progress=None: ModelFile(Path("x.task"), str(name), "official", "")
    )
    monkeypatch.setattr(plate_detection, "watch_plate", watch_plate)
    return videos


# --- the fronts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """What somebody wants of an analysis, for every front alike."""

    exercise: str = "deadlift"
    variant: str = "auto"
    load_kg: float | None = None
    lifter: str | None = None
    notes: str = ""
    day: str = ""
    start_s: float | None = None
    end_s: float | None = None
    plate: bool = False
    preset: str = ""
    settings_file: str = ""
    height_cm: float | None = None
    model: str = "full"
    also: str = ""
    video: bool = False
    save: bool = False
    keep_video: bool = False
    full_video: bool = False

    def names(self) -> tuple[str, ...]:
        """Names of the exports."""
        return (*(name for name in usual_exports() if self.video or name != "video"), *filter(None, [self.also]))

    def request(self) -> AnalysisRequest:
        return AnalysisRequest(
            video="set.mp4",
            exercise=self.exercise,
            variant=self.variant,
            load_kg=self.load_kg,
            lifter=self.lifter,
            notes=self.notes,
            filmed_at=self.day,
            model=self.model,
            start_s=self.start_s,
            end_s=self.end_s,
            plate=self.plate,
            presets=tuple(filter(None, [self.preset])),
            settings_file=self.settings_file or None,
            height_cm=self.height_cm,
            exports=self.names(),
            folder="out",
            save=self.save or self.lifter is not None,
            keep_video=self.keep_video,
            full_video=self.full_video,
        )


def command_line(wish: Wish) -> None:
    words = ["analyze", "set.mp4", "--exercise", wish.exercise, "--variant", wish.variant, "--out", "out"]
    words += ["--model", wish.model, "--notes", wish.notes]
    for option, value in (
        ("--load", None if wish.load_kg is None else f"{wish.load_kg}kg"),
        ("--lifter", wish.lifter),
        ("--date", wish.day or None),
        ("--start", wish.start_s),
        ("--end", wish.end_s),
        ("--preset", wish.preset or None),
        ("--settings", wish.settings_file or None),
        ("--height", None if wish.height_cm is None else f"{wish.height_cm}cm"),
        ("--export", wish.also or None),
    ):
        words += [] if value is None else [option, str(value)]
    for flag, wanted in (
        ("--plate", wish.plate),
        ("--no-video", not wish.video),
        ("--save", wish.save),
        ("--keep-video", wish.keep_video),
        ("--full-video", wish.full_video),
    ):
        words += [flag] if wanted else []
    result = CliRunner().invoke(app, words)
    if result.exit_code == 2:
        raise FormCheckError(result.stderr)
    assert result.exit_code == 0, result.stderr


def app_worker(wish: Wish) -> None:
    sent = json.dumps(wish.request().to_dict())
    worker.run(AnalysisRequest.from_dict(json.loads(sent)), lambda _: None, lambda: False)


def live_view(wish: Wish) -> None:
    told = {"settings": pipeline.settings_of(wish.request())}
    result = save_set(FinishedSet(1, 0.0, POSES, REPORT), wish.request(), told)
    if result.problem is not None:
        raise result.problem


def python(wish: Wish) -> None:
    analyze_video(
        "set.mp4",
        wish.exercise,
        variant=wish.variant,
        load_kg=wish.load_kg,
        model=wish.model,
        start_s=wish.start_s,
        end_s=wish.end_s,
        plate=wish.plate,
        settings=wish.settings_file or None,
        presets=[wish.preset] if wish.preset else [],
        height_cm=wish.height_cm,
        lifter=wish.lifter,
        notes=wish.notes,
        filmed_at=wish.day,
        out="out",
        exports=wish.names(),
        save=wish.save or wish.lifter is not None,
        keep_video=wish.keep_video,
        full_video=wish.full_video,
    )


FRONTS: tuple[Callable[[Wish], None], ...] = (command_line, app_worker, live_view, python)


# --- the features --------------------------------------------------------------------------------------------------


def report() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    return told


def saved() -> SavedSet:
    with open_history() as history:
        (found,) = history.sets()
    return found


def files() -> set[str]:
    return {path.name for path in Path("out").iterdir()} - {MARKER}


def kept_video() -> bytes:
    with open_history() as history:
        path = history.video(saved().id)
    assert path is not None
    return path.read_bytes()


@dataclass(frozen=True)
class Feature:
    """Something that can be wished for, and how one sees that it was done; ``live`` False where it cannot be, as the
    session itself decides it before the set is over."""

    wish: Wish
    done: Callable[[], bool]
    live: bool = True


FEATURES = {
    "the usual files": Feature(Wish(), lambda: files() == USUAL),
    "the annotated video": Feature(Wish(video=True), lambda: files() == {*USUAL, "annotated.mp4"}),
    "landmarks for OpenSim": Feature(Wish(also="trc"), lambda: files() == {*USUAL, "landmarks.trc"}),
    "the end is left out": Feature(Wish(end_s=AFTER_FIRST_REP_S), lambda: len(report()["reps"]) == 1, live=False),
    "the start is left out": Feature(
        Wish(start_s=AFTER_FIRST_REP_S),
        # The whole of it stays, so that another part can be chosen later.
        lambda: len(report()["reps"]) == 1 and len(load_poses("out/poses.npz")) == len(POSES),
        live=False,
    ),
    "a lift": Feature(Wish(exercise="squat"), lambda: report()["exercise"]["name"] == "squat", live=False),
    "a variant": Feature(Wish(variant="romanian"), lambda: report()["variant"] == "romanian", live=False),
    "a load": Feature(Wish(load_kg=80.0), lambda: report()["load_kg"] == 80.0, live=False),
    "a height": Feature(
        Wish(height_cm=181.0), lambda: report()["settings"]["lifter"]["height_cm"] == 181.0, live=False
    ),
    "a preset": Feature(
        Wish(preset="earlier-injury"), lambda: report()["settings"]["presets"] == ["earlier-injury"], live=False
    ),
    "a settings file": Feature(
        Wish(settings_file="mine.toml"),
        lambda: report()["settings"]["checks"]["deadlift/back-rounding"] is False,
        live=False,
    ),
    "a pose model": Feature(Wish(model="lite"), lambda: load_poses("out/poses.npz").model == "lite", live=False),
    "the history": Feature(Wish(save=True), lambda: saved().lifter is None and saved().has_poses),
    "a lifter": Feature(Wish(lifter="anna"), lambda: saved().lifter == "Anna"),
    "what is known of a lifter": Feature(
        Wish(lifter="anna"), lambda: report()["settings"]["lifter"]["height_cm"] == 168.0, live=False
    ),
    "notes in the history": Feature(Wish(save=True, notes="felt easy"), lambda: saved().notes == "felt easy"),
    "notes on the page": Feature(Wish(notes="felt easy"), lambda: "felt easy" in Path("out/report.html").read_text()),
    "the day": Feature(
        Wish(save=True, day="2026-03-04"),
        lambda: saved().when.astimezone().date().isoformat() == "2026-03-04",
    ),
    "the video is kept": Feature(
        Wish(save=True, video=True, keep_video=True), lambda: kept_video() == Path("out/annotated.mp4").read_bytes()
    ),
}


REACHED = [
    pytest.param(front, feature, id=f"{front.__name__}: {name}")
    for front in FRONTS
    for name, feature in FEATURES.items()
    if feature.live or front is not live_view
]


@pytest.mark.parametrize(("front", "feature"), REACHED)
def test_every_front_reaches_every_feature(front: Callable[[Wish], None], feature: Feature) -> None:
    Path("mine.toml").write_text("[checks]\ndeadlift.back-rounding = false\n", encoding="utf-8")
    with open_history() as history:
        history.save_lifter(Lifter("Anna", height_cm=168.0))
    front(feature.wish)
    assert feature.done()


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.__name__)
def test_every_front_follows_the_plate(front: Callable[[Wish], None], followed: list[Path]) -> None:
    front(Wish(plate=True))
    assert followed == [Path("set.mp4")]


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.__name__)
def test_no_front_writes_over_what_belongs_to_somebody_else(front: Callable[[Wish], None]) -> None:
    Path("out").mkdir()
    Path("out/report.html").write_text("mine", encoding="utf-8")
    with pytest.raises(FormCheckError, match=r"report\.html"):
        front(Wish())
    assert Path("out/report.html").read_text(encoding="utf-8") == "mine"
    assert os.listdir("out") == ["report.html"]


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.__name__)
def test_a_format_is_one_row(front: Callable[[Wish], None], monkeypatch: pytest.MonkeyPatch) -> None:
    def make(analysed: Analysed, path: Path) -> None:
        path.write_text(f"{len(analysed.report.reps)} reps", encoding="utf-8")

    row = Export("count", "count.txt", "Count", "How many", "text/plain", make, usual=False)
    monkeypatch.setattr(exports, "EXPORTS", (*EXPORTS, row))
    front(Wish(also="count"))
    assert Path("out/count.txt").read_text(encoding="utf-8") == "2 reps"


def test_the_same_set_gives_the_same_report_through_every_front() -> None:
    found = []
    for front in FRONTS:
        front(Wish(video=False))
        found.append({name: told for name, told in report().items() if name not in ("video", "model")})
    assert found == [found[0]] * len(FRONTS)


# --- requests ------------------------------------------------------------------------------------------------------


def test_a_request_survives_the_way_to_another_process() -> None:
    request = AnalysisRequest(video="set.mp4", presets=("beginner",), exports=("html",), start_s=1.5, save=True)
    assert AnalysisRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request


def test_every_field_of_a_request_is_documented() -> None:
    text = inspect.getdoc(AnalysisRequest) or ""
    named = {name for line in text.splitlines() if " : " in line for name in line.split(" : ")[0].split(", ")}
    assert {each.name for each in fields(AnalysisRequest)} - named == {"set_id"}  # told of with `save`


def test_every_argument_from_python_is_documented() -> None:
    text = inspect.getdoc(formcheck.analyze_video) or ""
    named = {name for line in text.splitlines() if " : " in line for name in line.split(" : ")[0].split(", ")}
    assert set(inspect.signature(formcheck.analyze_video).parameters) <= named


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"start_s": 5.0, "end_s": 2.0}, "begin at 5 s"),
        ({"end_s": 0.0}, "end at 0 s"),
        ({"start_s": 500.0}, "between these times"),
        ({"filmed_at": "yesterday"}, "yesterday"),
        ({"exports": ("c3d",)}, "choose from html"),
        ({"variant": "sumo", "exercise": "squat"}, "sumo"),
        ({"presets": ("upside-down",)}, "upside-down"),
        ({"settings_toml": "nonsense"}, "these limits"),
        ({"video": None}, "nothing to analyse"),
    ],
)
def test_a_request_that_makes_no_sense_leaves_nothing(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run_analysis(replace(Wish().request(), **wrong))
    assert not Path("out").exists()


def test_nothing_is_written_unless_asked_for() -> None:
    before = sorted(os.listdir())
    told = analyze_video("set.mp4", "deadlift", load_kg=80.0)
    assert len(told.reps) == 2
    assert sorted(os.listdir()) == before


def test_poses_are_an_input_from_python_too() -> None:
    save_poses(POSES, "poses.npz")
    found = analysis.analyze(load_poses("poses.npz"), "deadlift")
    assert analyze_video("poses.npz", "deadlift").to_dict() == found.to_dict()


def test_settings_from_python_are_limits_of_this_set_only() -> None:
    Path("config").mkdir()
    Path("config/settings.toml").write_text("[checks]\ndeadlift.arm-pull = false\n", encoding="utf-8")
    strict = Settings(checks={"deadlift/back-rounding": Override(1.0, 2.0)})
    alone = analyze_video("set.mp4", "deadlift", settings=strict).settings
    with_own = analyze_video("set.mp4", "deadlift", settings=strict, own_settings=True).settings
    assert set(alone.checks) == {"deadlift/back-rounding"}
    assert set(with_own.checks) == {"deadlift/back-rounding", "deadlift/arm-pull"}


def test_exports_are_made_once_and_the_video_last() -> None:
    assert [each.name for each in find_exports(["video", "json", "json"])] == ["json", "video"]
    assert len({each.file for each in EXPORTS}) == len({each.name for each in EXPORTS}) == len(EXPORTS)
    assert set(all_exports(video=False)) == set(all_exports()) - {"video"}


# --- progress and stopping -----------------------------------------------------------------------------------------


def test_stages_come_in_their_order_and_each_begins_with_nothing_done() -> None:
    told: list[tuple[str, int]] = []
    request = Wish(video=True, plate=True).request()
    run_analysis(request, progress=lambda stage, done, total: told.append((stage, done)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == [
        pipeline.AnalysisStage.MODEL,
        pipeline.AnalysisStage.WATCH,
        pipeline.AnalysisStage.JUDGE,
        pipeline.AnalysisStage.PLATE,
        pipeline.AnalysisStage.DRAW,
    ]
    for stage in stages:
        assert next(done for name, done in told if name == stage) == 0


def test_python_hears_of_frames_only() -> None:
    told: list[tuple[int, int | None]] = []
    analyze_video("set.mp4", progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


def stopped(request: AnalysisRequest) -> AnalysisResult:
    return run_analysis(request, cancelled=lambda: True)


def test_a_stop_while_drawing_leaves_the_report_and_the_saved_set() -> None:
    result = stopped(Wish(video=True, save=True, keep_video=True).request())
    assert isinstance(result.problem, Cancelled)
    assert str(result.problem) == "Stopped. The report without the video is in out"
    assert files() == USUAL
    assert saved().id == 1
    with open_history() as history:
        assert history.video(1) is None


def test_a_stop_ends_all_where_all_or_nothing_counts() -> None:
    with pytest.raises(Cancelled):
        stopped(replace(Wish(video=True, save=True).request(), whole=True))
    with open_history() as history:
        assert not history.sets()


class Clock:
    """A clock that goes on when somebody looks at a frame."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.mark.parametrize(("frame_s", "in_time"), [(59.9, True), (60.1, False)])
@pytest.mark.parametrize("stage", ["watching", "drawing"])
@pytest.mark.parametrize("whole", [False, True])
def test_an_analysis_ends_when_its_time_is_up(
    frame_s: float, in_time: bool, stage: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(pipeline, "time", clock)
    Path("config").mkdir()
    Path("config/settings.toml").write_text("[limits]\nanalysis_minutes = 1\n", encoding="utf-8")

    def asked_after_a_frame(cancelled: Any) -> None:
        clock.now_s += frame_s
        assert not cancelled()

    watch, draw = pose_estimation.estimate_poses, annotated_video.write_annotated_video

    def watched(*words: Any, **told: Any) -> PoseSequence:
        if stage == "watching":
            asked_after_a_frame(told["cancelled"])
        return watch(*words, **told)

    def drawn(*words: Any, **told: Any) -> Any:
        if stage == "drawing":
            asked_after_a_frame(told["cancelled"])
        return draw(*words, **told)

    monkeypatch.setattr(pose_estimation, "estimate_poses", watched)
    monkeypatch.setattr(annotated_video, "write_annotated_video", drawn)
    request = replace(Wish(video=True, save=True).request(), whole=whole)
    words = r"set\.mp4 takes longer than the most, 1 minutes \(limits.analysis_minutes in settings.toml"
    if in_time:
        assert run_analysis(request).problem is None
        return
    if stage == "watching" or whole:
        with pytest.raises(UsageError, match=words):
            run_analysis(request)
        with open_history() as history:
            assert not history.sets()
        return
    # What was found before is kept, and only the video is missing.
    result = run_analysis(request)
    assert re.match(words, str(result.problem))
    assert files() == USUAL
    assert saved().id == 1


def test_ctrl_c_that_nobody_asked_about_goes_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(annotated_video, "write_annotated_video", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_analysis(Wish(video=True).request(), cancelled=lambda: False)


def test_a_disk_that_is_full_for_the_video_is_a_problem_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **_: Any) -> None:
        raise OutputError(f"The video {arguments[3]} cannot be written: No space left on device.")

    monkeypatch.setattr(annotated_video, "write_annotated_video", full)
    result = run_analysis(Wish(video=True).request())
    assert str(result.problem) == f"The video {Path('out/annotated.mp4')} cannot be written: No space left on device."
    assert files() == USUAL
    with pytest.raises(OutputError):
        run_analysis(replace(Wish(video=True).request(), whole=True))


def test_a_history_that_fails_at_the_end_is_a_problem_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise HistoryError("The disk of the history is full.")

    monkeypatch.setattr(History, "save_set", fail)
    for whole in (False, True):
        result = run_analysis(replace(Wish(save=True).request(), whole=whole))
        assert str(result.problem) == "The disk of the history is full."
        assert result.saved is None
        assert files() == USUAL
    message, set_id = worker.run(Wish(save=True).request(), lambda _: None, lambda: False)
    assert (message, set_id) == ("The disk of the history is full.", None)


# --- remarks -------------------------------------------------------------------------------------------------------


def test_what_could_not_be_done_is_remarked() -> None:
    Path("elsewhere").mkdir()
    save_poses(POSES, "elsewhere/poses.npz")
    request = replace(Wish(video=True, plate=True).request(), video=None, poses="elsewhere/poses.npz")
    first, second = run_analysis(request).remarks
    assert first.startswith("annotated.mp4 needs the video")
    assert second == "No plate was followed: that needs the video of a deadlift"


def test_a_plate_that_is_not_seen_is_remarked() -> None:
    (remark,) = run_analysis(Wish(plate=True).request()).remarks
    assert remark == "No plate was followed: nothing round was seen"


def test_what_is_left_of_an_earlier_analysis_is_named() -> None:
    run_analysis(Wish(video=True).request())
    result = run_analysis(Wish().request())
    assert result.sentences() == ["annotated.mp4 there is from an earlier analysis"]


def test_the_file_tells_when_it_was_filmed() -> None:
    os.utime("set.mp4", (0, 1_700_000_000))
    assert datetime.fromisoformat(pipeline.filmed_at(Path("set.mp4"))).timestamp() == 1_700_000_000
    assert pipeline.filmed_at(Path("gone.mp4")) == ""
    command_line(Wish(save=True))
    assert saved().when.timestamp() == 1_700_000_000
