"""The window's own memory: where it stood, its docks, its theme."""

import base64
import binascii
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_serializer, field_validator
from PySide6.QtCore import QByteArray

from core.config import TrainConfig
from core.places import cache_folder, runs_folder, state_folder
from core.translate import tr
from gui import heavy, memory

# Raised when the docks change so much that an older layout no longer fits.
LAYOUT_VERSION = 1


class WindowMemory(BaseModel):
    """Geometry and docks as Qt's own bytes in base64, the theme, the folder last opened from.

    Of the settings for training a file holds those that are not defaults: a default that becomes another one
    is taken over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    geometry: str = ""
    docks: str = ""
    theme: Literal["system", "light", "dark"] = "system"
    folder: str = ""
    training: TrainConfig = TrainConfig()

    @field_serializer("training")
    def _without_defaults(self, training: TrainConfig) -> dict[str, Any]:
        chosen = {"network": training.network, "objective": training.objective}
        usual = TrainConfig.model_validate(chosen).model_dump()
        return chosen | {name: value for name, value in training.model_dump().items() if value != usual[name]}

    @field_validator("training", mode="before")
    @classmethod
    def _without_the_defaults_of_before(cls, value: Any) -> Any:
        """Older files hold every setting; 0.001 was fc's learning rate, too, where nobody chose another."""
        is_old = isinstance(value, dict) and TrainConfig.model_fields.keys() <= value.keys()
        if is_old and value["network"] == "fc" and value["learning_rate"] == 1e-3:
            return {name: setting for name, setting in value.items() if name != "learning_rate"}
        return value


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
