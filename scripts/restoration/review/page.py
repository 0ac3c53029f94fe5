"""The page that a person reviews: one per recipe, self-contained, the same bytes for the same
records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from restoration import __version__
from restoration.findings.words import number
from restoration.review import wording
from restoration.review.dossier import Dossier, gather
from restoration.review.face_order import FaceTotals
from restoration.storage.journal import note_gone
from restoration.storage.publish import unlink
from restoration.storage.records import PAGES, write_text

TEMPLATES = Path(__file__).resolve().parents[3] / "resources" / "report"

SCANS_PER_PAGE = 40
"""Scans with pictures in one file. A scan takes 150 to 400 kB, so a file stays below 16 MB and
opens at once on any desk; a collection of 100,000 scans in one file would be 25 GB."""

PAGE_BYTES = 16_000_000
"""Scans of which many faces are shown take more: a file ends before this, or holds one scan."""


@dataclass(frozen=True)
class _ScanRow:
    """One row of the table of all scans."""

    scan: str
    status: str
    result: str
    generative: bool
    touched: bool
    warnings: int
    link: str
    faces: FaceTotals | None
    """How many were found and what was decided of them; None where none was."""
    review: list[str]
    """Faces that a person should look at, and why."""


@dataclass(frozen=True)
class _Index:
    """What the first file says of all scans."""

    lines: Sequence[_ScanRow]
    problems: Sequence[tuple[str, str, str]]
    """Scan, stage and reason."""
    description: str
    """Of the recipe."""

    @property
    def faces(self) -> str:
        """The faces of all scans in one line; empty where there are none."""
        totals = sum((line.faces for line in self.lines if line.faces), FaceTotals())
        return str(totals) if totals.found else ""

    @property
    def counts(self) -> list[tuple[str, int]]:
        """What the report counts, by name."""
        delivered = [line for line in self.lines if line.status == "delivered"]
        waiting = sum(line.status == "waiting" for line in self.lines)
        refused = sum(line.status == "refused" for line in self.lines)
        generative = sum(line.generative for line in delivered)
        return [
            ("scans", len(self.lines)),
            ("delivered", len(delivered)),
            ("of these restored", sum(line.touched for line in delivered)),
            ("of these left as they were", sum(not line.touched for line in delivered)),
            ("with pixels made by a generative network", generative),
            ("with warnings", sum(bool(line.warnings) for line in delivered)),
            ("problems", len(self.problems)),
            *([("with a record that cannot be read", refused)] if refused else []),
            *([("not processed yet", waiting)] if waiting else []),
        ]


@dataclass(frozen=True)
class _RenderedScan:
    """One scan as it goes into a file."""

    line: _ScanRow
    section: str
    """HTML; empty for a problem."""
    problem: tuple[str, str] | None


def write_report(
    results: Path,
    recipe: str,
    scans: Sequence[str],
    output: Path,
    *,
    truth: Path | None = None,
    problems: Path | None = None,
    description: str = "",
    scans_per_page: int = SCANS_PER_PAGE,
) -> list[Path]:
    """Writes the report of a recipe and returns the files written, ``output`` first.

    results: folder of the records; scans: their ids, in the sheet's order; truth: folder of
    known truth, or None; problems: the table (default ``results/<recipe>/problems.tsv``).

    Up to ``scans_per_page`` scans and ``PAGE_BYTES``, everything is in ``output``, a file that
    needs no other. More: ``output`` holds the summary, the problems and a table of all scans, and
    links to ``<output's stem>-pages/0001.html`` and so on, each self-contained in the same way; so
    one box can be mailed, and no browser has to hold a collection.

    Scans are taken one at a time. The index comes last: it never points to a page that is not
    there.
    """
    if scans_per_page < 1:
        raise ValueError(f"expected at least 1 scan per page, found {scans_per_page}")
    found = _read_problems(problems or results / recipe / "problems.tsv")
    folder = output.with_name(f"{output.stem}-pages")
    environment = _environment()
    taken = (_rendered(environment, gather(results, recipe, s, found, truth)) for s in scans)
    chunks = _chunks(taken, scans_per_page)
    first, second = next(chunks, []), next(chunks, [])
    paged = bool(second)
    lines: list[_ScanRow] = []
    written: list[Path] = []
    failed = _lacking_pages(problems or results / recipe / "problems.tsv", scans)
    for part, chunk in enumerate(chain([first, second] if paged else [first], chunks), 1):
        failed += [(scan.line.scan, *scan.problem) for scan in chunk if scan.problem is not None]
        if not paged:
            lines += [scan.line for scan in chunk]
            continue
        target = folder / f"{part:04d}.html"
        lines += [_linked(scan.line, f"{folder.name}/{target.name}") for scan in chunk]
        title = f"Scans {chunk[0].line.scan} to {chunk[-1].line.scan}"
        back = f"../{output.name}"
        text = _page(environment, recipe, title, _sections(chunk), back=back, truth=truth)
        write_text(target, text)
        written.append(target)
    _remove_others(folder, written)
    index = _Index(lines, failed, description)
    text = _page(
        environment,
        recipe,
        "",
        [] if paged else _sections(first),
        index=index,
        truth=truth,
        paged=paged,
    )
    write_text(output, text)
    return [output, *written]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.globals["metrics"] = list(wording.METRIC_LABELS.values())
    return environment


def _render(environment: Environment, template: str, **values: Any) -> str:
    return environment.get_template(template).render(**values)


def _page(
    environment: Environment,
    recipe: str,
    title: str,
    sections: list[str],
    *,
    truth: Path | None,
    index: _Index | None = None,
    back: str = "",
    paged: bool = False,
) -> str:
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return _render(
        environment,
        "page.html.j2",
        recipe=recipe,
        title=title,
        # Rendered by the same environment, so whatever records hold is escaped already.
        sections=[Markup(section) for section in sections],
        style=Markup(style),
        index=index,
        back=back,
        paged=paged,
        judged=truth is not None,
        version=__version__,
    )


def _row(dossier: Dossier) -> _ScanRow:
    anchor = "#problems" if dossier.status == "problem" else f"#scan-{dossier.scan}"
    return _ScanRow(
        scan=dossier.scan,
        status=dossier.status,
        result=dossier.result,
        generative=bool(dossier.generative),
        touched=dossier.touched,
        warnings=len(dossier.warnings),
        link=anchor,
        faces=None if dossier.faces is None else dossier.faces.totals,
        review=[] if dossier.faces is None else dossier.faces.to_look_at(),
    )


def _read_problems(path: Path) -> dict[str, tuple[str, str]]:
    """Stage and reason of the scans that could not be processed."""
    return {scan: (stage, why) for scan, stage, why in _problem_rows(path) if stage != PAGES}


def _lacking_pages(path: Path, scans: Sequence[str]) -> list[tuple[str, str, str]]:
    """Scans that are delivered without some of their pages, in the sheet's order."""
    told = {row[0]: row for row in _problem_rows(path) if row[1] == PAGES}
    return [told[scan] for scan in scans if scan in told]


