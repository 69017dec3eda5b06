"""ReportWindow: which two runs, which adjustments, which file; then the report is written beside."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import LatentDialsError
from core.places import data_folder
from core.translate import tr
from gui.adjustment_row import AdjustmentRow
from gui.analyst import Pace
from gui.background import Runner
from gui.elided_label import ElidedLabel
from gui.lab_chooser import RunChooser, described
from gui.lab_report_rows import ReportRows
from gui.lab_report_work import HTML, MARKDOWN, ReportRequest, write_report
from gui.lab_sides import LabSides
from gui.plain import PlainLabel
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.style import set_look
from gui.theme import UNIT_PX
from gui.tool_window import ToolWindow

if TYPE_CHECKING:
    from core.encoding import EncodeProgress


class ReportWindow(ToolWindow):
    """A form, the person's adjustments with their words, and how far the report is."""

    def __init__(self, session: Session, owner: QWidget | None) -> None:
        super().__init__(tr("Report"), "reportWindow", QSize(760, 600), owner)
        self._session = session
        self.sides = LabSides(session, self)
        self._pace = Pace()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_items)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self.written: Path | None = None
        self._waits = False  # the message says why nothing can be written yet
        self._path: Path | None = None  # that the person chose; None for the one that is proposed
        self.setMinimumSize(620, 480)

        about = QLabel(
            tr(
                "One page on two runs: their networks, your adjustments of the chosen picture, and all that"
                " the laboratory measures of both. The numbers decide what it says."
            ),
            self,
        )
        about.setWordWrap(True)
        about.setProperty("role", "secondary")
        self.a_label = ElidedLabel("", "", self)
        self.a_label.setObjectName("reportSideA")
        self.chooser = RunChooser(self.sides, "report", self)
        self.kind_choice = SegmentedControl(
            [
                Choice(HTML, tr("HTML"), tr("One file that holds everything, for any browser")),
                Choice(MARKDOWN, tr("Markdown"), tr("A text with a folder of pictures beside it")),
            ],
            tr("Kind of file"),
            self,
        )
        self.kind_choice.setObjectName("reportKind")
        self.kind_choice.chosen.connect(self._on_changed)
        self.path_label = ElidedLabel("", "", self)
        self.path_label.setObjectName("reportPath")
        self.path_button = self._button("reportChoose", tr("Choose…"), tr("Where the report is written"))
        self.path_button.clicked.connect(self._on_path_asked)
        form = QGridLayout()
        form.setHorizontalSpacing(2 * UNIT_PX)
        form.setVerticalSpacing(UNIT_PX)
        where = QHBoxLayout()
        where.addWidget(self.path_label, 1)
        where.addWidget(self.path_button)
        for row, (text, field) in enumerate(
            (
                (tr("First run"), self.a_label),
                (tr("Second run"), self.chooser),
                (tr("Kind"), self.kind_choice),
                (tr("File"), where),
            )
        ):
            label = QLabel(text, self)
            label.setProperty("role", "caption")
            form.addWidget(label, row, 0)
            if isinstance(field, QHBoxLayout):
                form.addLayout(field, row, 1)
            else:
                form.addWidget(field, row, 1)
        form.setColumnStretch(1, 1)
        kept = QLabel(tr("Adjustments"), self)
        kept.setProperty("role", "title")
        self.kept_rows = ReportRows(session, self)
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setAccessibleName(tr("Progress of the report"))
        self.progress_bar.setTextVisible(False)
        self.message_label = PlainLabel(parent=self)
        self.message_label.setObjectName("reportMessage")
        self.message_label.setWordWrap(True)
        self.open_button = self._button("reportOpen", tr("Open"), tr("Show the page that was written"))
        self.open_button.clicked.connect(self._on_open)
        self.write_button = self._button("reportWrite", tr("Write the report"), "")
        self.write_button.setProperty("primary", True)
        self.write_button.ensurePolished()
        self.write_button.setMinimumWidth(self.write_button.sizeHint().width())  # as Cancel it stays so wide
        self.write_button.clicked.connect(self._on_write_clicked)
        buttons = QHBoxLayout()
        buttons.setSpacing(UNIT_PX)
        buttons.addWidget(self.message_label, 1)
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.write_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(kept)
        layout.addWidget(self.kept_rows, 1)
        layout.addWidget(self.progress_bar)
        layout.addLayout(buttons)

        for changed in (self.sides.changed, session.kept_changed, session.pictures_changed):
            changed.connect(self._on_changed)
        session.closing.connect(self.end_threads, Qt.ConnectionType.DirectConnection)
        self._show()

    @property
    def rows(self) -> list[AdjustmentRow]:
        """The kept adjustments of the chosen picture."""
        return self.kept_rows.rows

    @property
    def is_writing(self) -> bool:
        """Whether a report is being made."""
        return self._runner.is_running

    @property
    def path(self) -> Path:
        """Where the report goes."""
        if self._path is not None:
            return self._path.with_suffix(f".{self.kind_choice.current}")
        a, b = self.sides.a, self.sides.b
        names = [side.name for side in (a, b) if side is not None]
        name = "-and-".join(name[:40] for name in names) or "report"
        return data_folder() / "reports" / f"{name}.{self.kind_choice.current}"

    def set_path(self, path: Path) -> None:
        """Write to another place; its ending says what kind it is."""
        self._path = path
        if path.suffix.lower() in (".md", ".markdown"):
            self.kind_choice.set_current(MARKDOWN)
        elif path.suffix.lower() in (".html", ".htm"):
            self.kind_choice.set_current(HTML)
        self._show()

    def write(self) -> None:
        """Measure both runs and write the report."""
        a, b, subject = self.sides.a, self.sides.b, self.kept_rows.subject
        if a is None or b is None or subject is None or not self.sides.are_ready:
            return
        chosen = tuple((row.adjustment.state.as_edits(), row.words) for row in self.rows if row.is_included)
        request = ReportRequest(
            a,
            b,
            self.sides.gathered(a, b),
            replace(subject, statistics=a.statistics),  # which may have come after the subject
            chosen,
            self.path,
            self.kind_choice.current,
        )
        self.written = None

        def written() -> Generator[Any, None, None]:
            path = yield from write_report(request)
            yield path

        self._pace.is_alone = not self._session.is_training
        self._runner.start(lambda: self._pace.keep(written()))
        self._say(tr("Measuring…"))
        self.progress_bar.setRange(0, 0)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Look for runs, and open the second one."""
        super().showEvent(event)
        if not event.spontaneous():
            self.sides.wake()
            self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Give up a report that is not written yet, and let go of the second run."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._cancel()
            self.sides.rest()

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setToolTip(tip)
        return button

    # ---- what is shown ---------------------------------------------------------------------------------

    def _show(self) -> None:
        a, b = self.sides.a, self.sides.b
        self.a_label.set_text(described(a) if a is not None else tr("no run is open"))
        self.path_label.set_text(str(self.path))
        if not self.is_writing and self.isVisible():
            self.kept_rows.refresh()
        writing, ready = self.is_writing, self.sides.are_ready and self.kept_rows.subject is not None
        self.write_button.setText(tr("Cancel") if writing else tr("Write the report"))
        self.write_button.setEnabled(writing or ready)
        self.open_button.setVisible(self.written is not None and not writing)
        self.progress_bar.setVisible(writing)
        for field in (self.chooser, self.kind_choice, self.path_button, self.kept_rows):
            field.setEnabled(not writing)
        if not writing and not ready and self.written is None:
            self._say(self._why_not(a is None, b is None), waits=True)
        elif ready and not writing and self._waits:
            self._say("")

    def _why_not(self, no_first: bool, no_second: bool) -> str:
        if no_first or self.kept_rows.subject is None:
            return tr("Open pictures and a model first: the report is on the open run and a second one.")
        if self.sides.trouble:
            return self.sides.trouble
        if no_second and not (self.sides.is_looking or self.sides.is_opening):
            return tr("There is no second run on pictures of this size: train one, or choose another folder.")
        return self.sides.waiting

    def _say(self, text: str, role: str = "caption", *, waits: bool = False) -> None:
        self._waits = waits
        set_look(self.message_label, "role", role)
        self.message_label.setText(text)

    def _cancel(self) -> None:
        if self.is_writing:
            self._runner.drop()
            self._say(tr("Cancelled: nothing was written."))
            self._show()

    @Slot()
    def _on_changed(self) -> None:
        self._show()

    @Slot()
    def _on_write_clicked(self) -> None:
        if self.is_writing:
            self._cancel()
        else:
            self.write()

    @Slot()
    def _on_path_asked(self) -> None:
        kinds = tr("HTML pages (*.html);;Markdown (*.md)")
        dialog = QFileDialog(self, tr("Write the report to"), str(self.path), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self.kind_choice.current)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_path_chosen)
        dialog.open()

    @Slot(str)
    def _on_path_chosen(self, name: str) -> None:
        self.set_path(Path(name))

    @Slot(list)
    def _on_items(self, items: list[EncodeProgress | Path]) -> None:
        last = items[-1]
        if isinstance(last, Path):
            self.written = last
            return
        self.progress_bar.setRange(0, last.total)
        self.progress_bar.setValue(last.done)
        self._say(last.text)

    @Slot(object)
    def _on_done(self, _nothing: object) -> None:
        if self.written is not None:
            self._say(tr("Written: {path}", path=self.written))
            self._session.message_posted.emit(tr("Written: {path}", path=self.written))
        self._show()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._say(str(error), "unusual")
        self._show()
        if not isinstance(error, (LatentDialsError, OSError)):
            self._session.report(error)

    @Slot()
    def _on_open(self) -> None:
        if self.written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.written)))

    @Slot()
    def end_threads(self) -> None:
        """Stop everything, and wait for every thread: the session goes."""
        self._runner.close()
        self.sides.close()
