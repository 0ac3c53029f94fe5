"""Which weights a step of a plan may load.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restoration.config.stage_settings import FACES
from restoration.errors import ConfigError
from restoration.faces import DENSE_POINTS, IDENTITY
from restoration.networks.manifest import check_use, find_weights, needed_weights
from restoration.stages import REGISTRY

if TYPE_CHECKING:
    from restoration.plan.plan import Plan

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


def needed_networks(plan: Plan, recipe: str | None, step: str) -> tuple[str, ...]:
    """Names of the weights that a step may load, those of a blend included.

    Raises ConfigError where a stage names a network that is unknown or not for its work.
    """
    if step == "examine":
        return _finding_faces(plan)
    if step == "deliver" and recipe is not None and FACES in plan.recipe(recipe).chain():
        # Restored faces are compared once more.
        return COMPARING["five"]
    if step not in REGISTRY or recipe is None:
        return ()
    settings = plan.settings(recipe, step)
    name = settings.get("network", "none")
    if name == "none":
        return ()
    also = COMPARING[settings["landmarks"]] if REGISTRY[step].restores_faces else ()
    try:
        check_use(find_weights(plan.manifest, name), REGISTRY[step].restores_faces)
        return (*needed_weights(plan.manifest, name, settings.get("denoise")), *also)
    except ConfigError as error:
        raise ConfigError(f"config: recipes.{recipe}.stages.{step}.network: {error}") from None


def _finding_faces(plan: Plan) -> tuple[str, ...]:
    """Raises ConfigError where the network of faces is unknown, or does not find any."""
    examine = plan.config.examine
    if examine.faces != "retinaface":
        return FINDERS[examine.faces]
    try:
        found = find_weights(plan.manifest, examine.face_network)
    except ConfigError as error:
        raise ConfigError(f"config: examine.face_network: {error}") from None
    if found.architecture != "retinaface":
        raise ConfigError(
            f"config: examine.face_network: '{found.name}' is {found.architecture}, expected "
            "weights of the architecture retinaface"
        )
    return (found.name,)
