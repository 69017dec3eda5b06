"""The map panel: all codes on a plane, what colours them, lasso and path, and where the edited code lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, QSize, QTimer, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.translate import tr
from gui.atlas import DIAL, ERROR, LABEL, PCA, PLAIN, TSNE, Atlas
from gui.elided_label import ElidedLabel
from gui.fit_label import FitLabel
from gui.icon_button import icon_button
from gui.kept_strip import plain
from gui.map_legend import MapLegend
from gui.map_path import MapPathBar
from gui.map_view import MapView, Tool
from gui.nearest_row import NearestRow
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import theme_watch

if TYPE_CHECKING:
    from core.encoding import EncodeProgress

FROM_EDIT_PX = 14  # a path that begins so near to the edited code begins with it
WIDE_PX = 270  # from here on the two lists stand side by side
LOOK_MS = 60  # a panel that is laid out anew is shown and hidden more than once


class MapPanel(QWidget):
    """Draws the session's codes while it is visible; hidden, it asks for nothing."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mapPanel")
        self.setAccessibleName(tr("Map"))
        self.setMinimumWidth(212)
        self._session = session
        self._rows_of = np.empty(0, np.int64)  # the map's row of each picture, -1 for none
        self._lassoed: NDArray[np.int64] | None = None  # pictures
        self._asked_every: object = None
        self._is_seen = False
        self.atlas = Atlas(session, self)

        self.count = FitLabel("secondary")
        self.method = self._combo("mapMethod", tr("How codes are placed"))
        self.method.addItem(tr("PCA"), PCA)
        self.method.addItem(tr("t-SNE"), TSNE)
        self.method.setToolTip(
            tr("PCA: the two directions in which codes differ most.\nt-SNE: neighbours stay neighbours.")
        )
        self.colour = self._combo("mapColour", tr("What colours the dots"))
        self.tools = SegmentedControl(
            (
                Choice(
                    Tool.SELECT.value,
                    tr("Pick"),
                    tr("Drag moves the map, a click selects"),
                ),
                Choice(Tool.LASSO.value, tr("Lasso"), tr("Draw round dots: they become a group")),
                Choice(Tool.PATH.value, tr("Path"), tr("Draw a line: a strip of pictures along it")),
            ),
            tr("What dragging on the map does"),
        )
        self.whole = icon_button("mapFit", "reset", tr("Show the whole map (0, or a double click)"))
        self.view = MapView()
        self.legend = MapLegend()
        self.path = MapPathBar(session)
        self.nearest = NearestRow(session)
        self.lasso_bar, self.lasso_count = QWidget(), FitLabel("caption")
        self.group_a = self._button("mapGroupA", tr("A"), tr("Make these pictures group A"))
        self.group_b = self._button("mapGroupB", tr("B"), tr("Make these pictures group B"))
        self.lasso_away = icon_button("mapLassoClear", "close", tr("Take the lasso away"))
        self.busy, self.busy_text = QWidget(), ElidedLabel()
        self.cancel = icon_button("mapCancel", "stop", tr("Stop drawing the map"))
        self._look_soon = QTimer(self)
        self._look_soon.setSingleShot(True)
        self._look_soon.setInterval(LOOK_MS)
        self._look_soon.timeout.connect(self.look)
        self._lay_out()
        self._connect()
        self._fill_colours()
        self._show_state()

    def _combo(self, name: str, text: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(name)
        combo.setAccessibleName(text)
        combo.setMinimumContentsLength(4)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return combo

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        return button

    def _lay_out(self) -> None:
        title = QLabel(tr("Map"))
        title.setProperty("role", "title")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title)
        head.addWidget(self.count, 1)
        head.addWidget(self.whole)
        choices = self._choices = QGridLayout()
        choices.setSpacing(6)
        choices.addWidget(self.method, 0, 0)
        choices.addWidget(self.colour, 1, 0)
        choices.setColumnStretch(0, 2)
        self._is_wide = False
        lasso = QHBoxLayout(self.lasso_bar)
        lasso.setContentsMargins(0, 0, 0, 0)
        lasso.setSpacing(4)
        group = QLabel(tr("group"))
        group.setProperty("role", "caption")
        lasso.addWidget(self.lasso_count, 1)
        for part in (group, self.group_a, self.group_b, self.lasso_away):
            lasso.addWidget(part)
        busy = QHBoxLayout(self.busy)
        busy.setContentsMargins(0, 0, 0, 0)
        busy.addWidget(self.busy_text, 1)
        busy.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addLayout(choices)
        layout.addWidget(self.tools)
        layout.addWidget(self.view, 1)
        for part in (self.busy, self.lasso_bar, self.legend, self.path, self.nearest):
            layout.addWidget(part)
        self.busy.hide()
        self.lasso_bar.hide()

    def _connect(self) -> None:
        session = self._session
        self.method.currentIndexChanged.connect(self.look)
        self.colour.currentIndexChanged.connect(self._on_colour_chosen)
        self.tools.chosen.connect(self._on_tool_chosen)
        self.whole.clicked.connect(self.view.fit)
        self.view.hovered.connect(self._on_hovered)
        self.view.picked.connect(self._on_picked)
        self.view.lassoed.connect(self._on_lassoed)
        self.view.path_drawn.connect(self._on_path_drawn)
        self.group_a.clicked.connect(self._on_group_a)
        self.group_b.clicked.connect(self._on_group_b)
        self.lasso_away.clicked.connect(self.clear_lasso)
        self.cancel.clicked.connect(self._on_cancel)
        self.path.places_changed.connect(self.view.show_path)
        self.path.frame_shown.connect(self.view.show_frame)
        self.atlas.changed.connect(self._on_map_changed)
        self.atlas.progressed.connect(self._on_progressed)
        self.atlas.failed.connect(self._on_failed)
        for changed in (
            session.analyst.statistics_changed,
            session.analyst.every_changed,
            session.model_changed,
            session.trainer.state_changed,
            session.opening_changed,
        ):
            changed.connect(self._look_soon.start)
        session.analyst.study_changed.connect(self._show_state)
        session.dataset_changed.connect(self._on_dataset_changed)
        session.analyst.errors_changed.connect(self._on_errors_changed)
        session.dial_changed.connect(self._on_dial_changed)
        session.selection_changed.connect(self._on_where_changed)
        session.whereabouts.changed.connect(self._on_where_changed)
        theme_watch().theme_changed.connect(self._show_colours)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The two lists stand below each other where there is little room."""
        super().resizeEvent(event)
        if (is_wide := self.width() >= WIDE_PX) != self._is_wide:
            self._is_wide = is_wide
            self._choices.addWidget(self.colour, *((0, 1) if is_wide else (1, 0)))
            self._choices.setColumnStretch(1, 3 if is_wide else 0)

    # ---- what the session says -------------------------------------------------------------------------

    @Slot()
    def look(self) -> None:
        """Draw the codes that are known, and have the others measured."""
        if not self._is_seen:
            return
        session, codes = self._session, self._session.whereabouts.codes
        if codes is None or session.dataset is None or session.codec is None:
            self.atlas.clear()
            self._show_state()
            return
        self.atlas.draw(codes, self.method.currentData())
        subject = session.analyst.subject
        is_part = len(codes.indices) < len(session.dataset)
        if is_part and subject is not None and subject is not self._asked_every and not session.is_training:
            self._asked_every = subject  # once: a person may cancel it
            session.analyst.request_every()
        self._show_state()

    @Slot()
    def _on_dataset_changed(self) -> None:
        self.atlas.clear()
        self._fill_colours()
        self._look_soon.start()

    @Slot()
    def _on_map_changed(self) -> None:
        shown = self.atlas.map
        self.path.clear()
        self._lassoed = None
        self.lasso_bar.hide()
        if shown is None or self._session.dataset is None:
            self._rows_of = np.empty(0, np.int64)
            self.view.show_points(np.empty((0, 2), np.float32))
        else:
            self._rows_of = np.full(len(self._session.dataset), -1, np.int64)
            self._rows_of[shown.indices] = np.arange(len(shown.indices))
            self.view.show_points(shown.points, fit=False)
        self._session.whereabouts.look_at(shown, with_nearest=self._is_seen)
        self._show_colours()
        self._show_state()
        self._on_where_changed()

    @Slot()
    def _on_where_changed(self) -> None:
        session, shown = self._session, self.atlas.map
        where = session.whereabouts.where
        if shown is None:
            return
        row = int(self._rows_of[session.index]) if 0 <= session.index < len(self._rows_of) else -1
        current = shown.points[row] if row >= 0 else None
        edited = None
        if where is not None and where.map is shown and not session.edit.is_empty:
            edited = where.place
        self.view.show_marks(current, edited)

    def _is_coloured_by(self, what: str) -> bool:
        chosen = self.colour.currentData()  # None while the choices are being filled in
        return chosen is not None and chosen[0] == what

    @Slot()
    def _on_errors_changed(self) -> None:
        if self._is_coloured_by(ERROR):
            self._show_colours()

    @Slot()
    def _on_dial_changed(self) -> None:
        if self._is_coloured_by(DIAL):
            self._show_colours()

    @Slot(object)
    def _on_progressed(self, progress: EncodeProgress | None) -> None:
        self.busy.setVisible(progress is not None)
        if progress is not None:
            self.busy_text.set_text(progress.text)
        self._show_state()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        with QSignalBlocker(self.method):
            self.method.setCurrentIndex(0)
        self._session.report(error)
        self.look()

    # ---- what is shown ---------------------------------------------------------------------------------

    @Slot()
    def _show_state(self) -> None:
        session, shown = self._session, self.atlas.map
        has_map = shown is not None
        for part in (self.method, self.colour, self.tools, self.whole):
            part.setEnabled(has_map or session.codec is not None)
        if shown is None or session.dataset is None:
            self.count.show_texts([""])
            if session.awaits_pictures or session.awaits_model:
                hint = tr("Opening…")
            elif session.dataset is None or session.codec is None:
                hint = tr("Open pictures and a model, or train one: each picture's code becomes a dot here.")
            else:
                hint = session.codes_missing or tr("Measuring the codes…")
            self.view.set_hint(hint)
            return
        known, total = len(shown.indices), len(session.dataset)
        counts = (
            f"{known:,}"
            if known == total
            else tr("{known} of {total}", known=f"{known:,}", total=f"{total:,}")
        )
        texts = [counts, f"{known:,}"]
        if shown.pca is not None:
            percent = round(float(shown.pca.shares.sum()) * 100)
            texts.insert(0, tr("{counts} · {percent} % of the variance", counts=counts, percent=percent))
        elif shown.laid_out < known:
            laid = f"{shown.laid_out:,}"
            texts.insert(0, tr("{counts}, {laid} laid out, others between", counts=counts, laid=laid))
        self.count.show_texts(texts)

    def _fill_colours(self) -> None:
        dataset = self._session.dataset
        before = self.colour.currentText() if self.colour.currentData() != (PLAIN, -1) else ""
        with QSignalBlocker(self.colour):
            self.colour.clear()
            for at, column in enumerate(() if dataset is None else dataset.labels):
                self.colour.addItem(column.name, (LABEL, at))
            self.colour.addItem(tr("Error"), (ERROR, -1))
            self.colour.addItem(tr("Dial in hand"), (DIAL, -1))
            self.colour.addItem(tr("One colour"), (PLAIN, -1))
            # What was chosen, or the first label; what must be measured first only when it is asked for.
            first = 0 if dataset is not None and dataset.labels else self.colour.count() - 1
            chosen = self.colour.findText(before)
            self.colour.setCurrentIndex(chosen if chosen >= 0 else first)
        self.colour.setToolTip(tr("Colour the dots by a label, an error or the dial in hand"))

    @Slot()
    def _show_colours(self) -> None:
        if self.atlas.map is None:
            return
        kind, column = self.colour.currentData()
        found = self.atlas.colouring(kind, column)
        self.view.show_colours(found.colours)
        self.legend.show_legend(found.legend)

    # ---- what a person does ----------------------------------------------------------------------------

    @Slot()
    def _on_colour_chosen(self) -> None:
        session = self._session
        if self.colour.currentData()[0] == ERROR and session.codec is not None and not session.is_training:
            session.analyst.request_errors()
        self._show_colours()

    @Slot(str)
    def _on_tool_chosen(self, key: str) -> None:
        self.view.set_tool(Tool(key))

    @Slot(int)
    def _on_hovered(self, row: int) -> None:
        shown, dataset = self.atlas.map, self._session.dataset
        if shown is None or dataset is None or not 0 <= row < len(shown.indices):
            return
        index = int(shown.indices[row])
        pictures = self._session.originals([index])
        lines = [f"#{index:,}"]
        kind, column = self.colour.currentData()
        if kind == LABEL and dataset.labels[column].text(index):
            lines.append(dataset.labels[column].text(index))
        elif kind == ERROR and (errors := self._session.analyst.errors) is not None:
            lines.append(tr("error {error}", error=f"{errors[index]:.4f}"))
        elif kind == DIAL:
            lines.append(f"z{self._session.dial} {plain(float(shown.codes[row, self._session.dial]))}")
        self.view.show_card(row, None if pictures is None else pictures[0], "\n".join(lines))

    @Slot(int)
    def _on_picked(self, row: int) -> None:
        if self.atlas.map is not None:
            self._session.select_image(int(self.atlas.map.indices[row]))

    @Slot(object)
    def _on_lassoed(self, rows: NDArray[np.int64]) -> None:
        shown = self.atlas.map
        if shown is None or not len(rows):
            self.clear_lasso()
            return
        self._lassoed = shown.indices[rows]
        count = f"{len(rows):,}"
        self.lasso_count.show_texts([tr("{count} pictures", count=count), count])
        self.lasso_bar.show()
        self.view.show_group(rows)

    @Slot()
    def clear_lasso(self) -> None:
        """Let no pictures stand out."""
        self._lassoed = None
        self.lasso_bar.hide()
        self.view.show_group(None)

    @Slot()
    def _on_group_a(self) -> None:
        self._make_group("A")

    @Slot()
    def _on_group_b(self) -> None:
        self._make_group("B")

    def _make_group(self, which: str) -> None:
        if self._lassoed is not None:
            self._session.set_group("A" if which == "A" else "B", self._lassoed.tolist())
            count = f"{len(self._lassoed):,}"
            self._session.message_posted.emit(
                tr("{count} pictures are group {name} now.", count=count, name=which)
            )

    @Slot(object)
    def _on_path_drawn(self, line: NDArray[np.float32]) -> None:
        shown, session = self.atlas.map, self._session
        if shown is None or session.pictures is None:
            return
        begin = None
        where = session.whereabouts.where
        if where is not None and where.map is shown and where.place is not None:
            away = self.view.to_screen(where.place) - self.view.to_screen(line[0])
            begin = session.pictures.edited_code if away.manhattanLength() <= FROM_EDIT_PX else None
        self.view.show_path(line)
        self.path.draw(shown, line, begin)

    @Slot()
    def _on_cancel(self) -> None:
        self.atlas.cancel()
        with QSignalBlocker(self.method):
            self.method.setCurrentIndex(0 if self.atlas.map is None or self.atlas.map.pca is not None else 1)

    # ---- seen or not -----------------------------------------------------------------------------------

    @Slot(bool)
    def set_seen(self, seen: bool) -> None:
        """Catch up with what changed meanwhile, or ask for no more than others look at.

        Behind another tab a panel counts as visible: who holds it says when it comes to the front.
        """
        self._is_seen = seen
        if seen:
            self._look_soon.start()
        else:
            self.path.play.setChecked(False)
        self._session.whereabouts.look_at(self.atlas.map if seen else None, with_nearest=seen)

    def showEvent(self, event: QShowEvent) -> None:
        """Be seen."""
        super().showEvent(event)
        self.set_seen(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Be seen no more."""
        super().hideEvent(event)
        self.set_seen(False)

    def sizeHint(self) -> QSize:
        """Larger than the gallery: a map wants room."""
        return QSize(340, 560)
