"""The summary on the terminal: what it says, that it fits, and what it does on terminals that show little."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from formcheck.core.verdicts import DriftVerdict
from formcheck.exercises.framework.exercise import TrackedPoint
from formcheck.judging.report import Report, Tracking
from formcheck.judging.set_metrics import Drift, RepMotion, SetLevel
from formcheck.judging.settings import Settings
from formcheck.render.terminal import amount, clock, degrees, print_summary, safe_text, set_lines, shows_symbols
from tests.helpers.make_reports import make_finding, make_poses, make_rep, make_report, nothing_to_judge

POSES = make_poses(frames=3)


def printed(report: Report, encoding: str = "utf-8", width: int = 80, **files: object) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_summary(Console(file=stream, width=width), report, **files)  # type: ignore[arg-type]
    return raw.getvalue().decode(encoding)


def long_report() -> Report:
    findings = tuple(
        make_finding(check, verdict, title=title, reason=reason, value=value)
        for check, verdict, title, reason, value in (
            ("back-rounding", "fault", "Back rounding", "", 34.0),
            ("hips-shoot-up", "watch", "Hips shooting up before the shoulders", "", 1.4),
            ("knees-in", "not-measured", "Knees falling in", "needs a view from the front or the rear", math.nan),
            ("asymmetry", "not-measured", "Asymmetry", "needs a view from the front or the rear", math.nan),
            ("neck", "ok", "Neck", "", 3.0),
        )
    )
    return make_report(
        POSES,
        reps=(
            make_rep(1, findings),
            make_rep(2, findings[4:], back_rounding_deg=-4.0),
            make_rep(3, findings[2:4], back_rounding_deg=math.nan, knee_flexion_bottom_deg=math.nan),
        ),
        findings=findings,
        advice=("Chest proud, squeeze your armpits.", "Push the floor away; hips and shoulders together."),
        tracking=Tracking(3, 0.9, ("A second person walked through the picture and was left out.",)),
    )


def test_the_verdict_comes_first_and_the_files_last() -> None:
    text = printed(long_report(), folder=Path("formcheck-reports/set"), written=[Path("x/report.json")])
    order = ["FAULT", "1 deadlift rep", "Verdict", "Worth knowing", "Not judged", "Try next", "About this", "Files"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert text.lstrip().startswith("FAULT")
    assert "formcheck-reports/set" in text
    assert "report.json" in text


def test_each_rep_has_its_line() -> None:
    text = printed(long_report())
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()[:2] in ("1 ", "2 ", "3 ")}
    assert "0:00.2–0:00.4" in rows["1"]
    assert "+34°" in rows["1"]
    assert "95°" in rows["1"]
    assert "✗ fault" in rows["1"]
    assert "−4°" in rows["2"]
    assert "✓ fine" in rows["2"]
    assert "? not judged" in rows["3"]
    assert rows["3"].count("–") >= 3


def test_the_load_is_in_the_unit_of_the_settings() -> None:
    report = replace(long_report(), load_kg=102.058)
    assert "· 102.1 kg ·" in printed(report)
    assert "· 225 lb ·" in printed(replace(report, settings=Settings(load_unit="lb")))


def test_nothing_is_called_nan() -> None:
    report = make_report(
        POSES,
        reps=(make_rep(1, (make_finding(value=math.nan, at_s=math.nan, limit=math.nan),), back_rounding_deg=math.nan),),
        findings=(make_finding(value=math.nan, at_s=math.nan, limit=math.nan, rep=None),),
    )
    assert "nan" not in printed(report).lower()


def test_what_could_not_be_judged_is_grouped_by_its_reason() -> None:
    text = printed(long_report())
    assert text.count("needs a view from the front or the rear") == 1
    assert "Knees falling in, asymmetry" in text


def test_a_finding_says_value_limit_time_and_cue() -> None:
    text = " ".join(printed(long_report()).split())
    limit = "fault when above 30° by more than twice the doubt"
    assert f"Back rounding: 34° ({limit}) in rep 1 at 0:00.4, noticed in 1 of 3 reps. “Chest proud" in text


@pytest.mark.parametrize("width", [80, 60])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, printed(long_report(), width=width).splitlines())) <= width


def test_a_plain_terminal_gets_plain_text() -> None:
    text = printed(long_report(), encoding="ascii", folder=Path("Übung"), written=[])
    assert text.isascii()
    assert "+34 deg" in text
    assert "x fault" in text


def test_nothing_to_judge_has_no_empty_sections() -> None:
    text = printed(nothing_to_judge(POSES))
    assert "NOT JUDGED" in text
    assert "nothing was judged" in " ".join(text.split())
    for heading in ("Rep ", "Worth knowing", "Try next", "Files"):
        assert heading not in text


def test_text_from_outside_cannot_write_control_sequences_or_markup() -> None:
    report = make_report(POSES, summary="[red]clip\x1b[31m\r\n\udcff[/]", tracking=Tracking(1, 1.0, ("[bold]x",)))
    text = printed(report)
    assert "\x1b" not in text
    assert "[red]clip" in text
    assert "[bold]x" in text


def test_symbols_need_a_unicode_terminal() -> None:
    assert [shows_symbols(name) for name in ("utf-8", "UTF8", "utf_16", "ascii", "cp1252", "", None)] == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert safe_text("✗ 12°–30° “now”", symbols=False) == 'x 12 deg-30 deg "now"'


def test_numbers_read_like_people_write_them() -> None:
    assert [clock(0.0), clock(59.99), clock(61.0), clock(3601.0), clock(math.nan)] == [
        "0:00",
        "0:59",
        "1:01",
        "60:01",
        "–",
    ]
    assert [clock(59.96, tenths=True), clock(0.04, tenths=True)] == ["1:00.0", "0:00.0"]
    assert [degrees(-0.4, signed=True), degrees(12.5), degrees(-3.2), degrees(math.nan)] == ["0°", "12°", "−3°", "–"]
    assert [amount(1.43, "times"), amount(-0.2, "foot lengths"), amount(math.nan, "deg"), amount(21.7, "%")] == [
        "1.4 times",
        "−0.2 foot lengths",
        "not measured",
        "22 %",
    ]


def a_set(**changes: Any) -> SetLevel:
    reps = tuple(RepMotion(index, mean_velocity_heights_per_s=0.25, mean_velocity_m_per_s=0.45) for index in (1, 2, 3))
    level = SetLevel(
        point=TrackedPoint.HANDS,
        body_height_m=1.8,
        scale="the lifter's height",
        reps=reps,
        tempo_s=(1.3, math.nan, 0.95, 0.8),
        velocity_loss=0.22,
        drifts=(
            Drift("back_rounding", "deg", DriftVerdict.WORSE, 2.0, 1.0, 3.0, 8.2),
            Drift("range_of_motion", "%", DriftVerdict.WORSE, -3.0, -4.0, -2.0, -12.4),
            Drift("mean_velocity", "%", DriftVerdict.UNCLEAR, -3.0, -9.0, 2.0, -12.0),
        ),
        best_rep=2,
        worst_rep=3,
    )
    return replace(level, **changes)


def test_the_set_is_told_in_few_words() -> None:
    assert set_lines(a_set()) == [
        "Tempo: down 1.3 s, up 0.9 s, top 0.8 s.",
        "Ascent: 0.45 m/s (by the lifter's height); the last rep 22% slower than the fastest.",
        "From first to last rep: back rounding +8°, range −12%.",
        "Best rep: 2. Look at rep 3 first.",
    ]
    text = printed(make_report(POSES, set_level=a_set()), "ascii")
    assert "The set" in text
    assert "back rounding +8 deg" in text


def test_what_was_not_measured_of_the_set_is_left_out() -> None:
    unknown = a_set(
        reps=(RepMotion(1), RepMotion(2)),
        tempo_s=(math.nan,) * 4,
        velocity_loss=math.nan,
        drifts=(Drift("back_rounding", "deg", DriftVerdict.NOT_MEASURED, reason="needs 4 repetitions"),),
        best_rep=None,
        worst_rep=None,
    )
    assert set_lines(unknown) == []
    assert set_lines(None) == []
    assert "The set" not in printed(make_report(POSES, set_level=unknown))


def test_without_metres_velocity_is_in_body_heights_and_a_small_loss_is_not_worth_a_word() -> None:
    reps = (RepMotion(1, mean_velocity_heights_per_s=0.25),)
    lines = set_lines(a_set(reps=reps, velocity_loss=0.05))
    assert "Ascent: 0.25 body heights a second." in lines
