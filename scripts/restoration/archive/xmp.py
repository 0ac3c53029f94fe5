"""The XMP packet of a deliverable: the master's own properties, and what was done to it.

Sources: XMP Specification parts 1 and 2 (ISO 16684-1:2019); IPTC Photo Metadata Standard 2025.1.
The same input gives the same bytes: identifiers are UUIDv5 of keys, times are handed in.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.dom.minidom import Document, Element

from restoration.archive.xmp_reading import (
    RDF,
    XmpError,
    descriptions,
    parse_packet,
    property_values,
    take_property,
)

XMP_NS = "http://ns.adobe.com/xap/1.0/"
MM = "http://ns.adobe.com/xap/1.0/mm/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
REFERENCE = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
EXIF = "http://ns.adobe.com/exif/1.0/"
OWN = "urn:x-archival-scan-restoration:1.0/"
"""Namespace of what no standard has a property for, such as the stages that were not applied."""

PREFIXES = {
    "rdf": RDF, "xmp": XMP_NS, "xmpMM": MM, "stEvt": EVENT, "stRef": REFERENCE,
    "Iptc4xmpExt": IPTC_EXT, "tiff": TIFF, "exif": EXIF, "restoration": OWN,
}  # fmt: skip

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ENHANCED = SOURCE_TYPES + "algorithmicallyEnhanced"
COMPOSITE = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"

_IDENTITY = uuid.UUID("8d0d7f5e-7a44-5c33-9d6f-3b5f0f2f3c11")
"""Namespace of our UUIDv5 identifiers; any fixed value will do, and this one must stay."""

ACTIONS: Mapping[str, str] = {"upscale": "resized", "descreen": "filtered", "denoise": "filtered",
                              "cleanup": "filtered"}  # fmt: skip
"""Stage -> the action of XMP's ResourceEvent; any other stage has 'edited'."""


@dataclass(frozen=True)
class Network:
    """A network that made pixels of this page."""

    name: str
    version: str
    """What tells its weights apart, such as their SHA-256."""


@dataclass(frozen=True)
class StageEvent:
    """What one stage did to this page, or that it did nothing."""

    stage: str
    applied: bool
    when: str
    """ISO 8601."""
    key: str
    """The content hash of the state that the stage left."""
    reason: str | None = None
    """Why it was not applied."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able; what was decided."""
    generative: bool = False
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Geometry:
    """What the TIFF tags of the page say, restated for readers of XMP alone."""

    height: int
    width: int
    bits: int
    samples: int
    rgb: bool
    orientation: int | None
    resolution: tuple[tuple[int, int], tuple[int, int]] | None
    resolution_unit: int


@dataclass(frozen=True)
class Provenance:
    """Where a page comes from and what became of it."""

    scan: str
    page: int
    recipe: str
    key: str
    """The key of the delivery, from which the identifiers are made."""
    when: str
    software: str
    """Name and version of this workflow."""
    master_sha256: str
    events: tuple[StageEvent, ...]
    """In the order in which the stages ran."""
    conversions: tuple[str, ...] = ()
    """What delivery itself changed: depth, palette, polarity."""


@dataclass(frozen=True)
class Packet:
    """A finished packet and what there is to say about it."""

    data: bytes
    document_id: str
    instance_id: str
    source_type: str | None
    """DigitalSourceType; None where nothing was done and the scan states none."""
    notes: tuple[str, ...]


def identifier(kind: str, *parts: object) -> str:
    """An XMP identifier, ``xmp.did:`` or ``xmp.iid:`` and a UUIDv5 of the parts."""
    return f"xmp.{kind}:{uuid.uuid5(_IDENTITY, json.dumps([str(part) for part in parts]))}"


def build_packet(master: bytes | None, provenance: Provenance, geometry: Geometry) -> Packet:
    """The packet for one page.

    ``master`` is the packet of the master's page. What cannot be parsed safely (a document type,
    entities, too large, not XML) is not carried over; a note says so and the master keeps it.
    """
    notes: list[str] = []
    document = _document(master, notes)
    root = document.getElementsByTagNameNS(RDF, "RDF")[0]
    own = _Writer(document, root)
    past = _take_past(document)
    document_id = identifier("did", provenance.key, provenance.page)
    instance_id = identifier("iid", provenance.key, provenance.page, "saved")
    source_type = _source_type(provenance, past)
    _basics(own, provenance, geometry)
    _media_management(own, provenance, past, document_id, instance_id)
    _sources(own, provenance, past, source_type)
    text = document.documentElement.toxml() if document.documentElement else ""
    # Begin and end of a packet: ISO 16684-1, 7.3.2; the id is the specification's constant.
    data = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        + text
        + '\n<?xpacket end="w"?>'
    ).encode()
    return Packet(data, document_id, instance_id, source_type, tuple(notes))


