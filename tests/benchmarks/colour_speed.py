"""Mapping tones by a table: speed of the pass alone, and of a delivery with it; prints JSON.

WHAT is `pass` (rows in memory, mapped) or `deliver` (an intermediate read, mapped, written, read
back and compared). One process each, so that the peak is that of the one thing. The page is a
gradient with noise: what the caches of a processor see of a photograph, and worse than one.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np

from restoration.config.settings import DeliverSettings, IngestSettings
from restoration.deliver.deliver_scan import Delivery, PageToDeliver, deliver_scan
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.colour.uneven_stain import UnevenStain
from restoration.raster.tiff.write_intermediate import write_intermediate
from restoration.records.ingest import Master

BAND = 256
LIMITS = IngestSettings.model_validate({})


def table_of(kind: str) -> ToneTable | None:
    """A table like that of a faded print; with `stain` an uneven one before it."""
    if kind == "none":
        return None
    grid = np.arange(NODES) / (NODES - 1)
    curves = np.stack([grid**0.9 * 0.9, 1.1 * grid, 0.8 * grid + 0.1 * grid**2])
    curves = np.maximum(curves, 0.35 * grid)
    if kind == "table":
        return ToneTable(curves)
    light = np.log10(np.maximum(grid**2.2, 1e-4 * (1.0 + 4.0 * grid)))
    coefficients = [[0.02, 0.03, -0.02, 0.01, 0.01, 0.02]] * 3
    return ToneTable(curves, UnevenStain(coefficients, np.stack([light] * 3)))


def bands(height: int, width: int) -> Iterator[np.ndarray]:
    """uint16 (256, width, 3) codes of a gradient with noise."""
    rng = np.random.default_rng(1)
    across = np.linspace(6000, 56_000, width)[None, :, None]
    for top in range(0, height, BAND):
        rows = min(BAND, height - top)
        noise = rng.normal(0.0, 800.0, (rows, width, 3))
        yield np.clip(across + noise, 0, 65535).astype(np.uint16)


def make_page(path: Path, height: int, width: int) -> None:
    write_intermediate(
        path, bands(height, width), height=height, width=width, channels=3,
        ppi=(1200.0, 1200.0), profile=srgb_profile(),
    )  # fmt: skip


def mapping(height: int, width: int, kind: str) -> dict[str, Any]:
    table = table_of(kind)
    assert table is not None
    band = next(bands(BAND, width))
    table.mapped(band, 0, height)
    seconds = 0.0
    for top in range(0, height - BAND + 1, BAND):
        started = time.perf_counter()
        table.mapped(band, top, height)
        seconds += time.perf_counter() - started
    return {"mp_per_second": round(height // BAND * BAND * width / 1e6 / seconds, 1)}


def delivering(height: int, width: int, kind: str, compression: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "page.tif"
        # In a process of its own: its memory is none of the delivery's.
        with ProcessPoolExecutor(1, get_context("spawn")) as other:
            other.submit(make_page, image, height, width).result()
        ingest = Master.read(inspect_master(image, LIMITS), image)
        page = PageToDeliver(1, image, (1200.0, 1200.0), (), table_of(kind))
        started = time.perf_counter()
        record = deliver_scan(
            Delivery("scan", "archive", "ab" * 32, "2026-01-01T00:00:00Z", "bench"),
            master=image, ingest=ingest, pages=[page], output=Path(folder) / "out.tif",
            settings=DeliverSettings.model_validate({"compression": compression}),
        )  # fmt: skip
        seconds = time.perf_counter() - started
    return {
        "mp_per_second": round(height * width / 1e6 / seconds, 2),
        "clipped": record.pages[0].clipped,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["pass", "deliver"])
    parser.add_argument("--kind", choices=["none", "table", "stain"], default="table")
    parser.add_argument("--compression", choices=["none", "lzw"], default="lzw")
    parser.add_argument("--height", type=int, default=4800)
    parser.add_argument("--width", type=int, default=6000)
    given = parser.parse_args()
    size = (given.height, given.width, given.kind)
    found = mapping(*size) if given.what == "pass" else delivering(*size, given.compression)
    found["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
