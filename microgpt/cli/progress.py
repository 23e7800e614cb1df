"""Progress of long work: a bar on a terminal, elsewhere a line every now and then."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

INTERVAL = 10.0  # seconds between lines; the heartbeat is at most as late again


class Progress:
    """A tqdm bar where standard error is a terminal, else plain lines on standard output.

        with Progress(total=100, unit="step") as progress:
            progress.update(1, "loss 2.345")

    An update prints a line if the last one is `interval` seconds old (with `announce` the first
    update does); while a step takes long, a thread prints one. Work that cannot be counted has no
    `total`, and lines alone. `clock` gives seconds; `wait(seconds)` sleeps in that thread, and is
    true once it has to end.
    """

    def __init__(
        self,
        total: int | None,
        unit: str = "",
        *,
        initial: int = 0,
        description: str = "",
        interval: float = INTERVAL,
        announce: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ):
        from tqdm import tqdm

        self._bar: Any = tqdm(
            total=total,
            unit=unit,
            initial=initial,
            desc=description or None,
            disable=True if total is None else None,  # None: where it is no terminal
        )
        self.total, self.done, self.unit, self.status = total, initial, unit, ""
        self._description, self._interval, self._clock = description, interval, clock
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._wait = self._stop.wait if wait is None else wait
        self._started = clock()
        self._last_line = self._started - (interval if announce else 0)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._bar.disable:
            self._thread = threading.Thread(target=self._run_heartbeat, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._bar.close()

    def update(self, count: int = 1, status: str = "") -> None:
        """Count so many as done; `status` says what is under way, or how it goes."""
        with self._lock:
            self.done += count
            self.status = status
        self._bar.set_postfix_str(status, refresh=False)
        self._bar.update(count)
        self._print_line(self._interval)

    def track(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, each counted as done when the next is asked for."""
        for item in items:
            yield item
            self.update()

    def print(self, line: str) -> None:
        """A line of output that leaves the bar whole."""
        self._bar.write(line)

    def heartbeat(self) -> None:
        """Print a line, if the last one is INTERVAL seconds old."""
        self._print_line(INTERVAL)

    def _print_line(self, interval: float) -> None:
        if not self._bar.disable:
            return
        with self._lock:
            now = self._clock()
            if now - self._last_line < interval:
                return
            self._last_line = now
            print(self._line(now - self._started), flush=True)

    def _line(self, seconds: float) -> str:
        """Such as "step 40 of 100 (2 min 5 s): loss 2.345"."""
        minutes, rest = divmod(round(seconds), 60)
        elapsed = f"{minutes} min {rest} s" if minutes else f"{rest} s"
        parts = [self._description, self.unit]
        if self.total is not None:
            parts.append(f"{self.done:,} of {self.total:,}")
        line = f"{' '.join(filter(None, parts))} ({elapsed})"
        return f"{line}: {self.status}" if self.status else line

    def _run_heartbeat(self) -> None:
        while not self._wait(INTERVAL):
            self.heartbeat()
