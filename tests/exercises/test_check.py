from __future__ import annotations

import math
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formcheck import exercises
from formcheck.core.errors import UsageError
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict, ViewName
from formcheck.exercises import EXERCISES, exercise_named, measure_named, measures
from formcheck.exercises.framework.check import (
    ANY_VIEW,
    FRONT_OR_REAR,
    REPS_FOR_SET_FAULT,
    SEEN_SHARE_MIN,
    SIDE,
    SIDE_OR_OBLIQUE,
    Check,
    Finding,
    Measurement,
    judge,
    judge_set,
    missing,
)
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.exercises.framework.exercise import Exercise, Words
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.variant import (
    UNKNOWN,
    Variant,
    checks_of_variant,
    checks_whatever,
    never,
    possible_variants,
    recognise_variant,
)
from formcheck.judging.analysis import ALWAYS_REPORTED, analyze
from tests.helpers.synthetic_lifter import LIFTS, Camera, film, joined


def _check(watch: float = 20.0, fault: float = 30.0, **changes: object) -> Check:
    facts: dict[str, object] = {
        "id": "some-check",
        "title": "Something",
        "measure": Measure("something_deg", "Something", "deg", "Somehow."),
        "views": SIDE,
        "cue": "Try this.",
        "why": "Because.",
        "source": "Made up",
        "confidence": "low",
    }
    return Check(watch=watch, fault=fault, **(facts | changes))  # type: ignore[arg-type]


MORE, LESS = _check(20.0, 30.0), _check(1.4, 1.1)
BOTH = [MORE, LESS]
ALL = [
    pytest.param(exercise, check, id=f"{exercise.name}/{check.id}")
    for exercise in EXERCISES
    for check in exercise.checks
]


def _beyond(check: Check, limit: float, by: float) -> float:
    return limit + by if check.more_is_worse else limit - by


# ------------------------------------------------------------------------------------------------------- one value


@pytest.mark.parametrize("check", [MORE, LESS, *(param.values[1] for param in ALL)])
def test_both_sides_of_each_limit(check: Check) -> None:
    view = min(check.views)

    def verdict(limit: float, by: float) -> str:
        return judge(check, Measurement(_beyond(check, limit, by), 1.0, seen=1.0), view).verdict

    small = 1e-6
    assert verdict(check.watch, -small) == OK
    assert verdict(check.watch, 0.0) == OK
    assert verdict(check.watch, small) == WATCH
    assert verdict(check.fault, 0.0) == WATCH
    assert verdict(check.fault, small) == check.worst


@pytest.mark.parametrize("check", BOTH)
def test_a_fault_must_exceed_its_limit_by_more_than_the_uncertainty(check: Check) -> None:
    def verdict(by: float) -> str:
        return judge(
            check, Measurement(_beyond(check, check.fault, by), 1.0, uncertainty=0.25, seen=1.0), ViewName.SIDE_LEFT
        ).verdict

    assert verdict(0.24) == WATCH
    assert verdict(0.26) == FAULT


@given(st.floats(-100, 100), st.floats(0, 50))
def test_uncertainty_never_makes_a_verdict_worse(value: float, uncertainty: float) -> None:
    order = [OK, WATCH, FAULT]
    for check in BOTH:
        sure = judge(check, Measurement(value, 0.0, seen=1.0), ViewName.SIDE_RIGHT).verdict
        unsure = judge(check, Measurement(value, 0.0, uncertainty, seen=1.0), ViewName.SIDE_RIGHT).verdict
        assert order.index(unsure) <= order.index(sure)


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_a_worse_value_never_gets_a_better_verdict(one: float, other: float) -> None:
    order = [OK, WATCH, FAULT]
    for check in BOTH:
        better, worse = sorted((one, other), reverse=not check.more_is_worse)
        verdicts = [
            judge(check, Measurement(value, 0.0, seen=1.0), ViewName.SIDE_RIGHT).verdict for value in (better, worse)
        ]
        assert order.index(verdicts[0]) <= order.index(verdicts[1])


