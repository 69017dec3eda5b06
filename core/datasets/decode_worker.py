"""A process that decodes picture files, asked over its standard input; see decode_pool.py for the other end.

A task is a line of JSON, {"size", "channels", "fit", "files"}, and the bytes of those files that are given
by their length and not by a path. The answer is a line of JSON, [width, height, grey, reason] a file with
null for what is not known, and the pixels of those without a reason.
"""

import json
import os
import signal
import sys
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from core.datasets.decoding import decode_any

READY = b"ready\n"
NICENESS = 5  # the window's thread goes first; on a machine with nothing else to do it costs nothing


def main() -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder may print is no answer
    answers.write(READY)
    answers.flush()
    serve(sys.stdin.buffer, answers)


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Answer tasks until there are no more."""
    while line := tasks.readline():
        task = json.loads(line)
        results = []
        for file in task["files"]:
            given = BytesIO(tasks.read(file)) if isinstance(file, int) else Path(file)
            results.append(decode_any(given, task["channels"], task["size"], task["fit"]))
        facts = [
            (*((r.header.width, r.header.height, r.header.grey) if r.header else (None,) * 3), r.reason)
            for r in results
        ]
        answers.write(json.dumps(facts).encode() + b"\n")
        for result in results:
            if result.pixels is not None:
                answers.write(result.pixels.tobytes())
        answers.flush()
