"""A damaged page through the condition report and the repair stage, and how much of it was found.

Pictures are float32 (h, w, 1 or 3) in [0, 1], sRGB-encoded; masks are bool (h, w).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from quality_measures import psnr
from quality_rivals import INPAINTERS, inpainted
from quality_scans import apply_stage, as_scan, condition_report, pixels_of

from damage.light import Picture
from restoration.config.stages.repair import RepairSettings
from restoration.findings.damage import KINDS
from restoration.stages.base import Declined, Restored

PLAIN = 0.1
"""Change of luminance from which damage is plain to see."""

TOUCHED = 0.02
"""Change from which a pixel is damaged at all."""

NEAR = 3
"""Pixels from any damage within which what was found is no object of the picture."""

LEAST = 4
"""Pixels of a mark that counts as one."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Repaired:
    """What became of a page."""

    seen: Picture
    """As the stage read it."""
    result: Picture
    found: Mask
    """What was filled."""
    decision: Restored | Declined
    seconds: float
    """Of the processor, in the stage."""

    @property
    def changed(self) -> Mask:
        """Where the result differs from what was read."""
        return np.asarray((self.result != self.seen).any(axis=2))


def repaired(
    picture: Picture,
    *,
    kinds: tuple[str, ...] = KINDS,
    most_share: float = 0.5,
    given: Mask | None = None,
    bits: int = 16,
    ppi: float = 300.0,
    **settings: Any,
) -> Repaired:
    """The picture as a page of a master, examined and repaired.

    most_share: high, since the question is what is found, not whether a person is asked. given: a
    person's mask. The other settings are the stage's own.
    """
    scan = as_scan(picture, ppi, bits)
    report = condition_report(scan)
    chosen = RepairSettings(kinds=kinds, most_share=most_share, **settings)
    damage = None if given is None else given.astype(np.float32)[:, :, None]
    started = time.process_time()
    result, decision = apply_stage("repair", chosen, scan, report, damage=damage)
    seconds = time.process_time() - started
    return Repaired(
        pixels_of(scan), result, mask_of(decision, picture.shape[:2]), decision, seconds
    )


def mask_of(decision: Restored | Declined, size: tuple[int, ...]) -> Mask:
    """What a stage says that it filled."""
    if not isinstance(decision, Restored) or decision.mask is None:
        return np.zeros(size, np.bool_)
    return np.concatenate(list(decision.mask()))[:, :, 0] > 0


def luminance(pixels: Picture) -> npt.NDArray[np.float32]:
    """Rec. 709, of encoded values."""
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    return np.asarray(pixels @ np.array([0.2126, 0.7152, 0.0722], np.float32))


@dataclass(frozen=True)
class Truth:
    """Where damage lies."""

    plain: Mask
    """Plain to see."""
    touched: Mask
    """At all."""

    @classmethod
    def of(cls, damaged: Picture, clean: Picture) -> Truth:
        plain = np.abs(luminance(damaged) - luminance(clean)) >= PLAIN
        return cls(plain, np.abs(damaged - clean).max(axis=2) >= TOUCHED)


def counts(found: Mask, truth: Truth) -> dict[str, int]:
    """Pixels and marks, to be summed over pages: shares of sums, not means of shares.

    A found pixel is right where something is damaged there or one pixel beside; a mark is found
    where half of its plain pixels are. What was found farther than NEAR from any damage was
    picture.
    """
    right = found & _wider(truth.touched, 1)
    eaten = _pieces(found, ~_wider(truth.touched, NEAR))
    marks, hit = _marks(truth.plain, found)
    return {
        "plain_px": int(truth.plain.sum()),
        "plain_found_px": int((truth.plain & found).sum()),
        "found_px": int(found.sum()),
        "right_px": int(right.sum()),
        "marks": marks,
        "marks_found": hit,
        "eaten": len(eaten),
        "eaten_px": sum(eaten),
    }


def _marks(plain: Mask, found: Mask) -> tuple[int, int]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(plain.astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA]
    own = np.bincount(labels[found], minlength=count)
    large = np.arange(count) > 0
    large &= area >= LEAST
    return int(large.sum()), int((large & (2 * own >= area)).sum())


def _pieces(found: Mask, outside: Mask) -> list[int]:
    """Areas of the connected pieces of what was found that lie wholly outside."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
    inside = np.bincount(labels[~outside], minlength=count)
    return [int(stats[n, cv2.CC_STAT_AREA]) for n in range(1, count) if inside[n] == 0]


def pieces_of(found: Mask) -> list[tuple[tuple[int, int, int, int], int]]:
    """Box (left, top, width, height) and area of each connected piece, the largest first."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
    own = [tuple(int(value) for value in stats[number]) for number in range(1, count)]
    return sorted(((each[:4], each[4]) for each in own), key=lambda each: -each[1])


def _wider(mask: Mask, reach: int) -> Mask:
    square = np.ones((2 * reach + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), square) > 0)


def nearness(page: Repaired, clean: Picture, truth: Truth) -> dict[str, float | None]:
    """PSNR in dB where something was damaged or filled: untouched, ours, and rivals that are given
    our mask."""
    where = truth.touched | page.found
    said = {
        "untouched_db": psnr(page.seen, clean, where),
        "ours_db": psnr(page.result, clean, where),
    }
    for name, method in INPAINTERS.items():
        rival = inpainted(page.seen, page.found, method) if page.found.any() else page.seen
        said[f"{name}, our mask"] = psnr(rival, clean, where)
    return said
