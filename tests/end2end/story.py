"""One whole story in the real window, by mouse and keyboard: from a folder of pictures to a saved figure.

Run as: xvfb-run --auto-servernum --server-args="-screen 0 1480x980x24" python -m tests.end2end.story OUTPUT
Every step waits for what a person would see; what is kept is then read from the files that it left. Pictures
of the screen and the program's log go to OUTPUT. Faces from ../shared/data are used where they are at hand,
the built-in ones elsewhere.
"""

import contextlib
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.datasets.faces import draw_faces
from core.export.recipe import read_recipe
from core.runs import Run, is_run
from tests.end2end.desktop import ROOT, Program, StoryError, Widget, wait_for, window_manager

COUNT = 400
EPOCHS = 1000  # more than the story waits for
FIRST, SECOND = 0, 63  # the assignment's two dials
TYPED = "+20"


class Story:
    """The scene: folders, the program in its window, and what was told so far."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.output.mkdir(parents=True, exist_ok=True)
        self.scene = Path(tempfile.mkdtemp(prefix="latent-dials-story-"))
        self.home = self.scene / "home"
        self.pictures = self.scene / "pictures"
        self.exported = self.scene / "before_after.png"
        self._began = time.monotonic()
        self._shots = 0
        self.program: Program | None = None

    # ---- telling ---------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """One line of the story."""
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def shot(self, name: str) -> None:
        """A picture of the screen."""
        self._shots += 1
        self.window.screenshot(self.output / f"{self._shots:02}-{name}.png")

    @property
    def window(self) -> Program:
        """The program, which must be running."""
        if self.program is None:
            raise StoryError("the program is not running")
        return self.program

    def start(self, *arguments: str) -> None:
        """Start the program; what is in its home is what it left there."""
        self.program = Program(self.home, self.scene, list(arguments))
        self.say(f"window after {time.monotonic() - self.program.started_at:.1f} s")

    def quit(self) -> None:
        """Leave by the keyboard."""
        self.window.quit()
        self.program = None

    def close(self) -> None:
        """Take the scene down, whatever happened; keep the log."""
        if self.program is not None:
            if self.program.process.poll() is None:
                self.program.screenshot(self.output / "at-the-end.png")
            self.program.kill()
        log = self.scene / "program.log"
        if log.exists():
            shutil.copy(log, self.output / "program.log")
        shutil.rmtree(self.scene, ignore_errors=True)

    # ---- what the program left on the disk ---------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """The editing document of the run in the story; empty while there is none.

        While a window lives its document is part of its session's work; a window that is closed commits it.
        """
        state = self.home / "state"
        files = [*state.glob("sessions/*/session.json"), *state.glob("editing/*.json")]
        newest = max(files, key=lambda path: path.stat().st_mtime, default=None)
        if newest is None:
            return {}
        kept = json.loads(newest.read_text(encoding="utf-8"))
        return (kept["document"] or {}) if newest.name == "session.json" else kept

    def edits(self) -> str:
        """The edit in hand in its text form."""
        return self.document().get("state", {}).get("edits", "")

    def run(self) -> Run:
        """The one run of the story."""
        runs = [path for path in (self.home / "data" / "runs").glob("*") if is_run(path)]
        if len(runs) != 1:
            raise StoryError(f"one run was expected: {runs}")
        return Run.open(runs[0])

    def steps(self) -> int:
        """Rows of the run's metrics.csv."""
        return len(self.run().metrics())


def check(holds: bool, what: str) -> None:
    """Stop the story where something does not hold."""
    if not holds:
        raise StoryError(f"this does not hold: {what}")


def prepare_pictures(folder: Path) -> str:
    """Fill a folder with PNG files; says whose."""
    folder.mkdir(parents=True)
    real = ROOT.parent / "shared" / "data" / "faces_train.npy"
    if real.is_file():
        pixels, whose = np.load(real, mmap_mode="r")[:COUNT], "real"
    else:
        pixels, whose = draw_faces(COUNT).pixels, "built-in"
    for index, picture in enumerate(pixels):
        Image.fromarray(np.ascontiguousarray(picture)).save(folder / f"{index:04}.png", compress_level=1)
    return whose


# ---- the scenes ----------------------------------------------------------------------------------------


def first_minute(story: Story) -> None:
    """Without any file the window shows faces, and dials where the bundled model is there."""
    story.start()
    story.window.see("gallery")
    wait_for("the built-in faces", lambda: not story.window.find("taskBar"), 60)
    if (ROOT / "resources" / "bundled").is_dir():
        story.window.see("dial-0", timeout_s=60)
        story.say("first start: faces, and a model with dials")
    story.shot("first-start")


def open_folder(story: Story) -> None:
    """File > Open folder, the path typed, the reading looked at, Open."""
    window = story.window
    window.key("ctrl+shift+o")
    name_file(window, story.pictures)
    wait_for("the look at the folder", lambda: (w := window.find("importOpen")) and w.enabled, 60)
    window.see(text=f"{COUNT} pictures")
    story.shot("import")
    window.key("Return")
    wait_for("the pictures in the gallery", lambda: window.find(kind="QLabel", text=f"{COUNT}"), 60)
    wait_for("the end of the import", lambda: not window.find("taskBar"), 60)
    story.say(f"{COUNT} pictures are open")


