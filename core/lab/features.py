"""What pictures are compared by, without a download: a fixed random convolutional network, and what it is
fitted to.

Random convolutions keep what a picture is made of, edges and their neighbours at several sizes, and belong to
no model (He, Wang and Hopcroft 2016, arXiv:1606.04801; Ulyanov, Vedaldi and Lempitsky 2017,
arXiv:1711.10925). They say nothing of meaning, so that distances here are not those of papers that take
Inception's features.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.batches import spread_indices
from core.pixels import to_float

FEATURES = 64  # principal components: well below the pictures that a covariance is made of
WIDTHS = (32, 64, 128)  # filters of 3x3, each layer followed by a rectifier and halved
GRID = 4  # each filter's mean in 4x4 parts of the picture
BATCH = 256
MOST_FITTED = 1500  # pictures that the components are fitted to
LEAST_DISTANCE = 1e-3  # standard deviations: below it pictures are the same, and nothing is held against it


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """The first principal components of the random network's answers to real pictures, each of variance 1
    there.

    So a distance is in standard deviations of real pictures, and a Fréchet distance in their squares.
    """

    kernels: tuple[Tensor, ...]
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]  # (F, K)
    reference: NDArray[np.float32]  # (n, K), of the pictures that it was fitted to

    def of(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features (n,K) of pictures uint8 (n,H,W,C)."""
        features = np.empty((len(pixels), self.axes.shape[1]), np.float32)
        for start in range(0, len(pixels), BATCH):
            part = slice(start, start + BATCH)
            features[part] = (raw_features(self.kernels, pixels[part]) - self.mean) @ self.axes
        return features


def fit_features(reference: NDArray[np.uint8], count: int = FEATURES, seed: int = 0) -> FeatureSpace:
    """The feature space of real pictures uint8 (n,H,W,C), n at least 3; seed decides the filters."""
    kernels = random_kernels(reference.shape[3], seed)
    raw = np.empty((len(reference), GRID * GRID * sum(WIDTHS)), np.float32)
    for start in range(0, len(reference), BATCH):
        raw[start : start + BATCH] = raw_features(kernels, reference[start : start + BATCH])
    some = raw[spread_indices(len(raw), MOST_FITTED)]
    mean = some.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = some - mean
    # the components of n pictures from their n by n products, where features are more than pictures
    values, vectors = np.linalg.eigh((centred @ centred.T / len(some)).astype(np.float64))
    kept = min(count, int((values > values[-1] * 1e-6).sum()), max(1, len(some) // 4))
    largest = slice(-kept, None)
    # unit components are centred.T v / sqrt(n value); another 1 / sqrt(value) makes their variance 1
    axes = (centred.T @ vectors[:, largest] / (values[largest] * math.sqrt(len(some)))).astype(np.float32)
    return FeatureSpace(kernels, mean, axes, (raw - mean) @ axes)


def random_kernels(channels: int, seed: int = 0) -> tuple[Tensor, ...]:
    """The filters of the random network: of length 1, the first layer's without an answer to plain colour."""
    generator = torch.Generator().manual_seed(seed)
    kernels = []
    for width, inputs in zip(WIDTHS, (channels, *WIDTHS), strict=False):
        kernel = torch.randn(width, inputs, 3, 3, generator=generator)
        if not kernels:
            kernel -= kernel.mean((1, 2, 3), keepdim=True)
        kernels.append(kernel / kernel.flatten(1).norm(dim=1).view(-1, 1, 1, 1))
    return tuple(kernels)


def raw_features(kernels: tuple[Tensor, ...], pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The means of each filter's answer over a grid, all layers side by side: (n, GRID^2 * sum of WIDTHS)."""
    x = to_float(np.ascontiguousarray(pixels))  # (n, C, H, W)
    found = []
    with torch.inference_mode():
        for kernel in kernels:
            x = functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), kernel).relu_()
            if min(x.shape[2:]) > 1:
                x = functional.avg_pool2d(x, 2)
            found.append(functional.adaptive_avg_pool2d(x, GRID).flatten(1))
        return torch.cat(found, 1).numpy()
