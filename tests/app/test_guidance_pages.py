"""The pages around the lift, in Streamlit's own test runner."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from formcheck.core.loads import HEAVIEST_LOAD_KG, KG_PER_LB
from formcheck.guidance.tables import EMERGENCY_SIGNS, READY, SORE
from formcheck.guidance.texts import text
from formcheck.guidance.todays_answers import keep_answers
from formcheck.judging.settings import Settings
from formcheck.storage.history import open_history
from formcheck.storage.settings_files import save_settings
from tests.helpers.make_reports import make_finding, make_poses, make_rep, make_report

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

POSES = make_poses(frames=6)


@pytest.fixture(autouse=True)
def _own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path / "settings"))


def _ready() -> None:
    from formcheck.app.pages.guidance_pages import show_ready

    show_ready()


def _sore() -> None:
    from formcheck.app.pages.guidance_pages import show_sore

    show_sore()


def _train() -> None:
    from formcheck.app.pages.guidance_pages import show_train

    show_train()


def _another_page() -> None:
    import streamlit as st

    from formcheck.app.pages.guidance_pages import warn

    warn("check")
    st.title("Verdict")


def _ready_in_the_frame() -> None:
    from formcheck.app.pages.guidance_pages import READY_PATH, show_ready, warn

    warn(READY_PATH)
    show_ready()


def opened(page: Callable[[], None], **told: dict[str, Any]) -> Any:
    app = AppTest.from_function(page, default_timeout=20)
    for name, answers in told.items():
        app.session_state[f"told-{name}"] = answers
    return settled(app.run())


def settled(app: Any) -> Any:
    assert not app.exception
    return app


def shown(app: Any) -> list[str]:
    """What stands on the page as HTML of its own, in order."""
    return [each.proto.body for each in app.main if each.type == "html"]


def answer(app: Any) -> str:
    return next(body for body in shown(app) if "fc-hero" in body)


def save(number: int) -> None:
    finding = make_finding()
    made = make_report(
        POSES, reps=(make_rep(1, (finding,)), make_rep(2, (finding,))), findings=(finding,), load_kg=100.0
    )
    poses = replace(POSES, image_px=POSES.image_px + number)
    with open_history() as history:
        history.save_set(made.to_dict(), poses, filmed_at=datetime.now(UTC), lifter="Anna")


# --- ready ---------------------------------------------------------------------------------------------------------


def test_three_taps_lead_to_the_warm_up() -> None:
    app = opened(_ready)
    assert [radio.key for radio in app.radio] == [f"ready-{question.id}" for question in READY.questions]
    assert not [body for body in shown(app) if "fc-hero" in body]
    for key, choice in (("ready-pain", "mild"), ("ready-earlier", "none"), ("ready-rest", "fresh")):
        settled(app.radio(key=key).set_value(choice).run())
    assert text("ready.easy") in answer(app)
    assert not app.radio
    assert text("heading.warm-up") in [each.value for each in app.header]
    assert text("ready.cannot-know") in shown(app)[-1]
    settled(app.button(key="again-ready").click().run())
    assert len(app.radio) == 3


def test_the_weight_of_the_day_is_asked_and_ramped_up_in_the_units_of_the_settings() -> None:
    save_settings(Settings(load_unit="lb"))
    app = opened(_ready)
    for key, choice in (("ready-pain", "none"), ("ready-earlier", "none"), ("ready-rest", "fresh")):
        settled(app.radio(key=key).set_value(choice).run())
    load = app.number_input(key="ready-load")
    assert load.label == text("page.ready.load", unit="lb")
    assert (load.step, load.max) == (5.0, float(int(HEAVIEST_LOAD_KG / KG_PER_LB)))
    settled(load.set_value(200.0).run())
    ramp = next(body for body in shown(app) if " lb" in body)
    assert {"80 lb", "120 lb", "160 lb"} & set(re.findall(r"\d+ lb", ramp))
    assert " kg" not in ramp


def test_a_warning_sign_shows_no_warm_up_and_whom_to_see() -> None:
    app = opened(_ready, ready={"pain": "sharp", "earlier": "none", "rest": "fresh"})
    assert text("ready.stop") in answer(app)
    assert text("ready.stop.whom") in answer(app)
    assert not app.header
    assert "fault" in answer(app)


def test_an_emergency_ends_the_questions_before_a_set() -> None:
    app = opened(_ready)
    settled(app.radio(key="ready-pain").set_value("emergency").run())
    body = answer(app)
    assert body.index(text("ready.emergency")) < body.index(text("emergency.whom")) < body.index(text("heading.why"))


# --- sore ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", EMERGENCY_SIGNS)
def test_each_emergency_sign_ends_the_questions_at_once(sign: str) -> None:
    app = opened(_sore)
    assert not app.radio, "nothing else is asked first"
    settled(app.checkbox(key=f"sore-{sign}").check().run())
    assert text("sore.emergency") in answer(app)
    assert shown(app)[0] == answer(app), "nothing stands above it"


def test_questions_follow_when_there_is_no_emergency_sign() -> None:
    app = opened(_sore)
    settled(app.button[0].click().run())
    assert [radio.key for radio in app.radio] == [f"sore-{question.id}" for question in SORE.questions[1:]]
    for question in SORE.questions[1:]:
        settled(app.radio(key=f"sore-{question.id}").set_value(question.choices[0]).run())
    assert text("sore.normal") in answer(app)
    assert text("sore.cannot-know") in shown(app)[-1]


def test_a_wrong_none_of_these_can_be_taken_back_at_once() -> None:
    app = opened(_sore)
    settled(app.button[0].click().run())
    settled(app.button(key="again-sore").click().run())
    assert not app.radio
    assert app.checkbox


# --- above other pages ---------------------------------------------------------------------------------------------


def test_a_warning_stands_above_every_other_page() -> None:
    app = opened(_another_page, ready={"pain": "nerve", "earlier": "none", "rest": "fresh"})
    assert text("ready.stop") in app.error[0].value.replace("\\", "")
    assert [each.type for each in app.main if each.type in ("error", "title")] == ["error", "title"]


FINE = {"pain": "none", "earlier": "none", "rest": "fresh"}


@pytest.mark.parametrize("ready", [{}, FINE, {**FINE, "pain": "nerve"}])
def test_an_emergency_is_the_first_warning_whatever_the_other_page_was_told(ready: dict[str, str]) -> None:
    app = opened(_another_page, ready=ready, sore={"signs": {"fever"}})
    assert text("sore.emergency") in app.error[0].value.replace("\\", "")


def test_being_ready_does_not_hide_an_emergency_that_was_told_on_the_other_page() -> None:
    app = opened(_ready_in_the_frame, ready=FINE, sore={"signs": {"fever"}})
    assert text("sore.emergency") in app.error[0].value.replace("\\", "")
    assert [each.type for each in app.main if each.type in ("error", "title")] == ["error", "title"]
    assert len(opened(_ready_in_the_frame, ready={**FINE, "pain": "nerve"}).error) == 0, "it says so itself"


@pytest.mark.parametrize("told", [{}, {"ready": {"pain": "none", "earlier": "none", "rest": "fresh"}}, {"ready": {}}])
def test_without_a_sign_there_is_no_warning(told: dict[str, Any]) -> None:
    assert not opened(_another_page, **told).error


STOP = {**FINE, "pain": "nerve"}


def test_a_warning_outlives_reload_another_tab_and_a_restart() -> None:
    app = opened(_ready)
    for name, choice in STOP.items():
        settled(app.radio(key=f"ready-{name}").set_value(choice).run())
    # A new page has no session: nothing but the disk can tell it.
    assert text("ready.stop") in opened(_another_page).error[0].value.replace("\\", "")
    reloaded = opened(_ready)
    assert text("ready.stop") in answer(reloaded)
    assert not reloaded.radio


def test_a_warning_stands_until_the_questions_are_answered_anew() -> None:
    keep_answers(READY, STOP)
    app = opened(_ready_in_the_frame)
    assert not app.error, "the page says so itself"
    settled(app.button(key="again-ready").click().run())
    assert app.radio
    assert text("ready.stop") in app.error[0].value.replace("\\", "")
    assert opened(_another_page).error
    for name, choice in FINE.items():
        settled(app.radio(key=f"ready-{name}").set_value(choice).run())
    assert text("ready.ok") in answer(app)
    assert not opened(_another_page).error


def test_newer_answers_of_another_tab_come_before_those_of_this_one() -> None:
    keep_answers(READY, STOP)
    assert opened(_another_page, ready=FINE).error


# --- train ---------------------------------------------------------------------------------------------------------


def test_train_shows_evidence_and_hides_what_is_known() -> None:
    save(1)
    save(2)
    app = opened(_train)
    assert any(text("load.too-heavy.text") in body and "Set 1 on" in body for body in shown(app))
    assert text("topic.back.title") in [each.value for each in app.header]
    hide = next(button for button in app.button if button.label == text("load.hide"))
    settled(hide.click().run())
    assert not any(text("load.too-heavy.text") in body for body in shown(app))
    settled(app.button(key="show-hidden").click().run())
    assert any(text("load.too-heavy.text") in body for body in shown(app))


def test_train_without_sets() -> None:
    app = opened(_train)
    assert text("topic.balance.title") in [each.value for each in app.header]
    said = [each.value.replace("\\", "") for each in app.markdown]
    assert text("page.train.empty") in said
    assert text("train.empty") not in said, "nobody in the app has a terminal before them"


def _after_a_set() -> None:
    from formcheck.app.pages.guidance_pages import show_load_of

    show_load_of("Anna")


def test_after_a_set_the_history_says_what_it_means_for_the_load() -> None:
    assert not opened(_after_a_set).header
    save(1)
    save(2)
    app = opened(_after_a_set)
    assert text("heading.load") in [each.value for each in app.header]
    assert any(text("load.too-heavy.text") in body for body in shown(app))


def test_the_warm_up_ends_with_a_way_to_the_camera() -> None:
    app = opened(_ready, ready={"pain": "none", "earlier": "none", "rest": "fresh"})
    button = next(each for each in app.button if each.label == text("page.ready.live"))
    settled(button.click().run())
    assert app.session_state["go"] == "live"
    stop = opened(_ready, ready={"pain": "sharp", "earlier": "none", "rest": "fresh"})
    assert text("page.ready.live") not in [each.label for each in stop.button]
