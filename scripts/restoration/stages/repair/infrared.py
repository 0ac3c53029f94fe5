"""Dust from the scanner's infrared channel: dye film lets infrared through, dust does not.

It is one more input beside the picture. What is opaque is damage, however it looks; what looks like
dust or a hair and lets infrared through is picture. Of scratches, cracks, stains and losses it
says nothing: emulsion that is gone lets infrared through as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import Detector, Evidence
from restoration.examine.damage.marks import Marks
from restoration.examine.damage.mask import MaskTile, SparsePlane, tiles
from restoration.examine.damage.pieces import Pieces
from restoration.examine.damage.tile import SearchTile
from restoration.findings.damage import KINDS
from restoration.raster.base import FloatImage, Mask, Plane, Progress, Raster

DARKEST = 1.0 / 4096.0
"""Values below this count as this, so that densities stay finite."""

SURROUNDINGS = 129
"""Side of the neighbourhood, in pixels, whose median is the light that falls on the film."""

REDUCTION = 4
"""That median is taken on samples this far apart: light varies slowly."""

STRAY = 0.001
"""Share of clean film that strays further below its surroundings than what is measured: dust only
takes light away, so that how far clean film strays upwards is read from how far it does down."""

NORMAL = 3.09
"""Deviations of Gaussian noise beyond which that share lies."""

LIKELY, SURE = 1.5, 3.0
"""Multiples of how far clean film strays by which infrared density stands out: all over a piece,
and somewhere in it."""

SAMPLED = 48
"""Tiles of the page, spread over it, from which a scan's own figures are measured."""

EVERY = 7
"""Every so many pixels of them, along each side."""

CERTAIN, CLEARED = 12.0, -6.0
"""Logarithmic odds of what is opaque, which nothing that the page adds moves below a threshold, and
what those of a speck or hair lose that lets infrared through."""

FRINGE, SEEN = 2, 0.5
"""Pixels around what is opaque that belong to it where they look like damage, and the probability
from which they do: its soft rim."""

SLENDER = 6.0
"""Length over mean thickness from which what is opaque is a hair."""


class DyeAbsorption:
    """How far the picture's dyes absorb infrared: a plane through its densities, fitted by sums.

    Cyan dye absorbs a little infrared, so that the picture shows faintly in the channel:
    infrared density = a + b·red + c·green + d·blue density.
    """

    def __init__(self, channels: int) -> None:
        size = channels + 1
        self._moments = np.zeros((size, size))
        self._products = np.zeros(size)
        self._coefficients: npt.NDArray[np.float64] | None = None

    def see(self, pixels: FloatImage, infrared: Plane) -> None:
        """Add a window. pixels: float32 (h, w, c); infrared: float32 (h, w); both in [0, 1]."""
        rows = _density(pixels[::EVERY, ::EVERY]).reshape(-1, pixels.shape[2])
        target = _density(infrared[::EVERY, ::EVERY]).ravel()
        # Dust itself must not pull the plane: it is the densest.
        keep = target <= np.quantile(target, 0.9)
        design = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)[keep]
        self._moments += design.T @ design
        self._products += design.T @ target[keep]
        self._coefficients = None

    @property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """Constant, then one per channel, none below 0: dye takes light away, it adds none."""
        if self._coefficients is None:
            ridge = 1e-6 * np.trace(self._moments) * np.eye(len(self._products))
            solved = np.linalg.solve(self._moments + ridge, self._products)
            solved[1:] = np.clip(solved[1:], 0.0, 1.0)
            self._coefficients = solved
        return self._coefficients

    def left(self, pixels: FloatImage, infrared: Plane) -> Plane:
        """Infrared density that the dyes do not explain, float32 (h, w)."""
        dyes = _density(pixels).astype(np.float32) @ self.coefficients[1:].astype(np.float32)
        return np.asarray(_density(infrared) - dyes, np.float32)


