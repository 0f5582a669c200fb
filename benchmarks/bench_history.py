"""How quick the history is when it is large: the commands, the app's page, an export, and pages on a server.

    python -m benchmarks.bench_history [--sets 5000] [--server-sets 100000] [--rounds 5] [--only PART ...]

The sets are those of fifty lifters: movements of stick figures, analysed once and saved again and again under other
dates, with whole reports and with poses. Commands run in processes of their own, as people run them, in turns with
``formcheck --help``, so that a busy machine slows both; processor time is what a quiet machine would take. On the
server (PostgreSQL from the system, started here with an empty folder) every page is read by a connection that is open
already. The table goes to the terminal and to benchmarks/results/history.md.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks.movements import deadlift, film, squat, swing
from benchmarks.scores import markdown_table, median
from formcheck.core.poses import PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.storage.history.columns import json_of, report_columns, text_of
from formcheck.storage.history.database import FOLDER_VARIABLE
from formcheck.storage.history.recordings import npz_of
from formcheck.storage.history.records import Lifter
from formcheck.storage.history.store import History, open_history
from formcheck.storage.history.tables import SETS
from tests.helpers import postgres

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "history.md"

LIFTERS = 50
FIRST_DAY = datetime(2020, 1, 1, 18, 0, tzinfo=UTC)
BETWEEN = timedelta(minutes=41)
PAGE = 20
PARTS = ["commands", "export", "app", "server"]

PAGE_OF_THE_APP = """
import os, resource, statistics, sys, time
from pathlib import Path
from streamlit.testing.v1 import AppTest
from formcheck.app import components
import formcheck.app.pages.history_page

def opened(at):
    started = time.perf_counter(), time.process_time()
    at.run()
    assert not at.exception, at.exception
    return time.perf_counter() - started[0], time.process_time() - started[1]

def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

at = AppTest.from_file({app!r}, default_timeout=600)
at.session_state[components.GO] = "history"
opened(at)  # an empty history: what is imported once is imported
before = memory()
os.environ["FORMCHECK_HISTORY_DIR"] = {folder!r}
first = opened(at)
again = [statistics.median(each) for each in zip(*(opened(at) for _ in range(5)))]
print(*first, *again, memory() - before)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the histories, measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=5000)
    parser.add_argument("--server-sets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure a part, and write no file")
    told = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    parts, rows = told.only or PARTS, []
    with tempfile.TemporaryDirectory(prefix="formcheck-history-") as home:
        folder = Path(home) / "large"
        if parts != ["server"]:
            with open_history(folder / "history.sqlite3") as history:
                fill(history, told.sets)
        if "commands" in parts:
            rows += commands(folder, Path(home) / "empty", told.sets, told.rounds)
        if "export" in parts:
            rows += export(folder, Path(home) / "all.zip", told.sets)
        if "app" in parts:
            rows += app_page(folder, Path(home) / "empty", told.sets)
    if "server" in parts:
        if postgres.programs() is None:
            print("PostgreSQL is missing: the server is left out.", file=sys.stderr)
        else:
            rows += server_pages(told.server_sets, told.rounds)
    table = markdown_table(["what", "sets", "measured", "aim"], rows, left=1)
    print(table)
    if told.only is None:
        about = (
            f"Measured on {os.cpu_count()} cores, Python {platform.python_version()}; "
            f"the machine's load when it began was {load:.1f}."
        )
        RESULTS.write_text(f"# The history\n\n{about}\n\n{table}\n", encoding="utf-8")
    return 0


# --- histories -----------------------------------------------------------------------------------------------------


def recorded() -> list[tuple[dict[str, Any], PoseSequence]]:
    """A report with its poses of each lift."""
    rng = np.random.default_rng(18)
    found = []
    for move, name in ((deadlift, "deadlift"), (squat, "squat"), (swing, "kettlebell-swing")):
        # Some of these movements are cut off; a set that is saved has repetitions.
        tries = (film(rng, move(rng)) for _ in range(100))
        judged = ((analyze(poses, name), poses) for poses in tries)
        found.append(next((report.to_dict(), poses) for report, poses in judged if len(report.reps) > 2))
    return found


def fill(history: History, count: int) -> None:
    """Save that many sets."""
    kinds = [(report_columns(report), json_of(report), npz_of(poses)) for report, poses in recorded()]
    with history.writing():
        lifters = [history.update_lifter(Lifter(f"Lifter {number:02}")) for number in range(LIFTERS)]
        for number in range(count):
            columns, report, npz = kinds[number % len(kinds)]
            when = text_of(FIRST_DAY + number * BETWEEN)
            values = {
                **columns,
                "report": report,
                "settings": "{}",
                "load_kg": 60.0 + number % 80,
                "uid": uuid4().hex,
                "fingerprint": uuid4().hex,
                "saved_at": when,
                "filmed_at": when,
                "lifter_id": lifters[number % LIFTERS],
                "video_file": f"set-{number}.mp4",
                "notes": "",
            }
            history.insert(values, npz)


def fill_server(history: History, count: int) -> None:
    """As `fill`, but most of them by copying rows within the server."""
    base = min(count, 1000)
    fill(history, base)
    step_ms = int(BETWEEN.total_seconds() * 1000) * base
    with history.writing() as connection:
        chosen = ", ".join(column.name for column in SETS.columns if column.name not in ("id", "uid", "time_ms"))
        connection.exec_driver_sql(
            f"INSERT INTO sets (id, uid, time_ms, {chosen}) "
            f"SELECT id + {base} * k, md5(random()::text || id::text || k::text), time_ms + {step_ms}::bigint * k, "
            f"{chosen} FROM sets, generate_series(1, {count // base - 1}) AS k"
        )
        connection.exec_driver_sql(
            f"INSERT INTO reports (set_id, report, settings) SELECT set_id + {base} * k, report, settings "
            f"FROM reports, generate_series(1, {count // base - 1}) AS k"
        )
        connection.exec_driver_sql("SELECT setval('sets_id_seq', (SELECT max(id) FROM sets))")
        connection.exec_driver_sql("ANALYZE")


