"""Icons, translations and the bundled model, and the one function that gives their paths."""

from pathlib import Path


def resource_path(*parts: str) -> Path:
    """The path of a bundled file, for example resource_path("icons", "app.svg")."""
    return Path(__file__).resolve().parent.joinpath(*parts)
