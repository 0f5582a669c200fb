"""The model of a cluster, the simulation that it is checked against, and the file of results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.bench_batch import TITLES, with_section

pytest.importorskip("simpy", reason="simpy is missing: pip install 'formcheck[dev]'")

from benchmarks.simulate_cluster import Cluster, simulated

EVEN = Cluster(spread=0.01, lost_every_s=1e9)


@pytest.mark.parametrize(
    ("cluster", "cores", "slowest"),
    [
        (EVEN, 4, "workers"),
        (replace(EVEN, scheduler_s=2.0), 50, "scheduler"),
        (replace(EVEN, writes_per_s=1.0), 50, "store"),
    ],
)
def test_the_simulation_ends_what_the_slowest_part_allows(cluster: Cluster, cores: int, slowest: str) -> None:
    limits = cluster.limits(cores)
    assert min(limits, key=lambda name: limits[name]) == slowest
    assert simulated(cluster, cores, 1500) == pytest.approx(min(limits.values()), rel=0.05)


def test_lost_machines_cost_time_and_no_clip() -> None:
    shaky = replace(EVEN, lost_every_s=200.0, back_after_s=100.0)
    there = simulated(shaky, 20, 4000)
    assert there == pytest.approx(shaky.limits(20)["workers"], rel=0.1)
    assert there < 0.75 * simulated(EVEN, 20, 4000)


def test_more_cores_than_the_store_can_serve_cost_more() -> None:
    slow = replace(EVEN, writes_per_s=8.0)
    few, many = (slow.price(min(slow.limits(cores).values()), cores) for cores in (4, 400))
    assert many > 10 * few


def test_a_part_replaces_its_own_section_only() -> None:
    both = with_section(with_section("", TITLES["queue"], "tasks"), TITLES["memory"], "bytes")
    assert both.index("## Memory") < both.index("## A long queue")
    again = with_section(both, TITLES["queue"], "more tasks")
    assert "more tasks" in again
    assert "bytes" in again
    assert again.count("## A long queue") == 1
