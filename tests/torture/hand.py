"""A person's gestures in the real window, each a generator that yields how many seconds to wait."""

import random
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QPushButton, QWidget

from core.errors import LatentDialsError
from core.places import runs_folder
from gui.export_dialog import ExportDialog
from gui.import_dialog import ImportDialog
from gui.main_window import MainWindow
from gui.trainer import TrainingState
from tests.torture.watching import PATIENCE_S
from tests.torture.world import World

Gesture = Generator[float, None, None]
TICK_S = 0.02
LEFT = Qt.MouseButton.LeftButton
MOST_KEPT = 4
MOST_RUNS = 6  # folders of runs that are left lying about
TYPED = ("+20", "-3", "1.5", "=-3", "*2", "-", "nonsense", "+1e30")


class Hand:
    """Makes gestures in a window; which ones, and how, dice decide."""

    def __init__(self, window: MainWindow, dice: random.Random, world: World) -> None:
        self.window = window
        self.session = window.session
        self.dice = dice
        self.world = world
        self.recipes: list[Path] = []
        self.saved = 0
        self.often: tuple[tuple[Callable[[], Gesture], int], ...] = (
            (self.drag, 12),
            (self.wheel_and_keys, 3),
            (self.type_on_dial, 3),
            (self.scroll, 5),
            (self.search_and_sort, 3),
            (self.pick, 6),
            (self.codes, 3),
            (self.keep, 3),
            (self.undo_and_redo, 4),
            (self.compare, 3),
            (self.plot, 3),
            (self.previews, 2),
            (self.export, 2),
            (self.save_plot, 1),
            (self.texts, 1),
            (self.look, 2),
            (self.settings, 2),
            (self.pause_and_resume, 3),
        )

    def one(self) -> tuple[str, Gesture]:
        """The next gesture, with its name."""
        kinds = [kind for kind, _ in self.often]
        kind = self.dice.choices(kinds, [weight for _, weight in self.often])[0]
        return kind.__name__, kind()

    def action(self, name: str) -> None:
        """Choose an action of the menus, where it can be chosen."""
        found = self.window.findChild(QAction, name)
        assert found is not None, f"there is no action {name}"
        if found.isEnabled():
            found.trigger()

    def until(self, what: str, holds: Callable[[], bool]) -> Gesture:
        """Wait until something holds, by looks and not by the clock. Raises: TimeoutError."""
        for _ in range(round(PATIENCE_S / TICK_S)):
            if holds():
                return
            yield TICK_S
        raise TimeoutError(f"{what}: not within {PATIENCE_S:.0f} s")

    # ---- opening and training --------------------------------------------------------------------------

    def open_pictures(self) -> Gesture:
        """Through the dialog that shows how they will be read, as a drop does."""
        self.window.open_path(self.dice.choice(self.world.pictures))
        for dialog in self.window.findChildren(ImportDialog):
            yield from self.until("a look at the pictures", dialog.open_button.isEnabled)
            QTest.mouseClick(dialog.open_button, LEFT)
        yield from self.settled()

    def open_run(self) -> Gesture:
        """A run, a recipe, the built-in faces or the bundled model; now and then what cannot be opened."""
        match self.dice.choices(("run", "recipe", "bundled", "broken"), (6, 2, 1, 2))[0]:
            case "run":
                self.session.open_run(self.dice.choice(self.world.runs))
            case "recipe" if self.recipes:
                self.session.open_path(self.dice.choice(self.recipes))
            case "bundled":
                self.action("openBundled")
            case _:
                self.session.open_path(self.dice.choice(self.world.broken))
        yield from self.settled()

    def settled(self) -> Gesture:
        """Wait until what was asked for is open and shown."""
        session = self.session
        yield from self.until("what is being opened", lambda: session.is_idle and session.task is None)

    def rest(self) -> Gesture:
        """The same state each time, and hands off until all about it is measured and shown.

        The same pictures and run are open, and the same networks were trained last: of those torch's library
        keeps 256 compiled kernels, 20 to 60 MB by their shapes.
        """
        self.session.open_path(self.world.pictures[0])
        yield from self.settled()
        for network in ("conv", "fc"):
            same = {"objective": "vae", "latent_dim": 8, "epochs": 1, "batch_size": 64}
            self.window.training_panel.form.set_values({"network": network, **same})
            self.window.training_panel.train_new()
            yield from self.until("an epoch", lambda: not self.session.is_training)
            yield from self.settled()
        self.session.open_run(self.world.runs[0])
        yield from self.settled()
        yield 0.3
        yield from self.settled()

    def begin_training(self) -> Gesture:
        """With settings of the dice's choice, until the first record."""
        panel, trainer = self.window.training_panel, self.session.trainer
        panel.form.set_values(
            {
                "network": self.dice.choice(("fc", "conv")),
                "objective": self.dice.choice(("ae", "vae")),
                "latent_dim": self.dice.choice((2, 8, 64, 200)),
                "epochs": self.dice.choice((3, 100_000)),
                "batch_size": self.dice.choice((32, 64)),
            }
        )
        yield from self.until("the faces", lambda: not self.session.opener.is_growing)
        panel.train_new() if self.dice.random() < 0.7 else QTest.mouseClick(panel.train_button, LEFT)
        yield from self.until("a first record", lambda: trainer.record is not None or not trainer.is_active)

    def end_training(self) -> Gesture:
        """Stop where it has not ended by itself; old runs go, as a person clears them away."""
        if self.session.is_training:
            QTest.mouseClick(self.window.training_panel.stop_button, LEFT)
        yield from self.until("the end of training", lambda: not self.session.is_training)
        yield from self.settled()
        folder = runs_folder()
        runs = sorted(folder.iterdir(), key=lambda run: run.stat().st_mtime) if folder.is_dir() else []
        now = self.session.run.path if self.session.run is not None else None
        for old in runs[:-MOST_RUNS]:
            if old != now:
                shutil.rmtree(old)
                yield TICK_S

    def pause_and_resume(self) -> Gesture:
        """Pause, wait, resume; nothing where nothing is trained."""
        if self.session.trainer.state is not TrainingState.RUNNING:
            return
        button = self.window.training_panel.pause_button
        QTest.mouseClick(button, LEFT)
        yield self.dice.uniform(0.0, 0.5)
        QTest.mouseClick(button, LEFT)
        yield TICK_S

    def settings(self) -> Gesture:
        """Step and type in fields of the form; wrong ones too."""
        form = self.window.training_panel.form
        for _ in range(3):
            field = self.dice.choice(list(form.fields.values()))
            if field.isEnabled():
                QTest.keyClick(field, self.dice.choice((Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_7)))
            yield TICK_S

    # ---- dials and codes -------------------------------------------------------------------------------

    def drag(self) -> Gesture:
        """A drag of one dial, a move every 8 ms."""
        dials = [dial for dial in self.window.latent_panel.grid.dials() if dial.isVisible()]
        if not dials:
            return
        dial = self.dice.choice(dials)
        at, swing = dial.rect().center(), self.dice.randint(-40, 40)
        QTest.mousePress(dial, LEFT, pos=at)
        moves = self.dice.randint(8, 60)
        for move in range(moves):
            if not dial.isVisible():
                break
            QTest.mouseMove(dial, at + QPoint(0, swing * (move + 1) // moves))
            yield 0.008
        QTest.mouseRelease(dial, LEFT, pos=at)
        yield TICK_S

    def wheel_and_keys(self) -> Gesture:
        """The dial in hand by wheel and keys."""
        dial = self.window.latent_panel.in_hand.dial
        if not dial.isVisible():
            return
        dial.setFocus()
        for _ in range(self.dice.randint(2, 12)):
            keys = (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_End, Qt.Key.Key_N)
            QTest.keyClick(dial, self.dice.choice((*keys, Qt.Key.Key_Backspace)))
            self._wheel(dial, self.dice.choice((-120, 120)))
            yield TICK_S

    def type_on_dial(self) -> Gesture:
        """What is typed on a dial, right or wrong."""
        dials = [dial for dial in self.window.latent_panel.grid.dials() if dial.isVisible()]
        if not dials:
            return
        dial = self.dice.choice(dials)
        dial.setFocus()
        dial.open_editor("")
        editor = dial.findChild(QWidget, "dialEditor")
        assert editor is not None
        QTest.keyClicks(editor, self.dice.choice(TYPED))
        yield TICK_S
        QTest.keyClick(editor, Qt.Key.Key_Return)
        yield TICK_S
        if dial.is_typing:
            QTest.keyClick(editor, Qt.Key.Key_Escape)

    def codes(self) -> Gesture:
        """Random codes, another picture's, presets, all back."""
        session = self.session
        if session.pictures is not None:
            session.set_target(self.dice.randrange(len(session.dataset or ())))
            for name in self.dice.sample(("randomCode", "targetCode", "negateDial", "resetAll"), 2):
                self.action(name)
                yield TICK_S
            if not session.edit.is_empty and len(session.presets) < 8:
                session.save_preset(f"preset {self.dice.randrange(8)}")
            if session.presets:
                session.apply_preset(self.dice.choice(list(session.presets)))
        yield TICK_S

    def keep(self) -> Gesture:
        """Keep an adjustment, put words to it, let one go."""
        session = self.session
        self.action("keepAdjustment")
        yield TICK_S
        if session.kept:
            session.set_note(0, f"brighter {self.dice.randrange(100)}")
            yield TICK_S
        while len(session.kept) > MOST_KEPT:
            session.remove_kept(0)
            yield TICK_S

    def undo_and_redo(self) -> Gesture:
        """A few steps back, fewer forward."""
        for _ in range(self.dice.randint(1, 12)):
            self.action("undo")
            yield TICK_S
        for _ in range(self.dice.randint(0, 8)):
            self.action("redo")
            yield TICK_S

    # ---- gallery, canvas, plot -------------------------------------------------------------------------

    def pick(self) -> Gesture:
        """Click on pictures of the gallery, and step through them."""
        grid = self.window.gallery_panel.grid
        for _ in range(self.dice.randint(1, 6)):
            size = grid.viewport().size()
            place = QPoint(self.dice.randrange(size.width()), self.dice.randrange(size.height()))
            QTest.mouseClick(grid.viewport(), LEFT, pos=place)
            yield self.dice.uniform(0.0, 0.1)
            self.action(self.dice.choice(("nextPicture", "previousPicture")))
            yield TICK_S

    def scroll(self) -> Gesture:
        """Scroll the gallery, in steps and leaps, at several sizes of its tiles."""
        panel = self.window.gallery_panel
        bar = panel.grid.verticalScrollBar()
        if self.dice.random() < 0.3:
            panel.thumbnail_px.setValue(self.dice.choice((24, 50, 90, 256)))
        for _ in range(self.dice.randint(5, 40)):
            self._wheel(panel.grid.viewport(), self.dice.choice((-120, -120, 120)))
            if self.dice.random() < 0.1:
                bar.setValue(self.dice.randint(bar.minimum(), bar.maximum()))
            yield 0.016

    def search_and_sort(self) -> Gesture:
        """Search, sort, filter, and all of it back."""
        panel = self.window.gallery_panel
        panel.search.clear()
        QTest.keyClicks(panel.search, self.dice.choice(("7", "#3", "odd", "nothing such")))
        yield TICK_S
        panel.sort.setCurrentIndex(self.dice.randrange(panel.sort.count()))
        panel.filter_column.setCurrentIndex(self.dice.randrange(panel.filter_column.count()))
        yield 0.1
        panel.search.clear()
        panel.sort.setCurrentIndex(0)
        panel.filter_column.setCurrentIndex(0)
        yield TICK_S

    def compare(self) -> Gesture:
        """The ways to compare pictures."""
        for mode in self.dice.sample(("side", "wipe", "blink", "difference"), 3):
            for action in self.window.findChildren(QAction):
                if action.objectName().startswith(f"mode-{mode}"):
                    action.trigger()
            yield self.dice.uniform(0.05, 0.4)

    def plot(self) -> Gesture:
        """Zoom and switch the loss plot."""
        plot = self.window.loss_plot
        for button in (plot.log_button, plot.smooth_button):
            if self.dice.random() < 0.5:
                QTest.mouseClick(button, LEFT)
            yield TICK_S
        for _ in range(6):
            self._wheel(plot.chart.viewport(), self.dice.choice((-120, 120, 120)))
            yield TICK_S
        plot.fit_action.trigger()
        yield TICK_S

    def previews(self) -> Gesture:
        """Choose which pictures are watched while a network learns, and scrub through what was."""
        strip = self.window.preview_strip
        if self.session.dataset is not None:
            strip.shuffle()
            yield TICK_S
            strip.scrub_slider.setValue(self.dice.randint(0, strip.scrub_slider.maximum()))
        yield TICK_S

    def look(self) -> Gesture:
        """Another theme, another size, a dock away and back."""
        self.action(self.dice.choice(("theme-light", "theme-dark", "theme-system")))
        yield TICK_S
        self.window.resize(self.dice.choice((1024, 1280, 1440)), self.dice.choice((640, 800, 900)))
        yield 0.1
        toggle = self.dice.choice(self.window.docks).toggleViewAction()
        toggle.trigger()
        yield 0.1
        toggle.trigger()
        yield TICK_S

    # ---- dialogs ---------------------------------------------------------------------------------------

    def export(self) -> Gesture:
        """The comparison: at several scales, saved, each picture, copied; or closed at once."""
        if self.session.pictures is None:
            return
        self.window.export_comparison()
        dialog = self.window.findChildren(ExportDialog)[-1]
        for _ in range(self.dice.randint(0, 3)):
            dialog.scale_box.setValue(self.dice.randint(1, 12))
            dialog.difference_box.toggle()
            yield self.dice.uniform(0.0, 0.2)
        path = self.world.folder / f"export-{self.saved % 5}.png"
        try:
            match self.dice.choice(("save", "each", "copy", "nothing")):
                case "save":
                    yield from self._save(dialog.save_button, path)
                    self.saved += 1
                    self.recipes = [*self.recipes, path][-5:]
                case "each":
                    folder = self.world.folder / "each"
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.mkdir()
                    dialog.export_each(folder)
                case "copy":
                    QTest.mouseClick(dialog.copy_button, LEFT)
                case _:
                    pass
        except LatentDialsError:
            pass  # the run was closed meanwhile: said in a sentence
        yield TICK_S
        dialog.reject()
        yield TICK_S

    def save_plot(self) -> Gesture:
        """The loss plot as a picture and as numbers."""
        plot = self.window.loss_plot
        plot.export_png(self.world.folder / "loss.png")
        yield TICK_S
        plot.export_csv(self.world.folder / "loss.csv")
        yield TICK_S

    def texts(self) -> Gesture:
        """The dialogs that only show something."""
        for name in ("architecture", "skippedFiles", "shortcuts", "whereKept", "about"):
            self.action(name)
            yield 0.05
        for dialog in self.window.findChildren(QDialog):
            dialog.reject()
        yield TICK_S

    def _save(self, button: QPushButton, path: Path) -> Gesture:
        QTest.mouseClick(button, LEFT)
        yield 0.1
        for dialog in self.window.findChildren(QFileDialog):
            dialog.fileSelected.emit(str(path))
            dialog.reject()

    def _wheel(self, widget: QWidget, delta: int) -> None:
        at = QPointF(widget.rect().center())
        event = QWheelEvent(
            at,
            widget.mapToGlobal(at),
            QPoint(),
            QPoint(0, delta),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)
