"""Seconds that a network takes over one photograph, in a process of its own; prints JSON.

WHO is `native` or `torch` (the engine of this workflow in either runtime) or `official`
(realesrgan.RealESRGANer, tile 512, tile_pad 10, float32), all with the same weights. Loading and a
warm-up are not counted.
"""

from __future__ import annotations

import argparse
import copy
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts")]

import numpy as np
import torch
from skimage import data

from restoration.engine.devices import choose_device, use_threads
from restoration.engine.run import run_network
from restoration.networks.load import load_network
from restoration.networks.manifest import load_manifest
from restoration.raster.base import ArrayRaster
from restoration.settings import EngineSettings

NAMES = {
    "x4plus": "realesrgan-x4plus-packaged",
    "general": "realesr-general-x4v3-ncnn",
}


def ours(picture: np.ndarray, network: object, runtime: str) -> None:
    engine, device = EngineSettings.model_validate({}), choose_device("cpu")
    nothing = lambda done, unit: None  # noqa: E731
    for _ in run_network(network, ArrayRaster(picture), engine, device, nothing, runtime):  # type: ignore[arg-type]
        pass


def official_upsampler(module: torch.nn.Module) -> object:
    """RealESRGANer with its defaults, on the same weights and a module of its own."""
    from realesrgan import RealESRGANer

    checkpoint = {"params_ema": module.state_dict()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(checkpoint, path)
        # As the package makes it: not in the channels-last order that ours is loaded in.
        model = copy.deepcopy(module).to(memory_format=torch.contiguous_format)
        return RealESRGANer(4, str(path), model=model, tile=512, tile_pad=10, half=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["native", "torch", "official"])
    parser.add_argument("--network", choices=sorted(NAMES), default="x4plus")
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    use_threads(given.threads)
    manifest = load_manifest(ROOT / "resources" / "models.yaml")
    network = load_network(NAMES[given.network], ROOT / "models", manifest, choose_device("cpu"))
    photo = data.astronaut()[: given.side, 100 : 100 + given.side]
    picture = photo.astype(np.float32) / np.float32(255)
    if given.who != "official":
        run = lambda pixels: ours(pixels, network, given.who)  # noqa: E731
    else:
        upsampler = official_upsampler(network.module)
        run = lambda pixels: upsampler.enhance((pixels * 255).astype(np.uint8)[..., ::-1])  # type: ignore[attr-defined]  # noqa: E731
    run(picture[:32, :32])
    started = time.perf_counter()
    run(picture)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - started,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
