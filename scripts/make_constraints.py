"""Write constraints.txt, the versions of everything that FormCheck needs, as they are installed here.

    python -m scripts.make_constraints

``scripts/set_up.py`` uses them with the same Python, so that a checkout set up next year gets what was tested.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT, CONSTRAINTS = ROOT / "pyproject.toml", ROOT / "constraints.txt"

NOT_PINNED = frozenset({"pip", "setuptools"})
"""What makes and fills the environment."""


def header(version: tuple[int, int]) -> str:
    """First lines of the file. `set_up.py` reads the Python from them."""
    return (
        f"# Python {version[0]}.{version[1]}\n"
        "# Made by python -m scripts.make_constraints: versions that were tested together.\n"
    )


def declared(*extras: str) -> list[str]:
    """The requirements in pyproject.toml, with those of the extras."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


def needed(requirements: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and version of each distribution that these requirements need, and those in turn.

    Raises importlib.metadata.PackageNotFoundError where one is not installed.
    """
    seen: set[tuple[str, str]] = set()
    to_do = [
        (canonicalize_name(requirement.name), extra)
        for requirement in map(Requirement, requirements)
        for extra in ("", *requirement.extras)
    ]
    while to_do:
        one = to_do.pop()
        if one in seen:
            continue
        seen.add(one)
        known = metadata.distribution(one[0])
        if one[1] == "":
            yield one[0], known.version
        for text in known.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": one[1]}):
                to_do += [(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)]


def constraints(version: tuple[int, int] = sys.version_info[:2]) -> str:
    """The whole file."""
    wanted = needed(declared("app", "dev", "fast", "server"))
    pins = sorted(f"{name}=={number}" for name, number in wanted if name not in NOT_PINNED)
    # A version with a local part ("+cpu") exists on one index only.
    return header(version) + "".join(re.sub(r"\+.*", "", pin) + "\n" for pin in pins)


if __name__ == "__main__":
    CONSTRAINTS.write_text(constraints(), encoding="utf-8")
