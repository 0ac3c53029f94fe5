"""What cleanup says of a page."""

from __future__ import annotations

from typing import ClassVar

from restoration.findings.base import Figure
from restoration.records.stage_findings.base import Anchored


class CleanupFindings(Anchored):
    """A network removed softness, noise and compression damage; or why it did not."""

    stage: ClassVar[str] = "cleanup"

    effective_ppi: Figure | None = None
    """Resolution that the scan holds, in pixels per inch; null where it is unknown."""
    noise_255: Figure | None = None
    """Standard deviation of the noise, in 1/255; null where it is unknown."""
    grain_255: Figure | None = None
    """Standard deviation of the grain, in 1/255, where there is some."""
    noise_beside_grain_255: Figure | None = None
    """Standard deviation of the noise that is no grain, in 1/255, where there is grain."""
