"""An empty or older history becomes today's: Alembic does the steps, then sets without a summary get theirs.

All of it is one transaction: a history is today's or what it was before. Alembic is imported for that alone, as
importing it takes longer than reading a list.
"""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa

from formcheck.core.errors import FormCheckError
from formcheck.storage.history.backups import before_migration
from formcheck.storage.history.columns import report_columns, time_ms_of
from formcheck.storage.history.database import Database
from formcheck.storage.history.tables import HEAD, REPORTS, SETS, VERSION_TABLE

MIGRATIONS = Path(__file__).parent / "migrations"

AT_ONCE = 200
"""Reports that are in memory together."""

UNCHANGED = ("exercise", "variant", "load_kg")
"""What a row holds already: people may have told it otherwise than the report does."""


def upgrade(database: Database) -> None:
    """Bring the tables up to date; nothing where another process has just done it."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.reading() as connection:
        older = database.revision(connection)
    if older is not None and older != HEAD:
        before_migration(database, HEAD)
    with database.migrating() as connection:
        revision = database.revision(connection)
        if revision == HEAD:
            return
        config.attributes["connection"] = connection
        if revision is not None and not sa.inspect(connection).has_table(VERSION_TABLE):
            command.stamp(config, revision)
        command.upgrade(config, "head")
        _summarise(connection)


def _summarise(connection: sa.Connection) -> None:
    """Fill in what lists show of sets that have no summary; a damaged report leaves it empty."""
    wanted = sa.select(SETS.c.id, SETS.c.saved_at, SETS.c.filmed_at, REPORTS.c.report)
    wanted = wanted.join_from(SETS, REPORTS, isouter=True).where(SETS.c.summarised == 0).limit(AT_ONCE)
    while rows := connection.execute(wanted).all():
        for set_id, saved_at, filmed_at, report in rows:
            values = {"time_ms": time_ms_of(saved_at, filmed_at), "summarised": 1}
            try:
                columns = report_columns(json.loads(report))
                values |= {name: value for name, value in columns.items() if name not in UNCHANGED}
            except (FormCheckError, ValueError, TypeError, RecursionError, AttributeError):
                pass
            connection.execute(SETS.update().where(SETS.c.id == set_id).values(values))
