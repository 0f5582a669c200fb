"""Whose analysis is next, where several people share a server: nobody takes all of it, and everybody waits their turn.

An account has so many analyses at once, and the server so many for all accounts together. Who waits longest is next,
but for those whose account has its share already. An account that has a whole folder analysed asks again after each
file, and so stands behind the others who came meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from formcheck.core.errors import UsageError
from formcheck.core.words import N_, _

EACH_VARIABLE = "FORMCHECK_ANALYSES_PER_ACCOUNT"
ALL_VARIABLE = "FORMCHECK_ANALYSES_AT_ONCE"

OWN = N_("Waiting for your other analysis to finish")
"""Said to somebody whose account has its share."""

BUSY = N_("Waiting, as the server is busy with analyses of others")
"""Said to somebody for whom there is no room."""


@dataclass(eq=False)
class _Asked:
    account: str
    said: str = ""


class Turns:
    """Lets analyses begin; all methods may be called from any thread.

    Parameters
    ----------
    each : analyses of an account at once.
    together : of all accounts at once.
    """

    def __init__(self, each: int, together: int) -> None:
        self._each, self._together = each, together
        self._changed = threading.Condition()
        self._waiting: list[_Asked] = []
        self._running: Counter[str] = Counter()

    @contextlib.contextmanager
    def turn(
        self, account: str, given_up: Callable[[], bool] = lambda: False, tell: Callable[[str], None] = lambda _: None
    ) -> Iterator[bool]:
        """Wait until an analysis of this account may begin; its turn ends with the block.

        Parameters
        ----------
        given_up : whether there is nothing to wait for any more; asked again after `wake`.
        tell : is told why there is something to wait for, and again when that changes.

        Yields True, or False when it was given up.
        """
        asked = _Asked(account)
        with self._changed:
            self._waiting.append(asked)
            while not given_up() and self._why_not(asked):
                if asked.said != self._why_not(asked):
                    asked.said = self._why_not(asked)
                    tell(asked.said)
                self._changed.wait()
            begins = not given_up()
            self._waiting.remove(asked)
            self._running[account] += begins
            self._changed.notify_all()
        try:
            yield begins
        finally:
            with self._changed:
                self._running[account] -= begins
                self._changed.notify_all()

    def wake(self) -> None:
        """Let all who wait ask again whether they are to go on waiting."""
        with self._changed:
            self._changed.notify_all()

    def _why_not(self, asked: _Asked) -> str:
        """Why an analysis cannot begin yet; "" where it can."""
        if self._running[asked.account] >= self._each:
            return OWN
        running = self._running.copy()
        for other in self._waiting:
            if other is asked:
                break
            # Who has come before, and may begin as well, takes a place.
            running[other.account] += running[other.account] < self._each
        if running[asked.account] >= self._each:
            return OWN
        return BUSY if running.total() >= self._together else ""


def turns_from(environment: Mapping[str, str] = os.environ) -> Turns:
    """As the environment says: one analysis of an account at once, and as many together as there are processors,
    unless told otherwise.

    Raises
    ------
    UsageError : a variable is not a whole number above zero.
    """
    return Turns(_number(environment, EACH_VARIABLE, 1), _number(environment, ALL_VARIABLE, os.cpu_count() or 1))


def _number(environment: Mapping[str, str], variable: str, usual: int) -> int:
    told = environment.get(variable, "").strip()
    if not told:
        return usual
    if not told.isascii() or not told.isdecimal() or not 0 < int(told[:9]) < 10**8:
        raise UsageError(
            _("{variable} must be a whole number above zero, not {told!r}.", variable=variable, told=told[:40])
        )
    return int(told)
