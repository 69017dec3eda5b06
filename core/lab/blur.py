"""How sharp reconstructions are: energy at high spatial frequencies against that of the originals.

As much as the originals have is best. Less is blur, more is noise that no original has.
"""

import math
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.batches import spread_indices
from core.codec import Codec
from core.encoding import EncodeProgress
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.spread import Spread, Verdict, better, ratio_values, spread_of
from core.lab.subjects import Subject, check_subjects
from core.runs import Run
from core.snapshots import kept_snapshots, load_snapshot
from core.translate import tr

CUTOFF = 0.125  # cycles per pixel: details of less than 8 pixels from light to light
BLUR_PICTURES = 256
BANDS = 16  # of the spectrum, from 0 to 0.5 cycles per pixel
ROUNDING = (1.0 / 127.5) ** 2 / 12  # variance that rounding to bytes gives a pixel of [-1, 1]
LEAST_KEPT = 1e-3  # shares below are as good as none, and their logarithms all alike
_NOTHING = Spread(math.nan, math.nan, math.nan, math.nan, 0)
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, eq=False)
class Sharpness:
    """One model's share of the originals' high-frequency energy: 1 is as sharp, less is blur, more is noise.

    spread is of the ratio of means over pictures, whose own shares kept (m,) are: of single ones those of
    near-plain pictures would rule the mean. off (m,) are values whose mean is |log share|, how far from as
    sharp it is. bands (BANDS,) is the share at each frequency, nan where the originals have none.
    """

    name: str
    kept: NDArray[np.float64]
    spread: Spread
    off: NDArray[np.float64]
    bands: NDArray[np.float64]

    @property
    def is_noisy(self) -> bool:
        """Whether there is surely more energy than the originals have: noise, not detail."""
        return self.spread.low > 1.0


@dataclass(frozen=True, eq=False)
class BlurStudy:
    """The sharpness of all subjects on the same pictures; frequencies (BANDS,) in cycles per pixel.

    plain is how many pictures were left out because they have no detail to keep. difference is that of the
    first two |log share|, and who is nearer to as sharp is ahead.
    """

    subjects: tuple[Sharpness, ...]
    frequencies: NDArray[np.float64]
    cutoff: float
    plain: int
    difference: Spread | None
    verdict: Verdict


def high_frequency_energy(pictures: NDArray[np.uint8], cutoff: float = CUTOFF) -> NDArray[np.float64]:
    """Energy (n,) of the luma's spectrum above cutoff (cycles per pixel), pictures uint8 (n,H,W,C) as [-1,1].

    The picture less its mean, under a Hann window, so that its borders are no detail of their own.
    """
    power, radius = _power(pictures)
    return power[:, radius >= cutoff].sum(axis=1)


def sharpness(
    originals: NDArray[np.uint8], reconstructions: NDArray[np.uint8], cutoff: float = CUTOFF
) -> NDArray[np.float64]:
    """High-frequency energy of each reconstruction over its original's (n,); nan for a plain original."""
    before, after = (high_frequency_energy(p, cutoff) for p in (originals, reconstructions))
    has_detail = before > _least_energy(originals)
    return np.where(has_detail, after / np.where(has_detail, before, 1.0), np.nan)


