"""Interrupts wait until they do no harm, and then come once."""

import signal
import threading

import pytest

from microgpt.training.interrupts import DeferInterrupts


@pytest.fixture
def handled(monkeypatch):
    """The interrupts that arrive at a handler of the caller's own."""
    arrived = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: arrived.append(number))
    yield arrived
    signal.signal(signal.SIGINT, previous)


@pytest.mark.parametrize("delivers", [0, 1, 2])
def test_an_interrupt_comes_once(handled, delivers):
    handler = signal.getsignal(signal.SIGINT)
    with DeferInterrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert handled == []
        for _ in range(delivers):
            interrupts.deliver()
        assert handled == [signal.SIGINT] * min(1, delivers)
    assert handled == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is handler


def test_other_threads_are_left_alone(handled):
    def work():
        with DeferInterrupts() as interrupts:
            interrupts.deliver()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handled == []
