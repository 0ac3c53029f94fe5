"""Faces: what the package's own network makes of them, the same bytes each time, in their order.

Weights are seeded, in the format of the authors' checkpoint; what they draw is no face.
"""

from __future__ import annotations

import gc
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from restoration.chain import job_tools as workshop
from restoration.config.settings import EngineSettings, UserWeights
from restoration.engine import devices
from restoration.engine.faces.face_runner import FaceRunner, PriorFace
from restoration.engine.run import run_network
from restoration.errors import CircumstanceError, ConfigError, ScanError
from restoration.networks import missing
from restoration.networks.architectures.gfpgan import GfpganParameters
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.networks.converted import tensors_path
from restoration.networks.fetch import fetch
from restoration.networks.load import load_face_restorer
from restoration.networks.manifest import load_manifest
from restoration.networks.missing import missing_weights
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import MANIFEST
from restoration.raster.base import FloatImage, Raster
from restoration.stages.faces.enlarged_face import EnlargedFace, face_runner
from support import by_parameters, weights_at_hand
from support.fake_networks import FakeNetwork, enlarged
from support.seeded_faces import OFFICIAL, SMALL, seeded_face, seeded_module

CPU = torch.device("cpu")


def image(tensor: torch.Tensor) -> FloatImage:
    """(side, side, 3) in [0, 1] of the network's own (1, 3, side, side) in [-1, 1]."""
    pixels: FloatImage = ((tensor[0].permute(1, 2, 0) + 1) / 2).contiguous().numpy()
    return pixels


def own(folder: Path, state: Any, **more: Any) -> UserWeights:
    """The authors' kind of checkpoint, and how a config names it."""
    path = folder / "GFPGANv1.4.pth"
    torch.save({"params_ema": state}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return UserWeights(architecture="gfpgan", path=path.name, sha256=sha256, **more)


def runner_of(folder: Path, module: torch.nn.Module) -> PriorFace:
    """Through the list of weights, fetching, converting and loading."""
    named = {"gfpgan-v1.4": own(folder, module.state_dict())}
    manifest = load_manifest(MANIFEST, named)
    fetch("gfpgan-v1.4", manifest, folder)
    return PriorFace(load_face_restorer("gfpgan-v1.4", folder, manifest, CPU), CPU)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> PriorFace:
    return runner_of(tmp_path_factory.mktemp("small"), seeded_module(SMALL))


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before, said = torch.get_num_threads(), devices._threads
    yield
    torch.set_num_threads(before)
    devices._threads = said


def official(module: torch.nn.Module, face: torch.Tensor) -> FloatImage:
    """What the package's own class makes, in float32, with the noise of its file."""
    with torch.no_grad():
        return image(module(face, return_rgb=False, randomize_noise=False)[0])


def check_the_package(folder: Path, parameters: GfpganParameters) -> None:
    """Largest difference against 1e-5 of the range of what the package makes, in [0, 1]."""
    module, face = seeded_module(parameters), seeded_face(parameters.out_size)
    runner, theirs = runner_of(folder, module), official(module, face)
    made = runner.restore(image(face), 1.0)
    assert (made.dtype, made.shape) == (np.float32, theirs.shape)
    assert float(np.ptp(theirs)) > 0.5
    assert np.abs(made - theirs).max() < 1e-5 * np.ptp(theirs)


def test_a_face_is_what_the_package_makes_of_it(tmp_path: Path) -> None:
    check_the_package(tmp_path, SMALL)


def test_a_face_of_512_px_is_what_the_package_makes_of_it(tmp_path: Path) -> None:
    """Every level of the official network, through its checkpoint, with a quarter of its channels:
    all 86 million parameters are compared by the slow test of the network itself."""
    check_the_package(tmp_path, OFFICIAL.model_copy(update={"narrow": 0.25}))


def check_threads(runner: FaceRunner, face: FloatImage) -> None:
    """The same bytes again, and with another number of threads."""
    made = []
    for count in (1, 2, 1):
        devices.use_threads(count)
        made.append(runner.restore(face, 0.5).tobytes())
    assert set(made) == {made[0]}


def test_a_face_gives_the_same_bytes_whatever_the_threads(small: PriorFace) -> None:
    check_threads(small, image(seeded_face(128)))


@pytest.mark.slow
def test_a_face_of_the_official_size_gives_the_same_bytes(tmp_path: Path) -> None:
    check_threads(runner_of(tmp_path, seeded_module()), image(seeded_face(512)))


def test_what_a_runner_says_of_itself(small: PriorFace) -> None:
    assert (small.name, small.side) == ("gfpgan-v1.4", 128)
    assert (small.prior, small.generative, small.licence) == (True, True, "not stated")
    assert len(small.weights_sha256) == 64


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_face_that_holds_no_number_is_refused(small: PriorFace, value: float) -> None:
    face = image(seeded_face(128)).copy()
    face[5, 6, 1] = value
    for runner, pixels in ((small, face), (EnlargedFace(FakeNetwork()), np.resize(face, LARGE))):
        with pytest.raises(ScanError, match="NaN or infinity"):
            runner.restore(pixels, 1.0)


def test_what_is_no_face_is_refused(small: PriorFace) -> None:
    face = image(seeded_face(128))
    for wrong in (face[:64], face[..., :1], face.astype(np.float64)):
        with pytest.raises(ValueError, match="expected float32"):
            small.restore(wrong, 1.0)
    for share in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="share"):
            small.restore(face, share)


