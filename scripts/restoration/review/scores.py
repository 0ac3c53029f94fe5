"""How far a picture is from the known truth: PSNR, SSIM and CIEDE2000, computed by windows.

All three look at sRGB values that both pictures' own profiles lead to, clipped to what a screen
can show, so that scans in different colour spaces compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, rgb2lab

from restoration.raster.base import FloatImage, Floats, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import Resampled

WINDOW = 512
"""Side of the windows that are compared at a time: about 60 MiB of arrays, whatever the size."""

SSIM_SIGMA = 1.5
SSIM_MARGIN = 5
"""Half of the 11-pixel Gaussian window of Wang et al. 2004; edge pixels without a whole window
are left out."""

LUMA = (0.2126, 0.7152, 0.0722)
"""Rec. ITU-R BT.709 weights."""


@dataclass(frozen=True)
class Score:
    """Distances of one picture to the truth."""

    psnr: float | None
    """dB over sRGB-encoded values; None where the two are identical."""
    ssim: float | None
    """Mean structural similarity of encoded luma, 1 at best; None below 11 pixels a side."""
    delta_e: float
    """Mean CIEDE2000; 1 is about what a trained eye can just see."""
    height: int
    width: int
    resampled: bool
    """True where the picture was brought to the truth's size by Lanczos before it was compared."""


@dataclass
class _Sums:
    square: float = 0.0
    samples: int = 0
    ssim: float = 0.0
    ssim_pixels: int = 0
    delta_e: float = 0.0
    pixels: int = 0


def score(image: Raster, colour: ColourSpace, truth: Raster, truth_colour: ColourSpace) -> Score:
    """Compares a picture with the truth, each in its own colour space.

    A picture of another size is resampled to the truth's size (Lanczos, in its own colour space);
    for an enlargement whose truth is as large as the deliverable, the master is thus judged as
    plain resampling would have enlarged it.
    """
    height, width = truth.height, truth.width
    resampled = (image.height, image.width) != (height, width)
    fitted: Raster = Resampled(image, height, width) if resampled else image
    sums = _Sums()
    for top in range(0, height, WINDOW):
        for left in range(0, width, WINDOW):
            core = (top, left, min(WINDOW, height - top), min(WINDOW, width - left))
            _compare(sums, core, (fitted, colour), (truth, truth_colour))
    mean_square = sums.square / sums.samples
    return Score(
        psnr=None if mean_square == 0 else float(-10.0 * np.log10(mean_square)),
        ssim=sums.ssim / sums.ssim_pixels if sums.ssim_pixels else None,
        delta_e=sums.delta_e / sums.pixels,
        height=height,
        width=width,
        resampled=resampled,
    )


def _compare(
    sums: _Sums,
    core: tuple[int, int, int, int],
    one: tuple[Raster, ColourSpace],
    other: tuple[Raster, ColourSpace],
) -> None:
    top, left, height, width = core
    first, last = max(top - SSIM_MARGIN, 0), min(top + height + SSIM_MARGIN, other[0].height)
    start, end = max(left - SSIM_MARGIN, 0), min(left + width + SSIM_MARGIN, other[0].width)
    a, b = (
        _srgb(raster.read(first, start, last - first, end - start), colour)
        for raster, colour in (one, other)
    )
    inner = np.s_[top - first : top - first + height, left - start : left - start + width]
    sums.square += float(np.sum((a[inner] - b[inner]) ** 2))
    sums.samples += a[inner].size
    # Equal pixels have a distance of 0 without asking: most of a declined scan.
    if not np.array_equal(a[inner], b[inner]):
        sums.delta_e += float(np.sum(deltaE_ciede2000(rgb2lab(a[inner]), rgb2lab(b[inner]))))
    sums.pixels += height * width
    if min(last - first, end - start) > 2 * SSIM_MARGIN:
        values = _ssim(a @ np.array(LUMA), b @ np.array(LUMA))
        # Windows overlap by twice the margin, so each pixel with a whole window counts once.
        valid = values[SSIM_MARGIN:-SSIM_MARGIN, SSIM_MARGIN:-SSIM_MARGIN]
        sums.ssim += float(valid.sum())
        sums.ssim_pixels += valid.size


def _srgb(pixels: FloatImage, colour: ColourSpace) -> Floats:
    return np.clip(colour.to_srgb(pixels), 0.0, 1.0).astype(np.float64)


def _ssim(a: Floats, b: Floats) -> Floats:
    """SSIM of each pixel (Wang, Bovik, Sheikh, Simoncelli 2004), data range 1."""

    def mean(x: Floats) -> Floats:
        # 3.5 standard deviations make the window of 11 pixels.
        return np.asarray(gaussian_filter(x, SSIM_SIGMA, truncate=3.5))

    mean_a, mean_b = mean(a), mean(b)
    variance_a, variance_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    above = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return np.asarray(above / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)))


METRICS: tuple[tuple[str, int, int], ...] = (("psnr", 1, 1), ("ssim", 1, 3), ("delta_e", -1, 2))
"""Name, whether more is better (1) or worse (-1), and the decimals that are worth showing."""


def verdicts(before: Score, after: Score) -> Iterator[tuple[str, str]]:
    """For each metric: better, worse, or same at the decimals that are shown."""
    for name, direction, decimals in METRICS:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            yield name, "same"
            continue
        if name == "psnr":
            old, new = (np.inf if value is None else value for value in (old, new))
        elif old is None or new is None:
            yield name, "same"
            continue
        gain = direction * (new - old)
        least = 0.5 * 10.0**-decimals
        yield name, "same" if abs(gain) < least else "better" if gain > 0 else "worse"
