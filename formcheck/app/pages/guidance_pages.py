"""Around the lift: ready, sore and train. What they say comes from `formcheck.guidance`; here it is only shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from formcheck.app import components
from formcheck.core.errors import HistoryError
from formcheck.exercises import EXERCISES
from formcheck.guidance import (
    Answer,
    Drill,
    LoadAdvice,
    Routine,
    Section,
    TrainingTopic,
    cool_down,
    hidden_advice,
    hide_advice,
    load_advice,
    next_question,
    picture,
    readiness,
    show_hidden,
    soreness,
    train,
)
from formcheck.guidance.decisions import decide
from formcheck.guidance.load import LOOKED_BACK
from formcheck.guidance.tables import EMERGENCY, READY, SORE, SOURCES, DecisionTable, Question
from formcheck.guidance.texts import text
from formcheck.guidance.todays_answers import answers_of_today, keep_answers
from formcheck.judging.report import Report
from formcheck.storage.history import SavedSet, open_history
from formcheck.storage.history.store import NOBODY as NO_LIFTER
from formcheck.storage.history.trends import local_day

LEVEL_TAGS = {"ok": "good", "normal": "good", "easy": "watch", "watch": "watch"}
"""How the card of an answer looks; all other levels look like a fault."""

ARRIVED = "answer-arrived"
"""In the session state: the last question was answered just now, so the answer is to be brought into view."""

READY_PATH, SORE_PATH, TRAIN_PATH, LIVE_PATH = "ready", "sore", "train", "live"


def show_ready() -> None:
    """May I lift today? Three taps, then the warm-up."""
    st.title(text("page.ready.title"))
    told = _told(READY)
    if next_question(READY, told) is not None:
        _lead(text("page.ready.lead"))
        for question in READY.questions:
            told |= _choice(READY, question)
        _keep(READY, told)
        return
    # What was answered comes first; the lift matters only to those who may lift.
    answer = readiness(told, EXERCISES[0].name).answer
    _show_answer(READY, answer)
    if answer.may_lift:
        left, right, _ = st.columns([2, 1, 1])
        lift = left.pills(
            text("page.ready.lift"),
            components.exercise_names(),
            default=EXERCISES[0].name,
            required=True,
            format_func=components.exercise_title,
            key="ready-lift",
        )
        unit = components.usable_settings().unit_of_loads
        load = components.load_field(right, text("page.ready.load", unit=unit), unit, "ready-load", lowest=1.0)
        load_kg = None if load is None else components.kilograms(load, unit)
        routine = readiness(told, lift or EXERCISES[0].name, load_kg, unit).routine
        if routine is not None:
            _show_routine(routine, f"warm-up-{lift}")
            if st.button(text("page.ready.live"), icon=":material/visibility:"):
                st.session_state[components.GO] = LIVE_PATH
                st.rerun()
    _show_rest(answer)


def show_sore() -> None:
    """Soreness, or a sign to have checked? Emergency signs come first, and end the questions."""
    st.title(text("page.sore.title"))
    told = _told(SORE)
    if next_question(SORE, told) is None:
        answer = soreness(told)
        _show_answer(SORE, answer)
        _show_rest(answer)
        return
    signs, *others = SORE.questions
    _lead(text("page.sore.lead"))
    if signs.id not in told:
        st.header(text(f"sore.{signs.id}"))
        ticked = [
            sign
            for sign in signs.choices
            if sign != "none" and st.checkbox(text(f"sore.{signs.id}.{sign}"), key=f"sore-{sign}")
        ]
        nothing = st.button(text("page.sore.none"), type="primary")
        if ticked or nothing:
            _keep(SORE, {signs.id: frozenset(ticked or ["none"])})
        return
    _ask_again(SORE)
    for question in others:
        told |= _choice(SORE, question)
    _keep(SORE, told)


def show_train() -> None:
    """What the saved sets say about the load, what to train, and the cool-down."""
    st.title(text("page.train.title"))
    _lead(text("page.train.lead"))
    with open_history() as history:
        newest = {name: history.summaries(lifter=name or NO_LIFTER, limit=1) for name, _ in history.kinds()}
        injured = {lifter.name for lifter in history.lifters() if lifter.back_injury}
    # Who lifted last comes first.
    names = sorted(newest, key=lambda name: max(saved.when for saved in newest[name]), reverse=True)
    lifter = names[0] if names else None
    if len(names) > 1:
        lifter = st.selectbox(
            text("page.train.lifter"),
            names,
            format_func=lambda name: name or text("page.train.nobody"),
            key="train-lifter",
            width=320,
        )
    with open_history() as history:
        mine = history.sets(lifter=lifter or NO_LIFTER, limit=LOOKED_BACK) if names else ()
    _show_load(mine, lifter, lifter in injured)
    training = train([saved.report for saved in mine], [local_day(saved.when) for saved in mine])
    # The terminal's words for this tell how to save a set there.
    note = training.note if mine else text("page.train.empty")
    if training.put_right:
        titles = ", ".join(title.lower() for title in training.put_right)
        st.markdown(components.plain(text("train.put-right", titles=titles)))
    if note:
        st.markdown(components.plain(note))
    for topic in training.topics:
        _show_topic(topic)
    _lines(training.last_words)
    with st.expander(text("heading.cool-down"), icon=":material/self_improvement:"):
        _show_routine(cool_down(), "cool-down")
    _small_print([source for topic in training.topics for source in topic.sources])


def warn(page: str) -> None:
    """Above a page, and so above every form score: what was answered today speaks against lifting.

    It stands above its own page too while the questions are answered again.
    """
    found = []
    for path, table in ((READY_PATH, READY), (SORE_PATH, SORE)):
        told = _kept(table) or _in_this_tab(table)
        asked_again = next_question(table, _told(table)) is not None
        if told and (path != page or asked_again) and next_question(table, told) is None:
            found.append(decide(table, told))
    # The gravest first: an emergency must not wait behind milder words.
    for answer in sorted(found, key=lambda each: each.level != EMERGENCY):
        if not answer.may_lift:
            whom = next((section.lines for section in answer.sections if section.id == "whom"), ())
            st.error(
                f"**{components.plain(answer.headline)}** {components.plain(' '.join(whom))}", icon=":material/warning:"
            )


# --- asking --------------------------------------------------------------------------------------------------------


def _told(table: DecisionTable) -> dict[str, Any]:
    """What is answered so far: what this tab is being told, or else what was told today."""
    mine = _in_this_tab(table)
    if mine is not None and next_question(table, mine) is not None:
        return mine
    return _kept(table) or mine or {}


def _in_this_tab(table: DecisionTable) -> dict[str, Any] | None:
    told = st.session_state.get(f"told-{table.id}")
    return None if told is None else dict(told)


def _kept(table: DecisionTable) -> dict[str, Any]:
    """What was told today, in any tab and before any restart."""
    try:
        return answers_of_today(table)
    except HistoryError as error:
        st.error(components.plain(str(error)), icon=":material/error:")
        return {}


def _keep(table: DecisionTable, told: dict[str, Any]) -> None:
    """Remember the answers; with the last one the page shows what they mean."""
    before = _told(table)
    st.session_state[f"told-{table.id}"] = told
    if next_question(table, told) is None:
        try:
            keep_answers(table, told)
        except HistoryError as error:
            st.toast(components.plain(str(error)), icon=":material/error:")
        st.session_state[ARRIVED] = True
        st.rerun()
    if set(told) & {"signs"} != set(before) & {"signs"}:
        st.rerun()


def _choice(table: DecisionTable, question: Question) -> dict[str, str]:
    """One question with its choices; empty until one is tapped."""
    chosen = st.radio(
        f"**{components.plain(text(f'{table.id}.{question.id}'))}**",
        question.choices,
        index=None,
        format_func=lambda choice: text(f"{table.id}.{question.id}.{choice}"),
        key=f"{table.id}-{question.id}",
        horizontal=len(question.choices) < 3,
    )
    return {} if chosen is None else {question.id: chosen}


def _ask_again(table: DecisionTable) -> None:
    if st.button(text("page.again"), icon=":material/refresh:", key=f"again-{table.id}"):
        # What was answered stands until it is answered again.
        st.session_state[f"told-{table.id}"] = {}
        st.rerun()


# --- showing -------------------------------------------------------------------------------------------------------


def _lead(words: str) -> None:
    st.html(f'<p class="fc-lead">{components.escaped(words)}</p>')


def _show_answer(table: DecisionTable, answer: Answer) -> None:
    """The headline first, then all but what stands below everything else."""
    kind = LEVEL_TAGS.get(answer.level, "fault")
    inside = "".join(_section(section) for section in answer.sections if section.id not in ("lookout", "cannot-know"))
    st.html(
        f'<section class="fc-hero fc-answer {kind}" role="alert"><h2 tabindex="-1" style="margin-top:0">'
        f"{components.escaped(answer.headline)}</h2>{inside}</section>"
    )
    if st.session_state.pop(ARRIVED, False):
        components.invisible_component("scroll_into_view", f"arrive-{table.id}", {"to": ".fc-answer"})
    _ask_again(table)


def _show_rest(answer: Answer) -> None:
    st.html("".join(_section(section) for section in answer.sections if section.id in ("lookout", "cannot-know")))
    _small_print(answer.sources)


def _section(section: Section) -> str:
    lines = "".join(f"<li>{components.escaped(line)}</li>" for line in section.lines)
    return f'<h3 style="font-size:1rem;margin:1rem 0 .2rem">{components.escaped(section.title)}</h3><ul>{lines}</ul>'


def _lines(lines: Sequence[str]) -> None:
    st.html(f'<ul class="fc-tips">{"".join(f"<li>{components.escaped(line)}</li>" for line in lines)}</ul>')


def _show_routine(routine: Routine, key: str) -> None:
    st.header(routine.title)
    st.caption(components.plain(routine.duration))
    _drills(routine.drills, key)
    if routine.then:
        st.header(text("heading.ramp"))
        _lines(routine.then)
    st.caption(components.plain(routine.note))


def _drills(drills: Sequence[Drill], key: str) -> None:
    """Cards with pictures and timers."""
    data = {
        "start": text("page.start"),
        "stop": text("page.stop"),
        "done": text("page.done"),
        "next": text("page.next"),
        "set": text("page.set"),
        "drills": [
            {
                **drill.to_dict(),
                "picture": picture(drill.move),
                "rounds": drill.step.rounds,
                "change": text("timer.other-way") if drill.step.each == "way" else text("timer.change"),
            }
            for drill in drills
        ],
    }
    components.component("routine", f"drills-{key}", data)


def show_load_of(lifter: str, report: Report | None = None) -> None:
    """What a lifter's saved sets say about the load, with the report of a set that is not among them."""
    with open_history() as history:
        known = history.known_lifter(lifter)
        sets = () if known is None else history.sets(lifter=known.name, limit=LOOKED_BACK)
    _show_load(sets, lifter, bool(known and known.back_injury), report)


