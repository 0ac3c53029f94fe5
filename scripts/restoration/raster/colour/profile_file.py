"""Whether a file can serve as the colour profile of deliverables, judged when a run is planned.

Read with the plan, so it knows no NumPy: header and tag table alone (ICC.1:2022, 7.2 and 7.3).
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

MAX_BYTES = 16 * 2**20
"""More than any profile of a device holds."""

_INTO = ({"B2A0"}, {"B2A1"}, {"B2A2"}, {"B2D0"}, {"B2D1"}, {"B2D2"})
_MATRIX = {f"{c}{kind}" for c in "rgb" for kind in ("XYZ", "TRC")}


class ProfileFileError(ValueError):
    """The file cannot be used; the text goes on after its name."""


def check_profile_file(path: Path) -> str:
    """SHA-256 of a profile that pictures can be converted to. Raises ProfileFileError."""
    data = read_profile_file(path)
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ProfileFileError("is no ICC profile; expected a file that holds one")
    declared, count = struct.unpack(">I", data[:4])[0], struct.unpack(">I", data[128:132])[0]
    table = data[132 : 132 + 12 * count]
    if declared > len(data) or len(table) < 12 * count:
        raise ProfileFileError(
            f"is truncated: expected {max(declared, 132 + 12 * count)} bytes, found {len(data)}; "
            "copy it again from its source"
        )
    space, kind = data[16:20].decode("latin-1").strip(), data[12:16].decode("latin-1")
    if space not in ("RGB", "GRAY") or kind not in ("mntr", "scnr", "prtr", "spac"):
        raise ProfileFileError(
            f"is for {space or 'nothing'}, of class '{kind}'; expected the RGB or grey profile of "
            "a display, printer, scanner or colour space"
        )
    names = {table[at : at + 4].decode("latin-1") for at in range(0, len(table), 12)}
    direct = {"kTRC"} if space == "GRAY" else _MATRIX
    if not any(needed <= names for needed in (direct, *_INTO)):
        raise ProfileFileError(
            "knows no way from colours to its values, only back; expected a matrix or a B2A table"
        )
    return hashlib.sha256(data).hexdigest()


def read_profile_file(path: Path) -> bytes:
    """All bytes of the file. Raises ProfileFileError where it is missing, too large, unreadable."""
    try:
        if path.exists() and not path.is_file():  # a named pipe would block
            raise ProfileFileError("is no file; expected an ICC profile there")
        if path.stat().st_size > MAX_BYTES:
            raise ProfileFileError(f"is larger than {MAX_BYTES // 2**20} MiB; expected a profile")
        return path.read_bytes()
    except FileNotFoundError:
        raise ProfileFileError("is missing; expected an ICC profile there") from None
    except ValueError:  # a NUL in its name
        raise ProfileFileError("is no name of a file; expected that of an ICC profile") from None
    except OSError as error:
        raise ProfileFileError(f"cannot be read ({error.strerror}); fix its permissions") from None
