"""The restored page in its master's colours, to be compared with the master."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from restoration.raster.base import Raster
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.mapped import MappedRaster
from restoration.raster.tiff.page import TiffPage, open_directory, open_page
from restoration.records.delivery import DeliveredPage, DeliveryDone
from restoration.records.stage import AppliedPage


class ShownPage(Raster, Protocol):
    """A page as the report needs it."""

    @property
    def profile(self) -> bytes | None: ...

    @property
    def bits(self) -> int: ...

    @property
    def orientation(self) -> int: ...


class MappedPage(MappedRaster):
    """A page whose tones a table maps, with what the mapped page itself states."""

    def __init__(self, page: TiffPage, table: ToneTable) -> None:
        super().__init__(page, table)
        self.profile = page.profile
        self.bits = page.bits
        self.orientation = page.orientation


def open_restored(
    opened: ExitStack, results: Path, deliverable: Path, delivered: DeliveryDone, number: int
) -> ShownPage:
    """The page as it was restored: the deliverable's, unless that was converted to another profile.

    Then it is what was converted, since codes of two colour spaces cannot be compared: the last
    stage's image, or the master where no stage wrote one, with the tones that delivery gave it.
    Where that image is gone, it is the deliverable after all: see `only_converted`.
    """
    if not _was_converted(delivered, number) or only_converted(results, delivered, number):
        return opened.enter_context(open_directory(deliverable, _directory(delivered, number)))
    last = _last_applied(delivered, number)
    image = None if last is None else last.image
    if image is None:
        page = opened.enter_context(open_page(delivered.master.path, number))
    else:
        page = opened.enter_context(open_page(results / image))
    tones = None if last is None else last.tones
    return page if tones is None else MappedPage(page, ToneTable.from_record(tones.raw()))


def _page(delivered: DeliveryDone, number: int) -> DeliveredPage | None:
    """What the delivery says of a page; None where it says nothing of it."""
    pages = delivered.deliverable.pages
    return next((page for page in pages if page.number == number), None)


def _directory(delivered: DeliveryDone, number: int) -> int:
    """Where a page is in the deliverable, which may hold infrared pictures between the pages."""
    page = _page(delivered, number)
    return number - 1 if page is None or page.directory is None else page.directory


def only_converted(results: Path, delivered: DeliveryDone, number: int) -> bool:
    """Whether of a page's result only the deliverable is left, in another profile than the
    master's: then their codes differ wherever there is colour, and nothing follows from that."""
    last = _last_applied(delivered, number)
    if last is None or last.image is None or not _was_converted(delivered, number):
        return False
    return not (results / last.image).is_file()


def _was_converted(delivered: DeliveryDone, number: int) -> bool:
    page = _page(delivered, number)
    return page is not None and page.profile is not None and page.profile.converted


def _last_applied(delivered: DeliveryDone, number: int) -> AppliedPage | None:
    """What the last stage that changed a page says of it; None where none did."""
    applied = [
        page
        for stage in delivered.stages
        for page in stage.pages
        if page.number == number and isinstance(page, AppliedPage)
    ]
    return applied[-1] if applied else None
