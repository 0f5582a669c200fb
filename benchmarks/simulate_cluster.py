"""From two cores to ten thousand: a model of a cluster, and a simulation that it is checked against.

    python -m benchmarks.simulate_cluster [--core-s 11] [--no-write]

The model is three lines: a cluster ends as many clips a second as its slowest part, which is the workers (cores divided
by the seconds of a clip), the scheduler (one process), or the object store (requests a second for one prefix). The
simulation (simpy) plays it out clip by clip, with clips of different lengths, transfers, workers that are lost with
what they had, and everybody waiting for everybody, and shows where the model is too simple.

Measured, and so taken from results/batch.md and the outcomes of a batch: seconds of a core, bytes and requests of a
clip, the scheduler's milliseconds a task. Assumed, as they depend on who is asked: prices, the store's limits, how
often machines are lost. Writes benchmarks/results/scaling.md.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import simpy

from benchmarks.scores import markdown_table

RESULTS = Path(__file__).resolve().parent / "results" / "scaling.md"

CORES = (1, 2, 16, 128, 1_000, 3_000, 10_000)
CLIPS_A_CORE = 40
MOST_CLIPS = 120_000


@dataclass(frozen=True)
class Cluster:
    """A cluster in numbers.

    Attributes
    ----------
    core_s : seconds of a core for the mean clip; ``spread`` is the standard deviation of clips' lengths, as a share.
    scheduler_s : seconds of the scheduler for a task.
    read_bytes, stored_bytes : fetched and stored for a clip.
    requests : writes to the store for a clip.
    writes_per_s : what the store takes for one prefix (3,500 a second is what S3 documents).
    bytes_per_s : what one core of a machine gets of its network (25 Gbit/s for 64 cores).
    request_s : the store's answer to one request.
    lost_every_s, back_after_s : how often a core is lost, and how long until another has its place.
    core_hour_price, write_price, stored_price : dollars for a core for an hour, 1,000 writes, and a GB for a month.
    """

    core_s: float = 7.2
    spread: float = 0.9
    scheduler_s: float = 0.0071
    read_bytes: float = 1.5e6
    stored_bytes: float = 1.05e6
    requests: int = 8
    writes_per_s: float = 3_500.0
    bytes_per_s: float = 25e9 / 8 / 64
    request_s: float = 0.03
    lost_every_s: float = 10 * 3600.0
    back_after_s: float = 120.0
    core_hour_price: float = 0.04
    write_price: float = 0.005
    stored_price: float = 0.023

    @property
    def clip_s(self) -> float:
        """Seconds that a worker has a clip: computing, moving, asking."""
        moved = (self.read_bytes + self.stored_bytes) / self.bytes_per_s
        return self.core_s + moved + self.requests * self.request_s

    def limits(self, cores: int) -> dict[str, float]:
        """Clips a second that each part can do."""
        # A lost core has no clip for a while, and half of one is lost with it.
        alive = self.lost_every_s / (self.lost_every_s + self.back_after_s + self.clip_s / 2)
        return {
            "workers": cores * alive / self.clip_s,
            "scheduler": 1.0 / self.scheduler_s,
            "store": self.writes_per_s / self.requests,
        }

    def price(self, clips_per_s: float, cores: int) -> float:
        """Dollars for 1,000 clips with a month of storage."""
        computing = self.core_hour_price * cores / (3600.0 * clips_per_s)
        writing = self.write_price * self.requests / 1000.0
        return 1000.0 * (computing + writing + self.stored_price * self.stored_bytes / 1e9)


def simulated(cluster: Cluster, cores: int, clips: int, seed: int = 1) -> float:
    """Clips a second of a cluster at work; the time in which workers run out of clips at the end is left out."""
    random_ = random.Random(seed)
    world = simpy.Environment()
    scheduler, store = simpy.Resource(world), simpy.Resource(world)
    waiting = [_clip_s(cluster, random_) for _ in range(clips)]
    ends: list[float] = []

    def worker() -> Generator[simpy.Event, Any, None]:
        lost_at = world.now + random_.expovariate(1.0 / cluster.lost_every_s)
        while waiting:
            with scheduler.request() as turn:
                yield turn
                yield world.timeout(cluster.scheduler_s)
            if not waiting:
                return
            computing_s = waiting.pop()
            moving_s = (cluster.read_bytes + cluster.stored_bytes) / cluster.bytes_per_s
            busy_s = computing_s + moving_s + cluster.requests * cluster.request_s
            if world.now + busy_s > lost_at:
                yield world.timeout(max(0.0, lost_at - world.now))
                waiting.append(computing_s)  # somebody else gets it
                yield world.timeout(cluster.back_after_s)
                lost_at = world.now + random_.expovariate(1.0 / cluster.lost_every_s)
                continue
            yield world.timeout(busy_s)
            with store.request() as turn:
                yield turn
                yield world.timeout(cluster.requests / cluster.writes_per_s)
            ends.append(world.now)

    for _ in range(cores):
        world.process(worker())
    world.run()
    # From the first round of clips to the last full one.
    ends.sort()
    low, high = len(ends) // 4, 3 * len(ends) // 4
    return (high - low) / (ends[high] - ends[low])


def _clip_s(cluster: Cluster, random_: random.Random) -> float:
    """Lengths of clips are log-normal: none is negative, a few are long."""
    variance = math.log(1.0 + cluster.spread**2)
    return random_.lognormvariate(math.log(cluster.core_s) - variance / 2.0, math.sqrt(variance))


def rows(cluster: Cluster) -> list[list[str]]:
    """Model and simulation for each number of cores."""
    table = []
    for cores in CORES:
        limits = cluster.limits(cores)
        model = min(limits.values())
        played = simulated(cluster, cores, min(MOST_CLIPS, CLIPS_A_CORE * max(cores, 250)))
        table.append(
            [
                f"{cores:,}",
                f"{3600 * model:,.0f}",
                f"{3600 * played:,.0f}",
                f"{played / cores * cluster.clip_s:.2f}",
                min(limits, key=lambda name: limits[name]),
                f"{100 * played / limits['scheduler']:.0f} %",
                f"{100 * played / limits['store']:.0f} %",
                f"{cluster.price(played, cores):.2f}",
            ]
        )
        print(table[-1], flush=True)
    return table


def main() -> None:
    """Simulate, print, write."""
    usual = Cluster()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core-s", type=float, default=usual.core_s)
    parser.add_argument("--scheduler-ms", type=float, default=1e3 * usual.scheduler_s)
    parser.add_argument("--no-write", action="store_true")
    told = parser.parse_args()
    as_built = replace(usual, core_s=told.core_s, scheduler_s=told.scheduler_ms / 1e3)
    # Ten prefixes and ten schedulers, each with a tenth of the clips.
    spread_out = replace(as_built, writes_per_s=10 * as_built.writes_per_s, scheduler_s=as_built.scheduler_s / 10)
    head = ["cores", "model", "simulated", "of the cores", "slowest", "scheduler", "store", "$ for 1,000"]
    text = (
        "# Scaling\n\nMade by `python -m benchmarks.simulate_cluster`; what it means is in "
        "[docs/scaling.md](../../docs/scaling.md). Clips an hour by the model and by the simulation, the share of the "
        "cores that is put to use, the slowest part by the model, and how busy scheduler and store are.\n\n"
        f"A clip takes {as_built.core_s:g} s of a core (standard deviation {100 * as_built.spread:.0f} %), the "
        f"scheduler {1e3 * as_built.scheduler_s:g} ms, {as_built.requests} writes and "
        f"{as_built.stored_bytes / 1e6:g} MB.\n\n"
        f"## One scheduler, one prefix\n\n{markdown_table(head, rows(as_built))}\n\n"
        f"## Ten schedulers, ten prefixes\n\n{markdown_table(head, rows(spread_out))}\n"
    )
    print(text)
    if not told.no_write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
