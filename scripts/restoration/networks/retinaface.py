"""RetinaFace on one window of a picture: boxes, and five points that it measures.

Deng et al., CVPR 2020; the network is facexlib's class, and what stands around it there (downloads,
a device of its own choice, whole pictures at once) is not used. Its answer is an offset from each
of a grid of prior boxes, as in SSD (Liu et al. 2016); three grids, of 8, 16 and 32 pixels, with two
prior boxes each, 16 to 512 pixels wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from restoration.errors import ConfigError
from restoration.networks.architectures.retinaface import RetinafaceParameters
from restoration.networks.face_detector import Detection, MeasuredFace, UprightPicture
from restoration.networks.manifest import Weights
from restoration.networks.one_thread import one_thread
from restoration.networks.weights import open_weights
from restoration.networks.with_tensors import with_state
from restoration.raster.base import Floats32

MEAN = (123.0, 117.0, 104.0)
"""Red, green and blue that were taken off the pictures it was trained on."""

STEPS = (8, 16, 32)
PRIORS = ((16, 32), (64, 128), (256, 512))
"""Sides of the prior boxes of each grid, in pixels."""

VARIANCES = (0.1, 0.2)
"""Scales of its offsets of place and of size."""


class RetinaFaceDetector:
    """The network on the processor; the same values whatever the number of threads."""

    def __init__(self, name: str, module: torch.nn.Module, parameters: RetinafaceParameters):
        self.name, self.backbone = name, parameters.backbone
        self._module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def find(self, window: UprightPicture, threshold: float) -> list[MeasuredFace]:
        """Faces of about 16 to 512 pixels that score above ``threshold``, best first, each as often
        as the network sees it.

        window: uint8 (height, width, 3), sRGB, upright; 0.4 KB of memory for each pixel.
        """
        height, width = window.shape[:2]
        # Whole cells of the coarsest grid, or the three grids would not lie over one another.
        tall, wide = -(-height // STEPS[-1]) * STEPS[-1], -(-width // STEPS[-1]) * STEPS[-1]
        whole = np.pad(window, ((0, tall - height), (0, wide - width), (0, 0)), mode="edge")
        mean = np.asarray(MEAN, np.float32)
        # Blue first, as OpenCV read its training pictures.
        values = np.ascontiguousarray((whole.astype(np.float32) - mean)[:, :, ::-1])
        planes = torch.from_numpy(values).permute(2, 0, 1).unsqueeze(0)
        with one_thread(), torch.inference_mode():
            boxes, scores, points = self._module(planes)
        sure = scores[0, :, 1].numpy()
        kept = np.flatnonzero(sure > threshold)
        kept = kept[np.argsort(-sure[kept], kind="stable")]
        priors = prior_boxes(tall, wide)[kept]
        return [
            _face(prior, box, place, float(score))
            for prior, box, place, score in zip(
                priors, boxes[0].numpy()[kept], points[0].numpy()[kept], sure[kept], strict=True
            )
        ]


def prior_boxes(height: int, width: int) -> Floats32:
    """Middle (down, right) and side of the prior boxes, in pixels, in the network's order.

    height, width: multiples of the coarsest step.
    """
    found = []
    for step, sides in zip(STEPS, PRIORS, strict=True):
        down, right = np.mgrid[: height // step, : width // step].astype(np.float32)
        middle = (np.stack([down, right], axis=-1) + np.float32(0.5)) * np.float32(step)
        each = [np.dstack([middle, np.full(down.shape, side, np.float32)]) for side in sides]
        found.append(np.stack(each, axis=2).reshape(-1, 3))
    return np.concatenate(found)


def _face(prior: Floats32, box: Floats32, points: Floats32, score: float) -> MeasuredFace:
    down, right, side = (float(value) for value in prior)
    middle_right = right + float(box[0]) * VARIANCES[0] * side
    middle_down = down + float(box[1]) * VARIANCES[0] * side
    square = side * float(np.exp(VARIANCES[1] * (float(box[2]) + float(box[3])) / 2.0))
    places = tuple(
        (down + float(y) * VARIANCES[0] * side, right + float(x) * VARIANCES[0] * side)
        for x, y in points.reshape(5, 2)
    )
    top, left = middle_down - square / 2.0, middle_right - square / 2.0
    return MeasuredFace(Detection(top, left, square, score), places)


def load_detector(
    name: str, models_dir: Path, manifest: Mapping[str, Weights]
) -> RetinaFaceDetector:
    """The network of that name; opened once for each process.

    Raises
    ------
    ConfigError
        The name is unknown, or that of a network that finds no faces.
    CircumstanceError
        The weights were not fetched or were altered.
    """
    weights = manifest.get(name)
    key = (name, models_dir, None if weights is None else weights.sha256)
    if key not in _opened:
        _opened.clear()
        _opened[key] = _load(name, models_dir, manifest)
    return _opened[key]


_opened: dict[tuple[str, Path, str | None], RetinaFaceDetector] = {}


def _load(name: str, models_dir: Path, manifest: Mapping[str, Weights]) -> RetinaFaceDetector:
    own = open_weights(name, manifest, models_dir)
    if not isinstance(own.parameters, RetinafaceParameters):
        raise ConfigError(f"network '{name}' finds no faces: it is {own.weights.architecture}")
    module = with_state(own.weights.kind, own.parameters, own.weights.scale, own.state)
    return RetinaFaceDetector(name, module, own.parameters)
