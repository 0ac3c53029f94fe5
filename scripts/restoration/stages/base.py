"""What a stage is: one page in; a restored page, or the reason why not, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from restoration.findings.report import ConditionReport
from restoration.raster.area import Allowed, Area
from restoration.raster.base import FloatImage, Raster, UInt8Image
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_table import ToneTable

Resolution = tuple[float, float]
"""Pixels per inch along the width and along the height."""


@dataclass(frozen=True)
class Page:
    """What a stage is told about one page of a scan."""

    scan: str
    number: int
    """1 for the first page of the master."""
    source: Raster
    """The page as the stage before left it: stored orientation, file's own colour space."""
    colour: ColourSpace
    """How the values of ``source`` are to be understood."""
    ppi: Resolution | None
    """Resolution of ``source``; None where the master states none."""
    report: ConditionReport
    """The findings that the stage declares in ``reads``, and no others."""
    key: str
    """Hexadecimal SHA-256; the seed of anything that needs one."""
    generative: bool = False
    """True where a generative network made pixels of ``source``, in an earlier stage."""
    material: str = "print"
    """``print`` or ``positive`` (film), as the sheet says."""
    infrared: Raster | None = None
    """The scanner's infrared picture, one channel, the size of ``source``: a channel of the page or
    a page of its own; None where there is none to be used."""
    no_infrared: str = "the master holds no infrared"
    """Why ``infrared`` is None."""
    damage: Raster | None = None
    """The user's own mask of damage, one channel, the size of ``source``: 0 is sound."""
    fill: tuple[tuple[str, Area], ...] = ()
    """Regions, in pixels of ``source``, in which a person has the stage fill what may be damage,
    each with its key and shape in words, for a message."""
    allowed: Allowed | None = None
    """Where a person lets the stage work, for a stage that says what it left; the others are held
    to it all the same."""
    # Not by its name: an import would make every stage's code depend on what faces are.
    faces: tuple[Any, ...] = ()
    """The page's faces (``faces.page_faces.KnownFace``) in pixels of ``master``, for the stage that
    restores them."""
    ungenerated: Raster | None = None
    """The page before a generative network first worked on it; None where none did."""
    master: Raster | None = None
    """The master's own page, to compare with; None where the stage is given none."""
    # Not by its name, as above.
    targets: tuple[Any, ...] = ()
    """Targets that a person marked (``regions.MarkedTarget``), in pixels of ``master``, for the
    stage that judges colours."""
    album: Sequence[ConditionReport] | None = None
    """Where the stage decides for a whole batch: the same findings of each page of the batch's
    scans, in the order of the sheet. The same object for every page of a job."""
    progress: Callable[[float, str], None] = lambda done, unit: None
    """Called with the share done (0 to 1) and the unit it speaks of ("band 3 of 40")."""


@dataclass
class Restored:
    """A page that the stage changes. Drawing ``bands`` to the end does the work."""

    height: int
    width: int
    ppi: Resolution | None
    bands: Iterator[FloatImage]
    """float32 (rows, width, channels) in [0, 1], top to bottom, any number of rows each."""
    findings: dict[str, Any] = field(default_factory=dict)
    """What was decided and measured; may be completed until the last band is drawn. ``cautions``:
    sentences that a person is warned with."""
    generative: bool = False
    """True where a generative network made any of these pixels."""
    mask: Callable[[], Iterator[UInt8Image]] | None = None
    """Called after the last band: where the stage worked, for the record and the report. uint8
    (rows, width, 1), 0 = untouched, the size of the page."""


@dataclass(frozen=True)
class Declined:
    """Not applied, with the measured reason, for the record and the report."""

    reason: str
    findings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """A page of which the stage only maps values: delivery does it, and no image is written."""

    tones: ToneTable
    findings: Mapping[str, Any] = field(default_factory=dict)
    """What was decided and measured, in a few figures: they stand in the deliverable's history."""


class NetworkSource(Protocol):
    """Where a stage gets its networks; tests hand in fakes."""

    def __call__(self, name: str, **blend: float) -> Any:
        """The loaded network of that name; loads it once per job."""
        ...


class Stage(Protocol):
    """One pass of a recipe's chain."""

    name: ClassVar[str]
    """Also the rule's name: ``snakemake --until cleanup``."""
    reads: ClassVar[tuple[str, ...]]
    """Fields of the condition report that the stage decides from."""

    def setup(self, settings: Any, networks: NetworkSource) -> None:
        """Once per job. Loads nothing yet: a job whose scans all decline loads no network."""
        ...

    def apply(self, page: Page) -> Restored | Declined | Mapped: ...
