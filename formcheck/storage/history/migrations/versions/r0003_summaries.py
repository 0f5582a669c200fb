"""Reports and settings apart from a short row a set; one recording may be a set of several lifters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite gave constraints no name before Alembic; this is how they are called there and on a server.
NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}

NUMBERS = (
    "rounding_deg",
    "worst_rounding_deg",
    "depth_thighs",
    "concentric_s",
    "velocity_heights_per_s",
    "slowdown_percent",
)


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("set_id", sa.Integer, sa.ForeignKey("sets.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False, server_default="{}"),
    )
    op.execute("INSERT INTO reports (set_id, report, settings) SELECT id, report, settings FROM sets")
    op.drop_index("sets_by_lifter", "sets")
    numbered_to = _last_number()
    # SQLite makes the table again, without asking the sets' children: foreign keys are off during a migration.
    with op.batch_alter_table("sets", naming_convention=NAMES, table_kwargs={"sqlite_autoincrement": True}) as sets:
        sets.drop_constraint("uq_sets_fingerprint", type_="unique")
        sets.drop_column("report")
        sets.drop_column("settings")
        sets.add_column(sa.Column("time_ms", sa.BigInteger, nullable=False, server_default=sa.text("0")))
        sets.add_column(sa.Column("summarised", sa.Integer, nullable=False, server_default=sa.text("0")))
        sets.add_column(sa.Column("verdict", sa.Text, nullable=False, server_default=""))
        sets.add_column(sa.Column("summary", sa.Text, nullable=False, server_default=""))
        sets.add_column(sa.Column("reps", sa.Integer, nullable=False, server_default=sa.text("0")))
        sets.add_column(sa.Column("whole_reps", sa.Integer, nullable=False, server_default=sa.text("0")))
        for name in NUMBERS:
            sets.add_column(sa.Column(name, sa.Double))
    _number_on_from(numbered_to)
    op.create_index("sets_by_time", "sets", ["time_ms", "id"])
    op.create_index("sets_by_lifter", "sets", ["lifter_id", "time_ms", "id"])
    op.create_index("sets_by_exercise", "sets", ["exercise", "time_ms", "id"])
    op.create_index("sets_by_fingerprint", "sets", ["fingerprint"])
    _refuse_older_versions()


def _refuse_older_versions() -> None:
    """A step that versions before Alembic do not know: they ask for an update and change nothing."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TABLE IF NOT EXISTS _sqlite_migrations "
            "(id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)"
        )
        op.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('formcheck-history', 'alembic', datetime('now'))"
        )


def _last_number() -> int | None:
    """The highest number that SQLite ever gave to a set, which the new table would not know."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return None
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'sets'").fetchone()
    return None if row is None else int(row[0])


def _number_on_from(last: int | None) -> None:
    if last is not None:
        connection = op.get_bind()
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'sets'")
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('sets', ?)", (last,))
