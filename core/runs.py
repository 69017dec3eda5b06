"""A run's folder: config.json, metrics.csv, model.safetensors, checkpoint.safetensors. No training here.

model.safetensors holds the weights that did best on the pictures held out (the last ones where none are),
checkpoint.safetensors the last ones with all that resuming needs.
"""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors
import torch
from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)
from torch import Tensor

from core.activity import DimensionKl, read_kl, write_kl
from core.atomic import failure_text, is_same_place, remove_parts, write_bytes, write_text
from core.checkpoints import (
    WEIGHTS,
    Checkpoint,
    Progress,
    checkpoint_to_bytes,
    load_weights,
    read_checkpoint,
    read_progress,
    read_weights,
    weights_to_bytes,
)
from core.config import TrainConfig, is_variational
from core.datasets.dataset import DataIdentity
from core.errors import ModelError, RunError, is_plain
from core.flaws import first_flaw
from core.metrics import Metrics, MetricsRow, append_row, keep_rows_to, read_metrics, sync_rows
from core.models import Network, NetworkConfig, blank_network, empty_network
from core.reconstruction import check_reconstruction
from core.run_files import CHECKPOINT, CONFIG, KL, METRICS, MODEL, is_run, read_bounded
from core.translate import tr
from core.usage import PROGRAM, own_version

FORMAT_VERSION = 1
MAX_CONFIG_BYTES = 2**20


