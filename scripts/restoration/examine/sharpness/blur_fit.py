"""Fits of blur models to the mean logarithmic spectrum of a picture's tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.sharpness import blur_models as models
from restoration.raster.base import Floats32, Plane

EULER = 0.5772
"""Mean of a logarithmic periodogram below the logarithm of the density (exponential law)."""

FEWEST = 4
"""Tiles of 128 pixels without which a mean spectrum is too rough."""

ACROSS = 0.1
"""Frequency across the motion, cycles per pixel, that parts the plane: along a fence or a brick's
course the zeros of its strokes lie close to one line, those of motion reach over the plane."""

WINDOW = np.outer(np.hanning(models.SIDE + 1)[:-1], np.hanning(models.SIDE + 1)[:-1])
WINDOW = (WINDOW / np.sqrt((WINDOW**2).sum())).astype(np.float32)


@dataclass(frozen=True)
class Fit:
    """The best model of one kind at one scale."""

    kind: str
    """``motion`` or ``defocus``."""
    size: float
    """Length or radius in pixels of the scale."""
    direction: float
    """Degrees counter-clockwise from the rows; 0 for defocus."""
    gain: float
    """Share of the spectrum's structure that the model explains, 0 to 1."""
    amplitude: float
    """How deep the zeros are against what the model says, 1 where it is true."""
    support: float
    """The least amplitude on the parts of the plane that a true blur must show on."""
    agreement: float
    """Share of the tiles whose own amplitude is at least a third."""
    zero: float
    """First zero, cycles per pixel of the scale."""
    reach: float
    """Frequency up to which the picture stands out of the noise."""


class LogSpectra:
    """Mean logarithmic spectra of the tiles of one scale, on the bins of ``models.plane``."""

    def __init__(self, tiles: Sequence[Plane]) -> None:
        """tiles: encoded luminance in [0, 1], square, of 128 pixels and more a side."""
        own = [_logarithms(tile) for tile in tiles]
        self.count = sum(spectra.shape[0] for spectra in own)
        self.each = np.stack([spectra.mean(axis=0) for spectra in own]) + EULER
        weights = np.array([float(spectra.shape[0]) for spectra in own])
        self.mean = (self.each * weights[:, None]).sum(axis=0) / weights.sum()


