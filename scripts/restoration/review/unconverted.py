"""The restored page in its master's colours, to be compared with the master."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from restoration.raster.tiff import TiffPage, open_page

Record = dict[str, Any]


def open_restored(
    opened: ExitStack, results: Path, deliverable: Path, delivered: Record, number: int
) -> TiffPage:
    """The page as it was restored: the deliverable's, unless that was converted to another profile.

    Then it is what was converted, since codes of two colour spaces cannot be compared: the last
    stage's image, or the master where every stage declined. Where that image was pruned, the
    deliverable is shown after all, and every pixel counts as changed.
    """
    pages = delivered["deliverable"].get("pages") or []
    profile = pages[number - 1].get("profile", {}) if len(pages) >= number else {}
    if profile.get("converted"):
        images = [
            page["image"]
            for stage in delivered["stages"]
            for page in stage["pages"]
            if page["number"] == number and page["status"] == "applied"
        ]
        if not images:
            return opened.enter_context(open_page(delivered["master"]["path"], number))
        if (results / images[-1]).is_file():
            return opened.enter_context(open_page(results / images[-1]))
    return opened.enter_context(open_page(deliverable, number))
