"""The verbs that write sheets, films, many pictures, codes and networks, as functions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import cli
from core.atomic import write_bytes
from core.checkpoints import checkpoint_to_bytes
from core.codec import Codec
from core.config import TrainConfig
from core.datasets import open_dataset
from core.edits import apply_edits, parse_edits
from core.encoding import finished
from core.export.epochs import EpochView, epoch_now, epoch_views, epochs_film
from core.export.recipe import make_recipe, picture_image, save_png
from core.latents import measure_effects, random_codes, statistics
from core.painting import with_detail
from core.run_files import CHECKPOINT
from core.runs import Run
from core.snapshots import kept_snapshots, load_snapshot
from core.training import train
from resources import resource_path
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "pictures.npy"
    np.save(path, tiny_dataset(40).pictures(slice(None)))
    return path


def trained(pictures: Path, out: Path, objective: str) -> Path:
    dataset = open_dataset(pictures)
    config: TrainConfig = tiny_config(objective=objective, epochs=2)
    run = Run.create(out, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return out


@pytest.fixture(scope="module")
def ae(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(pictures, tmp_path_factory.mktemp("runs") / "ae", "ae")


@pytest.fixture(scope="module")
def vae(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(pictures, tmp_path_factory.mktemp("runs") / "vae", "vae")


def frames_of(path: Path) -> list[np.ndarray]:
    """Every frame (H,W,3)."""
    frames = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
    return frames


def error_of(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence that a mistake leaves."""
    capsys.readouterr()
    assert cli.main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.strip()


