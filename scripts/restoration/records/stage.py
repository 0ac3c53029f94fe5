"""The record of a stage: what it did with each page, or why it did nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from restoration.records.base import Part, Record, Sha256, is_problem

Findings = Mapping[str, Any]
"""What a stage says of its work on a page."""


class Stain(Part):
    """Part of a tone table: a stain of the paper that is taken out by place."""

    coefficients: Any
    """Coefficients of the stain's course over the page."""
    log_light: Any
    """Its light, in natural logarithms, at the nodes of the coefficients."""


class ToneTableRecord(Part):
    """A tone table: by it delivery maps the values of a page."""

    curves: tuple[tuple[float, ...], ...]
    """For each channel the values after, at evenly spaced values before, both in [0, 1]."""
    stain: Stain | None
    """A stain that is taken out; null: none is."""


class _Page(Part):
    number: int
    """Number of the page, from 1."""
    key: Sha256
    """Key of the stage's work on the page."""
    input_key: Sha256
    """Key of the page as it came in."""
    output_key: Sha256
    """Key of the page as it goes on: `key` where the stage was applied, else `input_key`."""
    image: str | None
    """Where the page's image lies as it goes on, below the results; null: still the master's own
    page."""
    owner: str | None
    """The step that wrote `image`; null where that is the master's own page."""
    height: int
    """Height as the page goes on, in pixels."""
    width: int
    """Width as the page goes on, in pixels."""
    ppi: tuple[float, float] | None
    """Resolution across and down as the page goes on, in pixels per inch; null: not stated."""
    generative: bool
    """Whether a generative network made pixels of the page in this step."""
    generated: bool
    """Whether a generative network made pixels of the page in this step or an earlier one."""
    findings: Findings
    """What the stage measured and did."""
    warnings: tuple[str, ...] | None = None
    """What a person should know of the marks on this page, a sentence each."""
    seconds: float
    """How long the work on the page took, in seconds."""


class AppliedPage(_Page):
    """A page that the stage changed."""

    status: Literal["applied"]
    """The stage changed the page."""
    reason: None
    """Null: nothing is to be explained."""
    sha256: Sha256 | None
    """SHA-256 of the image that the stage wrote; null where it handed a tone table to delivery."""
    mask: str | None = None
    """Where the image lies that shows where the stage worked, below the results; null: all over."""
    mask_sha256: Sha256 | None = None
    """SHA-256 of the mask."""
    tones: ToneTableRecord | None = None
    """The tone table by which delivery maps the page; absent where the stage wrote an image."""
    tones_sha256: Sha256 | None = None
    """SHA-256 of the tone table."""


class DeclinedPage(_Page):
    """A page that the stage left as it came in."""

    status: Literal["declined"]
    """The stage left the page as it came in."""
    reason: str
    """Why, in words."""
    sha256: None
    """Null: the stage wrote no image."""


StagePage = Annotated[AppliedPage | DeclinedPage, Field(discriminator="status")]


def page_of(raw: Mapping[str, Any]) -> AppliedPage | DeclinedPage:
    """The entry of a page from its JSON. Raises ValidationError where it does not fit."""
    kind = AppliedPage if raw.get("status") == "applied" else DeclinedPage
    return kind.model_validate(raw)


class UsedWeights(Part):
    """A network that the stage was set up with."""

    name: str
    """Its name in models.yaml."""
    sha256: Sha256
    """SHA-256 of the weights."""
    licence: str
    """Licence of the weights."""
    role: Literal["restores", "compares", "finds"] | None = None
    """compares: it looks at faces, finds: it looks for damage; both make no pixel."""


class Replaced(Part):
    """An earlier result with the same key that could not be made again to the byte."""

    when: str | None
    """When it was made: ISO 8601, UTC."""
    record_sha256: Sha256 | None
    """Seal of its record."""
    sha256: tuple[Sha256 | None, ...]
    """SHA-256 of the image of each page."""


class _Stage(Record):
    stage: str
    """The step."""
    recipe: str
    """The recipe."""
    key: Sha256
    """Digest of the keys of all pages."""


class StageProblem(_Stage):
    """A stage that could not process the scan."""

    status: Literal["problem"]
    """The scan cannot be processed."""
    reason: str
    """Why, in words."""


class StageDone(_Stage):
    """What a stage did with each page of a scan."""

    status: Literal["done"]
    """Every page was looked at."""
    reason: None
    """Null: nothing is to be explained."""
    pages: tuple[StagePage, ...]
    """The pages of the scan, in order."""
    settings: Mapping[str, Any]
    """The stage's settings in this recipe."""
    marks: Mapping[str, Any] | None = None
    """What a person marked for the stage, as it enters the keys; absent where nothing is marked."""
    limiting: str | None = None
    """Fingerprint of the code that holds the stage to the marks; absent where nothing is marked."""
    code: str
    """Fingerprint of the code that did it."""
    numeric: Mapping[str, Any]
    """On what hardware path the stage computed, as far as the result depends on it."""
    weights: tuple[UsedWeights, ...]
    """The networks that the stage was set up with."""
    software: Mapping[str, str]
    """Version of each package that took part."""
    processor: str
    """The processor on which it ran."""
    replaces: Replaced | None = None
    """The earlier result in whose place this one is; absent where there was none."""

    def page(self, number: int) -> AppliedPage | DeclinedPage:
        """The entry of a page. Raises LookupError where the scan has no such page."""
        for page in self.pages:
            if page.number == number:
                return page
        raise LookupError(f"{self.scan}: the record of {self.stage} has no page {number}")


StageRecord = Annotated[StageDone | StageProblem, Field(discriminator="status")]


def read_stage(raw: Mapping[str, Any], where: str | Path) -> StageDone | StageProblem:
    """The record of a stage; raises RecordError where it does not fit."""
    kind = StageProblem if is_problem(raw) else StageDone
    return kind.read(raw, where)
