"""The comparison figure: its captions, and its pictures cut out of the image again to the pixel."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.codec import Codec
from core.edits import apply_edits, parse_edits
from core.errors import EditError, ExportError, ModelError
from core.export.comparison import (
    Box,
    Comparison,
    Layout,
    Panel,
    adjustment_caption,
    comparison_layout,
    difference_factor,
    difference_pixels,
    make_comparison,
    render_comparison,
)
from core.export.typeset import Face
from core.latents import CodeStatistics, statistics
from core.models import NetworkConfig, build_network
from core.painting import with_detail
from tests.core.tiny import tiny_dataset

CONFIG = NetworkConfig(
    network="fc", objective="ae", height=10, width=12, channels=3, latent_dim=6, hidden=(16,)
)
PIXELS = tiny_dataset(20, height=10, width=12).pictures(slice(None))
TEXTS = ("0+20", "5+20", "3=1.5,5*-1")


@pytest.fixture(scope="module")
def codec() -> Codec:
    network = build_network(CONFIG, torch.Generator().manual_seed(1))
    for parameter in network.parameters():
        parameter.data.mul_(2.0)  # so that an untrained network changes its picture visibly
    return Codec(network)


@pytest.fixture(scope="module")
def stats(codec: Codec) -> CodeStatistics:
    return statistics(codec.encode(PIXELS))


def comparison_of(codec: Codec, stats: CodeStatistics | None, texts: tuple[str, ...] = TEXTS) -> Comparison:
    return make_comparison(codec, stats, PIXELS[7], 7, [(parse_edits(text, 6), None) for text in texts])


def cut(image: Image.Image, box: Box, scale: int) -> np.ndarray:
    """The picture in a box, shrunk back; fails unless every pixel is one even square."""
    big = np.asarray(image.crop(box))
    small = big[::scale, ::scale]
    assert np.array_equal(np.kron(small, np.ones((scale, scale, 1), np.uint8)), big)
    return small


def stats_of(std: list[float]) -> CodeStatistics:
    spread = np.array(std)
    return statistics(np.stack([-spread, spread]).astype(np.float32))


def test_a_caption_is_exactly_as_promised() -> None:
    before = np.array([1.31, 0.4], np.float32)
    after = np.array([21.31, 0.4], np.float32)
    caption = adjustment_caption(parse_edits("0+20", 2), before, after, stats_of([2.2, 1.0]))
    assert caption == "z[0]: 1.31 -> 21.31 (+20, 9.1 sigma)"


@pytest.mark.parametrize(
    ("text", "after", "caption"),
    [
        ("1-3", -2.6, "z[1]: 0.40 -> -2.60 (-3, 3.0 sigma)"),
        ("1=1.5", 1.5, "z[1]: 0.40 -> 1.50 (=1.5, 1.1 sigma)"),
        ("1*-1", -0.4, "z[1]: 0.40 -> -0.40 (*-1, 0.8 sigma)"),
        ("1*2,1+0.5", 1.3, "z[1]: 0.40 -> 1.30 (*2 +0.5, 0.9 sigma)"),
        ("1+1e30", 1e30, "z[1]: 0.40 -> 1.00e+30 (+1e+30, 1e+30 sigma)"),
    ],
)
def test_captions_of_other_operations(text: str, after: float, caption: str) -> None:
    before = np.array([0.0, 0.4], np.float32)
    changed = np.array([0.0, after], np.float32)
    assert adjustment_caption(parse_edits(text, 2), before, changed, stats_of([1.0, 1.0])) == caption


def test_a_caption_without_statistics_or_spread_has_no_sigma() -> None:
    before, after = np.zeros(1, np.float32), np.ones(1, np.float32)
    edits = parse_edits("0+1", 1)
    assert adjustment_caption(edits, before, after) == "z[0]: 0.00 -> 1.00 (+1)"
    assert adjustment_caption(edits, before, after, stats_of([0.0])) == "z[0]: 0.00 -> 1.00 (+1)"


def test_many_dimensions_are_summed_up() -> None:
    before, after = np.zeros(9, np.float32), np.arange(9, dtype=np.float32)
    edits = parse_edits(",".join(f"{dim}+{dim}" for dim in range(9)), 9)
    lines = adjustment_caption(edits, before, after, stats_of([2.0] * 9)).splitlines()
    assert lines[0] == "z[0]: 0.00 -> 0.00 (+0, 0.0 sigma)"
    assert lines[2] == "z[2]: 0.00 -> 2.00 (+2, 1.0 sigma)"
    assert lines[3:] == ["and 6 more dials, up to 4.0 sigma"]
    assert len(adjustment_caption(edits[:4], before, after).splitlines()) == 4


def test_the_figures_are_measured(codec: Codec, stats: CodeStatistics) -> None:
    comparison = comparison_of(codec, stats)
    mse = codec.errors(PIXELS[7:8])[0]
    assert comparison.reconstruction.caption == f"mean squared error {mse:.4f}"
    assert comparison.reconstruction.figure == f"root mean square {127.5 * mse**0.5:.1f} of 255"
    base, first = comparison.reconstruction.pixels.astype(int), comparison.adjustments[0].pixels.astype(int)
    assert comparison.adjustments[0].figure == f"mean change {np.abs(first - base).mean():.1f} of 255"
    assert comparison.adjustments[0].note.endswith(".")
    assert [panel.title for panel in comparison.panels] == [
        "ORIGINAL", "RECONSTRUCTION", "ADJUSTED 1", "ADJUSTED 2", "ADJUSTED 3",
    ]  # fmt: skip


def test_panels_show_what_an_independent_decode_shows(codec: Codec, stats: CodeStatistics) -> None:
    weights = {name: tensor.double() for name, tensor in codec.network.state_dict().items()}

    def decoded(z: torch.Tensor) -> np.ndarray:
        hidden = z @ weights["decoder.0.weight"].T + weights["decoder.0.bias"]
        hidden = torch.where(hidden > 0, hidden, 0.1 * hidden)
        flat = torch.tanh(hidden @ weights["decoder.2.weight"].T + weights["decoder.2.bias"])
        return np.rint((flat.reshape(3, 10, 12).numpy().transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)

    z = torch.from_numpy(codec.encode(PIXELS[7:8])[0]).double()
    codes = [z.clone() for _ in range(4)]
    codes[1][0] += 20
    codes[2][5] += 20
    codes[3][3], codes[3][5] = 1.5, -z[5]
    for scale in (1, 3):
        image = render_comparison(comparison_of(codec, stats), scale=scale)
        boxes = comparison_layout(comparison_of(codec, stats), scale=scale).panels
        assert np.array_equal(cut(image, boxes[0], scale), PIXELS[7])
        for box, code in zip(boxes[1:], codes, strict=True):
            shown = cut(image, box, scale).astype(int)
            assert np.abs(shown - decoded(code)).max() <= 1  # float32 may round a tie the other way


def test_the_person_s_words_take_the_place_of_ours(codec: Codec) -> None:
    comparison = make_comparison(
        codec, None, PIXELS[0], 0, [(parse_edits("0+1", 6), "He smiles."), (parse_edits("0+2", 6), "")]
    )
    assert [panel.note for panel in comparison.adjustments] == ["He smiles.", ""]
    assert render_comparison(comparison).width > 0


def test_a_code_of_no_picture(codec: Codec) -> None:
    start = np.ones(6, np.float32)
    comparison = make_comparison(codec, None, None, None, [(parse_edits("0+1", 6), None)], start=start)
    assert comparison.original is None
    assert [panel.title for panel in comparison.panels] == ["STARTING CODE", "ADJUSTED"]
    assert np.array_equal(comparison.panels[0].pixels, codec.decode(start)[0])
    assert comparison.adjustments[0].caption == "z[0]: 1.00 -> 2.00 (+1)"
    layout = comparison_layout(comparison, difference_row=True)
    assert layout.differences[0] is None
    assert layout.differences[1] is not None
    render_comparison(comparison, difference_row=True)


def test_the_original_s_detail_is_in_the_adjustments_and_their_differences(codec: Codec) -> None:
    picture, edits = PIXELS[3], parse_edits("0+0.05", 6)
    comparison = make_comparison(codec, None, picture, 3, [(edits, None), ((), None)], detail=True)
    z = codec.encode(picture[None])[0]
    base, made = codec.decode(np.stack([z, apply_edits(edits, z)]))
    first, second = comparison.adjustments
    assert np.array_equal(second.pixels, picture)  # nothing was edited: the original itself
    assert np.array_equal(first.pixels, with_detail(picture, base, made))
    assert not np.array_equal(first.pixels, made)
    assert np.array_equal(comparison.reconstruction.pixels, base)
    assert first.caption.splitlines()[-1] == "with the original's detail"
    change = np.abs(first.pixels.astype(float) - picture).mean()
    assert first.figure == f"mean change {change:.1f} of 255"
    image = render_comparison(comparison, scale=2, difference_row=True)
    boxes = comparison_layout(comparison, scale=2, difference_row=True)
    assert np.array_equal(cut(image, boxes.panels[2], 2), first.pixels)
    row = [cut(image, box, 2) for box in boxes.differences if box is not None]
    assert np.array_equal(row[2], difference_pixels(picture, picture, 1))  # of nothing: black
    factor = difference_factor([(picture, first.pixels), (picture, picture)])
    assert np.array_equal(row[1], difference_pixels(picture, first.pixels, factor))
    with pytest.raises(ValueError, match="its own code"):
        make_comparison(codec, None, picture, 3, [], start=z, detail=True)


def test_what_does_not_fit_is_refused(codec: Codec) -> None:
    with pytest.raises(ModelError, match="12×10 colour"):
        make_comparison(codec, None, PIXELS[0][:8], 0, [])
    with pytest.raises(EditError):
        make_comparison(codec, None, PIXELS[0], 0, [(parse_edits("7+1", 8), None)])
    with pytest.raises(ExportError, match="it must be 1 to 32"):
        render_comparison(comparison_of(codec, None), scale=0)
    with pytest.raises(ExportError, match="it must be 1 to 32"):
        render_comparison(comparison_of(codec, None), scale=33)


def test_a_figure_too_large_is_refused() -> None:
    panel = Panel(np.zeros((512, 512, 3), np.uint8), "A")
    with pytest.raises(ExportError, match="choose a smaller scale"):
        comparison_layout(Comparison(panel, panel, (panel,), "T"), scale=32)


def test_the_difference_row(codec: Codec, stats: CodeStatistics) -> None:
    comparison = comparison_of(codec, stats)
    layout = comparison_layout(comparison, scale=2, difference_row=True)
    image = render_comparison(comparison, scale=2, difference_row=True)
    base = comparison.reconstruction.pixels
    factor = difference_factor([(base, panel.pixels) for panel in comparison.adjustments])
    assert layout.differences[0] is None
    for box, panel in zip(layout.differences[2:], comparison.adjustments, strict=True):
        assert box is not None
        assert np.array_equal(cut(image, box, 2), difference_pixels(base, panel.pixels, factor))
    assert layout.differences[1] is not None
    expected = difference_pixels(PIXELS[7], base, factor)
    assert np.array_equal(cut(image, layout.differences[1], 2), expected)


def test_the_amplification() -> None:
    black = np.zeros((20, 20, 3), np.uint8)
    for change, factor in ((5, 32), (7, 32), (8, 16), (60, 4), (100, 2), (200, 1), (0, 32)):
        assert difference_factor([(black, black + np.uint8(change))]) == factor
    assert difference_factor([]) == 1
    assert difference_pixels(black, black, 4)[0, 0].tolist() == [0, 0, 4]
    one = black.copy()
    one[0, 0, 1] = 255
    assert difference_pixels(black, one, 1)[0, 0].tolist() == [252, 255, 164]
    assert np.array_equal(difference_pixels(black, one, 1), difference_pixels(one, black, 1))
    # half of 255 in one channel is the middle stop
    half = difference_pixels(np.zeros((1, 1, 1), np.uint8), np.full((1, 1, 1), 51, np.uint8), 5)
    assert half[0, 0].tolist() == [252, 255, 164]


def apart(boxes: list[Box]) -> bool:
    return all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for n, a in enumerate(boxes)
        for b in boxes[n + 1 :]
    )


@pytest.mark.parametrize("difference_row", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 13])
def test_panels_lie_in_rows_inside_the_figure(codec: Codec, count: int, difference_row: bool) -> None:
    comparison = comparison_of(codec, None, tuple(f"{dim % 6}+{dim + 1}" for dim in range(count)))
    layout = comparison_layout(comparison, scale=8, difference_row=difference_row)
    boxes = [*layout.panels, *(box for box in layout.differences if box)]
    assert len(layout.panels) == count + 2
    assert apart(boxes)
    width, height = layout.size
    assert all(
        left >= layout.margin and top >= layout.margin and right <= width - layout.margin and bottom < height
        for left, top, right, bottom in boxes
    )
    assert len({box[0] for box in layout.panels}) <= 7
    assert render_comparison(comparison, scale=8, difference_row=difference_row).size == layout.size


def texts_inside(layout: Layout) -> bool:
    """Every line is at most as wide as its column."""
    return all(
        face.width(line) <= layout.column_width
        for block in layout.blocks
        for face, lines in (
            (layout.body, (block.title, *block.caption, *block.note)),
            (layout.small, block.figure),
        )
        for line in lines
    )


def test_small_pictures_with_long_captions_widen_the_column(codec: Codec, stats: CodeStatistics) -> None:
    layout = comparison_layout(comparison_of(codec, stats), scale=1)
    assert layout.column_width > 12
    assert texts_inside(layout)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_margins_are_empty_and_nothing_is_cut(codec: Codec, stats: CodeStatistics, theme) -> None:
    long = (
        "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 3
        + "\n\n"
        + "她稍微轉向左邊，笑容也變少了。" * 6
    )
    comparison = make_comparison(codec, stats, PIXELS[0], 0, [(parse_edits("0+20", 6), long)] * 3)
    assert texts_inside(comparison_layout(comparison, scale=4, difference_row=True))
    image = np.asarray(render_comparison(comparison, scale=4, theme=theme, difference_row=True))
    background = image[0, 0]
    edge = comparison_layout(comparison, scale=4, difference_row=True).margin - 4
    for strip in (image[:edge], image[-edge:], image[:, :edge], image[:, -edge:]):
        assert (strip == background).all()
    assert (background > 200).all() if theme == "light" else (background < 50).all()


def test_grey_pictures_are_shown_as_they_are() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4
    panel = Panel(pixels, "ORIGINAL")
    comparison = Comparison(None, panel, (), "T")
    image = render_comparison(comparison, scale=5)
    shown = cut(image, comparison_layout(comparison, scale=5).panels[0], 5)
    assert (shown == pixels).all()


def test_wrapping_keeps_every_character_and_the_width() -> None:
    face = Face(14)
    text = "It gets darker, and 她稍微轉向左邊，笑容。 supercalifragilisticexpialidocious end"
    lines = face.wrap(text, 90)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(face.width(line) for line in lines) <= 90
    assert face.wrap("one\ntwo", 500) == ["one", "two"]
    assert not any(line.startswith(("，", "。")) for line in lines)
