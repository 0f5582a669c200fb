"""report.pdf is one page whose words can be read, and report.html prints on one page or two, whatever the set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pytest

from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.render.html.pictures import KeyPicture
from formcheck.render.html.report import html_report
from formcheck.render.pdf import WIDTH_MM, pdf_report, width_mm, wrap
from tests.helpers import app_server
from tests.helpers.app_server import needs_chromium
from tests.helpers.make_reports import make_poses, nothing_to_judge
from tests.helpers.synthetic_lifter import deadlift, film, kettlebell_swing, rounding_by_rep, squat

DAY = date(2026, 3, 31)
LONG_NOTES = "Slept badly; the belt was too tight, and it cost $5 and $6 to get in. " * 12

browser = app_server.browser


def long_set() -> Report:
    motion = rounding_by_rep(deadlift(14), [float(3 * rep) for rep in range(14)])
    return analyze(film(motion), "deadlift", load_kg=142.5)


SETS: dict[str, Callable[[], Report]] = {
    "deadlift": long_set,
    "swing": lambda: analyze(film(kettlebell_swing(20)), "kettlebell-swing"),
    "squat": lambda: analyze(film(squat(3)), "squat"),
    "nothing": lambda: nothing_to_judge(make_poses()),
}


@pytest.fixture(scope="module", params=list(SETS))
def report(request: pytest.FixtureRequest) -> Report:
    return SETS[request.param]()


@pytest.fixture(scope="module")
def pictures() -> tuple[KeyPicture, ...]:
    import cv2

    _, encoded = cv2.imencode(".jpg", np.full((760, 570, 3), 90, np.uint8))
    picture = KeyPicture(bytes(encoded.tobytes()), 570, 760, "Worst: rep 3", "Back rounding 34°, at 0:07.1", "fault")  # type: ignore[arg-type]
    return picture, replace(picture, title="Best: rep 1", ghost="M10.0 20.0L30.5 60.0L40.0 90.0")


def words_of(page: bytes) -> tuple[int, str]:
    document = pdfium.PdfDocument(page)
    return len(document), "\n".join(each.get_textpage().get_text_range() for each in document)


def test_it_is_one_page_with_verdict_cue_reps_and_pictures(report: Report, pictures: tuple[KeyPicture, ...]) -> None:
    page = pdf_report(report, pictures if report.reps else (), lifter="Zoë Łukasz", notes=LONG_NOTES, day=DAY)
    count, text = words_of(page)
    together = " ".join(text.split())
    assert count == 1
    assert "2026-03-31" in text
    assert "Zoë Łukasz" in text
    assert report.summary in together
    assert "it cost $5 and $6 to get in" in together
    for advice in report.advice:
        assert advice in together
    if report.reps:
        assert "Worst: rep 3" in text
        assert "Rep by rep" in text


def test_nothing_on_the_page_lies_outside_or_under_its_foot(report: Report, pictures: tuple[KeyPicture, ...]) -> None:
    page = pdfium.PdfDocument(pdf_report(report, pictures, lifter="Zoë", notes=LONG_NOTES, day=DAY))[0]
    width, height = page.get_size()
    text = page.get_textpage()
    boxes = [text.get_rect(number) for number in range(text.count_rects())]
    assert min(left for left, *_ in boxes) >= 0
    assert max(right for _, _, right, _ in boxes) <= width - 10
    assert min(bottom for _, bottom, *_ in boxes) >= 20
    assert max(top for *_, top in boxes) <= height
    foot = height - 275.0 / 297.0 * height
    above = [bottom for _, bottom, _, top in boxes if top > foot + 1]
    assert min(above) > foot - 1


def test_the_same_report_makes_the_same_file() -> None:
    report = analyze(film(deadlift(2)), "deadlift")
    assert pdf_report(report, day=DAY) == pdf_report(report, day=DAY)


def test_lines_fit_and_lose_nothing() -> None:
    text = "Back rounding came back in two of three reps, " * 6 + "x" * 300
    lines = wrap(text, 9, WIDTH_MM)
    assert all(width_mm(line, 9) <= WIDTH_MM for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@needs_chromium
def test_the_printed_report_has_two_pages_at_most(
    report: Report, pictures: tuple[KeyPicture, ...], browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    shown = pictures if report.reps else ()
    path.write_text(html_report(report, shown, lifter="Zoë", notes=LONG_NOTES[:300], day=DAY), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    for paper in ("A4", "Letter"):
        count, text = words_of(page.pdf(format=paper, print_background=True))
        assert count <= 2
        assert "Each number, and where it comes from" not in text
    # What somebody has opened is printed too.
    page.locator("details:not(.fine-rows):not([open])").evaluate_all(
        "all => all.forEach(each => { each.open = true; })"
    )
    count, text = words_of(page.pdf(format="A4", print_background=True))
    if report.reps:
        assert "Joint angles come from a pose model" in " ".join(text.split())
        assert count > 2
    page.close()
