"""JPEG's quantiser: the lattice that it leaves in the coefficients of the blocks' transform."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.jpeg.block_grid import BLOCK
from restoration.raster.base import Floats, Plane

LOW = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (2, 2))
"""Coefficients (vertical, horizontal frequency) that decide whether and where there is a grid: the
ones that pictures fill and every quantiser keeps."""

STEPS = np.arange(1, 65)
"""Quantiser steps that are tried."""

BIN = 0.25
"""Width of the histogram's bins: 8-bit rounding alone blurs a lattice by 0.3."""

BINS = 1024
"""Coefficients from -128 to 128; larger ones are few."""

STANDARD = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
"""Luminance quantiser of ITU-T T.81, table K.1, which the IJG's quality scales."""

CLEAR = 6.0
"""Score, in standard errors, from which the step of one coefficient counts as known."""


ALIKE = 2.5
"""Factor within which three in four of a table's lowest steps lie around their median."""

MISFIT = 0.12
"""Mean error of the steps, as a logarithm, up to which a table still is theirs after resampling."""


@dataclass(frozen=True)
class Quantiser:
    """The quantiser that was found."""

    offset: tuple[int, int]
    """Row and column of the first block border, 0 to 7."""
    contrast: float
    """How far the best of the 64 offsets stands out of the others, in their robust deviations."""
    runner_up: float
    """The same for the second best."""
    steps: dict[tuple[int, int], int]
    """Quantiser step by coefficient, of those in LOW that are clear."""
    quality: int | None
    """IJG quality (1 to 100) whose table has these steps; None where none has."""


def find_lattice(tiles: Sequence[tuple[int, int, Plane]]) -> Quantiser | None:
    """The quantiser behind tiles of a picture; None where there is nothing to see one on.

    tiles: (top, left, luminance in [0, 1]) with the place of the tile on the page. Each DCT
    coefficient of a decompressed JPEG is a multiple of its quantiser step, up to 8-bit rounding, on
    the true grid alone (Fan and de Queiroz, IEEE TIP 12(2), 2003).
    """
    counts = np.zeros((len(LOW), BLOCK, BLOCK, BINS))
    for top, left, plane in tiles:
        if min(plane.shape) >= 4 * BLOCK:
            _count(counts, top, left, plane)
    scores = _scores(counts)
    total = np.maximum(scores, 0.0).max(axis=3).sum(axis=0)
    spread = 1.4826 * float(np.median(np.abs(total - np.median(total))))
    if spread <= 0.0:
        return None
    relative = (total - float(np.median(total))) / spread
    row, column = (int(place) for place in np.unravel_index(int(relative.argmax()), (BLOCK, BLOCK)))
    own = scores[:, row, column, :]
    steps = {
        LOW[index]: int(STEPS[own[index].argmax()])
        for index in range(len(LOW))
        if own[index].max() >= CLEAR
    }
    return Quantiser(
        offset=(row, column),
        contrast=float(relative.max()),
        runner_up=float(np.sort(relative.ravel())[-2]),
        steps=steps,
        quality=ijg_quality(steps),
    )


