"""Command line of the rendered lifter."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from . import assets, spec


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    if text in ("true", "false"):
        return text == "true"
    if text.startswith("(") and text.endswith(")"):
        return tuple(_value(part.strip()) for part in text[1:-1].split(",") if part.strip())
    return text


def _pairs(items: list[str]) -> dict[str, Any]:
    out = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"write NAME=VALUE, not {item!r}")
        out[name.strip().replace("-", "_")] = _value(value.strip())
    return out


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rendered_lifter", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="render one clip and the truth beside it")
    render.add_argument("--exercise", choices=spec.EXERCISES, required=True)
    render.add_argument("--seed", type=int, default=0)
    render.add_argument("--split", choices=spec.SERIES, default="tune", help="which bodies and seeds to draw from")
    render.add_argument(
        "--out", type=Path, required=True, help="the .mp4 to write; the truth goes to the same name .json"
    )
    render.add_argument(
        "--fault", action="append", default=[], metavar="NAME=SIZE", help="a fault's dial; repeat at will"
    )
    render.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting by its name"
    )
    render.add_argument("--reps", type=int)
    render.add_argument("--yaw", type=float, help="0: side, positive: front turned to the camera, degrees")
    render.add_argument("--facing", choices=("left", "right"))
    render.add_argument("--plates", choices=spec.PLATES)
    render.add_argument("--truth-only", action="store_true", help="write the .json without rendering the video")
    samples = commands.add_parser("samples", help="render sample_videos/ again")
    samples.add_argument("--only", default="", help="only names that contain this")
    commands.add_parser("fetch", help="fetch the body into the cache")
    commands.add_parser("faults", help="list the faults that can be dialled")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (ValueError, assets.AssetError, OSError) as error:
        print(f"rendered_lifter: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    if options.command == "faults":
        print("\n".join(field.name for field in dataclasses.fields(spec.Faults)))
        return 0
    if options.command == "fetch":
        assets.load()
        print(assets.CACHE_FILE)
        return 0
    if options.command == "samples":
        from .samples import make_samples

        for path in make_samples(only=options.only):
            print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")
        return 0
    settings = _pairs(options.fault) | _pairs(options.set)
    for name in ("reps", "yaw", "facing", "plates"):
        if getattr(options, name) is not None:
            settings[name] = getattr(options, name)
    clip = spec.random_spec(options.seed, options.exercise, options.split, **settings)
    from .clip import render_clip, write_truth

    truth = write_truth(clip, options.out) if options.truth_only else render_clip(clip, options.out)
    print(f"{options.out}: {truth['n_frames']} frames, {clip.reps} reps, faults {truth['faults'] or 'none'}")
    return 0