def test_a_hint_is_never_a_fault() -> None:
    hint = _check(worst=WATCH)
    assert judge(hint, Measurement(1000.0, 1.0, seen=1.0), ViewName.SIDE_LEFT).verdict == WATCH


@pytest.mark.parametrize("measured", [None, missing("hidden by a plate"), Measurement(math.nan, 3.0, seen=1.0)])
@pytest.mark.parametrize("check", BOTH)
def test_what_was_not_measured_is_never_fine(check: Check, measured: Measurement | None) -> None:
    finding = judge(check, measured, ViewName.SIDE_LEFT, rep=2)
    assert finding.verdict == NOT_MEASURED
    assert math.isnan(finding.value)
    assert math.isnan(finding.at_s)
    assert finding.reason == (measured.reason if measured and measured.reason else "not seen clearly enough")


@pytest.mark.parametrize("view", sorted(ANY_VIEW | {ViewName.UNKNOWN}))
@pytest.mark.parametrize("views", [SIDE, SIDE_OR_OBLIQUE, FRONT_OR_REAR])
def test_only_fitting_views_are_judged(view: ViewName, views: frozenset[ViewName]) -> None:
    finding = judge(_check(views=views), Measurement(1000.0, 1.0, seen=1.0), view)
    assert finding.verdict == (FAULT if view in views else NOT_MEASURED)
    if view not in views:
        assert math.isnan(finding.value)
        assert ("view from the front" in finding.reason) == (views == FRONT_OR_REAR and view != "unknown")
    else:
        assert finding.reason == ""


def test_a_finding_repeats_what_is_needed_to_show_it() -> None:
    finding = judge(MORE, Measurement(42.0, 1.5, 1.0, seen=1.0), ViewName.SIDE_LEFT, rep=3)
    assert finding == Finding("some-check", "Something", FAULT, 42.0, MORE.fault, "deg", 1.5, "", "Try this.", 3, 1.0)
    assert judge(MORE, Measurement(25.0, 1.5, seen=1.0), ViewName.SIDE_LEFT).limit == MORE.watch


# --------------------------------------------------------------------------------------------------------- the set


def _findings(check: Check, *values: float) -> list[Finding]:
    return [
        judge(
            check,
            missing("hidden") if math.isnan(value) else Measurement(value, float(i), seen=1.0),
            ViewName.SIDE_LEFT,
            i + 1,
        )
        for i, value in enumerate(values)
    ]


NAN = math.nan


@pytest.mark.parametrize(
    ("values", "verdict", "worst_rep"),
    [
        ((10.0,), OK, 1),
        ((40.0,), FAULT, 1),
        ((25.0,), WATCH, 1),
        ((10.0, 12.0, 11.0), OK, 2),
        ((10.0, 25.0, 11.0), WATCH, 2),
        ((10.0, 40.0, 11.0), WATCH, 2),
        ((35.0, 40.0, 11.0), FAULT, 2),
        ((40.0, NAN), WATCH, 1),
        ((40.0, NAN, 45.0), FAULT, 3),
        ((NAN, 10.0), OK, 2),
    ],
)
def test_a_fault_of_the_set_needs_two_reps_or_a_single(values: tuple[float, ...], verdict: str, worst_rep: int) -> None:
    finding = judge_set(MORE, _findings(MORE, *values))
    assert REPS_FOR_SET_FAULT == 2
    assert finding.verdict == verdict
    assert finding.rep == worst_rep
    assert finding.value == values[worst_rep - 1]
    assert finding.at_s == worst_rep - 1
    assert finding.limit == (MORE.fault if verdict == FAULT else MORE.watch)


def test_the_worst_rep_of_a_check_where_less_is_worse_is_the_lowest() -> None:
    finding = judge_set(LESS, _findings(LESS, 1.0, 0.5, 3.0))
    assert (finding.verdict, finding.value, finding.rep) == (FAULT, 0.5, 2)


