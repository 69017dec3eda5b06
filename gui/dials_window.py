"""DialsWindow, "Dials in numbers": the statistics of every dial, correlations, and what dials know."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.atomic import failure_text, write_text
from core.errors import LatentDialsError
from core.translate import tr
from gui import heavy
from gui.correlation_pane import CorrelationPane
from gui.dial_model import DialModel
from gui.factor_pane import FactorPane
from gui.icons import wear_icon
from gui.plain import PlainLabel
from gui.session import Session
from gui.theme import UNIT_PX
from gui.tool_window import ToolWindow

_COLUMN_PX = 68
_FILE_KINDS = {"csv": "CSV (*.csv)", "png": "PNG (*.png)"}


class DialsWindow(ToolWindow):
    """A table, a picture of the correlations and one of the factors; a click takes a dial in hand."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(tr("Dials in numbers"), "dialsWindow", QSize(920, 640), owner)
        self._session = session
        self.setMinimumSize(640, 420)
        self.model = DialModel(self)
        self.table = self._make_table()
        self.correlation = CorrelationPane(session, self)
        self.factors = FactorPane(session, self)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("dialsTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setUsesScrollButtons(False)
        for button in self.tabs.tabBar().findChildren(QToolButton):  # which Qt names in its own language
            button.setAccessibleName(tr("Further tabs"))
        self.numbers_page = QWidget(self)
        inset = QVBoxLayout(self.numbers_page)
        inset.setContentsMargins(10, 0, 4, 0)
        inset.addWidget(self.table)
        for page, name, text in (
            (self.numbers_page, "numbersPage", tr("Numbers")),
            (self.correlation, "correlationPage", tr("Correlation")),
            (self.factors, "factorsPage", tr("Factors")),
        ):
            page.setObjectName(name)
            page.setAccessibleName(text)
            self.tabs.addTab(page, text)
        self.status = PlainLabel()
        self.status.setProperty("role", "secondary")
        self.status.setWordWrap(True)
        self.save = QPushButton(tr("Save…"))
        self.save.setObjectName("dialsSave")
        wear_icon(self.save, "export", "text")
        self.save.clicked.connect(self.ask_file)
        below = QHBoxLayout()
        below.setContentsMargins(16, 6, 12, 10)
        below.setSpacing(12)
        below.addWidget(self.status, 1)
        below.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(below)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.correlation.changed.connect(self._tell)
        self.factors.changed.connect(self._tell)
        session.analyst.effects_changed.connect(self._on_numbers_changed)
        session.analyst.kl_changed.connect(self._on_numbers_changed)
        session.analyst.study_changed.connect(self._tell)
        session.dial_changed.connect(self._on_dial_changed)
        session.closing.connect(self._on_closing)

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setObjectName("dialsTable")
        table.setAccessibleName(tr("Dials in numbers"))
        table.setModel(self.model)
        table.setSortingEnabled(True)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(3 * UNIT_PX)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(_COLUMN_PX - 20)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.clicked.connect(self._on_row_chosen)
        table.activated.connect(self._on_row_chosen)
        self.model.modelReset.connect(self._on_dial_changed)
        return table

    def showEvent(self, event: QShowEvent) -> None:
        """Show what is known now."""
        super().showEvent(event)
        self._on_numbers_changed()
        self._on_tab_changed()

    @Slot()
    def _on_numbers_changed(self) -> None:
        if not self.isVisible():
            return
        analyst = self._session.analyst
        stats, effects = analyst.statistics, analyst.effects
        if stats is None or effects is None or len(effects) != len(stats.mean):
            self.model.show_numbers(None)
        else:
            kl = analyst.kl if analyst.kl is not None and len(analyst.kl) == len(effects) else None
            self.model.show_numbers(heavy.dial_numbers.DialNumbers(stats, effects, kl))
        self._tell()

    @Slot()
    def _tell(self) -> None:
        numbers, page = self.model.numbers, self.tabs.currentWidget()
        self.save.setToolTip(
            tr("Save the table as a CSV file")
            if page is self.numbers_page
            else tr("Save the matrix as a PNG picture")
        )
        has = {
            self.numbers_page: numbers is not None,
            self.correlation: numbers is not None and self.correlation.correlation is not None,
            self.factors: self.factors.report is not None,
        }
        self.save.setEnabled(has[page])
        if numbers is None:
            self.status.setText(
                self._session.codes_missing
                or tr("There are no numbers yet: open pictures and a model, and their codes are measured.")
            )
            return
        total, active = len(numbers.effect), int((~numbers.dead).sum())
        text = tr(
            "{active} of {total} dials are active, measured on {count} pictures. A click takes one in hand.",
            active=active,
            total=total,
            count=f"{numbers.stats.count:,}",
        )
        if numbers.kl is not None:
            text += " " + tr("KL of all: {kl} nats.", kl=f"{float(numbers.kl.sum()):.1f}")
        self.status.setText(text)

    @Slot()
    def _on_tab_changed(self) -> None:
        page = self.tabs.currentWidget()
        if page is self.correlation:
            self.correlation.renew()
        elif page is self.factors:
            self.factors.renew()
        self._tell()

    @Slot(QModelIndex)
    def _on_row_chosen(self, index: QModelIndex) -> None:
        self._session.choose_dial(self.model.dial_of(index.row()))

    @Slot()
    def _on_dial_changed(self) -> None:
        row = self.model.row_of(self._session.dial)
        if row >= 0:
            self.table.setCurrentIndex(self.model.index(row, 0))

    @Slot()
    def ask_file(self) -> None:
        """Save what the tab shows: the table as CSV, a matrix as PNG."""
        page = self.tabs.currentWidget()
        kind = "csv" if page is self.numbers_page else "png"
        name = {self.numbers_page: "dials", self.correlation: "correlation", self.factors: "factors"}[page]
        path, _kind = QFileDialog.getSaveFileName(self, tr("Save"), f"{name}.{kind}", _FILE_KINDS[kind])
        if path:
            self.save_as(Path(path).with_suffix(f".{kind}"))

    def save_as(self, path: Path) -> None:
        """Save what the tab shows as a file; what went wrong is said."""
        page, numbers = self.tabs.currentWidget(), self.model.numbers
        run = self._session.run.name if self._session.run is not None else tr("the model")
        try:
            if page is self.numbers_page and numbers is not None:
                write_text(path, numbers.csv_text())
            elif (
                page is self.correlation and self.correlation.correlation is not None and numbers is not None
            ):
                matrix = heavy.matrix.correlation_matrix(self.correlation.correlation, numbers, "effect")
                heavy.recipe.save_png(heavy.matrix.draw_matrix(matrix), None, path)
            elif self.factors.report is not None:
                matrix = heavy.matrix.factor_matrix(self.factors.report, run)
                heavy.recipe.save_png(heavy.matrix.draw_matrix(matrix), None, path)
        except OSError as error:
            text = tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error))
            self._session.failed.emit(text)
            self.status.setText(text)
        except LatentDialsError as error:
            self._session.failed.emit(str(error))
            self.status.setText(str(error))
        else:
            self.status.setText(tr("Saved: {path}", path=path))

    @Slot()
    def _on_closing(self) -> None:
        self.correlation.close_threads()
        self.factors.close_threads()
