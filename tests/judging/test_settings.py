"""Settings: what is understood, what is refused, and what they do to a lift."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from formcheck.core.errors import UsageError
from formcheck.core.loads import load_words
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise
from formcheck.judging.analysis import analyze
from formcheck.judging.presets import SHIPPED, Preset
from formcheck.judging.settings import (
    DEFAULTS,
    DEPTH_TARGET_RANGE,
    EARLIER_WARNING,
    GENTLER_CUE,
    HEIGHT_RANGE_CM,
    Override,
    Settings,
    apply,
    check_limits,
    merge,
    parse_settings,
)
from formcheck.storage.history import Lifter
from formcheck.storage.settings_files import settings_toml
from tests.helpers.synthetic_lifter import deadlift, film, squat

ROOT = Path(__file__).resolve().parent.parent.parent


def parsed(text: str) -> Settings:
    return parse_settings(text, "mine.toml")


def lift(name: str) -> Exercise:
    found = exercise_named(name)
    assert found is not None
    return found


def check(exercise: Exercise, name: str) -> Check:
    return next(each for each in exercise.checks if each.id == name)


def problems_of(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    return str(caught.value)


def test_everything_that_can_be_said_is_understood() -> None:
    settings = parsed(
        """
        presets = ["low-bar"]
        [lifter]
        height_cm = 178
        earlier_back_injury = true
        depth_target = "below-parallel"
        load_unit = "lb"
        [variants]
        deadlift = "sumo"
        [checks.deadlift.back-rounding]
        watch = 15
        fault = 22.5
        [checks.squat]
        butt-wink = false
        """
    )
    assert settings == Settings(
        presets=("low-bar",),
        height_cm=178.0,
        earlier_back_injury=True,
        depth_target=-0.1,
        load_unit="lb",
        variants={"deadlift": "sumo"},
        checks={
            "deadlift/back-rounding": Override(15.0, 22.5, source="mine.toml"),
            "squat/butt-wink": Override(off=True, source="mine.toml"),
        },
    )


def test_nothing_said_is_as_it_comes() -> None:
    assert parsed("") == DEFAULTS
    assert DEFAULTS.to_dict() == {}


def test_all_is_for_every_lift_that_has_the_check_and_the_lift_itself_comes_first() -> None:
    settings = parsed("[checks.squat.back-rounding]\nwatch = 22\n[checks.all.back-rounding]\nwatch = 18\n")
    watches = {key: override.watch for key, override in settings.checks.items()}
    assert watches == {
        "deadlift/back-rounding": 18,
        "kettlebell-swing/back-rounding": 18,
        "squat/back-rounding": 22,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prests = []", "prests: unknown; did you mean presets?"),
        ("[lifter]\nhieght_cm = 180", "lifter.hieght_cm: unknown; did you mean height_cm?"),
        ("[lifter]\nheight_cm = 1.8", "lifter.height_cm: must be between 50 and 280, not 1.8"),
        ("[lifter]\nheight_cm = true", "lifter.height_cm: must be a number, not True"),
        ("[lifter]\nheight_cm = nan", "lifter.height_cm: must be a number"),
        ("[lifter]\nearlier_back_injury = 1", "lifter.earlier_back_injury: must be true or false, not 1"),
        ("[lifter]\ndepth_target = 'paralel'", "did you mean parallel?"),
        ("[lifter]\ndepth_target = 3", "lifter.depth_target: must be between"),
        ("[lifter]\nload_unit = ['kg']", "lifter.load_unit: must be kg or lb"),
        ("lifter = 3", "lifter: must be a table"),
        ("presets = 'low-bar'", "presets: must be a list of names"),
        ("[variants]\nsqat = 'front'", "variants.sqat: unknown; did you mean squat?"),
        ("[variants]\ndeadlift = 'summo'", "did you mean sumo?"),
        ("[checks.squats]\ndepth = false", "checks.squats: unknown; did you mean squat?"),
        ("[checks.squat]\ndeth = false", "checks.squat.deth: unknown; did you mean depth?"),
        ("[checks.squat]\ndepth = 3", "checks.squat.depth: must be false (switched off) or a table"),
        ("[checks.squat.depth]\nwach = 3", "checks.squat.depth.wach: unknown; did you mean watch?"),
        ("[checks.squat.depth]\nwatch = '3'", "checks.squat.depth.watch: must be a number, not '3'"),
        ("[checks.squat.depth]\nfault = inf", "checks.squat.depth.fault: must be a number"),
        ("this is not a toml", "mine.toml is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(text: str, words: str) -> None:
    message = problems_of(text)
    assert words in message
    assert message.startswith("mine.toml")
    assert "\n" not in message


def test_all_problems_are_named_at_once() -> None:
    message = problems_of("a = 1\n[lifter]\nb = 2\nheight_cm = 1\n[checks.squat]\nc = 1\n")
    for key in ("a:", "lifter.b:", "lifter.height_cm:", "checks.squat.c:"):
        assert key in message


def test_a_preset_cannot_start_from_others() -> None:
    with pytest.raises(UsageError, match="a preset cannot start from others"):
        parse_settings("presets = ['low-bar']", "preset mine", presets_allowed=False)


def test_limits_and_switched_off_checks_reach_the_lift() -> None:
    changed = apply(lift("squat"), parsed("[checks.squat]\nbutt-wink = false\ndepth = {watch = 0, fault = 0.1}\n"))
    assert "butt-wink" not in {each.id for each in changed.checks}
    assert (check(changed, "depth").watch, check(changed, "depth").fault) == (0.0, 0.1)
    before = lift("squat")
    assert check(changed, "back-rounding") == check(before, "back-rounding")
    assert check(before, "depth").fault == 0.25, "the lift itself stays as it was"


def test_another_lift_is_left_alone() -> None:
    settings = parsed("[checks.squat.back-rounding]\nwatch = 1\n")
    assert apply(lift("deadlift"), settings) == lift("deadlift")


def test_as_it_comes_changes_nothing() -> None:
    for each in EXERCISES:
        assert apply(each, DEFAULTS) == each


def test_limits_hold_in_variants_with_limits_of_their_own_too() -> None:
    base = lift("squat")
    depth = check(base, "depth")
    variant = replace(lift("deadlift").variants[0], leaves_out=frozenset(), limits={"depth": (0.3, 0.5)})
    changed = apply(replace(base, variants=(variant,)), parsed("[checks.squat.depth]\nwatch = 0.2\n"))
    assert changed.variants[0].limits == {"depth": (0.2, 0.5)}
    assert (check(changed, "depth").watch, check(changed, "depth").fault) == (0.2, depth.fault)
    off = apply(replace(base, variants=(variant,)), parsed("[checks.squat]\ndepth = false\n"))
    assert off.variants[0].limits == {}


def test_an_earlier_injury_warns_earlier_about_the_back_only_and_gently() -> None:
    back = {"back-rounding", "back-rounding-growth", "back-rounding-change", "butt-wink", "over-extension"}
    for each in EXERCISES:
        changed = apply(each, Settings(earlier_back_injury=True))
        for before, after in zip(each.checks, changed.checks, strict=True):
            if before.id in back:
                assert after.watch == pytest.approx(EARLIER_WARNING * before.watch)
                assert after.cue == f"{before.cue} {GENTLER_CUE}"
            else:
                assert after == before
            assert after.fault == before.fault


def test_every_lift_has_a_check_that_an_earlier_injury_changes() -> None:
    for each in EXERCISES:
        assert any(one.earlier_after_injury for one in each.checks)


def test_numbers_that_were_written_down_are_meant_as_they_stand() -> None:
    settings = merge(
        Settings(earlier_back_injury=True, depth_target=0.25), parsed("[checks.all]\nback-rounding = {watch = 19}\n")
    )
    assert check(apply(lift("deadlift"), settings), "back-rounding").watch == 19


def test_a_depth_target_moves_both_limits() -> None:
    changed = check(apply(lift("squat"), Settings(depth_target=0.25)), "depth")
    before = check(lift("squat"), "depth")
    assert (changed.watch - before.watch, changed.fault - before.fault) == pytest.approx((0.25, 0.25))


def test_the_later_one_holds() -> None:
    first = parsed("[lifter]\nheight_cm = 170\nload_unit = 'kg'\n[checks.squat]\ndepth = {watch = 0, fault = 1}\n")
    then = parsed("presets = ['a']\n[lifter]\nheight_cm = 180\n[checks.squat]\ndepth = {watch = 0.5}\n")
    both = merge(first, then)
    assert (both.height_cm, both.load_unit, both.presets) == (180, "kg", ("a",))
    assert (both.checks["squat/depth"].watch, both.checks["squat/depth"].fault) == (0.5, 1.0)
    assert merge(both, DEFAULTS) == both
    assert merge(DEFAULTS, both) == both


@pytest.mark.parametrize("limits", ["true", "{watch = 0.2}", "{watch = 0}"])
def test_a_check_that_was_switched_off_can_be_switched_on_again(limits: str) -> None:
    off = parsed("[checks.squat]\ndepth = false\n")
    on = merge(off, parsed(f"[checks.squat]\ndepth = {limits}\n"))
    assert "depth" in {each.id for each in apply(lift("squat"), on).checks}


def test_limits_the_wrong_way_round_are_refused_once_everything_is_together() -> None:
    low_watch = parsed("[checks.kettlebell-swing]\nsquatting-the-swing = {watch = 0.9}\n")
    high_watch = parsed("[checks.deadlift.back-rounding]\nwatch = 30\n")
    with pytest.raises(UsageError) as caught:
        check_limits(merge(low_watch, high_watch))
    message = str(caught.value)
    assert "checks.deadlift.back-rounding: watch 30 is above fault 20" in message
    assert "checks.kettlebell-swing.squatting-the-swing: watch 0.9 is below fault" in message
    assert "(mine.toml)" in message
    # With a fault limit to match there is nothing wrong.
    check_limits(merge(high_watch, parsed("[checks.deadlift.back-rounding]\nfault = 40\n")))


@pytest.mark.parametrize("preset", SHIPPED, ids=lambda preset: preset.name)
def test_presets_that_come_with_formcheck_are_understood_and_do_something(preset: Preset) -> None:
    settings = parse_settings(preset.toml, preset.name, presets_allowed=False)
    check_limits(settings)
    assert settings != DEFAULTS
    changes = settings.variants or any(apply(each, settings) != each for each in EXERCISES)
    assert changes


def test_names_of_presets_are_unique() -> None:
    names = [preset.name for preset in SHIPPED]
    assert len(set(names)) == len(names)


def test_the_document_shows_settings_that_are_understood() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        check_limits(parsed(block))


def test_the_analysis_judges_by_them_and_the_report_says_so() -> None:
    poses = film(squat(3, shallow_deg=14.0))
    strict = parsed("[checks.squat.depth]\nwatch = -0.3\nfault = -0.2\n")
    by_default, by_strict = analyze(poses, "squat"), analyze(poses, "squat", settings=strict)
    verdicts = [
        next(found.verdict for found in report.findings if found.check == "depth") for report in (by_default, by_strict)
    ]
    assert verdicts[1] == "fault"
    assert verdicts[0] != "fault"
    assert by_default.to_dict()["settings"] == {}
    written = json.loads(json.dumps(by_strict.to_dict()))["settings"]
    assert written == {"checks": {"squat/depth": {"watch": -0.3, "fault": -0.2}}}


def test_the_settings_height_gives_metres() -> None:
    level = analyze(film(deadlift(2)), "deadlift", settings=Settings(height_cm=180)).set_level
    assert level is not None
    assert level.body_height_m == 1.8


def test_a_lift_without_any_check_is_not_judged() -> None:
    off = Settings(checks={f"squat/{each.id}": Override(off=True) for each in lift("squat").checks})
    report = analyze(film(squat(2)), "squat", settings=off)
    assert report.verdict == "not-judged"
    assert "switched off" in report.summary
    assert report.to_dict()["findings"] == []


# --- loads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load_kg", "unit", "words"),
    [
        (100.0, "kg", "100 kg"),
        (102.5, "kg", "102.5 kg"),
        (102.058, "kg", "102.1 kg"),
        (102.058, "lb", "225 lb"),
        (12345.6, "kg", "12345.6 kg"),
    ],
)
def test_loads_have_one_decimal_at_most(load_kg: float, unit: str, words: str) -> None:
    assert load_words(load_kg, unit) == words


def test_a_difference_of_loads_has_its_sign() -> None:
    assert (load_words(-2.5, signed=True), load_words(20.0, signed=True)) == ("−2.5 kg", "+20 kg")


def test_loads_are_in_kilograms_unless_the_settings_say_otherwise() -> None:
    assert Settings().unit_of_loads == "kg"
    assert parsed('[lifter]\nload_unit = "lb"').unit_of_loads == "lb"


@pytest.mark.parametrize("height_cm", HEIGHT_RANGE_CM)
@pytest.mark.parametrize("depth_target", DEPTH_TARGET_RANGE)
def test_whoever_can_be_saved_can_be_judged_again(height_cm: float, depth_target: float) -> None:
    lifter = Lifter("Anna", height_cm=height_cm, depth_target_thighs=depth_target)
    told = Settings(height_cm=lifter.height_cm, depth_target=lifter.depth_target_thighs)
    assert parse_settings(settings_toml(told), "the job") == told
