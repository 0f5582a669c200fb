"""What time it is, for all that is kept on disk: one place, which tests set forward and back."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, with its time zone. It may be earlier than what was kept before: clocks are set back."""
    return datetime.now(UTC)
