"""Reading the weights of ncnn's .param and .bin files.

The format is that of ncnn's ``ModelBinFromDataReader`` (src/modelbin.cpp): a convolution's weights
begin with a 4-byte tag that names their type and end on a multiple of 4 bytes; its bias and the
slopes of a PReLU are plain float32 without a tag. The blobs follow in the order of the .param.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from restoration.errors import CircumstanceError

Float32 = npt.NDArray[np.float32]

_MAGIC = "7767517"
_HALF = 0x01306B47
_FULL = 0x00000000

# Everything else that these networks consist of carries no weights.
_WEIGHTLESS = frozenset(
    {"Input", "Split", "Concat", "Eltwise", "BinaryOp", "Interp", "PixelShuffle", "ReLU"}
)


@dataclass(frozen=True)
class NcnnLayer:
    """A layer that carries weights, in the order of the file."""

    kind: str
    """``Convolution`` or ``PReLU``."""
    name: str
    weight: Float32
    """(outputs, inputs, 3, 3) of a convolution; (channels,) of a PReLU."""
    bias: Float32 | None


class _Reader:
    """Takes blobs from the .bin, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path.read_bytes()
        self._at = 0

    def take(self, kind: str, count: int) -> npt.NDArray[np.generic]:
        dtype = np.dtype(kind)
        end = self._at + count * dtype.itemsize
        if count < 0 or end > len(self._data):
            raise CircumstanceError(f"{self._path}: ends before the weights of its .param do")
        values = np.frombuffer(self._data[self._at : end], dtype=dtype)
        self._at = end + (-end % 4)
        return values

    def floats(self, count: int) -> Float32:
        return self.take("<f4", count).astype(np.float32)

    def tagged(self, count: int) -> Float32:
        tag = int(self.take("<u4", 1)[0])
        if tag == _HALF:
            return self.take("<f2", count).astype(np.float32)
        if tag == _FULL:
            return self.floats(count)
        raise CircumstanceError(
            f"{self._path}: weights of type 0x{tag:08X}; only 16-bit and 32-bit floats convert"
        )

    def finish(self) -> None:
        if self._at != len(self._data):
            raise CircumstanceError(f"{self._path}: holds more than the weights of its .param")


def _options(fields: list[str]) -> dict[int, str]:
    return {int(key): value for key, _, value in (f.partition("=") for f in fields)}


def _layer(fields: list[str], reader: _Reader) -> NcnnLayer | None:
    kind, name, inputs, outputs = fields[0], fields[1], int(fields[2]), int(fields[3])
    if kind in _WEIGHTLESS:
        return None
    options = _options(fields[4 + inputs + outputs :])
    channels = int(options.get(0, "0"))
    if kind == "PReLU":
        return NcnnLayer(kind, name, reader.floats(channels), None)
    if kind != "Convolution" or (options.get(1), options.get(4, "0")) != ("3", "1"):
        raise CircumstanceError(f"ncnn layer {name} ({kind}) is of no network known here")
    weight = reader.tagged(int(options[6])).reshape(channels, -1, 3, 3)
    bias = reader.floats(channels) if options.get(5) == "1" else None
    return NcnnLayer(kind, name, weight, bias)


def read_layers(param: Path, binary: Path) -> list[NcnnLayer]:
    """The layers with weights of a network of 3 x 3 convolutions and PReLUs.

    Raises CircumstanceError where the files are no such pair.
    """
    try:
        lines = param.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        lines = []
    if not lines or lines[0].strip() != _MAGIC:
        raise CircumstanceError(f"{param}: is no ncnn .param file (first line must be {_MAGIC})")
    reader = _Reader(binary)
    try:
        layers = [_layer(line.split(), reader) for line in lines[2:] if line.strip()]
    except (ValueError, KeyError, IndexError) as error:
        raise CircumstanceError(f"{param}: a layer cannot be read ({error})") from None
    reader.finish()
    return [layer for layer in layers if layer is not None]
