"""A tone table as a .cube file, which image editors and colour tools read.

Cube LUT Specification 1.0 (Adobe, 2013): a one-dimensional table over the encoded values of the
file, lines of three numbers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restoration.deliver.deliver_scan import PageToDeliver
from restoration.deliver.scan_to_deliver import ScanToDeliver
from restoration.deliver.sidecars.sidecar import Sidecar
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import ToneTable


def cube_text(table: ToneTable, title: str) -> str:
    """The file's text; grey has three equal columns.

    An uneven stain has no place in such a table: a comment says that it is missing.
    """
    # A quotation mark would end the title, a line break the line.
    named = " ".join(title.replace('"', "'").split())
    lines = [f'TITLE "{named}"']
    if table.stain is not None:
        lines += [
            "# The curves alone: the uneven stain, which differs from place to place, is not",
            "# contained. It was taken away before the curves.",
        ]
    lines += [f"LUT_1D_SIZE {NODES}", "DOMAIN_MIN 0.0 0.0 0.0", "DOMAIN_MAX 1.0 1.0 1.0"]
    columns = np.broadcast_to(table.curves, (3, NODES))
    lines += [" ".join(f"{value:.7f}" for value in row) for row in columns.T]
    return "\n".join(lines) + "\n"


def _is_wanted(scan: ScanToDeliver, page: PageToDeliver) -> bool:
    """Where the stage that made the table was asked for it as a file, too."""
    asked = bool(scan.stages) and bool(scan.stages[-1].settings.get("cube"))
    return asked and page.tones is not None


def _write(part: Path, scan: ScanToDeliver, page: PageToDeliver) -> None:
    assert page.tones is not None
    title = scan.scan if page.number == 1 else f"{scan.scan}, page {page.number}"
    part.write_bytes(cube_text(page.tones, title).encode("utf-8"))


CUBE = Sidecar("cube", ".cube", "Tone table", _is_wanted, _write)
