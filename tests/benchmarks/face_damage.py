"""Damage to a face whose truth is known, seeded; sizes are stated in widths of the face.

Pages are float32 (h, w, 3) in [0, 1], sRGB-encoded. Blur, dots and fading act on light, noise and
JPEG on encoded values, as in ``demo.simulate``, which does what it can of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from face_pictures import FaceTruth
from quality_rivals import low_pass_under_screen

from damage.light import Picture, to_encoded, to_light
from restoration.demo import printing, simulate

WIDTHS = (48, 64, 96, 128, 192, 256)
"""Of the face, in pixels of the scan."""

BLURS = (0.01, 0.02, 0.04)
"""Standard deviation of a Gaussian, in widths of the face; 0.02 of a face of 256 px are 5 px."""

NOISE_255 = 12.0
QUALITY = 25
PERIOD_PX = 4.0
"""Of the halftone's dots on the scan: 150 lines per inch at 600 ppi."""
ANGLE_DEG = 45.0

FADED_SLOPE = (0.80, 0.65, 0.45)
FADED_STAIN = (0.02, 0.05, 0.12)
"""What is left of each dye's density (cyan, magenta, yellow), and the stain that came."""


@dataclass(frozen=True)
class Damaged:
    """A page and what it was before."""

    kind: str
    page: Picture
    truth: Picture
    """Of the same size; grey where the page was printed in one ink."""


def damaged(face: FaceTruth, kind: str) -> Damaged:
    """The face's page after one of KINDS; the same bytes each time."""
    seed = zlib.crc32(f"{face.name} {kind} {face.pixels.shape}".encode())
    page, truth = KINDS[kind](face, seed)
    return Damaged(kind, np.clip(page, 0, 1).astype(np.float32), truth.astype(np.float32))


def _blurred(share: float) -> Callable[[FaceTruth, int], tuple[Picture, Picture]]:
    def apply(face: FaceTruth, seed: int) -> tuple[Picture, Picture]:
        page = simulate.blurred(face.pixels.astype(np.float64), share * face.width)
        return page.astype(np.float32), face.pixels

    return apply


def _noisy(face: FaceTruth, seed: int) -> tuple[Picture, Picture]:
    noise = simulate.SensorNoise(seed).normal(face.pixels.shape)
    return (face.pixels + noise * (NOISE_255 / 255.0)).astype(np.float32), face.pixels


def _jpeg(face: FaceTruth, seed: int) -> tuple[Picture, Picture]:
    return simulate.jpeg(face.pixels.astype(np.float64), QUALITY).astype(np.float32), face.pixels


def _halftone(face: FaceTruth, seed: int) -> tuple[Picture, Picture]:
    """Printed in black dots, then descreened: a low-pass that ends just under the true ruling.

    Paper and ink are set back to white and black, so that only the dots are the damage.
    """
    luma = face.pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    dots = printing.screened(printing.printable(luma[..., None]), 1.0, ANGLE_DEG, PERIOD_PX)
    grey = np.repeat(dots.astype(np.float32), 3, axis=2)
    light = to_light(low_pass_under_screen(grey, PERIOD_PX))
    ink, paper = printing.INK_LIGHT, printing.PAPER_LIGHT
    tones = np.clip((light - np.float32(ink)) / np.float32(paper - ink), 0, 1)
    return to_encoded(tones), np.repeat(luma[..., None], 3, axis=2).astype(np.float32)


def _faded(face: FaceTruth, seed: int) -> tuple[Picture, Picture]:
    density = -np.log10(np.maximum(to_light(face.pixels), 10**-2.4))
    aged = density * np.array(FADED_SLOPE) + np.array(FADED_STAIN)
    return to_encoded((10**-aged).astype(np.float32)), face.pixels


KINDS: dict[str, Callable[[FaceTruth, int], tuple[Picture, Picture]]] = {
    **{f"blur {share:.0%}": _blurred(share) for share in BLURS},
    "noise": _noisy,
    "jpeg": _jpeg,
    "halftone": _halftone,
    "fading": _faded,
}
