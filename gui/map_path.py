"""MapPathBar: a path drawn on the map as pictures: played, taken as a code, saved as one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.errors import LatentDialsError
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.edit_state import EditState, StartCode
from gui.fit_label import FitLabel
from gui.icon_button import icon_button
from gui.picture_row import PictureRow
from gui.session import Session

if TYPE_CHECKING:
    from core.codec import Codec
    from core.mapping import CodeMap, MapPath

STEPS = 12
FRAME_MS = 160
_BORDER_PX = 2
_SCALE = 2


@dataclass(frozen=True, eq=False)
class PathRequest:
    """The pictures along a line (L,2) on a map; begin is the edited code where the line starts from it."""

    codec: Codec
    map: CodeMap
    line: NDArray[np.float32]
    begin: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class PathPictures:
    """Codes along a path, their pictures (n,H,W,C) and their places on the map (n,2)."""

    path: MapPath
    pictures: NDArray[np.uint8]
    places: NDArray[np.float32]


def develop_path(request: PathRequest) -> PathPictures:
    """The answer to a request."""
    shown = request.map
    path = heavy.mapping.codes_along(request.line, shown.points, shown.codes, STEPS, request.begin)
    places = np.stack([shown.place(code) for code in path.codes])
    return PathPictures(path, request.codec.decode(path.codes), places)


class MapPathBar(QWidget):
    """Shown once a path is drawn.

    Signals:
        frame_shown(place (2,), picture (H,W,C), text): one picture of the path is shown, at its place.
        places_changed(object): where the codes of the path lie (n,2); None when there is no path.
    """

    frame_shown = Signal(object, object, str)
    places_changed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mapPath")
        self._session = session
        self._request: PathRequest | None = None
        self._found: PathPictures | None = None
        self.row = PictureRow(tr("Pictures along the path"), least_px=24, spread=True)
        self.row.setObjectName("mapPathPictures")
        self.row.chosen.connect(self._on_chosen)
        self.title = FitLabel("caption")
        self.play = icon_button("mapPathPlay", "play", tr("Play the path"))
        self.play.setCheckable(True)
        self.play.toggled.connect(self._on_play)
        self.save = icon_button("mapPathSave", "export", tr("Save the path's pictures as a PNG"))
        self.save.clicked.connect(self.ask_png)
        self.away = icon_button("mapPathClear", "close", tr("Take the path away"))
        self.away.clicked.connect(self.clear)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.title, 1)
        for button in (self.play, self.save, self.away):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.row)
        self._frame = 0
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_frame)
        self._lane = LatestOnly(develop_path, self, prepare=_use_one_thread)
        self._lane.answered.connect(self._on_developed)
        self._lane.failed.connect(self._on_failed)
        session.closing.connect(self._lane.stop_and_wait)
        self.hide()

    @property
    def pictures(self) -> PathPictures | None:
        """What is shown."""
        return self._found

    def draw(self, shown: CodeMap, line: NDArray[np.float32], begin: NDArray[np.float32] | None) -> None:
        """Show the pictures along a line on a map."""
        codec = self._session.codec
        if codec is None or codec.latent_dim != shown.codes.shape[1]:
            return
        self._request = PathRequest(codec, shown, line, begin)
        self._lane.submit(self._request)

    @Slot()
    def clear(self) -> None:
        """Show no path."""
        self._request = self._found = None
        self.play.setChecked(False)
        self.hide()
        self.places_changed.emit(None)

    @Slot(object, object)
    def _on_developed(self, request: PathRequest, found: PathPictures) -> None:
        if request is not self._request:
            return
        self._request = None  # which holds a network
        self._found = found
        indices = [int(request.map.indices[stop]) if stop >= 0 else -1 for stop in found.path.stops]
        captions = ["•" if index >= 0 else "" for index in indices]
        tips = [
            tr("{name}: the code of #{index}. A click starts the edit from it.", name=_name(at), index=index)
            if index >= 0
            else tr("{name}. A click starts the edit from this code.", name=_name(at))
            for at, index in enumerate(indices)
        ]
        self.row.show_pictures(found.pictures, captions, tips)
        stops = sum(index >= 0 for index in indices)
        texts = [
            tr("path past {count} real pictures", count=stops),
            tr("path, {count} stops", count=stops),
            "",
        ]
        self.title.show_texts(texts)
        self.show()
        self.places_changed.emit(found.places)
        self.row.set_current(-1)

    @Slot(object, object)
    def _on_failed(self, request: object, error: Exception) -> None:
        if request is self._request:
            self._request = None
        self._session.report(error)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        if self._found is None or self._session.pictures is None:
            return
        self.play.setChecked(False)
        self._show_frame(place)
        name = tr("path {step}", step=_name(place))
        code = StartCode.of(name, self._found.path.codes[place])
        self._session.set_edit(EditState(code), tr("Take {name}", name=name))

    @Slot(bool)
    def _on_play(self, play: bool) -> None:
        if play:
            self._timer.start()
        else:
            self._timer.stop()

    @Slot()
    def _on_frame(self) -> None:
        """There and back again."""
        self._frame = (self._frame + 1) % (2 * STEPS - 2)
        self._show_frame(min(self._frame, 2 * STEPS - 2 - self._frame))

    def _show_frame(self, place: int) -> None:
        found = self._found
        if found is not None:
            self.row.set_current(place)
            self.frame_shown.emit(found.places[place], found.pictures[place], _name(place))

    @Slot()
    def ask_png(self) -> None:
        """Ask where to save the pictures in a row, and save them."""
        file, _kind = QFileDialog.getSaveFileName(
            self, tr("Save the path's pictures"), "path.png", "PNG (*.png)"
        )
        if file and self._found is not None:
            path = Path(file) if file.lower().endswith(".png") else Path(file + ".png")
            try:
                save_row(self._found.pictures, path)
            except LatentDialsError as error:
                self._session.failed.emit(str(error))
            else:
                self._session.message_posted.emit(tr("Saved {path}.", path=path))


def save_row(pictures: NDArray[np.uint8], path: Path) -> None:
    """Write pictures (n,H,W,C) beside each other as one PNG. Raises: ExportError."""
    border = ((0, 0), (0, 0), (0, _BORDER_PX), (0, 0))
    row = np.concatenate(np.pad(pictures, border, constant_values=255), axis=1)[:, :-_BORDER_PX]
    heavy.recipe.save_picture(np.ascontiguousarray(row), path, _SCALE, None)


def _name(place: int) -> str:
    return tr("step {place} of {count}", place=place + 1, count=STEPS)


def _use_one_thread() -> None:
    heavy.threads.use_one()
