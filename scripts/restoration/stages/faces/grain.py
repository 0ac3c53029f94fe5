"""The grain around a face, put back where the network took it away.

A two-dimensional auto-regressive model over a non-symmetric half plane (Jain, Advances in
Mathematical Models for Image Processing, Proceedings of the IEEE 69(5), 1981), fitted to the
flattest patches around the face in its aligned frame: so it also holds for faces that were enlarged
to the frame, whose grain is as much coarser.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from restoration.faces.frame import SIDE
from restoration.raster.base import Plane

PATCH, STRIDE = 32, 12
"""Side of the patches from which the grain is learned, and their distance, in pixels."""

FEWEST = 8
"""Patches below which nothing is learned."""

LEAST = 0.3 / 255.0
"""Weaker noise than an 8-bit file's rounding is none."""

REACH = 2
"""Rows above and columns aside that a value follows from."""

_SAME_ROW = [(0, -1), (0, -2)]
_ABOVE = [(-row, column) for row in (1, 2) for column in range(-REACH, REACH + 1)]
_NEIGHBOURS = (*_SAME_ROW, *_ABOVE)


@dataclass(frozen=True)
class FaceGrain:
    """An auto-regressive model of noise, of values in [0, 1]."""

    factors: npt.NDArray[np.float64]
    """Of the neighbours, in the order of the module."""
    sigma: float
    """Standard deviation of the noise itself."""

    def draw(self, seed: str) -> Plane:
        """float32 (SIDE, SIDE), mean 0, standard deviation ``sigma``; the same for the same seed.

        seed: any text, such as the page's key and the face's number.
        """
        number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], "little")
        generator = np.random.Generator(np.random.Philox(number))
        # What begins with nothing before it is not yet noise of this kind: it is cut off.
        edge = 32
        height, width = SIDE + edge, SIDE + 2 * edge
        made = np.zeros((height + REACH, width + 2 * REACH))
        white = generator.standard_normal((height, width))
        behind = np.array([1.0, *(-self.factors[: len(_SAME_ROW)])])
        for row in range(height):
            driven = white[row].copy()
            for factor, (up, aside) in zip(self.factors[len(_SAME_ROW) :], _ABOVE, strict=True):
                first = REACH + aside
                driven += factor * made[row + REACH + up, first : first + width]
            made[row + REACH, REACH : REACH + width] = lfilter([1.0], behind, driven)
        field = made[REACH + edge :, REACH + edge : REACH + edge + SIDE]
        field = field - field.mean()
        return np.asarray(field * (self.sigma / max(float(field.std()), 1e-12)), np.float32)


def study(luminance: Plane, around: npt.NDArray[np.bool_]) -> FaceGrain | None:
    """The grain of the pixels that ``around`` marks; None where there is none to speak of.

    luminance: float32 (SIDE, SIDE), encoded, in [0, 1]. around: what is photograph and not face.
    """
    residuals = _flattest(luminance, around)
    if len(residuals) < FEWEST:
        return None
    sigma = float(np.sqrt(np.mean([np.mean(patch**2) for patch in residuals])))
    if sigma < LEAST:
        return None
    return FaceGrain(_stable(_fitted(residuals)), sigma)


def noise_of(luminance: Plane, inside: npt.NDArray[np.bool_]) -> float:
    """Standard deviation of what is left of the flattest patches inside a mask, in [0, 1]."""
    residuals = _flattest(luminance, inside)
    if not residuals:
        return 0.0
    return float(np.sqrt(np.mean([np.mean(patch**2) for patch in residuals])))


def _flattest(luminance: Plane, allowed: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.float64]]:
    """Residuals of the quietest quarter of the allowed patches: the others may hold picture."""
    found = []
    for top in range(0, SIDE - PATCH + 1, STRIDE):
        for left in range(0, SIDE - PATCH + 1, STRIDE):
            window = np.s_[top : top + PATCH, left : left + PATCH]
            if not allowed[window].all():
                continue
            patch = luminance[window].astype(np.float64)
            if patch.min() > 2.0 / 255.0 and patch.max() < 253.0 / 255.0:
                residual = _residual(patch)
                found.append((float((residual**2).mean()), residual))
    found.sort(key=lambda item: item[0])
    return [residual for _, residual in found[: max(FEWEST, len(found) // 4)]]


def _surface() -> npt.NDArray[np.float64]:
    place = (np.arange(PATCH) - (PATCH - 1) / 2.0) / PATCH
    y, x = (grid.ravel() for grid in np.meshgrid(place, place, indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)


_BASE = np.linalg.qr(_surface())[0]


def _residual(patch: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The patch without its quadratic surface."""
    flat = patch.ravel()
    return np.asarray((flat - _BASE @ (_BASE.T @ flat)).reshape(PATCH, PATCH))


def _fitted(residuals: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Least squares over all patches, whose sums are added up one patch after the other: those of
    one large product would depend on the number of threads."""
    core = np.s_[REACH:, REACH:-REACH]
    count = len(_NEIGHBOURS)
    products, aims = np.zeros((count, count)), np.zeros(count)
    for patch in residuals:
        moved = np.stack(
            [np.roll(patch, (-up, -aside), (0, 1))[core].ravel() for up, aside in _NEIGHBOURS]
        )
        products += np.einsum("ik,jk->ij", moved, moved)
        aims += np.einsum("ik,k->i", moved, patch[core].ravel())
    ridge = 1e-9 * np.trace(products) * np.eye(count)
    return np.asarray(np.linalg.solve(products + ridge, aims))


def _stable(factors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shrunk until no frequency grows from row to row; least squares alone does not see to it."""
    frequencies = np.exp(-2.0j * np.pi * np.arange(128) / 128.0)
    for _ in range(60):
        own = 1.0 - sum(
            f * frequencies ** (-aside)
            for f, (_, aside) in zip(factors[:2], _SAME_ROW, strict=True)
        )
        rows = [
            sum(
                f * frequencies ** (-aside)
                for f, (up, aside) in zip(factors[2:], _ABOVE, strict=True)
                if up == -row
            )
            for row in (1, 2)
        ]
        # z^2 - a z - b = 0 has its roots inside the unit circle at every frequency.
        first, second = rows[0] / own, rows[1] / own
        spread = np.sqrt(first**2 + 4.0 * second)
        worst = max(np.abs(first + spread).max(), np.abs(first - spread).max()) / 2.0
        behind = np.abs(np.roots([1.0, *(-factors[:2])])).max()
        if max(float(worst), float(behind)) < 0.985:
            break
        factors = factors * 0.97
    return factors