def test_a_faulty_repetition_stands_for_the_set_before_an_uncertain_one() -> None:
    check = _check()
    uncertain = judge(check, Measurement(39.0, 1.0, uncertainty=10.0, seen=1.0), ViewName.SIDE_RIGHT, 1)
    faulty = [
        judge(check, Measurement(38.0, float(rep), uncertainty=1.0, seen=1.0), ViewName.SIDE_RIGHT, rep)
        for rep in (2, 3)
    ]
    assert (uncertain.verdict, faulty[0].verdict) == (WATCH, FAULT)
    found = judge_set(check, [uncertain, *faulty])
    assert (found.verdict, found.value, found.rep) == (FAULT, 38.0, 2)


def test_a_set_without_a_measured_rep_is_not_fine() -> None:
    finding = judge_set(MORE, _findings(MORE, NAN, NAN))
    assert (finding.verdict, finding.reason, finding.rep) == (NOT_MEASURED, "hidden", None)
    assert judge_set(MORE, []).verdict == NOT_MEASURED
    assert judge_set(MORE, []).reason


def test_the_most_frequent_reason_is_given() -> None:
    reasons = ["plate", "dark", "dark"]
    findings = [judge(MORE, missing(reason), ViewName.SIDE_LEFT, i + 1) for i, reason in enumerate(reasons)]
    assert judge_set(MORE, findings).reason == "dark"


# --------------------------------------------------------------------------------------- a contract over all checks


@pytest.fixture(scope="module")
def side_reports() -> dict[str, dict[str, float]]:
    """Measures of the last of three repetitions of each lift, seen from the side."""
    reports = {name: analyze(film(make(3)), name) for name, make in LIFTS.items()}
    return {name: report.reps[-1].measures for name, report in reports.items()}


@pytest.fixture(scope="module")
def front_reports() -> dict[str, dict[str, float]]:
    """The same, seen from the front."""
    reports = {name: analyze(film(make(2), Camera(90.0)), name) for name, make in LIFTS.items()}
    return {name: report.reps[-1].measures for name, report in reports.items()}


@pytest.mark.parametrize(("exercise", "check"), ALL)
def test_every_check_is_complete(exercise: Exercise, check: Check) -> None:
    assert [other.id for other in exercise.checks].count(check.id) == 1
    assert check.id == check.id.lower()
    assert " " not in check.id
    assert math.isfinite(check.watch)
    assert math.isfinite(check.fault)
    assert check.watch != check.fault
    assert check.cue.endswith(".")
    assert check.why.endswith(".")
    assert check.source
    assert check.title[0].isupper()
    assert not check.title.endswith(".")
    assert check.views
    assert check.views <= ANY_VIEW
    assert check.confidence in ("low", "medium", "high")
    assert check.worst in (WATCH, FAULT)
    for text in (check.cue, check.why, check.title):
        assert "injur" not in text.lower()


@pytest.mark.parametrize(("exercise", "check"), ALL)
def test_every_check_judges_a_measure_of_its_exercise(
    exercise: Exercise,
    check: Check,
    side_reports: dict[str, dict[str, float]],
    front_reports: dict[str, dict[str, float]],
) -> None:
    measures = (front_reports if check.views <= FRONT_OR_REAR else side_reports)[exercise.name]
    assert check.measure.name in measures
    assert math.isfinite(measures[check.measure.name])


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_every_measure_of_a_lift_is_declared_once(
    exercise: Exercise, side_reports: dict[str, dict[str, float]]
) -> None:
    declared = [measure.name for measure in exercise.all_measures]
    assert len(set(declared)) == len(declared)
    # Reports have some measures of other lifts as well, which this lift does not take.
    assert set(declared) == set(side_reports[exercise.name]) - (set(ALWAYS_REPORTED) - set(declared))


