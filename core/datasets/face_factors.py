"""What a built-in face is drawn from: the factors, the colours they name, and how they are drawn by lot.

Nothing here knows a pixel. Picture i of a seed uses its own stretch of a counter-based generator, and only
arithmetic that every machine rounds alike, so a seed gives the same faces everywhere and in any chunking.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.datasets.dataset import LabelColumn

DRAWS_PER_PICTURE: Final = 48  # a multiple of the four numbers that one Philox block gives

Palette = dict[str, tuple[str, ...]]

# base tone, shadow, blush and lips of each
SKINS: Final[Palette] = {
    "very light": ("#fddbc8", "#e9ad97", "#ff9d94", "#d9737a"),
    "light": ("#fcd3b4", "#e3a583", "#f98f80", "#cf6a68"),
    "light medium": ("#f2c096", "#d59768", "#ee8668", "#c26058"),
    "medium": ("#e2a877", "#bf7e50", "#e0714f", "#b0524a"),
    "tan": ("#c98d5b", "#a1663b", "#cb5f41", "#99433d"),
    "brown": ("#a66c43", "#7e4b2c", "#b04e38", "#853a37"),
    "dark": ("#80502f", "#5c3520", "#963f30", "#74303a"),
    "very dark": ("#5f3a26", "#412417", "#7d3229", "#6b2c38"),
}
# base, shadow and shine
HAIRS: Final[Palette] = {
    "black": ("#2a2530", "#17141c", "#57506a"),
    "dark brown": ("#46291d", "#2b1811", "#7a4d36"),
    "brown": ("#744626", "#4d2c17", "#a8713f"),
    "auburn": ("#94391f", "#652313", "#cd6a3f"),
    "ginger": ("#d7702a", "#a34c17", "#f7a559"),
    "blond": ("#edc25c", "#c08f35", "#fde59b"),
    "grey": ("#9a9da6", "#70747f", "#c8cbd2"),
    "white": ("#efece7", "#bfbcbc", "#ffffff"),
    "pink": ("#f07ba8", "#c04d7e", "#ffb5d0"),
    "teal": ("#229c9c", "#126c74", "#6fd6cd"),
}
EYES: Final[Palette] = {
    "dark brown": ("#46281a",),
    "brown": ("#7d4a22",),
    "amber": ("#b6752a",),
    "green": ("#4d8b4c",),
    "blue": ("#3b83c4",),
    "grey": ("#71808f",),
}
# top, bottom and the disc behind the head
BACKGROUNDS: Final[Palette] = {
    "sky": ("#b4def6", "#7fbdea", "#d6effb"),
    "mint": ("#b9ead2", "#83cfb0", "#d9f6e7"),
    "peach": ("#ffd7bb", "#fbad8c", "#ffeadb"),
    "lavender": ("#d9cdf5", "#ad9be3", "#ebe4fb"),
    "sand": ("#f0e2c6", "#d9c198", "#f9f1e0"),
    "rose": ("#fbc9d3", "#ee96aa", "#fde3e8"),
    "lemon": ("#fdeba3", "#f6cc5b", "#fef6d2"),
    "coral": ("#ff9f86", "#ee6c5f", "#ffc0ab"),
    "sage": ("#c3d0aa", "#93a87a", "#dbe4c9"),
    "lagoon": ("#4fb3b5", "#2a8290", "#7ccdc9"),
    "dusk": ("#6471b8", "#3b4382", "#8b97d6"),
    "slate": ("#5f6b7e", "#3b4554", "#808da1"),
}
# base and shadow, for clothes and for what is worn on the head
CLOTHS: Final[Palette] = {
    "navy": ("#2f4a80", "#20345e"),
    "brick": ("#c4523c", "#94382a"),
    "mustard": ("#e5ab35", "#b98320"),
    "forest": ("#3b7a57", "#28573d"),
    "plum": ("#7d4b93", "#58326a"),
    "charcoal": ("#3f4450", "#2a2e38"),
    "cream": ("#f5ead6", "#d3c3a5"),
    "teal": ("#1f9190", "#126869"),
    "rose": ("#e886a0", "#bd5c78"),
    "azure": ("#5aa6e2", "#3a7cb8"),
}

FACE_SHAPES: Final = ("oval", "round", "square", "heart", "long")
HAIR_STYLES: Final = (
    "bald", "buzz cut", "short", "side part", "quiff", "curly", "afro", "bob", "long", "wavy", "bun",
    "ponytail", "braids", "covered",
)  # fmt: skip
HEADWEAR: Final = ("none", "beanie", "cap", "sun hat", "headscarf", "turban", "headband", "flower")
GLASSES: Final = ("none", "round", "square", "sunglasses")
BEARDS: Final = ("none", "stubble", "moustache", "goatee", "full")
CLOTHES: Final = ("t-shirt", "shirt", "turtleneck", "striped", "hoodie")
EARRINGS: Final = ("none", "studs", "hoops")
FRECKLES: Final = ("none", "freckles")

# The classes of every category, in the order of the label columns; the other factors are numbers.
CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "skin": tuple(SKINS),
    "face_shape": FACE_SHAPES,
    "hair_style": HAIR_STYLES,
    "hair_colour": tuple(HAIRS),
    "headwear": HEADWEAR,
    "headwear_colour": tuple(CLOTHS),
    "glasses": GLASSES,
    "beard": BEARDS,
    "eye_colour": tuple(EYES),
    "background": tuple(BACKGROUNDS),
    "clothes": CLOTHES,
    "clothes_colour": tuple(CLOTHS),
    "earrings": EARRINGS,
    "freckles": FRECKLES,
}
# Lowest and highest value of every number.
RANGES: Final[dict[str, tuple[float, float]]] = {
    "smile": (-1.0, 1.0),
    "mouth_open": (0.0, 1.0),
    "eye_size": (0.0, 1.0),
    "brow": (-1.0, 1.0),
    "gaze": (-1.0, 1.0),
    "turn": (-1.0, 1.0),
    "tilt": (-1.0, 1.0),
    "light": (-1.0, 1.0),
    "brightness": (0.0, 1.0),
    "age": (0.0, 1.0),
    "blush": (0.0, 1.0),
}

Categories = NDArray[np.int32]
Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Factors:
    """The factors of N faces, one array (N,) each: categories index CATEGORIES, numbers keep to RANGES.

    smile -1 sad, 1 happy. gaze, turn, tilt and light: -1 to the left of the picture, 1 to its right.
    """

    skin: Categories
    face_shape: Categories
    hair_style: Categories
    hair_colour: Categories
    headwear: Categories
    headwear_colour: Categories
    glasses: Categories
    beard: Categories
    eye_colour: Categories
    background: Categories
    clothes: Categories
    clothes_colour: Categories
    earrings: Categories
    freckles: Categories
    smile: Numbers
    mouth_open: Numbers
    eye_size: Numbers
    brow: Numbers
    gaze: Numbers
    turn: Numbers
    tilt: Numbers
    light: Numbers
    brightness: Numbers
    age: Numbers
    blush: Numbers

    def __len__(self) -> int:
        return len(self.skin)

    def take(self, indices: NDArray[np.intp] | slice) -> "Factors":
        """The factors of some of the faces."""
        return Factors(**{item.name: getattr(self, item.name)[indices] for item in fields(self)})

    def labels(self) -> tuple[LabelColumn, ...]:
        """Every factor as a label column, in order."""
        return tuple(
            LabelColumn(item.name, getattr(self, item.name), CATEGORIES.get(item.name, ()))
            for item in fields(self)
        )


def sample_factors(count: int, seed: int = 0, start: int = 0) -> Factors:
    """The factors of pictures start … start + count - 1 of a seed; each depends on (seed, index) alone."""
    generator = np.random.Philox(key=seed % 2**128)
    generator.advance(start * DRAWS_PER_PICTURE // 4)
    raw = generator.random_raw(count * DRAWS_PER_PICTURE).reshape(count, DRAWS_PER_PICTURE)
    columns = iter(((raw >> np.uint64(11)) * 2.0**-53).T)  # uniform in [0,1), one row a factor

    def pick(*weights: float) -> Categories:
        edges = np.cumsum(weights) / np.sum(weights)
        return np.searchsorted(edges[:-1], next(columns), side="right").astype(np.int32)

    def even(classes: int) -> Categories:
        return (next(columns) * classes).astype(np.int32)

    def spread(low: float = -1.0, high: float = 1.0) -> Numbers:
        return (low + (high - low) * next(columns)).astype(np.float32)

    def centred() -> Numbers:
        """Between -1 and 1, the middle likelier: the mean of two uniform draws."""
        return (next(columns) + next(columns) - 1.0).astype(np.float32)

    headwear = pick(60, 6, 6, 5, 7, 4, 6, 6)
    covered = (headwear == HEADWEAR.index("headscarf")) | (headwear == HEADWEAR.index("turban"))
    hair_style = pick(5, 6, 10, 10, 8, 9, 8, 9, 11, 9, 7, 7, 7)
    beard = pick(64, 8, 8, 7, 13)
    beard[headwear == HEADWEAR.index("headscarf")] = 0
    age = spread(0.0, 1.0)
    hair_colour = pick(24, 18, 16, 8, 8, 11, 4, 2, 5, 4)
    greying = next(columns) < 2.4 * (age - 0.62)  # the one strong correlation: old hair turns grey or white
    hair_colour[greying] = np.where(age[greying] > 0.86, 7, 6)
    smile = (np.minimum(1.6 * next(columns), 1.0) * 1.2 - 0.2).astype(np.float32)
    smile = np.where(next(columns) < 0.07, -0.9 * next(columns), smile).astype(np.float32)
    mouth_open = np.maximum(2.2 * next(columns) - 1.2, 0.0).astype(np.float32)
    return Factors(
        skin=even(len(SKINS)),
        face_shape=pick(30, 22, 16, 18, 14),
        hair_style=np.where(covered, HAIR_STYLES.index("covered"), hair_style).astype(np.int32),
        hair_colour=hair_colour,
        headwear=headwear,
        headwear_colour=even(len(CLOTHS)),
        glasses=pick(62, 15, 14, 9),
        beard=beard,
        eye_colour=pick(30, 22, 10, 12, 16, 10),
        background=even(len(BACKGROUNDS)),
        clothes=pick(28, 20, 14, 18, 20),
        clothes_colour=even(len(CLOTHS)),
        earrings=pick(68, 16, 16),
        freckles=pick(82, 18),
        smile=smile,
        mouth_open=mouth_open,
        eye_size=spread(0.0, 1.0),
        brow=centred(),
        gaze=centred(),
        turn=centred(),
        tilt=centred(),
        light=spread(),
        brightness=spread(0.0, 1.0),
        age=age,
        blush=spread(0.0, 1.0),
    )
