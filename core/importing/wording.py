"""What is said of a foreign file: its classes, its weights, what is taken of it, and what does not fit."""

from core.codec import shape_text
from core.errors import one_line
from core.importing.fitting import Fit, choice_text
from core.importing.foreign import Foreign
from core.translate import tr

LONGEST_CLASS = 120
MOST_TRIALS_SAID = 6
MOST_WEIGHTS_SAID = 400


def classes_text(name: str, classes: tuple[str, ...]) -> str:
    """The classes that a file names, which is known before anything in it is read."""
    if not classes:
        return tr("{name} names no classes: it holds tensors alone.", name=one_line(name))
    heading = tr("{name} names these classes, whose code is not run:", name=one_line(name))
    return "\n".join([heading, *(f"  {one_line(each[:LONGEST_CLASS])}" for each in classes)])


def weights_text(foreign: Foreign) -> str:
    """The name and shape of each tensor, one a line."""
    shown = foreign.weights[:MOST_WEIGHTS_SAID]
    names = [ascii(name)[1:-1][:80] for name, _ in shown]
    width = max(map(len, names), default=0)
    rows = [
        f"  {name:<{width}}  {' x '.join(map(str, shape)) or '1'}"
        for name, (_, shape) in zip(names, shown, strict=True)
    ]
    if len(foreign.weights) > len(shown):
        rows.append(tr("  and {count} more", count=len(foreign.weights) - len(shown)))
    return "\n".join(rows)


def choice_sentence(foreign: Foreign, fit: Fit) -> str:
    """What is taken of what the file leaves open; empty where it leaves nothing."""
    if fit.choice is None or foreign.draft is None:
        return ""
    taken = choice_text(fit.choice, foreign.draft)
    return tr("Pictures of {shape}, {taken}.", shape=shape_text(fit.choice.shape), taken=taken)


def trials_text(foreign: Foreign, fit: Fit) -> str:
    """The errors of what was tried, the best first, one a line; empty where nothing was."""
    if not fit.trials:
        return ""
    shown = fit.trials[:MOST_TRIALS_SAID]
    lines = [tr("Error of the reconstructions of a few pictures, by what is assumed:")]
    lines += [f"  {trial.error:>10.4f}  {choice_text(trial.choice, foreign.draft)}" for trial in shown]
    if len(fit.trials) > len(shown):
        lines.append(tr("              and {count} more", count=len(fit.trials) - len(shown)))
    return "\n".join([*lines, f"  {fit.baseline:>10.4f}  {tr('the mean of the pictures, for comparison')}"])
