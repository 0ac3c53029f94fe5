"""Everything that the report says about one scan, gathered from its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone, DeliveryProblem
from restoration.records.stage_findings.base import FindingsOfAnyStage
from restoration.review import faces, findings, wording
from restoration.review.delivered_scan import DeliveredScan, read_delivered
from restoration.review.file_facts import deliverable_facts, master_facts, text_of
from restoration.review.illustrations import illustrate
from restoration.review.kept_pictures import NotScored, PagePictures, Scored
from restoration.review.stage_sections import StageSection, restoring, stage_section


@dataclass(frozen=True)
class ScoreCell:
    """One distance to the truth, in words."""

    text: str
    verdict: str
    """better, worse or same than the row above; empty in the first."""


@dataclass(frozen=True)
class ScoreLine:
    """The distances of one picture to the truth, in words."""

    name: str
    missing: bool
    """Whether its image is no longer kept."""
    cells: list[ScoreCell]
    resampled: bool = False
    """Whether it was brought to the truth's size."""


@dataclass(frozen=True)
class PageSection:
    """The pictures of one page, with its scores in words."""

    pictures: PagePictures
    score_rows: list[ScoreLine]
    turned: bool
    """Whether the pictures were turned upright."""


@dataclass(frozen=True)
class ReportSection:
    """The condition report of one page, in words."""

    page: int
    """Number of the page, from 1."""
    rows: list[dict[str, Any]]
    """A row a finding: of ``findings.findings``."""


@dataclass
class Dossier:
    """One scan, in words and pictures; the page's template reads the fields by name."""

    scan: str
    status: str
    """delivered, problem, refused (its record cannot be read) or waiting (no record: the run has
    not come to it)."""
    problem: tuple[str, str] | None = None
    """Stage and reason, where the scan could not be processed."""
    refusal: str = ""
    """Which record cannot be read, what was found, what to do; empty where all can."""
    result: str = ""
    """One line for the summary table."""
    touched: bool = False
    """True where some stage changed it."""
    generative: list[str] = field(default_factory=list)
    """Networks that made pixels of it, in words; empty where none did."""
    title: str = ""
    description: str = ""
    master: list[tuple[str, str]] = field(default_factory=list)
    deliverable: list[tuple[str, str]] = field(default_factory=list)
    findings: list[ReportSection] = field(default_factory=list)
    """Condition report, per page."""
    stages: list[StageSection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pages: list[PageSection] = field(default_factory=list)
    more_pages: int = 0
    faces: faces.FaceSection | None = None
    """Section on the faces; None where the recipe restores none or the scan has none."""
    missing: str = ""
    """Why there are no pictures."""
    when: str = ""


def gather(
    results: Path,
    recipe: str,
    scan: str,
    problems: Mapping[str, tuple[str, str]],
    truth: Path | None,
) -> Dossier:
    """Reads the records of a scan and makes or fetches its pictures."""
    if scan in problems:
        return Dossier(scan, "problem", problem=problems[scan], result="problem")
    path = results / recipe / "deliver" / f"{scan}.json"
    try:
        delivered = read_delivered(path)
        if delivered is None:
            return Dossier(scan, "waiting", result="not processed yet")
        if isinstance(delivered, DeliveryProblem):
            return Dossier(scan, "problem", problem=("deliver", delivered.reason), result="problem")
        return _delivered(results, recipe, delivered, path, truth)
    except RecordError as error:
        return Dossier(scan, "refused", refusal=str(error), result="its record cannot be read")


def _delivered(
    results: Path, recipe: str, delivered: DeliveredScan, where: Path, truth: Path | None
) -> Dossier:
    record, master = delivered.record, delivered.record.master.master
    stages = [stage_section(stage, where) for stage in record.stages]
    warnings = list(dict.fromkeys(_warnings(delivered, where)))
    shown = illustrate(results, recipe, delivered, truth)
    applied = [stage.name for stage in stages if stage.applied]
    return Dossier(
        scan=record.scan,
        status="delivered",
        result=f"{', '.join(applied)} applied" if applied else "nothing applied",
        touched=bool(applied),
        generative=_generative(record),
        title=text_of(master.tags, "DocumentName"),
        description=text_of(master.tags, "ImageDescription"),
        master=master_facts(record.master),
        deliverable=deliverable_facts(record),
        findings=[
            ReportSection(number, findings.findings(report))
            for number, report in enumerate(delivered.reports, 1)
        ],
        stages=stages,
        warnings=warnings,
        pages=[
            _page(pictures, master.pages[pictures.number - 1].orientation)
            for pictures in shown.pages
        ],
        more_pages=0 if shown.missing else len(master.pages) - len(shown.pages),
        faces=faces.section(delivered, recipe, shown.faces),
        missing=shown.missing,
        when=record.when,
    )


def _generative(delivered: DeliveryDone) -> list[str]:
    """Networks whose pixels are in the deliverable, once each."""
    names: dict[str, None] = {}
    for stage in delivered.stages:
        if any(page.generative for page in stage.pages):
            weights = ", ".join(used.name for used in restoring(stage)) or "unnamed network"
            names[f"{findings.stage_label(stage.stage).lower()}: {weights}"] = None
    return list(names)


def _warnings(delivered: DeliveredScan, where: Path) -> Iterator[str]:
    """Of the master, of the condition report, of the stages and of marks, in order."""
    record = delivered.record
    several = len(delivered.reports) > 1
    yield from record.master.master.warnings
    for number, report in enumerate(delivered.reports, 1):
        prefix = f"page {number}: " if several else ""
        yield from (f"{prefix}{warning.text}" for warning in report.warnings)
    for stage in record.stages:
        for page in stage.pages:
            prefix = f"page {page.number}: " if several else ""
            place = f"{where}, {stage.stage}, page {page.number}"
            said = FindingsOfAnyStage.read(page.findings, place)
            yield from (f"{prefix}marks: {text}" for text in page.warnings or ())
            yield from (f"{prefix}{stage.stage}: {text}" for text in said.cautions or ())
            if said.faces_not_kept:
                name = findings.stage_label(stage.stage)
                yield (
                    f"{prefix}{name} worked on faces as on everything else: {said.faces_not_kept}."
                )
    yield from (f"marks: {text}" for text in record.unheeded_marks or ())


def _page(pictures: PagePictures, orientation: int) -> PageSection:
    rows = () if pictures.scores is None else pictures.scores.rows
    return PageSection(pictures, [_score_line(row) for row in rows], orientation != 1)


def _score_line(row: Scored | NotScored) -> ScoreLine:
    after = f"After {findings.stage_label(row.name).lower()}"
    name = "Master" if row.name == "master" else after
    if isinstance(row, NotScored):
        return ScoreLine(name, missing=True, cells=[])
    cells = [
        ScoreCell(wording.metric(metric, getattr(row, metric)), row.verdicts.get(metric, ""))
        for metric in wording.METRIC_LABELS
    ]
    return ScoreLine(name, missing=False, cells=cells, resampled=row.resampled)
