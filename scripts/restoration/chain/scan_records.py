"""The records of one scan on disk: read as their types, given back where they were lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from restoration.config.sheet import Scan
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord, record_of
from restoration.storage.recorded_copies import copy_of
from restoration.storage.records import (
    DELIVERY_SCHEMA,
    SCHEMA,
    is_unaltered,
    read_record,
    refusal,
    write_record,
)
from restoration.storage.text_files import now


class ScanRecords:
    """Those of one recipe (None: only those that carry no recipe)."""

    def __init__(
        self, plan: Plan, recipe: str | None, scan: Scan, say: Callable[[str], None]
    ) -> None:
        """say: is told what was found lost or refused, one line each."""
        self._plan = plan
        self._recipe = recipe
        self._scan = scan
        self._say = say

    def path(self, step: str) -> Path:
        return self._plan.folder(self._recipe, step) / f"{self._scan.scan}.json"

    def read(self, step: str) -> AnyRecord | None:
        """The step's record as it lies there, or as it lay there before it was lost; one of
        another version is said, and counts as missing."""
        path = self.path(step)
        record = read_record(path)
        if record is None and (said := refusal(path)) is not None:
            self._say(said)
        return record or self._lost(step)

    def _lost(self, step: str) -> AnyRecord | None:
        """A record that is gone or was altered, from its copy in the scan's deliver record, which
        is written back as it was; None where there is no copy that is whole."""
        if step == "deliver":
            return None
        recipes = self._scan.recipes if self._recipe is None else (self._recipe,)
        for recipe in recipes:
            place = self._plan.folder(recipe, "deliver") / f"{self._scan.scan}.json"
            found = copy_of(step, read_record(place))
            if found is not None and found.record_sha256 and is_unaltered(found.raw()):
                self._say(f"{self.path(step)} was lost or altered: given back from {place}")
                return write_record(self.path(step), found)
        return None

    def head(self, step: str) -> dict[str, Any]:
        """What the record of any step begins with."""
        head: dict[str, Any] = {"scan": self._scan.scan, "stage": step, "when": now()}
        if self._recipe is not None and step not in ("ingest", "examine"):
            head["recipe"] = self._recipe
        return head

    def publish(self, step: str, said: Mapping[str, Any]) -> AnyRecord:
        """Write what a step says, head included; returns it as it will be read, since it becomes a
        part of the scan's deliver record.

        Raises RecordError where it does not fit the type of the step's record.
        """
        path, schema = self.path(step), DELIVERY_SCHEMA if step == "deliver" else SCHEMA
        return write_record(path, record_of({"schema": schema, **said}, path))
