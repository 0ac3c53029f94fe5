"""How a picture is printed as a halftone: dots of one ink whose size gives the tone."""

from __future__ import annotations

import numpy as np

from restoration.demo.simulate import to_encoded, to_light
from restoration.raster.base import Floats

PAPER_LIGHT = 0.80
"""Light that the paper of a newspaper or magazine sends back."""

INK_LIGHT = 0.03
"""Light that black printing ink sends back."""

FINER = 4
"""Dots are drawn on a grid this much finer than the scan's, then averaged as light."""


def printable(encoded: Floats) -> Floats:
    """The tones as paper and ink can show them: what an ideal print would look like."""
    light = to_light(encoded)
    return to_encoded(INK_LIGHT + (PAPER_LIGHT - INK_LIGHT) * light)


def screened(encoded: Floats, lines_per_inch: float, angle: float, ppi: float) -> Floats:
    """A grey picture as a halftone of round dots.

    encoded: float64 (height, width, 1), printable tones, sRGB-encoded; angle: of the screen in
    degrees, counter-clockwise from the rows. Every dot covers the share of its cell that its tone
    asks for, so that the mean of light is the picture's.
    """
    light = to_light(encoded)[..., 0]
    cover = np.clip((PAPER_LIGHT - light) / (PAPER_LIGHT - INK_LIGHT), 0.0, 1.0)
    height, width = cover.shape
    rank = _ranks()
    cells_per_pixel = lines_per_inch / ppi / FINER
    turn = np.deg2rad(angle)
    ink = np.zeros((height, width))
    rows, columns = (np.arange(side * FINER) + 0.5 for side in (height, width))
    # Row by row of the scan, so that the fine grid never lies in memory as a whole.
    for row in range(height):
        y = rows[row * FINER : (row + 1) * FINER, None]
        u = (columns * np.cos(turn) - y * np.sin(turn)) * cells_per_pixel
        v = (columns * np.sin(turn) + y * np.cos(turn)) * cells_per_pixel
        spot = 0.5 + 0.25 * (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v))
        threshold = rank[np.minimum((spot * len(rank)).astype(np.intp), len(rank) - 1)]
        covered = threshold >= 1.0 - np.repeat(cover[row], FINER)
        ink[row] = covered.reshape(FINER, width, FINER).mean(axis=(0, 2))
    return to_encoded((PAPER_LIGHT + (INK_LIGHT - PAPER_LIGHT) * ink)[..., None])


def _ranks() -> Floats:
    """Share of a cell on which the spot function lies below each of 1024 levels."""
    places = (np.arange(512) + 0.5) / 512
    wave = np.cos(2 * np.pi * places)
    spot = 0.5 + 0.25 * (wave[:, None] + wave[None, :])
    counts = np.bincount(np.minimum((spot.ravel() * 1024).astype(np.intp), 1023), minlength=1024)
    return np.asarray((np.cumsum(counts) - 0.5 * counts) / counts.sum())
