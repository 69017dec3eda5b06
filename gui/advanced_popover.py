"""AdvancedPopover: the seldom used settings of a run, above the button that opens them."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.config import TrainConfig
from core.translate import tr
from gui.settings_form import SettingsForm
from gui.theme import UNIT_PX


class AdvancedPopover(QFrame):
    """The advanced settings in a frame of their own that a click elsewhere or Escape closes."""

    def __init__(self, form: SettingsForm[TrainConfig], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("advancedSettings")
        self.setProperty("role", "card")
        self.setAccessibleName(tr("Advanced settings"))
        title = QLabel(tr("Advanced settings"), self)
        title.setProperty("role", "title")
        defaults = QPushButton(tr("Defaults"), self)
        defaults.setToolTip(tr("Put the advanced settings back to what they are by default"))
        defaults.clicked.connect(form.reset_advanced)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(defaults)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(UNIT_PX)
        layout.addLayout(head)
        layout.addWidget(form.advanced)
        form.advanced.show()
        self.setMinimumWidth(300)

    def show_above(self, button: QWidget) -> None:
        """Appear above a button, within its screen."""
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), -self.height() - 4))
        # Not button.screen(): PySide would tie the screen to the button, and end it when that is garbage.
        on = QGuiApplication.screenAt(button.mapToGlobal(button.rect().center()))
        screen = (on or QGuiApplication.primaryScreen()).availableGeometry()
        self.move(
            min(max(corner.x(), screen.left()), screen.right() - self.width()), max(corner.y(), screen.top())
        )
        self.show()
