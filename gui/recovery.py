"""Recovery: what a window that ended without goodbye left behind is offered, once, by the next one."""

from datetime import datetime

from PySide6.QtCore import QDate, QLocale, QObject, Signal, Slot

from core.translate import tr
from gui import faults, memory
from gui.offer_bar import OfferBar
from gui.saved_work import SavedWork
from gui.session import Session
from gui.session_folder import SessionFolder, lost_folders


class Recovery(QObject):
    """Asks whether to take up the newest lost work, and shows the log of a crash.

    An offer is over when it was answered, and when the window is closed without an answer: then the work
    stays in declined_folder() for a while, and is not offered again. It is offered again only when this
    window is killed before that. Others that are lost wait for the starts after this one.

    Signals:
        restored(object): the SavedWork that is shown now, for the window to take up its own part of it.
        log_asked(): the log of the crash is to be shown.
    """

    restored = Signal(object)
    log_asked = Signal()

    def __init__(self, session: Session, bar: OfferBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._bar = bar
        self._folder: SessionFolder | None = None
        self._work: SavedWork | None = None
        self._is_restored = False
        self._written = 0  # the write that has to be on the disk before the lost work may go
        bar.restore.clicked.connect(self._on_restore)
        bar.fresh.clicked.connect(self._on_fresh)
        bar.show_log.clicked.connect(self.log_asked)
        session.taken_up.connect(self._on_taken_up)
        session.keeper.kept.connect(self._on_kept)

    @Slot()
    def look(self) -> None:
        """Offer what is there; call it once, when the window is painted."""
        for folder in lost_folders():
            work = None if self._folder else memory.load(folder.work_path, SavedWork)
            if work is not None:
                self._folder, self._work = folder, work
            elif self._folder is not None and folder.work_path.is_file():
                folder.release()
            else:
                folder.decline()
        crash = faults.unseen_crash()
        if self._work is None and crash is None:
            return
        self._session.keeper.waits_for_edits = self._work is not None
        self._bar.ask(
            _question(self._work, crash), can_restore=self._work is not None, has_log=crash is not None
        )

    def close(self) -> None:
        """The window closes: what was not answered is not asked again."""
        if not self._bar.isHidden():
            faults.mark_crashes_seen()
        folder, self._folder = self._folder, None
        if folder is None:
            return
        if self._is_restored:  # a moment ago: it may not be on the disk again
            folder.remove() if self._session.keeper.save() else folder.release()
        else:
            folder.decline()

    @Slot()
    def _on_restore(self) -> None:
        if self._work is not None:
            self._bar.setEnabled(False)
            self._session.take_up(self._work)

    @Slot()
    def _on_fresh(self) -> None:
        self._end()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.decline()
        self._session.keeper.note_change()

    @Slot(bool)
    def _on_taken_up(self, done: bool) -> None:
        work = self._work
        if work is None:
            return
        if not done:  # the reason was said; what is lost is still there
            self._bar.setEnabled(True)
            return
        self._end()
        self._is_restored = True
        self._written = self._session.keeper.write_now()
        self.restored.emit(work)
        steps = work.history.done
        self._session.message_posted.emit(
            tr("The session is taken up again; {count} steps can be undone.", count=steps)
        )

    @Slot(int)
    def _on_kept(self, number: int) -> None:
        if self._is_restored and number >= self._written and self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _end(self) -> None:
        self._bar.hide()
        faults.mark_crashes_seen()
        self._session.keeper.waits_for_edits = False


def _question(work: SavedWork | None, crash: faults.Crash | None) -> str:
    if work is None:
        assert crash is not None
        return tr("The program ended unexpectedly at {time}.", time=_when(crash.at))
    time = _when(datetime.fromtimestamp(work.saved_at))
    if work.is_aside:
        return tr(
            "A window's edits of {time} were kept aside, since another had saved the same pictures. Take them"
            " up?",
            time=time,
        )
    if crash is not None:
        time = _when(crash.at)
        return tr("The program ended unexpectedly at {time}. Take the session up again?", time=time)
    return tr("The last session ended without goodbye at {time}. Take it up again?", time=time)


def _when(at: datetime) -> str:
    """The time of day, with the date where that was not today."""
    clock = at.strftime("%H:%M")
    if at.date() == datetime.now().date():
        return clock
    date = QLocale().toString(QDate(at.year, at.month, at.day), QLocale.FormatType.ShortFormat)
    return tr("{clock} on {date}", clock=clock, date=date)
