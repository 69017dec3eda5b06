"""Atlas: the map of the session's codes, drawn beside the window, and what colours its points."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.translate import tr
from gui import heavy
from gui.analyst import Pace, Subject
from gui.background import Runner
from gui.map_colours import Colouring, by_label, by_number, plain
from gui.session import Session
from gui.theme import current_theme

if TYPE_CHECKING:
    from core.encoding import Codes, EncodeProgress
    from core.mapping import CodeMap, Method

PCA, TSNE = "pca", "tsne"  # as core.mapping calls its methods
PLAIN, ERROR, DIAL, LABEL = "plain", "error", "dial", "label"  # what colours a map


class Atlas(QObject):
    """Draws maps of codes, the newest one asked for.

    Signals:
        changed(): map is another, or None.
        progressed(object): an EncodeProgress; None when nothing is drawn.
        failed(object): the exception that ended a drawing.
    """

    changed = Signal()
    progressed = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.map: CodeMap | None = None
        self._asked: tuple[Codes, Method] | None = None
        self._pace = Pace()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_items)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        session.closing.connect(self.close)

    @property
    def is_drawing(self) -> bool:
        """Whether a map is being drawn."""
        return self._runner.is_running

    def draw(self, codes: Codes, method: Method) -> None:
        """Draw these codes, unless that is what was asked for last."""
        if self._asked is not None and self._asked[0] is codes and self._asked[1] == method:
            return
        self._asked = (codes, method)
        subject = self._session.analyst.subject
        self._pace.is_alone = not self._session.is_training
        self._runner.start(lambda: self._pace.keep(_drawn(codes, method, subject)))

    def clear(self) -> None:
        """There are no codes."""
        self._runner.drop()
        self._asked = None
        self.progressed.emit(None)
        if self.map is not None:
            self.map = None
            self.changed.emit()

    def cancel(self) -> None:
        """Give up what is being drawn; the map that is there stays."""
        self._runner.drop()
        self._asked = None
        self.progressed.emit(None)

    def colouring(self, kind: str, column: int) -> Colouring:
        """The colours of the map's points by label column, error or dial."""
        shown, session, theme = self.map, self._session, current_theme()
        if shown is None:
            return plain(0, theme)
        indices, dataset = shown.indices, session.dataset
        if kind == LABEL and dataset is not None and 0 <= column < len(dataset.labels):
            return by_label(dataset.labels[column], indices, theme)
        if kind == DIAL and session.dial < shown.codes.shape[1]:
            return by_number(shown.codes[:, session.dial], f"z{session.dial}", theme)
        if kind == ERROR:
            errors = session.analyst.errors
            known = np.full(len(indices), np.nan, np.float32) if errors is None else errors[indices]
            return by_number(known, tr("reconstruction error"), theme)
        return plain(len(indices), theme)

    @Slot()
    def close(self) -> None:
        """Stop and wait."""
        self._runner.close()

    @Slot(list)
    def _on_items(self, items: list[EncodeProgress | CodeMap]) -> None:
        for item in items:
            if isinstance(item, heavy.mapping.CodeMap):
                self.map = item
                self.changed.emit()
        if isinstance(items[-1], heavy.encoding.EncodeProgress):
            self.progressed.emit(items[-1])

    @Slot(object)
    def _on_done(self, _result: object) -> None:
        self.progressed.emit(None)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self.progressed.emit(None)
        self.failed.emit(error)


def _drawn(codes: Codes, method: Method, subject: Subject | None) -> Generator[Any, None, None]:
    kept = None
    if method == "tsne" and subject is not None and subject.folder is not None:
        data = subject.dataset.identity.fingerprint
        key = heavy.encoding.codes_key(subject.codec.fingerprint, data, len(codes.indices))
        kept = heavy.mapping.TsneFile(subject.folder, key)
    yield (yield from heavy.mapping.make_map(codes, method, kept))
