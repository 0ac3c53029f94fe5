"""The record of examine: the condition report of each page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from restoration.records.base import Part, Record, Sha256

Report = Mapping[str, Any]
"""A page's condition report by finding, with its ``warnings``."""


class ExaminedPage(Part):
    """One page and its condition report."""

    number: int
    """Number of the page, from 1."""
    report: Report
    """The condition report: a finding a field, and ``warnings``."""


class ExamineRecord(Record):
    """What examine says of one scan."""

    stage: Literal["examine"]
    """The step."""
    status: Literal["done", "problem"]
    """problem: the scan cannot be processed, ``reason`` says why."""
    key: Sha256
    """Key of the step: digest of all that its result depends on."""
    reason: str | None
    """Why there is no result; null where there is one."""
    pages: tuple[ExaminedPage, ...] | None = None
    """The pages of the scan, in order; absent after a problem."""
    settings: Mapping[str, Any] | None = None
    """The settings of the examination; absent after a problem."""
    code: str | None = None
    """Fingerprint of the code that did it; absent after a problem."""
    weights: tuple[str, ...] | None = None
    """SHA-256 of the networks that it needed; absent after a problem."""
