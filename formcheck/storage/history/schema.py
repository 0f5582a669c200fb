"""The tables of the history, and how older ones become today's.

Every step below was or will be shipped: never change one, add another. A history that knows of a step which is not here
comes from a newer FormCheck and is left alone.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x46434B48
"""Marks the file as a FormCheck history ("FCKH"), for `file` and for us."""

MIGRATIONS = Migrations("formcheck-history")


@MIGRATIONS()
def sets_and_lifters(db: Database) -> None:
    """Lifters, sets with their whole report, and the poses of each set apart, so that lists are quick to read."""
    db.execute(
        """
        CREATE TABLE lifters (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL UNIQUE,
            height_cm REAL,
            back_injury INTEGER NOT NULL DEFAULT 0
        )
        """
    )
    # AUTOINCREMENT: the number of a deleted set is never given to another one.
    db.execute(
        """
        CREATE TABLE sets (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uid TEXT NOT NULL UNIQUE,
            fingerprint TEXT UNIQUE,
            saved_at TEXT NOT NULL,
            filmed_at TEXT,
            lifter_id INTEGER REFERENCES lifters (id) ON DELETE SET NULL,
            video_file TEXT NOT NULL,
            exercise TEXT NOT NULL,
            variant TEXT NOT NULL DEFAULT '',
            load_kg REAL,
            notes TEXT NOT NULL DEFAULT '',
            settings TEXT NOT NULL DEFAULT '{}',
            report TEXT NOT NULL
        )
        """
    )
    db.execute("CREATE INDEX sets_by_lifter ON sets (lifter_id)")
    db.execute(
        """
        CREATE TABLE poses (
            set_id INTEGER PRIMARY KEY REFERENCES sets (id) ON DELETE CASCADE,
            npz BLOB NOT NULL
        )
        """
    )
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@MIGRATIONS()
def lifter_baselines(db: Database) -> None:
    """What a lifter is measured against, and where a set's video lay."""
    db.execute("ALTER TABLE lifters ADD COLUMN depth_target_thighs REAL")
    db.execute("ALTER TABLE lifters ADD COLUMN neutral_back TEXT NOT NULL DEFAULT '{}'")
    db.execute("ALTER TABLE sets ADD COLUMN video_path TEXT NOT NULL DEFAULT ''")


def known_steps() -> frozenset[str]:
    """Names of all steps of this version, done or not."""
    # A database without tables has everything still before it.
    return frozenset(step.name for step in MIGRATIONS.pending(Database(memory=True)))
