"""Presets that come with FormCheck: settings for styles in which the usual limits would mislead."""

from __future__ import annotations

from dataclasses import dataclass

from formcheck.core.words import translated


@translated("title")
@dataclass(frozen=True)
class Preset:
    """A named piece of settings: what it is for, and its TOML text."""

    name: str
    title: str
    toml: str


SHIPPED = (
    Preset(
        "low-bar",
        "Low-bar back squat: the trunk leans ten degrees further",
        "[checks.squat.forward-lean]\nwatch = 35\nfault = 45\n",
    ),
    Preset("sumo", "Sumo deadlift", '[variants]\ndeadlift = "sumo"\n'),
    Preset("rdl", "Romanian deadlift: from the top, soft knees", '[variants]\ndeadlift = "romanian"\n'),
    Preset("overhead-swing", "American swing, overhead on purpose", '[variants]\nkettlebell-swing = "overhead"\n'),
    Preset(
        "competition-depth",
        "Squat depth as judged in powerlifting: hips below the knees",
        '[lifter]\ndepth_target = "below-parallel"\n',
    ),
    Preset(
        "box-depth",
        "Squat to a box or to what mobility allows: hips a quarter of a thigh above the knees",
        '[lifter]\ndepth_target = "high"\n',
    ),
    Preset(
        "earlier-injury",
        "Earlier warnings about the back, gentler words",
        "[lifter]\nearlier_back_injury = true\n",
    ),
)


def shipped(name: str) -> Preset | None:
    """The preset of that name that comes with FormCheck."""
    return next((preset for preset in SHIPPED if preset.name == name), None)
