"""Loads what is heavy once the window has been painted: Qt's classes at once, the rest in a thread."""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from core.errors import LatentDialsError
from gui import heavy
from gui.background import Runner

UNSEEN_MS = 500  # a window that is not painted by then is not shown at all


class Loading(QObject):
    """Imports the rooms of gui/heavy.py: the plot, what the dials need, and the others when those are there.

    Signals:
        plot_loaded(): heavy.loss_chart can be had without waiting.
        all_loaded(): nothing more is imported.
        failed(object): the error that one of them ended with.
    """

    plot_loaded = Signal()
    all_loaded = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting = [heavy.LATER, heavy.FOR_THE_DIALS]
        self._may_go_on = False
        self._runner = Runner(self)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self.failed)

    @Slot()
    def start(self) -> None:
        """Load the plot, here, and then what the dials need; to be called before another thread begins."""
        if not self._waiting:  # closed
            return
        try:
            heavy.need(heavy.OF_QT)
        except LatentDialsError as error:
            self.failed.emit(error)
        else:
            self.plot_loaded.emit()
        self._load_next()

    @Slot()
    def go_on(self) -> None:
        """Load the others, as soon as the first are there: together they would wait for each other."""
        self._may_go_on = True
        if not self._runner.is_running:
            self._load_next()

    def close(self) -> None:
        """Stop after the room that is being imported, and wait for it."""
        self._waiting.clear()
        self._runner.close()

    def _load_next(self) -> None:
        if self._waiting:
            names = self._waiting.pop()
            self._runner.start(lambda: heavy.load(names))

    @Slot(object)
    def _on_done(self, _result: object) -> None:
        if self._may_go_on and self._waiting:
            self._load_next()
        elif not self._waiting:
            self.all_loaded.emit()


class FirstPaint(QObject):
    """Waits until a widget has been painted for the first time.

    Signals:
        painted(): it is on the screen, or it is not shown at all.
    """

    painted = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._done = False
        self._widget = widget
        widget.installEventFilter(self)
        QTimer.singleShot(UNSEEN_MS, self, self._on_painted)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look for the paint event; what it draws is on the screen when the next event comes."""
        if watched is self._widget and event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._on_painted)
        return False

    @Slot()
    def _on_painted(self) -> None:
        if not self._done:
            self._done = True
            self.painted.emit()
