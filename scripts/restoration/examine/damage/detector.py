"""The learned detector: where a plane shows damage, and of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch

from restoration.networks.damage_unet import DamageUNet, damage_logit
from restoration.networks.manifest import DAMAGE_DETECTOR, read_shipped
from restoration.networks.one_thread import one_thread
from restoration.raster.base import Plane

RADIUS = 128
"""Most pixels, along one axis, that lie between a pixel and what its answer depends on."""

MULTIPLE = 16
"""Windows start at multiples of this, in pixels of their level, so that answers do not depend on
the window."""


@dataclass(frozen=True)
class Evidence:
    """What a search says of each pixel."""

    probability: Plane
    """Of damage, float32 (h, w) in [0, 1]."""
    kind: npt.NDArray[np.uint8]
    """uint8 (h, w): index into ``findings.damage.KINDS`` of the likeliest kind."""


class Detector(Protocol):
    """What searches a plane for damage."""

    def search(self, plane: Plane) -> Evidence:
        """plane: encoded luminance, float32 (h, w) in [0, 1], at the level of the search."""
        ...


@dataclass(frozen=True)
class DamageDetector:
    """The network (networks.damage_unet), on one thread.

    Planes of any size; what lies beyond the border is taken to be as the border is.
    """

    network: torch.nn.Module

    @classmethod
    def load(cls) -> Detector:
        """The detector with the weights of the repository, opened once per process.

        Raises CircumstanceError where they are not those of ``resources/models.yaml``.
        """
        return _loaded()

    def search(self, plane: Plane) -> Evidence:
        """plane: encoded luminance, float32 (h, w) in [0, 1], at the level of the search."""
        height, width = plane.shape
        below, right = -height % MULTIPLE, -width % MULTIPLE
        padded = np.pad(plane, ((0, below), (0, right)), mode="edge")
        with one_thread(), torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(padded, np.float32))
            logits = self.network(pixels[None, None].to(memory_format=torch.channels_last))
            probability = torch.sigmoid(damage_logit(logits))[0]
            kind = logits[0, 1:].argmax(dim=0).to(torch.uint8)
        own = np.s_[:height, :width]
        return Evidence(
            np.ascontiguousarray(probability.numpy()[own]), np.ascontiguousarray(kind.numpy()[own])
        )


@cache
def _loaded() -> DamageDetector:
    return detector_of(read_shipped(DAMAGE_DETECTOR))


def detector_of(data: bytes) -> DamageDetector:
    """The detector with these weights, the bytes of a safetensors file."""
    network = DamageUNet()
    network.load_state_dict(safetensors.torch.load(data))
    # The stubs of torch do not know this form of ``to``.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return DamageDetector(network.eval())
