"""What the README promises and can be checked: settings, shortcuts, packages, files, commands.

"python -m tests.test_readme" writes its tables of settings anew from core.config.
"""

import os
import re
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QAction, QKeySequence

from core import cli
from core.config import ImportConfig, Setting, Settings, TrainConfig, settings_of
from core.verbs.asking import parse
from core.verbs.edit import ABOUT, EditOptions
from core.verbs.train import parse_train
from gui.main_window import MainWindow
from gui.preflight import LINUX_LIBRARIES
from gui.session import Session

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
MODELS: tuple[type[Settings], ...] = (TrainConfig, ImportConfig)
MAX_SCREENSHOT_BYTES = 400_000


def settings_table(model: type[Settings]) -> str:
    """The settings of a model as a Markdown table."""
    rows = ["| option | default | allowed | what it is |", "|---|---|---|---|"]
    for setting in settings_of(model):
        option = "--" + setting.name.replace("_", "-")
        rows.append(f"| `{option}` | {setting.default} | {_allowed(setting)} | {setting.description} |")
    return "\n".join(rows)


def _allowed(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(setting.choices)
    low = "" if setting.minimum is None else f"{setting.minimum:,.10g}"
    high = "" if setting.maximum is None else f"{setting.maximum:,.10g}"
    above = "above " if setting.name == "learning_rate" else ""
    return f"{above}{low} to {high}{' ' + setting.unit if setting.unit else ''}"


def with_tables(text: str) -> str:
    """The README's text with its tables of settings as they must be."""
    for model in MODELS:
        pattern = rf"(<!-- settings of {model.__name__}:[^\n]*-->\n).*?(<!-- end -->)"
        table = settings_table(model)
        place = re.compile(pattern, flags=re.DOTALL)
        text, count = place.subn(lambda found, t=table: f"{found[1]}\n{t}\n\n{found[2]}", text)
        assert count == 1, f"the README has no place for the settings of {model.__name__}"
    return text


@pytest.fixture(scope="module")
def readme() -> str:
    """The README's text."""
    return README.read_text(encoding="utf-8")


def test_the_tables_of_settings_are_those_of_the_program(readme: str) -> None:
    assert readme == with_tables(readme), 'run "python -m tests.test_readme"'


def test_every_setting_is_an_option_of_train(readme: str) -> None:
    default = parse_train(["--out", "run"], TrainConfig(), ImportConfig())
    assert set(default.settings) | set(default.policy) == {
        setting.name for model in MODELS for setting in settings_of(model)
    }
    for option in re.findall(r"^\| `--([a-z-]+)` \|", readme, flags=re.M):
        assert option.replace("-", "_") in default.settings | default.policy


def test_every_command_of_the_readme_can_be_parsed(readme: str) -> None:
    lines = re.findall(r"^\$ latent-dials (\w+) (.+)$", readme, flags=re.M)
    assert {verb for verb, _ in lines} == set(cli.VERBS)
    for verb, rest in lines:
        if verb == "train":
            assert parse_train(rest.split(), TrainConfig(), ImportConfig()).out
        elif verb == "edit":
            assert parse(EditOptions, ABOUT, rest.split(), ImportConfig()).adjust


def test_every_shortcut_of_the_readme_exists_and_none_is_left_out(readme: str, qtbot: QtBot) -> None:
    session = Session()
    window = MainWindow(session)
    qtbot.addWidget(window)
    exist = {
        key.toString(QKeySequence.SequenceFormat.PortableText)
        for action in window.findChildren(QAction)
        for key in action.shortcuts()
        if action.objectName() or action.text()
    }
    table = readme[readme.index("| everywhere | does |") :].partition("\n\n")[0]
    told = re.findall(r"^\| `([^`]+)` \|", table, flags=re.M)
    assert len(told) > 15
    assert [key for key in told if key not in exist] == []
    session.close()


def test_the_packages_are_those_that_the_program_looks_for(readme: str) -> None:
    line = next(line for line in readme.splitlines() if line.startswith("sudo apt-get install python3-venv"))
    assert set(LINUX_LIBRARIES.values()) <= set(line.split())
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert set(LINUX_LIBRARIES.values()) <= set(script.split())


def test_the_two_commands_are_one_line_each(readme: str) -> None:
    lines = readme.splitlines()
    assert "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/latent-dials" in lines
    assert 'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest' in lines


def test_every_link_and_picture_leads_to_a_file() -> None:
    for page in (README, ROOT / "ARCHITECTURE.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (ROOT / target).is_file(), f"{page.name} leads to {target}, which is absent"
    for picture in (ROOT / "resources" / "screenshots").glob("*.png"):
        assert picture.stat().st_size < MAX_SCREENSHOT_BYTES, f"{picture.name} is too large"


def test_every_module_that_the_architecture_names_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:core|gui|tests|resources)/[\w./-]*)`", text))
    assert len(named) > 30
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
