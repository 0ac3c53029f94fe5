"""Where a step keeps its images and their masks.

Parsed with the Snakefile, so it knows no models of records.
"""

from __future__ import annotations

from pathlib import Path

MASKS = "masks"
"""The folder, inside a stage's own, of the masks that belong to its images."""


def image_path(folder: Path, scan: str, number: int, pages: int) -> Path:
    """Where a stage keeps its image of one page; no id may hold the ``@`` of a page's number."""
    mark = "" if pages == 1 else f"@{number}"
    return folder / f"{scan}{mark}.tif"


def mask_path(image: Path) -> Path:
    """Where the mask of a stage's image lies."""
    return image.parent / MASKS / image.name
