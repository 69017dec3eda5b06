"""The form made from a settings model: every setting is there, its values are exact, wrong ones are said."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.config import ImportConfig, TrainConfig, settings_of
from core.errors import ConfigError
from gui.settings_form import ChoiceField, NumberField, SettingsForm


@pytest.fixture
def form(qtbot: QtBot) -> Iterator[SettingsForm[TrainConfig]]:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.show()
    yield SettingsForm(TrainConfig, holder)
    holder.close()


def _type(qtbot: QtBot, field: QWidget, text: str) -> None:
    assert isinstance(field, NumberField)
    field.selectAll()
    qtbot.keyClicks(field, text)


def test_every_setting_has_a_field_with_its_sentence_and_its_default(form: SettingsForm[TrainConfig]) -> None:
    assert list(form.fields) == [
        setting.name for setting in settings_of(TrainConfig) if not setting.advanced
    ] + [setting.name for setting in settings_of(TrainConfig) if setting.advanced]
    for setting in settings_of(TrainConfig):
        field = form.fields[setting.name]
        assert setting.description in field.toolTip()
        assert field.accessibleName() == setting.title
        assert field.parent() is (form.advanced if setting.advanced else form.basic)
    assert form.value() == TrainConfig()


def test_typed_and_chosen_values_yield_exactly_those_settings(
    form: SettingsForm[TrainConfig], qtbot: QtBot
) -> None:
    network = form.fields["network"]
    network.setFocus()
    qtbot.keyClick(network, Qt.Key.Key_Down)
    _type(qtbot, form.fields["latent_dim"], "10")
    _type(qtbot, form.fields["learning_rate"], "3e-4")
    form.set_values({"objective": "vae"})  # an ae has no beta to type
    _type(qtbot, form.fields["beta"], "0.5")
    expected = TrainConfig(network="conv", objective="vae", latent_dim=10, learning_rate=3e-4, beta=0.5)
    assert form.value() == expected


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("epochs", "0", "Epochs must be a whole number from 1 to 100,000."),
        ("epochs", "1.5", "Epochs must be a whole number from 1 to 100,000."),
        ("epochs", "many", "Epochs must be a whole number from 1 to 100,000."),
        ("learning_rate", "0", "Learning rate must be a number above 0, up to 1."),
        ("learning_rate", "nan", "Learning rate must be a number from 0 to 1."),
        ("beta", "1001", "Beta must be a number from 0 to 1,000."),
    ],
)
def test_what_is_out_of_range_is_marked_and_refused_in_a_sentence(
    form: SettingsForm[TrainConfig], qtbot: QtBot, name: str, text: str, sentence: str
) -> None:
    form.set_values({"objective": "vae"})
    with qtbot.waitSignal(form.edited):
        _type(qtbot, form.fields[name], text)
    assert form.problem() == sentence
    assert form.fields[name].property("wrong") is True
    assert form.fields[name].toolTip() == sentence
    assert form.wrong_field() is form.fields[name]
    with pytest.raises(ConfigError, match="must be"):
        form.value()


def test_up_and_down_step_within_the_bounds(form: SettingsForm[TrainConfig], qtbot: QtBot) -> None:
    epochs, rate = form.fields["epochs"], form.fields["learning_rate"]
    qtbot.keyClick(epochs, Qt.Key.Key_Up)
    qtbot.keyClick(epochs, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert epochs.value() == 31
    for _ in range(9):
        qtbot.keyClick(epochs, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert epochs.value() == 1
    steps = []
    for _ in range(3):
        qtbot.keyClick(rate, Qt.Key.Key_Down)
        steps.append(rate.value())
    assert steps == pytest.approx([2e-4, 1e-4, 5e-5])


def test_setting_values_sends_nothing_and_defaults_come_back(
    form: SettingsForm[TrainConfig], qtbot: QtBot
) -> None:
    other = TrainConfig(
        objective="vae", seed=7, beta=4.0, device="cpu", precision="float32", checkpoint_interval_s=5
    )
    with qtbot.assertNotEmitted(form.edited):
        form.set_value(other)
    assert form.value() == other
    form.reset_advanced()
    assert form.value() == TrainConfig(objective="vae")


def _choose(form: SettingsForm[TrainConfig], objective: str) -> None:
    field = form.fields["objective"]
    assert isinstance(field, ChoiceField)
    field.setCurrentIndex(field.findData(objective))


def test_what_an_objective_does_not_use_cannot_be_changed(form: SettingsForm[TrainConfig]) -> None:
    used = {
        "ae": set(),
        "denoising-ae": {"noise_std"},
        "vae": {"beta", "kl_warmup_epochs"},
        "mmd-vae": {"beta", "kl_warmup_epochs"},
    }
    for objective, expected in used.items():
        _choose(form, objective)
        fields = ("beta", "kl_warmup_epochs", "noise_std")
        assert {name for name in fields if form.fields[name].isEnabled()} == expected
        assert form.fields["reconstruction"].isEnabled()
    form.set_enabled(False)
    _choose(form, "denoising-ae")
    assert not form.fields["noise_std"].isEnabled()
    form.set_enabled(True)
    assert form.fields["noise_std"].isEnabled()


def test_learning_rate_follows_the_network_until_a_person_changes_it(
    form: SettingsForm[TrainConfig], qtbot: QtBot
) -> None:
    rate, network = form.fields["learning_rate"], form.fields["network"]
    assert isinstance(network, ChoiceField)
    assert rate.value() == TrainConfig().learning_rate == 3e-4
    for name, expected in (("conv", 1e-3), ("fc", 3e-4), ("conv", 1e-3)):
        network.setCurrentIndex(network.findData(name))
        assert rate.value() == expected
        assert form.value() == TrainConfig.model_validate({"network": name})
    _type(qtbot, rate, "0.002")
    network.setCurrentIndex(network.findData("fc"))
    assert rate.value() == 2e-3
    _type(qtbot, rate, "0.001")  # which conv has by default
    for name in ("conv", "fc"):
        network.setCurrentIndex(network.findData(name))
        assert rate.value() == 1e-3
    form.set_values({"learning_rate": 3e-4})
    form.set_values({"network": "conv", "objective": "beta-vae"})
    assert form.value() == TrainConfig.model_validate({"network": "conv", "objective": "beta-vae"})
    form.set_values({"network": "fc", "learning_rate": 1e-3})
    network.setCurrentIndex(network.findData("conv"))
    network.setCurrentIndex(network.findData("fc"))
    assert rate.value() == 1e-3


def test_beta_follows_the_objective_until_a_person_changes_it(
    form: SettingsForm[TrainConfig], qtbot: QtBot
) -> None:
    beta = form.fields["beta"]
    for objective, expected in (("beta-vae", 4.0), ("beta-tcvae", 6.0), ("vae", 1.0), ("mmd-vae", 1000.0)):
        _choose(form, objective)
        assert beta.value() == expected
        assert form.value() == TrainConfig.model_validate({"objective": objective})
    _type(qtbot, beta, "30")
    _choose(form, "beta-vae")
    assert beta.value() == 30.0
    form.reset_advanced()
    assert beta.value() == 4.0
    _type(qtbot, beta, "5000")
    _choose(form, "ae")  # where nobody could mend it
    assert form.problem() == ""
    form.set_value(TrainConfig(objective="vae", beta=7.0))
    assert beta.value() == 7.0


def test_any_settings_model_makes_a_form(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    form = SettingsForm(ImportConfig, holder)
    policy = ImportConfig(size=96, fit="pad", colour="grey", layout="NCHW", value_range="0..1")
    form.set_value(policy)
    assert form.value() == policy
