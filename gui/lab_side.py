"""One run as the laboratory knows it, which runs can be the second one, and how it is opened. No widgets."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import LatentDialsError, ModelError
from core.places import kept_folder
from core.run_files import CONFIG, MODEL
from core.translate import tr
from gui import heavy
from gui.analyst import Subject, measure
from gui.opener import BUNDLED_RUN
from resources import resource_path

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset
    from core.datasets.dataset import ImportProgress
    from core.encoding import Codes, EncodeProgress
    from core.lab.features import FeatureSpace
    from core.lab.keeping import KeptMeasures
    from core.lab.subjects import Material
    from core.lab.subjects import Subject as LabSubject
    from core.latents import CodeStatistics
    from core.runs import Run

    Subjects = tuple[LabSubject, LabSubject]

COLOURS = ("accent", "third")  # of the theme, for side A and side B
MOST_RUNS = 200  # of a folder, the newest; each costs the reading of a config.json


@dataclass(frozen=True, eq=False)
class Side:
    """One run as the laboratory knows it; what has not been measured yet is None.

    ranks are the dimensions (D,), the greatest effect on the picture first, dead ones last. earlier are the
    weights that statistics and codes are of, where those are not codec: while a run is trained.
    """

    run: Run
    codec: Codec
    statistics: CodeStatistics | None = None
    ranks: NDArray[np.int64] | None = None
    codes: Codes | None = None
    earlier: Codec | None = None

    @property
    def name(self) -> str:
        """The run's folder."""
        return self.run.name

    @property
    def is_variational(self) -> bool:
        """Whether its encoder gives a distribution for each picture."""
        return is_variational(self.run)

    @property
    def studied(self) -> Codec:
        """The weights that measures are of: those that its statistics belong to."""
        return self.codec if self.earlier is None else self.earlier

    def subject(self) -> LabSubject:
        """As core.lab's measures take it; only where its codes are measured."""
        assert self.statistics is not None
        return heavy.lab_subjects.make_subject(self.name, self.studied, self.statistics)

    @property
    def is_measured(self) -> bool:
        """Whether its codes and the effects of its dials are known."""
        return self.statistics is not None and self.ranks is not None


@dataclass(frozen=True)
class RunChoice:
    """A run that can be the second one."""

    path: Path
    kind: str
    is_variational: bool
    changed_at: float  # seconds since the epoch


def is_variational(run: Run) -> bool:
    """Whether a run's encoder gives a mean and a spread for each picture."""
    network = run.config.network
    return network.code_outputs > network.latent_dim


def kind_of(run: Run) -> str:
    """What a run is in a few words: "conv vae 32"."""
    network = run.config.network
    name = tr("imported") if network.network == "layers" else network.network
    return f"{name} {network.objective} {network.latent_dim}"


def ranked(effects: NDArray[np.float32], dead: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Dimensions in the order of their effects (D,), the greatest first; dead ones last."""
    return np.lexsort((-effects, dead)).astype(np.int64)


def fitting_runs(
    folders: tuple[Path, ...], shape: tuple[int, int, int], apart_from: Path | None
) -> tuple[RunChoice, ...]:
    """The runs in folders, and the bundled one, with weights for pictures of a shape; newest first."""
    found: dict[Path, RunChoice] = {}
    for path, changed_at in _candidates(folders):
        if apart_from is not None and path == apart_from:
            continue
        try:
            run = heavy.runs.Run.open(path)
        except LatentDialsError:
            continue  # a folder that is no run, or a damaged one: nothing to choose
        network = run.config.network
        if (network.height, network.width, network.channels) == shape:
            found[path] = RunChoice(path, kind_of(run), is_variational(run), changed_at)
    return tuple(sorted(found.values(), key=lambda choice: -choice.changed_at))


def preferred(choices: tuple[RunChoice, ...], variational: bool) -> RunChoice | None:
    """The newest run of the other kind than variational says, or the newest of all."""
    others = [choice for choice in choices if choice.is_variational is not variational]
    return next(iter((*others, *choices)), None)


def opened_side(path: Path, dataset: ImageDataset) -> Generator[EncodeProgress | Side, None, None]:
    """The run at path as a side, again whenever more is measured of it. Raises: LatentDialsError."""
    run = heavy.runs.Run.open(path)
    network = run.config.network
    shape = (network.height, network.width, network.channels)
    if shape != dataset.picture_shape:
        raise ModelError(
            tr(
                "{name} reads pictures of {found}, and the open ones are {expected}:"
                " choose a run of that size.",
                name=path.name,
                found=heavy.codec.shape_text(shape),
                expected=heavy.codec.shape_text(dataset.picture_shape),
            )
        )
    side = Side(run, heavy.codec.Codec.from_run(run))
    yield side
    limit = min(heavy.encoding.CODES_LIMIT, len(dataset))
    stages = measure(Subject(side.codec, dataset, limit, kept_folder(path)))
    for item in stages:
        if isinstance(item, heavy.encoding.EncodeProgress):
            yield item
            continue
        if item.codes is not None and item.statistics is not None:
            side = replace(side, codes=item.codes, statistics=item.statistics)
        if item.effects is not None and side.statistics is not None:
            dead = heavy.latents.dead_dimensions(side.statistics, item.effects)
            side = replace(side, ranks=ranked(item.effects, dead))
            yield side
            if side.codes is not None and len(side.codes.indices) >= limit:
                stages.close()  # the errors of all pictures would follow
                return


def _candidates(folders: tuple[Path, ...]) -> Iterator[tuple[Path, float]]:
    paths = {resource_path(*BUNDLED_RUN)}
    for folder in folders:
        try:
            paths |= {path for path in folder.iterdir() if os.path.isfile(path / CONFIG)}
        except OSError:
            continue  # it is not there yet, or may not be read
    dated = []
    for path in paths:
        try:
            dated.append((path, (path / MODEL).stat().st_mtime))
        except OSError:
            continue  # no weights yet
    yield from sorted(dated, key=lambda pair: -pair[1])[:MOST_RUNS]


class Gathered:
    """What measures of two runs share, made when it is first asked for, in any thread."""

    def __init__(self, dataset: ImageDataset, runs: tuple[Run, Run]) -> None:
        self._dataset = dataset
        self.runs = runs
        self._material: Material | None = None
        self._making = RLock()

    def gather(self) -> Generator[ImportProgress | EncodeProgress, None, None]:
        """Gather the pictures, with what the runs were trained on opened; to be run before all else.

        Raises: LatentDialsError.
        """
        if self._material is None:  # two pages that ask at once find the same
            self._material = yield from heavy.lab_gathering.gather_with_training(self._dataset, self.runs)

    @property
    def material(self) -> Material:
        """The real pictures: some to measure on, others to hold them against."""
        assert self._material is not None, "gather() was not run"
        return self._material

    @cached_property
    def _digest(self) -> str:
        return heavy.lab_keeping.pictures_digest(self.material)

    @cached_property
    def _space(self) -> FeatureSpace:
        return heavy.lab_features.fit_features(self.material.reference)

    def kept(self, subjects: Subjects) -> KeptMeasures:
        """Where measures of both are kept, by what they are now. Raises: LatentDialsError."""
        folder, data = kept_folder(self.runs[0].path), self._dataset.identity.fingerprint
        with self._making:
            return heavy.lab_keeping.KeptMeasures(folder, subjects, self._digest, data)

    def space(self) -> FeatureSpace:
        """What real pictures and others are compared by. Raises: LatentDialsError."""
        with self._making:
            return self._space
