"""Time, memory and network pixels: JSON to results/bench/, and a table for people.

make bench                       everything
make bench ARGS='demo large'     some of it
make bench ARGS='quality ...'    quality against truth and alternatives: see quality.py
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import networks

OUT = ROOT / "results" / "bench"
HERE = Path(__file__).resolve().parent


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "?")
    return {"processor": model, "cores": os.cpu_count(), "python": platform.python_version()}


def demo() -> dict[str, Any]:
    """The demo on a fresh folder of results: wall time, peak memory, network input pixels."""
    results = OUT / "demo"
    shutil.rmtree(results, ignore_errors=True)
    subprocess.run([sys.executable, "scripts/make_demo.py"], cwd=ROOT, check=True)
    started = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"),
            *("--configfile", "config/demo.yaml", "--config", f"results={results}"),
        ],
        cwd=ROOT,
        check=True,
    )
    wall = time.monotonic() - started
    steps: dict[str, dict[str, float]] = {}
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        with path.open() as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        step = steps.setdefault(path.parent.name, {"seconds": 0.0, "peak_mib": 0.0})
        step["seconds"] = round(step["seconds"] + float(row["s"]), 1)
        step["peak_mib"] = max(step["peak_mib"], float(row["max_rss"]))
    pixels = {}
    for path in sorted(results.glob("*/*/*.json")):
        for page in json.loads(path.read_text()).get("pages", []):
            size = page.get("findings", {}).get("network_input_px")
            if size:
                pixels[str(path.relative_to(results))] = size["width"] * size["height"]
    return {
        "wall_seconds": round(wall, 1),
        "peak_mib": max(step["peak_mib"] for step in steps.values()),
        "network_input_px": sum(pixels.values()),
        "network_input_px_of": pixels,
        "steps": steps,
    }


def large() -> dict[str, Any]:
    """A 12,000 x 9,600 RGB16 scan through every step, with a network that only counts."""
    with tempfile.TemporaryDirectory(dir=ROOT / "results") as folder:
        command = [sys.executable, str(HERE / "large_scan.py"), folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def examine() -> dict[str, Any]:
    """The condition report of 29 and of 115 megapixels: does memory stay flat, what takes long?

    The CNN that looks for faces takes part where its files lie in models/."""
    models = ROOT / "models"
    there = (models / "mmod_human_face_detector.dat").exists()
    faces = ["--faces", "cnn", "--models", str(models)] if there else []
    found = {}
    for name, height, width, extra in (
        ("29 MP", 4800, 6000, []),
        ("115 MP", 9600, 12000, []),
        ("115 MP, faces", 9600, 12000, faces),
    ):
        if name.endswith("faces") and not faces:
            continue
        size = ["--height", str(height), "--width", str(width), *extra]
        command = [sys.executable, str(HERE / "examine_speed.py"), *size]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
    return found


def working_share() -> dict[str, Any]:
    """Cleanup at the scan's own resolution and at half of it: time, and distance from the truth."""
    command = [sys.executable, str(HERE / "working_share.py")]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def faces() -> dict[str, Any]:
    """A group photograph of eight, and of twenty: the stage beside its network alone and beside
    the package's own call, as ratios of the same run."""
    found: dict[str, Any] = {}
    for name, who, rows, columns in (
        ("package's call, 8 faces", "official", 2, 4),
        ("our network, 8 faces", "network", 2, 4),
        ("the stage, 8 faces", "stage", 2, 4),
        ("the stage, 20 faces", "stage", 4, 5),
    ):
        command = [sys.executable, str(HERE / "group_faces.py"), who]
        command += ["--rows", str(rows), "--columns", str(columns)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
    slow, quick = found["package's call, 8 faces"], found["the stage, 8 faces"]
    found["times as fast as the package's call"] = round(slow["seconds"] / quick["seconds"], 2)
    return found


def colour() -> dict[str, Any]:
    """Mapping tones by a table: the pass alone, and a delivery beside the same one without."""

    def measured(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, str(HERE / "colour_speed.py"), *arguments]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        one: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return one

    found: dict[str, Any] = {}
    for kind in ("table", "stain"):
        found[f"pass, {kind}"] = measured("pass", "--kind", kind)
    for packed in ("lzw", "none"):
        plain = 0.0
        for kind in ("none", "table", "stain"):
            one = measured("deliver", "--kind", kind, "--compression", packed)
            plain = plain or one["mp_per_second"]
            one["times the speed without"] = round(one["mp_per_second"] / plain, 2)
            found[f"deliver 29 MP, {packed}, {kind}"] = one
    large = ["--compression", "none", "--height", "9600", "--width", "12000"]
    for kind in ("none", "table", "stain"):
        found[f"deliver 115 MP, none, {kind}"] = measured("deliver", "--kind", kind, *large)
    return found


def plan() -> dict[str, Any]:
    """Planning collections of 100 to 100,000 scans: a dry run, and a run with nothing to do; for
    the largest also where the plan has to find the batches."""

    def planned(scans: int, batches: int, *more: str) -> dict[str, Any]:
        return _script("plan_scale.py", "--scans", str(scans), "--batches", str(batches), *more)

    found: dict[str, Any] = {}
    for scans, batches in ((100, 2), (1_000, 20), (10_000, 200), (100_000, 2_000)):
        found[f"{scans} scans, dry run"] = planned(scans, batches)
        found[f"{scans} scans, nothing to do"] = planned(scans, batches, "--tables")
    found["100000 scans, by folder"] = planned(100_000, 2_000, "--by-folder")
    return found


def profiles() -> dict[str, Any]:
    """Conversion between colour profiles: error there and back, and speed, beside its peers."""
    return _script("profile_conversion.py")


def _script(name: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark of its own prints as its last line."""
    command = [sys.executable, str(HERE / name), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def overhead() -> dict[str, Any]:
    """What a run costs beside restoring, and what a second worker brings."""
    return _script("overhead.py")


def thousand() -> dict[str, Any]:
    """A thousand 4 x 6 inch prints: four kinds, three recipes, every step; and the cost model."""
    return _script("thousand.py")


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "demo": demo,
    "examine": examine,
    "large": large,
    "network": networks.network,
    "error": networks.error,
    "memory": networks.memory,
    "gigapixel": networks.gigapixel,
    "share": working_share,
    "faces": faces,
    "colour": colour,
    "profiles": profiles,
    "plan": plan,
    "overhead": overhead,
    "thousand": thousand,
}


def main() -> None:
    if sys.argv[1:2] == ["quality"]:
        command = [sys.executable, str(HERE / "quality.py"), *sys.argv[2:]]
        raise SystemExit(subprocess.run(command, cwd=ROOT, check=False).returncode)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known are {', '.join(PARTS)}")
    OUT.mkdir(parents=True, exist_ok=True)
    for name in given.parts or PARTS:
        result = {"machine": machine(), **PARTS[name]()}
        (OUT / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
        print(f"\n{name}: results/bench/{name}.json")
        for key, value in result.items():
            print(f"  {key}: {value}")


if __name__ == "__main__":
    main()
