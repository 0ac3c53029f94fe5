"""The sheet around the picture: box of the picture, colour of the paper, share of empty area."""

from __future__ import annotations

from typing import ClassVar

from restoration.examine.paper.borders import PaperBorder, borders
from restoration.examine.paper.occupied import occupied
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.paper import BorderLayer, Paper, PaperDetail
from restoration.raster.boxes import Box, stated


class PaperMeasurer:
    """Where the picture lies on the scan.

    The outermost ring of the proxy gives the border's colour; from each side, every row of cells
    is followed inwards until it leaves that colour. Where at least half of the rows leave it on one
    straight line (fitted, so that a sheet laid down askew counts too), that side has a border. Two
    sides at least must have one. What is left is looked at again, for a margin inside the bed.

    Value: [left, top, width, height] of the picture in pixels; None where there is no border. The
    confidence of "no border" is that of a rule that never guesses: a picture whose own edge has
    the paper's colour all around cannot be told from one that ends there.
    """

    METHOD: ClassVar[str] = (
        "straight ends of the border's colour, from each side of a proxy of at most 768 cells"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's proxy alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Paper:
        proxy = survey.proxy
        layers = borders(proxy)
        if not layers:
            return Paper(
                value=None,
                unit="px",
                confidence=0.6,
                method=self.METHOD,
                detail=PaperDetail(
                    empty_share=0.0,
                    colour=None,
                    layers=(),
                    occupied=(),
                    reason="no border of one colour with straight ends on two sides or more",
                ),
            )
        box = self._pixels(layers[-1].box, survey.step)
        sure = min(layer.straightness for layer in layers)
        return Paper(
            value=stated(box),
            unit="px",
            confidence=round(min(0.95, 0.4 + 0.55 * sure), 2),
            method=self.METHOD,
            detail=PaperDetail(
                empty_share=1.0 - box[2] * box[3] / (self.page.height * self.page.width),
                colour=_colour(layers[-1]),
                colour_unit="1/255 of encoded values",
                layers=tuple(
                    BorderLayer(
                        encloses=stated(self._pixels(layer.box, survey.step)),
                        colour=_colour(layer),
                        straightness=round(layer.straightness, 2),
                    )
                    for layer in layers
                ),
                # Boxes around all that is not empty, the picture among them; the rest needs no
                # network.
                occupied=tuple(
                    stated(self._pixels(part, survey.step)) for part in occupied(proxy, layers)
                ),
            ),
        )

    def _pixels(self, box: Box, step: int) -> Box:
        top, left, height, width = box
        bottom = min((top + height) * step, self.page.height)
        right = min((left + width) * step, self.page.width)
        return top * step, left * step, bottom - top * step, right - left * step


def _colour(layer: PaperBorder) -> tuple[float, ...]:
    """In 1/255 of encoded values."""
    return tuple(round(255.0 * value, 1) for value in layer.colour)
