"""A face from a network that knows pictures in general: Real-ESRGAN on the aligned crop.

The openly labelled alternative where no network for faces may be used: it draws what the crop holds
sharper, and knows nothing of eyes and mouths. The crop is treated as cleanup treats a page
(``stages.anchoring``): the network starts at the resolution that the crop holds, sees a mirrored
margin instead of its black one, its tone curve is undone, and tones stay the crop's. Undoing the
curve alone leaves real networks up to 6/255 from flat grey.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from restoration.condition.working_resolution import working_share
from restoration.engine.faces.face_runner import FaceRunner, OneFaceAtATime
from restoration.errors import ScanError
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.anchoring.anchored_picture import AnchoredPicture, Target
from restoration.stages.anchoring.network_tones import NetworkToneCurve, measure_tone_curve

SIDE = 512
"""Width and height of the aligned crop, in pixels."""

SMALLEST = 128
"""Least pixels a side that a network is shown: on fewer, little of a face is left to sharpen."""

SIGMA = 4.0
"""Below it tones are the crop's and not the network's, in pixels that the network sees: what
``cleanup.anchor_sigma`` is where nobody sets it."""


class EnlargedFace(OneFaceAtATime):
    """A network for pages, at work on an aligned face; a ``FaceRunner`` without a prior.

    The network computes in the thread that its engine gives it. What comes back is in [0, 1]. A
    grey face stays grey.
    """

    prior = False
    side = SIDE

    def __init__(self, network: Any) -> None:
        """network: a ``stages.anchoring.network_tones.NetworkRunner`` that takes three channels.

        ``licence`` and ``generative`` are heeded where it has them; what does not say whether it
        makes up detail may do so.
        """
        channels = int(getattr(network, "channels", 3))
        if channels != 3:
            raise ValueError(
                f"a face has 3 channels, the network '{network.name}' takes {channels}"
            )
        super().__init__()
        self._network = network
        self.name: str = network.name
        self.weights_sha256: str = network.weights_sha256
        self.licence: str = getattr(network, "licence", "not stated")
        self.generative: bool = getattr(network, "generative", True)
        self._curve: NetworkToneCurve | None = None
        self._srgb = ColourSpace.from_profile(None, 3)

    def _restored(self, face: FloatImage, share: float) -> FloatImage:
        if self._curve is None:
            # In the one thread, so it is measured once.
            self._curve = measure_tone_curve(self._network)
        side = max(SMALLEST, round(SIDE * working_share(share)))
        target = Target(ArrayRaster(np.clip(face, 0.0, 1.0)), self._srgb, SIDE, SIDE)
        picture = AnchoredPicture(target, (side, side), self._network, self._curve, SIGMA)
        made = np.concatenate(list(picture.bands(lambda done, unit: None, {})))
        if not np.isfinite(made).all():
            raise ScanError(f"the network '{self.name}' made NaN or infinity of a face")
        return made


def face_runner(network: Any) -> FaceRunner:
    """A ``FaceRunner`` of what a job's networks give: itself, or a page's network adapted.

    Keep it for the job: an adapted network measures its tone curve once.
    """
    if hasattr(network, "restore"):
        runner: FaceRunner = network
        return runner
    return EnlargedFace(network)
