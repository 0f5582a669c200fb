"""report.html: says what the report says, lets nothing in from outside, and can be read by everybody."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import re
import shutil
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console

from formcheck.core.errors import VideoError
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.exercises import exercise_named
from formcheck.judging.report import Report
from formcheck.judging.settings import Settings
from formcheck.render.html import pictures as html_pictures
from formcheck.render.html.pictures import KeyPicture, key_pictures, leading_check
from formcheck.render.html.plots import bar_charts, path_plot, rep_spans, time_plots
from formcheck.render.html.report import html_report, rep_rows
from formcheck.render.terminal import print_summary
from formcheck.vision.video import read_frames_at
from tests.helpers.make_reports import (
    HEIGHT,
    WIDTH,
    make_clip,
    make_finding,
    make_poses,
    make_rep,
    make_report,
    nothing_to_judge,
)

POSES = make_poses()
ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}</title></svg>&amp;"
WITHOUT_END = {"meta", "link", "input", "img", "br", "hr", "base"}


class Page(HTMLParser):
    """The elements of a page; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == [], "elements are left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def make_set(poses: PoseSequence = POSES) -> Report:
    """A round rep, a fine one, one whose back was not measured; angles that move."""
    report = make_report(poses)
    assert report.signals is not None
    wave = 50.0 + 45.0 * np.sin(np.linspace(0, 6, len(poses)))
    rounding = np.where(np.arange(len(poses)) < 5, np.nan, 0.5 * wave)
    signals = replace(
        report.signals,
        hip_flexion_deg=wave,
        knee_flexion_deg=0.8 * wave,
        back_rounding_deg=rounding,
        back_rounding_uncertainty_deg=np.full(len(poses), 5.0),
        hand_forward=0.02 * np.sin(wave),
        hand_height=0.2 + wave / 200.0,
    )
    reps = (
        make_rep(1, (make_finding(value=34.0, at_s=0.24), make_finding("arm-pull", "ok", title="Arms", value=5.0))),
        make_rep(2, (make_finding(verdict="ok", value=4.0, at_s=0.44),), back_rounding_deg=4.0),
        make_rep(
            3, (make_finding(verdict="not-measured", value=math.nan, reason="hidden"),), back_rounding_deg=math.nan
        ),
    )
    findings = (
        make_finding(verdict="watch"),
        make_finding("arm-pull", "ok", title="Arms", value=5.0),
        make_finding("knees", "not-measured", title="Knees", value=math.nan, reason="needs a view from the front"),
    )
    return replace(report, signals=signals, reps=reps, findings=findings, verdict=WATCH, load_kg=60.0)


PICTURE = KeyPicture(b"\xff\xd8jpeg", 300, 400, "Worst: rep 1", "Back rounding 34°, at 0:00.2", FAULT)


def page_of(report: Report | None = None, **told: Any) -> Page:
    return Page(html_report(make_set() if report is None else report, **told))


# --- contents ------------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_report_says() -> None:
    report = make_set()
    page = page_of(report, lifter="Anna", notes="felt heavy", settings={"exercise": "auto"}, day=date(2026, 5, 4))
    for words in (
        "Worth watching",
        report.summary,
        "Chest proud, squeeze your armpits.",
        "Anna Deadlift",
        "60 kg",
        "felt heavy",
        "2026-05-04",
        "Estimated tonnage 180 kg",
        "Knees : needs a view from the front",
        "exercise auto",
        "made up",
        "not a medical device",
    ):
        assert words in page.words


def test_verdict_and_cue_come_before_everything_else() -> None:
    words = page_of().words
    places = [
        words.index(part) for part in ("Worth watching", "Try next", "Rep by rep", "Over time", "could not be judged")
    ]
    assert places == sorted(places)


def test_a_hint_has_no_limit_for_faults() -> None:
    lift = exercise_named("deadlift")
    assert lift is not None
    hint = next(check for check in lift.checks if check.id == "upper-back")
    assert hint.worst == "watch"
    report = replace(make_set(), findings=(make_finding(hint.id, "watch", title=hint.title),))
    told = page_of(report).words
    assert f"watch when above {hint.watch:.0f}° by more than half the doubt" in told
    assert f"fault when above {hint.fault:.0f}°" not in told
    assert "watch when above 12° by more than half the doubt; fault when above 20°" in page_of().words


