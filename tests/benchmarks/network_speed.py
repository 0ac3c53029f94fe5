"""Seconds that a network takes over one photograph, in a process of its own; prints JSON.

WHO is `native` or `torch` (the engine of this workflow in either runtime), `official`
(realesrgan.RealESRGANer), `spandrel` (its classes on plain tiles), `ncnn` (on its own tiles), all
with the same weights in float32, or `peak`: GFLOP/s of a bare convolution in PyTorch. Loading and a
warm-up are not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import peers
import torch
from skimage import data

from restoration.engine.devices import use_threads

DEFAULTS = {"official": peers.OFFICIAL, "spandrel": peers.PLAIN, "ncnn": peers.NCNN}


def photograph(side: int) -> peers.Image:
    """A square of a photograph; beyond its own size mirrored."""
    photo = data.astronaut()
    first = 100 if side <= 256 else 0
    photo = photo[:side, first : first + side]
    missing = [(0, side - length) for length in photo.shape[:2]]
    mirrored = np.pad(photo, (*missing, (0, 0)), mode="symmetric")
    return mirrored.astype(np.float32) / np.float32(255)


def runner_of(given: argparse.Namespace) -> peers.Runner:
    who, network = given.who, given.network
    if who in ("native", "torch"):
        return peers.ours(network, who)
    tile, pad = DEFAULTS[who]
    tile, pad = given.tile or tile, given.pad if given.pad is not None else pad
    if who == "official":
        return peers.official(network, tile, pad)
    if who == "spandrel":
        return peers.spandrel(network, tile, pad)
    return peers.ncnn(network, given.threads, tile, pad)


def convolution_peak() -> float:
    """GFLOP/s of a 3 x 3 convolution of 64 channels to 64, the best of twenty."""
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)
    image = torch.rand(1, 64, 128, 256).contiguous(memory_format=torch.channels_last)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(20):
            started = time.perf_counter()
            convolution(image)
            best = min(best, time.perf_counter() - started)
    return 2 * 9 * 64 * image.numel() / best / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["native", "torch", *DEFAULTS, "peak"])
    parser.add_argument("--network", choices=sorted(peers.NAMES), default="x4plus")
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tile", type=int)
    parser.add_argument("--pad", type=int)
    given = parser.parse_args()
    # Others compute in the thread that calls them.
    choose = use_threads if given.who in ("native", "torch") else torch.set_num_threads
    choose(given.threads)
    if given.who == "peak":
        print(json.dumps({"gflop_per_second": convolution_peak()}))
        return
    run, picture = runner_of(given), photograph(given.side)
    run(picture[:32, :32])
    started = time.perf_counter()
    run(picture)
    found = {
        "seconds": time.perf_counter() - started,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