def test_every_measure_says_what_it_is() -> None:
    names = [measure.name for measure in measures()]
    assert len(set(names)) == len(names), "two records of one measure"
    for measure in measures():
        assert (measure.unit == "deg") == measure.name.endswith("_deg"), measure.name
        assert measure.how.endswith("."), measure.name
        assert measure.title[0].isupper(), measure.name
        assert measure_named(measure.name) is measure
        # Signals are in standing shoulder heights, statures are for the set as a whole.
        assert "body heights" not in measure.unit


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_every_exercise_is_complete(exercise: Exercise, side_reports: dict[str, dict[str, float]]) -> None:
    assert exercise_named(exercise.name) is exercise
    assert exercise.title
    assert exercise.checks[0].id == "back-rounding"
    assert exercise.checks[0].worst == FAULT
    assert {
        "back_rounding_deg",
        "hip_flexion_bottom_deg",
        "knee_flexion_bottom_deg",
        "trunk_lean_bottom_deg",
    } <= side_reports[exercise.name].keys()


def test_names_of_exercises_are_unique() -> None:
    names = [exercise.name for exercise in EXERCISES]
    assert len(set(names)) == len(names)
    assert not {"auto", "none"} & set(names)
    assert exercise_named("no-such-lift") is None


def test_every_file_of_a_lift_is_registered_and_knows_no_other_lift() -> None:
    folder = Path(exercises.__file__).parent
    files = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.stem != "__init__"}
    assert set(files) == set(exercises.LIFTS)
    assert len(EXERCISES) == len(exercises.LIFTS)
    for name, source in files.items():
        imported = re.findall(r"formcheck\.exercises(?:\.(\w+)| import (\w+))", source)
        assert {one or other for one, other in imported} <= {"framework", "shared"}, name


def test_every_lift_has_words_for_sentences() -> None:
    for lift in EXERCISES:
        assert lift.short_title.lower() in lift.title.lower()
        assert lift.a_noun.split(" ", 1) == ["a", lift.noun]
        assert lift.plural == f"{lift.noun}s"
    assert replace(EXERCISES[0], title="Overhead press").a_noun == "an overhead press"
    named = replace(EXERCISES[0], words=Words(noun="Jefferson curl", plural="Jefferson curls", short_title="Jefferson"))
    assert (named.a_noun, named.plural, named.short_title) == ("a Jefferson curl", "Jefferson curls", "Jefferson")


def test_a_variant_can_have_another_kind_of_load() -> None:
    lift = exercise_named("deadlift")
    assert lift is not None
    assert lift.load_of("kettlebell") is LoadKind.BELL
    assert lift.load_of("sumo") is lift.load_of(UNKNOWN) is LoadKind.BAR


@pytest.mark.parametrize("name", LIFTS)
@pytest.mark.parametrize("yaw_deg", [-90, -45, 45, 90])
def test_the_back_is_never_judged_from_elsewhere(name: str, yaw_deg: float) -> None:
    report = analyze(film(LIFTS[name](2, rounding_deg=60.0), Camera(yaw_deg)), name)
    backs = [finding for finding in report.findings if finding.check == "back-rounding"]
    assert [finding.verdict for finding in backs] == [NOT_MEASURED]
    assert "side" in backs[0].reason
    assert report.verdict != "good"


# -------------------------------------------------------------------------------------------------------- variants

VARIANTS = [
    pytest.param(exercise, variant, id=f"{exercise.name}/{variant.name}")
    for exercise in EXERCISES
    for variant in exercise.variants
]


@pytest.mark.parametrize(("exercise", "variant"), VARIANTS)
def test_every_variant_is_complete(exercise: Exercise, variant: Variant) -> None:
    everywhere = [other.name for lift in EXERCISES for other in lift.variants]
    assert everywhere.count(variant.name) == 1  # so that it names the lift as well
    assert variant.name not in ("auto", UNKNOWN)
    assert variant.title[0].isupper()
    assert variant.recognised_by
    known = {check.id for check in exercise.checks}
    assert variant.leaves_out | variant.limits.keys() <= known
    assert {check.id for check in checks_of_variant(exercise.checks, variant)} == known - variant.leaves_out