def test_every_rep_has_a_row_with_a_word_for_its_verdict() -> None:
    text = html_report(make_set())
    table = text[text.index('<table class="reps"') : text.index("</table>")]
    words = Page(table + "</table>").words
    assert "1 0:00.2 +34° 95° 61° ✕ fault Back rounding" in words
    assert "2 0:00.4 +4° 95° 61° ✓ fine" in words
    assert "3 0:00.6 – 95° 61° ? not judged" in words


def test_a_rep_whose_back_nobody_saw_is_not_praised_anywhere() -> None:
    depth = make_finding("squat-depth", "ok", title="Depth")
    seen, unseen = make_rep(1, (depth,), back_rounding_deg=4.0), make_rep(2, (depth,), back_rounding_deg=math.nan)
    report = make_report(POSES, reps=(seen, unseen), findings=(depth,))
    assert [(row["verdict"], row["words"], row["found"]) for row in rep_rows(report)] == [
        ("ok", "fine", []),
        ("not-measured", "fine", ["the back was not judged"]),
    ]
    assert "? fine the back was not judged" in page_of(report).words
    assert [span.verdict for span in rep_spans(report)] == ["ok", "not-measured"]
    console = Console(record=True, file=io.StringIO(), width=120)
    print_summary(console, report)
    printed = console.export_text()
    assert printed.count("✓ fine") == 1
    assert "? fine, but the back was not judged" in printed


def test_the_unit_of_a_measure_is_its_own() -> None:
    page = page_of(make_report(POSES, reps=(make_rep(1, bar_drop_heights=0.04),)))
    assert "Bar dropping before lockout of the standing height 0.04" in page.words
    assert "body heights" not in page.words


def test_numbers_of_reports_to_come_are_shown_by_their_names() -> None:
    page = page_of(make_report(POSES, reps=(make_rep(1, left_shift_ratio=1.5, unmeasured_deg=math.nan),)))
    assert "Left shift ratio 1.5" in page.words
    assert "Unmeasured" not in page.words


def test_a_report_without_anything_to_judge_is_a_page_too() -> None:
    page = page_of(nothing_to_judge(make_poses(seen=False)))
    assert "No repetition was found." in page.words
    assert "Not judged" in page.words
    assert page.all("figure") == []


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_clips_are_a_page_too(frames: int) -> None:
    assert page_of(make_set(make_poses(frames=frames))).words


def test_nothing_is_shown_as_nan() -> None:
    text = html_report(make_set(), [PICTURE])
    assert not re.search(r"\b(nan|NaN|None|inf|Infinity|Undefined)\b", re.sub(r"base64,\S+", "", text))


# --- safety --------------------------------------------------------------------------------------------------------


def hostile() -> str:
    report = make_set()
    rep = replace(report.reps[0], findings=(make_finding(title=ATTACK, cue=ATTACK),))
    report = replace(
        report,
        video=replace(report.video, file=ATTACK),
        tracking=replace(report.tracking, notes=(ATTACK,)),
        reps=(rep, *report.reps[1:]),
        findings=(make_finding(title=ATTACK), make_finding(verdict="not-measured", title=ATTACK, reason=ATTACK)),
        summary=ATTACK,
        advice=(ATTACK, ATTACK),
        model=ATTACK,
    )
    picture = replace(PICTURE, title=ATTACK, words=ATTACK)
    return html_report(report, [picture], lifter=ATTACK, notes=ATTACK, settings={ATTACK: ATTACK})


def test_words_from_outside_stay_words() -> None:
    text = hostile()
    page = Page(text)
    assert "<img" not in text
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert len(page.all("script")) == len(page_of(pictures=[PICTURE]).all("script"))
    assert page.words.count("{{7*7}}") >= 12
    assert "49" not in page.words


def test_the_page_may_load_nothing_and_run_only_its_own_script() -> None:
    text = html_report(make_set(), [PICTURE])
    page = Page(text)
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert len(script) == 1
    assert f"script-src 'sha256-{digest}'" in policy
    assert not re.search(r"""(?:src|href)=["'](?!data:image/jpeg;base64,|#)""", text)
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in re.sub("Content-Security-Policy|http-equiv", "", text)


