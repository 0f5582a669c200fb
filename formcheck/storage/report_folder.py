"""The report folder: which one, what may be replaced in it, and how its files get there whole.

Every file is made in a hidden subfolder and then moved to its name, so that under a final name there is never half a
file. A small marker file records what FormCheck wrote (names and SHA-256 of the contents); only such files are ever
replaced. Anything else in the folder belongs to somebody else and is left alone.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import importlib.util
import io
import json
import math
import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from formcheck.core.errors import OutputError
from formcheck.core.poses import FloatArray
from formcheck.core.words import _
from formcheck.judging.report import Report, RepReport, version
from formcheck.motion.signals import Signals
from formcheck.storage.atomic import PendingFile, write_text

REPORTS_FOLDER = "formcheck-reports"
MARKER = ".formcheck.json"
PARTIAL_PREFIX = ".formcheck-partial-"
STALE_PARTIAL_S = 24 * 3600.0

CAN_LOCK_FOLDERS = importlib.util.find_spec("fcntl") is not None
LOCK = ".formcheck.lock"
"""An empty file that is locked where a folder cannot be, as on Windows. It stays: who locks a file that is deleted
meanwhile holds nothing."""

REPORT_HTML, REPORT_JSON, REPS_CSV, SIGNALS_CSV, POSES_NPZ, ANNOTATED_MP4 = (
    "report.html",
    "report.json",
    "reps.csv",
    "signals.csv",
    "poses.npz",
    "annotated.mp4",
)

LONGEST_NAME_BYTES = 100
LONGEST_NAME_READ = 1000
RESERVED_NAMES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
"""Names that Windows keeps for devices."""

MOST_NUMBERED_FOLDERS = 1000

INSTANTS = tuple(each.name for each in fields(RepReport) if each.name.endswith("_s"))
"""Names of a repetition's instants, in seconds since the first frame."""


# --- contents ------------------------------------------------------------------------------------------------------


def report_json(report: Report) -> str:
    """The text of report.json, with a line break at its end."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def reps_csv(reps: Sequence[RepReport]) -> str:
    """One row per repetition: instants, every measure, every check's verdict, and what to try."""
    measures = _in_order(name for rep in reps for name in rep.measures)
    checks = _in_order(finding.check for rep in reps for finding in rep.findings)
    rows: list[list[Any]] = [
        [
            "rep",
            *INSTANTS,
            "partial",
            *measures,
            *(f"{check}_verdict" for check in checks),
            "findings",
            "cues",
        ]
    ]
    for rep in reps:
        verdicts = {finding.check: finding.verdict for finding in rep.findings}
        worth = [finding for finding in rep.findings if finding.verdict.is_flagged]
        rows.append(
            [
                rep.index,
                *(getattr(rep, instant) for instant in INSTANTS),
                "yes" if rep.partial else "no",
                *(rep.measures.get(name, math.nan) for name in measures),
                *(verdicts.get(check, "") for check in checks),
                "; ".join(f"{finding.title} ({finding.verdict})" for finding in worth),
                "; ".join(_in_order(finding.cue for finding in worth if finding.cue)),
            ]
        )
    return _csv_text(rows)


