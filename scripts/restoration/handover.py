"""From the records of a scan's way to its delivery: what the deliverable's history will say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from restoration import __version__
from restoration.archive.xmp import StageEvent
from restoration.chain import Chain
from restoration.deliver import Delivery, PageToDeliver, deliver_scan
from restoration.keys import canonical_json
from restoration.restoring import PageState, Record

SOFTWARE = f"archival-scan-restoration {__version__}"

# XMP's own words for what a stage does; any other stage edits.
_ACTIONS = {
    "descreen": "filtered",
    "denoise": "filtered",
    "cleanup": "filtered",
    "faces": "edited",
    "upscale": "resized",
}


def deliver_chain(
    *, chain: Chain, states: Sequence[PageState], key: str, output: Path, when: str
) -> Record:
    """Write the deliverable of a scan whose stages are all done.

    Raises what ``deliver_scan`` raises.
    """
    assert chain.recipe is not None
    ingest = chain.ensure("ingest")
    steps = [chain.ensure(name) for name in chain.plan.recipe(chain.recipe).chain()]
    pages = []
    for state in states:
        image = None if state.image is None else chain.input_of(state)[0]
        events = tuple(_event(record, state.number) for record in steps)
        pages.append(PageToDeliver(state.number, image, state.ppi, events))
    return deliver_scan(
        Delivery(
            scan=chain.scan.scan,
            recipe=chain.recipe,
            key=key,
            when=when,
            software=SOFTWARE,
            limits=chain.plan.config.ingest,
        ),
        master=Path(chain.scan.path),
        ingest=ingest["master"],
        pages=pages,
        settings=chain.plan.recipe(chain.recipe).deliver,
        output=output,
    )


def _event(record: Record, number: int) -> StageEvent:
    """What one stage's record says of one page."""
    page = next(entry for entry in record["pages"] if entry["number"] == number)
    applied = page["status"] == "applied"
    ran = page["generative"]
    return StageEvent(
        stage=record["stage"],
        action=_ACTIONS.get(record["stage"], "edited"),
        when=record["when"],
        applied=applied,
        reason=page["reason"],
        parameters=canonical_json({"settings": record["settings"], "found": page["findings"]}),
        generative=ran,
        networks=tuple((w["name"], w["sha256"], w["licence"]) for w in record["weights"] if ran),
        key=page["output_key"],
    )
