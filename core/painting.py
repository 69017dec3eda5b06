"""Edit by painting: the code that gives what was painted, by a few gradient steps; and the original's detail.

After Brock, Lim, Ritchie and Weston 2017, "Neural Photo Editing with Introspective Adversarial Networks"
(arXiv:1609.07093), section 2: strokes change the code, and what the network cannot show of the picture is
put back where nothing was painted. Here the code is also pulled towards where it was, in units of the data's
spread, and what was not painted is asked to stay.
"""

from collections.abc import Collection, Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.codec import Codec
from core.errors import EditError
from core.pixels import to_float
from core.translate import tr

STEPS = 40
RATE = 0.12  # Adam's, in standard deviations of the data
# Weight of the change outside of what was painted. On the bundled model 0.5, 1.5 and 4 left 0.43, 0.48 and
# 0.58 of the error under the mask, and changed the rest by 43, 30 and 23 levels of 255.
STAY = 1.0
PULL = 2e-4  # weight of the mean square distance from the code before, in standard deviations
DETAIL_LEVELS = 24.0  # of 255: where an edit changes so much, none of the original's detail is left
DETAIL_BLUR_PX = 1.5  # at 64 pixels; larger pictures are blurred in proportion


@dataclass(frozen=True, eq=False)
class Painting:
    """What was painted: pixels uint8 (H,W,C), and mask float32 (H,W), 0 where nothing was to 1."""

    pixels: NDArray[np.uint8]
    mask: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PaintStep:
    """The best code (D,) so far, and the error that it has under the mask, in [-1,1] squared."""

    code: NDArray[np.float32]
    error: float
    done: int
    total: int


def painted_code(
    codec: Codec,
    code: NDArray[np.float32],
    painting: Painting,
    *,
    spread: NDArray[np.float32] | None = None,
    locked: Collection[int] = (),
    steps: int = STEPS,
) -> Generator[PaintStep, None, NDArray[np.float32]]:
    """From code (D,), the code whose picture has what was painted; yields the best so far after each step.

    Minimises, by Adam, the mean square error under the mask, plus STAY times the mean square change of the
    picture elsewhere, plus PULL times the mean square change of the code. spread: the standard deviation
    of each dimension over the data (D,); 1 where it is not known or 0. Dimensions in locked stay as they
    are. Numbers that are not finite end it: the best code before them is the answer.
    Raises: EditError for a mask or pixels of another shape than the codec's pictures.
    """
    _check(codec, painting)
    device = next(codec.network.parameters()).device
    start = torch.from_numpy(np.array(code, np.float32)).to(device)  # (D,)
    sigma = _sigma(spread, len(code)).to(device)
    is_free = torch.ones(len(code), device=device)
    is_free[list(locked)] = 0.0
    target = to_float(np.ascontiguousarray(painting.pixels[None]), device)  # (1,C,H,W)
    mask = torch.from_numpy(np.clip(np.nan_to_num(painting.mask), 0.0, 1.0).astype(np.float32)).to(device)
    inside, outside = float(mask.sum()), float((1.0 - mask).sum())
    best, least, best_error = start, np.inf, np.inf
    if inside == 0.0 or not is_free.any():
        return np.array(code, np.float32)
    with torch.enable_grad():
        before = codec.network.decode(start[None]).detach()
        moved = torch.zeros_like(start, requires_grad=True)  # in standard deviations
        optimiser = _Adam(moved)
        for step in range(steps + 1):
            z = start + moved * sigma * is_free
            picture = codec.network.decode(z[None])
            error = ((picture - target).square().mean(dim=1)[0] * mask).sum() / inside
            change = ((picture - before).square().mean(dim=1)[0] * (1.0 - mask)).sum() / max(outside, 1.0)
            loss = error + STAY * change + PULL * (moved * is_free).square().mean()
            if not torch.isfinite(loss):
                break
            if loss.item() < least:
                best, least, best_error = z.detach().clone(), loss.item(), error.item()
            yield PaintStep(_array(best), best_error, step, steps)
            if step == steps:
                break
            (gradient,) = torch.autograd.grad(loss, moved)
            if not torch.isfinite(gradient).all():
                break
            optimiser.step(gradient, RATE * (1.0 - step / steps))
    return _array(best)


