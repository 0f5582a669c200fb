"""The pages around the lift in a real browser: taps, timers, warnings, hiding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import app_server
import pytest
from app_server import Server, needs_chromium, new_page, playwright_api
from make_reports import make_finding, make_poses, make_rep, make_report

from formcheck.guidance.texts import text
from formcheck.history import open_history

pytestmark = needs_chromium

POSES = make_poses(frames=6)

browser = app_server.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guidance")
    finding = make_finding()
    reps = (make_rep(1, (finding,)), make_rep(2, (finding,)))
    with open_history(folder / "history" / "history.sqlite3") as history:
        for number in (1, 2):
            made = make_report(POSES, reps=reps, findings=(finding,), load_kg=100.0)
            poses = replace(POSES, image_px=POSES.image_px + number)
            history.save_set(made.to_dict(), poses, filmed_at=datetime.now(UTC), lifter="Anna")
    with Server(folder) as running:
        yield running


def tap(page: Any, question: str, choice: str) -> None:
    group = page.get_by_role("radiogroup", name=text(question))
    group.get_by_text(text(f"{question}.{choice}"), exact=True).click()


def test_three_taps_show_the_warm_up_and_its_timer_runs(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "ready", width=390)
    for question, choice in (("pain", "none"), ("earlier", "none"), ("rest", "fresh")):
        tap(page, f"ready.{question}", choice)
    page.get_by_role("heading", name=text("ready.ok")).wait_for()
    cards = page.locator("li:has(svg)")
    cards.first.wait_for()
    assert cards.count() == 5
    assert text("move.hinge.name") in cards.last.inner_text()
    button = cards.first.get_by_role("button")
    button.click()
    page.wait_for_function("button => button.textContent === 'Stop 28 s'", arg=button.element_handle())
    button.click()
    assert button.inner_text() == "Start 30 s"
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390, "the page fits a phone"
    page.context.close()


def test_an_emergency_sign_comes_first_here_and_on_every_other_page(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "sore")
    assert page.get_by_role("radio").count() == 0
    page.get_by_text(text("sore.signs.fever"), exact=True).click()
    hero = page.locator(".fc-hero")
    hero.wait_for()
    assert hero.inner_text().startswith(text("sore.emergency"))
    for name in ("Check a lift", "Train", "Ready?"):
        page.get_by_role("link", name=name).click()
        playwright_api.expect(page.get_by_role("heading", name=text("page.sore.title"))).to_have_count(0)
        warning = page.get_by_test_id("stAlert").filter(has_text=text("emergency.whom"))
        warning.wait_for()
        title = page.get_by_role("heading", level=1).first
        title.wait_for()
        assert warning.bounding_box()["y"] < title.bounding_box()["y"]
    page.context.close()


def test_train_shows_evidence_and_lets_it_be_hidden(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "train")
    page.get_by_text(text("load.too-heavy.text")).wait_for()
    page.get_by_text("with 100 kg").first.wait_for()
    page.get_by_text("in 2 of your last 2 sets").wait_for()
    page.locator("li:has(svg)").nth(2).wait_for()
    page.get_by_role("button", name=text("load.hide")).click()
    page.get_by_role("button", name=text("page.show-hidden")).wait_for()
    assert page.get_by_text(text("load.too-heavy.text")).count() == 0
    page.context.close()
