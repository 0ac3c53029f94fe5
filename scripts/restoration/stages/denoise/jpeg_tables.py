"""The quantisation tables of the Independent JPEG Group, by quality."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float32]
"""float32 (8, 8): step of each coefficient of the discrete cosine transform, in codes of 8 bits;
rows are vertical frequencies."""

# ITU-T Recommendation T.81 (1992), annex K, tables K.1 and K.2.
_LUMINANCE = """
16 11 10 16  24  40  51  61   12 12 14 19  26  58  60  55
14 13 16 24  40  57  69  56   14 17 22 29  51  87  80  62
18 22 37 56  68 109 103  77   24 35 55 64  81 104 113  92
49 64 78 87 103 121 120 101   72 92 95 98 112 100 103  99
"""
_CHROMINANCE = """
17 18 24 47 99 99 99 99   18 21 26 66 99 99 99 99
24 26 56 99 99 99 99 99   47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99   99 99 99 99 99 99 99 99
99 99 99 99 99 99 99 99   99 99 99 99 99 99 99 99
"""


def tables(quality: float) -> tuple[Table, Table]:
    """Steps of luminance and chrominance at an IJG quality of 1 to 100 (jcparam.c of libjpeg)."""
    nearest = int(min(max(round(quality), 1), 100))
    scale = 5000 // nearest if nearest < 50 else 200 - 2 * nearest
    return _scaled(_LUMINANCE, scale), _scaled(_CHROMINANCE, scale)


def _scaled(text: str, scale: int) -> Table:
    base = np.array(text.split(), np.int64).reshape(8, 8)
    return np.clip((base * scale + 50) // 100, 1, 255).astype(np.float32)


def compression_noise(quality: float) -> float:
    """Standard deviation in 1/255 of what quantisation did to the coarse half of the picture.

    The error of a step is uniform, its variance step²/12; the nine lowest coefficients are those
    that a compressed picture still holds nearly everywhere.
    """
    luminance, _ = tables(quality)
    return float(np.sqrt(np.mean(luminance[:3, :3].astype(np.float64) ** 2) / 12.0))
