"""Taking the mapping of tones back, from the deliver record and the deliverable alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from restoration import __version__
from restoration.config.settings import IngestSettings
from restoration.deliver.carried_tags import carry_over
from restoration.deliver.infrared_delivery import page_as_it_was
from restoration.deliver.read_back import compare
from restoration.deliver.resolution import resolution_of
from restoration.deliver.write_tiff import DeliverablePage, write_deliverable
from restoration.deliver.xmp.packet import Provenance, StageEvent, build_packet
from restoration.errors import ScanError
from restoration.raster.base import UInt16Image
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.tiff.page import TiffPage, default_limits, open_directory
from restoration.records.base import read_head
from restoration.records.delivery import DeliveredPage, DeliveryDone
from restoration.records.stage import AppliedPage
from restoration.storage.keys import canonical_json, digest
from restoration.storage.publish import sha256_of
from restoration.storage.records import READABLE, read_raw
from restoration.storage.text_files import now

SOFTWARE = f"archival-scan-restoration {__version__}"


def undo(record: Path, deliverable: Path, output: Path) -> list[str]:
    """Write the deliverable with the values that it had before its tones were mapped.

    record: results/<recipe>/deliver/<scan>.json; output: a file that does not exist yet. Size,
    depth, profile and tags are the deliverable's. A 16-bit value is within 1 of what went in,
    where nothing was clipped and no uneven stain pressed tones together.

    Returns what is to be known of the result, one line each. Raises ScanError, one line, where the
    record is none, does not belong to the file, holds no table, or the profile was converted;
    CircumstanceError where the disk fails.
    """
    said = _deliver_record(record)
    tables = _tables(said, record)
    if output.exists():
        raise ScanError(f"{output}: exists already; name a file that does not")
    _same_file(said, deliverable)
    limits = _any_size(default_limits())
    with ExitStack() as files:
        pages = [
            files.enter_context(open_directory(deliverable, at, limits=limits))
            for _, at in sorted((page.number, _place(page)) for page in said.deliverable.pages)
        ]
        numbered = list(zip(sorted(tables), pages, strict=True))
        for number, page in numbered:
            _same_profile(said, number, page, deliverable)
        made = {
            page.directory.index: _page(page, tables[number], _packet(said, number, page, tables))
            for number, page in numbered
        }
        for infrared in said.deliverable.infrared:
            at = infrared.directory
            own = files.enter_context(open_directory(deliverable, at, limits=limits))
            made[at] = page_as_it_was(own)
        written = [made[at] for at in sorted(made)]
        write_deliverable(
            output,
            written,
            said.deliverable.compression,
            check=lambda part: compare(part, written, output.name, big_allowed=limits),
        )
    return _notes(said, tables, [page.bits for page in pages])


def _place(page: DeliveredPage) -> int:
    """The directory of a page in the deliverable; an earlier version wrote the pages alone."""
    return page.number - 1 if page.directory is None else page.directory


def _deliver_record(path: Path) -> DeliveryDone:
    raw = read_raw(path, READABLE)
    head = None if raw is None else read_head(raw, path)
    if raw is None or head is None or (head.stage, head.status) != ("deliver", "done"):
        raise ScanError(
            f"{path}: expected the deliver record of a scan (results/<recipe>/deliver/<scan>.json)"
            ", found something else; name that file"
        )
    return DeliveryDone.read(raw, path)


def _tables(said: DeliveryDone, path: Path) -> dict[int, ToneTable | None]:
    """The table of each page, None where its tones were left."""
    tables: dict[int, ToneTable | None] = {page.number: None for page in said.deliverable.pages}
    try:
        for stage in said.stages:
            for page in stage.pages:
                if isinstance(page, AppliedPage) and page.tones is not None:
                    tables[page.number] = ToneTable.from_record(page.tones.raw())
    except (TypeError, ValueError) as error:
        raise ScanError(
            f"{path}: the record is damaged ({error}); deliver the scan again"
        ) from None
    if not any(tables.values()):
        raise ScanError(f"{path}: no tones of this scan were mapped; there is nothing to undo")
    return tables


def _same_file(said: DeliveryDone, deliverable: Path) -> None:
    if not deliverable.is_file():
        raise ScanError(f"{deliverable}: is missing; name the deliverable of the record")
    found = sha256_of(deliverable)
    if found != said.deliverable.sha256:
        raise ScanError(
            f"{deliverable}: expected the file of the record (SHA-256 "
            f"{said.deliverable.sha256}), found {found}; another file, or changed since"
        )


def _same_profile(said: DeliveryDone, number: int, page: TiffPage, deliverable: Path) -> None:
    """A table is in the encoding of the master's profile and of no other."""
    master = said.master.master.pages[number - 1].icc
    found = None if page.profile is None else hashlib.sha256(page.profile).hexdigest()
    if (None if master is None else master.sha256) != found:
        raise ScanError(
            f"{deliverable}, page {number}: expected the profile of the master, found another:"
            " its values were converted after the tones were mapped; undo them in a deliverable "
            "that keeps the master's profile"
        )


