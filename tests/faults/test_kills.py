"""A few kills at random moments; ``make faults`` does hundreds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from formcheck.service.pipeline import run_analysis
from formcheck.storage.report_folder import PARTIAL_PREFIX
from tests.faults.app_kills import kill_apps, kill_workers
from tests.faults.kills import Scene, kill_commands, kill_forked

pytest.importorskip("streamlit", reason="Streamlit is not installed: pip install 'formcheck[app]'")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX only")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    return Scene(tmp_path)


@pytest.mark.parametrize("kind", ["command", "worker"])
def test_a_killed_analysis_loses_nothing_and_leaves_nothing_half_there(scene: Scene, kind: str) -> None:
    kills = kill_forked(scene, kind, 4, seed=3)
    assert kills.problems == []
    # The next one finds a folder and a history that it can use, and clears away what was left.
    before = scene.sets()
    result = run_analysis(scene.next_request(99_999))
    assert result.problem is None
    assert scene.sets() == before + 1
    assert not list(scene.out.glob(f"{PARTIAL_PREFIX}*"))
    assert not list(scene.out.glob(".*.part"))


def test_a_killed_command_loses_nothing(scene: Scene) -> None:
    assert kill_commands(scene, 1, seed=5).problems == []


def test_a_killed_app_leaves_its_job_to_the_next_one(scene: Scene) -> None:
    kills = kill_apps(scene, 2, seed=7)
    assert kills.problems == []
    assert kills.during >= 1


def test_an_app_whose_worker_is_killed_says_so(scene: Scene) -> None:
    assert kill_workers(scene, 2, seed=9).problems == []
