"""Networks of one's own that restore one aligned face, recognised by the package spandrel.

RestoreFormer is among spandrel's own classes; CodeFormer is in ``spandrel_extra_arches``, which the
workflow does not install: the licences of its networks are not for every use, so a person decides.

Both networks were trained on values in [-1, 1]. They are called here and not through spandrel's
``call_fn``, which clips, and which hands CodeFormer values in [0, 1] (spandrel_extra_arches 0.2.0;
its authors normalise: ``inference_codeformer.py``).
"""

from __future__ import annotations

from typing import Any

import torch

from restoration.errors import ConfigError
from restoration.networks import shims
from restoration.networks.architecture import State
from restoration.networks.spandrel_networks import opened

SIDE = 512
"""Width and height of the face that these networks take and give, in pixels."""

_CALLED = frozenset({"RestoreFormer", "CodeFormer"})
"""Networks whose answer is known to be a face in [-1, 1] and, behind it, what training needed."""

_CODEFORMER = frozenset({"position_emb", "idx_pred_layer.1.weight", "quantize.embedding.weight"})
"""Tensors by which spandrel_extra_arches knows CodeFormer."""


class Face(torch.nn.Module):
    """A network that restores one aligned face. CodeFormer balances fidelity by its own 0.5."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        """(1, 3, SIDE, SIDE), sRGB-encoded, in [0, 1], to the same, about [0, 1], not clipped."""
        made: torch.Tensor = self.model(face * 2.0 - 1.0)[0]
        return (made + 1.0) / 2.0


def recognise_face(state: State) -> tuple[str, Face]:
    """Spandrel's id of the architecture, and the network holding ``state``.

    Raises ConfigError where spandrel does not know it, or where it is no network for faces of
    SIDE pixels.
    """
    found = opened(state, _registry(state))
    name = str(found.architecture.id)
    if name == "GFPGAN":
        raise ConfigError("GFPGAN draws new noise for every face here; its architecture is gfpgan")
    if getattr(found, "purpose", None) != "FaceSR":
        raise ConfigError(f"{name} is no network for faces")
    if name not in _CALLED or not found.size_requirements.check(SIDE, SIDE):
        raise ConfigError(
            f"how {name} is given a face of {SIDE} pixels is not known; expected one of "
            f"{', '.join(sorted(_CALLED))}"
        )
    return name, Face(found.model)


def _registry(state: State) -> Any:
    """Spandrel's architectures, with CodeFormer where these are its weights."""
    shims.install()
    import spandrel  # noqa: PLC0415 (must follow the shims)

    if not state.keys() >= _CODEFORMER:
        return spandrel.MAIN_REGISTRY
    try:
        from spandrel_extra_arches import EXTRA_REGISTRY  # noqa: PLC0415 (rarely installed)
    except ModuleNotFoundError:
        raise ConfigError(
            "these are weights of CodeFormer, whose licence (S-Lab License 1.0) allows "
            "non-commercial use alone, so the workflow does not install its class; if your use is "
            "one of these, install it yourself: .venv/bin/pip install --no-deps "
            "spandrel_extra_arches==0.2.0 einops"
        ) from None
    # A registry of its own: what is installed beside must not change how other weights are read.
    registry = spandrel.ArchRegistry()
    registry.add(EXTRA_REGISTRY["CodeFormer"])
    return registry
