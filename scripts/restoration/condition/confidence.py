"""From which confidence on a measure counts."""

from __future__ import annotations

LEAST_CONFIDENCE = 0.3
"""A figure of less decides nothing, and is told as unknown."""