def name_file(window: Program, path: Path) -> None:
    """Type a path into the file dialog and confirm it."""
    window.fill(window.see("fileNameEdit"), str(path))
    for _attempt in range(3):  # Return may first go to the list of completions
        window.key("Return")
        if window.is_gone("fileNameEdit"):
            return
    raise StoryError("the file dialog stays open")


def train_and_pause(story: Story) -> None:
    """The assignment's network with two settings of our own; watched for a while, then paused."""
    window = story.window
    window.fill(window.see("setting-epochs"), str(EPOCHS))
    window.fill(window.see("setting-batch_size"), "64")
    window.key("ctrl+t")
    wait_for("the third epoch", lambda: epoch_shown(window) >= 3, 120)
    story.shot("training")
    story.say(f"training: {window.see('trainingStatus').text}")
    window.key("ctrl+p")
    window.see("pauseButton", text="Resume")
    window.see("trainingStatus", text="Paused")
    rows = wait_for("quiet after the step that was under way", lambda: unchanged(story.steps, 2.0))
    check(unchanged(story.steps, 2.0) == rows, "a paused training writes nothing")
    run = story.run()
    check(run.config.train.network == "fc" and run.config.train.objective == "ae", "fc ae is trained")
    check(run.config.network.latent_dim == 64, "the code has 64 dimensions")
    story.say(f"paused after {rows} reports, at {run.metrics().mse[-1]:.4f}")


def unchanged(look: Callable[[], int], for_s: float) -> int | None:
    """What look() gives, if it gives the same a while later."""
    before = look()
    time.sleep(for_s)
    return before if look() == before else None


def epoch_shown(window: Program) -> int:
    """The epoch that the training panel says while it trains, 0 while it says none."""
    status = window.find("trainingStatus")
    found = re.match(r"epoch (\d+) of", status.text) if status else None
    return int(found.group(1)) if found else 0


