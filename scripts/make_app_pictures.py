"""Make the documents' pictures of the app (`make app-pictures`): the real app in Chromium, with rendered samples."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.bench_live_browser import CHROMIUM, PATIENCE_MS, running_app

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
CLIPS = [ROOT / "sample_videos" / f"{name}.mp4" for name in ("deadlift-good", "deadlift-rounded")]
DESKTOP, PHONE = (1440, 1150), (390, 1400)


def calm(page: Any) -> None:
    """Wait until the page is drawn and its pictures are there."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("[...document.querySelectorAll('video')].every(each => each.readyState >= 2)")
    page.wait_for_timeout(1500)


def take(page: Any, name: str, size: tuple[int, int]) -> None:
    """One screenshot of what is seen first, in few colours."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    calm(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


def take_german(browser: Any, url: str) -> None:
    """The result of a sample as a German browser shows it."""
    page = browser.new_context(locale="de-DE").new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.get_by_role("button", name="Kreuzheben, runder Rücken").click()
    page.get_by_role("tab", name="Dateien").wait_for()
    take(page, "app-result-german", DESKTOP)
    page.context.close()


def main() -> None:
    """Take all pictures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as url,
        sync_playwright() as player,
    ):
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url)
        page.locator("h1").first.wait_for()
        take(page, "app-upload", DESKTOP)
        page.get_by_label("Load in kg").fill("100")
        page.get_by_role("combobox", name="Lifter").fill("Alex")
        page.keyboard.press("Enter")
        calm(page)
        page.get_by_text("More", exact=True).click()
        calm(page)
        page.get_by_text("Keep the annotated video with it").click()
        calm(page)
        page.locator("input[type=file]").first.set_input_files([str(clip) for clip in CLIPS])
        button = page.get_by_role("button", name="Check 2 lifts")
        button.wait_for()
        calm(page)
        button.click()
        page.get_by_role("tab", name="Files").wait_for()
        take(page, "app-result", DESKTOP)
        take(page, "app-result-phone", PHONE)
        page.goto(f"{url}/history")
        page.get_by_role("tab", name="Compare").click()
        page.get_by_label("Both reps").wait_for()
        take(page, "app-compare", DESKTOP)
        take_german(browser, url)
        browser.close()


if __name__ == "__main__":
    main()
