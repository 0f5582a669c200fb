"""The history file: opened, written and read.

Every change is one transaction, so that a crash in the middle leaves all or nothing of it; several processes may read
and write at once, each waits its turn. What is deleted is overwritten with zeros.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from sqlite_utils import Database

from formcheck.core.errors import HistoryError, PoseFileError, UsageError
from formcheck.core.poses import PoseSequence
from formcheck.exercises.framework.variant import UNKNOWN
from formcheck.judging.report import Report
from formcheck.storage.history.records import Lifter, SavedSet, check_load_kg, clean_name, clean_notes
from formcheck.storage.history.schema import APPLICATION_ID, MIGRATIONS, known_steps
from formcheck.storage.history.videos import forget, keep, kept_videos, video_path
from formcheck.storage.pose_files import load_poses, save_poses

FILE_NAME = "history.sqlite3"
FOLDER_VARIABLE = "FORMCHECK_HISTORY_DIR"

BUSY_S = 20.0
"""How long to wait for another process that is writing; the longest write, an import, takes a few seconds."""

_SETS = """
    SELECT sets.*, lifters.name AS lifter, EXISTS (SELECT 1 FROM poses WHERE set_id = sets.id) AS has_poses
    FROM sets LEFT JOIN lifters ON lifters.id = sets.lifter_id
"""


def default_path() -> Path:
    """Where the history is: in the user's data folder, or in the folder that FORMCHECK_HISTORY_DIR names."""
    folder = os.environ.get(FOLDER_VARIABLE)
    data = Path(folder).expanduser().absolute() if folder else platformdirs.user_data_path("formcheck")
    return data / FILE_NAME


@contextlib.contextmanager
def open_history(path: Path | None = None) -> Iterator[History]:
    """The history at ``path`` (default: `default_path`), made when there is none and brought up to date when it is old.

    Raises
    ------
    HistoryError : it comes from a newer FormCheck, is damaged or no history at all, or cannot be read or written.
    """
    path = path or default_path()
    with _history_errors(path):
        _make_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    with contextlib.closing(connection):
        with _history_errors(path):
            # Plugins of other programs have no business in here.
            db = Database(connection, execute_plugins=False)
            _prepare(db, path)
        yield History(db, path)


