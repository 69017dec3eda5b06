"""What stands in the window's way is said in one sentence before Qt is loaded."""

import sys

import pytest

from gui import preflight
from gui.preflight import LINUX_LIBRARIES, display_obstacle, obstacle, versions_obstacle

HAVE_ALL = frozenset(LINUX_LIBRARIES)


def test_here_nothing_stands_in_the_way() -> None:
    assert obstacle() is None


@pytest.mark.parametrize(
    ("python", "pyside", "refused"),
    [
        ((3, 11), "6.12.0", True),
        ((3, 11), "6.12.3", True),
        ((3, 12), "6.12.0", False),
        ((3, 11), "6.11.3", False),
        ((3, 13), "6.11.0", False),
        ((3, 11), "", False),
    ],
)
def test_the_pair_that_aborts_is_refused(python: tuple[int, int], pyside: str, refused: bool) -> None:
    reason = versions_obstacle(python, pyside)
    assert (reason is not None) is refused
    if reason is not None:
        assert pyside in reason
        assert "Python 3.12" in reason
        assert "\n" not in reason


@pytest.mark.parametrize(
    "environment",
    [{}, {"DISPLAY": ""}, {"QT_QPA_PLATFORM": "xcb"}, {"QT_QPA_PLATFORM": "wayland", "DISPLAY": ""}],
)
def test_without_a_display_the_ways_out_are_named(environment: dict[str, str]) -> None:
    reason = display_obstacle(environment, HAVE_ALL.__contains__)
    assert reason is not None
    assert "no display" in reason
    assert "Xvfb" in reason
    assert "train, edit and info" in reason
    assert "\n" not in reason


@pytest.mark.parametrize(
    "environment",
    [
        {"DISPLAY": ":0"},
        {"WAYLAND_DISPLAY": "wayland-0"},
        {"QT_QPA_PLATFORM": "offscreen"},
        {"QT_QPA_PLATFORM": "minimal:x=1"},
    ],
)
def test_with_a_display_or_a_platform_that_needs_none_it_opens(environment: dict[str, str]) -> None:
    assert display_obstacle(environment, HAVE_ALL.__contains__) is None


def test_missing_libraries_are_named_as_packages() -> None:
    present = HAVE_ALL - {"libxcb-cursor.so.0", "libEGL.so.1"}
    reason = display_obstacle({"DISPLAY": ":0"}, present.__contains__)
    assert reason is not None
    assert reason.endswith("sudo apt-get install libegl1 libxcb-cursor0")


def test_libraries_of_x11_are_not_asked_for_where_there_is_no_x11() -> None:
    present = HAVE_ALL - {"libxcb-cursor.so.0"}
    assert display_obstacle({"QT_QPA_PLATFORM": "offscreen"}, present.__contains__) is None
    assert display_obstacle({"WAYLAND_DISPLAY": "wayland-0"}, present.__contains__) is None
    without_egl = present - {"libEGL.so.1"}
    assert display_obstacle({"QT_QPA_PLATFORM": "offscreen"}, without_egl.__contains__) is not None


def test_a_library_is_there_or_not() -> None:
    assert not preflight.loads("libsurely-not-here.so.9")
    if sys.platform.startswith("linux"):
        assert preflight.loads("libc.so.6")
