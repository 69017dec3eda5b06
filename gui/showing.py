"""The showing half of the session: pictures of the newest edit, its strip, the kept ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.errors import LatentDialsError
from core.translate import tr
from gui import heavy
from gui.analyst import Analyst
from gui.directing import Directing
from gui.renderer import Extras, ExtrasRequest, PictureRequest, Pictures, Renderer, Traversal, Walk

if TYPE_CHECKING:
    from core.codec import Codec


MOST_PROJECTED = 4096  # codes whose places along the directions are measured: 5 % of them is known to 0.3 %


class Showing(Directing):
    """What the canvas shows of the document; Editing and Directing have the document, Session what is open.

    Signals, beside those of Directing:
        pictures_changed(): pictures are newly computed, or None.
        traversal_changed(): traversal is newly computed, or None.
        pointed_changed(): pointed, the dial that is looked at without being in hand, is another.
        detail_changed(): has_detail, whether the original's detail is shown with the edit, is another.
        hand_changed(bool): a hand was laid on a dial, or has gone.
    """

    pictures_changed = Signal()
    traversal_changed = Signal()
    pointed_changed = Signal()
    detail_changed = Signal()
    hand_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.traversal: Traversal | None = None
        self.pointed: int | str | None = None  # a dimension, or a direction's name
        self.has_detail = False
        self._is_held = False
        self._shown: tuple[Codec, int] | None = None  # whose pictures are shown; others come within a moment
        self._renderer = Renderer(self)
        self._renderer.pictures_ready.connect(self._on_pictures_ready)
        self._renderer.extras_ready.connect(self._on_extras_ready)
        self._renderer.failed.connect(self._on_failed)
        self.analyst = Analyst(self)
        self.analyst.statistics_changed.connect(self._on_statistics_changed)
        self.analyst.failed.connect(self._on_failed)
        self.document_changed.connect(self._request_pictures)
        self.dial_changed.connect(self._request_extras)
        self.pointed_changed.connect(self._request_extras)
        self.directions_changed.connect(self._measure_directions)

    def point_at(self, dial: int | str | None) -> None:
        """Look at a dial, a dimension or a direction, without taking it in hand; None for none."""
        if dial != self.pointed:
            self.pointed = dial
            self.pointed_changed.emit()

    @Slot(bool)
    def set_detail(self, shown: bool) -> None:
        """Show the original's detail where nothing was edited, or what the network makes alone."""
        if shown != self.has_detail:
            self.has_detail = shown
            self.detail_changed.emit()

    def shown_edited(self, pictures: Pictures) -> NDArray[np.uint8]:
        """The edited picture (H,W,C) as it is shown: with the original's detail, where that is wanted."""
        if not self.has_detail:
            return pictures.edited
        return heavy.painting.with_detail(pictures.original, pictures.reconstruction, pictures.edited)

    def looked_at(self) -> tuple[int, str]:
        """The dimension and the direction ("" for none) that are pointed at, or else in hand."""
        if isinstance(self.pointed, int):
            return self.pointed, ""
        return self.dial, self.direction if self.pointed is None else self.pointed

    def step_of(self, dim: int, direction: str) -> tuple[str, NDArray[np.float32] | None]:
        """What a dial is called, and its move (D,) by one standard deviation; None while unknown."""
        found = self.found_named(direction)
        if found is not None:
            return found.name, found.direction.array.astype(np.float32)
        stats = self.analyst.statistics
        if stats is None or not 0 <= dim < len(stats.std):
            return f"z{dim}", None
        step = np.zeros(len(stats.std), np.float32)
        step[dim] = stats.std[dim]
        return f"z{dim}", step

    def original(self) -> NDArray[np.uint8] | None:
        """The selected picture (H,W,C); None where there is none, or it cannot be read, which is said."""
        originals = self.originals([self.index]) if self.index >= 0 else None
        return originals[0] if originals is not None else None

    def originals(self, indices: list[int]) -> NDArray[np.uint8] | None:
        """Pictures (n,H,W,C); None where there are none, or they cannot be read, which is said."""
        if self.dataset is None:
            return None
        try:
            return self.dataset.pictures(indices)
        except LatentDialsError as error:
            self.failed.emit(str(error))
            return None

    # ---- inside ----------------------------------------------------------------------------------------

    @Slot()
    def _on_statistics_changed(self) -> None:
        self.statistics = self.analyst.statistics
        self._measure_directions()
        self._request_extras()

    @Slot()
    def _measure_directions(self) -> None:
        """How the data's codes are distributed along the directions; panels are told after this."""
        codes, ways = self.analyst.codes, [found.direction for found in self.directions]
        self.along = None
        if codes is None or not ways or codes.codes.shape[1] != len(ways[0].vector):
            return
        some = codes.codes[heavy.batches.spread_indices(len(codes.codes), MOST_PROJECTED)]
        positions = heavy.directions.projections(some, ways, self.centre(some.shape[1]))
        self.along = heavy.latents.statistics(positions)

    @Slot()
    def _request_pictures(self) -> None:
        original = self.original()
        if self.codec is None or original is None or original.shape != self.codec.picture_shape:
            return
        known = self.pictures if self._shown == (self.codec, self.index) else None
        request = PictureRequest(self.codec, self.index, original, self.edit, known, self._is_held)
        self._renderer.request_pictures(request)

    @Slot()
    def _request_extras(self) -> None:
        pictures, codec = self.pictures, self.codec
        if pictures is None or codec is None:
            return
        stats = self.analyst.statistics
        dim, direction = self.looked_at()
        if dim >= len(pictures.code):  # of another model, which is leaving
            dim = self.dial
        found = self.found_named(direction)
        if found is not None and len(found.direction.vector) == len(pictures.code):
            walk = Walk(found.direction, self.position(found.name))
            request = ExtrasRequest(
                codec,
                pictures.code,
                pictures.edited_code,
                dim,
                self.span_along(found.name),
                (0.0, 1.0),
                self.kept,
                walk,
            )
            self._renderer.request_extras(request, again=len(self.kept_pictures) != len(self.kept))
            return
        if stats is None:
            centre = float(pictures.code[dim])
            span, centre_spread = (centre - 3.0, centre + 3.0), None
        else:
            span = (float(stats.low[dim]), float(stats.high[dim]))
            centre_spread = (float(stats.mean[dim]), float(stats.std[dim]))
        request = ExtrasRequest(
            codec, pictures.code, pictures.edited_code, dim, span, centre_spread, self.kept
        )
        self._renderer.request_extras(request, again=len(self.kept_pictures) != len(self.kept))

    @Slot(object, object)
    def _on_pictures_ready(self, request: PictureRequest, pictures: Pictures) -> None:
        if request.codec is not self.codec or request.index != self.index:
            return
        self.pictures = pictures
        self._shown = (request.codec, request.index)
        self.pictures_changed.emit()
        self._request_extras()

    @Slot(object, object)
    def _on_extras_ready(self, request: ExtrasRequest, extras: Extras) -> None:
        if request.codec is not self.codec:
            return
        self.traversal = extras.traversal
        self.traversal_changed.emit()
        if request.kept == self.kept:
            self.kept_pictures = extras.kept
            self.kept_changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.report(error)

    def report(self, error: Exception) -> None:
        """Say what went wrong; a fault of ours goes on to the error hook as well."""
        if isinstance(error, (LatentDialsError, OSError)):
            self.failed.emit(str(error))
            return
        self.failed.emit(tr("Something went wrong: {reason}.", reason=error))
        raise error