# --- measuring -----------------------------------------------------------------------------------------------------


def run(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Seconds on the clock and of the processor that a command takes."""
    environment = {**os.environ, FOLDER_VARIABLE: str(folder), "PYTHONPATH": str(ROOT)}
    # As an installed program has it: compiled once, not at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(folder.parent / "compiled")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "formcheck", *words], env=environment, check=True, stdout=subprocess.DEVNULL, cwd=ROOT
    )
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands(folder: Path, empty: Path, count: int, rounds: int) -> list[list[str]]:
    """The commands, beside what starting costs."""
    asked = {
        "`formcheck --help`": (["--help"], empty),
        "`formcheck history`, nothing saved": (["history"], empty),
        "`formcheck history`": (["history"], folder),
        "`formcheck history --lifter --exercise`, with trends": (
            ["history", "--lifter", "Lifter 07", "--exercise", "squat"],
            folder,
        ),
        "`formcheck history --all`": (["history", "--all"], folder),
    }
    for words, where in asked.values():
        run(words, where)
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for _, (name, (words, where)) in itertools.product(range(rounds), asked.items()):
        seen[name].append(run(words, where))
    start = median([cpu_s for _, cpu_s in seen["`formcheck --help`"]])
    rows = []
    for name, times in seen.items():
        wall_s, cpu_s = (median([each[place] for each in times]) for place in (0, 1))
        beyond = "" if "--help" in name else f", {cpu_s - start:.2f} s beyond start-up"
        aim = "0.5 s beyond start-up" if name == "`formcheck history`" else ""
        sets = "0" if asked[name][1] == empty else f"{count:,}"
        rows.append([name, sets, f"{cpu_s:.2f} s of a processor ({wall_s:.2f} s){beyond}", aim])
    return rows


def export(folder: Path, target: Path, count: int) -> list[list[str]]:
    """Writing everything to a zip file, in a process of its own."""
    code = (
        "import resource; from pathlib import Path; from formcheck.storage.history import *\n"
        f"with open_history(Path({str(folder / 'history.sqlite3')!r})) as history:\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"    done = export_history(history, Path({str(target)!r}))\n"
        "print(done.sets, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)"
    )
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sets, more_mb = said.stdout.split()
    assert int(sets) == count
    size_mb = target.stat().st_size / 1e6
    words = f"{cpu_s:.0f} s of a processor ({wall_s:.0f} s), {size_mb:.0f} MB, {float(more_mb):.0f} MB of memory more"
    return [["export", f"{count:,}", words, "streamed"]]


def app_page(folder: Path, empty: Path, count: int) -> list[list[str]]:
    """The page of the app, opened and run again as a click does; the browser's part is not in it."""
    code = PAGE_OF_THE_APP.format(app=str(ROOT / "app.py"), folder=str(folder))
    environment = {**os.environ, FOLDER_VARIABLE: str(empty), "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, cwd=ROOT
    )
    first_s, first_cpu_s, again_s, again_cpu_s, more_mb = map(float, said.stdout.split()[-5:])
    return [
        ["page of the app, first", f"{count:,}", f"{first_cpu_s:.2f} s of a processor ({first_s:.2f} s)", "1.5 s"],
        ["page of the app, again", f"{count:,}", f"{again_cpu_s:.2f} s of a processor ({again_s:.2f} s)", "0.3 s"],
        ["page of the app, memory", f"{count:,}", f"{more_mb:.0f} MB more", "250 MB"],
    ]


def server_pages(count: int, rounds: int) -> list[list[str]]:
    """Pages of a history on PostgreSQL, each as the slowest of some rounds."""
    with postgres.server() as address, postgres.database(address) as place, open_history(place) as history:
        fill_server(history, count)
        first = history.summaries(limit=PAGE)
        assert len(first) == PAGE
        deep = history.summaries(limit=count // 2)[-1]
        (report, poses), *_ = recorded()
        read: dict[str, Callable[[], object]] = {
            "first page": lambda: history.summaries(limit=PAGE),
            "page in the middle of all": lambda: history.summaries(limit=PAGE, before=deep),
            "first page of a lifter": lambda: history.summaries(lifter="Lifter 07", limit=PAGE),
            "first page of a lift": lambda: history.summaries(exercise="squat", limit=PAGE),
            "page of a lifter and a lift": lambda: history.summaries(
                lifter="Lifter 07", exercise="squat", limit=PAGE, before=deep
            ),
            "how many sets there are": history.count,
            "who lifted what": history.kinds,
            "everything of a lifter's one lift, for a trend": lambda: history.summaries(
                lifter="Lifter 07", exercise="squat"
            ),
            "one whole set": lambda: history.set(first[0].id),
            "saving a set": lambda: history.save_set(report, poses, lifter="Lifter 07"),
        }
        rows = []
        for name, work in read.items():
            slowest = 0.0
            for _ in range(rounds):
                started = time.perf_counter()
                work()
                slowest = max(slowest, time.perf_counter() - started)
            aim = "1 s" if "page" in name else ""
            rows.append([f"PostgreSQL: {name}", f"{history.count():,}", f"{1000 * slowest:.0f} ms at most", aim])
        return rows


if __name__ == "__main__":
    sys.exit(main())
