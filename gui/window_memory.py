"""The window's own memory: where it stood, its docks, its theme."""

import base64
import binascii
from typing import Literal

from PySide6.QtCore import QByteArray
from pydantic import BaseModel, ConfigDict

from core.places import state_folder
from gui import memory

# Raised when the docks change so much that an older layout no longer fits.
LAYOUT_VERSION = 1


class WindowMemory(BaseModel):
    """Geometry and docks as Qt's own bytes in base64, the theme, the folder last opened from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    geometry: str = ""
    docks: str = ""
    theme: Literal["system", "light", "dark"] = "system"
    folder: str = ""


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
