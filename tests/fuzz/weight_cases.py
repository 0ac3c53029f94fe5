"""Weights as an attacker would send them: their SHA-256 is always the right one.

Pickles that run code, archives and headers that lie, tensors of odd shapes, kinds and values, and
the converted files of a models folder, damaged afterwards.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.arena import ROOT, Arena, ViolationError, one_line
from fuzz.texts import damaged
from restoration.config.settings import UserWeights
from restoration.errors import CircumstanceError, RestorationError
from restoration.networks.converted import is_converted
from restoration.networks.manifest import Weights, load_manifest
from restoration.networks.missing import missing_weights
from restoration.networks.originals import kept_original
from restoration.networks.sources import HandSource, SourceFile

NAME = "hostile"


class Reduced:
    """Pickled as a call."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self._call, self._arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call, self._arguments


def _calls(canary: str) -> list[Reduced]:
    touch = f"open({canary!r}, 'w').close()"
    return [
        Reduced(os.system, f"touch '{canary}'"),
        Reduced(exec, touch),
        Reduced(eval, touch),
        Reduced(open, canary, "w"),
        Reduced(__import__, "antigravity"),
        Reduced(getattr, "text", "upper"),
        Reduced(bytearray, 10**12),
    ]


@dataclass(frozen=True)
class _Forged:
    """A tensor of a size of our own over a storage of a few numbers."""

    tensor: Any

    def __reduce__(self) -> tuple[Any, ...]:
        return self.tensor.__reduce_ex__(2)


def _state() -> dict[str, Any]:
    import torch

    from restoration.networks.shims import install

    install()
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact

    torch.manual_seed(2)
    return dict(SRVGGNetCompact(num_feat=8, num_conv=2, upscale=4, act_type="prelu").state_dict())


def _odd_tensor(chance: random.Random) -> Any:
    import torch

    kinds: tuple[Callable[[], Any], ...] = (
        lambda: torch.zeros(0),
        lambda: torch.zeros(()),
        lambda: torch.zeros(8, 3, 3, 3, dtype=torch.float16),
        lambda: torch.zeros(8, 3, 3, 3, dtype=torch.complex64),
        lambda: torch.zeros(8, 3, 3, 3, dtype=torch.bool),
        lambda: torch.zeros(8, 3, 3, 3, dtype=torch.float8_e4m3fn),
        lambda: torch.zeros(1).expand(100_000, 100_000),
        lambda: torch.zeros(1).expand(40_000, 20_000, 3, 3),
        lambda: torch.zeros(1).expand(2**40, 2**20),
        lambda: torch.full((8, 3, 3, 3), float("nan")),
        lambda: torch.full((8, 3, 3, 3), 3e38),
        lambda: torch.zeros(8, 3, 3, 3).to_sparse(),
        lambda: torch.quantize_per_tensor(torch.zeros(8, 3, 3, 3), 0.1, 0, torch.quint8),
        lambda: torch.zeros(8, 3, 3, 3, device="meta"),
        lambda: torch.nn.Parameter(torch.zeros(8, 3, 3, 3)),
        lambda: torch.zeros(8, 3, 3, 3).permute(3, 2, 1, 0),
    )
    return chance.choice(kinds)()


def _changed(state: dict[str, Any], chance: random.Random) -> Any:
    """A state dict with odd tensors, names or values, or none at all."""
    keys = sorted(state)
    names = (
        "body.999999999.weight",
        "body.2000000000.rdb1.conv1.weight",
        "body.x.weight",
        "",
        3,
        "a" * 9999,
        "conv_first.weight",
        "body.0.rdb1.conv1.weight",
        "model.0.weight",
        "fpn.output1.0.weight",
        "stylegan_decoder.constant_input.weight",
        "body.-5.weight",
        "body.1.weight",
        "\ud800",
    )
    for _ in range(chance.choice((1, 1, 3))):
        key = chance.choice(keys)
        kind = chance.randrange(5)
        if kind == 0:
            state[key] = _odd_tensor(chance)
        elif kind == 1:
            state[chance.choice(names)] = state[key]
        elif kind == 2:
            state.pop(key, None)
        elif kind == 3:
            state[key] = chance.choice((None, 1, "x", [state.get(key)], {"a": 1}, np.float64(1)))
        else:
            state[chance.choice(names)] = _odd_tensor(chance)
    whole = chance.randrange(8)
    if whole == 0:
        return chance.choice(([], None, 3, "x", [state], {"params": [state]}, {"params": {}}, {}))
    return {"params": state} if whole < 5 else state


