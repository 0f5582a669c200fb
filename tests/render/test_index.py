"""index.html of a batch: a row a set, trends by lifter, filters and sorting; lets nothing in from outside."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from formcheck.render.html import index
from formcheck.render.html.index import SetEntry, html_index, lifter_trends
from tests.helpers.app_server import browser, needs_chromium
from tests.helpers.batch_stub import SUMMARY

__all__ = ["browser"]

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}</title></svg>&amp;"
_, _JPEG = cv2.imencode(".jpg", np.full((72, 54, 3), 90, np.uint8))
PICTURE = bytes(_JPEG.tobytes())


def entry(file: str = "a.mp4", lifter: str = "Anna", day: str = "2026-03-01", **changes: Any) -> SetEntry:
    return SetEntry(
        file=file,
        lifter=lifter,
        day=day,
        load_kg=100.0,
        summary=replace(SUMMARY, **changes),
        report=f"clips/{file}/report.html",
        picture=PICTURE,
    )


GOOD: dict[str, Any] = {
    "verdict": "good",
    "flagged_reps": 0,
    "worst_rep": None,
    "worst_check": "",
    "worst_value": None,
    "worst_rounding_deg": 8.0,
}
ENTRIES = [
    entry("c.mp4", day="2026-03-15", **GOOD),
    entry("b.mp4", day="2026-03-08", exercise="squat", lifter="Ben"),
    entry("a.mp4"),
    SetEntry("broken.mp4", lifter="Ben", reason="broken.mp4 is not a video."),
]


def test_the_page_needs_nothing_but_itself() -> None:
    page = html_index(ENTRIES, day=date(2026, 3, 31))
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'")
    [script] = re.findall(r"<script>(.*)</script>", page, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not re.search(r'(?:src|href)="(?!data:|clips/|#)', page)
    assert page.count("data:image/jpeg;base64,") == 3
    assert "2026-03-31" in page


def test_the_page_says_what_was_found() -> None:
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html_index(ENTRIES).partition("<main>")[2]))
    assert "3 sets of 2 lifters" in page
    assert "Rep 2: back rounding 32°" in page
    assert "1 of 3 reps" in page
    assert "nothing to correct" in page
    assert "broken.mp4 (Ben): broken.mp4 is not a video." in page


def test_nothing_comes_in_from_outside() -> None:
    page = html_index(
        [
            SetEntry(
                ATTACK,
                lifter=ATTACK,
                notes=ATTACK,
                day="2026-03-01",
                summary=replace(SUMMARY, headline=ATTACK, worst_check=ATTACK, variant=ATTACK),
                report=f"clips/{ATTACK}/report.html",
            ),
            SetEntry(ATTACK, reason=ATTACK),
        ]
    )
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count("<script>") == 1


def test_a_batch_without_a_set_is_a_page_too() -> None:
    assert "No set was analysed" in html_index([])
    assert "1 <" in html_index([SetEntry("a.mp4", reason="gone")]) or "could not be analysed" in html_index(
        [SetEntry("a.mp4", reason="gone")]
    )


def test_more_sets_than_a_page_holds_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MOST_ROWS", 2)
    page = html_index(ENTRIES)
    assert "the latest of 3: summary.csv has all" in page
    assert page.count('class="file"') == 2


# --- trends --------------------------------------------------------------------------------------------------------


def test_a_trend_needs_two_days_of_one_lifter_and_one_lift() -> None:
    [trend] = lifter_trends(ENTRIES)
    assert (trend.lifter, trend.lift, trend.days) == (
        "Anna",
        "Deadlift",
        "2 sets on 2 days, 2026-03-01 to 2026-03-15",
    )
    right, rounding = trend.charts
    assert right.words == "67 % → 100 %"
    assert rounding.words == "32° → 8°"
    # Earlier is further left, more is higher.
    first, last = rounding.points
    assert first.x < last.x
    assert first.y < last.y
    assert [point.verdict for point in rounding.points] == ["fault", "good"]
    assert "fault" in first.words


def test_sets_of_a_day_count_together() -> None:
    same = entry("d.mp4", **GOOD)
    [trend] = lifter_trends([*ENTRIES, same])
    assert trend.charts[0].words == "83 % → 100 %"
    assert trend.charts[0].points[0].verdict == "fault"


def test_what_was_not_judged_is_not_right() -> None:
    blind = entry("c.mp4", day="2026-03-15", verdict="not-judged", flagged_reps=0, worst_rounding_deg=None)
    [trend] = lifter_trends([blind, entry(), entry(day="2026-03-02")])
    assert len(trend.charts[0].points) == 2
    assert len(trend.charts[1].points) == 2


def test_an_axis_makes_no_mountain_of_a_degree() -> None:
    near = [entry(day=f"2026-03-0{day}", worst_rounding_deg=4.0 + day) for day in (1, 2)]
    [trend] = lifter_trends(near)
    heights = [point.y for point in trend.charts[1].points]
    assert abs(heights[0] - heights[1]) == pytest.approx(0.1 * (index.CHART_HEIGHT - 2 * index.CHART_MARGIN))


# --- in the browser ------------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "index.html"
    path.write_text(html_index(ENTRIES), encoding="utf-8")
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(path.as_uri())
    yield opened
    assert problems == []
    opened.close()


def shown(page: Any) -> list[str]:
    return [row.inner_text() for row in page.locator(".sets tbody tr:visible .file a").all()]


@needs_chromium
def test_sets_can_be_filtered_and_sorted(page: Any) -> None:
    assert shown(page) == ["c.mp4", "b.mp4", "a.mp4"]
    page.locator("select[name=lifter]").select_option("Anna")
    assert shown(page) == ["c.mp4", "a.mp4"]
    assert page.locator(".count").inner_text() == "2 of 3 sets."
    page.locator("select[name=verdict]").select_option("fault")
    assert shown(page) == ["a.mp4"]
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("document.querySelectorAll('.sets tbody tr:not([hidden])').length === 3")
    page.get_by_label("Search").fill("squat ben")
    assert shown(page) == ["b.mp4"]
    page.get_by_label("Search").fill("")
    verdict = page.get_by_role("columnheader", name="Verdict")
    page.get_by_role("button", name="Verdict").click()
    assert verdict.get_attribute("aria-sort") == "descending"
    assert shown(page)[-1] == "c.mp4"
    page.get_by_role("button", name="Verdict").click()
    assert shown(page)[0] == "c.mp4"


@needs_chromium
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_screen(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [row.bounding_box() for row in page.locator(".sets tbody tr").all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
