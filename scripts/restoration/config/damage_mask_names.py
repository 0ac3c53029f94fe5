"""The names of masks of damage: which file beside a master is one, and what only looks like one.

Read with the plan, so it knows no NumPy and opens no image.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from pathlib import PurePath

DAMAGE_SUFFIX = ".damage.tif"
"""``album-7.tif`` may have a mask of its damage beside it, ``album-7.damage.tif``."""

_TIFF = re.compile(r"\.tiff?$", re.IGNORECASE)
_IMAGE = re.compile(
    r"\.(tiff?|png|jpe?g|jp2|jpf|jpx|bmp|gif|webp|psd|psb|xcf|kra|ora|pdf|heic|damage)$",
    re.IGNORECASE,
)
"""Suffixes of what a mask may have been painted in or saved as."""
_WORD = re.compile(r"damages?(mask)?(copy)?")
_LETTERS = re.compile(r"[^a-z]+")
_JOINED = re.compile(r"(?P<stem>.+?)[_ (-]*damages?(?:[_ -]?mask)?[)]?", re.IGNORECASE)


def mask_of(master: str) -> str:
    """Name of the mask of damage of a master; master: the name of its file."""
    return PurePath(master).stem + DAMAGE_SUFFIX


def is_tiff(name: str) -> bool:
    """Whether a file is a TIFF by its suffix."""
    return _TIFF.search(name) is not None


def is_image(name: str) -> bool:
    """Whether somebody may have painted a mask in a file of this name."""
    return _IMAGE.search(name) is not None


def _says_damage(part: str) -> bool:
    """Whether a part of a name between two points is the word, perhaps misspelt."""
    letters = _LETTERS.sub("", part.casefold())
    if _WORD.fullmatch(letters):
        return True
    if not letters.startswith("d") or not 5 <= len(letters) <= 8:
        return False
    return difflib.SequenceMatcher(None, letters, "damage").ratio() >= 0.82


def damaged_stem(name: str) -> str | None:
    """What the mask of damage of a file of this name would be a mask of: what stands before the
    word between points, as ``album-7`` in ``album-7.damage.TIFF``; None where the word is missing.
    """
    if name.count(".") < 2 and not name.casefold().endswith(".damage"):
        return None
    parts = name.split(".")
    for number in range(1, len(parts)):
        if _says_damage(parts[number]):
            return ".".join(parts[:number])
    return None


def joined_stem(name: str) -> str | None:
    """``damaged_stem`` of a name that joins the word in another way, as ``album-7_damage.tif``,
    ``album-7damage.tif`` or ``album-7 (damage).tif``.

    Masters are named so as well: only where there is a master of the stem does it mean anything.
    """
    if not is_image(name) or "damage" not in name.casefold():
        return None
    found = _JOINED.fullmatch(_IMAGE.sub("", name))
    return None if found is None else found["stem"]


def belongs_to(name: str, names: Collection[str]) -> str | None:
    """The name of the TIFF file in a folder of which a file looks like the mask of damage.

    names: all of the folder's. Both ``a.damage.tif`` and ``a.tif.damage.tif`` belong to ``a.tif``.
    """
    stem = damaged_stem(name)
    if stem is None:
        return None
    bare = _TIFF.sub("", stem)
    for suffix in (".tif", ".tiff", ".TIF", ".TIFF", ".Tif", ".Tiff"):
        if bare + suffix in names:
            return bare + suffix
    return None
