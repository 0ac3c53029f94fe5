"""Ingest: fixity, validation and metadata of a master; nothing of it is changed or copied."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restoration.config.settings import IngestSettings
from restoration.errors import CircumstanceError
from restoration.raster.tiff.contents import Contents, nth, read_contents
from restoration.raster.tiff.embedded_metadata import (
    exif_record,
    icc_record,
    iptc_record,
    tags_record,
    xmp_record,
)
from restoration.raster.tiff.kinds import PHOTOMETRIC
from restoration.raster.tiff.page import TiffPage, infrared_page, page_of
from restoration.raster.tiff.tags import MAX_OVERLAP, MasterFile, TiffTags, expected_found
from restoration.records.ingest import (
    InfraredPicture,
    Iptc,
    Master,
    MasterPage,
    Profile,
    SetAside,
    Xmp,
)
from restoration.storage.keys import Facts

HASH_CHUNK = 8 * 2**20
"""Bytes that are read at a time while hashing."""


def hash_file(path: str | Path) -> tuple[str, int]:
    """SHA-256 (lower-case hexadecimal) and size in bytes of a file, read in pieces.

    Raises ScanError where there is no readable file, CircumstanceError where the disk fails or
    the file changes under the reading.
    """
    with _unchanged(Path(path)):
        file = MasterFile(Path(path))
        try:
            digest = hashlib.sha256()
            for start in range(0, file.size, HASH_CHUNK):
                digest.update(file.read(start, min(HASH_CHUNK, file.size - start)))
            return digest.hexdigest(), file.size
        finally:
            file.close()


def inspect_master(path: str | Path, limits: IngestSettings) -> Facts:
    """All that a master says about itself, without decoding a pixel; JSON-able.

    ``sha256``, ``bytes``, ``mtime_ns``, ``byte_order``, ``bigtiff``; ``pages``, one for each page
    of the scan; ``infrared``, one for each infrared picture in a directory of its own, with the
    ``page`` that it belongs to; ``set_aside``, the directories that are not delivered, with the
    reason and whether anything is ``lost``; ``tags``, ``exif``, ``xmp`` and ``iptc`` of the first
    page (each page has its own ``tags``); ``warnings``.

    The SHA-256 is taken before anything else is read. Raises ScanError, in one line, for a file
    that cannot be carried through the workflow exactly (see ``raster.tiff.layout``);
    CircumstanceError where the disk fails or the file changes while it is read, as during a copy.
    """
    path = Path(path)
    with _unchanged(path) as identity:
        sha256, size = hash_file(path)
        file = MasterFile(path)
        try:
            fixity = {"sha256": sha256, "bytes": size, "mtime_ns": identity[-1]}
            return _describe(file, TiffTags(file, limits), fixity).raw()
        finally:
            file.close()


def _describe(file: MasterFile, tags: TiffTags, fixity: Facts) -> Master:
    """fixity: what the record says of the file as a whole."""
    contents = read_contents(tags)
    directories = contents.pages
    warnings: list[str] = []
    pages: list[MasterPage] = []
    stored = 0
    for number, directory in enumerate(directories, 1):
        prefix = f"page {number}: " if len(directories) > 1 else ""
        page = page_of(file, tags, contents, number)
        stored = _with_stored(stored, page, file)
        record, found = _page_record(page, number, directory.index)
        pages.append(record)
        warnings += [prefix + text for text in found]
    infrared = []
    for number, known in contents.infrared.items():
        own = infrared_page(file, tags, contents, number)
        assert own is not None
        stored = _with_stored(stored, own, file)
        of_page, found = _infrared_record(own, pages[number - 1], known.why)
        infrared.append(of_page)
        place = nth(tags, known.directory)
        warnings += [f"{place}: {text}" for text in found]
    warnings += _left_out(tags, contents)
    first = directories[0]
    exif, exif_warnings = exif_record(tags, first)
    iptc, iptc_warnings = iptc_record(tags, first)
    xmp = xmp_record(tags, first)
    return Master(
        **fixity,
        byte_order="little" if tags.order == "<" else "big",
        bigtiff=tags.big,
        pages=tuple(pages),
        infrared=tuple(infrared),
        set_aside=tuple(
            SetAside(directory=one.directory.index, reason=one.reason, lost=one.told)
            for one in contents.left
        ),
        tags=pages[0].tags,
        exif=exif,
        xmp=None if xmp is None else Xmp(**xmp),
        iptc=None if iptc is None else Iptc(**iptc),
        warnings=(*warnings, *exif_warnings, *iptc_warnings),
    )


def _with_stored(stored: int, page: TiffPage, file: MasterFile) -> int:
    """The stored bytes of the pages so far. Raises ScanError where they are too many."""
    stored += int(page.layout.counts.sum())
    if stored > MAX_OVERLAP * file.size:
        remedy = "save it anew from an image editor, or restore it from a copy"
        much = f"{stored} bytes of them in a file of {file.size}"
        raise expected_found(file.name, "strips or tiles that lie beside each other", much, remedy)
    return stored


def _left_out(tags: TiffTags, contents: Contents) -> list[str]:
    """Of what is not delivered, a line each; and how pages are counted where one is missing."""
    told = [one for one in contents.left if one.told]
    lines = [f"{nth(tags, one.directory)} is not delivered: {one.reason}" for one in told]
    for number, directory in enumerate(contents.pages, 1):
        before = [one for one in told if one.directory.index < directory.index]
        if before:
            lines.append(f"page {number} of the scan is {nth(tags, directory)}")
    return lines


def _infrared_record(page: TiffPage, of: MasterPage, why: str) -> tuple[InfraredPicture, list[str]]:
    """What is recorded of an infrared picture, and what a person is told of it."""
    warnings = [] if why.startswith("it says") else [f"taken for the infrared picture: {why}"]
    size = (page.width, page.height)
    if size != (of.width, of.height):
        warnings.append(
            f"the infrared picture is {size[0]} x {size[1]} px and page {page.number} is "
            f"{of.width} x {of.height} px: it is delivered and used for nothing"
        )
    stated = _stated(page, page.directory.index)
    return InfraredPicture(page=page.number, why=why, **stated), warnings


def _page_record(page: TiffPage, number: int, directory: int) -> tuple[MasterPage, list[str]]:
    icc, warnings = icc_record(page.profile, page.channels)
    if "associated_alpha" in page.extra:
        warnings.append(
            "the colours are premultiplied by the alpha channel; they are read as stored"
        )
    profile = None if icc is None else Profile(**icc)
    record = MasterPage(number=number, icc=profile, **_stated(page, directory))
    return record, [*page.notes, *warnings]


def _stated(page: TiffPage, directory: int) -> Facts:
    """What the tags of a picture say of it, by the fields of ``Picture``."""
    return {
        "directory": directory,
        "width": page.width,
        "height": page.height,
        "bits": page.bits,
        "photometric": PHOTOMETRIC[page.layout.photometric],
        "channels": page.channels,
        "extra": page.extra,
        "compression": page.compression,
        "tiled": page.tiled,
        "planar": page.layout.separate,
        "orientation": page.orientation,
        "ppi": page.ppi,
        "tags": tags_record(page.tags, page.directory),
    }


def _identity(path: Path) -> tuple[int, ...]:
    """What changes when a file is written to or replaced; empty where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 (no shorter with Path)
    except OSError:
        return ()  # opening it says why, better than we could here
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _unchanged(path: Path) -> Iterator[tuple[int, ...]]:
    """Raises CircumstanceError, whatever else went wrong inside, where the file has changed."""
    before = _identity(path)
    try:
        yield before
    finally:
        if _identity(path) != before:
            raise CircumstanceError(
                f"{path.name}: expected the same file before and after reading, found that it "
                "changed or went away; wait until it is copied completely and start the run again"
            )