# The thread and the queue.


class Slow(EnlargedFace):
    """Computes for a moment; says where, and which faces are in work."""

    def __init__(self) -> None:
        super().__init__(FakeNetwork())
        self.threads: set[threading.Thread] = set()
        self.said: list[str] = []

    def _restored(self, face: FloatImage, share: float) -> FloatImage:
        self.threads.add(threading.current_thread())
        self.said.append(f"compute {share}")
        if share == 0.5:
            raise CircumstanceError("the device failed")
        return face * np.float32(share)


LARGE = (512, 512, 3)


def test_several_faces_come_in_their_order_and_equal_one_at_a_time(small: PriorFace) -> None:
    faces = [image(seeded_face(128).roll(at, 3)) for at in range(5)]
    together = list(small.restore_all((face, 1.0) for face in faces))
    for made, face in zip(together, faces, strict=True):
        assert np.array_equal(made, small.restore(face, 1.0))
    assert list(small.restore_all([])) == []


def test_the_next_face_is_asked_for_before_the_last_answer_is_taken() -> None:
    runner, drawn = Slow(), []

    def faces() -> Iterator[tuple[FloatImage, float]]:
        for at in range(1, 5):
            drawn.append(at)
            yield np.ones(LARGE, np.float32), at / 8 + 0.4375

    for taken, _ in enumerate(runner.restore_all(faces()), 1):
        assert drawn[-1] == min(taken + 1, 4)
    assert len(runner.threads) == 1
    assert threading.current_thread() not in runner.threads


def test_an_error_comes_in_its_place_and_the_runner_goes_on() -> None:
    runner, face = Slow(), np.ones(LARGE, np.float32)
    answers = runner.restore_all((face, share) for share in (0.25, 0.5, 0.75))
    assert next(answers)[0, 0, 0] == 0.25
    with pytest.raises(CircumstanceError, match="device failed"):
        next(answers)
    assert runner.restore(face, 1.0)[0, 0, 0] == 1.0


def test_who_goes_away_leaves_nothing_computing() -> None:
    runner, face = Slow(), np.ones(LARGE, np.float32)
    answers = runner.restore_all((face, 0.25) for _ in range(9))
    next(answers)
    answers.close()
    count = len(runner.said)
    assert count <= 2
    runner.close()
    assert len(runner.said) == count


def test_a_runner_that_nobody_keeps_ends_its_thread() -> None:
    runner = Slow()
    runner.restore(np.ones(LARGE, np.float32), 1.0)
    (thread,) = runner.threads
    del runner
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_faces_of_many_threads_are_computed_in_one(small: PriorFace) -> None:
    runner, face = Slow(), np.ones(LARGE, np.float32)
    asking = [threading.Thread(target=runner.restore, args=(face, 1.0)) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert (len(runner.said), len(runner.threads)) == (4, 1)


# Weights.


def test_the_official_weights_are_named_with_what_they_may_be_used_for() -> None:
    manifest = load_manifest(MANIFEST)
    for name, sha256 in (("gfpgan-v1.4", "e2cd4703"), ("gfpgan-v1.3", "c953a88f")):
        weights = manifest[name]
        assert weights.sha256.startswith(sha256)
        assert weights.parameters == OFFICIAL
        assert (weights.generative, weights.restores_faces) == (True, True)
        assert weights.licence.startswith("Apache-2.0")
        assert "CC BY-NC-SA 4.0" in weights.training_data


def test_weights_that_cannot_be_had_say_which_where_and_what_works_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "_probe", lambda url: "it cannot be downloaded (no route)")
    manifest = load_manifest(MANIFEST)
    (message,) = missing_weights(["gfpgan-v1.4"], manifest, tmp_path)
    for part in (
        str(tmp_path / "GFPGANv1.4.pth"),
        "348632874 bytes",
        "e2cd4703ab14f4d01fd1383a8a8b266f9a5833dacee8e6a79d3bf21a1b6be5ad",
        "https://github.com/TencentARC/GFPGAN/releases/download/v1.3.0/GFPGANv1.4.pth",
        "`embedded`",
    ):
        assert part in message
    assert "\n" not in message


