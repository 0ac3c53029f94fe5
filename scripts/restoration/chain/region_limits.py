"""Holding a stage to the regions that a person allowed; elsewhere its input stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from restoration.config.regions import DEFAULT_FEATHER, Shape, StageMarks
from restoration.errors import ScanError
from restoration.raster.area import Allowed, Area, PaintedMask, Polygon, Rectangle
from restoration.raster.base import FloatImage, Raster, UInt8Image
from restoration.raster.prefetch import closing
from restoration.raster.resample import Resampled
from restoration.raster.tiff.page import open_page
from restoration.stages.anchoring.anchored_picture import RangeOfScan
from restoration.stages.base import Restored

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class PageLimits:
    """Where a stage may work on one page."""

    only: tuple[Area, ...] | None
    exclude: tuple[Area, ...]
    feather: float
    master: Size
    """Size of the master's page, in whose pixels the areas are given."""

    def allowed(self, height: int, width: int) -> Allowed:
        """The same areas on a page of this size."""
        scale = (height / self.master[0], width / self.master[1])
        return Allowed(height, width, scale, self.only, self.exclude, self.feather)


def limits_of(marks: StageMarks, page: int, master: Size, files: ExitStack) -> PageLimits | None:
    """The limits of one page; None where no region speaks of it.

    files: closes the masks when the page is done. Raises ScanError where a mask is unreadable or
    not of the page's size.
    """
    regions = marks.regions
    if regions is None:
        return None
    here = [shape for shape in (*(regions.only or ()), *regions.exclude) if shape.page == page]
    if not here and regions.only is None:
        return None

    def areas(shapes: Sequence[Shape]) -> tuple[Area, ...]:
        return marked_areas(shapes, marks.folder, page, master, files)

    return PageLimits(
        only=None if regions.only is None else areas(regions.only),
        exclude=areas(regions.exclude),
        feather=DEFAULT_FEATHER if regions.feather is None else regions.feather,
        master=master,
    )


def marked_areas(
    shapes: Sequence[Shape], folder: Path, page: int, master: Size, files: ExitStack
) -> tuple[Area, ...]:
    """The areas that shapes mark on one page; folder: where their masks lie."""
    return tuple(area_of(shape, folder, master, files) for shape in shapes if shape.page == page)


def area_of(shape: Shape, folder: Path, master: Size, files: ExitStack) -> Area:
    """The area of one shape. Raises ScanError where its mask does not fit the master's page."""
    if shape.box is not None:
        return Rectangle(*shape.box)
    if shape.polygon is not None:
        return Polygon(shape.polygon)
    assert shape.mask is not None
    return PaintedMask(open_mask(folder / shape.mask, 1, master, files))


def open_mask(path: Path, page: int, master: Size, files: ExitStack) -> Raster:
    """A mask that a person painted, one channel or three, of the master's size.

    page: which page of the mask file. Raises ScanError where it does not fit.
    """
    try:
        mask = files.enter_context(open_page(path, page))
    except (OSError, ScanError) as error:
        raise ScanError(
            f"the mask '{path}' cannot be read ({error}); expected a TIFF of 8 or 16 bit"
        ) from None
    if (mask.height, mask.width) != master:
        raise ScanError(
            f"the mask '{path}': expected {master[1]} x {master[0]} px like the master's page, "
            f"found {mask.width} x {mask.height} px; paint it on a copy of the master"
        )
    return mask


def limited(
    page: Restored, source: Raster, limits: PageLimits, share_name: str = "regions_share"
) -> Restored:
    """The stage's page with its work taken back outside the limits.

    share_name: under which the findings say how much of the page was allowed.

    Where the weight is 0 the values are those of ``source``, bit for bit; where the stage changed
    the size, those of its resampling.
    """
    allowed = limits.allowed(page.height, page.width)
    base = _base(source, page.height, page.width)
    share = _Share()
    bands = _mixed(page.bands, base, allowed, share)

    def counted() -> Iterator[FloatImage]:
        with closing(bands):
            yield from bands
        page.findings[share_name] = round(share.pixels / (page.height * page.width), 6)

    mask = page.mask
    return replace(
        page,
        bands=counted(),
        mask=None if mask is None else lambda: _masked(mask(), allowed),
    )


@dataclass
class _Share:
    """How much of the page was allowed."""

    pixels: float = 0.0


def _base(source: Raster, height: int, width: int) -> Callable[[int, int], FloatImage]:
    """Full rows of the source at a size, by first row and count."""
    if (height, width) == (source.height, source.width):
        return lambda top, rows: source.read(top, 0, rows, width)
    large, scan = Resampled(source, height, width), RangeOfScan(source, height, width)
    return lambda top, rows: np.clip(scan.hold(large.read(top, 0, rows, width), top), 0.0, 1.0)


def _mixed(
    bands: Iterator[FloatImage],
    base: Callable[[int, int], FloatImage],
    allowed: Allowed,
    share: _Share,
) -> Iterator[FloatImage]:
    top = 0
    with closing(bands):
        for band in bands:
            rows = band.shape[0]
            weights = allowed.weights(top, 0, rows, allowed.width)[:, :, None]
            share.pixels += float(weights.sum(dtype=np.float64))
            if weights.min() == 1.0:
                yield band
            else:
                before = base(top, rows)
                mixed = before + weights * (band - before)
                yield np.where(weights == 1.0, band, np.where(weights == 0.0, before, mixed))
            top += rows


def _masked(bands: Iterator[UInt8Image], allowed: Allowed) -> Iterator[UInt8Image]:
    top = 0
    for band in bands:
        weights = allowed.weights(top, 0, band.shape[0], allowed.width)[:, :, None]
        yield np.where(weights > 0.0, band, np.uint8(0))
        top += band.shape[0]