def _pickled(chance: random.Random, canary: str) -> bytes:
    """A .pth: a pickle that calls, a plain one, torch's archive with another pickle in it."""
    import torch

    call = chance.choice(_calls(canary))
    held = chance.choice((call, {"params": call}, {"params": {"body.0.weight": call}}, [call]))
    protocol = chance.choice((0, 2, 4, 5))
    data = pickle.dumps(held, protocol)
    kind = chance.randrange(4)
    if kind == 0:
        return data
    stream = io.BytesIO()
    if kind == 1:
        torch.save(held, stream, _use_new_zipfile_serialization=False)
        return stream.getvalue()
    if kind == 2:
        torch.save(held, stream)
        return stream.getvalue()
    with zipfile.ZipFile(stream, "w", chance.choice((0, 8))) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3")
        archive.writestr("../../../../tmp/outside", "x")
        if chance.random() < 0.5:
            archive.writestr("archive/constants.pkl", data)
            archive.writestr("archive/code/__torch__.py", "import os")
        if chance.random() < 0.3:
            archive.writestr("archive/data/0", bytes(50_000_000))
    return stream.getvalue()


def _saved(chance: random.Random) -> bytes:
    """A .pth of an odd state dict, at times damaged."""
    import torch

    stream = io.BytesIO()
    held = _state() if chance.random() < 0.3 else _changed(_state(), chance)
    torch.save(held, stream, _use_new_zipfile_serialization=chance.random() < 0.7)
    data = stream.getvalue()
    return damaged(data, chance) if chance.random() < 0.4 else data


