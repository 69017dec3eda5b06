"""Training as a plain generator of records: pausing is not asking for the next one, stopping is closing it.

What goes to disk and how is in runs and checkpoints, what is minimised in objectives.
"""

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.checkpoints import MOMENTS, Checkpoint, Progress, load_weights
from core.clocks import Rate, WorkClock
from core.config import TrainConfig
from core.datasets.dataset import ImageDataset
from core.devices import resolve
from core.errors import TrainingError
from core.interrupts import interrupts_held
from core.metrics import MetricsRow
from core.models import build_network
from core.objectives import OBJECTIVES
from core.pixels import to_float
from core.runs import Run
from core.translate import tr

REPORT_INTERVAL_S = 0.075
SIGN_OF_LIFE_INTERVAL_S = 0.5  # between records while the pictures held out are measured
VALIDATION_BATCH = 256

# What may differ when a run is resumed; all else decides what its weights and its position mean.
CHANGEABLE = ("epochs", "learning_rate", "beta", "device", "precision", "checkpoint_interval_s")

# Streams of random numbers drawn from one seed.
SPLIT, ORDER, NOISE = range(3)


@dataclass(frozen=True, eq=False)
class TrainRecord(MetricsRow):
    """One report of training; see MetricsRow for its numbers.

    reported is False for a mere sign of life while validation takes long: the numbers are then those of the
    record before and metrics.csv has no row for it. weights is a copy in float32 on the processor that
    nothing changes any more, at most every snapshot_interval_s, else None.
    """

    steps_total: int
    epochs: int
    images_per_s: float
    eta_s: float
    device: str
    precision: str
    weights: Mapping[str, Tensor] | None
    finished: bool
    reported: bool = True


def train(
    dataset: ImageDataset,
    config: TrainConfig,
    run: Run,
    *,
    resume: bool = False,
    snapshot_interval_s: float = 3.0,
) -> Generator[TrainRecord, None, None]:
    """Train run's network on dataset and yield a record about every 75 ms of work, or each step if slower.

    Closing the generator writes a checkpoint; with resume training goes on from there as if it had not
    stopped (to the bit on one processor with one thread count). A resumed run may ask for more epochs.
    Raises: TrainingError for what cannot be trained or resumed, a loss that is not finite, memory or disk
    that is full; RunError for a damaged checkpoint.
    """
    _check(dataset, config, run, resume)
    with _explained(config, run):
        if config != run.config.train:
            run.update_train(config)
        trainer = _Trainer(dataset, config, run, snapshot_interval_s)
        try:
            yield from trainer.records()
        except (GeneratorExit, KeyboardInterrupt):
            trainer.save()
            raise


