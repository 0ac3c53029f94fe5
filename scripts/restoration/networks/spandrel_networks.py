"""Networks of one's own that the package spandrel recognises by their tensors.

Only networks that need nothing but the picture: scale 1, three channels (or one, which is then
run on each channel), any size. Nobody states how far such a network looks, and some (SCUNet,
SwinIR) look in windows, others (NAFNet) at all they are shown; so the engine shows each of them
windows of a fixed size on a fixed grid of the page (``engine.windows``), which makes the result
depend on the page alone.
"""

from __future__ import annotations

from typing import Any

import torch

from restoration.errors import ConfigError
from restoration.networks import shims
from restoration.networks.architecture import State

_TOLD = frozenset({"DRUNet"})


class Blind(torch.nn.Module):
    """A restoration network that needs nothing but the picture."""

    def __init__(self, recognised: Any) -> None:
        """recognised: a ``spandrel.ImageModelDescriptor``, which pads to the sizes it can take."""
        super().__init__()
        self.model: torch.nn.Module = recognised.model
        self._recognised = recognised

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(1, 3, h, w) to (1, 3, h, w), sRGB-encoded, in [0, 1]."""
        if self._recognised.input_channels == 1:
            planes = [self._recognised(image[:, c : c + 1].contiguous()) for c in range(3)]
            return torch.cat(planes, 1)
        answer: torch.Tensor = self._recognised(image)
        return answer


def opened(state: State, registry: Any = None) -> Any:
    """Spandrel's descriptor of the network, every tensor in its place and none left over.

    registry: a ``spandrel.ArchRegistry``; spandrel's own where None. Raises ConfigError where
    nothing in it fits.
    """
    shims.install()
    import spandrel  # noqa: PLC0415 (must follow the shims)

    try:
        # A copy: spandrel renames and drops entries.
        loader = spandrel.ModelLoader(device="cpu", registry=registry or spandrel.MAIN_REGISTRY)
        return loader.load_from_state_dict(dict(state)).eval()
    except MemoryError:
        raise
    except Exception as error:  # each of its architectures reads tensors in its own way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(f"spandrel does not recognise the weights ({reason[:300]})") from None


def recognise(state: State) -> tuple[str, Blind]:
    """Spandrel's id of the architecture, and the network holding ``state``.

    Raises ConfigError where spandrel does not know it, or where it is not a network that restores
    a picture of any size at its own scale.
    """
    found = opened(state)
    import spandrel  # noqa: PLC0415 (must follow the shims)

    name = str(found.architecture.id)
    channels = (found.input_channels, found.output_channels)
    if not isinstance(found, spandrel.ImageModelDescriptor) or channels not in ((1, 1), (3, 3)):
        raise ConfigError(f"{name} is no network that makes a picture of a picture alone")
    if found.purpose == "FaceSR":
        raise ConfigError(
            f"{name} restores one aligned face, not a page; its architecture is "
            f"{'gfpgan' if name == 'GFPGAN' else 'spandrel-face'}"
        )
    if name in _TOLD or "FDnCNN" in found.tags:
        # Spandrel would tell it 15/255, whatever the picture.
        raise ConfigError(f"{name} must be told the noise level, which spandrel cannot")
    if found.scale != 1:
        raise ConfigError(f"{name} enlarges {found.scale} times; expected a network of scale 1")
    if found.size_requirements.square or found.tiling is spandrel.ModelTiling.INTERNAL:
        raise ConfigError(f"{name} must see the whole picture at once; a scan is too large for it")
    return name, Blind(found)


def expected(name: str, recognised: tuple[str, torch.nn.Module]) -> torch.nn.Module:
    """The network that was recognised. Raises ConfigError where its name is not the one given."""
    found, module = recognised
    if found != name:
        raise ConfigError(f"spandrel takes the weights for {found}, not {name}")
    return module
