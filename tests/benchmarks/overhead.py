"""What a run costs beside restoring: by job, by scan, by master; and what a second worker brings.

python tests/benchmarks/overhead.py

The recipe is `preview`, with the small network that is at hand. Jobs are run once more over scans
that are all done, so that nothing is left of them but interpreter, imports, plan, records and
scheduler.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from restoration.demo.simulate import enlarged
from restoration.engine.devices import choose_device, use_threads
from restoration.ingest.inspect_master import hash_file
from restoration.networks.load import load_network
from restoration.run.start_run import ALLOCATOR
from support import corpus, weights_at_hand

BATCHES = 4
NETWORKS = ("realesr-general-x4v3", "realesr-general-x4v3-ncnn", "realesrgan-x4plus-packaged")
STEPS = ("ingest", "examine", "descreen", "cleanup", "deliver")
SIDE = 256
"""Of the scans by which overhead is measured, in pixels."""


def network_at_hand() -> str:
    for name in NETWORKS:
        if (ROOT / "models" / f"{name}.safetensors").is_file():
            return name
    raise SystemExit("overhead: no weights are at hand; run `make demo` first")


class Collection:
    """Scans in batches, and Snakemake over them."""

    def __init__(self, folder: Path, batches: int, per_batch: int, side: int) -> None:
        self.folder, self.batches = folder, batches
        folder.mkdir(parents=True)
        # Enlarged, so that the scans are soft and the network has work.
        photos = [corpus.photo(name) for name in ("astronaut", "coffee", "chelsea")]
        pictures = [enlarged(photo.astype(float), side, side).astype("f4") for photo in photos]
        rows = ["scan\tpath\tbatch"]
        for number in range(batches * per_batch):
            path = folder / f"s{number:04d}.tif"
            corpus.write_tiff(path, pictures[number % len(pictures)])
            rows.append(f"s{number:04d}\t{path}\tbox-{number // per_batch:02d}")
        (folder / "scans.tsv").write_text("\n".join(rows) + "\n")
        preview = yaml.safe_load((ROOT / "config/config.yaml").read_text())["recipes"]["preview"]
        preview["stages"]["cleanup"]["network"] = network_at_hand()
        config = {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "models_dir": str(ROOT / "models"),
            "recipe": "preview",
            "recipes": {"preview": preview},
            "threads": 1,
            "device": "cpu",
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))

    def run(self, *arguments: str, cores: int = 1) -> float:
        """Wall seconds."""
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
        started = time.monotonic()
        done = subprocess.run(
            [*command, "--configfile", str(self.folder / "config.yaml"), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"overhead: snakemake failed: {done.stderr[-2000:]}")
        return time.monotonic() - started

    def jobs(self) -> float:
        """Seconds within jobs, as Snakemake's benchmarks say."""
        files = list((self.folder / "results/benchmarks").rglob("*.tsv"))
        assert len(files) == self.batches * len(STEPS), files
        return sum(float(path.read_text().splitlines()[1].split("\t")[0]) for path in files)


def alone(*command: str) -> float:
    """The fastest of three calls, wall seconds."""
    best = float("inf")
    for _ in range(3):
        started = time.monotonic()
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
        best = min(best, time.monotonic() - started)
    return best


def again(folder: Path, per_batch: int) -> dict[str, float]:
    """Batches whose scans are all done, run once more; seconds of a job and its parts."""
    made = Collection(folder, BATCHES, per_batch, SIDE)
    made.run(cores=2)
    nothing = made.run("--dry-run")
    wall = made.run("--forcerun", *STEPS)
    count = BATCHES * len(STEPS)
    return {"job": wall / count, "inside": made.jobs() / count, "no-op run": nothing}


def loading() -> tuple[float, float]:
    """Seconds to load the network, with what that imports first, and without."""
    use_threads(1)
    taken = []
    for _ in range(2):
        started = time.monotonic()
        load_network(
            network_at_hand(), ROOT / "models", weights_at_hand.manifest(), choose_device("cpu")
        )
        taken.append(time.monotonic() - started)
    return taken[0], taken[1]


def hashing(folder: Path) -> float:
    """Seconds for the SHA-256 of a master of 4 x 6 inch, 1200 ppi, RGB16; read from memory."""
    path = folder / "master.bin"
    path.write_bytes(os.urandom(2**20) * 198)
    hash_file(path)
    started = time.monotonic()
    hash_file(path)
    return time.monotonic() - started


def main() -> None:
    os.environ.update({k: v for k, v in ALLOCATOR.items() if k not in os.environ})
    os.environ["PYTHONNOUSERSITE"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, second = loading()
        few, many = again(folder / "few", 1), again(folder / "many", 5)
        found: dict[str, Any] = {
            "network": network_at_hand(),
            "interpreter": alone("-c", "pass"),
            "imports of a worker with torch": alone("-c", "import torch, cv2, tifffile"),
            "what loading a network imports": first - second,
            "network loaded": second,
            "one job, all told": few["job"],
            "of it outside the worker": few["job"] - few["inside"],
            "one scan that is done, each job": (many["inside"] - few["inside"]) / 4,
            "snakemake's own start": few["no-op run"],
            "hash of a master of 207 MB": hashing(folder),
        }
        work = Collection(folder / "one", 4, 2, 768)
        found["8 scans of 0.6 megapixels, one worker"] = work.run(cores=1)
        twice = Collection(folder / "two", 4, 2, 768)
        found["two workers"] = twice.run(cores=2)
    found["times as fast"] = found["8 scans of 0.6 megapixels, one worker"] / found["two workers"]
    rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()}
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
