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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "results" / "bench"
HERE = Path(__file__).resolve().parent

# Half of the official way's time goes into page faults: every layer's activations are given back
# to the system and taken again. These settings spare it that, so that it is a fair peer. Our own
# engine keeps its buffers: measured with and without, it gains nothing, so workers do without.
TUNED_MALLOC = (
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8589934592"
    ":glibc.malloc.trim_threshold=8589934592:glibc.malloc.top_pad=268435456"
)


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


def network(rounds: int = 5) -> dict[str, Any]:
    """Two networks over one photograph: our runtimes against RealESRGANer, in turn, medians of
    ratios; GFPGAN over one face, seeded weights, against the package's own call of it."""
    return {
        **{
            name: _compared(name, side, rounds)
            for name, side in (("x4plus", 192), ("general", 512))
        },
        "gfpgan": _compared_face(rounds),
    }


def _malloc() -> tuple[dict[str, str], dict[str, str]]:
    """The environment with the allocator as it is shipped, and with it tuned."""
    plain = {k: v for k, v in os.environ.items() if k != "GLIBC_TUNABLES"}
    return plain, {**plain, "GLIBC_TUNABLES": TUNED_MALLOC}


def _compared_face(rounds: int) -> dict[str, Any]:
    plain, tuned = _malloc()
    script = str(HERE / "face_speed.py")
    variants = {
        "ours": ([script, "ours"], plain),
        "ours, tuned malloc": ([script, "ours"], tuned),
        "GFPGANer as shipped": ([script, "official"], plain),
        "GFPGANer, tuned malloc": ([script, "official"], tuned),
    }
    return _in_turn(variants, ["ours", "ours, tuned malloc"], 512, rounds)


def _compared(network: str, side: int, rounds: int) -> dict[str, Any]:
    plain, tuned = _malloc()
    options = ["--side", str(side), "--network", network]
    script = str(HERE / "network_speed.py")
    variants = {
        "native": ([script, "native", *options], plain),
        "torch": ([script, "torch", *options], plain),
        "RealESRGANer as shipped": ([script, "official", *options], plain),
        "RealESRGANer, tuned malloc": ([script, "official", *options], tuned),
    }
    subprocess.run([sys.executable, "scripts/build_native.py"], cwd=ROOT, check=True)
    if not list((ROOT / "build" / "native").glob("*.tested")):
        del variants["native"]
    own = [name for name in ("native", "torch") if name in variants]
    return _in_turn(variants, own, side, rounds)


def _in_turn(
    variants: dict[str, tuple[list[str], dict[str, str]]], own: list[str], side: int, rounds: int
) -> dict[str, Any]:
    """Every variant (a script with its arguments, and its environment) once in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    peaks: dict[str, float] = {}
    for _ in range(rounds):
        for name, (script, environment) in variants.items():
            command = [sys.executable, *script]
            done = subprocess.run(
                command, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            seconds[name].append(found["seconds"])
            peaks[name] = max(peaks.get(name, 0.0), found["peak_mib"])
    return {
        "side": side,
        "rounds": rounds,
        "input_px_per_second": {
            n: round(side**2 / statistics.median(s)) for n, s in seconds.items()
        },
        "faster_than": {
            name: {
                other: round(
                    statistics.median(
                        theirs / ours
                        for theirs, ours in zip(seconds[other], seconds[name], strict=True)
                    ),
                    2,
                )
                for other in variants
                if other != name
            }
            for name in own
        },
        "peak_mib": {name: round(peak) for name, peak in peaks.items()},
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "demo": demo,
    "examine": examine,
    "large": large,
    "network": network,
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
