"""Settings of the stage `faces`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from restoration.config.section import Identifier, Section


class FeatureStrengths(Section):
    """Share of a face's strength that each of its features takes; 0 leaves a feature as it was."""

    brows: float = Field(1.0, ge=0.0, le=1.0, description="The eyebrows.")
    eyes: float = Field(1.0, ge=0.0, le=1.0, description="Lids, lashes, iris.")
    nose: float = Field(1.0, ge=0.0, le=1.0, description="Bridge and tip.")
    mouth: float = Field(1.0, ge=0.0, le=1.0, description="The lips.")
    skin: float = Field(1.0, ge=0.0, le=1.0, description="Forehead and cheeks.")
    jaw: float = Field(1.0, ge=0.0, le=1.0, description="Chin and jaw, below the mouth.")


class FacesSettings(Section):
    """Faces are restored where what was measured of them allows it, else left as they are.

    No other generative network touches the head of a face, whether this stage restores it or not.
    """

    network: Identifier = Field(
        "gfpgan-v1.4",
        description="Weights by their name in resources/models.yaml. A face network was trained on "
        "faces and completes what it does not see; a general one (`realesrgan-x4plus`) knows "
        "nothing of faces and says so in the record.",
    )
    strength: Literal["auto"] | Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        "auto",
        description="Share of the network's change that a face takes. `auto`: for each face the "
        "largest, up to `most_strength`, at which it is still the same person by "
        "`identity_limit`. A number is taken as it is, and the face is left alone where it leads "
        "beyond that limit.",
    )
    most_strength: float = Field(
        0.6,
        gt=0.0,
        le=1.0,
        description="Largest strength that `auto` takes. 0.6 came nearer to the truth than 0.8 and "
        "1 on faces whose truth is known, with a general network.",
    )
    identity_limit: float = Field(
        0.25,
        gt=0.0,
        le=0.6,
        description="Largest distance between the face in the master and the restored one, of "
        "dlib's embedding; docs/faces.md says how it was chosen. The distance is recorded, the "
        "embedding never is.",
    )
    merge: Literal["luminance", "colour"] = Field(
        "luminance",
        description="`luminance`: the face keeps its colours, and a grey scan stays grey; "
        "`colour`: the network's colours as well, but never its skin tone (see `tone_band`).",
    )
    features: FeatureStrengths = Field(
        default_factory=lambda: FeatureStrengths.model_validate({}),
        description="Strength of each feature, as a share of the face's.",
    )
    landmarks: Literal["five", "dlib-68"] = Field(
        "five",
        description="What the features' masks follow. `five`: eyes, nose, mouth and the mean face; "
        "`dlib-68`: 68 points of dlib's predictor, whose training data (iBUG 300-W) forbid "
        "commercial use.",
    )
    tone_band: float = Field(
        20.0,
        gt=0,
        description="Standard deviation of the Gaussian below which tones (skin, light and shade) "
        "come from the scan, in pixels of the aligned face, whose eyes are 126 of them apart.",
    )
    grain: bool = Field(
        True,
        description="The grain around a face, which the network took away, is put back on it; it "
        "is drawn, not recorded.",
    )
    red_eye: bool = Field(
        False,
        description="Red pupils of flash light, in faces that are restored, lose their colour; off "
        "unless asked for. What is not surely a red pupil is left alone; the record says why.",
    )
    smallest: float = Field(
        48.0,
        ge=16.0,
        description="Faces of less effective width (pixels of picture, from brow to chin) are left "
        "as they are.",
    )
    least_score: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="Faces that the detector is less sure of are left as they are.",
    )
    most_turned: float = Field(
        50.0,
        gt=0,
        le=90.0,
        description="Faces turned or tilted farther from the camera, in degrees, are left as they "
        "are.",
    )
    motion_above: float = Field(
        0.6,
        ge=0.0,
        le=1.0,
        description="Confidence of a finding of motion blur from which a face is left as it is: "
        "no network here undoes it. No measure of a confidence below 0.3 decides anything of a "
        "face.",
    )
