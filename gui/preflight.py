"""What the window needs, looked at before Qt is loaded: a display, its libraries, sound versions."""

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from importlib import metadata

from core.translate import tr

# What the xcb platform of Qt 6.11 loads, and the Debian package that has it.
LINUX_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
_QT_CORE_LIBRARIES = tuple(LINUX_LIBRARIES)[:6]  # without a screen too


def obstacle() -> str | None:
    """One sentence on why the window cannot open here and what to do, or None."""
    return versions_obstacle(sys.version_info[:2], _version("PySide6-Essentials")) or (
        display_obstacle(os.environ, loads) if sys.platform.startswith("linux") else None
    )


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def versions_obstacle(python: tuple[int, int], pyside: str) -> str | None:
    """The sentence on a Python and a PySide6 that do not go together, or None."""
    # PySide6 6.12.0 on Python 3.11 loses a reference to True and None at ordinary calls and aborts.
    if python < (3, 12) and pyside.startswith("6.12."):
        return tr(
            "PySide6 {version} aborts on Python 3.11: install PySide6-Essentials 6.11 or use Python 3.12.",
            version=pyside,
        )
    return None


def display_obstacle(environment: Mapping[str, str], loads: Callable[[str], bool]) -> str | None:
    """The sentence on a display or on libraries that are absent; None where all is well."""
    platform = environment.get("QT_QPA_PLATFORM", "")
    headless = platform.split(":")[0] in ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
    if not headless and not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        return tr(
            "There is no display: start this on a desktop or under Xvfb; train, edit and info need none."
        )
    wanted = _QT_CORE_LIBRARIES if headless or environment.get("WAYLAND_DISPLAY") else tuple(LINUX_LIBRARIES)
    missing = [LINUX_LIBRARIES[name] for name in wanted if not loads(name)]
    if missing:
        return tr(
            "System libraries are missing; on Debian or Ubuntu: sudo apt-get install {packages}",
            packages=" ".join(missing),
        )
    return None


def loads(name: str) -> bool:
    """Whether the system can load a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
