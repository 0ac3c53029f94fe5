"""Reading XMP packets, hostile ones included (ISO 16684-1, the RDF/XML subset of XMP).

The parser knows no document type, no entities and no external files; size, depth and the
number of elements are limited while the tree is built. Namespaces are resolved here and not by
expat: expat joins each name with its URI, so that one URI of megabytes and many attributes
would cost terabytes of copying.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat

from restoration.deliver.xmp.tree import (
    DESCRIPTION,
    LANGUAGE,
    NOT_XML,
    RDF,
    XML,
    XML_SPACE,
    Name,
    Node,
    Value,
    value_of,
)
from restoration.errors import ScanError

# Read in pieces, because an error raised in a handler ends the parse only after the piece. Larger
# pieces would do more useless work then; smaller ones let expat scan a long token more often.
_PIECE = 256 * 1024

# The longest signatures first: UTF-32 begins like UTF-16.
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


class UnreadableXmpError(ScanError):
    """A packet that is not XMP, or that is beyond the limits; the text says which."""


class PacketLimits(NamedTuple):
    """How much of a packet is read: size in bytes, levels of nesting, elements plus attributes."""

    size: int
    depth: int
    nodes: int


MASTER_LIMITS = PacketLimits(size=8 * 1024 * 1024, depth=64, nodes=200_000)
# What we make of a master at its limits: markup is escaped, attributes become elements, earlier
# provenance moves a few levels down.
PACKET_LIMITS = PacketLimits(size=128 * 1024 * 1024, depth=80, nodes=500_000)


@dataclass(frozen=True)
class Packet:
    """What a packet says about its file.

    ``properties`` are the top-level ones, in element form; below them the XML is as it was.
    ``prefixes`` names, for each namespace URI, the prefix first used for it. ``about`` is the first
    non-empty rdf:about. ``remarks`` are lines about what could not be read.
    """

    about: str
    properties: dict[Name, Node]
    prefixes: dict[str, str]
    remarks: list[str]


class _TreeBuilder:
    def __init__(self, limits: PacketLimits) -> None:
        self.limits = limits
        self.root: Node | None = None
        self.prefixes: dict[str, str] = {}
        self._open: list[Node] = []
        self._declared: list[list[str]] = []
        self._uris: dict[str, list[str]] = {"xml": [XML], "": [""]}
        self._text: list[str] = []
        self._nodes = 0

    def start(self, tag: str, attributes: list[str]) -> None:
        self._flush()
        self._nodes += 1 + len(attributes) // 2
        if len(self._open) >= self.limits.depth:
            raise UnreadableXmpError(f"it is nested deeper than {self.limits.depth} levels")
        if self._nodes > self.limits.nodes:
            raise UnreadableXmpError(
                f"it has more than {self.limits.nodes} elements and attributes"
            )
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        self._declare((name, value) for name, value in pairs if _is_declaration(name))
        node = Node(self._resolve(tag, is_attribute=False))
        for name, value in pairs:
            if _is_declaration(name):
                continue
            resolved = self._resolve(name, is_attribute=True)
            if resolved in node.attributes:
                raise UnreadableXmpError(f"it repeats the attribute {shortened(name)}")
            node.attributes[resolved] = value
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, _tag: str) -> None:
        self._flush()
        self._open.pop()
        for prefix in self._declared.pop():
            self._uris[prefix].pop()

    def data(self, text: str) -> None:
        self._text.append(text)

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if not text or not self._open:
            return
        parent = self._open[-1]
        if parent.children:
            parent.children[-1].tail += text
        else:
            parent.text += text

    def _declare(self, declarations: Iterable[tuple[str, str]]) -> None:
        declared = []
        for name, uri in declarations:
            prefix = name.partition(":")[2]
            if prefix == "xml" or uri == XML:
                continue
            if prefix and not uri:
                raise UnreadableXmpError(f"it declares the prefix {shortened(prefix)} as nothing")
            self._uris.setdefault(prefix, []).append(uri)
            declared.append(prefix)
            if prefix:
                self.prefixes.setdefault(uri, prefix)
        self._declared.append(declared)

    def _resolve(self, name: str, *, is_attribute: bool) -> Name:
        prefix, colon, local = name.rpartition(":")
        if not colon and is_attribute:
            return "", name
        uris = self._uris.get(prefix)
        # Outside namespaces XML allows names such as a:1 and a:b:c.
        if not uris or (colon and not prefix) or not local or local[0] in "-.0123456789":
            raise UnreadableXmpError(f"the name {shortened(name)} has no declared namespace")
        return uris[-1], local


def _is_declaration(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")


def shortened(text: str) -> str:
    """A name from a file, made fit for a one-line message."""
    text = text if len(text) <= 60 else f"{text[:60]}…"
    return "".join(character if character.isprintable() else "?" for character in text)


def _refuse_doctype(*_: object) -> None:
    raise UnreadableXmpError("it has a document type declaration, which XMP does not allow")


def _decoded(packet: bytes, remarks: list[str]) -> str:
    encoding = next((name for mark, name in _ENCODINGS if packet.startswith(mark)), "utf-8")
    try:
        text = packet.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableXmpError(f"it is not {encoding.upper()} (byte {error.start})") from None
    text = text.strip("\ufeff\0" + XML_SPACE)
    # Some writers leave the remains of a longer, older packet behind the trailer.
    trailer = text.rfind("<?xpacket end")
    end = text.find("?>", trailer) if trailer >= 0 else -1
    text = text[: end + 2] if end >= 0 else text
    text, removed = NOT_XML.subn("", text)
    if removed:
        remarks.append(f"{removed} control characters that XML cannot carry were removed")
    if not text:
        raise UnreadableXmpError("it is empty")
    return text


def _parsed(packet: bytes, limits: PacketLimits, remarks: list[str]) -> _TreeBuilder:
    if len(packet) > limits.size:
        raise UnreadableXmpError(f"it has {len(packet)} bytes, more than {limits.size}")
    text = _decoded(packet, remarks)
    # Looked for in the text as well: whatever expat does with a declaration before the handler's
    # error reaches us, it never sees one.
    if "<!DOCTYPE" in text:
        _refuse_doctype()
    builder = _TreeBuilder(limits)
    # The encoding given here overrules the one that the XML declaration names.
    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    data = text.encode("utf-8")
    try:
        for offset in range(0, len(data), _PIECE):
            parser.Parse(data[offset : offset + _PIECE], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableXmpError(f"it is not well-formed XML ({error})") from None
    return builder


def read_packet(packet: bytes, limits: PacketLimits = MASTER_LIMITS) -> Packet:
    """Read a packet in UTF-8, UTF-16 or UTF-32, with or without its xpacket wrapper.

    Raises
    ------
    UnreadableXmpError
        Not well-formed, no rdf:RDF in it, a document type declaration, or beyond the limits.
    """
    remarks: list[str] = []
    builder = _parsed(packet, limits, remarks)
    root = builder.root
    candidates = [] if root is None else [root, *root.children]
    rdf = next((node for node in candidates if node.name == (RDF, "RDF")), None)
    if rdf is None:
        raise UnreadableXmpError("it holds no rdf:RDF element")
    collected = _Properties()
    for description in rdf.children:
        collected.add(description)
    remarks.extend(collected.remarks())
    return Packet(collected.about, collected.found, builder.prefixes, remarks)


class _Properties:
    """The top-level properties of all rdf:Description elements of a packet, in element form."""

    def __init__(self) -> None:
        self.about = ""
        self.found: dict[Name, Node] = {}
        self._values: dict[Name, Value] = {}
        self._left_out: list[str] = []
        self._repeated: list[str] = []

    def add(self, description: Node) -> None:
        if description.name != DESCRIPTION:
            self._left_out.append(description.name[1])
            return
        language = description.attributes.get(LANGUAGE)
        inherited = {} if language is None else {LANGUAGE: language}
        for name, value in description.attributes.items():
            # RDF before 2004 wrote about without a prefix.
            if name in {(RDF, "about"), ("", "about")}:
                self.about = self.about or value
            elif name == (RDF, "type"):
                self._take(Node(name, {(RDF, "resource"): value}))
            elif name != LANGUAGE:
                self._take(Node(name, dict(inherited), value))
        for child in description.children:
            child.tail = ""
            child.attributes = {**inherited, **child.attributes}
            self._take(child)

    def _take(self, node: Node) -> None:
        if node.name[0] in {"", XML} or (node.name[0] == RDF and node.name[1] != "type"):
            self._left_out.append(node.name[1])
        elif node.name not in self.found:
            self.found[node.name] = node
        else:
            # Worked out once: a long property and its many repetitions must not cost their product.
            if node.name not in self._values:
                self._values[node.name] = value_of(self.found[node.name])
            if self._values[node.name] != value_of(node):
                self._repeated.append(node.name[1])

    def remarks(self) -> list[str]:
        kinds = (
            (self._left_out, "no XMP property, kept out"),
            (self._repeated, "stated twice with different values, the first was kept"),
        )
        return [f"{_listed(names)}: {what}" for names, what in kinds if names]


def _listed(names: list[str]) -> str:
    distinct = sorted(set(names))
    more = f" and {len(distinct) - 5} more" if len(distinct) > 5 else ""
    return ", ".join(shortened(name) for name in distinct[:5]) + more
