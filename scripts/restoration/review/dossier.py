"""Everything that the report says about one scan, gathered from its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restoration.deliver.sidecars import label_of
from restoration.findings.report import read_report
from restoration.findings.words import number, pixels
from restoration.records.ingest import Master
from restoration.review import faces, findings, wording
from restoration.review.illustrations import deliverable_path, illustrate
from restoration.storage.records import left_out, read_raw

Record = dict[str, Any]


@dataclass
class Dossier:
    """One scan, in words and pictures; the page's template reads the fields by name."""

    scan: str
    status: str
    """delivered, problem or waiting (no record: the run has not come to it)."""
    problem: tuple[str, str] | None = None
    """Stage and reason, where the scan could not be processed."""
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
    findings: list[Record] = field(default_factory=list)
    """Condition report, per page: number and rows."""
    stages: list[Record] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pages: list[Record] = field(default_factory=list)
    more_pages: int = 0
    faces: Record | None = None
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
    delivered = read_raw(results / recipe / "deliver" / f"{scan}.json")
    if delivered is None:
        return Dossier(scan, "waiting", result="not processed yet")
    if delivered["status"] == "problem":
        problem = ("deliver", str(delivered["reason"]))
        return Dossier(scan, "problem", problem=problem, result="problem")
    return _delivered(results, recipe, delivered, truth)


def _delivered(results: Path, recipe: str, delivered: Record, truth: Path | None) -> Dossier:
    shown = illustrate(results, recipe, delivered, truth)
    stages = [_stage(record) for record in delivered["stages"]]
    applied = [s["name"] for s in stages if any(p["applied"] for p in s["pages"])]
    master = delivered["master"]["master"]
    tags = master.get("tags") or {}
    pages = _illustrated(shown["pages"], master["pages"])
    return Dossier(
        scan=delivered["scan"],
        status="delivered",
        result=f"{', '.join(applied)} applied" if applied else "nothing applied",
        touched=bool(applied),
        generative=_generative(delivered),
        title=_text(tags.get("DocumentName")),
        description=_text(tags.get("ImageDescription")),
        master=_master(delivered["master"]),
        deliverable=_deliverable(results, recipe, delivered),
        findings=_findings(delivered["scan"], delivered["condition_report"]),
        stages=stages,
        warnings=_warnings(delivered),
        pages=pages,
        more_pages=len(master["pages"]) - len(pages) if not shown.get("missing") else 0,
        faces=faces.section(delivered, recipe, shown["faces"]),
        missing=shown.get("missing", ""),
        when=delivered.get("when", ""),
    )


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _restoring(stage: Record) -> list[Record]:
    """The weights of a stage that made pixels; those that only compare persons made none."""
    return [w for w in stage.get("weights") or [] if w.get("role") != "compares"]


def _generative(delivered: Record) -> list[str]:
    """Networks whose pixels are in the deliverable, once each."""
    names: dict[str, None] = {}
    for stage in delivered["stages"]:
        if any(page.get("generative") for page in stage["pages"]):
            weights = ", ".join(w["name"] for w in _restoring(stage)) or "unnamed network"
            names[f"{findings.stage_label(stage['stage']).lower()}: {weights}"] = None
    return list(names)


def _master(ingest: Record) -> list[tuple[str, str]]:
    master = ingest["master"]
    page = master["pages"][0]
    icc = page.get("icc") or {}
    kind = "grey" if page.get("channels") == 1 else "RGB"
    packed = {"none": "uncompressed"}.get(page["compression"], page["compression"])
    rows = [
        ("File", str(ingest["path"])),
        ("SHA-256", ingest["sha256"]),
        ("Bytes", number(int(master["bytes"]))),
        ("Size", f"{pixels(page['width'], page['height'])}, {wording.ppi(page['ppi'])}"),
        ("Kind", f"{page['bits']}-bit {kind}, {packed}"),
        ("ICC profile", icc.get("description") or ("unnamed" if icc else "none")),
    ]
    if len(master["pages"]) > 1:
        rows.append(("Pages", str(len(master["pages"]))))
    rows += [("Infrared", text) for text in _infrared(master)]
    rows += [("Left out", text) for text in left_out(Master.read(master, "the deliver record"))]
    tags = master.get("tags") or {}
    for name in ("Artist", "Copyright", "DateTime"):
        if _text(tags.get(name)):
            rows.append((name, _text(tags[name])))
    return rows


def _infrared(master: Record) -> list[str]:
    """Where the scan's infrared is, and what becomes of it."""
    several = len(master["pages"]) > 1
    said = []
    for page in master["pages"]:
        if "infrared" in page.get("extra", ()):
            where = f"page {page['number']}: " if several else ""
            said.append(f"{where}a channel of the page, delivered with it")
    for found in master.get("infrared") or []:
        where = f"page {found['page']}: " if several else ""
        size = pixels(found["width"], found["height"])
        place = f"picture {found['directory'] + 1} of the file"
        said.append(f"{where}{place}, {size}, delivered as it was, as a page of its own")
    return said


