"""Run a learner's code with a time limit, on every system, without restarting the kernel.

The code runs in its own thread. The main limit is on that thread's CPU time, if the system reports
it, so that a correct answer is not stopped because the machine is busy or a model is training. A
second limit is on wall-clock time. If either is exceeded, an exception is injected into the thread
repeatedly until it ends. That stops `while True: pass`, and a loop that catches `Exception`. Code
that blocks in a C call, or catches every exception, is abandoned as a daemon thread.
"""

import contextvars
import ctypes
import threading
import time
from collections.abc import Callable

from microgpt.backends.locking import hold_over_fork
from microgpt.learn.mute_output import mute, unmute

CPU_LIMIT = 3.0  # seconds
WALL_LIMIT = 15.0
SLOW_AFTER = 0.3  # seconds after which a caller may say that the call is running
STOP_GRACE = 1.0  # seconds for a thread to end after the first injected exception
STACK_BYTES = 32 << 20  # the 512 kB of macOS threads are too little for deep recursion

_stack_size_lock = threading.RLock()
hold_over_fork(_stack_size_lock)


class TimeLimitExceeded(BaseException):
    """Injected into a thread that exceeded its time limit."""


class TimeLimitedCall:
    """A function call in a muted thread, with limits on its CPU and wall-clock seconds.

    `run()` returns "done", "stopped" or "abandoned" (it could not be stopped and still runs). A
    function that returns after the limit counts as stopped. An interrupt of the caller stops the
    thread and is raised in the caller. `error` is the exception that the function raised, if any.
    `on_slow()` is called once, in the caller's thread, if the function has not ended within
    SLOW_AFTER seconds.
    """

    def __init__(
        self,
        function: Callable[[], None],
        cpu_limit: float,
        wall_limit: float,
        on_slow: Callable[[], None] = lambda: None,
    ):
        self.function, self.cpu_limit, self.wall_limit = function, cpu_limit, wall_limit
        self.on_slow = on_slow
        self.error: BaseException | None = None
        self.timed_out = False
        self._injection_lock, self._no_more_injections = threading.Lock(), False
        self._ended = threading.Event()
        self._cpu_clock: int | None = None
        self._start = time.monotonic()

    def run(self) -> str:
        """Start the thread, wait until it ends or exceeds a limit, and return its status."""
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._run_in_thread,), daemon=True)
        self._start = time.monotonic()
        with _stack_size_lock:  # the stack size is global to the process
            previous = threading.stack_size(STACK_BYTES)
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
        return "stopped" if self.timed_out or isinstance(self.error, TimeLimitExceeded) else "done"

    def _wait(self) -> None:
        if self._ended.wait(SLOW_AFTER):
            return
        self.on_slow()
        # Wait in short intervals: on Windows, Ctrl-C does not interrupt one long wait.
        while not self._ended.wait(0.02) and self._cpu_seconds() < self.cpu_limit:
            if time.monotonic() - self._start > self.wall_limit:
                return

    def _cpu_seconds(self) -> float:
        """Return the thread's CPU time so far; wall-clock time if the system does not report it."""
        if self._cpu_clock is not None:
            try:
                return time.clock_gettime(self._cpu_clock)
            except OSError:  # the thread has just ended
                return 0.0
        return time.monotonic() - self._start

    def _stop(self, thread: threading.Thread) -> bool:
        """Inject exceptions until the thread ends; return False if it does not end in time."""
        self.timed_out = True
        deadline = time.monotonic() + STOP_GRACE
        while not self._ended.is_set() and time.monotonic() < deadline:
            with self._injection_lock:
                if not self._no_more_injections:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeLimitExceeded)
                    )
            self._ended.wait(0.01)
        return self._ended.is_set()

    def _run_in_thread(self) -> None:
        try:
            if hasattr(time, "pthread_getcpuclockid"):  # not on macOS and Windows
                self._cpu_clock = time.pthread_getcpuclockid(threading.get_ident())
            # One that lands in a finalizer is dropped there; the next one stops the function.
            mute(threading.get_ident(), unreported=(TimeLimitExceeded,))
            self.function()
        except BaseException as error:
            self.error = error
        while True:  # a pending injected exception is raised here, at the latest
            try:
                with self._injection_lock:
                    self._no_more_injections = True
                unmute(threading.get_ident())
                self._ended.set()
                return
            except TimeLimitExceeded:
                continue
