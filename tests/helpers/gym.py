"""The history of a small gym, for tests of who sees what on a server."""

from __future__ import annotations

from pathlib import Path

from formcheck.storage.history import open_history, teams
from tests.helpers.saved_sets import recording, report

LIFTERS = ("Anna", "Ben", "Carl")


def fill(folder: Path) -> None:
    """A history with three lifters, two of them in a team."""
    with open_history(folder / "history" / "history.sqlite3") as history:
        for number, lifter in enumerate(LIFTERS, start=1):
            history.save_set(report(), recording(number), lifter=lifter, notes=f"notes of {lifter}")
        teams.save_account(history, "anna@gym.example", "Anna")
        teams.save_account(history, "carl@gym.example", "Carl")
        teams.add_to_team(history, "Mornings", ["Anna", "Ben"], ["coach@gym.example"])
