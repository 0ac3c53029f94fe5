"""What the deliver record says of a deliverable and of each of its pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from restoration.config.settings import DeliverSettings
from restoration.deliver.left_out import left_out
from restoration.deliver.outgoing_profile import OutgoingProfile
from restoration.deliver.write_tiff import DeliverablePage, WrittenDeliverable
from restoration.deliver.xmp.packet import read_properties
from restoration.raster.mapped import MappedRows
from restoration.records.delivery import (
    Deliverable,
    DeliveredInfrared,
    DeliveredPage,
    DeliveredProfile,
    Finished,
    ResolutionUnit,
)
from restoration.records.ingest import Master


@dataclass(frozen=True)
class MadePage:
    """A page that is ready to be written, and what is said of it."""

    number: int
    """Of the page; of an infrared one, the page that it belongs to."""
    place: int
    """Its directory in the master."""
    page: DeliverablePage
    source: str
    outgoing: OutgoingProfile | None
    """None where the picture is delivered as it was."""
    conversions: tuple[str, ...]
    notes: tuple[str, ...]
    mapped: MappedRows | None
    """The page's rows where a tone table maps them."""
    finished: Finished


def deliverable_record(
    output: Path,
    ingest: Master,
    made: Sequence[MadePage],
    written: WrittenDeliverable,
    settings: DeliverSettings,
) -> Deliverable:
    """What the deliver record says of the file; made: its directories in order."""
    notes = []
    if written.compression != settings.compression:
        notes.append("LZW would have exceeded 4 GiB: written without compression")
    return Deliverable(
        file=output.name,
        sha256=written.sha256,
        bytes=output.stat().st_size,
        bigtiff=written.bigtiff,
        compression=written.compression,
        master_sha256=ingest.sha256,
        verified=_VERIFIED,
        notes=tuple(notes),
        pages=tuple(
            _page_record(one, one.outgoing, at)
            for at, one in enumerate(made)
            if one.outgoing is not None
        ),
        infrared=tuple(
            _infrared_record(one, at) for at, one in enumerate(made) if one.outgoing is None
        ),
        left_out=tuple(left_out(ingest)),
    )


_VERIFIED = (
    "pixels", "icc", "resolution", "tags", "exif", "meaning of exif, gps and iptc", "xmp",
    "pages", "master",
)  # fmt: skip

_UNITS: Mapping[int, ResolutionUnit] = {1: "none", 2: "inch", 3: "centimetre"}


def _infrared_record(one: MadePage, at: int) -> DeliveredInfrared:
    page = one.page
    return DeliveredInfrared(
        page=one.number,
        directory=at,
        height=page.height,
        width=page.width,
        bits=page.bits,
        conversions=one.conversions,
        not_carried=tuple(page.carried.left),
        notes=one.notes,
    )


def _page_record(one: MadePage, outgoing: OutgoingProfile, at: int) -> DeliveredPage:
    page = one.page
    said = read_properties(page.xmp)
    resolution = None
    if page.resolution is not None:
        across, down = (above / below for above, below in page.resolution)
        resolution = across, down
    return DeliveredPage(
        number=one.number,
        directory=at,
        source=one.source,
        height=page.height,
        width=page.width,
        channels=page.channels,
        bits=page.bits,
        extra=page.extra,
        resolution=resolution,
        resolution_unit=None if resolution is None else _UNITS[page.resolution_unit],
        document_id=said["DocumentID"],
        instance_id=said["InstanceID"],
        digital_source_type=said["DigitalSourceType"],
        conversions=one.conversions,
        tones=one.mapped is not None,
        clipped=None if one.mapped is None else tuple(map(tuple, one.mapped.clipped())),
        finished=one.finished,
        profile=DeliveredProfile(**outgoing.record()),
        not_carried=tuple(page.carried.left),
        notes=one.notes,
    )