class Imported(BaseModel):
    """Where the weights of an imported run came from: the file, what it was, and what was assumed of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    sha256: str
    kind: str
    notes: tuple[str, ...] = ()


class RunConfig(BaseModel):
    """config.json: what was asked, the network that follows from it, the data, and who wrote it.

    imported is there where the network is another program's; train is then what a new run like it would ask.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    train: TrainConfig
    network: NetworkConfig
    data: DataIdentity
    versions: dict[str, str]
    imported: Imported | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A run that was not imported does not say so, and can be read by programs of before."""
        values = handler(self)
        if self.imported is None:
            values.pop("imported", None)
        return values


class Run:
    """One run's folder, opened. Nothing is kept in memory but the config: files are read when asked for."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config

    @classmethod
    def create(
        cls,
        path: str | Path,
        train: TrainConfig,
        data: DataIdentity,
        network: NetworkConfig | None = None,
        imported: Imported | None = None,
    ) -> "Run":
        """A new run in path, which is made; network and imported are an imported one's.

        Raises: RunError where a run or the pictures are already, ConfigError where a package is missing.
        """
        check_reconstruction(train.reconstruction)
        folder = check_new_run(path, data.source)
        config = RunConfig(
            train=train,
            network=network
            or NetworkConfig(
                network=train.network,
                objective=train.objective,
                height=data.height,
                width=data.width,
                channels=data.channels,
                latent_dim=train.latent_dim,
            ),
            data=data,
            versions=versions(),
            imported=imported,
        )
        run = cls(folder, config)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run._write_config()
        except OSError as error:
            raise RunError(
                tr("A run cannot be made in {path}: {reason}.", path=folder, reason=failure_text(error))
            ) from None
        return run

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """The run in path. Raises: RunError for a folder that is absent, foreign, damaged or too new."""
        folder = _place(path)
        if not folder.is_dir():
            raise RunError(
                tr("{path} is not a folder; a run is a folder with config.json in it.", path=folder)
            )
        if not is_run(folder):
            raise RunError(tr("{path} holds no run: it has no config.json.", path=folder))
        try:
            content = read_bounded(folder / CONFIG, MAX_CONFIG_BYTES)
            values = json.loads(content.decode("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(
                tr("{path} cannot be read: {reason}.", path=folder / CONFIG, reason=str(error).rstrip("."))
            ) from None
        found = values.get("format_version") if isinstance(values, dict) else None
        if found != FORMAT_VERSION:
            raise RunError(
                tr(
                    "{path} is of format {found} and this program reads format {known};"
                    " open it with the version of Latent Dials that made it.",
                    path=folder / CONFIG,
                    found=repr(found)[:80],
                    known=FORMAT_VERSION,
                )
            )
        try:
            return cls(folder, RunConfig.model_validate_json(json.dumps(values)))
        except ValidationError as error:
            flaw = first_flaw(error)
            raise RunError(
                tr(
                    "{path} is damaged at {name}: {reason}.",
                    path=folder / CONFIG,
                    name=flaw.place or CONFIG,
                    reason=flaw.reason,
                )
            ) from None

    @property
    def name(self) -> str:
        """The folder's name, which is the run's."""
        return self.path.name

    @property
    def has_weights(self) -> bool:
        """Whether load_network has something to load."""
        return (self.path / MODEL).is_file()

    @property
    def has_checkpoint(self) -> bool:
        """Whether training can go on from where it stopped."""
        return (self.path / CHECKPOINT).is_file()

    @property
    def is_finished(self) -> bool:
        """Whether it was trained as far as was asked for. Raises: RunError for a damaged checkpoint."""
        asked = self.config.train
        return self.has_checkpoint and self.progress().is_done(asked.epochs, asked.patience)

    def progress(self) -> Progress:
        """Where training stands on disk: at the start where there is no checkpoint yet. Raises: RunError."""
        return read_progress(self.path / CHECKPOINT) if self.has_checkpoint else Progress()

    def update_train(self, train: TrainConfig) -> None:
        """Make train what this run asks for from now on, in config.json too; the network stays what it is."""
        self.config = self.config.model_copy(update={"train": train})
        self._write_config()

    def with_epochs(self, epochs: int) -> TrainConfig:
        """This run's settings with another number of epochs, to resume it with."""
        return self.config.train.model_copy(update={"epochs": epochs})

    def append_metrics(self, row: MetricsRow) -> None:
        """Add one row to metrics.csv. Raises: OSError."""
        append_row(self.path / METRICS, row)

    def sync_metrics(self) -> None:
        """Bring the rows to the disk. Raises: OSError."""
        sync_rows(self.path / METRICS)

    def metrics(self) -> Metrics:
        """All of metrics.csv as columns; a torn last line is left out."""
        return read_metrics(self.path / METRICS)

    def keep_metrics_to(self, step: int) -> None:
        """Drop the rows after step: training goes on from a checkpoint that is older than they are."""
        keep_rows_to(self.path / METRICS, step)

    def remove_parts(self) -> None:
        """Remove what a process left that was killed as it wrote; for the one process that trains the run."""
        for name in (CONFIG, METRICS, MODEL, CHECKPOINT, KL):
            remove_parts(self.path / name)

    def save_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Write model.safetensors, float32, with the network's own names."""
        description = {"network": self.config.network.model_dump_json()}
        write_bytes(self.path / MODEL, *weights_to_bytes(weights, description))

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write checkpoint.safetensors."""
        write_bytes(self.path / CHECKPOINT, *checkpoint_to_bytes(checkpoint))

    def save_kl(self, state: DimensionKl) -> None:
        """Write kl.json. Raises: OSError."""
        write_kl(self.path / KL, state)

    def kl(self) -> DimensionKl | None:
        """The KL of each dimension at the last checkpoint; None for what has none, or a damaged file."""
        network = self.config.network
        return read_kl(self.path / KL, network.latent_dim) if is_variational(network.objective) else None

    def load_checkpoint(self) -> Checkpoint:
        """All that resuming needs. Raises: RunError for a damaged file."""
        return read_checkpoint(self.path / CHECKPOINT, blank_network(self.config.network).state_dict())

    def load_network(self, which: Literal["best", "last"] = "best") -> Network:
        """The network with its best or last weights, on the processor, in eval mode, taking no gradients.

        Raises: RunError where there are none yet or the file is damaged, ModelError where they do not fit.
        """
        file, prefix = {"best": (MODEL, ""), "last": (CHECKPOINT, WEIGHTS)}[which]
        path = self.path / file
        if not path.is_file():
            raise RunError(
                tr("{path} has no weights yet: train it until its first checkpoint.", path=self.path)
            )
        weights = read_weights(path, prefix)
        try:
            network = empty_network(self.config.network)
        except (RuntimeError, MemoryError):  # torch has no error of its own for it
            raise ModelError(
                tr("The network of {path} needs more memory than there is.", path=self.path)
            ) from None
        load_weights(network, weights, str(path))
        return network.eval().requires_grad_(False)

    def _write_config(self) -> None:
        write_text(self.path / CONFIG, self.config.model_dump_json(indent=2) + "\n")


def check_new_run(path: str | Path, pictures: str = "") -> Path:
    """The folder that path means.

    pictures: where those are that it shall be trained on, as one would open them.
    Raises: RunError where a run or some of its files are already there, or these pictures.
    """
    folder = _place(path)
    if is_run(folder):
        raise RunError(
            tr("{path} already holds a run; resume it or choose another folder for the new one.", path=folder)
        )
    for name in (METRICS, MODEL, CHECKPOINT):
        if (folder / name).exists():
            raise RunError(
                tr("{path} already holds a file {name}; choose another folder.", path=folder, name=name)
            )
    if folder.is_dir() and is_same_place(folder, os.path.expanduser(pictures)):
        raise RunError(
            tr(
                "{path} holds the pictures that it would be trained on; choose another folder.",
                path=folder,
            )
        )
    return folder


def _place(path: str | Path) -> Path:
    """The folder that path means. Raises: RunError for a name that no file of ours could tell again."""
    folder = Path(os.path.expanduser(path)).absolute()
    if not is_plain(str(folder)):
        raise RunError(
            tr("{path}: its name holds control characters or is not valid UTF-8; rename it.", path=folder)
        )
    return folder


def versions() -> dict[str, str]:
    """What this program and the libraries that decide its numbers are."""
    return {
        PROGRAM: own_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
    }
