"""Training as a plain generator of records: pausing is not asking for the next one, stopping is closing it.

What goes to disk and how is in runs and checkpoints, what is minimised in objectives.
"""

import math
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from core.allocation import recycled_memory
from core.batches import Batches, split_indices
from core.checkpoints import MOMENTS, Checkpoint, Progress, load_weights
from core.clocks import Rate, WorkClock
from core.config import TrainConfig
from core.datasets.dataset import ImageDataset
from core.devices import (
    Precision,
    exact_products,
    resolve_device,
    resolve_precision,
    rounded_products,
)
from core.errors import TrainingError
from core.interrupts import interrupts_held
from core.metrics import MetricsRow
from core.models import build_network
from core.objectives import OBJECTIVES
from core.optimiser import Adam
from core.ranks import Ranks, joined
from core.runs import Run
from core.seeds import NOISE, stream_seed
from core.trainable import check_trainable, errors_explained
from core.translate import tr

__all__ = ["TrainRecord", "split_indices", "train"]

REPORT_INTERVAL_S = 0.075
SIGN_OF_LIFE_INTERVAL_S = 0.5  # between records while the pictures held out are measured
VALIDATION_BATCH = 256


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
    between_layers: Callable[[], None] | None = None,
) -> Generator[TrainRecord, None, None]:
    """Train run's network on dataset and yield a record about every 75 ms of work, or each step if slower.

    In several processes that torchrun started, or that share a process group, each batch is divided among
    them and rank 0 alone writes the run; every one of them yields records, of all pictures.
    between_layers is called at each layer, forward and back, and may wait there: for a hand on a dial.

    Closing the generator writes a checkpoint; with resume training goes on from there as if it had not
    stopped (to the bit on one processor with one thread count). A resumed run may ask for more epochs.
    Raises: TrainingError for what cannot be trained or resumed, a loss that is not finite, memory or disk
    that is full; RunError for a damaged checkpoint.
    """
    check_trainable(dataset, config, run, resume)
    with errors_explained(config, run), recycled_memory(), joined(config.device) as ranks:
        if config != run.config.train and ranks.writes:
            run.update_train(config)
        trainer = _Trainer(dataset, config, run, snapshot_interval_s, ranks)
        if between_layers is not None:
            trainer.call_between_layers(between_layers)
        try:
            yield from trainer.records()
        except (GeneratorExit, KeyboardInterrupt):
            trainer.save()
            raise