def signals_csv(signals: Signals | None, time_s: FloatArray) -> str:
    """One row per frame: time and every signal; only the times where no lifter was seen at all."""
    columns = signals.columns() if signals is not None else {"time_s": time_s}
    lines = [",".join(columns)]
    # All cells are numbers, so nothing needs quotes; a long clip has a million of them.
    lines += [
        ",".join("" if value != value else f"{value:.7g}" for value in row)
        for row in zip(*(values.tolist() for values in columns.values()), strict=True)
    ]
    return "\r\n".join(lines) + "\r\n"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _csv_text(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        # A spreadsheet would take such a text for a formula.
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
    if isinstance(value, int):
        return str(value)
    return f"{value:.7g}" if math.isfinite(value) else ""


# --- the folder ----------------------------------------------------------------------------------------------------


def safe_name(name: str) -> str:
    """A name that every file system takes for a folder: no separators or control characters, not reserved or long."""
    # No file has a longer name, but what a pose file says about its video may be of any length.
    name = unicodedata.normalize("NFC", name[:LONGEST_NAME_READ].encode("utf-8", "replace").decode())
    kept = "".join(letter if letter.isalnum() or letter in " ._-()+" else "-" for letter in name)
    kept = re.sub(r"[\s-]*-[\s-]*", "-", kept)
    kept = kept.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").strip(" .-")
    if not kept:
        return "video"
    return f"{kept}-" if RESERVED_NAMES.match(kept) else kept


def default_folder_name(input_path: Path, video_file: str = "") -> str:
    """Name of the folder for an input: its stem, or for a file that is just called poses.npz that of its video."""
    stem = input_path.stem
    if input_path.name == POSES_NPZ and video_file:
        stem = Path(video_file).stem
    return safe_name(stem)


@dataclass
class ReportFolder:
    """A folder that FormCheck writes a report into; made by `open_report_folder`.

    ``written`` are the paths written so far. ``kept`` are files of an earlier run that this one did not renew.
    """

    path: Path
    names: frozenset[str]
    input_path: Path
    _owned: dict[str, list[str]]
    _scratch: Path
    written: list[Path] = field(default_factory=list)

    def write(self, name: str, make: Callable[[Path], None]) -> None:
        """Let ``make`` write a file at a temporary path, then move it to its name.

        A poses.npz that is the very file that was analysed stays as it is. Raises `OutputError` when it cannot be
        written or when a foreign file stands in its way.
        """
        if name not in self.names:
            raise ValueError(f"{name} was not announced when the folder was opened")
        if name == POSES_NPZ and self._is_input(name):
            return
        target = self.path / name
        with _output_errors(target), PendingFile(target, partial=self._scratch / name) as partial:
            _make(make, partial, target)
            if self._is_input(name) or _is_foreign(target, self._owned):
                raise OutputError(_foreign_message(target))
            # Noted before the move, so that a stop in between never makes our own file look foreign.
            self._owned[name] = [*self._owned.get(name, [])[-1:], _sha256(partial)]
            _write_marker(self.path, self._owned, self.input_path)
            shutil.copymode(self.path / MARKER, partial)  # a maker's file may be private, a report need not be
        self.written.append(target)

    @property
    def left_over(self) -> tuple[Path, ...]:
        """Files of an earlier run that are in the folder and were not renewed."""
        names = {path.name for path in self.written}
        return tuple(
            self.path / name
            for name in sorted(self._owned)
            if name not in names and (self.path / name).is_file() and not self._is_input(name)
        )

    def _is_input(self, name: str) -> bool:
        return _same_file(self.path / name, self.input_path)


def _make(make: Callable[[Path], None], partial: Path, target: Path) -> None:
    try:
        make(partial)
    except OutputError as error:
        # The user knows the file by its final name only.
        raise OutputError(str(error).replace(str(partial), str(target))) from error


@contextlib.contextmanager
def open_report_folder(
    input_path: Path, out: Path | None, names: Iterable[str], default_name: str = ""
) -> Iterator[ReportFolder]:
    """Choose and prepare the folder for the files ``names`` before any long work begins.

    Parameters
    ----------
    out : the folder that the user asked for; None = `REPORTS_FOLDER` / ``default_name``, or the same with -2, -3, ...
        when that one belongs to something or somebody else.

    Raises
    ------
    OutputError : the folder cannot be made or written to, or holds foreign files with such names.
    """
    names = frozenset(names)
    default_name = default_name or default_folder_name(input_path)
    try:
        path = _chosen(input_path, out, names, default_name)
    except OutputError:
        if out is None or not out.is_dir():
            raise
        # What looks foreign may be another analysis at work: it is told of, or done by now.
        with _output_errors(out), _taken(out):
            path = _chosen(input_path, out, names, default_name)
    made = _make_folders(path)
    scratch: Path | None = None
    taken = contextlib.ExitStack()
    try:
        with _output_errors(path):
            alone = taken.enter_context(_taken(path))
            _remove_stale_partials(path, None if alone else STALE_PARTIAL_S)
            scratch = Path(tempfile.mkdtemp(prefix=PARTIAL_PREFIX, dir=path))
            # Proves that the disk takes something, and marks the folder as FormCheck's from the first moment on.
            owned = _read_marker(path).files
            _write_marker(path, owned, input_path)
        yield ReportFolder(path, names, input_path, owned, scratch)
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        taken.close()
        _remove_unused(path, made)


def _chosen(input_path: Path, out: Path | None, names: frozenset[str], default_name: str) -> Path:
    if out is not None:
        problem = _problem(out, input_path, names, explicit=True)
        if problem:
            raise OutputError(problem)
        return out
    for number in range(1, MOST_NUMBERED_FOLDERS):
        path = Path(REPORTS_FOLDER) / (default_name if number == 1 else f"{default_name}-{number}")
        if not _problem(path, input_path, names, explicit=False):
            return path
    raise OutputError(
        _(
            "All folders {folders}-... are in use: choose another folder with --out.",
            folders=f"{REPORTS_FOLDER}/{default_name}",
        )
    )


def _problem(path: Path, input_path: Path, names: frozenset[str], explicit: bool) -> str:
    """Why a folder cannot take the files, or an empty string. A default folder belongs to one input."""
    with _output_errors(path):
        if not os.path.lexists(path):
            return ""
        if not path.is_dir():
            return _("{path} is not a folder: choose another one with --out.", path=path)
        marker = _read_marker(path)
        if not explicit and marker.source != _source_key(input_path) and any(path.iterdir()):
            return _("{path} belongs to something else: choose another folder with --out.", path=path)
        for name in sorted(names):
            target = path / name
            if _same_file(target, input_path):
                if name != POSES_NPZ:
                    return _(
                        "{target} is the input itself and would be overwritten: choose another folder with --out.",
                        target=target,
                    )
            elif _is_foreign(target, marker.files):
                return _foreign_message(target)
    return ""


def _foreign_message(path: Path) -> str:
    return _(
        "{path} exists and was not written by FormCheck: move it away, or choose another folder with --out.", path=path
    )


def _is_foreign(path: Path, owned: dict[str, list[str]]) -> bool:
    if not os.path.lexists(path):
        return False
    return path.is_symlink() or not path.is_file() or _sha256(path) not in owned.get(path.name, ())


def _same_file(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b)
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _source_key(input_path: Path) -> str:
    """Recognises the input without keeping its path."""
    return hashlib.sha256(os.fsencode(os.path.realpath(input_path))).hexdigest()


@dataclass(frozen=True)
class _Marker:
    files: dict[str, list[str]]
    source: str = ""


def _read_marker(folder: Path) -> _Marker:
    """What FormCheck wrote into a folder; nothing where the marker is missing or spoilt."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        files = {str(name): [str(digest) for digest in digests] for name, digests in content["files"].items()}
        return _Marker(files, str(content["source"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _Marker({})


def _write_marker(folder: Path, files: dict[str, list[str]], input_path: Path) -> None:
    content = {
        "about": "Written by FormCheck, to know which files here are its own and may be replaced.",
        "formcheck": version(),
        "source": _source_key(input_path),
        "files": files,
    }
    write_text(folder / MARKER, json.dumps(content, indent=1))


def _make_folders(path: Path) -> list[Path]:
    """Make a folder with its parents; returns those that were made, innermost first."""
    missing = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    with _output_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return missing


@contextlib.contextmanager
def _taken(folder: Path) -> Iterator[bool]:
    """Holds the folder for one analysis; False where the system cannot (some network disks).

    What holds it is a lock of the system, which ends with the process, however that ends. It is on the folder itself,
    so that nothing is left behind, or on a file in it where folders cannot be opened, as on Windows.
    """
    handle = os.open(folder, os.O_RDONLY) if CAN_LOCK_FOLDERS else os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    ours = False
    try:
        held = _lock(handle)
        ours = True
        yield held
    except _Busy:
        raise OutputError(
            _(
                "{folder} is being written to by another analysis: wait until it is done, or choose another "
                "folder with --out.",
                folder=folder,
            )
        ) from None
    finally:
        os.close(handle)
        if ours and not CAN_LOCK_FOLDERS and not (folder / MARKER).exists():
            _remove_lock(folder)  # the folder is not FormCheck's


class _Busy(Exception):
    """Another analysis holds the folder."""


def _lock(handle: int) -> bool:
    """Lock an open folder or file without waiting; False where it takes no lock."""
    try:
        if CAN_LOCK_FOLDERS:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except OSError as error:
        if isinstance(error, BlockingIOError if CAN_LOCK_FOLDERS else PermissionError):
            raise _Busy from None
        return False
    return True


def _remove_lock(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)


def _remove_stale_partials(folder: Path, older_than_s: float | None) -> None:
    """What a run left behind that was ended by force: its scratch folder, and a marker that it was writing.

    None = whatever the clock says: nobody else is at work.
    """
    for old in (*folder.glob(f"{PARTIAL_PREFIX}*"), *folder.glob(f".{MARKER}.*.part")):
        with contextlib.suppress(OSError):
            if older_than_s is not None and time.time() - old.stat().st_mtime < older_than_s:
                continue
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink()


def _remove_unused(path: Path, made: Sequence[Path]) -> None:
    """Take folders away again that were made for nothing."""
    if not made:
        return
    with contextlib.suppress(OSError):
        if {entry.name for entry in path.iterdir()} <= {MARKER, LOCK}:
            (path / MARKER).unlink(missing_ok=True)
            _remove_lock(path)
            for folder in made:
                folder.rmdir()


@contextlib.contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
        raise OutputError(
            _(
                "{path} cannot be written ({reason}): make room or choose another folder with --out.",
                path=path,
                reason=reason,
            )
        ) from error
