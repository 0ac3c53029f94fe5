"""Settings of the stage `repair`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from restoration.config.section import Apply, Identifier, Section


class RepairSettings(Section):
    """Damage that is certain is filled, what is suspected is listed; all else stays as it is."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only where the condition report found or suspects damage; `always` "
        "searches every scan again.",
    )
    kinds: tuple[
        Literal["dust", "hairs", "scratches", "cracks", "stains", "losses"],
        ...,
    ] = Field(
        ("dust", "hairs", "scratches", "cracks"),
        strict=False,
        description="What is filled where it is certain: `dust` (specks), `hairs` (and fibres and "
        "lint), `scratches`, `cracks` (and creases), `stains` (and foxing), `losses` (tears and "
        "missing parts). Stains and losses are filled only when asked for: much of the picture "
        "lies under them. The condition report counts all kinds, the record lists what is left, "
        "and what a person marks is filled whatever it is.",
    )
    sensitivity: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="How sure a mark must be: the odds that it is damage are 2401 to 1 at 0, 49 to "
        "1 at 0.5 (a probability of 0.98) and 1 to 1 at 1 (a probability of 0.5); in between, 2401 "
        "to the power of 1 less this setting.",
    )
    infrared: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Use of infrared, a channel or a page of its own, beside the picture: what is "
        "opaque to it is damage, and a speck that lets it through is picture. `auto`: on colour "
        "film alone (material `positive`, not grey): prints and silver film are opaque to "
        "infrared. `always`: whatever the material; a scan without any is searched by its looks "
        "and warned of.",
    )
    most_share: float = Field(
        0.05,
        gt=0.0,
        le=1.0,
        description="Largest share of a page that is filled; more is left to a person.",
    )
    wide_holes: Literal["leave", "patches"] | Identifier = Field(
        "leave",
        description="What becomes of damage that is wider than about 40 px, under which nothing "
        "of the picture is known. `leave`: it is listed for a person, and what a person marks is "
        "filled with patches. `patches`: it is filled with patches of the picture around it. "
        "`lama`, or the name of other weights for filling holes: a network makes up what was "
        "there, which is recorded as generated. Stains that are asked for are divided out, "
        "however wide they are. Torn and missing parts are filled only where `kinds` has `losses`, "
        "too.",
    )
    grain: bool = Field(
        True,
        description="Grain of the strength and spectrum of the page's is put back on what was "
        "filled, so that it does not show as a smooth spot; it is drawn, not recorded.",
    )

    @property
    def network(self) -> str:
        """The weights that wide holes are filled with; ``none`` where no network does."""
        return "none" if self.wide_holes in ("leave", "patches") else self.wide_holes
