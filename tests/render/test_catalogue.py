"""The catalogue as documentation, and the commands that show it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app
from formcheck.cli.options import parse_height_cm
from formcheck.core.errors import UsageError
from formcheck.core.verdicts import FAULT
from formcheck.exercises import EXERCISES
from formcheck.exercises.framework.exercise import Exercise
from formcheck.render.catalogue import (
    VIEW_WORDS,
    checks_markdown,
    checks_of,
    explanation,
    find_checks,
    full_name,
    how_measured,
    limit_words,
    markdown_table,
)
from formcheck.storage.pose_files import save_poses
from tests.helpers.synthetic_lifter import deadlift, film

ROOT = Path(__file__).resolve().parent.parent.parent
ENTRIES = [pytest.param(*entry, id=full_name(*entry)) for entry in checks_of()]


def run(*arguments: str, width: int = 200) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    return result.stderr.strip()


def test_the_document_is_what_the_checks_say() -> None:
    kept = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert kept == checks_markdown(), "docs/checks.md is stale: make checks-doc"


@pytest.mark.parametrize(("lift", "check"), ENTRIES)
def test_every_check_can_be_explained(lift: object, check: object) -> None:
    told = dict(explanation(lift, check))  # type: ignore[arg-type]
    for heading in (
        "Why it matters",
        "How it is measured",
        "Watch",
        "Film from",
        "What to try",
        "Where the limits come from",
        "Confidence in them",
    ):
        assert told.get(heading), f"{heading}: give the check or its measure a `how`"
    assert how_measured(check).endswith(".")  # type: ignore[arg-type]


@pytest.mark.parametrize(("lift", "check"), ENTRIES)
def test_every_check_is_in_the_document_with_its_limits(lift: object, check: object) -> None:
    section = checks_markdown().partition(f"## {lift.title}\n")[2].partition("\n## ")[0]  # type: ignore[attr-defined]
    row = next(line for line in section.splitlines() if line.startswith(f"| {check.title} "))  # type: ignore[attr-defined]
    for words in limit_words(check):  # type: ignore[arg-type]
        assert words in row
    assert f"`{full_name(lift, check)}`" in section  # type: ignore[arg-type]


@pytest.mark.parametrize(("lift", "check"), ENTRIES)
def test_views_have_words(lift: object, check: object) -> None:
    assert check.views in VIEW_WORDS, f"say in VIEW_WORDS from where {full_name(lift, check)} is filmed"  # type: ignore


def test_titles_are_unique_within_a_lift() -> None:
    for lift in EXERCISES:
        titles = [check.title for check in lift.checks]
        assert len(set(titles)) == len(titles)


def test_limits_say_which_side_is_bad() -> None:
    words = {full_name(*entry): limit_words(entry[1]) for entry in checks_of()}
    assert words["deadlift/back-rounding"] == ("above 12°", "above 20°")
    assert words["kettlebell-swing/squatting-the-swing"][0].startswith("below ")
    for lift, check in checks_of():
        assert (words[full_name(lift, check)][1] == "never") == (check.worst != FAULT)


def test_a_name_that_several_lifts_know_finds_all_of_them() -> None:
    assert {lift.name for lift, _ in find_checks("back-rounding")} == {lift.name for lift in EXERCISES}
    assert [(lift.name, check.id) for lift, check in find_checks("squat/depth")] == [("squat", "depth")]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("back-roundin", "did you mean back-rounding?"),
        ("squat/dept", "did you mean squat/depth?"),
        ("deadlift/depth", "See formcheck checks."),
        ("xyz", "See formcheck checks."),
    ],
)
def test_an_unknown_check_is_said_with_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_checks(name)
    assert name in str(caught.value)
    assert meant in str(caught.value)


def test_tables_line_up_and_keep_their_columns() -> None:
    lines = markdown_table([("a", "bb"), ("c|d", "e")])
    assert lines == ["| a    | bb |", "|------|----|", r"| c\|d | e  |"]
    assert len({len(line) for line in lines}) == 1


def test_checks_lists_every_check_of_a_lift_and_only_those() -> None:
    text = run("checks", "squat")
    listed = re.findall(r"^([a-z-]+)\s*$", text, re.MULTILINE)
    assert listed == [check.id for _, check in checks_of("squat")]
    assert "Deadlift" not in text


@pytest.mark.parametrize("width", [60, 80])
def test_ids_of_checks_can_be_copied_from_a_narrow_window(width: int) -> None:
    said = run("checks", width=width).split()
    assert {check.id for lift in EXERCISES for check in lift.checks} <= set(said)
    assert {"medium", "low"} <= set(said) or width < 80


def test_checks_without_a_lift_lists_all() -> None:
    text = run("checks")
    for lift in EXERCISES:
        assert f"{lift.title} ({lift.name})" in text


@pytest.mark.parametrize("lift", EXERCISES, ids=[lift.name for lift in EXERCISES])
def test_every_variant_is_listed_with_how_it_is_recognised(lift: Exercise) -> None:
    text, document = run("checks", lift.name), " ".join(checks_markdown().split())
    for variant in lift.variants:
        assert re.search(rf"^{variant.name}\s+{re.escape(variant.recognised_by)}\s*$", text, re.MULTILINE)
        assert f"(`{variant.name}`): {variant.recognised_by}" in document


def test_explain_shows_the_check_in_every_lift_that_has_it() -> None:
    text = run("explain", "back-rounding")
    for lift in EXERCISES:
        assert f"{lift.name}/back-rounding" in text
    one = run("explain", "squat/depth")
    assert "thigh" in one
    assert "deadlift/" not in one


def test_wrong_names_are_one_line_and_exit_code_2() -> None:
    assert "did you mean squat?" in refused("checks", "sqat")
    assert "did you mean depth?" in refused("explain", "dpeth")
    assert "did you mean low-bar?" in refused("presets", "show", "lowbar")


def test_presets_are_listed_shown_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path / "config"))
    file = tmp_path / "mine.toml"
    file.write_text(run("presets", "show", "low-bar"), encoding="utf-8")
    assert "mine-too" in run("presets", "save", "mine-too", "--from", str(file))
    listed = run("presets")
    assert "mine-too" in listed
    assert "sumo" in listed
    assert "settings.toml" in listed
    assert "there is a preset" in refused("presets", "save", "mine-too", "--from", str(file)).lower()


def test_analyze_takes_settings_presets_and_height(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    monkeypatch.chdir(tmp_path)
    save_poses(film(deadlift(3)), tmp_path / "poses.npz")
    (tmp_path / "mine.toml").write_text("[checks.deadlift]\narm-pull = false\n", encoding="utf-8")
    arguments = ["--settings", "mine.toml", "--preset", "earlier-injury", "--height", "1.8m", "--no-video", "--json"]
    report = json.loads(run("analyze", "poses.npz", *arguments))
    assert report["settings"] == {
        "presets": ["earlier-injury"],
        "lifter": {"height_cm": 180.0, "earlier_back_injury": True},
        "checks": {"deadlift/arm-pull": False},
    }
    assert "arm-pull" not in {finding["check"] for finding in report["findings"]}
    assert report["set_level"]["reps"][0]["mean_velocity_m_per_s"] > 0


def test_a_load_without_a_unit_is_in_the_unit_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    monkeypatch.chdir(tmp_path)
    save_poses(film(deadlift(1)), tmp_path / "poses.npz")
    (tmp_path / "mine.toml").write_text("[lifter]\nload_unit = 'lb'\n", encoding="utf-8")
    common = ["analyze", "poses.npz", "--settings", "mine.toml", "--no-video", "--json", "--load"]
    assert json.loads(run(*common, "225"))["load_kg"] == pytest.approx(102.058)
    assert json.loads(run(*common, "100kg"))["load_kg"] == 100


def test_wrong_settings_end_the_analysis_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_poses(film(deadlift(1)), tmp_path / "poses.npz")
    (tmp_path / "mine.toml").write_text("[lifter]\nhight = 1\n", encoding="utf-8")
    message = refused("analyze", "poses.npz", "--settings", "mine.toml")
    assert "mine.toml" in message
    assert "lifter.hight: unknown" in message
    assert not (tmp_path / "formcheck-reports").exists()


@pytest.mark.parametrize(
    ("text", "height_cm"),
    [
        ("178", 178.0),
        ("178cm", 178.0),
        (" 1.78 m ", 178.0),
        ("1,78m", 178.0),
        ("5'10", 177.8),
        ("5ft 10in", 177.8),
        ("95", 95.0),
        ("71cm", 71.0),
    ],
)
def test_heights_are_understood(text: str, height_cm: float) -> None:
    assert parse_height_cm(text) == height_cm


@pytest.mark.parametrize("text", ["50", "71", "89.5"])
def test_inches_are_not_taken_for_centimetres(text: str) -> None:
    with pytest.raises(UsageError, match="looks like inches"):
        parse_height_cm(text)


@pytest.mark.parametrize("text", ["", "tall", "17", "1.78", "300cm", "-178", "178kg", "nan"])
def test_nonsense_heights_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--height"):
        parse_height_cm(text)


def test_no_height_is_no_height() -> None:
    assert parse_height_cm(None) is None
