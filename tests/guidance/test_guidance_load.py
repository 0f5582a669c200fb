"""Load advice and what to train, from saved sets and from reports as analyses give them."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formcheck.core.errors import HistoryError
from formcheck.guidance import hidden_advice, hide_advice, load_advice, picture, show_hidden, train
from formcheck.guidance.load import LoadAdvice
from formcheck.guidance.tables import TRAIN_RECENT_SETS
from formcheck.guidance.texts import text
from formcheck.guidance.training import repeated
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.storage.history import SavedSet
from tests.helpers.synthetic_lifter import deadlift, film

DAY_0 = datetime(2026, 3, 2, 12, tzinfo=UTC)


def finding(check: str = "back-rounding", verdict: str = "fault", value: float | None = 34.0) -> dict[str, Any]:
    title = check.replace("-", " ").capitalize()
    return {"check": check, "title": title, "verdict": verdict, "value": value, "unit": "deg"}


def report(*findings: Mapping[str, Any], reps: int = 5, lift: str = "deadlift", **more: Any) -> Report:
    made = [{"index": n, "partial": False, "measures": {}, "findings": []} for n in range(1, reps + 1)]
    return Report.from_dict({"exercise": {"name": lift}, "reps": made, "findings": list(findings), **more})


def saved(day: int, number: int = 1, load_kg: float | None = 100.0, variant: str = "", **made: Any) -> SavedSet:
    """A set of that day; several of one day follow each other by their numbers."""
    made.setdefault("report", report(finding(verdict="ok")))
    return SavedSet(
        id=number,
        uid="",
        saved_at=DAY_0 + timedelta(days=day, minutes=number),
        filmed_at=None,
        lifter="Anna",
        video_file="set.mp4",
        video_path="",
        exercise=made["report"].exercise.name,
        variant=variant,
        load_kg=load_kg,
        notes="",
        settings={},
        report_data=made["report"].to_dict(),
        has_poses=False,
    )


def advice_on(day: int, sets: Sequence[SavedSet], *arguments: Any, **more: Any) -> dict[str, LoadAdvice]:
    found = load_advice(sets, *arguments, now=DAY_0 + timedelta(days=day, hours=6), **more)
    assert all(each.evidence and each.sources for each in found)
    return {each.id.split("/")[0]: each for each in found}


ROUNDED = report(finding())
GOOD = report(finding(verdict="ok", value=5.0))
NOT_SEEN = report(finding(verdict="not-measured", value=None))


# --- the back ------------------------------------------------------------------------------------------------------


def test_no_sets_give_no_advice() -> None:
    assert load_advice([], now=DAY_0) == ()
    assert advice_on(0, [saved(0, report=report(reps=0))]) == {}


def test_good_sets_give_no_advice() -> None:
    assert advice_on(0, [saved(0, n) for n in (1, 2, 3)]) == {}


def test_a_back_that_is_not_kept_once_asks_for_a_lighter_set() -> None:
    found = advice_on(0, [saved(0, 1), saved(0, 2, report=ROUNDED)])
    assert list(found) == ["lighter"]
    assert found["lighter"].evidence == ("Set 2 on 2026-03-02: back rounding, 34° with 100 kg.",)


def test_a_back_that_is_not_kept_in_several_sets_is_too_heavy() -> None:
    found = advice_on(0, [saved(0, 1, report=ROUNDED), saved(0, 2, report=ROUNDED, load_kg=None)])
    assert list(found) == ["too-heavy"]
    assert found["too-heavy"].id == "too-heavy/deadlift/2026-03-02"
    assert [line.split(":")[0] for line in found["too-heavy"].evidence] == [
        "Set 1 on 2026-03-02",
        "Set 2 on 2026-03-02",
    ]
    assert "kg" not in found["too-heavy"].evidence[1]


def test_the_set_that_was_just_analysed_counts_with_the_saved_ones() -> None:
    found = advice_on(1, [saved(0, 1, report=ROUNDED)], replace(ROUNDED, load_kg=90.0))
    assert list(found) == ["too-heavy"]
    assert found["too-heavy"].evidence[1] == "This set on 2026-03-03: back rounding, 34° with 90 kg."


def test_what_was_put_right_is_not_held_against_anybody() -> None:
    faulty = [saved(0, 1, report=ROUNDED), saved(0, 2, report=ROUNDED)]
    assert advice_on(2, [*faulty, saved(2, 3, report=GOOD)]) == {}
    assert "too-heavy" in advice_on(2, [*faulty, saved(2, 3, report=NOT_SEEN)]), "not seen is not evidence"
    assert advice_on(20, faulty) == {}, "and weeks later neither"


def test_a_back_that_was_not_judged_says_nothing() -> None:
    assert advice_on(0, [saved(0, n, report=NOT_SEEN) for n in (1, 2, 3)]) == {}


def test_an_earlier_injury_warns_earlier() -> None:
    watched = [saved(0, n, report=report(finding(verdict="watch"))) for n in (1, 2)]
    assert advice_on(0, watched) == {}
    assert list(advice_on(0, watched, earlier_back_injury=True)) == ["too-heavy"]


def test_lifts_do_not_mix() -> None:
    other = report(finding(), lift="squat")
    found = load_advice([saved(0, 1, report=ROUNDED), saved(0, 2, report=other)], now=DAY_0)
    assert {each.id for each in found} == {"lighter/deadlift/2026-03-02", "lighter/squat/2026-03-02"}


def test_a_lockout_that_is_missing_in_several_sets_asks_for_less() -> None:
    soft = report(finding(verdict="ok"), finding("soft-lockout-hips"))
    assert advice_on(0, [saved(0, 1, report=soft)]) == {}
    found = advice_on(0, [saved(0, 1, report=soft), saved(0, 2, report=soft)])
    assert list(found) == ["lockout"]


# --- load, volume, fatigue, rest -----------------------------------------------------------------------------------


def test_a_jump_in_load_is_told_with_both_loads() -> None:
    sets = [saved(0, 1, 100.0), saved(7, 2, 120.0)]
    found = advice_on(7, sets)
    assert list(found) == ["load-jump"]
    assert found["load-jump"].evidence == ("100 kg at most in the four weeks before, 120 kg on 2026-03-09: 20 % more.",)
    assert advice_on(7, [saved(0, 1, 100.0), saved(7, 2, 110.0)]) == {}, "a tenth is a step"
    assert advice_on(35, [saved(0, 1, 100.0), saved(35, 2, 120.0)]) == {}, "too long ago to compare with"
    assert advice_on(7, [saved(0, 1, 100.0, "romanian"), saved(7, 2, 120.0, "sumo")]) == {}
    assert advice_on(7, [saved(0, 1, None), saved(7, 2, 120.0)]) == {}


def test_a_jump_in_volume_is_told_by_the_week() -> None:
    before = [saved(day, day + 1) for day in (0, 4, 7, 11)]
    week = [saved(21, 100 + n) for n in range(6)]
    found = advice_on(21, [*before, *week])
    assert list(found) == ["volume-jump"]
    # 4 sets of 5 reps with 100 kg in two weeks, then 6 sets in one.
    assert found["volume-jump"].evidence == (
        "3000 kg lifted in the seven days to 2026-03-23, 1000 kg a week before: 200 % more.",
    )
    assert advice_on(21, [*before, saved(21, 100)]) == {}


def test_volume_counts_reps_where_loads_are_not_told() -> None:
    before = [saved(day, day + 1, None) for day in (0, 7)]
    week = [saved(14, 100 + n) for n in range(4)]
    assert "20 reps" in advice_on(14, [*before, *week])["volume-jump"].evidence[0]


def test_form_or_speed_that_drops_is_told() -> None:
    drift = {"quantity": "back_rounding", "verdict": "worse", "change": 9.4}
    tired = report(finding(verdict="ok"), set_level={"drifts": [drift], "velocity_loss": 0.42})
    found = advice_on(0, [saved(0, 7, report=tired)])
    assert list(found) == ["fatigue"]
    assert found["fatigue"].evidence == (
        "Set 7 on 2026-03-02: back rounding grew by 9° from first to last rep.",
        "Set 7 on 2026-03-02: the last rep was 42 % slower than the fastest.",
    )
    steady = report(set_level={"drifts": [{**drift, "verdict": "unclear"}], "velocity_loss": None})
    assert advice_on(0, [saved(0, 7, report=steady)]) == {}


def test_evidence_is_in_the_unit_of_the_lifter() -> None:
    jump = advice_on(7, [saved(0, 1, 102.058), saved(7, 2, 120.0, report=ROUNDED)], unit="lb")
    assert jump["load-jump"].evidence == (
        "225 lb at most in the four weeks before, 264.6 lb on 2026-03-09: 18 % more.",
    )
    assert jump["lighter"].evidence == ("Set 2 on 2026-03-09: back rounding, 34° with 264.6 lb.",)
    sets = [saved(day, day + 1) for day in (0, 4, 7, 11)] + [saved(21, 100 + number) for number in range(6)]
    (line,) = advice_on(21, sets, unit="lb")["volume-jump"].evidence
    assert line == "6614 lb lifted in the seven days to 2026-03-23, 2205 lb a week before: 200 % more."


def test_many_days_in_a_row_ask_for_rest() -> None:
    sets = [saved(day, day + 1, report=report(lift=lift)) for day, lift in enumerate(("deadlift", "squat", "deadlift"))]
    found = advice_on(3, sets)
    assert list(found) == ["rest-days"]
    assert found["rest-days"].evidence == ("Sets on 3 days in a row, from 2026-03-02 to 2026-03-04.",)
    assert advice_on(4, sets) == {}, "the rest day has been taken"
    assert advice_on(3, [sets[0], sets[2]]) == {}


def test_the_back_comes_first_and_hidden_advice_is_left_out() -> None:
    sets = [saved(day, day + 1, 100.0 + 40 * day, report=ROUNDED) for day in range(3)]
    found = load_advice(sets, now=DAY_0 + timedelta(days=2))
    assert [each.id.split("/")[0] for each in found] == ["too-heavy", "load-jump", "rest-days"]
    left = load_advice(sets, now=DAY_0 + timedelta(days=2), hidden={found[0].id})
    assert left == found[1:]
    newer = load_advice([*sets, saved(3, 9, report=ROUNDED)], now=DAY_0 + timedelta(days=3), hidden={found[0].id})
    assert newer[0].id == "too-heavy/deadlift/2026-03-05", "new evidence is shown again"


def test_advice_is_plain_data_for_pages_and_scripts() -> None:
    (found,) = load_advice([saved(0, 1, report=ROUNDED)], now=DAY_0)
    assert json.loads(json.dumps(found.to_dict()))["evidence"] == list(found.evidence)


# --- hiding --------------------------------------------------------------------------------------------------------


def test_hidden_advice_is_kept_for_each_lifter(tmp_path: Path) -> None:
    path = tmp_path / "new" / "hidden.json"
    assert hidden_advice("Anna", path) == frozenset()
    hide_advice("rest-days/all/2026-03-04", "Anna", path)
    hide_advice("rest-days/all/2026-03-04", "ANNA", path)
    hide_advice("lighter/squat/2026-03-04", None, path)
    assert hidden_advice("anna", path) == {"rest-days/all/2026-03-04"}
    assert hidden_advice(None, path) == {"lighter/squat/2026-03-04"}
    show_hidden("Anna", path)
    assert hidden_advice("Anna", path) == frozenset()
    assert hidden_advice(None, path)
    assert [each.name for each in path.parent.iterdir()] == ["hidden.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["{", "[]", '{"anna": "x"}', '{"anna": [1]}', b"\xff"])
def test_a_damaged_list_of_hidden_advice_says_so(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "hidden.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(HistoryError, match="is damaged"):
        hide_advice("lighter/squat/2026-03-04", "Anna", path)


def test_a_list_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="cannot be"):
        hide_advice("lighter/squat/2026-03-04", "Anna", tmp_path / "file" / "hidden.json")


# --- what to train -------------------------------------------------------------------------------------------------


def topics(*reports: Report) -> list[str]:
    return [topic.id for topic in train(reports).topics]


@pytest.mark.parametrize(
    ("check", "topic", "drills"),
    [
        ("back-rounding", "back", {"hinge", "bird-dog", "dead-bug"}),
        ("over-extension", "tall", {"plank", "bridge"}),
        ("uneven-shoulders", "sides", {"single-leg-hinge", "split-squat"}),
        ("hips-shoot-up", "hinge", {"hinge"}),
    ],
)
def test_what_comes_back_leads_to_its_drills(check: str, topic: str, drills: set[str]) -> None:
    found = train([report(finding(check)), report(finding(check, "watch")), GOOD])
    assert [each.id for each in found.topics] == [topic]
    assert drills <= {drill.move for drill in found.topics[0].drills}
    assert found.topics[0].evidence == (f"{finding(check)['title']}: in 2 of your last 3 sets",)
    assert found.note == ""


def test_one_set_among_several_is_no_habit() -> None:
    assert topics(ROUNDED, GOOD, GOOD) == ["balance"]
    assert topics(ROUNDED) == ["back"]
    assert topics(ROUNDED, NOT_SEEN, NOT_SEEN) == ["back"], "sets that were not judged count neither way"


def test_old_sets_are_left_out() -> None:
    assert topics(*[GOOD] * TRAIN_RECENT_SETS, ROUNDED, ROUNDED) == ["balance"]


def test_faults_come_before_what_is_to_be_watched_and_three_topics_are_enough() -> None:
    checks = ("heel-rise", "arm-pull", "hitching", "sideways-shift")
    watched = report(*(finding(check, "watch") for check in checks), finding("back-rounding"))
    found = topics(watched, watched)
    assert found[0] == "back"
    assert len(found) == 3


def test_nothing_that_comes_back_gives_a_bit_of_everything() -> None:
    assert train([GOOD]).note == text("train.nothing")
    assert train([]).note == text("train.empty")
    assert topics(report(finding("a-check-of-tomorrow"))) == ["balance"]


def test_a_check_counts_once_a_set() -> None:
    assert [each.count for each in repeated([report(finding(), finding())])] == [1]


def test_training_ends_with_what_it_cannot_know() -> None:
    assert train([GOOD]).last_words[-1] == text("train.cannot-know")
    assert json.loads(json.dumps(train([ROUNDED]).to_dict()))["topics"][0]["id"] == "back"


def test_a_faulty_lift_leads_from_its_film_to_drills_with_pictures() -> None:
    found = analyze(film(deadlift(3, rounding_deg=45.0)), "deadlift")
    assert any(each.check == "back-rounding" and each.verdict == "fault" for each in found.findings)
    training = train([found])
    back = next(topic for topic in training.topics if topic.id == "back")
    assert any(line.startswith("Back rounding") for line in back.evidence)
    assert {"hinge", "bird-dog", "dead-bug"} <= {drill.move for drill in back.drills}
    assert all(picture(drill.move).startswith("<svg") for topic in training.topics for drill in topic.drills)
    (load,) = load_advice([], found, now=DAY_0)
    assert load.id == "lighter/deadlift/2026-03-02"
    good = analyze(film(deadlift(3)), "deadlift")
    assert load_advice([], good, now=DAY_0) == ()
    assert [topic.id for topic in train([good]).topics] == ["balance"]


@pytest.mark.model
def test_a_faulty_sample_video_leads_to_drills() -> None:
    from tests.test_end_to_end import rounded_deadlift

    found = rounded_deadlift()
    assert "back" in [topic.id for topic in train([found]).topics]
    assert load_advice([], found, now=DAY_0)[0].id.startswith("lighter/deadlift")
