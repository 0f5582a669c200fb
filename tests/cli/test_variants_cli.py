"""The variant on the command line and in Python; what it changes is tested beside the lifts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app
from formcheck.cli.options import known_variant
from formcheck.core.errors import UsageError
from formcheck.storage.pose_files import save_poses
from tests.helpers.synthetic_lifter import deadlift, film


@pytest.fixture
def poses_npz(tmp_path: Path) -> Path:
    path = tmp_path / "set.npz"
    save_poses(film(deadlift(1, low_hips_deg=43.0)), path)
    return path


def _analyze(path: Path, *options: str) -> dict[str, object]:
    arguments = ["analyze", str(path), "--no-video", "--json", "--out", str(path.parent / "report"), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    report: dict[str, object] = json.loads((path.parent / "report" / "report.json").read_text(encoding="utf-8"))
    return report


@pytest.mark.parametrize(("options", "source"), [((), "recognised"), (("--variant", "Sumo"), "chosen")])
def test_the_variant_is_in_the_report(poses_npz: Path, options: tuple[str, ...], source: str) -> None:
    report = _analyze(poses_npz, *options)
    assert report["variant"] == ("sumo" if options else "conventional")
    assert report["variant_source"] == source
    findings = report["findings"]
    assert isinstance(findings, list)
    assert ("squatted-start" in {finding["check"] for finding in findings}) == (not options)


@pytest.mark.parametrize("options", [["--variant", "no-such"], ["-e", "squat", "--variant", "sumo"]])
def test_a_variant_that_is_none_is_refused_before_anything_is_read(tmp_path: Path, options: list[str]) -> None:
    result = CliRunner().invoke(app, ["analyze", str(tmp_path / "missing.mp4"), *options])
    assert result.exit_code == 2
    assert options[-1] in result.output
    assert "missing.mp4" not in result.output


def test_names_are_read_as_people_write_them() -> None:
    assert known_variant("auto", " Overhead ") == "overhead"
    assert known_variant("deadlift", "auto") == "auto"
    with pytest.raises(UsageError, match="front"):
        known_variant("squat", "sumo")
