"""Seconds that GFPGAN takes over one face of 512 x 512, in a process of its own; prints JSON.

WHO is `ours` (engine.gfpgan) or `official` (the network's call in gfpgan.GFPGANer.enhance), both
with the same seeded weights: they restore nothing. Loading and a warm-up are not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import torch

from restoration.engine.faces.gfpgan import FaceNetwork
from support.seeded_faces import seeded_face, seeded_module


def official() -> Callable[[torch.Tensor], torch.Tensor]:
    module = seeded_module()

    @torch.no_grad()
    def run(face: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = module(face, return_rgb=False, weight=0.5)[0]
        return made

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["ours", "official"])
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    run = FaceNetwork(seeded_module()) if given.who == "ours" else official()
    face = seeded_face(512)
    run(face)
    started = time.perf_counter()
    run(face)
    found = {
        "seconds": time.perf_counter() - started,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
