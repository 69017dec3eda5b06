"""Training as a plain generator of records: pausing is not asking for the next one, stopping is closing it.

What goes to disk and how is in runs and checkpoints, what is minimised in objectives.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.activity import DimensionKl, collapse_text, is_settled
from core.allocation import recycled_memory
from core.batches import Batches, split_indices
from core.between_layers import LayerPauses
from core.checkpoints import MOMENTS, Checkpoint, Progress, copy_of_weights, load_weights
from core.clocks import Rate, WorkClock
from core.config import TrainConfig, is_variational
from core.datasets.dataset import ImageDataset
from core.devices import Precision, resolve_device, resolve_precision, rounded_products
from core.errors import TrainingError
from core.full_memory import is_out_of_memory, largest_that_fits, memory_error
from core.interrupts import interrupts_held
from core.models import build_network
from core.objectives import OBJECTIVES, Terms, noise_shape, warmed_up
from core.optimiser import Adam, load_moments, moments_of
from core.ranks import Part, Ranks, averaged, joined
from core.records import TrainRecord
from core.runs import Run
from core.saving import RunWriter, sole_writer
from core.seeds import NOISE, stream_seed
from core.snapshots import SnapshotKeeper
from core.trainable import check_trainable, diverged_error, errors_explained
from core.translate import tr

__all__ = ["TrainRecord", "split_indices", "train"]

REPORT_INTERVAL_S = 0.075
SIGN_OF_LIFE_INTERVAL_S = 0.5  # between records while the pictures held out are measured
VALIDATION_BATCH = 256
LAST_PATIENCE_S = 600.0  # a disk that does not take the end of a training is waited for
LAST_POLL_S = 0.5
LOSS_PARTS = 4  # of a Loss are scalars


def train(
    dataset: ImageDataset,
    config: TrainConfig,
    run: Run,
    *,
    resume: bool = False,
    snapshot_interval_s: float = 5.0,
    between_layers: Callable[[], None] | None = None,
) -> Generator[TrainRecord, None, None]:
    """Train run's network on dataset and yield a record about every 75 ms of work, or each step if slower.

    In several processes that torchrun started, or that share a process group, each batch is divided among
    them and rank 0 alone writes the run; every one of them yields records, of all pictures.
    between_layers is called at each layer, forward and back, and may wait there: for a hand on a dial.

    Closing the generator writes a checkpoint; with resume training goes on from there as if it had not
    stopped (to the bit on one processor with one thread count). A resumed run may ask for more epochs.
    A disk that does not take a checkpoint or a report does not end it: the records say so.
    Raises: TrainingError for what cannot be trained or resumed, a run that another process trains, a loss
    that is not finite, memory that is full, a run's folder that is gone, or a disk that does not take the
    end of it; RunError for a damaged checkpoint.
    """
    with (
        errors_explained(config, run),
        recycled_memory(),
        joined(config.device) as ranks,
        sole_writer(run, ranks),
    ):
        check_trainable(dataset, config, run, resume)
        had_epochs = run.config.train.epochs
        if config != run.config.train and ranks.writes:
            run.update_train(config)
        trainer = _Trainer(dataset, config, run, snapshot_interval_s, ranks)
        if config.epochs > had_epochs:
            trainer.progress = replace(trainer.progress, stale_epochs=0)  # as patient as at the beginning
        if between_layers is not None:
            trainer.pauses.add(trainer.network, trainer.clock, between_layers)
        is_full = False
        try:
            yield from trainer.records()
        except (GeneratorExit, KeyboardInterrupt):
            trainer.save()
            raise
        except (OSError, RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            is_full = True  # and no more of the error, whose frames hold the step's memory
        finally:
            trainer.pauses.remove()
    if is_full:  # what is free has gone back to the system: not all of its users ask the same allocator
        raise memory_error(trainer.batches.largest, trainer.batch_that_fits())


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
        self.pauses = LayerPauses()
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
        self.kl_sums: NDArray[np.float64] | None = None  # of each dimension since the last report
        if is_variational(config.objective):
            self.kl_sums = np.zeros(run.config.network.latent_dim)
        self.optimiser = Adam(
            self.network.parameters(), lr=config.learning_rate, fused=self.device.type in ("cpu", "cuda")
        )
        self.noise = torch.Generator(self.device)
        self.noise.manual_seed(stream_seed(config.seed, NOISE, 0))
        self.progress = Progress()
        was_saved = run.has_checkpoint
        if was_saved:
            self._restore(run.load_checkpoint())
        else:
            self.network.begin(self.batches.sample, first_weights)
        if ranks.from_first(self.progress.step) != self.progress.step:
            raise TrainingError(
                tr("{run} is not the same on all machines; put it on a disk that they share.", run=run.path)
            )
        self.noise_state = self.noise.get_state()  # as it was when progress was: a step cut short drew more
        self.precision: Precision = self._precision()
        self.progress = replace(self.progress, device=self.device.type, precision=self.precision)
        if ranks.writes:
            run.keep_metrics_to(self.progress.step - self.progress.pending_steps)
        self.model = averaged(self.network, self.device) if ranks.size > 1 else self.network
        # A card computes ahead of the host, which reads its losses when a record is due and not before.
        self.reads_late = self.device.type == "cuda"
        self.unread: list[Tensor] = []

        self.clock = WorkClock(self.progress.seconds)
        self.rate = Rate(self.progress.seconds, self.progress.images)
        self.record: TrainRecord | None = None  # the last
        self.reported_at = self.progress.seconds
        saved_step = self.progress.step if was_saved else None
        self.writer = RunWriter(run, config.checkpoint_interval_s, self.clock.now, saved_step)
        self.snapshots: SnapshotKeeper | None = None
        if ranks.writes:
            done = self.progress.epoch
            self.snapshots = SnapshotKeeper(run, config.epochs, config.keep_epochs, done, self.clock.now)
        self.saved_position = self._position()
        self.snapshot_interval_s = snapshot_interval_s
        self.snapshot_at = -math.inf
        self.best: Mapping[str, Tensor] | None = None  # better than model.safetensors, and not yet there

    def records(self) -> Iterator[TrainRecord]:
        """Train to the last epoch, or until it has not got better for long enough."""
        while not self._is_done():
            self.batches.begin(self.progress.epoch, self.progress.batch)
            while self.progress.batch < self.batches.count:
                self._step(self.batches.indices(self.progress.batch))
                if self.progress.batch < self.batches.count and self._report_is_due():
                    yield from self._report(math.nan)
            val_mse = yield from self._validate()
            best, stale = self.progress.best_val_mse, self.progress.stale_epochs + 1
            if math.isfinite(val_mse) and (best is None or val_mse < best):
                self.best = copy_of_weights(self.network) if self.ranks.writes else None
                best, stale = val_mse, 0
            self.progress = replace(
                self.progress,
                epoch=self.progress.epoch + 1,
                batch=0,
                best_val_mse=best,
                stale_epochs=stale,
                val_images=0,
                val_error=0.0,
            )
            if self.snapshots is not None:
                self.snapshots.offer(self.progress.epoch, self.network)
            yield from self._report(val_mse)

    def save(self) -> None:
        """Write what is not yet on disk. Raises: TrainingError where it is not finite, OSError."""
        if self._must_write():
            self.writer.save(*self._state())
            self._forget_what_is_saved()

    def try_to_save(self) -> bool:
        """As save(), but a disk that does not take it is for the next record to say; whether it did."""
        if not self._must_write() or self.writer.try_to_save(*self._state()):
            self._forget_what_is_saved()
            return True
        return False

    def batch_that_fits(self) -> int:
        """A smaller batch for which there is memory, 0 where there is none."""
        if self.ranks.size > 1:  # the others would have to try as well
            return self.batches.largest // 2
        self.unread.clear()
        return largest_that_fits(self.batches.largest // 2, self.network.parameters(), self._try)

    def _try(self, size: int) -> None:
        """Do all of a step but the step itself, with size pictures."""
        self.optimiser.zero_grad(set_to_none=True)
        x = self.batches.pictures(self.batches.train_indices[:size])
        with rounded_products(self.precision, self.device.type, has_convolutions=self.has_convolutions):
            noise, terms = self._noise_of(size), self._terms(size)
            self.objective(self.network, x, noise, self.config.beta, terms).total.backward()

    def _must_write(self) -> bool:
        return self.ranks.writes and self._position() != self.saved_position

    def _state(self) -> tuple[Checkpoint, Mapping[str, Tensor] | None, DimensionKl | None]:
        """What a checkpoint holds now, in memory that the next step changes; the best weights, if new; and
        the KL of each dimension as it was reported last.
        """
        self._read_losses()
        pending_kl = () if self.kl_sums is None else tuple(self.kl_sums.tolist())
        self.progress = replace(self.progress, seconds=self.clock.now(), pending_kl=pending_kl)
        weights, moments = self.network.state_dict(), moments_of(self.optimiser, self.network, MOMENTS)
        checkpoint = Checkpoint(self.progress, weights, moments, self.noise_state)
        if not checkpoint.is_finite():
            raise self._diverged(tr("weights that are not finite"))
        best = weights if self.best is None and self.progress.best_val_mse is None else self.best
        return checkpoint, best, None if self.record is None else self._kl_of(self.record)

    def _forget_what_is_saved(self) -> None:
        self.saved_position = self._position()
        self.best = None

    def _restore(self, checkpoint: Checkpoint) -> None:
        load_weights(self.network, checkpoint.weights, str(self.run.path))
        load_moments(self.optimiser, self.network, checkpoint.moments, checkpoint.progress.step)
        if checkpoint.progress.device == self.device.type:
            self.noise.set_state(checkpoint.noise)
        else:  # each kind of device has generators of its own
            self.noise.manual_seed(stream_seed(self.config.seed, NOISE, checkpoint.progress.step))
        self.progress = checkpoint.progress
        if self.kl_sums is not None and len(self.progress.pending_kl) == len(self.kl_sums):
            self.kl_sums = np.array(self.progress.pending_kl)
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

    def _step(self, indices: NDArray[np.int64]) -> None:
        """One optimiser update on the pictures at indices, of which this rank takes its part."""
        own = indices[self.ranks.share(len(indices))]
        # Gradients are averaged over ranks, whose parts may differ by a picture; one may even have none.
        weight = len(own) / len(indices)
        noise = self._noise_of(len(indices))
        x = self.batches.pictures(own if len(own) else indices[:1])  # (n, C, H, W)
        with rounded_products(self.precision, self.device.type, has_convolutions=self.has_convolutions):
            loss = self.objective(self.model, x, noise, self.config.beta, self._terms(len(indices)))
            parts = torch.stack(loss[:LOSS_PARTS]).detach()
            if loss.kl_of_dims is not None:
                parts = torch.cat([parts, loss.kl_of_dims])
            parts = self.ranks.summed(parts * weight)
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

    def _terms(self, count: int) -> Terms:
        """What the objective needs to know for a batch of count pictures at this step."""
        return Terms(
            reconstruction=self.config.reconstruction,
            share=warmed_up(self.progress.step, self.config.kl_warmup_epochs * self.batches.count),
            noise_std=self.config.noise_std,
            pictures=len(self.batches.train_indices),
            part=Part(count, self.ranks),
        )

    def _noise_of(self, count: int) -> Tensor | None:
        """The objective's noise for this rank's part of a batch of count pictures (n,…); None without any.

        Every rank draws that of the whole batch, so that it does not matter how many there are.
        """
        network = self.run.config.network
        picture = (network.channels, network.height, network.width)
        shape = noise_shape(self.config.objective, network.latent_dim, picture)
        if shape is None:
            return None
        noise = torch.randn((count, *shape), generator=self.noise, device=self.device)
        own = noise[self.ranks.share(count)]
        return own if len(own) else noise[:1]

    def _read_losses(self) -> None:
        """Add the losses of the steps since the last call to the sums. Raises: TrainingError for nan."""
        if not self.unread:
            return
        numbers = torch.stack(self.unread).cpu()  # (steps, parts of the loss and the KL of each dimension)
        self.unread.clear()
        rows = numbers[:, :LOSS_PARTS].tolist()
        if not all(math.isfinite(row[0]) for row in rows):
            raise self._diverged(tr("a loss that is not finite"))
        sums = self.progress.pending_sums
        for row in rows:
            sums = tuple(a + b for a, b in zip(sums, row, strict=True))
        self.progress = replace(self.progress, pending_sums=sums)
        if self.kl_sums is not None:
            self.kl_sums += numbers[:, LOSS_PARTS:].sum(dim=0).numpy()

    def _validate(self) -> Generator[TrainRecord, None, float]:
        """The mean squared error per pixel of the pictures held out, nan where there are none."""
        held_out = self.batches.val_indices
        if not len(held_out):
            return math.nan
        own = held_out[self.ranks.share(len(held_out))]
        is_alone = self.ranks.size == 1  # a checkpoint has one process's part of the sum
        total = self.progress.val_error
        alive_at = self.clock.now()
        for start in range(self.progress.val_images, len(own), VALIDATION_BATCH):
            x = self.batches.pictures(own[start : start + VALIDATION_BATCH])
            with torch.inference_mode():  # and no autocast: these are the numbers that the saved weights give
                errors = (self.network(x).recon - x).square().sum(dim=(1, 2, 3))  # (n,)
            total += math.fsum(errors.tolist())
            if is_alone:
                self.progress = replace(self.progress, val_images=start + len(x), val_error=total)
            if self.writer.is_due():
                self.try_to_save()
            if self.record is not None and self.clock.now() - alive_at > SIGN_OF_LIFE_INTERVAL_S:
                with self.clock.paused():
                    yield self._sign_of_life(self.record)
                alive_at = self.clock.now()
        if self.ranks.size > 1:
            total = self.ranks.summed(torch.tensor([total], dtype=torch.float64, device=self.device)).item()
        return total / (len(held_out) * self.pixels_of_picture)

    def _report_is_due(self) -> bool:
        return self.record is None or self.clock.now() - self.reported_at >= REPORT_INTERVAL_S

    def _snapshot_wait_s(self) -> float:
        """How long after the last copy of the weights the next is due: they change less as time goes on."""
        early = self.snapshot_at < 2.0 * self.snapshot_interval_s
        return self.snapshot_interval_s * (1.0 if early else 2.0)

    def _report(self, val_mse: float) -> Iterator[TrainRecord]:
        """Write down and yield the means since the last report; write a checkpoint where it is time."""
        self._read_losses()
        progress, finished = self.progress, self._is_done()
        loss, reconstruction, kl, mse = (part / progress.pending_steps for part in progress.pending_sums)
        self.progress = replace(progress, pending_steps=0, pending_sums=(0.0, 0.0, 0.0, 0.0))
        kl_of_dims = None
        if self.kl_sums is not None:
            kl_of_dims = (self.kl_sums / progress.pending_steps).astype(np.float32)
            self.kl_sums = np.zeros_like(self.kl_sums)
        seconds = self.clock.now()
        images_per_s = self.rate.images_per_s(seconds, progress.images)
        weights = None
        if finished or seconds - self.snapshot_at >= self._snapshot_wait_s():
            weights, self.snapshot_at = copy_of_weights(self.network), seconds
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
            kl_of_dims=kl_of_dims,
        )
        if (state := self._kl_of(self.record)) is not None:
            self.record = replace(self.record, collapse=collapse_text(state, self.config))
        if self.ranks.writes:
            self.writer.add_row(self.record)
        if finished:
            yield from self._save_the_end(self.record)
        elif self.writer.is_due():
            self.try_to_save()
        with self.clock.paused():
            yield replace(self.record, problem=self._problem())
        self.reported_at = self.clock.now()

    def _save_the_end(self, record: TrainRecord) -> Iterator[TrainRecord]:
        """Write the last checkpoint; a disk that does not take it is waited for, and the records say so."""
        gives_up_at = self.clock.now() + LAST_PATIENCE_S
        while not self.try_to_save():
            if self.clock.now() > gives_up_at:
                self.save()
                return
            while not self.writer.is_due():
                yield replace(self._sign_of_life(record), finished=False)
                time.sleep(LAST_POLL_S)

    def _kl_of(self, record: TrainRecord) -> DimensionKl | None:
        """The KL of each dimension as a record has it."""
        if record.kl_of_dims is None:
            return None
        settled = is_settled(self.config, record.step, self.batches.count, record.finished)
        return DimensionKl(record.step, record.kl_of_dims, settled)

    def _sign_of_life(self, record: TrainRecord) -> TrainRecord:
        return replace(record, weights=None, reported=False, problem=self._problem())

    def _problem(self) -> str:
        return self.writer.problem or (self.snapshots.problem if self.snapshots is not None else "")

    def _is_done(self) -> bool:
        return self.progress.is_done(self.config.epochs, self.config.patience)

    def _position(self) -> tuple[int, int, int]:
        return self.progress.epoch, self.progress.batch, self.progress.val_images

    def _diverged(self, what: str) -> TrainingError:
        return diverged_error(what, self.progress.step + 1, self.writer.kept_text(), self.config)
