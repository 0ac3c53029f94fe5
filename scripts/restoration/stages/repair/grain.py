"""Grain for the fill: the noise of the picture around, in strength and spectrum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage

PATCH = 32
"""Side of the flat patches, in pixels, from which the grain is learned."""

PATCHES = 64
"""Flattest patches of the page that are kept."""

REACH = 7
"""Side of the filter, in pixels, that gives white noise the grain's correlation."""

PEAKED, SCATTER = 1.5, 10.0
"""Power of one frequency, as a multiple of the mean at its distance from 0, above which the patches
hold a weave or a screen, no grain: PEAKED of many patches; of few, whose spectrum scatters, SCATTER
divided by the root of their number more."""

LEAST = 0.3 / 255.0
"""Weaker noise than an 8-bit file's rounding is none."""

MOST = 10.0 / 255.0
"""Stronger noise is none either: a page whose flattest patches are that uneven has no flat patch.
Photographs full of detail up to their flattest patches measured 13 / 255, the dots of a mezzotint
36 / 255."""


@dataclass(frozen=True)
class FillGrain:
    """Noise to be added to a fill."""

    channels: npt.NDArray[np.float64]
    """Square root of the covariance between the channels, float64 (c, c), of values in [0, 1]."""
    kernel: npt.NDArray[np.float32]
    """float32 (REACH, REACH), of unit energy."""

    @property
    def sigma(self) -> float:
        """Standard deviation, root mean square over the channels, in [0, 1]."""
        return float(np.sqrt((self.channels**2).sum() / len(self.channels)))

    @property
    def correlation(self) -> float:
        """Between neighbouring pixels."""
        moved = (self.kernel[:, 1:] * self.kernel[:, :-1]).sum()
        return float(moved / (self.kernel**2).sum())

    def draw(self, height: int, width: int, seed: tuple[str, int, int]) -> FloatImage:
        """float32 (height, width, c), mean 0; the same for the same seed on every machine.

        seed: the page's key, and row and column of the tile.
        """
        text = f"{seed[0]}/{seed[1]}/{seed[2]}".encode()
        number = int.from_bytes(hashlib.sha256(text).digest()[:16], "little")
        generator = np.random.Generator(np.random.Philox(number))
        count, edge = len(self.channels), REACH // 2
        size = (height + 2 * edge, width + 2 * edge)
        white = [generator.standard_normal(size, np.float32) for _ in range(count)]
        shaped = np.stack(
            [cv2.filter2D(plane, -1, self.kernel)[edge:-edge, edge:-edge] for plane in white],
            axis=2,
        )
        return np.asarray(shaped @ self.channels.T.astype(np.float32), np.float32)


