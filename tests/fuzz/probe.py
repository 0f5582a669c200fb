"""Opens files as the product does, in a process of its own: ``python -m tests.fuzz.probe`` answers line by line.

Each line of standard input is the kind and the path of a file; each answer says what came of it, how long it took and
how much memory, as JSON; time is that of the processor. Whatever is not a result or an error raised on purpose is a
traceback.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from formcheck.core.errors import FormCheckError, PoseFileError
from formcheck.vision.process_memory import limit_memory

MEMORY_BYTES = 3 << 30
MOST_FRAMES = 3000
LONGEST_LINE = 2000


class Traceback(Exception):
    """A command ended in a way that is nothing for a user."""


def read_video(path: Path) -> str:
    """Everything that reads videos: header, frames, single frames, length."""
    from formcheck.vision.video import VideoReader, read_duration_s, read_frames_at

    frames = 0
    with VideoReader(path, max_side=64) as reader:
        for frame in reader:
            frames += 1
            assert frame.rgb.ndim == 3
            if frames == MOST_FRAMES:
                break
        assert all(isinstance(note, str) for note in reader.notes)
    duration_s = read_duration_s(path)
    assert duration_s >= 0
    read_frames_at(path, [0.0, min(duration_s, 1e6) / 2], max_side=64, exact=False)
    return f"{frames} frames"


def analyze_poses(path: Path) -> str:
    """The whole command, with every file that it writes."""
    with own_history() as folder:
        code = command("analyze", str(path), "--out", f"{folder}/out", "--save", "--export", "trc")
        if code == "2":
            raise PoseFileError("refused by the command")
        return code


def read_settings(path: Path) -> str:
    """The settings of this machine, with how much is read, and those of an analysis."""
    from formcheck.exercises import EXERCISES
    from formcheck.judging.settings import apply
    from formcheck.storage.limits_in_force import limits_in_force
    from formcheck.storage.settings_files import load_settings, settings_toml

    with tempfile.TemporaryDirectory() as folder:
        os.environ["FORMCHECK_CONFIG_DIR"] = folder
        try:
            own = Path(folder) / "settings.toml"
            shutil.copyfile(path, own)
            settings = load_settings(own)
            limits_in_force()
        finally:
            del os.environ["FORMCHECK_CONFIG_DIR"]
    for lift in EXERCISES:
        apply(lift, settings)
    return settings_toml(settings)[:40]


def read_report(path: Path) -> str:
    """report.json, read and shown."""
    from rich.console import Console

    from formcheck.judging.report import Report
    from formcheck.render.terminal import print_summary
    from formcheck.storage.report_folder import report_json, reps_csv

    report = Report.from_json(path.read_text(encoding="utf-8", errors="surrogateescape"), path.name)
    print_summary(Console(file=io.StringIO()), report, Path("."), (), ())
    return f"{len(reps_csv(report.reps)) + len(report_json(report))} letters"


def import_zip(path: Path) -> str:
    """An export into a history, which is then listed, shown and exported."""
    with own_history() as folder:
        from formcheck.storage.history import open_history
        from formcheck.storage.history.exchange import import_history

        with open_history() as history:
            imported = import_history(history, path)
        use_history(folder)
        return f"{imported.added} added"


def open_database(path: Path) -> str:
    """A history file, listed, shown and exported."""
    with own_history() as folder:
        shutil.copyfile(path, folder / "history.sqlite3")
        return use_history(folder)


def read_clips(path: Path) -> str:
    """A table of clips; the first of them is there."""
    from formcheck.batch.inputs import read_manifest

    (path.parent / "set.mp4").touch()
    return f"{len(read_manifest(str(path)))} clips"


def read_answers(path: Path) -> str:
    """What was answered today, as every page asks for it; and new answers take its place."""
    from formcheck.core.errors import HistoryError
    from formcheck.guidance.tables import READY
    from formcheck.guidance.todays_answers import FILE_NAME, keep_answers, stops_of_today

    with own_history() as folder:
        shutil.copyfile(path, folder / FILE_NAME)
        try:
            return f"{len(stops_of_today())} stops"
        except HistoryError:
            keep_answers(READY, {"pain": frozenset({"none"}), "earlier": "none", "rest": "fresh"})
            assert not stops_of_today()
            raise


def name_folder(path: Path) -> str:
    """A report folder for a video of a name that is in the file."""
    from formcheck.storage.report_folder import default_folder_name, open_report_folder

    name = path.read_bytes().decode("utf-8", "surrogateescape")
    with tempfile.TemporaryDirectory() as folder:
        safe = default_folder_name(Path(name))
        with open_report_folder(Path(name), Path(folder) / safe, ["report.json"]) as made:
            made.write("report.json", _write_nothing)
        assert (Path(folder) / safe / "report.json").is_file()
        assert Path(folder) / safe == made.path
    return safe


def _write_nothing(path: Path) -> None:
    path.write_text("{}")


@contextlib.contextmanager
def own_history() -> Any:
    """A folder for a history that nothing else uses."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FORMCHECK_HISTORY_DIR"] = folder
        yield Path(folder)


def use_history(folder: Path) -> str:
    """The commands that read a history."""
    said = [command("history"), command("compare", "1", "2"), command("train"), command("export", f"{folder}/out.zip")]
    return " ".join(said)


def command(*words: str) -> str:
    """The exit code of a command as a user calls it, when it is one that is meant and errors are short."""
    from typer.testing import CliRunner

    from formcheck.cli.main import app

    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise Traceback("".join(traceback.format_exception(done.exception)[-3:]))
    if (
        done.exit_code not in (0, 2, 3)
        or "Usage:" in done.stderr
        or "Traceback" in done.stderr
        or "Warning" in done.stderr
    ):
        raise Traceback(f"exit code {done.exit_code}: {done.stderr[-500:]}")
    if done.exit_code == 2 and len(done.stderr) > LONGEST_LINE:
        raise Traceback(f"an error of {len(done.stderr)} letters: {done.stderr[:200]}")
    return str(done.exit_code)


READERS: Mapping[str, Callable[[Path], str]] = {
    "video": read_video,
    "made": read_video,
    "streams": read_video,
    "large": read_video,
    "npz": analyze_poses,
    "toml": read_settings,
    "json": read_report,
    "zip": import_zip,
    "sqlite": open_database,
    "csv": read_clips,
    "answers": read_answers,
    "name": name_folder,
}


def look(kind: str, path: Path) -> dict[str, Any]:
    """Open one file."""
    reset_peak()
    start_s = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            what, words = "result", READERS[kind](path)
    except FormCheckError as error:
        what, words = "refused", str(error)
        if len(words) > LONGEST_LINE or "\n" in words:
            what = "traceback"
    except Exception as error:
        what = "traceback"
        words = str(error) if isinstance(error, Traceback) else "".join(traceback.format_exception(error)[-4:])
    return {"what": what, "words": words[:1500], "s": time.process_time() - start_s, "mb": peak_mb()}


def reset_peak() -> None:
    """Count the peak of memory from here (Linux), without what the files before have left."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The peak of memory since then; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    limit_memory(MEMORY_BYTES)
    for line in sys.stdin:
        kind, _, path = line.rstrip("\n").partition(" ")
        answers.write(json.dumps(look(kind, Path(path))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
