"""Who may see what on a server: accounts, the lifter that each is, and teams with their lifters and coaches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("lifter_id", sa.Integer, sa.ForeignKey("lifters.id", ondelete="SET NULL")),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
    )
    _members("team_lifters", "lifter_id", "lifters")
    _members("team_coaches", "account_id", "accounts")


def _members(table: str, column: str, of: str) -> None:
    op.create_table(
        table,
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
        sa.Column(column, sa.Integer, sa.ForeignKey(f"{of}.id", ondelete="CASCADE"), primary_key=True),
    )
    # The other way round: what a deleted lifter was in, and the teams of a coach.
    op.create_index(f"{table}_by_{column}", table, [column])
