"""What a deliverable says of itself in its XMP, against what its record says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restoration.deliver.xmp.packet import read_properties
from restoration.deliver.xmp.packets import xmp_packets
from restoration.errors import RestorationError, ScanError
from restoration.records.delivery import DeliveryDone
from restoration.records.stage import AppliedPage

_GENERATIVE = "compositeWithTrainedAlgorithmicMedia"


def contradiction(deliverable: Path, record: DeliveryDone) -> tuple[str, str] | None:
    """The first thing of which the two speak differently, as what the file says and what the
    record says; None where they agree, or where the file cannot be read, which is another finding.
    """
    try:
        packets = xmp_packets(deliverable)
    except (OSError, RestorationError):
        return None
    for page in record.deliverable.pages:
        place = page.number - 1 if page.directory is None else page.directory
        try:
            packet = packets[place]
            said = read_properties(packet) if packet is not None else {}
        except (IndexError, ScanError):
            said = {}
        where = f"page {page.number}: "
        recorded = {
            "DocumentID": page.document_id,
            "InstanceID": page.instance_id,
            "DigitalSourceType": page.digital_source_type,
        }
        for name, value in recorded.items():
            if said.get(name) != value:
                return f"{where}{name} {said.get(name)}, as in the deliverable", f"{value}"
        if record.record_sha256 is not None and said.get("ModifyDate") != record.when:
            return f"{where}ModifyDate {said.get('ModifyDate')}", record.when
        told = _of_generation(record, page.number, said)
        if told is not None:
            return f"{where}{told[0]}, as in the deliverable", told[1]
    return None


def _of_generation(
    record: DeliveryDone, number: int, said: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Whether both say that a generative network made pixels of a page, or both that none did."""
    pages = (page for stage in record.stages for page in stage.pages if page.number == number)
    recorded = any(page.generative and isinstance(page, AppliedPage) for page in pages)
    term = (said.get("DigitalSourceType") or "").rpartition("/")[2]
    # A master may itself be one.
    own = (said.get("MasterDigitalSourceType") or "").rpartition("/")[2]
    if recorded == (term == _GENERATIVE) or (not recorded and own == _GENERATIVE):
        return None
    return f"source type {term or 'none'}", f"generative {str(recorded).lower()}"