def test_data_for_the_script_is_json_that_closes_no_script() -> None:
    text = hostile()
    data = text[text.index('id="plot-data">') + len('id="plot-data">') :].partition("</script>")[0]
    content = json.loads(data, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert len(content["times"]) == len(POSES)
    values = content["plots"][0]["lines"][0]["values"]
    assert values[:5] == [None] * 5
    assert all(isinstance(value, float) for value in values[5:])


# --- for everybody -------------------------------------------------------------------------------------------------


def test_the_page_is_built_for_screen_readers() -> None:
    page = page_of(pictures=[PICTURE, PICTURE], notes="x")
    (root,) = page.all("html")
    assert root["lang"] == "en"
    assert {each.get("scope") for each in page.all("th")} == {"col", "row"}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [
        name
        for _, attributes in page.elements
        for name in [*(attributes.get("aria-labelledby") or "").split(), attributes.get("for")]
        if name
    ]
    assert named
    assert set(named) <= set(ids)
    drawings = [each for each in page.all("svg") if each.get("aria-hidden") != "true"]
    assert len(drawings) == 5
    assert all(each["role"] == "img" and each["aria-labelledby"] for each in drawings)
    assert len(page.all("title")) == len(page.all("desc")) + 1 == len(drawings) + 1
    assert next(name for name, _ in page.elements if name in ("h1", "h2")) == "h1"


def test_what_can_be_scrolled_or_moved_can_be_reached_by_keyboard() -> None:
    page = page_of()
    assert {each["tabindex"] for each in page.all("div") if each.get("class") == "scroll"} == {"0"}
    assert [each["type"] for each in page.all("input")] == ["range"]
    assert {each["type"] for each in page.all("button")} == {"button"}


def colours(block: str) -> dict[str, tuple[float, float, float]]:
    found = re.findall(r"--([a-z-]+):\s*#([0-9a-f]{3,6})", block)
    wide = {name: value if len(value) == 6 else "".join(2 * letter for letter in value) for name, value in found}
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in wide.items()}  # type: ignore[misc]


