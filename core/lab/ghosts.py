"""A judge that tells one picture from two laid over each other, fitted to real pictures alone.

Why a judge. A blend of two pictures lies nearer to the real ones than a real picture does, in pixels as in
features: whatever is averaged is near to everything. So the distance to the nearest real picture praises a
plain cross-fade, and something has to be fitted that knows what a cross-fade looks like.

What it must not go by. A blend has less contrast than its pictures and lies nearer to the mean picture, and
so does any single picture whose code is drawn towards the mean of all. A judge that was shown pictures as
they are took such a one for as double as a cross-fade, and a cross-fade of full contrast for hardly double.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from core.batches import spread_indices
from core.lab.features import BATCH, GRID, WIDTHS, random_kernels, raw_features
from core.pixels import to_float, to_uint8

MOST_TAUGHT = 3000  # pictures, and as many blends of them
# Of the standardised features' mean square. 3 knows more fades where pictures are few (0.85 instead of 0.79,
# of 1,000 faces), but goes by contrast and by the mean face again.
RIDGE = 0.1
BLURS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)  # px: as sharp as a picture, as soft as reconstructions are
SHARES = (0.35, 0.65)  # of the first picture in a blend
PALED = 0.25  # of the single pictures are drawn towards their own mean colour, the others to the mean picture
LEAST_LENGTH = 1e-3  # of a layer's answers: those to a plain picture are 0


@dataclass(frozen=True, eq=False)
class GhostJudge:
    """Scores pictures: higher looks more like two at once. Equal to every model: it never saw one.

    auc is how well it knows real pictures from their cross-fades, of pictures that it was not fitted to: the
    probability that a cross-fade scores higher (0.5 is guessing, 1 never wrong).
    """

    kernels: tuple[torch.Tensor, ...]
    mean: NDArray[np.float32]
    weights: NDArray[np.float32]
    auc: float

    def scores(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The score (n,) of pictures uint8 (n,H,W,C)."""
        parts = [
            (_features(self.kernels, pixels[start : start + BATCH]) - self.mean) @ self.weights
            for start in range(0, len(pixels), BATCH)
        ]
        return np.concatenate(parts).astype(np.float64) if parts else np.empty(0)


def cross_fade(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean of two pictures, pixel by pixel: what an interpolation should be better than."""
    return ((a.astype(np.uint16) + b + 1) // 2).astype(np.uint8)


def blurred(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Pictures uint8 (n,H,W,C) under a Gaussian of sigma pixels, their edges repeated."""
    if sigma <= 0.0:
        return pixels
    x = to_float(pixels)
    radius, channels = int(3 * sigma + 0.5), x.shape[1]
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma).square())
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    x = functional.pad(x, (radius, radius, radius, radius), mode="replicate")
    x = functional.conv2d(x, kernel, groups=channels)
    return to_uint8(functional.conv2d(x, kernel.transpose(2, 3), groups=channels))


def fit_judge(real: NDArray[np.uint8], control: NDArray[np.uint8], seed: int = 0) -> GhostJudge:
    """The judge of real pictures uint8 (n,H,W,C), measured on others, control (m,H,W,C), m at least 2.

    Least squares with a ridge on the random network's features, real ones -1 and blends +1: a linear
    discriminant (Fisher 1936). Each picture and its blend are softened alike, and the picture loses the
    contrast that its blend loses, so that neither blur nor paleness is a mark of two.
    """
    random = np.random.default_rng(seed)
    real = real[spread_indices(len(real), MOST_TAUGHT)]
    count = len(real)
    partner, level = _others(count, random), random.integers(len(BLURS), size=count)
    share = random.uniform(*SHARES, (count, 1, 1, 1)).astype(np.float32)
    is_paled = random.random((count, 1, 1, 1)) < PALED
    middle = real.mean(axis=0, dtype=np.float64).astype(np.float32)
    kernels = random_kernels(real.shape[3], seed)
    singles, blends = [], []
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        one = real[part].astype(np.float32)
        blend = share[part] * one + (1.0 - share[part]) * real[partner[part]]
        # the variance of a blend of two that have nothing to do with each other
        kept = np.sqrt(np.square(share[part]) + np.square(1.0 - share[part]))
        centre = np.where(is_paled[part], one.mean(axis=(1, 2), keepdims=True), middle)
        for pictures, found in ((centre + kept * (one - centre), singles), (blend, blends)):
            pixels = pictures.round().clip(0, 255).astype(np.uint8)
            found.append(_features(kernels, _softened(pixels, level[part])))
    features = np.concatenate(singles + blends)
    mean = features.mean(axis=0)
    size = features.std(axis=0) + 1e-6
    target = np.repeat(np.array([-1.0, 1.0], np.float32), count)
    weights = _ridge((features - mean) / size, target) / size
    judge = GhostJudge(kernels, mean, weights.astype(np.float32), 0.5)
    fades = cross_fade(control, control[_others(len(control), random)])
    return GhostJudge(kernels, mean, judge.weights, auc_of(judge.scores(control), judge.scores(fades)))


def auc_of(lower: NDArray[np.floating], higher: NDArray[np.floating]) -> float:
    """The probability that one of higher exceeds one of lower, ties halved: Mann and Whitney's U / (n m)."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, "left") + np.searchsorted(ordered, higher, "right")
    return float(below.mean() / (2 * len(lower)))


def _others(count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """For each of count another one."""
    return (np.arange(count) + random.integers(1, count, size=count)) % count


def _softened(pixels: NDArray[np.uint8], level: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Each picture (n,H,W,C) under the blur of its level (n,)."""
    soft = pixels.copy()
    for number in np.unique(level):
        soft[level == number] = blurred(pixels[level == number], BLURS[number])
    return soft


def _features(kernels: tuple[torch.Tensor, ...], pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The random network's answers, each layer's over their length, which grows with contrast."""
    ends = np.cumsum([GRID * GRID * width for width in WIDTHS[:-1]])
    layers = np.split(raw_features(kernels, pixels), ends, axis=1)
    return np.concatenate(
        [layer / (np.linalg.norm(layer, axis=1, keepdims=True) + LEAST_LENGTH) for layer in layers], axis=1
    )


def _ridge(features: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights of least squares with a ridge, in the smaller of the two equivalent systems."""
    count, width = features.shape
    is_wide = width > count
    products = features @ features.T if is_wide else features.T @ features
    products[np.diag_indices(len(products))] += np.float32(RIDGE * count)
    solved = np.linalg.solve(products, target if is_wide else features.T @ target).astype(np.float32)
    return features.T @ solved if is_wide else solved
