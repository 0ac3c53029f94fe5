"""Faces: restored where what was measured of them allows it, else left as they are; labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from restoration.config.stages.faces import FacesSettings
from restoration.faces import DENSE_POINTS, IDENTITY
from restoration.faces.frame import Frame
from restoration.faces.gate import (
    UNKNOWN_SHARPNESS,
    PageEvidence,
    Verdict,
    effective_width,
    judge,
    share_of,
)
from restoration.faces.head import head_of
from restoration.faces.neighbours import spared, too_near
from restoration.faces.page_faces import NO_VERDICT, KnownFace
from restoration.findings.colour import Colour as ColourFound
from restoration.findings.faces import Faces as FacesFound
from restoration.raster.base import Raster
from restoration.records.stage_findings.base import HeadOval
from restoration.records.stage_findings.faces import (
    FaceCounts,
    FaceEntry,
    FaceMeasures,
    FacesFindings,
)
from restoration.stages.anchoring.anchored_picture import is_neutral
from restoration.stages.base import Declined, NetworkSource, Page, Restored
from restoration.stages.faces.enlarged_face import face_runner
from restoration.stages.faces.merging import FacePatch, MergedPage
from restoration.stages.faces.restore_face import Tools, Views, rejected, restore_faces

SEARCH = 0.9
"""Share of the work that the networks are; the rest is writing the page."""


class FacesStage:
    """Each face of a page by its own evidence.

    A face is judged by what the condition report measured on the master and by what a person
    marked; an accepted one is shown to the network in its aligned frame, and merged at the largest
    strength at which it stays the same person. Its red pupils then lose their colour, where that is
    asked for. What is left alone keeps its pixels bit for bit.
    """

    name: ClassVar[str] = "faces"
    reads: ClassVar[tuple[str, ...]] = ("faces", "effective_resolution", "noise", "colour")

    def setup(self, settings: FacesSettings, networks: NetworkSource) -> None:
        self._settings = settings
        self._networks = networks
        self._tools: Tools | None = None

    def apply(self, page: Page) -> Restored | Declined:
        """The page with its restored faces, or why there are none.

        Raises ScanError where the network makes no picture of a face.
        """
        if not page.faces:
            return Declined(
                _nobody(page.report.get(FacesFound)), FacesFindings(counts=_counts([])).raw()
            )
        evidence = PageEvidence.of(page.report)
        verdicts = [(face, judge(face, self._settings, evidence)) for face in page.faces]
        records = {face.number: _record(face, verdict, evidence) for face, verdict in verdicts}
        accepted = [face for face, verdict in verdicts if verdict.accepted]
        patches = self._patches(page, accepted, records, evidence) if accepted else {}
        left = self._left(page, patches, records)
        entries = tuple(records.values())
        findings = FacesFindings(
            counts=_counts(entries), faces=entries, review=sum(bool(one.review) for one in entries)
        )
        if not patches:
            return Declined(f"no face is restored: {_told(_counts(entries))}", findings.raw())
        findings = findings.model_copy(update={"reason": _restored(entries)})
        tools = self._loaded()
        merged = MergedPage(
            page.source,
            page.colour,
            list(patches.values()),
            is_neutral(page.source),
            spared(left, _size(page.master or page.source), _size(page.source)),
        )
        return Restored(
            height=page.source.height,
            width=page.source.width,
            ppi=page.ppi,
            bands=merged.bands(
                lambda done, unit: page.progress(SEARCH + (1.0 - SEARCH) * done, unit)
            ),
            findings=findings.raw(),
            generative=tools.restorer.generative,
            mask=merged.mask,
        )

    def _patches(
        self,
        page: Page,
        accepted: Sequence[KnownFace],
        records: dict[int, FaceEntry],
        evidence: PageEvidence,
    ) -> dict[int, FacePatch]:
        """The accepted faces restored, by number; their records are completed."""
        master = page.source if page.master is None else page.master
        shown = page.source if page.ungenerated is None else page.ungenerated
        colour = page.report.get(ColourFound)
        kind = None if colour is None else colour.value
        views = Views(page.source, shown, master, page.colour, page.key, kind)
        shares = [(face, share_of(face, evidence)) for face in accepted]
        patches = {}
        for number, result in enumerate(
            restore_faces(views, shares, self._settings, self._loaded()), 1
        ):
            at = result.face.number
            record = _with(records[at], result.record)
            if result.patch is None:
                why = rejected(self._settings.identity_limit, record.distance)
                records[at] = _rejected(record, why)
            else:
                patches[at] = result.patch
                records[at] = _with(record, {"review": (*_unsure(record), *(record.doubts or ()))})
            page.progress(SEARCH * number / len(accepted), f"face {number} of {len(accepted)}")
        return patches

    @staticmethod
    def _left(
        page: Page, patches: dict[int, FacePatch], records: dict[int, FaceEntry]
    ) -> list[KnownFace]:
        """The faces that stay as they are. Those that such a face's head covers are taken out of
        the patches."""
        left = [face for face in page.faces if face.number not in patches]
        placed = {
            number: (Frame(np.array(records[number].frame, np.float64)), patch.weights)
            for number, patch in patches.items()
        }
        for number, reason in too_near(placed, left, page.faces):
            del patches[number]
            records[number] = _rejected(records[number], reason)
        return [face for face in page.faces if face.number not in patches]

    def _loaded(self) -> Tools:
        """The networks, when the first face needs them."""
        if self._tools is None:
            dense = self._settings.landmarks == "dlib-68"
            self._tools = Tools(
                restorer=face_runner(self._networks(self._settings.network)),
                identity=self._networks(IDENTITY),
                dense=self._networks(DENSE_POINTS) if dense else None,
            )
        return self._tools


def _with(record: FaceEntry, said: Mapping[str, Any]) -> FaceEntry:
    """The record of a face with what is said of it besides."""
    return FaceEntry.model_validate({**record.raw(), **said})


def _rejected(record: FaceEntry, reason: str) -> FaceEntry:
    """The record of a face that stays as it is after all."""
    made = {"grain_sigma_255", "checks", "doubts", "red_eye"}
    kept = {name: value for name, value in record.raw().items() if name not in made}
    said = {"decision": "rejected", "reason": reason, "review": (reason,), "strength": None}
    return FaceEntry.model_validate({**kept, **said})


def _unsure(record: FaceEntry) -> tuple[str, ...]:
    """What a person should know of a restored face, beside the doubts of the checks."""
    return (UNKNOWN_SHARPNESS,) if record.reason == UNKNOWN_SHARPNESS else ()


def _size(page: Raster) -> tuple[int, int]:
    return page.height, page.width


def _nobody(found: FacesFound | None) -> str:
    """Why a page has no faces."""
    if found is None or found.value is None:
        why = (found and found.detail.reason) or NO_VERDICT
        return f"faces were not looked for: {why}"
    if found.value == 0:
        return "no face was found"
    return "what was found are no faces: a person said so"


def _record(face: KnownFace, verdict: Verdict, page: PageEvidence) -> FaceEntry:
    width_seen, own = effective_width(face, page), face.measured
    measured = {} if own is None else own.model_dump(mode="json", exclude_unset=True)
    repeated = {name: measured[name] for name in FaceMeasures.model_fields if name in measured}
    return FaceEntry(
        face=face.number,
        box=face.box,
        head=HeadOval.model_validate(head_of(face).record()),
        decision=verdict.outcome,
        reason=verdict.reason,
        found_by="detector" if face.found else "a person",
        asked_for=face.marked,
        effective_width_px=None if width_seen is None else round(width_seen, 1),
        measures=FaceMeasures.model_validate(repeated),
        review=(),
    )


def _counts(records: Sequence[FaceEntry]) -> FaceCounts:
    met = Counter(record.decision for record in records)
    return FaceCounts(
        found=len(records),
        restored=met["restored"],
        gated=met["gated"],
        excluded=met["excluded"],
        rejected=met["rejected"],
    )


def _restored(records: Sequence[FaceEntry]) -> str:
    """How many faces, and what spoke for them."""
    counts = _counts(records)
    said = dict.fromkeys(one.reason for one in records if one.decision == "restored")
    others = _told(counts)
    beside = f"; {others}" if others else ""
    return f"{counts.restored} of {counts.found} restored: {'; '.join(said)}{beside}"


def _told(counts: FaceCounts) -> str:
    met = {
        "gated": counts.gated,
        "excluded": counts.excluded,
        "rejected": counts.rejected,
    }
    return ", ".join(f"{count} {name}" for name, count in met.items() if count)
