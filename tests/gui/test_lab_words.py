"""What the laboratory says of numbers: no praise for ignoring a code, no blame for being smooth."""

import dataclasses
import re

import numpy as np
import pytest

from core.encoding import finished
from core.lab.blur import measure_blur
from core.lab.imitation import held_against, measure_imitation
from core.lab.noise import NoiseStudy, measure_noise
from core.lab.sampling import measure_samples
from core.lab.spread import Spread, Verdict
from gui.lab_words import blur_words, imitation_words, interval, noise_words, samples_words
from tests.core.lab_material import copier, deaf, material_of, principal, shapes

TRAINED, HELD = shapes(120, 0, 16), shapes(60, 1, 16)


@pytest.fixture(scope="module")
def noise() -> NoiseStudy:
    """A model that uses its code beside the same with a decoder that ignores it."""
    able = principal(TRAINED, 12)
    return finished(measure_noise((able, deaf(able)), HELD, (0.0, 0.5)))


def test_a_run_that_ignores_its_code_is_not_praised(noise: NoiseStudy) -> None:
    said = noise_words(noise)
    assert "B does not use its code" in said
    assert "better" not in said
    ignoring = noise.curves[1]
    assert "neither run uses its code" in noise_words(dataclasses.replace(noise, curves=(ignoring, ignoring)))


def test_measures_of_noise_that_disagree_are_both_said(noise: NoiseStudy) -> None:
    used = noise.curves[0]
    said = noise_words(dataclasses.replace(noise, curves=(used, used)))
    assert said.startswith("Which tolerates noise better is uncertain, as two measures disagree.")
    assert "to that of B: by that alone, B is ahead." in said.replace(interval(used.rise[1]), "")
    assert f"takes {100 * used.lost[1].mean:.0f} % of what its own code gains" in said
    assert "from B: by that alone, they cannot be told apart." in re.sub(r" \d+ %", "", said)


def test_one_average_picture_wins_no_samples() -> None:
    able = principal(TRAINED, 12)
    study = finished(measure_samples((deaf(able), able), material_of(HELD, TRAINED)))
    won = dataclasses.replace(study, verdicts=dict.fromkeys(study.verdicts, Verdict.FIRST))
    said = samples_words(won)
    assert "but those of A are about one average picture" in said
    assert "nearer" not in said
    lost = dict.fromkeys(study.verdicts, Verdict.SECOND)
    assert "those of B are nearer." in samples_words(dataclasses.replace(study, verdicts=lost))


def test_where_there_is_nothing_to_hold_samples_against_that_is_said() -> None:
    study = finished(measure_imitation([principal(TRAINED, 3)], material_of(HELD, TRAINED)))
    none = held_against(study.subjects[0].distances, np.zeros(60))
    one = dataclasses.replace(study.subjects[0], nearness=none)
    said = imitation_words(dataclasses.replace(study, subjects=(one,)))
    assert said.startswith("Whether A copies cannot be said")
    assert "nan" not in said


def test_smooth_samples_are_said_to_be_smooth() -> None:
    study = finished(measure_imitation([principal(TRAINED, 3)], material_of(HELD, TRAINED)))
    said = imitation_words(study)
    assert "only as smooth pictures are" in said
    one = study.subjects[0]
    near = held_against(np.full(200, 0.5), one.decoded)
    nearer = dataclasses.replace(study, subjects=(dataclasses.replace(one, control=near),))
    assert "nearer than both" in imitation_words(nearer)
    foreign = dataclasses.replace(one, trained_on=False)
    none = imitation_words(dataclasses.replace(study, subjects=(foreign,)))
    assert none == "These pictures were not trained on, so nothing is said of copies."
    said = imitation_words(dataclasses.replace(study, subjects=(foreign, one)))
    assert "Whether A copies cannot be said: it is not known to have been trained on these pictures." in said
    assert "B's samples lie" in said
    seen = dataclasses.replace(one, is_unseen=False)
    said = imitation_words(dataclasses.replace(study, subjects=(seen,)))
    assert said == "Whether A copies cannot be said: it was trained on some of the held-out pictures."


def test_a_run_that_memorised_is_said_to_copy() -> None:
    memorised = copier(principal(TRAINED, 12), TRAINED)
    said = imitation_words(finished(measure_imitation([memorised], material_of(HELD, TRAINED))))
    assert said.startswith("A's samples lie 0.00 (0.00 to 0.00) times as far from training pictures")
    assert said.endswith("do: nearer. Of those, too, A gives training pictures back.")


def test_copies_that_cannot_be_ruled_out_are_not_denied() -> None:
    study = finished(measure_imitation([principal(TRAINED, 3)], material_of(HELD, TRAINED)))
    few = np.linspace(0.5, 2.0, 16)
    wide = held_against(few, few)
    one = dataclasses.replace(study.subjects[0], nearness=wide, control=wide)
    assert "cannot be ruled out" in imitation_words(dataclasses.replace(study, subjects=(one,)))


def test_noise_is_not_called_sharp() -> None:
    able = principal(TRAINED, 12)
    study = finished(measure_blur((able, principal(TRAINED, 3)), HELD))
    said = blur_words(study)
    assert said.endswith("A is nearer to the originals.")
    loud = dataclasses.replace(study.subjects[1], spread=Spread(3.0, 1.0, 2.5, 3.5, 60))
    noisy = dataclasses.replace(study, subjects=(study.subjects[0], loud))
    assert "B 300 (250 to 350) %: A is nearer to the originals. What B has beyond" in blur_words(noisy)
    none = dataclasses.replace(study.subjects[0], kept=np.zeros(0))
    assert "nothing is said of blur" in blur_words(dataclasses.replace(study, subjects=(none, none)))
