"""The record of examine: the condition report of each page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from restoration.records.base import Part, Record, Sha256, is_problem


class AsConditionReport:
    """Marks JSON that is a condition report, which ``findings.report.read_report`` makes of it.

    Kept as it is in the record: what enters the keys of results are its values as they stand there,
    and of an earlier version's report other parts of the record can be read.
    """

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # Only who publishes schemas needs all findings.
        from restoration.findings.report import ConditionReport  # noqa: PLC0415

        return handler(ConditionReport.__pydantic_core_schema__)


RawReport = Annotated[Mapping[str, Any], AsConditionReport()]
"""A page's condition report by finding, with its `warnings`."""


class ExaminedPage(Part):
    """One page and its condition report."""

    number: int
    """Number of the page, from 1."""
    report: RawReport
    """The condition report: a finding a field, and `warnings`."""


class _Examine(Record):
    stage: Literal["examine"]
    """The step."""
    key: Sha256
    """Key of the step: digest of all that its result depends on."""


class ExamineProblem(_Examine):
    """A scan that could not be examined."""

    status: Literal["problem"]
    """The scan cannot be processed."""
    reason: str
    """Why, in words."""


class _Examined(_Examine):
    status: Literal["done"]
    """The scan was examined."""
    reason: None
    """Null: nothing is to be explained."""
    settings: Mapping[str, Any] | None = None
    """The settings of the examination; absent from records of earlier versions."""
    code: str | None = None
    """Fingerprint of the code that did it; absent from records of earlier versions."""
    weights: tuple[str, ...] | None = None
    """SHA-256 of the networks that it needed; absent from records of earlier versions."""


class ExamineDone(_Examined):
    """The condition reports of a scan."""

    pages: tuple[ExaminedPage, ...]
    """The pages of the scan, in order."""

    def report_of(self, number: int) -> RawReport:
        """The condition report of a page. Raises LookupError where the scan has no such page."""
        for page in self.pages:
            if page.number == number:
                return page.report
        raise LookupError(f"{self.scan}: the record of examine has no page {number}")


class ExaminedPart(_Examined):
    """A record of examine without its reports, as a deliver record holds it beside them."""

    pages: tuple[int, ...]
    """Numbers of the pages, from 1."""


ExamineRecord = Annotated[ExamineDone | ExamineProblem, Field(discriminator="status")]


def read_examine(raw: Mapping[str, Any], where: str | Path) -> ExamineDone | ExamineProblem:
    """The record of an examination; raises RecordError where it does not fit."""
    kind = ExamineProblem if is_problem(raw) else ExamineDone
    return kind.read(raw, where)
