"""What a thousand 4 x 6 inch prints at 1200 ppi take: four kinds, step by step, times a thousand.

python tests/benchmarks/thousand.py [--recipes archive preview] [--kinds worn healthy]

Four kinds of scan, each 4800 x 7200 px of RGB16: `healthy` (a sharp print of 400 ppi, nearly no
noise), `worn` (a print of 300 ppi with grain), `noisy` (one of 300 ppi seen by a noisy sensor) and
`halftone` (the same picture printed with 150 lines per inch). The recipes are those of
``config/config.yaml``, with weights that are at hand. Processor seconds say what a step takes
beside load.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from restoration.chain.job_tools import make_job_tools
from restoration.demo import printing, simulate
from restoration.demo.collection import codes
from restoration.demo.photographs import Crop, load
from restoration.demo.scan_file import Caption, scan_bytes
from restoration.demo.wear import Wear, worn
from restoration.plan.cost_model import GPU, SECONDS_OF_A_SCAN, SECONDS_PER_MEGAPIXEL, CostModel
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.run.batch import run_batch
from restoration.run.start_run import ALLOCATOR

HEIGHT, WIDTH, PPI = 4800, 7200, 1200
REPEATS = 4
"""A scan is a sixteenth of it, mirrored: to simulate all of it takes longer than to restore it."""
PICTURES = ("astronaut", "coffee", "chelsea", "rocket", "astronaut", "coffee")
"""Two rows of three, 300 x 300 px each."""
CELL = 300
LIKE = {
    "realesrgan-x4plus": "realesrgan-x4plus-packaged",
    "gfpgan-v1.4": "realesrgan-x4plus-packaged",
    "realesr-general-x4v3": "realesr-general-x4v3-ncnn",
}
"""Weights at hand, by those that the recipes name. GFPGAN's cannot be had from a package index: a
face takes what the network in its place takes."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """How a scan of the benchmark came about."""

    ppi: int
    """Resolution of the picture that it holds."""
    grain: float = 0.0
    specks: int = 0
    lines_per_inch: float = 0.0
    electrons: float = 400_000.0
    soft: float = 0.0


KINDS = {
    "healthy": Kind(ppi=400, soft=2.0),
    "worn": Kind(ppi=300, grain=5.0, specks=12, electrons=2_000.0, soft=3.4),
    "noisy": Kind(ppi=300, electrons=300.0, soft=3.4),
    "halftone": Kind(ppi=300, lines_per_inch=150.0, electrons=60_000.0),
}


def mirrored(part: npt.NDArray[Any], rows: int, columns: int) -> npt.NDArray[Any]:
    """The part and its mirror images in turn, so that no edge is where two meet."""
    beside = np.hstack([part, part[:, ::-1]])
    block = np.vstack([beside, beside[::-1]])
    times = (-(-rows // block.shape[0]), -(-columns // block.shape[1]), 1)
    return np.tile(block, times)[:rows, :columns]


def picture(height: int, width: int) -> Floats:
    """Photographs side by side, until the sheet is full."""
    cells = [load(name, Crop(0, 60, CELL, CELL)) for name in PICTURES]
    return mirrored(np.vstack([np.hstack(cells[:3]), np.hstack(cells[3:])]), height, width)


def scan(kind: Kind) -> Floats:
    noise = simulate.SensorNoise(7)
    share = kind.ppi / PPI
    height, width = HEIGHT // REPEATS, WIDTH // REPEATS
    fine = picture(round(height * share), round(width * share))
    seen = simulate.enlarged(fine, height, width)
    seen = simulate.blurred(seen, kind.soft)
    if kind.lines_per_inch:
        grey = printing.printable(seen.mean(axis=2, keepdims=True))
        seen = np.repeat(printing.screened(grey, kind.lines_per_inch, 45.0, PPI), 3, axis=2)
    seen = simulate.grainy(seen, kind.grain, 5.0, noise)
    seen = worn(seen, Wear(specks=kind.specks), noise)
    return simulate.scanned(seen, kind.electrons, 0.0 if kind.ppi == PPI else 0.6, noise)


def write(path: Path, kind: Kind) -> None:
    caption = Caption("bench", "SIMULATED", "none", "none", path.stem, "2024:01:15 10:00:00")
    whole = mirrored(codes(scan(kind), "sRGB"), HEIGHT, WIDTH)
    path.write_bytes(scan_bytes(whole, PPI, srgb_profile(), caption, "<"))


def plan_of(folder: Path, kinds: list[str], recipe: str) -> Plan:
    """Results of its own for each recipe: it is to take over nothing that another one made."""
    rows = ["scan\tpath\tbatch", *(f"{kind}\t{kind}.tif\t{kind}" for kind in kinds)]
    (folder / "scans.tsv").write_text("\n".join(rows) + "\n")
    found = yaml.safe_load((ROOT / "config/config.yaml").read_text())["recipes"][recipe]
    for settings in found["stages"].values():
        if "network" in settings:
            settings["network"] = LIKE[settings["network"]]
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / recipe),
            "models_dir": str(ROOT / "models"),
            "recipe": recipe,
            "recipes": {recipe: found},
            "device": "cpu",
        }
    )


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(plan: Plan, kind: str) -> dict[str, Any]:
    """Every step of one scan: seconds, processor seconds, and what the cost model says."""
    (name,) = plan.recipes()
    model, found = CostModel(plan), {}
    megapixels = HEIGHT * WIDTH / 1e6
    for step in plan.steps(name):
        recipe = None if step in ("ingest", "examine") else name
        workshop = make_job_tools(plan, threads=2)
        started, used = time.monotonic(), processor_seconds()
        table = Path(plan.table(recipe, step, kind))
        code = run_batch(plan, recipe, step, kind, workshop, table=table)
        if code or "problem" in table.read_text():
            sys.exit(f"{step} failed: {table}")
        row = table.read_text().splitlines()[2].split("\t")
        found[step] = {
            "status": row[1],
            "seconds": round(time.monotonic() - started, 2),
            "processor_seconds": round(processor_seconds() - used, 2),
            "model_seconds": round(model.scan_seconds(recipe, step, megapixels), 1),
        }
        if row[1] == "applied":
            record = json.loads((plan.folder(recipe, step) / f"{kind}.json").read_text())
            found[step]["findings"] = {
                name: value
                for name, value in record["pages"][0]["findings"].items()
                if isinstance(value, int | float)
            }
    total = sum(step["seconds"] for step in found.values())
    with_gpu = sum(on_gpu(plan, name, step, said["seconds"]) for step, said in found.items())
    return {
        "steps": found,
        "seconds": round(total, 1),
        "a thousand, hours": round(total / 3.6, 1),
        "a day": round(86_400 / total),
        "a thousand with a GPU, hours, calculated": round(with_gpu / 3.6, 1),
    }


def on_gpu(plan: Plan, recipe: str, step: str, seconds: float) -> float:
    """What a step would take whose networks alone are ``GPU`` times as fast: calculated."""
    if step not in plan.recipe(recipe).chain() or not plan.dependencies.networks(recipe, step):
        return seconds
    own = SECONDS_OF_A_SCAN + SECONDS_PER_MEGAPIXEL[step] * HEIGHT * WIDTH / 1e6
    return min(seconds, own) + max(0.0, seconds - own) / GPU


def main() -> None:
    parser = argparse.ArgumentParser(prog="thousand", description=__doc__)
    parser.add_argument("--recipes", nargs="+", default=["archive", "preview", "conservation"])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    given = parser.parse_args()
    os.environ.update({k: v for k, v in ALLOCATOR.items() if k not in os.environ})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in given.kinds:
            write(folder / f"{kind}.tif", KINDS[kind])
        found = {}
        for recipe in given.recipes:
            plan = plan_of(folder, given.kinds, recipe)
            found[recipe] = {kind: run(plan, kind) for kind in given.kinds}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
