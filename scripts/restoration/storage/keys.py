"""Keys: what a record depends on, in one hash.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

# One namespace for all ids of this software, itself derived from its name, so that the same
# key gives the same id on every machine.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "archival-scan-restoration")


Facts = dict[str, Any]
"""Values that JSON can hold, by name, as they enter keys and records."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256, hexadecimal, of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def identifier(key: str, purpose: str) -> str:
    """UUIDv5 of a key, for XMP and PREMIS ids: same key, same id."""
    return str(uuid.uuid5(_NAMESPACE, f"{purpose}:{key}"))


def stage_key(
    *,
    input_key: str,
    settings: Mapping[str, Any],
    reads: Mapping[str, Any],
    code: str,
    weights: tuple[str, ...],
    numeric: Mapping[str, Any],
) -> str:
    """The key of one stage for one page.

    Parameters
    ----------
    input_key
        Key of the page as it comes in; the first one is the master's SHA-256 and page number.
    settings
        The stage's settings for this scan.
    reads
        The condition-report fields that the stage declares it reads.
    code
        Fingerprint, or declared version, of the stage's code.
    weights
        SHA-256 of each set of weights that the settings name.
    numeric
        Runtime, precision and strip geometry, resolved when the run is planned.
    """
    return digest(
        {
            "input": input_key,
            "settings": dict(settings),
            "reads": dict(reads),
            "code": code,
            "weights": list(weights),
            "numeric": dict(numeric),
        }
    )
