"""Settings of the stages that a recipe may name: one model per stage, for the config's sections.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from restoration.config.spellings import OFF, ON, respelt

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=120)]
Apply = Literal["auto", "always"]


class Section(BaseModel):
    """A part of the config: unknown keys are mistakes, values never change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _both_spellings(cls, given: Any) -> Any:
        return respelt(cls, given)


class DescreenSettings(Section):
    """The dots of a printed halftone become tones again; the size stays."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only in the regions where the condition report found a halftone "
        "screen; `always` is the same, and says so where none was found.",
    )
    strength: float = Field(
        1.0, gt=0.0, le=1.0, description="Share of the screen that is taken away."
    )


class RepairSettings(Section):
    """Dust, hairs, scratches and creases are filled; outside the mask nothing changes."""

    apply: Apply = Field(
        "auto", description="`auto`: only where damage was found; `always` searches every scan."
    )
    kinds: tuple[Literal["dust", "scratches", "creases"], ...] = Field(
        ("dust",),
        strict=False,
        description="What is filled where it was found; dust includes hairs and fibres. Scratches "
        "and creases are filled when asked for: to the search, a tripod or a mast is one. The "
        "condition report counts them all the same, and your own mask of damage is filled "
        "whatever it covers.",
    )
    sensitivity: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="0 fills only what is beyond doubt, 1 everything that may be damage.",
    )
    infrared: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Use of infrared, a channel or a page of its own, as the mask. `auto`: on "
        "colour film alone (material `positive`, not grey): prints and silver film are opaque to "
        "infrared. `always`: whatever the material; a scan without any is searched as usual and "
        "warned of.",
    )
    most_share: float = Field(
        0.05,
        gt=0.0,
        le=1.0,
        description="Largest share of a page that is filled; more is left to a person.",
    )
    grain: bool = Field(
        True,
        description="Grain of the strength and spectrum of the page's is put back on what was "
        "filled, so that it does not show as a smooth spot; it is drawn, not recorded.",
    )


class DenoiseSettings(Section):
    """The noise of the scanner goes, the grain of the photograph stays unless it is asked for."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only where the condition report shows noise or JPEG blocks; `always`: "
        "every scan.",
    )
    network: Identifier | Literal["none"] = Field(
        "ffdnet-color",
        description="Weights by their name in resources/models.yaml; `none` removes JPEG blocks "
        "alone.",
    )
    grain: Literal["keep", "reduce", "remove"] = Field(
        "keep",
        description="`keep`: grain is part of the photograph, only noise that is not grain goes; "
        "`reduce`: half of it stays; `remove`: it goes with the noise.",
    )
    strength: float = Field(
        1.0, gt=0.0, le=1.0, description="Share of the noise that is taken away."
    )
    noisy_above: float = Field(
        1.0,
        gt=0,
        description="`auto` applies where the noise (standard deviation, in 1/255) lies above.",
    )
    blocking: Literal["auto", "never"] = Field(
        "auto", description="`auto` removes JPEG blocks where the condition report found them."
    )


class CleanupSettings(Section):
    """Real-ESRGAN removes softness, noise and compression damage; the size stays."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only where the condition report shows damage; `always`: every scan.",
    )
    network: Identifier = Field(
        "realesrgan-x4plus", description="Weights by their name in resources/models.yaml."
    )
    denoise: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="For `realesr-general-x4v3` alone: 1 is its own weights, 0 those of its "
        "wdn (noise-keeping) twin, between them a blend of the two.",
    )
    strength: float = Field(
        0.7,
        gt=0.0,
        le=1.0,
        description="Share of the network's change that is taken; the rest is the scan itself. "
        "0.7 came nearest to the truth on damaged pictures whose truth is known.",
    )
    working_ppi: Literal["auto"] | Annotated[float, Field(gt=0)] = Field(
        "auto",
        description="Resolution at which the network's picture starts. `auto`: the effective "
        "resolution that the condition report measured, and a margin of 1.2 to 1.7. A number is "
        "taken as it is.",
    )
    soft_below_ppi: float = Field(
        300.0,
        gt=0,
        description="`auto` applies where the effective resolution lies below this.",
    )
    noisy_above: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="`auto` also applies where the noise (standard deviation, in 1/255) lies "
        "above. `null`: noise is no reason; denoise, which tells it from grain, has seen to it.",
    )
    anchor_sigma: float = Field(
        4.0,
        gt=0,
        description="Standard deviation, in network input pixels, of the Gaussian below which "
        "tones come from the scan and not from the network.",
    )
    skip_empty_paper: bool = Field(
        True,
        description="Empty paper around the picture, as the condition report found it, is left as "
        "it is, beyond the reach of the network; nothing of the picture changes by it. The record "
        "says how much was skipped.",
    )


class FeatureStrengths(Section):
    """Share of a face's strength that each of its features takes; 0 leaves a feature as it was."""

    brows: float = Field(1.0, ge=0.0, le=1.0, description="The eyebrows.")
    eyes: float = Field(1.0, ge=0.0, le=1.0, description="Lids, lashes, iris.")
    nose: float = Field(1.0, ge=0.0, le=1.0, description="Bridge and tip.")
    mouth: float = Field(1.0, ge=0.0, le=1.0, description="The lips.")
    skin: float = Field(1.0, ge=0.0, le=1.0, description="Forehead and cheeks.")
    jaw: float = Field(1.0, ge=0.0, le=1.0, description="Chin and jaw, below the mouth.")


