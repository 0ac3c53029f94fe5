"""A tone table as a .cube file, which image editors and colour tools read.

Cube LUT Specification 1.0 (Adobe, 2013): a one-dimensional table over the encoded values of the
file, lines of three numbers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import ToneTable
from restoration.storage.journal import note_written
from restoration.storage.publish import published


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


def write_cube(path: Path, table: ToneTable, title: str) -> str:
    """Publishes the file by rename and returns its SHA-256.

    Raises CircumstanceError where the disk fails.
    """
    content = cube_text(table, title).encode("utf-8")
    sha256 = hashlib.sha256(content).hexdigest()
    with published(path) as part:
        part.write_bytes(content)
        note_written(path, sha256)
    return sha256
