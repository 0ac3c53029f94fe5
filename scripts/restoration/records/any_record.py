"""The record of any step, by what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone, DeliveryProblem, read_delivery
from restoration.records.examine import ExamineDone, ExamineProblem, read_examine
from restoration.records.ingest import IngestDone, IngestProblem, read_ingest
from restoration.records.stage import StageDone, StageProblem, read_stage

AnyRecord = (
    IngestDone
    | IngestProblem
    | ExamineDone
    | ExamineProblem
    | StageDone
    | StageProblem
    | DeliveryDone
    | DeliveryProblem
)


def record_of(raw: Mapping[str, Any], where: str | Path) -> AnyRecord:
    """The record that ``raw`` holds, the JSON of a file; where: the file, for a message.

    Raises RecordError, in one line, where it does not fit the type of its step.
    """
    step = raw.get("stage")
    if not isinstance(step, str):
        raise RecordError(
            f"{where}: stage: expected the name of a step, found {step!r}; delete the record and "
            "start the run again, which makes it anew"
        )
    if step == "ingest":
        return read_ingest(raw, where)
    if step == "examine":
        return read_examine(raw, where)
    return read_delivery(raw, where) if step == "deliver" else read_stage(raw, where)
