"""A form made from a settings model: a field for each setting, its sentence as tooltip, its bounds kept.

There is no second list of settings here: core.config.settings_of is the only one.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

from core.config import Setting, Settings, checked, settings_of
from core.errors import ConfigError
from core.translate import tr
from gui.style import set_look
from gui.theme import UNIT_PX

S = TypeVar("S", bound=Settings)

_FIELD_MIN_PX = 54
_AROUND_CHOICE_PX = 34  # the frame, and the arrow at the right


class SettingsForm(QObject, Generic[S]):
    """The fields of a settings model in two widgets, basic and advanced, for the owner to place.

    Where there is an objective, what it does not use cannot be changed. What has a default of its own for an
    objective or a network takes that with them, unless it was given another value.

    Signals:
        edited(): a person changed a field; problem() and value() say what came of it.
    """

    edited = Signal()

    def __init__(self, model: type[S], parent: QWidget, columns: int = 1) -> None:
        super().__init__(parent)
        self._model = model
        self._settings = {setting.name: setting for setting in settings_of(model)}
        self.fields: dict[str, ChoiceField | NumberField] = {}
        self._labels: dict[str, QLabel] = {}
        self._given: set[str] = set()  # settings that are not what they are by default, and stay
        self._is_enabled = True
        self.basic = QWidget(parent)
        self.advanced = QWidget(parent)
        for widget, advanced, across in ((self.basic, False, columns), (self.advanced, True, 1)):
            settings = [setting for setting in self._settings.values() if setting.advanced == advanced]
            self._fill(widget, settings, across)
        self.advanced.setVisible(False)
        self._chosen = self._choice()
        self._show_what_is_used()

    def value(self) -> S:
        """The settings as they stand. Raises: ConfigError with the sentence on the first wrong field."""
        return checked(self._model, {name: field.value() for name, field in self.fields.items()})

    def problem(self) -> str:
        """The sentence on the first wrong field, empty where there is none."""
        try:
            self.value()
        except ConfigError as error:
            return str(error)
        return ""

    def wrong_field(self) -> QWidget | None:
        """The first field whose text is refused."""
        return next((field for field in self.fields.values() if field.problem()), None)

    def set_value(self, settings: S) -> None:
        """Show settings; edited is not sent."""
        self.set_values(settings.model_dump())

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show some settings by name, and what follows from them; edited is not sent."""
        for name, value in values.items():
            self._put(name, value)
        self._given -= values.keys()
        self._follow_choice(apart_from=values)
        for name in values:
            self._note(name)

    @Slot()
    def reset_advanced(self) -> None:
        """Put the advanced settings back to what they are by default."""
        chosen = self._choice()
        defaults = {n: s.default_for(chosen) for n, s in self._settings.items() if s.advanced}
        self.set_values(defaults)
        self.edited.emit()

    def set_enabled(self, enabled: bool) -> None:
        """Let a person change the fields, or only read them."""
        self._is_enabled = enabled
        self._show_what_is_used()

    def _choice(self) -> tuple[str, str]:
        """The network and the objective, or nothing where the model has none."""
        network, objective = (
            str(self.fields[name].value()) if name in self.fields else "" for name in ("network", "objective")
        )
        return network, objective

    def _show_what_is_used(self) -> None:
        for name, setting in self._settings.items():
            is_used = setting.is_used_by(self._chosen[1])
            self.fields[name].setEnabled(self._is_enabled and is_used)
            self._labels[name].setEnabled(is_used)

    def _put(self, name: str, value: object) -> None:
        """Show a value; nobody is told."""
        field = self.fields[name]
        blocked = field.blockSignals(True)
        field.set_value(value)
        field.blockSignals(blocked)

    def _note(self, name: str) -> None:
        """Whether a setting that was just shown or edited is to stay with another network or objective."""
        setting, field = self._settings[name], self.fields[name]
        if field.problem() or field.value() != setting.default_for(self._chosen):
            self._given.add(name)
        else:
            self._given.discard(name)

    def _follow_choice(self, apart_from: Collection[str] = ()) -> None:
        """Take over the defaults of another network or objective, apart from what has a value of its own."""
        before, self._chosen = self._chosen, self._choice()
        for name, setting in self._settings.items():
            if before == self._chosen or name in apart_from:
                continue
            becomes = setting.default_for(self._chosen)
            # What is wrong could not be mended where it is not used any more.
            is_stuck = bool(self.fields[name].problem()) and not setting.is_used_by(self._chosen[1])
            if is_stuck or (name not in self._given and setting.default_for(before) != becomes):
                self._put(name, becomes)
                self._given.discard(name)
        self._show_what_is_used()

    def _fill(self, widget: QWidget, settings: list[Setting], columns: int) -> None:
        grid = QGridLayout(widget)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(UNIT_PX - 2)
        grid.setVerticalSpacing(UNIT_PX // 2)
        for place, setting in enumerate(settings):
            row, column = divmod(place, columns)
            field = ChoiceField(setting) if setting.choices else NumberField(setting, self._model)
            field.setParent(widget)
            label = QLabel(tr(setting.title), widget)
            label.setProperty("role", "caption")
            label.setToolTip(field.toolTip())
            label.setBuddy(field)
            field.changed.connect(self._on_field_changed)
            self.fields[setting.name] = field
            self._labels[setting.name] = label
            grid.addWidget(label, row, 2 * column)
            grid.addWidget(field, row, 2 * column + 1)
            grid.setColumnStretch(2 * column + 1, 1)

    @Slot()
    def _on_field_changed(self) -> None:
        self._follow_choice()
        changed = self.sender()
        for name in [name for name, field in self.fields.items() if field is changed]:
            self._note(name)
        self.edited.emit()


class ChoiceField(QComboBox):
    """One of a few words.

    Signals:
        changed(): another one was chosen.
    """

    changed = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        _name(self, setting)
        for choice in setting.choices:
            self.addItem(choice, choice)
        self.set_value(setting.default)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(2)
        longest = max(self.fontMetrics().horizontalAdvance(choice) for choice in setting.choices)
        self.setMinimumWidth(max(_FIELD_MIN_PX, longest + _AROUND_CHOICE_PX))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.currentIndexChanged.connect(self._on_index_changed)

    def value(self) -> str:
        """The chosen word."""
        return str(self.currentData())

    def set_value(self, value: object) -> None:
        """Choose a word."""
        self.setCurrentIndex(max(self.findData(value), 0))

    def problem(self) -> str:
        """Always empty: what cannot be chosen cannot be wrong."""
        return ""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel that passes over a form must not change it."""
        event.ignore()

    @Slot(int)
    def _on_index_changed(self, _index: int) -> None:
        self.changed.emit()


class NumberField(QLineEdit):
    """A number within bounds, typed freely; up and down step it. What is out of bounds is marked and said.

    Signals:
        changed(): its text is another.
    """

    changed = Signal()

    def __init__(self, setting: Setting, model: type[Settings]) -> None:
        super().__init__()
        self._setting = setting
        self._model = model
        self._whole = isinstance(setting.default, int)
        _name(self, setting)
        self.setMinimumWidth(_FIELD_MIN_PX)
        self.set_value(setting.default)
        self.textChanged.connect(self._on_text_changed)

    def value(self) -> object:
        """The number. Raises: ConfigError for what is none or out of bounds."""
        if problem := self.problem():
            raise ConfigError(problem)
        return self._number()

    def set_value(self, value: Any) -> None:
        """Show a number in its shortest form."""
        self.setText(str(value) if self._whole else f"{float(value):.10g}")
        self.setCursorPosition(0)
        self._mark()

    def problem(self) -> str:
        """The sentence on what is typed, empty where it is fine."""
        number, setting = self._number(), self._setting
        low, high = setting.minimum, setting.maximum
        if (
            number is not None
            and (low is None or number >= low)
            and (high is None or number <= high)
            and not self._refused_by_model(number)
        ):
            return ""
        values = {"title": tr(setting.title), "low": _plain(low), "high": _plain(high)}
        if self._whole:
            return tr("{title} must be a whole number from {low} to {high}.", **values)
        if low is not None and number == low:
            return tr("{title} must be a number above {low}, up to {high}.", **values)
        return tr("{title} must be a number from {low} to {high}.", **values)

    def sizeHint(self) -> QSize:
        """Room for six figures; a layout may give more."""
        return QSize(_FIELD_MIN_PX + 20, super().sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down step: a whole number by 1 (Shift: 10), another along 1, 2, 5, 10."""
        direction = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        number = self._number()
        if direction is None or number is None:
            super().keyPressEvent(event)
            return
        number = self._within(number)
        fast = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        stepped = number + direction * (10 if fast else 1) if self._whole else _next_round(number, direction)
        stepped = self._within(stepped)
        self.set_value(int(stepped) if self._whole else stepped)

    def _number(self) -> float | int | None:
        text = self.text().strip().replace("−", "-")
        try:
            number = int(text) if self._whole else float(text)
        except ValueError:
            return None
        return number if isinstance(number, int) or math.isfinite(number) else None

    def _within(self, number: float) -> float:
        """The number, or the bound that it is beyond."""
        low = -math.inf if self._setting.minimum is None else self._setting.minimum
        high = math.inf if self._setting.maximum is None else self._setting.maximum
        return min(max(number, low), high)

    def _refused_by_model(self, number: float) -> bool:
        """Whether the model refuses what the bounds allow, as it does 0 for a learning rate."""
        try:
            checked(self._model, {self._setting.name: number})
        except ConfigError:
            return True
        return False

    def _mark(self) -> None:
        problem = self.problem()
        set_look(self, "wrong", bool(problem))
        self.setToolTip(problem or _tip(self._setting))

    @Slot(str)
    def _on_text_changed(self, _text: str) -> None:
        self._mark()
        self.changed.emit()


def _name(field: QWidget, setting: Setting) -> None:
    field.setObjectName(f"setting-{setting.name}")
    field.setAccessibleName(tr(setting.title))
    field.setAccessibleDescription(tr(setting.description))
    field.setToolTip(_tip(setting))


def _tip(setting: Setting) -> str:
    sentence = tr(setting.description)
    if setting.choices or setting.minimum is None or setting.maximum is None:
        return sentence
    bounds = tr("{low} to {high}", low=_plain(setting.minimum), high=_plain(setting.maximum))
    unit = f" {tr(setting.unit)}" if setting.unit else ""
    return f"{sentence}\n{bounds}{unit}"


def _plain(bound: float | None) -> str:
    return "" if bound is None else f"{bound:,.10g}"


def _next_round(number: float, direction: int) -> float:
    """The next of … 0.1, 0.2, 0.5, 1, 2, 5 … above or below a number; 0 stays where there is no next."""
    if number <= 0.0:
        return 0.1 if direction > 0 else 0.0
    power = math.floor(math.log10(number))
    ladder = [lead * 10.0**exponent for exponent in range(power - 1, power + 2) for lead in (1, 2, 5)]
    if direction > 0:
        return next(step for step in ladder if step > number * 1.0000001)
    return max(step for step in ladder if step < number * 0.9999999)
