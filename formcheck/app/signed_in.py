"""Who is signed in, asked of Streamlit; the page for those who are not; and the line with the account below each page.

Without FORMCHECK_SIGN_IN, on one's own machine, none of it is there.
"""

from __future__ import annotations

import os

import streamlit as st

from formcheck.app import components
from formcheck.core.errors import AccessError, FormCheckError
from formcheck.core.words import N_, _
from formcheck.service.sign_in import (
    CLAIM_VARIABLE,
    USUAL_CLAIM,
    SignIn,
    told_by_provider,
    told_by_proxy,
    trusted_proxy,
    way_to_sign_in,
)
from formcheck.storage.access import account, accounts_needed, ask_with

WHOSE = "whose-session"
"""In the session state: the account that everything else in it belongs to."""

THIS_MACHINE = "127.0.0.1"

UNVERIFIED = N_(
    "You have signed in, but the sign-in service does not say who you are, or not that your e-mail "
    "address is verified. Verify it there, then sign out here and in again; whoever runs FormCheck "
    "can help."
)


def who() -> str:
    """The name of the account that is signed in where this is asked from; "" for nobody."""
    if way_to_sign_in() is SignIn.OIDC:
        return told_by_provider(st.user.to_dict(), os.environ.get(CLAIM_VARIABLE) or USUAL_CLAIM)
    told = st.context.headers
    headers = {name.lower(): told.get_all(name) for name in told}
    # Streamlit gives no address for a connection of this machine's own; without headers there is no connection.
    return told_by_proxy(trusted_proxy(), headers, st.context.ip_address or THIS_MACHINE) if headers else ""


def known_here() -> bool:
    """Whether the app may be shown: always without accounts, else to whoever has one; says what is missing."""
    if not accounts_needed():
        return True
    ask_with(who)
    try:
        name = account()
        _check_known()
    except FormCheckError as error:
        _forget_session("")
        _not_known(error)
        return False
    _forget_session(name or "")
    return True


def account_line() -> None:
    """Who is signed in, and the way out."""
    if not accounts_needed():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_("Signed in as {account}", account=components.plain(account() or "")), width="content")
        if way_to_sign_in() is SignIn.OIDC and st.button(_("Sign out"), type="tertiary", key="sign-out"):
            _forget_session("")
            st.logout()


def _check_known() -> None:
    """`AccessError` for somebody whom the history does not know."""
    from formcheck.storage.history import open_history

    with open_history():
        pass


def _forget_session(name: str) -> None:
    """What is in the session is another's when the browser comes back as somebody else."""
    if st.session_state.get(WHOSE, name) != name:
        st.session_state.clear()
    st.session_state[WHOSE] = name


def _not_known(error: FormCheckError) -> None:
    st.title("FormCheck")
    signed_in = bool(_named())
    if signed_in or not isinstance(error, AccessError):
        st.error(components.plain(str(error)), icon=":material/error:")
    if _uses_oidc():
        if not signed_in and st.user.to_dict().get("is_logged_in") is True:
            st.error(UNVERIFIED, icon=":material/error:")
            signed_in = True
        if signed_in and st.button(_("Sign out"), key="sign-out"):
            st.logout()
        if not signed_in and st.button(_("Sign in"), type="primary", key="sign-in", icon=":material/login:"):
            st.login()
    elif not signed_in:
        st.markdown(_("Nobody is signed in. Open FormCheck by the address that whoever runs it gave you."))


def _named() -> str:
    try:
        return who()
    except FormCheckError:
        return ""


def _uses_oidc() -> bool:
    try:
        return way_to_sign_in() is SignIn.OIDC
    except FormCheckError:
        return False
