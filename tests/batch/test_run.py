"""A batch from inputs to summary: what is done stays done, what failed is said, nothing is there twice."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from formcheck.batch import outcome as outcomes
from formcheck.batch import plan
from formcheck.batch.clip import analyse_clip
from formcheck.batch.outcome import ClipTask, Outcome
from formcheck.batch.places import LocalPlace
from formcheck.batch.processes import Finished, Step
from formcheck.batch.run import BatchRequest, BatchResult, ProcessWorkers, run_batch, watch_folder
from formcheck.core.errors import Cancelled, OutputError
from formcheck.service.pipeline import AnalysisRequest
from formcheck.storage.history import Lifter, open_history
from tests.helpers import batch_stub
from tests.helpers.batch_stub import stub, write_clips


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


LOG = Path("log.txt")


def executions() -> Counter[str]:
    return batch_stub.executions(LOG)


class Here:
    """Analyses in this process, and stops after that many clips."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after

    def run(
        self, tasks: Sequence[ClipTask], out: str, stopped: Callable[[], bool]
    ) -> Iterator[Finished[ClipTask, Outcome] | Step[ClipTask]]:
        for number, task in enumerate(tasks):
            if number == self.stop_after:
                raise Cancelled("Stopped.")
            yield Finished(task, analyse_clip(task, out, analyse=stub(LOG.absolute())))


def run(*inputs: str, workers: Any = None, **asked: Any) -> BatchResult:
    batch = BatchRequest(inputs or ("films",), "out", AnalysisRequest(**asked), 2)
    return run_batch(batch, workers or Here())


def summary() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path("out/summary.csv").read_text(encoding="utf-8"))))


def test_every_clip_has_its_folder_and_its_row() -> None:
    write_clips(Path("films"), ["ok"] * 3)
    result = run(exercise="deadlift")
    assert [outcome.name for outcome in result.outcomes] == ["clip-000", "clip-001", "clip-002"]
    assert [row["clip"] for row in summary()] == ["clip-000", "clip-001", "clip-002"]
    assert summary()[0]["verdict"] == "fault"
    assert summary()[0]["worst_check"] == "Back rounding"
    assert summary()[0]["depth_thighs"] == ""
    assert Path("out/clips/clip-001/report.html").read_text().startswith("ok 1 deadlift")
    assert "clip-002.mp4" in Path("out/index.html").read_text(encoding="utf-8")
    assert not Path("out/.partial").exists()


def test_what_is_done_is_not_done_again() -> None:
    write_clips(Path("films"), ["ok"] * 3)
    run()
    again = run()
    assert again.skipped == 3
    assert len(again.outcomes) == 3
    assert set(executions().values()) == {1}


@pytest.mark.parametrize("change", ["content", "settings", "version"])
def test_a_change_that_matters_analyses_again(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = write_clips(Path("films"), ["ok"] * 2)
    run()
    more: dict[str, Any] = {}
    if change == "content":
        first.write_text("ok other", encoding="utf-8")
    elif change == "settings":
        more = {"settings_toml": "[checks]\ndeadlift.back-rounding = false\n"}
    else:
        monkeypatch.setattr(outcomes, "VERSION", "99")
    run(**more)
    assert executions()["clip-000.mp4"] == 2
    assert executions()["clip-001.mp4"] == (1 if change == "content" else 2)
    assert len(summary()) == 2


def test_moving_and_touching_files_changes_nothing() -> None:
    first, second = write_clips(Path("films"), ["ok"] * 2)
    run()
    Path("other").mkdir()
    first.rename("other/renamed.mp4")
    second.touch()
    result = run("films", "other")
    assert result.skipped == 2
    assert sorted(row["file"] for row in summary()) == ["films/clip-001.mp4", "other/renamed.mp4"]


def test_two_files_of_the_same_content_are_two_sets() -> None:
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "set.mp4").write_text("ok", encoding="utf-8")
    run("a", "b")
    assert sorted(row["clip"] for row in summary()) == ["set", "set-2"]
    assert run("a", "b").skipped == 2


