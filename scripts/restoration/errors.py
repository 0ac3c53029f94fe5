"""The three ways in which a run can fail, told apart because their remedies differ."""

import unicodedata

MOST_TEXT = 10_000
"""Characters of a message; a cell of a hostile sheet may hold millions."""

_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what steers a terminal, turns text around, or breaks a line."""


def one_line(text: str) -> str:
    """The text as one line that can be shown anywhere; control characters become escapes."""
    shown = " ".join(text.split()) if any(c in text for c in "\n\r\t") else text
    if len(shown) > MOST_TEXT:
        shown = f"{shown[:MOST_TEXT]} ... ({len(shown)} characters)"
    if shown.isprintable():
        return shown
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in _UNSHOWN else c
        for c in shown
    )


class RestorationError(Exception):
    """Any failure of ours; its text is one line that a person can act on."""

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class ConfigError(RestorationError):
    """A mistake in the config or the sheet: names the key or the row, stops before any job."""


class ScanError(RestorationError):
    """A failure of the scan itself (unreadable, unsupported, over limits).

    Final until the master, the settings or the code change: it becomes a row of the
    problems table and the batch goes on.
    """


class CircumstanceError(RestorationError):
    """A failure of circumstance (disk, memory, device, mount).

    The other scans of the batch are finished, the job exits non-zero, and the next run
    repeats only the scans that failed.
    """
