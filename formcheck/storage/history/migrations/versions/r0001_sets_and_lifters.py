"""Lifters, sets with their whole report, and the poses of each set apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formcheck.storage.history.tables import APPLICATION_ID

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lifters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("height_cm", sa.Double),
        sa.Column("back_injury", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "sets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text),
        sa.Column("saved_at", sa.Text, nullable=False),
        sa.Column("filmed_at", sa.Text),
        sa.Column("lifter_id", sa.Integer, sa.ForeignKey("lifters.id", ondelete="SET NULL")),
        sa.Column("video_file", sa.Text, nullable=False),
        sa.Column("exercise", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False, server_default=""),
        sa.Column("load_kg", sa.Double),
        sa.Column("notes", sa.Text, nullable=False, server_default=""),
        sa.Column("settings", sa.Text, nullable=False, server_default="{}"),
        sa.Column("report", sa.Text, nullable=False),
        sa.UniqueConstraint("uid", name="uq_sets_uid"),
        sa.UniqueConstraint("fingerprint", name="uq_sets_fingerprint"),
        # The number of a deleted set is never given to another one.
        sqlite_autoincrement=True,
    )
    op.create_index("sets_by_lifter", "sets", ["lifter_id"])
    op.create_table(
        "poses",
        sa.Column("set_id", sa.Integer, sa.ForeignKey("sets.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("npz", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"PRAGMA application_id = {APPLICATION_ID}")
