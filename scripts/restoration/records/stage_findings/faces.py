"""What faces says of a page and of each face on it."""

from __future__ import annotations

from typing import ClassVar, Literal

from restoration.findings.base import Figure
from restoration.findings.faces import FaceBlur, FaceExposure, Occlusion, Pose
from restoration.records.base import Part
from restoration.records.stage_findings.base import HeadOval, StageFindings


class FaceMeasures(Part):
    """What the condition report measured of a face; empty where only a person saw it."""

    score: Figure | None = None
    """How sure it is that this is a face, 0 to 1."""
    interocular_px: Figure | None = None
    """Distance between the eyes, in pixels of the page."""
    interocular_mm: Figure | None = None
    """The same in millimetres; null where the file states no resolution."""
    pose: Pose | None = None
    """How the head is turned."""
    effective_share: Figure | None = None
    """Effective over stated resolution on the face, 0 to 1; null where unknown."""
    effective_confidence: Figure | None = None
    """How sure that is, 0 to 1."""
    effective_limited_by: str | None = None
    """What limits it."""
    effective_ppi: Figure | None = None
    """Effective resolution on the face, in pixels per inch."""
    blur: FaceBlur | None = None
    """What blurred the face."""
    exposure: FaceExposure | None = None
    """Its tones."""
    occlusion: Occlusion | None = None
    """How much of it something covers."""


class FaceChecks(Part):
    """What a restored face was checked for beside whom it shows."""

    eye_colour: tuple[float, float]
    """Change of both irises, left and right as one sees them, in the a* b* plane (CIE 1976)."""
    symmetry_before: float
    """Correlation of the face's structure with its mirror image before, -1 to 1."""
    symmetry_after: float
    """The same afterwards."""
    texture: float
    """Texture of the skin afterwards over that before."""
    texture_around: float
    """Texture of the skin afterwards over that around the face; 0 where there is none."""


class RedEye(Part):
    """One eye that was looked at for a red pupil."""

    decision: Literal["corrected", "left alone"]
    """What was done."""
    reason: str
    """Why, in words."""
    redness: float | None = None
    """How much redder the pupil is than green and blue, as a share of red, 0 to 1."""
    redness_around: float | None = None
    """The same of what is around it."""
    radius: float | None = None
    """Its radius as a share of the distance between the eyes."""
    aspect: float | None = None
    """Its longer over its shorter side."""
    compact: float | None = None
    """Its area over that of a circle around it, 0 to 1."""
    pixels: int | None = None
    """Pixels of the page that were changed."""
    saturation_before: float | None = None
    """Mean saturation before, 0 to 1."""
    saturation_after: float | None = None
    """Mean saturation afterwards, 0 to 1."""


class RedEyes(Part):
    """Both eyes of a face, left and right as one sees them."""

    left: RedEye
    """The eye on the left of the picture."""
    right: RedEye
    """The eye on the right of the picture."""


class FaceEntry(Part):
    """One face: what was decided, why, and by which figures."""

    face: int
    """Number of the face on the page."""
    box: tuple[Figure, Figure, Figure, Figure]
    """[left, top, width, height] in pixels of the master's page as stored."""
    head: HeadOval | None = None
    """Where the head lies; absent from records of earlier versions."""
    decision: Literal["restored", "gated", "excluded", "rejected"]
    """gated: not tried; excluded: a person said so; rejected: tried, and not the same person."""
    reason: str
    """Why, in words."""
    found_by: Literal["detector", "a person"]
    """Who found it."""
    asked_for: bool
    """Whether a person asked for it to be restored."""
    effective_width_px: Figure | None
    """Effective pixels across the face; null where unknown."""
    measures: FaceMeasures
    """What the condition report measured of it."""
    review: tuple[str, ...]
    """What a person should look at, a sentence each."""
    frame: tuple[tuple[float, float, float], ...] | None = None
    """Matrix from pixels of the master's page (x, y, 1) to the aligned frame of 512 px."""
    network: str | None = None
    """Name of the network in models.yaml."""
    weights_sha256: str | None = None
    """SHA-256 of its weights."""
    licence: str | None = None
    """Licence of the weights."""
    trained_on_faces: bool | None = None
    """Whether the network was trained on faces."""
    masks: str | None = None
    """By what the parts of the face were told apart, in words."""
    identity_limit: Figure | None = None
    """Largest distance of the face embeddings at which it is the same person."""
    strength: Figure | None = None
    """Share of the network's change that was taken, 0 to 1; null where none was."""
    distance: Figure | None = None
    """Distance of the face embeddings, master to restored face."""
    distance_before: Figure | None = None
    """The same of the face as it came in."""
    tried: tuple[tuple[Figure, Figure | None], ...] | None = None
    """Each strength that was tried, and the distance at it."""
    grain_sigma_255: Figure | None = None
    """Standard deviation of the grain that was drawn, in 1/255; null where none was."""
    checks: FaceChecks | None = None
    """Further checks of the restored face."""
    doubts: tuple[str, ...] | None = None
    """What the checks found, a sentence each."""
    red_eye: RedEyes | None = None
    """What was done about red pupils; absent where the recipe leaves them."""


class FaceCounts(Part):
    """Faces by what was decided."""

    found: int
    """All of them."""
    restored: int
    """Restored."""
    gated: int
    """Not tried."""
    excluded: int
    """Excluded by a person."""
    rejected: int
    """Tried, and not surely the same person."""


class FacesFindings(StageFindings):
    """Faces were restored; or why they were not."""

    stage: ClassVar[str] = "faces"

    counts: FaceCounts | None = None
    """Faces by what was decided."""
    faces: tuple[FaceEntry, ...] | None = None
    """Every face of the page."""
    review: int | None = None
    """Number of faces that a person should look at."""
