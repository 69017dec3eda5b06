"""DockedWindow lays the panels out: gallery left, canvas in the middle, dials right, training below."""

from PySide6.QtCore import QByteArray, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QSplitter, QTabWidget, QVBoxLayout, QWidget

from core.translate import tr
from gui import window_memory
from gui.canvas_panel import CanvasPanel
from gui.chips import TaskBar
from gui.dock_grip import DockGrip
from gui.foot import Foot
from gui.gallery_panel import GalleryPanel
from gui.history_panel import HistoryPanel
from gui.kl_bars import KlBars
from gui.latent_panel import LatentPanel
from gui.loss_plot import LossPlot
from gui.map_panel import MapPanel
from gui.notice import Notice
from gui.offer_bar import OfferBar
from gui.preview_strip import PreviewStrip
from gui.session import Session
from gui.still import Still
from gui.training_panel import TrainingPanel
from gui.window_memory import WindowMemory

FIRST_SIZE = QSize(1440, 900)
LEAST_SIZE = QSize(1024, 640)
WIDE_PX, MAP_PX = 1300, 288  # in a window so wide the map is at least so wide; the pictures keep their size
TITLE_BAR = QSize(0, 36)  # what window managers put above a window, which Qt does not know before it is shown


class DockedWindow(QMainWindow):
    """A window of panels that draw a session; docks can be moved, hidden and restored."""

    def __init__(self, session: Session, memory: WindowMemory) -> None:
        super().__init__()
        self.session = session
        self.memory = memory
        session.setParent(self)
        self.setObjectName("mainWindow")
        self.setWindowTitle("Latent Dials")
        self.setAcceptDrops(True)
        self.setMinimumSize(LEAST_SIZE)
        self.gallery_panel = GalleryPanel(session)
        self.canvas_panel = CanvasPanel(session)
        self.latent_panel = LatentPanel(session)
        self.training_panel = TrainingPanel(session)
        self.training_panel.set_settings(self.memory.training)
        self.loss_plot = LossPlot(session)
        self.preview_strip = PreviewStrip(session)
        self.kl_bars = KlBars(session)
        self.history_panel = HistoryPanel(session)
        self.map_panel = MapPanel(session)
        self._first_layout = QByteArray()
        self.docks = self._lay_out()

    def _lay_out(self) -> list[QDockWidget]:
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas_panel, 1)
        self.setCentralWidget(Still(centre))
        self.notice = Notice()
        foot = Foot(centre)
        self.offer_bar = OfferBar()
        foot.add(TaskBar(self.session))
        foot.add(self.offer_bar)
        foot.add(self.notice)
        self.setDockNestingEnabled(True)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.setObjectName("trainingSplitter")
        below.setChildrenCollapsible(False)
        learning = QWidget()
        rows = QVBoxLayout(learning)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.preview_strip, 1)
        rows.addWidget(self.kl_bars)
        for panel, stretch in ((self.training_panel, 0), (self.loss_plot, 1), (learning, 0)):
            below.addWidget(panel)
            below.setStretchFactor(below.count() - 1, stretch)
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        docks = [
            self._dock("galleryDock", tr("Gallery"), self.gallery_panel, left),
            self._dock("latentDock", tr("Latent"), self.latent_panel, right),
            self._dock("historyDock", tr("History"), self.history_panel, right),
            self._dock("trainingDock", tr("Training"), below, bottom),
            self._dock("mapDock", tr("Map"), self.map_panel, left),
        ]
        for dock in docks:
            for changed in (dock.dockLocationChanged, dock.topLevelChanged, dock.visibilityChanged):
                changed.connect(self.session.keeper.note_change)
        self.setTabPosition(left, QTabWidget.TabPosition.North)
        self.tabifyDockWidget(docks[0], docks[4])  # both are where pictures are chosen
        docks[4].toggleViewAction().triggered.connect(self._on_map_toggled)
        docks[4].visibilityChanged.connect(self.map_panel.set_seen)
        docks[4].hide()
        docks[2].hide()
        self.resizeDocks([docks[0], docks[1]], [272, 328], Qt.Orientation.Horizontal)
        self.resizeDocks([docks[3]], [216], Qt.Orientation.Vertical)
        return docks

    def _dock(self, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setTitleBarWidget(DockGrip(dock))
        dock.setWidget(Still(panel))
        self.addDockWidget(area, dock)
        return dock

    def restore_layout(self) -> None:
        """Take the size and the docks of last time; call it once the menus are there."""
        # Not self.screen(): PySide would tie the screen to the window, and end it when the window is garbage.
        screen = QGuiApplication.primaryScreen().availableSize()
        self.resize(FIRST_SIZE.boundedTo(screen - TITLE_BAR).expandedTo(LEAST_SIZE))
        self._first_layout = self.saveState(window_memory.LAYOUT_VERSION)
        self.take_layout()

    def take_layout(self) -> None:
        """Take the size and the docks that the memory has."""
        if self.memory.geometry:
            self.restoreGeometry(window_memory.to_bytes(self.memory.geometry))
        if self.memory.docks:
            self.restoreState(window_memory.to_bytes(self.memory.docks), window_memory.LAYOUT_VERSION)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A size is kept as edits are."""
        super().resizeEvent(event)
        self.session.keeper.note_change()

    def moveEvent(self, event: QMoveEvent) -> None:
        """A place is kept as edits are."""
        super().moveEvent(event)
        self.session.keeper.note_change()

    @Slot(bool)
    def _on_map_toggled(self, shown: bool) -> None:
        if shown:
            self.docks[4].raise_()
            if self.width() >= WIDE_PX and not self.docks[4].isFloating():  # a map wants room
                wanted = max(MAP_PX, self.docks[4].width())
                self.resizeDocks([self.docks[4]], [wanted], Qt.Orientation.Horizontal)

    @Slot()
    def reset_layout(self) -> None:
        """Put the docks back to where they were at the first start."""
        self.restoreState(self._first_layout, window_memory.LAYOUT_VERSION)
