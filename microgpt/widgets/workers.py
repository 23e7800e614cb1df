"""Work that runs beside the notebook, can be stopped, and gives way when its cell runs again."""

import threading
import weakref
from collections.abc import Callable

STOP_WITHIN = 10.0  # seconds to wait for a stopped worker; each of its steps is milliseconds

# For each cell: its latest run, and the workers that this run has started.
_running: "dict[str, tuple[str, weakref.WeakSet[Worker]]]" = {}


class Worker:
    """One call of `work(stop)` on a thread of its own; `stop` is the event that ends it early.

    `cell` is a cell and one run of it: workers of earlier runs are stopped.
    """

    def __init__(self, work: Callable[[threading.Event], None], cell: tuple[str, str]):
        name, run = cell
        latest, workers = _running.get(name, ("", weakref.WeakSet()))
        if latest != run:
            for worker in list(workers):
                worker.stop()
            workers = weakref.WeakSet()
        workers.add(self)
        _running[name] = run, workers
        self._stop = threading.Event()
        # A daemon: a kernel that is shut down does not wait for training to end.
        self.thread = threading.Thread(target=work, args=(self._stop,), daemon=True)

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


class Latest:
    """Runs the latest of the jobs it is given on a thread; what was overtaken never runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: Callable[[], None] | None = None
        self._busy = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` as soon as the present one is done, unless another one comes before."""
        with self._lock:
            self._job = job
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                job, self._job = self._job, None
                if job is None:
                    self._busy = False
                    return
            job()
