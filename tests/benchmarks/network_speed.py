"""Seconds that x4plus takes over one photograph, in a process of its own; prints JSON.

WHO is `ours` (the engine of this workflow) or `official` (realesrgan.RealESRGANer, tile 512,
tile_pad 10, float32), both with the packaged weights. Loading and a warm-up are not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
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

NAME = "realesrgan-x4plus-packaged"


def ours(picture: np.ndarray, network: object) -> None:
    engine = EngineSettings.model_validate({})
    for _ in run_network(network, ArrayRaster(picture), engine, choose_device("cpu")):  # type: ignore[arg-type]
        pass


def official_upsampler(module: torch.nn.Module) -> object:
    from realesrgan import RealESRGANer

    checkpoint = {"params_ema": module.state_dict()}
    path = ROOT / "results" / "bench" / "x4plus.pth"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint, path)
    from basicsr.archs.rrdbnet_arch import RRDBNet

    model = RRDBNet(num_in_ch=3, num_out_ch=3, num_feat=64, num_block=23, num_grow_ch=32, scale=4)
    return RealESRGANer(4, str(path), model=model, tile=512, tile_pad=10, half=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["ours", "official"])
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    use_threads(given.threads)
    manifest = load_manifest(ROOT / "resources" / "models.yaml")
    network = load_network(NAME, ROOT / "models", manifest, choose_device("cpu"))
    photo = data.astronaut()[: given.side, 100 : 100 + given.side]
    picture = photo.astype(np.float32) / np.float32(255)
    if given.who == "ours":
        run = lambda pixels: ours(pixels, network)  # noqa: E731
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
