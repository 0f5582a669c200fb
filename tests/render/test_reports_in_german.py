"""No English is left in what a report becomes when another language is spoken."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pypdfium2 as pdfium
import pytest
from rich.console import Console

from formcheck.core import words
from formcheck.exercises import EXERCISES, measures
from formcheck.judging.analysis import analyze
from formcheck.judging.presets import SHIPPED
from formcheck.judging.report import Report
from formcheck.judging.set_summary import set_summary
from formcheck.render.catalogue import checks_of, explanation
from formcheck.render.exports import EXPORTS
from formcheck.render.html.index import SetEntry, html_index
from formcheck.render.html.report import html_report
from formcheck.render.overlay import back_text, plan_captions, plan_overlay, rep_text
from formcheck.render.pdf import pdf_report
from formcheck.render.terminal import print_summary
from formcheck.storage.report_folder import report_json
from tests.helpers.pseudo_language import pseudo_language, unmarked
from tests.helpers.synthetic_lifter import (
    Camera,
    deadlift,
    film,
    kettlebell_swing,
    rounding_by_rep,
    squat,
    standing_still,
)

SETS: dict[str, Callable[[], Report]] = {
    "rounded deadlift": lambda: analyze(
        film(rounding_by_rep(deadlift(4), [0.0, 20.0, 35.0, 40.0])), "deadlift", load_kg=102.5, height_cm=181
    ),
    "good deadlift": lambda: analyze(film(deadlift(3)), load_kg=60),
    "swing": lambda: analyze(film(kettlebell_swing(5)), "kettlebell-swing", load_kg=16),
    "squat": lambda: analyze(film(squat(3), Camera(yaw_deg=90.0)), "squat"),
    "nothing": lambda: analyze(film(standing_still())),
}

ALLOWED = (
    r"FormCheck [\d.]+",
    r"FormCheck",
    r"\bcm\b",
    r"\bkg\b",
    r"m/s",
    r"\bdeg\b",
    r"[\w-]+\.(mp4|gif)",
    r"report\.html",
)
"""What is the same in all languages: names, units, files."""

NAMES = ("synthetic", "conventional", "sumo", "romanian", "russian", "goblet", "bodyweight", "unknown", "front", "back")
"""The model of these reports, and variants, which are called as on the command line beside their lift."""


class _Shown(HTMLParser):
    """What people see or hear of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "img", "br"):
            self._inside.append(tag)
        self.words += [
            value for name, value in attrs if value and name in ("aria-label", "alt", "title", "placeholder")
        ]

    def handle_endtag(self, tag: str) -> None:
        self._inside.pop()

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] not in ("style", "script"):
            self.words.append(data)


def shown(page: str) -> str:
    return " ".join(_Shown(page).words)


@pytest.fixture(params=SETS, ids=str)
def report(request: pytest.FixtureRequest) -> Report:
    make: Callable[[], Report] = SETS[request.param]
    with pseudo_language():
        return make()


def untold(text: str) -> list[str]:
    return unmarked(text, *ALLOWED, *(rf"\b{name}\b" for name in NAMES))


def test_report_html(report: Report) -> None:
    with pseudo_language():
        page = html_report(report, day=date(2026, 3, 31), settings={})
    assert untold(shown(page)) == []
    assert '<html lang="de">' in page


def test_the_terminal(report: Report) -> None:
    stream = io.StringIO()
    with pseudo_language():
        print_summary(Console(file=stream, width=4000), report)
    assert untold(stream.getvalue()) == []


def test_the_pdf(report: Report) -> None:
    with pseudo_language():
        document = pdfium.PdfDocument(pdf_report(report, day=date(2026, 3, 31)))
        text = " ".join(page.get_textpage().get_text_range() for page in document)
    # What does not fit on the page is cut, marks and all: each line is looked at by itself.
    lines = [line for line in text.splitlines() if "…" not in line]
    assert untold(" ".join(lines)) == [] or all(untold(line) == [] or "⟦" in line or "⟧" in line for line in lines)


def test_what_stands_on_the_video() -> None:
    motion = rounding_by_rep(deadlift(3), [0.0, 25.0, 40.0])
    poses = film(motion)
    with pseudo_language():
        report = analyze(poses, "deadlift")
        plan = plan_overlay(poses, report, 640, 480)
        told = [caption.heading + " " + caption.cue for caption in plan_captions(report.reps)]
        told += [rep_text(report.reps, 2.0), rep_text((), 2.0)]
        told += [
            back_text(plan, value, seen)[0] for value, seen in ((0.0, True), (30.0, True), (np.nan, True), (0.0, False))
        ]
    assert len(told) > 6
    assert [each for each in map(untold, told) if each] == []


def test_the_page_of_a_batch() -> None:
    with pseudo_language():
        entries = [
            SetEntry(f"{day}.mp4", "1", f"2026-03-0{day}", 60.0, summary=set_summary(SETS["rounded deadlift"]()))
            for day in (1, 2)
        ]
        page = html_index(entries, day=date(2026, 3, 31))
    assert untold(shown(page)) == []


def test_the_catalogue_of_checks() -> None:
    with pseudo_language():
        told = [part for lift, check in checks_of() for pair in explanation(lift, check) for part in pair]
        told += [each.title + each.recognised_by for lift in EXERCISES for each in lift.variants]
        told += [f"{each.title} {each.unit} {each.how} {each.column}" for each in measures()]
        told += (
            [preset.title for preset in SHIPPED]
            + [lift.title for lift in EXERCISES]
            + [each.title + each.about for each in EXPORTS]
        )
        told += [check.praise for _, check in checks_of()]
    assert [each for each in map(untold, told) if each] == []


def test_what_programs_read_stays_english() -> None:
    with words.speaking("de"):
        report = SETS["rounded deadlift"]()
        data, summary = json.loads(report_json(report)), set_summary(report)
    with words.speaking("en"):
        english = SETS["rounded deadlift"]()
        expected = json.loads(report_json(english))
    sentences = {"summary", "advice", "praise", "load_advice", "tracking", "reason"}

    def without_sentences(part: object) -> object:
        if isinstance(part, dict):
            return {key: without_sentences(value) for key, value in part.items() if key not in sentences}
        return [without_sentences(each) for each in part] if isinstance(part, list) else part

    assert without_sentences(data) == without_sentences(expected)
    assert data["summary"] != expected["summary"]
    assert summary.worst_check == set_summary(english).worst_check


def test_a_saved_set_shows_its_checks_in_the_language_of_the_reader() -> None:
    with words.speaking("en"):
        saved = Report.from_dict(SETS["rounded deadlift"]().to_dict())
    with words.speaking("de"):
        page = shown(html_report(saved, day=date(2026, 3, 31)))
    assert "Rundrücken" in page
    assert "Brust raus" in page  # the cue is the check's
    assert saved.summary in page  # a sentence with numbers stays as it was written


def test_numbers_have_a_decimal_comma_in_sentences_and_a_point_in_files() -> None:
    with words.speaking("de"):
        report = SETS["rounded deadlift"]()
        page = shown(html_report(report, day=date(2026, 3, 31)))
        assert "102,5 kg" in page
        assert not re.search(r"\d\.\d+ kg", page)
        assert '"load_kg": 102.5' in report_json(report)
