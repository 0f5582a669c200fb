"""Annotated videos that the user asked to keep: in a folder beside the history, named by the uid of their set."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from formcheck.core.errors import HistoryError
from formcheck.core.words import _
from formcheck.storage.atomic import PendingFile

FOLDER = "videos"


def video_path(folder: Path, uid: str) -> Path:
    """Where the video of a set is, or would be, in the folder of its history."""
    return folder / FOLDER / f"{uid}.mp4"


def keep(source: Path, path: Path) -> None:
    """Keep a copy, in place of an earlier one; `HistoryError` when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with PendingFile(path, private=True) as partial:
            shutil.copyfile(source, partial)
    except OSError as error:
        raise HistoryError(
            _("The video cannot be kept in {folder} ({error}).", folder=path.parent, error=error.strerror or error)
        ) from error


def kept_videos(folder: Path) -> dict[str, Path]:
    """All kept videos in the folder of a history, by the uid of their set."""
    return {path.stem: path for path in (folder / FOLDER).glob("*.mp4") if re.fullmatch("[0-9a-f]{32}", path.stem)}


def forget(videos: Sequence[Path]) -> None:
    """Delete videos of sets that are deleted already; `HistoryError` names one that cannot be."""
    failures = []
    for path in videos:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            failures.append(f"The set is deleted, but its video {path} is not ({error.strerror or error}): delete it.")
    if failures:
        raise HistoryError(failures[0])
