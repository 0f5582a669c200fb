"""The limits of this machine: as they come, then those in settings.toml, then those in the environment.

They guard the machine, so they are read from its own settings.toml alone: not from presets or the settings of one
analysis, nor, on a server, from those of an account.
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from formcheck.core.errors import InputError, UsageError
from formcheck.core.limits import KEYS, Limits, is_limit, limits_from
from formcheck.storage.config_folder import machine_settings_path
from formcheck.storage.ordinary_files import read_ordinary

LARGEST_FILE_BYTES = 1_000_000


def limits_in_force() -> Limits:
    """What is accepted at most.

    Raises
    ------
    UsageError : settings.toml or the environment says something that is not a limit. InputError : the file cannot be
    read.
    """
    path = machine_settings_path()
    try:
        facts = path.stat()
    except OSError:
        return limits_from(os.environ)
    return limits_from(os.environ, _told(path, facts.st_mtime_ns, facts.st_size))


@functools.lru_cache(maxsize=4)
def _told(path: Path, changed_ns: int, size_bytes: int) -> Mapping[str, float]:
    """The table [limits] of the file; what else is in it is looked at by `formcheck.judging.settings`."""
    try:
        table = tomllib.loads(read_ordinary(path, InputError, LARGEST_FILE_BYTES, "a settings file").decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be used: it is not valid TOML, see formcheck presets.") from error
    limits = table.get("limits", {})
    if not isinstance(limits, dict) or not all(key in KEYS and is_limit(value) for key, value in limits.items()):
        raise UsageError(
            f"{path} cannot be used: [limits] has numbers above zero for {', '.join(KEYS)}, and nothing else."
        )
    return {key: float(value) for key, value in limits.items()}
