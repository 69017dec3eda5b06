"""The weights of some epochs, kept in a run's folder while it is trained: epochs/<epoch>.safetensors.

What they are for: to see the same edit by the network as it was. They are copies in float16, half of what
float32 takes, and nothing is trained on from them.
"""

import errno
import json
import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from core.atomic import failure_text, replacing, written_to
from core.checkpoints import damaged, load_weights, read_weights, weights_to_bytes
from core.errors import ModelError, RunError
from core.flaws import first_flaw
from core.interrupts import interrupts_held
from core.models import Network, NetworkConfig, empty_network
from core.run_files import EPOCHS
from core.runs import Run
from core.tensor_headers import read_tensor_header
from core.translate import tr

SUFFIX = ".safetensors"
# Keeping them may cost this share of the time spent training, after so many seconds that are free: the first
# epochs are short, most changes in them, and eight of the assignment's network take about a second.
COST_SHARE = 0.01
FREE_S = 3.0
EXPECTED_S = 0.1  # that the first one takes: 0.07 to 0.1 s for the assignment's network


@dataclass(frozen=True)
class Snapshot:
    """The weights after an epoch, counted from 1: where they lie and their bytes."""

    epoch: int
    path: Path
    size: int


def kept_snapshots(run: Path) -> tuple[Snapshot, ...]:
    """What a run's folder has, the earliest first, by the names alone; none where there are none."""
    found: list[Snapshot] = []
    with suppress(OSError):  # no folder, or not ours to read: nothing can be replayed
        for entry in os.scandir(run / EPOCHS):
            epoch = _epoch_of(entry.name)
            if epoch is not None and entry.is_file():
                found.append(Snapshot(epoch, Path(entry.path), entry.stat().st_size))
    return tuple(sorted(found, key=lambda snapshot: snapshot.epoch))


def load_snapshot(run: Run, epoch: int) -> Network:
    """The network as it was after an epoch, in float32 on the processor, taking no gradients.

    Raises: RunError where it is not kept, damaged, or of another run; ModelError where it does not fit.
    """
    path = _path_of(run.path, epoch)
    if not path.exists():
        raise RunError(tr("The weights of epoch {epoch} are not kept in {path}.", epoch=epoch, path=run.path))
    try:
        metadata = read_tensor_header(path).metadata
        known = json.loads(metadata.get("snapshot", "null"))
        network = NetworkConfig.model_validate_json(metadata.get("network", ""))
    except ValidationError as error:
        raise damaged(path, ValueError(first_flaw(error).reason)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error) from None
    if network != run.config.network or known != _marks(run, epoch):
        raise RunError(tr("{path} is of another run: remove it.", path=path))
    try:
        made = empty_network(run.config.network)
    except (RuntimeError, MemoryError):  # torch has no error of its own for it
        raise ModelError(
            tr("The network of {path} needs more memory than there is.", path=run.path)
        ) from None
    load_weights(made, read_weights(path), str(path))
    return made.eval().requires_grad_(False)


def wanted_epochs(epochs: int, keep: int) -> tuple[int, ...]:
    """The epochs before the last one to keep, at most so many, each about as many times the one before it.

    Early in training a network changes with every epoch, late hardly with ten: eight of 20 epochs are 1, 2,
    3, 4, 5, 7, 10, 14. The last one is not among them: its weights are the run's own.
    """
    keep = min(keep, epochs - 1)
    if keep < 1:
        return ()
    chosen: list[int] = []
    for place in range(keep):
        left = keep - place
        before = chosen[-1] if chosen else 0
        # Evenly in the logarithm over what is left, though never the same epoch twice.
        ideal = 1 if not chosen else round(before * (epochs / before) ** (1.0 / (left + 1)))
        chosen.append(min(max(ideal, before + 1), epochs - left))
    return tuple(chosen)


