"""A line of the log of verifications: ``fixity-log.jsonl``."""

from __future__ import annotations

from typing import Literal

from restoration.records.base import Part


class FixityScope(Part):
    """What a verification looked at beside the results."""

    masters: Literal["none", "quick", "SHA-256"]
    """quick: size and modification time alone; SHA-256: every byte of each master."""
    scan: str | None
    """The scan to which the last run was held; null: all of them."""


class FixityCounts(Part):
    """Files by what was found."""

    missing: int
    """Files that a record or the list names, and that are gone."""
    altered: int
    """Files with another content than was written."""
    orphaned: int
    """Files that nothing names."""


class FixityLine(Part):
    """One verification, a line of JSON; lines are appended and never changed."""

    when: str
    """When it ended: ISO 8601, UTC, to the second."""
    software: str
    """Version of this workflow."""
    results: str
    """The folder of results, as it was named."""
    scope: FixityScope
    """What was looked at beside the results."""
    files: int
    """Number of files that were read."""
    masters: int
    """Number of masters that were looked at."""
    bytes: int
    """Size of these files, in bytes."""
    findings: FixityCounts
    """Files by what was found; 0 of each where all is as it was written."""
    repair: bool
    """Whether what was damaged was set aside, so that the next run makes it anew."""
