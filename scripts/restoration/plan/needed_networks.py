"""Which weights a step may load, by the config and the manifest of weights.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping

from restoration.config.settings import Config
from restoration.config.stages import FACES, REGISTRY
from restoration.config.yaml_text import WrittenFiles
from restoration.errors import ConfigError
from restoration.faces import DENSE_POINTS, IDENTITY
from restoration.networks.manifest import (
    DAMAGE_DETECTOR,
    Weights,
    check_use,
    find_weights,
    needed_weights,
    unknown_architecture,
    users_architectures,
)
from restoration.networks.registry import alternatives, names_where

FINDERS: dict[str, tuple[str, ...]] = {
    "cnn": ("dlib-face-detector", "dlib-face-points"),
    "hog": ("dlib-face-points",),
    "off": (),
}
"""What `examine.faces` needs to find faces and their points, where it is not a network that
`examine.face_network` names."""

COMPARING: dict[str, tuple[str, ...]] = {
    "five": (IDENTITY, "dlib-face-points"),
    "dlib-68": (IDENTITY, "dlib-face-points", DENSE_POINTS),
}
"""What `stages.faces.landmarks` needs beside the network: to compare persons, to place masks."""


def check_own_weights(config: Config, written: WrittenFiles | None) -> None:
    """Raises ConfigError where weights of the config have an architecture that there is not.

    written: as for ``load_config``. The config itself, which knows no networks, takes any name.
    """
    known = users_architectures()
    for name, own in config.models.items():
        if own.architecture not in known:
            keys = ("models", name, "architecture")
            place = "" if written is None else written.place_of(keys)[0]
            said = unknown_architecture(name, own.architecture)
            raise ConfigError(f"config: {place}: {said}" if place else f"config: {said}")


def needed_networks(
    config: Config, manifest: Mapping[str, Weights], recipe: str | None, step: str
) -> tuple[str, ...]:
    """Names of the weights that a step may load, those of a blend included.

    Raises ConfigError where a stage names a network that is unknown or not for its work.
    """
    if step == "examine":
        return _finding_faces(config, manifest)
    if step == "deliver" and recipe is not None and FACES in config.recipes[recipe].chain():
        # Restored faces are compared once more.
        return COMPARING["five"]
    if step not in REGISTRY or recipe is None:
        return ()
    settings = getattr(config.recipes[recipe].stages, step)
    name = getattr(settings, "network", "none")
    if name == "none":
        return ()
    also = COMPARING[settings.landmarks] if REGISTRY[step].restores_faces else ()
    try:
        entry = REGISTRY[step]
        check_use(find_weights(manifest, name), entry.restores_faces, entry.fills_damage)
        return (*needed_weights(manifest, name, getattr(settings, "denoise", None)), *also)
    except ConfigError as error:
        key = "wide_holes" if REGISTRY[step].fills_damage else "network"
        raise ConfigError(f"config: recipes.{recipe}.stages.{step}.{key}: {error}") from None


def shipped_networks(step: str) -> tuple[str, ...]:
    """Names of the weights in the repository that a step loads by itself: no config names them, and
    nothing need be fetched."""
    fills = step in REGISTRY and REGISTRY[step].fills_damage
    return (DAMAGE_DETECTOR,) if fills or step == "examine" else ()


def _finding_faces(config: Config, manifest: Mapping[str, Weights]) -> tuple[str, ...]:
    """Raises ConfigError where the network of faces is unknown, or does not find any."""
    examine = config.examine
    if examine.faces != "retinaface":
        return FINDERS[examine.faces]
    try:
        found = find_weights(manifest, examine.face_network)
    except ConfigError as error:
        raise ConfigError(f"config: examine.face_network: {error}") from None
    if found.kind.detector is None:
        those = alternatives(names_where(lambda each: each.detector is not None))
        raise ConfigError(
            f"config: examine.face_network: '{found.name}' is {found.architecture}, expected "
            f"weights of the architecture {those}"
        )
    return (found.name,)
