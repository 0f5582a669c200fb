"""The app in a real browser: upload, result, video, downloads, cancel, history. One server and one upload for all."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

from formcheck.judging import analysis
from formcheck.storage.history import open_history
from formcheck.vision.video import VideoReader
from tests.helpers import app_server
from tests.helpers.app_server import (
    PATIENCE_MS,
    SAMPLE,
    Server,
    calm,
    complaints,
    needs_chromium,
    needs_model,
    new_page,
    playwright_api,
)
from tests.helpers.synthetic_lifter import deadlift, film

pytestmark = [pytest.mark.model, needs_chromium, needs_model]

LONG_NAME = "Kreuzhebebeweglichkeitsüberprüfungsaufnahmezusammenfassung am Donnerstagnachmittag <b>1.mp4"

browser, server = app_server.browser, app_server.server


def upload(page: Any, *files: Path) -> None:
    page.locator("input[type=file]").first.set_input_files([str(file) for file in files])
    button = page.get_by_role("button", name="Check")
    playwright_api.expect(button).to_be_enabled(timeout=PATIENCE_MS)
    calm(page)
    button.click()


@pytest.fixture(scope="module")
def result(browser: Any, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A page that shows the result of an upload with an awkward name."""
    video = tmp_path_factory.mktemp("videos") / LONG_NAME
    shutil.copy(SAMPLE, video)
    page = new_page(browser, server)
    page.get_by_label("Load in kg").fill("100")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Notes").fill("felt <b>heavy</b>")
    page.get_by_text("Keep the annotated video with it").click()
    calm(page)
    upload(page, video)
    page.get_by_text("Watching your lift").wait_for()
    page.get_by_role("tab", name="Files").wait_for()
    return page


def video_of(page: Any) -> Any:
    video = page.locator("video").first
    video.wait_for()
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    return video


def picture(video: Any) -> list[int]:
    """A coarse picture of what the video shows now."""
    pixels: list[int] = video.evaluate(
        """video => { const c = document.createElement("canvas"); c.width = 24; c.height = 24;
        const d = c.getContext("2d"); d.drawImage(video, 0, 0, 24, 24);
        return [...d.getImageData(0, 0, 24, 24).data]; }"""
    )
    return pixels


def test_verdict_and_cue_come_first(result: Any) -> None:
    hero = result.locator(".fc-hero")
    assert "deadlift reps" in hero.locator("h2").inner_text()
    assert "back rounding" in hero.inner_text().lower()
    assert "Try next" in hero.inner_text()
    assert "100 kg" in hero.inner_text()
    assert LONG_NAME in hero.inner_text()


def test_the_video_plays(result: Any) -> None:
    video = video_of(result)
    before, start_s = picture(video), video.evaluate("video => video.currentTime")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    result.wait_for_function("start => document.querySelector('video').currentTime > start + 2.5", arg=start_s)
    video.evaluate("video => video.pause()")
    assert sum(abs(a - b) for a, b in zip(before, picture(video), strict=True)) > 1000


def test_a_click_on_a_finding_goes_there_in_the_video(result: Any) -> None:
    video = video_of(result)
    finding = result.locator("button.finding").first
    minutes, seconds = finding.locator(".go").inner_text().split(":")
    at_s = 60 * int(minutes) + float(seconds)
    video.evaluate("video => { video.currentTime = 0; }")
    finding.click()
    result.wait_for_function("at => Math.abs(document.querySelector('video').currentTime - at) < 0.1", arg=at_s)


def test_the_video_is_watched_slowly_frame_by_frame_and_in_a_loop(result: Any) -> None:
    video = video_of(result)
    at_s = "document.querySelector('video').currentTime"
    video.evaluate("video => { video.muted = true; video.currentTime = 1.0; }")
    result.get_by_role("button", name="Speed 0.25").click()
    assert video.evaluate("video => video.playbackRate") == 0.25
    assert result.get_by_role("button", name="Speed 0.25").get_attribute("aria-pressed") == "true"
    result.get_by_role("button", name="One frame on").click()
    result.wait_for_function(f"Math.abs({at_s} - 31.5 / 30) < 0.005")
    result.get_by_role("button", name="One frame on").press(",")
    result.wait_for_function(f"Math.abs({at_s} - 30.5 / 30) < 0.005")
    result.get_by_role("button", name="One frame on").press(">")
    result.keyboard.press(">")
    assert video.evaluate("video => video.playbackRate") == 1
    result.get_by_role("button", name="Go to rep 2").click()
    start_s = video.evaluate("video => video.currentTime")
    loop = result.get_by_role("button", name="Loop rep")
    loop.click()
    assert loop.get_attribute("aria-pressed") == "true"
    # At the end of the rep it begins again.
    end_s = float(result.locator("tr[data-start]").nth(1).get_attribute("data-end"))
    video.evaluate("(video, at) => { video.currentTime = at; }", end_s - 0.2)
    result.wait_for_function(f"{at_s} >= {start_s} && {at_s} < {end_s - 0.3}")
    loop.press("l")
    assert loop.get_attribute("aria-pressed") == "false"
    video.evaluate("video => video.pause()")


