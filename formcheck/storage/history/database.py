"""Where the history is: an SQLite file, or a PostgreSQL server; connections, transactions, and errors in words.

On SQLite one process writes at a time and others wait; several read meanwhile. A server is used in the same way, so
that the rest of the package need not know which one it is: whoever writes locks the table of sets against other
writers.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from formcheck.core.errors import HistoryError, UsageError
from formcheck.core.words import _
from formcheck.storage.history.read_only import ReadOnlyFile, can_only_be_read, open_read_only
from formcheck.storage.history.tables import APPLICATION_ID, HEAD, OLD_STEPS, OLD_STEPS_TABLE, VERSION_TABLE

FILE_NAME = "history.sqlite3"
FOLDER_VARIABLE = "FORMCHECK_HISTORY_DIR"
URL_VARIABLE = "FORMCHECK_HISTORY_URL"

BUSY_S = 20.0
"""How long to wait for another process that is writing; the longest write, an import, takes a few seconds."""

CONNECT_S = 10
"""How long to wait for a server that does not answer."""

LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's code of a lock that another one holds."""


def default_path() -> Path:
    """Where the history is: in the user's data folder, or in the folder that FORMCHECK_HISTORY_DIR names."""
    folder = os.environ.get(FOLDER_VARIABLE)
    data = Path(folder).expanduser().absolute() if folder else platformdirs.user_data_path("formcheck")
    return data / FILE_NAME


def chosen_place() -> Path | str:
    """The server that FORMCHECK_HISTORY_URL names, or else `default_path`."""
    return os.environ.get(URL_VARIABLE) or default_path()


