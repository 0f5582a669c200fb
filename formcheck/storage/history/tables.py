"""The tables of the history as they are today, for SQLite and PostgreSQL; ``migrations`` says how they came to be.

A list needs one short row a set. The report (tens of kilobytes) and the poses (up to megabytes) are in tables of their
own, so that neither is read from disk or sent by a server before somebody opens that set.
"""

from __future__ import annotations

import sqlalchemy as sa

APPLICATION_ID = 0x46434B48
"""Marks an SQLite file as a FormCheck history ("FCKH"), for `file` and for us; the number of our lock on a server."""

HEAD = "0004"
"""The newest step in ``migrations/versions``: known here so that Alembic is imported for a migration only."""

OLD_STEPS = {"sets_and_lifters": "0001", "lifter_baselines": "0002"}
"""Steps that versions before Alembic noted in `OLD_STEPS_TABLE`, and the revision that each equals."""

OLD_STEPS_TABLE = "_sqlite_migrations"
VERSION_TABLE = "alembic_version"

METADATA = sa.MetaData()

LIFTERS = sa.Table(
    "lifters",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("height_cm", sa.Double),
    sa.Column("back_injury", sa.Integer, nullable=False),
    sa.Column("depth_target_thighs", sa.Double),
    sa.Column("neutral_back", sa.Text, nullable=False),
)

NUMBER_COLUMNS = (
    "rounding_deg",
    "worst_rounding_deg",
    "depth_thighs",
    "concentric_s",
    "velocity_heights_per_s",
    "slowdown_percent",
)
"""Fields of `formcheck.storage.history.numbers.SetNumbers` with a column; the others follow from load and reps."""

SETS = sa.Table(
    "sets",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uid", sa.Text, nullable=False, unique=True),
    sa.Column("fingerprint", sa.Text),
    sa.Column("saved_at", sa.Text, nullable=False),
    sa.Column("filmed_at", sa.Text),
    # When it was filmed, or saved where that is not known, in milliseconds since 1970: what lists are ordered by.
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("lifter_id", sa.Integer, sa.ForeignKey("lifters.id", ondelete="SET NULL")),
    sa.Column("video_file", sa.Text, nullable=False),
    sa.Column("video_path", sa.Text, nullable=False),
    sa.Column("exercise", sa.Text, nullable=False),
    sa.Column("variant", sa.Text, nullable=False),
    sa.Column("load_kg", sa.Double),
    sa.Column("notes", sa.Text, nullable=False),
    # From here on what the report says, in short.
    sa.Column("summarised", sa.Integer, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("reps", sa.Integer, nullable=False),
    sa.Column("whole_reps", sa.Integer, nullable=False),
    *(sa.Column(name, sa.Double) for name in NUMBER_COLUMNS),
)

REPORTS = sa.Table(
    "reports",
    METADATA,
    sa.Column("set_id", sa.Integer, sa.ForeignKey("sets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
)

POSES = sa.Table(
    "poses",
    METADATA,
    sa.Column("set_id", sa.Integer, sa.ForeignKey("sets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("npz", sa.LargeBinary, nullable=False),
)

ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    # As whoever signs people in names them.
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("lifter_id", sa.Integer, sa.ForeignKey("lifters.id", ondelete="SET NULL")),
)

TEAMS = sa.Table(
    "teams",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
)

TEAM_LIFTERS = sa.Table(
    "team_lifters",
    METADATA,
    sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("lifter_id", sa.Integer, sa.ForeignKey("lifters.id", ondelete="CASCADE"), primary_key=True),
)

TEAM_COACHES = sa.Table(
    "team_coaches",
    METADATA,
    sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
)