def _deliverable(results: Path, recipe: str, delivered: Record) -> list[tuple[str, str]]:
    made = delivered["deliverable"]
    path = deliverable_path(results, recipe, delivered)
    pages = made.get("pages") or []
    last = (delivered["stages"] or [{"pages": []}])[-1]["pages"]
    rows = [
        ("File", str(made.get("file") or path.name)),
        ("SHA-256", made["sha256"]),
        ("Bytes", number(int(made["bytes"]))),
    ]
    if last:
        size = pixels(last[0]["width"], last[0]["height"])
        rows.append(("Size", f"{size}, {wording.ppi(last[0]['ppi'])}"))
    bits = f"{pages[0]['bits']}-bit " if pages else ""
    packed = made.get("compression", "none")
    kind = "BigTIFF" if made.get("bigtiff") else "TIFF"
    rows.append(("Kind", f"{bits}{kind}, {'uncompressed' if packed == 'none' else packed.upper()}"))
    sources = dict.fromkeys(page.get("digital_source_type") for page in pages)
    rows += [("Digital source type", source) for source in sources if source]
    for page in pages:
        rows += _profile(page.get("profile") or {})
    changes = [
        text for page in pages for kind in ("conversions", "notes") for text in page.get(kind) or []
    ]
    rows += [("Note", str(text)) for text in dict.fromkeys([*(made.get("notes") or []), *changes])]
    rows += [
        (f"Page {page['number']}" if len(pages) > 1 else "Finished picture", text)
        for page in pages
        for text in (page.get("finished") or {}).get("said", ())
    ]
    rows += [("Tones", text) for text in _tones(pages)]
    cubes = ({**cube, "kind": "cube"} for cube in made.get("cubes") or ())
    rows += [(label_of(one["kind"]), one["file"]) for one in (*(made.get("files") or ()), *cubes)]
    if made.get("verified"):
        rows.append(("Read back and compared", ", ".join(made["verified"])))
    rows.append(("Key", delivered["key"]))
    return rows


def _tones(pages: list[Record]) -> list[str]:
    """Of each page whose tones a table mapped, how much that clipped."""
    said = []
    for page in pages:
        if not page.get("tones"):
            continue
        dark, full = (max(shares) for shares in zip(*page["clipped"], strict=True))
        where = f"page {page['number']}: " if len(pages) > 1 else ""
        said.append(
            f"{where}mapped by a table, can be undone; newly black at most {dark:.2%}, newly full "
            f"at most {full:.2%} of a channel"
        )
    return said


def _profile(profile: Record) -> list[tuple[str, str]]:
    """What a page's conversion to another profile cost; nothing where its colours are its own."""
    if not profile.get("converted"):
        return []
    share = profile["share_clipped"]
    lost = "not known, it is a table" if share is None else f"{share:.2%} of the pixels"
    return [("Outside the new profile", lost)]


def _findings(scan: str, reports: list[Record]) -> list[Record]:
    return [
        {
            "page": page,
            "rows": findings.findings(read_report(report, f"{scan}, page {page} as delivered")),
        }
        for page, report in enumerate(reports, 1)
    ]


def _warnings(delivered: Record) -> list[str]:
    """Of the master, of the condition report, of the stages and of marks, each once, in order."""
    reports = delivered["condition_report"]
    found = [str(text) for text in delivered["master"]["master"].get("warnings") or []]
    for page_number, report in enumerate(reports, 1):
        prefix = f"page {page_number}: " if len(reports) > 1 else ""
        found += [prefix + str(warning["text"]) for warning in report.get("warnings") or []]
    for stage in delivered["stages"]:
        name = findings.stage_label(stage["stage"])
        for page in stage["pages"]:
            prefix = f"page {page['number']}: " if len(reports) > 1 else ""
            found += [f"{prefix}marks: {text}" for text in page.get("warnings") or []]
            said = page.get("findings") or {}
            found += [f"{prefix}{stage['stage']}: {text}" for text in said.get("cautions") or []]
            if said.get("faces_not_kept"):
                found.append(
                    f"{prefix}{name} worked on faces as on everything else: "
                    f"{said['faces_not_kept']}."
                )
    found += [f"marks: {text}" for text in delivered.get("unheeded_marks") or []]
    return list(dict.fromkeys(found))


def _stage(record: Record) -> Record:
    return {
        "name": findings.stage_label(record["stage"]),
        "pages": [wording.decision(page) for page in record["pages"]],
        "settings": wording.rows(record.get("settings") or {}),
        "weights": list(record.get("weights") or []),
        "networks": _restoring(record),
        "software": wording.rows(record.get("software") or {}),
        "numeric": wording.rows(record.get("numeric") or {}),
        "key": record.get("key", ""),
        "code": record.get("code", ""),
    }


def _illustrated(shown: list[Record], masters: list[Record]) -> list[Record]:
    """Pages with their scores in words."""
    pages = []
    for page in shown:
        scores = page["scores"]
        rows = [_score_row(row) for row in scores["rows"]] if scores else []
        orientation = masters[page["number"] - 1].get("orientation", 1)
        pages.append({**page, "score_rows": rows, "turned": orientation != 1})
    return pages


def _score_row(row: Record) -> Record:
    name = (
        "Master"
        if row["name"] == "master"
        else f"After {findings.stage_label(row['name']).lower()}"
    )
    if row.get("missing"):
        return {"name": name, "missing": True, "cells": []}
    verdicts = row.get("verdicts") or {}
    cells = [
        {"text": wording.metric(metric, row[metric]), "verdict": verdicts.get(metric, "")}
        for metric in wording.METRIC_LABELS
    ]
    return {"name": name, "missing": False, "cells": cells, "resampled": row["resampled"]}
