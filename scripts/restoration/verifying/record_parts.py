"""What a record must hold, what of it lasts, and what a deliver record holds of earlier ones."""

from __future__ import annotations

from typing import Any

from restoration.restoring import Record

_PASSING = frozenset({"schema", "when", "software", "processor", "path", "signature"})
"""What may differ between a record that was made again and its copy in the deliver record."""


def copy_of(step: str, delivered: Record | None) -> Record | None:
    """What a deliver record holds of an earlier step; None where it has no such thing."""
    if delivered is None or delivered.get("status") != "done" or not is_whole("deliver", delivered):
        return None
    if step == "ingest":
        return dict(delivered["master"])
    if step == "examine":
        return {"reports": delivered["condition_report"]}
    return next((stage for stage in delivered["stages"] if stage.get("stage") == step), None)


def lasting(step: str, record: Record) -> Record:
    """What a record would say again if it were made again."""
    if step == "examine":
        if "reports" in record:
            return record
        return {"reports": [page["report"] for page in record.get("pages", ())]}
    kept = {name: value for name, value in record.items() if name not in _PASSING}
    if step == "ingest" and isinstance(kept.get("master"), dict):
        kept["master"] = {k: v for k, v in kept["master"].items() if k != "mtime_ns"}
    if "pages" in kept:
        kept["pages"] = [
            {name: value for name, value in page.items() if name != "seconds"}
            for page in kept["pages"]
            if isinstance(page, dict)
        ]
    return kept


_PAGE = ("number", "key", "input_key", "output_key", "image", "owner", "sha256", "status", "reason")
_SIZE = ("height", "width", "ppi", "generated", "generative", "findings")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_whole(step: str, record: Record) -> bool:
    """Whether a record has the parts that its step writes, so that the rest may rely on them."""
    if not _is_text(record.get("key")) or record.get("status") not in ("done", "problem"):
        return False
    if record["status"] == "problem":
        return _is_text(record.get("reason")) and (
            step != "ingest" or _is_text(record.get("signature"))
        )
    if step == "ingest":
        master = record.get("master")
        return (
            _is_text(record.get("sha256"))
            and _is_text(record.get("signature"))
            and isinstance(master, dict)
            and "sha256" in master
            and _entries(master.get("pages"), ("number", "height", "width", "ppi"))
        )
    if step == "examine":
        pages = record.get("pages")
        return _entries(pages, ("number", "report")) and all(
            isinstance(page["report"], dict) for page in pages or ()
        )
    if step == "deliver":
        made = record.get("deliverable")
        return (
            isinstance(made, dict)
            and _is_text(made.get("sha256"))
            and _entries(made.get("cubes", [{}]), ("page", "file", "sha256"), "cubes" in made)
            and isinstance(record.get("master"), dict)
            and isinstance(record.get("condition_report"), list)
            and _entries(record.get("stages"), (), False)
        )
    return isinstance(record.get("settings"), dict) and _entries(
        record.get("pages"), (*_PAGE, *_SIZE)
    )


def _entries(found: Any, names: tuple[str, ...], needed: bool = True) -> bool:
    """Whether this is a list of mappings that have the names; not empty where ``needed``."""
    if not isinstance(found, list) or (needed and not found):
        return False
    return all(
        isinstance(one, dict) and (not needed or all(name in one for name in names))
        for one in found
    )
