"""A network that fills holes: shown the hole and what is around it, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from restoration.engine.bands import explained
from restoration.engine.devices import exact_arithmetic
from restoration.errors import ConfigError, ScanError
from restoration.networks.manifest import Weights, find_weights, weights_key
from restoration.networks.weights import open_weights
from restoration.networks.with_tensors import with_state
from restoration.raster.base import FloatImage, Mask

SHORTEST = 16
"""Pixels that the network is shown along each side at least."""


class HoleFiller:
    """A network that fills holes, on its device, in float32.

    On a processor it computes with one thread: its sums depend on how many there are.
    """

    generative = True

    def __init__(
        self,
        name: str,
        module: Any,
        multiple: int,
        weights_sha256: tuple[str, ...],
        licence: str,
        device: torch.device,
    ) -> None:
        """module: takes (1, 3, h, w) and (1, 1, h, w), as ``networks.lama.Lama``; multiple: of
        sizes that it takes."""
        exact_arithmetic()
        self.name = name
        self.weights_sha256 = " ".join(weights_sha256)
        self.licence = licence
        self._module = module
        self._multiple = multiple
        self._device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="holes")

    def fill(self, pixels: FloatImage, hole: Mask) -> FloatImage:
        """The network's answer.

        Parameters
        ----------
        pixels
            float32 (h, w, 3), sRGB-encoded, in [0, 1].
        hole
            bool (h, w): what is to be filled; what ``pixels`` holds there is not looked at.

        Returns
        -------
        float32 (h, w, 3), sRGB-encoded, not clipped; outside the hole as ``pixels``.

        Raises
        ------
        ScanError
            The network made NaN or infinity.
        CircumstanceError
            Memory ran out, or the device failed.
        """
        return self._thread.submit(self._filled, pixels, hole).result()

    def _filled(self, pixels: FloatImage, hole: Mask) -> FloatImage:
        torch.set_num_threads(1)
        height, width = hole.shape
        grown = [
            (0, max(SHORTEST, -(-side // self._multiple) * self._multiple) - side)
            for side in (height, width)
        ]
        # What is added is the border once more: no mirror image reaches far enough everywhere.
        image = np.pad(
            np.where(hole[:, :, None], np.float32(0.0), pixels), (*grown, (0, 0)), "edge"
        )
        mask = np.pad(hole, grown, "edge").astype(np.float32)
        shown = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
        marked = torch.from_numpy(mask)[None, None]
        try:
            with torch.inference_mode():
                made = self._module(shown.to(self._device), marked.to(self._device))
                finite = bool(torch.isfinite(made).all())
        except (MemoryError, RuntimeError) as error:
            told = explained(error, f"a hole and its surroundings of {width} x {height}", "")
            if told is None:
                raise
            raise told from error
        if made.shape != shown.shape:
            raise ValueError(f"network made {tuple(made.shape)}, expected {tuple(shown.shape)}")
        if not finite:
            raise ScanError(
                f"the network '{self.name}' made NaN or infinity, which is never written; its "
                "input or its weights are at fault"
            )
        answer = made[0].permute(1, 2, 0).cpu().numpy()[:height, :width]
        return np.where(hole[:, :, None], answer, pixels).astype(np.float32)


def load_hole_filler(
    name: str, models_dir: Path, manifest: Mapping[str, Weights], device: torch.device
) -> HoleFiller:
    """The network of that name.

    Raises
    ------
    ConfigError
        The name is unknown, or that of a network that fills no holes.
    CircumstanceError
        The weights were not fetched or were altered.
    """
    weights = find_weights(manifest, name)
    if not weights.fills_holes:
        raise ConfigError(f"network '{name}' ({weights.architecture}) fills no holes")
    own = open_weights(name, manifest, models_dir)
    module = with_state(weights.kind, own.parameters, weights.scale, own.state).to(device)
    return HoleFiller(
        name,
        module,
        weights.kind.multiple(own.parameters, weights.scale),
        weights_key(manifest, name),
        weights.licence,
        device,
    )
