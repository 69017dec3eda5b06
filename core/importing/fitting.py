"""Trying on pictures what a file leaves open (value range, flatten order, activations) by their errors."""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.batches import spread_indices
from core.checkpoints import load_weights
from core.codec import Codec, shape_text
from core.config import ForeignConfig
from core.datasets.dataset import ImageDataset
from core.errors import ModelError
from core.importing.draft import ACTIVATIONS, Choice, Draft
from core.importing.foreign import Foreign, read_foreign
from core.importing.ours import as_fc
from core.models import Network, NetworkConfig, empty_network
from core.pixels import to_float
from core.translate import tr

PICTURES = 32  # enough to tell a range or an order from another: they differ by factors
_RANGES = ("-1..1", "0..1", "0..255")
_ORDERS = ("CHW", "HWC")
_OUTPUTS = ("tanh", "sigmoid", "none")
_CLEARLY = 0.98  # of the expected choice's error: what is not better than that by chance


@dataclass(frozen=True)
class Trial:
    """One choice, and the mean squared error of its reconstructions in [-1,1]."""

    choice: Choice | None
    error: float


@dataclass(frozen=True)
class Fit:
    """The choice to take; all that were tried, best first; baseline: the error of the pictures' mean.

    warnings are sentences on what does not fit.
    """

    choice: Choice | None
    trials: tuple[Trial, ...] = ()
    baseline: float = math.nan
    warnings: tuple[str, ...] = ()

    @property
    def error(self) -> float:
        """The error of the choice; nan where nothing was tried."""
        return next((trial.error for trial in self.trials if trial.choice == self.choice), math.nan)


def choice_text(choice: Choice | None, draft: Draft | None) -> str:
    """A choice as a person reads it, "-1..1, CHW", without what the draft does not leave open."""
    if choice is None or draft is None:
        return tr("as it says")
    parts = [choice.value_range]
    if choice.order != "pictures":
        parts.append(choice.order)
    if draft.leaves("hidden"):
        parts.append(choice.hidden)
    if draft.leaves("output"):
        parts.append(tr("{output} at the end", output=choice.output))
    return ", ".join(parts)


def loaded(foreign: Foreign, choice: Choice | None, shares: bool = False) -> Network:
    """The network with its weights, in eval mode. Raises: ModelError where they do not fit or are nan.

    With shares they are those of foreign itself and not looked through: one of many choices in a tenth of the
    time.
    """
    config, numbers = as_fc(*foreign.network(choice))
    weights = {name: tensor for name, tensor in numbers.items() if isinstance(tensor, torch.Tensor)}
    try:
        network = empty_network(config)
        for name in network.state_dict():
            if name.endswith("num_batches_tracked"):  # which files of before torch 0.4.1 have not
                weights.setdefault(name, torch.zeros((), dtype=torch.int64))
        if shares:
            floats = {n: t.float() if t.is_floating_point() else t for n, t in weights.items()}
            network.load_state_dict(floats, assign=True)
        else:
            load_weights(network, weights, str(foreign.path))
    except (RuntimeError, ValueError, TypeError) as error:
        raise ModelError(
            tr(
                "{path} cannot be imported: its layers cannot be built ({reason}).",
                path=foreign.path,
                reason=str(error).splitlines()[0][:100],
            )
        ) from None
    return network.eval().requires_grad_(False)


def check_reading(foreign: Foreign, dataset: ImageDataset, config: NetworkConfig) -> None:
    """Raises: ModelError where the network does not read the pictures."""
    shape = config.height, config.width, config.channels
    if dataset.picture_shape != shape:
        raise ModelError(
            tr(
                "{path} reads pictures of {expected}, and {data} has {found}: open them at that size and"
                " colour.",
                path=foreign.path,
                expected=shape_text(shape),
                data=dataset.identity.name,
                found=shape_text(dataset.picture_shape),
            )
        )


def try_on(
    path: str | Path, asked: ForeignConfig, dataset: ImageDataset | None
) -> Generator[Trial, None, tuple[Foreign, Fit]]:
    """Read a file and try on pictures, where there are some, what it leaves open; gives what to take.

    Raises: ModelError as read_foreign and trials.
    """
    foreign = read_foreign(path)
    if dataset is None:
        return foreign, Fit(foreign.guess(asked))
    found: list[Trial] = []
    for trial in trials(foreign, asked, dataset):
        found.append(trial)
        yield trial
    return foreign, fit_of(foreign, asked, dataset, found)


