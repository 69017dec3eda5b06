"""The exceptions that core raises for what a person can mend; nothing else is ever a user's mistake.

LatentDialsError            any of ours: str() is one sentence (what, which file or value, the way out)
├── ConfigError             a setting out of its range, or settings that do not fit each other
├── DataError               pictures that cannot be opened or read
├── ModelError              weights that do not fit a network, or a network that does not fit the data
├── RunError                a run's folder that is missing, damaged or of another format
├── TrainingError           training that cannot go on (a loss that is not finite, memory, a full disk)
├── EditError               an adjustment that cannot be read or names a dimension that is not there
└── ExportError             a picture or recipe that cannot be written or read
"""

import re

LONGEST_SENTENCE = 2000
# Control characters, line ends, halves of surrogate pairs, and what turns the direction of writing round.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    """Text with what is not for the eye written as an escape: file names may hold a terminal's commands."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def is_plain(text: str) -> bool:
    """Whether one_line() leaves the text as it is."""
    return _UNSAFE.search(text) is None


class LatentDialsError(Exception):
    """The parent of every error that is shown to a person as one sentence, on one line and of some length."""

    def __init__(self, sentence: str = "") -> None:
        sentence = one_line(sentence)
        if len(sentence) > LONGEST_SENTENCE:
            sentence = f"{sentence[: LONGEST_SENTENCE // 2]} … {sentence[-LONGEST_SENTENCE // 2 :]}"
        super().__init__(sentence)


class ConfigError(LatentDialsError):
    """A setting is out of its range, or two settings do not fit each other."""


class DataError(LatentDialsError):
    """Pictures cannot be opened or read."""


class ModelError(LatentDialsError):
    """Weights do not fit a network, or a network does not fit the data."""


class RunError(LatentDialsError):
    """A run's folder is missing, damaged or of another format."""


class TrainingError(LatentDialsError):
    """Training cannot go on."""


class EditError(LatentDialsError):
    """An adjustment cannot be read, or names a dimension that is not there."""


class ExportError(LatentDialsError):
    """A picture or recipe cannot be written or read."""
