"""The history in a real browser: trend, lifters, a ghost over one's own rep; and every page by axe-core.

One server with a history of some weeks, and one page at each width for all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formcheck.judging.analysis import analyze
from formcheck.judging.settings import Override, Settings
from formcheck.render.html.report import html_report
from formcheck.storage.history import open_history
from formcheck.storage.settings_files import load_settings, settings_toml
from scripts import translations
from tests.helpers import app_server
from tests.helpers.app_server import PATIENCE_MS, Server, calm, complaints, needs_chromium, new_page, playwright_api
from tests.helpers.synthetic_lifter import deadlift, film, squat

pytestmark = needs_chromium

PATHS = ("", "live", "ready", "sore", "train", "history", "settings")
TABS = ("Sets", "Trend", "Compare", "Lifters", "Backup")
WIDTHS = (1440, 390)

browser = app_server.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("app")
    (folder / "history").mkdir()
    now = datetime.now().astimezone()
    # Seven days of Anna's, of which one is wild; and a fault of Ben's that somebody should look at.
    days = [(36, 34.0, "Anna"), (30, 30.0, "Anna"), (24, 27.0, "Anna"), (18, 60.0, "Anna"), (12, 18.0, "Anna")]
    days += [(8, 12.0, "Anna"), (2, 4.0, "Anna"), (1, 45.0, "Ben")]
    with open_history(folder / "history" / "history.sqlite3") as history:
        for number, (ago, rounding_deg, lifter) in enumerate(days):
            poses = film(deadlift(2, rounding_deg=rounding_deg))
            poses = replace(poses, time_s=poses.time_s * (1.0 + 1e-4 * number))
            report = analyze(poses, "deadlift", load_kg=100.0 + 2.5 * number, height_cm=178.0)
            history.save_set(
                report.to_dict(),
                poses,
                lifter=lifter,
                filmed_at=now - timedelta(days=ago),
                notes="#meet" if ago == 2 else "",
            )
        report = analyze(film(squat(2)), "squat", load_kg=60.0)
        history.save_set(report.to_dict(), film(squat(2)), lifter="Ben", filmed_at=now - timedelta(days=3))
    with Server(folder) as running:
        yield running


@pytest.fixture(scope="module", params=WIDTHS)
def page(browser: Any, server: Server, request: pytest.FixtureRequest) -> Any:
    return new_page(browser, server, "history", width=request.param)


def choose(page: Any, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).first.click()
    page.get_by_role("option", name=option, exact=True).click()
    calm(page)


def tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    calm(page)


def fits(page: Any) -> bool:
    """Nothing is cut off at the right."""
    answer: bool = page.evaluate(
        "(() => { const main = document.querySelector('[data-testid=stMain]'); "
        "return main.scrollWidth <= main.clientWidth; })()"
    )
    return answer


def test_who_needs_a_look_is_on_top_and_opens(page: Any) -> None:
    tab(page, "Lifters")
    first = page.locator("[class*=st-key-card-standing]:visible").first
    assert "Ben · Deadlift" in first.inner_text()
    assert "Fault in the only set" in first.inner_text()
    first.get_by_role("button", name="Look at set").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Rep by rep").first.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert fits(page)


def test_sets_are_found_by_tag(page: Any) -> None:
    tab(page, "Sets")
    choose(page, "Tag", "#meet")
    playwright_api.expect(page.get_by_role("button", name="Open set")).to_have_count(1, timeout=PATIENCE_MS)
    choose(page, "Tag", "All tags")


def test_a_trend_says_what_is_sure_and_marks_what_stands_out(page: Any) -> None:
    choose(page, "Lifter", "Anna")
    choose(page, "Lift", "Deadlift")
    tab(page, "Trend")
    words = page.locator(".fc-trend").first
    words.wait_for()
    assert "stands out" in words.inner_text()
    assert "95 % interval" in words.inner_text()
    assert "fine" in words.inner_text(), "the newest day"
    page.get_by_text("Estimated tonnage by week, kg").wait_for()
    page.get_by_text("Epley (1985)").wait_for()
    # What the picture shows is there in words too.
    described = page.locator("[aria-roledescription], [role=graphics-document], canvas[aria-label], svg[aria-label]")
    labels = described.evaluate_all("all => all.map(each => each.getAttribute('aria-label') || '').join(' ')")
    assert "Back rounding, typical rep from" in labels
    assert "Estimated tonnage by week" in labels
    assert fits(page)


def test_a_good_lift_is_laid_over_ones_own_by_phase(page: Any) -> None:
    tab(page, "Compare")
    page.get_by_text("Good lift", exact=True).first.click()
    calm(page)
    over = page.get_by_role("button", name="Lay over each other")
    over.wait_for()
    over.scroll_into_view_if_needed()
    over.click()
    assert over.get_attribute("aria-pressed") == "true"
    slider = page.get_by_label("Both reps")
    ghost = page.locator("path.ghost.near")
    drawn = []
    for at in ("0.2", "1.4"):
        slider.fill(at)
        drawn.append(ghost.get_attribute("d"))
    assert drawn[0]
    assert drawn[1]
    assert drawn[0] != drawn[1]
    assert ghost.evaluate("path => getComputedStyle(path).visibility") == "visible"
    page.get_by_text("less is better").first.wait_for()
    assert fits(page)
    over.click()
    assert ghost.evaluate("path => getComputedStyle(path).visibility") == "hidden"


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_on_any_page(path: str, page: Any, server: Server) -> None:
    page.goto(f"{server.url}/{path}")
    page.locator("h1").first.wait_for()
    calm(page)
    found = {path: complaints(page)}
    if path == "history":
        for name in TABS:
            tab(page, name)
            found[name] = complaints(page)
    assert found == {name: [] for name in found}


def test_axe_finds_nothing_in_the_report(browser: Any, tmp_path: Path) -> None:
    for name, motion in (("deadlift", deadlift(3, rounding_deg=30.0)), ("squat", squat(2))):
        file = tmp_path / f"{name}.html"
        file.write_text(html_report(analyze(film(motion), name), lifter="Anna"), encoding="utf-8")
        for width in WIDTHS:
            # The page's own policy lets no other script in.
            page = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True).new_page()
            page.goto(file.as_uri())
            page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
            assert complaints(page) == []
            page.close()


def test_every_field_shows_its_focus_and_nothing_moves_for_who_wants_that(browser: Any, server: Server) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{server.url}/history")
    page.locator("h1").first.wait_for()
    calm(page)
    page.locator("h1").first.click()
    for _ in range(8):
        page.keyboard.press("Tab")
        ringed = page.evaluate(
            """() => { for (let each = document.activeElement; each; each = each.parentElement) {
            const style = getComputedStyle(each);
            if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) return true; } return false; }"""
        )
        assert ringed, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(each => {
        const style = getComputedStyle(each);
        const times = `${style.transitionDuration},${style.animationDuration}`;
        return times.split(",").some(one => parseFloat(one) > 0.001);
        }).length"""
    )
    assert moving == 0
    page.close()


