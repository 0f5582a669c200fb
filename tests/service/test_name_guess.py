"""What file names and the history say of a set."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from formcheck.judging import analysis
from formcheck.service.name_guess import Guess, guess, guess_from_name
from formcheck.storage.history import open_history
from tests.helpers.synthetic_lifter import deadlift, film

LIFTERS = ("Anna", "Anna Maria", "Jörg Kühn", "Bea")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IMG_0001.MOV", Guess()),
        ("deadlift.mp4", Guess("deadlift")),
        ("Deadlifts heavy.mp4", Guess("deadlift")),
        ("anna-sumo-deadlift-100kg.mp4", Guess("deadlift", "sumo", 100.0, "Anna")),
        ("AnnaFrontSquat.mp4", Guess("squat", "front", None, "Anna")),
        ("RDL 225lb.mp4", Guess("deadlift", "romanian", 102.058)),
        ("kb swing 24 kg.mov", Guess("kettlebell-swing", "auto", 24.0)),
        ("kettlebell deadlift.mov", Guess("deadlift", "kettlebell")),
        ("one-hand swing.mov", Guess("kettlebell-swing", "one-hand")),
        ("squat 102,5kg.mp4", Guess("squat", "auto", 102.5)),
        ("2026-03-31 squat.mp4", Guess("squat", filmed_at="2026-03-31")),
        ("PXL_20260331_101112.mp4", Guess(filmed_at="2026-03-31")),
        # The longest name that is there in full, a first name only where it is one lifter's.
        ("jorg kuhn squat.mp4", Guess("squat", lifter="Jörg Kühn")),
        ("jörg squat.mp4", Guess("squat", lifter="Jörg Kühn")),
        ("bea vs anna squat.mp4", Guess("squat")),
        ("beach.mp4", Guess()),
        # Two bells, or five times, or two loads: nobody can tell.
        ("squat 2x24kg.mp4", Guess("squat")),
        ("squat 60kg to 80kg.mp4", Guess("squat")),
        ("squat 0kg.mp4", Guess("squat")),
        ("squat 2026-02-30.mp4", Guess("squat")),
    ],
)
def test_what_a_name_says(name: str, expected: Guess) -> None:
    assert guess_from_name(name, LIFTERS) == expected


def test_a_day_to_come_is_not_when_it_was_filmed() -> None:
    tomorrow = (date.today() + timedelta(days=1)).isoformat()
    assert guess_from_name(f"{tomorrow}.mp4", ()).filmed_at == ""
    assert guess_from_name(f"{date.today()}.mp4", ()).filmed_at == date.today().isoformat()


def test_a_saved_set_of_the_same_file_fills_what_the_name_leaves_open(tmp_path: Path) -> None:
    poses = film(deadlift(3))
    report = analysis.analyze(poses, "deadlift", load_kg=100.0).to_dict()
    report["video"]["file"] = "IMG_0001.MOV"
    with open_history(tmp_path / "history.sqlite3") as history:
        saved = history.save_set(report, poses, lifter="Anna")
        sets = history.summaries()
    found = guess("img_0001.mov", ["Anna", "Bea"], sets)
    assert found == Guess("deadlift", "auto", 100.0, "Anna", like_set=saved.id)
    # The name is believed more, and only what was taken names the set.
    assert guess("IMG_0002.MOV", ["Anna", "Bea"], sets) == Guess()
    # All sets are Anna's, and there is nobody else.
    assert guess("IMG_0002.MOV", ["Anna"], sets) == Guess(lifter="Anna")
