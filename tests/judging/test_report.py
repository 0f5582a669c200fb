"""Reports as plain data and back."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formcheck.core.errors import FormCheckError, ReportError
from formcheck.core.poses import VideoInfo
from formcheck.core.verdicts import NOT_JUDGED, DriftVerdict, VariantSource, Verdict, ViewName
from formcheck.exercises.framework.check import Finding
from formcheck.exercises.framework.exercise import TrackedPoint
from formcheck.judging.analysis import analyze
from formcheck.judging.report import (
    SCHEMA,
    BackReference,
    ExerciseChoice,
    Report,
    RepReport,
    Tracking,
)
from formcheck.judging.set_metrics import BarPath, Drift, PlatePath, RepMotion, SetLevel
from formcheck.judging.settings import Override, Settings
from formcheck.motion.view import View
from formcheck.storage.report_folder import report_json
from tests.helpers.make_reports import make_poses, make_report, nothing_to_judge
from tests.helpers.synthetic_lifter import deadlift, film, kettlebell_swing, squat

POSES = make_poses()
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
LIFTS: dict[str, Callable[[int], Any]] = {
    "deadlift": deadlift,
    "kettlebell-swing": kettlebell_swing,
    "squat": squat,
}

# --- reports of any kind -------------------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.floats(-1e6, 1e6) | st.just(math.nan)
counts = st.integers(0, 10_000)


def arrays(count: int) -> st.SearchStrategy[Any]:
    return st.lists(st.floats(-10, 10), min_size=count, max_size=count).map(np.array)


findings = st.builds(
    Finding, words, words, st.sampled_from(Verdict), numbers, numbers, words, numbers, words, words, st.none() | counts
)
paths = st.builds(BarPath, arrays(3), arrays(3), arrays(3), numbers, numbers)
plate_paths = st.builds(PlatePath, arrays(2), arrays(2), arrays(2), numbers, numbers)
motions = st.builds(RepMotion, counts, *[numbers] * 10, path=st.none() | paths, plate_path=st.none() | plate_paths)
drifts = st.builds(Drift, words, words, st.sampled_from(DriftVerdict), *[numbers] * 4, reason=words)
levels = st.builds(
    SetLevel,
    st.sampled_from(TrackedPoint),
    numbers,
    words,
    st.lists(motions, max_size=2).map(tuple),
    st.tuples(*[numbers] * 4),
    numbers,
    st.lists(drifts, max_size=2).map(tuple),
    st.dictionaries(words, numbers, max_size=2),
    st.none() | counts,
    st.none() | counts,
)
reps = st.builds(
    RepReport,
    counts,
    *[numbers] * 6,
    st.booleans(),
    st.dictionaries(words, numbers, max_size=3),
    st.lists(findings, max_size=2).map(tuple),
    st.dictionaries(words, numbers, max_size=2),
).map(lambda rep: replace(rep, findings=tuple(replace(each, rep=rep.index) for each in rep.findings)))
finite = st.floats(-1e6, 1e6)
limits = st.builds(Override, st.none() | finite, st.none() | finite) | st.just(Override(off=True))
all_settings = st.builds(
    Settings,
    presets=st.lists(words, max_size=2).map(tuple),
    height_cm=st.none() | finite,
    earlier_back_injury=st.none() | st.booleans(),
    depth_target=st.none() | finite,
    load_unit=st.none() | st.sampled_from(["kg", "lb"]),
    variants=st.dictionaries(words, words, max_size=2),
    checks=st.dictionaries(words, limits, max_size=2),
)
pairs = st.tuples(numbers, numbers)
backs = st.builds(BackReference, words, words, pairs, pairs, numbers)
views = st.sampled_from(ViewName).map(lambda name: View(name, 7.25, -1 if name == ViewName.SIDE_LEFT else 1))
reports = st.builds(
    Report,
    model=words,
    formcheck=words,
    video=st.builds(VideoInfo, words, counts, counts, counts, numbers, counts, st.booleans()),
    exercise=st.builds(ExerciseChoice, words, words, numbers),
    variant=words,
    variant_source=st.sampled_from(VariantSource),
    load_kg=st.none() | finite,
    view=views,
    sagittal_ok=st.booleans(),
    tracking=st.builds(Tracking, counts, numbers, st.lists(words, max_size=2).map(tuple)),
    reps=st.lists(reps, max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
    verdict=st.sampled_from(Verdict),
    summary=words,
    advice=st.lists(words, max_size=2).map(tuple),
    praise=st.lists(words, max_size=2).map(tuple),
    load_advice=words,
    set_level=st.none() | levels,
    settings=all_settings,
    back=st.none()
    | st.builds(BackReference, words, words, st.tuples(numbers, numbers), st.tuples(numbers, numbers), numbers),
)


def alike(one: Any, two: Any, within: float) -> bool:
    """The same values, NaN like NaN, numbers as far as they are written."""
    if is_dataclass(one):
        pairs = [(getattr(one, each.name), getattr(two, each.name)) for each in fields(one)]
        return type(one) is type(two) and all(alike(*pair, within) for pair in pairs)
    if isinstance(one, np.ndarray):
        return alike(one.tolist(), np.asarray(two).tolist(), within)
    if isinstance(one, dict):
        return list(one) == list(two) and all(alike(one[key], two[key], within) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(two) and all(alike(a, b, within) for a, b in zip(one, two, strict=True))
    if isinstance(one, float) or isinstance(two, float):
        return (math.isnan(one) and math.isnan(two)) or abs(one - two) <= within
    return bool(type(one) is type(two) and one == two)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(reports)
def test_a_report_survives_being_written(report: Report) -> None:
    data = report.to_dict()
    assert type(data["verdict"]) is str
    back = Report.from_json(json.dumps(data, allow_nan=False))
    assert alike(report, back, within=6e-4)
    assert back.to_dict() == data


@pytest.mark.parametrize("name", LIFTS)
def test_what_the_analysis_says_survives_being_written(name: str) -> None:
    report = analyze(film(LIFTS[name](3)), name, load_kg=102.058283, height_cm=181.0)
    text = report_json(report)
    back = Report.from_json(text)
    assert report_json(back) == text
    assert alike(replace(report, signals=None), back, within=6e-4)
    assert back.set_level is not None
    assert back.set_level.reps[0].path is not None
    assert back.signals is None


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_stored_reports_can_be_read(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    written = Report.from_dict(data, str(path)).to_dict()
    del written["formcheck"]
    assert written == data


def test_a_report_on_nothing_survives_being_written() -> None:
    report = nothing_to_judge(POSES)
    assert alike(replace(report, signals=None), Report.from_dict(report.to_dict()), within=6e-4)


def test_what_was_not_measured_is_null_in_the_file_and_nan_in_the_program() -> None:
    data = make_report(POSES, view=View(ViewName.UNKNOWN, math.nan)).to_dict()
    assert data["view"]["yaw_deg"] is None
    assert math.isnan(Report.from_dict(data).view.yaw_deg)


@pytest.mark.parametrize(("name", "forward"), [("side-left", -1), ("side-right", 1), ("front", 1)])
def test_the_name_of_a_side_view_tells_where_the_lifter_faces(name: str, forward: int) -> None:
    data = make_report(POSES).to_dict()
    data["view"]["name"] = name
    assert Report.from_dict(data).view == View(ViewName(name), 3.0, forward)


def test_who_made_a_report_is_told_by_the_report() -> None:
    assert Report.from_dict({"formcheck": "0.0.9"}).to_dict()["formcheck"] == "0.0.9"


# --- older, newer and wrong ----------------------------------------------------------------------------------------


def test_what_an_older_report_leaves_out_was_not_measured_or_not_said() -> None:
    report = Report.from_dict(
        {"exercise": {"name": "squat"}, "reps": [{"index": 2}], "findings": [{"check": "depth", "verdict": "ok"}]}
    )
    assert report.exercise.name == "squat"
    assert (report.verdict, report.variant, report.view.name) == (NOT_JUDGED, "unknown", ViewName.UNKNOWN)
    assert math.isnan(report.reps[0].lift_off_s)
    assert report.reps[0].measures == {}
    assert math.isnan(report.findings[0].value)
    assert report.set_level is None
    assert report.settings == Settings()


def test_what_a_newer_report_adds_is_ignored() -> None:
    data = make_report(POSES).to_dict()
    known = Report.from_dict(data)
    more = copy.deepcopy(data)
    for place in (more, more["video"], more["view"], more["reps"][0], more["reps"][0]["findings"][0]):
        place["added_later"] = {"what": ["ever"]}
    assert alike(known, Report.from_dict(more), within=0.0)


def test_a_report_of_another_schema_asks_for_an_update() -> None:
    with pytest.raises(ReportError, match=r"^set\.json was written by a newer FormCheck: update FormCheck"):
        Report.from_dict({"schema": SCHEMA + 1, "reps": "otherwise"}, "set.json")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([], "it must be an object, not []"),
        (None, "it must be an object, not None"),
        ({"schema": "1"}, "schema: must be a whole number, not '1'"),
        ({"reps": {}}, "reps: must be a list, not {}"),
        ({"reps": "two"}, "reps: must be a list, not 'two'"),
        ({"reps": [{"index": 1}, {"index": True}]}, "reps[1].index: must be a whole number, not True"),
        ({"reps": [{}]}, "reps[0].index: is missing"),
        ({"reps": [{"index": 1, "measures": {"depth_thighs": "low"}}]}, "must be a number, not 'low'"),
        ({"exercise": {"name": 3}}, "exercise.name: must be a text, not 3"),
        ({"view": {"name": "above"}}, "view.name: must be one of side-left, side-right"),
        ({"view": 3}, "view: must be an object, not 3"),
        ({"view": {"sagittal_ok": 1}}, "sagittal_ok: must be true or false, not 1"),
        ({"findings": [{"check": "depth", "verdict": "fine"}]}, "findings[0].verdict: must be one of ok, good"),
        ({"load_kg": math.inf}, "load_kg: must be a finite number, not inf"),
        ({"load_kg": 10**400}, "load_kg: must be a finite number, not 1000"),
        ({"settings": {"checks": {"squat/depth": {"watch": "x"}}}}, "settings.checks['squat/depth'].watch: must be a"),
        ({"settings": {"presets": "rdl"}}, "settings.presets: must be a list, not 'rdl'"),
        ({"back": {"standing_deg": [1.0]}}, "back.standing_deg: must be a list of 2, not [1.0]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(wrong: object, words: str) -> None:
    with pytest.raises(ReportError) as told:
        Report.from_dict(wrong, "set.json")
    assert str(told.value).startswith("set.json is not a FormCheck report: ")
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "not json"])
def test_text_that_is_not_json_is_an_error_for_people(text: str) -> None:
    with pytest.raises(ReportError, match="it is not JSON"):
        Report.from_json(text, "set.json")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key in the data."""
    for key in data if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], dict | list):
            yield from places(data[key])


WHOLE = json.loads(report_json(analyze(film(deadlift(2)), "deadlift", height_cm=180.0)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_data_that_were_tampered_with_are_a_report_or_one_error(data: st.DataObject) -> None:
    report = copy.deepcopy(WHOLE)
    container, key = data.draw(st.sampled_from(list(places(report))))
    container[key] = data.draw(anything)
    read_or_refused(lambda: Report.from_dict(report, "set.json"))


@settings(max_examples=100, deadline=None)
@given(anything)
def test_anything_else_is_a_report_or_one_error(data: object) -> None:
    read_or_refused(lambda: Report.from_dict(data, "set.json"))


def read_or_refused(read: Callable[[], Report]) -> None:
    try:
        report = read()
    except FormCheckError as error:
        told = str(error)
    else:
        told = "set.json "
        json.dumps(report.to_dict(), allow_nan=False)
    assert told.startswith("set.json ")
    assert "\n" not in told
