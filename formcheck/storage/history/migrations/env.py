"""Run by Alembic: does the steps on the connection that `formcheck.storage.history.upgrade` gives it."""

from __future__ import annotations

from alembic import context

from formcheck.storage.history.tables import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