def heard(place: Any) -> list[str]:
    """Headings, buttons, tabs, labels and heads of columns, each on its own."""
    parts = place.locator("h1, h2, h3, button, [role=tab], label, th").all_inner_texts()
    return [line.strip() for part in parts for line in part.splitlines() if line.strip()]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_german_browser_sees_a_set_in_german(browser: Any, server: Server, width: int) -> None:
    english = {
        message.id
        for message in translations.read("de")
        if isinstance(message.id, str) and message.id and message.string != message.id
    }
    page = new_page(browser, server, "history", width=width, locale="de-DE")
    assert page.evaluate("document.querySelector('h1').innerText") == "Historie"
    page.get_by_role("button", name="Öffnen").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="Wiederholung für Wiederholung").wait_for()
    calm(page)
    assert "Konventionelles Kreuzheben" in dialog.locator(".fc-hero").inner_text()
    assert not english.intersection(heard(page))
    # Words that are no longer than their box.
    table = dialog.get_by_role("region", name="Wiederholung für Wiederholung")
    assert table.evaluate("part => part.scrollWidth <= part.clientWidth")
    if width < 768:
        menu = "getComputedStyle(document.querySelector('[data-testid=stExpandSidebarButton]'), '::after').content"
        assert page.evaluate(menu) == '"Menü"'
    page.context.close()


def test_the_box_for_files_is_german_too(browser: Any, server: Server) -> None:
    page = new_page(browser, server, locale="de-DE")
    box = page.get_by_test_id("stFileUploaderDropzoneInstructions")
    box.get_by_text("je Datei").wait_for()
    assert not {"Check my lift", "Lift", "Load in kg"}.intersection(heard(page))
    page.context.close()


def test_own_limits_go_back_to_the_defaults(browser: Any, server: Server) -> None:
    file = server.folder / "settings" / "settings.toml"
    file.parent.mkdir(exist_ok=True)
    own = Settings(checks={"deadlift/back-rounding": Override(5.0, 8.0)})
    file.write_text(settings_toml(own), encoding="utf-8")
    try:
        page = new_page(browser, server, "settings")
        page.get_by_role("tab", name="Limits").click()
        page.get_by_role("button", name="Reset to defaults").wait_for()
        calm(page)
        cells = page.locator("[data-testid=stDataFrame] [role=gridcell]")
        cells.filter(has_text="Back rounding").wait_for(state="attached")
        told = cells.all_text_contents()
        assert told[:5] == ["Back rounding", "true", "above", "5", "8"]
        # Where a check has no fault, the word for it is drawn, and no cell says what Python would.
        assert "None" not in told
        page.get_by_role("button", name="Reset to defaults").click()
        for place, limit in ((3, "12"), (4, "20")):
            playwright_api.expect(cells.nth(place)).to_have_text(limit, timeout=PATIENCE_MS)
        assert load_settings(file, own=False).checks == {}
        page.context.close()
    finally:
        file.unlink(missing_ok=True)
