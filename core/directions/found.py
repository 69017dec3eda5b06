"""A direction with how it was found, as frozen values."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.edits import Direction
from core.translate import tr

Kind = Literal["pca", "mean-difference", "classifier", "groups"]
TELLING = 0.6  # balanced accuracy below which a direction that is better than a guess is called weak
Z95 = 1.959964  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Accuracy:
    """How well a direction tells pictures apart that it was not found from.

    balanced is the mean of both sides' shares that were right, 0.5 for a guess; plain counts pictures alike,
    and majority is what plain would be for always naming the larger side.
    """

    balanced: float
    plain: float
    majority: float
    count: int

    @property
    def margin(self) -> float:
        """Half the 95 % interval of balanced: the binomial's of both sides, at its widest as for a guess."""
        larger = min(max(round(self.majority * self.count), 1), max(self.count - 1, 1))
        return Z95 / 4 * math.sqrt(1 / larger + 1 / max(self.count - larger, 1))

    def text(self) -> str:
        """It in a sentence, or two where it is no better than a guess or hardly."""
        text = tr(
            "Held out: {plain} % of {count} pictures right, {balanced} % balanced; always naming the larger"
            " side would get {majority} %.",
            plain=f"{100 * self.plain:.0f}",
            count=f"{self.count:,}",
            balanced=f"{100 * self.balanced:.0f}",
            majority=f"{100 * self.majority:.0f}",
        )
        low, high = (
            f"{100 * min(max(self.balanced + side * self.margin, 0.0), 1.0):.0f}" for side in (-1, 1)
        )
        if self.balanced - self.margin <= 0.5:
            text += " " + tr(
                "That is no better than guessing can be (95 % interval {low} to {high} %; a guess has 50 %).",
                low=low,
                high=high,
            )
        elif self.balanced < TELLING:
            text += " " + tr(
                "That is better than guessing, but weak (95 % interval {low} to {high} %; a guess has 50 %).",
                low=low,
                high=high,
            )
        return text


@dataclass(frozen=True)
class Found:
    """A direction with how it was found.

    source says from what ("Smiling: 1", "groups A and B"); share is a principal component's part of the
    variance; positive and negative count the pictures of both sides; accuracy is None where too few could be
    held out. weights is the fingerprint of the weights whose codes it was found in (see Codec.fingerprint).
    """

    direction: Direction
    kind: Kind
    source: str = ""
    share: float | None = None
    positive: int = 0
    negative: int = 0
    accuracy: Accuracy | None = None
    weights: str = ""

    @property
    def name(self) -> str:
        """The direction's name."""
        return self.direction.name

    def renamed(self, name: str) -> "Found":
        """The same under another name. Raises: EditError."""
        return replace(self, direction=self.direction.renamed(name))

    def of_data(self, name: str) -> "Found":
        """The same, whose source says in which data it was found."""
        return replace(self, source=tr("{source} ({data})", source=self.source, data=name))

    def values(self) -> dict[str, Any]:
        """All that is known of it as plain values, by the names that every file and --json has them under.

        held_out_accuracy is of all pictures alike, held_out_balanced_accuracy the mean of both sides', and
        held_out_majority_share what always naming the larger side would get; None where it was not measured.
        """
        held_out = self.accuracy
        return {
            "name": self.name,
            "kind": self.kind,
            "source": self.source,
            "share_of_variance": self.share,
            "positive": self.positive,
            "negative": self.negative,
            "held_out_accuracy": None if held_out is None else held_out.plain,
            "held_out_balanced_accuracy": None if held_out is None else held_out.balanced,
            "held_out_majority_share": None if held_out is None else held_out.majority,
            "held_out_pictures": 0 if held_out is None else held_out.count,
            "weights": self.weights,
            "vector": list(self.direction.vector),
        }

    def brief(self) -> str:
        """The most telling of facts(), in a few words."""
        if self.share is not None:
            return tr("{share} % of the codes' variance", share=f"{100 * self.share:.1f}")
        if self.accuracy is None:
            return tr("{source} · too few to hold out", source=self.source)
        return tr(
            "{source} · {balanced} % balanced, held out",
            source=self.source,
            balanced=f"{100 * self.accuracy.balanced:.0f}",
        )

    def facts(self) -> str:
        """How it was found and what is known of it, in a sentence or two."""
        count = f"{self.positive:,}"
        pictures = tr("1 picture") if self.positive == 1 else tr("{count} pictures", count=count)
        match self.kind:
            case "pca":
                return tr(
                    "{source}: {share} % of the codes' variance.",
                    source=self.source,
                    share=f"{100 * (self.share or 0.0):.1f}",
                )
            case "mean-difference" | "groups":
                first = tr(
                    "From {source}: the mean code of {pictures} less that of {negative}.",
                    source=self.source,
                    pictures=pictures,
                    negative=f"{self.negative:,}",
                )
            case "classifier":
                first = tr(
                    "From {source}: the normal of a linear classifier of {pictures} against {negative}.",
                    source=self.source,
                    pictures=pictures,
                    negative=f"{self.negative:,}",
                )
        if self.accuracy is not None:
            return f"{first} {self.accuracy.text()}"
        return first + " " + tr("Too few to hold some out: how well it tells them apart is not known.")
