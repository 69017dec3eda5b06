"""Whole models with more than their layers tell: what would become another network is refused or said."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.config import ForeignConfig
from core.errors import ModelError
from core.importing import Foreign, classes_text, look_at, read_foreign
from tests.core.foreign_models import Fcn, save_whole, seeded
from tests.core.test_importing import assert_same, imported, pictures


class Part(nn.Module):
    """Somebody's class around one Sequential."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x) + x


def saved(path: Path, encoder: list[nn.Module], decoder: list[nn.Module]) -> Path:
    """A whole model of these layers."""
    model = Fcn(192)
    model.encoder, model.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)
    return save_whole(model, path)


@pytest.fixture(autouse=True)
def _class_of_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Part is one of the script that saved the file."""
    monkeypatch.setattr(Part, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Part", Part, raising=False)


def test_a_class_within_the_layers_is_refused(tmp_path: Path) -> None:
    residual = Part(nn.Linear(32, 32), nn.ReLU())
    path = saved(tmp_path / "x.pt", [nn.Linear(192, 32), residual, nn.Linear(32, 3)], [nn.Linear(3, 192)])
    with pytest.raises(ModelError, match=r"encoder\.1 is a Part, whose way"):
        look_at(path)


def test_a_class_around_a_part_is_said(tmp_path: Path) -> None:
    model = Fcn(192)
    model.add_module("encoder", Part(nn.Linear(192, 3)))
    foreign = look_at(save_whole(model, tmp_path / "x.pt"))
    assert any("forward() of Part, its encoder, is code that is not read" in note for note in foreign.notes)
    assert not look_at(save_whole(Fcn(192), tmp_path / "y.pt")).notes
    model.encoder.register_parameter("scale", nn.Parameter(torch.ones(1)))
    with pytest.raises(ModelError, match="numbers of its own, scale"):
        look_at(save_whole(model, tmp_path / "z.pt"))


def hook(_module: nn.Module, _given: object, y: Tensor) -> Tensor:
    """Changes what a layer gives."""
    return y * 2


@pytest.mark.parametrize("which", ["register_forward_hook", "register_forward_pre_hook"])
@pytest.mark.parametrize("where", ["encoder.0", "decoder", ""])
def test_a_hook_is_refused(which: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "hook", hook, raising=False)
    model = Fcn(192)
    getattr(model.get_submodule(where), which)(hook)
    path = save_whole(model, tmp_path / "x.pt")
    for reader in (look_at, read_foreign):
        with pytest.raises(ModelError, match=f"part {where or 'theirs'} has a hook"):
            reader(path)


def test_a_norm_without_a_bias_is_what_it_was(tmp_path: Path) -> None:
    model = Fcn(192)
    model.encoder.insert(1, nn.LayerNorm(32, bias=False))
    theirs = seeded(model)
    assert_same(imported(save_whole(theirs, tmp_path / "x.pt"), tmp_path / "run"), theirs, pictures(side=8))


def test_activations_that_a_file_tells_cannot_be_asked_for(tmp_path: Path) -> None:
    foreign = look_at(save_whole(Fcn(192), tmp_path / "x.pt"))
    for asked in (ForeignConfig(activation="relu"), ForeignConfig(output_activation="sigmoid")):
        with pytest.raises(ModelError, match="do not ask for"):
            foreign.guess(asked)


def test_a_decoder_without_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="its part decoder has no layers"):
        look_at(saved(tmp_path / "x.pt", [nn.Linear(192, 5)], []))


def _linear(value: object) -> nn.Module:
    layer = nn.Linear(192, 5)
    layer.__dict__["in_features"] = value
    return layer


def _without() -> nn.Module:
    layer = nn.Linear(192, 5)
    del layer.__dict__["in_features"]
    return layer


def _conv(**options: object) -> nn.Module:
    layer = nn.Conv2d(3, 3, 3, padding=1)
    layer.__dict__.update(options)
    return layer


def _group() -> nn.Module:
    layer = nn.GroupNorm(3, 3)
    layer.num_groups = 0
    return layer


ODD: list[Callable[[], nn.Module]] = [
    *(lambda value=value: _linear(value) for value in (-5, 0, 3.5, None, True, "12", (3, 3))),
    *(lambda value=value: _conv(in_channels=value) for value in (-3, 0, 3.5, None, True, "abc", (3, 3))),
    lambda: _conv(stride=(0, 0)), lambda: _conv(kernel_size=()), lambda: _conv(dilation=(1, 0)),
    _without, _group, lambda: nn.PixelShuffle(0), lambda: nn.PixelUnshuffle(0), lambda: nn.MaxPool2d(2, 0),
]  # fmt: skip


@pytest.mark.parametrize("made", ODD)
def test_settings_that_no_layer_has_are_refused(made: Callable[[], nn.Module], tmp_path: Path) -> None:
    path = saved(tmp_path / "x.pt", [made()], [nn.Linear(5, 192)])
    with pytest.raises(ModelError, match=r"of range|without its|cannot be imported") as error:
        read_foreign(path).guess(ForeignConfig())
    assert "Value error" not in str(error.value)


def test_classes_are_shown_harmlessly(tmp_path: Path) -> None:
    said = classes_text("a\nb", ("__main__.\x1b[2Jevil", "__main__.\u202e" + "x" * 10_000))
    assert said.count("\n") == 2
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert len(said) < 400
    assert isinstance(look_at(save_whole(Fcn(192), tmp_path / "x.pt")), Foreign)
