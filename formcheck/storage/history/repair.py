"""What can be read of a damaged history goes into a new file, which takes its place; the old one is kept beside it.

Rows are read one by one, as one that cannot be read must not hide those behind it. A set whose report is damaged keeps
its number, date, lifter, load, notes and poses, so that it can be judged again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from formcheck.core.errors import FormCheckError, HistoryError
from formcheck.core.words import _
from formcheck.storage import clock
from formcheck.storage.history import teams
from formcheck.storage.history.backups import STAMP, backups
from formcheck.storage.history.columns import EPOCH, json_of, report_columns, saved_set_of, text_of
from formcheck.storage.history.database import BUSY_S, chosen_place, history_errors
from formcheck.storage.history.recordings import poses_of
from formcheck.storage.history.records import UNKNOWN_TIME, Lifter, SavedSet
from formcheck.storage.history.store import History, lifter_of, open_history
from formcheck.storage.history.tables import APPLICATION_ID

MOST_NUMBERS = 1_000_000
"""Numbers of sets that are tried one by one; a larger one in a damaged file is damage."""


@dataclass(frozen=True)
class Repaired:
    """What a repair did.

    Attributes
    ----------
    sets, lifters : how many there are now.
    problems : what is lost or was made up, a sentence each without its full stop; empty = nothing was damaged.
    path : the history.
    kept : the history as it was; None when nothing was damaged, and nothing was changed.
    """

    sets: int
    lifters: int
    problems: tuple[str, ...]
    path: Path
    kept: Path | None


def repair_history(path: Path | None = None) -> Repaired:
    """Save what can be read of the history at ``path`` (default: the user's own).

    Raises
    ------
    HistoryError : there is no history, it is on a server, nothing of it can be read, or the new file cannot be written.
    """
    place = path or chosen_place()
    if not isinstance(place, Path):
        raise HistoryError(_("A history on a server is repaired there, from the backups of the server."))
    if not place.is_file():
        raise HistoryError(_("There is no history at {place}.", place=place))
    with (
        history_errors(str(place)),
        tempfile.TemporaryDirectory(prefix=".repair-", dir=place.parent) as folder,
    ):
        fresh = Path(folder) / place.name
        damaged = _Damaged(place)
        with contextlib.closing(damaged), open_history(fresh) as history:
            _salvage(damaged, history)
            sets, lifters = history.count(), len(history.lifters())
        problems = tuple(damaged.problems)
        kept = _take_place(fresh, place) if problems else None
    return Repaired(sets, lifters, problems, place, kept)


class _Damaged:
    """A history file that is read row by row, whatever its version; nobody else writes into it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.problems: list[str] = []
        self._file = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        self._file.row_factory = sqlite3.Row
        self._file.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            self._file.execute("BEGIN IMMEDIATE")
            if self._value("PRAGMA application_id") != APPLICATION_ID:
                raise HistoryError(_("{path} is not a FormCheck history: move it away.", path=path))
        except sqlite3.DatabaseError as error:
            self.close()
            older = backups(path.parent)
            rest = _("; the newest backup is {path}: put it in its place", path=older[-1][2]) if older else ""
            raise HistoryError(
                _("Nothing of {path} can be read ({error}){rest}.", path=path, error=error, rest=rest)
            ) from error
        except HistoryError:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def last_number(self) -> int:
        """The highest number that was ever given to a set; 0 when that cannot be read."""
        found = self._value("SELECT seq FROM sqlite_sequence WHERE name = 'sets'")
        return found if isinstance(found, int) and 0 <= found <= MOST_NUMBERS else 0

    def numbers(self) -> list[int]:
        """Numbers that sets may have."""
        found = set(range(1, self.last_number() + 1))
        for sql in ("SELECT id FROM sets", "SELECT set_id FROM reports", "SELECT set_id FROM poses"):
            found |= {row[0] for row in self._rows(sql)}
        return sorted(number for number in found if isinstance(number, int))

    def lifters(self) -> Iterator[tuple[int, Lifter]]:
        """Lifters with the numbers of their rows."""
        for row in self._rows("SELECT * FROM lifters"):
            known = {"depth_target_thighs": None, "neutral_back": "{}", **dict(row)}
            with contextlib.suppress(FormCheckError, TypeError, AttributeError):
                yield int(row["id"]), lifter_of(known)

    def accounts(self) -> Iterator[tuple[str, object, list[str]]]:
        """Accounts with the rows of their lifters, and the teams that they coach."""
        for row in self._rows("SELECT id, name, lifter_id FROM accounts"):
            coached = (
                "SELECT t.name FROM team_coaches AS c JOIN teams AS t ON t.id = c.team_id "
                f"WHERE c.account_id = {int(row['id'])}"
            )
            yield row["name"], row["lifter_id"], [each[0] for each in self._rows(coached)]

    def teams(self) -> Iterator[tuple[str, list[object]]]:
        """Teams with the rows of their lifters."""
        for row in self._rows("SELECT id, name FROM teams"):
            members = f"SELECT lifter_id FROM team_lifters WHERE team_id = {int(row['id'])}"
            yield row["name"], [each[0] for each in self._rows(members)]

    def set(self, number: int) -> tuple[SavedSet, Mapping[str, Any]] | None:
        """A set with its row; None when there is none of that number, or nothing of it can be read."""
        try:
            row = self._file.execute("SELECT * FROM sets WHERE id = ?", [number]).fetchone()
        except sqlite3.DatabaseError:
            self.problems.append(f"Set {number} is lost: nothing of it can be read")
            return None
        if row is None:
            return None
        facts = {"video_path": "", "report": None, "settings": "{}", "lifter": None, "has_poses": False, **dict(row)}
        with contextlib.suppress(sqlite3.DatabaseError):  # what stays without a report is told of as damage
            apart = self._file.execute("SELECT report, settings FROM reports WHERE set_id = ?", [number]).fetchone()
            facts |= {} if apart is None else dict(apart)
        return saved_set_of(facts), facts

    def npz(self, number: int) -> bytes | None:
        """The poses of a set; None when there are none, or they are damaged."""
        try:
            row = self._file.execute("SELECT CAST(npz AS BLOB) FROM poses WHERE set_id = ?", [number]).fetchone()
            if row is None:
                return None
            poses_of(row[0])
            return bytes(row[0])
        except (sqlite3.DatabaseError, FormCheckError, TypeError):
            self.problems.append(f"The poses of set {number} are lost: it cannot be judged again")
            return None

    def _rows(self, sql: str) -> Iterator[sqlite3.Row]:
        """Rows up to one that cannot be read."""
        with contextlib.suppress(sqlite3.DatabaseError):
            yield from self._file.execute(sql)

    def _value(self, sql: str) -> object:
        row = self._file.execute(sql).fetchone()
        return None if row is None else row[0]


def _salvage(damaged: _Damaged, history: History) -> None:
    called: dict[int, str] = {}
    with history.writing() as connection:
        names: dict[int, int] = {}
        for number, lifter in damaged.lifters():
            names[number] = history.update_lifter(lifter)
            called[number] = lifter.name
        for number in damaged.numbers():
            found = damaged.set(number)
            if found is None:
                continue
            saved, row = found
            whose = row.get("lifter_id")
            if isinstance(whose, int) and whose not in names:
                names[whose] = history.update_lifter(Lifter(f"Lifter {whose}"))
                damaged.problems.append(f"The name of lifter {whose} is lost")
            damaged.problems += _told(saved)
            values = {**_values(saved, row), "id": number, "lifter_id": names.get(whose)}  # type: ignore[arg-type]
            history.insert(values, damaged.npz(number))
        last = damaged.last_number()
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'sets'", (last,))
    _salvage_teams(damaged, history, called)


def _salvage_teams(damaged: _Damaged, history: History, called: Mapping[int, str]) -> None:
    """Who may see what, by the names of lifters; whose row is damaged has to be given an account again."""

    def lifter(row: object) -> str | None:
        return called.get(row) if isinstance(row, int) else None

    for name, members in damaged.teams():
        with contextlib.suppress(FormCheckError, TypeError, AttributeError):
            teams.add_to_team(history, name, [found for each in members if (found := lifter(each)) is not None])
    for name, whose, coached in damaged.accounts():
        with contextlib.suppress(FormCheckError, TypeError, AttributeError):
            teams.save_account(history, name, lifter(whose))
            for team in coached:
                teams.add_to_team(history, team, coaches=[name])


def _told(saved: SavedSet) -> Iterable[str]:
    if saved.unreadable:
        yield f"The report of set {saved.id} is lost: judge the set again"
    for part in saved.damage:
        if part != "report":
            yield f"Of set {saved.id} this is lost: {part}"


def _values(saved: SavedSet, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a sound row."""
    report = saved.report.to_dict() if saved.unreadable else saved.report_data
    when = saved.saved_at
    if when == UNKNOWN_TIME:
        ordered_by = row.get("time_ms")
        when = EPOCH + timedelta(milliseconds=ordered_by if isinstance(ordered_by, int) else 0)
    mark = row.get("fingerprint")
    return {
        **report_columns(report),
        "report": json_of(report),
        "settings": json_of(saved.settings),
        "uid": saved.uid or uuid.uuid4().hex,
        "fingerprint": mark if isinstance(mark, str) else None,
        "saved_at": text_of(when),
        "filmed_at": None if saved.filmed_at is None else text_of(saved.filmed_at),
        "video_file": saved.video_file,
        "video_path": saved.video_path,
        "exercise": saved.exercise,
        "variant": saved.variant,
        "load_kg": saved.load_kg,
        "notes": saved.notes,
    }


def _take_place(fresh: Path, path: Path) -> Path:
    """Put the new file where the old one is; returns where that is kept."""
    kept = path.with_name(f"{path.stem}-damaged-{clock.now():{STAMP}}{path.suffix}")
    for ending in ("-wal", ""):
        source = path.with_name(path.name + ending)
        if source.exists():
            _keep(source, kept.with_name(kept.name + ending))
    # A log of the old file must never be taken for one of the new file.
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    os.replace(fresh, path)
    return kept


def _keep(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # some disks cannot link
        shutil.copyfile(source, target)
        target.chmod(0o600)
