"""The record of a delivery: the deliverable, and all that was recorded on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from restoration.findings.base import Figure
from restoration.records.base import DeliverySchema, Part, Record, Schema, Sha256, is_problem
from restoration.records.examine import ExaminedPart, RawReport
from restoration.records.ingest import IngestDone
from restoration.records.stage import StageDone

ResolutionUnit = Literal["none", "inch", "centimetre"]


class DeliveredProfile(Part):
    """What became of a page's colours at delivery."""

    master: str
    """The master's profile by name, or what it was taken for."""
    deliverable: str
    """The deliverable's profile by name."""
    sha256: Sha256 | None
    """SHA-256 of the deliverable's profile; null where it has none."""
    assumed: bool
    """Whether the master has no profile that can be used."""
    warning: str | None
    """What is doubtful about the master's colours; null where they are defined."""
    converted: bool
    """Whether the values were converted to another profile."""
    intent: str | None = None
    """Rendering intent of the conversion; absent where nothing was converted."""
    black_point_compensation: bool | None = None
    """Whether black was mapped to black; absent where nothing was converted."""
    share_clipped: float | None = None
    """Share of the pixels outside the new space, 0 to 1; null where it cannot be counted."""


class KeptNoise(Part):
    """What the finished picture has kept of the master's grain or noise."""

    kept: Figure | None
    """Share of its strength, 0 to 1; null where it was not measured."""
    same: Figure | None = None
    """Share of the pixels looked at that are the master's own, 0 to 1; absent after a change of
    size."""
    confidence: Figure
    """How sure that is, 0 to 1."""
    reason: str | None = None
    """Why it was not measured, in words."""
    master_255: Figure | None = None
    """Standard deviation in the master's flat places, in 1/255."""
    added_255: Figure | None = None
    """Standard deviation of what is there now and was not, in 1/255."""
    tiles: int | None = None
    """Number of flat places that were measured."""
    tile_px: int | None = None
    """Side of each, in pixels."""


class Finished(Part):
    """What was measured on a finished page."""

    grain: KeptNoise | None = None
    """Of the grain, or of noise that may be grain."""
    noise: KeptNoise | None = None
    """Of noise that is no grain."""
    said: tuple[str, ...] = ()
    """The same in sentences."""


class DeliveredPage(Part):
    """One page of the deliverable."""

    number: int
    """Number of the page, from 1."""
    directory: int | None = None
    """Its directory in the deliverable, from 0."""
    source: str
    """The file of which the pixels are: a stage's image, or `master`."""
    height: int
    """Height, in pixels."""
    width: int
    """Width, in pixels."""
    channels: int
    """Channels of the picture: 1 or 3."""
    bits: int
    """Bits of one sample: 8 or 16."""
    extra: tuple[str, ...]
    """Samples beside the picture, handed on from the master."""
    resolution: tuple[float, float] | None
    """Resolution across and down, in pixels per `resolution_unit`; null: not stated."""
    resolution_unit: ResolutionUnit | None
    """Unit of `resolution`; null: not stated."""
    document_id: str
    """DocumentID in the page's XMP."""
    instance_id: str
    """InstanceID in the page's XMP."""
    digital_source_type: str | None
    """IPTC's DigitalSourceType, a URI."""
    conversions: tuple[str, ...]
    """What delivery changed in the form of the values, a sentence each."""
    tones: bool = False
    """Whether delivery mapped the values by a tone table."""
    clipped: tuple[tuple[float, ...], ...] | None = None
    """By the tone table: of each channel the shares of samples newly put to 0 and to full, 0 to 1;
    null where there is no table."""
    finished: Finished | None = None
    """What was measured on the finished picture."""
    profile: DeliveredProfile | None = None
    """What became of the colours."""
    not_carried: tuple[str, ...]
    """Tags of the master that the deliverable has not."""
    notes: tuple[str, ...]
    """What is odd about what was handed on, a sentence each."""


class DeliveredInfrared(Part):
    """An infrared picture that was delivered as it was."""

    page: int
    """Number of the page that it belongs to, from 1."""
    directory: int
    """Its directory in the deliverable, from 0."""
    height: int
    """Height, in pixels."""
    width: int
    """Width, in pixels."""
    bits: int
    """Bits of one sample."""
    conversions: tuple[str, ...]
    """What delivery changed in the form of the values, a sentence each."""
    not_carried: tuple[str, ...]
    """Tags of the master that the deliverable has not."""
    notes: tuple[str, ...]
    """What is odd about what was handed on, a sentence each."""


class FileBeside(Part):
    """A file beside the deliverable."""

    kind: str
    """What it is, as the registry of such files calls it."""
    file: str
    """Name of the file, in the deliverable's folder."""
    sha256: Sha256
    """SHA-256 of the file."""