class SpectrumFit:
    """A mean spectrum freed of its smooth trend, ready to be compared with models.

    The trend is a quadratic in log-frequency and in frequency with two and four lobes around: power
    laws of pictures in any direction (Field 1987), Gaussian-like optics and grain all fit it, zeros
    do not.
    """

    def __init__(self, spectra: LogSpectra, floor: float) -> None:
        """floor: density of rounding noise at this scale, (1/255)^2."""
        self._spectra = spectra
        plane = models.plane()
        self._frequency = np.hypot(plane.across, plane.down)
        self._terms = _terms(self._frequency, np.arctan2(-plane.down, plane.across))
        outer = self._frequency > 0.42
        noise = max(floor, float(np.exp(np.percentile(spectra.mean[outer], 30.0))))
        weight = np.ones_like(self._frequency)
        for _ in range(2):
            trend = self._trend(spectra.mean, weight)
            ratio = np.exp(np.minimum(trend, 50.0)) / noise
            weight = np.sqrt(np.clip((ratio - 1.0) / (ratio + 3.0), 0.02, 1.0))
        self._weight = weight
        self._basis = _orthonormal(self._terms * weight[:, None])
        self._veil = np.clip(1.0 / np.maximum(ratio, 1e-3), 0.0, 1e3).astype(np.float32)
        self._rest = self._freed(spectra.mean)
        self.energy = float((self._rest**2).sum())
        self.reach = self._reach(ratio)

    def motion(self) -> Fit:
        """The straight motion that explains most."""
        table = models.motions()
        gains = np.array([self._gains(of_length)[0] for of_length in table])
        best, size, direction = -1.0, 0.0, 0.0
        for place in np.argsort(gains, axis=None)[-3:]:
            row, column = np.unravel_index(int(place), gains.shape)
            found = self._refined(float(models.LENGTHS[row]), float(models.DIRECTIONS[column]))
            if found[0] > best:
                best, size, direction = found
        return self._judged("motion", size, direction % 180.0, models.motion(size, direction))

    def defocus(self) -> Fit:
        """The disc that explains most."""
        gains = self._gains(models.defoci())[0]
        radius = float(models.RADII[int(gains.argmax())])
        best = (float(gains.max()), radius)
        for factor in (0.955, 0.97, 0.985, 1.015, 1.03, 1.045):
            gain = float(self._gains(models.defocus(radius * factor)[None])[0][0])
            best = max(best, (gain, radius * factor))
        return self._judged("defocus", best[1], 0.0, models.defocus(best[1]))

    def _refined(self, length: float, direction: float) -> tuple[float, float, float]:
        """Gain, length and direction of the best motion near this one, by halving steps."""
        stretch, turn = 1.07, 3.75
        best = (float(self._gains(models.motion(length, direction)[None])[0][0]), length, direction)
        for _ in range(3):
            _, length, direction = best
            for size, angle in (
                (length * stretch, direction),
                (length / stretch, direction),
                (length, direction + turn),
                (length, direction - turn),
            ):
                gain = float(self._gains(models.motion(size, angle)[None])[0][0])
                best = max(best, (gain, size, angle))
            stretch, turn = stretch**0.5, turn / 2.0
        return best

    def _judged(self, kind: str, size: float, direction: float, model: Floats32) -> Fit:
        gain, amplitude = (float(figure[0]) for figure in self._gains(model[None]))
        shape = self._shape(model)
        rest = self._freed(self._spectra.each)
        own = (rest * shape).sum(axis=1) / max(float((shape**2).sum()), 1e-9)
        angle = np.deg2rad(direction)
        plane = models.plane()
        across = np.abs(plane.across * np.sin(angle) + plane.down * np.cos(angle))
        parts = (
            [across < ACROSS, across >= ACROSS]
            if kind == "motion"
            else [
                (plane.across > np.abs(plane.down)),
                (plane.across <= np.abs(plane.down)),
                plane.down < 0.0,
                plane.down >= 0.0,
            ]
        )
        support = min(
            float((self._rest[part] * shape[part]).sum())
            / max(float((shape[part] ** 2).sum()), 1e-9)
            for part in parts
        )
        return Fit(
            kind=kind,
            size=size,
            direction=direction,
            gain=gain,
            amplitude=amplitude,
            support=support,
            agreement=float((own > 1.0 / 3.0).mean()),
            zero=1.0 / size if kind == "motion" else 0.61 / size,
            reach=self.reach,
        )

    def _gains(
        self, attenuations: Floats32
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Gain and amplitude of each model (models, bins); no gain where zeros would be humps."""
        shape = self._shape(attenuations)
        size = np.maximum((shape**2).sum(axis=-1), 1e-9)
        amplitude = (shape * self._rest).sum(axis=-1) / size
        gain = np.where(amplitude > 0.0, amplitude**2 * size / max(self.energy, 1e-9), 0.0)
        return gain, amplitude

    def _shape(self, attenuation: Floats32) -> npt.NDArray[np.float64]:
        """A model as this spectrum would show it: veiled by noise, weighted, freed of trends."""
        return self._freed(np.log((attenuation + self._veil) / (1.0 + self._veil)))

    def _freed(self, logarithms: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        weighted = logarithms * self._weight
        # einsum, not BLAS: the same bits whatever the number of threads.
        onto = np.einsum("...b,bk->...k", weighted, self._basis)
        return np.asarray(weighted - np.einsum("...k,bk->...b", onto, self._basis))

    def _trend(
        self, logarithms: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        basis = _orthonormal(self._terms * weight[:, None])
        onto = np.einsum("b,bk->k", logarithms * weight, basis)
        return np.asarray(np.einsum("k,bk->b", onto, basis) / weight)

    def _reach(self, ratio: npt.NDArray[np.float64]) -> float:
        """Frequency up to which at least half of the bins stand three times above the noise."""
        rings = np.minimum((self._frequency * models.SIDE).astype(np.intp), models.SIDE // 2)
        bins = np.bincount(rings, minlength=models.SIDE // 2 + 1)
        clear = np.bincount(rings, ratio > 3.0, models.SIDE // 2 + 1) / np.maximum(bins, 1)
        below = np.flatnonzero((clear < 0.5) & (bins > 0))
        return float(below[0] / models.SIDE) if below.size else 0.5


def _logarithms(tile: Plane) -> npt.NDArray[np.float64]:
    """Logarithmic periodograms of the overlapping 128-pixel squares of a tile: (squares, bins)."""
    side, used = models.SIDE, models.plane().used
    starts = range(0, tile.shape[0] - side + 1, side // 2)
    rows = []
    for top in starts:
        for left in starts:
            square = tile[top : top + side, left : left + side] * np.float32(255.0)
            spectrum = np.fft.rfft2((square - square.mean(dtype=np.float64)) * WINDOW).ravel()[used]
            power = spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2
            rows.append(np.log(np.maximum(power, 1e-6)))
    return np.stack(rows)


def _terms(
    frequency: npt.NDArray[np.float64], angle: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The smooth functions of the trend: (bins, terms)."""
    logs, square = np.log(frequency), frequency**2
    radial = [np.ones_like(logs), logs, logs**2, square]
    around = [np.cos(2.0 * angle), np.sin(2.0 * angle)]
    lobes = [part * scale for part in around for scale in (np.ones_like(logs), logs, square)]
    return np.stack([*radial, *lobes, np.cos(4.0 * angle), np.sin(4.0 * angle)], axis=1)


def _orthonormal(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """An orthonormal basis of the columns' span, by Gram and Schmidt twice (no BLAS)."""
    basis = np.empty_like(columns)
    for index in range(columns.shape[1]):
        column = columns[:, index] / np.sqrt((columns[:, index] ** 2).sum())
        for _ in range(2):
            for other in range(index):
                column = column - (column * basis[:, other]).sum() * basis[:, other]
        basis[:, index] = column / np.sqrt((column**2).sum())
    return basis