def test_what_fails_is_listed_with_its_reason_and_tried_again() -> None:
    write_clips(Path("films"), ["ok", "bad", "ok"])
    result = run()
    [failure] = result.failures
    assert failure.reason == "clip-001.mp4 is not a video that can be decoded: choose another file."
    [row] = csv.DictReader(io.StringIO(Path("out/failures.csv").read_text(encoding="utf-8")))
    assert (row["clip"], row["reason"]) == ("clip-001", failure.reason)
    assert "is not a video that can be decoded" in Path("out/index.html").read_text(encoding="utf-8")
    Path("films/clip-001.mp4").write_text("ok now", encoding="utf-8")
    assert run().failures == ()
    assert executions() == {"clip-000.mp4": 1, "clip-001.mp4": 2, "clip-002.mp4": 1}


def test_a_clip_that_is_gone_when_its_turn_comes() -> None:
    write_clips(Path("films"), ["ok", "ok"])

    class Late(Here):
        def run(self, tasks: Sequence[ClipTask], *more: Any) -> Iterator[Any]:
            Path("films/clip-000.mp4").unlink()
            yield from super().run(tasks, *more)

    assert [outcome.status for outcome in run(workers=Late()).outcomes] == ["failed", "done"]


def test_a_stop_leaves_a_summary_and_the_next_run_goes_on() -> None:
    write_clips(Path("films"), ["ok"] * 5)
    stopped = run(workers=Here(stop_after=2))
    assert stopped.stopped
    assert len(summary()) == 2
    result = run()
    assert (result.stopped, result.skipped, len(result.outcomes)) == (False, 2, 5)
    assert set(executions().values()) == {1}


def test_each_clip_is_what_the_manifest_says() -> None:
    write_clips(Path("films"), ["ok"] * 2)
    Path("sets.csv").write_text(
        "file,lifter,exercise,load,date,notes\nfilms/clip-000.mp4,Anna,squat,100kg,2026-03-31,=1+1\n"
        "films/clip-001.mp4,,,,2026-03-30,\n",
        encoding="utf-8",
    )
    run("sets.csv", exercise="deadlift", lifter="Ben", load_kg=60.0)
    first, second = summary()[::-1]
    assert [first[name] for name in ("lifter", "load_kg", "date", "notes")] == ["Anna", "100", "2026-03-31", "'=1+1"]
    assert [second[name] for name in ("lifter", "load_kg", "date")] == ["Ben", "60", "2026-03-30"]
    assert "ok 0 squat" in Path("out/clips/clip-000/report.html").read_text()
    assert "ok 1 deadlift" in Path("out/clips/clip-001/report.html").read_text()


def test_another_date_changes_the_row_without_analysing_again() -> None:
    write_clips(Path("films"), ["ok"])
    for day in ("2026-03-31", "2026-03-30"):
        Path("sets.csv").write_text(f"file,date\nfilms/clip-000.mp4,{day}\n", encoding="utf-8")
        run("sets.csv")
    assert [row["date"] for row in summary()] == ["2026-03-30"]
    assert json.loads(Path("out/clips/clip-000/outcome.json").read_text(encoding="utf-8"))["day"] == "2026-03-30"
    assert executions()["clip-000.mp4"] == 1


def test_what_is_known_of_a_lifter_goes_with_the_task() -> None:
    write_clips(Path("films"), ["ok"] * 2)
    Path("sets.csv").write_text("file,lifter\nfilms/clip-000.mp4,Anna\nfilms/clip-001.mp4,Ben\n", encoding="utf-8")
    with open_history() as history:
        history.save_lifter(Lifter("Anna", height_cm=171.0, neutral_back={"lower_deg": 3.0, "upper_deg": 4.0}))
    clips = plan.plan_batch(plan_clips("sets.csv"), AnalysisRequest(presets=("low-bar",)), LocalPlace(Path("out")))
    anna, ben = (task.request for task in clips.tasks)
    assert "height_cm = 171.0" in anna.settings_toml
    assert anna.neutral_back == {"lower_deg": 3.0, "upper_deg": 4.0}
    assert ben.neutral_back is None
    assert "height_cm" not in ben.settings_toml
    assert (anna.own_history, anna.own_settings, anna.presets) == (False, False, ())
    assert '"low-bar"' in ben.settings_toml


def plan_clips(name: str) -> Any:
    from formcheck.batch.inputs import wanted_clips

    return wanted_clips([name])


