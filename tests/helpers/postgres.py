"""A PostgreSQL server for tests: on a free port, with its data in a folder of its own; stopped and removed after.

It is installed by ``apt-get install postgresql``, as `.ci/run` does; where it is not, tests that need it are skipped.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = "formcheck"
COUNT = itertools.count(1)


def programs() -> Path | None:
    """The folder with PostgreSQL's programs, the newest where there are several; None where there is none."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    # Debian keeps them out of the way of its own wrappers.
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A running server; its address without a database."""
    folder = programs()
    assert folder is not None
    with tempfile.TemporaryDirectory(prefix="formcheck-postgres-", ignore_cleanup_errors=True) as home:
        data = Path(home) / "data"
        # It refuses to run as root.
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if owner:
            shutil.chown(home, "postgres", "postgres")

        def run(program: str, *arguments: str) -> None:
            # A server that goes on must not hold a pipe of ours open.
            with (Path(home) / f"{program}.txt").open("wb") as log:
                subprocess.run(
                    [str(folder / program), "-D", str(data), *arguments],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=home,
                    **owner,  # type: ignore[call-overload]
                )

        run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "-w", "-l", str(Path(home) / "server.txt"), "-o", options, "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


@contextlib.contextmanager
def database(address: str) -> Iterator[str]:
    """An empty database on that server; its address."""
    import psycopg

    name = f"history{os.getpid()}_{next(COUNT)}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{address}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
