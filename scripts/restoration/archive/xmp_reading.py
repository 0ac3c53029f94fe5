"""Reading XMP packets out of somebody's file: no document types, no entities, no surprises.

``xml.dom.minidom`` would expand entities, so every packet goes through a bare expat parser first,
which refuses all that a packet has no use for.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.dom import Node
from xml.dom.minidom import Attr, Document, Element, parseString
from xml.parsers import expat

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

MAX_BYTES = 8 * 2**20
MAX_ELEMENTS = 50_000
MAX_DEPTH = 64


class XmpError(ValueError):
    """The packet is not carried over; the text says why."""


def parse_packet(data: bytes) -> Document:
    """The packet as a document that holds one rdf:RDF element. Raises XmpError."""
    # Zero bytes behind the packet are padding; UTF-16 packets begin with a byte order mark.
    packet = data if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.rstrip(b"\0")
    if len(packet) > MAX_BYTES:
        raise XmpError(f"it has {len(packet)} bytes, at most {MAX_BYTES} are read")
    _refuse_hostile(packet)
    try:
        document = parseString(packet)
    except (expat.ExpatError, ValueError) as error:
        raise XmpError(f"it is not well-formed XML ({error})") from None
    roots = document.getElementsByTagNameNS(RDF, "RDF")
    if len(roots) != 1:
        raise XmpError(f"expected one rdf:RDF element, found {len(roots)}")
    return document


def _refuse_hostile(packet: bytes) -> None:
    """One pass of expat that ends at the first thing which no packet needs."""
    parser = expat.ParserCreate()
    depth = elements = 0

    def refuse(*_: object) -> None:
        raise XmpError("it declares a document type or entities")

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise XmpError(f"more than {MAX_ELEMENTS} elements, or {MAX_DEPTH} inside each other")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(packet, True)
    except expat.ExpatError as error:
        raise XmpError(f"it is not well-formed XML ({error})") from None


def descriptions(document: Document) -> Iterator[Element]:
    """The rdf:Description elements that hold the properties."""
    for root in document.getElementsByTagNameNS(RDF, "RDF"):
        for child in root.childNodes:
            if (
                isinstance(child, Element)
                and child.namespaceURI == RDF
                and child.localName == "Description"
            ):
                yield child


def find_property(document: Document, space: str, name: str) -> Element | Attr | None:
    """A property of the packet, in either of its two spellings: an element or an attribute."""
    for description in descriptions(document):
        attribute = description.getAttributeNodeNS(space, name)
        if attribute is not None:
            return attribute
        for child in description.childNodes:
            if (
                isinstance(child, Element)
                and child.namespaceURI == space
                and child.localName == name
            ):
                return child
    return None


def take_property(document: Document, space: str, name: str) -> Element | Attr | None:
    """Removes a property, every occurrence of it, and returns the first."""
    first = None
    while (found := find_property(document, space, name)) is not None:
        first = first or found
        if isinstance(found, Attr):
            assert found.ownerElement is not None
            found.ownerElement.removeAttributeNode(found)
        else:
            assert found.parentNode is not None
            found.parentNode.removeChild(found)
    return first


def property_values(found: Element | Attr | None) -> list[str]:
    """The text of a simple property or of each item of an array; [] where there is none."""
    if found is None:
        return []
    if isinstance(found, Attr):
        return [found.value]
    resource = found.getAttributeNS(RDF, "resource")
    if resource:
        return [resource]
    items = found.getElementsByTagNameNS(RDF, "li")
    return [_text(item) for item in items] if items else [_text(found)]


def _text(element: Element) -> str:
    parts = []
    for child in element.childNodes:
        if child.nodeType in (Node.TEXT_NODE, Node.CDATA_SECTION_NODE):
            parts.append(child.nodeValue or "")
        elif isinstance(child, Element):
            parts.append(_text(child))
    return "".join(parts).strip()
