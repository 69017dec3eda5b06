"""Small data sets and settings for tests that need some and do not care which."""

import hashlib

import numpy as np

from core.config import ImportConfig, TrainConfig
from core.datasets.dataset import DataIdentity, ImageDataset


def tiny_dataset(
    count: int = 40, height: int = 8, width: int = 8, channels: int = 3, seed: int = 0
) -> ImageDataset:
    """Smooth random pictures that a small network can learn: a colour ramp each, its ends drawn from seed."""
    rng = np.random.default_rng(seed)
    first, last = rng.uniform(0, 255, (2, count, 1, 1, channels))
    angle = rng.uniform(0, 2 * np.pi, (count, 1, 1, 1))
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    along = (np.cos(angle) * (x[None, :, :, None] - 0.5) + np.sin(angle) * (y[None, :, :, None] - 0.5)) + 0.5
    pixels = np.clip(first + along * (last - first), 0, 255).astype(np.uint8)
    identity = DataIdentity(
        name="tiny",
        source="tiny",
        kind="npy",
        count=count,
        height=height,
        width=width,
        channels=channels,
        policy=ImportConfig(),
        fingerprint=hashlib.sha256(pixels.tobytes()).hexdigest(),
    )
    return ImageDataset(pixels, identity, reading=f"{pixels.shape} uint8, 0..255, made for a test")


def tiny_config(**changes: object) -> TrainConfig:
    """Settings for a training of a moment on the processor, in float32."""
    values: dict[str, object] = {
        "latent_dim": 4,
        "epochs": 3,
        "batch_size": 16,
        "device": "cpu",
        "precision": "float32",
    }
    return TrainConfig.model_validate(values | changes)
