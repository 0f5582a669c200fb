"""The table before a batch: whose set each file is, which lift, which load, and notes, guessed where that can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from formcheck.app import components
from formcheck.app.session import Session, Upload
from formcheck.core.loads import in_load_unit
from formcheck.core.words import N_, WordTable, _
from formcheck.exercises import EXERCISES
from formcheck.service.name_guess import Guess, guess
from formcheck.service.pipeline import AUTO
from formcheck.storage.history import History
from formcheck.storage.history.records import LONGEST_NOTES

COLUMNS = ("lift", "lifter", "load", "notes")
"""Of the table; also how the keys of its boxes begin."""

COPIED = WordTable({"lift": N_("Lift"), "lifter": N_("Lifter"), "load": N_("Load")})
"""What can be the same for all files, and its title."""

WIDTHS = [3, 3, 2, 4]
"""Of the columns, to each other."""

KEPT: Literal["session"] = "session"

RECENT = 300
"""So many sets of the history are looked through for a video of the same name."""


def guess_all(mine: Session, history: History) -> None:
    """Guess what is not known yet of the chosen files."""
    if all(each in mine.guesses for each in mine.uploads):
        return
    names = [lifter.name for lifter in history.lifters()]
    sets = history.summaries(limit=RECENT)
    for upload in mine.uploads:
        mine.guesses.setdefault(upload, guess(upload.name, names, sets))


def fill_form(upload: Upload, found: Guess, unit: str) -> None:
    """Put the guess for the only file into the boxes of the form that are still empty, once."""
    mark = f"guessed-{upload.number}"
    if mark in st.session_state:
        return
    st.session_state[mark] = True
    given = st.session_state
    if found.exercise != AUTO and given.get("lift", AUTO) == AUTO:
        given["lift"] = found.exercise
        given[f"variant-{found.exercise}"] = found.variant
    if found.load_kg is not None and given.get("load") is None:
        given["load"] = load_shown(found.load_kg, unit)
    if found.lifter is not None and given.get("lifter") is None:
        given["lifter"] = found.lifter


def load_shown(load_kg: float, unit: str) -> float:
    """A load for a box in that unit."""
    return round(in_load_unit(load_kg, unit), 2)


def words_of(found: Guess, unit: str) -> str:
    """Where a guess comes from, in a line; empty where nothing was guessed."""
    parts = [
        components.exercise_title(found.exercise, found.variant) if found.exercise != AUTO else "",
        components.load_words(found.load_kg, unit),
        found.lifter or "",
        _("filmed {view}", view=found.filmed_at) if found.filmed_at else "",
    ]
    said = ", ".join(filter(None, parts))
    source = _("Guessed from the name and set {id}", id=found.like_set) if found.like_set is not None else _("Guessed")
    return f"{source}: {said}" if said else ""


def show(mine: Session, names: Sequence[str], unit: str) -> list[dict[str, Any]]:
    """Draw the table; for every chosen file what was told of it, as arguments of `AnalysisRequest`."""
    with st.container(key="files-head"):
        for column, title in zip(
            st.columns(WIDTHS), (_("Lift"), _("Lifter"), _("Load in {unit}", unit=unit), _("Notes")), strict=True
        ):
            column.caption(title)
    everybody = sorted({*names, *_typed(mine)}, key=str.casefold)
    told = [_row(mine, upload, everybody, unit) for upload in list(mine.uploads)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="files-copy"):
        st.caption(_("All like the first:"), width="content")
        for name, title in COPIED.items():
            st.button(title, key=f"copy-{name}", icon=":material/south:", on_click=_copier(mine, name))
    return told


def _typed(mine: Session) -> list[str]:
    """Names of lifters that were typed in a row, to be chosen in the others."""
    return [name for each in mine.uploads if (name := st.session_state.get(f"lifter-{each.number}"))]


def _row(mine: Session, upload: Upload, names: Sequence[str], unit: str) -> dict[str, Any]:
    number, found = upload.number, mine.guesses.get(upload, Guess())
    _begin(upload, found, unit)
    with st.container(border=True, key=f"card-file-{number}"):
        title = f"title-file-{number}"
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=title):
            st.markdown(f"**{components.plain(upload.name)}**", width="content")
            remove_button(mine, upload)
        boxes = dict(zip(COLUMNS, st.columns(WIDTHS), strict=True))
        titles = {AUTO: _(components.RECOGNISE_IT)} | {lift.name: lift.short_title for lift in EXERCISES}
        shared: dict[str, Any] = {"label_visibility": "collapsed", "persist_state": KEPT}
        about = components.plain(upload.name)
        lift = boxes["lift"].selectbox(
            _("Lift of {file}", file=about),
            list(titles),
            format_func=titles.__getitem__,
            key=f"lift-{number}",
            **shared,
        )
        lifter = boxes["lifter"].selectbox(
            _("Lifter of {file}", file=about),
            names,
            index=None,
            accept_new_options=True,
            placeholder=_("Lifter"),
            key=f"lifter-{number}",
            **shared,
        )
        load = components.load_field(
            boxes["load"],
            _("Load of {file} in {unit}", file=about, unit=unit),
            unit,
            f"load-{number}",
            placeholder=_("Load, {unit}", unit=unit),
            **shared,
        )
        notes = boxes["notes"].text_input(
            _("Notes on {file}", file=about),
            placeholder=_("Notes"),
            key=f"notes-{number}",
            max_chars=LONGEST_NOTES,
            **shared,
        )
        if words := words_of(found, unit):
            st.caption(components.plain(words))
    return {
        "exercise": lift or AUTO,
        "variant": found.variant if lift == found.exercise else AUTO,
        "load_kg": components.kilograms(load, unit) if load else None,
        "lifter": lifter or None,
        "notes": notes or "",
    }


def remove_button(mine: Session, upload: Upload) -> None:
    """Takes a file out of the list again."""
    label = _("Remove {file}", file=components.plain(upload.name))
    if st.button(label, key=f"remove-{upload.number}", icon=":material/close:", type="tertiary"):
        mine.forget_upload(upload)
        for column in COLUMNS:
            st.session_state.pop(f"{column}-{upload.number}", None)
        st.rerun()


def _begin(upload: Upload, found: Guess, unit: str) -> None:
    """What the boxes of a file say at first: the guess, or what the form said before there were several files."""
    given = st.session_state
    if f"lift-{upload.number}" in given:
        return
    load = load_shown(found.load_kg, unit) if found.load_kg is not None else given.get("load")
    begin = {
        "lift": found.exercise if found.exercise != AUTO else given.get("lift") or AUTO,
        "lifter": found.lifter or given.get("lifter"),
        "load": load,
        "notes": given.get("notes") or "",
    }
    for column, value in begin.items():
        given[f"{column}-{upload.number}"] = value


def _copier(mine: Session, column: str) -> Callable[[], None]:
    def copy() -> None:
        first, *others = [f"{column}-{each.number}" for each in mine.uploads]
        for other in others:
            st.session_state[other] = st.session_state.get(first)

    return copy
