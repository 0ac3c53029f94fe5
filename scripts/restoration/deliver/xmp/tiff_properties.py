"""The tiff properties of an XMP packet, kept true to the file (XMP part 2, clause 3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from restoration.deliver.xmp.tree import LANGUAGE, LI, Name, Node, array, text
from restoration.deliver.xmp.writing import EXIF, PHOTOSHOP, TIFF

# Properties of the tiff namespace that XMP defines as arrays and as alternatives by language.
_ARRAYS = {
    "BitsPerSample",
    "YCbCrSubSampling",
    "TransferFunction",
    "WhitePoint",
    "PrimaryChromaticities",
    "YCbCrCoefficients",
    "ReferenceBlackWhite",
}
_BY_LANGUAGE = {"ImageDescription", "Copyright"}
# The same facts under their EXIF names: where the master states them, they must follow.
_EXIF_TWINS = {"ImageWidth": "PixelXDimension", "ImageLength": "PixelYDimension"}


def state_tiff(properties: dict[Name, Node], tiff: Mapping[str, str | int | None]) -> None:
    """Make the tiff properties, and their EXIF twins, say what the deliverable is.

    None takes out what the master says.

    Raises ValueError where a key of ``tiff`` is no property name.
    """
    for local, value in tiff.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", local):
            raise ValueError(f"{local!r} is no name of a tiff property")
        name: Name = (TIFF, local)
        if value is None:
            properties.pop(name, None)
            continue
        if local in _ARRAYS:
            items = [text(LI, item) for item in re.split(r"[\s,]+", str(value).strip())]
            properties[name] = array(name, "Seq", items)
        elif local in _BY_LANGUAGE:
            item = Node(LI, {LANGUAGE: "x-default"}, str(value))
            properties[name] = array(name, "Alt", [item])
        else:
            properties[name] = text(name, value)
        twin: Name = (EXIF, _EXIF_TWINS.get(local, ""))
        if twin in properties:
            properties[twin] = text(twin, value)


def state_profile(properties: dict[Name, Node], name: str, *, srgb: bool) -> None:
    """Make the packet name the profile that the deliverable was converted to.

    EXIF's twin of the tag ColorSpace follows where the master states it: 1 is sRGB, 65535 any
    other. What the master says of its own primaries and tone curve goes.
    """
    properties[PHOTOSHOP, "ICCProfile"] = text((PHOTOSHOP, "ICCProfile"), name)
    twin: Name = (EXIF, "ColorSpace")
    if twin in properties:
        properties[twin] = text(twin, 1 if srgb else 65535)
    for local in ("WhitePoint", "PrimaryChromaticities", "TransferFunction"):
        properties.pop((TIFF, local), None)
