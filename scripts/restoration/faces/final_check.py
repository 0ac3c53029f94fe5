"""The last look at restored faces: in the finished picture, against the master."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from restoration.faces.frame import Frame
from restoration.faces.persons import Identity, SamePerson
from restoration.faces.sampling import in_frame
from restoration.raster.base import Raster
from restoration.raster.colour.colour_space import ColourSpace


def compare(
    faces: Iterable[Mapping[str, Any]],
    master: Raster,
    final: Raster,
    colour: ColourSpace,
    identity: Identity,
) -> list[dict[str, Any]]:
    """One entry for each restored face: is it still the same person after all stages?

    Parameters
    ----------
    faces
        What the stage's record says of the page's faces.
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
        if face["decision"] != "restored":
            continue
        frame = Frame(np.array(face["frame"], np.float64))
        person = SamePerson(identity, colour.to_srgb(in_frame(master, frame)))
        seen = colour.to_srgb(in_frame(final, frame.scaled(across, down)))
        distance = float(f"{person.distance(seen):.4g}")
        over = distance > face["identity_limit"]
        found.append({"face": face["face"], "distance_final": distance, "over_limit": over})
    return found
