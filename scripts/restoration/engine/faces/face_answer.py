"""What a network made of one face, or an error that says whose fault it is that it made none."""

from __future__ import annotations

from collections.abc import Callable

import torch

from restoration.engine.bands import explained
from restoration.engine.torch_streams.layers import Tensor
from restoration.errors import ScanError


def face_answer(compute: Callable[[], Tensor], side: int, network: str) -> Tensor:
    """What ``compute`` returns, computed in inference mode and finite.

    side: width and height of the face in pixels; network: as an error names it.

    Raises ScanError where the answer holds NaN or infinity, CircumstanceError where memory ran out
    or the device failed; other errors of ``compute`` are mistakes and pass as they are.
    """
    try:
        with torch.inference_mode():
            made = compute()
            # Where work is only queued on a device, asking this is what waits for it.
            finite = bool(torch.isfinite(made).all())
    except (MemoryError, RuntimeError) as error:
        told = explained(error, f"a face of {side} x {side}", "")
        if told is None:
            raise
        raise told from error
    if not finite:
        raise ScanError(
            f"{network} made NaN or infinity, which is never written; its input or its weights "
            "are at fault"
        )
    return made
