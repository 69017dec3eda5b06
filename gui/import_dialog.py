"""ImportDialog: how a source of pictures will be read, shown before it is imported, and the policy for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core.config import ImportConfig
from core.errors import ConfigError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.elided_label import ElidedLabel
from gui.plain import PlainLabel, plain_tip
from gui.qimage import to_qimage
from gui.settings_form import SettingsForm
from gui.theme import UNIT_PX, current_theme

if TYPE_CHECKING:
    from core.datasets import Inspection

_SAMPLE_PX = 64
_GAP_PX = 6
_MOST_SAMPLES = 8


class ImportDialog(QDialog):
    """A look at a source under a policy; open() it and connect accepted, then ask policy().

    It looks again, in the background, whenever the policy changes.
    """

    def __init__(
        self, source: str | Path, parent: QWidget | None = None, policy: ImportConfig | None = None
    ) -> None:
        super().__init__(parent)
        self.source = str(source)
        self.inspection: Inspection | None = None
        self._policy = policy or ImportConfig()
        self.setObjectName("importDialog")
        self.setWindowTitle(tr("Open pictures"))
        self._lane = LatestOnly(self._inspect, self)
        self._lane.answered.connect(self._on_inspected)
        self._lane.failed.connect(self._on_refused)

        name = PlainLabel(Path(self.source).name or self.source, self)
        name.setProperty("role", "heading")
        name.setToolTip(plain_tip(self.source))
        self.summary_label = QLabel(tr("Looking…"), self)
        self.summary_label.setProperty("role", "secondary")
        self.reading_label = PlainLabel(parent=self)
        self.reading_label.setProperty("role", "caption")
        self.reading_label.setWordWrap(True)
        self.reading_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.samples = SampleRow(self)
        self.form = SettingsForm(ImportConfig, self)
        self.form.set_value(self._policy)
        self.form.edited.connect(self._on_edited)
        self.problem_label = PlainLabel(parent=self)
        self.problem_label.setProperty("role", "unusual")
        self.problem_label.setWordWrap(True)
        self.labels_label = ElidedLabel(parent=self)
        self.open_button = QPushButton(tr("Open"), self)
        self.open_button.setObjectName("importOpen")
        self.open_button.setProperty("primary", True)
        self.open_button.setDefault(True)
        self.open_button.setEnabled(False)
        self.open_button.clicked.connect(self.accept)
        cancel = QPushButton(tr("Cancel"), self)
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.open_button)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(UNIT_PX)
        layout.addWidget(name)
        layout.addWidget(self.summary_label)
        layout.addWidget(self.samples)
        layout.addWidget(self.reading_label)
        layout.addWidget(self.labels_label)
        layout.addSpacing(UNIT_PX // 2)
        layout.addWidget(self.form.basic)
        layout.addWidget(self.problem_label)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self.setMinimumWidth(_MOST_SAMPLES * (_SAMPLE_PX + _GAP_PX) + 4 * UNIT_PX)
        self._look()

    def policy(self) -> ImportConfig:
        """The policy that the form says and that the shown pictures were read with."""
        return self._policy

    @property
    def is_looking(self) -> bool:
        """Whether a look at the source is under way."""
        return not self._lane.idle

    def done(self, result: int) -> None:
        """Closed in whatever way: the look in the background ends too."""
        self._lane.stop_and_wait()
        super().done(result)

    def _inspect(self, policy: ImportConfig) -> Inspection:
        return heavy.datasets.inspect_source(self.source, policy)

    def _look(self) -> None:
        self.open_button.setEnabled(False)
        try:
            self._policy = self.form.value()
        except ConfigError as error:
            self._show_problem(str(error))
            return
        self._show_problem("")
        self._lane.submit(self._policy)

    def _show_problem(self, sentence: str) -> None:
        self.problem_label.setText(sentence)
        self.problem_label.setVisible(bool(sentence))

    @Slot()
    def _on_edited(self) -> None:
        self._look()

    @Slot(object, object)
    def _on_inspected(self, policy: ImportConfig, inspection: Inspection) -> None:
        if policy != self._policy or self.form.problem():
            return
        self.inspection = inspection
        self._show_problem("")
        for name in ("layout", "value_range"):  # questions that only an array leaves open
            self.form.fields[name].setEnabled(inspection.kind in ("npy", "npz"))
        self.summary_label.setText(_summary(inspection))
        self.reading_label.setText(inspection.reading)
        names = ", ".join(inspection.label_names)
        self.labels_label.set_text(tr("Labels: {names}", names=names) if names else "")
        self.labels_label.setVisible(bool(names))
        self.samples.set_pictures(inspection.samples)
        self.open_button.setEnabled(True)

    @Slot(object, object)
    def _on_refused(self, policy: ImportConfig, error: Exception) -> None:
        if policy != self._policy:
            return
        self.inspection = None
        self.summary_label.setText(tr("This cannot be opened so."))
        self.reading_label.setText("")
        self.samples.set_pictures(None)
        known = isinstance(error, LatentDialsError | OSError)
        self._show_problem(str(error) if known else tr("Something went wrong: {reason}.", reason=error))


class SampleRow(QWidget):
    """A few pictures in a row, as they will look."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: list[QPixmap] = []
        self.setAccessibleName(tr("Sample pictures"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def count(self) -> int:
        """How many pictures are shown."""
        return len(self._pixmaps)

    def set_pictures(self, pictures: NDArray[np.uint8] | None) -> None:
        """Show other pictures, uint8 (k,H,W,C), or none."""
        some = [] if pictures is None else pictures[:_MOST_SAMPLES]
        self._pixmaps = [QPixmap.fromImage(to_qimage(picture)) for picture in some]
        self.update()

    def sizeHint(self) -> QSize:
        """Room for eight pictures."""
        return QSize(_MOST_SAMPLES * (_SAMPLE_PX + _GAP_PX) - _GAP_PX, _SAMPLE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The pictures, or empty places while nothing is known."""
        painter = QPainter(self)
        for place in range(_MOST_SAMPLES):
            box = QRect(place * (_SAMPLE_PX + _GAP_PX), 0, _SAMPLE_PX, _SAMPLE_PX)
            if place < len(self._pixmaps):
                smooth = self._pixmaps[place].width() > _SAMPLE_PX * self.devicePixelRatioF()
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
                painter.drawPixmap(box, self._pixmaps[place])
            else:
                painter.fillRect(box, current_theme().color("raised"))


def _summary(inspection: Inspection) -> str:
    parts = [tr("{count} pictures", count=f"{inspection.count:,}")]
    if inspection.height:
        colour = tr("grey") if inspection.channels == 1 else tr("colour")
        parts.append(f"{inspection.width}×{inspection.height} {colour}")
    if inspection.cached:
        parts.append(tr("opens at once"))
    return " · ".join(parts)
