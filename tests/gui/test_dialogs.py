"""Import, export and history: what is shown is what is read, what is written is what was shown."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.config import ImportConfig
from core.edits import parse_edits
from core.errors import ExportError
from core.export.comparison import comparison_layout, make_comparison
from core.export.recipe import read_recipe
from gui.export_dialog import ExportDialog
from gui.history_panel import HistoryPanel
from gui.import_dialog import ImportDialog
from gui.qimage import to_array
from gui.session import Session


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.npy"
    np.save(path, np.random.default_rng(1).integers(0, 256, (20, 24, 24, 3), dtype=np.uint8))
    return path


@pytest.fixture
def dialog(source: Path, qtbot: QtBot) -> Iterator[ImportDialog]:
    dialog = ImportDialog(source)
    qtbot.addWidget(dialog)
    dialog.open()
    yield dialog
    dialog.reject()


def _looked(qtbot: QtBot, dialog: ImportDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.is_looking and dialog.open_button.isEnabled(), timeout=10_000)


def test_import_shows_how_an_array_is_read(dialog: ImportDialog, qtbot: QtBot) -> None:
    _looked(qtbot, dialog)
    assert dialog.reading_label.text().startswith("(20,24,24,3)")
    assert "colour" in dialog.reading_label.text()
    assert dialog.summary_label.text() == "20 pictures · 24×24 colour · opens at once"
    assert dialog.samples.count == 8
    assert dialog.policy() == ImportConfig()


def test_import_looks_again_when_the_policy_changes(dialog: ImportDialog, qtbot: QtBot) -> None:
    _looked(qtbot, dialog)
    size = dialog.form.fields["size"]
    size.selectAll()  # pyright: ignore[reportAttributeAccessIssue]
    qtbot.keyClicks(size, "32")
    qtbot.waitUntil(lambda: "32×32" in dialog.summary_label.text(), timeout=10_000)
    _looked(qtbot, dialog)
    assert dialog.inspection is not None
    assert dialog.inspection.samples.shape[1:] == (32, 32, 3)
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.policy() == ImportConfig(size=32)


def test_import_refuses_a_wrong_size_in_a_sentence(dialog: ImportDialog, qtbot: QtBot) -> None:
    _looked(qtbot, dialog)
    size = dialog.form.fields["size"]
    size.selectAll()  # pyright: ignore[reportAttributeAccessIssue]
    qtbot.keyClicks(size, "513")
    assert not dialog.open_button.isEnabled()
    assert dialog.problem_label.text() == "Size must be a whole number from 0 to 512."


def test_import_of_nothing_readable_says_why(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "empty.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "no picture")
    dialog = ImportDialog(path)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.problem_label.text() != "", timeout=10_000)
    assert not dialog.open_button.isEnabled()
    assert dialog.samples.count == 0
    dialog.reject()


def test_import_of_real_faces(real_data: Path, qtbot: QtBot) -> None:
    path = real_data / "faces_test.npy"
    dialog = ImportDialog(path)
    qtbot.addWidget(dialog)
    dialog.open()
    _looked(qtbot, dialog)
    assert "500 pictures · 64×64 colour" in dialog.summary_label.text()
    assert dialog.inspection is not None
    whole = np.load(path, mmap_mode="r")
    for sample in dialog.inspection.samples:
        assert (whole == sample).all(axis=(1, 2, 3)).any(), "a sample is not one of the pictures"
    dialog.reject()


@pytest.fixture
def adjusted(toy_session: Session, qtbot: QtBot) -> Session:
    """Two adjustments: z0 +20 kept, z5 -3 in hand."""
    toy_session.type_on_dial(0, "+20")
    toy_session.keep_adjustment()
    toy_session.reset_all()
    toy_session.type_on_dial(5, "-3")
    qtbot.waitUntil(lambda: toy_session.is_idle, timeout=10_000)
    return toy_session


@pytest.fixture
def export(adjusted: Session, qtbot: QtBot) -> Iterator[ExportDialog]:
    dialog = ExportDialog(adjusted)
    qtbot.addWidget(dialog)
    dialog.open()
    yield dialog
    dialog.reject()


def _cut(path: Path, session: Session, *edits: str, notes: list[str | None], scale: int) -> list[np.ndarray]:
    """The pictures of an exported figure, cut out where the layout says."""
    assert session.codec is not None
    original = session.original()
    adjustments = [(parse_edits(edit, 8), note) for edit, note in zip(edits, notes, strict=True)]
    comparison = make_comparison(
        session.codec, session.analyst.statistics, original, session.index, adjustments
    )
    pixels = np.asarray(Image.open(path).convert("RGB"))
    cut = []
    for left, top, right, bottom in comparison_layout(comparison, scale=scale).panels:
        cut.append(pixels[top:bottom:scale, left:right:scale])
    return cut


def test_export_shows_what_an_independent_decode_shows(
    export: ExportDialog, adjusted: Session, tmp_path: Path
) -> None:
    path = tmp_path / "comparison.png"
    export.export_to(path)
    assert adjusted.codec is not None
    original = adjusted.original()
    assert original is not None
    z = adjusted.codec.encode(original[None])[0]
    first, second = z.copy(), z.copy()
    first[0] += 20
    second[5] -= 3
    expected = [original, *adjusted.codec.decode(np.stack([z, first, second]))]
    cut = _cut(path, adjusted, "0+20", "5-3", notes=[None, None], scale=export.scale_box.value())
    for shown, picture in zip(cut, expected, strict=True):
        np.testing.assert_array_equal(shown, picture)
    recipe = read_recipe(path)
    assert [adjustment.edits for adjustment in recipe.adjustments] == ["0+20", "5-3"]
    assert recipe.index == adjusted.index
    np.testing.assert_array_equal(np.array(recipe.code, dtype=np.float32), second)


def test_export_leaves_out_what_is_unticked(export: ExportDialog, adjusted: Session, tmp_path: Path) -> None:
    assert [row.include_box.text() for row in export.rows] == ["z0 +20", "z5 −3 (not kept)"]
    export.rows[1].include_box.setChecked(False)
    export.export_to(tmp_path / "one.png")
    assert [adjustment.edits for adjustment in read_recipe(tmp_path / "one.png").adjustments] == ["0+20"]
    export.rows[0].include_box.setChecked(False)
    export.export_to(tmp_path / "none.png")
    assert read_recipe(tmp_path / "none.png").adjustments == []


def test_words_start_as_facts_and_ones_own_are_kept(
    export: ExportDialog, adjusted: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    row = export.rows[0]
    assert row.words
    assert row.own_words == ""
    row.words_edit.selectAll()
    qtbot.keyClicks(row.words_edit, "A hat appears.")
    export.export_to(tmp_path / "words.png")
    assert adjusted.kept[0].note == "A hat appears."
    assert [adjustment.note for adjustment in read_recipe(tmp_path / "words.png").adjustments] == [
        "A hat appears.",
        "",
    ]
    adjusted.undo_stack.undo()
    assert adjusted.kept[0].note == ""


def test_preview_follows_the_options(export: ExportDialog, qtbot: QtBot) -> None:
    def drawn() -> np.ndarray:
        qtbot.waitUntil(lambda: not export.is_drawing and not export.preview.image.isNull(), timeout=10_000)
        QApplication.processEvents()
        return to_array(export.preview.image)

    light = drawn()
    export.theme_choice.button("dark").click()
    qtbot.waitUntil(lambda: to_array(export.preview.image)[0, 0].mean() < 64, timeout=10_000)
    assert light[0, 0].mean() > 192
    height = export.preview.image.height()
    export.difference_box.click()
    qtbot.waitUntil(lambda: export.preview.image.height() > height, timeout=10_000)
    size = export.preview.image.size()
    export.scale_box.setValue(export.scale_box.value() * 2)
    qtbot.waitUntil(lambda: export.preview.image.size() != size, timeout=10_000)


def test_each_picture_is_saved_and_nothing_is_overwritten(
    export: ExportDialog, adjusted: Session, tmp_path: Path
) -> None:
    export.scale_box.setValue(2)
    paths = export.export_each(tmp_path)
    assert [path.name for path in paths] == [
        f"picture-0-{name}.png" for name in ("original", "reconstruction", "adjusted-1", "adjusted-2")
    ]
    original = adjusted.original()
    assert original is not None
    np.testing.assert_array_equal(np.asarray(Image.open(paths[0]))[::2, ::2], original)
    again = export.export_each(tmp_path)
    assert not set(again) & set(paths)


def test_copy_puts_the_figure_on_the_clipboard(export: ExportDialog, tmp_path: Path) -> None:
    export.copy()
    export.export_to(tmp_path / "same.png")
    copied = to_array(QApplication.clipboard().image())
    np.testing.assert_array_equal(copied, np.asarray(Image.open(tmp_path / "same.png").convert("RGB")))


def test_export_to_a_folder_that_is_not_there_is_said(export: ExportDialog, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        export.export_to(tmp_path / "absent" / "x.png")


def test_export_without_a_model_says_so(session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ExportDialog(session)
    qtbot.addWidget(dialog)
    dialog.open()
    assert not dialog.save_button.isEnabled()
    with pytest.raises(ExportError, match="no picture"):
        dialog.export_to(tmp_path / "x.png")
    dialog.reject()


def test_history_lists_the_steps_and_a_click_jumps(adjusted: Session, qtbot: QtBot) -> None:
    panel = HistoryPanel(adjusted)
    qtbot.addWidget(panel)
    panel.show()
    model = panel.view.model()
    texts = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert texts[0] == "Start"
    assert texts[1:] == ["Edit z0: +20", "Keep z0 +20", "Reset all", "Edit z5: -3"]
    place = panel.view.visualRect(model.index(1, 0)).center()
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert adjusted.edit.text() == "z0 +20"
    assert adjusted.kept == ()
    qtbot.mouseClick(panel.redo_button, Qt.MouseButton.LeftButton)
    assert len(adjusted.kept) == 1
