"""Fit the small convolutional network that reads the flexion of the spine from the aligned mask.

    pip install torch==2.13.0                 # for fitting only
    python -m benchmarks.spine_frames --split train --bodies 1600
    python -m benchmarks.spine_frames --split calibration --bodies 200
    python -m benchmarks.fit_mask_net [--bodies 400] [--write]

The network sees the mask, turned and scaled so that hips and shoulders are always at the same place, and the lean of
the trunk. Pairs of frames of one body, one of them standing, are shown to it as in `fit_contour_net`, whose table it
fits into. With ``--write`` it is written to formcheck/motion/mask_net_weights.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fit_contour_net import HEADER, Pairs, change_of, drift_of, pairs_of, row, without_drift
from benchmarks.spine_frames import SHARD, Frames, load_frames
from formcheck.core.poses import FloatArray
from formcheck.motion.contour_net import packed
from formcheck.motion.mask_net import MaskNet
from formcheck.motion.spine import DorsalBend

WRITTEN = Path(__file__).resolve().parent.parent / "formcheck" / "motion" / "mask_net_weights.py"

CHANNELS, HIDDEN = (8, 16, 32, 32), 48
STEPS_PER_BODY, BATCH, RATE, DECAY, DROP = 6, 64, 2e-3, 1e-2, 0.2
LEAST_STEPS = 3000
SHIFT = 2
"""Masks are moved by up to this many pixels while fitting: landmarks scatter."""

DEG = 10.0
"""The network's unit."""

ALONE = 0.5
"""Weight of a frame's own flexion beside that of differences."""


