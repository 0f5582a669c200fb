"""What a lifter is measured against, and where the video of a set lay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lifters", sa.Column("depth_target_thighs", sa.Double))
    op.add_column("lifters", sa.Column("neutral_back", sa.Text, nullable=False, server_default="{}"))
    op.add_column("sets", sa.Column("video_path", sa.Text, nullable=False, server_default=""))
