"""What a deliver record holds of the records before it: enough to write each of them back."""

from __future__ import annotations

from restoration.records.any_record import AnyRecord
from restoration.records.delivery import DeliveryDone
from restoration.records.examine import ExamineDone, ExaminedPage, ExaminedPart


def copy_of(step: str, delivered: AnyRecord | None) -> AnyRecord | None:
    """The record of an earlier step as a deliver record has it; None where it has none."""
    if not isinstance(delivered, DeliveryDone):
        return None
    if step == "ingest":
        return delivered.master
    if step == "examine":
        return _examined(delivered)
    return next((one for one in delivered.stages if one.stage == step), None)


def _examined(delivered: DeliveryDone) -> ExamineDone | None:
    part, reports = delivered.examined, delivered.condition_report
    if part is None or len(part.pages) != len(reports):
        return None
    pages = [
        ExaminedPage(number=number, report=report)
        for number, report in zip(part.pages, reports, strict=True)
    ]
    return ExamineDone.model_validate({**part.raw(), "pages": pages})


def examined_part(record: ExamineDone) -> ExaminedPart:
    """An examine record without the reports, which the deliver record has under another name."""
    numbers = [page.number for page in record.pages]
    return ExaminedPart.model_validate({**record.raw(), "pages": numbers})