def _problem_rows(path: Path) -> list[tuple[str, str, str]]:
    """Scan, stage and reason; none where there is no table."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
    except FileNotFoundError:
        return []
    cells = [line.split("\t", 2) for line in lines if line]
    return [(row[0], row[1], row[2]) for row in cells if len(row) == 3]


def _rendered(environment: Environment, dossier: Dossier) -> _RenderedScan:
    # A problem has no section of its own: its reason stands in the table of problems.
    if dossier.problem is not None:
        return _RenderedScan(_row(dossier), "", dossier.problem)
    section = _render(environment, "scan.html.j2", scan=dossier)
    return _RenderedScan(_row(dossier), section, None)


def _chunks(taken: Iterable[_RenderedScan], most: int) -> Iterator[list[_RenderedScan]]:
    """What goes into one file: at most so many scans, and no more than a browser holds."""
    chunk: list[_RenderedScan] = []
    size = 0
    for scan in taken:
        size += len(scan.section)
        if chunk and (len(chunk) == most or (scan.section and size > PAGE_BYTES)):
            yield chunk
            chunk, size = [], len(scan.section)
        chunk.append(scan)
    if chunk:
        yield chunk


def _linked(line: _ScanRow, page: str) -> _ScanRow:
    return line if line.status == "problem" else replace(line, link=f"{page}{line.link}")


def _sections(chunk: Sequence[_RenderedScan]) -> list[str]:
    return [scan.section for scan in chunk if scan.section]


def _remove_others(folder: Path, written: Sequence[Path]) -> None:
    """Pages of an earlier, longer report would be taken for part of this one."""
    if not folder.is_dir():
        return
    for path in folder.glob("[0-9][0-9][0-9][0-9].html"):
        if path not in written:
            note_gone(path)
            unlink(path)
    if not any(folder.iterdir()):
        folder.rmdir()
