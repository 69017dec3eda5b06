"""MainWindow: the menus, the dialogs, what is dropped. The panels are laid out in gui/docked_window.py."""

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QMenu,
)

from core.errors import ConfigError, LatentDialsError
from core.run_files import CONFIG, is_run
from core.translate import tr
from gui import heavy, window_memory
from gui.action_states import ActionStates
from gui.actions import Entry, add_entry, add_menu, shortcut_table
from gui.animation_dialog import AnimationWindow
from gui.chips import Chips
from gui.docked_window import DockedWindow
from gui.export_dialog import ExportDialog
from gui.faults import log_path, log_text, logs_folder
from gui.free_memory import FreeMemory
from gui.garbage import GarbageCollection
from gui.import_dialog import ImportDialog
from gui.import_model_dialog import ImportModelDialog
from gui.recovery import Recovery
from gui.run_saving import RunSaving
from gui.saved_work import SavedWork
from gui.session import Session
from gui.stage import Mode
from gui.text_dialog import TextDialog
from gui.theme import theme_watch
from gui.tool_windows import ToolWindows
from gui.window_memory import WindowMemory

WEIGHTS_SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors")  # which are imported when they are dropped


class MainWindow(DockedWindow):
    """The window with its menus, dialogs and drops."""

    def __init__(self, session: Session, memory: WindowMemory | None = None) -> None:
        super().__init__(session, memory or WindowMemory())
        self.run_saving = RunSaving(session, self)
        self._menus = self._make_menus()
        self.tools = ToolWindows(session, self, self._menus)
        self.loss_plot.epoch_scrubber.save_requested.connect(self.save_replay)
        ActionStates(session, self)
        self.menuBar().setCornerWidget(Chips(session, self), Qt.Corner.TopRightCorner)
        session.failed.connect(self.notice.show_failure)
        session.message_posted.connect(self.notice.show_news)
        self.canvas_panel.export_requested.connect(self.export_comparison)
        self.canvas_panel.save_requested.connect(self.save_picture)
        self.garbage = GarbageCollection(self)
        FreeMemory(session, self)
        self.recovery = Recovery(session, self.offer_bar, self)
        self.recovery.log_asked.connect(self.show_log)
        self.recovery.restored.connect(self._on_restored)
        session.window_memory = self._memory_now
        self.restore_layout()

    # ---- menus -----------------------------------------------------------------------------------------

    def _make_menus(self) -> list[QMenu]:
        bar = self.menuBar()
        keys = QKeySequence.StandardKey
        file = add_menu(bar, tr("&File"), "fileMenu")
        for entry in (
            Entry("openFolder", tr("Open &folder of pictures…"), self.ask_folder, "Ctrl+Shift+O"),
            Entry("openFile", tr("&Open file…"), self.ask_file, keys.Open,
                  tr("An .npy, .npz, .zip or idx file of pictures, or an exported PNG")),
            Entry("openFaces", tr("Open the &built-in faces"), self.open_faces),
            Entry("openLabels", tr("&Labels…"), self.gallery_panel.ask_labels,
                  tip=tr("Labels for the open pictures, from a CSV or CelebA's list_attr file")),
            Entry("skippedFiles", tr("&Skipped files…"), self.show_skipped,
                  tip=tr("The files of the open pictures that could not be read, and why")),
        ):  # fmt: skip
            add_entry(file, self, entry)
        file.addSeparator()
        tip = tr("Make a run of weights of another program; nothing in the file is run")
        add_entry(file, self, Entry("importModel", tr("&Import model…"), self.ask_model, tip=tip))
        add_entry(
            file, self, Entry("exportAction", tr("&Export comparison…"), self.export_comparison, "Ctrl+E")
        )
        file.addSeparator()
        add_entry(file, self, Entry("quit", tr("&Quit"), self.close, "Ctrl+Q"))
        edit = self._edit_menu()
        view = self._view_menu()
        model = add_menu(bar, tr("&Model"), "modelMenu")
        for entry in (
            Entry("openRun", tr("Open &run…"), self.ask_run, "Ctrl+Alt+O"),
            Entry("openBundled", tr("Open the &bundled model"), self.open_bundled),
            Entry(
                "newDirection",
                tr("&New direction…"),
                self.latent_panel.ask_direction,
                "Ctrl+D",
                tr("A dial that leads towards a label, a group of pictures or along a component"),
            ),
            Entry("architecture", tr("&Architecture…"), self.show_architecture, "Ctrl+I"),
            Entry(
                "measureCodes",
                tr("&Measure the codes"),
                self.session.measure_codes,
                tip=tr("Go on with the measurement of the pictures' codes after it was cancelled"),
            ),
            Entry(
                "saveRunAs",
                tr("&Save run as…"),
                self.run_saving.ask,
                tip=tr(
                    "A copy of the run in a new folder, also where its own was deleted; the copy is opened"
                ),
            ),
            Entry("revealRun", tr("Reveal the run's &folder"), self.reveal_run),
        ):
            add_entry(model, self, entry)
        train = add_menu(bar, tr("&Train"), "trainMenu")
        panel = self.training_panel
        for entry in (
            Entry("trainAction", tr("&Train or continue"), panel.train_or_continue, "Ctrl+T"),
            Entry("pauseAction", tr("&Pause or resume"), panel.pause_or_resume, "Ctrl+P"),
            Entry("stopAction", tr("&Stop"), self.session.trainer.stop, "Ctrl+."),
        ):
            add_entry(train, self, entry)
        export = add_menu(bar, tr("E&xport"), "exportMenu")
        for entry in (
            Entry("exportComparison", tr("&Comparison…"), self.export_comparison,
                  tip=tr("Original, reconstruction and adjustments as one PNG")),
            Entry("copyComparison", tr("Co&py comparison"), self.copy_comparison, "Ctrl+Shift+C"),
            Entry("exportPlot", tr("&Loss plot as PNG…"), self.loss_plot.ask_png),
            Entry("exportCsv", tr("Loss as CS&V…"), self.loss_plot.ask_csv),
        ):  # fmt: skip
            add_entry(export, self, entry)
        help_menu = add_menu(bar, tr("&Help"), "helpMenu")
        for entry in (
            Entry("shortcuts", tr("&Keyboard and mouse"), self.show_shortcuts, "F1"),
            Entry("whereKept", tr("&Where files are kept"), self.show_places),
            Entry("showLog", tr("Show &log"), self.show_log,
                  tip=tr("What went wrong, with what a report needs")),
            Entry("about", tr("&About Latent Dials"), self.show_about),
        ):  # fmt: skip
            add_entry(help_menu, self, entry)
        return [file, edit, view, model, train, export, help_menu]

    def _edit_menu(self) -> QMenu:
        session = self.session
        edit = add_menu(self.menuBar(), tr("&Edit"), "editMenu")
        for action, name, key, text in (
            (
                session.undo_stack.createUndoAction(self, tr("Undo")),
                "undo",
                QKeySequence.StandardKey.Undo,
                "Undo",
            ),
            (
                session.undo_stack.createRedoAction(self, tr("Redo")),
                "redo",
                QKeySequence.StandardKey.Redo,
                "Redo",
            ),
        ):
            action.setObjectName(name)
            usual = QKeySequence(f"Ctrl+{'Z' if text == 'Undo' else 'Y'}")
            shortcuts = QKeySequence.keyBindings(key)  # of the system; Ctrl+Y redoes everywhere
            action.setShortcuts(shortcuts if usual in shortcuts else [*shortcuts, usual])
            edit.addAction(action)
        edit.addSeparator()
        for entry in (
            Entry("keepAdjustment", tr("&Keep adjustment"), session.keep_adjustment, "Ctrl+K"),
            Entry("negateDial", tr("&Negate the dial in hand"), self.negate_dial, "Ctrl+Shift+N"),
            Entry("resetDial", tr("R&eset the dial in hand"), self.reset_dial, "Ctrl+Backspace"),
            Entry("resetAll", tr("Reset &all"), session.reset_all, "Ctrl+Shift+Backspace"),
        ):
            add_entry(edit, self, entry)
        edit.addSeparator()
        for entry in (
            Entry("randomCode", tr("&Random code"), self.random_code, "Ctrl+R"),
            Entry("targetCode", tr("Load the code of the &target"), self.target_code, "Ctrl+L"),
            Entry("likeEdited", tr("Pictures like the ed&ited one"), self.search_like_edited, "Ctrl+J"),
            Entry("nextPicture", tr("Ne&xt picture"), self.next_picture, "Alt+Right"),
            Entry("previousPicture", tr("Pre&vious picture"), self.previous_picture, "Alt+Left"),
        ):
            add_entry(edit, self, entry)
        return edit

    def _view_menu(self) -> QMenu:
        view = add_menu(self.menuBar(), tr("&View"), "viewMenu")
        for number, (mode, text) in enumerate(
            (
                (Mode.SIDE_BY_SIDE, tr("&Side by side")),
                (Mode.WIPE, tr("&Wipe")),
                (Mode.BLINK, tr("&Blink")),
                (Mode.DIFFERENCE, tr("&Difference")),
            ),
            start=1,
        ):
            entry = Entry(f"mode-{mode.value}", text, self._on_mode_chosen, f"Ctrl+{number}")
            add_entry(view, self, entry).setData(mode)
        tip = tr("Put back what the network lost of the original where nothing was edited")
        text = tr("Original's d&etail")
        add_entry(
            view, self, Entry("originalsDetail", text, self.session.set_detail, tip=tip, checkable=True)
        )
        view.addSeparator()
        for number, dock in enumerate(self.docks, start=1):
            action = dock.toggleViewAction()
            action.setObjectName(f"toggle-{dock.objectName()}")
            action.setShortcut(QKeySequence(f"Ctrl+Alt+{number}"))
            view.addAction(action)
        add_entry(view, self, Entry("resetLayout", tr("&Reset layout"), self.reset_layout))
        view.addSeparator()
        themes = add_menu(view, tr("&Theme"), "themeMenu")
        group = QActionGroup(self)
        for key, text in (("system", tr("As the &system")), ("light", tr("&Light")), ("dark", tr("&Dark"))):
            entry = Entry(f"theme-{key}", text, self._on_theme_chosen, checkable=True)
            action = add_entry(themes, self, entry, group)
            action.setData(key)
            action.setChecked(key == self.memory.theme)
        return view

    # ---- opening ---------------------------------------------------------------------------------------

    def open_path(self, path: Path) -> None:
        """Open a run or a recipe at once, and pictures after showing how they will be read."""
        at_once = is_run(path) or path.name == CONFIG or path.suffix.lower() == ".png"
        if at_once or self.session.is_training:  # which the session refuses: no dialog before that
            self.session.open_path(path)
            return
        if path.suffix.lower() in WEIGHTS_SUFFIXES and path.is_file():
            self.import_model(path)
            return
        dialog = ImportDialog(str(path), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._on_import_accepted)
        dialog.open()

    @Slot()
    def _on_import_accepted(self) -> None:
        dialog = self.sender()
        if isinstance(dialog, ImportDialog):
            self.session.open_dataset(dialog.source, dialog.policy())

    @Slot()
    def ask_folder(self) -> None:
        """Ask for a folder of pictures."""
        if folder := QFileDialog.getExistingDirectory(
            self, tr("Open a folder of pictures"), self.memory.folder
        ):
            self._remember_folder(Path(folder).parent)
            self.open_path(Path(folder))

    @Slot()
    def ask_file(self) -> None:
        """Ask for a file of pictures or an exported PNG."""
        kinds = tr(
            "Pictures and recipes (*.npy *.npz *.zip *.tar *.txt *.lst *.gz *ubyte *.idx *.png);;"
            "All files (*)"
        )
        file, _kind = QFileDialog.getOpenFileName(self, tr("Open"), self.memory.folder, kinds)
        if file:
            self._remember_folder(Path(file).parent)
            self.open_path(Path(file))

    @Slot()
    def ask_run(self) -> None:
        """Ask for a run's folder."""
        from_here = str(self.session.run.path.parent) if self.session.run else self.memory.folder
        if folder := QFileDialog.getExistingDirectory(self, tr("Open a run's folder"), from_here):
            self.session.open_run(Path(folder))

    @Slot()
    def ask_model(self) -> None:
        """Ask for a file of weights of another program."""
        kinds = tr("Weights (*.pt *.pth *.ckpt *.safetensors);;All files (*)")
        file, _kind = QFileDialog.getOpenFileName(self, tr("Import model"), self.memory.folder, kinds)
        if file:
            self._remember_folder(Path(file).parent)
            self.import_model(Path(file))

    def import_model(self, path: Path) -> None:
        """Show what a file of another program holds, and make a run of it."""
        if self.session.is_training:
            self.notice.show_failure(tr("A run is being trained: stop it first, then import a model."))
            return
        dialog = ImportModelDialog(path, self.session.dataset, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._on_model_imported)
        dialog.open()

    @Slot()
    def _on_model_imported(self) -> None:
        dialog = self.sender()
        if isinstance(dialog, ImportModelDialog) and dialog.run_path is not None:
            self.session.open_run(dialog.run_path)
            if dialog.warnings:
                self.notice.show_failure(" ".join(dialog.warnings))

    @Slot()
    def open_faces(self) -> None:
        """Open the built-in faces."""
        self.session.open_dataset("faces")

    @Slot()
    def open_bundled(self) -> None:
        """Open the model that comes with the program."""
        self.session.opener.open_bundled()

    @Slot()
    def reveal_run(self) -> None:
        """Show the run's folder in the system's file manager."""
        if self.session.run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.session.run.path)))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file or folder that was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            if len(paths) > 1:
                self.notice.show_news(
                    tr(
                        "Of {count} that were dropped, {name} is opened: pictures of one set belong into one"
                        " folder.",
                        count=len(paths),
                        name=paths[0].name,
                    )
                )
            self.open_path(paths[0])

    # ---- edits -----------------------------------------------------------------------------------------

    @Slot()
    def negate_dial(self) -> None:
        """Negate the dial in hand."""
        self.session.negate_dial(self.session.dial)

    @Slot()
    def reset_dial(self) -> None:
        """Reset the dial in hand."""
        self.session.reset_dial(self.session.dial)

    @Slot()
    def random_code(self) -> None:
        """Start from a random code."""
        self.session.load_random_code()

    @Slot()
    def target_code(self) -> None:
        """Start from the code of the target picture."""
        if self.session.target_index < 0:
            self.notice.show_failure(tr("No target is chosen: right-click a picture in the gallery first."))
        else:
            self.session.load_code_of(self.session.target_index)

    @Slot()
    def search_like_edited(self) -> None:
        """Order the gallery by how near each code is to the edited one."""
        self.docks[0].show()
        self.docks[0].raise_()
        self.gallery_panel.sort_by_likeness()

    @Slot()
    def next_picture(self) -> None:
        """Select the next picture."""
        self.session.step_selection(1)

    @Slot()
    def previous_picture(self) -> None:
        """Select the picture before."""
        self.session.step_selection(-1)

    # ---- dialogs ---------------------------------------------------------------------------------------

    def _can_export(self) -> bool:
        if self.session.pictures is None:
            self.notice.show_failure(tr("There is nothing to export yet: open pictures and a model first."))
            return False
        return True

    @Slot()
    def export_comparison(self) -> None:
        """Ask how the comparison shall look, and save it."""
        if self._can_export():
            dialog = ExportDialog(self.session, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    @Slot()
    def copy_comparison(self) -> None:
        """Put the comparison on the clipboard."""
        if self._can_export():
            dialog = ExportDialog(self.session, self)
            try:
                dialog.copy()
            except LatentDialsError as error:
                self.notice.show_failure(str(error))
            else:
                self.notice.show_news(tr("The comparison is on the clipboard."))
            dialog.reject()  # which ends its drawing in the background
            dialog.deleteLater()

    @Slot()
    def save_replay(self) -> None:
        """Show how the edit over the epochs can be written."""
        window = self.tools.show("animation")
        if isinstance(window, AnimationWindow):
            window.show_replay()

    @Slot(str)
    def save_picture(self, which: str) -> None:
        """Ask where to save "original", "reconstruction" or "edited" as a picture, and save it."""
        pictures = self.session.replay.pictures or self.session.pictures
        if pictures is not None and which == "edited":
            pixels = self.session.shown_edited(pictures)
        else:
            pixels = self.session.original() if pictures is None else getattr(pictures, which)
        if pixels is None:
            return
        start = Path(self.memory.folder) / f"{which}-{self.session.index}.png"
        file, _kind = QFileDialog.getSaveFileName(self, tr("Save this picture"), str(start), "PNG (*.png)")
        if not file:
            return
        path = Path(file) if file.lower().endswith(".png") else Path(file + ".png")
        self._remember_folder(path.parent)
        try:
            is_now = pictures is not None and pictures is self.session.pictures  # an epoch has no recipe
            heavy.recipe.save_picture(pixels, path, 1, self.session.recipe() if is_now else None)
        except LatentDialsError as error:
            self.notice.show_failure(str(error))
        else:
            self.notice.show_news(tr("Saved {path}.", path=path))

    @Slot()
    def show_architecture(self) -> None:
        """Show the network layer by layer: the open run's, or the one that the form would make."""
        self.training_panel.show_architecture()

    @Slot()
    def show_skipped(self) -> None:
        """List the files that could not be read."""
        dataset = self.session.dataset
        skipped = dataset.skipped if dataset else ()
        text = "\n".join(f"{item.file}: {item.reason}" for item in skipped) or tr("Every file was read.")
        self._show_text(tr("Skipped files"), text)

    @Slot()
    def show_shortcuts(self) -> None:
        """List the shortcuts."""
        self._show_text(tr("Keyboard and mouse"), shortcut_table(self))

    @Slot()
    def show_places(self) -> None:
        """Say where files are kept."""
        self._show_text(tr("Where files are kept"), window_memory.places_text(log_path()))

    @Slot()
    def show_log(self) -> None:
        """Show what went wrong, to be copied, and the folder that it lies in."""
        self._show_text(tr("Log"), log_text(), logs_folder())

    @Slot()
    def show_about(self) -> None:
        """Say what this is."""
        self._show_text(tr("About Latent Dials"), window_memory.about_text())

    def _show_text(self, title: str, text: str, folder: Path | None = None) -> None:
        dialog = TextDialog(title, text, self, folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # ---- theme, faults, end ----------------------------------------------------------------------------

    @Slot()
    def _on_mode_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.canvas_panel.set_mode(action.data())

    @Slot()
    def _on_theme_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            choice = action.data()
            self._remember(theme=choice)
            theme_watch().choose(choice)
            self._save_memory()

    def _remember_folder(self, folder: Path) -> None:
        self._remember(folder=str(folder))

    def _remember(self, **changes: object) -> None:
        self.memory = self.memory.model_copy(update=changes)

    @Slot(str)
    def show_fault(self, text: str) -> None:
        """Say what nobody caught."""
        self.notice.show_failure(text)

    @Slot(object)
    def _on_restored(self, work: SavedWork) -> None:
        if work.window is not None:
            self.memory = work.window
            self.take_layout()
            self.training_panel.set_settings(work.window.training)

    def _memory_now(self) -> WindowMemory:
        with suppress(ConfigError):  # what is typed half is not kept
            self._remember(training=self.training_panel.settings())
        self._remember(
            geometry=window_memory.to_text(self.saveGeometry()),
            docks=window_memory.to_text(self.saveState(window_memory.LAYOUT_VERSION)),
        )
        return self.memory

    def _save_memory(self) -> None:
        try:
            window_memory.save(self._memory_now())
        except OSError as error:
            self.notice.show_failure(tr("The window's layout could not be saved: {reason}.", reason=error))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save, stop what runs so that it opens again, and go."""
        for dialog in self.findChildren(QDialog):
            dialog.reject()  # each ends its own work in the background
        self._save_memory()
        self.tools.close()
        self.recovery.close()
        self.session.close()
        self.session.window_memory = None  # else each would keep the other
        self.garbage.close()
        event.accept()
