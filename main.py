"""The entry: no arguments or a path opens the window; a verb (train, edit, info) works without one."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from core.usage import VERB_NAMES, overview, version_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and give its exit code; argv is what follows the program's name."""
    # Hundreds of thousands of objects come to stay while modules are imported. To look for garbage among them
    # took a third of torch's import; whoever has imported what it needs switches it on again.
    gc.disable()
    args = list(sys.argv[1:] if argv is None else argv)
    if _is_for_the_window(args):
        # Here and not above: the verbs must work where Qt cannot be loaded.
        from gui.preflight import obstacle

        if reason := obstacle():
            print(reason, file=sys.stderr)
            return 2
        from gui import app

        return app.main(args)
    if args in (["-h"], ["--help"], ["--version"]):  # answered at once, without torch
        print(version_line() if args == ["--version"] else overview())
        return 0
    from core import cli

    gc.freeze()  # what is imported stays, and is never looked through again
    gc.enable()
    return cli.main(args)


def _is_for_the_window(args: list[str]) -> bool:
    """No arguments, a path, the built-in faces, or an option of Qt's (those have one dash, as -style)."""
    if not args:
        return True
    first = args[0]
    if first in VERB_NAMES or first == "-h" or first.startswith("--"):
        return False
    return first.startswith("-") or first.split(":")[0] == "faces" or Path(first).expanduser().exists()


if __name__ == "__main__":
    sys.exit(main())