def test_a_file_of_the_right_name_is_refused_unless_the_config_names_its_hash(
    tmp_path: Path,
) -> None:
    named = own(tmp_path, seeded_module(SMALL).state_dict(), licence="mine")
    with pytest.raises(CircumstanceError) as raised:
        fetch("gfpgan-v1.4", load_manifest(MANIFEST), tmp_path)
    for part in (str(tmp_path / "GFPGANv1.4.pth"), "e2cd4703", named.sha256, "config (`models`)"):
        assert part in str(raised.value)
    assert not tensors_path(tmp_path, "gfpgan-v1.4").exists()
    manifest = load_manifest(MANIFEST, {"gfpgan-v1.4": named})
    fetch("gfpgan-v1.4", manifest, tmp_path)
    restorer = load_face_restorer("gfpgan-v1.4", tmp_path, manifest, CPU)
    assert (restorer.weights_sha256, restorer.licence) == ((named.sha256,), "mine")


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_checkpoint_with_a_tensor_too_few_or_too_many_is_refused(
    tmp_path: Path, change: str
) -> None:
    state = seeded_module(SMALL).state_dict()
    if change == "missing":
        del state["final_linear.bias"]
    else:
        state["final_linear.more"] = torch.zeros(1)
    manifest = load_manifest(MANIFEST, {"gfpgan-v1.4": own(tmp_path, state)})
    with pytest.raises(ConfigError, match=r"gfpgan-v1\.4: .*final_linear\.(bias|more)"):
        fetch("gfpgan-v1.4", manifest, tmp_path)


# A network without a prior.


class Shifting(FakeNetwork):
    """Repeats pixels and shifts tones, as real networks do: white by 7/255, grey by 3/255."""

    licence = "BSD-3-Clause"
    generative = True

    def __init__(self) -> None:
        super().__init__(lambda pixels: enlarged(pixels + pixels**2 * np.float32(7 / 255)))
        self.seen: list[tuple[int, int]] = []

    def run(self, source: Raster, progress: Any) -> Iterator[FloatImage]:
        self.seen.append((source.height, source.width))
        return super().run(source, progress)


@pytest.mark.parametrize("grey", [0.02, 0.31, 0.5, 0.77, 0.98])
@pytest.mark.parametrize("share", [1.0, 0.4, 0.05])
def test_a_flat_face_keeps_its_tone_without_a_prior(grey: float, share: float) -> None:
    made = EnlargedFace(Shifting()).restore(np.full(LARGE, grey, np.float32), share)
    assert (made.dtype, made.shape) == (np.float32, LARGE)
    assert np.abs(made - grey).max() < 0.5 / 255


@pytest.mark.parametrize(
    ("share", "side"), [(1.0, 512), (0.5, 362), (0.25, 181), (0.1, 128), (0.01, 128)]
)
def test_the_network_starts_at_what_the_crop_holds(share: float, side: int) -> None:
    network = Shifting()
    EnlargedFace(network).restore(np.full(LARGE, 0.5, np.float32), share)
    assert network.seen[-1] == (side + 8, side + 8)


def test_a_coarse_face_comes_back_in_its_place() -> None:
    """A network that only repeats pixels gives the face back; tolerance: of the resampling."""
    face = image(
        torch.nn.functional.interpolate(
            torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(3)) * 2 - 1,
            size=512,
            mode="bicubic",
        ).clamp(-1, 1)
    )
    made = EnlargedFace(FakeNetwork()).restore(face, 0.3)
    assert np.abs(made - face).mean() < 0.01
    assert np.abs(made - face).max() < 0.1


def test_the_tone_curve_is_measured_once() -> None:
    network = Shifting()
    runner = EnlargedFace(network)
    for _ in range(2):
        runner.restore(np.full(LARGE, 0.5, np.float32), 0.1)
    assert network.seen.count((16, 16)) == 17
    assert len(network.seen) == 19


def test_a_network_without_a_prior_says_so() -> None:
    runner = face_runner(Shifting())
    assert (runner.prior, runner.generative, runner.side) == (False, True, 512)
    assert (runner.name, runner.licence) == ("fake", "BSD-3-Clause")


def test_a_network_that_is_told_the_noise_is_no_network_for_faces() -> None:
    with pytest.raises(ValueError, match="takes 4"):
        EnlargedFace(SimpleNamespace(name="ffdnet-color", channels=4))


