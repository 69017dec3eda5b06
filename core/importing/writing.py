"""The run that a foreign network becomes: an ordinary folder, with a word on where it came from."""

import hashlib
from pathlib import Path

import torch

from core.config import ImportConfig, TrainConfig
from core.datasets.dataset import DataIdentity, ImageDataset
from core.errors import ModelError, RunError
from core.importing.fitting import Fit, check_reading, loaded
from core.importing.foreign import Foreign
from core.models import Network, NetworkConfig
from core.runs import Imported, Run
from core.translate import tr


def write_run(foreign: Foreign, fit: Fit, out: str | Path, dataset: ImageDataset | None = None) -> Run:
    """A new run in the folder out, with the weights of foreign and the pictures that it is opened with.

    Raises: ModelError where the weights do not fit, RunError where the folder cannot be made or has a run.
    """
    network = loaded(foreign, fit.choice)
    config = network.config
    if dataset is not None:
        check_reading(foreign, dataset, config)
    _check_way_through(foreign, network)
    # What a new run that is like this one would be asked for with; this one cannot be trained on.
    train = TrainConfig(
        network="fc" if config.network == "layers" else config.network,
        objective=config.objective,
        latent_dim=min(config.latent_dim, 1024),
    )
    try:
        with foreign.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        run = Run.create(
            out,
            train,
            dataset.identity if dataset is not None else _no_pictures(config),
            config,
            Imported(
                file=foreign.path.name, sha256=digest, kind=foreign.kind, notes=foreign.notes + fit.warnings
            ),
        )
        run.save_weights(network.state_dict())
    except OSError as error:
        raise RunError(
            tr("A run cannot be made in {path}: {reason}.", path=out, reason=error.strerror or error)
        ) from None
    return run


def _check_way_through(foreign: Foreign, network: Network) -> None:
    """Raises: ModelError where a picture does not come out as a picture."""
    config = network.config
    picture = (config.channels, config.height, config.width)
    try:
        with torch.inference_mode():
            recon, z, *_ = network(torch.zeros(1, *picture))
        fits = recon.shape[1:] == picture and z.shape[1:] == (config.latent_dim,)
    except (RuntimeError, ValueError, TypeError, IndexError):
        fits = False
    if not fits:
        raise ModelError(
            tr("{path} cannot be imported: its layers do not give a picture back.", path=foreign.path)
        )


def _no_pictures(config: NetworkConfig) -> DataIdentity:
    """What stands for the data of a run that was imported without any."""
    return DataIdentity(
        name="",
        source="",
        kind="none",
        count=0,
        height=config.height,
        width=config.width,
        channels=config.channels,
        policy=ImportConfig(),
        fingerprint="",
    )
