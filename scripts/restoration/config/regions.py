"""What a person marked on a scan: where a stage may work, and what is damaged.

Read with the plan, so it knows no NumPy and opens no image. A scan's regions are a YAML file
`<scan>.yaml` in the folder of regions; a mask of damage lies beside the master.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from restoration.config.damage_mask_names import mask_of
from restoration.config.section import Section
from restoration.config.stages import CHAIN, COLOUR, FACES, REPAIR
from restoration.config.validation_messages import mistake_of, near
from restoration.config.yaml_text import YamlText, parse
from restoration.errors import ConfigError

PixelCount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Coordinate = Annotated[float, Field(allow_inf_nan=False)]
MarkedPoint = Annotated[tuple[Coordinate, Coordinate], Field(strict=False)]


class Shape(Section):
    """One area of a page, in pixels of the master as it is stored."""

    box: (
        Annotated[tuple[PixelCount, PixelCount, PixelCount, PixelCount], Field(strict=False)] | None
    ) = None
    """Left, top, width, height."""
    polygon: Annotated[tuple[MarkedPoint, ...], Field(min_length=3, strict=False)] | None = None
    """Corners, each x, y."""
    mask: str | None = None
    """A TIFF beside the YAML file, the size of the page: what is not 0 is inside."""
    page: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _one_kind(self) -> Shape:
        given = [n for n in ("box", "polygon", "mask") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give one of box, polygon and mask")
        return self

    @field_validator("mask")
    @classmethod
    def _beside(cls, mask: str | None) -> str | None:
        if mask is not None and (PurePath(mask).is_absolute() or ".." in PurePath(mask).parts):
            raise ValueError(f"'{mask}' leads elsewhere; expected a file beside this one")
        return mask

    @model_validator(mode="after")
    def _holds_something(self) -> Shape:
        if self.box is not None and 0.0 in self.box[2:]:
            _, _, width, height = self.box
            raise ValueError(
                f"the box is {width:g} px wide and {height:g} px high and holds nothing; expected "
                "left, top, width and height, the last two above 0"
            )
        if self.polygon is not None and _on_one_line(self.polygon):
            raise ValueError(
                "the corners of the polygon lie on one line, so that it holds nothing; expected "
                "three corners that span an area"
            )
        return self


def _on_one_line(corners: Sequence[tuple[float, float]]) -> bool:
    """Whether no three corners span a triangle. The signed area would not tell: that of a bow tie
    is 0 as well."""
    (x, y), *others = corners
    beside = [(right - x, down - y) for right, down in others]
    across, along = max(beside, key=lambda way: hypot(*way))
    least = 1e-9 * hypot(across, along) ** 2
    return all(abs(across * down - along * right) <= least for right, down in beside)


class StageRegions(Section):
    """Where one stage may work: inside ``only`` (everywhere, where unset), outside ``exclude``."""

    only: Annotated[tuple[Shape, ...], Field(strict=False)] | None = None
    exclude: Annotated[tuple[Shape, ...], Field(strict=False)] = ()
    feather: Annotated[float, Field(ge=0.0, le=1024.0)] | None = None
    """Width in pixels of the transition, which lies inside the area where the stage works."""

    def shapes(self) -> Iterator[Shape]:
        yield from self.only or ()
        yield from self.exclude


class MarkedFace(Shape):
    """A face that a person points at, by a box from its brows to its chin or by its outline."""

    strength: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Instead of the recipe's."""

    @model_validator(mode="after")
    def _not_a_mask(self) -> MarkedFace:
        if self.mask is not None:
            raise ValueError("a face is marked by a box or a polygon, not by a mask")
        return self


class FaceRegions(StageRegions):
    """What a person says about the faces of a scan. A face lies where its middle lies."""

    none: bool = False
    """What was found here are no faces: nothing is restored as one, and nothing protected."""
    include: Annotated[tuple[MarkedFace, ...], Field(strict=False)] = ()
    """Faces that are restored whatever the gate says, and those that were not found."""

    def shapes(self) -> Iterator[Shape]:
        yield from super().shapes()
        yield from self.include

    @model_validator(mode="after")
    def _some_or_none(self) -> FaceRegions:
        if self.none and self.include:
            raise ValueError("'none' says that there are no faces, 'include' that there are some")
        return self