def _any_size(limits: IngestSettings) -> IngestSettings:
    """A deliverable is larger than any master may be: its size is ours."""
    return limits.model_copy(update={"max_pixels": 2**62, "max_side": 2**31 - 1, "max_ratio": 1e9})


def _rows(page: TiffPage, table: ToneTable | None) -> Callable[[int, int], UInt16Image]:
    def rows(top: int, count: int) -> UInt16Image:
        codes = page.read_codes(top, 0, count, page.width)
        return codes if table is None else table.undone(codes, top, page.height)

    return rows


def _extra(page: TiffPage) -> Callable[[int, int], UInt16Image] | None:
    def rows(top: int, count: int) -> UInt16Image:
        codes = page.read_extra(top, 0, count, page.width)
        assert codes is not None
        return codes

    return rows if page.extra else None


def _page(page: TiffPage, table: ToneTable | None, xmp: bytes) -> DeliverablePage:
    resolution, unit = resolution_of(page, None, resized=False)
    return DeliverablePage(
        height=page.height,
        width=page.width,
        channels=page.channels,
        bits=page.bits,
        codes=_rows(page, table),
        extra=page.extra,
        extra_codes=_extra(page),
        profile=page.profile,
        resolution=resolution,
        resolution_unit=unit,
        orientation=page.orientation if 274 in page.directory.entries else None,
        carried=carry_over(page, page.height, page.width),
        xmp=xmp,
    )


def _packet(
    said: DeliveryDone, number: int, page: TiffPage, tables: Mapping[int, ToneTable | None]
) -> bytes:
    """The history says that this file is the deliverable with its tones undone."""
    table = tables[number]
    key = digest(["undo", said.deliverable.sha256, number])
    when = now()
    event = StageEvent(
        stage="undo-colour",
        action="edited",
        when=when,
        applied=table is not None,
        reason=None if table is not None else "the tones of this page were not mapped",
        parameters=canonical_json({"tones_sha256": None if table is None else table.sha256}),
        generative=False,
        networks=(),
        key=key,
    )
    provenance = Provenance(
        key=key,
        master_sha256=said.deliverable.sha256,
        master_name=said.deliverable.file,
        scan=said.scan,
        recipe=said.recipe,
        when=when,
        software=SOFTWARE,
        events=(event,),
    )
    packet, _ = build_packet(carry_over(page, page.height, page.width).xmp, provenance, tiff={})
    return packet


def _notes(
    said: DeliveryDone, tables: Mapping[int, ToneTable | None], bits: Sequence[int]
) -> list[str]:
    notes = []
    if 8 in bits:
        notes.append(
            "the deliverable has 8 bits: values come back to about 1/255 at best; deliver with "
            "`depth: '16'` to undo to 1/65535"
        )
    for page in said.deliverable.pages:
        if any(share for channel in page.clipped or () for share in channel):
            notes.append(f"page {page.number}: what the mapping clipped does not come back")
        table = tables[page.number]
        if table is not None and table.stain is not None:
            notes.append(f"page {page.number}: the uneven stain is put back as well")
    return notes
