"""A short campaign with a fixed seed: hypothesis, not this test, chooses the files."""

from __future__ import annotations

import pytest

from tests.fuzz.campaign import run_kind

SHORT_COUNTS = {
    "video": 120,
    "made": 12,
    "streams": 6,
    "large": 5,
    "npz": 12,
    "toml": 60,
    "json": 40,
    "zip": 10,
    "sqlite": 12,
    "csv": 60,
    "answers": 60,
    "name": 60,
}


@pytest.mark.parametrize("kind", SHORT_COUNTS)
def test_every_file_ends_in_a_result_or_in_one_line(kind: str) -> None:
    tally = run_kind(kind, SHORT_COUNTS[kind], first_seed=17)
    assert not tally.problems
    assert tally.tried >= SHORT_COUNTS[kind] // 2
    assert tally.results + tally.refused == tally.tried
