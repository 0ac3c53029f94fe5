"""The registry of stages, in the order in which they run, and the section of a recipe made of it.

All that the workflow knows of a stage follows from its entry here: its settings and their
documentation, its rule, its place in the chain, its cost, what it needs of the disk, the word in
the deliverable's history, its name in the report. Nothing else imports a stage.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy; a stage's
module is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, model_validator

from restoration.config.section import Section
from restoration.config.stages.cleanup import CleanupSettings
from restoration.config.stages.colour import ColourSettings
from restoration.config.stages.denoise import DenoiseSettings
from restoration.config.stages.descreen import DescreenSettings
from restoration.config.stages.entry import Entry
from restoration.config.stages.faces import FacesSettings
from restoration.config.stages.repair import RepairSettings
from restoration.config.stages.upscale import UpscaleSettings
from restoration.config.value_synonyms import OFF, ON

_NETWORK = ("restoration.engine.run", "restoration.networks.load")

_FACES = (*_NETWORK, "restoration.networks.face_identity")

_WORKING_SHARE = 0.125
"""Where a 1200-ppi scan holds 300 ppi of picture, and the network starts from that."""

_WIDE_SHARE = 0.05
"""Where a hole or two of a page are wide, with what is shown around them."""

REGISTRY: dict[str, Entry] = {
    "descreen": Entry(
        DescreenSettings,
        "Halftone screens.",
        "restoration.stages.descreen.stage",
        "DescreenStage",
        version="1",
        seconds_per_megapixel=1.0,
        action="filtered",
    ),
    "repair": Entry(
        RepairSettings,
        "Dust, hairs, scratches and cracks.",
        "restoration.stages.repair.stage",
        "RepairStage",
        version="3",
        seconds_per_megapixel=2.5,
        network_share=_WIDE_SHARE,
        fills_damage=True,
    ),
    "denoise": Entry(
        DenoiseSettings,
        "Noise, grain and JPEG blocks.",
        "restoration.stages.denoise.stage",
        "DenoiseStage",
        version="2",
        seconds_per_megapixel=0.3,
        through=_NETWORK,
        action="filtered",
    ),
    "cleanup": Entry(
        CleanupSettings,
        "Real-ESRGAN artifact cleanup.",
        "restoration.stages.cleanup.stage",
        "CleanupStage",
        version="2",
        seconds_per_megapixel=0.2,
        through=_NETWORK,
        network_share=_WORKING_SHARE,
        action="filtered",
        shown_corrected=True,
    ),
    "faces": Entry(
        FacesSettings,
        "Faces, each by what was measured of it.",
        "restoration.stages.faces.stage",
        "FacesStage",
        version="2",
        seconds_per_megapixel=0.05,
        through=_FACES,
        restores_faces=True,
        shown_corrected=True,
    ),
    "upscale": Entry(
        UpscaleSettings,
        "Final size.",
        "restoration.stages.upscale.stage",
        "UpscaleStage",
        version="2",
        # Not measured: taken to be that of cleanup.
        seconds_per_megapixel=0.2,
        through=_NETWORK,
        network_share=_WORKING_SHARE,
        action="resized",
        shown_corrected=True,
        resizes=True,
    ),
    "colour": Entry(
        ColourSettings,
        "Fading and stain.",
        "restoration.stages.colour.stage",
        "ColourStage",
        version="2",
        seconds_per_megapixel=0.01,
        shares_batch=True,
        only_maps=True,
    ),
}
"""A stage's name is also that of its rule: ``snakemake --until faces``."""

CHAIN: tuple[str, ...] = tuple(REGISTRY)
"""Every stage that a recipe may name, in the order in which they run."""

FACES = "faces"
"""The stage whose regions mark faces."""

REPAIR = "repair"
"""The stage whose regions mark damage."""

COLOUR = "colour"
"""The stage that maps whole pages; its regions mark targets."""


_SWITCHED: dict[str, Any] = {**dict.fromkeys(OFF), **{word: {} for word in ON}}
"""A stage that is off is left out, one that is on has its defaults."""


class _Stages(Section):
    """The recipe's chain; a stage that is left out, or `off`, does not run. The order is fixed."""

    @model_validator(mode="before")
    @classmethod
    def _switched(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {
            key: _SWITCHED.get(str(value).casefold(), value)
            if isinstance(value, (str, bool))
            else value
            for key, value in given.items()
        }

    def of(self, name: str) -> Any:
        """The settings of a stage; None where it does not run."""
        return getattr(self, name)


if TYPE_CHECKING:
    StagesSettings = _Stages
else:
    StagesSettings = create_model(
        "StagesSettings",
        __base__=_Stages,
        __doc__=_Stages.__doc__,
        __module__=__name__,
        **{
            name: (entry.settings | None, Field(None, description=entry.description))
            for name, entry in REGISTRY.items()
        },
    )