def test_the_overlay_is_switched_off_and_on_at_the_same_place(result: Any) -> None:
    video = video_of(result)
    video.evaluate("video => { video.pause(); video.currentTime = 4.2; }")
    result.wait_for_function("!document.querySelector('video').seeking")
    overlay = result.get_by_role("button", name="Overlay")
    assert overlay.get_attribute("aria-pressed") == "true"
    drawn_on = picture(video)
    overlay.click()
    playwright_api.expect(overlay).to_have_attribute("aria-pressed", "false", timeout=PATIENCE_MS)
    there = "Math.abs(document.querySelector('video').currentTime - 4.2) < 0.05"
    settled = f"{there} && !document.querySelector('video').seeking && document.querySelector('video').readyState >= 2"
    result.wait_for_function(settled)
    calm(result)
    filmed = picture(video)
    assert sum(abs(a - b) for a, b in zip(drawn_on, filmed, strict=True)) > 1000
    # The second time nothing has to be fetched, and a key does it.
    result.get_by_role("button", name="One frame on").press("o")
    playwright_api.expect(overlay).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
    result.wait_for_function(settled)
    assert sum(abs(a - b) for a, b in zip(drawn_on, picture(video), strict=True)) < 200
    legend = result.get_by_role("list", name="Line along the back")
    assert legend.get_by_role("listitem").all_inner_texts()[0] == "neutral"
    assert legend.evaluate("list => parseFloat(getComputedStyle(list).fontSize)") >= 12


def test_a_clip_of_one_rep_and_a_page_to_share(result: Any, tmp_path: Path) -> None:
    result.get_by_role("tab", name="Files").click()
    with result.expect_download() as waiting:
        result.get_by_role("button", name="Clip of rep").click()
    clip = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(clip)
    assert clip.name.endswith("-rep-3.mp4"), "the worst one is offered first"
    with VideoReader(clip) as reader:
        times_s = [frame.time_s for frame in reader]
    assert times_s[0] == 0.0
    assert 2.0 < times_s[-1] < 4.5
    with result.expect_download() as waiting:
        result.get_by_role("button", name="Summary as PDF").click()
    page = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(page)
    document = pdfium.PdfDocument(page)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    assert "back rounding" in text
    assert "felt <b>heavy</b>" in text
    assert "Worst: rep" in text


def test_on_a_phone_the_whole_video_is_in_view_after_a_click_on_a_finding(result: Any) -> None:
    video = video_of(result)
    result.set_viewport_size({"width": 390, "height": 844})
    try:
        result.locator("button.finding").first.click()
        bar = result.locator("[data-testid=stHeader]").evaluate("bar => bar.getBoundingClientRect().bottom")
        result.wait_for_function(
            """bar => { const box = document.querySelector("video").getBoundingClientRect();
            return box.top >= bar && box.bottom <= innerHeight; }""",
            arg=bar,
        )
    finally:
        result.set_viewport_size({"width": 1280, "height": 900})
    assert video.evaluate("video => video.paused")


def test_a_rep_is_reached_with_the_keyboard(result: Any) -> None:
    video = video_of(result)
    video.evaluate("video => { video.currentTime = 0; }")
    rep = result.get_by_role("button", name="Go to rep 3")
    rep.focus()
    rep.press("Enter")
    result.wait_for_function("document.querySelector('video').currentTime > 5")


def test_plots_are_shown_under_their_own_policy(result: Any) -> None:
    result.get_by_role("tab", name="Pictures and plots").click()
    frame = result.frame_locator("iframe[title='Pictures and plots']")
    frame.locator("figure.plot").first.wait_for()
    assert frame.locator(".hero").is_hidden()
    # The page's script ran, and its frame is as high as the page.
    assert frame.locator(".scrub").is_visible()
    assert result.locator("iframe[title='Pictures and plots']").evaluate("frame => frame.clientHeight") > 900