def test_traverse_begins_at_one_end_and_turns_at_the_other(
    ae: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "z2.webp"
    look = ["--plain", "--scale", "1", "--frames", "8"]
    assert cli.main(["traverse", str(ae), "--index", "2", "--dims", "z2", *look, "--out", str(out)]) == 0
    assert f"Written: {out}" in capsys.readouterr().out
    codec = Codec.from_run(Run.open(ae))
    codes = codec.encode(np.load(pictures))
    low, high = np.quantile(codes[:, 2].astype(np.float64), (0.05, 0.95))
    frames = frames_of(out)
    assert len(frames) == 8
    for number, value in ((0, low), (4, high)):
        code = codes[2].copy()
        code[2] = value
        difference = frames[number].astype(int) - codec.decode(code)[0]
        assert np.abs(difference).max() <= 1  # the codes of a batch and of one differ in the last bit


def test_traverse_takes_the_strongest_dials(ae: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert cli.main(["traverse", str(ae), "--steps", "3", "--plain", "--scale", "1", "--out", str(out)]) == 0
    codec = Codec.from_run(Run.open(ae))
    dataset = open_dataset(Run.open(ae).config.data.source)
    codes = codec.encode(dataset.pictures(slice(None)))
    stats = statistics(codes)
    order = np.argsort(-finished(measure_effects(codec, codes, stats)), kind="stable")
    image = np.asarray(Image.open(out)).astype(int)
    assert image.shape == (4 * 8 + 3 * 2, 3 * 8 + 2 * 2, 3)  # all four dials, with gaps of 2
    for row, dim in enumerate(order):
        code = codes[0].copy()
        code[dim] = stats.low[dim]
        assert np.abs(image[row * 10 : row * 10 + 8, :8] - codec.decode(code)[0]).max() <= 1


def test_interpolate_goes_from_the_one_to_the_other(ae: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    args = ["interpolate", str(ae), "--from", "2", "--to", "9", "--steps", "3", "--plain", "--scale", "1"]
    assert cli.main([*args, "--out", str(out)]) == 0
    codec = Codec.from_run(Run.open(ae))
    a, b = codec.encode(np.load(pictures)[[2, 9]])
    strip = np.asarray(Image.open(out))
    assert strip.shape == (8, 28, 3)
    for left, code in ((0, a), (10, (a + b) / 2), (20, b)):
        np.testing.assert_array_equal(strip[:, left : left + 8], codec.decode(code)[0])


def test_samples_come_from_what_the_objective_says(ae: Path, vae: Path, tmp_path: Path) -> None:
    for run in (ae, vae):
        out = tmp_path / f"{run.name}.png"
        args = ["sample", str(run), "--count", "4", "--seed", "5", "--plain", "--scale", "1"]
        assert cli.main([*args, "--out", str(out)]) == 0
        codec = Codec.from_run(Run.open(run))
        if run is vae:
            codes = np.random.default_rng(5).standard_normal((4, 4), np.float32)
        else:
            dataset = open_dataset(Run.open(run).config.data.source)
            stats = statistics(codec.encode(dataset.pictures(slice(None))))
            codes = random_codes(stats, "ae", 4, 5)
        image = np.asarray(Image.open(out)).astype(int)
        for place, picture in zip(((0, 0), (0, 10), (10, 0), (10, 10)), codec.decode(codes), strict=True):
            assert np.abs(image[place[0] : place[0] + 8, place[1] : place[1] + 8] - picture).max() <= 1
    walk = tmp_path / "walk.gif"
    assert cli.main(["sample", str(vae), "--count", "3", "--frames", "9", "--out", str(walk)]) == 0
    assert len(frames_of(walk)) == 9


def test_batch_applies_an_adjustment_or_the_last_of_a_recipe(
    ae: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codec, source = Codec.from_run(Run.open(ae)), np.load(pictures)
    wanted = np.concatenate(
        [
            codec.decode(apply_edits(parse_edits("0+2,1*-1", 4), codec.encode(source[n : n + 1])))
            for n in (5, 6)
        ]
    )
    out = tmp_path / "edited.npy"
    args = ["batch", str(ae), "--data", str(pictures), "--indices", "5-6", "--out", str(out)]
    assert cli.main([*args, "--adjust", "0+2,1*-1"]) == 0
    assert np.abs(np.load(out).astype(int) - wanted).max() <= 1
    assert capsys.readouterr().out.startswith("2 pictures changed by ")
    recipe = make_recipe(
        Run.open(ae), None, None, codec.encode(source[:1])[0],
        [(parse_edits("2+9", 4), ""), (parse_edits("0+2,1*-1", 4), "")],
    )  # fmt: skip
    save_png(picture_image(source[0]), recipe, tmp_path / "recipe.png")
    out.unlink()
    assert cli.main([*args, "--recipe", str(tmp_path / "recipe.png")]) == 0
    assert np.abs(np.load(out).astype(int) - wanted).max() <= 1
    assert "made with other weights" not in capsys.readouterr().err
    others = recipe.model_copy(update={"run": recipe.run.model_copy(update={"fingerprint": "0" * 64})})
    save_png(picture_image(source[0]), others, tmp_path / "others.png")
    assert cli.main([*args, "--recipe", str(tmp_path / "others.png")]) == 0
    assert "made with other weights" in capsys.readouterr().err
    # A recipe with the original's detail puts it back into these pictures too, as --detail does.
    recipe = recipe.model_copy(update={"index": 0, "detail": True})
    save_png(picture_image(source[0]), recipe, tmp_path / "recipe.png")
    before = codec.decode(codec.encode(source[5:7]))
    detailed = [with_detail(*three) for three in zip(source[5:7], before, wanted, strict=True)]
    assert np.abs(np.array(detailed).astype(int) - wanted).max() > 8
    for options in (["--recipe", str(tmp_path / "recipe.png")], ["--adjust", "0+2,1*-1", "--detail"]):
        out.unlink()
        assert cli.main([*args, *options]) == 0
        assert np.abs(np.load(out).astype(int) - detailed).max() <= 2


def test_codes_and_limit(ae: Path, pictures: Path, tmp_path: Path) -> None:
    assert cli.main(["codes", str(ae), "--indices", "3-5", "--out", str(tmp_path / "c.csv")]) == 0
    rows = (tmp_path / "c.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["index", "3", "4", "5"]
    assert (
        cli.main(["batch", str(ae), "--limit", "2", "--adjust", "0=1", "--out", str(tmp_path / "two")]) == 0
    )
    assert sorted(path.name for path in (tmp_path / "two").glob("0*.png")) == ["00000.png", "00001.png"]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["traverse", "RUN", "--dims", "9", "--out", "a.png"], "There is no dimension 9"),
        (["traverse", "RUN", "--dims", "a", "--out", "a.png"], "'a' names no dials"),
        (["traverse", "RUN", "--index", "40", "--out", "a.png"], "There is no picture 40"),
        (["traverse", "RUN", "--out", "a.jpg"], "--out a.jpg must end in .png, .gif, .webp or .mp4."),
        (["traverse", "RUN", "--steps", "1", "--out", "a.png"], "The number of steps is 1"),
        (["traverse", "RUN", "--sigmas", "-1", "--out", "a.png"], "--sigmas is -1.0"),
        (["interpolate", "RUN", "--from", "1", "--out", "a.png"], "--to"),
        (["interpolate", "RUN", "--from", "1", "--to", "2", "--fps", "60", "--out", "a.gif"], "60 frames"),
        (["traverse", "RUN", "--fps", "51", "--out", "a.gif"], "51 frames a second"),
        (["traverse", "RUN", "--frames", "2001", "--out", "a.gif"], "The number of frames is 2001"),
        (["replay", "RUN", "--frames", "1", "--out", "a.gif"], "The number of frames is 1"),
        (
            ["interpolate", "RUN", "--from", "1", "--to", "2", "--steps", "65", "--out", "a.gif"],
            "steps is 65",
        ),
        (["replay", "RUN", "--adjust", "0+1", "--adjust", "1+1", "--out", "a.gif"], "2 adjustments"),
        (["batch", "RUN", "--adjust", "0+1", "--adjust", "1+1", "--out", "many"], "2 adjustments"),
        (["neighbours", "RUN", "--adjust", "0+1", "--adjust", "1+1"], "2 adjustments"),
        (["sample", "RUN", "--count", "0", "--out", "a.png"], "--count is 0"),
        (["sample", "RUN", "--count", "1", "--out", "a.gif"], "The number of samples of a walk is 1"),
        (["sample", "RUN", "--scale", "99", "--out", "a.png"], "The scale is 99"),
        (["batch", "RUN", "--out", "many"], "Give either --adjust or --recipe"),
        (["batch", "RUN", "--adjust", "9+1", "--out", "many"], "There is no dimension 9"),
        (["batch", "RUN", "--adjust", "0+1", "--indices", "7-90", "--out", "many"], "no pictures 7-90"),
        (["codes", "RUN", "--out", "a.txt"], "must end in .npz or .csv"),
        (["codes", "RUN", "--directions", "--out", "a.json"], "has no directions yet"),
    ],
)
def test_a_mistake_is_one_sentence(
    args: list[str], sentence: str, ae: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert sentence in error_of([str(ae) if word == "RUN" else word for word in args], capsys)
    assert list(tmp_path.iterdir()) == []


def test_what_comes_with_the_program_is_not_written_to(home: Path, tmp_path: Path) -> None:
    (bundled,) = [path.parent for path in resource_path("bundled").rglob("config.json")]
    before = sorted(path.name for path in bundled.iterdir())
    args = ["traverse", str(bundled), "--data", "faces:count=16", "--dims", "3", "--frames", "2"]
    assert cli.main([*args, "--out", str(tmp_path / "z3.gif")]) == 0
    assert sorted(path.name for path in bundled.iterdir()) == before
    assert list(home.rglob("codes.safetensors"))


def test_replay_shows_the_edit_by_every_kept_epoch_and_by_now(
    ae: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.open(ae)
    epochs = [snapshot.epoch for snapshot in kept_snapshots(ae)]
    assert epochs
    source = np.load(pictures)[3:4]
    expected = []
    for codec in [*(Codec(load_snapshot(run, epoch)) for epoch in epochs), Codec.from_run(run)]:
        expected.append(codec.decode(apply_edits(parse_edits("0+2", 4), codec.encode(source)))[0])
    args = ["replay", str(ae), "--data", str(pictures), "--index", "3", "--adjust", "0+2"]
    out = tmp_path / "replay.webp"
    assert cli.main([*args, "--plain", "--scale", "1", "--out", str(out)]) == 0
    assert f"Written: {out}" in capsys.readouterr().out
    frames = frames_of(out)
    assert np.array_equal(frames[: len(expected)], expected)
    assert np.array_equal(frames[-1], expected[-1])
    with Image.open(out) as image:
        image.load()
        assert (image.info["loop"], image.info["duration"]) == (0, 500)  # for ever, two a second
    # As a sheet: every one of them, once.
    sheet = tmp_path / "sheet.png"
    assert cli.main([*args, "--plain", "--scale", "1", "--out", str(sheet)]) == 0
    shown = np.asarray(Image.open(sheet))
    assert shown.shape[0] == 8
    for place, picture in enumerate(expected):
        left = place * (shown.shape[1] + 2) // len(expected)
        assert np.array_equal(shown[:, left : left + 8], picture)
    # With words it plays in as many frames as are asked for, and an untouched detail is the original.
    film = epochs_film(
        finished(epoch_views(run, Codec.from_run(run), source[0], detail=True, now_epoch=2)), 6
    )
    assert film.captions[0] == (f"epoch {epochs[0]}",)
    assert film.captions[-1] == ("epoch 2, now",)
    assert film.count == 6
    assert film.stills is not None
    assert all(np.array_equal(film.stills(frame), source) for frame in range(6))


def test_now_is_called_after_the_epoch_of_its_weights(pictures: Path, tmp_path: Path) -> None:
    dataset = open_dataset(pictures)
    config = tiny_config(epochs=6, keep_epochs=5, learning_rate=1e-3, seed=7)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    metrics = run.metrics()
    best = int(metrics.epoch[np.nanargmin(metrics.val_mse)])
    assert best == epoch_now(run) == 5  # and not the last, by this seed
    now = Codec.from_run(run)
    views = finished(epoch_views(run, now, dataset.pictures([3])[0], now_epoch=best))
    assert [view.caption for view in views[-2:]] == ["epoch 5", "now (best: epoch 5)"]
    np.testing.assert_allclose(views[-1].code, views[-2].code, atol=0.01)  # which is kept in half precision
    # Without pictures held out the weights are those of the checkpoint, which may be between two epochs.
    checkpoint = run.load_checkpoint()
    there = checkpoint.progress
    for progress, epoch, caption in (
        (replace(there, best_val_mse=None), 6, "epoch 6, now"),
        (replace(there, best_val_mse=None, batch=1), 0, "now"),
        (replace(there, stale_epochs=0), 6, "epoch 6, now"),
        (replace(there, stale_epochs=0, batch=1), 6, "now (best: epoch 6)"),
    ):
        changed = replace(checkpoint, progress=progress)
        write_bytes(run.path / CHECKPOINT, *checkpoint_to_bytes(changed))
        assert epoch_now(run) == epoch
        views = finished(epoch_views(run, now, dataset.pictures([3])[0], now_epoch=epoch))
        assert views[-1].caption == caption


def test_a_replay_rests_on_the_last_epoch_for_a_second_at_any_pace() -> None:
    blank = np.zeros((1, 1, 1), np.uint8)
    views = [EpochView(str(number), np.zeros(1, np.float32), blank) for number in range(5)]
    for fps in range(1, 51):
        shown = [caption for (caption,) in epochs_film(views, fps=fps).captions]
        assert shown[:4] == ["0", "1", "2", "3"]
        assert shown[4:] == ["4"] * len(shown[4:])
        assert len(shown[4:]) >= fps
    evenly = [caption for (caption,) in epochs_film(views, 100, fps=20).captions]
    assert [evenly.count(str(number)) for number in range(5)] == [18, 17, 18, 17, 30]
    few = [caption for (caption,) in epochs_film(views, 4, fps=20).captions]
    assert few == ["0", "2", "4", "4"]


def test_replay_of_a_run_without_epochs_or_with_a_damaged_one_is_one_sentence(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = trained(pictures, tmp_path / "run", "ae")
    (first, *_) = kept_snapshots(path)
    first.path.write_bytes(b"\xff" * 100)
    args = ["replay", str(path), "--out", str(tmp_path / "a.gif")]
    assert first.path.name in error_of(args, capsys)
    for snapshot in kept_snapshots(path):
        snapshot.path.unlink()
    assert "--keep-epochs" in error_of(args, capsys)
    assert "must end in .png, .gif" in error_of([*args[:3], str(tmp_path / "a.avi")], capsys)
    assert not list(tmp_path.glob("a.*"))


def test_replay_of_one_epoch_says_that_a_second_is_missing_and_how_to_come_by_one(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = open_dataset(pictures)
    for keep in (8, 0):
        run = Run.create(tmp_path / f"run{keep}", tiny_config(epochs=1, keep_epochs=keep), dataset.identity)
        for _record in train(dataset, run.config.train, run):
            pass
        said = error_of(["replay", str(run.path), "--out", str(tmp_path / "a.gif")], capsys)
        assert ("--keep-epochs" in said) == (keep == 0)
        assert ("was trained for one epoch" in said) == (keep == 8)
    words = ["--resume", "--epochs", "3"]  # as it says
    assert cli.main(["train", "--out", str(tmp_path / "run8"), *words]) == 0
    assert cli.main(["replay", str(tmp_path / "run8"), "--out", str(tmp_path / "a.gif")]) == 0
