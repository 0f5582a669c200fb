"""Fit the networks by which the shape of the dorsal contour tells the flexion of the spine.

    pip install torch==2.13.0                 # for fitting only: the product reads the networks with numpy
    python -m benchmarks.spine_frames --split train --bodies 2400
    python -m benchmarks.spine_frames --split calibration --bodies 200
    python -m benchmarks.fit_contour_net [--write]

Pairs of frames of one body, one of them standing, are shown to the same network: the difference of its outputs is to be
the true difference of lumbar and of thoracic flexion, and each output alone the flexion against the body model's own
posture. Bodies of the split "calibration" set the scale of the standard errors and are what the table is about; with
``--exam`` it is about the split "exam". With --write the networks go to formcheck/motion/contour_net_weights.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

import formcheck
from benchmarks.spine_frames import Frames, load_frames
from formcheck.core.poses import FloatArray, contour_stations
from formcheck.motion.calibration import DEFAULT
from formcheck.motion.contour_net import DEG, LOG_ERROR_RANGE, OUTPUTS, SHAPE_DEGREE, ContourNet, contour_shape, packed
from formcheck.motion.geometry import midpoint
from formcheck.motion.neutral import HINGE_LEAN_DEG
from formcheck.motion.spine import EDGES_NEEDED, MEASURED, DorsalBend, back_stations, read_contour, with_networks

MEMBERS, HIDDEN = 4, (64, 32)
PASSES, BATCH, RATE, DECAY, DROP = 25, 256, 3e-3, 0.03, 0.15
JITTER = 0.08
"""Noise on the inputs while fitting, in standard deviations."""

ALONE = 0.5
"""Weight of a frame's own flexion beside that of differences."""

OWN_FIGURE = 0.45
"""Landmarks further than this share of the trunk from the true joints belong to something else in the picture."""

INTERVAL, NORMAL_80 = 0.8, 1.2816
SLOPE_NEEDS_DEG = 25.0
"""A body's slope is taken where its frames differ by at least this."""

WRITTEN = Path(formcheck.__file__).parent / "motion" / "contour_net_weights.py"


@dataclass(frozen=True)
class Pairs:
    """Frames of one split as methods see them, F frames, and P pairs of a standing frame and another of the same body.

    ``away`` (F, S) is the dorsal edge and ``weighted`` what the weighted sum makes of it; ``truth_deg`` (F, 2),
    ``body`` (F,), ``standing`` (F,), and ``lean_deg`` (F,) of the trunk; ``usable`` (F,) marks frames whose back the
    contour shows, ``clean`` those that the product judges. ``first``, ``second`` (P,) are the two frames of each pair.
    """

    away: FloatArray
    weighted: DorsalBend
    truth_deg: FloatArray
    body: NDArray[np.int32]
    standing: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    clean: NDArray[np.bool_]
    lean_deg: FloatArray
    first: NDArray[np.int_]
    second: NDArray[np.int_]

    @property
    def change_deg(self) -> FloatArray:
        """(P, 2) true change from the first to the second frame."""
        return np.asarray(self.truth_deg[self.second] - self.truth_deg[self.first])

    def hinge_share(self, which: NDArray[np.int_]) -> FloatArray:
        """How much further the second frames of some pairs hinge than the first, 0 to 1."""
        share = np.clip((self.lean_deg - HINGE_LEAN_DEG[0]) / np.ptp(HINGE_LEAN_DEG), 0.0, 1.0)
        return np.asarray(share[self.second[which]] - share[self.first[which]])

    def judged(self) -> NDArray[np.int_]:
        """Pairs of the first usable standing frame of each body with the frames of its lift."""
        own = {body: frame for frame, body in reversed(list(zip(self.first, self.body[self.first], strict=True)))}
        from_it = np.array([own[body] for body in self.body[self.first]]) == self.first
        return np.flatnonzero(from_it & ~self.standing[self.second])


