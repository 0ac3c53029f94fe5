"""What the workflow knows of a network architecture: one object, in a module of its own.

Objects are read when the Snakefile is parsed, so neither this module nor theirs import torch; their
functions do, when they are called, and what lies in rooms above is named by its module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import torch


class Parameters(BaseModel):
    """The size of a network, as far as its class must be told; each architecture has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


State = dict[str, "torch.Tensor"]
"""Tensors by name."""

Use = Literal[
    "pages",
    "aligned faces",
    "filling holes",
    "finding faces",
    "comparing faces",
    "finding damage",
]


def _one(parameters: Any, scale: int) -> int:
    return 1


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One network architecture.

    Results depend on its module and on the modules that it names, and on no other architecture's
    (``code``): so no figure belongs here that only plans or describes.
    """

    name: str
    """As in resources/models.yaml and in the config."""
    module: str
    """``__name__``: the module that the object stands in."""
    use: Use = "pages"
    """What it works on. ``pages``: pictures of any size; ``aligned faces``: one at a time;
    ``filling holes``: a picture and where it has holes."""
    takes_faces: bool = False
    """Of one for pages: whether the stage that restores faces may use it on one of them."""

    parameters: type[Parameters] | None = None
    """None where a library reads the original file: it is verified and kept, never converted."""
    sizes: Callable[[Mapping[str, Any]], Parameters] | None = None
    """The size from the tensors. Raises KeyError, ValueError or IndexError where one is missing,
    ConfigError where they are another network's."""
    build: Callable[[Any, int], torch.nn.Module] | None = None
    """The network's class, by parameters and scale, on torch's current default device, with
    arbitrary weights. None where it cannot be built without its tensors."""
    holding: Callable[[Any, State], torch.nn.Module] | None = None
    """In place of ``build``: the network that these tensors make. Raises ConfigError where they
    are those of another one than the parameters say."""
    own: Callable[[State], State] | None = None
    """The network's own tensors under its own names, out of a file that holds more or calls them
    otherwise. Raises KeyError where they are not there. None: the file holds nothing else."""
    buffers: bool = False
    """Whether tensors of whole numbers (indices) may be among them, which stay as they are."""
    prefix: str = ""
    """Of the tensors' names, where they were saved as torch's DataParallel names them."""

    scales: tuple[int, ...] = (1,)
    """Output pixels per input pixel, per side: the scales that there are."""
    usual_scale: int = 1
    """Where a user states none."""
    channels: int = 3
    """Of the input: 3 (RGB); 4 where it is also told the noise level, its standard deviation in
    [0, 1]."""
    multiple: Callable[[Any, int], int] = _one
    """Input sizes must be multiples of this, by parameters and scale; the engine pads."""
    radius: Callable[[Any, int], int] | None = None
    """Receptive radius by parameters and scale: the farthest input pixel, along one axis, that an
    output pixel's own input pixel depends on. None for a network for pages whose reach nobody
    knows: it is run in windows, and its weights state by how much these overlap."""
    side: Callable[[Any], int] | None = None
    """Of one for aligned faces: width and height of the face, in pixels, by parameters."""

    generative: bool = True
    """Whether it makes up detail, where a user states nothing."""
    always_generative: bool = False
    """Whether nothing else may be stated."""

    stream: str | None = None
    """Module that runs it row by row in torch (``engine.by_architecture.StreamCode``). None: bands
    that overlap by the radius."""
    native: str | None = None
    """Module that describes it to the native runtime (``engine.by_architecture.NativeCode``). None:
    that runtime cannot run it."""
    runner: str | None = None
    """Module that runs it on one aligned face (``engine.by_architecture.FaceCode``), or in the
    crop around a hole. None: its own class as it is, on one thread."""
    detector: str | None = None
    """Module that finds faces with it (``examine.faces.finders.DetectorCode``)."""
    scratch: int = 16 << 20
    """Bytes that do not grow with the width: spectra, products in work, and what a few threads
    need for themselves."""

    @property
    def in_windows(self) -> bool:
        """Whether nobody knows its reach."""
        return self.use == "pages" and self.radius is None

    @property
    def code(self) -> tuple[str, ...]:
        """Modules at which the fingerprint of its code starts; what a library runs has none."""
        if self.parameters is None:
            return ()
        named = (self.stream, self.native, self.runner, self.detector)
        return (self.module, *(module for module in named if module is not None))
