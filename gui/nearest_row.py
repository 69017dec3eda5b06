"""NearestRow: how unusual the edited code is, and the pictures of the data whose codes are nearest to it."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.translate import tr
from gui.code_rarity import CodeRarity
from gui.picture_row import PictureRow
from gui.session import Session


class NearestRow(QWidget):
    """Follows session.whereabouts; a click selects a picture."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("nearest")
        self._session = session
        self._indices: tuple[int, ...] = ()
        self.rarity = CodeRarity(session)
        self.rarity.setObjectName("mapRarity")
        self.row = PictureRow(tr("Pictures with the nearest codes"), least_px=34)
        self.row.setObjectName("nearestPictures")
        self.row.set_hint(tr("The pictures whose codes are nearest to the edited one stand here."))
        self.row.chosen.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.rarity)
        layout.addWidget(self.row)
        session.whereabouts.changed.connect(self.show_nearest)
        session.selection_changed.connect(self._on_selection_changed)

    @property
    def indices(self) -> tuple[int, ...]:
        """The pictures that are shown, nearest first."""
        return self._indices

    @Slot()
    def show_nearest(self) -> None:
        """Show what is known now; pictures are read only where they are others."""
        where, session = self._session.whereabouts.where, self._session
        found = () if where is None else where.nearest
        count = 0 if session.dataset is None else len(session.dataset)
        if not self.isVisible() or any(index >= count for index, _distance in found):
            return
        indices = tuple(index for index, _distance in found)
        captions = [_distance_text(distance) for _index, distance in found]
        if indices == self._indices:
            self.row.show_captions(captions)
            return
        pictures = session.originals(list(indices)) if indices else None
        self._indices = indices if pictures is not None else ()
        tips = [
            tr("Picture #{index}: a click selects it. Below stands how far its code is.", index=f"{index:,}")
            for index in indices
        ]
        self.row.show_pictures(pictures, captions, tips)
        self._on_selection_changed()

    @Slot()
    def _on_selection_changed(self) -> None:
        index = self._session.index
        self.row.set_current(self._indices.index(index) if index in self._indices else -1)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        if place < len(self._indices):
            self._session.select_image(self._indices[place])


def _distance_text(distance: float) -> str:
    """At most five characters, so that those of a row stand alike and none is cut."""
    return f"{distance:.2f}" if distance < 99.995 else f"{min(distance, 99_999.0):.0f}"