def pairs_of(frames: Frames) -> Pairs:
    """What a method gets to see of a split; all lifters in it face image-right."""
    hip = midpoint(frames.image_px[:, 23, :2], frames.image_px[:, 24, :2]).astype(np.float64)
    shoulder = midpoint(frames.image_px[:, 11, :2], frames.image_px[:, 12, :2]).astype(np.float64)
    trunk = shoulder - hip
    length = np.linalg.norm(trunk, axis=1)
    to_back = np.stack([trunk[:, 1], -trunk[:, 0]], axis=1) / length[:, None]
    away = ((frames.contour_px[:, 0] - hip[:, None]) * to_back[:, None]).sum(axis=2) / length[:, None]
    true_length = np.linalg.norm(frames.joints_px[:, 1] - frames.joints_px[:, 0], axis=1)
    off = np.linalg.norm(np.stack([hip, shoulder], axis=1) - frames.joints_px, axis=2).max(axis=1)
    inside = np.isin(contour_stations(), back_stations())
    read = read_contour(away[:, inside], frames.sharpness[:, 0][:, inside].astype(np.float64), DEFAULT)
    enough = np.isfinite(away[:, inside]).mean(axis=1) >= EDGES_NEEDED
    usable = np.nan_to_num(off, nan=np.inf) < OWN_FIGURE * true_length
    usable &= enough
    clean = usable & (read.gate == MEASURED)
    first, second = [], []
    for body in np.unique(frames.body):
        own = np.flatnonzero((frames.body == body) & usable)
        for stand in own[frames.standing[own] & clean[own]]:
            others = own[own != stand]
            first += [int(stand)] * len(others)
            second += others.tolist()
    return Pairs(
        away,
        read,
        frames.truth_deg.astype(np.float64),
        frames.body,
        frames.standing,
        usable,
        clean,
        np.degrees(np.arctan2(trunk[:, 0], -trunk[:, 1])),
        np.array(first),
        np.array(second),
    )


def fit(pairs: Pairs) -> ContourNet:
    """Fit all networks; needs torch."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    shape = contour_shape(pairs.away)
    # Contours that the product would not judge teach nothing.
    sound = np.flatnonzero(pairs.clean[pairs.second])
    centre, spread = shape[pairs.clean].mean(axis=0), shape[pairs.clean].std(axis=0) + 1e-3
    inputs = torch.tensor(np.clip(np.nan_to_num((shape - centre) / spread), -5, 5), dtype=torch.float32)
    first, second = torch.tensor(pairs.first[sound]), torch.tensor(pairs.second[sound])
    change = torch.tensor(pairs.change_deg[sound] / DEG, dtype=torch.float32)
    alone = torch.tensor(pairs.truth_deg / DEG, dtype=torch.float32)

    def cost(found: Any, truth: Any, log_error: Any) -> Any:
        off = found.sum(1) - truth.sum(1)
        size = nn.functional.huber_loss
        error = torch.clamp(log_error, *LOG_ERROR_RANGE)
        surprise = (torch.clamp(off.detach() ** 2, max=16) / torch.exp(2 * error) / 2 + error).mean()
        return 2 * size(found, truth, delta=2.0) + size(found.sum(1), truth.sum(1), delta=2.0) + 0.2 * surprise

    members = []
    for member in range(MEMBERS):
        torch.manual_seed(member)
        net = nn.Sequential(
            nn.Linear(SHAPE_DEGREE, HIDDEN[0]),
            nn.Tanh(),
            nn.Dropout(DROP),
            nn.Linear(HIDDEN[0], HIDDEN[1]),
            nn.Tanh(),
            nn.Linear(HIDDEN[1], OUTPUTS),
        )
        steps = PASSES * (len(first) // BATCH + 1)
        adam = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, steps)
        for _ in range(steps):
            pick = torch.randint(0, len(first), (BATCH,))
            a, b = (inputs[each[pick]] for each in (first, second))
            a, b = (net(each + JITTER * torch.randn_like(each)) for each in (a, b))
            both = 0.5 * torch.logaddexp(2 * a[:, 2], 2 * b[:, 2])
            loss = cost(b[:, :2] - a[:, :2], change[pick], both)
            loss = loss + ALONE * (
                cost(a[:, :2], alone[first[pick]], a[:, 3]) + cost(b[:, :2], alone[second[pick]], b[:, 3])
            )
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
        members.append([parameter.detach().numpy() for parameter in net.parameters()])
    stacked = [np.stack(each) for each in zip(*members, strict=True)]
    return ContourNet(
        centre,
        spread,
        tuple(np.swapaxes(each, 1, 2) for each in stacked[0::2]),  # type: ignore[arg-type]
        tuple(stacked[1::2]),  # type: ignore[arg-type]
    )


def change_of(read: DorsalBend, pairs: Pairs, which: NDArray[np.int_]) -> tuple[FloatArray, FloatArray]:
    """Change of (lumbar, thoracic) flexion of some pairs (P, 2), and the standard error of their sum (P,)."""
    parts = np.stack([read.lower_deg, read.upper_deg], axis=1)
    first, second = pairs.first[which], pairs.second[which]
    return parts[second] - parts[first], np.hypot(read.uncertainty_deg[first], read.uncertainty_deg[second])


def alone(net: ContourNet, pairs: Pairs) -> DorsalBend:
    """What the networks read by themselves."""
    read = net.read(contour_shape(pairs.away))
    return replace(
        pairs.weighted,
        bend_deg=read.lower_deg + read.upper_deg,
        lower_deg=read.lower_deg,
        upper_deg=read.upper_deg,
        uncertainty_deg=read.change_error_deg,
    )


def together(net: ContourNet, pairs: Pairs) -> DorsalBend:
    """What the product reads."""
    return with_networks(net, pairs.weighted, pairs.away)


def to_scale(net: ContourNet, pairs: Pairs) -> ContourNet:
    """The networks with outputs scaled so that one degree more of spine reads one degree more, on average."""
    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    found = change_of(alone(net, pairs), pairs, which)[0].sum(axis=1)
    truth = pairs.change_deg[which].sum(axis=1)
    gain = 1.0 / np.linalg.lstsq(np.column_stack([truth, pairs.hinge_share(which)]), found, rcond=None)[0][0]
    scale = np.array([gain, gain, 1.0, 1.0])
    *inner, last = net.weights
    *shifts, shift = net.biases
    return replace(net, weights=(*inner, last * scale), biases=(*shifts, shift * scale))


def error_scale(net: ContourNet, pairs: Pairs) -> float:
    """By what standard errors must be multiplied for the 80 % interval to hold 80 % of these bodies' frames."""
    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    read = together(net, pairs)
    found, error = without_drift(read, pairs, which, drift_of(read, pairs))
    off = np.abs(found.sum(axis=1) - pairs.change_deg[which].sum(axis=1))
    return float(np.quantile(off / error, INTERVAL) / NORMAL_80)


