"""RunLegend: the names of the runs drawn beside the open one, in rows as wide as there is room."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QToolButton, QWidget

from core.translate import tr
from gui.icons import wear_icon
from gui.plain import plain_tip
from gui.theme import CONTROL_PX, current_theme, run_colour, theme_watch, ui_font

_ROW_PX = 21
_MOST_PX = 150  # of a name; longer ones are shortened in their middle
_GAP_PX = 4


class RunLegend(QWidget):
    """A word a run that hides and shows its curves, and a button that takes all of them away.

    Signals:
        hidden_changed(): other runs are hidden.
        clear_asked(): the person wants the open run alone.
    """

    hidden_changed = Signal()
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runLegend")
        self.setAccessibleName(tr("Runs that are compared"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._words: dict[str, QPushButton] = {}
        self.clear_button = QToolButton(self)
        self.clear_button.setObjectName("clearCompared")
        self.clear_button.setAccessibleName(tr("Show the open run alone"))
        self.clear_button.setToolTip(tr("Show the open run alone"))
        self.clear_button.setAutoRaise(True)
        self.clear_button.setFixedSize(_ROW_PX, _ROW_PX)
        wear_icon(self.clear_button, "close", "secondary")
        self.clear_button.clicked.connect(self.clear_asked)
        theme_watch().theme_changed.connect(self._on_theme_changed)
        self.hide()

    def word(self, key: str) -> QPushButton:
        """The word of a run."""
        return self._words[key]

    def hidden_runs(self) -> frozenset[str]:
        """The keys of the runs that are not to be drawn."""
        return frozenset(key for key, word in self._words.items() if not word.isChecked())

    def set_runs(self, names: dict[str, str]) -> None:
        """Show these names by their keys, in their order; those that were hidden stay so."""
        hidden = self.hidden_runs()
        for word in self._words.values():
            word.hide()
            word.deleteLater()
        self._words = {}
        metrics = QFontMetrics(ui_font(CONTROL_PX))
        for key, name in names.items():
            word = QPushButton(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _MOST_PX), self)
            word.setObjectName("comparedRun")
            word.setCheckable(True)
            word.setChecked(key not in hidden)
            word.setAccessibleName(tr("Show the run {name}", name=name))
            word.setToolTip(plain_tip(f"{tr('Hide or show this run')}\n{key}"))
            word.setCursor(Qt.CursorShape.PointingHandCursor)
            word.toggled.connect(self.hidden_changed)
            word.show()
            self._words[key] = word
        self._on_theme_changed()
        self.setVisible(bool(names))
        self._arrange()

    def sizeHint(self) -> QSize:
        """As many rows as the names need at the present width."""
        return QSize(200, self._rows() * _ROW_PX)

    def minimumSizeHint(self) -> QSize:
        """No narrower than one name."""
        return QSize(_MOST_PX // 2, self._rows() * _ROW_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the rows anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _rows(self) -> int:
        return self._place(lambda _widget, _x, _row: None)

    def _arrange(self) -> None:
        self._place(lambda widget, x, row: widget.move(x, row * _ROW_PX))
        if self.maximumHeight() != self._rows() * _ROW_PX:
            self.setFixedHeight(max(1, self._rows()) * _ROW_PX)

    def _place(self, put: Callable[[QWidget, int, int], None]) -> int:
        """Go through all in their order, with the place of each; how many rows there are."""
        x = row = 0
        widgets: list[QWidget] = [*self._words.values(), self.clear_button]
        for widget in widgets:
            size = widget.sizeHint() if widget is not self.clear_button else widget.size()
            width = min(size.width(), max(self.width(), 40))
            if x and x + width > self.width():
                x, row = 0, row + 1
            if widget is not self.clear_button:
                widget.resize(width, _ROW_PX)
            put(widget, x, row)
            x += width + _GAP_PX
        return row + 1

    @Slot()
    def _on_theme_changed(self) -> None:
        theme = current_theme()
        for place, word in enumerate(self._words.values()):
            word.setStyleSheet(
                "QPushButton { background: transparent; border: 1px solid transparent; border-radius: 4px;"
                f" padding: 0px 4px; font-size: {CONTROL_PX}px; color: {theme.disabled};"
                " text-decoration: line-through; }"
                f"QPushButton:checked {{ color: {run_colour(theme, place).name()}; text-decoration: none; }}"
                f"QPushButton:hover {{ background: {theme.hover}; }}"
                f"QPushButton:focus {{ border-color: {theme.accent}; }}"
            )
