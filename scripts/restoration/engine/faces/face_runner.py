"""Restoring one aligned face at a time, and several so that the network never waits.

A face is computed in one thread, whoever asks. OpenMP keeps a team of workers for each thread that
computes, and a second team makes a network 1.6 times as slow (``engine.devices``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np
import torch

from restoration.engine.by_architecture import face_code
from restoration.engine.devices import compute_here, exact_arithmetic
from restoration.engine.faces.face_answer import face_answer
from restoration.errors import ScanError
from restoration.raster.base import FloatImage


class FaceRunner(Protocol):
    """A loaded network that restores one aligned face, together with what runs it."""

    @property
    def name(self) -> str: ...

    @property
    def weights_sha256(self) -> str:
        """Of the file, or of each file with spaces between."""
        ...

    @property
    def licence(self) -> str:
        """Of the weights."""
        ...

    @property
    def generative(self) -> bool:
        """Whether it may make up detail."""
        ...

    @property
    def prior(self) -> bool:
        """Whether it was trained on faces; False is a network that knows pictures in general."""
        ...

    @property
    def side(self) -> int:
        """Width and height of the face, in pixels."""
        ...

    def restore(self, face: FloatImage, share: float) -> FloatImage:
        """The restored face. Safe to call from any thread.

        Parameters
        ----------
        face
            float32 (side, side, 3), sRGB-encoded, in [0, 1]; eyes and mouth where FFHQ has them.
        share
            Share of the crop's own resolution that the face holds, in (0, 1].

        Returns
        -------
        float32 (side, side, 3), sRGB-encoded, not clipped, about [0, 1]. The same face gives the
        same bytes each time, with any number of threads.

        Raises
        ------
        ScanError
            The face holds, or the network made, NaN or infinity.
        CircumstanceError
            Memory ran out, or the device failed.
        """
        ...

    def restore_all(self, faces: Iterable[tuple[FloatImage, float]]) -> Iterator[FloatImage]:
        """What ``restore`` makes of each face and its share, in their order.

        While the consumer works on one answer, and while the next face is drawn, another is
        computed; three faces are in work at most. Draw to the end, or close.
        """
        ...

    def close(self) -> None:
        """End the thread; what was asked for before is finished. Not needed at a job's end."""
        ...


class OneFaceAtATime(ABC):
    """What all face runners share: checks, the thread, and the queue of ``restore_all``."""

    side: int

    def __init__(self) -> None:
        # Holds this object only while it computes: a runner that nobody keeps ends its thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="face")

    @abstractmethod
    def _restored(self, face: FloatImage, share: float) -> FloatImage:
        """As ``FaceRunner.restore``, in the thread; the face was checked."""

    def restore(self, face: FloatImage, share: float) -> FloatImage:
        """As ``FaceRunner.restore``."""
        return self._begun(face, share).result()

    def restore_all(self, faces: Iterable[tuple[FloatImage, float]]) -> Iterator[FloatImage]:
        """As ``FaceRunner.restore_all``."""
        begun: Future[FloatImage] | None = None
        try:
            for face, share in faces:
                before, begun = begun, self._begun(face, share)
                if before is not None:
                    yield before.result()
            if begun is not None:
                yield begun.result()
        finally:
            # Nothing is left computing for a consumer that went away.
            if begun is not None and not begun.cancel():
                wait([begun])

    def close(self) -> None:
        """As ``FaceRunner.close``."""
        self._thread.shutdown()

    def _begun(self, face: FloatImage, share: float) -> Future[FloatImage]:
        expected = (self.side, self.side, 3)
        if face.shape != expected or face.dtype != np.float32:
            raise ValueError(f"a face is {face.shape} {face.dtype}, expected float32 {expected}")
        if not 0.0 < share <= 1.0:
            raise ValueError(f"a face's share of its resolution is {share}, expected (0, 1]")
        if not np.isfinite(face).all():
            raise ScanError("a face holds NaN or infinity, which no network is shown")
        return self._thread.submit(self._restored, face, share)


class PriorFace(OneFaceAtATime):
    """A network that was trained on aligned faces.

    What an architecture names as its runner computes with all threads of networks, in sums that do
    not depend on their number. Other classes run as they are, and their sums do depend on it: on a
    processor they compute with one thread.
    """

    prior = True

    def __init__(self, restorer: Any, device: torch.device) -> None:
        """restorer: a ``networks.load.FaceRestorer`` whose module lies on ``device``."""
        super().__init__()
        exact_arithmetic()
        self.name: str = restorer.name
        self.weights_sha256 = " ".join(restorer.weights_sha256)
        self.licence: str = restorer.licence
        self.generative: bool = restorer.generative
        self.side = int(restorer.side)
        self._device = device
        code = face_code(restorer.architecture)
        self._made = None if code is None else code.face_network(restorer.module)
        self._module = None if code is not None else restorer.module

    def _restored(self, face: FloatImage, share: float) -> FloatImage:
        """A network with a prior is shown the whole crop, whatever it holds."""
        if self._made is None:
            torch.set_num_threads(1)
        else:
            compute_here()
        pixels = torch.from_numpy(np.ascontiguousarray(face.transpose(2, 0, 1)))[None]
        pixels = pixels.to(self._device)
        made = self._answer(pixels) if self._made is None else self._made(pixels)
        return np.ascontiguousarray(made[0].permute(1, 2, 0).cpu().numpy())

    def _answer(self, pixels: torch.Tensor) -> torch.Tensor:
        """(1, 3, side, side) to the same, both in [0, 1]."""
        module, name = self._module, f"the face network '{self.name}'"
        assert module is not None
        made = face_answer(lambda: module(pixels), self.side, name)
        if made.shape != pixels.shape:
            raise ValueError(f"network made {tuple(made.shape)}, expected {tuple(pixels.shape)}")
        return made
