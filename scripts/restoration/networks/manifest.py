"""The weights that the workflow knows (resources/models.yaml) and those that a user adds.

Parsed with the Snakefile, so it knows no torch and no NumPy. Part of no fingerprint: what is said
here reaches keys by its values, the SHA-256 of weights and the numeric class.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from restoration.config.settings import UserWeights
from restoration.config.validation_messages import near
from restoration.config.yaml_text import parse
from restoration.errors import CircumstanceError, ConfigError
from restoration.networks import sources
from restoration.networks.architecture import Architecture, Parameters
from restoration.networks.registry import ARCHITECTURES, alternatives, names_where
from restoration.networks.sources import (
    HandSource,
    ListSection,
    RepositorySource,
    SourceFile,
)

DAMAGE_DETECTOR = "damage-detector"
"""The weights of our own that find damage."""

OVERLAP = 64
"""Overlap of windows, in pixels, where a user states none."""


class Weights(ListSection):
    """One set of weights."""

    name: str
    title: str
    architecture: str
    """A name of ``registry.ARCHITECTURES``."""
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

    @field_validator("architecture")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in ARCHITECTURES:
            raise ValueError(f"expected {alternatives(ARCHITECTURES)}, found '{name}'")
        return name

    @model_validator(mode="before")
    @classmethod
    def _kind_of_parameters(cls, body: Any) -> Any:
        # Two architectures may state the same keys: the name decides, not the first that fits.
        given = body.get("parameters") if isinstance(body, dict) else None
        if not isinstance(given, dict):
            return body
        kind = ARCHITECTURES.get(str(body.get("architecture")))
        if kind is None or kind.parameters is None:
            return body
        try:
            return {**body, "parameters": kind.parameters.model_validate(given)}
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ValueError(
                f"parameters are not those of {kind.name} ({key}: {first['msg']})"
            ) from None

    @model_validator(mode="after")
    def _parameters_fit(self) -> Weights:
        kind, name = self.kind, self.architecture
        if self.parameters is not None and type(self.parameters) is not kind.parameters:
            raise ValueError(f"parameters are not those of {name}")
        if (self.overlap is None) == kind.in_windows:
            those = " and ".join(names_where(lambda each: each.in_windows))
            raise ValueError(f"overlap belongs to the architecture {those}, and to no other")
        if self.scale not in kind.scales:
            raise ValueError(f"scale of {name} must be {' or '.join(map(str, kind.scales))}")
        if kind.always_generative and not self.generative:
            raise ValueError(f"{name} makes up detail; generative is true")
        return self

    @property
    def kind(self) -> Architecture:
        """All that the workflow knows of the architecture."""
        return ARCHITECTURES[self.architecture]

    @property
    def restores_faces(self) -> bool:
        """Whether the network restores one aligned face, and no page."""
        return self.kind.use == "aligned faces"

    @property
    def fills_holes(self) -> bool:
        """Whether the network fills holes, and changes nothing else."""
        return self.kind.use == "filling holes"

    @property
    def converts(self) -> bool:
        """Whether the original is converted to safetensors, or kept as it is."""
        return self.kind.parameters is not None and not self.in_repository

    @property
    def in_repository(self) -> bool:
        """Whether the files are part of the repository."""
        return all(isinstance(file.source, RepositorySource) for file in self.files)

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
        if name in manifest and manifest[name].in_repository:
            raise ConfigError(
                f"config: models.{name}: these weights are part of the workflow, and no others "
                "take their place; choose another name"
            )
        manifest[name] = _of_user(name, own, manifest.get(name))
    for weights in manifest.values():
        _check_twin(path, weights, manifest)
    return manifest


def _entry(path: Path, name: str, body: Any) -> Weights:
    if not isinstance(body, dict):
        raise ConfigError(f"{path}: {name}: expected a mapping")
    try:
        weights = Weights.model_validate({"name": name, **body})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (name, *first["loc"]))
        raise ConfigError(f"{path}: {where}: {first['msg']}") from None
    kind = weights.kind
    for field, needed in (("parameters", kind.build), ("radius", kind.radius)):
        if needed is not None and getattr(weights, field) is None:
            raise ConfigError(f"{path}: {name}.{field}: is missing")
    for file in weights.files:
        if file.name != PurePosixPath(file.name).name or file.name.startswith("."):
            raise ConfigError(f"{path}: {name}: '{file.name}' is not a plain file name")
    return weights


def users_architectures() -> tuple[str, ...]:
    """Names of the architectures that weights of one's own may have."""
    return names_where(lambda each: each.parameters is not None and each.use != "finding damage")


def unknown_architecture(name: str, found: str) -> str:
    """What to say of a name that no architecture of weights of one's own has."""
    known = users_architectures()
    return (
        f"models.{name}.architecture: expected {alternatives(known)}, found '{found}'"
        f"{near(found, known)}"
    )


def _of_user(name: str, own: UserWeights, replaced: Weights | None) -> Weights:
    if own.architecture not in users_architectures():
        raise ConfigError(f"config: {unknown_architecture(name, own.architecture)}")
    kind = ARCHITECTURES[own.architecture]
    scale = own.scale or kind.usual_scale
    same = replaced is not None and (replaced.architecture, replaced.scale) == (kind.name, scale)
    overlap = OVERLAP if own.overlap is None and kind.in_windows else own.overlap
    place = HandSource(by_hand=f"the config names this file (models.{name}.path)")
    body = {
        "name": name,
        "title": "weights named in the config",
        "architecture": own.architecture,
        "scale": scale,
        "overlap": overlap,
        "generative": kind.generative if own.generative is None else own.generative,
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


def check_use(weights: Weights, faces: bool, holes: bool = False) -> None:
    """Raises ConfigError where a stage names a network that was made for another one's work.

    faces: whether the stage restores faces, each by itself; it also takes Real-ESRGAN's networks;
    holes: whether it fills holes.
    """
    name, kind = weights.name, weights.kind
    if kind.use in ("finding faces", "comparing faces", "finding damage"):
        what = "finds damage" if kind.use == "finding damage" else "finds or compares faces"
        raise ConfigError(f"network '{name}' ({kind.name}) {what} and restores nothing")
    if holes != weights.fills_holes:
        those = alternatives(names_where(lambda each: each.use == "filling holes"))
        does = "fills no holes" if holes else "fills holes and restores nothing"
        more = f"; expected weights of the architecture {those}" if holes else ""
        raise ConfigError(f"network '{name}' ({kind.name}) {does}{more}")
    if faces and not (weights.restores_faces or kind.takes_faces):
        trained = names_where(lambda each: each.use == "aligned faces")
        others = names_where(lambda each: each.takes_faces)
        raise ConfigError(
            f"network '{name}' ({kind.name}) restores pages, not one aligned face; expected a "
            f"network for faces ({', '.join(sorted(trained))}) or one that may enlarge them "
            f"({', '.join(sorted(others))})"
        )
    if weights.restores_faces and not faces:
        raise ConfigError(
            f"network '{name}' ({kind.name}) restores one aligned face, not a page; expected a "
            "network for pages"
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


def read_shipped(name: str) -> bytes:
    """The file of weights that are part of the repository.

    Raises CircumstanceError where it is not what ``resources/models.yaml`` says it is.
    """
    file = load_manifest(sources.RESOURCES / "models.yaml")[name].files[0]
    path = file.path(sources.RESOURCES)
    again = "it is part of the repository: git checkout puts it back"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CircumstanceError(f"{path}: is missing; {again}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise CircumstanceError(
            f"{path}: was altered: expected SHA-256 {file.sha256}, found {found}; {again}"
        )
    return data
