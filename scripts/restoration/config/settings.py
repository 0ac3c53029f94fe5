"""Typed settings: one model per config section; schemas and config/README.md come from here.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from restoration.config.file_names import alike, is_device
from restoration.config.section import Identifier, Section
from restoration.config.stages import CHAIN, StagesSettings
from restoration.config.validation_messages import mistake_of, near
from restoration.config.yaml_text import WrittenFiles
from restoration.errors import ConfigError


class IngestSettings(Section):
    """Limits that protect a batch from a hostile or broken file."""

    max_pixels: int = Field(
        4_000_000_000, ge=1, description="Most pixels (width x height) that one page may declare."
    )
    max_side: int = Field(300_000, ge=1, description="Longest side, in pixels, of one page.")
    max_ratio: float = Field(
        100.0, ge=1.0, description="Greatest ratio of the longer side to the shorter."
    )
    max_pages: int = Field(
        1000, ge=1, description="Most image file directories (IFDs) that are followed in one file."
    )
    max_tag_bytes: int = Field(
        64 * 2**20,
        ge=1024,
        description="Largest single tag (ICC, XMP, ...) that is read, in bytes.",
    )


class ExamineSettings(Section):
    """How the condition report is measured."""

    window: int = Field(
        1024, ge=256, le=4096, description="Side of the windows that are read, in pixels."
    )
    minimum_ppi: float = Field(
        600.0, gt=0, description="Below this nominal resolution the report warns."
    )
    faces: Literal["cnn", "hog", "retinaface", "off"] = Field(
        "cnn",
        description="How faces are found. `cnn`: dlib's network, which finds more; `hog`: its "
        "older detector, faster, frontal faces alone; `retinaface`: facexlib's network, which "
        "measures the mouth, too; `off`: not at all, and no later stage can protect them.",
    )
    face_network: Identifier = Field(
        "retinaface-resnet50",
        description="Weights of `faces: retinaface`: a name of resources/models.yaml, or of one's "
        "own under `models` (architecture `retinaface`).",
    )


class EngineSettings(Section):
    """How networks are run. Every key is part of the numeric class and so of each key."""

    runtime: Literal["auto", "torch", "native"] = Field(
        "auto",
        description="What computes the networks. `native`: our own C++ for the processor, several "
        "times as fast and as exact; it is compiled at installation. `torch`: PyTorch, everywhere. "
        "`auto`: `native` on the processor where it was compiled and passed its test, for networks "
        "that it knows; else `torch`. The record says which.",
    )
    precision: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto",
        description="Numbers that the networks compute with. `auto` is `float32`: it alone keeps "
        "results within 1/65535 of the reference. `float16` moves single values by up to 1.5/255, "
        "`bfloat16` by up to 11/255 (the packaged networks, small crops of a photograph and a "
        "halftone, on a processor; neither error nor speed is measured on a GPU). Both are for "
        "GPUs and refused on the processor. The record says which.",
    )
    band_rows: int = Field(
        64, ge=8, le=512, description="Network input rows that are computed at a time."
    )
    memory_gib: float = Field(
        4.0,
        ge=0.5,
        description="Memory, in GiB, that a network may take over one scan. How much a column of "
        "the scan takes follows from the network; a scan too wide is cut into strips that overlap "
        "by the network's receptive radius, so the same config makes the same strips on every "
        "machine. A job that has less memory is told so before it begins.",
    )
    strip_columns: Annotated[int, Field(ge=256)] | Literal["auto"] = Field(
        "auto",
        description="Network input columns that are streamed in one piece; `auto`: as many as "
        "`memory_gib` holds.",
    )


class BatchSettings(Section):
    """Which scans one job takes, where the sheet's column `batch` does not say. A batch once given
    to a scan is kept (`batches.tsv` in the results); changing these settings moves none."""

    by: Literal["folder", "hours"] = Field(
        "folder",
        description="`folder`: the masters' folders, each cut into equal chunks where it would "
        "take longer than one and a half times `hours`; `hours`: chunks of that length in the "
        "order of the sheet, whatever the folders: for collections of many small ones.",
    )
    hours: float = Field(
        2.0,
        gt=0,
        le=100.0,
        description="How long the longest step of a batch should take, in hours, by the cost "
        "model. Chunks are 0.75 to 1.5 times as long.",
    )


KNOWN_PROFILES = ("keep", "sRGB")


class DeliverSettings(Section):
    """The TIFF that is handed over."""

    depth: Literal["master", "16"] = Field(
        "master", description="Bits per sample: as in the master, or 16 for all."
    )
    compression: Literal["none", "lzw"] = Field(
        "lzw", description="`lzw` uses the horizontal predictor; both are TIFF 6.0."
    )
    profile: str = Field(
        "keep",
        description="Colour profile. `keep`: the master's, byte for byte, and its values; `sRGB`: "
        "converted to sRGB (grey scans: to grey with sRGB's tone curve); or an ICC profile's path "
        "(`.icc`, `.icm`), which must be for RGB or grey as the scan is. A scan without a usable "
        "profile is taken for sRGB. The record says how much lay outside the new space.",
    )
    intent: Literal["relative", "perceptual", "saturation", "absolute"] = Field(
        "relative",
        description="Rendering intent of that conversion. With black-point compensation, except "
        "for `absolute`, which has none. Between matrix profiles all but `absolute` are the same.",
    )

    @field_validator("profile")
    @classmethod
    def _keep_srgb_or_file(cls, value: str) -> str:
        if value in KNOWN_PROFILES or value.lower().endswith((".icc", ".icm")):
            return value
        raise ValueError(
            f"expected keep, sRGB, or a file that ends in .icc or .icm, found '{value}'"
        )

    @property
    def profile_path(self) -> str | None:
        """The file of the profile to convert to; None where no file is asked for."""
        return None if self.profile in KNOWN_PROFILES else self.profile


class Recipe(Section):
    """A named chain of stage settings."""

    description: str = Field("", description="What the recipe is for, for people.")
    stages: StagesSettings = Field(default_factory=lambda: StagesSettings.model_validate({}))
    deliver: DeliverSettings = Field(default_factory=lambda: DeliverSettings.model_validate({}))

    def chain(self) -> tuple[str, ...]:
        """The stages that this recipe runs, in order."""
        return tuple(name for name in CHAIN if getattr(self.stages, name) is not None)


RESERVED = frozenset({"ingest", "examine", "logs", "benchmarks", "bench", "models"})
"""Folders of the results, and of their logs, that belong to no recipe."""

_OF_FILES = (".", ".bad", ".html", ".json", ".jsonl", ".log", ".part", ".retried", ".tsv")
"""Endings of no folder: what the results hold as files is called like that."""


class UserWeights(Section):
    """Weights of one's own, added to those of resources/models.yaml or replacing one there."""

    architecture: str = Field(
        description="Network class; `spandrel` is any network of scale 1 that the package "
        "spandrel recognises by its tensors (SCUNet, FBCNN, NAFNet and others). Two restore "
        "one aligned face of 512 px and no page: `gfpgan` (GFPGANv1Clean, as v1.3 and v1.4) "
        "and `spandrel-face` (RestoreFormer; CodeFormer where you installed "
        "`spandrel_extra_arches`, whose licences are not for every use). "
        "`retinaface` finds faces, `lama` fills holes."
    )
    path: str = Field(description="File, relative to `models_dir` or absolute.")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the file, lower-case hexadecimal."
    )
    scale: Literal[1, 2, 4] | None = Field(
        None,
        description="Output pixels per input pixel, per side; where unset 4 for `rrdbnet` "
        "and `srvgg`, and 1 for all others, which know no other.",
    )
    overlap: Annotated[int, Field(ge=0, le=256, multiple_of=2)] | None = Field(
        None,
        description="For `spandrel` alone: pixels by which the windows overlap in which such a "
        "network sees a scan; 64 where unset. Half the span that the network looks at.",
    )
    generative: bool | None = Field(
        None,
        description="Whether the network may make up detail (was trained with an adversarial "
        "loss), which is recorded with the pictures it made. Where unset: yes, but for `ffdnet` "
        "and `retinaface`.",
    )
    licence: str = Field("not stated", description="Licence of the weights, shown in records.")


