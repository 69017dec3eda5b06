"""The recipe in a PNG: how the picture was made, written beside its pixels and read back with suspicion."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from core.atomic import failure_text, write_bytes
from core.codec import weights_fingerprint
from core.datasets.dataset import DataIdentity
from core.edits import AnyEdit, apply_edits, edits_text, parse_edits
from core.errors import EditError, ExportError
from core.flaws import first_flaw
from core.runs import MODEL, Run, versions
from core.saved_direction import SavedDirection, distinctly_named
from core.translate import tr

KEYWORD = "latent-dials"  # of the PNG's iTXt chunk
MAX_RECIPE_BYTES = 4 * 2**20
MAX_CHUNKS = 200_000  # of a PNG: 8 KiB of pixels in each would make 1.6 GB
MAX_DIMENSIONS = 2**16  # of imported networks too: convolutions without a linear layer have thousands
MAX_SAVED_PIXELS = 150_000_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Text = Annotated[str, Field(max_length=1000)]
Note = Annotated[str, Field(max_length=20_000)]
Code = Annotated[list[float], Field(min_length=1, max_length=MAX_DIMENSIONS)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RunIdentity(_Value):
    """What tells one trained model from another: fingerprint is the SHA-256 in hex of its weights file."""

    name: Text
    path: Annotated[str, Field(max_length=4096)]
    fingerprint: Annotated[str, Field(max_length=128)]


class RecipeAdjustment(_Value):
    """The edits of one panel in their text form, and the person's words on it.

    Its moves go along the recipe's own directions, by their names.
    """

    edits: Annotated[str, Field(max_length=200_000)]
    note: Note = ""


class Recipe(_Value):
    """How an exported picture was made.

    start is the code before any edit, own_code whether that is the picture's own (its encoding); code is the
    code after the last adjustment. index is the picture's place in the data, None where there is none.
    detail says whether the original's detail was put back (core.painting.with_detail), which needs the
    picture and its own code.
    """

    format_version: Literal[1] = 1
    app: Literal["latent-dials"] = "latent-dials"
    versions: Annotated[dict[Text, Text], Field(max_length=50)] = {}
    run: RunIdentity
    data: DataIdentity | None = None
    index: Annotated[int, Field(ge=0, lt=2**40)] | None = None
    start: Code | None = None
    own_code: bool = True
    code: Code
    detail: StrictBool = False
    directions: Annotated[list[SavedDirection], Field(max_length=256)] = []
    adjustments: Annotated[list[RecipeAdjustment], Field(max_length=256)] = []

    @model_validator(mode="after")
    def _codes_and_edits_agree(self) -> "Recipe":
        if self.start is not None and len(self.start) != len(self.code):
            raise ValueError("the two codes differ in length")
        if self.detail and (self.index is None or not self.own_code):
            raise ValueError("there is no original whose detail could be put back")
        limit = float(np.finfo(np.float32).max)
        if any(abs(value) > limit for value in (*self.code, *(self.start or ()))):
            raise ValueError("a code holds a number beyond float32")
        try:
            for adjustment in self.edits():
                apply_edits(adjustment, np.zeros(len(self.code), np.float32))
        except EditError as error:
            raise ValueError(str(error)) from None
        return self

    def edits(self) -> list[tuple[AnyEdit, ...]]:
        """The edits of each adjustment. Raises: EditError."""
        directions = [saved.direction() for saved in self.directions]
        return [
            parse_edits(adjustment.edits, len(self.code), directions) if adjustment.edits else ()
            for adjustment in self.adjustments
        ]


def make_recipe(
    run: Run,
    data: DataIdentity | None,
    index: int | None,
    start: NDArray[np.float32],
    adjustments: Sequence[tuple[Sequence[AnyEdit], str]],
    *,
    own_code: bool = True,
    detail: bool = False,
) -> Recipe:
    """The recipe of adjustments (edits, note), each made from the code start (D,); detail as in Recipe."""
    code = apply_edits(adjustments[-1][0], start) if adjustments else start
    weights = run.path / MODEL
    written, directions = distinctly_named([edits for edits, _ in adjustments])
    return Recipe(
        versions=versions(),
        run=RunIdentity(
            name=run.name,
            path=str(run.path),
            fingerprint=weights_fingerprint(weights) if weights.is_file() else "",
        ),
        data=data,
        index=index,
        start=code_list(start),
        own_code=own_code,
        code=code_list(code),
        detail=detail,
        directions=[SavedDirection.of(direction) for direction in directions],
        adjustments=[
            RecipeAdjustment(edits=edits_text(edits), note=note)
            for edits, (_, note) in zip(written, adjustments, strict=True)
        ],
    )


def code_list(z: NDArray[np.float32]) -> list[float]:
    """A code (D,) as a recipe holds it; float32 survives the way there and back exactly."""
    return [float(value) for value in z]


def png_bytes(image: Image.Image, recipe: Recipe | None) -> bytes:
    """A PNG of the image with the recipe in its metadata."""
    info = PngInfo()
    info.add_itxt("Software", "Latent Dials")
    if recipe is not None:
        info.add_itxt(KEYWORD, recipe.model_dump_json())
    buffer = BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def save_png(image: Image.Image, recipe: Recipe | None, path: Path) -> None:
    """Write a PNG whole or not at all. Raises: ExportError when it cannot be written."""
    try:
        write_bytes(path, png_bytes(image, recipe))
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error))
        ) from None


def save_picture(pixels: NDArray[np.uint8], path: Path, scale: int = 1, recipe: Recipe | None = None) -> None:
    """Write one picture (H,W,C) as a PNG at a whole-number scale.

    Raises: ExportError, also for a path that ends as another kind of file.
    """
    if path.suffix.lower() not in ("", ".png"):
        raise ExportError(
            tr(
                "{path} cannot be written: the picture becomes a PNG; let its name end in .png and not in"
                " {ending}.",
                path=path,
                ending=path.suffix,
            )
        )
    height, width = pixels.shape[:2]
    check_size(width * scale, height * scale)
    save_png(picture_image(pixels, scale), recipe, path)


def picture_image(pixels: NDArray[np.uint8], scale: int = 1) -> Image.Image:
    """A picture (H,W,C), C 1 or 3, as an RGB image, each pixel a square of scale by scale."""
    colour = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return Image.fromarray(np.repeat(np.repeat(colour, scale, axis=0), scale, axis=1))


def check_size(width: int, height: int) -> None:
    """Refuse an image that is too large to be of use. Raises: ExportError."""
    if width * height > MAX_SAVED_PIXELS:
        raise ExportError(
            tr(
                "A picture of {width}×{height} pixels is too large; choose a smaller scale.",
                width=width,
                height=height,
            )
        )


def read_recipe(path: Path) -> Recipe:
    """The recipe of a PNG of ours. Raises: ExportError for another file and for an unsound recipe."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ExportError(tr("{path} is no regular file, and no PNG.", path=path))
    try:
        with path.open("rb") as file:
            text = next((found for found in map(_recipe_text, _text_chunks(file)) if found is not None), None)
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
        ) from None
    except (ValueError, struct.error, zlib.error):
        raise ExportError(tr("{path} is not a whole PNG picture.", path=path)) from None
    if text is None:
        raise ExportError(
            tr("{path} carries no recipe: only PNGs that Latent Dials exports of an edit do.", path=path)
        )
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        flaw = first_flaw(error)
        raise ExportError(
            tr(
                "The recipe in {path} is not sound: {name}: {reason}.",
                path=path,
                name=flaw.place or "recipe",
                reason=flaw.reason,
            )
        ) from None


def _text_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The contents of a PNG's iTXt chunks; pixels are passed over unread, however many they claim to be."""
    if file.read(8) != _SIGNATURE:
        raise ValueError("no PNG signature")
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"IEND":
            return
        if kind != b"iTXt" or length > MAX_RECIPE_BYTES:
            file.seek(length + 4, 1)
            continue
        content = file.read(length)
        (crc,) = struct.unpack(">I", file.read(4))
        if crc != zlib.crc32(content, zlib.crc32(kind)):
            raise ValueError("wrong checksum")
        yield content
    raise ValueError("too many chunks")


def _recipe_text(content: bytes) -> bytes | None:
    """The text of an iTXt chunk of ours, None for one of others."""
    keyword, _, rest = content.partition(b"\0")
    if keyword != KEYWORD.encode() or len(rest) < 2:
        return None
    compressed = rest[0] == 1
    _language, _, rest = rest[2:].partition(b"\0")
    _translated, _, text = rest.partition(b"\0")
    if not compressed:
        return text
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(text, MAX_RECIPE_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError("too large")
    return text
