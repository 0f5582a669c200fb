"""The most that is read of anything: one record, so that every reader refuses alike and says which number to raise.

A set lasts a minute and a phone's hour of 4K is 25 GB, so nobody meets these limits with films of lifts. They are for
files that claim or hold so much that reading them would take all memory, all disk space or a whole day.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from formcheck.core.errors import UsageError

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What is accepted at most; each can be changed in settings.toml and in the environment, see `VARIABLES`.

    Attributes
    ----------
    file_bytes : size of a video file.
    duration_s : length of a video, and of the time axis of saved poses.
    pixels : width times height of the stored picture; 8K has 33 million.
    frames : pictures of one video; two hours at 30 a second are 216,000. Poses need about 10 kB for each.
    analysis_s : time that one analysis may take, as the clock on the wall shows it.
    memory_bytes : memory of a process that analyses, beyond which it ends instead of the machine; where it has less
        than that, three quarters of what it has. Held where the system can (Linux).
    unpictured_bytes : how much of a video is read at most without coming to a picture.
    silence_s : how long that may take at most.
    """

    file_bytes: float = 32 * GIB
    duration_s: float = 2 * 3600.0
    pixels: float = 50e6
    frames: float = 250e3
    analysis_s: float = 6 * 3600.0
    memory_bytes: float = 8 * GIB
    unpictured_bytes: float = GIB / 4
    silence_s: float = 20.0


@dataclass(frozen=True)
class Variable:
    """The names of a limit in the environment and in the table [limits] of settings.toml, and how many of the record's
    units its unit is."""

    name: str
    key: str
    unit: str
    size: float


VARIABLES: Mapping[str, Variable] = {
    "file_bytes": Variable("FORMCHECK_MAX_FILE_GIB", "file_gib", "GiB", GIB),
    "duration_s": Variable("FORMCHECK_MAX_MINUTES", "minutes", "minutes", 60.0),
    "pixels": Variable("FORMCHECK_MAX_MEGAPIXELS", "megapixels", "million pixels", 1e6),
    "frames": Variable("FORMCHECK_MAX_FRAMES", "frames", "frames", 1.0),
    "analysis_s": Variable("FORMCHECK_MAX_ANALYSIS_MINUTES", "analysis_minutes", "minutes", 60.0),
    "memory_bytes": Variable("FORMCHECK_MAX_MEMORY_GIB", "memory_gib", "GiB", GIB),
    "unpictured_bytes": Variable("FORMCHECK_MAX_GAP_MIB", "gap_mib", "MiB", 1 << 20),
    "silence_s": Variable("FORMCHECK_MAX_GAP_SECONDS", "gap_seconds", "seconds", 1.0),
}
"""By field of `Limits`."""

DEFAULT_LIMITS = Limits()

LARGEST_NUMBER = 1e12
"""Beyond this a limit is a slip of the keyboard."""


KEYS: Mapping[str, str] = {variable.key: field for field, variable in VARIABLES.items()}
"""Fields of `Limits` by their names in settings.toml."""


def limits_from(environment: Mapping[str, str], told: Mapping[str, float] | None = None) -> Limits:
    """The limits that hold where the environment has these variables, and settings.toml says this.

    Parameters
    ----------
    told : numbers by their names in settings.toml, in their units, checked already; the environment comes first.

    Raises
    ------
    UsageError : a variable is not a number above zero.
    """
    changes = {KEYS[key]: number * VARIABLES[KEYS[key]].size for key, number in (told or {}).items()}
    for field, variable in VARIABLES.items():
        text = environment.get(variable.name, "").strip()
        if not text:
            continue
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not is_limit(number):
            raise UsageError(f"{variable.name} must be a number of {variable.unit} above zero, not {text[:40]!r}.")
        changes[field] = number * variable.size
    return replace(DEFAULT_LIMITS, **changes)


def is_limit(value: object) -> bool:
    """Whether a value can be a limit: a number above zero, and not an endless one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= LARGEST_NUMBER


def most(limits: Limits, field: str) -> str:
    """A limit in words with the way to change it, such as "120 minutes (limits.minutes in settings.toml, or
    FORMCHECK_MAX_MINUTES, changes that)"."""
    variable = VARIABLES[field]
    number = f"{getattr(limits, field) / variable.size:,g} {variable.unit}"
    return f"{number} (limits.{variable.key} in settings.toml, or {variable.name}, changes that)"


assert set(VARIABLES) == {each.name for each in fields(Limits)}
