"""The code of a page of docs/ that says how something is added, for tests that do as it says."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path


def code_of_page(page: Path, section: str | None = None) -> dict[str, str]:
    """The blocks of a page, or of one section of it, by what the first line of each says of its
    place."""
    text = page.read_text("utf-8")
    if section is not None:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        assert text, section
    found = {}
    for code in re.findall(r"(?ms)^ *```(?:python|yaml)\n(.*?)^ *```$", text):
        first, _, rest = textwrap.dedent(code).partition("\n")
        found[first.removeprefix("# ")] = rest
    return found


def modules_below(folder: Path) -> dict[Path, bytes]:
    """Every Python file below a folder: what has changed is counted by it."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.py")}
