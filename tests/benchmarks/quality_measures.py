"""How near a result is to the truth, and what it did to the frequencies of a screen.

Pictures are float32 (h, w, 1 or 3) in [0, 1], sRGB-encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from damage.light import Picture, to_light
from damage.printing import Print

Vector = tuple[float, float]

ORDER = 3
"""Lattice peaks k f1 + l f2 are looked at up to |k| + |l| of this."""

REACH = 2.5
"""Bins around a peak that belong to it: the main lobe of the Hann window and half a bin."""


def psnr(
    result: Picture, truth: Picture, mask: npt.NDArray[np.bool_] | None = None
) -> float | None:
    """Peak signal-to-noise ratio in dB, inside the mask if one is given; at most 99."""
    difference = result.astype(np.float64) - truth
    if mask is not None:
        difference = difference[mask]
    if difference.size == 0:
        return None
    return float(min(99.0, -10 * np.log10(max(1e-12, float(np.mean(difference**2))))))


def ssim(result: Picture, truth: Picture) -> float:
    """Structural similarity (Wang 2004) as scikit-image computes it, mean over the channels."""
    return float(structural_similarity(result, truth, data_range=1.0, channel_axis=2))


def colour_difference(result: Picture, truth: Picture) -> float | None:
    """Mean CIEDE2000 of every second row and column; None for grey."""
    if truth.shape[2] == 1:
        return None
    own, wanted = (rgb2lab(np.clip(p[::2, ::2], 0, 1)) for p in (result, truth))
    return float(deltaE_ciede2000(own, wanted).mean())


def likeness(result: Picture, truth: Picture) -> dict[str, float | None]:
    """The three of them."""
    return {
        "psnr_db": psnr(result, truth),
        "ssim": ssim(result, truth),
        "delta_e": colour_difference(result, truth),
    }


class ScreenSpectrum:
    """Spectra of a scanned print and of its truth, in linear light."""

    def __init__(self, scan: Picture, truth: Picture, how: Print) -> None:
        self._how = how
        self._window = np.outer(*(np.hanning(side) for side in scan.shape[:2]))
        self._truth = self._spectrum(truth)
        self._scan = self._spectrum(scan)
        self._peaks, between, frequency = self._areas(scan.shape[:2])
        limit = 0.5 * how.samples / how.period
        self._between = between & (frequency <= min(limit, 0.5))
        fine = frequency >= 0.6 / how.period
        self._fine = self._between & fine

    def figures(self, result: Picture) -> dict[str, float]:
        """What became of the screen and of the picture, in dB.

        suppression_db: power of (scan - truth) to power of (result - truth) at the lattice's
            peaks. suppression_raw_db: of scan to result; the truth itself reaches
            ceiling_raw_db, since a picture has energy there, too.
        loss_db: amplitude of the truth's detail that is found in the scan, to that found in the
            result, between the peaks and below what prepress sent; loss_fine_db: the same from
            0.6 of the ruling on.
        """
        own = self._spectrum(result)
        peaks = self._peaks
        return {
            "suppression_db": _ratio_db(self._scan - self._truth, own - self._truth, peaks),
            "suppression_raw_db": _ratio_db(self._scan, own, peaks),
            "ceiling_raw_db": _ratio_db(self._scan, self._truth, peaks),
            "loss_db": self._loss(own, self._between),
            "loss_fine_db": self._loss(own, self._fine),
        }

    def _spectrum(self, picture: Picture) -> npt.NDArray[np.complex64]:
        light = to_light(picture).mean(axis=2)
        return np.fft.rfft2((light - light.mean()) * self._window).astype(np.complex64)

    def _areas(
        self, size: Sequence[int]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        down = np.fft.fftfreq(size[0])[:, None]
        across = np.fft.rfftfreq(size[1])[None, :]
        base = 1.0 / self._how.period
        # Between the many peaks of a rosette there is room only close to them.
        away = (0.2 if len(self._how.screens) == 1 else 0.12) * base
        radius = REACH / min(size)
        peaks = np.zeros((size[0], size[1] // 2 + 1), np.bool_)
        between = np.ones_like(peaks)
        for fy, fx in lattice_peaks(self._how):
            squared = (down - fy) ** 2 + (across - fx) ** 2
            peaks |= squared <= radius**2
            between &= squared > away**2
        frequency = np.sqrt(down**2 + across**2)
        between &= frequency > 0.2 * base
        return peaks, between, frequency

    def _loss(self, own: npt.NDArray[np.complex64], where: npt.NDArray[np.bool_]) -> float:
        truth = self._truth[where]
        found, kept = (
            float(np.sum((spectrum[where] * truth.conj()).real)) for spectrum in (self._scan, own)
        )
        return float(20 * np.log10(max(found, 1e-12) / max(kept, 1e-12)))


def lattice_peaks(how: Print) -> list[Vector]:
    """(fy, fx) of every peak of every ink's screen up to ORDER and below Nyquist."""
    peaks = []
    for screen in how.screens:
        (y1, x1), (y2, x2) = screen.vectors(how.ppi)
        for k in range(-ORDER, ORDER + 1):
            for other in range(abs(k) - ORDER, ORDER - abs(k) + 1):
                fy, fx = k * y1 + other * y2, k * x1 + other * x2
                if (k or other) and abs(fy) < 0.49 and abs(fx) < 0.49:
                    peaks.append((fy, fx))
    return peaks


def _ratio_db(
    before: npt.NDArray[np.complex64],
    after: npt.NDArray[np.complex64],
    where: npt.NDArray[np.bool_],
) -> float:
    power = [float(np.sum(np.abs(spectrum[where]) ** 2)) for spectrum in (before, after)]
    return float(10 * np.log10(max(power[0], 1e-12) / max(power[1], 1e-12)))


def angle_error(found: float, true: float, turn: float) -> float:
    """Degrees between two directions that repeat after ``turn`` degrees."""
    difference = abs(found - true) % turn
    return min(difference, turn - difference)


def kept_by_band(
    before: Picture, after: Picture, bands: Iterable[tuple[float, float]]
) -> list[float]:
    """Share of ``before`` (grain, noise) found in ``after``, by bands of cycles/pixel."""
    size = before.shape[:2]
    frequency = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None, :])
    one, two = (np.fft.rfft2(p.astype(np.float64), axes=(0, 1)) for p in (before, after))
    shares = []
    for low, high in bands:
        where = (frequency >= low) & (frequency < high)
        own = float(np.sum(np.abs(one[where]) ** 2))
        shares.append(float(np.sum((two[where] * one[where].conj()).real)) / own)
    return shares
