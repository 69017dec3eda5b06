"""LossPlot: the loss chart with its legend, its switches and its export, fed by the session's trainer."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QImage, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from core.atomic import write_bytes, write_text
from core.translate import tr
from gui import heavy
from gui.epoch_scrubber import EpochScrubber
from gui.icons import wear_icon
from gui.loss_curves import Along, Columns, Curve, OtherRun, View, csv_of_runs, csv_text, curves_of, has_parts
from gui.run_legend import RunLegend
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import CONTROL_PX, TEXT_PX, UNIT_PX, current_theme, theme_watch

if TYPE_CHECKING:
    from gui.loss_chart import LossChart

_REDRAW_INTERVAL_MS = 400  # a redraw holds up both threads of a training step: 5 a second took 3 % of it
_MOST_SHARE = 0.1  # of the time, at most, goes into drawing long histories
_SMOOTHING_DEFAULT = 0.9
_SMOOTHING_STEPS = 100
_EXPORT_SCALE = 2.0


class LossPlot(QWidget):
    """How the loss falls: train and validation error, or the parts of a vae's loss.

    The words of the legend are buttons that hide and show their curve. What is drawn lives in the chart.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lossPlot")
        self.setAccessibleName(tr("Loss plot"))
        self._session = session
        self._trainer = session.trainer
        self._drawn_revision = -1
        self._hidden: frozenset[str] = frozenset()
        self._had_others = False
        self._folder = Path.home()
        self._chart: LossChart | None = None
        self._timer = QTimer(self, singleShot=True, interval=_REDRAW_INTERVAL_MS)
        self._timer.timeout.connect(self._on_time_to_draw)

        self._legend = QHBoxLayout()
        self._legend.setSpacing(0)
        self._words: dict[str, QPushButton] = {}
        self.view_choice = SegmentedControl(
            [
                Choice(View.MSE.value, tr("mse"), tr("Error per pixel in training and validation")),
                Choice(View.PARTS.value, tr("parts"), tr("The loss and its parts: reconstruction and KL")),
            ],
            tr("Curves"),
            self,
        )
        self.view_choice.chosen.connect(self._on_view_chosen)
        self.view_choice.hide()
        self.log_button = _switch(tr("log"), tr("Logarithmic axis (L)"), "lossLog", "first")
        self.smooth_button = _switch(
            tr("smooth"), tr("Moving average over the raw curve (S)"), "lossSmooth", "last"
        )
        self.log_button.toggled.connect(self._on_log_toggled)
        self.smooth_button.toggled.connect(self._on_smooth_toggled)
        switches = QHBoxLayout()
        switches.setSpacing(0)
        switches.addWidget(self.log_button)
        switches.addWidget(self.smooth_button)
        self.more_button = QToolButton(self)
        self.more_button.setObjectName("lossMore")
        self.more_button.setAccessibleName(tr("More about the plot"))
        self.more_button.setToolTip(tr("Fit, follow, smoothing, export"))
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_button.setAutoRaise(True)
        self.more_button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        wear_icon(self.more_button, "more", "secondary")

        self.hint = QLabel(tr("The loss appears here as a network learns."), self)
        self.hint.setProperty("role", "caption")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._place = QGridLayout()
        self._place.addWidget(self.hint, 0, 0)

        title = QLabel(tr("Loss"), self)
        title.setProperty("role", "title")
        header = QHBoxLayout()
        header.setSpacing(UNIT_PX // 2)
        header.addWidget(title)
        header.addLayout(self._legend)
        header.addStretch(1)
        header.addWidget(self.view_choice)
        header.addSpacing(UNIT_PX // 2)
        header.addLayout(switches)
        header.addWidget(self.more_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(UNIT_PX, UNIT_PX, UNIT_PX, UNIT_PX // 2)
        layout.setSpacing(2)
        layout.addLayout(header)
        self.run_legend = RunLegend(self)
        self.run_legend.hidden_changed.connect(self._on_runs_hidden)
        self.run_legend.clear_asked.connect(session.compared.clear)
        layout.addWidget(self.run_legend)
        layout.addLayout(self._place, 1)
        self.epoch_scrubber = EpochScrubber(session, self)
        layout.addWidget(self.epoch_scrubber)

        self._make_menu()
        self._make_legend(View.MSE)
        session.loading.plot_loaded.connect(self._on_plot_loaded)
        self._trainer.records_arrived.connect(self._on_records_arrived)
        self._trainer.history_reset.connect(self._on_history_reset)
        session.compared.changed.connect(self._on_compared_changed)
        session.run_changed.connect(self._on_compared_changed)
        theme_watch().theme_changed.connect(self._on_theme_changed)
        self._on_history_reset()

    @property
    def chart(self) -> LossChart:
        """The chart, made when it is first asked for: what draws it is loaded after the first paint."""
        if self._chart is None:
            self._chart = heavy.loss_chart.LossChart(self)
            self._place.addWidget(self._chart, 0, 0)
            self.hint.raise_()
            self._chart.show()
            self._place.activate()  # now, and not with the next event: it may be drawn into a picture at once
            self._chart.range_changed.connect(self._on_range_changed)
            self._chart.view_box.menu_requested.connect(self._on_menu_requested)
            self._chart.set_others(self._others())
            self._draw()
        return self._chart

    @property
    def view(self) -> View:
        """Which curves are compared."""
        return View(self.view_choice.current)

    @property
    def smoothing(self) -> float:
        """The share of the past in each average, as the slider says."""
        return self.smoothing_slider.value() / _SMOOTHING_STEPS

    def legend_button(self, column: str) -> QPushButton:
        """The word of the legend that hides and shows the curve of a column."""
        return self._words[column]

    def _others(self) -> tuple[OtherRun, ...]:
        """The runs that are compared, without the open one, whose curves are there already."""
        own = str(self._session.run.path) if self._session.run is not None else ""
        return tuple(run for run in self._session.compared.runs if run.key != own)

    def export_csv(self, path: Path) -> None:
        """Write every column of the history, of each run where several are compared. Raises: OSError."""
        others = self._others()
        if not others:
            write_text(path, csv_text(self._trainer.history.columns()))
            return
        name = self._session.run.name if self._session.run is not None else ""
        tables: list[tuple[str, Columns]] = [(name, self._trainer.history.columns())]
        tables += [(other.name, other.columns) for other in others]
        write_text(path, csv_of_runs(tables))

    def export_png(self, path: Path) -> None:
        """Write the plot as it is seen, with its legend, at twice its size. Raises: OSError."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.picture().save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]
        write_bytes(path, bytes(buffer.data().data()))

    def picture(self) -> QImage:
        """The plot as it is seen, with its legend, at twice its size."""
        theme = current_theme()
        self.chart.read_at(None)
        head = 3 * UNIT_PX + UNIT_PX // 2
        size = self.chart.size()
        image = QImage(
            round(size.width() * _EXPORT_SCALE),
            round((size.height() + head) * _EXPORT_SCALE),
            QImage.Format.Format_RGB32,
        )
        image.setDevicePixelRatio(_EXPORT_SCALE)
        image.fill(theme.color("panel"))
        words = "&nbsp; ".join(
            f'<span style="color:{theme.color(curve.tone.value).name()}">{escape(curve.title)}</span>'
            for curve in self.chart.curves
            if curve.column not in self._hidden
        )
        run = escape(self._session.run.name) if self._session.run else ""
        hidden = self.run_legend.hidden_runs()
        run += "".join(
            f'&nbsp; <span style="color:{self.chart.colour_of(other.key).name()}">{escape(other.name)}</span>'
            for other in self._others()
            if other.key not in hidden
        )
        legend = QLabel(f"<b>{escape(tr('Loss'))}</b>&nbsp; {words}&nbsp; {run}")
        legend.setStyleSheet(f"color: {theme.text}; font-size: {TEXT_PX}px; background: {theme.panel};")
        legend.resize(size.width() - 2 * UNIT_PX, head)
        painter = QPainter(image)
        legend.render(painter, QPoint(UNIT_PX, 0))
        QWidget.render(self.chart, painter, QPoint(0, head))  # the view's own render leaves its labels out
        painter.end()
        return image

    def _make_menu(self) -> None:
        menu = QMenu(self)
        self.fit_action = _action(menu, tr("Fit everything"), "A", self._on_fit_chosen)
        self.follow_action = QAction(tr("Follow the newest step"), menu, checkable=True)
        self.follow_action.setToolTip(tr("A zoomed view moves along while training goes on"))
        self.follow_action.toggled.connect(self._on_follow_toggled)
        menu.addAction(self.follow_action)
        self.epochs_action = QAction(tr("Epochs along the axis"), menu, checkable=True)
        self.epochs_action.setToolTip(tr("Count passes over the pictures instead of steps"))
        self.epochs_action.toggled.connect(self._on_epochs_toggled)
        menu.addAction(self.epochs_action)
        menu.addSeparator()
        self.smoothing_slider = QSlider(Qt.Orientation.Horizontal)
        self.smoothing_slider.setRange(0, _SMOOTHING_STEPS - 1)
        self.smoothing_slider.setValue(round(_SMOOTHING_DEFAULT * _SMOOTHING_STEPS))
        self.smoothing_slider.setAccessibleName(tr("Smoothing"))
        self._smoothing_label = QLabel()
        self._smoothing_label.setProperty("role", "caption")
        box = QWidget(menu)
        row = QVBoxLayout(box)
        row.setContentsMargins(26, 4, 16, 4)
        row.setSpacing(2)
        row.addWidget(self._smoothing_label)
        row.addWidget(self.smoothing_slider)
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(box)
        menu.addAction(holder)
        self.smoothing_slider.valueChanged.connect(self._on_smoothing_changed)
        menu.addSeparator()
        self.png_action = _action(menu, tr("Save the plot as PNG…"), "", self.ask_png)
        self.csv_action = _action(menu, tr("Save the numbers as CSV…"), "", self.ask_csv)
        self._menu = menu
        self.more_button.setMenu(menu)
        self._name_smoothing()

    def _make_legend(self, view: View) -> None:
        for word in self._words.values():
            self._legend.removeWidget(word)
            word.hide()
            word.deleteLater()
        self._words = {}
        for curve in curves_of(view):
            word = QPushButton(curve.title, self)
            word.setCheckable(True)
            word.setChecked(curve.column not in self._hidden)
            word.setAccessibleName(tr("Show the curve {name}", name=curve.title))
            word.setToolTip(tr("Hide or show this curve"))
            word.setCursor(Qt.CursorShape.PointingHandCursor)
            word.toggled.connect(self._on_word_toggled)
            self._words[curve.column] = word
            self._legend.addWidget(word)
            self._colour_word(word, curve)

    def _colour_word(self, word: QPushButton, curve: Curve) -> None:
        theme = current_theme()
        colour = theme.color(curve.tone.value).name()
        word.setStyleSheet(
            "QPushButton { background: transparent; border: 1px solid transparent; border-radius: 4px;"
            f" padding: 1px 4px; font-size: {CONTROL_PX}px; color: {theme.disabled};"
            " text-decoration: line-through; }"
            f"QPushButton:checked {{ background: transparent; color: {colour}; text-decoration: none; }}"
            f"QPushButton:hover {{ background: {theme.hover}; }}"
            f"QPushButton:focus {{ border-color: {theme.accent}; }}"
        )

    def _draw(self) -> None:
        history = self._trainer.history
        self._drawn_revision = history.revision
        columns = history.columns()
        parts = has_parts(columns) or any(has_parts(other.columns) for other in self._others())
        self.view_choice.setVisible(parts)
        if not parts and self.view is View.PARTS:
            self.view_choice.set_current(View.MSE.value)
            self._on_view_chosen(View.MSE.value)
        self.hint.setVisible(len(history) == 0 and not self._others())
        for action in (self.png_action, self.csv_action, self.fit_action):
            action.setEnabled(not self.hint.isVisibleTo(self))
        if self._chart is not None:
            self._chart.set_columns(columns)

    def _save_as(self, name: str, kind: str, save: str) -> None:
        dialog = QFileDialog(self, tr("Save"), str(self._folder / name), kind)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix[1:])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_png_chosen if save == "png" else self._on_csv_chosen)
        dialog.open()

    def _name_smoothing(self) -> None:
        self._smoothing_label.setText(tr("Smoothing {weight}", weight=f"{self.smoothing:.2f}"))

    @Slot()
    def ask_png(self) -> None:
        """Ask where to save the plot as it stands."""
        self._save_as("loss.png", tr("PNG pictures (*.png)"), "png")

    @Slot()
    def ask_csv(self) -> None:
        """Ask where to save the numbers behind it."""
        self._save_as("loss.csv", tr("CSV tables (*.csv)"), "csv")

    @Slot(str)
    def _on_png_chosen(self, name: str) -> None:
        self._write(Path(name), self.export_png)

    @Slot(str)
    def _on_csv_chosen(self, name: str) -> None:
        self._write(Path(name), self.export_csv)

    def _write(self, path: Path, write: Callable[[Path], None]) -> None:
        self._folder = path.parent
        try:
            write(path)
        except OSError as error:
            self._session.failed.emit(
                tr("{path} cannot be written: {reason}.", path=path, reason=error.strerror)
            )
        else:
            self._session.message_posted.emit(tr("Saved {path}.", path=path))

    @Slot(list)
    def _on_records_arrived(self, _records: list[object]) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _on_time_to_draw(self) -> None:
        if self._trainer.history.revision != self._drawn_revision:
            began = time.monotonic()
            self._draw()
            spent_ms = 1000.0 * (time.monotonic() - began)
            self._timer.setInterval(max(_REDRAW_INTERVAL_MS, round(spent_ms / _MOST_SHARE)))

    @Slot()
    def _on_plot_loaded(self) -> None:
        self.chart.update()

    @Slot()
    def _on_fit_chosen(self) -> None:
        self.chart.fit()

    @Slot()
    def _on_history_reset(self) -> None:
        if self._chart is not None:
            self._chart.fit()
        self._draw()

    @Slot(str)
    def _on_view_chosen(self, view: str) -> None:
        self._make_legend(View(view))
        self.chart.set_view(View(view))

    @Slot(bool)
    def _on_log_toggled(self, on: bool) -> None:
        self.chart.set_log(on)

    @Slot(bool)
    def _on_smooth_toggled(self, on: bool) -> None:
        self.chart.set_smoothing(self.smoothing if on else 0.0)

    @Slot(int)
    def _on_smoothing_changed(self, _value: int) -> None:
        self._name_smoothing()
        self.smooth_button.setChecked(True)
        self.chart.set_smoothing(self.smoothing)

    @Slot(bool)
    def _on_word_toggled(self, _shown: bool) -> None:
        self._hidden = frozenset(column for column, word in self._words.items() if not word.isChecked())
        self.chart.set_hidden(self._hidden)

    @Slot()
    def _on_compared_changed(self) -> None:
        others = self._others()
        had, self._had_others = self._had_others, bool(others)
        self.run_legend.set_runs({other.key: other.name for other in others})
        if others and not had:
            self.epochs_action.setChecked(True)  # steps of different batches would not compare
        if others or had:
            self.chart.set_others(others)
            self.chart.set_hidden_runs(self.run_legend.hidden_runs())
        self._count_along()
        self._draw()

    @Slot()
    def _on_runs_hidden(self) -> None:
        self.chart.set_hidden_runs(self.run_legend.hidden_runs())

    @Slot(bool)
    def _on_epochs_toggled(self, _on: bool) -> None:
        self.chart.update()
        self._count_along()

    def _count_along(self) -> None:
        """Tell the chart what its axis counts, and how many pictures the open run's epoch has."""
        if self._chart is None:
            return
        pictures, run = 0, self._session.run
        if run is not None:
            pictures = run.config.data.count - round(run.config.data.count * run.config.train.val_fraction)
        along = Along.EPOCH if self.epochs_action.isChecked() else Along.STEP
        self._chart.set_along(along, pictures)

    @Slot(bool)
    def _on_follow_toggled(self, on: bool) -> None:
        self.chart.set_follows(on)

    @Slot()
    def _on_range_changed(self) -> None:
        self.follow_action.setChecked(self.chart.follows)

    @Slot(QPointF)
    def _on_menu_requested(self, place: QPointF) -> None:
        self._menu.popup(place.toPoint())

    @Slot()
    def _on_theme_changed(self) -> None:
        for curve in curves_of(self.view):
            self._colour_word(self._words[curve.column], curve)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """L and S switch the log axis and the smoothing."""
        match event.key():
            case Qt.Key.Key_L:
                self.log_button.toggle()
            case Qt.Key.Key_S:
                self.smooth_button.toggle()
            case _:
                super().keyPressEvent(event)


def _switch(text: str, tip: str, name: str, place: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setCheckable(True)
    button.setProperty("segment", True)
    button.setProperty("place", place)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setAutoDefault(False)
    return button


def _action(menu: QMenu, text: str, key: str, slot: Callable[[], object]) -> QAction:
    action = QAction(text, menu)
    if key:  # shown only: the chart takes the key itself where it has the focus
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.triggered.connect(slot)
    menu.addAction(action)
    return action
