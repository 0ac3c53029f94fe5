"""What each stage did to a scan and why, in an archivist's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restoration.records.stage import StageDone, StagePage, UsedWeights
from restoration.records.stage_findings.base import FindingsOfAnyStage
from restoration.review import wording
from restoration.review.findings import stage_label
from restoration.review.wording import LabelledRows

_SAID_ELSEWHERE = frozenset({"generative", "faces", "heads", "cautions", "left_boxes"})
"""Findings that are no row among a stage's numbers. Whether a generative network ran says the label
beside every picture, in words that no one overlooks. Faces and heads have a row each in the section
on faces: a crowd would be pages of figures. The places of marks that were left are drawn. Cautions
are among the scan's warnings."""


@dataclass(frozen=True)
class PageDecision:
    """What a stage did to one page, and why, with the numbers that it gives."""

    page: int
    """Number of the page, from 1."""
    applied: bool
    verdict: str
    why: str
    generative: bool
    """Whether a generative network made pixels of the page."""
    numbers: LabelledRows


@dataclass(frozen=True)
class StageSection:
    """One stage: its name for people, what it did, and with what."""

    name: str
    pages: list[PageDecision]
    settings: LabelledRows
    weights: Sequence[UsedWeights]
    """The networks that it was set up with."""
    networks: Sequence[UsedWeights]
    """Those that make pixels."""
    software: LabelledRows
    numeric: LabelledRows
    key: str
    code: str

    @property
    def applied(self) -> bool:
        """Whether it changed a page."""
        return any(page.applied for page in self.pages)


def stage_section(record: StageDone, where: str | Path) -> StageSection:
    """The section of one stage.

    where: the record, for a message. Raises RecordError where its findings do not fit.
    """
    return StageSection(
        name=stage_label(record.stage),
        pages=[page_decision(page, f"{where}, {record.stage}") for page in record.pages],
        settings=wording.rows(record.settings),
        weights=record.weights,
        networks=restoring(record),
        software=wording.rows(record.software),
        numeric=wording.rows(record.numeric),
        key=record.key,
        code=record.code,
    )


def restoring(record: StageDone) -> list[UsedWeights]:
    """The weights of a stage that made pixels; those that only compare or find made none."""
    return [used for used in record.weights if used.role not in ("compares", "finds")]


def page_decision(page: StagePage, where: str) -> PageDecision:
    """What a stage did to a page, and why; where: the record and the stage, for a message."""
    applied = page.status == "applied"
    found = FindingsOfAnyStage.read(page.findings, f"{where}, page {page.number}")
    hidden = _SAID_ELSEWHERE if page.reason else _SAID_ELSEWHERE | {"reason"}
    shown = {name: said for name, said in page.findings.items() if name not in hidden}
    return PageDecision(
        page=page.number,
        applied=applied,
        verdict="Applied" if applied else "Not applied",
        why=page.reason or found.reason or "no reason was recorded",
        generative=page.generative,
        numbers=wording.rows(shown),
    )
