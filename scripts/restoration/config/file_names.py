"""Names that some file systems cannot hold, or cannot tell from each other.

Collections move: what is a folder on Linux today is a share of a Windows server tomorrow. Parsed
with the Snakefile, so it knows nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable

_DEVICES = frozenset(
    [
        *("con", "prn", "aux", "nul"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
    ]
)
"""Microsoft, "Naming Files, Paths, and Namespaces": reserved in either case, with any suffix."""


def is_device(name: str) -> bool:
    """Whether Windows and its shares take a file of this name, with any suffix, for a device."""
    return name.partition(".")[0].casefold() in _DEVICES


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two names that differ in upper and lower case alone; None where all are told
    apart."""
    known: dict[str, str] = {}
    for name in names:
        first = known.setdefault(name.casefold(), name)
        if first != name:
            return first, name
    return None
