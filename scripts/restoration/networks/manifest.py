"""The weights that the workflow knows (resources/models.yaml) and those that a user adds.

Parsed with the Snakefile, so it knows no torch and no NumPy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from restoration.config.settings import UserWeights
from restoration.config.yaml_text import parse
from restoration.errors import ConfigError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class UrlSource(_Entry):
    """A file that is downloaded."""

    url: Annotated[str, Field(pattern=r"^https://")]

    def describe(self) -> str:
        return self.url


class PackageSource(_Entry):
    """A member of a wheel in the Python package index, or in an institution's mirror of it."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+!_-]*$")]
    member: str

    @field_validator("member")
    @classmethod
    def _inside(cls, member: str) -> str:
        path = PurePosixPath(member)
        if path.is_absolute() or ".." in path.parts or "\\" in member:
            raise ValueError(f"'{member}' leads out of the package")
        return member

    def describe(self) -> str:
        return f"{self.package}=={self.version} in the package index, member {self.member}"


class HandSource(_Entry):
    """A file that only a person can obtain."""

    by_hand: str
    """Where a person gets it."""

    def describe(self) -> str:
        return self.by_hand


def _source_kind(value: Any) -> str:
    """The kind of source by the key that only it has, so that a mistake is named where it is."""
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((kind for kind in ("package", "by_hand") if kind in keys), "url")


class SourceFile(_Entry):
    """One original file of a set of weights."""

    name: str
    """File name in ``models_dir``; for a user's weights also a path."""
    bytes: Annotated[int, Field(gt=0)] | None = None
    """Size; None where nobody has stated it."""
    sha256: Sha256
    source: Annotated[
        Annotated[UrlSource, Tag("url")]
        | Annotated[PackageSource, Tag("package")]
        | Annotated[HandSource, Tag("by_hand")],
        Discriminator(_source_kind),
    ]

    def path(self, models_dir: Path) -> Path:
        """Where the file lies if a person put it there (absolute names stay as they are)."""
        return models_dir / self.name


class RrdbnetParameters(_Entry):
    """Size of an RRDBNet (basicsr.archs.rrdbnet_arch)."""

    num_feat: int = Field(gt=0)
    num_block: int = Field(gt=0)
    num_grow_ch: int = Field(gt=0)


class SrvggParameters(_Entry):
    """Size of an SRVGGNetCompact with PReLU (realesrgan.archs.srvgg_arch)."""

    num_feat: int = Field(gt=0)
    num_conv: int = Field(gt=0)


class FfdnetParameters(_Entry):
    """Size of an FFDNet for colour (networks.ffdnet)."""

    num_feat: int = Field(gt=0)
    num_conv: int = Field(ge=2)


class GfpganParameters(_Entry):
    """Size of a GFPGANv1Clean (gfpgan.archs.gfpganv1_clean_arch)."""

    out_size: int = Field(ge=64)
    """Width and height of the face that it takes and gives, in pixels."""
    num_style_feat: int = Field(gt=0)
    num_mlp: int = Field(gt=0)
    channel_multiplier: int = Field(gt=0)
    narrow: float = Field(gt=0)


class RetinafaceParameters(_Entry):
    """Kind of a RetinaFace (facexlib.detection.retinaface)."""

    backbone: Literal["resnet50", "mobile0.25"]
    """facexlib's name of the network that it stands on."""


class SpandrelParameters(_Entry):
    """What spandrel recognised in a state dict; its sizes follow from the tensors."""

    spandrel: str
    """Spandrel's id of the architecture, for example ``SCUNet``."""


class SpandrelFaceParameters(_Entry):
    """What spandrel recognised in the state dict of a network that restores one aligned face."""

    spandrel: str
    """Spandrel's id of the architecture, for example ``RestoreFormer``."""


Parameters = (
    RrdbnetParameters
    | SrvggParameters
    | FfdnetParameters
    | GfpganParameters
    | RetinafaceParameters
    | SpandrelParameters
    | SpandrelFaceParameters
)

OVERLAP = 64
"""Overlap of windows, in pixels, where a user states none."""

PARAMETERS: dict[str, type[Parameters]] = {
    "rrdbnet": RrdbnetParameters,
    "srvgg": SrvggParameters,
    "ffdnet": FfdnetParameters,
    "gfpgan": GfpganParameters,
    "retinaface": RetinafaceParameters,
    "spandrel": SpandrelParameters,
    "spandrel-face": SpandrelFaceParameters,
}

