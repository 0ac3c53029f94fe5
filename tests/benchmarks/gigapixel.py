"""A scan enlarged four times through the upscale stage into a BigTIFF; memory and time as JSON.

With a real network (``general``), or with one that only repeats pixels (``counting``), whose own
state is nothing: what is left is ours. `stage_mib` is the peak above the process with its network
loaded; `law_mib` what the engine says that the network itself needs of that.

    python tests/benchmarks/gigapixel.py FOLDER --network general
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import peers
import tifffile
from large_scan import CountingNetwork
from network_memory import forget_peak, resident

from restoration.chain.job_tools import RunningNetwork
from restoration.config.settings import EngineSettings
from restoration.config.stages.upscale import UpscaleSettings
from restoration.engine.devices import choose_device, use_threads
from restoration.engine.memory import memory_law
from restoration.raster.base import to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.tiff.page import open_page
from restoration.raster.tiff.write_intermediate import write_intermediate
from restoration.stages.base import Page, Restored
from restoration.stages.upscale.stage import UpscaleStage
from support import corpus

SHARP = {"effective_resolution": {"value": 1200.0, "detail": {"fraction": 1.0}}}
"""Every pixel of the scan is picture, so that the network sees them all."""


TILE = 512


def write_photograph(path: Path, height: int, width: int) -> None:
    """A photograph side by side with itself, RGB of 16 bits, with a scanner's noise."""
    photo = corpus.photo("astronaut")
    noise = np.random.default_rng(3).normal(0.0, 1.5 / 255, photo.shape)
    codes = to_uint16(np.clip(photo + noise, 0, 1).astype(np.float32))
    assert codes.shape == (TILE, TILE, 3)
    tiles = -(-height // TILE) * -(-width // TILE)
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            (codes for _ in range(tiles)),
            shape=(height, width, 3),
            dtype=np.uint16,
            photometric="rgb",
            tile=(TILE, TILE),
            compression="zstd",
            predictor=True,
            resolution=(1200, 1200),
            resolutionunit="inch",
        )


def enlarge(master: Path, output: Path, network: Any, runtime: str) -> Restored:
    """The upscale stage with factor 4, and its file."""
    engine = EngineSettings()
    running = RunningNetwork(network, engine, choose_device("cpu"), runtime)
    stage = UpscaleStage()
    stage.setup(UpscaleSettings(factor=4.0), lambda name, **blend: running)
    with open_page(master) as source:
        colour = ColourSpace.from_profile(source.profile, source.channels)
        page = Page("large", 1, source, colour, (1200.0, 1200.0), SHARP, "0" * 64)
        made = stage.apply(page)
        assert isinstance(made, Restored)
        forget_peak()
        write_intermediate(
            output,
            made.bands,
            height=made.height,
            width=made.width,
            channels=3,
            ppi=made.ppi,
            profile=source.profile,
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", choices=["counting", *sorted(peers.NAMES)], default="counting")
    parser.add_argument("--runtime", choices=["native", "torch"], default="native")
    parser.add_argument("--height", type=int, default=9600)
    parser.add_argument("--width", type=int, default=12000)
    given = parser.parse_args()
    use_threads(2)
    given.folder.mkdir(parents=True, exist_ok=True)
    master, output = given.folder / "large.tif", given.folder / "enlarged.tif"
    write_photograph(master, given.height, given.width)
    network: Any = CountingNetwork()
    runtime, law = "torch", None
    if given.network != "counting":
        network = peers.loaded(given.network)
        runtime = given.runtime
        law = memory_law(network, EngineSettings(), runtime)
    before = resident("VmRSS")
    started = time.monotonic()
    made = enlarge(master, output, network, runtime)
    seconds = time.monotonic() - started
    with tifffile.TiffFile(output) as file:
        bigtiff, shape = file.is_bigtiff, file.pages[0].shape
    found = {
        "network": given.network,
        "runtime": runtime,
        "megapixels_in": round(given.height * given.width / 1e6, 1),
        "gigapixels_out": round(made.height * made.width / 1e9, 3),
        "bigtiff": bigtiff,
        "shape": list(shape),
        "bytes": output.stat().st_size,
        "seconds": round(seconds, 1),
        "before_mib": round(before, 1),
        "stage_mib": round(resident("VmHWM") - before, 1),
        "law_mib": None if law is None else round(law.of(given.width) / 2**20, 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
