"""A dialog that shows text that can be copied."""

from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from core.translate import tr


class TextDialog(QDialog):
    """Read-only text in a fixed-width face, with Copy and Close, and Open folder where there is one."""

    def __init__(
        self, title: str, text: str, parent: QWidget | None = None, folder: Path | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("textDialog")
        self.setWindowTitle(title)
        self.text = QPlainTextEdit(text, self)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(title)
        buttons = QDialogButtonBox(self)
        self._copy = QPushButton(tr("Copy"), buttons)
        self._copy.clicked.connect(self._on_copy)
        self._folder = folder
        if folder is not None:
            reveal = QPushButton(tr("Open folder"), buttons)
            reveal.setObjectName("openFolder")
            reveal.clicked.connect(self._on_open_folder)
            buttons.addButton(reveal, QDialogButtonBox.ButtonRole.ActionRole)
        close = QPushButton(tr("Close"), buttons)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(close, QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(640, 440)

    @Slot()
    def _on_open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