class RepairRegions(StageRegions):
    """What a person says about the damage of a scan."""

    fill: Annotated[tuple[Shape, ...], Field(strict=False)] = ()
    """Where everything that may be damage is filled, however doubtful and of whatever kind."""

    def shapes(self) -> Iterator[Shape]:
        yield from super().shapes()
        yield from self.fill


class MarkedTarget(Section):
    """A target that was photographed with the picture, and has aged with it."""

    kind: Literal["colorchecker", "grey"]
    """A ColorChecker Classic, or a strip of neutral steps."""
    box: (
        Annotated[tuple[PixelCount, PixelCount, PixelCount, PixelCount], Field(strict=False)] | None
    ) = None
    """Left, top, width, height of its patches, without its frame."""
    polygon: (
        Annotated[tuple[MarkedPoint, ...], Field(min_length=4, max_length=4, strict=False)] | None
    ) = None
    """Its four corners, each x, y, in turn."""
    page: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _one_shape(self) -> MarkedTarget:
        if (self.box is None) == (self.polygon is None):
            raise ValueError("give one of box and polygon")
        if self.box is not None and min(self.box[2:]) < 8.0:
            raise ValueError("the box is too small to hold a target")
        if self.polygon is not None and _on_one_line(self.polygon):
            raise ValueError("the corners lie on one line, so that they hold no target")
        return self

    @property
    def corners(self) -> tuple[MarkedPoint, ...]:
        """x, y of its corners, in turn."""
        if self.polygon is not None:
            return self.polygon
        assert self.box is not None
        left, top, width, height = self.box
        right, bottom = left + width, top + height
        return ((left, top), (right, top), (right, bottom), (left, bottom))


class ColourRegions(Section):
    """What a person says about the colours of a scan. Its pages are corrected as wholes."""

    targets: Annotated[tuple[MarkedTarget, ...], Field(min_length=1, strict=False)]


DEFAULT_FEATHER = 16.0


class ScanRegions(Section):
    """The regions of one scan, by stage."""

    feather: Annotated[float, Field(ge=0.0, le=1024.0)] = DEFAULT_FEATHER
    stages: Mapping[str, StageRegions] = Field(default_factory=dict)
    faces: FaceRegions | None = None
    """Of the stage ``faces``, and of all others that must leave faces alone."""
    repair: RepairRegions | None = None
    colour: ColourRegions | None = None

    @model_validator(mode="after")
    def _known_stages(self) -> ScanRegions:
        for name in self.stages:
            if name not in CHAIN:
                told = near(name, CHAIN)
                raise ValueError(f"'{name}' is no stage; known are {', '.join(CHAIN)}{told}")
        return self

    def of(self, stage: str) -> StageRegions | None:
        """The stage's regions with the file's own feather filled in; None where it has none."""
        own: dict[str, StageRegions | None] = {FACES: self.faces, REPAIR: self.repair}
        found = own[stage] if stage in own else self.stages.get(stage)
        if found is None or found.feather is not None:
            return found
        return found.model_copy(update={"feather": self.feather})

    def all(self) -> Iterator[StageRegions]:
        """Those of every stage."""
        yield from self.stages.values()
        yield from (own for own in (self.faces, self.repair) if own is not None)


MOST_BYTES = 2 * 2**20
"""Of a file of regions; 10,000 corners take a tenth of it."""


def _text_of(path: Path) -> str | None:
    """The text of a file of regions; None where there is none. Raises ConfigError."""
    try:
        # Decided before opening: a named pipe would block.
        if not path.is_file():
            if path.is_symlink() or path.exists():
                raise ConfigError(f"regions: '{path}' is no file; expected one of YAML")
            return None
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ConfigError(f"regions: '{path}' is larger than {MOST_BYTES // 2**20} MiB")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"regions: '{path}' cannot be read ({error})") from None


