"""What all findings of the condition report share.

A finding is one module here: a subclass of `Reported` with its detail, its label, its place in the
report and its sentence. Nothing here measures or decides anything: this room is left out of the
fingerprints of code, since what a finding says reaches the keys of results by its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from restoration.findings.words import number

LEAST_CONFIDENCE = 0.3
"""Confidence below which a sentence gives no figure: that of `restoration.condition.confidence`, on
which the stages rely. It stands here a second time, since nothing here reaches a fingerprint of
code; a test holds the two together."""

StatedBox = tuple[int, int, int, int]
"""[left, top, width, height] in pixels of the page as stored."""

FigurePair = tuple[float, float]

Figure = int | float
"""A number whose kind in the record is kept: 0 stays 0, and 0.0 stays 0.0."""


class ReportPart(BaseModel):
    """A part of the condition report: frozen, and refuses fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Caution(ReportPart):
    """Something that a person should know before the scan is restored."""

    code: str = Field(description="Short and stable, for machines.")
    text: str = Field(description="One sentence, in an archivist's words.")


class Detail(ReportPart):
    """What a finding says beyond its value."""

    reason: str | None = Field(
        default=None,
        description="Why nothing, or nothing more, can be said; left out where all is said.",
    )


ValueType = TypeVar("ValueType")
Details = TypeVar("Details", bound=Detail)


class Reported(ReportPart, Generic[ValueType, Details]):
    """One finding of the condition report."""

    value: ValueType | None = Field(
        description="The figure that stages decide from; null where it is unknown."
    )
    unit: str = Field(description="Unit of the value; empty where it has none.")
    confidence: float = Field(description="How sure the value is, from 0 (unknown) to 1.")
    method: str = Field(description="How it was measured, with the source of the method.")
    detail: Details = Field(description="Everything else that was measured.")
    cautions: SkipJsonSchema[tuple[Caution, ...]] = Field(
        default=(),
        exclude=True,
        description="What a person should know; the report lists them together.",
    )

    name: ClassVar[str]
    """Its field in the report."""
    label: ClassVar[str]
    """Its name for people."""
    place: ClassVar[int]
    """Where a person reads it: findings come in rising order of this."""
    unshown: ClassVar[frozenset[str]] = frozenset()
    """Details for machines alone: the report's pictures show them, or its rows of faces."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Details whose own name does not say of what they speak, and what people read instead."""

    def sentence(self, others: Others | None = None) -> str:
        """What it found, in an archivist's words.

        others: the report's other findings, one of which may speak against this one.
        """
        if self.value is None:
            why = self.unsaid()
            return f"Not known: {why}." if why else "Not known."
        against = "" if others is None else self.against(others)
        if not self.trusted(against):
            # No figure without the confidence to carry it.
            doubt = against or self.doubt()
            return f"Not sure: {doubt}." if doubt else "Not sure enough to say."
        return self.words(self.value)

    def words(self, value: ValueType) -> str:
        """The sentence where the value is known and sure enough."""
        return f"{number(value)} {self.unit}".strip().capitalize() + "."

    def unsaid(self) -> str:
        """Why the value is not known; empty where nothing says it."""
        return self.detail.reason or ""

    def doubt(self) -> str:
        """Why the value is not sure; empty where nothing says it."""
        return self.detail.reason or ""

    def against(self, others: Others) -> str:
        """What another finding holds against this one; empty where none does."""
        return ""

    def trusted(self, against: str) -> bool:
        """Whether the value is sure enough for its figure to be given."""
        return self.confidence >= LEAST_CONFIDENCE

    def recorded(self) -> dict[str, Any]:
        """What the report on disk holds of it: what was said, and nothing that was left out."""
        return self.model_dump(exclude_unset=True)


AnyFinding = Reported[Any, Any]

Found = TypeVar("Found", bound=AnyFinding)


class Others(Protocol):
    """The findings of one page."""

    def get(self, kind: type[Found]) -> Found | None:
        """The finding of this kind; None where the report has none."""
        ...
