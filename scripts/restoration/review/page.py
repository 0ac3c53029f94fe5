"""The page that a person reviews: one per recipe, self-contained, the same bytes for the same
records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from restoration import __version__
from restoration.records import write_text
from restoration.review import faces, wording
from restoration.review.dossier import Dossier, gather

TEMPLATES = Path(__file__).resolve().parents[3] / "resources" / "report"

SCANS_PER_PAGE = 40
"""Scans with pictures in one file. A scan takes 150 to 400 kB, so a file stays below 16 MB and
opens at once on any desk; a collection of 100,000 scans in one file would be 25 GB."""


@dataclass(frozen=True)
class _Line:
    """One row of the table of all scans."""

    scan: str
    status: str
    result: str
    generative: bool
    touched: bool
    warnings: int
    link: str
    faces: Mapping[str, int] | None
    """How many were found and what was decided of them; None where none was."""
    review: list[str]
    """Faces that a person should look at, and why."""


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

    Up to ``scans_per_page`` scans, everything is in ``output``, a file that needs no other. More
    scans: ``output`` holds the summary, the problems and a table of all scans, and links to
    ``<output's stem>-pages/0001.html`` and so on, each self-contained in the same way; so one
    box can be mailed, and no browser has to hold a collection.

    Scans are taken one at a time. The index comes last: it never points to a page that is not
    there.
    """
    found = _read_problems(problems or results / recipe / "problems.tsv")
    chunks = _chunks(list(scans), scans_per_page)
    paged = len(chunks) > 1
    folder = output.with_name(f"{output.stem}-pages")
    lines: list[_Line] = []
    written: list[Path] = []
    sections: list[str] = []
    failed: list[tuple[str, str, str]] = []
    environment = _environment()
    for number, chunk in enumerate(chunks, 1):
        target = folder / f"{number:04d}.html" if paged else output
        sections = []
        for scan in chunk:
            dossier = gather(results, recipe, scan, found, truth)
            link = f"{folder.name}/{target.name}" if paged else ""
            lines.append(_line(dossier, link))
            if dossier.problem is not None:
                failed.append((scan, *dossier.problem))
            else:
                sections.append(_render(environment, "scan.html.j2", scan=dossier))
        if paged:
            title = f"Scans {chunk[0]} to {chunk[-1]}"
            back = f"../{output.name}"
            text = _page(environment, recipe, title, sections, back=back, truth=truth)
            write_text(target, text)
            written.append(target)
    _remove_others(folder, written)
    body = {
        "lines": lines,
        "problems": failed,
        "description": description,
        "faces": _faces_told(lines),
    }
    text = _page(
        environment, recipe, "", [] if paged else sections, index=body, truth=truth, paged=paged
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
    environment.filters["number"] = wording.number
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
    index: Mapping[str, Any] | None = None,
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
        counts=_counts(index["lines"], index["problems"]) if index else None,
        back=back,
        paged=paged,
        judged=truth is not None,
        version=__version__,
    )


def _line(dossier: Dossier, page: str) -> _Line:
    # A problem has no section of its own: its reason stands in the table of problems.
    anchor = "#problems" if dossier.status == "problem" else f"{page}#scan-{dossier.scan}"
    return _Line(
        scan=dossier.scan,
        status=dossier.status,
        result=dossier.result,
        generative=bool(dossier.generative),
        touched=dossier.touched,
        warnings=len(dossier.warnings),
        link=anchor,
        faces=None if dossier.faces is None else dossier.faces["counts"],
        review=faces.to_look_at(dossier.faces),
    )


def _counts(lines: Sequence[_Line], problems: Sequence[Any]) -> list[tuple[str, int]]:
    delivered = [line for line in lines if line.status == "delivered"]
    waiting = sum(line.status == "waiting" for line in lines)
    counts = [
        ("scans", len(lines)),
        ("delivered", len(delivered)),
        ("of these restored", sum(line.touched for line in delivered)),
        ("of these left as they were", sum(not line.touched for line in delivered)),
        ("with pixels made by a generative network", sum(line.generative for line in delivered)),
        ("with warnings", sum(bool(line.warnings) for line in delivered)),
        ("problems", len(problems)),
    ]
    return [*counts, ("not processed yet", waiting)] if waiting else counts


def _faces_told(lines: Sequence[_Line]) -> str:
    """The faces of all scans in one line; empty where there are none."""
    total: Counter[str] = Counter()
    for line in lines:
        total.update(line.faces or {})
    return faces.told(total) if total["found"] else ""


def _read_problems(path: Path) -> dict[str, tuple[str, str]]:
    """Stage and reason by scan; none where there is no table."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
    except FileNotFoundError:
        return {}
    cells = [line.split("\t", 2) for line in lines if line]
    return {row[0]: (row[1], row[2]) for row in cells if len(row) == 3}


def _chunks(scans: list[str], size: int) -> list[list[str]]:
    if size < 1:
        raise ValueError(f"expected at least 1 scan per page, found {size}")
    return list(_cut(scans, size)) or [[]]


def _cut(scans: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(scans), size):
        yield scans[start : start + size]


def _remove_others(folder: Path, written: Sequence[Path]) -> None:
    """Pages of an earlier, longer report would be taken for part of this one."""
    if not folder.is_dir():
        return
    for path in folder.glob("[0-9][0-9][0-9][0-9].html"):
        if path not in written:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