def _show_load(
    sets: Sequence[SavedSet], lifter: str | None, earlier_back_injury: bool, report: Report | None = None
) -> None:
    unit = components.usable_settings().unit_of_loads
    advice = load_advice(sets, report, earlier_back_injury=earlier_back_injury, unit=unit)
    hidden = hidden_advice(lifter)
    shown = [each for each in advice if each.id not in hidden]
    if not advice:
        return
    st.header(text("heading.load"))
    for each in shown:
        _show_load_advice(each, lifter)
    if len(shown) < len(advice) and st.button(text("page.show-hidden"), key="show-hidden"):
        show_hidden(lifter)
        st.rerun()
    st.caption(components.plain(text("load.cannot-know")))


def _show_load_advice(advice: LoadAdvice, lifter: str | None) -> None:
    with st.container(border=True, key=f"card-{advice.id.replace('/', '-')}"):
        evidence = "".join(f"<li>{components.escaped(line)}</li>" for line in advice.evidence)
        st.html(
            f'<div class="fc-set"><strong>{components.escaped(advice.title)}</strong></div>'
            f"<p>{components.escaped(advice.text)}</p>"
            f'<p class="fc-small" style="margin:0">{components.escaped(text("heading.evidence"))}</p>'
            f'<ul class="fc-tips">{evidence}</ul>'
        )
        if st.button(text("load.hide"), key=f"hide-{advice.id}", icon=":material/visibility_off:"):
            hide_advice(advice.id, lifter)
            st.rerun()


def _show_topic(topic: TrainingTopic) -> None:
    st.header(topic.title)
    st.markdown(components.plain(topic.why))
    if topic.evidence:
        st.caption(components.plain(f"{text('heading.evidence')}: {'; '.join(topic.evidence)}"))
    _drills(topic.drills, topic.id)


def _small_print(sources: Sequence[str]) -> None:
    with st.expander(text("heading.sources"), icon=":material/menu_book:"):
        for source in (SOURCES[each] for each in dict.fromkeys(sources)):
            words = components.plain(source.citation)
            st.markdown(f"[{words}]({source.url})" if source.url else words)
