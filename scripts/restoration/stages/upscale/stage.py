"""Upscale: the size of the deliverable, from the network where it has evidence to go by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from restoration.condition.working_resolution import EffectivePicture, grid, working_share
from restoration.config.stages.upscale import PrintSize, UpscaleSettings
from restoration.findings.paper import Paper
from restoration.raster.base import FloatImage
from restoration.raster.resample import Resampled
from restoration.stages.anchoring.anchored_picture import (
    AnchoredPicture,
    RangeOfScan,
    Target,
    block_rows,
)
from restoration.stages.anchoring.network_tones import (
    NetworkRunner,
    NetworkToneCurve,
    measure_tone_curve,
)
from restoration.stages.base import Declined, NetworkSource, Page, Restored

MM_PER_INCH = 25.4


class UpscaleStage:
    """A factor, a print or a resolution.

    The network starts at the resolution that the condition report measured on the master. Beyond
    four times that resolution nothing is invented: the rest is exact resampling.

    A scan that a network restored before is resampled only. What that network added would be
    evidence for more of the same: on simulated prints a second pass loses 1.5 to 1.9 dB against
    resampling the first one's result (and 1 dB against no cleanup), at twice the cost.
    """

    name: ClassVar[str] = "upscale"
    reads: ClassVar[tuple[str, ...]] = ("effective_resolution", "paper")

    def setup(self, settings: UpscaleSettings, networks: NetworkSource) -> None:
        self._settings = settings
        self._networks = networks
        self._curve: NetworkToneCurve | None = None

    def apply(self, page: Page) -> Restored | Declined:
        source = page.source
        size = self._size(page)
        if isinstance(size, Declined):
            return size
        height, width, words = size
        factor = (width / source.width, height / source.height)
        ppi = None if page.ppi is None else (page.ppi[0] * factor[0], page.ppi[1] * factor[1])
        findings: dict[str, Any] = {
            "factor": [round(value, 6) for value in factor],
            "size_px": {"width": width, "height": height},
        }
        target = Target(source, page.colour, height, width)
        evidence = EffectivePicture.of(page.report, page.ppi)
        why = self._only_resampled(page, evidence)
        if why is not None or evidence.share is None:
            reason = f"{words}; resampled, because {why}"
            findings.update(method="Lanczos-3", reason=reason, generative=False)
            return Restored(height, width, ppi, _enlarged(page, target), findings)
        findings["reason"] = f"{words}; the scan holds {_held(evidence)}"
        picture = self._picture(target, working_share(evidence.share), findings, page)
        return Restored(
            height=height,
            width=width,
            ppi=ppi,
            bands=picture.bands(page.progress, findings),
            findings=findings,
            generative=True,
        )

    def _only_resampled(self, page: Page, evidence: EffectivePicture) -> str | None:
        """Why the network is not asked; None where it is."""
        if self._settings.network == "none":
            return "the recipe names no network"
        if page.generative:
            return "a network restored this scan before: its picture is not taken for evidence"
        if evidence.share is None:
            return f"no detail to judge: {evidence.reason or 'its resolution is unknown'}"
        return None

    def _picture(
        self, target: Target, share: float, findings: dict[str, Any], page: Page
    ) -> AnchoredPicture:
        settings, source = self._settings, target.source
        network: NetworkRunner = self._networks(settings.network, denoise=settings.denoise)
        if self._curve is None:
            self._curve = measure_tone_curve(network)
        findings.update(
            method="network, then Lanczos-3",
            working_share=share,
            working_ppi=None if page.ppi is None else [value * share for value in page.ppi],
            generative=True,
        )
        return AnchoredPicture(
            target,
            grid(source.height, source.width, share),
            network,
            self._curve,
            settings.anchor_sigma,
            settings.strength,
            page.report.get(Paper) if settings.skip_empty_paper else None,
        )

    def _size(self, page: Page) -> tuple[int, int, str] | Declined:
        """Height and width that the settings ask for, and how; or why the size stays."""
        source = page.source
        wanted = _wanted(page, self._settings)
        if isinstance(wanted, Declined):
            return wanted
        height, width, words = wanted
        found = f"{source.width} x {source.height} px"
        if (height, width) == (source.height, source.width):
            return Declined(f"{words} leaves the size as it is: {found}")
        if height < source.height or width < source.width:
            return Declined(
                f"{words} needs {width} x {height} px and the scan has {found}: a scan is never "
                "made smaller"
            )
        return height, width, words


def _held(evidence: EffectivePicture) -> str:
    """How much picture there is for a network to start from."""
    if evidence.ppi is not None:
        return f"{evidence.ppi:.0f} ppi of picture"
    return f"picture to {100.0 * (evidence.share or 0.0):.0f} % of its resolution"


def _wanted(page: Page, settings: UpscaleSettings) -> tuple[int, int, str] | Declined:
    """Height and width that are asked for, and how, in words."""
    source, factor, size = page.source, settings.factor, settings.print_size
    if factor is not None:
        return round(source.height * factor), round(source.width * factor), f"factor {factor:g}"
    if size is not None:
        words = f"a print of {size.width_mm:g} x {size.height_mm:g} mm at {size.ppi:g} ppi"
        return *_fitted(page, size), words
    if settings.ppi is None:
        return Declined("neither a factor nor a print size nor a resolution is set")
    if page.ppi is None:
        return Declined(
            f"{settings.ppi:g} ppi is asked for, and the master states no resolution to reckon from"
        )
    across, down = (settings.ppi / stated for stated in page.ppi)
    return round(source.height * down), round(source.width * across), f"{settings.ppi:g} ppi"


def _fitted(page: Page, size: PrintSize) -> tuple[int, int]:
    """Height and width in pixels of the largest picture that fits the print, uncropped.

    The paper may be turned: scans are stored as they lay on the scanner, so that a print of
    100 x 150 mm and one of 150 x 100 mm mean the same.
    """
    source = page.source
    # Square pixels where the master states nothing else.
    across, down = page.ppi or (1.0, 1.0)
    width, height = source.width / across, source.height / down
    paper = (size.width_mm / MM_PER_INCH, size.height_mm / MM_PER_INCH)
    scale = max(min(paper[0] / width, paper[1] / height), min(paper[1] / width, paper[0] / height))
    return round(height * scale * size.ppi), round(width * scale * size.ppi)


def _enlarged(page: Page, target: Target) -> Iterator[FloatImage]:
    """Lanczos-3, held to the range of the scan nearby, so that hard edges get no halo."""
    large = Resampled(target.source, target.height, target.width)
    scan = RangeOfScan(target.source, target.height, target.width)
    step = block_rows(target.width)
    for top in range(0, target.height, step):
        rows = min(step, target.height - top)
        held = scan.hold(large.read(top, 0, rows, target.width), top)
        page.progress((top + rows) / target.height, f"row {top + rows} of {target.height}")
        yield np.clip(held, 0.0, 1.0)
