"""The deliverable's XMP packet: the master's own properties, and what was done to the scan.

Sources: ISO 16684-1 (XMP, its media management and its RDF/XML), IPTC Photo Metadata
Standard 2025.1 (DigitalSourceType, AISystemUsed, AISystemVersionUsed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

from restoration.deliver.xmp.reading import (
    PACKET_LIMITS,
    Packet,
    UnreadableXmpError,
    read_packet,
)
from restoration.deliver.xmp.tiff_properties import state_profile, state_tiff
from restoration.deliver.xmp.tree import (
    LI,
    Name,
    Node,
    array,
    fields,
    items_of,
    structure,
    text,
    text_of,
    value_of,
)
from restoration.deliver.xmp.writing import (
    EVENT,
    IPTC,
    MM,
    REFERENCE,
    RESTORATION,
    TIFF,
    XMP,
    Writer,
)
from restoration.storage.keys import identifier

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# Windows writes this one into every file: it identifies nothing.
_ABOUT_OF_WINDOWS = "uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b"

_SOURCE_TYPE: Name = (IPTC, "DigitalSourceType")
# A later stage without a network does not take back that a network took part before.
_NETWORKS_TOOK_PART = {
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "compositeSynthetic",
}


@dataclass(frozen=True)
class StageEvent:
    """What one stage did, or why it did nothing.

    ``action`` is one of XMP's: filtered, resized, edited, converted, saved. ``when`` is ISO 8601.
    ``parameters`` is canonical JSON of the settings and the findings worth keeping.
    ``networks`` holds (name, SHA-256, licence) of each network that ran.
    """

    stage: str
    action: str
    when: str
    applied: bool
    reason: str | None
    parameters: str
    generative: bool
    networks: tuple[tuple[str, str, str], ...]
    key: str


@dataclass(frozen=True)
class Provenance:
    """Where a deliverable comes from; ``key`` is its own, ``events`` are in the order of the chain.

    ``instance`` tells a file that was made once more, and came out otherwise, from the first one of
    the same key.

    ``software`` is name and version. Of ``master_name`` only the file name is published.
    ``finished`` are sentences on the finished picture, measured when the chain was done: what a
    stage says of itself, a later stage may have undone.
    """

    key: str
    master_sha256: str
    master_name: str
    scan: str
    recipe: str
    when: str
    software: str
    events: tuple[StageEvent, ...]
    instance: str = ""
    finished: tuple[str, ...] = ()


def build_packet(
    master_xmp: bytes | None,
    provenance: Provenance,
    *,
    tiff: Mapping[str, str | int | None],
    profile: tuple[str, bool] | None = None,
) -> tuple[bytes, list[str]]:
    """Build the deliverable's packet; equal arguments give equal bytes.

    Parameters
    ----------
    master_xmp
        The master's packet as stored; None where it has none.
    provenance
        What was done, by what, to which master.
    tiff
        Properties of the tiff namespace as they are in the deliverable, by local name. Arrays
        (BitsPerSample) are given as text with spaces or commas between the items; None takes a
        property out.
    profile
        The colour profile that the deliverable was brought to, by name, and whether that is sRGB;
        None where it is the master's own.

    Returns
    -------
    tuple
        The packet, UTF-8 in its xpacket wrapper, and warnings, one line each. A master's packet
        that cannot be read is kept out, with a warning; it is never an error.

    Raises
    ------
    ValueError
        A key of ``tiff`` is no property name.
    """
    warnings: list[str] = []
    master = _read_master(master_xmp, warnings)
    properties = dict(master.properties)
    _set_earlier_provenance_aside(properties)
    _identify(properties, master.about, provenance)
    _continue_history(properties, provenance)
    _declare_source_type(properties, provenance, warnings)
    _record(properties, provenance)
    state_tiff(properties, tiff)
    if profile is not None:
        name, srgb = profile
        state_profile(properties, name, srgb=srgb)
    for name in ("MetadataDate", "ModifyDate"):
        _put(properties, text((XMP, name), provenance.when))
    writer = Writer(properties, master.prefixes)
    packet = writer.packet(provenance.software).encode("utf-8")
    if writer.removed:
        warnings.append(f"XMP: {writer.removed} characters that XML cannot carry were removed")
    return packet, warnings


def read_properties(packet: bytes) -> dict[str, Any]:
    """What a packet of ours says, for the comparison after reading back.

    Absent properties are None, ``History``, ``NotApplied``, ``Networks`` and ``Finished`` then [].
    ``tiff`` maps local names to text or a list. ``properties`` holds everything as
    {"prefix:name": value}, under the prefixes of the packet; structures are dicts by local name,
    arrays lists, alternatives by language dicts by language.

    Raises
    ------
    UnreadableXmpError
        The bytes are not an XMP packet.
    """
    read = read_packet(packet, PACKET_LIMITS)
    simple = {
        MM: ("DocumentID", "InstanceID", "OriginalDocumentID"),
        IPTC: ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed"),
        XMP: ("CreatorTool", "MetadataDate", "ModifyDate"),
        RESTORATION: ("MasterSHA256", "Recipe", "Scan", "MasterDigitalSourceType"),
    }
    found: dict[str, Any] = {
        name: text_of(read.properties.get((uri, name)))
        for uri, names in simple.items()
        for name in names
    }
    values = {name: value_of(node) for name, node in read.properties.items()}
    found["DerivedFrom"] = values.get((MM, "DerivedFrom"))
    found["History"] = values.get((MM, "History"), [])
    for name in ("NotApplied", "Networks", "Finished"):
        found[name] = values.get((RESTORATION, name), [])
    found["tiff"] = {name[1]: value for name, value in values.items() if name[0] == TIFF}
    found["properties"] = {
        f"{read.prefixes.get(uri, uri)}:{local}": value for (uri, local), value in values.items()
    }
    return found


def _read_master(master_xmp: bytes | None, warnings: list[str]) -> Packet:
    nothing = Packet("", {}, {}, [])
    if master_xmp is None:
        return nothing
    try:
        read = read_packet(master_xmp)
    except UnreadableXmpError as error:
        warnings.append(f"the master's XMP was kept out of the deliverable: {error}")
        return nothing
    warnings.extend(f"the master's XMP: {remark}" for remark in read.remarks)
    return read


def _put(properties: dict[Name, Node], node: Node) -> None:
    properties[node.name] = node


def _copy(properties: dict[Name, Node], old: Name, new: Name) -> None:
    node = properties[old]
    _put(properties, Node(new, node.attributes, node.text, node.children))


def _rename(properties: dict[Name, Node], old: Name, new: Name) -> None:
    if old in properties:
        _copy(properties, old, new)
        del properties[old]


def _set_earlier_provenance_aside(properties: dict[Name, Node]) -> None:
    """A master that is itself a deliverable keeps what its restoration recorded."""
    earlier: Name = (RESTORATION, "Earlier")
    items = items_of(properties[earlier]) if earlier in properties else []
    if items is not None:
        properties.pop(earlier, None)
    names = sorted(name for name in properties if name[0] == RESTORATION)
    if names:
        items = [*(items or []), structure(LI, [properties.pop(name) for name in names])]
    if items:
        _put(properties, array(earlier, "Seq", items))


def _identify(properties: dict[Name, Node], about: str, provenance: Provenance) -> None:
    """Give the deliverable ids of its own, and name the master's as what it comes from."""
    document = text_of(properties.get((MM, "DocumentID")))
    instance = text_of(properties.get((MM, "InstanceID")))
    # Early writers kept the instance's id in rdf:about; Adobe's toolkit reads it so too.
    if instance is None and about.startswith("uuid:") and about != _ABOUT_OF_WINDOWS:
        instance = about
    if document and text_of(properties.get((MM, "OriginalDocumentID"))) is None:
        _put(properties, text((MM, "OriginalDocumentID"), document))
    _rename(properties, (MM, "DerivedFrom"), (RESTORATION, "MasterDerivedFrom"))
    # A Windows path knows both separators: no folder of the archive's machines is published.
    file_name = PureWindowsPath(provenance.master_name).name
    reference = {"documentID": document, "instanceID": instance, "filePath": file_name}
    _put(properties, structure((MM, "DerivedFrom"), fields(REFERENCE, reference)))
    _put(properties, text((MM, "DocumentID"), _document_id(provenance)))
    _put(properties, text((MM, "InstanceID"), _instance_id(provenance)))


