"""What the steps of a plan depend on beside the scans: settings, code, networks, arithmetic.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from restoration.config.section import Section
from restoration.config.settings import Config
from restoration.config.stages import REGISTRY
from restoration.errors import ConfigError
from restoration.networks.manifest import Weights
from restoration.plan.code_fingerprint import code_fingerprint
from restoration.plan.needed_networks import needed_networks, shipped_networks
from restoration.raster.colour.profile_file import ProfileFileError, check_profile_file
from restoration.storage.keys import digest

# Versions of the steps that are not stages, for `rerun_on: version`.
_VERSIONS = {"ingest": "2", "examine": "3", "deliver": "2"}
_CODE = {
    "ingest": ("restoration.ingest.inspect_master",),
    "examine": ("restoration.examine.page", "restoration.raster.tiff.page"),
    "deliver": ("restoration.deliver.history",),
}
# Every stage reads and writes through these.
_STAGE_CODE = (
    "restoration.raster.tiff.page",
    "restoration.raster.colour.colour_space",
    "restoration.raster.tiff.write_intermediate",
)

_WORKED_OUT_ONCE = (
    "settings",
    "networks",
    "weights",
    "code",
    "numeric",
    "keeps_faces",
    "outgoing_profile",
    "actions",
)


def code_roots(step: str) -> tuple[str, ...]:
    """The modules at which the code behind a step begins."""
    return (*REGISTRY[step].code, *_STAGE_CODE) if step in REGISTRY else _CODE[step]


def steps_with_code() -> tuple[str, ...]:
    """Every step that has code of its own, in the order of a scan's way."""
    return ("ingest", "examine", *REGISTRY, "deliver")


@dataclass(frozen=True)
class Dependencies:
    """What each step of each recipe depends on; recipe: None for steps that carry none.

    Each fact is worked out once: verification asks for them with every record, and fingerprints of
    code cost milliseconds.
    """

    config: Config
    manifest: Mapping[str, Weights]
    device: str
    runtime: str
    precision: str

    def __post_init__(self) -> None:
        for name in _WORKED_OUT_ONCE:
            object.__setattr__(self, name, cache(getattr(self, name)))

    def settings(self, recipe: str | None, step: str) -> dict[str, Any]:
        """The settings of a step as they enter its keys."""
        section: Section
        if step == "ingest":
            section = self.config.ingest
        elif step == "examine":
            section = self.config.examine
        elif recipe is None:
            raise ValueError(f"{step} belongs to a recipe")
        elif step == "deliver":
            section = self.config.recipes[recipe].deliver
        else:
            section = getattr(self.config.recipes[recipe].stages, step)
        return section.model_dump(mode="json")

    def networks(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """Names of the weights that a step may load, those of a blend included.

        Raises ConfigError where a stage names a network that is unknown or not for its work.
        """
        return needed_networks(self.config, self.manifest, recipe, step)

    def weights(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """SHA-256 of each set of weights that the step may load."""
        return tuple(self.manifest[name].sha256 for name in self.loaded(recipe, step))

    def loaded(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """Names of all weights that the step may load: those of ``networks``, and those that lie in
        the repository."""
        return (*self.networks(recipe, step), *shipped_networks(step))

    def code(self, recipe: str | None, step: str) -> str:
        """Fingerprint of the code behind a step, or its declared version."""
        if self.config.rerun_on == "version":
            return REGISTRY[step].version if step in REGISTRY else _VERSIONS[step]
        roots = (*code_roots(step), *self.code_of_networks(recipe, step))
        return digest([code_fingerprint(module) for module in roots])

    def code_of_networks(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """The modules at which the code of the step's networks begins: that of the architectures
        which it may load, and of no other."""
        kinds = [self.manifest[name].kind for name in self.loaded(recipe, step)]
        return tuple(sorted({module for kind in kinds for module in kind.code}))

    def numeric(self, recipe: str | None, step: str) -> dict[str, Any]:
        """What the network's arithmetic depends on; nothing where no engine runs one."""
        if recipe is None or not self.networks(recipe, step):
            return {}
        engine = self.config.engine.model_dump(mode="json")
        engine["runtime"] = self.runtime_of(recipe, step)
        stated = {
            name: [weights.overlap, weights.generative]
            for name in self.networks(recipe, step)
            # Nobody but the user states these: the file's hash says nothing of them.
            if (weights := self.manifest[name]).kind.holding is not None
        }
        windows = {"windows": stated} if stated else {}
        precision = self._precision_of(recipe, step)
        return {**engine, "device": self.device, "precision": precision, **windows}

    def _precision_of(self, recipe: str | None, step: str) -> str:
        """What the step's networks compute in; those for faces and for holes compute in float32,
        always."""
        named = [self.manifest[n] for n in self.networks(recipe, step)]
        exact = any(weights.restores_faces or weights.fills_holes for weights in named)
        return "float32" if exact else self.precision

    def runtime_of(self, recipe: str | None, step: str) -> str:
        """What computes the step's networks."""
        known = [self.manifest[n].kind.native is not None for n in self.networks(recipe, step)]
        return self.runtime if any(known) else "torch"

    def keeps_faces(self, recipe: str | None, step: str) -> bool:
        """Whether a stage must leave faces as they are: it has a generative network, and is not
        the one that restores faces."""
        if step not in REGISTRY or REGISTRY[step].restores_faces:
            return False
        return any(self.manifest[name].generative for name in self.networks(recipe, step))

    def actions(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """What the deliverable's history says that each stage of the recipe did; nothing of any
        other step."""
        if recipe is None or step != "deliver":
            return ()
        return tuple(REGISTRY[name].action for name in self.config.recipes[recipe].chain())

    def outgoing_profile(self, recipe: str | None, step: str) -> str | None:
        """SHA-256 of the profile file that the step converts to; None where there is none.

        Raises ConfigError with one line where the file is missing or cannot be used.
        """
        if recipe is None or step != "deliver":
            return None
        path = self.config.recipes[recipe].deliver.profile_path
        if path is None:
            return None
        try:
            return check_profile_file(Path(path))
        except ProfileFileError as error:
            raise ConfigError(
                f"config: recipes.{recipe}.deliver.profile: '{path}' {error}"
            ) from None
