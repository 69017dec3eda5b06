"""Signals that end the program: SIGTERM does what Ctrl+C does, and one wish that comes twice is one."""

import signal

import pytest

from core import interrupts
from core.interrupts import SIGNALS, termination_interrupts


@pytest.mark.parametrize("number", SIGNALS)
def test_either_signal_interrupts_inside_the_block_and_is_what_it_was_after(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(KeyboardInterrupt), termination_interrupts():
        signal.raise_signal(number)
    assert [signal.getsignal(each) for each in SIGNALS] == before


def interrupted(first: signal.Signals, second: signal.Signals, saved: list[bool]) -> None:
    """Interrupted once, and again before what must be saved is."""
    with termination_interrupts():
        try:
            signal.raise_signal(first)
        finally:
            signal.raise_signal(second)
            saved.append(True)


@pytest.mark.parametrize("second", SIGNALS)
def test_what_a_terminal_and_torchrun_both_pass_on_does_not_break_off_the_saving(
    second: signal.Signals,
) -> None:
    saved: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(signal.SIGINT, second, saved)
    assert saved


def test_a_second_wish_later_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "REPEATED_S", -1.0)
    saved: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(signal.SIGINT, signal.SIGINT, saved)
    assert not saved


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with termination_interrupts():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
