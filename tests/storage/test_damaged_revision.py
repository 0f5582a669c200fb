"""A history whose file says of itself what cannot be is told in one line, and nothing in it is changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from formcheck.core.errors import HistoryError
from formcheck.storage.history import open_history


@pytest.mark.parametrize("step", [b"\xff\x00", "", "soon", "0000", 7, 1e308, "0001-01-01 00:00:00.000000"])
def test_a_step_that_there_never_was_is_told(tmp_path: Path, step: object) -> None:
    path = tmp_path / "history.sqlite3"
    with open_history(path):
        pass
    database = sqlite3.connect(path)
    database.execute("UPDATE alembic_version SET version_num = ?", [step])
    database.commit()
    database.close()
    with pytest.raises(HistoryError, match=r"history\.sqlite3 is damaged"), open_history(path):
        pass
