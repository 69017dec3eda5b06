"""The laboratory's studies of two models: what each deserves, and which pictures it is measured on."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.batches import split_indices
from core.datasets.dataset import ImageDataset
from core.encoding import finished
from core.errors import DataError, ModelError
from core.lab.betweens import measure_betweens, strip
from core.lab.features import fit_features
from core.lab.imitation import measure_imitation
from core.lab.sampling import CodeSource, drawn_codes, measure_samples
from core.lab.spread import Verdict
from core.lab.study import measure_study
from core.lab.subjects import check_subjects, gather, make_subject
from core.runs import Imported, Run
from tests.core.lab_material import material_of, shapes, untrained
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture(scope="module")
def pictures() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Held-out pictures and a reference."""
    return shapes(60, 1, 16), shapes(200, 0, 16)


def _run(tmp_path: Path, name: str, dataset: ImageDataset, **changes: object) -> Run:
    return Run.create(tmp_path / name, tiny_config(**changes), dataset.identity)


def test_held_out_are_pictures_that_no_run_was_trained_on(tmp_path: Path) -> None:
    dataset = tiny_dataset(400)
    runs = [_run(tmp_path, f"run{seed}", dataset, seed=seed, val_fraction=0.3) for seed in (0, 1)]
    material = finished(gather(dataset, runs))
    both = set.intersection(*(set(split_indices(400, 0.3, seed)[1]) for seed in (0, 1)))
    assert set(material.held_out_indices) == both
    assert not both & set(material.reference_indices)
    np.testing.assert_array_equal(material.held_out, dataset.pictures(material.held_out_indices))
    assert material.trained_on == (True, True)
    assert material.is_unseen
    assert str(len(both)) in material.note


def test_without_pictures_held_out_in_common_the_note_says_so(tmp_path: Path) -> None:
    dataset = tiny_dataset(60)
    material = finished(gather(dataset, [_run(tmp_path, "run", dataset, val_fraction=0.0)]))
    assert len(material.held_out) + len(material.reference) == 60
    assert "trained on are among both" in material.note
    assert material.trained_on == (True,)
    assert not material.is_unseen  # "held-out" pictures that were trained on say nothing of copies


def test_a_reference_is_the_training_pictures_of_just_the_runs_that_were_trained_on_it(
    tmp_path: Path,
) -> None:
    here, there, other = tiny_dataset(200), tiny_dataset(40, seed=9), tiny_dataset(30, seed=5)
    first, second = _run(tmp_path, "a", here, val_fraction=0.25), _run(tmp_path, "b", there)
    material = finished(gather(here, [first, second], [there]))
    assert material.trained_on == (True, False)
    assert material.is_unseen
    assert finished(gather(here, [second, first], [there])).trained_on == (False, True)
    third = finished(gather(other, [first, second], [here, there]))
    assert third.trained_on == (True, False)
    assert "which one of them was trained on" in third.note
    foreign = Imported(file="m.pt", sha256="0", kind="state dict")
    imported = Run.create(tmp_path / "c", tiny_config(), here.identity, imported=foreign)
    assert finished(gather(here, [first, imported])).trained_on == (True, False)


def test_other_data_is_held_against_the_training_data_where_that_is_at_hand(tmp_path: Path) -> None:
    trained, other = tiny_dataset(40), tiny_dataset(30, seed=9)
    run = _run(tmp_path, "run", trained)
    material = finished(gather(other, [run], [trained]))
    np.testing.assert_array_equal(material.held_out, other.pixels)
    kept, _ = split_indices(40, run.config.train.val_fraction, run.config.train.seed)
    np.testing.assert_array_equal(material.reference_indices, np.sort(kept))
    np.testing.assert_array_equal(material.reference, trained.pictures(np.sort(kept)))
    alone = finished(gather(other, [run]))
    assert not alone.training
    assert len(alone.held_out) == len(alone.reference) == 15
    with pytest.raises(DataError, match="too few"):
        finished(gather(tiny_dataset(3), [run]))


def _dataset(pixels: NDArray[np.uint8], like: ImageDataset) -> ImageDataset:
    identity = like.identity.model_copy(update={"fingerprint": hashlib.sha256(pixels.tobytes()).hexdigest()})
    return ImageDataset(pixels, identity, "made for a test")


def test_training_pictures_in_another_file_are_not_held_out(tmp_path: Path) -> None:
    trained, other = tiny_dataset(80), tiny_dataset(20, seed=9)
    run = _run(tmp_path, "run", trained, val_fraction=0.25)
    seen, unseen = split_indices(80, 0.25, 0)
    mixed = np.concatenate(
        [trained.pictures(seen[:5]), other.pictures(np.arange(20)), trained.pictures(unseen[:3])]
    )
    material = finished(gather(_dataset(mixed, other), [run], [trained]))
    assert material.held_out_indices.tolist() == list(range(5, 28))
    assert "5 of the 28 pictures are training pictures of the runs and are left out." in material.note
    assert material.note.startswith("23 pictures of")
    assert material.left_out in material.note
    with pytest.raises(DataError, match=r"20 of the 20 pictures are training pictures .* Choose data with"):
        finished(gather(_dataset(trained.pictures(seen[:20]), other), [run], [trained]))


