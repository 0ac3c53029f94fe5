"""The curve of a scratch through what a straight ruler found of it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.lines import DIRECTIONS, Lines
from restoration.raster.base import Plane

STRAY = 1.6
"""How far, in pooled pixels, the damage may lie from the curve that is fitted to its piece."""


def on_curve(one: Lines, weight: Plane) -> npt.NDArray[np.bool_]:
    """Pixels of the pieces within STRAY of a parabola through each, bool, on the pooled grid.

    The ruler also rests on whatever lies beside a line; what is filled must be the line alone.
    weight: what stands out, pooled.
    """
    pieces, inside = one.pieces, one.pieces.inside
    angle = math.pi * one.turn / DIRECTIONS
    width = weight.shape[1]
    down = inside.index // width - pieces.row[inside.piece]
    right = inside.index % width - pieces.column[inside.piece]
    scale = np.maximum(np.hypot(pieces.tall, pieces.wide) / 2, 1.0)[inside.piece]
    along = (right * math.cos(angle) + down * math.sin(angle)) / scale
    across = down * math.cos(angle) - right * math.sin(angle)
    near = np.ones(len(along), np.bool_)
    for reach in (np.inf, 2.0 * STRAY):
        strength = weight.ravel()[inside.index].astype(np.float64) ** 2 * near
        moments = np.stack(
            [np.bincount(inside.piece, strength * along**k, pieces.count) for k in range(5)]
        )
        right_side = np.stack(
            [
                np.bincount(inside.piece, strength * across * along**k, pieces.count)
                for k in range(3)
            ]
        )
        normal = np.stack([moments[k : k + 3] for k in range(3)]).transpose(2, 0, 1)
        ridge = 1e-3 * np.maximum(moments[0], 1e-12)[:, None, None] * np.eye(3)
        curve = np.linalg.solve(normal + ridge, right_side.T[:, :, None])[:, :, 0]
        fitted = (curve[inside.piece] * np.stack([along**0, along, along**2], 1)).sum(axis=1)
        near = np.abs(across - fitted) < (reach if np.isfinite(reach) else 4.0 * STRAY)
    mask = np.zeros(weight.size, np.bool_)
    mask[inside.index[np.abs(across - fitted) < STRAY]] = True
    return mask.reshape(weight.shape)
