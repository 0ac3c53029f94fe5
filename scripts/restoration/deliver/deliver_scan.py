"""Delivery: the deliverable TIFF of one scan, written, read back and compared with what was meant.

A page comes from the last stage's intermediate, or, where every stage declined, straight from the
master: then its pixels are the master's, bit for bit. Memory is bounded by bands of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from restoration.config.settings import DeliverSettings, IngestSettings
from restoration.deliver.carried_tags import carry_over, recoloured
from restoration.deliver.deliverable_record import MadePage, deliverable_record
from restoration.deliver.infrared_delivery import page_as_it_was
from restoration.deliver.outgoing_profile import outgoing_profile
from restoration.deliver.read_back import compare
from restoration.deliver.resolution import resolution_notes, resolution_of
from restoration.deliver.write_tiff import DeliverablePage, write_deliverable
from restoration.deliver.xmp.packet import Provenance, StageEvent, build_packet
from restoration.errors import ScanError
from restoration.ingest.inspect_master import hash_file
from restoration.raster.base import FloatImage, UInt16Image, to_float, to_uint16
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.mapped import MappedRows
from restoration.raster.resample import Resampled
from restoration.raster.tiff.kinds import JPEG, SCALES
from restoration.raster.tiff.page import TiffPage, open_infrared, open_page
from restoration.raster.tiff.write_intermediate import CLASSIC_LIMIT, Rational
from restoration.records.delivery import (
    Deliverable,
    Finished,
)
from restoration.records.ingest import Master
from restoration.storage.fixity import AlteredMasterError
from restoration.storage.keys import canonical_json


@dataclass(frozen=True)
class PageToDeliver:
    """One page of the scan after its last stage."""

    number: int
    """1 for the first page of the master."""
    image: Path | None
    """The last intermediate; None where every stage declined."""
    ppi: tuple[float, float] | None
    """Resolution of the result; looked at only where the size differs from the master's."""
    events: tuple[StageEvent, ...] = ()
    """What each stage did or why it did nothing, in order, for the page's history."""
    tones: ToneTable | None = None
    """By which the values are mapped on their way into the deliverable; None leaves them."""
    finished: Finished = field(default_factory=Finished)
    """What was measured on the finished picture."""


@dataclass(frozen=True)
class Delivery:
    """What a deliverable is made for."""

    scan: str
    recipe: str
    key: str
    """The key of the delivery: identifiers are made from it."""
    when: str
    """ISO 8601, for the history."""
    software: str
    """Name and version of this workflow."""
    limits: IngestSettings = field(default_factory=lambda: IngestSettings.model_validate({}))
    """Those under which the master was ingested."""
    classic_limit: int = CLASSIC_LIMIT
    """Bytes of uncompressed pixels from which the deliverable is BigTIFF."""
    expected: str | None = None
    """SHA-256 of the deliverable that is made again, where it was lost or damaged."""
    instance: str = ""
    """As in ``Provenance``: not empty where the lost one could not be had again."""


def deliver_scan(
    delivery: Delivery,
    *,
    master: Path,
    ingest: Master,
    pages: Sequence[PageToDeliver],
    settings: DeliverSettings,
    output: Path,
) -> Deliverable:
    """Writes the deliverable of one scan and returns what the record says of it.

    ``ingest`` is the master's record, of which the SHA-256 is compared once more. The file is
    read back before it gets its name: pixels, profile, resolution, tags and XMP.

    The record: ``sha256``, ``bytes``, ``bigtiff``, ``compression``, ``verified`` (what was
    compared), ``master_sha256`` and ``pages``, each with size, depth, resolution, identifiers,
    what delivery itself changed (``conversions``), its colours (``profile``: see
    `OutgoingProfile.record`), which tags were left (``not_carried``), what is odd about those that
    were handed on (``notes``), whether a tone table was applied (``tones``), ``clipped``: of each
    channel the share of samples that it newly put to 0 and to full, and what was measured on the
    finished picture (``finished``). ``infrared``: pages that were delivered as they were, each with
    the ``page`` it belongs to. Each has its ``directory`` in the file, from 0: the master's order.
    ``left_out``: what of the master is not in the file, in words.

    Raises ScanError where the master changed since ingest, cannot be read, the pages do not fit
    it, or the metadata read back mean something else; CircumstanceError where the disk fails or
    the file read back differs; OtherBytesError, with no file written, where it is not what was
    ``expected``.
    """
    if [page.number for page in pages] != list(range(1, len(ingest.pages) + 1)):
        raise ScanError(
            f"{master.name}: expected results for pages 1 to {len(ingest.pages)}, found "
            f"{[page.number for page in pages]}; run the scan's stages again"
        )
    with ExitStack() as files:
        restored = [_make(files, delivery, master, ingest, page, settings) for page in pages]
        beside = [_make_infrared(files, delivery, master, page.number) for page in pages]
        made = sorted(
            [*restored, *(one for one in beside if one is not None)], key=lambda one: one.place
        )
        ready = [one.page for one in made]

        def check(part: Path) -> None:
            compare(part, ready, output.name, big_allowed=delivery.limits)
            # Before the deliverable gets its name: a master that changed has no deliverable.
            _same_master(master, ingest)

        written = write_deliverable(
            output,
            ready,
            settings.compression,
            classic_limit=delivery.classic_limit,
            check=check,
            expected=delivery.expected,
        )
    return deliverable_record(output, ingest, made, written, settings)


