"""What the regions of a scan ask of stages that its recipe does not have, in sentences.

Read with the plan, so it knows no NumPy and opens no image.
"""

from __future__ import annotations

from restoration.config.sheet import Scan
from restoration.config.stages import COLOUR, FACES, REGISTRY
from restoration.plan.plan import Plan


def unheeded(plan: Plan, recipe: str, scan: Scan) -> list[str]:
    """One sentence for each kind of mark that no stage of the recipe heeds."""
    regions = plan.regions_of(scan)
    if regions is None:
        return []
    chain = plan.recipe(recipe).chain()
    said = [
        f"the regions say where `{name}` may work, a stage that the recipe does not have"
        for name in REGISTRY
        if name != FACES and regions.of(name) is not None and name not in chain
    ]
    faces = regions.faces
    if faces is not None and FACES not in chain:
        if faces.include:
            said.append("the regions ask for faces to be restored: the recipe has no stage `faces`")
        if not any(plan.dependencies.keeps_faces(recipe, name) for name in chain):
            said.append(
                "the regions mark faces, but no stage of the recipe restores faces or runs a "
                "generative network"
            )
    if regions.colour is not None and COLOUR not in chain:
        said.append("the regions mark targets of colour: the recipe has no stage `colour`")
    return said
