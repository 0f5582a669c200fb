"""What is told of a film, in a real browser: whom to follow of several people, and how slow it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formcheck.storage.history import open_history
from formcheck.storage.pose_files import save_poses
from tests.helpers import app_server
from tests.helpers.app_server import PATIENCE_MS, Server, calm, needs_chromium, needs_model, new_page, playwright_api
from tests.helpers.edited_films import film, pictures_of
from tests.helpers.synthetic_lifter import deadlift
from tests.helpers.synthetic_lifter import film as poses_of

pytestmark = [pytest.mark.model, needs_chromium]

browser = app_server.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("app")) as running:
        yield running


def upload(page: Any, file: Path) -> None:
    page.locator("input[type=file]").first.set_input_files([str(file)])
    button = page.get_by_role("button", name="Check my lift")
    playwright_api.expect(button).to_be_enabled(timeout=PATIENCE_MS)
    calm(page)
    button.click()
    page.get_by_role("tab", name="Files").wait_for()
    calm(page)


def saved_sets(server: Server) -> Any:
    with open_history(server.folder / "history" / "history.sqlite3") as history:
        return history.sets()


def test_how_slow_the_film_is_can_be_said_before_and_after(browser: Any, server: Server, tmp_path: Path) -> None:
    real = poses_of(deadlift(3), noise_px=0.5)
    save_poses(replace(real, time_s=4.0 * real.time_s), tmp_path / "slow.npz")
    page = new_page(browser, server)
    upload(page, tmp_path / "slow.npz")
    page.get_by_role("tab", name="Not judged").click()
    page.get_by_text("Everything moves as slowly as in slow motion.").wait_for()
    page.get_by_role("tab", name="Judge again").click()
    calm(page)
    page.get_by_label("Slow motion, times", exact=True).fill("4")
    page.get_by_label("Slow motion, times", exact=True).press("Enter")
    calm(page)
    page.get_by_role("button", name="Judge again").click()
    page.get_by_role("button", name="Save this judgement").click()
    playwright_api.expect(page.get_by_role("button", name="Save this judgement")).to_have_count(0)
    (saved,) = saved_sets(server)
    assert saved.report.slow_motion == 4.0
    assert not [note for note in saved.report.tracking.notes if "slow motion" in note]
    # From the history it is judged by the same clock.
    page.goto(f"{server.url}/history")
    page.get_by_role("button", name=f"Open set {saved.id}").click()
    page.get_by_role("button", name="Plots and judge again").click()
    page.get_by_role("tab", name="Judge again").click()
    calm(page)
    playwright_api.expect(page.get_by_label("Slow motion, times", exact=True)).to_have_value("4")
    page.context.close()


@needs_model
def test_of_two_lifters_another_one_is_judged_at_a_click(browser: Any, server: Server, tmp_path: Path) -> None:
    before = len(saved_sets(server))
    squat, pull = pictures_of("squat-shallow"), pictures_of("deadlift-rounded")
    path = film(tmp_path / "two.mp4", [np.hstack([pull[frame + 45], squat[frame]]) for frame in range(80)])
    page = new_page(browser, server, width=390)
    page.get_by_text("More", exact=True).click()
    calm(page)
    page.get_by_role("radio", name="Left").click()
    calm(page)
    upload(page, path)
    hero = page.locator(".fc-hero")
    playwright_api.expect(hero).to_contain_text("1 deadlift rep")
    page.get_by_text("the one on the left").first.wait_for()
    page.locator("[class*=st-key-card-person]").get_by_role("button", name="Right").click()
    playwright_api.expect(hero).to_contain_text("1 squat rep")
    assert page.locator("[data-testid=stMain]").evaluate("part => part.scrollWidth") <= 390
    # The verdict is there before the video is drawn and the set is saved.
    page.get_by_role("tab", name="Files").wait_for()
    calm(page)
    # One set, that of the one who was meant.
    sets = saved_sets(server)
    assert len(sets) == before + 1
    assert {each.report.exercise.name for each in sets if each.settings.get("person")} == {"squat"}
    page.context.close()
