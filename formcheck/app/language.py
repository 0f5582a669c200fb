"""The language of whoever has a page open: that of the settings, else that of the process, else that of the browser."""

from __future__ import annotations

import os
import threading

import streamlit as st

from formcheck.core import words
from formcheck.core.errors import FormCheckError, UsageError
from formcheck.storage.settings_files import load_settings

KEY = "language"
"""In the session state: what `choose` has found."""

_thread = threading.local()
"""What was found for the run that this thread serves: a page asks thousands of times, and the session state is slow."""


def choose() -> None:
    """Find out at the start of a run, for all of it and for the parts that are drawn again by themselves."""
    found = _told() or (None if os.environ.get(words.VARIABLE) else _of_the_browser())
    st.session_state[KEY] = found
    _thread.known = (st.runtime.scriptrunner.get_script_run_ctx(suppress_warning=True), found)
    words.ask(of_the_session)


def of_the_session() -> str | None:
    """What `choose` found for the session that is served now; None outside of all sessions."""
    run = st.runtime.scriptrunner.get_script_run_ctx(suppress_warning=True)
    if run is None:
        return None
    known: tuple[object, str | None] | None = getattr(_thread, "known", None)
    if known is None or known[0] is not run:
        known = _thread.known = (run, st.session_state.get(KEY))
    return known[1]


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
