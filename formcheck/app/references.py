"""Good repetitions that come with the app, one for each lift, to compare one's own with.

`scripts.make_references` makes them from the rendered samples.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from formcheck.app import components
from formcheck.app.stick_figures import Figure, Moment
from formcheck.judging.report import Report, RepReport
from formcheck.storage.history.numbers import DEPTH, ROUNDING

REFERENCES = ("deadlift", "squat", "kettlebell-swing")
"""Lifts of which there is a good sample."""


@dataclass(frozen=True)
class Reference:
    """One good repetition.

    Attributes
    ----------
    exercise, view : as in a report.
    instants : start, bottom, top, end, lift-off and lockout by their names in `RepReport`, in seconds.
    rounding_deg, depth_thighs, concentric_s : None = not measured.
    figure : it as a moving stick figure.
    """

    exercise: str
    view: str
    instants: dict[str, float]
    rounding_deg: float | None
    depth_thighs: float | None
    concentric_s: float | None
    figure: Figure

    @classmethod
    def of(cls, report: Report, rep: RepReport, figure: Figure) -> Reference:
        """A repetition of a report."""
        names = ("start_s", "bottom_s", "top_s", "end_s", "lift_off_s", "lockout_s")
        rounding, depth = rep.measures.get(ROUNDING), rep.measures.get(DEPTH)
        return cls(
            report.exercise.name,
            report.view.name,
            {name: round(float(getattr(rep, name)), 3) for name in names},
            None if rounding is None else components.known(round(rounding, 1)),
            None if depth is None else components.known(round(depth, 3)),
            components.known(round(report.concentric_s(rep), 2)),
            figure,
        )

    @property
    def rep(self) -> RepReport:
        """Its instants as those of a report."""
        told: dict[str, Any] = dict(self.instants)
        return RepReport(index=1, partial=False, measures={}, findings=(), **told)


def path_of(lift: str) -> str:
    """Where the reference of a lift is."""
    return components.asset_path(f"reference-{lift}.json")


@functools.cache
def reference_of(lift: str) -> Reference | None:
    """The reference of a lift; None where there is none."""
    if lift not in REFERENCES:
        return None
    data: dict[str, Any] = json.loads(components.asset(f"reference-{lift}.json"))
    drawn = data.pop("figure")
    moments = tuple(
        Moment(**{**each, "head": None if each["head"] is None else tuple(each["head"])}) for each in drawn["moments"]
    )
    return Reference(**data, figure=Figure(tuple(drawn["time_s"]), moments, tuple(drawn["box"])))