def drift_of(read: DorsalBend, pairs: Pairs) -> FloatArray:
    """What a reading gains in a hinge although the spine keeps its shape: lumbar and thoracic, degrees (2,)."""
    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    off = change_of(read, pairs, which)[0] - pairs.change_deg[which]
    inputs = np.column_stack([pairs.hinge_share(which), pairs.change_deg[which].sum(axis=1)])
    return np.asarray(np.linalg.lstsq(inputs, off, rcond=None)[0][0])


def without_drift(
    read: DorsalBend, pairs: Pairs, which: NDArray[np.int_], drift_deg: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """As `change_of`, with what the reading gains in a hinge taken off."""
    found, error = change_of(read, pairs, which)
    return found - pairs.hinge_share(which)[:, None] * drift_deg, error


def row(name: str, found: FloatArray, truth: FloatArray, body: NDArray[np.int32], error: FloatArray | None) -> str:
    """One line of the table: what a method reads against the truth, pairs (P, 2) each."""
    off, true_deg = (found - truth).sum(axis=1), truth.sum(axis=1)
    slopes = np.array(
        [
            np.polyfit(true_deg[body == one], found[body == one].sum(axis=1), 1)[0]
            for one in np.unique(body)
            if (body == one).sum() >= 4 and np.ptp(true_deg[body == one]) > SLOPE_NEEDS_DEG
        ]
    )
    only = [(np.abs(truth[:, 1 - part]) < 3.0) & (truth[:, part] > 30.0) for part in (0, 1)]
    covered = "" if error is None else f"{np.mean(np.abs(off) < NORMAL_80 * error):.0%}"
    cells = (
        name,
        f"{np.abs(off).mean():.1f}",
        f"{np.percentile(np.abs(off), 95):.0f}",
        f"{spearmanr(found.sum(axis=1), true_deg)[0]:.2f}",
        *(f"{np.abs(found - truth)[:, part].mean():.1f}" for part in (0, 1)),
        f"{np.median(slopes):.2f} ({np.percentile(slopes, 10):.2f} to {np.percentile(slopes, 90):.2f})",
        f"{np.mean((slopes > 0.85) & (slopes < 1.15)):.0%}",
        *(f"{off[each].mean():+.0f} ({np.abs(off[each]).mean():.0f})" for each in only),
        covered,
    )
    return "| " + " | ".join(cells) + " |"


HEADER = (
    "| method | mean error | p95 | rank | lumbar | thoracic | slope by body (10 to 90 %) | within 0.85-1.15 "
    "| lumbar only: bias (error) | thoracic only | 80 % interval holds |\n|---|" + "---:|" * 10
)


def table(net: ContourNet, pairs: Pairs, calibration: Pairs) -> str:
    """All readings on the frames that the product judges, and that in use on those that it does not."""
    which = pairs.judged()
    sound = pairs.clean[pairs.second[which]]
    methods = (
        ("weighted sum", lambda some: some.weighted, which[sound]),
        ("networks", lambda some: alone(net, some), which[sound]),
        ("mean of both (candidate)", lambda some: with_networks(net, some.weighted, some.away), which[sound]),
        (
            "candidate, frames that are not judged",
            lambda some: with_networks(net, some.weighted, some.away),
            which[~sound],
        ),
    )
    lines = [HEADER]
    for name, read, some in methods:
        drift_deg = drift_of(read(calibration), calibration)
        found, error = without_drift(read(pairs), pairs, some, drift_deg)
        body = pairs.body[pairs.second[some]]
        lines.append(row(name, found, pairs.change_deg[some], body, error if "candidate" in name else None))
    lower, upper = drift_of(together(net, calibration), calibration)
    return "\n".join(lines) + f"\n\nIn a hinge the reading gains {lower:+.1f} lumbar, {upper:+.1f} thoracic; taken off."


def plot(net: ContourNet, pairs: Pairs, calibration: Pairs, path: Path) -> None:
    """Found against true change since standing, a line of least squares for each body; needs matplotlib."""
    from matplotlib.figure import Figure

    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    true_deg, body = pairs.change_deg[which].sum(axis=1), pairs.body[pairs.second[which]]
    figure = Figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for axis, name, read, own in (
        (left, "weighted sum alone", pairs.weighted, calibration.weighted),
        (right, "mean of weighted sum and networks", together(net, pairs), together(net, calibration)),
    ):
        found = without_drift(read, pairs, which, drift_of(own, calibration))[0].sum(axis=1)
        axis.plot([-40, 110], [-40, 110], color="0.6", linewidth=1)
        axis.scatter(true_deg, found, s=5, color="tab:blue", alpha=0.4)
        for one in np.unique(body):
            mine = body == one
            if mine.sum() >= 4 and np.ptp(true_deg[mine]) > SLOPE_NEEDS_DEG:
                ends = np.array([true_deg[mine].min(), true_deg[mine].max()])
                axis.plot(ends, np.polyval(np.polyfit(true_deg[mine], found[mine], 1), ends), color="0.2", alpha=0.15)
        axis.set(title=name, xlabel="true flexion since standing, deg", xlim=(-40, 110), ylim=(-60, 120))
    left.set_ylabel("found, deg")
    figure.savefig(path, dpi=110)


def module_text(net: ContourNet, bodies: int) -> str:
    """Source of the module that holds the networks."""

    def text(name: str, values: FloatArray) -> str:
        whole = packed(values)
        lines = "\n".join(f"    {whole[start : start + 100]!r}" for start in range(0, len(whole), 100))
        return f"{name} = (\n{lines}\n)"

    parts = [text("_CENTRE", net.centre), text("_SPREAD", net.spread)]
    for number, (weights, biases) in enumerate(zip(net.weights, net.biases, strict=True)):
        parts += [text(f"_WEIGHTS_{number}", weights), text(f"_BIASES_{number}", biases)]
    layers = "\n".join(
        f"    {kind}=({', '.join(f'unpacked(_{kind.upper()}_{n}, {shape})' for n, shape in enumerate(shapes))}),"
        for kind, shapes in (
            ("weights", [", ".join(map(str, each.shape)) for each in net.weights]),
            ("biases", [", ".join(map(str, each.shape)) for each in net.biases]),
        )
    )
    body = "\n".join(parts)
    return f'''"""Networks by which the shape of the dorsal contour tells the flexion of the spine.

Written by `python -m benchmarks.fit_contour_net --write` from {bodies} rendered bodies; not to be edited.
"""

from formcheck.motion.contour_net import ContourNet, unpacked

{body}

NETWORKS = ContourNet(
    centre=unpacked(_CENTRE, {len(net.centre)}),
    spread=unpacked(_SPREAD, {len(net.spread)}),
{layers}
    error_scale={net.error_scale:.3f},
)
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and show; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_contour_net", description="Fit the networks.")
    parser.add_argument("--write", action="store_true", help=f"write {WRITTEN.name}")
    parser.add_argument("--exam", action="store_true", help="show the split that is opened once")
    parser.add_argument("--plot", type=Path, help="draw found against true, by body")
    parser.add_argument("--kept", action="store_true", help="take the networks that are written already")
    options = parser.parse_args(arguments)
    try:
        train, calibration = (
            (None if options.kept else pairs_of(load_frames("train"))),
            pairs_of(load_frames("calibration")),
        )
        shown = pairs_of(load_frames("exam")) if options.exam else calibration
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    if train is None:
        from formcheck.motion.contour_net_weights import NETWORKS

        net, bodies = NETWORKS, 0
    else:
        net, bodies = fit(train), len(np.unique(train.body))
        net = to_scale(net, calibration)
        net = replace(net, error_scale=error_scale(net, calibration))
    if train is not None:
        print(f"Fitted to {bodies} bodies.")
    print(f"{len(np.unique(shown.body[shown.first]))} other bodies, in degrees:\n")
    print(table(net, shown, calibration))
    if options.plot:
        plot(net, shown, calibration, options.plot)
    if options.write:
        WRITTEN.write_text(module_text(net, bodies), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