def test_every_download_opens_again(result: Any, tmp_path: Path) -> None:
    result.get_by_role("tab", name="Files").click()
    got: dict[str, Path] = {}
    for label in ("Report", "Annotated video", "Report as JSON", "Reps as CSV", "Angles as CSV", "Landmarks as TRC"):
        with result.expect_download() as waiting:
            result.get_by_role("button", name=label, exact=True).click()
        path = tmp_path / f"{len(got)}{Path(waiting.value.suggested_filename).suffix}"
        waiting.value.save_as(path)
        got[label] = path
    assert "felt &lt;b&gt;heavy" in got["Report"].read_text(encoding="utf-8")
    report = json.loads(got["Report as JSON"].read_text(encoding="utf-8"))
    assert len(report["reps"]) == 3
    with got["Reps as CSV"].open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 3
    with got["Angles as CSV"].open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == report["video"]["frames"]
    assert got["Landmarks as TRC"].read_text(encoding="utf-8").splitlines()[2].split("\t")[4] == "mm"
    with VideoReader(got["Annotated video"]) as reader:
        assert sum(1 for _ in reader) == report["video"]["frames"]


def test_axe_finds_nothing_on_a_result(result: Any) -> None:
    for name in ("Files", "Not judged", "Judge again", "Pictures and plots"):
        result.get_by_role("tab", name=name).click()
        calm(result)
        assert complaints(result) == []


def test_the_page_of_the_result_fits_a_phone(result: Any) -> None:
    result.set_viewport_size({"width": 390, "height": 844})
    try:
        result.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 390")
        # The verdict of a rep has a line of its own below its numbers, so that nothing of the table is cut off.
        table = result.get_by_role("region", name="Rep by rep")
        assert table.evaluate("part => part.scrollWidth <= part.clientWidth")
        # Out of sight, but not out of hearing.
        playwright_api.expect(table.get_by_role("columnheader", name="Verdict")).to_have_count(1, timeout=PATIENCE_MS)
        playwright_api.expect(result.get_by_role("heading", level=1)).to_have_count(1, timeout=PATIENCE_MS)
    finally:
        result.set_viewport_size({"width": 1280, "height": 900})


def test_judging_again_takes_other_settings_without_looking_at_the_video(result: Any, server: Server) -> None:
    result.get_by_role("tab", name="Judge again").click()
    # The plots of the tab before are of another height: a list that opens while the page moves closes again.
    calm(result)
    result.get_by_label("Presets").fill("Earlier warnings")
    # In a list that has to scroll to it a click may be lost.
    result.get_by_role("option", name="Earlier warnings about the back").click()
    # Not Escape: in a list that is closed already it takes the choice back.
    result.keyboard.press("Tab")
    result.get_by_test_id("stMultiSelect").get_by_text("Earlier warnings about the back").wait_for()
    calm(result)
    result.get_by_role("button", name="Judge again").click()
    result.get_by_text("Looking at your lift").wait_for()
    result.get_by_role("tab", name="Files").wait_for()
    result.get_by_text("Go lighter first").first.wait_for()
    assert "earlier_back_injury" not in json.dumps(saved_report(server)["settings"])
    calm(result)
    save = result.get_by_role("button", name="Save this judgement")
    save.click()
    playwright_api.expect(save).to_have_count(0, timeout=PATIENCE_MS)
    assert "earlier_back_injury" in json.dumps(saved_report(server)["settings"])


def saved_report(server: Server) -> dict[str, Any]:
    with open_history(server.folder / "history" / "history.sqlite3") as history:
        (saved,) = history.sets()
        return dict(saved.report_data)


def test_a_bad_file_is_told_of(browser: Any, server: Server, tmp_path: Path) -> None:
    bad = tmp_path / "shopping list.mp4"
    bad.write_text("milk, eggs", encoding="utf-8")
    page = new_page(browser, server)
    upload(page, bad)
    page.get_by_role("alert").get_by_text("shopping list.mp4 is not a video").wait_for()
    page.get_by_role("heading", name="How was your lift?").wait_for()
    page.context.close()


