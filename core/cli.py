"""The command line: the verb that it names, each a module of core.verbs, and the exit code.

Exit codes: 0 done, 2 the user's mistake (one sentence on standard error), 1 a fault of ours (a traceback).
"""

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from core.errors import ConfigError, LatentDialsError, one_line
from core.translate import tr
from core.usage import PROGRAM, overview, version_line

# A module each, imported when its verb is asked for: what the others need is not loaded.
VERBS = {
    "train": "core.verbs.train",
    "edit": "core.verbs.edit",
    "info": "core.verbs.info",
    "import": "core.verbs.import_model",
    "score": "core.verbs.score",
    "neighbours": "core.verbs.neighbours",
    "map": "core.verbs.map",
    "dials": "core.verbs.dials",
    "heat": "core.verbs.heat",
    "factors": "core.verbs.factors",
    "directions": "core.verbs.directions",
    "compare": "core.verbs.compare",
    "runs": "core.verbs.runs",
    "traverse": "core.verbs.traverse",
    "interpolate": "core.verbs.interpolate",
    "sample": "core.verbs.sample",
    "replay": "core.verbs.replay",
    "batch": "core.verbs.batch",
    "codes": "core.verbs.codes",
    "onnx": "core.verbs.onnx",
}


def main(args: Sequence[str]) -> int:
    """Do what a command line says and give the exit code; args are those after the program's name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a name still gets the rest
            stream.reconfigure(errors="replace")
    try:
        return _dispatch(list(args))
    except LatentDialsError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(tr("Interrupted."), file=sys.stderr)
        return 130  # as shells report it; train turns an interrupt into a stop and exits with 0
    except BrokenPipeError:  # the reader of our output has gone, as in "info run | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as end:  # --help
        return int(end.code or 0)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            traceback.print_exc()
            return 1
        name = one_line(str(error.filename))[:80]
        print(tr("'{name}' is too long for a name of a file.", name=name), file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        return 1


def _dispatch(args: list[str]) -> int:
    verb, rest = (args[0], args[1:]) if args else ("--help", [])
    if verb in ("-h", "--help"):
        print(overview())
        return 0
    if verb == "--version":
        print(version_line())
        return 0
    if verb not in VERBS:
        raise ConfigError(
            tr(
                "'{word}' is neither a verb ({verbs}) nor a file or folder; see {program} --help.",
                word=verb,
                verbs=", ".join(VERBS),
                program=PROGRAM,
            )
        )
    return import_module(VERBS[verb]).run(rest)


if __name__ == "__main__":  # python -m core.cli, which is what torchrun -m starts
    sys.exit(main(sys.argv[1:]))
