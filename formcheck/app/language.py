"""The language of whoever has a page open: that of the settings, else that of the process, else that of the browser."""

from __future__ import annotations

import os

import streamlit as st

from formcheck.core import words
from formcheck.core.errors import FormCheckError, UsageError
from formcheck.storage.settings_files import load_settings

KEY = "language"
"""In the session state: what `choose` has found."""


def choose() -> None:
    """Find out at the start of a run, for all of it and for the parts that are drawn again by themselves."""
    st.session_state[KEY] = _told() or (None if os.environ.get(words.VARIABLE) else _of_the_browser())
    words.ask(of_the_session)


def of_the_session() -> str | None:
    """What `choose` found for the session that is served now; None outside of all sessions."""
    if st.runtime.scriptrunner.get_script_run_ctx(suppress_warning=True) is None:
        return None
    found: str | None = st.session_state.get(KEY)
    return found


def _told() -> str | None:
    try:
        return load_settings().language
    except FormCheckError:
        return None  # the page says what is wrong with them


def _of_the_browser() -> str | None:
    try:
        return words.known_language(st.context.locale or words.ENGLISH)
    except UsageError:
        return None
