"""From the records of a scan's way to its delivery: what the deliverable's history will say."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from restoration import __version__
from restoration.config.stages import FACES, REGISTRY
from restoration.deliver.deliver_scan import Delivery, PageToDeliver, deliver_scan
from restoration.deliver.finished_measures import FINISHED_READS, finished_page
from restoration.deliver.scan_to_deliver import ScanToDeliver
from restoration.deliver.sidecars import write_sidecars
from restoration.deliver.xmp.packet import StageEvent
from restoration.errors import CircumstanceError
from restoration.faces import IDENTITY
from restoration.faces.final_check import compare
from restoration.findings.report import read_report
from restoration.raster.base import Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.mapped import MappedRaster
from restoration.raster.tiff.page import open_page
from restoration.records.delivery import Finished
from restoration.records.stage import AppliedPage, StageDone, StagePage
from restoration.records.stage_findings.faces import FacesFindings
from restoration.storage.keys import Facts, canonical_json
from restoration.storage.page_state import PageState

SOFTWARE = f"archival-scan-restoration {__version__}"


def deliver_finished(
    *,
    scan: ScanToDeliver,
    key: str,
    output: Path,
    when: str,
    expected: str | None = None,
    instance: str = "",
) -> Facts:
    """Write the deliverable of a scan whose stages are all done; expected, instance: as in
    ``Delivery``.

    Raises what ``deliver_scan`` raises.
    """
    faces = _faces(scan)
    pages = []
    for state in scan.pages:
        image = None if state.image is None else scan.input_of(state)[0]
        events = tuple(_event(record, state.number) for record in scan.stages)
        tones = _table(scan, state)
        finished = _finished(scan, state, image)
        pages.append(PageToDeliver(state.number, image, state.ppi, events, tones, finished))
    delivered = deliver_scan(
        Delivery(
            scan=scan.scan,
            recipe=scan.recipe,
            key=key,
            when=when,
            software=SOFTWARE,
            limits=scan.limits,
            expected=expected,
            instance=instance,
        ),
        master=scan.master,
        ingest=scan.ingest.master,
        pages=pages,
        settings=scan.settings,
        output=output,
    ).raw()
    files = write_sidecars(output.parent, scan, pages)
    if files:
        delivered["files"] = files
    return {**delivered, "faces": faces} if faces else delivered


def _finished(scan: ScanToDeliver, state: PageState, image: Path | None) -> Finished:
    """What the page as it leaves its last stage shows of the master's grain."""
    raw = scan.examine.report_of(state.number)
    source = f"{scan.scan}, page {state.number}"
    report = read_report({name: raw.get(name) for name in FINISHED_READS}, source)
    with ExitStack() as files:
        master = files.enter_context(open_page(scan.master, state.number, limits=scan.limits))
        # The config's limits are for masters: what was made of one may be larger.
        final = None if image is None else files.enter_context(open_page(image, 1))
        mapped = state.tones is not None
        return finished_page(master, final, report, tones=mapped)


def _table(scan: ScanToDeliver, state: PageState) -> ToneTable | None:
    if state.tones is None:
        return None
    try:
        return ToneTable.from_record(state.tones.raw())
    except ValueError as error:
        raise CircumstanceError(
            f"{scan.scan}, page {state.number}: the record's tone table is damaged "
            f"({error}); delete the last stage's record of this scan and start the run again"
        ) from None


def _faces(scan: ScanToDeliver) -> list[Facts]:
    """Restored faces in the finished pages, compared with the master's."""
    stage = next((record for record in scan.stages if record.stage == FACES), None)
    if stage is None:
        return []
    where = f"the record of {FACES} of {scan.scan}"
    said = {page.number: FacesFindings.read(page.findings, where) for page in stage.pages}
    found: list[Facts] = []
    for state in scan.pages:
        faces = [face for face in said[state.number].faces or () if face.decision == "restored"]
        if not faces:
            continue
        path, number = scan.input_of(state)
        with ExitStack() as files:
            master = files.enter_context(open_page(scan.master, state.number, limits=scan.limits))
            final: Raster = files.enter_context(open_page(path, number, limits=scan.limits))
            tones = _table(scan, state)
            if tones is not None:
                final = MappedRaster(final, tones)
            colour = ColourSpace.from_profile(master.profile, master.channels)
            compared = compare(faces, master, final, colour, scan.networks(IDENTITY))
        found += [{"page": state.number, **face} for face in compared]
    return found


def _worth_telling(page: StagePage) -> Facts:
    """The findings without what is said of each face and each mark: the record keeps that, a
    picture that may go anywhere says how many were restored and by what, and how many were left."""
    each = ("faces", "heads", "left_boxes")
    return {name: found for name, found in page.findings.items() if name not in each}


def _event(record: StageDone, number: int) -> StageEvent:
    """What one stage's record says of one page."""
    page = record.page(number)
    said: dict[str, Any] = {"settings": record.settings, "found": _worth_telling(page)}
    if isinstance(page, AppliedPage) and page.tones is not None:
        # Its nodes would fill a packet that is read to the end by everything that shows it.
        said["tones_sha256"] = page.tones_sha256
    return StageEvent(
        stage=record.stage,
        action=REGISTRY[record.stage].action,
        when=record.when,
        applied=isinstance(page, AppliedPage),
        reason=page.reason,
        parameters=canonical_json(said),
        generative=page.generative,
        networks=tuple(
            (weights.name, weights.sha256, weights.licence)
            for weights in record.weights
            if page.generative and weights.role not in ("compares", "finds")
        ),
        key=page.output_key,
    )