def _same_master(master: Path, ingest: Master) -> None:
    found, _ = hash_file(master)
    if found != ingest.sha256:
        raise AlteredMasterError(
            f"{master.name}: expected the master that was ingested (SHA-256 {ingest.sha256}), "
            f"found {found}: it changed while it was processed; find out why, then run again "
            "(where not even its time changed: put back a sound copy and `make retry`, or touch "
            "it, should the new content be meant)"
        )


def _make(
    files: ExitStack,
    delivery: Delivery,
    master: Path,
    ingest: Master,
    page: PageToDeliver,
    settings: DeliverSettings,
) -> MadePage:
    original = files.enter_context(open_page(master, page.number, limits=delivery.limits))
    result = original
    if page.image is not None:
        result = files.enter_context(open_page(page.image, 1))
        if result.channels != original.channels:
            raise ScanError(
                f"{master.name}, page {page.number}: expected {original.channels} channels, "
                f"found {result.channels} in {page.image.name}; run its stages again"
            )
    mapped = _mapped_rows(master, page, result)
    bits = 16 if settings.depth == "16" else original.bits
    resized = (result.height, result.width) != (original.height, original.width)
    resolution, unit = resolution_of(original, page.ppi, resized)
    carried = carry_over(original, result.height, result.width)
    where = master.name if original.pages == 1 else f"{master.name}, page {page.number}"
    size = (result.height, result.width)
    outgoing = outgoing_profile(original.profile, original.channels, size, settings, where)
    if outgoing.changed:
        carried = recoloured(carried, srgb=outgoing.is_srgb)
    conversions = (*_conversions(original, bits), *outgoing.said())
    if outgoing.conversion is not None and "associated_alpha" in original.extra:
        conversions += ("colours that alpha multiplies are converted as they are stored",)
    orientation = original.orientation if 274 in original.directory.entries else None
    packet, notes = build_packet(
        carried.xmp,
        _provenance(delivery, master.name, ingest, page, conversions, outgoing.warning),
        tiff=_tiff_properties(original, result, bits, orientation, resolution, unit, resized),
        profile=(outgoing.name, outgoing.is_srgb) if outgoing.changed else None,
    )
    ready = DeliverablePage(
        height=result.height,
        width=result.width,
        channels=result.channels,
        bits=bits,
        codes=outgoing.rows(mapped or _rows(result), bits),
        extra=original.extra,
        extra_codes=_extra_rows(original, result.height, result.width),
        profile=outgoing.data,
        resolution=resolution,
        resolution_unit=unit,
        orientation=orientation,
        carried=carried,
        xmp=packet,
    )
    source = "master" if page.image is None else page.image.name
    place = original.directory.index
    said = (*carried.notes, *resolution_notes(original, resolution, resized), *notes)
    return MadePage(
        page.number, place, ready, source, outgoing, conversions, said, mapped, page.finished
    )


def _make_infrared(
    files: ExitStack, delivery: Delivery, master: Path, number: int
) -> MadePage | None:
    """The infrared picture of a page, ready to be written as it was; None where it has none."""
    original = open_infrared(master, number, limits=delivery.limits)
    if original is None:
        return None
    files.enter_context(original)
    conversions = _conversions(original, original.bits)
    ready, place = page_as_it_was(original), original.directory.index
    notes = (*ready.carried.notes, *resolution_notes(original, ready.resolution, False))
    return MadePage(number, place, ready, "master", None, conversions, notes, None, Finished())


