"""What of the history an account may see and change: its own lifter's sets, and those of the lifters whom it coaches.

The scope is read from the tables each time the history is opened, so that somebody who is taken out of a team sees
nothing of it from the next click on. Whatever asks for sets or lifters carries `Scope.of_lifters`; a statement without
it is refused by the connection (`refuse_unscoped`), so that a query that forgets it fails in its first test and never
shows one person's sets to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from formcheck.core.errors import AccessError
from formcheck.core.words import _
from formcheck.storage.history.tables import (
    ACCOUNTS,
    LIFTERS,
    POSES,
    REPORTS,
    SETS,
    TEAM_COACHES,
    TEAM_LIFTERS,
    TEAMS,
)

MARK = "lifters_in_scope"
"""Name of the parameter by which a statement is known to be limited."""

FOR_EVERYBODY = "formcheck_for_everybody"
"""Execution option of the few statements that must see everything, and show nothing of it."""

PERSONAL = frozenset({SETS, REPORTS, POSES, LIFTERS, ACCOUNTS, TEAMS, TEAM_LIFTERS, TEAM_COACHES})


@dataclass(frozen=True)
class Scope:
    """What an account may see.

    Attributes
    ----------
    account : its name.
    own : row of the lifter that it is; None = it is a coach only.
    own_name : that lifter's name.
    lifters : rows of all lifters whom it may see, its own among them.
    """

    account: str
    own: int | None
    own_name: str | None
    lifters: tuple[int, ...]

    def of_lifters(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition that this column of lifters' rows holds one who may be seen; NULL never is."""
        return column.in_(sa.bindparam(MARK, self.lifters, expanding=True))


def scope_of(connection: sa.Connection, account: str) -> Scope:
    """The scope of an account.

    Raises
    ------
    AccessError : nobody has been given an account of that name.
    """
    told = sa.select(ACCOUNTS.c.id, LIFTERS.c.id, LIFTERS.c.name)
    told = told.select_from(ACCOUNTS.outerjoin(LIFTERS, LIFTERS.c.id == ACCOUNTS.c.lifter_id))
    found = connection.execute(told.where(ACCOUNTS.c.name == account)).first()
    if found is None:
        raise AccessError(
            _("There is no account for {account} here: ask whoever runs this server for one.", account=account)
        )
    number, own, own_name = found
    coached = sa.select(TEAM_LIFTERS.c.lifter_id).distinct()
    coached = coached.join_from(TEAM_LIFTERS, TEAM_COACHES, TEAM_COACHES.c.team_id == TEAM_LIFTERS.c.team_id)
    coached = coached.where(TEAM_COACHES.c.account_id == number)
    lifters = {int(each) for each in connection.execute(coached).scalars()}
    lifters |= set() if own is None else {int(own)}
    return Scope(account, own, own_name, tuple(sorted(lifters)))


def refuse_unscoped(engine: sa.Engine) -> None:
    """From now on, refuse statements about people's sets that are not limited to a scope; new rows are no such."""
    sa.event.listen(engine, "before_execute", _check)


def _check(
    connection: sa.Connection,
    statement: Any,
    _many: Any,
    _values: Any,
    options: Any,  # SQLAlchemy's own signature
) -> None:
    if not isinstance(statement, sa.Select | sa.CompoundSelect | sa.Update | sa.Delete) or options.get(FOR_EVERYBODY):
        return
    parts = list(visitors.iterate(statement))
    personal = any(isinstance(part, sa.Table) and part in PERSONAL for part in parts)
    if personal and not any(isinstance(part, sa.BindParameter) and part.key == MARK for part in parts):
        raise AccessError(
            _("This would show more than one account may see, and was not done. This is a bug in FormCheck.")
        )
