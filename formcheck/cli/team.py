"""The command ``team``: who may see whose sets on a server, ``formcheck app --server``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from formcheck.cli.console import print_line, printable, user_friendly
from formcheck.core.errors import HistoryError, UsageError
from formcheck.core.words import _

if TYPE_CHECKING:
    from formcheck.storage.history.teams import Account, Team

TeamArgument = Annotated[str, typer.Argument(metavar="TEAM", help="Name of a team.")]
AccountArgument = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="As whoever signs people in names them, such as an e-mail address.")
]
LiftersOption = Annotated[list[str] | None, typer.Option("--lifter", metavar="NAME", help="A lifter; may be repeated.")]
CoachesOption = Annotated[
    list[str] | None, typer.Option("--coach", metavar="ACCOUNT", help="Account of a coach; may be repeated.")
]


def add_team_command(app: typer.Typer) -> None:
    """Add ``team`` to the ``formcheck`` command."""
    team_app = typer.Typer(
        help="Say who may see whose sets on a server (formcheck app --server).", rich_markup_mode=None
    )

    @team_app.callback(invoke_without_command=True)
    def team(context: typer.Context) -> None:
        """List accounts and teams."""
        if context.invoked_subcommand is None:
            with user_friendly():
                _list()

    @team_app.command()
    def account(
        name: AccountArgument,
        lifter: Annotated[
            str | None, typer.Option("--lifter", metavar="NAME", help="The lifter that this account is.")
        ] = None,
    ) -> None:
        """Give somebody an account, or say which lifter it is: without --lifter it is none."""
        with user_friendly():
            from formcheck.storage.history import open_history, teams

            with open_history() as history:
                print_line(_words(teams.save_account(history, name, lifter)))

    @team_app.command()
    def forget(name: AccountArgument) -> None:
        """Take an account away; its lifter and sets stay."""
        with user_friendly():
            from formcheck.storage.history import open_history, teams

            with open_history() as history:
                teams.delete_account(history, name)
            print_line(_("{account} has no account any more.", account=printable(name)))

    @team_app.command()
    def add(team: TeamArgument, lifter: LiftersOption = None, coach: CoachesOption = None) -> None:
        """Add lifters and coaches to a team; a team that is not there is made."""
        with user_friendly():
            from formcheck.storage.history import open_history, teams

            with open_history() as history:
                print_line(_team_words(teams.add_to_team(history, team, lifter or (), coach or ())))

    @team_app.command()
    def remove(team: TeamArgument, lifter: LiftersOption = None, coach: CoachesOption = None) -> None:
        """Take lifters and coaches out of a team; their sets and accounts stay."""
        with user_friendly():
            from formcheck.storage.history import open_history, teams

            if not lifter and not coach:
                raise UsageError(
                    _("Say who leaves with --lifter or --coach: formcheck team delete takes the team away.")
                )
            with open_history() as history:
                print_line(_team_words(teams.take_from_team(history, team, lifter or (), coach or ())))

    @team_app.command()
    def delete(
        team: TeamArgument, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    ) -> None:
        """Take a team away; its lifters, sets and accounts stay."""
        with user_friendly():
            from formcheck.storage.history import open_history, teams

            if not yes:
                try:
                    typer.confirm(_("Take the team {team} away?", team=printable(team)), abort=True, err=True)
                except typer.Abort as error:
                    raise HistoryError(_("Nothing was changed.")) from error
            with open_history() as history:
                teams.delete_team(history, team)
            print_line(_("There is no team {team} any more.", team=printable(team)))

    app.add_typer(team_app, name="team")


def _list() -> None:
    from formcheck.storage.history import open_history, teams

    with open_history() as history:
        found, groups = teams.accounts(history), teams.teams(history)
    if not found and not groups:
        print_line(_("There are no accounts and no teams: formcheck team account NAME --lifter LIFTER adds one."))
    for account in found:
        print_line(_words(account))
    for group in groups:
        print_line(_team_words(group))


def _words(account: Account) -> str:
    what = [_("lifter {name}", name=printable(account.lifter))] if account.lifter else []
    what += [_("coach of {names}", names=", ".join(map(printable, account.coaches)))] if account.coaches else []
    return f"{printable(account.name)}: {', '.join(what) or 'sees nothing yet'}"


def _team_words(team: Team) -> str:
    lifters, coaches = (", ".join(map(printable, each)) or "none" for each in (team.lifters, team.coaches))
    return _(
        "Team {team}: lifters {lifters}; coaches {coaches}", team=printable(team.name), lifters=lifters, coaches=coaches
    )
