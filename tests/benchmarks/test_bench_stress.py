"""What spoils pictures does what its level says, and the tables say from which level on nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bench_stress import (
    BACK,
    UNSPOILT,
    Outcome,
    abstains_from,
    abstains_table,
    document,
    levels_table,
    made_up,
    said_of,
)
from benchmarks.rendered_set import SPLITS, clip_set
from benchmarks.stress_copies import (
    BODIES,
    FIGURE_PX,
    KINDS,
    SIDE_PX,
    Change,
    _dropped,
    boarded,
    changes,
    darkened,
    level_words,
    noisy,
    smaller,
    sources,
)
from formcheck.vision.video import Frame

GREY = np.full((SIDE_PX, SIDE_PX, 3), 128, dtype=np.uint8)


def said(change: Change, measured: set[str], faults: tuple[str, ...] = (), source: str = "squat-1") -> Outcome:
    return Outcome(source, change, True, True, frozenset(measured), frozenset(), faults)


def test_there_are_five_hundred_copies_of_lifts_that_nothing_was_tuned_on() -> None:
    assert len(sources()) * len(list(changes())) >= 500
    assert len(sources()) == sum(BODIES.values())
    drawn = {clip.spec.seed for split in SPLITS for clip in clip_set(split, full=True)}
    assert not drawn & {source.spec.seed for source in sources()}
    for source in sources():
        assert source.spec.faults.present() == {}
        assert source.spec.body.height_m / source.spec.scene.frame_height_m * SIDE_PX == pytest.approx(FIGURE_PX, abs=1)


def test_noise_has_its_standard_deviation() -> None:
    spoilt = noisy(GREY, 10.0, np.random.default_rng(1))
    assert float(np.std(spoilt)) == pytest.approx(10.0, rel=0.02)
    assert float(np.mean(spoilt)) == pytest.approx(127.5, abs=0.5)


def test_a_quarter_of_the_light_is_a_little_more_than_half_of_the_value() -> None:
    assert darkened(GREY, 0.25)[0, 0, 0] == round(128 * 0.25 ** (1 / 2.2))


def test_a_smaller_figure_stands_in_a_picture_of_the_same_size() -> None:
    picture = np.zeros((SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    picture[40:440, 200:280] = 255
    small = smaller(picture, 0.25)
    assert small.shape == picture.shape
    rows, columns = np.flatnonzero(small.max(axis=(1, 2)) > 127), np.flatnonzero(small.max(axis=(0, 2)) > 127)
    assert len(rows) == pytest.approx(100, abs=1)
    assert len(columns) == pytest.approx(20, abs=1)


def test_a_board_hides_its_part_and_nothing_else() -> None:
    covered = boarded(GREY, (slice(400, SIDE_PX), slice(0, SIDE_PX)))
    assert (covered[:400] == 128).all()
    assert not (covered[400:] == 128).any()


def test_dropped_frames_are_the_share_that_was_asked_for() -> None:
    frames = [Frame(number / 30.0, GREY[:2, :2]) for number in range(2000)]
    kept = list(_dropped(frames, 0.6, np.random.default_rng(2)))
    assert kept[0].time_s == 0.0
    assert len(kept) == pytest.approx(800, abs=60)


def test_it_abstains_from_the_level_after_which_nothing_is_said_again() -> None:
    levels = [Change("noise", level) for level in KINDS["noise"].levels]
    checks = {BACK, "depth", "butt-wink", "forward-lean"}
    found = [
        said(UNSPOILT, checks),
        said(levels[0], checks),
        said(levels[1], set()),  # says something again at the next
        said(levels[2], {"depth", "butt-wink"}),
        said(levels[3], {"depth"}),
        said(levels[4], set()),
    ]
    assert abstains_from(found, "noise") == level_words(levels[3])
    assert abstains_from(found, "noise", BACK) == level_words(levels[1])
    assert abstains_from(found[:2], "noise") == "-"


def test_only_what_is_said_unspoilt_counts() -> None:
    noise = Change("noise", 10)
    unspoilt = {"squat-1": frozenset({"depth"}), "squat-2": frozenset({"depth", BACK})}
    found = [said(noise, {"depth", "heel-rise"}), said(noise, {BACK}, source="squat-2")]
    assert said_of(found, unspoilt) == pytest.approx(2 / 3)
    assert said_of(found, unspoilt, BACK) == 1.0


def test_faults_that_are_made_up_are_named() -> None:
    found = [said(UNSPOILT, {"depth"}), said(Change("height", 80), {"depth"}, ("depth",))]
    assert made_up(found) == ["- squat-1, small figure, 80 px high: depth"]
    text = document(found)
    assert "**Faults made up: 1 of 2 copies.**" in text
    assert "80 px high" in levels_table(found)
    assert abstains_table(found).splitlines()[-1].rstrip(" |").endswith("1")
