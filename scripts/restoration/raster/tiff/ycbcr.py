"""YCbCr samples to RGB, by the tags that define them (TIFF 6.0 section 21).

Computed in double precision and rounded once, to the nearest code. libtiff comes to the same codes
with the default ranges; with others it cuts Cb and Cr to whole numbers first, and comes out up to
3/255 beside. A chroma sample stands for every pixel of its block, as in libtiff: YCbCrPositioning
moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.raster.tiff.tags import Directory, TiffTags, expected_found

COEFFICIENTS, SUBSAMPLING, BLACK_WHITE = 529, 530, 532
_LUMA = (0.299, 0.587, 0.114)
_RANGE = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)
_REMEDY = "save it as RGB from an image editor, and name that file instead"


@dataclass(frozen=True)
class YCbCr:
    """What the tags say of 8-bit YCbCr samples; the defaults of TIFF 6.0 where they say nothing."""

    luma: tuple[float, float, float] = _LUMA
    """YCbCrCoefficients: shares of red, green and blue in Y."""
    black_white: tuple[float, ...] = _RANGE
    """ReferenceBlackWhite: the codes of black and white of Y, Cb and Cr."""

    def rgb(self, samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """uint8 (h, w, 3) Y, Cb, Cr -> uint8 (h, w, 3) R, G, B."""
        y, cb, cr = (self._full(channel)[samples[..., channel]] for channel in range(3))
        red, green, blue = self.luma
        r = cr * (2.0 - 2.0 * red) + y
        b = cb * (2.0 - 2.0 * blue) + y
        g = (y - blue * b - red * r) / green
        out = np.empty(samples.shape, np.uint8)
        for channel, values in enumerate((r, g, b)):
            out[..., channel] = np.rint(np.clip(values, 0.0, 255.0))
        return out

    def _full(self, channel: int) -> npt.NDArray[np.float64]:
        """The value of each code over the full range: 0 to 255 of Y, -127 to 127 of Cb and Cr."""
        black, white = self.black_white[2 * channel : 2 * channel + 2]
        span = 255.0 if channel == 0 else 127.0
        return (np.arange(256, dtype=np.float64) - black) * span / (white - black)


def read_ycbcr(tags: TiffTags, directory: Directory, where: str) -> YCbCr:
    """The definition that a page's tags give. Raises ScanError where they define nothing."""
    luma = _numbers(tags, directory, COEFFICIENTS, 3) or _LUMA
    if not all(0.0 < share < 1.0 for share in luma):
        found = " ".join(f"{share:g}" for share in luma)
        raise expected_found(where, "YCbCrCoefficients between 0 and 1", found, _REMEDY)
    limits = _numbers(tags, directory, BLACK_WHITE, 6) or _RANGE
    if any(low == high for low, high in zip(limits[::2], limits[1::2], strict=True)):
        found = " ".join(f"{limit:g}" for limit in limits)
        raise expected_found(where, "a ReferenceBlackWhite with a range", found, _REMEDY)
    first, second, third = luma
    return YCbCr((first, second, third), limits)


def read_subsampling(tags: TiffTags, directory: Directory, where: str) -> tuple[int, int]:
    """Pixels along the width and the height that share their chroma; TIFF 6.0 takes 2 x 2."""
    entry = directory.entries.get(SUBSAMPLING)
    if entry is None or entry.count < 2:
        return 2, 2
    across, down = (int(number) for number in tags.integers(entry)[:2])
    if across not in (1, 2, 4) or down not in (1, 2, 4):
        found = f"{across} x {down}"
        raise expected_found(where, "YCbCr subsampled by 1, 2 or 4", found, _REMEDY)
    return across, down


def _numbers(
    tags: TiffTags, directory: Directory, code: int, count: int
) -> tuple[float, ...] | None:
    """The values of a tag as floats; None where it is missing, too short or divides by 0."""
    entry = directory.entries.get(code)
    if entry is None or entry.count < count or entry.kind not in (3, 4, 5, 11, 12):
        return None
    values = tags.values(entry)[:count]
    if entry.kind != 5:
        numbers = tuple(float(value) for value in values)
    elif all(below for _, below in values):
        numbers = tuple(above / below for above, below in values)
    else:
        return None
    return numbers if np.isfinite(numbers).all() else None