@dataclass(frozen=True)
class _Past:
    """What the master's packet said where ours says something else."""

    document_id: str | None
    instance_id: str | None
    original_id: str | None
    source_type: str | None
    history: tuple[Element, ...]


def _document(master: bytes | None, notes: list[str]) -> Document:
    if master is not None and master.strip(b"\0 \r\n\t"):
        try:
            return parse_packet(master)
        except XmpError as error:
            notes.append(f"the master's XMP is not carried over: {error}")
    return parse_packet(
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'.encode()
    )


def _take_past(document: Document) -> _Past:
    """Takes out of the master's packet what must not stand there twice."""
    found = {
        (space, name): take_property(document, space, name)
        for space, name in (
            (MM, "DocumentID"), (MM, "InstanceID"), (MM, "OriginalDocumentID"),
            (IPTC_EXT, "DigitalSourceType"), (MM, "History"), (MM, "DerivedFrom"),
            (XMP_NS, "ModifyDate"), (XMP_NS, "MetadataDate"), (XMP_NS, "CreatorTool"),
            # Thumbnails show the master.
            (XMP_NS, "Thumbnails"), (IPTC_EXT, "AISystemUsed"), (IPTC_EXT, "AISystemVersionUsed"),
            (TIFF, "ImageWidth"), (TIFF, "ImageLength"), (TIFF, "BitsPerSample"),
            (TIFF, "SamplesPerPixel"), (TIFF, "PhotometricInterpretation"), (TIFF, "Compression"),
            (TIFF, "PlanarConfiguration"), (TIFF, "Orientation"), (TIFF, "XResolution"),
            (TIFF, "YResolution"), (TIFF, "ResolutionUnit"),
            (EXIF, "PixelXDimension"), (EXIF, "PixelYDimension"),
        )
    }  # fmt: skip

    def text(space: str, name: str) -> str | None:
        values = property_values(found[space, name])
        return values[0] if values else None

    history = found[MM, "History"]
    items = tuple(history.getElementsByTagNameNS(RDF, "li")) if isinstance(history, Element) else ()
    return _Past(
        document_id=text(MM, "DocumentID"),
        instance_id=text(MM, "InstanceID"),
        original_id=text(MM, "OriginalDocumentID"),
        source_type=text(IPTC_EXT, "DigitalSourceType"),
        history=items,
    )


def _source_type(provenance: Provenance, past: _Past) -> str | None:
    """IPTC's term for how the picture came about; the scan's own where nothing was done."""
    applied = [event for event in provenance.events if event.applied]
    if not applied:
        return past.source_type
    return COMPOSITE if any(event.generative for event in applied) else ENHANCED


def _basics(own: _Writer, provenance: Provenance, geometry: Geometry) -> None:
    own.text("xmp:CreatorTool", provenance.software)
    own.text("xmp:ModifyDate", provenance.when)
    own.text("xmp:MetadataDate", provenance.when)
    own.text("tiff:ImageWidth", geometry.width)
    own.text("tiff:ImageLength", geometry.height)
    own.sequence("tiff:BitsPerSample", [geometry.bits] * geometry.samples)
    own.text("tiff:SamplesPerPixel", geometry.samples)
    own.text("tiff:PhotometricInterpretation", 2 if geometry.rgb else 1)
    if geometry.orientation is not None:
        own.text("tiff:Orientation", geometry.orientation)
    if geometry.resolution is not None:
        (across, over), (down, under) = geometry.resolution
        own.text("tiff:XResolution", f"{across}/{over}")
        own.text("tiff:YResolution", f"{down}/{under}")
        own.text("tiff:ResolutionUnit", geometry.resolution_unit)


