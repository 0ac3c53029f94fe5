"""A large scan through every step in one process, with a network that only counts its input.

Prints JSON: peak resident memory of the process, seconds and input pixels of the network.
Run by the slow tests and by the benchmark: python tests/benchmarks/large_scan.py FOLDER
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "scripts")]
sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from restoration.chain.job_tools import RunningNetwork, make_job_tools
from restoration.engine.devices import choose_device
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.run.batch import run_batch
from support import corpus


class Counting(torch.nn.Module):
    """Enlarges by repetition, and counts the pixels that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.pixels += image.shape[2] * image.shape[3]
        return torch.nn.functional.interpolate(image, scale_factor=4, mode="nearest")


class CountingNetwork:
    """What the engine and the stages ask of a network."""

    name, scale, radius, weights_sha256 = "counting", 4, 1, ("0" * 64,)
    channels, generative, licence = 3, True, "none"

    def __init__(self) -> None:
        self.module = Counting()


def plan_for(folder: Path, height: int, width: int, working_ppi: float, faces: str) -> Plan:
    folder.mkdir(parents=True, exist_ok=True)
    master = folder / "large.tif"
    if not master.exists():
        corpus.write_large(master, height, width)
    (folder / "scans.tsv").write_text("scan\tpath\tbatch\nlarge\tlarge.tif\tall\n")
    stages = {
        "cleanup": {"network": "realesrgan-x4plus", "apply": "always", "working_ppi": working_ppi},
        "upscale": {"factor": 1.25, "network": "none"},
    }
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipes": {"archive": {"stages": stages}},
            "device": "cpu",
            "examine": {"faces": faces},
        }
    )


def run(plan: Plan) -> dict[str, Any]:
    """Every step; what it took."""
    network = CountingNetwork()
    device = choose_device("cpu")
    workshop = replace(
        make_job_tools(plan, threads=2),
        networks=lambda name, **blend: RunningNetwork(network, plan.config.engine, device),  # type: ignore[arg-type]
    )
    seconds = {}
    for step in plan.steps("archive"):
        recipe = None if step in ("ingest", "examine") else "archive"
        started = time.monotonic()
        table = Path(plan.table(recipe, step, "all"))
        code = run_batch(plan, recipe, step, "all", workshop, table=table)
        seconds[step] = round(time.monotonic() - started, 2)
        if code or "problem" in table.read_text():
            sys.exit(f"{step} failed: {table}")
    return {
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seconds": seconds,
        "network_input_px": network.module.pixels,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--height", type=int, default=9600)
    parser.add_argument("--width", type=int, default=12000)
    parser.add_argument("--working-ppi", type=float, default=300.0)
    parser.add_argument("--faces", default="cnn")
    given = parser.parse_args()
    plan = plan_for(given.folder, given.height, given.width, given.working_ppi, given.faces)
    print(json.dumps(run(plan)))


if __name__ == "__main__":
    main()
