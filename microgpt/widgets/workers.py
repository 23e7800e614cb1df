"""Work beside the notebook: threads that end with their cell, and jobs and moves that wait."""

import threading
import weakref
from collections.abc import Callable
from typing import Any

STOP_TIMEOUT = 10.0  # seconds to wait for a worker to stop; its steps take milliseconds

# Cell id -> (id of its latest run, workers started by that run).
_workers_by_cell: "dict[str, tuple[str, weakref.WeakSet[Worker]]]" = {}


class Worker:
    """Call `work(stop)` once on a new thread; setting the event `stop` ends it early.

    `cell` is (cell id, run id); a new worker stops those of earlier runs of its cell.
    """

    def __init__(self, work: Callable[[threading.Event], None], cell: tuple[str, str]):
        stop_earlier_workers(cell).add(self)
        self._stop = threading.Event()
        # A daemon thread, so that shutting down the kernel does not wait for training to end.
        self.thread = threading.Thread(target=work, args=(self._stop,), daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """Stop after the current step, and wait until the thread has ended."""
        self._stop.set()
        if self.thread.is_alive() and threading.current_thread() is not self.thread:
            self.thread.join(STOP_TIMEOUT)

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop, and may not have ended yet."""
        return self._stop.is_set()

    def request_stop(self) -> None:
        """Stop after the current step, without waiting; for button callbacks."""
        self._stop.set()

    def wait(self) -> None:
        """Wait until the thread ends; a KeyboardInterrupt stops the work and the waiting."""
        try:
            while self.thread.is_alive():
                self.thread.join(0.1)
        except KeyboardInterrupt:
            self.stop()


def stop_earlier_workers(cell: tuple[str, str]) -> "weakref.WeakSet[Worker]":
    """Stop the workers of a cell's earlier runs; return those of this run, to add to."""
    cell_id, run_id = cell
    latest_run, workers = _workers_by_cell.get(cell_id, ("", weakref.WeakSet()))
    if latest_run != run_id:
        for worker in list(workers):
            worker.stop()
        workers = weakref.WeakSet()
        _workers_by_cell[cell_id] = run_id, workers
    return workers


class LatestOnlyQueue:
    """Run jobs on a thread, one at a time; a newly submitted job replaces the waiting one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: Callable[[], None] | None = None
        self._is_running = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` after the current one, unless another job replaces it before it starts."""
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


class WaitingMoves:
    """Changes of a state that controls ask for and that are not made yet: the latest of each."""

    def __init__(self) -> None:
        self._changes: dict[str, Callable[[Any], Any]] = {}
        self._lock = threading.Lock()  # never held while anything is computed

    def add(self, control: str, change: Callable[[Any], Any]) -> None:
        """Make `change` the one that this control waits for, to be made after all others."""
        with self._lock:
            self._changes.pop(control, None)
            self._changes[control] = change

    def take(self) -> list[Callable[[Any], Any]]:
        """Return the changes in the order of their moves; none waits after that."""
        with self._lock:
            changes, self._changes = self._changes, {}
        return list(changes.values())

    def __contains__(self, control: str) -> bool:
        return control in self._changes

    def __bool__(self) -> bool:
        return bool(self._changes)