def _document_id(provenance: Provenance) -> str:
    return f"xmp.did:{identifier(provenance.key, 'xmp-document')}"


def _instance_id(provenance: Provenance) -> str:
    again = f":{provenance.instance}" if provenance.instance else ""
    return f"xmp.iid:{identifier(provenance.key + again, 'xmp-instance')}"


def _continue_history(properties: dict[Name, Node], provenance: Provenance) -> None:
    name: Name = (MM, "History")
    items = items_of(properties[name]) if name in properties else []
    if items is None:
        # Not the array that XMP asks for: nothing can be added to it, so it stands aside.
        _rename(properties, name, (RESTORATION, "MasterHistory"))
        items = []
    applied = [event for event in provenance.events if event.applied]
    saved = applied.pop() if applied and applied[-1].action == "saved" else None
    entries = [
        _history_entry(
            event.action,
            event.when,
            event.parameters,
            f"xmp.iid:{identifier(event.key, f'xmp-instance-{event.stage}')}",
            provenance,
        )
        for event in applied
    ]
    when, parameters = (saved.when, saved.parameters) if saved else (provenance.when, "")
    entries.append(_history_entry("saved", when, parameters, _instance_id(provenance), provenance))
    _put(properties, array(name, "Seq", [*items, *entries]))


def _history_entry(
    action: str, when: str, parameters: str, instance: str, provenance: Provenance
) -> Node:
    values = {
        "action": action,
        "when": when,
        "softwareAgent": provenance.software,
        "parameters": parameters or None,
        "changed": "/",
        "instanceID": instance,
    }
    return structure(LI, fields(EVENT, values))


