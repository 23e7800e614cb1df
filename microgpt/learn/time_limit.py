"""Running a learner's code with a time limit, on every system, without losing the kernel.

The code runs in a thread of its own. The limit is of its own work, where a system can tell that:
on a busy machine, or beside a model that trains, a right answer gets its time. Waiting has a limit
too, the ceiling. When one is over, an exception is injected into that
thread, again and again, until it ends: `while True: pass` ends at once, and a loop that catches
`Exception` too. Code that waits inside a C call, or catches everything, is left behind as a daemon.
"""

import contextvars
import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

CPU_LIMIT = 3.0  # seconds of work
WALL_LIMIT = 15.0  # seconds by the clock on the wall
STOP_GRACE = 1.0
STACK = 32 << 20  # macOS gives threads 512 kB: too little for deep recursion


class TimeLimitExceeded(BaseException):
    """Injected into a thread that ran too long."""


class TimeLimitedCall:
    """Work in a thread: `run()` says how it ended, "done", "stopped" or "abandoned".

    Work that returns after the limit counts as stopped. An interrupt of the caller stops the work
    and goes on to the caller. `limit` counts the thread's own work, `ceiling` everything.
    """

    def __init__(self, work: Callable[[], None], limit: float, ceiling: float):
        self.work, self.limit, self.ceiling = work, limit, ceiling
        self.error: BaseException | None = None
        self.late = False
        self._gate, self._finished = threading.Lock(), False
        self._ended = threading.Event()
        self._clock: int | None = None
        self._start = time.monotonic()

    def run(self) -> str:
        """Start the work, wait for its end or the limit."""
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._body,), daemon=True)
        self._start = time.monotonic()
        with _stack_size:  # the size is that of all threads to come: nobody else's in between
            previous = threading.stack_size(STACK)
            try:
                thread.start()
            finally:
                threading.stack_size(previous)
        try:
            self._wait()
        except BaseException:
            self._stop(thread)
            raise
        if not self._ended.is_set() and not self._stop(thread):
            return "abandoned"
        return "stopped" if self.late or isinstance(self.error, TimeLimitExceeded) else "done"

    def _wait(self) -> None:
        # In short turns: on Windows one long wait would not notice Ctrl-C.
        while not self._ended.wait(0.02) and self._worked() < self.limit:
            if time.monotonic() - self._start > self.ceiling:
                return

    def _worked(self) -> float:
        """Seconds that the thread's work took so far; of the clock, where no other is known."""
        if self._clock is not None:
            try:
                return time.clock_gettime(self._clock)
            except OSError:  # it has just ended
                return 0.0
        return time.monotonic() - self._start

    def _stop(self, thread: threading.Thread) -> bool:
        """Inject until the thread ends; False if it does not."""
        self.late = True
        deadline = time.monotonic() + STOP_GRACE
        while not self._ended.is_set() and time.monotonic() < deadline:
            with self._gate:
                if not self._finished:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeLimitExceeded)
                    )
            self._ended.wait(0.01)
        return self._ended.is_set()

    def _body(self) -> None:
        try:
            if hasattr(time, "pthread_getcpuclockid"):  # not on macOS and Windows
                self._clock = time.pthread_getcpuclockid(threading.get_ident())
            _silence(threading.get_ident())
            self.work()
        except BaseException as error:
            self.error = error
        while True:  # an injection that is still on its way arrives here, and only here
            try:
                with self._gate:
                    self._finished = True
                _release(threading.get_ident())
                self._ended.set()
                return
            except TimeLimitExceeded:
                continue


class _Screen:
    """A stream that drops what silenced threads write and passes the rest on."""

    def __init__(self, stream: Any):
        self.stream = stream

    def write(self, text: Any) -> int:
        return len(text) if threading.get_ident() in _silent else self.stream.write(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> "_Screen":
        return _Screen(self.stream.buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


_silent: set[int] = set()
_screens = threading.Lock()
_stack_size = threading.Lock()


def _silence(thread: int) -> None:
    """What this thread prints is dropped from now on; other threads print on."""
    with _screens:
        for name in ("stdout", "stderr"):
            if not isinstance(getattr(sys, name), _Screen):
                setattr(sys, name, _Screen(getattr(sys, name)))
        _silent.add(thread)


def _release(thread: int) -> None:
    """A thread of that number may print again; the streams come back once nobody is silent."""
    with _screens:
        _silent.discard(thread)
        for name in ("stdout", "stderr"):
            screen = getattr(sys, name)
            if not _silent and isinstance(screen, _Screen):
                setattr(sys, name, screen.stream)
