"""`DeferInterrupts`: lets Ctrl-C take effect between two steps, not inside one."""

import threading
from signal import SIGINT
from types import FrameType
from typing import Any

try:  # the C functions behind `signal`: its enum conversions take ten times as long
    from _signal import getsignal, signal
except ImportError:
    from signal import getsignal, signal

CTRL_C = int(SIGINT)


class DeferInterrupts:
    """`with DeferInterrupts() as interrupts:` defers SIGINT to `deliver` or the end of the block.

    It does nothing outside the main thread, the only one that receives interrupts, or if SIGINT
    has no Python handler.
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
        """Run the handler of a deferred interrupt, if one has arrived."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._handler(*pending)
