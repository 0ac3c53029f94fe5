"""Exact resampling by windows or bands: the same bits whatever is asked for at a time.

Kernel: Lanczos with three lobes (Duchon 1979), widened by the reduction factor so that it does not
alias. Of the usual separable kernels it keeps the pass band flattest: at 1/2 and 3/4 of the Nyquist
frequency it passes 1.01 and 0.88, Catmull-Rom's cubic 0.94 and 0.77, Mitchell's 0.85 and 0.64, so
that a trip down to the working resolution and back costs least of what that resolution can hold.
The price is ringing next to hard edges; who must not ring clamps (see ``stages.anchoring``) or asks
for ``LINEAR``, which is never negative.

Geometry: pixel centres are aligned, output i lies at input (i + 1/2) in/out - 1/2, in whole-number
arithmetic. Edges are mirrored, which keeps the mean of the image. Every output pixel is the sum of
the same taps in the same order, vertically first, so that neither windows nor bands nor threads
change a bit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from restoration.raster.base import FloatImage, Raster

BLOCK_PIXELS = 1 << 19
"""Pixels of one step, so that memory follows from the width alone (6 MB for RGB)."""


@dataclass(frozen=True)
class Kernel:
    """A symmetric interpolation kernel."""

    name: str
    support: float
    """Half its width, in samples of the coarser grid."""
    weight: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
    """Weight at a distance, in samples of the coarser grid; need not sum to 1."""


def _lanczos3(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.abs(distance) < 3.0, np.sinc(distance) * np.sinc(distance / 3.0), 0.0)


def _linear(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.maximum(1.0 - np.abs(distance), 0.0)


LANCZOS3 = Kernel("Lanczos-3", 3.0, _lanczos3)
LINEAR = Kernel("linear", 1.0, _linear)
"""Triangle: no value leaves the range of its neighbours."""


@lru_cache(maxsize=32)
def gaussian(sigma: float) -> Kernel:
    """A Gaussian of standard deviation ``sigma``, in coarser samples, cut at 4 sigma."""

    def weight(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.exp(-0.5 * (distance / sigma) ** 2)

    return Kernel(f"Gaussian, sigma {sigma:g}", 4.0 * sigma, weight)


@dataclass(frozen=True)
class Axis:
    """Resampling along one axis, from ``size_in`` samples to ``size_out``. Safe in all threads."""

    size_in: int
    size_out: int
    kernel: Kernel = LANCZOS3
    keep: bool = True
    """Equal sizes copy; False filters there too (a Gaussian is more than an interpolation)."""
    _matrices: dict[tuple[int, int, int, int], csr_matrix] = field(
        default_factory=dict, repr=False, compare=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.size_in < 1 or self.size_out < 1:
            raise ValueError(f"cannot resample {self.size_in} samples to {self.size_out}")

    @property
    def copies(self) -> bool:
        return self.keep and self.size_in == self.size_out

    @property
    def _stretch(self) -> float:
        return max(1.0, self.size_in / self.size_out)

    @property
    def reach(self) -> int:
        """Input samples needed on either side of an output sample's place."""
        return 0 if self.copies else int(np.ceil(self.kernel.support * self._stretch))

    def span(self, first: int, count: int) -> tuple[int, int]:
        """The input samples [low, high) from which outputs first … first + count - 1 are made."""
        if self.copies:
            return first, first + count
        low = self._floor(first) - self.reach + 1
        high = self._floor(first + count - 1) + self.reach + 1
        return min(max(low, 0), self.size_in - 1), max(min(high, self.size_in), 1)

    def ready(self, received: int) -> int:
        """How many outputs can be made from the first ``received`` inputs."""
        if received >= self.size_in:
            return self.size_out
        if self.copies:
            return received
        # The last i with floor(i) + reach + 1 <= received; floor(i) is monotone and exact.
        place = received - self.reach
        ready = (2 * place * self.size_out + self.size_out) // (2 * self.size_in)
        ready = min(max(ready, -1), self.size_out)
        while ready >= 0 and self._floor(ready) + self.reach + 1 > received:
            ready -= 1
        while ready + 1 < self.size_out and self._floor(ready + 1) + self.reach + 1 <= received:
            ready += 1
        return ready + 1

    def matrix(self, first: int, count: int, low: int, high: int) -> csr_matrix:
        """float32 (count, high - low): the weights of inputs [low, high)."""
        key = (first, count, low, high)
        with self._lock:
            found = self._matrices.get(key)
        if found is None:
            found = self._weights(first, count, low, high)
            with self._lock:
                if len(self._matrices) >= 8:
                    self._matrices.pop(next(iter(self._matrices)))
                self._matrices[key] = found
        return found

    def _floor(self, index: int) -> int:
        return ((2 * index + 1) * self.size_in - self.size_out) // (2 * self.size_out)

    def _weights(self, first: int, count: int, low: int, high: int) -> csr_matrix:
        place = (2 * np.arange(first, first + count, dtype=np.int64) + 1) * self.size_in
        whole, rest = np.divmod(place - self.size_out, 2 * self.size_out)
        fraction = rest / (2.0 * self.size_out)
        offsets = np.arange(1 - self.reach, self.reach + 1)
        weights = self.kernel.weight((offsets - fraction[:, None]) / self._stretch)
        weights /= weights.sum(axis=1, keepdims=True)
        place = (whole[:, None] + offsets) % (2 * self.size_in)
        taken = np.where(place < self.size_in, place, 2 * self.size_in - 1 - place) - low
        rows = np.arange(count + 1) * offsets.size
        return csr_matrix(
            (weights.astype(np.float32).ravel(), taken.astype(np.int32).ravel(), rows),
            shape=(count, high - low),
        )