def _network() -> Any:
    from torch import nn

    layers: list[Any] = []
    before = 1
    for number, after in enumerate(CHANNELS):
        size = 5 if number == 0 else 3
        layers += [nn.Conv2d(before, after, size, 2, size // 2), nn.ReLU()]
        before = after

    class MaskNet(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.masks = nn.Sequential(*layers, nn.Flatten())
            self.head = nn.Sequential(
                nn.Dropout(DROP), nn.Linear(before * 4 * 3 + 2, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 2)
            )

        def forward(self, mask: Any, lean: Any) -> Any:
            import torch

            return self.head(torch.cat([self.masks(mask), lean], 1))

    return MaskNet()


def _lean(pairs: Pairs) -> FloatArray:
    lean = np.radians(np.nan_to_num(pairs.lean_deg))
    return np.stack([np.sin(lean), np.cos(lean)], axis=1)


def fit(frames: Frames, pairs: Pairs) -> tuple[Any, int]:
    """The network fitted to one split, and how many numbers it has."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    sound = np.flatnonzero(pairs.clean[pairs.second])
    masks = torch.tensor(frames.crop[:, None])
    lean = torch.tensor(_lean(pairs), dtype=torch.float32)
    first, second = torch.tensor(pairs.first[sound]), torch.tensor(pairs.second[sound])
    change = torch.tensor(pairs.change_deg[sound] / DEG, dtype=torch.float32)
    truth = torch.tensor(pairs.truth_deg / DEG, dtype=torch.float32)
    net = _network()
    steps = max(LEAST_STEPS, STEPS_PER_BODY * len(np.unique(pairs.body)))
    adam = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, steps)

    def seen(which: Any) -> Any:
        moved = tuple(int(each) for each in rng.integers(-SHIFT, SHIFT + 1, 2))
        return torch.roll(masks[which].float() / 255, moved, (2, 3))

    def cost(found: Any, true: Any) -> Any:
        size = nn.functional.huber_loss
        return 2 * size(found, true, delta=2.0) + size(found.sum(1), true.sum(1), delta=2.0)

    for _ in range(steps):
        pick = torch.randint(0, len(first), (BATCH,))
        a, b = first[pick], second[pick]
        standing, lifting = net(torch.cat([seen(a), seen(b)]), torch.cat([lean[a], lean[b]])).split(BATCH)
        loss = cost(lifting - standing, change[pick])
        loss = loss + ALONE * (cost(standing, truth[a]) + cost(lifting, truth[b]))
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    return net.eval(), sum(parameter.numel() for parameter in net.parameters())


def read(net: Any, frames: Frames, pairs: Pairs, gain: float = 1.0) -> DorsalBend:
    """What the network says of every frame, in the form of the other readings; ``gain`` scales it."""
    import torch

    lean = torch.tensor(_lean(pairs), dtype=torch.float32)
    found = np.zeros((len(pairs.body), 2))
    with torch.no_grad():
        for start in range(0, len(found), 500):
            part = slice(start, start + 500)
            masks = torch.tensor(frames.crop[part, None]).float() / 255
            found[part] = net(masks, lean[part]).numpy() * DEG * gain
    return replace(
        pairs.weighted, bend_deg=found.sum(axis=1), lower_deg=found[:, 0].copy(), upper_deg=found[:, 1].copy()
    )


def gain_of(found: DorsalBend, pairs: Pairs) -> float:
    """By what the reading must be multiplied for one degree of spine to read one degree, on average."""
    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    change = change_of(found, pairs, which)[0].sum(axis=1)
    causes = np.column_stack([pairs.change_deg[which].sum(axis=1), pairs.hinge_share(which)])
    return float(1.0 / np.linalg.lstsq(causes, change, rcond=None)[0][0])


def in_numpy(net: Any, gain: float, drift_deg: FloatArray) -> MaskNet:
    """The same network without torch, its outputs in degrees and scaled by ``gain``."""
    values = [parameter.detach().numpy().astype(np.float64) for parameter in net.parameters()]
    values[-2], values[-1] = values[-2] * DEG * gain, values[-1] * DEG * gain
    lower, upper = (float(each) for each in drift_deg)
    return MaskNet(tuple(values[0::2]), tuple(values[1::2]), (lower, upper))


def module_text(net: MaskNet, bodies: int) -> str:
    """Source of the module that holds the network."""

    def text(name: str, values: FloatArray) -> str:
        whole = packed(values)
        lines = "\n".join(f"    {whole[start : start + 100]!r}" for start in range(0, len(whole), 100))
        return f"{name} = (\n{lines}\n)"

    parts, layers = [], []
    for kind, arrays in (("weights", net.weights), ("biases", net.biases)):
        parts += [text(f"_{kind.upper()}_{n}", each) for n, each in enumerate(arrays)]
        whole = [f"unpacked(_{kind.upper()}_{n}, {', '.join(map(str, each.shape))})" for n, each in enumerate(arrays)]
        layers.append(f"    {kind}=({', '.join(whole)}),")
    body, held = "\n".join(parts), "\n".join(layers)
    lower, upper = net.drift_deg
    return f'''"""The network by which the mask around the trunk tells the flexion of the spine.

Written by `python -m benchmarks.fit_mask_net --write` from {bodies} rendered bodies; not to be edited.
"""

from formcheck.motion.contour_net import unpacked
from formcheck.motion.mask_net import MaskNet

{body}

MASK_HINGE_DRIFT_DEG = ({lower:.1f}, {upper:.1f})
"""What it gains in a hinge although the spine keeps its shape, lumbar and thoracic, on bodies it was not fitted to."""

NETWORK = MaskNet(
{held}
    drift_deg=MASK_HINGE_DRIFT_DEG,
)
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and show; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_mask_net", description="Fit the mask network.")
    parser.add_argument("--bodies", type=int, help="fit to about this many bodies only")
    parser.add_argument("--write", action="store_true", help=f"write {WRITTEN.name}")
    options = parser.parse_args(arguments)
    try:
        train, shown = load_frames("train", options.bodies and -(-options.bodies // SHARD)), load_frames("calibration")
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    train_pairs, pairs = pairs_of(train), pairs_of(shown)
    net, numbers = fit(train, train_pairs)
    found = read(net, shown, pairs)
    started = time.process_time()
    read(net, shown, pairs)
    each_ms = 1e3 * (time.process_time() - started) / len(pairs.body)
    which = pairs.judged()
    which = which[pairs.clean[pairs.second[which]]]
    body = pairs.body[pairs.second[which]]
    print(
        f"Fitted to {len(np.unique(train_pairs.body))} bodies: {numbers} numbers, {each_ms:.2f} ms a frame.\n\n{HEADER}"
    )
    for name, gain in (("mask network", 1.0), ("the same, one degree reads one degree", gain_of(found, pairs))):
        scaled = read(net, shown, pairs, gain)
        change, _ = without_drift(scaled, pairs, which, drift_of(scaled, pairs))
        print(row(name, change, pairs.change_deg[which], body, None))
    if options.write:
        found_net = in_numpy(net, gain, drift_of(scaled, pairs))
        WRITTEN.write_text(module_text(found_net, len(np.unique(train_pairs.body))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