def own_weights(text: str) -> dict[str, UserWeights]:
    """The section `models` of a config, from JSON. Raises ConfigError with one line."""
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ConfigError(f"models: expected names, each with its section, found {text!r}")
        return {name: _one_of(name, body) for name, body in given.items()}
    except ValueError as error:
        raise ConfigError(f"models: expected JSON, found {text!r} ({error})") from None


def _one_of(name: str, body: Any) -> UserWeights:
    try:
        return UserWeights.model_validate(body)
    except ValidationError as error:
        raise ConfigError(f"models.{name}.{mistake_of(error, UserWeights, body)}") from None


class Config(Section):
    """The whole configuration."""

    scans: str = Field("config/scans.tsv", description="The sheet: one row per scan.")
    results: str = Field("results", description="Folder of everything that is written.")
    regions: str | None = Field(
        None,
        description="Folder of the regions that people marked, `<scan>.yaml` each; `regions` "
        "beside the sheet where unset.",
    )
    unused_marks: Literal["stop", "warn"] = Field(
        "stop",
        description="Files in the folder of regions and masks of damage beside masters that fit no "
        "scan of the sheet. `stop`: the run does not begin; `warn`: it names them and goes on, for "
        "sheets that share a folder of regions and masters that cannot be renamed. What can only "
        "be meant for a scan of the sheet (`a.yml` for `a`) stops the run all the same.",
    )
    recipe: Identifier = Field("archive", description="Recipe of rows that name none.")
    recipes: dict[Identifier, Recipe] = Field(description="Recipes by name.")
    only: Identifier | None = Field(
        None, description="Restrict the run to this scan of the sheet (`make restore SCAN=id`)."
    )
    truth: str | None = Field(
        None,
        description="Folder with `<scan>.tif` of known truth, for tests and the demo: the report "
        "then says by how much each stage helped.",
    )
    models_dir: str = Field("models", description="Folder of verified, converted weights.")
    models: dict[Identifier, UserWeights] = Field(
        default_factory=dict, description="Weights of one's own, by name."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="`auto` takes a CUDA GPU where there is one, else the processor."
    )
    threads: int | None = Field(
        None, ge=1, description="Processor threads of one job; all cores of the run where unset."
    )
    intermediates: Literal["keep", "last", "none"] = Field(
        "keep",
        description="Images between the stages, once a scan is delivered in every recipe that may "
        "take them over. `keep`: all stay; `last`: the one that delivery read; `none`. Records and "
        "masks stay, and the report's pictures are made before. Changing this computes nothing "
        "again; what is delivered already is for `make prune`. A later change of settings makes "
        "again what it needs of the images that are gone.",
    )
    scratch: bool = Field(
        False,
        description="Make images and deliverables in the job's temporary folder (Snakemake's "
        "resource `tmpdir`) and copy them to the results when they are finished, each copy read "
        "back and compared: for results on a network file system and nodes with a disk of their "
        "own. Where there is no room, files are made in the results. The bytes are the same.",
    )
    ignore_disk_need: bool = Field(
        False,
        description="Start also where the deliverables, as estimated from the masters' sizes, do "
        "not fit on the disk.",
    )
    rerun_on: Literal["code", "version"] = Field(
        "code",
        description="`code`: a stage runs again when its code changed; `version`: only when its "
        "declared version changed.",
    )
    batches: BatchSettings = Field(default_factory=lambda: BatchSettings.model_validate({}))
    ingest: IngestSettings = Field(default_factory=lambda: IngestSettings.model_validate({}))
    examine: ExamineSettings = Field(default_factory=lambda: ExamineSettings.model_validate({}))
    engine: EngineSettings = Field(default_factory=lambda: EngineSettings.model_validate({}))

    @model_validator(mode="after")
    def _recipe_exists(self) -> Config:
        for name in sorted(self.recipes):
            if name.casefold() in RESERVED:
                raise ValueError(f"recipes.{name}: is a folder of the results; choose another name")
            if name.casefold().endswith(_OF_FILES):
                raise ValueError(
                    f"recipes.{name}: ends like a file of the results; choose another name"
                )
        for section, names in (("recipes", self.recipes), ("models", self.models)):
            for name in filter(is_device, names):
                raise ValueError(
                    f"{section}.{name}: is the name of a device on Windows and its shares; choose "
                    "another name"
                )
            if (pair := alike(names)) is not None:
                raise ValueError(
                    f"{section}: '{pair[0]}' and '{pair[1]}' differ in upper and lower case alone, "
                    "and some file systems take them for one; choose another name"
                )
        if self.recipe not in self.recipes:
            raise ValueError(
                f"recipe: '{self.recipe}' is not among the recipes ({', '.join(self.recipes)})"
                f"{near(self.recipe, self.recipes)}"
            )
        return self


