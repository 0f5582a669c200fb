"""What was lifted before: saved sets and lifters, in an SQLite file in the user's data folder, or on a server.

>>> from formcheck.storage.history import open_history
>>> with open_history() as history:  # doctest: +SKIP
...     history.save_set(report.to_dict(), poses, lifter="Anna")
...     history.sets(lifter="Anna", exercise="deadlift")

``records`` says what is kept, ``tables`` where, ``migrations`` how the tables came to be; ``database`` connects,
``store`` reads and writes, ``exchange`` exports and imports everything, ``trends`` computes numbers from saved sets and
knows no database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formcheck.storage.history.records import Lifter, SavedSet, SetSummary
from formcheck.storage.history.store import History, default_path, open_history

if TYPE_CHECKING:
    from formcheck.storage.history.exchange import Exported, Imported, export_history, import_history

__all__ = [
    "Exported",
    "History",
    "Imported",
    "Lifter",
    "SavedSet",
    "SetSummary",
    "default_path",
    "export_history",
    "import_history",
    "open_history",
]

_OF_EXCHANGE = ("Exported", "Imported", "export_history", "import_history")


def __getattr__(name: str) -> Any:
    """What needs to know reports is imported when it is asked for: a list of sets does not."""
    if name not in _OF_EXCHANGE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from formcheck.storage.history import exchange

    return getattr(exchange, name)
