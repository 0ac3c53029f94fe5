"""Tables of batches, read row by row beside the scans that they should speak of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from restoration.records import HEADER, Row, digest_of_table


class Table:
    """One job's table: what its first line says, and its rows in turn.

    ``there``: whether there is a file. ``digest``: as ``records.digest_of_table``. ``fault``: the
    first way in which its rows do not follow the batch, as (expected, found); then no row is given
    any more, for all after it would differ too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.there = path.is_file()
        self.digest = digest_of_table(path) if self.there else None
        self.fault: tuple[str, str] | None = None
        self._file: TextIO | None = None
        self._rows = self._read() if self.digest is not None else iter(())

    def _read(self) -> Iterator[Row]:
        self._file = self.path.open(encoding="utf-8")
        self._file.readline()
        header = tuple(self._file.readline().rstrip("\n").split("\t"))
        if header != HEADER:
            self._differs(f"the columns {' '.join(HEADER)}", " ".join(header) or "nothing")
            return
        for line in self._file:
            cells = line.rstrip("\n").split("\t")
            if len(cells) != len(HEADER):
                self._differs(f"{len(HEADER)} cells a row", f"{len(cells)} in '{cells[0]}'")
                return
            yield Row(*cells)

    def _differs(self, expected: str, found: str) -> None:
        if self.fault is None:
            self.fault = (expected, found)

    def _next(self) -> Row | None:
        try:
            return next(self._rows, None)
        except (OSError, UnicodeDecodeError) as error:
            self._differs("rows of UTF-8 text", str(error))
            return None

    def row(self, scan: str) -> Row | None:
        """The next row, which must speak of ``scan``."""
        if self.digest is None or self.fault is not None:
            return None
        row = self._next()
        if row is None or row.scan != scan:
            self._differs(
                f"a row of '{scan}'", "no more rows" if row is None else f"one of '{row.scan}'"
            )
            return None
        return row

    def close(self) -> None:
        """After the last scan: there must be no further row."""
        if self.digest is not None and self.fault is None and (row := self._next()) is not None:
            self._differs("no more rows", f"one of '{row.scan}', which is not of this batch")
        if self._file is not None:
            self._file.close()
