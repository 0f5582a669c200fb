"""docs/reliability.md: every number in it is written by the command that measured it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.campaign import Tally

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def write_part(name: str, lines: Iterable[str]) -> None:
    """Replace what is between the marks of that part."""
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    body = "\n".join(lines)
    DOCUMENT.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", encoding="utf-8")


def fuzz_table(tallies: Iterable[Tally]) -> Iterable[str]:
    """The table of a long run."""
    tallies = list(tallies)
    yield "| files | tried | result | refused | crashes | hangs | tracebacks | most processor time | most memory |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for each in tallies:
        counts = [sum(problem.what == what for problem in each.problems) for what in ("crash", "hang", "traceback")]
        yield (
            f"| {each.title} | {each.tried:,} | {each.results:,} | {each.refused:,} | {counts[0]} | {counts[1]} | "
            f"{counts[2]} | {each.worst_s:.1f} s | {each.worst_mb:,.0f} MB |"
        )
    yield f"| together | {sum(each.tried for each in tallies):,} | {sum(each.results for each in tallies):,} | " + (
        f"{sum(each.refused for each in tallies):,} | | | | | |"
    )
