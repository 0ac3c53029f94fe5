"""The registry of stages: where each is found. Nothing else imports a stage.

Read when the Snakefile is parsed, so a stage's module is imported only when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from restoration.stages.base import Stage


@dataclass(frozen=True)
class Entry:
    """What the plan must know of a stage without importing it."""

    module: str
    class_name: str
    version: str
    """Raised when the result changes; what ``rerun_on: version`` looks at."""
    through: tuple[str, ...] = ()
    """Modules that work for the stage without being imported by it: the engine it is handed."""
    fills_damage: bool = False
    """Whether the stage is given the user's mask of damage."""
    restores_faces: bool = False
    """Whether the stage restores faces one by one, and so takes networks for faces; no other
    generative network touches a face."""
    shares_batch: bool = False
    """Whether the stage, where its settings say ``scope: batch``, is told what the condition report
    says of every scan of the batch."""

    @property
    def code(self) -> tuple[str, ...]:
        """Every module at which the stage's code fingerprint starts."""
        return (self.module, *self.through)

    def load(self) -> type[Stage]:
        """The stage's class; imports its module."""
        return cast("type[Stage]", getattr(import_module(self.module), self.class_name))


_NETWORK = ("restoration.engine.run", "restoration.networks.load")

_FACES = (*_NETWORK, "restoration.networks.face_identity")

REGISTRY: dict[str, Entry] = {
    "descreen": Entry("restoration.stages.descreen.stage", "Descreen", "1"),
    "repair": Entry("restoration.stages.repair.stage", "Repair", "2", fills_damage=True),
    "denoise": Entry("restoration.stages.denoise.stage", "Denoise", "2", _NETWORK),
    "cleanup": Entry("restoration.stages.cleanup.stage", "Cleanup", "2", _NETWORK),
    "faces": Entry("restoration.stages.faces.stage", "Faces", "2", _FACES, restores_faces=True),
    "upscale": Entry("restoration.stages.upscale.stage", "Upscale", "2", _NETWORK),
    "colour": Entry("restoration.stages.colour.stage", "Colour", "2", shares_batch=True),
}
"""In the order in which stages run, with the names of ``settings.StagesSettings``."""