class Database:
    """An open history, for use in one thread; closed by `close`.

    Attributes
    ----------
    where : file or address, as people are told; without a password.
    path : the file; None for a server.
    folder : where kept videos and backups of this history are on this machine.
    engine : SQLAlchemy's, with the one connection.
    """

    def __init__(self, place: Path | str) -> None:
        self._begin = "BEGIN"
        self.path: Path | None = None
        self._file: sqlite3.Connection | None = None
        self._sealed: ReadOnlyFile | None = None
        url = _server_of(place)
        if url is None:
            self.path = Path(place)
            self.folder, self.where = self.path.parent, str(self.path)
        else:
            self.where = url.set(drivername="postgresql").render_as_string(hide_password=True)
            # Two histories must not take each other's videos for left over ones.
            mark = hashlib.sha256(f"{url.host}:{url.port}/{url.database}".encode()).hexdigest()[:12]
            self.folder = default_path().parent / f"server-{mark}"
        with self.errors():
            self.engine = self._file_engine(self.path) if self.path is not None else _server_engine(url)
        try:
            with self.errors():
                self._connection = self.engine.connect()
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def is_file(self) -> bool:
        """True for SQLite, False for a server."""
        return self.path is not None

    @property
    def can_only_be_read(self) -> bool:
        """True for a file that this user may not write to."""
        return self._sealed is not None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self.engine.dispose()
        if self._file is not None:
            self._file.close()
        if self._sealed is not None:
            self._sealed.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One view of the data, whatever others write meanwhile; the transaction around it where there is one."""
        if self._connection.in_transaction():
            with self.errors():
                yield self._connection
            return
        with self.errors(), self._connection.begin():
            if not self.is_file:
                self._connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: everything in the block is kept, or nothing of it."""
        self.check_writable()
        with self.errors(), self._exclusive():
            if not self.is_file:
                self._wait_for("LOCK TABLE sets IN SHARE ROW EXCLUSIVE MODE")
            yield self._connection

    @contextlib.contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """As `writing`, for changes of the tables: one process migrates, others wait and find nothing left to do."""
        self.check_writable()
        with self.errors():
            # Making a table again must not delete what belongs to its rows. Only outside of a transaction.
            self.tell_file("PRAGMA foreign_keys = OFF")
            try:
                with self._exclusive():
                    if not self.is_file:
                        self._wait_for(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")
                    yield self._connection
            finally:
                self.tell_file("PRAGMA foreign_keys = ON")

    def check_writable(self) -> None:
        """Raise `HistoryError` for a file that can only be read."""
        if self._sealed is not None:
            raise HistoryError(
                _(
                    "{place} can only be read here, so nothing is changed in it: check who may write to it "
                    "and its folder, or name another folder in {folder}.",
                    place=self.where,
                    folder=FOLDER_VARIABLE,
                )
            )

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Errors of the database and of the disk become `HistoryError`."""
        with history_errors(self.where):
            yield

    def revision(self, connection: sa.Connection) -> str | None:
        """The newest step that was done here; None for an empty database.

        `HistoryError` when it is not a history, or one of a newer FormCheck; nothing is changed in it.
        """
        tables = self._tables(connection)
        if not tables:
            return None
        if VERSION_TABLE in tables and self._is_ours(connection):
            found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalars().all()
            if len(found) == 1 and not _is_step(found[0]):
                raise HistoryError(
                    _("{place} is damaged: move it away, or put a backup in its place.", place=self.where)
                )
            if len(found) == 1 and found[0] > HEAD:
                raise HistoryError(
                    _("{place} was written by a newer FormCheck: update FormCheck to use it.", place=self.where)
                )
            if len(found) == 1:
                return str(found[0])
        elif OLD_STEPS_TABLE in tables and self._is_ours(connection):
            sql = f"SELECT name FROM {OLD_STEPS_TABLE} WHERE migration_set = 'formcheck-history'"
            done = set(connection.exec_driver_sql(sql).scalars())
            if done - OLD_STEPS.keys():
                raise HistoryError(
                    _("{place} was written by a newer FormCheck: update FormCheck to use it.", place=self.where)
                )
            if done:
                return max(OLD_STEPS[name] for name in done)
        raise HistoryError(_("{place} is not a FormCheck history: move it away.", place=self.where))

    def tell_file(self, pragma: str) -> None:
        """Say something to SQLite outside of any transaction; nothing for a server."""
        if self._file is not None:
            self._file.execute(pragma).fetchall()

    def prepare_file(self, new: bool) -> None:
        """What holds for a connection to an SQLite file, and once for a new one."""
        if self._file is None or self._sealed is not None:
            return
        with self.errors():
            # These two are set once for the file; setting them again would wait for others that write.
            if new:
                self.tell_file("PRAGMA auto_vacuum = FULL")
            if self._file.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # also a backup in its place
                _patiently(lambda: self.tell_file("PRAGMA journal_mode = WAL"))
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                self.tell_file(f"PRAGMA {pragma}")

    def copy_file(self, target: sqlite3.Connection) -> None:
        """Copy the whole SQLite file, as it is at one moment, into another database."""
        assert self._file is not None
        with self.errors():
            self._file.backup(target)

    def copy_without_poses(self, target: sqlite3.Connection) -> None:
        """Copy the SQLite file, as it is at one moment, into another database, with an empty table of poses."""
        assert self._file is not None
        with self.reading():
            made = self._file.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            target.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            target.execute("BEGIN")
            for kind in ("table", "index"):
                for each, name, sql in made:
                    if each == kind and not name.startswith("sqlite_"):
                        target.execute(sql)
            # SQLite's own table of numbers that were given is there as soon as a table counts.
            target.execute("DELETE FROM sqlite_sequence")
            for name in (name for kind, name, _ in made if kind == "table" and name != "poses"):
                rows = self._file.execute(f"SELECT * FROM {name}")
                marks = ", ".join("?" * len(rows.description))
                target.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
                if name == "sets":
                    target.execute("DELETE FROM sqlite_sequence")
            target.execute("COMMIT")

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        # Taking the lock at once, rather than at the first write, is what lets SQLite wait for it.
        self._begin = "BEGIN IMMEDIATE"
        try:
            transaction = self._connection.begin()
        finally:
            self._begin = "BEGIN"
        with transaction:
            yield

    def _wait_for(self, sql: str) -> None:
        self._connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(1000 * BUSY_S)}")
        self._connection.exec_driver_sql(sql)

    def _tables(self, connection: sa.Connection) -> set[str]:
        if self.is_file:
            sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            return set(connection.exec_driver_sql(sql).scalars())
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        return set(connection.exec_driver_sql(sql).scalars())

    def _is_ours(self, connection: sa.Connection) -> bool:
        return not self.is_file or connection.exec_driver_sql("PRAGMA application_id").scalar() == APPLICATION_ID

    def _file_engine(self, path: Path) -> sa.Engine:
        """One connection to the file, whose transactions begin when and how we say."""
        if can_only_be_read(path):
            self._sealed = open_read_only(path, BUSY_S)
            file = self._sealed.connection
        else:
            _make_private(path)
            file = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        # A damaged row may hold bytes that are not text: the others are to be read all the same.
        file.text_factory = lambda raw: raw.decode("utf-8", "replace")
        self._file = file
        engine = sa.create_engine("sqlite://", creator=lambda: file, poolclass=StaticPool)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(self._begin))
        return engine


def _server_of(place: Path | str) -> sa.URL | None:
    """The server that a place names; None for a file."""
    if isinstance(place, Path):
        return None
    try:
        url = sa.make_url(place)
    except sa.exc.ArgumentError as error:
        raise UsageError(
            _(
                "{variable} is not an address: write it like postgresql://user@server/formcheck.",
                variable=URL_VARIABLE,
            )
        ) from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise UsageError(
            _(
                "{variable} is not the address of a PostgreSQL server: {folder} chooses a folder.",
                variable=URL_VARIABLE,
                folder=FOLDER_VARIABLE,
            )
        )
    return url.set(drivername="postgresql+psycopg")


def _server_engine(url: sa.URL | None) -> sa.Engine:
    assert url is not None
    try:
        return sa.create_engine(url, poolclass=StaticPool, connect_args={"connect_timeout": CONNECT_S})
    except ModuleNotFoundError as error:
        raise HistoryError(_("A history on a server needs psycopg: pip install 'formcheck[server]'.")) from error


def _is_step(found: object) -> bool:
    """Whether a damaged file could say this of itself: steps are numbered from 0001 on."""
    return isinstance(found, str) and len(found) == 4 and found.isdecimal() and found > "0000"


def _make_private(path: Path) -> None:
    """Make the file and its folder, readable by their owner only; SQLite makes its helper files alike."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _patiently(work: Callable[[], object]) -> None:
    """SQLite does not wait by itself when two processes switch a new file to write-ahead logging."""
    end_s = time.monotonic() + BUSY_S
    while True:
        try:
            work()
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > end_s:
                raise
            time.sleep(0.02)


def _is_busy(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF == sqlite3.SQLITE_BUSY or getattr(error, "sqlstate", None) == LOCK_NOT_AVAILABLE


@contextlib.contextmanager
def history_errors(where: str) -> Iterator[None]:
    """Errors of the database and of the disk become `HistoryError`."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _in_words(where, error.orig) from error
    except sqlite3.Error as error:
        raise _in_words(where, error) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HistoryError(
            _(
                "{place} cannot be used ({reason}): check the folder and who may write there.",
                place=where,
                reason=reason,
            )
        ) from error


def _in_words(where: str, error: Any) -> HistoryError:
    said = " ".join(str(error).split()) or type(error).__name__
    if _is_busy(error):
        return HistoryError(f"{where} is in use by another program: try again when that is done.")
    if not isinstance(error, sqlite3.Error):
        return HistoryError(f"{where} cannot be used ({said}): check the server and {URL_VARIABLE}.")
    if isinstance(error, sqlite3.OperationalError):
        return HistoryError(f"{where} cannot be used ({said}): make room, or check who may write there.")
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
        return HistoryError(f"{where} is damaged or is not a FormCheck history ({said}): move it away.")
    return HistoryError(f"{where} is damaged ({said}): formcheck history repair saves what can be read of it.")
