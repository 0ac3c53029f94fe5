"""A delivered scan as the report needs it: its record, read once, every part of it validated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from restoration.errors import RestorationError
from restoration.findings.report import ConditionReport, read_report
from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone, DeliveryProblem
from restoration.review.face_order import DecidedFace, faces_of
from restoration.storage.records import read_record, refusal


@dataclass(frozen=True)
class DeliveredScan:
    """The record of a delivery, and what is read out of it."""

    record: DeliveryDone
    reports: tuple[ConditionReport, ...]
    """The condition report of each page, in order."""
    faces: tuple[DecidedFace, ...]
    """Every face, those to review first."""

    @classmethod
    def of(cls, record: DeliveryDone, where: str | Path) -> DeliveredScan:
        """where: the record's file, for a message.

        Raises RecordError, in one line, where a part of the record does not fit its type.
        """
        reports = []
        for number, raw in enumerate(record.condition_report, 1):
            try:
                reports.append(read_report(raw, f"{where}, page {number}"))
            except RestorationError as error:
                raise RecordError(str(error)) from error
        return cls(record, tuple(reports), faces_of(record, where))


def read_delivered(path: Path) -> DeliveredScan | DeliveryProblem | None:
    """What the record of a delivery says; None where there is none that can be trusted.

    Raises RecordError, in one line, where another version wrote it and this one cannot read
    it: file, what was found, what to do.
    """
    record = read_record(path)
    if isinstance(record, DeliveryDone):
        return DeliveredScan.of(record, path)
    if record is None or isinstance(record, DeliveryProblem):
        why = refusal(path)
        if why is not None:
            raise RecordError(why)
        return record
    raise RecordError(f"{path}: stage: expected deliver, found {record.stage}; deliver the scan")
