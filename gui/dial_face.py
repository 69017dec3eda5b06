"""What a dial shows, as a frozen value, and how it is drawn. No events here."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF

from core.translate import tr
from gui.theme import Theme, ui_font

UNUSUAL = 0.95  # a value rarer than this share of the data is called unusual
_HALF_SWEEP = 135.0  # degrees from the top to either end of the track
_MINUS = "−"


@dataclass(frozen=True)
class Reading:
    """One dimension's value now and at the start, and where the data's own codes lie.

    lowest and highest are the ends of the arc; low and high the band that holds 5 to 95 % of the data, equal
    while it is not known. sigma is the data's standard deviation, 0 while unknown; rarity 0 to 1. A direction
    has a name, numbers in sigmas, and facts on how it was found. is_carried: other dials alone moved it.
    """

    dim: int
    value: float = 0.0
    start: float = 0.0
    lowest: float = -4.0
    highest: float = 4.0
    low: float = 0.0
    high: float = 0.0
    sigma: float = 0.0
    rarity: float = 0.0
    is_dead: bool = False
    name: str = ""
    facts: str = ""
    is_locked: bool = False
    is_carried: bool = False

    @property
    def label(self) -> str:
        """What the dial is called."""
        return self.name or f"z{self.dim}"

    @property
    def unit(self) -> str:
        """What its numbers are in, where they are not the code's own."""
        return "σ" if self.name else ""

    @property
    def span(self) -> float:
        """The width of the arc's range."""
        return max(self.highest - self.lowest, 1e-6)

    @property
    def is_changed(self) -> bool:
        """Whether the value is another than at the start, as far as it can be told in float32."""
        return abs(self.value - self.start) > 1e-6 * max(1.0, abs(self.start))

    @property
    def is_unusual(self) -> bool:
        """Whether few of the data's codes are as far out."""
        return self.rarity > UNUSUAL

    @property
    def is_beyond(self) -> bool:
        """Whether the value lies outside the arc."""
        return not self.lowest <= self.value <= self.highest

    @property
    def step(self) -> float:
        """A readable step (1, 2 or 5 times a power of ten) near a tenth of a standard deviation."""
        return readable_step((self.sigma or self.span / 8.0) / 10.0)

    def rarity_text(self) -> str:
        """How unusual the value is, in one short phrase; empty while the data are not known."""
        return self.rarity_texts()[0]

    def rarity_texts(self) -> tuple[str, ...]:
        """The same at different lengths, longest first."""
        if self.sigma <= 0.0:
            return ("",)
        percent = math.floor(self.rarity * 100.0)
        if percent >= 100:
            return tr("outside all of the data"), tr("outside the data")
        if percent < 50:
            return tr("common in the data"), tr("common")
        return (
            tr("rarer than {percent} % of the data", percent=percent),
            tr("rarer than {percent} %", percent=percent),
        )


def readable_step(size: float) -> float:
    """The number of 1, 2 or 5 times a power of ten that is nearest to size, by ratio."""
    size = max(size, 1e-9)
    power = 10.0 ** math.floor(math.log10(size))
    return min((power * k for k in (1.0, 2.0, 5.0, 10.0)), key=lambda step: abs(math.log(step / size)))


def number_text(value: float, *, signed: bool = False, decimals: int = 2) -> str:
    """A value as a person reads it: at most so many decimals, fewer where it is large; a true minus sign."""
    size = abs(value)
    if size >= 99_999.5:
        text = f"{size:.3g}"
    else:
        decimals = min(decimals, 2 if size < 99.995 else 1 if size < 999.95 else 0)
        text = f"{size:.{decimals}f}"
    if value < 0 and text.strip("0.") != "":
        return _MINUS + text
    return "+" + text if signed else text