class SnapshotKeeper:
    """Keeps the weights of a run that is being trained; for the one process that writes it.

    What fails costs a snapshot: problem is one sentence until the next epoch, and training goes on.
    """

    def __init__(self, run: Run, epochs: int, keep: int, done: int, now: Callable[[], float]) -> None:
        """Of epochs keep so many; those after done, which are trained again, are removed. now: seconds."""
        self._run = run
        self._epochs = epochs
        self._keep = keep
        self._wanted = wanted_epochs(epochs, keep)
        self._now = now
        self._cost_s, self._spent_s = EXPECTED_S, 0.0  # of the last one, and of all
        self._last = done
        self.problem = ""
        self._forget_after(done)

    def offer(self, epoch: int, network: Network) -> None:
        """Keep the network's weights after an epoch, where they are wanted and cheap enough."""
        begun = self._now()
        self.problem = ""  # of an epoch before; another one is as good, and the last one's are the run's own
        is_wanted = epoch < self._epochs and any(self._last < wanted <= epoch for wanted in self._wanted)
        if not is_wanted or self._spent_s + self._cost_s > FREE_S + COST_SHARE * begun:
            return
        try:
            with interrupts_held():
                self._write(epoch, network)
        except OSError as error:
            self.problem = tr(
                "The weights of epoch {epoch} are not kept in {path}: {reason}. Training goes on.",
                epoch=epoch,
                path=self._run.path / EPOCHS,
                reason=failure_text(error),
            )
        else:
            self._last = epoch
            self._thin(epoch)
        self._cost_s = self._now() - begun
        self._spent_s += self._cost_s

    def _write(self, epoch: int, network: Network) -> None:
        weights: dict[str, Tensor] = {}
        for name, tensor in network.state_dict().items():
            low, high = (end.item() for end in tensor.detach().aminmax()) if tensor.numel() else (0.0, 0.0)
            if not (math.isfinite(low) and math.isfinite(high)):
                return  # training will say so
            fits = tensor.is_floating_point() and max(-low, high) < torch.finfo(torch.float16).max
            weights[name] = tensor.detach().to("cpu", torch.float16 if fits else torch.float32)
        marks = json.dumps(_marks(self._run, epoch))
        description = {"network": self._run.config.network.model_dump_json(), "snapshot": marks}
        path = _own_folder(self._run.path) / _name_of(epoch)
        path.parent.mkdir(exist_ok=True)
        with replacing(path, durable=False) as file:  # what is lost in a power cut can be done without
            for part in weights_to_bytes(weights, description):
                file.write(part)

    def _forget_after(self, done: int) -> None:
        with suppress(OSError):  # what stays costs its room
            for entry in os.scandir(_own_folder(self._run.path)):
                epoch = _epoch_of(entry.name)
                is_part = _epoch_of(written_to(entry.name)) is not None
                if is_part or (epoch is not None and epoch > done):
                    Path(entry.path).unlink(missing_ok=True)
        self._thin(0)

    def _thin(self, newest: int) -> None:
        """Remove what is more than is to be kept: what lies closest behind another, by their ratio."""
        with suppress(OSError):
            _own_folder(self._run.path)  # or nothing is removed
            kept = list(kept_snapshots(self._run.path))
            while len(kept) > self._keep:
                behind = [place for place in range(1, len(kept)) if kept[place].epoch != newest]
                ratios = {place: kept[place].epoch / kept[place - 1].epoch for place in behind}
                nearest = min(ratios, key=lambda place: ratios[place], default=0)
                kept.pop(nearest).path.unlink(missing_ok=True)


def _marks(run: Run, epoch: int) -> dict[str, object]:
    """What tells the weights of this run and epoch from all others that fit its network."""
    train = run.config.train
    return {
        "epoch": epoch,
        "data": run.config.data.fingerprint,
        "objective": train.objective,
        "seed": train.seed,
    }


def _own_folder(run: Path) -> Path:
    """Where a run's epochs are written and removed. Raises: OSError for a link to what lies elsewhere."""
    folder = run / EPOCHS
    if folder.is_symlink():
        raise OSError(errno.ELOOP, tr("it is a link to another folder"), str(folder))
    return folder


def _path_of(run: Path, epoch: int) -> Path:
    return run / EPOCHS / _name_of(epoch)


def _name_of(epoch: int) -> str:
    return f"{epoch:06d}{SUFFIX}"


def _epoch_of(name: str) -> int | None:
    """The epoch that a file's name says, None for a file that is not ours."""
    stem = name.removesuffix(SUFFIX)
    is_ours = stem != name and len(stem) >= 6 and stem.isascii() and stem.isdigit()
    epoch = int(stem) if is_ours and len(stem) <= 10 else 0
    return epoch if epoch and _name_of(epoch) == name else None
