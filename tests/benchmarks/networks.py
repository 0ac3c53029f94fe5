"""Networks side by side: this engine's runtimes and the other ways of running the same weights.

Every variant runs in a process of its own, once in each round and in turn, so that a machine that
slows down slows all of them. Ratios are taken within a round; their median is what counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peers
from quality_tables import Table

from restoration.run.start_run import ALLOCATOR

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

ROUNDS = 5
RUNTIMES = ("native", "torch")


@dataclass(frozen=True)
class Variant:
    """One way of running a network."""

    name: str
    script: str
    arguments: tuple[str, ...]
    tuned: bool = False
    """With the allocator's settings above."""
    ours: bool = False

    def run(self, options: Iterable[str] = ()) -> dict[str, float]:
        environment = {k: v for k, v in os.environ.items() if k != "GLIBC_TUNABLES"}
        if self.tuned:
            environment["GLIBC_TUNABLES"] = TUNED_MALLOC
        if self.ours:
            environment |= ALLOCATOR
        command = [sys.executable, str(HERE / self.script), *self.arguments, *options]
        done = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


def _speed(name: str, *arguments: str, tuned: bool = False, ours: bool = False) -> Variant:
    return Variant(name, "network_speed.py", arguments, tuned, ours)


SHIPPED, TUNED = "RealESRGANer as shipped", "RealESRGANer, tuned malloc"

VARIANTS = (
    _speed("native", "native", ours=True),
    _speed("torch", "torch", ours=True),
    _speed(SHIPPED, "official"),
    _speed(TUNED, "official", tuned=True),
    _speed("spandrel, plain tiles", "spandrel"),
    _speed("ncnn, its own tiles", "ncnn"),
    _speed("native, 1 thread", "native", "--threads", "1", ours=True),
    _speed("torch, 1 thread", "torch", "--threads", "1", ours=True),
    _speed("RealESRGANer as shipped, 1 thread", "official", "--threads", "1"),
)

MAIN = ("native", "torch", SHIPPED, TUNED)
"""The ratios that the project promises."""

FACES = (
    Variant("ours", "face_speed.py", ("ours",), ours=True),
    Variant("ours, tuned malloc", "face_speed.py", ("ours",), tuned=True, ours=True),
    Variant("GFPGANer as shipped", "face_speed.py", ("official",)),
    Variant("GFPGANer, tuned malloc", "face_speed.py", ("official",), tuned=True),
)


@dataclass
class Timed:
    """Variants in turn."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)

    def ratio(self, ours: str, other: str) -> float:
        """How many times as fast ``ours`` is: the median over the rounds."""
        pairs = zip(self.seconds[other], self.seconds[ours], strict=True)
        return round(statistics.median(theirs / own for theirs, own in pairs), 2)

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])


def in_turn(variants: Iterable[Variant], options: Iterable[str], rounds: int) -> Timed:
    """Every variant once in each round."""
    timed, variants, options = Timed(), list(variants), list(options)
    for _ in range(rounds):
        for variant in variants:
            found = variant.run(options)
            timed.seconds.setdefault(variant.name, []).append(found["seconds"])
            peak = timed.peak_mib.get(variant.name, 0.0)
            timed.peak_mib[variant.name] = max(peak, found["peak_mib"])
    return timed


def compared(variants: tuple[Variant, ...], timed: Timed, side: int, flop: float) -> dict[str, Any]:
    """Figures of one network over a square image. flop: of direct convolutions, for each pixel."""
    own = [v.name for v in variants if v.ours and v.name in timed.seconds]
    figures: dict[str, Any] = {}
    for name in timed.seconds:
        rate = side**2 / timed.median(name)
        figures[name] = {
            "input_px_per_second": round(rate),
            "gflop_per_second": round(rate * flop / 1e9, 1),
            "peak_mib": round(timed.peak_mib[name]),
            "seconds": [round(value, 3) for value in timed.seconds[name]],
        }
    faster = {a: {b: timed.ratio(a, b) for b in timed.seconds if b != a} for a in own}
    return {"variants": figures, "faster_than": faster}


def network(rounds: int = ROUNDS, rounds_of_others: int = ROUNDS) -> dict[str, Any]:
    """x4plus, general-x4v3 and GFPGAN over a photograph and a face, against all peers."""
    subprocess.run([sys.executable, "scripts/build_native.py"], cwd=ROOT, check=True)
    built = list((ROOT / "build" / "native").glob("*.tested"))
    variants = tuple(v for v in VARIANTS if built or not v.name.startswith("native"))
    peak = _speed("peak", "peak")
    found: dict[str, Any] = {
        "rounds": rounds,
        "rounds_of_others": rounds_of_others,
        "convolution_gflop_per_second": {
            f"{threads} threads": round(peak.run(["--threads", threads])["gflop_per_second"], 1)
            for threads in ("1", "2")
        },
    }
    main = tuple(v for v in variants if v.name in MAIN)
    others = tuple(v for v in variants if v.name not in MAIN)
    for name, side in (("x4plus", 384), ("general", 512)):
        options = ["--network", name, "--side", str(side)]
        flop = peers.flop_per_pixel(name)
        found[name] = {"side": side} | compared(main, in_turn(main, options, rounds), side, flop)
        timed = in_turn((main[0], *others), options, rounds_of_others)
        found[f"{name}, others"] = {"side": side} | compared((main[0], *others), timed, side, flop)
    found["general, tiles that overlap"] = _overlapping(rounds_of_others)
    timed = in_turn(FACES, [], rounds)
    # Multiplications and additions of the network's convolutions for one face.
    found["gfpgan"] = {"side": 512, **compared(FACES, timed, 512, 396e9 / 512**2)}
    (OUT / "network.md").write_text("\n\n".join(table.markdown() for table in tables(found)))
    plot(found, OUT / "network.png")
    return found


def _overlapping(rounds: int) -> dict[str, Any]:
    """On an image of four tiles: the package's overlap, and the one that makes it exact."""
    options = ["--network", "general", "--side", "1024"]
    variants = (
        _speed("native", "native", ours=True),
        _speed("torch", "torch", ours=True),
        _speed("RealESRGANer, pad 10", "official", "--pad", "10"),
        _speed("RealESRGANer, pad 34, exact", "official", "--pad", "34"),
    )
    timed = in_turn(variants, options, rounds)
    return {"side": 1024, **compared(variants, timed, 1024, peers.flop_per_pixel("general"))}