def paint_face(painter: QPainter, box: QRectF, reading: Reading, theme: Theme, *, enabled: bool) -> None:
    """Draw track, band, changed arc, start dot and tick into a square box."""
    size = min(box.width(), box.height())
    centre = box.center()
    stroke = max(2.5, size * 0.055)
    radius = size / 2.0 - stroke
    ring = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
    pale = reading.is_dead or not enabled
    _arc(painter, ring, -_HALF_SWEEP, _HALF_SWEEP, theme.color("line" if pale else "track"), stroke)
    if reading.high > reading.low and not pale:
        inset = stroke * 1.55
        inner = ring.adjusted(inset, inset, -inset, -inset)
        _arc(
            painter, inner, _angle(reading, reading.low), _angle(reading, reading.high),
            theme.color("band"), max(1.5, stroke * 0.5),
        )  # fmt: skip
    if reading.is_locked:
        _paint_lock(painter, centre, radius, theme)
    if not enabled:
        return
    now, begun = _angle(reading, reading.value), _angle(reading, reading.start)
    if reading.is_changed:
        _paint_change(painter, ring, reading, theme, stroke)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("disabled" if pale else "text" if reading.is_changed else "secondary"))
    dot = max(1.7, stroke * 0.62)
    painter.drawEllipse(_point(centre, radius, begun), dot, dot)
    if reading.is_beyond:
        _paint_beyond(painter, centre, radius, now, stroke, theme)
        return
    colour = theme.color("disabled" if pale and not reading.is_changed else "text")
    painter.setPen(QPen(colour, max(2.0, stroke * 0.55), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    outer = radius + stroke * (0.55 if reading.is_changed else -0.4)
    painter.drawLine(_point(centre, radius - stroke * 2.6, now), _point(centre, outer, now))


def paint_label(
    painter: QPainter, box: QRectF, reading: Reading, theme: Theme, size_px: int, *, enabled: bool
) -> None:
    """Draw "z12 1.95" in the middle of a box: the name in semibold, the value beside it."""
    bold, plain = ui_font(size_px, QFont.Weight.DemiBold), ui_font(size_px)
    painter.setFont(plain)
    metrics = painter.fontMetrics()
    gap = 3.0
    painter.setFont(bold)
    room = box.width() - (metrics.horizontalAdvance("−0.0σ") + gap if reading.name else 0.0)
    name = painter.fontMetrics().elidedText(reading.label, Qt.TextElideMode.ElideRight, int(room))
    name_px = painter.fontMetrics().horizontalAdvance(name)
    painter.setFont(plain)
    value = ""
    for decimals in (2, 1, 0) if enabled else ():
        value = number_text(reading.value, decimals=decimals) + reading.unit
        if metrics.horizontalAdvance(value) + name_px + gap <= box.width():
            break
    value_px = metrics.horizontalAdvance(value)
    left = box.center().x() - (name_px + gap + value_px) / 2.0
    baseline = box.top() + (box.height() + metrics.ascent() - metrics.descent()) / 2.0
    pale = (reading.is_dead and not reading.is_changed) or not enabled
    if reading.is_unusual and enabled:
        colour = "unusual"
    elif reading.is_changed and enabled:
        colour = "text"
    else:
        colour = "disabled" if pale else "secondary"
    painter.setPen(theme.color(colour))
    painter.drawText(QPointF(left + name_px + gap, baseline), value)
    painter.setFont(bold)
    painter.setPen(theme.color("disabled" if pale else "text"))
    painter.drawText(QPointF(left, baseline), name)


def _angle(reading: Reading, value: float) -> float:
    """Degrees clockwise from the top; values beyond the range stay at its ends."""
    share = (value - reading.lowest) / reading.span
    return (min(max(share, 0.0), 1.0) * 2.0 - 1.0) * _HALF_SWEEP


def _point(centre: QPointF, radius: float, angle: float) -> QPointF:
    turn = math.radians(angle)
    return QPointF(centre.x() + radius * math.sin(turn), centre.y() - radius * math.cos(turn))


def _arc(painter: QPainter, ring: QRectF, begin: float, end: float, colour: QColor, width: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    # Qt counts sixteenths of a degree, counter-clockwise from three o'clock
    painter.drawArc(ring, round((90.0 - begin) * 16), round((begin - end) * 16))


def _paint_change(painter: QPainter, ring: QRectF, reading: Reading, theme: Theme, stroke: float) -> None:
    """The arc from the start to the value: accent, and amber where it leaves the data's band."""
    now, begun = _angle(reading, reading.value), _angle(reading, reading.start)
    _arc(painter, ring, begun, now, theme.color("accent"), stroke)
    if reading.is_unusual and reading.high > reading.low:
        if reading.value > reading.high:
            left = max(begun, _angle(reading, reading.high))
        else:
            left = min(begun, _angle(reading, reading.low))
        _arc(painter, ring, left, now, theme.color("unusual"), stroke)


def _paint_lock(painter: QPainter, centre: QPointF, radius: float, theme: Theme) -> None:
    """A padlock in the middle of the dial."""
    unit = max(3.0, radius * 0.17)
    painter.setPen(QPen(theme.color("secondary"), max(1.2, unit * 0.36)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    bow = QRectF(centre.x() - unit * 0.75, centre.y() - unit * 1.6, unit * 1.5, unit * 2.2)
    painter.drawArc(bow, 0, 180 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("secondary"))
    body = QRectF(centre.x() - unit * 1.25, centre.y() - unit * 0.5, unit * 2.5, unit * 1.9)
    painter.drawRoundedRect(body, unit * 0.3, unit * 0.3)


def _paint_beyond(
    painter: QPainter, centre: QPointF, radius: float, angle: float, stroke: float, theme: Theme
) -> None:
    """An arrowhead at the end of the track: the value goes on beyond it."""
    turn = math.radians(angle)
    along = math.copysign(1.0, angle)
    forward = QPointF(math.cos(turn) * along, math.sin(turn) * along)
    outward = QPointF(math.sin(turn), -math.cos(turn))
    tip, half = stroke * 2.4, stroke * 1.5
    base = _point(centre, radius, angle) - forward * (stroke * 0.4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("unusual"))
    painter.drawPolygon(QPolygonF([base + outward * half, base + forward * tip, base - outward * half]))
