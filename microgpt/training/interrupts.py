"""Ctrl-C between two steps, not inside one: an update is made whole or not at all."""

import threading
from signal import SIGINT
from types import FrameType
from typing import Any

try:  # what `signal` itself calls, without its enumerations, which take ten times as long
    from _signal import getsignal, signal
except ImportError:
    from signal import getsignal, signal

CTRL_C = int(SIGINT)


class DeferInterrupts:
    """`with Waiting() as interrupts:` an interrupt in here waits for `hear`, or for the end.

    Outside the main thread, which alone gets interrupts, and where another program listens to them
    in its own way, nothing changes.
    """

    def __enter__(self) -> "Waiting":
        self._arrived: tuple[int, FrameType | None] | None = None
        self._previous: Any = None
        if threading.current_thread() is threading.main_thread():
            previous = getsignal(CTRL_C)
            if callable(previous):
                self._previous = previous
                signal(CTRL_C, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal(CTRL_C, self._previous)
            self.hear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._arrived = number, frame

    def hear(self) -> None:
        """Let an interrupt that has arrived take effect now."""
        if self._arrived is not None:
            arrived, self._arrived = self._arrived, None
            self._previous(*arrived)
