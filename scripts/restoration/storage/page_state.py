"""A page between two steps, and the files that records name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from restoration.records.delivery import DeliveryDone, FileBeside
from restoration.records.stage import AppliedPage, StagePage, ToneTableRecord
from restoration.storage.image_places import mask_path


@dataclass(frozen=True)
class PageState:
    """A page as one step leaves it."""

    number: int
    key: str
    image: str | None
    """Path below the results; None where it is still the master's own page."""
    owner: str | None
    """The step that wrote ``image``."""
    height: int
    width: int
    ppi: tuple[float, float] | None
    generated: bool = False
    """Whether a generative network made pixels of it, in this step or an earlier one."""
    tones: ToneTableRecord | None = None
    """The tone table by which delivery is still to map ``image``; None where
    no stage handed it one."""


def delivered_files(record: DeliveryDone) -> dict[str, str]:
    """Name and SHA-256 of each file that a true deliver record names, all in its own folder."""
    beside = {one.file: one.sha256 for one in files_beside(record)}
    return {f"{record.scan}.tif": record.deliverable.sha256, **beside}


def files_beside(record: DeliveryDone) -> list[FileBeside]:
    """Each file that a deliver record names beside the deliverable; until schema 2 it named those
    of tone tables alone, as ``cubes``."""
    made = record.deliverable
    tables = [FileBeside(kind="cube", file=c.file, sha256=c.sha256) for c in made.cubes or ()]
    return [*made.files, *tables]


def has_own_image(page: StagePage) -> bool:
    """Whether the step of this entry wrote an image of the page: not where it declined, nor where
    it only maps values, which delivery does."""
    return isinstance(page, AppliedPage) and page.tones is None


def mask_of(page: AppliedPage, image: Path) -> Path:
    """Where the mask of a page lies that its record names: beside the image, as
    ``<scan>.mask.tif``, where an earlier version wrote it."""
    assert page.mask is not None
    beside = image.with_name(f"{image.stem}.mask.tif")
    return beside if PurePath(page.mask).name == beside.name else mask_path(image)
