"""What the history keeps: lifters and their sets, as plain frozen values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from formcheck.core.errors import ReportError, UsageError
from formcheck.core.verdicts import Verdict
from formcheck.core.words import _
from formcheck.storage.history.numbers import SetNumbers, numbers_of

if TYPE_CHECKING:
    from formcheck.judging.report import Report

LONGEST_NAME = 80
LONGEST_NOTES = 4000

UNKNOWN_TIME = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
"""Stands for the date of a set whose row is so damaged that it has none; dates are kept in milliseconds."""


@dataclass(frozen=True)
class Lifter:
    """Who lifts. Two names that differ in upper and lower case only are one lifter.

    Attributes
    ----------
    name : one line, as people read it.
    height_cm : body height; None = not told.
    back_injury : an earlier back injury was told of, which asks for careful wording and earlier warnings.
    depth_target_thighs : own squat depth, hips above the knees in thigh lengths; negative = below parallel.
    neutral_back : the lifter's own neutral back by name, ``lower_deg`` and ``upper_deg`` as in
        `formcheck.motion.neutral.Baseline`; empty = not recorded.
    """

    name: str
    height_cm: float | None = None
    back_injury: bool = False
    depth_target_thighs: float | None = None
    neutral_back: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from formcheck.judging.settings import DEPTH_TARGET_RANGE, HEIGHT_RANGE_CM

        object.__setattr__(self, "name", clean_name(self.name))
        _check_range(_("The height"), self.height_cm, *HEIGHT_RANGE_CM, unit="cm")
        _check_range(_("The depth target"), self.depth_target_thighs, *DEPTH_TARGET_RANGE, unit=_("thigh lengths"))
        wrong = [name for name, value in self.neutral_back.items() if not math.isfinite(value)]
        if wrong:
            raise UsageError(
                _("The neutral back of {name} has no number for {names}.", name=self.name, names=", ".join(wrong))
            )


@dataclass(frozen=True)
class SetRecord:
    """What the row of a saved set holds, whether or not its report is read with it.

    Attributes
    ----------
    id : number in this history, by which people name it.
    uid : 32 hexadecimal digits, the same wherever the set is exported to.
    saved_at, filmed_at : with time zone; ``filmed_at`` is None when nobody knows.
    lifter : name, None = nobody's.
    video_file : name of the video; ``video_path`` is where it was then, empty = not known. The video is not kept.
    exercise, variant, load_kg, notes : as analysed and told; ``exercise`` is "none" where no lift was recognised.
    has_poses : True when the poses are kept, so that the set can be judged again.
    damage : parts of the set that cannot be read, such as "report" or "date"; empty = it is sound.
    """

    id: int
    uid: str
    saved_at: datetime
    filmed_at: datetime | None
    lifter: str | None
    video_file: str
    video_path: str
    exercise: str
    variant: str
    load_kg: float | None
    notes: str
    has_poses: bool
    damage: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def when(self) -> datetime:
        """When it was filmed, or saved where that is not known."""
        return self.filmed_at or self.saved_at

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in its notes."""
        return tags_of(self.notes)


@dataclass(frozen=True)
class SetSummary(SetRecord):
    """A saved set in short, for lists and trends; `formcheck.storage.history.store.History.set` reads all of it.

    Attributes
    ----------
    verdict, summary : as in the report.
    rep_count : repetitions, partial ones too.
    numbers : the report in numbers.
    """

    verdict: Verdict
    summary: str
    rep_count: int
    numbers: SetNumbers


@dataclass(frozen=True)
class SavedSet(SetRecord):
    """One saved set with its report.

    Attributes
    ----------
    settings : what the analysis was told beside the video.
    report_data : the whole report, as in report.json; ``report`` is the same with types.
    """

    settings: Mapping[str, Any]
    report_data: Mapping[str, Any]

    @cached_property
    def _read(self) -> tuple[Report, str]:
        """The report, and why it is not the one that was saved."""
        from formcheck.judging.report import Report

        try:
            if "report" in self.damage:
                raise ReportError(_("The report of set {number} cannot be read.", number=self.id))
            return Report.from_dict(self.report_data, f"The report of set {self.id}"), ""
        except ReportError as error:
            instead = {
                "video": {"file": self.video_file},
                "exercise": {"name": self.exercise},
                "variant": self.variant,
                "summary": f"{error} Judge the set again to renew it.",
            }
            return Report.from_dict(instead), str(error)

    @property
    def report(self) -> Report:
        """The report; one that says nothing but this where what was saved cannot be read."""
        return self._read[0]

    @property
    def unreadable(self) -> str:
        """Why the report cannot be read, in a sentence; empty = it can."""
        return self._read[1]

    @property
    def verdict(self) -> Verdict:
        """The verdict on the set."""
        return self.report.verdict

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        return self.report.summary

    @property
    def rep_count(self) -> int:
        """Repetitions, partial ones too."""
        return len(self.report.reps)

    @cached_property
    def numbers(self) -> SetNumbers:
        """The report in numbers."""
        return numbers_of(self.report, self.load_kg)


AnySet: TypeAlias = SetSummary | SavedSet
"""A saved set in short or in full: both have a verdict and numbers."""


TAG = re.compile(r"(?<!\S)#([^\W_][\w-]{0,39})(?!\S)")
"""A tag in notes: a word behind a number sign."""


def tags_of(notes: str) -> tuple[str, ...]:
    """The tags in notes, in lower case and in the order of their first use, such as "meet" in "Good day. #meet"."""
    return tuple(dict.fromkeys(tag.lower() for tag in TAG.findall(notes)))


def local_time(moment: datetime) -> datetime:
    """A moment where the computer is; in its own zone where that would leave the calendar (years 1 and 9999)."""
    try:
        return moment.astimezone()
    except (OverflowError, ValueError, OSError):
        return moment


def day_words(moment: datetime) -> str:
    """The day of a moment where the computer is, as in 2026-03-31; "–" for one that is not known."""
    return "–" if moment == UNKNOWN_TIME else local_time(moment).date().isoformat()


def clock_words(moment: datetime) -> str:
    """The time of day of a moment where the computer is, as in 18:30; "–" for one that is not known."""
    return "–" if moment == UNKNOWN_TIME else f"{local_time(moment):%H:%M}"


def clean_name(name: str) -> str:
    """A lifter's name as it is kept; `UsageError` when it is none."""
    kept = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not kept:
        raise UsageError(_("A lifter needs a name."))
    if len(kept) > LONGEST_NAME:
        raise UsageError(_("The name of a lifter has at most {most} letters.", most=LONGEST_NAME))
    return kept


def check_load_kg(load_kg: float | None) -> None:
    """`UsageError` for a load that nobody lifts."""
    from formcheck.core.loads import HEAVIEST_LOAD_KG

    _check_range(_("The load"), load_kg, 0.0, HEAVIEST_LOAD_KG, unit="kg")


def clean_notes(notes: str) -> str:
    """Notes as they are kept: of control characters only line breaks; `UsageError` when they are too long."""
    kept = notes.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    kept = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in kept).strip()
    if len(kept) > LONGEST_NOTES:
        raise UsageError(_("Notes have at most {most} letters.", most=LONGEST_NOTES))
    return kept


def _check_range(what: str, value: float | None, lowest: float, highest: float, unit: str) -> None:
    if value is not None and not lowest <= value <= highest:
        raise UsageError(
            _(
                "{what} must be between {lowest:g} and {highest:g} {unit}, not {value:g}.",
                what=what,
                lowest=lowest,
                highest=highest,
                unit=unit,
                value=value,
            )
        )
