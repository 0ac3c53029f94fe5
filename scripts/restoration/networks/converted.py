"""Where converted weights lie, whether they are there, and what to say where they cannot be had.

Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from restoration.networks.manifest import HandSource, SourceFile, UrlSource, Weights, find_weights

CONVERTER = "1"
"""Raised when conversion gives other tensors; older files are then made anew."""

_PROBE_TIMEOUT = 8.0


def tensors_path(models_dir: Path, name: str) -> Path:
    """The converted weights."""
    return models_dir / f"{name}.safetensors"


def record_path(models_dir: Path, name: str) -> Path:
    """What the converted weights were made from, and their own SHA-256."""
    return models_dir / f"{name}.json"


def is_converted(weights: Weights, models_dir: Path) -> bool:
    """True where these weights are ready; their bytes are verified when they are loaded."""
    if not weights.converts:
        return all(_kept(file, models_dir) for file in weights.files)
    try:
        record = json.loads(record_path(models_dir, weights.name).read_text(encoding="utf-8"))
        size = tensors_path(models_dir, weights.name).stat().st_size
        expected = record["safetensors"]["bytes"]
        made_from = (record.get("weights"), record.get("converter"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return made_from == (weights.sha256, CONVERTER) and size == expected


def _kept(file: SourceFile, models_dir: Path) -> bool:
    path = file.path(models_dir)
    return path.is_file() and file.bytes in (None, path.stat().st_size)


def missing_weights(
    names: Iterable[str],
    manifest: Mapping[str, Weights],
    models_dir: Path,
    probe: bool = True,
) -> list[str]:
    """One message for each set of weights that is neither ready nor to be had.

    A URL counts as reachable where one byte of it can be had within a few seconds (not asked
    where ``probe`` is False); a package index counts as reachable. The message names each file,
    its SHA-256 and size, where it comes from, the folder where it belongs and the recipes that
    work without it. Raises ConfigError for a name that the manifest does not have.
    """
    sets = [find_weights(manifest, name) for name in dict.fromkeys(names)]
    wanted = [w for w in sets if not is_converted(w, models_dir)]
    files = {
        (w.name, f.name): f for w in wanted for f in w.files if not f.path(models_dir).is_file()
    }
    with ThreadPoolExecutor(max_workers=8) as pool:
        obstacles = dict(
            zip(files, pool.map(lambda f: _obstacle(f, probe), files.values()), strict=True)
        )
    messages = []
    for weights in wanted:
        lacking = [
            (file, reason)
            for file in weights.files
            if (reason := obstacles.get((weights.name, file.name))) is not None
        ]
        if lacking:
            messages.append(_message(weights, lacking, models_dir))
    return messages


def _obstacle(file: SourceFile, probe: bool) -> str | None:
    """Why a file cannot be had; None where it probably can."""
    if isinstance(file.source, HandSource):
        return "it must be put there by hand"
    if isinstance(file.source, UrlSource) and probe:
        return _probe(file.source.url)
    return None


def _probe(url: str) -> str | None:
    # Not a HEAD request: the signed addresses that release downloads redirect to allow GET alone.
    headers = {"Range": "bytes=0-0", "User-Agent": "archival-scan-restoration"}
    try:
        request = urllib.request.Request(url, headers=headers)
        urllib.request.urlopen(request, timeout=_PROBE_TIMEOUT).close()
    except (urllib.error.URLError, OSError) as error:
        return f"it cannot be downloaded ({getattr(error, 'reason', None) or error})"
    return None


def _message(weights: Weights, lacking: list[tuple[SourceFile, str]], models_dir: Path) -> str:
    described = "; ".join(
        f"{file.path(models_dir)} ({f'{file.bytes} bytes, ' if file.bytes else ''}"
        f"SHA-256 {file.sha256}) from {file.source.describe()}: {reason}"
        for file, reason in lacking
    )
    return (
        f"weights '{weights.name}' cannot be had: {described}. Put the file there yourself, or "
        "use a recipe that works without it: `conservation` (no network) or `embedded` (weights "
        "from the package index)"
    )
