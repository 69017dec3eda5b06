"""DirectionDialog: a new direction from codes, labels or two groups, shown before it is added."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.edits import LONGEST_NAME, check_name
from core.errors import EditError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.background import Runner
from gui.direction_search import ComponentsSearch, GroupSearch, LabelSearch, Search
from gui.plain import PlainLabel
from gui.segmented import Choice, SegmentedControl
from gui.session import Session

if TYPE_CHECKING:
    from core.datasets.dataset import LabelColumn
    from core.directions import Found

COMPONENTS, LABEL, GROUPS = "components", "label", "groups"
MOST_COMPONENTS = 64
WIDTH_PX = 460
_DELAY_MS = 250  # after the last change of what is asked for
LABEL_FILES = "CSV, list_attr (*.csv *.txt *.tsv);;* (*)"


class DirectionDialog(QDialog):
    """Asks what a direction shall lead to, measures it beside the window, and adds what is ticked."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._found: tuple[Found, ...] = ()
        self.setObjectName("directionDialog")
        self.setWindowTitle(tr("New direction"))
        self.setMinimumWidth(WIDTH_PX)
        self.kind = SegmentedControl(
            [
                Choice(COMPONENTS, tr("Components"), tr("Where the codes vary most; no labels are needed")),
                Choice(LABEL, tr("Label"), tr("Towards the pictures that have a label")),
                Choice(GROUPS, tr("Groups A and B"), tr("From pictures that you chose to others")),
            ],
            tr("What the direction is made from"),
        )
        self.pages = (self._components_page(), self._label_page(), self._groups_page())
        self.name = QLineEdit()
        self.name.setObjectName("directionName")
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setAccessibleName(tr("Name of the direction"))
        self.results = [QCheckBox(), QCheckBox()]
        self.facts = [PlainLabel(), PlainLabel()]
        for number, (box, facts) in enumerate(zip(self.results, self.facts, strict=True)):
            box.setObjectName(f"directionResult-{number}")
            facts.setWordWrap(True)
            facts.setProperty("role", "secondary")
        self.message = PlainLabel()
        self.message.setWordWrap(True)
        self.message.setProperty("role", "secondary")
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(tr("Measuring"))
        self.buttons = QDialogButtonBox()
        self.add = QPushButton(tr("Add"))
        self.add.setObjectName("addDirection")
        self.add.setProperty("primary", True)
        self.buttons.addButton(self.add, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self._lay_out()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_progress)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self._fitting = QTimer(self, singleShot=True, interval=0)  # once the layout knows what is shown
        self._fitting.timeout.connect(self._fit)
        self._delay = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._delay.timeout.connect(self._search)
        self._connect()
        self._on_labels_changed()

    # ---- what it is made of ----------------------------------------------------------------------------

    def _components_page(self) -> QWidget:
        self.count = QSpinBox()
        self.count.setObjectName("componentCount")
        codec = self._session.codec
        self.count.setRange(1, min(MOST_COMPONENTS, codec.latent_dim if codec else 1))
        self.count.setValue(5)
        self.count.lineEdit().setTextMargins(6, 0, 0, 0)
        self.count.setAccessibleName(tr("How many components"))
        return _form((tr("How many"), self.count))

    def _label_page(self) -> QWidget:
        self.column = QComboBox()
        self.column.setObjectName("directionColumn")
        self.column.setAccessibleName(tr("Label"))
        self.value = QComboBox()
        self.value.setObjectName("directionClass")
        self.value.setAccessibleName(tr("Which class, against all others"))
        self.threshold = QDoubleSpinBox()
        self.threshold.setObjectName("directionThreshold")
        self.threshold.setDecimals(3)
        self.threshold.lineEdit().setTextMargins(6, 0, 0, 0)
        self.threshold.setRange(-1e9, 1e9)
        self.threshold.setAccessibleName(tr("Greater than"))
        self.labels = QPushButton(tr("Labels from a file…"))
        self.labels.setObjectName("labelsButton")
        page = _form(
            (tr("Label"), self.column), (tr("Is"), self.value), (tr("Is greater than"), self.threshold)
        )
        form = page.layout()
        assert isinstance(form, QFormLayout)
        self._label_form = form
        form.addRow("", self.labels)
        return page

    def _groups_page(self) -> QWidget:
        self.group_counts = PlainLabel()
        self.group_counts.setWordWrap(True)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.group_counts)
        return page

    def _lay_out(self) -> None:
        name = _form((tr("Name"), self.name))
        self._name_row = name
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.kind)
        for page in self.pages:
            layout.addWidget(page)
            page.setVisible(page is self.pages[0])
        layout.addWidget(name)
        for box, facts in zip(self.results, self.facts, strict=True):
            layout.addWidget(box)
            layout.addWidget(facts)
        layout.addWidget(self.message)
        layout.addWidget(self.progress)
        layout.addStretch(1)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.kind.chosen.connect(self._on_kind_chosen)
        self.count.valueChanged.connect(self._ask)
        self.column.currentIndexChanged.connect(self._on_column_chosen)
        self.value.currentIndexChanged.connect(self._on_value_chosen)
        self.threshold.valueChanged.connect(self._on_value_chosen)
        self.labels.clicked.connect(self._on_labels_wanted)
        self.name.textChanged.connect(self._show_addable)
        for box in self.results:
            box.toggled.connect(self._show_addable)
        self.buttons.accepted.connect(self._on_add)
        self.buttons.rejected.connect(self.reject)
        session = self._session
        session.labels_changed.connect(self._on_labels_changed)
        session.groups_changed.connect(self._on_groups_changed)
        session.dataset_changed.connect(self.reject)
        session.run_changed.connect(self.reject)
        session.analyst.statistics_changed.connect(self._ask)
        session.analyst.study_changed.connect(self._on_study_changed)
        session.closing.connect(self._on_closing)

    # ---- what is asked for -----------------------------------------------------------------------------

    @Slot(str)
    def _on_kind_chosen(self, key: str) -> None:
        for page, its_key in zip(self.pages, (COMPONENTS, LABEL, GROUPS), strict=True):
            page.setVisible(its_key == key)
        if key == LABEL:
            self._on_value_chosen()
        elif key == GROUPS:
            self.name.setText(tr("A minus B"))
        self._ask()

    @Slot()
    def _on_labels_changed(self) -> None:
        dataset, chosen = self._session.dataset, self.column.currentText()
        with QSignalBlocker(self.column):
            self.column.clear()
            for column in dataset.labels if dataset is not None else ():
                self.column.addItem(column.name)
            self.column.setCurrentIndex(max(0, self.column.findText(chosen)))
        self._on_column_chosen()

    @Slot()
    def _on_column_chosen(self) -> None:
        column = self._column()
        with QSignalBlocker(self.value), QSignalBlocker(self.threshold):
            self.value.clear()
            if column is not None and column.classes:
                self.value.addItems(list(column.classes))
                self.value.setCurrentIndex(len(column.classes) - 1)  # of "-1" and "1" the one that has it
            elif column is not None:
                self.threshold.setValue(heavy.directions.middle_of(column))
        self._label_form.setRowVisible(self.value, column is not None and bool(column.classes))
        self._label_form.setRowVisible(self.threshold, column is not None and not column.classes)
        self._on_value_chosen()

    @Slot()
    def _on_value_chosen(self) -> None:
        column = self._column()
        if column is not None and self.kind.current == LABEL:
            plain = len(column.classes) == 2 and self.value.currentText() in ("1", "yes", "true", "True")
            name = column.name if plain or not column.classes else f"{column.name} {self.value.currentText()}"
            self.name.setText(name.replace('"', "'")[:LONGEST_NAME].strip())
        self._ask()

    @Slot()
    def _on_groups_changed(self) -> None:
        if self.kind.current == GROUPS:
            self._ask()

    @Slot()
    def _on_labels_wanted(self) -> None:
        file, _kind = QFileDialog.getOpenFileName(self, tr("Labels"), "", LABEL_FILES)
        if file:
            self._session.open_labels(Path(file))

    def _column(self) -> LabelColumn | None:
        dataset, place = self._session.dataset, self.column.currentIndex()
        return dataset.labels[place] if dataset is not None and 0 <= place < len(dataset.labels) else None

    @Slot()
    def _ask(self) -> None:
        """What is asked for is another: it is searched for in a moment."""
        self._runner.drop()
        self._show_found(())
        first, second = (len(group) for group in self._session.groups)
        self.group_counts.setText(
            tr(
                "Group A has {first} pictures, group B has {second}. The direction leads from B to A. Mark"
                " pictures in the gallery: keys A and B on the chosen one, or its menu; this window may stay"
                " open.",
                first=f"{first:,}",
                second=f"{second:,}",
            )
        )
        self._name_row.setVisible(self.kind.current != COMPONENTS)
        missing = self._missing()
        self.message.setText(missing or tr("Measuring…"))
        self.message.show()
        self.progress.setVisible(not missing)
        self._fitting.start()
        if missing:
            self._delay.stop()
        else:
            self._delay.start()

    @Slot()
    def _on_study_changed(self) -> None:
        if missing := self._missing():
            self.message.setText(missing)
            self._fitting.start()

    @Slot()
    def _fit(self) -> None:
        """As high as what is shown: sentences of several lines come and go."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(
            self.width(), max(layout.totalHeightForWidth(self.width()), layout.totalMinimumSize().height())
        )

    def _missing(self) -> str:
        """What there must be before anything can be searched for; empty when all is there."""
        session = self._session
        if session.codec is None or session.dataset is None:
            return tr("Open pictures and a model first.")
        codes = session.analyst.codes
        if codes is None or codes.codes.shape[1] != session.codec.latent_dim:
            return session.codes_missing or tr(
                "The codes of the pictures are still being measured; it goes on here when they are there."
            )
        if self.kind.current == LABEL and self._column() is None:
            return tr("These pictures have no labels: read some from a CSV or CelebA's list_attr file.")
        if self.kind.current == GROUPS and not all(session.groups):
            return tr("Each group needs at least one picture.")
        return ""

    def _request(self) -> Search:
        session = self._session
        codec, dataset, codes = session.codec, session.dataset, session.analyst.codes
        assert codec is not None
        assert dataset is not None
        assert codes is not None
        match self.kind.current:
            case "components":
                return ComponentsSearch(codec, dataset, codes, self.count.value())
            case "label":
                column = self._column()
                assert column is not None
                value = self.value.currentText() if column.classes else self.threshold.value()
                return LabelSearch(codec, dataset, codes, column, value, tr("new"))
            case _:
                return GroupSearch(codec, dataset, codes, session.groups, tr("new"))

    @Slot()
    def _search(self) -> None:
        if not self._missing():
            request = self._request()
            self._runner.start(request.work)

    # ---- what is found ---------------------------------------------------------------------------------

    @Slot(list)
    def _on_progress(self, items: list[str]) -> None:
        self.message.setText(items[-1])

    @Slot(object)
    def _on_done(self, result: object) -> None:
        self.progress.hide()
        self._show_found(result if isinstance(result, tuple) else ())

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.progress.hide()
        self._show_found(())
        self.message.setText(str(error))
        self.message.show()
        if not isinstance(error, (LatentDialsError, OSError)):
            self._session.report(error)

    def _show_found(self, found: tuple[Found, ...]) -> None:
        """Show what was found, and offer to add it."""
        self._found = found
        is_pair = self.kind.current != COMPONENTS and len(found) == len(self.results)
        texts = (tr("Difference of the means"), tr("Linear classifier"))
        for box, facts, text in zip(self.results, self.facts, texts, strict=True):
            box.setText(text)
            box.setVisible(is_pair)
            facts.setVisible(is_pair)
        if is_pair:
            for facts, one in zip(self.facts, found, strict=True):
                facts.setText(one.facts())
            scores = [one.accuracy.balanced if one.accuracy else 0.0 for one in found]
            self.results[0].setChecked(scores[0] >= scores[1])
            self.results[1].setChecked(scores[1] > scores[0])
            self.message.hide()
        elif found:
            shares = ", ".join(f"{100 * (one.share or 0.0):.1f}" for one in found[:10])
            in_all = 100 * sum(one.share or 0.0 for one in found)
            self.message.setText(
                tr(
                    "{count} components with {shares} % of the codes' variance, {sum} % together.",
                    count=len(found),
                    shares=shares + (", …" if len(found) > 10 else ""),
                    sum=f"{in_all:.1f}",
                )
            )
        self._show_addable()
        self._fitting.start()

    def _chosen(self) -> tuple[Found, ...]:
        """What is added, under its name. Raises: EditError for a name that cannot be."""
        if self.kind.current == COMPONENTS:
            return self._found
        name = self.name.text().strip()
        check_name(name)
        return tuple(
            one.renamed(name) for one, box in zip(self._found, self.results, strict=False) if box.isChecked()
        )

    @Slot()
    def _show_addable(self) -> None:
        try:
            self.add.setEnabled(bool(self._chosen()))
        except EditError:
            self.add.setEnabled(False)

    @Slot()
    def _on_add(self) -> None:
        dataset, chosen = self._session.dataset, self._chosen()
        if dataset is not None:
            chosen = tuple(one.of_data(dataset.identity.name) for one in chosen)
        self._session.add_directions(chosen)
        self.accept()

    # ---- the end ---------------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        """However it ends, nothing goes on behind it."""
        self._delay.stop()
        self._runner.close()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The frame's own button rejects it too."""
        self._delay.stop()
        self._runner.close()
        super().closeEvent(event)

    @Slot()
    def _on_closing(self) -> None:
        self._delay.stop()
        self._runner.close()


def _form(*rows: tuple[str, QWidget]) -> QWidget:
    page = QWidget()
    form = QFormLayout(page)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    for text, field in rows:
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        form.addRow(text, field)
    return page
