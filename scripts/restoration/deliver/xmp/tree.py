"""XML elements of an XMP packet, and the values they stand for (ISO 16684-1, clause 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Name = tuple[str, str]
"""Namespace URI (empty: none) and local name."""

Value = str | list["Value"] | dict[str, "Value"]
"""A property's value: text, array, or structure (an Alt by language counts as one)."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"
XML_SPACE = " \t\r\n"

# Characters that XML 1.0 (section 2.2) cannot carry, not even as a reference.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

LI: Name = (RDF, "li")
DESCRIPTION: Name = (RDF, "Description")
LANGUAGE: Name = (XML, "lang")
_CONTAINERS = {(RDF, "Seq"), (RDF, "Bag"), (RDF, "Alt")}
# RDF/XML syntax, not properties.
_SYNTAX = {(RDF, name) for name in ("parseType", "datatype", "ID", "nodeID", "about", "resource")}


@dataclass(slots=True)
class Node:
    """An XML element: ``text`` comes before its first child, ``tail`` after the element itself."""

    name: Name
    attributes: dict[Name, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)
    tail: str = ""


def items_of(node: Node) -> list[Node] | None:
    """The items of an array property; None where the property is no array."""
    if len(node.children) == 1 and node.children[0].name in _CONTAINERS:
        return node.children[0].children
    return None


def value_of(node: Node) -> Value:
    """A property's value in any of the forms of RDF/XML that XMP allows; qualifiers are left out.

    The fields of a structure go by their local names, an Alt by language by its languages.
    """
    items = items_of(node)
    if items is not None:
        languages = [item.attributes.get(LANGUAGE) for item in items]
        if node.children[0].name == (RDF, "Alt") and items and None not in languages:
            pairs = zip(languages, items, strict=True)
            return {language: value_of(item) for language, item in pairs if language is not None}
        return [value_of(item) for item in items]
    if (RDF, "resource") in node.attributes:
        return node.attributes[RDF, "resource"]
    inner = node
    if len(node.children) == 1 and node.children[0].name == DESCRIPTION:
        inner = node.children[0]
    found: dict[Name, Value] = {
        name: value
        for name, value in inner.attributes.items()
        if name not in _SYNTAX and name[0] != XML
    }
    found.update((child.name, value_of(child)) for child in inner.children)
    if (RDF, "value") in found:
        return found[RDF, "value"]
    if found or inner is not node or node.attributes.get((RDF, "parseType")) == "Resource":
        return {name[1]: value for name, value in found.items()}
    return node.text


def text_of(node: Node | None) -> str | None:
    """The text of a simple property, without surrounding space; None: absent, or not simple."""
    value = None if node is None else value_of(node)
    return value.strip(XML_SPACE) or None if isinstance(value, str) else None


def text(name: Name, value: str | int) -> Node:
    """A simple property."""
    return Node(name, text=str(value))


def array(name: Name, kind: str, items: Iterable[Node]) -> Node:
    """An array property; ``kind`` is Seq, Bag or Alt."""
    return Node(name, children=[Node((RDF, kind), children=list(items))])


def structure(name: Name, members: Iterable[Node]) -> Node:
    """A structure, in the form that needs no rdf:Description."""
    return Node(name, {(RDF, "parseType"): "Resource"}, children=list(members))


def fields(uri: str, values: Mapping[str, str | None]) -> list[Node]:
    """The simple fields of a structure, all in one namespace; None leaves a field out."""
    return [text((uri, name), value) for name, value in values.items() if value is not None]
