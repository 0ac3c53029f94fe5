"""A delivery that is made once more, so that it comes out as it was, and what its record says.

A deliverable is the same bytes for the same key but for the time in its XMP. That time is taken
from whatever still has it: the record, a withdrawn one, or the XMP of the file itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.chain.withdrawn import withdrawn_record
from restoration.deliver.scan_to_deliver import ScanToDeliver
from restoration.deliver.write_tiff import OtherBytesError
from restoration.deliver.xmp.packet import read_properties
from restoration.deliver.xmp.packets import xmp_packets
from restoration.errors import RestorationError, ScanError
from restoration.plan.plan import Plan
from restoration.records.delivery import DeliveryDone, DeliveryProblem, ReplacedDelivery
from restoration.storage.keys import Facts, identifier
from restoration.storage.manifest import WrittenList
from restoration.storage.page_state import delivered_files
from restoration.storage.recorded_copies import examined_part
from restoration.storage.text_files import now


def is_delivered(plan: Plan, recipe: str, record: DeliveryDone | DeliveryProblem) -> bool:
    """Whether every file that a true deliver record names is there; of a problem there is none."""
    if isinstance(record, DeliveryProblem):
        return True
    folder = plan.folder(recipe, "deliver")
    return all((folder / name).is_file() for name in delivered_files(record))


@dataclass(frozen=True)
class EarlierDelivery:
    """An earlier delivery with the same key; without ``sha256``, one of which nothing is known."""

    when: str
    sha256: str | None = None
    instance: str = ""
    """As in ``Provenance``."""
    replaces: ReplacedDelivery | None = None
    """Of a delivery that could not be made again: what its record says of the lost one."""

    def asked(self) -> dict[str, Any]:
        """What the delivery is asked for beyond a first one."""
        known = {"expected": self.sha256, "instance": self.instance}
        return {name: value for name, value in known.items() if value}

    def replaced(self) -> EarlierDelivery:
        """Another delivery in its place, of now and under an InstanceID of its own."""
        assert self.sha256 is not None
        lost = ReplacedDelivery(when=self.when, sha256=self.sha256)
        return EarlierDelivery(now(), None, self.sha256, lost)

    def said(self) -> Facts:
        """What the record says of it."""
        if self.replaces is None:
            return {}
        return {"instance": self.instance, "replaces": self.replaces}


def earlier_delivery(
    plan: Plan,
    recipe: str,
    scan: str,
    key: str,
    record: DeliveryDone | DeliveryProblem | None,
    target: Path,
) -> EarlierDelivery:
    """The delivery that one with this key repeats; one of now, where there was none.

    record: the deliver record that bears the key, where there is one; target: the deliverable.
    """
    known = record if isinstance(record, DeliveryDone) else None
    known = known or withdrawn_record(plan, recipe, scan, key)
    if known is not None:
        return EarlierDelivery(
            known.when, known.deliverable.sha256, known.instance or "", known.replaces
        )
    when = time_in_file(target, key)
    shown = plan.results / recipe / "report" / f"{scan}.json"
    if when is None and (target.with_suffix(".json").exists() or not shown.is_file()):
        return EarlierDelivery(now())
    # The record is lost, of a delivery that was shown: the list says what was written.
    listed = WrittenList(plan.results).of(f"{recipe}/deliver")
    sha256 = listed.get(f"{recipe}/deliver/{target.name}")
    if when is not None or sha256 is None:
        return EarlierDelivery(when or now(), sha256)
    return EarlierDelivery(now(), None, sha256, ReplacedDelivery(when=None, sha256=sha256))


def time_in_file(path: Path, key: str) -> str | None:
    """When a file was delivered, by its own XMP; None where it is of another key."""
    try:
        packets = xmp_packets(path)
    except (OSError, RestorationError):
        return None
    own = f"xmp.iid:{identifier(f'{key}:1', 'xmp-instance')}"
    for packet in packets:
        said = {}
        if packet is not None:
            with suppress(ScanError):
                said = read_properties(packet)
        if said.get("InstanceID") == own:
            when: str | None = said.get("ModifyDate")
            return when
    return None


def deliver_again(
    deliver: Callable[..., Facts],
    scan: ScanToDeliver,
    key: str,
    target: Path,
    earlier: EarlierDelivery,
    say: Callable[[str], None],
) -> tuple[Facts, EarlierDelivery]:
    """The deliverable of an earlier delivery once more, or, where that cannot be had, another one
    that says so: what was written, and as what.

    deliver: ``deliver_finished``. Raises what that raises.
    """
    given = {"scan": scan, "key": key, "output": target}
    try:
        delivered = deliver(**given, when=earlier.when, **earlier.asked())
    except OtherBytesError:
        say(
            f"{target}: cannot be made again as it was; another one, with an InstanceID of its "
            "own, takes its place"
        )
        earlier = earlier.replaced()
        delivered = deliver(**given, when=earlier.when, **earlier.asked())
    return delivered, earlier


def delivery_record(
    scan: ScanToDeliver,
    key: str,
    delivered: Facts,
    earlier: EarlierDelivery,
    unheeded: Sequence[str],
) -> Facts:
    """The deliver record without its head, settings and code.

    delivered: what ``deliver_finished`` says, which loses what it says of faces; unheeded: what is
    to be said of marks that no stage of the recipe heeds.
    """
    faces = delivered.pop("faces", [])
    return {
        "when": earlier.when,
        "status": "done",
        "reason": None,
        "key": key,
        "deliverable": delivered,
        "faces": faces,
        "master": scan.ingest,
        "condition_report": [page.report for page in scan.examine.pages],
        "examined": examined_part(scan.examine),
        "stages": list(scan.stages),
        **({"unheeded_marks": list(unheeded)} if unheeded else {}),
        **earlier.said(),
    }