_NO_NAME = re.compile("[\0\ud800-\udfff]")
"""NUL, and halves of characters."""


def load_config(raw: Mapping[str, Any], files: WrittenFiles | None = None) -> Config:
    """The validated config.

    files: where it was written, so that a message can name the line. Raises ConfigError with one
    line that names the first wrong key.
    """
    try:
        plain = _plain(raw, {})
        return Config.model_validate(plain)
    except ValidationError as error:
        raise ConfigError(_told(error, plain, files or WrittenFiles([]))) from None
    except RecursionError:
        raise ConfigError("config: sections inside each other without end") from None


def _told(error: ValidationError, plain: Any, files: WrittenFiles) -> str:
    mistake = mistake_of(error, Config, plain, lambda keys: files.place_of(keys)[1])
    place = files.place_of(mistake.path)[0]
    return f"config: {place}: {mistake}" if place else f"config: {mistake}"


def _plain(value: Any, copied: dict[int, Any]) -> Any:
    """Nested mappings as dicts with names for keys; one that YAML refers to often stays one."""
    if isinstance(value, str) and _NO_NAME.search(value):
        raise ConfigError(f"config: the text {value!r} holds what no file's name can")
    if not isinstance(value, Mapping):
        return value
    if id(value) not in copied:
        copied[id(value)] = {}
        copied[id(value)] |= {str(key): _plain(item, copied) for key, item in value.items()}
    return copied[id(value)]
