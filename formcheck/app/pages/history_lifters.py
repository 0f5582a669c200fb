"""Who needs a look: for somebody who looks after several lifters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from formcheck.app import components
from formcheck.core.words import _, ngettext
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
        st.markdown(_("No saved set has a repetition yet."))
        return
    needing = [each for each in found if each.reasons]
    others = [each for each in found if not each.reasons]
    st.header(_("Needs a look") if needing else _("Nobody needs a look"))
    for each in needing:
        _standing(each, open_set)
    if others:
        st.header(_("Fine"))
        for each in others:
            _standing(each, open_set)


def _standing(each: Standing, open_set: Callable[[int], None]) -> None:
    who = each.lifter or text("page.train.nobody")
    title = f"{who} · {components.exercise_title(each.exercise)}"
    day = day_words(each.newest.when)
    sets = ngettext("{n} set in {days} days", "{n} sets in {days} days", each.recent_sets, days=LOOKED_BACK_DAYS)
    last = _("last on {day} · {sets}", day=day, sets=sets)
    reasons = "".join(f"<li>{components.escaped(reason)}</li>" for reason in each.reasons)
    with st.container(border=True, key=f"card-standing-{each.newest.id}"):
        st.html(
            f'<div class="fc-set">{components.tag(each.verdict)}<strong>{components.escaped(title)}</strong>'
            f"<small>{components.escaped(last)}</small></div>"
            + (f'<ul class="fc-tips">{reasons}</ul>' if reasons else "")
        )
        # With its number, or every card would have a button of the same name.
        if st.button(
            _("Look at set {id}", id=each.newest.id), key=f"look-{each.newest.id}", icon=":material/open_in_full:"
        ):
            open_set(each.newest.id)