class FacesSettings(Section):
    """Faces are restored where the evidence allows, and left as they are where it does not.

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


class PrintSize(Section):
    """A print, in millimetres; the scan is fitted inside, never cropped."""

    width_mm: float = Field(gt=0, description="Width of the print in millimetres.")
    height_mm: float = Field(gt=0, description="Height of the print in millimetres.")
    ppi: float = Field(300.0, gt=0, description="Resolution of the print in pixels per inch.")


class UpscaleSettings(Section):
    """Final size: a factor, a print or a resolution; give one of the three."""

    factor: float | None = Field(
        None, ge=1.0, le=8.0, description="Size multiplier; 1 leaves the scan as it is."
    )
    print_size: PrintSize | None = Field(
        None, description="Size of the print for which the deliverable is made."
    )
    ppi: float | None = Field(
        None, gt=0, description="Resolution of the deliverable at the size of the original."
    )
    network: Identifier | Literal["none"] = Field(
        "realesrgan-x4plus",
        description="Weights by their name in resources/models.yaml; `none` resamples only.",
    )
    denoise: float = Field(0.5, ge=0.0, le=1.0, description="As in `cleanup`.")
    strength: float = Field(0.7, gt=0.0, le=1.0, description="As in `cleanup`.")
    anchor_sigma: float = Field(4.0, gt=0, description="As in `cleanup`.")
    skip_empty_paper: bool = Field(True, description="As in `cleanup`.")

    @model_validator(mode="after")
    def _one_target(self) -> UpscaleSettings:
        given = [n for n in ("factor", "print_size", "ppi") if getattr(self, n) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of factor, print_size and ppi, not {' and '.join(given)}")
        return self


class ColourSettings(Section):
    """Fading and stain are taken back, measured; what is part of the picture stays."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only what margin and darkest tones prove. `always`: also a stain that "
        "the lightest tones alone show, though light of a colour looks the same, and weak blacks "
        "of grey and toned prints, though a soft subject does.",
    )
    scope: Literal["scan", "batch"] = Field(
        "scan",
        description="`batch`: the pages of one batch, an album or an envelope, get one correction.",
    )
    image: Literal["auto", "dyes", "silver"] = Field(
        "auto",
        description="What the picture is made of. `auto`: dyes where it is in colour, silver where "
        "it is grey or of one hue. Say `silver` for hand-coloured prints, which are recognised "
        "only where they are plain.",
    )
    strength: float = Field(
        1.0, gt=0.0, le=1.0, description="Share of the correction that is made."
    )
    most_gain: float = Field(
        2.5,
        ge=1.0,
        le=5.0,
        description="Largest factor by which densities are multiplied, and with them their noise.",
    )
    toned: Literal["keep", "neutralise"] = Field(
        "keep",
        description="`keep`: the hue of a toned print (sepia, selenium, cyanotype) is part of it; "
        "`neutralise`: it becomes grey.",
    )
    uneven: bool = Field(
        False,
        description="A stain that is uneven, smooth and seen on three sides of the margin at least "
        "is taken away as it lies; otherwise the margin's mean counts.",
    )
    provisional: bool = Field(
        False,
        description="The networks of earlier stages are shown the corrected tones, while the file "
        "keeps its own until they are corrected.",
    )
    cube: bool = Field(
        False, description="A .cube of the curves is put beside the deliverable as well."
    )


class StagesSettings(Section):
    """The recipe's chain; a stage that is left out, or `off`, does not run. The order is fixed."""

    descreen: DescreenSettings | None = Field(None, description="Halftone screens.")
    repair: RepairSettings | None = Field(None, description="Dust, scratches and creases.")
    denoise: DenoiseSettings | None = Field(None, description="Noise, grain and JPEG blocks.")
    cleanup: CleanupSettings | None = Field(None, description="Real-ESRGAN artifact cleanup.")
    faces: FacesSettings | None = Field(None, description="Faces, each by its own evidence.")
    upscale: UpscaleSettings | None = Field(None, description="Final size.")
    colour: ColourSettings | None = Field(None, description="Fading and stain.")

    @model_validator(mode="before")
    @classmethod
    def _switched(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {
            key: _SWITCHED.get(str(value).casefold(), value)
            if isinstance(value, (str, bool))
            else value
            for key, value in given.items()
        }


_SWITCHED: dict[str, Any] = {**dict.fromkeys(OFF), **{word: {} for word in ON}}
"""A stage that is off is left out, one that is on has its defaults."""


CHAIN: tuple[str, ...] = tuple(StagesSettings.model_fields)
"""Every stage that a recipe may name, in the order in which they run."""

FACES = "faces"
"""The stage whose regions mark faces."""

COLOUR = "colour"
"""The stage that maps whole pages; its regions mark targets."""
