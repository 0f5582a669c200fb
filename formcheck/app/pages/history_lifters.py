"""Who needs a look: for somebody who looks after several lifters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from formcheck.app import components
from formcheck.guidance.progress import LOOKED_BACK_DAYS, Standing, standings
from formcheck.guidance.texts import text
from formcheck.storage.history import open_history
from formcheck.storage.history.records import day_words

NEWEST = 2000
"""Sets that are looked at: years of a coach with ten lifters."""


def show(open_set: Callable[[int], None]) -> None:
    """Every lifter in every lift, those first who need a look; ``open_set`` shows a set by its number."""
    with open_history() as history:
        found = standings(history.summaries(limit=NEWEST), date.today())
    if not found:
        st.markdown("No saved set has a repetition yet.")
        return
    needing = [each for each in found if each.reasons]
    others = [each for each in found if not each.reasons]
    st.header("Needs a look" if needing else "Nobody needs a look")
    for each in needing:
        _standing(each, open_set)
    if others:
        st.header("Fine")
        for each in others:
            _standing(each, open_set)


def _standing(each: Standing, open_set: Callable[[int], None]) -> None:
    who = each.lifter or text("page.train.nobody")
    title = f"{who} · {components.exercise_title(each.exercise)}"
    day = day_words(each.newest.when)
    sets = f"{each.recent_sets} {'set' if each.recent_sets == 1 else 'sets'} in {LOOKED_BACK_DAYS} days"
    reasons = "".join(f"<li>{components.escaped(reason)}</li>" for reason in each.reasons)
    with st.container(border=True, key=f"card-standing-{each.newest.id}"):
        st.html(
            f'<div class="fc-set">{components.tag(each.verdict)}<strong>{components.escaped(title)}</strong>'
            f"<small>{components.escaped(f'last on {day} · {sets}')}</small></div>"
            + (f'<ul class="fc-tips">{reasons}</ul>' if reasons else "")
        )
        # With its number, or every card would have a button of the same name.
        if st.button(f"Look at set {each.newest.id}", key=f"look-{each.newest.id}", icon=":material/open_in_full:"):
            open_set(each.newest.id)
