"""Who is who on a server: accounts, the lifter that each is, and teams with their lifters and coaches.

An account is the name by which somebody is signed in, by an identity provider or a proxy; there are no passwords here.
An account that is a lifter sees that lifter's sets; one that coaches a team sees those of the team's lifters as well;
an account may be both. All of it is changed by whoever runs the server, on its command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from formcheck.core.errors import HistoryError
from formcheck.core.words import N_, _
from formcheck.storage.access import account_name
from formcheck.storage.history.records import Lifter, clean_name
from formcheck.storage.history.store import History
from formcheck.storage.history.tables import ACCOUNTS, LIFTERS, TEAM_COACHES, TEAM_LIFTERS, TEAMS

TO_MANAGE = N_("manage accounts and teams")


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in: the lifter that it is (None = none), and the teams that it coaches."""

    name: str
    lifter: str | None
    coaches: tuple[str, ...]


@dataclass(frozen=True)
class Team:
    """A group of lifters and the accounts of those who coach them."""

    name: str
    lifters: tuple[str, ...]
    coaches: tuple[str, ...]


def accounts(history: History) -> tuple[Account, ...]:
    """All accounts by name."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    named = sa.select(ACCOUNTS.c.name, LIFTERS.c.name).select_from(
        ACCOUNTS.outerjoin(LIFTERS, LIFTERS.c.id == ACCOUNTS.c.lifter_id)
    )
    with history.reading() as connection:
        rows = sorted((str(name), lifter) for name, lifter in connection.execute(named))
        found = teams(history)
    return tuple(
        Account(name, lifter, tuple(team.name for team in found if name in team.coaches)) for name, lifter in rows
    )


def teams(history: History) -> tuple[Team, ...]:
    """All teams by name."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    members = {
        table: sa.select(TEAMS.c.name, whose.c.name).join_from(TEAMS, table, table.c.team_id == TEAMS.c.id).join(whose)
        for table, whose in ((TEAM_LIFTERS, LIFTERS), (TEAM_COACHES, ACCOUNTS))
    }
    with history.reading() as connection:
        names = sorted((str(name) for name in connection.execute(sa.select(TEAMS.c.name)).scalars()), key=str.casefold)
        lifters, coaches = ([tuple(row) for row in connection.execute(each)] for each in members.values())
    return tuple(Team(name, _of(name, lifters), _of(name, coaches)) for name in names)


def save_account(history: History, name: str, lifter: str | None) -> Account:
    """Give somebody an account, or say of one which lifter it is: None = none. A new lifter is added."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    kept = account_name(name)
    with history.writing() as connection:
        number = None if lifter is None else _lifter(history, lifter)
        known = connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == kept)).scalar()
        if known is None:
            connection.execute(ACCOUNTS.insert().values(name=kept, lifter_id=number))
        else:
            connection.execute(ACCOUNTS.update().where(ACCOUNTS.c.id == known).values(lifter_id=number))
    return next(each for each in accounts(history) if each.name == kept)


def delete_account(history: History, name: str) -> None:
    """Take an account away, with its places as a coach; its lifter and sets stay."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    with history.writing() as connection:
        connection.execute(ACCOUNTS.delete().where(ACCOUNTS.c.id == _account(connection, name)))


def add_to_team(history: History, team: str, lifters: Iterable[str] = (), coaches: Iterable[str] = ()) -> Team:
    """Add lifters, and accounts as coaches, to a team; the team, lifters and accounts are made where there are none."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    name = clean_name(team)
    with history.writing() as connection:
        number = connection.execute(sa.select(TEAMS.c.id).where(TEAMS.c.name_key == name.casefold())).scalar()
        if number is None:
            new = connection.execute(TEAMS.insert().values(name=name, name_key=name.casefold()))
            number = _key_of(new)
        for each in lifters:
            _put(connection, TEAM_LIFTERS, number, "lifter_id", _lifter(history, each))
        for each in coaches:
            kept = account_name(each)
            known = connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == kept)).scalar()
            if known is None:
                known = _key_of(connection.execute(ACCOUNTS.insert().values(name=kept)))
            _put(connection, TEAM_COACHES, number, "account_id", int(known))
    return _team(history, name)


def take_from_team(history: History, team: str, lifters: Iterable[str] = (), coaches: Iterable[str] = ()) -> Team:
    """Take lifters and coaches out of a team; `HistoryError` for somebody who is not in it, and nothing is changed."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    found = _team(history, team)
    with history.writing() as connection:
        number = _team_number(connection, found.name)
        for each in lifters:
            row = sa.select(LIFTERS.c.id).where(LIFTERS.c.name_key == clean_name(each).casefold()).scalar_subquery()
            _take(
                connection,
                TEAM_LIFTERS,
                number,
                TEAM_LIFTERS.c.lifter_id == row,
                _("lifter {name!r}", name=each),
                found,
            )
        for each in coaches:
            row = sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == account_name(each)).scalar_subquery()
            _take(
                connection,
                TEAM_COACHES,
                number,
                TEAM_COACHES.c.account_id == row,
                _("coach {name!r}", name=each),
                found,
            )
    return _team(history, found.name)


def delete_team(history: History, team: str) -> None:
    """Take a team away; its lifters, their sets and the coaches' accounts stay."""
    history.only_whoever_runs_the_server(TO_MANAGE)
    with history.writing() as connection:
        connection.execute(TEAMS.delete().where(TEAMS.c.id == _team_number(connection, team)))


def _of(team: str, members: Iterable[tuple[Any, ...]]) -> tuple[str, ...]:
    return tuple(sorted((str(name) for whose, name in members if whose == team), key=str.casefold))


def _lifter(history: History, name: str) -> int:
    """The row of a lifter; a new one where there is none. Inside `writing`."""
    return history.update_lifter(history.known_lifter(name) or Lifter(name))


def _account(connection: sa.Connection, name: str) -> int:
    kept = account_name(name)
    found = connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == kept)).scalar()
    if found is None:
        raise HistoryError(_("There is no account {account}: formcheck team shows what there is.", account=kept))
    return int(found)


def _team_number(connection: sa.Connection, name: str) -> int:
    key = clean_name(name).casefold()
    found = connection.execute(sa.select(TEAMS.c.id).where(TEAMS.c.name_key == key)).scalar()
    if found is None:
        raise HistoryError(_("There is no team {name!r}: formcheck team shows what there is.", name=clean_name(name)))
    return int(found)


def _team(history: History, name: str) -> Team:
    key = clean_name(name).casefold()
    found = next((each for each in teams(history) if each.name.casefold() == key), None)
    if found is None:
        raise HistoryError(_("There is no team {name!r}: formcheck team shows what there is.", name=clean_name(name)))
    return found


def _put(connection: sa.Connection, table: sa.Table, team: int, column: str, member: int) -> None:
    here = sa.and_(table.c.team_id == team, table.c[column] == member)
    if connection.execute(sa.select(table.c.team_id).where(here)).first() is None:
        connection.execute(table.insert().values({"team_id": team, column: member}))


def _take(
    connection: sa.Connection, table: sa.Table, team: int, member: sa.ColumnElement[bool], who: str, found: Team
) -> None:
    if not connection.execute(table.delete().where(table.c.team_id == team, member)).rowcount:
        raise HistoryError(_("There is no {who} in the team {team}: nothing was changed.", who=who, team=found.name))


def _key_of(done: sa.CursorResult[Any]) -> int:
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])
