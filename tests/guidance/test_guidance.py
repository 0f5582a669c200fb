"""The guidance around the lift: every path through the decision tables, every text, every picture, every link."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, product
from pathlib import Path
from typing import Any

import pytest

from formcheck.core.errors import UsageError
from formcheck.exercises import EXERCISES, check_ids
from formcheck.exercises.framework.check import LoadSign, Skill
from formcheck.exercises.framework.exercise import Pattern, WarmUp, Words
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.shared.back import OVER_EXTENSION
from formcheck.guidance import (
    Answer,
    cool_down,
    is_emergency,
    next_question,
    picture,
    readiness,
    soreness,
    warm_up,
)
from formcheck.guidance.decisions import decide
from formcheck.guidance.figures import ARROW_COLOR, PICTURES, joints
from formcheck.guidance.routines import count_words, drill
from formcheck.guidance.tables import (
    BALANCE,
    COOL_DOWN,
    EASY,
    EMERGENCY,
    EMERGENCY_SIGNS,
    MOVES,
    NORMAL,
    OK,
    PROFESSIONAL,
    READY,
    REST_DAY,
    SORE,
    SOURCES,
    STOP,
    TABLES,
    TOPICS,
    WARM_UPS,
    WATCH,
    DecisionTable,
    Step,
)
from formcheck.guidance.texts import TEXTS, text

PACKAGE = Path(__file__).parent.parent.parent / "formcheck"

NO_SIGN = frozenset({"none"})
SIGN_SETS = [
    frozenset(chosen) for count in range(1, len(EMERGENCY_SIGNS) + 1) for chosen in combinations(EMERGENCY_SIGNS, count)
]

MILDEST = {
    "signs": NO_SIGN,
    "where": "wide",
    "began": "later",
    "feels": "dull",
    "lasted": "days",
    "spreading": "no",
    "numb": "no",
    "weak": "no",
    "night": "no",
    "moving": "freely",
    "earlier": "no",
}
WARNINGS = {
    "where": {"spot"},
    "began": {"sudden"},
    "feels": {"sharp"},
    "lasted": {"staying", "week"},
    "spreading": {"yes"},
    "numb": {"yes"},
    "weak": {"yes"},
    "night": {"yes"},
    "moving": {"limited"},
}
"""What is worth a professional, written down a second time and apart from the table."""

IN_BETWEEN = {"where": {"side"}, "began": {"during", "unlinked"}, "feels": {"strong"}, "earlier": {"yes"}}

SINGLE_STEPS = [
    *chain.from_iterable(WARM_UPS.values()),
    *COOL_DOWN,
    *chain.from_iterable(topic.drills for topic in (*TOPICS, BALANCE)),
]


def paths(table: DecisionTable) -> Iterator[dict[str, Any]]:
    """Every way through the questions that have one answer."""
    questions = [question for question in table.questions if not question.many]
    for chosen in product(*(question.choices for question in questions)):
        yield dict(zip((question.id for question in questions), chosen, strict=True))


def gives(answers: dict[str, Any], signs: dict[str, set[str]]) -> bool:
    return any(answers[question] in choices for question, choices in signs.items())


def all_lines(answer: Answer) -> str:
    return " ".join([answer.headline, *(line for section in answer.sections for line in section.lines)])


def check_emergency(answer: Answer, headline: str) -> None:
    """The emergency is the first thing that is read, and nothing in the answer softens it."""
    assert answer.level == EMERGENCY
    assert answer.headline == text(headline)
    assert answer.sections[0].id == "whom"
    assert answer.sections[0].lines == (text("emergency.whom"),)
    assert not answer.may_lift
    assert answer.sections[-1].id == "cannot-know"


# --- before the set ------------------------------------------------------------------------------------------------


def test_every_way_through_the_questions_before_a_set() -> None:
    walked = 0
    for lift in (each.name for each in EXERCISES):
        for answers in paths(READY):
            found = readiness(answers, lift)
            answer = found.answer
            walked += 1
            assert answer.sections[-1].id == "cannot-know"
            assert answer.sections[-1].lines
            if answers["pain"] == "emergency":
                check_emergency(answer, "ready.emergency")
            elif answers["pain"] in ("sharp", "nerve") or answers["earlier"] == "recent":
                assert answer.level == STOP
                assert answer.sections[0].id == "whom"
            elif answers == {"pain": "mild", "earlier": "healed", "rest": "worn"}:
                assert answer.level == REST_DAY
            elif answers == {"pain": "none", "earlier": "none", "rest": "fresh"}:
                assert answer.level == OK
            else:
                assert answer.level == EASY
            # With a warning sign there is nothing to warm up for.
            assert (found.routine is not None) == answer.may_lift == (answer.level in (OK, EASY))
            if answer.level != EMERGENCY:
                assert answer.sections[-2].id == "lookout", "emergency signs are named in every other answer"
    assert walked == len(EXERCISES) * 5 * 3 * 3


def test_an_emergency_before_a_set_needs_no_other_answer() -> None:
    check_emergency(readiness({"pain": "emergency"}, "deadlift").answer, "ready.emergency")
    check_emergency(readiness({"pain": "emergency", "rest": "nonsense"}, "no lift").answer, "ready.emergency")


# --- after the set -------------------------------------------------------------------------------------------------


def test_every_way_without_an_emergency_sign() -> None:
    walked = 0
    for answers in paths(SORE):
        answer = soreness({**answers, "signs": NO_SIGN})
        walked += 1
        if gives(answers, WARNINGS):
            assert answer.level == PROFESSIONAL
            assert answer.sections[0].id == "whom"
        elif gives(answers, IN_BETWEEN):
            assert answer.level == WATCH
        else:
            assert answer.level == NORMAL
        # A warning sign is never followed by leave to lift.
        assert answer.may_lift == (answer.level == NORMAL)
        assert [section.id for section in answer.sections[-2:]] == ["lookout", "cannot-know"]
    assert walked == 3 * 4 * 3 * 4 * 2**4 * 2 * 2


@pytest.mark.parametrize("signs", [*(frozenset({sign}) for sign in EMERGENCY_SIGNS), frozenset(EMERGENCY_SIGNS)])
def test_no_other_answer_hides_an_emergency_sign(signs: frozenset[str]) -> None:
    reasons = {text(f"sore.why.{sign}") for sign in signs}
    for answers in paths(SORE):
        answer = soreness({**answers, "signs": signs})
        check_emergency(answer, "sore.emergency")
        assert set(answer.sections[1].lines[: len(signs)]) == reasons, "it is also the first reason"


@pytest.mark.parametrize("signs", SIGN_SETS, ids=lambda signs: "+".join(sorted(signs)))
def test_emergency_signs_in_any_company_stay_an_emergency(signs: frozenset[str]) -> None:
    changed = [{**MILDEST, name: choice} for name, choices in (WARNINGS | IN_BETWEEN).items() for choice in choices]
    for answers in (MILDEST, *changed):
        # Somebody who also ticks "none of these" has contradicted himself: the sign counts.
        for told in (signs, signs | NO_SIGN):
            check_emergency(soreness({**answers, "signs": told}), "sore.emergency")


def test_an_emergency_sign_needs_no_other_answer_and_forgives_wrong_ones() -> None:
    for sign in EMERGENCY_SIGNS:
        check_emergency(soreness({"signs": {sign}}), "sore.emergency")
        check_emergency(soreness({"signs": [sign], "where": "on the moon"}), "sore.emergency")
        check_emergency(soreness({"signs": sign}), "sore.emergency")


def test_every_reason_is_told() -> None:
    answer = soreness({**MILDEST, "numb": "yes", "earlier": "yes", "feels": "sharp"})
    why = next(section for section in answer.sections if section.id == "why")
    assert why.lines == (text("sore.why.numb"), text("sore.why.sharp"), text("sore.why.earlier"))


def test_only_normal_soreness_is_called_normal() -> None:
    for answers in ({**MILDEST, "earlier": "yes"}, {**MILDEST, "night": "yes"}, {**MILDEST, "signs": {"fever"}}):
        assert text("sore.normal") not in all_lines(soreness(answers))
    assert soreness(MILDEST).headline == text("sore.normal")
    assert soreness({**MILDEST, "lasted": "easing"}).level == NORMAL


# --- asking --------------------------------------------------------------------------------------------------------


def test_emergency_signs_are_asked_for_first_and_end_the_questions() -> None:
    for table in TABLES:
        emergencies = {question for rule in table.rules if rule.level == EMERGENCY for question in rule.when}
        assert emergencies == {table.questions[0].id}
        # One condition each: what is said beside it cannot make such a rule fail.
        assert all(len(rule.when) == 1 for rule in table.rules if rule.level == EMERGENCY)
    assert next_question(SORE, {"signs": {"trauma"}}) is None
    assert next_question(READY, {"pain": "emergency"}) is None
    assert not is_emergency(SORE, {"signs": NO_SIGN})


def test_questions_come_in_order_until_all_is_told() -> None:
    answers: dict[str, Any] = {}
    asked = []
    while question := next_question(SORE, answers):
        asked.append(question.id)
        answers[question.id] = MILDEST[question.id]
    assert asked == [question.id for question in SORE.questions]
    assert soreness(answers).level == NORMAL


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "no answer yet to 'pain', 'earlier', 'rest'"),
        ({"pain": "none", "earlier": "none"}, "no answer yet to 'rest'"),
        ({"pain": "a lot", "earlier": "none", "rest": "fresh"}, "'a lot' is not an answer to 'pain'"),
        ({"pain": ["none", "mild"], "earlier": "none", "rest": "fresh"}, "'pain' has one answer only"),
        ({"mood": "fine"}, "no question 'mood'"),
        ({"pain": [], "earlier": "none", "rest": "fresh"}, "no answer yet to 'pain'"),
    ],
)
def test_wrong_answers_are_told(answers: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        decide(READY, answers)


def test_an_unknown_sign_is_not_taken_for_no_sign() -> None:
    with pytest.raises(UsageError, match="'feverish' is not an answer"):
        soreness({**MILDEST, "signs": {"feverish"}})


# --- the tables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_rules_speak_of_questions_and_levels_that_exist(table: DecisionTable) -> None:
    choices = {question.id: set(question.choices) for question in table.questions}
    levels = [outcome.level for outcome in table.outcomes]
    assert levels[-1] == EMERGENCY
    assert len(set(levels)) == len(levels)
    assert {rule.level for rule in table.rules} == set(levels[1:])
    for rule in table.rules:
        assert rule.when
        assert all(rule.when[question] <= choices[question] for question in rule.when)
    # Every choice that is not the mildest one speaks for something.
    spoken = {choice for rule in table.rules for each in rule.when.values() for choice in each}
    silent = {choice for each in choices.values() for choice in each} - spoken
    assert silent <= {"none", "fresh", "wide", "later", "dull", "days", "easing", "no", "freely"}


def test_moves_have_a_picture_a_count_or_a_time_and_are_used() -> None:
    assert {step.move for step in SINGLE_STEPS} == set(MOVES)
    assert set(PICTURES) == set(MOVES)
    for step in SINGLE_STEPS:
        assert (step.reps > 0) != (step.hold_s > 0)
        assert 5 <= step.round_s <= 60
        assert re.search(r"\d", count_words(step))


@pytest.mark.parametrize("lift", [each.name for each in EXERCISES])
def test_a_warm_up_ends_with_the_hinge_drill(lift: str) -> None:
    routine = warm_up(lift)
    assert routine.drills[-1].move == "hinge"
    assert 120 <= routine.total_s <= 240
    assert routine.then


def test_lighter_sets_lead_up_to_the_load() -> None:
    assert warm_up("deadlift", 100.0).then == ("5 reps with 40 kg", "3 reps with 60 kg", "2 reps with 80 kg")
    assert "40 % of today" in warm_up("deadlift").then[0]
    assert warm_up("squat", 1.0).then[0] == "5 reps with 2.5 kg"
    with pytest.raises(UsageError, match="no exercise 'press'"):
        warm_up("press")


def test_every_movement_pattern_has_a_warm_up_that_ends_with_the_hinge() -> None:
    assert set(WARM_UPS) == set(Pattern)
    assert all(steps[-1].move == "hinge" for steps in WARM_UPS.values())


def test_a_lift_that_says_nothing_of_its_warm_up_gets_a_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lift = replace(EXERCISES[0], name="press", warm_up=WarmUp(), words=Words())

    def said(load: LoadKind) -> tuple[str, ...]:
        monkeypatch.setattr("formcheck.exercises.EXERCISES", (replace(lift, load=load),))
        return warm_up("press", 100.0).then

    assert said(LoadKind.BAR) == ("5 reps with 40 kg", "3 reps with 60 kg", "2 reps with 80 kg")
    assert said(LoadKind.BELL) == ("10 easy reps with a light bell",)
    assert said(LoadKind.NONE) == ()
    assert [drill.move for drill in warm_up("press").drills] == [step.move for step in WARM_UPS[Pattern.OTHER]]
    assert warm_up("press").note == ""


def test_counts_in_words() -> None:
    assert count_words(Step("plank", hold_s=20, sets=3)) == "3 sets: 20 seconds"
    assert count_words(Step("shoulder-rolls", reps=10, each="way")) == "10 times each way"
    assert drill(Step("thread-needle", hold_s=25, each="side")).count == "25 seconds on each side"
    assert Step("thread-needle", hold_s=25, each="side", sets=2).total_s == 100
    assert [each.move for each in cool_down().drills] == ["childs-pose", "thread-needle", "forward-fold"]


def test_every_check_leads_to_drills_and_every_link_to_a_check() -> None:
    checks = {check.id for lift in EXERCISES for check in lift.checks}
    linked = list(chain.from_iterable(topic.checks for topic in TOPICS))
    assert set(linked) == checks
    assert len(linked) == len(set(linked)), "a check belongs to one topic"
    assert [topic.id for topic in TOPICS] == list(Skill)
    assert OVER_EXTENSION.id in next(topic.checks for topic in TOPICS if topic.id == "tall")
    assert check_ids(lambda check: check.load_sign is LoadSign.BACK) == {
        "back-rounding",
        "back-rounding-growth",
        "back-rounding-change",
        "butt-wink",
    }
    assert check_ids(lambda check: check.load_sign is LoadSign.LOCKOUT) == {
        "soft-lockout-hips",
        "soft-lockout-knees",
        "hitching",
        "bar-drop",
    }


def test_a_check_of_one_name_says_the_same_of_the_load_and_the_training_in_every_lift() -> None:
    said: dict[str, tuple[object, ...]] = {}
    for check in (check for lift in EXERCISES for check in lift.checks):
        kind = (check.trains, check.load_sign, check.earlier_after_injury)
        assert said.setdefault(check.id, kind) == kind, check.id


def test_sources_exist_and_are_used() -> None:
    used = {source for table in TABLES for outcome in table.outcomes for source in outcome.sources}
    used |= {source for topic in (*TOPICS, BALANCE) for source in topic.sources}
    written = "".join((PACKAGE / "guidance" / name).read_text(encoding="utf-8") for name in ("load.py", "routines.py"))
    used |= {source for source in SOURCES if f'"{source}"' in written}
    assert used == set(SOURCES)
    assert all(source.url.startswith("https://") or source.id == "coaching" for source in SOURCES.values())


# --- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("move", MOVES)
def test_pictures_show_two_positions_and_an_arrow_inside_the_frame(move: str) -> None:
    svg = picture(move)
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    named = root.find("{http://www.w3.org/2000/svg}title")
    assert named is not None
    assert named.text == text(f"move.{move}.name")
    assert svg.count(ARROW_COLOR) >= 2, "an arrow, or the clock of a position that is held, in each"
    heads = [circle for circle in root.iter("{http://www.w3.org/2000/svg}circle") if float(circle.get("r", 0)) > 5]
    assert len([head for head in heads if head.get("fill")]) == 2
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        assert "nan" not in path.attrib["d"]
        # Only absolute places; strokes after h and v are relative and belong to floor and post.
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.attrib["d"]):
            assert -1 <= float(x) <= width + 1
            assert -1 <= float(y) <= height + 1


@pytest.mark.parametrize("move", MOVES)
def test_figures_stand_on_the_floor_and_keep_their_lengths(move: str) -> None:
    for pose in (PICTURES[move].first, PICTURES[move].second):
        found = joints(pose)
        assert 0 <= min(y for _, y in found.values()) <= 0.07
        for start, end, length in (("near_knee", "near_ankle", 0.235), ("near_elbow", "near_wrist", 0.14)):
            (x0, y0), (x1, y1) = found[start], found[end]
            assert ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 == pytest.approx(length)


def test_positions_are_what_their_names_say() -> None:
    hinge, squat, cat = (PICTURES[move] for move in ("hinge", "squat", "cat-cow"))
    bent, sitting = joints(hinge.second), joints(squat.second)
    assert hinge.second.lower == hinge.second.upper, "the hinge keeps the back straight"
    assert bent["hip"][0] < bent["near_ankle"][0] < bent["shoulder"][0]
    assert sitting["hip"][1] <= sitting["near_knee"][1] + 0.03
    assert joints(cat.first)["waist"][1] > joints(cat.second)["waist"][1]
    bridge = joints(PICTURES["bridge"].second)
    assert bridge["hip"][1] > bridge["shoulder"][1] + 0.08


def test_a_move_without_a_picture_is_an_error() -> None:
    with pytest.raises(KeyError):
        picture("headstand")


# --- texts ---------------------------------------------------------------------------------------------------------


def keys_of_the_tables() -> set[str]:
    keys = set()
    for table in TABLES:
        for question in table.questions:
            keys |= {f"{table.id}.{question.id}", *(f"{table.id}.{question.id}.{each}" for each in question.choices)}
        keys |= {table.nothing, *(f"{table.id}.why.{rule.id}" for rule in table.rules)}
        for outcome in table.outcomes:
            keys |= {f"{table.id}.{outcome.level}", outcome.cannot_know, *outcome.do, *outcome.whom, *outcome.lookout}
    keys |= {f"heading.{section}" for section in ("why", "whom", "do", "lookout", "cannot-know")}
    keys |= {f"move.{move}.{part}" for move in MOVES for part in ("name", "how")}
    keys |= {f"topic.{topic.id}.{part}" for topic in (*TOPICS, BALANCE) for part in ("title", "why")}
    kinds = ("too-heavy", "lighter", "lockout", "load-jump", "volume-jump", "fatigue", "rest-days")
    keys |= {f"load.{kind}.{part}" for kind in kinds for part in ("title", "text")}
    keys |= {"load.evidence.tonnage", "load.evidence.reps"}
    keys |= {f"ramp.light-{kind}" for kind in LoadKind}
    keys |= {"count.reps", "count.reps-side", "count.reps-way", "count.hold", "count.hold-side"}
    return keys


def keys_in_the_code() -> set[str]:
    """Whole keys that are handed to ``text``, wherever in the program."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "guidance" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "text" and node.args:
                parts = ast.walk(node.args[0])
                found |= {part.value for part in parts if isinstance(part, ast.Constant) and part.value in TEXTS}
                if isinstance(node.args[0], ast.Constant):
                    assert node.args[0].value in TEXTS, f"{path.name} asks for {node.args[0].value!r}"
    return found


