"""Networks of other programs against their own layers in plain torch: codes and pictures to 1e-6."""

import json
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core import cli
from core.codec import Codec
from core.config import ForeignConfig
from core.datasets.dataset import ImageDataset
from core.errors import ModelError, RunError, TrainingError
from core.importing import Fit, classes_of, look_at, read_foreign, try_on, write_run
from core.models.architecture import architecture
from core.runs import Run
from core.trainable import check_trainable
from core.training import train
from tests.core.foreign_models import (
    COURSE_SIDE,
    Burgess,
    Conv,
    CourseVae,
    Fcn,
    Folding,
    Pythae,
    save_whole,
    seeded,
)
from tests.core.tiny import tiny_config, tiny_dataset

AUTO = ForeignConfig()


def imported(path: Path, out: Path, asked: ForeignConfig = AUTO, dataset: ImageDataset | None = None) -> Run:
    """The run that a file becomes."""
    foreign, fit = tried(path, asked, dataset)
    return write_run(foreign, fit, out, dataset)


def tried(path: Path, asked: ForeignConfig = AUTO, dataset: ImageDataset | None = None):
    """What is found of a file."""
    work = try_on(path, asked, dataset)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def pictures(channels: int = 3, side: int = COURSE_SIDE) -> Tensor:
    """Some pictures (5,C,H,W) in [-1,1]."""
    return torch.rand(5, channels, side, side, generator=torch.Generator().manual_seed(8)) * 2 - 1


