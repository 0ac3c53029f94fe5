"""What else people do with faces on a scan, in the packages' own code.

Pages are float32 (h, w, 3) in [0, 1], sRGB-encoded.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import peers
import pytest
from face_crops import SIDE, codes8, to_aligned

from damage.light import Picture
from restoration.networks import shims
from restoration.networks.face_detector import PicturePlace


def realesrgan_alone(page: Picture) -> Picture:
    """``realesrgan.RealESRGANer`` with x4plus over the whole page, tile 512 and pad 10, brought
    back to the page's size by means over 4 x 4 pixels."""
    with contextlib.redirect_stdout(io.StringIO()):
        large = _official()(page)
    height, width = page.shape[:2]
    small = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small, 0, 1), np.float32)


def pasted_by_facexlib(
    page: Picture, faces: Iterable[tuple[Picture, Sequence[PicturePlace]]]
) -> Picture:
    """The page with aligned faces put back as GFPGANer does, at 8 bits.

    faces: aligned crops, float32 (512, 512, 3), and the five points by which they were aligned.
    GFPGANer also masks by a network that parses faces, whose weights no package carries; without
    it, facexlib's mask is the square, its edge softened.
    """
    helper = _helper(page)
    for crop, points in faces:
        helper.inverse_affine_matrices.append(cv2.invertAffineTransform(to_aligned(points)))
        helper.add_restored_face(codes8(crop)[..., ::-1])
    found = helper.paste_faces_to_input_image()
    return np.asarray(found[..., ::-1], np.float32) / np.float32(255)


@cache
def _official() -> peers.Runner:
    try:
        return peers.official("x4plus", *peers.OFFICIAL)
    except pytest.skip.Exception as missing:
        raise SystemExit(f"faces: {missing}") from None


def _helper(page: Picture) -> Any:
    shims.install()
    from facexlib.utils.face_restoration_helper import FaceRestoreHelper

    # Its __init__ downloads two networks that find and parse faces; what is pasted is known here.
    helper = FaceRestoreHelper.__new__(FaceRestoreHelper)
    helper.upscale_factor, helper.face_size, helper.use_parse = 1, (SIDE, SIDE), False
    helper.clean_all()
    helper.read_image(np.ascontiguousarray(codes8(page)[..., ::-1]))
    return helper