def _provenance(
    delivery: Delivery,
    master_name: str,
    ingest: Master,
    page: PageToDeliver,
    conversions: tuple[str, ...],
    warning: str | None,
) -> Provenance:
    """The page's history; delivery is its last event, and changes no more than the form.

    warning: what is doubtful about the colours.
    """
    # Each page of a multipage deliverable is a document of its own.
    key = f"{delivery.key}:{page.number}"
    saved = StageEvent(
        stage="deliver",
        action="saved",
        when=delivery.when,
        applied=True,
        reason=None,
        parameters=canonical_json(
            {"conversions": list(conversions), **({"colours": warning} if warning else {})}
        ),
        generative=False,
        networks=(),
        key=key,
    )
    return Provenance(
        key=key,
        master_sha256=ingest.sha256,
        master_name=master_name,
        scan=delivery.scan,
        recipe=delivery.recipe,
        when=delivery.when,
        software=delivery.software,
        events=(*page.events, saved),
        instance=delivery.instance,
        finished=page.finished.said,
    )


def _tiff_properties(
    original: TiffPage,
    result: TiffPage,
    bits: int,
    orientation: int | None,
    resolution: tuple[Rational, Rational] | None,
    unit: int,
    resized: bool,
) -> dict[str, str | int | None]:
    """What the tags of the page say, restated for readers of XMP alone; None takes out."""
    samples = result.channels + len(original.extra)
    stated: dict[str, str | int | None] = {
        "ImageWidth": result.width,
        "ImageLength": result.height,
        "BitsPerSample": " ".join([str(bits)] * samples),
        "SamplesPerPixel": samples,
        "PhotometricInterpretation": 2 if result.channels == 3 else 1,
    }
    if orientation is not None:
        stated["Orientation"] = orientation
    if resolution is not None:
        across, down = (f"{above}/{below}" for above, below in resolution)
        stated |= {"XResolution": across, "YResolution": down, "ResolutionUnit": unit}
    elif resized:
        # A master that states it in its XMP alone means its own size.
        stated |= {"XResolution": None, "YResolution": None, "ResolutionUnit": None}
    return stated


def _rows(source: TiffPage) -> Callable[[int, int], UInt16Image]:
    return lambda top, rows: source.read_codes(top, 0, rows, source.width)


def _mapped_rows(master: Path, page: PageToDeliver, result: TiffPage) -> MappedRows | None:
    """The page's rows through its tone table; before any change of depth, so in 16 bits."""
    if page.tones is None:
        return None
    if page.tones.channels != result.channels:
        raise ScanError(
            f"{master.name}, page {page.number}: expected a tone table of {result.channels} "
            f"channels, found {page.tones.channels}; run its stages again"
        )
    return MappedRows(_rows(result), page.tones, result.height, result.width)


def _extra_rows(
    original: TiffPage, height: int, width: int
) -> Callable[[int, int], UInt16Image] | None:
    """Rows of the samples beside the picture, resampled where the picture was."""
    if not original.extra:
        return None
    if (original.height, original.width) == (height, width):
        return _ExtraSamples(original).rows
    resampled = Resampled(_ExtraSamples(original), height, width)
    return lambda top, rows: to_uint16(resampled.read(top, 0, rows, width))


@dataclass(frozen=True)
class _ExtraSamples:
    """The samples beside the picture as a raster of their own; they never meet a network."""

    page: TiffPage

    @property
    def height(self) -> int:
        return self.page.height

    @property
    def width(self) -> int:
        return self.page.width

    @property
    def channels(self) -> int:
        return len(self.page.extra)

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        return to_float(self._codes(top, left, height, width))

    def rows(self, top: int, rows: int) -> UInt16Image:
        return self._codes(top, 0, rows, self.width)

    def _codes(self, top: int, left: int, height: int, width: int) -> UInt16Image:
        codes = self.page.read_extra(top, left, height, width)
        assert codes is not None
        return codes


def _conversions(original: TiffPage, bits: int) -> tuple[str, ...]:
    """What delivery changes in the form of the values, though not in what they show."""
    changes = []
    if original.layout.photometric == 0:
        changes.append("min-is-white to black-is-zero, values inverted")
    stored = original.layout.bits
    if original.layout.photometric == 3:
        changes.append(f"palette to RGB, {original.bits} bits as in its colour map")
    elif stored < 8:
        changes.append(f"{stored} to 8 bits, values times {SCALES[stored]}")
    if original.layout.photometric == 6:
        inside = " inside JPEG" if original.layout.compression in JPEG else ""
        changes.append(f"YCbCr{inside} to RGB")
    if bits != original.bits:
        changes.append(f"{original.bits} to {bits} bits, values times 257")
    return tuple(changes)
