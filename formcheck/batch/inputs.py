"""Which clips are meant: videos, folders, patterns, URLs, and manifests that say more about each clip."""

from __future__ import annotations

import csv
import glob
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from formcheck.batch.places import PARTIAL, file_name, file_system, is_url
from formcheck.core.errors import InputError, UsageError
from formcheck.core.words import _
from formcheck.judging.settings import quoted
from formcheck.service.user_values import parse_day, parse_load_kg
from formcheck.storage.ordinary_files import read_ordinary

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".gif", ".mpg", ".mpeg", ".3gp", ".mts", ".m2ts", ".wmv"}
)
"""Which files of a folder are taken for clips. A file that is named is taken whatever it is called."""

COLUMNS = ("file", "lifter", "exercise", "variant", "load", "date", "notes")
"""Columns of a manifest, in any order; all but the first may be missing or empty."""

AUTO = "auto"

LARGEST_MANIFEST_BYTES = 100_000_000
"""A million clips take as much."""

MOST_PROBLEMS = 10
"""Mistakes in a manifest that are named at once."""

LONGEST_PROBLEM = 150
"""Letters of one of them."""


@dataclass(frozen=True)
class WantedClip:
    """A clip with what is known of it; None and empty = as for the whole batch.

    Attributes
    ----------
    source : path or URL of the video.
    lifter, exercise, variant, load_kg, day, notes : as in the manifest.
    """

    source: str
    lifter: str = ""
    exercise: str = ""
    variant: str = ""
    load_kg: float | None = None
    day: str = ""
    notes: str = ""


def wanted_clips(inputs: Sequence[str], unit: str = "kg", out: str = "") -> list[WantedClip]:
    """All clips that the inputs name, each once, in their order.

    Parameters
    ----------
    inputs : videos, folders (with all folders in them), patterns such as ``day-*/*.mp4``, URLs of any of these, and
        manifests (``.csv``).
    unit : of loads that are written without one.
    out : the batch's output; what is in there is not an input.

    Raises
    ------
    InputError : nothing is there. UsageError : a manifest says something that makes no sense; names the lines.
    """
    found: dict[str, WantedClip] = {}
    for named in inputs:
        clips = list(_clips_of(named, unit, out))
        if not clips:
            raise InputError(
                _("{file} holds no video: name videos, a folder of them, or a manifest (.csv).", file=named)
            )
        for clip in clips:
            key = clip.source if is_url(clip.source) else str(Path(clip.source).resolve())
            # What a manifest says of a clip counts, even when its folder is named too.
            if key not in found or (_is_bare(found[key]) and not _is_bare(clip)):
                found[key] = clip
    return list(found.values())


def _is_bare(clip: WantedClip) -> bool:
    """Whether nothing is said of a clip but where it is."""
    return clip == WantedClip(clip.source)


def videos_in(folder: str, out: str = "") -> list[str]:
    """Paths or URLs of all videos in a folder and in the folders in it, in order; none where there is no folder."""
    if is_url(folder):
        system, root = file_system(folder)
        scheme = folder.partition("://")[0]
        try:
            paths = sorted(system.find(root))
        except (OSError, ValueError) as error:
            raise InputError(_("{path} cannot be read ({error}).", path=folder, error=error)) from error
        found = [f"{scheme}://{path.lstrip('/')}" if scheme != "file" else f"file://{path}" for path in paths]
        prefix = out.rstrip("/") + "/" if out else None
        return [url for url in found if _is_clip(PurePosixPath(url)) and not (prefix and url.startswith(prefix))]
    own = Path(out).resolve() if out and not is_url(out) else None
    return [
        str(path)
        for path in sorted(Path(folder).rglob("*"))
        if _is_clip(path.relative_to(folder)) and path.is_file() and not (own and path.resolve().is_relative_to(own))
    ]


def _clips_of(named: str, unit: str, out: str) -> Iterator[WantedClip]:
    if PurePosixPath(named).suffix.lower() == ".csv":
        yield from read_manifest(named, unit)
    elif is_url(named):
        if any(letter in named for letter in "*?["):
            system, root = file_system(named)
            scheme = named.partition("://")[0]
            yield from (WantedClip(f"{scheme}://{path}") for path in sorted(system.glob(root)))
        elif PurePosixPath(named).suffix.lower() in VIDEO_SUFFIXES:
            yield WantedClip(named)
        else:
            yield from map(WantedClip, videos_in(named, out))
    elif Path(named).is_dir():
        yield from map(WantedClip, videos_in(named, out))
    elif Path(named).exists():
        yield WantedClip(named)
    elif any(letter in named for letter in "*?["):
        # Shells that know patterns have replaced them already; others, and quotes, leave them to us.
        yield from (WantedClip(path) for path in sorted(glob.glob(named, recursive=True)) if Path(path).is_file())
    else:
        raise InputError(
            _("{file} does not exist: name a video, a folder of videos, or a manifest (.csv).", file=named)
        )


def _is_clip(path: PurePosixPath | Path) -> bool:
    hidden = any(part.startswith(".") and part not in (".", "..") for part in path.parts)
    return path.suffix.lower() in VIDEO_SUFFIXES and not hidden and PARTIAL not in path.parts


# --- manifests -----------------------------------------------------------------------------------------------------


def read_manifest(where: str, unit: str = "kg") -> list[WantedClip]:
    """The clips of a manifest: a CSV file with a heading, one line a clip; files are relative to the manifest.

    Raises
    ------
    InputError : it cannot be read. UsageError : something in it makes no sense; names the lines, several at once.
    """
    try:
        return _clips_in(where, _text_of(where), unit)
    except csv.Error as error:
        raise UsageError(
            _(
                "{place} cannot be read as a table ({error}): look for a quote that is not closed, or save it again.",
                place=where,
                error=error,
            )
        ) from error


