"""How sharp reconstructions are: energy at high spatial frequencies against that of the originals."""

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
from core.lab.spread import Spread, Verdict, better, spread_of
from core.lab.subjects import Subject, check_subjects
from core.runs import Run
from core.snapshots import kept_snapshots, load_snapshot
from core.translate import tr

CUTOFF = 0.125  # cycles per pixel: details of less than 8 pixels from light to light
BLUR_PICTURES = 256
BANDS = 16  # of the spectrum, from 0 to 0.5 cycles per pixel
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, eq=False)
class Sharpness:
    """One model's share of the originals' high-frequency energy: 1 is as sharp, 0 has no detail.

    kept (n,) is of each picture, spread over them; bands (BANDS,) is the share at each frequency.
    """

    name: str
    kept: NDArray[np.float64]
    spread: Spread
    bands: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BlurStudy:
    """The sharpness of all subjects on the same pictures; frequencies (BANDS,) in cycles per pixel."""

    subjects: tuple[Sharpness, ...]
    frequencies: NDArray[np.float64]
    cutoff: float
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
    """High-frequency energy of each reconstruction over its original's (n,); 1 where neither has any."""
    before, after = (high_frequency_energy(p, cutoff) for p in (originals, reconstructions))
    return np.where(before > 1e-12, after / np.maximum(before, 1e-12), 1.0)


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
    layout: dict[str, Layout] = {}
    for number in range(len(subjects)):
        layout[f"kept/{number}"] = Layout((len(pictures),), low=0.0)
        layout[f"bands/{number}"] = Layout((BANDS,), low=0.0)
    arrays = yield from kept_or_measured(
        kept, "blur", [len(pictures), cutoff], layout, _measured(subjects, pictures, cutoff)
    )
    found: list[Sharpness] = []
    for number, subject in enumerate(subjects):
        shares = arrays[f"kept/{number}"]
        found.append(Sharpness(subject.name, shares, spread_of(shares), arrays[f"bands/{number}"]))
    difference = spread_of(found[0].kept - found[1].kept) if len(found) > 1 else None
    return BlurStudy(
        tuple(found),
        (np.arange(BANDS) + 0.5) / (2 * BANDS),
        cutoff,
        difference,
        better(difference, lower_is_better=False) if difference else Verdict.UNCERTAIN,
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
    layout = {"kept": Layout((len(snapshots), len(pictures)), low=0.0)}
    epochs = [one.epoch for one in snapshots]
    arrays = yield from kept_or_measured(
        kept, "epochs", [files, len(pictures)], layout, _measured_by_epoch(run, epochs, pictures)
    )
    return tuple((epoch, spread_of(shares)) for epoch, shares in zip(epochs, arrays["kept"], strict=True))


def _measured(
    subjects: Sequence[Subject], pictures: NDArray[np.uint8], cutoff: float
) -> Generator[EncodeProgress, None, Arrays]:
    """What each subject keeps of each picture, and of each frequency."""
    power, radius = _power(pictures)
    place = np.minimum((radius * 2 * BANDS).astype(int), BANDS - 1)
    before = _by_band(power, place)
    found: Arrays = {}
    for number, subject in enumerate(subjects):
        recon = subject.codec.reconstruct(pictures)
        found[f"kept/{number}"] = sharpness(pictures, recon, cutoff)
        found[f"bands/{number}"] = _by_band(_power(recon)[0], place) / np.maximum(before, 1e-12)
        yield EncodeProgress(number + 1, len(subjects), tr("Sharpness of {name}", name=subject.name))
    return found


def _measured_by_epoch(
    run: Run, epochs: Sequence[int], pictures: NDArray[np.uint8]
) -> Generator[EncodeProgress, None, Arrays]:
    """What each epoch's weights keep of each picture."""
    found = []
    for done, epoch in enumerate(epochs, 1):
        found.append(sharpness(pictures, Codec(load_snapshot(run, epoch)).reconstruct(pictures)))
        yield EncodeProgress(done, len(epochs), tr("Sharpness of epoch {epoch}", epoch=epoch))
    return {"kept": np.stack(found)}


def _written_ns(path: Path) -> int:
    with suppress(OSError):  # where it is gone, reading it says so
        return path.stat().st_mtime_ns
    return 0


def _power(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The power spectrum (n,H,W) of pictures, and the frequency of each place of it (H,W)."""
    luma = pictures @ _LUMA if pictures.shape[3] == 3 else pictures[..., 0].astype(np.float64)
    luma = luma / 127.5 - 1.0
    height, width = luma.shape[1:]
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    luma = (luma - luma.mean(axis=(1, 2), keepdims=True)) * window
    power = np.square(np.abs(np.fft.fft2(luma))) / (height * width)
    radius = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.fftfreq(width)[np.newaxis])
    return power, radius


def _by_band(power: NDArray[np.float64], place: NDArray[np.int_]) -> NDArray[np.float64]:
    return np.bincount(place.ravel(), power.mean(axis=0).ravel(), minlength=BANDS).astype(np.float64)
