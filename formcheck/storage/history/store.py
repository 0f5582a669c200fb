"""The history: opened, written and read.

Every change is one transaction, so that a crash in the middle leaves all or nothing of it; several processes may read
and write at once, each waits its turn. What is deleted from a file is overwritten with zeros.
"""

from __future__ import annotations

import contextlib
import functools
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import sqlalchemy as sa

from formcheck.core.errors import AccessError, HistoryError, PoseFileError, UsageError
from formcheck.core.verdicts import Verdict
from formcheck.core.words import N_, _
from formcheck.storage import clock
from formcheck.storage.access import account
from formcheck.storage.history.backups import delete_from_backups, weekly
from formcheck.storage.history.columns import (
    EPOCH,
    clean_text,
    json_of,
    later_than,
    moment_of,
    report_columns,
    saved_set_of,
    summary_of,
    text_of,
    time_ms_of,
)
from formcheck.storage.history.database import Database, chosen_place, default_path
from formcheck.storage.history.records import (
    Lifter,
    SavedSet,
    SetSummary,
    check_load_kg,
    clean_name,
    clean_notes,
    tags_of,
)
from formcheck.storage.history.scope import FOR_EVERYBODY, Scope, refuse_unscoped, scope_of
from formcheck.storage.history.tables import HEAD, LIFTERS, POSES, REPORTS, SETS
from formcheck.storage.history.videos import forget, keep, kept_videos, video_path

if TYPE_CHECKING:
    from formcheck.core.poses import PoseSequence

__all__ = ["NOBODY", "History", "default_path", "open_history"]

NOBODY = ""
"""In place of the name of a lifter: sets that are nobody's. No lifter can be called so."""

OtherLifter: TypeAlias = Literal["copy", "move"]
"""What becomes of a recording that is to be saved and is another lifter's set already: one set each, or it changes
hands."""

TOLD = ("filmed_at", "lifter_id", "load_kg", "notes", "video_path")
"""Columns that saving a recording again leaves as they are, where nothing is told this time."""

IN_REPORTS = ("report", "settings")
"""Columns that are in a table of their own."""

PAGE = 200
"""Rows that are fetched together where all are read."""


@dataclass(frozen=True)
class KnownSet:
    """A set that is here already: its number, and when it was saved."""

    id: int
    saved_at: datetime


@contextlib.contextmanager
def open_history(place: Path | str | None = None) -> Iterator[History]:
    """The history at ``place``, made when there is none and brought up to date when it is old.

    Parameters
    ----------
    place : a file, or the address of a PostgreSQL server; by default the server that FORMCHECK_HISTORY_URL names, or
        `default_path`.

    On a server with accounts (`formcheck.storage.access`) what is opened is what the account that asks may see, and
    nothing else can be read or written through it.

    Raises
    ------
    AccessError : nobody is signed in, or somebody who has no account here.
    HistoryError : it comes from a newer FormCheck, is damaged or no history at all, or cannot be read or written.
    """
    asks = account()
    database = Database(chosen_place() if place is None else place)
    with contextlib.closing(database):
        with database.reading() as connection:
            # Nothing is changed in a file that is not ours or that is too new.
            revision = database.revision(connection)
        database.prepare_file(new=revision is None)
        if revision != HEAD:
            from formcheck.storage.history.upgrade import upgrade

            upgrade(database)
        scope = None
        if asks is not None:
            with database.reading() as connection:
                scope = scope_of(connection, asks)
            refuse_unscoped(database.engine)
        yield History(database, scope)