def _applied_stages(provenance: Provenance) -> list[StageEvent]:
    # Saving is the deliver step's; it changes no picture.
    return [event for event in provenance.events if event.applied and event.action != "saved"]


def _declare_source_type(
    properties: dict[Name, Node], provenance: Provenance, warnings: list[str]
) -> None:
    own = text_of(properties.get(_SOURCE_TYPE))
    if _SOURCE_TYPE in properties:
        _copy(properties, _SOURCE_TYPE, (RESTORATION, "MasterDigitalSourceType"))
    applied = _applied_stages(provenance)
    generative = [event for event in applied if event.generative]
    if generative:
        term = "compositeWithTrainedAlgorithmicMedia"
        _put(properties, text(_SOURCE_TYPE, SOURCE_TYPES + term))
        _name_networks(properties, generative, warnings)
    elif applied and (own or "").rpartition("/")[2] not in _NETWORKS_TOOK_PART:
        _put(properties, text(_SOURCE_TYPE, SOURCE_TYPES + "algorithmicallyEnhanced"))


def _name_networks(
    properties: dict[Name, Node], generative: list[StageEvent], warnings: list[str]
) -> None:
    """AISystemUsed and AISystemVersionUsed; what the master names there stays in front."""
    for event in generative:
        if not event.networks:
            warnings.append(f"XMP: the generative stage {event.stage} names no network")
    used = [network for event in generative for network in event.networks]
    stated = {
        "AISystemUsed": [name for name, _, _ in used],
        "AISystemVersionUsed": [f"{name} sha256:{sha256}" for name, sha256, _ in used],
    }
    for name, entries in stated.items():
        own = _stated(properties.get((IPTC, name)))
        listed = list(dict.fromkeys([*own, *entries]))
        if listed:
            _put(properties, text((IPTC, name), "; ".join(listed)))


def _stated(node: Node | None) -> list[str]:
    """What the master names, in a text that we may have written, or in an array."""
    value = "" if node is None else value_of(node)
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    return [part for item in texts for part in item.split("; ") if part]


def _record(properties: dict[Name, Node], provenance: Provenance) -> None:
    """Our own namespace: what no standard property says."""
    facts = {
        "MasterSHA256": provenance.master_sha256,
        "Recipe": provenance.recipe,
        "Scan": provenance.scan,
    }
    for node in fields(RESTORATION, facts):
        _put(properties, node)
    declined = [
        structure(LI, fields(RESTORATION, {"stage": event.stage, "reason": event.reason}))
        for event in provenance.events
        if not event.applied
    ]
    if declined:
        _put(properties, array((RESTORATION, "NotApplied"), "Seq", declined))
    if provenance.finished:
        sentences = [text(LI, sentence) for sentence in provenance.finished]
        _put(properties, array((RESTORATION, "Finished"), "Seq", sentences))
    used = {network for event in _applied_stages(provenance) for network in event.networks}
    networks = [
        structure(LI, fields(RESTORATION, {"name": name, "sha256": sha256, "licence": licence}))
        for name, sha256, licence in sorted(used)
    ]
    if networks:
        _put(properties, array((RESTORATION, "Networks"), "Bag", networks))
