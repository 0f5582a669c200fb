"""Clean rendered lifts made hard to see: from which level on is nothing said, and is a fault ever made up?

    python -m benchmarks.bench_stress [--cached] [--no-write]

`stress_copies` makes the copies and finds their poses. Each is analysed as it comes ("auto") and with its lift named,
and everything called a fault in either is a fault that is not there. Ends as results/stress.md and as a part of
docs/reliability.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rendered_set import PRODUCT_NAME
from benchmarks.scores import markdown_table, percent
from benchmarks.stress_copies import (
    BODIES,
    KINDS,
    STRESS,
    Change,
    Source,
    changes,
    copy_poses,
    level_words,
    loaded_once,
    sources,
)
from formcheck.core.errors import FormCheckError
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.storage.pose_files import load_poses
from formcheck.vision.models.store import find_model
from formcheck.vision.native_logs import quiet_native_logs
from rendered_lifter.assets import AssetError
from tests.fuzz.reliability import write_part

RESULTS = Path(__file__).parent / "results"

BACK = "back-rounding"

ABSTAINS = 0.5
"""A check abstains at a level where it says something of less than this share of the lifts of which it says something
unspoilt."""

UNSPOILT = Change("none", 0)


@dataclass(frozen=True)
class Outcome:
    """What was said of one copy.

    ``measured``, ``watched`` and ``faults`` are ids of checks; faults are those of the set and of any repetition, in
    either way of analysing, the others those of the copy as it comes.
    """

    source: str
    change: Change
    named: bool
    counted: bool
    measured: frozenset[str]
    watched: frozenset[str]
    faults: tuple[str, ...]


def outcome(source: Source, change: Change, poses: PoseSequence) -> Outcome:
    """Analyse a copy both ways."""
    lift = PRODUCT_NAME[source.spec.exercise]
    by_itself, told = analyze(poses), analyze(poses, lift)
    return Outcome(
        source.name,
        change,
        by_itself.exercise.name == lift,
        len(by_itself.reps) == source.spec.reps and by_itself.exercise.name == lift,
        frozenset(each.check for each in by_itself.findings if each.verdict != NOT_MEASURED),
        frozenset(each.check for each in by_itself.findings if each.verdict == WATCH),
        tuple(sorted({*_faults(by_itself), *_faults(told)})),
    )


def _faults(report: Report) -> Iterator[str]:
    """Checks that call a fault, of the set or of a repetition."""
    for findings in (report.findings, *(rep.findings for rep in report.reps)):
        yield from (each.check for each in findings if each.verdict == FAULT)


def outcomes(model_name: str, cached: bool) -> Iterator[Outcome]:
    """Of every copy; with ``cached`` of those that the cache holds, whatever code found their poses."""
    if cached:
        for source in sources():
            for change in changes():
                kept = STRESS.glob(f"{source.name}.{change.kind}-{change.level:g}-*.npz")
                newest = max(kept, key=lambda path: path.stat().st_mtime, default=None)
                if newest is not None:
                    yield outcome(source, change, load_poses(newest))
        return
    model = find_model(model_name)
    backend = loaded_once(model)
    for source in sources():
        for change in changes():
            yield outcome(source, change, copy_poses(source, change, model, backend))


def said_of(found: Iterable[Outcome], unspoilt: dict[str, frozenset[str]], check: str = "") -> float:
    """Share of what is said of the unspoilt lifts that is still said: of all checks, or of the lifts in one of them."""
    still = expected = 0
    for each in found:
        before = unspoilt.get(each.source, frozenset())
        wanted = before & {check} if check else before
        expected += len(wanted)
        still += len(wanted & each.measured)
    return still / expected if expected else float("nan")


def share(values: Sequence[bool]) -> float:
    """Share of what is true."""
    return sum(values) / len(values) if values else float("nan")


def by_level(found: Sequence[Outcome]) -> dict[Change, list[Outcome]]:
    """Outcomes of each level, from mild to bad."""
    grouped: dict[Change, list[Outcome]] = defaultdict(list)
    for each in found:
        grouped[each.change].append(each)
    return {change: grouped[change] for change in changes() if change in grouped}


def levels_table(found: Sequence[Outcome]) -> str:
    """What is still said at each level."""
    unspoilt = {each.source: each.measured for each in found if each.change == UNSPOILT}
    rows = []
    for change, group in by_level(found).items():
        rows.append(
            (
                KINDS[change.kind].title,
                level_words(change),
                str(len(group)),
                percent(share([each.named for each in group])),
                percent(share([each.counted for each in group])),
                percent(said_of(group, unspoilt)),
                percent(said_of(group, unspoilt, BACK)),
                str(sum(len(each.watched) for each in group)),
                str(sum(bool(each.faults) for each in group)),
            )
        )
    header = ("what", "level", "copies", "lift named", "reps right", "checks", "back", "watch", "faults")
    return markdown_table(header, rows, left=2)


def abstains_from(found: Sequence[Outcome], kind: str, check: str = "") -> str:
    """The first level from which on, through all worse ones, too little is said; "-" where there is none."""
    unspoilt = {each.source: each.measured for each in found if each.change == UNSPOILT}
    levels = [(change, group) for change, group in by_level(found).items() if change.kind == kind]
    first = "-"
    for change, group in reversed(levels):
        if said_of(group, unspoilt, check) >= ABSTAINS:
            break
        first = level_words(change)
    return first


def abstains_table(found: Sequence[Outcome]) -> str:
    """From which level on it abstains, and how often something was called a fault: one row for each kind."""
    rows = []
    for name, kind in KINDS.items():
        group = [each for each in found if each.change.kind == name]
        if name == UNSPOILT.kind or not group:
            continue
        levels = list(by_level(group))
        tried = f"{level_words(levels[0])} to {level_words(levels[-1])}"
        made_up = sum(bool(each.faults) for each in group)
        rows.append(
            (
                kind.title,
                tried,
                str(len(group)),
                abstains_from(found, name),
                abstains_from(found, name, BACK),
                str(made_up),
            )
        )
    header = ("what", "tried", "copies", "most checks silent from", "back silent from", "faults made up")
    return markdown_table(header, rows, left=2)


def made_up(found: Iterable[Outcome]) -> list[str]:
    """Each fault on a clean lift, in a line."""
    return [
        f"- {each.source}, {KINDS[each.change.kind].title}, {level_words(each.change)}: {', '.join(each.faults)}"
        for each in found
        if each.faults
    ]


def document(found: Sequence[Outcome]) -> str:
    """results/stress.md."""
    wrong = made_up(found)
    lines = [
        "# Clean lifts that are hard to see",
        "",
        "`make bench-stress`: "
        f"{len({each.source for each in found})} rendered lifts without a fault ({', '.join(BODIES)}), each of another "
        f"body and seen from the side, 400 px high, spoilt in many ways: {len(found)} copies. A copy is analysed as it "
        "comes and with its lift named; a fault in either, of the set or of one repetition, is made up.",
        "",
        f"**Faults made up: {len(wrong)} of {len(found)} copies.**",
        "",
        *(wrong and [*wrong, ""]),
        "## From which level on it says nothing",
        "",
        "Silent: of less than half of what is said of the unspoilt lifts. Shares hidden are of the box around the "
        "lifter over the whole lift, joint to joint.",
        "",
        abstains_table(found),
        "",
        "## Level by level",
        "",
        'Shares of the copies; "checks" is what is said of all that is said unspoilt, "back" the same of back '
        'rounding, "watch" how many checks say so in all copies together.',
        "",
        levels_table(found),
        "",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure, show and write; the exit code is 1 when a fault was made up."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_stress", description=__doc__)
    parser.add_argument("--cached", action="store_true", help="take poses as the cache holds them")
    parser.add_argument("--no-write", action="store_true", help="leave the documents as they are")
    parser.add_argument("--model", default="full", help="lite, full, heavy or a file")
    options = parser.parse_args(arguments)
    try:
        with quiet_native_logs():
            found = list(outcomes(options.model, options.cached))
    except (FormCheckError, AssetError) as error:
        print(error, file=sys.stderr)
        return 2
    text = document(found)
    print(text)
    if not options.no_write:
        (RESULTS / "stress.md").write_text(text, encoding="utf-8")
        total = f"Faults made up: {len(made_up(found))} of {len(found)} copies."
        write_part("stress", [abstains_table(found), "", total])
    return 1 if made_up(found) else 0


if __name__ == "__main__":
    sys.exit(main())