def test_every_text_exists_and_is_used() -> None:
    used = keys_of_the_tables() | keys_in_the_code()
    assert used - set(TEXTS) == set()
    assert set(TEXTS) - used == set()


CLAIMS = (
    r"caus(es|ed|ing)|diagnos|treat|cure|heal[s ]|prevent|protect|safe\b|guarantee|injury[- ]free|risk|danger|damage"
)


def test_no_text_claims_what_nobody_can_keep() -> None:
    for key, words in TEXTS.items():
        if key != "disclaimer":
            assert not re.search(CLAIMS, words, re.IGNORECASE), f"{key}: {words}"
    assert "does not diagnose, treat or prevent injury" in TEXTS["disclaimer"]


def syllables(word: str) -> int:
    groups = re.findall(r"[aeiouy]+", word.lower())
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and len(groups) > 1
    return max(1, len(groups) - silent)


def grade(words: str) -> float:
    """Flesch-Kincaid: the school year in which this is read with ease."""
    sentences = max(1, len(re.findall(r"[.!?:](?:\s|$)", words)))
    found = re.findall(r"[A-Za-z']+", words)
    return 0.39 * len(found) / sentences + 11.8 * sum(map(syllables, found)) / len(found) - 15.59


def test_the_reading_level_is_measured() -> None:
    assert grade("The cat sat on the mat.") < 1
    assert grade("Physiological considerations necessitate individualised contraindication assessment.") > 15


def test_texts_read_like_school_texts() -> None:
    long_ones = {key: grade(words) for key, words in TEXTS.items() if len(words.split()) >= 6}
    assert len(long_ones) > 80
    assert sum(long_ones.values()) / len(long_ones) <= 5
    assert {key: found for key, found in long_ones.items() if found > 8.5 and key != "disclaimer"} == {}
    assert grade(TEXTS["disclaimer"]) <= 10
