"""State dicts whose layers stand in any order under any names: the network is the one that was saved."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.codec import Codec
from core.config import ForeignConfig
from core.errors import ModelError
from core.importing import choice_sentence, fit_of, look_at, read_foreign, trials
from core.importing.fitting import Fit
from tests.core.foreign_models import seeded
from tests.core.test_importing import imported, pictures, tried
from tests.core.tiny import tiny_dataset

WIDTHS = [192, 40, 32, 24, 16, 6]
SCHEMES = {
    "fc": [f"fc{i}" for i in range(1, 11)],
    "list": [f"layers.{i}" for i in (0, 2, 4, 6, 8, 9, 11, 13, 15, 17)],
    "parts": [f"{part}.{2 * i}" for part in ("encoder", "decoder") for i in range(5)],
    "letters": [f"{part}{i}" for part in "ed" for i in range(1, 6)],
    "code": ["enc1", "enc2", "enc3", "enc4", "code", "dec1", "dec2", "dec3", "dec4", "output"],
    "out": [*(f"encoder{i}" for i in range(1, 6)), *(f"decoder{i}" for i in range(1, 5)), "fc_out"],
    "bar": ["enc_1", "enc_2", "enc_3", "enc_4", "z_layer", "dec_1", "dec_2", "dec_3", "dec_4", "x_bar_layer"],
    "bottle": [
        *(f"encoder_{i}" for i in range(4)),
        "bottleneck",
        *(f"decoder_{i}" for i in range(4)),
        "de_o",
    ],
}


def linears(widths: list[int]) -> list[nn.Linear]:
    """The layers of an encoder of these widths, and of its mirror."""
    sizes = [*widths, *widths[-2::-1]]
    layers = nn.ModuleList([nn.Linear(*size) for size in pairwise(sizes)])
    return [layer for layer in seeded(layers).children() if isinstance(layer, nn.Linear)]


def weights_of(names: list[str], layers: list[nn.Linear]) -> dict[str, Tensor]:
    return {
        f"{name}.{part}": tensor
        for name, layer in zip(names, layers, strict=True)
        for part, tensor in layer.state_dict().items()
    }


def shuffled(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    names = list(weights)
    random.Random(1).shuffle(names)
    return {name: weights[name] for name in names}


def assert_is_chain(
    path: Path, layers: list[nn.Linear], activation: nn.Module, asked: ForeignConfig | None = None
) -> None:
    """The import of path calls layers one after the other; there is no activation after the middle one."""
    run = imported(path, path.parent / "run", asked or ForeignConfig())
    x = pictures(side=8, channels=layers[0].in_features // 64)
    with torch.inference_mode():
        h = z = x.flatten(1)
        for place, layer in enumerate(layers, start=1):
            h = layer(h)
            z = h if place == len(layers) // 2 else z
            h = h if place in (len(layers) // 2, len(layers)) else activation(h)
        ours = Codec.from_run(run).network(x)
    torch.testing.assert_close(ours.z, z, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ours.recon.flatten(1), h.tanh(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("order", ["made", "sorted", "shuffled"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_names_in_any_order_are_the_network(scheme: str, order: str, tmp_path: Path) -> None:
    layers = linears(WIDTHS)
    weights = weights_of(SCHEMES[scheme], layers)
    path = tmp_path / "w.pt"
    if order == "sorted":
        path = tmp_path / "w.safetensors"
        save_file(weights, path)  # which sorts names by their letters
    else:
        torch.save(shuffled(weights) if order == "shuffled" else weights, path)
    assert_is_chain(path, layers, nn.LeakyReLU(0.1))


def test_where_all_sizes_are_the_same_the_numbers_tell(tmp_path: Path) -> None:
    layers = linears([64] * 7)
    torch.save(shuffled(weights_of([f"fc{i}" for i in range(1, 13)], layers)), tmp_path / "w.pt")
    assert_is_chain(tmp_path / "w.pt", layers, nn.LeakyReLU(0.1))


@pytest.mark.parametrize("widths", [[192, 64, 8, 8], [192, 32, 64]])
def test_the_code_is_in_the_middle_of_sizes_that_mirror(widths: list[int], tmp_path: Path) -> None:
    layers = linears(widths)
    torch.save(weights_of([f"fc{i}" for i in range(1, len(layers) + 1)], layers), tmp_path / "w.pt")
    assert_is_chain(tmp_path / "w.pt", layers, nn.LeakyReLU(0.1))


def test_a_vae_whose_numbers_are_no_order(tmp_path: Path) -> None:
    sizes = {"fc1": (64, 30), "fc21": (30, 4), "fc22": (30, 4), "fc3": (4, 20), "fc4": (20, 64)}
    modules = nn.ModuleDict({name: nn.Linear(*size) for name, size in sizes.items()})
    for weights in (modules.state_dict(), shuffled(dict(modules.state_dict()))):
        torch.save(weights, tmp_path / "w.pt")
        foreign = look_at(tmp_path / "w.pt")
        assert foreign.draft is not None
        assert [len(foreign.draft.encoder), len(foreign.draft.mean), len(foreign.draft.spread)] == [2, 1, 1]
        assert "64-30-4-4-20-64" in foreign.kind
    assert any("as their sizes fit" in note for note in foreign.notes)


def test_normalisations_are_put_behind_their_layers(tmp_path: Path) -> None:
    layers = linears([192, 40, 40, 6])
    norms = [nn.BatchNorm1d(40) for _ in range(2)]
    weights = weights_of([f"fc{i}" for i in range(1, 7)], layers) | {
        f"bn{number}.{name}": tensor
        for number, norm in enumerate(norms, start=1)
        for name, tensor in norm.state_dict().items()
    }
    save_file(weights, tmp_path / "w.safetensors")
    draft = read_foreign(tmp_path / "w.safetensors").draft
    assert draft is not None
    kinds = [piece.is_open or piece.layer.kind for piece in draft.encoder]
    assert kinds == ["Linear", "BatchNorm1d", "hidden"] * 2 + ["Linear"]


def test_a_normalised_mean_is_refused(tmp_path: Path) -> None:
    sizes = {"enc": (64, 30), "mu": (30, 4), "var": (30, 4), "dec": (4, 64)}
    modules: dict[str, nn.Module] = {name: nn.Linear(*size) for name, size in sizes.items()}
    weights = nn.ModuleDict(modules).state_dict()
    norm = {f"mu_norm.{name}": tensor for name, tensor in nn.BatchNorm1d(4).state_dict().items()}
    torch.save({**weights, **norm}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="normalises its mean"):
        look_at(tmp_path / "w.pt")


@pytest.mark.parametrize("names", [
    [f"layers.{i}" for i in range(10)],
    [f"{part}.{i}" for part in ("encoder", "decoder") for i in range(5)],
])  # fmt: skip
def test_a_list_without_gaps_has_its_activations_in_code(names: list[str], tmp_path: Path) -> None:
    layers = linears(WIDTHS)
    torch.save(weights_of(names, layers), tmp_path / "w.pt")
    foreign = look_at(tmp_path / "w.pt")
    assert any("numbered one after the other" in note for note in foreign.notes)
    assert_is_chain(tmp_path / "w.pt", layers, nn.ReLU(), ForeignConfig(activation="relu"))


def test_an_activation_without_a_place_is_refused_and_not_said(tmp_path: Path) -> None:
    layers = linears([192, 7])
    torch.save(weights_of(["encoder.0", "decoder.0"], layers), tmp_path / "w.pt")
    foreign, fit = tried(tmp_path / "w.pt")
    assert choice_sentence(foreign, fit).endswith("-1..1, CHW, tanh at the end.")
    with pytest.raises(ModelError, match="do not ask for relu"):
        foreign.guess(ForeignConfig(activation="relu"))
    dataset = tiny_dataset()
    found = list(trials(foreign, ForeignConfig(), dataset))
    assert len({trial.choice for trial in found}) == len(found) == 18  # ranges, orders, ends
    assert isinstance(fit_of(foreign, ForeignConfig(), dataset, found), Fit)