class History:
    """The saved sets and lifters; made by `open_history`, for use in one thread.

    All methods raise `HistoryError` when the history cannot be read or written. With a scope, sets and lifters outside
    of it are as if they were not there.
    """

    def __init__(self, database: Database, scope: Scope | None = None) -> None:
        self._database = database
        self.scope = scope
        self.where = database.where
        self.path = database.path
        self.folder = database.folder

    def check_writable(self) -> None:
        """Raise `HistoryError` where nothing can be saved, so that it is said before long work."""
        self._database.check_writable()

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
        other_lifter: OtherLifter = "copy",
    ) -> SavedSet:
        """Save a set, or renew what is saved of the same recording.

        Two sets with the same poses and the same lifter are one recording: the later report replaces the earlier one,
        while lifter, load, notes and times that are not told this time stay.

        Parameters
        ----------
        report : `Report.to_dict()`.
        poses : to judge the set again later.
        lifter : name; a new one is added to the lifters.
        settings : what the analysis was told; plain data.
        other_lifter : what becomes of a recording that is saved as another lifter's set already.
        """
        from formcheck.judging.report import Report

        lifter = self.saves_for(lifter)
        found = Report.from_dict(report)
        check_load_kg(found.load_kg)
        notes, name = clean_notes(notes), None if lifter is None else clean_name(lifter)
        values = {
            "saved_at": text_of(clock.now()),
            "filmed_at": None if filmed_at is None else text_of(filmed_at),
            "video_file": clean_text(found.video.file),
            "video_path": clean_text(str(video_path)),
            "notes": notes,
            **_report_values(report),
            "settings": json_of(settings or {}),
        }
        mark, npz = None, None
        if poses is not None:
            from formcheck.storage.history.recordings import fingerprint, npz_of

            mark, npz = fingerprint(poses), npz_of(poses)
        with self.writing():
            values["lifter_id"] = None if name is None else self._lifter_id(name)
            known = self._same_set(mark, values["lifter_id"], other_lifter)
            if known is None:
                set_id = self.insert({**values, "uid": uuid.uuid4().hex, "fingerprint": mark}, npz)
            else:
                set_id = known
                self.update(set_id, {k: v for k, v in values.items() if k not in TOLD or v not in (None, "")})
        return self.set(set_id)

    def saves_for(self, lifter: str | None) -> str | None:
        """Whose set one becomes that is saved for this lifter: on a server nobody's would be seen by nobody.

        Raises
        ------
        AccessError : the account may not save sets of that lifter, or has to say whose set it is.
        """
        if self.scope is None:
            return lifter
        if lifter is None and self.scope.own_name is None:
            raise AccessError(
                _("Say whose set it is: {account} coaches and is not a lifter here.", account=self.scope.account)
            )
        name = lifter or self.scope.own_name
        assert name is not None
        return self.lifter(name).name

    def set_of_another(self, poses: PoseSequence, lifter: str | None) -> SetSummary | None:
        """The set of the same recording that is another lifter's, where this lifter has none: saving asks or copies."""
        from formcheck.storage.history.recordings import fingerprint

        if lifter is None:
            return None
        mark, key = fingerprint(poses), _key(clean_name(lifter))
        with self._database.reading() as connection:
            same = _summaries().where(SETS.c.fingerprint == mark, self._visible()).order_by(SETS.c.id.desc())
            found = [summary_of(dict(row)) for row in connection.execute(same).mappings()]
        if not found or any(each.lifter is None or _key(each.lifter) == key for each in found):
            return None
        return found[0]

    def same_recording(self, set_id: int) -> tuple[SetSummary, ...]:
        """Other sets of the same recording as that set, the newest first: copies that belong to other lifters."""
        mark = sa.select(SETS.c.fingerprint).where(SETS.c.id == set_id).scalar_subquery()
        wanted = (
            _summaries()
            .where(SETS.c.fingerprint == mark, SETS.c.id != set_id, self._visible())
            .order_by(SETS.c.id.desc())
        )
        with self._database.reading() as connection:
            return tuple(summary_of(dict(row)) for row in connection.execute(wanted).mappings())

    def summaries(
        self,
        *,
        lifter: str | None = None,
        exercise: str | None = None,
        since: datetime | None = None,
        verdict: Verdict | None = None,
        tag: str | None = None,
        before: SetSummary | None = None,
        limit: int | None = None,
    ) -> tuple[SetSummary, ...]:
        """Saved sets in short, the newest first.

        Parameters
        ----------
        lifter, exercise : only of those; `NOBODY` for sets without a lifter. `HistoryError` for an unknown lifter.
        verdict : only sets with that one.
        tag : only sets with that tag in their notes, as `tags` lists them.
        since : only those that were filmed, or saved where that is not known, at that moment or later.
        before : the last set of the page before: what follows it. However many pages were read, each is as quick.
        limit : at most that many.
        """
        wanted = _narrowed(self._chosen(_summaries(), lifter, exercise, since), verdict, tag)
        if before is not None:
            # By what the row says, as the date of a damaged one may not be what it was ordered by.
            place = sa.select(SETS.c.time_ms).where(SETS.c.id == before.id).scalar_subquery()
            wanted = wanted.where(sa.tuple_(SETS.c.time_ms, SETS.c.id) < sa.tuple_(place, before.id))
        wanted = wanted.order_by(SETS.c.time_ms.desc(), SETS.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return tuple(summary_of(dict(row)) for row in connection.execute(wanted).mappings())

    def count(
        self,
        *,
        lifter: str | None = None,
        exercise: str | None = None,
        since: datetime | None = None,
        verdict: Verdict | None = None,
        tag: str | None = None,
    ) -> int:
        """How many sets `summaries` has."""
        counted = self._chosen(sa.select(sa.func.count()).select_from(SETS), lifter, exercise, since)
        wanted = _narrowed(counted, verdict, tag)
        with self._database.reading() as connection:
            return int(connection.execute(wanted).scalar_one())

    def tags(self) -> tuple[str, ...]:
        """All tags in the notes of sets, in the order of the alphabet."""
        with self._database.reading() as connection:
            notes = connection.execute(
                sa.select(SETS.c.notes).where(SETS.c.notes.contains("#"), self._visible())
            ).scalars()
            return tuple(sorted({tag for each in notes if isinstance(each, str) for tag in tags_of(each)}))

    def kinds(self, *, lifter: str | None = None) -> tuple[tuple[str | None, str], ...]:
        """Pairs of lifter and exercise of which there are sets, those of one lifter where that is told."""
        columns = sa.select(LIFTERS.c.name, SETS.c.exercise).select_from(_WITH_LIFTER).where(self._visible()).distinct()
        wanted = self._chosen(columns, lifter, None, None).order_by(LIFTERS.c.name, SETS.c.exercise)
        with self._database.reading() as connection:
            return tuple((name, str(exercise)) for name, exercise in connection.execute(wanted))

    def sets(
        self, *, lifter: str | None = None, exercise: str | None = None, limit: int | None = None
    ) -> tuple[SavedSet, ...]:
        """Saved sets with their reports, the newest first; `summaries` where these are not needed."""
        wanted = self._chosen(_whole_sets(), lifter, exercise, None).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(SETS.c.time_ms.desc(), SETS.c.id.desc())).mappings()
            return tuple(saved_set_of(dict(row)) for row in rows)

    def each_set(self) -> Iterator[SavedSet]:
        """All sets with their reports, a few in memory at a time, the newest first. Inside `reading`."""
        last: SetSummary | None = None
        while page := self.summaries(before=last, limit=PAGE):
            for last in page:
                yield self.set(last.id)

    def set(self, set_id: int) -> SavedSet:
        """The set of that number; `HistoryError` when there is none."""
        found = self.find_set(set_id)
        if found is None:
            raise HistoryError(
                _("There is no set {id} in the history: formcheck history shows what there is.", id=set_id)
            )
        return found

    def find_set(self, set_id: int) -> SavedSet | None:
        """The set of that number, None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(_whole_sets().where(SETS.c.id == set_id, self._visible())).mappings().first()
        return None if row is None else saved_set_of(dict(row))

    def poses(self, set_id: int) -> PoseSequence:
        """The poses of a set, to judge it again; `HistoryError` when they were not kept."""
        from formcheck.storage.history.recordings import poses_of

        npz = self.npz(self.set(set_id).id)
        if npz is None:
            raise HistoryError(_("The poses of set {id} were not kept: analyse its video again.", id=set_id))
        try:
            return poses_of(npz)
        except PoseFileError as error:
            raise HistoryError(_("The poses of set {id} are damaged: analyse its video again.", id=set_id)) from error

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
        """Change what is told, such as after judging the set again; None leaves a value as it is."""
        check_load_kg(load_kg)
        values: dict[str, Any] = {} if report is None else _report_values(report)
        values |= {} if load_kg is None else {"load_kg": load_kg}
        values |= {} if notes is None else {"notes": clean_notes(notes)}
        values |= {} if settings is None else {"settings": json_of(settings)}
        name = None if lifter is None else clean_name(lifter)
        self.set(set_id)
        with self.writing():
            if name is not None:
                values["lifter_id"] = self._lifter_id(name)
            if values:
                # Exported histories are merged by this time.
                self.update(set_id, {**values, "saved_at": text_of(clock.now())})
        return self.set(set_id)

    def delete_set(self, set_id: int) -> None:
        """Delete a set for good, with its kept video; `HistoryError` when there is none of that number.

        The video goes after the set, so that what cannot be deleted from the history keeps its video. `HistoryError`
        also tells of a video that stays behind; the next deletion tries it again.
        """
        uid = self.set(set_id).uid
        with self.writing() as connection:
            connection.execute(SETS.delete().where(SETS.c.id == set_id, self._visible()))
        self._forget_for_good([uid])

    def keep_video(self, set_id: int, source: Path) -> Path:
        """Keep a copy of the annotated video of a set beside the history; returns where it is."""
        path = video_path(self.folder, self.set(set_id).uid)
        keep(source, path)
        return path

    def video(self, set_id: int) -> Path | None:
        """The kept video of a set, None when none was kept."""
        path = video_path(self.folder, self.set(set_id).uid)
        return path if path.is_file() else None

    # --- lifters ---------------------------------------------------------------------------------------------------

    def lifters(self) -> tuple[Lifter, ...]:
        """All lifters by name."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(LIFTERS).where(self._visible(LIFTERS.c.id))).mappings().all()
        # Not by the database: servers order letters in their own ways.
        return tuple(lifter_of(dict(row)) for row in sorted(rows, key=lambda row: str(row["name_key"])))

    def lifter(self, name: str) -> Lifter:
        """The lifter of that name, whatever its case; `HistoryError` when there is none."""
        with self._database.reading() as connection:
            wanted = sa.select(LIFTERS).where(LIFTERS.c.name_key == _key(clean_name(name)))
            wanted = wanted.where(self._visible(LIFTERS.c.id))
            row = connection.execute(wanted).mappings().first()
        if row is None:
            raise self._unknown_lifter(name)
        return lifter_of(dict(row))

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
        self.only_whoever_runs_the_server(N_("give lifters other names"))
        old, new = self.lifter(name), clean_name(new_name)
        if _key(new) != _key(old.name) and any(_key(each.name) == _key(new) for each in self.lifters()):
            raise HistoryError(_("There is a lifter {name!r} already.", name=new))
        with self.writing() as connection:
            this = LIFTERS.c.name_key == _key(old.name)
            connection.execute(LIFTERS.update().where(this).values(name=new, name_key=_key(new)))
        return self.lifter(new)

    def delete_lifter(self, name: str, *, with_sets: bool = False) -> None:
        """Delete a lifter for good; without ``with_sets`` the sets stay as nobody's."""
        self.only_whoever_runs_the_server(N_("delete lifters"))
        key = _key(self.lifter(name).name)
        this, uids = LIFTERS.c.name_key == key, []
        with self.writing() as connection:
            if with_sets:
                mine = SETS.c.lifter_id == sa.select(LIFTERS.c.id).where(this).scalar_subquery()
                uids = [str(uid) for uid in connection.execute(sa.select(SETS.c.uid).where(mine)).scalars()]
                connection.execute(SETS.delete().where(mine))
            connection.execute(LIFTERS.delete().where(this))
        self._forget_for_good(uids, key)

    # --- for the modules of this package ---------------------------------------------------------------------------

    def only_whoever_runs_the_server(self, may: str) -> None:
        """`AccessError` for an account of a server, which may not do that; ``may`` is said of who may."""
        if self.scope is not None:
            raise AccessError(_("Only whoever runs this server may {may}.", may=_(may)))

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: everything in the block is kept, or nothing of it. A week's backup is made before it."""
        weekly(self._database)
        with self._database.writing() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One view of the data, whatever others write meanwhile."""
        with self._database.reading() as connection:
            yield connection

    def insert(self, values: Mapping[str, Any], npz: bytes | None) -> int:
        """A new set with its poses; returns its number. Inside `writing`."""
        row, apart = _parted(values)
        row["time_ms"] = time_ms_of(row["saved_at"], row["filmed_at"])
        with self._database.reading() as connection:
            set_id = _number_of_new(connection.execute(SETS.insert().values({"video_path": "", **row})))
            connection.execute(REPORTS.insert().values(set_id=set_id, **apart))
            if npz is not None:
                connection.execute(POSES.insert().values(set_id=set_id, npz=npz))
        return set_id

    def update(self, set_id: int, values: Mapping[str, Any]) -> None:
        """Other values of a set. Inside `writing`."""
        row, apart = _parted(values)
        this = sa.and_(SETS.c.id == set_id, self._visible())
        with self._database.reading() as connection:
            if apart:
                mine = REPORTS.c.set_id.in_(sa.select(SETS.c.id).where(this))
                connection.execute(REPORTS.update().where(mine).values(apart))
            if "saved_at" in row:
                before = connection.execute(sa.select(SETS.c.saved_at).where(this)).scalar()
                row["saved_at"] = later_than(row["saved_at"], before)
            if row:
                connection.execute(SETS.update().where(this).values(row))
            dates = connection.execute(sa.select(SETS.c.saved_at, SETS.c.filmed_at).where(this)).one()
            connection.execute(SETS.update().where(this).values(time_ms=time_ms_of(*dates)))

    def update_lifter(self, lifter: Lifter) -> int:
        """Add or replace a lifter; returns the number of its row. Inside `writing`."""
        number = self._lifter_id(lifter.name)
        values = {
            "name": lifter.name,
            "height_cm": lifter.height_cm,
            "back_injury": int(lifter.back_injury),
            "depth_target_thighs": lifter.depth_target_thighs,
            "neutral_back": json_of(lifter.neutral_back),
        }
        with self._database.reading() as connection:
            this = sa.and_(LIFTERS.c.id == number, self._visible(LIFTERS.c.id))
            connection.execute(LIFTERS.update().where(this).values(values))
        return number

    def npz(self, set_id: int) -> bytes | None:
        """The poses of a set as the contents of an `.npz` file."""
        with self._database.reading() as connection:
            # As bytes, also where a damaged SQLite row holds something else.
            wanted = sa.select(sa.cast(POSES.c.npz, sa.LargeBinary)).join_from(POSES, SETS, SETS.c.id == POSES.c.set_id)
            found = connection.execute(wanted.where(POSES.c.set_id == set_id, self._visible())).scalar()
        return None if found is None else bytes(found)

    def find(self, uid: str, mark: str | None, lifter: str | None) -> KnownSet | None:
        """The set of that uid, or else the one of that recording and lifter."""
        with self._database.reading() as connection:
            known_sets = sa.select(SETS.c.id, SETS.c.saved_at).where(self._visible())
            row = connection.execute(known_sets.where(SETS.c.uid == uid)).first()
            if row is None:
                lifter_id = None
                if lifter is not None:
                    lifter_id = connection.execute(self._lifter_named(lifter)).scalar()
                known = self._same_set(mark, lifter_id, "copy")
                row = connection.execute(known_sets.where(SETS.c.id == known)).first()
        return None if row is None else KnownSet(int(row[0]), moment_of(row[1]) or EPOCH)

    def _same_set(self, mark: str | None, lifter_id: int | None, other_lifter: OtherLifter) -> int | None:
        """The set that saving this recording for this lifter renews; None where it becomes a new one."""
        if mark is None:
            return None
        same = sa.select(SETS.c.id, SETS.c.lifter_id).where(SETS.c.fingerprint == mark, self._visible())
        same = same.order_by(SETS.c.id.desc())
        with self._database.reading() as connection:
            found = connection.execute(same).all()
        of_lifter = [set_id for set_id, whose in found if whose == lifter_id]
        of_nobody = [set_id for set_id, whose in found if whose is None]
        if lifter_id is None or other_lifter == "move":
            return next(iter([*of_lifter, *of_nobody, *(set_id for set_id, _ in found)]), None)
        return next(iter([*of_lifter, *of_nobody]), None)

    def _chosen(
        self, wanted: sa.Select[Any], lifter: str | None, exercise: str | None, since: datetime | None
    ) -> sa.Select[Any]:
        wanted = wanted.where(self._visible())
        if lifter == NOBODY:
            wanted = wanted.where(SETS.c.lifter_id.is_(None))
        elif lifter is not None:
            with self._database.reading() as connection:
                number = connection.execute(self._lifter_named(clean_name(lifter))).scalar()
            if number is None:
                raise self._unknown_lifter(lifter)
            wanted = wanted.where(SETS.c.lifter_id == number)
        if exercise is not None:
            wanted = wanted.where(SETS.c.exercise == exercise)
        if since is not None:
            wanted = wanted.where(SETS.c.time_ms >= time_ms_of(text_of(since), None))
        return wanted

    def _visible(self, column: sa.ColumnElement[Any] = SETS.c.lifter_id) -> sa.ColumnElement[bool]:
        """The condition that the lifter in this column may be seen by whoever asks."""
        return sa.true() if self.scope is None else self.scope.of_lifters(column)

    def _lifter_named(self, name: str) -> sa.Select[Any]:
        """The row of the lifter of that name."""
        return sa.select(LIFTERS.c.id).where(LIFTERS.c.name_key == _key(name), self._visible(LIFTERS.c.id))

    def _unknown_lifter(self, name: str) -> HistoryError:
        if self.scope is not None:
            # The same for one who is not there and one who is another's: neither may be told apart.
            return AccessError(
                _(
                    "There is no lifter {name!r} among those of {account}.",
                    name=clean_name(name),
                    account=self.scope.account,
                )
            )
        names = ", ".join(lifter.name for lifter in self.lifters())
        others = f", only: {names}" if names else _(": it has no lifters yet")
        return HistoryError(
            _("There is no lifter {name!r} in the history{others}.", name=clean_name(name), others=others)
        )

    def _lifter_id(self, name: str) -> int:
        with self._database.reading() as connection:
            found = connection.execute(self._lifter_named(name)).scalar()
            if found is None and self.scope is not None:
                raise self._unknown_lifter(name)
            if found is None:
                new = {"name": name, "name_key": _key(name), "back_injury": 0, "neutral_back": "{}"}
                found = _number_of_new(connection.execute(LIFTERS.insert().values(new)))
        return int(found)

    def _forget_for_good(self, uids: Sequence[str], lifter_key: str | None = None) -> None:
        """Remove what is left of deleted sets and of a lifter: in the log, in backups, and videos without a set."""
        with self._database.errors():
            self._database.tell_file("PRAGMA wal_checkpoint(TRUNCATE)")
        delete_from_backups(self.folder, uids, lifter_key)
        # Listed before the sets are: a set is saved before its video is kept, so that a new one is never taken for old.
        videos = kept_videos(self.folder)
        with self._database.reading() as connection:
            # Of everybody: what is not in this account's scope is not left over.
            every = sa.select(SETS.c.uid).execution_options(**{FOR_EVERYBODY: True})
            here = set(connection.execute(every).scalars())
        forget([path for uid, path in videos.items() if uid not in here])


# --- statements ----------------------------------------------------------------------------------------------------

_WITH_LIFTER = SETS.outerjoin(LIFTERS, LIFTERS.c.id == SETS.c.lifter_id)


@functools.cache
def _summaries() -> sa.Select[Any]:
    has_poses = sa.exists().where(POSES.c.set_id == SETS.c.id).label("has_poses")
    return sa.select(SETS, LIFTERS.c.name.label("lifter"), has_poses).select_from(_WITH_LIFTER)


@functools.cache
def _whole_sets() -> sa.Select[Any]:
    joined = _WITH_LIFTER.outerjoin(REPORTS, REPORTS.c.set_id == SETS.c.id)
    return _summaries().add_columns(REPORTS.c.report, REPORTS.c.settings).select_from(joined)


def _narrowed(wanted: sa.Select[Any], verdict: Verdict | None, tag: str | None) -> sa.Select[Any]:
    if verdict is not None:
        wanted = wanted.where(SETS.c.verdict == str(verdict))
    if tag is not None:
        # Tags are words: with a space to both sides a longer one does not match.
        lines = sa.func.lower(sa.func.replace(sa.func.replace(SETS.c.notes, "\n", " "), "\t", " "))
        wanted = wanted.where((sa.literal(" ") + lines + " ").contains(f" #{tag} ", autoescape=True))
    return wanted


def _report_values(report: Mapping[str, Any]) -> dict[str, Any]:
    """All columns that a report fills, the report itself as well; `ReportError` where it is none."""
    return {**report_columns(report), "report": json_of(report)}


def _parted(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What belongs into the row of a set, and what into that of its report."""
    row = {name: value for name, value in values.items() if name not in IN_REPORTS}
    return row, {name: values[name] for name in IN_REPORTS if name in values}


def _number_of_new(done: sa.CursorResult[Any]) -> int:
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])


def lifter_of(row: Mapping[str, Any]) -> Lifter:
    """A lifter; of one whose row is damaged, what can be read."""
    height_cm, target = (
        value if isinstance(value := row[name], int | float) else None for name in ("height_cm", "depth_target_thighs")
    )
    known = Lifter(row["name"], back_injury=bool(row["back_injury"]))
    with contextlib.suppress(UsageError):
        known = replace(known, height_cm=height_cm)
    with contextlib.suppress(UsageError):
        known = replace(known, depth_target_thighs=target)
    with contextlib.suppress(UsageError, ValueError, TypeError, AttributeError):
        known = replace(known, neutral_back=json.loads(row["neutral_back"]))
    return known


def _key(name: str) -> str:
    return name.casefold()
