"""Progress of long work: a tqdm bar in a terminal, otherwise a line every few seconds."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

INTERVAL = 10.0  # seconds; the heartbeat polls as often, so a gap is at most twice as long


class Progress:
    """A tqdm bar if standard error is a terminal, otherwise plain lines on standard output.

        with Progress(total=100, unit="step") as progress:
            progress.update(1, "loss 2.345")

    An update prints a line if the last one is at least `interval` seconds old; with `announce`, the
    first update always does. During a long step, a heartbeat thread prints the line. With `total`
    None (work that cannot be counted) there is never a bar. For tests, `clock` returns seconds, and
    `wait(seconds)` sleeps in the heartbeat thread and returns True to end it.
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
            disable=True if total is None else None,  # None: disabled unless in a terminal
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
        """Add `count` to the finished units; `status` is shown after the count, as "loss 2.345"."""
        with self._lock:
            self.done += count
            self.status = status
        self._bar.set_postfix_str(status, refresh=False)
        self._bar.update(count)
        self._print_line(self._interval)

    def count_merge(self, merge: Any) -> None:
        """Count a token that a byte-pair tokenizer has learned; its `on_merge`."""
        self.update(1, f"token {merge.token:,} of the tokenizer learned")

    def track(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items; each is counted when the next one is requested."""
        for item in items:
            yield item
            self.update()

    def print(self, line: str) -> None:
        """Print a line of output above the bar."""
        self._bar.write(line)

    def heartbeat(self) -> None:
        """Print a line if the last one is at least INTERVAL seconds old."""
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
        """Format a line such as "step 40 of 100 (2 min 5 s): loss 2.345"."""
        minutes, rest = divmod(round(seconds), 60)
        elapsed = f"{minutes} min {rest} s" if minutes else f"{rest} s"
        parts = [self._description, self.unit]
        if self.total is not None:
            parts.append(f"{self.done:,} of {self.total:,}")
        line = f"{' '.join(filter(None, parts))} ({elapsed})"
        return f"{line}: {self.status}" if self.status else line

    def _run_heartbeat(self) -> None:
        with contextlib.suppress(OSError):  # nobody reads: the work itself will find out
            while not self._wait(INTERVAL):
                self.heartbeat()