def contrast(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Contrast ratio as WCAG 2 defines it."""

    def luminance(colour: tuple[float, float, float]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_stands_out_as_wcag_aa_asks(theme: str) -> None:
    text = html_report(make_set())
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    colour = colours(dict(zip(("light", "dark", "print"), blocks, strict=True))[theme])
    pairs = [(ink, ground) for ink in ("ink", "soft") for ground in ("page", "card", "sunken")]
    pairs += [(level, f"{level}-soft") for level in ("ok", "watch", "fault", "none")]
    pairs += [(level, "card") for level in ("ok", "watch", "fault", "accent")]
    pairs += [("ink", "accent-soft"), ("accent", "accent-soft"), ("accent", "page")]
    pairs += [("on-accent", "accent")] if "on-accent" in colour else []
    low = {pair: contrast(colour[pair[0]], colour[pair[1]]) for pair in pairs}
    assert not {pair: round(ratio, 2) for pair, ratio in low.items() if ratio < 4.5}
    lines = {name: contrast(colour[name], colour["sunken"]) for name in ("accent", "second", "third")}
    assert not {name: round(ratio, 2) for name, ratio in lines.items() if ratio < 3.0}


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21.0)
    assert contrast((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)) == 1.0


# --- plots ---------------------------------------------------------------------------------------------------------


def test_plots_hold_what_was_measured_in_percent_of_their_room() -> None:
    report = make_set()
    back, angles = time_plots(report)
    assert (back.low, back.high) == (0.0, 50.0)
    assert [(limit.style, limit.at) for limit in back.limits] == [("watch", 24.0), ("fault", 40.0)]
    assert [line.name for line in angles.lines] == ["Hip flexion", "Knee flexion"]
    assert back.lines[0].path.count("M") == 1
    first_known = back.lines[0].path[1:].split("L")[0]
    assert first_known.split()[0] == f"{1000 * 5 / 24:.1f}"
    spans = rep_spans(report)
    assert [span.index for span in spans] == [1, 2, 3]
    assert spans[0].left == pytest.approx(100 * 0.2 / 0.96)
    assert [span.verdict for span in spans] == ["fault", "ok", "not-measured"]


def test_a_limit_is_one_number_in_table_curve_and_bars() -> None:
    words = page_of().words
    watch, fault = (
        "watch when above 12° by more than half the doubt",
        "fault when above 20° by more than twice the doubt",
    )
    assert f"{watch}; {fault}" in words
    assert f"Short lines: {fault}; {watch}." in words
    assert f"Marks: {fault}; {watch}." in words


def test_limits_and_colour_are_drawn_only_where_the_back_was_judged() -> None:
    report = make_set()
    assert report.signals is not None
    frames = np.arange(len(report.signals))
    two_phases = replace(report.signals, back_judged=(np.isin(frames, [8, 9, 10, 16, 17, 18])).astype(float))
    back, _ = time_plots(replace(report, signals=two_phases))
    judged, elsewhere = back.lines
    assert [limit.path.count("M") for limit in back.limits] == [2, 2]
    assert back.limits[0].path.startswith(f"M{1000 * 8 / 24:.1f} 760.0H{1000 * 10 / 24:.1f}")
    assert judged.path.count("M") == back.band.count("M") == 2
    assert [a is None for a in judged.values[5:]] == [b is not None for b in elsewhere.values[5:]]
    nowhere = replace(report.signals, back_judged=np.zeros(len(frames)))
    back, _ = time_plots(replace(report, signals=nowhere))
    assert (back.limits, back.band) == ((), "")
    assert "It was not judged." in back.description


def test_loads_are_in_the_unit_of_the_settings() -> None:
    words = page_of(replace(make_set(), load_kg=102.058, settings=Settings(load_unit="lb"))).words
    assert "225 lb" in words
    assert "Estimated tonnage 675 lb" in words
    assert " kg" not in words


def test_a_gap_in_the_signal_is_a_gap_in_the_line() -> None:
    report = make_set()
    assert report.signals is not None
    rounding = report.signals.back_rounding_deg.copy()
    rounding[10:14] = np.nan
    (back, _) = time_plots(replace(report, signals=replace(report.signals, back_rounding_deg=rounding)))
    assert back.lines[0].path.count("M") == back.band.count("M") == 2


def test_long_clips_are_thinned_out() -> None:
    page = html_report(make_set(make_poses(frames=5000)))
    assert len(page) < 150_000


def test_bars_show_zero_and_missing_values() -> None:
    rounding, speed = bar_charts(make_set())
    assert [bar.text for bar in rounding.bars] == ["+34°", "+4°", "not measured"]
    assert [bar.verdict for bar in rounding.bars] == ["fault", "ok", "not-measured"]
    assert rounding.bars[2].width == 0.0
    assert speed.title == "Duration of the ascent"
    hollow = make_report(POSES, reps=(make_rep(1, back_rounding_deg=-20.0),))
    (bar,) = bar_charts(hollow)[0].bars
    assert (bar.left, bar.left + bar.width) == (0.0, pytest.approx(bar_charts(hollow)[0].zero))


def test_the_way_of_the_hands_starts_with_the_worst_rep() -> None:
    plot = path_plot(make_set())
    assert plot is not None
    assert [way.index for way in plot.ways] == [1, 2, 3]
    assert plot.shown == 1
    assert path_plot(make_report(POSES)) is None


# --- pictures ------------------------------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "set.mp4")


def test_worst_and_best_rep_are_shown_side_by_side(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[float]] = []

    def watched(path: Path, at_s: list[float], **more: Any) -> Any:
        asked.append(at_s)
        return read_frames_at(path, at_s, **more)

    monkeypatch.setattr(html_pictures, "read_frames_at", watched)
    worst, best = key_pictures(clip, POSES, make_set())
    assert asked == [[0.24, 0.44]]
    assert (worst.title, best.title) == ("Worst: rep 1", "Best: rep 2")
    assert worst.words == "Back rounding 34°, at 0:00.2"
    assert (worst.verdict, best.verdict) == ("fault", "ok")
    picture = cv2.imdecode(np.frombuffer(worst.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (worst.height, worst.width)
    # Cut to the lifter, who fills three quarters of the height but only a sixth of the width.
    assert worst.width / worst.height < 0.75 * WIDTH / HEIGHT
    assert {arc.text for arc in worst.arcs} == {
        f"hip {round(50 + 45 * math.sin(6 * 6 / 24))}°",
        f"knee {round(0.8 * (50 + 45 * math.sin(6 * 6 / 24)))}°",
    }
    assert all(0 <= arc.x <= worst.width and 0 <= arc.y <= worst.height for arc in worst.arcs)


@pytest.mark.parametrize(("top_deg", "more"), [(5.0, ["Rep 1, top"]), (math.nan, [])])
def test_a_single_rep_is_shown_at_the_bottom_and_where_it_was_seen_at_the_top(
    top_deg: float, more: list[str], clip: Path
) -> None:
    rep = replace(make_rep(1, hip_flexion_top_deg=top_deg), lift_off_s=0.4, lockout_s=0.7, top_s=0.8)
    pictures = key_pictures(clip, POSES, make_report(POSES, reps=(rep,)))
    assert [picture.title for picture in pictures] == ["Rep 1, bottom", *more]


def test_a_rounded_back_is_shown_with_the_neutral_one_over_it(clip: Path) -> None:
    poses = make_poses()
    contour = poses.contour_px.copy()
    rounded = np.arange(len(poses)) >= 9
    bulge = np.sin(np.linspace(0, np.pi, contour.shape[2]))
    contour[rounded, 0, :, 0] -= 0.06 * WIDTH * bulge
    report = make_set(replace(poses, contour_px=contour))
    assert report.signals is not None
    rounding = np.where(rounded, 40.0, 2.0)
    signals = replace(report.signals, back_rounding_deg=rounding, trunk_lean_deg=np.full(len(poses), 3.0))
    report = replace(report, signals=signals)
    at_rounded = replace(report.reps[0], findings=(make_finding(at_s=0.6),))
    at_neutral = replace(report.reps[1], findings=(make_finding(verdict="ok", value=4.0, at_s=0.2),))
    report = replace(report, reps=(at_rounded, at_neutral))
    worst, best = key_pictures(clip, replace(poses, contour_px=contour), report)
    assert best.ghost == ""
    xs = [float(point.split()[0]) for point in worst.ghost[1:].split("L")]
    # As straight as the back was before, not bulged by 0.06 widths.
    assert len(xs) > 10
    assert max(xs) - min(xs) < 0.01 * worst.width
    nowhere_neutral = replace(signals, back_rounding_deg=np.full(len(poses), 40.0))
    plain, _ = key_pictures(clip, poses, replace(report, signals=nowhere_neutral))
    assert plain.ghost == ""


def test_without_reps_there_are_no_pictures(clip: Path) -> None:
    assert key_pictures(clip, POSES, nothing_to_judge(POSES)) == ()


def test_a_lifter_who_is_not_seen_makes_no_trouble(clip: Path) -> None:
    poses = make_poses(seen=False)
    (worst, _) = key_pictures(clip, poses, make_set(poses))
    assert worst.arcs == ()
    assert worst.width / worst.height == pytest.approx(WIDTH / HEIGHT, abs=0.01)


def test_a_video_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nonsense")
    with pytest.raises(VideoError):
        key_pictures(tmp_path / "bad.mp4", POSES, make_set())


def test_the_worst_finding_leads() -> None:
    def report(*verdicts: str) -> Report:
        return make_report(POSES, findings=tuple(make_finding(str(n), each) for n, each in enumerate(verdicts)))

    assert leading_check(report("ok", "watch", "fault", "fault")) == "2"
    assert leading_check(report("not-measured", "ok", "watch")) == "2"
    assert leading_check(report("not-measured", "ok", "ok")) == "1"
    assert leading_check(report("not-measured")) == ""


# --- in a browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Any:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium here")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1440, "light")])
def test_the_page_works_in_a_browser(width: int, scheme: str, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(hostile(), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))

    def on_dialog(dialog: Any) -> None:
        trouble.append("dialog")
        dialog.dismiss()

    def on_request(request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            trouble.append(request.url)

    page.on("dialog", on_dialog)
    page.on("request", on_request)
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    slider, readout = page.locator("#scrub"), page.locator("[data-plot=back] .readout")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert (slider.get_attribute("aria-valuetext") or "").startswith("0:01.0: Back rounding")
    assert "0:01.0" in readout.inner_text()
    page.locator("[data-plot=back] .area").hover(position={"x": 1, "y": 20})
    assert readout.inner_text() == "0:00.0 · not measured"
    page.get_by_role("button", name="Rep 2").click()
    assert page.locator("path.main[data-way]").get_attribute("data-way") == "2"
    assert trouble == []


def test_a_finger_along_a_plot_reads_it(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html_report(make_set()), encoding="utf-8")
    page = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    page.goto(path.as_uri())
    area = page.locator("[data-plot=back] .area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    fingers = page.context.new_cdp_session(page)

    def touch(what: str, share: float) -> None:
        place = {"x": box["x"] + share * box["width"], "y": box["y"] + box["height"] / 2}
        fingers.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": [place]})

    touch("touchStart", 0.1)
    for step in range(2, 10):
        touch("touchMove", step / 10)
    page.locator("[data-plot=back] .readout", has_text="0:00.9").wait_for(timeout=60_000)
    page.context.close()