def split_indices(count: int, val_fraction: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices to train on and to hold out, each sorted, decided by the arguments alone.

    At least one picture is held out when val_fraction is above 0, and at least one is left to train on.
    """
    held_out = min(max(round(count * val_fraction), 1 if val_fraction > 0 else 0), count - 1)
    shuffled = _random(seed, SPLIT).permutation(count)
    return np.sort(shuffled[held_out:]), np.sort(shuffled[:held_out])


class _Trainer:
    """The state of one training: what a checkpoint holds, and the clocks."""

    def __init__(
        self, dataset: ImageDataset, config: TrainConfig, run: Run, snapshot_interval_s: float
    ) -> None:
        """Build the network and its optimiser, as they were at the last checkpoint where there is one."""
        self.dataset = dataset
        self.config = config
        self.run = run
        self.device, self.precision = resolve(config)
        self.train_indices, self.val_indices = split_indices(len(dataset), config.val_fraction, config.seed)
        self.batches = math.ceil(len(self.train_indices) / config.batch_size)
        first_weights = torch.Generator().manual_seed(config.seed)
        self.network = build_network(run.config.network, first_weights).to(self.device)
        for weight in self.network.parameters():
            if weight.dim() == 4:  # convolutions: 1.4 times as fast in bfloat16 on a processor
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        self.objective = OBJECTIVES[config.objective]
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate, fused=self.device.type in ("cpu", "cuda")
        )
        self.noise = torch.Generator(self.device)
        self.noise.manual_seed(_seed(config.seed, NOISE, 0))
        self.progress = Progress()
        if run.has_checkpoint:
            self._restore(run.load_checkpoint())
        self.noise_state = self.noise.get_state()  # as it was when progress was: a step cut short drew more
        self.progress = replace(self.progress, device=self.device.type, precision=self.precision)
        run.keep_metrics_to(self.progress.step - self.progress.pending_steps)

        self.clock = WorkClock(self.progress.seconds)
        self.rate = Rate(self.progress.seconds, self.progress.images)
        self.record: TrainRecord | None = None  # the last
        self.reported_at = self.saved_at = self.progress.seconds
        self.saved_position = self._position()
        self.snapshot_interval_s = snapshot_interval_s
        self.snapshot_at = -math.inf
        self.best: Mapping[str, Tensor] | None = None  # better than model.safetensors, and not yet there

    def records(self) -> Iterator[TrainRecord]:
        """Train to the last epoch."""
        while self.progress.epoch < self.config.epochs:
            order = _random(self.config.seed, ORDER, self.progress.epoch).permutation(self.train_indices)
            while self.progress.batch < self.batches:
                start = self.progress.batch * self.config.batch_size
                # Sorted, a batch is read from a mapped file in one sweep; the loss is a mean over it anyway.
                self._step(np.sort(order[start : start + self.config.batch_size]))
                if self.progress.batch < self.batches and self._report_is_due():
                    yield from self._report(math.nan)
            val_mse = yield from self._validate()
            best = self.progress.best_val_mse
            if math.isfinite(val_mse) and (best is None or val_mse < best):
                self.best = self._copy_of_weights()
                self.progress = replace(self.progress, best_val_mse=val_mse)
            self.progress = replace(self.progress, epoch=self.progress.epoch + 1, batch=0)
            yield from self._report(val_mse)

    def save(self) -> None:
        """Write what is not yet on disk. Raises: TrainingError where the weights are no longer finite."""
        if self._position() == self.saved_position:
            return
        weights = self.network.state_dict()
        if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
            raise self._diverged(tr("weights that are not finite"))
        self.progress = replace(self.progress, seconds=self.clock.now())
        names = [name for name, _ in self.network.named_parameters()]
        states = [self.optimiser.state[weight] for weight in self.network.parameters()]
        moments = {
            moment: {name: state[moment] for name, state in zip(names, states, strict=True)}
            for moment in MOMENTS
        }
        with interrupts_held():
            if self.best is not None:
                self.run.save_weights(self.best)
                self.best = None
            elif self.progress.best_val_mse is None:
                self.run.save_weights(weights)
            self.run.save_checkpoint(Checkpoint(self.progress, weights, moments, self.noise_state))
            self.saved_position = self._position()
        self.saved_at = self.clock.now()

    def _restore(self, checkpoint: Checkpoint) -> None:
        load_weights(self.network, checkpoint.weights, str(self.run.path))
        step = float(checkpoint.progress.step)
        state = {}
        for index, (name, weight) in enumerate(self.network.named_parameters()):
            # Adam's moments must lie in memory as their weight does: the fused kernel does not look.
            moments = {m: torch.empty_like(weight).copy_(checkpoint.moments[m][name]) for m in MOMENTS}
            state[index] = {"step": torch.tensor(step), **moments}
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})
        if checkpoint.progress.device == self.device.type:
            self.noise.set_state(checkpoint.noise)
        else:  # each kind of device has generators of its own
            self.noise.manual_seed(_seed(self.config.seed, NOISE, checkpoint.progress.step))
        self.progress = checkpoint.progress
        if not self.run.has_weights:  # somebody took model.safetensors away: the next is the best there is
            self.progress = replace(self.progress, best_val_mse=None)

    def _step(self, indices: NDArray[np.int64]) -> None:
        """One optimiser update on the pictures at indices."""
        x = to_float(self.dataset.pictures(indices), self.device)  # (n, C, H, W)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            loss = self.objective(self.network, x, self.noise, self.config.beta)
        parts = torch.stack(loss).detach().tolist()
        if not math.isfinite(parts[0]):
            raise self._diverged(tr("a loss that is not finite"))
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        with interrupts_held():
            self.optimiser.step()
            self.noise_state = self.noise.get_state()
            progress = self.progress
            self.progress = replace(
                progress,
                batch=progress.batch + 1,
                step=progress.step + 1,
                images=progress.images + len(indices),
                pending_steps=progress.pending_steps + 1,
                pending_sums=tuple(a + b for a, b in zip(progress.pending_sums, parts, strict=True)),
            )

    def _validate(self) -> Generator[TrainRecord, None, float]:
        """The mean squared error per pixel of the pictures held out, nan where there are none."""
        if not len(self.val_indices):
            return math.nan
        total = 0.0
        alive_at = self.clock.now()
        for start in range(0, len(self.val_indices), VALIDATION_BATCH):
            x = to_float(
                self.dataset.pictures(self.val_indices[start : start + VALIDATION_BATCH]), self.device
            )
            with torch.inference_mode():  # and no autocast: these are the numbers that the saved weights give
                errors = (self.network(x).recon - x).square().sum(dim=(1, 2, 3))  # (n,)
            total += math.fsum(errors.tolist())
            if self.record is not None and self.clock.now() - alive_at > SIGN_OF_LIFE_INTERVAL_S:
                with self.clock.paused():
                    yield replace(self.record, weights=None, reported=False)
                alive_at = self.clock.now()
        return total / (len(self.val_indices) * math.prod(self.dataset.picture_shape))

    def _report_is_due(self) -> bool:
        return self.record is None or self.clock.now() - self.reported_at >= REPORT_INTERVAL_S

    def _report(self, val_mse: float) -> Iterator[TrainRecord]:
        """Write down and yield the means since the last report; write a checkpoint where it is time."""
        progress, finished = self.progress, self.progress.epoch >= self.config.epochs
        loss, reconstruction, kl, mse = (part / progress.pending_steps for part in progress.pending_sums)
        self.progress = replace(progress, pending_steps=0, pending_sums=(0.0, 0.0, 0.0, 0.0))
        seconds = self.clock.now()
        images_per_s = self.rate.images_per_s(seconds, progress.images)
        weights = None
        if finished or seconds - self.snapshot_at >= self.snapshot_interval_s:
            weights, self.snapshot_at = self._copy_of_weights(), seconds
        self.record = TrainRecord(
            step=progress.step,
            epoch=(progress.step - 1) // self.batches + 1,
            images=progress.images,
            seconds=seconds,
            loss=loss,
            reconstruction=reconstruction,
            kl=kl,
            mse=mse,
            val_mse=val_mse,
            steps_total=self.batches * self.config.epochs,
            epochs=self.config.epochs,
            images_per_s=images_per_s,
            eta_s=(len(self.train_indices) * self.config.epochs - progress.images) / images_per_s,
            device=progress.device,
            precision=progress.precision,
            weights=weights,
            finished=finished,
        )
        self.run.append_metrics(self.record)
        if finished or seconds - self.saved_at >= self.config.checkpoint_interval_s:
            self.save()
        with self.clock.paused():
            yield self.record
        self.reported_at = self.clock.now()

    def _copy_of_weights(self) -> Mapping[str, Tensor]:
        return MappingProxyType(
            {
                name: tensor.detach().to("cpu", torch.float32, copy=True).contiguous()
                for name, tensor in self.network.state_dict().items()
            }
        )

    def _position(self) -> tuple[int, int]:
        return self.progress.epoch, self.progress.batch

    def _diverged(self, what: str) -> TrainingError:
        return TrainingError(
            tr(
                "Training came to {what} at step {step}; its last checkpoint is kept."
                " Try a smaller learning rate{beta} or precision float32.",
                what=what,
                step=self.progress.step + 1,
                beta=tr(", a smaller beta") if self.config.objective == "vae" else "",
            )
        )


def _check(dataset: ImageDataset, config: TrainConfig, run: Run, resume: bool) -> None:
    """Raises: TrainingError where dataset, config and run do not fit each other."""
    asked, data = run.config.train, run.config.data
    for name in type(config).model_fields:
        if name not in CHANGEABLE and getattr(config, name) != getattr(asked, name):
            raise TrainingError(
                tr(
                    "The run {run} was made with {name} {old}, not {new}; make a new run for that.",
                    run=run.name,
                    name=name,
                    old=getattr(asked, name),
                    new=getattr(config, name),
                )
            )
    if not len(dataset):
        raise TrainingError(tr("{data} has no pictures to train on.", data=dataset.identity.name))
    if dataset.identity.fingerprint != data.fingerprint or len(dataset) != data.count:
        raise TrainingError(
            tr(
                "The run {run} was made for other pictures ({source}, {count} of them); open those,"
                " or make a new run.",
                run=run.name,
                source=data.source,
                count=data.count,
            )
        )
    network = run.config.network
    if dataset.picture_shape != (network.height, network.width, network.channels):
        raise TrainingError(
            tr(
                "The network of {run} takes pictures of {expected} and the data has {found}.",
                run=run.name,
                expected=(network.height, network.width, network.channels),
                found=dataset.picture_shape,
            )
        )
    if run.has_checkpoint and not resume:
        raise TrainingError(
            tr("The run {run} was trained before; resume it or make a new run.", run=run.name)
        )
    if run.has_checkpoint and (done := run.progress().epoch) >= config.epochs:
        raise TrainingError(
            tr(
                "The run {run} has finished its {done} epochs; ask for more than that to train on.",
                run=run.name,
                done=done,
            )
        )


@contextmanager
def _explained(config: TrainConfig, run: Run) -> Iterator[None]:
    """Errors of the machine as a TrainingError: memory that is full, a disk that is full or gone."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            tr(
                "The run cannot be written to {path}: {reason}. What was written before is whole.",
                path=run.path,
                reason=error.strerror or error,
            )
        ) from error
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        raise TrainingError(
            tr(
                "There is not enough memory for batches of {size} pictures; try a batch size of {smaller}.",
                size=config.batch_size,
                smaller=max(1, config.batch_size // 2),
            )
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator gave up: CUDA's, Python's, or the processor's, which has no type of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)


def _random(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))


def _seed(seed: int, *stream: int) -> int:
    return int(np.random.SeedSequence(seed, spawn_key=stream).generate_state(1, np.uint64)[0])
