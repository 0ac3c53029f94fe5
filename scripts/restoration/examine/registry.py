"""The findings of the condition report, in the order in which they conclude."""

from __future__ import annotations

from restoration.examine.finding import Finding

FINDINGS: tuple[type[Finding], ...] = ()
