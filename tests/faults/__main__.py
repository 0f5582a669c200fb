"""``python -m tests.faults [--kills 100]``: the long run; writes its part of docs/reliability.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.app_kills import kill_apps, kill_workers
from tests.faults.kills import Kills, Scene, kill_commands, kill_forked
from tests.fuzz.reliability import write_part


def main() -> int:
    """Kill, look, write down; the exit code is 1 when something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    help_ = "how often worker and command are killed, each; the app half as often"
    parser.add_argument("--kills", type=int, default=100, help=help_)
    arguments = parser.parse_args()
    series: list[Kills] = []
    with tempfile.TemporaryDirectory(prefix="formcheck-faults-") as folder:
        scene = Scene(Path(folder))
        for kind in ("command", "worker"):
            series.append(kill_forked(scene, kind, arguments.kills, seed=len(series) + 1))
            print(series[-1], flush=True)
        for kill, times in (
            (kill_commands, arguments.kills // 10),
            (kill_workers, arguments.kills // 4),
            (kill_apps, arguments.kills // 2),
        ):
            series.append(kill(scene, max(1, times), seed=1))
            print(series[-1], flush=True)
        before = scene.sets()
    together = Kills(
        "together",
        sum(each.tried for each in series),
        sum(each.during for each in series),
        [problem for each in series for problem in each.problems],
    )
    rows = [f"| {each.title} | {each.tried} | {each.during} | {len(each.problems)} |" for each in (*series, together)]
    head = ["| killed at a random moment | times | before it was done | lost or half there |", "|---|---:|---:|---:|"]
    if arguments.kills >= 100:
        write_part("kills", [*head, *rows, "", f"Afterwards the history held {before} sets, all whole."])
    return 1 if any(each.problems for each in series) else 0


if __name__ == "__main__":
    sys.exit(main())
