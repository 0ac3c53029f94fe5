"""Records with as little in them as their types allow, for tests that make up results."""

from __future__ import annotations

from typing import Any

WHEN = "2026-01-01T00:00:00Z"


def page(**said: Any) -> dict[str, Any]:
    """A page of a master."""
    known = {
        "number": 1,
        "directory": 0,
        "width": 4,
        "height": 4,
        "bits": 16,
        "photometric": "rgb",
        "channels": 3,
        "extra": [],
        "compression": "none",
        "tiled": False,
        "planar": False,
        "orientation": 1,
        "ppi": None,
        "tags": {},
        "icc": None,
    }
    return {**known, **said}


def infrared(**said: Any) -> dict[str, Any]:
    """An infrared picture in a directory of its own."""
    own = {name: value for name, value in page().items() if name not in ("number", "icc")}
    return {**own, "channels": 1, "page": 1, "why": "its name", **said}


def master(sha256: str = "a" * 64, **said: Any) -> dict[str, Any]:
    """What a master says about itself."""
    known = {
        "sha256": sha256,
        "bytes": 100,
        "mtime_ns": 1,
        "byte_order": "little",
        "bigtiff": False,
        "pages": [page()],
        "tags": {},
        "exif": None,
        "xmp": None,
        "iptc": None,
        "warnings": [],
    }
    return {**known, **said}


def deliverable(sha256: str = "b" * 64, **said: Any) -> dict[str, Any]:
    """What a deliver record says of the file."""
    known = {
        "sha256": sha256,
        "bytes": 100,
        "bigtiff": False,
        "compression": "lzw",
        "master_sha256": "a" * 64,
        "verified": [],
        "notes": [],
        "pages": [],
    }
    return {**known, **said}


def _head(scan: str, step: str, status: str, schema: int) -> dict[str, Any]:
    reason = "it cannot be read" if status == "problem" else None
    known = {"schema": schema, "scan": scan, "stage": step, "when": WHEN, "key": "c" * 64}
    return {**known, "status": status, "reason": reason}


def record(
    step: str, scan: str, status: str = "done", *, recipe: str | None = None, **said: Any
) -> dict[str, Any]:
    """The record of a step; recipe: of a stage and of a delivery."""
    head = _head(scan, step, status, 3 if step == "deliver" else 2)
    if recipe is not None:
        head["recipe"] = recipe
    if step == "ingest":
        whole = {"sha256": "a" * 64, "master": master()} if status == "done" else {}
        head |= {"path": f"{scan}.tif", "signature": "100:1", "base": "d" * 64}
        return {**head, "settings": {}, "code": "1", "material": "print", **whole, **said}
    if status == "problem":
        return {**head, **said}
    if step == "examine":
        return {**head, "pages": [], "settings": {}, "code": "1", "weights": [], **said}
    if step == "deliver":
        own = {"deliverable": deliverable(), "master": record("ingest", scan)}
        empty: dict[str, Any] = {"faces": [], "condition_report": [], "stages": []}
        return {**head, "settings": {}, "code": "1", **own, **empty, **said}
    made = {"numeric": {}, "weights": [], "software": {}, "processor": "one"}
    return {**head, "pages": [], "settings": {}, "code": "1", **made, **said}
