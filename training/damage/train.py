"""Trains the damage detector: make train-damage OVERLAYS=folder PHOTOGRAPHS=folder.

Everything is seeded; the same figures come out, not the same bits (sums run on several threads).
Writes the running average of the weights every SAVED steps; the last one is the result.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from restoration.networks.damage_unet import DamageUNet, damage_logit
from training.damage.generator import IGNORED, damaged_picture
from training.damage.overlays import Overlays
from training.damage.pictures import PictureSource
from training.damage.split import overlay_files, packaged_files, photograph_files

ROOT = Path(__file__).resolve().parents[2]

SIDE, BATCH = 192, 8
"""Pixels of a picture's side; pictures of a step."""

HIGHEST, WARM = 2.5e-3, 500
"""Rate of learning, after so many steps of warming up; it falls to a hundredth by a cosine."""

KEPT = 0.999
"""Share of the running average of weights that a step keeps."""

SAVED = 1000
"""Steps between two files."""

PIXEL_WEIGHTS = (1.0, 2.0, 2.0, 2.0, 1.5, 0.1, 0.05)
"""Of pixels without damage and of each kind, in the order of KINDS: a stain or a torn edge has a
thousand times as many as a hair, and would be all that is learned."""

KIND_WEIGHT, OVERLAP_WEIGHT = 0.02, 0.1
"""Weights of the kind's cross entropy and of the overlap (Dice) beside the odds' cross entropy."""


class Pictures(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of luminance, uint8 (BATCH, 1, SIDE, SIDE), and labels."""

    def __init__(self, source: PictureSource, overlays: Overlays, seed: int) -> None:
        self.source, self.overlays, self.seed = source, overlays, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        cv2.setNumThreads(1)
        number = 0
        while True:
            rng = np.random.default_rng((self.seed, 2, number))
            drawn = [damaged_picture(self.source, self.overlays, SIDE, rng) for _ in range(BATCH)]
            number += 1
            yield (
                torch.from_numpy(np.stack([one.pixels for one in drawn])[:, None]),
                torch.from_numpy(np.stack([one.label for one in drawn])),
            )


def loss_of(logits: Tensor, label: Tensor) -> Tensor:
    """What is to be made small. logits (n, CLASSES, h, w); label int64 (n, h, w)."""
    sort = torch.where(label == IGNORED, 0, label)
    weight = torch.tensor(PIXEL_WEIGHTS)[sort] * (label != IGNORED)
    damage = (sort > 0).float()
    odds = damage_logit(logits)
    each = functional.binary_cross_entropy_with_logits(odds, damage, reduction="none")
    chance = torch.sigmoid(odds) * (weight > 0)
    thin = chance * weight.clamp(max=1.0)
    both = (thin * damage).sum()
    overlap = (2 * both + 50) / (thin.sum() + (damage * weight.clamp(max=1.0)).sum() + 50)
    where = (sort > 0).nonzero(as_tuple=True)
    kind = functional.cross_entropy(
        logits[where[0], 1:, where[1], where[2]], sort[where] - 1, reduction="none"
    )
    kinds = (kind * weight[where]).sum() / (weight[where].sum() + 1)
    return (each * weight).mean() + OVERLAP_WEIGHT * (1 - overlap) + KIND_WEIGHT * kinds


def rate(step: int, steps: int, highest: float = HIGHEST) -> float:
    """Of learning at a step."""
    if step < WARM:
        return highest * (step + 1) / WARM
    done = (step - WARM) / max(1, steps - WARM)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def train(
    source: Pictures,
    steps: int,
    seed: int,
    out: Path,
    begun: Path | None = None,
    highest: float = HIGHEST,
) -> None:
    """Trains, from nothing or from the weights in ``begun``; writes ``out`` (safetensors) and its
    log beside it."""
    torch.manual_seed(seed)
    network = DamageUNet()
    # The stubs of torch do not know this form of ``to``.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        # Nearly all pixels are sound: begin there.
        cast(Tensor, network.out.bias)[:4] = 3.0
    if begun is not None:
        network.load_state_dict(load_file(begun))
    average = {name: one.detach().clone() for name, one in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), HIGHEST, weight_decay=1e-4)
    log, started, sums = [], time.monotonic(), [0.0, 0.0]
    # A fork would take over the locks of OpenCV's threads.
    loader = DataLoader(
        source,
        batch_size=None,
        num_workers=1,
        prefetch_factor=8,
        multiprocessing_context="spawn",
    )
    batches = iter(loader)
    for step in range(steps):
        pixels, label = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps, highest)
        plane = (pixels.float() / 255).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(plane)
        loss = loss_of(logits.float(), label.long())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        kept = min(KEPT, 1 - 1 / (step + 1))
        with torch.no_grad():
            for name, one in network.state_dict().items():
                average[name].lerp_(one, 1 - kept)
        sums = [sums[0] + loss.item(), sums[1] + 1]
        if (step + 1) % SAVED == 0 or step + 1 == steps:
            save_file({name: one.contiguous() for name, one in average.items()}, out)
            seconds = time.monotonic() - started
            log.append({"step": step + 1, "loss": sums[0] / sums[1], "seconds": round(seconds)})
            print(log[-1], flush=True)
            out.with_suffix(".log.json").write_text(json.dumps(log, indent=1), encoding="utf-8")
            sums = [0.0, 0.0]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlays", type=Path, required=True, help="folder of a folder per kind")
    parser.add_argument("--photographs", type=Path, required=True, help="folder of kodimNN.png")
    parser.add_argument("--out", type=Path, default=ROOT / "results/training/damage.safetensors")
    parser.add_argument("--steps", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--from", dest="begun", type=Path, help="weights to go on from")
    parser.add_argument("--highest", type=float, default=HIGHEST, help="rate of learning")
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    files = [*photograph_files(given.photographs, "training"), *packaged_files("training")]
    overlays = Overlays.of(overlay_files(given.overlays, "training"))
    source = Pictures(PictureSource.of(files, given.seed), overlays, given.seed)
    train(source, given.steps, given.seed, given.out, given.begun, given.highest)


if __name__ == "__main__":
    main()
