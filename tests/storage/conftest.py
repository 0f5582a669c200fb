"""Tests of the history run twice: with an SQLite file, and with a PostgreSQL server where one is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is missing")
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is missing")
    with postgres.server() as address:
        yield address


@pytest.fixture
def postgres_place(postgres_server: str) -> Iterator[str]:
    """The address of an empty database."""
    with postgres.database(postgres_server) as place:
        yield place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history file that is not there yet, in a folder that is not there yet."""
    return tmp_path / "data" / "history.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Path | str:
    """An empty history, where it is to make no difference which kind it is."""
    found: Path | str = request.getfixturevalue("path" if request.param == "sqlite" else "postgres_place")
    return found
