"""Everything in the history as one zip file, and back: for a backup, another machine, or somebody who wants the data.

The zip holds ``history.json`` (lifters and sets with their whole reports) and ``poses/<uid>.npz``. Nothing in it names
a place on this machine, and no name in it is ever used as one: an import reads entries by names that it makes itself.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol, cast

from formcheck.core.errors import FormCheckError, HistoryError, OutputError, PoseFileError
from formcheck.core.words import N_, _
from formcheck.judging.report import SCHEMA as REPORT_SCHEMA
from formcheck.judging.report import Report, version
from formcheck.storage import clock
from formcheck.storage.atomic import PendingFile
from formcheck.storage.history.columns import json_of, report_columns, text_of
from formcheck.storage.history.recordings import fingerprint, poses_of
from formcheck.storage.history.records import Lifter, SavedSet, check_load_kg, clean_name, clean_notes
from formcheck.storage.history.store import History
from formcheck.storage.ordinary_files import check_ordinary

SCHEMA = 1
"""Version of history.json; raised when an older FormCheck could not read it any more."""

MANIFEST = "history.json"
LEFT_OUT_TXT = "left-out.txt"

LARGEST_MANIFEST_BYTES = 1 << 29
LARGEST_POSES_BYTES = 1 << 30
"""An hour of poses, unpacked, is half of this; more is a trap or damage."""

LARGEST_ZIP_BYTES = 1 << 36

SMALL_BYTES, LARGEST_PACKING = 1 << 22, 40
"""Whatever unpacks to more than this is packed to a fortieth of it at most: reports take an eighth, poses a half. What
an import costs so grows with the size of its file, not with what the file claims."""

SMALL_POSES_BYTES = 1 << 25

PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

UNEXPECTED_CONTENT = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # a zip with a password, among others
    EOFError,
    zlib.error,
)
"""What a file that somebody tampered with makes of reading it."""

NEVER_LEFT_OUT = ("exercise", "reps", "findings", "verdict", "summary")
"""Parts of a report that FormCheck has always written."""

DAMAGED = N_("it is damaged, or was changed after it was exported: nothing was imported.")


class Sink(Protocol):
    """What an export is written to."""

    def write(self, data: bytes, /) -> int:
        """Take these bytes."""

    def flush(self) -> None:
        """Hold nothing back."""


@dataclass(frozen=True)
class Imported:
    """What an import did: sets that are new here, renewed, or were already here, and lifters that are new here."""

    added: int
    renewed: int
    known: int
    new_lifters: int


@dataclass(frozen=True)
class Exported:
    """What an export did: how many sets are in it, and what was left out, a sentence each without its full stop."""

    sets: int
    left_out: tuple[str, ...] = ()


def export_history(history: History, path: Path) -> Exported:
    """Write all lifters and sets to a new zip file, one set in memory at a time.

    What is damaged is left out and named, so that the rest can be imported.

    Raises
    ------
    OutputError : the file exists already or cannot be written; no half file is left behind.
    """
    if os.path.lexists(path):
        raise OutputError(_("{path} exists already: choose another name.", path=path))
    try:
        pending = PendingFile(path, private=True)  # about people's bodies: for its owner
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with pending.partial.open("wb") as stream:
            done = write_export(history, stream)
        pending.commit_new()
    except FileExistsError as error:
        raise OutputError(_("{path} exists already: choose another name.", path=path)) from error
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        pending.discard()
    return done


def write_export(history: History, stream: Sink) -> Exported:
    """As `export_history`, to a stream that need not be a file, such as a download: it is only written forwards.

    What is left out is named in `LEFT_OUT_TXT` as well, for those who see the zip only.
    """
    sink = cast("IO[bytes]", stream)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive, history.reading():
        done = _write_all(history, archive)
        if done.left_out:
            archive.writestr(LEFT_OUT_TXT, "".join(f"{sentence}.\n" for sentence in done.left_out))
    return done


def import_history(history: History, path: Path) -> Imported:
    """Merge an exported zip file into the history, all of it or nothing.

    A set that is here already (the same uid, or the same recording) stays once; the version that was saved later wins.
    What is known of a lifter here is only added to.

    Raises
    ------
    HistoryError : the file is not an export, is damaged, holds impossible values, or comes from a newer FormCheck.
    AccessError : an account of a server asks, which may not: an export says whose its sets are.
    """
    history.only_whoever_runs_the_server(N_("import histories"))
    try:
        check_ordinary(path, HistoryError, LARGEST_ZIP_BYTES, "an exported history")
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive, path)
            lifters = [_read_lifter(each) for each in manifest["lifters"]]
            sets = [_read_set(each) for each in manifest["sets"]]
            if len({each.uid for each in sets}) < len(sets):
                raise ValueError("a set is in there twice")
            added, renewed, known = 0, 0, 0
            with history.writing():
                before = {lifter.name.casefold(): lifter for lifter in history.lifters()}
                numbers = {each.name.casefold(): history.update_lifter(_merged(before, each)) for each in lifters}
                for each in sets:
                    npz = _poses(archive, each)
                    # One at a time: all poses of a history may be more than the memory holds.
                    mark = None if npz is None else fingerprint(poses_of(npz))
                    here = history.find(each.uid, mark, each.lifter)
                    row = _row_of(each, numbers)
                    if here is None:
                        history.insert({**row, "uid": each.uid, "fingerprint": mark}, npz)
                        added += 1
                    elif here.saved_at < each.saved_at:
                        history.update(here.id, row)
                        renewed += 1
                    else:
                        known += 1
        return Imported(added, renewed, known, len(numbers.keys() - before.keys()))
    except FileNotFoundError as error:
        raise HistoryError(_("{path} does not exist: check the name.", path=path)) from error
    except OSError as error:
        raise HistoryError(
            _("{path} cannot be read ({error}).", path=path, error=error.strerror or type(error).__name__)
        ) from error
    except HistoryError:
        raise
    except zipfile.BadZipFile as error:
        raise HistoryError(_("{path} is not an exported FormCheck history, or it is damaged.", path=path)) from error
    except (*UNEXPECTED_CONTENT, FormCheckError) as error:
        raise HistoryError(_("{path} cannot be imported: {damaged}", path=path, damaged=_(DAMAGED))) from error


# --- out -----------------------------------------------------------------------------------------------------------


def _write_all(history: History, archive: zipfile.ZipFile) -> Exported:
    """The manifest, set by set as it is read, and then the poses of those sets that are in it."""
    head = {
        "formcheck_history": SCHEMA,
        "formcheck": version(),
        "exported_at": clock.now().isoformat(timespec="seconds"),
        "lifters": [_lifter_data(lifter) for lifter in history.lifters()],
    }
    written: list[tuple[int, str, bool]] = []
    left_out: list[str] = []
    with archive.open(MANIFEST, "w", force_zip64=True) as stream:
        stream.write(_json(head).removesuffix("}").encode())
        stream.write(b', "sets": [')
        for saved in history.each_set():
            npz = history.npz(saved.id) if saved.has_poses else None
            data = {**_set_data(saved), "poses": npz is not None and _sound(npz)}
            try:
                text = _json(data).encode()
                _read_set(data)
            except (*UNEXPECTED_CONTENT, FormCheckError):
                left_out.append(f"Set {saved.id} was left out, as it is damaged")
                continue
            if saved.has_poses and not data["poses"]:
                left_out.append(f"The poses of set {saved.id} were left out, as they are damaged")
            stream.write(b",\n" if written else b"\n")
            stream.write(text)
            written.append((saved.id, saved.uid, data["poses"]))
        stream.write(b"]}")
    for set_id, uid, has_poses in written:
        if has_poses:
            # Pose files are compressed already.
            archive.writestr(_poses_name(uid), history.npz(set_id) or b"", zipfile.ZIP_STORED)
    return Exported(len(written), tuple(left_out))


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def _sound(npz: bytes) -> bool:
    """Whether all of a pose file is there and what it was when it was written."""
    try:
        with zipfile.ZipFile(io.BytesIO(npz)) as inner:
            return inner.testzip() is None
    except (zipfile.BadZipFile, OSError, *UNEXPECTED_CONTENT):
        return False


def _lifter_data(lifter: Lifter) -> dict[str, Any]:
    return {
        "name": lifter.name,
        "height_cm": lifter.height_cm,
        "back_injury": lifter.back_injury,
        "depth_target_thighs": lifter.depth_target_thighs,
        "neutral_back": dict(lifter.neutral_back),
    }


def _set_data(saved: SavedSet) -> dict[str, Any]:
    return {
        "uid": saved.uid,
        "saved_at": saved.saved_at.isoformat(),
        "filmed_at": None if saved.filmed_at is None else saved.filmed_at.isoformat(),
        "lifter": saved.lifter,
        "video_file": saved.video_file,
        "load_kg": saved.load_kg,
        "notes": saved.notes,
        "settings": dict(saved.settings),
        "report": dict(saved.report_data),
    }


def _poses_name(uid: str) -> str:
    return f"poses/{uid}.npz"


def _not_written(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or type(error).__name__
    return OutputError(f"{path} cannot be written ({reason}): choose another name or make room.")


# --- in ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Incoming:
    """One set of an export, checked; what is missing here is made from the report."""

    uid: str
    saved_at: datetime
    filmed_at: datetime | None
    lifter: str | None
    video_file: str
    load_kg: float | None
    notes: str
    settings: Mapping[str, Any]
    report: Mapping[str, Any]
    has_poses: bool


def _manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        text = _entry(archive, MANIFEST, LARGEST_MANIFEST_BYTES)
    except KeyError as error:
        raise HistoryError(_("{path} is not an exported FormCheck history.", path=path)) from error
    manifest = json.loads(text, parse_constant=_no_constant)
    schema = int(manifest["formcheck_history"])
    newest_report = max((int(each["report"]["schema"]) for each in manifest["sets"]), default=0)
    if schema > SCHEMA or newest_report > REPORT_SCHEMA:
        raise HistoryError(_("{path} was exported by a newer FormCheck: update FormCheck to import it.", path=path))
    return dict(manifest)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _entry(archive: zipfile.ZipFile, name: str, largest_bytes: int) -> bytes:
    entry = archive.getinfo(name)
    _check_packing(entry)
    if entry.file_size > largest_bytes:
        raise ValueError(f"{name} is too large")
    # Sizes in a zip are claims: no more is unpacked than was promised.
    with archive.open(name) as stream:
        content = stream.read(largest_bytes + 1)
    if len(content) > largest_bytes:
        raise ValueError(f"{name} is too large")
    return content


def _check_packing(entry: zipfile.ZipInfo) -> None:
    if entry.compress_type not in PACKINGS:
        raise ValueError(f"{entry.filename} is packed in another way")
    if entry.file_size > max(SMALL_BYTES, LARGEST_PACKING * entry.compress_size):
        raise ValueError(f"{entry.filename} unpacks to too much")


def _poses(archive: zipfile.ZipFile, incoming: _Incoming) -> bytes | None:
    if not incoming.has_poses:
        return None
    npz = _entry(archive, _poses_name(incoming.uid), LARGEST_POSES_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(npz)) as inner:
            unpacked = sum(info.file_size for info in inner.infolist())
    except zipfile.BadZipFile as error:
        raise PoseFileError(_("damaged")) from error
    # Some arrays are empty and pack to nothing, but not all of them.
    if unpacked > min(LARGEST_POSES_BYTES, max(SMALL_POSES_BYTES, LARGEST_PACKING * len(npz))):
        raise ValueError("poses are too large")
    return npz


def _read_lifter(data: Mapping[str, Any]) -> Lifter:
    height, depth = data.get("height_cm"), data.get("depth_target_thighs")
    return Lifter(
        name=_str(data["name"]),
        height_cm=None if height is None else float(height),
        back_injury=data.get("back_injury") is True,
        depth_target_thighs=None if depth is None else float(depth),
        neutral_back={_str(name): float(value) for name, value in data.get("neutral_back", {}).items()},
    )


def _read_set(data: Mapping[str, Any]) -> _Incoming:
    uid, report = _str(data["uid"]), data["report"]
    if re.fullmatch(r"[0-9a-f]{32}", uid) is None:
        raise ValueError("uid")
    if not report.keys() >= set(NEVER_LEFT_OUT):
        raise ValueError("parts of the report are missing")
    Report.from_dict(report)
    load_kg = None if data["load_kg"] is None else float(data["load_kg"])
    check_load_kg(load_kg)
    return _Incoming(
        uid=uid,
        saved_at=_moment(data["saved_at"]),
        filmed_at=None if data["filmed_at"] is None else _moment(data["filmed_at"]),
        lifter=None if data["lifter"] is None else clean_name(_str(data["lifter"])),
        video_file=_str(data["video_file"]),
        load_kg=load_kg,
        notes=clean_notes(_str(data["notes"])),
        settings=dict(data["settings"]),
        report=report,
        has_poses=data["poses"] is True,
    )


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(_str(text))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)


def _merged(before: Mapping[str, Lifter], theirs: Lifter) -> Lifter:
    """What is known here, with what is not known here added."""
    ours = before.get(theirs.name.casefold())
    if ours is None:
        return theirs
    target = ours.depth_target_thighs
    return replace(
        ours,
        height_cm=theirs.height_cm if ours.height_cm is None else ours.height_cm,
        back_injury=ours.back_injury or theirs.back_injury,
        depth_target_thighs=theirs.depth_target_thighs if target is None else target,
        neutral_back=ours.neutral_back or theirs.neutral_back,
    )


def _row_of(incoming: _Incoming, lifters: Mapping[str, int]) -> dict[str, Any]:
    return {
        "saved_at": text_of(incoming.saved_at),
        "filmed_at": None if incoming.filmed_at is None else text_of(incoming.filmed_at),
        "video_file": incoming.video_file,
        "notes": incoming.notes,
        "settings": json_of(incoming.settings),
        "report": json_of(incoming.report),
        **report_columns(incoming.report),
        "load_kg": incoming.load_kg,
        "lifter_id": None if incoming.lifter is None else lifters[incoming.lifter.casefold()],
    }
