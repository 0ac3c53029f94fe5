"""What of a master its deliverable does not hold."""

from __future__ import annotations

from restoration.records.ingest import Master


def left_out(master: Master) -> list[str]:
    """What of a master is not delivered: a line for each, none for what holds nothing of its
    own."""
    return [
        f"picture {one.directory + 1} of the file is left out: {one.reason}"
        for one in master.set_aside
        if one.lost
    ]
