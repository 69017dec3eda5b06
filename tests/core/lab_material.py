"""Pictures, models and material that the laboratory's tests share: small, and made in a moment."""

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray

from core.codec import Codec
from core.config import ObjectiveName
from core.lab.neighbours import nearest
from core.lab.subjects import Material, Subject, make_subject
from core.latents import statistics
from core.models import NetworkConfig, build_network


def shapes(count: int, seed: int, side: int = 32) -> NDArray[np.uint8]:
    """Pictures (count,side,side,3) of one thing each: a soft disc with a bar on it, on a plain ground."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side][:, None] / side  # (1, side, side) each
    row, column = random.uniform(0.3, 0.7, (2, count, 1, 1))
    radius = random.uniform(0.15, 0.3, (count, 1, 1))
    inside = np.hypot(y - row, x - column) < radius
    bar = inside & (np.abs(y - row - radius * random.uniform(-0.5, 0.5, (count, 1, 1))) < 0.06)
    ground, disc, line = random.uniform(0, 255, (3, count, 1, 1, 3))
    picture = np.where(inside[..., None], disc, ground)
    return np.where(bar[..., None], line, picture).round().astype(np.uint8)


def material_of(held: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Material:
    """Material of pictures that are at hand."""
    return Material(
        held,
        np.arange(len(held)),
        reference,
        np.arange(len(reference)) + 1000,
        "shapes",
        (True, True),
        True,
        "made for a test",
    )


def untrained(objective: ObjectiveName, pictures: NDArray[np.uint8], seed: int, name: str = "") -> Subject:
    """An fc network with first weights as a subject."""
    height, width, channels = pictures.shape[1:]
    config = NetworkConfig(
        network="fc", objective=objective, height=height, width=width, channels=channels, latent_dim=4,
        hidden=(24,),
    )  # fmt: skip
    codec = Codec(build_network(config, torch.Generator().manual_seed(seed)))
    return make_subject(name or objective, codec, statistics(codec.encode(pictures)))


def principal(pictures: NDArray[np.uint8], dims: int, name: str = "principal") -> Subject:
    """An fc network without hidden layers whose code is the first principal components of pictures.

    It decodes to tanh(b + W z), with b and W such that this is the components' own sum to first order.
    """
    height, width, channels = pictures.shape[1:]
    config = NetworkConfig(
        network="fc", objective="ae", height=height, width=width, channels=channels, latent_dim=dims,
        hidden=(),
    )  # fmt: skip
    network = build_network(config, torch.Generator().manual_seed(0))
    flat = (pictures / 127.5 - 1.0).transpose(0, 3, 1, 2).reshape(len(pictures), -1)
    mean = flat.mean(axis=0)
    axes = np.linalg.svd(flat - mean, full_matrices=False)[2][:dims]  # (D, C*H*W)
    numbers = {
        "encoder.0.weight": axes,
        "encoder.0.bias": -axes @ mean,
        "decoder.0.weight": axes.T / (1.0 - mean[:, None] ** 2),
        "decoder.0.bias": np.arctanh(mean),
    }
    network.load_state_dict({key: torch.from_numpy(value).float() for key, value in numbers.items()})
    codec = Codec(network)
    return make_subject(name, codec, statistics(codec.encode(pictures)))


class Copier(Codec):
    """A codec whose decoder gives back, of whatever code, the known picture whose code is nearest.

    Noise of so many grey levels is added, so that the picture is not the same to the bit.
    """

    def __init__(self, codec: Codec, known: NDArray[np.uint8], noise: float = 0.0) -> None:
        super().__init__(codec.network)
        self._known, self._noise = known, noise
        self._codes = codec.encode(known)

    def decode(self, z: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Known pictures (n,H,W,C)."""
        pictures = self._known[nearest(z, self._codes)[1][:, 0]]
        noisy = pictures + np.random.default_rng(0).normal(0.0, self._noise, pictures.shape)
        return noisy.round().clip(0, 255).astype(np.uint8)


def copier(subject: Subject, known: NDArray[np.uint8], noise: float = 0.0) -> Subject:
    """A model of the same codes that memorised pictures."""
    return dataclasses.replace(subject, name="copier", codec=Copier(subject.codec, known, noise))


def deaf(subject: Subject, name: str = "deaf") -> Subject:
    """The same model with a decoder that ignores its code, as after posterior collapse."""
    weights = dict(subject.codec.network.state_dict())
    weights["decoder.0.weight"] = torch.zeros_like(weights["decoder.0.weight"])
    return make_subject(name, subject.codec.update(weights), subject.stats)
