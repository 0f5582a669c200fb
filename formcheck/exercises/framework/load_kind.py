"""What kind of load a lift is done with."""

from __future__ import annotations

from enum import StrEnum


class LoadKind(StrEnum):
    """How a load is made lighter: that is what tells kinds of load apart."""

    BAR = "bar"
    """A bar with plates, or dumbbells: lighter in small steps."""

    BELL = "bell"
    """Kettlebells: lighter by taking the next bell."""

    NONE = "none"
    """Done without a load."""
