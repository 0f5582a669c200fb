"""Histories as older versions made them, by their own SQL, written down as it stood: never change it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

from formcheck.storage.history.recordings import fingerprint, npz_of
from tests.helpers.saved_sets import recording, report

FIRST = """
CREATE TABLE "_sqlite_migrations" ("id" INTEGER PRIMARY KEY, "migration_set" TEXT, "name" TEXT, "applied_at" TEXT);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name" ON "_sqlite_migrations" ("migration_set", "name");
INSERT INTO "_sqlite_migrations" VALUES (1, 'formcheck-history', 'sets_and_lifters', '2026-01-01 00:00:00+00:00');
CREATE TABLE lifters (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    height_cm REAL,
    back_injury INTEGER NOT NULL DEFAULT 0
);
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
);
CREATE INDEX sets_by_lifter ON sets (lifter_id);
CREATE TABLE poses (
    set_id INTEGER PRIMARY KEY REFERENCES sets (id) ON DELETE CASCADE,
    npz BLOB NOT NULL
);
PRAGMA application_id = 1178815304;
"""

SECOND = """
ALTER TABLE lifters ADD COLUMN depth_target_thighs REAL;
ALTER TABLE lifters ADD COLUMN neutral_back TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sets ADD COLUMN video_path TEXT NOT NULL DEFAULT '';
INSERT INTO "_sqlite_migrations" VALUES (2, 'formcheck-history', 'lifter_baselines', '2026-02-01 00:00:00+00:00');
"""

OLD_VERSIONS = ("sets and lifters", "baselines")
"""Layouts that were shipped before Alembic, the oldest first."""

MOMENTS = ("2026-01-01T10:00:00.000+00:00", "2026-02-01T10:00:00.000+00:00", "2026-03-01T10:00:00.000+00:00")

FILMED_AT = "2025-12-24T10:00:00.000+00:00"


def make_old_history(path: Path, version: str) -> None:
    """Sets 4, 5 and 7 of which the first two are Anna's and have poses; a set 9 was deleted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as old, old:
        old.execute("PRAGMA auto_vacuum = FULL")
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(FIRST + (SECOND if version == OLD_VERSIONS[1] else ""))
        old.execute(
            "INSERT INTO lifters (id, name, name_key, height_cm, back_injury) VALUES (3, 'Anna', 'anna', 168, 1)"
        )
        if version == OLD_VERSIONS[1]:
            old.execute("""UPDATE lifters SET depth_target_thighs = 0.1, neutral_back = '{"lower_deg":-12.5}'""")
        for place, (number, lifter, filmed_at) in enumerate(((4, 3, None), (5, 3, FILMED_AT), (7, None, None))):
            poses = recording(number)
            row = {
                "id": number,
                "uid": f"{number:032x}",
                "fingerprint": fingerprint(poses) if lifter else None,
                "saved_at": MOMENTS[place],
                "filmed_at": filmed_at,
                "lifter_id": lifter,
                "video_file": f"old-{number}.mp4",
                "exercise": "squat",
                "variant": "low-bar",
                "load_kg": 80.0 + number,
                "notes": f"from before {number}",
                "settings": '{"model":"full"}',
                "report": json.dumps(report("squat", load_kg=80.0)),
            }
            marks = ", ".join(f":{name}" for name in row)
            old.execute(f"INSERT INTO sets ({', '.join(row)}) VALUES ({marks})", row)
            if lifter:
                old.execute("INSERT INTO poses VALUES (?, ?)", (number, npz_of(poses)))
        if version == OLD_VERSIONS[1]:
            old.execute("UPDATE sets SET video_path = '/videos/old.mp4' WHERE id = 5")
        old.execute(
            "INSERT INTO sets (id, uid, saved_at, video_file, exercise, report) VALUES (9, 'x', '', '', '', '{}')"
        )
        old.execute("DELETE FROM sets WHERE id = 9")
