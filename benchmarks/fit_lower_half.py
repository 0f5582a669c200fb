"""Fit the weights by which the lower half of the dorsal contour tells the bend of the spine.

    python -m benchmarks.spine_frames --split train --bodies 1500
    python -m benchmarks.spine_frames --split calibration --bodies 200
    python -m benchmarks.fit_lower_half [--write]

A bar on the shoulders and the arms that hold it hide the upper half of the back; its lower half can be seen. The sum of
its stations is to be the whole change of the spine since standing. Weights of neighbours are held close to each other,
and all together add up to nothing, as in `benchmarks.fit_contour`. Bodies of the split "calibration" say how well that
works on bodies that were not fitted, beside the same method on the whole back, and how much of the reading's change in
a hinge is no bending of the spine. With --write the weights go to formcheck/motion/lower_half_weights.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

import formcheck
from benchmarks.fit_contour_net import Pairs, pairs_of
from benchmarks.spine_frames import load_frames
from formcheck.core.poses import FloatArray, contour_stations
from formcheck.motion.spine import LOWER_HALF_TO, back_stations

ROUGHNESS, RIDGE = 2.7e-3, 1.2e-5
"""Penalties on differences between neighbours and on the size of the weights, for each frame. A tenth and ten times as
much of both change the error on the calibration bodies by less than 0.3 deg."""

ADD_UP = 1e4
"""Weight of the condition that the weights add up to nothing."""

WRITTEN = Path(formcheck.__file__).parent / "motion" / "lower_half_weights.py"


def changes(pairs: Pairs, upto: float) -> tuple[FloatArray, FloatArray, NDArray[np.int_]]:
    """Change of the edge up to a station, (P, S), true change of the whole spine, (P,), and which pairs these are."""
    inside = np.isin(contour_stations(), back_stations()) & (contour_stations() <= upto + 1e-6)
    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    edge = pairs.away[pairs.second[which]][:, inside] - pairs.away[pairs.first[which]][:, inside]
    whole = np.isfinite(edge).all(axis=1)
    return edge[whole], pairs.change_deg[which[whole]].sum(axis=1), which[whole]


def fit(edge: FloatArray, truth_deg: FloatArray) -> FloatArray:
    """Weights (S,) by which changes of the edge (P, S) tell the true change; scaled so that a degree reads a degree."""
    count = edge.shape[1]
    bent = np.diff(np.eye(count), axis=0) * np.sqrt(ROUGHNESS * len(edge))
    small = np.eye(count) * np.sqrt(RIDGE * len(edge))
    rows = np.vstack([edge, bent, small, np.full((1, count), ADD_UP)])
    wanted = np.concatenate([truth_deg, np.zeros(len(rows) - len(edge))])
    weights = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    return np.asarray(weights / np.polyfit(truth_deg, edge @ weights, 1)[0])


def table(fitted: Pairs, others: Pairs) -> list[str]:
    """How well the lower half and the whole back tell the spine of bodies that were not fitted, as Markdown."""
    lines = ["| stations up to | mean error | p95 | rank | hinge drift |", "|---|---:|---:|---:|---:|"]
    for upto in (1.05, 0.6, LOWER_HALF_TO, 0.4):
        weights = fit(*changes(fitted, upto)[:2])
        edge, truth_deg, which = changes(others, upto)
        off = edge @ weights - truth_deg
        drift = np.polyfit(others.hinge_share(which), off, 1)[0]
        rank = spearmanr(edge @ weights, truth_deg).statistic
        lines.append(
            f"| {upto} | {np.abs(off).mean():.1f} | {np.percentile(np.abs(off), 95):.0f} | {rank:.2f} | {drift:.1f} |"
        )
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Fit, print how well it works; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fit_lower_half", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("--write", action="store_true", help="write the weights into the product")
    options = parser.parse_args(arguments)
    fitted, others = pairs_of(load_frames("train")), pairs_of(load_frames("calibration"))
    bodies = len(np.unique(fitted.body)), len(np.unique(others.body))
    print(f"{bodies[0]} bodies fitted, {bodies[1]} others", *table(fitted, others), sep="\n")
    if options.write:
        weights = fit(*changes(fitted, LOWER_HALF_TO)[:2])
        WRITTEN.write_text(source(weights, bodies[0]), encoding="utf-8")
    return 0


def source(weights: FloatArray, bodies: int) -> str:
    """The module with the weights."""
    numbers = "".join(f"    {weight:.0f},\n" for weight in weights)
    return (
        '"""Weights by which the lower half of the dorsal contour tells the bend of the spine.\n\n'
        f"Written by `python -m benchmarks.fit_lower_half --write` from single frames of {bodies} rendered bodies;\n"
        'not to be edited.\n"""\n\n'
        f"LOWER_HALF_WEIGHTS = (\n{numbers})\n"
        '"""Degrees for each hip-shoulder length that the edge lies further out, for each station."""\n'
    )


if __name__ == "__main__":
    sys.exit(main())