def _tensors(chance: random.Random) -> bytes:
    """A .safetensors with a header that lies."""
    import safetensors.torch

    data = safetensors.torch.save({k: v.contiguous() for k, v in _state().items()})
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    name = chance.choice(sorted(header))
    kind = chance.randrange(9)
    if kind == 0:
        return (
            struct.pack("<Q", chance.choice((0, 1, 2**63, 2**64 - 1, 10**8, size + 1))) + data[8:]
        )
    if kind == 1:
        return damaged(data, chance)
    if kind == 2:
        header[name]["data_offsets"] = chance.choice(
            ([0, 10**15], [8, 0], [-1, 4], [0, 4], "x", [])
        )
    elif kind == 3:
        header[name]["shape"] = chance.choice(([2**62, 4], [-1], [], [0], [10**9, 10**9], ["x"], 3))
    elif kind == 4:
        header[name]["dtype"] = chance.choice(
            ("F64", "BF16", "F8_E5M2", "BOOL", "I64", "U16", "X", 3)
        )
    elif kind == 5:
        header["body.99999999.weight"] = header[name]
    elif kind == 6:
        header["__metadata__"] = chance.choice(({"a": 1}, [], {"a": "x" * 10**6}))
    elif kind == 7:
        text = "[" * 100_000
        return struct.pack("<Q", len(text)) + text.encode()
    else:
        body = np.frombuffer(data[8 + size :], np.uint8).copy()
        body[: body.size // 4 * 4].view("<f4")[:: chance.choice((1, 7))] = np.nan
        return data[: 8 + size] + body.tobytes()
    text = json.dumps(header)
    return struct.pack("<Q", len(text)) + text.encode() + data[8 + size :]


def _ncnn() -> tuple[str, bytes]:
    """A .param and .bin that fit each other: a small SRVGG."""
    lines, blob = ["7767517", "8 8", "Input data 0 1 data"], b""
    random_numbers = np.random.default_rng(1)
    for number, (inputs, outputs) in enumerate(((3, 8), (8, 8), (8, 8), (8, 48))):
        count = inputs * outputs * 9
        lines.append(f"Convolution c{number} 1 1 a b 0={outputs} 1=3 4=1 5=1 6={count}")
        weights = random_numbers.normal(0, 0.1, count).astype("<f2").tobytes()
        blob += struct.pack("<I", 0x01306B47) + weights + bytes(-len(weights) % 4)
        blob += bytes(4 * outputs)
        if number < 3:
            lines.append(f"PReLU p{number} 1 1 a b 0={outputs}")
            blob += np.full(outputs, 0.2, "<f4").tobytes()
    return "\n".join([*lines, "PixelShuffle s 1 1 a b 0=4", ""]), blob


def _file(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return SourceFile(name=str(path), sha256=sha256, source=HandSource(by_hand="sent by somebody"))


def _ncnn_case(arena: Arena, chance: random.Random) -> dict[str, Weights]:
    text, blob = _ncnn()
    old, new = chance.choice(
        (
            ("8", str(chance.choice((0, -1, 9, 10**9, 10**18)))),
            ("6=", "7="),
            ("7767517", "1"),
            ("1=3", "1=5"),
            ("Convolution", "Deconvolution"),
            ("0=8", "0=x"),
            ("c1 1 1", "c1 99999999 1"),
            ("a b", ""),
            ("=", ""),
            ("PReLU", "é"),
            ("\n", "\r\n"),
        )
    )
    if chance.random() < 0.7:
        text = text.replace(old, new, chance.choice((1, -1)))
    blob = damaged(blob, chance) if chance.random() < 0.5 else blob
    parameters = {"num_feat": 8, "num_conv": 2}
    files = (
        _file(arena.temporary / "n.param", text.encode()),
        _file(arena.temporary / "n.bin", blob),
    )
    entry = {
        "name": NAME,
        "title": "x",
        "architecture": "srvgg",
        "parameters": parameters,
        "scale": 4,
        "radius": 18,
        "licence": "x",
        "training_data": "x",
        "citation": "x",
        "files": files,
    }
    return {NAME: Weights.model_validate(entry)}


def _own(arena: Arena, chance: random.Random) -> dict[str, Weights]:
    kind = chance.randrange(3)
    suffix = chance.choice((".pth", ".pth", ".ckpt")) if kind < 2 else ".safetensors"
    data = (
        _pickled(chance, str(arena.canary))
        if kind == 0
        else _saved(chance)
        if kind == 1
        else _tensors(chance)
    )
    path = arena.temporary / f"own{suffix}"
    own = {
        "architecture": chance.choice(
            ("srvgg",) * 5
            + ("rrdbnet", "ffdnet", "spandrel", "gfpgan", "spandrel-face", "retinaface")
        ),
        "path": str(path),
        "sha256": _file(path, data).sha256,
    }
    extra = {NAME: UserWeights.model_validate(own)}
    return dict(load_manifest(ROOT / "resources/models.yaml", extra))


def _damage_converted(arena: Arena, chance: random.Random) -> None:
    """Somebody changes what lies in the models folder after it was made."""
    record, tensors = (arena.models / f"{NAME}{suffix}" for suffix in (".json", ".safetensors"))
    kind = chance.randrange(4)
    if kind == 0:
        tensors.write_bytes(damaged(tensors.read_bytes(), chance))
    elif kind == 1:
        record.write_bytes(damaged(record.read_bytes(), chance))
    else:
        found = json.loads(record.read_text())
        key = chance.choice(sorted(found))
        found[key] = chance.choice(
            (None, [], {}, "x", 3, {"bytes": 3}, {"num_feat": 10**9, "num_conv": 1})
        )
        record.write_text(json.dumps(chance.choice((found, found, found, [], None, 3))))


def _used(manifest: dict[str, Weights], models: Path) -> None:
    """Loads and runs the network on a small picture."""
    import torch

    from restoration.config.settings import EngineSettings
    from restoration.engine.run import run_network
    from restoration.networks.load import load_face_restorer, load_network
    from restoration.raster.base import ArrayRaster

    device = torch.device("cpu")
    if manifest[NAME].restores_faces:
        load_face_restorer(NAME, models, manifest, device)
        return
    if manifest[NAME].architecture == "retinaface":
        return
    network = load_network(NAME, models, manifest, device)
    engine = EngineSettings.model_validate({"runtime": "torch"})
    picture = ArrayRaster(np.full((24, 24, 3), 0.5, np.float32))
    for band in run_network(network, picture, engine, device, lambda share, unit: None, "torch"):
        if not np.isfinite(band).all():
            raise ViolationError("the network's answer holds values that are no numbers")


def _dlib(arena: Arena, chance: random.Random) -> str:
    """A file of dlib that is not the one of the manifest: never given to dlib."""
    manifest = load_manifest(ROOT / "resources/models.yaml")
    weights = manifest["dlib-face-points"]
    path = weights.files[0].path(arena.models)
    sound = path.read_bytes() if path.is_file() else bytes(9_150_489)
    path.write_bytes(damaged(sound, chance) if chance.random() < 0.7 else sound[:-1] + b"x")
    try:
        kept_original(weights, arena.models)
    except CircumstanceError as error:
        return f"refused: {one_line(str(error))}"
    finally:
        path.write_bytes(sound)
    raise ViolationError("dlib was given a file with another hash")


def weights(arena: Arena, chance: random.Random) -> str:
    """Weights of a user's own, fetched, converted, opened and run."""
    from restoration.networks.fetch import fetch

    for path in arena.models.glob(f"{NAME}*"):
        path.unlink()
    arena.look()
    kind = chance.random()
    if kind < 0.1:
        return _dlib(arena, chance)
    manifest = _ncnn_case(arena, chance) if kind < 0.25 else _own(arena, chance)
    with arena.guard.watching():
        try:
            fetch(NAME, manifest, arena.models)
            if chance.random() < 0.3:
                _damage_converted(arena, chance)
            is_converted(manifest[NAME], arena.models)
            missing_weights([NAME], manifest, arena.models, probe=False)
            _used(manifest, arena.models)
            outcome = "deliverable"
        except RestorationError as error:
            outcome = f"refused: {one_line(str(error))}"
    arena.check_outside()
    return outcome
