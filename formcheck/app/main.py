"""The frame around the pages, and the list of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from formcheck.app import components, language, signed_in
from formcheck.app.pages import guidance_pages, history_page, live_page, settings_page, upload_page
from formcheck.app.sharing import SHARED_PAGES, is_shared
from formcheck.core.errors import FormCheckError
from formcheck.core.words import N_, WordTable, _
from formcheck.service import worker
from formcheck.storage.settings_files import default_settings_path, load_settings

PAGES: tuple[tuple[str, str, str, Callable[[], None]], ...] = (
    (N_("Check a lift"), "check", ":material/videocam:", upload_page.show),
    (N_("Live"), live_page.PATH, ":material/visibility:", live_page.show),
    (N_("Ready?"), guidance_pages.READY_PATH, ":material/sports_gymnastics:", guidance_pages.show_ready),
    (N_("Sore?"), guidance_pages.SORE_PATH, ":material/healing:", guidance_pages.show_sore),
    (N_("Train"), guidance_pages.TRAIN_PATH, ":material/fitness_center:", guidance_pages.show_train),
    (N_("History"), "history", ":material/history:", history_page.show),
    (N_("Settings"), "settings", ":material/tune:", settings_page.show),
)
"""Title, end of the address, icon, and the function that shows it. The first one is where people arrive."""

GONE_WORDS = WordTable(
    {
        "title": N_("FormCheck is not running"),
        "text": N_(
            "It was closed, or this computer slept. What you saved is safe, and an analysis under way goes "
            "on once it is back."
        ),
        "how": N_("Start it again in a terminal:"),
        "command": "formcheck app",
        "wait": N_("This page comes back by itself."),
    }
)
"""What a page says once nobody answers it, instead of what Streamlit would say."""

DISCLAIMER = N_(
    "General fitness information, not a medical device: FormCheck does not diagnose or treat, and does not replace a "
    "coach or clinician. See a professional about pain that is sharp, sudden or spreading into a leg; numbness around "
    "the groin or new bladder or bowel trouble is an emergency."
)


def main() -> None:
    """Show the page that was asked for."""
    language.choose()
    st.set_page_config(page_title="FormCheck", page_icon=components.asset_path("icon.svg"), layout="wide")
    menu = json.dumps(_("Menu"), ensure_ascii=False)
    st.html(f"<style>:root {{ --fc-menu: {menu}; }}\n{components.asset('style.css')}</style>")
    st.logo(components.asset_path("logo.svg"), size="large")
    if not signed_in.known_here():
        return
    listed = [each for each in PAGES if not is_shared() or each[1] in SHARED_PAGES]
    pages = [
        st.Page(components.guarded(show), title=_(title), url_path=path, icon=icon, default=number == 0)
        for number, (title, path, icon, show) in enumerate(listed)
    ]
    page = st.navigation(pages, position="top")
    wanted = st.session_state.pop(components.GO, None)
    for each, (_title, path, *_more) in zip(pages, listed, strict=True):
        if path == wanted and each is not page:
            st.switch_page(each)
    components.title_of_page(page.title)
    components.invisible_component("alive", "alive", {"words": dict(GONE_WORDS.items())})
    components.invisible_component("menu", "menu", {"page": page.url_path})
    components.invisible_component("aria", "aria", {"words": {"per file": _("per file")}})
    guidance_pages.warn(page.url_path)
    if not is_shared():
        _settings_problem()
    page.run()
    signed_in.account_line()
    st.html(f'<footer class="fc-foot">{_(DISCLAIMER)}</footer>')
    # After the page, which is not to wait for it.
    worker.keep_one_warm()


def _settings_problem() -> None:
    """Say it on every page when the user's settings cannot be used, and offer a way on."""
    try:
        load_settings()
    except FormCheckError as error:
        st.error(
            _("**Your settings cannot be used.** {problem}", problem=components.plain(str(error))),
            icon=":material/error:",
        )
        path = default_settings_path()
        tip = _(
            "Renames the file, and FormCheck carries on with its defaults. Until then no lift can be judged. "
            "The file is {path}",
            path=path,
        )
        if path.is_file() and st.button(
            _("Put my settings file aside"), help=components.plain(tip), key="settings-aside"
        ):
            path.replace(path.with_suffix(".toml.aside"))
            st.rerun()
