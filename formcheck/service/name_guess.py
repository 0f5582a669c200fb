"""What a file's name and the history say about the set in it, as a first guess that the user sees and changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from formcheck.core.loads import HEAVIEST_LOAD_KG, KG_PER_LB
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.service.pipeline import AUTO
from formcheck.storage.history import SetSummary

SHORT_WORDS = {
    "dl": ("deadlift",),
    "rdl": ("romanian", "deadlift"),
    "sdl": ("sumo", "deadlift"),
    "kb": ("kettlebell",),
    "kbs": ("kettlebell", "swing"),
    "sq": ("squat",),
}
"""What lifters write for short."""

# Not the weight of one of two bells or a number of sets: whether "2x24kg" is 24 or 48 nobody can tell.
_LOAD = re.compile(r"(?<![\d.,x×*])(\d{1,3}(?:[.,]\d{1,2})?)[ _-]?(kgs?|kilos?|lbs?|pounds?)(?![a-z])", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+")


@dataclass(frozen=True)
class Guess:
    """What is guessed of a set.

    Attributes
    ----------
    exercise, variant : names, "auto" = no guess.
    load_kg, lifter : None = no guess.
    filmed_at : ISO date, empty = no guess.
    like_set : number of the saved set that something was taken from, None = the name alone.
    """

    exercise: str = AUTO
    variant: str = AUTO
    load_kg: float | None = None
    lifter: str | None = None
    filmed_at: str = ""
    like_set: int | None = None

    @property
    def is_empty(self) -> bool:
        """True where nothing was guessed."""
        return self == Guess()


def guess(name: str, lifters: Sequence[str], sets: Sequence[SetSummary] = ()) -> Guess:
    """The first guess for a file called ``name``.

    What the name says comes first. What it leaves open comes from the newest of ``sets`` whose video had the same name,
    which is most likely the same one. Where all sets are of one lifter, so is this one.
    """
    found = guess_from_name(name, lifters)
    before = next((each for each in sets if each.video_file.casefold() == name.casefold()), None)
    if before is not None:
        known = exercise_named(before.exercise) is not None and found.exercise == AUTO
        filled = replace(
            found,
            exercise=before.exercise if known else found.exercise,
            load_kg=before.load_kg if found.load_kg is None else found.load_kg,
            lifter=before.lifter if found.lifter is None else found.lifter,
        )
        found = found if filled == found else replace(filled, like_set=before.id)
    of_whom = {each.lifter for each in sets}
    if found.lifter is None and len(of_whom) == 1 and len(lifters) == 1:
        (only,) = of_whom
        found = replace(found, lifter=only)
    return found


def guess_from_name(name: str, lifters: Sequence[str]) -> Guess:
    """What the words and numbers of a file's name say, such as "2026-03-31 Anna sumo deadlift 100kg.mp4"."""
    stem = Path(name).stem
    words = _words(stem)
    exercise, variant = _lift(words)
    return Guess(exercise, variant, _load_kg(stem), _lifter(words, lifters), _day(stem))


def _words(text: str) -> list[str]:
    """Lower-case words without accents; what lifters write for short in full, one of several things without its s."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    found: list[str] = []
    for word in (each.casefold() for each in _WORD.findall(plain)):
        found.extend(SHORT_WORDS.get(word, (word,)))
    return found


def _has(words: Sequence[str], phrase: str) -> bool:
    return all(word in words or f"{word}s" in words for word in _words(phrase))


def _lift(words: Sequence[str]) -> tuple[str, str]:
    """Lift and variant; of several lifts that are named, the one that is named with most words."""
    best, most = None, 0
    for lift in EXERCISES:
        for phrase in (lift.title, lift.short_title, lift.noun):
            count = len(_words(phrase))
            if _has(words, phrase) and count > most:
                best, most = lift, count
    if best is None:
        return AUTO, AUTO
    variants = [each.name for each in best.variants if _has(words, each.name)]
    return best.name, variants[0] if len(variants) == 1 else AUTO


def _load_kg(stem: str) -> float | None:
    found = _LOAD.findall(stem)
    if len(found) != 1:
        return None
    number, unit = found[0]
    load_kg = float(number.replace(",", ".")) * (KG_PER_LB if unit[0] in "lLpP" else 1.0)
    return round(load_kg, 3) if 0.0 < load_kg <= HEAVIEST_LOAD_KG else None


def _lifter(words: Sequence[str], lifters: Sequence[str]) -> str | None:
    """The one lifter whose whole name is there, or else the one whose first name is."""
    for part in (slice(None), slice(1)):
        here = [each for each in lifters if (own := _words(each)[part]) and all(word in words for word in own)]
        if len(here) == 1:
            return here[0]
    return None


def _day(stem: str) -> str:
    for year, _, month, day in _DAY.findall(stem):
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if found <= date.today():
            return found.isoformat()
    return ""
