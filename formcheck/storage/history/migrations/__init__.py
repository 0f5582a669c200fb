"""How the tables came to be, step by step, with Alembic: the same steps for SQLite and for PostgreSQL.

Every step in ``versions`` was or will be shipped: never change one, add another and set
`formcheck.storage.history.tables.HEAD` to it. A step that adds a number to the summary of a set sets ``summarised`` to
0 where it is to be computed; `formcheck.storage.history.upgrade` does that after the last step. No step leads back: the
file as it was before is kept as a backup.
"""