class GrainStudy:
    """Learns the grain from the flattest patches of a page."""

    def __init__(self, channels: int) -> None:
        self._count = channels
        self._kept: list[tuple[float, npt.NDArray[np.float32]]] = []

    def see(self, pixels: FloatImage, mask: npt.NDArray[np.bool_] | None = None) -> None:
        """Offer a window; patches that touch ``mask`` or the ends of the range are no grain."""
        rows, columns = pixels.shape[0] // PATCH, pixels.shape[1] // PATCH
        if rows == 0 or columns == 0:
            return
        area = pixels[: rows * PATCH, : columns * PATCH]
        plane = area.mean(axis=2)
        blocks = plane.reshape(rows, PATCH, columns, PATCH)
        low, high = blocks.min(axis=(1, 3)), blocks.max(axis=(1, 3))
        # The spread of coarse means tells picture from grain; clipped patches tell nothing.
        halves = blocks.reshape(rows, 4, PATCH // 4, columns, 4, PATCH // 4).mean(axis=(2, 5))
        uneven = halves.std(axis=(1, 3)) + 0.05 * blocks.std(axis=(1, 3))
        usable = (low > 2.0 / 255.0) & (high < 253.0 / 255.0)
        if mask is not None:
            hit = mask[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH)
            usable &= ~hit.any(axis=(1, 3))
        for place in np.argsort(np.where(usable, uneven, np.inf), axis=None)[: PATCHES // 4]:
            row, column = divmod(int(place), columns)
            if usable[row, column]:
                self._keep(float(uneven[row, column]), area, row * PATCH, column * PATCH)
        self._kept.sort(key=lambda item: item[0])
        del self._kept[PATCHES:]

    def _keep(self, uneven: float, area: FloatImage, top: int, left: int) -> None:
        patch = area[top : top + PATCH, left : left + PATCH]
        self._kept.append((uneven, np.array(patch, np.float32)))

    def grain(self) -> FillGrain | None:
        """What was learned; None where the page has no flat patch or no noise to speak of, or where
        even its flattest patches have a texture."""
        if not self._kept:
            return None
        residuals = [_residual(patch) for _, patch in self._kept]
        # The quieter half: the others may hold faint picture.
        power = [float((residual**2).mean()) for residual in residuals]
        chosen = [residuals[index] for index in np.argsort(power)[: max(1, len(power) // 2)]]
        flat = np.concatenate([residual.reshape(-1, self._count) for residual in chosen])
        covariance = np.atleast_2d(flat.T.astype(np.float64) @ flat / len(flat))
        spectrum = _spectrum(chosen)
        if _peak(spectrum) > PEAKED + SCATTER / np.sqrt(len(chosen)):
            return None
        grain = FillGrain(_root(covariance), _kernel(spectrum))
        return grain if LEAST <= grain.sigma <= MOST else None


def _residual(patch: FloatImage) -> npt.NDArray[np.float32]:
    """The patch without its quadratic surface."""
    place = (np.arange(PATCH) - (PATCH - 1) / 2.0) / PATCH
    y, x = (grid.ravel() for grid in np.meshgrid(place, place, indexing="ij"))
    surface = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)
    flat = patch.reshape(PATCH * PATCH, -1).astype(np.float64)
    fitted, *_ = np.linalg.lstsq(surface, flat, rcond=None)
    left = (flat - surface @ fitted).reshape(patch.shape)
    return np.asarray(left, np.float32)


def _root(covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Symmetric square root of a covariance matrix."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _spectrum(residuals: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    """Mean power of the patches, float64 (PATCH, PATCH), frequency 0 first."""
    spectrum = np.zeros((PATCH, PATCH))
    for residual in residuals:
        for channel in range(residual.shape[2]):
            spectrum += np.abs(np.fft.fft2(residual[:, :, channel].astype(np.float64))) ** 2
    # What the quadratic surface took away at the lowest frequency is put back by its neighbours.
    spectrum[0, 0] = (spectrum[0, 1] + spectrum[1, 0]) / 2.0
    return spectrum / len(residuals)


def _peak(spectrum: npt.NDArray[np.float64]) -> float:
    """Highest power as a multiple of the mean at the same distance from frequency 0.

    Grain has no direction. The lowest frequencies, where the picture itself is, are left out, and
    those straight along rows or columns, where JPEG blocks and the scanner's lines are.
    """
    cycles = np.fft.fftfreq(PATCH) * PATCH
    distance = np.rint(np.hypot(cycles[:, None], cycles[None])).astype(np.intp)
    usual = np.bincount(distance.ravel(), spectrum.ravel()) / np.bincount(distance.ravel())
    inside = (distance > 3) & (distance <= PATCH // 2)
    inside[0] = inside[:, 0] = False
    return float((spectrum / np.maximum(usual[distance], 1e-30))[inside].max())


def _kernel(spectrum: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Filter that gives white noise this spectrum (zero phase)."""
    response = np.fft.fftshift(np.real(np.fft.ifft2(np.sqrt(spectrum))))
    middle, half = PATCH // 2, REACH // 2
    kernel = response[middle - half : middle + half + 1, middle - half : middle + half + 1]
    return np.asarray(kernel / np.sqrt((kernel**2).sum()), np.float32)