def distance_values(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (n,) whose mean is |log r| and whose spread is that of it, of values (n,) with a mean of r.

    By linearisation: the logarithm's slope is 1 / r.
    """
    mean = float(share.mean())
    if mean < LEAST_KEPT:
        return np.full(len(share), -math.log(LEAST_KEPT))
    return math.copysign(1.0, math.log(mean)) * (math.log(mean) + (share - mean) / mean)


def measure_blur(
    subjects: Sequence[Subject],
    pictures: NDArray[np.uint8],
    most: int = BLUR_PICTURES,
    cutoff: float = CUTOFF,
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, BlurStudy]:
    """The share of high-frequency energy that reconstructions keep. Raises: ModelError for another shape."""
    check_subjects(subjects, pictures.shape[1:])
    pictures = pictures[spread_indices(len(pictures), most)]
    energies, spectrum = Layout((len(pictures),), low=0.0), Layout((BANDS,), low=0.0)
    layout = {"before": energies, "spectrum": spectrum}
    for number in range(len(subjects)):
        layout |= {f"after/{number}": energies, f"spectrum/{number}": spectrum}
    arrays = yield from kept_or_measured(
        kept, "blur", ["energies", len(pictures), cutoff], layout, _measured(subjects, pictures, cutoff)
    )
    has_detail = arrays["before"] > _least_energy(pictures)
    before, spectrum = arrays["before"][has_detail], arrays["spectrum"]
    found: list[Sharpness] = []
    for number, subject in enumerate(subjects):
        after = arrays[f"after/{number}"][has_detail]
        shares = ratio_values(after, before) if len(before) else after
        found.append(
            Sharpness(
                subject.name,
                after / before,
                _spread_of(shares),
                distance_values(shares) if len(shares) else shares,
                _over(arrays[f"spectrum/{number}"], spectrum),
            )
        )
    difference = _spread_of(found[0].off - found[1].off) if len(found) > 1 else None
    return BlurStudy(
        tuple(found),
        (np.arange(BANDS) + 0.5) / (2 * BANDS),
        cutoff,
        int((~has_detail).sum()),
        difference,
        better(difference) if difference else Verdict.UNCERTAIN,
    )


def measure_blur_by_epoch(
    run: Run, pictures: NDArray[np.uint8], most: int = 64, kept: KeptMeasures | None = None
) -> Generator[EncodeProgress, None, tuple[tuple[int, Spread], ...]]:
    """The blur meter of each epoch whose weights the run kept: (epoch, share kept), in their order.

    Raises: RunError for damaged weights, ModelError for pictures of another shape.
    """
    snapshots = kept_snapshots(run.path)
    if not snapshots:
        return ()
    pictures = pictures[spread_indices(len(pictures), most)]
    # a file that was not written since is taken for the same, as pictures in a folder are
    files = [[one.epoch, one.size, _written_ns(one.path)] for one in snapshots]
    layout = {
        "before": Layout((len(pictures),), low=0.0),
        "after": Layout((len(snapshots), len(pictures)), low=0.0),
    }
    epochs = [one.epoch for one in snapshots]
    arrays = yield from kept_or_measured(
        kept, "epochs", ["energies", files, len(pictures)], layout, _measured_by_epoch(run, epochs, pictures)
    )
    has_detail = arrays["before"] > _least_energy(pictures)
    if not has_detail.any():
        return ()
    before = arrays["before"][has_detail]
    return tuple(
        (epoch, spread_of(ratio_values(after[has_detail], before)))
        for epoch, after in zip(epochs, arrays["after"], strict=True)
    )


def _measured(
    subjects: Sequence[Subject], pictures: NDArray[np.uint8], cutoff: float
) -> Generator[EncodeProgress, None, Arrays]:
    """The energies of all pictures and of what each subject makes of them, of each and at each frequency."""
    power, radius = _power(pictures)
    place = np.minimum((radius * 2 * BANDS).astype(int), BANDS - 1)
    found: Arrays = {
        "before": high_frequency_energy(pictures, cutoff),
        "spectrum": _by_band(power, place),
    }
    for number, subject in enumerate(subjects):
        recon = subject.codec.reconstruct(pictures)
        found[f"after/{number}"] = high_frequency_energy(recon, cutoff)
        found[f"spectrum/{number}"] = _by_band(_power(recon)[0], place)
        yield EncodeProgress(number + 1, len(subjects), tr("Sharpness of {name}", name=subject.name))
    return found


def _measured_by_epoch(
    run: Run, epochs: Sequence[int], pictures: NDArray[np.uint8]
) -> Generator[EncodeProgress, None, Arrays]:
    """The energy of each picture, and of what each epoch's weights make of it."""
    found = []
    for done, epoch in enumerate(epochs, 1):
        codec = Codec(load_snapshot(run, epoch))
        found.append(high_frequency_energy(codec.reconstruct(pictures)))
        yield EncodeProgress(done, len(epochs), tr("Sharpness of epoch {epoch}", epoch=epoch))
    return {"before": high_frequency_energy(pictures), "after": np.stack(found)}


def _spread_of(values: NDArray[np.float64]) -> Spread:
    return spread_of(values) if len(values) else _NOTHING


def _written_ns(path: Path) -> int:
    with suppress(OSError):  # where it is gone, reading it says so
        return path.stat().st_mtime_ns
    return 0


def _power(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The power spectrum (n,H,W) of pictures, and the frequency of each place of it (H,W)."""
    luma = pictures @ _LUMA if pictures.shape[3] == 3 else pictures[..., 0].astype(np.float64)
    luma = luma / 127.5 - 1.0
    height, width = luma.shape[1:]
    window = _window(height, width)
    luma = (luma - luma.mean(axis=(1, 2), keepdims=True)) * window
    power = np.square(np.abs(np.fft.fft2(luma))) / (height * width)
    radius = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.fftfreq(width)[np.newaxis])
    return power, radius


def _by_band(power: NDArray[np.float64], place: NDArray[np.int_]) -> NDArray[np.float64]:
    return np.bincount(place.ravel(), power.mean(axis=0).ravel(), minlength=BANDS).astype(np.float64)


def _window(height: int, width: int) -> NDArray[np.float64]:
    """Hann's, which falls to 0 just outside of the picture (H,W)."""
    return np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])


def _least_energy(pictures: NDArray[np.uint8]) -> float:
    """What rounding to bytes alone gives a picture: one of no more energy has no detail to keep."""
    return ROUNDING * float(np.square(_window(*pictures.shape[1:3])).sum())


def _over(after: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share (BANDS,) at each frequency; nan where originals have nothing, or are too small for it."""
    there = before > 1e-12
    return np.where(there, after / np.where(there, before, 1.0), np.nan)