@dataclass(frozen=True)
class Opacity:
    """Where something lies on the film."""

    plane: SparsePlane
    """1 where the page is opaque to infrared."""
    pieces: int
    dyes: tuple[float, ...]
    """For each channel the share of its density that is seen in infrared."""
    least: float
    """Density above that of clean film from which this scan's infrared counts as opaque."""


def opacity_of(source: Raster, infrared: Raster, progress: Progress) -> Opacity:
    """What is opaque of a page, by constants measured on this scan.

    Both rasters have the same size. How opaque dust is, how clear the film and how faithful the
    channel differ from scanner to scanner: the dyes are fitted, and what counts as opaque follows
    from how far clean film strays.
    """
    dyes, every = DyeAbsorption(source.channels), list(tiles(source.height, source.width))
    sample = [every[index] for index in _spread(len(every))]
    for tile in sample:
        dyes.see(source.read(*tile.window), _plane(infrared, tile))
    strays = np.concatenate(
        [_above(dyes, source, infrared, tile)[tile.core][::EVERY, ::EVERY].ravel()
         for tile in sample]
    )  # fmt: skip
    light = np.concatenate([_plane(infrared, tile)[::EVERY, ::EVERY].ravel() for tile in sample])
    middle, stray = _clean_film(strays, float(np.median(light)))
    plane, pieces = SparsePlane(source.height, source.width), 0
    for number, tile in enumerate(every):
        progress((number + 1) / len(every), f"infrared of tile {number + 1} of {len(every)}")
        above = _above(dyes, source, infrared, tile) - np.float32(middle)
        found = np.ascontiguousarray(_opaque(above, stray)[tile.core])
        plane.put(tile, found.view(np.uint8))
        pieces += cv2.connectedComponents(found.view(np.uint8))[0] - 1
    absorbed = tuple(round(float(value), 4) for value in dyes.coefficients)
    return Opacity(plane, pieces, absorbed, round(LIKELY * stray, 4))


class BesideInfrared:
    """The detector, told what is opaque (``search.Look``)."""

    def __init__(self, detector: Detector, opacity: Opacity, level: int) -> None:
        self._detector = detector
        self._opacity = opacity
        self._level = level
        self._at: tuple[int, int, int, int] | None = None
        self._whole: Mask = np.zeros((0, 0), np.bool_)
        """What is opaque of the window ``_at``, with its rim."""
        self.cleared = 0
        """Marks that looked like dust or hairs and let infrared through."""

    def evidence(self, tile: SearchTile, plane: Plane) -> Evidence:
        """What is opaque is taken out: it is a mark of its own, whatever it touches."""
        seen = self._detector.search(plane)
        opaque = self._opaque(*tile.window)
        if not opaque.any():
            return seen
        square = np.ones((2 * FRINGE + 1, 2 * FRINGE + 1), np.uint8)
        near = cv2.dilate(opaque.view(np.uint8), square) > 0
        self._whole = opaque | (near & (seen.probability >= SEEN))
        self._at = tile.window
        return Evidence(np.where(near, np.float32(0.0), seen.probability), seen.kind)

    def judged(self, tile: SearchTile, found: Marks, top: int, left: int) -> Marks:
        """Specks and hairs that are left let infrared through."""
        loose = np.isin(found.kind, [KINDS.index("dust"), KINDS.index("hairs")])
        self.cleared += int((loose & (found.own_odds > 0.0)).sum())
        cleared = replace(found, own_odds=np.where(loose, found.own_odds + CLEARED, found.own_odds))
        if self._at != tile.window:
            return cleared
        above, before = top - tile.window_top, left - tile.window_left
        height, width = found.labels.shape
        return _beside(cleared, self._whole[above : above + height, before : before + width])

    def _opaque(self, top: int, left: int, height: int, width: int) -> Mask:
        """At the level of the search: any of a pixel's own pixels of the page."""
        step = self._level
        seen = self._opacity.plane.read(top * step, left * step, height * step, width * step)
        return np.asarray(seen.reshape(height, step, width, step).any(axis=(1, 3)))


