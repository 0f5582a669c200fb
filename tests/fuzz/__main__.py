"""``python -m tests.fuzz [--scale 1] [--seed 0] [--kinds video,npz]``: the long run; writes docs/reliability.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz import reliability
from tests.fuzz.campaign import FULL_COUNTS, Tally, run_kind

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run all kinds; the exit code is 1 when a file did what it must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(FULL_COUNTS))
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "fuzz", help="where files that did harm are kept")
    arguments = parser.parse_args()
    tallies: list[Tally] = []
    for kind in arguments.kinds.split(","):
        count = max(1, round(FULL_COUNTS[kind] * arguments.scale))
        tally = run_kind(kind, count, arguments.seed, arguments.keep)
        print(tally.line(), flush=True)
        for problem in tally.problems:
            print(f"  {problem.what}: {problem.words} ({problem.kept})", flush=True)
        tallies.append(tally)
    if arguments.scale >= 1.0 and set(arguments.kinds.split(",")) == set(FULL_COUNTS):
        reliability.write_part("fuzz", [*reliability.fuzz_table(tallies)])
    return 1 if any(tally.problems for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
