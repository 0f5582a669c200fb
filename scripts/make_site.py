"""Build the documentation as a site in build/site; no network is needed.

    python -m scripts.make_site

Any warning is an error: a link without a target, a name in docs/api.md that does not exist, an unreadable docstring.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException

ROOT = Path(__file__).resolve().parent.parent

FOLDERS = ("docs", "benchmarks", "models", "rendered_lifter", "sample_videos")
"""Folders whose documents are on the site, beside those of the root."""

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents(root: Path = ROOT) -> Iterator[Path]:
    """Every document of the site."""
    yield from sorted(root.glob("*.md"))
    for folder in FOLDERS:
        # What is deeper under "cache" is made here and not ours to show.
        yield from sorted(path for path in (root / folder).rglob("*.md") if "cache" not in path.parts)


def linked(document: Path, root: Path = ROOT) -> Iterator[Path]:
    """Files of the repository, other than documents, that a document links to or shows."""
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        path = (document.parent / target).resolve()
        if "://" not in target and path.is_file() and path.suffix != ".md" and path.is_relative_to(root):
            yield path


def collect(folder: Path, root: Path = ROOT) -> None:
    """Copy documents and what they link to into a folder, each with its path."""
    shutil.rmtree(folder, ignore_errors=True)
    for document in documents(root):
        for path in (document, *linked(document, root)):
            target = folder / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def main() -> int:
    """Build it; returns the exit code."""
    settings = ROOT / "mkdocs.yml"
    folder = ROOT / "build" / "site-source"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        config = load_config(str(settings))
        collect(folder)
        build(config)
    except (Abort, MkDocsException) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The documentation is in {Path(config.site_dir).relative_to(ROOT)}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
