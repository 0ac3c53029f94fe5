"""What a job is expected to take: seconds and memory, from the megapixels of its batch.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restoration.planning import Plan


@dataclass(frozen=True)
class Need:
    """What a job asks a scheduler for."""

    seconds: float
    memory_mib: int
    megapixels: float
    """Of all masters of the batch, as far as their sizes tell."""


BYTES_PER_PIXEL = 4.25
"""A master's bytes by its pixels: between 8-bit (3) and 16-bit colour (6), which are then wrong by
1.4 either way. Nothing is opened to know more."""


def need_of(plan: Plan, recipe: str | None, step: str, batch: str) -> Need:
    """What the job that takes a batch through a step will need, at its first attempt."""
    size = sum(plan.master_bytes(scan) for scan in plan.members(recipe, batch))
    megapixels = size / BYTES_PER_PIXEL / 1e6
    return Need(60.0 + 4.0 * megapixels, 2048, megapixels)