def _beside(found: Marks, opaque: Mask) -> Marks:
    """The marks, and what is opaque: dust, or hairs where it is slender."""
    pieces = Pieces.of(np.ascontiguousarray(opaque))
    if pieces.count == 0:
        return found
    length = np.hypot(pieces.tall, pieces.wide)
    slender = length**2 >= SLENDER * pieces.area
    own = {
        "kind": np.where(slender, KINDS.index("hairs"), KINDS.index("dust")).astype(np.uint8),
        "own_odds": np.full(pieces.count, CERTAIN),
        "area": pieces.area,
        "length": length,
        "row": pieces.row,
        "column": pieces.column,
        "top": pieces.top,
        "left": pieces.left,
        "height": pieces.tall,
        "width": pieces.wide,
        # Of film, whether a slide or a negative, what lies on it takes light away.
        "light": np.zeros(pieces.count, np.bool_),
    }
    joined = {name: np.concatenate([getattr(found, name), one]) for name, one in own.items()}
    count = len(found.own_odds)
    labels = np.where(pieces.labels > 0, pieces.labels + count, found.labels)
    return Marks(labels=labels.astype(np.int32), **joined)


def _spread(count: int) -> Iterator[int]:
    """At most SAMPLED of so many, evenly spread."""
    taken = min(count, SAMPLED)
    return (number * count // taken for number in range(taken))


def _clean_film(above: Plane, light: float) -> tuple[float, float]:
    """The median of what the dyes leave, and how far clean film strays from it.

    light: usual value of the infrared picture. Never below two 8-bit codes of it: rounding. The
    rims of perforations stray further down than any film, so that the usual spread bounds it.
    """
    middle = float(np.median(above))
    usual = NORMAL * 1.4826 * float(np.median(np.abs(above - middle)))
    rounding = 2.0 / 255.0 / max(light, DARKEST) / float(np.log(10.0))
    down = middle - float(np.quantile(above, STRAY))
    return middle, max(float(np.clip(down, usual, 3.0 * usual)), rounding)


def _above(dyes: DyeAbsorption, source: Raster, infrared: Raster, tile: MaskTile) -> Plane:
    """Density of a tile's window above its surroundings, without the picture's dyes."""
    density = dyes.left(source.read(*tile.window), _plane(infrared, tile))
    return density - _light(density)


def _opaque(above: Plane, stray: float) -> Mask:
    """Where something lies on the film."""
    likely = above > LIKELY * stray
    count, labels = cv2.connectedComponents(likely.view(np.uint8), connectivity=8)
    sure = np.zeros(count, np.bool_)
    sure[np.unique(labels[above > SURE * stray])] = True
    sure[0] = False
    found = sure[labels]
    # Infrared is focused a little behind the picture: the rim of a speck is softer there.
    return np.asarray(cv2.dilate(found.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _light(density: Plane) -> Plane:
    """Median of the surroundings: the scanner's light, the film's base."""
    height, width = density.shape
    size = (-(-width // REDUCTION), -(-height // REDUCTION))
    small = cv2.resize(density, size, interpolation=cv2.INTER_AREA)
    # OpenCV's large medians take bytes alone: 0 to 2 in density, steps of 0.008, then averaged.
    low, high = float(small.min()), float(small.max())
    span = max(high - low, 1e-6)
    codes = np.rint((small - low) * (255.0 / span)).astype(np.uint8)
    median = cv2.medianBlur(codes, min(SURROUNDINGS // REDUCTION, 31) | 1).astype(np.float32)
    smooth = cv2.blur(median * np.float32(span / 255.0) + np.float32(low), (9, 9))
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR))


def _plane(raster: Raster, tile: MaskTile) -> Plane:
    return np.ascontiguousarray(raster.read(*tile.window)[:, :, 0])


def _density(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.asarray(-np.log10(np.maximum(values, DARKEST)), np.float64)
