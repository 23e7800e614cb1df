"""Work that runs beside the notebook, can be stopped, and gives way when its cell runs again."""

import threading
import weakref
from collections.abc import Callable, Hashable

STOP_WITHIN = 10.0  # seconds to wait for a stopped worker; each of its steps is milliseconds

_running: "weakref.WeakValueDictionary[Hashable, Worker]" = weakref.WeakValueDictionary()


class Worker:
    """One call of `work(stop)` on a thread of its own; `stop` is the event that ends it early."""

    def __init__(self, work: Callable[[threading.Event], None], key: Hashable):
        before = _running.get(key)
        if before is not None:
            before.stop()
        self._stop = threading.Event()
        self._work = work
        # Not a daemon: an interpreter that ends waits for it, and it is told to stop.
        self.thread = threading.Thread(target=work, args=(self._stop,), daemon=True)
        _running[key] = self

    def start(self) -> None:
        """Let the work begin."""
        self.thread.start()

    def stop(self) -> None:
        """End it after its present step, and wait until it has ended."""
        self._stop.set()
        if self.thread.is_alive() and threading.current_thread() is not self.thread:
            self.thread.join(STOP_WITHIN)

    def tell_to_stop(self) -> None:
        """End it after its present step, without waiting: what a button does."""
        self._stop.set()

    def wait(self) -> None:
        """Wait for its end; an interrupt stops the work and ends the waiting."""
        try:
            while self.thread.is_alive():
                self.thread.join(0.1)
        except KeyboardInterrupt:
            self.stop()
