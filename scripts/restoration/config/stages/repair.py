"""Settings of the stage `repair`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from restoration.config.section import Apply, Section


class RepairSettings(Section):
    """Dust, hairs, scratches and creases are filled; outside the mask nothing changes."""

    apply: Apply = Field(
        "auto", description="`auto`: only where damage was found; `always` searches every scan."
    )
    kinds: tuple[Literal["dust", "scratches", "creases"], ...] = Field(
        ("dust",),
        strict=False,
        description="What is filled where it was found; dust includes hairs and fibres. Scratches "
        "and creases are filled when asked for: to the search, a tripod or a mast is one. The "
        "condition report counts them all the same, and your own mask of damage is filled "
        "whatever it covers.",
    )
    sensitivity: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="0 fills only what is beyond doubt, 1 everything that may be damage.",
    )
    infrared: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Use of infrared, a channel or a page of its own, as the mask. `auto`: on "
        "colour film alone (material `positive`, not grey): prints and silver film are opaque to "
        "infrared. `always`: whatever the material; a scan without any is searched as usual and "
        "warned of.",
    )
    most_share: float = Field(
        0.05,
        gt=0.0,
        le=1.0,
        description="Largest share of a page that is filled; more is left to a person.",
    )
    grain: bool = Field(
        True,
        description="Grain of the strength and spectrum of the page's is put back on what was "
        "filled, so that it does not show as a smooth spot; it is drawn, not recorded.",
    )
