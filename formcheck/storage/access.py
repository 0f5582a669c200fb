"""Who asks: a server reads and writes for an account; on a machine of one's own there are no accounts.

``formcheck app --server`` sets FORMCHECK_SIGN_IN. From then on, in that process and in those that it starts, the
history opens for a named account only and holds what that account may see; whoever cannot be named gets nothing. The
app says once how to find out who asks (`ask_with`); a process that works for somebody is told the name (`acting_for`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import string
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from formcheck.core.errors import AccessError, UsageError
from formcheck.core.words import _

SIGN_IN_VARIABLE = "FORMCHECK_SIGN_IN"
"""How people sign in, such as "oidc"; not set where there are no accounts."""

ACCOUNTS = "accounts"
"""Folder with what belongs to one account each."""

LONGEST_NAME = 320
"""Letters of an account's name; as many as an e-mail address may have."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

_acting: ContextVar[str] = ContextVar("account", default="")
_who: list[Callable[[], str]] = []


def accounts_needed() -> bool:
    """Whether this process serves several people, none of whom may see what is another's."""
    return bool(os.environ.get(SIGN_IN_VARIABLE))


def account() -> str | None:
    """The account for which this is read or written; None where there are no accounts.

    Raises
    ------
    AccessError : accounts are needed, and nobody is signed in.
    """
    if not accounts_needed():
        return None
    told = _acting.get() or (_who[-1]() if _who else "")
    if not told:
        raise AccessError(_("Nobody is signed in: sign in first."))
    return account_name(told)


def ask_with(who: Callable[[], str]) -> None:
    """Find out with this function who asks: the name of the account, or "" for nobody."""
    _who[:] = [who]


@contextlib.contextmanager
def acting_for(name: str) -> Iterator[None]:
    """Work for this account, in this thread; "" changes nothing."""
    if not name:
        yield
        return
    token = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(token)


def account_name(told: str) -> str:
    """The name of an account as it is kept.

    E-mail addresses are the same in upper and lower case, of ASCII letters only: other letters have forms that turn
    into ASCII, so that somebody else could be taken for the owner of the address. Any other name is taken as it is.

    Raises
    ------
    UsageError : it is not a name.
    """
    name = told.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(
            _(
                "The name of an account is one line of at most {n} letters, not {name!r}.",
                n=LONGEST_NAME,
                name=name[:40],
            )
        )
    return name.translate(_LOWER) if "@" in name else name


def own_folder(folder: Path) -> Path:
    """Where files of whoever asks are in a folder: the folder itself without accounts.

    Raises
    ------
    AccessError : accounts are needed, and nobody is signed in.
    """
    name = account()
    return folder if name is None else folder / ACCOUNTS / hashlib.sha256(name.encode()).hexdigest()[:32]
