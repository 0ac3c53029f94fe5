"""Damage that others drew, on photographs on which nothing was trained or tuned.

The overlays are those of FilmDamageSimulator (Ivanova et al., Eurographics 2023, MIT), a folder for
each kind, in the folder that the environment variable RESTORATION_OVERLAYS names. Of each kind,
sorted by name, every fifth (index % 5 == 4) is only shown here, never trained or tuned on.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt

from damage.light import Picture

VARIABLE = "RESTORATION_OVERLAYS"

SHOWN = 4
"""Index modulo 5 of the overlays that are shown here."""

GROUPS: dict[str, dict[str, tuple[int, int, float, float]]] = {
    "specks": {"dirt": (1, 3, 0.4, 1.2), "spots": (4, 8, 0.5, 1.2), "sprinkles": (1, 2, 0.3, 0.8)},
    "hairs": {"hair": (2, 5, 0.4, 1.2), "hair-short": (3, 7, 0.4, 1.2), "lint": (1, 4, 0.25, 0.8)},
    "scratches": {"scratches": (1, 3, 0.5, 1.2)},
    "stains": {"dots": (1, 3, 0.2, 0.5), "smut": (1, 3, 0.25, 0.7), "stain": (1, 2, 0.25, 0.6)},
}
"""Group -> kind -> fewest and most overlays of it on a picture of 500 pixels, least and largest
scale."""

Plane = npt.NDArray[np.float32]


def overlay_folder() -> Path | None:
    """None where the variable is not set."""
    named = os.environ.get(VARIABLE)
    return None if named is None else Path(named)


@cache
def shown_overlays(kind: str) -> tuple[Path, ...]:
    """The files of one kind that nothing was trained or tuned on."""
    folder = overlay_folder()
    if folder is None:
        return ()
    found = sorted((folder / kind).glob("*.png"))
    if not found:
        raise SystemExit(f"quality: {VARIABLE} names {folder}, which has no {kind}/*.png")
    return tuple(found[SHOWN::5])


def opacity(path: Path) -> Plane:
    """How much an overlay hides, float32 (h, w) in [0, 1]: alpha, or what is lightest where alpha
    says nothing."""
    pixels = np.asarray(imagecodecs.imread(path))
    alpha = pixels[..., 3]
    seen = pixels[..., :3].max(axis=2) if alpha.min() == 255 else alpha
    return seen.astype(np.float32) / np.float32(255)


OPAQUE = 0.5
"""Least opacity, as a share of the largest, of what is laid on where all is to be opaque."""


def overlaid(
    picture: Picture, group: str, light: bool, rng: np.random.Generator, opaque: bool = False
) -> Picture:
    """The picture under some overlays of a group, all lighter or all darker than pictures are.

    opaque: what is about opaque of the overlays hides all, and nothing else is laid on: a hard
    edge, nothing of the picture shows through anywhere.
    """
    height, width = picture.shape[:2]
    hidden = np.zeros((height, width), np.float32)
    scale = min(height, width) / 500
    for kind, (fewest, most, small, large) in GROUPS[group].items():
        files = shown_overlays(kind)
        for _ in range(int(rng.integers(fewest, most + 1))):
            cover = opacity(files[int(rng.integers(len(files)))])
            cover = _turned(cover, scale * float(np.exp(rng.uniform(*np.log((small, large))))), rng)
            _lay(hidden, cover, rng)
    tone = rng.uniform(0.85, 1.0) if light else rng.uniform(0.0, 0.12)
    tint = np.clip(tone + rng.uniform(-0.03, 0.03, picture.shape[2]), 0, 1).astype(np.float32)
    hidden = cv2.GaussianBlur(hidden, (0, 0), 0.45) * np.float32(rng.uniform(0.75, 1.0))
    if opaque:
        hidden = (hidden >= OPAQUE * hidden.max()).astype(np.float32)
    return np.asarray(picture + hidden[:, :, None] * (tint - picture), np.float32)


def _turned(cover: Plane, scale: float, rng: np.random.Generator) -> Plane:
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(cover, None, fx=scale, fy=scale, interpolation=kernel)
    turned = np.rot90(small, int(rng.integers(4)))
    return np.clip(turned[:, ::-1] if rng.random() < 0.5 else turned, 0, 1)


def _lay(hidden: Plane, cover: Plane, rng: np.random.Generator) -> None:
    """At a random place, its middle on the picture; in place."""
    height, width = hidden.shape
    tall, wide = cover.shape
    top = int(rng.uniform(0, height) - tall / 2)
    left = int(rng.uniform(0, width) - wide / 2)
    y0, x0, y1, x1 = max(0, top), max(0, left), min(height, top + tall), min(width, left + wide)
    if y0 < y1 and x0 < x1:
        part = hidden[y0:y1, x0:x1]
        np.maximum(part, cover[y0 - top : y1 - top, x0 - left : x1 - left], out=part)
