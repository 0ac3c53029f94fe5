"""Scans whose resolution, noise and sheet are known, for the tests of the condition report.

Pictures are float32 (h, w, channels) in [0, 1]; scans are uint16 codes (8-bit ones times 257).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, get_type_hints

import cv2
import numpy as np
import numpy.typing as npt
from scipy.fft import dctn, idctn

from restoration.config.settings import ExamineSettings
from restoration.examine.measurer import Measurer
from restoration.examine.page import examine_page
from restoration.examine.registry import MEASURERS
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus

KERNELS = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


@dataclass
class SimulatedPage:
    """What examine_page asks of a page of a master."""

    codes: npt.NDArray[np.uint16]
    bits: int = 16
    ppi: tuple[float, float] | None = (1200.0, 1200.0)
    profile: bytes | None = None

    def __post_init__(self) -> None:
        self.height, self.width, self.channels = self.codes.shape
        self.windows: list[tuple[int, int, int, int]] = []

    def read_codes(self, top: int, left: int, height: int, width: int) -> npt.NDArray[np.uint16]:
        self.windows.append((top, left, height, width))
        return self.codes[top : top + height, left : left + width]

    def read(self, top: int, left: int, height: int, width: int) -> npt.NDArray[np.float32]:
        return self.read_codes(top, left, height, width).astype(np.float32) / np.float32(65535)


def report(
    codes: npt.NDArray[np.uint16], window: int = 1024, last: str = "faces", **facts: Any
) -> dict[str, Any]:
    """The condition report of a simulated page; ``facts`` are fields of SimulatedPage.

    last: the finding with which it ends. Those below it, which those above cannot read, are left
    out: a full report takes a second.
    """
    page = SimulatedPage(codes, **facts)
    colour = ColourSpace.from_profile(page.profile, page.channels)
    return examine_page(page, ExamineSettings(window=window), colour, measurers_until(last))


def measurers_until(last: str) -> tuple[type[Measurer], ...]:
    """Those of a condition report down to what measures this finding."""
    kinds = [get_type_hints(measurer.conclude)["return"] for measurer in MEASURERS]
    return MEASURERS[: [kind.name for kind in kinds].index(last) + 1]


def found(codes: npt.NDArray[np.uint16], name: str, **facts: Any) -> dict[str, Any]:
    """One finding of the report that ends with it."""
    one: dict[str, Any] = report(codes, last=name, **facts)[name]
    return one


@functools.cache
def dead_leaves(seed: int, side: int = 512) -> npt.NDArray[np.float32]:
    """Discs over discs with a power law of sizes: detail at every frequency up to Nyquist, and
    flat areas without any noise (Lee, Mumford and Huang 2001)."""
    rng = np.random.default_rng(seed)
    fine = 3 * side
    canvas = np.zeros((fine, fine, 3), np.float32)
    smallest, largest = 6.0, fine / 4
    for _ in range(6000):
        span = smallest**-2 - rng.random() * (smallest**-2 - largest**-2)
        centre = rng.random(2) * fine
        colour = (rng.random(3) * 0.7 + 0.15).tolist()
        place = (int(centre[0] * 16), int(centre[1] * 16))
        cv2.circle(canvas, place, int(span**-0.5 * 16), colour, -1, cv2.LINE_8, 4)
    return cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)


def picture(name: str) -> npt.NDArray[np.float32]:
    """A photograph of corpus.photo, or ``leaves<seed>``."""
    return dead_leaves(int(name[6:])) if name.startswith("leaves") else corpus.photo(name)


def centre(pixels: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """The middle of a picture, at most this large."""
    top = max(0, (pixels.shape[0] - height) // 2)
    left = max(0, (pixels.shape[1] - width) // 2)
    return pixels[top : top + height, left : left + width]


def ideal_scan(
    name: str, fraction: float, side: int = 1100, transfer: str = "ideal"
) -> npt.NDArray[np.float32]:
    """A picture at ``fraction`` of the scan's resolution, at most ``side`` pixels on a side.

    transfer ``ideal``: everything up to the fraction of Nyquist, nothing above. ``gauss``: a
    Gaussian that lets 10 % through at the fraction (MTF10), on a picture twice as fine.
    """
    factor = 1.0 / fraction if transfer == "ideal" else 0.5 / fraction
    source = centre(picture(name), int(side / factor), int(side / factor))
    height, width = round(source.shape[0] * factor), round(source.shape[1] * factor)
    result = np.empty((height, width, source.shape[2]), np.float32)
    for channel in range(source.shape[2]):
        own = dctn(source[:, :, channel].astype(np.float64), type=2, norm="ortho")
        wide = np.zeros((height, width))
        rows, columns = min(height, own.shape[0]), min(width, own.shape[1])
        wide[:rows, :columns] = own[:rows, :columns]
        if transfer == "gauss":
            across = np.arange(width) / (2 * width)
            down = np.arange(height) / (2 * height)
            squared = down[:, None] ** 2 + across[None, :] ** 2
            wide *= np.exp(-np.log(10.0) * squared / (0.5 * fraction) ** 2)
        scale = np.sqrt(height * width / (own.shape[0] * own.shape[1]))
        result[:, :, channel] = idctn(wide, type=2, norm="ortho") * scale
    return result


def enlarged(
    pixels: npt.NDArray[np.float32], factor: float, kernel: str
) -> npt.NDArray[np.float32]:
    """An interpolated picture, channels kept."""
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    result = cv2.resize(pixels, size, interpolation=KERNELS[kernel])
    return np.asarray(result[:, :, None] if result.ndim == 2 else result)


def noisy(pixels: npt.NDArray[np.float32], sigma: float, seed: int = 0) -> npt.NDArray[np.float32]:
    """White Gaussian noise of ``sigma``/255 added, not clipped."""
    rng = np.random.default_rng(seed)
    return pixels + rng.standard_normal(pixels.shape).astype(np.float32) * np.float32(sigma / 255)


def scanned(pixels: npt.NDArray[np.float32], bits: int = 16) -> npt.NDArray[np.uint16]:
    """Codes of a scan with this many bits."""
    clipped = np.clip(pixels, 0.0, 1.0)
    if bits == 8:
        return np.rint(clipped * 255.0).astype(np.uint16) * np.uint16(257)
    return np.rint(clipped * 65535.0).astype(np.uint16)


def jpeg(pixels: npt.NDArray[np.float32], quality: int) -> npt.NDArray[np.float32]:
    """What JPEG leaves of a picture."""
    codes = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    ok, data = cv2.imencode(".jpg", codes[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    decoded = decoded[:, :, None] if decoded.ndim == 2 else decoded[:, :, ::-1]
    return np.ascontiguousarray(decoded).astype(np.float32) / np.float32(255.0)


def ramp(height: int = 700, width: int = 900, channels: int = 3) -> npt.NDArray[np.float32]:
    """A smooth ramp of tones without any detail."""
    across = np.linspace(0.1, 0.9, width, dtype=np.float32)[None, :, None]
    down = np.linspace(0.0, 0.05, height, dtype=np.float32)[:, None, None]
    return np.repeat(across + down, channels, axis=2)


def on_sheet(
    pixels: npt.NDArray[np.float32],
    margins: tuple[int, int, int, int],
    colour: tuple[float, ...] = (0.94, 0.92, 0.87),
) -> npt.NDArray[np.float32]:
    """The picture inside a sheet; margins: top, left, bottom, right in pixels."""
    top, left, bottom, right = margins
    height, width, channels = pixels.shape
    sheet = np.empty((height + top + bottom, width + left + right, channels), np.float32)
    sheet[:] = np.asarray(colour[:channels], np.float32)
    sheet[top : top + height, left : left + width] = pixels
    return sheet
