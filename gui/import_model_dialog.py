"""ImportModelDialog: what a file of another program holds, shown before it is read; then the run of it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from core.config import ForeignConfig
from core.errors import ConfigError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly, Runner
from gui.new_run import new_run_path, safe_name
from gui.plain import PlainLabel, plain_tip
from gui.settings_form import SettingsForm
from gui.theme import CONTROL_PX, UNIT_PX

if TYPE_CHECKING:
    from core.datasets import ImageDataset
    from core.importing import Fit, Foreign
    from core.runs import Run

_WIDTH_PX, _LIST_PX = 620, 170


class ImportModelDialog(QDialog):
    """A look at a file under what a person says of it; open() it and connect accepted, then ask for run_path.

    Nothing but names and shapes is read until one of the buttons is pressed. dataset: the open pictures, on
    which is tried what the file leaves open, where the network reads such pictures.
    """

    def __init__(self, path: Path, dataset: ImageDataset | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.run_path: Path | None = None
        self.warnings: tuple[str, ...] = ()
        self._dataset = dataset
        self._fits = False  # whether the network reads the open pictures
        self._asked = ForeignConfig()
        self.setObjectName("importModelDialog")
        self.setWindowTitle(tr("Import model"))
        self._lane = LatestOnly(self._look_at, self)
        self._lane.answered.connect(self._on_looked)
        self._lane.failed.connect(self._on_refused)
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_trials)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self._trials = 0

        name = PlainLabel(path.name, self)
        name.setProperty("role", "heading")
        name.setToolTip(plain_tip(str(path)))
        self.kind_label = self._label("secondary", tr("Looking…"))
        self.contents = QPlainTextEdit(self)
        self.contents.setObjectName("foreignContents")
        self.contents.setReadOnly(True)
        self.contents.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.contents.setAccessibleName(tr("Classes and weights in the file"))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.contents.setStyleSheet(
            f"QPlainTextEdit {{ font-family: '{font.family()}'; font-size: {CONTROL_PX}px; }}"
        )
        self.contents.setFixedHeight(_LIST_PX)
        self.reading_label = self._label("caption")
        self.form = SettingsForm(ForeignConfig, self, columns=2)
        self.form.edited.connect(self._on_edited)
        self.trials_label = self._label("caption")
        self.trials_label.setStyleSheet(f"QLabel {{ font-family: '{font.family()}'; }}")
        self.problem_label = self._label("unusual")
        self.try_button = QPushButton(tr("Try on the open pictures"), self)
        self.try_button.setObjectName("importModelTry")
        self.try_button.setAutoDefault(False)
        self.try_button.setToolTip(tr("Read the file and measure how well it reconstructs the open pictures"))
        self.try_button.clicked.connect(self._on_try)
        self.import_button = QPushButton(tr("Import"), self)
        self.import_button.setObjectName("importModelOk")
        self.import_button.setProperty("primary", True)
        self.import_button.setDefault(True)
        self.import_button.clicked.connect(self._on_import)
        cancel = QPushButton(tr("Cancel"), self)
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.try_button)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.import_button)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(UNIT_PX)
        for widget in (name, self.kind_label, self.contents, self.reading_label, self.form.basic):
            layout.addWidget(widget)
        for widget in (self.trials_label, self.problem_label):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self.setMinimumWidth(_WIDTH_PX)
        self._show_trials("")
        self._look()

    @property
    def is_busy(self) -> bool:
        """Whether the file is being looked at, tried or imported."""
        return not self._lane.idle or self._runner.is_running

    def done(self, result: int) -> None:
        """Closed in whatever way: the work in the background ends too."""
        self._lane.stop_and_wait()
        self._runner.close()
        super().done(result)

    def _label(self, role: str, text: str = "") -> PlainLabel:
        label = PlainLabel(text, self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    # ---- looking ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._show_buttons(False)
        try:
            self._asked = self.form.value()
        except ConfigError as error:
            self._show_problem(str(error))
            return
        self._show_problem("")
        self._show_trials("")
        self._lane.submit(self._asked)

    def _look_at(self, asked: ForeignConfig) -> tuple[Foreign, Fit]:
        """The file and the likeliest reading of it, in a thread of its own."""
        foreign = heavy.importing.look_at(self.path)
        shape = self._dataset.picture_shape if self._dataset is not None else None
        return foreign, heavy.importing.Fit(foreign.guess(asked, shape))

    @Slot(object, object)
    def _on_looked(self, asked: ForeignConfig, answer: tuple[Foreign, Fit]) -> None:
        if asked != self._asked or self.form.problem():
            return
        foreign, fit = answer
        self.kind_label.setText(tr("It is {kind}.", kind=foreign.kind))
        lists = (
            heavy.importing.classes_text(self.path.name, foreign.classes),
            tr("Weights:"),
            heavy.importing.weights_text(foreign),
        )
        self.contents.setPlainText("\n".join(lists))
        config = foreign.network(fit.choice)[0]
        shape = config.height, config.width, config.channels
        self._fits = self._dataset is not None and self._dataset.picture_shape == shape
        draft, fields = foreign.draft, self.form.fields
        fields["activation"].setEnabled(draft is not None and draft.leaves("hidden"))
        fields["output_activation"].setEnabled(draft is not None and draft.leaves("output"))
        for name in ("model_range", "picture_height", "picture_width"):
            self.form.fields[name].setEnabled(foreign.draft is not None)
        self.form.fields["flatten_order"].setEnabled(foreign.draft is not None and foreign.draft.is_flat)
        self.reading_label.setText(" ".join(filter(None, self._reading(foreign, fit))))
        self._show_buttons(True)

    def _reading(self, foreign: Foreign, fit: Fit) -> list[str]:
        """What is assumed of the file, a sentence each."""
        sentences = [heavy.importing.choice_sentence(foreign, fit), *foreign.notes]
        if self._fits:
            sentences.append(tr("What the file leaves open is tried on the open pictures."))
        elif self._dataset is not None:
            sentences.append(tr("The open pictures are of another size or colour, so nothing can be tried."))
        else:
            sentences.append(tr("No pictures are open, so nothing can be tried."))
        return sentences

    @Slot(object, object)
    def _on_refused(self, asked: ForeignConfig, error: Exception) -> None:
        if asked == self._asked:
            self.kind_label.setText(tr("This cannot be imported so."))
            self.reading_label.setText("")
            self._show_error(error)

    @Slot()
    def _on_edited(self) -> None:
        self._look()

    # ---- trying and importing --------------------------------------------------------------------------

    @Slot()
    def _on_try(self) -> None:
        self._start(imports=False)

    @Slot()
    def _on_import(self) -> None:
        self._start(imports=True)

    def _start(self, imports: bool) -> None:
        self._show_buttons(False)
        self.form.set_enabled(False)
        self._trials = 0
        asked, pictures = self._asked, self._dataset if self._fits else None
        self._show_trials(tr("Reading…"))
        self._runner.start(lambda: _work(self.path, asked, pictures, imports))

    @Slot(list)
    def _on_trials(self, items: list[object]) -> None:
        self._trials += len(items)
        self._show_trials(tr("Trying what the file leaves open: {count}", count=self._trials))

    @Slot(object)
    def _on_done(self, result: object) -> None:
        if result is None:
            return
        foreign, fit, run = cast("tuple[Foreign, Fit, Run | None]", result)
        self.warnings = fit.warnings
        if run is not None:
            self.run_path = run.path
            self.accept()
            return
        self.form.set_enabled(True)
        self._on_looked(self._asked, (foreign, fit))
        self._show_trials(heavy.importing.trials_text(foreign, fit))
        self._show_problem(" ".join(fit.warnings))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.form.set_enabled(True)
        self._show_trials("")
        self._show_buttons(True)
        self._show_error(error)

    def _show_buttons(self, enabled: bool) -> None:
        self.import_button.setEnabled(enabled)
        self.try_button.setEnabled(enabled and self._fits)

    def _show_error(self, error: Exception) -> None:
        known = isinstance(error, LatentDialsError | OSError)
        self._show_problem(str(error) if known else tr("Something went wrong: {reason}.", reason=error))

    def _show_problem(self, sentence: str) -> None:
        self.problem_label.setText(sentence)
        self.problem_label.setVisible(bool(sentence))
        self._grow()

    def _show_trials(self, text: str) -> None:
        self.trials_label.setText(text)
        self.trials_label.setVisible(bool(text))
        self._grow()

    def _grow(self) -> None:
        """Make room for what is said: a dialog does not grow with its labels by itself."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            width = max(self.width(), _WIDTH_PX)
            self.resize(width, max(self.height(), layout.totalHeightForWidth(width)))


def _work(
    path: Path, asked: ForeignConfig, dataset: ImageDataset | None, imports: bool
) -> Generator[object, None, tuple[Foreign, Fit, Run | None]]:
    """Read a file, try it, and make the run of it; in a thread of its own."""
    importing = heavy.importing
    foreign, fit = yield from importing.try_on(path, asked, dataset)
    return foreign, fit, importing.write_run(foreign, fit, _new_run_path(path), dataset) if imports else None


def _new_run_path(path: Path) -> Path:
    """A folder that is not there yet, named after the file. Raises: RunError."""
    stem = path.parent.name if path.stem in ("model", "") else path.stem
    return new_run_path(f"{safe_name(stem) or 'model'}-imported")
