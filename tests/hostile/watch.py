"""A watch on the process: code that is run, what pickles ask for, sockets, and files written elsewhere."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "os.startfile",
    "os.kill",
    "subprocess.Popen",
    "pty.spawn",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.sendto",
    "pickle.find_class",
    "webbrowser.open",
    "ctypes.dlopen",
    "code.__new__",
    "urllib.Request",
    "signal.pthread_kill",
    "cpython.run_command",
    "cpython.run_file",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.truncate",
    "os.chown",
    "os.utime",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copyfile",
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Notes what happens while it is armed; an audit hook cannot be taken away again."""

    def __init__(self, own: Sequence[Path]) -> None:
        """own are the folders in which the program may write."""
        self._own = tuple(os.path.realpath(path) + os.sep for path in own)
        self._armed = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def arm(self) -> None:
        """Forget what was seen, and look from now on."""
        self.seen = []
        self._armed = True

    def disarm(self) -> list[str]:
        """Look no more; what was seen."""
        self._armed = False
        return self.seen

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._armed:
            return
        if event == "open":
            path, _mode, flags = arguments
            if isinstance(flags, int) and flags & WRITES and not self._is_own(path):
                self._note(event, path)
        elif event in CHANGES:
            folders = [
                f"/proc/self/fd/{number}"
                for number in arguments[1:]
                if isinstance(number, int) and number > 2
            ]
            named = [path for path in arguments if isinstance(path, str | bytes | os.PathLike)]
            if not any(self._is_own(path) for path in (*folders, *named)):
                self._note(event, arguments)
        elif event in FORBIDDEN or (event == "compile" and "CANARY" in str(arguments[0])):
            self._note(event, arguments)

    def _note(self, event: str, what: object) -> None:
        self._armed = False  # to say it may itself be an event
        self.seen.append(f"{event} {what!r}"[:200])
        self._armed = True

    def _is_own(self, path: object) -> bool:
        if isinstance(path, int):  # of a file that is open already
            return True
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        text = os.fsdecode(path)
        return text == os.devnull or f"{os.path.realpath(text)}{os.sep}".startswith(self._own)
