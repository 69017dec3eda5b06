"""CodeTools: what is done to the whole code: random, another picture's, reset, presets by name."""

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.icons import wear_icon
from gui.session import Session

_GAP_PX = 6
_STYLES = (  # the fullest one that fits is worn
    Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
    Qt.ToolButtonStyle.ToolButtonTextOnly,
    Qt.ToolButtonStyle.ToolButtonIconOnly,
)


class _NameField(QLineEdit):
    """A field that says when Esc was pressed in it."""

    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)


class CodeTools(QWidget):
    """A row of buttons; where it is narrow the buttons show their icons only."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.random = _tool(tr("Random"), tr("Random code"), "dice")
        self.random.setToolTip(tr("Start from a random code: a VAE's prior, or like the data's codes"))
        self.target = _tool(tr("Target"), tr("Code of the target picture"), "target")
        self.reset_all = _tool(tr("Reset all"), tr("Reset all dials"), "reset")
        self.reset_all.setToolTip(tr("Take back every adjustment and the start code"))
        self.presets = _tool(tr("Presets"), tr("Presets"), "bookmark")
        self.presets.setObjectName("presetsButton")
        self.presets.setToolTip(tr("Adjustments by name: apply, save, delete"))
        self.presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._on_menu_opens)
        self.presets.setMenu(self.menu)
        self._buttons = (self.random, self.target, self.reset_all, self.presets)

        self.name = _NameField()
        self.name.setObjectName("presetName")
        self.name.setPlaceholderText(tr("Name of the preset"))
        self.name.setAccessibleName(tr("Name of the preset"))
        self.save = QPushButton(tr("Save"))
        self.save.setAccessibleName(tr("Save the preset"))
        self._naming = QWidget()
        naming = QHBoxLayout(self._naming)
        naming.setContentsMargins(0, 0, 0, 0)
        naming.setSpacing(8)
        naming.addWidget(self.name, 1)
        naming.addWidget(self.save)
        self._naming.hide()

        row = QHBoxLayout()
        row.setSpacing(_GAP_PX)
        for button in self._buttons:
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._naming)

        self.random.clicked.connect(self._on_random)
        self.target.clicked.connect(self._on_target)
        self.reset_all.clicked.connect(self._on_reset_all)
        self.name.returnPressed.connect(self._on_save)
        self.name.escaped.connect(self._naming.hide)
        self.save.clicked.connect(self._on_save)
        session.selection_changed.connect(self._refresh)
        session.edit_changed.connect(self._refresh)
        session.pictures_changed.connect(self._refresh)
        session.dataset_changed.connect(self._refresh)
        session.model_changed.connect(self._refresh)
        self._refresh()

    def minimumSizeHint(self) -> QSize:
        """Wide enough for the icons alone."""
        return QSize(len(self._buttons) * 38, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() == event.oldSize().width():
            return
        gaps = (len(self._buttons) - 1) * _GAP_PX
        for style in _STYLES:
            for button in self._buttons:
                button.setToolButtonStyle(style)
            if sum(button.sizeHint().width() for button in self._buttons) + gaps <= event.size().width():
                break

    @Slot()
    def _refresh(self) -> None:
        session = self._session
        has_code = session.codec is not None and session.dataset is not None and session.index >= 0
        self.random.setEnabled(has_code)
        self.target.setEnabled(has_code and session.target_index >= 0)
        if session.target_index >= 0:
            tip = tr("Start from the code of the target, picture #{index}", index=session.target_index)
        else:
            tip = tr("Start from the code of another picture: make it the target in the gallery's menu first")
        self.target.setToolTip(tip)
        self.reset_all.setEnabled(has_code and not session.edit.is_empty)
        self.presets.setEnabled(has_code)

    @Slot()
    def _on_menu_opens(self) -> None:
        """Made anew each time: presets come and go."""
        menu, session = self.menu, self._session
        menu.clear()
        for name in session.presets:
            apply = menu.addAction(name)
            apply.setData(name)
            apply.triggered.connect(self._on_apply)
        if session.presets:
            menu.addSeparator()
        save = menu.addAction(tr("Save as preset…"))
        save.setEnabled(not session.edit.is_empty)
        save.triggered.connect(self._on_name_wanted)
        if session.presets:
            delete = menu.addMenu(tr("Delete"))
            for name in session.presets:
                action = delete.addAction(name)
                action.setData(name)
                action.triggered.connect(self._on_delete)

    @Slot()
    def _on_apply(self) -> None:
        self._session.apply_preset(_name_of(self.sender()))

    @Slot()
    def _on_delete(self) -> None:
        self._session.delete_preset(_name_of(self.sender()))

    @Slot()
    def _on_name_wanted(self) -> None:
        self.name.setText(self._session.edit.text())
        self._naming.show()
        self.name.selectAll()
        self.name.setFocus()

    @Slot()
    def _on_save(self) -> None:
        if self.name.text().strip():
            self._session.save_preset(self.name.text())
            self._naming.hide()

    @Slot()
    def _on_random(self) -> None:
        self._session.load_random_code(None)

    @Slot()
    def _on_target(self) -> None:
        self._session.load_code_of(self._session.target_index)

    @Slot()
    def _on_reset_all(self) -> None:
        self._session.reset_all()


def _tool(text: str, name: str, icon: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setAccessibleName(name)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    wear_icon(button, icon, "secondary")
    return button


def _name_of(sender: QObject | None) -> str:
    return str(sender.data()) if isinstance(sender, QAction) else ""