def _variant(name: str, leaves_out: frozenset[str] = frozenset(), **limits: tuple[float, float]) -> Variant:
    return Variant(name, name.title(), never, "nothing", leaves_out, limits)


def test_an_unknown_variant_is_judged_by_what_holds_for_all() -> None:
    more, less, other = _check(id="more"), _check(1.4, 1.1, id="less"), _check(id="other")
    one = _variant("one", frozenset({"other"}), more=(25.0, 28.0))
    two = _variant("two", frozenset(), less=(1.2, 1.0))
    checks, unclear = checks_whatever((more, less, other), (one, two))
    assert [(check.watch, check.fault) for check in checks] == [(25.0, 30.0), (1.2, 1.0), (20.0, 30.0)]
    assert unclear == {"other"}
    assert checks_whatever((more, other), (one,)) == ((replace(more, watch=25.0, fault=28.0),), frozenset())
    assert checks_whatever((more, other), ()) == ((more, other), frozenset())


def test_a_variant_needs_most_of_the_repetitions() -> None:
    low, high = (_features(hand_reach=reach) for reach in (0.9, 1.4))
    overhead = Variant("overhead", "Overhead", lambda features: features.hand_reach > 1.3, "height")
    assert recognise_variant([high, high, low], [overhead]) is overhead
    assert recognise_variant([high, low], [overhead]) is None
    assert recognise_variant([], [overhead]) is None


def test_variants_that_are_ruled_out_are_not_possible() -> None:
    low, high = (_features(hand_reach=reach) for reach in (0.9, 1.4))
    one = Variant("one", "One", never, "nothing", ruled_out=lambda features: features.hand_reach > 1.3)
    two = Variant("two", "Two", never, "nothing")
    assert possible_variants([high, high, low], (one, two)) == (two,)
    assert possible_variants([high, low], (one, two)) == (one, two)
    assert possible_variants([high], (one,)) == (one,)


def _features(**known: float) -> CycleFeatures:
    return CycleFeatures(**({field.name: math.nan for field in fields(CycleFeatures)} | known))


@pytest.mark.parametrize(("exercise", "variant"), [("auto", "no-such"), ("squat", "sumo"), ("deadlift", "front")])
def test_a_variant_that_the_lift_has_not_is_refused(exercise: str, variant: str) -> None:
    with pytest.raises(UsageError, match=variant):
        analyze(film(LIFTS["squat"](1)), exercise, variant=variant)


def test_a_variant_names_the_lift() -> None:
    report = analyze(film(LIFTS["squat"](1)), variant="front")
    assert (report.exercise.name, report.exercise.chosen_by) == ("squat", "user")
    assert report.to_dict()["variant"] == "front"
    assert report.to_dict()["variant_source"] == "chosen"


def test_a_lifter_who_turns_is_judged_by_each_view() -> None:
    side, front = film(LIFTS["deadlift"](2)), film(LIFTS["deadlift"](2), Camera(90.0))
    report = analyze(joined(joined(side, side), front), "deadlift")
    assert len(report.reps) == 6
    judged = [{finding.check for finding in rep.findings if finding.verdict != NOT_MEASURED} for rep in report.reps]
    assert all("back-rounding" in checks for checks in judged[:4])
    assert all("back-rounding" not in checks and "uneven-shoulders" in checks for checks in judged[4:])


@pytest.mark.parametrize(
    ("seen", "verdict"), [(1.0, FAULT), (SEEN_SHARE_MIN, FAULT), (SEEN_SHARE_MIN - 0.01, NOT_MEASURED)]
)
def test_what_was_hardly_seen_is_not_judged_and_says_how_often_it_was_seen(seen: float, verdict: Verdict) -> None:
    finding = judge(MORE, Measurement(MORE.fault + 10.0, 1.0, seen=seen), ViewName.SIDE_LEFT)
    assert finding.verdict == verdict
    if verdict == NOT_MEASURED:
        assert "39%" in finding.reason
        assert math.isnan(finding.value)
    else:
        assert finding.seen == seen