class _Trainer:
    """The state of one training: what a checkpoint holds, and the clocks."""

    def __init__(
        self,
        dataset: ImageDataset,
        config: TrainConfig,
        run: Run,
        snapshot_interval_s: float,
        ranks: Ranks,
    ) -> None:
        """Build the network and its optimiser, as they were at the last checkpoint where there is one."""
        self.config = config
        self.run = run
        self.ranks = ranks
        self.device = resolve_device(config.device)
        self.batches = Batches(dataset, config, self.device, ranks)
        self.pixels_of_picture = math.prod(dataset.picture_shape)
        first_weights = torch.Generator().manual_seed(config.seed)
        self.network = build_network(run.config.network, first_weights).to(self.device)
        kernels = [weight for weight in self.network.parameters() if weight.dim() == 4]
        for kernel in kernels:  # 1.4 times as fast in bfloat16 on a processor
            kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)
        self.has_convolutions = bool(kernels)
        self.objective = OBJECTIVES[config.objective]
        self.optimiser = Adam(
            self.network.parameters(), lr=config.learning_rate, fused=self.device.type in ("cpu", "cuda")
        )
        self.noise = torch.Generator(self.device)
        self.noise.manual_seed(stream_seed(config.seed, NOISE, 0))
        self.progress = Progress()
        if run.has_checkpoint:
            self._restore(run.load_checkpoint())
        if ranks.from_first(self.progress.step) != self.progress.step:
            raise TrainingError(
                tr("{run} is not the same on all machines; put it on a disk that they share.", run=run.path)
            )
        self.noise_state = self.noise.get_state()  # as it was when progress was: a step cut short drew more
        self.precision: Precision = self._precision()
        self.progress = replace(self.progress, device=self.device.type, precision=self.precision)
        if ranks.writes:
            run.keep_metrics_to(self.progress.step - self.progress.pending_steps)
        self.model = self._divided() if ranks.size > 1 else self.network
        # A card computes ahead of the host, which reads its losses when a record is due and not before.
        self.reads_late = self.device.type == "cuda"
        self.unread: list[Tensor] = []

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
            self.batches.begin(self.progress.epoch, self.progress.batch)
            while self.progress.batch < self.batches.count:
                self._step(self.batches.indices(self.progress.batch))
                if self.progress.batch < self.batches.count and self._report_is_due():
                    yield from self._report(math.nan)
            val_mse = yield from self._validate()
            best = self.progress.best_val_mse
            if math.isfinite(val_mse) and (best is None or val_mse < best):
                self.best = self._copy_of_weights() if self.ranks.writes else None
                self.progress = replace(self.progress, best_val_mse=val_mse)
            self.progress = replace(self.progress, epoch=self.progress.epoch + 1, batch=0)
            yield from self._report(val_mse)

    def call_between_layers(self, between: Callable[[], None]) -> None:
        """Call between after each layer's forward pass and after each weight's gradient."""

        def pause(*_: object) -> None:
            with self.clock.paused(), exact_products():
                between()

        for layer in self.network.modules():
            if next(layer.children(), None) is None:
                layer.register_forward_hook(pause)
        for weight in self.network.parameters():
            weight.register_post_accumulate_grad_hook(pause)

    def save(self) -> None:
        """Write what is not yet on disk. Raises: TrainingError where the weights are no longer finite."""
        if self._position() == self.saved_position or not self.ranks.writes:
            return
        weights = self.network.state_dict()
        if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
            raise self._diverged(tr("weights that are not finite"))
        self._read_losses()
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
            self.noise.manual_seed(stream_seed(self.config.seed, NOISE, checkpoint.progress.step))
        self.progress = checkpoint.progress
        if not self.run.has_weights:  # somebody took model.safetensors away: the next is the best there is
            self.progress = replace(self.progress, best_val_mse=None)

    def _precision(self) -> Precision:
        """The number format: that of the checkpoint where nobody asks for another, and rank 0's for all."""
        before = self.progress.precision
        if self.config.precision == "auto" and self.progress.device == self.device.type:
            known = {"float32": 0, "bfloat16": 1}.get(before)
        else:
            known = None
        if known is None:
            known = int(resolve_precision(self.config.precision, self.device) == "bfloat16")
        return "bfloat16" if self.ranks.from_first(known) else "float32"

    def _divided(self) -> DistributedDataParallel:
        """The network whose gradients are means over all ranks once backward() has returned."""
        # Which way a 1x1 kernel's gradient lies in memory is ambiguous; the copy costs nothing.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        cards = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(self.network, device_ids=cards, gradient_as_bucket_view=True)

    def _step(self, indices: NDArray[np.int64]) -> None:
        """One optimiser update on the pictures at indices, of which this rank takes its part."""
        own = indices[self.ranks.share(len(indices))]
        # Gradients are averaged over ranks, whose parts may differ by a picture; one may even have none.
        weight = len(own) / len(indices)
        noise = self._noise_of(len(indices))
        x = self.batches.pictures(own if len(own) else indices[:1])  # (n, C, H, W)
        with rounded_products(self.precision, self.device.type, has_convolutions=self.has_convolutions):
            loss = self.objective(self.model, x, noise, self.config.beta)
            parts = self.ranks.summed(torch.stack(loss).detach() * weight)
            self.optimiser.zero_grad(set_to_none=True)
            if self.reads_late:  # the fused kernel leaves the weights alone where this is 1
                self.optimiser.found_inf = (~parts[0].isfinite()).float()  # pyright: ignore[reportAttributeAccessIssue]
            elif not math.isfinite(parts[0].item()):
                raise self._diverged(tr("a loss that is not finite"))
            (loss.total * (weight * self.ranks.size)).backward()
        with interrupts_held():
            self.optimiser.step()
            self.unread.append(parts)
            self.noise_state = self.noise.get_state()
            progress = self.progress
            self.progress = replace(
                progress,
                batch=progress.batch + 1,
                step=progress.step + 1,
                images=progress.images + len(indices),
                pending_steps=progress.pending_steps + 1,
            )
            if not self.reads_late:
                self._read_losses()

    def _noise_of(self, count: int) -> Tensor | None:
        """A vae's noise for this rank's part of a batch of count pictures (n,D); None for an ae.

        Every rank draws that of the whole batch, so that it does not matter how many there are.
        """
        if self.config.objective == "ae":
            return None
        shape = (count, self.run.config.network.latent_dim)
        noise = torch.randn(shape, generator=self.noise, device=self.device)
        own = noise[self.ranks.share(count)]
        return own if len(own) else noise[:1]

    def _read_losses(self) -> None:
        """Add the losses of the steps since the last call to the sums. Raises: TrainingError for nan."""
        if not self.unread:
            return
        rows = torch.stack(self.unread).tolist()  # (steps, parts)
        self.unread.clear()
        if not all(math.isfinite(row[0]) for row in rows):
            raise self._diverged(tr("a loss that is not finite"))
        sums = self.progress.pending_sums
        for row in rows:
            sums = tuple(a + b for a, b in zip(sums, row, strict=True))
        self.progress = replace(self.progress, pending_sums=sums)

    def _validate(self) -> Generator[TrainRecord, None, float]:
        """The mean squared error per pixel of the pictures held out, nan where there are none."""
        held_out = self.batches.val_indices
        if not len(held_out):
            return math.nan
        own = held_out[self.ranks.share(len(held_out))]
        total = 0.0
        alive_at = self.clock.now()
        for start in range(0, len(own), VALIDATION_BATCH):
            x = self.batches.pictures(own[start : start + VALIDATION_BATCH])
            with torch.inference_mode():  # and no autocast: these are the numbers that the saved weights give
                errors = (self.network(x).recon - x).square().sum(dim=(1, 2, 3))  # (n,)
            total += math.fsum(errors.tolist())
            if self.record is not None and self.clock.now() - alive_at > SIGN_OF_LIFE_INTERVAL_S:
                with self.clock.paused():
                    yield replace(self.record, weights=None, reported=False)
                alive_at = self.clock.now()
        if self.ranks.size > 1:
            total = self.ranks.summed(torch.tensor([total], dtype=torch.float64, device=self.device)).item()
        return total / (len(held_out) * self.pixels_of_picture)

    def _report_is_due(self) -> bool:
        return self.record is None or self.clock.now() - self.reported_at >= REPORT_INTERVAL_S

    def _report(self, val_mse: float) -> Iterator[TrainRecord]:
        """Write down and yield the means since the last report; write a checkpoint where it is time."""
        self._read_losses()
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
            epoch=(progress.step - 1) // self.batches.count + 1,
            images=progress.images,
            seconds=seconds,
            loss=loss,
            reconstruction=reconstruction,
            kl=kl,
            mse=mse,
            val_mse=val_mse,
            steps_total=self.batches.count * self.config.epochs,
            epochs=self.config.epochs,
            images_per_s=images_per_s,
            eta_s=(len(self.batches.train_indices) * self.config.epochs - progress.images) / images_per_s,
            device=progress.device,
            precision=progress.precision,
            weights=weights,
            finished=finished,
        )
        if self.ranks.writes:
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
