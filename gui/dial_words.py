"""What a dial says of itself: its name, its description for screen readers, its tooltip."""

from core.translate import tr
from gui.dial_face import Reading, number_text


def name_text(reading: Reading, *, in_hand: bool) -> str:
    """The accessible name."""
    if in_hand:
        return tr("Dial in hand, {name}", name=reading.label)
    return tr("Dial {name}", name=reading.label)


def description_text(reading: Reading) -> str:
    """The reading in words, for screen readers."""
    words = [number_text(reading.value) + reading.unit]
    if reading.is_changed:
        words.append(tr("from {value}", value=number_text(reading.start)))
    if reading.is_unusual:
        words.append(reading.rarity_text())
    if reading.is_dead:
        words.append(tr("idle: it changes nothing in the picture"))
    if reading.is_locked:
        words.append(tr("locked"))
    return ", ".join(words)


def tip_text(reading: Reading) -> str:
    """What the dial shows and how it is turned."""
    first = f"{reading.label}  {number_text(reading.value)}{reading.unit}"
    if reading.is_changed:
        first = tr(
            "{reading}, from {start} ({delta})",
            reading=first,
            start=number_text(reading.start),
            delta=number_text(reading.value - reading.start, signed=True),
        )
    lines = [first]
    if reading.high > reading.low:
        low, high = number_text(reading.low), number_text(reading.high)
        lines.append(tr("{low} to {high} in 90 % of the data", low=low, high=high))
    if reading.rarity_text():
        lines[-1] += " · " + reading.rarity_text()
    if reading.is_dead:
        lines.append(tr("Idle: turning it changes nothing that can be seen."))
    if reading.facts:
        lines.append(reading.facts)
    if reading.is_locked:
        lines.append(tr("Locked: no hand turns it, and a random code leaves it where it is. L unlocks it."))
        return "\n".join(lines)
    lines.append(tr("Drag up or down to turn; Shift turns finely, Ctrl in round steps."))
    lines.append(tr("Wheel, arrow keys and Page Up/Down turn too; Home and End go to the edges of the data."))
    lines.append(tr("Type +20 or −3 to add, 1.5 or =−3 to set, *2 to multiply."))
    lines.append(tr("N or a lone − negates; Backspace or a double click resets; L locks."))
    lines.append(tr("Alt with an arrow key goes to the next dial; H, held, shows where it acts."))
    return "\n".join(lines)