def test_somebody_elses_folder_is_left_alone() -> None:
    write_clips(Path("films"), ["ok"])
    Path("out").mkdir()
    Path("out/mine.txt").touch()
    with pytest.raises(OutputError, match="holds something else"):
        run()
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]


def test_results_of_an_earlier_request_do_not_stay_beside_new_ones() -> None:
    write_clips(Path("films"), ["ok"])
    run()
    Path("out/clips/clip-000/annotated.mp4").touch()
    run(exercise="squat")
    assert {path.name for path in Path("out/clips/clip-000").iterdir()} == {"report.html", "outcome.json"}


def test_an_outcome_of_another_schema_or_torn_is_none() -> None:
    write_clips(Path("films"), ["ok"])
    run()
    path = Path("out/clips/clip-000/outcome.json")
    text = path.read_text(encoding="utf-8")
    assert Outcome.from_json(text) is not None
    for spoilt in (text.replace('"schema": 1', '"schema": 2'), text[: len(text) // 2], "[]", '{"schema": 1}'):
        assert Outcome.from_json(spoilt) is None
    path.write_text(text[:50], encoding="utf-8")
    run()
    assert executions()["clip-000.mp4"] == 2


# --- processes -----------------------------------------------------------------------------------------------------


def test_a_crash_in_one_clip_is_one_failure_among_the_others() -> None:
    write_clips(Path("films"), ["ok", "crash", "ok", "crash-once", "bad", "ok"])
    result = run(workers=ProcessWorkers(2, stub(LOG.absolute())))
    assert {outcome.name: outcome.status for outcome in result.outcomes} == {
        "clip-000": "done",
        "clip-001": "failed",
        "clip-002": "done",
        "clip-003": "done",
        "clip-004": "failed",
        "clip-005": "done",
    }
    assert "SIGKILL" in next(each.reason for each in result.failures if each.name == "clip-001")
    assert executions()["clip-001.mp4"] == 2
    assert len(summary()) == 6


# --- watching ------------------------------------------------------------------------------------------------------


def test_a_watched_folder_is_analysed_as_it_fills() -> None:
    write_clips(Path("films"), ["ok", "bad"])
    rounds: list[BatchResult] = []
    looks = 0

    def wait(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            Path("films/late.mp4").write_text("ok late", encoding="utf-8")
        if looks == 4:
            Path("films/late.mp4").write_text("ok late and longer", encoding="utf-8")  # still being copied

    batch = BatchRequest((), "out", AnalysisRequest(), 1)
    result = watch_folder(batch, "films", Here(), stopped=lambda: looks >= 8, wait=wait, found=rounds.append)
    assert [len(each.outcomes) - each.skipped for each in rounds] == [2, 1]
    assert result.stopped
    # What failed is not tried for ever, what grew is waited for.
    assert executions() == {"clip-000.mp4": 1, "clip-001.mp4": 1, "late.mp4": 1}
    assert {row["clip"] for row in summary()} == {"clip-000", "clip-001", "late"}


def test_a_manifest_says_whose_the_clips_of_a_watched_folder_are() -> None:
    write_clips(Path("films"), ["ok"] * 2)
    Path("sets.csv").write_text("file,lifter\nfilms/clip-000.mp4,Anna\n", encoding="utf-8")
    looks = iter(range(3))
    batch = BatchRequest(("sets.csv",), "out", AnalysisRequest(), 1)
    watch_folder(batch, "films", Here(), stopped=lambda: next(looks, None) is None, wait=lambda _: None)
    assert {row["clip"]: row["lifter"] for row in summary()} == {"clip-000": "Anna", "clip-001": ""}


def test_the_summary_is_the_same_as_parquet() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is missing: pip install 'formcheck[parquet]'")
    write_clips(Path("films"), ["ok", "bad"])
    run()
    table = parquet.read_table("out/summary.parquet")
    assert table.column_names == list(summary()[0])
    good, bad = sorted(table.to_pylist(), key=lambda row: str(row["clip"]))
    assert (good["reps"], good["worst_value"], good["depth_thighs"]) == (3, 31.5, None)
    assert (bad["status"], bad["reps"]) == ("failed", None)
    assert str(table.schema.field("depth_thighs").type) == "double"
