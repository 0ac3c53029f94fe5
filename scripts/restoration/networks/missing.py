"""Weights that are not there, and what to say where they cannot be had.

Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from restoration.networks.converted import is_converted
from restoration.networks.manifest import Weights, find_weights
from restoration.networks.sources import HandSource, RepositorySource, SourceFile, UrlSource

_PROBE_TIMEOUT = 8.0


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
    if isinstance(file.source, RepositorySource):
        return "it is part of the repository and must be put back (git checkout resources)"
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
        "use a recipe that works without it: `conservation` (no generative network) or `embedded`; "
        "their weights come from the package index"
    )
