"""The record of any step, by what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone, DeliveryProblem
from restoration.records.examine import ExamineRecord
from restoration.records.ingest import IngestRecord
from restoration.records.stage import StageDone, StageProblem

AnyRecord = IngestRecord | ExamineRecord | StageDone | StageProblem | DeliveryDone | DeliveryProblem


def record_of(raw: Mapping[str, Any], where: str | Path) -> AnyRecord:
    """The record that ``raw`` holds, the JSON of a file; where: the file, for a message.

    Raises RecordError, in one line, where it does not fit the type of its step.
    """
    step, failed = raw.get("stage"), raw.get("status") == "problem"
    if not isinstance(step, str):
        raise RecordError(
            f"{where}: stage: expected the name of a step, found {step!r}; delete the record and "
            "start the run again, which makes it anew"
        )
    if step == "ingest":
        return IngestRecord.read(raw, where)
    if step == "examine":
        return ExamineRecord.read(raw, where)
    if step == "deliver":
        return (DeliveryProblem if failed else DeliveryDone).read(raw, where)
    return (StageProblem if failed else StageDone).read(raw, where)
