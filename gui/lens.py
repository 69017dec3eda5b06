"""The zoom and pan that linked picture views share, and the whole-number scale that fits. No widget."""

from math import ceil

from PySide6.QtCore import QObject, QPointF, Signal

MAX_SCALE = 64


def fitting_scale(picture: tuple[int, int], room: tuple[float, float]) -> float:
    """The largest whole number by which a picture (H,W) fits a room (height, width); below 1, one n-th."""
    height, width = picture
    ratio = min(room[0] / height, room[1] / width)
    if ratio >= 1.0:
        return float(int(ratio))
    return 1.0 / ceil(1.0 / max(ratio, 1e-3))


class Lens(QObject):
    """The zoom and the centre that linked views share; zoom None fits the picture to the view.

    Signals:
        changed(): zoom, centre or smoothing is another.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fit = 1.0  # device pixels of one picture pixel when it fits; whoever lays the views out sets it
        self.zoom: float | None = None
        self.centre = QPointF(0.5, 0.5)  # of the view, as a share of the picture
        self.smooth = False

    @property
    def scale(self) -> float:
        """Device pixels of one picture pixel."""
        return self.fit if self.zoom is None else self.zoom

    def set_fit(self, fit: float) -> None:
        """The scale at which the picture fits its view."""
        if fit != self.fit:
            self.fit = fit
            if self.zoom is not None and self.zoom <= fit:
                self.zoom = None
            self.changed.emit()

    def set_smooth(self, smooth: bool) -> None:
        """Blend between pixels, or show them sharp."""
        self.smooth = smooth
        self.changed.emit()

    def step(self, direction: int) -> float:
        """The next scale up (1) or down (-1): whole numbers, and below one the n-th parts."""
        scale = self.scale
        if direction > 0:
            new = 1.0 / (round(1.0 / scale) - 1) if scale < 1.0 else max(scale + 1, round(scale * 1.25))
        else:
            new = min(scale - 1, round(scale / 1.25)) if scale >= 2.0 else 1.0 / (round(1.0 / scale) + 1)
        return min(max(new, self.fit), float(MAX_SCALE))

    def look(self, zoom: float, centre: QPointF) -> None:
        """Show centre in the middle of the view at a scale; at the fitting scale or below, fit."""
        self.zoom = None if zoom <= self.fit else zoom
        self.centre = QPointF(min(max(centre.x(), 0.0), 1.0), min(max(centre.y(), 0.0), 1.0))
        self.changed.emit()

    def show_all(self) -> None:
        """Fit the picture to the view again."""
        self.look(self.fit, QPointF(0.5, 0.5))
