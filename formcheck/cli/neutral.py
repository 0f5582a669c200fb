"""The command ``neutral``: which saved sets a lifter's back is compared with."""

from __future__ import annotations

from typing import Annotated

import typer

from formcheck.cli.console import print_line, user_friendly
from formcheck.cli.options import OnlyExerciseOption, lift_name
from formcheck.core.errors import UsageError
from formcheck.core.words import _


def add_neutral_command(app: typer.Typer) -> None:
    """Add ``neutral`` to the ``formcheck`` command."""

    @app.command()
    def neutral(
        set_id: Annotated[
            int | None,
            typer.Argument(metavar="[ID]", help="Number of a set with a neutral back, as formcheck history shows."),
        ] = None,
        lifter: Annotated[str | None, typer.Option("--lifter", metavar="NAME", help="Whose set it is.")] = None,
        exercise: OnlyExerciseOption = None,
        forget: Annotated[
            bool, typer.Option("--forget", help="Forget the lifter's own neutral, of one lift or of all.")
        ] = False,
    ) -> None:
        """Use a saved set of good reps as a lifter's own neutral back; without ID, show what is used."""
        with user_friendly():
            if forget:
                _forget(set_id, lifter, exercise)
            elif set_id is not None:
                _use(set_id, lifter, exercise)
            else:
                _show(lifter, exercise)


def _use(set_id: int, lifter: str | None, exercise: str | None) -> None:
    from formcheck.service.own_neutral import use_as_neutral
    from formcheck.storage.history import open_history

    if exercise is not None:
        raise UsageError(_("A set is the neutral of its own lift: leave out --exercise."))
    with open_history() as history:
        kept, lift, _own = use_as_neutral(history, set_id, lifter)
    print_line(
        _(
            "From now on every {lift} of {name} is compared with the back in set {id}.",
            lift=lift,
            name=kept.name,
            id=set_id,
        )
    )


def _forget(set_id: int | None, lifter: str | None, exercise: str | None) -> None:
    from formcheck.service.own_neutral import without_own_reps
    from formcheck.storage.history import open_history

    if set_id is not None or lifter is None:
        raise UsageError(_("Say whose neutral to forget: formcheck neutral --forget --lifter NAME."))
    lift = None if exercise is None else lift_name(exercise)
    with open_history() as history:
        history.save_lifter(without_own_reps(history.lifter(lifter), lift))
    print_line(_("Forgotten: from now on the standing posture counts again."))


def _show(lifter: str | None, exercise: str | None) -> None:
    from formcheck.service.own_neutral import own_reps_of
    from formcheck.storage.history import open_history

    lift = None if exercise is None else lift_name(exercise)
    with open_history() as history:
        lifters = history.lifters() if lifter is None else (history.lifter(lifter),)
    lines = [
        _("{lifter}: {lift}, good reps of {day}", lifter=each.name, lift=name, day=own.day)
        if own.day
        else _("{lifter}: {lift}, good reps", lifter=each.name, lift=name)
        for each in lifters
        for name, own in own_reps_of(each.neutral_back).items()
        if lift in (None, name)
    ]
    for line in lines:
        print_line(line)
    if not lines:
        print_line(
            _("No set is used as a neutral yet: formcheck neutral ID takes the back of a saved set of good reps.")
        )