def lattice_score(plane: Plane) -> float:
    """How well some quantiser explains the blocks of a plane that begins with one: the scores of
    the coefficients in LOW, in standard errors, added up. For comparing trials of one picture."""
    rows, columns = (side // BLOCK for side in plane.shape)
    blocks = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    basis = _basis()
    counts = np.zeros((len(LOW), BINS))
    for index, (vertical, horizontal) in enumerate(LOW):
        pattern = np.outer(basis[vertical], basis[horizontal]) * np.float32(255.0 / BIN)
        own = np.einsum("rycx,yx->rc", blocks, pattern)
        bins = np.floor(own).astype(np.intp).ravel() + BINS // 2
        bins = bins[(bins >= 0) & (bins < BINS)]
        counts[index] = np.bincount(bins, minlength=BINS)
    return float(np.maximum(_scores(counts), 0.0).max(axis=1).sum())


def ijg_table(quality: int) -> npt.NDArray[np.int64]:
    """The luminance quantiser of the Independent JPEG Group's library at a quality of 1 to 100."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(np.clip((STANDARD * percent + 50) // 100, 1, 255))


def ijg_quality(steps: dict[tuple[int, int], int]) -> int | None:
    """The quality whose table fits the steps; None where fewer than four are known or one in four
    is off. The middle one where several fit equally, as they do near 100."""
    if len(steps) < 4:
        return None
    misfits = [
        sum(int(ijg_table(quality)[place] != step) for place, step in steps.items())
        for quality in range(1, 101)
    ]
    least = min(misfits)
    if least > len(steps) // 4:
        return None
    fitting = [quality for quality, misfit in enumerate(misfits, start=1) if misfit == least]
    return fitting[len(fitting) // 2]


def nearest_ijg_quality(steps: dict[tuple[int, int], int]) -> int | None:
    """The quality whose table comes nearest to steps that resampling has shrunk a little, the
    finest ones most.

    None where fewer than six of the eight in LOW are known: a print, or a lens, has softened the
    picture since it was stored, and its coefficients are no multiples of any step. None, too, where
    the nearest table is off by more than MISFIT.
    """
    if len(steps) < 6:
        return None
    misfits = [
        sum(abs(math.log(step / ijg_table(quality)[place])) for place, step in steps.items())
        for quality in range(1, 101)
    ]
    least = min(misfits)
    return misfits.index(least) + 1 if least <= MISFIT * len(steps) else None


def is_plausible(steps: dict[tuple[int, int], int]) -> bool:
    """Whether some encoder would use these steps together.

    The lowest steps of the tables of the IJG, of cameras and of image editors lie within a factor
    of two or so of each other. What a regular texture leaves, bricks for instance, does not.
    """
    if not steps:
        return False
    middle = float(np.median(list(steps.values())))
    alike = [step for step in steps.values() if 1.0 / ALIKE <= step / middle <= ALIKE]
    return len(alike) >= 0.75 * len(steps)


def _count(counts: Floats, top: int, left: int, plane: Plane) -> None:
    """Add a tile's coefficients, for all 64 offsets of the grid, to the histograms."""
    basis = _basis()
    scaled = plane * np.float32(255.0 / BIN)
    for index, (vertical, horizontal) in enumerate(LOW):
        response = cv2.sepFilter2D(
            scaled, cv2.CV_32F, basis[horizontal], basis[vertical], anchor=(0, 0)
        )
        bins = np.floor(response[: 1 - BLOCK, : 1 - BLOCK]).astype(np.int32) + BINS // 2
        for row in range(BLOCK):
            for column in range(BLOCK):
                own = bins[(row - top) % BLOCK :: BLOCK, (column - left) % BLOCK :: BLOCK].ravel()
                own = own[(own >= 0) & (own < BINS)]
                counts[index, row, column] += np.bincount(own, minlength=BINS)


def _scores(counts: Floats) -> Floats:
    """Standard errors by which coefficients favour multiples of each step: (..., len(STEPS)).

    The mean cosine of the coefficients' phase in the step, over those beyond half a step: on zero
    alone any step would fit.
    """
    waves, beyond = _waves()
    members = np.einsum("...b,bs->...s", counts, beyond)
    total = np.einsum("...b,bs->...s", counts, waves)
    return np.asarray(total / np.sqrt(np.maximum(members, 1.0) / 2.0))


@lru_cache(maxsize=1)
def _basis() -> npt.NDArray[np.float32]:
    """The orthonormal DCT-II basis of 8 points, (frequency, place)."""
    places, frequencies = np.meshgrid(np.arange(BLOCK), np.arange(BLOCK))
    basis = 0.5 * np.cos((2 * places + 1) * frequencies * np.pi / (2 * BLOCK))
    basis[0] = np.sqrt(1.0 / BLOCK)
    return basis.astype(np.float32)


@lru_cache(maxsize=1)
def _waves() -> tuple[Floats, Floats]:
    """Cosine of each bin's phase in each step, and whether it counts: (BINS, len(STEPS))."""
    centre = (np.arange(BINS) + 0.5 - BINS // 2) * BIN
    beyond = (np.abs(centre)[:, None] >= STEPS / 2.0).astype(np.float64)
    return np.cos(2.0 * np.pi * centre[:, None] / STEPS) * beyond, beyond
