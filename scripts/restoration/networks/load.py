"""Loading a network: verified weights in the official class, ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from restoration.errors import ConfigError
from restoration.networks.architecture import Architecture, State
from restoration.networks.manifest import (
    Weights,
    check_use,
    find_weights,
    needed_weights,
    weights_key,
)
from restoration.networks.weights import open_weights
from restoration.networks.with_tensors import with_state


@dataclass(frozen=True)
class Network:
    """A network on its device, in eval mode."""

    name: str
    module: torch.nn.Module
    """(1, channels, h, w) to (1, 3, h * scale, w * scale); sRGB-encoded, [0, 1], not clipped."""
    scale: int
    radius: int
    """Receptive radius in input pixels."""
    multiple: int
    """Input sizes must be multiples of this; the engine pads."""
    weights: tuple[str, ...]
    """Names of the sets of weights: its own, and its twin where the two are blended."""
    weights_sha256: tuple[str, ...]
    """What identifies each of them in keys and records."""
    licence: str
    architecture: Architecture
    channels: int = 3
    """3 (RGB); 4 where it is also told the noise level, its standard deviation in [0, 1]."""
    overlap: int | None = None
    """Pixels by which windows overlap; None where the radius is known and nothing is cut."""
    generative: bool = True
    """Whether it may make up detail."""
    dtype: torch.dtype = torch.float32
    """Of its weights, and so of all that it computes."""


def load_network(
    name: str,
    models_dir: Path,
    manifest: Mapping[str, Weights],
    device: torch.device,
    denoise: float | None = None,
    dtype: torch.dtype = torch.float32,
) -> Network:
    """The network of that name.

    Parameters
    ----------
    name
        As in the manifest.
    models_dir
        Folder of the converted weights.
    manifest
        From ``manifest.load_manifest``.
    device
        From ``engine.devices.choose_device``.
    denoise
        For networks that have a twin which keeps noise (realesr-general-x4v3): 1 or None is the
        network's own weights, 0 its twin's, between them a linear blend of all weights
        (Real-ESRGAN's "deep network interpolation", ``realesrgan.RealESRGANer.dni``). Networks
        without a twin have nothing to blend and take no notice.
    dtype
        What the weights are rounded to, once, after they were blended.

    Raises
    ------
    ConfigError
        The name is unknown, or that of a network that restores no pages.
    CircumstanceError
        The weights were not fetched or were altered.
    """
    check_use(find_weights(manifest, name), faces=False)
    parts = needed_weights(manifest, name, denoise)
    opened = [open_weights(part, manifest, models_dir) for part in parts]
    own = opened[0]
    kind, scale = own.weights.kind, own.weights.scale
    state, parameters = own.state, own.parameters
    if len(opened) == 2:
        assert denoise is not None
        state = _blend(state, opened[1].state, denoise)
    module = with_state(kind, parameters, scale, state)
    # Channels-last makes a slice of rows one piece of memory, and is faster on every device.
    module = module.to(device, dtype)
    module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if kind.radius is None:
        assert own.weights.overlap is not None
        radius = own.weights.overlap // 2
    else:
        radius = kind.radius(parameters, scale)
    return Network(
        name=name,
        module=module,
        scale=scale,
        radius=radius,
        multiple=kind.multiple(parameters, scale),
        weights=parts,
        weights_sha256=weights_key(manifest, name, denoise),
        licence=own.weights.licence,
        architecture=kind,
        channels=kind.channels,
        overlap=own.weights.overlap,
        generative=own.weights.generative,
        dtype=dtype,
    )


def _blend(own: State, twin: State, denoise: float) -> State:
    return {key: denoise * value + (1.0 - denoise) * twin[key] for key, value in own.items()}


@dataclass(frozen=True)
class FaceRestorer:
    """A network that restores one aligned face, on its device, in eval mode, float32."""

    name: str
    module: torch.nn.Module
    """As its architecture runs it: a ``GFPGANv1Clean``, a ``networks.spandrel_faces.Face``."""
    side: int
    """Width and height of the face, in pixels."""
    weights_sha256: tuple[str, ...]
    licence: str
    architecture: Architecture
    generative: bool
    """Whether it may make up detail."""


def load_face_restorer(
    name: str, models_dir: Path, manifest: Mapping[str, Weights], device: torch.device
) -> FaceRestorer:
    """The network of that name.

    Raises
    ------
    ConfigError
        The name is unknown, or that of a network that does not restore faces.
    CircumstanceError
        The weights were not fetched or were altered.
    """
    weights = find_weights(manifest, name)
    if not weights.restores_faces:
        raise ConfigError(f"network '{name}' restores pages, not one aligned face")
    own = open_weights(name, manifest, models_dir)
    assert weights.kind.side is not None
    return FaceRestorer(
        name=name,
        module=with_state(weights.kind, own.parameters, weights.scale, own.state).to(device),
        side=weights.kind.side(own.parameters),
        weights_sha256=weights_key(manifest, name),
        licence=weights.licence,
        architecture=weights.kind,
        generative=weights.generative,
    )
