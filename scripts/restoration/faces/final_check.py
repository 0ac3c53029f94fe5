"""The last look at restored faces: in the finished picture, against the master."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from restoration.faces.frame import Frame
from restoration.faces.persons import Identity, IdentityCheck
from restoration.faces.sampling import in_frame
from restoration.raster.base import Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.records.stage_findings.faces import FaceEntry


def compare(
    faces: Iterable[FaceEntry],
    master: Raster,
    final: Raster,
    colour: ColourSpace,
    identity: Identity,
) -> list[dict[str, Any]]:
    """One entry for each restored face: is it still the same person after all stages?

    Parameters
    ----------
    faces
        What the stage's record says of the page's restored faces.
    master, final
        The page as it was recorded and as it will be delivered; ``final`` may be larger.
    identity
        As ``networks.face_identity.FaceIdentity``; its embeddings are compared and forgotten.

    Returns
    -------
    ``{face, distance_final, over_limit}``, the limit being the one of the recipe.
    """
    across, down = final.width / master.width, final.height / master.height
    found = []
    for face in faces:
        frame = Frame(np.array(face.frame, np.float64))
        person = IdentityCheck(identity, colour.to_srgb(in_frame(master, frame)))
        seen = colour.to_srgb(in_frame(final, frame.scaled(across, down)))
        distance = float(f"{person.distance(seen):.4g}")
        assert face.identity_limit is not None
        over = distance > face.identity_limit
        found.append({"face": face.face, "distance_final": distance, "over_limit": over})
    return found
