"""Faces: where they are, so that every later stage can protect them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Figure, FigurePair, Reported, ReportPart
from restoration.findings.words import number


class Pose(ReportPart):
    """How a head is turned, in degrees."""

    yaw: float = Field(description="To the side, in degrees.")
    pitch: float = Field(description="Up or down, in degrees.")
    roll: float = Field(description="Tilt, in degrees.")
    pitch_confidence: float | None = Field(
        default=None, description="How sure the pitch is, 0 to 1. Older records leave it out."
    )


class FaceBlur(ReportPart):
    """What blurred the face."""

    kind: str | None = Field(
        description="As the finding `blur` says: `motion`, `defocus`, `compression`, `none`; "
        "`unknown`."
    )
    length_px: float | None = Field(
        description="Length of the motion, or diameter of the disc, in pixels of the page."
    )
    angle_deg: float | None = Field(
        description="Direction of the motion, in degrees counter-clockwise from the rows."
    )
    confidence: float = Field(description="How sure it is, 0 to 1.")
    reason: str | None = Field(default=None, description="Why it is not known.")


class FaceExposure(ReportPart):
    """The tones of a face."""

    median: float | None = Field(description="Median of encoded luminance, 0 to 1.")
    shadows_clipped: float | None = Field(
        description="Share of the face in which all channels are at their dark end, 0 to 1."
    )
    highlights_clipped: float | None = Field(
        description="Share of the face in which a channel is at its light end, 0 to 1."
    )


class Occlusion(ReportPart):
    """How much of a face something covers: a cautious estimate from its two sides."""

    share: float | None = Field(description="Share of the face, 0 to 1; null where unknown.")
    confidence: float = Field(description="How sure it is, 0 to 1.")
    reason: str | None = Field(default=None, description="Why it is not known.")


class FacePlace(ReportPart):
    """Where one face lies, and how its head is turned."""

    box: tuple[Figure, Figure, Figure, Figure] = Field(
        description="[left, top, width, height] in pixels of the page as stored."
    )
    points: tuple[FigurePair, ...] = Field(
        description="Eyes, nose and corners of the mouth, in the order of `point_names`: [left, "
        "top] each, in pixels of the page as stored."
    )
    mirrored: bool | None = Field(
        default=None, description="Whether the page's orientation tag shows it mirrored."
    )
    pose: Pose | None = Field(default=None, description="How the head is turned.")


class ReportedFace(FacePlace):
    """One face, with all that was measured of it."""

    landmarks: tuple[FigurePair, ...] = Field(
        description="What the predictor measures, in the order of `landmark_names`: [left, top] "
        "each, in pixels of the page as stored."
    )
    score: float = Field(description="How sure it is that this is a face, 0 to 1.")
    gradients: float | None = Field(
        description="Score of the detector by gradients; null where it saw no face here."
    )
    network: float | None = Field(
        description="Score of the detector by a network; null where it saw none or was not asked."
    )
    upright_rotation: int = Field(
        description="Degrees counter-clockwise by which the stored page is turned (and then "
        "mirrored, where its tag mirrors) for the face to stand upright."
    )
    interocular_px: float | None = Field(
        default=None, description="Distance between the eyes, in pixels of the page."
    )
    interocular_mm: float | None = Field(
        default=None,
        description="The same in millimetres; null where the file states no resolution.",
    )
    face_width_px: int | None = Field(
        default=None, description="Longer side of the box, in pixels of the page."
    )
    effective_share: float | None = Field(
        default=None,
        description="Effective over stated resolution on the face, 0 to 1; null if unknown.",
    )
    effective_confidence: float | None = Field(
        default=None, description="How sure that is, 0 to 1."
    )
    effective_limited_by: str | None = Field(
        default=None,
        description="What limits it, as `effective_resolution` says, or the kind of blur.",
    )
    effective_ppi: float | None = Field(
        default=None, description="Effective resolution on the face, in pixels per inch."
    )
    effective_width_px: float | None = Field(
        default=None, description="Effective pixels across the face: its width times that share."
    )
    blur: FaceBlur | None = Field(default=None, description="What blurred it.")
    exposure: FaceExposure | None = Field(default=None, description="Its tones.")
    occlusion: Occlusion | None = Field(
        default=None, description="How much of it something covers."
    )


class Upright(ReportPart):
    """How the page stands upright, by its orientation tag."""

    rotation: int = Field(description="Degrees counter-clockwise that turn the stored page.")
    mirrored: bool = Field(description="Whether it is then mirrored left to right.")


class FacesDetail(Detail):
    """The faces, and how they were looked for."""

    faces: tuple[ReportedFace, ...] = Field(description="The faces that were found.")
    point_names: tuple[str, ...] | None = Field(
        default=None, description="What the points of each face are."
    )
    landmark_names: tuple[str, ...] | None = Field(
        default=None, description="What the landmarks of each face are."
    )
    points_estimated: tuple[str, ...] | None = Field(
        default=None, description="Which points are estimated from the landmarks."
    )
    nose: str | None = Field(
        default=None, description="Which end of the nose is its point: `tip` or `base`."
    )
    upright: Upright | None = Field(
        default=None, description="How a face stands that a person marks and no detector saw."
    )
    detector: str | None = Field(default=None, description="What looked for them.")
    smallest_face_px: Figure | None = Field(
        default=None,
        description="Side of the smallest face that can be found, in pixels of the page.",
    )
    proxy_step_px: int | None = Field(
        default=None, description="Pixels of the page per cell of the picture that was searched."
    )
    network_scale: float | None = Field(
        default=None,
        description="Scale at which the network looked, per pixel of the page; null if none.",
    )
    unconfirmed: int | None = Field(
        default=None,
        description="Faces of the detector by gradients that the network did not confirm.",
    )
    not_asked: int | None = Field(
        default=None,
        description="Faces of the detector by gradients that the network was not asked about.",
    )
    tones_stretched: bool | None = Field(
        default=None, description="Whether the tones were stretched for the detectors."
    )


class Faces(Reported[int, FacesDetail]):
    """How many faces were found on an upright proxy of the page.

    Value: null where they were not looked for.
    """

    name: ClassVar[str] = "faces"
    label: ClassVar[str] = "Faces"
    place: ClassVar[int] = 160
    unshown: ClassVar[frozenset[str]] = frozenset({"faces"})

    def words(self, value: int) -> str:
        """How many, how wide, how many blurred."""
        if not value:
            return "No face found."
        faces = self.detail.faces
        widths = [face.effective_width_px for face in faces if face.effective_width_px]
        blurs = [face.blur.kind for face in faces if face.blur is not None]
        blurred = sum(kind in ("motion", "defocus") for kind in blurs)
        said = [f"{value} found"]
        if widths:
            least, most = (number(round(width)) for width in (min(widths), max(widths)))
            said.append(f"{least if least == most else f'{least} to {most}'} px of detail across")
        if blurred:
            said.append(f"{blurred} blurred by motion or out of focus")
        return f"{', '.join(said)}."


class FacePlaces(ReportPart):
    """Of the faces what stages need that leave heads alone: where they lie, or why nobody knows."""

    faces: tuple[FacePlace, ...] = Field(default=(), description="Where each face lies.")
    upright: Upright | None = Field(
        default=None, description="How a face stands that a person marks and no detector saw."
    )
    reason: str | None = Field(
        default=None, description="Why nobody knows; null where they were looked for."
    )