class History:
    """The saved sets and lifters; made by `open_history`, for use in one thread.

    All methods raise `HistoryError` when the file cannot be read or written.
    """

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self.path = path

    # --- sets ------------------------------------------------------------------------------------------------------

    def save_set(
        self,
        report: Mapping[str, Any],
        poses: PoseSequence | None = None,
        *,
        lifter: str | None = None,
        notes: str = "",
        filmed_at: datetime | None = None,
        video_path: str | Path = "",
        settings: Mapping[str, Any] | None = None,
    ) -> SavedSet:
        """Save a set, or renew what is saved of the same recording.

        Two sets with the same poses are one recording: the later report replaces the earlier one, while lifter, load,
        notes and times that are not told this time stay.

        Parameters
        ----------
        report : `Report.to_dict()`.
        poses : to judge the set again later.
        lifter : name; a new one is added to the lifters.
        settings : what the analysis was told; plain data.
        """
        found = Report.from_dict(report)
        check_load_kg(found.load_kg)
        notes, name = clean_notes(notes), None if lifter is None else clean_name(lifter)
        values = {
            "saved_at": _text_of(datetime.now(UTC)),
            "filmed_at": None if filmed_at is None else _text_of(filmed_at),
            "video_file": _clean_text(found.video.file),
            "video_path": _clean_text(str(video_path)),
            "notes": notes,
            "settings": _json(settings or {}),
            **report_columns(report),
        }
        mark = None if poses is None else fingerprint(poses)
        npz = None if poses is None else npz_of(poses)
        with self.writing():
            values["lifter_id"] = None if name is None else self._lifter_id(name)
            known = self._row("SELECT id FROM sets WHERE fingerprint = ?", [mark]) if mark else None
            if known is None:
                set_id = self.insert({**values, "uid": uuid.uuid4().hex, "fingerprint": mark}, npz)
            else:
                set_id = int(known["id"])
                optional = ("filmed_at", "lifter_id", "load_kg", "notes", "video_path")
                self.update(set_id, {k: v for k, v in values.items() if k not in optional or v not in (None, "")})
        return self.set(set_id)

    def sets(self, *, lifter: str | None = None, exercise: str | None = None) -> tuple[SavedSet, ...]:
        """Saved sets, the newest first, of one lifter and one exercise where these are told.

        `HistoryError` when there is no such lifter.
        """
        where, values = ["1"], []
        if lifter is not None:
            where.append("lifters.name_key = ?")
            values.append(_key(self.lifter(lifter).name))
        if exercise is not None:
            where.append("sets.exercise = ?")
            values.append(exercise)
        order = "ORDER BY coalesce(sets.filmed_at, sets.saved_at) DESC, sets.id DESC"
        with _history_errors(self.path):
            rows = self._db.query(f"{_SETS} WHERE {' AND '.join(where)} {order}", values)
            return tuple(_saved_set(row) for row in rows)

    def set(self, set_id: int) -> SavedSet:
        """The set of that number; `HistoryError` when there is none."""
        row = self._row(f"{_SETS} WHERE sets.id = ?", [set_id])
        if row is None:
            raise HistoryError(f"There is no set {set_id} in the history: formcheck history shows what there is.")
        with _history_errors(self.path):
            return _saved_set(row)

    def poses(self, set_id: int) -> PoseSequence:
        """The poses of a set, to judge it again; `HistoryError` when they were not kept."""
        npz = self.npz(self.set(set_id).id)
        if npz is None:
            raise HistoryError(f"The poses of set {set_id} were not kept: analyse its video again.")
        try:
            return poses_of(npz)
        except PoseFileError as error:
            raise HistoryError(f"The poses of set {set_id} are damaged: analyse its video again.") from error

    def change_set(
        self,
        set_id: int,
        *,
        lifter: str | None = None,
        load_kg: float | None = None,
        notes: str | None = None,
        report: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> SavedSet:
        """Change what is told about a set, or its report after it was judged again; None leaves things as they are."""
        check_load_kg(load_kg)
        values: dict[str, Any] = {} if report is None else report_columns(report)
        values |= {} if load_kg is None else {"load_kg": load_kg}
        values |= {} if notes is None else {"notes": clean_notes(notes)}
        values |= {} if settings is None else {"settings": _json(settings)}
        name = None if lifter is None else clean_name(lifter)
        self.set(set_id)
        with self.writing():
            if name is not None:
                values["lifter_id"] = self._lifter_id(name)
            if values:
                # Exported histories are merged by this time.
                self.update(set_id, {**values, "saved_at": _text_of(datetime.now(UTC))})
        return self.set(set_id)

    def delete_set(self, set_id: int) -> None:
        """Delete a set for good, with its kept video; `HistoryError` when there is none of that number.

        The video goes after the set, so that what cannot be deleted from the history keeps its video. `HistoryError`
        also tells of a video that stays behind; the next deletion tries it again.
        """
        self.set(set_id)
        with self.writing():
            self._db.execute("DELETE FROM sets WHERE id = ?", [set_id])
        self._forget_for_good()

    def keep_video(self, set_id: int, source: Path) -> Path:
        """Keep a copy of the annotated video of a set beside the history; returns where it is."""
        path = video_path(self.path, self.set(set_id).uid)
        keep(source, path)
        return path

    def video(self, set_id: int) -> Path | None:
        """The kept video of a set, None when none was kept."""
        path = video_path(self.path, self.set(set_id).uid)
        return path if path.is_file() else None

    # --- lifters ---------------------------------------------------------------------------------------------------

    def lifters(self) -> tuple[Lifter, ...]:
        """All lifters by name."""
        with _history_errors(self.path):
            return tuple(_lifter(row) for row in self._db.query("SELECT * FROM lifters ORDER BY name_key"))

    def lifter(self, name: str) -> Lifter:
        """The lifter of that name, whatever its case; `HistoryError` when there is none."""
        row = self._row("SELECT * FROM lifters WHERE name_key = ?", [_key(clean_name(name))])
        if row is None:
            names = ", ".join(lifter.name for lifter in self.lifters())
            others = f", only: {names}" if names else ": it has no lifters yet"
            raise HistoryError(f"There is no lifter {clean_name(name)!r} in the history{others}.")
        return _lifter(row)

    def known_lifter(self, name: str | None) -> Lifter | None:
        """The lifter of that name, None when there is none; `UsageError` when it is not a name."""
        key = None if name is None else _key(clean_name(name))
        return next((lifter for lifter in self.lifters() if _key(lifter.name) == key), None)

    def save_lifter(self, lifter: Lifter) -> Lifter:
        """Add a lifter, or replace what is known of the one with that name."""
        with self.writing():
            self.update_lifter(lifter)
        return self.lifter(lifter.name)

    def rename_lifter(self, name: str, new_name: str) -> Lifter:
        """Give a lifter another name; `HistoryError` when there is no such lifter, or already one of the new name."""
        old, new = self.lifter(name), clean_name(new_name)
        if _key(new) != _key(old.name) and any(_key(each.name) == _key(new) for each in self.lifters()):
            raise HistoryError(f"There is a lifter {new!r} already.")
        with self.writing():
            values = [new, _key(new), _key(old.name)]
            self._db.execute("UPDATE lifters SET name = ?, name_key = ? WHERE name_key = ?", values)
        return self.lifter(new)

    def delete_lifter(self, name: str, *, with_sets: bool = False) -> None:
        """Delete a lifter for good; without ``with_sets`` the sets stay as nobody's."""
        key = _key(self.lifter(name).name)
        with self.writing():
            if with_sets:
                chosen = "lifter_id = (SELECT id FROM lifters WHERE name_key = ?)"
                self._db.execute(f"DELETE FROM sets WHERE {chosen}", [key])
            self._db.execute("DELETE FROM lifters WHERE name_key = ?", [key])
        self._forget_for_good()

    # --- for the modules of this package ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: everything in the block is kept, or nothing of it."""
        with _history_errors(self.path), _immediate(self._db):
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """One view of the data, whatever others write meanwhile."""
        with _history_errors(self.path), self._db.atomic():
            yield

    def insert(self, values: Mapping[str, Any], npz: bytes | None) -> int:
        """A new row in ``sets``, with its poses; returns its number. Inside `writing`."""
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        cursor = self._db.execute(f"INSERT INTO sets ({names}) VALUES ({marks})", dict(values))
        if npz is not None:
            self._db.execute("INSERT INTO poses (set_id, npz) VALUES (?, ?)", [cursor.lastrowid, npz])
        return int(cursor.lastrowid or 0)

    def update(self, set_id: int, values: Mapping[str, Any]) -> None:
        """Other values in a row of ``sets``. Inside `writing`."""
        names = ", ".join(f"{name} = :{name}" for name in values)
        self._db.execute(f"UPDATE sets SET {names} WHERE id = :id", {**values, "id": set_id})

    def update_lifter(self, lifter: Lifter) -> int:
        """Add or replace a lifter; returns the number of its row. Inside `writing`."""
        values = {
            "name": lifter.name,
            "name_key": _key(lifter.name),
            "height_cm": lifter.height_cm,
            "back_injury": int(lifter.back_injury),
            "depth_target_thighs": lifter.depth_target_thighs,
            "neutral_back": _json(lifter.neutral_back),
        }
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        renewed = ", ".join(f"{name} = excluded.{name}" for name in values)
        self._db.execute(
            f"INSERT INTO lifters ({names}) VALUES ({marks}) ON CONFLICT (name_key) DO UPDATE SET {renewed}", values
        )
        return self._lifter_id(lifter.name)

    def npz(self, set_id: int) -> bytes | None:
        """The poses of a set as the contents of an `.npz` file."""
        row = self._row("SELECT npz FROM poses WHERE set_id = ?", [set_id])
        return None if row is None else bytes(row["npz"])

    def find(self, uid: str, mark: str | None) -> SavedSet | None:
        """The set of that uid, or else the one of that recording."""
        row = self._row(f"{_SETS} WHERE uid = ?", [uid])
        if row is None and mark is not None:
            row = self._row(f"{_SETS} WHERE fingerprint = ?", [mark])
        return None if row is None else _saved_set(row)

    def _row(self, sql: str, values: list[Any]) -> dict[str, Any] | None:
        with _history_errors(self.path):
            return next(self._db.query(sql, values), None)

    def _lifter_id(self, name: str) -> int:
        self._db.execute(
            "INSERT INTO lifters (name, name_key) VALUES (?, ?) ON CONFLICT (name_key) DO NOTHING", [name, _key(name)]
        )
        row = self._row("SELECT id FROM lifters WHERE name_key = ?", [_key(name)])
        assert row is not None
        return int(row["id"])

    def _forget_for_good(self) -> None:
        """Remove what is left of deleted sets: pages in the write-ahead log, and videos that no set has any more."""
        with _history_errors(self.path):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        # Listed before the sets are: a set is saved before its video is kept, so that a new one is never taken for old.
        videos = kept_videos(self.path)
        with _history_errors(self.path):
            uids = {row["uid"] for row in self._db.query("SELECT uid FROM sets")}
        forget([path for uid, path in videos.items() if uid not in uids])


# --- values in columns ---------------------------------------------------------------------------------------------


def report_columns(report: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of ``sets`` that a report fills; `ReportError` where it is none."""
    found = Report.from_dict(report)
    return {
        "exercise": found.exercise.name,
        "variant": "" if found.variant == UNKNOWN else found.variant,
        "load_kg": found.load_kg,
        "report": _json(report),
    }


def fingerprint(poses: PoseSequence) -> str:
    """Recognises a recording by its landmarks, before and after they were saved with single precision."""
    digest = hashlib.sha256(np.ascontiguousarray(poses.time_s, dtype="<f8").tobytes())
    # -0.0 and every kind of NaN must look alike.
    landmarks = np.ascontiguousarray(np.nan_to_num(poses.image_px.astype("<f4"), nan=-1e9)) + np.float32(0.0)
    digest.update(landmarks.tobytes())
    return digest.hexdigest()


def npz_of(poses: PoseSequence) -> bytes:
    """Poses as the contents of an `.npz` file."""
    with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
        path = Path(folder) / "poses.npz"
        save_poses(poses, path)
        return path.read_bytes()


def poses_of(npz: bytes) -> PoseSequence:
    """The poses in the contents of an `.npz` file; `PoseFileError` when there are none."""
    with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
        path = Path(folder) / "poses.npz"
        path.write_bytes(npz)
        return load_poses(path)


def _saved_set(row: Mapping[str, Any]) -> SavedSet:
    return SavedSet(
        id=int(row["id"]),
        uid=row["uid"],
        saved_at=datetime.fromisoformat(row["saved_at"]),
        filmed_at=None if row["filmed_at"] is None else datetime.fromisoformat(row["filmed_at"]),
        lifter=row["lifter"],
        video_file=row["video_file"],
        video_path=row["video_path"],
        exercise=row["exercise"],
        variant=row["variant"],
        load_kg=row["load_kg"],
        notes=row["notes"],
        settings=json.loads(row["settings"]),
        report_data=json.loads(row["report"]),
        has_poses=bool(row["has_poses"]),
    )


def _lifter(row: Mapping[str, Any]) -> Lifter:
    return Lifter(
        name=row["name"],
        height_cm=row["height_cm"],
        back_injury=bool(row["back_injury"]),
        depth_target_thighs=row["depth_target_thighs"],
        neutral_back=json.loads(row["neutral_back"]),
    )


def _key(name: str) -> str:
    return name.casefold()


def _text_of(moment: datetime) -> str:
    """In UTC and of one length, so that text sorts like time; a moment without zone is local time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _clean_text(text: str) -> str:
    # File names may hold bytes that are not text, which SQLite does not take.
    return text.encode("utf-8", "replace").decode()


def _json(content: Mapping[str, Any]) -> str:
    try:
        return _clean_text(json.dumps(dict(content), ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except (TypeError, ValueError) as error:
        raise UsageError("Only plain data with finite numbers can be saved in the history.") from error


# --- the file ------------------------------------------------------------------------------------------------------


def _make_private(path: Path) -> None:
    """Make the file and its folder, readable by their owner only; SQLite makes its helper files alike."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(db: Database, path: Path) -> None:
    _refuse_foreign(db, path)
    if not db.table_names():
        # These two are set once for the file; setting them again would wait for others that write.
        db.execute("PRAGMA auto_vacuum = FULL")
        _patiently(lambda: db.execute("PRAGMA journal_mode = WAL").fetchall())
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON").fetchall()
    if MIGRATIONS.pending(db):
        # One process migrates, others wait here and then find nothing left to do.
        with _immediate(db):
            MIGRATIONS.apply(db)
    unknown = {step.name for step in MIGRATIONS.applied(db)} - known_steps()
    if unknown:
        raise HistoryError(f"{path} was written by a newer FormCheck: update FormCheck to use it.")


def _refuse_foreign(db: Database, path: Path) -> None:
    """Nothing is changed in a file that is not ours or that is too new."""
    if not db.table_names():
        return
    (application_id,) = db.execute("PRAGMA application_id").fetchone()
    done = {step.name for step in MIGRATIONS.applied(db)}
    if application_id != APPLICATION_ID or not done:
        raise HistoryError(f"{path} is not a FormCheck history: move it away.")
    if done - known_steps():
        raise HistoryError(f"{path} was written by a newer FormCheck: update FormCheck to use it.")


@contextlib.contextmanager
def _immediate(db: Database) -> Iterator[None]:
    # Taking the lock at once, rather than at the first write, is what lets SQLite wait for it.
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


def _patiently(work: Callable[[], object]) -> None:
    """SQLite does not wait by itself when two processes switch a new file to write-ahead logging."""
    end_s = time.monotonic() + BUSY_S
    while True:
        try:
            work()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end_s:
                raise
            time.sleep(0.02)


@contextlib.contextmanager
def _history_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise HistoryError(f"{path} is in use by another program: try again when that is done.") from error
        raise HistoryError(f"{path} cannot be used ({error}): make room, or check who may write there.") from error
    except sqlite3.DatabaseError as error:
        raise HistoryError(f"{path} is damaged or is not a FormCheck history ({error}): move it away.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HistoryError(f"{path} cannot be used ({reason}): check the folder and who may write there.") from error
