"""Networks of other programs made into runs of this one: recognised, read without running anything, tried.

look_at says what a file is before anything is read, read_foreign reads it, try_on finds on pictures what the
file leaves open, and write_run makes the run. What is refused is refused with a ModelError.
"""

from core.importing.draft import Choice
from core.importing.fitting import Fit, Trial, choice_text, fit_of, trials, try_on
from core.importing.foreign import Foreign, classes_of, look_at, read_foreign
from core.importing.wording import choice_sentence, classes_text, trials_text, weights_text
from core.importing.writing import write_run

__all__ = [
    "Choice",
    "Fit",
    "Foreign",
    "Trial",
    "choice_sentence",
    "choice_text",
    "classes_of",
    "classes_text",
    "fit_of",
    "look_at",
    "read_foreign",
    "trials",
    "trials_text",
    "try_on",
    "weights_text",
    "write_run",
]
