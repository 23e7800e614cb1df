"""Deferred Ctrl-C: an interrupt takes effect between two steps, not inside one."""

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
    """`with DeferInterrupts() as interrupts:` an interrupt waits for `deliver`, or for the end.

    Nothing changes outside the main thread, which alone gets interrupts, nor where SIGINT has no
    Python handler.
    """

    def __enter__(self) -> "DeferInterrupts":
        self._pending: tuple[int, FrameType | None] | None = None
        self._handler: Any = None
        if threading.current_thread() is threading.main_thread():
            handler = getsignal(CTRL_C)
            if callable(handler):
                self._handler = handler
                signal(CTRL_C, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handler is not None:
            signal(CTRL_C, self._handler)
            self.deliver()

    def _on_signal(self, signal_number: int, frame: FrameType | None) -> None:
        self._pending = signal_number, frame

    def deliver(self) -> None:
        """Let an interrupt that has arrived take effect now."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._handler(*pending)