AS_THEY_ARE = frozenset({"dlib"})
"""Architectures whose library reads the original file: verified and kept, never converted."""

FACE_NETWORKS = frozenset({"gfpgan", "spandrel-face"})
"""Architectures that were trained on aligned faces, and restore one of them at a time."""

ENLARGING = frozenset({"rrdbnet", "srvgg"})
"""Architectures of Real-ESRGAN: for pages, and for faces without any knowledge of faces."""


class Weights(_Entry):
    """One set of weights."""

    name: str
    title: str
    architecture: Literal[
        "rrdbnet", "srvgg", "ffdnet", "gfpgan", "retinaface", "spandrel", "spandrel-face", "dlib"
    ]
    parameters: Parameters | None = None
    """None for a user's weights: read from the file when it is converted; and for dlib."""
    scale: Literal[1, 2, 4]
    """Output pixels per input pixel, per side."""
    radius: Annotated[int, Field(ge=0)] | None = None
    """Receptive radius in input pixels; None for a user's weights: follows from the parameters."""
    overlap: Annotated[int, Field(ge=0, multiple_of=2)] | None = None
    """For spandrel, whose radius nobody states: pixels by which windows overlap."""
    generative: bool = True
    """True where the network was trained to make up detail (an adversarial loss); False where it
    estimates the most probable picture, as a denoiser does. Recorded with every pixel it makes."""
    denoise_twin: str | None = None
    """Weights that ``denoise`` blends with."""
    licence: str
    training_data: str
    """Terms of the training data, shown; the licence of the weights decides."""
    citation: str
    files: tuple[SourceFile, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="before")
    @classmethod
    def _kind_of_parameters(cls, body: Any) -> Any:
        # Two architectures may state the same keys: the name decides, not the first that fits.
        given = body.get("parameters") if isinstance(body, dict) else None
        if not isinstance(given, dict):
            return body
        kind = PARAMETERS.get(str(body.get("architecture")))
        if kind is None:
            return body
        try:
            return {**body, "parameters": kind.model_validate(given)}
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ValueError(
                f"parameters are not those of {body['architecture']} ({key}: {first['msg']})"
            ) from None

    @model_validator(mode="after")
    def _parameters_fit(self) -> Weights:
        kind = PARAMETERS.get(self.architecture)
        if self.parameters is not None and (kind is None or not isinstance(self.parameters, kind)):
            raise ValueError(f"parameters are not those of {self.architecture}")
        if (self.overlap is None) == (self.architecture == "spandrel"):
            raise ValueError("overlap belongs to the architecture spandrel, and to no other")
        if self.architecture not in ("rrdbnet", "srvgg") and self.scale != 1:
            raise ValueError(f"scale of {self.architecture} must be 1")
        if self.architecture == "gfpgan" and not self.generative:
            raise ValueError("gfpgan draws faces with a generative network; generative is true")
        return self

    @property
    def restores_faces(self) -> bool:
        """Whether the network restores one aligned face, and no page."""
        return self.architecture in FACE_NETWORKS

    @property
    def converts(self) -> bool:
        """Whether the original is converted to safetensors, or kept as it is."""
        return self.architecture not in AS_THEY_ARE

    @property
    def sha256(self) -> str:
        """What identifies the weights in keys: of their original file, or of all their hashes."""
        if len(self.files) == 1:
            return self.files[0].sha256
        return hashlib.sha256("\n".join(f.sha256 for f in self.files).encode()).hexdigest()


