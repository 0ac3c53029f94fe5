"""Memory that a network takes over an image of a given size, in a process of its own; JSON.

`before_mib` is what the process holds with the network loaded and warm; `peak_mib` the most that
it ever held; `law_mib` what the engine says that the strip needs (see ``engine/memory.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import peers
from large_scan import CountingNetwork

from restoration.config.settings import EngineSettings
from restoration.engine.devices import choose_device, use_threads
from restoration.engine.memory import memory_law
from restoration.engine.run import run_network
from restoration.raster.base import FloatImage


@dataclass(frozen=True)
class Ramp:
    """An image of any size that takes no memory."""

    height: int
    width: int
    channels: int = 3

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        row = np.arange(top, top + height, dtype=np.float32)[:, None]
        column = np.arange(left, left + width, dtype=np.float32)[None]
        value = np.sin(row * np.float32(0.11)) * np.sin(column * np.float32(0.07))
        grey = np.float32(0.5) + np.float32(0.4) * value
        return np.repeat(grey[..., None], self.channels, 2)


def resident(which: str) -> float:
    """MiB of this process: VmRSS now, VmHWM the most since ``forget_peak``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


def forget_peak() -> None:
    """Loading takes more for a moment than the network holds afterwards (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runtime", choices=["native", "torch"])
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("--network", choices=["counting", *sorted(peers.NAMES)], default="general")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    use_threads(given.threads)
    device = choose_device("cpu")
    # One that only repeats pixels leaves what is the engine's own.
    network = CountingNetwork() if given.network == "counting" else peers.loaded(given.network)
    engine = EngineSettings(strip_columns=max(256, given.width))

    def run(image: Ramp) -> None:
        nothing = lambda done, unit: None  # noqa: E731
        for _ in run_network(network, image, engine, device, nothing, given.runtime):
            pass

    run(Ramp(16, 16))
    before = resident("VmRSS")
    forget_peak()
    run(Ramp(given.height, given.width))
    law = memory_law(network, engine, given.runtime)
    print(
        json.dumps(
            {
                "columns": given.width,
                "megapixels": round(given.width * given.height / 1e6, 2),
                "before_mib": round(before, 1),
                "peak_mib": round(resident("VmHWM"), 1),
                "law_mib": None if law is None else round(law.of(given.width) / 2**20, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