def erased(pixels: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A picture (H,W,C) in which what the mask (H,W) covers is filled from around it, smoothly.

    By pull and push over a pyramid (Gortler et al. 1996, "The Lumigraph", section 3.4): each coarser level
    averages what is known, and what is not known is taken from there.
    """
    known = 1.0 - np.clip(np.nan_to_num(mask), 0.0, 1.0).astype(np.float64)[..., None]
    if known.max() <= 0.0:  # nothing is left to fill from
        known = np.full_like(known, 1e-6)
    return np.clip(np.rint(_filled(pixels.astype(np.float64), known)), 0, 255).astype(np.uint8)


def with_detail(
    original: NDArray[np.uint8], reconstruction: NDArray[np.uint8], edited: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The edited picture with what the network lost of the original, where the edit changes nothing.

    edited + (1 - M)(original - reconstruction), with M the change from the reconstruction to the edited
    picture, averaged over channels, blurred, and 1 from DETAIL_LEVELS on (section 2.1 of the paper). Without
    an edit that is the original itself. All are uint8 (H,W,C).
    """
    before, after = reconstruction.astype(np.float64), edited.astype(np.float64)
    change = np.abs(after - before).mean(axis=2)
    sigma = DETAIL_BLUR_PX * max(change.shape) / 64.0
    keep = 1.0 - np.clip(_blurred(change, sigma) / DETAIL_LEVELS, 0.0, 1.0)[..., None]
    return np.clip(np.rint(after + keep * (original.astype(np.float64) - before)), 0, 255).astype(np.uint8)


class _Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) of one vector; torch.optim takes seconds to be imported."""

    def __init__(self, values: torch.Tensor) -> None:
        self._values = values
        self._mean, self._square = torch.zeros_like(values), torch.zeros_like(values)
        self._steps = 0

    @torch.no_grad()
    def step(self, gradient: torch.Tensor, rate: float) -> None:
        """One step along a gradient."""
        self._steps += 1
        self._mean.lerp_(gradient, 0.1)
        self._square.lerp_(gradient.square(), 0.001)
        mean = self._mean / (1.0 - 0.9**self._steps)
        square = self._square / (1.0 - 0.999**self._steps)
        self._values -= rate * mean / (square.sqrt() + 1e-8)


def _check(codec: Codec, painting: Painting) -> None:
    shape = codec.picture_shape
    if painting.pixels.shape != shape or painting.mask.shape != shape[:2]:
        raise EditError(
            tr(
                "What was painted is {found} and the model's pictures are {expected}.",
                found="×".join(str(n) for n in painting.pixels.shape),
                expected="×".join(str(n) for n in shape),
            )
        )


def _sigma(spread: NDArray[np.float32] | None, dims: int) -> torch.Tensor:
    sigma = np.ones(dims, np.float32) if spread is None else np.array(spread, np.float32)
    return torch.from_numpy(np.where(np.isfinite(sigma) & (sigma > 0.0), sigma, np.float32(1.0)))


def _array(code: torch.Tensor) -> NDArray[np.float32]:
    return code.cpu().numpy().copy()


def _filled(values: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """values (H,W,C), by their weights known (H,W,1) in 0..1, completed from coarser levels."""
    height, width = known.shape[:2]
    if (known >= 1.0).all() or max(height, width) == 1:
        return values
    padding = ((0, height % 2), (0, width % 2), (0, 0))
    padded, weights = np.pad(values * known, padding), np.pad(known, padding)
    quarters = (slice(0, None, 2), slice(1, None, 2))
    total = sum(weights[rows, columns] for rows in quarters for columns in quarters)
    sums = sum(padded[rows, columns] for rows in quarters for columns in quarters)
    coarse = sums / np.maximum(total, 1e-12)
    coarse = _filled(coarse, np.minimum(total, 1.0))
    around = _doubled(coarse)[:height, :width]
    return known * values + (1.0 - known) * around


def _doubled(coarse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice as many rows and columns, each a quarter of the way to its neighbour."""
    for axis in (0, 1):
        before = np.concatenate([coarse.take([0], axis), coarse], axis).take(range(coarse.shape[axis]), axis)
        after = np.concatenate([coarse, coarse.take([-1], axis)], axis).take(
            range(1, coarse.shape[axis] + 1), axis
        )
        pair = np.stack([0.75 * coarse + 0.25 * before, 0.75 * coarse + 0.25 * after], axis=axis + 1)
        shape = list(coarse.shape)
        shape[axis] *= 2
        coarse = pair.reshape(shape)
    return coarse


def _blurred(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """values (H,W) blurred by a Gaussian, the edge repeated beyond itself."""
    reach = max(1, round(3.0 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)], mode="edge")
        parts = (
            padded.take(range(at, at + values.shape[axis]), axis) * weight for at, weight in enumerate(kernel)
        )
        values = sum(parts, start=np.zeros_like(values))
    return values
