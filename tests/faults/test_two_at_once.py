"""Two analyses into one folder at the same time: one wins, the other says so in one line; both orders, many moments."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app
from formcheck.core.errors import OutputError
from formcheck.service.pipeline import AnalysisRequest, run_analysis
from formcheck.storage import report_folder
from formcheck.storage.pose_files import save_poses
from formcheck.storage.report_folder import PARTIAL_PREFIX, REPORT_JSON, open_report_folder
from tests.faults.kills import Scene, is_whole

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX only")

ROUNDS = 12
BUSY = "is being written to by another analysis: wait until it is done, or choose another folder with --out."


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    return Scene(tmp_path)


def started(request: AnalysisRequest, words: Path, at_s: float) -> int:
    """The analysis in a process of its own, from that moment on; what it says is in the file. Returns its number."""
    process = os.fork()
    if process == 0:
        try:
            time.sleep(max(0.0, at_s - time.monotonic()))
            try:
                run_analysis(request)
                words.write_text("done", encoding="utf-8")
            except OutputError as error:
                words.write_text(str(error), encoding="utf-8")
        finally:
            os._exit(0)
    return process


def test_one_wins_and_the_other_says_so(scene: Scene) -> None:
    chance, refused = random.Random(23), 0
    other = scene.folder / "other.npz"
    save_poses(scene.poses, other)
    began_s = time.monotonic()
    run_analysis(scene.request)
    usual_s = time.monotonic() - began_s
    for number in range(ROUNDS):
        # Each round has a folder that is there already or is new, and the same or another input.
        folder = scene.out if number % 2 else scene.folder / f"out-{number}"
        second = scene.request if number % 3 else AnalysisRequest(poses=str(other), exercise="deadlift")
        begin_s = time.monotonic() + 0.05
        processes: list[int] = []
        words: list[Path] = []
        for request, after_s in ((scene.request, 0.0), (second, chance.uniform(0.0, 0.8 * usual_s))):
            words.append(scene.folder / f"words-{len(words)}.txt")
            told = AnalysisRequest.from_dict(request.to_dict() | {"folder": str(folder), "save": False})
            processes.append(started(told, words[-1], begin_s + after_s))
        for process in processes:
            os.waitpid(process, 0)
        said = [each.read_text(encoding="utf-8") for each in words]
        assert "done" in said
        for each in said:
            assert each == "done" or each == f"{folder} {BUSY}"
        refused += said.count(f"{folder} {BUSY}")
        assert all(is_whole(path) for path in folder.iterdir())
        assert not list(folder.glob(f"{PARTIAL_PREFIX}*"))
        assert json.loads((folder / REPORT_JSON).read_text(encoding="utf-8"))["reps"]
        # Whoever comes next finds a folder that can be used.
        run_analysis(AnalysisRequest.from_dict(scene.request.to_dict() | {"folder": str(folder), "save": False}))
    assert refused >= ROUNDS // 3


def test_the_command_says_it_in_one_line(scene: Scene) -> None:
    assert scene.request.poses is not None
    with open_report_folder(Path("other.mp4"), scene.folder / "busy", [REPORT_JSON]) as busy:
        done = CliRunner().invoke(app, ["analyze", scene.request.poses, "--out", str(busy.path)])
        assert done.exit_code == 2
        assert done.stderr.strip() == f"{busy.path} {BUSY}"
        assert not (busy.path / REPORT_JSON).exists()
    done = CliRunner().invoke(app, ["analyze", scene.request.poses, "--out", str(scene.folder / "busy")])
    assert done.exit_code == 0, done.stderr


def test_a_file_that_was_just_finished_by_another_analysis_is_not_called_foreign(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one writes between the look at the marker and the look at the file, and is gone before it is asked."""
    assert scene.request.poses is not None
    look, looks = report_folder._is_foreign, []

    def foreign_at_first(path: Path, owned: dict[str, list[str]]) -> bool:
        looks.append(path)
        return len(looks) == 1 or look(path, owned)

    monkeypatch.setattr(report_folder, "_is_foreign", foreign_at_first)
    with open_report_folder(Path(scene.request.poses), scene.out, [REPORT_JSON]) as folder:
        assert folder.path == scene.out
    assert len(looks) >= 2
