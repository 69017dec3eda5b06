"""The window's own memory: where it stood, its docks, its theme."""

import base64
import binascii
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from PySide6.QtCore import QByteArray

from core.config import TrainConfig
from core.places import cache_folder, runs_folder, state_folder
from core.translate import tr
from gui import heavy, memory

# Raised when the docks change so much that an older layout no longer fits.
LAYOUT_VERSION = 1


class WindowMemory(BaseModel):
    """Geometry and docks as Qt's own bytes in base64, the theme, the folder last opened from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    geometry: str = ""
    docks: str = ""
    theme: Literal["system", "light", "dark"] = "system"
    folder: str = ""
    training: TrainConfig = TrainConfig()


def load() -> WindowMemory:
    """What was kept, or the defaults."""
    return memory.load(state_folder() / "window.json", WindowMemory) or WindowMemory()


def save(value: WindowMemory) -> None:
    """Keep it. Raises: OSError."""
    memory.save(state_folder() / "window.json", value)


def to_text(content: QByteArray) -> str:
    """Qt's bytes as text."""
    return base64.b64encode(content.data()).decode("ascii")


def to_bytes(text: str) -> QByteArray:
    """Qt's bytes from text; empty for text that is none."""
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        return QByteArray()


def places_text(log: Path) -> str:
    """Where the program keeps files, a line each."""
    rows = (
        (tr("Runs"), runs_folder()),
        (tr("Pictures as imported (may be deleted)"), cache_folder()),
        (tr("Window, edits, last session"), state_folder()),
        (tr("Log of faults"), log),
    )
    return "\n".join(f"{name}\n    {path}" for name, path in rows)


def about_text() -> str:
    """What this program is, with the versions that a report needs."""
    lines = [
        "Latent Dials",
        tr("A desktop editor for the latent space of autoencoders. MIT licence."),
        "",
        *(f"{name:<16}{version}" for name, version in heavy.runs.versions().items()),
    ]
    return "\n".join(lines)