def test_a_picture_that_is_there_twice_is_not_on_both_sides(tmp_path: Path) -> None:
    first = tiny_dataset(200)
    seen, unseen = split_indices(200, 0.25, 0)
    pixels = first.pictures(np.arange(200))
    pixels[unseen[0]] = pixels[seen[0]]
    pixels[unseen[1]] = pixels[unseen[2]]
    dataset = _dataset(pixels, first)
    material = finished(gather(dataset, [_run(tmp_path, "run", dataset, val_fraction=0.25)]))
    assert set(material.held_out_indices) == set(unseen) - {unseen[0], max(unseen[1:3])}
    assert "1 of the 50 pictures are training pictures" in material.note
    assert "1 of the 50 pictures are there before" in material.note


def test_a_study_of_too_few_pictures_ends_before_anything_is_measured(
    pictures: tuple[NDArray[np.uint8], ...],
) -> None:
    held, reference = pictures
    subjects = untrained("ae", held, 0), untrained("vae", held, 1)
    with pytest.raises(DataError, match=r"hold samples against: 6 to measure on and 200 others, where 7"):
        next(measure_study(subjects, material_of(held[:6], reference)))


def test_few_pairs_allow_no_verdict(pictures: tuple[NDArray[np.uint8], ...]) -> None:
    held, reference = pictures
    subjects = untrained("ae", held, 0), untrained("vae", held, 1)
    few = finished(measure_betweens(subjects, material_of(held[:15], reference)))
    assert (len(few.pairs), few.has_enough_pairs) == (7, False)
    assert few.verdict is Verdict.UNCERTAIN
    assert finished(measure_betweens(subjects, material_of(held[:16], reference))).has_enough_pairs


def test_models_of_other_shapes_are_refused(pictures: tuple[NDArray[np.uint8], ...]) -> None:
    subject = untrained("ae", pictures[0], 0, "small")
    with pytest.raises(ModelError, match=r"small takes pictures of 16×16 colour, and these are 32×32 grey"):
        check_subjects([subject], (32, 32, 1))


def test_random_codes_come_from_where_they_should() -> None:
    held = shapes(500, 1, 16)
    subject = untrained("vae", held, 0)
    prior = drawn_codes(subject, CodeSource.PRIOR, 4000, 0)
    np.testing.assert_allclose(np.cov(prior.T), np.eye(4), atol=0.1)
    fitted = drawn_codes(subject, CodeSource.FITTED, 4000, 0)
    codes = subject.codec.encode(held)
    scale = np.outer(codes.std(0), codes.std(0))
    np.testing.assert_allclose(fitted.mean(0), codes.mean(0), atol=0.1 * codes.std(0).max())
    np.testing.assert_allclose(np.cov(fitted.T) / scale, np.cov(codes.T) / scale, atol=0.12)


def test_samples_and_imitation_of_two_models(pictures: tuple[NDArray[np.uint8], ...]) -> None:
    held, reference = pictures
    material = material_of(held, reference)
    subjects = untrained("ae", held, 0), untrained("vae", held, 1)
    assert [one.has_prior for one in subjects] == [False, True]
    study = finished(measure_samples(subjects, material))
    assert study.count == 60
    assert study.own_source == (CodeSource.FITTED, CodeSource.PRIOR)
    # a network that was never trained gives grey: far from what held-out pictures reach
    for score in study.scores:
        assert score.frechet.mean > 2 * study.floor.frechet.mean
        assert score.coverage < study.floor.coverage
    for way, difference in study.differences.items():
        sources = {"prior": ["prior"] * 2, "fitted": ["fitted"] * 2, "own": ["fitted", "prior"]}[way]
        a, b = (
            study.score(s.name, CodeSource(w)).frechet.mean for s, w in zip(subjects, sources, strict=True)
        )
        assert difference.mean == pytest.approx(a - b)
    imitation = finished(measure_imitation(subjects, material))
    first = imitation.subjects[0]
    space = fit_features(reference)
    shown = reference[first.neighbour_indices[0] - 1000]
    np.testing.assert_array_equal(shown, first.neighbours[0])
    distance = np.linalg.norm(space.of(first.samples[:1]) - space.of(shown), axis=1)
    assert (np.diff(distance) >= 0).all()
    assert distance[0] == pytest.approx(first.distances[0], rel=1e-3)
    assert first.nearness.low <= first.nearness.ratio <= first.nearness.high


def test_the_middle_of_a_strip_is_the_middle_that_is_judged(pictures: tuple[NDArray[np.uint8], ...]) -> None:
    held, reference = pictures
    subject = untrained("ae", held, 0)
    steps = strip(subject, held[0], held[1], 5)
    ends = subject.codec.encode(held[:2])
    np.testing.assert_array_equal(steps[[0, -1]], subject.codec.decode(ends))
    np.testing.assert_array_equal(steps[2], subject.codec.decode(ends.mean(axis=0))[0])
    study = finished(measure_betweens((subject, subject), material_of(held, reference), most=40))
    assert len(study.pairs) == 30
    assert study.difference is not None
    assert study.difference.mean == 0.0
    assert make_subject("x", subject.codec, subject.stats).has_prior is False
