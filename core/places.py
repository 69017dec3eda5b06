"""Where files of ours are kept on this machine. LATENT_DIALS_HOME moves all of them into one folder."""

import os
from pathlib import Path

import platformdirs

from resources import resource_path

APP_NAME = "latent-dials"
HOME_VARIABLE = "LATENT_DIALS_HOME"


def _home() -> Path | None:
    value = os.environ.get(HOME_VARIABLE)
    return Path(value).expanduser() if value else None


def cache_folder() -> Path:
    """Imported pixels and drawn faces: may be deleted at any time, and is then made again."""
    home = _home()
    return home / "cache" if home else platformdirs.user_cache_path(APP_NAME, appauthor=False)


def data_folder() -> Path:
    """What the person made: runs, presets, exports of the window."""
    home = _home()
    return home / "data" if home else platformdirs.user_data_path(APP_NAME, appauthor=False)


def runs_folder() -> Path:
    """The folder in which the window makes new runs."""
    return data_folder() / "runs"


def kept_folder(run: Path) -> Path:
    """Where what is found of a run is kept: its own folder, unless it comes with us and is not written to."""
    return cache_folder() / run.name if run.resolve().is_relative_to(resource_path()) else run


def state_folder() -> Path:
    """The window's layout, the editing session and logs."""
    home = _home()
    return home / "state" if home else platformdirs.user_state_path(APP_NAME, appauthor=False)
