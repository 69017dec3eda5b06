"""The two chips at the right of the menu bar: which data, which run; and the bar of long work."""

from PySide6.QtCore import QCoreApplication, QEvent, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QWidget

from core.translate import tr
from gui.plain import PlainLabel, plain_tip
from gui.session import Session

PATIENCE_MS = 700  # work that is done sooner is not worth a flash


class Chips(QWidget):
    """Names of the open data and run, each with its facts as a tooltip."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chips")
        self._session = session
        self._data = self._chip("dataChip")
        self._run = self._chip("runChip")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 3, 12, 3)
        layout.setSpacing(12)
        layout.addWidget(self._data)
        layout.addWidget(self._run)
        session.dataset_changed.connect(self._on_dataset_changed)
        session.run_changed.connect(self._on_run_changed)
        session.model_changed.connect(self._on_run_changed)
        session.trainer.records_arrived.connect(self._on_run_changed)
        session.trainer.history_reset.connect(self._on_run_changed)
        self._on_dataset_changed()
        self._on_run_changed()

    def event(self, event: QEvent) -> bool:
        """Make the menu bar give the chips the room they want: it looks only when they appear."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            QCoreApplication.sendEvent(self, QEvent(QEvent.Type.ShowToParent))
        return done

    def _chip(self, name: str) -> PlainLabel:
        label = PlainLabel(parent=self)
        label.setObjectName(name)
        label.setProperty("role", "pill")
        return label

    def _say(self, chip: PlainLabel, text: str) -> None:
        """Show text; the menu bar, and the window with it, are laid out anew only for another width."""
        chip.setText(text)
        if chip.size() != chip.sizeHint():
            chip.setFixedSize(chip.sizeHint())

    @Slot()
    def _on_dataset_changed(self) -> None:
        dataset = self._session.dataset
        self._data.setVisible(dataset is not None)
        if dataset is None:
            return
        height, width, channels = dataset.picture_shape
        colour = tr("grey") if channels == 1 else tr("colour")
        self._say(
            self._data,
            tr(
                "Data {name} · {count} · {width}×{height} {colour}",
                name=_short(dataset.identity.name),
                count=f"{len(dataset):,}",
                width=width,
                height=height,
                colour=colour,
            ),
        )
        self._data.setToolTip(plain_tip(f"{dataset.identity.source}\n{dataset.reading}"))

    @Slot()
    def _on_run_changed(self) -> None:
        run = self._session.run
        self._run.setVisible(run is not None)
        if run is None:
            return
        network = run.config.network
        kind = tr("imported") if network.network == "layers" else network.network
        parts = [f"{kind} {network.objective} {network.latent_dim}"]
        columns = self._session.trainer.history.columns()
        if len(columns["step"]):
            parts.append(tr("epoch {epoch}", epoch=int(columns["epoch"][-1])))
            parts.append(tr("mse {mse}", mse=f"{columns['mse'][-1]:.4f}"))
        self._say(self._run, tr("Run {what}", what=" · ".join(parts)))
        self._run.setToolTip(plain_tip(str(run.path)))


class TaskBar(QFrame):
    """How far long work is, and the button that gives it up; shown while it takes a moment."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("taskBar")
        self.setProperty("role", "card")
        self._session = session
        self._text = PlainLabel(parent=self)
        self._text.setProperty("role", "secondary")
        self._bar = QProgressBar(self)
        self._bar.setFixedWidth(160)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress"))
        self._cancel = QPushButton(tr("Cancel"), self)
        self._cancel.setObjectName("cancelTask")
        self._cancel.clicked.connect(session.cancel_task)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 8, 4)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._cancel)
        session.task_changed.connect(self._on_task_changed)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self.show)
        self.hide()

    @Slot()
    def _on_task_changed(self) -> None:
        task = self._session.task
        if task is None:
            self._patience.stop()
            self.hide()
            return
        if self.isHidden() and not self._patience.isActive():
            self._patience.start()
        self._text.setText(task.text)
        self._bar.setMaximum(task.total)
        self._bar.setValue(task.done)
        self._cancel.setVisible(task.cancellable)


def _short(name: str, limit: int = 24) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
