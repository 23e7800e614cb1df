"""Background work that can be stopped, and that gives way when its cell runs again."""

import threading
import weakref
from collections.abc import Callable

STOP_TIMEOUT = 10.0  # seconds to wait for a stopped worker; each of its steps is milliseconds

# For each cell: its latest run, and the workers that this run has started.
_workers_by_cell: "dict[str, tuple[str, weakref.WeakSet[Worker]]]" = {}


class Worker:
    """One call of `work(stop)` on a thread of its own; `stop` is the event that ends it early.

    `cell` is a cell's id and one run of it: workers of earlier runs are stopped.
    """

    def __init__(self, work: Callable[[threading.Event], None], cell: tuple[str, str]):
        cell_id, run_id = cell
        latest_run, workers = _workers_by_cell.get(cell_id, ("", weakref.WeakSet()))
        if latest_run != run_id:
            for worker in list(workers):
                worker.stop()
            workers = weakref.WeakSet()
        workers.add(self)
        _workers_by_cell[cell_id] = run_id, workers
        self._stop = threading.Event()
        # A daemon: a kernel that is shut down does not wait for training to end.
        self.thread = threading.Thread(target=work, args=(self._stop,), daemon=True)

    def start(self) -> None:
        """Start the work."""
        self.thread.start()

    def stop(self) -> None:
        """End it after its present step, and wait until it has ended."""
        self._stop.set()
        if self.thread.is_alive() and threading.current_thread() is not self.thread:
            self.thread.join(STOP_TIMEOUT)

    def request_stop(self) -> None:
        """End it after its present step, without waiting: what a button does."""
        self._stop.set()

    def wait(self) -> None:
        """Wait for its end; an interrupt stops the work and ends the waiting."""
        try:
            while self.thread.is_alive():
                self.thread.join(0.1)
        except KeyboardInterrupt:
            self.stop()


class LatestOnlyQueue:
    """Runs jobs on a thread, one at a time; a waiting job is replaced by the next, never run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: Callable[[], None] | None = None
        self._is_running = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` as soon as the present one is done, unless another is submitted before."""
        with self._lock:
            self._job = job
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                job, self._job = self._job, None
                if job is None:
                    self._is_running = False
                    return
            job()
