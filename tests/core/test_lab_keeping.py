"""What the laboratory keeps: measured once, found again for just the same, not believed where damaged."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from numpy.typing import NDArray
from torch.nn.modules.module import register_module_forward_hook

from core.cli import main
from core.codec import Codec
from core.encoding import finished
from core.lab.blur import measure_blur_by_epoch
from core.lab.features import FeatureSpace, fit_features
from core.lab.imitation import measure_imitation
from core.lab.keeping import LAB_FOLDER, MOST_KEPT, KeptMeasures, Layout, pictures_digest
from core.lab.noise import measure_noise
from core.lab.study import Study, measure_study
from core.lab.subjects import Material, Subject
from core.runs import Run
from core.tensor_headers import read_tensor_header
from core.training import train
from tests.core.lab_material import material_of, shapes, untrained
from tests.core.tiny import tiny_config, tiny_dataset

Subjects = tuple[Subject, Subject]


@pytest.fixture(scope="module")
def material() -> Material:
    """A few pictures."""
    return material_of(shapes(20, 1, 16), shapes(40, 0, 16))


@pytest.fixture(scope="module")
def subjects(material: Material) -> Subjects:
    """Two networks with first weights."""
    return untrained("ae", material.held_out, 0), untrained("vae", material.held_out, 1)


@pytest.fixture(scope="module")
def space(material: Material) -> FeatureSpace:
    """What pictures are compared by."""
    return fit_features(material.reference)


def kept_in(folder: Path, subjects: Subjects, material: Material, data: str = "data") -> KeptMeasures:
    """Where measures of these are kept."""
    return KeptMeasures(folder, subjects, pictures_digest(material), data)


@contextmanager
def counted(*codecs: Codec) -> Iterator[list[str]]:
    """One entry for each time that a network is asked for codes or pictures."""
    asked: list[str] = []
    hooks = [
        getattr(codec.network, part).register_forward_hook(lambda *_, part=part: asked.append(part))
        for codec in codecs
        for part in ("encoder", "decoder")
    ]
    try:
        yield asked
    finally:
        for hook in hooks:
            hook.remove()


def same(a: Any, b: Any) -> bool:
    """Whether two results hold the same to the bit; subjects and material are not looked into."""
    if isinstance(a, (Subject, Material)):
        return a is b
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, one.name), getattr(b, one.name)) for one in dataclasses.fields(a)
        )
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    may_be_nan = isinstance(a, float) or (isinstance(a, np.ndarray) and a.dtype.kind == "f")
    return bool(np.array_equal(a, b, equal_nan=may_be_nan))


def test_a_study_that_is_kept_asks_no_network(tmp_path: Path, subjects: Subjects, material: Material) -> None:
    def measured() -> Study:
        kept = kept_in(tmp_path, subjects, material)
        return finished(measure_study(subjects, material, seed=3, kept=kept))

    with counted(*(one.codec for one in subjects)) as asked:
        first = measured()
        assert asked
        asked.clear()
        assert same(measured(), first)
        assert asked == []
    kinds = sorted(path.name.rpartition("-")[0] for path in (tmp_path / LAB_FOLDER).iterdir())
    assert kinds == ["betweens", "blur", "figures", "imitation", "noise", "samples"]


def test_names_are_those_of_today(tmp_path: Path, subjects: Subjects, material: Material) -> None:
    kept = kept_in(tmp_path, subjects, material)
    finished(measure_noise(subjects, material.held_out, (0.0, 1.0), kept=kept))
    renamed = dataclasses.replace(subjects[0], name="renamed"), subjects[1]
    with counted(*(one.codec for one in subjects)) as asked:
        study = finished(measure_noise(renamed, material.held_out, (0.0, 1.0), kept=kept))
    assert asked == []
    assert [curve.name for curve in study.curves] == ["renamed", "vae"]


@pytest.mark.parametrize(
    "what", ["weights", "order", "codes", "mean", "spread", "data", "pictures", "reference", "seed", "size"]
)
def test_whatever_decides_the_numbers_is_in_the_key(
    tmp_path: Path, subjects: Subjects, material: Material, what: str
) -> None:
    def measured(whose: Subjects, of: Material, data: str = "data", **more: Any) -> None:
        kept = kept_in(tmp_path, whose, of, data)
        finished(measure_noise(whose, of.held_out, more.pop("sigmas", (0.0, 1.0)), kept=kept, **more))

    measured(subjects, material)
    a, b = subjects

    def with_stats(**other: Any) -> Subject:
        return dataclasses.replace(a, stats=dataclasses.replace(a.stats, **other))

    others: dict[str, Callable[[], None]] = {
        "weights": lambda: measured((a, untrained("vae", material.held_out, 2)), material),
        "order": lambda: measured((b, a), material),
        "codes": lambda: measured((with_stats(count=19), b), material),
        "mean": lambda: measured((with_stats(mean=a.stats.mean + 1), b), material),
        "spread": lambda: measured((with_stats(factor=2 * a.stats.factor), b), material),
        "data": lambda: measured(subjects, material, "other"),
        "pictures": lambda: measured(subjects, material_of(shapes(20, 5, 16), material.reference)),
        "reference": lambda: measured(subjects, material_of(material.held_out, shapes(40, 5, 16))),
        "seed": lambda: measured(subjects, material, seed=1),
        "size": lambda: measured(subjects, material, sigmas=(0.0, 1.5)),
    }
    with counted(a.codec, b.codec) as asked:
        measured(subjects, material)
        assert asked == []
        others[what]()
        assert asked


def _rewritten(path: Path, change: Callable[[dict[str, NDArray[Any]]], None]) -> bytes:
    """The file of other arrays, with the key that it has."""
    arrays = {name: array.copy() for name, array in safetensors.numpy.load_file(path).items()}
    change(arrays)
    return safetensors.numpy.save(arrays, read_tensor_header(path).metadata)


def _set(name: str, value: float) -> Callable[[Path], bytes]:
    def change(arrays: dict[str, NDArray[Any]]) -> None:
        arrays[name].reshape(-1)[-1] = value

    return lambda path: _rewritten(path, change)


def _replaced(name: str, array: NDArray[Any]) -> Callable[[Path], bytes]:
    return lambda path: _rewritten(path, lambda arrays: arrays.update({name: array}))


DAMAGES: dict[str, Callable[[Path], bytes]] = {
    "nothing in it": lambda _path: b"",
    "half of it": lambda path: path.read_bytes()[: path.stat().st_size // 2],
    "no file of ours": lambda _path: json.dumps({"key": "x"}).encode(),
    "a pickle": lambda _path: b"\x80\x04cos\nsystem\n(S'touch CANARY'\ntR.",
    "another key": lambda path: path.read_bytes().replace(b'\\"key\\": \\"', b'\\"key\\": \\"0', 1),
    "no number": _set("distances/0", np.nan),
    "without end": _set("decoded/1", np.inf),
    "too large": _set("held out", 1e300),
    "a distance below 0": _set("distances/1", -1.0),
    "a picture that is not there": _set("rows/0", 40),
    "a picture before the first": _set("rows/1", -1),
    "too few": _replaced("distances/0", np.zeros(3)),
    "another type": _replaced("rows/0", np.zeros((8, 3), np.int32)),
    "one more": _replaced("more", np.zeros(3)),
    "a huge claim": lambda _path: (
        lambda header: len(header).to_bytes(8, "little") + header
    )(json.dumps({"held out": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}}).encode()),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_or_made_to_harm_is_measured_anew(
    tmp_path: Path, subjects: Subjects, material: Material, space: FeatureSpace, damage: str
) -> None:
    def measured() -> Any:
        kept = kept_in(tmp_path, subjects, material)
        return finished(measure_imitation(subjects, material, lambda: space, most=30, kept=kept))

    whole = measured()
    (path,) = (tmp_path / LAB_FOLDER).iterdir()
    sound = path.read_bytes()
    hostile = DAMAGES[damage](path)
    assert hostile != sound
    path.write_bytes(hostile)
    with counted(*(one.codec for one in subjects)) as asked:
        assert same(measured(), whole)
        assert asked
        asked.clear()
        assert same(measured(), whole)
        assert asked == []
    assert path.read_bytes() == sound


def test_a_folder_that_cannot_be_written_to_costs_time_alone(
    tmp_path: Path, subjects: Subjects, material: Material
) -> None:
    (tmp_path / LAB_FOLDER).write_text("in the way")
    kept = kept_in(tmp_path, subjects, material)
    study = finished(measure_noise(subjects, material.held_out, (0.0, 1.0), kept=kept))
    assert kept.failed
    assert same(study, finished(measure_noise(subjects, material.held_out, (0.0, 1.0))))


def test_the_oldest_files_go(tmp_path: Path, subjects: Subjects, material: Material) -> None:
    kept = kept_in(tmp_path, subjects, material)
    arrays, layout = {"a": np.zeros(2)}, {"a": Layout((2,))}
    for seed in range(MOST_KEPT + 3):
        kept.save("noise", [seed], arrays)
    assert len(list((tmp_path / LAB_FOLDER).iterdir())) == MOST_KEPT
    assert kept.load("noise", [MOST_KEPT + 2], layout) is not None
    assert kept.load("noise", [0], layout) is None


def test_the_blur_of_each_epoch_is_measured_once(
    tmp_path: Path, subjects: Subjects, material: Material
) -> None:
    dataset = tiny_dataset(40)
    config = tiny_config(epochs=2, keep_epochs=2)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    pictures = dataset.pictures(slice(8))
    kept = kept_in(run.path, subjects, material)
    first = finished(measure_blur_by_epoch(run, pictures, kept=kept))
    assert first
    assert list(measure_blur_by_epoch(run, pictures, kept=kept)) == []  # no step is left to wait for
    assert finished(measure_blur_by_epoch(run, pictures, kept=kept)) == first


def test_comparing_again_measures_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "shapes.npy", shapes(60, 0, 16))
    runs = [str(tmp_path / objective) for objective in ("ae", "vae")]
    for run, objective in zip(runs, ("ae", "vae"), strict=True):
        options = ["--data", str(tmp_path / "shapes.npy"), "--objective", objective, "--latent-dim", "4"]
        more = ["--epochs", "1", "--val-fraction", "0.4", "--device", "cpu"]
        assert main(["train", *options, *more, "--out", run]) == 0
    batches: list[int] = []
    hook = register_module_forward_hook(lambda _module, inputs, _output: batches.append(len(inputs[0])))
    try:
        texts = []
        for _turn in range(2):
            batches.clear()
            out = tmp_path / "report.html"
            assert main(["compare", *runs, "--index", "7", "--adjust", "0+20", "--out", str(out)]) == 0
            texts.append(out.read_text("utf-8"))
            if not texts[1:]:
                assert max(batches) >= 20  # all that were held out
    finally:
        hook.remove()
    assert max(batches) <= 4  # the adjusted picture alone
    assert texts[0] == texts[1]
    assert (tmp_path / "ae" / LAB_FOLDER).is_dir()
    assert not (tmp_path / "vae" / LAB_FOLDER).exists()