def workers(server: Server) -> set[int]:
    """Numbers of the processes that analyse for this server, from the system's list: other tests may run their own."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ours = str(server.folder).encode() in (entry / "environ").read_bytes()
            if ours and b"formcheck.service.worker" in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are listed in /proc on Linux only")
def test_cancel_stops_the_worker_and_leaves_nothing(browser: Any, server: Server) -> None:
    page = new_page(browser, server)
    page.get_by_role("button", name="Squat, shallow").click()
    page.get_by_text("Watching your lift").wait_for()
    # While something is analysed no other process waits for its turn.
    (mine,) = workers(server)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("heading", name="How was your lift?").wait_for()
    assert mine not in workers(server)
    page.context.close()


@pytest.fixture
def pair(server: Server) -> Iterator[tuple[list[int], list[dict[str, Any]]]]:
    """Two saved sets, and the reps of both."""
    poses = film(deadlift(3))
    told = analysis.analyze(poses, "deadlift").to_dict()
    path = server.folder / "history" / "history.sqlite3"
    with open_history(path) as history:
        ids = [
            history.save_set(told, replace(poses, time_s=stretch * poses.time_s), lifter="Side by Side").id
            for stretch in (1.0, 1.01)
        ]
    yield ids, told["reps"]
    # Tests after this one count what is in the history.
    with open_history(path) as history:
        for set_id in ids:
            history.delete_set(set_id)


def test_two_kept_videos_run_under_one_slider(
    browser: Any, server: Server, pair: tuple[list[int], list[dict[str, Any]]]
) -> None:
    ids, reps = pair
    with open_history(server.folder / "history" / "history.sqlite3") as history:
        for set_id in ids:
            history.keep_video(set_id, SAMPLE)
    page = new_page(browser, server, "history")
    page.get_by_role("tab", name="Compare").click()
    slider = page.get_by_label("Both reps")
    slider.wait_for()
    calm(page)
    times = "[...document.querySelectorAll('.st-key-side-by-side video')].map(video => video.currentTime)"
    start_s, end_s = reps[0]["start_s"], reps[0]["end_s"]
    page.wait_for_function(f"{times}.length === 2 && {times}.every(time => Math.abs(time - {start_s}) < 0.1)")
    slider.focus()
    slider.press("End")
    page.wait_for_function(f"{times}.every(time => Math.abs(time - {end_s}) < 0.1)")
    page.context.close()


def test_two_reps_without_videos_move_as_stick_figures(
    browser: Any, server: Server, pair: tuple[list[int], list[dict[str, Any]]]
) -> None:
    page = new_page(browser, server, "history", width=390)
    page.get_by_role("tab", name="Compare").click()
    slider = page.get_by_label("Both reps")
    slider.wait_for()
    calm(page)
    figures = page.get_by_role("img", name="stick figure with the line of the back")
    assert figures.count() == 2
    pictures = [figures.nth(n).locator(".near:not(.ghost)") for n in range(2)]
    first = [each.get_attribute("d") for each in pictures]
    slider.focus()
    slider.press("PageUp")
    assert all(each.get_attribute("d") != before for each, before in zip(pictures, first, strict=True))
    assert "Second set, rep 1, back" in (slider.get_attribute("aria-valuetext") or "")
    slider.press("Home")
    assert [each.get_attribute("d") for each in pictures] == first
    page.get_by_role("button", name="Play both").click()
    page.get_by_role("button", name="Pause").wait_for()
    # It ends by itself at the end of the longer rep.
    page.get_by_role("button", name="Play both").wait_for()
    assert float(slider.input_value()) >= float(slider.get_attribute("max") or "inf") - 0.05
    page.context.close()


def test_a_dialog_in_the_dark_can_be_read(
    browser: Any, server: Server, pair: tuple[list[int], list[dict[str, Any]]]
) -> None:
    page = new_page(browser, server, "history")
    page.emulate_media(color_scheme="dark")
    page.reload()
    page.locator("h1").first.wait_for()
    calm(page)
    page.locator(f".st-key-card-set-{pair[0][0]}").get_by_role("button", name="Open").click()
    hero = page.get_by_role("dialog").locator(".fc-hero")
    hero.wait_for()
    brightness = "colour => colour.match(/[\\d.]+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) / 3"
    ink, ground = (
        hero.evaluate(f"part => ({brightness})(getComputedStyle({part}).{name})")
        for part, name in (("part.querySelector('h2')", "color"), ("part", "backgroundColor"))
    )
    assert ink > 200
    assert ground < 60
    page.context.close()


def test_history_survives_a_restart_and_delete_deletes(browser: Any, server: Server, result: Any) -> None:
    result.context.close()
    server.stop()
    server.start()
    page = new_page(browser, server, "history")
    page.get_by_text("Conventional deadlift · 100 kg · 3 reps").first.wait_for()
    page.locator(".st-key-card-set-1").get_by_role("button", name="Open").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Rep by rep").first.wait_for()
    playwright_api.expect(dialog.locator("video")).to_have_count(1, timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    videos = server.folder / "history" / "videos"
    assert len(list(videos.glob("*.mp4"))) == 1
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("Sets that you check are kept here").wait_for()
    with open_history(server.folder / "history" / "history.sqlite3") as history:
        assert history.sets() == ()
    assert not list(videos.glob("*"))
    page.context.close()