def trials(foreign: Foreign, asked: ForeignConfig, dataset: ImageDataset) -> Iterator[Trial]:
    """What the file leaves open, tried on a few pictures, one choice after the other.

    Raises: ModelError where the network does not read the pictures, or its numbers do not fit it.
    """
    pictures = dataset.pictures(spread_indices(len(dataset), PICTURES))
    first = foreign.guess(asked, dataset.picture_shape)
    check_reading(foreign, dataset, loaded(foreign, first).config)
    if first is None or foreign.draft is None:
        yield Trial(None, _error(foreign, None, pictures))
        return
    seen: dict[Choice, float] = {}

    def tried(choices: Sequence[Choice]) -> Iterator[Trial]:
        for choice in choices:
            if choice not in seen:
                seen[choice] = _error(foreign, choice, pictures)
                yield Trial(choice, seen[choice])

    orders = _ORDERS if first.order != "pictures" else ("pictures",)
    framed = [replace(first, value_range=r, order=o) for r in _RANGES for o in orders]
    if not foreign.draft.has_open:
        yield from tried(framed)
        return
    # Not all 180: the frame with the two likeliest activations, then the activations in the best frame.
    framed = [replace(choice, output=output) for choice in framed for output in _OUTPUTS]
    if not foreign.draft.leaves("hidden"):
        yield from tried(framed)
        return
    likely = list(dict.fromkeys((first.hidden, "leaky_relu_0.1", "relu")))
    yield from tried([replace(choice, hidden=hidden) for hidden in likely for choice in framed])
    best = min(seen, key=seen.__getitem__)
    yield from tried([replace(best, hidden=hidden) for hidden in ACTIVATIONS])
    hidden = min(seen, key=seen.__getitem__).hidden
    yield from tried([replace(choice, hidden=hidden) for choice in framed])


def fit_of(foreign: Foreign, asked: ForeignConfig, dataset: ImageDataset, found: Sequence[Trial]) -> Fit:
    """What to take of the trials, and what about it does not fit."""
    ordered = tuple(sorted(found, key=lambda trial: trial.error))
    best, expected = ordered[0], foreign.guess(asked, dataset.picture_shape)
    baseline = _baseline(dataset)
    allowed = [trial for trial in ordered if trial.choice is None or _is_asked(trial.choice, asked)]
    taken = allowed[0] if allowed else best
    by_default = next((trial for trial in allowed if trial.choice == expected), taken)
    if not taken.error < _CLEARLY * by_default.error:
        taken = by_default
    warnings: list[str] = []
    if best.error < _CLEARLY * taken.error:
        warnings.append(
            tr(
                "{taken} was asked for, with an error of {error}; {best} fits better, with {least}.",
                taken=choice_text(taken.choice, foreign.draft),
                error=_number(taken.error),
                best=choice_text(best.choice, foreign.draft),
                least=_number(best.error),
            )
        )
    if taken is not by_default:
        warnings.append(
            tr(
                "{expected} was expected, with an error of {error}; {taken} fits better, with {least}, and is"
                " taken.",
                expected=choice_text(by_default.choice, foreign.draft),
                error=_number(by_default.error),
                taken=choice_text(taken.choice, foreign.draft),
                least=_number(taken.error),
            )
        )
    if not taken.error < baseline:
        warnings.append(
            tr(
                "It does not fit these pictures: its reconstructions have an error of {error}, and the mean"
                " of the pictures has {baseline}.",
                error=_number(taken.error),
                baseline=_number(baseline),
            )
        )
    return Fit(taken.choice, ordered, baseline, tuple(warnings))


def _is_asked(choice: Choice, asked: ForeignConfig) -> bool:
    """Whether a choice has what was asked for."""
    pairs = (
        (asked.model_range, choice.value_range),
        (asked.flatten_order, choice.order),
        (asked.activation, choice.hidden),
        (asked.output_activation, choice.output),
    )
    return all(wanted in ("auto", has) or has == "pictures" for wanted, has in pairs)


def _error(foreign: Foreign, choice: Choice | None, pictures: NDArray[np.uint8]) -> float:
    errors = Codec(loaded(foreign, choice, shares=True)).errors(pictures)
    mean = float(errors.mean(dtype=np.float64))
    return mean if math.isfinite(mean) else math.inf


def _baseline(dataset: ImageDataset) -> float:
    """The mean squared error of giving every picture back as the mean of a few of them."""
    pictures = to_float(dataset.pictures(spread_indices(len(dataset), PICTURES)))
    return float((pictures - pictures.mean(0)).square().mean()) if len(pictures) > 1 else math.inf


def _number(error: float) -> str:
    return f"{error:.4f}" if error < 1000 else f"{error:.3g}"
