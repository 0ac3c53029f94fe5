"""By how much each way of running a network differs from the network in double precision.

Prints JSON: the worst difference over a photograph and over a halftone, in 1/65535, and the same
within four input pixels of the peers' tile borders. Tiles are smaller than usual here, so that a
small picture has borders; that changes nothing at a border whose overlap is the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import peers
import torch
from network_speed import photograph

TILE = 96
SIDES = {"x4plus": 160, "general": 224}
EXACT = {"x4plus": 112, "general": 34}
"""Overlap with which plain tiles are as exact as ours: measured for x4plus (its radius is 349), the
radius of general-x4v3."""


def halftone(side: int) -> peers.Image:
    """A clustered-dot screen of 6 px at 45 degrees over a ramp: the worst case for borders."""
    y, x = np.mgrid[:side, :side]
    screen = np.sin((x + y) * np.pi / 6) * np.sin((x - y) * np.pi / 6)
    dots = (screen < np.linspace(-0.8, 0.8, side)).astype(np.float32)
    return np.ascontiguousarray(np.repeat(dots[..., None], 3, 2))


def near_borders(side: int) -> np.ndarray:
    """Whether a place of the answer lies within four input pixels of a border between tiles."""
    place = np.arange(side * peers.SCALE) / peers.SCALE
    near = np.zeros(place.shape, np.bool_)
    for border in range(TILE, side, TILE):
        near |= np.abs(place - border) < 4
    return near[:, None] | near[None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(peers.NAMES), default="general")
    network = parser.parse_args().network
    torch.set_num_threads(2)
    side = SIDES[network]
    runners = {
        "native": peers.ours(network, "native"),
        "torch": peers.ours(network, "torch"),
        "RealESRGANer, pad 10": peers.official(network, TILE, 10),
        f"RealESRGANer, pad {EXACT[network]}": peers.official(network, TILE, EXACT[network]),
        "spandrel, pad 16": peers.spandrel(network, TILE, 16),
        "ncnn, pad 10": peers.ncnn(network, 2, TILE, 10),
    }
    truth = peers.exact(network)
    found: dict[str, dict[str, list[float]]] = {}
    for kind, picture in (("photograph", photograph(side)), ("halftone", halftone(side))):
        # What 16 bits hold: RealESRGANer takes no other.
        seen = (np.rint(picture * 65535) / 65535).astype(np.float32)
        expected = np.clip(truth(seen), 0, 1)
        for name, run in runners.items():
            error = np.abs(np.clip(run(seen), 0, 1) - expected).max(axis=2) * 65535
            figures = [float(error.max()), float(error[near_borders(side)].max())]
            found.setdefault(name, {})[kind] = [round(value, 2) for value in figures]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