def assert_same(
    run: Run, theirs: nn.Module, x: Tensor, low: float = -1, high: float = 1, order: str = "CHW"
) -> None:
    """The run's codes and pictures are theirs to 1e-6, their pictures being in [low, high]."""
    network = Codec.from_run(run).network
    entering = (x + 1) / 2 * (high - low) + low
    if order == "HWC":
        entering = entering.permute(0, 2, 3, 1).contiguous()
    with torch.inference_mode():
        z, y = theirs(entering)
        if order == "HWC":
            y = y.permute(0, 3, 1, 2)
        ours = network(x)
    torch.testing.assert_close(ours.z, z, rtol=1e-6, atol=1e-6)
    recon = (ours.recon + 1) / 2 * (high - low) + low
    torch.testing.assert_close(recon, y, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", [Fcn, Conv, CourseVae])
def test_a_whole_model_of_the_course_is_what_it_was(kind: type[nn.Module], tmp_path: Path) -> None:
    theirs = seeded(kind())
    path = save_whole(theirs, tmp_path / "best.pt", "any_name")
    assert "__main__.any_name" in classes_of(path)
    run = imported(path, tmp_path / "run", ForeignConfig(picture_height=COURSE_SIDE))
    assert_same(Run.open(run.path), theirs, pictures())
    config = Run.open(run.path).config
    assert config.network.objective == ("vae" if kind is CourseVae else "ae")
    assert config.imported is not None
    assert "any_name" in config.imported.kind


def test_a_students_model_in_its_own_range_is_what_it_was(tmp_path: Path) -> None:
    theirs = seeded(Folding())
    path = save_whole(theirs, tmp_path / "x.pth")
    run = imported(path, tmp_path / "run", ForeignConfig(picture_height=16))
    assert run.config.network.layers is not None
    assert run.config.network.layers.value_range == "0..1"  # of its Sigmoid
    assert_same(run, theirs, pictures(), 0, 1)
    rows = architecture(run.config.network)
    assert sum(row.parameters for row in rows) == sum(weight.numel() for weight in theirs.parameters())


def test_the_spread_of_the_courses_vae_is_half_its_log_variance(tmp_path: Path) -> None:
    theirs = seeded(CourseVae())
    run = imported(
        save_whole(theirs, tmp_path / "vae.pt"),
        tmp_path / "run",
        ForeignConfig(picture_height=16),
    )
    assert isinstance(theirs, CourseVae)
    x = pictures()
    with torch.inference_mode():
        log_variance = theirs.enc_out_2(theirs.encoder(x)).flatten(1)
        posterior = Codec.from_run(run).network.posterior(x)
    assert posterior.log_std is not None
    torch.testing.assert_close(posterior.log_std, log_variance / 2, rtol=1e-6, atol=1e-6)


def assignment(widths: list[int]) -> nn.Module:
    """The assignment's layers at any widths."""
    lines = []
    for sizes, end in ((widths, []), (widths[::-1], [nn.Tanh()])):
        modules: list[nn.Module] = []
        for ins, outs in pairwise(sizes):
            modules += [nn.Linear(ins, outs), nn.LeakyReLU(0.1)]
        lines.append(nn.Sequential(*modules[:-1], *end))
    return nn.ModuleDict({"encoder": lines[0], "decoder": lines[1]})


class _Pair(nn.Module):
    """Calls an encoder and a decoder of flat pictures."""

    def __init__(self, parts: nn.ModuleDict) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.parts["encoder"](x.flatten(1))
        return z, self.parts["decoder"](z).view_as(x)


@pytest.mark.parametrize("widths", [[192, 40, 20, 6], [192, 7]])
@pytest.mark.parametrize("holder", ["", "model_state_dict", "state_dict"])
def test_a_state_dict_of_the_assignment_becomes_fc(widths: list[int], holder: str, tmp_path: Path) -> None:
    theirs = seeded(assignment(widths))
    weights = theirs.state_dict()
    torch.save({holder: weights, "epoch": 3} if holder else weights, tmp_path / "ae.pt")
    run = imported(tmp_path / "ae.pt", tmp_path / "run")
    assert run.config.network.network == "fc"
    assert run.config.network.hidden == tuple(widths[1:-1])
    assert isinstance(theirs, nn.ModuleDict)
    assert_same(run, _Pair(theirs), pictures(side=8))
    saved = Run.open(run.path).load_network().state_dict()
    assert all(torch.equal(saved[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize(
    "names",
    [
        ["fc1", "fc2", "fc3", "fc4"],
        ["0", "2", "4", "6"],
        ["module.encoder.0", "module.encoder.2", "module.decoder.0", "module.decoder.2"],
        ["enc.l1", "enc.l2", "dec.l1", "dec.l2"],
    ],
)
def test_names_in_a_state_dict_may_be_any(names: list[str], tmp_path: Path) -> None:
    sizes = [(192, 30), (30, 5), (5, 30), (30, 192)]
    layers = [nn.Linear(*size) for size in sizes]
    weights = {
        f"{n}.{part}": t
        for n, layer in zip(names, layers, strict=True)
        for part, t in layer.state_dict().items()
    }
    torch.save(weights, tmp_path / "w.pt")
    asked = ForeignConfig(activation="relu", output_activation="sigmoid")
    run = imported(tmp_path / "w.pt", tmp_path / "run", asked)
    x = pictures(side=8)
    with torch.inference_mode():
        ours = Codec.from_run(run).network(x)
        z = layers[1](layers[0]((x.flatten(1) + 1) / 2).relu())
        y = layers[3](layers[2](z).relu()).sigmoid()
    # In one Sequential 0, 2, 4, 6 an activation follows the code as well.
    if names[0] == "0":
        y = layers[3](layers[2](z.relu()).relu()).sigmoid()
    torch.testing.assert_close(ours.z, z, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ours.recon.flatten(1), y * 2 - 1, rtol=1e-6, atol=1e-6)


def test_two_layers_that_read_the_same_are_a_vaes(tmp_path: Path) -> None:
    layers = {"fc1": (64, 30), "fc21": (30, 4), "fc22": (30, 4), "fc3": (4, 30), "fc4": (30, 64)}
    modules = nn.ModuleDict({name: nn.Linear(*size) for name, size in layers.items()})
    torch.save(modules.state_dict(), tmp_path / "vae.pt")
    run = imported(
        tmp_path / "vae.pt", tmp_path / "run", ForeignConfig(activation="relu", output_activation="sigmoid")
    )
    assert (run.config.network.objective, run.config.network.channels) == ("vae", 1)
    x = pictures(1, 8)
    with torch.inference_mode():
        h = modules["fc1"]((x.flatten(1) + 1) / 2).relu()
        posterior = Codec.from_run(run).network.posterior(x)
        torch.testing.assert_close(posterior.mean, modules["fc21"](h), rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(posterior.log_std, modules["fc22"](h) / 2, rtol=1e-6, atol=1e-6)


def test_pythaes_network_is_what_it_was(tmp_path: Path) -> None:
    theirs = seeded(Pythae(192, 7))
    torch.save({"model_state_dict": theirs.state_dict()}, tmp_path / "model.pt")
    config = {"name": "VAEConfig", "input_dim": [3, 8, 8], "latent_dim": 7, "uses_default_encoder": True}
    (tmp_path / "model_config.json").write_text(json.dumps(config))
    run = imported(tmp_path, tmp_path / "run")  # the folder means the model in it
    assert run.config.network.objective == "vae"
    assert_same(run, theirs, pictures(side=8), 0, 1)
    (tmp_path / "decoder.pkl").write_bytes(b"never read")
    with pytest.raises(ModelError, match=r"decoder\.pkl as code"):
        look_at(tmp_path / "model.pt")


@pytest.mark.parametrize(("channels", "side"), [(1, 32), (3, 64)])
def test_disentangling_vae_is_what_it_was(channels: int, side: int, tmp_path: Path) -> None:
    theirs = seeded(Burgess(channels, side, 10))
    torch.save(theirs.state_dict(), tmp_path / "model.pt")
    specs = {"img_size": [channels, side, side], "latent_dim": 10, "model_type": "Burgess"}
    (tmp_path / "specs.json").write_text(json.dumps(specs))
    run = imported(tmp_path / "model.pt", tmp_path / "run")
    assert_same(run, theirs, pictures(channels, side), 0, 1)
    (tmp_path / "specs.json").write_text(json.dumps(specs | {"latent_dim": 12}))
    with pytest.raises(ModelError, match="other sizes"):
        look_at(tmp_path / "model.pt")


@pytest.mark.parametrize("network", ["fc", "conv"])
def test_our_own_weights_alone_become_a_run_again(network: str, tmp_path: Path) -> None:
    dataset = tiny_dataset()
    config = tiny_config(network=network, objective="vae", epochs=1)
    ours = Run.create(tmp_path / "ours", config, dataset.identity)
    for _record in train(dataset, config, ours):
        pass
    alone = tmp_path / "elsewhere.safetensors"
    alone.write_bytes((ours.path / "model.safetensors").read_bytes())
    again = imported(alone, tmp_path / "again", dataset=dataset)
    assert again.config.network == ours.config.network
    assert Codec.from_run(again).fingerprint == Codec.from_run(ours).fingerprint
    with pytest.raises(ModelError, match="checkpoint of a run"):
        look_at(ours.path / "checkpoint.safetensors")


@pytest.mark.parametrize(("order", "low", "high", "value_range"), [
    ("CHW", -1, 1, "-1..1"), ("HWC", -1, 1, "-1..1"), ("CHW", 0, 1, "0..1"), ("HWC", 0, 1, "0..1"),
    ("CHW", 0, 255, "0..255"),
])  # fmt: skip
def test_range_order_and_activations_are_found_on_pictures(
    order: str, low: float, high: float, value_range: str, tmp_path: Path
) -> None:
    """A net that was really trained with them is told by its error from all others."""
    dataset = tiny_dataset(64)
    layers = [nn.Linear(192, 24), nn.Linear(24, 6), nn.Linear(6, 24), nn.Linear(24, 192)]
    seeded(nn.ModuleList(layers))
    ends = {-1: nn.Tanh(), 0: nn.Sigmoid() if high == 1 else nn.Identity()}[int(low)]
    theirs = nn.Sequential(layers[0], nn.ReLU(), layers[1], layers[2], nn.ReLU(), layers[3], ends).train()
    x = torch.from_numpy(dataset.pictures(slice(None))).float() / 255 * (high - low) + low  # (N, H, W, C)
    x = x.flatten(1) if order == "HWC" else x.permute(0, 3, 1, 2).flatten(1)
    optimiser = torch.optim.Adam(theirs.parameters(), lr=0.02 if high > 1 else 0.005)
    for _step in range(250):
        optimiser.zero_grad()
        (theirs(x) - x).square().mean().backward()
        optimiser.step()
    names = ("encoder.0", "encoder.2", "decoder.0", "decoder.2")
    weights = {
        f"{n}.{p}": t.detach()
        for n, layer in zip(names, layers, strict=True)
        for p, t in layer.named_parameters()
    }
    torch.save(weights, tmp_path / "w.pt")
    _foreign, fit = tried(tmp_path / "w.pt", AUTO, dataset)
    assert fit.choice is not None
    assert (fit.choice.order, fit.choice.value_range) == (order, value_range)
    if high == 1:  # at 0..255 silu is nearly the same
        assert fit.choice.hidden == "relu"
    assert fit.error < fit.baseline
    assert not any("does not fit" in warning for warning in fit.warnings)
    if (order, value_range) != ("CHW", "-1..1"):
        assert any("was expected" in warning for warning in fit.warnings)
        wrong = ForeignConfig(model_range="-1..1", flatten_order="CHW")
        _foreign, forced = tried(tmp_path / "w.pt", wrong, dataset)
        assert forced.choice is not None
        assert (forced.choice.order, forced.choice.value_range) == ("CHW", "-1..1")
        assert any("fits better" in warning for warning in forced.warnings)


def test_a_model_that_fits_no_pictures_is_said_to(tmp_path: Path) -> None:
    path = save_whole(seeded(Fcn(192)), tmp_path / "x.pt")
    _foreign, fit = tried(path, AUTO, tiny_dataset())
    assert any(warning.startswith("It does not fit these pictures") for warning in fit.warnings)
    with pytest.raises(ModelError, match="reads pictures of 8×8 colour, and tiny has 10×10 colour"):
        tried(path, AUTO, tiny_dataset(height=10, width=10))


def test_an_imported_run_is_edited_and_not_trained(tmp_path: Path) -> None:
    dataset = tiny_dataset(20)
    np.save(tmp_path / "data.npy", dataset.pictures(slice(None)))
    path = save_whole(seeded(Fcn(192)), tmp_path / "x.pt")
    run, data = str(tmp_path / "run"), str(tmp_path / "data.npy")
    assert cli.main(["import", str(path), "--out", run, "--data", data]) == 0
    assert cli.main(["edit", run, "--index", "3", "--adjust", "0+2", "--out", str(tmp_path / "e.png")]) == 0
    assert cli.main(["info", run]) == 0
    assert cli.main(["info", run, "--json"]) == 0
    assert cli.main(["train", "--out", run, "--resume"]) == 2
    assert cli.main(["import", str(path), "--out", run]) == 2  # a run is there
    opened = Run.open(run)
    with pytest.raises(TrainingError, match="imported"):
        check_trainable(dataset, opened.config.train, opened, resume=True)
    with pytest.raises(RunError, match="already holds a run"):
        write_run(read_foreign(path), Fit(read_foreign(path).guess(AUTO)), run)


def test_classes_are_listed_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save_whole(seeded(Conv()), tmp_path / "x.pt", "conv_autoencoder")
    assert cli.main(["import", str(path), "--classes"]) == 0
    said = capsys.readouterr().out
    assert "__main__.conv_autoencoder" in said
    assert "torch.nn.modules.conv.ConvTranspose2d" in said
    assert "decoder.3.weight" in said
    assert cli.main(["import", str(path)]) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["x.pt"]


@pytest.mark.parametrize("name", ["course/best_model_cnn.pt", "course/best_model_cnn2.pt"])
def test_the_courses_own_files(name: str, real_data: Path, tmp_path: Path) -> None:
    faces = np.load(real_data / "faces_test.npy")[:64]
    run = imported(real_data / "checkpoints" / name, tmp_path / "run")
    assert run.config.network.latent_dim == 3072
    assert Codec.from_run(run).errors(faces).mean() < 0.01


@pytest.mark.parametrize("name", ["VAE_celeba", "btcvae_celeba", "btcvae_mnist"])
def test_disentangling_vaes_own_files(name: str, real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "checkpoints" / "disentangling-vae" / name
    specs = json.loads((folder / "specs.json").read_text())
    channels, side, _ = specs["img_size"]
    theirs = Burgess(channels, side, specs["latent_dim"])
    theirs.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    assert_same(imported(folder, tmp_path / "run"), theirs.eval(), pictures(channels, side), 0, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"conv.weight": torch.zeros(4, 3, 3, 3)}, "only of linear layers"),
        ({"a.weight": torch.zeros(5, 192)}, "no chain of linear layers"),
        ({"a.weight": torch.zeros(5, 192), "b.weight": torch.zeros(192, 6)}, "takes 6 numbers"),
        ({"a.weight": torch.zeros(5, 192), "b.weight": torch.zeros(190, 5)}, "gives back as many"),
        ({"a.weight": torch.full((5, 192), torch.nan), "b.weight": torch.zeros(192, 5)}, "not finite"),
        ({"a.weight": torch.zeros(5, 190), "b.weight": torch.zeros(190, 5)}, "no square picture"),
        ([torch.zeros(3)], "neither a state dict nor a model"),
        ({"epoch": 3, "best": 0.1}, "no state dict that is known"),
        ({}, "holds no"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(content: object, reason: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(ModelError, match=reason) as refused:
        imported(tmp_path / "x.pt", tmp_path / "run")
    assert str(refused.value).count(". ") == 0
    assert not (tmp_path / "run").exists()


def test_what_stands_around_a_model_is_seen_through(tmp_path: Path) -> None:
    inner = seeded(Fcn(192))
    assert isinstance(inner, Fcn)
    inner.add_module("loss", nn.MSELoss())
    inner.__dict__.update(place=torch.device("cpu"), sizes=[192, 32])
    inner.encoder.insert(0, nn.Dropout(0.1).eval())
    path = save_whole(inner, tmp_path / "inner.pt")
    assert_same(imported(path, tmp_path / "run"), inner, pictures(side=8))


class Tangled(nn.Module):
    """Its way through its layers is code."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(192, 5))
        self.decoder = nn.Sequential(nn.Linear(5, 192))
        self.attention = nn.Linear(5, 5)


def test_a_model_whose_way_is_code_is_refused(tmp_path: Path) -> None:
    path = save_whole(Tangled(), tmp_path / "x.pt")
    with pytest.raises(ModelError, match="a part attention, whose place"):
        read_foreign(path)


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    (tmp_path / "b.pt").write_bytes(b"not a model")
    (tmp_path / "c.pt").write_bytes(b"")
    for name in ("a.zip", "b.pt", "c.pt", "absent.pt", "."):
        with pytest.raises(ModelError):
            look_at(tmp_path / name)
