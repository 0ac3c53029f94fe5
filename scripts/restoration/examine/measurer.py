"""What measures a finding: it sees every window of a page once and then says what it found."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, ReadWindow, Window
from restoration.findings.base import AnyFinding


@runtime_checkable
class SecondPass(Protocol):
    """A measurer that looks at a few windows of the page again, once it knows where."""

    def look_again(self, read: ReadWindow, found: Any, earlier: EarlierFindings) -> AnyFinding:
        """After ``conclude``, which gave ``found``; what this returns takes its place.

        Reads windows of bounded size; a few, or each part of the page about once where what is
        looked for needs more around it than the windows of the first pass have.
        """
        ...


class Measurer(Protocol):
    """Measures one finding of the condition report. A fresh instance serves one page."""

    def begin(self, page: PageFacts) -> None:
        """Before the first window."""
        ...

    def see(self, window: Window) -> None:
        """Once for each window; keeps nothing that grows with the page's area."""
        ...

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> AnyFinding:
        """After the last window.

        survey: the page's proxy and tiles, which all share.
        earlier: what those before this one in the registry concluded.
        """
        ...