def _media_management(
    own: _Writer, provenance: Provenance, past: _Past, document_id: str, instance_id: str
) -> None:
    """Identifiers, origin and history (ISO 16684-1, 8.2.2.6 and XMP part 2, 1.2.2)."""
    master = provenance.master_sha256
    source = past.document_id or identifier("did", master, provenance.page)
    own.text("xmpMM:DocumentID", document_id)
    own.text("xmpMM:InstanceID", instance_id)
    own.text("xmpMM:OriginalDocumentID", past.original_id or source)
    own.structure(
        "xmpMM:DerivedFrom",
        {
            "stRef:documentID": source,
            "stRef:instanceID": past.instance_id or identifier("iid", master, provenance.page),
            "stRef:originalDocumentID": past.original_id or source,
        },
    )
    events = [_event(provenance, event) for event in provenance.events if event.applied]
    saved = {
        "stEvt:action": "converted" if provenance.conversions else "saved",
        "stEvt:instanceID": instance_id,
        "stEvt:when": provenance.when,
        "stEvt:softwareAgent": provenance.software,
        "stEvt:changed": "/",
    }
    if provenance.conversions:
        saved["stEvt:parameters"] = "; ".join(provenance.conversions)
    own.structures("xmpMM:History", [*events, saved], before=past.history)


def _event(provenance: Provenance, event: StageEvent) -> dict[str, str]:
    parameters = json.dumps(
        {"stage": event.stage, **event.parameters}, sort_keys=True, ensure_ascii=False
    )
    return {
        "stEvt:action": ACTIONS.get(event.stage, "edited"),
        "stEvt:instanceID": identifier("iid", event.key, provenance.page),
        "stEvt:when": event.when,
        "stEvt:softwareAgent": provenance.software,
        "stEvt:changed": "/",
        "stEvt:parameters": parameters,
    }


def _sources(own: _Writer, provenance: Provenance, past: _Past, source_type: str | None) -> None:
    """IPTC's account of algorithms, and ours of what has no property elsewhere."""
    if source_type is not None:
        own.text("Iptc4xmpExt:DigitalSourceType", source_type)
    if past.source_type is not None:
        own.text("restoration:masterDigitalSourceType", past.source_type)
    networks = dict.fromkeys(
        network for event in provenance.events if event.applied for network in event.networks
    )
    if networks:
        own.text("Iptc4xmpExt:AISystemUsed", "; ".join(n.name for n in networks))
        own.text("Iptc4xmpExt:AISystemVersionUsed", "; ".join(n.version for n in networks))
    own.text("restoration:scan", provenance.scan)
    own.text("restoration:page", provenance.page)
    own.text("restoration:recipe", provenance.recipe)
    own.text("restoration:key", provenance.key)
    own.text("restoration:masterSHA256", provenance.master_sha256)
    declined = [event for event in provenance.events if not event.applied]
    if declined:
        own.structures(
            "restoration:notApplied",
            [
                {"restoration:stage": event.stage, "restoration:reason": event.reason or ""}
                for event in declined
            ],
        )


class _Writer:
    """Adds properties to a new rdf:Description of a packet."""

    def __init__(self, document: Document, root: Element) -> None:
        self._document = document
        about = next(
            (d.getAttributeNS(RDF, "about") for d in descriptions(document)), ""
        )  # all of one packet name the same resource
        self._description = self._element("rdf:Description")
        for prefix, space in PREFIXES.items():
            self._description.setAttribute(f"xmlns:{prefix}", space)
        self._description.setAttribute("rdf:about", about)
        root.appendChild(self._description)

    def text(self, name: str, value: object) -> None:
        self._description.appendChild(self._leaf(name, str(value)))

    def sequence(self, name: str, values: Sequence[object]) -> None:
        self._list(name, [self._leaf("rdf:li", str(value)) for value in values])

    def structure(self, name: str, values: Mapping[str, str]) -> None:
        self._description.appendChild(self._resource(name, values))

    def structures(
        self, name: str, items: Sequence[Mapping[str, str]], before: Sequence[Element] = ()
    ) -> None:
        self._list(name, [*before, *(self._resource("rdf:li", item) for item in items)])

    def _list(self, name: str, items: Sequence[Element]) -> None:
        sequence = self._element("rdf:Seq")
        for item in items:
            sequence.appendChild(item)
        holder = self._element(name)
        holder.appendChild(sequence)
        self._description.appendChild(holder)

    def _resource(self, name: str, values: Mapping[str, str]) -> Element:
        element = self._element(name)
        element.setAttribute("rdf:parseType", "Resource")
        for key, value in values.items():
            element.appendChild(self._leaf(key, value))
        return element

    def _leaf(self, name: str, text: str) -> Element:
        element = self._element(name)
        element.appendChild(self._document.createTextNode(_legal(text)))
        return element

    def _element(self, name: str) -> Element:
        return self._document.createElementNS(PREFIXES[name.split(":", maxsplit=1)[0]], name)


def _legal(text: str) -> str:
    """Text without the characters that XML 1.0 (2.2) forbids."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE or ord(c) > 0xFFFF
    )