def _down(pixels: FloatImage, axis: Axis, first: int, count: int, low: int) -> FloatImage:
    """Along the rows' axis: ``pixels`` begins at input row ``low``."""
    if axis.copies:
        return pixels[first - low : first - low + count]
    start, stop = axis.span(first, count)
    used = np.ascontiguousarray(pixels[start - low : stop - low])
    # Sparse times dense adds the taps of each output in their stored order, one multiplication
    # and one addition each: the same bits whatever the number of columns.
    made = axis.matrix(first, count, start, stop) @ used.reshape(stop - start, -1)
    return np.asarray(made, np.float32).reshape(count, *pixels.shape[1:])


def _turned(pixels: FloatImage) -> FloatImage:
    """Rows and columns exchanged; OpenCV does it by cache blocks."""
    height, width, channels = pixels.shape
    turned = cv2.transpose(np.ascontiguousarray(pixels))
    return np.asarray(turned, np.float32).reshape(width, height, channels)


def _across(pixels: FloatImage, axis: Axis, first: int, count: int, low: int) -> FloatImage:
    """Along the columns' axis: ``pixels`` begins at input column ``low``."""
    if axis.copies:
        return pixels[:, first - low : first - low + count]
    return _turned(_down(_turned(pixels), axis, first, count, low))


class Resampled:
    """A raster seen at another size; made from windows of its source when it is read.

    Values may leave [0, 1] by the kernel's ringing; who needs the range clips.
    """

    def __init__(self, source: Raster, height: int, width: int, kernel: Kernel = LANCZOS3) -> None:
        """height, width: of the view, in pixels. Raises ValueError below 1."""
        self._source = source
        self._rows = Axis(source.height, height, kernel)
        self._columns = Axis(source.width, width, kernel)

    @property
    def height(self) -> int:
        return self._rows.size_out

    @property
    def width(self) -> int:
        return self._columns.size_out

    @property
    def channels(self) -> int:
        return self._source.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """float32 (height, width, channels); bit-identical whatever the window."""
        if self._rows.copies and self._columns.copies:
            return self._source.read(top, left, height, width)
        made = np.empty((height, width, self.channels), np.float32)
        low, high = self._columns.span(left, width)
        # Rows of one step: bounded by what is made and by what is read for it.
        per_row = max(width, (high - low) * max(1, self._rows.size_in // self._rows.size_out))
        step = max(1, BLOCK_PIXELS // per_row)
        for first in range(top, top + height, step):
            count = min(step, top + height - first)
            start, stop = self._rows.span(first, count)
            pixels = self._source.read(start, low, stop - start, high - low)
            pixels = _down(pixels, self._rows, first, count, start)
            made[first - top : first - top + count] = _across(
                pixels, self._columns, left, width, low
            )
        return made


class BandResampler:
    """Resamples an image that arrives in bands, top to bottom; keeps only the rows it needs."""

    def __init__(self, rows: Axis, columns: Axis) -> None:
        self._rows = rows
        self._columns = columns
        self._kept: list[FloatImage] = []
        self._low = 0
        self._received = 0
        self._made = 0

    def feed(self, band: FloatImage) -> Iterator[FloatImage]:
        """The bands, float32 (rows, width out, channels), that can be made once ``band`` is in.

        band: float32 (rows, width in, channels), the next rows of the image.
        Draw to the end before the next call. Raises ValueError where a band does not fit.
        """
        if band.shape[1] != self._columns.size_in:
            raise ValueError(f"expected {self._columns.size_in} columns, found {band.shape[1]}")
        self._received += band.shape[0]
        if self._received > self._rows.size_in:
            raise ValueError(f"more rows than the {self._rows.size_in} expected")
        self._kept.append(band)
        ready = self._rows.ready(self._received)
        if ready > self._made:
            yield from self._make(ready)

    def finish(self) -> None:
        """Raises ValueError unless every row has come."""
        if self._received != self._rows.size_in:
            raise ValueError(f"expected {self._rows.size_in} rows, found {self._received}")

    def _make(self, ready: int) -> Iterator[FloatImage]:
        pixels = self._kept[0] if len(self._kept) == 1 else np.concatenate(self._kept)
        step = max(1, BLOCK_PIXELS // max(self._columns.size_in, self._columns.size_out))
        while self._made < ready:
            count = min(step, ready - self._made)
            rows = _down(pixels, self._rows, self._made, count, self._low)
            yield _across(rows, self._columns, 0, self._columns.size_out, 0)
            self._made += count
        first_needed = self._received
        if ready < self._rows.size_out:
            first_needed = min(self._rows.span(ready, 1)[0], self._received)
        # A copy, so that what is no longer needed is freed.
        self._kept = [pixels[first_needed - self._low :].copy()]
        self._low = first_needed


def resample_bands(
    bands: Iterator[FloatImage],
    in_h: int,
    in_w: int,
    out_h: int,
    out_w: int,
    kernel: Kernel = LANCZOS3,
) -> Iterator[FloatImage]:
    """An image that arrives in bands, at another size; equals ``Resampled`` bit for bit.

    bands: float32 (rows, in_w, channels), top to bottom, any number of rows each.
    Yields float32 (rows, out_w, channels), top to bottom. Raises ValueError where the bands do not
    add up to (in_h, in_w).
    """
    resampler = BandResampler(Axis(in_h, out_h, kernel), Axis(in_w, out_w, kernel))
    for band in bands:
        yield from resampler.feed(band)
    resampler.finish()
