"""Checking lifts in a real browser: the table before a batch, titles, addresses, and a stop in the middle of the work.

One server and one page for all, in the order of a training day.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from formcheck.app.main import GONE_WORDS, PAGES
from tests.helpers import app_server
from tests.helpers.app_server import PATIENCE_MS, SAMPLE, Server, calm, needs_chromium, needs_model, new_page

pytestmark = [pytest.mark.model, needs_chromium, needs_model]

WIDTHS = (1440, 390)

browser, server = app_server.browser, app_server.server


@pytest.fixture(scope="module")
def page(browser: Any, server: Server) -> Any:
    return new_page(browser, server, width=1440)


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth"))


def test_every_page_has_its_title_and_asks_for_nothing_that_is_not_there(page: Any, server: Server) -> None:
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    for title, path, _, _ in PAGES[::-1]:
        page.goto(f"{server.url}/{path if path != PAGES[0][1] else ''}")
        page.locator("h1").first.wait_for()
        page.wait_for_function("title => document.title === title", arg=f"{title} · FormCheck")
    assert missing == []
    assert "Streamlit" not in page.request.get(server.url).text().partition("<title>")[2].partition("</title>")[0]
    manifest = page.request.get(f"{server.url}/manifest.webmanifest")
    assert manifest.json()["start_url"] == "/"
    assert page.request.get(server.url + manifest.json()["icons"][0]["src"]).ok
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def test_a_batch_is_told_of_in_a_table_at_both_widths(page: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("videos")
    names = ["sumo deadlift 100kg.mp4", "IMG_2041.mp4", "not a video.mp4"]
    for name in names[:2]:
        shutil.copy(SAMPLE, folder / name)
    (folder / names[2]).write_text("milk, eggs", encoding="utf-8")
    page.locator("input[type=file]").first.set_input_files([str(folder / name) for name in names])
    page.get_by_role("button", name="Check 3 lifts").wait_for()
    calm(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        load = page.get_by_label("Load of sumo deadlift")
        load.scroll_into_view_if_needed()
        box, card = load.bounding_box(), page.locator("[class*=st-key-card-file-]").first.bounding_box()
        assert card["x"] <= box["x"]
        assert box["x"] + box["width"] <= card["x"] + card["width"] <= width
        assert fits(page)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    assert float(page.get_by_label("Load of sumo deadlift").input_value()) == 100.0
    page.get_by_role("button", name="Remove IMG_2041.mp4").click()
    page.get_by_role("button", name="Check 2 lifts").wait_for()
    calm(page)


def test_a_kill_in_the_middle_of_the_work_is_told_of_and_the_work_goes_on(page: Any, server: Server) -> None:
    page.get_by_role("button", name="Check 2 lifts").click()
    page.get_by_text("Watching your lift · frame").wait_for()
    page.reload()
    page.get_by_role("heading", name="Looking at your lift").wait_for()
    server.stop(signal.SIGKILL)
    gone = page.get_by_role("alertdialog", name=GONE_WORDS["title"])
    gone.wait_for()
    assert "yourscript" not in page.locator("body").inner_text()
    (notes,) = (server.folder / "tmp").glob("formcheck-app-*/jobs-*.json")
    # Both videos of the batch wait for the next start.
    assert len(list(notes.parent.glob("*/video.mp4"))) == 2
    other = page.context.new_page()
    other.goto(f"{server.url}/history")
    other.get_by_role("heading", name=GONE_WORDS["title"]).wait_for()
    other.close()
    server.start()
    page.get_by_text("has begun it again").wait_for()
    # The unreadable file is told of and gone, and the other one is open.
    page.get_by_role("tab", name="Files").wait_for()
    page.get_by_role("alert").get_by_text("not a video.mp4").wait_for()


def test_a_result_is_at_its_address_is_said_to_be_saved_and_taken_back(page: Any) -> None:
    page.get_by_role("button", name="Check another lift").wait_for()
    address = page.url
    assert "result=" in address
    page.reload()
    page.get_by_text("Saved as set 1").wait_for()
    calm(page)
    assert page.url == address
    page.set_viewport_size({"width": WIDTHS[1], "height": 900})
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    page.get_by_text("Not saved.").wait_for(timeout=PATIENCE_MS)
    assert fits(page)


def test_nothing_is_left_of_the_upload_afterwards(page: Any, server: Server) -> None:
    calm(page)
    page.get_by_role("button", name="Check another lift").click()
    page.get_by_role("heading", name="How was your lift?").wait_for()
    calm(page)
    left: list[Path] = [*(server.folder / "tmp").glob("formcheck-app-*/*/video.mp4")]
    assert left == []