def read_regions(path: Path) -> ScanRegions | None:
    """The regions of a scan; None where there is no such file.

    Raises ConfigError with one line that names the file and the key.
    """
    text = _text_of(path)
    if text is None:
        return None
    raw = parse(text, f"regions: '{path}'", references=False)
    if not isinstance(raw, dict):
        raise ConfigError(
            f"regions: '{path}': expected stages with their regions; see docs/marks.md"
        )
    apart = {key: raw[key] for key in ("feather", FACES, REPAIR, COLOUR) if key in raw}
    stages = {str(key): value for key, value in raw.items() if key not in apart}
    given = {**apart, "stages": stages}
    try:
        found = ScanRegions.model_validate(given)
    except ValidationError as error:
        raise ConfigError(_told(error, given, path, text)) from None
    for stage in found.all():
        for shape in stage.shapes():
            if shape.mask is not None and not is_file(path.parent / shape.mask):
                raise ConfigError(
                    f"regions: '{path}': the mask '{shape.mask}' is missing; expected a TIFF "
                    f"file at '{path.parent / shape.mask}'"
                )
    return found


def _told(error: ValidationError, given: Any, path: Path, text: str) -> str:
    """The first mistake, with its line."""
    written = YamlText(text)

    def keys(way: Sequence[str | int]) -> tuple[str | int, ...]:
        return tuple(way[1:] if way[:1] == ("stages",) else way)

    mistake = mistake_of(error, ScanRegions, given, lambda way: written.text_of(keys(way)))
    shown = replace(mistake, path=keys(mistake.path))
    # Of a key that is missing, the line of the section that should hold it.
    ways = (shown.path[:length] for length in range(len(shown.path), 0, -1))
    line = next((line for way in ways if (line := written.line_of(way)) is not None), None)
    place = f"regions: '{path}'" if line is None else f"regions: '{path}', line {line}"
    return f"{place}: {shown}"


def is_file(path: Path) -> bool:
    """Whether a plain file is there; what may not be looked at, or has no possible name, is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def damage_mask_of(master: str) -> Path:
    """Where a person puts the mask of damage of a master."""
    path = Path(master)
    return path.with_name(mask_of(path.name))


@dataclass(frozen=True)
class StageMarks:
    """What people marked on one scan for one stage."""

    folder: Path
    """Where masks that regions name lie."""
    regions: StageRegions | None
    damage: Path | None
    """The mask of damage, for stages that fill it; None where there is none."""
    faces: FaceRegions | None = None
    """What is said of faces, for stages that must leave them alone; None where nothing is."""
    targets: tuple[MarkedTarget, ...] = ()
    """Those of the scan, for the stage that judges colours by them."""
    scan: str = ""
    stage: str = ""
    """Whose and for which stage, for what is said of them."""

    def __bool__(self) -> bool:
        marked = self.regions is not None or self.faces is not None or bool(self.targets)
        return marked or self.damage is not None

    def files(self) -> list[Path]:
        """Every mask file, in a fixed order."""
        marked = [regions for regions in (self.regions, self.faces) if regions is not None]
        shapes = [shape for regions in marked for shape in regions.shapes()]
        named = [self.folder / shape.mask for shape in shapes if shape.mask is not None]
        return named if self.damage is None else [*named, self.damage]

    def facts(self, stamp: Callable[[Path], str]) -> dict[str, Any]:
        """The marks as they enter digests and keys; empty where there are none.

        stamp: what stands for a file's content, such as its SHA-256.
        """
        if not self:
            return {}
        regions = {} if self.regions is None else plain(self.regions)
        faces = {} if self.faces is None else {"faces": plain(self.faces)}
        targets = {"targets": [plain(t) for t in self.targets]} if self.targets else {}
        return {
            "regions": regions,
            **faces,
            **targets,
            "files": [stamp(path) for path in self.files()],
        }


def plain(regions: Section) -> dict[str, Any]:
    """The regions as they enter keys and records."""
    return regions.model_dump(mode="json", exclude_none=True)
