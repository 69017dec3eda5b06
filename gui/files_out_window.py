"""FilesOutWindow: codes, directions, encoder and decoder as files for other programs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from core.errors import ExportError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import UNIT_PX
from gui.writing_window import WritingWindow

CODES, DIRECTIONS, NETWORKS = "codes", "directions", "networks"
_CHECKED = 5  # pictures on which a network is compared


class FilesOutWindow(WritingWindow):
    """Choose what and in which format; save_to() needs no further dialog."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(tr("Codes and networks"), "filesOutWindow", QSize(560, 300), session, owner)
        self.setMinimumSize(480, 260)
        self.what = SegmentedControl(
            [
                Choice(CODES, tr("Codes"), tr("Of every picture, with its error and labels")),
                Choice(DIRECTIONS, tr("Directions"), tr("Those that are kept with the run")),
                Choice(NETWORKS, tr("Networks"), tr("Encoder and decoder as ONNX")),
            ],
            tr("What is written"),
            self,
        )
        self.format = self.choice("filesOutFormat", tr("Format"), tr("What kind of file"))
        self.facts_label = QLabel(self)
        self.facts_label.setObjectName("filesOutFacts")
        self.facts_label.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(UNIT_PX)
        grid.setVerticalSpacing(UNIT_PX)
        grid.setColumnStretch(1, 1)
        for row, (text, field) in enumerate(((tr("What"), self.what), (tr("Format"), self.format))):
            self.add_row(grid, row, text, field)
        self.body.addLayout(grid)
        self.body.addWidget(self.facts_label)
        self.body.addStretch(1)
        self.what.chosen.connect(self._on_chosen)
        session.dataset_changed.connect(self._on_session_changed)
        session.model_changed.connect(self._on_session_changed)
        self._on_chosen()

    def save_to(self, path: Path) -> None:
        """Write what is chosen to path, in the background. Raises: LatentDialsError."""
        session, what = self._session, self.what.current
        codec, dataset, run = session.codec, session.dataset, session.run
        if codec is None or run is None:
            raise ExportError(tr("There is no model yet: open one, or train one."))
        if what == DIRECTIONS:
            kept = heavy.directions.read_directions(run.path, codec.latent_dim)
            heavy.code_files.write_directions_to(kept, path)
            self.say(tr("Saved {count} directions in {path}.", count=len(kept), path=path))
            return
        if what == NETWORKS:
            pictures = None
            if dataset is not None and dataset.picture_shape == codec.picture_shape:
                pictures = dataset.pictures(slice(0, _CHECKED))
            self.write(
                lambda: heavy.networks.export_networks(codec, path, pictures),
                lambda check: f"{tr('Saved {path}.', path=path)} {check.text()}",
            )
            return
        if dataset is None:
            raise ExportError(tr("There are no pictures yet: open some first."))
        heavy.code_files.check_suffix(path, heavy.code_files.CODE_FORMATS)
        self.write(
            lambda: heavy.code_files.write_codes(codec, dataset, path),
            lambda _none: tr("Saved {path}.", path=path),
        )

    def _on_save_clicked(self) -> None:
        what = self.what.current
        if what == NETWORKS:
            self.ask_path(tr("Name a new folder for the networks"), "network", "", "")
            return
        key = self.format.currentData()
        self.ask_path(tr("Save the file"), f"{what}.{key}", f"{key.upper()} (*.{key})", key)

    @Slot()
    def _on_chosen(self) -> None:
        texts = {
            CODES: (("npz", tr("NPZ, for NumPy")), ("csv", tr("CSV, for tables"))),
            DIRECTIONS: (
                ("json", tr("JSON, with all that is known of each")),
                ("npz", tr("NPZ, for NumPy")),
                ("csv", tr("CSV, for tables")),
            ),
            NETWORKS: (("onnx", tr("ONNX, two files in a folder")),),
        }
        self.format.clear()
        for key, text in texts[self.what.current]:
            self.format.addItem(text, key)
        self.refresh()

    @Slot()
    def _on_session_changed(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Say what will be written, or why nothing can be."""
        session, what = self._session, self.what.current
        text, can = "", session.codec is not None
        if not can:
            text = tr("There is no model yet: open one, or train one.")
        elif what == CODES and session.dataset is None:
            text, can = tr("There are no pictures yet: open some first."), False
        elif what == CODES and session.dataset is not None:
            text = tr(
                "The code, the error and the labels of each of the {count} pictures.",
                count=f"{len(session.dataset):,}",
            )
        elif what == DIRECTIONS:
            text = tr("The directions that are kept with the run, each as what one standard deviation adds.")
        elif missing := self._missing():
            text, can = missing, False
        else:
            text = tr(
                "encoder.onnx and decoder.onnx, checked: onnxruntime must give the same pictures as this"
                " program."
            )
        self.facts_label.setText(text)
        self.save_button.setEnabled(can and not self.is_writing)

    def _missing(self) -> str:
        try:
            return heavy.networks.missing_onnx()
        except LatentDialsError as error:
            return str(error)
