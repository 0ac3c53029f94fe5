"""Writing an XMP packet: fixed prefixes, sorted order, the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from restoration.deliver.xmp.tree import NOT_XML, RDF, XML, XML_SPACE, Name, Node

RESTORATION = "tag:archival-scan-restoration,2026:xmp/1.0/"
"""Our own namespace; a tag URI (RFC 4151), because nobody has registered a name for it."""

X, XMP, MM = "adobe:ns:meta/", "http://ns.adobe.com/xap/1.0/", "http://ns.adobe.com/xap/1.0/mm/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
REFERENCE = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
TIFF, EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_PREFIXES = {
    X: "x",
    RDF: "rdf",
    XML: "xml",
    XMP: "xmp",
    MM: "xmpMM",
    EVENT: "stEvt",
    REFERENCE: "stRef",
    TIFF: "tiff",
    EXIF: "exif",
    IPTC: "Iptc4xmpExt",
    RESTORATION: "restoration",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://purl.org/dc/elements/1.1/": "dc",
    PHOTOSHOP: "photoshop",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
}
# Longer prefixes than this are not kept: each name in the packet would repeat them.
_PREFIX = re.compile(r"(?!xml)[A-Za-z_][A-Za-z0-9_.-]{0,31}", re.IGNORECASE)


class Writer:
    """Writes properties in sorted order, each namespace under one prefix for the whole packet."""

    def __init__(self, properties: Mapping[Name, Node], hints: Mapping[str, str]) -> None:
        self._nodes = list(properties.values())
        self._prefixes = _prefixes_for(self._nodes, hints)
        self._nodes.sort(key=lambda node: (self._prefixes[node.name[0]], node.name[1]))
        self.removed = 0

    def packet(self, software: str) -> str:
        # end="r": read-only and without padding, because an edit in place would break fixity.
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            f'<x:xmpmeta xmlns:x="{X}" x:xmptk="{self._escaped(software, quoted=True)}">\n'
            f' <rdf:RDF xmlns:rdf="{RDF}">\n'
            f'  <rdf:Description rdf:about=""{self._declarations()}>'
            f"{''.join(self._element(node, 3, inline=False) for node in self._nodes)}\n"
            "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
            '<?xpacket end="r"?>'
        )

    def _declarations(self) -> str:
        used = sorted((prefix, uri) for uri, prefix in self._prefixes.items())
        return "".join(
            f'\n    xmlns:{prefix}="{self._escaped(uri, quoted=True)}"'
            for prefix, uri in used
            if prefix not in {"", "rdf", "x", "xml"}
        )

    def _element(self, node: Node, level: int, *, inline: bool) -> str:
        # Indentation stops growing, so that deep nesting cannot multiply the size.
        begin = "" if inline else "\n" + " " * min(level, 8)
        tag = self._qualified(node.name)
        attributes = sorted((self._qualified(name), text) for name, text in node.attributes.items())
        head = f"{begin}<{tag}" + "".join(
            f' {name}="{self._escaped(text, quoted=True)}"' for name, text in attributes
        )
        if not node.children:
            text = self._escaped(node.text)
            return f"{head}>{text}</{tag}>" if text else f"{head}/>"
        if inline or _is_mixed(node):
            content = self._escaped(node.text) + "".join(
                self._element(child, level, inline=True) + self._escaped(child.tail)
                for child in node.children
            )
            return f"{head}>{content}</{tag}>"
        children = (self._element(child, level + 1, inline=False) for child in node.children)
        return f"{head}>{''.join(children)}{begin}</{tag}>"

    def _qualified(self, name: Name) -> str:
        prefix = self._prefixes[name[0]]
        return f"{prefix}:{name[1]}" if prefix else name[1]

    def _escaped(self, text: str, *, quoted: bool = False) -> str:
        text, removed = NOT_XML.subn("", text)
        self.removed += removed
        # A carriage return, and white space in attributes, would be changed by the next parser.
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = text.replace("\r", "&#xD;")
        if quoted:
            text = text.replace('"', "&quot;").replace("\n", "&#xA;").replace("\t", "&#x9;")
        return text


def _is_mixed(node: Node) -> bool:
    """Whether white space between the children may be content."""
    return (
        node.attributes.get((RDF, "parseType")) == "Literal"
        or bool(node.text.strip(XML_SPACE))
        or any(child.tail.strip(XML_SPACE) for child in node.children)
    )


def _prefixes_for(nodes: Iterable[Node], hints: Mapping[str, str]) -> dict[str, str]:
    """A prefix for each namespace in use: the usual one, the master's, or ns1, ns2, ..."""
    uris = {RDF}
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        uris.add(node.name[0])
        uris.update(name[0] for name in node.attributes)
        waiting.extend(node.children)
    chosen = {"": ""}
    taken = set(_PREFIXES.values())
    number = 0
    for uri in sorted(uris - {""}):
        prefix = _PREFIXES.get(uri) or hints.get(uri, "")
        if uri not in _PREFIXES and (prefix in taken or not _PREFIX.fullmatch(prefix)):
            prefix = ""
        while not prefix or (uri not in _PREFIXES and prefix in taken):
            number += 1
            prefix = f"ns{number}"
        taken.add(prefix)
        chosen[uri] = prefix
    return chosen
