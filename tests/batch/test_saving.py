"""``batch --save``: every set is in the history once, with what the manifest says of it, however often it is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from formcheck.batch import run as batch_run
from formcheck.batch.clip import Tell, analyse_clip
from formcheck.batch.outcome import ClipTask, Outcome
from formcheck.batch.processes import Finished
from formcheck.batch.run import BatchRequest, BatchResult, run_batch
from formcheck.core.errors import HistoryError
from formcheck.judging.report import Report
from formcheck.judging.set_summary import SetSummary, set_summary
from formcheck.service.pipeline import AnalysisRequest
from formcheck.storage.history import open_history
from formcheck.storage.pose_files import save_poses
from tests.helpers.make_reports import nothing_to_judge
from tests.helpers.saved_sets import recording, report


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    films = tmp_path / "films"
    films.mkdir()
    for number in range(1, 5):
        (films / f"{number}.mp4").write_text("0" if number == 4 else str(number))
    (films / "list.csv").write_text(
        "file,lifter,load,date,notes\n1.mp4,Anna,100,2026-03-01,first\n2.mp4,Ben,,,\n3.mp4,,,,\n4.mp4,Anna,,,\n"
    )
    return tmp_path


def analysis(request: AnalysisRequest, tell: Tell) -> tuple[SetSummary, tuple[str, ...]]:
    """The number in the film is its recording; 0 has no repetition."""
    number = int(Path(request.video or "").read_text())
    data = report(load_kg=request.load_kg) if number else nothing_to_judge(recording(0)).to_dict()
    (Path(request.folder or "") / "report.json").write_text(json.dumps(data))
    save_poses(recording(number), Path(request.folder or "") / "poses.npz")
    return set_summary(Report.from_dict(data)), ()


class Here:
    """Analyses in this process; ``die_after`` so many clips."""

    def __init__(self, die_after: int = 99) -> None:
        self.die_after = die_after

    def run(
        self, tasks: Sequence[ClipTask], out: str, stopped: Callable[[], bool]
    ) -> Iterator[Finished[ClipTask, Outcome]]:
        for number, task in enumerate(tasks):
            outcome = analyse_clip(task, out, analyse=analysis)
            if number == self.die_after:
                raise RuntimeError("the power is gone")
            yield Finished(task, outcome)


def run(save: bool = True, workers: Here | None = None, **asked: str) -> BatchResult:
    batch = BatchRequest(("films/list.csv",), "out", AnalysisRequest(**asked), 1, save)  # type: ignore[arg-type]
    return run_batch(batch, workers or Here())


def saved() -> list[tuple[str | None, float | None, str, str]]:
    with open_history() as history:
        found = [(each.lifter, each.load_kg, each.notes, each.video_file) for each in history.summaries()]
    return sorted(found, key=str)


EXPECTED = [("Anna", 100.0, "first"), ("Ben", None, ""), (None, None, "")]


def test_sets_are_saved_with_what_the_manifest_says() -> None:
    assert len(run().saved) == 3
    file = report()["video"]["file"]
    assert saved() == [(*each, file) for each in EXPECTED]
    with open_history() as history:
        anna = next(each for each in history.summaries() if each.lifter == "Anna")
        assert anna.filmed_at is not None
        assert anna.filmed_at.astimezone().date().isoformat() == "2026-03-01"
        assert history.set(anna.id).video_path == str(Path("films/1.mp4").resolve())
        assert history.poses(anna.id).image_px.tobytes() == recording(1).image_px.astype("float32").tobytes()


def test_a_second_run_saves_nothing_twice_and_brings_nothing_back() -> None:
    run()
    with open_history() as history:
        before = {each.uid: each.saved_at for each in history.summaries()}
        gone = history.summaries()[0]
        history.delete_set(gone.id)
    again = run()
    assert (again.skipped, again.saved) == (4, ())
    with open_history() as history:
        assert {each.uid: each.saved_at for each in history.summaries()} == {
            uid: at for uid, at in before.items() if uid != gone.uid
        }


def test_what_was_analysed_before_is_saved_later() -> None:
    assert run(save=False).saved == ()
    assert saved() == []
    later = run()
    assert (later.skipped, later.saved) == (4, (1, 2, 3))
    assert len(saved()) == 3


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_run_that_dies_before_it_could_save_is_made_good(after: int) -> None:
    with pytest.raises(RuntimeError, match="power"):
        run(workers=Here(die_after=after))
    run()
    assert len(saved()) == 3


def test_a_run_that_dies_between_saving_and_noting_it_saves_the_same_set(monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    before = saved()
    for note in Path("out/clips").glob("*/saved.json"):
        note.unlink()
    assert len(run().saved) == 3
    assert saved() == before


def test_another_load_is_another_analysis_of_the_same_set() -> None:
    run()
    path = Path("films/list.csv")
    path.write_text(path.read_text().replace("Anna,100", "Anna,120"))
    assert len(run().saved) == 1
    assert [load for _, load, _, _ in saved() if load] == [120.0]


def test_another_history_gets_the_sets_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run()
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "other"))
    assert len(run().saved) == 3
    assert len(saved()) == 3


def test_a_history_that_cannot_be_written_is_said_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise HistoryError("The disk is read-only.")

    monkeypatch.setattr(batch_run, "check_history", refuse)
    with pytest.raises(HistoryError, match="read-only"):
        run()
    assert not list(Path("out/clips").glob("*/outcome.json"))


def test_the_stand_in_tells_recordings_apart() -> None:
    assert replace(recording(1)).image_px.tobytes() != recording(2).image_px.tobytes()