def load_manifest(path: Path, extra: Mapping[str, UserWeights] | None = None) -> dict[str, Weights]:
    """Every set of weights by name: those of the file, and the user's, which replace them.

    Raises ConfigError with one line that names the entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    raw = parse(text, str(path))
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected a mapping of names to weights")
    manifest = {str(name): _entry(path, str(name), body) for name, body in raw.items()}
    for name, own in (extra or {}).items():
        manifest[name] = _of_user(name, own, manifest.get(name))
    for weights in manifest.values():
        _check_twin(path, weights, manifest)
    return manifest


_STATED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("rrdbnet", "srvgg", "ffdnet"), ("parameters", "radius")),
    **dict.fromkeys(("gfpgan", "retinaface"), ("parameters",)),
}
"""What an entry must state of each architecture, beside what every entry states."""


def _entry(path: Path, name: str, body: Any) -> Weights:
    if not isinstance(body, dict):
        raise ConfigError(f"{path}: {name}: expected a mapping")
    try:
        weights = Weights.model_validate({"name": name, **body})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (name, *first["loc"]))
        raise ConfigError(f"{path}: {where}: {first['msg']}") from None
    for field in _STATED.get(weights.architecture, ()):
        if getattr(weights, field) is None:
            raise ConfigError(f"{path}: {name}.{field}: is missing")
    for file in weights.files:
        if file.name != PurePosixPath(file.name).name or file.name.startswith("."):
            raise ConfigError(f"{path}: {name}: '{file.name}' is not a plain file name")
    return weights


_EXACT = ("ffdnet", "retinaface")
"""Architectures that make up no detail."""


def _of_user(name: str, own: UserWeights, replaced: Weights | None) -> Weights:
    scale = own.scale or (4 if own.architecture in ("rrdbnet", "srvgg") else 1)
    same = replaced is not None and (replaced.architecture, replaced.scale) == (
        own.architecture,
        scale,
    )
    overlap = own.overlap
    if overlap is None and own.architecture == "spandrel":
        overlap = OVERLAP
    place = HandSource(by_hand=f"the config names this file (models.{name}.path)")
    body = {
        "name": name,
        "title": "weights named in the config",
        "architecture": own.architecture,
        "scale": scale,
        "overlap": overlap,
        "generative": own.architecture not in _EXACT if own.generative is None else own.generative,
        "denoise_twin": replaced.denoise_twin if replaced is not None and same else None,
        "licence": own.licence,
        "training_data": "not stated",
        "citation": "not stated",
        "files": (SourceFile(name=own.path, sha256=own.sha256, source=place),),
    }
    try:
        return Weights.model_validate(body)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"config: models.{name}: {said}") from None


def _check_twin(path: Path, weights: Weights, manifest: Mapping[str, Weights]) -> None:
    if weights.denoise_twin is None:
        return
    twin = manifest.get(weights.denoise_twin)
    if twin is None or twin.name == weights.name:
        raise ConfigError(
            f"{path}: {weights.name}.denoise_twin: '{weights.denoise_twin}' is unknown"
        )
    if (twin.architecture, twin.scale) != (weights.architecture, weights.scale):
        raise ConfigError(f"{path}: {weights.name}.denoise_twin: '{twin.name}' is another network")


def find_weights(manifest: Mapping[str, Weights], name: str) -> Weights:
    """The entry of that name. Raises ConfigError that lists the names there are."""
    if name not in manifest:
        raise ConfigError(
            f"network '{name}' is unknown; known are {', '.join(sorted(manifest))}, "
            "and weights of your own go under the config key 'models'"
        )
    return manifest[name]


def check_use(weights: Weights, faces: bool) -> None:
    """Raises ConfigError where a stage names a network that was made for another one's work.

    faces: whether the stage restores faces, each by itself; it also takes Real-ESRGAN's networks.
    """
    name, kind = weights.name, weights.architecture
    if kind in AS_THEY_ARE or kind == "retinaface":
        raise ConfigError(f"network '{name}' ({kind}) finds or compares faces and restores nothing")
    if faces and not (weights.restores_faces or kind in ENLARGING):
        raise ConfigError(
            f"network '{name}' ({kind}) restores pages, not one aligned face; expected a network "
            f"for faces ({', '.join(sorted(FACE_NETWORKS))}) or one of Real-ESRGAN's "
            f"({', '.join(sorted(ENLARGING))})"
        )
    if weights.restores_faces and not faces:
        raise ConfigError(
            f"network '{name}' ({kind}) restores one aligned face, not a page; expected a network "
            "for pages"
        )


def needed_weights(
    manifest: Mapping[str, Weights], name: str, denoise: float | None = None
) -> tuple[str, ...]:
    """Names of the sets that a network is made of: its own, and its twin where they are blended.

    ``denoise`` speaks only of networks that have a twin; None or 1 is their own weights alone.
    """
    weights = find_weights(manifest, name)
    if weights.denoise_twin is None or denoise is None or denoise >= 1.0:
        return (name,)
    return (name, weights.denoise_twin)


def weights_key(
    manifest: Mapping[str, Weights], name: str, denoise: float | None = None
) -> tuple[str, ...]:
    """SHA-256 of each set that the network is made of, for the key of a stage."""
    return tuple(manifest[part].sha256 for part in needed_weights(manifest, name, denoise))