def _clips_in(where: str, text: str, unit: str) -> list[WantedClip]:
    """The clips that the text names; `csv.Error` for cells of more than 131,072 letters, and the like."""
    first = text.partition("\n")[0]
    # Spreadsheets of half the world write semicolons, as commas are in their numbers.
    delimiter = max(",;\t", key=first.count)
    # Whatever ends the lines, as old programs write them too.
    rows = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
    columns = [name.strip().lower() for name in next(rows, [])]
    _check_columns(where, columns)
    clips: list[WantedClip] = []
    lines: dict[str, int] = {}
    problems: list[str] = []
    for row in rows:
        line = rows.line_num
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(columns):
            problems.append(
                _(
                    "line {line}: {cells} cells under {headings} headings: quote cells that hold a '{delimiter}'",
                    line=line,
                    cells=len(row),
                    headings=len(columns),
                    delimiter=delimiter,
                )
            )
            continue
        cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
        try:
            clip = _clip_of(where, cells, unit)
        except UsageError as error:
            problems.append(_("line {line}: {problem}", line=line, problem=_short(str(error).rstrip("."))))
            continue
        if clip.source in lines:
            problems.append(
                _(
                    "line {line}: {file} is in line {other} already",
                    line=line,
                    file=_short(cells["file"]),
                    other=lines[clip.source],
                )
            )
        lines.setdefault(clip.source, line)
        clips.append(clip)
    if problems:
        left = len(problems) - MOST_PROBLEMS
        more = _("; and {n} more", n=left) if left > 0 else ""
        raise UsageError(
            _(
                "{place} cannot be used: {problems}{more}.",
                place=where,
                problems="; ".join(problems[:MOST_PROBLEMS]),
                more=more,
            )
        )
    if not clips:
        raise UsageError(_("{place} names no clips: write one a line under the heading.", place=where))
    return clips


def _text_of(where: str) -> str:
    try:
        if is_url(where):
            system, path = file_system(where)
            content: bytes = system.cat_file(path)
        else:
            content = read_ordinary(Path(where), InputError, LARGEST_MANIFEST_BYTES, "a table of clips")
    except FileNotFoundError as error:
        raise InputError(_("{place} does not exist.", place=where)) from error
    except OSError as error:
        raise InputError(_("{path} cannot be read ({error}).", path=where, error=error)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(_("{place} is not UTF-8: save it as CSV in UTF-8.", place=where)) from error


def _check_columns(where: str, columns: Sequence[str]) -> None:
    if "file" not in columns:
        raise UsageError(
            _(
                "{place} has no column 'file': the first line names the columns, from {columns}.",
                place=where,
                columns=", ".join(COLUMNS),
            )
        )
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise UsageError(
            _(
                "{place}, line 1: there is no column {column}: choose from {columns}.",
                place=where,
                column=quoted(unknown[0]),
                columns=", ".join(COLUMNS),
            )
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise UsageError(_("{place}, line 1: the column {column!r} is there twice.", place=where, column=twice[0]))


def _short(words: str) -> str:
    """What a cell says may be of any length, and have any letters in it."""
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_PROBLEM else f"{words[:LONGEST_PROBLEM]}…"


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except OSError:  # a name that no file can have
        return False


def _clip_of(where: str, cells: dict[str, str], unit: str) -> WantedClip:
    """A line of a manifest; `UsageError` where it makes no sense."""
    file = cells["file"]
    if not file:
        raise UsageError(_("there is no file"))
    source = _source_of(where, file)
    if not is_url(source) and not _is_file(source):
        raise UsageError(_("there is no file {source}", source=source))
    exercise, variant = known_lift(cells.get("exercise", ""), cells.get("variant", ""))
    return WantedClip(
        source,
        lifter=_lifter(cells.get("lifter", "")),
        exercise=exercise,
        variant=variant,
        load_kg=parse_load_kg(cells.get("load") or None, unit, _("the load")),
        day=parse_day(cells.get("date") or None, _("the date")),
        notes=cells.get("notes", ""),
    )


def known_lift(exercise: str, variant: str) -> tuple[str, str]:
    """A lift and a variant as FormCheck writes them, empty where they are not named; `UsageError` for unknown ones."""
    told: dict[str, Any] = {"exercise": exercise.strip().lower(), "variant": variant.strip().lower()}
    if told["exercise"] not in ("", AUTO):
        from formcheck.exercises import known_exercise

        told["exercise"] = known_exercise(told["exercise"]).name
    if told["variant"] not in ("", AUTO):
        from formcheck.judging.analysis import exercise_of_variant

        exercise_of_variant(told["exercise"] or AUTO, told["variant"])
    return told["exercise"], told["variant"]


def _lifter(name: str) -> str:
    if not name:
        return ""
    from formcheck.storage.history.records import clean_name

    return clean_name(name)


def _source_of(where: str, file: str) -> str:
    if is_url(file) or Path(file).is_absolute():
        return file
    if is_url(where):
        return f"{where.rpartition('/')[0]}/{file}"
    return str(Path(where).parent / file)


def folder_names(sources: Iterable[str], taken: Iterable[str]) -> Iterator[str]:
    """A name for each clip's folder: that of its file, with -2, -3, ... where it is taken."""
    from formcheck.storage.report_folder import safe_name

    used = {name.casefold() for name in taken}
    for source in sources:
        stem = safe_name(PurePosixPath(file_name(source)).stem)
        name, number = stem, 1
        while name.casefold() in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name.casefold())
        yield name