def tables(found: dict[str, Any]) -> list[Table]:
    """The figures for people."""
    made = []
    peak = found["convolution_gflop_per_second"]["2 threads"]
    for name, figures in found.items():
        if not isinstance(figures, dict) or "variants" not in figures:
            continue
        own = list(figures["faster_than"])
        rows = [
            (
                variant,
                f"{each['input_px_per_second']:,}",
                f"{each['gflop_per_second']:.0f}",
                f"{each['gflop_per_second'] / peak:.2f}",
                *(figures["faster_than"][a].get(variant, "") for a in own[:2]),
                f"{each['peak_mib']:,}",
            )
            for variant, each in figures["variants"].items()
        ]
        columns = (
            *("variant", "input px/s", "GFLOP/s", "of the convolution's peak"),
            *(f"{a} is faster by" for a in own[:2]),
            "peak MiB",
        )
        note = f"GFLOP/s as of direct convolutions; a bare one reaches {peak:.0f} here."
        made.append(Table(f"{name}, {figures['side']} px square", columns, rows, (note,)))
    return made


def plot(found: dict[str, Any], path: Path) -> None:
    """Input pixels per second, one panel for each network."""
    from matplotlib.figure import Figure

    shown = {n: f for n, f in found.items() if isinstance(f, dict) and "variants" in f}
    figure = Figure(figsize=(9, 2.2 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axis, (name, figures) in zip(axes, shown.items(), strict=True):
        names = list(figures["variants"])[::-1]
        values = [figures["variants"][n]["input_px_per_second"] for n in names]
        own = ["#1b6ca8" if n in figures["faster_than"] else "#b0b0b0" for n in names]
        axis.barh(names, values, color=own)
        axis.set_title(f"{name}, {figures['side']} px square: input pixels per second", loc="left")
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def error() -> dict[str, Any]:
    """Worst error against double precision, at tile borders and anywhere, in 1/65535."""
    found = {}
    for name in ("general", "x4plus"):
        command = [sys.executable, str(HERE / "network_error.py"), "--network", name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
    return found


def memory() -> dict[str, Any]:
    """The law at three widths, and one width at heights that differ by four times."""
    cases = [
        *(("general", runtime, width, 300) for runtime in RUNTIMES for width in (1024, 2048, 4096)),
        *(("x4plus", "native", width, 420) for width in (512, 1024, 2048)),
        *(("x4plus", "torch", width, 420) for width in (256, 512, 1024)),
        *(("counting", "torch", 4000, height) for height in (7500, 30000)),
        *(("general", "native", 4000, height) for height in (1500, 6000)),
        *(("x4plus", "native", 1000, height) for height in (1000, 4000)),
    ]
    found = {}
    for name, runtime, width, height in cases:
        command = [sys.executable, str(HERE / "network_memory.py"), runtime, str(width)]
        command += [str(height), "--network", name]
        done = subprocess.run(
            command, env={**os.environ, **ALLOCATOR}, check=True, stdout=subprocess.PIPE, text=True
        )
        found[f"{name}, {runtime}, {width} x {height}"] = json.loads(done.stdout.splitlines()[-1])
        print(name, runtime, width, height, done.stdout.splitlines()[-1], flush=True)
    return found


def gigapixel() -> dict[str, Any]:
    """115 megapixels enlarged four times into a BigTIFF of 1.8 gigapixels."""
    found = {}
    for name in ("counting", "general"):
        with tempfile.TemporaryDirectory(dir=ROOT / "results") as folder:
            command = [sys.executable, str(HERE / "gigapixel.py"), folder, "--network", name]
            done = subprocess.run(
                command,
                env={**os.environ, **ALLOCATOR},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
        found[name] = json.loads(done.stdout.splitlines()[-1])
    return found
