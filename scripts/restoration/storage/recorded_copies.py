"""What a deliver record holds of the records before it: enough to write each of them back."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def copy_of(step: str, delivered: Record | None) -> Record | None:
    """The record of an earlier step as a deliver record has it; None where it has none."""
    if delivered is None or delivered.get("status") != "done":
        return None
    try:
        if step == "ingest":
            return dict(delivered["master"])
        if step == "examine":
            reports = iter(delivered["condition_report"])
            part = dict(delivered["examined"])
            numbers = part.pop("pages")
            pages = [{"number": number, "report": next(reports)} for number in numbers]
            return {**part, "pages": pages}
        return next((dict(one) for one in delivered["stages"] if one["stage"] == step), None)
    except (KeyError, TypeError, ValueError, StopIteration):
        return None


def examined_part(record: Record) -> Record:
    """An examine record without the reports, which the deliver record has under another name."""
    return {**record, "pages": [page["number"] for page in record["pages"]]}