class Seeded:
    """A small Real-ESRGAN network in the torch runtime, as ``job_tools.RunningNetwork`` runs it."""

    name, weights_sha256, licence, generative = "seeded", "0" * 64, "CC0", True

    def __init__(self) -> None:
        torch.manual_seed(4)
        size = RrdbnetParameters(num_feat=16, num_block=1, num_grow_ch=8)
        module = by_parameters.build(size, 4).eval().requires_grad_(False)
        self.scale, self.radius = 4, by_parameters.receptive_radius(size, 4)
        self._network = SimpleNamespace(
            module=module, scale=4, radius=self.radius, architecture=by_parameters.kind_of(size)
        )

    def run(self, source: Raster, progress: Any) -> Iterator[FloatImage]:
        return run_network(self._network, source, EngineSettings.model_validate({}), CPU, progress)


def test_a_face_without_a_prior_gives_the_same_bytes_whatever_the_threads() -> None:
    check_threads(EnlargedFace(Seeded()), image(seeded_face(512)))


@pytest.mark.weights
@pytest.mark.parametrize("grey", [0.1, 0.5, 0.97])
def test_a_flat_face_keeps_its_tone_with_real_weights(grey: float) -> None:
    name = "realesr-general-x4v3-ncnn"
    plan = SimpleNamespace(
        config=SimpleNamespace(
            models_dir=weights_at_hand.models_with(name), engine=EngineSettings.model_validate({})
        ),
        manifest=weights_at_hand.manifest(),
        device="cpu",
        runtime="torch",
        precision="float32",
    )
    runner = face_runner(workshop.Networks(plan, 2)(name, denoise=1.0))  # type: ignore[arg-type]
    made = runner.restore(np.full(LARGE, grey, np.float32), 0.2)
    assert np.abs(made - grey).max() < 0.5 / 255


# The workshop and the plan.


def config(folder: Path, stage: str, network: str, **more: Any) -> dict[str, Any]:
    (folder / "one.tif").write_text("one")
    (folder / "scans.tsv").write_text(f"scan\tpath\none\t{folder}/one.tif\n")
    return {
        "scans": str(folder / "scans.tsv"),
        "results": str(folder / "results"),
        "models_dir": str(folder),
        "recipes": {"archive": {"stages": {stage: {"network": network}}}},
        "device": "cpu",
        **more,
    }


def test_the_workshop_gives_a_ready_runner_and_keeps_it(tmp_path: Path) -> None:
    named = own(tmp_path, seeded_module(SMALL).state_dict()).model_dump()
    plan = make_plan(config(tmp_path, "faces", "gfpgan-v1.4", models={"gfpgan-v1.4": named}))
    fetch("gfpgan-v1.4", plan.manifest, tmp_path)
    networks = workshop.Networks(plan, 2)
    runner: Any = networks("gfpgan-v1.4")
    assert face_runner(runner) is runner
    assert networks("gfpgan-v1.4", denoise=0.5) is runner
    face = seeded_face(128)
    theirs = official(seeded_module(SMALL), face)
    assert np.abs(runner.restore(image(face), 1.0) - theirs).max() < 1e-5 * np.ptp(theirs)


@pytest.mark.parametrize("stage", ["denoise", "cleanup", "upscale"])
@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("gfpgan-v1.4", "one aligned face, not a page"),
        ("dlib-face-points", "finds or compares faces"),
    ],
)
def test_a_stage_for_pages_refuses_a_network_for_faces_before_any_job(
    tmp_path: Path, stage: str, network: str, said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        make_plan(config(tmp_path, stage, network))
    for part in (f"recipes.archive.stages.{stage}.network", f"'{network}'", said):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_stage_for_faces_takes_what_can_restore_one(tmp_path: Path) -> None:
    for name in ("gfpgan-v1.3", "realesrgan-x4plus", "realesr-general-x4v3"):
        make_plan(config(tmp_path, "faces", name))
    for name in ("ffdnet-color", "dlib-face-detector"):
        with pytest.raises(ConfigError, match=r"stages\.faces\.network: network '"):
            make_plan(config(tmp_path, "faces", name))


def test_a_network_for_faces_computes_in_float32_and_the_key_says_so(tmp_path: Path) -> None:
    half = {"device": "cuda", "engine": {"precision": "float16"}}
    for name, expected in (("gfpgan-v1.4", "float32"), ("realesrgan-x4plus", "float16")):
        plan = make_plan({**config(tmp_path, "faces", name), **half})
        assert plan.dependencies.numeric("archive", "faces")["precision"] == expected


def test_gfpgan_cannot_be_called_a_network_that_makes_nothing_up() -> None:
    mine = UserWeights(architecture="gfpgan", path="a.pth", sha256="a" * 64, generative=False)
    with pytest.raises(ConfigError, match=r"models\.mine: gfpgan makes up detail"):
        load_manifest(MANIFEST, {"mine": mine})
