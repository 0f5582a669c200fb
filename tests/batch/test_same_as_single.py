"""With the real pose model: a clip of a batch gets, byte for byte, the files that it gets alone."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from formcheck.batch.run import BatchRequest, ProcessWorkers, run_batch
from formcheck.core.errors import ModelError
from formcheck.service.pipeline import AnalysisRequest, run_analysis
from formcheck.storage.history import Lifter, open_history
from formcheck.storage.pose_files import load_poses
from formcheck.vision.models.store import find_model

pytestmark = pytest.mark.model

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
NAMES = ("deadlift-rounded", "squat-shallow")
EXPORTS = ("html", "json", "reps", "signals", "poses")


@pytest.fixture(autouse=True)
def _model() -> None:
    try:
        find_model()
    except ModelError as error:
        pytest.skip(f"there is no pose model here and none can be fetched: {error}")


def test_a_batch_makes_the_files_that_single_runs_make(tmp_path: Path) -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna", height_cm=171.0, neutral_back={"lower_deg": 3.0, "upper_deg": 4.0}))
    manifest = tmp_path / "sets.csv"
    lines = [f"{SAMPLES / f'{name}.mp4'},Anna,80kg,belt" for name in NAMES]
    manifest.write_text("\n".join(["file,lifter,load,notes", *lines]), encoding="utf-8")
    asked = AnalysisRequest(presets=("low-bar",), exports=EXPORTS)
    result = run_batch(BatchRequest((str(manifest),), str(tmp_path / "out"), asked, 2), ProcessWorkers(2))
    assert [outcome.status for outcome in result.outcomes] == ["done", "done"]
    for name in NAMES:
        single = tmp_path / "single" / name
        run_analysis(
            AnalysisRequest(
                video=str(SAMPLES / f"{name}.mp4"),
                lifter="Anna",
                load_kg=80.0,
                notes="belt",
                presets=("low-bar",),
                exports=EXPORTS,
                folder=str(single),
                # Watched in parts at the same time, poses differ by hundredths of a pixel.
                jobs=1,
            )
        )
        batch = tmp_path / "out" / "clips" / name
        for file in ("report.json", "reps.csv", "signals.csv", "report.html"):
            assert without_days(single / file) == without_days(batch / file), (name, file)
        assert (batch / "thumbnail.jpg").stat().st_size > 1000
        # Archives note when they were made; what is in them is the same.
        one, two = (load_poses(folder / "poses.npz") for folder in (single, batch))
        for field in fields(one):
            first, second = getattr(one, field.name), getattr(two, field.name)
            same = first.tobytes() == second.tobytes() if isinstance(first, np.ndarray) else first == second
            assert same, (name, field.name)


def without_days(path: Path) -> bytes:
    return re.sub(rb'<span class="day">[-\d]+</span>', b"", path.read_bytes())
