"""Quality on damage whose truth is known: ours beside the obvious alternatives, in one run.

make bench ARGS='quality'                    everything (about a quarter of an hour on two cores)
make bench ARGS='quality descreen blur'      some of it
make bench ARGS='quality --quick'            a few pictures of each part
RESTORATION_IMAGES=folder make bench ARGS='quality prints repair_prints'
RESTORATION_OVERLAYS=folder RESTORATION_PHOTOGRAPHS=folder make bench ARGS='quality repair fill'

Writes JSON and Markdown to results/bench/quality-<part>.*; nothing in the package may be tuned
on it: the seeds and parameters here are those that the code never saw.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "results" / "bench"
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from quality_scans import quiet_threads
from quality_tables import Outcome

PARTS = ("descreen", "untouched", "noise", "resolution", "blur", "jpeg", "denoise", "grain",
         "repair", "repair_prints", "fill", "passes", "colour", "provisional",
         "prints")  # fmt: skip
"""Each is a module quality_<part> with TITLE, cases(quick), measure(case), outcome(rows); and where
something must be measured with nothing beside it, alone(quick)."""


def run_part(name: str, quick: bool, cores: int) -> tuple[Outcome, float]:
    """All cases of one part, ``cores`` at a time; the rows stay in the order of the cases."""
    part = import_module(f"quality_{name}")
    cases = part.cases(quick)
    started = time.monotonic()
    rows: list[dict[str, Any]] = []
    for number, found in enumerate(_each(part.measure, cases, cores), 1):
        rows += found
        if sys.stderr.isatty():
            print(f"\r{name}: {number} of {len(cases)} ", end="", file=sys.stderr, flush=True)
    if hasattr(part, "alone"):
        rows += part.alone(quick)
    seconds = time.monotonic() - started
    print(f"\r{name}: {len(cases)} cases in {seconds:.0f} s", file=sys.stderr)
    return part.outcome(rows), seconds


def _each(measure: Callable[[Any], Any], cases: Sequence[Any], cores: int) -> Any:
    if cores == 1 or len(cases) < 2:
        quiet_threads()
        yield from map(measure, cases)
        return
    # A fork would take over the locks of torch's and OpenCV's threads.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, spawned, initializer=quiet_threads) as pool:
        yield from pool.map(measure, cases)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a few pictures of each part")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known are {', '.join(PARTS)}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    OUT.mkdir(parents=True, exist_ok=True)
    for name in given.parts or PARTS:
        outcome, seconds = run_part(name, given.quick, given.cores)
        stem = OUT / f"quality-{name}{'-quick' if given.quick else ''}"
        text = outcome.markdown(import_module(f"quality_{name}").TITLE)
        stem.with_suffix(".md").write_text(text)
        content = {"quick": given.quick, "seconds": round(seconds, 1), **outcome.as_json()}
        stem.with_suffix(".json").write_text(json.dumps(content, indent=1, default=str) + "\n")
        print(text)


if __name__ == "__main__":
    main()
