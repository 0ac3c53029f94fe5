"""Cleanup at the scan's own resolution and at half of it, on scans that hold no more: JSON.

A photograph whose finest detail is gone (half of its resolution, and noise) is restored both
ways with x4plus; time is that of the whole stage, in turn, and quality the PSNR against the
photograph before.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import peers

from restoration.chain.job_tools import RunningNetwork
from restoration.condition.working_resolution import grid
from restoration.config.settings import EngineSettings
from restoration.engine.devices import choose_device, use_threads
from restoration.engine.native.build import tested
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import Resampled
from restoration.stages.anchoring.anchored_picture import AnchoredPicture, Target
from restoration.stages.anchoring.network_tones import measure_tone_curve
from support import corpus

SIDE, ROUNDS = 256, 5
PICTURES = {"astronaut": (0, 100), "coffee": (60, 150), "chelsea": (20, 120), "rocket": (60, 200)}


def soft_scan(truth: peers.Image) -> peers.Image:
    """What a scan at half of the resolution holds, at the full one."""
    small = Resampled(ArrayRaster(truth), SIDE // 2, SIDE // 2).read(0, 0, SIDE // 2, SIDE // 2)
    soft = Resampled(ArrayRaster(small), SIDE, SIDE).read(0, 0, SIDE, SIDE)
    noise = np.random.default_rng(5).normal(0.0, 1.0 / 255, soft.shape)
    return np.clip(soft + noise, 0, 1).astype(np.float32)


def psnr(image: peers.Image, truth: peers.Image) -> float:
    return float(-10 * np.log10(np.mean((image.astype(np.float64) - truth) ** 2)))


def main() -> None:
    use_threads(2)
    runtime = "native" if tested() is not None else "torch"
    device = choose_device("cpu")
    network = RunningNetwork(peers.loaded("x4plus"), EngineSettings(), device, runtime)
    curve = measure_tone_curve(network)
    colour = ColourSpace.from_profile(None, 3)

    def restore(scan: peers.Image, share: float) -> peers.Image:
        target = Target(ArrayRaster(scan), colour, SIDE, SIDE)
        picture = AnchoredPicture(target, grid(SIDE, SIDE, share), network, curve, 4.0)
        return np.concatenate(list(picture.bands(lambda done, unit: None, {})))

    quality, ratios = {}, []
    for name, corner in PICTURES.items():
        truth = corpus.photo(name, *corner, SIDE, SIDE)
        scan = soft_scan(truth)
        made = {}
        for _ in range(ROUNDS if name == "astronaut" else 1):
            seconds = {}
            for share in (1.0, 0.5):
                started = time.perf_counter()
                made[share] = restore(scan, share)
                seconds[share] = time.perf_counter() - started
            ratios.append(seconds[1.0] / seconds[0.5])
        figures = {"scan": scan, "full": made[1.0], "half": made[0.5]}
        quality[name] = {label: round(psnr(image, truth), 2) for label, image in figures.items()}
    found = {
        "runtime": runtime,
        "half_is_faster_by": round(statistics.median(ratios), 2),
        "ratios": [round(value, 2) for value in ratios],
        "psnr_db": quality,
        "half_loses_db": round(
            statistics.mean(each["full"] - each["half"] for each in quality.values()), 2
        ),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
