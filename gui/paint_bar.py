"""PaintBar: brush or eraser, its size, strength and colour, and whether the original's detail is shown."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from core.translate import tr
from gui.paint_layer import PaintLayer
from gui.painter import Painter
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import UNIT_PX

_SWATCH = QSize(18, 18)


class PaintBar(QWidget):
    """The tools of painting, above the pictures while it is on."""

    def __init__(
        self, layer: PaintLayer, painter: Painter, session: Session, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._layer = layer
        self._painter = painter
        self._session = session
        self.setObjectName("paintBar")
        self.setAccessibleName(tr("Painting"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.tools = SegmentedControl(
            (
                Choice("brush", tr("Paint"), tr("The code follows the colour that you paint")),
                Choice("eraser", tr("Erase"), tr("What you paint over becomes like what is around it")),
            ),
            tr("Tool"),
        )
        self.tools.chosen.connect(self._on_tool_chosen)
        self.colour_button = QToolButton()
        self.colour_button.setObjectName("paintColour")
        self.colour_button.setIconSize(_SWATCH)
        self.colour_button.setAccessibleName(tr("Colour"))
        self.colour_button.setToolTip(tr("Colour of the brush; Alt and a click take one from the picture"))
        self.colour_button.clicked.connect(self.ask_colour)
        self.size_slider = self._slider(
            "paintSize", tr("Size of the brush"), 2, 50, round(100 * layer.size_share)
        )
        self.size_slider.valueChanged.connect(self._on_size_changed)
        self.opacity = self._slider("paintOpacity", tr("Strength of the colour"), 5, 100, 100)
        self.opacity.valueChanged.connect(self._on_opacity_changed)
        self.detail = QCheckBox(tr("Original's detail"))
        self.detail.setObjectName("paintDetail")
        self.detail.setToolTip(tr("Put back what the network lost of the original where nothing was edited"))
        self.detail.toggled.connect(session.set_detail)
        session.detail_changed.connect(self._on_detail_changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 0, 3, 0)
        row.setSpacing(UNIT_PX)
        row.addWidget(self.tools)
        row.addWidget(self.colour_button)
        for text, slider in ((tr("Size"), self.size_slider), (tr("Strength"), self.opacity)):
            label = QLabel(text)
            label.setProperty("role", "caption")
            label.setBuddy(slider)
            row.addWidget(label)
            row.addWidget(slider, 1)
        row.addStretch(1)
        row.addWidget(self.detail)
        layer.colour_picked.connect(self.set_colour)
        layer.size_changed.connect(self._on_brush_changed)
        painter.changed.connect(self._on_painter_changed)
        self.set_colour(layer.colour)
        self._on_painter_changed()

    def _slider(self, name: str, text: str, least: int, most: int, value: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName(name)
        slider.setAccessibleName(text)
        slider.setToolTip(text)
        slider.setRange(least, most)
        slider.setValue(value)
        slider.setMinimumWidth(48)
        slider.setMaximumWidth(120)
        return slider

    @Slot(object)
    def set_colour(self, colour: QColor) -> None:
        """Paint with a colour."""
        if colour.isValid():
            self._layer.colour = colour
            swatch = QPixmap(_SWATCH)
            swatch.fill(colour)
            self.colour_button.setIcon(QIcon(swatch))

    @Slot()
    def ask_colour(self) -> None:
        """Ask for a colour."""
        dialog = QColorDialog(self._layer.colour, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(self.set_colour)
        dialog.open()

    @Slot(str)
    def _on_tool_chosen(self, tool: str) -> None:
        self._layer.erases = tool == "eraser"
        self.colour_button.setEnabled(tool == "brush")

    @Slot(int)
    def _on_size_changed(self, percent: int) -> None:
        self._layer.set_size(percent / 100.0)

    @Slot(float)
    def _on_brush_changed(self, share: float) -> None:
        was_blocked = self.size_slider.blockSignals(True)
        self.size_slider.setValue(round(100 * share))
        self.size_slider.blockSignals(was_blocked)

    @Slot(int)
    def _on_opacity_changed(self, percent: int) -> None:
        self._layer.opacity = percent / 100.0

    @Slot()
    def _on_painter_changed(self) -> None:
        self.setVisible(self._painter.is_on)

    @Slot()
    def _on_detail_changed(self) -> None:
        self.detail.setChecked(self._session.has_detail)