def pick(story: Story) -> int:
    """A picture by the mouse, its neighbour by the keyboard."""
    window = story.window
    gallery = window.see("gallery")
    window.click_at(gallery.seen[0] + gallery.seen[2] // 2, gallery.seen[1] + gallery.seen[3] // 3)
    clicked = wait_for("a picked picture on the disk", lambda: story.document().get("index") or None)
    window.key("Right")
    index = clicked + 1
    wait_for(f"picture {index}, the next one, on the disk", lambda: story.document().get("index") == index)
    wait_for(f"#{index} above the gallery", lambda: selected(window) == index)
    story.say(f"picture {index} is picked")
    return index


def selected(window: Program) -> int:
    """The selected picture as the gallery says it; 0, which is selected at first, counts as none."""
    for widget in window.widgets():
        if widget.kind == "QLabel" and (found := re.fullmatch(r"#([\d,]+)( selected)?", widget.text)):
            return int(found.group(1).replace(",", ""))
    return 0


def turn_two_dials(story: Story) -> str:
    """One by a drag, one by typing; gives the edit as text."""
    window = story.window
    window.click(window.see("segment-index"))
    dial = window.see(f"dial-{FIRST}")
    window.drag(dial.centre, (0, -70))
    first = wait_for("the turned dial on the disk", lambda: story.edits() or None)
    check(first.startswith(f"{FIRST}+"), f"a drag upwards adds: {first}")
    window.move(*window.see(f"dial-{FIRST + 8}").centre)  # the dial with the focus would take the wheel

    def last_dial() -> Widget | None:
        found = window.find(f"dial-{SECOND}")
        if found and found.seen[3] > 40:
            return found
        window.scroll(5)
        return None

    window.click(wait_for("the last dial", last_dial))
    window.write(TYPED)
    window.key("Return")
    both = f"{first},{SECOND}{TYPED}"
    wait_for(f"{both} on the disk", lambda: story.edits() == both)
    story.shot("two-dials")
    story.say(f"two dials are turned: {both}")
    return both


def wipe(story: Story) -> None:
    """The divider moved over the picture, then all three again."""
    window = story.window
    window.click(window.see("segment-wipe"))
    wait_for("one picture", lambda: not window.find("originalView"))
    view = window.see("editedView")
    window.drag(view.centre, (-view.seen[2] // 8, 0))
    story.shot("wipe")
    window.click(window.see("segment-side"))
    window.see("originalView")


def undo_and_redo(story: Story, both: str) -> None:
    """Two steps back and two forth: a drag is one step, a typed number is one."""
    first = both.partition(",")[0]
    for keys, wanted in (
        ("ctrl+z", first),
        ("ctrl+z", ""),
        ("ctrl+shift+z", first),
        ("ctrl+shift+z", both),
    ):
        story.window.key(keys)
        wait_for(f"{keys} -> {wanted!r}", lambda wanted=wanted: story.edits() == wanted)
    story.say("undone and redone, one step a drag")


def keep(story: Story, both: str) -> None:
    """The adjustment is kept beside the picture."""
    story.window.key("ctrl+k")
    kept = wait_for("the kept adjustment", lambda: story.document().get("kept") or None)
    check([one["state"]["edits"] for one in kept] == [both], f"what is kept is the edit: {kept}")
    story.window.see(kind="KeptCard")


def export(story: Story, index: int, both: str) -> None:
    """The comparison as a PNG, which carries its recipe."""
    window = story.window
    window.key("ctrl+e")
    window.see("exportSave")
    wait_for("the drawn comparison", lambda: window.find(text="pixels"))
    story.shot("export")
    window.key("ctrl+s")
    name_file(window, story.exported)
    wait_for("the PNG", story.exported.is_file)
    recipe = wait_for("its recipe", lambda: read_recipe(story.exported))
    check(recipe.index == index, "the recipe names the picture")
    check([one.edits for one in recipe.adjustments] == [both], "the recipe holds the edit")
    check(recipe.data is not None and recipe.data.count == COUNT, "the recipe names the data")
    shutil.copy(story.exported, story.output / "before_after.png")
    window.click(window.see("exportClose"))
    wait_for("the window again", lambda: not window.find("exportDialog"))
    with Image.open(story.exported) as image:
        story.say(f"exported: {image.width}x{image.height} pixels with its recipe")


def leave_and_return(story: Story, index: int, both: str) -> None:
    """Quit while training is paused; all of it is there at the next start."""
    before = story.document()
    story.quit()
    run = story.run()
    check(run.has_checkpoint and run.has_weights, "the run can be opened and resumed")
    check((story.home / "state" / "session.json").is_file(), "what was open is kept")
    story.say(f"left; the run stands at step {run.progress().step}")
    story.start()
    window = story.window
    wait_for("the picture", lambda: selected(window) == index, 60)
    window.see(kind="KeptCard", timeout_s=60)
    window.see("trainButton", text="Continue")
    window.see(f"dial-{FIRST}")
    wait_for("the pictures", lambda: (w := window.find("exportButton")) and w.enabled, 60)
    story.shot("started-again")
    after = story.document()
    for part in ("index", "state", "kept", "presets", "dial"):
        check(after.get(part) == before.get(part), f"{part} is as it was")
    check(story.edits() == both, "the edit is as it was")
    story.say("started again: picture, edit, kept adjustment and run are there")


def continue_and_stop(story: Story) -> None:
    """Training goes on from where it was, and stops when it is told to."""
    window = story.window
    step, epoch = story.run().progress().step, int(story.run().metrics().epoch[-1])
    window.key("ctrl+t")
    wait_for("two more epochs", lambda: epoch_shown(window) >= epoch + 2, 120)
    window.key("ctrl+period")
    wait_for("the end of training", lambda: (w := window.find("trainButton")) and w.enabled, 60)
    run = story.run()
    check(run.progress().step > step, "there are more steps than before")
    check(bool((np.diff(run.metrics().step) > 0).all()), "no step is there twice")
    check(run.metrics().mse[-1] < run.metrics().mse[0], "the error has fallen")
    story.shot("continued")
    story.say(f"continued to step {run.progress().step}, mse {run.metrics().mse[-1]:.4f}; stopped")
    story.quit()


def return_by_picture(story: Story, index: int, both: str) -> None:
    """The exported PNG opens as what it was made of."""
    story.start(str(story.exported))
    window = story.window
    wait_for("the picture", lambda: selected(window) == index, 60)
    wait_for("the pictures", lambda: (w := window.find("exportButton")) and w.enabled, 60)
    wait_for("the edit of the PNG", lambda: story.edits() == both)
    story.shot("opened-by-picture")
    story.quit()
    story.say("the exported picture brought its edit back")


def tell(story: Story) -> None:
    """The story from its beginning to its end."""
    story.say(f"{COUNT} {prepare_pictures(story.pictures)} faces in a folder")
    first_minute(story)
    open_folder(story)
    train_and_pause(story)
    index = pick(story)
    both = turn_two_dials(story)
    wipe(story)
    undo_and_redo(story, both)
    keep(story, both)
    export(story, index, both)
    leave_and_return(story, index, both)
    continue_and_stop(story)
    return_by_picture(story, index, both)


def main() -> int:
    """Tell the story; 0 when it ends well."""
    if len(sys.argv) != 2:
        print("usage: python -m tests.end2end.story OUTPUT_FOLDER", file=sys.stderr)
        return 2
    story = Story(Path(sys.argv[1]))
    try:
        with window_manager(), contextlib.closing(story):
            tell(story)
    except StoryError as error:
        print(f"The story broke: {error}", file=sys.stderr)
        return 1
    finally:
        print(f"log and pictures of the screen: {story.output}")
    log = (story.output / "program.log").read_text(encoding="utf-8")
    if "Traceback" in log:
        print(f"The program was not well:\n{log}", file=sys.stderr)
        return 1
    story.say("the story ends well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
