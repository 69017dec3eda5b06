"""The recipe in a PNG: there and back without loss, and no foreign file believed."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.codec import weights_fingerprint
from core.edits import Direction, Move, apply_edits, parse_edits
from core.errors import ExportError
from core.export.recipe import (
    Recipe,
    RecipeAdjustment,
    RunIdentity,
    code_list,
    make_recipe,
    picture_image,
    read_recipe,
    save_picture,
    save_png,
)
from core.models import build_network
from core.runs import Run
from tests.core.tiny import tiny_config, tiny_dataset

START = np.random.default_rng(0).standard_normal(4, np.float32)
IMAGE = Image.new("RGB", (5, 4), "#123456")


def recipe(**changes: object) -> Recipe:
    values: dict[str, object] = {
        "run": RunIdentity(name="run", path="/runs/run", fingerprint="ab"),
        "data": tiny_dataset(3).identity,
        "index": 2,
        "start": code_list(START),
        "code": code_list(START + 1),
        "adjustments": [RecipeAdjustment(edits="0+20,3*-1", note="她笑了。 He smiles.")],
        "versions": {"latent-dials": "0.1.0"},
    }
    return Recipe.model_validate(values | changes)


def png_with(text: str, path: Path, *, keyword: str = "latent-dials", compressed: bool = False) -> Path:
    info = PngInfo()
    info.add_itxt(keyword, text, zip=compressed)
    IMAGE.save(path, "PNG", pnginfo=info)
    return path


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_png(IMAGE, recipe(), path)
    again = read_recipe(path)
    assert again == recipe()
    assert again.start is not None
    assert np.array_equal(np.array(again.start, np.float32), START)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), np.asarray(IMAGE))
        assert json.loads(image.info["latent-dials"])["index"] == 2  # where other programs find it
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_recipe_of_a_run(tmp_path: Path) -> None:
    data = tiny_dataset()
    run = Run.create(tmp_path / "run", tiny_config(), data.identity)
    run.save_weights(build_network(run.config.network, torch.Generator().manual_seed(0)).state_dict())
    made = make_recipe(
        run, data.identity, 5, START, [(parse_edits("0+20", 4), "a"), (parse_edits("1=3", 4), "b")]
    )
    assert made.run == RunIdentity(
        name="run",
        path=str(tmp_path / "run"),
        fingerprint=weights_fingerprint(tmp_path / "run" / "model.safetensors"),
    )
    assert made.start == code_list(START)
    assert made.code == [START[0], 3.0, START[2], START[3]]
    assert [(a.edits, a.note) for a in made.adjustments] == [("0+20", "a"), ("1=3", "b")]
    assert set(made.versions) >= {"latent-dials", "torch", "python"}


def test_the_original_s_detail_is_kept_and_old_recipes_are_without(tmp_path: Path) -> None:
    save_png(IMAGE, recipe(detail=True), tmp_path / "a.png")
    assert read_recipe(tmp_path / "a.png").detail is True
    old = json.loads(recipe().model_dump_json())
    assert old.pop("detail") is False
    assert read_recipe(png_with(json.dumps(old), tmp_path / "old.png")) == recipe()


def test_a_compressed_recipe_is_read_too(tmp_path: Path) -> None:
    path = png_with(recipe().model_dump_json(), tmp_path / "z.png", compressed=True)
    assert read_recipe(path) == recipe()


def test_a_recipe_after_the_pixels_is_read_too(tmp_path: Path) -> None:
    plain = tmp_path / "p.png"
    IMAGE.save(plain)
    content = plain.read_bytes()
    body = b"latent-dials\0\0\0\0\0" + recipe().model_dump_json().encode()
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    plain.write_bytes(content[:-12] + chunk + content[-12:])
    assert read_recipe(plain) == recipe()


def test_a_foreign_picture_carries_no_recipe(tmp_path: Path) -> None:
    plain = tmp_path / "p.png"
    IMAGE.save(plain)
    with pytest.raises(ExportError, match="carries no recipe: only PNGs that Latent Dials exports"):
        read_recipe(plain)
    with pytest.raises(ExportError, match="carries no recipe"):
        read_recipe(png_with("{}", tmp_path / "q.png", keyword="other"))


def test_what_is_no_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_png(IMAGE, recipe(), path)
    whole = path.read_bytes()
    for content in (b"", b"GIF89a", whole[:40], whole[:100] + b"x" + whole[101:]):
        path.write_bytes(content)
        with pytest.raises(ExportError, match="is not a whole PNG picture"):
            read_recipe(path)
    with pytest.raises(ExportError, match="cannot be read"):
        read_recipe(tmp_path / "absent.png")
    with pytest.raises(ExportError, match="is no regular file"):
        read_recipe(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format_version": 2}, "format_version"),
        ({"app": "other"}, "app"),
        ({"code": []}, "code"),
        ({"code": [0.0] * 1025}, "code"),
        ({"code": [0.0, 1.0]}, "differ in length"),
        ({"code": [1e39, 0.0, 0.0, 0.0]}, "float32"),
        ({"code": ["x", 0.0, 0.0, 0.0]}, r"code\.0"),
        ({"index": -1}, "index"),
        ({"index": 1.5}, "index"),
        ({"detail": "true"}, "detail"),
        ({"detail": 1}, "detail"),
        ({"detail": None}, "detail"),
        ({"detail": {"run": "rm"}}, "detail"),
        ({"detail": True, "index": None}, "no original"),
        ({"detail": True, "own_code": False}, "no original"),
        ({"adjustments": [{"edits": "4+1", "note": ""}]}, "no dimension 4"),
        ({"adjustments": [{"edits": "import os", "note": ""}]}, "is no adjustment"),
        ({"adjustments": [{"edits": "0+1", "note": "x" * 20_001}]}, "note"),
        ({"adjustments": [{"edits": "0+1"}] * 257}, "adjustments"),
        ({"surprise": 1}, "surprise"),
        ({"run": None}, "run"),
    ],
)
def test_an_unsound_recipe_is_refused_and_says_why(tmp_path: Path, changes: dict, reason: str) -> None:
    values = json.loads(recipe().model_dump_json()) | changes
    path = png_with(json.dumps(values), tmp_path / "a.png")
    with pytest.raises(ExportError, match=rf"is not sound: .*{reason}"):
        read_recipe(path)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"code": [NaN]}', "[" * 100_000])
def test_a_recipe_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExportError, match="is not sound"):
        read_recipe(png_with(text, tmp_path / "a.png"))


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    text = recipe().model_dump_json().replace(str(float(START[0])), "NaN", 1)
    with pytest.raises(ExportError, match="is not sound"):
        read_recipe(png_with(text, tmp_path / "a.png"))


def test_an_enormous_recipe_is_not_read(tmp_path: Path) -> None:
    bomb = png_with("x" * (5 * 2**20), tmp_path / "bomb.png", compressed=True)
    assert bomb.stat().st_size < 100_000
    with pytest.raises(ExportError, match="is not a whole PNG"):
        read_recipe(bomb)
    with pytest.raises(ExportError, match="carries no recipe"):
        read_recipe(png_with("x" * (5 * 2**20), tmp_path / "big.png"))


def test_a_picture_on_its_own(tmp_path: Path) -> None:
    pixels = tiny_dataset(1, height=6, width=5).pixels[0]
    path = tmp_path / "one.png"
    save_picture(pixels, path, scale=3, recipe=recipe())
    with Image.open(path) as image:
        big = np.asarray(image)
    assert np.array_equal(big, np.kron(pixels, np.ones((3, 3, 1), np.uint8)))
    assert read_recipe(path) == recipe()
    save_picture(pixels[:, :, :1], path)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), np.repeat(pixels[:, :, :1], 3, axis=2))
    assert picture_image(pixels, 2).size == (10, 12)


@pytest.mark.parametrize("name", ["edited.jpg", "edited.JPEG", "edited.npy", "edited.v2"])
def test_a_picture_is_not_called_like_another_kind_of_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(ExportError, match=rf"{name} cannot be written: .* end in \.png and not in "):
        save_picture(np.zeros((8, 8, 3), np.uint8), path)
    assert not path.exists()
    save_picture(np.zeros((8, 8, 3), np.uint8), path.with_suffix(".PNG"))


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        save_png(IMAGE, None, tmp_path / "no" / "such" / "a.png")
    with pytest.raises(ExportError, match="cannot be written"):
        save_png(IMAGE, None, tmp_path)
    with pytest.raises(ExportError, match="choose a smaller scale"):
        save_picture(np.zeros((512, 512, 3), np.uint8), tmp_path / "a.png", scale=64)


def test_a_recipe_carries_the_directions_that_it_moves_along(tmp_path: Path) -> None:
    data = tiny_dataset(8)
    run = Run.create(tmp_path / "run", tiny_config(), data.identity)
    smile, other = Direction("smile", (0.1, 0.0, -0.7, 0.0)), Direction("smile", (0.0, 1.0, 0.0, 0.0))
    first, second = (Move(smile, 2.5), *parse_edits("0+1", 4)), (Move(other, -1.0),)
    made = make_recipe(run, data.identity, 5, START, [(first, "a"), (second, "b")])
    save_png(IMAGE, made, tmp_path / "a.png")
    again = read_recipe(tmp_path / "a.png")
    assert again == made
    assert [one.edits for one in again.adjustments] == ["@smile+2.5,0+1", "@smile 2-1"]
    for read, edits in zip(again.edits(), (first, second), strict=True):
        assert np.array_equal(apply_edits(read, START), apply_edits(edits, START))
    assert again.code == code_list(apply_edits(second, START))


@pytest.mark.parametrize(
    ("directions", "edits"),
    [
        ([], "@smile+2"),
        ([{"name": "smile", "vector": [1.0, 0.0]}], "@smile+2"),
        ([{"name": "smile", "vector": [0.0, 0.0, 0.0, 0.0]}], "@smile+2"),
        ([{"name": "smile", "vector": [1.0, 0.0, 0.0, float("nan")]}], "@smile+2"),
        ([{"name": 'smi"le', "vector": [1.0, 0.0, 0.0, 0.0]}], "0+1"),
        ([{"name": "smile", "vector": [1.0, 0.0, 0.0, 0.0], "run": "rm"}], "@smile+2"),
        ([{"name": f"d{place}", "vector": [1.0, 0.0, 0.0, 0.0]} for place in range(257)], "0+1"),
    ],
)
def test_unsound_directions_of_a_recipe_are_refused(
    directions: list[dict[str, object]], edits: str, tmp_path: Path
) -> None:
    text = json.loads(recipe().model_dump_json()) | {
        "directions": directions,
        "adjustments": [{"edits": edits, "note": ""}],
    }
    with pytest.raises(ExportError, match="is not sound"):
        read_recipe(png_with(json.dumps(text), tmp_path / "a.png"))
