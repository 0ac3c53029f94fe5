"""Hard negatives: picture content that looks like damage, drawn into clean pictures.

The detector must leave buttons, stars, masts, whiskers and lettering alone. Photographs at hand
show too few of them, so they are drawn, as sharp and as grainy as the picture that holds them: what
was photographed went through a lens and lies in the emulsion, what fell onto the print did not.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.damage.content import lines, outlines, patterns, small_things, textures
from training.damage.content.canvas import Drawer, Plane

DRAWERS: dict[str, tuple[Drawer, float]] = {
    "buttons": (small_things.buttons, 3.0),
    "eyes": (small_things.eyes, 1.5),
    "lamps": (small_things.lamps, 1.2),
    "stars": (small_things.stars, 2.2),
    "snow": (small_things.snow, 1.6),
    "confetti": (small_things.confetti, 1.0),
    "glints": (small_things.glints, 1.2),
    "perforations": (small_things.perforations, 0.4),
    "buckles": (small_things.buckles, 1.5),
    "poles": (lines.poles, 4.5),
    "wires": (lines.wires, 2.0),
    "fences": (lines.fences, 1.6),
    "strands": (lines.strands, 1.8),
    "branches": (lines.branches, 1.2),
    "veins": (lines.veins, 1.0),
    "bricks": (lines.bricks, 1.0),
    "panels": (lines.panels, 2.2),
    "folds": (lines.folds, 2.2),
    "rims": (lines.rims, 2.2),
    "lettering": (patterns.lettering, 2.4),
    "music": (patterns.music, 1.2),
    "engraving": (patterns.engraving, 0.8),
    "fabric": (patterns.fabric, 1.2),
    "polka": (patterns.polka, 0.8),
    "halftone": (patterns.halftone, 0.8),
    "foliage": (patterns.foliage, 0.8),
    "trimmings": (patterns.trimmings, 1.2),
    "textures": (textures.textures, 7.0),
    "spectacles": (outlines.spectacles, 2.0),
    "hoops": (outlines.hoops, 2.0),
    "brows": (outlines.brows, 1.8),
    "borders": (outlines.borders, 2.5),
}
"""What there is to draw, and how often it is chosen, in relation to the others."""

_NAMES = tuple(DRAWERS)
_SHARES = np.array([share for _, share in DRAWERS.values()])
_SHARES /= _SHARES.sum()


def draw_negatives(plane: Plane, rng: np.random.Generator) -> Plane:
    """The picture with nothing, or one to three kinds of content that looks like damage.

    plane: float32 (h, w) in [0, 1], a clean picture's luminance, sRGB-encoded. It is not changed.
    """
    count = int(rng.choice(4, p=(0.1, 0.42, 0.3, 0.18)))
    if count == 0:
        return plane.copy()
    names = rng.choice(len(_NAMES), count, replace=False, p=_SHARES)
    return drawn(plane, rng, tuple(_NAMES[number] for number in names))


def drawn(plane: Plane, rng: np.random.Generator, names: tuple[str, ...]) -> Plane:
    """The picture with these kinds of content (keys of ``DRAWERS``), as if photographed so."""
    own = plane.copy()
    for name in names:
        # A print may lie in the scanner any way round, and what is upright on it, too.
        turns = int(rng.integers(4))
        turned = np.ascontiguousarray(np.rot90(own, turns))
        DRAWERS[name][0](turned, rng)
        own = np.ascontiguousarray(np.rot90(turned, -turns))
    np.clip(own, 0, 1, out=own)
    return _photographed(plane, own, rng)


def _photographed(plane: Plane, own: Plane, rng: np.random.Generator) -> Plane:
    """What was drawn, with the picture's blur and grain."""
    sigma = float(rng.uniform(0.4, 1.5))
    noise = _noise_of(plane)
    soft = cv2.GaussianBlur(own, (0, 0), sigma)
    if rng.random() < 0.6:
        out = soft
        fresh: Plane | np.float32 = np.float32(1)
    else:
        # The picture is sharp already: only what was drawn, and its surroundings, go soft.
        changed = (np.abs(own - plane) > 0.004).astype(np.float32)
        near = cv2.GaussianBlur(cv2.dilate(changed, np.ones((5, 5), np.uint8)), (0, 0), 1.0)
        out = plane + near * (soft - plane)
        fresh = near
    out = out + fresh * (noise * _grain(plane.shape, rng))
    if rng.random() < 0.5:
        out = out + np.float32(rng.uniform(0.5, 9) / 255) * _grain(plane.shape, rng)
    return np.asarray(np.clip(out, 0, 1), np.float32)


def _noise_of(plane: Plane) -> np.float32:
    """Standard deviation of the picture's noise: the quiet quarter's (Immerkær 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    found = np.abs(cv2.filter2D(plane, -1, kernel)[::2, ::2])
    return np.float32(np.quantile(found, 0.25) / (0.3186 * 6))


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Noise of unit deviation, its grains up to two pixels wide."""
    noise = rng.standard_normal(shape, np.float32)
    wide = rng.uniform(0.0, 0.9)
    if wide < 0.35:
        return noise
    soft = cv2.GaussianBlur(noise, (0, 0), float(wide))
    return np.asarray(soft / np.float32(max(float(soft.std()), 1e-3)))
