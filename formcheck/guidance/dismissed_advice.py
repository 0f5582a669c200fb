"""Advice that lifters know already: its ids by lifter, in one small file beside the history."""

from __future__ import annotations

import json
from pathlib import Path

from formcheck.core.errors import HistoryError
from formcheck.core.words import _
from formcheck.storage.access import own_folder
from formcheck.storage.atomic import write_text
from formcheck.storage.history import default_path

FILE_NAME = "hidden-advice.json"

KEPT_PER_LIFTER = 200
"""Ids name a day, so old ones mean nothing any more."""


def hidden_path() -> Path:
    """Where the file is, on a server that of the account that asks; it may not exist."""
    return own_folder(default_path().parent) / FILE_NAME


def hidden_advice(lifter: str | None = None, path: Path | None = None) -> frozenset[str]:
    """Ids that this lifter (None: nobody's sets) has hidden; `HistoryError` when the file cannot be read."""
    return frozenset(_read(path or hidden_path()).get(_key(lifter), []))


def hide_advice(advice_id: str, lifter: str | None = None, path: Path | None = None) -> None:
    """Hide a piece of advice from this lifter; `HistoryError` when that cannot be kept."""
    path = path or hidden_path()
    kept = _read(path)
    ids = [known for known in kept.get(_key(lifter), []) if known != advice_id]
    kept[_key(lifter)] = [*ids, advice_id][-KEPT_PER_LIFTER:]
    _write(path, kept)


def show_hidden(lifter: str | None = None, path: Path | None = None) -> None:
    """Show everything again that this lifter has hidden; `HistoryError` when that cannot be kept."""
    path = path or hidden_path()
    kept = _read(path)
    if kept.pop(_key(lifter), None):
        _write(path, kept)


def _key(lifter: str | None) -> str:
    return (lifter or "").casefold()


def _read(path: Path) -> dict[str, list[str]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HistoryError(
            _("{path} cannot be read ({strerror}): check who may read it.", path=path, strerror=error.strerror)
        ) from error
    except ValueError as error:
        raise HistoryError(
            _("{path} is damaged: move it away, and hidden advice is shown again.", path=path)
        ) from error
    if not isinstance(content, dict) or not all(_are_ids(ids) for ids in content.values()):
        raise HistoryError(_("{path} is damaged: move it away, and hidden advice is shown again.", path=path))
    return content


def _are_ids(ids: object) -> bool:
    return isinstance(ids, list) and all(isinstance(each, str) for each in ids)


def _write(path: Path, content: dict[str, list[str]]) -> None:
    """Whole or not at all, and readable by its owner only, like the history."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_text(path, json.dumps(content, ensure_ascii=True, indent=1), private=True)
    except OSError as error:
        raise HistoryError(
            _(
                "{path} cannot be written ({strerror}): make room, or check who may write.",
                path=path,
                strerror=error.strerror,
            )
        ) from error
