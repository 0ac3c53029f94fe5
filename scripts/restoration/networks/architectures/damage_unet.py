"""The network that finds damage: a small U-Net of our own."""

from __future__ import annotations

from restoration.networks.architecture import Architecture, Parameters


class DamageUnetParameters(Parameters):
    """Size of the network."""

    num_feat: int
    """Features at the finest level."""


ARCHITECTURE = Architecture(
    name="damage-unet",
    module=__name__,
    use="finding damage",
    parameters=DamageUnetParameters,
    generative=False,
)