class Cube(Part):
    """A tone table as a .cube file beside the deliverable, in records of schema 1 and 2."""

    page: int
    """Number of the page, from 1."""
    file: str
    """Name of the file, in the deliverable's folder."""
    sha256: Sha256
    """SHA-256 of the file."""


class Deliverable(Part):
    """The deliverable TIFF of a scan."""

    file: str
    """Name of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    bytes: int
    """Size of the file, in bytes."""
    bigtiff: bool
    """Whether the file is a BigTIFF."""
    compression: Literal["none", "lzw"]
    """How its samples are compressed."""
    master_sha256: Sha256
    """SHA-256 of the master, compared once more at delivery."""
    verified: tuple[str, ...]
    """What was read back and compared with what was meant."""
    notes: tuple[str, ...]
    """What is odd about the file, a sentence each."""
    pages: tuple[DeliveredPage, ...]
    """The pages, in order."""
    infrared: tuple[DeliveredInfrared, ...] = ()
    """Infrared pictures that were delivered as they were."""
    left_out: tuple[str, ...] = ()
    """What of the master is not in the file, a sentence each."""
    files: tuple[FileBeside, ...] = ()
    """Files beside the deliverable; absent where there are none."""
    cubes: tuple[Cube, ...] | None = None
    """Until schema 2, tone tables beside the deliverable; absent where none were asked for."""


class FinishedFace(Part):
    """A restored face in the finished page, compared with the master's."""

    page: int
    """Number of the page, from 1."""
    face: int
    """Number of the face on the page."""
    distance_final: float | None = None
    """Distance of the face embeddings, master to finished page (0: the same)."""
    over_limit: bool | None = None
    """Whether the distance exceeds the limit that the recipe sets."""
    reason: str | None = None
    """Why there is no distance."""


class ReplacedDelivery(Part):
    """An earlier deliverable that could not be made again to the byte."""

    when: str | None
    """When it was delivered: ISO 8601, UTC; null: not known."""
    sha256: Sha256
    """SHA-256 of the file."""


class _Delivery(Record):
    schema_: Annotated[DeliverySchema, Field(alias="schema")]  # type: ignore[assignment]
    """Version of the record's form."""
    stage: Literal["deliver"]
    """The step."""
    recipe: str
    """The recipe."""
    key: Sha256
    """Key of the delivery: digest of all that the deliverable depends on."""


class DeliveryProblem(_Delivery):
    """A scan that could not be delivered."""

    status: Literal["problem"]
    """The scan cannot be delivered."""
    reason: str
    """Why, in words."""


class DeliveryDone(_Delivery):
    """A scan that was delivered, with the records of all steps before."""

    status: Literal["done"]
    """The deliverable is there."""
    reason: None
    """Null: nothing is to be explained."""
    settings: Mapping[str, Any] | None = None
    """The recipe's settings of delivery; absent from records of earlier versions."""
    code: str | None = None
    """Fingerprint of the code that did it; absent from records of earlier versions."""
    deliverable: Deliverable
    """The file."""
    faces: tuple[FinishedFace, ...] = ()
    """Restored faces in the finished pages, compared with the master's."""
    master: IngestDone
    """The record of ingest."""
    condition_report: tuple[RawReport, ...]
    """The condition report of each page, in order."""
    examined: ExaminedPart | None = None
    """The rest of the record of examine."""
    stages: tuple[StageDone, ...]
    """The records of the recipe's stages, in order."""
    unheeded_marks: Any = None
    """Marks of a person for which the recipe has no stage; absent where there are none."""
    instance: str | None = None
    """Not absent where an earlier deliverable could not be made again: then part of the
    InstanceID."""
    replaces: ReplacedDelivery | None = None
    """The earlier deliverable in whose place this one is; absent where there was none."""


DeliveryRecord = Annotated[DeliveryDone | DeliveryProblem, Field(discriminator="status")]


def read_delivery(raw: Mapping[str, Any], where: str | Path) -> DeliveryDone | DeliveryProblem:
    """The record of a delivery; raises RecordError where it does not fit."""
    kind = DeliveryProblem if is_problem(raw) else DeliveryDone
    return kind.read(raw, where)


class Withdrawn(Part):
    """Why a deliverable was put aside, and what the files are: `withdrawn.json`."""

    schema_: Annotated[Schema, Field(alias="schema")]
    """Version of the record's form."""
    scan: str
    """The scan's id in the sheet."""
    recipe: str
    """The recipe."""
    when: str
    """When it was put aside: ISO 8601, UTC, to the second."""
    step: str
    """The step that failed."""
    reason: str
    """Why the scan has no deliverable any more."""
    key: Sha256 | None
    """Key of the delivery; null where its record was lost."""
    files: Mapping[str, str]
    """Name and SHA-256 of each file; the latter empty where it is not known."""
    record_sha256: Sha256 | None = None
    """SHA-256 of the record without this field, as canonical JSON."""
