"""ArchitectureDialog: a network layer by layer, as text that can be copied into a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from core.config import TrainConfig
from core.translate import tr
from gui import heavy
from gui.theme import CONTROL_PX, UNIT_PX

if TYPE_CHECKING:
    from core.models import NetworkConfig

_MOST_LINES = 32


class ArchitectureDialog(QDialog):
    """The text of core.models.architecture, to read, select and copy."""

    def __init__(
        self, network: NetworkConfig, parent: QWidget | None = None, train: TrainConfig | None = None
    ) -> None:
        """train says what the network is trained for; None where nobody knows."""
        super().__init__(parent)
        self.setWindowTitle(tr("Architecture"))
        self.setObjectName("architectureDialog")
        self.text = QPlainTextEdit(heavy.architecture.architecture_text(network, train), self)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(tr("Layers, shapes and parameter counts"))
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.text.setStyleSheet(
            f"QPlainTextEdit {{ font-family: '{font.family()}'; font-size: {CONTROL_PX}px; }}"
        )
        self.copy_button = QPushButton(tr("Copy"), self)
        self.copy_button.setProperty("primary", True)
        self.copy_button.setToolTip(tr("Copy the whole text to the clipboard"))
        self.copy_button.clicked.connect(self.copy)
        close = QPushButton(tr("Close"), self)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(12)
        layout.addWidget(self.text, 1)
        layout.addLayout(buttons)
        self._fit_to_text()

    @Slot()
    def copy(self) -> None:
        """Put the whole text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copy_button.setText(tr("Copied"))

    def _fit_to_text(self) -> None:
        self.text.ensurePolished()
        metrics = self.text.fontMetrics()
        lines = self.text.toPlainText().splitlines()
        width = max(metrics.horizontalAdvance(line) for line in lines) + 64
        height = metrics.lineSpacing() * min(len(lines) + 1, _MOST_LINES) + 110
        self.resize(min(width + 4 * UNIT_PX, 940), min(height, 620))
