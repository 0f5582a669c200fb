"""``formcheck team``: accounts and teams are given, told and taken away."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from formcheck.cli.main import app


def said(*line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["team", *line])
    assert result.exit_code == code, result.output
    return result.output


def test_from_nobody_to_a_team_and_back() -> None:
    assert "There are no accounts" in said()
    assert said("account", "Anna@gym.example", "--lifter", "Anna") == "anna@gym.example: lifter Anna\n"
    assert "lifters Anna, Ben; coaches carl@gym.example" in said(
        "add", "Mornings", "--lifter", "Anna", "--lifter", "Ben", "--coach", "carl@gym.example"
    )
    assert said().splitlines() == [
        "anna@gym.example: lifter Anna",
        "carl@gym.example: coach of Mornings",
        "Team Mornings: lifters Anna, Ben; coaches carl@gym.example",
    ]
    assert "lifters Anna; coaches none" in said("remove", "mornings", "--lifter", "ben", "--coach", "carl@gym.example")
    said("forget", "carl@gym.example")
    said("delete", "Mornings", "--yes")
    assert said().splitlines() == ["anna@gym.example: lifter Anna"]
    assert said("account", "anna@gym.example") == "anna@gym.example: sees nothing yet\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("remove", "Mornings"), "Say who leaves"),
        (("remove", "Mornings", "--lifter", "Anna"), "There is no team 'Mornings'"),
        (("delete", "Mornings", "--yes"), "There is no team 'Mornings'"),
        (("forget", "anna"), "There is no account anna"),
        (("account", " "), "The name of an account is one line"),
    ],
)
def test_mistakes_are_one_line(line: tuple[str, ...], words: str) -> None:
    assert words in said(*line, code=2)


def test_a_team_is_not_taken_away_unasked() -> None:
    said("add", "Mornings")
    result = CliRunner().invoke(app, ["team", "delete", "Mornings"], input="n\n")
    assert result.exit_code == 2
    assert "Nothing was changed" in result.output
    assert "Team Mornings" in said()
