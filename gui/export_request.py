"""What the export dialog asks its worker to draw, as values, and the drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from core.edits import AnyEdit
from gui import heavy
from gui.qimage import to_qimage
from gui.session import Session

if TYPE_CHECKING:
    from PIL import Image

    from core.codec import Codec
    from core.export.comparison import Comparison
    from core.export.typeset import ThemeName
    from core.latents import CodeStatistics


@dataclass(frozen=True, eq=False)
class ExportSubject:
    """The picture that is exported and what it was made with, as it was when the dialog opened."""

    codec: Codec
    statistics: CodeStatistics | None
    original: NDArray[np.uint8]
    index: int
    title: str
    subtitle: str


@dataclass(frozen=True, eq=False)
class FigureRequest:
    """One figure to draw."""

    subject: ExportSubject
    adjustments: tuple[tuple[tuple[AnyEdit, ...], str | None], ...]
    scale: int
    theme: ThemeName
    difference_row: bool
    has_detail: bool = False

    def comparison(self) -> Comparison:
        """The figure's panels, computed."""
        subject = self.subject
        return heavy.panels.make_comparison(
            subject.codec,
            subject.statistics,
            subject.original,
            subject.index,
            self.adjustments,
            title=subject.title,
            subtitle=subject.subtitle,
            detail=self.has_detail,
        )

    def image(self) -> Image.Image:
        """The figure, drawn."""
        return heavy.comparison.render_comparison(
            self.comparison(), scale=self.scale, theme=self.theme, difference_row=self.difference_row
        )


def draw_figure(request: FigureRequest) -> QImage:
    """The figure as an image for the screen."""
    return to_qimage(np.asarray(request.image()))


def export_subject(session: Session) -> ExportSubject | None:
    """What the session has in hand now; None while there is no picture or no run."""
    codec, pictures, run, dataset = session.codec, session.pictures, session.run, session.dataset
    if codec is None or pictures is None or run is None or dataset is None:
        return None
    return ExportSubject(
        codec,
        session.statistics,
        pictures.original,
        session.index,
        heavy.panels.comparison_title(session.index, dataset.identity.name),
        heavy.panels.comparison_subtitle(codec.config, run.name),
    )
