"""Settings of the stage `descreen`."""

from __future__ import annotations

from pydantic import Field

from restoration.config.section import Apply, Section


class DescreenSettings(Section):
    """The dots of a printed halftone become tones again; the size stays."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only in the regions where the condition report found a halftone "
        "screen; `always` is the same, and says so where none was found.",
    )
    strength: float = Field(
        1.0, gt=0.0, le=1.0, description="Share of the screen that is taken away."
    )
