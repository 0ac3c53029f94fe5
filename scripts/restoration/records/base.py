"""What every record on disk has in common: how it is validated, and what its head says.

A record that does not fit its type is refused in one line. Pure data: no pixel, no key is computed
from this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from restoration.errors import CircumstanceError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 as 64 lower-case hexadecimal digits."""


Schema = Literal[1, 2]
"""Versions of a record that can be read. 2: boxes and places state left before top."""

DeliverySchema = Literal[1, 2, 3]
"""Those of a delivery's. 3: files beside the deliverable, of whatever kind, are its ``files``."""

MOST_FOUND = 80
"""Characters that a message shows of what was found."""


class RecordError(CircumstanceError):
    """A record is not what its type says: names file, field, expected, found and what to do.

    No fault of the scan's: without the record the next run makes it anew.
    """


class Part(BaseModel):
    """A part of a record: frozen, no field that is not named here."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        ser_json_inf_nan="constants",
        use_attribute_docstrings=True,
    )

    @classmethod
    def read(cls, raw: Mapping[str, Any], where: str | Path) -> Self:
        """The record that ``raw``, the JSON of a file, holds; where: the file, for a message.

        Raises RecordError, in one line, where it does not fit.
        """
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise RecordError(_refusal(error, where)) from None

    def raw(self) -> dict[str, Any]:
        """The JSON values of which the record was read: no field that was not there."""
        found: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return found


class Record(Part):
    """The head of a record, one step's for one scan."""

    schema_: Annotated[Schema, Field(alias="schema")]
    """Version of the record's form."""
    scan: str
    """The scan's id in the sheet."""
    when: str
    """When the work was done: ISO 8601, UTC, to the second."""
    record_sha256: Sha256 | None = None
    """SHA-256 of the record without this field, as canonical JSON; absent from records of the
    versions before 0.1."""


class RecordHead(BaseModel):
    """What every record says of its step, whatever else it holds."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    scan: str
    stage: str
    status: Literal["done", "problem"]
    key: Sha256 | None = None
    reason: str | None = None


def read_head(raw: Mapping[str, Any], where: str | Path) -> RecordHead:
    """The head of a record of any step; raises RecordError where it does not fit."""
    try:
        return RecordHead.model_validate(raw)
    except ValidationError as error:
        raise RecordError(_refusal(error, where)) from None


def is_problem(raw: Mapping[str, Any]) -> bool:
    """Whether a record says that the scan cannot be processed."""
    return raw.get("status") == "problem"


_EXPECTED: Mapping[str, str] = {
    "missing": "a value",
    "extra_forbidden": "no such field",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "string_type": "a text",
    "string_pattern_mismatch": "a SHA-256 (64 hexadecimal digits)",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "null",
    "tuple_type": "a list",
    "dict_type": "fields by name",
    "mapping_type": "fields by name",
    "model_type": "fields by name",
}


def _refusal(error: ValidationError, where: str | Path) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the record"
    shown = repr(first["input"])
    if len(shown) > MOST_FOUND:
        shown = f"{shown[:MOST_FOUND]} ..."
    found = "nothing" if first["type"] == "missing" else shown
    more = error.error_count() - 1
    others = f" (and {more} more that do not fit)" if more else ""
    return (
        f"{where}: {field}: expected {_expected(first)}, found {found}{others}; delete the record "
        "and start the run again, which makes it anew"
    )


def _expected(found: ErrorDetails) -> str:
    if found["type"] == "literal_error":
        return str(found.get("ctx", {})["expected"])
    said = found["msg"]
    return _EXPECTED.get(found["type"], said[:1].lower() + said[1:])
