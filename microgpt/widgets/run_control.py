"""`RunControl`: makes a training run on a thread that can be paused, stopped and stepped."""

import threading
import time
from collections import deque
from collections.abc import Callable

from microgpt.backends import LOCK
from microgpt.errors import MicrogptError
from microgpt.runs import TrainingRun
from microgpt.widgets.workers import Worker

REDRAW_SECONDS = 0.1
MEASURED_STEPS = 10  # after the first since Start, which may compile
MEASURED_PICTURES = 50  # at least five seconds: those before them count no more
YIELD_SECONDS = 1e-4  # slept between steps, so that callbacks of panels get the lock


class RunControl:
    """Start, pause, step and stop a `TrainingRun`; `on_change()` follows at most every 0.1 s.

    `status` is "ready", "running", "paused", "stopped", "finished" or "failed"; a run that was
    stopped or has failed (`error` says why) does not go on. Without a `cell` the run is made in the
    foreground. `on_error(error)` gets what nobody expected. `seconds_per_step` is measured from the
    run's latest steps, pictures included; None before `MEASURED_STEPS` of them.
    """

    def __init__(
        self,
        run: TrainingRun,
        on_change: Callable[[], None],
        on_error: Callable[[Exception], None],
        cell: tuple[str, str] | None,
    ):
        self.run, self.on_change, self.on_error, self.cell = run, on_change, on_error, cell
        self.status, self.error = "ready", ""
        self.seconds_per_step: float | None = None
        self._status_when_stopped = "paused"
        self._worker: Worker | None = None

    @property
    def can_go_on(self) -> bool:
        """Whether `start` and `step` would do anything."""
        return self.status in ("ready", "paused")

    @property
    def is_over(self) -> bool:
        """Whether the run neither goes on nor ever will."""
        return self.status in ("stopped", "finished", "failed")

    def start(self) -> None:
        """Start the run or go on with it: on a thread in a live notebook, else before returning."""
        self._end_thread()
        with LOCK:
            if not self.can_go_on:
                return
            self.status, self._status_when_stopped = "running", "paused"
        if self.cell is None:
            self._work(threading.Event())
            return
        self._worker = Worker(self._work, self.cell)
        self._worker.start()

    def pause(self) -> None:
        """Pause after the current step."""
        self._request_stop("paused")

    def stop(self) -> None:
        """Stop after the current step, for good; what was recorded stays."""
        self._request_stop("stopped")

    def step(self) -> None:
        """Make exactly one step, and stay paused."""
        self._end_thread()
        with LOCK:
            if not self.can_go_on:
                return
            self.status = "paused"
            self._guard(self.run.advance)
        self.on_change()

    def wait(self) -> None:
        """Wait until the thread ends; a KeyboardInterrupt pauses the run."""
        if self._worker is not None:
            self._worker.wait()

    def _request_stop(self, status: str) -> None:
        with LOCK:
            if self.status == "running":
                self._status_when_stopped = status
                if self._worker is not None:
                    self._worker.request_stop()
            elif self.can_go_on:
                self.status = status
        self.on_change()

    def _end_thread(self) -> None:
        """Wait for a thread that was asked to end, and is making its last step."""
        if self._worker is not None and self._worker.is_stopping:
            self._worker.stop()

    def _work(self, stop: threading.Event) -> None:
        """Make steps on the worker's thread: never raise."""
        self._guard(lambda: self._advance_until(stop))
        with LOCK:
            if self.status == "running":
                self.status = self._status_when_stopped
        self.on_change()

    def _advance_until(self, stop: threading.Event) -> None:
        drawn_at, made = float("-inf"), 0
        measured: deque[tuple[float, int]] = deque(maxlen=MEASURED_PICTURES)
        while not stop.is_set() and not self.run.is_finished:
            self.run.advance()
            time.sleep(YIELD_SECONDS)
            made += 1
            if time.monotonic() - drawn_at > REDRAW_SECONDS:
                drawn_at = time.monotonic()
                measured.append((drawn_at, made))
                since, before = measured[0]
                if made - before >= MEASURED_STEPS:
                    self.seconds_per_step = (drawn_at - since) / (made - before)
                self.on_change()
                drawn_at = time.monotonic()

    def _guard(self, work: Callable[[], None]) -> None:
        """Do some work on the run; note how it ended in the status."""
        try:
            work()
        except MicrogptError as error:  # such as a loss that is NaN
            self.status, self.error = "failed", str(error)
        except KeyboardInterrupt:
            self.status = "paused"
        except Exception as error:
            self.status, self.error = "failed", f"{type(error).__name__}: {error}"
            self.on_error(error)
        else:
            if self.run.is_finished:
                self.status = "finished"
