"""The cards over the canvas: as high as their text wants, and at rest once they are placed."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.foot import MARGIN_PX, Foot
from gui.notice import Notice


class Layouts(QObject):
    """Counts how often a widget is laid out."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def over_a_canvas(qtbot: QtBot) -> tuple[QWidget, Foot, Notice]:
    canvas = QWidget()
    canvas.resize(400, 300)
    QVBoxLayout(canvas).addWidget(QWidget())
    notice, foot = Notice(), Foot(canvas)
    foot.add(notice)
    qtbot.addWidget(canvas)
    canvas.show()
    return canvas, foot, notice


def settle(rounds: int) -> None:
    for _ in range(rounds):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents()


def test_a_card_that_is_shown_is_laid_out_a_few_times_and_no_more(qtbot: QtBot) -> None:
    _canvas, foot, notice = over_a_canvas(qtbot)
    layouts = Layouts(foot)
    notice.show_failure("Something went wrong.")
    settle(10)
    at_first = layouts.count
    settle(50)
    assert layouts.count == at_first


def test_the_foot_is_as_high_as_its_text_and_stays_at_the_bottom(qtbot: QtBot) -> None:
    canvas, foot, notice = over_a_canvas(qtbot)
    notice.show_failure("Short.")
    settle(10)
    low = foot.height()
    notice.show_failure("word " * 100)
    settle(10)
    assert foot.height() >= low + 2 * foot.fontMetrics().height()
    assert foot.geometry().bottom() == canvas.height() - MARGIN_PX - 1
    notice.show_failure("Short.")
    settle(10)
    assert foot.height() == low
    canvas.resize(500, 350)
    settle(10)
    assert foot.geometry().bottom() == canvas.height() - MARGIN_PX - 1
    notice.hide()
    settle(10)
    assert foot.isHidden()
