"""Fetching and converting weights: once verified, safetensors is all that is read.

Part of no fingerprint, so that another way to fetch a file makes no picture anew: where conversion
gives other tensors, ``converted.CONVERTER`` is raised, and a test sees to it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from restoration.errors import CircumstanceError, ConfigError
from restoration.networks import originals
from restoration.networks.architecture import Parameters, State
from restoration.networks.converted import CONVERTER, record_path, tensors_path
from restoration.networks.manifest import Weights, find_weights
from restoration.networks.ncnn_files import read_layers
from restoration.networks.weights import open_weights
from restoration.networks.with_tensors import infer_parameters, with_state
from restoration.storage.publish import published, unlink


def fetch(
    name: str,
    manifest: Mapping[str, Weights],
    models_dir: Path,
    originals_in: Sequence[Path] = (),
) -> Path:
    """The converted weights ``models_dir/<name>.safetensors``, fetched and made where needed.

    Weights that their library reads as they are (dlib's) are not converted: the verified original
    is kept in ``models_dir`` under its own name, and that path is returned; so is that of weights
    in the repository, which are verified and stay where they are. An original file that
    a person put into ``models_dir`` (or a folder of ``originals_in``) is used instead of a
    download. The same original gives the same bytes.

    Raises
    ------
    ConfigError
        The name is unknown, or the file does not fit the architecture.
    CircumstanceError
        The file cannot be had, or is not the one that the manifest names.
    """
    weights = find_weights(manifest, name)
    if weights.in_repository:
        return originals.kept_original(weights, models_dir)
    if not weights.converts:
        return originals.keep(weights, models_dir, originals_in)[0]
    if record_path(models_dir, name).is_file():
        try:
            open_weights(name, manifest, models_dir)
            return tensors_path(models_dir, name)
        except CircumstanceError:
            # Damaged, or made from another original: made anew below, from a verified file.
            unlink(record_path(models_dir, name), missing_ok=True)
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=f".{name}.") as scratch:
        files = originals.obtain(weights, (models_dir, *originals_in), Path(scratch))
        parameters, state = convert(weights, files)
        _publish(weights, parameters, state, models_dir)
    return tensors_path(models_dir, name)


def convert(weights: Weights, files: Sequence[Path]) -> tuple[Parameters, State]:
    """The state dict of the network's class, float32 on the processor, from verified originals.

    Raises ConfigError where the tensors are not exactly those of the architecture.
    """
    kind = weights.kind
    by_suffix = {path.suffix.lower(): path for path in files}
    if set(by_suffix) == {".param", ".bin"}:
        if weights.parameters is None:
            raise ConfigError(f"{weights.name}: ncnn files convert only where models.yaml has them")
        if kind.build is None:
            raise ConfigError(f"{weights.name}: ncnn files of this network are not known")
        parameters = weights.parameters
        state = _from_ncnn(weights, parameters, by_suffix[".param"], by_suffix[".bin"])
    else:
        state = _from_torch(files[0], buffers=kind.buffers)
        state = {key.removeprefix(kind.prefix): value for key, value in state.items()}
        if kind.own is not None:
            state = _own(weights, kind.own, state)
        parameters = weights.parameters or _inferred(weights, state)
    try:
        with_state(kind, parameters, weights.scale, state)
    except ConfigError as error:
        raise ConfigError(f"{weights.name}: {error}") from None
    return parameters, state


def _own(weights: Weights, own: Callable[[State], State], state: State) -> State:
    try:
        return own(state)
    except KeyError as error:
        raise ConfigError(
            f"{weights.name}: these are no weights of a {weights.architecture} network "
            f"({error.args[0]} not found)"
        ) from None


def _inferred(weights: Weights, state: State) -> Parameters:
    try:
        return infer_parameters(weights.kind, weights.scale, state)
    except ConfigError as error:
        raise ConfigError(f"{weights.name}: {error}") from None


def _from_torch(path: Path, buffers: bool) -> State:
    """Tensors of a .pth or .safetensors file; of a pickle nothing but tensors is loaded.

    buffers: whether tensors of whole numbers (indices) may be among them, which stay as they are.
    """
    try:
        if path.suffix.lower() == ".safetensors":
            tensors: Any = safetensors.torch.load_file(path)
        else:
            tensors = _saved(path)
    except (
        Exception
    ) as error:  # a reader of pickles has as many exceptions as they have ways to lie
        raise CircumstanceError(
            f"{path}: holds more than tensors, or is damaged, and was not loaded "
            f"({_first_line(error)})"
        ) from None
    if path.suffix.lower() != ".safetensors":
        # Real-ESRGAN's own order of preference (realesrgan/utils.py): the averaged weights first.
        for key in ("params_ema", "params"):
            if isinstance(tensors, dict) and isinstance(tensors.get(key), dict):
                tensors = tensors[key]
                break
    if not isinstance(tensors, dict) or not all(
        isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in tensors.items()
    ):
        raise ConfigError(f"{path}: holds no state dict")
    _check_size(path, tensors)
    return {key: _plain(path, key, value, buffers) for key, value in tensors.items()}


def _saved(path: Path) -> Any:
    """What torch saved. Of a TorchScript archive, which holds a network with its code, the tensors
    alone: torch reads it without running any Python of it, and the network is not run at all.
    """
    if not _is_script(path):
        return torch.load(path, map_location="cpu", weights_only=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # archives of this kind will stay
        return dict(torch.jit.load(path, map_location="cpu").state_dict())  # type: ignore[no-untyped-call]


def _is_script(path: Path) -> bool:
    """Whether the file is a TorchScript archive: a zip file in which there is code."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


_EXPANDED = 4
"""Tensors may share their numbers, as tied layers do; where they hold more than this many times the
bytes of their file, they are made to fill the memory."""


def _check_size(path: Path, tensors: State) -> None:
    """Raises ConfigError for tensors whose numbers are not in the file: ``torch.expand`` makes a
    terabyte of four bytes, and an archive may be compressed."""
    held = sum(value.numel() * value.element_size() for value in tensors.values())
    if held > _EXPANDED * path.stat().st_size:
        raise ConfigError(
            f"{path}: expected tensors of at most {_EXPANDED} times the size of their file, found "
            f"{held} bytes"
        )


def _plain(path: Path, key: str, value: torch.Tensor, buffers: bool) -> torch.Tensor:
    """The tensor dense, on its own, in float32. Raises ConfigError where it has no such form."""
    if value.layout != torch.strided or value.is_quantized or value.is_complex() or value.is_meta:
        raise ConfigError(f"{path}: tensor '{key}' is sparse, quantised, complex or empty")
    whole = buffers and not value.is_floating_point()
    # Cloned: safetensors refuses tensors that share memory.
    plain = (value if whole else value.to(torch.float32)).detach().clone().contiguous()
    if not whole and not bool(torch.isfinite(plain).all()):
        raise ConfigError(f"{path}: tensor '{key}' holds NaN or infinity; no network runs on these")
    return plain


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def _from_ncnn(weights: Weights, parameters: Parameters, param: Path, binary: Path) -> State:
    """Pairs ncnn's layers with those of the official class, which registers them in run order."""
    assert weights.kind.build is not None
    with torch.device("meta"):
        module = weights.kind.build(parameters, weights.scale)
    places = [
        (path, part)
        for path, part in module.named_modules()
        if isinstance(part, torch.nn.Conv2d | torch.nn.PReLU)
    ]
    layers = read_layers(param, binary)
    if len(layers) != len(places):
        raise ConfigError(
            f"{weights.name}: {param.name} has {len(layers)} layers with weights, "
            f"the network has {len(places)}"
        )
    state: State = {}
    for layer, (path, part) in zip(layers, places, strict=True):
        assert isinstance(part.weight, torch.Tensor)
        kind = "Convolution" if isinstance(part, torch.nn.Conv2d) else "PReLU"
        if layer.kind != kind or layer.weight.shape != tuple(part.weight.shape):
            raise ConfigError(
                f"{weights.name}: ncnn layer {layer.name} ({layer.kind} {layer.weight.shape}) "
                f"stands where the network has {path} ({kind} {tuple(part.weight.shape)})"
            )
        state[f"{path}.weight"] = torch.from_numpy(layer.weight.copy())
        if layer.bias is not None:
            state[f"{path}.bias"] = torch.from_numpy(layer.bias.copy())
    return state


def _publish(weights: Weights, parameters: Parameters, state: State, models_dir: Path) -> None:
    described = {
        "name": weights.name,
        "weights": weights.sha256,
        "converter": CONVERTER,
        "architecture": weights.architecture,
        "parameters": parameters.model_dump(),
        "scale": weights.scale,
        "licence": weights.licence,
        "files": [{"name": Path(f.name).name, "sha256": f.sha256} for f in weights.files],
    }
    # One entry alone: safetensors writes several in no fixed order, and the bytes must be the same.
    metadata = {"restoration": json.dumps(described, sort_keys=True)}
    data = safetensors.torch.save(state, metadata=metadata)
    record = {
        **described,
        "safetensors": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    }
    _write(tensors_path(models_dir, weights.name), data)
    text = json.dumps(record, indent=2, sort_keys=True) + "\n"
    _write(record_path(models_dir, weights.name), text.encode())


def _write(path: Path, data: bytes) -> None:
    with published(path) as part:
        part.write_bytes(data)
