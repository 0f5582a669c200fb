"""The pages around the lift in a real browser: taps, timers, warnings, hiding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from formcheck.guidance.tables import SORE
from formcheck.guidance.texts import text
from formcheck.storage.history import open_history
from tests.helpers import app_server
from tests.helpers.app_server import PATIENCE_MS, Server, calm, needs_chromium, new_page, playwright_api
from tests.helpers.make_reports import make_finding, make_poses, make_rep, make_report

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


WARNS_ABOVE_ITS_TITLE = """whom => {
    const warning = [...document.querySelectorAll("[data-testid=stAlert]")].find(each => each.innerText.includes(whom));
    const title = document.querySelector("h1");
    const [above, below] = [warning, title].map(each => each?.getBoundingClientRect());
    return above?.height > 0 && below?.height > 0 && above.bottom <= below.top;
}"""


def tap(page: Any, question: str, choice: str) -> None:
    group = page.get_by_role("radiogroup", name=text(question))
    group.get_by_text(text(f"{question}.{choice}"), exact=True).click()


def test_three_taps_show_the_warm_up_and_its_timer_runs(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "ready", width=390)
    for question, choice in (("pain", "none"), ("earlier", "none"), ("rest", "fresh")):
        tap(page, f"ready.{question}", choice)
    page.get_by_role("heading", name=text("ready.ok")).wait_for()
    cards = page.locator("li:has(svg)")
    playwright_api.expect(cards).to_have_count(5)
    playwright_api.expect(cards.last).to_contain_text(text("move.hinge.name"))
    calm(page)
    button = cards.first.get_by_role("button")
    button.click()
    page.wait_for_function("button => /^Stop 2[0-8] s$/.test(button.textContent)", arg=button.element_handle())
    button.click()
    assert button.inner_text() == "Start 30 s"
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390, "the page fits a phone"
    page.context.close()


SKIPS_TIME = """
window.skip = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + window.skip;
"""


def test_a_timer_goes_through_all_sets_and_is_named_as_it_reads(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "train", scripts=[SKIPS_TIME])
    # Two sets of it, each with two sides.
    card = page.locator("li:has(svg)").filter(has_text=text("move.bird-dog.name"))
    button, said = card.get_by_role("button"), card.get_by_role("status")
    expect = playwright_api.expect
    expect(said).to_have_text("Set 1 of 2", timeout=PATIENCE_MS)
    for after in ("Next: Set 2 of 2", "Done"):
        expect(button).to_have_text("Start 18 s")
        expect(button).to_have_accessible_name(f"{text('move.bird-dog.name')}: Start 18 s")
        button.click()
        expect(button).to_have_accessible_name(re.compile(r": Stop \d+ s$"), timeout=PATIENCE_MS)
        page.evaluate("window.skip += 18_000")
        expect(said).to_have_text(text("timer.change"), timeout=PATIENCE_MS)
        page.evaluate("window.skip += 18_000")
        expect(said).to_have_text(after, timeout=PATIENCE_MS)
    page.context.close()


def test_on_a_phone_the_menu_makes_room_for_the_page_that_was_chosen(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "ready", width=390)
    for name in ("History", "Settings"):
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("link", name=name).click()
        page.wait_for_function(
            """name => document.querySelector("h1")?.innerText === name &&
            !document.querySelector("[data-testid=stSidebar][data-collapsed=false]")""",
            arg=name,
        )
        calm(page)
    page.context.close()


IN_VIEW_WITH_FOCUS = """headline => {
    const heading = document.activeElement;
    const { top, bottom } = heading.getBoundingClientRect();
    return heading.matches(".fc-answer h2") && heading.innerText === headline && top > 0 && bottom < window.innerHeight;
}"""


def test_the_last_answer_brings_what_it_means_into_view(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "sore", width=390)
    heights = "[...document.querySelectorAll('[data-testid=stCheckbox] label')].map(each => each.clientHeight)"
    assert min(page.evaluate(heights)) >= 44
    page.get_by_role("button", name=text("page.sore.none")).click()
    for question in SORE.questions[1:]:
        tap(page, f"sore.{question.id}", question.choices[0])
    page.wait_for_function(IN_VIEW_WITH_FOCUS, arg=text("sore.normal"))
    page.context.close()


def test_an_emergency_sign_comes_first_here_and_on_every_other_page(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "sore")
    fever, again = page.get_by_text(text("sore.signs.fever"), exact=True), page.get_by_text(text("page.again"))
    fever.or_(again).first.wait_for()
    if again.count():
        again.click()  # what another test answered stands for the day
    fever.click()
    playwright_api.expect(page.locator(".fc-hero")).to_have_text(re.compile("^" + re.escape(text("sore.emergency"))))
    for name in ("Check a lift", "Train", "Ready?"):
        page.get_by_role("link", name=name).click()
        playwright_api.expect(page.get_by_role("heading", name=text("page.sore.title"))).to_have_count(0)
        # Both are looked at in one moment: the page may be drawn again between two looks.
        page.wait_for_function(WARNS_ABOVE_ITS_TITLE, arg=text("emergency.whom"))
    page.context.close()


def test_train_shows_evidence_and_lets_it_be_hidden(browser: Any, server: Server) -> None:
    page = new_page(browser, server, "train")
    page.get_by_text(text("load.too-heavy.text")).wait_for()
    page.get_by_text("with 100 kg").first.wait_for()
    page.get_by_text("in 2 of your last 2 sets").wait_for()
    page.locator("li:has(svg)").nth(2).wait_for()
    page.get_by_role("button", name=text("load.hide")).click()
    page.get_by_role("button", name=text("page.show-hidden")).wait_for()
    playwright_api.expect(page.get_by_text(text("load.too-heavy.text"))).to_have_count(0)
    page.context.close()
